//! An event as the page shows it: what the browser holds and what the store holds, before and after.

use std::collections::BTreeMap;

use minijinja::{Value, context, value::Serde};
use serde::Serialize;
use serde_json::Value as Json;

use crate::{
    Attribute, Cookie, Event, Exchange, Operation, Outcome, Retold, SetCookie, StoreCall, What, bounds, words,
};

/// How a cookie or an entry differs from the other side.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Mark {
    Same,
    /// It is there before, but not after, or with another value.
    Gone,
    /// It is there after, but not before, or with another value.
    New,
    /// It was set again to the same value, so its lifetime starts again.
    Again,
}

#[derive(Debug, Serialize)]
struct Held<'a> {
    name: &'a str,
    label: &'a str,
    /// `None` if the other side shows the same value.
    value: Option<&'a str>,
    /// Whether `value` is complete.
    is_whole: bool,
    attributes: &'a [Attribute],
    mark: Mark,
}

#[derive(Debug, Serialize)]
struct Entry<'a> {
    key: &'a str,
    value: &'a Json,
    mark: Mark,
}

/// The values for the template.
pub(crate) fn of(event: &Event) -> Value {
    match &event.what {
        What::Exchange(exchange) => exchange_view(event, exchange),
        What::Skip { ahead, .. } => {
            context! { event => Serde(event), clock => words::clock_words(*ahead), ahead }
        }
        What::Call(_) | What::Note { .. } => context! { event => Serde(event) },
    }
}

fn exchange_view(event: &Event, exchange: &Exchange) -> Value {
    let session = &exchange.session;
    let is_changed = |key: &str| session.changes.iter().any(|change| change.key == key);
    context! {
        event => Serde(event),
        is_quiet => is_quiet(exchange) || exchange.retold == Some(Retold::Folded),
        jar_before => Serde(jar_before(exchange)),
        jar_after => Serde(jar_after(exchange)),
        record_before => Serde(entries(session.before.as_ref(), Mark::Gone, is_changed)),
        record_after => Serde(entries(session.after.as_ref(), Mark::New, is_changed)),
        no_record => no_record(exchange),
        life => life(exchange),
    }
}

/// Whether the exchange left both the cookies and the session as they were.
fn is_quiet(exchange: &Exchange) -> bool {
    let is_read = |call: &StoreCall| call.operation == Operation::Load && matches!(call.outcome, Outcome::Data(_));
    exchange.response.set_cookies.is_empty() && exchange.panic.is_none() && exchange.calls.iter().all(is_read)
}

fn jar_before(exchange: &Exchange) -> Vec<Held<'_>> {
    let held = |cookie: &'_ Cookie| match last_set(exchange, &cookie.name) {
        Some(set) if set.is_removal() || set.value != cookie.value => Mark::Gone,
        _ => Mark::Same,
    };
    exchange.request.cookies.iter().map(|cookie| sent(cookie, held(cookie))).collect()
}

/// The cookies after the exchange: those that the browser keeps, and those that it receives.
fn jar_after(exchange: &Exchange) -> Vec<Held<'_>> {
    let cookies = &exchange.request.cookies;
    let kept = cookies.iter().filter(|cookie| last_set(exchange, &cookie.name).is_none());
    let kept = kept.map(|cookie| Held { value: None, attributes: &[], ..sent(cookie, Mark::Same) });
    let is_last = |set: &&SetCookie| last_set(exchange, &set.name).is_some_and(|last| std::ptr::eq(last, *set));
    let sets = exchange.response.set_cookies.iter().filter(is_last).filter(|set| !set.is_removal());
    let is_same = |set: &SetCookie| cookies.iter().any(|cookie| cookie.name == set.name && cookie.value == set.value);
    kept.chain(sets.map(|set| given(set, if is_same(set) { Mark::Again } else { Mark::New }))).collect()
}

/// Returns the last `Set-Cookie` for this name. It counts, because a browser applies them in order.
fn last_set<'a>(exchange: &'a Exchange, name: &str) -> Option<&'a SetCookie> {
    exchange.response.set_cookies.iter().rfind(|set| set.name == name)
}

fn sent(cookie: &Cookie, mark: Mark) -> Held<'_> {
    let Cookie { name, label, value, attributes } = cookie;
    Held { name, label, value: Some(value), is_whole: bounds::is_whole(value), attributes, mark }
}

fn given(set: &SetCookie, mark: Mark) -> Held<'_> {
    let SetCookie { name, label, value, attributes, .. } = set;
    // The other side already shows the same value.
    let value = (mark == Mark::New).then_some(value.as_str());
    Held { name, label, value, is_whole: value.is_some_and(bounds::is_whole), attributes, mark }
}

