//! What a visitor may send: choices in every spelling of a form, and forms that no handler should accept.

use crate::{
    infer::short,
    preferences::{Choice, FORM, URLENCODED},
};

/// A choice as a form sends it; in another order; with encoded values; with encoded names.
pub(super) const SPELLINGS: [fn(Choice) -> String; 4] = [
    |(theme, news)| format!("theme={theme}&notifications={news}"),
    |(theme, news)| format!("notifications={news}&theme={theme}"),
    |(theme, news)| format!("theme={}&notifications={}", encoded(theme), encoded(news)),
    |(theme, news)| format!("th%65me={theme}&notif%69cations={news}"),
];

fn encoded(word: &str) -> String {
    word.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// A form that no handler should accept.
pub(crate) struct Improper {
    /// What follows the path in the address.
    pub(crate) query: &'static str,
    pub(crate) body: &'static str,
    pub(crate) kind: &'static str,
    /// Whether it can be read as a form, so that it gets 422; anything else gets any 4xx.
    pub(crate) is_a_form: bool,
    /// Whether it lacks a value, or is not a form.
    pub(crate) is_missing: bool,
}

impl Improper {
    /// The beginning of it.
    pub(crate) fn told(&self) -> String {
        let kind = match self.kind {
            URLENCODED => String::new(),
            "" => " without a Content-Type".to_owned(),
            kind => format!(" as {kind}"),
        };
        let query = if self.query.is_empty() { String::new() } else { format!(" to {FORM}{}", self.query) };
        format!("`{}`{kind}{query}", short(self.body, 60))
    }
}

const fn unknown(body: &'static str) -> Improper {
    Improper { query: "", body, kind: URLENCODED, is_a_form: true, is_missing: false }
}

const fn missing(body: &'static str) -> Improper {
    Improper { is_missing: true, ..unknown(body) }
}

/// A form that has a missing value in the address instead.
const fn misplaced(query: &'static str, body: &'static str) -> Improper {
    Improper { query, ..missing(body) }
}

const fn no_form(kind: &'static str, body: &'static str) -> Improper {
    Improper { kind, is_a_form: false, ..missing(body) }
}

/// Each bad value is beside a valid one that differs from the default.
pub(crate) const IMPROPER: &[Improper] = &[
    unknown("theme=purple&notifications=disabled"),
    unknown("theme=dark&notifications=sometimes"),
    unknown("theme=Dark&notifications=disabled"),
    unknown("theme=DARK&notifications=disabled"),
    unknown("theme=dark&notifications=Disabled"),
    unknown("theme=LIGHT&notifications=disabled"),
    unknown("theme=dark&notifications=ENABLED"),
    unknown("theme=+dark&notifications=disabled"),
    unknown("theme=dark+&notifications=disabled"),
    unknown("theme=light+&notifications=disabled"),
    unknown("theme=dark&notifications=disabled%0A"),
    unknown("theme=dark&notifications=%09disabled"),
    unknown("theme=dark&notifications=enabled%0D%0A"),
    unknown("theme=dark%00&notifications=disabled"),
    unknown("theme=%EF%BB%BFdark&notifications=disabled"),
    unknown("theme=dark%C2%A0&notifications=disabled"),
    unknown("theme=dar&notifications=disabled"),
    unknown("theme=d&notifications=disabled"),
    unknown("theme=darkness&notifications=disabled"),
    unknown("theme=lightdark&notifications=disabled"),
    unknown("theme=dark&notifications=disable"),
    unknown("theme=dark&notifications=notdisabled"),
    unknown("theme=dark&notifications=disabled%20enabled"),
    unknown("theme=dark,light&notifications=disabled"),
    unknown("theme=&notifications=disabled"),
    unknown("theme=dark&notifications="),
    unknown("theme=+&notifications=disabled"),
    unknown("theme&notifications=disabled"),
    unknown("theme=%2564ark&notifications=disabled"),
    unknown("theme=%22dark%22&notifications=disabled"),
    unknown("theme=%EF%BD%84ark&notifications=disabled"),
    unknown("theme=d%D0%B0rk&notifications=disabled"),
    unknown("theme=dar%E2%84%AA&notifications=disabled"),
    unknown("theme=dark&notifications=disab%C5%82ed"),
    unknown("theme=l%C4%B1ght&notifications=disabled"),
    unknown("theme=dark&notifications=true"),
    unknown("theme=dark&notifications=false"),
    unknown("theme=dark&notifications=on"),
    unknown("theme=dark&notifications=off"),
    unknown("theme=dark&notifications=0"),
    unknown("theme=1&notifications=disabled"),
    unknown("theme=0&notifications=disabled"),
    unknown("theme=null&notifications=disabled"),
    unknown("theme=default&notifications=disabled"),
    unknown("theme=auto&notifications=disabled"),
    unknown("theme=enabled&notifications=disabled"),
    unknown("theme=dark&notifications=dark"),
    unknown("theme=disabled&notifications=dark"),
    unknown("theme=purple&notifications=sometimes"),
    unknown("theme=dark%22%3E%3Cscript%3E&notifications=disabled"),
    unknown("theme=dark%26notifications=disabled&notifications=disabled"),
    missing(""),
    missing("theme=dark"),
    missing("notifications=disabled"),
    missing("theme=light"),
    missing("Theme=dark&Notifications=disabled"),
    missing("theme=dark&Notifications=disabled"),
    missing("them=dark&notifications=disabled"),
    missing("themes=dark&notifications=disabled"),
    missing("theme=dark&notification=disabled"),
    missing("theme%5B%5D=dark&notifications=disabled"),
    missing("+theme=dark&notifications=disabled"),
    missing("theme=dark;notifications=disabled"),
    missing("dark&disabled"),
    misplaced("?notifications=disabled", "theme=dark"),
    misplaced("?theme=dark", "notifications=disabled"),
    misplaced("?theme=dark&notifications=disabled", ""),
    Improper { query: "?theme=dark", ..unknown("theme=purple&notifications=disabled") },
    Improper { query: "?theme=dark", ..unknown("theme=&notifications=disabled") },
    no_form("text/plain", "theme=dark&notifications=disabled"),
    no_form("text/plain", "theme=dark\r\nnotifications=disabled\r\n"),
    no_form("application/json", r#"{"theme":"dark","notifications":"disabled"}"#),
    no_form("application/octet-stream", "theme=dark&notifications=disabled"),
    no_form("multipart/form-data", "theme=dark&notifications=disabled"),
    no_form(URLENCODED, "theme=%ff&notifications=disabled"),
    no_form("", ""),
];

/// Forms with a field that comes twice, or an extra one, and the choices that may be saved from them.
pub(super) const REPEATED: &[(&str, &[Choice])] = &[
    ("theme=dark&theme=light&notifications=disabled", &[("dark", "disabled"), ("light", "disabled")]),
    ("theme=purple&theme=dark&notifications=disabled", &[("dark", "disabled")]),
    ("theme=dark&theme=purple&notifications=disabled", &[("dark", "disabled")]),
    ("theme=dark&notifications=disabled&notifications=enabled", &[("dark", "disabled"), ("dark", "enabled")]),
    ("theme=dark&notifications=disabled&notifications=sometimes", &[("dark", "disabled")]),
    ("theme=dark&notifications=disabled&more=1", &[("dark", "disabled")]),
];
