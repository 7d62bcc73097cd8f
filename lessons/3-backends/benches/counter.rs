//! What a session costs, by where it is kept: a page that counts, on every backend that is installed, beside the
//! same page without a session. Run with `cargo bench -p lesson-3`; a word after `--` keeps only the contenders whose
//! names have it.
//!
//! With `WORKBOOK_PYTHON` set to a Python that has what `tests/flask/requirements.txt` names, the same page in Flask,
//! behind gunicorn with two workers, is a contender, too.
//!
//! All contenders take turns in one run, so that whatever else the machine does, it does to all of them.

#[path = "../tests/services/mod.rs"]
mod services;

use std::{
    net::{Ipv4Addr, TcpStream},
    process::{Child, Command},
    time::{Duration, Instant},
};

use axum::{Router, body::Body, http::Request, response::Redirect, routing::post};
use futures_util::future::join_all;
use http_body_util::BodyExt;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use lesson_3::{address::open, app, store::LIMIT};
use services::Service;
use tokio::net::TcpListener;
use tower_sessions::{MemoryStore, Session, SessionManagerLayer, session::Id};

/// Visitors who ask at the same time, each as soon as the last answer is there.
const VISITORS: usize = 16;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);

struct Contender {
    name: &'static str,
    address: String,
    /// The one of Flask to compare it with.
    flask: Option<&'static str>,
    /// Ended with it.
    _server: Option<Server>,
    /// The answers of each round, a second.
    rates: Vec<f64>,
    /// How long each answer took.
    waits: Vec<Duration>,
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name).display().to_string();
    let (redis, quick_redis, memcached, postgres, cluster) = (
        Service::redis(),
        Service::redis_in_memory(),
        Service::memcached(),
        Service::postgres(),
        services::redis_cluster(),
    );
    let local = |service: &Option<Service>| service.as_ref().map(|service| format!("127.0.0.1:{}", service.port));
    let nodes = |nodes: &Vec<Service>| nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect::<Vec<_>>();
    let memcached = local(&memcached);
    let stores = [
        ("memory", Some("memory:".to_owned()), None),
        ("file", Some(format!("file:{}", place("sessions"))), None),
        ("sqlite", Some(format!("sqlite:{}", place("sessions.sqlite"))), None),
        ("sqlite behind memcached", Some(format!("sqlite:{}", place("other.sqlite"))), Some(&memcached)),
        ("postgres", local(&postgres).map(|at| format!("postgres://postgres@{at}/postgres")), None),
        ("redis", local(&quick_redis).map(|at| format!("redis://{at}")), None),
        ("redis, on its disk first", local(&redis).map(|at| format!("redis://{at}")), None),
        ("redis cluster", cluster.as_ref().map(|cluster| format!("redis://{}", nodes(cluster).join(","))), None),
        ("memcached", memcached.as_ref().map(|at| format!("memcached://{at}")), None),
    ];

    let only: Vec<_> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_wanted = |name: &str| only.is_empty() || only.iter().any(|word| name.contains(word.as_str()));
    let plain = Router::new().route("/count", post(async || Redirect::to("/")));
    let (mut contenders, mut absent) = (vec![contender("no session", plain).await], Vec::new());
    contenders.push(contender("nothing around tower-sessions", bare()).await);
    for (name, store, cache) in stores.into_iter().filter(|(name, ..)| is_wanted(name)) {
        let is_installed = cache.is_none_or(Option::is_some);
        let Some(store) = store.filter(|_| is_installed) else {
            absent.push(name);
            continue;
        };
        let cache = cache.and_then(Option::as_ref).map(|at| format!("memcached://{at}"));
        let store = open(&store, cache.as_deref(), LIMIT).await.expect("the store opens");
        contenders.push(contender(name, app(store)).await);
    }
    let sessions = [
        ("Flask, signed cookie", Some("cookie:".to_owned())),
        ("Flask-Session, files", Some(format!("file:{}", place("flask-sessions")))),
        ("Flask-Session, SQLite", Some(format!("sqlite:{}", place("flask.sqlite")))),
        ("Flask-Session, Redis", local(&quick_redis).map(|at| format!("redis:redis://{at}/1"))),
        ("Flask-Session, Redis, on its disk first", local(&redis).map(|at| format!("redis:redis://{at}/1"))),
    ];
    for (name, sessions) in sessions.into_iter().filter(|(name, _)| is_wanted(name)) {
        contenders.extend(sessions.and_then(|sessions| flask(name, &sessions)));
    }
    for _ in 0..ROUNDS {
        for contender in &mut contenders {
            round(contender).await;
        }
    }
    tell(&mut contenders);
    for name in absent {
        println!("| {name} | its server is not installed | | | | |");
    }
}

