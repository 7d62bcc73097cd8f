//! Tests the log and the metrics of sessions: they are enough to notice an attack, and nobody learns an ID from them.

mod log;

use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use axum::{
    body::Body,
    http::{Request, header::COOKIE},
};
use checks::{Answer, Browser, Miss, Trial};
use log::Log;
use tower::ServiceExt;
use tower_sessions::{
    MemoryStore,
    session::{Id, Record},
    session_store,
};
use tracing_subscriber::{fmt::format::FmtSpan, util::SubscriberInitExt};

const SESSION: &str = "__Host-lesson-6";
const EVIL: &str = "http://evil.localhost";
const MINUTE: Duration = Duration::from_secs(60);
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const NEWER_FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0";
const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36";

/// The addresses of alice and of mallory.
const HOME: [u8; 4] = [192, 0, 2, 1];
const AWAY: [u8; 4] = [203, 0, 113, 9];

fn shop() -> Trial {
    Trial::of(lesson_6::app)
}

/// Returns the browsers of alice, at home, and of mallory, elsewhere.
fn cast(trial: &Trial) -> [Browser<'_>; 2] {
    let (alice, mallory) = (trial.browser("alice"), trial.browser("mallory"));
    alice.moves_to(IpAddr::from(HOME), FIREFOX);
    mallory.moves_to(IpAddr::from(AWAY), CHROME);
    [alice, mallory]
}

async fn log_in(who: &Browser<'_>, name: &str, password: &str) -> Result<Answer, Miss> {
    who.post("/watching/login", &[("username", name), ("password", password)]).await
}

async fn is_alice(who: &Browser<'_>) -> Result<(), Miss> {
    log_in(who, "alice", "a cup of tea").await?.redirects_to("/watching")
}

/// Returns mallory's browser, elsewhere, with a copy of the owner's cookies.
fn stolen<'t>(owner: &Browser<'t>) -> Browser<'t> {
    let thief = owner.copied_by("mallory");
    thief.moves_to(IpAddr::from(AWAY), CHROME);
    thief
}

/// Reads the metrics, without a cookie.
async fn metrics(trial: &Trial) -> Result<String, Miss> {
    Ok(trial.browser("prometheus").get("/watching/metrics").await?.body)
}

async fn metric(trial: &Trial, name: &str) -> Result<u64, Miss> {
    let text = metrics(trial).await?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    Ok(value.unwrap_or_default())
}

/// Returns the alarms that were raised.
async fn rung(trial: &Trial) -> Result<BTreeSet<String>, Miss> {
    let text = metrics(trial).await?;
    let attack = |line: &str| Some(line.strip_prefix("alarms_total{attack=\"")?.split('"').next()?.to_owned());
    Ok(text.lines().filter_map(attack).collect())
}

async fn raises_only(trial: &Trial, alarms: &[&str]) -> Result<(), Miss> {
    assert_eq!(rung(trial).await?, alarms.iter().map(|alarm| (*alarm).to_owned()).collect());
    Ok(())
}

#[tokio::test]
async fn many_wrong_passwords_for_an_account_raise_an_alarm() -> Result<(), Miss> {
    let trial = shop();
    let [alice, mallory] = cast(&trial);
    for _ in 0..5 {
        log_in(&mallory, "alice", "a guess").await?.has_status(401)?;
    }
    raises_only(&trial, &[]).await?;
    log_in(&mallory, "alice", "a guess").await?.has_status(429)?;
    raises_only(&trial, &["Guessing"]).await?;
    is_alice(&alice).await?;
    let page = alice.get("/watching").await?;
    page.shows("Somebody may be guessing your password")?;
    page.shows("Chrome on Windows at 203.0.113.9")
}

#[tokio::test]
async fn guesses_from_many_addresses_raise_an_alarm_for_the_account() -> Result<(), Miss> {
    let trial = shop();
    let [_, mallory] = cast(&trial);
    for address in 0..6 {
        mallory.moves_to(IpAddr::from([198, 51, 100, address]), CHROME);
        log_in(&mallory, "alice", "a guess").await?.has_status(401)?;
    }
    raises_only(&trial, &["Guessing"]).await
}

