//! Ways to fill in the form, and requests that nobody can type.

use crate::{User, browser::encode};

/// Names that a mistake confuses with each other. `@` becomes the ending of this run's names.
pub(super) const FAMILIES: &[[&str; 2]] = &[
    ["dora@", "eve@"],
    ["Dora@", "dora@"],
    ["alice@s", "malice@"],
    ["d ora@", "d+ora@"],
    ["é@", "e\u{301}@"],
    ["50%@", "50%25@"],
    ["o'dora\"@", "o&#39;dora&quot;@"],
    ["a&b@", "a&amp;b@"],
    ["{{ 7*7 }}@", "${@}"],
    ["日本語@", "🍐@"],
    ["a=b;c@", "a,b@"],
    ["dora.eve@example.org", "dora-@_1"],
];

/// How many right ways to fill in the form there are.
pub(super) const STYLES: usize = 4;

/// The body of a form with these fields in this style.
pub(super) fn styled(user: &User, style: usize) -> String {
    let (name, password) = (("username", user.name.as_str()), ("password", user.password.as_str()));
    match style {
        1 => encode(&[password, name]),
        2 => format!("username={}&password={}", percent(&user.name), percent(&user.password)),
        EXTRA => encode(&[name, password, ("remember", "on")]),
        _ => encode(&[name, password]),
    }
}

/// The style with an extra field, which may be refused.
pub(super) const EXTRA: usize = 3;

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// How many wrong passwords there are for comparing refusals.
pub(super) const COMPARISONS: usize = 4;

/// How many requests without an effect there are.
pub(super) const STRAYS: usize = 5;

/// The path, and whether it is posted to.
pub(super) fn stray(user: &User, markup: &str, way: usize) -> (String, bool) {
    let name = user.name.as_str();
    match way {
        0 => ("/logout".to_owned(), false),
        1 => (format!("/login?{}", encode(&[("username", name), ("password", &user.password)])), false),
        2 => (format!("/protected?{}", encode(&[("username", name), ("user", name)])), false),
        3 => ("/protected".to_owned(), true),
        _ => (format!("/login?{}", encode(&[("username", markup), ("user", markup)])), false),
    }
}

pub(super) fn stray_is_markup(way: usize) -> bool {
    way == STRAYS - 1
}

/// Replacements for a session ID: none of them opens a session.
pub(super) const UNREADABLE: [fn(&str) -> String; 5] = [
    |_| String::new(),
    |_| "x".to_owned(),
    |id| id[..id.len() - 1].to_owned(),
    |id| format!("{id}x"),
    |id| id.chars().rev().collect(),
];
