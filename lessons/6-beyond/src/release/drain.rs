//! A graceful shutdown: an instance finishes the requests that it has begun, and accepts no new ones.

use std::{fmt, future::ready, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{
        Request, StatusCode,
        header::{COOKIE, HOST, SET_COOKIE},
    },
    response::Redirect,
    routing::{get, post},
    serve::Listener,
};
use futures_util::{FutureExt, future::try_join};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use lesson_page::{Failure, Path};
use serde::Serialize;
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
    sync::{Notify, oneshot},
    task::JoinHandle,
    time::sleep,
};
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

/// The key of the last rehearsal in the session.
const KEY: &str = "rehearsal";

// ANCHOR: serve
/// The result of a server's shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every request that had begun was answered.
    All,
    /// Some requests were not answered within the time limit. They end with the process.
    Some,
}

/// Serves `app` until the future `stop` completes. From then on it accepts no connection, closes the open connections
/// with `close`, and finishes the requests that have begun. Returns when they are done, or after `at_most`.
///
/// The session layer saves after the handler has returned, so a request that is cut off also loses its changes to the
/// session.
///
/// # Errors
/// The listener fails.
pub async fn serve<L>(
    listener: L,
    app: Router,
    stop: impl Future<Output = ()> + Send + 'static,
    close: impl Future<Output = ()>,
    at_most: Duration,
) -> io::Result<Drained>
where
    L: Listener,
    L::Addr: fmt::Debug,
{
    let stop = stop.shared();
    let server = axum::serve(listener, app).with_graceful_shutdown(stop.clone()).into_future();
    let (closes, too_long) = (stop.clone(), stop);
    let closed = async { Ok::<_, io::Error>((closes.await, close.await)) };
    tokio::select! {
        done = try_join(server, closed) => done.map(|_| Drained::All),
        _ = async { (too_long.await, sleep(at_most).await) } => Ok(Drained::Some),
    }
}
// ANCHOR_END: serve

/// The way in which the instance of a rehearsal ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It gets the signal to stop, and drains.
    Drains,
    /// Its process is killed.
    IsKilled,
}

/// One step of a rehearsal: the actor, the action, and its result.
#[derive(Debug, Serialize, serde::Deserialize)]
pub struct Step {
    who: String,
    did: String,
    came: String,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { who, did, came } = self;
        writeln!(f, "{}", format!("{who:<12}{did:<36}{came}").trim_end())
    }
}

/// Alice sends an order to the first of two instances, which ends while it answers. Then she uses the second one.
///
/// # Errors
/// Loopback has no free port, or an instance does not answer as expected.
pub async fn rehearse(end: End) -> io::Result<Vec<Step>> {
    let (store, gate) = (MemoryStore::default(), Arc::<Gate>::default());
    let first = Instance::start(shop(store.clone(), gate.clone())).await?;
    let second = Instance::start(shop(store, gate.clone())).await?;
    let mut steps = Vec::new();

    let login = send(first.address, "POST", "/login", "").await?;
    let alice = login.cookie.clone();
    steps.push(Step::new("alice", "POST /login at instance 1", login.to_string()));

    let order = tokio::spawn({
        let (address, alice) = (first.address, alice.clone());
        async move { send(address, "POST", "/order", &alice).await }
    });
    gate.begun.notified().await;
    steps.push(Step::new("alice", "POST /order at instance 1", "the handler is running"));

    let ending = first.end(end).await;
    steps.push(Step::new("instance 1", end.words(), ""));
    let bob = TcpStream::connect(ending.address).await;
    steps.push(Step::new("bob", "connects to instance 1", if bob.is_ok() { "accepted" } else { "refused" }));

    gate.goes_on.notify_one();
    let answer = order.await.map_err(io::Error::other)?;
    let came = answer.map_or_else(|_| "no answer: the connection broke".to_owned(), |answer| answer.to_string());
    steps.push(Step::new("alice", "her order", came));
    steps.push(Step::new("instance 1", "is gone", ending.gone().await));

    let page = send(second.address, "GET", "/", &alice).await?;
    steps.push(Step::new("alice", "GET / at instance 2", page.to_string()));
    second.end(End::IsKilled).await;
    Ok(steps)
}

impl Step {
    fn new(who: &str, did: &str, came: impl Into<String>) -> Self {
        Self { who: who.to_owned(), did: did.to_owned(), came: came.into() }
    }
}

impl End {
    fn words(self) -> &'static str {
        match self {
            Self::Drains => "is told to stop, and drains",
            Self::IsKilled => "is killed",
        }
    }
}

/// The point where the order of a rehearsal waits, so that the instance ends at that moment.
#[derive(Default)]
struct Gate {
    begun: Notify,
    goes_on: Notify,
}

