//! The checks of exercise 3: preferences that are saved whole or not at all, and applied.

use std::time::Duration;

use session_inspector::Operation;

use crate::{
    Answer, Browser, Check, Form, Miss, Monitor, Suite, Trial,
    browser::{BY_SCRIPT, encode},
    clients, impostors, improper, infer,
    infer::holds_the_name,
    model::{self, forms},
    monitor, neighbour,
    reading::{self, READING},
    trial::Cause,
    typed,
};

pub(crate) const FORM: &str = "/set_preferences";
pub(crate) const PROFILE: &str = "/profile";
pub(crate) const URLENCODED: &str = "application/x-www-form-urlencoded";

pub(crate) const THEMES: [&str; 2] = ["light", "dark"];
const NOTIFICATIONS: [&str; 2] = ["enabled", "disabled"];

/// A theme, and notifications.
pub(crate) type Choice = (&'static str, &'static str);

pub(crate) const DEFAULT: Choice = ("light", "enabled");
const OTHER: Choice = ("dark", "disabled");
/// All choices that exist.
pub(crate) const CHOICES: [Choice; 4] = [DEFAULT, OTHER, ("light", "disabled"), ("dark", "enabled")];

/// Exercise 3.
pub static SUITE: Suite = Suite {
    exercise: 3,
    readme: include_str!("../../../exercises/3-preferences/README.md"),
    passes_at_first: &[],
    checks: &[
        Check {
            id: "there_are_defaults",
            why: "most visitors never choose anything, so the page needs a default for them",
            hint: 1,
            read: "applications/preferences.md#what-does-she-read-before-she-has-chosen",
            run: |trial| Box::pin(there_are_defaults(trial)),
        },
        Check {
            id: "the_form_offers_what_there_is",
            why: "a form that offers the choices keeps honest visitors from sending a wrong value",
            hint: 2,
            read: "applications/preferences.md#how-are-preferences-saved",
            run: |trial| Box::pin(the_form_offers_what_there_is(trial)),
        },
        Check {
            id: "a_choice_is_saved",
            why: "HTTP forgets the visitor after each answer; the next request knows a choice only if the session holds it",
            hint: 3,
            read: "basics/set-and-get.md#how-is-something-written",
            run: |trial| Box::pin(a_choice_is_saved(trial)),
        },
        Check {
            id: "a_later_choice_counts",
            why: "people change their minds, and change them back; the last choice has to win",
            hint: 3,
            read: "applications/preferences.md#how-are-preferences-saved",
            run: |trial| Box::pin(a_later_choice_counts(trial)),
        },
        Check {
            id: "unknown_values_save_nothing",
            why: "anyone can send anything, whatever the form offers; a value that is saved unchecked is used unchecked",
            hint: 4,
            read: "applications/preferences.md#how-are-preferences-saved",
            run: |trial| Box::pin(unknown_values_save_nothing(trial)),
        },
        Check {
            id: "missing_values_save_nothing",
            why: "one form is one decision; saving half of it leaves a state that nobody chose",
            hint: 4,
            read: "applications/preferences.md#how-are-preferences-saved",
            run: |trial| Box::pin(missing_values_save_nothing(trial)),
        },
        Check {
            id: "the_theme_is_applied",
            why: "a preference that changes nothing is useless; every page has to apply it",
            hint: 5,
            read: "applications/preferences.md#where-do-they-take-effect",
            run: |trial| Box::pin(the_theme_is_applied(trial)),
        },
        Check {
            id: "the_form_shows_the_choice",
            why: "a form that shows the defaults undoes the last choice when somebody submits it again",
            hint: 5,
            read: "applications/preferences.md#where-do-they-take-effect",
            run: |trial| Box::pin(the_form_shows_the_choice(trial)),
        },
        Check {
            id: "visitors_do_not_mix",
            why: "one program serves all visitors at once; what it keeps outside the session belongs to everyone",
            hint: 3,
            read: "basics/what-is-a-session.md#why-can-a-program-not-just-remember",
            run: |trial| Box::pin(visitors_do_not_mix(trial)),
        },
        Check {
            id: "the_choice_is_there_at_the_next_visit",
            why: CLOSED,
            hint: 6,
            read: "lifetime/how-long.md#what-does-the-article-set",
            run: |trial| Box::pin(the_choice_is_there_at_the_next_visit(trial)),
        },
        Check {
            id: "a_login_keeps_the_choice",
            why: "a login has to renew the session ID (ASVS 7.2.4), but the session has to keep its data",
            hint: 7,
            read: "security/fixation.md#what-stops-it",
            run: |trial| Box::pin(a_login_keeps_the_choice(trial)),
        },
        Check {
            id: "reading_changes_nothing",
            why: READING,
            hint: 3,
            read: "security/csrf.md#can-a-link-buy-something",
            run: |trial| Box::pin(reading_changes_nothing(trial)),
        },
    ],
    monitors: &[
        Monitor { check: "a_login_keeps_the_choice", watch: monitor::a_login_issues_a_new_id },
        Monitor { check: "reading_changes_nothing", watch: monitor::reading_changes_nothing },
    ],
    names: None,
    model: Some(&model::PREFERENCES),
};

