//! A check that lets the token choose how it is verified. It exists only for the attacks in the tests.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::Value;

// ANCHOR: naive
/// Returns the claims of this token if they verify with the issuer's public key and with the algorithm that the token
/// itself names.
pub fn verify(token: &str, public_key: &[u8]) -> Option<Value> {
    let mut parts = token.split('.');
    let (header, payload) = (json(parts.next()?)?, json(parts.next()?)?);
    let (algorithm, key) = match header["alg"].as_str()? {
        "none" => return Some(payload),
        "HS256" => (Algorithm::HS256, DecodingKey::from_secret(public_key)), // a secret that everybody knows
        _ => (Algorithm::EdDSA, DecodingKey::from_ed_der(public_key)),
    };
    let mut rules = Validation::new(algorithm);
    rules.required_spec_claims.clear();
    rules.validate_aud = false;
    Some(decode(token, &key, &rules).ok()?.claims)
}
// ANCHOR_END: naive

fn json(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
