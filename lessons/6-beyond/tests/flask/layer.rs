//! Compares when each side sets the cookie, and with which attributes.

use std::collections::BTreeSet;

use axum::{
    Router,
    body::Body,
    http::{
        Request, StatusCode,
        header::{COOKIE, SET_COOKIE, VARY},
    },
    middleware::from_fn_with_state,
    response::Response,
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use checks::Trial;
use http_body_util::BodyExt;
use lesson_6::flask::{
    cookie::Keys,
    session::{FlaskSession, Settings, Unreadable, flask_session},
    settings,
    tagged::{Dict, Printed, Value},
};
use serde_json::json;
use time::{Duration, OffsetDateTime};
use tower::ServiceExt;
use tower_sessions::cookie::SameSite;

use crate::{
    real::ask,
    table::{snapshot, table},
};

const KEY: &str = "a key of both apps";

/// The actions of a handler. `real_flask.py` has the same in Python.
const DEEDS: [&str; 9] = [
    "does not look",
    "looks",
    "writes",
    "writes the same",
    "takes out",
    "takes out what is not there",
    "clears",
    "makes permanent",
    "ends permanence",
];

fn keys() -> Keys {
    Keys::new(KEY, []).unwrap()
}

/// Browsers without a cookie, and with a cookie that holds these data.
fn visitors() -> Vec<(&'static str, Option<Dict>)> {
    let with = |keys: &[(&str, Value)]| keys.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    vec![
        ("none", None),
        ("alice", Some(with(&[("user", "alice".into())]))),
        ("alice, permanent", Some(with(&[("_permanent", true.into()), ("user", "alice".into())]))),
    ]
}

/// The same settings in Flask and in the layer.
fn configurations() -> Vec<(serde_json::Value, Settings)> {
    let given = || Settings::new(keys());
    vec![
        (json!({}), given()),
        (
            json!({
                "SESSION_COOKIE_NAME": "__Host-id", "SESSION_COOKIE_SECURE": true, "SESSION_COOKIE_SAMESITE": "Lax",
                "SESSION_COOKIE_HTTPONLY": false,
            }),
            Settings { name: "__Host-id", secure: true, same_site: Some(SameSite::Lax), http_only: false, ..given() },
        ),
        (
            json!({ "SESSION_REFRESH_EACH_REQUEST": false, "PERMANENT_SESSION_LIFETIME": 3600 }),
            Settings { refresh: false, lifetime: Duration::HOUR, ..given() },
        ),
    ]
}

async fn answer(settings: &Settings, deed: &'static str, cookie: Option<&str>) -> Response {
    let app: Router = match deed {
        "does not look" => Router::new().route("/", get(async || ())),
        _ => Router::new().route("/", get(async move |session: FlaskSession| act(&session, deed))),
    };
    let app = app.layer(from_fn_with_state(settings.clone(), flask_session));
    let request = Request::get("/");
    let request = cookie.into_iter().fold(request, |request, cookie| request.header(COOKIE, cookie));
    app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

fn act(session: &FlaskSession, deed: &str) {
    match deed {
        "looks" => drop(session.get("user")),
        "writes" => session.insert("user", "bob"),
        "writes the same" => session.insert("user", "alice"),
        "takes out" => drop(session.remove("user")),
        "takes out what is not there" => drop(session.remove("none")),
        "clears" => session.clear(),
        "makes permanent" => session.set_permanent(true),
        "ends permanence" => session.set_permanent(false),
        "lets a list grow" => {
            let Some(Value::List(mut cart)) = session.get("cart") else { panic!("there is no cart") };
            cart.push("lamp".into());
        }
        "writes too much" => session.insert("user", (0..3000).map(|number| number.to_string()).collect::<String>()),
        deed => panic!("nobody {deed}"),
    }
}

/// Returns the name and the attributes of a cookie, with its data instead of its value.
fn told(set_cookie: &str, now: OffsetDateTime) -> BTreeSet<String> {
    let mut parts = set_cookie.split("; ");
    let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).expect("a name and a value");
    let data = match value {
        "" => "nothing".to_owned(),
        value => Printed(&keys().read(value, now, Duration::ZERO).unwrap()).to_string(),
    };
    parts.map(str::to_owned).chain([format!("{name}={data}")]).collect()
}

/// Returns the time at which the cookie was signed, in seconds, or `None` without a signed cookie.
fn signed_at(set_cookie: Option<&str>) -> Option<i64> {
    let time = set_cookie?.split(';').next()?.rsplit('.').nth(1)?;
    Some(BASE64.decode(time).unwrap().iter().fold(0, |seconds, byte| seconds << 8 | i64::from(*byte)))
}

pub async fn both_set_the_cookie_in_the_same_cases_with_the_same_attributes() {
    let now = OffsetDateTime::now_utc();
    let (mut questions, mut here) = (Vec::new(), Vec::new());
    for (config, settings) in configurations() {
        for (visitor, data) in visitors() {
            let cookie = data.map(|data| format!("{}={}", settings.name, keys().write(&data, now).unwrap()));
            for deed in DEEDS {
                let response = answer(&settings, deed, cookie.as_deref()).await;
                let header = |name| response.headers().get_all(name).iter().map(|it| it.to_str().unwrap().to_owned());
                let set: Vec<_> = header(SET_COOKIE).collect();
                assert!(set.len() < 2, "{set:?}");
                // Flask has to answer with the same time as the layer.
                let at = signed_at(set.first().map(String::as_str)).unwrap_or(now.unix_timestamp());
                let vary: Vec<_> = header(VARY).collect();
                here.push((visitor, deed, settings.name, set, vary, at));
                questions.push(json!({
                    "ask": "serve", "key": KEY, "at": at, "cookie": cookie, "deed": deed, "config": config,
                }));
            }
        }
    }
    let mut rows = Vec::new();
    for (answer, (visitor, deed, name, set, vary, at)) in ask(&questions).iter().zip(here) {
        let strings = |key: &str| answer[key].as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned());
        let at = OffsetDateTime::from_unix_timestamp(at).unwrap();
        let of_flask: Vec<_> = strings("set_cookie").map(|set| told(&set, at)).collect();
        let of_axum: Vec<_> = set.iter().map(|set| told(set, at)).collect();
        assert_eq!(of_axum, of_flask, "{name}: a visitor with {visitor}, a handler that {deed}");
        assert_eq!(
            vary,
            strings("vary").collect::<Vec<_>>(),
            "{name}: a visitor with {visitor}, a handler that {deed}"
        );
        if name == "session" && rows.len() < DEEDS.len() * 3 {
            let set = set.first().map_or("-".to_owned(), |set| {
                let expires = if set.contains("Expires") { ", with Expires" } else { "" };
                if set.contains("Max-Age=0") { "deleted".to_owned() } else { format!("set{expires}") }
            });
            let vary = if vary.is_empty() { "-" } else { "Cookie" }.to_owned();
            rows.push(vec![visitor.to_owned(), deed.to_owned(), set, vary]);
        }
    }
    snapshot("when_the_cookie_is_set", &table(&["in the cookie", "the handler", "cookie", "Vary"], &rows));
}

