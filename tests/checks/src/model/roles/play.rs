//! Plays a story of accounts and compares each answer, and the accounts after it, with what the requirements say.

use super::{
    ACCOUNTS, Action, CAROL, Change, FIRST, Spelt, Story,
    accounts::{Accounts, Due},
    lead_to_users,
};
use crate::{
    Answer, Browser, Miss, Role, Trial, User,
    browser::in_path,
    canary::Canary,
    families::{self, plainly},
    model::{
        is_text,
        sessions::{BROWSERS, Who, id_in},
        told_by_its_story, wrong,
    },
    page::folded,
    roles::{ADMIN, DASHBOARD, END_OTHERS, FORBIDDEN, LOGIN, LOGOUT},
};

const NAMES: [&str; BROWSERS] = ["alice", "bob", "mallory"];

pub(super) async fn play(trial: &Trial, story: &Story) -> Result<(), Miss> {
    let mut site = Site::new(trial, story.family);
    for action in &story.actions {
        site.act(site.accounts.aimed(*action)).await?;
        site.is_as_it_should_be()?;
    }
    Ok(())
}

struct Site<'t> {
    trial: &'t Trial,
    browsers: [Browser<'t>; BROWSERS],
    users: Vec<User>,
    /// Names without an account, which are targets after those of the users.
    strangers: Vec<String>,
    accounts: Accounts,
    canary: Canary,
}

impl<'t> Site<'t> {
    fn new(trial: &'t Trial, family: usize) -> Self {
        let own = trial.named("");
        let more = families::members(trial, family);
        more.iter().for_each(|user| trial.users.add(user.clone()));
        let users: Vec<_> = trial.users.first().iter().take(FIRST).cloned().chain(more).collect();
        let canary = Canary::new(&own.replace('-', "c"), "names_are_text");
        let bob = &users[1].name;
        let cut = bob.chars().take(bob.chars().count() - 1).collect();
        let strangers =
            vec![trial.named("nobody"), bob.to_uppercase(), cut, format!("{bob}x"), format!("nobody{}", canary.text())];
        let browsers = NAMES.map(|who| trial.browser(who));
        Self { trial, browsers, users, strangers, accounts: Accounts::default(), canary }
    }

    async fn act(&mut self, action: Action) -> Result<(), Miss> {
        match action {
            Action::Dashboard(who) => return self.dashboard(who).await,
            Action::Admin(who) => return self.admin(who).await,
            Action::LogIn(who, account) => self.log_in(who, account).await?,
            Action::Change(who, change, target, spelt) => {
                if !self.change(who, change, target, spelt).await? {
                    return Ok(());
                }
            }
            Action::Promote(account) => self.becomes(account, Role::Admin, self.accounts.roles[account].is_some()),
            Action::Dismiss(account) => self.becomes(account, Role::User, self.accounts.may_be_dismissed(account)),
            Action::EndOthers(who) => {
                if !self.end_others(who).await? {
                    return Ok(());
                }
            }
            Action::LogOut(who) => self.log_out(who).await?,
            Action::Copy(from, to) => self.browsers[to] = self.browsers[from].copied_by(NAMES[to]),
            Action::Plant(who, other) => {
                if !self.plant(who, other).await {
                    return Ok(());
                }
            }
            Action::Fail(who, account, way) => self.fail(who, account, way).await?,
            Action::Read(who, target) => return self.read(who, target).await,
            Action::Compare(who, change, target) => return self.compare(who, change, target).await,
        }
        self.accounts.apply(action);
        Ok(())
    }

    async fn dashboard(&self, who: usize) -> Result<(), Miss> {
        let page = self.seen(self.browsers[who].get(DASHBOARD).await?)?;
        match self.accounts.sessions.who(who) {
            Who::Nobody(why) => is_sent_away(&page, why),
            Who::Perhaps(_) if page.redirects_to(LOGIN).is_ok() => Ok(()),
            Who::Perhaps(user) | Who::Certainly(user) => self.is_dashboard_of(&page, user),
        }
    }

    fn is_dashboard_of(&self, page: &Answer, user: usize) -> Result<(), Miss> {
        let name = folded(&self.users[user].name);
        page.shows("User dashboard")?;
        page.shows(&name)?;
        // The requirements leave open what an admin's dashboard shows.
        if self.accounts.role(user) == Some(Role::Admin) {
            return Ok(());
        }
        let rest = page.text().replace(&name, "");
        let others = self.users.iter().map(|other| folded(&other.name)).filter(|other| *other != name);
        match others.into_iter().find(|other| rest.contains(other.as_str())) {
            None => Ok(()),
            Some(other) => Err(page.miss(format!("a dashboard of {name}"), format!("a dashboard that names {other}"))),
        }
    }

