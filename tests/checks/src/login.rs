//! The checks of exercise 1: login, a protected page, logout.

use axum::http::{HeaderName, HeaderValue, header::CONTENT_LENGTH};
use serde_json::Value;
use session_inspector::SetCookie;

use crate::{
    Answer, Browser, Check, Form, Miss, Monitor, Suite, Trial, User,
    browser::{BY_SCRIPT, WITHOUT_A_BODY, encode},
    clients, impostors,
    improper::{self, Improper},
    infer::{self, holds_the_name},
    model::LOGIN,
    monitor, page,
    reading::{self, READING},
    trial::Cause,
    typed, written,
};

/// Exercise 1.
pub static SUITE: Suite = Suite {
    exercise: 1,
    readme: include_str!("../../../exercises/1-login/README.md"),
    passes_at_first: &[],
    checks: &[
        Check {
            id: "login_page_has_a_form",
            why: "without a script, a browser sends a name and a password only through a form",
            hint: 1,
            read: "basics/first-app.md#template-loop",
            run: |trial| Box::pin(login_page_has_a_form(trial)),
        },
        Check {
            id: "protected_page_asks_to_log_in",
            why: "the server has to decide at every request who may see a page; hiding the link protects nothing",
            hint: 2,
            read: "basics/set-and-get.md#how-is-it-read-again",
            run: |trial| Box::pin(protected_page_asks_to_log_in(trial)),
        },
        Check {
            id: "right_credentials_open_a_session",
            why: "HTTP forgets the visitor after each answer; write to the session what the next request has to know",
            hint: 3,
            read: "basics/set-and-get.md#how-is-something-written",
            run: |trial| Box::pin(right_credentials_open_a_session(trial)),
        },
        Check {
            id: "protected_page_names_the_user",
            why: "a request knows about its visitor only what it reads from the session",
            hint: 2,
            read: "basics/set-and-get.md#how-is-it-read-again",
            run: |trial| Box::pin(protected_page_names_the_user(trial)),
        },
        Check {
            id: "names_are_shown_as_text",
            why: "a name that is pasted into a page as HTML can contain a script, which acts as anyone who opens the page",
            hint: 4,
            read: "security/scripts.md#what-stops-the-ride",
            run: |trial| Box::pin(names_are_shown_as_text(trial)),
        },
        Check {
            id: "wrong_credentials_are_refused_alike",
            why: "answers that differ for a wrong name and a wrong password tell a stranger which accounts exist",
            hint: 3,
            read: "security/guessing.md#who-has-an-account",
            run: |trial| Box::pin(wrong_credentials_are_refused_alike(trial)),
        },
        Check {
            id: "improper_forms_are_refused",
            why: "anyone can send anything; a request that gets a 5xx, or no answer, is a way to attack the server",
            hint: 5,
            read: "basics/first-app.md#how-does-a-handler-use-the-session",
            run: |trial| Box::pin(improper_forms_are_refused(trial)),
        },
        Check {
            id: "visitors_do_not_mix",
            why: "one program serves all visitors at once; what it keeps outside the session belongs to everyone",
            hint: 3,
            read: "basics/what-is-a-session.md#why-can-a-program-not-just-remember",
            run: |trial| Box::pin(visitors_do_not_mix(trial)),
        },
        Check {
            id: "login_issues_a_new_session_id",
            why: "anyone who planted the old ID in the browser would be logged in, too: session fixation (ASVS 7.2.4)",
            hint: 6,
            read: "basics/what-is-a-session.md#who-is-the-visitor",
            run: |trial| Box::pin(login_issues_a_new_session_id(trial)),
        },
        Check {
            id: "logout_destroys_the_session",
            why: "a cookie that was copied before the logout must not work after it (ASVS 7.4.1)",
            hint: 7,
            read: "basics/log-out.md#what-does-flush-do",
            run: |trial| Box::pin(logout_destroys_the_session(trial)),
        },
        Check {
            id: "the_password_is_nowhere",
            why: "what a session holds is copied to stores, caches and backups; a password belongs in none of them, nor in a page",
            hint: 3,
            read: "security/guessing.md#how-is-a-password-kept",
            run: |trial| Box::pin(the_password_is_nowhere(trial)),
        },
        Check {
            id: "reading_changes_nothing",
            why: READING,
            hint: 7,
            read: "basics/set-and-get.md#why-post",
            run: |trial| Box::pin(reading_changes_nothing(trial)),
        },
        Check {
            id: "the_session_cookie_is_out_of_reach",
            why: "a script can steal a cookie that it can read; another site can act as the visitor if its requests carry the cookie",
            hint: 6,
            read: "basics/what-is-a-session.md#what-does-the-cookie-promise",
            run: |trial| Box::pin(the_session_cookie_is_out_of_reach(trial)),
        },
    ],
    monitors: &[
        Monitor { check: "wrong_credentials_are_refused_alike", watch: monitor::a_refused_login_changes_nobody },
        Monitor { check: "improper_forms_are_refused", watch: monitor::no_failure },
        Monitor { check: "improper_forms_are_refused", watch: monitor::an_improper_form_changes_nobody },
        Monitor { check: "login_issues_a_new_session_id", watch: monitor::a_login_issues_a_new_id },
        Monitor { check: "the_password_is_nowhere", watch: monitor::no_password },
        Monitor { check: "reading_changes_nothing", watch: monitor::reading_logs_nobody_in_or_out },
        Monitor { check: "the_session_cookie_is_out_of_reach", watch: monitor::session_cookies_are_out_of_reach },
        Monitor { check: "the_session_cookie_is_out_of_reach", watch: monitor::no_page_tells_the_session_id },
    ],
    names: Some("names_are_shown_as_text"),
    model: Some(&LOGIN),
};

