//! The checks of exercise 4: logins that end when they should, and not before.

use std::{ops::Range, time::Duration};

use axum::http::Method;
use session_inspector::Operation;

use crate::{
    Answer, Browser, Check, Miss, Monitor, Suite, Trial, User,
    browser::{BY_SCRIPT, encode},
    clients, impostors, infer, model, monitor, reading, typed, written,
};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(60 * 60);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) const LOGIN: &str = "/login";
pub(crate) const PROTECTED: &str = "/protected";
pub(crate) const HELP: &str = "/help";
pub(crate) const EXPIRED: &str = "Your session has expired";

pub(crate) const UNTOLD: &str = "the login has expired, and the login page does not say so";
pub(crate) const UNASKED: &str =
    "the login page says that the session has expired to a visitor whose login has not expired";

/// Exercise 4.
pub static SUITE: Suite = Suite {
    exercise: 4,
    readme: include_str!("../../../exercises/4-timeouts/README.md"),
    passes_at_first: &[
        "the_site_goes_on_to_work",
        "any_request_is_activity",
        "no_cookie_outlives_the_browser_unasked",
        "reading_opens_no_session",
    ],
    checks: &[
        Check {
            id: "the_site_goes_on_to_work",
            why: "a timeout is for visitors who are away; everyone else must not notice it",
            hint: 2,
            read: "lifetime/idle-and-absolute.md#why-two",
            run: |trial| Box::pin(the_site_goes_on_to_work(trial)),
        },
        Check {
            id: "an_idle_login_ends",
            why: "someone leaves a shared computer without logging out; the next person there must not be logged in as them (ASVS 7.3.1)",
            hint: 2,
            read: "lifetime/idle-and-absolute.md#why-two",
            run: |trial| Box::pin(an_idle_login_ends(trial)),
        },
        Check {
            id: "any_request_is_activity",
            why: "a visitor who reads is not idle; tower-sessions extends a session only when it saves it, so a request that only reads has to write something, too",
            hint: 2,
            read: "lifetime/idle-and-absolute.md#does-reading-count",
            run: |trial| Box::pin(any_request_is_activity(trial)),
        },
        Check {
            id: "a_busy_login_ends_too",
            why: "a thief's script can keep a stolen session active forever; only a limit that no request moves ends it (ASVS 7.3.2)",
            hint: 4,
            read: "lifetime/idle-and-absolute.md#why-two",
            run: |trial| Box::pin(a_busy_login_ends_too(trial)),
        },
        Check {
            id: "the_end_is_at_the_server",
            why: "only the owner's browser obeys the age of a cookie; a thief's copy does not age",
            hint: 1,
            read: "lifetime/how-long.md#whose-clock",
            run: |trial| Box::pin(the_end_is_at_the_server(trial)),
        },
        Check {
            id: "remember_me_lasts",
            why: "an expiry that the login sets applies to that request only; keep the choice in the session, and apply it whenever the session is saved",
            hint: 5,
            read: "lifetime/how-long.md#how-does-a-visitor-choose",
            run: |trial| Box::pin(remember_me_lasts(trial)),
        },
        Check {
            id: "remember_me_ends",
            why: "if each visit adds another month, the login never ends (ASVS 7.3.2)",
            hint: 4,
            read: "lifetime/idle-and-absolute.md#why-two",
            run: |trial| Box::pin(remember_me_ends(trial)),
        },
        Check {
            id: "no_cookie_outlives_the_browser_unasked",
            why: "on a shared computer, closing the browser is the only logout that many people know",
            hint: 5,
            read: "lifetime/how-long.md#whose-clock",
            run: |trial| Box::pin(no_cookie_outlives_the_browser_unasked(trial)),
        },
        Check {
            id: "the_visitor_is_told",
            why: "an unexpected login page looks like a bug or a trap; one sentence says what happened",
            hint: 6,
            read: "lifetime/idle-and-absolute.md#what-does-the-visitor-see",
            run: |trial| Box::pin(the_visitor_is_told(trial)),
        },
        Check {
            id: "a_new_login_begins_anew",
            why: "what the last login left behind may belong to another person or another day",
            hint: 7,
            read: "security/fixation.md#what-stops-it",
            run: |trial| Box::pin(a_new_login_begins_anew(trial)),
        },
        Check {
            id: "visitors_do_not_mix",
            why: "one program serves all visitors at once; what it keeps outside the session belongs to everyone",
            hint: 1,
            read: "basics/what-is-a-session.md#why-can-a-program-not-just-remember",
            run: |trial| Box::pin(visitors_do_not_mix(trial)),
        },
        Check {
            id: "reading_opens_no_session",
            why: "a middleware that writes for every visitor fills the store with sessions of crawlers, and sends a cookie to people who only read",
            hint: 3,
            read: "security/csrf.md#can-a-link-buy-something",
            run: |trial| Box::pin(reading_opens_no_session(trial)),
        },
    ],
    monitors: &[
        Monitor { check: "a_new_login_begins_anew", watch: monitor::a_login_issues_a_new_id },
        Monitor { check: "reading_opens_no_session", watch: monitor::a_stranger_leaves_nothing },
    ],
    names: None,
    model: Some(&model::TIMEOUTS),
};

