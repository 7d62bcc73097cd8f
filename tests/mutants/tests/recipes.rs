//! What a failure says under `again` is true: somebody who types it sees the mistake, and with a right answer does not.

#[path = "../../required/mod.rs"]
mod required;

use std::{
    fs,
    path::Path,
    process::{Command, ExitCode},
    sync::{Arc, Mutex},
};

use axum::{Extension, Router, extract::Request};
use checks::{
    App, Failure, Outcome, Shop, Suite, Users, in_demo, instances,
    recipe::{ENDS, OVERLAP, PLANT, RESTART},
    text,
};
use mutants::Mutant;
use required::Missing;
use session_inspector::{BESIDE, Inspector, Observed, listen};
use tempfile::TempDir;
use time::Duration;
use tokio::runtime::Runtime;
use tower::ServiceExt;
use tower_sessions::{
    MemoryStore, SessionStore,
    session::{Id, Record},
};

/// Names of one run, and what they have in common: the demo's have it not.
const SEED: u64 = 7;
const SUFFIX: &str = "-797";

/// An exercise: its checks, its mutants, and its solution.
type Answers = (&'static Suite, &'static [Mutant], fn() -> App);

const ANSWERS: [Answers; 7] = [
    (&checks::login::SUITE, mutants::login::MUTANTS, || App::new(solution_1::app)),
    (&checks::cart::SUITE, mutants::cart::MUTANTS, || App::new(solution_2::app)),
    (&checks::preferences::SUITE, mutants::preferences::MUTANTS, || App::new(solution_3::app)),
    (&checks::timeouts::SUITE, mutants::timeouts::MUTANTS, || App::new(solution_4::app)),
    (&checks::harden::SUITE, mutants::harden::MUTANTS, || App::new(solution_6::app)),
    (&checks::roles::SUITE, mutants::roles::MUTANTS, || App::new(solution_7::app)),
    (&checks::two_at_once::SUITE, mutants::two_at_once::MUTANTS, || App::new(instances(solution_8::app))),
];

/// Recipes that do not show what the check saw, and why.
const EXCEPTIONS: [(&str, &str); 24] = [
    ("a_lost_session_is_told", "the cookie that is changed has the mutant's name, and the solution's has another"),
    ("in_another_encoding", "what differs is the encoding of the page, and its words are the same"),
    ("constant_name", "a demo's accounts have the names of any other demo's"),
    ("sends_the_name_twice", "the fields that are sent are those of the mutant's form, and the solution's has others"),
    ("its_page_has_no_token", "the empty field that is sent is from the mutant's page, and the solution's has a token"),
    (
        "a_cookie_says_who_in_hexadecimal",
        "the name in the cookie is spelled out, and a demo's accounts have other names",
    ),
    ("a_cookie_proves_each_form", "the secret that is sent is one of the check's own run"),
    ("a_cookie_proves_the_login", "the secret that is sent is one of the check's own run"),
    ("the_secret_outlives_the_login", "the secret that is sent is one of the check's own run"),
    ("a_link_opens_a_session", "curl puts no cookie into a jar that it does not send"),
    ("a_refusal_opens_a_session", "curl puts no cookie into a jar that it does not send"),
    ("who_clicks_means_it", "curl removes a cookie only if the request sent it"),
    (
        "sends_an_admin_on_from_the_login",
        "a browser that follows a redirect says where it comes from, and curl does not",
    ),
    ("logout_takes_any_cookie_away", "curl removes a cookie only if the request sent it"),
    ("keeps_the_way_to_the_login", "a browser keeps the redirect in its cache, and curl has none"),
    ("lets_browsers_keep_the_redirect", "a browser keeps the redirect in its cache, and curl has none"),
    ("a_cart_for_each_user", "another part of the site writes into the session, and a demo has no other part"),
    ("login_needs_a_session", "the cookie is of a session that has ended, and curl has none such"),
    ("an_expired_session_swallows_it", "the cookie is of a session that has ended, and curl has none such"),
    ("a_refused_form_is_a_change", "the token is from the mutant's page, and the solution counts other changes"),
    ("an_old_form_is_a_change", "the token is from the mutant's page, and the solution counts other changes"),
    ("only_the_newest_page_buys", "the token is from the mutant's page, and the solution counts other changes"),
    ("a_refused_item_is_a_change", "the token is from the mutant's page, and the solution counts other changes"),
    (
        "the_current_user_is_shared",
        "two requests meet, and one curl after the other does not send them at the same moment",
    ),
];

fn main() -> ExitCode {
    let trial = |answers: Answers| {
        let name = format!("the_recipes_of_exercise_{}_show_what_they_promise", answers.0.exercise);
        required::named(&name, missing(), move || show_what_they_promise(answers))
    };
    let ports = required::named("a_free_port_may_begin_with_a_named_one", None, a_free_port_may_begin_with_a_named_one);
    required::run(ANSWERS.into_iter().map(trial).chain([ports]).collect())
}

