//! Wrong names and passwords, from people who must not be let in.

use proptest::prelude::*;

use crate::User;

/// How many ways to be wrong there are, the plain ones first.
pub(super) const WRONG: usize = 20;
/// Those before this one are wrong but proper forms: they get 401.
pub(super) const PLAIN: usize = 9;
/// How many more there are with markup.
pub(super) const MARKUP: usize = 2;

/// The most common ways, and all others.
pub(super) fn ways() -> impl Strategy<Value = usize> {
    prop_oneof![1 => 0..2_usize, 1 => Just(NO_PASSWORD), 4 => 0..WRONG + MARKUP]
}

const NO_PASSWORD: usize = 9;

/// A name and a password that do not belong together: made from an account, another account, a name without an account
/// and a piece of markup.
pub(super) fn typed(user: &User, other: &User, nobody: &str, markup: &str, way: usize) -> User {
    let (name, password) = (user.name.clone(), user.password.clone());
    let cut = |text: &str| text.chars().take(text.chars().count() - 1).collect::<String>();
    let (name, password) = match way {
        0 => (name, other.password.clone()),
        1 => (nobody.to_owned(), password),
        2 => (name, format!("{password}x")),
        3 => (name, cut(&password)),
        4 => (name, password.to_uppercase()),
        5 => (name.to_uppercase(), password),
        6 => (format!("{name}x"), password),
        7 => (cut(&name), password),
        8 => (name.clone(), name),
        // From here on an app may take the form for improper.
        NO_PASSWORD => (name, String::new()),
        10 => (nobody.to_owned(), String::new()),
        11 => (String::new(), password),
        12 => (name, " ".to_owned()),
        13 => (name, format!("{password} ")),
        14 => (name, format!("{password}{}", "x".repeat(100))),
        15 => ("' OR '1'='1".to_owned(), "' OR '1'='1".to_owned()),
        16 => (name, "%".to_owned()),
        17 => (name, "*".to_owned()),
        18 => (format!("{name}\0"), password),
        19 => (format!("{nobody} & {name}"), other.password.clone()),
        20 => (format!("{nobody}{markup}"), "x".to_owned()),
        _ => (name, markup.to_owned()),
    };
    User { name, password }
}
