//! The checks of exercise 7: what a user may do, and when that changes.

mod visitors;

use axum::http::{Method, header::CACHE_CONTROL};
use session_inspector::Operation;

use crate::{
    Answer, Browser, Check, Miss, Monitor, Role, Suite, Trial, User,
    browser::{in_path, resolved},
    clients, families, impostors, infer,
    model::{ROLES, deletes_this_user_too},
    monitor, neighbour, page, reading, routes, typed, written,
};

pub(crate) const LOGIN: &str = "/login";
pub(crate) const DASHBOARD: &str = "/dashboard";
pub(crate) const ADMIN: &str = "/admin";
pub(crate) const END_OTHERS: &str = "/sessions/end_others";
pub(crate) const LOGOUT: &str = "/logout";

pub(crate) const FORBIDDEN: u16 = 403;
const CONFLICT: u16 = 409;

/// What it means if the site takes one of two admins for the last one.
const STALE: &str = "there are two admins, and the site takes this one for the last: another program has made one of them an admin, so count the admins at each request";

/// Exercise 7.
pub static SUITE: Suite = Suite {
    exercise: 7,
    readme: include_str!("../../../exercises/7-roles/README.md"),
    passes_at_first: &[],
    checks: &[
        Check {
            id: "users_have_a_dashboard",
            why: "the session says who is asking; a user gets their own page, and everyone else the login page",
            hint: 2,
            read: "applications/roles.md#how-does-a-handler-say-whom-it-is-for",
            run: |trial| Box::pin(users_have_a_dashboard(trial)),
        },
        Check {
            id: "the_admin_dashboard_is_for_admins",
            why: "a login alone does not give permission; 401 or a login page would send a user in circles (ASVS 8.2.1)",
            hint: 2,
            read: "applications/roles.md#how-does-a-handler-say-whom-it-is-for",
            run: |trial| Box::pin(the_admin_dashboard_is_for_admins(trial)),
        },
        Check {
            id: "only_an_admin_demotes_and_deletes",
            why: "a hidden button protects nothing: anyone can send the request that the button sends (ASVS 8.2.1)",
            hint: 3,
            read: "applications/roles.md#how-does-a-handler-say-whom-it-is-for",
            run: |trial| Box::pin(only_an_admin_demotes_and_deletes(trial)),
        },
        Check {
            id: "a_demotion_acts_at_once",
            why: "an admin who was dismissed this morning must not stay an admin until their session ends (ASVS 8.3.2)",
            hint: 1,
            read: "applications/roles.md#when-does-a-change-take-effect",
            run: |trial| Box::pin(a_demotion_acts_at_once(trial)),
        },
        Check {
            id: "a_promotion_acts_at_once",
            why: "look the role up in the account at each request, and every change takes effect",
            hint: 1,
            read: "applications/roles.md#when-does-a-change-take-effect",
            run: |trial| Box::pin(a_promotion_acts_at_once(trial)),
        },
        Check {
            id: "a_deletion_acts_at_once",
            why: "a session outlives its account unless a handler checks the account; its owner may have left it open (ASVS 7.4.2)",
            hint: 1,
            read: "security/ending.md#what-is-left-after-the-dismissal",
            run: |trial| Box::pin(a_deletion_acts_at_once(trial)),
        },
        Check {
            id: "the_last_admin_stays",
            why: "on a site without an admin nobody can make one",
            hint: 4,
            read: "applications/roles.md#what-about-the-last-admin",
            run: |trial| Box::pin(the_last_admin_stays(trial)),
        },
        Check {
            id: "other_sessions_are_ended",
            why: "a user who lost a laptop must be able to end the session on it (ASVS 7.5.2)",
            hint: 5,
            read: "applications/my-sessions.md#how-is-one-of-them-ended",
            run: |trial| Box::pin(other_sessions_are_ended(trial)),
        },
        Check {
            id: "a_logout_leaves_nothing_behind",
            why: "whatever stays in the record is open to the next visitor, and to anyone who copied the cookie (ASVS 7.4.1)",
            hint: 6,
            read: "basics/log-out.md#what-does-flush-do",
            run: |trial| Box::pin(a_logout_leaves_nothing_behind(trial)),
        },
        Check {
            id: "a_login_issues_a_new_session_id",
            why: "anyone who knows the session ID before the login knows it afterwards, unless the login issues a new one (ASVS 7.2.4)",
            hint: 6,
            read: "security/fixation.md#what-stops-it",
            run: |trial| Box::pin(a_login_issues_a_new_session_id(trial)),
        },
        Check {
            id: "names_are_text",
            why: "a name that gets into the admins' page as HTML can be a script, and that runs with an admin's rights",
            hint: 7,
            read: "security/scripts.md#what-stops-the-ride",
            run: |trial| Box::pin(names_are_text(trial)),
        },
        Check {
            id: "reading_changes_nothing",
            why: "an admin's browser follows links as well; only a POST may change anything (ASVS 3.5.3)",
            hint: 2,
            read: "security/csrf.md#can-a-link-buy-something",
            run: |trial| Box::pin(reading_changes_nothing(trial)),
        },
    ],
    monitors: &[Monitor { check: "reading_changes_nothing", watch: monitor::reading_opens_no_session }],
    names: Some("names_are_text"),
    model: Some(&ROLES),
};

async fn users_have_a_dashboard(trial: &Trial) -> Result<(), Miss> {
    trial.browser("stranger").get(DASHBOARD).await?.redirects_to(LOGIN)?;
    let [alice, bob] = ["alice", "bob"].map(|who| trial.browser(who));
    alice.get(DASHBOARD).await?.redirects_to(LOGIN)?;
    logs_in(&alice, trial.users.alice()).await?;
    let login = logs_in(&bob, trial.users.bob()).await?;
    trial.each_session_has_its_own_end(&login).await?;
    for (browser, own, other) in
        [(&alice, trial.users.alice(), trial.users.bob()), (&bob, trial.users.bob(), trial.users.alice())]
    {
        let page = browser.get(DASHBOARD).await?;
        page.shows("User dashboard").map_err(|miss| miss.so_if(keeps_the_redirect(&page)))?;
        page.shows(&own.name).map_err(|miss| miss.so_if(infer::mixed(&page, &own.name, &other.name)))?;
        page.shows_not(&other.name, "the dashboard names another user as well")?;
    }
    trial.log().begin_anew();
    let login = logs_in(&bob, trial.users.bob()).await?;
    reading::sends_away_who_has_no_session(trial, &bob, &login, DASHBOARD, LOGIN).await?;
    many_sessions_stay_open(trial).await?;
    the_last_login_counts(trial).await?;
    a_long_name_is_shown_whole(trial).await?;
    let mallory = trial.browser("mallory");
    for impostor in impostors::all(&trial.users) {
        trial.log().begin_anew();
        impostor.is_refused(&mallory.log_in(&impostor.typed).await?)?;
        mallory.get(DASHBOARD).await?.redirects_to(LOGIN)?;
    }
    wrong_passwords_lock_nobody_out(trial, &mallory).await?;
    trial.log().begin_anew();
    clients::log_in(trial, trial.users.alice(), DASHBOARD).await?;
    typed::logs_in(trial, DASHBOARD).await
}

