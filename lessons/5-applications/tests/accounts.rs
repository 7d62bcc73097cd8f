//! Tests accounts, logins and orders: when they end, what stays, and what a page says when the database fails.

use std::{future::pending, path::Path, time::Duration};

use async_trait::async_trait;
use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use checks::{Answer, Browser, Miss, Trial};
use futures_util::future::join_all;
use lesson_4::defence::password::Passwords;
use lesson_5::{app_with, app_within, shop::Shop};
use sqlx::{Connection, SqliteConnection, query, query_scalar, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use time::OffsetDateTime;
use tower::ServiceExt;
use tower_sessions::{
    MemoryStore, SessionStore,
    session::{Id, Record},
    session_store::Error,
};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn shop() -> Trial {
    serving(Shop::in_memory(Passwords::quick()))
}

fn serving(shop: Shop) -> Trial {
    Trial::of(move |store| app_with(shop.clone(), store))
}

/// Serves a shop whose database is a file. Returns it with a second connection to the database.
async fn shop_in_file(folder: &TempDir) -> (Trial, SqliteConnection) {
    let file = folder.path().join("shop.db");
    let shop = Shop::in_file(&file, Passwords::quick());
    shop.open().await.unwrap();
    (serving(shop), connect(&file).await)
}

async fn connect(file: &Path) -> SqliteConnection {
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(file).create_if_missing(true)).await.unwrap()
}

