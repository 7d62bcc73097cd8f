//! Plays a story of logins and compares each answer with what the requirements say.

use std::collections::BTreeSet;

use axum::http::{
    HeaderName, HeaderValue,
    header::{CONTENT_LENGTH, SET_COOKIE},
};
use session_inspector::{Operation, Outcome};

use super::{Action, FIRST, Story, typed};
use crate::{
    Answer, Browser, Field, Form, Miss, Trial, User,
    browser::URLENCODED,
    canary::Canary,
    improper::{self, Improper},
    infer::holds,
    login::{LEFT_A_SESSION, NO_SESSION},
    model::{
        is_text,
        sessions::{BROWSERS, Sessions, Who, id_in},
        told_by_its_story, wrong,
    },
    page::{folded, normal},
};

const NAMES: [&str; BROWSERS] = ["alice", "bob", "mallory"];
const INSIDE: &str = "/protected";
const OUTSIDE: &str = "/login";

pub(super) async fn play(trial: &Trial, story: &Story) -> Result<(), Miss> {
    let mut site = Site::new(trial, story.family);
    for action in &story.actions {
        site.act(*action).await?;
    }
    Ok(())
}

struct Site<'t> {
    trial: &'t Trial,
    browsers: [Browser<'t>; BROWSERS],
    accounts: Vec<User>,
    sessions: Sessions,
    /// Whose names were typed in each browser.
    typed: [BTreeSet<usize>; BROWSERS],
    canary: Canary,
}

impl<'t> Site<'t> {
    fn new(trial: &'t Trial, family: usize) -> Self {
        let own = trial.named("");
        let more = typed::FAMILIES[family].map(|pattern| pattern.replace('@', &own));
        // One of them is longer than what some functions that hash passwords read, which is 72 bytes.
        let user = |(name, more)| User { password: format!("secret of {name}{}", "y".repeat(more)), name };
        let more: Vec<_> = more.into_iter().zip([0, 80]).map(user).collect();
        more.iter().for_each(|user| trial.users.add(user.clone()));
        Self {
            trial,
            browsers: NAMES.map(|who| trial.browser(who)),
            accounts: trial.users.first().iter().take(FIRST).cloned().chain(more).collect(),
            sessions: Sessions::default(),
            typed: Default::default(),
            canary: Canary::new(&own.replace('-', "c"), "names_are_shown_as_text"),
        }
    }

    async fn act(&mut self, action: Action) -> Result<(), Miss> {
        match action {
            Action::Look(who) => self.look(who).await,
            Action::LogIn(who, account, style) => self.log_in(who, account, style).await,
            Action::LogOut(who) => self.log_out(self.sessions.inside(who)).await,
            Action::Fail(who, account, way) => self.fail(who, account, way).await,
            Action::Open(who) => self.open(who).await,
            Action::Twice(who, one, other) => self.twice(who, one, other).await,
            Action::Compare(who, account, way) => self.compare(who, account, way).await,
            Action::Improper(who, account, way) => self.improper(who, account, way).await,
            Action::Stray(who, account, way) => self.stray(who, account, way).await,
            Action::Copy(from, to) => {
                let from = self.sessions.inside(from);
                self.copy(from, self.sessions.beside(from, to));
                Ok(())
            }
            Action::Swap(from, to) => {
                let from = self.sessions.inside(from);
                self.swap(from, self.sessions.beside(from, to));
                Ok(())
            }
            Action::Plant(who, other) => {
                let who = self.sessions.inside(who);
                self.plant(who, self.sessions.beside(who, other)).await;
                Ok(())
            }
            Action::Garble(who, way) => {
                self.garble(self.sessions.inside(who), way);
                Ok(())
            }
            Action::Close(who) => {
                self.close(who);
                Ok(())
            }
        }
    }

    async fn look(&self, who: usize) -> Result<(), Miss> {
        let page = self.seen(who, self.browsers[who].get(INSIDE).await?)?;
        match self.sessions.who(who) {
            Who::Nobody(why) => is_sent_away(&page, why),
            Who::Certainly(user) => self.is_inside(&page, user),
            Who::Perhaps(user) => self.is_inside(&page, user).or_else(|miss| is_sent_away(&page, "").map_err(|_| miss)),
        }
    }

