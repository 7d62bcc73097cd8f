//! Mistakes about who may do what.

use axum::{
    Extension, Router,
    extract::Path,
    http::{HeaderMap, StatusCode, header::COOKIE},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::{Role, Users};
use minijinja::HtmlEscape;
use solution_7::{Admin, Failure, Login, Refusal, User, may_lose};
use tower_sessions::{Session, SessionStore};

use super::Parts;

type Name = Path<String>;
type Accounts = Extension<Users>;

pub(super) fn dashboard_for_everyone<S: SessionStore + Clone>(store: S) -> Router {
    async fn dashboard(session: Session, Extension(users): Accounts) -> Result<Html<String>, Failure> {
        let username = Login::of(&session, &users).await?.map(|login| HtmlEscape(&login.username).to_string());
        Ok(Html(format!("<h1>User dashboard</h1>{}", username.unwrap_or("guest".to_owned()))))
    }
    Parts { dashboard: get(dashboard), ..Parts::default() }.on(store)
}

pub(super) fn admin_page_for_users<S: SessionStore + Clone>(store: S) -> Router {
    async fn admin(user: User) -> Result<Html<String>, Failure> {
        solution_7::admin(Admin(user)).await
    }
    Parts { admin: get(admin), ..Parts::default() }.on(store)
}

/// A cookie that it never sets.
pub(super) fn believes_a_cookie_with_a_role<S: SessionStore + Clone>(store: S) -> Router {
    async fn admin(user: User, headers: HeaderMap) -> Result<Response, Failure> {
        let cookies = headers.get(COOKIE).and_then(|cookies| cookies.to_str().ok()).unwrap_or_default();
        if user.role == Role::Admin || cookies.contains("role=admin") {
            return solution_7::admin(Admin(user)).await.map(IntoResponse::into_response);
        }
        Ok((StatusCode::FORBIDDEN, "This is for admins.\n").into_response())
    }
    Parts { admin: get(admin), ..Parts::default() }.on(store)
}

pub(super) fn users_are_sent_to_the_login<S: SessionStore + Clone>(store: S) -> Router {
    async fn admin(user: User) -> Result<Response, Failure> {
        match user.role {
            Role::Admin => solution_7::admin(Admin(user)).await.map(IntoResponse::into_response),
            Role::User => Ok(Redirect::to("/login").into_response()),
        }
    }
    Parts { admin: get(admin), ..Parts::default() }.on(store)
}

pub(super) fn strangers_are_forbidden<S: SessionStore + Clone>(store: S) -> Router {
    async fn admin(admin: Result<Admin, Response>) -> Result<Response, Failure> {
        match admin {
            Ok(admin) => solution_7::admin(admin).await.map(IntoResponse::into_response),
            Err(_) => Ok(StatusCode::FORBIDDEN.into_response()),
        }
    }
    Parts { admin: get(admin), ..Parts::default() }.on(store)
}

pub(super) fn lists_the_admins_only<S: SessionStore + Clone>(store: S) -> Router {
    async fn admin(Admin(User { users, .. }): Admin) -> Html<String> {
        let admins: Vec<_> = users.names().into_iter().filter(|name| users.role(name) == Some(Role::Admin)).collect();
        Html(format!("<h1>Admin dashboard</h1>{}", admins.join(", ")))
    }
    Parts { admin: get(admin), ..Parts::default() }.on(store)
}

pub(super) fn the_button_is_the_guard<S: SessionStore + Clone>(store: S) -> Router {
    async fn demote(user: User, name: Name) -> Result<Redirect, Refusal> {
        solution_7::demote(Admin(user), name).await
    }
    async fn delete(user: User, name: Name) -> Result<Redirect, Refusal> {
        solution_7::delete(Admin(user), name).await
    }
    Parts { demote: post(demote), delete: post(delete), ..Parts::default() }.on(store)
}

pub(super) fn forgets_to_guard_the_deletion<S: SessionStore + Clone>(store: S) -> Router {
    async fn delete(user: User, name: Name) -> Result<Redirect, Refusal> {
        solution_7::delete(Admin(user), name).await
    }
    Parts { delete: post(delete), ..Parts::default() }.on(store)
}

pub(super) fn own_account_may_go<S: SessionStore + Clone>(store: S) -> Router {
    async fn delete(user: User, Path(name): Name) -> Result<Redirect, Refusal> {
        if user.role == Role::Admin || user.username == name {
            return solution_7::delete(Admin(user), Path(name)).await;
        }
        Err((StatusCode::FORBIDDEN, "This is for admins.\n"))
    }
    Parts { delete: post(delete), ..Parts::default() }.on(store)
}

pub(super) fn says_not_found_first<S: SessionStore + Clone>(store: S) -> Router {
    async fn demote(user: User, Path(name): Name) -> Result<Redirect, Refusal> {
        if user.users.role(&name).is_none() {
            return Err((StatusCode::NOT_FOUND, "There is no such user.\n"));
        }
        match user.role {
            Role::Admin => solution_7::demote(Admin(user), Path(name)).await,
            Role::User => Err((StatusCode::FORBIDDEN, "This is for admins.\n")),
        }
    }
    Parts { demote: post(demote), ..Parts::default() }.on(store)
}

pub(super) fn unknown_is_done<S: SessionStore + Clone>(store: S) -> Router {
    async fn demote(Admin(user): Admin, Path(name): Name) -> Result<Redirect, Refusal> {
        match may_lose(&user.users, &name) {
            Err((StatusCode::CONFLICT, why)) => return Err((StatusCode::CONFLICT, why)),
            _ => user.users.set_role(&name, Role::User),
        };
        Ok(Redirect::to("/admin"))
    }
    Parts { demote: post(demote), ..Parts::default() }.on(store)
}

pub(super) fn deletes_nothing<S: SessionStore + Clone>(store: S) -> Router {
    async fn delete(Admin(user): Admin, Path(name): Name) -> Result<Redirect, Refusal> {
        may_lose(&user.users, &name)?;
        Ok(Redirect::to("/admin"))
    }
    Parts { delete: post(delete), ..Parts::default() }.on(store)
}

fn found(users: &Users, name: &str) -> Result<(), Refusal> {
    users.role(name).map(|_| ()).ok_or((StatusCode::NOT_FOUND, "There is no such user.\n"))
}

pub(super) fn the_last_admin_may_go<S: SessionStore + Clone>(store: S) -> Router {
    async fn delete(Admin(user): Admin, Path(name): Name) -> Result<Redirect, Refusal> {
        found(&user.users, &name)?;
        user.users.delete(&name);
        Ok(Redirect::to("/admin"))
    }
    Parts { delete: post(delete), ..Parts::default() }.on(store)
}

pub(super) fn the_last_admin_may_be_demoted<S: SessionStore + Clone>(store: S) -> Router {
    async fn demote(Admin(user): Admin, Path(name): Name) -> Result<Redirect, Refusal> {
        found(&user.users, &name)?;
        user.users.set_role(&name, Role::User);
        Ok(Redirect::to("/admin"))
    }
    Parts { demote: post(demote), ..Parts::default() }.on(store)
}

pub(super) fn nobody_demotes_themselves<S: SessionStore + Clone>(store: S) -> Router {
    async fn demote(Admin(user): Admin, Path(name): Name) -> Result<Redirect, Refusal> {
        if user.username == name {
            return Err((StatusCode::CONFLICT, "Not yourself.\n"));
        }
        solution_7::demote(Admin(user), Path(name)).await
    }
    Parts { demote: post(demote), ..Parts::default() }.on(store)
}

/// Whoever is no admin any more has nothing to look for at `/admin`.
pub(super) fn own_demotion_leads_home<S: SessionStore + Clone>(store: S) -> Router {
    async fn demote(Admin(user): Admin, Path(name): Name) -> Result<Redirect, Refusal> {
        let is_own = user.username == name;
        let done = solution_7::demote(Admin(user), Path(name)).await?;
        Ok(if is_own { Redirect::to("/dashboard") } else { done })
    }
    Parts { demote: post(demote), ..Parts::default() }.on(store)
}

/// Takes a user for an admin that cannot be spared.
pub(super) fn counts_the_admins_alone<S: SessionStore + Clone>(store: S) -> Router {
    async fn demote(Admin(user): Admin, Path(name): Name) -> Result<Redirect, Refusal> {
        found(&user.users, &name)?;
        let is_admin = |name: &String| user.users.role(name) == Some(Role::Admin);
        if user.users.names().iter().filter(|name| is_admin(name)).count() == 1 {
            return Err((StatusCode::CONFLICT, "There is one admin only.\n"));
        }
        solution_7::demote(Admin(user), Path(name)).await
    }
    Parts { demote: post(demote), ..Parts::default() }.on(store)
}

/// A page whose buttons lead to whatever this makes of a name.
fn with_buttons<S: SessionStore + Clone>(
    in_address: impl Fn(&str) -> String + Copy + Send + Sync + 'static,
    store: S,
) -> Router {
    let admin = move |Admin(User { users, .. }): Admin| async move {
        let row = |name: &String| {
            let (address, text) = (in_address(name), name.replace('<', "&lt;"));
            format!(
                "<li>{text} <form method=post action=\"/admin/users/{address}/delete\"><button>Delete</button></form>"
            )
        };
        Html(format!("<h1>Admin dashboard</h1>{}", users.names().iter().map(row).collect::<String>()))
    };
    Parts { admin: get(admin), ..Parts::default() }.on(store)
}

pub(super) fn buttons_are_not_encoded<S: SessionStore + Clone>(store: S) -> Router {
    with_buttons(|name| name.replace('<', "&lt;"), store)
}

/// What minijinja's `urlencode` makes of it.
pub(super) fn buttons_keep_the_slash<S: SessionStore + Clone>(store: S) -> Router {
    with_buttons(|name| name.replace('<', "%3C").replace('>', "%3E"), store)
}

/// As in the fields of a form, and a `+` in a path is a `+`.
pub(super) fn buttons_have_a_plus_for_a_blank<S: SessionStore + Clone>(store: S) -> Router {
    with_buttons(|name| form_urlencoded::byte_serialize(name.as_bytes()).collect(), store)
}

/// What JavaScript's `encodeURI` and a `/` more make of it.
pub(super) fn buttons_keep_the_question_mark<S: SessionStore + Clone>(store: S) -> Router {
    let sign = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        byte if b"-_.!~*'();:@&=+$,?#".contains(&byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    with_buttons(move |name| name.bytes().map(sign).collect(), store)
}

pub(super) fn refusals_paste_the_name<S: SessionStore + Clone>(store: S) -> Router {
    async fn delete(admin: Admin, Path(name): Name) -> Result<Redirect, (StatusCode, Html<String>)> {
        let said = Html(format!("<p>{name} cannot be deleted"));
        solution_7::delete(admin, Path(name)).await.map_err(|(status, _)| (status, said))
    }
    Parts { delete: post(delete), ..Parts::default() }.on(store)
}

pub(super) fn pastes_the_names<S: SessionStore + Clone>(store: S) -> Router {
    async fn admin(Admin(User { users, .. }): Admin) -> Html<String> {
        Html(format!("<h1>Admin dashboard</h1>{}", users.names().join(", ")))
    }
    Parts { admin: get(admin), ..Parts::default() }.on(store)
}

pub(super) fn does_not_decode<S: SessionStore + Clone>(store: S) -> Router {
    async fn delete(admin: Admin, uri: axum::http::Uri) -> Result<Redirect, Refusal> {
        let name = uri.path().split('/').nth(3).unwrap_or_default().to_owned();
        solution_7::delete(admin, Path(name)).await
    }
    Parts { delete: post(delete), ..Parts::default() }.on(store)
}

pub(super) fn demotes_by_get<S: SessionStore + Clone>(store: S) -> Router {
    Parts { demote: get(solution_7::demote).post(solution_7::demote), ..Parts::default() }.on(store)
}
