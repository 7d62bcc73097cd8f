//! The studio's host names.
//!
//! `workbook.localhost` is the book and its API, and `lesson-N.workbook.localhost` is a program. Both are the same
//! site, so that cookies work in the panel's frames, but different origins, so that a program cannot call the API. With
//! a visitor's label before it, the name leads to the same program with separate cookies, and a lesson may use one more
//! label for its parts. The attacker of lesson 4 is at `evil.localhost`. `lesson-N.inspector.localhost` is a program's
//! inspector. It is another site than any program, so that no script of a program can read it, and no cookie of a
//! program is sent to it. `checks.inspector.localhost` shows the steps of failed checks.

use loopback_serve::VISITORS;

/// The port at which the studio has the name `workbook.localhost`.
pub const PORT: u16 = 4000;

/// The program that also answers as [`EVIL`].
const ATTACKS: &str = "lesson-4";
/// The host of the attacker, which is another site than all other parts.
const EVIL: &str = "evil.localhost";
/// The host of the steps of failed checks. It belongs to the inspector's site, because it shows them in the same way.
const STORIES: &str = "checks.inspector.localhost";
/// The suffix after a program's name in the host name of its inspector.
const INSPECTOR: &str = ".inspector.localhost";

/// The names of one studio. Browsers share a host's cookies among all its ports, so a second studio has another name.
#[derive(Clone, Debug)]
pub struct Names {
    book: String,
}

/// The part that a host name leads to.
#[derive(Debug, PartialEq)]
pub enum Part<'n> {
    /// The book and its API.
    Book,
    /// The app of this program.
    App(&'n str),
    /// The inspector of this program.
    Inspector(&'n str),
    /// The steps of failed checks.
    Stories,
    /// Another name for the book, which redirects to the book.
    Elsewhere,
}

impl Names {
    /// Returns the names of the studio at this port.
    pub fn at(port: u16) -> Self {
        let book = if port == PORT { "workbook.localhost".to_owned() } else { format!("workbook-{port}.localhost") };
        Self { book }
    }

    /// Returns the host of the book.
    pub fn book(&self) -> &str {
        &self.book
    }

    /// Returns the part for this host name, or `None` for a name that is not the studio's.
    pub fn part<'n>(&self, host: &'n str) -> Option<Part<'n>> {
        match host {
            EVIL => return Some(Part::App(ATTACKS)),
            STORIES => return Some(Part::Stories),
            "localhost" | "127.0.0.1" | "[::1]" | "workbook.localhost" if host != self.book => {
                return Some(Part::Elsewhere);
            }
            _ => {}
        }
        if let Some(name) = host.strip_suffix(INSPECTOR) {
            return Some(Part::Inspector(name));
        }
        let labels = host.strip_suffix(&self.book)?;
        if labels.is_empty() {
            return Some(Part::Book);
        }
        let mut labels = labels.strip_suffix('.')?.rsplit('.');
        let name = labels.next()?;
        let before: Vec<_> = labels.collect();
        let is_visitor = |label: &str| VISITORS.contains(&label);
        match before[..] {
            [] | [_] => Some(Part::App(name)),
            [visitor, part] if is_visitor(visitor) && !is_visitor(part) => Some(Part::App(name)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_a_part_of_the_studio_or_none_of_its() {
        let names = Names::at(PORT);
        for (host, part) in [
            ("workbook.localhost", Some(Part::Book)),
            ("lesson-1.workbook.localhost", Some(Part::App("lesson-1"))),
            ("mallory.lesson-1.workbook.localhost", Some(Part::App("lesson-1"))),
            ("vulnerable.lesson-4.workbook.localhost", Some(Part::App("lesson-4"))),
            ("vulnerable.alice.lesson-4.workbook.localhost", Some(Part::App("lesson-4"))),
            ("alice.bob.lesson-4.workbook.localhost", None),
            ("alice.vulnerable.lesson-4.workbook.localhost", None),
            ("very.vulnerable.alice.lesson-4.workbook.localhost", None),
            ("lesson-4workbook.localhost", None),
            ("lesson-4.inspector.localhost", Some(Part::Inspector("lesson-4"))),
            ("checks.inspector.localhost", Some(Part::Stories)),
            ("evil.localhost", Some(Part::App("lesson-4"))),
            ("other.evil.localhost", None),
            ("localhost", Some(Part::Elsewhere)),
            ("[::1]", Some(Part::Elsewhere)),
            ("", None),
        ] {
            assert_eq!(names.part(host), part, "{host}");
        }
    }

    #[test]
    fn a_second_studio_has_names_of_its_own() {
        let names = Names::at(4001);
        assert_eq!(names.book(), "workbook-4001.localhost");
        assert_eq!(names.part("alice.lesson-1.workbook-4001.localhost"), Some(Part::App("lesson-1")));
        assert_eq!(names.part("lesson-1.workbook.localhost"), None);
        assert_eq!(names.part("workbook.localhost"), Some(Part::Elsewhere));
    }
}