/// How often mallory types a wrong password: more often than any usual limit allows.
const TRIES: usize = 10;

async fn wrong_passwords_lock_nobody_out(trial: &Trial, mallory: &Browser<'_>) -> Result<(), Miss> {
    trial.log().begin_anew();
    let her = trial.users.alice();
    let guess = User { password: trial.named("guess"), ..her.clone() };
    for _ in 0..TRIES {
        mallory.log_in(&guess).await?.has_status(401)?;
    }
    let login = trial.browser("alice").log_in(her).await?;
    let so = "the name and the password are right, and the site refuses them because somebody typed wrong passwords for this name: so anyone can lock alice out";
    login.redirects_to(DASHBOARD).map_err(|miss| match login.status.is_client_error() {
        true => miss.so(so).why("a name is no secret, and whoever knows it could keep its owner out"),
        false => miss,
    })
}

/// What it means if a user who has logged in gets the redirect that the browser has kept from before the login.
fn keeps_the_redirect(page: &Answer) -> Option<&'static str> {
    (page.status.is_redirection() && page.headers.contains_key(CACHE_CONTROL)).then_some(
        "the user has logged in, and the browser goes on to the login page without asking: the `Cache-Control` of the redirect let it keep that answer from before the login",
    )
}

/// The devices on which bob is logged in: more than a site may have in mind that counts them.
const DEVICES: [&str; 8] = ["laptop", "phone", "tablet", "office", "library", "hotel", "school", "car"];

/// A login ends none of the sessions that its user has elsewhere.
async fn many_sessions_stay_open(trial: &Trial) -> Result<(), Miss> {
    trial.log().begin_anew();
    let his = trial.users.bob();
    let devices = DEVICES.map(|device| trial.browser(device));
    for device in &devices {
        logs_in(device, his).await?;
    }
    for device in &devices {
        let so =
            "bob logged in on 8 devices, and one of them is logged out now: a login ends no session of another device";
        still_in(&device.get(DASHBOARD).await?, his, so)?;
    }
    Ok(())
}

/// Bob logs in with a browser in which alice is still logged in.
async fn the_last_login_counts(trial: &Trial) -> Result<(), Miss> {
    trial.log().begin_anew();
    let (browser, his) = (trial.browser("both"), trial.users.bob());
    logs_in(&browser, trial.users.alice()).await?;
    logs_in(&browser, his).await?;
    let page = browser.get(DASHBOARD).await?;
    let so = infer::THE_FIRST_STAYS_IN;
    page.shows(&his.name).map_err(|miss| miss.so_if(page.text().contains(&trial.users.alice().name).then_some(so)))
}

async fn a_long_name_is_shown_whole(trial: &Trial) -> Result<(), Miss> {
    trial.log().begin_anew();
    let (browser, user) = (trial.browser("longname"), with_a_long_name(trial));
    families::gets_an_account(trial, &user);
    logs_in(&browser, &user).await?;
    let page = browser.get(DASHBOARD).await?;
    let so = "the name of this user is long, and the dashboard does not show all of it";
    page.shows(&user.name).map_err(|miss| miss.so_if(page.is_ok().then_some(so)))?;
    families::loses_the_account(trial, &user.name);
    Ok(())
}

fn with_a_long_name(trial: &Trial) -> User {
    User { name: trial.named(&"long".repeat(30)), password: trial.named("secret") }
}

async fn the_admin_dashboard_is_for_admins(trial: &Trial) -> Result<(), Miss> {
    let refusal = trial.browser("stranger").get(ADMIN).await?;
    refusal.redirects_to(LOGIN)?;
    tells_no_names(trial, &refusal)?;
    let [alice, bob] = ["alice", "bob"].map(|who| trial.browser(who));
    logs_in(&bob, trial.users.bob()).await?;
    is_kept_out(trial, &bob, "bob is a user, and the page for admins opened for him").await?;
    logs_in(&alice, trial.users.alice()).await?;
    let page = alice.get(ADMIN).await?;
    page.shows("Admin dashboard")?;
    [trial.users.alice(), trial.users.bob()].into_iter().try_for_each(|user| {
        let so = "the page for admins has to name every user, whatever their role";
        page.shows(&user.name).map_err(|miss| miss.so_if(page.is_ok().then_some(so)).why(LISTED))
    })?;
    trial.log().begin_anew();
    let login = logs_in(&alice, trial.users.alice()).await?;
    reading::sends_away_who_has_no_session(trial, &alice, &login, ADMIN, LOGIN).await?;
    no_written_cookie_counts(trial).await?;
    every_account_is_listed(trial).await?;
    nobody_becomes_an_admin_by_asking(trial).await
}

/// The page for admins is refused to this visitor, who is a user.
async fn is_kept_out(trial: &Trial, browser: &Browser<'_>, so: &str) -> Result<(), Miss> {
    let refusal = browser.get(ADMIN).await?;
    is_forbidden(&refusal, so)?;
    tells_no_names(trial, &refusal)
}

/// A refusal may name its visitor, and an admin whom they can ask, but no other user.
fn tells_no_names(trial: &Trial, refusal: &Answer) -> Result<(), Miss> {
    let name = &trial.users.carol().name;
    if !page::decoded(&refusal.body).contains(name) && !refusal.body.contains(name) {
        return Ok(());
    }
    let miss = refusal.miss("a refusal that names no other user", format!("{name} in the body of the refusal"));
    Err(miss.so("the status refuses the visitor, and the page for admins is below it: whoever reads the whole answer learns the names"))
}

/// Not even on a site that has no admin.
async fn nobody_becomes_an_admin_by_asking(trial: &Trial) -> Result<(), Miss> {
    trial.log().begin_anew();
    let (bob, her, his) = (trial.browser("bob"), &trial.users.alice().name, trial.users.bob());
    logs_in(&bob, his).await?;
    becomes(trial, her, Role::User, "alice is a user now, and nobody is an admin");
    let so = "nobody is an admin, and the page for admins opened for bob, who is a user: only an admin, or another program, may make him one";
    is_forbidden(&bob.get(ADMIN).await?, so)?;
    is_there(trial, his, Some(Role::User), "bob asked for the page for admins, and that made him an admin")?;
    becomes(trial, her, Role::Admin, "alice is an admin again");
    Ok(())
}

/// So is an account that another program has created since the page was last shown.
async fn every_account_is_listed(trial: &Trial) -> Result<(), Miss> {
    trial.log().begin_anew();
    let alice = trial.browser("alice");
    logs_in(&alice, trial.users.alice()).await?;
    alice.get(ADMIN).await?.shows("Admin dashboard")?;
    let names: Vec<_> = (1..=MORE).map(|number| trial.named(&format!("user{number}"))).collect();
    for name in &names {
        families::gets_an_account(trial, &User { name: name.clone(), password: trial.named("secret") });
    }
    let long = with_a_long_name(trial);
    families::gets_an_account(trial, &long);
    let page = alice.get(ADMIN).await?;
    let cut = "the name of this user is long, and the page for admins does not show all of it";
    let is_listed = page.shows(&long.name).map_err(|miss| miss.so_if(page.is_ok().then_some(cut)).why(LISTED));
    let so = "since the page was last shown, another program has made accounts, and the page does not list all of them";
    names
        .iter()
        .try_for_each(|name| page.shows(name).map_err(|miss| miss.so_if(page.is_ok().then_some(so)).why(LISTED)))?;
    is_listed
}

