//! The last events, and the letters of cookie values.

use std::{
    collections::VecDeque,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use tokio::sync::watch;

use crate::{Event, Operation, Outcome, What, bounds, sent::Sent};

/// The maximum number of events.
const EVENTS: usize = 500;
/// The maximum size of the events, counted as JSON, in bytes. The newest event is always stored.
const BYTES: usize = 8 * 1024 * 1024;
/// The maximum number of cookie values that have a letter. An exchange seldom shows more than two.
const VALUES: usize = 4 * EVENTS;

#[derive(Debug)]
pub(crate) struct Timeline {
    kept: Mutex<Kept>,
    /// The number of the newest event, for waiting readers.
    newest: watch::Sender<u64>,
    /// Hashes the values. Its keys are random, so nobody can construct two values that share a letter.
    hasher: RandomState,
}

#[derive(Debug)]
struct Kept {
    epoch: u64,
    events: VecDeque<Arc<Noted>>,
    /// The size of the events in bytes.
    bytes: usize,
    /// The number of all events so far.
    counted: u64,
    values: VecDeque<Value>,
    /// The number of values that have lost their letter.
    forgotten: usize,
    /// The IDs of records that are in the store, as far as the inspector knows.
    records: VecDeque<String>,
}

/// The facts about one cookie value.
#[derive(Debug)]
struct Value {
    /// A hash, because the value may be as long as a header.
    hash: u64,
    /// The visitor who received it, or sent it first.
    visitor: String,
    set: Option<Set>,
}

/// How a cookie was set.
#[derive(Clone, Debug)]
pub(crate) struct Set {
    /// The header's attributes, as they were sent.
    pub(crate) attributes: String,
    /// The time when a browser deletes it, in milliseconds of Unix time on the inspector's clock, if it has an age.
    pub(crate) until: Option<i64>,
}

/// An event on the timeline, shared by all readers.
#[derive(Debug)]
pub(crate) struct Noted {
    pub(crate) event: Event,
    pub(crate) at: Position,
    bytes: usize,
    /// The request as it came, to be sent again, unless it was too long.
    pub(crate) sent: Option<Sent>,
    /// The event as the page receives it, rendered for the first reader.
    pub(crate) message: OnceLock<axum::body::Bytes>,
}

/// The position of a reader.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Position {
    /// A random number for each timeline, and for each time that it is cleared. In another epoch, the same number means
    /// another event.
    pub(crate) epoch: u64,
    /// The number of the event that was read last.
    pub(crate) number: u64,
}

/// The next step for a reader.
#[derive(Debug)]
pub(crate) enum Step {
    /// The next event.
    Event(Arc<Noted>),
    /// The events that the reader read are no longer on the timeline, or some events after them are missing. The reader
    /// starts again from here.
    Reset(Position),
}

impl Default for Timeline {
    fn default() -> Self {
        let kept = Kept {
            epoch: new_epoch(),
            events: VecDeque::new(),
            bytes: 0,
            counted: 0,
            values: VecDeque::new(),
            forgotten: 0,
            records: VecDeque::new(),
        };
        Self { kept: Mutex::new(kept), newest: watch::Sender::new(0), hasher: RandomState::new() }
    }
}

impl Timeline {
    pub(crate) fn push(&self, what: What) {
        self.push_sent(what, None);
    }

    /// Adds an event, and the request as it came.
    pub(crate) fn push_sent(&self, what: What, sent: Option<Sent>) {
        let bytes = bounds::size(&what) + sent.as_ref().map_or(0, Sent::size);
        let mut kept = self.kept();
        kept.counted += 1;
        let number = kept.counted;
        let at = Position { epoch: kept.epoch, number };
        let noted = Noted { event: Event { number, what }, at, bytes, sent, message: OnceLock::new() };
        kept.events.push_back(Arc::new(noted));
        kept.bytes += bytes;
        while kept.events.len() > EVENTS || (kept.bytes > BYTES && kept.events.len() > 1) {
            kept.bytes -= kept.events.pop_front().map_or(0, |oldest| oldest.bytes);
        }
        drop(kept);
        self.newest.send_replace(number);
    }

    /// Returns the events after number `after`, oldest first.
    pub(crate) fn since(&self, after: u64) -> Vec<Arc<Noted>> {
        let kept = self.kept();
        let first = kept.events.partition_point(|noted| noted.event.number <= after);
        kept.events.range(first..).cloned().collect()
    }

