//! Tests what the front passes on to instances and back, and what it answers when an instance does not.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, Request},
    http::{HeaderMap, Method, StatusCode},
    routing::{any, get},
};
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use lesson_3::{front::balance, proxy::Limits, store::LIMIT};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::Notify,
};
use tower::ServiceExt;

/// Longer than any answer of an instance takes here.
const PATIENT: Limits =
    Limits { connect: Duration::from_secs(60), answer: Duration::from_secs(60), rest: Duration::from_secs(3600) };
/// For tests with an instance that never answers. All other answers in these tests come at once.
const SHORT: Limits = Limits { answer: Duration::from_secs(1), ..PATIENT };

async fn listener() -> (u16, TcpListener) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    (listener.local_addr().unwrap().port(), listener)
}

/// Starts an instance that serves this app, and returns its port.
async fn serving(app: Router) -> u16 {
    let (port, listener) = listener().await;
    tokio::spawn(async move { axum::serve(listener, app).await });
    port
}

/// Starts an instance that accepts connections and counts them, but never answers.
async fn silent() -> (u16, Arc<AtomicUsize>) {
    let (port, listener) = listener().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            held.push(connection);
        }
    });
    (port, asked)
}

/// Starts an instance that reads a request and closes the connection.
async fn breaking() -> u16 {
    let (port, listener) = listener().await;
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let _ = connection.read(&mut [0; 1024]).await;
        }
    });
    port
}

/// Returns a port on which no process listens. The socket stays bound, so that no other process gets this port.
async fn nobody() -> (u16, tokio::net::TcpSocket) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    (socket.local_addr().unwrap().port(), socket)
}

fn request(method: Method, path: &str) -> Request {
    let from = ConnectInfo(SocketAddr::from(([192, 0, 2, 7], 50_000)));
    Request::builder().method(method).uri(path).extension(from).body(Body::empty()).unwrap()
}

async fn send(front: &Router, request: Request) -> (u16, String) {
    let response = front.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    (status, String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap())
}

fn answering() -> Router {
    Router::new().fallback(|| async { "answered" })
}

#[test]
fn an_answer_may_take_longer_than_a_store_that_is_slow() {
    assert!(Limits::default().answer > LIMIT * 2);
}

#[tokio::test]
async fn an_instance_that_is_silent_holds_no_get_and_is_left_alone_afterwards() {
    let (silent, asked) = silent().await;
    let front = balance(&[silent, serving(answering()).await], SHORT);
    for _ in 0..10 {
        assert_eq!(send(&front, request(Method::GET, "/")).await, (200, "answered".to_owned()));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_post_without_an_answer_has_an_unknown_outcome_and_is_not_sent_again() {
    let served = Arc::new(AtomicUsize::new(0));
    let counter = served.clone();
    let counting = Router::new().fallback(move || async move { counter.fetch_add(1, Ordering::SeqCst).to_string() });
    let other = serving(counting).await;
    for (instance, expected) in [(silent().await.0, 504), (breaking().await, 502)] {
        let front = balance(&[instance, other], SHORT);
        let (status, said) = send(&front, request(Method::POST, "/count")).await;
        assert_eq!(status, expected);
        assert!(said.contains("it is not known whether your request was"), "{said}");
    }
    assert_eq!(served.load(Ordering::SeqCst), 0);
}

/// The disadvantage of a time limit: the instance can still read the request later, and carry it out.
#[tokio::test]
async fn a_post_that_was_given_up_is_still_with_the_instance() {
    let (port, listener) = listener().await;
    let front = balance(&[port], SHORT);
    assert_eq!(send(&front, request(Method::POST, "/count")).await.0, 504);
    let (mut connection, _) = listener.accept().await.unwrap();
    let mut waiting = String::new();
    connection.read_to_string(&mut waiting).await.unwrap();
    assert!(waiting.starts_with("POST /count HTTP/1.1\r\n"), "{waiting}");
}

#[tokio::test]
async fn a_post_that_nobody_took_goes_to_the_next_instance() {
    let (gone, _held) = nobody().await;
    let front = balance(&[gone, serving(answering()).await], PATIENT);
    assert_eq!(send(&front, request(Method::POST, "/count")).await, (200, "answered".to_owned()));
}

#[tokio::test]
async fn when_no_instance_answers_the_sentence_says_how_and_nothing_internal() {
    let ((gone, _held), (silent, _), breaking) = (nobody().await, silent().await, breaking().await);
    for (instances, status, sentence) in [
        (vec![gone], 503, "no instance is running; start one at /_front"),
        (vec![gone, breaking], 502, "no instance gave a complete answer; please try again"),
        (vec![gone, silent, breaking], 504, "no instance answered in time; please try again"),
    ] {
        let front = balance(&instances, SHORT);
        assert_eq!(send(&front, request(Method::GET, "/")).await, (status, sentence.to_owned()));
    }
}

#[tokio::test]
async fn a_visitors_own_claim_about_their_address_is_not_passed_on() {
    let app = Router::new().fallback(|headers: HeaderMap| async move {
        let seen: BTreeMap<_, _> = headers.iter().map(|(name, value)| (name.as_str(), value)).collect();
        format!("{seen:?}")
    });
    let front = balance(&[serving(app).await], PATIENT);
    let mut asked = request(Method::GET, "/");
    for (name, value) in [
        ("host", "lesson-3.example"),
        ("origin", "http://lesson-3.example"),
        ("cookie", "lesson-3=A"),
        ("x-forwarded-for", "203.0.113.66"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "for=203.0.113.66"),
        ("x-real-ip", "203.0.113.66"),
        ("connection", "close, x-for-this-hop, Host, Origin, Cookie, Sec-Fetch-Site"),
        ("x-for-this-hop", "1"),
        ("keep-alive", "timeout=5"),
        ("te", "trailers"),
        ("upgrade", "websocket"),
    ] {
        asked.headers_mut().insert(name, value.parse().unwrap());
    }
    let (_, seen) = send(&front, asked).await;
    assert_eq!(
        seen,
        r#"{"cookie": "lesson-3=A", "host": "lesson-3.example", "origin": "http://lesson-3.example", "x-forwarded-for": "192.0.2.7"}"#
    );
}

#[tokio::test]
async fn what_an_instance_says_of_its_connection_stays_with_the_front() {
    let headers = [("connection", "close, x-for-this-hop"), ("x-for-this-hop", "1"), ("x-for-the-visitor", "2")];
    let front = balance(&[serving(Router::new().fallback(move || async move { (headers, "") })).await], PATIENT);
    let response = front.oneshot(request(Method::GET, "/")).await.unwrap();
    let has = |name: &str| response.headers().contains_key(name);
    assert_eq!([has("x-for-the-visitor"), has("x-for-this-hop"), has("connection")], [true, false, false]);
}

#[tokio::test]
async fn an_answer_is_passed_on_while_it_is_still_being_made() {
    let go_on = Arc::new(Notify::new());
    let waiting = go_on.clone();
    let app = get(|| async move {
        let second = stream::once(async move {
            waiting.notified().await;
            Ok::<_, std::io::Error>(Bytes::from("second"))
        });
        Body::from_stream(stream::iter([Ok(Bytes::from("first"))]).chain(second))
    });
    let front = balance(&[serving(Router::new().route("/", app)).await], PATIENT);
    let mut parts = front.oneshot(request(Method::GET, "/")).await.unwrap().into_body().into_data_stream();
    assert_eq!(parts.next().await.unwrap().unwrap(), "first");
    go_on.notify_one(); // the second part is made only after the first has arrived
    assert_eq!(parts.next().await.unwrap().unwrap(), "second");
}

/// Starts an instance that sends three of ten bytes, and then closes the connection or sends nothing more.
async fn half_an_answer(then_ends: bool) -> u16 {
    let (port, listener) = listener().await;
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut connection, _)) = listener.accept().await {
            let _ = connection.read(&mut [0; 1024]).await;
            let _ = connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc").await;
            if !then_ends {
                held.push(connection);
            }
        }
    });
    port
}

