//! One connection that writes, with one commit for all waiting callers.

use sqlx::{
    Connection, Sqlite, SqliteConnection, SqlitePool, Transaction, pool::PoolConnection, query::Query,
    sqlite::SqliteArguments,
};
use tokio::sync::{mpsc, oneshot};
use tower_sessions::session_store::Result;

use crate::store::failed;

/// The maximum number of changes in one commit, and of further changes in the queue.
const BATCH: usize = 256;

/// The only writer of a file. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Writer(mpsc::Sender<Change>);

struct Change {
    query: SqliteQuery,
    /// Receives the number of rows that were changed.
    reply: Reply,
}

type Reply = oneshot::Sender<Result<u64>>;

pub(super) type SqliteQuery = Query<'static, Sqlite, SqliteArguments>;

impl Writer {
    /// Starts a task that writes over the only connection of this pool, as long as there is a writer.
    pub(super) fn new(pool: SqlitePool) -> Self {
        let (sender, waiting) = mpsc::channel(BATCH);
        tokio::spawn(write(pool, waiting));
        Self(sender)
    }

    /// Carries out one change. Returns the number of rows that it has changed, once it is on the disk.
    pub(super) async fn execute(&self, query: SqliteQuery) -> Result<u64> {
        let (reply, outcome) = oneshot::channel();
        self.0.send(Change { query, reply }).await.map_err(failed)?;
        outcome.await.unwrap_or_else(|ended| Err(failed(ended)))
    }
}

// ANCHOR: write
/// Carries out changes in batches. SQLite waits for the disk at each commit, and lets one connection write at a time.
/// Callers that arrive in the meantime share the next commit.
async fn write(pool: SqlitePool, mut waiting: mpsc::Receiver<Change>) {
    let mut batch = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        match pool.acquire().await {
            Ok(connection) => carry_out(connection, batch.drain(..)).await,
            Err(error) => tell(batch.drain(..).map(|change| change.reply), &Err(error)),
        }
    }
}

async fn carry_out(mut connection: PoolConnection<Sqlite>, batch: impl Iterator<Item = Change>) {
    let (replies, outcome) = begin_and_commit(&mut connection, batch).await;
    if outcome.is_err() {
        // When the disk is full, SQLite rolls back by itself, and sqlx then considers the transaction open.
        let _ = connection.close().await;
    }
    tell(replies, &outcome);
}

async fn begin_and_commit(
    connection: &mut SqliteConnection,
    batch: impl Iterator<Item = Change>,
) -> (Vec<Reply>, sqlx::Result<Vec<u64>>) {
    let begun = connection.begin_with("begin immediate").await;
    // That may have taken a while. A change whose caller has given up must not be carried out later.
    let still_wanted = batch.filter(|change| !change.reply.is_closed());
    let (queries, replies) = still_wanted.map(|change| (change.query, change.reply)).unzip();
    let outcome = match begun {
        Ok(transaction) => commit(transaction, queries).await,
        Err(error) => Err(error),
    };
    (replies, outcome)
}

fn tell(replies: impl IntoIterator<Item = Reply>, outcome: &sqlx::Result<Vec<u64>>) {
    for (number, reply) in replies.into_iter().enumerate() {
        // A caller that has given up does not receive the outcome, and does not know whether the change was made.
        let _ = reply.send(outcome.as_ref().map(|changed| changed[number]).map_err(failed));
    }
}

/// Carries out all queries or none. Returns the number of rows that each has changed.
async fn commit(mut transaction: Transaction<'_, Sqlite>, queries: Vec<SqliteQuery>) -> sqlx::Result<Vec<u64>> {
    let mut changed = Vec::with_capacity(queries.len());
    for query in queries {
        changed.push(query.execute(&mut *transaction).await?.rows_affected());
    }
    transaction.commit().await?;
    Ok(changed)
}
// ANCHOR_END: write
