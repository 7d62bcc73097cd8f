//! Tests the claims of lesson 2. The names begin with the number of the article's block (S04 and S18 lifetime,
//! S05 permanent, S06 flags, S14 renewal, S24 settings).

use std::time::Duration;

use axum::{Router, http::header::SET_COOKIE, routing::post};
use checks::{Answer, Browser, Miss, Trial};
use lesson_2::{app, settings::Settings};
use session_inspector::Operation;
use tower_sessions::{Session, SessionManagerLayer};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The book shows the transcript of this test.
fn snapshot(name: &str, trial: &Trial) {
    // Instants, in seconds since 1970, differ in every run.
    let instants = vec![(r"\b\d{10}\b", "…")];
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false, filters => instants }, {
        insta::assert_snapshot!(name, trial.transcript());
    });
}

async fn log_in(visitor: &Browser<'_>, remember: bool) -> Result<Answer, Miss> {
    let name = ("username", "alice");
    let fields = if remember { vec![name, ("remember", "yes")] } else { vec![name] };
    visitor.post("/login", &fields).await
}

/// Whether the app knows the visitor. The request counts as activity.
async fn is_known(visitor: &Browser<'_>) -> Result<bool, Miss> {
    Ok(visitor.get("/get_session").await?.text().contains("Logged in as"))
}

fn set_cookie(answer: &Answer) -> String {
    answer.headers.get(SET_COOKIE).map(|set| set.to_str().unwrap().to_owned()).unwrap_or_default()
}

fn writes(trial: &Trial) -> usize {
    let writes = |operation| matches!(operation, Operation::Create | Operation::Save);
    let calls = trial.exchanges().into_iter().flat_map(|exchange| exchange.calls);
    calls.filter(|call| writes(call.operation)).count()
}

#[tokio::test]
async fn s04_the_cookies_life_and_the_servers_are_two_numbers() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let alice = trial.browser("alice");
    let set = alice.post("/set_session", &[]).await?;
    set.redirects_to("/")?;
    assert!(!set_cookie(&set).contains("Max-Age"), "the cookie ends with the browser");
    assert!(is_known(&alice).await?);
    trial.skip(31 * MINUTE);
    assert!(!is_known(&alice).await?, "the session ended at the server, cookie or not");
    snapshot("two_numbers", &trial);
    Ok(())
}

// ANCHOR: browser_ends
#[tokio::test]
async fn s04_the_end_of_the_browser_ends_the_cookie_and_not_the_session() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let alice = trial.browser("alice");
    alice.post("/set_session", &[]).await?;
    let mallory = alice.copied_by("mallory");
    alice.close();
    assert!(!is_known(&alice).await?);
    assert!(is_known(&mallory).await?, "a copy of the cookie works until the server ends the session");
    Ok(())
}
// ANCHOR_END: browser_ends

#[tokio::test]
async fn s05_a_permanent_session_outlives_the_browser_for_seven_days() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let alice = trial.browser("alice");
    let set = alice.post("/set_permanent_session", &[]).await?;
    set.redirects_to("/")?;
    assert!(set_cookie(&set).contains("Max-Age=604800"), "{}", set_cookie(&set));
    alice.get("/?done=set_permanent").await?.shows("Permanent session data set")?;
    alice.close();
    trial.skip(6 * DAY);
    assert!(is_known(&alice).await?);
    let mallory = alice.copied_by("mallory");
    trial.skip(7 * DAY + MINUTE);
    assert!(!is_known(&alice).await?, "her browser has dropped the cookie");
    assert!(!is_known(&mallory).await?, "and the store the session: a copy that nobody dropped is worth nothing");
    snapshot("permanent", &trial);
    Ok(())
}

