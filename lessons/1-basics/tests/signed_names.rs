//! The signature of a cookie covers its value, but not its name or its age.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    extract::{FromRef, Path, State},
    http::{Request, header},
    routing::{get, post},
};
use axum_extra::extract::{
    SignedCookieJar,
    cookie::{Cookie, Key, SameSite},
};
use http_body_util::BodyExt;
use lesson_1::signed_value;
use session_inspector::{Clock, Inspector};
use time::OffsetDateTime;
use tower::ServiceExt;

/// Encodes a value for the cookie with this name, and decodes it again.
#[derive(Clone)]
struct Values {
    encode: fn(&str, &str, OffsetDateTime) -> String,
    decode: fn(&str, &str, OffsetDateTime) -> Option<String>,
    key: Key,
}

impl FromRef<Values> for Key {
    fn from_ref(values: &Values) -> Self {
        values.key.clone()
    }
}

/// Signs the bare value, without the cookie's name and time.
fn alone() -> Values {
    Values {
        encode: |_, value, _| value.to_owned(),
        decode: |_, value, _| Some(value.to_owned()),
        key: Key::generate(),
    }
}

/// Signs the value together with the cookie's name and the time.
fn bound() -> Values {
    let encode = |cookie: &str, value: &str, now| signed_value::encode(cookie, &value, now);
    Values { encode, decode: signed_value::decode, key: Key::generate() }
}

/// An app with two cookies, signed with one key. Visitors choose their name, but not their role.
fn app(values: Values) -> (Inspector, Router) {
    let inspector = Inspector::default();
    let app = Router::new()
        .route("/display_name/{name}", post(choose_name))
        .route("/role/{role}", post(grant))
        .route("/admin", get(admin))
        .with_state(values);
    let app = inspector.wrap(app);
    (inspector, app)
}

async fn choose_name(
    State(values): State<Values>,
    clock: Clock,
    Path(name): Path<String>,
    jar: SignedCookieJar,
) -> SignedCookieJar {
    jar.add(cookie("display_name", (values.encode)("display_name", &name, clock.now())))
}

/// Gives a role. In a real app only an administrator could do this.
async fn grant(
    State(values): State<Values>,
    clock: Clock,
    Path(role): Path<String>,
    jar: SignedCookieJar,
) -> SignedCookieJar {
    jar.add(cookie("role", (values.encode)("role", &role, clock.now())))
}

fn cookie(name: &'static str, value: String) -> Cookie<'static> {
    Cookie::build((name, value)).path("/").http_only(true).secure(true).same_site(SameSite::Lax).build()
}

async fn admin(State(values): State<Values>, clock: Clock, jar: SignedCookieJar) -> &'static str {
    let role = jar.get("role").and_then(|cookie| (values.decode)("role", cookie.value(), clock.now()));
    if role.as_deref() == Some("admin") { "Welcome, admin" } else { "Only for admins" }
}

/// Sends a request. Returns the value of the cookie that the answer sets, if any, and the page.
async fn send(app: &Router, method: &str, path: &str, cookie: Option<String>) -> (Option<String>, String) {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let set = response.headers().get(header::SET_COOKIE).map(|set| set.to_str().unwrap().to_owned());
    let value = set.and_then(|set| Some(set.split(';').next()?.split_once('=')?.1.to_owned()));
    let page = response.into_body().collect().await.unwrap().to_bytes();
    (value, String::from_utf8(page.to_vec()).unwrap())
}

/// Mallory chooses the name "admin", and sends its signed value under the name of another cookie.
async fn swap(app: &Router) -> String {
    let (value, _) = send(app, "POST", "/display_name/admin", None).await;
    send(app, "GET", "/admin", Some(format!("role={}", value.unwrap()))).await.1
}

/// Gives a visitor the role of an administrator, and sends the same cookie again after this many days.
async fn send_after(days: u64, (inspector, app): &(Inspector, Router)) -> String {
    let (value, _) = send(app, "POST", "/role/admin", None).await;
    inspector.clock().skip(Duration::from_hours(days * 24));
    send(app, "GET", "/admin", Some(format!("role={}", value.unwrap()))).await.1
}

fn snapshot(name: &str, inspector: &Inspector) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, inspector.transcript());
    });
}

#[tokio::test]
async fn a_value_that_was_signed_for_one_cookie_is_accepted_in_another() {
    let (inspector, app) = app(alone());
    assert_eq!(swap(&app).await, "Welcome, admin");
    snapshot("swap", &inspector);
}

#[tokio::test]
async fn a_value_that_names_its_cookie_is_refused_in_another() {
    let (inspector, app) = app(bound());
    assert_eq!(swap(&app).await, "Only for admins");
    snapshot("swap_refused", &inspector);
}

#[tokio::test]
async fn a_signature_does_not_age_and_a_value_with_its_time_does() {
    assert_eq!(send_after(365, &app(alone())).await, "Welcome, admin");
    assert_eq!(send_after(13, &app(bound())).await, "Welcome, admin");
    assert_eq!(send_after(15, &app(bound())).await, "Only for admins");
}
