//! Cookies that no answer set. Any visitor can write one, so none of them proves who the visitor is.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{Answer, Browser, Miss, Trial};

/// Names by which a site might look for who is logged in.
const WHO: [&str; 9] =
    ["username", "user", "user_name", "user_id", "name", "display_name", "login", "logged_in", "account"];

/// Checks that cookies with alice's name have no effect, neither for bob, whom this answer logged in, nor for a
/// stranger.
pub(crate) async fn say_nothing(trial: &Trial, bob: &Browser<'_>, login: &Answer) -> Result<(), Miss> {
    let ([her, his], stranger) = ([trial.users.alice(), trial.users.bob()], trial.browser("stranger"));
    claims(bob, &her.name, login);
    let page = bob.get("/protected").await?;
    let so = "bob is logged in and wrote cookies with alice's name, and the page believes one of them: any visitor can write a cookie, so only the session may say who they are";
    page.shows_not(&her.name, so)?;
    page.shows(&his.name).map_err(|miss| {
        miss.so("bob was logged in, and cookies that he wrote himself changed that: only the session may say who he is")
    })?;
    claims(&stranger, &her.name, login);
    let page = stranger.get("/protected").await?;
    let so = "a visitor without a session wrote cookies with alice's name, and one of them opens the page: only a session may say that somebody is logged in";
    page.redirects_to("/login").map_err(|miss| miss.so_if(page.is_ok().then_some(so)))
}

/// Writes this user's name into a cookie of each name under which a site might look for it. `session` is an answer
/// whose session shows which names this site uses.
pub(crate) fn claims(browser: &Browser<'_>, user: &str, session: &Answer) {
    let data = session.exchange.session.after.iter().flatten();
    let own: BTreeSet<_> = data.flat_map(|(key, value)| [vec![key.as_str()], keys(value)].concat()).collect();
    let names: BTreeSet<_> = WHO.into_iter().chain(own.into_iter().filter(|name| is_token(name))).collect();
    browser.writes(&names.into_iter().collect::<Vec<_>>(), user);
}

/// The same with cookies that might say that somebody is an admin.
pub(crate) fn claims_to_be_admin(browser: &Browser<'_>) {
    browser.writes(&["role", "roles", "user_role"], "admin");
    browser.writes(&["admin", "is_admin"], "true");
}

/// The names of the fields in this value.
fn keys(value: &Value) -> Vec<&str> {
    let fields = value.as_object().into_iter().flatten();
    fields.flat_map(|(key, value)| [vec![key.as_str()], keys(value)].concat()).collect()
}

/// Whether a cookie may have this name (RFC 6265, 4.1.1).
fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}