async fn the_site_goes_on_to_work(trial: &Trial) -> Result<(), Miss> {
    let user = trial.users.alice();
    let alice = trial.browser("alice");
    alice.get(PROTECTED).await?.redirects_to(LOGIN)?;
    let form = alice.get(LOGIN).await?;
    form.has_status(200)?;
    for name in ["username", "password", "remember"] {
        if !form.forms().iter().any(|form| form.has(name)) {
            let miss = form.miss(format!("a field named `{name}` in the form"), "a form without it");
            return Err(miss.so("a browser sends a field under its `name`; an `id` or a label does not count"));
        }
    }
    for impostor in impostors::all(&trial.users) {
        trial.log().begin_apart();
        impostor.is_refused(&alice.log_in(&impostor.typed).await?)?;
        alice.get(PROTECTED).await?.redirects_to(LOGIN)?;
    }
    for remember in [false, true] {
        trial.log().begin_anew();
        logs_in(&alice, user, remember).await?;
        still_in(&alice.get(PROTECTED).await?, user, "the login has ended by the next request")?;
        alice.get(HELP).await?.has_status(200)?;
        is_in(&alice, user).await?;
        logs_out_for_good(&alice).await?;
    }
    // A logout ends a login that is about to end as well.
    for (remember, long, often) in [(false, 7 * HOUR + 40 * MINUTE, 20 * MINUTE), (true, 30 * DAY - HOUR, 10 * DAY)] {
        trial.log().begin_anew();
        logs_in(&alice, user, remember).await?;
        // That it lives so long is another requirement.
        if busy(trial, (&alice, user), (long, often), "").await.is_ok() {
            logs_out_for_good(&alice).await?;
        }
    }
    trial.log().begin_anew();
    is_in_by_script(trial, user).await?;
    trial.log().begin_anew();
    clients::log_in(trial, user, PROTECTED).await?;
    typed::logs_in(trial, PROTECTED).await
}

/// Neither the browser nor a copy of its cookies is logged in after the logout.
async fn logs_out_for_good(alice: &Browser<'_>) -> Result<(), Miss> {
    let mallory = alice.copied_by("mallory");
    let logout = alice.post("/logout", &[]).await?;
    logout.redirects_to(LOGIN)?;
    for browser in [alice, &mallory] {
        let page = browser.get(PROTECTED).await?;
        page.redirects_to(LOGIN).map_err(|miss| {
            miss.so_if(infer::lets_a_copy_in(&page, &logout))
                .why("a cookie that was copied before the logout must not work after it (ASVS 7.4.1)")
        })?;
    }
    Ok(())
}

async fn is_in_by_script(trial: &Trial, user: &User) -> Result<(), Miss> {
    let alice = trial.browser("alice");
    let sent = alice.post_by_script(LOGIN, &[("username", &user.name), ("password", &user.password)]).await?;
    sent.redirects_to(PROTECTED).map_err(|miss| miss.so(BY_SCRIPT))?;
    is_in(&alice, user).await
}

async fn an_idle_login_ends(trial: &Trial) -> Result<(), Miss> {
    let (alice, user) = (trial.browser("alice"), trial.users.alice());
    logs_in(&alice, user, false).await?;
    is_in(&alice, user).await?;
    trial.skip(30 * MINUTE + SECOND);
    is_out(&alice, "the last request came 30 minutes and a second ago, and the login still opens the page").await?;
    // The request that found the login ended has not revived it.
    is_out(&alice, "the request before this one found the login ended, and this one finds it alive: a request after the end must not extend a login").await?;
    for way in 1..ASKS {
        trial.log().begin_anew();
        let alice = trial.browser("alice");
        logs_in(&alice, user, false).await?;
        trial.skip(30 * MINUTE + SECOND);
        let Answer { method, path, .. } = asks(&alice, way).await?;
        let so = format!(
            "{method} {path} came 30 minutes and a second after the login, and the next request finds the login alive: no request may extend an expired login"
        );
        is_out(&alice, &so).await?;
    }
    no_request_lasts_longer(trial, user).await
}

/// A request extends a login by 30 minutes and no more, whatever it asks for.
async fn no_request_lasts_longer(trial: &Trial, user: &User) -> Result<(), Miss> {
    for way in 0..ASKS {
        trial.log().begin_anew();
        let alice = trial.browser("alice");
        logs_in(&alice, user, false).await?;
        // Any site has noted a request by then, even one that does not note each of them.
        trial.skip(6 * MINUTE);
        let Answer { method, path, .. } = asks(&alice, way).await?;
        trial.skip(30 * MINUTE + SECOND);
        let so = format!(
            "the last request was {method} {path}, 30 minutes and a second ago, and the login still opens the page: every request extends a login by the same time"
        );
        is_out(&alice, &so).await?;
    }
    Ok(())
}

