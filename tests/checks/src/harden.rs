//! The checks of exercise 6: mallory's scripts, and a day in the life of alice.

use std::{iter, slice};

use axum::http::StatusCode;

use crate::{
    Answer, Browser, Check, Form, Miss, Monitor, Suite, Trial, User,
    browser::{Encoding, encode},
    impostors::{self, Impostor},
    infer,
    model::HARDEN,
    monitor, page, reading,
    routes::{VARIANTS, variants},
    spelt::renamed,
};

pub(crate) const SHOP: &str = "/";
pub(crate) const LOGIN: &str = "/login";
pub(crate) const BUY: &str = "/buy";
pub(crate) const NOTE: &str = "/note";
pub(crate) const LOGOUT: &str = "/logout";
pub(crate) const EVIL: &str = "http://evil.localhost";

/// Where mallory's form is.
#[derive(Clone, Copy)]
pub(crate) enum Stands {
    /// On another site, with the `Origin` that the browser sends.
    Elsewhere(Option<&'static str>),
    /// On a host beside the shop's: the same site, so that the browser sends all cookies.
    Beside,
    /// The same, but a script sends it, which can name a `charset` without a preflight.
    InAScriptBeside,
    /// On another site or on a host beside the shop's, with another encoding of its fields.
    ElsewhereAs(Encoding),
    BesideAs(Encoding),
}

impl Stands {
    pub(crate) async fn posts(
        self,
        browser: &Browser<'_>,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<Answer, Miss> {
        match self {
            Self::Elsewhere(origin) => browser.post_from_as(EVIL, origin, path, fields).await,
            Self::Beside => browser.post_from_neighbour(path, fields).await,
            Self::InAScriptBeside => browser.post_with_charset_from_neighbour(path, fields).await,
            Self::ElsewhereAs(encoding) => browser.post_encoded_from(Some(EVIL), encoding, path, fields).await,
            Self::BesideAs(encoding) => browser.post_encoded_from(None, encoding, path, fields).await,
        }
    }
}

/// A form on mallory's page, and what is known about a shop that obeys it.
pub(crate) type Forgery = (Stands, &'static str);

pub(crate) const ELSEWHERE: [Forgery; 4] = [
    (
        Stands::Elsewhere(Some(EVIL)),
        "the shop obeyed a form on http://evil.localhost; its request had `Sec-Fetch-Site: cross-site`, `Origin: http://evil.localhost` and, if the shop's form has hidden fields, the values of mallory's own page",
    ),
    (
        Stands::Elsewhere(Some("http://localhost.evil.example")),
        "the shop refused this form with `Origin: http://evil.localhost`, and obeyed it with `Origin: http://localhost.evil.example`: compare the whole `Origin`, not only its beginning",
    ),
    (
        Stands::Elsewhere(Some("null")),
        "the shop refused this form with the `Origin` of another site, and obeyed it with `Origin: null`, which any page can send from a sandboxed frame",
    ),
    (
        Stands::Elsewhere(None),
        "the shop refused this form with the `Origin` of another site, and obeyed it without an `Origin`: a missing header proves nothing",
    ),
];

/// Origins of other sites that begin or end like the shop's.
pub(crate) const SIMILAR: [Forgery; 2] = [
    (
        Stands::Elsewhere(Some("http://local")),
        "the shop refused this form with `Origin: http://evil.localhost`, and obeyed it with `Origin: http://local`: compare the whole `Origin`, to its end",
    ),
    (
        Stands::Elsewhere(Some("http://evillocalhost")),
        "the shop refused this form with `Origin: http://evil.localhost`, and obeyed it with `Origin: http://evillocalhost`: compare the whole `Origin`, from its beginning",
    ),
];

/// Headers of a request.
type Says = &'static [(&'static str, &'static str)];

const PAST_THE_GUARD: &str = "the shop refused this form at its usual address, and obeyed it at this one: another address of the same handler needs the same check";

/// What a browser says about a form that a visitor submits, that is in a frame, or that a script sends.
const SENT: [Says; 3] = [
    &[("sec-fetch-user", "?1"), ("sec-fetch-dest", "document")],
    &[("sec-fetch-user", "?1"), ("sec-fetch-dest", "iframe")],
    &[("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "empty")],
];
const SENT_OTHERWISE: &str = "the shop refused this form before, and obeyed it with other `Sec-Fetch-` headers: of these, only `Sec-Fetch-Site` says where a form comes from";

/// Addresses of pages on other sites that begin like the shop's, or contain it.
const SIMILAR_PAGES: [Says; 2] =
    [&[("referer", "http://localhost.evil.example/")], &[("referer", "http://evil.localhost/http://localhost/")]];
const REFERRED: &str = "the shop refused this form before, and obeyed it without an `Origin` and with a `Referer` that only looks like the shop's: the whole origin in it has to be the shop's";

/// The same, sent in another way.
const ELSEWHERE_OTHERWISE: [Forgery; 2] =
    [(Stands::ElsewhereAs(Encoding::Plain), OTHERWISE), (Stands::ElsewhereAs(Encoding::Multipart), OTHERWISE)];
const BESIDE_OTHERWISE: [Forgery; 2] =
    [(Stands::BesideAs(Encoding::Plain), OTHERWISE), (Stands::BesideAs(Encoding::Multipart), OTHERWISE)];
const OTHERWISE: &str = "the shop refused this form with the usual `Content-Type`, and obeyed it with another one: mallory writes the form, and its `enctype` decides the `Content-Type`";

pub(crate) const BESIDE: [Forgery; 2] = [
    (
        Stands::Beside,
        "the shop obeyed a form on http://neighbour.localhost: to a browser that is the same site, so it sends the cookie whatever its `SameSite` is, with `Sec-Fetch-Site: same-site` and `Origin: http://neighbour.localhost`",
    ),
    (
        Stands::InAScriptBeside,
        "the shop refused this form on a neighboring host, and obeyed it when its `Content-Type` named a `charset`",
    ),
];

/// What mallory does with the hidden fields of a form.
#[derive(Clone, Copy)]
pub(crate) enum Hidden {
    Own,
    LeftOut,
    Empty,
}

impl Hidden {
    pub(crate) const ALL: [Self; 3] = [Self::Own, Self::LeftOut, Self::Empty];

    /// What is known about a shop that obeys this form and refused it with mallory's own fields.
    fn so(self) -> Option<&'static str> {
        match self {
            Self::Own => None,
            Self::LeftOut => Some(
                "the shop refused this form with mallory's own hidden fields, and obeyed it without them: a CSRF token that may be missing protects nothing",
            ),
            Self::Empty => Some(
                "the shop refused this form with mallory's own hidden fields, and obeyed it with empty ones: a CSRF token that may be empty protects nothing",
            ),
        }
    }
}

/// Exercise 6.
pub static SUITE: Suite = Suite {
    exercise: 6,
    readme: include_str!("../../../exercises/6-harden/README.md"),
    passes_at_first: &["alices_day_is_as_it_was"],
    checks: &[
        Check {
            id: "alices_day_is_as_it_was",
            why: "a shop where nobody can buy is safe, but useless",
            hint: 1,
            read: "security/ending.md#how-do-the-defences-come-together",
            run: |trial| Box::pin(alices_day_is_as_it_was(trial)),
        },
        Check {
            id: "a_planted_id_is_worth_nothing",
            why: "anyone who knows the session ID before the login knows it afterwards, unless the login issues a new one (ASVS 7.2.4)",
            hint: 2,
            read: "security/fixation.md#what-stops-it",
            run: |trial| Box::pin(a_planted_id_is_worth_nothing(trial)),
        },
        Check {
            id: "a_copy_ends_with_the_logout",
            why: "the browser drops its cookie at a logout, but a thief keeps the copy; the logout has to delete the record (ASVS 7.4.1)",
            hint: 3,
            read: "security/ending.md#what-is-left-after-the-logout",
            run: |trial| Box::pin(a_copy_ends_with_the_logout(trial)),
        },
        Check {
            id: "a_link_buys_nothing",
            why: "a browser follows links and loads images with its cookies; only a POST may change anything (ASVS 3.5.3)",
            hint: 4,
            read: "security/csrf.md#can-a-link-buy-something",
            run: |trial| Box::pin(a_link_buys_nothing(trial)),
        },
        Check {
            id: "another_sites_form_buys_nothing",
            why: "any page on the web can have a form that posts to the shop, and if the browser sends alice's cookie, it looks like her own (ASVS 3.5.1)",
            hint: 5,
            read: "security/csrf.md#can-a-form",
            run: |trial| Box::pin(another_sites_form_buys_nothing(trial)),
        },
        Check {
            id: "what_visitors_write_is_text",
            why: "a script in a note runs in the browser of everyone who reads it, and can do whatever they can do (ASVS 1.2.1)",
            hint: 6,
            read: "security/scripts.md#what-stops-the-ride",
            run: |trial| Box::pin(what_visitors_write_is_text(trial)),
        },
        Check {
            id: "scripts_cannot_read_the_session_cookie",
            why: "if a script does get in, it must at least not be able to steal the session ID (ASVS 3.3.4)",
            hint: 7,
            read: "security/scripts.md#what-does-httponly-do",
            run: |trial| Box::pin(scripts_cannot_read_the_session_cookie(trial)),
        },
        Check {
            id: "nobody_buys_in_anothers_name",
            why: "the owner of a browser decides what it sends; only the session knows who they are (ASVS 8.2.2)",
            hint: 8,
            read: "security/csrf.md#what-does-a-cookie-prove",
            run: |trial| Box::pin(nobody_buys_in_anothers_name(trial)),
        },
        Check {
            id: "a_neighbours_form_buys_nothing",
            why: "`SameSite` compares sites, not hosts: anyone with a page on any host of the domain can send forms with every cookie (ASVS 3.5.1: forged cross-origin requests are refused)",
            hint: 9,
            read: "security/csrf.md#can-a-form",
            run: |trial| Box::pin(a_neighbours_form_buys_nothing(trial)),
        },
        Check {
            id: "another_sites_form_logs_nobody_in",
            why: "a visitor who is logged in as mallory without noticing acts in mallory's account, where mallory reads what they did (ASVS 7.6.2: no session begins without the user's act)",
            hint: 10,
            read: "security/csrf.md#why-would-anyone-log-alice-in",
            run: |trial| Box::pin(another_sites_form_logs_nobody_in(trial)),
        },
        Check {
            id: "a_neighbours_cookie_is_worth_nothing",
            why: "any host of a domain may set cookies for the whole domain, and the server cannot tell the difference (ASVS 3.3.3: a `__Host-` name unless the cookie is meant for several hosts)",
            hint: 11,
            read: "security/fixation.md#what-can-a-neighbouring-host-do",
            run: |trial| Box::pin(a_neighbours_cookie_is_worth_nothing(trial)),
        },
    ],
    monitors: &[
        Monitor { check: "scripts_cannot_read_the_session_cookie", watch: monitor::no_script_reads_the_session },
        Monitor { check: "scripts_cannot_read_the_session_cookie", watch: monitor::no_page_tells_the_session_id },
    ],
    names: Some("what_visitors_write_is_text"),
    model: Some(&HARDEN),
};

async fn alices_day_is_as_it_was(trial: &Trial) -> Result<(), Miss> {
    let [alice, bob] = ["alice", "bob"].map(|who| trial.browser(who));
    let [her, his] = [trial.users.alice(), trial.users.bob()];
    trial.browser("stranger").get(SHOP).await?.redirects_to(LOGIN)?;
    logs_in(&alice, her).await?;
    logs_in(&bob, his).await?;

    let items = [trial.named("a teapot"), trial.named("tea & milk")];
    for item in &items {
        buys(&alice, item).await?;
    }
    let note = format!("Is \"{}\" better than 'tea & milk'?", trial.named("coffee"));
    let page = shop(&bob, his).await?;
    bob.submit(&page, NOTE, &[("text", &note)]).await?.redirects_to(SHOP)?;
    buys(&bob, &trial.named("a spoon")).await?;
    for (browser, user) in [(&alice, her), (&bob, his)] {
        let page = shop(browser, user).await?;
        for item in &items {
            page.shows(&bought(her, item))?;
        }
        page.shows(&bought(his, &trial.named("a spoon")))?;
        page.shows(&wrote(his, &note))?;
    }

    let page = shop(&alice, her).await?;
    let logout = alice.submit(&page, LOGOUT, &[]).await?;
    logout.redirects_to(LOGIN).map_err(|miss| miss.so_if(is_barred(&logout)))?;
    alice.get(SHOP).await?.redirects_to(LOGIN)?;
    stays_in(&bob, his, "alice logged out, and bob is no longer logged in").await?;
    trial.log().begin_anew();
    for impostor in impostors::all(&trial.users) {
        if let Err(miss) = is_kept_out(&alice, &impostor).await {
            let alone = trial.browser("alice");
            return Err(trial.in_fewer_steps(miss, is_kept_out(&alone, &impostor)).await);
        }
    }
    logs_in(&alice, her).await?;
    trial.log().begin_anew();
    a_second_try_gets_in(trial).await?;
    trial.log().begin_anew();
    two_tabs_are_open(trial).await?;
    trial.log().begin_anew();
    many_tabs_are_open(trial).await?;
    trial.log().begin_anew();
    long_words_are_kept(trial).await?;
    trial.log().begin_anew();
    let alice = trial.browser("alice");
    let login = logs_in_with(&alice, her).await?;
    reading::sends_away_who_has_no_session(trial, &alice, &login, SHOP, LOGIN).await?;
    trial.log().begin_anew();
    the_last_login_counts(trial).await
}

async fn is_kept_out(browser: &Browser<'_>, impostor: &Impostor) -> Result<(), Miss> {
    let form = browser.get(LOGIN).await?;
    let login = browser.submit(&form, LOGIN, &credentials(&impostor.typed)).await?;
    impostor.is_refused(&login).map_err(|miss| miss.so_if(is_barred(&login)))?;
    sends_away(&browser.get(SHOP).await?)
}

/// Bob logs in with a browser in which alice is still logged in, if the shop shows him a form there.
async fn the_last_login_counts(trial: &Trial) -> Result<(), Miss> {
    let (browser, [her, his]) = (trial.browser("both"), [trial.users.alice(), trial.users.bob()]);
    logs_in(&browser, her).await?;
    let form = browser.get(LOGIN).await?;
    if !form.forms().iter().any(|form| form.has("password")) {
        return Ok(());
    }
    browser.submit(&form, LOGIN, &credentials(his)).await?.redirects_to(SHOP)?;
    let so = infer::THE_FIRST_STAYS_IN;
    is_not(&browser, her, so).await?;
    shop(&browser, his).await.map(|_| ())
}

/// Checks that the shop sends a visitor away whose login it refused: there may be a session, for a secret of the form.
fn sends_away(page: &Answer) -> Result<(), Miss> {
    let so = "the login was refused, so nobody is logged in here, and the shop answers as if somebody were: that there is a session does not mean that it has a user";
    page.redirects_to(LOGIN).map_err(|miss| if page.is_ok() { miss.so_anyway(so) } else { miss })
}

/// Alice mistypes her password, and uses the form of the page that says so, if that page has one.
async fn a_second_try_gets_in(trial: &Trial) -> Result<(), Miss> {
    let (alice, her) = (trial.browser("alice"), trial.users.alice());
    let page = alice.get(LOGIN).await?;
    let mistyped = format!("{}{}", her.password, her.password);
    let refused = alice.submit(&page, LOGIN, &[("username", &her.name), ("password", &mistyped)]).await?;
    if !refused.forms().iter().any(|form| form.has("password")) {
        return Ok(());
    }
    let so = "alice mistyped her password, and the form on the page that says so does not take the right one: it needs the same hidden fields as the form of /login";
    let again = alice.submit(&refused, LOGIN, &credentials(her)).await?;
    again.redirects_to(SHOP).map_err(|miss| miss.so(so))
}

async fn two_tabs_are_open(trial: &Trial) -> Result<(), Miss> {
    let (alice, her) = (trial.browser("alice"), trial.users.alice());
    let so = "alice opened the page in two tabs, and a form in one of them did not work: every open tab has to work, not only the newest one";
    let (first, _second) = (alice.get(LOGIN).await?, alice.get(LOGIN).await?);
    let login = alice.submit(&first, LOGIN, &credentials(her)).await?;
    login.redirects_to(SHOP).map_err(|miss| miss.so(so))?;
    let (first, second) = (shop(&alice, her).await?, shop(&alice, her).await?);
    // Each action in the one tab, and then each in the other.
    for (page, path, field) in [
        (&second, NOTE, "text"),
        (&first, BUY, "item"),
        (&first, NOTE, "text"),
        (&second, BUY, "item"),
        (&second, NOTE, "text"),
        (&first, BUY, "item"),
    ] {
        let sent = alice.submit(page, path, &[(field, &trial.named("a tab"))]).await?;
        sent.redirects_to(SHOP).map_err(|miss| miss.so(so))?;
    }
    shop(&alice, her).await?.shows(&bought(her, &trial.named("a tab")))?;
    alice.submit(&second, LOGOUT, &[]).await?.redirects_to(LOGIN).map_err(|miss| miss.so(so))
}

/// How many tabs alice has open: more than a shop may have in mind that counts them, or that shows only the last lines.
const TABS: usize = 12;

/// She buys the same and writes the same in each of them.
async fn many_tabs_are_open(trial: &Trial) -> Result<(), Miss> {
    let (alice, her) = (trial.browser("alice"), trial.users.alice());
    let so = "alice opened the page in 12 tabs, and the form in one of them did not work: a form has to work as long as its tab is open, however many others were opened after it";
    logs_in(&alice, her).await?;
    let mut tabs = Vec::new();
    for _ in 0..TABS {
        tabs.push(alice.get(SHOP).await?);
    }
    let item = trial.named("a biscuit");
    for tab in &tabs {
        let sent = alice.submit(tab, BUY, &[("item", &item)]).await?;
        sent.redirects_to(SHOP).map_err(|miss| miss.so(so))?;
    }
    let each = "alice bought the same thing several times, and the page does not show each purchase: nobody asked the shop to leave any out";
    is_shown_each_time(&shop(&alice, her).await?, TABS, &bought(her, &item), each)?;
    let text = trial.named("good morning");
    for tab in &tabs {
        let sent = alice.submit(tab, NOTE, &[("text", &text)]).await?;
        sent.redirects_to(SHOP).map_err(|miss| miss.so(so))?;
    }
    let each = "alice wrote the same note several times, and the page does not show each of them: nobody asked the shop to leave any out";
    is_shown_each_time(&shop(&alice, her).await?, TABS, &wrote(her, &text), each)?;
    trial.log().new_scene();
    let (bob, his) = (trial.browser("bob"), trial.users.bob());
    logs_in(&bob, his).await?;
    buys(&bob, &item).await?;
    writes(&bob, &text).await?;
    let each = "alice bought this or wrote this before, and now bob did, too: what another user did is no reason to leave his out";
    let page = shop(&bob, his).await?;
    [bought(his, &item), wrote(his, &text)].iter().try_for_each(|line| is_shown_each_time(&page, 1, line, each))
}

fn is_shown_each_time(page: &Answer, times: usize, line: &str, so: &str) -> Result<(), Miss> {
    let shown = page.text().matches(line).count();
    if shown == times {
        return Ok(());
    }
    let lines = if times == 1 { "one line".to_owned() } else { format!("{times} lines") };
    Err(page.miss(format!("{lines}: {line}"), format!("{shown} of them")).so(so))
}

async fn long_words_are_kept(trial: &Trial) -> Result<(), Miss> {
    let (alice, her) = (trial.browser("alice"), trial.users.alice());
    logs_in(&alice, her).await?;
    // A cut at any one byte cuts one of the two within a letter.
    for before in ["", "x"] {
        let long = format!("{}{before}{}.", trial.named("cake"), "ü".repeat(300));
        let page = shop(&alice, her).await?;
        alice.submit(&page, NOTE, &[("text", &long)]).await?.redirects_to(SHOP)?;
        buys(&alice, &long).await?;
        let page = shop(&alice, her).await?;
        for line in [wrote(her, &long), bought(her, &long)] {
            let so = "alice wrote a long text, and the page does not show all of it as she wrote it";
            page.shows(&line).map_err(|miss| if page.is_ok() { miss.so_anyway(so) } else { miss })?;
        }
    }
    Ok(())
}

async fn a_planted_id_is_worth_nothing(trial: &Trial) -> Result<(), Miss> {
    let (her, his) = (trial.users.alice(), trial.users.bob());
    let so = "mallory planted this session ID in alice's browser before the login, and it is logged in now: mallory sees what alice sees";
    let mallory = trial.browser("mallory");
    let form = mallory.get(LOGIN).await?;
    logs_in(&mallory, his).await?;
    let victim = mallory.copied_by("alice");
    logs_in_over(&victim, her).await?;
    is_not(&mallory, her, so).await?;

    // Alice already has the form open when the ID is planted, so only the login itself can renew it.
    trial.log().begin_anew();
    let late = "mallory planted this session ID while alice had the form open, and it is logged in now: the login itself has to renew the ID, not the page with the form";
    let mallory = trial.browser("mallory");
    logs_in(&mallory, his).await?;
    posts_login(&mallory.copied_by("alice"), &form, her).await?;
    is_not(&mallory, her, late).await?;

    // The form may carry a secret of the session: then it is mallory's own form, of a session without a login.
    trial.log().begin_anew();
    let mallory = trial.browser("mallory");
    let form = mallory.get(LOGIN).await?;
    posts_login(&mallory.copied_by("alice"), &form, her).await?;
    is_not(&mallory, her, late).await?;

    trial.log().begin_anew();
    let alice = trial.browser("alice");
    let login = logs_in_with(&alice, her).await?;
    let Some(id) = login.exchange.calls.iter().map(|call| call.id.clone()).find(|id| alice.holds(id)) else {
        return Ok(()); // a signed cookie: nobody can plant an ID
    };
    alice.takes_a_planted_id(&id).await;
    let mallory = alice.copied_by("mallory");
    keeps_the_session_alone(trial, &mallory);
    logs_in(&alice, her).await?;
    is_not(&mallory, her, so).await
}

async fn a_copy_ends_with_the_logout(trial: &Trial) -> Result<(), Miss> {
    let carol = witness(trial).await?;
    let (alice, her) = (trial.browser("alice"), trial.users.alice());
    logs_in(&alice, her).await?;
    let mallory = alice.copied_by("mallory");
    // The shop knows her by everything that she can do.
    buys(&alice, &trial.named("a teapot")).await?;
    writes(&alice, &trial.named("a word")).await?;
    let page = shop(&alice, her).await?;
    let stolen = page.forms();
    let logout = alice.submit(&page, LOGOUT, &[]).await?;
    logout.redirects_to(LOGIN)?;
    let page = mallory.get(SHOP).await?;
    greets_not(&page, her, "alice has logged out, and mallory still sees her page")
        .map_err(|miss| miss.so_if(infer::lets_a_copy_in(&page, &logout)))?;
    let so = "alice has logged out, and the shop obeyed a form that was sent with a copy of her cookie";
    let lure = trial.named("a lure");
    sends(&mallory, &stolen, BUY, &[("item", &lure)]).await?;
    is_not_bought(&carol, her, &lure, so).await?;
    sends(&mallory, &stolen, NOTE, &[("text", &lure)]).await?;
    is_not_written(&carol, her, &lure, so).await?;
    logs_in(&trial.browser("phone"), her).await?;
    let so = "alice has logged in again on her phone, and the copy of the cookie from her ended session works again";
    is_not(&mallory, her, so).await?;
    trial.restart().await?;
    let so = "alice has logged out, and after a restart of the server the copy of her cookie works again: the store has to know that the session has ended";
    is_not(&mallory, her, so).await
}

async fn a_link_buys_nothing(trial: &Trial) -> Result<(), Miss> {
    let carol = witness(trial).await?;
    let (alice, her) = (trial.browser("alice"), trial.users.alice());
    logs_in(&alice, her).await?;
    let lure = trial.named("a lure");
    let fields = encode(&[("item", &lure), ("text", &lure), ("username", &her.name)]);
    let others = [BUY, NOTE].into_iter().flat_map(variants);
    for path in [BUY, NOTE, SHOP].map(str::to_owned).into_iter().chain(others) {
        trial.log().begin_apart();
        let followed = alice.get_from(EVIL, &format!("{path}?{fields}")).await?;
        // The same from a page of the shop, such as an image in a note.
        alice.get(&format!("{path}?{fields}")).await?;
        let so = format!(
            "GET {path} did what only a POST may do: a link or an image on any page makes a browser send it, with the cookie"
        );
        is_not_bought(&carol, her, &lure, &so).await?;
        is_not_written(&carol, her, &lure, &so).await?;
        stays_in(&alice, her, &logged_out_by(&followed)).await?;
    }
    let bought = trial.named("a teapot");
    buys(&alice, &bought).await?;
    let before = times_bought(&carol, her, &bought).await?;
    for path in shop(&alice, her).await?.links().into_iter().filter(|link| link.starts_with('/')) {
        trial.log().begin_apart();
        alice.get_from(EVIL, &path).await?;
        alice.get(&path).await?;
        if times_bought(&carol, her, &bought).await? != before {
            let so = format!(
                "GET {path}, a link on the shop's page, bought something: a link on any page makes a browser send it"
            );
            return Err(Miss::new(format!("{bought} bought once"), "it was bought again").so(so));
        }
        stays_in(&alice, her, &format!("GET {path}, a link on the shop's page, logged alice out")).await?;
    }
    for path in [SHOP, LOGIN, BUY, NOTE, LOGOUT].map(str::to_owned).into_iter().chain(variants(LOGOUT)) {
        trial.log().begin_apart();
        let followed = alice.get_from(EVIL, &path).await?;
        alice.get(&path).await?;
        stays_in(&alice, her, &logged_out_by(&followed)).await?;
    }
    Ok(())
}

/// Whether a browser sent no cookie, and got one that replaces the one it has.
fn replaces_the_cookie(answer: &Answer) -> bool {
    let exchange = &answer.exchange;
    let mut set = exchange.response.set_cookies.iter();
    exchange.request.cookies.is_empty() && set.any(|cookie| !cookie.value.is_empty())
}

fn logged_out_by(link: &Answer) -> String {
    let path = link.path.split('?').next().unwrap_or_default();
    match replaces_the_cookie(link) {
        true => format!(
            "a link on another site led to {path}; because of `SameSite`, alice's browser did not send her cookie, and the answer replaced that cookie with the one of a new session"
        ),
        false => format!("GET {path} logged alice out: a link on any page makes a browser send it"),
    }
}

async fn another_sites_form_buys_nothing(trial: &Trial) -> Result<(), Miss> {
    let otherwise = [SIMILAR, ELSEWHERE_OTHERWISE].concat();
    let stage = forged_forms_do_nothing(trial, &ELSEWHERE, &otherwise).await?;
    for says in SIMILAR_PAGES {
        stage.forges(&Forged { says, ..Forged::on(Stands::Elsewhere(None)) }, [REFERRED; 2]).await?;
    }
    Ok(())
}

async fn a_neighbours_form_buys_nothing(trial: &Trial) -> Result<(), Miss> {
    forged_forms_do_nothing(trial, &BESIDE, &BESIDE_OTHERWISE).await?;
    trial.log().begin_anew();
    a_neighbours_cookies_prove_nothing(trial).await?;
    trial.log().begin_anew();
    a_planted_sessions_forms_prove_nothing(trial).await
}

async fn forged_forms_do_nothing<'t>(
    trial: &'t Trial,
    plain: &[Forgery],
    otherwise: &[Forgery],
) -> Result<Stage<'t>, Miss> {
    let stage = Stage::new(trial).await?;
    let otherwise = iter::once((Hidden::Own, otherwise));
    for (hidden, forgeries) in Hidden::ALL.map(|hidden| (hidden, plain)).into_iter().chain(otherwise) {
        for (stands, fooled) in forgeries {
            let so = hidden.so().unwrap_or(fooled);
            let out = match (hidden.so(), stands) {
                (None, Stands::Elsewhere(Some(EVIL))) => "a form on another site logged alice out",
                (None, Stands::Beside) => "a form on a neighboring host logged alice out",
                _ => so,
            };
            stage.forges(&Forged { hidden, ..Forged::on(*stands) }, [so, out]).await?;
        }
    }
    let usual = || Forged::on(plain[0].0);
    for says in SENT {
        stage.forges(&Forged { says, ..usual() }, [SENT_OTHERWISE; 2]).await?;
    }
    for other in (0..OTHERS).map(Some) {
        stage.forges(&Forged { other, ..usual() }, [PAST_THE_GUARD; 2]).await?;
    }
    Ok(stage)
}

/// How many other addresses a form is sent to.
const OTHERS: usize = VARIANTS + 1;

/// The other addresses: those that may be routes as well, and the usual one with a query, which takes the same route.
fn other_addresses(path: &str) -> impl Iterator<Item = String> {
    variants(path).into_iter().chain([format!("{path}?from=afar")])
}

/// How a form on mallory's page is sent.
#[derive(Clone, Copy)]
struct Forged {
    stands: Stands,
    hidden: Hidden,
    says: Says,
    /// Which of the other addresses it is sent to, if not to its own.
    other: Option<usize>,
}

impl Forged {
    fn on(stands: Stands) -> Self {
        Self { stands, hidden: Hidden::Own, says: &[], other: None }
    }

