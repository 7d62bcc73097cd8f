//! A store in a folder with one mistake.

use std::{
    collections::{HashMap, HashSet},
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
};

use async_trait::async_trait;
use checks::App;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, UtcOffset};
use tokio::{
    sync::{Mutex as Turns, RwLock},
    task::yield_now,
};
use tower_sessions::{
    ExpiredDeletion, SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

/// The mistake.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Flaw {
    WritesNothing,
    KeepsTextsOnly,
    NumbersAreFloats,
    CapitalsDoNotCount,
    MakesNoFolder,
    UnknownIsAnError,
    UnknownIsEmpty,
    EmptyIsNothing,
    SaveDoesNothing,
    OneSaveCounts,
    SaveDoesNotTruncate,
    SaveMerges,
    SaveSkipsEqualData,
    LeavesOutNulls,
    TheSignIsLost,
    LogsWhatFailed,
    CleansTheDamaged,
    SaveSkipsWhatIsBig,
    CachesWhatItLoaded,
    DatesEndIn2262,
    DatesHaveNoSign,
    RefusesTheExpiredAndCleansNone,
    SaveKeepsTheExpiry,
    DeleteEmpties,
    DeleteTakesAll,
    DeleteRenames,
    SecondDeleteFails,
    DeleteAsksLoad,
    SaveWritesAnyway,
    NoLock,
    LoadIgnoresExpiry,
    RoundsUp,
    SaveAsksForTheFileAlone,
    TwoWeeksForEveryone,
    EndsEarly,
    CreateOverwrites,
    CreateKeepsItsNewId,
    TakesTheNextId,
    EqualIsARetry,
    OneTemporaryFile,
    OneBuffer,
    Cuts,
    DamagedIsNothing,
    DamagedPanics,
    IdIsTheName,
    IdIsTheNameInHexadecimal,
    IdIsInTheFile,
    CleaningTakesWhatItCannotRead,
    CleaningStopsAtOthers,
    CleaningStopsAtDamage,
    CleaningDoesNothing,
    CleansABatch,
    CleaningTakesAll,
    OpensAnew,
    WholeFloatsAreIntegers,
    CutsLongKeys,
    RemembersThatThereIsNone,
    SaveSkipsWhatWasDeletedOnce,
    EveryTenthSaveIsLost,
    SaveComparesLocalTimes,
    KeepsWhatCollided,
    KeepsPartsOfWhatIsBig,
    DeleteLooksFirst,
    DeletesAnIdOnce,
    LateSaveLeavesItsFile,
    SaveSkipsASmallMove,
    WritesWhatItCannotRead,
    TwoSavesShareAFile,
    DamagedOnce,
    WithoutADateItHasExpired,
    LogsTheTakenId,
    IdIsTheNameInBase32,
    CleaningRemovesEmptyFolders,
    CleaningComparesLocalTimes,
    CleansEarly,
    KeepsTheLastVersion,
    LosesAMark,
    CreateIgnoresTheDisk,
    CreateLeavesWhatItRefuses,
    ChecksTheDataAlone,
    ZerosAreNothing,
    UnreadableIsNothing,
    ReplacesWhatIsNoText,
    IdIsTwoNumbers,
    CleaningFollowsLinks,
    OpenProtectsAllFiles,
    HashesTheFolderToo,
}

pub(super) fn app(flaw: Flaw) -> App {
    App::store(move |folder| Flawed::open(folder, flaw))
}

/// Right but for the flaw: a file for each session, and writers that take turns.
#[derive(Clone, Debug)]
struct Flawed {
    folder: PathBuf,
    flaw: Flaw,
    turns: Arc<Turns<()>>,
    /// Many save at the same time, and nobody deletes meanwhile.
    saving: Arc<RwLock<()>>,
    saved: Arc<Mutex<HashSet<Id>>>,
    buffer: Arc<Mutex<Vec<u8>>>,
    loaded: Arc<Mutex<HashMap<Id, Record>>>,
    missed: Arc<Mutex<HashSet<Id>>>,
    deleted: Arc<Mutex<HashSet<Id>>>,
    saves: Arc<Mutex<HashMap<Id, u32>>>,
}

