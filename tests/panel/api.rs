//! Tests the requests of the panel to the studio.

use std::{collections::BTreeSet, fs, path::Path};

use axum::{
    Router,
    body::{Body, BodyDataStream},
    http::{Request, StatusCode, header},
};
use checks::progress::Progress;
use futures_util::StreamExt;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use workbook::exercise::Exercise;

use crate::scratch::Scratch;

const LIB: &str = "exercises/1-login/src/lib.rs";

/// The studio's API, for the workbook at `root`.
fn studio(root: &Path) -> Router {
    workbook::web::studio(root.to_path_buf(), root.join("book"), 4000)
}

fn request(method: &str, path: &str, body: Value) -> Request<Body> {
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let request = Request::builder().method(method).uri(format!("/api/{path}"));
    let request = request.header(header::HOST, "workbook.localhost:4000").header("sec-fetch-site", "same-origin");
    request.header(header::CONTENT_TYPE, "application/json").body(body).unwrap()
}

async fn ask(root: &Path, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
    let response = studio(root).oneshot(request(method, path, body)).await.unwrap();
    let (status, body) = (response.status(), response.into_body().collect().await.unwrap().to_bytes());
    let text = String::from_utf8_lossy(&body).into_owned();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

async fn get(root: &Path, path: &str) -> Value {
    let (status, told) = ask(root, "GET", path, Value::Null).await;
    assert_eq!(status, StatusCode::OK, "{path}: {told}");
    told
}

fn file<'f>(files: &'f Value, path: &str) -> &'f Value {
    files["files"].as_array().unwrap().iter().find(|file| file["path"] == path).unwrap()
}

pub async fn a_file_is_saved_over_the_version_that_was_read_and_a_collision_shows_the_other_version() {
    let scratch = Scratch::new("api-save");
    let (root, path) = (scratch.root(), "exercises/1/files/src/lib.rs");
    let before = get(root, "exercises/1/files").await;
    let paths: Vec<_> = before["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["src/lib.rs", "src/main.rs", "Cargo.toml"]);
    let base = &file(&before, "src/lib.rs")["hash"];

    let (status, saved) = ask(root, "PUT", path, json!({ "text": "// first\n", "base": base })).await;
    assert_eq!(status, StatusCode::OK, "{saved}");
    assert_eq!(fs::read_to_string(root.join(LIB)).unwrap(), "// first\n");
    let after = get(root, "exercises/1/files").await;
    assert_eq!((&saved["hash"], &saved["all"]), (&file(&after, "src/lib.rs")["hash"], &after["hash"]));

    let (status, theirs) = ask(root, "PUT", path, json!({ "text": "// second\n", "base": base })).await;
    assert_eq!((status, &theirs["text"]), (StatusCode::CONFLICT, &json!("// first\n")));
    assert_eq!(theirs["hash"], saved["hash"]);
    assert_eq!(fs::read_to_string(root.join(LIB)).unwrap(), "// first\n");

    let made = json!({ "text": "<p>", "base": null });
    assert_eq!(ask(root, "PUT", "exercises/1/files/templates/page.html", made).await.0, StatusCode::OK);
    assert_eq!(fs::read_to_string(root.join("exercises/1-login/templates/page.html")).unwrap(), "<p>");
}

pub async fn no_path_leads_out_of_the_answer() {
    let scratch = Scratch::new("api-paths");
    for path in [
        "README.md",
        "tests/check.rs",
        "..%2F2-cart%2Fsrc%2Flib.rs",
        "src%2F..%2F..%2Fx.rs",
        "%2Fetc%2Fpasswd",
        "src%5C..%5Cx.rs",
    ] {
        let (status, told) =
            ask(scratch.root(), "PUT", &format!("exercises/1/files/{path}"), json!({ "text": "x", "base": null }))
                .await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}: {told}");
        let (status, told) =
            ask(scratch.root(), "POST", &format!("exercises/1/open/{path}"), json!({ "line": 1 })).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}: {told}");
    }
    let missing = ask(scratch.root(), "PUT", "exercises/9/files/src/lib.rs", json!({ "text": "", "base": null })).await;
    assert_eq!(missing.0, StatusCode::NOT_FOUND);
}

pub async fn only_the_books_own_pages_may_change_anything() {
    let scratch = Scratch::new("api-origin");
    for (method, path) in [
        ("PUT", "exercises/1/files/src/lib.rs"),
        ("POST", "exercises/1/open/src/lib.rs"),
        ("POST", "exercises/1/hints/1"),
        ("POST", "exercises/1/reset"),
        ("POST", "exercises/1/backups/login-1"),
        ("PUT", "pages/basics/log-out"),
        ("PUT", "labs/security/csrf"),
        ("POST", "programs/exercise-1/again"),
    ] {
        for (name, value) in [("sec-fetch-site", "same-site"), ("origin", "http://exercise-1.workbook.localhost:4000")]
        {
            let mut request = request(method, path, json!({}));
            request.headers_mut().remove("sec-fetch-site");
            request.headers_mut().insert(name, value.parse().unwrap());
            let status = studio(scratch.root()).oneshot(request).await.unwrap().status();
            assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path} {name}");
        }
    }
    assert!(!scratch.root().join(".workbook").exists());
}

