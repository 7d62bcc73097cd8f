//! Rules that hold for every exchange of every check, whichever requirement the check is about.
//!
//! A scene looks for one thing. A monitor looks at every exchange of a scene, and so finds the same mistake in a
//! refusal, on an error page or with a stale cookie.

use std::collections::{BTreeMap, HashSet};

use axum::http::{HeaderValue, Method, StatusCode, header::SET_COOKIE};
use serde_json::Value;
use session_inspector::{Operation, Outcome, SetCookie};
use tower_sessions::session::Id;

use crate::{
    Answer, Miss, SUITES, Trial,
    canary::{Canary, TOLD},
    infer::{self, mentions},
    reading,
    trial::Sent,
};

/// Why a refused request has to leave the session alone.
const REFUSED_WHY: &str =
    "the next request acts on what the session holds: after a refused login, it would be logged in as somebody else";

/// A rule, and the check of the requirement that it belongs to.
pub struct Monitor {
    /// The check that fails if the rule is broken, in whichever check that happens.
    pub check: &'static str,
    /// Looks at one answer, and returns what is wrong with it.
    pub watch: fn(&Trial, &Answer) -> Result<(), Miss>,
}

/// A rule that was broken while another check was played.
#[derive(Clone, Debug)]
pub(crate) struct Noticed {
    /// The check whose requirement it breaks.
    pub(crate) check: &'static str,
    pub(crate) miss: Miss,
    /// The requests until then.
    pub(crate) sent: Vec<Sent>,
    /// What every name contained meanwhile, if anything.
    pub(crate) canary: Option<Canary>,
}

impl Noticed {
    /// For another process.
    pub(crate) fn told(&self) -> (String, Miss, Vec<Sent>) {
        (self.check.to_owned(), self.miss.clone(), self.sent.clone())
    }

    /// What another process has noticed; nothing if no exercise has such a check.
    pub(crate) fn resumed((check, miss, sent): (String, Miss, Vec<Sent>)) -> Option<Self> {
        let check = SUITES.iter().flat_map(|suite| suite.checks).find(|known| known.id == check)?.id;
        Some(Self { check, miss, sent, canary: None })
    }
}

/// No answer is a 5xx, whatever was asked.
pub(crate) fn no_failure(_: &Trial, answer: &Answer) -> Result<(), Miss> {
    match answer.status.is_server_error() {
        true => Err(answer.miss("an answer that is not a 5xx", answer.in_short())),
        false => Ok(()),
    }
}

/// No cookie but the one with the session's ID holds a word of this run, such as the name of an item.
pub(crate) fn cookies_tell_no_words(trial: &Trial, answer: &Answer) -> Result<(), Miss> {
    let word = &trial.users.secrets().suffix;
    let mut cookies = answer.exchange.response.set_cookies.iter();
    match cookies.find(|cookie| !trial.carries_an_id(&cookie.value) && word.is_in(&cookie.value)) {
        Some(cookie) => {
            let sent = format!("{}={}", cookie.name, cookie.value);
            Err(answer.miss("no item in any cookie but the one with the session ID", sent))
        }
        None => Ok(()),
    }
}

/// No password of an account is in a session, a cookie, an address, a header or a page.
pub(crate) fn no_password(trial: &Trial, answer: &Answer) -> Result<(), Miss> {
    for password in &trial.users.secrets().passwords {
        let is_in = |text: &str| password.is_in(text);
        let response = &answer.exchange.response;
        let header = answer.headers.iter().find(|(_, value)| is_in(&String::from_utf8_lossy(value.as_bytes())));
        let session = || answer.exchange.session.after.iter().flatten();
        let in_session = session().find(|(key, value)| is_in(key) || password.is_told_by(value));
        let in_two = |half: &str| session().any(|(key, value)| key.contains(half) || mentions(value, half));
        let place = if let Some((key, _)) = in_session {
            if is_in(key) { "in a key of the session".to_owned() } else { format!("in the session, under `{key}`") }
        } else if password.is_split(in_two) {
            "in the session, in two parts".to_owned()
        } else if password.is_in_pieces(session().map(|(_, value)| value)) {
            "in the session, in pieces".to_owned()
        } else if let Some(cookie) = response.set_cookies.iter().find(|cookie| is_in(&cookie.value)) {
            format!("in cookie `{}`", cookie.name)
        } else if password.is_split(|half| response.set_cookies.iter().any(|cookie| cookie.value.contains(half))) {
            "in the cookies, in two parts".to_owned()
        } else if response.location.as_deref().is_some_and(is_in) {
            "in an address".to_owned()
        } else if let Some((name, _)) = header {
            format!("in the header `{name}`")
        } else if is_in(&answer.body) {
            "in the page".to_owned()
        } else {
            continue;
        };
        let miss = answer.miss("the password nowhere", format!("the password {place}"));
        return Err(
            miss.so(format!("the password is {place}; a login compares it once, and nothing needs it after that"))
        );
    }
    Ok(())
}

