//! Right: a format with a version, in releases that can each read the data of their neighbors.

use std::{collections::BTreeMap, ops::RangeInclusive};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tower_sessions::Session;

use super::{
    Cart, Refused,
    renamed::{summary, total},
};

const KEY: &str = "cart";
/// The format with `items`.
const ITEMS: u32 = 1;
/// The format with `lines`.
const LINES: u32 = 2;

// ANCHOR: first
/// The cart of release 1, which is prepared for a release 2.
#[derive(Deserialize, Serialize)]
pub(super) struct First {
    version: u32,
    items: Vec<String>,
    /// The fields that a later release has added. They are saved unchanged.
    #[serde(flatten)]
    unknown: Map<String, Value>,
}
// ANCHOR_END: first

// ANCHOR: stored
/// The cart in the session, for releases 2 to 4: a cart has `items` or `lines`, never both.
#[derive(Deserialize, Serialize)]
struct Stored {
    version: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    items: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    lines: BTreeMap<String, u32>,
    /// New in release 2. A new field needs a default, and nothing else.
    #[serde(default)]
    added_by: Option<u8>,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}
// ANCHOR_END: stored

// ANCHOR: formats
/// The formats that a release reads, and the one that it writes.
struct Formats {
    reads: RangeInclusive<u32>,
    writes: u32,
}

/// Neighboring releases run at the same time, so each reads the format that the other writes.
const fn formats(release: u8) -> Formats {
    match release {
        1 => Formats { reads: ITEMS..=ITEMS, writes: ITEMS },
        2 => Formats { reads: ITEMS..=LINES, writes: ITEMS },
        3 => Formats { reads: ITEMS..=LINES, writes: LINES },
        _ => Formats { reads: LINES..=LINES, writes: LINES },
    }
}
// ANCHOR_END: formats

/// The cart of releases 2 to 4.
#[derive(Default)]
pub(super) struct Later<const RELEASE: u8> {
    lines: BTreeMap<String, u32>,
    added_by: Option<u8>,
    unknown: Map<String, Value>,
}

// ANCHOR: version
/// Returns the value under this key if this release reads its format. The version is checked before anything else is
/// read, because the rest of a newer format may be anything.
async fn stored(session: &Session, release: u8) -> Result<Option<Value>, Refused> {
    let Some(value) = session.get_value(KEY).await? else { return Ok(None) };
    let version = value.get("version").and_then(Value::as_u64).and_then(|version| u32::try_from(version).ok());
    match version {
        Some(version) if formats(release).reads.contains(&version) => Ok(Some(value)),
        _ => Err(Refused::OtherFormat),
    }
}
// ANCHOR_END: version

fn read<T: for<'de> Deserialize<'de>>(value: Value) -> Result<T, Refused> {
    serde_json::from_value(value).map_err(|error| tower_sessions::session::Error::from(error).into())
}

impl Cart for First {
    const PATH: &'static str = "/release/versioned/1";

    async fn load(session: &Session) -> Result<Self, Refused> {
        let empty = || Self { version: formats(1).writes, items: Vec::new(), unknown: Map::new() };
        stored(session, 1).await?.map_or_else(|| Ok(empty()), read)
    }

    async fn save(&self, session: &Session) -> Result<(), Refused> {
        Ok(session.insert(KEY, self).await?)
    }

    fn add(&mut self, item: &str) {
        self.items.push(item.to_owned());
    }

    fn count(&self) -> usize {
        self.items.len()
    }

    fn summary(&self) -> String {
        summary(&counted(&self.items))
    }
}

impl<const RELEASE: u8> Cart for Later<RELEASE> {
    const PATH: &'static str = match RELEASE {
        2 => "/release/versioned/2",
        3 => "/release/versioned/3",
        _ => "/release/versioned/4",
    };

    async fn load(session: &Session) -> Result<Self, Refused> {
        let Some(value) = stored(session, RELEASE).await? else { return Ok(Self::default()) };
        let Stored { version, items, lines, added_by, unknown } = read(value)?;
        let lines = if version == ITEMS { counted(&items) } else { lines };
        Ok(Self { lines, added_by, unknown })
    }

    async fn save(&self, session: &Session) -> Result<(), Refused> {
        let version = formats(RELEASE).writes;
        let (items, lines) = match version {
            ITEMS => (listed(&self.lines), BTreeMap::new()),
            _ => (Vec::new(), self.lines.clone()),
        };
        let stored = Stored { version, items, lines, added_by: self.added_by, unknown: self.unknown.clone() };
        Ok(session.insert(KEY, stored).await?)
    }

    fn add(&mut self, item: &str) {
        *self.lines.entry(item.to_owned()).or_default() += 1;
        self.added_by = Some(RELEASE);
    }

    fn count(&self) -> usize {
        total(&self.lines)
    }

    fn summary(&self) -> String {
        let by = self.added_by.map(|release| format!(" (last addition noted by release {release})"));
        summary(&self.lines) + &by.unwrap_or_default()
    }
}

fn counted(items: &[String]) -> BTreeMap<String, u32> {
    let mut lines = BTreeMap::new();
    for item in items {
        *lines.entry(item.clone()).or_default() += 1;
    }
    lines
}

fn listed(lines: &BTreeMap<String, u32>) -> Vec<String> {
    lines.iter().flat_map(|(item, count)| (0..*count).map(|_| item.clone())).collect()
}
