//! A browser's request as a line for a shell. `curl` is the browser, and a file is its cookie jar.

use std::ops::Range;

use axum::{
    body::Body,
    http::{
        Method, Request,
        header::{CONTENT_TYPE, IF_MODIFIED_SINCE, IF_NONE_MATCH},
    },
};

use crate::browser::URLENCODED;

/// A longer body is not written out.
const LONG_BODY: usize = 200;

/// Who sends a request, and with which cookies.
pub(crate) struct Sender<'w> {
    pub(crate) who: &'w str,
    /// Headers that only this sender sends.
    pub(crate) says: Vec<(&'static str, String)>,
    /// Whether the browser sends no cookie with this request; `curl` does not know `SameSite`.
    pub(crate) is_left_at_home: bool,
    /// Whether the browser was closed, so that cookies without an age are gone.
    pub(crate) was_closed: bool,
}

/// The line for this request. `from` is what a browser says about a page of another site: the `Sec-Fetch-Site`, and the
/// `Origin` of a POST.
pub(crate) fn curl(by: &Sender, from: Option<(&str, Option<&str>)>, request: &Request<Body>, body: &[u8]) -> String {
    let mut words = vec!["curl -i".to_owned()];
    if !by.is_left_at_home {
        words.push(format!("-b {0}.jar -c {0}.jar", by.who));
    }
    words.extend(by.was_closed.then(|| "-j".to_owned()));
    words.extend(by.says.iter().map(|(name, value)| format!("-H '{name}: {value}'")));
    for name in [IF_NONE_MATCH, IF_MODIFIED_SINCE] {
        let version = request.headers().get(&name).and_then(|value| value.to_str().ok());
        words.extend(version.map(|version| format!("-H '{name}: {}'", quoted(version))));
    }
    if let Some((site, origin)) = from {
        words.push(format!("-H 'Sec-Fetch-Site: {site}'"));
        let said = origin.filter(|_| request.method() == Method::POST);
        words.extend(said.map(|origin| format!("-H 'Origin: {origin}'")));
    }
    words.extend((request.method() == Method::HEAD).then(|| "-I".to_owned()));
    let is_other = ![Method::GET, Method::HEAD, Method::POST].contains(request.method());
    words.extend(is_other.then(|| format!("-X {}", request.method())));
    let is_sent = request.method() == Method::POST;
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let (sent_as, (piped, data)) = match kind {
        _ if !is_sent => <_>::default(),
        "" if body.is_empty() => (None, (String::new(), Some("-X POST".to_owned()))),
        "" => (Some("-H 'Content-Type:'".to_owned()), data(body)), // curl sends none then
        URLENCODED => (None, data(body)),
        kind => (Some(format!("-H 'Content-Type: {kind}'")), data(body)),
    };
    words.extend(sent_as);
    words.extend(data);
    let address = quoted(&request.uri().to_string());
    format!("{piped}{} 'http://localhost:PORT{address}'", words.join(" "))
}

/// An address or a header may contain a quotation mark, which would end the quoted word in the shell.
fn quoted(text: &str) -> String {
    text.replace('\'', "'\\''")
}

/// The text that is piped into `curl`, and the option for the body.
fn data(body: &[u8]) -> (String, Option<String>) {
    match std::str::from_utf8(body) {
        Ok(text) if text.len() <= LONG_BODY => (String::new(), Some(format!("-d '{}'", text.replace('\'', "%27")))),
        _ => (format!("{{ {}; }} | ", pieces(body).join("; ")), Some("--data-binary @-".to_owned())),
    }
}

/// Commands that print this, with a command of its own for the longest run of one byte.
fn pieces(body: &[u8]) -> Vec<String> {
    let longest = longest_run(body);
    if longest.len() <= LONG_BODY {
        return vec![printed(body)];
    }
    let letter = char::from(body[longest.start]);
    let run = format!("head -c {} /dev/zero | tr '\\0' '{letter}'", longest.len());
    let around = |piece: &[u8]| (!piece.is_empty()).then(|| printed(piece));
    around(&body[..longest.start]).into_iter().chain([run]).chain(around(&body[longest.end..])).collect()
}

/// The place and length of the longest run of one byte. Runs of at most [`LONG_BODY`] bytes may be overlooked.
fn longest_run(body: &[u8]) -> Range<usize> {
    let (mut longest, mut at) = (0..0, 0);
    while let Some(letter) = body.get(at) {
        let start = body[..at].iter().rposition(|byte| byte != letter).map_or(0, |other| other + 1);
        let end = at + run(&body[at..]);
        if end - start >= longest.len() {
            longest = start..end;
        }
        at = end.max(at + LONG_BODY);
    }
    longest
}

