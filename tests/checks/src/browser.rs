//! A visitor: sends what a browser sends, keeps cookies as a browser keeps them, and follows no redirect by itself.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::ConnectInfo,
    http::{
        HeaderMap, HeaderValue, Method, Request, StatusCode, Uri,
        header::{
            CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN, REFERER, SET_COOKIE,
            USER_AGENT,
        },
    },
};
use form_urlencoded::Serializer;
use futures_util::{future, stream};
use http_body_util::{BodyExt, Limited};
use session_inspector::{Exchange, Operation, Outcome, StoreCall};
use tower::ServiceExt;

use crate::{
    Form, Miss, Step, Trial, User, by_hand,
    cache::Cache,
    form, infer,
    jar::Jar,
    page, policy, recipe,
    restart::Recorded,
    run,
    trial::{Sent, UNANSWERED, UNFINISHED},
};

pub(crate) const URLENCODED: &str = "application/x-www-form-urlencoded";
/// The conclusion if an app refuses a form that [`Browser::post_by_script`] sent.
pub(crate) const BY_SCRIPT: &str = "a script on the site's own page sent this form, with a `charset` in the Content-Type as `fetch` adds it: the type is only the part before the semicolon";

/// Why a POST without a body has to be accepted.
pub(crate) const WITHOUT_A_BODY: &str =
    "a POST without a body needs no Content-Type, and a script's `fetch` sends none";
/// The conclusion where a form lacks a field.
const UNNAMED: &str = "a browser sends a field under its `name`; an `id` or a label does not count";
/// The same if another form of the page has the field.
const IN_ANOTHER_FORM: &str =
    "another form of the page has this field: a browser sends the fields of one form, the one whose button is pressed";
/// The same if the page has the field, but no form sends it.
const UNSENT: &str = "the page has this field, but no form sends it: it is `disabled`, in a `<fieldset disabled>`, in a `<template>` or outside the form";
/// Why that matters.
const UNNAMED_WHY: &str = "a browser sends what is in the form on the page, and nothing else";
/// Why a login with the right name and password has to redirect.
const GETS_IN: &str = "a user who types the right name and password has to get in, and to see that at once";
/// Why a login that fails has to get 401.
const REFUSED: &str =
    "a browser and a program read the status, not the words of the page: only a 401 says that the login failed";
/// A line that no value of a form contains.
const BOUNDARY: &str = "----the-boundary-of-a-form";
/// No page of an exercise is longer, in bytes.
const LONGEST_PAGE: usize = 1024 * 1024;
/// How many characters of a path are shown. The line for `curl` has all of it.
const LONGEST_PATH: usize = 80;

/// One visitor's browser.
pub struct Browser<'t> {
    trial: &'t Trial,
    who: &'static str,
    jar: Mutex<Jar>,
    place: Mutex<Place>,
    cache: Mutex<Cache>,
    /// Where the answer to a form leads, and the page of the form: a browser follows at once, and names that page.
    led: Mutex<Option<(String, String)>>,
    /// Why the browser did not keep a cookie it was last sent.
    refused: Mutex<Option<String>>,
    /// Whether it has been closed since the last request.
    was_closed: AtomicBool,
}

/// Where a browser's requests come from, and which browser it says it is.
#[derive(Clone, Debug)]
struct Place {
    address: IpAddr,
    agent: &'static str,
    /// Headers that it adds to each request.
    says: Vec<(&'static str, String)>,
    /// Headers that it leaves out of each request.
    omits: &'static [&'static str],
}

impl Default for Place {
    fn default() -> Self {
        Self { address: Ipv4Addr::LOCALHOST.into(), agent: "checks", says: Vec::new(), omits: &[] }
    }
}

/// A host beside this one, under the same registered domain: another origin of the same site.
const NEIGHBOUR: &str = "http://neighbour.localhost";

/// Where a request began: on a page of this site, of a neighboring host, or of another site, in the same tab; with the
/// `Origin` that a POST sends.
#[derive(Clone, Copy, Debug)]
enum From<'a> {
    Here,
    Neighbour,
    Elsewhere(Option<&'a str>),
}

/// How a form sends its fields if not URL-encoded: its `enctype`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Encoding {
    Plain,
    Multipart,
}

impl Encoding {
    /// The `Content-Type` and the body.
    fn of(self, fields: &[(&str, &str)]) -> (String, Vec<u8>) {
        match self {
            Self::Plain => ("text/plain".to_owned(), plain(fields)),
            Self::Multipart => (format!("multipart/form-data; boundary={BOUNDARY}"), multipart(fields)),
        }
    }
}

/// The response, and what the inspector saw of the exchange.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; bytes that are not UTF-8 are replaced.
    pub body: String,
    /// The exchange on the inspector's timeline.
    pub exchange: Exchange,
    /// Why the browser refused a cookie, if it did.
    pub(crate) refused: Option<String>,
    /// The cookie it had and did not send, if it sent none.
    pub(crate) held_back: Option<String>,
    /// The hidden fields of the form on the page that were sent without a value.
    pub(crate) left_empty: Vec<String>,
    /// Whether the browser had kept it, and so sent no request.
    pub(crate) is_from_cache: bool,
    pub(crate) method: Method,
    pub(crate) path: String,
}

impl<'t> Browser<'t> {
    pub(crate) fn new(trial: &'t Trial, who: &'static str) -> Self {
        Self {
            trial,
            who,
            jar: Mutex::default(),
            place: Mutex::default(),
            cache: Mutex::default(),
            led: Mutex::default(),
            refused: Mutex::default(),
            was_closed: AtomicBool::default(),
        }
    }

    /// Requests a page.
    pub async fn get(&self, path: &str) -> Result<Answer, Miss> {
        let now = self.trial.inspector.clock().now();
        let cookies = self.jar().header(without_query(path));
        if let Some(cached) = self.cache().get(path, cookies.as_deref(), now) {
            let does = if cached.status.is_success() { "shows" } else { "takes the redirect of" };
            let told = format!("{does} {path} from the cache, as the server allowed, and sends no request");
            self.trial.log().event(self.who, told, format!("# {path} comes from the cache"));
            return Ok(Answer { is_from_cache: true, ..cached });
        }
        self.send(From::Here, Method::GET, path, URLENCODED, Vec::new()).await
    }

    /// Requests only the headers of a page.
    pub async fn head(&self, path: &str) -> Result<Answer, Miss> {
        self.sends(Method::HEAD, path).await
    }

