//! Several instances of the app share their sessions if they share a store, but not if each has them in memory.

#[path = "../../../tests/required/mod.rs"]
mod required;
mod services;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::{ExitCode, Stdio},
    sync::Arc,
};

use axum::{body::Body, http::Request};
use http_body_util::BodyExt;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use required::trial;
use services::{CLUSTER, missing};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    sync::watch,
    task::JoinSet,
};

fn main() -> ExitCode {
    required::run(vec![
        trial!(async instances_share_sessions_in_a_file),
        trial!(async instances_share_sessions_in_a_redis_cluster_of_three_nodes, missing(CLUSTER)),
        trial!(async a_host_name_that_is_not_of_this_machine_is_refused_by_the_front),
        trial!(async instances_do_not_share_sessions_that_each_keeps_in_memory),
        trial!(async the_front_says_what_it_cannot_do),
        trial!(async nobody_is_refused_while_one_of_three_is_killed),
        trial!(async an_instance_that_hangs_fails_no_get_and_is_used_again_when_it_answers),
        trial!(async a_page_of_another_site_ends_no_instance),
        trial!(async an_instance_whose_port_was_taken_is_not_started_and_the_front_says_why),
        trial!(async no_instance_outlives_a_front_that_was_killed),
    ])
}

/// The lesson's program, which runs several instances of the app behind its front.
struct Front {
    process: Child,
    _said: Lines<BufReader<ChildStdout>>,
    address: String,
    client: Client<HttpConnector, Body>,
}

impl Front {
    async fn of(count: usize, store: &str) -> Self {
        Self::with(count, store, &[]).await
    }

