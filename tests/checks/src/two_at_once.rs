//! The checks of exercise 8: a cart that several change at once, and a checkout that happens once.
//!
//! No check waits for luck: it holds one request at a call to the database or the warehouse until another is answered.

use std::collections::BTreeMap;

use crate::{
    Answer, Browser, Check, Miss, Monitor, Order, Suite, Trial, User,
    browser::in_path,
    families::gets_an_account,
    infer, model, monitor,
    page::folded,
    reading::{self, READING},
    shop::{Contents, Fault, Moment},
};

/// The limits that the README sets.
pub(crate) const MOST_ITEMS: usize = 20;
pub(crate) const MOST_OF_ONE: usize = 9;
pub(crate) const LONGEST_NAME: usize = 100;

pub(crate) const LOGIN: &str = "/login";
pub(crate) const CART: &str = "/cart";
pub(crate) const CHECKOUT: &str = "/checkout";
pub(crate) const ORDERS: &str = "/orders";
pub(crate) const EMPTY: &str = "Your cart is empty";
pub(crate) const UNKNOWN: &str = "may have been placed";

/// Items, and how many of each.
pub(crate) type Items = BTreeMap<String, u32>;
/// The same, as a check writes it.
type Few<'a> = &'a [(&'a str, u32)];

fn few(items: &Items) -> Vec<(&str, u32)> {
    items.iter().map(|(item, count)| (item.as_str(), *count)).collect()
}

/// Exercise 8.
pub static SUITE: Suite = Suite {
    exercise: 8,
    readme: include_str!("../../../exercises/8-two-at-once/README.md"),
    passes_at_first: &[],
    checks: &[
        Check {
            id: "the_cart_belongs_to_the_user",
            why: "a user has several sessions, and a shop several instances: what they share has to be where all of them look",
            hint: 2,
            read: "beyond/two-at-once.md#what-does-not-belong-in-a-session",
            run: |trial| Box::pin(the_cart_belongs_to_the_user(trial)),
        },
        Check {
            id: "no_addition_is_lost",
            why: "this is the lost update: both requests load the same cart, and the later save undoes the earlier one",
            hint: 1,
            read: "beyond/two-at-once.md#how-does-a-version-prevent-it",
            run: |trial| Box::pin(no_addition_is_lost(trial)),
        },
        Check {
            id: "a_checkout_orders_what_its_page_showed",
            why: "a visitor agrees to what the page shows, so that is what is ordered, and nothing else",
            hint: 3,
            read: "applications/cart.md#how-is-it-sold-once",
            run: |trial| Box::pin(a_checkout_orders_what_its_page_showed(trial)),
        },
        Check {
            id: "the_same_form_orders_once",
            why: "visitors click twice, go back and reload; a form that is sent again must not cost anything again",
            hint: 4,
            read: "applications/cart.md#how-is-it-sold-once",
            run: |trial| Box::pin(the_same_form_orders_once(trial)),
        },
        Check {
            id: "two_pages_of_one_cart_order_once",
            why: "one cart can be open in two tabs and on a phone, and it can be sold only once",
            hint: 3,
            read: "applications/cart.md#how-is-it-sold-once",
            run: |trial| Box::pin(two_pages_of_one_cart_order_once(trial)),
        },
        Check {
            id: "what_is_added_meanwhile_stays_in_the_cart",
            why: "an item that is sold without being shown was never agreed to, and one that is cleared away unsold is lost",
            hint: 5,
            read: "applications/cart.md#how-is-it-sold-once",
            run: |trial| Box::pin(what_is_added_meanwhile_stays_in_the_cart(trial)),
        },
        Check {
            id: "an_unknown_outcome_is_told_and_finished",
            why: "an answer that is lost says nothing about the order: only asking again, under the same number, tells",
            hint: 6,
            read: "applications/cart.md#how-is-it-sold-once",
            run: |trial| Box::pin(an_unknown_outcome_is_told_and_finished(trial)),
        },
        Check {
            id: "a_checkout_outlives_its_instance",
            why: "an instance can end between any two steps, and what it did not write down ends with it",
            hint: 6,
            read: "applications/cart.md#how-is-it-sold-once",
            run: |trial| Box::pin(a_checkout_outlives_its_instance(trial)),
        },
        Check {
            id: "the_bounds_hold_at_the_same_moment",
            why: "without limits anyone can fill the database, and a limit that is checked on a stale copy of the cart lets in as many as come at the same moment",
            hint: 2,
            read: "beyond/two-at-once.md#what-does-not-belong-in-a-session",
            run: |trial| Box::pin(the_bounds_hold_at_the_same_moment(trial)),
        },
        Check {
            id: "users_do_not_mix_and_reading_changes_nothing",
            why: "anyone can choose what an item is called, and what gets into a page as HTML can be a script",
            hint: 7,
            read: "security/scripts.md#what-stops-the-ride",
            run: |trial| Box::pin(users_do_not_mix_and_reading_changes_nothing(trial)),
        },
    ],
    monitors: &[Monitor {
        check: "users_do_not_mix_and_reading_changes_nothing",
        watch: |trial, answer| monitor::reading_opens_no_session(trial, answer).map_err(of_reading),
    }],
    names: Some("users_do_not_mix_and_reading_changes_nothing"),
    model: Some(&model::TWO_AT_ONCE),
};

async fn the_cart_belongs_to_the_user(trial: &Trial) -> Result<(), Miss> {
    let [pear, plum] = ["pear", "plum"].map(|item| trial.named(item));
    let stranger = trial.browser("stranger");
    stranger.get(CART).await?.redirects_to(LOGIN)?;
    stranger.post(&address(&pear), &[]).await?.redirects_to(LOGIN)?;
    stranger.get(ORDERS).await?.redirects_to(LOGIN)?;
    trial.log().begin_anew();
    let [alice, phone] = ["alice", "phone"].map(|who| trial.browser(who));
    logs_in(&alice, trial.users.alice()).await?;
    alice.get(CART).await?.shows(EMPTY)?;
    for item in [&pear, &plum, &pear] {
        add(&alice, item).await?;
    }
    // One page of each instance, and one more.
    for _ in 0..4 {
        let page = alice.get(CART).await?;
        let so = "each request goes to another one of three instances, and this one does not show what was added on the others: they do not share the memory of the program";
        shows_what_was_added(&page, &[(&pear, 2), (&plum, 1)], so)?;
        page.shows_not(EMPTY, "the page shows an item, but still says that the cart is empty")?;
    }
    trial.log().new_scene();
    logs_in(&phone, trial.users.alice()).await?;
    let page = phone.get(CART).await?;
    let so = "alice added this in her browser, and her phone does not show it: the phone has another session, so the cart must not be kept in, or under, the session";
    shows_items(&page, &[(&pear, 2), (&plum, 1)], so)?;
    trial.restart().await?;
    let so = "since the restart this is no longer in the cart: did the program keep the cart in its memory?";
    let page = alice.get(CART).await?;
    shows_items(&page, &[(&pear, 2), (&plum, 1)], so)?;
    trial.shop.restore(Contents::default());
    let by_hand = "# stop the program and start it again: its database is empty then";
    trial.log().event("(database)", "is empty, as on another machine".to_owned(), by_hand.to_owned());
    trial.restart().await?;
    let so = "the database was emptied, the program restarted, and the cart is still there: it is kept somewhere else, and the shop's other machines do not have it";
    alice.get(CART).await?.shows_not(&pear, so)?;
    Box::pin(items_keep_their_names(trial)).await
}

/// On the page of the cart: what a path, a form or a list of items could change.
async fn items_keep_their_names(trial: &Trial) -> Result<(), Miss> {
    let (alice, _) = anew(trial).await?;
    let items = odd(trial);
    for item in &items {
        add(&alice, item).await?;
    }
    let page = alice.get(CART).await?;
    let wanted: Vec<_> = items.iter().map(|item| (item.as_str(), 1)).collect();
    shows_lines(
        &page,
        &wanted,
        "an item is any text: `Path` decodes it, and the cart has to keep it as it is, with its capitals, its spaces and what nobody sees",
    )
    .map_err(|miss| miss.why("visitors expect to find in the cart exactly what they added, whatever it is called"))
}

fn odd(trial: &Trial) -> [String; 16] {
    let pear = trial.named("pear");
    let [before, behind, line] = [format!(" {pear}"), format!("{pear} "), format!("{pear}\n")];
    let named = ["50 % off & más", "100%25", "a+b", "a/b?c#d", "a,b=1;c|d:2 × 3", "日本の梨", "Pear", "pear"];
    let [a, b, c, d, e, f, g, h] = named.map(|item| trial.named(item));
    let [one, two, lines] = ["two words", "two  words", "two\n1 lines"].map(|item| trial.named(item));
    // Two characters that look like one, and an emoji of three.
    let [accent, emoji] = ["gru\u{308}n", "👩\u{200d}🌾"].map(|item| trial.named(item));
    [a, b, c, d, e, f, g, h, before, behind, line, one, two, lines, accent, emoji]
}

/// The page shows each of these; a failure tells what it shows instead.
fn shows_lines(page: &Answer, items: &[(&str, usize)], so: &str) -> Result<(), Miss> {
    let lines: Vec<_> = items.iter().map(|(item, count)| folded(&line(item, *count))).collect();
    let text = page.text();
    let Some(missing) = lines.iter().find(|line| !text.contains(line.as_str())) else { return Ok(()) };
    if !page.is_ok() {
        return page.shows(missing);
    }
    // What is left of the page without the lines that are right.
    let rest = lines.iter().fold(text, |text, line| text.replace(line.as_str(), " "));
    let rest = rest.split_whitespace().collect::<Vec<_>>().join(" ");
    Err(page.miss(missing.clone(), format!("the rest of the page reads: {}", infer::short(&rest, 160))).so(so))
}

async fn no_addition_is_lost(trial: &Trial) -> Result<(), Miss> {
    let [pear, plum, quince] = ["pear", "plum", "quince"].map(|item| trial.named(item));
    for (one, other) in [(&pear, &plum), (&quince, &quince)] {
        for moment in [Moment::Loaded, Moment::Saving] {
            let (alice, tab) = anew(trial).await?;
            let mut cart = Items::new();
            let (here, there) = (address(one), address(other));
            for answer in both(trial, moment, alice.post(&here, &[]), tab.post(&there, &[])).await? {
                is_added(&answer)?;
            }
            [one, other].into_iter().for_each(|item| put(&mut cart, item));
            let so = format!(
                "{one} and {other} were added at the same moment, both answers were 303, and one of the two additions is lost: the later save was based on a cart from before the earlier one"
            );
            holds(&alice.get(CART).await?, &cart, &so)?;
        }
    }
    let (alice, tab) = anew(trial).await?;
    let mut cart = Items::new();
    let phone = alice.copied_by("phone");
    let (here, there, elsewhere) = (address(&pear), address(&plum), address(&quince));
    let others = async {
        for answer in both(trial, Moment::Saving, tab.post(&there, &[]), phone.post(&elsewhere, &[])).await? {
            is_added(&answer)?;
        }
        Ok(())
    };
    is_added(&trial.overlaps_at(Moment::Saving, alice.post(&here, &[]), others).await?)?;
    [&pear, &plum, &quince].into_iter().for_each(|item| put(&mut cart, item));
    let so = "three items were added at the same moment, all answers were 303, and an addition is lost: a save that runs again has to load again, too";
    holds(&alice.get(CART).await?, &cart, so)?;
    Box::pin(is_overtaken_by_many(trial)).await?;
    Box::pin(what_is_given_up_is_not_told_as_done(trial)).await?;
    for saves in [1, 3] {
        let (alice, _) = anew(trial).await?;
        let mut cart = Items::new();
        others_save(trial, saves);
        is_added(&alice.post(&here, &[]).await?)?;
        trial.shop.database.is_touched_before_saves(0);
        put(&mut cart, &pear);
        let so = "another program saved the row after this request had loaded it, the answer was 303, and the item is not in the cart: a save that is refused as `Stale` has changed nothing, and has to be done again";
        holds(&alice.get(CART).await?, &cart, so)?;
    }
    Ok(())
}

/// More saves than an answer has to try.
const TOO_MANY: usize = 60;

/// An addition may fail if another program saves the row again and again, and then its answer must not be a success.
async fn what_is_given_up_is_not_told_as_done(trial: &Trial) -> Result<(), Miss> {
    let (alice, _) = anew(trial).await?;
    let pear = trial.named("pear");
    others_save(trial, TOO_MANY);
    let answer = alice.post(&address(&pear), &[]).await?;
    trial.shop.database.is_touched_before_saves(0);
    let page = alice.get(CART).await?;
    match counted(&page, &pear) {
        0 if answer.redirects_to(CART).is_ok() => {
            let miss =
                page.miss(format!("{}, or an error for the addition", line(&pear, 1)), "no such line, after 303");
            Err(miss.so("another program saved the row before each attempt, the answer was 303, and the item is not in the cart: an addition that was given up must not be answered as one that succeeded"))
        }
        1 if answer.status.is_server_error() || answer.status.is_client_error() => {
            let miss = page.miss("no such item, after an error", line(&pear, 1));
            Err(miss.so("another program saved the row before each attempt, the answer says that the addition failed, and the item is in the cart"))
        }
        _ => Ok(()),
    }
}

/// How many additions come before one that is running. Each of them makes its save fail.
const OVERTAKEN: usize = 6;

async fn is_overtaken_by_many(trial: &Trial) -> Result<(), Miss> {
    let (alice, tab) = anew(trial).await?;
    let pear = trial.named("pear");
    let others: Vec<_> = (1..=OVERTAKEN).map(|number| trial.named(&format!("item{number:02}"))).collect();
    let here = address(&pear);
    let additions = others.clone().into_iter().map(|item| {
        let tab = &tab;
        async move { is_added(&tab.post(&address(&item), &[]).await?) }
    });
    is_added(&trial.overtaken_at(Moment::Saving, alice.post(&here, &[]), additions).await?)?;
    let all: Vec<_> = others.iter().chain([&pear]).map(|item| (item.as_str(), 1)).collect();
    let so = "one addition after another came first, all answers were 303, and an addition is lost: each attempt has to load the cart again and add to what is there then";
    shows_what_was_added(&alice.get(CART).await?, &all, so)
}

async fn a_checkout_orders_what_its_page_showed(trial: &Trial) -> Result<(), Miss> {
    let (alice, her) = (trial.browser("alice"), trial.users.alice());
    let [pear, plum, quince] = ["pear", "plum", "quince"].map(|item| trial.named(item));
    logs_in(&alice, her).await?;
    for item in [&pear, &plum, &pear] {
        add(&alice, item).await?;
    }
    let bought = buy(&alice).await?;
    new_orders(trial, her, 0, &[&[(&pear, 2), (&plum, 1)]], &bought, "alice bought what the page showed")?;
    let so = "the order is placed, and its items are still in the cart: they would be sold a second time";
    let page = alice.get(CART).await?;
    page.shows(EMPTY).map_err(|miss| miss.so_if(page.is_ok().then_some(so)))?;
    alice.get(ORDERS).await?.shows(&line(&pear, 2))?;
    trial.log().new_scene();
    add(&alice, &quince).await?;
    let bought = buy(&alice).await?;
    let because =
        "alice bought a second time, after she had added another item (does each order have a number of its own?)";
    new_orders(trial, her, 1, &[&[(&quince, 1)]], &bought, because)?;
    trial.log().new_scene();
    add(&alice, &quince).await?;
    let bought = buy(&alice).await?;
    let because = "alice bought the same items as before, which is another order";
    new_orders(trial, her, 2, &[&[(&quince, 1)]], &bought, because)?;
    let page = alice.get(ORDERS).await?;
    if page.is_ok() && counted(&page, &quince) < 2 {
        let miss = page.miss(format!("both orders of {}", line(&quince, 1)), "only one of them");
        return Err(miss.so("alice bought the same items twice, which are two orders, and the orders page shows one"));
    }
    trial.log().new_scene();
    let (bob, his) = (trial.browser("bob"), trial.users.bob());
    logs_in(&bob, his).await?;
    add(&bob, &plum).await?;
    let bought = buy(&bob).await?;
    let because = "bob bought for the first time, after alice had (does each user's order have a number of its own?)";
    new_orders(trial, his, 0, &[&[(&plum, 1)]], &bought, because)?;
    Box::pin(a_token_that_was_never_issued_does_nothing(trial, &alice)).await?;
    Box::pin(an_empty_cart_is_not_ordered(trial)).await?;
    Box::pin(a_full_cart_is_shown_and_ordered(trial)).await?;
    Box::pin(many_orders_are_shown(trial)).await?;
    Box::pin(nor_while_an_order_is_open(trial)).await
}

/// As many different items as fit, as many of one item as fit, and names of all kinds.
async fn a_full_cart_is_shown_and_ordered(trial: &Trial) -> Result<(), Miss> {
    let (alice, _) = anew(trial).await?;
    let cart = fill(trial, &alice).await?;
    let page = alice.get(CART).await?;
    let lines: Vec<_> = cart.iter().map(|(item, count)| (item.as_str(), *count as usize)).collect();
    shows_lines(&page, &lines, "the cart is full, and its page does not show all that was added")?;
    let answer = alice.submit(&page, CHECKOUT, &[]).await?;
    answer.redirects_to(ORDERS)?;
    let wanted = few(&cart);
    new_orders(trial, trial.users.alice(), 0, &[&wanted], &answer, "alice bought a full cart")?;
    let so = "the warehouse has this order, and the orders page does not show all of it";
    shows_lines(&alice.get(ORDERS).await?, &lines, so)
}

/// Fills the cart, and returns what it holds then.
async fn fill(trial: &Trial, browser: &Browser<'_>) -> Result<Items, Miss> {
    let mut cart = Items::new();
    let odd = odd(trial);
    let more = (odd.len() + 1..=MOST_ITEMS).map(|number| trial.named(&format!("item{number:02}")));
    let items: Vec<_> = odd.iter().cloned().chain(more).collect();
    for item in items.iter().chain(vec![&items[0]; MOST_OF_ONE - 1]) {
        add(browser, item).await?;
        put(&mut cart, item);
    }
    Ok(cart)
}

/// An order of unknown outcome is no reason to take a form that no page had.
async fn nor_while_an_order_is_open(trial: &Trial) -> Result<(), Miss> {
    let pear = trial.named("pear");
    // That such an order can be finished at all is another requirement.
    let (alice, _, before) = with_an_open_order(trial, &pear).await?;
    let can_be_finished = before.all_is_there(trial, &alice, [&pear], "").await.is_ok();
    let (alice, page, before) = with_an_open_order(trial, &pear).await?;
    let forms = page.forms();
    let fields = forms.iter().filter(|form| form.goes_to(CHECKOUT)).flat_map(|form| &form.fields);
    let fields: Vec<_> = fields.map(|field| (field.name.as_str(), "999999999")).collect();
    let answer = alice.post(CHECKOUT, &fields).await?;
    if !answer.status.is_client_error() {
        return Err(answer.miss("4xx for such a form", answer.in_short()).so("an order of unknown outcome is open, and the form had a token that no page of the shop ever had: anyone who sends that has not seen the cart"));
    }
    if !can_be_finished {
        return Ok(());
    }
    let because = "an order of unknown outcome was open, a form with a token that no page had was refused, and then the forms of the cart's pages were sent until the cart was empty";
    before.all_is_there(trial, &alice, [&pear], because).await
}

/// Alice has ordered this item, and the shop does not know what became of it; with the page whose form she sent.
async fn with_an_open_order<'t>(trial: &'t Trial, item: &str) -> Result<(Browser<'t>, Answer, Before), Miss> {
    let (alice, _) = anew(trial).await?;
    add(&alice, item).await?;
    let (page, before) = (alice.get(CART).await?, Before::of(trial));
    fails(trial, Some(Fault::Lost));
    alice.submit(&page, CHECKOUT, &[]).await?;
    fails(trial, None);
    Ok((alice, page, before))
}

async fn a_token_that_was_never_issued_does_nothing(trial: &Trial, alice: &Browser<'_>) -> Result<(), Miss> {
    let (her, plum) = (trial.users.alice(), trial.named("plum"));
    add(alice, &plum).await?;
    let page = alice.get(CART).await?;
    let forms = page.forms();
    let names: Vec<_> = forms.iter().filter(|form| form.goes_to(CHECKOUT)).flat_map(|form| &form.fields).collect();
    let all = |value: &dyn Fn(&str) -> String| -> Vec<(&str, String)> {
        names.iter().map(|field| (field.name.as_str(), value(&field.value))).collect()
    };
    if !names.is_empty() && names.iter().all(|field| field.value.is_empty()) {
        let expected = "a form that says which cart its page shows";
        let actual = format!(
            "no value for {}",
            names.iter().map(|field| format!("`{}`", field.name)).collect::<Vec<_>>().join(", ")
        );
        let so = format!(
            "the form of {CART} sends an empty token, so every page of every cart sends the same one: does the template get the token under the name that it uses?"
        );
        return Err(page.miss(expected, actual).so(so));
    }
    let placed = trial.shop.orders.now(&her.name).len();
    let never = ["never-issued", "999999999", ""].map(|value| all(&|_| value.to_owned()));
    let [after, minus, path] =
        [("", ".2"), ("-", ""), ("x/", "")].map(|(before, after)| all(&|shown| format!("{before}{shown}{after}")));
    let too_large = all(&|shown| {
        shown.parse().map_or_else(|_| "none".to_owned(), |shown: u32| (u64::from(shown) + (1 << 32)).to_string())
    });
    let foreign =
        "the form had a token that no page of the shop ever had, or none: anyone who sends that has not seen the cart";
    let similar = "the form had a token that no page of the shop ever had, but that resembles the one of the cart's page: a token fits as a whole, or not at all";
    let never = never.into_iter().chain([vec![]]).map(|fields| (fields, foreign));
    let nearly = [after, minus, path, too_large].map(|fields| (fields, similar));
    for (fields, so) in never.chain(nearly) {
        trial.log().new_scene();
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = alice.post(CHECKOUT, &fields).await?;
        if !answer.status.is_client_error() {
            return Err(answer.miss("4xx for such a form", answer.in_short()).so(so));
        }
        new_orders(trial, her, placed, &[], &answer, "a form without a token of this shop was refused")?;
        let so = "the form was refused, and the cart has changed anyway";
        shows_items(&alice.get(CART).await?, &[(&plum, 1)], so)?;
    }
    trial.log().new_scene();
    let page = alice.get(CART).await?;
    for never in ["never-issued", "999999999"] {
        let forged: Vec<_> = names.iter().map(|field| (field.name.as_str(), never)).collect();
        alice.post(CHECKOUT, &forged).await?;
    }
    let bought = alice.submit(&page, CHECKOUT, &[]).await?;
    let so = "forms with tokens that no page had were refused, and then the form of the cart's page as well, although the cart is as that page showed it: a refused form changes nothing";
    bought.is_accepted(ORDERS, so)?;
    let because = "forms with other tokens had been refused, and then the form of the cart's page was sent";
    new_orders(trial, her, placed, &[&[(&plum, 1)]], &bought, because)
}

/// Whatever the token of an empty cart would be: one of the next numbers, or of the first ones.
async fn an_empty_cart_is_not_ordered(trial: &Trial) -> Result<(), Miss> {
    let (alice, _) = anew(trial).await?;
    let (her, pear) = (trial.users.alice(), trial.named("pear"));
    add(&alice, &pear).await?;
    let page = alice.get(CART).await?;
    alice.submit(&page, CHECKOUT, &[]).await?.redirects_to(ORDERS)?;
    let because = "the cart was empty, and a form with a token that no page had was sent";
    let (forms, placed) = (page.forms(), trial.shop.orders.now(&her.name).len());
    let buying = forms.iter().find(|form| form.goes_to(CHECKOUT));
    let buying: Vec<_> = buying.iter().flat_map(|form| form.filled()).collect();
    let later =
        |value: &str, by: u64| value.parse::<u64>().map_or(value.to_owned(), |number| (number + by).to_string());
    for by in 1..=4 {
        let fields: Vec<_> = buying.iter().map(|(name, value)| (*name, later(value, by))).collect();
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = alice.post(CHECKOUT, &fields).await?;
        new_orders(trial, her, placed, &[], &answer, because)?;
    }
    trial.log().begin_anew();
    let (bob, his) = (trial.browser("bob"), trial.users.bob());
    logs_in(&bob, his).await?;
    for token in ["0", "1"] {
        let fields: Vec<_> = buying.iter().map(|(name, _)| (*name, token)).collect();
        let answer = bob.post(CHECKOUT, &fields).await?;
        new_orders(trial, his, 0, &[], &answer, because)?;
    }
    let page = bob.get(CART).await?;
    // A page may have a form for an empty cart, too.
    if page.forms().iter().any(|form| form.goes_to(CHECKOUT)) {
        let answer = bob.submit(&page, CHECKOUT, &[]).await?;
        new_orders(trial, his, 0, &[], &answer, "the cart was empty, and the form of its page was sent")?;
    }
    Ok(())
}

/// Buys as many carts as [`MANY`], each of an item of its own, and returns the pages whose forms bought them.
async fn buys_many(trial: &Trial, browser: &Browser<'_>) -> Result<Vec<(String, Answer)>, Miss> {
    let mut pages = Vec::new();
    for number in 1..=MANY {
        let item = trial.named(&format!("item{number:02}"));
        add(browser, &item).await?;
        let page = browser.get(CART).await?;
        browser.submit(&page, CHECKOUT, &[]).await?.redirects_to(ORDERS)?;
        pages.push((item, page));
    }
    Ok(pages)
}

async fn many_orders_are_shown(trial: &Trial) -> Result<(), Miss> {
    let (alice, _) = anew(trial).await?;
    let bought = buys_many(trial, &alice).await?;
    let lines: Vec<_> = bought.iter().map(|(item, _)| (item.as_str(), 1)).collect();
    let so = format!("alice has placed {MANY} orders, and the orders page does not show all of them");
    shows_lines(&alice.get(ORDERS).await?, &lines, &so)
}

async fn the_same_form_orders_once(trial: &Trial) -> Result<(), Miss> {
    let ((alice, tab), her) = (two_tabs(trial).await?, trial.users.alice());
    let [pear, plum] = ["pear", "plum"].map(|item| trial.named(item));
    add(&alice, &pear).await?;
    let page = alice.get(CART).await?;
    alice.submit(&page, CHECKOUT, &[]).await?.redirects_to(ORDERS)?;
    let so = "this form has been sent before and its order is placed: send the visitor to it, as the first answer did";
    let again = async |browser: &Browser<'_>, orders: &[Few], because: &str| {
        let answer = browser.submit(&page, CHECKOUT, &[]).await?;
        answer.is_accepted(ORDERS, so)?;
        new_orders(trial, her, 0, orders, &answer, because)
    };
    let (first, second): (Few, Few) = (&[(&pear, 1)], &[(&plum, 1)]);
    again(&alice, &[first], "the same form was sent twice").await?;
    trial.log().new_scene();
    add(&alice, &plum).await?;
    for browser in [&alice, &tab] {
        again(browser, &[first], "the form was sent again after another item had been added").await?;
        let so =
            "an old form was sent again, and its answer took an item out of the cart that the form's page did not show";
        shows_items(&alice.get(CART).await?, &[(&plum, 1)], so)?;
    }
    trial.log().new_scene();
    let shown = alice.get(CART).await?;
    again(&alice, &[first], "the form was sent again while a page showed another item").await?;
    let bought = alice.submit(&shown, CHECKOUT, &[]).await?;
    let so = "an old form was sent again, and then the form of the cart's page was refused, although the cart is as that page showed it: the old form has to leave it as it is";
    bought.is_accepted(ORDERS, so)?;
    new_orders(trial, her, 1, &[second], &bought, "another item was bought after an old form had been sent again")?;
    again(&alice, &[first, second], "the first form was sent once more, after a later order").await?;
    trial.log().new_scene();
    add(&alice, &pear).await?;
    again(&alice, &[first, second], "the first form was sent again when the cart held the same item as then").await?;
    let so = "an old form was sent again, and its answer changed the cart: what the cart holds does not tell which form is which, because it can hold the same items again";
    shows_items(&alice.get(CART).await?, &[(&pear, 1)], so)?;
    Box::pin(so_it_is_with_the_forms_of_many_orders(trial)).await?;
    for moment in Moment::ALL {
        let (alice, tab) = anew(trial).await?;
        add(&alice, &pear).await?;
        let page = alice.get(CART).await?;
        let placed = trial.shop.orders.now(&her.name).len();
        let (one, other) = (alice.submit(&page, CHECKOUT, &[]), tab.submit(&page, CHECKOUT, &[]));
        let answers = both(trial, moment, one, other).await?;
        one_is_ordered(trial, placed, &answers, &[(&pear, 1)], "the same form was sent twice at the same moment")?;
        is_empty(&alice.get(CART).await?)?;
    }
    Ok(())
}