fn entries<'a>(
    data: Option<&'a BTreeMap<String, Json>>,
    changed: Mark,
    is_changed: impl Fn(&str) -> bool,
) -> Option<Vec<Entry<'a>>> {
    let mark = |key: &str| if is_changed(key) { changed } else { Mark::Same };
    data.map(|data| data.iter().map(|(key, value)| Entry { key, value, mark: mark(key) }).collect())
}

/// Returns the reason why a side has no record.
fn no_record(exchange: &Exchange) -> &'static str {
    if exchange.calls.is_empty() { "the store was not called" } else { "no record" }
}

/// Returns the session's lifetime for the page's script: a JSON object, `null` if the session has ended, or empty if
/// this exchange does not show it.
fn life(exchange: &Exchange) -> String {
    match (&exchange.life, exchange.calls.is_empty() || exchange.retold.is_some()) {
        (None, true) => String::new(),
        (life, _) => serde_json::to_string(life).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Body, Request, Response, Session};

    fn body() -> Body {
        Body { text: String::new(), says: None, bytes: 0, note: None }
    }

    fn cookie((name, value): &(&str, &str)) -> Cookie {
        let [name, label, value] = [*name, "A", *value].map(str::to_owned);
        Cookie { name, label, value, attributes: Vec::new() }
    }

    fn set_cookie(header: &&str) -> SetCookie {
        let parsed = cookie::Cookie::parse(*header).unwrap();
        let [name, label, value, sent] = [parsed.name(), "B", parsed.value(), ""].map(str::to_owned);
        SetCookie { name, label, value, sent, attributes: words::attributes(&parsed) }
    }

    /// An exchange with cookies of these names and values, and these `Set-Cookie` headers.
    fn exchange(cookies: &[(&str, &str)], set: &[&str]) -> Exchange {
        let cookies = cookies.iter().map(cookie).collect();
        let set_cookies = set.iter().map(set_cookie).collect();
        let [method, target] = ["GET", "/"].map(str::to_owned);
        Exchange {
            visitor: String::new(),
            from_page: None,
            retold: None,
            request: Request { method, target, cookies, body: body() },
            calls: Vec::new(),
            calls_left_out: 0,
            session: Session::default(),
            life: None,
            response: Response { status: 200, location: None, set_cookies, body: body() },
            panic: None,
            summary: Vec::new(),
        }
    }

    fn in_words(jar: Vec<Held<'_>>) -> Vec<String> {
        let value = |held: &Held| held.value.unwrap_or("as before").to_owned();
        jar.iter().map(|held| format!("{}={} {:?}", held.name, value(held), held.mark)).collect()
    }

    #[test]
    fn a_jar_has_what_came_and_what_is_left_after_the_answer() {
        let sent = [("keep", "k"), ("change", "c"), ("again", "a"), ("end", "e"), ("over", "o")];
        // A value that another cookie had is new to this one.
        let given = ["change=k", "again=a; Max-Age=60", "end=; Max-Age=0", "over=o; Max-Age=0", "new=1", "new=a"];
        let exchange = exchange(&sent, &given);
        let before = ["keep=k Same", "change=c Gone", "again=a Same", "end=e Gone", "over=o Gone"];
        assert_eq!(in_words(jar_before(&exchange)), before);
        let after = ["keep=as before Same", "change=k New", "again=as before Again", "new=a New"];
        assert_eq!(in_words(jar_after(&exchange)), after);
    }

    #[test]
    fn a_kept_cookie_has_its_attributes_on_one_side_only() {
        let mut exchange = exchange(&[("keep", "k")], &[]);
        exchange.request.cookies[0].attributes = set_cookie(&"keep=k; Secure").attributes;
        let [before, after] = [jar_before(&exchange), jar_after(&exchange)];
        assert_eq!(before[0].attributes, exchange.request.cookies[0].attributes);
        assert!(!before[0].attributes.is_empty() && after[0].attributes.is_empty());
    }

    #[test]
    fn nothing_happened_if_cookies_and_session_stay_as_they_were() {
        let call = |operation, outcome| {
            let [label, id] = ["A", "a"].map(str::to_owned);
            StoreCall { operation, label, id, known: true, outcome, until: None }
        };
        let with = |calls: Vec<StoreCall>| Exchange { calls, ..exchange(&[("id", "a")], &[]) };
        let data = || Outcome::Data(BTreeMap::new());
        assert!(is_quiet(&with(vec![])) && is_quiet(&with(vec![call(Operation::Load, data())])));
        for (operation, outcome) in [
            (Operation::Load, Outcome::Missing),
            (Operation::Load, Outcome::Failed("no".to_owned())),
            (Operation::Save, data()),
            (Operation::Delete, Outcome::Done),
        ] {
            assert!(!is_quiet(&with(vec![call(operation, outcome)])), "{operation:?}");
        }
        assert!(!is_quiet(&exchange(&[], &["id=a"])));
        assert!(!is_quiet(&Exchange { panic: Some("oh".to_owned()), ..exchange(&[], &[]) }));
    }
}
