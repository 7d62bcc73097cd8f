//! Where the buttons on the admins' page lead.

use crate::{Answer, Miss, browser::resolved, roles::ADMIN};

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

/// A part of a path, in which a `+` is a `+`.
fn decoded(part: &str) -> String {
    let part = format!("={}", part.replace('+', "%2B").replace('&', "%26"));
    form_urlencoded::parse(part.as_bytes()).next().map(|(_, name)| name.into_owned()).unwrap_or_default()
}