    async fn admin(&self, who: usize) -> Result<(), Miss> {
        let page = self.seen(self.browsers[who].get(ADMIN).await?)?;
        match self.accounts.due(who, None) {
            _ if self.may_be_away(who, &page) => Ok(()),
            Due::Done => self.shows_all(&page),
            due => is_answered(&page, due),
        }
    }

    fn shows_all(&self, page: &Answer) -> Result<(), Miss> {
        page.shows("Admin dashboard")?;
        let is_there = |account: &usize| self.accounts.roles[*account].is_some();
        let (there, gone): (Vec<_>, Vec<_>) = (0..ACCOUNTS).partition(is_there);
        let names =
            |accounts: &[usize]| accounts.iter().map(|account| folded(&self.users[*account].name)).collect::<Vec<_>>();
        let (there, gone) = (names(&there), names(&gone));
        let text = page.text();
        there.iter().filter(|name| !text.contains(name.as_str())).try_for_each(|name| page.shows(name))?;
        lead_to_users(page, &self.trial.users.names())?;
        let rest = there.iter().fold(text, |rest, name| rest.replace(name.as_str(), ""));
        match gone.iter().find(|name| rest.contains(name.as_str())) {
            None => Ok(()),
            Some(name) => {
                Err(page.miss(format!("a page without  {name}, who was deleted"), format!("the page shows  {name}")))
            }
        }
    }

    async fn log_in(&self, who: usize, account: usize) -> Result<(), Miss> {
        if account >= FIRST {
            self.trial.event("(accounts)", &format!("{} has an account, too", self.users[account].name));
        }
        let answer = self.browsers[who].log_in(&self.users[account]).await?;
        match self.accounts.role(account) {
            Some(_) => answer.redirects_to(DASHBOARD),
            None => answer.has_status(401),
        }
    }

    async fn fail(&self, who: usize, account: usize, way: usize) -> Result<(), Miss> {
        let other = &self.users[(account + 1) % ACCOUNTS];
        let typed = wrong::typed(&self.users[account], other, &self.strangers[0], &self.canary.text(), way);
        if self.trial.users.verify(&typed.name, &typed.password) {
            return Ok(());
        }
        let answer = self.seen(self.browsers[who].log_in(&typed).await?)?;
        if way < wrong::PLAIN || !answer.status.is_client_error() { answer.has_status(401) } else { Ok(()) }
    }

    /// Whether it was done.
    async fn change(&self, who: usize, change: Change, target: usize, spelt: Spelt) -> Result<bool, Miss> {
        let is_own = self.accounts.sessions.who(who).user() == Some(target);
        if is_own && matches!(self.accounts.sessions.who(who), Who::Perhaps(_)) {
            return Ok(false);
        }
        let answer = self.seen(self.browsers[who].post(&self.path(change, target, spelt), &[]).await?)?;
        match self.accounts.due(who, Some(target)) {
            _ if self.may_be_away(who, &answer) => Ok(false),
            // A user who is no longer an admin, or has no account, may be sent elsewhere.
            // Users who delete their own account may also be sent to the login page at once.
            Due::Done if is_own && change == Change::Delete && answer.status.is_redirection() => Ok(true),
            Due::Done => answer.redirects_to(ADMIN).map(|()| true),
            due => is_answered(&answer, due).map(|()| false),
        }
    }

    fn path(&self, change: Change, target: usize, spelt: Spelt) -> String {
        let name = match target.checked_sub(ACCOUNTS) {
            None => &self.users[target].name,
            Some(stranger) => &self.strangers[stranger],
        };
        let name = match spelt {
            Spelt::Encoded => in_path(name),
            Spelt::Plain => plainly(name),
        };
        format!("{ADMIN}/users/{name}/{}", change.word())
    }

    /// Whether it was done.
    async fn end_others(&self, who: usize) -> Result<bool, Miss> {
        let answer = self.browsers[who].post(END_OTHERS, &[]).await?;
        match self.accounts.sessions.who(who) {
            Who::Nobody(why) => is_sent_away(&answer, why).map(|()| false),
            Who::Perhaps(_) if answer.redirects_to(LOGIN).is_ok() => Ok(false),
            Who::Perhaps(_) | Who::Certainly(_) => answer.redirects_to(DASHBOARD).map(|()| true),
        }
    }

