//! The checks of exercise 2: a cart in the session.

use crate::{
    Answer, Browser, Check, Miss, Monitor, Suite, Trial,
    browser::in_path,
    model, monitor, neighbour,
    page::{escaped, folded},
    reading,
};

/// The bounds of the README.
pub(crate) const MOST_ITEMS: usize = 50;
pub(crate) const MOST_OF_ONE: usize = 99;
pub(crate) const LONGEST_NAME: usize = 100;

pub(crate) const VIEW: &str = "/view_cart";
pub(crate) const EMPTY: &str = "Your cart is empty";

/// Exercise 2.
pub static SUITE: Suite = Suite {
    exercise: 2,
    readme: include_str!("../../../exercises/2-cart/README.md"),
    passes_at_first: &[],
    checks: &[
        Check {
            id: "an_empty_cart_says_so",
            why: "a visitor without a session is the most common one; reading what is not there is no error",
            hint: 2,
            read: "applications/cart.md#what-is-a-cart",
            run: |trial| Box::pin(an_empty_cart_says_so(trial)),
        },
        Check {
            id: "what_is_added_is_in_the_cart",
            why: "HTTP forgets the visitor after each answer; what shall be known at the next request must be written to the session now",
            hint: 2,
            read: "basics/set-and-get.md#how-is-something-written",
            run: |trial| Box::pin(what_is_added_is_in_the_cart(trial)),
        },
        Check {
            id: "every_addition_stays",
            why: "`get` hands you a copy; only `insert` puts it back, as a session stores values and not variables",
            hint: 2,
            read: "applications/login.md#how-does-a-module-keep-its-part-of-the-session",
            run: |trial| Box::pin(every_addition_stays(trial)),
        },
        Check {
            id: "items_are_counted",
            why: "who wants two of a thing has one line with a number, and not two lines",
            hint: 3,
            read: "applications/cart.md#what-is-a-cart",
            run: |trial| Box::pin(items_are_counted(trial)),
        },
        Check {
            id: "an_item_is_taken_out",
            why: "taking out is a change like any other: on the copy, and then put back",
            hint: 3,
            read: "applications/cart.md#what-is-a-cart",
            run: |trial| Box::pin(an_item_is_taken_out(trial)),
        },
        Check {
            id: "taking_out_what_is_absent_is_no_error",
            why: "a button is pressed twice, a page is old: the visitor wanted it gone, and gone it is",
            hint: 3,
            read: "applications/cart.md#how-is-it-sold-once",
            run: |trial| Box::pin(taking_out_what_is_absent_is_no_error(trial)),
        },
        Check {
            id: "the_cart_is_cleared",
            why: "what was put back under a key stays until that key is taken out",
            hint: 6,
            read: "basics/log-out.md#what-does-flush-do",
            run: |trial| Box::pin(the_cart_is_cleared(trial)),
        },
        Check {
            id: "items_are_shown_as_text",
            why: "an item that is pasted into a page as HTML can carry a script, which then acts as whoever looks at the page",
            hint: 4,
            read: "security/scripts.md#what-stops-the-ride",
            run: |trial| Box::pin(items_are_shown_as_text(trial)),
        },
        Check {
            id: "visitors_do_not_mix",
            why: "one program serves all visitors at once; what it keeps outside the session belongs to everyone",
            hint: 2,
            read: "basics/what-is-a-session.md#why-can-a-program-not-just-remember",
            run: |trial| Box::pin(visitors_do_not_mix(trial)),
        },
        Check {
            id: "the_cart_has_bounds",
            why: "anyone can send anything, a million times; what has no bounds fills the store for everyone",
            hint: 5,
            read: "applications/cart.md#what-is-a-cart",
            run: |trial| Box::pin(the_cart_has_bounds(trial)),
        },
        Check {
            id: "the_cart_is_in_the_session",
            why: "the session belongs to the whole site and outlives the program; each part of the site has its own key in it",
            hint: 6,
            read: "applications/login.md#how-does-a-module-keep-its-part-of-the-session",
            run: |trial| Box::pin(the_cart_is_in_the_session(trial)),
        },
        Check {
            id: "reading_changes_nothing",
            why: "browsers, crawlers and other sites' links send GETs nobody meant; only a POST may change a session (ASVS 3.5.3)",
            hint: 6,
            read: "security/csrf.md#can-a-link-buy-something",
            run: |trial| Box::pin(reading_changes_nothing(trial)),
        },
    ],
    monitors: &[
        Monitor { check: "reading_changes_nothing", watch: monitor::reading_changes_nothing },
        Monitor { check: "the_cart_is_in_the_session", watch: monitor::cookies_tell_no_words },
    ],
    names: Some("items_are_shown_as_text"),
    model: Some(&model::CART),
};

