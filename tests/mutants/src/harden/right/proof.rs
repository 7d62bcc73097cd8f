//! Each form has a secret in the query of its address, and a `__Host-` cookie has the same one; it looks like a session
//! ID.

use axum::{
    Router,
    extract::Request,
    http::{
        Method, StatusCode,
        header::{COOKIE, SET_COOKIE},
    },
    middleware::{Next, from_fn},
    response::{AppendHeaders, Html, IntoResponse, Response},
};
use solution_6::Failure;
use tower_sessions::{SessionStore, cookie::Cookie, session::Id};

use crate::harden::Parts;

const PROOF: &str = "__Host-proof";

pub(in crate::harden) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Parts { asks_whence: false, ..Parts::default() }.on(store).layer(from_fn(proved))
}

async fn proved(request: Request, next: Next) -> Result<Response, Failure> {
    let held = held(&request);
    let shown = request.uri().query().and_then(|query| query.strip_prefix("proof=")).map(str::to_owned);
    if request.method() == Method::POST && (held.is_none() || held != shown) {
        return Ok(StatusCode::FORBIDDEN.into_response());
    }
    let (parts, body) = next.run(request).await.into_parts();
    if parts.status.is_redirection() {
        return Ok(Response::from_parts(parts, body));
    }
    let proof = held.unwrap_or_else(|| Id::default().to_string());
    let page = axum::body::to_bytes(body, usize::MAX).await.map_err(|_| Failure)?;
    let page = ["/login", "/buy", "/note", "/logout"]
        .iter()
        .fold(String::from_utf8_lossy(&page).into_owned(), |page, path| {
            page.replace(&format!("action=\"{path}\""), &format!("action=\"{path}?proof={proof}\""))
        });
    let cookie = format!("{PROOF}={proof}; Path=/; Secure; HttpOnly; SameSite=Lax");
    Ok((parts.status, AppendHeaders([(SET_COOKIE, cookie)]), Html(page)).into_response())
}

fn held(request: &Request) -> Option<String> {
    let cookies = request.headers().get(COOKIE)?.to_str().ok()?.to_owned();
    let mut cookies = Cookie::split_parse(cookies).flatten();
    cookies.find(|cookie| cookie.name() == PROOF).map(|cookie| cookie.value().to_owned())
}
