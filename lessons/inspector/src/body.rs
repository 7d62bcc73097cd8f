//! The stored part of a body: the first 64 KiB while it passes, and from these the first 16 KiB, masked.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use axum::{
    body::{Bytes, HttpBody},
    http::{
        HeaderMap,
        header::{CONTENT_LENGTH, CONTENT_TYPE},
    },
};
use html5gum::{Token, Tokenizer};
use hyper::body::{Frame, SizeHint};
use serde_json::Value;

use crate::{Body, bounds};

/// The number of bytes that are read. JSON that does not end within them cannot be masked. A page's heading is there.
const HEARD: usize = 64 * 1024;
/// The number of bytes that are stored.
const KEPT: usize = 16 * 1024;
/// The number of characters that are stored of a page's sentence. A longer sentence ends in `…`.
const SAID: usize = 200;
/// The text that replaces a secret.
pub(crate) const MASK: &str = "•••";

/// The beginning of a body while it passes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tap(Arc<Mutex<Seen>>);

/// A body that is observed. It reports the length of the inner body, so that an answer keeps its Content-Length.
struct Tapped<E> {
    body: axum::body::Body,
    tap: Tap,
    /// Dropped together with the body.
    _end: E,
}

impl<E: Unpin> HttpBody for Tapped<E> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            self.tap.see(data);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[derive(Debug, Default)]
struct Seen {
    kept: Vec<u8>,
    bytes: u64,
}

impl Tap {
    /// Returns the same body. Its data is recorded here, too, and `end` is dropped with it.
    pub(crate) fn listen<E: Send + Unpin + 'static>(&self, body: axum::body::Body, end: E) -> axum::body::Body {
        axum::body::Body::new(Tapped { body, tap: self.clone(), _end: end })
    }

    fn see(&self, data: &[u8]) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = HEARD - seen.kept.len();
        seen.kept.extend_from_slice(&data[..data.len().min(room)]);
        seen.bytes += data.len() as u64;
    }

    /// Returns the whole body as it came, if it is complete and was not too long.
    pub(crate) fn whole(&self, headers: &HeaderMap) -> Option<Bytes> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let promised = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        let is_whole = seen.bytes == seen.kept.len() as u64 && promised.is_none_or(|length| length == seen.bytes);
        is_whole.then(|| Bytes::copy_from_slice(&seen.kept))
    }

    /// Returns the data so far, masked, for the page.
    pub(crate) fn body(&self, headers: &HeaderMap) -> Body {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cut = seen.bytes > seen.kept.len() as u64;
        let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let (text, hidden) = match readable(&seen.kept, kind, cut) {
            Ok(text) => (text, None),
            Err(why) => (String::new(), Some(why.to_owned())),
        };
        let says = says(&text, kind);
        let short = bounds::beginning(&text, KEPT);
        let is_cut = cut || short.len() < text.len();
        let note = hidden.or_else(|| is_cut.then(|| format!("cut: the first 16 KiB of {} bytes", seen.bytes)));
        Body { text: short.to_owned(), says, bytes: seen.bytes, note }
    }
}

/// Returns the text of a body, masked, or the reason why it cannot be shown.
pub(crate) fn readable(bytes: &[u8], kind: &str, cut: bool) -> Result<String, &'static str> {
    if is_decoration(kind) {
        return Err("not shown: it is a style sheet, a script, an image or other media");
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        // A cut may fall inside a character.
        Err(error) if cut && error.error_len().is_none() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return Err("not shown: it is not text"),
    };
    if kind.starts_with("application/x-www-form-urlencoded") {
        return Ok(mask_form(text));
    }
    if kind.starts_with("multipart/") {
        return Err("not shown: passwords in a multipart body cannot be masked");
    }
    if kind.contains("json") {
        let value = serde_json::from_str(text).map(mask_json);
        return value
            .map(|value| value.to_string())
            .map_err(|_| "not shown: passwords in JSON that does not parse cannot be masked");
    }
    Ok(text.to_owned())
}

/// Whether the body is a style sheet, a script, an image or other media. There are many of these, and they say nothing
/// about a session.
fn is_decoration(kind: &str) -> bool {
    let family = kind.split_once('/').map_or("", |(family, _)| family);
    matches!(family, "image" | "font" | "audio" | "video")
        || kind.starts_with("text/css")
        || kind.contains("javascript")
}

/// Returns the sentence that summarizes a page: its first heading, or the first line of plain text.
fn says(text: &str, kind: &str) -> Option<String> {
    let said = if kind.starts_with("text/html") {
        let mut tokens = Tokenizer::new(text).flatten();
        tokens.find(|token| matches!(token, Token::StartTag(tag) if tag.name.as_slice() == b"h1"))?;
        let heading = tokens.take_while(|token| !matches!(token, Token::EndTag(tag) if tag.name.as_slice() == b"h1"));
        heading
            .filter_map(|token| match token {
                Token::String(text) => Some(String::from_utf8_lossy(&text).into_owned()),
                _ => None,
            })
            .collect()
    } else if kind.starts_with("text/plain") {
        text.lines().next()?.to_owned()
    } else {
        return None;
    };
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    (!said.is_empty()).then(|| shortened(&said))
}

