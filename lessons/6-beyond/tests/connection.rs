//! Tests long-lived connections: who may open one, what keeps its session alive, and how the end of the session closes
//! them.

#[path = "../../../tests/chromium/mod.rs"]
mod chromium;
#[path = "../../../tests/required/mod.rs"]
mod required;
#[path = "../../3-backends/tests/services/mod.rs"]
mod services;

use std::{
    process::ExitCode,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{
        HeaderMap, Response, StatusCode,
        header::{CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN, SET_COOKIE},
    },
    middleware::{Next, from_fn_with_state},
    routing::{get, post},
};
use chromium::{wait_for, wait_for_words};
use futures_util::{SinkExt, StreamExt};
use http_body_util::BodyExt;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use lesson_3::store::{memory::Memory, redis::Redis};
use lesson_6::{
    app_with,
    connection::{Channel, routes},
    elsewhere::ClientChecks,
    release::drain::{Drained, serve},
};
use required::trial;
use services::{REDIS, Service, missing};
use session_inspector::{Inspector, Operation};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::oneshot,
    time::{sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};
use tower::ServiceExt;
use tower_sessions::{MemoryStore, Session, SessionStore};

fn main() -> ExitCode {
    required::run(vec![
        trial!(async only_a_page_of_this_very_origin_opens_the_socket),
        trial!(async a_check_of_forms_lets_the_handshake_of_a_foreign_page_pass),
        trial!(async nobody_opens_a_connection_without_a_login),
        trial!(async a_purchase_is_sent_to_every_connection_of_its_user_and_to_no_other),
        trial!(async a_logout_ends_the_connections_of_that_login_and_of_no_other),
        trial!(async another_login_in_the_same_browser_ends_the_connections_of_the_first),
        trial!(async what_ends_a_session_or_its_id_in_another_part_of_the_app_ends_its_connections),
        trial!(async a_socket_that_keeps_the_session_of_its_handshake_outlives_the_logout),
        trial!(async an_open_connection_keeps_no_session_alive_and_a_message_does),
        trial!(async a_message_is_saved_on_top_of_what_other_requests_have_saved),
        trial!(async a_login_has_so_many_connections_and_no_more),
        trial!(async an_instance_that_ends_closes_its_connections_and_the_logins_continue),
        trial!(async the_graceful_shutdown_of_axum_does_not_wait_for_a_websocket),
        trial!(async a_page_of_a_neighboring_host_takes_no_place_of_a_login),
        trial!(async events_that_nobody_reads_take_no_place_after_a_while),
        trial!(async a_message_that_is_too_long_ends_the_connection),
        trial!(async a_close_frame_says_why_a_connection_ends),
        trial!(async a_frame_that_announces_too_much_is_not_waited_for),
        trial!(async a_logout_at_one_instance_closes_the_connections_at_the_other, missing(REDIS)),
        trial!(async a_logout_that_redis_did_not_report_is_noticed_at_the_next_check, missing(REDIS)),
        trial!(async when_redis_is_back_every_connection_looks_at_its_session, missing(REDIS)),
        trial!(async a_page_on_a_neighboring_host_rides_the_open_socket_and_not_ours, chromium::missing()),
        trial!(async the_page_shows_both_connections_and_their_end, chromium::missing()),
    ])
}

/// The last message on a connection. It is also true after the session has got a new ID.
const ENDED: &str = "The session of this connection has ended. Load the page again.";
/// A test that passes does not wait for this long.
const AT_MOST: Duration = Duration::from_secs(30);
/// An interval between checks that is too long for a check to close a connection.
const NEVER: Duration = Duration::from_secs(24 * 3600);
/// An interval between checks that is short enough for a test to wait for one.
const OFTEN: Duration = Duration::from_millis(10);
const MINUTE: Duration = Duration::from_secs(60);

/// Waits for this future, for a limited time.
async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(AT_MOST, future).await.unwrap_or_else(|_| panic!("waited in vain: {what}"))
}

/// An instance of the app, on its own port.
struct Instance {
    port: u16,
    router: Router,
    inspector: Inspector,
}

impl Instance {
    async fn alone(check_every: Duration) -> Self {
        Self::of(Channel::in_process(), check_every, MemoryStore::default()).await
    }

    async fn of<S: SessionStore + Clone>(channel: Channel, check_every: Duration, store: S) -> Self {
        Self::with(|router| router, channel, check_every, store).await
    }

