//! The app, the accounts and the log that one check plays with.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    fs::File,
    io::{self, Read, Write},
    path::Path,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Extension, Router};
use futures_util::future::{Either, join, select};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use session_inspector::{Exchange, Held, Inspector, Observed, Operation, past_exchange};
use time::{Date, Month, PrimitiveDateTime};
use tokio::time::timeout;
use tower_sessions::{
    ExpiredDeletion, MemoryStore, SessionStore,
    session::{Id, Record},
};

use crate::{
    Answer, Browser, Monitor, Step, Users,
    canary::Canary,
    folder::{Kept, Open},
    monitor::{self, Noticed},
    recipe,
    restart::{Restart, Restarts, Resumed, Survivors},
    shop::{Moment, Shop},
    spelt::SpeltId,
};

/// A learner's answer: an app that takes a store, or a store.
#[derive(Clone)]
pub struct App(Kind);

#[derive(Clone)]
enum Kind {
    Site(Arc<dyn Fn(Observed<MemoryStore>) -> Router + Send + Sync>),
    Store(Open),
}

impl App {
    /// An app, as in every exercise but one.
    pub fn new(app: impl Fn(Observed<MemoryStore>) -> Router + Send + Sync + 'static) -> Self {
        Self(Kind::Site(Arc::new(app)))
    }

    /// A store, as in exercise 5: this opens it in a folder, which may not exist yet.
    pub fn store<S: SessionStore + ExpiredDeletion + Clone>(
        open: impl Fn(&Path) -> io::Result<S> + Send + Sync + 'static,
    ) -> Self {
        Self(Kind::Store(Arc::new(move |folder| Ok(Box::new(open(folder)?)))))
    }

    /// The app on this store; one without routes for a store.
    pub fn router(&self, store: Observed<MemoryStore>) -> Router {
        match &self.0 {
            Kind::Site(app) => app(store),
            Kind::Store(_) => Router::new(),
        }
    }
}

/// A fresh app behind the inspector, accounts whose names change on every run, and a log of the steps so far.
pub struct Trial {
    /// The accounts.
    pub users: Users,
    /// The database and the warehouse of exercise 8.
    pub(crate) shop: Shop,
    app: App,
    router: Mutex<Router>,
    pub(crate) inspector: Inspector,
    store: Observed<MemoryStore>,
    /// The app's store without the inspector.
    memory: MemoryStore,
    /// The IDs in all calls to it.
    seen_ids: Mutex<BTreeSet<String>>,
    /// Those that were searched for: to spell an ID takes longer than to search for it.
    spelt_ids: Mutex<HashMap<Id, Arc<SpeltId>>>,
    /// The source of planted IDs: the same ones whenever a scene is played again.
    ids: Mutex<fastrand::Rng>,
    monitors: &'static [Monitor],
    restarts: Arc<Restarts>,
    log: Arc<Log>,
}

/// The requests and answers. The log outlives a trial that does not end.
#[derive(Debug, Default)]
pub(crate) struct Log {
    sent: Mutex<Vec<Sent>>,
    noticed: Mutex<Vec<Noticed>>,
    /// The result, if another process has played the scene to its end.
    taken_over: Mutex<Option<Result<(), Miss>>>,
    /// How often anything was sent or answered.
    steps: AtomicUsize,
    /// The file to which it is written as it grows, so that it also outlives the process.
    file: Option<File>,
}

/// A line of that file.
#[derive(Deserialize, Serialize)]
enum Line {
    Sent(Box<Sent>),
    Answered(usize, String),
}

/// A step, and how to send it by hand.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Sent {
    pub(crate) step: Step,
    pub(crate) curl: String,
    /// How a story tells it, if not as a report does: with the inspector's letters, which a report does not show.
    #[serde(skip)]
    pub(crate) told: Option<String>,
    /// What the inspector saw of it, once it is answered.
    pub(crate) exchange: Option<Exchange>,
    /// How a scene begins here, if it does: this is not a step.
    pub(crate) begins: Option<Scene>,
}

/// How a scene begins.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) enum Scene {
    /// The steps before are not shown again, but have to be done by hand as well.
    GoesOn,
    /// The steps before do not matter.
    Anew,
    /// One of several that are independent of each other, after the same beginning.
    Apart,
}