async fn so_it_is_with_the_forms_of_many_orders(trial: &Trial) -> Result<(), Miss> {
    let (alice, _) = anew(trial).await?;
    let bought = buys_many(trial, &alice).await?;
    for (item, page) in bought.first().into_iter().chain(bought.last()) {
        let answer = alice.submit(page, CHECKOUT, &[]).await?;
        let so = format!(
            "{MANY} carts were bought, and then the form that had bought {item} was sent again: its order is there, however many others are"
        );
        answer.is_accepted(ORDERS, so)?;
        let because = format!("{MANY} carts were bought, and then the form that had bought {item} was sent again");
        new_orders(trial, trial.users.alice(), MANY, &[], &answer, &because)?;
    }
    Ok(())
}

async fn two_pages_of_one_cart_order_once(trial: &Trial) -> Result<(), Miss> {
    let [alice, phone] = ["alice", "phone"].map(|who| trial.browser(who));
    let (her, pear) = (trial.users.alice(), trial.named("pear"));
    for browser in [&alice, &phone] {
        logs_in(browser, her).await?;
    }
    add(&alice, &pear).await?;
    let (here, there) = (alice.get(CART).await?, phone.get(CART).await?);
    let answers = [alice.submit(&here, CHECKOUT, &[]).await?, phone.submit(&there, CHECKOUT, &[]).await?];
    one_is_ordered(trial, 0, &answers, &[(&pear, 1)], "two pages showed the same cart, and both forms were sent")?;
    let so = "two pages showed the same cart, and the form that was sent first was refused: only the later one may be, whichever page was shown first";
    answers[0].is_accepted(ORDERS, so)?;
    is_empty(&alice.get(CART).await?)?;
    for moment in Moment::ALL {
        let (alice, _) = anew(trial).await?;
        let phone = trial.browser("phone");
        logs_in(&phone, her).await?;
        add(&alice, &pear).await?;
        let (here, there) = (alice.get(CART).await?, phone.get(CART).await?);
        let placed = trial.shop.orders.now(&her.name).len();
        let (one, other) = (alice.submit(&here, CHECKOUT, &[]), phone.submit(&there, CHECKOUT, &[]));
        let answers = both(trial, moment, one, other).await?;
        let because = "two pages showed the same cart, and both forms were sent at the same moment";
        one_is_ordered(trial, placed, &answers, &[(&pear, 1)], because)?;
        is_empty(&alice.get(CART).await?)?;
    }
    Ok(())
}

