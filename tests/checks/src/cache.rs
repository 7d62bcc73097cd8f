//! The pages that a browser shows again without a request (RFC 9111), for as long as their server allows.

use std::collections::HashMap;

use axum::http::{Method, header::CACHE_CONTROL};
use time::{Duration, OffsetDateTime};

use crate::Answer;

/// A browser's cache.
#[derive(Debug, Default)]
pub(crate) struct Cache(HashMap<String, (Answer, OffsetDateTime)>);

impl Cache {
    /// The page at this address, as it was, if it is still fresh.
    pub(crate) fn get(&self, path: &str, now: OffsetDateTime) -> Option<Answer> {
        self.0.get(path).filter(|(_, fresh_until)| now < *fresh_until).map(|(answer, _)| answer.clone())
    }

    /// Keeps an answer to a GET if its server allows that. Any other request for an address drops what is kept.
    pub(crate) fn put(&mut self, answer: &Answer, now: OffsetDateTime) {
        self.0.remove(&answer.path);
        if answer.method == Method::GET
            && answer.status.is_success()
            && let Some(age) = max_age(answer)
        {
            self.0.insert(answer.path.clone(), (answer.clone(), now + age));
        }
    }
}

fn max_age(answer: &Answer) -> Option<Duration> {
    let control = answer.headers.get(CACHE_CONTROL)?.to_str().ok()?.to_lowercase();
    let mut directives = control.split(',').map(str::trim);
    if directives.clone().any(|directive| matches!(directive, "no-store" | "no-cache")) {
        return None;
    }
    let seconds = directives.find_map(|directive| directive.strip_prefix("max-age="))?;
    seconds.parse().ok().filter(|seconds| *seconds > 0).map(Duration::seconds)
}
