//! Mistakes in the pages.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    Router,
    extract::RawQuery,
    http::{
        HeaderMap,
        header::{CONTENT_SECURITY_POLICY, COOKIE},
    },
    response::{Html, IntoResponse, Response},
    routing::{MethodRouter, get},
};
use solution_3::{Failure, Preferences};
use tower_sessions::{Session, SessionStore};

use super::Parts;

fn profiling<S: SessionStore + Clone>(profile: MethodRouter, store: S) -> Router {
    Parts { profile, ..Parts::default() }.on(store)
}

fn asking<S: SessionStore + Clone>(form: MethodRouter, store: S) -> Router {
    Parts { form, ..Parts::default() }.on(store)
}

pub(super) fn there_is_always_something<S: SessionStore + Clone>(store: S) -> Router {
    async fn profile(session: Session) -> Result<Html<String>, Failure> {
        let _: Preferences = session.get(Preferences::KEY).await?.unwrap();
        solution_3::profile(session).await
    }
    profiling(get(profile), store)
}

pub(super) fn nothing_is_none<S: SessionStore + Clone>(store: S) -> Router {
    async fn profile(session: Session) -> Result<Response, Failure> {
        match session.get::<Preferences>(Preferences::KEY).await? {
            Some(_) => solution_3::profile(session).await.map(IntoResponse::into_response),
            None => Ok(Html("<html data-theme=light><p>Theme: None, Notifications: None").into_response()),
        }
    }
    profiling(get(profile), store)
}

pub(super) fn dark_by_default<S: SessionStore + Clone>(store: S) -> Router {
    async fn profile(session: Session) -> Result<Response, Failure> {
        match session.get::<Preferences>(Preferences::KEY).await? {
            Some(_) => solution_3::profile(session).await.map(IntoResponse::into_response),
            None => Ok(Html("<html data-theme=dark><p>Theme: dark, Notifications: enabled").into_response()),
        }
    }
    profiling(get(profile), store)
}

/// A cookie that it never sets.
pub(super) fn as_a_cookie_says<S: SessionStore + Clone>(store: S) -> Router {
    async fn profile(session: Session, headers: HeaderMap) -> Result<Response, Failure> {
        let cookies = headers.get(COOKIE).and_then(|cookies| cookies.to_str().ok()).unwrap_or_default();
        let is_dark = cookies.split("; ").any(|cookie| cookie == "theme=dark");
        match session.get::<Preferences>(Preferences::KEY).await? {
            None if is_dark => Ok(Html("<html data-theme=dark><p>Theme: dark, Notifications: enabled").into_response()),
            _ => solution_3::profile(session).await.map(IntoResponse::into_response),
        }
    }
    profiling(get(profile), store)
}

/// The form's page, with this in the place of that.
fn with_form<S: SessionStore + Clone>(store: S, that: &'static str, this: &'static str) -> Router {
    let form = move |session: Session| async move {
        let Html(page) = solution_3::preferences_form(session).await?;
        Ok::<_, Failure>(Html(page.replace(that, this)))
    };
    asking(get(form), store)
}

pub(super) fn form_is_get<S: SessionStore + Clone>(store: S) -> Router {
    with_form(store, " method=\"post\"", "")
}

pub(super) fn form_has_ids<S: SessionStore + Clone>(store: S) -> Router {
    with_form(store, "name=", "id=")
}

pub(super) fn form_offers_more<S: SessionStore + Clone>(store: S) -> Router {
    with_form(store, "</select>", "<option>purple</option></select>")
}

pub(super) fn form_goes_to_the_profile<S: SessionStore + Clone>(store: S) -> Router {
    with_form(store, "method=\"post\"", "method=\"post\" action=\"/profile\"")
}

pub(super) fn form_is_free_text<S: SessionStore + Clone>(store: S) -> Router {
    async fn form() -> Html<&'static str> {
        Html("<form method=post><input name=theme value=light><input name=notifications value=enabled></form>")
    }
    asking(get(form), store)
}

pub(super) fn theme_is_on_the_body<S: SessionStore + Clone>(store: S) -> Router {
    async fn profile(session: Session) -> Result<Html<String>, Failure> {
        let Html(page) = solution_3::profile(session).await?;
        Ok(Html(page.replace("<html", "<html><body")))
    }
    profiling(get(profile), store)
}

pub(super) fn form_is_always_light<S: SessionStore + Clone>(store: S) -> Router {
    with_form(store, "data-theme=\"dark\"", "data-theme=\"light\"")
}

