//! Roles: the dashboard, and the handlers for admins.

use axum::{
    extract::State,
    http::StatusCode,
    response::{Redirect, Response},
};
use lesson_page::{Form, Path};
use minijinja::{context, value::Serde};
use serde::Deserialize;

use crate::{
    flash, page,
    shop::{Role, Shop},
    visitor::{Admin, User},
};

// ANCHOR: dashboard
pub(crate) async fn dashboard(State(shop): State<Shop>, user: User) -> axum::response::Result<Response> {
    let User { session, account, .. } = user;
    let values = match account.role {
        Role::Admin => context! { accounts => Serde(shop.accounts().await?) },
        Role::User => context! {},
    };
    Ok(page::render(&session, Some(&account), "dashboard.html", values).await?)
}
// ANCHOR_END: dashboard

#[derive(Deserialize)]
pub(crate) struct NewRole {
    role: Role,
}

// ANCHOR: set_role
pub(crate) async fn set_role(
    State(shop): State<Shop>,
    Admin(admin): Admin,
    Path(id): Path<i64>,
    Form(NewRole { role }): Form<NewRole>,
) -> axum::response::Result<Redirect> {
    done(shop.set_role(admin.login, id, role).await?)?;
    flash::add(&admin.session, "Role changed").await?;
    Ok(Redirect::to("/dashboard"))
}

pub(crate) async fn end_sessions(
    State(shop): State<Shop>,
    Admin(admin): Admin,
    Path(id): Path<i64>,
) -> axum::response::Result<Redirect> {
    let ended = shop.end_all(id, None).await?;
    flash::add(&admin.session, format!("Sessions ended: {ended}")).await?;
    Ok(Redirect::to("/dashboard"))
}

pub(crate) async fn delete(
    State(shop): State<Shop>,
    Admin(admin): Admin,
    Path(id): Path<i64>,
) -> axum::response::Result<Redirect> {
    done(shop.delete(admin.login, id).await?)?;
    flash::add(&admin.session, "Account deleted").await?;
    Ok(Redirect::to("/dashboard"))
}
// ANCHOR_END: set_role

fn done(done: bool) -> Result<(), (StatusCode, &'static str)> {
    let sentence = "Nothing was changed: there is no such account, or it is the last admin's, which stays as it is, or you \
                    are no longer an admin.\n";
    if done { Ok(()) } else { Err((StatusCode::CONFLICT, sentence)) }
}
