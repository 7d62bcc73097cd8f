//! Tests the studio: the requests that it accepts and refuses, and its pages in a real browser.

mod chromium;
mod required;
mod scratch;

use std::{
    cell::RefCell,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Command, ExitCode},
    sync::LazyLock,
};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
};
use chromium::{Running, wait_for, wait_for_words};
use http_body_util::BodyExt;
use required::{Missing, trial};
use scratch::Scratch;
use tower::ServiceExt;

fn main() -> ExitCode {
    required::run(vec![
        trial!(async each_host_name_is_a_part_of_the_studio),
        trial!(async a_host_name_that_is_not_ours_is_refused),
        trial!(async a_request_that_names_two_hosts_is_refused),
        trial!(async only_the_books_own_pages_may_run_checks),
        trial!(async the_api_answers_what_it_does_not_know_with_a_sentence),
        trial!(async no_other_page_may_frame_the_book),
        trial!(a_port_that_is_taken_is_passed_over),
        trial!(
            a_run_ends_when_nobody_listens_when_it_is_asked_for_again_and_with_the_studio,
            (!cfg!(unix)).then(|| Missing { what: "unix", reason: "signals are sent on Unix only".to_owned() })
        ),
        trial!(
            a_run_ends_with_a_studio_that_was_killed,
            (!cfg!(target_os = "linux"))
                .then(|| Missing { what: "linux", reason: "processes are found below /proc".to_owned() })
        ),
        trial!(a_run_of_another_exercise_waits_for_its_turn),
        trial!(an_answer_that_ends_the_process_with_0_has_not_passed),
        trial!(async the_pencil_of_a_page_leads_to_its_file),
        trial!(async the_readers_tools_work_in_a_real_browser, chromium::missing()),
        trial!(async no_script_of_a_demo_reads_its_inspector_in_a_real_browser, chromium::missing()),
        trial!(async a_page_of_the_inspector_notices_a_restart_and_a_clear_in_a_real_browser, chromium::missing()),
        trial!(async every_lesson_has_its_demo_beside_the_chapter_in_a_real_browser, chromium::missing()),
    ])
}

/// Returns a studio in this process, with a book of one page.
fn studio() -> Router {
    static BOOK: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
        let book = tempfile::tempdir().unwrap();
        std::fs::write(book.path().join("index.html"), "the book").unwrap();
        std::fs::write(book.path().join("404.html"), "no such page").unwrap();
        book
    });
    workbook::web::studio(scratch::project().to_path_buf(), BOOK.path().to_path_buf(), 4000)
}

async fn ask(method: &str, address: &str, headers: &[(&str, &str)]) -> (StatusCode, String, String) {
    let (host, path) = address.split_once('/').unwrap();
    let mut request = Request::builder().method(method).uri(format!("/{path}")).header(header::HOST, host);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = studio().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    // All of these are the studio's own answers. No request goes to a program.
    assert_eq!(response.headers().get(header::X_CONTENT_TYPE_OPTIONS).unwrap(), "nosniff", "{method} {address}");
    let location = response.headers().get(header::LOCATION).map(|location| location.to_str().unwrap().to_owned());
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, location.unwrap_or_default(), String::from_utf8_lossy(&body).into_owned())
}

async fn each_host_name_is_a_part_of_the_studio() {
    assert_eq!(ask("GET", "workbook.localhost:4000/", &[]).await.2, "the book");
    assert_eq!(ask("GET", "WORKBOOK.localhost/", &[]).await.2, "the book");
    let missing = ask("GET", "workbook.localhost:4000/no/such", &[]).await;
    assert_eq!((missing.0, missing.2.as_str()), (StatusCode::NOT_FOUND, "no such page"));
    for host in ["localhost:4000", "127.0.0.1:4000", "[::1]:4000"] {
        let (status, location, _) = ask("GET", &format!("{host}/basics/log-out.html?x=1"), &[]).await;
        assert_eq!(
            (status, location.as_str()),
            (StatusCode::TEMPORARY_REDIRECT, "http://workbook.localhost:4000/basics/log-out.html?x=1")
        );
    }
}

