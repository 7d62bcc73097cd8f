//! Several copies of the app: one store makes them one, memory keeps them apart.

mod services;

use std::process::Stdio;

use axum::{body::Body, http::Request};
use http_body_util::BodyExt;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

/// The program itself, with this many copies of the app behind its front.
struct Front {
    _process: Child,
    _said: Lines<BufReader<ChildStdout>>,
    address: String,
    client: Client<HttpConnector, Body>,
}

impl Front {
    async fn of(count: usize, store: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lesson-3"));
        command.args(["--store", store, "--instances", &count.to_string(), "--port", "0"]);
        let mut process = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = said.next_line().await.unwrap().expect("a line that says where");
        let address = line.split_whitespace().last().unwrap().trim_end_matches('/').to_owned();
        Self { _process: process, _said: said, address, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    /// The text of the answer, and the cookie that came with it.
    async fn send(&self, method: &str, path: &str, cookie: Option<&str>) -> (u16, String, Option<String>) {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.address));
        if let Some(cookie) = cookie {
            request = request.header("cookie", cookie);
        }
        let response = self.client.request(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let set =
            response.headers().get("set-cookie").map(|set| set.to_str().unwrap().split(';').next().unwrap().to_owned());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8_lossy(&body).into_owned(), set)
    }

    /// A visitor who is logged in: the cookie.
    async fn log_in(&self) -> String {
        self.send("POST", "/set_session", None).await.2.expect("a session cookie")
    }

    /// Who answers the next requests, and whether each knows this visitor.
    async fn asked(&self, times: usize, cookie: &str) -> Vec<(String, bool)> {
        let mut all = Vec::new();
        for _ in 0..times {
            let (_, page, _) = self.send("GET", "/get_session", Some(cookie)).await;
            let instance =
                page.split("Instance <b>").nth(1).and_then(|rest| rest.split('<').next()).unwrap_or_default();
            all.push((instance.to_owned(), page.contains("Logged in as JohnDoe")));
        }
        all
    }
}

fn known_at(instances: &[&str]) -> Vec<(String, bool)> {
    instances.iter().map(|instance| ((*instance).to_owned(), true)).collect()
}

// ANCHOR: one
/// Logged in at one, known at all; one is killed, and nobody is logged out; it comes back, and knows everyone.
async fn are_one_over(store: &str) {
    let front = Front::of(3, store).await;
    let cookie = front.log_in().await; // at instance 1
    assert_eq!(front.asked(4, &cookie).await, known_at(&["2", "3", "1", "2"]));
    assert_eq!(front.send("POST", "/_front/2/kill", None).await.0, 303);
    assert!(front.send("GET", "/_front", None).await.1.contains("has ended"));
    assert_eq!(front.asked(4, &cookie).await, known_at(&["3", "1", "3", "1"]));
    assert_eq!(front.send("POST", "/_front/2/start", None).await.0, 303);
    let who: Vec<_> = front.asked(3, &cookie).await;
    assert!(who.contains(&("2".to_owned(), true)), "{who:?}");
    // A logout at one is a logout at all.
    front.send("POST", "/logout", Some(&cookie)).await;
    assert!(front.asked(3, &cookie).await.iter().all(|(_, known)| !known));
}
// ANCHOR_END: one

#[tokio::test]
async fn copies_of_the_app_are_one_over_a_file() {
    let folder = tempfile::tempdir().unwrap();
    are_one_over(&format!("sqlite:{}", folder.path().join("sessions.sqlite").display())).await;
    are_one_over(&format!("file:{}", folder.path().join("sessions").display())).await;
}

#[tokio::test]
async fn copies_of_the_app_are_one_over_a_redis_cluster_of_three_nodes() {
    let Some(nodes) = services::redis_cluster() else { return };
    let nodes: Vec<_> = nodes.iter().map(|node| (node, format!("127.0.0.1:{}", node.port))).collect();
    let addresses: Vec<_> = nodes.iter().map(|(_, address)| address.as_str()).collect();
    are_one_over(&format!("redis://{}", addresses.join(","))).await;
}

#[tokio::test]
async fn a_host_name_that_is_not_of_this_machine_is_refused_by_the_front() {
    let front = Front::of(1, "memory:").await;
    for (host, status) in [("evil.example", 421), ("localhost:4003", 200), ("127.0.0.1", 200)] {
        let request = Request::get(format!("{}/get_session", front.address)).header("host", host);
        let response = front.client.request(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{host}");
    }
}

// ANCHOR: strangers
#[tokio::test]
async fn copies_of_the_app_are_strangers_when_each_keeps_sessions_in_memory() {
    let front = Front::of(3, "memory:").await;
    let cookie = front.log_in().await; // at instance 1
    let known = [("2".to_owned(), false), ("3".to_owned(), false), ("1".to_owned(), true), ("2".to_owned(), false)];
    assert_eq!(front.asked(4, &cookie).await, known);
}
// ANCHOR_END: strangers

#[tokio::test]
async fn the_front_says_what_it_cannot_do() {
    let front = Front::of(1, "memory:").await;
    let (status, said, _) = front.send("POST", "/_front/7/kill", None).await;
    assert_eq!((status, said.as_str()), (404, "there is no instance 7; there are 1"));
    front.send("POST", "/_front/1/kill", None).await;
    let (status, said, _) = front.send("GET", "/", None).await;
    assert_eq!((status, said.as_str()), (503, "no instance is running; start one at /_front"));
}
