//! Plays a story of the shop and compares its books with what should be in them.

use std::collections::BTreeSet;

use super::{ACCOUNTS, Action, Forged, Form, Story, WORDS, What};
use crate::{
    Answer, Browser, Miss, Trial, User,
    browser::encode,
    canary::Canary,
    harden::{BESIDE, BUY, ELSEWHERE, EVIL, Hidden, LOGIN, LOGOUT, NOTE, SHOP, credentials, forged, with},
    model::{
        is_text,
        sessions::{BROWSERS, Sessions, Who, id_in},
        told_by_its_story, wrong,
    },
    page::folded,
};

const NAMES: [&str; BROWSERS] = ["alice", "bob", "mallory"];

pub(super) async fn play(trial: &Trial, Story(actions): &Story) -> Result<(), Miss> {
    let mut shop = Shop::new(trial);
    for action in actions {
        shop.act(*action).await?;
    }
    Ok(())
}

struct Shop<'t> {
    trial: &'t Trial,
    browsers: [Browser<'t>; BROWSERS],
    users: Vec<User>,
    sessions: Sessions,
    /// Browsers with a cookie of a neighboring host: what happens to their own session is left open.
    is_tainted: [bool; BROWSERS],
    /// The page that each browser saw last.
    pages: [Option<Answer>; BROWSERS],
    lines: Vec<Line>,
    canary: Canary,
}

/// What a visitor tried to get into the books.
struct Line {
    form: Form,
    text: String,
    /// In whose name it may be there.
    by: Option<usize>,
    /// Whether it has to be there.
    is_due: bool,
}

impl Form {
    fn path(self) -> &'static str {
        match self {
            Self::Buy => BUY,
            Self::Note => NOTE,
        }
    }

    fn field(self) -> &'static str {
        match self {
            Self::Buy => "item",
            Self::Note => "text",
        }
    }

    fn line(self, name: &str, text: &str) -> String {
        match self {
            Self::Buy => folded(&format!("{name} bought {text}")),
            Self::Note => folded(&format!("{name} wrote: {text}")),
        }
    }
}

impl<'t> Shop<'t> {
    fn new(trial: &'t Trial) -> Self {
        Self {
            trial,
            browsers: NAMES.map(|who| trial.browser(who)),
            users: trial.users.first().iter().take(ACCOUNTS).cloned().collect(),
            sessions: Sessions::default(),
            is_tainted: [false; BROWSERS],
            pages: [const { None }; BROWSERS],
            lines: Vec::new(),
            canary: Canary::new(&trial.named("").replace('-', "c"), "what_visitors_write_is_text"),
        }
    }

    async fn act(&mut self, action: Action) -> Result<(), Miss> {
        match action {
            Action::Look(who) => self.look(who).await,
            Action::LogIn(who, account) => self.log_in(who, account).await,
            Action::LogOut(who) => self.log_out(self.sessions.inside(who)).await,
            Action::Send(who, form, word) => self.send(who, form, word).await,
            Action::SendOld(who, form) => self.send_old(who, form).await,
            Action::SendAs(who, form, account) => self.send_as(who, form, account).await,
            Action::Fail(who, account, way) => self.fail(who, account, way).await,
            // An act in a user's name needs a user; a login needs none.
            Action::Link(who, way @ 3) => self.link(who, way).await,
            Action::Link(who, way) => self.link(self.sessions.inside(who), way).await,
            Action::Forge(who, by, forged) => {
                let who = self.sessions.inside(who);
                self.forge(who, self.sessions.beside(who, by), forged).await
            }
            Action::Copy(from, to) => {
                let from = self.sessions.inside(from);
                self.copy(from, self.sessions.beside(from, to));
                Ok(())
            }
            Action::Plant(who, other) => {
                let who = self.sessions.inside(who);
                self.plant(who, self.sessions.beside(who, other)).await;
                Ok(())
            }
            Action::Neighbour(who, other, way) => {
                let other = self.sessions.inside(other);
                self.neighbour(self.sessions.beside(other, who), other, way);
                Ok(())
            }
        }
    }

    async fn look(&mut self, who: usize) -> Result<(), Miss> {
        self.shop(who).await.map(|_| ())
    }

    /// The shop's page, if this browser sees it, with everything in its books that should be there.
    async fn shop(&mut self, who: usize) -> Result<Option<Answer>, Miss> {
        let page = self.browsers[who].get(SHOP).await?;
        match self.sessions.who(who) {
            Who::Nobody(why) => {
                let sent_away = page.redirects_to(LOGIN);
                sent_away.map_err(|miss| {
                    let expected = format!("303 → {LOGIN}: {why}");
                    told_by_its_story(&page, Miss { expected, ..miss })
                })?;
                return Ok(None);
            }
            Who::Perhaps(_) if page.redirects_to(LOGIN).is_ok() => return Ok(None),
            Who::Perhaps(user) | Who::Certainly(user) => self.greets(&page, user)?,
        }
        let text = page.text();
        self.lines.iter().try_for_each(|line| self.is_in_the_books(&page, &text, line))?;
        self.pages[who] = Some(page.clone());
        Ok(Some(page))
    }