async fn login_page_has_a_form(trial: &Trial) -> Result<(), Miss> {
    let page = trial.browser("alice").get("/login").await?;
    page.has_status(200).map_err(|miss| Miss { expected: "200, and a page with a form".to_owned(), ..miss })?;
    page.lets_send_forms()?;
    let forms = page.forms();
    let has = |form: &&Form, names: &[&str]| names.iter().all(|name| form.has(name));
    let fields = [&["username", "password"][..], &["username"], &["password"], &[]];
    // A form may be sent in two ways by two buttons: one of them has to be right.
    let right = forms.iter().filter(|form| form.goes_to("/login") && has(form, fields[0]));
    let right = right.max_by_key(|form| form.can_be_sent);
    let close =
        |names: &&[&str]| forms.iter().find(|form| has(form, names) && (!names.is_empty() || form.goes_to("/login")));
    let Some(form) = right.or_else(|| fields.iter().find_map(close)).or(forms.first()) else {
        return Err(page.has_no_form());
    };
    for name in ["username", "password"] {
        page.has_field(form, name)?;
    }
    if form.fields.iter().any(|field| field.name == "password" && field.kind != "password") {
        return Err(Miss::new("type=password", "a field that shows what is typed into it")
            .so("anyone who looks at the screen can read the password"));
    }
    form.is_let_go()?;
    form.takes("username", &trial.users.alice().name)?;
    form.takes("password", &trial.users.alice().password)?;
    typed::can_be_entered(form)?;
    if form.method != "post" {
        return Err(Miss::new("method=\"post\"", format!("method=\"{}\"", form.method))
            .so("the browser would put the password into the address, and the address goes into history and logs"));
    }
    form.has_a_button()?;
    page.sends_utf_8(form)?;
    if !matches!(form.path(), "" | "/login" | "login") {
        return Err(Miss::new("a form that posts to /login", format!("a form that posts to {}", form.action))
            .so("its `action` names another address"));
    }
    Ok(())
}

async fn protected_page_asks_to_log_in(trial: &Trial) -> Result<(), Miss> {
    let alice = trial.browser("alice");
    alice.get("/protected").await?.redirects_to("/login")?;
    // However it is asked for.
    trial.log().begin_apart();
    alice.get(&reading::from_a_link("/protected")).await?.redirects_to("/login")?;
    for (name, value) in reading::HEADERS {
        trial.log().begin_apart();
        alice.says(name, value);
        let page = alice.get("/protected").await?;
        alice.says_nothing_more();
        if page.status.is_server_error() {
            continue; // a monitor looks for a 5xx
        }
        let so = format!(
            "without the header `{name}: {value}` this visitor is sent to /login, and with it they are not: anyone can send any header"
        );
        page.redirects_to("/login").map_err(|miss| miss.so(so))?;
    }
    Ok(())
}

