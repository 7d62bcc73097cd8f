//! Publish and subscribe: messages for every open connection, on any instance.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt;
use redis::{
    AsyncCommands, Client, RedisError,
    aio::{ConnectionManager, ConnectionManagerConfig, PubSub},
};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{
        broadcast::{self, Receiver, Sender},
        watch,
    },
    task::JoinSet,
    time::sleep,
};

/// The name of the channel in Redis.
const NAME: &str = "lesson-6:connection";
/// The number of messages that wait for a slow connection. A connection that misses some gets [`News::Missed`].
const WAITING: usize = 64;
/// The time that Redis may take for a message, and the pause before an instance subscribes again.
const PATIENCE: Duration = Duration::from_millis(500);

/// A message to connections.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) enum News {
    /// The login with this handle has ended.
    Ended { handle: String },
    /// A session has ended, or has a new ID. The name is that of [`publishing::name`](super::publishing::name).
    Gone { session: String },
    /// A user has bought an item.
    Bought { user: String, item: String },
    /// Some messages were missed, so check the store.
    Missed,
}

/// Publishes to every connection of this process or, over Redis, of every instance. Clones share one channel.
#[derive(Clone)]
pub struct Channel {
    here: Sender<News>,
    /// Becomes true when this instance ends. Each connection has a receiver.
    ends: watch::Sender<bool>,
    redis: Option<Redis>,
}

#[derive(Clone)]
struct Redis {
    publisher: ConnectionManager,
    /// The task that listens to Redis. It ends with the last clone.
    _listener: Arc<JoinSet<()>>,
}

impl Channel {
    /// Creates a channel for an app that runs in one process.
    pub fn in_process() -> Self {
        Self { here: Sender::new(WAITING), ends: watch::Sender::new(false), redis: None }
    }

    // ANCHOR: redis
    /// Creates a channel for several instances, over the Redis at an address such as `redis://127.0.0.1:6379`.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn over_redis(address: &str) -> Result<Self, RedisError> {
        let client = Client::open(address)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_number_of_retries(1);
        let publisher = ConnectionManager::new_with_config(client.clone(), config).await?;
        let first = subscription(&client).await?;
        let channel = Self::in_process();
        let mut listener = JoinSet::new();
        listener.spawn(listen(client, first, channel.here.clone()));
        Ok(Self { redis: Some(Redis { publisher, _listener: Arc::new(listener) }), ..channel })
    }

    /// Sends a message to all subscribers. Redis sends it to this instance, too. If Redis fails, at least this instance
    /// gets it.
    pub(super) async fn publish(&self, news: News) {
        if let Some(Redis { publisher, .. }) = &self.redis
            && let Ok(text) = serde_json::to_string(&news)
        {
            match publisher.clone().publish::<_, _, ()>(NAME, text).await {
                Ok(()) => return,
                Err(error) => tracing::error!(%error, "the other instances were not notified"),
            }
        }
        let _ = self.here.send(news); // an error only means that no connection is open
    }
    // ANCHOR_END: redis

    /// Subscribes to all messages from now on.
    pub(super) fn subscribe(&self) -> Receiver<News> {
        self.here.subscribe()
    }

    // ANCHOR: close
    /// Closes every connection of this instance, and every later one at its start. Returns when they are closed. The
    /// sessions continue, so each browser can connect to another instance.
    pub async fn close(&self) {
        self.ends.send_replace(true);
        self.ends.closed().await; // until each connection has dropped its receiver
    }
    // ANCHOR_END: close

    /// Returns a receiver that becomes true when this instance ends. `close` waits for every connection that holds one.
    pub(super) fn end(&self) -> watch::Receiver<bool> {
        self.ends.subscribe()
    }
}

async fn subscription(client: &Client) -> Result<PubSub, RedisError> {
    let mut subscription = client.get_async_pubsub().await?;
    subscription.subscribe(NAME).await?;
    Ok(subscription)
}

// ANCHOR: listen
/// Passes on the messages from Redis. Redis stores no messages for a subscriber whose connection has broken, so after
/// each new subscription every connection checks its session.
async fn listen(client: Client, first: PubSub, here: Sender<News>) {
    let mut subscription = Ok(first);
    loop {
        match subscription {
            Ok(subscription) => {
                let _ = here.send(News::Missed);
                let mut messages = subscription.into_on_message();
                while let Some(message) = messages.next().await {
                    let news = serde_json::from_slice(message.get_payload_bytes()).unwrap_or(News::Missed);
                    let _ = here.send(news);
                }
            }
            Err(error) => tracing::error!(%error, "Redis delivers no messages at the moment"),
        }
        sleep(PATIENCE).await;
        subscription = self::subscription(&client).await;
    }
}
// ANCHOR_END: listen

/// Waits for the next message. A missed message becomes [`News::Missed`], and a closed channel delivers none.
pub(super) async fn next(news: &mut Receiver<News>) -> News {
    match news.recv().await {
        Ok(news) => news,
        Err(broadcast::error::RecvError::Lagged(_)) => News::Missed,
        Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_connection_is_notified_that_it_has_missed_messages() {
        let channel = Channel::in_process();
        let mut news = channel.subscribe();
        for number in 0..=WAITING {
            channel.publish(News::Ended { handle: number.to_string() }).await;
        }
        assert!(matches!(next(&mut news).await, News::Missed));
        assert!(matches!(next(&mut news).await, News::Ended { handle } if handle == "1"), "and it goes on");
    }
}