async fn an_empty_cart_says_so(trial: &Trial) -> Result<(), Miss> {
    trial.browser("alice").get(VIEW).await?.shows(EMPTY)
}

async fn what_is_added_is_in_the_cart(trial: &Trial) -> Result<(), Miss> {
    let (alice, pear) = (trial.browser("alice"), trial.named("pear"));
    let added = add(&alice, &pear).await?;
    let page = alice.get(VIEW).await?;
    page.shows(&pear).map_err(|miss| match added.exchange.session.changes.is_empty() {
        true => miss.so(unwritten(&added)),
        false => miss.so("something was written to the session, and the page does not show it"),
    })?;
    is_not_empty(&page)
}

fn unwritten(Answer { method, path, .. }: &Answer) -> String {
    format!("{method} {path} was answered, but nothing was written to the session")
}

async fn every_addition_stays(trial: &Trial) -> Result<(), Miss> {
    let alice = trial.browser("alice");
    let items = ["pear", "plum", "quince"].map(|item| trial.named(item));
    let mut answers = Vec::new();
    for item in &items {
        answers.push(add(&alice, item).await?);
    }
    let page = alice.get(VIEW).await?;
    let so = match answers.iter().find(|answer| answer.exchange.session.changes.is_empty()) {
        Some(answer) => unwritten(answer),
        None => "each item was written to the session, but without those that were there before".to_owned(),
    };
    items.iter().try_for_each(|item| page.shows(item).map_err(|miss| miss.so(so.clone())))
}

async fn items_are_counted(trial: &Trial) -> Result<(), Miss> {
    let alice = trial.browser("alice");
    let [pear, plum] = ["pear", "plum"].map(|item| trial.named(item));
    for item in [&pear, &plum, &pear] {
        add(&alice, item).await?;
    }
    let page = alice.get(VIEW).await?;
    for (item, count) in [(&pear, 2), (&plum, 1)] {
        page.shows(&line(item, count)).map_err(|miss| match page.text().contains(item) {
            true => miss.so("the item is shown, but not with its number as the requirement writes it, with the sign ×"),
            false => miss,
        })?;
    }
    // A button may name the item as well; the number stands once.
    let shown = page.text().matches(&format!("{pear} ×")).count();
    if shown != 1 {
        let miss = page.miss(format!("{pear} × once"), format!("{pear} × {shown} times"));
        return Err(miss.so("each item has one line, however many there are of it"));
    }
    Ok(())
}

async fn an_item_is_taken_out(trial: &Trial) -> Result<(), Miss> {
    let alice = trial.browser("alice");
    // One name begins with the other, which must not matter.
    let [pear, pears, plum] = [trial.named("pear"), format!("{}s", trial.named("pear")), trial.named("plum")];
    for item in [&pear, &pears, &plum, &pear] {
        add(&alice, item).await?;
    }
    remove(&alice, &pear).await?;
    let page = alice.get(VIEW).await?;
    for other in [&pears, &plum] {
        page.shows(&line(other, 1))
            .map_err(|miss| miss.so(format!("{pear} was to be taken out, and {other} is gone")))?;
    }
    page.shows_not(&format!("{pear} ×"), "the item is still in the cart, or some of it")?;
    remove(&alice, &pears).await?;
    remove(&alice, &plum).await?;
    alice
        .get(VIEW)
        .await?
        .shows(EMPTY)
        .map_err(|miss| miss.so("the last item was taken out, and the page does not say so"))
}