#[tokio::test]
async fn an_answer_that_breaks_off_or_stops_in_the_middle_never_looks_whole() {
    for then_ends in [true, false] {
        let front = balance(&[half_an_answer(then_ends).await], SHORT);
        let response = front.oneshot(request(Method::GET, "/")).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let mut parts = response.into_body().into_data_stream();
        assert_eq!(parts.next().await.unwrap().unwrap(), "abc");
        assert!(parts.next().await.unwrap().is_err());
    }
}

#[tokio::test]
async fn a_form_that_is_too_long_is_refused_with_a_sentence() {
    let app = any(|body: Bytes| async move { body.len().to_string() });
    let front = balance(&[serving(Router::new().route("/", app)).await], PATIENT);
    for (bytes, expected) in [(64 * 1024, (200, "65536")), (64 * 1024 + 1, (413, "a form here has at most 64 KiB"))] {
        let mut asked = request(Method::POST, "/");
        *asked.body_mut() = Body::from(vec![b'a'; bytes]);
        assert_eq!(send(&front, asked).await, (expected.0, expected.1.to_owned()));
    }
}

#[tokio::test]
async fn a_form_that_never_arrives_or_breaks_off_gets_an_answer_that_says_so() {
    let (silent, asked) = silent().await;
    let front = balance(&[silent], SHORT);
    let mut never = request(Method::POST, "/");
    *never.body_mut() = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    assert_eq!(send(&front, never).await, (408, "the request did not arrive in time".to_owned()));
    let mut broken = request(Method::POST, "/");
    *broken.body_mut() = Body::from_stream(stream::iter([Err::<Bytes, _>(std::io::Error::other("gone"))]));
    assert_eq!(send(&front, broken).await, (400, "the request broke off".to_owned()));
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_request_for_no_path_is_refused_and_is_no_instances_fault() {
    let front = balance(&[serving(answering()).await], PATIENT);
    for (method, target) in [(Method::OPTIONS, "*"), (Method::CONNECT, "example.com:443")] {
        assert_eq!(send(&front, request(method, target)).await.0, StatusCode::BAD_REQUEST.as_u16());
    }
    assert_eq!(send(&front, request(Method::GET, "http://example.com/page?a=b")).await.0, 200);
}
