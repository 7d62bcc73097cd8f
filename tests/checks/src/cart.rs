//! The checks of exercise 2: a cart in the session.

use crate::{
    Answer, Browser, Check, Miss, Monitor, Suite, Trial,
    browser::{WITHOUT_A_BODY, encode, in_path},
    clients::{self, Client},
    impostors, infer, model, monitor, neighbour,
    page::{self, folded},
    reading::{self, READING},
    trial::Cause,
};

/// The limits that the README sets.
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
            why: "most visitors have no session yet; reading a cart that does not exist is not an error",
            hint: 2,
            read: "applications/cart.md#what-is-a-cart",
            run: |trial| Box::pin(an_empty_cart_says_so(trial)),
        },
        Check {
            id: "what_is_added_is_in_the_cart",
            why: "HTTP forgets the visitor after each answer; write to the session what the next request has to know",
            hint: 2,
            read: "basics/set-and-get.md#how-is-something-written",
            run: |trial| Box::pin(what_is_added_is_in_the_cart(trial)),
        },
        Check {
            id: "every_addition_stays",
            why: "`get` returns a copy, and only `insert` writes it back: a session stores values, not variables",
            hint: 2,
            read: "applications/login.md#how-does-a-module-keep-its-part-of-the-session",
            run: |trial| Box::pin(every_addition_stays(trial)),
        },
        Check {
            id: "items_are_counted",
            why: "two of the same item are one line with a count, not two lines",
            hint: 3,
            read: "applications/cart.md#what-is-a-cart",
            run: |trial| Box::pin(items_are_counted(trial)),
        },
        Check {
            id: "an_item_is_taken_out",
            why: "taking an item out is a change like any other: change the copy, then write it back",
            hint: 3,
            read: "applications/cart.md#what-is-a-cart",
            run: |trial| Box::pin(an_item_is_taken_out(trial)),
        },
        Check {
            id: "taking_out_what_is_absent_is_no_error",
            why: "visitors press a button twice, or use an old page: they wanted the item gone, and it is",
            hint: 3,
            read: "applications/cart.md#what-is-a-cart",
            run: |trial| Box::pin(taking_out_what_is_absent_is_no_error(trial)),
        },
        Check {
            id: "the_cart_is_cleared",
            why: "what a session holds under a key stays there until something removes it",
            hint: 6,
            read: "basics/log-out.md#what-does-flush-do",
            run: |trial| Box::pin(the_cart_is_cleared(trial)),
        },
        Check {
            id: "items_are_shown_as_text",
            why: "an item that is pasted into a page as HTML can contain a script, which acts as anyone who opens the page",
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
            why: "anyone can send anything, a million times; a cart without limits fills the store for everyone",
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
            why: READING,
            hint: 2,
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
    trial.browser("alice").get(VIEW).await?.shows(EMPTY)?;
    // Another requirement is about the addition itself.
    trial.log().begin_anew();
    let bob = trial.browser("bob");
    let added = bob.post(&address("add_to_cart", &trial.named("pear")), &[]).await;
    match added.ok().and_then(|added| reading::left_behind(&bob, &added)) {
        Some(stale) => stale.get(VIEW).await?.shows(EMPTY).map_err(|miss| miss.so(STALE)),
        None => Ok(()),
    }
}

/// Why a cookie that leads to no session makes no difference.
const STALE: &str = "this browser's cookie leads to no session, as after the session has expired: such a visitor is like one without a cookie, with an empty cart";

async fn what_is_added_is_in_the_cart(trial: &Trial) -> Result<(), Miss> {
    let (alice, pear) = (trial.browser("alice"), trial.named("pear"));
    let added = add(&alice, &pear).await?;
    let page = alice.get(VIEW).await?;
    page.shows(&pear).map_err(|miss| miss.so_if(infer::unshown(&added, &page, &pear)))?;
    is_not_empty(&page)?;
    for client in clients::ALL {
        trial.log().begin_anew();
        let carol = trial.browser("carol");
        let added = client.posts(&carol, &address("add_to_cart", &pear), &[]).await?;
        added.redirects_to(VIEW).map_err(|miss| client.explains(miss))?;
    }
    let Some(stale) = reading::left_behind(&alice, &added) else { return Ok(()) };
    trial.log().begin_anew();
    let so = "this browser's cookie leads to no session, as after the session has expired: what such a visitor adds goes into a new cart";
    add(&stale, &pear).await.map_err(|miss| miss.so(so))?;
    stale.get(VIEW).await?.shows(&pear).map_err(|miss| miss.so(so))
}

