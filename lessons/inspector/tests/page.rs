//! Tests the inspector's own page: the events that it streams, the requests that it answers, and its limits.

use std::time::Duration;

use axum::{
    Router,
    body::{Body, BodyDataStream},
    http::{HeaderName, Request, StatusCode, header},
    middleware::map_response,
    response::Response,
    routing::{get, post},
};
use futures_util::{FutureExt, StreamExt};
use http_body_util::BodyExt;
use session_inspector::{Exchange, FromPage, Inspector, LONGEST_AHEAD, Retold, Unwatched, local_hosts_only};
use tower::ServiceExt;
use tower_sessions::{MemoryStore, Session, SessionManagerLayer, SessionStore};

fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/", get(async || "hello"))
        .route(
            "/read",
            get(|session: Session| async move { session.get::<u8>("n").await.unwrap().unwrap().to_string() }),
        )
        .route("/set", post(|session: Session| async move { session.insert("n", 7).await.unwrap() }))
        .route("/markup", post(|session: Session| async move { session.insert("m", "<script>\r\n").await.unwrap() }))
        .layer(SessionManagerLayer::new(store))
}

const HOST: &str = "inspector.localhost:4051";

/// Returns an inspector, the app that it watches, and its page.
fn watched() -> (Inspector, Router, Router) {
    let inspector = Inspector::default();
    let app = inspector.wrap(app(inspector.observe(MemoryStore::default())));
    let page = inspector.page("'none'");
    (inspector, app, page)
}

async fn send(router: &Router, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, HOST);
    request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request.headers_mut().unwrap().insert(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
    }
    router.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap()
}

/// Opens a session in the app, and returns its cookie.
async fn app_cookie(app: &Router) -> String {
    let set = send(app, "POST", "/set", &[], "").await;
    set.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned()
}

