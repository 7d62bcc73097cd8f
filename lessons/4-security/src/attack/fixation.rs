//! Session IDs that mallory knows, and the moment when they become useless to her.

use std::time::Duration;

use futures_util::FutureExt;

use super::{Attack, Miss, Scene};
use crate::defence::Defence::{CsrfToken, FlushAtLogout, HostPrefix, RenewAtLogin, RenewOften, SaveOnlyUpdates};

pub(super) const PLANTED: Attack = Attack {
    id: "planted-id",
    chapter: "fixation",
    title: "Plant a session ID before the login",
    why: "Mallory lets the shop give her a session, puts its ID into alice's browser and waits for alice to log in. \
          If the ID stays the same, mallory is logged in, too.",
    stopped_by: &[RenewAtLogin],
    given: &[],
    page: None,
    script: |scene| planted(scene).boxed(),
};

pub(super) const ADOPTED: Attack = Attack {
    id: "adopted-id",
    chapter: "fixation",
    title: "Plant a session ID that mallory invented",
    why: "tower-sessions accepts only IDs that its store knows. But `clear()`, called before anything has read the \
          session, saves an empty session under the ID from the cookie, whatever that ID is.",
    stopped_by: &[RenewAtLogin, FlushAtLogout, CsrfToken, RenewOften, SaveOnlyUpdates],
    given: &[],
    page: None,
    script: |scene| adopted(scene).boxed(),
};

pub(super) const TOSSED: Attack = Attack {
    id: "tossed-session",
    chapter: "fixation",
    title: "Toss a session cookie from a neighboring host",
    why: "Any host of a domain may set cookies for all of it. Mallory has a page beside the shop, and puts her own \
          session into alice's browser, even when alice is logged in. From then on alice acts in mallory's account. \
          The server cannot see who set a cookie. Its parser may also read %5F_Host-shop as __Host-shop, which no \
          browser does.",
    stopped_by: &[HostPrefix],
    given: &[],
    page: Some("/tossed-session"),
    script: |scene| tossed(scene).boxed(),
};

pub(super) const OLD_COPY: Attack = Attack {
    id: "old-copy",
    chapter: "renewal",
    title: "Use a copied ID later in the day",
    why: "A copy of an ID that never changes works for as long as the session lasts. The article's \
          regenerate_session() does not change the ID.",
    stopped_by: &[RenewOften],
    given: &[],
    page: None,
    script: |scene| old_copy(scene).boxed(),
};

// ANCHOR: planted
async fn planted(scene: &Scene<'_>) -> Result<bool, Miss> {
    let (mallory, alice) = (scene.browser("mallory"), scene.browser("alice"));
    scene.submit(&mallory, "/wish", &[("item", "a fool")]).await?;
    let id = mallory.cookie(scene.cookie).unwrap_or_default();
    // Mallory sets the cookie at a computer that both use.
    alice.takes_as(&format!("{}={id}", scene.cookie), "planted by mallory");
    scene.log_in(&alice, "alice").await?;
    scene.buy(&mallory, "a yacht").await?;
    Ok(scene.shop.ordered("alice", "a yacht"))
}
// ANCHOR_END: planted

async fn adopted(scene: &Scene<'_>) -> Result<bool, Miss> {
    let (mallory, alice) = (scene.browser("mallory"), scene.browser("alice"));
    let made_up = format!("{}=AAAAAAAAAAAAAAAAAAAAAA", scene.cookie);
    mallory.takes_as(&made_up, "made up");
    mallory.post("/clear_session", &[]).await?;
    alice.takes_as(&made_up, "planted by mallory");
    scene.log_in(&alice, "alice").await?;
    scene.buy(&mallory, "a yacht").await?;
    Ok(scene.shop.ordered("alice", "a yacht"))
}

// ANCHOR: tossed
async fn tossed(scene: &Scene<'_>) -> Result<bool, Miss> {
    let (mallory, alice) = (scene.browser("mallory"), scene.browser("alice"));
    scene.log_in(&mallory, "mallory").await?;
    scene.log_in(&alice, "alice").await?;
    let id = mallory.cookie(scene.cookie).unwrap_or_default();
    // Where a browser refuses the name, a cookie parser may still accept its encoded form.
    for name in [scene.cookie.to_owned(), encoded(scene.cookie)] {
        alice.takes_from_neighbour(&format!("{name}={id}; Domain=localhost; Path=/; Secure"));
    }
    scene.buy(&alice, "a diary").await?;
    Ok(scene.shop.ordered("mallory", "a diary"))
}

/// Returns the name with its first letter percent-encoded.
pub(crate) fn encoded(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    format!("%{:02X}{rest}", first.as_bytes()[0])
}
// ANCHOR_END: tossed

async fn old_copy(scene: &Scene<'_>) -> Result<bool, Miss> {
    const MINUTE: Duration = Duration::from_secs(60);
    let (mallory, alice) = (scene.browser("mallory"), scene.browser("alice"));
    scene.log_in(&alice, "alice").await?;
    scene.buy(&alice, "a book").await?;
    mallory
        .takes_as(&format!("{}={}", scene.cookie, alice.cookie(scene.cookie).unwrap_or_default()), "copied from alice");
    scene.trial.skip(16 * MINUTE);
    scene.buy(&alice, "a lamp").await?;
    scene.trial.skip(MINUTE);
    scene.buy(&mallory, "a yacht").await?;
    Ok(scene.shop.ordered("alice", "a yacht"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoded_name_is_another_one_that_decodes_to_it() {
        assert_eq!(encoded("__Host-shop"), "%5F_Host-shop");
    }
}
