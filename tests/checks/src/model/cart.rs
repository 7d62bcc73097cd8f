//! The model of exercise 2: who has how many of what.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::vec, prelude::*, sample::select};
use serde::{Deserialize, Serialize};
use session_inspector::Operation;

use crate::{
    Answer, Browser, Miss, Trial,
    cart::{EMPTY, LONGEST_NAME, MOST_ITEMS, MOST_OF_ONE, VIEW, address, pastes_nothing},
    model::{Model, Rules, read},
    page::folded,
    reading,
};

/// Exercise 2's.
pub(crate) const CART: Model = Model {
    find: |stage| stage.find(stories(), &Rules { play: |trial, story| Box::pin(play(trial, story)), belongs_to }),
    replay: |trial, story| Box::pin(async move { play(trial, &read(story)?).await }),
};

/// The most actions in a story.
const LONGEST: usize = 24;
/// The visitors in it.
const VISITORS: [&str; 2] = ["alice", "bob"];

/// What visitors do with the items of two families.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Story {
    families: [usize; 2],
    actions: Vec<Action>,
}

/// The first number is the visitor, the second one the item.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
enum Action {
    /// Adds it this many times, or until it no longer fits.
    Add(usize, usize, usize),
    /// Adds this many other items, or until they no longer fit.
    FillUp(usize, usize),
    Look(usize),
    Remove(usize, usize),
    Clear(usize),
    /// Sends a GET to the addresses that change something with a POST.
    Read(usize, usize),
    Restart,
    /// Adds it, and before that is answered another visitor adds the next item: while the store loads, or while it
    /// writes.
    Overlap(usize, usize, bool),
    /// Adds an item with the name of a key of the session, counted from its first.
    AddKey(usize, usize),
}

fn stories() -> impl Strategy<Value = Story> {
    // Often the same visitor and the same few items, so that actions meet earlier ones.
    let who = prop_oneof![3 => Just(0_usize), 1 => Just(1_usize)];
    let item = prop_oneof![3 => 0..2_usize, 1 => 0..8_usize];
    let times = prop_oneof![60 => Just(1), 1 => select(vec![2, MOST_OF_ONE - 1, MOST_OF_ONE, MOST_OF_ONE + 1])];
    let kinds = select(vec![MOST_ITEMS - 1, MOST_ITEMS, MOST_ITEMS + 1]);
    let action = prop_oneof![
        64 => (who.clone(), item.clone(), times).prop_map(|(who, item, times)| Action::Add(who, item, times)),
        1 => (who.clone(), kinds).prop_map(|(who, kinds)| Action::FillUp(who, kinds)),
        48 => who.clone().prop_map(Action::Look),
        32 => (who.clone(), item.clone()).prop_map(|(who, item)| Action::Remove(who, item)),
        8 => who.clone().prop_map(Action::Clear),
        8 => (who.clone(), item.clone()).prop_map(|(who, item)| Action::Read(who, item)),
        2 => Just(Action::Restart),
        6 => (who.clone(), item, any::<bool>()).prop_map(|(who, item, is_write)| Action::Overlap(who, item, is_write)),
        6 => (who, 0..3_usize).prop_map(|(who, key)| Action::AddKey(who, key)),
    ];
    let family = 0..FAMILIES.len();
    ([family.clone(), family], vec(action, 1..=LONGEST)).prop_map(|(families, actions)| Story { families, actions })
}