async fn a_host_name_that_is_not_ours_is_refused() {
    for host in [
        "evil.example",
        "other.evil.localhost:4000",
        "workbook.localhost.evil.example",
        "lesson-99.workbook.localhost",
        "vulnerable.lesson-99.workbook.localhost",
        "very.vulnerable.lesson-4.workbook.localhost",
        "lesson-1.workbook-4001.localhost",
        "lesson-4workbook.localhost",
        "inspector.localhost:4000",
        "lesson-99.inspector.localhost",
        "vulnerable.lesson-4.inspector.localhost",
        "lesson-1.inspector.localhost.evil.example",
        "",
    ] {
        assert_eq!(ask("GET", &format!("{host}/"), &[]).await.0, StatusCode::MISDIRECTED_REQUEST, "{host}");
    }
    assert_eq!(ask("POST", "localhost:4000/api/exercises/1/check", &[]).await.0, StatusCode::MISDIRECTED_REQUEST);
}

async fn a_request_that_names_two_hosts_is_refused() {
    let status = async |target: &str, hosts: &[&str]| {
        let request = hosts.iter().fold(Request::get(target), |request, host| request.header(header::HOST, *host));
        studio().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
    };
    let own = "workbook.localhost:4000";
    assert_eq!(status("/", &[own, "evil.example"]).await, StatusCode::BAD_REQUEST);
    assert_eq!(status("/", &[own, own]).await, StatusCode::BAD_REQUEST);
    assert_eq!(status("http://evil.example/", &[own]).await, StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(status("http://lesson-1.workbook.localhost:4000/", &[own]).await, StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(status("http://Workbook.localhost:4000/", &[own]).await, StatusCode::OK);
}

async fn only_the_books_own_pages_may_run_checks() {
    let refused: &[&[(&str, &str)]] = &[
        &[],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")], // a demo, or a vulnerable page of a lesson
        &[("origin", "http://evil.localhost:4000")],
        &[("origin", "http://lesson-1.workbook.localhost:4000")],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site"), ("origin", "http://workbook.localhost:4000")],
    ];
    for headers in refused {
        let (status, _, _) = ask("POST", "workbook.localhost:4000/api/exercises/99/check", headers).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{headers:?}");
    }
    // `none` means that the person at the browser sent the request, such as a reload, and no page did.
    let own =
        [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "none"), ("origin", "http://workbook.localhost:4000")];
    for headers in own {
        let (status, _, body) = ask("POST", "workbook.localhost:4000/api/exercises/99/check", &[headers]).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(body.starts_with("there is no exercise 99; the exercises are 1 login, 2 cart"), "{body}");
    }
}

async fn the_api_answers_what_it_does_not_know_with_a_sentence() {
    assert_eq!(ask("GET", "workbook.localhost/api/nothing", &[]).await.2, "The API has no such address.\n");
    assert_eq!(ask("GET", "workbook.localhost/api/exercises/9", &[]).await.0, StatusCode::NOT_FOUND);
    assert_eq!(ask("GET", "workbook.localhost/api/exercises/nine", &[]).await.0, StatusCode::NOT_FOUND);
    assert_eq!(ask("GET", "workbook.localhost/api/exercises/cart", &[]).await.0, StatusCode::OK);
    assert_eq!(
        ask("DELETE", "workbook.localhost/api/exercises/1", &[("sec-fetch-site", "same-origin")]).await.0,
        StatusCode::METHOD_NOT_ALLOWED
    );
}

async fn no_other_page_may_frame_the_book() {
    let request = Request::get("/").header(header::HOST, "workbook.localhost").body(Body::empty()).unwrap();
    let response = studio().oneshot(request).await.unwrap();
    let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; ") && policy.contains("; frame-ancestors 'none';"), "{policy}");
    for name in ["cross-origin-resource-policy", "cross-origin-opener-policy"] {
        assert_eq!(response.headers()[name], "same-origin");
    }
}

/// A copy that no test changes, so that it is built once for all tests of this file.
static READ_ONLY: LazyLock<Scratch> = LazyLock::new(|| Scratch::new("studio"));

fn start_studio(scratch: &Scratch, port: u16) -> (Running, String) {
    chromium::start_studio(scratch.command(env!("CARGO_BIN_EXE_workbook")), port)
}

fn a_port_that_is_taken_is_passed_over() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let said = RefCell::new(Vec::new());
    let scratch = Scratch::new("port");
    let mut command = scratch.command(env!("CARGO_BIN_EXE_workbook"));
    let (_studio, address) = chromium::start(command.args(["--port", &port.to_string()]), |line| {
        said.borrow_mut().push(line.to_owned());
        line.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned)
    });
    let said = said.into_inner().join("\n");
    assert!(said.starts_with(&format!("Port {port} is in use, perhaps by another studio")), "{said}");
    let got: u16 = address.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
    assert!(got > port && got <= port + 100, "{address}");
}

