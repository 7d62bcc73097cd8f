//! The language of the page: the visitor's choice, or the best match for the languages that the browser accepts.

use axum::{
    http::{
        HeaderMap, StatusCode,
        header::{ACCEPT_LANGUAGE, CONTENT_LANGUAGE, VARY},
    },
    response::{IntoResponse, Redirect, Response},
};
use lesson_page::{Failure, Path};
use minijinja::{context, value::Serde};
use serde::{Deserialize, Serialize};

use crate::{catalogue::ITEMS, flash, page, session_data::SessionData, visitor::Visitor};

// ANCHOR: language
/// A language that the shop supports.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Language {
    En,
    Es,
    Fr,
    Ja,
}

impl Language {
    const ALL: [Self; 4] = [Self::En, Self::Es, Self::Fr, Self::Ja];

    fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Es => "es",
            Self::Fr => "fr",
            Self::Ja => "ja",
        }
    }

    fn hello(self) -> &'static str {
        match self {
            Self::En => "Hello, World!",
            Self::Es => "¡Hola, Mundo!",
            Self::Fr => "Bonjour, le monde!",
            Self::Ja => "こんにちは、世界！",
        }
    }

    /// Finds the language of a tag: `fr` for `fr`, `FR` and `fr-CH`.
    fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next()?;
        Self::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(primary))
    }

    // ANCHOR: accepted
    /// Returns the shop's language that the browser prefers.
    fn accepted(header: &str) -> Option<Self> {
        let liked = header.split(',').filter_map(|part| {
            let (tag, weight) = part.split_once(';').unwrap_or((part, "q=1"));
            let weight: f32 = weight.trim().strip_prefix("q=")?.parse().ok()?;
            // Excludes NaN, too.
            (weight > 0.0 && weight <= 1.0).then_some((Self::of_tag(tag.trim())?, weight))
        });
        // Of two languages with the same weight, the first one counts.
        liked.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(language, _)| language)
    }
    // ANCHOR_END: accepted
}
// ANCHOR_END: language

/// The visitor's choice, if there is one.
#[derive(Default, Deserialize, Serialize)]
struct Chosen(Option<Language>);

impl SessionData for Chosen {
    const KEY: &'static str = "language";
}

// ANCHOR: hello
pub(crate) async fn hello(Visitor { session, user }: Visitor, headers: HeaderMap) -> Result<Response, Failure> {
    // ANCHOR: choice
    let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|header| header.to_str().ok()).and_then(Language::accepted);
    let language = Chosen::load(&session).await?.0.or(accepted).unwrap_or(Language::En);
    // ANCHOR_END: choice
    let values = context! {
        hello => language.hello(),
        lang => language.code(),
        languages => Serde(Language::ALL),
        items => Serde(ITEMS),
    };
    let page = page::render(&session, user.as_ref(), "hello.html", values).await?;
    // A cache must not give this page to a visitor with another language.
    Ok(([(CONTENT_LANGUAGE, language.code()), (VARY, "Accept-Language, Cookie")], page).into_response())
}

pub(crate) async fn set(Visitor { session, .. }: Visitor, Path(tag): Path<String>) -> axum::response::Result<Redirect> {
    let Some(language) = Language::ALL.into_iter().find(|language| language.code() == tag) else {
        let all: Vec<_> = Language::ALL.map(Language::code).into();
        let sentence = format!("The shop does not speak {tag:?}; it speaks: {}.\n", all.join(", "));
        return Err((StatusCode::UNPROCESSABLE_ENTITY, sentence).into());
    };
    Chosen(Some(language)).save(&session).await?;
    flash::add(&session, format!("Language set to {}", language.code())).await?;
    Ok(Redirect::to("/"))
}
// ANCHOR_END: hello

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s27_the_browser_says_how_much_it_likes_each_language() {
        for (header, best) in [
            ("fr", Some(Language::Fr)),
            ("FR-ch", Some(Language::Fr)),
            ("de, fr;q=0.5, es;q=0.8", Some(Language::Es)),
            ("ja;q=0.5, es;q=0.5", Some(Language::Ja)),
            ("en;q=0, fr;q=0.1", Some(Language::Fr)),
            ("en;q=0", None),
            ("de, *", None),
            ("", None),
            ("fr;q=nan, fr;q=2, fr;q=-1, fr;q=, fr;x, ;;,,", None),
        ] {
            assert_eq!(Language::accepted(header), best, "{header}");
        }
    }
}