async fn every_addition_stays(trial: &Trial) -> Result<(), Miss> {
    let alice = trial.browser("alice");
    let items = ["pear", "plum", "quince"].map(|item| trial.named(item));
    let mut added = Vec::new();
    for item in &items {
        added.push(add(&alice, item).await?);
    }
    let page = alice.get(VIEW).await?;
    added.iter().zip(&items).try_for_each(|(added, item)| {
        page.shows(item).map_err(|miss| miss.so_if(lost(added, &page, item).or(infer::unshown(added, &page, item))))
    })?;
    trial.log().begin_anew();
    add(&trial.browser("alice"), &items[0]).await?;
    let added = add(&trial.browser("bob"), &items[0]).await?;
    trial.each_session_has_its_own_end(&added).await
}

/// What happened to an item that was written and is gone.
fn lost(added: &Answer, page: &Answer, item: &str) -> Option<Cause> {
    let [after, held] = [&added.exchange.session.after, &page.exchange.session.before];
    let is_lost = infer::holds(after.as_ref()?, item) && !infer::holds(held.as_ref()?, item);
    let so = format!(
        "the session held {item} after it was added, but a later addition removed it: each addition has to keep the other items"
    );
    is_lost.then(|| Cause::of(added, so))
}

async fn items_are_counted(trial: &Trial) -> Result<(), Miss> {
    let alice = trial.browser("alice");
    let [pear, plum] = ["pear", "plum"].map(|item| trial.named(item));
    for item in [&pear, &plum, &pear] {
        add(&alice, item).await?;
    }
    let page = alice.get(VIEW).await?;
    for (item, count) in [(&pear, 2), (&plum, 1)] {
        shows_count(&page, item, count)?;
    }
    // A button may name the item as well; the count appears once.
    let shown = page.text().matches(&format!("{pear} ×")).count();
    if shown != 1 {
        let miss = page.miss(format!("`{pear} ×` once"), format!("`{pear} ×` {shown} times"));
        return Err(miss.so(format!("{pear} was added twice, and has {shown} lines instead of one with its count")));
    }
    if !carts_begin_empty(trial).await {
        return Ok(());
    }
    for client in clients::ALL.into_iter().filter(|client| matches!(client, Client::Adds(_))) {
        trial.log().begin_anew();
        let carol = trial.browser("carol");
        client.posts(&carol, &address("add_to_cart", &pear), &[]).await?;
        let page = carol.get(VIEW).await?;
        page.shows(&line(&pear, 1)).map_err(|miss| client.explains(miss))?;
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
    let removed = remove(&alice, &pear).await?;
    let page = alice.get(VIEW).await?;
    for other in [&pears, &plum] {
        let so = match page.text().contains(&format!("{other} ×")) {
            true => format!("{pear} was taken out, and now the count of {other} is wrong"),
            false => format!("{pear} was taken out, and the page does not show {other}"),
        };
        page.shows(&line(other, 1)).map_err(|miss| miss.so_if(page.is_ok().then_some(so)))?;
    }
    let so = format!(
        "{pear} was added twice and then taken out, but the page still shows it: one request takes out all of it"
    );
    let so = infer::unchanged(&removed).unwrap_or(Cause::of(&removed, so));
    page.lacks(&format!("{pear} ×")).map_err(|miss| miss.so_if(Some(so)))?;
    remove(&alice, &pears).await?;
    remove(&alice, &plum).await?;
    let page = alice.get(VIEW).await?;
    let so = "the last item was taken out, but the page does not say that the cart is empty";
    page.shows(EMPTY).map_err(|miss| miss.so_if(page.is_ok().then_some(so)))?;
    trial.log().begin_anew();
    let bob = trial.browser("bob");
    for _ in 0..MOST_OF_ONE {
        add(&bob, &pear).await?;
    }
    remove(&bob, &pear).await?;
    let so = format!("{pear} was added {MOST_OF_ONE} times and then taken out, but the page still shows it");
    bob.get(VIEW).await?.shows_not(&format!("{pear} ×"), &so)
}

async fn taking_out_what_is_absent_is_no_error(trial: &Trial) -> Result<(), Miss> {
    let alice = trial.browser("alice");
    let [pear, plum] = ["pear", "plum"].map(|item| trial.named(item));
    let so = "taking out an item that is not in the cart is not an error, but a 4xx says that it is";
    absent(&alice, &plum, so).await?;
    let page = alice.get(VIEW).await?;
    page.shows(EMPTY).map_err(|miss| match page.text().contains(&plum) {
        true => miss.so(format!("{plum} was never added, but the page shows it after a request to take it out")),
        false => miss,
    })?;
    add(&alice, &pear).await?;
    remove(&alice, &plum).await?;
    remove(&alice, &plum).await?;
    let so = "a name that is too long to be added is not in the cart, so taking it out is not an error";
    absent(&alice, &"x".repeat(LONGEST_NAME + 1), so).await?;
    let page = alice.get(VIEW).await?;
    page.shows(&line(&pear, 1))?;
    page.shows_not(&plum, "the page shows an item that was never added")?;
    trial.log().begin_anew();
    let bob = trial.browser("bob");
    let added = add(&bob, &pear).await?;
    match reading::left_behind(&bob, &added) {
        Some(stale) => absent(&stale, &pear, STALE).await,
        None => Ok(()),
    }
}

async fn the_cart_is_cleared(trial: &Trial) -> Result<(), Miss> {
    let alice = trial.browser("alice");
    let [pear, plum] = ["pear", "plum"].map(|item| trial.named(item));
    for item in [&pear, &plum] {
        add(&alice, item).await?;
    }
    let copy = alice.copied_by("copy");
    let cleared = clear(&alice).await?;
    let page = alice.get(VIEW).await?;
    page.shows(EMPTY).map_err(|miss| miss.so_if(infer::unchanged(&cleared).filter(|_| page.is_ok())))?;
    page.shows_not(&plum, "the page says that the cart is empty, but still shows an item")?;
    let so = "the cart is still in the store: the cookie from before the request still leads to it";
    let still = copy.get(VIEW).await?;
    if still.exchange.session.before.is_some() {
        still.shows(EMPTY).map_err(|miss| miss.so_if(still.is_ok().then_some(so)))?;
    }
    let nothing = alice.post("/clear_cart", &[]).await?;
    let so = "the cart is empty already, and clearing it again is not an error: the visitor wanted it empty, and it is";
    nothing.is_accepted(VIEW, so)?;
    add(&alice, &pear).await?;
    let page = alice.get(VIEW).await?;
    page.shows(&line(&pear, 1))?;
    trial.log().begin_anew();
    let bob = trial.browser("bob");
    let so = WITHOUT_A_BODY;
    for path in [address("add_to_cart", &pear), address("remove_from_cart", &plum), "/clear_cart".to_owned()] {
        bob.post_nothing(&path).await?.is_accepted(VIEW, so)?;
    }
    bob.get(VIEW).await?.shows(EMPTY)
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
        "007".to_owned(),
        "1.50".to_owned(),
    ];
    // Each alone, which is easy to repeat by hand, and then all in one cart.
    for name in &names {
        is_kept_alone(trial, &alice, name).await?;
    }
    trial.log().begin_anew();
    for name in &names {
        add(&alice, name).await?;
    }
    let page = alice.get(VIEW).await?;
    for name in &names {
        page.shows(&folded(&line(name, 1))).map_err(|miss| unlike(&page, name, miss))?;
    }
    pastes_nothing(&page, "an item was pasted into an attribute, and the quotation mark in it ended the value")?;
    for name in &names {
        trial.log().begin_apart();
        is_taken_out(&alice, name).await?;
    }
    for [capital, small] in [["Pear", "pear"], ["ÉCLAIR", "éclair"]].map(|pair| pair.map(|item| trial.named(item))) {
        trial.log().begin_anew();
        let alice = trial.browser("alice");
        add(&alice, &capital).await?;
        add(&alice, &small).await?;
        remove(&alice, &small).await?;
        let page = alice.get(VIEW).await?;
        let so =
            format!("{small} was taken out, and {capital} is gone or has another count: these are two different items");
        page.shows(&line(&capital, 1)).map_err(|miss| miss.so_if(page.is_ok().then_some(so)))?;
        remove(&alice, &capital).await?;
    }
    trial.log().begin_anew();
    let (alice, pear) = (trial.browser("alice"), trial.named("pear"));
    add(&alice, &pear).await?;
    for similar in impostors::like("pear", &pear) {
        absent(&alice, &similar, "no item with this name is in the cart, so taking it out is not an error").await?;
    }
    let page = alice.get(VIEW).await?;
    let so = format!(
        "items that are not in the cart were to be taken out, and {pear}, which is like them, is gone or has another count: these are different items"
    );
    page.shows(&line(&pear, 1)).map_err(|miss| miss.so_if(page.is_ok().then_some(so)))?;
    for [plain, odd, sign] in ALIKE {
        trial.log().begin_anew();
        let [plain, odd] = [plain, odd].map(|pattern| pattern.replace('@', &trial.named("")));
        are_two_items(&trial.browser("alice"), &plain, &odd, sign).await?;
    }
    // A refused item is text as well.
    trial.log().begin_anew();
    let alice = trial.browser("alice");
    let too_long = format!("<i {PASTED}>{}</i>", "x".repeat(LONGEST_NAME));
    let refused = alice.post(&address("add_to_cart", &too_long), &[]).await?;
    pastes_nothing(&refused, "the answer to an item whose name is too long pastes the name into the page as HTML")?;
    nowhere_is_text(&trial.browser("mallory")).await?;
    if !carts_begin_empty(trial).await {
        return Ok(());
    }
    // In a cart with others this would be found in the line of another one.
    is_kept_alone(trial, &trial.browser("alice"), &trial.named("!#$%&()*,./:;=?@[\\]^_`{|}~")).await?;
    what_nobody_sees_tells_items_apart(trial).await?;
    a_sign_is_an_item(trial).await
}

