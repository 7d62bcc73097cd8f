//! All numbers and attributes that determine how long a session lasts.

use time::Duration;
use tower_sessions::cookie::SameSite;

// ANCHOR: settings
/// The settings for sessions. ASVS 5.0 requires that they are documented (7.1.1), so the start page shows them.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The lifetime of a session whose visitor did not ask to be remembered.
    pub visit: Life,
    /// The lifetime of a session whose visitor asked to be remembered.
    pub remembered: Life,
    /// A request that only reads saves the session when at least the part 1/`renewal` of its idle time has passed. So
    /// reading counts as activity, but most reads write nothing. A session may end early by this part.
    pub renewal: u8,
    /// The cookie's name. With `__Host-` a browser insists on `Secure`, `Path=/` and no `Domain`, so that neither
    /// another host nor a page without TLS can plant it (RFC 6265bis 4.1.3.2, ASVS 3.3.1 and 3.3.3). The server must
    /// compare the name as it was sent: `session_guard::readable_cookies`.
    pub cookie: &'static str,
    /// Whether the browser sends the cookie with other sites' links and forms: with `Lax` it does for a GET, but not
    /// for a POST (RFC 6265bis 8.8.2, ASVS 3.3.2).
    pub same_site: SameSite,
}

// ANCHOR: life
/// The limits of a session. The server has two and uses the one that comes first. The browser has a third.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    /// The idle timeout: the session ends this long after the last request (ASVS 7.3.1).
    pub idle: Duration,
    /// The absolute timeout: the session ends this long after its beginning, even if it is active (ASVS 7.3.2).
    pub absolute: Duration,
    /// The cookie's `Max-Age`. Without one the cookie ends with the browser.
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
    /// Returns the limits for this choice of the visitor.
    pub fn life(&self, remembered: bool) -> Life {
        if remembered { self.remembered } else { self.visit }
    }
}
