//! Wrong, but it looks right: with a default for each field no program fails, but each drops the fields that it does
//! not know.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tower_sessions::Session;

use super::{
    Cart, Refused,
    renamed::{summary, total},
};

const KEY: &str = "silent cart";

/// The cart of release 1. Missing fields are empty, and unknown fields are ignored.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Before {
    items: Vec<String>,
}

/// The cart of release 2.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct After {
    lines: BTreeMap<String, u32>,
}

impl Cart for Before {
    const PATH: &'static str = "/release/silent/1";

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
    const PATH: &'static str = "/release/silent/2";

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
