//! Every number and attribute that decides how long a session lives, in one place.

use time::Duration;
use tower_sessions::cookie::SameSite;

// ANCHOR: settings
/// What is decided about sessions. ASVS 5.0 asks for it to be written down (7.1.1); the start page prints it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The life of a session whose visitor did not ask to be remembered.
    pub visit: Life,
    /// The life of a session whose visitor did.
    pub remembered: Life,
    /// A session is written anew when more than this part of its idle time has gone: one in `renewal`.
    /// So reading counts as activity, and most reads write nothing. A session may end this much early.
    pub renewal: u8,
    /// The cookie's name. `__Host-` makes a browser hold us to `Secure`, `Path=/` and no `Domain`, so that no
    /// other host, nor a page without TLS, can plant it (RFC 6265bis 4.1.3.2, ASVS 3.3.1 and 3.3.3). The server has to
    /// compare the name as it was sent: `session_guard::readable_cookies`.
    pub cookie: &'static str,
    /// Whether other sites' links and forms bring the cookie along: with `Lax` a GET does, a POST does not
    /// (RFC 6265bis 8.8.2, ASVS 3.3.2).
    pub same_site: SameSite,
}

// ANCHOR: life
/// How long a session lives: at the server two limits, whichever comes first, and in the browser a third.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    /// It ends this long after the last request (ASVS 7.3.1).
    pub idle: Duration,
    /// It ends this long after its beginning, however busy it is (ASVS 7.3.2).
    pub absolute: Duration,
    /// The cookie's `Max-Age`; without one the cookie ends with the browser.
    pub cookie: Option<Duration>,
}
// ANCHOR_END: life

impl Default for Settings {
    fn default() -> Self {
        Self {
            visit: Life { idle: Duration::minutes(30), absolute: Duration::hours(8), cookie: None },
            remembered: Life { idle: Duration::days(7), absolute: Duration::days(30), cookie: Some(Duration::days(7)) },
            renewal: 10,
            cookie: "__Host-lesson-2",
            same_site: SameSite::Lax,
        }
    }
}
// ANCHOR_END: settings

impl Settings {
    /// The life of a session, by what its visitor chose.
    pub fn life(&self, remembered: bool) -> Life {
        if remembered { self.remembered } else { self.visit }
    }
}