/// Starts a run of exercise 1 in the studio at this address, without reading the answer.
fn begin_run(address: &str) -> TcpStream {
    begin_run_of(1, address)
}

fn begin_run_of(exercise: u8, address: &str) -> TcpStream {
    let host = address.trim_start_matches("http://").trim_end_matches('/');
    let mut connection = TcpStream::connect(("127.0.0.1", host.rsplit(':').next().unwrap().parse().unwrap())).unwrap();
    let request = format!(
        "POST /api/exercises/{exercise}/check HTTP/1.1\r\nHost: {host}\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 0\r\n\r\n"
    );
    connection.write_all(request.as_bytes()).unwrap();
    connection
}

fn a_run_ends_when_nobody_listens_when_it_is_asked_for_again_and_with_the_studio() {
    let scratch = Scratch::new("ends");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    scratch.answer_that_hangs(&listener);
    let (mut studio, address) = start_studio(&scratch, 0);
    let has_ended = |mut learner: TcpStream| assert!(matches!(learner.read(&mut [0]), Ok(0) | Err(_)));

    let run = begin_run(&address);
    let (learner, _) = listener.accept().unwrap();
    drop(run);
    has_ended(learner);

    // Each check runs in its own process, so the next connection may belong to the first run or to the second.
    let first = begin_run(&address);
    let (learner, _) = listener.accept().unwrap();
    let _second = begin_run(&address);
    has_ended(learner);
    drop(first);

    let (learner, _) = listener.accept().unwrap();
    assert!(Command::new("kill").args(["-INT", &studio.0.id().to_string()]).status().unwrap().success());
    assert!(studio.0.wait().unwrap().success());
    has_ended(learner);
}

/// Returns the ID of the process that the studio has started for the checks.
fn checks_of(studio: &Running) -> Option<String> {
    let parent = studio.0.id().to_string();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let mut processes = processes.map(|process| process.file_name().to_string_lossy().into_owned());
    processes.find(|process| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let is_child = stat.rsplit_once(')').is_some_and(|(_, rest)| rest.split_whitespace().nth(1) == Some(&parent));
        is_child && is_sealed(process)
    })
}

/// Whether this process runs checks. A process that has ended has no arguments any more.
fn is_sealed(process: &str) -> bool {
    let arguments = std::fs::read_to_string(format!("/proc/{process}/cmdline")).unwrap_or_default();
    arguments.split('\0').any(|argument| argument == "--sealed")
}

fn a_run_ends_with_a_studio_that_was_killed() {
    let scratch = Scratch::new("killed-run");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    scratch.answer_that_hangs(&listener);
    let (mut studio, address) = start_studio(&scratch, 0);
    let _run = begin_run(&address);
    let (mut learner, _) = listener.accept().unwrap();
    let checks = checks_of(&studio).expect("the checks are running");
    studio.0.kill().unwrap();
    studio.0.wait().unwrap();
    assert!(matches!(learner.read(&mut [0]), Ok(0) | Err(_)));
    while is_sealed(&checks) {
        std::thread::yield_now();
    }
    // If the run continued, it would play the other checks: at first one for each core, and all of them once one hangs.
    listener.set_nonblocking(true).unwrap();
    let later = std::iter::from_fn(|| listener.accept().ok()).count();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    assert!(later < cores, "{later} checks were played after the first");
}

