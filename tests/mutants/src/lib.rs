//! Answers to the exercises that prove the checks right.
//!
//! A [`Mutant`] is a plausible mistake: the solution with one handler or setting done wrong. It must fall
//! to the check it names and pass every check before it. A [`RightAnswer`] meets every requirement in
//! another way than the solution and must pass. [`rogue`] holds programs that do not answer at all.

pub mod cart;
pub mod folder;
pub mod harden;
pub mod login;
pub mod preferences;
pub mod rogue;
pub mod roles;
pub mod timeouts;
pub mod two_at_once;

use checks::App;

/// A wrong answer.
pub struct Mutant {
    /// What is wrong with it.
    pub name: &'static str,
    /// The first check that must refuse it.
    pub falls_to: &'static str,
    /// The answer.
    pub app: fn() -> App,
}

/// Another right answer.
pub struct RightAnswer {
    /// What is different about it.
    pub name: &'static str,
    /// The answer.
    pub app: fn() -> App,
}

const fn mutant(name: &'static str, falls_to: &'static str, app: fn() -> App) -> Mutant {
    Mutant { name, falls_to, app }
}