async fn right_credentials_open_a_session(trial: &Trial) -> Result<(), Miss> {
    let user = trial.users.alice();
    is_in_the_session(&trial.browser("alice").log_in(user).await?, user)?;
    the_form_logs_in(trial, user).await?;
    // As it is: a page escapes what it shows, and a session nothing.
    trial.log().begin_anew();
    let user = trial.users.carol();
    let login = trial.browser("carol").log_in(user).await?;
    is_in_the_session(&login, user)?;
    trial.each_session_has_its_own_end(&login).await?;
    typed::logs_in(trial, "/protected").await
}

fn is_in_the_session(answer: &Answer, user: &User) -> Result<(), Miss> {
    answer.lets_in("/protected")?;
    let wrote = answer.exchange.session.after.as_ref().is_some_and(|data| !data.is_empty());
    let is_escaped = |value: &Value| value.as_str().is_some_and(|text| page::decoded(text).contains(&user.name));
    let so = match wrote {
        true if answer.exchange.session.after.iter().flatten().any(|(_, value)| is_escaped(value)) => {
            "the session holds the name as HTML source: store it as it was typed, and let the page escape it".into()
        }
        true => "the login wrote to the session, but not the username".into(),
        false => infer::unwritten(answer),
    };
    holds_the_name(answer, user, so)
}

/// Fills in the form and sends it as a browser does.
async fn the_form_logs_in(trial: &Trial, user: &User) -> Result<(), Miss> {
    let alice = trial.browser("visitor");
    let sent = alice.post("/login", &[("more", "1"), ("password", &user.password), ("username", &user.name)]).await?;
    let so =
        "the same name and password log in when they are sent alone; this form has an extra field, and another order";
    sent.redirects_to("/protected").map_err(|miss| miss.so(so))?;
    let filled = [("username", user.name.as_str()), ("password", user.password.as_str())];
    let sent = alice.post_by_script("/login", &filled).await?;
    sent.redirects_to("/protected").map_err(|miss| miss.so(BY_SCRIPT))?;
    for client in clients::ALL {
        alice.begins_apart();
        let sent = client.posts(&alice, "/login", &filled).await?;
        sent.redirects_to("/protected").map_err(|miss| client.explains(miss))?;
    }
    trial.log().begin_anew();
    let alice = trial.browser("alice");
    let page = alice.get("/login").await?;
    let sent = alice.submit(&page, "/login", &filled).await?;
    let so = "the same name and password log in when they are sent alone; this request is what a browser makes of the form on the page, with its `enctype`, hidden fields and button";
    sent.redirects_to("/protected").map_err(|miss| miss.so(so))
}

async fn protected_page_names_the_user(trial: &Trial) -> Result<(), Miss> {
    let (alice, _) = logged_in(trial, "alice", trial.users.alice()).await?;
    let (user, other) = (trial.users.alice(), trial.users.bob());
    let page = alice.get(&reading::naming("/protected", &other.name)).await?;
    let so = "the session says alice, the address says bob, and the page shows bob: a visitor can write any address, so only the session may say who they are";
    page.shows_not(&other.name, so)?;
    page.shows(&user.name)?;
    // What a proxy says of a user of its own, anyone can say.
    trial.log().begin_apart();
    PROXY_USER.iter().for_each(|name| alice.says(name, &other.name));
    let page = alice.get("/protected").await?;
    let so = "the session says alice, a header says bob, and the page shows bob: anyone can send any header, so only the session may say who they are";
    page.shows_not(&other.name, so)?;
    page.shows(&user.name)?;
    typed::is_named(trial, "/protected").await
}

/// Headers by which some proxies say who is logged in.
const PROXY_USER: [&str; 4] = ["x-forwarded-user", "x-remote-user", "remote-user", "x-user"];