/// Why the page for admins has to list everyone.
const LISTED: &str = "an admin cannot manage an account that the page does not list";

/// More accounts than a page of a list usually has lines.
const MORE: usize = 30;

/// Writing a name or a role into a cookie gives a visitor neither.
async fn no_written_cookie_counts(trial: &Trial) -> Result<(), Miss> {
    trial.log().begin_anew();
    let ([bob, stranger], her) = (["bob", "stranger"].map(|who| trial.browser(who)), trial.users.alice());
    let login = logs_in(&bob, trial.users.bob()).await?;
    for browser in [&bob, &stranger] {
        written::claims_to_be_admin(browser);
        written::claims(browser, &her.name, &login);
    }
    let so = "bob is a user; he wrote cookies that say he is an admin, or alice, and the page for admins believed one of them: any visitor can write a cookie";
    is_forbidden(&bob.get(ADMIN).await?, so)?;
    bob.get(DASHBOARD).await?.shows_not(&her.name, "bob wrote alice's name into cookies, and the dashboard believed one of them: only the session may say who a visitor is")?;
    stranger.get(ADMIN).await?.redirects_to(LOGIN)
}

async fn only_an_admin_demotes_and_deletes(trial: &Trial) -> Result<(), Miss> {
    let [alice, bob] = ["alice", "bob"].map(|who| trial.browser(who));
    let [her, his] = [trial.users.alice(), trial.users.bob()];
    logs_in(&bob, his).await?;
    let nobody = trial.named("nobody");
    for what in ["demote", "delete"] {
        for name in [&her.name, &his.name] {
            trial.browser("stranger").post(&path(name, what), &[]).await?.redirects_to(LOGIN)?;
            is_forbidden(
                &bob.post(&path(name, what), &[]).await?,
                &format!("bob is a user, and the site answered his request to {what} as if he were an admin"),
            )?;
        }
        let unknown = bob.post(&path(&nobody, what), &[]).await?;
        is_forbidden(
            &unknown,
            &format!("bob is a user, and the site answered his request to {what} as if he were an admin"),
        )?;
        let known = bob.post(&path(&her.name, what), &[]).await?;
        let words = |answer: &Answer, name: &str| answer.text().replace(name, "…");
        if words(&unknown, &nobody) != words(&known, &her.name) {
            let miss =
                unknown.miss(format!("403 that says  {}", known.text()), format!("403 that says  {}", unknown.text()));
            return Err(miss.so("the site refuses a user differently for a name that has an account and for one that has none, so the user learns which names exist"));
        }
        let so = format!("the site refused the request to {what}, but the account has changed");
        is_there(trial, her, Some(Role::Admin), &so)?;
        is_there(trial, his, Some(Role::User), &so)?;
    }
    let carol = trial.users.carol();
    becomes(trial, &carol.name, Role::Admin, "carol is an admin");
    let so = "bob is a user, and the site answered his request to demote an admin as if he were an admin";
    is_forbidden(&bob.post(&path(&carol.name, "demote"), &[]).await?, so)?;
    is_there(trial, carol, Some(Role::Admin), "the site refused the request to demote, but the account has changed")?;
    becomes(trial, &carol.name, Role::User, "carol is a user again");
    other_addresses_do_nothing(trial, &bob).await?;
    trial.log().begin_anew();
    logs_in(&alice, her).await?;
    let beginning: String = his.name.chars().take(2).collect();
    for (what, name) in ["demote", "delete"].into_iter().flat_map(|what| [(what, &nobody), (what, &beginning)]) {
        let answer = alice.post(&path(name, what), &[]).await?;
        answer.has_status(404).map_err(|miss| match answer.status.as_u16() {
            300..=399 => miss.so("there is no account with this name, and the answer does not say so"),
            CONFLICT => miss.so("there is no account with this name, so it cannot be the last admin's: check that there is one before you count the admins"),
            _ => miss,
        })?;
        let so = "the request did not name bob's account, and bob's account has changed";
        is_there(trial, his, Some(Role::User), so)?;
    }
    becomes(trial, &his.name, Role::Admin, "bob is an admin");
    is_done(&alice.post(&path(&his.name, "demote"), &[]).await?)?;
    is_there(
        trial,
        his,
        Some(Role::User),
        "the site answered as if bob were demoted, but his account still has its old role",
    )?;
    is_there(trial, carol, Some(Role::User), "bob was demoted, and carol's account has changed")?;
    alice.post(&path(&his.name, "delete"), &[]).await?.redirects_to(ADMIN)?;
    is_there(trial, his, None, "the site answered as if bob were deleted, but his account is still there")?;
    for what in ["demote", "delete"] {
        let again = alice.post(&path(&his.name, what), &[]).await?;
        let so = "bob's account was deleted before this request, so there is no such user anymore, and the answer does not say so";
        again.has_status(404).map_err(|miss| miss.so_if(again.status.is_redirection().then_some(so)))?;
    }
    is_there(trial, carol, Some(Role::User), "bob was deleted, and carol's account has changed")?;
    alice.get(ADMIN).await?.shows_not(&his.name, "the page still names the user who was deleted")?;
    names_that_are_almost_hers_are_nobodys(trial).await?;
    nothing_waits_for_the_login(trial).await?;
    strangers_learn_no_names(trial).await
}

/// A visitor who is not logged in gets the same answer, whether or not there is an account with the name in the address.
async fn strangers_learn_no_names(trial: &Trial) -> Result<(), Miss> {
    trial.log().begin_anew();
    // Each is the same in every encoding of an address, and neither is a part of another word.
    let (known, unknown) = ("zenobia", "quentin");
    families::gets_an_account(trial, &User { name: known.to_owned(), password: trial.named("secret") });
    for what in ["demote", "delete"] {
        let told = async |name: &str| {
            let answer = trial.browser("stranger").post(&path(name, what), &[]).await?;
            answer.redirects_to(LOGIN)?;
            let told = format!("303 → {} {}", answer.location().unwrap_or_default(), answer.text());
            Ok::<_, Miss>((told.trim_end().replace(name, "…"), answer))
        };
        let ((of_known, _), (of_unknown, answer)) = (told(known).await?, told(unknown).await?);
        if of_known != of_unknown {
            let miss = answer.miss(format!("the same answer as for {known}: {of_known}"), of_unknown);
            return Err(miss.so("the site answers a visitor who is not logged in differently for a name that has an account and for one that has none, so everyone learns which names exist"));
        }
    }
    families::loses_the_account(trial, known);
    Ok(())
}

/// What a visitor asked for who was not logged in is not done when they log in: a form on another site may have asked.
async fn nothing_waits_for_the_login(trial: &Trial) -> Result<(), Miss> {
    let carol = trial.users.carol();
    for what in ["demote", "delete"] {
        trial.log().begin_anew();
        becomes(trial, &carol.name, Role::Admin, "carol is an admin");
        let visitor = trial.browser("visitor");
        visitor.post(&path(&carol.name, what), &[]).await?.redirects_to(LOGIN)?;
        logs_in(&visitor, trial.users.alice()).await?;
        let so = "a visitor who was not logged in sent this request, and the site kept it and carried it out after their login";
        is_there(trial, carol, Some(Role::Admin), so).map_err(|miss| miss.so(so))?;
    }
    becomes(trial, &carol.name, Role::User, "carol is a user again");
    Ok(())
}