fn a_run_of_another_exercise_waits_for_its_turn() {
    let scratch = Scratch::new("turns");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    scratch.answer_that_hangs(&listener);
    let (_studio, address) = start_studio(&scratch, 0);
    let first = begin_run(&address);
    let (learner, _) = listener.accept().unwrap();
    let mut second = BufReader::new(begin_run_of(2, &address)).lines().map(Result::unwrap);
    let told = second.find(|line| line.contains("\"event\"")).unwrap();
    assert!(told.contains("waiting") && told.contains("the checks of another exercise are running"), "{told}");
    learner.set_nonblocking(true).unwrap();
    let read = (&learner).read(&mut [0]);
    assert!(read.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock), "the first run goes on");
    drop(first);
    let told = second.find(|line| line.contains("\"event\"")).unwrap();
    assert!(told.contains("compiling"), "{told}");
}

fn an_answer_that_ends_the_process_with_0_has_not_passed() {
    let scratch = Scratch::new("exits");
    scratch.answer(&scratch.solution().replace("    Router::new()", "    std::process::exit(0);\n    Router::new()"));
    let (_studio, address) = start_studio(&scratch, 0);
    let mut lines = BufReader::new(begin_run(&address)).lines().map(Result::unwrap);
    let verdict = lines.find(|line| line.contains("\"verdict\"")).unwrap();
    assert!(verdict.contains("\"passed\":false"), "{verdict}");
    assert!(verdict.contains("before the first request") && !verdict.contains("the last of these"), "{verdict}");
}

async fn the_pencil_of_a_page_leads_to_its_file() {
    let (status, _, page) = ask("GET", "workbook.localhost/edit/src/basics/log-out.md", &[]).await;
    let file = scratch::project().join("book").join("src/basics/log-out.md");
    let page = page.replace("&#x2f;", "/");
    assert!(status == StatusCode::OK && page.contains(&format!("<code>{}</code>", file.display())), "{page}");
    for path in [
        "src/no-such.md",
        "book.toml",
        "src/pictures/lesson-light-wide.webp",
        "src/..%2F..%2FREADME.md",
        "src/%2Fetc%2Fpasswd",
    ] {
        let (status, _, said) = ask("GET", &format!("workbook.localhost/edit/{path}"), &[]).await;
        assert!(status == StatusCode::NOT_FOUND && said.starts_with("The book has no page "), "{path}: {said}");
    }
    for headers in [&[][..], &[("sec-fetch-site", "same-site")], &[("origin", "http://evil.localhost:4000")]] {
        let (status, ..) = ask("POST", "workbook.localhost/edit/src/basics/log-out.md", headers).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{headers:?}");
    }
}

/// Runs a script on the page, and returns its value.
async fn value(browser: &fantoccini::Client, script: &str) -> serde_json::Value {
    browser.execute(script, Vec::new()).await.unwrap()
}

async fn the_fields_term_leads_to_its_page_first(browser: &fantoccini::Client, address: &str) {
    for (term, page) in [
        ("CSRF", "security/csrf"),
        ("XSS", "security/scripts"),
        ("session+fixation", "security/fixation"),
        ("hijacking", "basics/what-is-a-session"),
        ("logout", "basics/log-out"),
        ("logout+everywhere", "applications/my-sessions"),
        ("cookie+prefix", "lifetime/cookie-attributes"),
        ("SameSite", "lifetime/cookie-attributes"),
        ("idle+timeout", "lifetime/idle-and-absolute"),
        ("rolling+expiry", "lifetime/idle-and-absolute"),
        ("remember+me", "lifetime/how-long"),
        ("sticky+session", "backends/machines"),
        ("brute+force", "security/guessing"),
        ("JWT", "basics/signed-cookie"),
        ("flash+message", "applications/history"),
    ] {
        browser.goto(&format!("{address}introduction.html?search={term}")).await.unwrap();
        wait_for(browser, &format!("#mdbook-searchresults li:first-child a[href*='{page}.html']")).await;
    }
}