async fn text(response: Response) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[tokio::test]
async fn an_exchange_of_another_inspector_has_the_letters_of_this_one_and_cannot_be_sent_again() {
    let (inspector, app, page) = watched();
    app_cookie(&app).await;
    let (other, played, _) = watched();
    let cookie = app_cookie(&played).await;
    send(&played, "GET", "/read", &[("cookie", &cookie)], "").await;
    inspector.note("mallory", "is on a page of <evil>");
    for exchange in other.exchanges() {
        let from_page = Some(FromPage { again: None });
        inspector.retell("carol", Exchange { from_page, ..exchange }, Retold::Shown);
    }
    inspector.retell("bob", other.exchanges().remove(0), Retold::Folded);

    let told = inspector.transcript();
    for words in ["(mallory is on a page of <evil>)", "set-cookie  id=B; ", "create B {\"n\":7}", "cookie      id=B"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let [_, set, read, _] = &inspector.exchanges()[..] else { panic!("{told}") };
    assert_eq!((set.visitor.as_str(), set.retold, &set.life), ("carol", Some(Retold::Shown), &None));
    assert_eq!(set.from_page, None, "the page of this inspector has not sent it");
    assert_eq!(set.summary, ["a new session: its ID is the value of cookie B"]);
    assert_eq!(read.summary, ["the session was read, nothing was written"]);
    let shown = text(send(&page, "GET", "/timeline.md", &[], "").await).await;
    assert!(shown.contains("## 2, mallory\n") && shown.contains("## 3, carol\n"), "{shown}");

    let all = Stream::open(&page, None).await.all().await;
    let items: Vec<_> = all.into_iter().map(|message| message.data).collect();
    assert!(items[2].contains("data-visitor=\"mallory\"") && items[2].contains("&lt;evil&gt;"), "{}", items[2]);
    // A retold exchange shows no lifetime, and has no button to send it again.
    for item in &items[3..] {
        assert!(item.contains("data-life=\"\"") && item.contains("sent within the app"), "{item}");
        assert!(!item.contains("<button"), "{item}");
    }
    assert!(items[3].contains("<details open>") && !items[5].contains("<details open>"), "{}", items[5]);
    assert!(items[1].contains("data-again") && items[1].contains("data-take"), "{}", items[1]);
    let sent = send(&page, "POST", "/send", &[("sec-fetch-site", "same-origin")], "number=4").await;
    assert_eq!(sent.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_handler_finds_the_inspector_of_its_app() {
    let inspector = Inspector::default();
    let note = get(async |axum::Extension(inspector): axum::Extension<Inspector>| inspector.note("", "here"));
    send(&inspector.wrap(Router::new().route("/", note)), "GET", "/", &[], "").await;
    assert!(inspector.transcript().starts_with("(here)\n"), "{}", inspector.transcript());
}

#[tokio::test]
async fn a_page_about_the_app_stays_off_the_timeline() {
    let inspector = Inspector::default();
    let about = Router::new().route("/about", get(async || "about")).layer(map_response(Unwatched::mark));
    let app = inspector.wrap(app(inspector.observe(MemoryStore::default())).merge(about));
    for path in ["/about", "/", "/about"] {
        assert_eq!(send(&app, "GET", path, &[], "").await.status(), StatusCode::OK);
    }
    let targets: Vec<_> = inspector.exchanges().into_iter().map(|exchange| exchange.request.target).collect();
    assert_eq!(targets, ["/"]);
}

/// The stream of events, parsed as a browser does it.
struct Stream(BodyDataStream);

/// One event of the stream.
#[derive(Debug)]
struct Message {
    id: String,
    event: String,
    data: String,
}

impl Message {
    /// Returns the data of the event `reset`.
    fn start(&self) -> serde_json::Value {
        serde_json::from_str(&self.data).unwrap()
    }
}

impl Stream {
    async fn open(page: &Router, last: Option<&str>) -> Self {
        let last: Vec<_> = last.map(|id| ("last-event-id", id)).into_iter().collect();
        Self::open_at(page, "/events", &last).await
    }

    async fn open_at(page: &Router, path: &str, headers: &[(&str, &str)]) -> Self {
        let response = send(page, "GET", path, headers, "").await;
        assert_eq!(
            (response.status(), &response.headers()[header::CONTENT_TYPE]),
            (StatusCode::OK, &"text/event-stream".parse().unwrap())
        );
        Self(response.into_body().into_data_stream())
    }

    async fn next(&mut self) -> Message {
        let chunk = self.0.next().await.unwrap().unwrap();
        let chunk = std::str::from_utf8(&chunk).unwrap();
        assert!(chunk.ends_with("\n\n"), "{chunk:?}");
        let field = |name: &str| {
            let lines = chunk.lines().filter_map(|line| line.split_once(": ").filter(|(field, _)| *field == name));
            lines.map(|(_, value)| value).collect::<Vec<_>>().join("\n")
        };
        Message { id: field("id"), event: field("event"), data: field("data").replace("&#x2f;", "/") }
    }

    /// Returns the events that have already arrived.
    async fn all(&mut self) -> Vec<Message> {
        let mut all = Vec::new();
        while let Some(message) = self.next().now_or_never() {
            all.push(message);
        }
        all
    }
}

fn kinds(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.event.as_str()).collect()
}

#[tokio::test]
async fn the_page_streams_what_happened_and_what_happens() {
    let (inspector, app, page) = watched();
    send(&app, "POST", "/set", &[], "").await;
    let mut stream = Stream::open(&page, None).await;
    let first = stream.all().await;
    assert_eq!(kinds(&first), ["reset", "exchange"]);
    assert_eq!(first[0].start()["clock"], "clock: now");
    assert_eq!((&first[0].start()["ahead"], &first[0].start()["newest"]), (&0.into(), &1.into()));
    assert!(first[1].data.contains("POST") && first[1].data.contains("/set"), "{first:?}");
    send(&app, "POST", "/markup", &[], "").await;
    let second = stream.next().await.data;
    assert!(second.contains("&lt;script&gt;") && !second.contains("<script"), "{second}");
    inspector.skip(Duration::from_secs(60));
    let skip = stream.next().await;
    assert_eq!(skip.event, "skip");
    assert!(
        skip.data.contains("data-clock=\"clock: 1 minute ahead\" data-ahead=\"60\"")
            && skip.data.contains(">1 minute later<"),
        "{skip:?}"
    );
    let start = Stream::open(&page, None).await.next().await.start();
    assert_eq!((&start["clock"], &start["ahead"]), (&"clock: 1 minute ahead".into(), &60.into()));
}

#[tokio::test]
async fn what_changed_nothing_is_folded_and_what_changed_something_is_shown_side_by_side() {
    let (_, app, page) = watched();
    send(&app, "GET", "/", &[], "").await;
    send(&app, "POST", "/set", &[("host", "alice.localhost:4001")], "").await;
    let cookie = app_cookie(&app).await;
    send(&app, "GET", "/read", &[("cookie", &cookie)], "").await;
    let [_, quiet, loud, _, read] = Stream::open(&page, None).await.all().await.try_into().unwrap();
    assert!(read.data.contains("<small class=\"brief\">load B </small>") && !loud.data.contains("brief"), "{read:?}");
    assert!(
        quiet.data.contains("data-visitor=\"-\"") && quiet.data.contains("<details>\n  <summary><h2>"),
        "{quiet:?}"
    );
    assert!(quiet.data.contains("<p class=\"none\">the store was not called</p>"), "{quiet:?}");
    for part in [
        "<p class=\"none\">no record</p>",
        "data-visitor=\"alice\"",
        "<details open>\n  <summary><h2>",
        "<h3>Cookie jar</h3>",
        "<h3>Record in the store</h3>",
        "<summary><code>SameSite=Strict</code></summary>not sent with any request that another site starts",
        "<summary><code>no Domain</code></summary>sent to this host alone",
        "<li class=\"new\"><span class=\"sign\">+<span class=\"unseen\"> added: </span></span><code>n: 7</code></li>",
        "&quot;record_until&quot;:",
    ] {
        assert!(loud.data.contains(part), "{part}: {}", loud.data);
    }
}

#[tokio::test]
async fn a_page_that_reconnects_continues_after_the_last_event_it_saw() {
    let (_, app, page) = watched();
    send(&app, "POST", "/set", &[], "").await;
    let seen = Stream::open(&page, None).await.all().await;
    let [start, first] = [&seen[0].id, &seen[1].id];
    assert_eq!(kinds(&Stream::open(&page, Some(start)).await.all().await), ["exchange"], "it has seen the reset");
    send(&app, "POST", "/markup", &[], "").await;
    let rest = Stream::open(&page, Some(first)).await.all().await;
    assert!(rest.len() == 1 && rest[0].data.contains("/markup"), "{rest:?}");
    assert!(Stream::open(&page, Some(&rest[0].id)).await.all().await.is_empty());
}

#[tokio::test]
async fn a_page_that_closed_its_stream_continues_after_the_last_event_it_saw() {
    let (_, app, page) = watched();
    send(&app, "POST", "/set", &[], "").await;
    let seen = Stream::open(&page, None).await.all().await;
    send(&app, "POST", "/markup", &[], "").await;
    let path = format!("/events?after={}", seen[1].id);
    let rest = Stream::open_at(&page, &path, &[]).await.all().await;
    assert!(rest.len() == 1 && rest[0].data.contains("/markup"), "{rest:?}");
    // After a broken connection, the browser opens the same address again and names the last event that it has seen.
    let named = [("last-event-id", rest[0].id.as_str())];
    assert!(Stream::open_at(&page, &path, &named).await.all().await.is_empty());
    assert_eq!(
        kinds(&Stream::open_at(&page, "/events?after=x", &[]).await.all().await),
        ["reset", "exchange", "exchange"]
    );
}

#[tokio::test]
async fn a_page_that_reconnects_after_a_restart_gets_everything_again() {
    let (_, app, page) = watched();
    for _ in 0..3 {
        send(&app, "POST", "/set", &[], "").await;
    }
    let seen = Stream::open(&page, None).await.all().await.pop().unwrap().id;
    let (_, app, page) = watched();
    send(&app, "POST", "/markup", &[], "").await;
    let mut stream = Stream::open(&page, Some(&seen)).await;
    let anew = stream.all().await;
    assert_eq!(kinds(&anew), ["reset", "exchange"]);
    assert!(anew[1].data.contains("/markup"), "{anew:?}");
    for made_up in ["", "7", "x-1", "0000000000000000-0", &format!("{}9", anew[1].id)] {
        let kinds: Vec<_> =
            Stream::open(&page, Some(made_up)).await.all().await.into_iter().map(|message| message.event).collect();
        assert_eq!(kinds, ["reset", "exchange"], "{made_up}");
    }
}

#[tokio::test]
async fn clearing_reaches_every_page_that_is_open() {
    let (inspector, app, page) = watched();
    send(&app, "POST", "/set", &[], "").await;
    let mut streams = [Stream::open(&page, None).await, Stream::open(&page, None).await];
    for stream in &mut streams {
        stream.all().await;
    }
    let own = [("sec-fetch-site", "same-origin")];
    assert_eq!(send(&page, "POST", "/clear", &own, "").await.status(), StatusCode::NO_CONTENT);
    assert!(inspector.events().is_empty());
    for stream in &mut streams {
        assert_eq!(kinds(&stream.all().await), ["reset"]);
    }
    send(&app, "POST", "/markup", &[], "").await;
    for stream in &mut streams {
        let told = stream.all().await;
        assert_eq!(kinds(&told), ["exchange"]);
        assert!(told[0].data.contains("/markup"), "{told:?}");
    }
    assert_eq!(inspector.events()[0].number, 2, "numbers go on");
}

#[tokio::test]
async fn a_reader_that_falls_behind_starts_again_with_the_events_that_are_left() {
    let (inspector, _, page) = watched();
    let mut stream = Stream::open(&page, None).await;
    stream.all().await;
    inspector.skip(Duration::from_secs(1));
    stream.next().await;
    (0..501).for_each(|_| inspector.skip(Duration::from_secs(60)));
    let told = stream.all().await;
    assert_eq!((told.len(), told[0].event.as_str()), (501, "reset"));
    // If no event is lost in between, the stream continues without a reset.
    (0..500).for_each(|_| inspector.skip(Duration::from_secs(60)));
    let told = stream.all().await;
    assert_eq!((told.len(), told[0].event.as_str()), (500, "skip"));
}

#[tokio::test]
async fn what_is_made_of_an_event_is_at_most_six_times_as_long() {
    let inspector = Inspector::default();
    let answer = async |session: Session| {
        session.insert("'".repeat(3000).as_str(), "'".repeat(3000)).await.unwrap();
        let cookies = (0..60).map(|n| (header::SET_COOKIE, format!("{odd}{n}=; Path={odd}", odd = "'".repeat(500))));
        (axum::response::AppendHeaders(cookies.collect::<Vec<_>>()), "'".repeat(20_000))
    };
    let sessions = SessionManagerLayer::new(inspector.observe(MemoryStore::default()));
    let app = inspector.wrap(Router::new().route("/{*path}", post(answer)).layer(sessions));
    let odd = "'".repeat(3000);
    let many = "/=/;".repeat(200);
    for cookies in ["", "a=b", &format!("{odd}={odd}"), &many, &format!("{odd}0={odd}")] {
        send(&app, "POST", &format!("/{odd}?{odd}"), &[("cookie", cookies)], &odd).await;
        let event = serde_json::to_string(inspector.events().last().unwrap()).unwrap();
        let shown = Stream::open(&inspector.page("'none'"), None).await.all().await.pop().unwrap().data;
        assert!(shown.len() <= 6 * event.len(), "{} {}", shown.len(), event.len());
        assert!(shown.len() > event.len(), "the event is shown");
    }
    // An exchange with almost no data.
    send(&app, "GET", "/", &[], "").await;
    let event = serde_json::to_string(inspector.events().last().unwrap()).unwrap();
    let shown = Stream::open(&inspector.page("'none'"), None).await.all().await.pop().unwrap().data;
    assert!(shown.len() <= 6 * event.len(), "{} {}", shown.len(), event.len());
}

#[tokio::test]
async fn a_33rd_reader_is_refused_until_one_has_left() {
    let (_, _, page) = watched();
    let mut readers = Vec::new();
    for _ in 0..32 {
        readers.push(Stream::open(&page, None).await);
    }
    let refused = send(&page, "GET", "/events", &[], "").await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(text(refused).await, "32 pages of this inspector are already open: close one of them.\n");
    readers.pop();
    Stream::open(&page, None).await;
}

#[tokio::test]
async fn what_readers_get_is_made_once_and_shared() {
    let (_, app, page) = watched();
    send(&app, "POST", "/set", &[], "").await;
    let mut places = Vec::new();
    for _ in 0..2 {
        let mut stream = Stream::open(&page, None).await;
        stream.next().await;
        places.push(stream.0.next().await.unwrap().unwrap().as_ptr());
    }
    assert_eq!(places[0], places[1]);
}

#[tokio::test]
async fn only_the_inspectors_own_page_may_skip_or_clear() {
    let (inspector, _, page) = watched();
    let own = "http://inspector.localhost:4051";
    let cases: [(&[(&str, &str)], u16); 10] = [
        (&[("sec-fetch-site", "same-origin")], 204),
        (&[("sec-fetch-site", "none")], 204),
        (&[("origin", own)], 204),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("sec-fetch-site", "same-site")], 403),
        (&[("sec-fetch-site", "cross-site"), ("origin", own)], 403),
        (&[("origin", "http://vulnerable.localhost:4004")], 403),
        (&[("origin", "http://inspector.localhost:4052")], 403),
        (&[("origin", "null")], 403),
        (&[], 403),
    ];
    for (headers, status) in cases {
        let answer = send(&page, "POST", "/skip", headers, "seconds=60").await;
        assert_eq!(answer.status(), status, "{headers:?}");
        if status == 403 {
            assert_eq!(text(answer).await, "Only this site's own pages may do this.\n");
        }
    }
    assert_eq!(inspector.clock().skipped(), Duration::from_secs(3 * 60));
    assert_eq!(send(&page, "POST", "/clear", &[("origin", "http://evil.localhost")], "").await.status(), 403);
    assert_eq!(inspector.events().len(), 3);
}

