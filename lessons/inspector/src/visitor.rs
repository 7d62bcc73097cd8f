//! Whose request it is. Browsers keep the cookies of each host apart, so a host name can stand for a visitor.

use axum::http::HeaderMap;

use crate::{Cookie, SetCookie, hosts, timeline::Timeline};

/// The visitors that a host name can stand for. The last one is the attacker.
pub const VISITORS: [&str; 3] = ["alice", "bob", "mallory"];

/// The visitor that a label of the host name names: `alice` for `alice.lesson-1.workbook.localhost`, and for
/// `vulnerable.alice.lesson-4.workbook.localhost`.
pub(crate) fn named(headers: &HeaderMap) -> Option<String> {
    let (name, _) = hosts::host(headers);
    let (labels, _) = name.rsplit_once('.')?;
    labels.split('.').find(|label| VISITORS.contains(label)).map(str::to_owned)
}

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

#[cfg(test)]
mod tests {
    use axum::http::header::HOST;

    use super::*;

    #[test]
    fn a_visitor_is_a_label_of_the_host() {
        let of = |host: &str| named(&HeaderMap::from_iter([(HOST, host.parse().unwrap())]));
        for host in ["alice.lesson-1.workbook.localhost:4000", "ALICE.localhost", "alice.localhost:1"] {
            assert_eq!(of(host).as_deref(), Some("alice"), "{host}");
        }
        assert_eq!(of("vulnerable.mallory.lesson-4.workbook.localhost").as_deref(), Some("mallory"));
        for host in ["localhost:4001", "alice", "alice:80", "lesson-1.localhost", "alicex.localhost", "127.0.0.1"] {
            assert_eq!(of(host), None, "{host}");
        }
        assert_eq!(named(&HeaderMap::new()), None);
    }
}
