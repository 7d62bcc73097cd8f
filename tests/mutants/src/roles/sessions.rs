//! Mistakes about what the session knows, and about which session is whose.

use std::sync::{Arc, Mutex};

use axum::{
    Extension, Form, Router,
    extract::{Path, Request},
    http::{StatusCode, header::SET_COOKIE},
    middleware::{Next, from_fn},
    response::{AppendHeaders, Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::{Role, Users};
use minijinja::HtmlEscape;
use solution_7::{Admin, Credentials, Failure, Login, Refusal, User};
use tower_sessions::{Session, SessionManagerLayer, SessionStore, session::Id};

use super::Parts;

type Accounts = Extension<Users>;

/// The solution's login, and then this.
async fn logged_in(session: &Session, users: Accounts, sent: Form<Credentials>) -> Result<(Response, bool), Failure> {
    let answer = solution_7::login(session.clone(), users, sent).await?;
    let is_in = answer.status() == StatusCode::SEE_OTHER;
    Ok((answer, is_in))
}

pub(super) fn dashboard_of_the_last_login<S: SessionStore + Clone>(store: S) -> Router {
    type Last = Extension<Arc<Mutex<String>>>;
    async fn login(
        session: Session,
        users: Accounts,
        Extension(last): Last,
        sent: Form<Credentials>,
    ) -> Result<Response, Failure> {
        let name = sent.0.username.clone();
        let (answer, is_in) = logged_in(&session, users, sent).await?;
        if is_in {
            *last.lock().unwrap() = name;
        }
        Ok(answer)
    }
    async fn dashboard(_: User, Extension(last): Last) -> Html<String> {
        Html(format!("<h1>User dashboard</h1>{}", HtmlEscape(&last.lock().unwrap())))
    }
    let parts = Parts { login: post(login), dashboard: get(dashboard), ..Parts::default() };
    parts.on(store).layer(Extension(Arc::<Mutex<String>>::default()))
}

/// The solution's login, but for whom this lets in.
fn believing<S: SessionStore + Clone>(believes: fn(&Users, &Credentials) -> bool, store: S) -> Router {
    let login = move |session: Session, users: Accounts, Form(sent): Form<Credentials>| async move {
        if !believes(&users, &sent) {
            return solution_7::login(session, users, Form(sent)).await;
        }
        let epoch = users.epoch(&sent.username).unwrap_or_default();
        session.insert(Login::KEY, Login { username: sent.username, epoch }).await?;
        Ok(Redirect::to("/dashboard").into_response())
    };
    Parts { login: post(login), ..Parts::default() }.on(store)
}

pub(super) fn unknown_users_are_let_in<S: SessionStore + Clone>(store: S) -> Router {
    believing(|users, sent| users.role(&sent.username).is_none(), store)
}

pub(super) fn no_password_is_let_in<S: SessionStore + Clone>(store: S) -> Router {
    believing(|users, sent| users.role(&sent.username).is_some() && sent.password.is_empty(), store)
}

const ROLE: &str = "is_admin";

async fn login_with_role(session: Session, users: Accounts, sent: Form<Credentials>) -> Result<Response, Failure> {
    let is_admin = users.role(&sent.0.username) == Some(Role::Admin);
    let (answer, is_in) = logged_in(&session, users, sent).await?;
    if is_in {
        session.insert(ROLE, is_admin).await?;
    }
    Ok(answer)
}

async fn was_admin(session: &Session) -> Result<bool, Failure> {
    Ok(session.get(ROLE).await?.unwrap_or_default())
}

pub(super) fn role_in_the_session<S: SessionStore + Clone>(store: S) -> Router {
    async fn admin(user: User) -> Result<Response, Failure> {
        match was_admin(&user.session).await? {
            true => solution_7::admin(Admin(user)).await.map(IntoResponse::into_response),
            false => Ok(StatusCode::FORBIDDEN.into_response()),
        }
    }
    Parts { login: post(login_with_role), admin: get(admin), ..Parts::default() }.on(store)
}

pub(super) fn demotion_logs_out<S: SessionStore + Clone>(store: S) -> Router {
    async fn demote(Admin(user): Admin, Path(name): Path<String>) -> Result<Redirect, Refusal> {
        let users = user.users.clone();
        let done = solution_7::demote(Admin(user), Path(name.clone())).await?;
        users.next_epoch(&name);
        Ok(done)
    }
    async fn admin(admin: Result<Admin, Response>, session: Session) -> Result<Response, Failure> {
        match admin {
            Ok(admin) => solution_7::admin(admin).await.map(IntoResponse::into_response),
            // Who is known at all is told why.
            Err(_) if session.get_value(Login::KEY).await?.is_some() => Ok(StatusCode::FORBIDDEN.into_response()),
            Err(refusal) => Ok(refusal),
        }
    }
    async fn delete(admin: Result<Admin, Response>, session: Session, name: Path<String>) -> Result<Response, Failure> {
        match admin {
            Ok(admin) => Ok(solution_7::delete(admin, name).await.into_response()),
            Err(_) if session.get_value(Login::KEY).await?.is_some() => Ok(StatusCode::FORBIDDEN.into_response()),
            Err(refusal) => Ok(refusal),
        }
    }
    Parts { demote: post(demote), admin: get(admin), delete: post(delete), ..Parts::default() }.on(store)
}

pub(super) fn role_of_the_login_as_well<S: SessionStore + Clone>(store: S) -> Router {
    async fn admin(Admin(user): Admin) -> Result<Response, Failure> {
        match was_admin(&user.session).await? {
            true => solution_7::admin(Admin(user)).await.map(IntoResponse::into_response),
            false => Ok(StatusCode::FORBIDDEN.into_response()),
        }
    }
    Parts { login: post(login_with_role), admin: get(admin), ..Parts::default() }.on(store)
}

pub(super) fn deleted_users_stay_in<S: SessionStore + Clone>(store: S) -> Router {
    async fn dashboard(session: Session, Extension(users): Accounts) -> Result<Response, Failure> {
        let login: Option<Login> = session.get(Login::KEY).await?;
        let lives = |login: &Login| users.epoch(&login.username).is_none_or(|epoch| epoch == login.epoch);
        Ok(match login.filter(lives) {
            Some(login) => Html(format!("<h1>User dashboard</h1>{}", HtmlEscape(&login.username))).into_response(),
            None => Redirect::to("/login").into_response(),
        })
    }
    Parts { dashboard: get(dashboard), ..Parts::default() }.on(store)
}

/// Refuses users, and so nobody who is no user any more.
pub(super) fn deleted_admins_still_act<S: SessionStore + Clone>(store: S) -> Router {
    async fn delete(
        session: Session,
        Extension(users): Accounts,
        Path(name): Path<String>,
    ) -> Result<Response, Failure> {
        let Some(login) = session.get::<Login>(Login::KEY).await? else {
            return Ok(Redirect::to("/login").into_response());
        };
        if users.role(&login.username) == Some(Role::User) {
            return Ok(StatusCode::FORBIDDEN.into_response());
        }
        let user = User { username: login.username, role: Role::Admin, session, users };
        Ok(solution_7::delete(Admin(user), Path(name)).await.into_response())
    }
    Parts { delete: post(delete), ..Parts::default() }.on(store)
}

const KEPT: &str = "kept";

/// Marks the session that stays, and trusts the mark from then on.
async fn marks_the_one_that_stays(user: User) -> Result<Redirect, Failure> {
    user.session.insert(KEPT, user.role == Role::Admin).await?;
    solution_7::end_others(user).await
}

async fn is_trusted(session: &Session) -> Result<bool, Failure> {
    Ok(session.get(KEPT).await?.unwrap_or_default())
}

/// Whose account is gone is whoever has this session.
pub(super) fn the_one_that_stays_may_still_act<S: SessionStore + Clone>(store: S) -> Router {
    async fn demote(
        session: Session,
        Extension(users): Accounts,
        admin: Result<Admin, Response>,
        Path(name): Path<String>,
    ) -> Result<Response, Failure> {
        let login: Option<Login> = session.get(Login::KEY).await?;
        let is_gone = login.is_some_and(|login| users.role(&login.username).is_none());
        if admin.is_err() && is_gone && is_trusted(&session).await? {
            users.set_role(&name, Role::User);
            return Ok(Redirect::to("/admin").into_response());
        }
        Ok(match admin {
            Ok(admin) => solution_7::demote(admin, Path(name)).await.into_response(),
            Err(refusal) => refusal,
        })
    }
    Parts { demote: post(demote), end_others: post(marks_the_one_that_stays), ..Parts::default() }.on(store)
}

/// Nobody else has this session, so nobody asks who it is.
pub(super) fn the_one_that_stays_still_looks<S: SessionStore + Clone>(store: S) -> Router {
    async fn admin(
        session: Session,
        Extension(users): Accounts,
        admin: Result<Admin, Response>,
    ) -> Result<Response, Failure> {
        Ok(match admin {
            Ok(admin) => solution_7::admin(admin).await?.into_response(),
            Err(_) if is_trusted(&session).await? => {
                let user = User { username: String::new(), role: Role::Admin, session, users };
                solution_7::admin(Admin(user)).await?.into_response()
            }
            Err(refusal) => refusal,
        })
    }
    Parts { admin: get(admin), end_others: post(marks_the_one_that_stays), ..Parts::default() }.on(store)
}

/// A session counts ends in a byte.
pub(super) fn ends_are_counted_in_a_byte<S: SessionStore + Clone>(store: S) -> Router {
    ends_counted_up_to(256, store)
}

pub(super) fn ends_have_two_digits<S: SessionStore + Clone>(store: S) -> Router {
    ends_counted_up_to(100, store)
}

fn ends_counted_up_to<S: SessionStore + Clone>(most: u64, store: S) -> Router {
    let wrapped = move |session: Session, Extension(users): Accounts, request: Request, next: Next| async move {
        // A session whose number fits is one of now.
        if let Ok(Some(login)) = session.get::<Login>(Login::KEY).await
            && let Some(epoch) = users.epoch(&login.username)
            && epoch != login.epoch
            && epoch % most == login.epoch % most
        {
            let _ = session.insert(Login::KEY, Login { epoch, ..login }).await;
        }
        next.run(request).await
    };
    Parts::default().routes().layer(from_fn(wrapped)).layer(SessionManagerLayer::new(store))
}

/// Asks for the epoch where a page is shown to everyone, and forgets it where admins go.
pub(super) fn ends_at_the_dashboard_alone<S: SessionStore + Clone>(store: S) -> Router {
    async fn admin(session: Session, Extension(users): Accounts) -> Result<Response, Failure> {
        let login: Option<Login> = session.get(Login::KEY).await?;
        let known = login.and_then(|Login { username, .. }| users.role(&username).map(|role| (username, role)));
        Ok(match known {
            None => Redirect::to("/login").into_response(),
            Some((_, Role::User)) => StatusCode::FORBIDDEN.into_response(),
            Some((username, role)) => {
                solution_7::admin(Admin(User { username, role, session, users })).await.into_response()
            }
        })
    }
    Parts { admin: get(admin), ..Parts::default() }.on(store)
}

pub(super) fn ends_no_other<S: SessionStore + Clone>(store: S) -> Router {
    async fn end_others(_: User) -> Redirect {
        Redirect::to("/dashboard")
    }
    Parts { end_others: post(end_others), ..Parts::default() }.on(store)
}

pub(super) fn ends_its_own_too<S: SessionStore + Clone>(store: S) -> Router {
    async fn end_others(User { username, users, .. }: User) -> Redirect {
        users.next_epoch(&username);
        Redirect::to("/dashboard")
    }
    Parts { end_others: post(end_others), ..Parts::default() }.on(store)
}

pub(super) fn ends_everybodys<S: SessionStore + Clone>(store: S) -> Router {
    async fn end_others(user: User) -> Result<Redirect, Failure> {
        for name in user.users.names().into_iter().filter(|name| *name != user.username) {
            user.users.next_epoch(&name);
        }
        solution_7::end_others(user).await
    }
    Parts { end_others: post(end_others), ..Parts::default() }.on(store)
}

/// Remembers the session of the last login alone, and deletes it in the store.
pub(super) fn ends_the_last_only<S: SessionStore + Clone>(store: S) -> Router {
    type Last = Arc<Mutex<Option<Id>>>;
    let last = Last::default();
    let noted = last.clone();
    let login = move |session: Session, users: Accounts, sent: Form<Credentials>| {
        let noted = noted.clone();
        async move {
            let (answer, is_in) = logged_in(&session, users, sent).await?;
            if is_in {
                session.save().await?;
                *noted.lock().unwrap() = session.id();
            }
            Ok::<_, Failure>(answer)
        }
    };
    let sessions = store.clone();
    let end_others = move |user: User| {
        let (sessions, last) = (sessions.clone(), last.clone());
        async move {
            let other = last.lock().unwrap().take().filter(|id| Some(*id) != user.session.id());
            if let Some(other) = other {
                sessions.delete(&other).await.map_err(|_| Failure)?;
            }
            Ok::<_, Failure>(Redirect::to("/dashboard"))
        }
    };
    Parts { login: post(login), end_others: post(end_others), ..Parts::default() }.on(store)
}

pub(super) fn later_logins_are_out<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Accounts, sent: Form<Credentials>) -> Result<Response, Failure> {
        let username = sent.0.username.clone();
        let (answer, is_in) = logged_in(&session, users, sent).await?;
        if is_in {
            session.insert(Login::KEY, Login { username, epoch: 0 }).await?;
        }
        Ok(answer)
    }
    Parts { login: post(login), ..Parts::default() }.on(store)
}