async fn there_are_defaults(trial: &Trial) -> Result<(), Miss> {
    shows(&trial.browser("alice").get(PROFILE).await?, DEFAULT)?;
    // A visitor with a session may have chosen nothing yet, either. Another requirement is about the login itself.
    trial.log().begin_anew();
    let bob = trial.browser("bob");
    let login = bob.log_in(trial.users.bob()).await;
    if login.is_ok_and(|login| login.exchange.session.after.is_some()) {
        let so = "bob has a session because he logged in, but he has not chosen anything yet";
        for path in [PROFILE, FORM] {
            bob.get(path).await?.has_status(200).map_err(|miss| miss.so(so))?;
        }
        shows(&bob.get(PROFILE).await?, DEFAULT).map_err(|miss| miss.so(so))?;
    }
    // What a browser says about itself is not a choice on this site.
    trial.log().begin_anew();
    let stranger = trial.browser("stranger");
    stranger.says("sec-ch-prefers-color-scheme", "dark");
    let so = "this visitor has chosen nothing on this site; their browser asks for dark, but that is not a choice here";
    shows(&stranger.get(PROFILE).await?, DEFAULT).map_err(|miss| miss.so(so))?;
    trial.log().begin_anew();
    let mallory = trial.browser("mallory");
    mallory.writes(&["theme"], OTHER.0);
    mallory.writes(&["notifications"], OTHER.1);
    let so = "this visitor sent no form, and cookies that no answer set changed the page: anyone can write a cookie, so it is no choice";
    shows(&mallory.get(PROFILE).await?, DEFAULT).map_err(|miss| miss.so(so))
}

async fn the_form_offers_what_there_is(trial: &Trial) -> Result<(), Miss> {
    let page = trial.browser("alice").get(FORM).await?;
    page.has_status(200).map_err(|miss| Miss { expected: "200, and a page with a form".to_owned(), ..miss })?;
    page.lets_send_forms()?;
    let forms = page.forms();
    let has_both = |form: &&Form| form.has("theme") && form.has("notifications");
    let right = forms.iter().filter(|form| form.goes_to(FORM)).find(has_both);
    let close = forms.iter().find(|form| form.has("theme") || form.has("notifications"));
    let there = forms.iter().find(|form| form.goes_to(FORM));
    let Some(form) = right.or(close).or(there).or(forms.first()) else {
        return Err(page.has_no_form());
    };
    for (name, wanted) in [("theme", THEMES), ("notifications", NOTIFICATIONS)] {
        page.has_field(form, name)?;
        let mut offered = form.choices(name);
        offered.sort_unstable();
        let mut sorted = wanted;
        sorted.sort_unstable();
        if offered != sorted {
            let actual = match offered.is_empty() {
                true => "a field without a choice".to_owned(),
                false => format!("the choice between {}", offered.join(", ")),
            };
            return Err(Miss::new(format!("under `{name}` the choice between {}", wanted.join(" and ")), actual)
                .so(misoffered(&offered, &wanted)));
        }
    }
    if form.method != "post" {
        return Err(Miss::new("method=\"post\"", format!("method=\"{}\"", form.method))
            .so("the browser would send a GET with the choice in the address, and a GET must not save anything"));
    }
    form.is_let_go()?;
    form.has_a_button()?;
    if !matches!(form.path(), "" | FORM | "set_preferences") {
        return Err(Miss::new(format!("a form that posts to {FORM}"), format!("a form that posts to {}", form.action))
            .so("its `action` names another address"));
    }
    Ok(())
}

async fn a_choice_is_saved(trial: &Trial) -> Result<(), Miss> {
    let alice = trial.browser("alice");
    let saved = save(&alice, OTHER).await?;
    let page = alice.get(PROFILE).await?;
    shows(&page, OTHER).map_err(|miss| miss.so_if(unsaved(&saved, &page, OTHER)))?;
    for client in clients::ALL {
        trial.log().begin_anew();
        let carol = trial.browser("carol");
        let fields = [("theme", OTHER.0), ("notifications", OTHER.1)];
        let saved = client.posts(&carol, FORM, &fields).await?;
        saved.redirects_to(PROFILE).map_err(|miss| client.explains(miss))?;
        shows(&carol.get(PROFILE).await?, OTHER).map_err(|miss| client.explains(miss))?;
    }
    trial.log().begin_anew();
    let bob = trial.browser("bob");
    let saved = bob.post_by_script(FORM, &[("theme", OTHER.0), ("notifications", OTHER.1)]).await?;
    saved.redirects_to(PROFILE).map_err(|miss| miss.so(BY_SCRIPT))?;
    shows(&bob.get(PROFILE).await?, OTHER)?;
    only_the_session_decides(trial, &[PROFILE], shows).await
}

