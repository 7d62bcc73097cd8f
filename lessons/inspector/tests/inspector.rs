//! The glass wall around a small app: what it sees, and that it changes nothing.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
    response::Response,
    routing::{get, post},
};
use http_body_util::BodyExt;
use session_inspector::{Clock, Inspector, LONGEST_AHEAD, MOVED_KEY, Operation, Outcome, TOMBSTONE_KEY, What};
use time::OffsetDateTime;
use tower::ServiceExt;
use tower_sessions::{
    Expiry, MemoryStore, Session, SessionManagerLayer, SessionStore,
    session::{Id, Record},
};

fn app<S: SessionStore + Clone>(store: S) -> Router {
    let half_an_hour = Expiry::OnInactivity(time::Duration::minutes(30));
    Router::new()
        .route(
            "/",
            get(|session: Session| async move { session.get::<u8>("n").await.unwrap().unwrap_or(0).to_string() }),
        )
        .route("/set", post(|session: Session| async move { session.insert("n", 7).await.unwrap() }))
        .route("/markup", post(|session: Session| async move { session.insert("m", "<script>").await.unwrap() }))
        .route("/renew", post(|session: Session| async move { session.cycle_id().await.unwrap() }))
        .route(
            "/first",
            post(|session: Session| async move {
                session.cycle_id().await.unwrap();
                session.insert("n", 7).await.unwrap();
            }),
        )
        .route(
            "/flush_and_set",
            post(|session: Session| async move {
                session.flush().await.unwrap();
                session.insert("n", 8).await.unwrap();
            }),
        )
        .route("/end", post(|session: Session| async move { session.flush().await.unwrap() }))
        .route("/body", post(|body: String| async move { body }))
        .route("/panic", post(async || -> String { panic!("the roof is on fire") }))
        .route("/clear", post(|session: Session| async move { session.clear().await }))
        .route("/skip", post(|clock: Clock| async move { clock.skip(Duration::from_secs(60)) }))
        .route("/time", get(|clock: Clock| async move { clock.now().unix_timestamp().to_string() }))
        .layer(SessionManagerLayer::new(store).with_expiry(half_an_hour))
}

fn watched() -> (Inspector, Router) {
    let inspector = Inspector::default();
    let app = inspector.wrap(app(inspector.observe(MemoryStore::default())));
    (inspector, app)
}

async fn send(app: &Router, method: &str, path: &str, cookie: Option<&str>, body: impl Into<Body>) -> Response {
    let mut request = Request::builder().method(method).uri(path);
    request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    app.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap()
}

async fn text(response: Response) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

