//! What the instances of a shop share: a database whose rows have versions, and the warehouse that takes orders.
//!
//! A check holds a call of either at a chosen [`Moment`], so that an overlap does not depend on luck. It also loses
//! answers of the warehouse, and saves a row as another program does.

use std::{
    collections::BTreeMap,
    error::Error,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use session_inspector::{Held, Holds};
use tokio::time::sleep;

/// The database that all instances of exercise 8 share, which they get as an axum `Extension`: a value under each key,
/// with a version. Clones are the same database.
#[derive(Clone, Debug, Default)]
pub struct Database(Arc<Shared>);

/// The warehouse, which all instances get as an `Extension`. It belongs to another company, and its orders stay
/// whatever happens to a cart or to a session. Clones are the same warehouse.
#[derive(Clone, Debug, Default)]
pub struct Orders(Arc<Shared>);

/// A value, and the version that the database had of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row<T> {
    /// The value; `T::default()` if nothing has been saved under the key yet.
    pub value: T,
    /// Each save raises it by one; 0 if nothing has been saved yet.
    pub version: u64,
}

/// Why the database did nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum DatabaseError {
    /// The row has another version by now: somebody else has saved it since you loaded it.
    Stale,
    /// The row's value is no `T`, or this `T` cannot be written as JSON; serde says why.
    Format(String),
}

/// What the warehouse is to send, and to whom.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Order {
    /// Which order it is, among those of all users. Any text.
    pub number: String,
    /// Whose it is.
    pub user: String,
    /// Items, and how many of each.
    pub items: BTreeMap<String, u32>,
}

/// The warehouse did not answer in time: it may have the order, or it may not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unknown;

impl Database {
    /// The value under this key, and its version.
    ///
    /// # Errors
    /// [`DatabaseError::Format`] if the value that is there is no `T`.
    pub async fn load<T: DeserializeOwned + Default>(&self, key: &str) -> Result<Row<T>, DatabaseError> {
        self.0.takes_its_time().await;
        let Row { value, version } = self.0.contents().rows.get(key).cloned().map(Row::from).unwrap_or_default();
        self.0.holds.wait(Moment::Loaded).await;
        match value {
            Value::Null => Ok(Row { value: T::default(), version }),
            value => Ok(Row { value: serde_json::from_value(value).map_err(DatabaseError::format)?, version }),
        }
    }

    /// Puts a value in the place of the one that has this version, and returns the new version.
    ///
    /// # Errors
    /// [`DatabaseError::Stale`] if the row has another version by now; then nothing has changed.
    pub async fn save<T: Serialize + Sync>(&self, key: &str, version: u64, value: &T) -> Result<u64, DatabaseError> {
        let value = serde_json::to_value(value).map_err(DatabaseError::format)?;
        self.0.takes_its_time().await;
        self.0.holds.wait(Moment::Saving).await;
        let mut contents = self.0.contents();
        let is_touched = contents.touches > 0;
        contents.touches = contents.touches.saturating_sub(1);
        let row = contents.rows.entry(key.to_owned()).or_default();
        row.1 += u64::from(is_touched);
        if row.1 != version {
            return Err(DatabaseError::Stale);
        }
        *row = (value, version + 1);
        Ok(version + 1)
    }

    /// Right before each of the next saves, another program saves the same row and leaves its value as it is.
    pub(crate) fn is_touched_before_saves(&self, saves: usize) {
        self.0.contents().touches = saves;
    }
}

impl Orders {
    /// Places an order, and returns the one that is there under its number now: a number counts once. If the warehouse
    /// has an order under it already, this changes nothing and returns that one, whatever is in it.
    ///
    /// # Errors
    /// [`Unknown`] if no answer came: the order may have been placed or not.
    pub async fn place(&self, order: Order) -> Result<Order, Unknown> {
        self.0.takes_its_time().await;
        self.0.holds.wait(Moment::Placing).await;
        let fault = self.0.contents().fault;
        self.0.contents().unknown += usize::from(fault.is_some());
        match fault {
            Some(Fault::Lost) => return Err(Unknown),
            Some(Fault::Late) => {
                self.0.contents().late.push(order);
                return Err(Unknown);
            }
            Some(Fault::Unheard) | None => {}
        }
        let placed = self.0.contents().place(order);
        self.0.holds.wait(Moment::Placed).await;
        if fault.is_some() { Err(Unknown) } else { Ok(placed) }
    }

