//! An extractor that loads the choice and dresses the page.

use axum::{
    Extension, Form, Router,
    extract::{FromRequestParts, rejection::FormRejection},
    http::{StatusCode, request::Parts},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::{User, Users};
use serde::{Deserialize, Serialize};
use tower_sessions::{Session, SessionManagerLayer, SessionStore, session::Error};

use super::a_week;

#[derive(Clone, Copy, Deserialize, Serialize)]
enum Theme {
    #[serde(rename = "light")]
    Light,
    #[serde(rename = "dark")]
    Dark,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
enum News {
    #[serde(rename = "enabled")]
    Enabled,
    #[serde(rename = "disabled")]
    Disabled,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
struct Settings {
    theme: Theme,
    #[serde(rename = "notifications")]
    news: News,
}

/// Everything the session knows of its visitor, under one key.
#[derive(Clone, Deserialize, Serialize)]
struct Visitor {
    settings: Option<Settings>,
    name: Option<String>,
}

struct Wardrobe {
    visitor: Visitor,
    session: Session,
}

impl<S: Send + Sync> FromRequestParts<S> for Wardrobe {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let session = Session::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        let visitor = session.get("visitor").await.map_err(broken)?;
        Ok(Self { visitor: visitor.unwrap_or(Visitor { settings: None, name: None }), session })
    }
}

impl Wardrobe {
    fn settings(&self) -> Settings {
        self.visitor.settings.unwrap_or(Settings { theme: Theme::Light, news: News::Enabled })
    }

    fn words(&self) -> (&'static str, &'static str) {
        let Settings { theme, news } = self.settings();
        let theme = match theme {
            Theme::Light => "light",
            Theme::Dark => "dark",
        };
        (theme, if matches!(news, News::Enabled) { "enabled" } else { "disabled" })
    }

    fn page(&self, body: &str) -> Html<String> {
        let (theme, _) = self.words();
        Html(format!(
            "<!doctype html>\n<html class=page data-theme=\"{theme}\">\n<body class=\"{theme}\">{body}</body></html>"
        ))
    }

    async fn keep(&self) -> Result<Redirect, Response> {
        self.session.insert("visitor", &self.visitor).await.map_err(broken)?;
        Ok(Redirect::to("/profile"))
    }
}

fn broken(_: Error) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, "the session is out of order").into_response()
}

pub(in crate::preferences) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/set_preferences", get(form).post(set))
        .route("/profile", get(profile))
        .route("/login", post(login))
        .layer(SessionManagerLayer::new(store).with_expiry(a_week()).with_always_save(false))
}

async fn form(wardrobe: Wardrobe) -> Html<String> {
    let (theme, news) = wardrobe.words();
    let radio = |name: &str, value: &str, now: &str| {
        let checked = if value == now { " checked" } else { "" };
        format!("<label><input name='{name}' type='radio' value='{value}'{checked}> {value}</label>")
    };
    wardrobe.page(&format!(
        "<form action='/set_preferences' method='post'>{}{}{}{}<button type=submit name=go value=1>Save</button></form>",
        radio("theme", "dark", theme),
        radio("theme", "light", theme),
        radio("notifications", "disabled", news),
        radio("notifications", "enabled", news),
    ))
}

async fn set(mut wardrobe: Wardrobe, form: Result<Form<Settings>, FormRejection>) -> Result<Redirect, Response> {
    match form {
        Ok(Form(settings)) => wardrobe.visitor.settings = Some(settings),
        Err(refused) => return Err((refused.status(), wardrobe.page("<p>There is no such choice.")).into_response()),
    }
    wardrobe.keep().await
}

async fn profile(wardrobe: Wardrobe) -> Html<String> {
    let (theme, news) = wardrobe.words();
    wardrobe.page(&format!("<table><tr><td>Theme: {theme}</td><td>Notifications: {news}</td></tr></table>"))
}

async fn login(
    mut wardrobe: Wardrobe,
    Extension(users): Extension<Users>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Redirect, Response> {
    let field = |name: &str| pairs.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone());
    let user = User { name: field("username").unwrap_or_default(), password: field("password").unwrap_or_default() };
    if !users.verify(&user.name, &user.password) {
        return Err(StatusCode::UNAUTHORIZED.into_response());
    }
    wardrobe.session.cycle_id().await.map_err(broken)?;
    wardrobe.visitor.name = Some(user.name);
    wardrobe.keep().await
}
