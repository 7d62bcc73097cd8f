//! A master of a Redis cluster is killed or hangs, and its replica takes over. No acknowledged logout is lost, and the
//! app serves visitors again.

#[path = "../../../tests/required/mod.rs"]
mod required;
mod services;

use std::{process::ExitCode, time::Duration};

use axum::http::StatusCode;
use checks::{Browser, Trial};
use lesson_3::{
    address::open,
    app,
    store::{AnyStore, LIMIT},
};
use required::trial;
use services::{CLUSTER, Service, missing_to_pause};
use tokio::time::timeout;

fn main() -> ExitCode {
    let missing = missing_to_pause(CLUSTER);
    required::run(vec![
        trial!(async an_acknowledged_logout_stays_one_when_the_replica_takes_over, missing.clone()),
        trial!(async without_waiting_for_a_replica_logouts_come_back, missing.clone()),
        trial!(async a_running_app_finds_the_promoted_replica_while_the_old_master_hangs, missing),
    ])
}

/// The time limit for a failover, including the time until the app finds the new master.
const RECOVERY: Duration = Duration::from_secs(60);
/// Enough visitors that each of the three masters has some of their sessions.
const VISITORS: usize = 40;

/// Returns three masters and their replicas. The first master and its own replica come first.
fn cluster() -> Vec<Service> {
    let mut nodes = services::redis_cluster_with(1).expect("a cluster");
    let told = nodes[0].says(&["info", "replication"]);
    let port = told.split(",port=").nth(1).and_then(|rest| rest.split(',').next()).expect("its replica's port");
    let replica = nodes.iter().position(|node| node.port.to_string() == port).expect("its replica");
    nodes.swap(1, replica);
    nodes
}

async fn opened(nodes: &[Service], options: &str) -> AnyStore {
    let addresses: Vec<_> = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
    open(&format!("redis://{}{options}", addresses.join(",")), None, LIMIT).await.unwrap()
}

fn trials(store: &AnyStore) -> Vec<Trial> {
    let trial = |_| {
        let store = store.clone();
        Trial::of(move |_| app(store.clone()))
    };
    (0..VISITORS).map(trial).collect()
}

/// Repeats this request until the answer is not 503.
async fn served<'a>(visitor: &Browser<'a>, method: &str, path: &str) -> checks::Answer {
    let asking = async {
        loop {
            let answer = if method == "GET" { visitor.get(path).await } else { visitor.post(path, &[]).await }.unwrap();
            if answer.status != StatusCode::SERVICE_UNAVAILABLE {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(RECOVERY, asking).await.expect("the app finds the new master")
}

fn wait_for_promotion(replica: &Service) {
    while !replica.says(&["role"]).starts_with("master") {}
}

// ANCHOR: failover
/// Logs visitors out before a failover to a replica that has not received the logouts. Returns the number of logouts
/// that were acknowledged, the number of those that were not, and the number of acknowledged ones that were undone.
async fn logouts_over_a_failover(options: &str) -> [usize; 3] {
    let mut nodes = cluster();
    let trials = trials(&opened(&nodes, options).await);
    let visitors: Vec<_> = trials.iter().map(|trial| trial.browser("alice")).collect();
    for visitor in &visitors {
        assert_eq!(served(visitor, "POST", "/set_session").await.status, StatusCode::SEE_OTHER);
    }
    let copies: Vec<_> = visitors.iter().map(|visitor| visitor.copied_by("mallory")).collect();
    while nodes[1].says(&["dbsize"]) != nodes[0].says(&["dbsize"]) {} // until the replica has received every login
    // From here on the replica receives nothing.
    nodes[1].pause();
    nodes[0].says(&["client", "kill", "type", "replica"]);
    let mut acknowledged = Vec::new();
    for (visitor, copy) in visitors.iter().zip(&copies) {
        match visitor.post("/logout", &[]).await.unwrap().status {
            StatusCode::SEE_OTHER => acknowledged.push(copy),
            refused => {
                assert_eq!(refused, StatusCode::SERVICE_UNAVAILABLE);
                assert_eq!(copy.get("/get_session").await.unwrap().status, StatusCode::OK, "reading goes on");
            }
        }
    }
    nodes[0].kill();
    nodes[1].resume();
    wait_for_promotion(&nodes[1]);
    let mut revived = 0;
    for copy in &acknowledged {
        let page = served(copy, "GET", "/get_session").await;
        revived += usize::from(page.text().contains("Logged in as JohnDoe"));
    }
    [acknowledged.len(), VISITORS - acknowledged.len(), revived]
}

async fn an_acknowledged_logout_stays_one_when_the_replica_takes_over() {
    let [acknowledged, unknown, revived] = logouts_over_a_failover("").await;
    println!(
        "with an acknowledgement from a replica: {acknowledged} acknowledged, {unknown} unknown, {revived} came back"
    );
    assert!(acknowledged > 0, "the replicas of the other masters receive the logouts");
    assert!(unknown > 0, "a logout that no replica has received is not acknowledged");
    assert_eq!(revived, 0);
}

async fn without_waiting_for_a_replica_logouts_come_back() {
    let [acknowledged, unknown, revived] = logouts_over_a_failover("?replicas=0").await;
    println!(
        "without an acknowledgement from a replica: {acknowledged} acknowledged, {unknown} unknown, {revived} came back"
    );
    assert_eq!((acknowledged, unknown), (VISITORS, 0));
    assert!(revived > 0);
}
// ANCHOR_END: failover

/// A master hangs with all connections open. The running app finds the replica that took over. When the old master is
/// back as a replica, changes are acknowledged again.
async fn a_running_app_finds_the_promoted_replica_while_the_old_master_hangs() {
    let nodes = cluster();
    let trials = trials(&opened(&nodes, "").await);
    let visitors: Vec<_> = trials.iter().map(|trial| trial.browser("alice")).collect();
    for visitor in &visitors {
        assert_eq!(served(visitor, "POST", "/set_session").await.status, StatusCode::SEE_OTHER);
    }
    nodes[0].pause();
    for visitor in &visitors {
        let page = served(visitor, "GET", "/").await;
        assert!(page.text().contains("Logged in as JohnDoe"), "{}", page.text());
    }
    wait_for_promotion(&nodes[1]);
    nodes[0].resume();
    for visitor in &visitors {
        assert_eq!(served(visitor, "POST", "/logout").await.status, StatusCode::SEE_OTHER);
        assert!(served(visitor, "GET", "/").await.text().contains("You are not logged in"));
    }
}
