//! Improper login forms.

use axum::http::Method;

use crate::{
    Browser, Miss, User,
    browser::{URLENCODED, encode},
};

/// A request to `/login` that gets a 4xx answer, no matter who sends it.
pub(crate) struct Improper {
    /// What is wrong with it, in words that follow `a form`.
    pub(crate) what: &'static str,
    /// What follows the path in the address.
    pub(crate) query: String,
    /// Its content type; none if this is empty.
    pub(crate) kind: &'static str,
    pub(crate) body: Vec<u8>,
}

/// How many ways there are; the slow ones come last.
pub(crate) const WAYS: usize = 17;
/// More than any server should take for a login form: 3 MiB.
pub(crate) const TOO_MUCH: usize = 3 * 1024 * 1024;

/// The form that is improper in this way. Where possible, the rest of it is right, and has this user's data.
pub(crate) fn of(user: &User, way: usize) -> Improper {
    let all = [("username", user.name.as_str()), ("password", user.password.as_str())];
    let [name, password] = all;
    let form = |fields: &[(&str, &str)]| encode(fields).into_bytes();
    let long = || "x".repeat(TOO_MUCH);
    let (what, kind, body) = match way {
        0 => ("without a password", URLENCODED, form(&[name])),
        1 => ("without a username", URLENCODED, form(&[password])),
        2 => ("without fields", URLENCODED, Vec::new()),
        3 => ("with empty fields", URLENCODED, form(&[("username", ""), ("password", "")])),
        4 => ("whose bytes are not UTF-8", URLENCODED, b"username=%ff%fe&password=%ff".to_vec()),
        5 => ("with raw bytes", URLENCODED, b"username=\xff\xfe&password=\xff".to_vec()),
        6 => ("of type text/plain", "text/plain", form(&all)),
        7 => ("with a field of another name", URLENCODED, form(&[("user", name.1), password])),
        8 => ("with names in capitals", URLENCODED, form(&[("USERNAME", name.1), ("PASSWORD", password.1)])),
        9 => ("without a `=`", URLENCODED, b"username&password".to_vec()),
        IN_ADDRESS => ("with its fields in the address", URLENCODED, Vec::new()),
        11 => ("without a type and a body", "", Vec::new()),
        12 => ("of an invalid type", "form", form(&all)),
        13 => ("that says it is JSON", "application/json", form(&all)),
        14 => ("of type multipart/form-data without a boundary", "multipart/form-data", form(&all)),
        15 => ("of 3 MiB", URLENCODED, form(&[("username", &long()), ("password", "x")])),
        _ => {
            let what = "of 3 MiB that begins with a right name and password";
            (what, URLENCODED, form(&[name, password, ("more", &long())]))
        }
    };
    let query = if way == IN_ADDRESS { format!("?{}", encode(&all)) } else { String::new() };
    Improper { what, query, kind, body }
}

/// Methods that no address of an exercise has. Nobody knows the last one.
const METHODS: [&str; 7] = ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "BREW"];

/// Values of headers that make no sense, or are not ASCII.
const HEADERS: [(&str, &str); 9] = [
    ("accept", "*"),
    ("accept-encoding", "é"),
    ("accept-language", "é"),
    ("if-modified-since", "yesterday"),
    ("if-none-match", "*"),
    ("range", "bytes=9-1"),
    ("referer", "http://localhost/é"),
    ("user-agent", "é"),
    ("x-forwarded-for", "é"),
];

/// Parameters that are no text, or no number that fits.
const QUERIES: [&str; 4] = ["next=%ff", "next=%", "page=-1&page=99999999999999999999", "next=%00"];

/// Requests these addresses in ways that no browser does. A monitor looks for a 5xx.
pub(crate) async fn asks_oddly(browser: &Browser<'_>, paths: &[&str]) -> Result<(), Miss> {
    for path in paths {
        // A page that fails anyway does not fail because of how it is asked for.
        browser.begins_apart();
        browser.get(path).await?;
        for method in METHODS {
            browser.begins_apart();
            browser.sends(Method::from_bytes(method.as_bytes()).expect("letters"), path).await?;
        }
        for query in QUERIES {
            browser.begins_apart();
            browser.get(&format!("{path}?{query}")).await?;
        }
        for (name, value) in HEADERS {
            browser.begins_apart();
            browser.says(name, value);
            browser.get(path).await?;
            browser.says_nothing_more();
        }
    }
    browser.goes_on();
    Ok(())
}

/// The ways whose body a logout can have as well, which needs no field.
pub(crate) const OF_ANY_REQUEST: [usize; 4] = [5, 6, 11, 15];
const IN_ADDRESS: usize = 10;
