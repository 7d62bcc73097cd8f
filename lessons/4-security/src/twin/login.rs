//! In and out.

use axum::{
    Form,
    extract::State,
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{RETRY_AFTER, SET_COOKIE},
    },
    response::{IntoResponse, Redirect, Response},
};
use cookie::{Cookie, SameSite};
use lesson_page::Failure;
use serde::Deserialize;
use session_guard::replace_id;
use session_inspector::Clock;
use time::{Duration, OffsetDateTime};
use tower_sessions::{Session, session::Error};

use super::{
    Twin,
    visitor::{Visit, Visitor},
};
use crate::{
    article::{self, Data},
    defence::{Defence, csrf},
    request::Place,
};

#[derive(Deserialize)]
pub(crate) struct Credentials {
    username: String,
    password: String,
}

// ANCHOR: login
pub(crate) async fn login(
    State(twin): State<Twin>,
    session: Session,
    place: Place,
    clock: Clock,
    Form(Credentials { username, password }): Form<Credentials>,
) -> axum::response::Result<Response> {
    if !twin.knows(&username, password, &place, clock.now()).await? {
        return Ok((StatusCode::UNAUTHORIZED, "Invalid credentials\n").into_response());
    }
    if twin.defences.has(Defence::RenewAtLogin) {
        leave_others_behind(&twin, &session, &username).await.map_err(Failure::from)?;
    }
    let role = twin.shop.role(&username);
    let visit = Visit { username: Some(username), role, place: Some(place) };
    visit.remember(&twin, &session).await.map_err(Failure::from)?;
    csrf::rotate(&session).await.map_err(Failure::from)?;
    if twin.defences.has(Defence::RenewAtLogin) {
        replace_id(&session).await.map_err(Failure::from)?;
    }
    let data = visit.username.zip(visit.role).map(|(username, role)| Data { username, role });
    Ok((twin.articles_cookie(data.map(|data| (data, clock.now()))), Redirect::to("/")).into_response())
}

/// A login over somebody else's session begins empty. What a guest has left there goes along, and is the user's now.
async fn leave_others_behind(twin: &Twin, session: &Session, username: &str) -> Result<(), Error> {
    let before = Visit::of(twin, session).await?.username;
    if before.is_some_and(|before| before != username) {
        session.clear().await;
    }
    Ok(())
}
// ANCHOR_END: login

// ANCHOR: logout
pub(crate) async fn logout(State(twin): State<Twin>, visitor: Visitor) -> Result<Response, Failure> {
    if twin.defences.has(Defence::FlushAtLogout) {
        visitor.session.flush().await?;
    } else {
        // The article pops the name, and leaves the rest.
        let visit = Visit::of(&twin, &visitor.session).await?;
        Visit { username: None, ..visit }.remember(&twin, &visitor.session).await?;
    }
    Ok((twin.articles_cookie(None), Redirect::to("/")).into_response())
}

pub(crate) async fn clear_session(State(twin): State<Twin>, session: Session) -> Result<Redirect, Failure> {
    if twin.defences.has(Defence::FlushAtLogout) {
        session.flush().await?;
    } else {
        session.clear().await;
    }
    Ok(Redirect::to("/"))
}
// ANCHOR_END: logout

impl Twin {
    /// Whether it is this user's password; too many that are not make the next one wait.
    pub(crate) async fn knows(
        &self,
        username: &str,
        password: String,
        place: &Place,
        now: OffsetDateTime,
    ) -> axum::response::Result<bool> {
        let keys = self.take_a_try(username, place, now).map_err(wait)?;
        let hash = self.shop.hash_of(username).await?;
        if hash.is_none() && !self.defences.has(Defence::DummyHash) {
            return Ok(false); // quickly, and that tells
        }
        let knows = self.shop.passwords().check(password, hash).await?;
        if knows {
            self.tries.iter().zip(&keys).for_each(|(throttle, key)| throttle.give_back(key));
        }
        Ok(knows)
    }

    // ANCHOR: tries
    /// A try for this account from this address, one for the address, and one for the account.
    fn take_a_try(&self, username: &str, place: &Place, now: OffsetDateTime) -> Result<[String; 3], Duration> {
        let address = place.address;
        let keys = [format!("{username} from {address}"), format!("from {address}"), username.to_owned()];
        if self.defences.has(Defence::Throttle) {
            for (throttle, key) in self.tries.iter().zip(&keys) {
                throttle.take(key, now)?;
            }
        }
        Ok(keys)
    }
    // ANCHOR_END: tries

    /// The article's cookie, with the attributes that Flask gives it; or its removal.
    fn articles_cookie(&self, signed: Option<(Data, OffsetDateTime)>) -> Option<[(HeaderName, HeaderValue); 1]> {
        if self.defences.has(Defence::ServerSide) {
            return None;
        }
        let mut cookie = Cookie::build(article::COOKIE).http_only(true).path("/").build();
        match signed {
            Some((data, now)) => cookie.set_value(article::sign(&self.key, &data, now)),
            None => cookie.make_removal(),
        }
        if self.defences.has(Defence::SameSite) {
            cookie.set_same_site(SameSite::Lax);
        }
        Some([(SET_COOKIE, HeaderValue::from_str(&cookie.to_string()).expect("base64 is text"))])
    }
}

fn wait(wait: Duration) -> Response {
    let seconds = wait.whole_seconds() + 1;
    let minutes = u64::try_from(seconds).unwrap_or_default().div_ceil(60);
    let sentence =
        format!("Too many wrong passwords. Please try again in {}.\n", session_inspector::span(minutes * 60));
    (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, seconds.to_string())], sentence).into_response()
}