impl Flawed {
    fn open(folder: &Path, flaw: Flaw) -> io::Result<Self> {
        let folder = match flaw {
            Flaw::OpensAnew => folder.join(Id::default().to_string()),
            _ => folder.to_owned(),
        };
        if flaw != Flaw::MakesNoFolder {
            fs::create_dir_all(&folder)?;
        }
        if flaw == Flaw::OpenProtectsAllFiles {
            protect_others(&folder)?;
        }
        Ok(Self {
            folder,
            flaw,
            turns: Arc::default(),
            saving: Arc::default(),
            saved: Arc::default(),
            buffer: Arc::default(),
            loaded: Arc::default(),
            missed: Arc::default(),
            deleted: Arc::default(),
            saves: Arc::default(),
        })
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }

    fn path(&self, id: &Id) -> PathBuf {
        if self.has(Flaw::IdIsTheName) {
            return self.folder.join(format!("{id}.session"));
        }
        if self.has(Flaw::IdIsTheNameInHexadecimal) {
            let letters: String = id.to_string().bytes().map(|byte| format!("{byte:02x}")).collect();
            return self.folder.join(format!("{letters}.session"));
        }
        if self.has(Flaw::CapitalsDoNotCount) {
            return self.folder.join(format!("{}.session", super::right::hidden(&id.to_string().to_lowercase())));
        }
        if self.has(Flaw::IdIsTheNameInBase32) {
            return self.folder.join(format!("{}.session", in_base32(id.0)));
        }
        if self.has(Flaw::HashesTheFolderToo) {
            let place = self.folder.join(id.to_string());
            return self.folder.join(format!("{}.session", super::right::hidden(&place.display())));
        }
        let id = if self.has(Flaw::TheSignIsLost) { &Id(id.0.wrapping_abs()) } else { id };
        self.folder.join(format!("{}.session", super::right::hidden(id)))
    }

    fn entry(&self, record: &Record) -> Value {
        let mut data = record.data.clone();
        if self.has(Flaw::KeepsTextsOnly) {
            data = data.into_iter().map(|(key, value)| (key, Value::from(value.to_string()))).collect();
        }
        if self.has(Flaw::NumbersAreFloats) {
            data.values_mut().for_each(as_a_float);
        }
        if self.has(Flaw::LeavesOutNulls) {
            data.values_mut().for_each(without_nulls);
        }
        if self.has(Flaw::WholeFloatsAreIntegers) {
            data.values_mut().for_each(as_an_integer);
        }
        if self.has(Flaw::CutsLongKeys) {
            data = data.into_iter().map(|(key, value)| (key.chars().take(64).collect(), value)).collect();
        }
        if self.has(Flaw::LosesAMark) {
            data.values_mut().for_each(without_a_mark);
        }
        let mut expires = record.expiry_date.unix_timestamp_nanos() / 1_000_000;
        match self.flaw {
            Flaw::RoundsUp => expires = expires.div_euclid(1000) * 1000 + 1000,
            Flaw::EndsEarly => expires -= 5_000,
            Flaw::DatesEndIn2262 => expires = expires.min(i128::from(i64::MAX) / 1_000_000),
            Flaw::DatesHaveNoSign => expires = expires.abs(),
            Flaw::TwoWeeksForEveryone if record.expiry_date > OffsetDateTime::now_utc() => {
                expires = (OffsetDateTime::now_utc() + Duration::weeks(2)).unix_timestamp_nanos() / 1_000_000;
            }
            _ => {}
        }
        let offset = record.expiry_date.offset().whole_seconds();
        let id = match self.flaw {
            Flaw::IdIsInTheFile => json!(record.id.0.to_string()),
            #[expect(clippy::cast_possible_truncation, reason = "the upper half is the other number")]
            Flaw::IdIsTwoNumbers => json!([(record.id.0 >> 64) as i64, record.id.0 as u64]),
            _ => Value::Null,
        };
        json!({ "data": data, "expires": i64::try_from(expires).unwrap_or(i64::MAX), "offset": offset, "id": id })
    }

    fn is_tenth_save(&self, record: &Record) -> bool {
        let mut saves = self.saves.lock().unwrap();
        let count = saves.entry(record.id).or_default();
        *count += 1;
        count.is_multiple_of(10)
    }

