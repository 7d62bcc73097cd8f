//! The model of exercise 8: what was added, and what was ordered.

use proptest::{collection::vec, prelude::*, sample::select};
use serde::{Deserialize, Serialize};

use crate::{
    Answer, Browser, Miss, Trial,
    model::{Model, Rules, read},
    shop::{Fault, Moment},
    two_at_once::{
        Before, CART, CHECKOUT, EMPTY, Items, LONGEST_NAME, MOST_ITEMS, MOST_OF_ONE, ORDERS, UNKNOWN, address, both,
        counted, fails, is_added, is_ordered_or_refused, logs_in, others_save, put,
    },
};

/// Exercise 8's.
pub(crate) const TWO_AT_ONCE: Model = Model {
    find: |stage| stage.find(stories(), &Rules { play: |trial, story| Box::pin(play(trial, story)), belongs_to }),
    replay: |trial, story| Box::pin(async move { play(trial, &read(story)?).await }),
};

/// The most actions in a story.
const LONGEST: usize = 14;
/// A user's windows: two tabs of one browser, and a phone with a session of its own.
const WINDOWS: [&str; 3] = ["alice", "tab", "phone"];
const ITEMS: [&str; 3] = ["pear", "plum", "quince"];

type Story = Vec<Action>;

/// The name of an item, without what changes on every run.
fn named(number: usize) -> String {
    ITEMS.get(number).map_or_else(|| format!("item{number:02}"), |item| (*item).to_owned())
}

/// The first number is the window, and others are items.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
enum Action {
    Add(usize, usize),
    /// Adds this many different items.
    Fill(usize, usize),
    /// Adds an item in this window, and before that is answered another one in the next window.
    AddBoth(usize, usize, usize, Moment),
    /// Adds an item that does not fit.
    AddTooMuch(usize),
    /// Looks at the cart; the page stays open in this window.
    Look(usize),
    /// Sends the form of the page that is open.
    Buy(usize),
    /// Sends it with another token, which begins as its own does.
    Forge(usize),
    /// Sends it, and before that is answered the one of the next window.
    BuyBoth(usize, Moment),
    /// Sends it, and before that is answered adds an item in the next window.
    BuyAndAdd(usize, usize, Moment),
    /// Sends it to an instance that ends meanwhile.
    End(usize, Moment, usize),
    /// The warehouse does not answer from now on, or answers again.
    Fail(Option<Fault>),
    /// Another program saves the row before each of the next saves, this many times.
    Touch(usize),
    /// Buys until the cart is empty.
    BuyAll,
}

fn stories() -> impl Strategy<Value = Story> {
    let window = || prop_oneof![3 => Just(0_usize), 1 => 1..WINDOWS.len()];
    let item = || prop_oneof![3 => Just(0_usize), 1 => 1..ITEMS.len()];
    let moment = || select(Moment::ALL.to_vec());
    let adding = select(vec![Moment::Loaded, Moment::Saving]);
    let fault = select(vec![Some(Fault::Lost), Some(Fault::Unheard), Some(Fault::Late), None]);
    let action = prop_oneof![
        24 => (window(), item()).prop_map(|(who, item)| Action::Add(who, item)),
        4 => (window(), ITEMS.len() + 1..=MOST_ITEMS).prop_map(|(who, items)| Action::Fill(who, items)),
        8 => (window(), item(), item(), adding).prop_map(|(who, one, other, at)| Action::AddBoth(who, one, other, at)),
        4 => window().prop_map(Action::AddTooMuch),
        32 => window().prop_map(Action::Look),
        24 => window().prop_map(Action::Buy),
        4 => window().prop_map(Action::Forge),
        8 => (window(), moment()).prop_map(|(who, at)| Action::BuyBoth(who, at)),
        8 => (window(), item(), moment()).prop_map(|(who, item, at)| Action::BuyAndAdd(who, item, at)),
        6 => (window(), moment(), 0..2_usize).prop_map(|(who, at, passing)| Action::End(who, at, passing)),
        6 => fault.prop_map(Action::Fail),
        4 => (1..3_usize).prop_map(Action::Touch),
        8 => Just(Action::BuyAll),
    ];
    vec(action, 1..=LONGEST)
}