async fn any_request_is_activity(trial: &Trial) -> Result<(), Miss> {
    let user = trial.users.alice();
    for path in [PROTECTED, HELP, LOGIN] {
        trial.log().begin_anew();
        let alice = trial.browser("alice");
        logs_in(&alice, user, false).await?;
        for _ in 0..3 {
            trial.skip(25 * MINUTE - SECOND);
            let read = alice.get(path).await?;
            if path == PROTECTED {
                still_in(
                    &read,
                    user,
                    "the login ended less than 25 minutes after the last request: is the limit 30 minutes, and does each request move it, by a time that is not rounded?",
                )?;
            }
        }
        trial.skip(25 * MINUTE - SECOND);
        let so = format!(
            "a request for {path} came every 25 minutes, and the login has ended: does a request for this page count?"
        );
        still_in(&alice.get(PROTECTED).await?, user, &so)?;
    }
    trial.log().begin_anew();
    let alice = trial.browser("alice");
    logs_in(&alice, user, false).await?;
    for _ in 0..2 {
        trial.skip(25 * MINUTE - SECOND);
        alice.head(PROTECTED).await?;
    }
    let so = "a HEAD request came every 25 minutes, and the login has ended: HEAD counts like any other request";
    still_in(&alice.get(PROTECTED).await?, user, so)?;
    // Each request counts, however soon it comes after the last.
    trial.log().begin_anew();
    logs_in(&alice, user, false).await?;
    let so = "a request came every 4 minutes, and the login has ended: does a request count if it comes soon after another one?";
    busy(trial, (&alice, user), (32 * MINUTE, 4 * MINUTE), so).await?;
    for soon in [9 * MINUTE, MINUTE, 4 * MINUTE + 30 * SECOND, 5 * MINUTE + 5 * SECOND] {
        trial.log().begin_anew();
        let alice = trial.browser("alice");
        logs_in(&alice, user, false).await?;
        trial.skip(soon);
        still_in(&alice.get(PROTECTED).await?, user, "the login ended a few minutes after it began")?;
        trial.skip(25 * MINUTE - SECOND);
        let so = "the login ended less than 25 minutes after the last request: does a request count if it comes soon after another one?";
        still_in(&alice.get(PROTECTED).await?, user, so)?;
    }
    what_is_refused_counts_too(trial, user).await?;
    what_a_script_sends_counts_too(trial, user).await
}

/// A request counts whatever the site answers.
async fn what_is_refused_counts_too(trial: &Trial, user: &User) -> Result<(), Miss> {
    for way in PAGES..ASKS {
        trial.log().begin_anew();
        let alice = trial.browser("alice");
        logs_in(&alice, user, false).await?;
        trial.skip(25 * MINUTE - SECOND);
        let asked = asks(&alice, way).await?;
        trial.skip(25 * MINUTE - SECOND);
        let Answer { method, path, .. } = &asked;
        let did = format!("the site answered {method} {path} with {}", asked.in_short());
        let is_ended = asked.calls_for(Operation::Delete) && asked.exchange.session.after.is_none();
        let so = match is_ended {
            true => format!("{did}, and ended the login with that: what is refused leaves the session alone"),
            false => format!(
                "{did}, and the login ended less than 25 minutes later: any request counts, even if the site refuses it or has no such page"
            ),
        };
        still_in(&alice.get(PROTECTED).await?, user, &so)?;
    }
    Ok(())
}

/// A request counts whatever its headers say about it.
async fn what_a_script_sends_counts_too(trial: &Trial, user: &User) -> Result<(), Miss> {
    for (name, value) in BACKGROUND {
        trial.log().begin_anew();
        let alice = trial.browser("alice");
        logs_in(&alice, user, false).await?;
        trial.skip(25 * MINUTE - SECOND);
        alice.says(name, value);
        alice.get(HELP).await?.has_status(200)?;
        alice.says_nothing_more();
        trial.skip(25 * MINUTE - SECOND);
        let so = format!(
            "a request with the header `{name}: {value}` came, and the login ended less than 25 minutes later: a request counts whatever its headers are"
        );
        still_in(&alice.get(PROTECTED).await?, user, &so)?;
    }
    Ok(())
}

/// Headers by which a site might take a request for one that no visitor has made.
const BACKGROUND: [(&str, &str); 5] = [
    ("x-requested-with", "XMLHttpRequest"),
    ("sec-purpose", "prefetch"),
    ("purpose", "prefetch"),
    ("sec-fetch-mode", "cors"),
    ("accept", "application/json"),
];

async fn a_busy_login_ends_too(trial: &Trial) -> Result<(), Miss> {
    lives_for_8_hours(trial, 0..0, (2 * MINUTE, "two minutes")).await?;
    trial.log().begin_anew();
    trial.skip_to_new_years_eve();
    // Code that rounds a time down to a minute, five minutes or an hour loses more than 40 seconds of it here. The clock
    // stands at another second in each run until then, so before this nothing may depend on seconds.
    trial.skip(4 * MINUTE + 50 * SECOND);
    lives_for_8_hours(trial, 0..ASKS, (40 * SECOND, "40 seconds")).await?;
    trial.log().begin_anew();
    let (alice, user) = (trial.browser("alice"), trial.users.alice());
    logs_in(&alice, user, false).await?;
    trial.skip(10 * MINUTE);
    is_in(&alice, user).await?;
    alice.says("user-agent", "a newer version of this browser");
    let so = "the browser was updated, and the login ended before its 8 hours were over";
    still_in(&alice.get(PROTECTED).await?, user, so)
}

/// A login that is never idle, which opens the page until `last` before its end. Near its end come requests of these
/// ways, which may not take longer than that.
async fn lives_for_8_hours(trial: &Trial, ways: Range<usize>, (last, in_words): (Duration, &str)) -> Result<(), Miss> {
    let (alice, user) = (trial.browser("alice"), trial.users.alice());
    logs_in(&alice, user, false).await?;
    let so = "a request came every 20 minutes, and the login ended before its 8 hours were over";
    busy(trial, (&alice, user), (8 * HOUR - 21 * MINUTE, 20 * MINUTE), so).await?;
    let mistaken = User { password: trial.users.bob().password.clone(), ..user.clone() };
    alice.log_in(&mistaken).await?.refuses(&mistaken)?;
    // No request moves the beginning, whatever it asks for.
    for way in ways {
        asks(&alice, way).await?;
    }
    trial.skip(21 * MINUTE - last);
    // One request does not carry the next one past the end.
    let so = format!(
        "the login ended {in_words} before its 8 hours were over: does its beginning lose minutes or seconds, for example because it is rounded?"
    );
    still_in(&alice.get(PROTECTED).await?, user, &so)?;
    trial.skip(last + SECOND);
    is_out(
        &alice,
        "the page still opens 8 hours and a second after the login: is there a limit that no request moves, and is it 8 hours after the login?",
    )
    .await
}

