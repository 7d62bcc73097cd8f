//! How somebody repeats by hand what a check did: lines for a shell, with `curl` as the browser.

use crate::trial::{Scene, Sent};

/// The longest block of lines that may become a loop.
const LONGEST_BLOCK: usize = 3;
/// How often a block has to repeat to become a loop.
const OFTEN: usize = 3;

/// A step that no shell can do, because a demo's sessions end with the demo.
pub const RESTART: &str = "# here the check restarts the app on the same store; a demo's store ends with the demo";
/// What the check lets overlap at a chosen moment: by hand that is luck.
pub const OVERLAP: &str = "# at the same time";
/// What happens in the middle of the next request.
pub const ENDS: &str = "# the instance ends meanwhile";
/// Another such step: the jar whose name follows gets the ID of this session.
pub const PLANT: &str = "# here the check writes a session with {\"planted\":true} into the store; its ID goes into ";

/// All lines for the last scene and what it needs; `plain` replaces what is specific to this run.
pub(crate) fn of(sent: &[Sent], plain: impl Fn(&str) -> String) -> Vec<String> {
    let lines = with_origins(needed(sent).flat_map(|sent| sent.curl.lines()).map(str::to_owned).collect());
    let lines: Vec<_> = lines.iter().map(|line| plain(line)).collect();
    let jars = jars(&lines);
    let fresh = (!jars.is_empty()).then(|| format!("rm -f {}", jars.join(" ")));
    fresh.into_iter().chain(in_short(&in_ranges(lines))).collect()
}

/// What the last scene needs: nothing from before the last new beginning, and no other scene that stands apart.
fn needed<'s>(sent: &'s [Sent]) -> impl Iterator<Item = &'s Sent> {
    let begins = |scene: Scene| move |sent: &Sent| sent.begins == Some(scene);
    let sent = sent.rsplit(begins(Scene::Anew)).find(|steps| !steps.is_empty()).unwrap_or_default();
    let scenes: Vec<&[Sent]> = sent.chunk_by(|_, next| next.begins.is_none()).collect();
    let is_apart = |scene: &[Sent]| scene.first().is_some_and(begins(Scene::Apart));
    let needed = |(at, scene): (usize, &&'s [Sent])| {
        let next_is_apart = scenes.get(at + 1).is_some_and(|next| is_apart(next));
        (!is_apart(scene) || !next_is_apart).then_some(*scene)
    };
    let needed: Vec<&'s [Sent]> = scenes.iter().enumerate().filter_map(needed).collect();
    needed.into_iter().flatten()
}

/// If one form sends its origin, the site's own forms have to send theirs, too: without a port, as the check's browser
/// does, so that an answer may have its origin as a constant.
fn with_origins(lines: Vec<String>) -> Vec<String> {
    if !lines.iter().any(|line| line.contains("-H 'Sec-Fetch-Site: cross-site'") || line.contains("-H 'Origin:")) {
        return lines;
    }
    let is_form = |line: &str| line.starts_with("curl -i") && line.contains(" -d ");
    let with_origin = |line: String| {
        let says = match line.contains("-H 'Sec-Fetch") {
            false => " -H 'Host: localhost' -H 'Origin: http://localhost' -d ",
            // The address of another site's page may name the host: that of this request.
            true if line.contains("-H 'referer: ") => " -H 'Host: localhost' -d ",
            true => " -d ",
        };
        if is_form(&line) { line.replacen(" -d ", says, 1) } else { line }
    };
    lines.into_iter().map(with_origin).collect()
}

/// The cookie jars in these lines, whose files may be left from an earlier time.
fn jars(lines: &[String]) -> Vec<&str> {
    let mut jars: Vec<_> =
        lines.iter().flat_map(|line| line.split(' ')).filter(|word| word.ends_with(".jar")).collect();
    jars.sort_unstable();
    jars.dedup();
    jars
}

/// Lines that differ only in a number of two digits in the address, which counts up, as one with curl's own `[00-49]`.
fn in_ranges(lines: Vec<String>) -> Vec<String> {
    let mut short: Vec<String> = Vec::new();
    let mut rest = lines.as_slice();
    while let Some(first) = rest.first() {
        let counted = counted(rest).filter(|(_, long)| *long >= OFTEN);
        match counted {
            Some((Counting { before, from, after }, long)) => {
                short.push(format!("{before}[{from:02}-{:02}]{after}", from + long - 1));
            }
            None => short.push(first.clone()),
        }
        rest = &rest[counted.map_or(1, |(_, long)| long)..];
    }
    short
}

