//! Tests what the lessons' pages share: their error pages and their headers.

use std::{error::Error, future::pending, time::Duration};

use async_trait::async_trait;
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::DefaultBodyLimit,
    http::{
        HeaderMap, Request, StatusCode,
        header::{CONTENT_TYPE, COOKIE, RETRY_AFTER, SET_COOKIE},
    },
    middleware::{from_fn, map_response_with_state},
    response::{AppendHeaders, IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::stream;
use lesson_page::{
    Failure, Form, Pages, Path, RequestId, drop_session,
    removal::{self, SessionCookie},
    time_limit, unavailable,
};
use minijinja::context;
use sha2::{Digest, Sha256};
use tower::ServiceExt;
use tower_sessions::{
    MemoryStore, Session, SessionManagerLayer, SessionStore,
    cookie::SameSite,
    session::{self, Id, Record},
    session_store,
};

type Done = Result<(), Box<dyn Error>>;

/// The store's error message, which no visitor may read.
const REASON: &str = "connection to redis://shop:secret@10.0.0.7 refused";
const UNKNOWN: &str = "Your session cannot be reached at the moment. If you have sent a form, it is not known whether \
                       it was carried out: check before you try again. (request ";

async fn read(response: Response) -> Result<(StatusCode, HeaderMap, String), Box<dyn Error>> {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 100_000).await?;
    Ok((parts.status, parts.headers, String::from_utf8(body.to_vec())?))
}

async fn ask(app: Router, path: &str) -> Result<(StatusCode, HeaderMap, String), Box<dyn Error>> {
    read(app.oneshot(Request::get(path).body(Body::empty())?).await?).await
}

/// Returns the request's ID in a page or a sentence.
fn request_id(text: &str) -> String {
    let (_, after) = text.split_once("request ").expect("a request ID");
    after.chars().take_while(char::is_ascii_hexdigit).collect()
}

fn store_unavailable() -> Failure {
    session::Error::Store(session_store::Error::Backend(REASON.to_owned())).into()
}

fn unreadable() -> Failure {
    session::Error::Store(session_store::Error::Decode(REASON.to_owned())).into()
}

#[tokio::test]
async fn each_kind_of_failure_has_a_sentence_with_a_request_id_and_without_the_reason() -> Done {
    let no_template = Pages::new("a lesson", &[]).render("none-such.html", context! {}).unwrap_err();
    for (failure, status, words) in [
        (store_unavailable(), StatusCode::SERVICE_UNAVAILABLE, UNKNOWN),
        (unreadable(), StatusCode::INTERNAL_SERVER_ERROR, r#"<form method="post" action="/drop_session">"#),
        (no_template, StatusCode::INTERNAL_SERVER_ERROR, "This page cannot be shown, and the reason is in our log."),
    ] {
        let (found, _, text) = read(failure.into_response()).await?;
        assert_eq!(found, status, "{text}");
        assert!(text.contains(words), "{text}");
        assert_eq!(request_id(&text).len(), 16, "{text}");
        assert!(!text.contains("secret") && !text.contains("none-such"), "{text}");
    }
    Ok(())
}

/// Serves answers of handlers and of the session layer, inside the layers that the lessons add.
fn answers() -> Router {
    Router::new()
        .route("/bare", get(async || StatusCode::INTERNAL_SERVER_ERROR))
        .route("/told", get(async || (StatusCode::INTERNAL_SERVER_ERROR, "told")))
        .route("/empty", get(async || StatusCode::NO_CONTENT))
        .route("/busy", get(async || (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "7")], "busy")))
        .route("/away", get(async || store_unavailable()))
        .route("/ids", get(async || format!("request {} request {}", RequestId::current(), RequestId::current())))
        .layer(from_fn(unavailable::say))
}