async fn names_are_shown_as_text(trial: &Trial) -> Result<(), Miss> {
    let user = trial.users.carol();
    let carol = trial.browser("carol");
    carol.log_in(user).await?.lets_in("/protected")?;
    let page = carol.get("/protected").await?;
    page.shows(&user.name).map_err(|miss| {
        let so = match page.body.contains(&user.name) {
            true => "the page has the name unescaped: a browser reads its <i> as a tag",
            false if page.body.contains("&amp;lt;") => {
                "the name was escaped twice: the page shows `&lt;` where the name has `<`"
            }
            false => return miss,
        };
        miss.so(so)
    })?;
    // A form that is shown again may hold what was typed.
    let typed = User { name: format!("'\"><i {TYPED}>{}</i>", trial.named("x")), password: "x".to_owned() };
    let answer = trial.browser("mallory").log_in(&typed).await?;
    if answer.has_attribute(TYPED) {
        let miss =
            answer.miss("a page that shows the typed name as text", format!("the tag <i {TYPED}> from the typed name"));
        return Err(
            miss.so("the answer to a failed login pastes the typed name as HTML, and a form on another site can make anyone send such a name")
        );
    }
    Ok(())
}

/// An attribute that no page has by itself.
const TYPED: &str = "data-typed";

async fn wrong_credentials_are_refused_alike(trial: &Trial) -> Result<(), Miss> {
    let (alice, bob) = (trial.users.alice(), trial.users.bob());
    let forgetful = User { name: alice.name.clone(), password: bob.password.clone() };
    let stranger = User { name: format!("no-{}", alice.name), ..forgetful.clone() };
    let known = Refused::of(&trial.browser("alice"), &forgetful).await?;
    let unknown = Refused::of(&trial.browser("stranger"), &stranger).await?;
    // Ignore what differs even between two equal requests, such as a token in the form.
    let again = Refused::of(&trial.browser("alice"), &forgetful).await?;
    unknown.reads_as(&known)?;
    unknown.is_sent_as(&known, &again)?;
    for impostor in impostors::all(&trial.users) {
        trial.log().begin_anew();
        refused(&trial.browser("mallory"), &impostor.typed).await?;
    }
    // The same holds for somebody who is logged in.
    trial.log().begin_anew();
    let (browser, _) = logged_in(trial, "bob", bob).await?;
    for typed in [forgetful].into_iter().chain(impostors::all(&trial.users).into_iter().map(|impostor| impostor.typed))
    {
        trial.log().begin_apart();
        let refused = browser.log_in(&typed).await?;
        refused.refuses(&typed)?;
        let page = browser.get("/protected").await?;
        let so = "bob's login was refused, and now his page shows alice's name";
        page.shows_not(&alice.name, so).map_err(|miss| miss.at("/login").why(STAYS))?;
        stays_in(&page, bob, &format!("a failed login in his browser, {},", typed.told()))?;
    }
    Ok(())
}

/// What a refused login did that opened a session.
pub(crate) const LEFT_A_SESSION: &str =
    "the login was refused, but left a session in the store: write to it only after `users.verify` has returned `true`";
/// Why a refused login leaves no session.
pub(crate) const NO_SESSION: &str =
    "anyone can send wrong passwords all day; if each of them leaves a session, the store fills up with strangers";
/// Why what is refused changes nothing for the visitor who is logged in.
const STAYS: &str = "a mistake at the form, or a form on another page, must not end or change a login that is there";

/// Checks that this user is still logged in after something was refused.
fn stays_in(page: &Answer, user: &User, what: &str) -> Result<(), Miss> {
    let so = format!("bob was logged in, and {what} logged him out");
    page.shows(&user.name).map_err(|miss| match page.status.is_redirection() {
        true => miss.so(so).at("/login").why(STAYS),
        false => miss.why(STAYS),
    })
}

/// An answer to a login that failed, without the name that was typed.
struct Refused {
    text: String,
    body: String,
    headers: Vec<(String, String)>,
}

