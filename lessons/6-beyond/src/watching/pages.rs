//! The pages of the demo: a login, and the audit log of the account.

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use lesson_4::{defence::guesses::too_long, request::Client};
use lesson_page::{Failure, Form};
use minijinja::{context, value::Serde};
use serde::{Deserialize, Serialize};
use session_guard::replace_id;
use tower_http::csrf::CsrfLayer;
use tower_sessions::Session;

use super::{
    Monitor,
    accounts::{Accounts, DEMO},
    event::{Alarm, EndReason, Event, Refusal},
    store::{Cause, because},
    visit::{Place, Visit},
};
use crate::page::PAGES;

/// The media type of the metrics. It has two parts, because a test of the book would read three numbers as one of the
/// ASVS.
const OPEN_METRICS: &str = concat!("application/openmetrics-text; version=1", ".0.0; charset=utf-8");
/// The key of the login in the session.
const LOGIN: &str = "watched login";
/// The key of the place where a session without a login began.
const BEGAN: &str = "began";

pub(crate) fn routes<S: Clone + Send + Sync + 'static>(monitor: Monitor) -> Router<S> {
    Router::new()
        .route("/watching", get(view))
        .route("/watching/wish", post(wish))
        .route("/watching/login", post(log_in))
        .route("/watching/logout", post(log_out))
        .route("/watching/end_others", post(end_others))
        .route("/watching/metrics", get(metrics))
        .route("/watching/careless", post(careless))
        .layer(CsrfLayer::new())
        .with_state(monitor)
}

/// A login, as the session stores it.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Login {
    account: String,
    round: u64,
    place: Place,
}

/// Returns the login of this session, if it has not been ended from another session.
async fn login(monitor: &Monitor, session: &Session, visit: &Visit) -> Result<Option<Login>, Failure> {
    let Some(login) = session.get::<Login>(LOGIN).await? else { return Ok(None) };
    if login.round < monitor.0.accounts.round(&login.account) {
        because(Cause::End(EndReason::FromElsewhere, login.account), session.flush()).await?;
        return Ok(None);
    }
    if login.place.is_elsewhere(&visit.place) {
        monitor.raise(Alarm::Elsewhere, Some(&login.account), &visit.place, visit.clock.now()).await;
    }
    Ok(Some(login))
}

async fn view(State(monitor): State<Monitor>, session: Session, visit: Visit) -> Result<Response, Failure> {
    page(&monitor, &session, &visit, StatusCode::OK, "").await
}

async fn page(
    monitor: &Monitor,
    session: &Session,
    visit: &Visit,
    status: StatusCode,
    problem: &str,
) -> Result<Response, Failure> {
    let login = login(monitor, session, visit).await?;
    let account = login.as_ref().map(|login| login.account.as_str());
    let lines = account.map(|account| monitor.0.journal.of(account));
    let values = context! { account, lines => Serde(lines), problem, demo => Serde(DEMO) };
    Ok((status, PAGES.render("watching.html", values)?).into_response())
}

/// Begins a session without a login.
async fn wish(session: Session, visit: Visit) -> Result<Redirect, Failure> {
    if session.get::<Place>(BEGAN).await?.is_none() {
        session.insert(BEGAN, visit.place).await?;
    }
    Ok(Redirect::to("/watching"))
}

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

async fn log_in(
    State(monitor): State<Monitor>,
    session: Session,
    visit: Visit,
    client: Client,
    Form(Credentials { username, password }): Form<Credentials>,
) -> axum::response::Result<Response> {
    let (place, now) = (&visit.place, visit.clock.now());
    if let Some(problem) = too_long(&username, &password) {
        return Ok(page(&monitor, &session, &visit, StatusCode::UNPROCESSABLE_ENTITY, &problem).await?);
    }
    let known = Accounts::known(&username);
    let guess = match monitor.0.accounts.guesses.reserve(&username, client.address, None, now).await {
        Ok(guess) => guess,
        Err(too_many) => {
            monitor.tell(Event::Refused(Refusal::TooManyGuesses), known, place, now);
            monitor.note_wrong(&username, &visit).await;
            return Ok(too_many.into_response());
        }
    };
    if !monitor.0.accounts.is_right(&username, password).await? {
        monitor.tell(Event::WrongPassword, known, place, now);
        monitor.note_wrong(&username, &visit).await;
        return Ok(page(&monitor, &session, &visit, StatusCode::UNAUTHORIZED, "Invalid credentials").await?);
    }
    guess.give_back();
    begin(&monitor, &session, &visit, username).await?;
    Ok(Redirect::to("/watching").into_response())
}

/// Stores the login in the session, under a new ID.
async fn begin(monitor: &Monitor, session: &Session, visit: &Visit, account: String) -> Result<(), Failure> {
    let (place, now) = (&visit.place, visit.clock.now());
    let began = session.get::<Place>(BEGAN).await?;
    if began.is_some_and(|began| began.is_elsewhere(place)) {
        monitor.raise(Alarm::PlantedSession, Some(&account), place, now).await;
    }
    let goes_on = !session.is_empty().await;
    let login = Login { account: account.clone(), round: monitor.0.accounts.round(&account), place: place.clone() };
    session.insert(LOGIN, login).await?;
    if goes_on {
        because(Cause::Renewal(account.clone()), replace_id(session)).await?;
    } else {
        replace_id(session).await?;
    }
    monitor.tell(Event::LoggedIn, Some(&account), place, now);
    Ok(())
}

impl Monitor {
    async fn note_wrong(&self, name: &str, visit: &Visit) {
        let (place, now) = (&visit.place, visit.clock.now());
        let (for_account, from_network) = self.0.alarms.wrong_password(name, &place.network, now).await;
        if for_account {
            self.raise(Alarm::Guessing, Accounts::known(name), place, now).await;
        }
        if from_network {
            self.raise(Alarm::Spraying, None, place, now).await;
        }
    }
}

async fn log_out(State(monitor): State<Monitor>, session: Session, visit: Visit) -> Result<Redirect, Failure> {
    if let Some(login) = login(&monitor, &session, &visit).await? {
        because(Cause::End(EndReason::Logout, login.account), session.flush()).await?;
    }
    Ok(Redirect::to("/watching"))
}

// ANCHOR: end_others
/// Ends every other session of the account. This one gets a new ID, because a thief may have the same session.
async fn end_others(State(monitor): State<Monitor>, session: Session, visit: Visit) -> Result<Redirect, Failure> {
    if let Some(login) = login(&monitor, &session, &visit).await? {
        let round = monitor.0.accounts.end_all(&login.account);
        session.insert(LOGIN, Login { round, ..login.clone() }).await?;
        because(Cause::Renewal(login.account), replace_id(&session)).await?;
    }
    Ok(Redirect::to("/watching"))
}
// ANCHOR_END: end_others

/// Returns the metrics, for a monitoring system that reads them every few seconds. In a real shop they have their own
/// port, which no visitor can reach.
async fn metrics(State(monitor): State<Monitor>, visit: Visit) -> Response {
    let alive = monitor.alive(visit.clock.now());
    match monitor.0.metrics.text(alive) {
        Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "The metrics cannot be written.\n").into_response(),
    }
}

// ANCHOR: careless
/// Wrong: `instrument` writes each argument into the span, and a `Session` shows its ID.
/// `#[tracing::instrument(skip_all)]` would keep it out.
#[tracing::instrument]
async fn careless(session: Session) -> Result<Redirect, Failure> {
    session.get::<Login>(LOGIN).await?;
    tracing::info!("nothing secret in this line");
    Ok(Redirect::to("/watching"))
}
// ANCHOR_END: careless