/// Names and words are text on every page, and never markup.
pub(crate) fn names_are_text(canary: &Canary, answer: &Answer) -> Result<(), Miss> {
    let Some(so) = canary.hatched(&answer.body).filter(|_| answer.is_page()) else { return Ok(()) };
    let miss =
        answer.miss("names and words that are text on the page", format!("markup: {}", canary.excerpt(&answer.body)));
    Err(miss
        .explained(format!("in this scene the names contain `\"`, `'`, `<`, `>` and `&`, shown here as {TOLD}; {so}")))
}

/// A GET or HEAD without a session, or with the ID of none, opens none.
pub(crate) fn reading_opens_no_session(_: &Trial, answer: &Answer) -> Result<(), Miss> {
    let opened = answer.calls_for(Operation::Create) || answer.calls_for(Operation::Save);
    if !is_read(answer) || !opened || answer.exchange.session.before.is_some() {
        return Ok(());
    }
    let asked = format!("{} {} opened a session", answer.method, answer.path);
    let so = match answer.exchange.request.cookies.is_empty() {
        true => format!("{asked} for a visitor who had none: every crawler and link preview gets one"),
        false => format!("{asked} for a cookie whose session is gone or never existed"),
    };
    Err(answer.miss("no session for a visitor who only reads", asked).so(so))
}

/// Only a visitor who logs in gets a session. A cookie that leads to none may be left from a login: the store may hold
/// a note about its end.
pub(crate) fn a_stranger_leaves_nothing(trial: &Trial, answer: &Answer) -> Result<(), Miss> {
    let Answer { method, path, exchange, .. } = answer;
    let opened = answer.calls_for(Operation::Create) || answer.calls_for(Operation::Save);
    let after = exchange.session.after.as_ref();
    let is_in = || trial.users.names().iter().any(|name| names(after, name));
    let has_no_cookie = exchange.request.cookies.is_empty();
    let is_note = !has_no_cookie && after.is_some_and(|data| !data.is_empty());
    if !opened || exchange.session.before.is_some() || is_note || is_in() {
        return Ok(());
    }
    let sent = if has_no_cookie { "without a cookie" } else { "with a cookie whose session is gone" };
    let miss = answer.miss("nothing in the store for a visitor who is not logged in", "a session");
    Err(miss.explained(format!(
        "{method} {path} was sent {sent}, logged nobody in, and left a session in the store: anyone who repeats it fills the store"
    ))
    .why("a store that takes something from every stranger is filled by one who repeats a request"))
}

/// A GET or HEAD logs nobody in or out, and opens no session. Part of the site may count visits in a session.
pub(crate) fn reading_logs_nobody_in_or_out(trial: &Trial, answer: &Answer) -> Result<(), Miss> {
    reading_opens_no_session(trial, answer)?;
    if is_read(answer) && (ended(trial, answer) || comes_or_goes(trial, answer).is_some()) {
        let changed = format!("{} {} changed it", answer.method, answer.path);
        return Err(answer.miss("the session as it was", changed).so(reading::what_reading_did(answer)));
    }
    Ok(())
}

