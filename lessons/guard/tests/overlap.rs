//! Tests overlapping requests of one session, over a slow store. The clock is paused and moves only when all tasks
//! wait, so a busy machine changes nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use axum::{
    Router,
    body::Body,
    extract::State,
    http::{
        HeaderMap, Request, StatusCode,
        header::{COOKIE, SET_COOKIE},
    },
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures_util::future::join_all;
use http_body_util::BodyExt;
use session_guard::{Guard, Guarded, Renewal, guard, may_run_again, replace_id, run_again};
use session_inspector::Clock;
use time::OffsetDateTime;
use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout},
};
use tower::ServiceExt;
use tower_sessions::{
    MemoryStore, Session, SessionManagerLayer, SessionStore,
    session::{self, Id, Record},
    session_store::{self, Error},
};

const NAME: &str = "id";
const LATENCY: Duration = Duration::from_millis(20);

/// A store whose calls take twenty milliseconds, and whose saves fail if it is broken.
#[derive(Clone, Debug, Default)]
struct Slow {
    store: MemoryStore,
    is_broken: bool,
}

#[async_trait]
impl SessionStore for Slow {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        sleep(LATENCY).await;
        self.store.create(record).await
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        sleep(LATENCY).await;
        if self.is_broken { Err(Error::Backend("broken pipe".to_owned())) } else { self.store.save(record).await }
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        sleep(LATENCY).await;
        self.store.load(id).await
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        sleep(LATENCY).await;
        self.store.delete(id).await
    }
}

/// The error of a handler whose store has failed.
struct Failed;

impl From<session::Error> for Failed {
    fn from(_: session::Error) -> Self {
        Self
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        (StatusCode::SERVICE_UNAVAILABLE, "the handler failed").into_response()
    }
}

async fn who(session: Session) -> Result<String, Failed> {
    let name: Option<String> = session.get("name").await?;
    let count: u64 = session.get("count").await?.unwrap_or_default();
    Ok(format!("{} {count}", name.as_deref().unwrap_or("nobody")))
}

async fn count(session: Session) -> Result<String, Failed> {
    let count: u64 = session.get("count").await?.unwrap_or_default();
    sleep(LATENCY).await;
    session.insert("count", count + 1).await?;
    Ok((count + 1).to_string())
}

async fn log_in(session: Session) -> Result<&'static str, Failed> {
    may_run_again(true);
    session.insert("name", "alice").await?;
    replace_id(&session).await?;
    Ok("welcome")
}

/// Logs alice in, and fails afterwards.
async fn log_in_and_fail(session: Session) -> Result<&'static str, Failed> {
    log_in(session).await?;
    Err(Failed)
}

async fn log_out(session: Session) -> Result<&'static str, Failed> {
    session.flush().await?;
    Ok("goodbye")
}

/// Writes to the session, and fails afterwards.
async fn count_and_fail(session: Session) -> Result<&'static str, Failed> {
    session.insert("count", 1).await?;
    Err(Failed)
}

/// Answers with the `Cookie` header that arrives at the handler.
async fn cookies(headers: HeaderMap) -> String {
    format!("{:?}", headers.get(COOKIE))
}

/// A page that records each visit in the session.
async fn seen(session: Session) -> Result<String, Failed> {
    count(session).await
}

/// Replaces the ID in a handler that must not run twice.
async fn replace_once(session: Session) -> Result<&'static str, Failed> {
    session.get_value("name").await?;
    sleep(LATENCY).await;
    replace_id(&session).await?;
    Ok("replaced")
}

/// Ends the session and begins another one in the same request.
async fn begin_anew(session: Session) -> Result<&'static str, Failed> {
    session.flush().await?;
    session.insert("name", "somebody else").await?;
    Ok("anew")
}

/// Reads the session, and writes to it after a second notification.
async fn write_later(State(go_on): State<Arc<Notify>>, session: Session) -> Result<&'static str, Failed> {
    session.get_value("name").await?;
    go_on.notify_one(); // the session has been read
    go_on.notified().await;
    session.insert("late", true).await?;
    Ok("written")
}

/// An app, and the clock that it reads.
#[derive(Clone)]
struct App {
    router: Router,
    clock: Clock,
    go_on: Arc<Notify>,
}