async fn the_readers_tools_work_in_a_real_browser() {
    let chromium = chromium::start_chromium();
    let (_studio, address) = start_studio(&READ_ONLY, 0);
    let browser = chromium.browser().await;

    // An unknown address, an address that has moved, and the link to a page's file.
    browser.goto(&format!("{address}no/such/page.html")).await.unwrap();
    wait_for_words(&browser, "h1", "There is no such page").await;
    wait_for(&browser, "main a[href='introduction.html']").await.click().await.unwrap();
    wait_for_words(&browser, "h1", "Introduction").await;
    browser.goto(&format!("{address}where-to-go-on.html")).await.unwrap();
    wait_for_words(&browser, "h1", "Where can I read more?").await;
    wait_for(&browser, "a[rel='edit']").await.click().await.unwrap();
    wait_for_words(&browser, "code", "reading.md").await;

    the_fields_term_leads_to_its_page_first(&browser, &address).await;

    // Text, code and pictures are readable in each theme.
    browser.goto(&format!("{address}security/fixation.html")).await.unwrap();
    wait_for(&browser, "figure.sequence svg").await;
    let mut seen = std::collections::BTreeSet::new();
    for theme in ["light", "rust", "coal", "navy", "ayu"] {
        value(&browser, &format!("document.getElementById('mdbook-theme-{theme}').click()")).await;
        wait_for(&browser, &format!("html.{theme}")).await;
        let colours = value(
            &browser,
            "const of = (css) => getComputedStyle(document.querySelector(css));
             return [of('html').backgroundColor, of('main p').color, of('.sequence .actor').fill, of('.sequence .life').stroke]",
        )
        .await;
        let colours: Vec<String> = serde_json::from_value(colours).unwrap();
        assert_eq!(colours[1], colours[2], "{theme}: the pictures' words have the colour of the text");
        assert!(
            !colours[1..].contains(&colours[0]),
            "{theme}: something has the colour of the background: {colours:?}"
        );
        seen.insert(colours);
        let is_dark = !matches!(theme, "light" | "rust");
        for frame in ["demo", "inspector"] {
            wait_for(&browser, &format!("#panel iframe.{frame}")).await.enter_frame().await.unwrap();
            // The frames run in other processes, and get the theme a little later.
            let asked = format!(
                "const [dark, done] = [matchMedia('(prefers-color-scheme: dark)'), arguments[0]];
                 if (dark.matches === {is_dark}) done(); else dark.onchange = () => done();"
            );
            browser.execute_async(&asked, Vec::new()).await.unwrap();
            let colour = value(&browser, "return getComputedStyle(document.body).color").await;
            assert_eq!(colour, if is_dark { "rgb(255, 255, 255)" } else { "rgb(0, 0, 0)" }, "{theme}: {frame}");
            browser.enter_parent_frame().await.unwrap();
        }
    }
    assert_eq!(seen.len(), 5, "each theme has colours of its own");

    // Links to a lesson that runs alone lead to the studio's own copy of it.
    browser.goto(&format!("{address}security/scripts.html")).await.unwrap();
    let port = address.trim_end_matches('/').rsplit_once(':').unwrap().1;
    wait_for(&browser, &format!("main a[href='http://evil.localhost:{port}/']")).await.click().await.unwrap();
    wait_for_words(&browser, "h1", "Mallory's site").await;

    // The print page has all pages, without the panel.
    value(&browser, "window.print = () => {}").await;
    browser.goto(&format!("{address}print.html")).await.unwrap();
    for title in
        ["Introduction", "When do sessions and permissions end?", "Exercise 7: roles", "Where can I read more?"]
    {
        wait_for_words(&browser, "h1", title).await;
    }
    assert_eq!(value(&browser, "return document.querySelectorAll('#panel').length").await, 0);
    browser.close().await.unwrap();
}

/// A script that tries every way to read `address` and the addresses below it.
const TRY_TO_READ: &str = r#"
const [address, done] = arguments;
const tried = async (attempt) => { try { return await attempt(); } catch (error) { return `${error.name}`; } };
const loaded = (frame) => new Promise((resolve) => { frame.onload = resolve; });
const page = (options) => tried(async () => {
  const answer = await fetch(address, options);
  return answer.type === "opaque" ? "opaque" : `${answer.status} ${(await answer.text()).slice(0, 500)}`;
});
const heard = new Promise((resolve) => {
  const source = new EventSource(`${address}events`);
  for (const kind of ["reset", "exchange", "message"]) source.addEventListener(kind, (event) => resolve(event.data));
  source.onerror = () => { source.close(); resolve("nothing"); };
});
(async () => {
  const frame = document.createElement("iframe");
  frame.src = address;
  const framed = loaded(frame);
  document.body.append(frame);
  await framed;
  const form = { method: "POST", mode: "no-cors", body: new URLSearchParams({ seconds: "60" }) };
  done({
    "fetch": await page({}),
    "with cookies": await page({ credentials: "include" }),
    "without CORS": await page({ mode: "no-cors", credentials: "include" }),
    "events": await heard,
    "frame": await tried(async () => frame.contentDocument?.body.innerText ?? "nothing"),
    "skip": await tried(async () => (await fetch(`${address}skip`, form)).type),
  });
})();
"#;