#[tokio::test]
async fn s05_remember_me_is_chosen_at_each_login_and_holds_through_later_writes() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let (alice, bob) = (trial.browser("alice"), trial.browser("bob"));
    assert!(set_cookie(&log_in(&alice, true).await?).contains("Max-Age=604800"));
    assert!(!set_cookie(&log_in(&bob, false).await?).contains("Max-Age"));
    let later = alice.post("/set_session", &[]).await?;
    assert!(set_cookie(&later).contains("Max-Age=604800"), "a write keeps what was chosen: {}", set_cookie(&later));
    trial.skip(DAY);
    assert!(is_known(&alice).await?);
    assert!(!is_known(&bob).await?);
    // The same person, this time on a shared computer.
    assert!(!set_cookie(&log_in(&alice, false).await?).contains("Max-Age"));
    Ok(())
}

#[tokio::test]
async fn the_page_reports_the_absolute_limit_to_the_inspector() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let alice = trial.browser("alice");
    let limit = || trial.exchanges().pop().unwrap().life.and_then(|life| life.absolute_until);
    alice.get("/").await?;
    assert_eq!(limit(), None, "there is no session");
    let now = || time::OffsetDateTime::now_utc().unix_timestamp();
    let before = now();
    log_in(&alice, false).await?;
    let after = now();
    alice.get("/").await?;
    let told = limit().unwrap();
    let began = told / 1000 - 8 * 3600;
    assert!((before..=after).contains(&began), "{before} {began} {after}");
    trial.skip(10 * MINUTE);
    alice.get("/").await?;
    assert_eq!(limit(), Some(told), "the limit does not move");
    Ok(())
}

// ANCHOR: forgets
#[tokio::test]
async fn s05_tower_sessions_forgets_an_expiry_with_the_request_that_set_it() -> Result<(), Miss> {
    let trial = Trial::of(|store| {
        let week = Some(tower_sessions::Expiry::OnInactivity(time::Duration::days(7)));
        let login = async move |session: Session| {
            session.insert("username", "alice").await.unwrap();
            session.set_expiry(week);
        };
        let write = async |session: Session| session.insert("theme", "dark").await.unwrap();
        let routes = Router::new().route("/login", post(login)).route("/write", post(write));
        routes.layer(SessionManagerLayer::new(store))
    });
    let alice = trial.browser("alice");
    assert!(set_cookie(&alice.post("/login", &[]).await?).contains("Max-Age=604800"));
    assert!(!set_cookie(&alice.post("/write", &[]).await?).contains("Max-Age"));
    Ok(())
}
// ANCHOR_END: forgets

#[tokio::test]
async fn s18_thirty_one_idle_minutes_end_a_session_and_the_page_says_so() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let alice = trial.browser("alice");
    log_in(&alice, false).await?;
    trial.skip(31 * MINUTE);
    alice.get("/").await?.shows("Your session has ended. Please log in again. You are not logged in")?;
    let page = alice.get("/").await?;
    assert!(!page.text().contains("has ended"), "once is enough: the cookie is gone");
    let stranger = trial.browser("bob");
    assert!(
        !stranger.get("/").await?.text().contains("has ended"),
        "a visitor without a session sees no such sentence"
    );
    Ok(())
}

#[tokio::test]
async fn s18_reading_keeps_a_session_alive() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let alice = trial.browser("alice");
    log_in(&alice, false).await?;
    for _ in 0..10 {
        trial.skip(20 * MINUTE);
        assert!(is_known(&alice).await?);
    }
    Ok(())
}

#[tokio::test]
async fn s18_most_reads_write_nothing() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let alice = trial.browser("alice");
    log_in(&alice, false).await?;
    let written = writes(&trial);
    for _ in 0..20 {
        trial.skip(Duration::from_secs(3));
        assert!(is_known(&alice).await?);
    }
    assert_eq!(writes(&trial), written, "twenty reads in a minute");
    trial.skip(3 * MINUTE);
    assert!(is_known(&alice).await?);
    assert_eq!(writes(&trial), written + 1, "a tenth of the idle time has gone");
    Ok(())
}

