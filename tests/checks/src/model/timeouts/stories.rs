//! Which stories are played.

use std::time::Duration;

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::{Action, IMPOSTORS, MALLORY, Page, Story};

/// How long a story may be, between its first login and its end.
const LONGEST: usize = 6;
/// In the place of a session's ID.
pub(super) const STALE: [&str; 3] = ["AAAAAAAAAAAAAAAAAAAAAA", "no ID at all", ""];
/// What anybody can write into a browser.
pub(super) const WRITTEN: [&str; 6] =
    ["remember=on", "remember=1", "remember=true", "remember_me=1", "remembered=true", "began=99999999999"];

/// A kind of story in which some actions are frequent, so that they meet each other.
struct Theme {
    /// Whether the first login is remembered; either where it says nothing.
    remembered: Option<bool>,
    /// How many of a hundred actions are about another browser than the first one.
    others: u32,
    pauses: &'static [Duration],
    /// A pause between two requests, and how many requests there are.
    paces: &'static [(Duration, usize)],
    /// How frequent the actions are, in their order above.
    weights: [u32; 13],
}

const LONG: Duration = Duration::from_mins(24);
const ENDS: Duration = Duration::from_secs(30 * 60 + 2);
const WEEK: Duration = Duration::from_hours(7 * 24);
const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60 + 2);
const PAUSES: [Duration; 5] = [Duration::from_mins(4), Duration::from_mins(7), LONG, ENDS, ENDS];
const PACES: [(Duration, usize); 3] = [(Duration::from_mins(4), 8), (Duration::from_mins(20), 2), (LONG, 3)];
const BUSY: [(Duration, usize); 3] = [(LONG, 10), (Duration::from_mins(23), 20), (LONG, 21)];

const THEMES: [Theme; 7] = [
    // Within an hour or two.
    Theme {
        remembered: Some(false),
        others: 1,
        pauses: &PAUSES,
        paces: &PACES,
        weights: [3, 4, 8, 2, 1, 8, 4, 1, 1, 0, 0, 0, 0],
    },
    // A day of work.
    Theme {
        remembered: Some(false),
        others: 1,
        pauses: &[LONG],
        paces: &BUSY,
        weights: [2, 1, 5, 3, 0, 0, 2, 1, 0, 0, 0, 0, 0],
    },
    // A month.
    Theme {
        remembered: Some(true),
        others: 5,
        pauses: &[Duration::from_hours(9), WEEK, Duration::from_hours(29 * 24), MONTH],
        paces: &[(WEEK, 2), (Duration::from_hours(5 * 24), 7)],
        weights: [4, 5, 3, 2, 1, 2, 0, 2, 4, 1, 0, 0, 0],
    },
    // Coming and going.
    Theme {
        remembered: None,
        others: 5,
        pauses: &[LONG, ENDS],
        paces: &PACES,
        weights: [3, 2, 0, 6, 4, 3, 5, 5, 3, 2, 0, 0, 1],
    },
    // Several at once.
    Theme {
        remembered: None,
        others: 60,
        pauses: &PAUSES,
        paces: &PACES,
        weights: [4, 4, 5, 6, 2, 0, 1, 1, 1, 1, 0, 0, 0],
    },
    // Several at once, all day.
    Theme {
        remembered: Some(false),
        others: 50,
        pauses: &[LONG],
        paces: &BUSY,
        weights: [4, 1, 6, 4, 1, 0, 1, 1, 0, 0, 0, 0, 0],
    },
    // An attacker.
    Theme {
        remembered: None,
        others: 5,
        pauses: &[ENDS, ENDS, WEEK],
        paces: &PACES,
        weights: [3, 4, 0, 4, 1, 0, 1, 3, 1, 4, 4, 3, 3],
    },
];

pub(super) fn stories() -> impl Strategy<Value = Story> {
    // Most mistakes show within an hour.
    let theme = prop_oneof![1 => Just(0), 3 => 0..THEMES.len()];
    theme.prop_ind_flat_map(|theme| stories_of(&THEMES[theme]))
}

fn stories_of(theme: &'static Theme) -> impl Strategy<Value = Story> {
    let first = 100 - theme.others;
    let own = || prop_oneof![first => Just(0_usize), theme.others => 1..MALLORY];
    let who = || prop_oneof![3 => own(), 1 => Just(MALLORY)];
    let user = || prop_oneof![3 => Just(0_usize), 1 => Just(1_usize)];
    let reading = || select(vec![Page::Protected, Page::Help, Page::LoginForm, Page::Head, Page::Head]);
    let page = || select(vec![Page::Help, Page::Help, Page::Protected, Page::LoginForm, Page::Head, Page::Nowhere]);
    let [look, pass, stay, enter, leave, ask, follow, copy, close, fail, write, stale, plant] =
        theme.weights.map(|weight| 20 * weight + 1); // actions that a theme leaves out are rare
    let action = prop_oneof![
        look => who().prop_map(Action::Look),
        pass => select(theme.pauses).prop_map(Action::Pass),
        stay => (own(), reading(), select(theme.paces)).prop_map(|(who, page, pace)| Action::Stay(who, page, pace)),
        enter => (own(), user(), any::<bool>()).prop_map(|(who, user, kept)| Action::LogIn(who, user, kept)),
        leave => (own(), any::<bool>()).prop_map(|(who, follows)| Action::LogOut(who, follows)),
        ask => (who(), page()).prop_map(|(who, page)| Action::Ask(who, page)),
        follow => who().prop_map(Action::Follow),
        copy => own().prop_map(Action::Copy),
        close => own().prop_map(Action::Close),
        fail => (own(), 0..IMPOSTORS, any::<bool>()).prop_map(|(who, kind, kept)| Action::Fail(who, kind, kept)),
        write => (who(), 0..WRITTEN.len()).prop_map(|(who, cookie)| Action::Write(who, cookie)),
        stale => (own(), 0..STALE.len()).prop_map(|(who, id)| Action::Stale(who, id)),
        plant => own().prop_map(Action::Plant),
    ];
    // Often some time has passed before something is done.
    let step = (option::weighted(0.4, select(theme.pauses)), action);
    let remembered = theme.remembered;
    (any::<bool>(), vec(step, 2..=LONGEST), [end(), end(), end(), end()]).prop_map(move |(kept, steps, ends)| {
        let steps = steps.into_iter().flat_map(|(pause, action)| pause.map(Action::Pass).into_iter().chain([action]));
        let ends = ends.into_iter().enumerate().filter_map(|(who, end)| Some(end?(who)));
        Story { remembered: remembered.unwrap_or(kept), actions: steps.chain(ends).collect() }
    })
}

/// How it ends for each browser: mostly with a look at the result.
fn end() -> impl Strategy<Value = Option<fn(usize) -> Action>> {
    prop_oneof![1 => Just(None), 4 => Just(Some(Action::Look as fn(usize) -> Action)), 4 => Just(Some(Action::Follow as fn(usize) -> Action))]
}
