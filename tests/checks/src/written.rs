//! Cookies that no answer has set. Any visitor can write one, so none of them says who it is.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{Answer, Browser, Miss, Trial};

/// Names by which a site might look for who is logged in.
const WHO: [&str; 9] =
    ["username", "user", "user_name", "user_id", "name", "display_name", "login", "logged_in", "account"];

/// Cookies with alice's name say nothing: neither of bob, whom this answer has logged in in this browser, nor of a
/// stranger.
pub(crate) async fn say_nothing(trial: &Trial, bob: &Browser<'_>, login: &Answer) -> Result<(), Miss> {
    let ([her, his], stranger) = ([trial.users.alice(), trial.users.bob()], trial.browser("stranger"));
    claims(bob, &her.name, login);
    let page = bob.get("/protected").await?;
    let so = "bob is logged in, and wrote alice's name into cookies of his own; the page believes one of them: any visitor can write a cookie, so the session alone has to say who it is";
    page.shows_not(&her.name, so)?;
    page.shows(&his.name).map_err(|miss| miss.so("bob is logged in, and cookies that he wrote himself have changed that: the session alone has to say who it is"))?;
    claims(&stranger, &her.name, login);
    let page = stranger.get("/protected").await?;
    let so = "a visitor without a session wrote alice's name into cookies, and one of them opens the page: only a session may say that somebody is logged in";
    page.redirects_to("/login").map_err(|miss| miss.so_if(page.is_ok().then_some(so)))
}

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
