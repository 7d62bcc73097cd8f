//! The checks of one exercise.

use std::process::ExitCode;

use axum::Router;
use futures_util::future::BoxFuture;
use session_inspector::Observed;
use tower_sessions::MemoryStore;

use crate::{
    App, Brief, CheckReport, Failure, Miss, Model, Monitor, Report, Trial, harness,
    restart::Place,
    run::{self, Scene},
};

/// The checks of one exercise, one for each requirement of its README, in the same order.
pub struct Suite {
    /// The exercise's number.
    pub exercise: u8,
    /// The exercise's README.
    pub readme: &'static str,
    /// The checks that the stub already passes: the task is not to break them.
    pub passes_at_first: &'static [&'static str],
    /// The checks.
    pub checks: &'static [Check],
    /// The rules that hold for every exchange of every check.
    pub monitors: &'static [Monitor],
    /// The check that names are text, if the exercise requires that. Then each scene is played again, with names that
    /// are markup wherever they are pasted.
    pub names: Option<&'static str>,
    /// The model, which finds mistakes that no scene looks for.
    pub model: Option<&'static Model>,
}

/// One requirement, and how to see whether it is met.
pub struct Check {
    /// A sentence of the field, in snake case: the check's name as a test.
    pub id: &'static str,
    /// Why the requirement matters, in one sentence.
    pub why: &'static str,
    /// The README's hint that fits a failure best, counted from 1.
    pub hint: usize,
    /// Where the book explains it: a path below `book/src/`, with an anchor.
    pub read: &'static str,
    /// Plays the visitor, and returns what is wrong.
    pub run: for<'a> fn(&'a Trial) -> BoxFuture<'a, Result<(), Miss>>,
}

impl Suite {
    /// The `main` of an exercise's test binary.
    pub fn main(&'static self, app: impl Fn(Observed<MemoryStore>) -> Router + Send + Sync + 'static) -> ExitCode {
        self.main_with(App::new(app))
    }

    /// The same for an [`App`].
    pub fn main_with(&'static self, app: App) -> ExitCode {
        harness::main(self, app)
    }

    /// All checks on `app`, one after the other in this process: for apps that are known to end.
    pub fn run_here(&'static self, app: &App, seed: u64) -> Report {
        let scene = |place| Scene { suite: self, place, app, seed, stays: false, restarts: Place::Here };
        let mut checks = run::verdicts((0..self.checks.len()).map(|place| run::beside_others(scene(place))));
        if checks.iter().all(CheckReport::passed) {
            run::merge(&mut checks, self.model_here(app, seed));
        }
        Report { exercise: self.exercise, seed, checks }
    }

    /// The mistake that the model alone finds: the number of a requirement, and its failure.
    pub fn model_here(&'static self, app: &App, seed: u64) -> Option<(usize, Failure)> {
        let scene = Scene { suite: self, place: self.checks.len(), app, seed, stays: false, restarts: Place::Here };
        run::beside_others(scene).noticed.pop()
    }

    /// One check alone on `app`, as [`Self::run_here`] plays it; nothing if there is none of this name.
    pub fn run_one(&'static self, id: &str, app: &App, seed: u64) -> Option<CheckReport> {
        let place = self.checks.iter().position(|check| check.id == id)?;
        let scene = Scene { suite: self, place, app, seed, stays: false, restarts: Place::Here };
        run::verdicts([run::beside_others(scene)]).pop()
    }

    /// The task and the requirements of the exercise.
    pub fn brief(&self) -> Brief {
        Brief::parse(self.readme)
    }
}
