//! Tests several releases of a program over one store, and what a visitor keeps.

use std::{
    future::{pending, ready},
    sync::Arc,
    time::Duration,
};

use axum::{Router, extract::Request, routing::get};
use checks::{Answer, Browser, Miss, Trial};
use lesson_6::release::drain::{Drained, End, rehearse, serve};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::Notify,
    time::Instant,
};
use tower::ServiceExt;

const DAY: Duration = Duration::from_secs(86_400);
const REMEMBERED: &str = "__Host-remembered";

/// Two instances of the lesson over one store: releases 1 and 3 run in the first, and releases 2 and 4 in the second.
fn shop() -> Trial {
    Trial::of(|store| {
        let (first, second) = (lesson_6::app(store.clone()), lesson_6::app(store));
        Router::new().fallback(async move |request: Request| {
            let is_second = request.uri().path().split('/').any(|part| matches!(part, "2" | "4"));
            if is_second { second.oneshot(request).await } else { first.oneshot(request).await }
        })
    })
}

fn path(way: &str, release: u8) -> String {
    format!("/release/{way}/{release}")
}

async fn add(who: &Browser<'_>, item: &str, way: &str, release: u8) -> Result<Answer, Miss> {
    who.post(&format!("{}/add/{item}", path(way, release)), &[]).await
}

#[tokio::test]
async fn a_field_that_is_renamed_in_one_release_fails_beside_the_old_program() -> Result<(), Miss> {
    for (old, new) in [(1, 2), (2, 1)] {
        let trial = shop();
        let alice = trial.browser("alice");
        add(&alice, "cup", "renamed", old).await?.redirects_to(&path("renamed", old))?;
        alice.get(&path("renamed", old)).await?.shows("Your cart: cup")?;
        add(&alice, "cup", "renamed", new).await?.has_status(500)?;
        alice.get(&path("renamed", new)).await?.has_status(500)?;
        alice.get(&path("renamed", old)).await?.shows("Your cart: cup")?;
    }
    Ok(())
}

#[tokio::test]
async fn a_default_for_each_field_loses_the_cart_silently() -> Result<(), Miss> {
    let trial = shop();
    let alice = trial.browser("alice");
    add(&alice, "teapot", "silent", 1).await?.redirects_to("/release/silent/1")?;
    alice.get("/release/silent/2").await?.shows("Your cart is empty")?;
    add(&alice, "cup", "silent", 2).await?.redirects_to("/release/silent/2")?;
    alice.get("/release/silent/2").await?.shows("Your cart: cup")?;
    alice.get("/release/silent/1").await?.shows("Your cart is empty")?;
    insta::assert_snapshot!("silent", trial.transcript());
    Ok(())
}