    /// Checks that the page names this user and no other one.
    fn is_inside(&self, page: &Answer, user: usize) -> Result<(), Miss> {
        let (name, text) = (folded(&self.accounts[user].name), page.text());
        let rest = text.replace(&name, "");
        let others = self.accounts.iter().map(|other| folded(&other.name));
        let other = others.filter(|other| *other != name).find(|other| rest.contains(other.as_str()));
        match (page.status.as_u16(), other) {
            (200, None) if text.contains(&name) => Ok(()),
            (200, Some(other)) => {
                Err(page.miss(format!("the page shows  {name}, and no other name"), format!("the page shows  {other}")))
            }
            (200, None) => page.shows(&name),
            _ => Err(page.miss(format!("200, and the page shows  {name}"), page.in_short())),
        }
    }

    async fn log_in(&mut self, who: usize, account: usize, style: usize) -> Result<(), Miss> {
        self.typed[who].insert(account);
        if account >= FIRST {
            self.trial.event("(accounts)", &format!("{} has an account, too", self.accounts[account].name));
        }
        let body = typed::styled(&self.accounts[account], style).into_bytes();
        let answer = self.browsers[who].post_bytes(OUTSIDE, URLENCODED, body).await?;
        let answer = self.seen(who, answer)?;
        if style == typed::EXTRA && answer.status.is_client_error() {
            return Ok(());
        }
        answer.redirects_to(INSIDE)?;
        self.is_in(who, account);
        Ok(())
    }

    fn is_in(&mut self, who: usize, account: usize) {
        self.sessions.renew(who, "this session ID is from before a login");
        self.sessions.begin(who, account);
    }

    async fn log_out(&mut self, who: usize) -> Result<(), Miss> {
        let answer = self.seen(who, self.browsers[who].post("/logout", &[]).await?)?;
        answer.redirects_to(OUTSIDE)?;
        match self.sessions.who(who) {
            Who::Certainly(_) if !is_destroyed(&answer) => {
                return Err(answer.miss("no record in the store", "a record that is still there"));
            }
            // Nothing says whether a copy can log out.
            Who::Perhaps(_) => self.sessions.doubt(who),
            _ => self.sessions.end(who, "the user has logged out of this session"),
        }
        self.sessions.forget(who, "this browser has logged out");
        Ok(())
    }

    async fn fail(&mut self, who: usize, account: usize, way: usize) -> Result<(), Miss> {
        self.typed[who].insert(account);
        let other = &self.accounts[(account + 1) % self.accounts.len()];
        let (nobody, markup) = (self.trial.named("nobody"), self.canary.text());
        let typed = wrong::typed(&self.accounts[account], other, &nobody, &markup, way);
        if self.trial.users.verify(&typed.name, &typed.password) {
            return Ok(());
        }
        let answer = self.seen(who, self.browsers[who].log_in(&typed).await?)?;
        if way < wrong::PLAIN || !answer.status.is_client_error() {
            answer.has_status(401)?;
        }
        self.opened_none(who, &answer)
    }

    /// Checks that a refusal opens no session.
    fn opened_none(&self, who: usize, answer: &Answer) -> Result<(), Miss> {
        let session = &answer.exchange.session;
        match (self.sessions.who(who), &session.before, &session.after) {
            (Who::Nobody(_), None, Some(_)) => {
                let miss = answer.miss("no session", "a session, for a login that was refused");
                Err(miss.so(LEFT_A_SESSION).why(NO_SESSION))
            }
            _ => Ok(()),
        }
    }

    async fn open(&self, who: usize) -> Result<(), Miss> {
        let page = self.seen(who, self.browsers[who].get(OUTSIDE).await?)?;
        let is_right = |form: &Form| {
            let goes_there = form.goes_to(OUTSIDE) || form.method == "post" && form.path().is_empty();
            let is_hidden = |field: &Field| field.name == "password" && field.kind == "password";
            goes_there && form.has("username") && form.fields.iter().any(is_hidden)
        };
        match self.sessions.who(who) {
            Who::Nobody(_) if !page.forms().iter().any(is_right) => {
                let actual = format!("{}, and a page without such a form", page.in_short());
                Err(page.miss("a form that posts a username and a password (type=password) to /login", actual))
            }
            _ => Ok(()),
        }
    }