    async fn posts(
        &self,
        browser: &Browser<'_>,
        forms: &[Form],
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<Answer, Miss> {
        let own = match self.hidden {
            Hidden::Own => address(forms, path),
            Hidden::LeftOut | Hidden::Empty => path.to_owned(),
        };
        let address = self.other.and_then(|place| other_addresses(path).nth(place)).unwrap_or(own);
        self.says.iter().for_each(|(name, value)| browser.says(name, value));
        let sent = self.stands.posts(browser, &address, fields).await;
        browser.says_nothing_more();
        sent
    }
}

/// Mallory knows the shop's forms, because she has an account. Carol sees their effect.
struct Stage<'t> {
    trial: &'t Trial,
    alice: Browser<'t>,
    carol: Browser<'t>,
    forms: Vec<Form>,
    lure: String,
}

impl<'t> Stage<'t> {
    async fn new(trial: &'t Trial) -> Result<Self, Miss> {
        let carol = witness(trial).await?;
        let alice = trial.browser("alice");
        logs_in(&alice, trial.users.alice()).await?;
        let (_, forms) = mallory_with_the_forms(trial).await?;
        Ok(Self { trial, alice, carol, forms, lure: trial.named("a lure") })
    }

    /// Alice's browser sends each form on mallory's page; `so` and `out` are for one that is obeyed or logs her out.
    async fn forges(&self, sent: &Forged, [so, out]: [&str; 2]) -> Result<(), Miss> {
        let Self { trial, alice, carol, forms, lure } = self;
        let (own, her) = (trial.users.bob(), trial.users.alice());
        for (path, field) in [(BUY, "item"), (NOTE, "text")] {
            trial.log().begin_apart();
            sent.posts(alice, forms, path, &forged(forms, path, &[(field, lure)], sent.hidden, [own, her])).await?;
            is_not_bought(carol, her, lure, so).await?;
            is_not_written(carol, her, lure, so).await?;
        }
        trial.log().begin_apart();
        let sent = sent.posts(alice, forms, LOGOUT, &forged(forms, LOGOUT, &[], sent.hidden, [own, her])).await?;
        stays_in(alice, her, logged_out_by_form(&sent).unwrap_or(out)).await
    }
}

/// How a form logs a visitor out that the shop does not obey.
fn logged_out_by_form(sent: &Answer) -> Option<&'static str> {
    if !sent.status.is_client_error() {
        None
    } else if replaces_the_cookie(sent) {
        Some(
            "the shop refused a form of another origin, and alice is logged out all the same: because of `SameSite`, her browser did not send her cookie, and the refusal replaced that cookie with the one of a new session",
        )
    } else {
        Some(
            "the shop refused a form of another origin, and alice is logged out all the same: a refusal has to leave her session and her cookie as they are",
        )
    }
}

