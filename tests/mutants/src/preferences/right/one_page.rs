//! One page for both: what is chosen, and the form below it, with a word first that cannot be chosen.

use axum::{
    Router,
    response::Html,
    routing::{get, post},
};
use minijinja::{Environment, context, value::Serde};
use solution_3::{Failure, Preferences};
use tower_sessions::{Session, SessionManagerLayer, SessionStore};

use super::a_week;

const PAGE: &str = r#"<!doctype html><html data-theme="{{ now.theme }}">
<p>Theme: {{ now.theme }}<p>Notifications: {{ now.notifications }}
<form method="post" action="set_preferences">
{% for name, values in [("theme", ["light", "dark"]), ("notifications", ["enabled", "disabled"])] %}
  <label>{{ name | title }}: <select name="{{ name }}"><option value="" disabled>Please choose</option>
  {% for value in values %}<option {{ "selected" if now[name] == value }}>{{ value }}</option>{% endfor %}</select></label>
{% endfor %}
<button>Save</button></form>"#;

pub(in crate::preferences) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/set_preferences", get(page).post(solution_3::set_preferences))
        .route("/profile", get(page))
        .route("/login", post(solution_3::login))
        .layer(SessionManagerLayer::new(store).with_expiry(a_week()))
}

async fn page(session: Session) -> Result<Html<String>, Failure> {
    let now = Preferences::of(&session).await?;
    Ok(Html(Environment::new().render_named_str("page.html", PAGE, context! { now => Serde(now) })?))
}