    /// Sends two names and the password of the second: only the second may be logged in.
    async fn twice(&mut self, who: usize, one: usize, other: usize) -> Result<(), Miss> {
        self.typed[who].extend([one, other]);
        let [first, second] = [one, other].map(|account| &self.accounts[account]);
        let fields = [("username", &*first.name), ("username", &*second.name), ("password", &*second.password)];
        let answer = self.seen(who, self.browsers[who].post(OUTSIDE, &fields).await?)?;
        if answer.status.is_client_error() {
            return self.opened_none(who, &answer);
        }
        answer.redirects_to(INSIDE)?;
        let data = answer.exchange.session.after.clone().unwrap_or_default();
        if holds(&data, &first.name) && !holds(&data, &second.name) {
            let expected = format!("a session that holds {}, whose password was sent", second.name);
            let miss = answer.miss(expected, format!("a session that holds {}", first.name));
            return Err(miss.so(TWO_NAMES).why(ANYONE));
        }
        self.is_in(who, other);
        Ok(())
    }

    async fn compare(&mut self, who: usize, account: usize, way: usize) -> Result<(), Miss> {
        let account = account % FIRST;
        self.typed[who].insert(account);
        let known = &self.accounts[account].name;
        let known_core = self.trial.named(["alice", "bob", "carol"][account]);
        let unknown_core = if way == 0 { format!("no-{known_core}") } else { self.trial.named("nobody") };
        let unknown = known.replace(&known_core, &unknown_core);
        let other = &self.accounts[(account + 1) % FIRST].password;
        let password = [other.as_str(), "x", "", "wrong"][way].to_owned();
        let mut refusals = Vec::new();
        for (name, core) in [(known, &known_core), (&unknown, &unknown_core), (known, &known_core)] {
            let typed = User { name: name.clone(), password: password.clone() };
            let answer = self.seen(who, self.browsers[who].log_in(&typed).await?)?;
            answer.refuses(&typed)?;
            refusals.push((told(&answer, core), answer));
        }
        let [(known, _), (unknown, answer), (again, _)] = &refusals[..] else { return Ok(()) };
        let differ = |one: &str, other: &str| (one != other).then(|| (one.to_owned(), other.to_owned()));
        let mut parts = known.iter().zip(unknown).zip(again).filter(|((known, _), again)| known == again);
        match parts.find_map(|((known, unknown), _)| differ(known, unknown)) {
            None => Ok(()),
            Some((known, unknown)) => {
                let [known, unknown] = [(&known, &unknown), (&unknown, &known)].map(|(one, other)| part(one, other));
                Err(answer.miss(format!("both names    {known}"), format!("unknown name  {unknown}")))
            }
        }
    }

    async fn improper(&self, who: usize, account: usize, way: usize) -> Result<(), Miss> {
        let Improper { what, query, kind, body } = improper::of(&self.accounts[account], way);
        let answer = self.browsers[who].post_bytes(&format!("{OUTSIDE}{query}"), kind, body).await?;
        if !answer.status.is_client_error() {
            return Err(answer.miss(format!("4xx for a form {what}"), answer.in_short()));
        }
        self.opened_none(who, &answer)
    }

    async fn stray(&mut self, who: usize, account: usize, way: usize) -> Result<(), Miss> {
        self.typed[who].insert(account);
        let (path, is_posted) = typed::stray(&self.accounts[account], &self.canary.text(), way);
        let browser = &self.browsers[who];
        if is_posted {
            self.seen(who, browser.post(&path, &[]).await?)?;
        } else {
            self.seen(who, browser.head(&path).await?)?;
            self.seen(who, browser.get(&path).await?)?;
        }
        Ok(())
    }

    fn copy(&mut self, from: usize, to: usize) {
        self.browsers[to] = self.browsers[from].copied_by(NAMES[to]);
        self.sessions.copy(from, to);
        self.typed[to] = self.typed[from].union(&self.typed[to]).copied().collect();
    }

