//! The form read by hand from the body, absolute redirects, a blocking call where tokio allows one.

use axum::{
    Extension, Router,
    body::Bytes,
    http::{
        HeaderMap, StatusCode,
        header::{CONTENT_TYPE, LOCATION},
    },
    response::{IntoResponse, Response},
    routing::{get, post},
};
use checks::Users;
use solution_1::{Failure, User};
use tower_sessions::{Session, SessionManagerLayer, SessionStore};

pub(crate) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/login", get(solution_1::login_form).post(login))
        .route("/protected", get(solution_1::protected))
        .route("/logout", post(logout))
        .layer(SessionManagerLayer::new(store).with_name("exercise-1"))
}

async fn login(
    session: Session,
    Extension(users): Extension<Users>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    // A `charset` may follow.
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()?.split(';').next());
    let is_form = kind == Some("application/x-www-form-urlencoded");
    let field =
        |name: &str| form_urlencoded::parse(&body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let (true, Some(username), Some(password)) = (is_form, field("username"), field("password")) else {
        return Ok(StatusCode::BAD_REQUEST.into_response());
    };
    let known = tokio::task::block_in_place(|| users.verify(&username, &password));
    if !known {
        return Ok((StatusCode::UNAUTHORIZED, "Invalid credentials").into_response());
    }
    User { username }.log_in(&session).await?;
    Ok(see("http://localhost/protected"))
}

async fn logout(session: Session) -> Result<Response, Failure> {
    session.flush().await?;
    Ok(see("http://localhost/login#bye"))
}

fn see(address: &'static str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, address)]).into_response()
}
