//! Whose request it is, where no host name says so: the visitor is told by the cookies.

use crate::{Cookie, SetCookie, timeline::Timeline};

/// The visitor by the cookies: whoever was given one of them or brought it before, or else the letter of the first.
pub(crate) fn of(timeline: &Timeline, cookies: &[Cookie], set: &[SetCookie]) -> String {
    let brought = cookies.iter().map(|cookie| (&cookie.value, &cookie.label));
    let given = set.iter().map(|cookie| (&cookie.value, &cookie.label));
    let mut telling = brought.clone().chain(given).filter(|(value, _)| is_telling(value));
    let known = brought.filter(|(value, _)| is_telling(value)).find_map(|(value, _)| timeline.visitor(value));
    known.or_else(|| telling.next().map(|(_, label)| label.clone())).unwrap_or_default()
}

/// What this visitor brought and was given is known as this visitor's from now on.
pub(crate) fn note(timeline: &Timeline, visitor: &str, cookies: &[Cookie], set: &[SetCookie]) {
    let values = cookies.iter().map(|cookie| &cookie.value).chain(set.iter().map(|cookie| &cookie.value));
    values.filter(|value| is_telling(value)).for_each(|value| timeline.note_visitor(value, visitor));
}

/// Whether a cookie value is one visitor's alone. `dark` and `en` are anybody's; a session ID of the 64 bits that OWASP
/// asks for has 16 hexadecimal digits, or 11 characters of base64, and no word of a setting is as long as that.
fn is_telling(value: &str) -> bool {
    value.len() >= 11
}
