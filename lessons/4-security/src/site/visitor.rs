//! Finds the visitor of a request, from the session or, as in the article, from a signed cookie.

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use lesson_page::Failure;
use serde::{Deserialize, Serialize};
use tower_sessions::{Session, session::Error};

use super::Site;
use crate::{
    article,
    defence::Defence,
    request::{Client, cookie},
    shop::Role,
};

/// The data that the session holds about its visitor.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Visit {
    pub(crate) username: Option<String>,
    /// The role at login. The hardened shop does not use it.
    pub(crate) role: Option<Role>,
    pub(crate) client: Option<Client>,
}

/// The sender of a request.
pub(crate) struct Visitor {
    pub(crate) session: Session,
    pub(crate) username: Option<String>,
    pub(crate) role: Option<Role>,
    /// Whether the address or the browser differs from those at login.
    pub(crate) moved: bool,
}

impl Visit {
    pub(crate) async fn load(site: &Site, session: &Session) -> Result<Self, Error> {
        Ok(session.get(site.name).await?.unwrap_or_default())
    }

    pub(crate) async fn save(&self, site: &Site, session: &Session) -> Result<(), Error> {
        session.insert(site.name, self).await
    }
}

impl Visitor {
    // ANCHOR: visitor
    async fn of(site: &Site, session: Session, client: Client, cookie: Option<String>) -> Result<Self, Failure> {
        let mut visit = Visit::load(site, &session).await?;
        // ANCHOR: moved
        let moved = visit.client.as_ref().is_some_and(|then| *then != client);
        if moved && !site.defences.has(Defence::SoftSignal) {
            session.flush().await?; // the article's consistency check
            visit = Visit::default();
        }
        // ANCHOR_END: moved
        if visit.username.is_none()
            && !site.defences.has(Defence::ServerSide)
            && let Some(data) = cookie.and_then(|cookie| article::verify(&site.key, &cookie))
        {
            visit = Visit { username: Some(data.username), role: Some(data.role), client: None };
        }
        let role = if site.defences.has(Defence::RolePerRequest) {
            visit.username.as_deref().and_then(|username| site.shop.role(username))
        } else {
            visit.role
        };
        Ok(Self { session, username: visit.username, role, moved })
    }
    // ANCHOR_END: visitor

    /// Returns the name of the user who is logged in.
    pub(crate) fn name(&self) -> Result<String, (StatusCode, &'static str)> {
        self.username.clone().ok_or((StatusCode::UNAUTHORIZED, "Please log in.\n"))
    }
}

impl FromRequestParts<Site> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Response> {
        let session = Session::from_request_parts(parts, site).await.map_err(IntoResponse::into_response)?;
        let client = Client::of(parts);
        let cookie = cookie(&parts.headers, article::COOKIE).map(|cookie| cookie.value().to_owned());
        Self::of(site, session, client, cookie).await.map_err(IntoResponse::into_response)
    }
}
