//! The model of exercise 7: the accounts, and who is logged in.

mod accounts;
mod buttons;
mod play;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Model, Rules, after, read, swarm, wrong};
use crate::families::FAMILIES;

pub(crate) use buttons::{deletes_this_user_too, lead_to_users};

/// Exercise 7's.
pub(crate) const ROLES: Model = Model {
    find: |stage| {
        let rules = Rules { play: |trial, story| Box::pin(play::play(trial, story)), belongs_to: accounts::belongs_to };
        stage.find_in(STORIES, stories(), &rules)
    },
    replay: |trial, story| Box::pin(async move { play::play(trial, &read(story)?).await }),
};

/// How many stories are played, and how long one is at most.
const STORIES: usize = 60;
const LONGEST: usize = 50;
/// The accounts that every run has; a family adds two.
const FIRST: usize = 3;
const ACCOUNTS: usize = FIRST + 2;
/// Her name looks like HTML.
const CAROL: usize = 2;
/// How many names at the end of the targets have no account.
const STRANGERS: usize = 5;
const MARKUP_NAME: usize = ACCOUNTS + STRANGERS - 1;

/// Actions in three browsers, with three accounts and two more of a family.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Story {
    family: usize,
    actions: Vec<Action>,
}

/// The first number is the browser, if it takes one. An account or a name comes next.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
enum Action {
    Dashboard(usize),
    Admin(usize),
    LogIn(usize, usize),
    Change(usize, Change, usize, Spelt),
    /// Another program makes this user an admin.
    Promote(usize),
    /// Another program makes this admin a user, unless it is the last admin.
    Dismiss(usize),
    EndOthers(usize),
    LogOut(usize),
    /// The other browser gets a copy of its cookies.
    Copy(usize, usize),
    /// Has the ID of a session in which nobody is logged in, and so has the other browser.
    Plant(usize, usize),
    /// Types a wrong name or password.
    Fail(usize, usize, usize),
    /// Asks for an address that changes something when it is posted to.
    Read(usize, usize),
    /// Compares how the site refuses a user who tries to change a known and an unknown name.
    Compare(usize, Change, usize),
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
enum Change {
    Demote,
    Delete,
}

impl Change {
    fn word(self) -> &'static str {
        match self {
            Self::Demote => "demote",
            Self::Delete => "delete",
        }
    }
}

/// How a name is written in an address.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
enum Spelt {
    /// Everything except letters and digits is encoded.
    Encoded,
    /// What need not be encoded is not.
    Plain,
}

fn stories() -> impl Strategy<Value = Story> {
    let family = prop_oneof![1 => Just(0), 2 => 0..FAMILIES.len()];
    let actions = after([Action::LogIn(0, 0), Action::LogIn(1, 1)], swarm(kinds(), ALWAYS, LONGEST));
    (family, actions).prop_map(|(family, actions)| Story { family, actions })
}

/// How often an action of each kind occurs, in the same few browsers, so that one meets what another has done.
fn kinds() -> Vec<(u32, BoxedStrategy<Action>)> {
    let who = || prop_oneof![4 => Just(0_usize), 4 => Just(1_usize), 1 => Just(2_usize)];
    // Seldom one of those whose names are hard to get right.
    let account = || prop_oneof![6 => Just(0_usize), 6 => Just(1_usize), 1 => 2..ACCOUNTS];
    let target = || prop_oneof![5 => account(), 1 => 0..ACCOUNTS, 2 => ACCOUNTS..ACCOUNTS + STRANGERS];
    let spelt = || prop_oneof![3 => Just(Spelt::Encoded), 1 => Just(Spelt::Plain)];
    let one = |make: fn(usize) -> Action| who().prop_map(make).boxed();
    let two = |make: fn(usize, usize) -> Action| (who(), who()).prop_map(move |(one, other)| make(one, other)).boxed();
    let changes = |change| {
        let made = (who(), target(), spelt());
        made.prop_map(move |(who, target, spelt)| Action::Change(who, change, target, spelt)).boxed()
    };
    let fails = (who(), account(), wrong::ways()).prop_map(|(who, account, way)| Action::Fail(who, account, way));
    let change = prop_oneof![Just(Change::Demote), Just(Change::Delete)];
    let compares = (who(), change, 0..ACCOUNTS).prop_map(|(who, change, target)| Action::Compare(who, change, target));
    vec![
        (8, one(Action::Dashboard)),
        (6, one(Action::Admin)),
        (9, (who(), account()).prop_map(|(who, account)| Action::LogIn(who, account)).boxed()),
        (9, changes(Change::Demote)),
        // After all accounts are gone, nothing happens anymore.
        (8, changes(Change::Delete)),
        (8, account().prop_map(Action::Promote).boxed()),
        (3, account().prop_map(Action::Dismiss).boxed()),
        (6, one(Action::EndOthers)),
        (5, one(Action::LogOut)),
        (5, two(Action::Copy)),
        (3, two(Action::Plant)),
        (3, fails.boxed()),
        (3, (who(), account()).prop_map(|(who, target)| Action::Read(who, target)).boxed()),
        (4, compares.boxed()),
    ]
}

/// The first of these kinds are in every story.
const ALWAYS: usize = 3;