async fn run(database: &mut SqliteConnection, statements: &[&'static str]) {
    for statement in statements {
        query(*statement).execute(&mut *database).await.unwrap();
    }
}

async fn log_in(who: &Browser<'_>, name: &str, password: &str) -> Result<Answer, Miss> {
    who.post("/login", &[("username", name), ("password", password)]).await
}

async fn register(who: &Browser<'_>, name: &str) -> Result<Answer, Miss> {
    who.post("/register", &[("username", name), ("password", "a red umbrella")]).await
}

async fn change_password(who: &Browser<'_>) -> Result<Answer, Miss> {
    who.post("/password", &[("password", "a cup of tea"), ("new_password", "two cups of tea")]).await
}

async fn is_alice(who: &Browser<'_>) -> Result<(), Miss> {
    log_in(who, "alice", "a cup of tea").await?.redirects_to("/profile")
}

#[tokio::test]
async fn the_inspector_shows_when_a_login_ends_even_if_it_is_active() -> Result<(), Miss> {
    let trial = shop();
    let alice = trial.browser("alice");
    let now = || OffsetDateTime::now_utc().unix_timestamp();
    let before = now();
    log_in(&alice, "alice", "a cup of tea").await?.redirects_to("/profile")?;
    let begun = before..=now();
    for _ in 0..2 {
        let life = alice.get("/view_cart").await?.exchange.life.expect("a session goes on");
        let ends = life.absolute_until.expect("the lesson tells of its limit") / 1000;
        assert!(begun.contains(&(ends - 7 * 24 * 60 * 60)), "{ends} {begun:?}");
        trial.skip(MINUTE);
    }
    Ok(())
}

#[tokio::test]
async fn a_login_ends_after_a_week_even_if_it_is_active() -> Result<(), Miss> {
    let trial = shop();
    let alice = trial.browser("alice");
    is_alice(&alice).await?;
    for _ in 0..13 {
        trial.skip(DAY / 2);
        alice.get("/profile").await?.shows("Logged in as alice")?;
    }
    trial.skip(DAY / 2 - MINUTE);
    alice.get("/profile").await?.shows("Logged in as alice")?;
    trial.skip(MINUTE);
    alice.get("/profile").await?.shows("You are not logged in")?;
    is_alice(&alice).await
}

#[tokio::test]
async fn a_thousand_years_later_people_still_log_in() -> Result<(), Miss> {
    let trial = shop();
    for _ in 0..900 {
        trial.skip(3650 * DAY);
    }
    let alice = trial.browser("alice");
    log_in(&alice, "alice", "a guess").await?.has_status(401)?;
    is_alice(&alice).await
}

#[tokio::test]
async fn a_login_over_a_login_leaves_no_row_of_the_first() -> Result<(), Miss> {
    let trial = shop();
    let [alice, phone] = ["alice", "her phone"].map(|who| trial.browser(who));
    for _ in 0..3 {
        is_alice(&alice).await?;
    }
    assert_eq!(alice.get("/sessions").await?.body.matches("<td>checks</td>").count(), 1);
    is_alice(&phone).await?;
    log_in(&alice, "bob", "a long walk home").await?.redirects_to("/profile")?;
    assert_eq!(phone.get("/sessions").await?.body.matches("<td>checks</td>").count(), 1, "bob is there now");
    Ok(())
}

#[tokio::test]
async fn expired_logins_are_removed_a_hundred_at_a_time() -> Result<(), Miss> {
    let folder = tempfile::tempdir().unwrap();
    let (trial, mut database) = shop_in_file(&folder).await;
    run(
        &mut database,
        &["with recursive many(n) as (select 1 union all select n + 1 from many where n < 250)
           insert into logins (handle, agent, account, begun, seen) select 'old ' || n, '', 1, 0, 0 from many"],
    )
    .await;
    let mut left = Vec::new();
    for who in ["alice", "her phone", "her tablet"] {
        is_alice(&trial.browser(who)).await?;
        let count: i64 = query_scalar("select count(*) from logins").fetch_one(&mut database).await.unwrap();
        left.push(count);
    }
    assert_eq!(left, [151, 52, 3]);
    Ok(())
}

#[tokio::test]
async fn that_a_login_was_used_is_written_down_once_a_minute() -> Result<(), Miss> {
    let folder = tempfile::tempdir().unwrap();
    let (trial, mut database) = shop_in_file(&folder).await;
    let alice = trial.browser("alice");
    is_alice(&alice).await?;
    let mut seen: Vec<i64> = Vec::new();
    for _ in 0..3 {
        alice.get("/profile").await?;
        seen.push(query_scalar("select seen from logins").fetch_one(&mut database).await.unwrap());
        trial.skip(MINUTE / 2);
    }
    assert_eq!(seen[0], seen[1], "half a minute later");
    assert!(seen[2] >= seen[0] + 60, "{seen:?}");
    Ok(())
}

#[tokio::test]
async fn the_orders_of_a_deleted_account_are_kept() -> Result<(), Miss> {
    let folder = tempfile::tempdir().unwrap();
    let (trial, mut database) = shop_in_file(&folder).await;
    let (alice, carol) = (trial.browser("alice"), trial.browser("carol"));
    is_alice(&alice).await?;
    alice.post("/add_to_cart/teapot", &[]).await?;
    let forms = alice.get("/view_cart").await?.forms();
    let token = forms.iter().flat_map(|form| &form.fields).find(|field| field.name == "token").unwrap();
    alice.post("/checkout", &[("token", &token.value)]).await?.redirects_to("/view_cart")?;
    log_in(&carol, "carol", "nine green bottles").await?;
    carol.post("/accounts/1/delete", &[]).await?.redirects_to("/dashboard")?;
    let kept: (String, String, Option<i64>) =
        sqlx::query_as("select name, items, account from orders").fetch_one(&mut database).await.unwrap();
    assert_eq!(kept, ("alice".to_owned(), "teapot".to_owned(), None));
    // The next user with this name does not get the orders.
    register(&alice, "alice").await?.redirects_to("/profile")?;
    alice.get("/profile").await?.shows("None yet.")
}

#[tokio::test]
async fn a_database_of_the_first_version_keeps_what_is_in_it() -> Result<(), Miss> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.db");
    let hash = Passwords::quick().hash("a red umbrella".to_owned()).await.unwrap();
    let mut database = connect(&file).await;
    run(
        &mut database,
        &[
            "create table accounts (
                id integer primary key, name text not null unique, hash text not null, role text not null)",
            "create table logins (
                id integer primary key, handle text not null unique, agent text not null,
                account integer not null references accounts on delete cascade,
                begun integer not null, seen integer not null)",
            "create table orders (
                token text primary key, items text not null, bought integer not null,
                account integer not null references accounts on delete cascade)",
            "create index logins_seen on logins (seen)",
            "insert into accounts values (7, 'dora', '', 'admin')",
            "insert into logins values (3, 'a handle', 'a phone', 7, 1, 1)",
            "insert into orders values ('a token', 'tray', 1, 7)",
        ],
    )
    .await;
    query("update accounts set hash = ?").bind(hash).execute(&mut database).await.unwrap();
    for _ in 0..2 {
        let trial = serving(Shop::in_file(&file, Passwords::quick()));
        let dora = trial.browser("dora");
        log_in(&dora, "dora", "a red umbrella").await?.redirects_to("/profile")?;
        dora.get("/profile").await?.shows("tray")?;
    }
    let orders: Vec<(String, Option<i64>)> =
        sqlx::query_as("select name, account from orders").fetch_all(&mut database).await.unwrap();
    assert_eq!(orders, [("dora".to_owned(), Some(7))]);
    Ok(())
}

