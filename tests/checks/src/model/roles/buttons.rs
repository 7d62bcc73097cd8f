//! Where the buttons on the admins' page lead.

use crate::{
    Answer, Miss,
    browser::resolved,
    roles::{ADDRESSES, ADMIN},
};

/// Each button that changes a user leads to one of these: a name in an address is encoded, its `/` and `?` too.
pub(crate) fn lead_to_users(page: &Answer, names: &[String]) -> Result<(), Miss> {
    let actions: Vec<_> = page.forms().into_iter().map(|form| resolved(ADMIN, &form.action)).collect();
    let users = format!("{ADMIN}/users/");
    let ends_elsewhere = |rest: &&str| {
        let name = ["/demote", "/delete"].iter().find_map(|end| rest.strip_suffix(end));
        name.is_none_or(|name| name.contains(['/', '?', '#']) || !names.contains(&decoded(name)))
    };
    match actions.iter().filter_map(|action| action.strip_prefix(&users)).find(ends_elsewhere) {
        None => Ok(()),
        Some(rest) => Err(page.miss("a button that leads to a user", format!("one that leads to  {users}{rest}"))),
    }
}

/// If the page has buttons that delete users, one of them deletes this user, who is no admin.
pub(crate) fn deletes_this_user_too(page: &Answer, user: &str) -> Result<(), Miss> {
    let users = format!("{ADMIN}/users/");
    let actions = page.forms().into_iter().map(|form| resolved(ADMIN, &form.action));
    let deleted: Vec<_> =
        actions.filter_map(|action| Some(decoded(action.strip_prefix(&users)?.strip_suffix("/delete")?))).collect();
    if deleted.is_empty() || deleted.iter().any(|name| name == user) {
        return Ok(());
    }
    let miss =
        page.miss(format!("a button that deletes {user}"), format!("buttons that delete  {}", deleted.join(", ")));
    Err(miss.so("the page has buttons that delete others, and none that deletes this user: the address of each button needs the name of its own user, percent-encoded").why(ADDRESSES))
}

/// A part of a path, in which a `+` is a `+`.
fn decoded(part: &str) -> String {
    let part = format!("={}", part.replace('+', "%2B").replace('&', "%26"));
    form_urlencoded::parse(part.as_bytes()).next().map(|(_, name)| name.into_owned()).unwrap_or_default()
}