/// How long a request waits for another one that overlaps with it and may be waiting for it as well.
const PATIENCE: Duration = Duration::from_millis(200);
/// Printed by a check in a process of its own when its scene is over: what the answer prints when the scene is played
/// again is ignored.
pub(crate) const END_OF_PRINTS: &[u8] = b"\0the scene is over\0";
/// No scene is longer, written down, in bytes.
const LONGEST_LOG: u64 = 16 << 20;
/// Shown as the answer to a request that is not answered.
pub(crate) const UNANSWERED: &str = "no answer";
/// Follows the status of an answer whose body has not arrived yet.
pub(crate) const UNFINISHED: &str = ", unfinished";

impl Trial {
    /// The only key of a session that was planted.
    pub(crate) const PLANTED: &str = "planted";

    pub(crate) fn new(
        app: &App,
        users: Users,
        monitors: &'static [Monitor],
        restarts: Arc<Restarts>,
        log: Arc<Log>,
    ) -> Self {
        let (inspector, memory) = (Inspector::default(), MemoryStore::default());
        let store = inspector.observe(memory.clone());
        let shop = Shop::new();
        let router = Mutex::new(serving(app, &inspector, &store, &users, &shop));
        Self {
            users,
            shop,
            app: app.clone(),
            router,
            inspector,
            store,
            memory,
            seen_ids: Mutex::default(),
            spelt_ids: Mutex::default(),
            ids: Mutex::new(fastrand::Rng::with_seed(1)),
            monitors,
            restarts,
            log,
        }
    }

    /// A trial of an app that is known to end, with the accounts of a demo: for the tests of lessons.
    pub fn of(app: impl Fn(Observed<MemoryStore>) -> Router + Send + Sync + 'static) -> Self {
        Self::new(&App::new(app), Users::demo(), &[], Arc::default(), Arc::default())
    }

    /// Lets this much time pass, for every record and every [`Clock`](session_inspector::Clock).
    pub fn skip(&self, time: Duration) {
        let passed = session_inspector::span(time.as_secs());
        let by_hand = "curl -H 'Sec-Fetch-Site: none' -d seconds={} 'http://inspector.localhost:INSPECTOR/skip'"
            .replace("{}", &time.as_secs().to_string());
        self.log.event("(time)", format!("{passed} later"), by_hand);
        self.inspector.skip(time);
    }

    /// Lets time pass until the next 31 December, 20:00 UTC: what begins then lives through a midnight, and through the end
    /// of a month and of a year.
    pub(crate) fn skip_to_new_years_eve(&self) {
        let now = self.inspector.clock().now();
        let eve = |year| Date::from_calendar_date(year, Month::December, 31).ok()?.with_hms(20, 0, 0).ok();
        let eves = [now.year(), now.year() + 1].into_iter().filter_map(eve).map(PrimitiveDateTime::assume_utc);
        let Some(eve) = eves.into_iter().find(|eve| *eve > now) else { return };
        let seconds = format!("seconds=$(({} - $(date +%s)))", eve.unix_timestamp());
        let by_hand =
            format!("curl -H 'Sec-Fetch-Site: none' -d {seconds} 'http://inspector.localhost:INSPECTOR/skip'");
        self.log.event("(time)", "it is 31 December, 20:00 UTC".to_owned(), by_hand);
        self.inspector.skip((eve - now).unsigned_abs());
    }

    /// Something that `who` does without a request, for the story: `(shop)`, `carol is no longer an admin`.
    pub fn event(&self, who: &str, what: &str) {
        self.log.event(who, what.to_owned(), format!("# {who} {what}"));
    }

    /// Restarts the server, in a process of its own if possible. Only what the store holds survives. A miss means that
    /// the scene is over here: the other process has played the rest.
    pub(crate) async fn restart(&self) -> Result<(), Miss> {
        self.log.event("(server)", "restarts".to_owned(), recipe::RESTART.to_owned());
        let kept = Survivors { records: self.records().await, accounts: self.users.dump(), shop: self.shop.dump() };
        match self.restarts.restart(kept, || self.log.step()) {
            Restart::Replayed => return Ok(()),
            Restart::GoesOn(Survivors { records, accounts, shop }) => {
                self.users.restore(accounts);
                self.shop.restore(shop);
                // Sessions that were planted while the scene was played again.
                for record in self.records().await {
                    let _ = self.memory.delete(&record.id).await;
                }
                for record in &records {
                    // A store in memory does not fail.
                    let _ = self.memory.save(record).await;
                }
            }
            Restart::Elsewhere(resumed) => {
                self.log.take_over(resumed);
                return Err(Miss::default());
            }
            Restart::Here => {}
        }
        let anew = serving(&self.app, &self.inspector, &self.store, &self.users, &self.shop);
        *self.router.lock().unwrap_or_else(PoisonError::into_inner) = anew;
        Ok(())
    }

