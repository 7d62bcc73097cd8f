//! Mistakes in the login.

use std::collections::HashMap;

use axum::{
    Extension, Form, Router,
    extract::Query,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, post},
};
use checks::Users;
use solution_3::{Credentials, Failure, Preferences, Theme};
use tower_sessions::{Session, SessionStore};

use super::{Parts, shown};

fn entering<S: SessionStore + Clone>(login: MethodRouter, store: S) -> Router {
    Parts { login, ..Parts::default() }.on(store)
}

fn refused() -> Response {
    StatusCode::UNAUTHORIZED.into_response()
}

async fn named(session: &Session, Credentials { username, .. }: Credentials) -> Result<Response, Failure> {
    session.insert("username", username).await?;
    Ok(shown().into_response())
}

type Accounts = Extension<Users>;
type Sent = Form<Credentials>;

pub(super) fn not_written_yet<S: SessionStore + Clone>(store: S) -> Router {
    async fn login() -> Response {
        todo!("remember the username")
    }
    entering(post(login), store)
}

/// As a column of a database may do.
pub(super) fn cuts_the_password<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Accounts, Form(sent): Sent) -> Result<Response, Failure> {
        let password = sent.password.chars().take(64).collect();
        solution_3::login(session, users, Form(Credentials { password, ..sent })).await
    }
    entering(post(login), store)
}

pub(super) fn refuses_the_right_ones<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, Extension(users): Accounts, Form(sent): Sent) -> Result<Response, Failure> {
        if !users.verify(&sent.password, &sent.username) {
            return Ok(refused());
        }
        session.cycle_id().await?;
        named(&session, sent).await
    }
    entering(post(login), store)
}

pub(super) fn flushes<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, Extension(users): Accounts, Form(sent): Sent) -> Result<Response, Failure> {
        if !users.verify(&sent.username, &sent.password) {
            return Ok(refused());
        }
        session.flush().await?;
        named(&session, sent).await
    }
    entering(post(login), store)
}

pub(super) fn clears<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, Extension(users): Accounts, Form(sent): Sent) -> Result<Response, Failure> {
        if !users.verify(&sent.username, &sent.password) {
            return Ok(refused());
        }
        session.clear().await;
        session.cycle_id().await?;
        named(&session, sent).await
    }
    entering(post(login), store)
}

pub(super) fn keeps_the_id<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, Extension(users): Accounts, Form(sent): Sent) -> Result<Response, Failure> {
        if !users.verify(&sent.username, &sent.password) {
            return Ok(refused());
        }
        named(&session, sent).await
    }
    entering(post(login), store)
}

pub(super) fn lets_anyone_in<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, Form(sent): Sent) -> Result<Response, Failure> {
        session.cycle_id().await?;
        named(&session, sent).await
    }
    entering(post(login), store)
}

pub(super) fn forgets_the_name<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, Extension(users): Accounts, Form(sent): Sent) -> Result<Response, Failure> {
        if !users.verify(&sent.username, &sent.password) {
            return Ok(refused());
        }
        session.cycle_id().await?;
        Ok(shown().into_response())
    }
    entering(post(login), store)
}

pub(super) fn a_typo_ends_the_session<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Accounts, sent: Sent) -> Result<Response, Failure> {
        let answer = solution_3::login(session.clone(), users, sent).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            session.flush().await?;
        }
        Ok(answer)
    }
    entering(post(login), store)
}

/// Builds a new session by hand, and forgets to end the old one.
pub(super) fn leaves_the_old_one<S: SessionStore + Clone>(store: S) -> Router {
    let sessions = store.clone();
    let login = move |session: Session, Extension(users): Accounts, Form(sent): Sent| {
        let sessions = sessions.clone();
        async move {
            if !users.verify(&sent.username, &sent.password) {
                return Ok(refused());
            }
            let chosen = Preferences::of(&session).await?;
            let new = Session::new(None, std::sync::Arc::new(sessions), session.expiry());
            new.insert(Preferences::KEY, chosen).await?;
            let answer = named(&new, sent).await?;
            new.save().await?;
            let id = new.id().ok_or(Failure)?;
            let cookie = format!("id={id}; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=2592000");
            Ok::<_, Failure>(([(axum::http::header::SET_COOKIE, cookie)], answer).into_response())
        }
    };
    entering(post(login), store)
}

pub(super) fn by_get<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Accounts, Query(sent): Query<Credentials>) -> Result<Response, Failure> {
        solution_3::login(session, users, Form(sent)).await
    }
    entering(get(login).post(solution_3::login), store)
}