impl App {
    fn on<S: SessionStore + Clone>(store: S) -> Self {
        let go_on = Arc::<Notify>::default();
        let router = Router::new()
            .route("/count", post(count))
            .route_layer(from_fn(run_again))
            .route("/count-once", post(count))
            .route("/", get(who).post(who))
            .route("/login", post(log_in))
            .route("/login-and-fail", post(log_in_and_fail))
            .route("/logout", post(log_out))
            .route("/seen", get(seen))
            .route("/replace", post(replace_once))
            .route("/anew", post(begin_anew))
            .route("/late", get(write_later).post(write_later))
            .route("/count-and-fail", post(count_and_fail))
            .route("/cookies", get(cookies))
            .with_state(go_on.clone())
            .layer(from_fn_with_state(Renewal::new(time::Duration::minutes(15)), Renewal::renew))
            .route("/drop", post(log_out)) // no layer has read the session before this handler
            .layer(SessionManagerLayer::new(Guarded::new(store)).with_name(NAME))
            .layer(from_fn_with_state(Guard::new(NAME), guard));
        Self { router, clock: Clock::default(), go_on }
    }

    /// Sends a request with these cookies, at the time of the app's clock.
    async fn send(&self, method: &str, path: &str, cookies: &str) -> Answer {
        let request = Request::builder().method(method).uri(path).extension(self.clock.clone());
        let request = if cookies.is_empty() { request } else { request.header(COOKIE, cookies) };
        self.answer(request.body(Body::empty()).unwrap()).await
    }

    async fn answer(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            body: String::from_utf8_lossy(&body).into_owned(),
            cookie: set_cookie(&parts.headers),
        }
    }

    /// Logs alice in, and returns the cookie of the new session.
    async fn alice(&self) -> String {
        self.send("POST", "/login", "").await.cookie.expect("a session cookie")
    }

    fn skip(&self, time: Duration) {
        self.clock.skip(time);
    }
}

#[derive(Debug)]
struct Answer {
    status: StatusCode,
    body: String,
    /// The cookie that a browser would send from now on. It is empty for a removal.
    cookie: Option<String>,
}

fn set_cookie(headers: &HeaderMap) -> Option<String> {
    let pair = headers.get(SET_COOKIE)?.to_str().unwrap().split(';').next().unwrap().to_owned();
    Some(if pair.ends_with('=') { String::new() } else { pair })
}

/// The age at which an ID is renewed.
const RENEWAL: Duration = Duration::from_secs(15 * 60);
/// The time from the first request with the new ID to the end of the old one.
const GRACE: Duration = Duration::from_secs(30);
const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn no_request_of_a_busy_browser_is_a_strangers_while_the_id_is_renewed() {
    let app = App::on(Slow::default());
    let old = app.alice().await;
    app.skip(RENEWAL);
    let requests = (0..8).map(async |place| {
        sleep(Duration::from_millis(10) * place).await;
        app.send("GET", "/", &old).await
    });
    let answers = join_all(requests).await;
    assert!(answers.iter().all(|answer| answer.body == "alice 0"), "{answers:#?}");
    let new: Vec<_> = answers.iter().filter_map(|answer| answer.cookie.clone()).collect();
    assert_eq!(new.len(), 1, "one of them renews the ID, and the others get no cookie: {answers:#?}");
    assert!(!new[0].is_empty() && new[0] != old);
    assert_eq!(app.send("GET", "/", &new[0]).await.body, "alice 0");
}

#[tokio::test(start_paused = true)]
async fn nothing_that_requests_write_around_a_renewal_is_lost() {
    let app = App::on(Slow::default());
    let old = app.alice().await;
    app.skip(RENEWAL);
    let requests = (0..8).map(async |place| {
        sleep(Duration::from_millis(10) * place).await;
        app.send("POST", "/count", &old).await
    });
    let answers = join_all(requests).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK), "{answers:#?}");
    let new = answers.into_iter().filter_map(|answer| answer.cookie).next().expect("a new ID");
    assert_eq!(app.send("GET", "/", &new).await.body, "alice 8");
}

#[tokio::test(start_paused = true)]
async fn an_old_id_is_of_no_use_after_its_grace_period_and_never_leads_to_the_new_one() {
    let app = App::on(Slow::default());
    let old = app.alice().await;
    app.skip(RENEWAL);
    let new = app.send("GET", "/", &old).await.cookie.unwrap();
    let thief = app.send("POST", "/count", &old).await;
    assert_eq!((thief.status, thief.cookie), (StatusCode::OK, None), "served, without a cookie");
    app.send("GET", "/", &new).await;
    app.skip(GRACE);
    let thief = app.send("GET", "/", &old).await;
    assert_eq!(thief.body, "nobody 0");
    assert_eq!(app.send("GET", "/", &new).await.body, "alice 1");
}