#[tokio::test]
async fn s18_a_page_says_how_long_the_session_lives_after_it() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let alice = trial.browser("alice");
    log_in(&alice, false).await?;
    trial.skip(11 * MINUTE);
    let page = alice.get("/").await?; // this request is recorded, so the half hour starts again
    page.shows("Time until the idle timeout 30 minutes")?;
    page.shows("Time until the absolute timeout 7 hours 48 minutes")
}

#[tokio::test]
async fn s18_a_session_ends_a_tenth_early_at_most_and_never_late() -> Result<(), Miss> {
    // The read at minute 2 is not recorded, so the 30 minutes still count from the login.
    for (idle, known) in [(24, true), (29, false)] {
        let trial = Trial::of(app);
        let alice = trial.browser("alice");
        log_in(&alice, false).await?;
        trial.skip(2 * MINUTE);
        assert!(is_known(&alice).await?);
        trial.skip(idle * MINUTE);
        assert_eq!(is_known(&alice).await?, known, "{idle} minutes after the read");
    }
    Ok(())
}

// ANCHOR: eight_hours
#[tokio::test]
async fn s18_eight_hours_end_a_session_even_if_it_is_active() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let alice = trial.browser("alice");
    log_in(&alice, false).await?;
    for _ in 0..47 {
        trial.skip(10 * MINUTE);
        assert!(is_known(&alice).await?);
    }
    trial.skip(9 * MINUTE);
    assert!(is_known(&alice).await?, "7 hours and 59 minutes");
    trial.skip(2 * MINUTE);
    assert!(!is_known(&alice).await?, "8 hours and a minute, the last read two minutes ago");
    Ok(())
}
// ANCHOR_END: eight_hours

#[tokio::test]
async fn s18_a_remembered_session_ends_after_thirty_days_even_if_it_is_active() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let alice = trial.browser("alice");
    log_in(&alice, true).await?;
    for _ in 0..14 {
        trial.skip(2 * DAY);
        assert!(is_known(&alice).await?);
    }
    trial.skip(2 * DAY + MINUTE);
    assert!(!is_known(&alice).await?);
    Ok(())
}

#[tokio::test]
async fn s18_a_login_begins_a_new_life_and_a_write_does_not() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let alice = trial.browser("alice");
    log_in(&alice, false).await?;
    for _ in 0..15 {
        trial.skip(29 * MINUTE);
        alice.post("/set_session", &[]).await?;
    }
    trial.skip(HOUR - 15 * MINUTE);
    assert!(!is_known(&alice).await?, "eight hours after the login, whatever was written since");
    log_in(&alice, false).await?;
    trial.skip(29 * MINUTE);
    assert!(is_known(&alice).await?);
    Ok(())
}

#[tokio::test]
async fn s06_the_cookie_is_secure_httponly_samesite_and_the_hosts_own() -> Result<(), Miss> {
    let trial = Trial::of(app);
    for remember in [false, true] {
        let set = set_cookie(&log_in(&trial.browser("alice"), remember).await?);
        assert!(set.starts_with("__Host-lesson-2="), "{set}");
        for attribute in ["; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"] {
            assert!(set.contains(attribute), "{set}");
        }
        assert!(!set.contains("Domain"), "{set}");
    }
    Ok(())
}

#[tokio::test]
async fn s06_a_browser_obeys_the_removal_of_the_cookie() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let alice = trial.browser("alice");
    let issued = set_cookie(&log_in(&alice, false).await?);
    let id = issued.split(['=', ';']).nth(1).unwrap();
    assert!(alice.holds(id));
    alice.post("/logout", &[]).await?.redirects_to("/")?;
    assert!(!alice.holds(id));
    snapshot("removal", &trial);
    Ok(())
}

