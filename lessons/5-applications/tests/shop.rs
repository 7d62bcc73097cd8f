//! Tests the shop as its visitors use it.

use std::time::Duration;

use axum::{
    body::{Body, to_bytes},
    http::{
        Request,
        header::{ALLOW, CONTENT_LANGUAGE, SET_COOKIE, VARY},
    },
};
use checks::{Answer, Browser, Field, Miss, StoryStep, Trial};
use lesson_4::defence::password::Passwords;
use lesson_5::{app, app_with, shop::Shop};
use tower::ServiceExt;
use tower_sessions::MemoryStore;

const MINUTE: Duration = Duration::from_secs(60);
const COOKIE: &str = "__Host-lesson-5";

fn shop() -> Trial {
    let shop = Shop::in_memory(Passwords::quick());
    Trial::of(move |store| app_with(shop.clone(), store))
}

async fn log_in(who: &Browser<'_>, name: &str, password: &str) -> Result<Answer, Miss> {
    who.post("/login", &[("username", name), ("password", password)]).await
}

async fn is_alice(who: &Browser<'_>) -> Result<(), Miss> {
    log_in(who, "alice", "a cup of tea").await?.redirects_to("/profile")
}

fn story(trial: &Trial) -> String {
    trial.story().iter().map(ToString::to_string).collect()
}

/// Like [`story`], with the messages and the orders that the pages showed.
fn story_with_pages(trial: &Trial) -> String {
    let with_page = |mut step: StoryStep| {
        let page = step.exchange.as_ref().map(|exchange| exchange.response.body.text.as_str()).unwrap_or_default();
        step.meant.extend(said(page));
        step.to_string()
    };
    trial.story().into_iter().map(with_page).collect()
}