fn shortened(said: &str) -> String {
    match said.char_indices().nth(SAID) {
        Some((end, _)) => format!("{} …", said[..end].trim_end()),
        None => said.to_owned(),
    }
}

/// Returns the pairs as they came, with the values of secrets masked: `username=alice&password=•••`.
fn mask_form(text: &str) -> String {
    let pair = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if is_secret(&decoded(name)) => format!("{name}={MASK}"),
        _ => pair.to_owned(),
    };
    text.split('&').map(pair).collect::<Vec<_>>().join("&")
}

/// Masks the secrets in the query of a path.
pub(crate) fn mask_target(target: &str) -> String {
    on_query(target, mask_form)
}

fn on_query(target: &str, change: impl FnOnce(&str) -> String) -> String {
    match target.split_once('?') {
        Some((path, query)) => format!("{path}?{}", change(query)),
        None => target.to_owned(),
    }
}

fn mask_json(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| {
                let value = if is_secret(&name) { Value::from(MASK) } else { mask_json(value) };
                (name, value)
            })
            .collect(),
        Value::Array(values) => values.into_iter().map(mask_json).collect(),
        other => other,
    }
}

/// Replaces the masks in an edited body or query with the secrets of the original.
pub(crate) fn unmask(edited: &str, original: &str, kind: &str) -> String {
    if !kind.contains("json") {
        return unmask_form(edited, original);
    }
    match (serde_json::from_str(edited), serde_json::from_str(original)) {
        (Ok(edited), Ok(original)) => unmask_json(edited, &original).to_string(),
        _ => edited.to_owned(),
    }
}

/// Like [`unmask`], for a path and its query.
pub(crate) fn unmask_target(edited: &str, original: &str) -> String {
    let hidden = original.split_once('?').map_or("", |(_, query)| query);
    on_query(edited, |query| unmask_form(query, hidden))
}

/// The nth field with a name gets the secret of the nth field with that name.
fn unmask_form(edited: &str, original: &str) -> String {
    let mut hidden: Vec<_> = original.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let mut pair = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        let place = hidden.iter().position(|(other, _)| decoded(other) == decoded(name))?;
        let (_, whole) = hidden.remove(place);
        (decoded(value) == MASK).then(|| format!("{name}={whole}"))
    };
    edited.split('&').map(|each| pair(each).unwrap_or_else(|| each.to_owned())).collect::<Vec<_>>().join("&")
}

fn unmask_json(edited: Value, original: &Value) -> Value {
    match edited {
        Value::String(text) if text == MASK => original.clone(),
        Value::Object(fields) => {
            let field = |(name, value)| {
                let value = unmask_json(value, &original[&name]);
                (name, value)
            };
            fields.into_iter().map(field).collect()
        }
        Value::Array(values) => {
            values.into_iter().enumerate().map(|(place, value)| unmask_json(value, &original[place])).collect()
        }
        other => other,
    }
}

fn decoded(name: &str) -> String {
    form_urlencoded::parse(name.as_bytes()).map(|(name, _)| name).collect()
}

fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    ["pass", "pwd", "secret", "csrf", "token"].iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(bytes: &[u8], kind: &str) -> Body {
        let tap = Tap::default();
        tap.see(bytes);
        tap.body(&HeaderMap::from_iter([(CONTENT_TYPE, kind.parse().unwrap())]))
    }

    #[test]
    fn form_fields_named_like_a_secret_are_masked() {
        let form = "application/x-www-form-urlencoded";
        for name in ["password", "new_Password", "passwd", "pwd", "client_secret", "p%61ssword", "csrf_token"] {
            let body = seen(format!("username=alice&{name}=tea").as_bytes(), form);
            assert_eq!(body.text, format!("username=alice&{name}=•••"));
        }
    }

    #[test]
    fn json_is_masked_at_any_depth() {
        let body = seen(br#"{"user":{"password":"tea","name":"alice"},"all":[{"pwd":1}]}"#, "application/json");
        let expected = serde_json::json!({"user": {"password": MASK, "name": "alice"}, "all": [{"pwd": MASK}]});
        assert_eq!(serde_json::from_str::<Value>(&body.text).unwrap(), expected);
    }

    #[test]
    fn masks_hide_what_was_there_also_when_the_rest_is_edited() {
        let form = |edited: &str| {
            unmask(edited, "user=alice&password=t%26a&password=2&x=1", "application/x-www-form-urlencoded")
        };
        assert_eq!(form("user=bob&password=•••&password=•••"), "user=bob&password=t%26a&password=2");
        assert_eq!(form("password=%E2%80%A2%E2%80%A2%E2%80%A2&user=•••&new=•••"), "password=t%26a&user=alice&new=•••");
        assert_eq!(form("password=mine&password=•••"), "password=mine&password=2");
        assert_eq!(unmask_target("/b?token=•••&x=2", "/a?token=t"), "/b?token=t&x=2");
        let json = |edited: &str| unmask(edited, r#"{"a":{"pwd":"t"},"b":[{"pwd":1}]}"#, "application/json");
        assert_eq!(
            json(r#"{"a":{"pwd":"•••","n":2},"b":[{"pwd":"•••"}]}"#),
            r#"{"a":{"n":2,"pwd":"t"},"b":[{"pwd":1}]}"#
        );
        assert_eq!(json(r#"{"a":{"pwd":"mine"}}"#), r#"{"a":{"pwd":"mine"}}"#);
        assert_eq!(json("{"), "{");
    }

    #[test]
    fn what_cannot_be_masked_is_not_shown() {
        for (bytes, kind) in
            [(&b"{\"password\":\"te"[..], "application/json"), (b"x", "multipart/form-data"), (b"\xff", "text/plain")]
        {
            let body = seen(bytes, kind);
            assert_eq!((body.text.as_str(), body.bytes), ("", bytes.len() as u64));
            assert!(body.note.is_some_and(|note| note.starts_with("not shown")));
        }
    }

    #[test]
    fn style_sheets_scripts_and_pictures_are_not_kept() {
        for kind in
            ["text/css; charset=utf-8", "text/javascript", "application/javascript", "image/svg+xml", "font/woff2"]
        {
            let body = seen(b"a { color: red }", kind);
            assert_eq!((body.text.as_str(), body.bytes, body.says), ("", 16, None), "{kind}");
            assert_eq!(body.note.as_deref(), Some("not shown: it is a style sheet, a script, an image or other media"));
        }
        assert_eq!(seen(b"a", "text/html").text, "a");
    }

    #[test]
    fn a_body_is_whole_if_all_of_it_came_and_there_was_room() {
        let whole = |bytes: &[u8], length: Option<&str>| {
            let tap = Tap::default();
            tap.see(bytes);
            let length = length.map(|length| (CONTENT_LENGTH, length.parse().unwrap()));
            tap.whole(&length.into_iter().collect()).map(|body| body.len())
        };
        assert_eq!([whole(b"", None), whole(b"abc", None), whole(b"abc", Some("3"))], [Some(0), Some(3), Some(3)]);
        assert_eq!([whole(b"ab", Some("3")), whole(&[b'x'; HEARD + 1], None)], [None, None]);
        assert_eq!(whole(&[b'x'; HEARD], None), Some(HEARD));
    }

    #[test]
    fn a_body_that_comes_in_pieces_takes_no_more_room_than_one_in_one_piece() {
        let tap = Tap::default();
        for piece in [1000, HEARD, 1000] {
            tap.see(&vec![b'x'; piece]);
        }
        let seen = tap.0.lock().unwrap();
        assert_eq!((seen.kept.len(), seen.bytes), (64 * 1024, 64 * 1024 + 2000));
    }

    #[test]
    fn a_long_body_that_is_not_text_is_not_shown() {
        let body = seen(&[b"x", &[0xff][..], &vec![b'x'; HEARD]].concat(), "text/plain");
        assert_eq!((body.text.as_str(), body.note.as_deref()), ("", Some("not shown: it is not text")));
    }

    #[test]
    fn a_page_says_its_first_heading_and_plain_text_its_first_line() {
        let says = |text: &str, kind| seen(text.as_bytes(), kind).says;
        assert_eq!(
            says("<p>no</p><h1>Tea &amp;\n <b>cake</b></h1><h1>no</h1>", "text/html; charset=utf-8").as_deref(),
            Some("Tea & cake")
        );
        assert_eq!(says("one\ntwo", "text/plain").as_deref(), Some("one"));
        let long = "é".repeat(SAID);
        assert_eq!(says(&long, "text/plain"), Some(long.clone()));
        assert_eq!(says(&format!("{long}é"), "text/plain"), Some(format!("{long} …")));
        assert_eq!(says("<p>no heading</p>", "text/html"), None);
        assert_eq!(says("{}", "application/json"), None);
    }

    #[test]
    fn a_long_body_is_cut_and_says_so() {
        let body = seen("é".repeat(HEARD).as_bytes(), "text/plain");
        assert_eq!(body.text.len(), KEPT);
        assert_eq!(body.note.as_deref(), Some("cut: the first 16 KiB of 131072 bytes"));
        for long in [KEPT, HEARD] {
            let odd = seen(format!("x{}", "é".repeat(long)).as_bytes(), "text/plain");
            assert_eq!(odd.text.len(), KEPT - 1, "a character is not torn apart");
        }
        let fits = seen("x".repeat(KEPT).as_bytes(), "text/plain");
        assert_eq!((fits.text.len(), fits.note), (KEPT, None));
        let over = seen("x".repeat(KEPT + 1).as_bytes(), "text/plain");
        assert_eq!((over.text.len(), over.note.as_deref()), (KEPT, Some("cut: the first 16 KiB of 16385 bytes")));
    }
}