/// What is wrong with the values that a form offers.
fn misoffered(offered: &[&str], wanted: &[&str]) -> String {
    let without = |all: &[&str], some: &[&str]| -> Vec<String> {
        all.iter().filter(|value| !some.contains(value)).map(|value| format!("`{value}`")).collect()
    };
    let how = "offer each choice as an <option> of a <select>, or as a radio button; the `value` counts, which a browser sends, and not the text beside it";
    match (without(offered, wanted).as_slice(), without(wanted, offered).as_slice()) {
        ([], []) => "the form offers one of them more than once".to_owned(),
        (more, []) => format!("the form offers {}, which is no choice here", more.join(", ")),
        ([], missing) => format!("the form does not offer {}: {how}", missing.join(" and ")),
        (more, missing) => format!("the form offers {} instead of {}: {how}", more.join(", "), missing.join(" and ")),
    }
}

/// Why a choice that was sent is not on the page. A record may hold it as words or as booleans.
fn unsaved(saved: &Answer, page: &Answer, choice: Choice) -> Option<Cause> {
    if !page.is_ok() {
        return None;
    }
    let (chosen, others) = missing(page, choice)?;
    let holds = |held: &_, word: &str| infer::holds(held, word);
    Some(match &page.exchange.session.before {
        Some(held) if holds(held, chosen) => {
            let so = format!(
                "the record holds {chosen}, but {PROFILE} does not show it: does it read the key that was written?"
            );
            Cause::of(page, so)
        }
        _ if saved.exchange.session.changes.is_empty() => infer::unwritten(saved),
        None => Cause::of(page, format!("POST {FORM} wrote to the session, but {}", infer::unfound(page))),
        Some(held) => match others.iter().find(|other| holds(held, other)) {
            Some(other) => {
                let so = format!("the record holds {other}, although {chosen} was sent: what does POST {FORM} write?");
                Cause::of(saved, so)
            }
            None => format!(
                "POST {FORM} wrote to the session, but the record does not hold the word {chosen}: does {PROFILE} read what was written?"
            )
            .into(),
        },
    })
}

/// The part of a choice that a page does not show, and all values it could have.
fn missing(page: &Answer, (theme, notifications): Choice) -> Option<(&'static str, [&'static str; 2])> {
    let all = [("Theme", theme, THEMES), ("Notifications", notifications, NOTIFICATIONS)];
    let absent = |(label, chosen, _): &(&str, &str, _)| !page.text().contains(&format!("{label}: {chosen}"));
    all.into_iter().find(absent).map(|(_, chosen, all)| (chosen, all))
}

async fn a_later_choice_counts(trial: &Trial) -> Result<(), Miss> {
    let alice = trial.browser("alice");
    // Three times: no choice is the last one.
    for choice in [OTHER, ("light", "disabled"), ("dark", "enabled"), DEFAULT].repeat(3) {
        let saved = save(&alice, choice).await?;
        let page = alice.get(PROFILE).await?;
        shows(&page, choice).map_err(|miss| miss.so_if(unsaved(&saved, &page, choice)))?;
    }
    Ok(())
}

async fn unknown_values_save_nothing(trial: &Trial) -> Result<(), Miss> {
    let form =
        |what: &str, theme, notifications| Improper::form(what, &[("theme", theme), ("notifications", notifications)]);
    let forms = [
        form("a form with an unknown theme", "purple", "disabled"),
        form("a form with unknown notifications", "dark", "sometimes"),
        form("a form with a theme in capitals", "DARK", "disabled"),
        form("a form with empty values", "", ""),
        form("a form with its values swapped", "disabled", "dark"),
        form("a form with a value of the other field", "enabled", "disabled"),
        form("a form with a theme as notifications", "dark", "light"),
        form("a form with spaces around a value", " dark ", "disabled"),
        form("a form with a line break after a value", "dark", "disabled\n"),
        form("a form with a very long theme", &"x".repeat(300), "disabled"),
        form("a form with a tag as its theme", "\"><script>alert(1)</script>", "disabled"),
    ];
    save_nothing(trial, &forms, |improper| !improper.is_missing).await
}