#[tokio::test]
async fn each_release_reads_what_its_neighbors_write_and_loses_nothing() -> Result<(), Miss> {
    let trial = shop();
    let alice = trial.browser("alice");
    let mut cups = 0;
    for (old, new) in [(1, 2), (2, 3), (3, 4)] {
        for release in [old, new, old, new] {
            add(&alice, "cup", "versioned", release).await?.redirects_to(&path("versioned", release))?;
            cups += 1;
            let all = if cups == 1 { "Your cart: cup".to_owned() } else { format!("Your cart: cup × {cups}") };
            alice.get(&path("versioned", old)).await?.shows(&all)?;
            alice.get(&path("versioned", new)).await?.shows(&all)?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_full_cart_takes_no_more_in_any_release() -> Result<(), Miss> {
    for (way, releases) in [("renamed", [1, 1]), ("renamed", [2, 2]), ("silent", [1, 1]), ("versioned", [2, 3])] {
        let trial = shop();
        let alice = trial.browser("alice");
        for count in 0..99 {
            let release = releases[count % 2];
            add(&alice, "cup", way, release).await?.redirects_to(&path(way, release))?;
        }
        for release in releases {
            let answer = add(&alice, "teapot", way, release).await?;
            answer.has_status(422)?;
            assert_eq!(answer.body, "Your cart is full, and unchanged.\n");
            let page = alice.get(&path(way, release)).await?;
            assert!(page.body.contains("Your cart: cup") && !page.body.contains("teapot,"), "{}", page.body);
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_release_can_be_rolled_back_to_the_one_before_it() -> Result<(), Miss> {
    for (old, new) in [(1, 2), (2, 3), (3, 4)] {
        let trial = shop();
        let alice = trial.browser("alice");
        add(&alice, "teapot", "versioned", new).await?.redirects_to(&path("versioned", new))?;
        add(&alice, "teapot", "versioned", old).await?.redirects_to(&path("versioned", old))?;
        alice.get(&path("versioned", old)).await?.shows("Your cart: teapot × 2")?;
    }
    Ok(())
}

#[tokio::test]
async fn a_release_that_is_skipped_is_refused_and_the_cart_stays() -> Result<(), Miss> {
    for (old, new) in [(3, 1), (4, 1), (1, 4), (2, 4)] {
        let trial = shop();
        let alice = trial.browser("alice");
        add(&alice, "cup", "versioned", old).await?.redirects_to(&path("versioned", old))?;
        let page = alice.get(&path("versioned", new)).await?;
        let answer = add(&alice, "cup", "versioned", new).await?;
        for refused in [page, answer] {
            refused.has_status(503)?;
            assert!(refused.body.contains("Your cart is unchanged"), "{refused:?}");
            assert!(refused.headers.contains_key("retry-after"), "{refused:?}");
        }
        alice.get(&path("versioned", old)).await?.shows("Your cart: cup")?;
    }
    Ok(())
}

#[tokio::test]
async fn the_old_program_keeps_a_field_that_it_does_not_know() -> Result<(), Miss> {
    let trial = shop();
    let alice = trial.browser("alice");
    add(&alice, "cup", "versioned", 2).await?.redirects_to("/release/versioned/2")?;
    add(&alice, "teapot", "versioned", 1).await?.redirects_to("/release/versioned/1")?;
    alice.get("/release/versioned/2").await?.shows("Your cart: cup, teapot (last addition noted by release 2)")?;
    insta::assert_snapshot!("unknown", trial.transcript());
    Ok(())
}

#[tokio::test]
async fn an_unknown_item_and_an_unknown_release_get_an_answer_that_says_so() -> Result<(), Miss> {
    let trial = shop();
    let alice = trial.browser("alice");
    add(&alice, "yacht", "versioned", 1).await?.has_status(404)?;
    alice.get("/release/key/5").await?.has_status(404)?;
    alice.get("/release/key/x").await?.has_status(404)?;
    alice.post("/release/key/5/remember", &[("name", "alice")]).await?.has_status(404)?;
    alice.post("/release/key/1/remember", &[("name", "a.b")]).await?.has_status(422)?;
    alice.post("/release/end/somehow", &[]).await?.has_status(404)?;
    alice.get("/release/versioned/1/add/cup").await?.has_status(405)
}

async fn is_remembered(who: &Browser<'_>, release: u8) -> Result<bool, Miss> {
    let page = who.get(&path("key", release)).await?;
    page.has_status(200)?;
    Ok(page.text().contains("You are alice"))
}

async fn remembered_by(trial: &Trial, release: u8) -> Result<Browser<'_>, Miss> {
    let alice = trial.browser("alice");
    alice.post(&format!("/release/key/{release}/remember"), &[("name", "alice")]).await?;
    Ok(alice)
}

#[tokio::test]
async fn a_key_that_is_replaced_at_once_logs_everybody_out() -> Result<(), Miss> {
    let trial = shop();
    let alice = remembered_by(&trial, 1).await?;
    assert!(is_remembered(&alice, 1).await?);
    assert!(!is_remembered(&alice, 4).await?);
    Ok(())
}

#[tokio::test]
async fn a_key_that_signs_before_every_instance_knows_it_logs_out_now_and_then() -> Result<(), Miss> {
    let trial = shop();
    let alice = remembered_by(&trial, 3).await?;
    for _ in 0..2 {
        assert!(is_remembered(&alice, 3).await?);
        assert!(!is_remembered(&alice, 1).await?);
    }
    Ok(())
}

#[tokio::test]
async fn a_key_is_replaced_in_three_releases_and_nobody_is_logged_out() -> Result<(), Miss> {
    let trial = shop();
    let alice = remembered_by(&trial, 1).await?;
    let first = alice.cookie(REMEMBERED);
    for (old, new) in [(1, 2), (2, 3)] {
        for release in [old, new, old, new] {
            assert!(is_remembered(&alice, release).await?, "{release}");
        }
    }
    assert_ne!(alice.cookie(REMEMBERED), first, "release 3 signs again");
    for release in [3, 4, 3, 4] {
        assert!(is_remembered(&alice, release).await?, "{release}");
    }
    Ok(())
}

#[tokio::test]
async fn a_new_signature_makes_a_cookie_no_younger() -> Result<(), Miss> {
    let trial = shop();
    let alice = remembered_by(&trial, 1).await?;
    trial.skip(13 * DAY);
    assert!(is_remembered(&alice, 3).await?);
    // Anyone who has a copy of the cookie can ignore its `Max-Age`.
    let copy = alice.copied_by("mallory");
    trial.skip(DAY + DAY / 2);
    assert!(!is_remembered(&copy, 3).await?);
    assert!(!is_remembered(&copy, 4).await?);
    Ok(())
}

#[tokio::test]
async fn no_release_accepts_a_value_that_none_of_its_keys_has_signed() -> Result<(), Miss> {
    let trial = shop();
    let alice = remembered_by(&trial, 1).await?;
    let signed = alice.cookie(REMEMBERED).unwrap_or_default();
    let forged = signed.replace("alice", "carol");
    assert_ne!(signed, forged, "the name can be read");
    for release in 1..=4 {
        let mallory = trial.browser("mallory");
        mallory.takes(&format!("{REMEMBERED}={forged}"));
        let page = mallory.get(&path("key", release)).await?;
        page.shows("You are not remembered")?;
        assert!(!page.headers.contains_key("set-cookie"), "{page:?}");
    }
    Ok(())
}

#[tokio::test]
async fn an_instance_that_drains_answers_what_it_has_begun_and_takes_nothing_new() {
    let steps = rehearse(End::Drains).await.unwrap();
    insta::assert_snapshot!("drains", told(&steps));
}

#[tokio::test]
async fn an_instance_that_is_killed_loses_what_it_has_begun_and_no_session() {
    let steps = rehearse(End::IsKilled).await.unwrap();
    insta::assert_snapshot!("killed", told(&steps));
}

fn told(steps: &[lesson_6::release::drain::Step]) -> String {
    steps.iter().map(ToString::to_string).collect()
}

/// The paused clock does not move while a task can run. When all tasks wait, it moves on to the next limit.
#[tokio::test(start_paused = true)]
async fn a_request_that_never_ends_does_not_keep_an_instance_from_ending() {
    let begun = Arc::<Notify>::default();
    let begins = begun.clone();
    let hangs = move || {
        begins.notify_one();
        pending::<()>()
    };
    let app = Router::new().route("/", get(hangs));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let told = async move { begun.notified().await };
    let server = tokio::spawn(serve(listener, app, told, ready(()), Duration::from_secs(10)));
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let sent = Instant::now();
    assert_eq!(server.await.unwrap().unwrap(), Drained::Some);
    assert_eq!(sent.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn an_instance_that_has_nothing_to_do_ends_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    assert_eq!(serve(listener, Router::new(), ready(()), ready(()), DAY).await.unwrap(), Drained::All);
}

#[tokio::test]
async fn the_demo_rehearses_the_end_of_an_instance_and_shows_the_result() -> Result<(), Miss> {
    let trial = shop();
    let alice = trial.browser("alice");
    alice.post("/release/end/drains", &[]).await?.redirects_to("/release")?;
    alice.get("/release").await?.shows("alice has ordered a teapot")?;
    alice.post("/release/end/killed", &[]).await?.redirects_to("/release")?;
    alice.get("/release").await?.shows("alice has ordered nothing")
}
