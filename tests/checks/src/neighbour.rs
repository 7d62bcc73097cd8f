//! Another part of the site that keeps data of its own in the same session.

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

/// Checks that this data is still there after this answer.
pub(crate) fn stays(answer: &Answer) -> Result<(), Miss> {
    let data = answer.exchange.session.after.clone().unwrap_or_default();
    let did = match data.get(Trial::PLANTED) {
        _ if answer.exchange.calls.is_empty() => return Ok(()),
        Some(Value::Bool(true)) => return Ok(()),
        Some(_) => "overwrote it",
        None => "removed it from the session",
    };
    let holds = serde_json::to_string(&data).unwrap_or_default();
    let expected = format!("a session that still holds `{}`", Trial::PLANTED);
    let miss = answer.miss(expected, format!("a session that holds {holds}"));
    Err(miss.so(format!(
        "`{}` belongs to another part of the site, as a login would, and {} {} {did}",
        Trial::PLANTED,
        answer.method,
        answer.path
    )))
}