fn missing() -> Option<Missing> {
    let absent = ["bash", "curl"].into_iter().find(|program| which::which(program).is_err())?;
    Some(Missing { what: "curl", reason: format!("there is no {absent}") })
}

fn show_what_they_promise((suite, mutants, solution): Answers) {
    let (mut played, mut broken) = (0, Vec::new());
    for mutant in mutants.iter().filter(|mutant| !EXCEPTIONS.iter().any(|(name, _)| *name == mutant.name)) {
        let failure = failure(suite, mutant);
        if failure.again.iter().any(|line| line == OVERLAP || line == ENDS) {
            continue;
        }
        let Some(wanted) = Wanted::of(&in_demo(&failure.expected, SUFFIX)) else { continue };
        played += 1;
        let told = failure.steps.last().map(|step| step.answer.clone()).unwrap_or_default();
        let [shown, right] = [(mutant.app)(), solution()].map(|app| Demo::new(suite, app).shows(&failure.again));
        if wanted.is_met(&shown) || shown.in_short() != told {
            broken.push(format!(
                "{} shows {}, not {told}\n{}",
                mutant.name,
                shown.in_short(),
                failure.again.join("\n")
            ));
        }
        if !wanted.is_met(&right) {
            let wanted = &failure.expected;
            broken.push(format!(
                "{}: solution {}, not {wanted}\n{}",
                mutant.name,
                right.in_short(),
                failure.again.join("\n")
            ));
        }
    }
    println!("exercise {}: {played} of {}", suite.exercise, mutants.len());
    assert!(broken.is_empty(), "{} of {played}\n{}", broken.len(), broken.join("\n\n"));
    assert!(played * 3 > mutants.len(), "{played} recipes say nothing of the others");
}

fn failure(suite: &'static Suite, mutant: &Mutant) -> Failure {
    let app = (mutant.app)();
    let alone = suite.run_one(mutant.falls_to, &app, SEED).map(|check| check.outcome);
    if let Some(Outcome::Failed(failure)) = alone {
        return *failure;
    }
    let report = suite.run_here(&app, SEED);
    report.first_failure().expect("a mutant falls").1.clone()
}

/// What a failure expects, as far as one answer shows it.
enum Wanted {
    Redirect(String),
    Status(u16),
    Refusal,
    NoFailure,
    Words(String),
    Without(String),
}

impl Wanted {
    fn of(expected: &str) -> Option<Self> {
        let expected = expected.split(" for ").next().unwrap_or_default().trim_end_matches(',');
        if let Some(words) =
            ["200, and the page shows ", "the page shows "].iter().find_map(|begin| expected.strip_prefix(begin))
        {
            let words = words.trim_end_matches(", and no other name");
            return Some(Self::Words(words.trim().to_owned()));
        }
        if let Some(words) = expected.strip_prefix("a page without  ") {
            return Some(Self::Without(words.to_owned()));
        }
        if let Some(path) = expected.strip_prefix("303 → ") {
            let path = path.split(':').next().unwrap_or_default(); // a reason may follow
            return Some(Self::Redirect(path.to_owned()));
        }
        match expected {
            "an answer" | "an answer that is not a 5xx" => Some(Self::NoFailure),
            expected if expected.starts_with("4xx") => Some(Self::Refusal),
            status => status.parse().ok().map(Self::Status),
        }
    }

    fn is_met(&self, shown: &Shown) -> bool {
        match self {
            Self::Redirect(path) => {
                matches!(shown.status, 302 | 303 | 307) && shown.location.split('?').next() == Some(path)
            }
            Self::Status(status) => shown.status == *status,
            Self::Refusal => (400..500).contains(&shown.status),
            Self::NoFailure => shown.status < 500,
            Self::Words(words) => shown.status == 200 && shown.text.contains(words),
            Self::Without(words) => !shown.text.contains(words),
        }
    }
}

/// The last answer that `curl` showed.
#[derive(Debug)]
struct Shown {
    status: u16,
    location: String,
    text: String,
}

impl Shown {
    fn of(printed: &str) -> Self {
        let last = printed.rsplit("HTTP/1.1 ").next().unwrap_or_default();
        let (head, body) = last.split_once("\r\n\r\n").unwrap_or((last, ""));
        let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
        let is_page = field("content-type: ").starts_with("text/html");
        let plain = || body.split_whitespace().collect::<Vec<_>>().join(" ");
        Self {
            status: last.get(..3).and_then(|status| status.parse().ok()).unwrap_or_default(),
            location: field("location: "),
            text: if is_page { text(body) } else { plain() },
        }
    }

    /// As a step tells it.
    fn in_short(&self) -> String {
        let Self { status, location, .. } = self;
        if location.is_empty() { status.to_string() } else { format!("{status} → {location}") }
    }
}

