//! Logout tokens. `openidconnect` has no type for them, and its ID tokens must have a subject, which a logout token may
//! leave out.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::{
    ClaimsVerificationError, JsonWebKey, JsonWebKeyId, JsonWebTokenType, JwsSigningAlgorithm,
    SignatureVerificationError,
    core::{CoreJsonWebKey, CoreJwsSigningAlgorithm},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::discovery::Discovered;

/// The event that makes a token a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.4).
pub(super) const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The types of token that are accepted. Providers should use the second (section 2.4).
const TYPES: [&str; 2] = ["application/jwt", "application/logout+jwt"];

/// The time by which the provider's clock may be ahead.
const AHEAD: TimeDelta = TimeDelta::minutes(1);

/// A logout token that has been read, and perhaps not verified.
pub(super) struct LogoutToken<'t> {
    header: Header,
    pub(super) claims: Claims,
    /// The part that is signed.
    signed: &'t str,
    signature: Vec<u8>,
}

#[derive(Deserialize)]
struct Header {
    alg: CoreJwsSigningAlgorithm,
    kid: Option<JsonWebKeyId>,
    typ: Option<JsonWebTokenType>,
    /// The type of the content, and extensions that a reader must know. A logout token needs neither.
    cty: Option<Value>,
    crit: Option<Value>,
}

#[derive(Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    aud: Audience,
    /// The times are in seconds since 1970, and may have a fraction (RFC 7519, section 2).
    iat: f64,
    exp: f64,
    #[serde(default)]
    pub(super) jti: String,
    #[serde(default)]
    events: Map<String, Value>,
    nonce: Option<Value>,
    /// The subject, whose sessions end.
    pub(super) sub: Option<String>,
    /// The session at the provider. Only what has begun in it ends.
    pub(super) sid: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    /// Whether it is this client, and nobody else.
    fn is(&self, client: &str) -> bool {
        match self {
            Self::One(one) => one == client,
            Self::Several(several) => matches!(several.as_slice(), [one] if one == client),
        }
    }
}

impl<'t> LogoutToken<'t> {
    /// Reads a token. Returns `None` if it does not have the form of a logout token.
    pub(super) fn of(token: &'t str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        Some(Self { header: part(header)?, claims: part(claims)?, signed, signature })
    }

    // ANCHOR: verify
    /// Verifies the claims and the signature, as for an ID token (section 2.6). An ID token has a nonce, and a logout
    /// token must not have one, so neither is accepted as the other.
    pub(super) fn verify(&self, provider: &Discovered, now: DateTime<Utc>) -> Result<(), ClaimsVerificationError> {
        let Claims { iss, aud, iat, exp, jti, events, nonce, sub, sid } = &self.claims;
        let seconds = |at: DateTime<Utc>| at.timestamp() as f64;
        let is_for_us = *iss == **provider.registration.issuer && aud.is(&provider.registration.client);
        let is_current = seconds(now) < *exp && *iat <= seconds(now + AHEAD);
        let is_logout = events.get(EVENT).is_some_and(Value::is_object) && nonce.is_none() && !jti.is_empty();
        let names_somebody = sub.is_some() || sid.is_some();
        if !(self.has_type() && is_for_us && is_current && is_logout && names_somebody) {
            return Err(ClaimsVerificationError::Other("not a logout token for this program".to_owned()));
        }
        if !self.is_signed_by(provider) {
            return Err(ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey));
        }
        Ok(())
    }

    /// The token names an algorithm and a key. The provider's discovery document decides which ones it can choose from.
    fn is_signed_by(&self, Discovered { registration, metadata }: &Discovered) -> bool {
        let Header { alg, kid, .. } = &self.header;
        let verifies =
            |key: &CoreJsonWebKey| key.verify_signature(alg, self.signed.as_bytes(), &self.signature).is_ok();
        if !metadata.id_token_signing_alg_values_supported().contains(alg) {
            return false;
        }
        if alg.uses_shared_secret() {
            return verifies(&CoreJsonWebKey::new_symmetric(registration.secret.secret().as_bytes().to_vec()));
        }
        let mut keys = metadata.jwks().keys().iter().filter(|key| kid.is_none() || kid.as_ref() == key.key_id());
        keys.any(verifies)
    }
    // ANCHOR_END: verify

    fn has_type(&self) -> bool {
        let Header { typ, cty, crit, .. } = &self.header;
        let is_known = |typ: &JsonWebTokenType| typ.normalize().is_ok_and(|typ| TYPES.contains(&typ.as_str()));
        typ.as_ref().is_none_or(is_known) && cty.is_none() && crit.is_none()
    }
}

