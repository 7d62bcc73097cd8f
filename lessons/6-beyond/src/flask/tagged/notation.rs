//! Prints a value for a page as Python does, except for texts, which are printed as JSON.

use std::fmt;

use super::{Dict, Value};

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("None"),
            Self::Bool(true) => f.write_str("True"),
            Self::Bool(false) => f.write_str("False"),
            Self::Number(number) => f.write_str(number.as_str()),
            Self::String(string) => text(f, string),
            Self::List(items) => list(f, "[", items, "]"),
            Self::Tuple(items) if items.len() == 1 => list(f, "(", items, ",)"),
            Self::Tuple(items) => list(f, "(", items, ")"),
            Self::Dict(items) => dict(f, items),
            Self::Bytes(bytes) => {
                f.write_str("bytes(")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                f.write_str(")")
            }
            Self::Markup(html) => {
                f.write_str("Markup(")?;
                text(f, html)?;
                f.write_str(")")
            }
            Self::Uuid(number) => write!(f, "UUID({number:032x})"),
            Self::DateTime(date) => {
                let (year, month, day) = date.to_calendar_date();
                let (hour, minute, second) = date.to_hms();
                write!(f, "datetime({year:04}-{:02}-{day:02} {hour:02}:{minute:02}:{second:02})", u8::from(month))
            }
        }
    }
}

/// Prints the data of a session as Python prints a dictionary.
pub struct Printed<'d>(pub &'d Dict);

impl fmt::Display for Printed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        dict(f, self.0)
    }
}

fn dict(f: &mut fmt::Formatter<'_>, items: &Dict) -> fmt::Result {
    f.write_str("{")?;
    for (index, (key, value)) in items.iter().enumerate() {
        f.write_str(if index == 0 { "" } else { ", " })?;
        text(f, key)?;
        write!(f, ": {value}")?;
    }
    f.write_str("}")
}

fn list(f: &mut fmt::Formatter<'_>, before: &str, items: &[Value], after: &str) -> fmt::Result {
    f.write_str(before)?;
    for (index, item) in items.iter().enumerate() {
        f.write_str(if index == 0 { "" } else { ", " })?;
        write!(f, "{item}")?;
    }
    f.write_str(after)
}

fn text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str(&serde_json::to_string(text).map_err(|_| fmt::Error)?)
}
