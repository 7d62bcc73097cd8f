//! Permissions that should have ended.

use futures_util::FutureExt;

use super::{Attack, Miss, Scene};
use crate::defence::{
    Defence::{FlushAtLogout, RenewOften, RolePerRequest, SaveOnlyUpdates},
    csrf::FIELD,
};

pub(super) const SHARED_COMPUTER: Attack = Attack {
    id: "shared-computer",
    chapter: "ending",
    title: "Use a browser where an admin has logged out",
    why: "The article's logout removes the name from the session, and leaves the role there.",
    stopped_by: &[FlushAtLogout, RolePerRequest],
    given: &[],
    page: None,
    script: |scene| shared_computer(scene).boxed(),
};

pub(super) const DEMOTED: Attack = Attack {
    id: "demoted",
    chapter: "ending",
    title: "Stay an admin after losing the role",
    why: "The login copied the role into the session. The copy stays there when the role in the account changes.",
    stopped_by: &[RolePerRequest],
    given: &[],
    page: None,
    script: |scene| demoted(scene).boxed(),
};

pub(super) const RESURRECTED: Attack = Attack {
    id: "resurrected",
    chapter: "ending",
    title: "Bring back a session after its logout",
    why: "While alice logs out, a slow request of hers is still running. It loaded the session before the logout. It \
          saves the session after the logout, and so restores the deleted record for every copy of the cookie.",
    stopped_by: &[RenewOften, SaveOnlyUpdates], // both include saves that only update
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
    scene.trial.event("(shop)", "carol is no longer an admin");
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