/// Mallory plants the session with which she saw the shop's forms. Alice logs in, and her browser sends the forms.
async fn a_planted_sessions_forms_prove_nothing(trial: &Trial) -> Result<(), Miss> {
    let carol = witness(trial).await?;
    let ((mallory, forms), own, her) = (mallory_with_the_forms(trial).await?, trial.users.bob(), trial.users.alice());
    let alice = mallory.copied_by("alice");
    keeps_the_session_alone(trial, &alice);
    logs_in_over(&alice, her).await?;
    let lure = trial.named("a lure");
    let so = "mallory planted her session in alice's browser, and the secret of its forms is still right after alice's login: the login has to make a new one";
    for (path, field) in [(BUY, "item"), (NOTE, "text")] {
        let fields = forged(&forms, path, &[(field, &lure)], Hidden::Own, [own, her]);
        Forged::on(Stands::Beside).posts(&alice, &forms, path, &fields).await?;
        is_not_bought(&carol, her, &lure, so).await?;
        is_not_written(&carol, her, &lure, so).await?;
    }
    Ok(())
}

/// Alice's browser sends mallory's own cookies, except the session's, with a form on her page that agrees with them.
async fn a_neighbours_cookies_prove_nothing(trial: &Trial) -> Result<(), Miss> {
    let carol = witness(trial).await?;
    let ((mallory, forms), own, her) = (mallory_with_the_forms(trial).await?, trial.users.bob(), trial.users.alice());
    let lure = trial.named("a lure");
    let so = "a neighboring host set a cookie of mallory's for the whole domain and sent a form with the same value: that the two agree proves nothing";
    for (path, fields) in [(BUY, vec![("item", lure.as_str())]), (NOTE, vec![("text", &lure)]), (LOGOUT, vec![])] {
        for below in [SHOP, path] {
            trial.log().begin_apart();
            let alice = trial.browser("alice");
            logs_in(&alice, her).await?;
            if !gets_from_neighbour(&alice, &mallory, below, |value| !trial.carries_an_id(value)) {
                continue;
            }
            Stands::Beside.posts(&alice, path, &forged(&forms, path, &fields, Hidden::Own, [own, her])).await?;
            is_not_bought(&carol, her, &lure, so).await?;
            is_not_written(&carol, her, &lure, so).await?;
            stays_in(&alice, her, so).await?;
        }
    }
    Ok(())
}

