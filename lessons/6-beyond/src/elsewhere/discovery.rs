//! The discovery document and the keys of another provider, stored for a while.

use std::time::Duration;

use openidconnect::ProviderMetadataWithLogout;
use tokio::{sync::Mutex, time::Instant};

use super::registration::Registration;

/// The time for which the endpoints and the keys are stored. A key that the provider withdraws is trusted until then.
const KEPT: Duration = Duration::from_secs(300);
/// The pause before the next request to a provider that did not answer, or that was asked for an unknown key. Anyone
/// can send a token with an unknown key, and without a pause each one would cause a request to the provider.
const PAUSE: Duration = Duration::from_secs(2);

/// The last answer of the provider. Requests that arrive while the provider is asked wait for the same answer.
#[derive(Default)]
pub(super) struct Discovery(Mutex<Option<Last>>);

struct Last {
    found: Option<ProviderMetadataWithLogout>,
    at: Instant,
    /// The time when the provider was last asked for other keys.
    for_keys: Option<Instant>,
}

/// The reason why the provider is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Endpoints,
    /// A token did not verify, perhaps because the provider has changed its key.
    OtherKeys,
    /// A visitor is about to be redirected there, and could not return if the provider were unavailable.
    Answer,
}

impl Discovery {
    // ANCHOR: discovery
    /// Returns the endpoints and the keys, fetched now or recently, or `None` if the provider cannot be reached.
    pub(super) async fn of(&self, registration: &Registration, need: Need) -> Option<ProviderMetadataWithLogout> {
        let mut last = self.0.lock().await;
        if let Some(last) = last.as_ref().filter(|last| last.is_enough(need)) {
            return last.found.clone();
        }
        let (found, now) = (ask(registration).await, Instant::now());
        let for_keys = if need == Need::OtherKeys { Some(now) } else { last.as_ref().and_then(|last| last.for_keys) };
        *last = Some(Last { found: found.clone(), at: now, for_keys });
        found
    }
    // ANCHOR_END: discovery
}

impl Last {
    fn is_enough(&self, need: Need) -> bool {
        match (&self.found, need) {
            (None, _) => self.at.elapsed() < PAUSE,
            (Some(_), Need::Endpoints) => self.at.elapsed() < KEPT,
            (Some(_), Need::Answer) => false,
            (Some(_), Need::OtherKeys) => self.for_keys.is_some_and(|at| at.elapsed() < PAUSE),
        }
    }
}

/// Asks the provider for its endpoints and its keys.
pub(super) async fn ask(registration: &Registration) -> Option<ProviderMetadataWithLogout> {
    let http = registration.http();
    let asked = ProviderMetadataWithLogout::discover_async(registration.issuer.clone(), &http).await;
    asked
        .inspect_err(|error| tracing::error!(error = lesson_3::proxy::causes(error), "the provider cannot be reached"))
        .ok()
}
