//! The claims in a token, and the rules for its validity.

use jsonwebtoken::{Algorithm, Validation};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use tower_sessions::session::Id;

pub use super::accounts::Role;

/// The issuer.
pub const ISSUER: &str = "https://shop.example";
/// The audience: the service for which the token is made.
pub const AUDIENCE: &str = "shop";
/// The lifetime of a token. Without a deny-list nobody can end it sooner.
pub const LIFE: Duration = Duration::minutes(15);

/// The claims in a token, which anyone who has it can read.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Claims {
    /// The issuer that signed the token.
    pub iss: String,
    /// The audience.
    pub aud: String,
    /// The user.
    pub sub: String,
    /// The role at the time of the signature.
    pub role: Role,
    /// The individual permissions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<String>,
    /// The time of the signature, in seconds since 1970.
    pub iat: i64,
    /// The time when the token expires, in seconds since 1970.
    pub exp: i64,
    /// The token's own ID: 128 random bits.
    pub jti: String,
}

impl Claims {
    /// Makes the claims of a token for this user, valid from `now` on.
    pub fn new(sub: String, role: Role, permissions: Vec<String>, now: OffsetDateTime) -> Self {
        let (iat, exp) = (now.unix_timestamp(), (now + LIFE).unix_timestamp());
        let (iss, aud) = (ISSUER.to_owned(), AUDIENCE.to_owned());
        Self { iss, aud, sub, role, permissions, iat, exp, jti: Id::default().to_string() }
    }
}

// ANCHOR: rules
/// Returns the rules for our tokens: one algorithm, which we choose and not the token (ASVS 5.0 9.1.2).
///
/// By default the library requires only `exp`, so a token without an audience would be valid anywhere. It also accepts
/// a token for 60 seconds after its end.
pub fn rules(algorithm: Algorithm) -> Validation {
    let mut rules = Validation::new(algorithm);
    rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    rules.set_issuer(&[ISSUER]);
    rules.set_audience(&[AUDIENCE]);
    rules.validate_nbf = true;
    rules.leeway = 0;
    rules
}
// ANCHOR_END: rules
