//! Thresholds for alarms about events that honest visitors cause, too, and limits on how often an alarm is raised.

use std::hash::Hash;

use lesson_4::defence::throttle::Throttle;
use time::{Duration, OffsetDateTime};

use super::{event::Alarm, visit::Place};

/// The thresholds. Each allows a number of events at once, and then one per interval.
pub(super) struct Alarms {
    wrong_for_account: Throttle,
    wrong_from_network: Throttle,
    unknown_ids: Throttle,
    /// Counts the same alarm, as [`key`] defines it.
    same: Throttle,
    /// Counts all alarms of one kind, because an attacker may have many networks and know many accounts.
    kind: Throttle,
}

impl Default for Alarms {
    fn default() -> Self {
        Self {
            wrong_for_account: Throttle::new(5, Duration::minutes(3)),
            wrong_from_network: Throttle::new(20, Duration::MINUTE),
            unknown_ids: Throttle::new(10, Duration::minutes(10)),
            same: Throttle::new(3, Duration::minutes(10)),
            kind: Throttle::new(30, Duration::MINUTE),
        }
    }
}

impl Alarms {
    /// Counts a wrong password. Returns whether there are too many for the account, and whether there are too many from
    /// the network.
    pub(super) async fn wrong_password(&self, account: &str, network: &str, now: OffsetDateTime) -> (bool, bool) {
        (
            is_too_much(&self.wrong_for_account, account, now).await,
            is_too_much(&self.wrong_from_network, network, now).await,
        )
    }

    /// Counts an alarm. Returns whether it should be raised. Otherwise an attacker could repeat one alarm and fill the
    /// log, so that nobody sees the others.
    pub(super) async fn may_raise(
        &self,
        alarm: Alarm,
        account: Option<&str>,
        place: &Place,
        now: OffsetDateTime,
    ) -> bool {
        !is_too_much(&self.same, key(alarm, account, &place.network), now).await
            && !is_too_much(&self.kind, alarm, now).await
    }

    /// Counts an unknown ID. Returns whether too many come from this network.
    pub(super) async fn unknown_id(&self, network: &str, now: OffsetDateTime) -> bool {
        is_too_much(&self.unknown_ids, network, now).await
    }
}

/// Returns the key of an alarm. Two alarms with one key are the same. For a session that is used elsewhere, another
/// network is another thief. Any other alarm about an account may be about one attacker with many networks.
fn key<'a>(alarm: Alarm, account: Option<&'a str>, network: &'a str) -> (Alarm, Option<&'a str>, Option<&'a str>) {
    let is_about_a_place = matches!(alarm, Alarm::Elsewhere | Alarm::PlantedSession);
    (alarm, account, (is_about_a_place || account.is_none()).then_some(network))
}

async fn is_too_much(throttle: &Throttle, key: impl Hash, now: OffsetDateTime) -> bool {
    // Dropped at once, so it counts, and no call waits for its outcome.
    throttle.reserve(key, now).await.map(drop).is_err()
}
