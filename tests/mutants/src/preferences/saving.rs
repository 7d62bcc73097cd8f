//! Mistakes in saving.

use std::collections::HashMap;

use axum::{
    Form, Json, RequestExt, Router,
    extract::{Query, Request, rejection::FormRejection},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ACCEPT, CONTENT_TYPE},
    },
    response::{Html, IntoResponse, Redirect, Response},
    routing::{MethodRouter, get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use solution_3::{Failure, Notifications, Preferences, Theme};
use tower_sessions::{Expiry, Session, SessionStore, cookie::time::Duration};

use super::{Parts, shown};

type Loose = Form<HashMap<String, String>>;

fn saving<S: SessionStore + Clone>(set: MethodRouter, store: S) -> Router {
    Parts { set, ..Parts::default() }.on(store)
}

fn read<T: for<'a> Deserialize<'a>>(text: &str) -> Option<T> {
    serde_json::from_value(json!(text)).ok()
}

fn refused() -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, "There is no such choice.").into_response()
}

/// Keeps this, and sends the visitor on.
async fn kept(session: Session, preferences: impl Serialize + Send + Sync) -> Result<Response, Failure> {
    session.insert(Preferences::KEY, preferences).await?;
    Ok(shown().into_response())
}

pub(super) fn forgets_to_insert<S: SessionStore + Clone>(store: S) -> Router {
    async fn set(Form(_): Form<Preferences>) -> Redirect {
        shown()
    }
    saving(post(set), store)
}

pub(super) fn answers_with_a_page<S: SessionStore + Clone>(store: S) -> Router {
    async fn set(session: Session, form: Form<Preferences>) -> Result<&'static str, Failure> {
        let _ = solution_3::set_preferences(session, form).await?;
        Ok("Preferences saved")
    }
    saving(post(set), store)
}

pub(super) fn saves_the_theme_only<S: SessionStore + Clone>(store: S) -> Router {
    async fn set(session: Session, Form(sent): Form<Preferences>) -> Result<Response, Failure> {
        kept(session, Preferences { notifications: Notifications::Enabled, ..sent }).await
    }
    saving(post(set), store)
}

pub(super) fn another_key<S: SessionStore + Clone>(store: S) -> Router {
    async fn set(session: Session, Form(sent): Form<Preferences>) -> Result<Redirect, Failure> {
        session.insert("prefs", sent).await?;
        Ok(shown())
    }
    saving(post(set), store)
}

pub(super) fn the_first_choice_wins<S: SessionStore + Clone>(store: S) -> Router {
    async fn set(session: Session, form: Form<Preferences>) -> Result<Redirect, Failure> {
        match session.get_value(Preferences::KEY).await? {
            Some(_) => Ok(shown()),
            None => solution_3::set_preferences(session, form).await,
        }
    }
    saving(post(set), store)
}

pub(super) fn defaults_are_not_saved<S: SessionStore + Clone>(store: S) -> Router {
    async fn set(session: Session, Form(sent): Form<Preferences>) -> Result<Response, Failure> {
        let mut now = Preferences::of(&session).await?;
        if sent.theme != Theme::default() {
            now.theme = sent.theme;
        }
        if sent.notifications != Notifications::default() {
            now.notifications = sent.notifications;
        }
        kept(session, now).await
    }
    saving(post(set), store)
}

pub(super) fn takes_any_text<S: SessionStore + Clone>(store: S) -> Router {
    /// What the article keeps.
    #[derive(Deserialize, Serialize)]
    struct Any {
        theme: String,
        notifications: String,
    }
    async fn set(session: Session, Form(sent): Form<Any>) -> Result<Response, Failure> {
        kept(session, sent).await
    }
    async fn profile(session: Session) -> Result<Html<String>, Failure> {
        let [theme, notifications] = match session.get::<Any>(Preferences::KEY).await? {
            Some(Any { theme, notifications }) => [theme, notifications],
            None => ["light", "enabled"].map(str::to_owned),
        };
        Ok(Html(format!("<html data-theme='{theme}'><p>Theme: {theme}, Notifications: {notifications}")))
    }
    Parts { set: post(set), profile: get(profile), ..Parts::default() }.on(store)
}

