//! A secret of the session in each form; strings for pages; a login by a clean session.

use axum::{
    Extension, Form, Router,
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::Users;
use serde::Deserialize;
use solution_6::{Failure, shop::Shop};
use tower_sessions::{Session, SessionManagerLayer, SessionStore, cookie::SameSite, session::Id};

use super::escaped;

pub(in crate::harden) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/login", get(form).post(login))
        .route("/buy", post(buy))
        .route("/note", post(note))
        .route("/logout", post(logout))
        .layer(Extension(Shop::default()))
        .layer(SessionManagerLayer::new(store).with_name("__Host-token").with_same_site(SameSite::None))
}

/// The hidden field of this session, which is made if there is none.
async fn token(session: &Session) -> Result<String, Failure> {
    if let Some(token) = session.get::<String>("token").await? {
        return Ok(token);
    }
    let token = Id::default().to_string();
    session.insert("token", &token).await?;
    Ok(token)
}

async fn is_right(session: &Session, sent: &str) -> Result<bool, Failure> {
    Ok(session.get::<String>("token").await?.is_some_and(|token| token == sent))
}

async fn form(session: Session) -> Result<Response, Failure> {
    if session.get_value("name").await?.is_some() {
        return Ok(Redirect::to("/").into_response());
    }
    let token = token(&session).await?;
    Ok(Html(format!(
        "<form method=post><input type=hidden name=token value={token}><input name=username><input name=password type=password></form>"
    ))
    .into_response())
}

async fn index(session: Session, Extension(shop): Extension<Shop>) -> Result<Response, Failure> {
    let Some(name) = session.get::<String>("name").await? else { return Ok(Redirect::to("/login").into_response()) };
    let token = token(&session).await?;
    let hidden = format!("<input type=hidden name=token value={token}>");
    let books = shop.books();
    let orders: String = books
        .orders
        .iter()
        .map(|order| format!("<p>{} bought {}", escaped(&order.username), escaped(&order.item)))
        .collect();
    let notes: String = books
        .notes
        .iter()
        .map(|note| format!("<p>{} wrote: {}", escaped(&note.username), escaped(&note.text)))
        .collect();
    let forms = format!(
        "<form method=post action=/buy>{hidden}<input name=item></form><form method=post action=/note>{hidden}<input name=text></form><form method=post action=/logout>{hidden}<button>Bye</button></form>"
    );
    Ok(Html(format!("<p>Hello, {}!{forms}{orders}{notes}", escaped(&name))).into_response())
}

#[derive(Deserialize)]
struct Sent {
    token: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    item: String,
    #[serde(default)]
    text: String,
}

async fn login(
    session: Session,
    Extension(users): Extension<Users>,
    Form(sent): Form<Sent>,
) -> Result<Response, Failure> {
    if !is_right(&session, &sent.token).await? {
        return Ok(StatusCode::FORBIDDEN.into_response());
    }
    if !users.verify(&sent.username, &sent.password) {
        return Ok(StatusCode::UNAUTHORIZED.into_response());
    }
    session.clear().await;
    session.insert("name", sent.username).await?;
    session.cycle_id().await?;
    Ok(Redirect::to("/").into_response())
}

async fn buy(session: Session, Extension(shop): Extension<Shop>, Form(sent): Form<Sent>) -> Result<Response, Failure> {
    match session.get::<String>("name").await? {
        Some(name) if is_right(&session, &sent.token).await? => shop.order(name, sent.item),
        _ => return Ok(StatusCode::FORBIDDEN.into_response()),
    }
    Ok(Redirect::to("/").into_response())
}

async fn note(session: Session, Extension(shop): Extension<Shop>, Form(sent): Form<Sent>) -> Result<Response, Failure> {
    match session.get::<String>("name").await? {
        Some(name) if is_right(&session, &sent.token).await? => shop.note(name, sent.text),
        _ => return Ok(StatusCode::FORBIDDEN.into_response()),
    }
    Ok(Redirect::to("/").into_response())
}

async fn logout(session: Session, Form(sent): Form<Sent>) -> Result<Response, Failure> {
    if !is_right(&session, &sent.token).await? {
        return Ok(StatusCode::FORBIDDEN.into_response());
    }
    session.flush().await?;
    Ok(Redirect::to("/login").into_response())
}
