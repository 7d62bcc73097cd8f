//! Cookies, kept as a browser on `http://localhost` keeps them (RFC 6265bis, and Chromium on loopback,
//! where `Secure` and `__Host-` cookies work over plain http).
//!
//! `localhost` stands for a domain that somebody registered: it has neighbors, such as `neighbour.localhost`, that may
//! set cookies with `Domain=localhost`. (A real browser takes `localhost` for a top-level domain, and wants one more
//! label: there it is `shop.localhost` and its neighbors.)

use cookie::{Cookie, SameSite};
use time::OffsetDateTime;

/// The longest name and value together, in bytes; browsers drop a longer cookie silently.
const LONGEST: usize = 4096;
const HOST: &str = "localhost";

/// The cookies of one browser.
#[derive(Clone, Debug, Default)]
pub(crate) struct Jar(Vec<Kept>);

#[derive(Clone, Debug)]
struct Kept {
    cookie: Cookie<'static>,
    /// When the browser drops it; nothing if it keeps the cookie as long as it runs.
    until: Option<OffsetDateTime>,
}

impl Jar {
    /// Takes a `Set-Cookie` header that came `now` with the answer to a request for `path`.
    ///
    /// # Errors
    /// Why a browser refuses this cookie.
    pub(crate) fn set(&mut self, header: &str, path: &str, now: OffsetDateTime) -> Result<(), String> {
        let mut cookie = Cookie::parse(header.to_owned()).map_err(|error| format!("it is not a cookie: {error}"))?;
        refused(&cookie)?;
        if !cookie.path().is_some_and(|path| path.starts_with('/')) {
            cookie.set_path(directory(path).to_owned());
        }
        self.0.retain(|kept| identity(&kept.cookie) != identity(&cookie));
        let until = match (cookie.max_age(), cookie.expires_datetime()) {
            (Some(age), _) => Some(now.saturating_add(age)),
            (None, date) => date,
        };
        if until.is_none_or(|until| until > now) {
            self.0.push(Kept { cookie, until });
        }
        Ok(())
    }

    /// Takes a `Set-Cookie` header that came `now` from a neighboring host, with `Path=/` unless it says otherwise.
    ///
    /// # Errors
    /// Why this cookie is not sent to this host.
    pub(crate) fn set_by_neighbour(&mut self, header: &str, now: OffsetDateTime) -> Result<(), String> {
        let cookie = Cookie::parse(header.to_owned()).map_err(|error| format!("it is not a cookie: {error}"))?;
        if cookie.domain().is_none() {
            return Err(format!("`{}` has no Domain, so only the neighboring host gets it back", cookie.name()));
        }
        self.set(header, "/", now)
    }

    /// Drops cookies that have expired, and returns their names.
    pub(crate) fn age(&mut self, now: OffsetDateTime) -> Vec<String> {
        let is_over = |kept: &mut Kept| kept.until.is_some_and(|until| until <= now);
        self.0.extract_if(.., is_over).map(|kept| kept.cookie.name().to_owned()).collect()
    }

    /// A copy for somebody who never drops a cookie.
    pub(crate) fn copied(&self) -> Self {
        Self(self.0.iter().map(|kept| Kept { until: None, cookie: kept.cookie.clone() }).collect())
    }

    /// Drops cookies with another value.
    pub(crate) fn retain(&mut self, keeps: impl Fn(&str) -> bool) {
        self.0.retain(|kept| keeps(kept.cookie.value()));
    }

