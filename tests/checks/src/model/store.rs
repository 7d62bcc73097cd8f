//! The model of exercise 5: which record is under which ID.

mod records;
mod stories;

use serde::{Deserialize, Serialize};
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::Error,
};

use crate::{
    Miss, Trial,
    folder::{InFolder, Opened},
    model::{
        Model, Rules, SHORTEST, read,
        store::records::{Life, Value},
    },
    store::{Backend, ends_otherwise, json, off_by},
};

/// Exercise 5's.
pub(crate) const STORE: Model = Model {
    find: |stage| {
        stage.find(stories::stories(), &Rules { play: |trial, story| Box::pin(play(trial, story)), belongs_to })
    },
    replay: |trial, story| Box::pin(async move { play(trial, &read(story)?).await }),
};

/// How many sessions there are at once.
const SLOTS: usize = 3;

type Story = Vec<Action>;

/// The first number is the session.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
enum Action {
    Load(usize),
    /// The same, and checks when it ends.
    LookAtDate(usize),
    Create(usize, Named, Value, Life),
    Save(usize, Value, Life),
    Delete(usize),
    LoadUnknown,
    Clean,
    Reopen,
    /// Another program puts files of its own beside the sessions.
    PutForeign,
}

/// The ID that a new session comes with.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
enum Named {
    Anew,
    /// The one that this session has, or had.
    Like(usize),
    /// This number, which no random ID is.
    By(i128),
}

/// What may be under an ID; nothing after a logout.
#[derive(Clone, Debug)]
struct Slot {
    id: Id,
    /// Any of these, where the requirements leave it open.
    held: Vec<Option<Record>>,
    is_deleted: bool,
}

impl Slot {
    fn may_live(&self) -> bool {
        self.held.iter().any(Option::is_some)
    }

    fn must_live(&self) -> bool {
        self.held.iter().all(Option::is_some)
    }
}

async fn play(trial: &Trial, story: &Story) -> Result<(), Miss> {
    let backend = InFolder::new(trial)?;
    let store = backend.open().await;
    let mut shelf =
        Shelf { backend, store, slots: Default::default(), ids: Vec::new(), texts: Vec::new(), has_foreign: false };
    for action in story {
        shelf.act(*action).await?;
        shelf.foreign_is_there().await?;
        if shelf.leaves_traces(*action) {
            shelf.look(*action, trial).await?;
        }
    }
    shelf.look(Action::Clean, trial).await
}

struct Shelf<'t> {
    backend: InFolder<'t>,
    store: Opened,
    slots: [Option<Slot>; SLOTS],
    /// Every ID that a session ever had.
    ids: Vec<Id>,
    /// Every text that was to be stored.
    texts: Vec<Text>,
    has_foreign: bool,
}

/// A text that only one record has.
struct Text {
    id: Id,
    text: String,
    /// Its session was deleted.
    is_gone: bool,
}