/// How many times the first byte is repeated at the beginning. Bodies have megabytes, so bytes are compared many at a
/// time.
fn run(bytes: &[u8]) -> usize {
    let is_run = |length: usize| bytes[..length - 1] == bytes[1..length];
    let mut length = bytes.len().min(1);
    let mut step = bytes.len();
    while step > 0 {
        if length + step <= bytes.len() && is_run(length + step) {
            length += step;
        } else {
            step /= 2;
        }
    }
    length
}

fn printed(bytes: &[u8]) -> String {
    let spelt = bytes.iter().map(|byte| match byte {
        b'\'' | b'\\' | b'%' | 0..=31 | 127.. => format!("\\{byte:03o}"),
        byte => char::from(*byte).to_string(),
    });
    format!("printf '{}'", spelt.collect::<String>())
}

/// Puts a cookie into a jar; with `whole`, for every host of the domain.
pub(crate) fn cookie(who: &str, whole: bool, name: &str, value: &str) -> String {
    let whole = if whole { "TRUE" } else { "FALSE" };
    format!("printf 'localhost\\t{whole}\\t/\\tTRUE\\t0\\t%s\\t%s\\n' '{name}' '{value}' >> {who}.jar")
}

/// Puts the value of a cookie in one jar into another, under this name and for every host of the domain.
pub(crate) fn copy(from: &str, theirs: &str, who: &str, name: &str) -> String {
    let fields = format!("\"localhost\", \"TRUE\", \"/\", \"TRUE\", 0, \"{name}\", $7");
    format!("awk -v OFS='\\t' '$6 == \"{theirs}\" {{print {fields}}}' {from}.jar >> {who}.jar")
}

/// Takes a cookie out of a jar.
pub(crate) fn drop(who: &str, name: &str) -> String {
    format!("sed -i.bak -E '/[[:space:]]{name}[[:space:]]/d' {who}.jar")
}

/// Gives a cookie an ID that no session has.
pub(crate) fn stale(who: &str, name: &str) -> String {
    format!("sed -i.bak -E 's/([[:space:]]{name}[[:space:]]).*/\\1AAAAAAAAAAAAAAAAAAAAAA/' {who}.jar")
}

/// Replaces one value with another.
pub(crate) fn replace(who: &str, that: &str, this: &str) -> String {
    format!("sed -i.bak 's|{that}|{this}|' {who}.jar")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posted(kind: &str, body: &[u8]) -> String {
        let request = Request::post("/login").header(CONTENT_TYPE, kind).body(Body::empty()).unwrap();
        let by = Sender { who: "alice", says: Vec::new(), is_left_at_home: false, was_closed: false };
        curl(&by, None, &request, body)
    }

    #[test]
    fn an_address_is_one_word_of_the_shell() {
        let request = Request::get("/users/o'dora").body(Body::empty()).unwrap();
        let by = Sender { who: "alice", says: Vec::new(), is_left_at_home: false, was_closed: false };
        let line = "curl -i -b alice.jar -c alice.jar 'http://localhost:PORT/users/o'\\''dora'";
        assert_eq!(curl(&by, None, &request, b""), line);
    }

    #[test]
    fn a_body_is_spelt_out_whatever_it_is() {
        let line = |piped: &str, options: &str| {
            format!("{piped}curl -i -b alice.jar -c alice.jar {options} 'http://localhost:PORT/login'")
        };
        assert_eq!(posted(URLENCODED, b"a=it's"), line("", "-d 'a=it%27s'"));
        assert_eq!(posted(URLENCODED, b""), line("", "-d ''"));
        assert_eq!(posted("text/plain", b"a"), line("", "-H 'Content-Type: text/plain' -d 'a'"));
        assert_eq!(posted("", b"a"), line("", "-H 'Content-Type:' -d 'a'"));
        assert_eq!(posted(URLENCODED, b"a=\xff%"), line("{ printf 'a=\\377\\045'; } | ", "--data-binary @-"));
        let long = [b"a=".to_vec(), vec![b'x'; 201], b"&b=".to_vec()].concat();
        let piped = "{ printf 'a='; head -c 201 /dev/zero | tr '\\0' 'x'; printf '&b='; } | ";
        assert_eq!(posted(URLENCODED, &long), line(piped, "--data-binary @-"));
    }
}