/// In another case they are a matter of the families of names.
async fn names_that_are_almost_hers_are_nobodys(trial: &Trial) -> Result<(), Miss> {
    trial.log().begin_anew();
    let (alice, carol) = (trial.browser("alice"), trial.users.carol());
    logs_in(&alice, trial.users.alice()).await?;
    let is_other_case = |name: &String| name.eq_ignore_ascii_case(&carol.name);
    for name in impostors::like("carol", &carol.name).filter(|name| !is_other_case(name)) {
        for what in ["demote", "delete"] {
            trial.log().begin_apart();
            let answer = alice.post(&path(&name, what), &[]).await?;
            let so = "there is no account with exactly this name, and the site took another one for it: compare names exactly";
            answer.has_status(404).map_err(|miss| miss.so_if(answer.status.is_redirection().then_some(so)))?;
            is_there(trial, carol, Some(Role::User), so)?;
        }
    }
    Ok(())
}

/// Another address of the same handler is guarded like the usual one.
async fn other_addresses_do_nothing(trial: &Trial, bob: &Browser<'_>) -> Result<(), Miss> {
    let carol = trial.users.carol();
    for what in ["demote", "delete"] {
        for address in routes::variants(&path(&carol.name, what)) {
            for browser in [bob, &trial.browser("stranger")] {
                trial.log().begin_apart();
                becomes(trial, &carol.name, Role::Admin, "carol is an admin");
                browser.post(&address, &[]).await?;
                let so = "the sender is not an admin, and the account has changed: another address of the same handler needs the same check";
                is_there(trial, carol, Some(Role::Admin), so)?;
            }
        }
    }
    becomes(trial, &carol.name, Role::User, "carol is a user again");
    Ok(())
}

async fn a_demotion_acts_at_once(trial: &Trial) -> Result<(), Miss> {
    let (alice, bob, phone) = (trial.browser("alice"), trial.browser("bob"), trial.browser("phone"));
    let his = trial.users.bob();
    becomes(trial, &his.name, Role::Admin, "bob is an admin");
    for browser in [&bob, &phone] {
        logs_in(browser, his).await?;
        browser.get(ADMIN).await?.shows("Admin dashboard")?;
    }
    logs_in(&alice, trial.users.alice()).await?;
    trial.log().new_scene();
    is_done(&alice.post(&path(&his.name, "demote"), &[]).await?)?;
    for browser in [&bob, &phone] {
        let so =
            "bob is now a user, and the site still lets him in as an admin: ask `Users` for the role at each request";
        is_kept_out(trial, browser, so).await?;
        is_forbidden(&browser.post(&path(&trial.users.carol().name, "delete"), &[]).await?, so)?;
        let page = browser.get(DASHBOARD).await?;
        page.shows(&his.name).map_err(|miss| {
            miss.so_if(
                page.status
                    .is_redirection()
                    .then_some("bob was demoted, and he is no longer logged in: a demotion must not end a session"),
            )
        })?;
    }
    is_there(
        trial,
        trial.users.carol(),
        Some(Role::User),
        "the site refused bob's request to delete carol, but her account has changed",
    )?;
    a_second_demotion_acts_too(trial, &alice, &bob).await?;
    Box::pin(who_has_ended_others_is_demoted_too(trial)).await
}

async fn who_has_ended_others_is_demoted_too(trial: &Trial) -> Result<(), Miss> {
    let Some((user, devices)) = has_ended_others(trial).await? else { return Ok(()) };
    let (alice, his) = (trial.browser("alice"), trial.users.bob());
    logs_in(&alice, trial.users.alice()).await?;
    is_done(&alice.post(&path(&user.name, "demote"), &[]).await?)?;
    for device in &devices {
        let so = "dora ended her other sessions, then she was demoted, and the site still lets her in as an admin";
        is_kept_out(trial, device, so).await?;
        is_forbidden(&device.post(&path(&his.name, "demote"), &[]).await?, so)?;
    }
    Ok(())
}