const SECOND_VERSION: [&str; 9] = [
    "create table accounts (
        id integer primary key, name text not null unique, hash text not null, role text not null)",
    "create table logins (
        id integer primary key, handle text not null unique, agent text not null,
        account integer not null references accounts on delete cascade,
        begun integer not null, seen integer not null, confirmed integer not null default 0)",
    "create index logins_seen on logins (seen)",
    "create index logins_begun on logins (begun)",
    "create table orders (
        token text primary key, items text not null, bought integer not null, name text not null,
        account integer references accounts on delete set null)",
    "create table secrets (name text primary key, value blob not null)",
    "insert into accounts values (7, 'dora', 'a hash', 'admin'), (9, 'emil', 'another', 'user')",
    "insert into logins values (3, 'a handle', 'a phone', 7, 1, 2, 3)",
    "insert into orders values ('1', 'tray', 1, 'dora', 7), ('2', 'cup', 2, 'fay', null)",
];

#[tokio::test]
async fn a_database_whose_numbers_came_back_keeps_them_all_and_uses_none_of_them_again() -> Result<(), Miss> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.db");
    let mut database = connect(&file).await;
    run(&mut database, &SECOND_VERSION).await;
    for _ in 0..2 {
        Shop::in_file(&file, Passwords::quick()).open().await.unwrap();
    }
    let rows = "select group_concat(row, ' ') from (
        select id || name || hash || role as row from accounts
        union all select id || handle || agent || account || begun || seen || confirmed from logins
        union all select token || items || bought || name || ifnull(account, '-') from orders)";
    let kept: String = query_scalar(rows).fetch_one(&mut database).await.unwrap();
    assert_eq!(kept, "7doraa hashadmin 9emilanotheruser 3a handlea phone7123 1tray1dora7 2cup2fay-");
    run(
        &mut database,
        &[
            "delete from accounts where id = 9",
            "insert into accounts (name, hash, role) values ('gil', '', 'user')",
            "delete from logins",
            "insert into logins (handle, agent, account, begun, seen) values ('new', '', 7, 1, 1)",
        ],
    )
    .await;
    let numbers: (i64, i64) = sqlx::query_as("select accounts.id, logins.id from accounts, logins where name = 'gil'")
        .fetch_one(&mut database)
        .await
        .unwrap();
    assert_eq!(numbers, (10, 4));
    let left: i64 = query_scalar("select count(*) from sqlite_master where name like 'old_%' or sql like '%old_%'")
        .fetch_one(&mut database)
        .await
        .unwrap();
    assert_eq!(left, 0);
    Ok(())
}

#[tokio::test]
async fn a_button_on_an_old_page_does_not_act_on_a_stranger() -> Result<(), Miss> {
    let trial = shop();
    let [carol, dora, emil] = ["carol", "dora", "emil"].map(|who| trial.browser(who));
    log_in(&carol, "carol", "nine green bottles").await?.redirects_to("/profile")?;
    register(&dora, "dora").await?.redirects_to("/profile")?;
    carol.post("/accounts/4/delete", &[]).await?.redirects_to("/dashboard")?;
    register(&emil, "emil").await?.redirects_to("/profile")?;
    carol.post("/accounts/4/role", &[("role", "admin")]).await?.has_status(409)?;
    carol.post("/accounts/4/end_sessions", &[]).await?;
    carol.post("/accounts/4/delete", &[]).await?.has_status(409)?;
    let page = emil.get("/dashboard").await?;
    page.shows("Welcome to the user dashboard")
}

