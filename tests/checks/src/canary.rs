//! A piece of text that becomes markup wherever it is pasted without escaping, and so shows that it was.

use crate::{
    Failure, Step,
    browser::{encode, in_path},
    page,
};

/// How it is shown to a person.
pub(crate) const TOLD: &str = "<…>";

/// The fewest bytes by which it is recognized if the rest is cut off.
const SHORTEST: usize = 8;

/// A part of every name and word that an app gets.
#[derive(Clone, Debug)]
pub(crate) struct Canary {
    /// A word that no page has by itself.
    word: String,
    /// The check that fails if it becomes markup.
    pub(crate) check: &'static str,
}

impl Canary {
    pub(crate) fn new(word: &str, check: &'static str) -> Self {
        Self { word: word.to_owned(), check }
    }

    /// Closes whatever is around it, opens an element, and contains a reference that must not be resolved.
    pub(crate) fn text(&self) -> String {
        let Self { word, .. } = self;
        format!("\"' {word}=1--></title></textarea></script><{word}>&amp;{word};")
    }

    /// The part of a page in which it is markup.
    pub(crate) fn excerpt(&self, html: &str) -> String {
        let Self { word, .. } = self;
        let at = html.find(&format!("<{word}>")).or_else(|| html.find(word)).unwrap_or_default();
        let from = html[..at].char_indices().rev().nth(60).map_or(0, |(place, _)| place);
        let part: String = html[from..].chars().take(60 + self.text().len()).collect();
        page::folded(&part)
    }

    /// A failure for a person to read: with [`TOLD`] in its place, and without it in the lines to repeat by hand.
    pub(crate) fn told(&self, failure: Failure) -> Failure {
        let spelt = self.spelt();
        let told = |text: &str| spelt.iter().fold(text.to_owned(), |text, spelt| text.replace(spelt, TOLD));
        let by_hand = |line: &String| told(line).replace(TOLD, "");
        let step = |step: Step| Step { path: told(&step.path), ..step };
        let source = "# put these characters into a name or a word, and look at the source of the page".to_owned();
        Failure {
            steps: failure.steps.into_iter().map(step).collect(),
            again: failure.again.iter().map(by_hand).chain([source]).collect(),
            actual: told(&failure.actual),
            session: told(&failure.session),
            ..failure
        }
    }

    /// All ways to write it: in an address, in a form, in JSON, as it is, and cut off at the end of a shortened text.
    fn spelt(&self) -> Vec<String> {
        let text = self.text();
        let whole = [in_path(&text), encode(&[("", &text)])[1..].to_owned(), text.replace('"', "\\\""), text];
        let cut = whole.iter().flat_map(|whole| {
            let ends = whole.char_indices().map(|(end, _)| end).filter(|end| *end >= SHORTEST);
            ends.rev().map(|end| format!("{}…", &whole[..end]))
        });
        let cut: Vec<_> = cut.collect();
        whole.into_iter().chain(cut).collect()
    }

    /// What happened to it in this page, if it is no longer text.
    pub(crate) fn hatched(&self, html: &str) -> Option<&'static str> {
        let Self { word, .. } = self;
        if !html.contains(word) {
            None
        } else if page::has_element(html, word) {
            Some("the text became a tag of the page: its `<` and `>` were not escaped")
        } else if page::has_attribute(html, word) {
            Some(
                "the text became an attribute: its quotation marks were not escaped, or the attribute's value has none around it",
            )
        } else if page::programs(html).iter().any(|program| ends_the_string(program, &format!("\"' {word}="))) {
            Some(
                "the text is in a script of the page, and its quotation marks end the string there: escaping for HTML is not enough in a script",
            )
        } else if page::text(html).contains(&format!("&{word};")) {
            Some("`&amp;` in the text became `&` on the page: the `&` was not escaped")
        } else {
            None
        }
    }
}

/// Whether this text of a script is not wholly inside one string.
fn ends_the_string(program: &str, text: &str) -> bool {
    let is_in_one = |at: usize| string_around(&program[..at + text.len()]).is_some_and(|begins| begins < at);
    program.match_indices(text).any(|(at, _)| !is_in_one(at))
}

/// Where the string begins that is still open at the end of this script, if there is one.
fn string_around(script: &str) -> Option<usize> {
    let mut open: Option<(usize, char)> = None;
    let mut rest = script.char_indices();
    while let Some((at, next)) = rest.next() {
        let comment = |begins: &str, ends: &str| {
            let body = script[at..].strip_prefix(begins)?;
            Some(begins.len() + body.find(ends).map_or(body.len(), |end| end + ends.len()))
        };
        match open {
            Some(_) if next == '\\' => drop(rest.next()),
            Some((_, quote)) if next == quote => open = None,
            Some(_) => {}
            None if matches!(next, '"' | '\'' | '`') => open = Some((at, next)),
            None => {
                let length = comment("//", "\n").or_else(|| comment("/*", "*/"));
                for _ in script[at..at + length.unwrap_or_default()].chars().skip(1) {
                    rest.next();
                }
            }
        }
    }
    open.map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canary_shows_where_it_was_pasted_and_is_quiet_where_it_was_escaped() {
        let canary = Canary::new("c797", "names_are_text");
        let (raw, escaped) = (canary.text(), page::escaped(&canary.text()));
        let half = raw.replace('<', "&lt;").replace('>', "&gt;");
        for hatched in [
            format!("<p>{raw}"),
            format!("<title>{raw}</title>"),
            format!("<textarea>{raw}</textarea>"),
            format!("<!-- {raw} -->"),
            format!("<input value=\"{half}\">"),
            format!("<input value='{half}'>"),
            format!("<input value={escaped}>"),
            format!("<p>{half}"),
            format!("<form onsubmit=\"return confirm('{escaped}')\">"),
            format!("<script>let name = '{raw}';</script>"),
            format!("<script>// it's\nlet name = \"{half}\";</script>"),
        ] {
            assert!(canary.hatched(&hatched).is_some(), "{hatched}");
        }
        for quiet in [
            "<p>nothing of it".to_owned(),
            format!("<title>{escaped}</title><p>{escaped}<textarea>{escaped}</textarea><input value=\"{escaped}\">"),
        ] {
            assert_eq!(canary.hatched(&quiet), None, "{quiet}");
        }
        let in_json = serde_json::to_string(&raw).unwrap().replace('<', "\\u003c");
        for script in [
            format!("const user = {in_json};"),
            format!("/* don't */ const user = {in_json};"),
            format!("// don't\nconst user = {in_json};"),
        ] {
            assert_eq!(canary.hatched(&format!("<script>{script}</script>")), None, "{script}");
        }
    }
}
