//! Tests the inspector around a small app: it sees each exchange, and changes nothing.

use std::time::Duration;

use axum::{
    Router,
    body::{Body, HttpBody},
    http::{Request, StatusCode, header},
    response::Response,
    routing::{get, post},
};
use http_body_util::BodyExt;
use session_inspector::{Change, Clock, Inspector, LONGEST_AHEAD, MOVED_KEY, Operation, Outcome, TOMBSTONE_KEY, What};
use time::OffsetDateTime;
use tower::ServiceExt;
use tower_sessions::{
    Expiry, MemoryStore, Session, SessionManagerLayer, SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
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
        .route(
            "/swap",
            post(|session: Session| async move {
                session.remove::<String>("m").await.unwrap();
                session.insert("n", 8).await.unwrap();
            }),
        )
        .route(
            "/touch",
            post(|session: Session| async move {
                let _: Option<u8> = session.get("n").await.unwrap();
                session.save().await.unwrap();
            }),
        )
        .route(
            "/read_and_end",
            post(|session: Session| async move {
                let _: Option<u8> = session.get("n").await.unwrap();
                session.flush().await.unwrap();
            }),
        )
        .route("/end_quietly", post(|session: Session| async move { drop(session.flush().await) }))
        .route("/body", post(|body: String| async move { body }))
        .route("/panic", post(async || -> String { panic!("the index is out of range") }))
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

/// Returns the `name=value` part of the cookie that the response sets.
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
    so          a new session: its ID is the value of cookie A

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
    so          new ID: the session continues as B, and A no longer works

GET /                                               200
    cookie      id=A
    store       load A nothing
    set-cookie  id=; Path=/; Max-Age=0; Expires=…
    page        0
    so          the store has no session A
    so          the answer tells the browser to delete cookie `id`

POST /end                                           200
    cookie      id=B
    store       delete B
    set-cookie  id=; Path=/; Max-Age=0; Expires=…
    so          the session was deleted: B no longer works for anyone
    so          the answer tells the browser to delete cookie `id`

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
    so          a new session: its ID is the value of cookie A
";
    assert_eq!(inspector.transcript(), expected);
}

#[tokio::test]
async fn flush_and_insert_in_one_request_take_the_old_id_up_again() {
    let (inspector, app) = watched();
    let cookie = cookie(&send(&app, "POST", "/set", None, "").await);
    send(&app, "POST", "/flush_and_set", Some(&cookie), "").await;
    let exchange = inspector.exchanges().pop().unwrap();
    let expected = "the session was deleted and created again under the same ID: anyone who has A can use it again";
    assert!(exchange.summary.contains(&expected.to_owned()), "{exchange:#?}");
}

