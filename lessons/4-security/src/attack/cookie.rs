//! The article's cookie: mallory reads it, forges it, and sends a copy after the logout.

use std::time::Duration;

use futures_util::FutureExt;
use time::OffsetDateTime;

use super::{Attack, Miss, Scene};
use crate::{
    article::{self, Data, PUBLISHED_KEY},
    defence::Defence::{RandomKey, ServerSide},
    shop::Role,
};

pub(super) const READ: Attack = Attack {
    id: "read-cookie",
    chapter: "cookie",
    title: "Read the data in the cookie",
    why: "A signature keeps data from being changed. It hides nothing: the data is base64, which needs no key.",
    stopped_by: &[ServerSide],
    given: &[],
    page: None,
    script: |scene| read(scene).boxed(),
};

pub(super) const FORGE: Attack = Attack {
    id: "forge-cookie",
    chapter: "cookie",
    title: "Forge an admin's cookie",
    why: "The key is printed in the article. Anyone who has the key can sign anything.",
    stopped_by: &[ServerSide, RandomKey],
    given: &[],
    page: None,
    script: |scene| forge(scene).boxed(),
};

pub(super) const REPLAY: Attack = Attack {
    id: "replay-after-logout",
    chapter: "cookie",
    title: "Use a copied cookie after the logout",
    why: "A logout deletes the cookie in alice's browser. Every copy still has a valid signature.",
    stopped_by: &[ServerSide],
    given: &[],
    page: None,
    script: |scene| replay(scene).boxed(),
};

async fn read(scene: &Scene<'_>) -> Result<bool, Miss> {
    let alice = scene.browser("alice");
    scene.log_in(&alice, "alice").await?;
    // From a log, a proxy or alice's screen.
    let cookies = [article::COOKIE, scene.cookie].map(|name| alice.cookie(name).unwrap_or_default());
    let read = cookies.iter().filter_map(|cookie| article::read(cookie)).filter(|data| !data.is_empty());
    let read: Vec<_> = read.collect();
    read.iter().for_each(|data| scene.trial.event("mallory", &format!("reads in a cookie: {data}")));
    Ok(read.iter().any(|data| data.contains("alice")))
}

// ANCHOR: forge
async fn forge(scene: &Scene<'_>) -> Result<bool, Miss> {
    let mallory = scene.browser("mallory");
    let data = Data { username: "carol".to_owned(), role: Role::Admin };
    let signed = article::sign(PUBLISHED_KEY, &data, OffsetDateTime::now_utc());
    mallory.takes_as(&format!("{}={signed}", article::COOKIE), "signed with the published key");
    scene.submit(&mallory, "/banner", &[("text", "Everything is free")]).await?;
    Ok(scene.shop.banner() == "Everything is free")
}
// ANCHOR_END: forge

async fn replay(scene: &Scene<'_>) -> Result<bool, Miss> {
    let alice = scene.browser("alice");
    scene.log_in(&alice, "alice").await?;
    let mallory = alice.copied_by("mallory");
    scene.submit(&alice, "/logout", &[]).await?;
    scene.trial.skip(Duration::from_secs(60));
    scene.buy(&mallory, "a yacht").await?;
    Ok(scene.shop.ordered("alice", "a yacht"))
}
