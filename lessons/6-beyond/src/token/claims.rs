//! What a token says, and the rules by which it counts.

use jsonwebtoken::{Algorithm, Validation};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use tower_sessions::session::Id;

pub use super::accounts::Role;

/// Who signs.
pub const ISSUER: &str = "https://shop.example";
/// Whom the token is for.
pub const AUDIENCE: &str = "shop";
/// How long a token counts. Nobody can end it sooner without a list.
pub const LIFE: Duration = Duration::minutes(15);

/// What a token says: anyone who has it can read it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Claims {
    /// Who has signed it.
    pub iss: String,
    /// Whom it is for.
    pub aud: String,
    /// Who is logged in.
    pub sub: String,
    /// What they might do when it was signed.
    pub role: Role,
    /// The same in detail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<String>,
    /// When it was signed, in seconds since 1970.
    pub iat: i64,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
    /// Its number: 128 random bits.
    pub jti: String,
}

impl Claims {
    /// What a token says of this user from now on.
    pub fn new(sub: String, role: Role, permissions: Vec<String>, now: OffsetDateTime) -> Self {
        let (iat, exp) = (now.unix_timestamp(), (now + LIFE).unix_timestamp());
        let (iss, aud) = (ISSUER.to_owned(), AUDIENCE.to_owned());
        Self { iss, aud, sub, role, permissions, iat, exp, jti: Id::default().to_string() }
    }
}

// ANCHOR: rules
/// The rules for a token of ours: one algorithm, which we name and not the token (ASVS 5.0 9.1.2).
///
/// By default the library requires `exp` alone: a token that says nothing of its audience would count anywhere. And it
/// grants 60 seconds more.
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
