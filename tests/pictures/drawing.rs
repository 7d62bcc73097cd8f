//! Draws a sequence diagram as SVG: a column for each participant, with time from top to bottom.
//!
//! The colors come from the book's style sheet, for every theme. The description of a picture has all of its content,
//! for readers who cannot see it.

use std::fmt::{self, Write};

/// In pixels: the distance of two columns, the margin at the sides, the space above the first row, and the height of
/// each row.
const COLUMN: usize = 210;
const SIDE: usize = 62;
const HEAD: usize = 48;
const ARROW: usize = 42;
const NOTE: usize = 36;
/// The width of a character in a note.
const CHARACTER: usize = 8;

/// A sequence diagram while it is drawn.
pub struct Picture {
    title: String,
    /// The participants from left to right.
    actors: Vec<String>,
    /// The rows from top to bottom.
    rows: Vec<Row>,
}

pub enum Row {
    Arrow(Arrow),
    /// An event without a request.
    Note {
        at: String,
        words: String,
    },
}

pub struct Arrow {
    pub from: String,
    pub to: String,
    /// The text above the line.
    pub above: String,
    /// The text below the line, or empty.
    pub below: String,
    pub is_answer: bool,
}

impl Picture {
    /// Creates an empty picture with these participants, from left to right.
    pub fn of(title: &str, actors: &[&str]) -> Self {
        let actors = actors.iter().map(|actor| (*actor).to_owned()).collect();
        Self { title: title.to_owned(), actors, rows: Vec::new() }
    }

    pub fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Renders the picture as a `<figure>` without an empty line, so that a Markdown page can contain it. `name` is
    /// used for IDs.
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
        // The text is beside the sender, because in the middle of a long arrow it would be on another participant's
        // line.
        let middle = if from < to { from + COLUMN / 2 } else { from - COLUMN / 2 };
        writeln!(svg, "<path class=\"{class}\" d=\"M{from} {y}H{to}\" marker-end=\"url(#{name}-head)\"/>")?;
        writeln!(svg, "<text x=\"{middle}\" y=\"{}\">{}</text>", y - 6, escaped(above))?;
        if !below.is_empty() {
            writeln!(svg, "<text class=\"below\" x=\"{middle}\" y=\"{}\">{}</text>", y + 14, escaped(below))?;
        }
        Ok(())
    }

    /// Writes a note beside its participant. A note without one, such as about time, is in the middle.
    fn write_note(&self, svg: &mut String, at: &str, words: &str, y: usize) -> fmt::Result {
        let wide = (words.chars().count() * CHARACTER + 20).min(self.width() - 8);
        let middle = self.x(at).unwrap_or(self.width() / 2).clamp(4 + wide / 2, self.width() - 4 - wide / 2);
        let left = middle - wide / 2;
        writeln!(svg, "<rect class=\"note\" x=\"{left}\" y=\"{y}\" width=\"{wide}\" height=\"26\" rx=\"6\"/>")?;
        writeln!(svg, "<text class=\"boxed\" x=\"{middle}\" y=\"{}\">{}</text>", y + 17, escaped(words))
    }

    /// Describes the whole picture in sentences.
    fn in_words(&self) -> String {
        let lines = self.rows.iter().map(|row| match row {
            Row::Arrow(Arrow { from, to, above, below, .. }) if below.is_empty() => format!("{from} to {to}: {above}."),
            Row::Arrow(Arrow { from, to, above, below, .. }) => format!("{from} to {to}: {above}, {below}."),
            Row::Note { at, words } => format!("{at} {words}."),
        });
        lines.collect::<Vec<_>>().join(" ")
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