#[tokio::test]
async fn a_save_that_failed_silently_is_reported() -> Done {
    for (path, status, retry, words) in [
        ("/bare", 503, Some("1"), UNKNOWN),
        ("/away", 503, Some("1"), UNKNOWN),
        ("/busy", 503, Some("7"), "busy"),
        ("/told", 500, None, "told"),
        ("/empty", 204, None, ""),
    ] {
        let (found, headers, text) = ask(answers(), path).await?;
        let retry_after = headers.get(RETRY_AFTER).map(|value| value.to_str()).transpose()?;
        assert_eq!((found.as_u16(), retry_after), (status, retry), "{path}");
        assert!(text.starts_with(words), "{path}: {text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_request_has_one_id_and_the_next_one_another() -> Done {
    let (_, _, first) = ask(answers(), "/ids").await?;
    let (_, _, second) = ask(answers(), "/ids").await?;
    let (id, rest) = first.split_at(first.len() / 2);
    assert_eq!(request_id(id), request_id(rest));
    assert_ne!(request_id(&first), request_id(&second));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_is_given_up_and_its_outcome_is_not_known() -> Done {
    let slow = Router::new().route("/", get(pending::<()>)).route("/quick", get(async || "here"));
    let app = time_limit(slow, Duration::from_secs(10));
    let (status, headers, text) = ask(app.clone(), "/").await?;
    assert_eq!((status, &headers[RETRY_AFTER]), (StatusCode::SERVICE_UNAVAILABLE, &"10".parse()?));
    assert_eq!(
        text,
        "This took too long, and it is not known whether it was carried out. Check before you try \
                      again.\n"
    );
    assert_eq!(ask(app, "/quick").await?.2, "here");
    Ok(())
}

#[tokio::test]
async fn the_removal_of_the_session_cookie_is_completed_and_nothing_else_is_changed() -> Done {
    const LINES: [&str; 4] =
        ["__Host-id=; Max-Age=0; Path=/", "__Host-id=a-value; Path=/", "other=; Max-Age=0", "no cookie at all"];
    let lines = || async { AppendHeaders(LINES.map(|line| (SET_COOKIE, line))) };
    let cookie = SessionCookie { name: "__Host-id", same_site: SameSite::Strict };
    let app = Router::new().route("/", get(lines)).layer(map_response_with_state(cookie, removal::complete));
    let (_, headers, _) = ask(app, "/").await?;
    let sent = headers.get_all(SET_COOKIE).iter().map(|line| line.to_str()).collect::<Result<Vec<_>, _>>()?;
    assert_eq!(sent[0], "__Host-id=; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=0");
    assert_eq!(sent[1..], LINES[1..]);
    Ok(())
}

/// A store that cannot read its records.
#[derive(Clone, Debug, Default)]
struct Damaged(MemoryStore);

#[async_trait]
impl SessionStore for Damaged {
    async fn save(&self, record: &Record) -> session_store::Result<()> {
        self.0.save(record).await
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        match self.0.load(id).await? {
            Some(_) => Err(session_store::Error::Decode(REASON.to_owned())),
            None => Ok(None),
        }
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        self.0.delete(id).await
    }
}

/// Sends a request with this `Sec-Fetch-Site` to drop a session of this store. Returns whether the session was dropped.
async fn drops(store: impl SessionStore + Clone, site: Option<&str>) -> Result<bool, Box<dyn Error>> {
    let app = Router::new()
        .route("/", get(async |session: Session| session.insert("name", "alice").await.map_err(Failure::from)))
        .merge(drop_session::routes())
        .layer(SessionManagerLayer::new(store.clone()).with_name("id"));
    let (_, headers, _) = ask(app.clone(), "/").await?;
    let cookie = headers[SET_COOKIE].to_str()?.split(';').next().unwrap_or_default().to_owned();
    let id: Id = cookie.trim_start_matches("id=").parse()?;
    let request = Request::post("/drop_session").header(COOKIE, cookie);
    let request = if let Some(site) = site { request.header("sec-fetch-site", site) } else { request };
    let (status, headers, _) = read(app.oneshot(request.body(Body::empty())?).await?).await?;
    assert_eq!((status, &headers["location"]), (StatusCode::SEE_OTHER, &"/".parse()?));
    let is_gone = matches!(store.load(&id).await, Ok(None));
    let is_removed = headers.get(SET_COOKIE).is_some_and(|line| line.as_bytes().starts_with(b"id=; "));
    assert_eq!(is_gone, is_removed);
    Ok(is_gone)
}

#[tokio::test]
async fn a_session_that_cannot_be_read_can_be_dropped() -> Done {
    for site in [None, Some("same-origin"), Some("none")] {
        assert!(drops(Damaged::default(), site).await?, "{site:?}");
    }
    Ok(())
}

/// A readable session is dropped only by the button on the app's own page, not by a form on another site.
#[tokio::test]
async fn a_session_that_can_be_read_is_dropped_for_its_own_pages_alone() -> Done {
    for site in [None, Some("same-site"), Some("cross-site"), Some("none")] {
        assert!(!drops(MemoryStore::default(), site).await?, "{site:?}");
    }
    // The store may read a record that a handler cannot, because the data has another type.
    assert!(drops(MemoryStore::default(), Some("same-origin")).await?);
    Ok(())
}

#[test]
fn a_page_is_escaped_and_its_policy_names_its_own_style_sheet() -> Done {
    let pages = Pages::new(
        "a lesson",
        &[("one.html", r#"{% extends "layout.html" %}{% block main %}{{ text }}{% endblock %}"#)],
    );
    let page = pages.render("one.html", context! { text => "<script>" }).map_err(|error| format!("{error:?}"))?.0;
    assert!(page.contains("<title>a lesson</title>") && page.contains("<main>&lt;script&gt;</main>"), "{page}");
    let (_, sheet) = page.split_once("<style>").ok_or("no style sheet")?;
    let (sheet, _) = sheet.split_once("</style>").ok_or("it does not end")?;
    assert_eq!(pages.style_source(), format!("'sha256-{}'", STANDARD.encode(Sha256::digest(sheet))));
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_read_gets_a_sentence_of_ours_and_no_name_of_the_program() -> Done {
    #[derive(serde::Deserialize)]
    struct Order {
        secret_field: u8,
    }
    let order = async |Form(Order { secret_field }): Form<Order>| format!("{secret_field} it is");
    let number = async |Path(number): Path<u8>| format!("number {number}");
    let app =
        Router::new().route("/order", post(order)).route("/{number}", get(number)).layer(DefaultBodyLimit::max(40));
    let form = "application/x-www-form-urlencoded";
    let not_this_form = "This form does not match the page, so nothing was done. Load the page again.\n";
    let too_long = "This form is too long, so nothing was done.\n";
    let broken = stream::iter([Ok("secret_field="), Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))]);
    let request = Request::post("/order").header(CONTENT_TYPE, form).body(Body::from_stream(broken))?;
    let (answered, _, text) = read(app.clone().oneshot(request).await?).await?;
    assert_eq!((answered.as_u16(), text.as_str()), (400, "The request broke off, so nothing was done.\n"));
    for (kind, body, status, sentence) in [
        (form, "secret_field=7", 200, "7 it is"),
        (form, "", 422, not_this_form),
        (form, "secret_field=seven", 422, not_this_form),
        ("application/json", "{\"secret_field\":7}", 415, not_this_form),
        (form, "secret_field=7&and=something-that-is-longer", 413, too_long),
    ] {
        let request = Request::post("/order").header(CONTENT_TYPE, kind).body(Body::from(body))?;
        let (answered, _, text) = read(app.clone().oneshot(request).await?).await?;
        assert_eq!((answered.as_u16(), text.as_str()), (status, sentence), "{body}");
    }
    assert_eq!(ask(app.clone(), "/7").await?.2, "number 7");
    for wrong in ["/seven", "/256", "/%ff"] {
        let (status, _, text) = ask(app.clone(), wrong).await?;
        assert_eq!((status.as_u16(), text.as_str()), (404, "There is nothing at this address.\n"), "{wrong}");
    }
    Ok(())
}
