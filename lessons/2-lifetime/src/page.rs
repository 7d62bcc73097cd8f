//! The pages that the visitor sees: templates, the article's sentences, and durations in words.

use std::sync::LazyLock;

use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
    response::Redirect,
};
use lesson_page::Pages;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::{
    lifetime::Lifetime,
    settings::{Life, Settings},
};

pub(crate) static PAGES: LazyLock<Pages> = LazyLock::new(|| {
    Pages::new(
        "Lesson 2: lifetime",
        &[("index.html", include_str!("../templates/index.html")), ("who.html", include_str!("../templates/who.html"))],
    )
});

/// The ends of the session after this answer, in words.
#[derive(Serialize)]
pub(crate) struct Clocks {
    cookie: String,
    idle: String,
    absolute: String,
}

pub(crate) fn clocks(settings: &Settings, lifetime: &Lifetime, now: OffsetDateTime) -> Clocks {
    let life = settings.life(lifetime.remembered);
    let lifetime = lifetime.once_answered(settings, now);
    Clocks {
        cookie: cookie(life),
        idle: words(lifetime.idle_left(life, now)),
        absolute: words(lifetime.absolute_left(life, now)),
    }
}

/// One line of the settings: its name, its value for a visit, and its value for a remembered visitor.
type Line = (&'static str, String, String);

/// Returns the settings as lines for the page.
pub(crate) fn lines(settings: &Settings) -> Vec<Line> {
    let Settings { visit, remembered, renewal, cookie: name, same_site } = settings;
    let both = |words: String| (words.clone(), words);
    let (part, part_again) = both(format!("after 1/{renewal} of the idle timeout"));
    let (attributes, attributes_again) = both(format!("{name}; Secure; HttpOnly; SameSite={same_site}; Path=/"));
    vec![
        ("idle timeout", words(visit.idle), words(remembered.idle)),
        ("absolute timeout", words(visit.absolute), words(remembered.absolute)),
        ("the cookie ends", cookie(*visit), cookie(*remembered)),
        ("a read is recorded", part, part_again),
        ("the cookie is", attributes, attributes_again),
    ]
}

fn cookie(life: Life) -> String {
    life.cookie.map_or("with the browser".to_owned(), |age| format!("{} after it was last set", words(age)))
}

/// Returns a duration in words: to the minute below a day, otherwise to the hour.
fn words(span: Duration) -> String {
    let count = |number: i64, unit: &str| match number {
        0 => String::new(),
        1 => format!("1 {unit} "),
        number => format!("{number} {unit}s "),
    };
    let (days, hours, minutes) = (span.whole_days(), span.whole_hours() % 24, span.whole_minutes() % 60);
    let words = match days {
        0 => [count(hours, "hour"), count(minutes, "minute")].concat(),
        days => [count(days, "day"), count(hours, "hour")].concat(),
    };
    if words.is_empty() { "less than a minute".to_owned() } else { words.trim_end().to_owned() }
}

/// The last action, which a redirect passes on to the next page.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Done {
    #[default]
    Nothing,
    Set,
    SetPermanent,
    LoggedIn,
    LoggedOut,
}

impl Done {
    /// Returns the article's sentence.
    pub(crate) fn sentence(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Set => Some("Session data set"),
            Self::SetPermanent => Some("Permanent session data set"),
            Self::LoggedIn => Some("Logged in"),
            Self::LoggedOut => Some("Logged out"),
        }
    }

    /// Redirects to the index, which shows the sentence.
    pub(crate) fn back(self) -> Redirect {
        Redirect::to(match self {
            Self::Nothing => "/",
            Self::Set => "/?done=set",
            Self::SetPermanent => "/?done=set_permanent",
            Self::LoggedIn => "/?done=logged_in",
            Self::LoggedOut => "/?done=logged_out",
        })
    }
}

impl<S: Sync> FromRequestParts<S> for Done {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        /// A visitor can type any address. An unknown word shows no sentence.
        #[derive(Deserialize)]
        struct Said {
            done: Done,
        }
        Ok(Query::try_from_uri(&parts.uri).map(|Query(Said { done })| done).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_shown_in_words() {
        for (span, expected) in [
            (Duration::seconds(59), "less than a minute"),
            (Duration::minutes(1), "1 minute"),
            (Duration::minutes(90), "1 hour 30 minutes"),
            (Duration::hours(8), "8 hours"),
            (Duration::minutes(7 * 24 * 60 - 1), "6 days 23 hours"),
            (Duration::days(30), "30 days"),
        ] {
            assert_eq!(words(span), expected);
        }
    }
}
