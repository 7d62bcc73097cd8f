//! The checks of a client when a login comes back.

/// The checks, each of which prevents a common mistake. A program has to make all of them.
#[derive(Clone, Copy, Debug)]
pub struct ClientChecks {
    /// The answer belongs to a login that began in this session.
    pub state: bool,
    /// The ID token belongs to it.
    pub nonce: bool,
    /// The code belongs to it, which the provider checks.
    pub pkce: bool,
    /// The visitor is redirected only to a page of this program.
    pub own_pages: bool,
    /// An account belongs to a subject of the provider, not to an email address.
    pub subject: bool,
    /// The session gets a new ID.
    pub new_id: bool,
    /// A logout token is one by its claims, is signed by the provider, and is new.
    pub logout_token: bool,
}

impl ClientChecks {
    /// All of them.
    pub const ALL: Self =
        Self { state: true, nonce: true, pkce: true, own_pages: true, subject: true, new_id: true, logout_token: true };
}
