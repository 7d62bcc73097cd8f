//! What a session costs, by where it is kept: a page that counts, on every backend that is installed, beside the
//! same page without a session. Run with `cargo bench -p lesson-3`.
//!
//! All contenders take turns in one run, so that whatever else the machine does, it does to all of them.

#[path = "../tests/services/mod.rs"]
mod services;

use std::{
    net::Ipv4Addr,
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

/// Visitors who ask at the same time, each as soon as the last answer is there.
const VISITORS: usize = 16;
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(2);

struct Contender {
    name: &'static str,
    address: String,
    /// The answers of each round, a second.
    rates: Vec<f64>,
    /// How long each answer took.
    waits: Vec<Duration>,
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name).display().to_string();
    let (redis, memcached, postgres, cluster) =
        (Service::redis(), Service::memcached(), Service::postgres(), services::redis_cluster());
    let local = |service: &Option<Service>| service.as_ref().map(|service| format!("127.0.0.1:{}", service.port));
    let nodes = |nodes: &Vec<Service>| nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect::<Vec<_>>();
    let memcached = local(&memcached);
    let stores = [
        ("memory", Some("memory:".to_owned()), None),
        ("file", Some(format!("file:{}", place("sessions"))), None),
        ("sqlite", Some(format!("sqlite:{}", place("sessions.sqlite"))), None),
        ("sqlite behind memcached", Some(format!("sqlite:{}", place("other.sqlite"))), Some(&memcached)),
        ("postgres", local(&postgres).map(|at| format!("postgres://postgres@{at}/postgres")), None),
        ("redis", local(&redis).map(|at| format!("redis://{at}")), None),
        ("redis cluster", cluster.as_ref().map(|cluster| format!("redis://{}", nodes(cluster).join(","))), None),
        ("memcached", memcached.as_ref().map(|at| format!("memcached://{at}")), None),
    ];

    let plain = Router::new().route("/count", post(async || Redirect::to("/")));
    let (mut contenders, mut absent) = (vec![contender("no session", plain).await], Vec::new());
    for (name, store, cache) in stores {
        let is_installed = cache.is_none_or(Option::is_some);
        let Some(store) = store.filter(|_| is_installed) else {
            absent.push(name);
            continue;
        };
        let cache = cache.and_then(Option::as_ref).map(|at| format!("memcached://{at}"));
        let store = open(&store, cache.as_deref(), LIMIT).await.expect("the store opens");
        contenders.push(contender(name, app(store)).await);
    }
    for _ in 0..ROUNDS {
        for contender in &mut contenders {
            round(contender).await;
        }
    }
    tell(&mut contenders);
    for name in absent {
        println!("| {name} | its server is not installed | | | |");
    }
}

/// Serves this app, on a port of its own.
async fn contender(name: &'static str, app: Router) -> Contender {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = format!("http://{}/count", listener.local_addr().expect("an address"));
    tokio::spawn(async { axum::serve(listener, app).await });
    Contender { name, address, rates: Vec::new(), waits: Vec::new() }
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
    let plain = rate(&contenders[0]);
    println!("| sessions in | requests/s | of no session | median ms | 99 % within ms |\n|---|---:|---:|---:|---:|");
    for contender in contenders {
        contender.waits.sort();
        let within = |share: f64| {
            let place = (contender.waits.len() as f64 * share) as usize;
            contender.waits[place.min(contender.waits.len() - 1)].as_secs_f64() * 1000.0
        };
        let rate = rate(contender);
        println!("| {} | {rate:.0} | {:.2} | {:.2} | {:.2} |", contender.name, rate / plain, within(0.5), within(0.99));
    }
}
