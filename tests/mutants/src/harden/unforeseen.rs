//! Shops that make something else of what visitors write, of who writes it, or of a cookie that leads nowhere.

use axum::{
    Extension, Form, Router,
    extract::Request,
    http::{StatusCode, header::COOKIE},
    middleware::{Next, from_fn},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::Users;
use minijinja::{Environment, HtmlEscape, context};
use serde::Deserialize;
use solution_6::{Credentials, Failure, Text, USERNAME, shop::Shop};
use tower_sessions::{Session, SessionStore, cookie::Cookie, session::Id};

use super::Parts;

type Books = Extension<Shop>;

/// Another text is kept than the one that was written.
fn keeping<S: SessionStore + Clone>(kept: fn(&str) -> String, store: S) -> Router {
    let note = move |session: Session, books: Books, Form(Text { text }): Form<Text>| {
        solution_6::note(session, books, Form(Text { text: kept(&text) }))
    };
    Parts { note: post(note), ..Parts::default() }.on(store)
}

pub(super) fn two_hyphens_are_a_dash<S: SessionStore + Clone>(store: S) -> Router {
    keeping(|text| text.replace("--", "\u{2014}"), store)
}

pub(super) fn a_note_is_a_template<S: SessionStore + Clone>(store: S) -> Router {
    keeping(|text| Environment::new().render_str(text, context! {}).unwrap_or_else(|_| text.to_owned()), store)
}

/// Some databases cannot keep them.
pub(super) fn rare_characters_are_lost<S: SessionStore + Clone>(store: S) -> Router {
    keeping(|text| text.chars().filter(|character| *character <= '\u{ffff}').collect(), store)
}

/// Whatever has a scheme is an address, and all is escaped as it should be.
pub(super) fn every_address_becomes_a_link<S: SessionStore + Clone>(store: S) -> Router {
    async fn index(session: Session, Extension(shop): Books) -> Result<Response, Failure> {
        let linked = |text: &str| {
            let escaped = HtmlEscape(text);
            match text.contains("://") {
                true => format!("<a href=\"{escaped}\">{escaped}</a>"),
                false => escaped.to_string(),
            }
        };
        let notes = shop.books().notes;
        let notes =
            notes.iter().map(|note| format!("<li>{} wrote: {}</li>", HtmlEscape(&note.username), linked(&note.text)));
        let notes: String = notes.collect();
        super::weak::with_page(session, Extension(shop), |page| {
            let (before, _) = page.split_once("</form>\n<ul>").unwrap_or((&page, ""));
            let (_, after) = page.rsplit_once("</ul>").unwrap_or(("", &page));
            let (orders, write) = page[before.len()..].split_once("<form").unwrap_or(("", ""));
            let (write, _) = write.split_once("<ul>").unwrap_or((write, ""));
            format!("{before}{orders}<form{write}<ul>{notes}</ul>{after}")
        })
        .await
    }
    Parts { index: get(index), ..Parts::default() }.on(store)
}

/// A wall needs no sentence twice.
pub(super) fn what_another_wrote_is_there_already<S: SessionStore + Clone>(store: S) -> Router {
    async fn note(session: Session, Extension(shop): Books, form: Form<Text>) -> Result<Redirect, Failure> {
        let own: Option<String> = session.get(USERNAME).await?;
        let notes = shop.books().notes;
        let is_there = notes.iter().any(|note| note.text == form.0.text && Some(&note.username) != own.as_ref());
        match is_there {
            true => Ok(Redirect::to("/")),
            false => solution_6::note(session, Extension(shop), form).await,
        }
    }
    Parts { note: post(note), ..Parts::default() }.on(store)
}

pub(super) fn a_note_may_say_who<S: SessionStore + Clone>(store: S) -> Router {
    #[derive(Deserialize)]
    struct Claimed {
        username: Option<String>,
        text: String,
    }
    async fn note(session: Session, Extension(shop): Books, Form(sent): Form<Claimed>) -> Result<Redirect, Failure> {
        if let Some(own) = session.get::<String>(USERNAME).await? {
            shop.note(sent.username.unwrap_or(own), sent.text);
        }
        Ok(Redirect::to("/"))
    }
    Parts { note: post(note), ..Parts::default() }.on(store)
}

/// Who is logged in stays logged in.
pub(super) fn a_login_leaves_who_is_there<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Extension<Users>, form: Form<Credentials>) -> Result<Response, Failure> {
        let before: Option<String> = session.get(USERNAME).await?;
        let answer = solution_6::login(session.clone(), users, form).await?;
        if let Some(before) = before {
            session.insert(USERNAME, before).await?;
        }
        Ok(answer)
    }
    Parts { login: post(login), ..Parts::default() }.on(store)
}

/// Whoever changes a cookie is to notice it.
pub(super) fn an_odd_cookie_is_an_error<S: SessionStore + Clone>(store: S) -> Router {
    async fn door(request: Request, next: Next) -> Response {
        let cookies = request.headers().get(COOKIE).and_then(|cookies| cookies.to_str().ok()).unwrap_or_default();
        let mut own = Cookie::split_parse(cookies).flatten().filter(|cookie| cookie.name() == solution_6::COOKIE);
        match own.any(|cookie| cookie.value().parse::<Id>().is_err()) {
            true => StatusCode::BAD_REQUEST.into_response(),
            false => next.run(request).await,
        }
    }
    Parts::default().on(store).layer(from_fn(door))
}
