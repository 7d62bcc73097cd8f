//! Tests how the studio builds lessons and exercises, shows them, restarts them after a save, and ends them.

mod chromium;
mod required;
mod scratch;

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::{Command, ExitCode},
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
};

use chromium::{Running, start_studio};
use required::{Missing, trial};
use scratch::Scratch;

fn main() -> ExitCode {
    let unix = || (!cfg!(unix)).then(|| Missing { what: "unix", reason: "signals are sent on Unix only".to_owned() });
    let linux = || {
        let reason = || "no other system holds a program to a limit of memory".to_owned();
        (!cfg!(target_os = "linux")).then(|| Missing { what: "linux", reason: reason() })
    };
    required::run(vec![
        trial!(each_host_name_leads_to_its_program),
        trial!(a_page_that_waits_for_a_program_asks_the_studio_and_not_the_program),
        trial!(each_visitor_has_cookies_of_their_own),
        trial!(only_the_book_may_frame_an_inspector),
        trial!(lesson_3_keeps_its_sessions_in_the_file_that_it_has_alone_or_says_why_not),
        trial!(a_save_restarts_the_app_and_the_last_good_version_stays_up),
        trial!(a_program_that_exits_is_reported_and_starts_again_on_request_or_after_a_save),
        trial!(a_program_that_loops_is_reported_and_starts_again_on_request),
        trial!(a_program_that_takes_all_memory_is_ended_and_said, linux()),
        trial!(headers_that_are_too_long_are_refused_at_every_host),
        trial!(a_program_ends_with_the_studio_that_was_killed, unix()),
        trial!(a_second_studio_shares_no_host_with_the_first),
    ])
}

/// A copy that no test changes, so that it is built once for all tests of this file.
static READ_ONLY: LazyLock<Scratch> = LazyLock::new(|| Scratch::new("programs"));

/// Only one test at a time starts exercise 1, because cargo puts the programs of all copies at the same path.
static EXERCISE_1: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    EXERCISE_1.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A studio, and the host and port at which it listens.
struct Studio {
    running: Running,
    host: String,
    port: u16,
}

impl Studio {
    fn of(scratch: &Scratch) -> Self {
        let (running, address) = start_studio(scratch.command(env!("CARGO_BIN_EXE_workbook")), 0);
        let (host, port) = address.trim_start_matches("http://").trim_end_matches('/').split_once(':').unwrap();
        Self { running, host: host.to_owned(), port: port.parse().unwrap() }
    }

    /// Sends a request, and returns the whole answer, including its headers.
    fn ask(&self, method: &str, host: &str, path: &str, headers: &str) -> String {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}:{}\r\nConnection: close\r\nContent-Length: 0\r\n{headers}\r\n",
            self.port
        );
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Repeats a request until the program itself answers it. The studio delays each other answer.
    fn get(&self, host: &str, path: &str) -> String {
        self.until(host, path, |answer| !answer.starts_with("HTTP/1.1 503 "))
    }

    /// Repeats a request until an answer meets this condition, and returns that answer.
    fn until(&self, host: &str, path: &str, is_it: impl Fn(&str) -> bool) -> String {
        loop {
            let answer = self.ask("GET", host, path, "");
            if is_it(&answer) {
                return answer;
            }
            assert!(!answer.contains("is not running"), "{answer}");
        }
    }

    fn app(&self, name: &str) -> String {
        format!("{name}.{}", self.host)
    }

    fn inspector(&self, name: &str) -> String {
        format!("{name}.inspector.localhost")
    }
}

fn each_host_name_leads_to_its_program() {
    let studio = Studio::of(&READ_ONLY);
    for (host, says) in [
        (studio.app("lesson-1"), "One visitor, remembered in two ways"),
        (studio.app("lesson-4"), "http://evil.localhost:"),
        (studio.app("vulnerable.lesson-4"), "The vulnerable shop"),
        (studio.app("hardened.bob.lesson-4"), "The hardened shop"),
        ("evil.localhost".to_owned(), "Mallory's site"),
        (studio.inspector("lesson-1"), "Session inspector"),
        (studio.inspector("lesson-4"), "Session inspector"),
    ] {
        let page = studio.get(&host, "/");
        assert!(page.starts_with("HTTP/1.1 200 OK") && page.contains(says), "{host}: {page}");
    }
    for path in ["/_inspector", "/_inspector/events", "/events"] {
        let page = studio.get(&studio.app("lesson-1"), path);
        assert!(page.starts_with("HTTP/1.1 404 "), "{path}: {page}");
    }
}

fn a_page_that_waits_for_a_program_asks_the_studio_and_not_the_program() {
    let studio = Studio::of(&READ_ONLY);
    let host = studio.app("lesson-1");
    studio.get(&host, "/");
    let asked = studio.ask("GET", &host, "/asked", "Accept: */*\r\nX-Workbook-Ask: state\r\n");
    assert!(asked.starts_with("HTTP/1.1 204 "), "{asked}");
    let seen = studio.ask("GET", &studio.inspector("lesson-1"), "/timeline.md", "Sec-Fetch-Site: same-origin\r\n");
    assert!(seen.contains("GET /") && !seen.contains("/asked"), "{seen}");
}