pub(super) fn saves_the_good_half<S: SessionStore + Clone>(store: S) -> Router {
    async fn set(session: Session, Form(sent): Loose) -> Result<Response, Failure> {
        let (Some(theme), Some(notifications)) = (sent.get("theme"), sent.get("notifications")) else {
            return Ok(refused());
        };
        let mut now = Preferences::of(&session).await?;
        let Some(theme) = read(theme) else { return Ok(refused()) };
        now.theme = theme;
        session.insert(Preferences::KEY, now).await?;
        let Some(notifications) = read(notifications) else { return Ok(refused()) };
        now.notifications = notifications;
        kept(session, now).await
    }
    saving(post(set), store)
}

pub(super) fn unknown_becomes_default<S: SessionStore + Clone>(store: S) -> Router {
    async fn set(session: Session, Form(sent): Loose) -> Result<Response, Failure> {
        let (Some(theme), Some(notifications)) = (sent.get("theme"), sent.get("notifications")) else {
            return Ok(refused());
        };
        let theme = read(theme).unwrap_or_default();
        kept(session, Preferences { theme, notifications: read(notifications).unwrap_or_default() }).await
    }
    saving(post(set), store)
}

/// What the form says, if it is whole.
fn whole(sent: &HashMap<String, String>) -> Option<Preferences> {
    Some(Preferences { theme: read(sent.get("theme")?)?, notifications: read(sent.get("notifications")?)? })
}

pub(super) fn answers_400<S: SessionStore + Clone>(store: S) -> Router {
    async fn set(session: Session, Form(sent): Loose) -> Result<Response, Failure> {
        match whole(&sent) {
            Some(preferences) => kept(session, preferences).await,
            None => Ok(StatusCode::BAD_REQUEST.into_response()),
        }
    }
    saving(post(set), store)
}

pub(super) fn capitals_will_do<S: SessionStore + Clone>(store: S) -> Router {
    async fn set(session: Session, Form(sent): Loose) -> Result<Response, Failure> {
        let sent = sent.into_iter().map(|(name, value)| (name, value.to_lowercase())).collect();
        match whole(&sent) {
            Some(preferences) => kept(session, preferences).await,
            None => Ok(refused()),
        }
    }
    saving(post(set), store)
}

/// Whatever begins with what is offered is taken for it.
pub(super) fn a_prefix_will_do<S: SessionStore + Clone>(store: S) -> Router {
    async fn set(session: Session, Form(mut sent): Loose) -> Result<Response, Failure> {
        for theme in ["light", "dark"] {
            if sent.get("theme").is_some_and(|sent| sent.starts_with(theme)) {
                sent.insert("theme".to_owned(), theme.to_owned());
            }
        }
        match whole(&sent) {
            Some(preferences) => kept(session, preferences).await,
            None => Ok(refused()),
        }
    }
    saving(post(set), store)
}

/// As a checkbox would send it, or a program.
pub(super) fn true_and_false_will_do<S: SessionStore + Clone>(store: S) -> Router {
    async fn set(session: Session, Form(mut sent): Loose) -> Result<Response, Failure> {
        for (other, value) in [("true", "enabled"), ("on", "enabled"), ("false", "disabled"), ("off", "disabled")] {
            if sent.get("notifications").is_some_and(|sent| sent == other) {
                sent.insert("notifications".to_owned(), value.to_owned());
            }
        }
        match whole(&sent) {
            Some(preferences) => kept(session, preferences).await,
            None => Ok(refused()),
        }
    }
    saving(post(set), store)
}

pub(super) fn missing_becomes_default<S: SessionStore + Clone>(store: S) -> Router {
    #[derive(Deserialize)]
    #[serde(default)]
    struct Lenient {
        theme: Theme,
        notifications: Notifications,
    }
    impl Default for Lenient {
        fn default() -> Self {
            let Preferences { theme, notifications } = Preferences::default();
            Self { theme, notifications }
        }
    }
    async fn set(session: Session, Form(sent): Form<Lenient>) -> Result<Response, Failure> {
        kept(session, Preferences { theme: sent.theme, notifications: sent.notifications }).await
    }
    saving(post(set), store)
}