impl Refused {
    async fn of(browser: &Browser<'_>, user: &User) -> Result<Self, Miss> {
        let answer = refused(browser, user).await?;
        let header = |(name, value): (&HeaderName, &HeaderValue)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        // The length of a page depends on the name in it.
        let headers = answer.headers.iter().filter(|(name, _)| **name != CONTENT_LENGTH).map(header).collect();
        let without = |text: &str| text.replace(&user.name, "…");
        let body = if answer.is_page() { page::normal(&answer.body) } else { answer.body.clone() };
        Ok(Self { text: without(&answer.text()), body: without(&body), headers })
    }

    fn reads_as(&self, known: &Self) -> Result<(), Miss> {
        if self.text == known.text {
            return Ok(());
        }
        Err(Miss::new(format!("both names    {}", known.text), format!("unknown name  {}", self.text))
            .so("the page reads differently for a name with an account and for one without: anyone who guesses names learns which exist"))
    }

    /// Compares what a program reads, which is more than a visitor sees.
    fn is_sent_as(&self, known: &Self, again: &Self) -> Result<(), Miss> {
        let so =
            "the page reads the same, but the rest of the answer differs: a program learns from it which names exist";
        if known.headers == again.headers && self.headers != known.headers {
            let more = |one: &Self, other: &Self| {
                let more = one.headers.iter().filter(|header| !other.headers.contains(header));
                let more: Vec<_> = more.map(|(name, value)| format!("{name}: {value}")).collect();
                if more.is_empty() { "no such header".to_owned() } else { more.join(", ") }
            };
            let [expected, actual] = [more(known, self), more(self, known)];
            return Err(Miss::new(format!("both names    {expected}"), format!("unknown name  {actual}")).so(so));
        }
        if known.body == again.body && self.body != known.body {
            let same = self.body.chars().zip(known.body.chars()).take_while(|(one, other)| one == other).count();
            let part = |body: &str| body.chars().skip(same.saturating_sub(20)).take(60).collect::<String>();
            let [expected, actual] = [&known.body, &self.body].map(|body| part(body));
            return Err(Miss::new(format!("both names    {expected}"), format!("unknown name  {actual}")).so(so));
        }
        Ok(())
    }
}

/// Checks that this login fails and opens no session.
async fn refused(browser: &Browser<'_>, user: &User) -> Result<Answer, Miss> {
    let answer = browser.log_in(user).await?;
    answer.refuses(user)?;
    if let Some(data) = &answer.exchange.session.after {
        let holds = serde_json::to_string(data).unwrap_or_default();
        return Err(answer
            .miss("no session", format!("a session that holds {holds}"))
            .so(LEFT_A_SESSION)
            .why(NO_SESSION));
    }
    browser.get("/protected").await?.redirects_to("/login").map_err(|miss| miss.why(NO_SESSION))?;
    Ok(answer)
}

async fn improper_forms_are_refused(trial: &Trial) -> Result<(), Miss> {
    let mallory = trial.browser("mallory");
    for way in 0..improper::WAYS {
        trial.log().begin_apart();
        let Improper { what, .. } = improper::of(trial.users.alice(), way);
        let answer = is_improper(&mallory, trial.users.alice(), way).await?;
        if answer.exchange.session.after.is_some() {
            let so = format!("a form {what} was refused, but still opened a session");
            return Err(answer.miss("no session", format!("a session, for a form {what}")).so(so));
        }
    }
    let long = "x".repeat(LONG);
    for typed in [(&*long, "x"), ("x", &long)] {
        trial.log().begin_apart();
        mallory.log_in(&User { name: typed.0.to_owned(), password: typed.1.to_owned() }).await?; // a monitor looks for a 5xx
    }
    // A logout needs no form, but anyone can send one with it.
    trial.log().begin_apart();
    mallory.post("/logout", &[("more", &long)]).await?;
    for way in improper::OF_ANY_REQUEST {
        trial.log().begin_apart();
        let Improper { kind, body, .. } = improper::of(trial.users.alice(), way);
        mallory.post_bytes("/logout", kind, body).await?;
    }
    improper::asks_oddly(&mallory, &["/login"]).await?;
    mallory.get("/login").await?.has_status(200)?;
    // The same holds for somebody who is logged in.
    trial.log().begin_anew();
    let (bob, _) = logged_in(trial, "bob", trial.users.bob()).await?;
    for way in 0..improper::WAYS {
        trial.log().begin_apart();
        is_improper(&bob, trial.users.alice(), way).await?;
        stays_in(&bob.get("/protected").await?, trial.users.bob(), "an improper form from his browser")?;
    }
    improper::asks_oddly(&bob, &["/protected"]).await
}

