//! The model of exercise 4: which logins are alive at each moment, and what the login page says about their end.

mod logins;
mod stories;

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};
use session_inspector::Attribute;
use time::OffsetDateTime;

use crate::{
    Answer, Browser, Miss, Trial, User, impostors,
    model::{Model, Rules, read, timeouts::logins::*},
    timeouts::{DAY, EXPIRED, HELP, HOUR, LOGIN, MINUTE, PROTECTED, UNASKED, UNTOLD},
};

/// Exercise 4's.
pub(crate) const TIMEOUTS: Model = Model {
    find: |stage| {
        stage.find(stories::stories(), &Rules { play: |trial, story| Box::pin(play(trial, story)), belongs_to })
    },
    replay: |trial, story| Box::pin(async move { play(trial, &read(story)?).await }),
};

/// The browsers in a story. The last one has nothing but what it copies from another.
const BROWSERS: [&str; 4] = ["alice", "phone", "bob", "mallory"];
const MALLORY: usize = 3;
/// How many ways there are to type a wrong name or password.
const IMPOSTORS: usize = 5;

/// A story begins with a login in the first browser.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Story {
    remembered: bool,
    actions: Vec<Action>,
}

/// The first number is the browser.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
enum Action {
    /// Asks for the page for users.
    Look(usize),
    Pass(Duration),
    /// Asks for this page again and again: after which pause, and how often.
    Stay(usize, Page, (Duration, usize)),
    /// Logs in as alice or bob, with or without `remember`.
    LogIn(usize, usize, bool),
    /// Logs out, and follows the redirect or does not.
    LogOut(usize, bool),
    Ask(usize, Page),
    /// Asks for the page for users, and follows it to the login page.
    Follow(usize),
    /// Mallory takes a copy of all cookies.
    Copy(usize),
    Close(usize),
    /// Types a wrong name or password, with or without the box ticked.
    Fail(usize, usize, bool),
    /// Writes one of these cookies by hand.
    Write(usize, usize),
    /// Replaces the session ID with one of these.
    Stale(usize, usize),
    /// Replaces its session ID with the ID of a session that mallory has opened.
    Plant(usize),
}

/// What a visitor asks for.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
enum Page {
    Protected,
    Help,
    LoginForm,
    /// The headers of the page for users.
    Head,
    /// A page that does not exist.
    Nowhere,
}

async fn play(trial: &Trial, story: &Story) -> Result<(), Miss> {
    let browsers = BROWSERS.map(|who| trial.browser(who));
    let mut site = Site { trial, browsers, ids: Default::default(), model: Logins::default() };
    site.act(Action::LogIn(0, 0, story.remembered)).await?;
    for action in &story.actions {
        site.act(*action).await?;
    }
    Ok(())
}

struct Site<'t> {
    trial: &'t Trial,
    browsers: [Browser<'t>; BROWSERS.len()],
    /// The session's ID that each browser has.
    ids: [String; BROWSERS.len()],
    model: Logins,
}