    fn cookies(&self) -> impl Iterator<Item = &Cookie<'static>> {
        self.0.iter().map(|kept| &kept.cookie)
    }

    /// The `Cookie` header for a request to `path`; nothing if no cookie goes there.
    pub(crate) fn header(&self, path: &str) -> Option<String> {
        pairs(self.cookies().filter(|cookie| goes_to(cookie, path)))
    }

    /// The `Cookie` header for a request that a page of another site begins, in this tab (RFC 6265bis 5.6.7.1).
    ///
    /// A cookie without `SameSite` is sent, as in Chromium during the cookie's first two minutes.
    pub(crate) fn header_from_elsewhere(&self, path: &str, safe: bool) -> Option<String> {
        let goes_along = |cookie: &&Cookie| match cookie.same_site() {
            Some(SameSite::Strict) => false,
            Some(SameSite::Lax) => safe,
            Some(SameSite::None) | None => true,
        };
        pairs(self.cookies().filter(|cookie| goes_to(cookie, path)).filter(goes_along))
    }

    /// What `document.cookie` gives to a script.
    pub(crate) fn readable(&self) -> String {
        pairs(self.cookies().filter(|cookie| cookie.http_only() != Some(true))).unwrap_or_default()
    }

    /// A cookie that is not sent to `path`, and where it is sent.
    pub(crate) fn held_back(&self, path: &str) -> Option<String> {
        let cookie = self.cookies().find(|cookie| !goes_to(cookie, path))?;
        Some(format!("cookie `{}` goes only to {} and below", cookie.name(), cookie.path().unwrap_or("/")))
    }

    /// The name and value of every cookie.
    pub(crate) fn pairs(&self) -> Vec<(String, String)> {
        self.cookies().map(|cookie| (cookie.name().to_owned(), cookie.value().to_owned())).collect()
    }

    /// The value of the cookie with this name.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.cookies().find(|cookie| cookie.name() == name).map(Cookie::value)
    }

    /// Gives every cookie whose value is `from` the value `to`.
    pub(crate) fn replace(&mut self, from: &str, to: &str) {
        for cookie in self.0.iter_mut().map(|kept| &mut kept.cookie).filter(|cookie| cookie.value() == from) {
            cookie.set_value(to.to_owned());
        }
    }

    /// Drops cookies with neither `Max-Age` nor `Expires`, which live as long as the browser runs.
    pub(crate) fn close(&mut self) {
        self.0.retain(|Kept { cookie, .. }| cookie.max_age().is_some() || cookie.expires_datetime().is_some());
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.cookies().map(Cookie::value)
    }
}

/// The longest path first, and of equal paths the cookie that has been there for longer (RFC 6265bis 5.8.3).
fn pairs<'c>(cookies: impl Iterator<Item = &'c Cookie<'static>>) -> Option<String> {
    let mut cookies: Vec<_> = cookies.collect();
    cookies.sort_by_key(|cookie| std::cmp::Reverse(cookie.path().map_or(0, str::len)));
    let pairs: Vec<_> = cookies.iter().map(|cookie| format!("{}={}", cookie.name(), cookie.value())).collect();
    (!pairs.is_empty()).then(|| pairs.join("; "))
}

/// What tells one cookie from another: its name, its path, and whether it has a `Domain`.
fn identity<'c>(cookie: &'c Cookie) -> (&'c str, Option<&'c str>, bool) {
    (cookie.name(), cookie.path(), cookie.domain().is_some())
}

fn refused(cookie: &Cookie) -> Result<(), String> {
    let name = cookie.name();
    let secure = cookie.secure() == Some(true);
    if name.len() + cookie.value().len() > LONGEST {
        return Err(format!("the name and value of `{name}` are longer than {LONGEST} bytes"));
    }
    if name.starts_with("__Host-") && !(secure && cookie.path() == Some("/") && cookie.domain().is_none()) {
        return Err(format!("the prefix of `{name}` requires Secure, Path=/ and no Domain, and the cookie differs"));
    }
    if name.starts_with("__Secure-") && !secure {
        return Err(format!("the prefix of `{name}` requires Secure, and the cookie does not have it"));
    }
    if cookie.same_site() == Some(SameSite::None) && !secure {
        return Err(format!("`{name}` is SameSite=None without Secure"));
    }
    match cookie.domain() {
        Some(domain) if domain.trim_start_matches('.') != HOST => {
            Err(format!("`{name}` is for {domain}, but this is {HOST}"))
        }
        _ => Ok(()),
    }
}

/// The default path of a cookie (RFC 6265bis, 5.1.4).
fn directory(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(end) => &path[..end],
    }
}

