//! The limits on guessing passwords.

use std::net::IpAddr;

use axum::{
    http::{StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use time::{Duration, OffsetDateTime};

use super::{
    device::Device,
    throttle::{Reservation, Throttle, network},
};

/// The maximum length of an account's name, in characters.
pub const LONGEST_NAME: usize = 40;
/// The maximum length of a password, in characters. ASVS 5.0 6.2.9 requires that 64 are possible.
pub const LONGEST_PASSWORD: usize = 128;

/// The maximum length of a form, in bytes, with a name and passwords that are percent-encoded like `%F0%9F%90%88`.
pub const LONGEST_FORM: usize = 16 * 1024;

/// Returns an error message if this name or password is too long for any account. Call it before anything else.
pub fn too_long(name: &str, password: &str) -> Option<String> {
    [("name", name, LONGEST_NAME), ("password", password, LONGEST_PASSWORD)].into_iter().find_map(
        |(what, text, most)| {
            // A character has at most four bytes, so a text of megabytes is not counted.
            let is_short = text.len() <= 4 * most && text.chars().count() <= most;
            (!is_short).then(|| format!("A {what} has at most {most} characters.\n"))
        },
    )
}

// ANCHOR: guesses
/// The counters that limit how often passwords may be guessed.
pub struct Guesses {
    /// For an account from an address.
    account_and_address: Throttle,
    /// From an address, for any account.
    address: Throttle,
    /// For an account, from all browsers in which it has not logged in.
    account: Throttle,
    /// For an account, from a browser in which it has logged in before.
    device: Throttle,
}

impl Guesses {
    // ANCHOR: limits
    /// Creates the counters, all at zero.
    pub fn new() -> Self {
        Self {
            account_and_address: Throttle::new(5, Duration::minutes(3)),
            address: Throttle::new(20, Duration::MINUTE),
            account: Throttle::new(100, Duration::MINUTE),
            device: Throttle::new(5, Duration::minutes(3)),
        }
    }
    // ANCHOR_END: limits

    /// Reserves a guess. A device of the account has its own budget, so guesses from other browsers do not lock it out.
    ///
    /// # Errors
    /// There were too many guesses. The error has the time to wait.
    pub async fn reserve(
        &self,
        account: &str,
        address: IpAddr,
        device: Option<Device>,
        now: OffsetDateTime,
    ) -> Result<Guess<'_>, TooMany> {
        let mut reserved = Vec::new();
        match self.take(account, network(address), device, now, &mut reserved).await {
            Ok(()) => Ok(Guess(reserved)),
            Err(wait) => {
                Guess(reserved).give_back();
                Err(TooMany { what: "wrong passwords", wait })
            }
        }
    }

    async fn take<'g>(
        &'g self,
        account: &str,
        address: IpAddr,
        device: Option<Device>,
        now: OffsetDateTime,
        reserved: &mut Vec<Reservation<'g>>,
    ) -> Result<(), Duration> {
        if let Some(device) = device {
            reserved.push(self.device.reserve((account, device), now).await?);
            return Ok(());
        }
        // Always in this order, so that two guesses never wait for each other.
        reserved.push(self.account_and_address.reserve((account, address), now).await?);
        reserved.push(self.address.reserve(address, now).await?);
        reserved.push(self.account.reserve(account, now).await?);
        Ok(())
    }
}
// ANCHOR_END: guesses

impl Default for Guesses {
    fn default() -> Self {
        Self::new()
    }
}

/// A reserved guess. It counts as wrong unless it is given back.
#[derive(Debug)]
#[must_use]
pub struct Guess<'g>(Vec<Reservation<'g>>);

impl Guess<'_> {
    /// Gives the guess back, because the password was right or was not checked.
    pub fn give_back(self) {
        self.0.into_iter().for_each(Reservation::give_back);
    }
}

/// There were too many guesses. The answer is 429 with `Retry-After`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TooMany {
    /// The kind of attempts, for the message.
    pub what: &'static str,
    /// The time until the next attempt.
    pub wait: Duration,
}

impl IntoResponse for TooMany {
    fn into_response(self) -> Response {
        let seconds = u64::try_from(self.wait.whole_milliseconds()).unwrap_or_default().div_ceil(1000).max(1);
        let wait = session_inspector::span(seconds.div_ceil(60) * 60);
        let sentence = format!("Too many {}. Please try again in {wait}.\n", self.what);
        (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, seconds.to_string())], sentence).into_response()
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::to_bytes, http::HeaderValue};

    use super::*;

    #[tokio::test]
    async fn the_time_to_wait_is_rounded_up_and_never_nothing() {
        for (wait, seconds, words) in [
            (Duration::ZERO, "1", "1 minute"),
            (Duration::milliseconds(59_001), "60", "1 minute"),
            (Duration::seconds(61), "61", "2 minutes"),
            (Duration::minutes(6), "360", "6 minutes"),
        ] {
            let (parts, body) = TooMany { what: "new accounts", wait }.into_response().into_parts();
            assert_eq!((parts.status.as_u16(), &parts.headers[RETRY_AFTER]), (429, &HeaderValue::from_static(seconds)));
            let body = to_bytes(body, 1000).await.unwrap();
            assert_eq!(body, format!("Too many new accounts. Please try again in {words}.\n"));
        }
    }
}
