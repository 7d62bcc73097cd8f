//! A restart of the server, in a process of its own: what a program keeps in its statics is lost.
//!
//! The old process records the answers so far and what its store holds, and starts its own program again. The new
//! process plays the same scene from the beginning: until the restart it takes each answer from the record, and after
//! it from the app. If it cannot follow, because a scene does not send the same requests twice, the old process makes a
//! new server itself.

use std::{
    collections::VecDeque,
    fs, io,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use session_inspector::Exchange;
use tower_sessions::session::Record;

use crate::{
    App, Key, Miss, Suite,
    order::{Order, Work},
    run,
    shop::Contents,
    trial::Sent,
    users::Account,
};

/// How often to check whether the other process has ended.
const LOOK: Duration = Duration::from_millis(1);

/// Where a restarted server runs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// In a new process of this program, which takes this long at most.
    Elsewhere { outer: Duration },
    /// In this process: for a test of the checks themselves.
    Here,
}

/// The scene or story that is played.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) enum Part {
    /// The scene of the check at this place.
    Scene(usize),
    /// A story of the exercise's model.
    Story(Value),
}

/// The data for the new process.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Handover {
    pub(crate) part: Part,
    pub(crate) seed: u64,
    answers: VecDeque<Recorded>,
    /// How often the server has been restarted, this time included.
    restarts: usize,
    kept: Survivors,
}

/// The data that survives the end of a server.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Survivors {
    pub(crate) records: Vec<Record>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) shop: Contents,
}

/// The report of the new process.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Resumed {
    pub(crate) miss: Option<Miss>,
    pub(crate) sent: Vec<Sent>,
    /// The checks whose rules were broken meanwhile.
    pub(crate) noticed: Vec<(String, Miss, Vec<Sent>)>,
    /// Whether it could not follow, so that there is no verdict.
    pub(crate) is_lost: bool,
}

/// A recorded answer, and its request.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Recorded {
    asked: String,
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) exchange: Exchange,
}

impl Recorded {
    pub(crate) fn new(
        asked: String,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        exchange: &Exchange,
    ) -> Self {
        let header = |(name, value): (&HeaderName, &HeaderValue)| (name.to_string(), value.as_bytes().to_vec());
        let headers = headers.iter().map(header).collect();
        Self { asked, status: status.as_u16(), headers, body: body.to_vec(), exchange: exchange.clone() }
    }

    /// Its status and its headers.
    pub(crate) fn head(&self) -> (StatusCode, HeaderMap) {
        let header =
            |(name, value): &(String, Vec<u8>)| Some((name.parse().ok()?, HeaderValue::from_bytes(value).ok()?));
        let headers = self.headers.iter().filter_map(header).collect::<HeaderMap>();
        (StatusCode::from_u16(self.status).unwrap_or_default(), headers)
    }
}

/// How a trial's server is restarted.
#[derive(Debug, Default)]
pub(crate) struct Restarts {
    /// What a new process would play; nothing in a test of the checks themselves, which starts none.
    elsewhere: Option<(Part, u64, Duration)>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    answers: VecDeque<Recorded>,
    restarts: usize,
    /// The data for this process, until it has come to the restart.
    replayed: Option<Handover>,
    is_lost: bool,
}

/// What happens at a restart of the server.
pub(crate) enum Restart {
    /// This process is still repeating what the old process did.
    Replayed,
    /// This process continues from here, with these.
    GoesOn(Survivors),
    /// Another process has played the rest.
    Elsewhere(Resumed),
    /// This process makes a new server.
    Here,
}

impl Restarts {
    /// While this is played.
    pub(crate) fn new(place: Place, part: impl FnOnce() -> Part, seed: u64) -> Self {
        let elsewhere = match place {
            Place::Elsewhere { outer } => Some((part(), seed, outer)),
            Place::Here => None,
        };
        Self { elsewhere, ..Self::default() }
    }

    /// In the new process.
    pub(crate) fn resumed(handover: Handover, outer: Duration) -> Self {
        let elsewhere = Some((handover.part.clone(), handover.seed, outer));
        Self { elsewhere, state: Mutex::new(State { replayed: Some(handover), ..State::default() }) }
    }