pub(super) fn form_shows_the_defaults<S: SessionStore + Clone>(store: S) -> Router {
    with_form(store, "<option selected>", "<option>")
}

pub(super) fn form_shows_the_theme_only<S: SessionStore + Clone>(store: S) -> Router {
    with_form(store, "<option selected>disabled", "<option>disabled")
}

pub(super) fn saves_the_defaults<S: SessionStore + Clone>(store: S) -> Router {
    async fn profile(session: Session) -> Result<Html<String>, Failure> {
        let preferences = Preferences::of(&session).await?;
        session.insert(Preferences::KEY, preferences).await?;
        solution_3::profile(session).await
    }
    profiling(get(profile), store)
}

/// Whoever has chosen nothing gets what their browser prefers.
pub(super) fn as_the_system_is<S: SessionStore + Clone>(store: S) -> Router {
    async fn profile(session: Session, headers: HeaderMap) -> Result<Response, Failure> {
        let is_dark = headers.get("sec-ch-prefers-color-scheme").is_some_and(|scheme| scheme == "dark");
        if is_dark && session.get::<Preferences>(Preferences::KEY).await?.is_none() {
            return Ok(Html("<html data-theme=dark><p>Theme: dark<p>Notifications: enabled").into_response());
        }
        Ok(solution_3::profile(session).await?.into_response())
    }
    profiling(get(profile), store)
}

pub(super) fn form_is_stopped<S: SessionStore + Clone>(store: S) -> Router {
    with_form(store, "method=\"post\"", "method=\"post\" onsubmit=\"return false\"")
}

pub(super) fn form_is_forbidden<S: SessionStore + Clone>(store: S) -> Router {
    async fn form(session: Session) -> Result<Response, Failure> {
        let page = solution_3::preferences_form(session).await?;
        Ok(([(CONTENT_SECURITY_POLICY, "form-action 'none'")], page).into_response())
    }
    asking(get(form), store)
}

pub(super) fn profile_is_plain_text<S: SessionStore + Clone>(store: S) -> Router {
    async fn profile(session: Session) -> Result<String, Failure> {
        solution_3::profile(session).await.map(|Html(page)| page)
    }
    profiling(get(profile), store)
}

fn in_light(Html(page): Html<String>) -> Html<String> {
    Html(page.replace("data-theme=\"dark\"", "data-theme=\"light\""))
}

pub(super) fn prints_in_light<S: SessionStore + Clone>(store: S) -> Router {
    async fn profile(session: Session, RawQuery(query): RawQuery) -> Result<Html<String>, Failure> {
        let page = solution_3::profile(session).await?;
        Ok(if query.as_deref() == Some("print") { in_light(page) } else { page })
    }
    profiling(get(profile), store)
}

/// A cookie that it never sets.
pub(super) fn form_is_as_a_cookie_says<S: SessionStore + Clone>(store: S) -> Router {
    async fn form(session: Session, headers: HeaderMap) -> Result<Html<String>, Failure> {
        let cookies = headers.get(COOKIE).and_then(|cookies| cookies.to_str().ok()).unwrap_or_default();
        let is_light = cookies.split("; ").any(|cookie| cookie == "theme=light");
        let page = solution_3::preferences_form(session).await?;
        Ok(if is_light { in_light(page) } else { page })
    }
    asking(get(form), store)
}

pub(super) fn form_shows_the_address<S: SessionStore + Clone>(store: S) -> Router {
    async fn form(session: Session, RawQuery(query): RawQuery) -> Result<Html<String>, Failure> {
        let Html(page) = solution_3::preferences_form(session).await?;
        let is_light = query.as_deref() == Some("theme=light");
        Ok(Html(if is_light { page.replace("<option selected>dark", "<option>dark") } else { page }))
    }
    asking(get(form), store)
}

/// The choice of the page that is being made is kept where all requests share it.
pub(super) fn makes_one_page_at_a_time<S: SessionStore + Clone>(store: S) -> Router {
    let shared = Arc::<Mutex<Option<Preferences>>>::default();
    let profile = async move |session: Session| -> Result<Html<String>, Failure> {
        let choice = || shared.lock().unwrap_or_else(PoisonError::into_inner);
        *choice() = Some(Preferences::of(&session).await?);
        tokio::task::yield_now().await; // such as for a page from a file
        let now = serde_json::json!(choice().unwrap_or_default());
        let [theme, notifications] = ["theme", "notifications"].map(|name| now[name].as_str().unwrap_or_default());
        Ok(Html(format!("<html data-theme={theme}><p>Theme: {theme}, Notifications: {notifications}")))
    };
    profiling(get(profile), store)
}