async fn what_is_added_meanwhile_stays_in_the_cart(trial: &Trial) -> Result<(), Miss> {
    let [pear, plum] = ["pear", "plum"].map(|item| trial.named(item));
    for added in [&plum, &pear] {
        let (alice, tab) = anew(trial).await?;
        add(&alice, &pear).await?;
        let (page, before) = (alice.get(CART).await?, Before::of(trial));
        add(&tab, added).await?;
        let answer = alice.submit(&page, CHECKOUT, &[]).await?;
        let because = format!("{added} was added after the page was shown, and then the form was sent");
        before.is_sold_as_shown(trial, &answer, [&pear, added], &because)?;
        before.all_is_there(trial, &alice, [&pear, added], &because).await?;
    }
    for (added, moment) in [&plum, &pear].into_iter().flat_map(|added| Moment::ALL.map(|moment| (added, moment))) {
        let (alice, tab) = anew(trial).await?;
        add(&alice, &pear).await?;
        let (page, before, there) = (alice.get(CART).await?, Before::of(trial), address(added));
        let [answer, addition] = both(trial, moment, alice.submit(&page, CHECKOUT, &[]), tab.post(&there, &[])).await?;
        is_added(&addition)?;
        let because = format!("{added} was added while the checkout was running");
        before.is_sold_as_shown(trial, &answer, [&pear, added], &because)?;
        before.all_is_there(trial, &alice, [&pear, added], &because).await?;
    }
    for saves in [1, 3] {
        let (alice, _) = anew(trial).await?;
        add(&alice, &pear).await?;
        let (page, before) = (alice.get(CART).await?, Before::of(trial));
        others_save(trial, saves);
        let answer = alice.submit(&page, CHECKOUT, &[]).await?;
        trial.shop.database.is_touched_before_saves(0);
        let because = "another program saved the row while the checkout was running";
        before.is_sold_as_shown(trial, &answer, [&pear], because)?;
        before.all_is_there(trial, &alice, [&pear], because).await?;
    }
    Box::pin(no_token_or_number_comes_back(trial)).await
}