/// A browser lets a neighbour set this cookie, because the name does not begin with `__Host-`.
#[tokio::test]
async fn a_neighbours_cookie_under_a_name_that_is_read_as_ours_is_no_session() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let (alice, mallory) = (trial.browser("alice"), trial.browser("mallory"));
    let issued = set_cookie(&log_in(&mallory, false).await?);
    let id = issued.split(['=', ';']).nth(1).unwrap();
    alice.takes_from_neighbour(&format!("%5F%5FHost-lesson-2={id}; Domain=localhost; Path=/; Secure"));
    assert!(alice.holds(id));
    assert!(!is_known(&alice).await?, "alice is nobody, and not mallory");
    log_in(&alice, false).await?;
    assert!(is_known(&alice).await?);
    Ok(())
}

// ANCHOR: unmended
#[tokio::test]
async fn s06_a_browser_does_not_obey_the_removal_that_tower_sessions_sends_for_a_host_cookie() -> Result<(), Miss> {
    let trial = Trial::of(|store| {
        let log_in = async |session: Session| session.insert("username", "alice").await.unwrap();
        let log_out = async |session: Session| session.flush().await.unwrap();
        let routes = Router::new().route("/login", post(log_in)).route("/logout", post(log_out));
        routes.layer(SessionManagerLayer::new(store).with_name("__Host-id"))
    });
    let alice = trial.browser("alice");
    let issued = set_cookie(&alice.post("/login", &[]).await?);
    alice.post("/logout", &[]).await?;
    assert!(alice.holds(issued.split(['=', ';']).nth(1).unwrap()), "the cookie is still there");
    Ok(())
}
// ANCHOR_END: unmended

#[tokio::test]
async fn s14_a_login_renews_the_id() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let alice = trial.browser("alice");
    alice.post("/set_session", &[]).await?;
    let mallory = alice.copied_by("mallory");
    log_in(&alice, false).await?;
    assert!(is_known(&alice).await?);
    assert!(!is_known(&mallory).await?);
    Ok(())
}

#[tokio::test]
async fn s24_the_settings_are_printed_as_they_are() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let page = trial.browser("alice").get("/").await?;
    for words in [
        "idle timeout 30 minutes 7 days",
        "absolute timeout 8 hours 30 days",
        "the cookie ends with the browser 7 days after it was last set",
        "__Host-lesson-2; Secure; HttpOnly; SameSite=Lax; Path=/",
    ] {
        page.shows(words)?;
    }
    let never = tower_sessions::cookie::SameSite::Strict;
    let other = Trial::of(move |store| {
        lesson_2::app_with(Settings { cookie: "other", same_site: never, ..Settings::default() }, store)
    });
    let alice = other.browser("alice");
    alice.get("/").await?.shows("other; Secure; HttpOnly; SameSite=Strict; Path=/")?;
    assert!(set_cookie(&log_in(&alice, false).await?).starts_with("other="));
    Ok(())
}

#[tokio::test]
async fn the_page_shows_the_time_left_and_a_skip_does_not_count_as_activity() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let alice = trial.browser("alice");
    log_in(&alice, false).await?;
    alice
        .get("/")
        .await?
        .shows("Time until the idle timeout 29 minutes Time until the absolute timeout 7 hours 59 minutes")?;
    alice.post("/skip", &[("minutes", "20")]).await?.redirects_to("/")?;
    alice.post("/skip", &[("minutes", "11")]).await?.redirects_to("/")?;
    alice.get("/").await?.shows("Your session has ended")?;
    alice.post("/skip", &[("minutes", "-1")]).await?.has_status(422)
}

#[tokio::test]
async fn reading_logs_nobody_in_or_out() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let alice = trial.browser("alice");
    for path in ["/set_session", "/set_permanent_session", "/login", "/logout", "/skip"] {
        alice.get(path).await?.has_status(405)?;
        alice.head(path).await?.has_status(405)?;
    }
    assert_eq!(writes(&trial), 0);
    Ok(())
}