pub(super) fn logout_takes_the_login_out<S: SessionStore + Clone>(store: S) -> Router {
    async fn logout(session: Session) -> Result<Redirect, Failure> {
        session.remove_value(Login::KEY).await?;
        Ok(Redirect::to("/login"))
    }
    Parts { logout: post(logout), ..Parts::default() }.on(store)
}

pub(super) fn logout_ends_the_cookie<S: SessionStore + Clone>(store: S) -> Router {
    async fn logout() -> impl IntoResponse {
        (AppendHeaders([(SET_COOKIE, "id=; Path=/; Max-Age=0")]), Redirect::to("/login"))
    }
    Parts { logout: post(logout), ..Parts::default() }.on(store)
}

pub(super) fn login_keeps_the_id<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(
        session: Session,
        Extension(users): Accounts,
        Form(Credentials { username, password }): Form<Credentials>,
    ) -> Result<Response, Failure> {
        match users.epoch(&username).filter(|_| users.verify(&username, &password)) {
            Some(epoch) => session.insert(Login::KEY, Login { username, epoch }).await?,
            None => return Ok(StatusCode::UNAUTHORIZED.into_response()),
        }
        Ok(Redirect::to("/dashboard").into_response())
    }
    Parts { login: post(login), ..Parts::default() }.on(store)
}

pub(super) fn ends_others_by_get<S: SessionStore + Clone>(store: S) -> Router {
    let end_others = get(solution_7::end_others).post(solution_7::end_others);
    Parts { end_others, ..Parts::default() }.on(store)
}
