//! Wrong: one release changes the name of a field.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tower_sessions::Session;

use super::{Cart, Refused};

const KEY: &str = "renamed cart";

// ANCHOR: renamed
/// The cart of release 1.
#[derive(Default, Deserialize, Serialize)]
pub(super) struct Before {
    items: Vec<String>,
}

/// The cart of release 2.
#[derive(Default, Deserialize, Serialize)]
pub(super) struct After {
    lines: BTreeMap<String, u32>,
}
// ANCHOR_END: renamed

impl Cart for Before {
    const PATH: &'static str = "/release/renamed/1";

    async fn load(session: &Session) -> Result<Self, Refused> {
        Ok(session.get(KEY).await?.unwrap_or_default())
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
        self.items.join(", ")
    }
}

impl Cart for After {
    const PATH: &'static str = "/release/renamed/2";

    async fn load(session: &Session) -> Result<Self, Refused> {
        Ok(session.get(KEY).await?.unwrap_or_default())
    }

    async fn save(&self, session: &Session) -> Result<(), Refused> {
        Ok(session.insert(KEY, self).await?)
    }

    fn add(&mut self, item: &str) {
        *self.lines.entry(item.to_owned()).or_default() += 1;
    }

    fn count(&self) -> usize {
        total(&self.lines)
    }

    fn summary(&self) -> String {
        summary(&self.lines)
    }
}

pub(super) fn total(lines: &BTreeMap<String, u32>) -> usize {
    lines.values().map(|count| *count as usize).sum()
}

/// Lists the items, such as `cup × 2, teapot`.
pub(super) fn summary(lines: &BTreeMap<String, u32>) -> String {
    let line = |(item, count): (&String, &u32)| if *count == 1 { item.clone() } else { format!("{item} × {count}") };
    lines.iter().map(line).collect::<Vec<_>>().join(", ")
}
