//! The user as an extractor that sends strangers away; the session emptied and renewed at login.

use axum::{
    Extension, Form, Router,
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
    response::{Html, Redirect},
    routing::{get, post},
};
use checks::Users;
use serde::{Deserialize, Serialize};
use tower_sessions::{Session, SessionManagerLayer, SessionStore};

pub(crate) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/login", get(async || Html(r#"<h1>Welcome</h1><form method="post"><input name="username"><input name="password" type="password"><button>Log in</button></form>"#)))
        .route("/login", post(login))
        .route("/protected", get(protected))
        .route("/logout", post(logout))
        .layer(SessionManagerLayer::new(store))
}

#[derive(Deserialize, Serialize)]
struct Account {
    username: String,
    logins: u32,
}

impl<S: Send + Sync> FromRequestParts<S> for Account {
    type Rejection = Redirect;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Redirect> {
        let away = || Redirect::temporary("/login");
        let session = Session::from_request_parts(parts, state).await.map_err(|_| away())?;
        session.get("account").await.ok().flatten().ok_or_else(away)
    }
}

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

async fn login(
    session: Session,
    Extension(users): Extension<Users>,
    Form(form): Form<Credentials>,
) -> Result<Redirect, StatusCode> {
    if !users.verify(&form.username, &form.password) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    session.flush().await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    // `flush` alone would let the insert take the old ID up again.
    session.cycle_id().await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let account = Account { username: form.username, logins: 1 };
    session.insert("account", account).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(Redirect::to("/protected"))
}

async fn protected(account: Account) -> String {
    format!("{} has logged in {} time(s)", account.username, account.logins)
}

async fn logout(session: Session) -> Result<Redirect, StatusCode> {
    session.flush().await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(Redirect::to("/login"))
}