async fn taking_out_what_is_absent_is_no_error(trial: &Trial) -> Result<(), Miss> {
    let alice = trial.browser("alice");
    let [pear, plum] = ["pear", "plum"].map(|item| trial.named(item));
    remove(&alice, &plum).await?;
    let page = alice.get(VIEW).await?;
    page.shows(EMPTY).map_err(|miss| match page.text().contains(&plum) {
        true => miss.so("to take something out has put it in"),
        false => miss,
    })?;
    add(&alice, &pear).await?;
    remove(&alice, &plum).await?;
    remove(&alice, &plum).await?;
    let so = "nothing has to fit in order not to be there";
    remove(&alice, &"x".repeat(LONGEST_NAME + 1)).await.map_err(|miss| miss.so(so))?;
    let page = alice.get(VIEW).await?;
    page.shows(&line(&pear, 1))?;
    page.shows_not(&plum, "what was never added is shown")
}

async fn the_cart_is_cleared(trial: &Trial) -> Result<(), Miss> {
    let alice = trial.browser("alice");
    let [pear, plum] = ["pear", "plum"].map(|item| trial.named(item));
    for item in [&pear, &plum] {
        add(&alice, item).await?;
    }
    let copy = alice.copied_by("a copy");
    clear(&alice).await?;
    let page = alice.get(VIEW).await?;
    page.shows(EMPTY)?;
    page.shows_not(&plum, "what was in the cart is still shown")?;
    let so = "the cart is still in the store: this browser was only told to forget the cookie that leads to it";
    let still = copy.get(VIEW).await?;
    if still.exchange.session.before.is_some() {
        still.shows(EMPTY).map_err(|miss| miss.so(so))?;
    }
    clear(&alice).await?; // of nothing
    add(&alice, &pear).await?;
    let page = alice.get(VIEW).await?;
    page.shows(&line(&pear, 1))
}

async fn items_are_shown_as_text(trial: &Trial) -> Result<(), Miss> {
    let alice = trial.browser("alice");
    let names = [
        format!("<b>{}</b>", trial.named("pear")),
        trial.named("50 % off & más"),
        trial.named("100%25"),
        trial.named("a+b"),
        format!("two\nlines{}", trial.named("")),
        trial.named("a/b?c#d"),
        trial.named("&lt;b&gt;"),
        format!("x\" {PASTED}='1' {}", trial.named("y")),
        trial.named("a,b=1;c|d:2"),
        trial.named("Pear"),
        trial.named("pear"),
    ];
    for name in &names {
        add(&alice, name).await?;
    }
    let page = alice.get(VIEW).await?;
    for name in &names {
        page.shows(&folded(&line(name, 1))).map_err(|miss| {
            let so = match page.body.contains(name.as_str()) && name.contains('<') {
                true => "the item was pasted into the page as HTML: the browser takes its <b> for a tag",
                false if page.text().contains(&escaped(name)) => "the item was escaped twice",
                false if page.text().contains("%3C") || page.text().contains("%2525") => "the item is still percent-encoded",
                false if !page.text().contains(name.as_str()) => {
                    "this item was added, and no line of the page is it: every sign may be part of a name, and small letters are not capitals"
                }
                false => return miss,
            };
            miss.so(so)
        })?;
    }
    pastes_nothing(&page, "the item was pasted into an attribute: its quotation mark ends the value")?;
    for name in &names {
        remove(&alice, name).await?;
        alice.get(VIEW).await?.shows_not(&folded(&line(name, 1)), "an item with such a name cannot be taken out")?;
    }
    for [capital, small] in [["Pear", "pear"], ["ÉCLAIR", "éclair"]].map(|pair| pair.map(|item| trial.named(item))) {
        add(&alice, &capital).await?;
        add(&alice, &small).await?;
        remove(&alice, &small).await?;
        let so = format!("{small} was to be taken out, and {capital} is gone: they are two items");
        alice.get(VIEW).await?.shows(&line(&capital, 1)).map_err(|miss| miss.so(so))?;
        remove(&alice, &capital).await?;
    }
    // What is refused is text as well.
    let too_long = format!("<i {PASTED}>{}</i>", "x".repeat(LONGEST_NAME));
    let refused = alice.post(&address("add_to_cart", &too_long), &[]).await?;
    pastes_nothing(&refused, "the answer that refuses an item pastes it into the page as HTML")
}