/// The `name=value` part of the cookie that the response sets.
fn cookie(response: &Response) -> String {
    response.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_transcript_tells_the_life_of_a_session() {
    let (inspector, app) = watched();
    let first = cookie(&send(&app, "POST", "/set", None, "").await);
    text(send(&app, "GET", "/", Some(&first), "").await).await;
    let second = cookie(&send(&app, "POST", "/renew", Some(&first), "").await);
    text(send(&app, "GET", "/", Some(&first), "").await).await;
    send(&app, "POST", "/end", Some(&second), "").await;
    send(&app, "GET", "/body", None, "").await;
    let expected = "\
POST /set                                           200
    store       create A {\"n\":7}
    set-cookie  id=A; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=1800
    so          a new session: its id is the value of cookie A

GET /                                               200
    cookie      id=A
    store       load A {\"n\":7}
    page        7
    so          the session was read, nothing was written

POST /renew                                         200
    cookie      id=A
    store       load A {\"n\":7}
    store       delete A
    store       create B {\"n\":7}
    set-cookie  id=B; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=1800
    so          new id: the session goes on as B, and A no longer works

GET /                                               200
    cookie      id=A
    store       load A nothing
    set-cookie  id=; Path=/; Max-Age=0; Expires=…
    page        0
    so          the store knows no session A
    so          the browser is told to delete cookie `id`

POST /end                                           200
    cookie      id=B
    store       delete B
    set-cookie  id=; Path=/; Max-Age=0; Expires=…
    so          the session is destroyed: B no longer works, whoever holds it
    so          the browser is told to delete cookie `id`

GET /body                                           405
    so          no cookie, no store call: no session was needed
";
    assert_eq!(inspector.transcript(), expected);
}

#[tokio::test]
async fn renewing_a_session_that_was_never_stored_is_a_new_session() {
    let (inspector, app) = watched();
    send(&app, "POST", "/first", None, "").await;
    let expected = "\
POST /first                                         200
    store       delete an id that was never stored
    store       create A {\"n\":7}
    set-cookie  id=A; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=1800
    so          a new session: its id is the value of cookie A
";
    assert_eq!(inspector.transcript(), expected);
}

#[tokio::test]
async fn flush_and_insert_in_one_request_take_the_old_id_up_again() {
    let (inspector, app) = watched();
    let cookie = cookie(&send(&app, "POST", "/set", None, "").await);
    send(&app, "POST", "/flush_and_set", Some(&cookie), "").await;
    let exchange = inspector.exchanges().pop().unwrap();
    let expected = "the session was destroyed and made anew under the same id: whoever holds A is in again";
    assert!(exchange.summary.contains(&expected.to_owned()), "{exchange:#?}");
}

/// What a store wrapper does behind `cycle_id`, `flush` and a load: a pointer and a tombstone take the place of a record.
async fn wrapper<S: SessionStore>(store: S, what: &str) {
    let expiry_date = OffsetDateTime::now_utc() + time::Duration::minutes(5);
    let record = |id: Id, data: &[(&str, u8)]| {
        let data = data.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect();
        Record { id, data, expiry_date }
    };
    let [old, new] = [Id(1), Id(2)];
    match what {
        "new" => store.create(&mut record(old, &[("n", 7), ("~of", 1)])).await.unwrap(),
        "renew" => {
            store.create(&mut record(new, &[("n", 7)])).await.unwrap();
            store.save(&record(old, &[(MOVED_KEY, 2)])).await.unwrap();
        }
        "point" => store.save(&record(old, &[(MOVED_KEY, 2)])).await.unwrap(),
        "follow" => {
            assert!(store.load(&old).await.unwrap().unwrap().data.contains_key(MOVED_KEY));
            assert_eq!(store.load(&new).await.unwrap().unwrap().data["n"], 7);
        }
        "end" => store.save(&record(new, &[(TOMBSTONE_KEY, 1)])).await.unwrap(),
        "ended" => assert!(store.load(&new).await.unwrap().unwrap().data.contains_key(TOMBSTONE_KEY)),
        _ => assert_eq!((store.load(&old).await.unwrap(), store.load(&new).await.unwrap()), (None, None)),
    }
}

#[tokio::test]
async fn what_a_store_wrapper_keeps_for_itself_is_told_as_what_it_means() {
    let inspector = Inspector::default();
    let store = inspector.observe(MemoryStore::default());
    let handler = async move |axum::extract::Path(what): axum::extract::Path<String>| wrapper(store, &what).await;
    let app = inspector.wrap(Router::new().route("/{what}", post(handler)));
    for what in ["new", "renew", "follow", "end", "ended", "point"] {
        send(&app, "POST", &format!("/{what}"), None, "").await;
    }
    inspector.skip(Duration::from_secs(600));
    send(&app, "POST", "/expired", None, "").await;
    let expected = "\
POST /new                                           200
    store       create A {\"n\":7}
    so          a new session: its id is the value of cookie A

POST /renew                                         200
    store       create B {\"n\":7}
    store       save A leads to the renewed session
    so          new id: the session goes on as B; the old id A leads to the renewed session for a while

POST /follow                                        200
    store       load A leads to the renewed session
    store       load B {\"n\":7}
    so          A is an old id: for a while it leads to the renewed session
    so          the session was read, nothing was written

POST /end                                           200
    store       delete B
    so          the session is destroyed: B no longer works, whoever holds it

POST /ended                                         200
    store       load B nothing
    so          the store knows no session B

POST /point                                         200
    store       save A leads to the renewed session
    so          the old id A leads to the renewed session for a while

(10 minutes later)

POST /expired                                       200
    store       load A nothing
    store       load B nothing
    so          the store knows no session A
    so          the store knows no session B
";
    assert_eq!(inspector.transcript(), expected);
    let renewal = inspector.exchanges().swap_remove(1);
    assert_eq!(renewal.session.after.unwrap().keys().collect::<Vec<_>>(), ["n"]);
    let [first, second] = [&renewal.calls[0], &renewal.calls[1]];
    assert_eq!((first.known, second.known), (false, true));
}

#[tokio::test]
async fn to_clear_a_session_unread_is_told_apart_from_a_change() {
    let (inspector, app) = watched();
    let cookie = cookie(&send(&app, "POST", "/set", None, "").await);
    let said = async |cookie: &str, path: &str| {
        send(&app, "POST", path, Some(cookie), "").await;
        inspector.exchanges().pop().unwrap().summary.remove(0)
    };
    assert_eq!(said(&cookie, "/clear").await, "session A was written over without being read");
    let unknown = "an empty session was stored under B, an id that the store did not know";
    assert_eq!(said("id=AAAAAAAAAAAAAAAAAAAAAA", "/clear").await, unknown);
    assert_eq!(said(&cookie, "/end").await, "the session is destroyed: A no longer works, whoever holds it");
    assert_eq!(said(&cookie, "/clear").await, unknown.replace('B', "A"));
}

#[tokio::test]
async fn a_skip_stands_on_the_timeline_whoever_skips() {
    let (inspector, app) = watched();
    send(&app, "POST", "/skip", None, "").await;
    send(&app, "POST", "/skip", None, "").await;
    let skips = inspector.events();
    assert!(matches!(skips[0].what, What::Skip { seconds: 60, ahead: 60 }), "{skips:?}");
    assert!(matches!(skips[2].what, What::Skip { seconds: 60, ahead: 120 }), "{skips:?}");
}

#[tokio::test]
async fn the_clock_is_at_most_100_years_ahead_and_what_is_computed_from_it_stays_in_the_calendar() {
    let (inspector, app) = watched();
    let ten_years = Duration::from_secs(10 * 365 * 86_400);
    (0..900).for_each(|_| inspector.skip(ten_years));
    inspector.skip(Duration::MAX);
    assert_eq!(inspector.clock().skipped(), LONGEST_AHEAD);
    assert_eq!(inspector.events().len(), 10, "where it does not move, nothing is noted");
    // As an app computes a cookie's Expires.
    let _ = inspector.clock().now() + time::Duration::days(400);
    let cookie = cookie(&send(&app, "POST", "/set", None, "").await);
    assert_eq!(text(send(&app, "GET", "/", Some(&cookie), "").await).await, "7");
}

#[tokio::test]
async fn a_skip_of_31_minutes_ends_a_session_of_30() {
    let (inspector, app) = watched();
    let cookie = cookie(&send(&app, "POST", "/set", None, "").await);
    inspector.skip(Duration::from_secs(29 * 60));
    assert_eq!(text(send(&app, "GET", "/", Some(&cookie), "").await).await, "7");
    inspector.skip(Duration::from_secs(2 * 60));
    assert_eq!(text(send(&app, "GET", "/", Some(&cookie), "").await).await, "0");
    let calls = inspector.exchanges().pop().unwrap().calls;
    assert_eq!(calls[0].outcome, Outcome::Expired);
}

#[tokio::test]
async fn a_write_after_a_skip_starts_the_time_anew() {
    let (inspector, app) = watched();
    let first = cookie(&send(&app, "POST", "/set", None, "").await);
    inspector.skip(Duration::from_secs(29 * 60));
    let second = cookie(&send(&app, "POST", "/renew", Some(&first), "").await);
    inspector.skip(Duration::from_secs(29 * 60));
    assert_eq!(text(send(&app, "GET", "/", Some(&second), "").await).await, "7");
}

#[tokio::test]
async fn an_expired_record_gives_back_its_expiry_in_system_time() {
    let inspector = Inspector::default();
    let store = inspector.observe(MemoryStore::default());
    inspector.skip(Duration::from_secs(3600));
    let expiry_date = OffsetDateTime::now_utc() + time::Duration::minutes(5);
    let mut record = Record { id: Id::default(), data: Default::default(), expiry_date };
    store.create(&mut record).await.unwrap();
    assert_eq!(store.load(&record.id).await.unwrap(), Some(record));
    let outside: Vec<_> = inspector
        .events()
        .into_iter()
        .filter_map(|event| match event.what {
            What::Call(call) => Some(call.operation),
            _ => None,
        })
        .collect();
    assert_eq!(outside, [Operation::Create, Operation::Load], "calls without a request stand on their own");
}

#[tokio::test]
async fn handlers_are_given_the_inspectors_clock() {
    let (inspector, app) = watched();
    inspector.skip(Duration::from_secs(1_000_000));
    let said: i64 = text(send(&app, "GET", "/time", None, "").await).await.parse().unwrap();
    let ahead = said - OffsetDateTime::now_utc().unix_timestamp();
    assert!((999_990..=1_000_000).contains(&ahead), "the clock is {ahead} s ahead");
}

#[tokio::test]
async fn without_an_inspector_the_clock_is_system_time() {
    let said: i64 = text(send(&app(MemoryStore::default()), "GET", "/time", None, "").await).await.parse().unwrap();
    assert!(said - OffsetDateTime::now_utc().unix_timestamp() <= 0);
}

#[tokio::test]
async fn bodies_pass_unchanged_and_passwords_are_masked_on_the_page_only() {
    let (inspector, app) = watched();
    let sent = "username=alice&password=tea";
    assert_eq!(text(send(&app, "POST", "/body?password=tea", None, sent).await).await, sent);
    let exchange = inspector.exchanges().pop().unwrap();
    assert_eq!(exchange.request.target, "/body?password=•••");
    assert_eq!(exchange.request.body.text, "username=alice&password=•••");
    assert_eq!(exchange.response.body.bytes, sent.len() as u64);
}

#[tokio::test]
async fn a_panic_is_answered_and_told() {
    let (inspector, app) = watched();
    let response = send(&app, "POST", "/panic", None, "").await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(text(response).await, "the handler panicked: the roof is on fire");
    let exchange = inspector.exchanges().pop().unwrap();
    assert_eq!(exchange.panic.as_deref(), Some("the roof is on fire"));
}
