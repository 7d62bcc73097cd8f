//! A middleware that puts what was chosen into an extension, as JSON; minijinja makes the pages.

use axum::{
    Extension, Form, Router,
    extract::Request,
    http::StatusCode,
    middleware::{Next, from_fn},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::Users;
use minijinja::{render, value::Serde};
use serde_json::{Value, json};
use tower_sessions::{Session, SessionManagerLayer, SessionStore};

use super::a_week;

type Chosen = Extension<Value>;

pub(in crate::preferences) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/set_preferences", get(form).post(set))
        .route("/profile", get(profile))
        .route("/login", post(login))
        .layer(from_fn(look))
        .layer(SessionManagerLayer::new(store).with_expiry(a_week()))
}

async fn look(session: Session, mut request: Request, next: Next) -> Response {
    let Ok(chosen) = session.get_value("chosen").await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    request.extensions_mut().insert(chosen.unwrap_or(json!({"theme": "light", "notifications": "enabled"})));
    next.run(request).await
}

async fn form(Extension(chosen): Chosen) -> Html<String> {
    Html(render!(
        "<html data-theme={{ chosen.theme }}><form method=post>
        {%- for name, values in choices %}<select name={{ name }}>
            {%- for value in values %}<option value={{ value }} {{ 'selected' if chosen[name] == value }}>{{ value|capitalize }}</option>{% endfor -%}
        </select>{% endfor %}<button>Save</button></form>",
        chosen => Serde(chosen),
        choices => [("theme", ["light", "dark"]), ("notifications", ["enabled", "disabled"])],
    ))
}

async fn set(session: Session, Form(sent): Form<Vec<(String, String)>>) -> Result<Redirect, StatusCode> {
    let chosen = json!(sent.into_iter().collect::<std::collections::BTreeMap<_, _>>());
    let valid = [("theme", ["light", "dark"]), ("notifications", ["enabled", "disabled"])]
        .iter()
        .all(|(name, values)| chosen[name].as_str().is_some_and(|value| values.contains(&value)));
    if !valid {
        return Err(StatusCode::UNPROCESSABLE_ENTITY);
    }
    session.insert_value("chosen", chosen).await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Redirect::to("/profile"))
}

async fn profile(Extension(chosen): Chosen) -> Html<String> {
    Html(render!(
        "<html data-theme={{ chosen.theme }}>Profile settings - Theme: {{ chosen.theme }}, Notifications: {{ chosen.notifications }}",
        chosen => Serde(chosen),
    ))
}

async fn login(session: Session, Extension(users): Extension<Users>, Form(sent): Form<Value>) -> Response {
    let text = |name: &str| sent[name].as_str().unwrap_or_default().to_owned();
    if !users.verify(&text("username"), &text("password")) {
        return (StatusCode::UNAUTHORIZED, render!("{{ said }}", said => "no")).into_response();
    }
    let entered = async {
        session.cycle_id().await?;
        session.insert_value("user", json!({ "name": sent["username"] })).await
    };
    match entered.await {
        Ok(_) => Redirect::to("/profile").into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