impl Site<'_> {
    async fn act(&mut self, action: Action) -> Result<(), Miss> {
        match action {
            Action::Look(who) => self.ask(who, Page::Protected).await,
            Action::Ask(who, page) => self.ask(who, page).await,
            Action::Stay(who, page, pace) => self.stay(who, page, pace).await,
            Action::LogIn(who, user, remembered) => self.log_in(who, user, remembered).await,
            Action::LogOut(who, follows) => self.log_out(who, follows).await,
            Action::Follow(who) => self.follow(who).await,
            Action::Fail(who, kind, remembered) => self.fail(who, kind, remembered).await,
            Action::Plant(who) => {
                let planted = self.trial.plant().await.to_string();
                self.replace_id(who, &planted, "now holds a session ID that mallory planted");
                self.copy(who);
                Ok(())
            }
            other => {
                self.happens(other);
                Ok(())
            }
        }
    }

    /// Does an action that needs no request.
    fn happens(&mut self, action: Action) {
        match action {
            Action::Pass(time) => self.trial.skip(time),
            Action::Copy(who) => self.copy(who),
            Action::Close(who) => {
                self.browsers[who].close();
                self.model.close(who);
            }
            Action::Write(who, cookie) => {
                self.browsers[who].takes(stories::WRITTEN[cookie]);
                self.model.tamper(who);
            }
            Action::Stale(who, id) => self.replace_id(who, stories::STALE[id], "now holds an ID of no session"),
            _ => {}
        }
    }

    async fn ask(&mut self, who: usize, page: Page) -> Result<(), Miss> {
        let (answer, at) = self.send(who, page).await?;
        match page {
            Page::Protected => return self.looked(who, &answer, at),
            Page::LoginForm => self.model.read_the_login_page(who),
            Page::Head | Page::Help | Page::Nowhere => {}
        }
        self.model.asked(who, at, None);
        Ok(())
    }

    async fn send(&self, who: usize, page: Page) -> Result<(Answer, At), Miss> {
        let (browser, before) = (&self.browsers[who], self.now());
        let answer = match page {
            Page::Protected => browser.get(PROTECTED).await?,
            Page::Head => browser.head(PROTECTED).await?,
            Page::Help => browser.get(HELP).await?,
            Page::LoginForm => browser.get(LOGIN).await?,
            Page::Nowhere => browser.get("/nowhere").await?,
        };
        if self.model.ends_with_the_browser(who) {
            self.has_no_age(&answer)?;
        }
        Ok((answer, At(before, self.now())))
    }

    /// No cookie that leads to a session outlives the browser.
    fn has_no_age(&self, answer: &Answer) -> Result<(), Miss> {
        let mut set = answer.exchange.response.set_cookies.iter();
        let is_age = |attribute: &Attribute| {
            attribute.present && ["Max-Age=", "Expires="].iter().any(|age| attribute.text.starts_with(age))
        };
        let set = set.find(|set| self.trial.carries_an_id(&set.value) && set.attributes.iter().any(is_age));
        set.map_or(Ok(()), |set| {
            let sent = format!("{}=…; {}", set.name, set.sent);
            Err(answer.miss("a session cookie without an age, because the visitor did not ask to be remembered", sent))
        })
    }

    fn now(&self) -> OffsetDateTime {
        self.trial.inspector.clock().now()
    }

    /// A visitor who is logged in reads their own name there, and everyone else is sent away.
    fn looked(&mut self, who: usize, page: &Answer, at: At) -> Result<(), Miss> {
        let (user, fate) = self.model.fate(who, at);
        let is_in = page.status.is_success();
        let seen = match user {
            Some(user) if fate == Fate::Alive || fate == Fate::Open && is_in => self.names(user, page),
            _ => page.redirects_to(LOGIN),
        };
        let reason = if is_in == (fate == Fate::Alive) { String::new() } else { self.model.reason(who, at) };
        seen.map_err(|miss| if reason.is_empty() { miss } else { miss.so(reason) })?;
        self.model.asked(who, at, Some(is_in));
        Ok(())
    }

    fn names(&self, user: usize, page: &Answer) -> Result<(), Miss> {
        page.shows(&self.user(user).name)?;
        page.shows_not(&self.user(1 - user).name, "the site takes one user for the other")
    }

    async fn follow(&mut self, who: usize) -> Result<(), Miss> {
        let before = self.now();
        let (asked, at) = self.send(who, Page::Protected).await?;
        // What the page says depends on what was known before the request.
        let news = self.model.news(who, At(before, at.1));
        self.looked(who, &asked, at)?;
        if asked.status.is_redirection() { self.is_told(who, &asked, news).await } else { Ok(()) }
    }

    /// Follows this answer to the login page, which says what there is to say.
    async fn is_told(&mut self, who: usize, asked: &Answer, news: News) -> Result<(), Miss> {
        let page = self.browsers[who].follow(asked).await?;
        page.has_status(200)?;
        self.model.read_the_login_page(who);
        match news {
            News::Expired => page.shows(EXPIRED).map_err(|miss| miss.so(UNTOLD)),
            News::None => page.shows_not(EXPIRED, UNASKED),
            News::Any => Ok(()),
        }
    }

    /// Asks for the page again and again, until the login has ended.
    async fn stay(&mut self, who: usize, page: Page, (pause, times): (Duration, usize)) -> Result<(), Miss> {
        for _ in 0..times {
            self.trial.skip(pause);
            self.ask(who, page).await?;
            if self.model.fate(who, At(self.now(), self.now())).1 == Fate::Over {
                break;
            }
        }
        Ok(())
    }

    async fn log_in(&mut self, who: usize, user: usize, remembered: bool) -> Result<(), Miss> {
        let before = self.now();
        let answer = self.sends_login(who, self.user(user), remembered).await?;
        answer.redirects_to(PROTECTED)?;
        if !remembered {
            self.has_no_age(&answer)?;
        }
        let ids = answer.exchange.calls.iter().map(|call| &call.id).filter(|id| self.browsers[who].holds(id));
        self.ids[who] = ids.last().cloned().unwrap_or_default();
        self.model.log_in(who, Login::new(user, remembered, At(before, self.now())));
        Ok(())
    }

    async fn sends_login(&self, who: usize, user: &User, remembered: bool) -> Result<Answer, Miss> {
        let mut fields = vec![("username", user.name.as_str()), ("password", &user.password)];
        fields.extend(remembered.then_some(("remember", "on")));
        self.browsers[who].post(LOGIN, &fields).await
    }

    async fn fail(&mut self, who: usize, kind: usize, remembered: bool) -> Result<(), Miss> {
        let (impostor, before) = (&impostors::all(&self.trial.users)[kind % IMPOSTORS], self.now());
        impostor.is_refused(&self.sends_login(who, &impostor.typed, remembered).await?)?;
        self.model.asked(who, At(before, self.now()), None);
        Ok(())
    }

    async fn log_out(&mut self, who: usize, follows: bool) -> Result<(), Miss> {
        let before = self.now();
        let answer = self.browsers[who].post("/logout", &[]).await?;
        if self.model.fate(who, At(before, before)).0.is_none() {
            return Ok(()); // the answer to a visitor who is not logged in is left open
        }
        answer.redirects_to(LOGIN)?;
        self.model.log_out(who, At(before, self.now()));
        let news = self.model.news(who, At(before, self.now()));
        if follows { self.is_told(who, &answer, news).await } else { Ok(()) }
    }

    fn copy(&mut self, who: usize) {
        self.browsers[MALLORY] = self.browsers[who].copied_by(BROWSERS[MALLORY]);
        self.model.copy(who, MALLORY);
    }

    fn replace_id(&mut self, who: usize, id: &str, told: &str) {
        if self.browsers[who].holds(&self.ids[who]) {
            self.browsers[who].comes_with(id, &self.ids[who]);
            self.trial.event(BROWSERS[who], told);
            self.ids[who] = id.to_owned();
            self.model.lose(who);
        }
    }

    fn user(&self, user: usize) -> &User {
        if user == 0 { self.trial.users.alice() } else { self.trial.users.bob() }
    }
}