/// The addresses of the exercise.
const PATHS: [&str; 3] = ["/login", "/protected", "/logout"];
/// Longer than anyone types, and far below the size of a form that axum refuses.
const LONG: usize = 100_000;

/// Sends a form that is improper in this way, and checks that it is refused.
async fn is_improper(browser: &Browser<'_>, user: &User, way: usize) -> Result<Answer, Miss> {
    let Improper { what, query, kind, body } = improper::of(user, way);
    let answer = browser.post_bytes(&format!("/login{query}"), kind, body).await?;
    if answer.status.is_client_error() {
        return Ok(answer);
    }
    let so = format!("the status of this answer does not refuse a form {what}");
    Err(answer.miss(format!("4xx for a form {what}"), answer.in_short()).so(so))
}

async fn visitors_do_not_mix(trial: &Trial) -> Result<(), Miss> {
    let (alice, _) = logged_in(trial, "alice", trial.users.alice()).await?;
    let (bob, _) = logged_in(trial, "bob", trial.users.bob()).await?;
    for (browser, own, others) in
        [(&alice, trial.users.alice(), trial.users.bob()), (&bob, trial.users.bob(), trial.users.alice())]
    {
        let page = browser.get("/protected").await?;
        page.shows(&own.name).map_err(|miss| miss.so_if(infer::mixed(&page, &own.name, &others.name)))?;
    }
    let (both, users) = (["alice", "bob"].map(|who| trial.browser(who)), [trial.users.alice(), trial.users.bob()]);
    trial.at_once(both[0].log_in(users[0]), both[1].log_in(users[1])).await?;
    for (browser, own, others) in [(&both[0], users[0], users[1]), (&both[1], users[1], users[0])] {
        let page = browser.get("/protected").await?;
        page.shows(&own.name).map_err(|miss| miss.so_if(infer::mixed(&page, &own.name, &others.name)))?;
    }
    let (one, other) = trial.at_once(both[0].get("/protected"), both[1].get("/protected")).await?;
    for (page, own, others) in [(&one, users[0], users[1]), (&other, users[1], users[0])] {
        page.shows(&own.name).map_err(|miss| miss.so_if(infer::mixed(page, &own.name, &others.name)))?;
    }
    let stranger = trial.browser("stranger").get("/protected").await?;
    let so = "a visitor without a session sees the page after others have logged in: is the user kept where all visitors share it?";
    stranger.redirects_to("/login").map_err(|miss| miss.so_if(stranger.status.is_success().then_some(so)))?;
    let form = trial.browser("stranger").get("/login").await?;
    for user in [trial.users.alice(), trial.users.bob()] {
        if form.body.contains(&user.name) {
            let miss =
                form.miss("a login page with nobody's name", format!("{} on a stranger's login page", user.name));
            return Err(
                miss.so("this visitor has no session, and the name comes from another browser: it is kept where all visitors share it")
            );
        }
    }
    // A visitor can change any cookie; only the session ID cannot be guessed.
    for (name, value) in bob.cookies().into_iter().filter(|(_, value)| value.contains(&trial.users.bob().name)) {
        bob.takes(&format!("{name}={}", value.replace(&trial.users.bob().name, &trial.users.alice().name)));
        let page = bob.get("/protected").await?;
        let so = format!(
            "bob wrote alice's name into cookie `{name}`, and the page shows it: a visitor can write any cookie, so only the session may say who they are"
        );
        page.shows_not(&trial.users.alice().name, &so)?;
    }
    trial.log().begin_anew();
    let (bob, login) = logged_in(trial, "bob", trial.users.bob()).await?;
    written::say_nothing(trial, &bob, &login).await
}

