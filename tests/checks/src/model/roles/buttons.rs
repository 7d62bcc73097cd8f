//! Where the buttons on the admins' page lead.

use crate::{
    Answer, Miss,
    browser::resolved,
    roles::{ADDRESSES, ADMIN},
};

/// Each button that changes a user leads to one of these: a name in an address is encoded, its `/` and `?` too.
pub(crate) fn lead_to_users(page: &Answer, names: &[String]) -> Result<(), Miss> {
    let ends_elsewhere = |rest: &String| {
        let name = ["/demote", "/delete"].iter().find_map(|end| rest.strip_suffix(end));
        name.is_none_or(|name| name.contains(['/', '?', '#']) || !names.contains(&decoded(name)))
    };
    match below_users(page).find(ends_elsewhere) {
        None => Ok(()),
        Some(rest) => {
            Err(page.miss("a button that leads to a user", format!("one that leads to  {ADMIN}/users/{rest}")))
        }
    }
}

/// If the page has buttons that delete users, one of them deletes this user, who is no admin.
pub(crate) fn deletes_this_user_too(page: &Answer, user: &str) -> Result<(), Miss> {
    let deleted: Vec<_> = below_users(page).filter_map(|rest| Some(decoded(rest.strip_suffix("/delete")?))).collect();
    if deleted.is_empty() || deleted.iter().any(|name| name == user) {
        return Ok(());
    }
    let miss =
        page.miss(format!("a button that deletes {user}"), format!("buttons that delete  {}", deleted.join(", ")));
    Err(miss.so("the page has buttons that delete others, and none that deletes this user: the address of each button needs the name of its own user, percent-encoded").why(ADDRESSES))
}

/// Where the page's buttons lead below the address of all users, as `alice/delete`.
fn below_users(page: &Answer) -> impl Iterator<Item = String> {
    let actions = page.forms().into_iter().map(|form| resolved(ADMIN, &form.action));
    actions.filter_map(|action| action.strip_prefix(&format!("{ADMIN}/users/")).map(str::to_owned))
}

/// A part of a path, in which a `+` is a `+`.
fn decoded(part: &str) -> String {
    let part = format!("={}", part.replace('+', "%2B").replace('&', "%26"));
    form_urlencoded::parse(part.as_bytes()).next().map(|(_, name)| name.into_owned()).unwrap_or_default()
}