/// Calls the store as a wrapper does for `cycle_id`, `flush` and a load, with a pointer or a tombstone instead of a
/// record.
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
async fn the_markers_of_a_store_wrapper_are_shown_by_their_meaning() {
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
    so          a new session: its ID is the value of cookie A

POST /renew                                         200
    store       create B {\"n\":7}
    store       save A leads to the renewed session
    so          new ID: the session continues as B; the old ID A leads to the renewed session for a while

POST /follow                                        200
    store       load A leads to the renewed session
    store       load B {\"n\":7}
    so          A is an old ID: for a while it leads to the renewed session
    so          the session was read, nothing was written

POST /end                                           200
    store       delete B
    so          the session was deleted: B no longer works for anyone

POST /ended                                         200
    store       load B nothing
    so          the store has no session B

POST /point                                         200
    store       save A leads to the renewed session
    so          the old ID A leads to the renewed session for a while

(10 minutes later)

POST /expired                                       200
    store       load A nothing
    store       load B nothing
    so          the store has no session A
    so          the store has no session B
";
    assert_eq!(inspector.transcript(), expected);
    let renewal = inspector.exchanges().swap_remove(1);
    assert_eq!(renewal.session.after.unwrap().keys().collect::<Vec<_>>(), ["n"]);
    let [first, second] = [&renewal.calls[0], &renewal.calls[1]];
    assert_eq!((first.known, second.known), (false, true));
}

#[tokio::test]
async fn clearing_a_session_without_a_load_is_distinguished_from_a_change() {
    let (inspector, app) = watched();
    let cookie = cookie(&send(&app, "POST", "/set", None, "").await);
    let said = async |cookie: &str, path: &str| {
        send(&app, "POST", path, Some(cookie), "").await;
        inspector.exchanges().pop().unwrap().summary.remove(0)
    };
    assert_eq!(said(&cookie, "/clear").await, "session A was overwritten without being read");
    let unknown = "an empty session was stored under B, an ID that the store did not know";
    assert_eq!(said("id=AAAAAAAAAAAAAAAAAAAAAA", "/clear").await, unknown);
    assert_eq!(said(&cookie, "/end").await, "the session was deleted: A no longer works for anyone");
    assert_eq!(said(&cookie, "/clear").await, unknown.replace('B', "A"));
}

#[tokio::test]
async fn every_skip_is_on_the_timeline_whatever_made_it() {
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
    // An app computes a cookie's `Expires` like this.
    let _ = inspector.clock().now() + time::Duration::days(400);
    let cookie = cookie(&send(&app, "POST", "/set", None, "").await);
    assert_eq!(text(send(&app, "GET", "/", Some(&cookie), "").await).await, "7");
}

#[tokio::test]
async fn a_held_store_call_waits_until_it_is_released_and_the_next_one_does_not_wait() {
    let inspector = Inspector::default();
    let store = inspector.observe(MemoryStore::default());
    let mut record =
        Record { id: Id(1), data: [].into(), expiry_date: OffsetDateTime::now_utc() + Duration::from_secs(60) };
    store.create(&mut record).await.unwrap();

    let mut held = inspector.hold(Operation::Load);
    let (waiting, id) = (store.clone(), record.id);
    let load = tokio::spawn(async move { waiting.load(&id).await.unwrap() });
    held.reached().await;
    assert_eq!(store.load(&id).await.unwrap(), Some(record), "another load is not held");
    store.delete(&id).await.unwrap();
    drop(held);
    assert_eq!(load.await.unwrap(), None, "the load was carried out after the delete");

    drop(inspector.hold(Operation::Load));
    assert_eq!(store.load(&id).await.unwrap(), None, "the hold has ended");
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
async fn a_write_after_a_skip_restarts_the_lifetime() {
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

/// A server makes `Content-Length` of it.
#[tokio::test]
async fn the_length_of_an_answer_is_known_before_it_is_sent() {
    let (_, app) = watched();
    let answer = send(&app, "POST", "/body", None, "tea").await.into_body();
    assert_eq!((answer.size_hint().exact(), answer.is_end_stream()), (Some(3), false));
    let empty = send(&app, "POST", "/set", None, "").await.into_body();
    assert_eq!((empty.size_hint().exact(), empty.is_end_stream()), (Some(0), true));
}

#[tokio::test]
async fn a_panic_is_answered_and_shown() {
    let (inspector, app) = watched();
    let response = send(&app, "POST", "/panic", None, "").await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(text(response).await, "the handler panicked: the index is out of range");
    let exchange = inspector.exchanges().pop().unwrap();
    assert_eq!(exchange.panic.as_deref(), Some("the index is out of range"));
}

/// A store whose writes fail.
#[derive(Clone, Debug)]
struct ReadOnly(MemoryStore);

#[async_trait::async_trait]
impl SessionStore for ReadOnly {
    async fn create(&self, _: &mut Record) -> Result<()> {
        Err(Error::Backend("no room".to_owned()))
    }

    async fn save(&self, _: &Record) -> Result<()> {
        Err(Error::Backend("no room".to_owned()))
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        self.0.load(id).await
    }

    async fn delete(&self, _: &Id) -> Result<()> {
        Err(Error::Backend("no room".to_owned()))
    }
}

#[tokio::test]
async fn the_session_before_and_after_is_compared_key_by_key() {
    let (inspector, app) = watched();
    let seen = async |path: &str, cookie: Option<&str>| {
        // An exchange is complete when its answer has ended.
        let (set, body) = send(&app, "POST", path, cookie, "").await.into_parts();
        drop(body);
        let set = Response::from_parts(set, Body::empty());
        let exchange = inspector.exchanges().pop().unwrap();
        let changes: Vec<_> = exchange
            .session
            .changes
            .iter()
            .map(|Change { key, before, after }| format!("{key}: {before:?} -> {after:?}"))
            .collect();
        (set, exchange.session, changes, exchange.summary)
    };
    let (set, session, changes, _) = seen("/set", None).await;
    let cookie = cookie(&set);
    assert_eq!((session.before, changes), (None, vec!["n: None -> Some(Number(7))".to_owned()]));
    assert_eq!(session.after.unwrap()["n"], 7);

    let (_, session, changes, said) = seen("/markup", Some(&cookie)).await;
    assert_eq!(changes, ["m: None -> Some(String(\"<script>\"))"]);
    assert_eq!((session.before.unwrap().len(), session.after.unwrap().len()), (1, 2));
    assert_eq!(said, ["session A was written: 1 key changed"]);

    let (_, _, changes, said) = seen("/swap", Some(&cookie)).await;
    assert_eq!(changes, ["m: Some(String(\"<script>\")) -> None", "n: Some(Number(7)) -> Some(Number(8))"]);
    assert_eq!(said, ["session A was written: 2 keys changed"]);

    let (_, _, changes, said) = seen("/touch", Some(&cookie)).await;
    assert_eq!(
        (changes.len(), said),
        (0, vec!["session A was written again, unchanged: its lifetime starts again".to_owned()])
    );

    let (_, session, changes, _) = seen("/read_and_end", Some(&cookie)).await;
    assert_eq!((session.before.unwrap().len(), session.after), (1, None));
    assert_eq!(changes, ["n: Some(Number(8)) -> None"]);
}

#[tokio::test]
async fn a_call_that_the_store_refused_is_not_shown_as_done() {
    let inspector = Inspector::default();
    let inner = MemoryStore::default();
    let mut record = Record {
        id: Id::default(),
        data: [("n".to_owned(), 7.into())].into(),
        expiry_date: OffsetDateTime::now_utc() + time::Duration::hours(1),
    };
    inner.create(&mut record).await.unwrap();
    let app = inspector.wrap(app(inspector.observe(ReadOnly(inner))));
    let cookie = format!("id={}", record.id);
    let said = async |path: &str, cookie: Option<&str>| {
        send(&app, "POST", path, cookie, "").await;
        inspector.exchanges().pop().unwrap().summary
    };
    let failed = "the store failed: no room".to_owned();
    assert_eq!(said("/set", None).await, std::slice::from_ref(&failed));
    assert_eq!(
        said("/markup", Some(&cookie)).await,
        [failed.clone(), "the session was read, nothing was written".to_owned()]
    );
    assert_eq!(said("/end_quietly", Some(&cookie)).await[0], failed);
    assert!(!said("/end_quietly", Some(&cookie)).await.iter().any(|said| said.contains("destroyed")));
}

#[tokio::test]
async fn an_exchange_keeps_its_first_99_store_calls_and_the_last() {
    let inspector = Inspector::default();
    let store = inspector.observe(MemoryStore::default());
    let handler = async move |axum::extract::Path(times): axum::extract::Path<i128>| {
        for id in 1..=times {
            store.load(&Id(id)).await.unwrap();
        }
    };
    let app = inspector.wrap(Router::new().route("/{times}", post(handler)));
    let told = async |times: &str| {
        send(&app, "POST", times, None, "").await;
        let exchange = inspector.exchanges().pop().unwrap();
        let id = |place: usize| exchange.calls[place].id.clone();
        (exchange.calls.len(), id(98), id(99), exchange.calls_left_out, exchange.summary.last().unwrap().clone())
    };
    let (count, before_last, last, left_out, said) = told("/103").await;
    assert_eq!((count, before_last, last, left_out), (100, Id(99).to_string(), Id(103).to_string(), 3));
    assert_eq!(said, "3 more calls to the store are not shown");
    let (count, _, last, left_out, said) = told("/100").await;
    assert_eq!((count, last, left_out), (100, Id(100).to_string(), 0));
    assert!(said.starts_with("the store has no session"), "{said}");
}

#[tokio::test]
async fn a_session_that_is_made_beside_one_that_was_read_is_new() {
    let inspector = Inspector::default();
    let store = inspector.observe(MemoryStore::default());
    let handler = async move || {
        let expiry_date = OffsetDateTime::now_utc() + time::Duration::hours(1);
        let mut record = Record { id: Id::default(), data: Default::default(), expiry_date };
        store.create(&mut record).await.unwrap();
        store.load(&record.id).await.unwrap();
        record.data.insert("n".to_owned(), 1.into());
        record.id = Id(7);
        store.save(&record).await.unwrap();
        store.create(&mut Record { id: Id::default(), ..record }).await.unwrap();
    };
    let app = inspector.wrap(Router::new().route("/", post(handler)));
    send(&app, "POST", "/", None, "").await;
    let summary = inspector.exchanges().pop().unwrap().summary;
    assert_eq!(summary, ["a new session: its ID is the value of cookie C"]);
}

#[tokio::test]
async fn a_session_stored_under_an_unknown_id_is_reported() {
    let inspector = Inspector::default();
    let store = inspector.observe(MemoryStore::default());
    let handler = async move || {
        let expiry_date = OffsetDateTime::now_utc() + time::Duration::hours(1);
        let record = Record { id: Id(7), data: [("n".to_owned(), 1.into())].into(), expiry_date };
        store.save(&record).await.unwrap();
    };
    let app = inspector.wrap(Router::new().route("/", post(handler)));
    send(&app, "POST", "/", None, "").await;
    let summary = inspector.exchanges().pop().unwrap().summary;
    assert_eq!(summary, ["a session was stored under A, an ID that the store did not know"]);
}

#[tokio::test]
async fn exchanges_are_found_by_number_and_values_by_letter() {
    let (inspector, app) = watched();
    assert_eq!(inspector.newest(), 0);
    let cookie = cookie(&send(&app, "POST", "/set", None, "").await);
    inspector.skip(Duration::from_secs(1));
    assert_eq!(inspector.newest(), 2);
    send(&app, "GET", "/", Some(&cookie), "").await;
    assert_eq!(inspector.newest(), 3);
    let targets =
        |number| inspector.exchanges_since(number).into_iter().map(|it| it.request.target).collect::<Vec<_>>();
    assert_eq!(
        (targets(0), targets(2), targets(3)),
        (vec!["/set".to_owned(), "/".to_owned()], vec!["/".to_owned()], vec![])
    );
    assert_eq!((inspector.label(&cookie["id=".len()..]), inspector.label("another")), ("A".to_owned(), "B".to_owned()));
}

#[tokio::test]
async fn every_attribute_of_a_cookie_is_on_the_timeline() {
    let (inspector, app) = watched();
    send(&app, "POST", "/set", None, "").await;
    let cookie = inspector.exchanges().pop().unwrap().response.set_cookies.remove(0);
    assert_eq!((cookie.name.as_str(), cookie.label.as_str()), ("id", "A"));
    let attributes: Vec<_> =
        cookie.attributes.iter().map(|attribute| (attribute.text.as_str(), attribute.present)).collect();
    let expected = [
        ("HttpOnly", true),
        ("SameSite=Strict", true),
        ("Secure", true),
        ("Max-Age=1800", true),
        ("Path=/", true),
        ("Domain", false),
    ];
    assert_eq!(attributes, expected);
}

#[tokio::test]
async fn what_is_long_is_cut_wherever_it_stands() {
    let (inspector, app) = watched();
    let long = "x".repeat(5000);
    let cookies = format!("{long}={long}{}", "; a=b".repeat(200));
    send(&app, "POST", &format!("/{long}?q={long}"), Some(&cookies), "").await;
    let request = inspector.exchanges().pop().unwrap().request;
    let cut = format!("{}… (cut: 5000 bytes)", "x".repeat(4096));
    assert_eq!((request.cookies.len(), &request.cookies[0].name, &request.cookies[0].value), (100, &cut, &cut));
    assert_eq!(request.target, format!("/{}… (cut: 10004 bytes)", "x".repeat(4095)));
    assert_eq!(request.cookies[1].label, "B", "a letter stands for the whole value");
}

async fn visit(app: &Router, host: &str, method: &str, path: &str, cookie: &str) -> Response {
    let request = Request::builder().method(method).uri(path).header(header::HOST, host).header(header::COOKIE, cookie);
    app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_visitor_is_known_by_the_host_or_by_the_first_cookie_across_new_ids() {
    let (inspector, app) = watched();
    visit(&app, "localhost", "GET", "/", "").await;
    let first = cookie(&visit(&app, "localhost", "POST", "/set", "theme=dark").await);
    let second = cookie(&visit(&app, "localhost", "POST", "/renew", &format!("theme=dark; {first}")).await);
    visit(&app, "localhost", "GET", "/", &second).await;
    // Any visitor may have the cookie `theme`.
    let other = cookie(&visit(&app, "localhost", "POST", "/set", "theme=dark").await);
    visit(&app, "alice.lesson-1.workbook.localhost", "GET", "/", "theme=dark").await;
    visit(&app, "alice.lesson-1.workbook.localhost", "POST", "/set", "").await;
    visit(&app, "mallory.localhost", "GET", "/", &other).await;
    visit(&app, "localhost", "GET", "/", &other).await;
    let seen: Vec<_> = inspector.exchanges().into_iter().map(|exchange| exchange.visitor).collect();
    assert_eq!(seen, ["", "B", "B", "B", "D", "alice", "alice", "mallory", "D"]);
}

#[tokio::test]
async fn a_cookie_that_comes_back_has_the_attributes_it_was_set_with() {
    let (inspector, app) = watched();
    let id = cookie(&send(&app, "POST", "/set", None, "").await);
    send(&app, "GET", "/", Some(&format!("{id}; other=1")), "").await;
    let [set, back] = inspector.exchanges().try_into().unwrap();
    let [sent, other] = back.request.cookies.try_into().unwrap();
    assert_eq!(sent.attributes, set.response.set_cookies[0].attributes);
    assert!(!sent.attributes.is_empty() && other.attributes.is_empty());
}

#[tokio::test]
async fn an_exchange_says_when_the_session_ends() {
    let half_an_hour = 30 * 60 * 1000;
    let (inspector, app) = watched();
    let id = cookie(&send(&app, "POST", "/set", None, "").await);
    inspector.skip(Duration::from_secs(600));
    send(&app, "GET", "/", Some(&id), "").await;
    send(&app, "GET", "/body", None, "").await;
    send(&app, "POST", "/end", Some(&id), "").await;
    let [made, read, neither, ended] =
        inspector.exchanges().into_iter().map(|exchange| exchange.life).collect::<Vec<_>>().try_into().unwrap();
    let (made, read) = (made.unwrap(), read.unwrap());
    assert_eq!((made.label.as_str(), read.label.as_str()), ("A", "A"));
    // The cookie is set after the record is written.
    let [record, cookie] = [made.record_until, made.cookie_until.unwrap()];
    assert!(record <= cookie && cookie == made.at + half_an_hour, "{made:?}");
    // Reading extends neither of them, although ten minutes have passed.
    assert_eq!((read.record_until, read.cookie_until), (record, Some(cookie)));
    assert!(read.at >= made.at + 600_000, "{read:?}");
    assert_eq!((neither, ended), (None, None));
}

#[tokio::test]
async fn an_app_can_report_its_own_limit() {
    let at = OffsetDateTime::from_unix_timestamp(4_000_000_000).unwrap();
    let told = async move |session: Session, clock: Clock| {
        session.insert("n", 7).await.unwrap();
        clock.note_absolute_limit(at);
    };
    let inspector = Inspector::default();
    let app = Router::new()
        .route("/told", post(told))
        .layer(SessionManagerLayer::new(inspector.observe(MemoryStore::default())));
    let app = inspector.wrap(app);
    send(&app, "POST", "/told", None, "").await;
    let life = inspector.exchanges().pop().unwrap().life.unwrap();
    assert_eq!((life.absolute_until, life.cookie_until), (Some(4_000_000_000_000), None));
    // Outside a request this has no effect.
    inspector.clock().note_absolute_limit(at);
}

#[tokio::test]
async fn the_life_of_a_session_with_a_signed_cookie_is_that_of_the_cookie() {
    let inspector = Inspector::default();
    let layer = SessionManagerLayer::new(inspector.observe(MemoryStore::default()))
        .with_expiry(Expiry::OnInactivity(time::Duration::minutes(30)));
    let signed = async |request: axum::extract::Request, next: axum::middleware::Next| {
        let mut answer = next.run(request).await;
        let sent = answer.headers()[header::SET_COOKIE].to_str().unwrap().replace("id=", "id=c2lnbmF0dXJl");
        answer.headers_mut().insert(header::SET_COOKIE, sent.parse().unwrap());
        answer
    };
    let set = post(|session: Session| async move { session.insert("n", 7).await.unwrap() });
    let app = Router::new().route("/", set).layer(layer).layer(axum::middleware::from_fn(signed));
    send(&inspector.wrap(app), "POST", "/", None, "").await;
    let life = inspector.exchanges().pop().unwrap().life.unwrap();
    assert_eq!((life.label.as_str(), life.cookie_until), ("A", Some(life.at + 30 * 60 * 1000)));
}
