//! Shows an attack on the timeline of the inspector in front of this program.

use std::collections::BTreeMap;

use checks::StoryStep;
use session_inspector::{Exchange, Inspector, Retold};

use crate::attack::{Attack, Run};

/// Reports each step of the attack, and then only the changes that bob made, because all of bob's steps would hide the
/// attack.
pub(crate) fn tell(inspector: &Inspector, attack: &Attack, shop: &str, run: &Run) {
    let is_change = |step: &&StoryStep| !step.did.starts_with("GET ");
    let bobs = || run.bobs_story.iter().filter(is_change);
    let letters = Letters::of(inspector, run.story.iter().chain(bobs()).filter_map(|step| step.exchange.as_ref()));
    inspector.note("", &format!("An attack on the {shop} shop: {}", attack.title));
    run.story.iter().for_each(|step| letters.tell(inspector, step, Retold::Shown));
    inspector.note("", if run.succeeded { "The attack succeeded." } else { "The attack was blocked." });
    bobs().for_each(|step| letters.tell(inspector, step, Retold::Folded));
}

/// The story's letters for cookie values, each with the letter that it has on the inspector's timeline.
struct Letters(BTreeMap<String, String>);

impl Letters {
    fn of<'e>(inspector: &Inspector, exchanges: impl Iterator<Item = &'e Exchange>) -> Self {
        let named = exchanges.flat_map(|exchange| {
            let sent = exchange.request.cookies.iter().map(|cookie| (&cookie.label, &cookie.value));
            let given = exchange.response.set_cookies.iter().map(|cookie| (&cookie.label, &cookie.value));
            let stored = exchange.calls.iter().map(|call| (&call.label, &call.id));
            sent.chain(stored).chain(given).filter(|(label, _)| !label.is_empty())
        });
        Self(named.map(|(label, value)| (label.clone(), inspector.label(value))).collect())
    }

    fn tell(&self, inspector: &Inspector, StoryStep { who, did, times, exchange, .. }: &StoryStep, how: Retold) {
        match exchange {
            Some(exchange) => inspector.retell(who, exchange.clone(), how),
            None if who.starts_with('(') => inspector.note("", &self.translate(did)),
            None => inspector.note(who, &self.translate(did)),
        }
        if *times > 1 {
            inspector.note(who, &format!("does that {times} times in a row"));
        }
    }

    /// Returns the same sentence with the inspector's letters.
    fn translate(&self, sentence: &str) -> String {
        let words = sentence.split_inclusive(|character: char| !character.is_alphanumeric());
        let translated = words.map(|piece| {
            let word = piece.trim_end_matches(|character: char| !character.is_alphanumeric());
            let end = &piece[word.len()..];
            format!("{}{end}", self.0.get(word).map_or(word, String::as_str))
        });
        translated.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_has_the_inspectors_letters() {
        let letters = [("A", "C"), ("B", "A")].map(|(one, other)| (one.to_owned(), other.to_owned()));
        let letters = Letters(letters.into());
        let translated = letters.translate("holds a copy of Bob's cookies A, B and D: A/B");
        assert_eq!(translated, "holds a copy of Bob's cookies C, A and D: C/A");
    }
}