    async fn with<S: SessionStore + Clone>(
        around: impl FnOnce(Router) -> Router,
        channel: Channel,
        check_every: Duration,
        store: S,
    ) -> Self {
        let notes = Router::new()
            .route("/note", get(read_note).post(write_note))
            .route("/leave", post(leave))
            .route("/renew", post(renew));
        let inspector = Inspector::default();
        let more = notes.merge(routes(channel.clone(), check_every));
        let router = around(inspector.wrap(app_with(ClientChecks::ALL, more, channel, inspector.observe(store))));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(axum::serve(listener, router.clone()).into_future());
        Self { port, router, inspector }
    }

    fn origin(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    async fn log_in(&self, user: &str) -> Visitor<'_> {
        let mut visitor = Visitor { at: self, cookie: String::new() };
        visitor.log_in(user).await;
        visitor
    }

    /// Returns the same visitor at this instance.
    fn meets<'i>(&'i self, visitor: &Visitor<'_>) -> Visitor<'i> {
        Visitor { at: self, cookie: visitor.cookie.clone() }
    }
}

/// Another part of the app, which writes to the same session.
async fn write_note(session: Session) {
    session.insert("note", "remember the milk").await.unwrap();
}

async fn read_note(session: Session) -> String {
    session.get("note").await.unwrap().unwrap_or_default()
}

async fn leave(session: Session) {
    session.flush().await.unwrap();
}

async fn renew(session: Session) {
    session_guard::replace_id(&session).await.unwrap();
}

/// A browser with one cookie.
struct Visitor<'i> {
    at: &'i Instance,
    cookie: String,
}

type Socket = WebSocketStream<TcpStream>;

impl Visitor<'_> {
    async fn log_in(&mut self, user: &str) {
        let answer = self.post("/connection/login", &format!("username={user}")).await;
        assert_eq!(answer.headers()[LOCATION], "/connection");
        let cookie = answer.headers()[SET_COOKIE].to_str().unwrap();
        self.cookie = cookie.split(';').next().unwrap().to_owned();
    }

    async fn log_out(&self) {
        let answer = self.post("/connection/logout", "").await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    }

    async fn post(&self, path: &str, form: &str) -> Response<Body> {
        let request = Request::post(path)
            .header(HOST, format!("localhost:{}", self.at.port))
            .header(COOKIE, &self.cookie)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()));
        self.at.router.clone().oneshot(request.unwrap()).await.unwrap()
    }

    async fn reads(&self, path: &str) -> String {
        let request = Request::get(path).header(HOST, "localhost").header(COOKIE, &self.cookie).body(Body::empty());
        let answer = self.at.router.clone().oneshot(request.unwrap()).await.unwrap();
        String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    /// Opens a socket from a page of this origin, or returns the status of the refusal.
    async fn opens(&self, path: &str, origin: Option<&str>) -> Result<Socket, u16> {
        let mut request = format!("ws://localhost:{}{path}", self.at.port).into_client_request().unwrap();
        request.headers_mut().insert(COOKIE, self.cookie.parse().unwrap());
        if let Some(origin) = origin {
            request.headers_mut().insert(ORIGIN, origin.parse().unwrap());
        }
        let stream = TcpStream::connect(("127.0.0.1", self.at.port)).await.unwrap();
        match client_async(request, stream).await {
            Ok((socket, _)) => Ok(socket),
            Err(Error::Http(refusal)) => Err(refusal.status().as_u16()),
            Err(error) => panic!("{path}: {error}"),
        }
    }

    /// Opens the app's socket from its own page, and reads the greeting.
    async fn connects(&self) -> Socket {
        let mut socket = self.opens("/connection/socket", Some(&self.at.origin())).await.unwrap();
        let greeting = hears(&mut socket).await;
        assert!(greeting.starts_with("You are "), "{greeting}");
        socket
    }

    /// Opens the stream of events, and reads the greeting.
    async fn listens(&self) -> Events {
        let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
        let request = Request::get(format!("{}/connection/events", self.at.origin())).header(COOKIE, &self.cookie);
        let answer = client.request(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.headers()[CONTENT_TYPE], "text/event-stream");
        let mut events = Events(Body::new(answer.into_body()));
        assert!(events.next().await.unwrap().starts_with("data: You are "));
        events
    }

    async fn status_of_events(&self) -> u16 {
        let request = Request::get("/connection/events").header(COOKIE, &self.cookie).body(Body::empty());
        self.at.router.clone().oneshot(request.unwrap()).await.unwrap().status().as_u16()
    }
}

