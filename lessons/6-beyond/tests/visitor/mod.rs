//! Plays a visitor of lesson 6 and of a provider.
#![allow(dead_code, reason = "each test file uses its part of it")]

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{
        Request, StatusCode,
        header::{CONTENT_TYPE, COOKIE, HOST, LOCATION, SET_COOKIE},
    },
};
use tower::ServiceExt;
use url::Url;

pub const OWN: &str = "http://localhost:4006";
const SESSION: &str = "__Host-lesson-6";

/// A browser with separate cookies for each host.
pub struct Visitor {
    pub name: &'static str,
    app: Router,
    cookies: Mutex<HashMap<(String, String), String>>,
    pub story: Mutex<String>,
}

pub struct Answer {
    pub status: StatusCode,
    pub location: String,
    pub body: String,
}

impl Visitor {
    pub fn new(name: &'static str, app: &Router) -> Self {
        Self { name, app: app.clone(), cookies: Mutex::default(), story: Mutex::default() }
    }

    pub fn session(&self) -> Option<String> {
        self.cookies.lock().unwrap().get(&("localhost".to_owned(), SESSION.to_owned())).cloned()
    }

    pub fn take(&self, session: &str) {
        self.cookies.lock().unwrap().insert(("localhost".to_owned(), SESSION.to_owned()), session.to_owned());
    }

    /// Sends all further requests to another instance.
    pub fn moves_to(&mut self, app: &Router) {
        self.app = app.clone();
    }

    pub async fn get(&self, url: &str) -> Answer {
        self.send("GET", url, &[]).await
    }

    pub async fn post(&self, url: &str, form: &[(&str, &str)]) -> Answer {
        self.send("POST", url, form).await
    }

    async fn send(&self, method: &str, url: &str, form: &[(&str, &str)]) -> Answer {
        let url = Url::parse(url).unwrap();
        let host = url.host_str().unwrap().to_owned();
        let of_host =
            |((at, name), value): (&(String, String), &String)| (*at == host).then(|| format!("{name}={value}"));
        let cookies: Vec<_> = self.cookies.lock().unwrap().iter().filter_map(of_host).collect();
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let target = &url[url::Position::BeforePath..];
        let request = Request::builder().method(method).uri(target).header(HOST, url.authority());
        let request = request.header(COOKIE, cookies.join("; "));
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(Body::from(body));
        let response = self.app.clone().oneshot(request.unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        for line in parts.headers.get_all(SET_COOKIE) {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.trim().split_once('=').unwrap();
            let mut cookies = self.cookies.lock().unwrap();
            match value.trim_matches('"') {
                "" => cookies.remove(&(host.clone(), name.to_owned())),
                value => cookies.insert((host.clone(), name.to_owned()), value.to_owned()),
            };
        }
        let location = parts.headers.get(LOCATION).map(|to| to.to_str().unwrap().to_owned()).unwrap_or_default();
        let answer = Answer {
            status: parts.status,
            location,
            body: String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap(),
        };
        self.tell(method, &url, &answer);
        answer
    }

    /// Adds a line to the story. It has the names of the parameters, but not their values.
    fn tell(&self, method: &str, url: &Url, answer: &Answer) {
        let short = |url: &Url| {
            let names: Vec<_> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
            let query = if names.is_empty() { String::new() } else { format!("?{}", names.join("&")) };
            format!("{}{}{query}", url.host_str().unwrap_or_default(), url.path())
        };
        let to = Url::parse(OWN).unwrap().join(&answer.location).unwrap();
        let to = if answer.location.is_empty() { String::new() } else { format!("\n    → {}", short(&to)) };
        let line = format!("{:<8}{method} {}  {}{to}\n", self.name, short(url), answer.status.as_u16());
        self.story.lock().unwrap_or_else(PoisonError::into_inner).push_str(&line);
    }

    /// Begins a login, and returns the address at the provider to which it redirects.
    pub async fn begins(&self, next: &str) -> String {
        let answer = self.post(&format!("{OWN}/elsewhere/login"), &[("next", next)]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        answer.location
    }

    /// Returns the number of the account that is logged in to the lesson's app.
    pub async fn account(&self) -> Option<u32> {
        let page = self.get(&format!("{OWN}/elsewhere")).await;
        assert_eq!(page.status, StatusCode::OK);
        let (_, rest) = page.body.split_once("Logged in with account ")?;
        rest.split('<').next()?.parse().ok()
    }
}

/// Returns a parameter of an address.
pub fn parameter(url: &str, name: &str) -> Option<String> {
    Url::parse(url).unwrap().query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
