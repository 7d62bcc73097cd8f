//! The book's pictures: sequence diagrams of the exchanges that the inspector recorded while a lesson was played.
//!
//! A picture is a snapshot that a page includes. `INSTA_UPDATE=always cargo test --test pictures` draws all of them
//! again.

mod drawing;
mod recorded;

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    http::{Request, header::COOKIE, header::SET_COOKIE},
};
use checks::{Miss, StoryStep, Trial};
use drawing::Picture;
use lesson_4::{
    attack::{Attack, Run},
    defence::{Defences, password::Passwords},
};
use lesson_5::shop::Shop;
use session_inspector::{Exchange, Inspector};
use tower::ServiceExt;
use tower_sessions::MemoryStore;

/// Compares the picture `name` with its snapshot.
fn keep(name: &str, picture: &Picture) {
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(name, picture.svg(name)) });
}

/// Compares the picture of this story with its snapshot.
fn keep_story(name: &str, title: &str, actors: &[&str], story: &[StoryStep]) {
    let mut picture = Picture::of(title, actors);
    recorded::story(&mut picture, story);
    keep(name, &picture);
}

/// Runs an attack of lesson 4 on the shop without defenses, and returns its story.
async fn attack(id: &str) -> Result<Vec<StoryStep>, Miss> {
    let attack = Attack::named(id).unwrap_or_else(|| panic!("there is no attack {id}"));
    let Run { succeeded, story, .. } = attack.run(Defences::none()).await?;
    assert!(succeeded, "{id}");
    Ok(story)
}

#[tokio::test]
async fn a_visitor_is_remembered() -> Result<(), Miss> {
    let trial = Trial::of(lesson_1::app);
    let alice = trial.browser("alice");
    alice.post("/set_session", &[]).await?;
    alice.get("/get_session").await?;
    let title = "A session: the server gives alice an ID, and recognizes her by it";
    keep_story("remembered", title, &["alice", "server", "store"], &trial.story());
    Ok(())
}

#[tokio::test]
async fn a_login_takes_the_cart_along_under_a_new_id() -> Result<(), Miss> {
    let shop = Shop::in_memory(Passwords::quick());
    let trial = Trial::of(move |store| lesson_5::app_with(shop.clone(), store));
    let alice = trial.browser("alice");
    alice.post("/add_to_cart/teapot", &[]).await?;
    let copy = alice.copied_by("mallory");
    alice.post("/login", &[("username", "alice"), ("password", "a cup of tea")]).await?;
    trial.skip(Duration::from_secs(60)); // the old ID leads to the session for thirty seconds
    copy.get("/profile").await?;
    let title = "A login: the session goes on under a new ID, and a copy of the old one is worth nothing";
    keep_story("login", title, &["alice", "mallory", "server", "store"], &trial.story());
    Ok(())
}

#[tokio::test]
async fn mallory_plants_an_id() -> Result<(), Miss> {
    let title = "Session fixation: alice logs in under an ID that mallory knows";
    keep_story("fixation", title, &["alice", "mallory", "server", "store"], &attack("planted-id").await?);
    Ok(())
}

#[tokio::test]
async fn a_form_of_another_site_buys() -> Result<(), Miss> {
    let title = "Cross-site request forgery: alice's browser adds her cookie to a request that mallory's page began";
    keep_story("csrf", title, &["alice", "server", "store"], &attack("csrf-by-form").await?);
    Ok(())
}

#[tokio::test]
async fn a_slow_request_undoes_a_logout() -> Result<(), Miss> {
    let story = attack("resurrected").await?;
    let copied = story.iter().position(|step| step.who == "mallory").unwrap();
    let title = "The logout race: what was loaded before the logout is saved after it";
    keep_story("logout-race", title, &["alice", "mallory", "server", "store"], &story[copied..]);
    Ok(())
}

#[tokio::test]
async fn two_instances_are_one_over_a_shared_store() {
    let inspector = Inspector::default();
    let store = inspector.observe(MemoryStore::default());
    let [one, two] = [(); 2].map(|()| inspector.wrap(lesson_3::app(store.clone())));
    let title = "Two instances, one store: both know alice, and a logout at one is a logout at both";
    let mut picture = Picture::of(title, &["alice", "instance 1", "instance 2", "store"]);
    let mut cookie = String::new();
    for (method, path, instance, name) in [
        ("POST", "/set_session", &one, "instance 1"),
        ("GET", "/get_session", &two, "instance 2"),
        ("POST", "/logout", &two, "instance 2"),
        ("GET", "/get_session", &one, "instance 1"),
    ] {
        let (exchange, set) = send(&inspector, instance, method, path, &cookie).await;
        recorded::exchange(&mut picture, "alice", name, &exchange);
        // A browser would drop the cookie at the logout. It is kept here, like a copy.
        if !set.ends_with('=') && !set.is_empty() {
            cookie = set;
        }
    }
    keep("instances", &picture);
}

/// Sends this request. Returns its exchange in the inspector, and the cookie that was set.
async fn send(inspector: &Inspector, app: &Router, method: &str, path: &str, cookie: &str) -> (Exchange, String) {
    let request = Request::builder().method(method).uri(path).header("host", "localhost");
    let request = if cookie.is_empty() { request } else { request.header(COOKIE, cookie) };
    let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let set = response.headers().get(SET_COOKIE).map_or("", |set| set.to_str().unwrap());
    let set = set.split(';').next().unwrap_or_default().to_owned();
    // The inspector records the exchange at the end of the body.
    axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (inspector.exchanges().pop().unwrap(), set)
}
