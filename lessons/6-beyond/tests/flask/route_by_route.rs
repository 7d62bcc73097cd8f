//! Tests the demo with a real Flask app behind it, and without one.

use axum::{Router, http::header::SET_COOKIE};
use checks::Trial;
use lesson_6::flask::{cookie::Keys, routes, session::Settings, settings};
use tower_sessions::{SessionManagerLayer, SessionStore};

use crate::{real::flask_app, table::snapshot};

const KEY: &str = "a key of both apps";
/// A port on which no server listens.
const NO_FLASK: u16 = 1;

/// The demo without the rest of the lesson, in front of the Flask app on this port.
pub fn demo<S: SessionStore + Clone>(store: S, settings: Settings, flask: u16) -> Router {
    routes(settings, flask).layer(SessionManagerLayer::new(store).with_name("__Host-apart"))
}

fn trial(flask: u16) -> Trial {
    Trial::of(move |store| demo(store, settings(Keys::new(KEY, []).unwrap()), flask))
}

pub async fn one_visitor_has_one_session_in_both_apps() {
    let flask = flask_app(KEY);
    let trial = trial(flask.port);
    let alice = trial.browser("alice");
    let answer = alice.post("/flask/old/login", &[("user", "alice")]).await.unwrap();
    answer.redirects_to("/flask").unwrap();
    assert_eq!(answer.headers.get_all(SET_COOKIE).iter().count(), 1, "one of the two apps sets the cookie, not both");
    alice.get("/flask").await.unwrap().shows("Logged in as alice").unwrap();
    alice.post("/flask/cart", &[]).await.unwrap().redirects_to("/flask").unwrap();
    alice.get("/flask").await.unwrap().shows(r#""cart": [("cup", 2), ("lamp", 1)]"#).unwrap();
    let account = alice.get("/flask/old/account").await.unwrap();
    account.shows("Flask knows alice").unwrap();
    account.shows("2 × cup, 1 × lamp").unwrap();
    alice.post("/flask/logout", &[]).await.unwrap().redirects_to("/flask").unwrap();
    alice.get("/flask/old/account").await.unwrap().shows("You are not logged in").unwrap();
    snapshot("two_apps", &trial.transcript());
    // Now bob logs in to axum and out of Flask.
    alice.post("/flask/login", &[("user", "bob")]).await.unwrap().redirects_to("/flask").unwrap();
    alice.get("/flask/old/account").await.unwrap().shows("Flask knows bob").unwrap();
    alice.post("/flask/old/logout", &[]).await.unwrap().redirects_to("/flask").unwrap();
    alice.get("/flask").await.unwrap().shows("You are not logged in").unwrap();
}

pub async fn a_route_with_a_session_of_its_own_knows_nobody() {
    let trial = trial(NO_FLASK);
    let alice = trial.browser("alice");
    alice.post("/flask/login", &[("user", "alice")]).await.unwrap();
    alice.get("/flask").await.unwrap().shows("Logged in as alice").unwrap();
    alice.get("/flask/apart").await.unwrap().shows("You are not logged in").unwrap();
}

pub async fn a_copy_of_the_cookie_survives_the_logout() {
    let trial = trial(NO_FLASK);
    let alice = trial.browser("alice");
    alice.post("/flask/login", &[("user", "alice")]).await.unwrap();
    let mallory = alice.copied_by("mallory");
    alice.post("/flask/logout", &[]).await.unwrap();
    alice.get("/flask").await.unwrap().shows("You are not logged in").unwrap();
    mallory.get("/flask").await.unwrap().shows("Logged in as alice").unwrap();
}

pub async fn of_two_tabs_at_the_same_time_the_last_cookie_wins() {
    let trial = trial(NO_FLASK);
    let alice = trial.browser("alice");
    alice.post("/flask/login", &[("user", "alice")]).await.unwrap();
    // Both tabs send the same cookie.
    let tab = alice.copied_by("alice's other tab");
    alice.post("/flask/cart", &[]).await.unwrap();
    tab.post("/flask/cart", &[]).await.unwrap();
    for tab in [alice, tab] {
        tab.get("/flask").await.unwrap().shows(r#""cart": [("lamp", 1)], "#).unwrap();
    }
}

pub async fn without_flask_a_visitor_reads_what_to_start() {
    let trial = trial(NO_FLASK);
    let alice = trial.browser("alice");
    let answer = alice.get("/flask/old/account").await.unwrap();
    answer.has_status(503).unwrap();
    for words in ["Flask is not running", "lessons/6-beyond/flask/app.py", "set-cookie"] {
        assert!(answer.text().contains(words), "{words}: {}", answer.text());
    }
}