    /// Sends both requests at the same time.
    pub(crate) async fn at_once<T, U>(
        &self,
        one: impl Future<Output = Result<T, Miss>>,
        other: impl Future<Output = Result<U, Miss>>,
    ) -> Result<(T, U), Miss> {
        let told = "send the next two requests at the same time".to_owned();
        self.log.event("(both)", told, recipe::OVERLAP.to_owned());
        let (one, other) = join(one, other).await;
        Ok((one?, other?))
    }

    /// While the app answers this request, its next store call of this kind waits until `meanwhile` is done; a request
    /// without such a call is answered first.
    pub(crate) async fn overlaps<T>(
        &self,
        operation: Operation,
        request: impl Future<Output = Result<T, Miss>>,
        meanwhile: impl Future<Output = Result<(), Miss>>,
    ) -> Result<T, Miss> {
        let told = "the next two requests overlap".to_owned();
        self.log.event("(both)", told, recipe::OVERLAP.to_owned());
        self.beside(self.inspector.hold(operation), request, meanwhile).await
    }

    /// The same for a call to the database or the warehouse, which comes to this moment.
    pub(crate) async fn overlaps_at<T>(
        &self,
        moment: Moment,
        request: impl Future<Output = Result<T, Miss>>,
        meanwhile: impl Future<Output = Result<(), Miss>>,
    ) -> Result<T, Miss> {
        let told = format!("while the next request {}, another one comes", moment.told());
        self.log.event("(both)", told, recipe::OVERLAP.to_owned());
        self.beside(self.shop.hold(moment, 0), request, meanwhile).await
    }

    /// Sends a request to an instance that ends when one of its calls comes to this moment, after as many others as
    /// `passing`; an answer if none does.
    pub(crate) async fn ends_at<T>(
        &self,
        (moment, passing): (Moment, usize),
        request: impl Future<Output = Result<T, Miss>>,
    ) -> Result<Option<T>, Miss> {
        let again = if passing == 0 { "" } else { " once more" };
        let told = format!("ends while the next request {}{again}", moment.told());
        self.log.event("(instance)", told, recipe::ENDS.to_owned());
        let mut held = self.shop.hold(moment, passing);
        answered_or_held(pin!(request), &mut held).await.transpose()
    }

    /// Each time the request comes to this moment, another of `others` is done before it may go on.
    pub(crate) async fn overtaken_at<T>(
        &self,
        moment: Moment,
        request: impl Future<Output = Result<T, Miss>>,
        others: impl IntoIterator<Item = impl Future<Output = Result<(), Miss>>>,
    ) -> Result<T, Miss> {
        let told = format!("each time the next request {}, another one comes first", moment.told());
        self.log.event("(both)", told, recipe::OVERLAP.to_owned());
        let mut request = pin!(request);
        let mut answered = None;
        let mut held = Some(self.shop.hold(moment, 0));
        for other in others {
            if let (None, Some(held)) = (&answered, &mut held) {
                answered = answered_or_held(request.as_mut(), held).await;
            }
            let mut other = pin!(other);
            match timeout(PATIENCE, other.as_mut()).await {
                Ok(done) => done?,
                // An app that answers one request at a time is right, too.
                Err(_) => {
                    drop(held.take());
                    let (answer, done) = join(rest(answered, request.as_mut()), other).await;
                    answered = Some(answer);
                    done?;
                }
            }
            // The next time it is held has to be arranged before it goes on.
            held = if answered.is_none() { Some(self.shop.hold(moment, 0)) } else { None };
        }
        drop(held);
        rest(answered, request).await
    }

    async fn beside<T>(
        &self,
        mut held: Held,
        request: impl Future<Output = Result<T, Miss>>,
        meanwhile: impl Future<Output = Result<(), Miss>>,
    ) -> Result<T, Miss> {
        let mut request = pin!(request);
        let answered = answered_or_held(request.as_mut(), &mut held).await;
        let meanwhile = async move {
            let mut meanwhile = pin!(meanwhile);
            let done = timeout(PATIENCE, meanwhile.as_mut()).await;
            drop(held); // an app that answers one request at a time is right, too
            if let Ok(done) = done { done } else { meanwhile.await }
        };
        let (answered, done) = join(rest(answered, request), meanwhile).await;
        done.and(answered)
    }

