//! Another part of the site that keeps data of its own in the same session.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{Answer, Browser, Miss, Trial};

/// Gives `browser` a session in which another part of the site keeps data, in place of the one that `written` wrote.
/// `false` if nobody can plant an ID, because the cookie is signed.
pub(crate) async fn moves_in(trial: &Trial, browser: &Browser<'_>, written: &Answer) -> bool {
    let Some(id) = written.exchange.calls.iter().map(|call| &call.id).find(|id| browser.holds(id)) else {
        return false;
    };
    browser.plant(
        id,
        &trial.plant().await.to_string(),
        "has a session in which another part of the site keeps `planted`",
    );
    true
}

/// Keys under which a site keeps who is logged in, and others of its data.
const KEYS: [&str; 5] = ["username", "user", "user_id", "theme", "cart"];
/// What another part keeps under a key of its own beside those of the answer.
const ITS_OWN: &str = "of another part";

/// Lets another part of the site write data of its own into the session that `written` wrote, under common keys and
/// under some that begin like the answer's. `false` if there is no such session.
pub(crate) async fn joins(trial: &Trial, written: &Answer) -> bool {
    let own = written.exchange.session.after.iter().flatten().map(|(key, _)| key.as_str());
    let similar = own.clone().flat_map(|key| ["s", "2", "_note"].map(|end| format!("{key}{end}")));
    let keys: BTreeSet<_> = similar.chain(KEYS.map(str::to_owned)).collect();
    let own: BTreeSet<_> = own.collect();
    let data = keys.into_iter().filter(|key| !own.contains(key.as_str())).map(|key| (key, Value::from(ITS_OWN)));
    trial.writes_beside(written, data.collect()).await
}

/// Checks that this data is still there after this answer.
pub(crate) fn stays(answer: &Answer) -> Result<(), Miss> {
    if answer.exchange.calls.is_empty() {
        return Ok(());
    }
    let [before, after] = [&answer.exchange.session.before, &answer.exchange.session.after];
    let after = after.clone().unwrap_or_default();
    let beside = before.iter().flatten().filter(|(_, value)| *value == ITS_OWN).map(|(key, _)| key.as_str());
    let planted = before.as_ref().is_none_or(|data| data.contains_key(Trial::PLANTED)).then_some(Trial::PLANTED);
    let is_its_own = |value: &Value| *value == ITS_OWN || *value == Value::Bool(true);
    let Some(key) = planted.into_iter().chain(beside).find(|key| !after.get(*key).is_some_and(is_its_own)) else {
        return Ok(());
    };
    let did = if after.contains_key(key) { "overwrote it" } else { "removed it from the session" };
    let holds = serde_json::to_string(&after).unwrap_or_default();
    let miss = answer.miss(format!("a session that still holds `{key}`"), format!("a session that holds {holds}"));
    Err(miss.so(format!(
        "`{key}` belongs to another part of the site, as a login would, and {} {} {did}",
        answer.method, answer.path
    )))
}