/// A GET or HEAD leaves the session as it was.
pub(crate) fn reading_changes_nothing(trial: &Trial, answer: &Answer) -> Result<(), Miss> {
    reading_opens_no_session(trial, answer)?;
    let is_changed = ended(trial, answer) || !answer.exchange.session.changes.is_empty();
    if !is_read(answer) || !is_changed {
        return Ok(());
    }
    let changed = format!("{} {} changed it", answer.method, answer.path);
    Err(answer.miss("the session as it was", changed).so(reading::what_reading_did(answer)))
}

/// A login that is refused logs nobody in or out.
pub(crate) fn a_refused_login_changes_nobody(trial: &Trial, answer: &Answer) -> Result<(), Miss> {
    match answer.status {
        StatusCode::UNAUTHORIZED => is_the_same_user(trial, answer),
        _ => Ok(()),
    }
}

/// Nor does anything else that is refused.
pub(crate) fn an_improper_form_changes_nobody(trial: &Trial, answer: &Answer) -> Result<(), Miss> {
    match answer.status.is_client_error() && answer.status != StatusCode::UNAUTHORIZED {
        true => is_the_same_user(trial, answer),
        false => Ok(()),
    }
}

fn is_the_same_user(trial: &Trial, answer: &Answer) -> Result<(), Miss> {
    let Some((name, is_in)) = comes_or_goes(trial, answer) else { return Ok(()) };
    let holds = if is_in { "now holds" } else { "no longer holds" };
    let Answer { method, path, .. } = answer;
    let miss = answer.miss("the user who was logged in before, or nobody", format!("a session that {holds} {name}"));
    Err(miss.explained(format!("{method} {path} was refused, but the session {holds} {name}")).why(REFUSED_WHY))
}

/// A login gets a session ID that did not come with the request.
pub(crate) fn a_login_issues_a_new_id(trial: &Trial, answer: &Answer) -> Result<(), Miss> {
    let exchange = &answer.exchange;
    let held = exchange.calls.iter().rfind(|call| matches!(call.outcome, Outcome::Data(_)));
    let Some(held) = held.filter(|_| is_login(trial, answer)) else { return Ok(()) };
    match exchange.request.cookies.iter().find(|cookie| cookie.value.contains(&held.id)) {
        Some(cookie) => {
            let kept = format!("the one in cookie {}, which the browser had before", cookie.label);
            Err(answer
                .miss("a new session ID", kept)
                .so(infer::keeps_the_id(answer, &format!("cookie {}", cookie.label))))
        }
        None => Ok(()),
    }
}

/// No page, and no header but the cookie, contains the ID of a session: a script can read both.
pub(crate) fn no_page_tells_the_session_id(trial: &Trial, answer: &Answer) -> Result<(), Miss> {
    // The IDs of this exchange in all their encodings, and all others as they are. A secret in another cookie may look
    // like one.
    let cookies = answer.exchange.request.cookies.iter().map(|cookie| cookie.value.as_str());
    let cookies = cookies.filter(|value| trial.carries_an_id(value));
    let ids = answer.exchange.calls.iter().map(|call| call.id.as_str()).chain(cookies);
    let ids: HashSet<Id> = ids.filter_map(|id| id.parse().ok()).collect();
    let ids: Vec<_> = ids.into_iter().map(|id| trial.spelt(id)).collect();
    let is_told = |text: &[u8]| {
        trial.carries_an_id(&String::from_utf8_lossy(text)) || ids.iter().any(|id| id.is_read_in(text).is_some())
    };
    let is_in = |value: &HeaderValue| is_told(value.as_bytes());
    let mut headers = answer.headers.iter().filter(|(name, _)| **name != SET_COOKIE);
    let place = if is_told(answer.body.as_bytes()) {
        "in the page".to_owned()
    } else if let Some((name, _)) = headers.find(|(_, value)| is_in(value)) {
        format!("in the header `{name}`")
    } else {
        return Ok(());
    };
    Err(answer.miss("the session ID in its cookie, and nowhere else", format!("a session ID {place}")).so(format!(
        "the session ID is {place}, where a script can read it: HttpOnly hides only the cookie itself from scripts"
    )))
}