async fn no_script_of_a_demo_reads_its_inspector_in_a_real_browser() {
    let chromium = chromium::start_chromium();
    let (_studio, address) = start_studio(&READ_ONLY, 0);
    let port = address.trim_end_matches('/').rsplit_once(':').unwrap().1;
    let browser = chromium.browser().await;

    // Alice logs in at the hardened shop, and only its inspector shows her cookie.
    browser.goto(&format!("http://hardened.lesson-4.workbook-{port}.localhost:{port}/")).await.unwrap();
    let password = lesson_4::shop::ACCOUNTS.iter().find(|account| account.0 == "alice").unwrap().1;
    wait_for(&browser, "[action='/login'] [name=password]").await.send_keys(password).await.unwrap();
    wait_for(&browser, "[action='/login'] button").await.click().await.unwrap();
    wait_for_words(&browser, "p", "Logged in as alice").await;
    let cookies = browser.get_all_cookies().await.unwrap();
    let id = cookies.iter().find(|cookie| cookie.http_only() == Some(true)).unwrap().value().to_owned();
    let inspector = format!("http://lesson-4.inspector.localhost:{port}/");
    browser.goto(&inspector).await.unwrap();
    wait_for_words(&browser, "code", &id).await;
    assert_eq!(browser.get_all_cookies().await.unwrap().len(), 0, "no cookie of the shop goes to the inspector");
    wait_for_words(&browser, "p", "clock: now").await;

    // The script runs on the vulnerable shop, on the attacker's site, and on the index of the lesson.
    let shop = format!("lesson-4.workbook-{port}.localhost");
    for host in [&format!("vulnerable.{shop}"), "evil.localhost", &shop] {
        browser.goto(&format!("http://{host}:{port}/")).await.unwrap();
        let below = value(&browser, "return fetch('/_inspector/events').then((answer) => answer.status)").await;
        assert_eq!(below, 404, "{host}");
        let read = browser.execute_async(TRY_TO_READ, vec![inspector.clone().into()]).await.unwrap();
        let nothing = serde_json::json!({
            "fetch": "TypeError", "with cookies": "TypeError", "without CORS": "TypeError",
            "events": "nothing", "frame": "nothing", "skip": "TypeError",
        });
        assert_eq!(read, nothing, "{host}");
    }
    browser.goto(&inspector).await.unwrap();
    wait_for_words(&browser, "p", "clock: now").await;
    browser.close().await.unwrap();
}

async fn a_page_of_the_inspector_notices_a_restart_and_a_clear_in_a_real_browser() {
    let chromium = chromium::start_chromium();
    let (studio, address) = start_studio(&READ_ONLY, 0);
    let port: u16 = address.trim_end_matches('/').rsplit_once(':').unwrap().1.parse().unwrap();
    let browser = chromium.browser().await;
    let inspector = format!("http://lesson-1.inspector.localhost:{port}/");
    browser.goto(&inspector).await.unwrap();
    // Another tab sends the requests, so that this page stays open.
    let own = browser.window().await.unwrap();
    let other = browser.new_window(true).await.unwrap().handle;
    let go = async |path: &str| {
        browser.switch_to_window(other.clone()).await.unwrap();
        browser.goto(&format!("http://lesson-1.workbook-{port}.localhost:{port}{path}")).await.unwrap();
        browser.switch_to_window(own.clone()).await.unwrap();
    };
    for path in ["/", "/one", "/two"] {
        go(path).await;
    }
    wait_for_words(&browser, "h2", "/two").await;

    // After a restart, the page drops the old exchanges and shows the new ones.
    drop(studio);
    wait_for_words(&browser, "p[not(@hidden)]", "Not connected").await;
    let (_studio, again) = start_studio(&READ_ONLY, port);
    assert_eq!(again, address);
    go("/three").await;
    wait_for_words(&browser, "h2", "/three").await;
    assert_eq!(value(&browser, "return document.querySelectorAll('h2').length").await, 1);

    // Another page of the inspector clears the list.
    wait_for(&browser, "[data-clear]").await;
    browser.switch_to_window(other.clone()).await.unwrap();
    browser.goto(&inspector).await.unwrap();
    wait_for(&browser, "[data-clear]").await.click().await.unwrap();
    browser.switch_to_window(own.clone()).await.unwrap();
    wait_for_words(&browser, "p[not(@hidden)]", "Nothing yet.").await;
    assert_eq!(value(&browser, "return document.querySelectorAll('h2').length").await, 0);
    browser.close().await.unwrap();
}

