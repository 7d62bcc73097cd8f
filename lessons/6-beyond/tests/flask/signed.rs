//! Sends Flask-Session's signed IDs to both sides.

use axum::{
    Router,
    body::Body,
    http::{
        Request,
        header::{COOKIE, SET_COOKIE},
    },
    middleware::from_fn_with_state,
    routing::get,
};
use http_body_util::BodyExt;
use lesson_6::flask::{
    cookie::Keys,
    signed_id::{SignedId, signed_id},
    stores::FlaskRedis,
};
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_sessions::{Session, SessionManagerLayer, session::Id};

use crate::{
    real::ask,
    shared::{Shared, cookie},
    table::agreement,
};

const KEY: &str = "a key of both apps";

/// Makes a question to a Flask that signs its IDs.
fn flask(shared: &Shared<FlaskRedis>, deed: &str, cookies: Option<&str>) -> Value {
    let mut question = shared.flask(deed, None);
    question["key"] = KEY.into();
    question["signer"] = true.into();
    question["cookies"] = cookies.into();
    question
}

/// An axum app on the same store.
fn axum(shared: &Shared<FlaskRedis>) -> Router {
    let look = async |session: Session| session.get::<String>("value").await.unwrap().unwrap_or_default();
    let write = async |session: Session| session.insert("value", "made here").await.unwrap();
    Router::new()
        .route("/look", get(look))
        .route("/write", get(write)) // a route for this test only
        .layer(SessionManagerLayer::new(shared.store.clone()).with_name("session"))
        .layer(from_fn_with_state(SignedId { name: "session", keys: Keys::for_ids(KEY).unwrap() }, signed_id))
}

pub async fn a_signed_id_of_axum_is_one_of_flask() {
    let shared = Shared::in_redis().await;
    let response = axum(&shared).oneshot(Request::get("/write").body(Body::empty()).unwrap()).await.unwrap();
    let set = response.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap();
    let answer = ask(&[flask(&shared, "", Some(set))]).remove(0);
    assert_eq!(answer["told"], "\"made here\"");
}

/// The headers that a browser or an attacker may send as alice's cookie.
fn sent(alice: &str, bob: &str, forged: &[String]) -> Vec<(&'static str, String)> {
    let (id, signature) = alice.split_once('.').unwrap();
    let last = signature.chars().last().unwrap();
    // The last two of its six bits do not count.
    let neighbor = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let other = neighbor.chars().nth(neighbor.find(last).unwrap() ^ 1).unwrap();
    let rewritten = format!("{}{other}", &alice[..alice.len() - 1]);
    vec![
        ("as it was signed", format!("session={alice}")),
        ("the ID alone", format!("session={id}")),
        ("the ID with a dot", format!("session={id}.")),
        ("another ID with this signature", format!("session={}.{signature}", Id::default())),
        ("the signature of another ID", format!("session={id}.{}", bob.split_once('.').unwrap().1)),
        ("signed with another key", format!("session={}", forged[0])),
        ("signed for another salt", format!("session={}", forged[1])),
        ("signed with SHA-256", format!("session={}", forged[2])),
        ("signed, and not an ID", format!("session={}", forged[3])),
        ("signed, and empty", format!("session={}", forged[4])),
        ("signed, with a prefix of another app", format!("session={}", forged[5])),
        ("empty", "session=".to_owned()),
        ("only dots", "session=..".to_owned()),
        ("signed twice", format!("session={}", forged[6])),
        ("the signature written otherwise, for the same bytes", format!("session={rewritten}")),
        ("the signature with = at its end", format!("session={alice}=")),
        ("the signature with characters that are not base64", format!("session={id}.!{signature}")),
        ("in quotes", format!("session=\"{alice}\"")),
        ("with a space before the =", format!("session ={alice}")),
        ("with a space behind the =", format!("session= {alice}")),
        ("the ID alone, with a space before the =", format!("session ={id}")),
        ("the ID alone, with its name percent-encoded", format!("%73ession={id}")),
        ("with its name percent-encoded", format!("%73ession={alice}")),
        ("with its dot percent-encoded", format!("session={}", alice.replace('.', "%2E"))),
        ("under a name in other letters", format!("Session={alice}")),
        ("behind another cookie", format!("theme=dark; session={alice}")),
        ("behind a cookie of other bytes", format!("theme=\u{e9}; session={alice}")),
        ("behind something that is no cookie", format!("theme; session={alice}")),
        ("good, and the ID of bob behind it", format!("session={alice}; session={}", bob.split_once('.').unwrap().0)),
        ("good, and a good one of bob behind it", format!("session={alice}; session={bob}")),
        ("the ID alone, and a good one of bob behind it", format!("session={id}; session={bob}")),
        ("empty, and a good one of bob behind it", format!("session=; session={bob}")),
    ]
}

fn forged(alice: &str) -> Vec<String> {
    let id = alice.split_once('.').unwrap().0;
    let sign = |value: &str, key: &str, salt: &str, digest: &str| json!({ "ask": "sign", "key": key, "value": value, "salt": salt, "digest": digest });
    let questions = [
        sign(id, "another key", "flask-session", "sha1"),
        sign(id, KEY, "cookie-session", "sha1"),
        sign(id, KEY, "flask-session", "sha256"),
        sign("alice", KEY, "flask-session", "sha1"),
        sign("", KEY, "flask-session", "sha1"),
        sign(&format!("session:{id}"), KEY, "flask-session", "sha1"),
        sign(alice, KEY, "flask-session", "sha1"),
    ];
    ask(&questions).into_iter().map(|answer| cookie(&answer).to_owned()).collect()
}

async fn seen_by_axum(app: &Router, cookies: &str) -> String {
    let request = Request::get("/look").header(COOKIE, cookies).body(Body::empty()).unwrap();
    let body = app.clone().oneshot(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

pub async fn a_signed_id_that_one_refuses_the_other_refuses() {
    let shared = Shared::in_redis().await;
    let logins = ["alice", "bob"].map(|name| flask(&shared, &format!("session['value'] = '{name}'"), None));
    let logins = ask(&logins);
    let (alice, bob) = (cookie(&logins[0]), cookie(&logins[1]));
    let (sent, app) = (sent(alice, bob, &forged(alice)), axum(&shared));
    let questions: Vec<_> = sent.iter().map(|(_, cookies)| flask(&shared, "", Some(cookies))).collect();
    let mut outcomes = Vec::new();
    for ((what, cookies), answer) in sent.iter().zip(ask(&questions)) {
        assert_eq!(answer["status"], 200, "{what}");
        let there = answer["told"].as_str().unwrap().replace('"', "").replace("None", "");
        let here = seen_by_axum(&app, cookies).await;
        assert!(here == there || here.is_empty(), "{what}: {here} here, {there} in Flask");
        let in_words = |name: String| if name.is_empty() { "a new session".to_owned() } else { name };
        outcomes.push([(*what).to_owned(), in_words(there), in_words(here)]);
    }
    agreement("signed", "alice's cookie", "cookies", outcomes);
}
