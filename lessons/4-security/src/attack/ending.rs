//! Rights that should have ended.

use futures_util::FutureExt;

use super::{Attack, Miss, Scene};
use crate::defence::{
    Defence::{FlushAtLogout, RenewOften, RolePerRequest, SaveOnlyUpdates},
    csrf::FIELD,
};

pub(super) const SHARED_COMPUTER: Attack = Attack {
    id: "shared-computer",
    chapter: "ending",
    title: "Sit down where an admin has logged out",
    why: "The article's logout takes the name out of the session and leaves the role in.",
    stopped_by: &[FlushAtLogout, RolePerRequest],
    given: &[],
    page: None,
    script: |scene| shared_computer(scene).boxed(),
};

pub(super) const DEMOTED: Attack = Attack {
    id: "demoted",
    chapter: "ending",
    title: "Stay an admin after being dismissed",
    why: "The role was copied into the session at login. There it stays, whatever the accounts say.",
    stopped_by: &[RolePerRequest],
    given: &[],
    page: None,
    script: |scene| demoted(scene).boxed(),
};

pub(super) const RESURRECTED: Attack = Attack {
    id: "resurrected",
    chapter: "ending",
    title: "Come back from the dead",
    why: "While alice logs out, a slow request of hers is still under way. It was loaded before, is saved after, and \
          brings the deleted record back, for every copy of the cookie.",
    stopped_by: &[RenewOften, SaveOnlyUpdates], // both come with saves that only update
    given: &[FlushAtLogout],
    page: None,
    script: |scene| resurrected(scene).boxed(),
};

async fn shared_computer(scene: &Scene<'_>) -> Result<bool, Miss> {
    let carol = scene.browser("carol");
    scene.log_in(&carol, "carol").await?;
    scene.submit(&carol, "/logout", &[]).await?;
    let mallory = carol.copied_by("mallory");
    scene.submit(&mallory, "/banner", &[("text", "Everything is free")]).await?;
    Ok(scene.shop.banner() == "Everything is free")
}

async fn demoted(scene: &Scene<'_>) -> Result<bool, Miss> {
    let carol = scene.browser("carol");
    scene.log_in(&carol, "carol").await?;
    scene.shop.demote("carol");
    scene.trial.event("(shop)", "carol is no admin any more");
    scene.submit(&carol, "/banner", &[("text", "I am still here")]).await?;
    Ok(scene.shop.banner() == "I am still here")
}

// ANCHOR: resurrected
async fn resurrected(scene: &Scene<'_>) -> Result<bool, Miss> {
    let (alice, mallory) = (scene.browser("alice"), scene.browser("mallory"));
    scene.log_in(&alice, "alice").await?;
    scene.buy(&alice, "a book").await?;
    mallory
        .takes_as(&format!("{}={}", scene.cookie, alice.cookie(scene.cookie).unwrap_or_default()), "copied from alice");
    let token = scene.token(&alice).await?.unwrap_or_default();
    let fields = [("item", "a slow boat"), (FIELD, token.as_str())];
    let logout = async { alice.post("/logout", &[(FIELD, token.as_str())]).await.map(drop) };
    alice.post_slowly("/wish", &fields, logout).await?;
    scene.buy(&mallory, "a yacht").await?;
    Ok(scene.shop.ordered("alice", "a yacht"))
}
// ANCHOR_END: resurrected
