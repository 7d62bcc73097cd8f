//! Data that all visitors share: the stock of cups, and the number of sold ones. In a real program this is a row in a
//! database.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    extract::State,
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
};
use lesson_page::Failure;
use minijinja::context;

use super::think;
use crate::page::PAGES;

const PAGE: &str = "/two-at-once/stock";
/// The number of cups at the beginning.
const CUPS: u32 = 1;

/// The row. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stock(Arc<Mutex<Row>>);

#[derive(Clone, Copy, Debug)]
struct Row {
    left: u32,
    sold: u32,
    version: u64,
}

impl Default for Row {
    fn default() -> Self {
        Self { left: CUPS, sold: 0, version: 0 }
    }
}

/// The error of a save when the row has another version in the meantime.
struct Stale;

// ANCHOR: row
impl Stock {
    fn load(&self) -> Row {
        *self.row()
    }

    /// Replaces the row without a comparison.
    fn save(&self, row: Row) {
        *self.row() = row;
    }

    /// Replaces the row, unless it has changed since `new` was made from it.
    fn compare_and_save(&self, new: Row) -> Result<(), Stale> {
        let mut row = self.row();
        if row.version != new.version {
            return Err(Stale);
        }
        *row = Row { version: new.version + 1, ..new };
        Ok(())
    }

    fn row(&self) -> MutexGuard<'_, Row> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Row {
    /// Returns the row with one cup less, or `None` if none is left.
    fn sell(self) -> Option<Self> {
        let left = self.left.checked_sub(1)?;
        Some(Self { left, sold: self.sold.saturating_add(1), ..self })
    }
}
// ANCHOR_END: row

// ANCHOR: sell
pub(super) async fn sell_uncompared(State(stock): State<Stock>) -> Response {
    let Some(row) = stock.load().sell() else { return sold_out() };
    think().await;
    stock.save(row); // even if another request has sold cups since
    Redirect::to(PAGE).into_response()
}

pub(super) async fn sell_compared(State(stock): State<Stock>) -> Response {
    loop {
        let Some(row) = stock.load().sell() else { return sold_out() };
        think().await;
        if stock.compare_and_save(row).is_ok() {
            return Redirect::to(PAGE).into_response();
        }
    }
}
// ANCHOR_END: sell

fn sold_out() -> Response {
    (StatusCode::CONFLICT, "The last cup is sold.\n").into_response()
}

pub(super) async fn refill(State(stock): State<Stock>) -> Redirect {
    stock.save(Row { version: stock.load().version + 1, ..Row::default() });
    Redirect::to(PAGE)
}

pub(super) async fn view(State(stock): State<Stock>) -> Result<Html<String>, Failure> {
    let Row { left, sold, .. } = stock.load();
    PAGES.render("stock.html", context! { left, sold })
}