/// Changes that another request makes after a password was verified and before its login is recorded.
const MEANWHILE: [(&str, &str); 2] = [
    ("a new password", "create trigger meanwhile after delete on logins begin update accounts set hash = ''; end"),
    ("a deletion", "create trigger meanwhile after delete on logins begin delete from accounts where id = 1; end"),
];

#[tokio::test]
async fn what_was_verified_before_a_change_is_refused_like_a_wrong_password() -> Result<(), Miss> {
    for (what, meanwhile) in MEANWHILE {
        let folder = tempfile::tempdir().unwrap();
        let (trial, mut database) = shop_in_file(&folder).await;
        let alice = trial.browser("alice");
        is_alice(&alice).await?;
        run(&mut database, &[meanwhile]).await;
        let late = log_in(&alice, "alice", "a cup of tea").await?;
        assert_eq!(late.status, 401, "{what}: {late:?}");
        assert!(late.text().contains("Invalid credentials"), "{what}: {late:?}");
    }
    Ok(())
}

/// Triggers that make a transaction fail in the middle.
const NO_LOGIN_ENDS: &str =
    "create trigger fault before delete on logins begin select raise(abort, 'the disk has failed'); end";
const NO_LOGIN_BEGINS: &str =
    "create trigger fault before insert on logins begin select raise(abort, 'the disk has failed'); end";

#[tokio::test]
async fn an_incomplete_change_is_rolled_back_and_no_page_shows_the_databases_error() -> Result<(), Miss> {
    let folder = tempfile::tempdir().unwrap();
    let (trial, mut database) = shop_in_file(&folder).await;
    let [alice, phone, dora] = ["alice", "her phone", "dora"].map(|who| trial.browser(who));
    is_alice(&alice).await?;
    is_alice(&phone).await?;
    run(&mut database, &[NO_LOGIN_ENDS]).await;
    nothing_was_done(&change_password(&alice).await?)?;
    phone.get("/profile").await?.shows("Logged in as alice")?;
    run(&mut database, &["drop trigger fault", NO_LOGIN_BEGINS]).await;
    nothing_was_done(&register(&dora, "dora").await?)?;
    dora.get("/profile").await?.shows("You are not logged in")?;
    run(&mut database, &["drop trigger fault"]).await;
    register(&dora, "dora").await?.redirects_to("/profile")?;
    is_alice(&phone).await?;
    change_password(&alice).await?.redirects_to("/sessions")?;
    phone.get("/profile").await?.shows("You are not logged in")
}

const A_FULL_DISK: &str =
    "create trigger fault before insert on logins begin select raise(rollback, 'a full disk'); end";

#[tokio::test]
async fn when_the_disk_has_room_again_people_log_in_again() -> Result<(), Miss> {
    let folder = tempfile::tempdir().unwrap();
    let (trial, mut database) = shop_in_file(&folder).await;
    let alice = trial.browser("alice");
    run(&mut database, &[A_FULL_DISK]).await;
    for _ in 0..3 {
        nothing_was_done(&log_in(&alice, "alice", "a cup of tea").await?)?;
    }
    run(&mut database, &["drop trigger fault"]).await;
    is_alice(&alice).await
}

fn nothing_was_done(answer: &Answer) -> Result<(), Miss> {
    answer.has_status(503)?;
    assert_eq!(answer.body, "The shop's database does not answer, so nothing was done. Please try again.\n");
    assert_eq!(answer.headers["retry-after"], "2");
    Ok(())
}

#[tokio::test]
async fn an_unknown_outcome_is_not_reported_as_no_change() -> Result<(), Miss> {
    let folder = tempfile::tempdir().unwrap();
    let (trial, mut database) = shop_in_file(&folder).await;
    run(
        &mut database,
        &[
            "create table faults (account integer references accounts deferrable initially deferred)",
            "create trigger fault after insert on logins begin insert into faults values (-1); end",
        ],
    )
    .await;
    let answer = log_in(&trial.browser("alice"), "alice", "a cup of tea").await?;
    answer.has_status(503)?;
    assert_eq!(answer.body, "The shop's database did not say whether that was done. Check before you do it again.\n");
    run(&mut database, &["drop trigger fault"]).await;
    is_alice(&trial.browser("alice")).await
}

