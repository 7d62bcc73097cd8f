//! Sessions that are tied to an address and a browser: whom it stops, and whom not.

use futures_util::FutureExt;

use super::{Attack, Miss, Scene};
use crate::defence::Defence::{ServerSide, SoftSignal, StepUp};

pub(super) const ROAMING: Attack = Attack {
    id: "roaming",
    chapter: "address",
    title: "Take a train",
    why: "No attack at all: alice's telephone changes from one network to the next, and its browser was updated. A \
          session that is pinned to address and User-Agent takes her for a thief and ends.",
    stopped_by: &[SoftSignal],
    given: &[ServerSide],
    page: None,
    script: |scene| roaming(scene).boxed(),
};

pub(super) const NEXT_DOOR: Attack = Attack {
    id: "next-door",
    chapter: "address",
    title: "Steal the session from behind the same router",
    why: "In a café, an office, a family everybody has the same address, and a User-Agent is copied with the cookie. \
          So pinning lets mallory pass. What stops her is something she does not have: the password.",
    stopped_by: &[StepUp],
    given: &[],
    page: None,
    script: |scene| next_door(scene).boxed(),
};

async fn roaming(scene: &Scene<'_>) -> Result<bool, Miss> {
    let alice = scene.browser("alice");
    alice.moves_to([192, 0, 2, 1].into(), "browser 1.0");
    scene.log_in(&alice, "alice").await?;
    alice.moves_to([198, 51, 100, 7].into(), "browser 1.1");
    scene.buy(&alice, "a ticket").await?;
    Ok(!scene.shop.ordered("alice", "a ticket"))
}

async fn next_door(scene: &Scene<'_>) -> Result<bool, Miss> {
    let alice = scene.browser("alice");
    alice.moves_to([192, 0, 2, 1].into(), "browser 1.0");
    scene.log_in(&alice, "alice").await?;
    let mallory = alice.copied_by("mallory");
    mallory.moves_to([192, 0, 2, 1].into(), "browser 1.0");
    let fields = [("email", "mallory@evil.example"), ("password", "a guess")];
    scene.submit(&mallory, "/email", &fields).await?;
    Ok(scene.shop.email("alice").as_deref() == Some("mallory@evil.example"))
}
