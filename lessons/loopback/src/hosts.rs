//! Limits the host names for which a server on loopback answers.
//!
//! Any site can make its own name point to 127.0.0.1 (DNS rebinding). Its scripts could then read this server's pages
//! as if they were the site's own. Only the Host header shows the difference.

use axum::{
    Router,
    extract::Request,
    http::{HeaderMap, StatusCode, header::HOST},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
};

/// The host of the inspector when an app is served alone. The app and the inspector never receive each other's cookies,
/// because browsers treat names below `localhost` as different sites. Two ports of one name would share cookies.
pub const INSPECTOR: &str = "inspector.localhost";
const BELOW_INSPECTOR: &str = ".inspector.localhost";

/// Limits `app` to the names of this machine: `localhost`, names below it, `127.0.0.1` and `[::1]`. It answers any
/// other name with 421 and a sentence, and also `inspector.localhost` and names below it, which are reserved for the
/// inspector.
pub fn local_hosts_only(app: Router) -> Router {
    let is_ours = |name: &str| is_local(name) && name != INSPECTOR && !name.ends_with(BELOW_INSPECTOR);
    app.layer(middleware::from_fn(move |request, next| only_at(is_ours, request, next)))
}

/// Like [`local_hosts_only`], for the page of an inspector, which accepts all names of this machine.
pub fn any_local_host(page: Router) -> Router {
    page.layer(middleware::from_fn(|request, next| only_at(is_local, request, next)))
}

/// Returns the name in the Host header, in lower case, and the port with its colon. Without that header, both are
/// empty.
pub fn host(headers: &HeaderMap) -> (String, String) {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_lowercase();
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => (name.to_owned(), format!(":{port}")),
        _ => (host, String::new()),
    }
}

/// Redirects a visitor who uses another name of this machine to [`INSPECTOR`].
pub async fn at_its_own_name(request: Request, next: Next) -> Response {
    let (name, port) = host(request.headers());
    if !names_one_host(&request) {
        return refused(&name);
    }
    if name == INSPECTOR {
        return next.run(request).await;
    }
    if is_local(&name) && request.method().is_safe() {
        return Redirect::temporary(&format!("http://{INSPECTOR}{port}/")).into_response();
    }
    refused(&name)
}

async fn only_at(is_ours: impl Fn(&str) -> bool, request: Request, next: Next) -> Response {
    let (name, _) = host(request.headers());
    if names_one_host(&request) && is_ours(&name) { next.run(request).await } else { refused(&name) }
}

/// Whether the request has exactly one Host header, and its target names no other host. Otherwise two programs could
/// take it for two different hosts.
pub fn names_one_host(request: &Request) -> bool {
    let (name, _) = host(request.headers());
    let is_same = request.uri().host().is_none_or(|target| target.eq_ignore_ascii_case(&name));
    is_same && request.headers().get_all(HOST).iter().count() == 1
}

fn is_local(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    matches!(name, "localhost" | "127.0.0.1" | "[::1]") || (name.ends_with(".localhost") && name.bytes().all(is_letter))
}

fn refused(name: &str) -> Response {
    let sentence =
        format!("This program does not serve the host {name:?}. Open the address that it printed when it started.\n");
    (StatusCode::MISDIRECTED_REQUEST, sentence).into_response()
}