    async fn write(&self, record: &Record) -> Result<()> {
        let mut bytes = self.entry(record).to_string().into_bytes();
        if self.has(Flaw::WritesNothing) {
            return Ok(());
        }
        match self.flaw {
            Flaw::WritesWhatItCannotRead => {}
            Flaw::ChecksTheDataAlone => is_readable_alone(record)?,
            _ => super::right::is_readable(record)?,
        }
        if self.has(Flaw::KeepsPartsOfWhatIsBig) && bytes.len() > 48 * 1024 {
            fs::write(self.path(&record.id).with_extension("part"), &bytes).map_err(unable)?;
        }
        if self.has(Flaw::KeepsTheLastVersion) && self.path(&record.id).exists() {
            fs::copy(self.path(&record.id), self.path(&record.id).with_extension("last")).map_err(unable)?;
        }
        if self.has(Flaw::Cuts) {
            bytes.truncate(64 * 1024);
        }
        if let (Flaw::SaveDoesNotTruncate, Ok(old)) = (self.flaw, fs::read(self.path(&record.id))) {
            bytes.extend(old.into_iter().skip(bytes.len()));
        }
        if self.has(Flaw::OneTemporaryFile) {
            let temporary = self.folder.join("new.tmp");
            fs::write(&temporary, &bytes).map_err(unable)?;
            yield_now().await;
            let _ = fs::rename(&temporary, self.path(&record.id));
            return Ok(());
        }
        if self.has(Flaw::OneBuffer) {
            self.buffer.lock().unwrap().clone_from(&bytes);
            // As a slow disk would take: the other threads go on, however busy the machine is.
            thread::sleep(std::time::Duration::from_millis(1));
            bytes.clone_from(&self.buffer.lock().unwrap());
        }
        // Whole, or not there: whoever loads meets no half of it.
        let own = if self.has(Flaw::TwoSavesShareAFile) { record.id } else { Id::default() };
        let new = self.folder.join(format!("{}.new", super::right::hidden(&own)));
        if self.has(Flaw::TwoSavesShareAFile) {
            fs::write(&new, &bytes).map_err(unable)?;
            thread::sleep(std::time::Duration::from_millis(1)); // as above
            return fs::rename(new, self.path(&record.id)).map_err(unable);
        }
        fs::write(&new, bytes).and_then(|()| fs::rename(new, self.path(&record.id))).map_err(unable)
    }

    fn read(&self, id: &Id) -> Result<Option<Record>> {
        let read = self.read_file(&self.path(id)).inspect_err(|error| {
            if self.has(Flaw::DamagedOnce) {
                let _ = fs::rename(self.path(id), self.path(id).with_extension("damaged"));
            }
            if self.has(Flaw::LogsWhatFailed) {
                let _ = fs::write(self.folder.join("errors.log"), format!("{id}: {error}"));
            }
        });
        match read? {
            Some((data, expiry_date)) => Ok(Some(Record { id: *id, data, expiry_date })),
            None if self.has(Flaw::UnknownIsAnError) => Err(failed("there is no such session")),
            None if self.has(Flaw::UnknownIsEmpty) => {
                let expiry_date = OffsetDateTime::now_utc() + Duration::hours(1);
                Ok(Some(Record { id: *id, data: [("value".to_owned(), Value::Null)].into(), expiry_date }))
            }
            None => Ok(None),
        }
    }

    fn read_file(&self, path: &Path) -> Result<Option<(HashMap<String, Value>, OffsetDateTime)>> {
        let bytes = match fs::read(path) {
            Ok(bytes) if self.has(Flaw::ZerosAreNothing) && bytes.first() == Some(&0) => return Ok(None),
            Ok(bytes) if self.has(Flaw::ReplacesWhatIsNoText) => {
                String::from_utf8_lossy(&bytes).into_owned().into_bytes()
            }
            Ok(bytes) => bytes,
            Err(_) if self.has(Flaw::UnreadableIsNothing) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unable(error)),
        };
        let entry: Value = match serde_json::from_slice(&bytes) {
            Ok(entry) => entry,
            Err(_) if self.has(Flaw::DamagedIsNothing) => return Ok(None),
            Err(error) if self.has(Flaw::DamagedPanics) => panic!("a damaged record: {error}"),
            Err(error) => return Err(Error::Decode(error.to_string())),
        };
        let data = serde_json::from_value(entry["data"].clone()).map_err(|error| Error::Decode(error.to_string()))?;
        if entry["expires"].is_null() && !self.has(Flaw::WithoutADateItHasExpired) {
            return Err(Error::Decode("it has no date".to_owned()));
        }
        let expires = i128::from(entry["expires"].as_i64().unwrap_or_default()) * 1_000_000;
        let expires = OffsetDateTime::from_unix_timestamp_nanos(expires).map_err(failed)?;
        let offset = entry["offset"].as_i64().and_then(|seconds| i32::try_from(seconds).ok()).unwrap_or_default();
        let offset = UtcOffset::from_whole_seconds(offset).map_err(failed)?;
        Ok(Some((data, expires.to_offset(offset))))
    }
}

