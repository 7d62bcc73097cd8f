//! A sequence diagram as SVG: a column for each who takes part, time from top to bottom.
//!
//! The colours are the page's: the book's style sheet gives them for every theme. All that the picture says stands
//! in its description as well, for who does not see it.

use std::fmt::{self, Write};

/// Pixels: between two columns, at the sides, above the first row, and of a row.
const COLUMN: usize = 210;
const SIDE: usize = 62;
const HEAD: usize = 48;
const ARROW: usize = 42;
const NOTE: usize = 36;
/// The width of a character of a note.
const CHARACTER: usize = 8;

/// A sequence diagram in the making.
pub struct Picture {
    title: String,
    /// From left to right.
    actors: Vec<String>,
    /// From top to bottom.
    rows: Vec<Row>,
}

pub enum Row {
    Arrow(Arrow),
    /// Something that happened without a request.
    Note {
        at: String,
        words: String,
    },
}

pub struct Arrow {
    pub from: String,
    pub to: String,
    /// What stands above the line.
    pub above: String,
    /// And below it, if anything.
    pub below: String,
    pub is_answer: bool,
}

impl Picture {
    /// An empty picture of these, from left to right.
    pub fn of(title: &str, actors: &[&str]) -> Self {
        let actors = actors.iter().map(|actor| (*actor).to_owned()).collect();
        Self { title: title.to_owned(), actors, rows: Vec::new() }
    }

    pub fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// The picture as a `<figure>` without an empty line, so that a Markdown page can hold it. `name` is used for ids.
    pub fn svg(&self, name: &str) -> String {
        let mut svg = String::new();
        // Writing to a String cannot fail.
        let _ = self.write(&mut svg, name);
        svg
    }

    fn width(&self) -> usize {
        2 * SIDE + (self.actors.len() - 1) * COLUMN
    }

    fn x(&self, actor: &str) -> Option<usize> {
        self.actors.iter().position(|name| name == actor).map(|column| SIDE + column * COLUMN)
    }

    fn write(&self, svg: &mut String, name: &str) -> fmt::Result {
        let (title, width) = (escaped(&self.title), self.width());
        let height = HEAD + self.rows.iter().map(Row::height).sum::<usize>() + 12;
        writeln!(svg, "<figure class=\"sequence\">")?;
        writeln!(
            svg,
            "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" role=\"img\" aria-labelledby=\"{name}-title {name}-steps\">"
        )?;
        writeln!(svg, "<title id=\"{name}-title\">{title}</title>")?;
        writeln!(svg, "<desc id=\"{name}-steps\">{}</desc>", escaped(&self.in_words()))?;
        writeln!(
            svg,
            "<defs><marker id=\"{name}-head\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"9\" markerHeight=\"9\" markerUnits=\"userSpaceOnUse\" orient=\"auto\">"
        )?;
        writeln!(svg, "<path d=\"M0 0L8 4L0 8z\"/></marker></defs>")?;
        for actor in &self.actors {
            let x = self.x(actor).unwrap_or_default();
            writeln!(svg, "<path class=\"life\" d=\"M{x} 36V{}\"/>", height - 4)?;
            writeln!(svg, "<rect x=\"{}\" y=\"6\" width=\"108\" height=\"30\" rx=\"6\"/>", x - 54)?;
            writeln!(svg, "<text class=\"boxed actor\" x=\"{x}\" y=\"26\">{}</text>", escaped(actor))?;
        }
        let mut y = HEAD;
        for row in &self.rows {
            match row {
                Row::Arrow(arrow) => self.write_arrow(svg, name, arrow, y + 24)?,
                Row::Note { at, words } => self.write_note(svg, at, words, y + 6)?,
            }
            y += row.height();
        }
        writeln!(svg, "</svg>\n<figcaption>{title}.</figcaption>\n</figure>")
    }

    fn write_arrow(&self, svg: &mut String, name: &str, arrow: &Arrow, y: usize) -> fmt::Result {
        let Arrow { from, to, above, below, is_answer } = arrow;
        let [from, to] =
            [from, to].map(|actor| self.x(actor).unwrap_or_else(|| panic!("{actor} is not in the picture {name}")));
        let class = if *is_answer { "answer" } else { "request" };
        // Beside the sender: in the middle of a long arrow the words would stand on somebody else's line.
        let middle = if from < to { from + COLUMN / 2 } else { from - COLUMN / 2 };
        writeln!(svg, "<path class=\"{class}\" d=\"M{from} {y}H{to}\" marker-end=\"url(#{name}-head)\"/>")?;
        writeln!(svg, "<text x=\"{middle}\" y=\"{}\">{}</text>", y - 6, escaped(above))?;
        if !below.is_empty() {
            writeln!(svg, "<text class=\"below\" x=\"{middle}\" y=\"{}\">{}</text>", y + 14, escaped(below))?;
        }
        Ok(())
    }

    /// Beside who it is about; what is about nobody, such as time, in the middle.
    fn write_note(&self, svg: &mut String, at: &str, words: &str, y: usize) -> fmt::Result {
        let wide = (words.chars().count() * CHARACTER + 20).min(self.width() - 8);
        let middle = self.x(at).unwrap_or(self.width() / 2).clamp(4 + wide / 2, self.width() - 4 - wide / 2);
        let left = middle - wide / 2;
        writeln!(svg, "<rect class=\"note\" x=\"{left}\" y=\"{y}\" width=\"{wide}\" height=\"26\" rx=\"6\"/>")?;
        writeln!(svg, "<text class=\"boxed\" x=\"{middle}\" y=\"{}\">{}</text>", y + 17, escaped(words))
    }

    /// All that is drawn, as sentences.
    fn in_words(&self) -> String {
        let told = self.rows.iter().map(|row| match row {
            Row::Arrow(Arrow { from, to, above, below, .. }) if below.is_empty() => format!("{from} to {to}: {above}."),
            Row::Arrow(Arrow { from, to, above, below, .. }) => format!("{from} to {to}: {above}, {below}."),
            Row::Note { at, words } => format!("{at} {words}."),
        });
        told.collect::<Vec<_>>().join(" ")
    }
}

impl Row {
    fn height(&self) -> usize {
        match self {
            Self::Arrow(_) => ARROW,
            Self::Note { .. } => NOTE,
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
