//! Which stories are played.

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::{
    Action, Named, SLOTS, Story,
    records::{Life, ODD, Value},
};

/// How long a story may be, not counting its end.
const LONGEST: usize = 12;

pub(super) fn stories() -> impl Strategy<Value = Story> {
    let slot = || prop_oneof![3 => Just(0_usize), 1 => 0..SLOTS];
    let named = prop_oneof![
        6 => Just(Named::Anew),
        2 => (0..SLOTS).prop_map(Named::Like),
        1 => select(vec![0, 1, -1, i128::MAX, i128::MIN]).prop_map(Named::By),
    ];
    let action = prop_oneof![
        6 => slot().prop_map(Action::Load),
        2 => slot().prop_map(Action::LookAtDate),
        6 => (slot(), named, value(), life()).prop_map(|(slot, named, value, life)| Action::Create(slot, named, value, life)),
        6 => (slot(), value(), life()).prop_map(|(slot, value, life)| Action::Save(slot, value, life)),
        4 => slot().prop_map(Action::Delete),
        1 => Just(Action::LoadUnknown),
        3 => Just(Action::Clean),
        3 => Just(Action::Reopen),
        1 => Just(Action::PutForeign),
    ];
    let first = (value(), life()).prop_map(|(value, life)| Action::Create(0, Named::Anew, value, life));
    // Mostly it ends with a look at the result.
    let end = (0..SLOTS).map(|slot| option::weighted(0.8, end(slot))).collect::<Vec<_>>();
    (first, vec(action, 0..=LONGEST), end)
        .prop_map(|(first, actions, end)| [first].into_iter().chain(actions).chain(end.into_iter().flatten()).collect())
}

fn end(slot: usize) -> impl Strategy<Value = Action> {
    prop_oneof![2 => Just(Action::Load(slot)), 1 => Just(Action::LookAtDate(slot))]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => (1..=3_u8).prop_map(Value::Plain),
        6 => Just(Value::Own),
        4 => (0..ODD.len()).prop_map(Value::Odd),
        2 => Just(Value::Empty),
        1 => Just(Value::Big),
    ]
}

fn life() -> impl Strategy<Value = Life> {
    let over = select(vec![1, 1000, 60_000, 40 * 24 * 60 * 60 * 1000]).prop_map(Life::Over);
    prop_oneof![
        8 => select(vec![Life::Hour, Life::HourAndSeconds, Life::Day, Life::DayElsewhere, Life::Years, Life::Ages]),
        2 => over,
    ]
}
