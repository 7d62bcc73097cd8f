//! The pages that a browser keeps (RFC 9111). It shows them again without a request for as long as their server allows,
//! and after that asks whether the version it has is still the right one.

use std::collections::HashMap;

use axum::http::{
    HeaderName, HeaderValue, Method, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, VARY},
};
use time::{Duration, OffsetDateTime};

use crate::Answer;

/// A browser's cache.
#[derive(Debug, Default)]
pub(crate) struct Cache(HashMap<String, Kept>);

#[derive(Debug)]
struct Kept {
    answer: Answer,
    fresh_until: OffsetDateTime,
    /// The cookies that it was asked for with, if the answer says that it depends on them.
    cookies: Option<Option<String>>,
}

impl Cache {
    /// The page at this address, as it was, if it is still fresh.
    pub(crate) fn get(&self, path: &str, cookies: Option<&str>, now: OffsetDateTime) -> Option<Answer> {
        self.kept(path, cookies).filter(|kept| now < kept.fresh_until).map(|kept| kept.answer.clone())
    }

    /// The headers that ask whether the page at this address is still the one that is kept.
    pub(crate) fn validators(&self, path: &str, cookies: Option<&str>) -> Vec<(HeaderName, HeaderValue)> {
        let headers = self.kept(path, cookies).map(|kept| &kept.answer.headers);
        let pairs = [(ETAG, IF_NONE_MATCH), (LAST_MODIFIED, IF_MODIFIED_SINCE)];
        pairs.into_iter().filter_map(|(from, to)| Some((to, headers?.get(from)?.clone()))).collect()
    }

    /// Keeps an answer to a GET if its server allows that. Any other request for an address drops what is kept. An answer
    /// that says "not modified" becomes the page that was kept.
    pub(crate) fn put(&mut self, answer: &mut Answer, cookies: Option<&str>, now: OffsetDateTime) {
        let kept = self.0.remove(&answer.path);
        if answer.method != Method::GET {
            return;
        }
        if let Some(kept) = kept.filter(|_| answer.status == StatusCode::NOT_MODIFIED) {
            let Answer { status, headers, body, .. } = kept.answer;
            (answer.status, answer.body) = (status, body);
            // Its own headers count. Of the page that was kept it takes those that describe it, and no `Set-Cookie`.
            for name in [ETAG, LAST_MODIFIED, VARY, CONTENT_TYPE, CACHE_CONTROL] {
                if let (false, Some(value)) = (answer.headers.contains_key(&name), headers.get(&name)) {
                    answer.headers.insert(name, value.clone());
                }
            }
        }
        let says = |name: HeaderName| answer.headers.get(name).and_then(|value| value.to_str().ok());
        let varies = says(VARY).unwrap_or_default().to_lowercase();
        if let Some(age) = age(says(CACHE_CONTROL))
            && (answer.status.is_success() || answer.status.is_redirection())
            && !varies.contains('*')
        {
            let cookies = varies.contains("cookie").then(|| cookies.map(str::to_owned));
            self.0.insert(answer.path.clone(), Kept { answer: answer.clone(), fresh_until: now + age, cookies });
        }
    }

    fn kept(&self, path: &str, cookies: Option<&str>) -> Option<&Kept> {
        let is_for = |kept: &&Kept| kept.cookies.as_ref().is_none_or(|asked| asked.as_deref() == cookies);
        self.0.get(path).filter(is_for)
    }
}

/// How long an answer is fresh, if it may be kept at all. Where the server does not say, browsers guess; this one asks
/// each time.
fn age(control: Option<&str>) -> Option<Duration> {
    let control = control.unwrap_or_default().to_lowercase();
    let mut directives = control.split(',').map(str::trim);
    if directives.clone().any(|directive| directive == "no-store") {
        return None;
    }
    if directives.clone().any(|directive| directive == "no-cache") {
        return Some(Duration::ZERO);
    }
    let seconds = directives.find_map(|directive| directive.strip_prefix("max-age=")?.parse().ok());
    Some(Duration::seconds(seconds.unwrap_or_default()))
}