async fn the_end_is_at_the_server(trial: &Trial) -> Result<(), Miss> {
    let (alice, user) = (trial.browser("alice"), trial.users.alice());
    logs_in(&alice, user, false).await?;
    is_in(&alice, user).await?;
    let mallory = alice.copied_by("mallory");
    trial.skip(31 * MINUTE);
    is_out(&mallory, "no request came for 31 minutes, and a copy of the cookie still opens the page: the server has to check the time, because only a browser obeys a cookie's age").await?;
    // It does not help to leave out the other cookies that were set beside the session's own.
    trial.log().begin_anew();
    let login = logs_in(&alice, user, false).await?;
    let mallory = alice.copied_by("mallory");
    let ids: Vec<_> = login.exchange.calls.iter().map(|call| call.id.as_str()).collect();
    mallory.drops_all_but(|value| ids.iter().any(|id| value.contains(id)));
    trial.skip(31 * MINUTE);
    is_out(
        &mallory,
        "with all cookies the login had ended, and with the session cookie alone it opens the page: the time must not be in another cookie, which a visitor can leave out",
    )
    .await?;
    a_new_server_knows_it(trial).await
}

/// A restarted server still knows when a login began and when its last request came.
async fn a_new_server_knows_it(trial: &Trial) -> Result<(), Miss> {
    let (user, long) = (trial.users.alice(), 8 * HOUR - 20 * MINUTE);
    trial.log().begin_anew();
    let alice = trial.browser("alice");
    let login = logs_in(&alice, user, false).await?;
    busy(trial, (&alice, user), (long, 20 * MINUTE), "the login ended before its 8 hours were over").await?;
    trial.restart().await?;
    let so = "the server was restarted, and the login has ended before its 8 hours were over: does the session keep all that the site has to know of a login?";
    let so = infer::in_another_store(&login).unwrap_or(so.to_owned());
    still_in(&alice.get(PROTECTED).await?, user, &so)?;
    trial.skip(20 * MINUTE + SECOND);
    let so = "the page still opens 8 hours and a second after the login: the server was restarted in between, so does the session keep when the login began?";
    is_out(&alice, so).await?;
    trial.log().begin_anew();
    logs_in(&alice, user, false).await?;
    trial.restart().await?;
    trial.skip(30 * MINUTE + SECOND);
    let so = "the page still opens 30 minutes and a second after the last request: the server was restarted in between, so does the session keep when that request came?";
    is_out(&alice, so).await
}

async fn remember_me_lasts(trial: &Trial) -> Result<(), Miss> {
    let (alice, user) = (trial.browser("alice"), trial.users.alice());
    let login = logs_in(&alice, user, true).await?;
    alice.close();
    let page = alice.get(PROTECTED).await?;
    let set = login.exchange.response.set_cookies.first();
    let sent = set.map_or("no cookie".to_owned(), |cookie| format!("{}=…; {}", cookie.name, cookie.sent));
    let so = format!("the browser had no cookie when it was opened again; the login had set {sent}");
    still_in(
        &page,
        user,
        if page.exchange.request.cookies.is_empty() { &so } else { "a login with `remember` ended at once" },
    )?;
    trial.skip(9 * HOUR);
    let so = "a login with `remember` ended within 9 hours: does every check of the time take the choice into account?";
    still_in(&alice.get(PROTECTED).await?, user, so)?;
    for _ in 0..2 {
        trial.skip(7 * DAY);
        let so = "a login with `remember` ended within its 30 days";
        still_in(&alice.get(PROTECTED).await?, user, so)?;
        alice.close();
        let page = alice.get(PROTECTED).await?;
        let so = match page.exchange.request.cookies.is_empty() {
            true => {
                "the cookie survived when the browser was closed for the first time, but not this time: did a later answer set it again without an age?"
            }
            false => so,
        };
        still_in(&page, user, so)?;
    }
    trial.restart().await?;
    let so = "the server was restarted, and a login with `remember` has ended within its 30 days: does the session keep all that the site has to know of a login?";
    still_in(&alice.get(PROTECTED).await?, user, so)?;
    for way in 0..ASKS {
        trial.log().begin_anew();
        let alice = trial.browser("alice");
        logs_in(&alice, user, true).await?;
        trial.skip(DAY);
        let asked = asks(&alice, way).await?;
        alice.close();
        let so = format!(
            "a day after the login came {} {}, then the browser was closed, and the login is gone: did that answer set the cookie again without an age?",
            asked.method, asked.path
        );
        still_in(&alice.get(PROTECTED).await?, user, &so)?;
    }
    trial.log().begin_anew();
    trial.skip_to_new_years_eve();
    let bob = trial.browser("bob");
    logs_in(&bob, trial.users.bob(), true).await?;
    trial.skip(30 * DAY - HOUR);
    let so = "a login with `remember` ended within its 30 days, in which no request came";
    still_in(&bob.get(PROTECTED).await?, trial.users.bob(), so)
}