#[tokio::test(start_paused = true)]
async fn a_browser_that_never_got_the_new_id_keeps_its_session() {
    let app = App::on(Slow::default());
    let old = app.alice().await;
    app.skip(RENEWAL);
    drop(app.send("GET", "/", &old).await); // the browser does not receive the answer
    app.skip(GRACE);
    let again = app.send("GET", "/", &old).await;
    assert_eq!(again.body, "alice 0");
    let new = again.cookie.expect("another new ID");
    assert_eq!(app.send("GET", "/", &new).await.body, "alice 0");
    app.skip(GRACE);
    assert_eq!(app.send("GET", "/", &old).await.body, "nobody 0", "the first ID of three");
    assert_eq!(app.send("GET", "/", &new).await.body, "alice 0");
}

#[tokio::test(start_paused = true)]
async fn a_logout_with_an_old_id_ends_the_session_for_every_id() {
    let app = App::on(Slow::default());
    let old = app.alice().await;
    app.skip(RENEWAL);
    let new = app.send("GET", "/", &old).await.cookie.unwrap();
    assert_eq!(app.send("POST", "/logout", &old).await.status, StatusCode::OK);
    for id in [&old, &new] {
        assert_eq!(app.send("GET", "/", id).await.body, "nobody 0");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_runs_during_a_login_gets_no_cookie() {
    let app = App::on(Slow::default());
    let guest = app.send("POST", "/count", "").await.cookie.unwrap();
    let new = app.send("POST", "/login", &guest).await.cookie.unwrap();
    let reading = app.send("GET", "/", &guest).await;
    assert_eq!((reading.body.as_str(), reading.cookie), ("nobody 0", None));
    let writing = app.send("POST", "/count", &guest).await;
    assert_eq!((writing.status, writing.cookie), (StatusCode::CONFLICT, None));
    assert!(writing.body.starts_with("You have just logged in"), "{}", writing.body);
    assert_eq!(app.send("GET", "/", &new).await.body, "alice 1", "the guest's data stays");
    // The guest may log in again, from another tab.
    let tab = app.send("POST", "/login", &guest).await;
    assert_eq!(tab.status, StatusCode::OK);
    assert_eq!(app.send("GET", "/", &tab.cookie.unwrap()).await.body, "alice 0");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_fails_after_the_id_has_changed_sends_the_new_id() {
    let app = App::on(Slow::default());
    let guest = app.send("POST", "/count", "").await.cookie.unwrap();
    let failed = app.send("POST", "/login-and-fail", &guest).await;
    assert_eq!(failed.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(app.send("GET", "/", &failed.cookie.unwrap()).await.body, "alice 1");
}

#[tokio::test(start_paused = true)]
async fn what_began_before_a_login_and_writes_after_it_is_refused_and_undoes_nothing() {
    let app = App::on(Slow::default());
    let guest = app.send("POST", "/count", "").await.cookie.unwrap();
    let late = tokio::spawn({
        let (app, guest) = (app.clone(), guest.clone());
        async move { app.send("POST", "/late", &guest).await }
    });
    app.go_on.notified().await;
    let new = app.send("POST", "/login", &guest).await.cookie.unwrap();
    app.go_on.notify_one();
    let late = late.await.unwrap();
    assert_eq!((late.status, late.cookie), (StatusCode::CONFLICT, None));
    assert_eq!(app.send("GET", "/", &new).await.body, "alice 1");
}

#[tokio::test(start_paused = true)]
async fn a_login_takes_along_what_a_request_beside_it_has_written() {
    for delay in 0..12 {
        let app = App::on(Slow::default());
        let guest = app.send("POST", "/count", "").await.cookie.unwrap();
        let login = async {
            sleep(LATENCY / 2 * delay).await;
            app.send("POST", "/login", &guest).await
        };
        let (count, login) = tokio::join!(app.send("POST", "/count", &guest), login);
        let counted = if count.status == StatusCode::OK { "alice 2" } else { "alice 1" };
        assert_eq!(app.send("GET", "/", &login.cookie.unwrap()).await.body, counted, "{delay}: {count:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_save_never_brings_back_a_session_that_has_ended() {
    let app = App::on(Slow::default());
    let alice = app.alice().await;
    let late = tokio::spawn({
        let (app, alice) = (app.clone(), alice.clone());
        async move { app.send("POST", "/late", &alice).await }
    });
    app.go_on.notified().await;
    let logout = app.send("POST", "/logout", &alice).await;
    assert_eq!(logout.cookie.as_deref(), Some(""), "the browser is told to remove it");
    app.go_on.notify_one();
    let late = late.await.unwrap();
    assert_eq!((late.status, late.cookie), (StatusCode::CONFLICT, None));
    assert!(late.body.starts_with("Your session has ended"), "{}", late.body);
    assert_eq!(app.send("GET", "/", &alice).await.body, "nobody 0");
}

#[tokio::test(start_paused = true)]
async fn a_logout_that_the_store_refuses_is_not_reported_as_done() {
    let store = Slow::default();
    let alice = App::on(store.clone()).alice().await;
    let app = App::on(Slow { is_broken: true, ..store });
    assert_eq!(app.send("POST", "/logout", &alice).await.status, StatusCode::SERVICE_UNAVAILABLE);
    // Alice is still logged in, and the page says so.
    assert_eq!(app.send("GET", "/", &alice).await.body, "alice 0");
    // Here the save of the session layer fails, after the handler.
    assert_eq!(app.send("POST", "/count", &alice).await.status, StatusCode::INTERNAL_SERVER_ERROR);
}

/// A store with a damaged record under this ID.
#[derive(Clone, Debug)]
struct Damaged(Slow, Id);

#[async_trait]
impl SessionStore for Damaged {
    async fn save(&self, record: &Record) -> session_store::Result<()> {
        self.0.save(record).await
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        let found = self.0.load(id).await?;
        if *id == self.1 && found.is_some() { Err(Error::Decode("half a record".to_owned())) } else { Ok(found) }
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        self.0.delete(id).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_that_cannot_be_read_can_be_ended() {
    let mut record = Record { id: Id::default(), data: [].into(), expiry_date: OffsetDateTime::now_utc() + RENEWAL };
    let store = Damaged(Slow::default(), record.id);
    store.create(&mut record).await.unwrap();
    let app = App::on(store);
    let cookie = format!("{NAME}={}", record.id);
    assert_eq!(app.send("GET", "/", &cookie).await.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(app.send("POST", "/drop", &cookie).await.cookie.as_deref(), Some(""));
    assert_eq!(app.send("GET", "/", &cookie).await.body, "nobody 0");
}

#[tokio::test(start_paused = true)]
async fn ending_a_session_and_beginning_another_in_one_request_makes_a_new_id() {
    let app = App::on(Slow::default());
    let alice = app.alice().await;
    let new = app.send("POST", "/anew", &alice).await.cookie.unwrap();
    assert_ne!(new, alice);
    assert_eq!(app.send("GET", "/", &alice).await.body, "nobody 0");
    assert_eq!(app.send("GET", "/", &new).await.body, "somebody else 0");
}

#[tokio::test(start_paused = true)]
async fn an_id_that_nobody_issued_is_never_taken_up() {
    let app = App::on(Slow::default());
    for path in ["/count", "/login", "/anew"] {
        let answer = app.send("POST", path, "id=AAAAAAAAAAAAAAAAAAAAAA").await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(!answer.cookie.unwrap().contains("AAAAAAAAAAAAAAAAAAAAAA"));
        assert_eq!(app.send("GET", "/", "id=AAAAAAAAAAAAAAAAAAAAAA").await.body, "nobody 0");
    }
}

#[tokio::test(start_paused = true)]
async fn requests_that_may_run_again_all_succeed_and_others_get_a_conflict() {
    let app = App::on(Slow::default());
    let alice = app.alice().await;
    let all = join_all((0..10).map(|_| app.send("POST", "/count", &alice))).await;
    assert!(all.iter().all(|answer| answer.status == StatusCode::OK), "{all:#?}");
    assert_eq!(app.send("GET", "/", &alice).await.body, "alice 10");
    let once = join_all((0..10).map(|_| app.send("POST", "/count-once", &alice))).await;
    let done = once.iter().filter(|answer| answer.status == StatusCode::OK).count();
    assert!(once.iter().all(|answer| matches!(answer.status, StatusCode::OK | StatusCode::CONFLICT)), "{once:#?}");
    assert!(done < 10, "of ten at the same moment some meet another");
    assert_eq!(app.send("GET", "/", &alice).await.body, format!("alice {}", 10 + done));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_too_long_to_be_kept_reaches_its_handler_once() {
    let app = App::on(Slow::default());
    let alice = app.alice().await;
    for length in [64 * 1024, 64 * 1024 + 1] {
        let body = Body::from(vec![b'x'; length]);
        let request = Request::post("/count").header(COOKIE, &alice).body(body).unwrap();
        assert_eq!(app.answer(request).await.status, StatusCode::OK);
    }
    let body = Body::from_stream(futures_util::stream::iter([Ok::<_, std::io::Error>("of no known length")]));
    let request = Request::post("/count").header(COOKIE, &alice).body(body).unwrap();
    assert_eq!(app.answer(request).await.body, "3");
}

#[tokio::test(start_paused = true)]
async fn a_body_runs_again_with_its_request_up_to_its_longest() {
    let app = App::on(Slow::default());
    for (length, refused) in [(64 * 1024, 0), (64 * 1024 + 1, 1)] {
        let alice = app.alice().await;
        let send = || {
            let request = Request::post("/count").header(COOKIE, &alice).body(Body::from(vec![b'x'; length]));
            app.answer(request.unwrap())
        };
        let (one, two) = tokio::join!(send(), send());
        let conflicts = [one, two].iter().filter(|answer| answer.status == StatusCode::CONFLICT).count();
        assert_eq!(conflicts, refused, "{length}");
    }
}

/// A store in which another request has always saved first.
#[derive(Clone, Debug, Default)]
struct AlwaysLate(MemoryStore, Arc<AtomicUsize>);

#[async_trait]
impl SessionStore for AlwaysLate {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        self.0.create(record).await
    }

    async fn save(&self, _: &Record) -> session_store::Result<()> {
        self.1.fetch_add(1, Ordering::Relaxed);
        Err(session_guard::version::conflict())
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        self.0.load(id).await
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        self.0.delete(id).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_with_a_conflict_at_every_run_gets_409_after_forty_runs() {
    let store = AlwaysLate::default();
    let saves = store.1.clone();
    let app = App::on(store);
    let guest = app.send("POST", "/count", "").await.cookie.unwrap();
    let begun = Instant::now();
    let answer = timeout(MINUTE, app.send("POST", "/count", &guest)).await.expect("it ends");
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert_eq!(saves.load(Ordering::Relaxed), 40);
    // The handler takes twenty milliseconds each time. The 39 pauses are random, from 0 to 32 milliseconds, so they are
    // not all short.
    assert!(begun.elapsed() > 40 * LATENCY + Duration::from_millis(100), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_neighbours_cookies_do_not_hide_the_session() {
    let app = App::on(Slow::default());
    let alice = app.alice().await;
    for cookies in [format!("who=caf\u{e9}; {alice}"), format!("{alice}; who=caf\u{e9}"), format!("a=1; {alice}; b=2")]
    {
        let latin_1: Vec<u8> = cookies.chars().map(|character| character as u8).collect();
        let request = Request::get("/").header(COOKIE, latin_1.as_slice()).body(Body::empty()).unwrap();
        assert_eq!(app.answer(request).await.body, "alice 0", "{cookies}");
    }
    for (path, said) in [("/", "nobody 0"), ("/cookies", "None")] {
        let request = Request::get(path).header(COOKIE, &b"who=caf\xe9"[..]).body(Body::empty()).unwrap();
        assert_eq!(app.answer(request).await.body, said);
    }
}

/// The cookie parser decodes names, but a browser looks for `__Host-` in the name as it was sent.
#[tokio::test(start_paused = true)]
async fn a_cookie_whose_name_is_written_with_a_percent_sign_is_no_session() {
    let app = App::on(Slow::default());
    let (alice, mallory) = (app.alice().await, app.alice().await);
    app.send("POST", "/count", &alice).await;
    let id = mallory.strip_prefix(NAME).unwrap();
    let (first, rest) = NAME.split_at(1);
    for name in [format!("%{:02X}{rest}", first.as_bytes()[0]), format!("%{:02x}{rest}", first.as_bytes()[0])] {
        let tossed = format!("{name}{id}");
        assert_eq!(app.send("GET", "/", &tossed).await.body, "nobody 0", "{tossed}");
        for cookies in [format!("{alice}; {tossed}"), format!("{tossed}; {alice}"), format!("a=%5F; {alice};{tossed}")]
        {
            assert_eq!(app.send("GET", "/", &cookies).await.body, "alice 1", "{cookies}");
        }
        let two_lines = Request::get("/").header(COOKIE, &alice).header(COOKIE, &tossed).body(Body::empty()).unwrap();
        assert_eq!(app.answer(two_lines).await.body, "alice 1");
    }
    assert_eq!(app.send("GET", "/cookies", "%41=1; b=%5F; c").await.body, r#"Some(" b=%5F; c")"#, "values stay");
}

#[tokio::test(start_paused = true)]
async fn two_cookies_of_one_name_are_one_session_for_everybody() {
    let app = App::on(Slow::default());
    let (alice, bob) = (app.alice().await, app.alice().await);
    // The session layer reads the last cookie, and no other code reads the first.
    let both = format!("{bob}; {alice}");
    join_all((0..10).map(|_| app.send("POST", "/count", &both))).await;
    assert_eq!(app.send("GET", "/", &alice).await.body, "alice 10");
    assert_eq!(app.send("GET", "/", &bob).await.body, "alice 0");
}

#[tokio::test(start_paused = true)]
async fn an_id_is_renewed_when_it_is_old_enough_and_not_before() {
    let app = App::on(Slow::default());
    let alice = app.alice().await;
    app.skip(RENEWAL - MINUTE);
    let young = app.send("GET", "/", &alice).await;
    assert_eq!((young.body.as_str(), young.cookie), ("alice 0", None));
    app.skip(MINUTE);
    let new = app.send("GET", "/", &alice).await.cookie.expect("a new ID");
    // The next requests confirm the new ID, which is too young for another renewal.
    for _ in 0..2 {
        let cookie = app.send("GET", "/", &new).await.cookie;
        assert!(cookie.is_none_or(|cookie| cookie == new), "to confirm the ID is a change, and no new ID");
    }
}

#[tokio::test(start_paused = true)]
async fn an_old_id_leads_on_for_a_while_after_a_browser_has_shown_the_new_one() {
    let app = App::on(Slow::default());
    let old = app.alice().await;
    app.skip(RENEWAL);
    let new = app.send("GET", "/", &old).await.cookie.unwrap();
    app.send("GET", "/", &new).await;
    app.skip(GRACE / 2);
    assert_eq!(app.send("GET", "/", &old).await.body, "alice 0");
    app.skip(GRACE / 2);
    assert_eq!(app.send("GET", "/", &old).await.body, "nobody 0");
}

#[tokio::test(start_paused = true)]
async fn the_age_of_an_id_begins_at_a_login() {
    let app = App::on(Slow::default());
    let guest = app.send("POST", "/count", "").await.cookie.unwrap();
    app.skip(RENEWAL - MINUTE);
    let alice = app.send("POST", "/login", &guest).await.cookie.unwrap();
    app.skip(RENEWAL - MINUTE);
    assert_eq!(app.send("GET", "/", &alice).await.cookie, None);
    app.skip(MINUTE);
    assert!(app.send("GET", "/", &alice).await.cookie.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_failed_answer_without_a_new_id_keeps_nothing() {
    let app = App::on(Slow::default());
    let alice = app.alice().await;
    let failed = app.send("POST", "/count-and-fail", &alice).await;
    assert_eq!((failed.status, failed.cookie), (StatusCode::SERVICE_UNAVAILABLE, None));
    assert_eq!(app.send("GET", "/", &alice).await.body, "alice 0");
}

#[tokio::test(start_paused = true)]
async fn a_session_from_before_there_was_renewal_is_not_written_by_reading_it() {
    let store = Slow::default();
    let data = [("name".to_owned(), "alice".into())].into();
    let mut record = Record { id: Id::default(), data, expiry_date: OffsetDateTime::now_utc() + RENEWAL };
    store.create(&mut record).await.unwrap();
    let app = App::on(store.clone());
    let answer = app.send("GET", "/", &format!("{NAME}={}", record.id)).await;
    assert_eq!((answer.body.as_str(), answer.cookie), ("alice 0", None));
    assert_eq!(store.load(&record.id).await.unwrap(), Some(record));
}

#[tokio::test(start_paused = true)]
async fn a_page_whose_session_has_ended_meanwhile_is_shown_as_to_a_stranger() {
    let app = App::on(Slow::default());
    let alice = app.alice().await;
    let page = tokio::spawn({
        let (app, alice) = (app.clone(), alice.clone());
        async move { app.send("GET", "/late", &alice).await }
    });
    app.go_on.notified().await;
    app.send("POST", "/logout", &alice).await;
    app.go_on.notify_one();
    let page = page.await.unwrap();
    assert_eq!((page.status, page.body.as_str()), (StatusCode::OK, "written"));
    // The same holds after a login. Here the change is not kept, because its cookie would overwrite the new one.
    let guest = app.send("POST", "/count", "").await.cookie.unwrap();
    app.send("POST", "/login", &guest).await;
    let page = app.send("GET", "/late", &guest).await;
    assert_eq!((page.status, page.cookie), (StatusCode::OK, None));
}

/// Sends a request as alice, and another one after this many half latencies. Returns both answers, and the page that
/// her cookie shows afterwards.
async fn beside(first: &str, delay: u32, second: &str) -> (Answer, Answer, String) {
    let app = App::on(Slow::default());
    let alice = app.alice().await;
    let later = async {
        sleep(LATENCY / 2 * delay).await;
        app.send("POST", second, &alice).await
    };
    let (first, second) = tokio::join!(app.send("POST", first, &alice), later);
    (first, second, app.send("GET", "/", &alice).await.body)
}

#[tokio::test(start_paused = true)]
async fn a_logout_and_a_login_are_done_whatever_else_is_running() {
    for delay in 0..12 {
        for other in ["/count", "/logout", "/login"] {
            let (_, logout, alice) = beside(other, delay, "/logout").await;
            assert_eq!((logout.status, alice.as_str()), (StatusCode::OK, "nobody 0"), "{other} {delay}");
            let (_, login, alice) = beside(other, delay, "/login").await;
            assert_eq!((login.status, alice.as_str()), (StatusCode::OK, "nobody 0"), "{other} {delay}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_renewal_beside_a_logout_brings_nothing_back() {
    for delay in 0..12 {
        let app = App::on(Slow::default());
        let alice = app.alice().await;
        app.skip(RENEWAL);
        let logout = async {
            sleep(LATENCY / 2 * delay).await;
            app.send("POST", "/logout", &alice).await
        };
        let (page, logout) = tokio::join!(app.send("GET", "/", &alice), logout);
        assert_eq!(logout.status, StatusCode::OK, "{delay}");
        for cookie in [Some(alice.clone()), page.cookie, logout.cookie].into_iter().flatten() {
            assert_eq!(app.send("GET", "/", &cookie).await.body, "nobody 0", "{delay}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn pages_that_meet_each_other_are_all_shown_whatever_is_around_their_empty_bodies() {
    let app = App::on(Slow::default());
    let alice = app.alice().await;
    let pages = (0..10).map(|_| {
        let nothing = Body::from_stream(futures_util::stream::empty::<Result<Vec<u8>, std::io::Error>>());
        app.answer(Request::get("/seen").header(COOKIE, &alice).body(nothing).unwrap())
    });
    let answers = join_all(pages).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK), "{answers:#?}");
    assert_eq!(app.send("GET", "/", &alice).await.body, "alice 10");
}

#[tokio::test(start_paused = true)]
async fn a_late_request_after_a_logout_neither_sets_nor_removes_a_cookie() {
    let app = App::on(Slow::default());
    let alice = app.alice().await;
    app.send("POST", "/logout", &alice).await;
    for (method, path) in [("GET", "/"), ("GET", "/seen"), ("POST", "/drop"), ("POST", "/logout")] {
        let late = app.send(method, path, &alice).await;
        assert_eq!((late.status, late.cookie), (StatusCode::OK, None), "{method} {path}");
    }
    let late = app.send("POST", "/count", &alice).await;
    assert_eq!((late.status, late.cookie), (StatusCode::CONFLICT, None));
}

#[tokio::test(start_paused = true)]
async fn of_several_that_replace_an_id_at_once_one_does_and_there_is_one_session() {
    let app = App::on(Slow::default());
    let alice = app.alice().await;
    let answers = join_all((0..4).map(|_| app.send("POST", "/replace", &alice))).await;
    let (done, told): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == StatusCode::OK);
    assert_eq!((done.len(), told.len()), (1, 3), "{told:#?}");
    assert!(told.iter().all(|answer| answer.status == StatusCode::CONFLICT && answer.cookie.is_none()), "{told:#?}");
    assert_eq!(app.send("GET", "/", done[0].cookie.as_ref().unwrap()).await.body, "alice 0");
}
