//! Cookies that no answer has set. Any visitor can write one, so none of them says who it is.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{Answer, Browser};

/// Names by which a site might look for who is logged in.
const WHO: [&str; 9] =
    ["username", "user", "user_name", "user_id", "name", "display_name", "login", "logged_in", "account"];

/// This browser has a cookie for each name by which a site might look for its user, with this one in it. `session` is an
/// answer whose session shows what this site calls things.
pub(crate) fn claims(browser: &Browser<'_>, user: &str, session: &Answer) {
    let data = session.exchange.session.after.iter().flatten();
    let own: BTreeSet<_> = data.flat_map(|(key, value)| [vec![key.as_str()], keys(value)].concat()).collect();
    let names: BTreeSet<_> = WHO.into_iter().chain(own.into_iter().filter(|name| is_token(name))).collect();
    browser.writes(&names.into_iter().collect::<Vec<_>>(), user);
}

/// The same of what an admin might be known by.
pub(crate) fn claims_to_be_admin(browser: &Browser<'_>) {
    browser.writes(&["role", "roles", "user_role"], "admin");
    browser.writes(&["admin", "is_admin"], "true");
}

/// The names of the fields in this value.
fn keys(value: &Value) -> Vec<&str> {
    let fields = value.as_object().into_iter().flatten();
    fields.flat_map(|(key, value)| [vec![key.as_str()], keys(value)].concat()).collect()
}

/// Whether a cookie may be called so (RFC 6265, 4.1.1).
fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}
