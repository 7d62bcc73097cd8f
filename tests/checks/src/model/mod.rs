//! Random stories of an exercise, compared with what a small model of it says. They come behind the scenes and find what
//! no scene has thought of. Of a story that shows a difference, the shortest that still shows it is told.

mod cart;
mod harden;
mod login;
mod roles;
mod sessions;
mod wrong;

use std::{fmt::Debug, sync::Arc};

use axum::http::Method;
use futures_util::future::BoxFuture;
use proptest::{
    strategy::{BoxedStrategy, Strategy, Union, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

pub(crate) use cart::CART;
pub(crate) use harden::HARDEN;
pub(crate) use login::LOGIN;
pub(crate) use roles::ROLES;

use crate::{
    Answer, App, Miss, Trial,
    monitor::{Monitor, Noticed},
    run,
    trial::Log,
};

/// What a failure says of its story.
const SHORTEST: &str = "this is the shortest story that shows it: each of its steps is needed";

/// So many stories are played.
const STORIES: usize = 40;
/// So many more, at most, to find a shorter one.
const SHORTER: usize = 400;

/// An exercise's model.
pub struct Model {
    /// Looks for a story whose end the model does not foresee.
    pub(crate) find: fn(&Stage) -> Option<Noticed>,
}

/// Where stories are played: each with a fresh app, on its own.
pub(crate) struct Stage<'a> {
    pub(crate) app: &'a App,
    pub(crate) seed: u64,
    pub(crate) monitors: &'static [Monitor],
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

impl Stage<'_> {
    /// The shortest story that shows a difference, of as many as are played.
    pub(crate) fn find<S: Clone + Debug>(
        &self,
        stories: impl Strategy<Value = S>,
        rules: &Rules<S>,
    ) -> Option<Noticed> {
        self.find_in(STORIES, stories, rules)
    }

    /// The same, of so many.
    pub(crate) fn find_in<S: Clone + Debug>(
        &self,
        played: usize,
        stories: impl Strategy<Value = S>,
        rules: &Rules<S>,
    ) -> Option<Noticed> {
        let mut runner = TestRunner::new_with_rng(Config::default(), self.rng());
        let mut drawn = (0..played).filter_map(|_| stories.new_tree(&mut runner).ok());
        drawn.find_map(|mut story| {
            let found = self.play(&story.current(), rules)?;
            Some(self.shortest(&mut story, found, rules))
        })
    }

    fn shortest<S>(&self, story: &mut impl ValueTree<Value = S>, mut found: Noticed, rules: &Rules<S>) -> Noticed {
        let mut is_found = true;
        for _ in 0..SHORTER {
            let changed = if is_found { story.simplify() } else { story.complicate() };
            if !changed && is_found {
                break;
            }
            match changed.then(|| self.play(&story.current(), rules)).flatten() {
                Some(shorter) => (found, is_found) = (shorter, true),
                None => is_found = !changed,
            }
        }
        found
    }

    /// Plays it; gives what was not as the model says.
    fn play<S>(&self, story: &S, rules: &Rules<S>) -> Option<Noticed> {
        let log = Arc::<Log>::default();
        let users = run::users(self.seed);
        let result =
            run::played(self.app, users, self.monitors, log.clone(), async |trial| (rules.play)(trial, story).await);
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
