//! Other right answers to exercise 4.

pub(super) mod by_hand;
pub(super) mod dates;
pub(super) mod flash;
pub(super) mod note_cookie;
pub(super) mod store_counts;

const FORM: &str = "<form method=post><input name=username><input name=password type=password><input name=remember type=checkbox><button>Go</button></form>";
const ENDED: &str = "<p>Your session has expired.</p>";

/// As text within HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
