//! No middleware: each handler asks for itself, and saves for itself, also where there is no page.

use axum::{
    Extension, Form, Router,
    extract::rejection::FormRejection,
    http::{StatusCode, Uri},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::Users;
use session_inspector::Clock;
use solution_4::{Credentials, Login};
use tower_sessions::{Session, SessionManagerLayer, SessionStore, session::Error};

use super::{ENDED, FORM, escaped};

pub(in crate::timeouts) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/login", get(form).post(login))
        .route("/protected", get(protected))
        .route("/help", get(help))
        .route("/logout", post(logout))
        .fallback(async |session, clock| refused(session, clock, StatusCode::NOT_FOUND).await)
        .method_not_allowed_fallback(async |session, clock| {
            refused(session, clock, StatusCode::METHOD_NOT_ALLOWED).await
        })
        .layer(SessionManagerLayer::new(store))
}

enum Visitor {
    In(Login),
    Ended,
    Nobody,
}

async fn visitor(session: &Session, clock: &Clock) -> Result<Visitor, Error> {
    let now = clock.now();
    match Login::of(session).await? {
        None => Ok(Visitor::Nobody),
        Some(login) if login.is_over(now) => {
            session.flush().await?;
            Ok(Visitor::Ended)
        }
        Some(login) => {
            keep(session, Login { seen: now, ..login.clone() }).await?;
            Ok(Visitor::In(login))
        }
    }
}

async fn keep(session: &Session, login: Login) -> Result<(), Error> {
    session.set_expiry(login.expiry(login.seen));
    session.insert(Login::KEY, login).await
}

fn broken(_: Error) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}

async fn form(session: Session, clock: Clock, uri: Uri) -> Result<Html<String>, StatusCode> {
    let now = visitor(&session, &clock).await.map_err(broken)?;
    let ended = matches!(now, Visitor::Ended) || uri.query() == Some("again");
    Ok(Html(format!("{}{FORM}", if ended { ENDED } else { "" })))
}

async fn login(
    session: Session,
    clock: Clock,
    Extension(users): Extension<Users>,
    sent: Result<Form<Credentials>, FormRejection>,
) -> Result<Redirect, StatusCode> {
    let Ok(Form(sent)) = sent else { return Err(refused(session, clock, StatusCode::UNPROCESSABLE_ENTITY).await) };
    if !users.verify(&sent.username, &sent.password) {
        return Err(refused(session, clock, StatusCode::UNAUTHORIZED).await);
    }
    let now = clock.now();
    session.cycle_id().await.map_err(broken)?;
    let login = Login { username: sent.username, remembered: sent.remember.is_some(), began: now, seen: now };
    keep(&session, login).await.map_err(broken)?;
    Ok(Redirect::to("/protected"))
}

/// This request was in vain, and counts.
async fn refused(session: Session, clock: Clock, status: StatusCode) -> StatusCode {
    visitor(&session, &clock).await.map_or_else(broken, |_| status)
}

async fn protected(session: Session, clock: Clock) -> Result<Response, StatusCode> {
    Ok(match visitor(&session, &clock).await.map_err(broken)? {
        Visitor::In(login) => Html(escaped(&login.username)).into_response(),
        Visitor::Ended => Redirect::to("/login?again").into_response(),
        Visitor::Nobody => Redirect::to("/login").into_response(),
    })
}

async fn help(session: Session, clock: Clock) -> Result<&'static str, StatusCode> {
    visitor(&session, &clock).await.map_err(broken)?;
    Ok("Help")
}

async fn logout(session: Session) -> Result<Redirect, StatusCode> {
    session.flush().await.map_err(broken)?;
    Ok(Redirect::to("/login"))
}