pub(super) fn saves_what_there_is<S: SessionStore + Clone>(store: S) -> Router {
    #[derive(Deserialize)]
    struct Some {
        theme: Option<Theme>,
        notifications: Option<Notifications>,
    }
    async fn set(session: Session, Form(sent): Form<Some>) -> Result<Response, Failure> {
        let now = Preferences::of(&session).await?;
        let theme = sent.theme.unwrap_or(now.theme);
        kept(session, Preferences { theme, notifications: sent.notifications.unwrap_or(now.notifications) }).await
    }
    saving(post(set), store)
}

pub(super) fn missing_panics<S: SessionStore + Clone>(store: S) -> Router {
    async fn set(session: Session, Form(sent): Loose) -> Result<Response, Failure> {
        match (read(&sent["theme"]), read(&sent["notifications"])) {
            (Some(theme), Some(notifications)) => kept(session, Preferences { theme, notifications }).await,
            _ => Ok(refused()),
        }
    }
    saving(post(set), store)
}

pub(super) fn refuses_after_the_insert<S: SessionStore + Clone>(store: S) -> Router {
    async fn set(session: Session, Form(sent): Loose) -> Result<Response, Failure> {
        let mut now = Preferences::of(&session).await?;
        for (name, value) in &sent {
            match name.as_str() {
                "theme" => match read(value) {
                    Some(theme) => now.theme = theme,
                    None => return Ok(refused()),
                },
                "notifications" => match read(value) {
                    Some(notifications) => now.notifications = notifications,
                    None => return Ok(refused()),
                },
                _ => {}
            }
        }
        session.insert(Preferences::KEY, now).await?;
        Ok(if sent.len() == 2 { shown().into_response() } else { refused() })
    }
    saving(post(set), store)
}

pub(super) fn clears<S: SessionStore + Clone>(store: S) -> Router {
    async fn set(session: Session, Form(sent): Form<Preferences>) -> Result<Response, Failure> {
        session.clear().await;
        kept(session, sent).await
    }
    saving(post(set), store)
}

pub(super) fn by_get<S: SessionStore + Clone>(store: S) -> Router {
    async fn form(session: Session, Query(sent): Query<HashMap<String, String>>) -> Result<Html<String>, Failure> {
        if let Some(preferences) = whole(&sent) {
            session.insert(Preferences::KEY, preferences).await?;
        }
        solution_3::preferences_form(session).await
    }
    Parts { form: get(form), ..Parts::default() }.on(store)
}

pub(super) fn logs_out<S: SessionStore + Clone>(store: S) -> Router {
    async fn set(session: Session, form: Form<Preferences>) -> Result<Redirect, Failure> {
        session.remove::<String>("username").await?;
        solution_3::set_preferences(session, form).await
    }
    Parts { set: post(set), ..Parts::default() }.on(store)
}

/// A script may send it, too.
pub(super) fn takes_json_too<S: SessionStore + Clone>(store: S) -> Router {
    async fn set(session: Session, request: Request) -> Result<Response, Failure> {
        let kind = request.headers().get(CONTENT_TYPE).cloned();
        if kind.is_some_and(|kind| kind == "application/json") {
            return Ok(match request.extract::<Json<Preferences>, _>().await {
                Ok(Json(preferences)) => kept(session, preferences).await?,
                Err(refused) => refused.into_response(),
            });
        }
        Ok(match request.extract::<Form<Preferences>, _>().await {
            Ok(Form(preferences)) => kept(session, preferences).await?,
            Err(refused) => refused.into_response(),
        })
    }
    saving(post(set), store)
}