/// A page on a neighboring host sets mallory's cookies for the whole domain, for addresses below this one.
/// Whether there are any.
fn gets_from_neighbour(alice: &Browser<'_>, mallory: &Browser<'_>, below: &str, which: impl Fn(&str) -> bool) -> bool {
    let cookies: Vec<_> = mallory.cookies().into_iter().filter(|(_, value)| which(value)).collect();
    for (name, value) in &cookies {
        // Under the name of the shop's cookie, and under the same name without a prefix.
        let plain = name.trim_start_matches("__Host-").trim_start_matches("__Secure-");
        for name in std::collections::BTreeSet::from([name.as_str(), plain]) {
            let set_cookie = format!("{name}={value}; Domain=localhost; Path={below}; Secure");
            alice.takes_copy_from_neighbour(mallory, &set_cookie);
        }
    }
    !cookies.is_empty()
}

async fn another_sites_form_logs_nobody_in(trial: &Trial) -> Result<(), Miss> {
    let (mallory, own, her) = (trial.browser("mallory"), trial.users.bob(), trial.users.alice());
    let forms = mallory.get(LOGIN).await?.forms();
    let so = "alice's browser sent a login form on mallory's page, and is logged in as mallory now: whatever alice does happens in mallory's account";
    for (stands, _) in ELSEWHERE.iter().chain(&SIMILAR).chain(&BESIDE) {
        for hidden in Hidden::ALL {
            let fields = forged(&forms, LOGIN, &credentials(own), hidden, [own, own]);
            trial.log().begin_apart();
            let alice = trial.browser("alice");
            stands.posts(&alice, LOGIN, &fields).await?;
            is_not(&alice, own, so).await?;
            // If she opens the shop's own form, she may have a session with a secret in it.
            alice.get(LOGIN).await?;
            stands.posts(&alice, LOGIN, &fields).await?;
            is_not(&alice, own, so).await?;
        }
        trial.log().begin_apart();
        let alice = trial.browser("alice");
        logs_in(&alice, her).await?;
        stands.posts(&alice, LOGIN, &forged(&forms, LOGIN, &credentials(own), Hidden::Own, [own, own])).await?;
        is_not(&alice, own, so).await?;
        stays_in(&alice, her, "a login form of another origin logged alice out").await?;
    }
    logins_sent_otherwise_log_nobody_in(trial, &forms, so).await?;
    for below in [SHOP, LOGIN] {
        trial.log().begin_apart();
        let [alice, mallory] = ["alice", "mallory"].map(|who| trial.browser(who));
        let forms = mallory.get(LOGIN).await?.forms();
        alice.get(LOGIN).await?;
        gets_from_neighbour(&alice, &mallory, below, |_| true);
        Stands::Beside.posts(&alice, LOGIN, &forged(&forms, LOGIN, &credentials(own), Hidden::Own, [own, own])).await?;
        let so = "a neighboring host set mallory's cookies for the whole domain and sent a login form with the same values: alice is logged in as mallory now";
        is_not(&alice, own, so).await?;
    }
    Ok(())
}