async fn play(trial: &Trial, story: &Story) -> Result<(), Miss> {
    let [alice, phone] = ["alice", "phone"].map(|who| trial.browser(who));
    for browser in [&alice, &phone] {
        logs_in(browser, trial.users.alice()).await?;
    }
    let tab = alice.copied_by("tab");
    let mut shop = Shop {
        trial,
        browsers: [alice, tab, phone],
        items: (0..MOST_ITEMS).map(|number| trial.named(&named(number))).collect(),
        added: Items::new(),
        pages: [const { None }; WINDOWS.len()],
        shown: Vec::new(),
        checked: 0,
        changes: 0,
        is_settled: true,
        may_fail: false,
        has_ended: false,
        is_touched: false,
    };
    for action in story {
        shop.act(*action).await?;
    }
    shop.buy_all().await
}

/// A page that is open in a window.
struct Open {
    page: Answer,
    items: Items,
    /// How many changes there had been when it was shown.
    changes: usize,
}

struct Shop<'t> {
    trial: &'t Trial,
    browsers: [Browser<'t>; WINDOWS.len()],
    items: Vec<String>,
    /// All that was ever added.
    added: Items,
    pages: [Option<Open>; WINDOWS.len()],
    /// What pages have shown.
    shown: Vec<Items>,
    /// How many orders are known to have the items that a page showed.
    checked: usize,
    /// How often something may have changed the cart.
    changes: usize,
    /// Whether no checkout may be unfinished.
    is_settled: bool,
    /// Whether the warehouse does not answer.
    may_fail: bool,
    /// Whether an instance has ended: what it had begun may go on by itself.
    has_ended: bool,
    /// Whether another program may save a row: an app may take that for a change of the cart.
    is_touched: bool,
}