/// Characters that have no width, or only change how the one before looks.
const INVISIBLE: [char; 13] = [
    '\u{200b}',
    '\u{200c}',
    '\u{200d}',
    '\u{200e}',
    '\u{2060}',
    '\u{2063}',
    '\u{34f}',
    '\u{180e}',
    '\u{fe00}',
    '\u{fe0e}',
    '\u{fe0f}',
    '\u{e0020}',
    '\u{e0100}',
];

/// All in one cart; and one after the other if that shows fewer items than were added.
async fn what_nobody_sees_tells_items_apart(trial: &Trial) -> Result<(), Miss> {
    trial.log().begin_anew();
    let alice = trial.browser("alice");
    let [plain, end] = [trial.named("plain"), trial.named("in")];
    let odd = INVISIBLE.map(|sign| format!("pla{sign}{end}"));
    for item in odd.iter().chain([&plain]) {
        let so = "this item has a character that nobody sees, and it was refused: an item is any text";
        fits(&alice, item, so).await.map_err(|miss| miss.why(ANY_TEXT))?;
    }
    let page = alice.get(VIEW).await?;
    let shown = page.text().matches(&folded(&line(&end, 1))).count();
    if shown == odd.len() + 1 {
        return Ok(());
    }
    for (sign, odd) in INVISIBLE.into_iter().zip(&odd) {
        trial.log().begin_anew();
        let what = format!("a character that nobody sees (U+{:04X})", u32::from(sign));
        are_two_items(&trial.browser("alice"), &plain, odd, &what).await?;
    }
    let miss = page.miss(format!("{} items", odd.len() + 1), format!("{shown} items"));
    Err(miss.so("these items differ in a character that nobody sees: they are different texts").why(ANY_TEXT))
}