    /// Both requests get as far as their next store call of this kind, and continue from there at the same moment. A
    /// request that the app makes wait for the other one continues after it.
    pub(crate) async fn meet<T>(
        &self,
        operation: Operation,
        one: impl Future<Output = Result<T, Miss>>,
        other: impl Future<Output = Result<T, Miss>>,
    ) -> Result<[T; 2], Miss> {
        let told = "send the next two requests at the same moment".to_owned();
        self.log.event("(both)", told, "# the next two at the same moment".to_owned());
        let (mut one, mut other) = (pin!(one), pin!(other));
        let mut first = self.inspector.hold(operation);
        let one_answered = answered_or_held(one.as_mut(), &mut first).await;
        let mut second = self.inspector.hold(operation);
        let other_answered = timeout(PATIENCE, answered_or_held(other.as_mut(), &mut second)).await.unwrap_or_default();
        drop((first, second));
        let (one, other) = join(rest(one_answered, one), rest(other_answered, other)).await;
        Ok([one?, other?])
    }

    /// A server runs for months, and a visitor who comes late has as much time as the first one: no two sessions end at
    /// the very same moment. A whole second may be rounded.
    pub(crate) async fn each_session_has_its_own_end(&self, answer: &Answer) -> Result<(), Miss> {
        let mut ends: Vec<_> = self.records().await.into_iter().map(|record| record.expiry_date).collect();
        ends.sort_unstable();
        if !ends.windows(2).any(|ends| ends[0] == ends[1] && ends[0].nanosecond() != 0) {
            return Ok(());
        }
        let miss = answer.miss("sessions that end some time after they began", "two that end at the very same moment");
        Err(miss.so("their end was fixed before either of them began: a visitor who comes late has hardly any time")
            .why("a program runs for months, and visitors come all the time: the time of each has to begin with their own session"))
    }

    /// Every session that the store still has.
    async fn records(&self) -> Vec<Record> {
        let ids = self.seen_ids().clone();
        let mut records = Vec::new();
        for id in ids.iter().filter_map(|id| id.parse().ok()) {
            records.extend(self.memory.load(&id).await.ok().flatten());
        }
        records
    }

    pub(crate) fn restarts(&self) -> &Restarts {
        &self.restarts
    }

    /// An ID that no session has.
    pub(crate) fn new_id(&self) -> Id {
        Id(self.ids.lock().unwrap_or_else(PoisonError::into_inner).i128(..))
    }