fn said(page: &str) -> Vec<String> {
    let text = |rest: &str| rest.split('<').next().unwrap_or_default().to_owned();
    let messages = page.split(r#"role="status">"#).skip(1).map(|rest| format!("“{}”", text(rest)));
    let orders = page.split("<h2>Your orders</h2>").nth(1).into_iter().flat_map(|rest| rest.split("<p>").skip(1));
    messages.chain(orders.map(|rest| format!("Your orders: {}", text(rest)))).collect()
}

/// Returns the rows of the page's table, without its head: the first text of each cell.
fn rows(page: &Answer) -> Vec<Vec<String>> {
    let text = |cell: &str| cell.split('<').next().unwrap_or_default().to_owned();
    page.body.split("<tr>").skip(2).map(|row| row.split("<td>").skip(1).map(text).collect()).collect()
}

/// Returns the value of a hidden field of this page.
async fn hidden(who: &Browser<'_>, page: &str, name: &str) -> Result<String, Miss> {
    let fields = who.get(page).await?.forms().into_iter().flat_map(|form| form.fields);
    let found: Option<Field> = fields.into_iter().find(|field| field.name == name);
    found.map(|field| field.value).ok_or_else(|| Miss::new(format!("a field {name} on {page}"), "none"))
}

/// Submits the form of this page whose address has this ending.
async fn press(who: &Browser<'_>, page: &str, ending: &str) -> Result<Answer, Miss> {
    let forms = who.get(page).await?.forms();
    let form = forms.iter().find(|form| form.action.ends_with(ending));
    let form = form.ok_or_else(|| Miss::new(format!("a form to …{ending} on {page}"), format!("{forms:?}")))?;
    let fields: Vec<_> = form.fields.iter().map(|field| (field.name.as_str(), field.value.as_str())).collect();
    who.post(&form.action, &fields).await
}

#[tokio::test]
async fn s08_s29_a_user_logs_in_sees_their_name_and_logs_out() -> Result<(), Miss> {
    let trial = shop();
    let alice = trial.browser("alice");
    alice.get("/profile").await?.shows("You are not logged in")?;
    let refused = log_in(&alice, "alice", "a guess").await?;
    refused.has_status(401)?;
    assert!(refused.text().contains("Invalid credentials"), "{refused:?}");
    is_alice(&alice).await?;
    alice.get("/profile").await?.shows("Logged in as alice")?;
    alice.post("/logout", &[]).await?.redirects_to("/login")?;
    alice.get("/profile").await?.shows("You are not logged in")?;
    insta::assert_snapshot!("login", story(&trial));
    alice.get("/logout").await?.has_status(405)
}

#[tokio::test]
async fn s15_a_neighbouring_host_cannot_set_the_session_cookie_and_a_logout_removes_it() -> Result<(), Miss> {
    let trial = shop();
    let [alice, mallory] = ["alice", "mallory"].map(|who| trial.browser(who));
    is_alice(&alice).await?;
    log_in(&mallory, "bob", "a long walk home").await?.redirects_to("/profile")?;
    let id = mallory.cookie(COOKIE).unwrap();
    for name in [COOKIE, "lesson-5"] {
        alice.takes_from_neighbour(&format!("{name}={id}; Domain=localhost; Path=/; Secure"));
    }
    alice.get("/profile").await?.shows("Logged in as alice")?;
    alice.post("/logout", &[]).await?.redirects_to("/login")?;
    assert_eq!(alice.cookie(COOKIE), None);
    Ok(())
}

#[tokio::test]
async fn s08_a_login_takes_the_cart_along_and_another_visitor_does_not_get_it() -> Result<(), Miss> {
    let trial = shop();
    let alice = trial.browser("alice");
    alice.post("/add_to_cart/teapot", &[]).await?.redirects_to("/view_cart")?;
    let before = alice.copied_by("mallory");
    is_alice(&alice).await?;
    alice.get("/view_cart").await?.shows("Your cart contains: teapot")?;
    before.get("/profile").await?.shows("You are not logged in")?;
    // Bob logs in without a logout in between. In the article, he sees alice's data.
    log_in(&alice, "bob", "a long walk home").await?.redirects_to("/profile")?;
    alice.get("/view_cart").await?.shows("Your cart is empty")?;
    alice.post("/add_to_cart/cup", &[]).await?;
    alice.post("/logout", &[]).await?;
    alice.get("/view_cart").await?.shows("Your cart is empty")
}

#[tokio::test]
async fn s08_guesses_are_counted_and_an_unknown_name_costs_the_same_work() -> Result<(), Miss> {
    let passwords = Passwords::quick();
    let shop = Shop::in_memory(passwords.clone());
    let trial = Trial::of(move |store| app_with(shop.clone(), store));
    let mallory = trial.browser("mallory");
    let mut answers = Vec::new();
    for name in ["alice", "nobody"] {
        let before = passwords.checked();
        let answer = log_in(&mallory, name, "a guess").await?;
        answers.push((answer.status, answer.body, passwords.checked() - before));
    }
    assert_eq!(answers[0], answers[1]);
    for _ in 0..4 {
        log_in(&mallory, "alice", "a guess").await?.has_status(401)?;
    }
    log_in(&mallory, "alice", "a cup of tea").await?.has_status(429)?;
    trial.skip(3 * MINUTE);
    is_alice(&mallory).await
}

#[tokio::test]
async fn somebody_new_registers_and_is_logged_in() -> Result<(), Miss> {
    let trial = shop();
    let dora = trial.browser("dora");
    let register = |name, password| [("username", name), ("password", password)];
    for (name, password, status) in [
        ("dora", "short", 422),
        ("", "long enough", 422),
        ("<b>dora</b>", "long enough", 422),
        ("alice", "long enough", 409),
        ("ALICE", "long enough", 409),
    ] {
        dora.post("/register", &register(name, password)).await?.has_status(status)?;
        dora.get("/profile").await?.shows("You are not logged in")?;
    }
    dora.post("/register", &register("dora", "long enough")).await?.redirects_to("/profile")?;
    let page = dora.get("/profile").await?;
    page.shows("Welcome, dora")?;
    page.shows("Logged in as dora")?;
    dora.get("/dashboard").await?.shows("Welcome to the user dashboard")?;
    assert!(!dora.get("/profile").await?.text().contains("Welcome, dora"), "a message is shown once");
    log_in(&trial.browser("dora at work"), "Dora", "long enough").await?.redirects_to("/profile")?;
    // A registration also replaces another user's session.
    let emil = trial.browser("emil");
    is_alice(&emil).await?;
    emil.post("/register", &register("emil", "long enough")).await?.redirects_to("/profile")?;
    emil.get("/profile").await?.shows("Welcome, emil")
}

#[tokio::test]
async fn s09_s30_every_addition_stays() -> Result<(), Miss> {
    let trial = shop();
    let (alice, bob) = (trial.browser("alice"), trial.browser("bob"));
    for item in ["teapot", "cup", "cup"] {
        alice.post(&format!("/add_to_cart/{item}"), &[]).await?.redirects_to("/view_cart")?;
        alice.get("/view_cart").await?.shows(&format!("Added {item} to your cart"))?;
    }
    let page = alice.get("/view_cart").await?;
    for words in ["Your cart contains: cup × 2, teapot", "Total: 58 €.", "Cart (3)"] {
        page.shows(words)?;
    }
    bob.get("/view_cart").await?.shows("Your cart is empty")?;
    alice.post("/remove_from_cart/cup", &[]).await?;
    alice.get("/view_cart").await?.shows("Your cart contains: teapot")?;
    alice.post("/remove_from_cart/cup", &[]).await?.redirects_to("/view_cart")?;
    alice.post("/clear_cart", &[]).await?;
    alice.get("/view_cart").await?.shows("Cart cleared")?;
    alice.get("/view_cart").await?.shows("Your cart is empty")
}

#[tokio::test]
async fn s09_an_unknown_item_is_named_in_the_answer_and_is_not_markup() -> Result<(), Miss> {
    let trial = shop();
    let alice = trial.browser("alice");
    let refused = alice.post("/add_to_cart/%3Cscript%3E", &[]).await?;
    refused.has_status(404)?;
    assert!(refused.headers["content-type"].to_str().unwrap().starts_with("text/plain"), "{refused:?}");
    assert!(!refused.headers.contains_key(SET_COOKIE), "nothing was remembered of it");
    alice.get("/add_to_cart/cup").await?.has_status(405)?;
    alice.get("/view_cart").await?.shows("Your cart is empty")?;
    for _ in 0..99 {
        alice.post("/add_to_cart/cup", &[]).await?.has_status(303)?;
    }
    alice.post("/add_to_cart/cup", &[]).await?.has_status(422)?;
    alice.get("/view_cart").await?.shows("cup × 99")
}

#[tokio::test]
async fn s09_what_two_tabs_do_at_the_same_time_is_all_kept() -> Result<(), Miss> {
    let trial = shop();
    let alice = trial.browser("alice");
    alice.post("/add_to_cart/teapot", &[]).await?;
    alice.get("/view_cart").await?; // shows the message, and so removes it from the session
    let add = || alice.post("/add_to_cart/cup", &[]);
    let (one, two, three, page) = tokio::join!(add(), add(), add(), alice.get("/view_cart"));
    for added in [one?, two?, three?] {
        added.redirects_to("/view_cart")?;
    }
    page?.has_status(200)?;
    alice.get("/view_cart").await?.shows("cup × 3, teapot")
}

/// Each of the two requests makes a session, and the browser keeps one cookie. No comparison in the store helps here.
#[tokio::test]
async fn s09_two_first_requests_have_no_session_in_common() -> Result<(), Miss> {
    let trial = shop();
    let alice = trial.browser("alice");
    let first = async { alice.post("/add_to_cart/teapot", &[]).await?.redirects_to("/view_cart") };
    let dark = [("theme", "dark"), ("notifications", "enabled")];
    alice.post_slowly("/set_preferences", &dark, first).await?.redirects_to("/set_preferences")?;
    alice.get("/view_cart").await?.shows("Your cart is empty")
}

#[tokio::test]
async fn pages_of_one_visitor_that_load_at_the_same_time_are_all_shown() -> Result<(), Miss> {
    let trial = shop();
    let alice = trial.browser("alice");
    is_alice(&alice).await?;
    for skipped in [Duration::ZERO, 16 * MINUTE] {
        trial.skip(skipped);
        for page in ["/", "/profile", "/view_cart", "/view_history", "/set_preferences", "/sessions"] {
            let get = || alice.get(page);
            let (one, two, three, four) = tokio::join!(get(), get(), get(), get());
            for shown in [one?, two?, three?, four?] {
                shown.has_status(200)?;
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn s10_the_last_twenty_pages_and_nothing_else() -> Result<(), Miss> {
    let trial = shop();
    let alice = trial.browser("alice");
    alice.get("/").await?;
    let page = alice.get("/view_history").await?;
    page.shows("No history available")?;
    assert!(!page.headers.contains_key(SET_COOKIE), "to look makes no session");
    alice.post("/set_language/fr", &[]).await?;
    alice.get("/no/such/page").await?.has_status(404)?;
    alice.head("/").await?;
    alice.get("/dashboard").await?.redirects_to("/login")?;
    alice.get("/profile").await?;
    let page = alice.get("/view_history").await?.text();
    assert!(page.contains("You have visited: /profile"), "{page}");
    let page = alice.get("/view_history").await?.text();
    assert!(page.contains("You have visited: /profile /view_history"), "{page}");
    for _ in 0..30 {
        alice.get("/").await?;
    }
    let page = alice.get("/view_history").await?;
    assert_eq!(page.body.matches("<li>").count(), 20);
    // The price of a history: each page that is read causes a write.
    let written = &page.exchange.summary;
    assert!(written.len() == 1 && written[0].ends_with("was written: 1 key changed"), "{written:?}");
    Ok(())
}

#[tokio::test]
async fn s25_a_demotion_takes_effect_at_the_next_request() -> Result<(), Miss> {
    let trial = shop();
    let (alice, carol) = (trial.browser("alice"), trial.browser("carol"));
    alice.get("/dashboard").await?.redirects_to("/login")?;
    is_alice(&alice).await?;
    log_in(&carol, "carol", "nine green bottles").await?.redirects_to("/profile")?;
    alice.get("/dashboard").await?.shows("Welcome to the user dashboard")?;
    carol.get("/dashboard").await?.shows("Welcome to the admin dashboard")?;
    alice.post("/accounts/2/delete", &[]).await?.has_status(403)?;

    carol.post("/accounts/1/role", &[("role", "admin")]).await?.redirects_to("/dashboard")?;
    let page = alice.get("/dashboard").await?;
    page.shows("Welcome to the admin dashboard")?;
    let roles = [("alice", "admin"), ("bob", "user"), ("carol", "admin")];
    assert_eq!(rows(&page).iter().map(|row| (&*row[0], &*row[1])).collect::<Vec<_>>(), roles);
    alice.post("/accounts/3/role", &[("role", "user")]).await?.redirects_to("/dashboard")?;
    carol.get("/dashboard").await?.shows("Welcome to the user dashboard")?;
    insta::assert_snapshot!("demoted", story(&trial));
    carol.post("/accounts/2/delete", &[]).await?.has_status(403)?;
    alice.post("/accounts/1/role", &[("role", "user")]).await?.has_status(409)?; // the last admin
    alice.post("/accounts/1/role", &[("role", "emperor")]).await?.has_status(422)?;
    alice.post("/accounts/99/delete", &[]).await?.has_status(409)?;

    alice.post("/accounts/3/delete", &[]).await?.redirects_to("/dashboard")?;
    carol.get("/profile").await?.shows("You are not logged in")?;
    log_in(&carol, "carol", "nine green bottles").await?.has_status(401)?;
    alice.post("/logout", &[]).await?;
    alice.get("/dashboard").await?.redirects_to("/login")
}

#[tokio::test]
async fn when_two_admins_demote_each_other_at_the_same_time_one_stays_an_admin() -> Result<(), Miss> {
    let trial = shop();
    let (alice, carol) = (trial.browser("alice"), trial.browser("carol"));
    is_alice(&alice).await?;
    log_in(&carol, "carol", "nine green bottles").await?.redirects_to("/profile")?;
    carol.post("/accounts/1/role", &[("role", "admin")]).await?.redirects_to("/dashboard")?;
    let demote = [("role", "user")];
    // Carol is an admin when her slow request begins, but no longer when its form has arrived.
    let first = async { alice.post("/accounts/3/role", &demote).await?.redirects_to("/dashboard") };
    carol.post_slowly("/accounts/1/role", &demote, first).await?.has_status(409)?;
    alice.get("/dashboard").await?.shows("Welcome to the admin dashboard")?;
    carol.get("/dashboard").await?.shows("Welcome to the user dashboard")
}

#[tokio::test]
async fn an_admins_running_request_does_nothing_after_a_demotion_or_a_logout() -> Result<(), Miss> {
    for end in ["/accounts/3/role", "/accounts/3/end_sessions"] {
        let trial = shop();
        let (alice, carol) = (trial.browser("alice"), trial.browser("carol"));
        is_alice(&alice).await?;
        log_in(&carol, "carol", "nine green bottles").await?.redirects_to("/profile")?;
        for account in [1, 2] {
            carol.post(&format!("/accounts/{account}/role"), &[("role", "admin")]).await?;
        }
        let user = [("role", "user")];
        let first = async { alice.post(end, &user).await?.redirects_to("/dashboard") };
        carol.post_slowly("/accounts/2/role", &user, first).await?.has_status(409)?;
        let accounts = rows(&alice.get("/dashboard").await?);
        assert_eq!((&*accounts[1][0], &*accounts[1][1]), ("bob", "admin"), "{end}");
    }
    Ok(())
}

#[tokio::test]
async fn s26_a_double_click_buys_once() -> Result<(), Miss> {
    let trial = shop();
    let alice = trial.browser("alice");
    alice.post("/add_to_cart/teapot", &[]).await?;
    let token = hidden(&alice, "/view_cart", "token").await?;
    alice.post("/checkout", &[("token", &token)]).await?.redirects_to("/login")?;
    is_alice(&alice).await?;
    let old = alice.copied_by("old tab");
    for tab in [&alice, &old] {
        let page = tab.follow(&tab.post("/checkout", &[("token", &token)]).await?).await?;
        page.shows("Checkout completed")?;
        page.shows("Your cart is empty")?;
    }
    let profile = alice.get("/profile").await?;
    assert_eq!(profile.text().matches("teapot").count(), 1, "{}", profile.text());
    insta::assert_snapshot!("double-click", story_with_pages(&trial));
    // An empty cart has an empty token, and is not sold.
    alice.post("/checkout", &[("token", "")]).await?;
    assert_eq!(said(&alice.get("/view_cart").await?.body), ["“Your cart is empty”"]);
    Ok(())
}

#[tokio::test]
async fn s26_two_checkouts_at_the_same_time_buy_once() -> Result<(), Miss> {
    let trial = shop();
    let alice = trial.browser("alice");
    is_alice(&alice).await?;
    alice.post("/add_to_cart/teapot", &[]).await?;
    let token = hidden(&alice, "/view_cart", "token").await?;
    let old = alice.copied_by("old tab");
    let form = [("token", token.as_str())];
    let (first, second) = tokio::join!(alice.post("/checkout", &form), old.post("/checkout", &form));
    first?.redirects_to("/view_cart")?;
    second?.redirects_to("/view_cart")?;
    let profile = alice.get("/profile").await?;
    assert_eq!(profile.text().matches("teapot").count(), 1, "{}", profile.text());
    Ok(())
}

#[tokio::test]
async fn s26_what_is_bought_is_what_was_looked_at() -> Result<(), Miss> {
    let trial = shop();
    let alice = trial.browser("alice");
    is_alice(&alice).await?;
    alice.post("/add_to_cart/teapot", &[]).await?;
    let seen = hidden(&alice, "/view_cart", "token").await?;
    alice.post("/add_to_cart/kettle", &[]).await?;
    alice.post("/checkout", &[("token", &seen)]).await?;
    let page = alice.get("/view_cart").await?;
    page.shows("Your cart has changed since you looked at it, so nothing was bought")?;
    page.shows("Your cart contains: kettle, teapot")?;
    alice.get("/checkout").await?.has_status(405)
}

/// Returns the number of teapots that she has bought, and the number in her cart.
async fn teapots(alice: &Browser<'_>) -> Result<(usize, usize), Miss> {
    let count = |page: &Answer, before: &str| {
        let text = page.text();
        text.split_once(before).map_or(0, |(_, rest)| rest.matches("teapot").count())
    };
    let (profile, cart) = (alice.get("/profile").await?, alice.get("/view_cart").await?);
    Ok((count(&profile, "Your orders"), usize::from(cart.text().contains("teapot"))))
}

#[tokio::test]
async fn what_is_added_while_a_cart_is_sold_stays_and_what_was_sold_does_not() -> Result<(), Miss> {
    let trial = shop();
    let alice = trial.browser("alice");
    is_alice(&alice).await?;
    for item in ["teapot", "cup", "cup"] {
        alice.post(&format!("/add_to_cart/{item}"), &[]).await?;
    }
    let token = hidden(&alice, "/view_cart", "token").await?;
    // Two items are added after the checkout has read the cart and before it writes the order.
    let add = async {
        alice.post("/add_to_cart/cup", &[]).await?.redirects_to("/view_cart")?;
        alice.post("/add_to_cart/spoon", &[]).await?.redirects_to("/view_cart")
    };
    alice.post_slowly("/checkout", &[("token", &token)], add).await?.has_status(409)?;
    // The answer asks her to look again. She does, and buys the items that she sees.
    press(&alice, "/view_cart", "/checkout").await?;
    let page = alice.get("/view_cart").await?;
    page.shows("so nothing was bought")?;
    page.shows("Your cart contains: cup, spoon")?;
    alice.post("/checkout", &[("token", &token)]).await?; // the token of an old page
    alice.get("/view_cart").await?.shows("Your cart contains: cup, spoon")?;
    press(&alice, "/view_cart", "/checkout").await?;
    alice.get("/view_cart").await?.shows("Your cart is empty")?;
    let orders = said(&alice.get("/profile").await?.body);
    assert_eq!(orders, ["Your orders: cup × 2, teapot", "Your orders: cup, spoon"]);
    Ok(())
}

#[tokio::test]
async fn a_checkout_that_runs_again_sells_once() -> Result<(), Miss> {
    let trial = shop();
    let alice = trial.browser("alice");
    is_alice(&alice).await?;
    for round in 1..=20 {
        alice.post("/add_to_cart/teapot", &[]).await?;
        let token = hidden(&alice, "/view_cart", "token").await?;
        let form = [("token", token.as_str())];
        let [cup, spoon] = ["/add_to_cart/cup", "/add_to_cart/spoon"].map(|path| alice.post(path, &[]));
        let (checkout, cup, spoon) = tokio::join!(alice.post("/checkout", &form), cup, spoon);
        checkout?.redirects_to("/view_cart")?;
        cup?.redirects_to("/view_cart")?;
        spoon?.redirects_to("/view_cart")?;
        let (bought, left) = teapots(&alice).await?;
        assert_eq!(bought + left, round, "round {round}");
        press(&alice, "/view_cart", "/checkout").await?;
        assert_eq!(teapots(&alice).await?, (round, 0));
    }
    Ok(())
}

#[tokio::test]
async fn s27_a_language_is_chosen_or_the_browsers() -> Result<(), Miss> {
    let trial = shop();
    let alice = trial.browser("alice");
    for (code, hello) in
        [("es", "¡Hola, Mundo!"), ("fr", "Bonjour, le monde!"), ("ja", "こんにちは、世界！"), ("en", "Hello, World!")]
    {
        alice.post(&format!("/set_language/{code}"), &[]).await?.redirects_to("/")?;
        let page = alice.get("/").await?;
        page.shows(hello)?;
        page.shows(&format!("Language set to {code}"))?;
        assert_eq!(page.headers[CONTENT_LANGUAGE], code);
        assert!(page.headers[VARY].to_str().unwrap().contains("Accept-Language"));
    }
    let refused = alice.post("/set_language/tlh", &[]).await?;
    refused.has_status(422)?;
    assert_eq!(refused.body, "The shop does not speak \"tlh\"; it speaks: en, es, fr, ja.\n");
    alice.get("/").await?.shows("Hello, World!")
}

#[tokio::test]
async fn s27_before_anything_is_chosen_the_browsers_languages_count() {
    let shop = app_with(Shop::in_memory(Passwords::quick()), MemoryStore::default());
    for (accepted, code) in [("de, fr-CH;q=0.9, en;q=0.8", "fr"), ("de", "en"), ("ja", "ja")] {
        let request = Request::get("/").header("accept-language", accepted).body(Body::empty()).unwrap();
        let answer = shop.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.headers()[CONTENT_LANGUAGE], code, "{accepted}");
        assert!(!answer.headers().contains_key(SET_COOKIE), "to look makes no session");
    }
}

#[tokio::test]
async fn s28_s31_preferences_are_saved_whole_or_not_at_all() -> Result<(), Miss> {
    let trial = shop();
    let alice = trial.browser("alice");
    alice.get("/profile").await?.shows("Profile settings - Theme: light, Notifications: enabled")?;
    let refused: [&[(&str, &str)]; 4] = [
        &[("theme", "dark")],
        &[("notifications", "disabled")],
        &[("theme", "dark"), ("notifications", "<script>")],
        &[("theme", "pink"), ("notifications", "disabled")],
    ];
    for form in refused {
        let answer = alice.post("/set_preferences", form).await?;
        answer.has_status(422)?;
        assert!(answer.body.starts_with("Nothing was saved: "), "{answer:?}");
        alice.get("/profile").await?.shows("Theme: light, Notifications: enabled")?;
    }
    alice.post("/set_preferences", &[("theme", "dark"), ("notifications", "disabled")]).await?;
    let page = alice.get("/set_preferences").await?;
    page.shows("Preferences saved")?;
    assert!(page.body.contains(r#"<html lang="en" data-theme="dark">"#), "{}", page.body);
    assert!(!page.text().contains("News:"), "{}", page.text());
    is_alice(&alice).await?;
    alice.get("/profile").await?.shows("Profile settings - Theme: dark, Notifications: disabled")?;
    alice.post("/logout", &[]).await?;
    alice.get("/profile").await?.shows("Profile settings - Theme: light, Notifications: enabled")
}

#[tokio::test]
async fn somebody_sees_where_she_is_logged_in_and_ends_it() -> Result<(), Miss> {
    let trial = shop();
    let [home, phone, library, bob] = ["alice", "her phone", "the library", "bob"].map(|who| trial.browser(who));
    phone.moves_to([192, 0, 2, 7].into(), "a phone");
    library.moves_to([192, 0, 2, 8].into(), "an old computer");
    for browser in [&home, &phone, &library] {
        is_alice(browser).await?;
    }
    log_in(&bob, "bob", "a long walk home").await?;
    trial.skip(5 * MINUTE);
    let page = home.get("/sessions").await?;
    for words in ["a phone", "an old computer", "this one", "5 minutes ago"] {
        page.shows(words)?;
    }
    // Five minutes after she entered her password, the shop asks for it again.
    for address in ["/sessions/2/end", "/sessions/end_others"] {
        home.post(address, &[]).await?.has_status(403)?;
    }
    let before = home.cookie("__Host-lesson-5");
    home.post("/sessions/confirm", &[("password", "a guess")]).await?.has_status(403)?;
    home.post("/sessions/confirm", &[("password", "a cup of tea")]).await?.redirects_to("/sessions")?;
    assert_ne!(home.cookie("__Host-lesson-5"), before, "a new ID");
    bob.post("/sessions/confirm", &[("password", "a long walk home")]).await?.redirects_to("/sessions")?;
    bob.post("/sessions/1/end", &[]).await?.has_status(404)?;
    press(&home, "/sessions", "/end").await?.redirects_to("/sessions")?;
    home.get("/sessions").await?.shows("Session ended")?;
    library.get("/profile").await?.shows("You are not logged in")?;
    phone.get("/profile").await?.shows("Logged in as alice")?;
    press(&home, "/sessions", "/end_others").await?;
    home.get("/sessions").await?.shows("Other sessions ended: 1")?;
    phone.get("/profile").await?.shows("You are not logged in")?;
    bob.get("/profile").await?.shows("Logged in as bob")?;
    home.get("/profile").await?.shows("Logged in as alice")
}

#[tokio::test]
async fn when_a_session_began_and_when_it_was_last_seen_are_two_times() -> Result<(), Miss> {
    let trial = shop();
    let [home, phone] = ["alice", "her phone"].map(|who| trial.browser(who));
    phone.moves_to([192, 0, 2, 7].into(), "a phone");
    is_alice(&home).await?;
    trial.skip(MINUTE);
    is_alice(&phone).await?;
    let listed = rows(&home.get("/sessions").await?);
    assert_eq!(listed[0], ["a phone", "just now", "just now", ""]);
    assert_eq!(listed[1], ["checks", "1 minute ago", "just now", "this one"]);
    trial.skip(5 * MINUTE);
    let listed = rows(&home.get("/sessions").await?);
    assert_eq!(listed[0], ["a phone", "5 minutes ago", "5 minutes ago", ""]);
    assert_eq!(listed[1], ["checks", "6 minutes ago", "just now", "this one"]);
    Ok(())
}

#[tokio::test]
async fn a_login_that_meets_another_request_is_one_login() -> Result<(), Miss> {
    let passwords = Passwords::quick();
    let shop = Shop::in_memory(passwords.clone());
    let trial = Trial::of(move |store| app_with(shop.clone(), store));
    let alice = trial.browser("alice");
    alice.post("/add_to_cart/teapot", &[]).await?;
    // The cart is changed after the login has read the session, while the password is verified.
    let add = alice.post("/add_to_cart/cup", &[]);
    let (login, added) = tokio::join!(log_in(&alice, "alice", "a cup of tea"), add);
    login?.redirects_to("/profile")?;
    added?.redirects_to("/view_cart")?;
    assert_eq!(passwords.checked(), 2, "the login ran again");
    assert_eq!(rows(&alice.get("/sessions").await?).len(), 1);
    alice.get("/view_cart").await?.shows("Your cart contains: cup, teapot")
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() -> Result<(), Miss> {
    let trial = shop();
    let (alice, thief) = (trial.browser("alice"), trial.browser("thief 1"));
    is_alice(&alice).await?;
    is_alice(&thief).await?;
    let copy = alice.copied_by("thief 2");
    let change = |old, new| [("password", old), ("new_password", new)];
    thief.post("/password", &change("a guess", "mine, all mine")).await?.has_status(403)?;
    alice.post("/password", &change("a cup of tea", "short")).await?.has_status(422)?;
    alice.post("/password", &change("a cup of tea", "two cups of tea")).await?.redirects_to("/sessions")?;
    alice.get("/sessions").await?.shows("Password changed, other sessions ended: 1")?;
    thief.get("/profile").await?.shows("You are not logged in")?;
    copy.get("/profile").await?.shows("You are not logged in")?;
    insta::assert_snapshot!("new-password", story_with_pages(&trial));
    log_in(&thief, "alice", "a cup of tea").await?.has_status(401)?;
    log_in(&thief, "alice", "two cups of tea").await?.redirects_to("/profile")
}

/// A request that is running with the old ID when the ID changes gets no cookie, because that would overwrite the new
/// one. This holds for every change of the ID.
#[tokio::test]
async fn a_tab_that_loads_while_the_id_changes_gets_no_cookie() -> Result<(), Miss> {
    let trial = shop();
    let alice = trial.browser("alice");
    alice.post("/add_to_cart/teapot", &[]).await?;
    let change = [("password", "a cup of tea"), ("new_password", "two cups of tea")];
    for login in [true, false] {
        let tab = alice.copied_by("another tab");
        let changed = if login {
            is_alice(&alice).await
        } else {
            alice.post("/password", &change).await?.redirects_to("/sessions")
        };
        changed?;
        for page in ["/", "/profile", "/view_cart"] {
            assert!(!tab.get(page).await?.headers.contains_key(SET_COOKIE), "{page}");
        }
        let late = tab.post("/add_to_cart/cup", &[]).await?;
        late.has_status(409)?;
        assert!(!late.headers.contains_key(SET_COOKIE), "{late:?}");
        alice.get("/profile").await?.shows("Logged in as alice")?;
        alice.get("/view_cart").await?.shows("Your cart contains: teapot")?;
    }
    Ok(())
}

#[tokio::test]
async fn an_admin_logs_somebody_out_everywhere() -> Result<(), Miss> {
    let trial = shop();
    let [carol, home, phone] = ["carol", "alice", "her phone"].map(|who| trial.browser(who));
    for browser in [&home, &phone] {
        is_alice(browser).await?;
    }
    home.post("/accounts/1/end_sessions", &[]).await?.has_status(403)?;
    log_in(&carol, "carol", "nine green bottles").await?.redirects_to("/profile")?;
    carol.post("/accounts/1/end_sessions", &[]).await?.redirects_to("/dashboard")?;
    carol.get("/dashboard").await?.shows("Sessions ended: 2")?;
    for browser in [&home, &phone] {
        browser.get("/profile").await?.shows("You are not logged in")?;
    }
    is_alice(&home).await
}

#[tokio::test]
async fn a_page_without_messages_writes_nothing() -> Result<(), Miss> {
    let trial = shop();
    let alice = trial.browser("alice");
    alice.post("/add_to_cart/teapot", &[]).await?;
    alice.get("/view_cart").await?.shows("Added teapot to your cart")?;
    // The history does not record this page.
    let refused = log_in(&alice, "alice", "a guess").await?;
    refused.has_status(401)?;
    assert_eq!(refused.exchange.summary, ["the session was read, nothing was written"]);
    Ok(())
}

/// ASVS 5.0 7.2.2.
#[tokio::test]
async fn two_logins_have_two_ids() -> Result<(), Miss> {
    let trial = shop();
    let [home, phone] = ["alice", "her phone"].map(|who| trial.browser(who));
    let mut ids = Vec::new();
    for browser in [&home, &phone, &home] {
        is_alice(browser).await?;
        ids.push(browser.cookie(COOKIE));
    }
    assert!(ids.iter().all(Option::is_some), "{ids:?}");
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[2] != ids[0], "{ids:?}");
    Ok(())
}

/// Returns the paths of the shop's routes, with an existing value for each parameter.
fn paths() -> impl Iterator<Item = String> {
    let routes = include_str!("../src/lib.rs").split(".route(\"").skip(1).filter_map(|rest| rest.split('"').next());
    routes.map(|path| path.replace("{item}", "teapot").replace("{language}", "fr").replace("{id}", "1"))
}

/// ASVS 5.0 3.5.3.
#[tokio::test]
async fn no_get_logs_in_or_out_buys_or_changes_a_cart() -> Result<(), Miss> {
    let trial = shop();
    let (alice, stranger) = (trial.browser("alice"), trial.browser("a stranger"));
    is_alice(&alice).await?;
    alice.post("/add_to_cart/teapot", &[]).await?;
    alice.get("/view_cart").await?.shows("Your cart contains: teapot")?;
    let id = alice.cookie(COOKIE);
    assert!(paths().count() > 15, "{:?}", paths().collect::<Vec<_>>());
    for path in paths() {
        for answer in [alice.get(&path).await?, alice.head(&path).await?] {
            let changed = answer.exchange.session.changes.iter().filter(|change| change.key != "history");
            assert_eq!(changed.count(), 0, "{path}: {answer:?}");
            assert_eq!(alice.cookie(COOKIE), id, "{path}: {answer:?}");
        }
        for answer in [stranger.get(&path).await?, stranger.head(&path).await?] {
            assert!(answer.exchange.calls.is_empty(), "{path}: {answer:?}");
        }
    }
    let profile = alice.get("/profile").await?;
    profile.shows("Logged in as alice")?;
    profile.shows("None yet.")?;
    alice.get("/view_cart").await?.shows("Your cart contains: teapot")
}

#[tokio::test]
async fn a_method_that_an_address_does_not_take_is_refused_with_the_reason() {
    let shop = app_with(Shop::in_memory(Passwords::quick()), MemoryStore::default());
    for (method, path, allowed, sentence) in [
        ("GET", "/logout", "POST", "This address changes something, so a link does nothing here: use the form.\n"),
        ("POST", "/", "GET,HEAD", "This address only shows a page, so a form does nothing here.\n"),
        ("POST", "/view_cart", "GET,HEAD", "This address only shows a page, so a form does nothing here.\n"),
        ("OPTIONS", "/", "GET,HEAD", "This address does not answer a request with OPTIONS.\n"),
        ("DELETE", "/login", "GET,HEAD,POST", "This address does not answer a request with DELETE.\n"),
    ] {
        let request = Request::builder().method(method).uri(path).header("sec-fetch-site", "same-origin");
        let answer = shop.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 405, "{method} {path}");
        assert_eq!(answer.headers()[ALLOW], allowed, "{method} {path}");
        let body = to_bytes(answer.into_body(), 1000).await.unwrap();
        assert_eq!(body, sentence, "{method} {path}");
    }
}

#[tokio::test]
async fn every_page_lets_a_logged_in_user_log_out() -> Result<(), Miss> {
    let trial = shop();
    let carol = trial.browser("carol");
    log_in(&carol, "carol", "nine green bottles").await?;
    let pages =
        ["/", "/login", "/profile", "/dashboard", "/view_cart", "/view_history", "/set_preferences", "/sessions"];
    for page in pages {
        let forms = carol.get(page).await?.forms();
        assert!(forms.iter().any(|form| form.goes_to("/logout")), "{page}: {forms:?}");
    }
    Ok(())
}

#[tokio::test]
async fn forms_of_other_sites_do_nothing() -> Result<(), Miss> {
    let trial = shop();
    let alice = trial.browser("alice");
    is_alice(&alice).await?;
    alice.post_from("http://evil.localhost", "/add_to_cart/teapot", &[]).await?.has_status(403)?;
    alice.get_from("http://evil.localhost", "/view_cart").await?.shows("Your cart is empty")
}

#[tokio::test]
async fn accounts_and_orders_outlive_the_process() -> Result<(), Miss> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.db");
    for is_new in [true, false] {
        let shop = Shop::in_file(&file, Passwords::quick());
        let trial = Trial::of(move |store| app_with(shop.clone(), store));
        let dora = trial.browser("dora");
        let form = [("username", "dora"), ("password", "long enough")];
        let address = if is_new { "/register" } else { "/login" };
        dora.post(address, &form).await?.redirects_to("/profile")?;
        if is_new {
            dora.post("/add_to_cart/tray", &[]).await?;
            press(&dora, "/view_cart", "/checkout").await?;
        }
        dora.get("/profile").await?.shows("tray")?;
    }
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (file, text) = (folder.path().join("notes.txt"), "this is no database, and nobody should think it is one");
    std::fs::write(&file, text).unwrap();
    let reason = Shop::in_file(&file, Passwords::quick()).open().await.unwrap_err().to_string();
    assert!(reason.contains("not a database"), "{reason}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[tokio::test]
async fn the_lesson_serves_a_shop_of_its_own() {
    let request = Request::get("/").body(Body::empty()).unwrap();
    let answer = app(MemoryStore::default()).oneshot(request).await.unwrap();
    assert_eq!(answer.headers()[CONTENT_LANGUAGE], "en");
}
