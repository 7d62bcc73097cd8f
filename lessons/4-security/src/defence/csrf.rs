//! A secret of the session that stands in each of its forms (the synchroniser token pattern, ASVS 5.0 3.5.1).

use tower_sessions::{
    Session,
    session::{Error, Id},
};

/// The name of the hidden field.
pub const FIELD: &str = "csrf";
const KEY: &str = "csrf";

// ANCHOR: token
/// The token for the forms of this session; the first call makes it, and with it a session for whoever has none.
pub async fn token(session: &Session) -> Result<String, Error> {
    if let Some(token) = session.get(KEY).await? {
        return Ok(token);
    }
    let token = Id::default().to_string(); // 128 random bits, as good a secret as a session ID
    session.insert(KEY, &token).await?;
    Ok(token)
}

/// Whether a form brought the session's token.
pub async fn fits(session: &Session, brought: Option<&str>) -> Result<bool, Error> {
    let token: Option<String> = session.get(KEY).await?;
    Ok(token.zip(brought).is_some_and(|(token, brought)| same(token.as_bytes(), brought.as_bytes())))
}

/// Forgets the token, so that the next form gets another one. To be called at login: somebody may have read the old
/// one in a session that was not yet hers.
pub async fn rotate(session: &Session) -> Result<(), Error> {
    session.remove::<String>(KEY).await.map(drop)
}
// ANCHOR_END: token

/// Compares all bytes in any case, so that the time it takes tells nothing.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}
