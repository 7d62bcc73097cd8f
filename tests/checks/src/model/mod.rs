//! Random stories of an exercise, compared with what a small model of it says. They come behind the scenes and find what
//! no scene has thought of. Of a story that shows a difference, the shortest that still shows it is told.

mod cart;
mod harden;
mod login;
mod preferences;
mod roles;
mod sessions;
mod store;
mod timeouts;
mod wrong;

use std::{
    fmt::Debug,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::http::Method;
use futures_util::future::BoxFuture;
use proptest::{
    strategy::{BoxedStrategy, Strategy, Union, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

pub(crate) use cart::CART;
pub(crate) use harden::HARDEN;
pub(crate) use login::LOGIN;
pub(crate) use preferences::{PREFERENCES, forms};
pub(crate) use roles::{ROLES, lead_to_users};
pub(crate) use store::STORE;
pub(crate) use timeouts::TIMEOUTS;

use crate::{
    Answer, App, Miss, Trial,
    canary::Canary,
    monitor::{Monitor, Noticed},
    restart::{Part, Place, Restarts},
    run::{self, Setting},
    trial::Log,
};

/// And none begins later than this in a learner's process: an answer that takes its time is asked fewer.
const LATEST: Duration = Duration::from_secs(10);

/// What a failure says of its story.
const SHORTEST: &str = "this is the shortest story that shows it: each of its steps is needed";

/// So many stories are played.
const STORIES: usize = 80;
/// So many more, at most, to find a shorter one.
const SHORTER: usize = 400;

/// An exercise's model.
pub struct Model {
    /// Looks for a story whose end the model does not foresee.
    pub(crate) find: fn(&Stage) -> Option<Noticed>,
    /// Plays one story, which comes as JSON.
    pub(crate) replay: for<'a> fn(&'a Trial, Value) -> BoxFuture<'a, Result<(), Miss>>,
}

/// Where stories are played: each with a fresh app, on its own.
pub(crate) struct Stage {
    pub(crate) app: App,
    pub(crate) seed: u64,
    pub(crate) monitors: &'static [Monitor],
    pub(crate) restarts: Place,
    /// What is sent in the story that is being played, and in the end what was found.
    pub(crate) log: Arc<Log>,
}

/// How a story is played, and which check's requirement a difference belongs to.
pub(crate) struct Rules<S> {
    /// Does what the story says and compares.
    pub(crate) play: for<'a> fn(&'a Trial, &'a S) -> BoxFuture<'a, Result<(), Miss>>,
    /// The check that fails where this is the shortest story.
    pub(crate) belongs_to: fn(&S) -> &'static str,
}

/// That a page was shown says nothing of why it should not have been: then the story does.
pub(crate) fn told_by_its_story(page: &Answer, miss: Miss) -> Miss {
    if page.status.is_success() && page.method == Method::GET { miss.so("") } else { miss }
}

/// What was typed is text in this answer, as the canary in it shows.
pub(crate) fn is_text(canary: &Canary, answer: &Answer) -> Result<(), Miss> {
    let Some(so) = canary.hatched(&answer.body).filter(|_| answer.is_page()) else { return Ok(()) };
    let markup = format!("it is markup: {}", canary.excerpt(&answer.body));
    Err(answer.miss("what is typed is shown as text", markup).so(so))
}

/// Stories that mostly begin with these two steps, such as a login: nothing much happens before them.
pub(crate) fn after<A: Clone + Debug>(
    first: [A; 2],
    actions: impl Strategy<Value = Vec<A>>,
) -> impl Strategy<Value = Vec<A>> {
    let is_taken = || proptest::bool::weighted(0.75);
    (is_taken(), is_taken(), actions).prop_map(move |(one, other, actions)| {
        let taken = first.iter().zip([one, other]).filter(|(_, is_taken)| *is_taken);
        taken.map(|(action, _)| action.clone()).chain(actions).collect()
    })
}

/// Stories in which some kinds of actions do not occur, so that those which do meet each other (swarm testing). The first
/// kinds, so many as always occur, are in all of them.
pub(crate) fn swarm<A: Clone + Debug + 'static>(
    kinds: Vec<(u32, BoxedStrategy<A>)>,
    always: usize,
    longest: usize,
) -> impl Strategy<Value = Vec<A>> {
    let occurs = proptest::collection::vec(proptest::bool::weighted(0.4), kinds.len());
    let kinds = kinds.into_iter().enumerate();
    let kinds = kinds.map(|(kind, (weight, action))| (weight, action.prop_map(move |action| (kind, action)).boxed()));
    let actions = proptest::collection::vec(Union::new_weighted(kinds.collect()), 1..=longest);
    (occurs, actions).prop_map(move |(occurs, actions)| {
        let occurring = actions.into_iter().filter(|(kind, _)| *kind < always || occurs[*kind]);
        occurring.map(|(_, action)| action).collect()
    })
}

impl Stage {
    /// Plays the stories of this model, and leaves what they show in the log.
    pub(crate) fn play(&self, model: Option<&Model>) {
        let found = model.and_then(|model| (model.find)(self));
        *self.log.noticed() = found.into_iter().collect();
    }

    /// The shortest story that shows a difference, of as many as are played.
    pub(crate) fn find<S: Clone + Debug + Serialize>(
        &self,
        stories: impl Strategy<Value = S>,
        rules: &Rules<S>,
    ) -> Option<Noticed> {
        self.find_in(STORIES, stories, rules)
    }

    /// The same, of so many.
    pub(crate) fn find_in<S: Clone + Debug + Serialize>(
        &self,
        played: usize,
        stories: impl Strategy<Value = S>,
        rules: &Rules<S>,
    ) -> Option<Noticed> {
        let mut runner = TestRunner::new_with_rng(Config::default(), self.rng());
        let is_early = self.for_a_while();
        let mut drawn = (0..played).take_while(|_| is_early()).filter_map(|_| stories.new_tree(&mut runner).ok());
        drawn.find_map(|mut story| {
            let found = self.told(&story.current(), rules)?;
            Some(self.shortest(&mut story, found, rules))
        })
    }

    fn shortest<S: Serialize>(
        &self,
        story: &mut impl ValueTree<Value = S>,
        mut found: Noticed,
        rules: &Rules<S>,
    ) -> Noticed {
        let mut is_found = true;
        let is_early = self.for_a_while();
        for _ in (0..SHORTER).take_while(|_| is_early()) {
            let changed = if is_found { story.simplify() } else { story.complicate() };
            if !changed && is_found {
                break;
            }
            match changed.then(|| self.told(&story.current(), rules)).flatten() {
                Some(shorter) => (found, is_found) = (shorter, true),
                None => is_found = !changed,
            }
        }
        found
    }

    fn for_a_while(&self) -> impl Fn() -> bool {
        let (begun, is_limited) = (Instant::now(), matches!(self.restarts, Place::Elsewhere { .. }));
        move || !is_limited || begun.elapsed() < LATEST
    }

    /// Plays it; gives what was not as the model says.
    fn told<S: Serialize>(&self, story: &S, rules: &Rules<S>) -> Option<Noticed> {
        let Self { app, seed, monitors, log, .. } = self;
        let part = || Part::Story(serde_json::to_value(story).unwrap_or_default());
        let restarts = Arc::new(Restarts::new(self.restarts, part, *seed));
        log.new_story();
        let setting = Setting { app, users: run::users(*seed), monitors, restarts, stays: false };
        let result = run::played(setting, log.clone(), async |trial| (rules.play)(trial, story).await);
        let broken = log.noticed().first().cloned();
        broken.or_else(|| {
            let miss = result.err()?;
            let miss = if miss.so.is_empty() { miss.so(SHORTEST) } else { miss };
            let sent = log.sent().clone();
            Some(Noticed { check: (rules.belongs_to)(story), miss, sent, canary: None })
        })
    }

    fn rng(&self) -> TestRng {
        let seed = self.seed.to_le_bytes().repeat(4);
        TestRng::from_seed(RngAlgorithm::ChaCha, &seed)
    }
}

/// The story that this is.
fn read<S: DeserializeOwned>(story: Value) -> Result<S, Miss> {
    serde_json::from_value(story).map_err(|error| Miss::new("a story", error.to_string()))
}
