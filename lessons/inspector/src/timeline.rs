//! The last events, and letters for cookie values.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use crate::{Event, Operation, Outcome, What};

/// How many events are kept.
const EVENTS: usize = 500;
/// How many cookie values keep their letter. An exchange seldom shows more than two.
const VALUES: usize = 4 * EVENTS;

#[derive(Debug)]
pub(crate) struct Timeline {
    kept: Mutex<Kept>,
    /// The number of the newest event, for those who wait for it.
    newest: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<Event>,
    /// How many events there ever were.
    counted: u64,
    values: VecDeque<String>,
    /// How many values have already lost their letter.
    forgotten: usize,
    /// The IDs of records that were seen in the store and not seen to go.
    records: VecDeque<String>,
}

impl Default for Timeline {
    fn default() -> Self {
        Self { kept: Mutex::default(), newest: watch::Sender::new(0) }
    }
}

impl Timeline {
    pub(crate) fn push(&self, what: What) {
        let mut kept = self.kept();
        kept.counted += 1;
        let number = kept.counted;
        kept.events.push_back(Event { number, what });
        if kept.events.len() > EVENTS {
            kept.events.pop_front();
        }
        drop(kept);
        self.newest.send_replace(number);
    }

    /// The events after number `after`, oldest first.
    pub(crate) fn since(&self, after: u64) -> Vec<Event> {
        let kept = self.kept();
        let first = kept.events.partition_point(|event| event.number <= after);
        kept.events.range(first..).cloned().collect()
    }

    pub(crate) fn clear(&self) {
        self.kept().events.clear();
        self.newest.send_modify(|_| ()); // wakes those who wait: what they show is gone
    }

    /// Tells when there is something new: the number of the newest event.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// The letter `value` goes by: A for the first value seen, Z, then AA.
    pub(crate) fn label(&self, value: &str) -> String {
        let mut kept = self.kept();
        let known = kept.values.iter().position(|known| known == value);
        let place = known.unwrap_or_else(|| {
            kept.values.push_back(value.to_owned());
            if kept.values.len() > VALUES {
                kept.values.pop_front();
                kept.forgotten += 1;
            }
            kept.values.len() - 1
        });
        letters(kept.forgotten + place)
    }

    /// The letter of a value that has been seen already.
    pub(crate) fn known_label(&self, value: &str) -> Option<String> {
        let kept = self.kept();
        kept.values.iter().position(|known| known == value).map(|place| letters(kept.forgotten + place))
    }

    /// Whether a record of this ID was known before this call, whose outcome may tell of it anew.
    pub(crate) fn knows(&self, id: &str, operation: Operation, outcome: &Outcome) -> bool {
        let mut kept = self.kept();
        let place = kept.records.iter().position(|known| known == id);
        let is_there = match (operation, outcome) {
            (_, Outcome::Failed(_)) => return place.is_some(),
            (Operation::Delete, _) => false,
            (_, outcome) => matches!(outcome, Outcome::Data(_) | Outcome::Moved),
        };
        match place {
            Some(place) if !is_there => drop(kept.records.remove(place)),
            None if is_there => kept.records.push_back(id.to_owned()),
            _ => {}
        }
        if kept.records.len() > VALUES {
            kept.records.pop_front();
        }
        place.is_some()
    }

    /// Nothing panics while it holds the lock; if it did, a timeline with a hole is better than none.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn letters(place: usize) -> String {
    let last = char::from(b'A' + u8::try_from(place % 26).unwrap_or_default());
    match place / 26 {
        0 => last.to_string(),
        before => format!("{}{last}", letters(before - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_named_in_the_order_seen() {
        let timeline = Timeline::default();
        assert_eq!(["x", "y", "x"].map(|value| timeline.label(value)), ["A", "B", "A"]);
    }

    #[test]
    fn letters_go_on_after_z() {
        assert_eq!([0, 25, 26, 51, 52, 701, 702].map(letters), ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
    }

    #[test]
    fn only_the_last_500_events_and_2000_values_are_kept() {
        let timeline = Timeline::default();
        for seconds in 0..501 {
            timeline.push(What::Skip { seconds });
        }
        assert_eq!(timeline.since(0).first().map(|event| event.number), Some(2));
        assert_eq!(timeline.since(499).len(), 2);
        for value in 0..=VALUES {
            timeline.label(&value.to_string());
        }
        assert_eq!(timeline.label("1"), "B", "the second value keeps its letter");
        assert_eq!(timeline.label("0"), letters(VALUES + 1), "the first one was forgotten and is new");
        assert_eq!(timeline.kept().values.len(), VALUES);
    }
}
