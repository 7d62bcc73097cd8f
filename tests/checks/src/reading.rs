//! GET and HEAD are for reading (RFC 9110, 9.2.1): anyone who sends one asks for no change.

use session_inspector::Operation;

use crate::{Answer, Browser, Miss, Trial, browser::encode};

/// Why reading changes nothing.
pub(crate) const READING: &str = "browsers, crawlers and links on other sites send GETs that nobody intended; only a POST may change a session (ASVS 3.5.3)";

/// Addresses that browsers and crawlers request, and that no exercise has.
pub(crate) const NOWHERE: [&str; 2] = ["/favicon.ico", "/no/such/page"];

/// A parameter that overrides the method in some frameworks.
const OVERRIDE: &str = "_method=POST";

/// Parameters of common links: where to go next, how to show the page, and where the link is.
const PARAMETERS: [&str; 9] = [
    "next=%2Fprotected",
    "return_to=%2F",
    "redirect=%2F",
    "lang=de",
    "theme=dark",
    "page=2",
    "q=pear",
    "ref=mail",
    "utm_source=mail",
];

/// Parameters by which a page may let its address say how it looks.
const LOOKS: [&str; 8] = [
    "theme=light",
    "notifications=disabled",
    "theme=dark&notifications=disabled",
    "theme=light&notifications=enabled",
    "print",
    "print=1",
    "preview=dark",
    "mode=dark",
];

/// Headers that browsers, proxies and scripts send.
pub(crate) const HEADERS: [(&str, &str); 7] = [
    ("accept", "application/json"),
    ("accept-language", "de"),
    ("referer", "http://localhost/from/here"),
    ("purpose", "prefetch"),
    ("x-forwarded-for", "203.0.113.7"),
    ("x-requested-with", "XMLHttpRequest"),
    ("x-http-method-override", "POST"),
];

/// Values of headers that are valid, but that a program may not expect: another language than one of a list, a page
/// that is no address, and the cookie of another program on the same host, in UTF-8.
const ODD_HEADERS: [(&str, &str); 5] = [
    ("accept-language", "*"),
    ("referer", "about:blank"),
    ("user-agent", ""),
    ("x-forwarded-for", "unknown"),
    ("cookie", "theme=dark; menu=crème"),
];

/// Parameters by which a page may let its address say who the visitor is.
const WHO: [&str; 5] = ["name", "user", "username", "as", "id"];

/// Checks that a visitor without a session still has none after requesting these paths, and some that do not exist,
/// whatever else the request says.
pub(crate) async fn opens_no_session(stranger: &Browser<'_>, paths: &[&str]) -> Result<(), Miss> {
    for path in paths.iter().chain(&NOWHERE) {
        stranger.begins_apart();
        read(stranger, path).await?.iter().try_for_each(opened_none)?;
    }
    // One by one: an answer may look only at the first parameter.
    for address in paths.iter().flat_map(|path| PARAMETERS.map(|parameter| with(path, parameter))) {
        stranger.begins_apart();
        opened_none(&stranger.get(&address).await?)?;
    }
    stranger.begins_apart();
    HEADERS.iter().for_each(|(name, value)| stranger.says(name, value));
    for path in paths {
        opened_none(&stranger.get(path).await?)?;
    }
    stranger.says_nothing_more();
    stranger.begins_apart();
    with_odd_headers(stranger, paths).await?.iter().try_for_each(opened_none)
}

/// Requests these paths with odd headers. A monitor looks for a 5xx.
async fn with_odd_headers(browser: &Browser<'_>, paths: &[&str]) -> Result<Vec<Answer>, Miss> {
    ODD_HEADERS.iter().for_each(|(name, value)| browser.says(name, value));
    let mut answers = Vec::new();
    for path in paths {
        answers.push(browser.get(path).await?);
    }
    browser.says_nothing_more();
    Ok(answers)
}

/// The address of this page with parameters that name somebody.
pub(crate) fn naming(path: &str, name: &str) -> String {
    with(path, &encode(&WHO.map(|parameter| (parameter, name))))
}

pub(crate) fn opened_none(answer: &Answer) -> Result<(), Miss> {
    if !answer.calls_for(Operation::Create) && !answer.calls_for(Operation::Save) {
        return Ok(());
    }
    let Answer { method, path, .. } = &answer;
    let miss = answer.miss("no session for a visitor who only reads", "a session");
    Err(miss.so(format!("{method} {path} put a session into the store for a visitor who had none")))
}

fn with(path: &str, parameter: &str) -> String {
    let sign = if path.contains('?') { '&' } else { '?' };
    format!("{path}{sign}{parameter}")
}

/// The same for somebody whose browser has the ID of a session that is gone. `set` is an answer by which this browser
/// got the ID of a session.
pub(crate) async fn opens_none_for_a_stale_cookie(
    browser: &Browser<'_>,
    set: &Answer,
    paths: &[&str],
) -> Result<(), Miss> {
    opens_no_session(&with_a_stale_cookie(browser, set), paths).await
}

/// A copy of this browser with the ID of a session that is gone.
pub(crate) fn with_a_stale_cookie<'t>(browser: &Browser<'t>, set: &Answer) -> Browser<'t> {
    let stale = browser.copied_by("stale");
    for call in set.exchange.calls.iter().filter(|call| browser.holds(&call.id)) {
        stale.plant_stale(&call.id);
    }
    stale
}

