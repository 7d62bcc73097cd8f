//! The Markdown of hints and solutions, for a terminal and for the studio.

use anstyle::{AnsiColor, Style};
use pulldown_cmark::{Event, Parser, Tag, TagEnd};

const WIDTH: usize = 92;
const INDENT: &str = "  ";
const CODE: Style = AnsiColor::Cyan.on_default();
const BOLD: Style = Style::new().bold();

/// Converts Markdown to HTML. Use it only for the workbook's own text, because it does not escape markup.
pub fn html(markdown: &str) -> String {
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, Parser::new(markdown));
    html
}

/// Formats Markdown for a terminal, with ANSI styles. Paragraphs are wrapped and indented, list items have a dash, and
/// code is unchanged.
pub fn render(markdown: &str) -> String {
    render_within(markdown, WIDTH)
}

/// Like [`render`], in lines of at most `columns` columns.
pub fn render_within(markdown: &str, columns: usize) -> String {
    let mut page = Page { width: columns.min(WIDTH), ..Page::default() };
    for event in Parser::new(markdown) {
        page.take(event);
    }
    page.text
}

#[derive(Default)]
struct Page {
    width: usize,
    text: String,
    /// The paragraph so far.
    paragraph: String,
    in_code_block: bool,
    in_item: bool,
}

impl Page {
    fn take(&mut self, event: Event) {
        match event {
            Event::Text(text) if self.in_code_block => {
                text.lines().for_each(|line| self.text.push_str(&format!("{INDENT}{INDENT}{CODE}{line}{CODE:#}\n")));
            }
            Event::Text(text) => self.paragraph.push_str(&text),
            Event::Code(code) => self.paragraph.push_str(&format!("{CODE}{code}{CODE:#}")),
            Event::SoftBreak | Event::HardBreak => self.paragraph.push(' '),
            Event::Start(Tag::Strong) => self.paragraph.push_str(&BOLD.render().to_string()),
            Event::End(TagEnd::Strong) => self.paragraph.push_str(&BOLD.render_reset().to_string()),
            Event::Start(Tag::CodeBlock(_)) => self.in_code_block = true,
            Event::Start(Tag::Item) => self.in_item = true,
            Event::End(TagEnd::CodeBlock) => {
                self.in_code_block = false;
                self.text.push('\n');
            }
            Event::End(TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item) => self.end_paragraph(),
            _ => {}
        }
    }

    fn end_paragraph(&mut self) {
        let (first, rest) = if self.in_item { ("  - ", "    ") } else { (INDENT, INDENT) };
        let options = textwrap::Options::new(self.width).initial_indent(first).subsequent_indent(rest);
        let options = options.word_splitter(textwrap::WordSplitter::NoHyphenation).break_words(false);
        if !self.paragraph.trim().is_empty() {
            self.text.push_str(&textwrap::fill(&self.paragraph, options));
            self.text.push_str(if self.in_item { "\n" } else { "\n\n" });
        }
        self.paragraph.clear();
        self.in_item = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_reads_well_in_a_terminal() {
        let hint = "Use `a`\nand **b**.\n\n- one\n- two\n\n```rust\nlet x = 1;\n```\n";
        let plain = anstream::adapter::strip_str(&render(hint)).to_string();
        assert_eq!(plain, "  Use a and b.\n\n  - one\n  - two\n    let x = 1;\n\n");
    }
}
