//! Guessing passwords and user names.

use futures_util::FutureExt;

use super::{Attack, Miss, Scene};
use crate::defence::{
    Defence::{DeviceCookie, DummyHash, Throttle},
    csrf::FIELD,
};

pub(super) const PASSWORD: Attack = Attack {
    id: "guess-password",
    chapter: "guessing",
    title: "Try the most common passwords",
    why: "A program can try thousands of passwords in an hour, and many people choose one of the most common.",
    stopped_by: &[Throttle],
    given: &[],
    page: None,
    script: |scene| password(scene).boxed(),
};

pub(super) const USERS: Attack = Attack {
    id: "find-users",
    chapter: "guessing",
    title: "Find out who has an account",
    why: "A password check is slow on purpose. If the shop skips the check because there is no such user, it answers \
          sooner, and an attacker can measure the difference over the network.",
    stopped_by: &[DummyHash],
    given: &[],
    page: None,
    script: |scene| users(scene).boxed(),
};

pub(super) const LOCK_OUT: Attack = Attack {
    id: "lock-out",
    chapter: "guessing",
    title: "Lock a user out",
    why: "A shop that counts wrong passwords has to refuse some attempts, and mallory decides whose: a hundred guesses \
          from twenty addresses use up all the attempts of an account.",
    stopped_by: &[DeviceCookie],
    given: &[Throttle],
    page: None,
    script: |scene| lock_out(scene).boxed(),
};

/// Common passwords from stolen databases, the most frequent first.
const COMMON: [&str; 20] = [
    "123456",
    "password",
    "123456789",
    "12345",
    "qwerty",
    "111111",
    "abc123",
    "iloveyou",
    "admin",
    "welcome",
    "monkey",
    "login",
    "princess",
    "dragon",
    "letmein",
    "football",
    "sunshine",
    "master",
    "shadow",
    "hello",
];

async fn password(scene: &Scene<'_>) -> Result<bool, Miss> {
    let mallory = scene.browser("mallory");
    let token = scene.token(&mallory).await?.unwrap_or_default();
    for guess in COMMON {
        mallory.post("/login", &[("username", "alice"), ("password", guess), (FIELD, &token)]).await?;
    }
    scene.buy(&mallory, "a yacht").await?;
    Ok(scene.shop.ordered("alice", "a yacht"))
}

// ANCHOR: lock_out
/// Alice has logged in with this browser before. Mallory has twenty addresses, with five guesses for each.
async fn lock_out(scene: &Scene<'_>) -> Result<bool, Miss> {
    let (alice, mallory) = (scene.browser("alice"), scene.browser("mallory"));
    scene.log_in(&alice, "alice").await?;
    scene.submit(&alice, "/logout", &[]).await?;
    let token = scene.token(&mallory).await?.unwrap_or_default();
    for address in 0..20 {
        mallory.moves_to([10, 0, 0, address].into(), "a bot");
        for _ in 0..5 {
            mallory.post("/login", &[("username", "alice"), ("password", "a guess"), (FIELD, &token)]).await?;
        }
    }
    scene.log_in(&alice, "alice").await?;
    scene.buy(&alice, "a kite").await?;
    Ok(!scene.shop.ordered("alice", "a kite"))
}
// ANCHOR_END: lock_out

// ANCHOR: users
/// Counts the password checks, because a test of their time would be unreliable.
async fn users(scene: &Scene<'_>) -> Result<bool, Miss> {
    let mallory = scene.browser("mallory");
    let mut seen = Vec::new();
    for username in ["alice", "nobody"] {
        let before = scene.shop.passwords().checked();
        let answer = scene.submit(&mallory, "/login", &[("username", username), ("password", "?")]).await?;
        let checked = scene.shop.passwords().checked() - before;
        scene.trial.event("(shop)", &format!("hashes made for {username}: {checked}"));
        seen.push((answer.status, answer.body, checked));
    }
    Ok(seen[0] != seen[1])
}
// ANCHOR_END: users