async fn missing_values_save_nothing(trial: &Trial) -> Result<(), Miss> {
    let form = Improper::form;
    let forms = [
        form("a form without notifications", &[("theme", "dark")]),
        form("a form without a theme", &[("notifications", "disabled")]),
        form("a form without fields", &[]),
        form("a form with names in capitals", &[("Theme", "dark"), ("Notifications", "disabled")]),
        form("a form with one name in capitals", &[("Theme", "dark"), ("notifications", "disabled")]),
        Improper {
            kind: "",
            is_a_form: false,
            ..form("a form without a Content-Type", &[("theme", "dark"), ("notifications", "disabled")])
        },
        Improper { is_a_form: false, ..form("a form of 3 MiB", &[("theme", &"x".repeat(improper::TOO_MUCH))]) },
        Improper {
            kind: "text/plain",
            is_a_form: false,
            ..form("a form sent as plain text", &[("theme", "dark"), ("notifications", "disabled")])
        },
        Improper {
            body: "theme=%ff&notifications=%fe".to_owned(),
            is_a_form: false,
            ..form("a form whose bytes are not UTF-8", &[])
        },
    ];
    save_nothing(trial, &forms, |improper| improper.is_missing).await
}

async fn the_theme_is_applied(trial: &Trial) -> Result<(), Miss> {
    let alice = trial.browser("alice");
    for path in [PROFILE, FORM] {
        is_applied(&alice.get(path).await?, DEFAULT)?;
    }
    for choice in [OTHER, DEFAULT] {
        save(&alice, choice).await?;
        for path in [PROFILE, FORM] {
            is_applied(&alice.get(path).await?, choice)?;
        }
    }
    only_the_session_decides(trial, &[PROFILE, FORM], is_applied).await
}

/// Checks that these pages fit the choice of a visitor, whatever is in the address and in cookies that no answer set.
async fn only_the_session_decides(trial: &Trial, paths: &[&str], fits: Fits) -> Result<(), Miss> {
    for path in paths {
        for choice in [OTHER, DEFAULT] {
            trial.log().begin_anew();
            let bob = trial.browser("bob");
            save(&bob, choice).await?;
            fits_whatever_is_sent(&bob, path, choice, fits).await?;
        }
        trial.log().begin_anew();
        fits_whatever_is_sent(&trial.browser("stranger"), path, DEFAULT, fits).await?;
    }
    Ok(())
}

async fn fits_whatever_is_sent(browser: &Browser<'_>, path: &str, choice: Choice, fits: Fits) -> Result<(), Miss> {
    fits(&browser.get(path).await?, choice)?;
    let by_address = format!(
        "{path} alone is right, but with these parameters it is not: the choice in the session decides, and only a POST changes it"
    );
    for address in reading::in_another_look(path) {
        browser.begins_apart();
        let page = browser.get(&address).await?;
        // Another requirement is about a GET that saves.
        if !page.exchange.session.changes.is_empty() {
            return Ok(());
        }
        // An app may refuse parameters that it does not know.
        if page.is_ok() {
            fits(&page, choice).map_err(|miss| miss.so(&*by_address))?;
        }
    }
    browser.goes_on();
    let another = if choice.0 == DEFAULT.0 { OTHER } else { DEFAULT };
    browser.writes(&["theme", "data-theme", "mode"], another.0);
    browser.writes(&["notifications"], another.1);
    let page = browser.get(path).await?;
    let by_cookie = "cookies that no answer set changed the page: anyone can write a cookie, so it is no choice";
    fits(&page, choice).map_err(|miss| miss.so_if(page.is_ok().then_some(by_cookie)))
}

type Fits = fn(&Answer, Choice) -> Result<(), Miss>;

async fn the_form_shows_the_choice(trial: &Trial) -> Result<(), Miss> {
    let alice = trial.browser("alice");
    is_preselected(&alice.get(FORM).await?, DEFAULT)?;
    for choice in [OTHER, ("light", "disabled"), ("dark", "enabled")] {
        save(&alice, choice).await?;
        is_preselected(&alice.get(FORM).await?, choice)?;
    }
    only_the_session_decides(trial, &[FORM], is_preselected).await
}

async fn visitors_do_not_mix(trial: &Trial) -> Result<(), Miss> {
    let [alice, bob] = ["alice", "bob"].map(|who| trial.browser(who));
    save(&alice, OTHER).await?;
    save(&bob, ("light", "disabled")).await?;
    let mixed = "this page shows another visitor's choice instead of this one's: is the choice kept where all visitors share it?";
    for (browser, choice, others) in [(&alice, OTHER, ("light", "disabled")), (&bob, ("light", "disabled"), OTHER)] {
        let page = browser.get(PROFILE).await?;
        shows(&page, choice).map_err(|miss| miss.so_if(shows(&page, others).is_ok().then_some(mixed)))?;
    }
    // Now the other way round, and at the same time: both values differ.
    trial.at_once(save(&alice, DEFAULT), save(&bob, OTHER)).await?;
    for (browser, choice, others) in [(&alice, DEFAULT, OTHER), (&bob, OTHER, DEFAULT)] {
        let page = browser.get(PROFILE).await?;
        shows(&page, choice).map_err(|miss| miss.so_if(shows(&page, others).is_ok().then_some(mixed)))?;
    }
    let (one, other) = trial.at_once(alice.get(PROFILE), bob.get(PROFILE)).await?;
    for (page, choice, others) in [(&one, DEFAULT, OTHER), (&other, OTHER, DEFAULT)] {
        shows(page, choice).map_err(|miss| miss.so_if(shows(page, others).is_ok().then_some(mixed)))?;
    }
    let page = trial.browser("stranger").get(PROFILE).await?;
    let so = "a visitor who has chosen nothing sees a choice after others have chosen: is it kept where all visitors share it?";
    shows(&page, DEFAULT).map_err(|miss| miss.so_if(names_any(&page).then_some(so)))
}