/// Each sign of ASCII, and several dots, are items.
async fn a_sign_is_an_item(trial: &Trial) -> Result<(), Miss> {
    trial.log().begin_anew();
    let alice = trial.browser("alice");
    let signs = (b'!'..=b'~').filter(u8::is_ascii_punctuation).map(|sign| char::from(sign).to_string());
    let items: Vec<_> = signs.chain(["..", "..."].map(str::to_owned)).collect();
    for item in &items {
        let so = format!("`{item}` is refused, and an item is any text, even if it is a single sign or only dots");
        fits(&alice, item, &so).await.map_err(|miss| miss.why(ANY_TEXT))?;
    }
    let page = alice.get(VIEW).await?;
    let text = page.text();
    for item in &items {
        let ends_so = items.iter().filter(|other| other.ends_with(item)).count();
        if text.matches(&line(item, 1)).count() < ends_so {
            let so = format!(
                "`{item}` was added, and no line of the page shows it: an item is any text, even if it is a single sign or only dots"
            );
            return Err(page.miss(line(item, 1), "no such line").so(so).why(ANY_TEXT));
        }
    }
    Ok(())
}

/// Whether a visitor without a session sees an empty cart, as another requirement says.
async fn carts_begin_empty(trial: &Trial) -> bool {
    trial.browser("stranger").get(VIEW).await.is_ok_and(|page| page.shows(EMPTY).is_ok())
}

/// Adds an item to an empty cart, looks at it, and takes it out again.
async fn is_kept_alone(trial: &Trial, alice: &Browser<'_>, name: &str) -> Result<(), Miss> {
    trial.log().begin_anew();
    add(alice, name).await?;
    let page = alice.get(VIEW).await?;
    page.shows(&folded(&line(name, 1))).map_err(|miss| unlike(&page, name, miss))?;
    is_taken_out(alice, name).await
}

/// Takes an item out, and checks that it is gone.
async fn is_taken_out(alice: &Browser<'_>, name: &str) -> Result<(), Miss> {
    let removed = remove(alice, name).await?;
    let so = match removed.exchange.session.before.as_ref().is_some_and(|held| infer::holds(held, name)) {
        true => {
            "this item was taken out, but the page still shows it: does the handler decode the name in the address?"
        }
        false => {
            "the session did not hold this item as it was sent, so it was not found when it was to be taken out: something changes it"
        }
    };
    alice.get(VIEW).await?.shows_not(&folded(&line(name, 1)), so)
}