/// Items that a mistake confuses with each other. `@` becomes the ending of this run's names. No item is another one
/// after a word and a space, because a page may have that word before the other item.
const FAMILIES: &[[&str; 4]] = &[
    ["pear@", "plum@", "quince@", "fig@"],
    ["pear@", "Pear@", "PEAR@", "pEAR@"],
    ["pear@", "pears@", "pear@s", "pea"],
    ["ww pear@", "ww  pear@", "wwpear@", "ww_pear@"],
    ["pear@", "pear@.", "pear@ ", " pear@"],
    ["e@", "é@", "e\u{301}@", "É@"],
    ["strasse@", "straße@", "STRASSE@", "STRAẞE@"],
    ["a@,b@", "a@", "b@", "a@\nb@c"],
    ["a=b@", "a:b@", "a;b@", "a|b@"],
    ["a@", "\"a@\"", "'a@'", "\\a@"],
    ["50 %@", "50 %25@", "50 %2525@", "%35%30 %@"],
    ["a+b@", "a b@", "a%20b@", "a%2Bb@"],
    ["b@", "<b>@</b>", "&lt;b&gt;@", "<!-- @"],
    ["x@", "x\" data-pasted='1' @", "x' data-pasted=\"1\" @", "<i data-pasted>@</i>"],
    ["a/b@", "a?b@", "a#b@", "a\\b@"],
    ["null", "{}", "[\"a\"]", "true"],
    ["7", "007", "+7", "7.0"],
    ["1000", "1e3", "1_000", "0x3e8"],
    ["True", "TRUE", "1", "01"],
    ["1-2", "1/2", "2026-01-02", "2026-1-2"],
    ["{{ 7*7 }}@", "{% raw %}@", "${@}", "49@"],
    ["مرحبا@", "日本語@", "🍐@", "👨‍👩‍👧@"],
    ["cart", "items", "user", "__proto__"],
    ["x*100@", "x*101@", "é*100@", "é*101@"],
    ["🍐*100@", "🍐*101@", "x*99@", "x*300@"],
    ["k@", "\u{212a}@", "\u{ff2b}@", "K@"],
    ["pear@", "pe\u{ad}ar@", "\u{feff}pear@", "pear\u{200b}@"],
    ["a b@", "a\u{a0}b@", "a\u{2009}b@", "a\tb@"],
    ["x y*100@", "x y*101@", "<&*100@", "<&*101@"],
];

/// The item of a pattern: `xy*100@` begins with `xyxy` and has 100 characters.
fn named(trial: &Trial, pattern: &str) -> String {
    let own = trial.named("");
    let Some((unit, length)) = pattern.split_once('*') else { return pattern.replace('@', &own) };
    let length: usize = length.trim_end_matches('@').parse().unwrap_or(LONGEST_NAME);
    unit.chars().cycle().take(length - own.chars().count()).chain(own.chars()).collect()
}

/// What each cart holds, according to the requirements.
#[derive(Default)]
struct Carts([BTreeMap<String, usize>; VISITORS.len()]);

impl Carts {
    fn takes(&self, who: usize, item: &str) -> bool {
        let cart = &self.0[who];
        let fits = cart.get(item).map_or(cart.len() < MOST_ITEMS, |count| *count < MOST_OF_ONE);
        fits && item.chars().count() <= LONGEST_NAME
    }
}

async fn play(trial: &Trial, story: &Story) -> Result<(), Miss> {
    let families = story.families.into_iter().flat_map(|family| FAMILIES[family]);
    let items: Vec<_> = families.map(|pattern| named(trial, pattern)).collect();
    let browsers = VISITORS.map(|who| trial.browser(who));
    let mut shop = Shop { trial, browsers, items, carts: Carts::default(), keys: BTreeSet::new() };
    for action in &story.actions {
        shop.act(*action).await?;
    }
    Ok(())
}

struct Shop<'t> {
    trial: &'t Trial,
    browsers: [Browser<'t>; VISITORS.len()],
    items: Vec<String>,
    carts: Carts,
    /// The keys of every session so far.
    keys: BTreeSet<String>,
}