fn each_visitor_has_cookies_of_their_own() {
    let studio = Studio::of(&READ_ONLY);
    for visitor in ["alice", "bob", "mallory"] {
        let host = studio.app(&format!("{visitor}.lesson-1"));
        studio.get(&host, "/");
        let set = studio.ask("POST", &host, "/set_session", "Sec-Fetch-Site: same-origin\r\n");
        let cookie = set.lines().find(|line| line.to_lowercase().starts_with("set-cookie: ")).expect("a cookie is set");
        assert!(!cookie.to_lowercase().contains("domain="), "a cookie without Domain belongs to one host: {cookie}");
    }
}

fn only_the_book_may_frame_an_inspector() {
    let studio = Studio::of(&READ_ONLY);
    let page = studio.get(&studio.inspector("lesson-1"), "/").to_lowercase();
    let policy = page.lines().find(|line| line.starts_with("content-security-policy: ")).expect("a policy");
    assert!(policy.ends_with(&format!("; frame-ancestors http://{}:{}", studio.host, studio.port)), "{policy}");
}

fn lesson_3_keeps_its_sessions_in_the_file_that_it_has_alone_or_says_why_not() {
    let scratch = Scratch::new("lesson-3");
    let file = scratch.root().join(".workbook/lesson-3.sqlite");
    let studio = Studio::of(&scratch);
    studio.get(&studio.app("lesson-1"), "/");
    assert!(!file.exists(), "nobody has looked at lesson 3");
    let page = studio.get(&studio.app("lesson-3"), "/").replace("&#x2f;", "/");
    assert!(page.contains("<code>sqlite:.workbook/lesson-3.sqlite</code>"), "{page}");
    assert!(file.exists());
    drop(studio);

    fs::remove_dir_all(scratch.root().join(".workbook")).unwrap();
    fs::write(scratch.root().join(".workbook"), "no folder").unwrap();
    let studio = Studio::of(&scratch);
    let host = studio.app("lesson-3");
    let page = loop {
        let page = studio.ask("GET", &host, "/", "");
        if page.contains("is not running") {
            break page;
        }
    };
    assert!(page.contains("lesson-3.sqlite cannot be opened: "), "{page}");
}

const PAGE: &str = "solved";

/// Returns the solution of exercise 1 with an extra page that says this.
fn saying(scratch: &Scratch, words: &str) -> String {
    let page = format!("    Router::new().route(\"/{PAGE}\", axum::routing::get(|| async {{ {words:?} }}))\n");
    scratch.solution().replacen("    Router::new()\n", &page, 1)
}

fn a_save_restarts_the_app_and_the_last_good_version_stays_up() {
    let _alone = alone();
    let scratch = Scratch::new("saves");
    scratch.answer(&saying(&scratch, "first"));
    let studio = Studio::of(&scratch);
    let (host, path) = (studio.app("exercise-1"), format!("/{PAGE}"));
    assert!(studio.get(&host, &path).ends_with("first"));
    scratch.answer(&saying(&scratch, "second"));
    studio.until(&host, &path, |answer| answer.ends_with("second"));

    // If the code does not compile, the earlier version answers, and the studio shows the compiler's error.
    scratch.answer(&format!("{}\nfn broken() -> u8 {{ \"\" }}\n", saying(&scratch, "third")));
    let told = studio.until(&studio.host, "/api/programs/exercise-1", |answer| answer.contains("\"failed\""));
    assert!(told.contains("mismatched types") && told.contains("\"serial\":2"), "{told}");
    assert!(studio.get(&host, &path).ends_with("second"));

    scratch.answer(&saying(&scratch, "fourth"));
    studio.until(&host, &path, |answer| answer.ends_with("fourth"));
}

fn a_program_that_exits_is_reported_and_starts_again_on_request_or_after_a_save() {
    let _alone = alone();
    let scratch = Scratch::new("crash");
    let ends = "    Router::new().route(\"/end\", axum::routing::get(|| async { eprintln!(\"farewell\"); std::process::exit(3) as () }))\n";
    scratch.answer(&scratch.solution().replacen("    Router::new()\n", ends, 1));
    let studio = Studio::of(&scratch);
    let host = studio.app("exercise-1");
    studio.get(&host, "/");
    assert!(studio.ask("GET", &host, "/end", "").starts_with("HTTP/1.1 502 "), "the program broke off");
    let told = studio.until(&studio.host, "/api/programs/exercise-1", |answer| answer.contains("\"failed\""));
    assert!(told.contains("it has ended") && told.contains("farewell"), "{told}");

    // The panel's button may restart the program, but no page of the program may.
    let again = |from: &str| studio.ask("POST", &studio.host, "/api/programs/exercise-1/again", from);
    assert!(again("Sec-Fetch-Site: same-site\r\n").starts_with("HTTP/1.1 403 "));
    assert!(again("Sec-Fetch-Site: same-origin\r\n").starts_with("HTTP/1.1 204 "));
    let told = studio.until(&studio.host, "/api/programs/exercise-1", |answer| answer.contains("\"running\""));
    assert!(told.contains("\"serial\":2"), "{told}");
    studio.get(&host, "/");

    scratch.answer(&saying(&scratch, "again"));
    let path = format!("/{PAGE}");
    loop {
        if studio.ask("GET", &host, &path, "").ends_with("again") {
            break;
        }
    }
}

