//! What an answer tells about the state of the app, in a sentence.

use axum::http::{Method, StatusCode};
use serde_json::Value;
use session_inspector::{Operation, Outcome};
use tower_sessions::session::Id;

use crate::{Answer, Miss, User, run::Panic, trial::Cause};

/// The conclusion if a login leaves another user in.
pub(crate) const THE_FIRST_STAYS_IN: &str = "alice was logged in with this browser, then bob logged in, and it is still alice who is logged in: a login puts its own user in the place of another one";

/// How much of a record is shown, in characters.
const LONGEST_RECORD: usize = 300;

/// The beginning of a long text.
pub(crate) fn short(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The miss of a handler that panicked, if it did.
pub(crate) fn panicked(answer: &Answer, panic: Option<Panic>) -> Option<Miss> {
    let message = answer.exchange.panic.as_ref()?;
    let place = panic.map(|panic| format!(", at {}", panic.place)).unwrap_or_default();
    let so = if message.starts_with("not yet implemented") || message.starts_with("not implemented") {
        format!("the handler of {} {} is still `todo!()`{place}", answer.method, answer.path)
    } else {
        format!(
            "the handler of {} {} panicked{place}: it has to answer this request, too, whatever it was sent",
            answer.method, answer.path
        )
    };
    Some(Miss::new("an answer", format!("a panic: {message}")).explained(so).at(&answer.path))
}

/// Which cookies were sent, and what the store did with the session.
pub(crate) fn session(answer: &Answer) -> String {
    let exchange = &answer.exchange;
    let labels: Vec<_> = exchange.request.cookies.iter().map(|cookie| cookie.label.clone()).collect();
    let sent = match labels.as_slice() {
        [] => "no cookie was sent".to_owned(),
        [label] => format!("cookie {label} was sent"),
        labels => format!("cookies {} were sent", labels.join(", ")),
    };
    let mut said = vec![sent];
    said.extend(exchange.summary.iter().filter(|_| !exchange.calls.is_empty()).cloned());
    if let Some(data) = &exchange.session.after {
        said.push(format!(
            "the record holds {}",
            short(&serde_json::to_string(data).unwrap_or_default(), LONGEST_RECORD)
        ));
    }
    said.join(" · ")
}

/// A miss at this answer, with the conclusion that the answer itself allows.
pub(crate) fn miss(answer: &Answer, expected: String, actual: String) -> Miss {
    let miss = Miss::new(expected, actual).session(session(answer)).at(&answer.path);
    match explanation(answer) {
        Some(so) => miss.explained(so),
        None => miss.so(so(answer)),
    }
}

/// What the answer says by itself, whatever it should have shown.
fn explanation(answer: &Answer) -> Option<String> {
    let Answer { method, path, .. } = answer;
    let has_no_cookie = answer.exchange.request.cookies.is_empty();
    if answer.is_from_cache {
        return Some(format!(
            "the browser had kept this answer and sent no request: the server allowed that with `Cache-Control`, but {path} is not the same for every visitor and at every time"
        ));
    }
    if let Some(reason) = answer.refused.as_ref().filter(|_| has_no_cookie) {
        return Some(format!("a browser refuses the cookie that was set: {reason}"));
    }
    if let Some(held_back) = &answer.held_back {
        return Some(format!("{held_back}, so the browser did not send it to {path}"));
    }
    if answer.exchange.response.status == StatusCode::NOT_MODIFIED.as_u16() {
        return Some(format!(
            "{path} was answered with 304, so the browser showed the page that it had: the version in `ETag` or `Last-Modified` has to change with everything that the page shows"
        ));
    }
    match answer.status {
        StatusCode::METHOD_NOT_ALLOWED => Some(format!("{path} has a route, but not for {method}")),
        status if status.is_client_error() && extractor(answer).is_some() => {
            Some(format!("axum refused the request before the handler ran: {}", answer.body.trim()))
        }
        status if status.is_server_error() => Some(failed(answer)),
        _ => None,
    }
}

/// A form of this length, in bytes, may be the reason of a failure.
const LONG_FORM: u64 = 4096;

fn failed(answer: &Answer) -> String {
    let Answer { method, path, .. } = answer;
    let store = answer.exchange.calls.iter().find_map(|call| match &call.outcome {
        Outcome::Failed(error) => Some(error),
        _ => None,
    });
    let form = match answer.exchange.request.body.bytes {
        long @ LONG_FORM.. => format!(" for a form of {long} bytes"),
        _ => String::new(),
    };
    match (store, answer.body.lines().next()) {
        (Some(error), _) => format!("the session store failed: {error}"),
        (None, Some(body)) if extractor(answer).is_some_and(|said| !said.starts_with("Failed to buffer")) => {
            format!("the handler of {method} {path} asks for something that the app does not provide: {body}")
        }
        (None, Some(body)) => format!("the handler of {method} {path} failed{form}, and says: {body}"),
        (None, None) => format!(
            "the handler of {method} {path} answered {}{form} with an empty body: look for the error that it turns into this status",
            answer.status.as_u16()
        ),
    }
}

/// The conclusion about an answer that explains nothing.
fn so(answer: &Answer) -> String {
    let Answer { method, path, exchange, status, .. } = answer;
    let outcome = |wanted: Outcome| exchange.calls.iter().any(|call| call.outcome == wanted);
    let sent = exchange.request.cookies.first().map(|cookie| cookie.label.as_str()).unwrap_or_default();
    if *status == StatusCode::NOT_FOUND {
        format!("{path} has no route, or its handler answers 404")
    } else if status.is_client_error() {
        refused(answer)
    } else if outcome(Outcome::Missing) {
        format!("the browser sent cookie {sent}, but the store has no session for it")
    } else if outcome(Outcome::Expired) {
        format!("the session of cookie {sent} had expired")
    } else if method == Method::POST && !wrote(answer) {
        nothing_written(answer)
    } else if method == Method::POST {
        format!("{method} {path} wrote to the session and answered {}", answer.in_short())
    } else if exchange.request.cookies.is_empty() {
        format!("the browser sent no cookie, so {path} was answered as for a visitor without a session")
    } else if exchange.calls.is_empty() {
        format!("the browser sent cookie {sent}, but the session was not loaded for {path}")
    } else if status.is_redirection() && exchange.session.after.as_ref().is_some_and(|data| !data.is_empty()) {
        match answer.in_short().ends_with("/login") {
            true => "the session was found and holds data, but the handler redirects the visitor: does it read the key that was written?".to_owned(),
            false => format!("the session was found and holds data, but {path} sends the visitor to another page instead of showing one"),
        }
    } else {
        format!("the session was loaded for {path}: compare what the record holds with what the answer makes of it")
    }
}

/// How much of a refusal is shown, in characters.
const LONGEST_REFUSAL: usize = 100;

/// The facts of a refusal: its status, its own words, and what a browser could not fill in.
fn refused(answer: &Answer) -> String {
    let status = answer.status.as_u16();
    let says = match answer.text() {
        text if text.is_empty() => ", with an empty body".to_owned(),
        text => format!(", and the answer says: {}", short(&text, LONGEST_REFUSAL)),
    };
    let empty = match answer.left_empty.as_slice() {
        [] => String::new(),
        names => format!(" (the page's form has no value for {})", names.join(", ")),
    };
    format!("the request was refused with {status}{says}{empty}")
}

/// Why a page does not show these words, which the answer to `written` should have put into the session.
pub(crate) fn unshown(written: &Answer, page: &Answer, words: &str) -> Option<Cause> {
    let Answer { method, path, .. } = written;
    if !page.is_ok() {
        return None;
    }
    Some(match &page.exchange.session.before {
        Some(held) if holds(held, words) => {
            let so = format!(
                "the record holds {words}, but {} does not show it: does it read the key that was written?",
                page.path
            );
            Cause::of(page, so)
        }
        _ if written.exchange.session.changes.is_empty() => unwritten(written),
        None => Cause::of(page, format!("{method} {path} wrote to the session, but {}", unfound(page))),
        Some(_) => {
            Cause::of(written, format!("{method} {path} wrote to the session, but the record does not hold {words}"))
        }
    })
}

/// Why a page no longer shows these words, which the answer to `written` should have put into the session, since the
/// server was restarted and the store was not. `before` is the page before that.
pub(crate) fn lost_at_restart(written: &Answer, before: &Answer, page: &Answer, words: &str) -> Option<Cause> {
    if !page.is_ok() {
        return None;
    }
    let Answer { method, path, exchange, .. } = written;
    let (shown, letter) = (&page.path, letter(page));
    let of_page = |so: String| Cause::of(page, so);
    Some(match (&exchange.session.after, &page.exchange.session.before) {
        (None, _) => {
            let nothing = || {
                format!(
                    "{method} {path} put nothing into the session, and only what is in the session is there after a restart"
                )
            };
            Cause::of(written, in_another_store(written).unwrap_or_else(nothing))
        }
        (_, Some(held)) if holds(held, words) => of_page(format!(
            "the session still holds {words}, but since the restart {shown} does not show it: does the page need anything from the program's memory?"
        )),
        (Some(after), Some(held)) if after == held => of_page(format!(
            "the session holds what {method} {path} wrote, but since the restart {shown} does not show the same: does the page need anything from the program's memory?"
        )),
        (_, Some(_)) => {
            of_page("the session is still in the store, but it no longer holds what was written".to_owned())
        }
        (_, None) if page.exchange.request.cookies.is_empty() => {
            of_page(format!("since the restart the browser sends no cookie to {shown}"))
        }
        (_, None) if !page.exchange.calls.is_empty() => of_page(format!(
            "the browser sent {letter}, and the store that `app` was given has no session under its ID"
        )),
        (_, None) if before.exchange.calls.is_empty() => of_page(format!(
            "{shown} is answered without loading the session, so what it showed before the restart was in the program's memory"
        )),
        (_, None) => of_page(format!(
            "before the restart {letter} led to the session, and now the session is not even loaded for it: does the program make a new key for its cookies when it starts?"
        )),
    })
}

/// Why a visitor has to find the data again that survives a restart of the server.
pub(crate) const RESTARTED: &str = "a server is restarted with every update; what only the program's memory holds is gone then, and the store is still there";

/// Where the book says why a program's memory is no place for that.
pub(crate) const IN_MEMORY: &str = "basics/what-is-a-session.md#why-can-a-program-not-just-remember";

/// Why this page was answered without a session.
pub(crate) fn unfound(page: &Answer) -> String {
    let Answer { path, exchange, .. } = page;
    if exchange.request.cookies.is_empty() {
        format!("the browser sent no cookie to {path}")
    } else if exchange.calls.is_empty() {
        format!("{path} was answered without loading it")
    } else {
        format!("the store has no session for {}", letter(page))
    }
}

/// Says that nothing was written, if a request that should have changed the session left it as it was.
pub(crate) fn unchanged(answer: &Answer) -> Option<Cause> {
    answer.exchange.session.changes.is_empty().then(|| unwritten(answer))
}

pub(crate) fn unwritten(answer: &Answer) -> Cause {
    Cause::of(answer, nothing_written(answer))
}

fn nothing_written(answer: &Answer) -> String {
    let Answer { method, path, .. } = answer;
    let nothing = || format!("{method} {path} was answered, but nothing was written to the session");
    in_another_store(answer).unwrap_or_else(nothing)
}

/// The conclusion if this answer set the ID of a session, and made no call to the store.
pub(crate) fn in_another_store(answer: &Answer) -> Option<String> {
    let Answer { method, path, exchange, .. } = answer;
    let mut set = exchange.response.set_cookies.iter().filter(|_| exchange.calls.is_empty());
    let set = set.find(|cookie| cookie.value.parse::<Id>().is_ok())?;
    Some(format!(
        "{method} {path} set cookie `{}`, whose value looks like a session ID, but the store that `app` is given got no call: does the app make a store of its own?",
        set.name
    ))
}

/// Why one visitor's page shows what belongs to another.
pub(crate) fn mixed(page: &Answer, own: &str, others: &str) -> Option<String> {
    if !page.text().contains(others) {
        return None;
    }
    let held = page.exchange.session.before.clone().unwrap_or_default();
    Some(if holds(&held, others) {
        format!("this browser's session holds {others}, which belongs to another visitor")
    } else if holds(&held, own) {
        format!(
            "this browser's session holds {own}, but the page shows {others}, which it cannot have from this session"
        )
    } else {
        format!(
            "the page shows {others}, but this browser's session does not hold it: it is kept where all visitors share it"
        )
    })
}

/// Why anyone who holds the cookie from before a login is let in after it.
pub(crate) fn lets_the_old_id_in(page: &Answer, login: &Answer, holds: impl Fn(&str) -> bool) -> Option<Cause> {
    let calls = &login.exchange.calls;
    let created = calls.iter().find(|call| call.operation == Operation::Create);
    let letter = letter(page);
    if !page.status.is_success() {
        return None;
    }
    Some(match (&page.exchange.session.before, created) {
        (None, _) => Cause::of(page, shown_anyway(page)),
        (Some(_), Some(created)) if !holds(&created.id) => {
            let so = format!(
                "the login made a session under a new ID, but left the old one in the store, under the ID in {letter}"
            );
            Cause::of(login, so)
        }
        (Some(_), _) => Cause::of(login, keeps_the_id(login, &letter)),
    })
}

/// What a login did that left the session under an ID that the browser had before, in the cookie of this letter.
pub(crate) fn keeps_the_id(login: &Answer, letter: &str) -> String {
    match [Operation::Create, Operation::Delete].map(|operation| login.calls_for(operation)) {
        [true, true] => "the old session was ended, but the new one has its ID: after `flush`, an `insert` uses the old ID again; `cycle_id` makes a new one".to_owned(),
        [true, false] => format!("the login left its session under the ID in {letter}: anyone who holds it is logged in now"),
        [false, _] => format!("the login made no new ID: anyone who holds {letter} is logged in now"),
    }
}

/// The cookie that came with the request: of several, the one whose ID the store was asked for.
fn letter(page: &Answer) -> String {
    let (cookies, calls) = (&page.exchange.request.cookies, &page.exchange.calls);
    let of_session = cookies.iter().find(|cookie| calls.iter().any(|call| cookie.value.contains(&call.id)));
    of_session.or(cookies.first()).map_or("the cookie".to_owned(), |cookie| format!("cookie {}", cookie.label))
}

/// Why anyone who copied the cookie is let in after this logout.
pub(crate) fn lets_a_copy_in(page: &Answer, logout: &Answer) -> Option<Cause> {
    let letter = letter(page);
    page.status.is_success().then(|| match &page.exchange.session.before {
        Some(_) => {
            let so = format!(
                "the logout left the session of {letter} in the store, so anyone who holds the cookie still has it"
            );
            Cause::of(logout, so)
        }
        None => Cause::of(page, shown_anyway(page)),
    })
}

/// A page was answered as for a visitor with a session, although none was found.
fn shown_anyway(page: &Answer) -> String {
    let Answer { path, exchange, .. } = page;
    match exchange.calls.is_empty() {
        true => format!("the session was not loaded for {path}: where does the page get its data from?"),
        false if exchange.request.cookies.len() > 1 => format!(
            "the store has no session for {}, but {path} was answered as if it had one: does another cookie say who the visitor is?",
            letter(page)
        ),
        false => format!("the store has no session for {}, but {path} was answered as if it had one", letter(page)),
    }
}

/// Checks that a logout deleted the session from the store, and did not only empty it.
pub(crate) fn is_destroyed(logout: &Answer) -> Result<(), Miss> {
    let calls = &logout.exchange.calls;
    let is_deleted = calls.iter().any(|call| call.operation == Operation::Delete && call.outcome == Outcome::Done);
    let (actual, so) = match &logout.exchange.session.after {
        None if is_deleted => return Ok(()),
        None => (
            "no call that deletes it".to_owned(),
            "the logout was answered, but the store was not asked to delete the session",
        ),
        Some(data) if data.is_empty() => (
            "a record that holds {}".to_owned(),
            "the logout emptied the session instead of ending it: its record is still in the store",
        ),
        Some(data) => (
            format!("a record that holds {}", json(data)),
            "the logout left the session's record in the store, with data in it",
        ),
    };
    Err(logout.miss("no record in the store", actual).so(so))
}

fn json(data: &impl serde::Serialize) -> String {
    serde_json::to_string(data).unwrap_or_default()
}

/// Whether a record mentions these words.
pub(crate) fn holds<'d>(data: impl IntoIterator<Item = (&'d String, &'d Value)>, words: &str) -> bool {
    data.into_iter().any(|(key, value)| key.contains(words) || mentions(value, words))
}