async fn remember_me_ends(trial: &Trial) -> Result<(), Miss> {
    let (alice, user) = (trial.browser("alice"), trial.users.alice());
    logs_in(&alice, user, true).await?;
    let (stranger, bob) = (trial.browser("stranger"), trial.users.bob());
    for (name, value) in alice.cookies().into_iter().filter(|(_, value)| value.contains(&user.name)) {
        stranger.takes(&format!("{name}={}", value.replace(&user.name, &bob.name)));
        let so = format!(
            "a visitor wrote another name into the cookie `{name}`, and the site takes them for that user: a visitor can write any cookie, so the session has to say who they are"
        );
        is_out(&stranger, &so).await?;
    }
    trial.log().new_scene();
    let so = "a request came every few days, and a login with `remember` ended within its 30 days";
    busy(trial, (&alice, user), (30 * DAY - HOUR, 5 * DAY), so).await?;
    trial.skip(HOUR - 2 * MINUTE);
    alice.get(HELP).await?;
    let mallory = alice.copied_by("mallory");
    trial.skip(2 * MINUTE + SECOND);
    let so = "the page still opens 30 days and a second after the login: is there a limit that no request moves?";
    is_out(&alice, so).await?;
    is_out(&mallory, so).await?;
    trial.log().begin_anew();
    logs_in(&alice, user, true).await?;
    trial.skip(29 * DAY);
    for way in 0..ASKS {
        asks(&alice, way).await?;
    }
    trial.skip(DAY + SECOND);
    is_out(
        &alice,
        "the page still opens 30 days and a second after the login: one of the requests has moved the limit",
    )
    .await?;
    nothing_else_is_remembered(trial).await
}

/// Neither a cookie that anyone can write nor a failed login turns a login without `remember` into a remembered one.
/// That the login ends at all is another requirement.
async fn nothing_else_is_remembered(trial: &Trial) -> Result<(), Miss> {
    let user = trial.users.alice();
    let [desktop, laptop, phone] = ["alice", "bob", "phone"].map(|who| trial.browser(who));
    logs_in(&desktop, user, true).await?;
    logs_in(&laptop, trial.users.bob(), true).await?;
    // A value that two of them share is not a secret.
    let shared: Vec<_> = desktop.cookies().into_iter().filter(|cookie| laptop.cookies().contains(cookie)).collect();

    trial.log().begin_anew();
    logs_in(&phone, user, false).await?;
    trial.skip(31 * MINUTE);
    if phone.get(PROTECTED).await?.status.is_success() {
        return Ok(());
    }
    logs_in(&phone, user, false).await?;
    let wrong = [("username", user.name.as_str()), ("password", "a guess"), ("remember", "on")];
    if phone.post(LOGIN, &wrong).await?.status.is_client_error() {
        trial.skip(31 * MINUTE);
        let so = "someone typed a wrong password and ticked the box, and the login that was there has become a remembered one";
        is_out(&phone, so).await?;
    }
    for address in ["/help?remember=1", "/protected?remember=on", "/login?remember=true"] {
        trial.log().begin_anew();
        let phone = trial.browser("phone");
        logs_in(&phone, user, false).await?;
        phone.get(address).await?;
        trial.skip(31 * MINUTE);
        let so = format!(
            "GET {address} has turned this login into a remembered one: only the box in the form does that, because a link on any page can make a browser send this request"
        );
        is_out(&phone, &so).await?;
    }
    for value in ["1", "on", "true"] {
        no_other_cookie_ticks_the_box(trial, user, value).await?;
        trial.log().begin_anew();
        let phone = trial.browser("phone");
        logs_in(&phone, user, false).await?;
        for (name, value) in
            shared.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain([("remember", value)])
        {
            phone.takes(&format!("{name}={value}"));
        }
        phone.writes(&REMEMBERED, value);
        trial.skip(31 * MINUTE);
        is_out(&phone, "a cookie that any visitor can write has turned this login into a remembered one").await?;
    }
    Ok(())
}

/// The visitor changes what the site has set beside the session's own cookie, and logs in without the box.
async fn no_other_cookie_ticks_the_box(trial: &Trial, user: &User, value: &str) -> Result<(), Miss> {
    trial.log().begin_anew();
    let phone = trial.browser("phone");
    let login = logs_in(&phone, user, false).await?;
    let is_session = |held: &str| login.exchange.calls.iter().any(|call| held.contains(&call.id));
    let others: Vec<_> = phone.cookies().into_iter().filter(|(_, held)| !is_session(held)).collect();
    for (name, _) in &others {
        phone.takes(&format!("{name}={value}"));
    }
    phone.writes(&REMEMBERED, value);
    logs_in(&phone, user, false).await?;
    trial.skip(31 * MINUTE);
    let so = "this login came without the box, and a cookie that any visitor can write has made it a remembered one";
    is_out(&phone, so).await
}

/// Names by which a site might look for the choice to be remembered.
const REMEMBERED: [&str; 6] = ["remembered", "remember_me", "remember-me", "rememberme", "keep", "persistent"];

async fn no_cookie_outlives_the_browser_unasked(trial: &Trial) -> Result<(), Miss> {
    let (alice, user) = (trial.browser("alice"), trial.users.alice());
    logs_in(&alice, user, false).await?;
    for path in [PROTECTED, HELP] {
        trial.skip(10 * MINUTE);
        alice.get(path).await?;
    }
    ends_with_the_browser(&alice, "nobody asked to be remembered").await?;
    // Nor does the next login, if the one before it was remembered.
    trial.log().begin_anew();
    let alice = trial.browser("alice");
    logs_in(&alice, user, true).await?;
    logs_in(&alice, user, false).await?;
    ends_with_the_browser(&alice, "the login before this one asked to be remembered, and this one did not").await
}

async fn ends_with_the_browser(browser: &Browser<'_>, because: &str) -> Result<(), Miss> {
    browser.close();
    let page = browser.get(PROTECTED).await?;
    let so = format!(
        "{because}, and the cookie is still there when the browser is opened again: it must have neither `Max-Age` nor `Expires`"
    );
    let has_cookie = !page.exchange.request.cookies.is_empty();
    page.redirects_to(LOGIN).map_err(|miss| miss.so_if((page.is_ok() && has_cookie).then_some(so)))
}