/// A number of two digits, and the text around it.
#[derive(Clone, Copy)]
struct Counting<'l> {
    before: &'l str,
    from: usize,
    after: &'l str,
}

/// The number that counts up from the first line to the next, and how many lines count on.
fn counted(lines: &[String]) -> Option<(Counting<'_>, usize)> {
    let [first, second, ..] = lines else { return None };
    let differs = first.bytes().zip(second.bytes()).position(|(one, other)| one != other)?;
    let number = |at: usize| {
        let (before, rest) = first.split_at_checked(at)?;
        let (digits, after) = rest.split_at_checked(2)?;
        let from = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())??;
        Some(Counting { before, from, after })
    };
    let line =
        |counting: Counting, place: usize| format!("{}{:02}{}", counting.before, counting.from + place, counting.after);
    // Either digit may be the one that differs.
    let mut places = [Some(differs), differs.checked_sub(1)].into_iter().flatten().filter_map(number);
    // The address is the last word.
    let counting = places.find(|counting| !counting.after.contains(' ') && *second == line(*counting, 1))?;
    let follows = |(place, next): &(usize, &String)| **next == line(counting, *place);
    Some((counting, lines.iter().enumerate().take_while(follows).count()))
}

/// Writes a block of lines that repeats several times in a row as a loop.
fn in_short(lines: &[String]) -> Vec<String> {
    let mut short = Vec::new();
    let mut rest = lines;
    while !rest.is_empty() {
        let (long, times) = repeated(rest);
        let (block, after) = (&rest[..long], &rest[long * times..]);
        if times > 1 {
            short.push(format!("for _ in $(seq {times}); do"));
            short.extend(block.iter().map(|line| format!("  {line}")));
            short.push("done".to_owned());
        } else {
            short.extend_from_slice(block);
        }
        rest = after;
    }
    short
}

/// The length of the block at the beginning that repeats, and how often; `(1, 1)` if there is none.
fn repeated(lines: &[String]) -> (usize, usize) {
    let times = |long: usize| lines.chunks(long).take_while(|block| *block == &lines[..long]).count();
    let blocks = (1..=LONGEST_BLOCK.min(lines.len())).map(|long| (long, times(long)));
    blocks.into_iter().find(|(_, times)| *times >= OFTEN).unwrap_or((1, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn what_is_done_often_is_written_once() {
        let all = lines(&["in", "skip", "get", "skip", "get", "skip", "get", "out", "out"]);
        let short = ["in", "for _ in $(seq 3); do", "  skip", "  get", "done", "out", "out"];
        assert_eq!(in_short(&all), short);
    }

    #[test]
    fn addresses_that_count_up_are_a_range() {
        let all = lines(&["get '/item08'", "get '/item09'", "get '/item10'", "get '/item12'", "-d x=11"]);
        assert_eq!(in_ranges(all), ["get '/item[08-10]'", "get '/item12'", "-d x=11"]);
        let at_the_front = lines(&["get '/09x'", "get '/10x'", "get '/11x'"]);
        assert_eq!(in_ranges(at_the_front), ["get '/[09-11]x'"]);
        let in_a_form = lines(&["-d 'item=09' '/buy'", "-d 'item=10' '/buy'", "-d 'item=11' '/buy'"]);
        assert_eq!(in_ranges(in_a_form.clone()), in_a_form, "curl reads a range only in an address");
    }

    #[test]
    fn a_recipe_begins_with_fresh_jars_and_at_the_last_scene_that_stands_alone() {
        let line = |curl: &str| Sent { curl: curl.to_owned(), ..Sent::default() };
        let scene = |begins| Sent { begins: Some(begins), ..Sent::default() };
        let story = [line("a"), scene(Scene::Anew), line("cp b.jar c.jar"), scene(Scene::GoesOn), line("d")];
        assert_eq!(of(&story, str::to_owned), ["rm -f b.jar c.jar", "cp b.jar c.jar", "d"]);
        let apart = [line("a"), scene(Scene::Apart), line("b"), scene(Scene::Apart), line("c")];
        assert_eq!(of(&apart, str::to_owned), ["a", "c"]);
        let between = [scene(Scene::GoesOn), line("d"), scene(Scene::Apart), line("e"), scene(Scene::Apart), line("f")];
        let story = [&apart[..], &between].concat();
        assert_eq!(
            of(&story, str::to_owned),
            ["a", "c", "d", "f"],
            "what goes on is needed by all that comes after it"
        );
    }
}
