//! The discovery document and the keys of another provider, stored for a while.

use std::time::Duration;

use openidconnect::{
    AdditionalProviderMetadata, IdTokenVerifier, LogoutProviderMetadata, ProviderMetadata,
    core::{
        CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
        CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType,
        CoreSubjectIdentifierType,
    },
};
use serde::{Deserialize, Serialize};
use tokio::{sync::Mutex, time::Instant};

use super::registration::Registration;

/// The time for which the endpoints and the keys are stored. A key that the provider withdraws is trusted until then.
const KEPT: Duration = Duration::from_secs(300);
/// The pause before the next request to a provider that did not answer, or that was asked for an unknown key. Anyone
/// can send a token with an unknown key, and without a pause each one would cause a request to the provider.
const PAUSE: Duration = Duration::from_secs(2);

/// A part of the discovery document that `openidconnect` leaves out.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct NamesItself {
    /// Whether the provider names itself in every answer to an authorization request (RFC 9207, section 3).
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for NamesItself {}

/// The discovery document.
pub(super) type Metadata = ProviderMetadata<
    LogoutProviderMetadata<NamesItself>,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// A provider: the registration of this program there, and the discovery document.
pub(super) struct Discovered {
    pub(super) registration: Registration,
    pub(super) metadata: Metadata,
}

impl Discovered {
    /// Returns a verifier of signature, issuer, audience and time.
    pub(super) fn verifier<'v>(&self) -> IdTokenVerifier<'v, CoreJsonWebKey> {
        let Registration { client, secret, issuer, .. } = self.registration.clone();
        let verifier = IdTokenVerifier::new_confidential_client(client, secret, issuer, self.metadata.jwks().clone());
        verifier.set_allowed_algs(self.metadata.id_token_signing_alg_values_supported().clone())
    }

    // ANCHOR: is_named
    /// Whether an answer with this `iss` comes from this provider. An answer without `iss` is accepted only if the
    /// provider does not promise one in each answer, also in one that reports an error (RFC 9207, section 2.4).
    pub(super) fn is_named(&self, iss: Option<&str>) -> bool {
        let promise = &self.metadata.additional_metadata().additional_metadata;
        match iss {
            Some(iss) => *iss == **self.registration.issuer,
            None => !promise.authorization_response_iss_parameter_supported,
        }
    }
    // ANCHOR_END: is_named
}

/// The last answer of the provider. Requests that arrive while the provider is asked wait for the same answer.
#[derive(Default)]
pub(super) struct Discovery(Mutex<Option<Last>>);

struct Last {
    found: Option<Metadata>,
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
    pub(super) async fn of(&self, registration: &Registration, need: Need) -> Option<Metadata> {
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
pub(super) async fn ask(registration: &Registration) -> Option<Metadata> {
    let http = registration.http();
    let asked = Metadata::discover_async(registration.issuer.clone(), &http).await;
    asked
        .inspect_err(|error| tracing::error!(error = lesson_3::proxy::causes(error), "the provider cannot be reached"))
        .ok()
}

#[cfg(test)]
pub(super) mod tests {
    use openidconnect::core::CoreJwsSigningAlgorithm;
    use serde_json::{Value, json};

    use super::*;

    pub(in super::super) const ISSUER: &str = "https://login.example";

    /// Returns a provider whose discovery document also has these lines.
    pub(in super::super) fn provider(lines: Value) -> Discovered {
        let mut document = json!({
            "issuer": ISSUER,
            "authorization_endpoint": format!("{ISSUER}/authorize"),
            "jwks_uri": format!("{ISSUER}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [CoreJwsSigningAlgorithm::HmacSha256],
        });
        document.as_object_mut().unwrap().extend(lines.as_object().unwrap().clone());
        let registration = Registration::new(ISSUER, "shop", "secret").unwrap();
        Discovered { registration, metadata: serde_json::from_value(document).unwrap() }
    }

    #[test]
    fn a_provider_that_does_not_promise_to_name_itself_need_not() {
        let promise = "authorization_response_iss_parameter_supported";
        for (lines, is_needed) in
            [(json!({ promise: true }), true), (json!({ promise: false }), false), (json!({}), false)]
        {
            let provider = provider(lines);
            assert_eq!(provider.is_named(None), !is_needed);
            assert!(provider.is_named(Some(ISSUER)));
            for other in ["https://evil.example", "https://login.example/", ""] {
                assert!(!provider.is_named(Some(other)), "{other}");
            }
        }
    }
}