    fn greets(&self, page: &Answer, user: usize) -> Result<(), Miss> {
        let greeting = |user: &User| folded(&format!("Hello, {}", user.name));
        page.shows(&greeting(&self.users[user]))?;
        let others = self.users.iter().map(greeting).enumerate().filter(|(other, _)| *other != user);
        others.into_iter().try_for_each(|(_, greeting)| page.shows_not(&greeting, ""))
    }

    fn is_in_the_books(&self, page: &Answer, text: &str, line: &Line) -> Result<(), Miss> {
        for (account, user) in self.users.iter().enumerate() {
            let words = line.form.line(&user.name, &line.text);
            match (line.by == Some(account), text.contains(&words)) {
                (true, false) if line.is_due => page.shows(&words)?,
                (false, true) => page.shows_not(&words, "").map_err(|miss| miss.session(""))?,
                _ => {}
            }
        }
        Ok(())
    }

    async fn log_in(&mut self, who: usize, account: usize) -> Result<(), Miss> {
        let page = self.browsers[who].get(LOGIN).await?;
        // A visitor who is logged in may see no form.
        if !page.forms().iter().any(|form| form.has("password")) && self.sessions.who(who).user().is_some() {
            return Ok(());
        }
        let user = &self.users[account];
        let answer = self.browsers[who].submit(&page, LOGIN, &credentials(user)).await?;
        if self.is_tainted[who] && answer.status.is_client_error() {
            return Ok(());
        }
        answer.redirects_to(SHOP)?;
        self.sessions.doubt(who);
        self.sessions.begin(who, account);
        if self.is_tainted[who] {
            self.sessions.doubt(who);
        }
        Ok(())
    }

    async fn fail(&mut self, who: usize, account: usize, way: usize) -> Result<(), Miss> {
        let other = &self.users[(account + 1) % ACCOUNTS];
        let (nobody, markup) = (self.trial.named("nobody"), self.canary.text());
        let typed = wrong::typed(&self.users[account], other, &nobody, &markup, way);
        let page = self.browsers[who].get(LOGIN).await?;
        let has_form = page.forms().iter().any(|form| form.has("password"));
        if self.trial.users.verify(&typed.name, &typed.password) || !has_form {
            return Ok(());
        }
        let answer = self.seen(self.browsers[who].submit(&page, LOGIN, &credentials(&typed)).await?)?;
        // Whether a user stays logged in after a wrong password is left open.
        self.sessions.doubt(who);
        if way < wrong::PLAIN && !self.is_tainted[who] || !answer.status.is_client_error() {
            return answer.has_status(401);
        }
        Ok(())
    }

    async fn log_out(&mut self, who: usize) -> Result<(), Miss> {
        let known = self.sessions.who(who);
        let Some(page) = self.shop(who).await? else { return Ok(()) };
        let answer = self.browsers[who].submit(&page, LOGOUT, &[]).await?;
        answer.redirects_to(LOGIN)?;
        match known {
            Who::Certainly(_) => self.sessions.end(who, "a logout has ended this session"),
            _ => self.sessions.doubt(who), // whether a logout works with a copy is left open
        }
        self.sessions.forget(who, "this browser has logged out");
        Ok(())
    }

    /// A text that was not there before.
    fn text(&self, word: usize) -> String {
        format!("{} no. {:02}{}.", WORDS[word], self.lines.len(), self.trial.named(""))
    }

    async fn send(&mut self, who: usize, form: Form, word: usize) -> Result<(), Miss> {
        let text = self.text(word);
        let Some(page) = self.shop(who).await? else { return self.send_to(who, form, text, None).await };
        let answer = self.browsers[who].submit(&page, form.path(), &[(form.field(), &text)]).await?;
        let known = self.sessions.who(who);
        let is_due = matches!(known, Who::Certainly(_));
        if is_due {
            answer.redirects_to(SHOP)?;
        }
        self.lines.push(Line { form, text, by: known.user(), is_due });
        Ok(())
    }

    async fn send_old(&mut self, who: usize, form: Form) -> Result<(), Miss> {
        let (user, text) = (self.sessions.who(who).user(), self.text(0));
        self.send_to(who, form, text, user).await
    }

    /// With the fields of the page that this browser saw last.
    async fn send_to(&mut self, who: usize, form: Form, text: String, by: Option<usize>) -> Result<(), Miss> {
        let forms = self.pages[who].as_ref().map(Answer::forms).unwrap_or_default();
        let fields = with(&forms, form.path(), &[(form.field(), &text)]);
        self.browsers[who].post(form.path(), &fields).await?;
        self.lines.push(Line { form, text, by, is_due: false });
        Ok(())
    }

