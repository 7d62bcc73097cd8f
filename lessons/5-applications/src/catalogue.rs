//! The catalog of the shop.

use axum::http::StatusCode;
use serde::Serialize;

/// An item that the shop sells.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Item {
    /// Its name in addresses.
    pub(crate) id: &'static str,
    /// The price in euros.
    pub(crate) price: u32,
}

/// All items.
pub(crate) const ITEMS: [Item; 6] = [
    Item { id: "teapot", price: 40 },
    Item { id: "cup", price: 9 },
    Item { id: "kettle", price: 55 },
    Item { id: "spoon", price: 3 },
    Item { id: "tray", price: 21 },
    Item { id: "tea", price: 7 },
];

/// Returns the item with this name, or an answer with 404.
pub(crate) fn item(id: &str) -> Result<Item, (StatusCode, String)> {
    ITEMS.into_iter().find(|item| item.id == id).ok_or_else(|| {
        let all: Vec<_> = ITEMS.iter().map(|item| item.id).collect();
        (StatusCode::NOT_FOUND, format!("This shop does not sell {id:?}. It sells: {}.\n", all.join(", ")))
    })
}