async fn the_choice_is_there_at_the_next_visit(trial: &Trial) -> Result<(), Miss> {
    let alice = trial.browser("alice");
    let saved = save(&alice, OTHER).await?;
    let before = alice.get(PROFILE).await?;
    shows(&before, OTHER).map_err(|miss| miss.so_if(unsaved(&saved, &before, OTHER)))?;
    trial.restart().await?;
    let page = alice.get(PROFILE).await?;
    shows(&page, OTHER)
        .map_err(|miss| miss.so_if(infer::lost_at_restart(&saved, &before, &page, OTHER.0)))
        .map_err(|miss| miss.why(infer::RESTARTED).teaches(3, infer::IN_MEMORY))?;
    alice.close();
    trial.skip(Duration::from_secs(24 * 60 * 60));
    let next = alice.get(PROFILE).await?;
    shows(&next, OTHER).map_err(|miss| miss.so_if(dropped(&next, &saved)))?;
    if neighbour::moves_in(trial, &alice, &next).await {
        neighbour::stays(&save(&alice, DEFAULT).await?)?;
        neighbour::stays(&save(&alice, OTHER).await?)?;
    }
    // Each choice is there at the next visit, not only the first one.
    for choice in [OTHER, ("light", "disabled"), ("dark", "enabled")] {
        trial.log().begin_anew();
        let dave = trial.browser("dave");
        save(&dave, DEFAULT).await?;
        let saved = save(&dave, choice).await?;
        // That it counts at all is another requirement.
        if shows(&dave.get(PROFILE).await?, choice).is_ok() {
            dave.close();
            trial.skip(Duration::from_secs(24 * 60 * 60));
            let next = dave.get(PROFILE).await?;
            shows(&next, choice).map_err(|miss| miss.so_if(dropped(&next, &saved)))?;
        }
    }
    trial.log().begin_anew();
    save(&trial.browser("alice"), OTHER).await?;
    let saved = save(&trial.browser("bob"), OTHER).await?;
    trial.each_session_has_its_own_end(&saved).await
}

/// The conclusion about a page with the right words in other capital letters.
const OTHER_CASE: &str = "the page shows these words, but not with the same capital letters: `light` is required, and `Light` is not the same";
/// Why the cookie needs an age.
const CLOSED: &str =
    "a browser drops a cookie without an age when it is closed, and the session behind that cookie is lost";

/// Why this browser sent no cookie, if the answer `set` gave it one and it no longer has it.
fn dropped(next: &Answer, set: &Answer) -> Option<String> {
    let cookie = set.exchange.response.set_cookies.first().filter(|_| next.exchange.request.cookies.is_empty())?;
    Some(format!("by now the browser has dropped the cookie, which was set as {}=…; {}", cookie.name, cookie.sent))
}

