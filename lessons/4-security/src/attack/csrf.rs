//! Requests that alice's browser sends although she did not intend them.

use futures_util::FutureExt;

use super::{Attack, EVIL, Miss, Scene};
use crate::{
    defence::Defence::{CsrfToken, OriginCheck, PostOnly, SameSite},
    shop::ACCOUNTS,
};

pub(super) const BY_LINK: Attack = Attack {
    id: "csrf-by-link",
    chapter: "csrf",
    title: "Let alice follow a link that buys",
    why: "A link on any page can lead to any address. SameSite=Lax lets the browser send the cookie with it, because \
          otherwise a visitor who follows a link would seem to be logged out. So a GET must not change anything.",
    stopped_by: &[PostOnly],
    given: &[],
    page: Some("/csrf-by-link"),
    script: |scene| by_link(scene).boxed(),
};

pub(super) const BY_FORM: Attack = Attack {
    id: "csrf-by-form",
    chapter: "csrf",
    title: "Let alice press a button that buys",
    why: "A form on any page can be sent to any address, and its button can say anything.",
    stopped_by: &[SameSite, OriginCheck, CsrfToken],
    given: &[],
    page: Some("/csrf-by-form"),
    script: |scene| by_form(scene).boxed(),
};

pub(super) const LOGIN: Attack = Attack {
    id: "login-csrf",
    chapter: "csrf",
    title: "Log alice in as mallory",
    why: "The login form is a form, too. Alice's next actions are in mallory's account, where mallory can read them. \
          The attack needs no cookie of alice's, so SameSite does not matter.",
    stopped_by: &[OriginCheck, CsrfToken],
    given: &[],
    page: Some("/login-csrf"),
    script: |scene| login(scene).boxed(),
};

async fn by_link(scene: &Scene<'_>) -> Result<bool, Miss> {
    let alice = scene.browser("alice");
    scene.log_in(&alice, "alice").await?;
    alice.get_from(EVIL, "/buy?item=a+yacht").await?;
    Ok(scene.shop.ordered("alice", "a yacht"))
}

// ANCHOR: by_form
async fn by_form(scene: &Scene<'_>) -> Result<bool, Miss> {
    let alice = scene.browser("alice");
    scene.log_in(&alice, "alice").await?;
    alice.post_from(EVIL, "/buy", &[("item", "a yacht")]).await?;
    Ok(scene.shop.ordered("alice", "a yacht"))
}
// ANCHOR_END: by_form

async fn login(scene: &Scene<'_>) -> Result<bool, Miss> {
    let alice = scene.browser("alice");
    let (username, password, _) = ACCOUNTS[3];
    alice.post_from(EVIL, "/login", &[("username", username), ("password", password)]).await?;
    scene.buy(&alice, "a diary").await?;
    Ok(scene.shop.ordered("mallory", "a diary"))
}