/// Whether the store was asked to write or delete anything.
fn wrote(answer: &Answer) -> bool {
    answer.exchange.calls.iter().any(|call| call.operation != Operation::Load)
}

/// The body of an answer that an axum extractor gave in the handler's place.
fn extractor(answer: &Answer) -> Option<&str> {
    let begins = [
        "Failed to",
        "Form requests must",
        "Expected request with",
        "Missing request extension",
        "length limit exceeded",
    ];
    begins.iter().any(|words| answer.body.starts_with(words)).then_some(answer.body.as_str())
}

/// Expects a session that holds the name of this user, as it is.
pub(crate) fn holds_the_name(answer: &Answer, user: &User, so: impl Into<Cause>) -> Result<(), Miss> {
    let data = answer.exchange.session.after.clone().unwrap_or_default();
    if data.values().any(|value| mentions(value, &user.name)) {
        return Ok(());
    }
    let holds = serde_json::to_string(&data).unwrap_or_default();
    Err(answer
        .miss(format!("a session that holds {}", user.name), format!("a session that holds {holds}"))
        .so_if(Some(so)))
}

/// Whether this text is anywhere in the value: in a string or a key, at any depth.
pub(crate) fn mentions(value: &Value, text: &str) -> bool {
    match value {
        Value::String(string) => string.contains(text),
        Value::Array(values) => values.iter().any(|value| mentions(value, text)),
        Value::Object(fields) => fields.iter().any(|(key, value)| key.contains(text) || mentions(value, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
