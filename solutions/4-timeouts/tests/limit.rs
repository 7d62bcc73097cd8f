//! The absolute limit that the solution reports to the inspector.

use std::time::Duration;

use checks::{Miss, Trial};
use solution_4::{ABSOLUTE, Login, REMEMBERED, app};

/// Returns when a login of a minute ago began, and when it ends according to the inspector, in seconds since 1970.
async fn begins_and_ends(remember: &[(&str, &str)]) -> Result<(i64, i64), Miss> {
    let trial = Trial::of(app);
    let alice = trial.browser("alice");
    alice.post("/login", &[&[("username", "alice"), ("password", "wonderland")], remember].concat()).await?;
    trial.skip(Duration::from_secs(60));
    let seen = alice.get("/protected").await?.exchange;
    let login: Login = serde_json::from_value(seen.session.before.unwrap()[Login::KEY].clone()).unwrap();
    let ends = seen.life.expect("the session goes on").absolute_until.expect("the limit is told");
    Ok((login.began.unix_timestamp(), ends / 1000))
}

#[tokio::test]
async fn the_inspector_shows_when_a_login_ends_even_if_it_is_active() -> Result<(), Miss> {
    for (remember, lasts) in [(&[][..], ABSOLUTE), (&[("remember", "on")], REMEMBERED)] {
        let (begins, ends) = begins_and_ends(remember).await?;
        assert_eq!(ends - begins, lasts.whole_seconds());
    }
    Ok(())
}