async fn login_issues_a_new_session_id(trial: &Trial) -> Result<(), Miss> {
    // Mallory plants the cookie of her own login ...
    let (mallory, _) = logged_in(trial, "mallory", trial.users.bob()).await?;
    let answer = logged_in_with(mallory.copied_by("alice"), trial.users.alice()).await?;
    is_out(&mallory, &answer).await?;
    // ... and then that of a session in which nobody is logged in.
    trial.log().begin_anew();
    let (victim, answer) = logged_in(trial, "alice", trial.users.alice()).await?;
    let Some(id) = session_cookies(&answer).first().map(|cookie| cookie.value.clone()).filter(|id| victim.holds(id))
    else {
        return Ok(()); // a signed cookie: nobody can plant an ID of their own choice
    };
    victim.takes_a_planted_id(&id).await;
    let mallory = victim.copied_by("mallory");
    let answer = logged_in_with(victim, trial.users.alice()).await?;
    is_out(&mallory, &answer).await?;
    // Somebody who is already logged in logs in again.
    trial.log().begin_anew();
    let (alice, _) = logged_in(trial, "alice", trial.users.alice()).await?;
    let mallory = alice.copied_by("mallory");
    let answer = logged_in_with(alice, trial.users.alice()).await?;
    is_out(&mallory, &answer).await
}

/// Checks that the cookie that mallory holds from before this login no longer works.
async fn is_out(mallory: &Browser<'_>, login: &Answer) -> Result<(), Miss> {
    let page = mallory.get("/protected").await?;
    page.redirects_to("/login").map_err(|miss| {
        let so = infer::lets_the_old_id_in(&page, login, |id| mallory.holds(id));
        Miss { expected: format!("{} for mallory, who holds the cookie from before the login", miss.expected), ..miss }
            .so_if(so)
    })
}

async fn logout_destroys_the_session(trial: &Trial) -> Result<(), Miss> {
    let (alice, _) = logged_in(trial, "alice", trial.users.alice()).await?;
    let (bob, _) = logged_in(trial, "bob", trial.users.bob()).await?;
    alice.get(&reading::from_a_link("/protected")).await?.shows(&trial.users.alice().name)?;
    // Two copies: a browser drops a cookie when it is told to.
    let (mallory, thief) = (alice.copied_by("mallory"), alice.copied_by("thief"));
    let answer = alice.post("/logout", &[]).await?;
    answer.redirects_to("/login").map_err(|miss| miss.why(LEADS_OUT))?;
    let page = mallory.get("/protected").await?;
    page.redirects_to("/login").map_err(|miss| {
        let expected = format!("{} for mallory, who copied the cookie before the logout", miss.expected);
        Miss { expected, ..miss }.so_if(infer::lets_a_copy_in(&page, &answer))
    })?;
    let page = thief.get(&reading::from_a_link("/protected")).await?;
    let so = "a copy of the cookie from before the logout still gets the page, under an address with parameters";
    page.redirects_to("/login").map_err(|miss| miss.so_if(page.status.is_success().then_some(so)))?;
    let page = alice.get("/protected").await?;
    page.redirects_to("/login").map_err(|miss| miss.so_if(infer::lets_a_copy_in(&page, &answer)))?;
    infer::is_destroyed(&answer)?;
    let page = bob.get("/protected").await?;
    let so = "alice's logout logged bob out, too";
    page.shows(&trial.users.bob().name).map_err(|miss| match page.status.is_redirection() {
        true => {
            miss.so(so).at("/logout").why("each visitor has a session of their own, and a logout ends only that one")
        }
        false => miss,
    })?;
    let stranger = trial.browser("stranger").post("/logout", &[]).await?;
    stranger.redirects_to("/login").map_err(|miss| miss.why(LEADS_OUT))?;
    let so = WITHOUT_A_BODY;
    bob.post_nothing("/logout").await?.redirects_to("/login").map_err(|miss| miss.so(so).why(LEADS_OUT))?;
    // A session can be ended before anybody has logged in.
    trial.log().begin_anew();
    let (alice, login) = logged_in(trial, "alice", trial.users.alice()).await?;
    let Some(id) = login.exchange.calls.iter().map(|call| &call.id).find(|id| alice.holds(id)) else {
        return Ok(()); // a signed cookie
    };
    alice.takes_a_planted_id(id).await;
    let answer = alice.post("/logout", &[]).await?;
    answer.redirects_to("/login").map_err(|miss| miss.why(LEADS_OUT))?;
    infer::is_destroyed(&answer)
}