async fn a_login_keeps_the_choice(trial: &Trial) -> Result<(), Miss> {
    let user = trial.users.alice();
    let alice = trial.browser("alice");
    let saved = save(&alice, OTHER).await?;
    let mallory = alice.copied_by("mallory");

    for impostor in impostors::all(&trial.users) {
        trial.log().begin_apart();
        let refused = alice.log_in(&impostor.typed).await?;
        impostor.is_refused(&refused)?;
        changed_nothing(&refused)?;
        let page = alice.get(PROFILE).await?;
        let so = "since a failed login the page no longer shows the choice";
        shows(&page, OTHER).map_err(|miss| miss.so_if(names_any(&page).then_some(so)))?;
    }

    trial.log().new_scene();
    let login = alice.log_in(user).await?;
    login.lets_in(PROFILE)?;
    let page = alice.get(PROFILE).await?;
    shows(&page, OTHER).map_err(|miss| miss.so_if(taken_out(&saved, &login)))?;
    holds_the_name(&login, user, "after the login the session does not hold the username")
        .map_err(|miss| miss.why(NAMED))?;
    let page = mallory.get(PROFILE).await?;
    shows(&page, DEFAULT).map_err(|miss| {
        let expected = format!("{}, for mallory, who copied the cookie before the login", miss.expected);
        Miss { expected, ..miss }.so_if(infer::lets_the_old_id_in(&page, &login, |id| mallory.holds(id)))
    })?;

    trial.log().new_scene();
    for impostor in impostors::all(&trial.users) {
        trial.log().begin_apart();
        let refused = alice.log_in(&impostor.typed).await?;
        impostor.is_refused(&refused)?;
        changed_nothing(&refused)?;
    }

    // The day after a login is a next visit, too.
    alice.close();
    trial.skip(Duration::from_secs(24 * 60 * 60));
    let next = alice.get(PROFILE).await?;
    shows(&next, OTHER).map_err(|miss| match dropped(&next, &login) {
        Some(so) => miss.so(so).why(CLOSED).teaches(6, "lifetime/how-long.md#what-does-the-article-set"),
        None => miss,
    })?;
    let saved = save(&alice, ("light", "disabled")).await?;
    holds_the_name(&saved, user, "saving a choice removed the username from the session, so the user is logged out")?;
    let again = alice.log_in(user).await?;
    again.lets_in(PROFILE)?;
    shows(&alice.get(PROFILE).await?, ("light", "disabled")).map_err(|miss| miss.so_if(taken_out(&saved, &again)))?;
    // The choice is the visitor's: the same account in another browser has another one.
    trial.log().new_scene();
    let library = trial.browser("library");
    save(&library, ("dark", "enabled")).await?;
    library.log_in(user).await?.lets_in(PROFILE)?;
    shows(&library.get(PROFILE).await?, ("dark", "enabled")).map_err(|miss| {
        miss.so("this visitor chose, then logged in, and the login replaced the choice with one that the same user made in another browser")
    })?;
    // Only the form of the choice changes it.
    trial.log().begin_anew();
    let dave = trial.browser("dave");
    let saved = save(&dave, ("light", "disabled")).await?;
    let fields = [
        ("username", user.name.as_str()),
        ("password", &user.password),
        ("theme", "dark"),
        ("notifications", "enabled"),
    ];
    // An app may refuse a login with fields that it does not know.
    let login = dave.post("/login", &fields).await?;
    if login.status.is_redirection() {
        let so = "the login form had more fields than a name and a password, and the login changed the choice: only POST /set_preferences does";
        shows(&dave.get(PROFILE).await?, ("light", "disabled")).map_err(|miss| miss.so(so))?;
    }
    // A cookie that leads to no session makes no difference, to a login that is refused or to one that is not.
    if let Some(stale) = [&login, &saved].into_iter().find_map(|set| reading::left_behind(&dave, set)) {
        trial.log().begin_anew();
        for impostor in impostors::all(&trial.users) {
            trial.log().begin_apart();
            changed_nothing(&stale.log_in(&impostor.typed).await?)?;
        }
        let so = "this browser's cookie leads to no session, as after the session has expired: such a visitor logs in like one without a cookie";
        stale.log_in(user).await?.redirects_to(PROFILE).map_err(|miss| miss.so(so))?;
    }
    // As it is: a page escapes what it shows, and a session nothing.
    trial.log().begin_apart();
    let carol = trial.users.carol();
    let login = trial.browser("carol").log_in(carol).await?;
    holds_the_name(&login, carol, "after the login the session does not hold the name")?;
    trial.log().begin_apart();
    let credentials = [("username", user.name.as_str()), ("password", &user.password)];
    let visitor = trial.browser("visitor");
    let sent = visitor.post_by_script("/login", &credentials).await?;
    sent.redirects_to(PROFILE).map_err(|miss| miss.so(BY_SCRIPT))?;
    trial.log().begin_anew();
    clients::log_in(trial, user, PROFILE).await?;
    typed::logs_in(trial, PROFILE).await
}

/// Why the session has to hold the username after a login.
const NAMED: &str = "a later request knows who is logged in only from the session";

/// Which data of the session a login changed or removed.
fn taken_out(saved: &Answer, login: &Answer) -> Option<Cause> {
    let [before, after] = [saved, login].map(|answer| answer.exchange.session.after.clone().unwrap_or_default());
    let changed: Vec<_> = before.iter().filter(|(key, value)| after.get(*key) != Some(value)).collect();
    let keys: Vec<_> = changed.iter().map(|(key, _)| format!("`{key}`")).collect();
    let is_gone = !changed.iter().any(|(key, _)| after.contains_key(*key));
    let did = if is_gone { "removed" } else { "changed or removed" };
    let so = || format!("the login {did} {}: the data of the session has to stay", keys.join(", "));
    (!keys.is_empty()).then(|| Cause::of(login, so()))
}

