//! Records that were damaged behind the store's back.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use serde_json::Value;
use tower_sessions::{SessionStore, session::Record};

use super::{InFolder, anew, files, keeps};
use crate::{
    Miss, Trial,
    store::{Backend, created, loaded_anew, record, told_as_whole},
};

/// What happens to a file; `None` if it cannot be damaged like this.
type Damage = fn(Vec<u8>) -> Option<Vec<u8>>;

/// What the record holds.
const TEXT: &str = "a-stored-text";

/// Ways to damage a record other than cutting it off, which the rule for every store does.
const DAMAGES: [(&str, Damage); 7] = [
    ("the data in a JSON file is lost, and the rest is still JSON", |bytes| {
        let Ok(Value::Object(mut parts)) = serde_json::from_slice(&bytes) else { return None };
        let whole = parts.len();
        parts.retain(|_, part| part.get("value").is_none());
        (parts.len() < whole).then(|| Value::Object(parts).to_string().into_bytes())
    }),
    ("everything but the data in a JSON file is lost", |bytes| {
        let Ok(Value::Object(mut parts)) = serde_json::from_slice(&bytes) else { return None };
        let whole = parts.len();
        parts.retain(|_, part| part.get("value").is_some());
        (!parts.is_empty() && parts.len() < whole).then(|| Value::Object(parts).to_string().into_bytes())
    }),
    // After the end of a line it would damage nothing.
    ("garbage is added at the end of every file", |bytes| Some([bytes.trim_ascii_end(), b"}garbage"].concat())),
    ("in every file that contains `a-stored-text`, its first letter becomes a byte that is not text", |bytes| {
        let place = bytes.windows(TEXT.len()).position(|part| part == TEXT.as_bytes())?;
        let mut damaged = bytes;
        damaged[place] = 0xff;
        Some(damaged)
    }),
    ("every file is overwritten with bytes that are not text", |_| Some(vec![0xff, 0xfe, 0x00, 0x80])),
    ("every file is emptied", |_| Some(Vec::new())),
    // So a file may be after a power failure: its length was written, and its content was not.
    ("every file is filled with zeros", |bytes| (!bytes.is_empty()).then(|| vec![0; bytes.len()])),
];

pub(super) async fn damage_is_an_error(trial: &Trial) -> Result<(), Miss> {
    keeps(trial, "a_damaged_record_is_an_error").await?;
    for (what, damage) in DAMAGES {
        let backend = anew(trial)?;
        let store = backend.open().await;
        let record = created(&store, record(TEXT)).await?;
        if happens(&backend, what, damage) {
            is_told(&backend, &store, &record).await?;
        }
    }
    let backend = anew(trial)?;
    let store = backend.open().await;
    let record = created(&store, record(TEXT)).await?;
    match become_folders(&backend) {
        Ok(true) => is_told(&backend, &store, &record).await,
        _ => Ok(()),
    }
}

/// Makes every file one that cannot be read, as on a disk that fails: a folder takes its place. False if there is none.
fn become_folders(backend: &InFolder<'_>) -> io::Result<bool> {
    let files = files(backend.folder.path());
    backend.happens("every file can no longer be read: a folder of its name is in its place");
    for file in &files {
        let modified = fs::metadata(file)?.modified()?;
        fs::remove_file(file)?;
        fs::create_dir(file)?;
        File::open(file)?.set_modified(modified)?;
    }
    Ok(!files.is_empty())
}

/// Damages every file; false if none can be damaged like this, and another rule asks where the sessions are.
fn happens(backend: &InFolder<'_>, what: &str, damage: Damage) -> bool {
    let files = files(backend.folder.path());
    let damaged: Vec<_> = files.iter().filter_map(|file| Some((file, damage(fs::read(file).ok()?)?))).collect();
    if !damaged.is_empty() {
        backend.happens(what);
    }
    for (file, bytes) in &damaged {
        let _ = overwrite(file, bytes);
    }
    !damaged.is_empty()
}

/// A disk that fails says nothing: the time of the file stays what it was.
pub(super) fn overwrite(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let modified = fs::metadata(file)?.modified()?;
    fs::write(file, bytes)?;
    File::options().write(true).open(file)?.set_modified(modified)
}

/// Every load is an error, not only the first one, and a save does not hide the loss.
async fn is_told(backend: &InFolder<'_>, store: &super::Opened, record: &Record) -> Result<(), Miss> {
    let is_same = |loaded: &Record| loaded.data == record.data && loaded.expiry_date == record.expiry_date;
    match loaded_anew(backend, store, record).await {
        Err(_) => {}
        // What was lost is in another place as well.
        Ok(Some(loaded)) if is_same(&loaded) => return Ok(()),
        Ok(loaded) => return Err(told_as_whole(loaded)),
    }
    let lost = |when: &str| {
        let so = format!(
            "the record is damaged, and {when}, `load` returned `None` as if there were no session: nobody can repair it anymore"
        );
        Miss::new("an error, as from the first `load`", "`None`").so(so)
    };
    if let Ok(None) = store.load(&record.id).await {
        return Err(lost("when it was loaded a second time"));
    }
    let _ = store.save(record).await;
    if let Ok(None) = store.load(&record.id).await {
        return Err(lost("after a `save`"));
    }
    Ok(())
}