/// After how many changes a number repeats that has two digits or one byte.
const REPEATS: [usize; 2] = [100, 256];
/// How many pages stay open, and how many additions come after each purchase: an app may count two or three changes
/// for a purchase, and one for an addition.
const OPEN: usize = 3;

/// A cart is bought, and later another one; and pages stay open meanwhile. Between them the cart changes so often that a
/// short number would be the same again.
async fn no_token_or_number_comes_back(trial: &Trial) -> Result<(), Miss> {
    if trial.users.canary().is_some() {
        return Ok(()); // what the items are called makes no difference
    }
    let (alice, _) = anew(trial).await?;
    let her = trial.users.alice();
    // Never the same item as after a hundred changes, or after 256.
    let item = |change: usize| format!("{}-{:02}", trial.named("item"), change % (MOST_ITEMS - 1));
    add(&alice, &item(0)).await?;
    buy(&alice).await?;
    // The first change since the form was shown that bought it.
    let (mut change, mut placed, mut cart, mut open) = (1, 1, Items::new(), Vec::new());
    for repeats in REPEATS {
        while change < repeats {
            if add(&alice, &item(change)).await.is_err() {
                return Ok(()); // another requirement is about what fits
            }
            put(&mut cart, &item(change));
            change += 1;
            if open.len() < OPEN {
                open.push((alice.get(CART).await?, cart.clone()));
            }
        }
        let bought = buy(&alice).await?;
        let because = format!("the cart changed {repeats} times after an order, and was bought again");
        new_orders(trial, her, placed, &[&few(&cart)], &bought, &because)?;
        (change, placed, cart) = (change + 1, placed + 1, Items::new());
        for _ in 0..OPEN {
            add(&alice, &item(change)).await?;
            put(&mut cart, &item(change));
            change += 1;
            for (page, shown) in &open {
                let answer = alice.submit(page, CHECKOUT, &[]).await?;
                is_ordered_or_refused(&answer)?;
                if trial.shop.orders.now(&her.name).len() > placed {
                    // An app may sell what the page showed, if it is there: then its form has been used.
                    let because = format!(
                        "a page was shown, the cart changed about {repeats} times, and then the form of that page was sent"
                    );
                    return new_orders(trial, her, placed, &[&few(shown)], &answer, &because);
                }
            }
        }
    }
    Ok(())
}

const FAULTS: [Fault; 3] = [Fault::Lost, Fault::Unheard, Fault::Late];

async fn an_unknown_outcome_is_told_and_finished(trial: &Trial) -> Result<(), Miss> {
    let [pear, plum] = ["pear", "plum"].map(|item| trial.named(item));
    for (fault, times) in [(Fault::Lost, 1), (Fault::Unheard, 1), (Fault::Late, 1), (Fault::Lost, 2), (Fault::Late, 2)]
    {
        let (alice, _) = anew(trial).await?;
        add(&alice, &pear).await?;
        let (page, before) = (alice.get(CART).await?, Before::of(trial));
        fails(trial, Some(fault));
        for _ in 0..times {
            is_unknown(trial, &alice.submit(&page, CHECKOUT, &[]).await?)?;
            alice.get(CART).await?.has_status(200)?;
        }
        fails(trial, None);
        let answer = alice.submit(&page, CHECKOUT, &[]).await?;
        let so = "the outcome of this order was unknown, and the same form sent again has to find it out and lead to the orders";
        answer.redirects_to(ORDERS).map_err(|miss| miss.so(so))?;
        let because = "the warehouse did not answer, and the same form was sent again";
        before.is_sold_as_shown(trial, &answer, [&pear], because)?;
        before.all_is_there(trial, &alice, [&pear], because).await?;
    }
    for (fault, is_first) in FAULTS.into_iter().flat_map(|fault| [(fault, true), (fault, false)]) {
        let (alice, tab) = anew(trial).await?;
        add(&alice, &pear).await?;
        let (page, other, before) = (alice.get(CART).await?, tab.get(CART).await?, Before::of(trial));
        fails(trial, Some(fault));
        is_unknown(trial, &alice.submit(&page, CHECKOUT, &[]).await?)?;
        add(&tab, &plum).await?;
        fails(trial, None);
        let because = "the warehouse did not answer, another item was added, and the forms of the cart's pages were sent until the cart was empty";
        if is_first {
            // The other tab still shows the cart as it was.
            let answer = tab.submit(&other, CHECKOUT, &[]).await?;
            is_ordered_or_refused(&answer)?;
        }
        before.all_is_there(trial, &alice, [&pear, &plum], because).await?;
        let so = "this form was sent before, its outcome was unknown, and its items have been ordered since";
        alice.submit(&page, CHECKOUT, &[]).await?.redirects_to(ORDERS).map_err(|miss| miss.so(so))?;
        before.all_is_there(trial, &alice, [&pear, &plum], because).await?;
    }
    Box::pin(a_slow_checkout_leaves_a_later_one_alone(trial)).await?;
    Box::pin(more_of_them_are_all_finished(trial)).await?;
    Box::pin(so_it_is_with_a_full_cart(trial)).await?;
    // Nothing but the cart's own page.
    for fault in FAULTS {
        let (alice, _) = anew(trial).await?;
        add(&alice, &pear).await?;
        let (page, before) = (alice.get(CART).await?, Before::of(trial));
        fails(trial, Some(fault));
        is_unknown(trial, &alice.submit(&page, CHECKOUT, &[]).await?)?;
        fails(trial, None);
        let phone = trial.browser("phone");
        logs_in(&phone, trial.users.alice()).await?;
        let because =
            "the warehouse did not answer, and the visitor looked at the cart on a phone and used the form there";
        before.all_is_there(trial, &phone, [&pear], because).await?;
    }
    Ok(())
}

/// The warehouse stays silent while the visitor goes on to add and to buy.
async fn more_of_them_are_all_finished(trial: &Trial) -> Result<(), Miss> {
    let items = ["pear", "plum", "quince"].map(|item| trial.named(item));
    for fault in FAULTS {
        let (alice, _) = anew(trial).await?;
        let before = Before::of(trial);
        fails(trial, Some(fault));
        for item in &items {
            add(&alice, item).await?;
            let page = alice.get(CART).await?;
            let answer = alice.submit(&page, CHECKOUT, &[]).await?;
            if answer.status != 409 {
                is_unknown(trial, &answer)?;
            }
        }
        fails(trial, None);
        let because =
            "the warehouse did not answer, other items were added, and their form was sent while it was still silent";
        before.all_is_there(trial, &alice, [&items[0], &items[1], &items[2]], because).await?;
    }
    Ok(())
}

