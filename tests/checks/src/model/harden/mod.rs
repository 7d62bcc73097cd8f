//! The model of exercise 6: who is logged in, and what is in the shop's books.

mod play;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use crate::harden::ELSEWHERE;

use super::{
    Model, Rules, after, read, swarm,
    wrong::{self, WRONG},
};

/// Exercise 6's.
pub(crate) const HARDEN: Model = Model {
    find: |stage| {
        let rules = Rules { play: |trial, story| Box::pin(play::play(trial, story)), belongs_to };
        stage.find_in(STORIES, stories(), &rules)
    },
    replay: |trial, story| Box::pin(async move { play::play(trial, &read(story)?).await }),
};

/// How many stories are played, and how long one is at most.
const STORIES: usize = 50;
const LONGEST: usize = 40;
/// The accounts.
const ACCOUNTS: usize = 3;

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Story(Vec<Action>);

/// The first number is the browser. An account, a word or another browser comes next.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
enum Action {
    /// Looks at the shop.
    Look(usize),
    LogIn(usize, usize),
    LogOut(usize),
    /// Sends the shop's own form.
    Send(usize, Form, usize),
    /// Sends a form that was opened at the last look, whatever has happened since.
    SendOld(usize, Form),
    /// Buys or writes, and claims to be this user.
    SendAs(usize, Form, usize),
    /// The other browser gets a copy of its cookies.
    Copy(usize, usize),
    /// Has the ID of a session in which nobody is logged in, and so has the other browser.
    Plant(usize, usize),
    /// Types a wrong name or password.
    Fail(usize, usize, usize),
    /// Follows a link.
    Link(usize, usize),
    /// Sends a form of another origin, made by the user of the other browser.
    Forge(usize, usize, Forged),
    /// Gets the cookies of the other browser from a neighboring host.
    Neighbour(usize, usize, usize),
}

/// A form of the shop's.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
enum Form {
    Buy,
    Note,
}

/// Which form, how its hidden fields are forged, and where it is.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
struct Forged {
    what: What,
    hidden: usize,
    stands: usize,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
enum What {
    Send(Form),
    LogOut,
    LogIn,
}

/// A form from there is a neighbor's, and every form before it another site's.
const NEIGHBOUR: usize = ELSEWHERE.len();

/// The words that are bought and written: the plain ones first.
const WORDS: [&str; 14] = [
    "a teapot",
    "a spoon",
    "tea & milk",
    "<b>a cup</b>",
    "&lt;i&gt; &amp; &",
    "\"it's\" 'good'",
    "50% + 1 = %41",
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "{{ 7*7 }} ${7}",
    "日本語 🍐 e\u{301}",
    "<!-- \\ -->]]>",
    "http://a.localhost/<b>a</b>",
    "**a** _b_ [c](http://d.localhost) `e` :tea: @alice #1",
];
/// How many of them are plain.
const PLAIN: usize = 2;
/// How many links there are.
const LINKS: usize = 6;
/// How many ways there are to name a neighbor's cookie.
const NEIGHBOURS: usize = 4;

fn stories() -> impl Strategy<Value = Story> {
    after([Action::LogIn(0, 0), Action::LogIn(1, 1)], swarm(kinds(), ALWAYS, LONGEST)).prop_map(Story)
}

/// How often an action of each kind occurs, in the same few browsers, so that one meets what another has done.
fn kinds() -> Vec<(u32, BoxedStrategy<Action>)> {
    let who = || prop_oneof![4 => Just(0_usize), 4 => Just(1_usize), 1 => Just(2_usize)];
    let account = || prop_oneof![4 => Just(0_usize), 4 => Just(1_usize), 1 => Just(2_usize)];
    let form = || prop_oneof![Just(Form::Buy), Just(Form::Note)];
    let word = prop_oneof![2 => 0..PLAIN, 1 => 0..WORDS.len()];
    let what = prop_oneof![2 => form().prop_map(What::Send), 1 => Just(What::LogOut), 1 => Just(What::LogIn)];
    let forged = (what, 0..3_usize, 0..=NEIGHBOUR).prop_map(|(what, hidden, stands)| Forged { what, hidden, stands });
    let one = |make: fn(usize) -> Action| who().prop_map(make).boxed();
    let two = |make: fn(usize, usize) -> Action| (who(), who()).prop_map(move |(one, other)| make(one, other)).boxed();
    let fails = (who(), account(), wrong::ways()).prop_map(|(who, account, way)| Action::Fail(who, account, way));
    let sends_as = (who(), form(), 0..ACCOUNTS).prop_map(|(who, form, account)| Action::SendAs(who, form, account));
    let sets = (who(), who(), 0..NEIGHBOURS).prop_map(|(who, other, way)| Action::Neighbour(who, other, way));
    vec![
        (10, one(Action::Look)),
        (7, (who(), account()).prop_map(|(who, account)| Action::LogIn(who, account)).boxed()),
        (6, one(Action::LogOut)),
        (8, (who(), form(), word).prop_map(|(who, form, word)| Action::Send(who, form, word)).boxed()),
        (4, (who(), form()).prop_map(|(who, form)| Action::SendOld(who, form)).boxed()),
        (6, two(Action::Copy)),
        (5, two(Action::Plant)),
        (3, fails.boxed()),
        (10, (who(), who(), forged).prop_map(|(who, by, forged)| Action::Forge(who, by, forged)).boxed()),
        (4, (who(), 0..LINKS).prop_map(|(who, way)| Action::Link(who, way)).boxed()),
        (3, sends_as.boxed()),
        (4, sets.boxed()),
    ]
}

/// The first of these kinds are in every story.
const ALWAYS: usize = 2;

/// The requirement that a shortest story is about: everything in it is needed.
fn belongs_to(Story(actions): &Story) -> &'static str {
    let has = |fits: fn(&Action) -> bool| actions.iter().any(fits);
    let is_passed_on = has(|action| matches!(action, Action::Copy(..) | Action::Plant(..)));
    if has(|action| matches!(action, Action::Neighbour(..))) {
        "a_neighbours_cookie_is_worth_nothing"
    } else if has(|action| matches!(action, Action::Forge(_, _, Forged { what: What::LogIn, .. }))) {
        "another_sites_form_logs_nobody_in"
    } else if has(|action| matches!(action, Action::Forge(_, _, Forged { stands: NEIGHBOUR, .. }))) {
        "a_neighbours_form_buys_nothing"
    } else if has(|action| matches!(action, Action::Forge(..))) {
        "another_sites_form_buys_nothing"
    } else if has(|action| matches!(action, Action::Link(..))) {
        "a_link_buys_nothing"
    } else if has(|action| matches!(action, Action::SendAs(..) | Action::SendOld(..))) {
        "nobody_buys_in_anothers_name"
    } else if has(Action::is_markup) {
        "what_visitors_write_is_text"
    } else if is_passed_on && has(|action| matches!(action, Action::LogOut(_))) {
        "a_copy_ends_with_the_logout"
    } else if is_passed_on {
        "a_planted_id_is_worth_nothing"
    } else {
        "alices_day_is_as_it_was"
    }
}

impl Action {
    /// Types markup.
    fn is_markup(&self) -> bool {
        match *self {
            Self::Send(_, _, word) => word >= PLAIN,
            Self::Fail(_, _, way) => way >= WRONG,
            Self::LogIn(_, account) => account == ACCOUNTS - 1,
            _ => false,
        }
    }
}