fn shop(store: MemoryStore, gate: Arc<Gate>) -> Router {
    let login = async |session: Session| {
        session.insert("name", "alice").await.map_err(Failure::from)?;
        Ok::<_, Failure>("welcome")
    };
    let order = async move |session: Session| {
        gate.begun.notify_one();
        gate.goes_on.notified().await;
        session.insert("ordered", "a teapot").await.map_err(Failure::from)?;
        Ok::<_, Failure>("ordered")
    };
    let home = async |session: Session| {
        let name: Option<String> = session.get("name").await?;
        let ordered: Option<String> = session.get("ordered").await?;
        let (name, ordered) = (name.unwrap_or("a stranger".to_owned()), ordered.unwrap_or("nothing".to_owned()));
        Ok::<_, Failure>(format!("{name} has ordered {ordered}"))
    };
    Router::new()
        .route("/", get(home))
        .route("/login", post(login))
        .route("/order", post(order))
        .layer(SessionManagerLayer::new(store))
}

/// An instance with its own runtime, which can be killed like a process: its tasks stop at their current `await`.
struct Instance {
    address: SocketAddr,
    runtime: Runtime,
    server: JoinHandle<io::Result<Drained>>,
    stop: oneshot::Sender<()>,
    closed: oneshot::Receiver<()>,
}

/// An instance that no longer accepts connections.
struct Ending {
    address: SocketAddr,
    /// `None` if the instance was killed.
    draining: Option<(Runtime, JoinHandle<io::Result<Drained>>)>,
}

impl Instance {
    async fn start(app: Router) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let ((stop, stopped), (closes, closed)) = (oneshot::channel::<()>(), oneshot::channel());
        let server = runtime.spawn(async move {
            let listener = Closes { listener: TcpListener::from_std(listener)?, _closes: closes };
            let stop = async { drop(stopped.await) };
            serve(listener, app, stop, ready(()), Duration::from_secs(10)).await
        });
        Ok(Self { address, runtime, server, stop, closed })
    }

    /// Ends the instance. Returns when it accepts no more connections.
    async fn end(self, end: End) -> Ending {
        let draining = match end {
            End::Drains => {
                let _ = self.stop.send(());
                Some((self.runtime, self.server))
            }
            End::IsKilled => {
                self.runtime.shutdown_background();
                None
            }
        };
        let _ = self.closed.await;
        Ending { address: self.address, draining }
    }
}

impl Ending {
    /// Waits until the instance has ended. Returns whether its requests were answered, as text.
    async fn gone(self) -> &'static str {
        let Some((runtime, server)) = self.draining else { return "without finishing its requests" };
        let ended = server.await;
        runtime.shutdown_background();
        match ended {
            Ok(Ok(Drained::All)) => "after its last answer",
            _ => "before its last answer",
        }
    }
}

/// A listener that reports when it is closed.
struct Closes {
    // These fields are dropped in this order.
    listener: TcpListener,
    _closes: oneshot::Sender<()>,
}

impl Listener for Closes {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        Listener::accept(&mut self.listener).await
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// An answer, as a client receives it.
struct Answered {
    status: StatusCode,
    cookie: String,
    body: String,
}

impl fmt::Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status.as_u16(), self.body)
    }
}

async fn send(address: SocketAddr, method: &str, path: &str, cookie: &str) -> io::Result<Answered> {
    let uri = format!("http://{address}{path}");
    let request = Request::builder().method(method).uri(uri).header(HOST, "localhost").header(COOKIE, cookie);
    let request = request.body(Body::empty()).map_err(io::Error::other)?;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let (parts, body) = client.request(request).await.map_err(io::Error::other)?.into_parts();
    let body = to_bytes(Body::new(body), 64 * 1024).await.map_err(io::Error::other)?;
    let cookie = parts.headers.get(SET_COOKIE).and_then(|line| line.to_str().ok()).unwrap_or_default();
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    Ok(Answered { status: parts.status, cookie, body: String::from_utf8_lossy(&body).into_owned() })
}

pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/release/end/{end}", post(play))
}

async fn play(session: Session, Path(end): Path<String>) -> axum::response::Result<Redirect> {
    let end = match end.as_str() {
        "drains" => End::Drains,
        "killed" => End::IsKilled,
        _ => return Err((StatusCode::NOT_FOUND, "An instance can only be drained or killed.\n").into()),
    };
    let steps = rehearse(end).await.map_err(|error| {
        tracing::error!(%error, "a rehearsal was not completed");
        (StatusCode::SERVICE_UNAVAILABLE, "The two instances could not be started. The reason is in our log.\n")
    })?;
    session.insert(KEY, steps).await.map_err(Failure::from)?;
    Ok(Redirect::to("/release"))
}

/// Returns the steps of the last rehearsal.
pub(super) async fn last(session: &Session) -> Result<Vec<Step>, Failure> {
    Ok(session.get(KEY).await?.unwrap_or_default())
}