#[tokio::test]
async fn many_names_from_one_network_raise_an_alarm() -> Result<(), Miss> {
    let trial = shop();
    let [_, mallory] = cast(&trial);
    for name in 0..20 {
        log_in(&mallory, &format!("name{name}"), "a guess").await?.has_status(401)?;
    }
    raises_only(&trial, &[]).await?;
    log_in(&mallory, "one more", "a guess").await?;
    raises_only(&trial, &["Spraying"]).await
}

#[tokio::test]
async fn a_form_of_another_site_raises_an_alarm() -> Result<(), Miss> {
    let trial = shop();
    let [alice, _] = cast(&trial);
    is_alice(&alice).await?;
    raises_only(&trial, &[]).await?;
    alice.post_from(EVIL, "/watching/end_others", &[]).await?.has_status(403)?;
    raises_only(&trial, &["ForeignForm"]).await?;
    assert_eq!(metric(&trial, "requests_refused_total{why=\"ForeignForm\"}").await?, 1);
    let login = [("username", "bob"), ("password", "a long walk home")];
    alice.post_from(EVIL, "/watching/login", &login).await?.has_status(403)?;
    assert_eq!(metric(&trial, "alarms_total{attack=\"ForeignForm\"}").await?, 2, "a login counts as well");
    for (number, path) in (3..).zip(["/connection/buy", "/api-page/order", "/token/login", "/elsewhere/logout"]) {
        alice.post_from(EVIL, path, &[]).await?.has_status(403)?;
        let refused = metric(&trial, "requests_refused_total{why=\"ForeignForm\"}").await?;
        assert_eq!(refused, number, "every topic counts: {path}");
    }
    Ok(())
}

#[tokio::test]
async fn a_repeated_alarm_is_raised_three_times_and_then_once_in_ten_minutes() -> Result<(), Miss> {
    let trial = shop();
    let [alice, mallory] = cast(&trial);
    let raised = async || metric(&trial, "alarms_total{attack=\"ForeignForm\"}").await;
    for tried in 1..=10 {
        mallory.post_from(EVIL, "/watching/wish", &[]).await?.has_status(403)?;
        assert_eq!(raised().await?, tried.min(3));
    }
    assert_eq!(metric(&trial, "requests_refused_total{why=\"ForeignForm\"}").await?, 10, "each one is counted");
    alice.post_from(EVIL, "/watching/wish", &[]).await?.has_status(403)?;
    assert_eq!(raised().await?, 4, "from another network");
    trial.skip(10 * MINUTE);
    for _ in 0..2 {
        mallory.post_from(EVIL, "/watching/wish", &[]).await?.has_status(403)?;
        assert_eq!(raised().await?, 5);
    }
    Ok(())
}

#[tokio::test]
async fn guesses_from_many_networks_are_one_alarm_and_each_thief_is_another() -> Result<(), Miss> {
    let trial = shop();
    let [alice, mallory] = cast(&trial);
    let moves = |who: &Browser<'_>, number: u8| who.moves_to(IpAddr::from([198, 51, number, 9]), CHROME);
    is_alice(&alice).await?;
    for number in 0..15 {
        moves(&mallory, number);
        log_in(&mallory, "alice", "a guess").await?;
    }
    assert_eq!(metric(&trial, "alarms_total{attack=\"Guessing\"}").await?, 3, "whatever the network");
    let thief = stolen(&alice);
    for number in 0..5 {
        moves(&thief, number);
        thief.get("/watching").await?.has_status(200)?;
    }
    assert_eq!(metric(&trial, "alarms_total{attack=\"Elsewhere\"}").await?, 5, "one for each network");
    Ok(())
}

#[tokio::test]
async fn one_kind_of_alarm_from_many_networks_is_raised_thirty_times_and_then_once_a_minute() -> Result<(), Miss> {
    let trial = shop();
    let [_, mallory] = cast(&trial);
    let mut networks = 0..100_u8;
    let mut forges_from = async |count| {
        for number in networks.by_ref().take(count) {
            mallory.moves_to(IpAddr::from([198, 51, number, 9]), CHROME);
            mallory.post_from(EVIL, "/watching/wish", &[]).await?.has_status(403)?;
        }
        metric(&trial, "alarms_total{attack=\"ForeignForm\"}").await
    };
    assert_eq!(forges_from(40).await?, 30);
    trial.skip(MINUTE);
    assert_eq!(forges_from(5).await?, 31);
    Ok(())
}