impl Shop<'_> {
    async fn act(&mut self, action: Action) -> Result<(), Miss> {
        match action {
            Action::Add(who, item) if self.has_room(&[item]) => {
                let path = address(&self.items[item]);
                self.is_taken(&self.browsers[who].post(&path, &[]).await?)?;
                self.has_added(item);
                Ok(())
            }
            Action::Fill(who, items) if (0..items).all(|item| self.has_room(&[item])) => {
                for item in 0..items {
                    self.is_taken(&self.browsers[who].post(&address(&self.items[item]), &[]).await?)?;
                    self.has_added(item);
                }
                Ok(())
            }
            Action::AddBoth(who, one, other, at) if self.has_room(&[one, other]) => {
                let [here, there] = [one, other].map(|item| address(&self.items[item]));
                let [browser, next] = [who, self.next(who)].map(|who| &self.browsers[who]);
                for answer in both(self.trial, at, browser.post(&here, &[]), next.post(&there, &[])).await? {
                    is_added(&answer)?;
                }
                [one, other].into_iter().for_each(|item| self.has_added(item));
                Ok(())
            }
            Action::AddTooMuch(who) => self.add_too_much(who).await,
            Action::Look(who) => self.look(who).await,
            Action::Buy(who) => self.buy(who).await,
            Action::Forge(who) => self.forge(who).await,
            Action::BuyBoth(who, at) => self.buy_both(who, at).await,
            Action::BuyAndAdd(who, item, at) if self.has_room(&[item]) => self.buy_and_add(who, item, at).await,
            Action::End(who, at, passing) => {
                let Some(open) = &self.pages[who] else { return Ok(()) };
                let sent = self.browsers[who].submit(&open.page, CHECKOUT, &[]);
                self.trial.ends_at((at, passing), sent).await?;
                (self.is_settled, self.has_ended) = (false, true);
                self.has_bought()
            }
            Action::Fail(fault) => {
                fails(self.trial, fault);
                self.may_fail = fault.is_some();
                Ok(())
            }
            Action::Touch(saves) => {
                others_save(self.trial, saves);
                self.is_touched = true;
                Ok(())
            }
            Action::BuyAll => self.buy_all().await,
            Action::Add(..) | Action::Fill(..) | Action::AddBoth(..) | Action::BuyAndAdd(..) => Ok(()),
        }
    }

    fn next(&self, who: usize) -> usize {
        (who + 1) % WINDOWS.len()
    }

    /// Whether the limits cannot matter when these are added.
    fn has_room(&self, items: &[usize]) -> bool {
        items.iter().all(|item| self.left(&self.items[*item]) as usize + items.len() <= MOST_OF_ONE)
    }

    /// How many of this item have not been ordered.
    fn left(&self, item: &str) -> u32 {
        let orders = self.trial.shop.orders.now(&self.trial.users.alice().name);
        let ordered: u32 = orders.iter().filter_map(|order| order.items.get(item)).sum();
        self.added.get(item).copied().unwrap_or_default().saturating_sub(ordered)
    }

    /// An addition was accepted.
    fn is_taken(&self, answer: &Answer) -> Result<(), Miss> {
        if self.is_touched { is_added(answer) } else { answer.redirects_to(CART) }
    }

    fn has_added(&mut self, item: usize) {
        put(&mut self.added, &self.items[item]);
        self.changes += 1;
    }

    async fn add_too_much(&mut self, who: usize) -> Result<(), Miss> {
        let held: Vec<_> = self.items.iter().map(|item| self.left(item) as usize).collect();
        let full = held.iter().position(|count| *count == MOST_OF_ONE);
        let item = match full.filter(|_| self.is_settled) {
            Some(item) => self.items[item].clone(),
            None if self.is_settled && !held.contains(&0) => self.trial.named("one more"),
            None => "x".repeat(LONGEST_NAME + 1),
        };
        let answer = self.browsers[who].post(&address(&item), &[]).await?;
        match answer.status.is_client_error() {
            true => Ok(()),
            false => Err(answer.miss("4xx for an item that does not fit", answer.in_short())),
        }
    }

    async fn forge(&mut self, who: usize) -> Result<(), Miss> {
        let Some(open) = self.pages[who].as_ref().filter(|_| !self.may_fail) else { return Ok(()) };
        let forms = open.page.forms();
        let Some(form) = forms.iter().find(|form| form.goes_to(CHECKOUT)) else { return Ok(()) };
        let forged: Vec<_> = form.filled().map(|(name, value)| (name, format!("{value}.2"))).collect();
        let forged: Vec<_> = forged.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = self.browsers[who].post(CHECKOUT, &forged).await?;
        if !answer.status.is_client_error() {
            return Err(answer.miss("4xx for a token that no page had", answer.in_short()));
        }
        self.has_bought()
    }

    fn placed(&self) -> usize {
        self.trial.shop.orders.now(&self.trial.users.alice().name).len()
    }

    async fn look(&mut self, who: usize) -> Result<(), Miss> {
        let placed = self.placed();
        let page = self.browsers[who].get(CART).await?;
        page.has_status(200)?;
        if !self.has_ended && self.placed() != placed {
            return Err(page.miss("no new order: this request only reads", "an order was placed meanwhile"));
        }
        let mut items = Items::new();
        for item in &self.items {
            let (shown, left) = (counted(&page, item), self.left(item));
            if self.is_settled && shown != left {
                let told = |count: u32| format!("{count} of {item} in the cart");
                return Err(page.miss(told(left), told(shown)));
            }
            if shown > 0 {
                items.insert(item.clone(), shown);
            }
        }
        if self.is_settled && items.is_empty() {
            page.shows(EMPTY)?;
        }
        self.shown.push(items.clone());
        let has_form = page.forms().iter().any(|form| form.goes_to(CHECKOUT));
        self.pages[who] = has_form.then_some(Open { page, items, changes: self.changes });
        Ok(())
    }

    async fn buy(&mut self, who: usize) -> Result<(), Miss> {
        let Some(open) = &self.pages[who] else { return Ok(()) };
        let is_current = open.changes == self.changes
            && self.is_settled
            && !self.may_fail
            && !self.is_touched
            && !open.items.is_empty();
        let wanted = open.items.clone();
        let orders = || self.trial.shop.orders.now(&self.trial.users.alice().name);
        let placed = orders().len();
        let answer = self.browsers[who].submit(&open.page, CHECKOUT, &[]).await?;
        if is_current {
            answer.redirects_to(ORDERS)?;
            let new: Vec<_> = orders().into_iter().skip(placed).map(|order| order.items).collect();
            if new != [wanted] {
                return Err(answer.miss(
                    "one new order, of what the page showed",
                    format!("{} new orders, or another one", new.len()),
                ));
            }
        }
        self.is_answered(&answer)?;
        self.has_bought()
    }

    async fn buy_both(&mut self, who: usize, at: Moment) -> Result<(), Miss> {
        let next = self.next(who);
        let (Some(here), Some(there)) = (&self.pages[who], &self.pages[next]) else { return Ok(()) };
        let one = self.browsers[who].submit(&here.page, CHECKOUT, &[]);
        let other = self.browsers[next].submit(&there.page, CHECKOUT, &[]);
        for answer in both(self.trial, at, one, other).await? {
            self.is_answered(&answer)?;
        }
        self.has_bought()
    }

    async fn buy_and_add(&mut self, who: usize, item: usize, at: Moment) -> Result<(), Miss> {
        let Some(open) = &self.pages[who] else { return Ok(()) };
        let (path, next) = (address(&self.items[item]), &self.browsers[self.next(who)]);
        let sent = self.browsers[who].submit(&open.page, CHECKOUT, &[]);
        let [answer, addition] = both(self.trial, at, sent, next.post(&path, &[])).await?;
        is_added(&addition)?;
        self.has_added(item);
        self.is_answered(&answer)?;
        self.has_bought()
    }

    /// A checkout is answered with 303 or 409, or with 503 if the warehouse may not have answered.
    fn is_answered(&mut self, answer: &Answer) -> Result<(), Miss> {
        if self.may_fail && answer.status == 503 && answer.text().contains(UNKNOWN) {
            self.is_settled = false;
            return Ok(());
        }
        is_ordered_or_refused(answer)
    }

    /// Each order has the items that some page showed.
    fn has_bought(&mut self) -> Result<(), Miss> {
        let orders = self.trial.shop.orders.now(&self.trial.users.alice().name);
        // A form that was refused, or sent before, leaves the cart as it is.
        let is_as_it_was = orders.len() == self.checked && self.is_settled && !self.may_fail && !self.is_touched;
        self.changes += usize::from(!is_as_it_was);
        for order in orders.iter().skip(self.checked) {
            if !self.shown.contains(&order.items) {
                return Err(Miss::new(
                    "orders of what a page of the cart showed",
                    format!("an order of {:?}", order.items),
                ));
            }
        }
        self.checked = orders.len();
        Ok(())
    }

    /// In the end each item has been ordered as often as it was added.
    async fn buy_all(&mut self) -> Result<(), Miss> {
        if self.may_fail {
            fails(self.trial, None);
        }
        self.trial.shop.database.is_touched_before_saves(0);
        let page = crate::two_at_once::buys_all(&self.browsers[0]).await?;
        let ordered = Before::of(self.trial).items;
        if ordered != self.added {
            let told = |items: &Items| format!("ordered in all: {items:?}");
            return Err(page.miss(told(&self.added), told(&ordered)));
        }
        (self.is_settled, self.may_fail, self.is_touched) = (true, false, false);
        self.changes += 1;
        self.checked = self.trial.shop.orders.now(&self.trial.users.alice().name).len();
        Ok(())
    }
}

