//! A piece of text that is markup wherever it is pasted, and shows that it was.

use crate::page;

/// It stands in every name and word that an app is given.
#[derive(Clone, Debug)]
pub(crate) struct Canary {
    /// A word that no page has of itself.
    word: String,
}

impl Canary {
    pub(crate) fn new(word: &str) -> Self {
        Self { word: word.to_owned() }
    }

    /// Closes whatever it stands in, opens an element, and holds a reference that must not be resolved.
    pub(crate) fn text(&self) -> String {
        let Self { word } = self;
        format!("\"' {word}=1--></title></textarea><{word}>&amp;{word};")
    }

    /// What became of it in this page, if it is no text any more.
    pub(crate) fn hatched(&self, html: &str) -> Option<&'static str> {
        let Self { word } = self;
        if !html.contains(word) {
            None
        } else if page::has_element(html, word) {
            Some("it has become an element of the page: `<`, `>` and `&` in it were not escaped")
        } else if page::has_attribute(html, word) {
            Some(
                "it has become an attribute: quotation marks in it were not escaped, or the attribute has none around it",
            )
        } else if page::text(html).contains(&format!("&{word};")) {
            Some("what was `&amp;` in it reads `&`: the `&` was not escaped")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canary_shows_where_it_was_pasted_and_is_quiet_where_it_was_escaped() {
        let canary = Canary::new("c797");
        let (raw, escaped) = (canary.text(), page::escaped(&canary.text()));
        let half = raw.replace('<', "&lt;").replace('>', "&gt;");
        for hatched in [
            format!("<p>{raw}"),
            format!("<title>{raw}</title>"),
            format!("<textarea>{raw}</textarea>"),
            format!("<!-- {raw} -->"),
            format!("<input value=\"{half}\">"),
            format!("<input value='{half}'>"),
            format!("<input value={escaped}>"),
            format!("<p>{half}"),
        ] {
            assert!(canary.hatched(&hatched).is_some(), "{hatched}");
        }
        for quiet in [
            "<p>nothing of it".to_owned(),
            format!("<title>{escaped}</title><p>{escaped}<textarea>{escaped}</textarea><input value=\"{escaped}\">"),
        ] {
            assert_eq!(canary.hatched(&quiet), None, "{quiet}");
        }
    }
}
