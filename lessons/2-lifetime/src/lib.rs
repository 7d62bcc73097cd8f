//! Lesson 2, lifetime: when a session ends, in the browser and on the server.
//! Run with `cargo run -p lesson-2`.

mod cookie;
mod lifetime;
mod page;
pub mod settings;

use axum::{
    Extension, Router,
    extract::Request,
    middleware::{self, Next, from_fn_with_state, map_request, map_response_with_state},
    response::{Html, Redirect, Response},
    routing::{get, post},
};
use lesson_page::{
    Failure, Form,
    removal::{self, SessionCookie},
};
use minijinja::{context, value::Serde};
use serde::{Deserialize, Serialize};
use session_guard::readable_cookies;
use session_inspector::Clock;
use tower_sessions::{Session, SessionManagerLayer, SessionStore, session::Error};

use crate::{
    lifetime::{Lifetime, has_ended},
    page::{Done, PAGES},
    settings::Settings,
};

/// Returns the lesson on `store`.
pub fn app<S: SessionStore + Clone>(store: S) -> Router {
    app_with(Settings::default(), store)
}

/// Returns the lesson on `store`, with settings of your own.
pub fn app_with<S: SessionStore + Clone>(settings: Settings, store: S) -> Router {
    // ANCHOR: layers
    let Settings { cookie: name, same_site, .. } = settings;
    let sessions = SessionManagerLayer::new(store).with_name(name).with_same_site(same_site);
    let pages = Router::new()
        .route("/", get(index))
        .route("/set_session", post(set_session))
        .route("/set_permanent_session", post(set_permanent_session))
        .route("/get_session", get(get_session))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .layer(Extension(settings.clone()))
        .layer(from_fn_with_state(settings.clone(), lifetime::keep))
        .layer(middleware::from_fn(note_the_cookie))
        .merge(lesson_page::drop_session::routes())
        // ANCHOR: order
        .layer(sessions)
        .layer(map_request(readable_cookies))
        .layer(map_response_with_state(SessionCookie { name, same_site }, removal::complete))
        .layer(map_response_with_state(settings, cookie::age));
    // ANCHOR_END: order
    // ANCHOR_END: layers
    // Outside all layers, because a skip of the clock is not a visitor's activity.
    pages.route("/skip", post(skip))
}

/// The data that the session holds about its visitor.
#[derive(Deserialize, Serialize)]
struct Visitor {
    username: String,
}

impl Visitor {
    const KEY: &str = "visitor";

    async fn of(session: &Session) -> Result<Option<Self>, Error> {
        session.get(Self::KEY).await
    }

    async fn remember(&self, session: &Session) -> Result<(), Error> {
        session.insert(Self::KEY, self).await
    }
}

/// Whether the request had a session cookie.
#[derive(Clone, Copy)]
struct HadCookie(bool);

async fn note_the_cookie(session: Session, mut request: Request, next: Next) -> Response {
    // Until the store is asked, the ID is the one that the browser sent.
    let had_cookie = session.id().is_some();
    request.extensions_mut().insert(HadCookie(had_cookie));
    next.run(request).await
}

async fn index(
    session: Session,
    clock: Clock,
    done: Done,
    Extension(settings): Extension<Settings>,
    Extension(HadCookie(had_cookie)): Extension<HadCookie>,
) -> Result<Html<String>, Failure> {
    let visitor = Visitor::of(&session).await?;
    let lifetime = Lifetime::of(&session).await?;
    if let Some(lifetime) = &lifetime {
        // The inspector sees the record and the cookie, but not this limit.
        clock.note_absolute_limit(lifetime.absolute_end(settings.life(lifetime.remembered)));
    }
    PAGES.render(
        "index.html",
        context! {
            done => done.sentence(),
            ended => has_ended(had_cookie, &session),
            username => visitor.map(|visitor| visitor.username),
            clocks => lifetime.map(|lifetime| Serde(page::clocks(&settings, &lifetime, clock.now()))),
            settings => Serde(page::lines(&settings)),
        },
    )
}

async fn set_session(session: Session, clock: Clock) -> Result<Redirect, Failure> {
    Visitor { username: "JohnDoe".to_owned() }.remember(&session).await?;
    if Lifetime::of(&session).await?.is_none() {
        Lifetime::begin(&session, &clock, false).await?;
    }
    Ok(Done::Set.back())
}

// ANCHOR: permanent
async fn set_permanent_session(session: Session, clock: Clock) -> Result<Redirect, Failure> {
    Visitor { username: "JohnDoe".to_owned() }.remember(&session).await?;
    Lifetime::begin(&session, &clock, true).await?;
    Ok(Done::SetPermanent.back())
}
// ANCHOR_END: permanent

async fn get_session(session: Session) -> Result<Html<String>, Failure> {
    PAGES.render("who.html", context! { username => Visitor::of(&session).await?.map(|visitor| visitor.username) })
}

/// The fields of the login form. It has no password, because this lesson is about the time after the login.
#[derive(Deserialize)]
struct Login {
    username: String,
    /// A browser does not send a checkbox that is not checked.
    #[serde(default)]
    remember: Option<String>,
}

async fn login(
    session: Session,
    clock: Clock,
    Form(Login { username, remember }): Form<Login>,
) -> Result<Redirect, Failure> {
    Visitor { username }.remember(&session).await?;
    Lifetime::begin(&session, &clock, remember.is_some()).await?;
    session.cycle_id().await?; // the browser may have the old ID from an attacker
    Ok(Done::LoggedIn.back())
}

async fn logout(session: Session) -> Result<Redirect, Failure> {
    session.flush().await?;
    Ok(Done::LoggedOut.back())
}

#[derive(Deserialize)]
struct Skip {
    minutes: u16,
}

/// Moves the clock of this demo forward.
async fn skip(clock: Clock, Form(Skip { minutes }): Form<Skip>) -> Redirect {
    clock.skip(std::time::Duration::from_secs(u64::from(minutes) * 60));
    Redirect::to("/")
}