/// Two items that look alike, and the sign that makes the second one another text. `@` becomes the ending of this run's
/// names.
const ALIKE: [[&str; 3]; 11] = [
    ["éclair@", "e\u{301}clair@", "a combining accent (U+0301)"],
    ["Kiwi@", "\u{212a}iwi@", "the Kelvin sign (U+212A)"],
    ["Fig@", "\u{ff26}ig@", "a full-width letter (U+FF26)"],
    ["wild herb@", "wild  herb@", "a second space"],
    ["lime@", " lime@", "a space before it"],
    ["leek@", "leek@ ", "a space after it"],
    ["ripe pear@", "ripe\u{a0}pear@", "a no-break space (U+00A0)"],
    ["pear@", "pe\u{ad}ar@", "a soft hyphen (U+00AD)"],
    ["plum@", "pl\u{feff}um@", "a byte order mark (U+FEFF)"],
    ["plums@", "plum\u{202e}s@", "a right-to-left override (U+202E)"],
    ["date@", "date@\0s", "a NUL (U+0000)"],
];

/// Checks that these are two items: each has a line of its own, and one stays when the other is removed.
async fn are_two_items(alice: &Browser<'_>, plain: &str, odd: &str, sign: &str) -> Result<(), Miss> {
    let shown = folded(&line(plain, 1));
    let are_two = || format!("one of the two items has {sign}, and the other has not: these are two different texts");
    for item in [plain, odd] {
        add(alice, item).await?;
    }
    let page = alice.get(VIEW).await?;
    page.shows(&shown).map_err(|miss| miss.so_if(page.is_ok().then(are_two)).why(ANY_TEXT))?;
    // A page may show an invisible character in a way of its own.
    let wanted = if folded(&line(odd, 1)) == shown { 2 } else { 1 };
    let lines = page.text().matches(&shown).count();
    if lines < wanted {
        let expected = format!("{wanted} lines that a browser shows as `{shown}`");
        return Err(page.miss(expected, format!("{lines} of them")).so(are_two()).why(ANY_TEXT));
    }
    remove(alice, odd).await?;
    let page = alice.get(VIEW).await?;
    page.shows(&shown).map_err(|miss| miss.so_if(page.is_ok().then(are_two)).why(ANY_TEXT))
}

/// Checks that the answer to an unknown address does not paste the address into the page, either.
async fn nowhere_is_text(mallory: &Browser<'_>) -> Result<(), Miss> {
    let markup = in_path(&format!("<i {PASTED}>x</i>"));
    let routes = ["/view_cart", "/add_to_cart", "/remove_from_cart", "/clear_cart", ""];
    let behind =
        |route| [format!("{route}/{markup}"), format!("{route}/pear/{markup}"), format!("{route}/?item={markup}")];
    let so = "the answer to an unknown address pastes part of the address into the page as HTML";
    for path in routes.into_iter().flat_map(behind) {
        mallory.begins_anew();
        pastes_nothing(&mallory.get(&path).await?, so)?;
        pastes_nothing(&mallory.post(&path, &[]).await?, so)?;
    }
    Ok(())
}

/// Explains why no line of the page shows this item as it was added.
fn unlike(page: &Answer, name: &str, miss: Miss) -> Miss {
    let (text, folded) = (page.text(), folded(name));
    if !page.is_ok() {
        miss
    } else if page.body.contains(name) && name.contains('<') {
        miss.so("the page has the item unescaped: a browser reads its <b> as a tag")
    } else if text.contains(&folded) {
        miss.so(format!(
            "the page shows the item, but not as `{}`: a space, ×, a space and the number follow it",
            line(&folded, 1)
        ))
        .why("a cart says of each item how many of it there are, also of one whose name looks like HTML")
    } else if page::text(&text).contains(&folded) {
        miss.so("the item was escaped twice: what the page shows is HTML source, not the item").why(ANY_TEXT)
    } else if text.contains("%3C") || text.contains("%2525") {
        miss.so("the page shows an item percent-encoded, as it is in the address: axum's `Path` decodes it")
            .why(ANY_TEXT)
    } else if page.exchange.session.before.as_ref().is_some_and(|held| infer::holds(held, name)) {
        miss.so("the session holds this item, but no line of the page shows it: the page changes it or leaves it out")
            .why(ANY_TEXT)
    } else {
        miss.so("the session does not hold this item as it was sent: something changes it, splits it, loses it or merges it with another").why(ANY_TEXT)
    }
}

/// Why an item has to stay as it is.
const ANY_TEXT: &str = "an item is any text, and visitors expect to find in the cart exactly what they added";

/// An attribute that no page has by itself.
pub(crate) const PASTED: &str = "data-pasted";