    /// Returns the event with this number, while it is on the timeline.
    pub(crate) fn get(&self, number: u64) -> Option<Arc<Noted>> {
        let kept = self.kept();
        let place = kept.events.binary_search_by_key(&number, |noted| noted.event.number).ok()?;
        kept.events.get(place).cloned()
    }

    /// Returns the next step after `position`, if there is one yet. A new reader has no position.
    pub(crate) fn after(&self, position: Option<Position>) -> Option<Step> {
        let kept = self.kept();
        let oldest = kept.events.front().map_or(kept.counted + 1, |noted| noted.event.number);
        let start = Position { epoch: kept.epoch, number: oldest - 1 };
        match position {
            Some(position)
                if position.epoch == kept.epoch && (start.number..=kept.counted).contains(&position.number) =>
            {
                let place = usize::try_from(position.number - start.number).unwrap_or(usize::MAX);
                kept.events.get(place).cloned().map(Step::Event)
            }
            _ => Some(Step::Reset(start)),
        }
    }

    pub(crate) fn clear(&self) {
        let mut kept = self.kept();
        kept.events.clear();
        kept.bytes = 0;
        kept.epoch = new_epoch();
        drop(kept);
        self.newest.send_modify(|_| ()); // wakes the readers, whose events are gone
    }

    /// Returns a receiver of the newest event's number.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// Returns the letter for `value`: A for the first value, and AA after Z.
    pub(crate) fn label(&self, value: &str) -> String {
        let hash = self.hasher.hash_one(value);
        let mut kept = self.kept();
        let place = kept.place_of(hash);
        letters(kept.forgotten + place)
    }

    /// Returns the letter of a value that has one.
    pub(crate) fn known_label(&self, value: &str) -> Option<String> {
        let hash = self.hasher.hash_one(value);
        let kept = self.kept();
        kept.known(hash).map(|place| letters(kept.forgotten + place))
    }

    /// Returns how the cookie with this value was set, if the inspector saw that.
    pub(crate) fn set(&self, value: &str) -> Option<Set> {
        let hash = self.hasher.hash_one(value);
        let kept = self.kept();
        kept.known(hash).and_then(|place| kept.values[place].set.clone())
    }

    /// Notes how the cookie with this value was set, if the value has a letter.
    pub(crate) fn note_set(&self, value: &str, set: Set) {
        let hash = self.hasher.hash_one(value);
        let mut kept = self.kept();
        if let Some(place) = kept.known(hash) {
            kept.values[place].set = Some(set);
        }
    }

    /// Returns the visitor who received this value, or sent it first.
    pub(crate) fn visitor(&self, value: &str) -> Option<String> {
        let hash = self.hasher.hash_one(value);
        let kept = self.kept();
        kept.known(hash).map(|place| kept.values[place].visitor.clone()).filter(|visitor| !visitor.is_empty())
    }

    /// Notes that this value belongs to this visitor, if it has a letter and no visitor yet.
    pub(crate) fn note_visitor(&self, value: &str, visitor: &str) {
        let hash = self.hasher.hash_one(value);
        let mut kept = self.kept();
        let Some(place) = kept.known(hash) else { return };
        let owner = &mut kept.values[place].visitor;
        if owner.is_empty() {
            visitor.clone_into(owner);
        }
    }

    /// Whether a record with this ID was known before this call. Notes the outcome of the call.
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

    /// Locks the timeline. No code panics while it holds the lock. If some did, a timeline with a gap would be better
    /// than none.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Returns the index of this value, if it has one.
    fn known(&self, hash: u64) -> Option<usize> {
        self.values.iter().position(|known| known.hash == hash)
    }

    /// Returns the index of this value, and adds a new value.
    fn place_of(&mut self, hash: u64) -> usize {
        self.known(hash).unwrap_or_else(|| {
            self.values.push_back(Value { hash, visitor: String::new(), set: None });
            if self.values.len() > VALUES {
                self.values.pop_front();
                self.forgotten += 1;
            }
            self.values.len() - 1
        })
    }
}