async fn logins_sent_otherwise_log_nobody_in(trial: &Trial, forms: &[Form], so: &str) -> Result<(), Miss> {
    let own = trial.users.bob();
    let fields = forged(forms, LOGIN, &credentials(own), Hidden::Own, [own, own]);
    let both = [Stands::Elsewhere(Some(EVIL)), Stands::Beside].map(Forged::on).into_iter();
    let otherwise = both.flat_map(|usual| {
        let said = SENT.map(|says| Forged { says, ..usual });
        said.into_iter().chain((0..OTHERS).map(move |place| Forged { other: Some(place), ..usual }))
    });
    let referred = SIMILAR_PAGES.map(|says| Forged { says, ..Forged::on(Stands::Elsewhere(None)) });
    for sent in otherwise.chain(referred) {
        trial.log().begin_apart();
        let alice = trial.browser("alice");
        sent.posts(&alice, forms, LOGIN, &fields).await?;
        is_not(&alice, own, so).await?;
    }
    Ok(())
}

async fn a_neighbours_cookie_is_worth_nothing(trial: &Trial) -> Result<(), Miss> {
    let (mallory, own, her) = (trial.browser("mallory"), trial.users.bob(), trial.users.alice());
    logs_in(&mallory, own).await?;
    let so = "a page on a neighboring host set mallory's own session cookie for the whole domain, and the shop takes alice for mallory";
    for is_logged_in in [false, true] {
        trial.log().begin_apart();
        let alice = trial.browser("alice");
        if is_logged_in {
            logs_in(&alice, her).await?;
        }
        gets_from_neighbour(&alice, &mallory, SHOP, |_| true);
        is_not(&alice, own, so).await?;
    }
    Ok(())
}