    async fn with(count: usize, store: &str, options: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lesson-3"));
        command.args(["--store", store, "--instances", &count.to_string(), "--port", "0"]).args(options);
        let mut process = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = said.next_line().await.unwrap().expect("a line that says where");
        let address = line.split_whitespace().last().unwrap().trim_end_matches('/').to_owned();
        Self { process, _said: said, address, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    /// Returns the status and the text of the answer, and the cookie that it sets.
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

    /// Returns the port and the process ID of each running instance, from the front's page.
    async fn running(&self) -> Vec<(u16, u32)> {
        let page = self.send("GET", "/_front", None).await.1;
        let instances = page.split("port ").skip(1).filter_map(|rest| rest.split_once('<')?.0.split_once(", process "));
        instances.map(|(port, process)| (port.parse().unwrap(), process.parse().unwrap())).collect()
    }

    /// Logs a visitor in, and returns their cookie.
    async fn log_in(&self) -> String {
        self.send("POST", "/set_session", None).await.2.expect("a session cookie")
    }

    /// Sends this many requests. Returns which instance answered each, and whether it knew the visitor.
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

/// Sends a process this signal, such as `-STOP`.
async fn signal(signal: &str, process: u32) {
    assert!(Command::new("kill").args([signal, &process.to_string()]).status().await.unwrap().success());
}

/// The number of answers for each method and status, and for each sentence of an answer that is neither a page nor a
/// redirect.
type Answers = BTreeMap<(&'static str, u16, String), usize>;

/// Thirty clients send GETs and POSTs in turn. When a third of the requests are answered, `happens` begins.
async fn under_load(front: &Arc<Front>, happens: impl Future<Output = ()>) -> Answers {
    const CLIENTS: usize = 30;
    const EACH: usize = 60;
    let (answered, mut progress) = watch::channel(0);
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (front, answered) = (front.clone(), answered.clone());
        clients.spawn(async move {
            let mut answers = Answers::new();
            for (method, path) in [("GET", "/get_session"), ("POST", "/set_session")].into_iter().cycle().take(EACH) {
                let (status, said, _) = front.send(method, path, None).await;
                let sentence = if matches!(status, 200 | 303) { String::new() } else { said };
                *answers.entry((method, status, sentence)).or_default() += 1;
                answered.send_modify(|count| *count += 1);
            }
            answers
        });
    }
    progress.wait_for(|&count| count >= CLIENTS * EACH / 3).await.unwrap();
    happens.await;
    let mut all = Answers::new();
    for (answer, count) in clients.join_all().await.into_iter().flatten() {
        *all.entry(answer).or_default() += count;
    }
    println!("{all:?}");
    assert_eq!(all.values().sum::<usize>(), CLIENTS * EACH);
    all
}

/// Checks that every GET got a page, and every POST a redirect or an answer with the status `unknown`, which says that
/// its outcome is not known.
fn assert_nobody_was_refused(answers: &Answers, unknown: u16) {
    for (method, status, sentence) in answers.keys() {
        match *method {
            "GET" => assert_eq!(*status, 200, "{sentence}"),
            _ if *status == unknown => assert!(sentence.contains("it is not known whether"), "{sentence}"),
            _ => assert_eq!(*status, 303, "{sentence}"),
        }
    }
}

fn known_at(instances: &[&str]) -> Vec<(String, bool)> {
    instances.iter().map(|instance| ((*instance).to_owned(), true)).collect()
}

// ANCHOR: one
/// A visitor who logs in at one instance is known at all. An instance is killed, and nobody is logged out. When it is
/// back, it knows everyone.
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
    // A logout at one instance counts at all.
    front.send("POST", "/logout", Some(&cookie)).await;
    assert!(front.asked(3, &cookie).await.iter().all(|(_, known)| !known));
}
// ANCHOR_END: one

async fn instances_share_sessions_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    are_one_over(&format!("sqlite:{}", folder.path().join("sessions.sqlite").display())).await;
    are_one_over(&format!("file:{}", folder.path().join("sessions").display())).await;
}

async fn instances_share_sessions_in_a_redis_cluster_of_three_nodes() {
    let nodes = services::redis_cluster().expect("a cluster");
    let nodes: Vec<_> = nodes.iter().map(|node| (node, format!("127.0.0.1:{}", node.port))).collect();
    let addresses: Vec<_> = nodes.iter().map(|(_, address)| address.as_str()).collect();
    are_one_over(&format!("redis://{}", addresses.join(","))).await;
}

async fn a_host_name_that_is_not_of_this_machine_is_refused_by_the_front() {
    let front = Front::of(1, "memory:").await;
    for (host, status) in [("evil.example", 421), ("localhost:4003", 200), ("127.0.0.1", 200)] {
        let request = Request::get(format!("{}/get_session", front.address)).header("host", host);
        let response = front.client.request(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{host}");
    }
}

// ANCHOR: strangers
async fn instances_do_not_share_sessions_that_each_keeps_in_memory() {
    let front = Front::of(3, "memory:").await;
    let cookie = front.log_in().await; // at instance 1
    let known = [("2".to_owned(), false), ("3".to_owned(), false), ("1".to_owned(), true), ("2".to_owned(), false)];
    assert_eq!(front.asked(4, &cookie).await, known);
    let (_, _, removal) = front.send("GET", "/get_session", Some(&cookie)).await; // at instance 3
    assert_eq!(removal.as_deref(), Some("lesson-3="));
}
// ANCHOR_END: strangers

async fn the_front_says_what_it_cannot_do() {
    let front = Front::of(1, "memory:").await;
    let (status, said, _) = front.send("POST", "/_front/7/kill", None).await;
    assert_eq!((status, said.as_str()), (404, "there is no instance 7; there are 1"));
    front.send("POST", "/_front/1/kill", None).await;
    let (status, said, _) = front.send("GET", "/", None).await;
    assert_eq!((status, said.as_str()), (503, "no instance is running; start one at /_front"));
}

// ANCHOR: killed
async fn nobody_is_refused_while_one_of_three_is_killed() {
    let front = Arc::new(Front::of(3, "memory:").await);
    let (_, second) = front.running().await[1];
    let answers = under_load(&front, signal("-KILL", second)).await;
    assert_nobody_was_refused(&answers, 502);
    assert_eq!(front.running().await.len(), 2);
}
// ANCHOR_END: killed

// ANCHOR: stopped
async fn an_instance_that_hangs_fails_no_get_and_is_used_again_when_it_answers() {
    let limits = ["--answer-limit", "3000", "--rest", "3000"];
    let front = Arc::new(Front::with(3, "memory:", &limits).await);
    let (_, second) = front.running().await[1];
    let answers = under_load(&front, signal("-STOP", second)).await;
    assert_nobody_was_refused(&answers, 504);
    assert!(front.send("GET", "/_front", None).await.1.contains("gets no requests for a while"));
    signal("-CONT", second).await;
    while front.asked(1, "").await[0].0 != "2" {}
    assert!(!front.send("GET", "/_front", None).await.1.contains("gets no requests for a while"));
}
// ANCHOR_END: stopped

async fn a_page_of_another_site_ends_no_instance() {
    let front = Front::of(1, "memory:").await;
    for header in [("sec-fetch-site", "cross-site"), ("origin", "http://evil.localhost")] {
        let forged = Request::post(format!("{}/_front/1/kill", front.address)).header(header.0, header.1);
        let answer = front.client.request(forged.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!((answer.status().as_u16(), front.running().await.len()), (403, 1), "{header:?}");
    }
}

async fn an_instance_whose_port_was_taken_is_not_started_and_the_front_says_why() {
    let front = Front::of(2, "memory:").await;
    let (port, _) = front.running().await[1];
    assert_eq!(front.send("POST", "/_front/2/kill", None).await.0, 303);
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    let (status, said, _) = front.send("POST", "/_front/2/start", None).await;
    assert_eq!(status, 409);
    assert!(said.contains(&format!("another program now listens on port {port}")), "{said}");
    assert_eq!(front.running().await.len(), 1);
    drop(taken);
    assert_eq!(front.send("POST", "/_front/2/start", None).await.0, 303);
    assert_eq!(front.running().await.len(), 2);
}

async fn no_instance_outlives_a_front_that_was_killed() {
    let front = Front::of(2, "memory:").await;
    let running = front.running().await;
    signal("-KILL", front.process.id().unwrap()).await;
    for (port, _) in running {
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {}
    }
}