impl Shop<'_> {
    async fn act(&mut self, action: Action) -> Result<(), Miss> {
        match action {
            Action::Add(who, item, times) => self.add_so_many(who, &self.items[item].clone(), times).await,
            Action::Remove(who, item) => self.remove(who, &self.items[item].clone()).await,
            Action::Clear(who) => {
                self.carts.0[who].clear();
                self.post(who, "/clear_cart").await?.redirects_to(VIEW)
            }
            Action::Look(who) => self.look(who).await,
            Action::Read(who, item) => self.read(who, item).await,
            Action::FillUp(who, kinds) => self.fill_up(who, kinds).await,
            Action::Restart => self.trial.restart().await,
            Action::AddKey(who, key) => match self.keys.iter().nth(key).cloned() {
                Some(key) => self.add(who, &key).await,
                None => Ok(()),
            },
            Action::Overlap(who, item, is_write) => self.overlap(who, item, is_write).await,
        }
    }

    async fn add_so_many(&mut self, who: usize, item: &str, times: usize) -> Result<(), Miss> {
        for _ in 0..times {
            let fits = self.carts.takes(who, item);
            self.add(who, item).await?;
            if !fits {
                break;
            }
        }
        Ok(())
    }

    async fn add(&mut self, who: usize, item: &str) -> Result<(), Miss> {
        let answer = self.post(who, &address("add_to_cart", item)).await?;
        self.keys.extend(answer.exchange.session.after.iter().flat_map(BTreeMap::keys).cloned());
        if self.carts.takes(who, item) {
            *self.carts.0[who].entry(item.to_owned()).or_default() += 1;
            return answer.redirects_to(VIEW);
        }
        match answer.status.is_client_error() {
            true => Ok(()),
            false => Err(answer.miss("4xx for an item that does not fit into the cart", answer.in_short())),
        }
    }

    async fn remove(&mut self, who: usize, item: &str) -> Result<(), Miss> {
        self.carts.0[who].remove(item);
        self.post(who, &address("remove_from_cart", item)).await?.redirects_to(VIEW)
    }

    async fn fill_up(&mut self, who: usize, kinds: usize) -> Result<(), Miss> {
        for place in 0..kinds {
            self.add_so_many(who, &self.trial.named(&format!("item{place:02}")), 1).await?;
        }
        Ok(())
    }

    async fn read(&self, who: usize, item: usize) -> Result<(), Miss> {
        let [add, remove] = ["add_to_cart", "remove_from_cart"].map(|what| address(what, &self.items[item]));
        reading::asks(&self.browsers[who], &[VIEW, &add, &remove, "/clear_cart"]).await
    }

    async fn overlap(&mut self, who: usize, item: usize, is_write: bool) -> Result<(), Miss> {
        let (other, next) = (1 - who, (item + 1) % self.items.len());
        if !self.carts.takes(who, &self.items[item]) || !self.carts.takes(other, &self.items[next]) {
            return Ok(());
        }
        let is_new = self.carts.0[who].is_empty();
        let operation = match is_write {
            true if is_new => Operation::Create,
            true => Operation::Save,
            false => Operation::Load,
        };
        let [added, added_next] = [item, next].map(|item| address("add_to_cart", &self.items[item]));
        let meanwhile = async { self.post(other, &added_next).await?.redirects_to(VIEW) };
        self.trial.overlaps(operation, self.post(who, &added), meanwhile).await?.redirects_to(VIEW)?;
        for (who, item) in [(who, item), (other, next)] {
            *self.carts.0[who].entry(self.items[item].clone()).or_default() += 1;
        }
        Ok(())
    }

    async fn post(&self, who: usize, path: &str) -> Result<Answer, Miss> {
        let answer = self.browsers[who].post(path, &[]).await?;
        pastes_nothing(&answer, "the answer pastes text from the address into the page as HTML")?;
        Ok(answer)
    }

    /// Checks that the page shows each item of this cart once, with its count, and no other item that was ever added.
    async fn look(&self, who: usize) -> Result<(), Miss> {
        let page = self.browsers[who].get(VIEW).await?;
        page.has_status(200)?;
        pastes_nothing(&page, "the page has an item pasted into it as HTML")?;
        let cart = &self.carts.0[who];
        if cart.is_empty() {
            page.shows(EMPTY)?;
        } else {
            page.shows_not(EMPTY, "the page says that the cart is empty, although items were added")?;
        }
        let wanted: Vec<_> = cart.iter().map(|(item, count)| folded(&format!("{item} × {count}"))).collect();
        let wanted = wanted.join("\n");
        let all: BTreeSet<_> = self.carts.0.iter().flat_map(BTreeMap::keys).chain(&self.items).collect();
        let text = page.text();
        all.iter().try_for_each(|item| {
            let (shown, fits) = (numbers(&text, item), numbers(&wanted, item));
            if shown == fits { Ok(()) } else { Err(page.miss(told(item, &fits), told(item, &shown))) }
        })
    }
}

