//! The model of exercise 1: who is logged in, and which session IDs work.

mod play;
mod typed;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    Model, Rules, after, read,
    sessions::BROWSERS,
    swarm,
    wrong::{self, WRONG},
};
use crate::improper;
use typed::{COMPARISONS, FAMILIES, STRAYS, STYLES, UNREADABLE};

/// Exercise 1's.
pub(crate) const LOGIN: Model = Model {
    find: |stage| {
        stage.find_in(
            STORIES,
            stories(),
            &Rules { play: |trial, story| Box::pin(play::play(trial, story)), belongs_to },
        )
    },
    replay: |trial, story| Box::pin(async move { play::play(trial, &read(story)?).await }),
};

/// How many stories are played, and the most actions in one.
const STORIES: usize = 40;
const LONGEST: usize = 64;
/// The accounts that every run has; a family adds two.
const FIRST: usize = 3;
const ACCOUNTS: usize = FIRST + 2;

/// Actions in three browsers, with three accounts and two more from a family.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Story {
    family: usize,
    actions: Vec<Action>,
}

/// The first number is the browser. An account comes next, and then which of several ways.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
enum Action {
    /// Requests the protected page.
    Look(usize),
    LogIn(usize, usize, usize),
    LogOut(usize),
    /// Types a wrong name or password.
    Fail(usize, usize, usize),
    /// Copies its cookies to another browser.
    Copy(usize, usize),
    /// Opens the login form.
    Open(usize),
    /// Gets the ID of a session in which nobody is logged in, and so does the other browser.
    Plant(usize, usize),
    /// Gets a cookie that is not the ID of a session.
    Garble(usize, usize),
    /// Types names and passwords of two accounts into one form.
    Twice(usize, usize, usize),
    /// Compares how a wrong password and an unknown user are refused.
    Compare(usize, usize, usize),
    /// Sends an improper form.
    Improper(usize, usize, usize),
    /// Sends a request that must have no effect.
    Stray(usize, usize, usize),
    /// Copies all cookies but the session cookie to another browser.
    Swap(usize, usize),
    Close(usize),
}

fn stories() -> impl Strategy<Value = Story> {
    let family = prop_oneof![1 => Just(0), 2 => 0..FAMILIES.len()];
    let actions = after([Action::LogIn(0, 0, 0), Action::LogIn(1, 1, 0)], swarm(kinds(), ALWAYS, LONGEST));
    (family, actions).prop_map(|(family, actions)| Story { family, actions })
}

/// How often an action of each kind occurs, in the same few browsers, so that actions meet each other.
fn kinds() -> Vec<(u32, BoxedStrategy<Action>)> {
    let who = || prop_oneof![4 => Just(0_usize), 4 => Just(1_usize), 1 => Just(2_usize)];
    // Rarely one of those whose names are hard to get right.
    let account = || prop_oneof![6 => Just(0_usize), 3 => Just(1_usize), 1 => 2..ACCOUNTS];
    let one = |make: fn(usize) -> Action| who().prop_map(make).boxed();
    let two = |make: fn(usize, usize) -> Action| (who(), who()).prop_map(move |(one, other)| make(one, other)).boxed();
    let three = |make: fn(usize, usize, usize) -> Action, ways: usize| {
        (who(), account(), 0..ways).prop_map(move |(who, account, way)| make(who, account, way)).boxed()
    };
    let style = prop_oneof![4 => Just(0), 1 => 0..STYLES];
    let logs_in = (who(), account(), style).prop_map(|(who, account, style)| Action::LogIn(who, account, style));
    let fails = (who(), account(), wrong::ways()).prop_map(|(who, account, way)| Action::Fail(who, account, way));
    let garbles = (who(), 0..UNREADABLE.len()).prop_map(|(who, way)| Action::Garble(who, way));
    let types_twice = (who(), account(), account()).prop_map(|(who, one, other)| Action::Twice(who, one, other));
    vec![
        (12, one(Action::Look)),
        (8, logs_in.boxed()),
        (5, one(Action::LogOut)),
        (6, two(Action::Copy)),
        (4, two(Action::Plant)),
        (6, fails.boxed()),
        (3, three(Action::Compare, COMPARISONS)),
        (3, three(Action::Improper, improper::WAYS)),
        (3, three(Action::Stray, STRAYS)),
        (2, one(Action::Open)),
        (2, garbles.boxed()),
        (2, types_twice.boxed()),
        (1, two(Action::Swap)),
        (1, one(Action::Close)),
    ]
}

/// How many of the first kinds may occur in every story.
const ALWAYS: usize = 2;

/// The requirement that the shortest story is about, judged by its actions.
fn belongs_to(Story { actions, .. }: &Story) -> &'static str {
    let has = |fits: fn(&Action) -> bool| actions.iter().any(fits);
    let logins = actions.iter().filter(|action| matches!(action, Action::LogIn(..) | Action::Twice(..))).count();
    let is_passed_on = has(|action| matches!(action, Action::Copy(..) | Action::Plant(..)));
    if has(Action::is_markup) {
        return "names_are_shown_as_text";
    }
    if has(|action| matches!(action, Action::Improper(..))) {
        return "improper_forms_are_refused";
    }
    if has(|action| matches!(action, Action::Stray(..))) {
        return "reading_changes_nothing";
    }
    if has(|action| matches!(action, Action::Swap(..))) {
        return "visitors_do_not_mix";
    }
    match actions.last() {
        Some(Action::LogIn(..)) => "right_credentials_open_a_session",
        Some(Action::LogOut(_)) => "logout_destroys_the_session",
        Some(Action::Open(_)) if is_passed_on || Action::browsers(actions) == 1 => "login_page_has_a_form",
        Some(Action::Fail(..) | Action::Twice(..) | Action::Compare(..)) => "wrong_credentials_are_refused_alike",
        _ if has(|action| matches!(action, Action::Fail(..) | Action::Twice(..))) => {
            "wrong_credentials_are_refused_alike"
        }
        _ if is_passed_on && has(|action| matches!(action, Action::LogOut(_))) => "logout_destroys_the_session",
        _ if is_passed_on && logins > 0 => "login_issues_a_new_session_id",
        _ if Action::browsers(actions) > 1 => "visitors_do_not_mix",
        _ if has(|action| matches!(action, Action::LogOut(_))) => "logout_destroys_the_session",
        _ if logins > 0 => "protected_page_names_the_user",
        _ => "protected_page_asks_to_log_in",
    }
}

impl Action {
    /// Types markup as a name or a password.
    fn is_markup(&self) -> bool {
        match *self {
            Self::Fail(_, _, way) => way >= WRONG,
            Self::Stray(_, _, way) => typed::stray_is_markup(way),
            Self::LogIn(_, account, _) => account == 2,
            _ => false,
        }
    }

    /// How many browsers take part.
    fn browsers(actions: &[Self]) -> usize {
        let is_used = |browser: &usize| {
            actions.iter().any(|action| match *action {
                Self::Look(who) | Self::LogIn(who, ..) | Self::LogOut(who) | Self::Fail(who, ..) => who == *browser,
                Self::Open(who) | Self::Garble(who, _) | Self::Twice(who, ..) => who == *browser,
                Self::Compare(who, ..) | Self::Improper(who, ..) | Self::Stray(who, ..) => who == *browser,
                Self::Close(who) => who == *browser,
                Self::Copy(one, other) | Self::Swap(one, other) | Self::Plant(one, other) => {
                    one == *browser || other == *browser
                }
            })
        };
        (0..BROWSERS).filter(is_used).count()
    }
}