/// An answer to an exercise, served as `cargo run -p exercise-N` does it.
struct Demo {
    runtime: Runtime,
    app: App,
    users: Users,
    shop: Shop,
    inspector: Inspector,
    store: Observed<MemoryStore>,
    router: Arc<Mutex<Router>>,
    folder: TempDir,
    /// The port that a recipe names, and the one that is free.
    ports: [(u16, u16); 2],
}

impl Demo {
    fn new(suite: &Suite, app: App) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (inspector, users, shop) = (Inspector::default(), Users::demo(), Shop::default());
        let store = inspector.observe(MemoryStore::default());
        let as_in_main = runtime.enter();
        let router = Arc::new(Mutex::new(served(&app, &inspector, &store, &users, &shop)));
        drop(as_in_main);
        let current = router.clone();
        let newest = Router::new().fallback(async move |request: Request| {
            let app = current.lock().unwrap().clone();
            app.oneshot(request).await
        });
        let at = 4100 + u16::from(suite.exercise);
        let ports = [(at, serve(&runtime, newest)), (at + BESIDE, serve(&runtime, inspector.page("'none'")))];
        Self { runtime, app, users, shop, inspector, store, router, folder: TempDir::new().unwrap(), ports }
    }

    fn shows(&self, recipe: &[String]) -> Shown {
        let mut printed = String::new();
        for part in recipe.chunk_by(|line, next| !is_for_the_check(line) && !is_for_the_check(next)) {
            match part[0].strip_prefix(PLANT) {
                Some(jar) => self.plant(&self.folder.path().join(jar)),
                None if part[0] == RESTART => *self.router.lock().unwrap() = self.anew(),
                None => printed.push_str(&self.typed(&part.join("\n"))),
            }
        }
        Shown::of(&printed)
    }

    fn typed(&self, lines: &str) -> String {
        let lines = at_free_ports(lines, &self.ports);
        let mut bash = Command::new("bash");
        bash.args(["-c", &lines]).current_dir(self.folder.path());
        // Nothing of what this machine tells its own curl; and a demo listens on IPv4 alone.
        fs::write(self.folder.path().join(".curlrc"), "ipv4\nnoproxy = *\n").unwrap();
        let output = bash.env("CURL_HOME", self.folder.path()).output().unwrap();
        assert!(output.status.success(), "{lines}\n{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn anew(&self) -> Router {
        let _as_in_main = self.runtime.enter();
        served(&self.app, &self.inspector, &self.store, &self.users, &self.shop)
    }

    /// Writes a session into the store, and its ID in the place of every other in this jar.
    fn plant(&self, jar: &Path) {
        let expiry_date = self.inspector.clock().now() + Duration::hours(1);
        let mut record = Record { id: Id::default(), data: [("planted".to_owned(), true.into())].into(), expiry_date };
        self.runtime.block_on(self.store.create(&mut record)).unwrap();
        let with_it = |line: &str| match line.rsplit_once('\t') {
            Some((rest, value)) if value.parse::<Id>().is_ok() => format!("{rest}\t{}\n", record.id),
            _ => format!("{line}\n"),
        };
        let held: String = fs::read_to_string(jar).unwrap_or_default().lines().map(with_it).collect();
        fs::write(jar, held).unwrap();
    }
}

fn a_free_port_may_begin_with_a_named_one() {
    let moved = at_free_ports("http://localhost:4103/a http://localhost:4203/b", &[(4103, 42031), (4203, 42181)]);
    assert_eq!(moved, "http://localhost:42031/a http://localhost:42181/b");
}

/// The lines with each named port's free one, in one pass: a free port may begin with the digits of a named one.
fn at_free_ports(lines: &str, ports: &[(u16, u16)]) -> String {
    let mut parts = lines.split("localhost:");
    let mut moved = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let named = &part[..part.len() - rest.len()];
        let free = ports.iter().find(|(port, _)| port.to_string() == named);
        moved += "localhost:";
        moved += &free.map_or(named.to_owned(), |(_, free)| free.to_string());
        moved += rest;
    }
    moved
}

fn is_for_the_check(line: &str) -> bool {
    line == RESTART || line.starts_with(PLANT)
}

fn served(
    app: &App,
    inspector: &Inspector,
    store: &Observed<MemoryStore>,
    users: &Users,
    Shop { database, orders }: &Shop,
) -> Router {
    let app = app.router(store.clone()).layer(Extension(users.clone()));
    let app = app.layer(Extension(database.clone())).layer(Extension(orders.clone()));
    let shop = Shop { database: database.clone(), orders: orders.clone() };
    // The answer answers what the demo does not, as it does in `main.rs`, where it stands alone: also what leads nowhere.
    let demo = checks::accounts(users.clone()).merge(checks::faults(shop));
    inspector.wrap(demo.fallback_service(app))
}

/// Serves it from now on; gives the port.
fn serve(runtime: &Runtime, app: Router) -> u16 {
    let listener = runtime.block_on(listen(0)).unwrap();
    let port = listener.port();
    runtime.spawn(async move { axum::serve(listener, app).await });
    port
}
