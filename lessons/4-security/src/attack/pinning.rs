//! Sessions that are tied to an address and a browser, and the visitors that this stops.

use futures_util::FutureExt;

use super::{Attack, Miss, Scene};
use crate::defence::Defence::{ServerSide, SoftSignal, StepUp};

pub(super) const ROAMING: Attack = Attack {
    id: "roaming",
    chapter: "address",
    title: "Change the network and the browser version",
    why: "This is not an attack: alice's phone changes from one network to the next, and its browser was updated. A shop \
          that pins a session to address and User-Agent treats her as a thief and ends the session.",
    stopped_by: &[SoftSignal],
    given: &[ServerSide],
    page: None,
    script: |scene| roaming(scene).boxed(),
};

pub(super) const NEXT_DOOR: Attack = Attack {
    id: "next-door",
    chapter: "address",
    title: "Steal the session from behind the same router",
    why: "Everybody in a café, an office or a family has the same address, and mallory copies the User-Agent with the \
          cookie. So pinning lets mallory pass. She stops only where the shop asks for the password, because she does \
          not have it.",
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