/// The stream of events.
struct Events(Body);

impl Events {
    /// Returns the next event, or `None` after the last one.
    async fn next(&mut self) -> Option<String> {
        let frame = soon("an event", self.0.frame()).await?.unwrap();
        Some(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap())
    }

    async fn ends(mut self) {
        assert_eq!(self.next().await.as_deref(), Some(&*format!("event: ended\ndata: {ENDED}\n\n")));
        assert_eq!(self.next().await, None);
    }
}

async fn says(socket: &mut Socket, words: &str) {
    socket.send(Message::text(words)).await.unwrap();
}

async fn hears(socket: &mut Socket) -> String {
    loop {
        match soon("a message", socket.next()).await.expect("it is open").unwrap() {
            Message::Text(words) => return words.to_string(),
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Waits until the server closes the socket, and checks its reason: the session has ended.
async fn is_closed(mut socket: Socket) {
    match soon("the end", socket.next()).await.expect("it is open").unwrap() {
        Message::Close(Some(CloseFrame { code, reason })) => {
            assert_eq!((u16::from(code), reason.as_str()), (1008, ENDED));
        }
        other => panic!("{other:?}"),
    }
}

async fn only_a_page_of_this_very_origin_opens_the_socket() {
    let instance = Instance::alone(NEVER).await;
    let alice = instance.log_in("alice").await;
    let port = instance.port;
    let others = [
        "http://evil.example".to_owned(),
        format!("http://evil.localhost:{port}"),
        format!("http://localhost:{}", port - 1),
        format!("http://localhost:{port}.evil.example"),
        "http://localhost".to_owned(),
        "null".to_owned(),
    ];
    for origin in others.iter().map(|origin| Some(origin.as_str())).chain([None]) {
        assert_eq!(alice.opens("/connection/socket", origin).await.err(), Some(403), "{origin:?}");
        let mut vulnerable = alice.opens("/connection/vulnerable", origin).await.unwrap();
        says(&mut vulnerable, "yacht").await;
        assert!(hears(&mut vulnerable).await.starts_with("You are alice. Your orders: yacht"), "{origin:?}");
    }
    alice.connects().await;
}

/// The check that refuses forms of other origins ignores a WebSocket, because its handshake is a GET.
async fn a_check_of_forms_lets_the_handshake_of_a_foreign_page_pass() {
    let instance = Instance::alone(NEVER).await;
    let alice = instance.log_in("alice").await;
    let form = Request::post("/connection/buy").header(HOST, "localhost").header(ORIGIN, "http://evil.example");
    let refused = instance.router.clone().oneshot(form.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let mut socket = alice.opens("/connection/vulnerable", Some("http://evil.example")).await.unwrap();
    says(&mut socket, "yacht").await;
    assert_eq!(hears(&mut socket).await, "You are alice. Your orders: yacht.");
}

async fn nobody_opens_a_connection_without_a_login() {
    let instance = Instance::alone(NEVER).await;
    let alice = instance.log_in("alice").await;
    let stranger = Visitor { at: &instance, cookie: "a=1".to_owned() };
    assert_eq!(stranger.opens("/connection/socket", Some(&instance.origin())).await.err(), Some(401));
    assert_eq!(stranger.status_of_events().await, 401);
    alice.log_out().await;
    assert_eq!(alice.opens("/connection/socket", Some(&instance.origin())).await.err(), Some(401));
    assert_eq!(alice.status_of_events().await, 401);
    assert_eq!(stranger.post("/connection/login", "username=mallory").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(stranger.post("/connection/buy", "item=cup").await.status(), StatusCode::UNAUTHORIZED);
}

async fn a_purchase_is_sent_to_every_connection_of_its_user_and_to_no_other() {
    let instance = Instance::alone(NEVER).await;
    let (alice, bob) = (instance.log_in("alice").await, instance.log_in("bob").await);
    let (mut hers, mut events, mut his) = (alice.connects().await, alice.listens().await, bob.connects().await);
    alice.post("/connection/buy", "item=cup").await;
    assert_eq!(hears(&mut hers).await, "Bought: cup.");
    assert_eq!(events.next().await.unwrap(), "data: Bought: cup.\n\n");
    says(&mut his, "boat").await;
    assert_eq!(hears(&mut his).await, "The shop does not sell this.", "and before that he heard nothing");
    assert_eq!(alice.post("/connection/buy", "item=boat").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(alice.reads("/connection").await.contains("Your orders: cup."));
}

async fn a_logout_ends_the_connections_of_that_login_and_of_no_other() {
    let instance = Instance::alone(NEVER).await;
    let (here, there) = (instance.log_in("alice").await, instance.log_in("alice").await);
    let (socket, events, mut other) = (here.connects().await, here.listens().await, there.connects().await);
    here.log_out().await;
    is_closed(socket).await;
    events.ends().await;
    says(&mut other, "cup").await;
    let heard = [hears(&mut other).await, hears(&mut other).await];
    assert!(heard.contains(&"You have ordered: cup.".to_owned()), "{heard:?}");
}

async fn another_login_in_the_same_browser_ends_the_connections_of_the_first() {
    let instance = Instance::alone(NEVER).await;
    let mut browser = instance.log_in("alice").await;
    let (socket, events) = (browser.connects().await, browser.listens().await);
    browser.log_in("bob").await;
    is_closed(socket).await;
    events.ends().await;
    assert!(browser.reads("/connection").await.contains("You are logged in as bob"));
}

async fn what_ends_a_session_or_its_id_in_another_part_of_the_app_ends_its_connections() {
    let instance = Instance::alone(NEVER).await;
    let mut other = instance.log_in("alice").await.connects().await;
    for path in ["/leave", "/renew"] {
        let alice = instance.log_in("alice").await;
        let (socket, events) = (alice.connects().await, alice.listens().await);
        assert_eq!(alice.post(path, "").await.status(), StatusCode::OK, "{path}");
        is_closed(socket).await;
        events.ends().await;
    }
    says(&mut other, "boat").await;
    assert_eq!(hears(&mut other).await, "The shop does not sell this.", "another session goes on");
}

async fn a_socket_that_keeps_the_session_of_its_handshake_outlives_the_logout() {
    let instance = Instance::alone(NEVER).await;
    let alice = instance.log_in("alice").await;
    let mut socket = alice.opens("/connection/vulnerable", None).await.unwrap();
    says(&mut socket, "cup").await;
    assert_eq!(hears(&mut socket).await, "You are alice. Your orders: cup.");
    alice.log_out().await;
    assert!(alice.reads("/connection").await.contains("You are not logged in"));
    says(&mut socket, "yacht").await;
    assert_eq!(hears(&mut socket).await, "You are alice. Your orders: cup, yacht.");
}

async fn an_open_connection_keeps_no_session_alive_and_a_message_does() {
    let instance = Instance::alone(OFTEN).await;
    let (alice, bob) = (instance.log_in("alice").await, instance.log_in("bob").await);
    let (mut hers, mut his, events) = (alice.connects().await, bob.connects().await, bob.listens().await);
    instance.inspector.skip(29 * MINUTE);
    says(&mut hers, "cup").await; // alice is active
    hears(&mut hers).await;
    his.send(Message::Ping("is anybody there?".into())).await.unwrap(); // bob's browser answers, but bob does nothing
    instance.inspector.skip(2 * MINUTE);
    while !matches!(soon("the end", his.next()).await, Some(Ok(Message::Close(_)))) {}
    events.ends().await;
    assert!(bob.reads("/connection").await.contains("You are not logged in"));
    assert!(alice.reads("/connection").await.contains("You are logged in as alice"));
    instance.inspector.skip(29 * MINUTE);
    while !matches!(soon("the end", hers.next()).await, Some(Ok(Message::Close(_)))) {}
}

async fn a_message_is_saved_on_top_of_what_other_requests_have_saved() {
    let instance = Instance::alone(NEVER).await;
    let alice = instance.log_in("alice").await;
    let mut socket = alice.connects().await;
    // A save after the handshake and before the message.
    alice.post("/note", "").await;
    says(&mut socket, "cup").await;
    hears(&mut socket).await;
    hears(&mut socket).await;
    assert_eq!(alice.reads("/note").await, "remember the milk");

    // A save between the reading and the saving of the message. A store with versions lets two requests overlap like
    // this.
    let instance = Instance::of(Channel::in_process(), NEVER, Memory::default()).await;
    let bob = instance.log_in("bob").await;
    let mut socket = bob.connects().await;
    let mut held = instance.inspector.hold(Operation::Save);
    says(&mut socket, "cup").await;
    soon("the save", held.reached()).await;
    soon("the note", bob.post("/note", "")).await;
    drop(held);
    hears(&mut socket).await;
    hears(&mut socket).await;
    assert_eq!(bob.reads("/note").await, "remember the milk");
}

async fn a_login_has_so_many_connections_and_no_more() {
    let instance = Instance::alone(NEVER).await;
    let (alice, bob) = (instance.log_in("alice").await, instance.log_in("bob").await);
    let mut open = Vec::new();
    for _ in 0..7 {
        open.push(alice.connects().await);
    }
    let events = alice.listens().await;
    assert_eq!(alice.opens("/connection/socket", Some(&instance.origin())).await.err(), Some(429));
    assert_eq!(alice.status_of_events().await, 429);
    bob.connects().await;
    drop(events);
    // The server does not notice the end of a connection at once.
    while let Err(status) = alice.opens("/connection/socket", Some(&instance.origin())).await {
        assert_eq!(status, 429);
    }
}

async fn an_instance_that_ends_closes_its_connections_and_the_logins_continue() {
    let (store, channel) = (MemoryStore::default(), Channel::in_process());
    let ending = Instance::of(channel.clone(), NEVER, store.clone()).await;
    let other = Instance::of(Channel::in_process(), NEVER, store).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let served = Instance { port: listener.local_addr().unwrap().port(), ..ending };
    let (tells, told) = oneshot::channel::<()>();
    let told = async { drop(told.await) };
    let close = async move { channel.close().await };
    let server = tokio::spawn(serve(listener, served.router.clone(), told, close, NEVER));
    let alice = served.log_in("alice").await;
    let (mut socket, mut events) = (alice.connects().await, alice.listens().await);

    tells.send(()).unwrap();
    let close = soon("a close frame", socket.next()).await;
    assert!(matches!(&close, Some(Ok(Message::Close(Some(frame)))) if frame.code == CloseCode::Away), "{close:?}");
    assert_eq!(soon("the end of the events", events.0.frame()).await.map(|frame| frame.is_ok()), None);
    drop((socket, events));
    assert_eq!(soon("the end of the instance", server).await.unwrap().unwrap(), Drained::All);
    other.meets(&alice).connects().await;
}

async fn the_graceful_shutdown_of_axum_does_not_wait_for_a_websocket() {
    let instance = Instance::alone(NEVER).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let served = Instance { port: listener.local_addr().unwrap().port(), ..instance };
    let (tells, told) = oneshot::channel::<()>();
    let told = async { drop(told.await) };
    let server = tokio::spawn(axum::serve(listener, served.router.clone()).with_graceful_shutdown(told).into_future());
    let alice = served.log_in("alice").await;
    let mut socket = alice.connects().await;

    tells.send(()).unwrap();
    soon("the end of the server", server).await.unwrap().unwrap();
    says(&mut socket, "cup").await;
    assert_eq!(hears(&mut socket).await, "You have ordered: cup.", "the socket is still served");
}

async fn a_page_of_a_neighboring_host_takes_no_place_of_a_login() {
    let instance = Instance::alone(NEVER).await;
    let alice = instance.log_in("alice").await;
    for (site, status) in [
        (None, 200),
        (Some("same-origin"), 200),
        (Some("none"), 200),
        (Some("same-site"), 403),
        (Some("cross-site"), 403),
    ] {
        let mut request = Request::get("/connection/events").header(COOKIE, &alice.cookie);
        if let Some(site) = site {
            request = request.header("sec-fetch-site", site);
        }
        let answer = instance.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{site:?}");
    }
}

/// The paused clock does not move while a task can run. When all tasks wait, it moves on to the next limit.
async fn events_that_nobody_reads_take_no_place_after_a_while() {
    tokio::time::pause();
    let instance = Instance::alone(NEVER).await;
    let alice = instance.log_in("alice").await;
    let mut unread = Vec::new();
    for _ in 0..8 {
        let request = Request::get("/connection/events").header(COOKIE, &alice.cookie).body(Body::empty());
        unread.push(instance.router.clone().oneshot(request.unwrap()).await.unwrap());
    }
    assert_eq!(alice.status_of_events().await, 429);
    for _ in 0..3 {
        alice.post("/connection/buy", "item=cup").await;
        sleep(MINUTE).await; // moves the paused clock
    }
    assert_eq!(alice.status_of_events().await, 200);
}

async fn a_message_that_is_too_long_ends_the_connection() {
    let instance = Instance::alone(NEVER).await;
    let mut socket = instance.log_in("alice").await.connects().await;
    says(&mut socket, &"a".repeat(1025)).await;
    let next = soon("the end", socket.next()).await;
    assert!(!matches!(next, Some(Ok(Message::Text(_)))), "{next:?}");
}

async fn a_close_frame_says_why_a_connection_ends() {
    let instance = Instance::alone(NEVER).await;
    let alice = instance.log_in("alice").await;
    let normal = Message::Close(Some(CloseFrame { code: CloseCode::Normal, reason: "".into() }));
    for (message, expected) in [
        (Message::binary(b"yacht".to_vec()), 1003),
        (Message::text("a".repeat(1025)), 1009),
        (Message::binary(b"a".repeat(1025)), 1009),
        (normal, 1000),
    ] {
        let mut socket = alice.connects().await;
        socket.send(message).await.unwrap();
        match soon("the end", socket.next()).await {
            Some(Ok(Message::Close(Some(frame)))) => assert_eq!(u16::from(frame.code), expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
}

async fn a_frame_that_announces_too_much_is_not_waited_for() {
    let instance = Instance::alone(NEVER).await;
    let mut socket = instance.log_in("alice").await.connects().await;
    // The header of a masked text frame of 1 MiB.
    let mut frame = vec![0x81, 0xff];
    frame.extend(1_048_576_u64.to_be_bytes());
    frame.extend([0; 4]);
    socket.get_mut().write_all(&frame).await.unwrap();
    let next = soon("the end", socket.next()).await;
    assert!(!matches!(next, Some(Ok(Message::Text(_)))), "{next:?}");
}

/// Two instances share only Redis, and no connection checks its session by itself.
async fn a_logout_at_one_instance_closes_the_connections_at_the_other() {
    let redis = Service::redis().unwrap();
    let address = format!("redis://127.0.0.1:{}", redis.port);
    let instance = async || {
        let store = Redis::open(std::slice::from_ref(&address), None, MINUTE).await.unwrap();
        Instance::of(Channel::over_redis(&address).await.unwrap(), NEVER, store).await
    };
    let (one, other) = (instance().await, instance().await);
    let (alice, bob) = (one.log_in("alice").await, one.log_in("bob").await);
    let (there, his) = (other.meets(&alice), other.meets(&bob));
    let (mut socket, mut events, mut bobs) = (there.connects().await, there.listens().await, his.connects().await);
    alice.post("/connection/buy", "item=cup").await;
    assert_eq!(hears(&mut socket).await, "Bought: cup.");
    assert_eq!(events.next().await.unwrap(), "data: Bought: cup.\n\n");
    alice.log_out().await;
    is_closed(socket).await;
    events.ends().await;
    says(&mut bobs, "boat").await;
    assert_eq!(hears(&mut bobs).await, "The shop does not sell this.");
}

/// Starts two instances that share a store in memory, and use Redis only to tell each other about ended sessions.
async fn two_with(redis: &Service, check_every: Duration) -> (Instance, Instance) {
    let (address, store) = (format!("redis://127.0.0.1:{}", redis.port), MemoryStore::default());
    let instance =
        async || Instance::of(Channel::over_redis(&address).await.unwrap(), check_every, store.clone()).await;
    (instance().await, instance().await)
}

async fn a_logout_that_redis_did_not_report_is_noticed_at_the_next_check() {
    let mut redis = Service::redis_in_memory().unwrap();
    let (one, other) = two_with(&redis, OFTEN).await;
    let alice = one.log_in("alice").await;
    let (here, there) = (alice.connects().await, other.meets(&alice).connects().await);
    redis.kill();
    alice.log_out().await;
    is_closed(here).await;
    is_closed(there).await;
}

async fn when_redis_is_back_every_connection_looks_at_its_session() {
    let mut redis = Service::redis_in_memory().unwrap();
    let (one, other) = two_with(&redis, NEVER).await;
    let (alice, bob) = (one.log_in("alice").await, one.log_in("bob").await);
    let (here, there) = (alice.connects().await, other.meets(&alice).connects().await);
    let mut his = other.meets(&bob).connects().await;
    redis.kill();
    alice.log_out().await;
    is_closed(here).await; // its own instance knows about the logout without Redis
    redis.restart();
    is_closed(there).await;
    says(&mut his, "boat").await;
    assert_eq!(hears(&mut his).await, "The shop does not sell this.");
}

/// The handshakes that arrived, each with the browser's headers about it and the status of the answer.
type Handshakes = Arc<Mutex<Vec<String>>>;

async fn note(State(handshakes): State<Handshakes>, request: Request, next: Next) -> axum::response::Response {
    let path = request.uri().path().to_owned();
    let is_handshake = request.headers().contains_key("sec-websocket-key");
    let said = said(request.headers());
    let answer = next.run(request).await;
    if is_handshake {
        let status = answer.status();
        handshakes.lock().unwrap().push(format!("GET {path}\n{said}\n  answer: {status}\n"));
    }
    answer
}

fn said(headers: &HeaderMap) -> String {
    let of = |name| headers.get(name).map_or("not sent", |value| value.to_str().unwrap());
    let cookie = if of("cookie").contains("__Host-lesson-6=") { "the session's" } else { "not sent" };
    format!("  Origin: {}\n  Sec-Fetch-Site: {}\n  cookie: {cookie}", of("origin"), of("sec-fetch-site"))
}

async fn press(browser: &fantoccini::Client, css: &str) {
    wait_for(browser, css).await.click().await.unwrap();
}

async fn a_page_on_a_neighboring_host_rides_the_open_socket_and_not_ours() {
    let chromium = chromium::start_chromium();
    let handshakes = Handshakes::default();
    let noted = handshakes.clone();
    let around = |router: Router| router.layer(from_fn_with_state(noted, note));
    let site = Instance::with(around, Channel::in_process(), NEVER, MemoryStore::default()).await;
    let shop = format!("shop.localhost:{}", site.port);
    let browser = chromium.browser().await;
    browser.goto(&format!("http://{shop}/connection")).await.unwrap();
    press(&browser, "button[value=alice]").await;
    wait_for_words(&browser, "li", "You are alice.").await;

    let mut told = String::new();
    let told_by = |who: &str| {
        let mut noted: Vec<_> = handshakes.lock().unwrap().drain(..).collect();
        noted.sort();
        format!("{who}\n\n{}\n", noted.join("\n"))
    };
    told += &told_by("The shop's own page:");
    let mallory = format!("http://mallory.{shop}/connection/mallory?at={shop}");
    browser.goto(&mallory).await.unwrap();
    wait_for_words(&browser, "li", "vulnerable: You are alice. Your orders: yacht.").await;
    wait_for_words(&browser, "li", "socket: refused").await;
    told += &told_by("Mallory's page on a neighboring host:");
    browser.goto(&format!("http://evil.localhost:{}/connection/mallory?at={shop}", site.port)).await.unwrap();
    wait_for_words(&browser, "li", "vulnerable: Log in first.").await;
    wait_for_words(&browser, "li", "socket: refused").await;
    told += &told_by("Mallory's page on another site:");
    browser.close().await.unwrap();
    let told = told.replace(&format!(":{}", site.port), "");
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("handshakes", told);
    });
}

async fn the_page_shows_both_connections_and_their_end() {
    let chromium = chromium::start_chromium();
    let site = Instance::alone(NEVER).await;
    let browser = chromium.browser().await;
    browser.goto(&format!("http://shop.localhost:{}/connection", site.port)).await.unwrap();
    press(&browser, "button[value=alice]").await;
    wait_for_words(&browser, "ul[@id='socket']/li", "You are alice.").await;
    wait_for_words(&browser, "ul[@id='events']/li", "You are alice.").await;
    press(&browser, "[data-item=cup]").await;
    wait_for_words(&browser, "ul[@id='socket']/li", "You have ordered: cup.").await;
    wait_for_words(&browser, "ul[@id='events']/li", "Bought: cup.").await;
    let log_out = "fetch('/connection/logout', { method: 'POST' })";
    browser.execute(log_out, Vec::new()).await.unwrap();
    for list in ["socket", "events"] {
        wait_for_words(&browser, &format!("ul[@id='{list}']/li"), ENDED).await;
    }
    browser.close().await.unwrap();
}