impl Shelf<'_> {
    async fn act(&mut self, action: Action) -> Result<(), Miss> {
        match action {
            Action::Load(slot) => self.load(slot, false).await,
            Action::LookAtDate(slot) => self.load(slot, true).await,
            Action::Create(slot, named, value, life) => {
                let record = value.record(life, self.texts.len());
                self.create(slot, named, record).await
            }
            Action::Save(slot, value, life) => {
                let record = value.record(life, self.texts.len());
                self.save(slot, record).await
            }
            Action::Delete(slot) => self.delete(slot).await,
            Action::LoadUnknown => match self.store.load(&Id::default()).await {
                Ok(None) => Ok(()),
                other => Err(Miss::new("`load` returns `None`", told(&other))),
            },
            Action::Clean => self.clean().await,
            Action::Reopen => {
                self.store = self.backend.open().await;
                Ok(())
            }
            Action::PutForeign => {
                self.has_foreign |= self.backend.put_foreign().await.is_some();
                Ok(())
            }
        }
    }

    async fn load(&mut self, slot: usize, with_date: bool) -> Result<(), Miss> {
        let Some(slot) = &mut self.slots[slot] else { return Ok(()) };
        let loaded = self.store.load(&slot.id).await;
        let first = slot.held.first().cloned().flatten();
        let fits = |held: &Option<Record>| loaded.as_ref().is_ok_and(|loaded| is_like(loaded, held));
        slot.held.retain(fits);
        let Some(held) = slot.held.first() else {
            return Err(Miss::new(told(&Ok(first)), told(&loaded)));
        };
        match (held, loaded) {
            (Some(held), Ok(Some(loaded))) if with_date => match off_by(&loaded, held.expiry_date) {
                Some(off) => Err(ends_otherwise(&loaded, held.expiry_date, "the `expiry_date` that was stored", &off)),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    async fn create(&mut self, slot: usize, named: Named, mut record: Record) -> Result<(), Miss> {
        match named {
            Named::Anew => {}
            Named::By(number) => record.id = Id(number),
            Named::Like(other) => record.id = self.slots[other].as_ref().map_or(record.id, |other| other.id),
        }
        let asked = record.id;
        let created = self.store.create(&mut record).await;
        let is_taken = |slot: &Slot| slot.id == record.id && slot.must_live();
        match created {
            Ok(()) if self.slots.iter().flatten().any(is_taken) => {
                Err(Miss::new("an ID that is free for the second session, or an error", "an ID that is in use"))
            }
            Ok(()) => {
                self.note_text(&record, false);
                self.put(slot, record);
                Ok(())
            }
            // The ID of an expired session may be in use until it is cleaned away.
            Err(_) if self.ids.contains(&asked) || records::may_be_refused(&record) => Ok(()),
            Err(error) => Err(Miss::new("`create` works", format!("it fails: {error}"))),
        }
    }

    /// From now on it is in this slot; what was under its ID, or in the slot, no longer matters.
    fn put(&mut self, slot: usize, record: Record) {
        for other in self.slots.iter_mut().filter(|other| other.as_ref().is_some_and(|other| other.id == record.id)) {
            *other = None;
        }
        self.ids.push(record.id);
        self.slots[slot] = Some(Slot { id: record.id, held: vec![records::living(record)], is_deleted: false });
    }

    async fn save(&mut self, slot: usize, record: Record) -> Result<(), Miss> {
        let Some(Slot { id, is_deleted, .. }) = self.slots[slot] else { return Ok(()) };
        let record = Record { id, ..record };
        self.note_text(&record, is_deleted);
        let Some(slot) = &mut self.slots[slot] else { return Ok(()) };
        let saved = self.store.save(&record).await;
        let may_be_refused = records::may_be_refused(&record) || !slot.must_live();
        match saved {
            Err(error) if !may_be_refused => return Err(Miss::new("`save` works", format!("it fails: {error}"))),
            Err(_) if slot.may_live() => slot.held.push(None),
            Ok(()) if slot.may_live() => {
                let stays_away = slot.held.contains(&None).then_some(None);
                slot.held = [records::living(record)].into_iter().chain(stays_away).collect();
            }
            _ => {}
        }
        Ok(())
    }

    async fn delete(&mut self, slot: usize) -> Result<(), Miss> {
        let Some(slot) = &mut self.slots[slot] else { return Ok(()) };
        let deleted = self.store.delete(&slot.id).await;
        deleted.map_err(|error| Miss::new("`delete` works", format!("it fails: {error}")))?;
        (slot.held, slot.is_deleted) = (vec![None], true);
        let id = slot.id;
        self.texts.iter_mut().filter(|text| text.id == id).for_each(|text| text.is_gone = true);
        Ok(())
    }

    async fn clean(&self) -> Result<(), Miss> {
        let cleaned = self.backend.clean(&self.store).await;
        cleaned.map_err(|error| Miss::new("`delete_expired` works", format!("it fails: {error}")))
    }

    /// Whether this is a call after which a store may leave something that belongs elsewhere or nowhere.
    fn leaves_traces(&self, last: Action) -> bool {
        match last {
            Action::Create(_, named, ..) => named != Named::Anew,
            Action::Save(slot, ..) => self.slots[slot].as_ref().is_some_and(|slot| !slot.must_live()),
            Action::Delete(_) => true,
            _ => false,
        }
    }

    /// Looks into the folder.
    async fn look(&self, last: Action, trial: &Trial) -> Result<(), Miss> {
        let contents = self.backend.contents().await.unwrap_or_default();
        let contents = String::from_utf8_lossy(&contents);
        self.ids_are_hidden(&contents, trial)?;
        self.deleted_is_gone(last, &contents, trial).await
    }

    fn note_text(&mut self, record: &Record, is_gone: bool) {
        let texts = record.data.values().filter_map(records::own_text);
        self.texts.extend(texts.map(|text| Text { id: record.id, text, is_gone }));
    }

    fn ids_are_hidden(&self, contents: &str, trial: &Trial) -> Result<(), Miss> {
        let is_there = |id: &&Id| contents.contains(&id.to_string());
        match self.ids.iter().find(is_there) {
            Some(_) => {
                let miss = Miss::new("no session ID in the folder", "a session ID, as in a cookie");
                Err(trial.log().broken("ids_are_not_readable_in_the_backend", miss.so(SHORTEST)))
            }
            None => Ok(()),
        }
    }

    /// Nothing that was stored for a deleted session is in the folder.
    async fn deleted_is_gone(&self, last: Action, contents: &str, trial: &Trial) -> Result<(), Miss> {
        let is_there = |text: &&Text| text.is_gone && contents.contains(&text.text);
        let Some(left) = self.texts.iter().find(is_there) else { return Ok(()) };
        let check = match last {
            Action::Save(..) => "save_never_revives_a_deleted_session",
            _ => "a_deleted_session_is_gone",
        };
        match self.store.load(&left.id).await {
            Ok(None) => {
                let miss =
                    Miss::new("nothing of a deleted session in the folder", format!("{} is still there", left.text));
                Err(trial.log().broken(check, miss.so(SHORTEST)))
            }
            // What `load` returns is the matter of a later step.
            _ => Ok(()),
        }
    }

    async fn foreign_is_there(&self) -> Result<(), Miss> {
        if !self.has_foreign || self.backend.foreign_is_there().await {
            return Ok(());
        }
        Err(Miss::new("the other program's files", "one is gone or changed"))
    }
}

/// The same session with the same data. Its end is checked separately.
fn is_like(loaded: &Option<Record>, held: &Option<Record>) -> bool {
    match (loaded, held) {
        (Some(loaded), Some(held)) => loaded.id == held.id && loaded.data == held.data,
        (None, None) => true,
        _ => false,
    }
}

fn told(loaded: &Result<Option<Record>, Error>) -> String {
    match loaded {
        Ok(Some(record)) => format!("`load` returns {}", crate::infer::short(&json(record), 60)),
        Ok(None) => "`load` returns `None`".to_owned(),
        Err(error) => format!("`load` fails: {error}"),
    }
}

/// The requirement that a shortest story is about: everything in it is needed.
fn belongs_to(actions: &Story) -> &'static str {
    let has = |fits: fn(&Action) -> bool| actions.iter().any(fits);
    let saves = has(|action| matches!(action, Action::Save(..)));
    if has(|action| matches!(action, Action::PutForeign)) {
        "entries_of_others_are_left_alone"
    } else if !saves && has(|action| matches!(action, Action::LookAtDate(_))) {
        "expiry_comes_back_as_it_went_in"
    } else if has(|action| matches!(action, Action::Reopen)) {
        "sessions_outlive_the_store_where_they_should"
    } else if has(|action| matches!(action, Action::Clean)) {
        "cleaning_takes_the_expired_and_leaves_the_rest"
    } else if has(|action| matches!(action, Action::Create(_, Named::Like(_) | Named::By(_), ..))) {
        "a_collision_never_merges_two_sessions"
    } else if has(|action| action.value() == Some(Value::Big)) {
        "a_big_session_is_kept_whole_or_refused"
    } else if has(|action| action.life().is_some_and(Life::is_over)) {
        if saves { "save_never_revives_an_expired_session" } else { "an_expired_session_is_not_loaded" }
    } else if has(|action| matches!(action, Action::Delete(_))) {
        if saves { "save_never_revives_a_deleted_session" } else { "a_deleted_session_is_gone" }
    } else if has(|action| matches!(action, Action::LoadUnknown)) {
        "an_unknown_id_loads_nothing"
    } else if saves {
        "save_replaces_what_was_there"
    } else {
        "what_is_created_is_loaded"
    }
}

impl Action {
    fn value(&self) -> Option<Value> {
        match *self {
            Self::Create(_, _, value, _) | Self::Save(_, value, _) => Some(value),
            _ => None,
        }
    }

    fn life(&self) -> Option<Life> {
        match *self {
            Self::Create(_, _, _, life) | Self::Save(_, _, life) => Some(life),
            _ => None,
        }
    }
}