#[async_trait]
impl SessionStore for Flawed {
    async fn create(&self, record: &mut Record) -> Result<()> {
        if self.has(Flaw::RefusesTheExpiredAndCleansNone) && record.expiry_date <= OffsetDateTime::now_utc() {
            return Err(failed("it has expired"));
        }
        let needs_no_turn = matches!(self.flaw, Flaw::OneTemporaryFile | Flaw::OneBuffer);
        let _turn = if needs_no_turn { None } else { Some(self.turns.lock().await) };
        if self.has(Flaw::CreateKeepsItsNewId) && self.path(&record.id).exists() {
            return self.write(&Record { id: Id::default(), ..record.clone() }).await;
        }
        if self.has(Flaw::TakesTheNextId) && self.path(&record.id).exists() {
            record.id.0 += 1;
            return self.write(record).await;
        }
        if self.has(Flaw::EqualIsARetry) && self.read(&record.id)?.is_some_and(|there| there.data == record.data) {
            return Ok(());
        }
        while !self.has(Flaw::CreateOverwrites) && self.path(&record.id).exists() {
            if self.has(Flaw::LogsTheTakenId) {
                fs::write(self.folder.join("taken.log"), record.id.to_string()).map_err(unable)?;
            }
            if self.has(Flaw::KeepsWhatCollided) {
                let new = self.folder.join(format!("{}.new", super::right::hidden(&Id::default())));
                fs::write(new, self.entry(record).to_string()).map_err(unable)?;
            }
            record.id = Id::default();
        }
        if self.has(Flaw::CreateLeavesWhatItRefuses) {
            fs::write(self.path(&record.id), "").map_err(unable)?;
        }
        match self.write(record).await {
            Err(_) if self.has(Flaw::CreateIgnoresTheDisk) && !self.folder.exists() => Ok(()),
            written => written,
        }
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let is_second = || !self.saved.lock().unwrap().insert(record.id);
        if self.has(Flaw::SaveDoesNothing) || self.has(Flaw::OneSaveCounts) && is_second() {
            return Ok(());
        }
        if self.has(Flaw::EveryTenthSaveIsLost) && self.is_tenth_save(record) {
            return Ok(());
        }
        let needs_no_turn = matches!(self.flaw, Flaw::NoLock | Flaw::TwoSavesShareAFile);
        let _no_delete = self.saving.read().await;
        let _turn = if needs_no_turn { None } else { Some(self.turns.lock().await) };
        let there = self.read_file(&self.path(&record.id))?;
        let lives = match &there {
            Some((_, expires)) if self.has(Flaw::SaveComparesLocalTimes) => !is_over_there(*expires),
            Some((_, expires)) => self.has(Flaw::SaveAsksForTheFileAlone) || *expires > OffsetDateTime::now_utc(),
            None => self.has(Flaw::SaveWritesAnyway),
        };
        if !lives {
            if self.has(Flaw::LateSaveLeavesItsFile) {
                let new = self.folder.join(format!("{}.new", super::right::hidden(&Id::default())));
                fs::write(new, self.entry(record).to_string()).map_err(unable)?;
            }
            return Ok(());
        }
        if self.has(Flaw::SaveSkipsWhatWasDeletedOnce) && self.deleted.lock().unwrap().contains(&record.id) {
            return Ok(());
        }
        if self.has(Flaw::NoLock) {
            yield_now().await;
            yield_now().await;
        }
        let is_equal = |(data, _): &(HashMap<String, Value>, OffsetDateTime)| *data == record.data;
        let is_near = |(data, expires): &(HashMap<String, Value>, OffsetDateTime)| {
            *data == record.data && (*expires - record.expiry_date).abs() < Duration::minutes(1)
        };
        if self.has(Flaw::SaveSkipsASmallMove) && there.as_ref().is_some_and(is_near) {
            return Ok(());
        }
        let is_big = || self.entry(record).to_string().len() > 256 * 1024;
        if self.has(Flaw::SaveSkipsEqualData) && there.as_ref().is_some_and(is_equal)
            || self.has(Flaw::SaveSkipsWhatIsBig) && is_big()
        {
            return Ok(());
        }
        self.loaded.lock().unwrap().remove(&record.id);
        let mut record = record.clone();
        if let (Flaw::SaveKeepsTheExpiry, Some((_, expires))) = (self.flaw, &there) {
            record.expiry_date = *expires;
        }
        if self.has(Flaw::SaveMerges) {
            record.data = there.into_iter().flat_map(|(data, _)| data).chain(record.data).collect();
        }
        self.write(&record).await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let lives =
            |record: &Record| self.has(Flaw::LoadIgnoresExpiry) || record.expiry_date > OffsetDateTime::now_utc();
        let is_something = |record: &Record| !self.has(Flaw::EmptyIsNothing) || !record.data.is_empty();
        if self.has(Flaw::CachesWhatItLoaded)
            && let Some(loaded) = self.loaded.lock().unwrap().get(id)
        {
            return Ok(Some(loaded.clone()));
        }
        if self.has(Flaw::RemembersThatThereIsNone) && self.missed.lock().unwrap().contains(id) {
            return Ok(None);
        }
        let loaded = self.read(id)?.filter(lives).filter(is_something);
        if loaded.is_none() {
            self.missed.lock().unwrap().insert(*id);
        }
        self.loaded.lock().unwrap().extend(loaded.clone().map(|record| (*id, record)));
        Ok(loaded)
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        if self.has(Flaw::DeleteLooksFirst) {
            if !self.path(id).exists() {
                return Ok(());
            }
            thread::sleep(std::time::Duration::from_millis(1)); // as above
            let _turn = self.turns.lock().await;
            return fs::remove_file(self.path(id)).map_err(unable);
        }
        let is_alone = self.has(Flaw::TwoSavesShareAFile);
        let _no_save = if is_alone { Some(self.saving.write().await) } else { None };
        let _turn = if self.has(Flaw::NoLock) { None } else { Some(self.turns.lock().await) };
        if self.has(Flaw::DeleteAsksLoad) && matches!(self.load(id).await, Ok(None)) {
            return Ok(());
        }
        self.loaded.lock().unwrap().remove(id);
        if self.has(Flaw::DeletesAnIdOnce) && self.deleted.lock().unwrap().contains(id) {
            return Ok(());
        }
        self.deleted.lock().unwrap().insert(*id);
        if self.has(Flaw::KeepsTheLastVersion) {
            let _ = fs::remove_file(self.path(id).with_extension("last")); // there may be none
        }
        if self.has(Flaw::DeleteEmpties) {
            return fs::write(self.path(id), b"").map_err(unable);
        }
        if self.has(Flaw::DeleteRenames) && self.path(id).exists() {
            return fs::rename(self.path(id), self.path(id).with_extension("deleted")).map_err(unable);
        }
        if self.has(Flaw::DeleteTakesAll) {
            return fs::remove_dir_all(&self.folder).and_then(|()| fs::create_dir(&self.folder)).map_err(unable);
        }
        match fs::remove_file(self.path(id)) {
            Err(error) if self.has(Flaw::SecondDeleteFails) => Err(unable(error)),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl ExpiredDeletion for Flawed {
    async fn delete_expired(&self) -> Result<()> {
        let _turn = self.turns.lock().await;
        if matches!(self.flaw, Flaw::CleaningDoesNothing | Flaw::RefusesTheExpiredAndCleansNone) {
            return Ok(());
        }
        let mut batch = 100;
        for file in fs::read_dir(&self.folder).map_err(unable)? {
            let path = file.map_err(unable)?.path();
            if self.has(Flaw::CleaningRemovesEmptyFolders) {
                let _ = fs::remove_dir(&path);
            }
            if self.has(Flaw::CleaningFollowsLinks) {
                fs::metadata(&path).map_err(unable)?;
            }
            let reads_any = matches!(self.flaw, Flaw::CleaningTakesWhatItCannotRead | Flaw::CleaningStopsAtOthers);
            if !(reads_any && path.is_file()) && path.extension().is_none_or(|ending| ending != "session") {
                continue;
            }
            let is_over = match self.read_file(&path) {
                Ok(Some((_, expires))) if self.has(Flaw::CleaningComparesLocalTimes) => is_over_there(expires),
                Ok(Some((_, expires))) if self.has(Flaw::CleansEarly) => {
                    expires <= OffsetDateTime::now_utc() + Duration::minutes(5)
                }
                Ok(Some((_, expires))) => self.has(Flaw::CleaningTakesAll) || expires <= OffsetDateTime::now_utc(),
                Ok(None) => false,
                Err(error) if matches!(self.flaw, Flaw::CleaningStopsAtOthers | Flaw::CleaningStopsAtDamage) => {
                    return Err(error);
                }
                Err(_) => matches!(self.flaw, Flaw::CleaningTakesWhatItCannotRead | Flaw::CleansTheDamaged),
            };
            if is_over {
                fs::remove_file(path).map_err(unable)?;
                batch -= 1;
            }
            if self.has(Flaw::CleansABatch) && batch == 0 {
                break;
            }
        }
        Ok(())
    }
}

/// As a program tells it that takes the time of another zone for UTC.
fn is_over_there(date: OffsetDateTime) -> bool {
    let now = OffsetDateTime::now_utc();
    (date.date(), date.time()) <= (now.date(), now.time())
}

fn in_base32(number: i128) -> String {
    const DIGITS: &[u8] = b"0123456789abcdefghijklmnopqrstuv";
    let digits = (0..26).rev().map(|place| DIGITS[((number as u128 >> (place * 5)) & 31) as usize]);
    digits.map(char::from).collect()
}

/// Makes every file that is no session one that nobody can write.
fn protect_others(folder: &Path) -> io::Result<()> {
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        if path.is_file() && path.extension().is_none_or(|ending| ending != "session") {
            let mut permissions = fs::metadata(&path)?.permissions();
            permissions.set_readonly(true);
            fs::set_permissions(path, permissions)?;
        }
    }
    Ok(())
}

/// The data can be read, but the file around it is a level deeper.
fn is_readable_alone(record: &Record) -> Result<()> {
    let bytes = serde_json::to_vec(&record.data).map_err(failed)?;
    serde_json::from_slice::<HashMap<String, Value>>(&bytes).map(drop).map_err(failed)
}

/// A text as an editor saves it.
fn without_a_mark(value: &mut Value) {
    if let Value::String(text) = value {
        *text = text.trim_start_matches('\u{feff}').to_owned();
    }
}

/// A whole number without its point.
fn as_an_integer(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(as_an_integer),
        Value::Object(fields) => fields.values_mut().for_each(as_an_integer),
        Value::Number(number) if number.to_string().ends_with(".0") => {
            let whole = number.to_string().trim_end_matches(".0").parse::<i64>();
            *value = whole.map_or(value.clone(), Value::from);
        }
        _ => {}
    }
}

/// Within objects, however deep.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(without_nulls);
        }
        Value::Array(values) => values.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