/// Returns a random number that no other timeline has, not even one before a restart of the program.
fn new_epoch() -> u64 {
    RandomState::new().hash_one(())
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
            timeline.push(What::Skip { seconds, ahead: seconds });
        }
        assert_eq!(timeline.since(0).first().map(|noted| noted.event.number), Some(2));
        assert_eq!(timeline.since(499).len(), 2);
        for value in 0..=VALUES {
            timeline.label(&value.to_string());
        }
        assert_eq!(timeline.label("1"), "B", "the second value keeps its letter");
        assert_eq!(timeline.label("0"), letters(VALUES + 1), "the first one was forgotten and is new");
        assert_eq!(timeline.kept().values.len(), 2000);
    }

    #[test]
    fn only_the_last_8_mib_are_kept_and_the_newest_event_whatever_it_takes() {
        let timeline = Timeline::default();
        let call = |bytes: usize| {
            let outcome = Outcome::Failed("x".repeat(bytes));
            let [label, id] = [String::new(), String::new()];
            What::Call(crate::StoreCall { operation: Operation::Load, label, id, known: false, outcome, until: None })
        };
        let beside = bounds::size(&call(0));
        let mib = call((1 << 20) - beside);
        (0..8).for_each(|_| timeline.push(mib.clone()));
        assert_eq!((timeline.since(0).len(), timeline.kept().bytes), (8, BYTES));
        timeline.push(call(0));
        assert_eq!((timeline.since(0).len(), timeline.kept().bytes), (8, BYTES - (1 << 20) + beside));
        timeline.push(call(2 * BYTES));
        assert_eq!((timeline.since(0).len(), timeline.kept().bytes), (1, 2 * BYTES + beside));
        timeline.clear();
        assert_eq!((timeline.since(0).len(), timeline.kept().bytes), (0, 0));
    }

    #[test]
    fn a_request_that_is_kept_counts_with_its_event() {
        let timeline = Timeline::default();
        let request = axum::extract::Request::post("/path?q").header("host", "localhost").body(()).unwrap();
        let sent = Sent { body: "x".repeat(1000).into(), ..Sent::of(&request) };
        timeline.push(What::Skip { seconds: 1, ahead: 1 });
        let before = timeline.kept().bytes;
        timeline.push_sent(What::Skip { seconds: 1, ahead: 1 }, Some(sent));
        // POST, /path?q, host, localhost, and the body.
        assert_eq!(timeline.kept().bytes, 2 * before + 4 + 7 + 4 + 9 + 1000);
    }

    #[test]
    fn a_record_is_known_from_when_it_is_seen_until_it_is_gone() {
        let timeline = Timeline::default();
        let data = || Outcome::Data(Default::default());
        let failed = || Outcome::Failed(String::new());
        let knows = |operation, outcome: Outcome| timeline.knows("x", operation, &outcome);
        let story = [
            (Operation::Load, Outcome::Missing, false),
            (Operation::Save, failed(), false),
            (Operation::Create, data(), false),
            (Operation::Load, data(), true),
            (Operation::Load, data(), true),
            (Operation::Delete, failed(), true),
            (Operation::Save, Outcome::Moved, true),
            (Operation::Load, Outcome::Moved, true),
            (Operation::Load, Outcome::Expired, true),
            (Operation::Load, data(), false),
            (Operation::Delete, Outcome::Done, true),
            (Operation::Delete, Outcome::Done, false),
            (Operation::Save, data(), false),
        ];
        for (place, (operation, outcome, known)) in story.into_iter().enumerate() {
            assert_eq!(knows(operation, outcome), known, "{place}");
        }
    }

    #[test]
    fn only_the_last_2000_records_are_known() {
        let timeline = Timeline::default();
        let sees = |id: usize| {
            let data = Outcome::Data(Default::default());
            timeline.knows(&id.to_string(), Operation::Load, &data)
        };
        assert!((0..=VALUES).all(|id| !sees(id)));
        assert_eq!(timeline.kept().records.len(), 2000);
        assert!(sees(1), "the second is known");
        assert!(!sees(0), "the first was forgotten");
    }

    #[test]
    fn a_known_value_has_its_letter_and_a_new_one_gets_none_by_being_looked_up() {
        let timeline = Timeline::default();
        assert_eq!(timeline.known_label("x"), None);
        (0..=VALUES).for_each(|value| drop(timeline.label(&value.to_string())));
        assert_eq!(timeline.known_label("0"), None, "the first was forgotten");
        assert_eq!(timeline.known_label("2").as_deref(), Some("C"));
    }
}