/// Checks that a refused login or form left the session as it was, under the same ID.
pub(crate) fn changed_nothing(refused: &Answer) -> Result<(), Miss> {
    let [created, deleted] = [Operation::Create, Operation::Delete].map(|operation| refused.calls_for(operation));
    if !created && !deleted && refused.exchange.session.changes.is_empty() {
        return Ok(());
    }
    let expected = "the session as it was before";
    let actual = match &refused.exchange.session.after {
        Some(data) => format!("a session that holds {}", serde_json::to_string(data).unwrap_or_default()),
        None => "no session".to_owned(),
    };
    let did = match (created, deleted) {
        (true, _) if refused.exchange.session.before.is_none() => "opened a session",
        (true, _) => "gave the session a new ID",
        (false, true) => "ended the session",
        (false, false) => "changed what the session holds",
    };
    let so = match refused.path.starts_with("/login") {
        true => format!("the login was refused, but {did}: leave the session alone until the password is verified"),
        false => format!("the form was refused, but {did}: check the whole form before the first `insert`"),
    };
    Err(refused.miss(expected, actual).so(so))
}

async fn reading_changes_nothing(trial: &Trial) -> Result<(), Miss> {
    let with_query = format!("{FORM}?{}", encode(&[("theme", OTHER.0), ("notifications", OTHER.1)]));
    let with_login = format!(
        "/login?{}",
        encode(&[("username", &trial.users.alice().name), ("password", &trial.users.alice().password)])
    );
    let paths = [PROFILE, FORM, &with_query, &with_login];
    reading::opens_no_session(&trial.browser("stranger"), &paths).await?;
    trial.log().begin_anew();
    let alice = trial.browser("alice");
    let saved = save(&alice, ("light", "disabled")).await?;
    reading::changes_nothing(&alice, &paths).await?;
    reading::opens_none_for_a_stale_cookie(&alice, &saved, &paths).await?;
    shows(&alice.get(PROFILE).await?, ("light", "disabled"))
}

/// Saves this choice, which redirects to the profile.
async fn save(browser: &Browser<'_>, (theme, notifications): Choice) -> Result<Answer, Miss> {
    let answer = browser.post(FORM, &[("theme", theme), ("notifications", notifications)]).await?;
    answer.redirects_to(PROFILE)?;
    Ok(answer)
}

/// Whether a page names any theme at all.
fn names_any(page: &Answer) -> bool {
    page.is_ok() && THEMES.iter().any(|theme| page.text().contains(&format!("Theme: {theme}")))
}

/// Checks that the profile shows this choice, and no other.
pub(crate) fn shows(page: &Answer, (theme, notifications): Choice) -> Result<(), Miss> {
    for (label, chosen, all) in [("Theme", theme, THEMES), ("Notifications", notifications, NOTIFICATIONS)] {
        let words = format!("{label}: {chosen}");
        page.shows(&words)
            .map_err(|miss| if is_in_other_case(page, &words) { miss.explained(OTHER_CASE) } else { miss })?;
        for other in all.into_iter().filter(|other| *other != chosen) {
            page.shows_not(&format!("{label}: {other}"), "the page shows more than what was chosen")?;
        }
    }
    Ok(())
}

fn is_in_other_case(page: &Answer, words: &str) -> bool {
    let text = page.text();
    !text.contains(words) && text.to_lowercase().contains(&words.to_lowercase())
}

pub(crate) fn is_applied(page: &Answer, (theme, _): Choice) -> Result<(), Miss> {
    page.has_status(200)?;
    page.is_shown_as_a_page()?;
    let applied = page.attribute("html", "data-theme");
    if applied.as_deref() == Some(theme) {
        return Ok(());
    }
    let actual = match &applied {
        Some(applied) => format!("<html data-theme=\"{applied}\">"),
        None => "no `data-theme` on <html>".to_owned(),
    };
    let so = unapplied(page, theme, applied.as_deref());
    Err(page.miss(format!("<html data-theme=\"{theme}\"> at {}", page.path), actual).so(so))
}

/// Why the tag <html> of a page does not name this theme.
fn unapplied(page: &Answer, theme: &str, applied: Option<&str>) -> String {
    let path = &page.path;
    match (applied, &page.exchange.session.before) {
        (None, _) if page.text().contains(&format!("Theme: {theme}")) => {
            format!(
                "{path} names the theme in its text, but a style sheet reads it from the tag <html>, which has none"
            )
        }
        (None, _) => format!("the tag <html> of {path} names no theme, and that is where a style sheet reads it"),
        (Some(applied), Some(held)) if infer::holds(held, theme) => {
            format!(
                "the record holds {theme}, but the tag <html> of {path} has {applied}: does {path} give its template the visitor's choice?"
            )
        }
        (Some(applied), None) if page.exchange.calls.is_empty() && !page.exchange.request.cookies.is_empty() => {
            format!("{path} was answered without loading the session, so its {applied} cannot be this visitor's choice")
        }
        (Some(_), None) if page.exchange.request.cookies.is_empty() && theme == DEFAULT.0 => {
            format!("this visitor has no session and has chosen nothing: `{theme}` is the default")
        }
        (Some(applied), _) => format!("the tag <html> of {path} has {applied}, and this visitor's theme is {theme}"),
    }
}