pub async fn a_list_that_grows_in_place_is_not_saved_by_flask_and_a_copy_here() {
    let (deed, now) = ("lets a list grow", OffsetDateTime::now_utc());
    let data = Dict::from([("cart".to_owned(), Vec::new().into())]);
    let cookie = format!("session={}", keys().write(&data, now).unwrap());
    let here = answer(&Settings::new(keys()), deed, Some(&cookie)).await;
    assert_eq!((here.status(), here.headers().get(SET_COOKIE)), (StatusCode::OK, None));
    let at = now.unix_timestamp();
    let question = json!({ "ask": "serve", "key": KEY, "at": at, "cookie": cookie, "deed": deed, "config": {} });
    let answer = ask(&[question]).remove(0);
    assert_eq!((&answer["status"], &answer["set_cookie"]), (&json!(200), &json!([])));
}

pub async fn a_session_too_large_for_a_cookie_is_an_error_here_and_lost_in_flask() {
    let response = answer(&Settings::new(keys()), "writes too much", None).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(response.headers().get(SET_COOKIE).is_none(), "the browser would drop it");
    let question = json!({
        "ask": "serve", "key": KEY, "at": 0, "cookie": null, "deed": "writes too much", "config": {},
    });
    let answer = ask(&[question]).remove(0);
    assert_eq!(answer["status"], 200, "Flask says that all is well");
    let set = answer["set_cookie"][0].as_str().unwrap();
    assert!(set.split(';').next().unwrap().len() > 4096, "and sends what browsers drop");
}