/// What the form lacks is taken from the address.
pub(super) fn the_address_fills_the_gaps<S: SessionStore + Clone>(store: S) -> Router {
    type Fields = HashMap<String, String>;
    async fn set(session: Session, Query(more): Query<Fields>, Form(sent): Loose) -> Result<Response, Failure> {
        let field = |name: &str| sent.get(name).or(more.get(name)).cloned().unwrap_or_default();
        match (read(&field("theme")), read(&field("notifications"))) {
            (Some(theme), Some(notifications)) => kept(session, Preferences { theme, notifications }).await,
            _ => Ok(refused()),
        }
    }
    saving(post(set), store)
}

pub(super) fn five_are_enough<S: SessionStore + Clone>(store: S) -> Router {
    async fn set(session: Session, Form(preferences): Form<Preferences>) -> Result<Response, Failure> {
        let saved: usize = session.get("saved").await?.unwrap_or_default();
        if saved == 5 {
            return Ok(shown().into_response());
        }
        session.insert("saved", saved + 1).await?;
        kept(session, preferences).await
    }
    saving(post(set), store)
}

/// A script is told in its own language.
pub(super) fn answers_programs_with_json<S: SessionStore + Clone>(store: S) -> Router {
    async fn set(headers: HeaderMap, session: Session, form: Form<Preferences>) -> Result<Response, Failure> {
        let answer = solution_3::set_preferences(session, form).await?;
        let is_program = headers.get(ACCEPT).is_some_and(|kinds| kinds == "application/json");
        Ok(if is_program { Json(true).into_response() } else { answer.into_response() })
    }
    saving(post(set), store)
}

pub(super) fn a_long_value_is_another_mistake<S: SessionStore + Clone>(store: S) -> Router {
    async fn set(session: Session, Form(fields): Loose) -> Result<Response, Failure> {
        if fields.values().any(|value| value.len() > 200) {
            return Ok(StatusCode::BAD_REQUEST.into_response());
        }
        let [theme, notifications] =
            ["theme", "notifications"].map(|name| fields.get(name).map(String::as_str).unwrap_or_default());
        match (read(theme), read(notifications)) {
            (Some(theme), Some(notifications)) => kept(session, Preferences { theme, notifications }).await,
            _ => Ok(refused()),
        }
    }
    saving(post(set), store)
}

pub(super) fn takes_a_form_without_a_type<S: SessionStore + Clone>(store: S) -> Router {
    async fn set(session: Session, mut request: Request) -> Result<Response, Failure> {
        let urlencoded = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().entry(CONTENT_TYPE).or_insert(urlencoded);
        match request.extract::<Form<Preferences>, _>().await {
            Ok(form) => Ok(solution_3::set_preferences(session, form).await?.into_response()),
            Err(refused) => Ok(refused.into_response()),
        }
    }
    saving(post(set), store)
}

pub(super) fn a_long_form_fails<S: SessionStore + Clone>(store: S) -> Router {
    type Sent = Result<Form<Preferences>, FormRejection>;
    async fn set(session: Session, form: Sent) -> Result<Response, Failure> {
        match form {
            Ok(form) => Ok(solution_3::set_preferences(session, form).await?.into_response()),
            Err(FormRejection::BytesRejection(_)) => Err(Failure),
            Err(refused) => Ok(refused.into_response()),
        }
    }
    saving(post(set), store)
}

pub(super) fn the_second_lasts_an_hour<S: SessionStore + Clone>(store: S) -> Router {
    async fn set(session: Session, form: Form<Preferences>) -> Result<Redirect, Failure> {
        if session.get_value(Preferences::KEY).await?.is_some() {
            session.set_expiry(Some(Expiry::OnInactivity(Duration::hours(1))));
        }
        solution_3::set_preferences(session, form).await
    }
    saving(post(set), store)
}

/// Puts back only what it knows of.
pub(super) fn the_second_clears<S: SessionStore + Clone>(store: S) -> Router {
    async fn set(session: Session, form: Form<Preferences>) -> Result<Redirect, Failure> {
        if session.get_value(Preferences::KEY).await?.is_some() {
            let name = session.get_value("username").await?;
            session.clear().await;
            if let Some(name) = name {
                session.insert_value("username", name).await?;
            }
        }
        solution_3::set_preferences(session, form).await
    }
    saving(post(set), store)
}
