//! Random stories of an exercise, compared with a small model of it. They are played after the scenes, and find
//! mistakes that no scene looks for. A story that shows a difference is shortened as far as it still shows it, and then
//! reported.

mod cart;
mod harden;
mod login;
mod preferences;
mod roles;
mod sessions;
mod store;
mod timeouts;
mod two_at_once;
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
pub(crate) use roles::{ROLES, deletes_this_user_too, lead_to_users};
pub(crate) use store::STORE;
pub(crate) use timeouts::TIMEOUTS;
pub(crate) use two_at_once::TWO_AT_ONCE;

use crate::{
    Answer, App, Miss, Trial,
    canary::Canary,
    monitor::{Monitor, Noticed},
    restart::{Part, Place, Restarts},
    run::{self, Setting},
    trial::Log,
};

/// No story begins later than this in a learner's process: a slow answer gets fewer stories.
const LATEST: Duration = Duration::from_secs(10);

/// What a failure says about its story.
const SHORTEST: &str = "random steps found this difference, and these are the fewest found that still show it";

/// How many stories are played.
const STORIES: usize = 80;
/// How many more are played, at most, to find a shorter one.
const SHORTER: usize = 400;

/// In how many processes a learner's answer plays the stories: as long as other cores are free, they end sooner.
pub(crate) const SHARES: usize = 2;

/// The stories that one process plays: every `of`th, from `first` on.
#[derive(Clone, Copy)]
pub(crate) struct Share {
    pub(crate) first: usize,
    pub(crate) of: usize,
}

impl Share {
    pub(crate) const ALL: Self = Self { first: 0, of: 1 };
}

/// An exercise's model.
pub struct Model {
    /// Looks for a story in which the app differs from the model.
    pub(crate) find: fn(&Stage) -> Option<Noticed>,
    /// Plays one story, given as JSON.
    pub(crate) replay: for<'a> fn(&'a Trial, Value) -> BoxFuture<'a, Result<(), Miss>>,
}

/// Plays stories, each with a fresh app.
pub(crate) struct Stage {
    pub(crate) app: App,
    pub(crate) seed: u64,
    pub(crate) share: Share,
    pub(crate) monitors: &'static [Monitor],
    pub(crate) restarts: Place,
    /// The steps of the story that is being played, and in the end what was found.
    pub(crate) log: Arc<Log>,
}

/// How a story is played, and to which check's requirement a difference belongs.
pub(crate) struct Rules<S> {
    /// Performs the story's steps and compares the answers.
    pub(crate) play: for<'a> fn(&'a Trial, &'a S) -> BoxFuture<'a, Result<(), Miss>>,
    /// The check that fails if this is the shortest story.
    pub(crate) belongs_to: fn(&S) -> &'static str,
}

/// A page that was shown does not say why it should not have been: then the story explains it.
pub(crate) fn told_by_its_story(page: &Answer, miss: Miss) -> Miss {
    if page.status.is_success() && page.method == Method::GET { miss.so("") } else { miss }
}

/// Checks that what was typed is text in this answer, by the canary in it.
pub(crate) fn is_text(canary: &Canary, answer: &Answer) -> Result<(), Miss> {
    let Some(so) = canary.hatched(&answer.body).filter(|_| answer.is_page()) else { return Ok(()) };
    let markup = format!("markup: {}", canary.excerpt(&answer.body));
    Err(answer.miss("what was typed is text on the page", markup).so(so))
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

/// Stories in which some kinds of actions do not occur, so that the others meet each other (swarm testing). The first
/// `always` kinds may occur in all of them.
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
    /// Plays the stories of this model, and leaves what they find in the log.
    pub(crate) fn play(&self, model: Option<&Model>) {
        let found = model.and_then(|model| (model.find)(self));
        *self.log.noticed() = found.into_iter().collect();
    }

    /// Plays stories, and returns the shortest one found that shows a difference.
    pub(crate) fn find<S: Clone + Debug + Serialize>(
        &self,
        stories: impl Strategy<Value = S>,
        rules: &Rules<S>,
    ) -> Option<Noticed> {
        self.find_in(STORIES, stories, rules)
    }

    /// The same, with this many stories.
    pub(crate) fn find_in<S: Clone + Debug + Serialize>(
        &self,
        played: usize,
        stories: impl Strategy<Value = S>,
        rules: &Rules<S>,
    ) -> Option<Noticed> {
        let mut runner = TestRunner::new_with_rng(Config::default(), self.rng());
        let is_early = self.for_a_while();
        let drawn = (0..played).take_while(|_| is_early()).filter_map(|_| stories.new_tree(&mut runner).ok());
        drawn.skip(self.share.first).step_by(self.share.of).find_map(|mut story| {
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

    /// Plays it, and returns the difference from the model.
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

/// Reads the story from JSON.
fn read<S: DeserializeOwned>(story: Value) -> Result<S, Miss> {
    serde_json::from_value(story).map_err(|error| Miss::new("a story", error.to_string()))
}