/// `tests/panel/journey.rs` tests the whole path through a lesson and an exercise.
async fn every_lesson_has_its_demo_beside_the_chapter_in_a_real_browser() {
    let chromium = chromium::start_chromium();
    let (_studio, address) = start_studio(&READ_ONLY, 0);
    let browser = chromium.browser().await;
    // The last demo sends headers that forbid other frames.
    for (page, heading) in [
        ("basics/set-and-get", "One visitor, remembered in two ways"),
        ("lifetime/how-long", "When does a session end?"),
        ("backends/where", "One app, and any backend for its sessions"),
        ("security/csrf", "Let alice press a button that buys"),
        ("beyond/connection", "WebSocket and server-sent events"),
        ("applications/cart", "Your cart is empty"),
    ] {
        browser.goto(&format!("{address}{page}.html")).await.unwrap();
        wait_for(&browser, "#panel iframe.demo").await.enter_frame().await.unwrap();
        wait_for_words(&browser, "h1", heading).await;
    }
    what_the_panel_opens_is_there(&address);
    wait_for(&browser, "main a[href='/']").await.click().await.unwrap();
    wait_for(&browser, "form[action='/add_to_cart/cup'] button").await.click().await.unwrap();
    wait_for_words(&browser, "h1", "Your cart contains: cup").await;
    browser.close().await.unwrap();
}

/// Checks that the studio serves every address that a page of a lesson opens in the panel.
fn what_the_panel_opens_is_there(address: &str) {
    let book = scratch::project().join("book/src");
    let summary = std::fs::read_to_string(book.join("SUMMARY.md")).unwrap();
    let pages = summary.split("](").filter_map(|rest| Some(rest.split_once(".md)")?.0));
    let texts = pages.map(|page| std::fs::read_to_string(book.join(format!("{page}.md"))).unwrap());
    let attribute = |text: &str, name: &str| {
        let (_, rest) = text.split_once(&format!(" data-{name}=\""))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    let opened = texts.filter_map(|text| {
        let lesson = attribute(&text, "lesson")?;
        let lab = attribute(&text, "lab").map(|lab| format!("/attacks/{lab}"));
        Some((lesson, lab.or_else(|| attribute(&text, "path")).unwrap_or_else(|| "/".to_owned())))
    });
    let opened: std::collections::BTreeSet<_> = opened.collect();
    let lessons: std::collections::BTreeSet<_> = opened.iter().map(|(lesson, _)| lesson).collect();
    assert_eq!(lessons.len(), 6, "{opened:?}");
    let host = address.trim_start_matches("http://").trim_end_matches('/');
    for (lesson, path) in opened {
        let answer = loop {
            let mut connection =
                TcpStream::connect(("127.0.0.1", host.rsplit(':').next().unwrap().parse().unwrap())).unwrap();
            let request = format!("GET {path} HTTP/1.1\r\nHost: lesson-{lesson}.{host}\r\nConnection: close\r\n\r\n");
            connection.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            BufReader::new(connection).read_line(&mut answer).unwrap();
            if !answer.starts_with("HTTP/1.1 503 ") {
                break answer; // the program listens now
            }
        };
        assert!(
            answer.starts_with("HTTP/1.1 200 ") || answer.starts_with("HTTP/1.1 303 "),
            "{lesson} {path}: {answer}"
        );
    }
}
