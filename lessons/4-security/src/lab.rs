//! The two shops in their present state, and the result of the last attack on each.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use checks::Miss;
use serde::{Deserialize, Serialize};
use tower_sessions::SessionStore;

use crate::{
    attack::{Attack, Run},
    defence::{Defence, Defences, password::Passwords},
    shop::{Books, Shop},
    site::Site,
};

/// A version of the shop.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Version {
    #[default]
    Vulnerable,
    Hardened,
}

impl Version {
    pub(crate) const BOTH: [Self; 2] = [Self::Vulnerable, Self::Hardened];

    /// The first label of its host name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Vulnerable => "vulnerable",
            Self::Hardened => "hardened",
        }
    }

    fn defences(self) -> Defences {
        match self {
            Self::Vulnerable => Defences::none(),
            Self::Hardened => Defences::all(),
        }
    }
}

/// Both shops. Clones share them.
#[derive(Clone)]
pub(crate) struct Lab(Arc<Inner>);

/// Opens a shop of this version with these further defenses.
type Opens = dyn Fn(Version, &[Defence]) -> Open + Send + Sync;

struct Inner {
    open: Box<Opens>,
    shops: [Mutex<Open>; 2],
    /// Held while an attack runs, so that only one runs at a time.
    turn: tokio::sync::Mutex<()>,
}

/// A shop since it was opened.
struct Open {
    site: Site,
    pages: Router,
    /// The shop's books when it was opened.
    books: Books,
    /// The attack on the shop, if there was one.
    ran: Option<(&'static str, Arc<Run>)>,
}

impl Lab {
    /// Creates the shops, with sessions in this store. `https` states that there is TLS in front of them.
    pub(crate) fn new<S: SessionStore + Clone>(https: bool, store: S) -> Self {
        let open = move |version: Version, given: &[Defence]| {
            let shop = Shop::new(Passwords::new());
            let site = Site::new(version.name(), version.defences().and(given), shop, https);
            let (pages, books) = (site.clone().serve(store.clone()), site.shop.books());
            Open { site, pages, books, ran: None }
        };
        let shops = Version::BOTH.map(|version| Mutex::new(open(version, &[])));
        Self(Arc::new(Inner { open: Box::new(open), shops, turn: tokio::sync::Mutex::default() }))
    }

    /// Returns the pages of a shop in its present state.
    pub(crate) fn pages(&self, version: Version) -> Router {
        self.shop(version).pages.clone()
    }

    pub(crate) fn shops(&self) -> [Shop; 2] {
        Version::BOTH.map(|version| self.shop(version).site.shop.clone())
    }

    /// Replaces this shop with a new one, for this attack. Visitors stay logged in, because sessions are not part of
    /// the books.
    pub(crate) fn reset(&self, attack: &Attack, version: Version) {
        *self.shop(version) = (self.0.open)(version, attack.given);
    }

    /// Runs the attack on a new shop, which then replaces the previous one.
    pub(crate) async fn run(&self, attack: &'static Attack, version: Version) -> Result<Arc<Run>, Miss> {
        let _turn = self.0.turn.lock().await;
        let mut open = (self.0.open)(version, attack.given);
        let run = Arc::new(attack.play(open.site.clone()).await?);
        open.ran = Some((attack.id, run.clone()));
        *self.shop(version) = open;
        Ok(run)
    }

    /// Returns the result of this attack, if it was the last one on this shop.
    pub(crate) fn ran(&self, attack: &Attack, version: Version) -> Option<Arc<Run>> {
        let shop = self.shop(version);
        shop.ran.as_ref().filter(|(id, _)| *id == attack.id).map(|(_, run)| run.clone())
    }

    /// Compares the shop's books when it was opened, after the last attack if there was one, and now.
    pub(crate) fn books(&self, version: Version) -> Evidence {
        let shop = self.shop(version);
        let after = shop.ran.as_ref().map(|(_, run)| ("after the attack", run.books[1].clone()));
        let all = [Some(("at first", shop.books.clone())), after, Some(("now", shop.site.shop.books()))];
        Evidence::of(&all.into_iter().flatten().collect::<Vec<_>>())
    }

    fn shop(&self, version: Version) -> MutexGuard<'_, Open> {
        let place = usize::from(version == Version::Hardened);
        self.0.shops[place].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Several states of the books, side by side, without the lines that all of them contain.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Evidence {
    columns: Vec<&'static str>,
    rows: Vec<Row>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Row {
    name: &'static str,
    cells: Vec<Vec<String>>,
}

impl Evidence {
    fn of(books: &[(&'static str, Books)]) -> Self {
        let all: Vec<_> = books.iter().map(|(_, books)| books.lines()).collect();
        let rows = (0..all[0].len()).filter_map(|place| {
            let cells: Vec<_> = all.iter().map(|lines| lines[place].1.clone()).collect();
            let is_news = |line: &String| !cells.iter().all(|cell| cell.contains(line));
            let news = cells.iter().map(|cell| cell.iter().filter(|line| is_news(line)).cloned().collect());
            let row = Row { name: all[0][place].0, cells: news.collect() };
            row.cells.iter().any(|cell: &Vec<String>| !cell.is_empty()).then_some(row)
        });
        Self { columns: books.iter().map(|(column, _)| *column).collect(), rows: rows.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn books_beside_each_other_show_what_differs() {
        let shop = Shop::new(Passwords::quick());
        shop.order("bob".to_owned(), "a teapot".to_owned());
        let before = shop.books();
        shop.order("alice".to_owned(), "a yacht".to_owned());
        shop.demote("carol");
        let Evidence { columns, rows } = Evidence::of(&[("at first", before), ("now", shop.books())]);
        let row = |name, before: &[&str], now: &[&str]| {
            let cells = [before, now].map(|cell| cell.iter().map(|&line| line.to_owned()).collect());
            Row { name, cells: cells.to_vec() }
        };
        assert_eq!(columns, ["at first", "now"]);
        let expected = [row("bought", &[], &["alice: a yacht"]), row("roles", &["carol: admin"], &["carol: customer"])];
        assert_eq!(rows, expected);
    }
}