    /// The order under this number, if the warehouse has one by now: an order of unknown outcome may still be on its
    /// way.
    pub async fn find(&self, number: &str) -> Option<Order> {
        self.0.takes_its_time().await;
        self.0.contents().orders.iter().find(|order| order.number == number).cloned()
    }

    /// All orders of this user, the first one first.
    pub async fn of(&self, user: &str) -> Vec<Order> {
        self.0.takes_its_time().await;
        self.now(user)
    }

    /// How often the shop was left without an answer.
    pub(crate) fn unknown(&self) -> usize {
        self.0.contents().unknown
    }

    pub(crate) fn now(&self, user: &str) -> Vec<Order> {
        self.0.contents().orders.iter().filter(|order| order.user == user).cloned().collect()
    }

    /// Whether the warehouse has no order of anybody.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.contents().orders.is_empty()
    }

    /// What happens to orders from now on.
    pub(crate) fn fail(&self, fault: Option<Fault>) {
        let mut contents = self.0.contents();
        contents.fault = fault;
        if fault.is_none() {
            std::mem::take(&mut contents.late).into_iter().for_each(|order| drop(contents.place(order)));
        }
    }
}

/// How orders go wrong.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) enum Fault {
    /// Orders are lost on their way.
    Lost,
    /// Orders are placed, and the answers are lost on their way back.
    Unheard,
    /// Nobody answers, and the orders arrive when the warehouse answers again.
    Late,
}

/// A moment in a call to the database or the warehouse.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) enum Moment {
    /// A row has been read, and the caller does not have it yet.
    Loaded,
    /// A save has arrived, and its version is not compared yet.
    Saving,
    /// An order has arrived, and is not placed yet.
    Placing,
    /// An order has been placed, and the caller does not know it yet.
    Placed,
}

impl Moment {
    pub(crate) const ALL: [Self; 4] = [Self::Loaded, Self::Saving, Self::Placing, Self::Placed];

    /// What the instance that ended was doing in its checkout.
    pub(crate) fn was(self) -> &'static str {
        match self {
            Self::Loaded => "was loading the cart",
            Self::Saving => "was saving the cart",
            Self::Placing => "was placing the order",
            Self::Placed => "was waiting for the warehouse's answer",
        }
    }

    /// What the caller does then.
    pub(crate) fn told(self) -> &'static str {
        match self {
            Self::Loaded => "loads a row",
            Self::Saving => "saves a row",
            Self::Placing => "places an order",
            Self::Placed => "waits for the warehouse's answer",
        }
    }
}

/// The database and the warehouse of one check.
#[derive(Clone, Debug, Default)]
pub struct Shop {
    /// The database.
    pub database: Database,
    /// The warehouse.
    pub orders: Orders,
}

impl Shop {
    pub(crate) fn new() -> Self {
        Self::over(Shared::default())
    }

    /// For a demo: each call takes this long, so that you are quick enough to send a second request meanwhile.
    pub fn slow(each: Duration) -> Self {
        Self::over(Shared { each, ..Shared::default() })
    }

    fn over(shared: Shared) -> Self {
        let shared = Arc::new(shared);
        Self { database: Database(shared.clone()), orders: Orders(shared) }
    }

    /// The next call that comes to this moment waits there, after as many others as `passing`.
    pub(crate) fn hold(&self, moment: Moment, passing: usize) -> Held {
        self.database.0.holds.hold(moment, passing)
    }

    pub(crate) fn dump(&self) -> Contents {
        self.database.0.contents().clone()
    }

    pub(crate) fn restore(&self, contents: Contents) {
        *self.database.0.contents() = contents;
    }
}

#[derive(Debug, Default)]
struct Shared {
    contents: Mutex<Contents>,
    holds: Holds<Moment>,
    /// How long each call takes.
    each: Duration,
}

