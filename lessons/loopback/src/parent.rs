//! Support for a program that another program starts, shows in its own window, and ends.

use std::{
    io::{self, Read},
    process, thread,
};

use serde::{Deserialize, Serialize};

/// The program that started this one to show it. It receives both ports on standard output. When it closes this
/// program's standard input, or ends for any reason, this program ends as well.
#[derive(Clone, Debug, PartialEq)]
pub struct Parent {
    /// Which pages may show the inspector in a frame, as `session_inspector::Inspector::page` takes it.
    pub frame_ancestors: String,
}

/// The ports on which a program listens on loopback.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Ports {
    /// The app.
    pub app: u16,
    /// Its inspector.
    pub inspector: u16,
}

impl Parent {
    /// The environment variable that a parent sets. Its value is `frame_ancestors`.
    pub const VARIABLE: &str = "SESSION_INSPECTOR_FRAMED_BY";

    /// Returns the parent that these environment variables name, or `None` if there is none.
    pub fn named_in(mut variables: impl Iterator<Item = (String, String)>) -> Option<Self> {
        let (_, frame_ancestors) = variables.find(|(name, _)| name == Self::VARIABLE)?;
        Some(Self { frame_ancestors })
    }

    /// Ends this process when the parent has ended. A thread of its own waits for that, because no handler can block
    /// it.
    pub fn ends_this(&self) {
        thread::spawn(|| {
            let _ = io::copy(&mut io::stdin().lock().by_ref(), &mut io::sink());
            process::exit(0);
        });
    }
}

impl Ports {
    /// Returns the line that reports the ports to a parent.
    pub fn line(&self) -> String {
        serde_json::json!({ "session-inspector": self }).to_string()
    }

    /// Reads the ports from such a line. Returns `None` for any other line.
    pub fn from_line(line: &str) -> Option<Self> {
        let mut message: serde_json::Value = serde_json::from_str(line).ok()?;
        serde_json::from_value(message.get_mut("session-inspector")?.take()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_read_from_the_environment() {
        let variables = |name: &str| [("A".to_owned(), "b".to_owned()), (name.to_owned(), "'self'".to_owned())];
        assert_eq!(Parent::named_in(variables("OTHER").into_iter()), None);
        let parent = Parent { frame_ancestors: "'self'".to_owned() };
        assert_eq!(Parent::named_in(variables(Parent::VARIABLE).into_iter()), Some(parent));
    }

    #[test]
    fn the_ports_are_read_from_their_line_and_from_no_other() {
        let ports = Ports { app: 4001, inspector: 4051 };
        assert_eq!(Ports::from_line(&ports.line()), Some(ports));
        for other in ["", "You can log in as alice.", "{}", r#"{"app":1,"inspector":2}"#] {
            assert_eq!(Ports::from_line(other), None, "{other}");
        }
    }
}