pub(crate) fn is_preselected(page: &Answer, (theme, notifications): Choice) -> Result<(), Miss> {
    page.has_status(200)?;
    let forms = page.forms();
    for (name, chosen) in [("theme", theme), ("notifications", notifications)] {
        let right = forms.iter().filter(|form| form.goes_to(FORM)).find(|form| form.has(name));
        let shown = right.or(forms.iter().find(|form| form.has(name))).and_then(|form| form.chosen(name));
        if shown != Some(chosen) {
            let actual = shown.map_or("nothing chosen".to_owned(), |shown| format!("`{shown}` chosen"));
            let mark = "mark the current choice with `selected` (on an <option>) or `checked` (on a radio button)";
            let so = match shown {
                Some(shown) if page.exchange.calls.is_empty() && !page.exchange.request.cookies.is_empty() => {
                    format!(
                        "{} was answered without loading the session, so the form has `{shown}` for every visitor",
                        page.path
                    )
                }
                Some(shown) => format!("a visitor who changes nothing and presses the button sends `{shown}`: {mark}"),
                None => mark.to_owned(),
            };
            return Err(page.miss(format!("`{chosen}` chosen under `{name}` in the form"), actual).so(so));
        }
    }
    Ok(())
}

/// A request that no handler should accept.
struct Improper {
    what: String,
    query: &'static str,
    kind: &'static str,
    body: String,
    /// Whether it can be read as a form, so that it gets 422; anything else gets any 4xx.
    is_a_form: bool,
}

impl Improper {
    fn form(what: &str, fields: &[(&str, &str)]) -> Self {
        Self { what: what.to_owned(), query: "", kind: URLENCODED, body: encode(fields), is_a_form: true }
    }

    fn of(improper: &forms::Improper) -> Self {
        let forms::Improper { query, kind, body, is_a_form, .. } = *improper;
        Self { what: improper.told(), query, kind, body: body.to_owned(), is_a_form }
    }
}

/// Sends each of these forms, and those of the model, first without a choice and then with one. Each is refused, and
/// nothing of it is saved.
async fn save_nothing(
    trial: &Trial,
    own: &[Improper],
    belongs_here: fn(&&forms::Improper) -> bool,
) -> Result<(), Miss> {
    let more: Vec<_> = forms::IMPROPER.iter().filter(belongs_here).map(Improper::of).collect();
    let forms = || own.iter().chain(&more);
    let stranger = trial.browser("stranger");
    for form in forms() {
        saves_nothing(trial, &stranger, DEFAULT, form).await?;
    }
    trial.log().begin_anew();
    let (alice, chosen) = (trial.browser("alice"), ("dark", "enabled"));
    save(&alice, chosen).await?;
    for form in forms() {
        saves_nothing(trial, &alice, chosen, form).await?;
    }
    Ok(())
}

async fn saves_nothing(trial: &Trial, browser: &Browser<'_>, before: Choice, form: &Improper) -> Result<(), Miss> {
    let Improper { what, query, kind, body, is_a_form } = form;
    trial.log().begin_apart();
    let answer = browser.post_bytes(&format!("{FORM}{query}"), kind, body.clone().into_bytes()).await?;
    let (wanted, is_refused) = match is_a_form {
        true => ("422", answer.status.as_u16() == 422),
        false => ("4xx", answer.status.is_client_error()),
    };
    if !is_refused {
        let miss = answer.miss(format!("{wanted} for {what}"), answer.in_short());
        return Err(match answer.status.as_u16() {
            200..=399 if answer.exchange.session.changes.is_empty() => {
                miss.so(format!("{what} changed nothing, but the status does not say that it was refused"))
            }
            200..=399 => miss.so(format!("{what} changed the session as if it were a valid choice")),
            400 => miss
                .so("400 means that a request cannot be read; this one can, but a value is missing or not valid: 422"),
            _ => miss,
        });
    }
    let check = "check the whole form before the first `insert`";
    if !answer.exchange.session.changes.is_empty() {
        let holds = serde_json::to_string(&answer.exchange.session.after).unwrap_or_default();
        let expected = format!("the session as it was before {what}");
        let so = format!("the form was refused, but the session has changed: {check}");
        return Err(answer.miss(expected, format!("a session that holds {holds}")).so(so));
    }
    let page = browser.get(PROFILE).await?;
    let so = format!("the form was refused, but the page shows another choice now: {check}");
    shows(&page, before).map_err(|miss| miss.so_if(names_any(&page).then_some(so)))
}