/// All that is in the database and the warehouse, and what is about to go wrong.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Contents {
    rows: BTreeMap<String, (Value, u64)>,
    orders: Vec<Order>,
    touches: usize,
    fault: Option<Fault>,
    /// How often an order's outcome was unknown.
    unknown: usize,
    /// Orders that are still on their way.
    late: Vec<Order>,
}

impl Shared {
    async fn takes_its_time(&self) {
        if !self.each.is_zero() {
            sleep(self.each).await;
        }
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contents {
    fn place(&mut self, order: Order) -> Order {
        if let Some(there) = self.orders.iter().find(|there| there.number == order.number) {
            return there.clone();
        }
        self.orders.push(order.clone());
        order
    }
}

impl From<(Value, u64)> for Row<Value> {
    fn from((value, version): (Value, u64)) -> Self {
        Self { value, version }
    }
}

impl DatabaseError {
    fn format(error: serde_json::Error) -> Self {
        Self::Format(error.to_string())
    }
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale => f.write_str("the row has been saved by somebody else since it was loaded"),
            Self::Format(why) => write!(f, "the row's value has another type: {why}"),
        }
    }
}

impl Error for DatabaseError {}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the warehouse did not answer: the order may have been placed or not")
    }
}

impl Error for Unknown {}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(number: &str, item: &str) -> Order {
        Order { number: number.to_owned(), user: "alice".to_owned(), items: [(item.to_owned(), 1)].into() }
    }

    #[tokio::test]
    async fn a_save_that_is_based_on_an_old_version_changes_nothing() {
        let Shop { database, .. } = Shop::new();
        let row: Row<Vec<u8>> = database.load("alice").await.unwrap();
        assert_eq!(row, Row { value: vec![], version: 0 });
        assert_eq!(database.save("alice", 0, &[1]).await, Ok(1));
        assert_eq!(database.save("alice", 0, &[2]).await, Err(DatabaseError::Stale));
        assert_eq!(database.load("alice").await, Ok(Row { value: vec![1], version: 1 }));
        assert!(matches!(database.load::<String>("alice").await, Err(DatabaseError::Format(_))));
        database.is_touched_before_saves(1);
        assert_eq!(database.save("alice", 1, &[2]).await, Err(DatabaseError::Stale));
        assert_eq!(database.load("alice").await, Ok(Row { value: vec![1], version: 2 }));
        assert_eq!(database.save("alice", 2, &[2]).await, Ok(3));
    }

    #[tokio::test]
    async fn a_number_counts_once_and_an_unknown_order_may_be_there() {
        let Shop { orders, .. } = Shop::new();
        assert_eq!(orders.place(order("1", "pear")).await, Ok(order("1", "pear")));
        assert_eq!(orders.place(order("1", "plum")).await, Ok(order("1", "pear")));
        orders.fail(Some(Fault::Lost));
        assert_eq!(orders.place(order("2", "pear")).await, Err(Unknown));
        assert_eq!(orders.find("2").await, None);
        orders.fail(Some(Fault::Unheard));
        assert_eq!(orders.place(order("2", "pear")).await, Err(Unknown));
        assert_eq!(orders.find("2").await, Some(order("2", "pear")));
        orders.fail(Some(Fault::Late));
        assert_eq!(orders.place(order("3", "pear")).await, Err(Unknown));
        assert_eq!(orders.find("3").await, None);
        orders.fail(None);
        assert_eq!(orders.find("3").await, Some(order("3", "pear")));
        assert_eq!(orders.place(order("2", "pear")).await, Ok(order("2", "pear")));
        assert_eq!(orders.of("alice").await.len(), 3);
    }

    #[tokio::test]
    async fn what_is_held_waits_until_it_is_let_go() {
        let shop = Shop::new();
        let mut held = shop.hold(Moment::Saving, 1);
        let database = shop.database.clone();
        let saves = tokio::spawn(async move {
            [database.save("alice", 0, &1).await, database.save("alice", 1, &2).await] // the second one waits
        });
        held.reached().await;
        assert_eq!(shop.database.load("alice").await, Ok(Row { value: 1, version: 1 }));
        drop(held);
        assert_eq!(saves.await.unwrap(), [Ok(1), Ok(2)]);
    }
}
