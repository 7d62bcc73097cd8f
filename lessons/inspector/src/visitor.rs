//! Finds the visitor of a request by its cookies, if the host name does not name the visitor.

use crate::{Cookie, SetCookie, timeline::Timeline};

/// Returns the visitor who received or sent one of these cookies before, or otherwise the letter of the first cookie.
pub(crate) fn of(timeline: &Timeline, cookies: &[Cookie], set: &[SetCookie]) -> String {
    let sent = cookies.iter().map(|cookie| (&cookie.value, &cookie.label));
    let given = set.iter().map(|cookie| (&cookie.value, &cookie.label));
    let mut telling = sent.clone().chain(given).filter(|(value, _)| is_telling(value));
    let known = sent.filter(|(value, _)| is_telling(value)).find_map(|(value, _)| timeline.visitor(value));
    known.or_else(|| telling.next().map(|(_, label)| label.clone())).unwrap_or_default()
}

/// Notes that these cookies belong to this visitor.
pub(crate) fn note(timeline: &Timeline, visitor: &str, cookies: &[Cookie], set: &[SetCookie]) {
    let values = cookies.iter().map(|cookie| &cookie.value).chain(set.iter().map(|cookie| &cookie.value));
    values.filter(|value| is_telling(value)).for_each(|value| timeline.note_visitor(value, visitor));
}

/// Whether a cookie value identifies one visitor. Many visitors can have `dark` or `en`. A session ID of the 64 bits
/// that OWASP requires has at least 11 characters (base64), and the values of settings are usually shorter.
fn is_telling(value: &str) -> bool {
    value.len() >= 11
}