    async fn log_out(&self, who: usize) -> Result<(), Miss> {
        let answer = self.browsers[who].post(LOGOUT, &[]).await?;
        answer.redirects_to(LOGIN)?;
        match &answer.exchange.session.after {
            None => Ok(()),
            Some(_) => Err(answer.miss("no record in the store", "a record that is still there")),
        }
    }

    fn becomes(&self, account: usize, role: Role, is_allowed: bool) {
        if is_allowed {
            let name = &self.users[account].name;
            self.trial.users.set_role(name, role);
            let what = if role == Role::Admin { "an admin" } else { "a user" };
            self.trial.event("(accounts)", &format!("{name} is {what} now"));
        }
    }

    async fn plant(&mut self, who: usize, other: usize) -> bool {
        let Some(id) = id_in(self.trial, &self.browsers[who]) else { return false };
        self.browsers[who].takes_a_planted_id(&id).await;
        self.browsers[other] = self.browsers[who].copied_by(NAMES[other]);
        true
    }

    async fn read(&self, who: usize, target: usize) -> Result<(), Miss> {
        let changing = [Change::Demote, Change::Delete].map(|change| self.path(change, target, Spelt::Encoded));
        for path in changing.iter().map(String::as_str).chain([END_OTHERS, LOGOUT]) {
            self.browsers[who].head(path).await?;
            self.browsers[who].get(path).await?;
        }
        Ok(())
    }

    /// The site refuses a user in the same words, whether or not there is an account with this name.
    async fn compare(&self, who: usize, change: Change, target: usize) -> Result<(), Miss> {
        let Who::Certainly(user) = self.accounts.sessions.who(who) else { return Ok(()) };
        if self.accounts.role(user) != Some(Role::User) || self.accounts.role(target).is_none() || user == target {
            return Ok(());
        }
        let known = self.browsers[who].post(&self.path(change, target, Spelt::Encoded), &[]).await?;
        let unknown = self.browsers[who].post(&self.path(change, ACCOUNTS, Spelt::Encoded), &[]).await?;
        is_answered(&known, Due::Forbidden)?;
        is_answered(&unknown, Due::Forbidden)?;
        let words = |answer: &Answer, name: &str| answer.text().replace(&folded(name), "…");
        if words(&known, &self.users[target].name) == words(&unknown, &self.strangers[0]) {
            return Ok(());
        }
        let said = |answer: &Answer| format!("403 that says  {}", answer.text());
        Err(unknown.miss(said(&known), said(&unknown)))
    }

    /// Whether this is a copy of a cookie that does not work, as may be.
    fn may_be_away(&self, who: usize, answer: &Answer) -> bool {
        matches!(self.accounts.sessions.who(who), Who::Perhaps(_)) && answer.redirects_to(LOGIN).is_ok()
    }

    /// No page has markup in it that a visitor typed.
    fn seen(&self, answer: Answer) -> Result<Answer, Miss> {
        is_text(&self.canary, &answer)?;
        is_escaped(answer, &self.users[CAROL].name)
    }

    /// The accounts are what they should be, whatever the pages say.
    fn is_as_it_should_be(&self) -> Result<(), Miss> {
        for (user, role) in self.users.iter().zip(&self.accounts.roles) {
            let actual = self.trial.users.role(&user.name);
            if actual != *role {
                return Err(Miss::new(words(&user.name, *role), words(&user.name, actual)));
            }
        }
        Ok(())
    }
}

/// A name that looks like HTML is not HTML on the page.
fn is_escaped(answer: Answer, name: &str) -> Result<Answer, Miss> {
    match answer.is_page() && answer.body.contains(name) {
        false => Ok(answer),
        true => Err(answer.miss(format!("{name} as text"), "its <i> is a tag on the page")),
    }
}

fn words(name: &str, role: Option<Role>) -> String {
    match role {
        Some(Role::Admin) => format!("{name} is an admin"),
        Some(Role::User) => format!("{name} is a user"),
        None => format!("{name} has no account"),
    }
}

fn is_answered(answer: &Answer, due: Due) -> Result<(), Miss> {
    match due {
        Due::Away(why) => is_sent_away(answer, why),
        Due::Forbidden => answer.has_status(FORBIDDEN).map_err(|miss| told_by_its_story(answer, miss)),
        Due::NotFound => answer.has_status(404),
        Due::Conflict => answer.has_status(409),
        Due::Done => Ok(()),
    }
}

fn is_sent_away(answer: &Answer, why: &str) -> Result<(), Miss> {
    answer
        .redirects_to(LOGIN)
        .map_err(|miss| told_by_its_story(answer, Miss { expected: format!("303 → {LOGIN}: {why}"), ..miss }))
}