async fn what_visitors_write_is_text(trial: &Trial) -> Result<(), Miss> {
    let word = trial.named("gift");
    let scripts = [
        format!("<script>document.forms[0].submit()</script>{word}1"),
        format!("<img src=x onerror=\"alert(1)\">{word}2"),
        format!("<ScRiPt>alert(1)</sCrIpT>{word}3"),
        format!("\"><svg onload=alert(1)>{word}4"),
        format!("&lt;b&gt;{word}5"),
        format!("javascript:alert(1)//{word}6"),
        format!("http://evil.localhost/<b>{word}7</b>"),
        format!("http://evil.localhost/\"on{word}=\"alert(1)"),
        format!("**{word}9** _b_ [c](javascript:alert(1)) `d` :tea: @alice #1"),
        format!("javascript://localhost/%0aalert(1)//{word}10"),
        // What a shop might take for its own, or make prettier.
        format!("{{{{ 7*7 }}}} ${{7}} %41 \\n{word}11"),
        format!("*a* -- b ... (c) :-) 1/2 -> \"d\" 'e'{word}12"),
        format!("🍐 𝒶 👩\u{200d}👧 e\u{301} ﬁ {word}13"),
    ];
    let page = alice_reads(trial, &scripts).await?;
    runs_nothing(&page, &word)?;
    for script in &scripts {
        if let Err(miss) = is_text(trial, &page, script) {
            let alone = async { is_text(trial, &alice_reads(trial, slice::from_ref(script)).await?, script) };
            return Err(trial.in_fewer_steps(miss, alone).await);
        }
    }
    Ok(())
}

/// Mallory writes each of these, as a note and as an item. The result is the page that alice sees then.
async fn alice_reads(trial: &Trial, scripts: &[String]) -> Result<Answer, Miss> {
    let mallory = trial.browser("mallory");
    // Her name is as dangerous as what she writes.
    let carol = trial.users.carol();
    logs_in(&mallory, carol).await?;
    for script in scripts {
        let page = shop(&mallory, carol).await?;
        mallory.submit(&page, NOTE, &[("text", script)]).await?.redirects_to(SHOP)?;
        buys(&mallory, script).await?;
    }
    trial.log().new_scene();
    let (alice, her) = (trial.browser("alice"), trial.users.alice());
    logs_in(&alice, her).await?;
    shop(&alice, her).await
}

