//! What an exercise is held against.
//!
//! ```text
//! fn main() -> ExitCode { checks::login::SUITE.main(exercise_1::app) }
//! ```
//!
//! # Layout, in the order of a run
//!
//! - `harness`: the test binary. It speaks the libtest protocol (`args`), starts itself again for each check,
//!   ends a check that does not end by itself, and prints the report.
//! - [`Suite`], [`Check`]: an exercise's checks; one stands for each requirement of its README ([`Brief`]).
//! - [`login`], [`cart`], [`preferences`], [`timeouts`], [`folder`], [`harden`],
//!   [`roles`]: the checks of exercises 1 to 7.
//! - `reading`, `neighbour`, `spelt`: what more than one exercise asks for.
//! - [`Monitor`]: what holds for every exchange of every check, whichever requirement that is about.
//! - [`store`]: what every session store has to keep.
//! - [`Trial`]: what one check plays with: a fresh app behind the inspector, [`Users`], and browsers.
//! - `browser`, `jar`, `page`: a visitor that keeps cookies as a browser does and reads pages.
//! - `infer`: what an answer tells of the state the app is in.
//! - [`report`], [`Verdict`]: the verdict as data; `render`: the verdict as text.
//! - [`progress`]: what a learner has reached, in `.workbook/`; `record`: the test binary keeps its verdict there, with
//!   a hash of the [`answer`].

pub mod answer;
mod args;
mod brief;
mod browser;
mod canary;
pub mod cart;
pub mod folder;
pub mod harden;
mod harness;
mod impostors;
mod infer;
mod jar;
pub mod login;
mod monitor;
mod neighbour;
mod page;
mod port;
pub mod preferences;
pub mod progress;
mod race;
mod reading;
mod record;
mod render;
pub mod report;
pub mod roles;
mod run;
mod spelt;
pub mod store;
mod suite;
pub mod timeouts;
mod trial;
mod users;
mod verdict;

pub use brief::{Brief, Hint};
pub use browser::{Answer, Browser};
pub use monitor::Monitor;
pub use page::{Field, Form};
pub use port::port;
pub use render::{Telling, render, render_within};
pub use report::{CheckReport, Failure, Outcome, Report, Step};
pub use suite::{Check, Suite};
pub use trial::{App, Miss, Told, Trial};
pub use users::{Role, User, Users};
pub use verdict::{CompileErrors, Verdict};

/// The checks of every exercise, in order.
pub static SUITES: &[&Suite] = &[
    &login::SUITE,
    &cart::SUITE,
    &preferences::SUITE,
    &timeouts::SUITE,
    &folder::SUITE,
    &harden::SUITE,
    &roles::SUITE,
];