/// The requirement that a shortest story is about: everything in it is needed.
fn belongs_to(Story { remembered, actions }: &Story) -> &'static str {
    let has = |fits: fn(&Action) -> bool| actions.iter().any(fits);
    let is_remembered = *remembered || has(|action| matches!(action, Action::LogIn(.., true)));
    let owners: BTreeSet<_> = actions.iter().filter_map(Action::who).filter(|who| *who != MALLORY).collect();
    let logs_in_again = has(|action| matches!(action, Action::LogIn(0, ..)));
    if has(|action| matches!(action, Action::Follow(_) | Action::LogOut(_, true))) {
        "the_visitor_is_told"
    } else if has(|action| matches!(action, Action::Write(..))) {
        "remember_me_ends"
    } else if owners.iter().any(|who| *who != 0) {
        "visitors_do_not_mix"
    } else if logs_in_again || has(|action| matches!(action, Action::Plant(_))) {
        "a_new_login_begins_anew"
    } else if has(|action| matches!(action, Action::LogOut(..) | Action::Fail(..))) {
        match has(Action::takes_long) {
            true if is_remembered => "remember_me_ends",
            true => "an_idle_login_ends",
            false => "the_site_goes_on_to_work",
        }
    } else if has(|action| matches!(action, Action::Close(_))) {
        if is_remembered { "remember_me_lasts" } else { "no_cookie_outlives_the_browser_unasked" }
    } else if is_remembered {
        let time: Duration = actions.iter().map(Action::time).sum();
        if time >= 30 * DAY { "remember_me_ends" } else { "remember_me_lasts" }
    } else if has(|action| matches!(action, Action::Copy(_))) {
        "the_end_is_at_the_server"
    } else {
        within_a_day(actions)
    }
}

/// The requirement that a story of one login in one browser is about.
fn within_a_day(actions: &[Action]) -> &'static str {
    let time: Duration = actions.iter().map(Action::time).sum();
    match time {
        _ if is_idle(actions) => "an_idle_login_ends",
        time if time >= 7 * HOUR => "a_busy_login_ends_too",
        Duration::ZERO => "the_site_goes_on_to_work",
        _ => "any_request_is_activity",
    }
}

/// Whether there are more than 30 minutes without a request.
fn is_idle(actions: &[Action]) -> bool {
    let mut pause = Duration::ZERO;
    actions.iter().any(|action| {
        let (before, is_request) = match *action {
            Action::Pass(time) => (time, false),
            Action::Stay(_, _, (time, _)) => (time, true),
            _ => (Duration::ZERO, true),
        };
        pause += before;
        let is_long = pause > 30 * MINUTE;
        if is_request {
            pause = Duration::ZERO;
        }
        is_long
    })
}

impl Action {
    fn who(&self) -> Option<usize> {
        match *self {
            Self::Look(who) | Self::Stay(who, ..) | Self::LogIn(who, ..) | Self::LogOut(who, _) | Self::Ask(who, _) => {
                Some(who)
            }
            Self::Follow(who) | Self::Copy(who) | Self::Close(who) | Self::Fail(who, ..) => Some(who),
            Self::Write(who, _) | Self::Stale(who, _) | Self::Plant(who) => Some(who),
            Self::Pass(_) => None,
        }
    }

    fn time(&self) -> Duration {
        match *self {
            Self::Pass(time) => time,
            Self::Stay(_, _, (pause, times)) => pause * u32::try_from(times).unwrap_or(u32::MAX),
            _ => Duration::ZERO,
        }
    }

    fn takes_long(&self) -> bool {
        self.time() > 30 * MINUTE
    }
}
