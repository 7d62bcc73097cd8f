//! Choices in the wrong place, or not for long.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex},
};

use axum::{
    Extension, Form, Router,
    response::{Html, Redirect, Response},
    routing::{get, post},
};
use checks::Users;
use solution_3::{Credentials, Failure, Preferences};
use tower_sessions::{
    Expiry, MemoryStore, Session, SessionStore,
    cookie::time::{Duration, OffsetDateTime},
    session::Id,
};

use super::{Parts, shown};

/// Choices by whatever they are kept by.
#[derive(Clone)]
struct Choices<K>(Arc<Mutex<HashMap<K, Preferences>>>);

impl<K: Eq + Hash> Choices<K> {
    fn keep(&self, key: K, preferences: Preferences) {
        self.0.lock().unwrap().insert(key, preferences);
    }

    /// The solution's page, on a session that says for once what is kept here.
    async fn shown_by<F, P>(&self, key: Option<K>, session: Session, page: F) -> Result<Html<String>, Failure>
    where
        F: FnOnce(Session) -> P,
        P: Future<Output = Result<Html<String>, Failure>>,
    {
        let kept = key.and_then(|key| self.0.lock().unwrap().get(&key).copied()).unwrap_or_default();
        let lent = Session::new(None, Arc::new(MemoryStore::default()), session.expiry());
        lent.insert(Preferences::KEY, kept).await?;
        page(lent).await
    }
}

pub(super) fn one_choice_for_all<S: SessionStore + Clone>(store: S) -> Router {
    type All = Extension<Choices<()>>;
    async fn form(session: Session, Extension(all): All) -> Result<Html<String>, Failure> {
        all.shown_by(Some(()), session, solution_3::preferences_form).await
    }
    async fn set(Extension(all): All, Form(sent): Form<Preferences>) -> Redirect {
        all.keep((), sent);
        shown()
    }
    async fn profile(session: Session, Extension(all): All) -> Result<Html<String>, Failure> {
        all.shown_by(Some(()), session, solution_3::profile).await
    }
    let parts = Parts { form: get(form), set: post(set), profile: get(profile), ..Parts::default() };
    parts.on(store).layer(Extension(Choices::<()>(Arc::default())))
}

pub(super) fn kept_in_the_program<S: SessionStore + Clone>(store: S) -> Router {
    type All = Extension<Choices<Id>>;
    async fn form(session: Session, Extension(all): All) -> Result<Html<String>, Failure> {
        all.shown_by(session.id(), session, solution_3::preferences_form).await
    }
    async fn set(session: Session, Extension(all): All, Form(sent): Form<Preferences>) -> Result<Redirect, Failure> {
        session.insert("visited", true).await?;
        session.save().await?;
        all.keep(session.id().ok_or(Failure)?, sent);
        Ok(shown())
    }
    async fn profile(session: Session, Extension(all): All) -> Result<Html<String>, Failure> {
        all.shown_by(session.id(), session, solution_3::profile).await
    }
    let parts = Parts { form: get(form), set: post(set), profile: get(profile), ..Parts::default() };
    parts.on(store).layer(Extension(Choices::<Id>(Arc::default())))
}

pub(super) fn a_store_of_its_own<S: SessionStore + Clone>(_: S) -> Router {
    Parts::default().on(MemoryStore::default())
}

pub(super) fn goes_with_the_window<S: SessionStore + Clone>(store: S) -> Router {
    Parts { kept: Expiry::OnSessionEnd, ..Parts::default() }.on(store)
}

pub(super) fn an_hour_is_enough<S: SessionStore + Clone>(store: S) -> Router {
    Parts { kept: Expiry::OnInactivity(Duration::hours(1)), ..Parts::default() }.on(store)
}

/// Fixed when the program starts.
pub(super) fn one_end_for_all<S: SessionStore + Clone>(store: S) -> Router {
    Parts { kept: Expiry::AtDateTime(OffsetDateTime::now_utc() + Duration::days(30)), ..Parts::default() }.on(store)
}

/// What the user chose in another browser replaces what this visitor chose.
pub(super) fn the_accounts_choice_wins<S: SessionStore + Clone>(store: S) -> Router {
    type All = Extension<Choices<String>>;
    async fn set(session: Session, Extension(all): All, Form(sent): Form<Preferences>) -> Result<Redirect, Failure> {
        if let Some(username) = session.get::<String>("username").await? {
            all.keep(username, sent);
        }
        solution_3::set_preferences(session, Form(sent)).await
    }
    async fn login(
        session: Session,
        Extension(all): All,
        users: Extension<Users>,
        Form(form): Form<Credentials>,
    ) -> Result<Response, Failure> {
        let is_right = users.verify(&form.username, &form.password);
        let kept = all.0.lock().unwrap().get(&form.username).copied().filter(|_| is_right);
        let answer = solution_3::login(session.clone(), users, Form(form)).await?;
        if let Some(kept) = kept {
            session.insert(Preferences::KEY, kept).await?;
        }
        Ok(answer)
    }
    let parts = Parts { set: post(set), login: post(login), ..Parts::default() };
    parts.on(store).layer(Extension(Choices::<String>(Arc::default())))
}

/// The handler reads the theme from a variable of the program, which a second request may have set meanwhile.
pub(super) fn the_theme_is_in_a_variable<S: SessionStore + Clone>(store: S) -> Router {
    type Sent = Arc<Mutex<Option<Preferences>>>;
    async fn set(
        session: Session,
        Extension(last): Extension<Sent>,
        Form(sent): Form<Preferences>,
    ) -> Result<Redirect, Failure> {
        *last.lock().unwrap() = Some(sent);
        tokio::task::yield_now().await; // as at any call that takes time
        let theme = last.lock().unwrap().as_ref().map_or(sent.theme, |last| last.theme);
        solution_3::set_preferences(session, Form(Preferences { theme, ..sent })).await
    }
    Parts { set: post(set), ..Parts::default() }.on(store).layer(Extension(Sent::default()))
}

/// The first choice gives the cookie its age, and the second one takes it away.
pub(super) fn the_second_goes_with_the_window<S: SessionStore + Clone>(store: S) -> Router {
    async fn set(session: Session, form: Form<Preferences>) -> Result<Redirect, Failure> {
        if session.get_value(Preferences::KEY).await?.is_some() {
            session.set_expiry(Some(Expiry::OnSessionEnd));
        }
        solution_3::set_preferences(session, form).await
    }
    Parts { set: post(set), ..Parts::default() }.on(store)
}
