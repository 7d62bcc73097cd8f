//! Login and logout.

use axum::{
    extract::State,
    http::{HeaderName, HeaderValue, StatusCode, header::SET_COOKIE},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use cookie::{Cookie, SameSite};
use lesson_page::{Failure, Form};
use serde::Deserialize;
use session_guard::replace_id;
use session_inspector::Clock;
use time::OffsetDateTime;
use tower_sessions::{Session, session::Error};

use super::{
    Site,
    visitor::{Visit, Visitor},
};
use crate::{
    article::{self, Data},
    defence::{
        Defence, csrf,
        device::DeviceCookie,
        guesses::{Guess, TooMany, too_long},
        password::NotChecked,
    },
    request::Client,
};

#[derive(Deserialize)]
pub(crate) struct Credentials {
    username: String,
    password: String,
}

// ANCHOR: login
pub(crate) async fn login(
    State(site): State<Site>,
    session: Session,
    client: Client,
    device: DeviceCookie,
    clock: Clock,
    Form(Credentials { username, password }): Form<Credentials>,
) -> axum::response::Result<Response> {
    if !site.verify_password(&username, password, &client, &device, clock.now()).await? {
        return Ok((StatusCode::UNAUTHORIZED, "Invalid credentials\n").into_response());
    }
    // ANCHOR: renew
    if site.defences.has(Defence::RenewAtLogin) {
        clear_another_users_data(&site, &session, &username).await.map_err(Failure::from)?;
    }
    let role = site.shop.role(&username);
    let visit = Visit { username: Some(username), role, client: Some(client) };
    visit.save(&site, &session).await.map_err(Failure::from)?;
    csrf::rotate(&session).await.map_err(Failure::from)?;
    if site.defences.has(Defence::RenewAtLogin) {
        replace_id(&session).await.map_err(Failure::from)?;
    }
    // ANCHOR_END: renew
    let data = visit.username.zip(visit.role).map(|(username, role)| Data { username, role });
    let device = site.device_cookie(data.as_ref(), clock.now()).await?;
    let article = site.articles_cookie(data.map(|data| (data, clock.now())));
    Ok((article, device, Redirect::to("/")).into_response())
}

/// Clears the session if another user was logged in. A guest's data stays, and belongs to the user now.
async fn clear_another_users_data(site: &Site, session: &Session, username: &str) -> Result<(), Error> {
    let before = Visit::load(site, session).await?.username;
    if before.is_some_and(|before| before != username) {
        session.clear().await;
    }
    Ok(())
}
// ANCHOR_END: login

// ANCHOR: logout
// ANCHOR: flush
pub(crate) async fn logout(State(site): State<Site>, visitor: Visitor) -> Result<Response, Failure> {
    if site.defences.has(Defence::FlushAtLogout) {
        visitor.session.flush().await?;
    } else {
        // The article removes the name and keeps the rest.
        let visit = Visit::load(&site, &visitor.session).await?;
        Visit { username: None, ..visit }.save(&site, &visitor.session).await?;
    }
    Ok((site.articles_cookie(None), Redirect::to("/")).into_response())
}
// ANCHOR_END: flush

pub(crate) async fn clear_session(State(site): State<Site>, session: Session) -> Result<Redirect, Failure> {
    if site.defences.has(Defence::FlushAtLogout) {
        session.flush().await?;
    } else {
        session.clear().await;
    }
    Ok(Redirect::to("/"))
}
// ANCHOR_END: logout

impl Site {
    /// Whether this is the user's password. After too many wrong ones, the next attempt must wait.
    pub(crate) async fn verify_password(
        &self,
        username: &str,
        password: String,
        client: &Client,
        device: &DeviceCookie,
        now: OffsetDateTime,
    ) -> axum::response::Result<bool> {
        if let Some(sentence) = too_long(username, &password) {
            return Err((StatusCode::UNPROCESSABLE_ENTITY, sentence).into());
        }
        let hash = self.shop.hash_of(username).await?;
        let guess = self.reserve(username, hash.as_deref(), client, device, now).await?;
        if hash.is_none() && !self.defences.has(Defence::DummyHash) {
            return Ok(false); // quickly, which reveals that there is no such user
        }
        let checked = self.shop.passwords().check(password, hash).await;
        if !matches!(checked, Ok(false)) {
            // An attempt with the right password, or without a check, does not count.
            guess.into_iter().for_each(Guess::give_back);
        }
        Ok(checked?)
    }

    /// Reserves one of the visitor's guesses, if the shop limits them.
    async fn reserve(
        &self,
        username: &str,
        hash: Option<&str>,
        client: &Client,
        DeviceCookie(cookie): &DeviceCookie,
        now: OffsetDateTime,
    ) -> Result<Option<Guess<'_>>, TooMany> {
        if !self.defences.has(Defence::Throttle) {
            return Ok(None);
        }
        let device =
            cookie.as_deref().zip(hash).and_then(|(cookie, hash)| self.devices.verify(cookie, username, hash, now));
        let device = device.filter(|_| self.defences.has(Defence::DeviceCookie));
        self.guesses.reserve(username, client.address, device, now).await.map(Some)
    }

    /// Returns the device cookie for this browser after a login.
    async fn device_cookie(
        &self,
        data: Option<&Data>,
        now: OffsetDateTime,
    ) -> Result<Option<AppendHeaders<[(HeaderName, String); 1]>>, NotChecked> {
        let Some(Data { username, .. }) = data.filter(|_| self.defences.has(Defence::DeviceCookie)) else {
            return Ok(None);
        };
        let hash = self.shop.hash_of(username).await?;
        let cookie = hash.map(|hash| self.devices.issue(username, &hash, now).to_string());
        Ok(cookie.map(|cookie| AppendHeaders([(SET_COOKIE, cookie)])))
    }

    /// Returns the article's cookie, with the attributes that Flask gives it, or its removal.
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