fn goes_to(cookie: &Cookie, path: &str) -> bool {
    let prefix = cookie.path().unwrap_or("/");
    let rest = path.strip_prefix(prefix);
    rest.is_some_and(|rest| rest.is_empty() || prefix.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH.saturating_add(Duration::days(20_000));

    fn jar(headers: &[&str]) -> Jar {
        let mut jar = Jar::default();
        for header in headers {
            jar.set(header, "/shop/login", NOW).unwrap();
        }
        jar
    }

    #[test]
    fn a_cookie_goes_back_to_its_path_and_below() {
        let jar = jar(&["a=1; Path=/", "b=2", "c=3; Path=/shop/login"]);
        assert_eq!(jar.header("/").as_deref(), Some("a=1"));
        assert_eq!(jar.header("/shop/cart").as_deref(), Some("b=2; a=1"));
        assert_eq!(jar.header("/shop/login/x").as_deref(), Some("c=3; b=2; a=1"));
        assert_eq!(jar.header("/shopping").as_deref(), Some("a=1"));
    }

    #[test]
    fn a_cookie_is_replaced_and_removed_by_name_and_path() {
        assert_eq!(jar(&["a=1; Path=/", "a=2; Path=/"]).header("/").as_deref(), Some("a=2"));
        assert_eq!(jar(&["a=1; Path=/", "a=; Path=/; Max-Age=0"]).header("/"), None);
        assert_eq!(jar(&["a=1; Path=/", "a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]).header("/"), None);
        assert_eq!(jar(&["a=1; Path=/", "a=; Path=/shop; Max-Age=0"]).header("/").as_deref(), Some("a=1"));
    }

    #[test]
    fn a_cookie_without_an_age_ends_with_the_browser() {
        let mut jar =
            jar(&["a=1; Path=/", "b=2; Path=/; Max-Age=60", "c=3; Path=/; Expires=Fri, 31 Dec 9999 23:59:59 GMT"]);
        jar.close();
        assert_eq!(jar.header("/").as_deref(), Some("b=2; c=3"));
    }

    #[test]
    fn a_cookie_is_dropped_at_its_age_but_not_by_a_thief() {
        let mut jar = jar(&["a=1; Path=/; Max-Age=60", "b=2; Path=/; Max-Age=61", "c=3; Path=/"]);
        let mut thief = jar.copied();
        for jar in [&mut jar, &mut thief] {
            jar.age(NOW + Duration::seconds(60));
        }
        assert_eq!(jar.header("/").as_deref(), Some("b=2; c=3"));
        assert_eq!(thief.header("/").as_deref(), Some("a=1; b=2; c=3"));
    }

    #[test]
    fn a_neighbour_sets_a_second_cookie_of_this_name_but_none_with_a_host_prefix() {
        let mut jar = jar(&["id=1; Path=/", "__Host-id=2; Secure; Path=/"]);
        jar.set_by_neighbour("id=3; Domain=localhost; Path=/", NOW).unwrap();
        jar.set_by_neighbour("id=4; Domain=localhost; Path=/shop", NOW).unwrap();
        for refused in ["__Host-id=5; Domain=localhost; Path=/; Secure", "id=6; Path=/", "id=7; Domain=example.com"] {
            assert!(jar.set_by_neighbour(refused, NOW).is_err(), "{refused}");
        }
        assert_eq!(jar.header("/").as_deref(), Some("id=1; __Host-id=2; id=3"));
        assert_eq!(jar.header("/shop").as_deref(), Some("id=4; id=1; __Host-id=2; id=3"));
    }

    #[test]
    fn a_host_cookie_is_not_removed_without_secure() {
        let mut jar = jar(&["__Host-id=1; Secure; Path=/"]);
        assert!(jar.set("__Host-id=; Path=/; Max-Age=0", "/", NOW).is_err());
        assert_eq!(jar.header("/").as_deref(), Some("__Host-id=1"));
        jar.set("__Host-id=; Path=/; Max-Age=0; Secure", "/", NOW).unwrap();
        assert_eq!(jar.header("/"), None);
    }

    #[test]
    fn what_another_site_begins_brings_along_what_samesite_allows() {
        let jar = jar(&["s=1; SameSite=Strict", "l=2; SameSite=Lax", "n=3; SameSite=None; Secure", "u=4"]);
        assert_eq!(jar.header_from_elsewhere("/shop/", true).as_deref(), Some("l=2; n=3; u=4"));
        assert_eq!(jar.header_from_elsewhere("/shop/", false).as_deref(), Some("n=3; u=4"));
        assert_eq!(jar.header("/shop/").as_deref(), Some("s=1; l=2; n=3; u=4"));
    }

    #[test]
    fn a_script_reads_what_is_not_httponly() {
        assert_eq!(jar(&["a=1; HttpOnly", "b=2"]).readable(), "b=2");
    }

    #[test]
    fn what_a_browser_refuses_is_refused_with_a_reason() {
        for header in [
            "__Host-id=1; Secure",
            "__Host-id=1; Path=/",
            "__Secure-id=1",
            "a=1; SameSite=None",
            "a=1; Domain=example.com",
        ] {
            assert!(Jar::default().set(header, "/", NOW).is_err(), "{header}");
        }
        assert!(Jar::default().set(&format!("a={}", "x".repeat(LONGEST)), "/", NOW).is_err());
        assert!(Jar::default().set(&format!("a={}", "x".repeat(LONGEST - 1)), "/", NOW).is_ok());
        assert!(Jar::default().set("__Host-id=1; Secure; Path=/", "/", NOW).is_ok());
    }
}
