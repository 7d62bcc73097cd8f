//! No visitor acts as another: not at the same moment, and not with a cookie of theirs.

use session_inspector::Operation;

use super::{ADMIN, DASHBOARD, FORBIDDEN, is_forbidden, logs_in, path};
use crate::{Answer, Browser, Miss, Trial, User, infer};

/// Why visitors have to be told apart.
const APART: &str =
    "each request brings its own session, and a value that the whole program shares belongs to whoever came last";

/// Why only a session says who a visitor is.
const COPIED: &str = "a browser sends back any cookie that its user writes, and only a session ID cannot be guessed";

/// Two visitors ask for a page at the same moment, and each gets their own.
pub(super) async fn do_not_mix_at_once(trial: &Trial) -> Result<(), Miss> {
    trial.log().begin_anew();
    let [alice, bob] = ["alice", "bob"].map(|who| trial.browser(who));
    let [her, his] = [trial.users.alice(), trial.users.bob()];
    logs_in(&alice, her).await?;
    logs_in(&bob, his).await?;
    let [hers, own] = trial.meet(Operation::Load, alice.get(DASHBOARD), bob.get(DASHBOARD)).await?;
    is_own(&hers, her, his)?;
    is_own(&own, his, her)?;
    // It changes nothing, whoever asks: carol is a user.
    let demotion = path(&trial.users.carol().name, "demote");
    if bob.post(&demotion, &[]).await?.status != FORBIDDEN {
        return Ok(()); // another requirement is about that
    }
    let [_, refused] = trial.meet(Operation::Load, alice.get(ADMIN), bob.post(&demotion, &[])).await?;
    let so = "bob is a user, and the site answered his request as if he were alice, who sent one at the same moment";
    is_forbidden(&refused, so).map_err(|miss| miss.why(APART))
}

fn is_own(page: &Answer, own: &User, other: &User) -> Result<(), Miss> {
    let mixed = || infer::mixed(page, &own.name, &other.name);
    page.shows(&own.name).map_err(|miss| miss.so_if(mixed()).why(APART))?;
    page.lacks(&other.name).map_err(|miss| miss.so_if(mixed()).why(APART))
}

/// A cookie beside the one of the session says nothing about its sender: bob can copy what alice's says.
pub(super) async fn do_not_act_by_a_copied_cookie(trial: &Trial) -> Result<(), Miss> {
    trial.log().begin_anew();
    let [alice, bob] = ["alice", "bob"].map(|who| trial.browser(who));
    let her = trial.users.alice();
    let login = logs_in(&alice, her).await?;
    logs_in(&bob, trial.users.bob()).await?;
    if !takes_the_others(trial, &bob, &alice) {
        return Ok(());
    }
    let page = bob.get(DASHBOARD).await?;
    if has_the_session_of(&page, &login) {
        return Ok(()); // whoever has all of her cookies has her session
    }
    let so = "bob has his own session and a copy of another cookie of alice's, and the dashboard believes that cookie: any visitor can write a cookie, so only the session may say who they are";
    page.shows_not(&her.name, so).map_err(|miss| miss.why(COPIED))?;
    let page = bob.get(ADMIN).await?;
    let so = "bob is a user; he has his own session and a copy of another cookie of alice's, and the page for admins believes that cookie";
    page.has_status(FORBIDDEN).map_err(|miss| miss.so_if(page.is_ok().then_some(so)).why(COPIED))
}

/// Whether there was anything to take: cookies of hers that carry no session ID and are not as his.
fn takes_the_others(trial: &Trial, bob: &Browser<'_>, alice: &Browser<'_>) -> bool {
    let is_hers = |(name, value): &(String, String)| {
        !trial.carries_an_id(value) && bob.cookie(name).is_none_or(|own| own != *value)
    };
    let hers: Vec<_> = alice.cookies().into_iter().filter(is_hers).collect();
    hers.iter().for_each(|(name, value)| bob.takes_as(&format!("{name}={value}"), "copied from alice"));
    !hers.is_empty()
}

/// Whether this answer was given to the session that the other one left.
fn has_the_session_of(page: &Answer, login: &Answer) -> bool {
    let hers = &login.exchange.calls;
    page.exchange.calls.iter().any(|call| hers.iter().any(|left| left.id == call.id))
}
