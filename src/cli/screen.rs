//! Shows a text on a terminal, one page at a time. Without a terminal it prints one text after the other.

use std::io;

use crossterm::{
    cursor::MoveTo,
    execute,
    terminal::{self, Clear, ClearType},
};

use super::{
    keys::{Key, Keys},
    say,
};

/// The size for a terminal that does not report its size.
const USUAL: (u16, u16) = (80, 24);

pub(super) struct Screen {
    keys: Keys,
    text: String,
    foot: String,
    /// The first line of the text that is on the screen.
    top: usize,
}

impl Screen {
    pub(super) fn new() -> Self {
        Self { keys: Keys::new(), text: String::new(), foot: String::new(), top: 0 }
    }

    /// Whether the output is a terminal.
    pub(super) fn is_terminal(&self) -> bool {
        self.keys.terminal
    }

    /// Returns the maximum width of a text: the width of the terminal, or no limit without one.
    pub(super) fn columns(&self) -> usize {
        if self.keys.terminal { size().0 } else { usize::MAX }
    }

    /// Shows the text from its beginning, with the meaning of the keys below it.
    pub(super) fn show(&mut self, text: &str, foot: &str) {
        (self.text, self.foot, self.top) = (text.to_owned(), foot.to_owned(), 0);
        if self.keys.terminal {
            self.draw();
        } else {
            say(format!("{text}{foot}\n"));
        }
    }

    /// Returns the next letter. Other keys, and a space, change only the view.
    pub(super) async fn letter(&mut self) -> char {
        loop {
            match self.keys.next().await {
                Key::Letter(' ') if self.keys.terminal => self.turn(),
                Key::Letter(letter) => return letter,
                Key::Suspend => self.keys.suspend(),
                Key::Redraw => {}
            }
            if self.keys.terminal {
                self.draw();
            }
        }
    }

    /// Turns to the next page, or from the last to the first.
    fn turn(&mut self) {
        let (columns, rows) = size();
        let room = room(&self.foot, columns, rows);
        let next = self.top + room;
        self.top = if next < lines(&self.text, columns, room).len() { next } else { 0 };
    }

    fn draw(&self) {
        let (columns, rows) = size();
        // If a terminal cannot be cleared, the page is written below the old text.
        let _ = execute!(io::stdout(), Clear(ClearType::All), MoveTo(0, 0));
        say(page(&self.text, &self.foot, self.top, (columns, rows)).join("\r\n"));
    }
}

/// Ends the line, so that the shell continues on a new one.
impl Drop for Screen {
    fn drop(&mut self) {
        if self.keys.terminal {
            say("\r\n");
        }
    }
}

fn size() -> (usize, usize) {
    let (columns, rows) = terminal::size().unwrap_or(USUAL);
    (usize::from(columns).max(20), usize::from(rows).max(6))
}

/// Returns the lines of one page: the text from line `top`, the number of remaining lines, and the foot.
fn page(text: &str, foot: &str, top: usize, (columns, rows): (usize, usize)) -> Vec<String> {
    let room = room(foot, columns, rows);
    let lines = lines(text, columns, room);
    let mut page: Vec<_> = lines.iter().skip(top).take(room).cloned().collect();
    if lines.len() > room {
        page.resize(room, String::new());
        let more = lines.len().saturating_sub(top + room);
        page.push(if more > 0 {
            format!("  space: next page, {more} lines left")
        } else {
            "  space: back to the top".to_owned()
        });
    }
    page.extend(fitted(foot, columns));
    page
}

/// Returns the lines of the text, without blank lines if there are too many for one page.
fn lines(text: &str, columns: usize, room: usize) -> Vec<String> {
    let mut lines = fitted(text, columns);
    if lines.len() > room {
        lines.retain(|line| !line.trim().is_empty());
    }
    lines
}

/// Returns the number of text lines on a page, above a line with the number of remaining lines and the foot.
fn room(foot: &str, columns: usize, rows: usize) -> usize {
    rows.saturating_sub(fitted(foot, columns).len() + 1).max(1)
}