async fn so_it_is_with_a_full_cart(trial: &Trial) -> Result<(), Miss> {
    for fault in FAULTS {
        let (alice, _) = anew(trial).await?;
        let cart = fill(trial, &alice).await?;
        let page = alice.get(CART).await?;
        fails(trial, Some(fault));
        is_unknown(trial, &alice.submit(&page, CHECKOUT, &[]).await?)?;
        fails(trial, None);
        let answer = alice.submit(&page, CHECKOUT, &[]).await?;
        let so = "the outcome of the order of a full cart was unknown, and the same form sent again has to find it out and lead to the orders: with a small cart it does";
        answer.redirects_to(ORDERS).map_err(|miss| miss.so(so))?;
        let wanted = few(&cart);
        let because = "the warehouse did not answer about a full cart, and the same form was sent again";
        new_orders(trial, trial.users.alice(), 0, &[&wanted], &answer, because)?;
    }
    Ok(())
}

/// A checkout waits for the warehouse until another one, of other items, has an unknown outcome.
async fn a_slow_checkout_leaves_a_later_one_alone(trial: &Trial) -> Result<(), Miss> {
    let (alice, tab) = anew(trial).await?;
    let [pear, plum] = ["pear", "plum"].map(|item| trial.named(item));
    add(&alice, &pear).await?;
    let (page, before) = (alice.get(CART).await?, Before::of(trial));
    let meanwhile = async {
        is_ordered_or_refused(&tab.submit(&page, CHECKOUT, &[]).await?)?;
        add(&tab, &plum).await?;
        let next = tab.get(CART).await?;
        fails(trial, Some(Fault::Lost));
        let answer = tab.submit(&next, CHECKOUT, &[]).await?;
        fails(trial, None);
        if answer.status == 409 { Ok(()) } else { is_unknown(trial, &answer) }
    };
    is_ordered_or_refused(&trial.overlaps_at(Moment::Placed, alice.submit(&page, CHECKOUT, &[]), meanwhile).await?)?;
    let because = "a checkout waited for the warehouse, and meanwhile the next one did not get an answer";
    before.all_is_there(trial, &alice, [&pear, &plum], because).await
}

async fn a_checkout_outlives_its_instance(trial: &Trial) -> Result<(), Miss> {
    // First: a new process cannot repeat what an instance did that ended.
    Box::pin(forms_and_numbers_outlive_a_restart(trial)).await?;
    let her = trial.users.alice();
    let [pear, plum] = ["pear", "plum"].map(|item| trial.named(item));
    let ends = Moment::ALL.map(|moment| (moment, 0)).into_iter().chain([(Moment::Loaded, 1), (Moment::Saving, 1)]);
    for ((moment, passing), adds) in ends.flat_map(|end| [(end, false), (end, true)]) {
        let (alice, tab) = anew(trial).await?;
        add(&alice, &pear).await?;
        let (page, before) = (alice.get(CART).await?, Before::of(trial));
        trial.ends_at((moment, passing), alice.submit(&page, CHECKOUT, &[])).await?;
        let because = format!("an instance ended while it {}", moment.was());
        if adds {
            add(&tab, &plum).await?;
            before
                .all_is_there(trial, &alice, [&pear, &plum], &format!("{because}, and another item was added"))
                .await?;
            continue;
        }
        let answer = alice.submit(&page, CHECKOUT, &[]).await?;
        let so = format!("{because}, and another instance does not finish it when the same form is sent again");
        answer.redirects_to(ORDERS).map_err(|miss| miss.so(so))?;
        new_orders(trial, her, before.placed, &[&[(&pear, 1)]], &answer, &because)?;
        before.all_is_there(trial, &alice, [&pear], &because).await?;
    }
    for moment in Moment::ALL {
        let (alice, _) = anew(trial).await?;
        let cart = fill(trial, &alice).await?;
        let page = alice.get(CART).await?;
        trial.ends_at((moment, 0), alice.submit(&page, CHECKOUT, &[])).await?;
        let answer = alice.submit(&page, CHECKOUT, &[]).await?;
        let so = format!(
            "an instance ended while it {}, with a full cart, and another instance does not finish that when the same form is sent again",
            moment.was()
        );
        answer.redirects_to(ORDERS).map_err(|miss| miss.so(so))?;
        let wanted = few(&cart);
        let because = format!("an instance ended while it {}, and the cart was full", moment.was());
        new_orders(trial, her, 0, &[&wanted], &answer, &because)?;
    }
    Ok(())
}

/// What a token and a number count has to go on where it was.
async fn forms_and_numbers_outlive_a_restart(trial: &Trial) -> Result<(), Miss> {
    let alice = trial.browser("alice");
    logs_in(&alice, trial.users.alice()).await?;
    let (her, [pear, plum, quince]) = (trial.users.alice(), ["pear", "plum", "quince"].map(|item| trial.named(item)));
    add(&alice, &pear).await?;
    let old = alice.get(CART).await?;
    alice.submit(&old, CHECKOUT, &[]).await?.redirects_to(ORDERS)?;
    // One item, two, one: tokens that count something are odd and even.
    for item in [&plum, &quince] {
        add(&alice, item).await?;
    }
    buy(&alice).await?;
    add(&alice, &plum).await?;
    let page = alice.get(CART).await?;
    trial.restart().await?;
    let placed = 2;
    let answer = alice.submit(&page, CHECKOUT, &[]).await?;
    let so = "the page was shown before the restart, the cart is as it was then, and its form was refused: did the program keep something about it in its memory?";
    answer.is_accepted(ORDERS, so)?;
    let because = "the form of a page that had been shown before the restart was sent";
    new_orders(trial, her, placed, &[&[(&plum, 1)]], &answer, because)?;
    let answer = alice.submit(&old, CHECKOUT, &[]).await?;
    let so = "this form was sent before the restart, and its order is placed: the warehouse still knows it";
    answer.is_accepted(ORDERS, so)?;
    new_orders(trial, her, placed + 1, &[], &answer, "a form that had been sent before the restart was sent again")?;
    for number in 1..=3 {
        add(&alice, &quince).await?;
        let answer = buy(&alice).await?;
        let because = "the program restarted, and then a new cart was bought (does an order get a number that an order had before the restart?)";
        new_orders(trial, her, placed + number, &[&[(&quince, 1)]], &answer, because)?;
    }
    Ok(())
}

async fn the_bounds_hold_at_the_same_moment(trial: &Trial) -> Result<(), Miss> {
    let [pear, plum, quince] = ["pear", "plum", "quince"].map(|item| trial.named(item));
    let path = address(&pear);
    let can_buy = can_buy(trial).await?;
    Box::pin(nine_of_each_fit(trial, can_buy)).await?;
    Box::pin(a_hundred_characters_fit(trial, can_buy)).await?;
    Box::pin(twenty_different_ones_fit(trial, can_buy)).await?;
    Box::pin(an_open_order_takes_no_room(trial)).await?;
    for moment in [Moment::Loaded, Moment::Saving] {
        let (alice, tab) = anew(trial).await?;
        for _ in 1..MOST_OF_ONE {
            add(&alice, &pear).await?;
        }
        let answers = both(trial, moment, alice.post(&path, &[]), tab.post(&path, &[])).await?;
        one_fits(&answers, &alice.get(CART).await?, &[(&pear, MOST_OF_ONE)])?;
    }
    for moment in [Moment::Loaded, Moment::Saving] {
        let (alice, tab) = anew(trial).await?;
        for place in 1..MOST_ITEMS {
            add(&alice, &trial.named(&format!("item{place:02}"))).await?;
        }
        let (here, there) = (address(&plum), address(&quince));
        let answers = both(trial, moment, alice.post(&here, &[]), tab.post(&there, &[])).await?;
        let page = alice.get(CART).await?;
        if [&plum, &quince].iter().all(|item| counted(&page, item) > 0) {
            let miss =
                page.miss(format!("{MOST_ITEMS} different items"), format!("{} different items", MOST_ITEMS + 1));
            return Err(miss.so(BOTH_FIT));
        }
        one_fits(&answers, &page, &[])?;
    }
    Ok(())
}

async fn nine_of_each_fit(trial: &Trial, can_buy: bool) -> Result<(), Miss> {
    let (alice, _) = anew(trial).await?;
    let [pear, other] = ["pear", "Pear"].map(|item| trial.named(item));
    for _ in 0..MOST_OF_ONE {
        add(&alice, &pear).await?;
    }
    refuses(&alice.post(&address(&pear), &[]).await?, NINE)?;
    shows_items(&alice.get(CART).await?, &[(&pear, MOST_OF_ONE)], UNCHANGED)?;
    let answer = alice.post(&address(&other), &[]).await?;
    let so = format!("the cart holds {MOST_OF_ONE} of {pear}, and {other} is another item: it was refused");
    answer.is_accepted(CART, so)?;
    let page = alice.get(CART).await?;
    refuses(&alice.post(&address(&pear), &[]).await?, NINE)?;
    refuses(&alice.post(&address(&long(trial, "x", LONGEST_NAME + 1)), &[]).await?, HUNDRED)?;
    if can_buy { buys_and_takes(&alice, &page, &pear).await } else { Ok(()) }
}

/// A name of this length, which ends as all names of this run do.
fn long(trial: &Trial, letter: &str, length: usize) -> String {
    let own = trial.named("");
    format!("{}{own}", letter.repeat(length.saturating_sub(own.chars().count())))
}

