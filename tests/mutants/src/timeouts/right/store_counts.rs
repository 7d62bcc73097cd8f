//! The store ends what is idle or too old, as in lesson 2; the cookie's age is finished outside of the layer.

use axum::{
    Extension, Form, Router,
    extract::Request,
    http::{StatusCode, header::SET_COOKIE},
    middleware::{Next, from_fn},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::Users;
use serde::{Deserialize, Serialize};
use session_inspector::Clock;
use tower_sessions::{
    Expiry, Session, SessionManagerLayer, SessionStore,
    cookie::{
        Cookie,
        time::{Duration, OffsetDateTime},
    },
    session::Error,
};

use super::{ENDED, FORM, escaped};

/// Another part of the session than the name.
#[derive(Clone, Copy, Deserialize, Serialize)]
struct Life {
    remembered: bool,
    began: OffsetDateTime,
    written: OffsetDateTime,
}

impl Life {
    fn left(self, now: OffsetDateTime) -> Duration {
        if self.remembered {
            return self.began + Duration::days(30) - now;
        }
        Duration::minutes(30).min(self.began + Duration::hours(8) - now)
    }
}

#[derive(Clone, Copy)]
struct SentId(bool);

pub(in crate::timeouts) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/login", get(form).post(login))
        .route("/protected", get(protected))
        .route("/help", get("Help"))
        .route("/logout", post(logout))
        .layer(from_fn(prolong))
        .layer(SessionManagerLayer::new(store).with_name("life"))
        .layer(from_fn(finish))
}

async fn prolong(session: Session, clock: Clock, mut request: Request, next: Next) -> Result<Response, Oops> {
    let sent = session.id().is_some();
    let life: Option<Life> = session.get("life").await?;
    request.extensions_mut().insert(SentId(sent && life.is_none()));
    let now = clock.now();
    if let Some(life) = life.filter(|life| now - life.written > Duration::minutes(3)) {
        session.insert("life", Life { written: now, ..life }).await?;
    }
    let mut response = next.run(request).await;
    if session.is_modified()
        && let Some(life) = session.get::<Life>("life").await?
    {
        session.set_expiry(Some(Expiry::OnInactivity(life.left(now))));
        response.extensions_mut().insert(life);
    }
    Ok(response)
}

/// A cookie with an age only for who asked for it.
async fn finish(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let is_visit = response.extensions().get::<Life>().is_some_and(|life| !life.remembered);
    let header = response.headers().get(SET_COOKIE).and_then(|header| header.to_str().ok().map(str::to_owned));
    if is_visit && let Some(mut cookie) = header.and_then(|header| Cookie::parse(header).ok()) {
        cookie.set_max_age(None);
        if let Ok(header) = cookie.to_string().parse() {
            response.headers_mut().insert(SET_COOKIE, header);
        }
    }
    response
}

#[derive(Deserialize)]
struct Sent {
    username: String,
    password: String,
    #[serde(default)]
    remember: String,
}

async fn form(Extension(SentId(ended)): Extension<SentId>, uri: axum::http::Uri) -> Html<String> {
    let ended =
        if ended || uri.path_and_query().is_some_and(|path| path.as_str().contains("why=time")) { ENDED } else { "" };
    Html(format!("{ended}{FORM}"))
}

async fn login(
    session: Session,
    clock: Clock,
    Extension(users): Extension<Users>,
    Form(sent): Form<Sent>,
) -> Result<Response, Oops> {
    if !users.verify(&sent.username, &sent.password) {
        return Ok((StatusCode::UNAUTHORIZED, Html(FORM)).into_response());
    }
    let (now, remembered) = (clock.now(), !sent.remember.is_empty());
    session.insert("name", sent.username).await?;
    session.insert("life", Life { remembered, began: now, written: now }).await?;
    session.cycle_id().await?;
    Ok(Redirect::to("/protected").into_response())
}

async fn protected(session: Session, Extension(SentId(ended)): Extension<SentId>) -> Result<Response, Oops> {
    Ok(match session.get::<String>("name").await? {
        Some(name) => Html(format!("<h1>{}</h1>", escaped(&name))).into_response(),
        None if ended => Redirect::to("/login?why=time").into_response(),
        None => Redirect::to("/login").into_response(),
    })
}

async fn logout(session: Session) -> Result<Redirect, Oops> {
    session.flush().await?;
    Ok(Redirect::to("/login"))
}

struct Oops;

impl From<Error> for Oops {
    fn from(_: Error) -> Self {
        Self
    }
}

impl IntoResponse for Oops {
    fn into_response(self) -> Response {
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}
