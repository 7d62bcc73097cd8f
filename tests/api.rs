//! Tests the studio's own answers to the panel, without a browser, in a workbook of two small exercises.

use std::{fs, path::Path};

use axum::{
    Router,
    body::{Body, BodyDataStream},
    http::{Request, StatusCode, header},
};
use checks::{
    CheckReport, CompileErrors, Failure, Outcome, Report, Step, Verdict,
    progress::{Progress, Reached},
};
use futures_util::StreamExt;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

const BOOK: &str = "workbook.localhost:4000";
const STORIES: &str = "checks.inspector.localhost:4000";

const TASK: &str = "# Exercise 1: tea

- `cargo run -p exercise-1` serves your answer at `/pot`.

## Requirements

1. `GET /pot` is hot
2. `POST /cup` is not for `<i>cats</i>`

## Hints

<details><summary>First</summary>

Use `water`.

</details>
<details><summary>Second</summary>

Wait.

</details>
";
const OTHER_TASK: &str =
    "# Exercise 2: cake\n\n## Requirements\n\n1. `GET /slices/{number}` is cut\n2. `GET /cake` is whole\n";
const REASONS: &str = "# Exercise 1: tea\n\n## Why it is written this way\n\nTea *first*.\n\n## What you learned\n\n\
    To wait.\n\n## The end\n\nNot shown.\n";

/// A workbook in a folder of its own, and its studio.
struct Workbook {
    root: TempDir,
    studio: Router,
}

