//! The audit log of an account, for its owner.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use serde::Serialize;
use time::{OffsetDateTime, macros::format_description};

use super::{event::Event, visit::Place};

/// The number of lines of one kind that are stored for each account. The limit is per kind, so that wrong passwords do
/// not push out an alarm.
const MOST: usize = 20;

/// A line of the audit log.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Line {
    /// The time, in UTC.
    at: String,
    what: &'static str,
    /// The kind of browser, and the network.
    place: String,
    /// The number of times in a row that this happened.
    times: usize,
}

/// The last events of each account. They outlive sessions, so in a real shop they are in a table of the database, to
/// which the program may only add.
#[derive(Default)]
pub(super) struct Journal(Mutex<HashMap<String, VecDeque<Line>>>);

impl Journal {
    pub(super) fn add(&self, account: &str, event: Event, place: &Place, now: OffsetDateTime) {
        let Some(what) = event.words() else { return };
        let at = now.format(format_description!("[year]-[month]-[day] [hour]:[minute]")).unwrap_or_default();
        let place = place.to_string();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = all.entry(account.to_owned()).or_default();
        match lines.back_mut() {
            Some(last) if last.what == what && last.place == place => {
                *last = Line { at, times: last.times + 1, what, place }
            }
            _ => lines.push_back(Line { at, what, place, times: 1 }),
        }
        let is_same_kind = |line: &Line| line.what == what;
        if lines.iter().filter(|line| is_same_kind(line)).count() > MOST
            && let Some(oldest) = lines.iter().position(is_same_kind)
        {
            lines.remove(oldest);
        }
    }

    /// Returns the lines of an account, the newest first.
    pub(super) fn of(&self, account: &str) -> Vec<Line> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(account).into_iter().flatten().rev().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watching::event::Alarm;

    #[test]
    fn a_flood_of_one_kind_pushes_out_no_line_of_another() {
        let (journal, now) = (Journal::default(), OffsetDateTime::UNIX_EPOCH);
        let place = |number: usize| Place { network: number.to_string(), browser: String::new() };
        journal.add("alice", Event::Alarm(Alarm::Elsewhere), &place(0), now);
        for number in 0..=10 * MOST {
            journal.add("alice", Event::WrongPassword, &place(number), now);
        }
        let lines = journal.of("alice");
        assert_eq!(lines.len(), MOST + 1);
        assert_eq!(lines[0].place, place(10 * MOST).to_string(), "the last ones are kept");
        assert_eq!(lines[MOST].what, Event::Alarm(Alarm::Elsewhere).words().unwrap());
    }
}