/// The page with tower-sessions' own store, and with nothing of this lesson: no versions, no limits, no second run.
fn bare() -> Router {
    async fn count(session: Session) -> Redirect {
        let count: u64 = session.get("count").await.expect("a store in memory").unwrap_or_default();
        session.insert("count", count + 1).await.expect("a store in memory");
        Redirect::to("/")
    }
    Router::new().route("/count", post(count)).layer(SessionManagerLayer::new(MemoryStore::default()))
}

/// A program that ends with the contender.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // gunicorn ends its workers when it is asked to end, and leaves them when it is killed.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

/// The page in Flask, if there is one here.
fn flask(name: &'static str, sessions: &str) -> Option<Contender> {
    let Some(python) = std::env::var_os("WORKBOOK_PYTHON") else {
        println!("SKIPPED: {name}: WORKBOOK_PYTHON is not set");
        return None;
    };
    let port = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?.local_addr().ok()?.port();
    let mut command = Command::new(python);
    command.args(["-m", "gunicorn", "--workers", "2", "--log-level", "error", "--chdir"]);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches")).arg(format!("--bind=127.0.0.1:{port}"));
    command.arg("flask_counter:app").env("WORKBOOK_SESSIONS", sessions).env("WORKBOOK_KEY", Id::default().to_string());
    let mut server = Server(command.spawn().expect("the Python of WORKBOOK_PYTHON starts"));
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(server.0.try_wait().is_ok_and(|ended| ended.is_none()), "gunicorn does not start: is it installed?");
    }
    let address = format!("http://127.0.0.1:{port}/count");
    Some(Contender { name, address, flask: None, _server: Some(server), rates: Vec::new(), waits: Vec::new() })
}

/// Serves this app, on a port of its own.
async fn contender(name: &'static str, app: Router) -> Contender {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = format!("http://{}/count", listener.local_addr().expect("an address"));
    tokio::spawn(async { axum::serve(listener, app).await });
    let flask = match name {
        "memory" => Some("Flask, signed cookie"),
        "file" => Some("Flask-Session, files"),
        "sqlite" => Some("Flask-Session, SQLite"),
        "redis" => Some("Flask-Session, Redis"),
        "redis, on its disk first" => Some("Flask-Session, Redis, on its disk first"),
        _ => None,
    };
    Contender { name, address, flask, _server: None, rates: Vec::new(), waits: Vec::new() }
}

async fn round(contender: &mut Contender) {
    let begun = Instant::now();
    let waits: Vec<_> = join_all((0..VISITORS).map(|_| visit(&contender.address, begun))).await.concat();
    contender.rates.push(waits.len() as f64 / begun.elapsed().as_secs_f64());
    contender.waits.extend(waits);
}

async fn visit(address: &str, begun: Instant) -> Vec<Duration> {
    let client: Client<HttpConnector, Body> = Client::builder(TokioExecutor::new()).build_http();
    let (mut cookie, mut waits) = (None::<String>, Vec::new());
    while begun.elapsed() < ROUND {
        let mut request = Request::post(address);
        if let Some(cookie) = &cookie {
            request = request.header("cookie", cookie);
        }
        let sent = Instant::now();
        let answer = client.request(request.body(Body::empty()).expect("a request")).await.expect("an answer");
        assert!(answer.status().is_redirection(), "{address}: {}", answer.status());
        if let Some(set) = answer.headers().get("set-cookie") {
            cookie = set.to_str().ok().and_then(|set| set.split(';').next()).map(str::to_owned);
        }
        answer.into_body().collect().await.expect("the whole answer");
        waits.push(sent.elapsed());
    }
    waits
}

fn tell(contenders: &mut [Contender]) {
    let rate = |contender: &Contender| {
        let mut rates = contender.rates.clone();
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    };
    let rates: Vec<_> = contenders.iter().map(|contender| (contender.name, rate(contender))).collect();
    let plain = rates[0].1;
    println!("| sessions in | requests/s | of no session | of Flask's | median ms | 99 % within ms |");
    println!("|---|---:|---:|---:|---:|---:|");
    for contender in contenders {
        contender.waits.sort();
        let within = |share: f64| {
            let place = (contender.waits.len() as f64 * share) as usize;
            contender.waits[place.min(contender.waits.len() - 1)].as_secs_f64() * 1000.0
        };
        let rate = rate(contender);
        let flask = rates.iter().find(|(name, _)| Some(*name) == contender.flask);
        let of_flask = flask.map_or(String::new(), |(_, flask)| format!("{:.1}", rate / flask));
        let (name, of_plain, median, most) = (contender.name, rate / plain, within(0.5), within(0.99));
        println!("| {name} | {rate:.0} | {of_plain:.2} | {of_flask} | {median:.2} | {most:.2} |");
    }
}