/// The counts after this item on the page, in ascending order.
fn numbers(text: &str, item: &str) -> Vec<usize> {
    let line = folded(&format!("{item} ×"));
    let behind = text.match_indices(&line).map(|(at, _)| text[at + line.len()..].trim_start());
    let number =
        |text: &str| text.split(|sign: char| !sign.is_ascii_digit()).next().and_then(|digits| digits.parse().ok());
    let mut numbers: Vec<_> = behind.filter_map(number).collect();
    numbers.sort_unstable();
    numbers
}

fn told(item: &str, numbers: &[usize]) -> String {
    let item = item.escape_debug();
    match numbers {
        [] => format!("no line with `{item}`"),
        [number] => format!("one line `{item} × {number}`"),
        more => format!("{} lines with `{item}`, with the counts {more:?}", more.len()),
    }
}

/// The requirement that the shortest story is about, judged by its actions.
fn belongs_to(Story { families, actions }: &Story) -> &'static str {
    let has = |fits: fn(&Action) -> bool| actions.iter().any(fits);
    let visitors: BTreeSet<_> = actions.iter().filter_map(Action::who).collect();
    let patterns: Vec<_> = actions.iter().filter_map(|action| action.pattern(*families)).collect();
    if has(|action| matches!(action, Action::Restart)) {
        "the_cart_is_in_the_session"
    } else if visitors.len() > 1 || has(|action| matches!(action, Action::Overlap(..))) {
        "visitors_do_not_mix"
    } else if has(|action| matches!(action, Action::Read(..))) {
        "reading_changes_nothing"
    } else if has(Action::is_much) || patterns.iter().any(|pattern| pattern.contains('*')) {
        "the_cart_has_bounds"
    } else if patterns.iter().any(|pattern| !FAMILIES[0].contains(pattern))
        || has(|action| matches!(action, Action::AddKey(..)))
    {
        "items_are_shown_as_text"
    } else if has(|action| matches!(action, Action::Clear(_))) {
        "the_cart_is_cleared"
    } else if has(|action| matches!(action, Action::Remove(..))) {
        "an_item_is_taken_out"
    } else {
        match patterns.len() {
            0 => "an_empty_cart_says_so",
            1 => "what_is_added_is_in_the_cart",
            _ => "items_are_counted",
        }
    }
}

impl Action {
    fn who(&self) -> Option<usize> {
        match *self {
            Self::Add(who, ..) | Self::FillUp(who, _) | Self::Look(who) | Self::Remove(who, _) => Some(who),
            Self::Clear(who) | Self::Read(who, _) | Self::Overlap(who, ..) | Self::AddKey(who, _) => Some(who),
            Self::Restart => None,
        }
    }

    /// Adds so much that it can only be about the limits.
    fn is_much(&self) -> bool {
        matches!(*self, Self::FillUp(..)) || matches!(*self, Self::Add(_, _, times) if times > 2)
    }

    fn pattern(&self, families: [usize; 2]) -> Option<&'static str> {
        match *self {
            Self::Add(_, item, _) | Self::Remove(_, item) => Some(FAMILIES[families[item / 4]][item % 4]),
            _ => None,
        }
    }
}
