//! All sessions in one file, a line each. Where a line cannot be read, nobody can say whose it is.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tower_sessions::{
    ExpiredDeletion, SessionStore,
    cookie::time::OffsetDateTime,
    session::{Id, Record},
    session_store::{Error, Result},
};

use super::{failed, hidden, is_readable};

#[derive(Clone, Debug)]
pub(in crate::folder) struct Lines {
    file: PathBuf,
    turns: Arc<Mutex<()>>,
}

#[derive(Deserialize, Serialize)]
struct Line {
    whose: String,
    data: serde_json::Map<String, Value>,
    until: OffsetDateTime,
}

impl Line {
    fn of(record: &Record) -> Result<String> {
        let (whose, data) = (hidden(&record.id), record.data.clone().into_iter().collect());
        serde_json::to_string(&Self { whose, data, until: record.expiry_date }).map_err(failed)
    }

    fn lives(&self) -> bool {
        self.until > OffsetDateTime::now_utc()
    }
}

/// Stands first, so that a file that was emptied is no file without sessions.
const HEAD: &str = "sessions";

fn parsed(line: &str) -> Option<Line> {
    serde_json::from_str(line).ok()
}

/// The place of a session's line. A line that cannot be read could be it.
fn place(lines: &[String], id: &Id) -> Result<Option<usize>> {
    let all: Vec<_> = lines.iter().skip(1).map(|line| parsed(line)).collect();
    let whose = hidden(id);
    match all.iter().position(|line| line.as_ref().is_some_and(|line| line.whose == whose)) {
        Some(place) => Ok(Some(place + 1)),
        None if lines.first().is_some_and(|line| line == HEAD) && all.iter().all(Option::is_some) => Ok(None),
        None => Err(Error::Decode("a line is damaged".to_owned())),
    }
}

impl Lines {
    pub(in crate::folder) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let file = folder.join("sessions.lines");
        if !file.exists() {
            fs::write(&file, HEAD)?;
        }
        Ok(Self { file, turns: Arc::default() })
    }

    fn read(&self) -> Result<Vec<String>> {
        let bytes = fs::read(&self.file).map_err(failed)?;
        let lines = bytes.strip_suffix(b"\n").unwrap_or(&bytes).split(|byte| *byte == b'\n');
        // What is no text becomes an empty line, which is a damaged one.
        Ok(lines.map(|line| String::from_utf8(line.to_vec()).unwrap_or_default()).collect())
    }

    fn change<T>(&self, change: impl FnOnce(&mut Vec<String>) -> Result<T>) -> Result<T> {
        let _turn = self.turns.lock().map_err(failed)?;
        let mut lines = self.read()?;
        let done = change(&mut lines)?;
        let new = self.file.with_extension("new");
        fs::write(&new, lines.join("\n") + "\n").and_then(|()| fs::rename(new, &self.file)).map_err(failed)?;
        Ok(done)
    }
}

#[async_trait]
impl SessionStore for Lines {
    async fn create(&self, record: &mut Record) -> Result<()> {
        is_readable(record)?;
        self.change(|lines| {
            while matches!(place(lines, &record.id), Ok(Some(_))) {
                record.id = Id::default();
            }
            lines.push(Line::of(record)?);
            Ok(())
        })
    }

    async fn save(&self, record: &Record) -> Result<()> {
        is_readable(record)?;
        self.change(|lines| match place(lines, &record.id)? {
            Some(place) if parsed(&lines[place]).is_some_and(|line| line.lives()) => {
                lines[place] = Line::of(record)?;
                Ok(())
            }
            _ => Err(failed("there is no such session any more")),
        })
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let _turn = self.turns.lock().map_err(failed)?;
        let lines = self.read()?;
        let line = place(&lines, id)?.and_then(|place| parsed(&lines[place])).filter(Line::lives);
        Ok(line.map(|Line { data, until, .. }| Record {
            id: *id,
            data: data.into_iter().collect(),
            expiry_date: until,
        }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let whose = hidden(id);
        self.change(|lines| {
            lines.retain(|line| parsed(line).is_none_or(|line| line.whose != whose));
            Ok(())
        })
    }
}

#[async_trait]
impl ExpiredDeletion for Lines {
    async fn delete_expired(&self) -> Result<()> {
        self.change(|lines| {
            lines.retain(|line| parsed(line).is_none_or(|line| line.lives()));
            Ok(())
        })
    }
}