#[tokio::test]
async fn scripts_of_other_origins_cannot_take_the_readers_places() {
    let (_, _, page) = watched();
    for headers in
        [("sec-fetch-site", "same-site"), ("sec-fetch-site", "cross-site"), ("origin", "http://evil.localhost")]
    {
        assert_eq!(send(&page, "GET", "/events", &[headers], "").await.status(), StatusCode::FORBIDDEN, "{headers:?}");
    }
    for headers in [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "none")] {
        assert_eq!(send(&page, "GET", "/events", &[headers], "").await.status(), StatusCode::OK, "{headers:?}");
    }
}

#[tokio::test]
async fn a_skip_beyond_100_years_is_refused_with_a_sentence() {
    let (inspector, _, page) = watched();
    let skip = async |seconds: u64| {
        send(&page, "POST", "/skip", &[("sec-fetch-site", "same-origin")], &format!("seconds={seconds}")).await
    };
    let most = LONGEST_AHEAD.as_secs();
    assert_eq!(skip(most - 1).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(skip(1).await.status(), StatusCode::NO_CONTENT);
    for seconds in [1, u64::MAX] {
        let refused = skip(seconds).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(text(refused).await, "The clock can be at most 100 years ahead.\n");
    }
    assert_eq!(inspector.clock().skipped(), LONGEST_AHEAD);
    let shown = text(send(&page, "GET", "/", &[], "").await).await;
    assert!(shown.contains("clock: 36500 days ahead"), "{shown}");
}

#[tokio::test]
async fn the_clock_goes_to_a_moment_and_not_back() {
    let (inspector, _, page) = watched();
    let own = [("sec-fetch-site", "same-origin")];
    let to = async |at: i128| send(&page, "POST", "/skip", &own, &format!("to={at}")).await;
    let now = || inspector.clock().now().unix_timestamp_nanos() / 1_000_000;
    let moment = now() + 3_600_000;
    assert_eq!(to(moment).await.status(), StatusCode::NO_CONTENT);
    assert!(now() >= moment, "an hour has gone");
    let before = inspector.clock().skipped();
    assert!(before <= Duration::from_secs(3600), "and not more");
    for (at, sentence) in [
        (moment - 1, "The clock does not go back.\n"),
        (i128::from(i64::MIN), "The clock does not go back.\n"),
        (i128::from(i64::MAX), "The clock can be at most 100 years ahead.\n"),
    ] {
        let refused = to(at).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(text(refused).await, sentence);
    }
    assert_eq!(send(&page, "POST", "/skip", &own, "").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(inspector.clock().skipped(), before);
}

#[tokio::test]
async fn the_watched_app_has_no_page_of_the_inspector() {
    let (_, app, _) = watched();
    for path in ["/_inspector", "/_inspector/events", "/events", "/inspector.js"] {
        assert_eq!(send(&app, "GET", path, &[], "").await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn no_page_of_another_origin_gets_anything_of_it() {
    let (inspector, ..) = watched();
    for (sources, page) in [
        ("'none'", inspector.page("'none'")),
        ("http://workbook.localhost:*", inspector.page("http://workbook.localhost:*")),
    ] {
        for path in ["/", "/inspector.js", "/inspector.css", "/events", "/jars", "/timeline.json", "/nothing"] {
            let headers = send(&page, "GET", path, &[], "").await.headers().clone();
            let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(
                policy.starts_with("default-src 'none';") && policy.ends_with(&format!("frame-ancestors {sources}"))
            );
            let expected = [
                ("x-content-type-options", "nosniff"),
                ("cross-origin-resource-policy", "same-origin"),
                ("cross-origin-opener-policy", "same-origin"),
                ("cache-control", "no-store"),
            ];
            expected.iter().for_each(|(name, value)| assert_eq!(headers[*name], *value, "{path}"));
            assert!(!headers.contains_key("access-control-allow-origin"));
        }
    }
    let page = inspector.page("'none'");
    let script = send(&page, "GET", "/inspector.js", &[], "").await;
    let style = send(&page, "GET", "/inspector.css", &[], "").await;
    assert_eq!(
        (&script.headers()["content-type"], &style.headers()["content-type"]),
        (&"text/javascript".parse().unwrap(), &"text/css".parse().unwrap())
    );
    for imported in ["/life.js", "/post.js", "/send.js", "/visitors.js"] {
        assert_eq!(send(&page, "GET", imported, &[], "").await.headers()["content-type"], "text/javascript");
    }
    assert!(text(script).await.contains("new EventSource(") && text(style).await.contains("color-scheme"));
}

#[tokio::test]
async fn a_host_name_that_is_not_of_this_machine_is_refused() {
    let (inspector, app, page) = watched();
    let app = local_hosts_only(app);
    let ours = [
        "localhost",
        "localhost:4001",
        "LOCALHOST:4001",
        "127.0.0.1:4001",
        "[::1]:4001",
        "[::1]",
        "vulnerable.localhost:4004",
    ];
    let others = [
        "evil.example",
        "evil.example:4001",
        "localhost.evil.example",
        "evillocalhost",
        "127.0.0.1.evil.example",
        "127.0.0.2",
        "",
        "[::2]",
        "localhost:x",
        "a@b.localhost",
        "x, y.localhost",
    ];
    for (router, name) in [(&app, "app"), (&page, "page")] {
        for host in ours {
            assert_eq!(
                send(router, "GET", "/", &[("host", host)], "").await.status(),
                StatusCode::OK,
                "{name} at {host}"
            );
        }
        for host in others {
            let refused = send(router, "GET", "/", &[("host", host)], "").await;
            assert_eq!(refused.status(), StatusCode::MISDIRECTED_REQUEST, "{name} at {host}");
            assert!(text(refused).await.starts_with("This program does not serve the host \""));
        }
        let without = Request::get("/").body(Body::empty()).unwrap();
        let two = Request::get("/").header("host", "localhost").header("host", "evil.example").body(Body::empty());
        let target = Request::get("http://evil.example/").header("host", "localhost").body(Body::empty());
        for request in [without, two.unwrap(), target.unwrap()] {
            assert_eq!(router.clone().oneshot(request).await.unwrap().status(), StatusCode::MISDIRECTED_REQUEST);
        }
    }
    assert_eq!(inspector.events().len(), ours.len(), "a refused request never reaches the app");
}