    /// The recorded answer to this request, while the scene is repeated.
    pub(crate) fn replay(&self, asked: &str) -> Result<Option<Recorded>, Miss> {
        let mut state = self.state();
        let Some(replayed) = &mut state.replayed else { return Ok(None) };
        let next = replayed.answers.pop_front().filter(|recorded| recorded.asked == asked);
        state.is_lost |= next.is_none();
        next.map(Some).ok_or_else(|| Miss::new("the same request as before", asked))
    }

    /// Records an answer.
    pub(crate) fn record(&self, recorded: impl FnOnce() -> Recorded) {
        if self.elsewhere.is_some() {
            self.state().answers.push_back(recorded());
        }
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.state().is_lost
    }

    /// Restarts the server, and this survives; `waits` is called as long as another process plays.
    pub(crate) fn restart(&self, kept: Survivors, waits: impl Fn()) -> Restart {
        let mut state = self.state();
        state.restarts += 1;
        if let Some(replayed) = state.replayed.take() {
            if replayed.restarts > state.restarts {
                state.replayed = Some(replayed);
                return Restart::Replayed;
            }
            state.is_lost |= !replayed.answers.is_empty();
            return Restart::GoesOn(replayed.kept);
        }
        let Some((part, seed, outer)) = self.elsewhere.clone() else { return Restart::Here };
        let (answers, restarts) = (state.answers.clone(), state.restarts);
        drop(state);
        let resumed = resume(Handover { part, seed, answers, restarts, kept }, outer, waits);
        resumed.ok().filter(|resumed| !resumed.is_lost).map_or(Restart::Here, Restart::Elsewhere)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets another process of this program continue.
fn resume(handover: Handover, outer: Duration, waits: impl Fn()) -> io::Result<Resumed> {
    let folder = tempfile::tempdir()?;
    let (seed, key, file) = (handover.seed, Key::new(), folder.path().join("handover.json"));
    fs::write(&file, serde_json::to_vec(&handover)?)?;
    let order = Order { work: Work::Resume(file.clone()), seed, key, folder: folder.path().to_owned(), outer };
    let mut process = order.give(|command| _ = command.stdout(Stdio::inherit()))?;
    while process.try_wait()?.is_none() {
        waits();
        thread::sleep(LOOK);
    }
    let told = fs::read_to_string(told(&file))?;
    Ok(serde_json::from_str(order.key.open(&told).unwrap_or_default())?)
}

/// In the new process: continues, and reports the result.
pub(crate) fn obey(suite: &'static Suite, app: &App, file: &Path, order: &Order) -> io::Result<()> {
    let handover = serde_json::from_slice(&fs::read(file)?)?;
    let resumed = run::resume(suite, app, handover, order.outer);
    fs::write(told(file), order.key.seal(&serde_json::to_string(&resumed)?))
}

fn told(handover: &Path) -> PathBuf {
    handover.with_extension("told")
}

#[cfg(test)]
mod tests {
    use axum::{Router, routing::get};

    use super::*;
    use crate::Trial;

    #[tokio::test]
    async fn what_is_played_once_more_is_written_down_once_for_the_next_restart() {
        let trial = Trial::of(|_| Router::new().route("/", get(async || "here")));
        trial.browser("alice").get("/").await.unwrap();
        let exchange = &trial.exchanges()[0];
        let answer = || Recorded::new("GET /".to_owned(), StatusCode::OK, &HeaderMap::new(), b"here", exchange);
        let handover = Handover {
            part: Part::Scene(0),
            seed: 1,
            answers: [answer()].into(),
            restarts: 1,
            kept: Survivors::default(),
        };
        let restarts = Restarts::resumed(handover, Duration::ZERO);
        let replayed = restarts.replay("GET /").unwrap().unwrap();
        restarts.record(|| replayed);
        assert!(matches!(restarts.restart(Survivors::default(), || ()), Restart::GoesOn(..)));
        assert!(restarts.replay("GET /").unwrap().is_none(), "from here on the app is asked");
        restarts.record(answer);
        assert_eq!(restarts.state().answers.len(), 2);
        assert!(!restarts.is_lost());
    }
}