/// Checks that nothing that mallory wrote is an address that runs, or an attribute.
fn runs_nothing(page: &Answer, word: &str) -> Result<(), Miss> {
    let runs = |link: &String| link.trim_start().to_lowercase().starts_with("javascript:");
    // As it is written: a browser also runs an address that is not a valid one.
    if let Some(link) = page::links(&page.body).into_iter().find(runs) {
        let so = "what mallory wrote became the address of a link, and a browser runs an address that begins with `javascript:`";
        return Err(page.miss("what mallory wrote as text, without a link", format!("a link to {link}")).so(so));
    }
    if page::has_attribute(&page.body, &format!("on{word}")) {
        let so = "what mallory wrote is in an attribute, and its quotation mark ends that attribute and begins another one, such as `onclick`";
        return Err(page.miss("what mallory wrote as text", "an attribute that mallory wrote").so(so));
    }
    Ok(())
}

/// Checks that the page shows what mallory wrote, as it was written.
fn is_text(trial: &Trial, page: &Answer, script: &str) -> Result<(), Miss> {
    let carol = trial.users.carol();
    for line in [wrote(carol, script), bought(carol, script)] {
        page.shows(&line).map_err(|miss| {
            let text = page.text();
            let so = if !page.is_ok() {
                return miss;
            } else if page.body.contains(script) && script.contains('<') {
                "what mallory wrote is in alice's page as HTML, and her browser runs it"
            } else if script.match_indices('<').any(|(at, _)| page.body.contains(&script[at..])) {
                "a part of what mallory wrote is in alice's page as HTML: escape all of it, and remove or change nothing"
            } else if page.body.contains(script) && script.starts_with('&') {
                "mallory wrote `&lt;`, and alice reads `<`: escape the `&`, too"
            } else if page::text(&text).contains(script) && !text.contains(script) {
                "what mallory wrote was escaped twice: alice reads escape codes such as `&lt;` instead of the text"
            } else {
                "the page does not show what mallory wrote as it was written: do not remove or change characters, because escaping is enough"
            };
            miss.so(so)
        })?;
    }
    Ok(())
}

async fn scripts_cannot_read_the_session_cookie(trial: &Trial) -> Result<(), Miss> {
    let alice = trial.browser("alice");
    let login = logs_in_with(&alice, trial.users.alice()).await?;
    shop(&alice, trial.users.alice()).await?;
    let readable = alice.document_cookie();
    let id = login.exchange.calls.iter().map(|call| call.id.as_str()).find(|id| readable.contains(id));
    let signed = login.exchange.calls.is_empty() && !readable.is_empty();
    if id.is_none() && !signed {
        return Ok(());
    }
    let names: Vec<_> = readable.split("; ").filter_map(|pair| pair.split('=').next()).collect();
    let miss = login
        .miss("a `document.cookie` without the session", format!("a script reads the session in {}", names.join(", ")));
    Err(miss.so(
        "a script on the page can read every cookie without `HttpOnly`, and anyone who gets this one is logged in as alice",
    ))
}

/// Alice and mallory use their open pages in turn, and each form still counts for the user who sends it.
async fn each_tab_acts_for_its_own_user(trial: &Trial) -> Result<(), Miss> {
    let [alice, mallory] = ["alice", "mallory"].map(|who| trial.browser(who));
    let (her, own) = (trial.users.alice(), trial.users.bob());
    logs_in(&alice, her).await?;
    logs_in(&mallory, own).await?;
    for (first, user, second, other) in [(&alice, her, &mallory, own), (&mallory, own, &alice, her)] {
        let page = shop(first, user).await?;
        shop(second, other).await?;
        let (item, text) =
            (format!("{} of {}", trial.named("tea"), user.name), format!("{} of {}", trial.named("word"), user.name));
        let so = "both users had the shop open, and the one who looked at it last counted as the sender of the other one's form: only the session that comes with a form says who sends it";
        first.submit(&page, BUY, &[("item", &item)]).await?.redirects_to(SHOP)?;
        shop(second, other).await?;
        first.submit(&page, NOTE, &[("text", &text)]).await?.redirects_to(SHOP)?;
        let page = shop(first, user).await?;
        page.shows_not(&bought(other, &item), so)?;
        page.shows_not(&wrote(other, &text), so)?;
    }
    Ok(())
}

async fn nobody_buys_in_anothers_name(trial: &Trial) -> Result<(), Miss> {
    each_tab_acts_for_its_own_user(trial).await?;
    for act in [("buys", BUY, "item"), ("writes", NOTE, "text")] {
        trial.log().begin_anew();
        only_the_session_says_who(trial, act).await?;
    }
    Ok(())
}

/// Mallory sends one of the forms with alice's name in another field, in its address and in a cookie.
async fn only_the_session_says_who(trial: &Trial, (does, path, field): (&str, &str, &'static str)) -> Result<(), Miss> {
    let carol = witness(trial).await?;
    let ((mallory, forms), own, her) = (mallory_with_the_forms(trial).await?, trial.users.bob(), trial.users.alice());
    let lure = trial.named("a lure");
    let is_not_hers = async |so: &str| {
        is_not_bought(&carol, her, &lure, so).await?;
        is_not_written(&carol, her, &lure, so).await
    };
    for name in ["username", "user", "user_id", "name"] {
        trial.log().begin_apart();
        let fields = with(&forms, path, &[(field, &lure), (name, &her.name)]);
        let hers = |value: &str| renamed(value, &own.name, &her.name).unwrap_or_else(|| value.to_owned());
        let fields: Vec<_> = fields.into_iter().map(|(name, value)| (name, hers(value))).collect();
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        mallory.post(&address(&forms, path), &fields).await?;
        let so = format!(
            "mallory sent alice's name in the form, also as `{name}`, and the shop believed it: only the session may say who {does}"
        );
        is_not_hers(&so).await?;
    }
    trial.log().begin_apart();
    let in_address = format!("{path}?{}", encode(&[("username", &her.name), ("user", &her.name)]));
    mallory.post(&in_address, &with(&forms, path, &[(field, &lure)])).await?;
    let so = format!(
        "mallory wrote alice's name into the address of the form, and the shop believed it: only the session may say who {does}"
    );
    is_not_hers(&so).await?;
    trial.log().begin_apart();
    for (_, value) in mallory.cookies() {
        if let Some(hers) = renamed(&value, &own.name, &her.name) {
            mallory.replaces(&value, &hers);
        }
    }
    for name in ["username", "user"] {
        mallory.takes(&format!("{name}={}", her.name));
    }
    sends(&mallory, &forms, path, &[(field, &lure)]).await?;
    let so = format!(
        "mallory wrote alice's name into a cookie, and the shop believed it: only the session may say who {does}"
    );
    is_not_hers(&so).await
}

pub(crate) fn credentials(user: &User) -> [(&str, &str); 2] {
    [("username", &user.name), ("password", &user.password)]
}

/// The fields of the form that posts to `path`, as the page fills them in, except these.
pub(crate) fn with<'f>(forms: &'f [Form], path: &str, fields: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
    filled(forms.iter().find(|form| form.goes_to(path)), fields)
}

/// Sends the form that posts to `path` with these fields, as a program does that takes it from another page.
async fn sends(browser: &Browser<'_>, forms: &[Form], path: &str, fields: &[(&str, &str)]) -> Result<Answer, Miss> {
    browser.post(&address(forms, path), &with(forms, path, fields)).await
}