async fn the_visitor_is_told(trial: &Trial) -> Result<(), Miss> {
    let (alice, user) = (trial.browser("alice"), trial.users.alice());
    follows(&trial.browser("stranger"), &trial.browser("stranger").get(PROTECTED).await?)
        .await?
        .shows_not(EXPIRED, UNASKED)?;
    // A cookie of another program on this host is not a login.
    trial.log().begin_anew();
    let stranger = trial.browser("stranger");
    stranger.takes("menu=open");
    let asked = stranger.get(PROTECTED).await?;
    let so =
        "this visitor has a cookie of another program and never logged in: only the session cookie tells of a login";
    follows(&stranger, &asked).await?.shows_not(EXPIRED, so)?;
    trial.log().begin_anew();
    for impostor in impostors::all(&trial.users) {
        trial.log().begin_apart();
        trial.browser("stranger").log_in(&impostor.typed).await?.shows_not(EXPIRED, UNASKED)?;
    }
    trial.log().begin_anew();

    logs_in(&alice, user, false).await?;
    trial.skip(31 * MINUTE);
    is_told(&alice).await?;
    for address in [reading::from_a_link(PROTECTED), format!("{PROTECTED}?from=mail")] {
        trial.log().begin_anew();
        let alice = trial.browser("alice");
        logs_in(&alice, user, false).await?;
        trial.skip(31 * MINUTE);
        is_told_at(&alice, &address).await?;
    }

    trial.log().begin_anew();
    logs_in(&alice, user, false).await?;
    busy(
        trial,
        (&alice, user),
        (8 * HOUR - 20 * MINUTE, 20 * MINUTE),
        "a request came every 20 minutes, and the login ended within its 8 hours",
    )
    .await?;
    trial.skip(20 * MINUTE + SECOND);
    is_told(&alice).await?;

    trial.log().begin_anew();
    logs_out_and_is_told_nothing(&trial.browser("alice"), user).await?;
    // Nor later, when the end that was told was the end of another login.
    trial.log().begin_anew();
    let alice = trial.browser("alice");
    logs_in(&alice, user, false).await?;
    trial.skip(31 * MINUTE);
    is_told(&alice).await?;
    logs_out_and_is_told_nothing(&alice, user).await
}

async fn logs_out_and_is_told_nothing(browser: &Browser<'_>, user: &User) -> Result<(), Miss> {
    logs_in(browser, user, false).await?;
    let logout = browser.post("/logout", &[]).await?;
    follows(browser, &logout).await?.shows_not(EXPIRED, UNASKED)?;
    let asked = browser.get(PROTECTED).await?;
    follows(browser, &asked).await?.shows_not(EXPIRED, UNASKED)
}

async fn a_new_login_begins_anew(trial: &Trial) -> Result<(), Miss> {
    let (alice, user) = (trial.browser("alice"), trial.users.alice());
    // Hours later, while the old one is still alive.
    logs_in(&alice, user, false).await?;
    busy(
        trial,
        (&alice, user),
        (7 * HOUR, 20 * MINUTE),
        "a request came every 20 minutes, and the login ended within its 8 hours",
    )
    .await?;
    trial.log().new_scene();
    let before = alice.copied_by("mallory");
    let login = logs_in(&alice, user, false).await?;
    is_renewed(&before, &login).await?;
    let so = "a new login ended within 2 hours: do its 8 hours count from the login before it, which was 7 hours old?";
    busy(trial, (&alice, user), (2 * HOUR, 20 * MINUTE), so).await?;
    // The new login no longer asks to be remembered.
    trial.log().begin_anew();
    logs_in(&alice, user, true).await?;
    logs_in(&alice, user, false).await?;
    trial.skip(31 * MINUTE);
    is_out(
        &alice,
        "the last login did not tick the box, and 31 minutes later it is still alive: does the box of the login before it still count?",
    )
    .await?;
    // Right after the end of the old one.
    trial.log().begin_anew();
    logs_in(&alice, user, false).await?;
    let before = alice.copied_by("mallory");
    trial.skip(31 * MINUTE);
    let login = logs_in(&alice, user, false).await?;
    let so = "a login right after an expired one has ended by its first request";
    still_in(&alice.get(PROTECTED).await?, user, so)?;
    is_renewed(&before, &login).await?;
    for first in ["alice", "bob"] {
        follows_an_expired_one(trial, first).await?;
        for (old, new) in [(false, false), (false, true), (true, false), (true, true)] {
            starts_over(trial, (first, old), new).await?;
        }
    }
    Ok(())
}

/// Alice logs in where a login, of hers or of another user, has ended: by then it was almost as old as a login can be.
async fn follows_an_expired_one(trial: &Trial, first: &str) -> Result<(), Miss> {
    trial.log().begin_anew();
    let (browser, alice) = (trial.browser("alice"), trial.users.alice());
    let (before, whose) = if first == "alice" { (alice, "the same user") } else { (trial.users.bob(), "another user") };
    logs_in(&browser, before, false).await?;
    let so = "a request came every 20 minutes, and the login ended within its 8 hours";
    busy(trial, (&browser, before), (7 * HOUR, 20 * MINUTE), so).await?;
    trial.skip(31 * MINUTE);
    logs_in(&browser, alice, false).await?;
    let so = format!(
        "a login of {whose} had ended here, 7 and a half hours after it began, and the new login ended within its first hour: does its time count from the login before it?"
    );
    busy(trial, (&browser, alice), (HOUR, 20 * MINUTE), &so).await
}

