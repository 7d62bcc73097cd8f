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
//! - [`accounts()`]: what a demo has beside the app, so that somebody can repeat it.
//! - `browser`, `jar`, `page`: a visitor that keeps cookies as a browser does and reads pages.
//! - `by_hand`, [`recipe`]: the same for a shell, with `curl` as the browser.
//! - `infer`: what an answer tells of the state the app is in. `routes`: which line of it routes an address.
//! - [`report`]: the verdict as data; `render`: the verdict as text.

mod accounts;
mod args;
mod brief;
mod browser;
mod by_hand;
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
pub mod preferences;
mod race;
mod reading;
pub mod recipe;
mod render;
pub mod report;
pub mod roles;
mod routes;
mod run;
mod spelt;
pub mod store;
mod suite;
pub mod timeouts;
mod trial;
mod users;

pub use accounts::accounts;
pub use brief::{Brief, Hint};
pub use browser::{Answer, Browser};
pub use monitor::Monitor;
pub use page::{Field, Form, text};
pub use render::{Telling, render};
pub use report::{CheckReport, Failure, Outcome, Report, Step};
pub use suite::{Check, Suite};
pub use trial::{App, Miss, Told, Trial};
pub use users::{Role, User, Users, in_demo};

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
