//! The checks that test an answer to an exercise.
//!
//! ```text
//! fn main() -> ExitCode { checks::login::SUITE.main(exercise_1::app) }
//! ```
//!
//! # Layout, in the order of a run
//!
//! - `harness`: the test binary. It speaks the libtest protocol (`args`) and prints the report.
//! - `guard`, `supervisor`, `player`: the three kinds of process that it runs in: one that runs none of the answer's
//!   code and gives the verdict, one that starts a process for each check, and that process, which plays the check.
//!   `order` is the work that each gives the next, [`Key`] seals the reports that come back, `limit` stops an answer
//!   that does not end, and `system` asks the operating system.
//! - [`Suite`], [`Check`]: an exercise's checks; one stands for each requirement of its README ([`Brief`]).
//! - [`login`], [`cart`], [`preferences`], [`timeouts`], [`folder`], [`harden`],
//!   [`roles`], [`two_at_once`]: the checks of exercises 1 to 8.
//! - `reading`, `neighbour`, `spelt`, `typed`: steps that several exercises share.
//! - [`Monitor`]: a rule for every exchange of every check, whichever requirement the check is about.
//! - [`Model`]: random stories, compared with a small model of the exercise.
//! - [`store`]: the rules that every session store has to keep.
//! - [`Trial`]: everything that one check uses: a fresh app behind the inspector, [`Users`], and browsers.
//! - `restart`: a new start of the server in a process of its own.
//! - [`Shop`]: the database and the warehouse that the instances of exercise 8 share; [`instances()`]: three of them
//!   that take turns.
//! - [`demo`]: the app with accounts, and with routes beside it, so that a learner can repeat a check by hand.
//! - `browser`, `jar`, `cache`, `page`, `form`: a visitor that keeps cookies and pages as a browser does, reads and sends
//!   forms.
//! - `by_hand`, [`recipe`]: the same for a shell, with `curl` as the browser.
//! - `infer`: what an answer says about the state of the app. `routes`: the line of the source that routes an address.
//! - [`verdict`]: the verdict as data and as text; `record`: the test binary keeps it with what a learner has reached.

mod accounts;
mod args;
mod browser;
mod by_hand;
mod cache;
mod canary;
pub mod cart;
mod clients;
mod families;
mod faults;
pub mod folder;
mod form;
mod guard;
pub mod harden;
mod harness;
mod impostors;
mod improper;
mod infer;
mod instances;
mod jar;
mod limit;
pub mod login;
mod model;
mod monitor;
mod neighbour;
mod order;
mod page;
mod player;
mod policy;
mod port;
pub mod preferences;
mod prints;
mod race;
mod reading;
pub mod recipe;
mod record;
mod restart;
pub mod roles;
mod routes;
mod run;
mod shop;
mod spelt;
pub mod store;
mod suite;
mod supervisor;
mod system;
pub mod timeouts;
mod trial;
pub mod two_at_once;
mod typed;
mod users;
mod written;

pub use accounts::{accounts, demo};
pub use browser::{Answer, Browser};
pub use faults::faults;
pub use form::{Field, Form};
pub use instances::instances;
pub use model::Model;
pub use monitor::Monitor;
pub use page::text;
pub use port::port;
pub use shop::{Database, DatabaseError, Order, Orders, Row, Shop, Unknown};
pub use suite::{Check, Suite};
pub use trial::{App, Miss, StoryStep, Trial};
pub use users::{Role, User, Users, in_demo};
pub use verdict::{
    Brief, CheckReport, CompileErrors, Failure, Hint, Key, Outcome, Report, Step, Telling, Verdict, answer, progress,
    render, render_within, report,
};

/// The checks of every exercise, in order.
pub static SUITES: &[&Suite] = &[
    &login::SUITE,
    &cart::SUITE,
    &preferences::SUITE,
    &timeouts::SUITE,
    &folder::SUITE,
    &harden::SUITE,
    &roles::SUITE,
    &two_at_once::SUITE,
];