fn write(root: &Path, path: &str, text: &str) {
    let file = root.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

fn studio(root: &TempDir) -> Router {
    workbook::web::studio(root.path().to_owned(), root.path().join("built"), 4000)
}

impl Workbook {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let file = |path: &str, text: &str| write(root.path(), path, text);
        for (name, task) in [("1-tea", TASK), ("2-cake", OTHER_TASK)] {
            for parent in ["exercises", "src/stubs"] {
                file(&format!("{parent}/{name}/README.md"), task);
                file(&format!("{parent}/{name}/Cargo.toml"), "[package]\n");
                file(&format!("{parent}/{name}/src/lib.rs"), "// the stub\nfn pour() {}\n");
                file(&format!("{parent}/{name}/tests/check.rs"), "");
            }
        }
        for parent in ["exercises", "src/stubs"] {
            file(&format!("{parent}/1-tea/src/main.rs"), "println!(\"alice drinks tea\");\nprintln!(\"bob\");\n");
            file(&format!("{parent}/2-cake/src/main.rs"), "println!(\"at {port}\");\n");
        }
        file("solutions/1-tea/README.md", REASONS);
        file("solutions/1-tea/src/lib.rs", "// the solution\nfn pour() {}\n");
        file("lessons/1-basics/src/lib.rs", "");
        file("book/src/SUMMARY.md", "[Start](start.md)\n- [Lab](parts/lab.md)\n- [Calm](parts/calm.md)\n");
        file("book/src/start.md", "The start.");
        file("book/src/parts/lab.md", "<div data-lab=\"attack\"></div>");
        file("book/src/parts/calm.md", "No lab.");
        file("book/src/parts/notes.txt", "Not a page.");
        file("book/book.toml", "");
        file("built/index.html", "the book");
        Self { studio: studio(&root), root }
    }

    async fn send(&self, method: &str, host: &str, path: &str, body: Option<Value>) -> axum::response::Response {
        let request = Request::builder().method(method).uri(path).header(header::HOST, host);
        let request = request.header("sec-fetch-site", "same-origin").header(header::CONTENT_TYPE, "application/json");
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.studio.clone().oneshot(request.body(body).unwrap()).await.unwrap()
    }

    /// Returns the status and the text of the answer.
    async fn ask(&self, method: &str, address: (&str, &str), body: Option<Value>) -> (StatusCode, String) {
        let answer = self.send(method, address.0, address.1, body).await;
        let status = answer.status();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    async fn api(&self, method: &str, path: &str, body: Option<Value>) -> (StatusCode, String) {
        self.ask(method, (BOOK, &format!("/api/{path}")), body).await
    }

    /// Returns the answer of the API to a request that it accepts.
    async fn ok(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let (status, text) = self.api(method, path, body).await;
        assert_eq!(status, StatusCode::OK, "{method} {path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        self.ok("GET", path, None).await
    }

    async fn status(&self, method: &str, path: &str) -> StatusCode {
        self.api(method, path, None).await.0
    }

    /// Stores this verdict on the current files of exercise 1.
    async fn judge(&self, verdict: Verdict) -> String {
        let hash = self.get("exercises/1/files").await["hash"].as_str().unwrap().to_owned();
        assert_eq!(Progress::change(self.root.path(), "tea", |reached| reached.judge(verdict, hash.clone())), None);
        hash
    }

    fn reached(&self) -> Reached {
        Progress::load(self.root.path()).0.of("tea")
    }

    fn answer(&self, text: &str) {
        write(self.root.path(), "exercises/1-tea/src/lib.rs", text);
    }
}

fn report(outcomes: [Outcome; 2]) -> Verdict {
    let check = |(number, outcome)| CheckReport {
        number,
        id: format!("check_{number}"),
        requirement: format!("requirement `{number}`"),
        outcome,
        prints: String::new(),
    };
    Verdict::Report(Report { exercise: 1, seed: 7, checks: (1..).zip(outcomes).map(check).collect() })
}

fn failed() -> Outcome {
    let step = |who: &str, path: &str, seen: Option<&str>| Step {
        who: who.to_owned(),
        method: "GET".to_owned(),
        path: path.to_owned(),
        answer: "200".to_owned(),
        seen: seen.map(str::to_owned),
    };
    Outcome::Failed(Box::new(Failure {
        steps: vec![step("alice", "/first", None), step("bob", "/second", Some("<p>seen</p>"))],
        expected: "hot".to_owned(),
        actual: "cold".to_owned(),
        so: "it is cold, at exercises/1-tea/src/lib.rs:2".to_owned(),
        hint: 2,
        read: "parts/lab.md".to_owned(),
        ..Failure::default()
    }))
}

#[tokio::test]
async fn only_pages_that_exist_are_noted_as_read_and_only_labs_as_tried() {
    let workbook = Workbook::new();
    let progress = workbook.get("progress").await;
    assert_eq!(progress["pages"], json!([]));
    assert_eq!(progress["labs"], json!([{ "tried": false, "page": "parts/lab" }]));
    for page in ["none", "parts", "parts/notes", "parts%2F..%2Fstart", "parts//lab", "Start"] {
        assert_eq!(workbook.status("PUT", &format!("pages/{page}")).await, StatusCode::NOT_FOUND, "{page}");
    }
    for page in ["start", "parts/calm", "none"] {
        assert_eq!(workbook.status("PUT", &format!("labs/{page}")).await, StatusCode::NOT_FOUND, "{page}");
    }
    for page in ["pages/start", "pages/parts/calm", "pages/start", "labs/parts/lab"] {
        assert_eq!(workbook.status("PUT", page).await, StatusCode::NO_CONTENT, "{page}");
    }
    let progress = workbook.get("progress").await;
    assert_eq!(progress["pages"], json!(["parts/calm", "start"]));
    assert_eq!(progress["labs"], json!([{ "tried": true, "page": "parts/lab" }]));
}

#[tokio::test]
async fn before_the_first_verdict_an_exercise_shows_its_task() {
    let workbook = Workbook::new();
    let tea = json!({
        "number": 1, "title": "Exercise 1: tea", "requirements": 2, "start": "/pot", "accounts": "alice drinks tea",
        "html": null, "passed": false, "judged": null, "met": [], "errors": [], "fits": null, "hints": [],
        "note": null,
    });
    assert_eq!(workbook.get("exercises/1").await, tea);
    assert_eq!(workbook.get("exercises/tea").await, tea);
    let cake = workbook.get("exercises/2").await;
    assert_eq!(
        (&cake["start"], &cake["accounts"]),
        (&json!("/cake"), &json!("")),
        "no path or text with a value in it"
    );
    let requirements = json!([
        { "text": "`GET /pot` is hot", "met": false }, { "text": "`POST /cup` is not for `<i>cats</i>`", "met": false },
    ]);
    let expected = json!({
        "number": 1, "id": "tea", "title": "tea", "broken": null, "passed": false, "tried": false, "current": false,
        "requirements": requirements, "hints": 0, "solution_seen": false,
    });
    assert_eq!(workbook.get("progress").await["exercises"][0], expected);
    assert_eq!(workbook.status("GET", "exercises/3").await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_failure_is_shown_with_its_place_its_hint_and_its_story() {
    let workbook = Workbook::new();
    let hash = workbook.judge(report([Outcome::Passed, failed()])).await;
    let shown = workbook.get("exercises/1").await;
    assert_eq!((&shown["passed"], &shown["judged"]), (&json!(false), &json!(hash)));
    assert_eq!((&shown["met"], &shown["fits"]), (&json!([true, false]), &json!(2)));
    let html = shown["html"].as_str().unwrap();
    for words in [
        "✘ Not yet: 1 of 2.",
        "2 requirement <code>2</code>",
        "<b>it is cold</b> <button type=\"button\" class=\"place\" data-file=\"src&#x2f;lib.rs\" data-line=\"2\">",
        "Hint 2: Second",
        "1 requirement is met",
    ] {
        assert!(html.contains(words), "{words}: {html}");
    }
    assert!(!html.contains("You have changed your answer") && !html.contains("What you learned"), "{html}");
    let exercise = workbook.get("progress").await["exercises"][0].clone();
    let met: Vec<_> = exercise["requirements"].as_array().unwrap().iter().map(|one| one["met"].clone()).collect();
    assert_eq!(met, [true, false]);
    assert_eq!((&exercise["tried"], &exercise["current"]), (&json!(true), &json!(true)));

    workbook.answer("fn changed() {}\n");
    let html = workbook.get("exercises/1").await["html"].as_str().unwrap().to_owned();
    assert!(html.contains("You have changed your answer since this verdict."), "{html}");
    assert_eq!(workbook.get("progress").await["exercises"][0]["current"], false);

    let (status, story) = workbook.ask("GET", (STORIES, "/1/2"), None).await;
    assert_eq!(status, StatusCode::OK, "{story}");
    let [first, second] = ["alice GET &#x2f;first 200", "<p>seen</p>"].map(|words| story.find(words));
    assert!(story.contains("What check 2 did") && first.is_some() && first < second, "{story}");
    let unfailed = workbook.ask("GET", (STORIES, "/1/1"), None).await;
    assert_eq!(unfailed, (StatusCode::NOT_FOUND, "Check 1 of exercise 1, tea has not failed.\n".to_owned()));
    let unknown = workbook.ask("GET", (STORIES, "/3/1"), None).await;
    assert!(unknown.0 == StatusCode::NOT_FOUND && unknown.1.starts_with("there is no exercise 3"), "{unknown:?}");
}

#[tokio::test]
async fn compiler_errors_are_shown_with_their_places() {
    let workbook = Workbook::new();
    let error = "error[E0425]: no `water`\n  --> exercises/1-tea/src/lib.rs:2:5\n   |";
    workbook.judge(Verdict::DoesNotCompile(CompileErrors { first: vec![error.to_owned()], count: 3 })).await;
    let shown = workbook.get("exercises/1").await;
    let place = json!({ "file": "src/lib.rs", "line": 2, "says": "error[E0425]: no `water`" });
    assert_eq!(shown["errors"], json!([place]));
    assert_eq!((&shown["met"], &shown["fits"], &shown["passed"]), (&json!([]), &json!(null), &json!(false)));
    let html = shown["html"].as_str().unwrap();
    assert!(html.contains("It does not compile.") && html.contains("There are 3 errors in all."), "{html}");
    let exercise = workbook.get("progress").await["exercises"][0].clone();
    assert_eq!((&exercise["tried"], &exercise["requirements"][0]["met"]), (&json!(true), &json!(false)));
    let story = workbook.ask("GET", (STORIES, "/1/1"), None).await;
    assert_eq!(story.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_pass_shows_the_solution_beside_the_answer_and_the_next_exercise() {
    let workbook = Workbook::new();
    workbook.judge(report([Outcome::Passed, Outcome::Passed])).await;
    let shown = workbook.get("exercises/1").await;
    assert_eq!((&shown["passed"], &shown["met"], &shown["fits"]), (&json!(true), &json!([true, true]), &json!(null)));
    let html = shown["html"].as_str().unwrap();
    for words in [
        "✔ Passed, all 2.",
        "<a href=\"/exercises/cake.html\">exercise 2, cake</a>",
        "<p>To wait.</p>",
        "<p>Tea <em>first</em>.</p>",
        "<code>src&#x2f;lib.rs</code>",
        "<td>&#x2f;&#x2f; the stub</td><td>&#x2f;&#x2f; the solution</td>",
        "<tr class=\"same\"><td>fn pour() {}</td><td>fn pour() {}</td></tr>",
    ] {
        assert!(html.contains(words), "{words}: {html}");
    }
    assert!(!html.contains("Not shown") && !html.contains("main.rs"), "{html}");
    let exercise = workbook.get("progress").await["exercises"][0].clone();
    assert_eq!((&exercise["passed"], &exercise["current"]), (&json!(true), &json!(true)));

    fs::copy(
        workbook.root.path().join("solutions/1-tea/src/lib.rs"),
        workbook.root.path().join("exercises/1-tea/src/lib.rs"),
    )
    .unwrap();
    let html = workbook.get("exercises/1").await["html"].as_str().unwrap().to_owned();
    assert!(html.contains("Your answer is identical to the solution."), "{html}");
}

#[tokio::test]
async fn a_save_is_written_unless_the_file_has_changed_in_the_meantime() {
    let workbook = Workbook::new();
    let all = workbook.get("exercises/1/files").await;
    let paths: Vec<_> = all["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["src/lib.rs", "src/main.rs", "Cargo.toml"]);
    let folder = workbook.root.path().join("exercises/1-tea").canonicalize().unwrap();
    assert_eq!(all["folder"], json!(folder));

    let change = |text: &str, base: &Value| Some(json!({ "text": text, "base": base }));
    let first = &all["files"][0]["hash"];
    let saved = workbook.ok("PUT", "exercises/1/files/src/lib.rs", change("// mine\n", first)).await;
    let now = workbook.get("exercises/1/files").await;
    assert_eq!((&now["files"][0]["text"], &now["files"][0]["hash"]), (&json!("// mine\n"), &saved["hash"]));
    assert_eq!(now["hash"], saved["all"]);
    assert_ne!(now["hash"], all["hash"]);

    let (status, current) = workbook.api("PUT", "exercises/1/files/src/lib.rs", change("// late\n", first)).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(serde_json::from_str::<Value>(&current).unwrap()["text"], "// mine\n");
    let (status, reason) = workbook.api("PUT", "exercises/1/files/README.md", change("", &Value::Null)).await;
    assert!(status == StatusCode::FORBIDDEN && reason.contains("is not a file of an answer"), "{status} {reason}");
    let (status, reason) = workbook.api("POST", "exercises/1/open/src/none.rs", Some(json!({ "line": 1 }))).await;
    assert_eq!((status, reason.as_str()), (StatusCode::NOT_FOUND, "the answer has no file \"src/none.rs\""));

    fs::remove_dir_all(&folder).unwrap();
    let gone = workbook.get("exercises/1/files").await;
    assert_eq!((&gone["files"], &gone["hash"]), (&json!([]), &json!(null)));
    assert_eq!(workbook.get("progress").await["exercises"][0]["broken"], "exercises/1-tea is missing");
}

#[tokio::test]
async fn a_hint_is_shown_by_its_number_and_counted_once() {
    let workbook = Workbook::new();
    let hint = json!({ "number": 1, "title": "First", "html": "<p>Use <code>water</code>.</p>\n" });
    assert_eq!(workbook.ok("POST", "exercises/1/hints/1", None).await, hint);
    assert_eq!(workbook.ok("POST", "exercises/1/hints/1", None).await, hint);
    for none in [0, 3] {
        let (status, reason) = workbook.api("POST", &format!("exercises/1/hints/{none}"), None).await;
        assert_eq!((status, reason), (StatusCode::NOT_FOUND, format!("exercise 1, tea has no hint {none}")));
    }
    assert_eq!(workbook.get("exercises/1").await["hints"], json!([1]));
    assert_eq!(workbook.get("progress").await["exercises"][0]["hints"], 1);
}

#[tokio::test]
async fn a_reset_returns_the_stub_and_its_backup_returns_the_answer() {
    let workbook = Workbook::new();
    let text = || fs::read_to_string(workbook.root.path().join("exercises/1-tea/src/lib.rs")).unwrap();
    let stub = text();
    workbook.answer("// mine\n");
    workbook.judge(report([Outcome::Passed, failed()])).await;
    let reset = workbook.ok("POST", "exercises/1/reset", None).await;
    let folder = workbook.root.path().join(".workbook/backups/tea-1");
    assert_eq!(reset, json!({ "backup": "tea-1", "folder": folder, "note": null }));
    assert_eq!((text(), workbook.reached().verdict), (stub.clone(), None));
    let back = workbook.ok("POST", "exercises/1/backups/tea-1", None).await;
    assert_eq!((text().as_str(), &back["backup"]), ("// mine\n", &json!("tea-2")));
    let (status, reason) = workbook.api("POST", "exercises/1/backups/cake-1", None).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(reason, "exercise 1, tea has no backup \"cake-1\"");
}

/// Returns the next event of the stream.
async fn event(events: &mut BodyDataStream) -> Value {
    let mut text = String::new();
    loop {
        text += std::str::from_utf8(&events.next().await.unwrap().unwrap()).unwrap();
        if let Some((event, _)) = text.split_once("\n\n") {
            if let Some(data) = event.strip_prefix("data: ") {
                return serde_json::from_str(data).unwrap();
            }
            text.clear(); // a comment, which keeps the connection alive
        }
    }
}

#[tokio::test]
async fn a_window_hears_of_each_change_of_the_files_and_of_the_progress() {
    let workbook = Workbook::new();
    let answer = workbook.send("GET", BOOK, "/api/events?program=lesson-1", None).await;
    let mut events = answer.into_body().into_data_stream();
    let first = event(&mut events).await;
    let files = workbook.get("exercises/1/files").await["hash"].clone();
    let tea = &first["exercises"]["1"];
    assert_eq!((&tea["files"], &tea["broken"], &tea["judged"]), (&files, &json!(null), &json!(null)));
    assert_eq!(first["program"], json!({ "state": "absent", "serial": null, "silent": false }));

    let hash = workbook.judge(report([Outcome::Passed, failed()])).await;
    let second = event(&mut events).await;
    assert_eq!(second["exercises"]["1"]["judged"], hash);
    assert_ne!(second["exercises"]["1"]["reached"], tea["reached"]);
    assert_ne!(second["progress"], first["progress"]);
    assert_eq!(second["exercises"]["2"], first["exercises"]["2"]);

    workbook.answer("// changed\n");
    let third = event(&mut events).await;
    assert_ne!(third["exercises"]["1"]["files"], files);
    assert_eq!(third["progress"], second["progress"]);

    let mut bare = workbook.send("GET", BOOK, "/api/events", None).await.into_body().into_data_stream();
    assert_eq!(event(&mut bare).await["program"], json!(null));
}

#[tokio::test]
async fn another_name_for_the_book_leads_to_it_and_a_request_must_name_one_host() {
    let workbook = Workbook::new();
    let found = workbook.send("GET", "localhost:4000", "/parts/lab.html?x=1", None).await;
    assert_eq!(found.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(found.headers()[header::LOCATION], "http://workbook.localhost:4000/parts/lab.html?x=1");
    for (method, host) in [("POST", "localhost:4000"), ("GET", "evil.example"), ("GET", "lesson-2.workbook.localhost")]
    {
        let refused = workbook.send(method, host, "/", None).await.status();
        assert_eq!(refused, StatusCode::MISDIRECTED_REQUEST, "{method} {host}");
    }
    let two = Request::get("/").header(header::HOST, BOOK).header(header::HOST, BOOK).body(Body::empty()).unwrap();
    assert_eq!(workbook.studio.clone().oneshot(two).await.unwrap().status(), StatusCode::BAD_REQUEST);
    let book = workbook.ask("GET", (BOOK, "/"), None).await;
    assert_eq!(book, (StatusCode::OK, "the book".to_owned()));
}

#[tokio::test]
async fn the_pages_own_file_is_named_and_no_other() {
    let workbook = Workbook::new();
    let (status, page) = workbook.ask("GET", (BOOK, "/edit/src/parts/lab.md"), None).await;
    assert!(status == StatusCode::OK && page.contains("parts&#x2f;lab.md"), "{status} {page}");
    for (method, path) in [
        ("GET", "src/none.md"),
        ("GET", "src/parts/notes.txt"),
        ("GET", "book.toml"),
        ("GET", "src/..%2F..%2Fexercises%2F1-tea%2FREADME.md"),
        ("POST", "src/none.md"),
    ] {
        let (status, words) = workbook.ask(method, (BOOK, &format!("/edit/{path}")), None).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(words.starts_with("The book has no page \"src/") || path == "book.toml", "{words}");
    }
}

#[tokio::test]
async fn a_program_that_cannot_be_built_is_described_with_the_reason() {
    let workbook = Workbook::new();
    let absent = json!({ "state": "absent", "serial": null, "silent": false });
    assert_eq!(workbook.get("programs/lesson-1").await, absent);
    assert_eq!(workbook.get("programs/exercise-2").await, absent);
    assert_eq!(workbook.api("GET", "programs/lesson-2", None).await.1, "there is no program lesson-2\n");
    assert_eq!(workbook.status("POST", "programs/lesson-2/again").await, StatusCode::NOT_FOUND);
    assert_eq!(workbook.status("POST", "programs/lesson-1/again").await, StatusCode::NO_CONTENT);
    assert_eq!(workbook.status("POST", "programs/lesson-2/ahead").await, StatusCode::NO_CONTENT);
    assert_eq!(
        workbook.ask("GET", ("lesson-2.workbook.localhost:4000", "/"), None).await.0,
        StatusCode::MISDIRECTED_REQUEST
    );

    // The folder has no Cargo.toml, so cargo builds nothing.
    let mut events =
        workbook.send("GET", BOOK, "/api/events?program=exercise-1", None).await.into_body().into_data_stream();
    let host = "exercise-1.workbook.localhost:4000";
    let _first = workbook.ask("GET", (host, "/"), None).await;
    let words = loop {
        let program = event(&mut events).await["program"].clone();
        if program["state"] == "failed" {
            break program["words"].as_str().unwrap().to_owned();
        }
    };
    assert!(words.starts_with("cargo could not build exercise-1:\nerror: "), "{words}");
    assert!(words.contains("If one of its files is missing or broken, `") && words.contains(" reset 1`"), "{words}");
    let (status, text) = workbook.ask("GET", (host, "/"), None).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(text, format!("exercise-1 is not running.\n\n{words}"));
    let page = Request::get("/").header(header::HOST, host).header(header::ACCEPT, "text/html").body(Body::empty());
    let page = workbook.studio.clone().oneshot(page.unwrap()).await.unwrap();
    assert_eq!(page.headers()[header::RETRY_AFTER], "1");
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none';") && policy.contains("script-src 'sha256-"), "{policy}");
    let html = page.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&html).starts_with("<!doctype html>"), "{html:?}");
}

#[tokio::test]
async fn a_run_that_cannot_begin_ends_with_the_reason() {
    let workbook = Workbook::new();
    fs::remove_file(workbook.root.path().join("exercises/1-tea/src/main.rs")).unwrap();
    let (status, text) = workbook.api("POST", "exercises/1/check", None).await;
    let line: Value = serde_json::from_str(text.trim()).unwrap();
    assert_eq!((status, &line["event"]), (StatusCode::OK, &json!("failed")));
    let reason = line["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("exercises/1-tea/src/main.rs is missing: `") && reason.contains(" reset 1`"),
        "{reason}"
    );
}

/// A program without dependencies, which answers each request with the text that follows, and the request's first line.
const PROGRAM: &str = r#"use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
};

fn main() {
    let [app, inspector] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [a, i] = [&app, &inspector].map(|listener| listener.local_addr().unwrap().port());
    println!("{{\"session-inspector\":{{\"app\":{a},\"inspector\":{i}}}}}");
    std::thread::spawn(move || serve(&inspector, "the inspector"));
    std::thread::spawn(move || serve(&app, "TEXT"));
    let _ = std::io::stdin().read_line(&mut String::new());
}

fn serve(listener: &TcpListener, text: &str) {
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let head: Vec<_> = lines.map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
        let Some(request) = head.first() else { continue }; // it was only tried whether the port is open
        if request.contains("/end") {
            eprintln!("it was asked to end");
            std::process::exit(3);
        }
        let body = format!("{text}, {request}");
        let length = body.len();
        write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
    }
}
"#;

/// Waits until the window hears that the program is in this state, and returns its status.
async fn until(events: &mut BodyDataStream, state: &str, serial: &Value) -> Value {
    loop {
        let program = event(events).await["program"].clone();
        if program["state"] == state && program["serial"] == *serial {
            return program;
        }
    }
}

#[tokio::test]
async fn a_program_is_built_at_its_first_request_and_again_after_a_save_and_after_its_end() {
    let workbook = Workbook::new();
    let root = workbook.root.path().to_owned();
    let file = |path: &str, text: &str| write(&root, path, text);
    // No package of the project has this name, even if all builds on the machine share a folder.
    file("Cargo.toml", "[workspace]\nmembers = [\"lessons/77-tiny\"]\nresolver = \"3\"\n");
    file("lessons/77-tiny/Cargo.toml", "[package]\nname = \"lesson-77\"\nversion = \"0.0.0\"\nedition = \"2024\"\n");
    file("lessons/77-tiny/src/main.rs", &PROGRAM.replace("TEXT", "first"));
    let workbook = Workbook { studio: studio(&workbook.root), ..workbook };
    let (host, inspector) = ("lesson-77.workbook.localhost:4000", "lesson-77.inspector.localhost:4000");
    let events = workbook.send("GET", BOOK, "/api/events?program=lesson-77", None).await;
    let mut events = events.into_body().into_data_stream();
    let asked = Request::get("/").header(header::HOST, host).header("x-workbook-ask", "1").body(Body::empty()).unwrap();
    let page = workbook.studio.clone().oneshot(asked).await.unwrap();
    assert!([StatusCode::NO_CONTENT, StatusCode::SERVICE_UNAVAILABLE].contains(&page.status()), "built or not yet");
    assert_eq!(until(&mut events, "running", &json!(1)).await["silent"], false);

    let ok = |words: &str| (StatusCode::OK, words.to_owned());
    assert_eq!(workbook.ask("GET", (host, "/tea?hot=1"), None).await, ok("first, GET /tea?hot=1 HTTP/1.1"));
    assert_eq!(workbook.ask("GET", (inspector, "/"), None).await, ok("the inspector, GET / HTTP/1.1"));
    let asked = Request::get("/end").header(header::HOST, host).header("x-workbook-ask", "1").body(Body::empty());
    let asked = workbook.studio.clone().oneshot(asked.unwrap()).await.unwrap();
    assert_eq!(asked.status(), StatusCode::NO_CONTENT, "the question is not passed on");

    file("lessons/77-tiny/src/main.rs", &PROGRAM.replace("TEXT", "second"));
    until(&mut events, "running", &json!(2)).await;
    assert_eq!(workbook.ask("GET", (host, "/"), None).await, ok("second, GET / HTTP/1.1"));

    let (status, words) = workbook.ask("GET", (host, "/end"), None).await;
    assert_eq!(status, StatusCode::BAD_GATEWAY, "{words}");
    assert!(words.starts_with("lesson-77 is not running.\n\nIt gave no complete answer: "), "{words}");
    let ended = until(&mut events, "failed", &json!(null)).await;
    let words = ended["words"].as_str().unwrap();
    assert!(words.starts_with("it has ended (exit ") && words.ends_with("3):\nit was asked to end"), "{words}");
    let (status, words) = workbook.ask("GET", (host, "/"), None).await;
    assert!(status == StatusCode::SERVICE_UNAVAILABLE && words.contains("it was asked to end"), "{words}");
    assert_eq!(workbook.status("POST", "programs/lesson-77/again").await, StatusCode::NO_CONTENT);
    until(&mut events, "running", &json!(3)).await;
    assert_eq!(workbook.ask("GET", (host, "/"), None).await, ok("second, GET / HTTP/1.1"));
}

#[tokio::test]
async fn a_studio_without_secure_says_so_and_still_serves_the_book() {
    let workbook = Workbook::new();
    let workbook = Workbook { studio: workbook::web::cookies::without_secure(workbook.studio), root: workbook.root };
    let page = workbook.send("GET", BOOK, "/", None).await;
    assert_eq!((page.status(), &page.headers()["x-workbook-without-secure"]), (StatusCode::OK, &"1".parse().unwrap()));
}