/// Why a logout has to lead to the login page.
const LEADS_OUT: &str =
    "a visitor who has logged out, or had no login left, should see so at once: the login page is what a stranger sees";

/// Only plays the scene: a monitor looks for the password in each answer.
async fn the_password_is_nowhere(trial: &Trial) -> Result<(), Miss> {
    let user = trial.users.alice();
    let alice = trial.browser("alice");
    let mistaken = User { name: format!("no-{}", user.name), password: user.password.clone() };
    alice.log_in(&mistaken).await?;
    alice.log_in(user).await?;
    alice.get("/protected").await?;
    Ok(())
}

async fn reading_changes_nothing(trial: &Trial) -> Result<(), Miss> {
    let user = trial.users.alice();
    let with_query = format!("/login?{}", encode(&[("username", &user.name), ("password", &user.password)]));
    reading::opens_no_session(&trial.browser("stranger"), &["/login", &with_query, "/protected", "/logout"]).await?;
    trial.log().begin_anew();
    let (alice, login) = logged_in(trial, "alice", user).await?;
    reading::asks(&alice, &[&PATHS[..], &reading::NOWHERE].concat()).await?; // a monitor looks at the answers
    reading::opens_none_for_a_stale_cookie(&alice, &login, &PATHS).await?;
    alice.get("/protected").await?.shows(&user.name)
}

async fn the_session_cookie_is_out_of_reach(trial: &Trial) -> Result<(), Miss> {
    let (_, answer) = logged_in(trial, "alice", trial.users.alice()).await?;
    session_cookies(&answer).iter().try_for_each(monitor::is_out_of_reach)
}

/// Logs `who` in, checks that the page shows it, and returns the browser and the answer to the login.
async fn logged_in<'t>(trial: &'t Trial, who: &'static str, user: &User) -> Result<(Browser<'t>, Answer), Miss> {
    let browser = trial.browser(who);
    let answer = browser.log_in(user).await?;
    is_inside(&browser, &answer, user).await?;
    Ok((browser, answer))
}

async fn logged_in_with(browser: Browser<'_>, user: &User) -> Result<Answer, Miss> {
    let answer = browser.log_in(user).await?;
    is_inside(&browser, &answer, user).await?;
    Ok(answer)
}

async fn is_inside(browser: &Browser<'_>, login: &Answer, user: &User) -> Result<(), Miss> {
    login.lets_in("/protected")?;
    let page = browser.get("/protected").await?;
    page.shows(&user.name).map_err(|miss| {
        let has_no_cookie = login.exchange.response.set_cookies.is_empty() && page.exchange.request.cookies.is_empty();
        let so = match &login.exchange.session.after {
            None => "the login wrote nothing to the session, and set no cookie",
            Some(_) => "the login wrote to the session but set no cookie, so the next request cannot find the session",
        };
        let unset = (has_no_cookie && page.status.is_redirection()).then(|| Cause::of(login, so));
        miss.so_if(unset.or_else(|| infer::unshown(login, &page, &user.name)))
    })
}

/// The cookies of this answer that carry the ID of a session it wrote; all cookies if none carries one.
fn session_cookies(answer: &Answer) -> Vec<SetCookie> {
    let ids: Vec<_> = answer.exchange.calls.iter().map(|call| call.id.as_str()).collect();
    let cookies = &answer.exchange.response.set_cookies;
    let carries = |cookie: &&SetCookie| ids.iter().any(|id| cookie.value.contains(id));
    let found: Vec<_> = cookies.iter().filter(carries).cloned().collect();
    if found.is_empty() { cookies.clone() } else { found }
}