    /// The app, ready for one request.
    pub(crate) fn router(&self) -> Router {
        self.router.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A word that changes on every run.
    pub(crate) fn named(&self, word: &str) -> String {
        self.users.named(word)
    }

    /// The exchanges so far, as text: see [`Inspector::transcript`].
    pub fn transcript(&self) -> String {
        self.inspector.transcript()
    }

    /// Who did what, what it meant for the session, and the sentence with which it was refused.
    pub fn story(&self) -> Vec<StoryStep> {
        let mut story: Vec<StoryStep> = Vec::new();
        for step in self.log.sent().iter().filter(|sent| sent.is_told()).map(StoryStep::of) {
            match story.last_mut() {
                Some(last) if last.is_like(&step) => last.times += 1,
                _ => story.push(step),
            }
        }
        story
    }

    /// A browser of its own for `who`, with no cookies yet.
    pub fn browser(&self, who: &'static str) -> Browser<'_> {
        Browser::new(self, who)
    }

    /// Puts a session that nobody requested into the store, and returns its ID.
    pub async fn plant(&self) -> Id {
        let expiry_date = self.inspector.clock().now() + time::Duration::hours(1);
        let mut record =
            Record { id: self.new_id(), data: [(Self::PLANTED.to_owned(), Value::from(true))].into(), expiry_date };
        // A store in memory does not fail.
        let _ = self.store.create(&mut record).await;
        self.seen_ids().insert(record.id.to_string());
        record.id
    }

    /// Writes this data into the session that this answer wrote, as another part of the site does. `false` if there is
    /// none.
    pub(crate) async fn writes_beside(&self, written: &Answer, data: HashMap<String, Value>) -> bool {
        for id in written.exchange.calls.iter().rev().filter_map(|call| call.id.parse().ok()) {
            if let Ok(Some(mut record)) = self.memory.load(&id).await {
                let keys: BTreeSet<_> = data.keys().map(|key| format!("`{key}`")).collect();
                let keys: Vec<_> = keys.into_iter().collect();
                self.event("(site)", &format!("keeps {} in the same session", keys.join(", ")));
                record.data.extend(data);
                return self.memory.save(&record).await.is_ok();
            }
        }
        false
    }

    /// The exchanges so far, as the inspector saw them.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.inspector.exchanges()
    }

    fn seen_ids(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.seen_ids.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Checks an answer against the rules of the exercise, and notes the first time that each is broken.
    pub(crate) fn watch(&self, answer: &Answer) {
        self.seen_ids().extend(answer.exchange.calls.iter().map(|call| call.id.clone()));
        let canary = self.users.canary();
        let notice = |check, watched: Result<(), Miss>| {
            if let Err(miss) = watched {
                self.log.notice(check, miss, canary.cloned());
            }
        };
        for Monitor { check, watch } in self.monitors.iter().filter(|monitor| !self.log.has_noticed(monitor.check)) {
            notice(check, watch(self, answer));
        }
        if let Some(canary) = canary.filter(|canary| !self.log.has_noticed(canary.check)) {
            notice(canary.check, monitor::names_are_text(canary, answer));
        }
    }

    /// Whether this is, or contains, the ID of a session that was seen so far.
    pub(crate) fn carries_an_id(&self, value: &str) -> bool {
        self.seen_ids().iter().any(|id| !id.is_empty() && value.contains(id))
    }

    /// The miss of this scene, which is the part of a longer one that failed, played alone: it takes fewer steps to
    /// repeat. If it does not fail alone, the miss of the longer one.
    pub(crate) async fn in_fewer_steps(&self, miss: Miss, alone: impl Future<Output = Result<(), Miss>>) -> Miss {
        let steps = self.log.sent().len();
        self.log.begin_anew();
        match alone.await {
            Err(shorter) => shorter,
            Ok(()) => {
                self.log.sent().truncate(steps);
                miss
            }
        }
    }

    /// The ID in all its encodings.
    pub(crate) fn spelt(&self, id: Id) -> Arc<SpeltId> {
        let mut spelt_ids = self.spelt_ids.lock().unwrap_or_else(PoisonError::into_inner);
        spelt_ids.entry(id).or_insert_with(|| Arc::new(SpeltId::new(id))).clone()
    }

    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    pub(crate) fn shared_log(&self) -> Arc<Log> {
        self.log.clone()
    }

    /// Opens the learner's store in this folder.
    pub(crate) fn open_store(&self, folder: &Path) -> io::Result<Box<dyn Kept>> {
        match &self.app.0 {
            Kind::Store(open) => open(folder),
            Kind::Site(_) => Err(io::Error::other("this exercise's answer is no store")),
        }
    }
}

/// A step of a story.
#[derive(Clone, Debug, Serialize)]
pub struct StoryStep {
    /// Who did it.
    pub who: String,
    /// What: a request such as `POST /buy  item=a teapot`, or a sentence.
    pub did: String,
    /// The answer in short, such as `303 → /`; empty if there was no request.
    pub answer: String,
    /// What it meant.
    pub meant: Vec<String>,
    /// How many times in a row.
    pub times: usize,
    /// The request and its answer as the inspector saw them, if it was a request.
    #[serde(skip)]
    pub exchange: Option<Exchange>,
}

impl StoryStep {
    fn of(Sent { step: Step { who, method, path, answer, .. }, told, exchange, .. }: &Sent) -> Self {
        let (who, exchange) = (who.clone(), exchange.clone());
        let Some(Exchange { request, response, summary, .. }) = &exchange else {
            let did = told.as_ref().unwrap_or(path).clone();
            return Self { who, did, answer: String::new(), meant: Vec::new(), times: 1, exchange };
        };
        let did = format!("{method} {path}  {}", fields(&request.body.text)).trim_end().to_owned();
        let refusal = response.body.says.iter().filter(|_| response.status >= 400);
        let meant = summary.iter().chain(refusal).cloned().collect();
        Self { who, did, answer: answer.clone(), meant, times: 1, exchange }
    }

    /// Whether `next` reads the same.
    fn is_like(&self, next: &Self) -> bool {
        let read = |step: &Self| (step.who.clone(), step.did.clone(), step.answer.clone(), step.meant.clone());
        read(self) == read(next)
    }
}

impl fmt::Display for StoryStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { who, did, answer, meant, times, .. } = self;
        writeln!(f, "{}", format!("{who:<8} {did:<34}  {answer}").trim_end())?;
        meant.iter().try_for_each(|meant| writeln!(f, "    {meant}"))?;
        if *times > 1 { writeln!(f, "    … {times} times in a row") } else { Ok(()) }
    }
}