async fn a_hundred_characters_fit(trial: &Trial, can_buy: bool) -> Result<(), Miss> {
    let (alice, _) = anew(trial).await?;
    let letters = [
        ("x", "a name may have 100 characters, but this one was refused"),
        ("é", "a name of 100 characters fits, even if each takes 2 bytes, as é does: count characters, not bytes"),
        (
            "🍐",
            "a name of 100 characters fits, even if each takes 4 bytes, as an emoji does: count characters, not bytes or UTF-16 units",
        ),
    ];
    for (letter, _) in letters {
        refuses(&alice.post(&address(&long(trial, letter, LONGEST_NAME + 1)), &[]).await?, HUNDRED)?;
    }
    let mut names = Vec::new();
    for (letter, so) in letters {
        let name = long(trial, letter, LONGEST_NAME);
        let answer = alice.post(&address(&name), &[]).await?;
        answer.is_accepted(CART, so)?;
        names.push(name);
    }
    // They differ in their last character.
    for letter in ["y", "z"] {
        let name = format!("{}{letter}", long(trial, "x", LONGEST_NAME - 1));
        add(&alice, &name).await?;
        names.push(name);
    }
    let lines: Vec<_> = names.iter().map(|name| (name.as_str(), 1)).collect();
    let so = "a name may have 100 characters, and a page does not show all of a name that has as many";
    shows_lines(&alice.get(CART).await?, &lines, so)?;
    if !can_buy {
        return Ok(());
    }
    let bought = buy(&alice).await?;
    let wanted: Vec<_> = names.iter().map(|name| (name.as_str(), 1)).collect();
    let because = "alice bought items whose names have 100 characters";
    new_orders(trial, trial.users.alice(), 0, &[&wanted], &bought, because)?;
    shows_lines(&alice.get(ORDERS).await?, &lines, so)
}

async fn twenty_different_ones_fit(trial: &Trial, can_buy: bool) -> Result<(), Miss> {
    let (alice, _) = anew(trial).await?;
    let items: Vec<_> = (1..=MOST_ITEMS).map(|place| trial.named(&format!("item{place:02}"))).collect();
    for item in &items {
        add(&alice, item).await?;
    }
    let (plum, there) = (trial.named("plum"), &items[3]);
    for new in [&plum, &trial.named("Item04")] {
        refuses(&alice.post(&address(new), &[]).await?, TWENTY)?;
        alice.get(CART).await?.shows_not(new, UNCHANGED)?;
    }
    let one_more = alice.post(&address(there), &[]).await?;
    let so = "the cart is full, and one more of an item that is in it was refused: only the different items count here";
    one_more.is_accepted(CART, so)?;
    let page = alice.get(CART).await?;
    shows_items(&page, &[(there, 2)], "the addition was answered with 303, and is not in the cart")?;
    refuses(&alice.post(&address(&plum), &[]).await?, TWENTY)?;
    if can_buy { buys_and_takes(&alice, &page, &plum).await } else { Ok(()) }
}

/// Whether a checkout works at all: if not, another check says so.
async fn can_buy(trial: &Trial) -> Result<bool, Miss> {
    let (alice, _) = anew(trial).await?;
    add(&alice, &trial.named("pear")).await?;
    let answer = alice.submit(&alice.get(CART).await?, CHECKOUT, &[]).await;
    Ok(answer.is_ok_and(|answer| answer.redirects_to(ORDERS).is_ok()))
}

/// The cart is what this page showed, whatever was refused since; and what has been bought is in it no longer.
async fn buys_and_takes(alice: &Browser<'_>, page: &Answer, item: &str) -> Result<(), Miss> {
    let bought = alice.submit(page, CHECKOUT, &[]).await?;
    let so = "items that did not fit were refused after the page was shown, and then its form was refused as well: a refused addition leaves the cart as it was, also for the pages that show it";
    bought.is_accepted(ORDERS, so)?;
    if !alice.get(CART).await?.text().contains(EMPTY) {
        return Ok(());
    }
    let answer = alice.post(&address(item), &[]).await?;
    let so = "a full cart was bought, its page says that it is empty, and an item was refused: the limits apply to what is in the cart at a time";
    answer.is_accepted(CART, so)
}

/// If the page says that the cart is empty, it has room: also for what is on its way to the warehouse.
async fn an_open_order_takes_no_room(trial: &Trial) -> Result<(), Miss> {
    let (alice, _) = anew(trial).await?;
    let full = fill(trial, &alice).await?;
    let page = alice.get(CART).await?;
    fails(trial, Some(Fault::Lost));
    let answer = alice.submit(&page, CHECKOUT, &[]).await;
    if !answer.is_ok_and(|answer| answer.status == 503) || !alice.get(CART).await?.text().contains(EMPTY) {
        return Ok(());
    }
    let most = full.iter().max_by_key(|(_, count)| **count).map(|(item, _)| item.clone());
    for item in most.into_iter().chain([trial.named("plum")]) {
        let answer = alice.post(&address(&item), &[]).await?;
        let so = "the outcome of the order of a full cart was unknown, the page said that the cart is empty, and the cart refused an item: what is on its way to the warehouse is no longer in the cart";
        answer.is_accepted(CART, so)?;
    }
    Ok(())
}