/// An attribute that no page has of itself.
pub(crate) const PASTED: &str = "data-pasted";

pub(crate) fn pastes_nothing(page: &Answer, so: &str) -> Result<(), Miss> {
    if page.has_attribute(PASTED) {
        let actual = format!("a tag with the attribute {PASTED}");
        return Err(page.miss("a page with the tags of its own, and no others", actual).so(so));
    }
    Ok(())
}

async fn visitors_do_not_mix(trial: &Trial) -> Result<(), Miss> {
    let [alice, bob] = ["alice", "bob"].map(|who| trial.browser(who));
    let [pear, plum] = ["pear", "plum"].map(|item| trial.named(item));
    add(&alice, &pear).await?;
    add(&bob, &plum).await?;
    let mixed = "one visitor sees what belongs to another: it is kept outside the session";
    for (browser, own, others) in [(&alice, &pear, &plum), (&bob, &plum, &pear)] {
        let page = browser.get(VIEW).await?;
        page.shows(own)?;
        page.shows_not(others, mixed)?;
    }
    trial.browser("stranger").get(VIEW).await?.shows(EMPTY).map_err(|miss| miss.so(mixed))?;
    clear(&bob).await?;
    alice.get(VIEW).await?.shows(&pear).map_err(|miss| miss.so("bob cleared his cart, and alice's is gone"))
}

async fn the_cart_has_bounds(trial: &Trial) -> Result<(), Miss> {
    let alice = trial.browser("alice");
    let item = |place: usize| trial.named(&format!("item{place:02}"));
    for place in 0..MOST_ITEMS {
        add(&alice, &item(place)).await?;
    }
    trial.log().new_scene();
    refuses(&alice, &item(MOST_ITEMS), &format!("{MOST_ITEMS} different items are in the cart, and another one"))
        .await?;
    let so = "there is room for one more of what is there already: only another kind does not fit";
    add(&alice, &item(0)).await.map_err(|miss| miss.so(so))?;
    remove(&alice, &item(1)).await?;
    let so = "something was taken out, so there is room for another: what counts is what is in the cart now";
    add(&alice, &item(MOST_ITEMS)).await.map_err(|miss| miss.so(so))?;

    trial.log().new_scene();
    let (bob, pear) = (trial.browser("bob"), trial.named("pear"));
    for _ in 0..MOST_OF_ONE {
        add(&bob, &pear).await?;
    }
    trial.log().new_scene();
    refuses(&bob, &pear, &format!("{MOST_OF_ONE} of an item are in the cart, and another one")).await?;
    bob.get(VIEW).await?.shows(&line(&pear, MOST_OF_ONE))?;

    trial.log().new_scene();
    let carol = trial.browser("carol");
    let name = |letter: &str, length: usize| {
        let own = trial.named("");
        format!("{}{own}", letter.repeat(length - own.chars().count()))
    };
    refuses(&carol, &name("x", LONGEST_NAME + 1), &format!("a name of {} characters", LONGEST_NAME + 1)).await?;
    for fits in [name("x", LONGEST_NAME), name("é", LONGEST_NAME - 20)] {
        let so = "that name is not too long: an é, say, is one character and two bytes";
        add(&carol, &fits).await.map_err(|miss| miss.so(so))?;
        carol.get(VIEW).await?.shows(&line(&fits, 1))?;
    }
    Ok(())
}

