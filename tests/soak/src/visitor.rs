//! A visitor who shops, and compares later answers with earlier ones.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header::SET_COOKIE},
};
use futures_util::future::join;
use http_body_util::BodyExt;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

/// The accounts of a new shop. Visitors share them, but each visitor has their own sessions.
const ACCOUNTS: [(&str, &str); 3] =
    [("alice", "a cup of tea"), ("bob", "a long walk home"), ("carol", "nine green bottles")];
/// The maximum count of one item in the cart.
const MOST: u32 = 99;

/// The results for a backend.
#[derive(Debug, Default)]
pub struct Tally {
    /// Answers of any kind.
    pub requests: u64,
    /// Answers that say that a request was not carried out.
    pub refused: u64,
    /// Answers with an unknown outcome, and connections that broke.
    pub unknown: u64,
    /// Additions that were acknowledged.
    pub added: u64,
    /// Logouts that were acknowledged.
    pub logouts: u64,
    pub lost: u64,
    pub revived: u64,
    pub strangers: u64,
    /// The errors, one per line.
    pub said: Vec<String>,
}

impl Tally {
    /// Adds the numbers of `other`.
    pub fn and(mut self, other: Self) -> Self {
        self.requests += other.requests;
        self.refused += other.refused;
        self.unknown += other.unknown;
        self.added += other.added;
        self.logouts += other.logouts;
        self.lost += other.lost;
        self.revived += other.revived;
        self.strangers += other.strangers;
        self.said.extend(other.said);
        self
    }
}

/// An answer.
struct Answer {
    /// `None` if the connection broke.
    status: Option<StatusCode>,
    location: String,
    page: String,
}

impl Answer {
    /// Whether the request was carried out, and the answer redirects to `path`.
    fn leads_to(&self, path: &str) -> bool {
        self.status == Some(StatusCode::SEE_OTHER) && self.location == path
    }

    /// Whether the outcome of the request is unknown.
    fn is_unknown(&self) -> bool {
        self.status.is_none_or(|status| status.is_server_error())
    }
}

/// A visitor with a browser.
pub struct Visitor {
    number: usize,
    address: SocketAddr,
    client: Client<HttpConnector, Body>,
    /// The cookies, by name.
    cookies: BTreeMap<String, String>,
    is_in: bool,
    /// The minimum and the maximum number of cups that can be in the cart.
    cups: (u32, u32),
    tally: Tally,
}

