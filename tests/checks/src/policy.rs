//! What a Content-Security-Policy says of forms (CSP Level 3, `form-action` and `sandbox`).

use axum::http::{HeaderMap, header::CONTENT_SECURITY_POLICY};

use crate::page;

/// The directive that forbids the browser to send a form of this page to its own site, if there is one.
pub(crate) fn forbids_forms(headers: &HeaderMap, html: &str) -> Option<String> {
    let sent = headers.get_all(CONTENT_SECURITY_POLICY).iter();
    let sent = sent
        .flat_map(|value| String::from_utf8_lossy(value.as_bytes()).split(',').map(str::to_owned).collect::<Vec<_>>());
    sent.chain(in_page(html)).find_map(|policy| forbidding(&policy))
}

/// The policies in the page, in which a sandbox is ignored.
fn in_page(html: &str) -> impl Iterator<Item = String> {
    let counts =
        |policy: String| policy.split(';').filter(|directive| !is(directive, "sandbox")).collect::<Vec<_>>().join(";");
    page::http_equiv(html, CONTENT_SECURITY_POLICY.as_str()).map(counts)
}

fn is(directive: &str, name: &str) -> bool {
    directive.split_whitespace().next().is_some_and(|first| first.eq_ignore_ascii_case(name))
}

fn forbidding(policy: &str) -> Option<String> {
    let first = |name| policy.split(';').map(str::trim).find(|directive| is(directive, name));
    let words = |directive: &str| directive.split_whitespace().skip(1).map(str::to_lowercase).collect::<Vec<_>>();
    let sandbox = first("sandbox").filter(|found| !words(found).iter().any(|word| word == "allow-forms"));
    let action = first("form-action").filter(|found| !words(found).iter().any(|source| is_own(source)));
    sandbox.or(action).map(str::to_owned)
}

/// Whether this site may be meant. If in doubt, it passes.
fn is_own(source: &str) -> bool {
    matches!(source, "'self'" | "*" | "http:") || source.contains("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_that_forbids_forms_is_found_in_headers_and_in_the_page() {
        for (policy, forbidden) in [
            ("default-src 'none'", None),
            ("form-action 'self'", None),
            ("form-action http://localhost:4001", None),
            ("FORM-ACTION 'NONE'", Some("FORM-ACTION 'NONE'")),
            ("default-src 'self'; form-action https://pay.example", Some("form-action https://pay.example")),
            ("default-src 'self', form-action", Some("form-action")),
            ("sandbox allow-forms", None),
            ("sandbox allow-scripts", Some("sandbox allow-scripts")),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_SECURITY_POLICY, policy.parse().unwrap())]);
            assert_eq!(forbids_forms(&headers, "").as_deref(), forbidden, "{policy}");
        }
        let page = "<meta http-equiv=Content-Security-Policy content=\"sandbox; form-action 'none'\">";
        assert_eq!(forbids_forms(&HeaderMap::new(), page).as_deref(), Some("form-action 'none'"));
    }
}