/// Alice logs in where a login, of hers or of another user, is almost over: nothing is left of its time or its choice.
async fn starts_over(trial: &Trial, (first, old): (&str, bool), new: bool) -> Result<(), Miss> {
    trial.log().begin_anew();
    let (browser, alice) = (trial.browser("alice"), trial.users.alice());
    let before = if first == "alice" { alice } else { trial.users.bob() };
    logs_in(&browser, before, old).await?;
    let (long, often) = if old { (29 * DAY, 10 * DAY) } else { (7 * HOUR + 30 * MINUTE, 20 * MINUTE) };
    busy(trial, (&browser, before), (long, often), "requests kept coming, and the login ended before its time").await?;
    logs_in(&browser, alice, new).await?;
    let whose = if first == "alice" { "the same user" } else { "another user" };
    let so = format!(
        "{whose} was logged in here before, and the new login ended before its time: does its time count from the login before it?"
    );
    if new {
        trial.skip(3 * DAY);
        return still_in(&browser.get(PROTECTED).await?, alice, &so);
    }
    busy(trial, (&browser, alice), (HOUR, 20 * MINUTE), &so).await?;
    trial.skip(31 * MINUTE);
    let so = format!(
        "the last login did not tick the box, and is still alive after 31 minutes without a request: does the login before it, of {whose}, still count?"
    );
    is_out(&browser, &so).await
}

async fn visitors_do_not_mix(trial: &Trial) -> Result<(), Miss> {
    let [alice, bob] = ["alice", "bob"].map(|who| trial.browser(who));
    logs_in(&alice, trial.users.alice(), false).await?;
    trial.skip(31 * MINUTE);
    is_out(&alice, "no request came for 31 minutes, from any visitor, and the login still opens the page").await?;
    trial.log().begin_anew();
    logs_in(&alice, trial.users.alice(), false).await?;
    logs_in(&bob, trial.users.bob(), false).await?;
    let both = "bob sent a request every 10 minutes, and his login has ended";
    busy(trial, (&bob, trial.users.bob()), (20 * MINUTE, 10 * MINUTE), both).await?;
    let page = alice.get(PROTECTED).await?;
    let so = infer::mixed(&page, &trial.users.alice().name, &trial.users.bob().name);
    page.shows(&trial.users.alice().name).map_err(|miss| miss.so_if(so))?;
    busy(trial, (&bob, trial.users.bob()), (40 * MINUTE, 10 * MINUTE), both).await?;
    is_out(&alice, "alice sent no request for 40 minutes, and her login is alive because bob sent some: do all visitors share the time of the last request?")
        .await?;
    still_in(&bob.get(PROTECTED).await?, trial.users.bob(), both)?;
    // Nor do requests from one of alice's browsers keep the login in her other one alive.
    trial.log().begin_anew();
    let [desktop, phone] = ["alice", "phone"].map(|who| trial.browser(who));
    for browser in [&desktop, &phone] {
        logs_in(browser, trial.users.alice(), false).await?;
    }
    busy(
        trial,
        (&phone, trial.users.alice()),
        (40 * MINUTE, 10 * MINUTE),
        "a request came every 10 minutes, and the login has ended",
    )
    .await?;
    is_out(&desktop, "the desktop sent no request for 40 minutes, and its login is alive because the phone sent some: the time belongs to a login, not to a user")
        .await?;
    for (remember, long, often) in [(false, 8 * HOUR, 20 * MINUTE), (true, 30 * DAY, 5 * DAY)] {
        no_later_login_prolongs_it(trial, remember, (long, often)).await?;
    }
    for remember in [false, true] {
        no_later_login_ends_it(trial, remember).await?;
    }
    trial.log().begin_anew();
    let bob = trial.browser("bob");
    let login = logs_in(&bob, trial.users.bob(), false).await?;
    written::say_nothing(trial, &bob, &login).await
}

/// A login ends after its time, although its user has logged in elsewhere shortly before.
async fn no_later_login_prolongs_it(
    trial: &Trial,
    remember: bool,
    (long, often): (Duration, Duration),
) -> Result<(), Miss> {
    trial.log().begin_anew();
    let ([desktop, phone], user) = (["alice", "phone"].map(|who| trial.browser(who)), trial.users.alice());
    logs_in(&desktop, user, remember).await?;
    let so = "requests kept coming, and the login ended before its time";
    busy(trial, (&desktop, user), (long - often, often), so).await?;
    logs_in(&phone, user, remember).await?;
    trial.skip(often + SECOND);
    let so = "the login on the desktop has outlived its time since the same user logged in on the phone: the time at which a login began belongs to that login, not to the user";
    is_out(&desktop, so).await
}

/// A user may be logged in with several browsers.
async fn no_later_login_ends_it(trial: &Trial, remember: bool) -> Result<(), Miss> {
    trial.log().begin_anew();
    let user = trial.users.alice();
    let browsers = ["alice", "phone", "laptop", "tablet"].map(|who| trial.browser(who));
    for browser in &browsers {
        logs_in(browser, user, remember).await?;
        trial.skip(MINUTE);
        for earlier in &browsers {
            if earlier.cookies().is_empty() {
                break;
            }
            let so = "the same user has logged in with another browser, and this login has ended before its time: only its own time or a logout ends a login";
            still_in(&earlier.get(PROTECTED).await?, user, so)?;
        }
    }
    Ok(())
}