pub(crate) fn pastes_nothing(page: &Answer, so: &str) -> Result<(), Miss> {
    if page.has_attribute(PASTED) {
        let actual = format!("a tag with the attribute {PASTED}");
        return Err(page.miss("a page with only its own tags", actual).so(so));
    }
    Ok(())
}

async fn visitors_do_not_mix(trial: &Trial) -> Result<(), Miss> {
    let [alice, bob] = ["alice", "bob"].map(|who| trial.browser(who));
    let [pear, plum, nut, fig] = ["pear", "plum", "nut", "fig"].map(|item| trial.named(item));
    add(&alice, &pear).await?;
    add(&bob, &plum).await?;
    let mixed = "another visitor added this item, not this one: the cart is kept where all visitors share it";
    for (browser, own, others) in [(&alice, &pear, &plum), (&bob, &plum, &pear)] {
        let page = browser.get(VIEW).await?;
        page.shows(own).map_err(|miss| miss.so_if(infer::mixed(&page, own, others)))?;
        page.shows_not(others, mixed)?;
    }
    let both = ["alice", "bob"].map(|who| trial.browser(who));
    trial.at_once(add(&both[0], &nut), add(&both[1], &fig)).await?;
    for (browser, own, others) in [(&both[0], &nut, &fig), (&both[1], &fig, &nut)] {
        let page = browser.get(VIEW).await?;
        page.shows(own).map_err(|miss| miss.so_if(infer::mixed(&page, own, others)))?;
        page.shows_not(others, mixed)?;
    }
    let (one, other) = trial.at_once(both[0].get(VIEW), both[1].get(VIEW)).await?;
    for (page, own, others) in [(&one, &nut, &fig), (&other, &fig, &nut)] {
        page.shows(own).map_err(|miss| miss.so_if(infer::mixed(page, own, others)))?;
    }
    let page = trial.browser("stranger").get(VIEW).await?;
    let so = "a visitor without a session does not see an empty cart after others have filled theirs";
    page.shows(EMPTY).map_err(|miss| miss.so_if(page.is_ok().then_some(so)))?;
    clear(&bob).await?;
    let page = alice.get(VIEW).await?;
    page.shows(&pear)
        .map_err(|miss| miss.so_if(page.is_ok().then_some("bob cleared his cart, and alice's item is gone")))
}

/// How many more items are in a cart as often as can be: more than 500 in all.
const MANY: usize = 5;

