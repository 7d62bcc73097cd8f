//! GET and HEAD are for reading (RFC 9110, 9.2.1): whoever sends one has asked for no change.

use session_inspector::Operation;

use crate::{Answer, Browser, Miss};

/// Addresses that browsers and crawlers ask for and that no exercise has.
const NOWHERE: [&str; 2] = ["/favicon.ico", "/no/such/page"];

/// A parameter by which some frameworks let an address say what the method is to be.
const OVERRIDE: &str = "_method=POST";

/// A visitor without a session who asks for these paths, or for some that are not there, has none afterwards.
pub(crate) async fn opens_no_session(stranger: &Browser<'_>, paths: &[&str]) -> Result<(), Miss> {
    for path in paths.iter().chain(&NOWHERE) {
        for answer in read(stranger, path).await? {
            if answer.calls_for(Operation::Create) || answer.calls_for(Operation::Save) {
                let Answer { method, path, .. } = &answer;
                let miss = answer.miss("no session for a visitor who only reads", "a session");
                return Err(miss.so(format!("{method} {path} put a session into the store for a visitor who had none")));
            }
        }
    }
    Ok(())
}

/// The same for somebody whose browser has the ID of a session that is gone. `set` is an answer by which this browser
/// got the ID of a session.
pub(crate) async fn opens_none_for_a_stale_cookie(
    browser: &Browser<'_>,
    set: &Answer,
    paths: &[&str],
) -> Result<(), Miss> {
    let stale = browser.copied_by("stale");
    for call in set.exchange.calls.iter().filter(|call| browser.holds(&call.id)) {
        stale.plant_stale(&call.id);
    }
    opens_no_session(&stale, paths).await
}

/// This visitor asks for these paths.
pub(crate) async fn asks(browser: &Browser<'_>, paths: &[&str]) -> Result<(), Miss> {
    for path in paths {
        read(browser, path).await?;
    }
    Ok(())
}

/// The session of this visitor is the same after asking for these paths.
pub(crate) async fn changes_nothing(browser: &Browser<'_>, paths: &[&str]) -> Result<(), Miss> {
    for path in paths {
        for answer in read(browser, path).await? {
            if answer.calls_for(Operation::Delete) || !answer.exchange.session.changes.is_empty() {
                let method = &answer.exchange.request.method;
                let miss = answer.miss("the session as it was", format!("{method} {} changed it", answer.path));
                return Err(miss.so(what_reading_did(&answer)));
            }
        }
    }
    Ok(())
}

/// Asks for this path in every way that only reads, and for what its page has links and forms to that only read.
pub(crate) async fn read(browser: &Browser<'_>, path: &str) -> Result<Vec<Answer>, Miss> {
    let page = browser.get(path).await?;
    let head = browser.head(path).await?;
    let sign = if path.contains('?') { '&' } else { '?' };
    let mut answers = vec![browser.get(&format!("{path}{sign}{OVERRIDE}")).await?];
    for address in page.leads_to() {
        answers.push(browser.get(&address).await?);
    }
    Ok([page, head].into_iter().chain(answers).collect())
}

/// What a request that should only read did to the session.
pub(crate) fn what_reading_did(answer: &Answer) -> String {
    let Answer { method, path, .. } = answer;
    let did = if answer.calls_for(Operation::Delete) { "ended the session" } else { "wrote to the session" };
    format!("{method} {path} {did}, and a link on any page can make a browser send it")
}