    /// Copies every cookie but the session cookie, if that is known.
    fn swap(&mut self, from: usize, to: usize) {
        let all = self.browsers[from].cookies();
        let (own, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, value)| self.trial.carries_an_id(value));
        if own.is_empty() {
            return;
        }
        for (name, value) in &others {
            self.browsers[to].takes_as(&format!("{name}={value}"), "copied from another browser");
            self.sessions.doubt(to);
        }
    }

    async fn plant(&mut self, who: usize, other: usize) {
        if let Some(id) = id_in(self.trial, &self.browsers[who]) {
            self.browsers[who].takes_a_planted_id(&id).await;
            self.sessions.forget(who, "nobody has logged in with the ID that mallory planted");
            self.copy(who, other);
        }
    }

    fn garble(&mut self, who: usize, way: usize) {
        if let Some(id) = id_in(self.trial, &self.browsers[who]) {
            let garbled = typed::UNREADABLE[way](&id);
            self.browsers[who].replaces(&id, &garbled);
            self.trial.event(NAMES[who], &format!("has `{garbled}` in place of the session ID"));
            self.sessions.forget(who, "its cookie does not hold a session ID");
        }
    }

    fn close(&mut self, who: usize) {
        self.browsers[who].close();
        if self.browsers[who].cookies().is_empty() {
            self.sessions.forget(who, "the browser was closed, and dropped its cookies");
        } else {
            self.sessions.doubt(who);
        }
    }

    /// Checks that the answer contains no name that was never typed here, and no markup that was typed.
    fn seen(&self, who: usize, answer: Answer) -> Result<Answer, Miss> {
        is_text(&self.canary, &answer)?;
        let (known, unknown): (Vec<_>, Vec<_>) =
            self.accounts.iter().enumerate().partition(|(account, _)| self.typed[who].contains(account));
        let read = format!("{}\n{}", answer.text(), answer.body);
        let rest = known.iter().fold(read, |rest, (_, user)| rest.replace(&user.name, ""));
        match unknown.iter().find(|(_, user)| is_plain(&user.name) && rest.contains(&user.name)) {
            None => Ok(answer),
            Some((_, User { name, .. })) => {
                let actual = format!("the answer names {name}");
                Err(answer.miss("an answer without names that were never typed in this browser", actual))
            }
        }
    }
}

/// What happens if a login reads a field that comes twice in two ways.
const TWO_NAMES: &str = "the form had two names, and the login stored the one whose password was not sent: take the name that you store from the same place as the name that you check";
/// Why only the name that was checked may be stored.
const ANYONE: &str = "anyone with an account could log in as anyone else";

/// Whether the session was deleted from the store, and none put in its place.
fn is_destroyed(answer: &Answer) -> bool {
    let mut calls = answer.exchange.calls.iter();
    let is_deleted = calls.any(|call| call.operation == Operation::Delete && call.outcome == Outcome::Done);
    is_deleted && answer.exchange.session.after.is_none()
}

/// Whether its HTML source is the same as its text.
fn is_plain(name: &str) -> bool {
    name.chars().all(|sign| sign.is_alphanumeric() || sign == '-')
}

fn is_sent_away(page: &Answer, why: &str) -> Result<(), Miss> {
    page.redirects_to(OUTSIDE).map_err(|miss| {
        let actual = match page.status.as_u16() {
            200 => format!("the page shows  {}", page.text()),
            _ => page.in_short(),
        };
        told_by_its_story(page, Miss { expected: format!("303 → {OUTSIDE}: {why}"), actual, ..miss })
    })
}

/// What a visitor and a program can read in an answer, without the typed name: its status, text, body and headers.
fn told(answer: &Answer, typed: &str) -> Vec<String> {
    let header = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    // Any request with a session may prolong it.
    let has_session = !answer.exchange.request.cookies.is_empty();
    let counts = |name: &HeaderName| *name != CONTENT_LENGTH && !(has_session && *name == SET_COOKIE);
    let headers = answer.headers.iter().filter(|(name, _)| counts(name));
    let mut headers: Vec<_> = headers.map(|(name, value)| format!("{name}: {}", header(value))).collect();
    headers.sort();
    let body = if answer.is_page() { normal(&answer.body) } else { answer.body.clone() };
    let parts = [answer.status.to_string(), answer.text(), body, headers.join(", ")];
    parts.into_iter().map(|part| part.replace(typed, "…")).collect()
}

/// The part of a text around the first difference from another.
fn part(text: &str, other: &str) -> String {
    let same = text.chars().zip(other.chars()).take_while(|(one, other)| one == other).count();
    text.chars().skip(same.saturating_sub(20)).take(60).collect()
}