async fn the_cart_has_bounds(trial: &Trial) -> Result<(), Miss> {
    let alice = trial.browser("alice");
    // What items are called makes no difference to how many fit.
    let are_odd = trial.users.canary().is_some();
    let item = |place: usize| format!("{}-{place:02}", trial.named("item"));
    for place in 0..MOST_ITEMS {
        add(&alice, &item(place)).await?;
    }
    trial.log().new_scene();
    refuses(&alice, &item(MOST_ITEMS), &format!("another item in a cart that holds {MOST_ITEMS} different ones"))
        .await?;
    refuses(&alice, &"x".repeat(LONGEST_NAME + 1), "a name that is too long, in a cart that is full").await?;
    let so = "the cart already holds this item, so with one more of it there are still 50 different ones";
    for _ in 1..if are_odd { 2 } else { MOST_OF_ONE } {
        fits(&alice, &item(0), so).await?;
    }
    remove(&alice, &item(1)).await?;
    let so = "one of the 50 items was taken out, so another one fits: only the items in the cart count";
    fits(&alice, &item(MOST_ITEMS), so).await?;
    // That it is cleared at all is another requirement.
    clear(&alice).await.ok();
    if alice.get(VIEW).await.is_ok_and(|page| page.shows(EMPTY).is_ok()) {
        let so = "the cart was full and was then cleared, so everything fits again: only the items in the cart count";
        for place in [0, MOST_ITEMS + 1] {
            fits(&alice, &item(place), so).await?;
            shows_count(&alice.get(VIEW).await?, &item(place), 1)?;
        }
    }

    trial.log().begin_anew();
    let (bob, pear) = (trial.browser("bob"), trial.named("pear"));
    for _ in 0..MOST_OF_ONE {
        add(&bob, &pear).await?;
    }
    trial.log().new_scene();
    refuses(&bob, &pear, &format!("one more of an item that the cart holds {MOST_OF_ONE} times")).await?;
    shows_count(&bob.get(VIEW).await?, &pear, MOST_OF_ONE)?;
    let so = format!(
        "the cart has fewer than {MOST_ITEMS} different items, and fewer than {MOST_OF_ONE} of this one: there is no limit for all of them together"
    );
    let more = if are_odd { 0 } else { MANY };
    for place in (0..MOST_OF_ONE).flat_map(|_| 0..more) {
        fits(&bob, &item(place), &so).await?;
    }

    trial.log().begin_anew();
    let carol = trial.browser("carol");
    let name = |letter: &str, length: usize| {
        let own = trial.named("");
        format!("{}{own}", letter.repeat(length - own.chars().count()))
    };
    refuses(&carol, &name("x", LONGEST_NAME + 1), &format!("a name of {} characters", LONGEST_NAME + 1)).await?;
    let so = "a name may have 100 characters, but this one was refused";
    let bytes = "a name of 80 characters fits, even if each takes 2 bytes, as é does: count characters, not bytes";
    let units = "a name of 80 characters fits, even if each takes 4 bytes and two units of UTF-16, as 🍐 does: count characters";
    for (name, so) in
        [(name("x", LONGEST_NAME), so), (name("é", LONGEST_NAME - 20), bytes), (name("🍐", LONGEST_NAME - 20), units)]
    {
        fits(&carol, &name, so).await?;
        let page = carol.get(VIEW).await?;
        page.shows(&line(&name, 1)).map_err(|miss| unlike(&page, &name, miss))?;
    }
    if are_odd {
        return Ok(());
    }
    // As much as the limits allow.
    trial.log().begin_anew();
    let dave = trial.browser("dave");
    let so = "the cart has fewer than 50 different items, and this name has 100 characters: there is no other limit";
    for place in 0..MOST_ITEMS {
        fits(&dave, &format!("{place:02}{}", name("x", LONGEST_NAME - 2)), so).await?;
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
        let so = match set.is_empty() {
            true => "the answer set no cookie and made no call to the store, so the cart is not in the session",
            false => {
                "the store got no call, so the cart is not in the session; and what is in a cookie, the visitor can change"
            }
        };
        let so = infer::in_another_store(&first).unwrap_or(so.to_owned());
        let miss = first.miss("the cart in the session", actual).so(so);
        return Err(miss.teaches(2, "basics/set-and-get.md#how-is-something-written"));
    }
    let before = alice.get(VIEW).await?;
    before.shows(&line(&pear, 1)).map_err(|miss| miss.so_if(infer::unshown(&first, &before, &pear)))?;
    trial.restart().await?;
    let page = alice.get(VIEW).await?;
    page.shows(&line(&pear, 1))
        .map_err(|miss| miss.so_if(infer::lost_at_restart(&first, &before, &page, &pear)))
        .map_err(|miss| miss.why(infer::RESTARTED).teaches(2, infer::IN_MEMORY))?;

    if !neighbour::moves_in(trial, &alice, &first).await {
        return Ok(());
    }
    neighbour::stays(&add(&alice, &pear).await?)?;
    neighbour::stays(&remove(&alice, &pear).await?)?;
    neighbour::stays(&add(&alice, &pear).await?)?;
    neighbour::stays(&clear(&alice).await?)?;
    neighbour::stays(&clear(&alice).await?)?; // an empty cart
    neighbour::stays(&remove(&alice, &pear).await?)?;
    neighbour::stays(&tries(&alice, &"x".repeat(LONGEST_NAME + 1)).await?)?;
    for place in 0..=MOST_ITEMS {
        neighbour::stays(&tries(&alice, &format!("{}-{place:02}", trial.named("item"))).await?)?;
    }
    neighbour::stays(&clear(&alice).await?)?;
    // An item may have the name of the other part's key.
    neighbour::stays(&tries(&alice, Trial::PLANTED).await?)?;
    neighbour::stays(&remove(&alice, Trial::PLANTED).await?)?;
    a_login_beside_it_changes_nothing(trial, &pear).await
}

/// Another part of the site writes into the session in which the cart already is: also under keys like the cart's own.
async fn a_login_beside_it_changes_nothing(trial: &Trial, pear: &str) -> Result<(), Miss> {
    trial.log().begin_anew();
    let alice = trial.browser("alice");
    let added = add(&alice, pear).await?;
    if !neighbour::joins(trial, &added).await {
        return Ok(());
    }
    let so = format!(
        "{pear} is in the cart, then another part of the site wrote into the same session, and the page no longer shows it: the cart belongs to the visitor, whatever else the session holds"
    );
    let page = alice.get(VIEW).await?;
    page.shows(&line(pear, 1)).map_err(|miss| miss.so_if(page.is_ok().then_some(so)))?;
    neighbour::stays(&add(&alice, pear).await?)?;
    neighbour::stays(&remove(&alice, pear).await?)?;
    neighbour::stays(&add(&alice, pear).await?)?;
    neighbour::stays(&clear(&alice).await?)
}

/// Adds an item that may not fit.
async fn tries(browser: &Browser<'_>, item: &str) -> Result<Answer, Miss> {
    browser.post(&address("add_to_cart", item), &[]).await
}

