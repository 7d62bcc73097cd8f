//! Plain sentences about exchanges and attributes.

use cookie::{Cookie, SameSite};

use crate::{Attribute, Exchange, Operation, Outcome, StoreCall, bounds};

/// Describes the effect of an exchange on the session.
pub(crate) fn summary(exchange: &Exchange) -> Vec<String> {
    let mut said = Vec::new();
    if let Some(panic) = &exchange.panic {
        said.push(format!("the handler panicked: {panic}"));
    } else if exchange.response.status == 499 {
        said.push("the client disconnected before it got an answer".to_owned());
    }
    said.extend(store_sentences(exchange));
    if exchange.calls_left_out > 0 {
        said.push(format!("{} more calls to the store are not shown", exchange.calls_left_out));
    }
    said.extend(removals(exchange));
    if said.is_empty() {
        said.push(untouched(exchange).to_owned());
    }
    said
}

fn store_sentences(exchange: &Exchange) -> Vec<String> {
    let calls = &exchange.calls;
    let done = |operation: Operation| {
        calls.iter().filter(move |call| call.operation == operation && !matches!(call.outcome, Outcome::Failed(_)))
    };
    let deleted: Vec<_> =
        done(Operation::Delete).filter(|call| !call.label.is_empty()).map(|call| call.label.clone()).collect();
    let created = done(Operation::Create).next_back();
    let moved = done(Operation::Save).find(|call| call.outcome == Outcome::Moved);
    let mut said: Vec<String> = calls.iter().filter_map(refused).collect();
    match (deleted.first(), created, moved) {
        (_, Some(new), Some(old)) => said.push(format!(
            "new ID: the session continues as {}; the old ID {} leads to the renewed session for a while",
            new.label, old.label
        )),
        (_, None, Some(old)) => said.push(format!("the old ID {} leads to the renewed session for a while", old.label)),
        (Some(old), Some(new), None) if *old == new.label => said.push(format!(
            "the session was deleted and created again under the same ID: anyone who has {old} can use it again"
        )),
        (Some(old), Some(new), None) => {
            said.push(format!("new ID: the session continues as {}, and {old} no longer works", new.label))
        }
        (Some(old), None, None) => said.push(format!("the session was deleted: {old} no longer works for anyone")),
        (None, Some(new), None) => said.push(format!("a new session: its ID is the value of cookie {}", new.label)),
        (None, None, None) => {}
    }
    if created.is_none() && deleted.is_empty() && moved.is_none() {
        if let Some(saved) = done(Operation::Save).next_back() {
            said.push(saved_words(exchange, saved));
        } else if calls
            .iter()
            .any(|call| matches!((call.operation, &call.outcome), (Operation::Load, Outcome::Data(_))))
        {
            said.push("the session was read, nothing was written".to_owned());
        }
    }
    said
}

/// Returns the sentence for a call that failed or did not find the session.
fn refused(call: &StoreCall) -> Option<String> {
    let label = &call.label;
    match &call.outcome {
        Outcome::Missing => Some(format!("the store has no session {label}")),
        Outcome::Expired => Some(format!("session {label} had expired")),
        Outcome::Failed(error) => Some(format!("the store failed: {error}")),
        Outcome::Moved if call.operation == Operation::Load => {
            Some(format!("{label} is an old ID: for a while it leads to the renewed session"))
        }
        Outcome::Moved | Outcome::Data(_) | Outcome::Done => None,
    }
}

/// Describes a save without a create or a delete, usually of a record that was loaded before.
fn saved_words(exchange: &Exchange, StoreCall { label, known, outcome, .. }: &StoreCall) -> String {
    match (known, exchange.session.before.is_some()) {
        (true, true) => changed_words(exchange, label),
        (true, false) => format!("session {label} was overwritten without being read"),
        (false, true) => format!(
            "session {label} was saved after it had been deleted: if the store accepts it, anyone who holds {label} \
             can use it again"
        ),
        (false, false) => {
            let what = if is_empty(outcome) { "an empty session" } else { "a session" };
            format!("{what} was stored under {label}, an ID that the store did not know")
        }
    }
}

fn is_empty(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Data(data) if data.is_empty())
}