/// Breaks a text into lines of at most `columns`, at spaces if possible. Each continues below its own indentation.
fn fitted(text: &str, columns: usize) -> Vec<String> {
    let fit = |line: &str| -> Vec<String> {
        let indent = line.chars().take_while(|letter| *letter == ' ').count().min(columns / 2);
        let indent = " ".repeat(indent);
        let options = textwrap::Options::new(columns).subsequent_indent(&indent);
        let options = options.word_splitter(textwrap::WordSplitter::NoHyphenation);
        textwrap::wrap(line, options).into_iter().map(|line| line.into_owned()).collect()
    };
    text.lines().flat_map(fit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (usize, usize) = (80, 24);

    #[test]
    fn every_line_fits_and_no_word_is_torn_apart() {
        let words = "a sentence of some words, of which none is so long that it has no room in a line. ".repeat(4);
        let text = format!("      {words}\n\x1b[31m{words}\x1b[0m");
        let lines = fitted(&text, 80);
        assert!(lines.iter().all(|line| textwrap::core::display_width(line) <= 80), "{lines:#?}");
        assert!(lines[1].starts_with("      ") && !lines[1].starts_with("       "), "{lines:#?}");
        let joined = lines.join(" ");
        assert_eq!(joined.split_whitespace().collect::<Vec<_>>(), text.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn a_line_without_blanks_is_parted_where_the_terminal_ends() {
        assert_eq!(fitted(&"x".repeat(170), 80).iter().map(String::len).collect::<Vec<_>>(), [80, 80, 10]);
    }

    #[test]
    fn each_page_fits_and_together_they_hold_every_line() {
        let text: String = (0..50).map(|line| format!("line {line}\n")).collect();
        let foot = "\n  h hint  q quit";
        let room = room(foot, SIZE.0, SIZE.1);
        let pages: Vec<_> = (0..50).step_by(room).map(|top| page(&text, foot, top, SIZE)).collect();
        assert!(
            pages.iter().all(|page| page.len() <= SIZE.1 && page.last().unwrap().ends_with("q quit")),
            "{pages:#?}"
        );
        let shown: Vec<_> = pages.iter().flatten().filter(|line| line.starts_with("line ")).cloned().collect();
        assert_eq!(shown, text.lines().collect::<Vec<_>>());
        assert!(pages[0].contains(&format!("  space: next page, {} lines left", 50 - room)));
    }

    #[test]
    fn a_short_text_stands_alone() {
        assert_eq!(page("one\ntwo\n", "foot", 0, SIZE), ["one", "two", "foot"]);
    }

    #[test]
    fn a_text_that_just_fits_is_on_one_page_and_one_line_more_makes_a_second() {
        let text = |lines: usize| (0..lines).map(|line| format!("line {line}\n\n")).collect::<String>();
        let room = room("foot", 80, 10);
        assert_eq!(room, 8);
        let whole = page(&text(4), "foot", 0, (80, 10));
        assert_eq!(whole, ["line 0", "", "line 1", "", "line 2", "", "line 3", "", "foot"]);
        let first = page(&text(9), "foot", 0, (80, 10));
        assert_eq!(first[7..], ["line 7", "  space: next page, 1 lines left", "foot"], "without blank lines");
        let last = page(&text(9), "foot", 8, (80, 10));
        assert_eq!((last[0].as_str(), last.len()), ("line 8", 10));
        assert_eq!(last[7..], ["", "  space: back to the top", "foot"]);
        let exactly = page(&text(16), "foot", 8, (80, 10));
        assert_eq!(exactly[7..], ["line 15", "  space: back to the top", "foot"]);
    }

    #[test]
    fn an_indentation_takes_at_most_half_of_a_line() {
        let lines = fitted(&format!("{}one two three", " ".repeat(30)), 40);
        assert_eq!(lines[1], format!("{}three", " ".repeat(20)));
    }
}