async fn reading_opens_no_session(trial: &Trial) -> Result<(), Miss> {
    let paths = [LOGIN, PROTECTED, HELP];
    reading::opens_no_session(&trial.browser("stranger"), &paths).await?;
    trial.log().begin_anew();
    let alice = trial.browser("alice");
    let login = logs_in(&alice, trial.users.alice(), false).await?;
    reading::asks(&reading::with_a_stale_cookie(&alice, &login), &paths).await?;
    // A name and a password in an address log nobody in.
    trial.log().begin_anew();
    let user = trial.users.alice();
    let fields = encode(&[("username", user.name.as_str()), ("password", &user.password)]);
    for asks_for_headers in [false, true] {
        trial.log().begin_apart();
        let (stranger, address) = (trial.browser("stranger"), format!("{LOGIN}?{fields}"));
        let read = if asks_for_headers { stranger.head(&address).await? } else { stranger.get(&address).await? };
        reading::opened_none(&read)?;
    }
    // A refused request leaves nothing either; a monitor looks at the answers.
    for way in PAGES..ASKS {
        trial.log().begin_anew();
        asks(&trial.browser("stranger"), way).await?;
    }
    trial.log().begin_anew();
    trial.browser("stranger").post("/logout", &[]).await?;
    trial.log().begin_anew();
    logs_in(&alice, trial.users.alice(), false).await?;
    let logout = alice.post("/logout", &[]).await?;
    let page = follows(&alice, &logout).await?;
    match [&logout, &page].into_iter().find(|answer| answer.exchange.session.after.is_some()) {
        None => Ok(()),
        Some(answer) => Err(answer
            .miss("no session after a logout", "a session")
            .so("the visitor has logged out, and the store still has a session for their browser")),
    }
}

async fn logs_in(browser: &Browser<'_>, user: &User, remember: bool) -> Result<Answer, Miss> {
    let mut fields = vec![("username", user.name.as_str()), ("password", &user.password)];
    fields.extend(remember.then_some(("remember", "on")));
    let answer = browser.post(LOGIN, &fields).await?;
    answer.redirects_to(PROTECTED)?;
    Ok(answer)
}

/// How many ways there are to send a request. Those for a page come first: the others are refused or lead nowhere.
const ASKS: usize = 14;
const PAGES: usize = 4;

async fn asks(browser: &Browser<'_>, way: usize) -> Result<Answer, Miss> {
    match way {
        0 => browser.get(PROTECTED).await,
        1 => browser.head(PROTECTED).await,
        2 => browser.get(HELP).await,
        3 => browser.get(LOGIN).await,
        PAGES => browser.get("/no/such/page").await,
        5 => browser.post(HELP, &[]).await,
        6 => browser.post(LOGIN, &[("username", "nobody"), ("password", "a guess")]).await,
        7 => browser.post(LOGIN, &[("username", "nobody")]).await,
        8 => browser.post_bytes(LOGIN, "text/plain", b"hello".to_vec()).await,
        9 => browser.get("/help?since=1").await,
        10 => browser.get("/favicon.ico").await,
        11 => browser.sends(Method::OPTIONS, HELP).await,
        12 => browser.sends(Method::PUT, HELP).await,
        _ => browser.sends(Method::DELETE, PROTECTED).await,
    }
}

async fn is_in(browser: &Browser<'_>, user: &User) -> Result<(), Miss> {
    browser.get(PROTECTED).await?.shows(&user.name)
}

/// Expects the page; `so` says what it means if the visitor is sent away.
fn still_in(page: &Answer, user: &User, so: &str) -> Result<(), Miss> {
    page.shows(&user.name).map_err(|miss| miss.so_if(page.status.is_redirection().then_some(so)))
}

/// Expects a redirect to the login page; `so` says what it means if the page opens.
async fn is_out(browser: &Browser<'_>, so: &str) -> Result<(), Miss> {
    let page = browser.get(PROTECTED).await?;
    page.redirects_to(LOGIN).map_err(|miss| miss.so_if(page.is_ok().then_some(so)))
}

/// A copy of the cookie from before this login opens nothing.
async fn is_renewed(before: &Browser<'_>, login: &Answer) -> Result<(), Miss> {
    let page = before.get(PROTECTED).await?;
    page.redirects_to(LOGIN).map_err(|miss| miss.so_if(infer::lets_the_old_id_in(&page, login, |id| before.holds(id))))
}

/// Asks for the page at this interval, for this long, and is logged in each time.
async fn busy(
    trial: &Trial,
    (browser, user): (&Browser<'_>, &User),
    (long, often): (Duration, Duration),
    so: &str,
) -> Result<(), Miss> {
    let mut left = long;
    while left > Duration::ZERO {
        let step = left.min(often);
        trial.skip(step);
        still_in(&browser.get(PROTECTED).await?, user, so)?;
        left -= step;
    }
    Ok(())
}

/// Follows a redirect to the login page, with its query.
async fn follows(browser: &Browser<'_>, answer: &Answer) -> Result<Answer, Miss> {
    answer.redirects_to(LOGIN)?;
    browser.follow(answer).await
}

async fn is_told(browser: &Browser<'_>) -> Result<(), Miss> {
    is_told_at(browser, PROTECTED).await
}

/// The page for users has this address here.
async fn is_told_at(browser: &Browser<'_>, address: &str) -> Result<(), Miss> {
    let sent_away = browser.get(address).await?;
    let page = follows(browser, &sent_away).await.map_err(|miss| match sent_away.status.is_success() {
        true => miss.so("the login has not ended: the page still opens"),
        false => miss,
    })?;
    page.shows(EXPIRED).map_err(|miss| miss.so_if(page.is_ok().then_some(UNTOLD)))
}