pub async fn a_hint_is_kept_where_the_terminal_keeps_it() {
    let scratch = Scratch::new("api-hints");
    let (status, hint) = ask(scratch.root(), "POST", "exercises/1/hints/2", Value::Null).await;
    assert_eq!((status, &hint["title"]), (StatusCode::OK, &json!("Who is logged in?")));
    assert!(hint["html"].as_str().unwrap().contains("<code>session.get::&lt;String&gt;(KEY).await</code>"), "{hint}");
    assert_eq!(Progress::load(scratch.root()).0.of("login").hints, BTreeSet::from([2]));
    assert_eq!(get(scratch.root(), "exercises/1").await["hints"], json!([2]));
    for number in ["0", "99"] {
        let path = format!("exercises/1/hints/{number}");
        assert_eq!(ask(scratch.root(), "POST", &path, Value::Null).await.0, StatusCode::NOT_FOUND);
    }
}

pub async fn an_exercise_that_was_reset_comes_back() {
    let scratch = Scratch::new("api-reset");
    let text = || fs::read_to_string(scratch.root().join(LIB)).unwrap();
    let stub = text();
    scratch.answer("// mine\n");
    let (status, reset) = ask(scratch.root(), "POST", "exercises/1/reset", Value::Null).await;
    assert_eq!((status, text()), (StatusCode::OK, stub.clone()));
    let back = format!("exercises/1/backups/{}", reset["backup"].as_str().unwrap());
    let (status, kept) = ask(scratch.root(), "POST", &back, Value::Null).await;
    assert_eq!((status, text().as_str()), (StatusCode::OK, "// mine\n"));
    let again = format!("exercises/1/backups/{}", kept["backup"].as_str().unwrap());
    assert_eq!(ask(scratch.root(), "POST", &again, Value::Null).await.0, StatusCode::OK);
    assert_eq!(text(), stub);
    let other = ask(scratch.root(), "POST", "exercises/2/backups/login-1", Value::Null).await;
    assert!(other.0.is_server_error() && other.1.as_str().unwrap().contains("has no backup"), "{other:?}");
}

pub async fn an_exercise_without_its_folder_is_listed_as_broken_and_can_be_restored() {
    let scratch = Scratch::new("api-gone");
    let root = scratch.root();
    let folder = root.join("exercises/3-preferences");
    fs::remove_dir_all(&folder).unwrap();
    let broken = json!("exercises/3-preferences is missing");

    assert_eq!(get(root, "exercises/3").await["number"], 3);
    let files = get(root, "exercises/3/files").await;
    assert_eq!((&files["files"], &files["hash"]), (&json!([]), &Value::Null));
    let exercises = get(root, "progress").await["exercises"].as_array().unwrap().clone();
    let told: Vec<_> = exercises.iter().map(|exercise| exercise["broken"].clone()).collect();
    let expected = (1..=8).map(|number| if number == 3 { broken.clone() } else { Value::Null });
    assert_eq!(told, expected.collect::<Vec<_>>());
    let response = studio(root).oneshot(request("GET", "events", Value::Null)).await.unwrap();
    let mut stream = response.into_body().into_data_stream();
    let first = next(&mut stream).await;
    assert_eq!((&first["exercises"]["3"]["broken"], &first["exercises"]["3"]["files"]), (&broken, &Value::Null));
    let body = studio(root).oneshot(request("POST", "exercises/3/check", Value::Null)).await.unwrap().into_body();
    let told = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    assert!(told.contains("exercises/3-preferences is missing: `") && told.contains(" reset 3`"), "{told}");

    let (status, reset) = ask(root, "POST", "exercises/3/reset", Value::Null).await;
    assert_eq!((status, &reset["backup"]), (StatusCode::OK, &Value::Null), "{reset}");
    assert!(folder.join("README.md").is_file() && folder.join("src/lib.rs").is_file());
    loop {
        // The files of the folder are restored one by one.
        let now = next(&mut stream).await;
        if now["exercises"]["3"]["broken"] == Value::Null {
            break;
        }
    }
}

