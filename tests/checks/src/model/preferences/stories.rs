//! The stories that are played.

use std::time::Duration;

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::{Action, IMPOSTORS, MALLORY, Reading, Story, USERS, forms::*};
use crate::preferences::{CHOICES, THEMES};

/// The most actions in a story, without its end.
const LONGEST: usize = 10;
/// Replacements for a session ID.
pub(super) const STALE: [&str; 3] = ["AAAAAAAAAAAAAAAAAAAAAA", "no ID at all", ""];

pub(super) fn stories() -> impl Strategy<Value = Story> {
    // Often the same visitor, so that actions meet earlier ones.
    let own = || prop_oneof![4 => Just(0_usize), 1 => 1..MALLORY];
    let who = || prop_oneof![8 => own(), 1 => Just(MALLORY)];
    let spelling = prop_oneof![4 => Just(0), 1 => 0..SPELLINGS.len()];
    let reading = select(vec![Reading::Form, Reading::Profile, Reading::Login, Reading::Head]);
    let pause = select(vec![Duration::from_hours(1), Duration::from_hours(24)]);
    let user = || prop_oneof![2 => Just(0), 1 => 0..USERS];
    let action = prop_oneof![
        6 => look(who()),
        8 => (own(), 0..CHOICES.len(), spelling).prop_map(|(who, choice, how)| Action::Save(who, choice, how)),
        2 => (own(), option::of(0..THEMES.len())).prop_map(|(who, theme)| Action::Submit(who, theme)),
        8 => (own(), 0..IMPROPER.len()).prop_map(|(who, place)| Action::SendImproper(who, place)),
        1 => (own(), 0..REPEATED.len()).prop_map(|(who, place)| Action::Repeat(who, place)),
        7 => (own(), user()).prop_map(|(who, user)| Action::LogIn(who, user)),
        2 => (own(), 0..IMPOSTORS).prop_map(|(who, kind)| Action::Fail(who, kind)),
        2 => (own(), reading).prop_map(|(who, reading)| Action::Read(who, reading)),
        2 => pause.prop_map(Action::Pass),
        2 => own().prop_map(Action::Close),
        2 => Just(Action::Restart),
        4 => own().prop_map(Action::Copy),
        1 => (own(), 0..STALE.len()).prop_map(|(who, id)| Action::Stale(who, id)),
        2 => own().prop_map(Action::MoveIn),
    ];
    // In most stories somebody looks at the result.
    let end = (0..=MALLORY).map(|who| option::weighted(0.8, look(Just(who)))).collect::<Vec<_>>();
    (vec(action, 2..=LONGEST), end)
        .prop_map(|(actions, end)| actions.into_iter().chain(end.into_iter().flatten()).collect())
}

fn look(who: impl Strategy<Value = usize>) -> impl Strategy<Value = Action> {
    (who, 0..4_usize).prop_map(|(who, how)| match how {
        0 => Action::Look(who),
        1 => Action::LookAtForm(who),
        how => Action::LookAtTheme(who, how == 3),
    })
}
