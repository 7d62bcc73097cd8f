//! The checks of a client when the provider's answer arrives.

/// The checks, each of which prevents a common mistake. A program must make all of them.
#[derive(Clone, Copy, Debug)]
pub struct ClientChecks {
    /// The answer belongs to a login that began in this session.
    pub state: bool,
    /// The ID token belongs to that login.
    pub nonce: bool,
    /// The code belongs to that login. The provider checks this.
    pub pkce: bool,
    /// The visitor is redirected only to a page of this program.
    pub own_pages: bool,
    /// An account belongs to a subject of the provider, not to an email address.
    pub subject: bool,
    /// The session gets a new ID.
    pub new_id: bool,
    /// The visitor has logged in at the provider recently enough.
    pub auth_time: bool,
    /// A visitor logs in at the provider once more before an account is deleted.
    pub second_login: bool,
    /// A logout token has the claims of one, the provider has signed it, and it is new.
    pub logout_token: bool,
}

impl ClientChecks {
    /// All checks.
    pub const ALL: Self = Self {
        state: true,
        nonce: true,
        pkce: true,
        own_pages: true,
        subject: true,
        new_id: true,
        auth_time: true,
        second_login: true,
        logout_token: true,
    };
}