    /// Sends a request by this method, without a body.
    pub(crate) async fn sends(&self, method: Method, path: &str) -> Result<Answer, Miss> {
        self.send(From::Here, method, path, URLENCODED, Vec::new()).await
    }

    /// Submits a form.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Result<Answer, Miss> {
        self.send(From::Here, Method::POST, path, URLENCODED, encode(fields).into_bytes()).await
    }

    /// Fills in the form of this page that posts to `path`, and submits it with all its hidden fields.
    pub async fn submit(&self, page: &Answer, path: &str, fields: &[(&str, &str)]) -> Result<Answer, Miss> {
        page.lets_send_forms()?;
        let forms = page.forms();
        let goes_there = |form: &&Form| form.goes_to(path) || form.path().is_empty() && page.path == path;
        let Some(form) = forms.iter().filter(goes_there).max_by_key(|form| form.can_be_sent) else {
            let reads = infer::short(&page.text(), LONGEST_PATH);
            let so =
                format!("{} needs a form with method=post and the action {path}; the page reads: {reads}", page.path);
            return Err(page.miss(format!("a form that posts to {path}"), "a page without one").so(so));
        };
        form.is_let_go()?;
        for (name, _) in fields {
            if !form.has(name) {
                let expected = format!("a field named `{name}` in the form that posts to {path}");
                return Err(page.miss(expected, told_fields(form)).so(page.without(name)).why(UNNAMED_WHY));
            }
        }
        fields.iter().try_for_each(|(name, value)| form.takes(name, value))?;
        let filled = form.filled_in(fields);
        let left_empty = form.left_empty();
        if !left_empty.is_empty() {
            let did = format!("sends the form of {}, which has no value for {}", page.path, left_empty.join(", "));
            self.trial.log().event_told(self.who, did, String::new(), String::new());
        }
        let address = form.address(path);
        let answer = match form.enctype.as_str() {
            "multipart/form-data" => {
                let kind = format!("multipart/form-data; boundary={BOUNDARY}");
                self.post_bytes(&address, &kind, multipart(&filled)).await
            }
            "text/plain" => self.post_bytes(&address, "text/plain", plain(&filled)).await,
            _ => self.post(&address, &filled).await,
        };
        answer.map(|answer| Answer { left_empty, ..answer })
    }

    /// Sends the same fields as a script of this site does: `fetch` adds the `charset` of `URLSearchParams`.
    pub(crate) async fn post_by_script(&self, path: &str, fields: &[(&str, &str)]) -> Result<Answer, Miss> {
        self.post_bytes(path, &format!("{URLENCODED};charset=UTF-8"), encode(fields).into_bytes()).await
    }

    /// Posts an empty body without a type, as `fetch` does.
    pub(crate) async fn post_nothing(&self, path: &str) -> Result<Answer, Miss> {
        self.send(From::Here, Method::POST, path, "", Vec::new()).await
    }

    /// Posts any bytes as any type.
    pub async fn post_bytes(&self, path: &str, kind: &str, body: Vec<u8>) -> Result<Answer, Miss> {
        self.send(From::Here, Method::POST, path, kind, body).await
    }

    /// Follows a link on a page of another site, such as `http://evil.localhost`.
    pub async fn get_from(&self, site: &str, path: &str) -> Result<Answer, Miss> {
        self.visits(site);
        self.send(From::Elsewhere(Some(site)), Method::GET, path, URLENCODED, Vec::new()).await
    }

    /// Submits a form that is on a page of another site.
    pub async fn post_from(&self, site: &str, path: &str, fields: &[(&str, &str)]) -> Result<Answer, Miss> {
        self.post_from_as(site, Some(site), path, fields).await
    }

    /// The same with an `Origin` that is not the site's, or without one.
    pub async fn post_from_as(
        &self,
        site: &str,
        origin: Option<&str>,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<Answer, Miss> {
        self.visits(site);
        if origin != Some(site) {
            let said = origin.map_or("no Origin".to_owned(), |origin| format!("`Origin: {origin}`"));
            self.trial.log().event(self.who, format!("sends the next form with {said}"), String::new());
        }
        self.send(From::Elsewhere(origin), Method::POST, path, URLENCODED, encode(fields).into_bytes()).await
    }

    /// Submits a form that is on a page of a neighboring host. For a browser that is the same site, so it sends every
    /// cookie, whatever its `SameSite` says.
    pub async fn post_from_neighbour(&self, path: &str, fields: &[(&str, &str)]) -> Result<Answer, Miss> {
        self.visits(NEIGHBOUR);
        self.send(From::Neighbour, Method::POST, path, URLENCODED, encode(fields).into_bytes()).await
    }

    /// The same from a script of that page, which adds the `charset`.
    pub(crate) async fn post_with_charset_from_neighbour(
        &self,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<Answer, Miss> {
        self.visits(NEIGHBOUR);
        let kind = format!("{URLENCODED}; charset=UTF-8");
        self.send(From::Neighbour, Method::POST, path, &kind, encode(fields).into_bytes()).await
    }

    /// Submits a form of another site, or of a neighboring host, that encodes its fields in another way.
    pub(crate) async fn post_encoded_from(
        &self,
        site: Option<&str>,
        encoding: Encoding,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<Answer, Miss> {
        self.visits(site.unwrap_or(NEIGHBOUR));
        let (kind, body) = encoding.of(fields);
        self.trial.log().event(self.who, format!("sends the next form as {kind}"), String::new());
        let from = site.map_or(From::Neighbour, |site| From::Elsewhere(Some(site)));
        self.send(from, Method::POST, path, &kind, body).await
    }

    /// Visits a page of a neighboring host, which answers with this `Set-Cookie` header: with `Domain=localhost` the
    /// cookie is for this host, too, if the browser accepts it.
    pub fn takes_from_neighbour(&self, set_cookie: &str) {
        let (name, value) = parts(set_cookie);
        self.is_set_by_neighbour(set_cookie, by_hand::cookie(self.who, true, name, value));
    }

    /// The same with the value of a cookie that `owner` has.
    pub(crate) fn takes_copy_from_neighbour(&self, owner: &Browser<'_>, set_cookie: &str) {
        let (name, value) = parts(set_cookie);
        let theirs =
            owner.cookies().into_iter().find(|(_, held)| held == value).map_or(name.to_owned(), |(name, _)| name);
        self.is_set_by_neighbour(set_cookie, by_hand::copy(owner.who, &theirs, self.who, name));
    }

    fn is_set_by_neighbour(&self, set_cookie: &str, by_hand: String) {
        let taken = self.jar().set_by_neighbour(set_cookie, self.trial.inspector.clock().now());
        let outcome = match taken {
            Ok(()) => " for the whole domain".to_owned(),
            Err(reason) => format!(", but the browser refuses it: {reason}"),
        };
        let letter = self.trial.inspector.label(parts(set_cookie).1);
        let told = format!("is on a page of {NEIGHBOUR}, which sets cookie {letter}{outcome}");
        let did = format!("is on a page of {NEIGHBOUR}, which sets a cookie{outcome}");
        self.trial.log().event_told(self.who, did, told, by_hand);
    }

    fn visits(&self, site: &str) {
        self.trial.log().event(self.who, format!("is on a page of {site}, and from there:"), String::new());
    }

    /// Submits a form over a slow line: `meanwhile` happens when the server asks for the body, which is sent after it.
    pub async fn post_slowly(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        meanwhile: impl Future<Output = Result<(), Miss>>,
    ) -> Result<Answer, Miss> {
        let slowly = "sends the next form slowly: the steps after it happen before it has arrived".to_owned();
        self.trial.log().event(
            self.who,
            slowly,
            "# the body of the next form arrives late, which `curl` cannot do: the lines after it come in between"
                .to_owned(),
        );
        let fields = encode(fields);
        let (asked, is_asked) = tokio::sync::oneshot::channel();
        let (go_on, goes_on) = tokio::sync::oneshot::channel::<()>();
        let slow = fields.clone();
        let body = Body::from_stream(stream::once(async move {
            let _ = asked.send(());
            let _ = goes_on.await;
            Ok::<_, Infallible>(Bytes::from(slow))
        }));
        let meanwhile = async {
            // A server that answers without asking for the body lets nothing happen meanwhile.
            let done = if is_asked.await.is_ok() { meanwhile.await } else { Ok(()) };
            let _ = go_on.send(());
            done
        };
        let (answer, done) = future::join(
            self.send_body(From::Here, Method::POST, path, URLENCODED, fields.as_bytes(), body),
            meanwhile,
        )
        .await;
        done?;
        answer
    }

    /// The next steps of this browser need nothing from other scenes that begin like this.
    pub(crate) fn begins_apart(&self) {
        self.trial.log().begin_apart();
    }

    /// The next steps of this browser need none of the steps before.
    pub(crate) fn begins_anew(&self) {
        self.trial.log().begin_anew();
    }

    /// The next steps are a scene that goes on from the beginning of those that began apart.
    pub(crate) fn goes_on(&self) {
        self.trial.log().new_scene();
    }

    /// Submits the login form.
    pub async fn log_in(&self, user: &User) -> Result<Answer, Miss> {
        self.post("/login", &[("username", &user.name), ("password", &user.password)]).await
    }

    /// A browser for `who` with a copy of this one's cookies, as they are now. It never drops them by itself.
    pub fn copied_by(&self, who: &'static str) -> Browser<'t> {
        let copy = Self::new(self.trial, who);
        *copy.jar() = self.jar().copied();
        let (own, jar) = (self.who, who);
        let held = format!("holds a copy of {own}'s cookies");
        let told = self.letters().map_or(held.clone(), |letters| format!("holds a copy of {own}'s {letters}"));
        self.trial.log().event_told(who, held, told, format!("cp {own}.jar {jar}.jar"));
        copy
    }

    /// The letters of this browser's cookies, such as `cookie A`, or `cookies A and B`.
    fn letters(&self) -> Option<String> {
        let mut letters: Vec<_> = self.jar().values().map(|value| self.trial.inspector.label(value)).collect();
        letters.sort();
        match letters.as_slice() {
            [] => None,
            [one] => Some(format!("cookie {one}")),
            [first @ .., last] => Some(format!("cookies {} and {last}", first.join(", "))),
        }
    }

    /// Replaces the session ID `instead` with `id` in this browser's cookies; `what` describes the step.
    pub(crate) fn plant(&self, instead: &str, id: &str, what: &str) {
        self.jar().replace(instead, id);
        self.trial.log().event(self.who, what.to_owned(), format!("{}{}.jar", recipe::PLANT, self.who));
    }

    /// Replaces the session ID `instead` with the ID of a session that mallory opened.
    pub(crate) async fn takes_a_planted_id(&self, instead: &str) {
        let planted = self.trial.plant().await.to_string();
        self.plant(instead, &planted, "has the ID of another session, planted by mallory");
    }

    /// Replaces `instead` with the ID of a session that is gone in this browser's cookies.
    pub(crate) fn plant_stale(&self, instead: &str) {
        let stale = self.trial.new_id().to_string();
        self.jar().replace(instead, &stale);
        let name = self.cookies().into_iter().find(|(_, value)| *value == stale).map(|(name, _)| name);
        let by_hand = by_hand::stale(self.who, &name.unwrap_or_default());
        self.trial.log().event(self.who, "holds the ID of a session that is gone".to_owned(), by_hand);
    }

    /// Replaces one value with another in this browser's cookies.
    pub fn replaces(&self, that: &str, this: &str) {
        if self.holds(that) {
            self.jar().replace(that, this);
            let did = format!("replaces {that} with {this} in a cookie");
            self.trial.log().event(self.who, did, by_hand::replace(self.who, that, this));
        }
    }

    /// Replaces one session ID with another, and drops every cookie with a third one: a site may know a visitor by several.
    pub(crate) fn comes_with(&self, id: &str, instead_of: &str) {
        self.replaces(instead_of, id);
        let is_of_another = |value: &str| !value.contains(id) && self.trial.carries_an_id(value);
        if self.cookies().iter().any(|(_, value)| is_of_another(value)) {
            self.drops_all_but(|value| !is_of_another(value));
        }
    }

    /// Closes the browser and opens it again: cookies without an age of their own are gone.
    pub fn close(&self) {
        self.jar().close();
        self.was_closed.store(true, Ordering::Release);
        self.trial.log().event(self.who, "closes the browser".to_owned(), String::new());
    }

    /// Drops cookies that have expired.
    fn drops_what_is_past_its_age(&self) {
        let dropped = self.jar().age(self.trial.inspector.clock().now());
        for name in dropped {
            let did = format!("no longer has cookie `{name}`: it has expired");
            self.trial.log().event_told(self.who, did, String::new(), by_hand::drop(self.who, &name));
        }
    }

    /// Moves to another network address, and says that it is another browser.
    pub fn moves_to(&self, address: IpAddr, agent: &'static str) {
        *self.place() = Place { address, agent, ..Place::default() };
        self.trial.log().event(self.who, format!("is now at {address}, with {agent}"), format!("# from {address}"));
    }

    /// Sends this header with each request from now on, as a browser with such a setting does.
    pub(crate) fn says(&self, name: &'static str, value: &str) {
        self.place().says.push((name, value.to_owned()));
        self.trial.log().event(self.who, format!("sends `{name}: {value}` from now on"), String::new());
    }

    /// Leaves these headers out of each request from now on.
    pub(crate) fn omits(&self, names: &'static [&'static str]) {
        self.place().omits = names;
        self.trial.log().event(self.who, format!("sends no {} from now on", names.join(" and no ")), String::new());
    }

    /// Sends the usual headers again, and no others.
    pub(crate) fn says_nothing_more(&self) {
        let mut place = self.place();
        place.says.clear();
        place.omits = &[];
    }

    /// What a script on the page reads in `document.cookie`.
    pub fn document_cookie(&self) -> String {
        self.jar().readable()
    }

    /// The value of this browser's cookie of this name.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.jar().value(name).map(str::to_owned)
    }

    /// The name and value of every cookie of this browser.
    pub(crate) fn cookies(&self) -> Vec<(String, String)> {
        self.jar().pairs()
    }

    /// Writes a cookie with each of these names into this browser, unless the site has set one with that name: so no
    /// answer has set any of them.
    pub(crate) fn writes(&self, names: &[&str], value: &str) {
        let own = self.cookies();
        let new: Vec<_> = names.iter().filter(|name| own.iter().all(|(own, _)| own != *name)).collect();
        let now = self.trial.inspector.clock().now();
        for name in &new {
            let _ = self.jar().set(&format!("{name}={value}; Path=/; Secure"), "/", now);
        }
        let by_hand: Vec<_> = new.iter().map(|name| by_hand::cookie(self.who, false, name, value)).collect();
        let listed: Vec<_> = new.iter().map(|name| format!("`{name}`")).collect();
        let did = format!("writes cookies with the value {value}: {}", listed.join(", "));
        self.trial.log().event(self.who, did, by_hand.join("\n"));
    }

    /// Puts a cookie into this browser by hand.
    pub fn takes(&self, cookie: &str) {
        self.takes_as(cookie, "which no answer set");
    }

    /// The same, and the story says where the cookie comes from: `copied from alice`, `made up`, `planted by mallory`.
    pub fn takes_as(&self, cookie: &str, how: &str) {
        // A browser's own developer tools accept every cookie that can be parsed.
        let _ = self.jar().set(&format!("{cookie}; Path=/; Secure"), "/", self.trial.inspector.clock().now());
        let (name, value) = parts(cookie);
        let by_hand = by_hand::cookie(self.who, false, name, value);
        let letter = self.trial.inspector.label(cookie.split_once('=').map_or(cookie, |(_, value)| value));
        let told = format!("has cookie {letter}, {how}");
        self.trial.log().event_told(self.who, "has a cookie that no answer set".to_owned(), told, by_hand);
    }

    /// Follows a redirect.
    pub async fn follow(&self, redirect: &Answer) -> Result<Answer, Miss> {
        match redirect.location() {
            Some(path) => {
                self.trial.log().follow_by_hand();
                let followed = self.get(&path).await;
                self.trial.log().is_part_of_the_line_before();
                followed
            }
            None => Err(redirect.miss("a redirect within this site", redirect.in_short())),
        }
    }

    /// Drops every cookie whose value is not one of these.
    pub fn drops_all_but(&self, keeps: impl Fn(&str) -> bool) {
        let before = self.cookies();
        self.jar().retain(keeps);
        let kept = self.cookies();
        let dropped = before.iter().filter(|cookie| !kept.contains(cookie));
        let by_hand: Vec<_> = dropped.map(|(name, _)| by_hand::drop(self.who, name)).collect();
        self.trial.log().event(self.who, "keeps only the session cookie".to_owned(), by_hand.join("\n"));
    }

    /// Whether one of this browser's cookies has this very value.
    pub fn holds(&self, value: &str) -> bool {
        self.jar().values().any(|held| held == value)
    }

    async fn send(
        &self,
        from: From<'_>,
        method: Method,
        path: &str,
        kind: &str,
        body: Vec<u8>,
    ) -> Result<Answer, Miss> {
        self.send_body(from, method, path, kind, &body.clone(), Body::from(body)).await
    }

    async fn send_body(
        &self,
        from: From<'_>,
        method: Method,
        path: &str,
        kind: &str,
        spelt: &[u8],
        body: Body,
    ) -> Result<Answer, Miss> {
        self.drops_what_is_past_its_age();
        let log = self.trial.log();
        let step = Step {
            who: self.who.to_owned(),
            method: method.to_string(),
            path: infer::short(path, LONGEST_PATH),
            answer: UNANSWERED.to_owned(),
            seen: None,
        };
        let request = self.request(from, &method, path, kind, body);
        let cookies = request.headers().get(COOKIE).and_then(|cookies| cookies.to_str().ok()).map(str::to_owned);
        let curl = self.curl(from, &request, spelt);
        let sent = log.begin(Sent { step, curl: curl.clone(), ..Sent::default() });
        let asked = format!("{} {curl} {:?}", self.who, request.headers());
        let (status, headers, body, exchange) = match self.trial.restarts().replay(&asked)? {
            Some(recorded) => {
                let (status, headers) = recorded.head();
                self.keep_cookies(&headers, path);
                (status, headers, Bytes::from(recorded.body), recorded.exchange)
            }
            None => self.answer(request, path, sent).await?,
        };
        self.trial.restarts().record(|| Recorded::new(asked, status, &headers, &body, &exchange));

        log.answered(sent, &in_short(status, &headers));
        log.seen(sent, &exchange);
        let held_back = self.jar().held_back(without_query(path)).filter(|_| exchange.request.cookies.is_empty());
        let mut answer = Answer {
            status,
            headers,
            body: String::from_utf8_lossy(&body).into_owned(),
            exchange,
            refused: self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            held_back,
            left_empty: Vec::new(),
            is_from_cache: false,
            method,
            path: path.to_owned(),
        };
        if let Some(miss) = infer::panicked(&answer, run::last_panic()) {
            return Err(miss);
        }
        if answer.method == Method::POST && matches!(from, From::Here) {
            let led = answer.location().map(|to| (to, without_query(path).to_owned()));
            *self.led.lock().unwrap_or_else(PoisonError::into_inner) = led;
        }
        self.cache().put(&mut answer, cookies.as_deref(), self.trial.inspector.clock().now());
        self.trial.watch(&answer);
        Ok(answer)
    }

    /// The app's answer; the step is at `sent` in the log.
    async fn answer(
        &self,
        request: Request<Body>,
        path: &str,
        sent: usize,
    ) -> Result<(StatusCode, HeaderMap, Bytes, Exchange), Miss> {
        let (trial, seen_before) = (self.trial, self.trial.inspector.newest());
        let (method, plain) = (request.method().to_string(), without_query(path));
        let response = match trial.router().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (parts, body) = response.into_parts();
        self.keep_cookies(&parts.headers, path);
        trial.log().answered(sent, &format!("{}{UNFINISHED}", in_short(parts.status, &parts.headers)));
        let body = Limited::new(body, LONGEST_PAGE).collect().await.map(|body| body.to_bytes());
        let body = body.map_err(|error| {
            Miss::new("a page of at most 1 MiB", error.to_string())
                .so("the body of the answer is too long, or it broke off")
        })?;
        // Others may have been answered meanwhile.
        let is_own =
            |Exchange { request, .. }: &Exchange| request.method == method && without_query(&request.target) == plain;
        let exchange = trial.inspector.exchanges_since(seen_before).into_iter().rfind(is_own);
        let exchange = exchange.ok_or_else(|| Miss::new("an answer", "the inspector saw no exchange"))?;
        Ok((parts.status, parts.headers, body, exchange))
    }

    fn request(&self, from: From<'_>, method: &Method, path: &str, kind: &str, body: Body) -> Request<Body> {
        let Place { address, agent, says, omits } = self.place().clone();
        let plain = without_query(path);
        let (site, origin, cookies) = match from {
            From::Here => ("same-origin", Some("http://localhost"), self.jar().header(plain)),
            From::Neighbour => ("same-site", Some(NEIGHBOUR), self.jar().header(plain)),
            From::Elsewhere(origin) => {
                ("cross-site", origin, self.jar().header_from_elsewhere(plain, *method != Method::POST))
            }
        };
        let mut request = Request::builder().method(method).uri(path).header(HOST, "localhost");
        request = request.header("sec-fetch-site", site).header("sec-fetch-mode", "navigate");
        request = request.header(USER_AGENT, agent).extension(ConnectInfo(SocketAddr::new(address, 40_000)));
        if *method == Method::GET {
            for (name, value) in self.cache().validators(path, cookies.as_deref()) {
                request = request.header(name, value);
            }
            let led = self.led.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some((_, page)) = led.filter(|(to, _)| to == path) {
                request = request.header(REFERER, format!("http://localhost{page}"));
            }
        }
        if let Some(cookies) = cookies {
            request = request.header(COOKIE, cookies);
        }
        if *method == Method::POST {
            if !kind.is_empty() {
                request = request.header(CONTENT_TYPE, kind);
            }
            // A form that is sent slowly comes in chunks.
            if let Some(length) = HttpBody::size_hint(&body).exact() {
                request = request.header(CONTENT_LENGTH, length);
            }
            if let Some(origin) = origin {
                // The `Referer` that a browser sends by default: the address of the page here, only its origin
                // elsewhere.
                let page = if matches!(from, From::Here) { plain } else { "/" };
                request = request.header(ORIGIN, origin).header(REFERER, format!("{origin}{page}"));
            }
        }
        let mut request = request.body(body).expect("a check's own paths and headers are well formed");
        for name in omits {
            request.headers_mut().remove(*name);
        }
        for (name, value) in says {
            let value = HeaderValue::from_bytes(value.as_bytes()).expect("a check's own headers are well formed");
            match name {
                "cookie" => request.headers_mut().append(name, value),
                _ => request.headers_mut().insert(name, value).is_some(),
            };
        }
        request
    }

    fn keep_cookies(&self, headers: &HeaderMap, path: &str) {
        for header in headers.get_all(SET_COOKIE) {
            let now = self.trial.inspector.clock().now();
            let kept = self.jar().set(&String::from_utf8_lossy(header.as_bytes()), path, now);
            *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = kept.err();
        }
    }

    fn curl(&self, from: From<'_>, request: &Request<Body>, body: &[u8]) -> String {
        let is_held_back = request.headers().get(COOKIE).is_none() && self.jar().values().next().is_some();
        let by = by_hand::Sender {
            who: self.who,
            says: self.place().says.clone(),
            is_left_at_home: is_held_back && !matches!(from, From::Here),
            was_closed: self.was_closed.swap(false, Ordering::AcqRel),
        };
        let origin = match from {
            From::Here => None,
            From::Neighbour => Some(("same-site", Some(NEIGHBOUR))),
            From::Elsewhere(origin) => Some(("cross-site", origin)),
        };
        by_hand::curl(&by, origin, request, body)
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn jar(&self) -> MutexGuard<'_, Jar> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Fields as a form sends them.
pub(crate) fn encode(fields: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// The same as `multipart/form-data` (RFC 7578).
fn multipart(fields: &[(&str, &str)]) -> Vec<u8> {
    let part = |(name, value): &(&str, &str)| {
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let parts: String = fields.iter().map(part).collect();
    format!("{parts}--{BOUNDARY}--\r\n").into_bytes()
}

/// The same as `text/plain`.
fn plain(fields: &[(&str, &str)]) -> Vec<u8> {
    fields.iter().map(|(name, value)| format!("{name}={value}\r\n")).collect::<String>().into_bytes()
}

/// A part of a path: everything but letters, digits and hyphens is percent-encoded.
pub(crate) fn in_path(part: &str) -> String {
    let encoded = part.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    encoded.collect()
}

/// The name and value of a cookie that is followed by its attributes, if it has any.
fn parts(cookie: &str) -> (&str, &str) {
    let (name, rest) = cookie.split_once('=').unwrap_or((cookie, ""));
    (name, rest.split(';').next().unwrap_or_default())
}

fn without_query(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}

fn in_short(status: StatusCode, headers: &HeaderMap) -> String {
    match headers.get(LOCATION) {
        Some(location) => format!("{} → {}", status.as_u16(), String::from_utf8_lossy(location.as_bytes())),
        None => status.as_u16().to_string(),
    }
}

impl Answer {
    /// Whether the app called the store for this operation while it answered.
    pub(crate) fn calls_for(&self, operation: Operation) -> bool {
        self.exchange.calls.iter().any(|call| call.operation == operation)
    }

    /// The text that a visitor reads: the text of a page, or all of anything else, with white space folded.
    pub fn text(&self) -> String {
        if self.is_page() { page::text(&self.body) } else { page::folded(&self.body) }
    }

    pub(crate) fn is_page(&self) -> bool {
        self.kind().to_lowercase().starts_with("text/html")
    }

    /// Its content type; empty if it has none.
    pub(crate) fn kind(&self) -> &str {
        self.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default()
    }

    /// Whether it is the page that was requested, whatever is on it.
    pub(crate) fn is_ok(&self) -> bool {
        self.status == StatusCode::OK
    }

    /// Whether a tag of the page has this attribute.
    pub(crate) fn has_attribute(&self, name: &str) -> bool {
        self.is_page() && page::has_attribute(&self.body, name)
    }

    /// Checks that a browser shows this, and does not save it as a file.
    fn is_shown(&self) -> Result<(), Miss> {
        let how = self.headers.get(CONTENT_DISPOSITION).and_then(|how| how.to_str().ok()).unwrap_or_default();
        match how.trim_start().to_lowercase().starts_with("attachment") {
            true => Err(self
                .miss("a page that a browser shows", format!("Content-Disposition: {how}"))
                .explained("a browser saves an attachment as a file, and the visitor sees nothing of it")),
            false => Ok(()),
        }
    }

    /// Checks that a browser shows this as a page.
    pub(crate) fn is_shown_as_a_page(&self) -> Result<(), Miss> {
        if self.is_page() || self.kind().starts_with("application/xhtml+xml") {
            return Ok(());
        }
        let kind = if self.kind().is_empty() { "none" } else { self.kind() };
        Err(self
            .miss("Content-Type: text/html", format!("Content-Type: {kind}"))
            .so("a browser shows this as text, tags included, and not as a page"))
    }

    /// Another encoding than UTF-8 that the content type names, if the page is not the same in it.
    fn misread_as(&self) -> Option<String> {
        self.charset().filter(|named| !matches!(named.as_str(), "utf-8" | "utf8") && !self.body.is_ascii())
    }

    /// The encoding that the content type names, in lower case.
    fn charset(&self) -> Option<String> {
        let kind = self.kind().to_lowercase();
        let named = kind.split(';').find_map(|part| part.trim().strip_prefix("charset="))?;
        Some(named.trim_matches('"').to_owned())
    }

    /// Checks that a browser shows this as a page, stays on it, and sends its forms.
    pub(crate) fn lets_send_forms(&self) -> Result<(), Miss> {
        self.is_shown()?;
        if let Some(refresh) = page::refresh(&self.body).filter(|_| self.is_page()) {
            return Err(self
                .miss(
                    "a page that stays until the form is filled in",
                    format!("<meta http-equiv=refresh content=\"{refresh}\">"),
                )
                .explained("the browser leaves the page before a visitor can fill in the form"));
        }
        self.is_shown_as_a_page()
            .map_err(|miss| miss.so("a browser shows this as text, tags included, and not as a page with a form"))?;
        match policy::forbids_forms(&self.headers, &self.body) {
            Some(directive) => Err(self
                .miss("a page whose forms a browser sends", format!("Content-Security-Policy: {directive}"))
                .explained(format!("`{directive}` forbids the browser to send the form to this site"))),
            None => Ok(()),
        }
    }

    /// Checks that a browser sends this form of the page as UTF-8, which a server reads.
    pub(crate) fn sends_utf_8(&self, form: &Form) -> Result<(), Miss> {
        let from = |label: &String| is_legacy(&label.to_lowercase());
        let (attribute, label) = match &form.charset {
            Some(label) => ("accept-charset=", Some(label.clone())),
            None => ("Content-Type: text/html; charset=", self.charset()),
        };
        let Some(label) = label.filter(from) else { return Ok(()) };
        Err(Miss::new("a form that is sent as UTF-8", format!("{attribute}{label}")).explained(format!(
            "a browser sends this form as {label}, and in that encoding a server that reads UTF-8 gets another name than was typed"
        )))
    }

    /// The page's forms.
    pub fn forms(&self) -> Vec<Form> {
        form::forms(&self.body)
    }

    /// Where the page's links lead: to paths of this site, or to whatever else is in an `href`.
    pub(crate) fn links(&self) -> Vec<String> {
        let links = page::links(&self.body).into_iter().map(|link| resolved(&self.path, &link));
        links.filter(|link| link.parse::<Uri>().is_ok()).collect()
    }

    /// The addresses within this site that this page leads to, each once: by its links, and by its forms that send a
    /// GET.
    pub(crate) fn leads_to(&self) -> BTreeSet<String> {
        let forms = self.forms().into_iter().filter(|form| form.method == "get");
        let filled = |form: Form| {
            let fields: Vec<_> = form.filled().collect();
            resolved(&self.path, &format!("{}?{}", form.path(), encode(&fields)))
        };
        let all = self.links().into_iter().chain(forms.map(filled));
        all.filter(|address| address.starts_with('/') && address.parse::<Uri>().is_ok()).collect()
    }

    /// The value of this attribute of the first tag of this name.
    pub fn attribute(&self, tag: &str, name: &str) -> Option<String> {
        page::attribute_of(&self.body, tag, name)
    }

    /// The answer in short, such as `303 → /protected`.
    pub fn in_short(&self) -> String {
        in_short(self.status, &self.headers)
    }

    /// A miss of a page on which a browser finds no form.
    pub(crate) fn has_no_form(&self) -> Miss {
        let so = match page::has_element(&self.body, "form") {
            true => "the only <form> of the page is in a <template>, and a browser neither shows nor sends that",
            false => "the page has no <form>, and a browser does not send fields outside a form",
        };
        Miss::new("a <form>", "no form on the page").so(so)
    }

    /// Checks that this form of the page has a field of this name.
    pub(crate) fn has_field(&self, form: &Form, name: &str) -> Result<(), Miss> {
        if form.has(name) {
            return Ok(());
        }
        let expected = format!("a field named `{name}` in the form");
        Err(Miss::new(expected, told_fields(form)).so(self.without(name)))
    }

    /// Why a form of the page lacks a field of this name.
    fn without(&self, name: &str) -> &'static str {
        if self.forms().iter().any(|form| form.has(name)) {
            IN_ANOTHER_FORM
        } else if page::has_field(&self.body, name) {
            UNSENT
        } else {
            UNNAMED
        }
    }

    /// Checks that it has this status.
    pub fn has_status(&self, status: u16) -> Result<(), Miss> {
        if self.status.as_u16() == status {
            return Ok(());
        }
        Err(self.miss(status.to_string(), self.in_short()))
    }

    /// Checks that it refuses a login as `user`: with 401, or another 4xx if a field was left empty, as an improper
    /// form.
    pub(crate) fn refuses(&self, user: &User) -> Result<(), Miss> {
        // An app may take a form with an empty field, a space at either end of one or a NUL in one for improper.
        let is_whole = |text: &str| !text.is_empty() && text.trim() == text && !text.contains('\0');
        if !(is_whole(&user.name) && is_whole(&user.password)) && self.status.is_client_error() {
            return Ok(());
        }
        self.has_status(401).map_err(|miss| match self.status.as_u16() {
            300..=399 => miss.why(REFUSED).so(format!(
                "the login {} gets a redirect instead of 401, although the name and the password do not belong together",
                user.told()
            )),
            200..=299 => miss.why(REFUSED).so(format!(
                "whatever the page says, its status says that the login {} succeeded",
                user.told()
            )),
            _ => miss,
        })
    }

    /// Checks that it redirects to `path`. `so` is the conclusion if it is a 4xx answer, which refuses what is right.
    pub(crate) fn is_accepted(&self, path: &str, so: impl Into<String>) -> Result<(), Miss> {
        self.redirects_to(path).map_err(|miss| if self.status.is_client_error() { miss.so(so) } else { miss })
    }

    /// Checks that it sends the visitor to `path` with a GET: 302 or 303, after a GET also 307.
    pub fn redirects_to(&self, path: &str) -> Result<(), Miss> {
        let status = self.status.as_u16();
        let fits = matches!(status, 302 | 303) || (status == 307 && matches!(self.method, Method::GET | Method::HEAD));
        if fits && self.target().as_deref() == Some(path) {
            return Ok(());
        }
        if let Some(so) = self.leads_elsewhere(path) {
            return Err(self.miss(format!("303 → {path}"), self.in_short()).so(so));
        }
        let is_post = self.method == Method::POST;
        let has_no_cookie = self.exchange.request.cookies.is_empty();
        let miss = self.miss(format!("303 → {path}"), self.in_short());
        Err(match (is_post, has_no_cookie) {
            (_, true) if matches!(self.status.as_u16(), 401 | 403) && path == "/login" => miss.so(
                "this visitor sent no cookie: redirect them to the page where they can log in, instead of an error",
            ),
            _ if !self.status.is_success() => miss,
            (true, _) if !self.exchange.session.changes.is_empty() => miss
                .so("the session was changed and the answer is a page: anyone who reloads that page sends the form again")
                .why("a browser that reloads the answer to a POST sends the POST again; after a redirect it only loads a page"),
            (false, true) => {
                miss.so("a visitor who sent no cookie gets this page: does the handler check who is logged in?")
            }
            _ => miss,
        })
    }

    /// Checks that a login with the right name and password leads to `path`.
    pub(crate) fn lets_in(&self, path: &str) -> Result<(), Miss> {
        let nothing =
            || if self.exchange.session.changes.is_empty() { ", and writes nothing to the session" } else { "" };
        let so = match self.status.as_u16() {
            status @ (401 | 403) => Some(format!(
                "the name and the password are right, and the login was refused with {status}: does the handler pass `users.verify` the name first, and obey what it returns?"
            )),
            303 => self.target().filter(|target| target != path).map(|target| {
                format!(
                    "the name and the password are right, but {} {} leads to {target}{}",
                    self.method,
                    self.path,
                    nothing()
                )
            }),
            _ => None,
        };
        self.redirects_to(path).map_err(|miss| if so.is_some() { miss.so_if(so).why(GETS_IN) } else { miss })
    }

    /// The mistake of a redirect that does not send the visitor to `path` with a GET; nothing if the answer is no
    /// redirect.
    fn leads_elsewhere(&self, path: &str) -> Option<String> {
        if !self.status.is_redirection() || !self.exchange.calls.iter().all(is_well) {
            return None;
        }
        let (asked, status) = (format!("{} {}", self.method, self.path), self.status.as_u16());
        Some(match self.target() {
            None => format!("{asked} was answered with {status}, but without a `Location` that says where to go"),
            Some(target) if target != path => format!("{asked} sends the visitor to {target} instead of {path}"),
            Some(_) => format!("the address is right, but the status is not: {}", of_a_redirect(status)),
        })
    }

    /// Checks that the page shows these words.
    pub fn shows(&self, words: &str) -> Result<(), Miss> {
        self.has_status(200).map_err(|miss| Miss { expected: format!("200, and the page shows {words}"), ..miss })?;
        self.is_shown()?;
        if let Some(encoding) = self.misread_as().filter(|_| !words.is_ascii()) {
            return Err(self
                .miss(format!("the page shows  {words}"), format!("Content-Type: {}", self.kind()))
                .explained(format!(
                    "the page is UTF-8, but a browser reads it as {encoding} and shows other characters"
                )));
        }
        if self.text().contains(words) {
            return Ok(());
        }
        let miss =
            self.miss(format!("the page shows  {words}"), format!("the page shows  {}", excerpt(&self.text(), words)));
        Err(miss.so_if(miscounted(&self.text(), words)))
    }

    /// Checks that the page does not show these words; `so` is the conclusion if it does.
    pub fn shows_not(&self, words: &str, so: &str) -> Result<(), Miss> {
        self.lacks(words).map_err(|miss| miss.so(so))
    }

    /// The same, with the conclusion that the answer allows.
    pub(crate) fn lacks(&self, words: &str) -> Result<(), Miss> {
        if self.text().contains(words) {
            return Err(self.miss(format!("a page without  {words}"), format!("the page shows  {words}")));
        }
        Ok(())
    }

    /// A miss at this answer, with the conclusion that it allows.
    pub fn miss(&self, expected: impl Into<String>, actual: impl Into<String>) -> Miss {
        infer::miss(self, expected.into(), actual.into())
    }

    /// The path a redirect leads to, without its query.
    fn target(&self) -> Option<String> {
        Some(without_query(&self.location()?).to_owned())
    }

    /// The path and query a redirect leads to, if it stays here.
    pub(crate) fn location(&self) -> Option<String> {
        let location = String::from_utf8_lossy(self.headers.get(LOCATION)?.as_bytes()).into_owned();
        Some(match location.strip_prefix("http://localhost") {
            Some("") => "/".to_owned(),
            here => resolved(&self.path, here.unwrap_or(&location)),
        })
    }
}

/// Whether the store did what it was asked to do.
fn is_well(call: &StoreCall) -> bool {
    !matches!(call.outcome, Outcome::Missing | Outcome::Expired | Outcome::Failed(_))
}

/// Whether this label names an encoding other than UTF-8. A browser ignores labels that it does not know, and sends
/// UTF-8 for those of UTF-16.
fn is_legacy(label: &str) -> bool {
    const BEGINNINGS: [&str; 10] =
        ["iso", "latin", "windows-", "cp", "ascii", "us-ascii", "koi8", "gb", "euc-", "shift"];
    BEGINNINGS.iter().any(|beginning| label.starts_with(beginning)) || matches!(label, "big5" | "macintosh")
}

/// What a browser does with a redirect whose status does not fit.
fn of_a_redirect(status: u16) -> String {
    match status {
        301 => "301 is for ever, so a browser may remember it and not ask again".to_owned(),
        307 | 308 => format!("after {status} a browser sends the same POST, with its fields, to the new address"),
        _ => format!("a browser does not follow {status} with a GET"),
    }
}

/// Where a reference on the page at `from` leads, as a browser resolves it (RFC 3986, 5.2): `..` is one folder up.
pub(crate) fn resolved(from: &str, reference: &str) -> String {
    let reference = reference.split('#').next().unwrap_or_default();
    if reference.contains("://") {
        return reference.to_owned();
    }
    let from = without_query(from);
    let (path, query) = reference.split_at(reference.find('?').unwrap_or(reference.len()));
    let path = match path {
        "" => from.to_owned(),
        path if path.starts_with('/') => path.to_owned(),
        path => format!("{}{path}", &from[..=from.rfind('/').unwrap_or(0)]),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').skip(1) {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            part => parts.push(part),
        }
    }
    if path.ends_with("/..") || path.ends_with("/.") {
        parts.push(""); // a folder
    }
    format!("/{}{query}", parts.join("/"))
}

/// The names of the fields that this form has.
fn told_fields(form: &Form) -> String {
    let names: Vec<_> = form.fields.iter().map(|field| field.name.as_str()).collect();
    format!("fields named {names:?}")
}

/// The mistake in the count of an item that should be shown as `pear × 2`, if the text has the item.
fn miscounted(text: &str, line: &str) -> Option<String> {
    let (item, count) = line.rsplit_once(" × ")?;
    if text.contains(&format!("{item} ×")) {
        Some(format!("the page has a count for {item}, but the count is not {count}"))
    } else {
        text.contains(item).then(|| {
            format!("the page shows {item}, but no count after it as required: a space, ×, a space, the number")
        })
    }
}

/// The part of a text that is closest to the wanted words: where the longest beginning of them is, or else their longest
/// word, or else the start.
fn excerpt(text: &str, words: &str) -> String {
    const LONG: usize = 100;
    if text.is_empty() {
        return "(nothing)".to_owned();
    }
    let word = words.find(char::is_whitespace).unwrap_or(words.len());
    let begins = |beginning: &str| text.find(beginning);
    let beginnings = words.char_indices().map(|(end, _)| end).chain([words.len()]).rev().take_while(|end| *end >= word);
    let beginning = beginnings.map(|end| &words[..end]).find_map(begins);
    // A word from the middle is shown with the words before it.
    let from = beginning.or_else(|| Some(two_words_before(text, begins(longest_word(words)?)?))).unwrap_or(0);
    let left_out = if beginning.is_none() && from > 0 { "… " } else { "" };
    let cut: String = text[from..].chars().take(LONG).collect();
    // Nothing is put before a beginning, so that it lines up with the expected words and the difference is easy to see.
    format!("{left_out}{cut}{}", if text[from..].chars().nth(LONG).is_some() { " …" } else { "" })
}

/// Where the second word before this place begins; the start of the text, if that is hardly longer.
fn two_words_before(text: &str, place: usize) -> usize {
    const FEW: usize = 40;
    let second = text[..place].rmatch_indices(' ').nth(2).map_or(0, |(blank, _)| blank + 1);
    if place < FEW { 0 } else { second }
}

/// The longest run of letters, digits and hyphens, if it is long enough to be found by: the name in `<i>carol</i>`.
fn longest_word(words: &str) -> Option<&str> {
    const SHORTEST: usize = 4;
    let parts = words.split(|letter: char| !letter.is_alphanumeric() && letter != '-');
    parts.filter(|part| part.len() >= SHORTEST).max_by_key(|part| part.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_of_a_page_that_is_shown_is_the_one_that_is_closest() {
        for (text, words, shown) in [
            ("Your cart pear-7 × 1 plum-7 × 2", "plum-7 × 1", "plum-7 × 2"),
            ("Logged in as carol-7 Log out", "<i>carol-7</i>", "Logged in as carol-7 Log out"),
            ("Your cart a b-797 × 1", "a+b-797 × 1", "Your cart a b-797 × 1"),
            ("Logged in as bob-7", "alice-7", "Logged in as bob-7"),
            ("one of many words that are not what is looked for, and a b-797 × 1", "a+b-797 × 1", "… and a b-797 × 1"),
            ("", "alice-7", "(nothing)"),
        ] {
            assert_eq!(excerpt(text, words), shown);
        }
    }

    #[test]
    fn a_reference_is_resolved_as_a_browser_does_it() {
        for (from, reference, leads_to) in [
            ("/login", "/protected", "/protected"),
            ("/login?next=/", "protected?x=1#top", "/protected?x=1"),
            ("/add_to_cart/pear", "../view_cart", "/view_cart"),
            ("/add_to_cart/pear", "./view_cart", "/add_to_cart/view_cart"),
            ("/a/b/c", "../../..", "/"),
            ("/login", ".", "/"),
            ("/login", "?again", "/login?again"),
            ("/login", "http://evil.example/", "http://evil.example/"),
        ] {
            assert_eq!(resolved(from, reference), leads_to, "{reference} on {from}");
        }
    }
}