fn changed_words(exchange: &Exchange, label: &str) -> String {
    match exchange.session.changes.len() {
        0 => format!("session {label} was written again, unchanged: its lifetime starts again"),
        1 => format!("session {label} was written: 1 key changed"),
        changed => format!("session {label} was written: {changed} keys changed"),
    }
}

fn removals(exchange: &Exchange) -> Vec<String> {
    let removed = exchange.response.set_cookies.iter().filter(|cookie| cookie.value.is_empty());
    removed.map(|cookie| format!("the answer tells the browser to delete cookie `{}`", cookie.name)).collect()
}

fn untouched(exchange: &Exchange) -> &'static str {
    match (exchange.response.set_cookies.is_empty(), exchange.request.cookies.is_empty()) {
        (false, _) => "a cookie was set, and the store was not called",
        (true, false) => "the store was not called, so no cookie was looked up in it",
        (true, true) => "no cookie, no store call: no session was needed",
    }
}

/// Returns a cookie's attributes in the order of their importance, including absent ones whose absence has a meaning.
/// The rules are those of RFC 6265bis.
pub(crate) fn attributes(cookie: &Cookie) -> Vec<Attribute> {
    let mut all =
        vec![http_only(cookie), same_site(cookie), secure(cookie), lifetime(cookie), path(cookie), domain(cookie)];
    if cookie.name().starts_with("__Host-") {
        all.push(present(
            "__Host-",
            "a browser accepts a cookie of this name only with Secure, Path=/ and no Domain, so no neighboring host \
             can set it",
        ));
    }
    all
}

fn http_only(cookie: &Cookie) -> Attribute {
    match cookie.http_only() {
        Some(true) => present("HttpOnly", "scripts on the page cannot read it"),
        _ => absent("HttpOnly", "any script on the page can read it"),
    }
}

fn same_site(cookie: &Cookie) -> Attribute {
    match cookie.same_site() {
        Some(SameSite::Strict) => present(
            "SameSite=Strict",
            "not sent with any request that another site starts, not even when a visitor follows a link",
        ),
        Some(SameSite::Lax) => {
            present("SameSite=Lax", "from another site, only a link or another top-level GET sends it")
        }
        Some(SameSite::None) => present("SameSite=None", "sent with requests from other sites, too"),
        None => {
            absent("SameSite", "browsers differ: Chromium treats it as Lax, except for POSTs in its first two minutes")
        }
    }
}

fn secure(cookie: &Cookie) -> Attribute {
    match cookie.secure() {
        Some(true) => present("Secure", "sent over https only (Chromium and Firefox also trust http on localhost)"),
        _ => absent("Secure", "sent over plain http, too, where it can be read in transit"),
    }
}

fn lifetime(cookie: &Cookie) -> Attribute {
    match (cookie.max_age(), cookie.expires_datetime()) {
        (Some(age), _) if age <= time::Duration::ZERO => {
            present(&format!("Max-Age={}", age.whole_seconds()), "the browser deletes it now")
        }
        (Some(age), _) => {
            let kept = format!("kept for {}, even if the browser is closed", span(age.whole_seconds().unsigned_abs()));
            present(&format!("Max-Age={}", age.whole_seconds()), &kept)
        }
        (None, Some(_)) => present("Expires", "kept until that moment, even if the browser is closed"),
        (None, None) => absent("Max-Age", "forgotten when the browser closes, unless the browser restores its tabs"),
    }
}

fn path(cookie: &Cookie) -> Attribute {
    match cookie.path() {
        Some(path) => present(&format!("Path={path}"), &format!("sent for {path} and every path below it")),
        None => absent("Path", "sent only for paths in or below the directory of the path that set it"),
    }
}

fn domain(cookie: &Cookie) -> Attribute {
    match cookie.domain() {
        Some(domain) => present(&format!("Domain={domain}"), &format!("sent to {domain} and all its subdomains")),
        None => absent("Domain", "sent to this host alone, not to its subdomains"),
    }
}

fn present(text: &str, meaning: &str) -> Attribute {
    Attribute { text: bounds::text(text), present: true, meaning: bounds::text(meaning) }
}