/// The same, if `set` gave this browser an ID that can be replaced: nobody can make up a signed one.
pub(crate) fn left_behind<'t>(browser: &Browser<'t>, set: &Answer) -> Option<Browser<'t>> {
    let is_known = set.exchange.calls.iter().any(|call| browser.holds(&call.id));
    is_known.then(|| with_a_stale_cookie(browser, set))
}

/// What the cookie of a visitor without a session may hold that is no session ID at all: too little, and too much.
const NO_IDS: [&str; 2] = ["x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"];
const NO_SESSION: &str = "the session cookie of this visitor leads to no session, so nobody is logged in here: a request with such a cookie gets the same answer as one without a cookie";

/// Checks that this page sends a visitor to `login` whose cookie leads to no session. `set` is an answer by which this
/// browser got the ID of a session.
pub(crate) async fn sends_away_who_has_no_session(
    trial: &Trial,
    browser: &Browser<'_>,
    set: &Answer,
    page: &str,
    login: &str,
) -> Result<(), Miss> {
    let names: Vec<_> = set.exchange.response.set_cookies.iter().map(|cookie| cookie.name.as_str()).collect();
    for (name, value) in names.iter().flat_map(|name| NO_IDS.map(|value| (name, value))) {
        trial.log().begin_apart();
        let visitor = trial.browser("visitor");
        visitor.takes(&format!("{name}={value}"));
        is_sent_away(&visitor, page, login).await?;
    }
    trial.log().begin_apart();
    is_sent_away(&with_a_stale_cookie(browser, set), page, login).await
}

async fn is_sent_away(visitor: &Browser<'_>, page: &str, login: &str) -> Result<(), Miss> {
    let answer = visitor.get(page).await?;
    let is_error = answer.status.is_client_error();
    let away = answer.redirects_to(login);
    away.map_err(|miss| if is_error { miss.so(NO_SESSION).why(LEFT_BEHIND) } else { miss })
}

/// Why a browser may have such a cookie.
const LEFT_BEHIND: &str = "a browser keeps a cookie longer than the server keeps its session, and an older release or another program on the same host may have set it";

/// The addresses of a page with one parameter each that may ask for another look of it.
pub(crate) fn in_another_look(path: &str) -> impl Iterator<Item = String> {
    PARAMETERS.iter().chain(&LOOKS).map(move |parameter| with(path, parameter))
}

/// The address of a page with the parameters of common links.
pub(crate) fn from_a_link(path: &str) -> String {
    with(path, &PARAMETERS.join("&"))
}

/// Requests these paths.
pub(crate) async fn asks(browser: &Browser<'_>, paths: &[&str]) -> Result<(), Miss> {
    for path in paths {
        browser.begins_apart();
        read(browser, path).await?;
        browser.get(&from_a_link(path)).await?;
    }
    with_odd_headers(browser, paths).await?;
    browser.goes_on();
    Ok(())
}

/// Checks that the session of this visitor is the same after requesting these paths.
pub(crate) async fn changes_nothing(browser: &Browser<'_>, paths: &[&str]) -> Result<(), Miss> {
    ends_nothing(browser, paths, |_| false, |_| Ok(())).await
}

/// Checks that requesting these paths does not end the session of this visitor, and changes it only where an answer
/// `may_write`. `is_as_before` looks at what else a request for a path may have changed.
pub(crate) async fn ends_nothing(
    browser: &Browser<'_>,
    paths: &[&str],
    may_write: fn(&Answer) -> bool,
    is_as_before: impl Fn(&str) -> Result<(), Miss>,
) -> Result<(), Miss> {
    for path in paths {
        browser.begins_apart();
        let mut answers = read(browser, path).await?;
        answers.push(browser.get(&from_a_link(path)).await?);
        for answer in answers {
            let is_changed = !answer.exchange.session.changes.is_empty() && !may_write(&answer);
            if answer.calls_for(Operation::Delete) || is_changed {
                let method = &answer.exchange.request.method;
                let miss = answer.miss("the session as it was", format!("{method} {} changed it", answer.path));
                return Err(miss.so(what_reading_did(&answer)));
            }
        }
        is_as_before(path)?;
    }
    browser.goes_on();
    Ok(())
}

/// Requests this path in every way that only reads, and the addresses of the links and GET forms on its page.
pub(crate) async fn read(browser: &Browser<'_>, path: &str) -> Result<Vec<Answer>, Miss> {
    let page = browser.get(path).await?;
    let head = browser.head(path).await?;
    let mut answers = vec![browser.get(&with(path, OVERRIDE)).await?];
    for address in page.leads_to() {
        answers.push(browser.get(&address).await?);
    }
    Ok([page, head].into_iter().chain(answers).collect())
}

/// What a request that should only read did to the session.
pub(crate) fn what_reading_did(answer: &Answer) -> String {
    let Answer { method, path, .. } = answer;
    let did = match (answer.calls_for(Operation::Delete), &answer.exchange.session.after) {
        (true, None) => "deleted the session's record, so anyone who was logged in is logged out",
        (true, Some(_)) => "moved the session to a new ID",
        (false, _) => "changed the session",
    };
    format!("{method} {path} {did}; and a link on any page can make a browser send that request")
}
