//! A script of mallory's that runs on the shop's own page.

use checks::Answer;
use futures_util::FutureExt;

use super::{Attack, Miss, Scene};
use crate::defence::Defence::{Escape, Headers, HttpOnly};

pub(super) const RIDE: Attack = Attack {
    id: "xss-ride",
    chapter: "scripts",
    title: "Write a note that buys in its reader's name",
    why: "A script on the page sends its requests from the page itself: with the cookie, the right origin, and the \
          token from the form beside it. HttpOnly does not help, because nothing is stolen.",
    stopped_by: &[Escape, Headers],
    given: &[],
    page: Some("/notes"),
    script: |scene| ride(scene).boxed(),
};

pub(super) const STEAL: Attack = Attack {
    id: "xss-steal",
    chapter: "scripts",
    title: "Write a note that sends the reader's cookie",
    why: "Every script on the page can read a cookie without HttpOnly in document.cookie.",
    stopped_by: &[Escape, Headers, HttpOnly],
    given: &[],
    page: Some("/notes"),
    script: |scene| steal(scene).boxed(),
};

/// Replaces the real notes of [`evil`](crate::evil), because this process does not run scripts.
const NOTE: &str = "Nice shop!<script>/* mallory's */</script>";

async fn ride(scene: &Scene<'_>) -> Result<bool, Miss> {
    let alice = scene.browser("alice");
    if runs(&alice_reads(scene, &alice).await?) {
        scene.buy(&alice, "a yacht").await?;
    }
    Ok(scene.shop.ordered("alice", "a yacht"))
}

async fn steal(scene: &Scene<'_>) -> Result<bool, Miss> {
    let (alice, mallory) = (scene.browser("alice"), scene.browser("mallory"));
    if runs(&alice_reads(scene, &alice).await?) {
        alice
            .document_cookie()
            .split("; ")
            .filter(|cookie| cookie.contains('='))
            .for_each(|cookie| mallory.takes_as(cookie, "sent by the script on alice's page"));
    }
    scene.buy(&mallory, "a yacht").await?;
    Ok(scene.shop.ordered("alice", "a yacht"))
}

async fn alice_reads(scene: &Scene<'_>, alice: &checks::Browser<'_>) -> Result<Answer, Miss> {
    let author = scene.browser("mallory");
    scene.log_in(&author, "mallory").await?;
    scene.submit(&author, "/note", &[("text", NOTE)]).await?;
    scene.log_in(alice, "alice").await?;
    alice.get("/").await
}

/// Whether a browser would run the script: the page contains it as markup, and no policy forbids it. The tests in a
/// real browser have the same results.
fn runs(page: &Answer) -> bool {
    page.body.contains(NOTE) && !page.headers.contains_key("content-security-policy")
}