/// An admin who has ended other sessions, in the browser that did so and in one that logged in after it; nothing if
/// that does not work, which is another requirement.
async fn has_ended_others(trial: &Trial) -> Result<Option<(User, [Browser<'_>; 2])>, Miss> {
    trial.log().begin_anew();
    let user = User { name: trial.named("dora"), password: trial.named("secret") };
    families::gets_an_account(trial, &user);
    becomes(trial, &user.name, Role::Admin, "dora is an admin");
    let devices = ["dora", "phone"].map(|who| trial.browser(who));
    logs_in(&devices[0], &user).await?;
    let ended = devices[0].post(END_OTHERS, &[]).await?;
    logs_in(&devices[1], &user).await?;
    let mut are_in = ended.status.is_redirection();
    for device in &devices {
        are_in = are_in && device.get(ADMIN).await?.is_ok();
    }
    Ok(are_in.then_some((user, devices)))
}

/// Demotes a user who has become an admin again since the first demotion.
async fn a_second_demotion_acts_too(trial: &Trial, alice: &Browser<'_>, bob: &Browser<'_>) -> Result<(), Miss> {
    trial.log().new_scene();
    let his = trial.users.bob();
    becomes(trial, &his.name, Role::Admin, "bob is an admin again");
    let page = bob.get(ADMIN).await?;
    page.shows("Admin dashboard").map_err(|miss| miss.so_if((page.status == FORBIDDEN).then_some(PROMOTED)))?;
    is_done(&alice.post(&path(&his.name, "demote"), &[]).await?)?;
    let so = "bob became an admin again and was demoted again, and the second demotion did not take effect";
    is_there(trial, his, Some(Role::User), so)?;
    is_forbidden(&bob.get(ADMIN).await?, so)
}

async fn a_promotion_acts_at_once(trial: &Trial) -> Result<(), Miss> {
    let (bob, his) = (trial.browser("bob"), trial.users.bob());
    logs_in(&bob, his).await?;
    bob.get(ADMIN).await?.has_status(FORBIDDEN)?;
    becomes(trial, &his.name, Role::Admin, "bob is an admin now");
    let page = bob.get(ADMIN).await?;
    page.shows("Admin dashboard").map_err(|miss| miss.so_if((page.status == FORBIDDEN).then_some(PROMOTED)))
}

const PROMOTED: &str = "bob is now an admin, and the site still refuses him: ask `Users` for the role at each request";

async fn a_deletion_acts_at_once(trial: &Trial) -> Result<(), Miss> {
    let (alice, bob, phone) = (trial.browser("alice"), trial.browser("bob"), trial.browser("phone"));
    let his = trial.users.bob();
    logs_in(&bob, his).await?;
    // One of his sessions began when he was a user, the other when he was an admin.
    becomes(trial, &his.name, Role::Admin, "bob is an admin now");
    logs_in(&phone, his).await?;
    logs_in(&alice, trial.users.alice()).await?;
    trial.log().new_scene();
    alice.post(&path(&his.name, "delete"), &[]).await?.redirects_to(ADMIN)?;
    for browser in [&bob, &phone] {
        is_over(trial, browser, "bob's account is gone").await?;
    }
    bob.log_in(his).await?.has_status(401)?;
    alice.get(DASHBOARD).await?.shows(&trial.users.alice().name)?;
    // Another program may delete an account, too.
    trial.log().new_scene();
    let (carol, hers) = (trial.browser("carol"), trial.users.carol());
    logs_in(&carol, hers).await?;
    families::loses_the_account(trial, &hers.name);
    for page in [DASHBOARD, ADMIN] {
        let so = format!("carol's account is gone, and her session still opens {page}: ask `Users` at each request");
        is_sent_away(&carol.get(page).await?, so)?;
    }
    let so = "carol's account is gone, and the page still lists it: ask `Users` for the names at each request";
    alice.get(ADMIN).await?.shows_not(&hers.name, so)?;
    Box::pin(who_has_ended_others_is_deleted_too(trial)).await
}

/// She deletes herself, in the session that is not the one that ended the others.
async fn who_has_ended_others_is_deleted_too(trial: &Trial) -> Result<(), Miss> {
    families::gets_an_account(trial, trial.users.carol());
    let Some((user, devices)) = has_ended_others(trial).await? else { return Ok(()) };
    devices[1].post(&path(&user.name, "delete"), &[]).await?;
    is_there(trial, &user, None, "an admin deleted themselves, and the account is still there")?;
    for device in &devices {
        is_over(trial, device, "dora ended her other sessions, then her account was deleted").await?;
    }
    Ok(())
}

async fn the_last_admin_stays(trial: &Trial) -> Result<(), Miss> {
    let (alice, her, his) = (trial.browser("alice"), trial.users.alice(), trial.users.bob());
    logs_in(&alice, her).await?;
    for what in ["demote", "delete"] {
        let answer = alice.post(&path(&her.name, what), &[]).await?;
        let so = match trial.users.role(&her.name) {
            Some(Role::Admin) => {
                "alice is the only admin and still is one, so the answer has to say that the request was refused"
            }
            _ => "alice was the only admin and no longer is one: nobody is left who can make anyone an admin",
        };
        answer.has_status(409).map_err(|miss| miss.so_if(answer.status.is_redirection().then_some(so)))?;
        is_there(trial, her, Some(Role::Admin), "the site refused the request, but the only admin is no longer one")?;
        let so = "the site refused the request with 409, and alice is no longer logged in: a refusal ends no session";
        still_in(&alice.get(DASHBOARD).await?, her, so)?;
    }
    // The demotion of a user does not matter to her.
    trial.log().new_scene();
    let demotion = alice.post(&path(&his.name, "demote"), &[]).await?;
    demotion.redirects_to(ADMIN).map_err(|miss| match demotion.status.as_u16() {
        409 => {
            miss.so("bob is a user, so his demotion takes no admin away: answer 409 only if the last admin would go")
        }
        _ => miss,
    })?;
    is_there(trial, his, Some(Role::User), "bob was a user, and his demotion has changed his role")?;
    // If there is another admin, she may go.
    trial.log().new_scene();
    becomes(trial, &his.name, Role::Admin, "bob is an admin, too");
    let demotion = alice.post(&path(&her.name, "demote"), &[]).await?;
    let so = "the answer to a demotion is a redirect to /admin, whoever was demoted: that page then tells them what they may do";
    demotion.redirects_to(ADMIN).map_err(|miss| miss.so_if(demotion.status.is_redirection().then_some(so)))?;
    is_there(
        trial,
        her,
        Some(Role::User),
        "bob is an admin, too, and the site answered as if alice were demoted, but she is still an admin",
    )?;
    // Two admins, and each takes the other's rights at the same moment.
    trial.log().new_scene();
    let bob = trial.browser("bob");
    logs_in(&bob, his).await?;
    becomes(trial, &her.name, Role::Admin, "alice is an admin again");
    let (his_path, her_path) = (path(&his.name, "demote"), path(&her.name, "demote"));
    let meet = async || {
        let [_, other] = trial.meet(Operation::Load, alice.post(&his_path, &[]), bob.post(&her_path, &[])).await?;
        one_is_left(trial, &other)
    };
    meet().await?;
    for held in [Operation::Load, Operation::Save] {
        admins_meet(trial, [&alice, &bob], held, "demote").await?;
    }
    for _ in 0..MEETINGS {
        both_are_admins_again(trial);
        meet().await?;
    }
    admins_meet(trial, [&alice, &bob], Operation::Save, "delete").await
}

/// An admin has demoted one of two admins.
fn is_done(demotion: &Answer) -> Result<(), Miss> {
    demotion.redirects_to(ADMIN).map_err(|miss| miss.so_if((demotion.status == CONFLICT).then_some(STALE)))
}

/// How often two admins meet again: what another thread does for one of them may be done at any moment.
const MEETINGS: usize = 40;

fn both_are_admins_again(trial: &Trial) {
    trial.log().begin_apart();
    becomes(trial, &trial.users.alice().name, Role::Admin, "alice is an admin again");
    becomes(trial, &trial.users.bob().name, Role::Admin, "bob is an admin again");
}

/// Each does this to the other, while a call to the store is slow for the first of them.
async fn admins_meet(trial: &Trial, [alice, bob]: [&Browser<'_>; 2], held: Operation, what: &str) -> Result<(), Miss> {
    both_are_admins_again(trial);
    let (his_path, her_path) = (path(&trial.users.bob().name, what), path(&trial.users.alice().name, what));
    let meanwhile = async { bob.post(&her_path, &[]).await.map(|_| ()) };
    let answer = trial.overlaps(held, alice.post(&his_path, &[]), meanwhile).await?;
    one_is_left(trial, &answer)
}

fn one_is_left(trial: &Trial, answer: &Answer) -> Result<(), Miss> {
    let both = [trial.users.alice(), trial.users.bob()];
    if both.iter().any(|user| trial.users.role(&user.name) == Some(Role::Admin)) {
        return Ok(());
    }
    let miss = answer.miss("at least one admin", "no admin");
    Err(miss.so("two admins sent a request against each other at the same moment, and no admin is left: to check that there is another admin and to change the account has to be one step"))
}

async fn other_sessions_are_ended(trial: &Trial) -> Result<(), Miss> {
    let his = trial.users.bob();
    let [bob, phone, library] = ["bob", "phone", "library"].map(|who| trial.browser(who));
    let [alice, namesake] = ["alice", "namesake"].map(|who| trial.browser(who));
    logs_in(&alice, trial.users.alice()).await?;
    // Her name begins with his.
    let similar = User { name: format!("{}by", his.name), password: trial.named("secret") };
    families::gets_an_account(trial, &similar);
    logs_in(&namesake, &similar).await?;
    for browser in [&bob, &phone, &library] {
        logs_in(browser, his).await?;
    }
    trial.browser("stranger").post(END_OTHERS, &[]).await?.redirects_to(LOGIN)?;
    trial.log().new_scene();
    bob.post(END_OTHERS, &[]).await?.redirects_to(DASHBOARD)?;
    // The more bob may do, the more dangerous is a session that has not ended.
    becomes(trial, &his.name, Role::Admin, "bob is an admin now");
    for browser in [&phone, &library] {
        is_over(trial, browser, "bob ended his other sessions").await?;
    }
    still_in(
        &bob.get(DASHBOARD).await?,
        his,
        "bob ended his other sessions, and the session that asked for it ended, too",
    )?;
    still_in(
        &alice.get(DASHBOARD).await?,
        trial.users.alice(),
        "bob ended his other sessions, and alice's session ended, too",
    )?;
    let so = "bob ended his other sessions, and that ended the session of a user whose name begins with his: compare names exactly";
    still_in(&namesake.get(DASHBOARD).await?, &similar, so)?;

    trial.log().new_scene();
    logs_in(&phone, his).await?;
    still_in(
        &phone.get(DASHBOARD).await?,
        his,
        "bob ended his other sessions and then logged in again, and the new session does not work",
    )?;
    still_in(
        &bob.get(DASHBOARD).await?,
        his,
        "bob logged in again on his phone, and that ended the session that he had kept",
    )?;
    phone.post(END_OTHERS, &[]).await?.redirects_to(DASHBOARD)?;
    let so =
        "the first `POST /sessions/end_others` ended the other sessions, and the second one did not end this session";
    is_out(&bob, so).await?;
    is_out(&library, AGAIN).await?;
    logs_in(&bob, his).await?;
    phone.post(END_OTHERS, &[]).await?.redirects_to(DASHBOARD)?;
    is_out(&bob, "the phone ended the other sessions for the second time, and one that began in between is still open")
        .await?;
    is_out(&library, AGAIN).await?;
    phone.get(DASHBOARD).await?.shows(&his.name)?;
    trial.restart().await?;
    let so = "this session had ended, and it works again after a restart of the server: the store or the account has to know that it has ended";
    is_out(&bob, so).await?;
    is_out(&library, so).await?;
    an_ended_session_stays_ended(trial, &phone, &library).await
}

/// After how many more ends a number repeats that has two digits or one byte.
const REPEATS: [usize; 2] = [100, 256];

/// However often others are ended after it: a number that says when a session began must not come back.
async fn an_ended_session_stays_ended(trial: &Trial, phone: &Browser<'_>, library: &Browser<'_>) -> Result<(), Miss> {
    if trial.users.canary().is_some() {
        return Ok(()); // what the user is called makes no difference
    }
    trial.log().begin_anew();
    for browser in [phone, library] {
        logs_in(browser, trial.users.bob()).await?;
    }
    for ends in 1..=REPEATS[1] {
        phone.post(END_OTHERS, &[]).await?.redirects_to(DASHBOARD)?;
        if ends == 1 || REPEATS.contains(&ends) {
            is_out(library, AGAIN).await?;
        }
    }
    Ok(())
}

const AGAIN: &str = "this session had ended, and it works again since the other sessions were ended once more";

/// Expects a redirect to the login page; `so` says what it means if the dashboard opens.
async fn is_out(browser: &Browser<'_>, so: &str) -> Result<(), Miss> {
    let page = browser.get(DASHBOARD).await?;
    page.redirects_to(LOGIN).map_err(|miss| miss.so_if(page.is_ok().then_some(so)))
}

async fn a_logout_leaves_nothing_behind(trial: &Trial) -> Result<(), Miss> {
    let (alice, her) = (trial.browser("alice"), trial.users.alice());
    let login = logs_in(&alice, her).await?;
    alice.get(ADMIN).await?.shows("Admin dashboard")?;
    let mallory = alice.copied_by("mallory");
    let logout = alice.post(LOGOUT, &[]).await?;
    logout.redirects_to(LOGIN)?;
    for browser in [&mallory, &alice] {
        for page in [DASHBOARD, ADMIN] {
            let page = browser.get(page).await?;
            page.redirects_to(LOGIN).map_err(|miss| miss.so_if(infer::lets_a_copy_in(&page, &logout)))?;
        }
    }
    if !login.exchange.calls.is_empty() {
        infer::is_destroyed(&logout)?;
    }
    trial.browser("stranger").post(LOGOUT, &[]).await?.redirects_to(LOGIN)?;
    an_ended_session_is_logged_out(trial).await?;
    the_session_of_a_deleted_user_is_logged_out(trial).await?;
    trial.log().new_scene();
    logs_in(&alice, trial.users.bob()).await?;
    is_forbidden(
        &alice.get(ADMIN).await?,
        "alice logged out, bob logged in with her browser, and the page for admins opened for him",
    )
}

/// A user logs out of a session that another one of theirs has ended: its record still has to go.
async fn an_ended_session_is_logged_out(trial: &Trial) -> Result<(), Miss> {
    trial.log().new_scene();
    let [bob, phone] = ["bob", "phone"].map(|who| trial.browser(who));
    for browser in [&bob, &phone] {
        logs_in(browser, trial.users.bob()).await?;
    }
    let copy = phone.copied_by("mallory");
    if !bob.post(END_OTHERS, &[]).await?.status.is_redirection() {
        return Ok(()); // another requirement is about that
    }
    phone.post(LOGOUT, &[]).await?.redirects_to(LOGIN)?;
    has_no_record(
        &copy.get(DASHBOARD).await?,
        "the record of a session that was ended and then logged out",
        "another session ended this one, then its user logged out here, and the logout left its record in the store",
    )
}

/// The same if the account is gone.
async fn the_session_of_a_deleted_user_is_logged_out(trial: &Trial) -> Result<(), Miss> {
    trial.log().new_scene();
    let (carol, hers) = (trial.browser("carol"), trial.users.carol());
    logs_in(&carol, hers).await?;
    let copy = carol.copied_by("mallory");
    families::loses_the_account(trial, &hers.name);
    carol.post(LOGOUT, &[]).await?.redirects_to(LOGIN)?;
    has_no_record(
        &copy.get(DASHBOARD).await?,
        "the record of a session that was logged out after its account was gone",
        "carol's account is gone, then she logged out here, and the logout left her session's record in the store",
    )
}

/// The cookie of this request led to no record; `left` and `so` are about one that is there.
fn has_no_record(page: &Answer, left: &str, so: &str) -> Result<(), Miss> {
    match page.exchange.session.before {
        None => Ok(()),
        Some(_) => Err(page.miss("no record in the store", left).so(so)),
    }
}

async fn a_login_issues_a_new_session_id(trial: &Trial) -> Result<(), Miss> {
    let mallory = trial.browser("mallory");
    logs_in(&mallory, trial.users.bob()).await?;
    let alice = mallory.copied_by("alice");
    let first = logs_in(&alice, trial.users.alice()).await?;
    let before = alice.copied_by("copy");
    let second = logs_in(&alice, trial.users.alice()).await?;
    is_renewed(trial, &before, &second).await?;
    trial.log().new_scene();
    is_renewed(trial, &mallory, &first).await?;

    trial.log().begin_anew();
    let victim = trial.browser("alice");
    let login = logs_in(&victim, trial.users.alice()).await?;
    if !neighbour::moves_in(trial, &victim, &login).await {
        return Ok(());
    }
    let mallory = victim.copied_by("mallory");
    let again = logs_in(&victim, trial.users.alice()).await?;
    is_renewed(trial, &mallory, &again).await?;
    an_ended_session_is_renewed_too(trial).await
}

/// A user logs in again where another session of theirs has ended this one.
async fn an_ended_session_is_renewed_too(trial: &Trial) -> Result<(), Miss> {
    trial.log().begin_anew();
    let ([alice, phone], her) = (["alice", "phone"].map(|who| trial.browser(who)), trial.users.alice());
    for browser in [&alice, &phone] {
        logs_in(browser, her).await?;
    }
    let before = phone.copied_by("copy");
    if !alice.post(END_OTHERS, &[]).await?.status.is_redirection() {
        return Ok(()); // another requirement is about that
    }
    let again = logs_in(&phone, her).await?;
    is_renewed(trial, &before, &again).await
}

/// A browser with the cookie from before this login of alice's does not see what she sees.
async fn is_renewed(trial: &Trial, before: &Browser<'_>, login: &Answer) -> Result<(), Miss> {
    let page = before.get(DASHBOARD).await?;
    let so = infer::lets_the_old_id_in(&page, login, |id| before.holds(id));
    page.lacks(&trial.users.alice().name).map_err(|miss| miss.so_if(so))
}

async fn names_are_text(trial: &Trial) -> Result<(), Miss> {
    let (alice, carol, her) = (trial.browser("alice"), trial.browser("carol"), trial.users.carol());
    let raw = |page: &Answer, miss: Miss| match pastes(page, &her.name) {
        true => miss.so("the name is in the page as HTML: the browser takes its `<i>` for a tag"),
        false if page.body.contains("&amp;lt;") => {
            miss.so("the name was escaped twice: visitors read escape codes such as `&lt;` instead of the name")
        }
        false => miss,
    };
    logs_in(&carol, her).await?;
    let page = carol.get(DASHBOARD).await?;
    page.shows(&her.name).map_err(|miss| raw(&page, miss))?;
    logs_in(&alice, trial.users.alice()).await?;
    let page = alice.get(ADMIN).await?;
    page.shows(&her.name).map_err(|miss| raw(&page, miss))?;
    refusals_are_text(trial, &alice, &carol).await?;

    trial.log().new_scene();
    buttons_lead_to(&alice, her, &alice.get(ADMIN).await?).await?;
    let deletion = alice.post(&path(&her.name, "delete"), &[]).await?;
    let so = "there is such an account, and the site answered 404: in the address each `<`, `>` and `/` of the name is percent-encoded, and `Path` decodes it";
    deletion.redirects_to(ADMIN).map_err(|miss| miss.so_if((deletion.status == 404).then_some(so)).why(ADDRESSES))?;
    is_there(trial, her, None, "the site answered as if carol were deleted, but her account is still there")?;
    trial.log().begin_anew();
    families::are_told_apart(trial).await
}

/// Why a handler has to find every name, whatever characters it has.
pub(crate) const ADDRESSES: &str = "an admin can neither demote nor delete an account that no request can name";

/// No refusal (401, 404, 403, 409) has a name in it as HTML.
async fn refusals_are_text(trial: &Trial, alice: &Browser<'_>, carol: &Browser<'_>) -> Result<(), Miss> {
    let nobody = User { name: format!("<i>{}</i>", trial.named("nobody")), password: String::new() };
    let in_text = |answer: Answer, name: &str| {
        if !pastes(&answer, name) {
            return is_written_as_it_is(&answer, name);
        }
        let miss = answer.miss("a refusal that shows the name as text or not at all", format!("a tag in it: {name}"));
        Err(miss.so("the refusal has the name in it as HTML: a link or a form on another site can put a script there"))
    };
    trial.log().new_scene();
    in_text(trial.browser("mallory").log_in(&nobody).await?, &nobody.name)?;
    for what in ["demote", "delete"] {
        for browser in [alice, carol] {
            in_text(browser.post(&path(&nobody.name, what), &[]).await?, &nobody.name)?;
        }
    }
    trial.log().new_scene();
    let (her, alices) = (trial.users.carol(), &trial.users.alice().name);
    becomes(trial, &her.name, Role::Admin, "carol is an admin now");
    becomes(trial, alices, Role::User, "alice is a user now");
    in_text(carol.post(&path(&her.name, "demote"), &[]).await?, &her.name)?;
    becomes(trial, alices, Role::Admin, "alice is an admin again");
    becomes(trial, &her.name, Role::User, "carol is a user again");
    Ok(())
}

/// How much of a refusal is shown, in characters.
const LONGEST_REFUSAL: usize = 100;

/// A page shows this name, which is in a tag, with its tag or not at all.
fn is_written_as_it_is(refusal: &Answer, name: &str) -> Result<(), Miss> {
    let within = name.trim_start_matches("<i>").trim_end_matches("</i>");
    let text = refusal.text();
    if text.contains(name) || !text.contains(within) {
        return Ok(());
    }
    let miss = refusal.miss(
        format!("a refusal that shows {name} or no name"),
        format!("it shows  {}", infer::short(&text, LONGEST_REFUSAL)),
    );
    Err(miss.so("the refusal shows the name in another way than it is written: decode it once, which `Path` does, and escape it once, which a template does"))
}

/// If the page has buttons for this user, their addresses have her whole name.
async fn buttons_lead_to(alice: &Browser<'_>, her: &User, page: &Answer) -> Result<(), Miss> {
    for form in page.forms() {
        let Some((_, part)) = form.action.rsplit_once("admin/users/").filter(|(_, part)| part.contains("carol")) else {
            continue;
        };
        let part = part.rsplit_once('/').map_or(part, |(name, _)| name);
        let named = form_urlencoded::parse(part.as_bytes()).next().is_some_and(|(name, _)| name == her.name.as_str());
        if part.contains('/') || !named {
            let miss = page
                .miss(format!("a button that leads to  /admin/users/{}/…", in_path(&her.name)), form.action.clone());
            let so = "a button on the page does not lead to this account: percent-encode a name in an address, including its `/` (`%2F`)";
            return Err(miss.so(so).why(ADDRESSES));
        }
        if form.method == "get" {
            asks_first(page, &alice.get(&resolved(ADMIN, form.path())).await?)?;
        }
    }
    deletes_this_user_too(page, &her.name)
}

/// A button that sends a GET leads to a page, which may ask whether this is meant.
fn asks_first(page: &Answer, next: &Answer) -> Result<(), Miss> {
    if next.is_ok() {
        return Ok(());
    }
    let miss = page.miss(
        "a button that sends a POST, or one that leads to a page",
        format!("a button that sends GET {}: {}", next.path, next.in_short()),
    );
    Err(miss
        .so("the form of this button has no `method=\"post\"`, so the browser sends a GET, and nobody is deleted")
        .why("a GET is for reading, and a form that says nothing else sends one"))
}

async fn reading_changes_nothing(trial: &Trial) -> Result<(), Miss> {
    let his = trial.users.bob();
    let changing = [path(&his.name, "demote"), path(&his.name, "delete")];
    let paths: Vec<_> =
        [LOGIN, DASHBOARD, ADMIN, END_OTHERS, LOGOUT].into_iter().chain(changing.iter().map(String::as_str)).collect();
    reading::opens_no_session(&trial.browser("stranger"), &paths).await?;
    a_typed_name_stays_with_its_visitor(trial).await?;
    visitors::do_not_act_by_a_copied_cookie(trial).await?;
    visitors::do_not_mix_at_once(trial).await?;
    trial.log().begin_anew();
    let [alice, bob, phone] = ["alice", "bob", "phone"].map(|who| trial.browser(who));
    let login = logs_in(&alice, trial.users.alice()).await?;
    reading::opens_none_for_a_stale_cookie(&alice, &login, &paths).await?;
    logs_in(&bob, his).await?;
    logs_in(&phone, his).await?;
    becomes(trial, &his.name, Role::Admin, "bob is an admin now");
    let is_as_before = |path: &str| accounts_are_as_before(trial, path);
    reading::ends_nothing(&alice, &paths, counts_visits, is_as_before).await?;
    still_in(
        &alice.get(DASHBOARD).await?,
        trial.users.alice(),
        "one of the `GET` or `HEAD` requests before this has ended alice's session",
    )?;
    reading::ends_nothing(&bob, &paths, counts_visits, is_as_before).await?;
    for browser in [&bob, &phone] {
        still_in(
            &browser.get(DASHBOARD).await?,
            his,
            "one of the `GET` or `HEAD` requests before this has ended a session of bob's",
        )?;
    }
    Ok(())
}

/// Whether this is a page, which may note in the session that it was shown.
fn counts_visits(answer: &Answer) -> bool {
    answer.is_ok() && answer.is_page()
}

/// Alice and bob are admins, and carol is a user.
fn accounts_are_as_before(trial: &Trial, path: &str) -> Result<(), Miss> {
    let so = format!(
        "a `GET` or `HEAD` of {path}, or of an address to which its page has a link, has changed this account: a link must not change anything"
    );
    [(trial.users.alice(), Role::Admin), (trial.users.bob(), Role::Admin), (trial.users.carol(), Role::User)]
        .into_iter()
        .try_for_each(|(user, role)| is_there(trial, user, Some(role), &so).map_err(|miss| miss.so(so.as_str())))
}

/// Whether a login is refused or not, the next visitor's form does not tell who tried it.
async fn a_typed_name_stays_with_its_visitor(trial: &Trial) -> Result<(), Miss> {
    trial.log().begin_anew();
    let [visitor, stranger] = ["visitor", "stranger"].map(|who| trial.browser(who));
    let typed = User { name: trial.named("zoe"), password: String::new() };
    for (user, is_typed) in [(&typed, "was refused"), (trial.users.bob(), "was logged in")] {
        visitor.log_in(user).await?;
        let so =
            format!("another visitor typed this name and {is_typed}, and the login form shows the name to a stranger");
        stranger.get(LOGIN).await?.shows_not(&user.name, &so).map_err(|miss| miss.why(NOT_MIXED))?;
    }
    Ok(())
}

const NOT_MIXED: &str =
    "what a visitor types is for that visitor alone, and a value that the whole program shares is shown to everyone";

/// Expects the user's own page; `so` says what it means if the user is sent away.
fn still_in(page: &Answer, user: &User, so: &str) -> Result<(), Miss> {
    page.shows(&user.name).map_err(|miss| miss.so_if(page.status.is_redirection().then_some(so)))
}

pub(crate) async fn logs_in(browser: &Browser<'_>, user: &User) -> Result<Answer, Miss> {
    let answer = browser.log_in(user).await?;
    answer.redirects_to(DASHBOARD)?;
    Ok(answer)
}

/// An account changes while people are logged in.
pub(crate) fn becomes(trial: &Trial, name: &str, role: Role, event: &str) {
    trial.users.set_role(name, role);
    let word = if role == Role::Admin { "admin" } else { "user" };
    let by_hand = format!("curl -d '' 'http://localhost:PORT/demo/accounts/{}/{word}'", in_path(name));
    trial.log().event("(accounts)", event.to_owned(), by_hand);
}

/// Every request of this browser is sent to the login page and does nothing; `because` begins the sentence if not.
async fn is_over(trial: &Trial, browser: &Browser<'_>, because: &str) -> Result<(), Miss> {
    for page in [DASHBOARD, ADMIN] {
        let refusal = browser.get(page).await?;
        is_sent_away(&refusal, format!("{because}, and this session still opens {page}"))?;
        tells_no_names(trial, &refusal)?;
    }
    let carol = trial.users.carol();
    for what in ["demote", "delete"] {
        is_sent_away(
            &browser.post(&path(&carol.name, what), &[]).await?,
            format!("{because}, so this session must not {what} anyone: send its request to the login page"),
        )?;
        is_there(
            trial,
            carol,
            Some(Role::User),
            "the site sent the request to the login page, but the account has changed",
        )?;
    }
    is_sent_away(
        &browser.post(END_OTHERS, &[]).await?,
        format!("{because}, so this session must not end others: send its request to the login page"),
    )
}

fn is_sent_away(answer: &Answer, so: String) -> Result<(), Miss> {
    answer.redirects_to(LOGIN).map_err(|miss| match answer.status.as_u16() {
        FORBIDDEN => miss.so(
            "403 is for a user who is logged in and not allowed; this session has ended, so send it to the login page",
        ),
        200..=299 => miss.so(so),
        300..=399 | 404 | 409 if answer.method == Method::POST => miss.so(so),
        _ => miss,
    })
}

/// Whether this page has the name in it unescaped, which a browser reads as HTML.
fn pastes(page: &Answer, name: &str) -> bool {
    page.kind().contains("html") && page.body.contains(name)
}

fn path(name: &str, what: &str) -> String {
    format!("/admin/users/{}/{what}", in_path(name))
}

fn is_forbidden(answer: &Answer, so: &str) -> Result<(), Miss> {
    answer.has_status(FORBIDDEN).map_err(|miss| match answer.status.as_u16() {
        401 => miss.so("401 asks for a login, and this visitor is logged in: 403 says that they are not allowed"),
        300..=399 if answer.redirects_to(LOGIN).is_ok() => {
            miss.so("the site sent a visitor who is logged in to the login page: 403 says that they are not allowed")
        }
        300..=399 if answer.method == Method::GET => {
            miss.so("the site sent a user who is not allowed to another page: 403 says that they are not allowed")
        }
        404 if answer.method == Method::POST => miss.so(
            "a user has to get 403 whether or not there is such an account: check who is asking before you look it up",
        ),
        409 if answer.method == Method::POST => miss.so(
            "409 is the answer to an admin, about the last one; this is a user, who has to get 403: check who is asking before anything else",
        ),
        200..=399 => miss.so(so),
        _ => miss,
    })
}

/// The account is as it should be, whatever the pages say; `so` is for another role, or an account that is still there.
pub(crate) fn is_there(trial: &Trial, user: &User, expected: Option<Role>, so: &str) -> Result<(), Miss> {
    let words = |role: Option<Role>| match role {
        Some(Role::Admin) => format!("{} is an admin", user.name),
        Some(Role::User) => format!("{} is a user", user.name),
        None => format!("{} has no account", user.name),
    };
    let actual = trial.users.role(&user.name);
    if actual == expected {
        return Ok(());
    }
    let so = if actual.is_none() { "the account is gone, although no request should have deleted it" } else { so };
    Err(Miss::new(words(expected), words(actual)).so(so))
}