    async fn send_as(&mut self, who: usize, form: Form, account: usize) -> Result<(), Miss> {
        let (by, text) = (self.sessions.who(who).user(), self.text(0));
        let forms = self.shop(who).await?.map(|page| page.forms()).unwrap_or_default();
        let victim = &self.users[account].name;
        let mut fields = with(&forms, form.path(), &[(form.field(), &text), ("username", victim), ("user", victim)]);
        let own = by.map(|by| &self.users[by].name);
        fields.iter_mut().filter(|(_, value)| own.is_some_and(|own| value == own)).for_each(|field| field.1 = victim);
        self.browsers[who].takes_as(&format!("username={victim}"), "made up");
        self.browsers[who].replaces(own.unwrap_or(victim), victim);
        self.browsers[who].post(form.path(), &fields).await?;
        self.lines.push(Line { form, text, by, is_due: false });
        // What happens to visitors who change their own cookies is left open.
        self.is_tainted[who] = true;
        self.sessions.doubt(who);
        Ok(())
    }

    async fn link(&mut self, who: usize, way: usize) -> Result<(), Miss> {
        let (text, mallory) = (self.text(0), &self.users[1]);
        let fields = encode(&[("item", &text), ("text", &text), ("username", &self.users[0].name)]);
        let path = match way {
            0 => format!("{BUY}?{fields}"),
            1 => format!("{NOTE}?{fields}"),
            2 => LOGOUT.to_owned(),
            3 => format!("{LOGIN}?{}", encode(&credentials(mallory))),
            4 => format!("{SHOP}?{fields}"),
            _ => format!("{LOGIN}?{fields}"),
        };
        self.browsers[who].get_from(EVIL, &path).await?;
        self.browsers[who].head(&path).await?;
        self.browsers[who].get(&path).await?;
        self.lines.extend([Form::Buy, Form::Note].map(|form| Line {
            form,
            text: text.clone(),
            by: None,
            is_due: false,
        }));
        Ok(())
    }

    async fn forge(&mut self, who: usize, by: usize, Forged { what, hidden, stands }: Forged) -> Result<(), Miss> {
        // Nobody who has a copy of the cookie needs a forgery.
        if self.share_a_cookie(who, by) {
            return Ok(());
        }
        let text = self.text(0);
        let own = self.sessions.who(by).user().unwrap_or(1);
        let victim = self.sessions.who(who).user().unwrap_or(0);
        let (own, victim) = (&self.users[own], &self.users[victim]);
        let (page, path, fields) = match what {
            What::Send(form) => (SHOP, form.path(), vec![(form.field(), text.as_str())]),
            What::LogOut => (SHOP, LOGOUT, Vec::new()),
            What::LogIn => (LOGIN, LOGIN, credentials(own).to_vec()),
        };
        let forms = self.browsers[by].get(page).await?.forms();
        let names = if what == What::LogIn { [own, own] } else { [own, victim] };
        let fields = forged(&forms, path, &fields, Hidden::ALL[hidden], names);
        let (stands, _) = ELSEWHERE.iter().chain(&BESIDE).nth(stands).unwrap_or(&BESIDE[0]);
        stands.posts(&self.browsers[who], path, &fields).await?;
        if let What::Send(form) = what {
            self.lines.push(Line { form, text, by: None, is_due: false });
        }
        Ok(())
    }

    fn share_a_cookie(&self, one: usize, other: usize) -> bool {
        let [own, others] = [one, other].map(|browser| self.browsers[browser].cookies());
        own.iter().any(|cookie| others.contains(cookie))
    }

    fn copy(&mut self, from: usize, to: usize) {
        self.browsers[to] = self.browsers[from].copied_by(NAMES[to]);
        self.sessions.copy(from, to);
        self.is_tainted[to] = self.is_tainted[from];
    }

    async fn plant(&mut self, who: usize, other: usize) {
        if self.is_tainted[who] {
            return; // it has the IDs of two sessions
        }
        if let Some(id) = id_in(self.trial, &self.browsers[who]) {
            self.browsers[who].takes_a_planted_id(&id).await;
            self.sessions.forget(who, "nobody has logged in with the ID that mallory planted");
            self.copy(who, other);
        }
    }

    /// Under the name of the shop's cookie, under the same name without a prefix, and for some pages only.
    fn neighbour(&mut self, who: usize, other: usize, way: usize) {
        // A cookie of the visitor's own session is no attack.
        let users = [who, other].map(|browser| self.sessions.who(browser).user());
        if users[1].is_none() || users[0] == users[1] {
            return;
        }
        self.is_tainted[who] = true;
        self.sessions.doubt(who);
        for (name, value) in self.browsers[other].cookies() {
            let plain = name.trim_start_matches("__Host-").trim_start_matches("__Secure-");
            let names = BTreeSet::from([name.as_str(), plain]);
            let path = [SHOP, BUY, NOTE, "/login"][way];
            for name in names {
                self.browsers[who]
                    .takes_from_neighbour(&format!("{name}={value}; Domain=localhost; Path={path}; Secure"));
            }
        }
    }

    /// No page has markup in it that a visitor typed.
    fn seen(&self, answer: Answer) -> Result<Answer, Miss> {
        is_text(&self.canary, &answer)?;
        Ok(answer)
    }
}