impl Visitor {
    pub fn new(number: usize, address: SocketAddr) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { number, address, client, cookies: BTreeMap::new(), is_in: false, cups: (0, 0), tally: Tally::default() }
    }

    /// Shops for `time`. Returns the results.
    pub async fn shop(mut self, time: Duration) -> Tally {
        let begun = Instant::now();
        while begun.elapsed() < time {
            match rand::random_range(0..10) {
                _ if !self.is_in => self.log_in().await,
                0..4 => self.add_two_at_once().await,
                4..6 => self.look_around().await,
                6..9 => self.count_cups().await,
                _ => self.log_out().await,
            }
        }
        self.tally
    }

    async fn log_in(&mut self) {
        let (name, password) = ACCOUNTS[self.number % ACCOUNTS.len()];
        let form = format!("username={name}&password={}", password.replace(' ', "+"));
        let answer = self.send(Method::POST, "/login", form).await;
        self.is_in = answer.leads_to("/profile");
        if answer.is_unknown() {
            self.forget(); // the outcome of the login is unknown, so a new browser continues
        }
    }

    /// Sends two requests at once, like a double click. The change of one must not undo the change of the other.
    async fn add_two_at_once(&mut self) {
        let (one, two) =
            (self.request(Method::POST, "/add_to_cart/cup", ""), self.request(Method::POST, "/add_to_cart/cup", ""));
        let both = join(self.exchange(one), self.exchange(two)).await;
        for (answer, cookies) in [both.0, both.1] {
            self.keep(&answer, cookies);
            if answer.leads_to("/view_cart") {
                self.tally.added += 1;
                self.cups.0 = (self.cups.0 + 1).min(MOST);
                self.cups.1 = (self.cups.1 + 1).min(MOST);
            } else if answer.is_unknown() {
                self.cups.1 = (self.cups.1 + 1).min(MOST);
            }
            self.is_no_stranger(&answer);
        }
    }

    async fn look_around(&mut self) {
        for path in ["/", "/profile"] {
            let answer = self.send(Method::GET, path, String::new()).await;
            self.is_no_stranger(&answer);
        }
    }

    /// Counts the cups in the cart, and empties a cart that is nearly full.
    async fn count_cups(&mut self) {
        let answer = self.send(Method::GET, "/view_cart", String::new()).await;
        self.is_no_stranger(&answer);
        if answer.status != Some(StatusCode::OK) || !self.is_in {
            return;
        }
        let counted = cups(&answer.page);
        if counted < self.cups.0 {
            self.tally.lost += u64::from(self.cups.0 - counted);
            self.say(format!("{counted} cups in the cart, and {} were answered as added", self.cups.0));
        } else if counted > self.cups.1 {
            self.say(format!("{counted} cups in the cart, and {} can have been added", self.cups.1));
            self.tally.revived += 1; // items that were removed are back
        }
        self.cups = (counted, counted);
        if counted >= MOST - 10 {
            let cleared = self.send(Method::POST, "/clear_cart", String::new()).await;
            if cleared.leads_to("/view_cart") {
                self.cups = (0, 0);
            } else if cleared.is_unknown() {
                self.cups.0 = 0;
            }
        }
    }

    /// Logs out, and then sends a copy of the cookie, as a thief would.
    async fn log_out(&mut self) {
        let copy = self.cookies.clone();
        let answer = self.send(Method::POST, "/logout", String::new()).await;
        if answer.leads_to("/login") {
            self.tally.logouts += 1;
            self.forget();
            for _ in 0..3 {
                self.cookies.clone_from(&copy);
                let again = self.send(Method::GET, "/profile", String::new()).await;
                if again.page.contains("Logged in as") {
                    self.tally.revived += 1;
                    self.say("a copied cookie works after the logout".to_owned());
                }
            }
            self.forget();
        } else if answer.is_unknown() {
            self.forget(); // the outcome of the logout is unknown
        }
    }

    /// Notes an error if a page treats a visitor who is logged in as a stranger.
    fn is_no_stranger(&mut self, answer: &Answer) {
        let is_stranger = answer.page.contains("You are not logged in") || answer.leads_to("/login");
        if self.is_in && is_stranger {
            self.tally.strangers += 1;
            self.say("taken for a stranger".to_owned());
            self.forget();
        }
    }

    fn forget(&mut self) {
        self.cookies.clear();
        self.is_in = false;
        self.cups = (0, 0);
    }

    fn say(&mut self, what: String) {
        self.tally.said.push(format!("visitor {}: {what}", self.number));
    }

    async fn send(&mut self, method: Method, path: &str, form: String) -> Answer {
        let request = self.request(method, path, &form);
        let (answer, cookies) = self.exchange(request).await;
        self.keep(&answer, cookies);
        answer
    }

    fn request(&self, method: Method, path: &str, form: &str) -> Request<Body> {
        let request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        let request = request.header("host", "localhost").header("sec-fetch-site", "same-origin");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = if cookies.is_empty() { request } else { request.header("cookie", cookies.join("; ")) };
        request.body(Body::from(form.to_owned())).expect("a request")
    }

    /// Returns the answer, and the cookies that it sets, as pairs of a name and a value.
    async fn exchange(&self, request: Request<Body>) -> (Answer, Vec<(String, String)>) {
        let broken = || (Answer { status: None, location: String::new(), page: String::new() }, Vec::new());
        let Ok(response) = self.client.request(request).await else { return broken() };
        let (parts, body) = response.into_parts();
        let text =
            |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let set = parts.headers.get_all(SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
        let pairs = set.filter_map(|cookie| cookie.split(';').next()?.split_once('='));
        let cookies = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let Ok(body) = body.collect().await else { return broken() };
        let page = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        (Answer { status: Some(parts.status), location: text("location"), page }, cookies)
    }

    fn keep(&mut self, answer: &Answer, cookies: Vec<(String, String)>) {
        self.tally.requests += 1;
        match answer.status {
            None => self.tally.unknown += 1,
            Some(status) if status.is_server_error() => self.tally.unknown += 1,
            Some(status) if status.is_client_error() => self.tally.refused += 1,
            Some(_) => {}
        }
        for (name, value) in cookies {
            if value.is_empty() {
                self.cookies.remove(&name);
            } else {
                self.cookies.insert(name, value);
            }
        }
    }
}

/// Returns the number of cups on a page of the cart.
fn cups(page: &str) -> u32 {
    let Some(words) = page.split("Your cart contains: ").nth(1).and_then(|rest| rest.split('<').next()) else {
        return 0;
    };
    let cups = words.split(", ").find_map(|line| line.strip_prefix("cup"));
    match cups.map(|count| count.trim_start_matches([' ', '×']).trim().parse()) {
        Some(Ok(count)) => count,
        Some(Err(_)) => 1,
        None => 0,
    }
}