pub async fn a_session_that_cannot_be_read_is_an_error_until_the_visitor_logs_out() {
    let log_out = async |session: Result<FlaskSession, Unreadable>| session.unwrap_or_else(Unreadable::anew).clear();
    let app: Router = Router::new()
        .route("/read", get(async |_: FlaskSession| "read"))
        .route("/apart", get(async || "not asked for"))
        .route("/logout", post(log_out))
        .layer(from_fn_with_state(Settings::new(keys()), flask_session));
    // These values are nested too deeply and too long for the layer to read. It does write them.
    let nested = (0..65).fold(Value::Null, |value, _| vec![value].into());
    for value in [nested, "a".repeat(300_000).into()] {
        let cookie = keys().write(&Dict::from([("a".to_owned(), value)]), OffsetDateTime::now_utc()).unwrap();
        let ask = async |request: axum::http::request::Builder| {
            let request = request.header(COOKIE, format!("session={cookie}")).body(Body::empty()).unwrap();
            app.clone().oneshot(request).await.unwrap()
        };
        let read = ask(Request::get("/read")).await;
        assert_eq!(read.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(read.headers().get(SET_COOKIE).is_none(), "Flask may still be able to read it");
        let page = read.into_body().collect().await.unwrap().to_bytes();
        let page = String::from_utf8_lossy(&page);
        assert!(page.contains(r#"<form method="post" action="/logout">"#), "{page}");
        assert!(page.contains("This part of the site cannot read its data."), "{page}");
        assert_eq!(ask(Request::get("/apart")).await.status(), StatusCode::OK);
        let out = ask(Request::post("/logout")).await;
        assert_eq!(out.status(), StatusCode::OK);
        assert!(out.headers()[SET_COOKIE].to_str().unwrap().starts_with("session=; "));
    }
}

pub async fn the_page_says_what_the_cookie_holds_and_refuses_a_name_that_is_too_long() {
    let trial = Trial::of(|store| crate::route_by_route::demo(store, settings(keys()), 1));
    let alice = trial.browser("alice");
    alice.get("/flask").await.unwrap().shows("no session cookie").unwrap();
    alice.post("/flask/login", &[("user", "alice")]).await.unwrap().redirects_to("/flask").unwrap();
    alice.post("/flask/cart", &[]).await.unwrap().redirects_to("/flask").unwrap();
    let page = alice.get("/flask").await.unwrap();
    page.shows(r#""cart": [("lamp", 1)]"#).unwrap();
    page.shows(r#""user": "alice""#).unwrap();
    page.shows("signature").unwrap();
    let long = alice.post("/flask/login", &[("user", &"a".repeat(41))]).await.unwrap();
    long.has_status(422).unwrap();
    assert!(long.text().contains("nobody was logged in"), "{}", long.text());
    alice.get("/flask").await.unwrap().shows("Logged in as alice").unwrap();
    for path in ["/flask/login", "/flask/cart", "/flask/logout"] {
        alice.get(path).await.unwrap().has_status(405).unwrap();
    }
}

pub async fn the_page_says_why_a_cookie_is_ignored() {
    let trial = Trial::of(|store| crate::route_by_route::demo(store, settings(keys()), 1));
    let alice = trial.browser("alice");
    alice.post("/flask/login", &[("user", "alice")]).await.unwrap().redirects_to("/flask").unwrap();
    let valid = alice.cookie("__Host-flask").unwrap();
    trial.skip(std::time::Duration::from_secs(32 * 24 * 3600));
    let (tampered, no_key) = (format!("A{valid}"), "its signature is not one of this SECRET_KEY");
    for (value, why) in [(&*valid, "it is too old"), (&*tampered, no_key), ("no-parts", no_key)] {
        let mallory = trial.browser("mallory");
        mallory.takes(&format!("__Host-flask={value}; Path=/; Secure"));
        let page = mallory.get("/flask").await.unwrap();
        page.shows("You are not logged in").unwrap();
        page.shows(&format!("This program ignores the cookie: {why}")).unwrap();
        page.shows_not("no session cookie", "the browser has sent one").unwrap();
    }
}