/// Every cookie that carries a session ID is out of reach for scripts and for other sites.
pub(crate) fn session_cookies_are_out_of_reach(trial: &Trial, answer: &Answer) -> Result<(), Miss> {
    for cookie in answer.exchange.response.set_cookies.iter().filter(|cookie| trial.carries_an_id(&cookie.value)) {
        is_out_of_reach(cookie)?;
    }
    Ok(())
}

/// It has `HttpOnly`, and `SameSite` either `Lax` or `Strict`.
pub(crate) fn is_out_of_reach(cookie: &SetCookie) -> Result<(), Miss> {
    let has = |wanted: &str| cookie.attributes.iter().any(|attribute| attribute.present && attribute.text == wanted);
    let sent = format!("{}=…; {}", cookie.name, cookie.sent);
    if !has("HttpOnly") {
        return Err(Miss::new("HttpOnly", sent).so(format!(
            "without HttpOnly a script on the page can read cookie `{}` and use its session",
            cookie.name
        )));
    }
    if !has("SameSite=Lax") && !has("SameSite=Strict") {
        return Err(Miss::new("SameSite=Lax or SameSite=Strict", sent)
            .so(format!("a form on another site may send cookie `{}`, and so act as the visitor", cookie.name)));
    }
    Ok(())
}

/// No cookie that carries a session ID is given to scripts.
pub(crate) fn no_script_reads_the_session(trial: &Trial, answer: &Answer) -> Result<(), Miss> {
    let is_readable = |cookie: &&SetCookie| {
        let is_hidden = cookie.attributes.iter().any(|attribute| attribute.present && attribute.text == "HttpOnly");
        !is_hidden && trial.carries_an_id(&cookie.value)
    };
    match answer.exchange.response.set_cookies.iter().find(is_readable) {
        None => Ok(()),
        Some(cookie) => Err(answer
            .miss("HttpOnly", format!("{}=…; {}", cookie.name, cookie.sent))
            .so(format!(
                "without HttpOnly a script reads cookie `{}`: one line of it sends the cookie to mallory, and with it she is logged in as alice",
                cookie.name
            ))),
    }
}

/// Whether this answer deleted a session that was there. A `flush` deletes it without loading it.
fn ended(trial: &Trial, answer: &Answer) -> bool {
    let mut deleted = answer.exchange.calls.iter().filter(|call| call.operation == Operation::Delete);
    deleted.any(|deleted| {
        let all = trial.exchanges().into_iter().flat_map(|exchange| exchange.calls);
        let of_it: Vec<_> = all.filter(|call| call.id == deleted.id).collect();
        // The last call of all is the deletion itself.
        let before = of_it.split_last().and_then(|(_, before)| before.last());
        answer.exchange.session.before.is_some()
            || before.is_some_and(|before| matches!(before.outcome, Outcome::Data(_)))
    })
}

fn is_read(answer: &Answer) -> bool {
    matches!(answer.method, Method::GET | Method::HEAD)
}

/// Whether the login form was sent, and somebody is logged in after it.
fn is_login(trial: &Trial, answer: &Answer) -> bool {
    let is_sent = answer.method == Method::POST && answer.path.split('?').next() == Some("/login");
    let after = &answer.exchange.session.after;
    is_sent && answer.status.is_redirection() && trial.users.names().iter().any(|name| names(after.as_ref(), name))
}

/// A user whose name this answer put into the session, or took out of it; and whether the session holds it now.
fn comes_or_goes(trial: &Trial, answer: &Answer) -> Option<(String, bool)> {
    let [before, after] = [&answer.exchange.session.before, &answer.exchange.session.after].map(Option::as_ref);
    let changed = |name: String| {
        let is_in = names(after, &name);
        (is_in != names(before, &name)).then_some((name, is_in))
    };
    trial.users.names().into_iter().find_map(changed)
}

fn names(data: Option<&BTreeMap<String, Value>>, name: &str) -> bool {
    data.into_iter().flat_map(BTreeMap::values).any(|value| mentions(value, name))
}
