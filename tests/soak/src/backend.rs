//! The backends, and the failures that the soak test causes.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use futures_util::future::join_all;
use lesson_3::{
    front::front,
    instance::{Instances, Launch},
    proxy::Limits,
};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::Notify, time::sleep};

use crate::{
    VISITORS, instance,
    services::{Service, redis_cluster_with},
    visitor::{Tally, Visitor},
};

/// A backend, and the promise that the book makes for it.
pub struct Backend {
    pub name: &'static str,
    /// Starts the backend. Returns `None` if its program is not installed.
    pub start: fn() -> Option<Server>,
    /// Whether it must lose nothing after any failure.
    pub promises: bool,
    /// The number of the shop's instances that share it.
    pub instances: usize,
}

/// A running backend: its address, perhaps a cache's, and its servers, which are killed and paused.
pub struct Server {
    store: String,
    cache: Option<String>,
    services: Vec<Service>,
    folder: TempDir,
}

impl Server {
    fn of(services: Vec<Service>, store: impl FnOnce(&TempDir, &[Service]) -> String) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        Some(Self { store: store(&folder, &services), cache: None, services, folder })
    }

    fn behind(self, cache: String) -> Self {
        Self { cache: Some(cache), ..self }
    }
}

/// Every backend of lesson 3.
pub fn all() -> Vec<Backend> {
    let backend = |name, start| Backend { name, start, promises: true, instances: 3 };
    vec![
        // Each instance has its own memory and loses it at its end, so there is only one, which is not killed.
        Backend { instances: 1, ..backend("memory", || Server::of(Vec::new(), |_, _| "memory:".to_owned())) },
        backend("files", || {
            Server::of(Vec::new(), |folder, _| format!("file:{}", folder.path().join("sessions").display()))
        }),
        backend("SQLite", sqlite),
        backend("PostgreSQL", || {
            let at = |_: &TempDir, servers: &[Service]| {
                format!("postgres://postgres@127.0.0.1:{}/postgres", servers[0].port)
            };
            Server::of(vec![Service::postgres()?], at)
        }),
        backend("Redis", || Server::of(vec![Service::redis()?], |_, servers| format!("redis://{}", at(&servers[0])))),
        backend("Redis Cluster with replicas", || {
            let nodes = redis_cluster_with(1)?;
            Server::of(nodes, |_, nodes| format!("redis://{}", nodes.iter().map(at).collect::<Vec<_>>().join(",")))
        }),
        // Memcached loses its records at a restart, and the book says so.
        Backend {
            promises: false,
            ..backend("Memcached", || {
                Server::of(vec![Service::memcached()?], |_, servers| format!("memcached://{}", at(&servers[0])))
            })
        },
        backend("SQLite behind Memcached", || {
            let cache = Service::memcached()?;
            let address = format!("memcached://{}", at(&cache));
            let server = sqlite()?.behind(address);
            Some(Server { services: vec![cache], ..server })
        }),
    ]
}

fn sqlite() -> Option<Server> {
    Server::of(Vec::new(), |folder, _| format!("sqlite:{}", folder.path().join("sessions.sqlite").display()))
}

fn at(service: &Service) -> String {
    format!("127.0.0.1:{}", service.port)
}

/// Makes visitors shop for `time`, and causes failures in the meantime.
pub async fn soak(backend: &Backend, server: Server, time: Duration) -> Tally {
    let Server { store, cache, services, folder } = server;
    let more = instance::more(&folder.path().join("shop.sqlite"));
    let instances = Instances::launch(Launch { store, cache, more }, backend.instances).await;
    let instances = instances.unwrap_or_else(|refusal| panic!("{}: {refusal}", backend.name));
    let address = serve_front(instances.clone()).await;

    let over = Arc::<Notify>::default();
    let shopping = (0..VISITORS).map(|number| Visitor::new(number, address).shop(time));
    let trouble = tokio::spawn(trouble(instances, services, over.clone()));
    let tallies = join_all(shopping).await;
    over.notify_one();
    let _ = trouble.await;
    tallies.into_iter().fold(Tally::default(), Tally::and)
}

async fn serve_front(instances: Instances) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let front = front(instances, Limits::default()).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async { axum::serve(listener, front).await });
    address
}

/// Causes one failure every second or two, in turn: kills an instance and starts it again, kills a server and starts it
/// again, and pauses a server for a moment.
async fn trouble(instances: Instances, services: Vec<Service>, over: Arc<Notify>) {
    let mut services = services;
    let count = instances.ports().len();
    for round in 1.. {
        let pause = sleep(Duration::from_millis(1500));
        tokio::select! {
            () = pause => {}
            () = over.notified() => return,
        }
        if round % 2 == 1 && count > 1 {
            let number = round / 2 % count + 1;
            let _ = instances.kill(number).await;
            sleep(Duration::from_millis(300)).await;
            // It may not start while a server is unavailable. The next round tries again.
            let _ = instances.start(number).await;
        } else if !services.is_empty() {
            services = tokio::task::spawn_blocking(move || {
                let place = round / 4 % services.len();
                if round % 4 == 2 {
                    kill_and_restart(&mut services, place);
                } else {
                    services[place].pause();
                    std::thread::sleep(Duration::from_millis(1200));
                    services[place].resume();
                }
                services
            })
            .await
            .expect("the server starts again");
        }
        for number in 1..=count {
            let _ = instances.start(number).await;
        }
    }
}

/// Kills a server and starts it again. A master in a cluster stays down until its replica has replaced it. It stores
/// nothing on disk, so if it returned earlier, the replica would copy its empty data.
fn kill_and_restart(services: &mut [Service], place: usize) {
    let leads = |service: &Service| service.says(&["role"]).starts_with("master");
    let has_replica = services.len() > 1 && services[place].says(&["info", "replication"]).contains("slave0:");
    if has_replica {
        let leading = services.iter().filter(|service| leads(service)).count();
        services[place].kill();
        while services.iter().filter(|service| leads(service)).count() < leading {}
    }
    services[place].restart();
}