fn absent(text: &str, meaning: &str) -> Attribute {
    Attribute { text: text.to_owned(), present: false, meaning: meaning.to_owned() }
}

/// Formats seconds in the largest unit that divides them, or in several: `1 day`, `90 minutes`, `30 minutes 1 second`.
pub fn span(seconds: u64) -> String {
    const MANY: u64 = 120;
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let even = units.into_iter().find(|(size, _)| seconds >= *size && seconds.is_multiple_of(*size));
    let (size, name) = match even.unwrap_or((1, "second")) {
        (size, _) if seconds / size > MANY => {
            units.into_iter().find(|(size, _)| seconds >= *size).unwrap_or((1, "second"))
        }
        unit => unit,
    };
    let (count, rest) = (seconds / size, seconds % size);
    let said = format!("{count} {name}{}", if count == 1 { "" } else { "s" });
    if rest == 0 { said } else { format!("{said} {}", span(rest)) }
}

/// Says how far the clock is ahead.
pub(crate) fn clock_words(seconds: u64) -> String {
    match seconds {
        0 => "clock: now".to_owned(),
        ahead => format!("clock: {} ahead", span(ahead)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_worded_as_a_person_would_say_it() {
        assert_eq!(
            [0, 1, 59, 60, 1801, 1860, 5400, 7200, 86_400, 1_209_600, 2_588_400].map(span),
            [
                "0 seconds",
                "1 second",
                "59 seconds",
                "1 minute",
                "30 minutes 1 second",
                "31 minutes",
                "90 minutes",
                "2 hours",
                "1 day",
                "14 days",
                "29 days 23 hours"
            ]
        );
    }

    fn said(header: &str) -> Vec<String> {
        let attributes = attributes(&Cookie::parse(header).unwrap());
        let said =
            |Attribute { text, present, meaning }| format!("{}{text}: {meaning}", if present { "" } else { "no " });
        attributes.into_iter().map(said).collect()
    }

    #[test]
    fn each_missing_attribute_of_a_cookie_is_explained() {
        assert_eq!(
            said("id=A"),
            [
                "no HttpOnly: any script on the page can read it",
                "no SameSite: browsers differ: Chromium treats it as Lax, except for POSTs in its first two minutes",
                "no Secure: sent over plain http, too, where it can be read in transit",
                "no Max-Age: forgotten when the browser closes, unless the browser restores its tabs",
                "no Path: sent only for paths in or below the directory of the path that set it",
                "no Domain: sent to this host alone, not to its subdomains",
            ]
        );
    }

    #[test]
    fn each_attribute_of_a_cookie_is_explained() {
        assert_eq!(
            said("__Host-id=A; HttpOnly; SameSite=Strict; Secure; Max-Age=1800; Path=/shop; Domain=example.org"),
            [
                "HttpOnly: scripts on the page cannot read it",
                "SameSite=Strict: not sent with any request that another site starts, not even when a visitor follows \
                 a link",
                "Secure: sent over https only (Chromium and Firefox also trust http on localhost)",
                "Max-Age=1800: kept for 30 minutes, even if the browser is closed",
                "Path=/shop: sent for /shop and every path below it",
                "Domain=example.org: sent to example.org and all its subdomains",
                "__Host-: a browser accepts a cookie of this name only with Secure, Path=/ and no Domain, so no \
                 neighboring host can set it",
            ]
        );
    }

    #[test]
    fn each_way_to_be_sent_along_and_to_end_has_its_words() {
        let one = |attribute: &str, place: usize| said(&format!("id=A; {attribute}")).swap_remove(place);
        let lax = "SameSite=Lax: from another site, only a link or another top-level GET sends it";
        assert_eq!(one("SameSite=Lax", 1), lax);
        assert_eq!(one("SameSite=None", 1), "SameSite=None: sent with requests from other sites, too");
        assert_eq!(one("Max-Age=0", 3), "Max-Age=0: the browser deletes it now");
        assert_eq!(one("Max-Age=1", 3), "Max-Age=1: kept for 1 second, even if the browser is closed");
        let expires = "Expires: kept until that moment, even if the browser is closed";
        assert_eq!(one("Expires=Wed, 21 Oct 2065 07:28:00 GMT", 3), expires);
    }
}