/// Where the form that posts to `path` sends its fields.
fn address(forms: &[Form], path: &str) -> String {
    forms.iter().find(|form| form.goes_to(path)).map_or(path.to_owned(), |form| form.address(path))
}

/// The fields of this form, as the page fills them in, except these.
fn filled<'f>(form: Option<&'f Form>, fields: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
    let hidden = form.into_iter().flat_map(|form| form.filled());
    let is_given = |name: &str| fields.iter().any(|(given, _)| *given == name);
    hidden.filter(|(name, _)| !is_given(name)).chain(fields.iter().copied()).collect()
}

/// The same with what mallory does to the hidden fields; if they name her, she names her victim instead.
pub(crate) fn forged<'f>(
    forms: &'f [Form],
    path: &str,
    fields: &[(&'f str, &'f str)],
    hidden: Hidden,
    [own, her]: [&'f User; 2],
) -> Vec<(&'f str, &'f str)> {
    let forge = |(name, value): (&'f str, &'f str)| match hidden {
        _ if fields.contains(&(name, value)) => Some((name, value)),
        Hidden::Own => Some((name, if value == own.name { &her.name } else { value })),
        Hidden::LeftOut => None,
        Hidden::Empty => Some((name, "")),
    };
    with(forms, path, fields).into_iter().filter_map(forge).collect()
}

async fn logs_in(browser: &Browser<'_>, user: &User) -> Result<(), Miss> {
    logs_in_with(browser, user).await.map(|_| ())
}

async fn logs_in_with(browser: &Browser<'_>, user: &User) -> Result<Answer, Miss> {
    let form = browser.get(LOGIN).await?;
    let login = browser.submit(&form, LOGIN, &credentials(user)).await?;
    login.redirects_to(SHOP).map_err(|miss| miss.so_if(is_barred(&login)))?;
    shop(browser, user).await?;
    Ok(login)
}

/// Logs in with whatever session there is.
async fn logs_in_over(browser: &Browser<'_>, user: &User) -> Result<(), Miss> {
    let form = browser.get(LOGIN).await?;
    if form.redirects_to(SHOP).is_err() {
        return browser.submit(&form, LOGIN, &credentials(user)).await?.redirects_to(SHOP);
    }
    // A visitor who is logged in may see no form, and the shop may refuse the login because fields are missing.
    browser.post(LOGIN, &credentials(user)).await.map(|_| ())
}

/// Posts a login form that was opened before; it may be refused.
async fn posts_login(browser: &Browser<'_>, page: &Answer, user: &User) -> Result<(), Miss> {
    let forms = page.forms();
    let form = forms.iter().find(|form| form.has("password"));
    let address = form.map_or(LOGIN.to_owned(), |form| form.address(LOGIN));
    browser.post(&address, &filled(form, &credentials(user))).await.map(|_| ())
}

/// Drops every cookie that carries no session ID: a session ID is all that mallory plants.
fn keeps_the_session_alone(trial: &Trial, browser: &Browser<'_>) {
    let is_session = |value: &str| trial.carries_an_id(value);
    if !browser.cookies().iter().all(|(_, value)| is_session(value)) {
        browser.drops_all_but(is_session);
    }
}

/// The shop's page, which greets this user.
async fn shop(browser: &Browser<'_>, user: &User) -> Result<Answer, Miss> {
    let page = browser.get(SHOP).await?;
    page.shows(&format!("Hello, {}", user.name))?;
    Ok(page)
}

async fn buys(browser: &Browser<'_>, item: &str) -> Result<(), Miss> {
    let page = browser.get(SHOP).await?;
    let bought = browser.submit(&page, BUY, &[("item", item)]).await?;
    bought.redirects_to(SHOP).map_err(|miss| miss.so_if(is_barred(&bought)))
}

async fn writes(browser: &Browser<'_>, text: &str) -> Result<(), Miss> {
    let page = browser.get(SHOP).await?;
    browser.submit(&page, NOTE, &[("text", text)]).await?.redirects_to(SHOP)
}

/// Why the shop must not refuse its own form as another site's.
fn is_barred(answer: &Answer) -> Option<&'static str> {
    (answer.status == StatusCode::FORBIDDEN).then_some(
        "the shop refused a form on its own page: the request had `Host: localhost`, `Origin: http://localhost` and `Sec-Fetch-Site: same-origin`",
    )
}

fn bought(user: &User, item: &str) -> String {
    format!("{} bought {item}", user.name)
}

fn wrote(user: &User, text: &str) -> String {
    format!("{} wrote: {text}", user.name)
}

/// Expects this browser to be logged in as this user; `so` says what it means if it is sent away.
async fn stays_in(browser: &Browser<'_>, user: &User, so: &str) -> Result<(), Miss> {
    let page = browser.get(SHOP).await?;
    let shown = page.shows(&format!("Hello, {}", user.name));
    // That the browser refuses the cookie that a logout sends has nothing to do with it.
    shown.map_err(|miss| if page.status.is_redirection() { miss.so_anyway(so) } else { miss })
}

/// Expects that the shop does not take this browser for this user.
async fn is_not(browser: &Browser<'_>, user: &User, so: &str) -> Result<(), Miss> {
    greets_not(&browser.get(SHOP).await?, user, so)
}

fn greets_not(page: &Answer, user: &User, so: &str) -> Result<(), Miss> {
    let greeting = format!("Hello, {}", user.name);
    if page.text().contains(&greeting) {
        return Err(page.miss(format!("a page without  {greeting}"), format!("the page shows  {greeting}")).so(so));
    }
    Ok(())
}

/// How often the page says that this user bought this.
async fn times_bought(witness: &Browser<'_>, user: &User, item: &str) -> Result<usize, Miss> {
    Ok(witness.get(SHOP).await?.text().matches(&bought(user, item)).count())
}

/// A bystander, who sees what everyone sees.
async fn witness(trial: &Trial) -> Result<Browser<'_>, Miss> {
    let carol = trial.browser("carol");
    logs_in(&carol, trial.users.carol()).await?;
    Ok(carol)
}

/// Mallory, logged in with the account that she has, and the forms that she sees there.
async fn mallory_with_the_forms(trial: &Trial) -> Result<(Browser<'_>, Vec<Form>), Miss> {
    let (mallory, own) = (trial.browser("mallory"), trial.users.bob());
    logs_in(&mallory, own).await?;
    let forms = shop(&mallory, own).await?.forms();
    Ok((mallory, forms))
}

async fn is_not_bought(witness: &Browser<'_>, user: &User, item: &str, so: &str) -> Result<(), Miss> {
    // What the witness's own session did does not matter.
    witness.get(SHOP).await?.shows_not(&bought(user, item), so).map_err(|miss| miss.session(""))
}

async fn is_not_written(witness: &Browser<'_>, user: &User, text: &str, so: &str) -> Result<(), Miss> {
    witness.get(SHOP).await?.shows_not(&wrote(user, text), so).map_err(|miss| miss.session(""))
}