#[tokio::test]
async fn many_unknown_ids_raise_an_alarm() -> Result<(), Miss> {
    let trial = shop();
    for tried in 0..11_u8 {
        raises_only(&trial, &[]).await?;
        let mallory = trial.browser("mallory");
        mallory.moves_to(IpAddr::from(AWAY), CHROME);
        mallory.takes_as(&format!("{SESSION}={}", Id(tried.into())), "made up");
        mallory.get("/watching").await?.has_status(200)?;
    }
    raises_only(&trial, &["UnknownIds"]).await
}

#[tokio::test]
async fn a_login_in_a_session_that_began_elsewhere_raises_an_alarm() -> Result<(), Miss> {
    let trial = shop();
    let [alice, mallory] = cast(&trial);
    mallory.post("/watching/wish", &[]).await?;
    let planted = mallory.cookie(SESSION).unwrap_or_default();
    alice.takes_as(&format!("{SESSION}={planted}"), "planted by mallory");
    is_alice(&alice).await?;
    mallory.get("/watching").await?.shows("You are not logged in")?;
    raises_only(&trial, &["PlantedSession"]).await?;
    alice.get("/watching").await?.shows("You logged in to a session that began in another browser")
}

#[tokio::test]
async fn two_cookies_with_the_sessions_name_raise_an_alarm() -> Result<(), Miss> {
    for name in [SESSION, "%5F_Host-lesson-6"] {
        let (store, id) = (MemoryStore::default(), Id::default());
        let app = lesson_6::app(store);
        for (cookies, expected) in [(format!("{SESSION}={id}"), 0), (format!("{SESSION}={id}; {name}={id}"), 1)] {
            let request = Request::get("/watching").header(COOKIE, cookies).body(Body::empty()).unwrap();
            app.clone().oneshot(request).await.unwrap();
            let text = text_of(&app, "/watching/metrics").await;
            assert_eq!(text.matches("TossedCookie").count(), expected, "{name}\n{text}");
        }
    }
    Ok(())
}