fn a_program_that_loops_is_reported_and_starts_again_on_request() {
    let _alone = alone();
    let scratch = Scratch::new("loops");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let loops = format!(
        "    let held = std::sync::Arc::new(std::net::TcpStream::connect((\"127.0.0.1\", {})).unwrap());
    Router::new().route(\"/loop\", axum::routing::get(move || async move {{ loop {{ std::hint::black_box(&held); }} #[allow(unreachable_code)] () }}))\n",
        listener.local_addr().unwrap().port()
    );
    scratch.answer(&scratch.solution().replacen("    Router::new()\n", &loops, 1));
    let studio = Studio::of(&scratch);
    let host = studio.app("exercise-1");
    studio.get(&host, "/login");
    let (mut program, _) = listener.accept().unwrap();
    let page = studio.ask("GET", &host, "/loop", "Accept: text/html\r\n");
    assert!(page.starts_with("HTTP/1.1 504 ") && page.contains("exercise-1 did not answer within"), "{page}");
    assert!(page.contains("Start again") && !page.contains("<script>"), "a page that asked again would loop: {page}");
    let told = studio.ask("GET", &studio.host, "/api/programs/exercise-1", "");
    assert!(told.contains("\"serial\":1") && told.contains("\"silent\":true"), "{told}");

    let again = studio.ask("POST", &studio.host, "/api/programs/exercise-1/again", "Sec-Fetch-Site: same-origin\r\n");
    assert!(again.starts_with("HTTP/1.1 204 "), "{again}");
    let told = studio.until(&studio.host, "/api/programs/exercise-1", |answer| answer.contains("\"serial\":2"));
    assert!(told.contains("\"silent\":false"), "{told}");
    assert!(matches!(program.read(&mut [0]), Ok(0) | Err(_)), "the one that loops is ended");
    assert!(studio.get(&host, "/login").starts_with("HTTP/1.1 200 "));
}

fn a_program_that_takes_all_memory_is_ended_and_said() {
    let _alone = alone();
    let scratch = Scratch::new("memory");
    let takes =
        "    Router::new().route(\"/take\", axum::routing::get(|| async { vec![1_u8; 2 << 30].len().to_string() }))\n";
    scratch.answer(&scratch.solution().replacen("    Router::new()\n", takes, 1));
    let studio = Studio::of(&scratch);
    let host = studio.app("exercise-1");
    studio.get(&host, "/");
    let answer = studio.ask("GET", &host, "/take", "");
    assert!(answer.starts_with("HTTP/1.1 502 "), "the program broke off: {answer}");
    let told = studio.until(&studio.host, "/api/programs/exercise-1", |answer| answer.contains("\"failed\""));
    assert!(told.contains("memory allocation of 2147483648 bytes failed"), "{told}");
}

fn headers_that_are_too_long_are_refused_at_every_host() {
    let studio = Studio::of(&READ_ONLY);
    let long = format!("x: {}\r\n", "a".repeat(17 * 1024));
    for host in [studio.host.clone(), studio.app("lesson-1")] {
        let answer = studio.ask("GET", &host, "/", &long);
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
}

fn a_program_ends_with_the_studio_that_was_killed() {
    let _alone = alone();
    let scratch = Scratch::new("killed");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connects = format!(
        "    Box::leak(Box::new(std::net::TcpStream::connect((\"127.0.0.1\", {})).unwrap()));\n    Router::new()\n",
        listener.local_addr().unwrap().port()
    );
    scratch.answer(&scratch.solution().replacen("    Router::new()\n", &connects, 1));
    let studio = Studio::of(&scratch);
    studio.get(&studio.app("exercise-1"), "/");
    let (mut program, _) = listener.accept().unwrap();
    assert!(Command::new("kill").args(["-KILL", &studio.running.0.id().to_string()]).status().unwrap().success());
    assert!(matches!(program.read(&mut [0]), Ok(0) | Err(_)), "its connection ends with it");
}

fn a_second_studio_shares_no_host_with_the_first() {
    let (first, second) = (Studio::of(&READ_ONLY), Studio::of(&READ_ONLY));
    assert_ne!(first.host, second.host);
    assert!(second.ask("GET", &first.app("lesson-1"), "/", "").starts_with("HTTP/1.1 421 "));
}