/// The requirement that the shortest story is about, judged by its actions.
fn belongs_to(actions: &Story) -> &'static str {
    let has = |fits: fn(&Action) -> bool| actions.iter().any(fits);
    if has(|action| matches!(action, Action::End(..))) {
        "a_checkout_outlives_its_instance"
    } else if has(|action| matches!(action, Action::Fail(..))) {
        "an_unknown_outcome_is_told_and_finished"
    } else if has(|action| matches!(action, Action::BuyAndAdd(..))) {
        "what_is_added_meanwhile_stays_in_the_cart"
    } else if has(|action| matches!(action, Action::BuyBoth(..))) {
        "two_pages_of_one_cart_order_once"
    } else if has(|action| matches!(action, Action::AddBoth(..) | Action::Touch(_))) {
        "no_addition_is_lost"
    } else if has(|action| matches!(action, Action::AddTooMuch(_))) {
        "the_bounds_hold_at_the_same_moment"
    } else if has(|action| matches!(action, Action::Forge(_))) {
        "a_checkout_orders_what_its_page_showed"
    } else if actions.iter().filter(|action| matches!(action, Action::Buy(_))).count() > 1 {
        "the_same_form_orders_once"
    } else if has(|action| matches!(action, Action::Buy(_) | Action::BuyAll)) {
        "a_checkout_orders_what_its_page_showed"
    } else {
        "the_cart_belongs_to_the_user"
    }
}