pub async fn a_page_that_was_read_is_kept_and_what_is_no_page_is_not() {
    let scratch = Scratch::new("api-pages");
    for page in ["basics/log-out", "introduction", "basics/log-out"] {
        assert_eq!(ask(scratch.root(), "PUT", &format!("pages/{page}"), Value::Null).await.0, StatusCode::NO_CONTENT);
    }
    for page in
        ["no/such", "basics/../introduction", "..%2F..%2FREADME", "basics%2F..%2Fintroduction", "basics//log-out"]
    {
        assert_eq!(
            ask(scratch.root(), "PUT", &format!("pages/{page}"), Value::Null).await.0,
            StatusCode::NOT_FOUND,
            "{page}"
        );
    }
    let progress = get(scratch.root(), "progress").await;
    assert_eq!(progress["pages"], json!(["basics/log-out", "introduction"]));
    let login = &progress["exercises"][0];
    assert_eq!((&login["id"], &login["tried"], &login["passed"]), (&json!("login"), &json!(false), &json!(false)));
    assert_eq!(login["requirements"].as_array().unwrap().len(), 13);
}

pub async fn a_lab_that_was_tried_is_kept_and_a_page_without_one_has_none() {
    let scratch = Scratch::new("api-labs");
    let labs = async || get(scratch.root(), "progress").await["labs"].as_array().unwrap().clone();
    let lab = |page: &str, tried: bool| json!({ "page": page, "tried": tried });
    assert_eq!((labs().await.len(), &labs().await[3]), (8, &lab("security/csrf", false)));
    for (page, status) in [
        ("security/csrf", StatusCode::NO_CONTENT),
        ("security/in-flask", StatusCode::NOT_FOUND),
        ("security/none", StatusCode::NOT_FOUND),
        ("security%2F..%2Fsecurity%2Fcsrf", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(ask(scratch.root(), "PUT", &format!("labs/{page}"), Value::Null).await.0, status, "{page}");
    }
    let tried: Vec<_> = labs().await.into_iter().filter(|lab| lab["tried"] == true).collect();
    assert_eq!(tried, [lab("security/csrf", true)]);
}

/// Returns the next event of the stream.
async fn next(stream: &mut BodyDataStream) -> Value {
    loop {
        // A busy machine may take this long, but an event is sent as soon as there is one.
        let bytes = tokio::time::timeout(crate::chromium::AT_MOST, stream.next()).await;
        let bytes = bytes.expect("an event").unwrap().unwrap();
        if let Some(data) = String::from_utf8_lossy(&bytes).strip_prefix("data: ") {
            return serde_json::from_str(data.trim()).unwrap();
        }
    }
}

pub async fn a_window_gets_the_state_at_once_and_after_each_change() {
    let scratch = Scratch::new("api-events");
    let response = studio(scratch.root()).oneshot(request("GET", "events", Value::Null)).await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut stream = response.into_body().into_data_stream();
    let first = next(&mut stream).await;
    assert_eq!(first["exercises"]["1"]["files"], get(scratch.root(), "exercises/1/files").await["hash"]);

    scratch.answer("// changed\n");
    let second = next(&mut stream).await;
    assert_eq!(second["exercises"]["1"]["files"], get(scratch.root(), "exercises/1/files").await["hash"]);
    assert_eq!(second["exercises"]["2"], first["exercises"]["2"]);

    ask(scratch.root(), "POST", "exercises/1/hints/1", Value::Null).await;
    let third = next(&mut stream).await;
    assert_eq!(third["exercises"]["1"]["files"], second["exercises"]["1"]["files"]);
    assert_ne!(third["exercises"]["1"]["reached"], second["exercises"]["1"]["reached"]);
    ask(scratch.root(), "PUT", "pages/introduction", Value::Null).await;
    assert_ne!(next(&mut stream).await["progress"], third["progress"]);
}

pub async fn the_first_page_and_the_accounts_of_an_app_are_those_of_the_exercise() {
    let scratch = Scratch::new("api-start");
    for (number, start, account) in [
        (1, "/login", "alice (wonderland)"),
        (2, "/view_cart", "Open /view_cart."),
        (3, "/set_preferences", "bob (builder)"),
        (4, "/login", "bob (builder)"),
        (7, "/dashboard", "who is an admin"),
    ] {
        let told = get(scratch.root(), &format!("exercises/{number}")).await;
        assert_eq!(told["start"], start, "{told}");
        assert!(told["accounts"].as_str().unwrap().contains(account), "{told}");
    }
    assert_eq!(
        get(scratch.root(), "exercises/5").await["accounts"],
        "",
        "a sentence that contains a value is not shown"
    );
}

pub async fn what_the_app_tab_of_each_exercise_opens_is_a_page_of_its_app() {
    let scratch = Scratch::new("api-starts");
    for exercise in Exercise::all(scratch.root()).unwrap() {
        let start = get(scratch.root(), &format!("exercises/{}", exercise.number)).await["start"].clone();
        // The stub has all routes. In exercise 5, where the answer is a store, the program has them.
        let sources = ["src/lib.rs", "src/main.rs"].map(|file| fs::read_to_string(exercise.folder.join(file)).unwrap());
        let route = format!(".route({start}, get(");
        assert!(sources.iter().any(|source| source.contains(&route)), "{}: no {route}", exercise.name());
    }
}
