//! Names that a mistake confuses with each other, for example in an address.

use crate::{
    Answer, Browser, Miss, Role, Trial, User,
    browser::{encode, in_path},
    model::{deletes_this_user_too, lead_to_users},
    roles::{ADDRESSES, ADMIN, DASHBOARD, becomes, is_there, logs_in},
};

/// Two names each; `@` becomes the suffix of the run.
pub(crate) const FAMILIES: &[[&str; 2]] = &[
    ["dora@", "eve@"],
    ["Dora@", "dora@"],
    ["alice@s", "malice@"],
    ["d ora@", "d+ora@"],
    ["a/b@", "a%2Fb@"],
    ["50%@", "50%25@"],
    ["a?b@", "a#b@"],
    ["é@", "e\u{301}@"],
    ["o'dora\"@", "a&b@"],
    ["a&amp;b@", "{name}@"],
    ["日本語@", "🍐@"],
    ["a=b;c@", "a:b,c@"],
    ["dora@", "dora@s"],
    ["dora@", "pandora@"],
];

/// The accounts of a family.
pub(crate) fn members(trial: &Trial, family: usize) -> [User; 2] {
    let own = trial.named("");
    let named = FAMILIES[family].map(|pattern| pattern.replace('@', &own));
    named.map(|name| User { password: format!("secret of {name}"), name })
}

/// Each of the two is an admin and demotes and deletes the other, and nobody else changes.
pub(crate) async fn are_told_apart(trial: &Trial) -> Result<(), Miss> {
    let her = &trial.users.alice().name;
    becomes(trial, her, Role::User, "alice is a user now");
    for family in 0..FAMILIES.len() {
        let [one, other] = members(trial, family);
        trial.log().begin_apart();
        changes(trial, &one, &other, in_path).await?;
        changes(trial, &other, &one, plainly).await?;
    }
    becomes(trial, her, Role::Admin, "alice is an admin again");
    Ok(())
}

/// The two are the only admins; `spell` writes a name in an address.
async fn changes(trial: &Trial, admin: &User, other: &User, spell: fn(&str) -> String) -> Result<(), Miss> {
    [admin, other].into_iter().for_each(|user| joins(trial, user));
    let browser = trial.browser("admin");
    logs_in(&browser, admin).await?;
    browser.get(DASHBOARD).await?.shows(&admin.name)?;
    sees_both(trial, &browser, [admin, other]).await?;
    let to = |user: &User, what| format!("{ADMIN}/users/{}/{what}", spell(&user.name));
    for (what, left) in [("demote", Some(Role::User)), ("delete", None)] {
        let done = browser.post(&to(other, what), &[]).await?;
        done.redirects_to(ADMIN).map_err(|miss| miss.so_if(is_refused(&done)).why(APART))?;
        is_there(
            trial,
            other,
            left,
            "the site answered as if it had done what was asked, but this account has not changed as it should",
        )
        .map_err(|miss| miss.why(APART))?;
        if left.is_some() {
            deletes_this_user_too(&browser.get(ADMIN).await?, &other.name)?;
        }
        is_there(trial, admin, Some(Role::Admin), "a request for one account has changed another one")
            .map_err(|miss| miss.why(APART))?;
        let alone = browser.post(&to(admin, what), &[]).await?;
        alone.has_status(409).map_err(|miss| miss.so_if(alone.status.is_redirection().then_some(LAST)).why(APART))?;
    }
    loses_the_account(trial, &admin.name);
    Ok(())
}

fn is_refused(answer: &Answer) -> Option<&'static str> {
    match answer.status.as_u16() {
        404 => Some("there is an account with this name, and the site answered 404"),
        409 => Some(
            "there are two admins, and the site takes one of them for the last: it confuses their names, or has not counted since another program made them admins",
        ),
        _ => None,
    }
}

/// Why similar names have to be told apart.
const APART: &str = "names that differ in a sign, a space or the case of a letter belong to different people, and a request for one must not meet another";

const LAST: &str = "this was the only admin; another user with a similar name does not count";

async fn sees_both(trial: &Trial, browser: &Browser<'_>, both: [&User; 2]) -> Result<(), Miss> {
    let page = browser.get(ADMIN).await?;
    both.into_iter().try_for_each(|user| page.shows(&user.name))?;
    lead_to_users(&page, &trial.users.names()).map_err(|miss| {
        miss.so("a button on the page leads to no account: percent-encode every character of a name that has a meaning in an address")
            .why(ADDRESSES)
    })
}

fn joins(trial: &Trial, user: &User) {
    gets_an_account(trial, user);
    becomes(trial, &user.name, Role::Admin, &format!("{} is an admin", user.name));
}

/// Another program makes an account.
pub(crate) fn gets_an_account(trial: &Trial, user: &User) {
    trial.users.add(user.clone());
    let by_hand = format!("curl -d '{}' '{DEMO}/{}'", encode(&[("password", &user.password)]), in_path(&user.name));
    trial.log().event("(accounts)", format!("{} has an account, too", user.name), by_hand);
}

/// Another program deletes an account.
pub(crate) fn loses_the_account(trial: &Trial, name: &str) {
    trial.users.delete(name);
    trial.log().event("(accounts)", format!("{name}'s account is gone"), gone_by_hand(name));
}

/// Where a demo's accounts are.
pub(crate) const DEMO: &str = "http://localhost:PORT/demo/accounts";

fn gone_by_hand(name: &str) -> String {
    format!("curl -X DELETE '{DEMO}/{}'", in_path(name))
}

/// A name in an address. It encodes only the characters that have to be encoded (RFC 3986, 3.3).
pub(crate) fn plainly(name: &str) -> String {
    let sign = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        byte if b"-._~!$&'()*+,;=:@".contains(&byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02x}"),
    };
    name.bytes().map(sign).collect()
}