async fn reading_changes_nothing(trial: &Trial) -> Result<(), Miss> {
    let pear = trial.named("pear");
    let changing = [address("add_to_cart", &pear), address("remove_from_cart", &pear), "/clear_cart".to_owned()];
    let paths: Vec<_> = [VIEW].into_iter().chain(changing.iter().map(String::as_str)).collect();
    reading::opens_no_session(&trial.browser("stranger"), &paths).await?;
    trial.log().begin_anew();
    let alice = trial.browser("alice");
    let added = add(&alice, &pear).await?;
    reading::changes_nothing(&alice, &paths).await?;
    for query in wishes(&pear) {
        alice.begins_apart();
        alice.get(&format!("{VIEW}?{query}")).await?; // a monitor looks at the session
    }
    alice.goes_on();
    reading::opens_none_for_a_stale_cookie(&alice, &added, &paths).await?;
    alice.get(VIEW).await?.shows(&line(&pear, 1))
}

/// Parameters that name a change of the cart.
fn wishes(item: &str) -> Vec<String> {
    let with = |name| encode(&[(name, item)]);
    let acts = |action| encode(&[("action", action), ("item", item)]);
    let named = ["add", "add_to_cart", "item", "remove", "remove_from_cart", "delete"].map(with);
    let acting = ["add", "remove", "clear"].map(acts);
    let alone = ["clear", "clear=1", "clear=true", "clear_cart", "empty", "reset"].map(str::to_owned);
    named.into_iter().chain(acting).chain(alone).collect()
}

/// The page shows this item with exactly this count.
fn shows_count(page: &Answer, item: &str, count: usize) -> Result<(), Miss> {
    let line = folded(&line(item, count));
    page.shows(&line)?;
    let text = page.text();
    let longer = text.match_indices(&line).find_map(|(at, _)| {
        let rest = text[at..].strip_prefix(&line)?.split(' ').next()?;
        let is_number = |rest: &str| rest.starts_with(|sign: char| sign.is_ascii_digit());
        let goes_on = is_number(rest) || rest.starts_with('+') || rest.strip_prefix(['.', ',']).is_some_and(is_number);
        goes_on.then(|| format!("{line}{rest}"))
    });
    let so = format!("the cart holds {count} of {item}, and the page shows another number");
    longer.map_or(Ok(()), |longer| Err(page.miss(&line, longer).so(so).why(COUNTED)))
}

/// Why a count is exact.
const COUNTED: &str = "a visitor who looks at the cart wants to know how many of each item they are about to buy";

/// How the page shows an item.
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

/// Removes an item that is not in the cart; `so` explains a refusal.
async fn absent(browser: &Browser<'_>, item: &str, so: &str) -> Result<(), Miss> {
    let answer = browser.post(&address("remove_from_cart", item), &[]).await?;
    answer.is_accepted(VIEW, so)
}

/// Adds an item that fits; `so` explains a refusal.
async fn fits(browser: &Browser<'_>, item: &str, so: &str) -> Result<(), Miss> {
    let answer = browser.post(&address("add_to_cart", item), &[]).await?;
    answer.is_accepted(VIEW, so)
}

/// Checks that an item that does not fit is refused and changes nothing.
async fn refuses(browser: &Browser<'_>, item: &str, what: &str) -> Result<(), Miss> {
    let before = words(&browser.get(VIEW).await?);
    let answer = browser.post(&address("add_to_cart", item), &[]).await?;
    if !answer.status.is_client_error() {
        let so = match answer.exchange.session.changes.is_empty() {
            true => {
                "the cart did not change, but the status does not refuse the item: a visitor has to learn that it did not fit"
            }
            false => "the cart accepted more than the requirement allows",
        };
        return Err(answer.miss(format!("4xx for {what}"), answer.in_short()).so(so));
    }
    let page = browser.get(VIEW).await?;
    if words(&page) != before {
        let miss = page.miss("the cart as it was", format!("a cart that has changed after {what}"));
        return Err(miss.so("the answer is a 4xx, but the page has changed anyway"));
    }
    Ok(())
}

/// The words of the page, sorted: a `HashMap` has no order.
fn words(page: &Answer) -> Vec<String> {
    let mut words: Vec<_> = page.text().split_whitespace().map(str::to_owned).collect();
    words.sort_unstable();
    words
}

pub(crate) fn address(what: &str, item: &str) -> String {
    format!("/{what}/{}", in_path(item))
}

fn is_not_empty(page: &Answer) -> Result<(), Miss> {
    page.shows_not(EMPTY, "the page shows an item, but still says that the cart is empty")
        .map_err(|miss| miss.why("a visitor who reads that the cart is empty does not look further"))
}