/// A form, readable for a person; anything else as it is.
fn fields(body: &str) -> String {
    if body.starts_with('{') {
        return body.to_owned();
    }
    let pairs = form_urlencoded::parse(body.as_bytes()).map(|(name, value)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join("  ")
}

/// The beginning of a file; nothing if there is none.
fn read_to(length: u64, file: &Path) -> String {
    let mut read = Vec::new();
    let _ = File::open(file).and_then(|file| file.take(length).read_to_end(&mut read));
    String::from_utf8_lossy(&read).into_owned()
}

/// The result of the request, unless a call of its own is held first.
async fn answered_or_held<F: Future>(request: Pin<&mut F>, held: &mut Held) -> Option<F::Output> {
    match select(request, pin!(held.reached())).await {
        Either::Left((answered, _)) => Some(answered),
        Either::Right(_) => None,
    }
}

/// The result of a request that may have been answered already.
async fn rest<F: Future>(answered: Option<F::Output>, request: Pin<&mut F>) -> F::Output {
    match answered {
        Some(answered) => answered,
        None => request.await,
    }
}

fn serving(
    app: &App,
    inspector: &Inspector,
    store: &Observed<MemoryStore>,
    users: &Users,
    Shop { database, orders }: &Shop,
) -> Router {
    let shared = app.router(store.clone()).layer(Extension(database.clone())).layer(Extension(orders.clone()));
    inspector.wrap(shared.layer(Extension(users.clone())))
}

impl Sent {
    /// A step without a request, which `curl` cannot do.
    pub(crate) fn call(who: &str, what: String) -> Self {
        let step = Step { who: who.to_owned(), path: what, answer: UNANSWERED.to_owned(), ..Step::default() };
        Self { step, curl: String::new(), ..Self::default() }
    }

    /// Whether a story tells it: not the beginning of a scene, and not what a browser does by itself.
    fn is_told(&self) -> bool {
        self.begins.is_none() && self.told.as_deref() != Some("")
    }

    /// The beginning of a scene.
    fn begins(scene: Scene) -> Self {
        Self { begins: Some(scene), ..Self::default() }
    }

    /// As a failure tells it, as the step with this number. The last one is unfolded, also where it changed nothing: it
    /// is what the story leads to.
    pub(crate) fn in_full(&self, number: u64, is_last: bool) -> Step {
        // The inspector knows a visitor by a host name; here the step says who it was.
        let by_name = |exchange: &Exchange| Exchange { visitor: self.step.who.clone(), ..exchange.clone() };
        let seen = self.exchange.as_ref().map(|exchange| past_exchange(&by_name(exchange), number, is_last));
        Step { seen, ..self.step.clone() }
    }

    /// The same with this as its answer.
    pub(crate) fn with_answer(mut self, answer: &str) -> Self {
        answer.clone_into(&mut self.step.answer);
        self
    }
}

impl Log {
    /// A log that is written to `file` as it grows. If the file cannot be created, a failure tells less, and is still
    /// true.
    pub(crate) fn kept_in(file: &Path) -> Self {
        Self { file: File::create(file).ok(), ..Self::default() }
    }

    /// The steps that were written to `file`; nothing if there is no such file. A line that was cut off is left out.
    pub(crate) fn read(file: &Path) -> Self {
        let log = Self::default();
        for line in read_to(LONGEST_LOG, file).lines() {
            match serde_json::from_str(line) {
                Ok(Line::Sent(sent)) => drop(log.begin(*sent)),
                Ok(Line::Answered(place, answer)) => log.answered(place, &answer),
                Err(_) => {}
            }
        }
        log
    }

    /// How far the check has come: it hangs where this stays the same.
    pub(crate) fn steps(&self) -> usize {
        self.steps.load(Ordering::Relaxed)
    }

    fn step(&self) {
        self.steps.fetch_add(1, Ordering::Relaxed);
    }

    fn write(&self, line: &Line) {
        if let Some(mut file) = self.file.as_ref() {
            let _ = serde_json::to_string(line).map(|line| file.write_all(format!("{line}\n").as_bytes()));
        }
    }

    /// A log of this story.
    pub(crate) fn of(sent: Vec<Sent>) -> Self {
        Self { sent: Mutex::new(sent), ..Self::default() }
    }

    /// Prints from now on are not shown: see [`END_OF_PRINTS`].
    pub(crate) fn end_prints(&self) {
        if self.file.is_some() {
            // Without it, too many prints are shown.
            let _ = io::stdout().write_all(END_OF_PRINTS).and_then(|()| io::stdout().flush());
            let _ = io::stderr().write_all(END_OF_PRINTS);
        }
    }

    /// Notes that the rule of this check was broken just now.
    fn notice(&self, check: &'static str, miss: Miss, canary: Option<Canary>) {
        let sent = self.sent().clone();
        self.noticed().push(Noticed { check, miss, sent, canary });
    }

    /// Notes the same of a story, which ends with the miss that this returns.
    pub(crate) fn broken(&self, check: &'static str, miss: Miss) -> Miss {
        self.notice(check, miss.clone(), None);
        miss
    }

    /// Another process has played the scene to its end: takes over all that it reports.
    fn take_over(&self, Resumed { miss, sent, noticed, .. }: Resumed) {
        *self.sent() = sent;
        *self.noticed() = noticed.into_iter().filter_map(Noticed::resumed).collect();
        *self.taken_over.lock().unwrap_or_else(PoisonError::into_inner) = Some(miss.map_or(Ok(()), Err));
    }

    /// The result from another process, if one has played the scene to its end.
    pub(crate) fn taken_over(&self) -> Option<Result<(), Miss>> {
        self.taken_over.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn has_noticed(&self, check: &str) -> bool {
        self.noticed().iter().any(|noticed| noticed.check == check)
    }

    /// The rules that were broken, in order.
    pub(crate) fn noticed(&self) -> MutexGuard<'_, Vec<Noticed>> {
        self.noticed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds this, and returns its place.
    pub(crate) fn begin(&self, sent: Sent) -> usize {
        self.step();
        let mut all = self.sent();
        if self.file.is_some() {
            self.write(&Line::Sent(Box::new(sent.clone())));
        }
        all.push(sent);
        all.len() - 1
    }

    /// Adds an event that happened without a request, and how to do it by hand.
    pub(crate) fn event(&self, who: &str, what: String, by_hand: String) {
        self.happened(who, what, None, by_hand);
    }

    /// The same, but a story tells it as `told`.
    pub(crate) fn event_told(&self, who: &str, what: String, told: String, by_hand: String) {
        self.happened(who, what, Some(told), by_hand);
    }

    fn happened(&self, who: &str, what: String, told: Option<String>, curl: String) {
        let step = Step { who: who.to_owned(), path: what, ..Step::default() };
        self.begin(Sent { step, curl, told, ..Sent::default() });
    }

    /// The next steps are a scene of their own, which continues the steps before.
    pub(crate) fn new_scene(&self) {
        self.begin(Sent::begins(Scene::GoesOn));
    }

    /// The next steps are a scene of their own, which needs nothing from other scenes that begin like this.
    pub(crate) fn begin_apart(&self) {
        self.begin(Sent::begins(Scene::Apart));
    }

    /// Lets `curl` follow the redirect of the last request when somebody sends it by hand.
    pub(crate) fn follow_by_hand(&self) {
        if let Some(last) = self.sent().iter_mut().rfind(|sent| !sent.curl.is_empty()) {
            last.curl = last.curl.replacen("curl -i", "curl -i -L", 1);
        }
    }

    /// The last step is part of the line before it.
    pub(crate) fn is_part_of_the_line_before(&self) {
        if let Some(last) = self.sent().last_mut() {
            last.curl.clear();
        }
    }

    /// The next steps are a scene of their own, which needs none of the steps before.
    pub(crate) fn begin_anew(&self) {
        self.begin(Sent::begins(Scene::Anew));
    }

    /// The same, and forgets the steps and what was noticed in them.
    pub(crate) fn new_story(&self) {
        self.sent().clear();
        self.begin_anew();
        self.noticed().clear();
        *self.taken_over.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(crate) fn answered(&self, place: usize, answer: &str) {
        self.step();
        let mut all = self.sent();
        if let Some(sent) = all.get_mut(place) {
            answer.clone_into(&mut sent.step.answer);
            self.write(&Line::Answered(place, answer.to_owned()));
        }
    }

    pub(crate) fn seen(&self, place: usize, exchange: &Exchange) {
        if let Some(sent) = self.sent().get_mut(place) {
            sent.exchange = Some(exchange.clone());
        }
    }

    pub(crate) fn sent(&self) -> MutexGuard<'_, Vec<Sent>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a check expected and did not get.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Miss {
    pub(crate) expected: String,
    pub(crate) actual: String,
    pub(crate) session: String,
    pub(crate) so: String,
    /// Whether the answer itself says what went wrong, as a 500 does: then a check does not replace that.
    pub(crate) is_explained: bool,
    /// What it tells in place of what its check tells for every miss; boxed, because few have much of it.
    pub(crate) own: Option<Box<Own>>,
}

/// What a miss tells in place of what its check tells for every miss.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Own {
    /// The path of the request at fault, if that is not the last one.
    pub(crate) at: Option<String>,
    /// Why it matters.
    pub(crate) why: Option<String>,
    /// The README's hint, counted from 1.
    pub(crate) hint: Option<usize>,
    /// Where the book explains it.
    pub(crate) read: Option<String>,
}

/// A conclusion, and the path of the request at fault, if the conclusion names one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cause {
    so: String,
    at: Option<String>,
}

impl Cause {
    /// The request that got this answer is at fault.
    pub(crate) fn of(answer: &Answer, so: impl Into<String>) -> Self {
        Self { so: so.into(), at: Some(answer.path.clone()) }
    }
}

impl<T: Into<String>> From<T> for Cause {
    fn from(so: T) -> Self {
        Self { so: so.into(), at: None }
    }
}

impl Miss {
    /// A miss that expected one thing and saw another.
    pub fn new(expected: impl Into<String>, actual: impl Into<String>) -> Self {
        Self { expected: expected.into(), actual: actual.into(), ..Self::default() }
    }

    /// Sets the conclusion, one sentence; does nothing if the answer itself says more.
    #[must_use]
    pub fn so(mut self, so: impl Into<String>) -> Self {
        if !self.is_explained {
            self.so = so.into();
        }
        self
    }

    /// Sets the conclusion, even if the answer itself says something.
    pub(crate) fn so_anyway(self, so: &str) -> Self {
        Self { so: so.to_owned(), ..self }
    }

    /// Sets the conclusion, if there is one.
    pub(crate) fn so_if(self, so: Option<impl Into<Cause>>) -> Self {
        match so.map(Into::into) {
            Some(Cause { so, at: Some(at) }) if !self.is_explained => self.so(so).at(&at),
            Some(Cause { so, .. }) => self.so(so),
            None => self,
        }
    }

    /// Names the path of the request at fault.
    pub(crate) fn at(mut self, path: &str) -> Self {
        self.own.get_or_insert_default().at = Some(path.to_owned());
        self
    }

    /// Sets a conclusion that a check cannot improve.
    pub(crate) fn explained(self, so: impl Into<String>) -> Self {
        Self { is_explained: true, ..self.so(so) }
    }

    /// Sets why it matters, if the check's own reason is about something else.
    pub(crate) fn why(mut self, why: &'static str) -> Self {
        self.own.get_or_insert_default().why = Some(why.to_owned());
        self
    }

    /// Sets the hint, counted from 1, and the page that fit, if the check's own are about something else.
    pub(crate) fn teaches(mut self, hint: usize, read: &'static str) -> Self {
        let own = self.own.get_or_insert_default();
        (own.hint, own.read) = (Some(hint), Some(read.to_owned()));
        self
    }

    /// What it tells in place of what its check tells for every miss.
    pub(crate) fn own(&self) -> Own {
        self.own.as_deref().cloned().unwrap_or_default()
    }

    /// Sets what happened to the session.
    #[must_use]
    pub fn session(mut self, session: impl Into<String>) -> Self {
        self.session = session.into();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_explains_itself_is_told_no_other_way() {
        let failed = Miss::new("303", "500").explained("the handler failed");
        assert_eq!(failed.clone().so("the cart takes more than it may").so, "the handler failed");
        assert_eq!(failed.so_anyway("the store keeps half of it").so, "the store keeps half of it");
        assert_eq!(Miss::new("303", "200").so("what is known").so_if(None::<&str>).so, "what is known");
    }
}