/// What does not fit, and the bound.
type Bound = [&'static str; 2];
const NINE: Bound = ["one more of an item that the cart holds 9 times", "a cart holds at most 9 of each item"];
const TWENTY: Bound = ["an item that is new to a full cart", "a cart holds at most 20 different items at a time"];
const HUNDRED: Bound = ["a name of 101 characters", "a name has at most 100 characters"];
const UNCHANGED: &str = "the answer is a 4xx, and the cart has changed anyway";
const BOTH_FIT: &str = "there was room for one more when two came at the same moment, and the cart took both: at each attempt, check the cart that you save";

async fn users_do_not_mix_and_reading_changes_nothing(trial: &Trial) -> Result<(), Miss> {
    let of_users = |miss: Miss| {
        miss.why("one database serves all users, so what belongs to one has to be under a key, and an order under a number, that no other user can have")
            .teaches(4, "beyond/two-at-once.md#what-does-not-belong-in-a-session")
    };
    Box::pin(users_do_not_mix(trial)).await.map_err(of_users)?;
    Box::pin(near_names_are_different_users(trial)).await.map_err(of_users)?;
    let (alice, _) = anew(trial).await?;
    Box::pin(items_are_text(trial, &alice)).await?;
    Box::pin(only_a_post_adds_or_orders(trial, &alice)).await.map_err(of_reading)
}

async fn users_do_not_mix(trial: &Trial) -> Result<(), Miss> {
    let [alice, bob] = ["alice", "bob"].map(|who| trial.browser(who));
    let (her, his) = (trial.users.alice(), trial.users.bob());
    let [pear, plum] = ["pear", "plum"].map(|item| trial.named(item));
    logs_in(&alice, her).await?;
    logs_in(&bob, his).await?;
    add(&alice, &pear).await?;
    let page = alice.get(CART).await?;
    let of_bob = bob.get(CART).await?;
    of_bob.shows_not(&pear, "alice added this item, and bob's cart shows it")?;
    of_bob.shows(EMPTY)?;
    let answer = bob.submit(&page, CHECKOUT, &[]).await?;
    new_orders(trial, her, 0, &[], &answer, "bob sent the form of alice's page")?;
    new_orders(trial, his, 0, &[], &answer, "bob, whose cart is empty, sent the form of alice's page")?;
    shows_items(&alice.get(CART).await?, &[(&pear, 1)], "bob sent a form, and alice's cart has changed")?;
    let stranger = trial.browser("stranger");
    let answer = stranger.submit(&page, CHECKOUT, &[]).await?;
    let so = "a visitor who is not logged in sent the form of alice's page: their login may have expired since they saw the cart, so send them to the login";
    answer.redirects_to(LOGIN).map_err(|miss| miss.so_if((!answer.status.is_server_error()).then_some(so)))?;
    new_orders(trial, her, 0, &[], &answer, "a visitor who is not logged in sent the form of alice's page")?;
    trial.log().new_scene();
    alice.submit(&page, CHECKOUT, &[]).await?.redirects_to(ORDERS)?;
    let so = "alice ordered this item, bob has ordered nothing, and bob's orders page shows it";
    bob.get(ORDERS).await?.shows_not(&pear, so)?;
    add(&bob, &plum).await?;
    let bought = buy(&bob).await?;
    new_orders(trial, his, 0, &[&[(&plum, 1)]], &bought, "bob bought after alice")?;
    let orders = bob.get(ORDERS).await?;
    orders.shows(&line(&plum, 1))?;
    orders.shows_not(&pear, "alice ordered this item, and bob's orders page shows it")
}

fn of_reading(miss: Miss) -> Miss {
    miss.why(READING).teaches(7, "security/csrf.md#can-a-link-buy-something")
}

async fn only_a_post_adds_or_orders(trial: &Trial, alice: &Browser<'_>) -> Result<(), Miss> {
    let her = trial.users.alice();
    let [pear, plum] = ["pear", "plum"].map(|item| trial.named(item));
    trial.log().begin_anew();
    logs_in(alice, her).await?;
    add(alice, &plum).await?;
    let (page, placed) = (alice.get(CART).await?, trial.shop.orders.now(&her.name).len());
    let forms = page.forms();
    let form = forms.iter().find(|form| form.goes_to(CHECKOUT));
    let filled: Vec<_> = form.iter().flat_map(|form| form.filled()).collect();
    let (buying, adding) = (format!("{CHECKOUT}?{}", crate::browser::encode(&filled)), address(&pear));
    let paths = [LOGIN, CART, CHECKOUT, ORDERS, &buying, &adding];
    for path in paths {
        reading::changes_nothing(alice, &[path]).await?;
        let after = alice.get(CART).await?;
        let sent = format!("only GET and HEAD requests were sent, to {path}");
        new_orders(trial, her, placed, &[], &after, &sent).map_err(|miss| miss.at(path))?;
        let so = format!("{sent}, and they added this item: a link on any page can make a browser send one");
        after.shows_not(&pear, &so).map_err(|miss| miss.at(path))?;
        let so = format!("{sent}, and they took this item out of the cart");
        shows_items(&after, &[(&plum, 1)], &so).map_err(|miss| miss.at(path))?;
    }
    trial.log().begin_anew();
    reading::opens_no_session(&trial.browser("stranger"), &paths).await?;
    Box::pin(reading_finishes_no_order(trial)).await
}

/// An order of unknown outcome waits for a form.
async fn reading_finishes_no_order(trial: &Trial) -> Result<(), Miss> {
    let (alice, _) = anew(trial).await?;
    let (her, pear) = (trial.users.alice(), trial.named("pear"));
    add(&alice, &pear).await?;
    let page = alice.get(CART).await?;
    fails(trial, Some(Fault::Lost));
    is_unknown(trial, &alice.submit(&page, CHECKOUT, &[]).await?)?;
    fails(trial, None);
    for path in [LOGIN, CART, ORDERS, CHECKOUT, &address(&pear)] {
        trial.log().new_scene();
        for read in [alice.get(path).await?, alice.head(path).await?] {
            let because = format!("the outcome of an order was unknown, and then the visitor only looked at {path}");
            new_orders(trial, her, 0, &[], &read, &because)?;
        }
    }
    Ok(())
}

/// How many orders a user places, so that a token that counts them has one digit and then two.
const MANY: usize = 12;

/// Names that differ in their last character, also far behind, in a letter's case, or in a space.
async fn near_names_are_different_users(trial: &Trial) -> Result<(), Miss> {
    trial.log().begin_anew();
    trial.shop.restore(Contents::default());
    let her = trial.users.alice();
    let (first, rest) = her.name.split_at(1);
    let long = format!("{}{}", her.name, "-".repeat(100));
    let near = [
        format!("{}1", her.name),
        format!("{} ", her.name),
        format!("{}{rest}", first.to_uppercase()),
        format!("{long}1"),
        format!("{long}2"),
    ];
    let near = near.map(|name| User { name, password: her.password.clone() });
    let items = ["plum", "quince", "fig", "lime", "date"].map(|item| trial.named(item));
    let (alice, pear) = (trial.browser("alice"), trial.named("pear"));
    logs_in(&alice, her).await?;
    add(&alice, &pear).await?;
    let others = ["alice1", "alice_", "Alice", "alice-1", "alice-2"].map(|who| trial.browser(who));
    let mut owners = vec![(&alice, her, &pear)];
    for ((browser, user), item) in others.iter().zip(&near).zip(&items) {
        gets_an_account(trial, user);
        logs_in(browser, user).await?;
        let so =
            |owner: &User| format!("{:?} and {:?} are two users, and one sees the other's cart", owner.name, user.name);
        let page = browser.get(CART).await?;
        owners.iter().try_for_each(|(_, owner, theirs)| page.shows_not(theirs, &so(owner)))?;
        add(browser, item).await?;
        shows_items(&browser.get(CART).await?, &[(item, 1)], &so(her))?;
        for (theirs, owner, _) in &owners {
            theirs.get(CART).await?.shows_not(item, &so(owner))?;
        }
        owners.push((browser, user, item));
    }
    // One item, two, one, two: tokens that count something are odd and even.
    let count = |number: usize| if number.is_multiple_of(2) { 1 } else { 2 };
    for number in 0..MANY {
        for _ in u32::from(number == 0)..count(number) {
            add(&alice, &pear).await?;
        }
        let bought = buy(&alice).await?;
        let shown: Few = &[(&pear, count(number))];
        new_orders(trial, her, number, &[shown], &bought, "alice bought one cart after another")?;
    }
    for (((browser, user), item), carts) in others.iter().zip(&near).zip(&items).zip([3, 3, 3, 1, 1]) {
        for number in 0..carts {
            for _ in u32::from(number == 0)..count(number) {
                add(browser, item).await?;
            }
            let bought = buy(browser).await?;
            let because = format!(
                "{:?} bought after {:?} had: an order needs a number that no order of another user can have",
                user.name, her.name
            );
            let shown: Few = &[(item, count(number))];
            new_orders(trial, user, number, &[shown], &bought, &because)?;
        }
    }
    for (browser, user, item) in &owners {
        let page = browser.get(ORDERS).await?;
        page.shows(item)?;
        for (_, other, theirs) in owners.iter().filter(|(_, _, theirs)| theirs != item) {
            let so = format!(
                "{:?} ordered this item, and the orders page of {:?} shows it: they are two users",
                other.name, user.name
            );
            page.shows_not(theirs, &so)?;
        }
    }
    Ok(())
}

/// On the page of the cart, on that of the orders, and in a refusal.
async fn items_are_text(trial: &Trial, alice: &Browser<'_>) -> Result<(), Miss> {
    let items = [format!("<b>{}</b>", trial.named("pear")), trial.named("&lt;b&gt;"), trial.named("\"' onclick='")];
    for item in &items {
        add(alice, item).await?;
    }
    let lines: Vec<_> = items.iter().map(|item| (item.as_str(), 1)).collect();
    let so = |page: &Answer| match page.body.contains(&items[0]) {
        true => "the page has the item unescaped: a browser reads its <b> as a tag",
        false => {
            "the page does not show this item as it was added: it is text, which `Path` decodes and a template escapes once"
        }
    };
    let page = alice.get(CART).await?;
    shows_lines(&page, &lines, so(&page))?;
    alice.submit(&page, CHECKOUT, &[]).await?.redirects_to(ORDERS)?;
    let page = alice.get(ORDERS).await?;
    shows_lines(&page, &lines, so(&page))?;
    let too_long = format!("<i data-pasted>{}</i>", "x".repeat(LONGEST_NAME));
    let refused = alice.post(&address(&too_long), &[]).await?;
    match refused.is_page() && refused.has_attribute("data-pasted") {
        true => Err(refused
            .miss("a refusal that shows the item as text or not at all", "a tag in it")
            .so("the answer to an item whose name is too long has the name in it as HTML")),
        false => Ok(()),
    }
}

/// What has been ordered so far.
pub(crate) struct Before {
    placed: usize,
    pub(crate) items: Items,
}

impl Before {
    /// Alice's.
    pub(crate) fn of(trial: &Trial) -> Self {
        let orders = trial.shop.orders.now(&trial.users.alice().name);
        Self { placed: orders.len(), items: all_items(&orders) }
    }

    /// The first item alone is ordered, or nothing is, as the answer says.
    fn is_sold_as_shown<const N: usize>(
        &self,
        trial: &Trial,
        answer: &Answer,
        items: [&String; N],
        because: &str,
    ) -> Result<(), Miss> {
        is_ordered_or_refused(answer)?;
        let her = trial.users.alice();
        let shown: Few = &[(items[0], 1)];
        let orders: &[Few] = if answer.status.is_redirection() { &[shown] } else { &[] };
        new_orders(trial, her, self.placed, orders, answer, because)
    }

    /// Once the cart is empty, each of these is ordered once: `because` begins the sentence if not.
    async fn all_is_there<const N: usize>(
        &self,
        trial: &Trial,
        alice: &Browser<'_>,
        items: [&String; N],
        because: &str,
    ) -> Result<(), Miss> {
        let page = buys_all(alice).await?;
        let mut wanted = self.items.clone();
        items.into_iter().for_each(|item| put(&mut wanted, item));
        let orders = trial.shop.orders.now(&trial.users.alice().name);
        let ordered = all_items(&orders);
        for item in items {
            let new = |all: &Items| count(all, item).saturating_sub(count(&self.items, item));
            let (wanted, ordered) = (new(&wanted), new(&ordered));
            let so = match ordered {
                fewer if fewer < wanted => {
                    format!("{because}, and {item} is neither in the cart nor in an order: it is lost")
                }
                more if more > wanted => format!("{because}, and {item} has been ordered more often than it was added"),
                _ => continue,
            };
            let told = |times: u32| match times {
                0 => format!("{item} in no order, once the cart is empty"),
                1 => format!("{item} ordered once in all, once the cart is empty"),
                times => format!("{item} ordered {times} times in all, once the cart is empty"),
            };
            return Err(page.miss(told(wanted), told(ordered)).so(so));
        }
        Ok(())
    }
}

/// Sends the form of the cart's page until the page has none, or says that the cart is empty.
pub(crate) async fn buys_all(browser: &Browser<'_>) -> Result<Answer, Miss> {
    for _ in 0..MOST_PAGES {
        let page = browser.get(CART).await?;
        page.has_status(200)?;
        if !page.forms().iter().any(|form| form.goes_to(CHECKOUT)) {
            return is_empty(&page).map(|()| page);
        }
        let answer = browser.submit(&page, CHECKOUT, &[]).await?;
        // A page may have a form for an empty cart, too.
        if page.text().contains(EMPTY) && answer.status.is_client_error() {
            return Ok(page);
        }
        is_ordered_or_refused(&answer)?;
    }
    let page = browser.get(CART).await?;
    is_empty(&page).map(|()| page)
}

/// A visitor who looks at the cart and buys needs no more pages than this: one for what was left open, one for the rest.
const MOST_PAGES: usize = 4;

fn is_empty(page: &Answer) -> Result<(), Miss> {
    let so = "everything has been bought, and the page does not say that the cart is empty";
    page.shows(EMPTY).map_err(|miss| miss.so_if(page.is_ok().then_some(so)))
}

fn count(items: &Items, item: &str) -> u32 {
    items.get(item).copied().unwrap_or_default()
}

fn all_items(orders: &[Order]) -> Items {
    let mut all = Items::new();
    for (item, count) in orders.iter().flat_map(|order| &order.items) {
        *all.entry(item.clone()).or_default() += count;
    }
    all
}

/// The user's orders after the first `placed` are these.
pub(crate) fn new_orders(
    trial: &Trial,
    user: &User,
    placed: usize,
    wanted: &[Few],
    answer: &Answer,
    because: &str,
) -> Result<(), Miss> {
    let orders = trial.shop.orders.now(&user.name);
    let new: Vec<_> = orders.iter().skip(placed).map(|order| order.items.clone()).collect();
    let wanted: Vec<Items> =
        wanted.iter().map(|items| items.iter().map(|(item, count)| ((*item).to_owned(), *count)).collect()).collect();
    if new == wanted {
        return Ok(());
    }
    let so = match (wanted.len(), new.len()) {
        (wanted, 0) if wanted > 0 => {
            let known = match trial.shop.orders.is_empty() {
                true => "",
                false => ": an order under a number that it has already adds none",
            };
            format!("{because}, and the warehouse has received no new order with the user's name on it{known}")
        }
        (0, _) => format!("{because}, and that placed an order"),
        (wanted, new) if new > wanted => format!(
            "{because}, and the warehouse has {new} new orders instead of {wanted}: each has a number of its own, and it is the number that counts once"
        ),
        _ => format!("{because}, and the order is not what the page showed"),
    };
    Err(answer.miss(told(&wanted), told(&new)).so(so))
}

fn told(orders: &[Items]) -> String {
    let items =
        |items: &Items| items.iter().map(|(item, count)| line(item, *count as usize)).collect::<Vec<_>>().join(", ");
    match orders {
        [] => "no new order".to_owned(),
        [one] => format!("one new order: {}", items(one)),
        more => format!("{} new orders: {}", more.len(), more.iter().map(items).collect::<Vec<_>>().join("; ")),
    }
}

/// At least one of two checkouts is answered with 303, the other one may be refused, and there is one order.
fn one_is_ordered(trial: &Trial, placed: usize, answers: &[Answer; 2], items: Few, because: &str) -> Result<(), Miss> {
    answers.iter().try_for_each(is_ordered_or_refused)?;
    new_orders(trial, trial.users.alice(), placed, &[items], &answers[1], because)?;
    match answers.iter().any(|answer| answer.status.is_redirection()) {
        true => Ok(()),
        false => Err(answers[1]
            .miss(format!("303 → {ORDERS} for one of the two"), "409 for both")
            .so(format!("{because}, one order was placed, and both answers say that nothing was ordered"))),
    }
}

pub(crate) fn is_ordered_or_refused(answer: &Answer) -> Result<(), Miss> {
    if answer.status == 409 {
        return Ok(());
    }
    answer.redirects_to(ORDERS).map_err(|miss| Miss { expected: format!("303 → {ORDERS}, or 409"), ..miss })
}

fn is_unknown(trial: &Trial, answer: &Answer) -> Result<(), Miss> {
    let was_asked = trial.shop.orders.unknown() > 0;
    answer.has_status(503).map_err(|miss| match answer.status.as_u16() {
        300..=399 if answer.redirects_to(ORDERS).is_ok() => {
            miss.so("the warehouse did not answer, and the shop says that the order is placed: nobody knows that")
        }
        300..=399 => miss.so("the warehouse did not answer, and a redirect does not say so: answer 503, with a page that says that the order may have been placed"),
        400..=499 => miss.so("the warehouse did not answer, and the shop says that the visitor made a mistake"),
        _ if was_asked => miss.so_anyway("the warehouse did not answer, and that is not a bug in the shop: answer 503, and say that the order may have been placed"),
        _ => miss.so_anyway("the checkout failed before it sent the order to the warehouse: look for the reason in what the program prints"),
    })?;
    match answer.text().contains(UNKNOWN) {
        true => Ok(()),
        false => Err(answer
            .miss(format!("503, and the page shows {UNKNOWN}"), format!("503  {}", infer::short(&answer.text(), 80)))
            .so_anyway(
                "the visitor does not learn that the order may have been placed, and may order the same elsewhere",
            )),
    }
}

fn one_fits(answers: &[Answer; 2], page: &Answer, shown: &[(&str, usize)]) -> Result<(), Miss> {
    let added = answers.iter().filter(|answer| answer.redirects_to(CART).is_ok()).count();
    let refused = answers.iter().filter(|answer| answer.status.is_client_error()).count();
    shows_items(page, shown, BOTH_FIT)?;
    if (added, refused) == (1, 1) {
        return Ok(());
    }
    let [one, other] = answers;
    let so = match added {
        2 => {
            "there was room for one more when two came at the same moment, both answers are 303, and only one of them is in the cart"
        }
        _ => {
            "there was room for one more when two came at the same moment: one of them fits, and the other one gets a 4xx"
        }
    };
    Err(other
        .miss("303 for one of the two, and 4xx for the other", format!("{} and {}", one.in_short(), other.in_short()))
        .so(so))
}

fn refuses(answer: &Answer, [what, bound]: Bound) -> Result<(), Miss> {
    match answer.status.is_client_error() {
        true => Ok(()),
        false => Err(answer
            .miss(format!("4xx for {what}"), answer.in_short())
            .so(format!("{bound}, and the answer to one more than that does not say that it was refused"))),
    }
}

/// An addition was accepted, although something else changed the cart meanwhile.
pub(crate) fn is_added(answer: &Answer) -> Result<(), Miss> {
    let so = "somebody else changed or saved the cart during this addition, and that is not an error: load again, add to what is there now, and save again";
    answer.redirects_to(CART).map_err(|miss| match answer.status.as_u16() {
        400.. => miss.so_anyway(so),
        _ => miss,
    })
}

/// Sends two requests: the first one waits at this moment until the second one is answered.
pub(crate) async fn both(
    trial: &Trial,
    moment: Moment,
    one: impl Future<Output = Result<Answer, Miss>>,
    other: impl Future<Output = Result<Answer, Miss>>,
) -> Result<[Answer; 2], Miss> {
    let mut second = None;
    let meanwhile = async {
        second = Some(other.await?);
        Ok(())
    };
    let first = trial.overlaps_at(moment, one, meanwhile).await?;
    second.map(|second| [first, second]).ok_or_else(Miss::default)
}

/// Another program saves a row right before each of the next saves.
pub(crate) fn others_save(trial: &Trial, saves: usize) {
    trial.shop.database.is_touched_before_saves(saves);
    let times = if saves == 1 { "the next save".to_owned() } else { format!("each of the next {saves} saves") };
    let by_hand = format!("curl -d '' 'http://localhost:PORT/demo/touches/{saves}'");
    trial.log().event("(database)", format!("another program saves the row right before {times}"), by_hand);
}

/// The warehouse does not answer from now on, or answers again.
pub(crate) fn fails(trial: &Trial, fault: Option<Fault>) {
    trial.shop.orders.fail(fault);
    let (what, word) = match fault {
        Some(Fault::Lost) => ("orders are lost on their way from now on", "lost"),
        Some(Fault::Unheard) => ("orders are placed from now on, but the answers are lost", "unheard"),
        Some(Fault::Late) => ("no order is answered from now on, and they arrive late", "late"),
        None => ("answers again", "answered"),
    };
    let by_hand = format!("curl -d '' 'http://localhost:PORT/demo/orders/{word}'");
    trial.log().event("(warehouse)", what.to_owned(), by_hand);
}

/// A scene of its own, with an empty database and an empty warehouse: a token that a page had can be typed again.
async fn anew(trial: &Trial) -> Result<(Browser<'_>, Browser<'_>), Miss> {
    trial.log().begin_anew();
    trial.shop.restore(Contents::default());
    two_tabs(trial).await
}

/// Two tabs of one browser.
async fn two_tabs(trial: &Trial) -> Result<(Browser<'_>, Browser<'_>), Miss> {
    let alice = trial.browser("alice");
    logs_in(&alice, trial.users.alice()).await?;
    let tab = alice.copied_by("tab");
    Ok((alice, tab))
}

pub(crate) async fn logs_in(browser: &Browser<'_>, user: &User) -> Result<Answer, Miss> {
    let answer = browser.log_in(user).await?;
    if !answer.status.is_redirection() {
        return Err(answer.miss("a redirect after the login", answer.in_short()));
    }
    Ok(answer)
}

async fn add(browser: &Browser<'_>, item: &str) -> Result<Answer, Miss> {
    let answer = browser.post(&address(item), &[]).await?;
    answer.redirects_to(CART)?;
    Ok(answer)
}

/// Looks at the cart, and sends its form.
async fn buy(browser: &Browser<'_>) -> Result<Answer, Miss> {
    let page = browser.get(CART).await?;
    let answer = browser.submit(&page, CHECKOUT, &[]).await?;
    answer.redirects_to(ORDERS)?;
    Ok(answer)
}

/// How a page shows an item.
fn line(item: &str, count: usize) -> String {
    format!("{item} × {count}")
}

pub(crate) fn put(items: &mut Items, item: &str) {
    *items.entry(item.to_owned()).or_default() += 1;
}

/// The same after additions; `so` is the conclusion if something that was added is missing.
fn shows_what_was_added(page: &Answer, items: &[(&str, usize)], so: &str) -> Result<(), Miss> {
    let more = items.iter().find(|(item, count)| counted(page, item) as usize > *count);
    let so = more.map_or(so.to_owned(), |(item, _)| {
        format!("the page shows more of {item} than was added since the database was empty: one request adds one")
    });
    shows_items(page, items, &so)
}

/// The page shows these; `so` is the conclusion if it shows another count, or none.
fn shows_items(page: &Answer, items: &[(&str, usize)], so: &str) -> Result<(), Miss> {
    items.iter().try_for_each(|(item, count)| {
        let is_shown = page.is_ok() && counted(page, item) as usize == *count;
        page.shows(&line(item, *count))
            .and(if is_shown {
                Ok(())
            } else {
                Err(page.miss(format!("one line  {}", line(item, *count)), "another count in all of its lines"))
            })
            .map_err(|miss| miss.so_if(page.is_ok().then_some(so)))
    })
}

fn holds(page: &Answer, cart: &Items, so: &str) -> Result<(), Miss> {
    let items: Vec<_> = cart.iter().map(|(item, count)| (item.as_str(), *count as usize)).collect();
    shows_what_was_added(page, &items, so)
}

/// How many of this item the page shows, in all of its lines.
pub(crate) fn counted(page: &Answer, item: &str) -> u32 {
    let (text, line) = (page.text(), folded(&format!("{item} ×")));
    let behind = text.match_indices(&line).map(|(at, _)| text[at + line.len()..].trim_start());
    let number = |text: &str| {
        text.split(|sign: char| !sign.is_ascii_digit()).next().and_then(|digits| digits.parse::<u32>().ok())
    };
    behind.filter_map(number).fold(0, u32::saturating_add)
}

pub(crate) fn address(item: &str) -> String {
    format!("{CART}/{}", in_path(item))
}
