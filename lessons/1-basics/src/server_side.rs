//! The session on the server: the cookie carries an ID, the store holds the data.

use axum::{
    Router,
    response::{Html, Redirect},
    routing::{get, post},
};
use axum_extra::extract::cookie::Key;
use lesson_page::Failure;
use serde::{Deserialize, Serialize};
use tower_sessions::{Session, session::Error};

use crate::page;

pub(crate) fn routes() -> Router<Key> {
    Router::new()
        .route("/set_session", post(set_session))
        .route("/get_session", get(get_session))
        .route("/logout", post(logout))
        .route("/clear_session", post(clear_session))
}

// ANCHOR: visitor
/// The data that the session holds about its visitor.
#[derive(Deserialize, Serialize)]
pub(crate) struct Visitor {
    pub(crate) username: String,
}

impl Visitor {
    const KEY: &str = "visitor";

    pub(crate) async fn of(session: &Session) -> Result<Option<Self>, Error> {
        session.get(Self::KEY).await
    }

    async fn remember(&self, session: &Session) -> Result<(), Error> {
        session.insert(Self::KEY, self).await
    }
}
// ANCHOR_END: visitor

// ANCHOR: set
async fn set_session(session: Session) -> Result<Redirect, Failure> {
    let visitor = Visitor { username: "JohnDoe".to_owned() };
    visitor.remember(&session).await?;
    Ok(Redirect::to("/?server=set"))
}
// ANCHOR_END: set

// ANCHOR: get
async fn get_session(session: Session) -> Result<Html<String>, Failure> {
    let visitor = Visitor::of(&session).await?;
    page::who(visitor.map(|visitor| visitor.username))
}
// ANCHOR_END: get

// ANCHOR: logout
async fn logout(session: Session) -> Result<Redirect, Failure> {
    session.flush().await?;
    Ok(Redirect::to("/?server=logged_out"))
}
// ANCHOR_END: logout

// ANCHOR: clear
async fn clear_session(session: Session) -> Result<Redirect, Failure> {
    // Load first: `clear` alone would accept any ID that the browser sends, even one that nobody issued.
    Visitor::of(&session).await?;
    session.clear().await;
    Ok(Redirect::to("/?server=cleared"))
}
// ANCHOR_END: clear