pub(super) fn lets_strangers_in<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, Extension(users): Accounts, Form(sent): Sent) -> Result<Response, Failure> {
        let is_known = users.names().contains(&sent.username);
        if is_known && !users.verify(&sent.username, &sent.password) {
            return Ok(refused());
        }
        session.cycle_id().await?;
        named(&session, sent).await
    }
    entering(post(login), store)
}

pub(super) fn renews_before_it_asks<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, Extension(users): Accounts, Form(sent): Sent) -> Result<Response, Failure> {
        session.cycle_id().await?;
        if !users.verify(&sent.username, &sent.password) {
            return Ok(refused());
        }
        named(&session, sent).await
    }
    entering(post(login), store)
}

pub(super) fn writes_before_it_asks<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Accounts, sent: Sent) -> Result<Response, Failure> {
        session.insert("username", &sent.username).await?;
        solution_3::login(session, users, sent).await
    }
    entering(post(login), store)
}

pub(super) fn a_typo_logs_out<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Accounts, sent: Sent) -> Result<Response, Failure> {
        let answer = solution_3::login(session.clone(), users, sent).await?;
        if answer.status() == StatusCode::UNAUTHORIZED && session.get::<String>("username").await?.is_some() {
            session.remove::<String>("username").await?;
        }
        Ok(answer)
    }
    entering(post(login), store)
}

pub(super) fn ends_with_the_window<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Accounts, sent: Sent) -> Result<Response, Failure> {
        let answer = solution_3::login(session.clone(), users, sent).await?;
        session.set_expiry(Some(tower_sessions::Expiry::OnSessionEnd));
        Ok(answer)
    }
    entering(post(login), store)
}

pub(super) fn a_second_one_begins_anew<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Accounts, sent: Sent) -> Result<Response, Failure> {
        let was_in = session.get::<String>("username").await?.is_some();
        if was_in && users.verify(&sent.username, &sent.password) {
            session.remove::<Preferences>(Preferences::KEY).await?;
        }
        solution_3::login(session, users, sent).await
    }
    entering(post(login), store)
}

/// Nobody is asked twice whether their session is old.
pub(super) fn a_second_one_keeps_the_id<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, Extension(users): Accounts, Form(sent): Sent) -> Result<Response, Failure> {
        if !users.verify(&sent.username, &sent.password) {
            return Ok(refused());
        }
        let is_first = session.get::<String>("username").await?.is_none();
        session.insert("username", sent.username).await?;
        if is_first {
            session.cycle_id().await?;
        }
        Ok(shown().into_response())
    }
    entering(post(login), store)
}

/// Whoever was there first stays who they are.
pub(super) fn the_first_name_stays<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, Extension(users): Accounts, Form(sent): Sent) -> Result<Response, Failure> {
        if !users.verify(&sent.username, &sent.password) {
            return Ok(refused());
        }
        let name = session.get::<String>("username").await?.unwrap_or(sent.username);
        session.insert("username", name).await?;
        session.cycle_id().await?;
        Ok(shown().into_response())
    }
    entering(post(login), store)
}

/// From a field of the login form.
pub(super) fn takes_a_theme<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(
        session: Session,
        Extension(users): Accounts,
        Form(sent): Form<HashMap<String, String>>,
    ) -> Result<Response, Failure> {
        let [username, password] = ["username", "password"].map(|name| sent.get(name).cloned().unwrap_or_default());
        if !users.verify(&username, &password) {
            return Ok(refused());
        }
        if sent.get("theme").is_some_and(|theme| theme == "dark") {
            let preferences = Preferences { theme: Theme::Dark, ..Preferences::of(&session).await? };
            session.insert(Preferences::KEY, preferences).await?;
        }
        session.cycle_id().await?;
        named(&session, Credentials { username, password }).await
    }
    entering(post(login), store)
}

/// If there is a cookie.
pub(super) fn needs_a_session<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, Extension(users): Accounts, Form(sent): Sent) -> Result<Response, Failure> {
        if !users.verify(&sent.username, &sent.password) {
            return Ok(refused());
        }
        let has_cookie = session.id().is_some();
        if has_cookie && session.get::<Preferences>(Preferences::KEY).await?.is_none() {
            return Ok(StatusCode::BAD_REQUEST.into_response());
        }
        session.cycle_id().await?;
        named(&session, sent).await
    }
    entering(post(login), store)
}

/// Counts the failures of everyone who comes with a cookie.
pub(super) fn a_typo_opens_a_session<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Accounts, sent: Sent) -> Result<Response, Failure> {
        let has_cookie = session.id().is_some();
        let is_known = session.get_value(Preferences::KEY).await?.is_some();
        let answer = solution_3::login(session.clone(), users, sent).await?;
        if answer.status() == StatusCode::UNAUTHORIZED && has_cookie && !is_known {
            session.insert("failures", 1).await?;
        }
        Ok(answer)
    }
    entering(post(login), store)
}
