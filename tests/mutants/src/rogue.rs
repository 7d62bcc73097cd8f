//! Programs that do not answer, or cheat: a check of them must end, say what is true, and never pass.

use std::{
    convert::Infallible,
    env, fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::{self, Command, Stdio},
    thread,
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use checks::App;
use futures_util::{StreamExt, stream};
use tower_sessions::SessionStore;

/// A rogue's name, and its app.
pub type Rogue = (&'static str, fn() -> App);

/// All of them: what they do to `GET /login`, or to `app`.
pub const ROGUES: &[Rogue] = &[
    ("loops", || {
        App::new(|store| {
            answers(store, || {
                loop {
                    std::hint::spin_loop();
                }
            })
        })
    }),
    ("sleeps", || {
        App::new(|store| {
            answers(store, || {
                std::thread::sleep(Duration::from_secs(3600));
                String::new()
            })
        })
    }),
    ("waits", || App::new(waits)),
    ("never_ends_its_body", || App::new(never_ends_its_body)),
    ("exits", || App::new(|store| answers(store, || process::exit(0)))),
    ("aborts", || App::new(|store| answers(store, || process::abort()))),
    ("exits_in_app", || App::new(|_| process::exit(0))),
    ("panics_in_app", || App::new(|_| panic!("no routes today"))),
    ("floods", || {
        App::new(|store| {
            answers(store, || {
                (0..100_000).for_each(|line| println!("line {line} of very many"));
                "<p>flooded".to_owned()
            })
        })
    }),
    #[cfg(target_os = "linux")] // the others do not hold the limit
    ("takes_all_memory", || {
        App::new(|store| answers(store, || vec![1_u64; 1 << 30].iter().map(u64::to_string).collect()))
    }),
    ("exits_later", || App::new(|store| ends_after(store, |end| drop(thread::spawn(end))))),
    ("exits_later_in_a_task", || App::new(|store| ends_after(store, |end| drop(tokio::spawn(async move { end() }))))),
    ("forges_a_report", || App::new(|store| answers(store, forges_a_report))),
    ("forges_lines", || App::new(|store| answers(store, forges_lines))),
    #[cfg(unix)]
    ("stops_its_parent", || App::new(|store| answers(store, || signals_its_parent("-STOP")))),
    #[cfg(unix)]
    ("ends_its_parent", || App::new(|store| answers(store, || signals_its_parent("-KILL")))),
    ("rewrites_its_check", || App::new(rewrites_its_check)),
    ("answers_100_megabytes", || App::new(|store| answers(store, || "x".repeat(100 << 20)))),
];

/// A right answer that leaves two programs behind, one of them in a session of its own. Each calls the address in
/// CALLS.
pub fn leaves_children() -> App {
    App::new(|store| {
        let own = env::current_exe().expect("a program has a path");
        let calls = env::var("CALLS").expect("somebody waits for the calls");
        let mut children = vec![Command::new(&own)];
        if cfg!(target_os = "linux") {
            let mut elsewhere = Command::new("setsid");
            elsewhere.arg("--fork").arg(&own);
            children.push(elsewhere);
        }
        for child in &mut children {
            let child = child.env("ROGUE", "calls").env("CALLS", &calls).stdout(Stdio::piped()).spawn();
            let mut said = child.expect("it can be started").stdout.expect("its output is read");
            said.read_exact(&mut [0]).expect("it says that it has called");
        }
        solution_1::app(store)
    })
}

/// What is left behind: calls, says so, and stays.
pub fn calls() -> ! {
    let calls = env::var("CALLS").expect("somebody waits for the calls");
    let _call = TcpStream::connect(calls).expect("somebody listens");
    println!();
    loop {
        thread::park();
    }
}

/// A right answer, and the end of the program 1.5 s later.
fn ends_after<S: SessionStore + Clone>(store: S, begin: fn(fn())) -> Router {
    begin(|| {
        thread::sleep(Duration::from_millis(1500));
        process::exit(0)
    });
    solution_1::app(store)
}

/// What a check that passed looks like.
const PASSED: &str = r#"{"report":{"number":1,"id":"login_page_has_a_form","requirement":"","outcome":"passed","prints":""},"noticed":[],"hung":false}"#;

/// Puts a report in the place of every one that is expected.
fn forges_a_report() -> String {
    let given = env::args().skip_while(|word| word != "--report").nth(1);
    given.into_iter().for_each(|path| drop(fs::write(path, PASSED)));
    let folders = fs::read_dir(env::temp_dir()).into_iter().flatten().flatten();
    let reports = folders.map(|folder| folder.path()).filter(|folder| folder.join("0.steps").exists());
    reports.for_each(|folder| drop(fs::write(folder.join("0.sealed"), format!("0 {PASSED}"))));
    process::exit(0)
}

/// Writes to the output of both processes that have started this one, as far as the system allows it.
fn forges_lines() -> String {
    let report = r#"{"exercise":1,"seed":7,"checks":[CHECK]}"#.replace("CHECK", &check(PASSED));
    let above = std::iter::successors(parent(&process::id().to_string()), |process| parent(process));
    for above in above.take(2) {
        if let Ok(mut output) = fs::File::options().write(true).open(format!("/proc/{above}/fd/1")) {
            let _ = write!(output, "{PASSED}\n0 {PASSED}\n{{\"report\":{report}}}\n");
        }
    }
    "<p>no form".to_owned()
}

fn check(played: &str) -> String {
    played.trim_start_matches(r#"{"report":"#).replace(r#","noticed":[],"hung":false}"#, "")
}

/// On Linux, where a process can be found.
fn parent(process: &str) -> Option<String> {
    let stat = fs::read_to_string(Path::new("/proc").join(process).join("stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1).map(str::to_owned)
}

#[cfg(unix)]
fn signals_its_parent(signal: &str) -> String {
    let parent = std::os::unix::process::parent_id().to_string();
    let _ = Command::new("kill").args([signal, &parent]).status();
    "<p>no form".to_owned()
}

/// A right answer that would pass every later check whatever becomes of it.
fn rewrites_its_check<S: SessionStore + Clone>(store: S) -> Router {
    let _ = fs::write("tests/check.rs", "fn main() {}\n");
    solution_1::app(store)
}

fn answers<S: SessionStore + Clone>(_store: S, page: fn() -> String) -> Router {
    Router::new().route("/login", get(async move || Html(page())))
}

fn waits<S: SessionStore + Clone>(_store: S) -> Router {
    Router::new().route("/login", get(async || -> Response { std::future::pending().await }))
}

fn never_ends_its_body<S: SessionStore + Clone>(_store: S) -> Router {
    let body = || stream::once(async { Ok::<_, Infallible>(Bytes::from("<form>")) }).chain(stream::pending());
    Router::new().route("/login", get(async move || Body::from_stream(body()).into_response()))
}