fn part<T: DeserializeOwned>(encoded: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use openidconnect::{
        JsonWebKeySet, PrivateSigningKey,
        core::{CoreEdDsaPrivateSigningKey, CoreHmacKey},
    };
    use serde_json::json;

    use super::*;
    use crate::elsewhere::discovery::tests::{ISSUER, provider};

    fn claims() -> Value {
        let now = Utc::now().timestamp();
        json!({
            "iss": ISSUER, "aud": "shop", "sub": "1", "iat": now, "exp": now + 60, "jti": "1", "events": { EVENT: {} },
        })
    }

    /// Returns a token with this header and these claims, signed by this key.
    fn token(
        key: &impl PrivateSigningKey<VerificationKey = CoreJsonWebKey>,
        alg: &CoreJwsSigningAlgorithm,
        header: &Value,
        claims: &Value,
    ) -> String {
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{claims}");
        let signature = key.sign(alg, signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn by_secret(header: &Value, claims: &Value) -> String {
        token(&CoreHmacKey::new("secret"), &CoreJwsSigningAlgorithm::HmacSha256, header, claims)
    }

    fn is_one(token: &str, provider: &Discovered) -> bool {
        LogoutToken::of(token).is_some_and(|token| token.verify(provider, Utc::now()).is_ok())
    }

    #[test]
    fn a_logout_token_names_a_subject_or_a_session_or_both() {
        let provider = provider(json!({}));
        for (whose, is_taken) in [
            (json!({ "sub": "1" }), true),
            (json!({ "sub": null, "sid": "2" }), true),
            (json!({ "sub": "1", "sid": "2" }), true),
            (json!({ "sub": null }), false),
        ] {
            let mut claims = claims();
            claims.as_object_mut().unwrap().extend(whose.as_object().unwrap().clone());
            claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            assert_eq!(is_one(&by_secret(&json!({ "alg": "HS256" }), &claims), &provider), is_taken, "{whose}");
        }
    }

    #[test]
    fn a_token_with_a_claim_that_a_logout_token_must_not_have_is_none() {
        let (provider, now, header) = (provider(json!({})), Utc::now().timestamp(), json!({ "alg": "HS256" }));
        assert!(is_one(&by_secret(&header, &claims()), &provider));
        for (name, value, is_taken) in [
            ("iss", json!("https://evil.example"), false),
            ("aud", json!("another"), false),
            ("aud", json!(["shop"]), true),
            ("aud", json!(["shop", "another"]), false),
            ("aud", json!([]), false),
            ("exp", json!(now - 1), false),
            ("exp", json!(now as f64 + 60.5), true),
            ("exp", Value::Null, false),
            ("iat", json!(now + 30), true),
            ("iat", json!(now + 3600), false),
            ("iat", Value::Null, false),
            ("jti", json!(""), false),
            ("nonce", json!("a nonce"), false),
            ("events", json!({}), false),
            ("events", json!({ EVENT: "yes" }), false),
        ] {
            let mut claims = claims();
            claims[name] = value.clone();
            assert_eq!(is_one(&by_secret(&header, &claims), &provider), is_taken, "{name}: {value}");
        }
    }

    #[test]
    fn a_header_that_asks_for_another_reading_is_refused() {
        let provider = provider(json!({}));
        for (name, value, is_taken) in [
            ("typ", json!("logout+jwt"), true),
            ("typ", json!("application/logout+jwt"), true),
            ("typ", json!("JWT"), true),
            ("typ", json!("at+jwt"), false),
            ("cty", json!("JWT"), false),
            ("crit", json!(["b64"]), false),
            ("alg", json!("HS512"), false),
            ("alg", json!("RS256"), false),
            ("alg", json!("none"), false),
        ] {
            let mut header = json!({ "alg": "HS256" });
            header[name] = value.clone();
            assert_eq!(is_one(&by_secret(&header, &claims()), &provider), is_taken, "{name}: {value}");
        }
    }

    /// The key of RFC 8410, section 10.3, which everyone knows.
    const KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
                       MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
                       -----END PRIVATE KEY-----\n";

    #[test]
    fn a_key_of_the_provider_verifies_the_token_and_no_other_does() {
        let key = |id: &str| {
            CoreEdDsaPrivateSigningKey::from_ed25519_pem(KEY, Some(JsonWebKeyId::new(id.to_owned()))).unwrap()
        };
        let eddsa = json!({ "id_token_signing_alg_values_supported": ["EdDSA"] });
        let (mut with_key, without_key) = (provider(eddsa.clone()), provider(eddsa));
        with_key.metadata = with_key.metadata.set_jwks(JsonWebKeySet::new(vec![key("1").as_verification_key()]));
        for (id, is_known) in [(json!("1"), true), (Value::Null, true), (json!("2"), false)] {
            let header = json!({ "alg": "EdDSA", "kid": id });
            let token = token(&key("1"), &CoreJwsSigningAlgorithm::EdDsa, &header, &claims());
            assert_eq!(is_one(&token, &with_key), is_known, "{id}");
            assert!(!is_one(&token, &without_key));
            let (signed, _) = token.rsplit_once('.').unwrap();
            assert!(!is_one(&format!("{signed}.{}", URL_SAFE_NO_PAD.encode([0; 64])), &with_key));
        }
        let secret = by_secret(&json!({ "alg": "HS256" }), &claims());
        assert!(!is_one(&secret, &with_key), "the provider does not sign with the secret");
    }
}