async fn the_cart_is_in_the_session(trial: &Trial) -> Result<(), Miss> {
    let (alice, pear) = (trial.browser("alice"), trial.named("pear"));
    let first = add(&alice, &pear).await?;
    if first.exchange.calls.is_empty() {
        let set = &first.exchange.response.set_cookies;
        let actual = set.first().map_or("nothing anywhere".to_owned(), |cookie| {
            format!("cookie `{}`, and no call to the store", cookie.name)
        });
        let so = "what is in a cookie its visitor can write: a cart that is to be sold is kept at the server";
        return Err(first.miss("the cart in the session", actual).so(so));
    }
    trial.restart().await?;
    alice.get(VIEW).await?.shows(&line(&pear, 1)).map_err(|miss| {
        miss.so(
            "after a new start the store still has the session, but the cart is not in it: it was kept in the program",
        )
    })?;

    if !neighbour::moves_in(trial, &alice, &first).await {
        return Ok(());
    }
    neighbour::stays(&add(&alice, &pear).await?)?;
    neighbour::stays(&remove(&alice, &pear).await?)?;
    neighbour::stays(&add(&alice, &pear).await?)?;
    neighbour::stays(&clear(&alice).await?)
}

async fn reading_changes_nothing(trial: &Trial) -> Result<(), Miss> {
    let pear = trial.named("pear");
    let changing = [address("add_to_cart", &pear), address("remove_from_cart", &pear), "/clear_cart".to_owned()];
    let paths: Vec<_> = [VIEW].into_iter().chain(changing.iter().map(String::as_str)).collect();
    reading::opens_no_session(&trial.browser("stranger"), &paths).await?;
    let alice = trial.browser("alice");
    let added = add(&alice, &pear).await?;
    reading::changes_nothing(&alice, &paths).await?;
    reading::opens_none_for_a_stale_cookie(&alice, &added, &paths).await?;
    alice.get(VIEW).await?.shows(&line(&pear, 1))
}

/// How an item stands on the page.
fn line(item: &str, count: usize) -> String {
    format!("{item} × {count}")
}

async fn add(browser: &Browser<'_>, item: &str) -> Result<Answer, Miss> {
    done(browser.post(&address("add_to_cart", item), &[]).await?)
}

async fn remove(browser: &Browser<'_>, item: &str) -> Result<Answer, Miss> {
    done(browser.post(&address("remove_from_cart", item), &[]).await?)
}

async fn clear(browser: &Browser<'_>) -> Result<Answer, Miss> {
    done(browser.post("/clear_cart", &[]).await?)
}

fn done(answer: Answer) -> Result<Answer, Miss> {
    answer.redirects_to(VIEW)?;
    Ok(answer)
}

/// This does not fit, and the answer says so without a change.
async fn refuses(browser: &Browser<'_>, item: &str, what: &str) -> Result<(), Miss> {
    let before = words(&browser.get(VIEW).await?);
    let answer = browser.post(&address("add_to_cart", item), &[]).await?;
    if !answer.status.is_client_error() {
        let miss = answer.miss(format!("4xx: {what}"), answer.in_short());
        return Err(miss.so("the cart takes more than the requirement allows"));
    }
    let page = browser.get(VIEW).await?;
    if words(&page) != before {
        let miss = page.miss("the cart as it was", format!("a cart that has changed: {what}"));
        return Err(miss.so("the answer refuses, and the change was made all the same"));
    }
    Ok(())
}

/// What stands on the page, in whatever order: a `HashMap` has none.
fn words(page: &Answer) -> Vec<String> {
    let mut words: Vec<_> = page.text().split_whitespace().map(str::to_owned).collect();
    words.sort_unstable();
    words
}

pub(crate) fn address(what: &str, item: &str) -> String {
    format!("/{what}/{}", in_path(item))
}

fn is_not_empty(page: &Answer) -> Result<(), Miss> {
    page.shows_not(EMPTY, "the page says that the cart is empty, and shows what is in it")
}