/// As JavaScript reads it.
fn as_a_float(value: &mut Value) {
    match value {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "this is what is wrong with it"
        )]
        Value::Number(number) => {
            *value = number.as_i64().map_or(number.clone().into(), |whole| (whole as f64 as i64).into())
        }
        Value::Array(values) => values.iter_mut().for_each(as_a_float),
        Value::Object(fields) => fields.values_mut().for_each(as_a_float),
        _ => {}
    }
}

fn failed(error: impl ToString) -> Error {
    Error::Backend(error.to_string())
}

/// In words that are the same on every system.
fn unable(error: io::Error) -> Error {
    failed(error.kind())
}

/// A right store in memory: the folder stays empty.
#[derive(Clone, Debug, Default)]
pub(super) struct Map(Arc<Mutex<HashMap<Id, Record>>>);

impl Map {
    pub(super) fn open(_: &Path) -> io::Result<Self> {
        Ok(Self::default())
    }
}

fn lives(record: &Record) -> bool {
    record.expiry_date > OffsetDateTime::now_utc()
}

#[async_trait]
impl SessionStore for Map {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let mut map = self.0.lock().unwrap();
        while map.contains_key(&record.id) {
            record.id = Id::default();
        }
        map.insert(record.id, record.clone());
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        if let Some(kept) = self.0.lock().unwrap().get_mut(&record.id).filter(|kept| lives(kept)) {
            *kept = record.clone();
        }
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        Ok(self.0.lock().unwrap().get(id).filter(|kept| lives(kept)).cloned())
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.0.lock().unwrap().remove(id);
        Ok(())
    }
}

#[async_trait]
impl ExpiredDeletion for Map {
    async fn delete_expired(&self) -> Result<()> {
        self.0.lock().unwrap().retain(|_, record| lives(record));
        Ok(())
    }
}