async fn text_of(app: &axum::Router, path: &str) -> String {
    let answer = app.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
    let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

#[tokio::test]
async fn a_copy_that_is_used_after_the_logout_raises_an_alarm() -> Result<(), Miss> {
    let trial = shop();
    let [alice, _] = cast(&trial);
    is_alice(&alice).await?;
    let mallory = stolen(&alice);
    alice.post("/watching/logout", &[]).await?;
    // One of alice's own requests could arrive this late, so it raises no alarm.
    mallory.get("/watching").await?.shows("You are not logged in")?;
    raises_only(&trial, &[]).await?;
    trial.skip(MINUTE);
    mallory.get("/watching").await?.shows("You are not logged in")?;
    raises_only(&trial, &["EndedSession"]).await?;
    is_alice(&alice).await?;
    alice.get("/watching").await?.shows("A session of yours was used after it had ended")
}

#[tokio::test]
async fn a_stolen_session_that_is_used_elsewhere_raises_an_alarm_and_its_owner_can_end_it() -> Result<(), Miss> {
    let trial = shop();
    let [alice, _] = cast(&trial);
    is_alice(&alice).await?;
    let mallory = stolen(&alice);
    mallory.get("/watching").await?.shows("Logged in as alice")?;
    raises_only(&trial, &["Elsewhere"]).await?;
    let page = alice.get("/watching").await?;
    page.shows("A session of yours was used from another place")?;
    page.shows("Chrome on Windows at 203.0.113.9")?;
    alice.post("/watching/end_others", &[]).await?.redirects_to("/watching")?;
    alice.get("/watching").await?.shows("Logged in as alice")?;
    mallory.get("/watching").await?.shows("You are not logged in")
}

#[tokio::test]
async fn another_session_is_ended_from_the_page_and_the_journal_says_so() -> Result<(), Miss> {
    let trial = shop();
    let [alice, mallory] = cast(&trial);
    is_alice(&alice).await?;
    is_alice(&mallory).await?; // mallory knows the password
    alice.get("/watching").await?.shows("Chrome on Windows at 203.0.113.9")?;
    alice.post("/watching/end_others", &[]).await?.redirects_to("/watching")?;
    mallory.get("/watching").await?.shows("You are not logged in")?;
    alice.get("/watching").await?.shows("A session was ended from another browser")?;
    assert_eq!(metric(&trial, "sessions_ended_total{why=\"FromElsewhere\"}").await?, 1);
    Ok(())
}

/// The log and the metrics do not show this attack. Lesson 4 explains its defenses.
#[tokio::test]
async fn a_stolen_session_behind_the_same_router_raises_no_alarm() -> Result<(), Miss> {
    let trial = shop();
    let [alice, _] = cast(&trial);
    is_alice(&alice).await?;
    let mallory = alice.copied_by("mallory");
    mallory.moves_to(IpAddr::from(HOME), FIREFOX);
    mallory.get("/watching").await?.shows("Logged in as alice")?;
    raises_only(&trial, &[]).await
}

#[tokio::test]
async fn an_ordinary_week_raises_no_alarm() -> Result<(), Miss> {
    let trial = shop();
    let [alice, _] = cast(&trial);
    alice.post("/watching/wish", &[]).await?;
    for _ in 0..3 {
        log_in(&alice, "alice", "a cup of coffee").await?.has_status(401)?;
    }
    is_alice(&alice).await?;
    alice.moves_to(IpAddr::from([198, 51, 100, 7]), FIREFOX);
    alice.get("/watching").await?.shows("Logged in as alice")?;
    alice.moves_to(IpAddr::from([198, 51, 100, 7]), NEWER_FIREFOX);
    alice.get("/watching").await?.shows("Logged in as alice")?;
    let late = alice.copied_by("alice, a tab that is late");
    alice.post("/watching/logout", &[]).await?;
    late.get("/watching").await?.shows("You are not logged in")?;
    is_alice(&alice).await?;
    trial.skip(30 * 24 * 60 * MINUTE);
    alice.get("/watching").await?.shows("You are not logged in")?;
    raises_only(&trial, &[]).await
}

#[tokio::test]
async fn sessions_are_counted_as_they_begin_renew_and_end() -> Result<(), Miss> {
    let trial = shop();
    let [alice, bob] = cast(&trial);
    let counted = async || {
        let mut all = [0; 6];
        let names = [
            "sessions_alive",
            "sessions_begun_total",
            "sessions_renewed_total",
            "sessions_ended_total{why=\"Logout\"}",
            "sessions_ended_total{why=\"Expired\"}",
            "logins_total",
        ];
        for (place, name) in names.iter().enumerate() {
            all[place] = metric(&trial, name).await?;
        }
        Ok::<_, Miss>(all)
    };
    assert_eq!(counted().await?, [0; 6]);
    alice.post("/watching/wish", &[]).await?;
    assert_eq!(counted().await?, [1, 1, 0, 0, 0, 0]);
    is_alice(&alice).await?;
    assert_eq!(counted().await?, [1, 1, 1, 0, 0, 1], "a login goes on with the session");
    log_in(&bob, "bob", "a long walk home").await?.redirects_to("/watching")?;
    assert_eq!(counted().await?, [2, 2, 1, 0, 0, 2]);
    alice.post("/watching/logout", &[]).await?;
    assert_eq!(counted().await?, [1, 2, 1, 1, 0, 2]);
    trial.skip(30 * 24 * 60 * MINUTE);
    assert_eq!(counted().await?, [0, 2, 1, 1, 1, 2]);
    Ok(())
}

/// A store that answers after this time, with an error if the flag is set.
#[derive(Clone, Debug)]
struct Slow(Duration, bool);

#[async_trait::async_trait]
impl tower_sessions::SessionStore for Slow {
    async fn create(&self, _: &mut Record) -> session_store::Result<()> {
        self.answer().await
    }

    async fn save(&self, _: &Record) -> session_store::Result<()> {
        self.answer().await
    }

    async fn load(&self, _: &Id) -> session_store::Result<Option<Record>> {
        self.answer().await.map(|()| None)
    }

    async fn delete(&self, _: &Id) -> session_store::Result<()> {
        self.answer().await
    }
}

impl Slow {
    async fn answer(&self) -> session_store::Result<()> {
        tokio::time::sleep(self.0).await;
        if self.1 { Err(session_store::Error::Backend("it is unavailable".to_owned())) } else { Ok(()) }
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_store_and_one_that_fails_are_seen() {
    for (fails, failed) in [(false, 0), (true, 1)] {
        let app = lesson_6::app(Slow(Duration::from_millis(50), fails));
        let request = Request::get("/watching").header(COOKIE, format!("{SESSION}={}", Id::default()));
        app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let text = text_of(&app, "/watching/metrics").await;
        for (class, count) in [("0.025", 0), ("0.1", 1)] {
            let line = format!("store_seconds_bucket{{le=\"{class}\",operation=\"Load\",failed=\"{failed}\"}} {count}");
            assert!(text.contains(&line), "{line}\n{text}");
        }
    }
}

/// Logs everything on this thread from now on, for every library, with the beginning and the end of each span.
fn everything() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
    (log.clone(), subscriber.with_span_events(FmtSpan::FULL).with_writer(log).set_default())
}

/// Returns every way to write an ID.
fn spellings(id: &str) -> Vec<String> {
    let Id(number) = id.parse().unwrap();
    let bytes = format!("{:?}", number.to_le_bytes());
    vec![id.to_owned(), number.to_string(), format!("{number:x}"), format!("{number:X}"), bytes]
}

/// Returns the IDs of all sessions of this trial, each in every spelling.
fn ids(trial: &Trial) -> BTreeSet<String> {
    let exchanges = trial.exchanges();
    let ids: BTreeSet<_> = exchanges.iter().flat_map(|exchange| &exchange.calls).map(|call| call.id.clone()).collect();
    ids.iter().flat_map(|id| spellings(id)).collect()
}

#[tokio::test]
async fn the_terminal_shows_the_events_and_nothing_else() -> Result<(), Miss> {
    let log = Log::default();
    let _logging = session_inspector::log_to(log.clone(), lesson_6::LOGGED).set_default();
    let trial = shop();
    let [alice, mallory] = cast(&trial);
    is_alice(&alice).await?;
    mallory.post_from(EVIL, "/watching/wish", &[]).await?.has_status(403)?;
    let text = log.text();
    for words in ["session event", "LoggedIn", "an alarm was raised", "ForeignForm", "/watching/login"] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    assert!(text.lines().all(|line| line.contains("lesson_6::watching")), "{text}");
    Ok(())
}

#[tokio::test]
async fn nothing_that_is_emitted_holds_a_session_id() -> Result<(), Miss> {
    let (log, _logging) = everything();
    let trial = shop();
    let [alice, mallory] = cast(&trial);
    let mut shown = String::new();
    let mut see = |answer: Answer| shown.push_str(&answer.body);
    see(mallory.post("/watching/wish", &[]).await?);
    let planted = mallory.cookie(SESSION).unwrap_or_default();
    alice.takes_as(&format!("{SESSION}={planted}"), "planted by mallory");
    see(log_in(&alice, "alice", "a guess").await?);
    is_alice(&alice).await?;
    let thief = stolen(&alice);
    see(thief.get("/watching").await?);
    see(alice.post_from(EVIL, "/watching/logout", &[]).await?);
    is_alice(&mallory).await?;
    see(alice.post("/watching/end_others", &[]).await?);
    see(mallory.get("/watching").await?);
    see(alice.get("/watching").await?);
    see(alice.post("/watching/logout", &[]).await?);
    trial.skip(MINUTE);
    see(thief.get("/watching").await?);
    see(trial.browser("prometheus").get("/watching/metrics").await?);
    let log = log.text();
    for told in
        ["EndedSession", "Elsewhere", "PlantedSession", "ForeignForm", "account=\"alice\"", "route=\"/watching\""]
    {
        assert!(log.contains(told), "{told}\n{log}");
    }
    let ids = ids(&trial);
    assert!(ids.len() >= 3 * spellings(&planted).len() && ids.contains(&planted), "{ids:?}");
    for id in ids {
        assert!(!log.contains(&id), "{id} is in the log:\n{log}");
        assert!(!shown.contains(&id), "{id} is on a page:\n{shown}");
    }
    Ok(())
}

#[tokio::test]
async fn an_instrumented_argument_gives_the_session_to_anyone_who_reads_the_log() -> Result<(), Miss> {
    let (log, _logging) = everything();
    let trial = shop();
    let [alice, mallory] = cast(&trial);
    is_alice(&alice).await?;
    let before = log.text();
    alice.post("/watching/careless", &[]).await?.redirects_to("/watching")?;
    let leaked = log.text()[before.len()..].to_owned();
    let (_, rest) = leaked.split_once("Id(").expect("the log shows the ID");
    let number: i128 = rest.split(')').next().unwrap_or_default().parse().expect("as a number");
    assert!(ids(&trial).contains(&number.to_string()), "the search for IDs finds this one");
    mallory.takes_as(&format!("{SESSION}={}", Id(number)), "read in the log");
    mallory.get("/watching").await?.shows("Logged in as alice")
}

#[tokio::test]
async fn lines_of_one_session_have_one_name_and_it_opens_nothing() -> Result<(), Miss> {
    let (log, _logging) = everything();
    let trial = shop();
    let [alice, mallory] = cast(&trial);
    is_alice(&alice).await?;
    let before = log.text();
    alice.get("/watching").await?;
    alice.get("/watching").await?;
    let text = log.text()[before.len()..].to_owned();
    let names: BTreeSet<_> = text.split("session=").skip(1).map(|rest| rest[..16].to_owned()).collect();
    assert_eq!(names.len(), 1, "{names:?}");
    for name in names {
        mallory.takes_as(&format!("{SESSION}={name}"), "read in the log");
        mallory.get("/watching").await?.shows("You are not logged in")?;
    }
    Ok(())
}

/// Returns the lesson's own lines in this log, from the level INFO on, without the time.
fn own_lines(log: &str) -> String {
    let is_own = |line: &&str| line.contains(" lesson_6::") && (line.contains(" INFO ") || line.contains(" WARN "));
    let is_event =
        |line: &&str| !["new", "enter", "exit", "close"].iter().any(|end| line.contains(&format!(": {end}")));
    let without_time = |line: &str| line.split_once("Z ").map_or("", |(_, rest)| rest.trim()).to_owned() + "\n";
    log.lines().filter(is_own).filter(is_event).map(without_time).collect()
}

/// Returns the rows of the table, without the time.
fn journal(page: &Answer) -> String {
    let rows = page.body.split("<tr><td>").skip(1).map(|row| row.split("</td>").take(4).collect::<Vec<_>>());
    let text = |cell: &str| cell.rsplit('>').next().unwrap_or_default().to_owned();
    rows.map(|cells| format!("{:<48}{:<36}{}\n", text(cells[1]), text(cells[2]), text(cells[3]))).collect()
}

#[tokio::test]
async fn what_an_operator_and_a_visitor_see_of_a_stolen_session() -> Result<(), Miss> {
    let (log, _logging) = everything();
    let trial = shop();
    let [alice, _] = cast(&trial);
    log_in(&alice, "alice", "a cup of coffee").await?;
    is_alice(&alice).await?;
    let mallory = stolen(&alice);
    mallory.get("/watching").await?.shows("Logged in as alice")?;
    let told = own_lines(&log.text());
    insta::with_settings!({filters => vec![("(id|session)=[0-9a-f]{16}", "$1=…")]}, {
        insta::assert_snapshot!("log", told);
    });
    insta::assert_snapshot!("journal", journal(&alice.get("/watching").await?));
    let text = metrics(&trial).await?;
    let numbers: String =
        text.lines().filter(|line| !line.contains("store_seconds")).map(|line| format!("{line}\n")).collect();
    insta::assert_snapshot!("metrics", numbers);
    Ok(())
}

#[tokio::test]
async fn what_a_stranger_types_or_sends_is_not_in_the_log() -> Result<(), Miss> {
    let (log, _logging) = everything();
    let trial = shop();
    let mallory = trial.browser("mallory");
    mallory.moves_to(IpAddr::from(AWAY), "an agent that forges lines");
    log_in(&mallory, "a password in the field of the name", "hunter2").await?.has_status(401)?;
    mallory.get("/watching?token=a-secret-of-an-address").await?.has_status(200)?;
    let log = log.text();
    assert!(log.contains("event=WrongPassword"), "{log}");
    for stranger in ["forges", "field of the name", "field+of", "hunter2", "a-secret"] {
        assert!(!log.contains(stranger), "{stranger} is in the log:\n{log}");
    }
    Ok(())
}
