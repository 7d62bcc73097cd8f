//! The defenses of this lesson by name, and sets of them.
//!
//! Any axum + tower-sessions program can use the modules below. Each of the other defenses is a setting or a single
//! line in `site`.

pub mod csrf;
pub mod device;
pub mod guesses;
pub mod headers;
pub mod origin;
pub mod password;
pub mod throttle;
pub mod well_known;

use std::collections::BTreeSet;

use Defence::*;

/// A way to stop attacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Defence {
    /// The data is on the server, and the cookie holds only an ID.
    ServerSide,
    /// Cookies are signed with a key that is random and not published.
    RandomKey,
    /// A login issues a new session ID, and clears the session of another user.
    RenewAtLogin,
    /// Logging out destroys the record and everything in it.
    FlushAtLogout,
    /// Only a POST changes anything.
    PostOnly,
    /// The browser does not send the cookie with forms of other sites.
    SameSite,
    /// A POST from a page of another site is refused.
    OriginCheck,
    /// A form contains a secret of the session. A request without it is refused.
    CsrfToken,
    /// Pages show text from visitors as text, not as markup.
    Escape,
    /// Headers forbid scripts on our pages, among other things.
    Headers,
    /// Scripts cannot read the session cookie.
    HttpOnly,
    /// The session cookie has a name that no other host can use.
    HostPrefix,
    /// After a few wrong passwords, the next attempt must wait.
    Throttle,
    /// A browser in which the user has logged in before has its own count of attempts.
    DeviceCookie,
    /// An unknown user name costs as much work as a wrong password.
    DummyHash,
    /// A change of address or browser is recorded, but does not end the session.
    SoftSignal,
    /// A change that could give away the account needs the password again.
    StepUp,
    /// The server looks up the visitor's role at each request.
    RolePerRequest,
    /// The session ID is renewed every fifteen minutes.
    RenewOften,
    /// A save only updates a record: it never brings back a deleted session.
    SaveOnlyUpdates,
}

impl Defence {
    /// All defenses.
    pub const ALL: [Self; 20] = [
        ServerSide,
        RandomKey,
        RenewAtLogin,
        FlushAtLogout,
        PostOnly,
        SameSite,
        OriginCheck,
        CsrfToken,
        Escape,
        Headers,
        HttpOnly,
        HostPrefix,
        Throttle,
        DeviceCookie,
        DummyHash,
        SoftSignal,
        StepUp,
        RolePerRequest,
        RenewOften,
        SaveOnlyUpdates,
    ];

    /// Returns the defense in a few words.
    pub fn words(self) -> &'static str {
        match self {
            ServerSide => "the data stays on the server",
            RandomKey => "a random signing key",
            RenewAtLogin => "a new ID at login",
            FlushAtLogout => "logout destroys the record",
            PostOnly => "only POST changes anything",
            SameSite => "SameSite=Lax",
            OriginCheck => "a check of Sec-Fetch-Site and Origin",
            CsrfToken => "a token in each form",
            Escape => "output is escaped",
            Headers => "a content security policy",
            HttpOnly => "HttpOnly",
            HostPrefix => "a __Host- name",
            Throttle => "a throttle on logins",
            DeviceCookie => "a cookie for known browsers",
            DummyHash => "a hash for unknown users too",
            SoftSignal => "address and browser are only recorded",
            StepUp => "the password again before a change of email",
            RolePerRequest => "the role is looked up each time",
            RenewOften => "a new ID every 15 minutes",
            SaveOnlyUpdates => "a save only updates",
        }
    }

    /// Returns the rule that requires the defense: a requirement of OWASP's Application Security Verification Standard
    /// 5.0 with its title, or another source if the standard has none.
    pub fn rule(self) -> &'static str {
        match self {
            ServerSide => "ASVS 5.0 7.2.1: the back end verifies sessions",
            RandomKey => "ASVS 5.0 13.3.1: secrets are managed, and are not in source code",
            RenewAtLogin => {
                "ASVS 5.0 7.2.4: a new token at a login and when a user authenticates again, and the old one ends"
            }
            FlushAtLogout | SaveOnlyUpdates => "ASVS 5.0 7.4.1: an ended session cannot be used any more",
            PostOnly => "ASVS 5.0 3.5.3: a safe method, such as GET, does nothing sensitive",
            SameSite => "ASVS 5.0 3.3.2: SameSite is chosen for each cookie's purpose",
            OriginCheck | CsrfToken => {
                "ASVS 5.0 3.5.1: forged cross-origin requests are refused, by a token or by headers that a form cannot send"
            }
            Escape => "ASVS 5.0 1.2.1: output is encoded for the context in which it appears",
            Headers => {
                "ASVS 5.0 3.4.3: a content security policy: no plug-ins, no base, scripts by list, nonce or hash"
            }
            HttpOnly => {
                "ASVS 5.0 3.3.4: HttpOnly for a cookie that scripts need not read; its value reaches the browser by Set-Cookie only"
            }
            HostPrefix => "ASVS 5.0 3.3.3: a __Host- name, unless the cookie is meant for several hosts",
            Throttle => "ASVS 5.0 6.3.1: the controls that 6.1.1 describes are in place",
            DeviceCookie => {
                "ASVS 5.0 6.1.1: the documentation says how guessing is slowed down and how malicious lock-out is \
                 prevented"
            }
            DummyHash => {
                "ASVS 5.0 6.3.8: nobody can infer who has an account, by text, status or time; registration and reset included"
            }
            StepUp => {
                "ASVS 5.0 7.5.1: the user authenticates again before changing an email address, a second factor and \
                 the like"
            }
            RolePerRequest => "ASVS 5.0 8.3.2: a changed right takes effect at once",
            RenewOften => "OWASP's cheat sheet on session management: a new ID after some time",
            SoftSignal => "no rule: ASVS 5.0 asks nowhere for an address or a browser to stay the same",
        }
    }
}

/// A set of defences.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Defences(BTreeSet<Defence>);

impl Defences {
    /// Returns the set without any defense: the vulnerable shop.
    pub fn none() -> Self {
        Self::default()
    }

    /// Returns the set of all defenses: the hardened shop.
    pub fn all() -> Self {
        Self(Defence::ALL.into())
    }

    /// Returns this set with `more` added.
    #[must_use]
    pub fn and(mut self, more: &[Defence]) -> Self {
        self.0.extend(more);
        self
    }

    /// Returns this set without `fewer`.
    #[must_use]
    pub fn but(mut self, fewer: &[Defence]) -> Self {
        self.0.retain(|defence| !fewer.contains(defence));
        self
    }

    /// Whether the set contains this defense.
    pub fn has(&self, defence: Defence) -> bool {
        self.0.contains(&defence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_defence_has_words_and_says_what_asks_for_it() {
        for defence in Defence::ALL {
            assert!(!defence.words().is_empty(), "{defence:?}");
            let rule = defence.rule();
            assert!(["ASVS 5.0 ", "OWASP", "no rule: "].iter().any(|start| rule.starts_with(start)), "{rule}");
        }
    }

    #[test]
    fn a_set_without_some_defences_has_all_others() {
        let [first, others @ ..] = Defence::ALL;
        assert_eq!(Defences::all().but(&[first]), Defences::none().and(&others));
        assert_eq!(Defences::all().but(&others), Defences::none().and(&[first]));
    }
}