/// Each write waits for a second at most. Five at once used to wait for 25 seconds.
#[tokio::test]
async fn a_locked_database_is_reported_soon_and_reads_continue() -> Result<(), Miss> {
    let folder = tempfile::tempdir().unwrap();
    let (trial, mut database) = shop_in_file(&folder).await;
    let alice = trial.browser("alice");
    is_alice(&alice).await?;
    run(&mut database, &["begin immediate"]).await;
    let crowd: Vec<_> = (0..5).map(|_| trial.browser("somebody")).collect();
    let logins = join_all(crowd.iter().map(|browser| log_in(browser, "alice", "a cup of tea")));
    for answer in tokio::time::timeout(Duration::from_secs(4), logins).await.expect("they are answered soon") {
        nothing_was_done(&answer?)?;
    }
    alice.get("/profile").await?.shows("Logged in as alice")?;
    run(&mut database, &["rollback"]).await;
    is_alice(&alice).await
}

#[tokio::test]
async fn requests_that_are_dropped_take_no_account_along() -> Result<(), Miss> {
    let shop = Shop::in_memory(Passwords::quick());
    let trial = serving(shop.clone());
    register(&trial.browser("dora"), "dora").await?.redirects_to("/profile")?;
    let app = app_with(shop, MemoryStore::default());
    for steps in (0..300).map(|number| number % 30) {
        let request = Request::post("/login").header("content-type", "application/x-www-form-urlencoded");
        let request = request.header("sec-fetch-site", "same-origin");
        let login = app.clone().oneshot(request.body(Body::from("username=nobody&password=a guess")).unwrap());
        tokio::select! {
            biased;
            _ = login => {}
            () = pass(steps) => {} // as when the visitor closes the connection
        }
    }
    log_in(&trial.browser("dora"), "dora", "a red umbrella").await?.redirects_to("/profile")
}

async fn pass(steps: usize) {
    for _ in 0..steps {
        tokio::task::yield_now().await;
    }
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_can_read_the_database() -> Result<(), Miss> {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let new = folder.path().join("new").join("shop.db");
    let old = folder.path().join("shop.db");
    std::fs::write(&old, "").unwrap();
    std::fs::set_permissions(&old, PermissionsExt::from_mode(0o644)).unwrap();
    for file in [&new, &old] {
        let trial = serving(Shop::in_file(file, Passwords::quick()));
        is_alice(&trial.browser("alice")).await?;
        for ending in ["db", "db-wal", "db-shm"] {
            assert_eq!(mode(&file.with_extension(ending)), 0o600, "{file:?} {ending}");
        }
    }
    assert_eq!(mode(new.parent().unwrap()), 0o700);
    Ok(())
}

#[tokio::test]
async fn an_address_makes_ten_accounts_at_once_and_then_one_in_six_minutes() -> Result<(), Miss> {
    let trial = shop();
    let mallory = trial.browser("mallory");
    for number in 0..9 {
        register(&mallory, &format!("mallory-{number}")).await?.redirects_to("/profile")?;
    }
    register(&mallory, "alice").await?.has_status(409)?; // a taken name counts as well
    let refused = register(&mallory, "bob").await?;
    refused.has_status(429)?;
    assert_eq!(refused.body, "Too many new accounts. Please try again in 6 minutes.\n");
    let dora = trial.browser("dora");
    dora.moves_to([192, 0, 2, 7].into(), "dora's browser");
    register(&dora, "dora").await?.redirects_to("/profile")?;
    trial.skip(6 * MINUTE);
    register(&mallory, "mallory-9").await?.redirects_to("/profile")
}

#[tokio::test]
async fn a_wrong_password_is_counted_wherever_it_is_asked_for() -> Result<(), Miss> {
    let trial = shop();
    let alice = trial.browser("alice");
    is_alice(&alice).await?;
    let change = [("password", "a guess"), ("new_password", "two cups of tea")];
    for _ in 0..3 {
        alice.post("/password", &change).await?.has_status(403)?;
    }
    for _ in 0..2 {
        alice.post("/sessions/confirm", &[("password", "a guess")]).await?.has_status(403)?;
    }
    alice.post("/password", &change).await?.has_status(429)?;
    alice.post("/sessions/confirm", &[("password", "a guess")]).await?.has_status(429)?;
    log_in(&alice, "alice", "a cup of tea").await?.has_status(429)
}

#[tokio::test]
async fn a_browser_that_is_known_is_not_locked_out_and_a_new_password_makes_all_others_unknown() -> Result<(), Miss> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.db");
    let trial = serving(Shop::in_file(&file, Passwords::quick()));
    let [home, stolen, mallory] = ["alice", "her old phone", "mallory"].map(|who| trial.browser(who));
    is_alice(&home).await?;
    is_alice(&stolen).await?;
    change_password(&home).await?.redirects_to("/sessions")?;
    for address in 0..20 {
        mallory.moves_to([10, 0, 0, address].into(), "a bot");
        for _ in 0..5 {
            log_in(&mallory, "alice", "a guess").await?.has_status(401)?;
        }
    }
    log_in(&stolen, "alice", "two cups of tea").await?.has_status(429)?;
    log_in(&home, "alice", "two cups of tea").await?.redirects_to("/profile")
}

