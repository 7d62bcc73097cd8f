//! Visitors by host name. Browsers keep the cookies of each host apart, so a host name can stand for a visitor.

use axum::http::HeaderMap;

use crate::hosts;

/// The visitors that a host name can stand for. The last one is the attacker.
pub const VISITORS: [&str; 3] = ["alice", "bob", "mallory"];

/// The visitor that a label of the host name names: `alice` for `alice.lesson-1.workbook.localhost`, and for
/// `vulnerable.alice.lesson-4.workbook.localhost`.
pub fn visitor(headers: &HeaderMap) -> Option<String> {
    let (name, _) = hosts::host(headers);
    let (labels, _) = name.rsplit_once('.')?;
    labels.split('.').find(|label| VISITORS.contains(label)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use axum::http::header::HOST;

    use super::*;

    #[test]
    fn a_visitor_is_a_label_of_the_host() {
        let of = |host: &str| visitor(&HeaderMap::from_iter([(HOST, host.parse().unwrap())]));
        for host in ["alice.lesson-1.workbook.localhost:4000", "ALICE.localhost", "alice.localhost:1"] {
            assert_eq!(of(host).as_deref(), Some("alice"), "{host}");
        }
        assert_eq!(of("vulnerable.mallory.lesson-4.workbook.localhost").as_deref(), Some("mallory"));
        for host in ["localhost:4001", "alice", "alice:80", "lesson-1.localhost", "alicex.localhost", "127.0.0.1"] {
            assert_eq!(of(host), None, "{host}");
        }
        assert_eq!(visitor(&HeaderMap::new()), None);
    }
}