#[tokio::test]
async fn a_name_and_a_password_are_no_longer_than_they_may_be() -> Result<(), Miss> {
    let trial = shop();
    let alice = trial.browser("alice");
    let long = "a".repeat(129);
    log_in(&alice, &long, "a cup of tea").await?.has_status(422)?;
    log_in(&alice, "alice", &long).await?.has_status(422)?;
    log_in(&alice, "alice", &"a".repeat(100_000)).await?.has_status(413)?;
    is_alice(&alice).await?;
    alice.post("/password", &[("password", &long), ("new_password", "two cups of tea")]).await?.has_status(422)?;
    alice.post("/sessions/confirm", &[("password", &long)]).await?.has_status(422)
}

#[tokio::test]
async fn a_password_that_everybody_knows_is_not_taken() -> Result<(), Miss> {
    let trial = shop();
    let alice = trial.browser("alice");
    is_alice(&alice).await?;
    for known in ["password", "iloveyou", "Passw0rd"] {
        let register = alice.post("/register", &[("username", "alice-alice"), ("password", known)]).await?;
        let change = alice.post("/password", &[("password", "a cup of tea"), ("new_password", known)]).await?;
        for refused in [register, change] {
            refused.has_status(422)?;
            assert!(
                refused.body.contains("among the first that an attacker tries. Choose a longer one"),
                "{refused:?}"
            );
        }
    }
    change_password(&alice).await?.redirects_to("/sessions")
}

/// A session store that never answers.
#[derive(Clone, Debug)]
struct HangingStore;

#[async_trait]
impl SessionStore for HangingStore {
    async fn save(&self, _: &Record) -> Result<(), Error> {
        pending().await
    }

    async fn load(&self, _: &Id) -> Result<Option<Record>, Error> {
        pending().await
    }

    async fn delete(&self, _: &Id) -> Result<(), Error> {
        pending().await
    }
}

#[tokio::test]
async fn a_request_that_waits_forever_is_given_up_and_its_outcome_is_unknown() {
    let app = app_within(Duration::from_millis(20), Shop::in_memory(Passwords::quick()), HangingStore);
    let (cookie, id) = ("__Host-lesson-5", Id::default());
    let request = Request::post("/add_to_cart/cup").header("cookie", format!("{cookie}={id}; lesson-5={id}"));
    let request = request.header("sec-fetch-site", "same-origin");
    let answer = app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers().contains_key("content-security-policy"));
    let body = to_bytes(answer.into_body(), 1000).await.unwrap();
    assert_eq!(
        body,
        "This took too long, and it is not known whether it was carried out. Check before you try \
                      again.\n"
    );
}
