//! The model of exercise 3: what each session holds, and what its visitor sees.

pub(crate) mod forms;
mod stories;

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{
    Answer, Browser, Miss, Trial, User, impostors,
    infer::holds_the_name,
    model::{
        Model, Rules,
        preferences::forms::{IMPROPER, REPEATED, SPELLINGS},
        read,
    },
    neighbour,
    preferences::{
        CHOICES, Choice, DEFAULT, FORM, PROFILE, THEMES, URLENCODED, changed_nothing, is_applied, is_preselected, shows,
    },
};

/// Exercise 3's.
pub(crate) const PREFERENCES: Model = Model {
    find: |stage| {
        stage.find(stories::stories(), &Rules { play: |trial, story| Box::pin(play(trial, story)), belongs_to })
    },
    replay: |trial, story| Box::pin(async move { play(trial, &read(story)?).await }),
};

/// The browsers of a story. The last one only copies cookies from another, and looks at pages.
const BROWSERS: [&str; 4] = ["alice", "phone", "bob", "mallory"];
const MALLORY: usize = 3;
/// How many accounts there are, and how many wrong logins.
const USERS: usize = 3;
const IMPOSTORS: usize = 5;
/// How long a choice is kept, at least.
const KEPT: Duration = Duration::from_hours(24);

type Story = Vec<Action>;

/// The first number is the browser.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
enum Action {
    /// Requests the profile.
    Look(usize),
    /// Looks at the theme of the profile, or of the form.
    LookAtTheme(usize, bool),
    /// Looks at the choice in the form.
    LookAtForm(usize),
    /// Sends a choice in this spelling.
    Save(usize, usize, usize),
    /// Submits the form: with another theme, or untouched.
    Submit(usize, Option<usize>),
    /// Sends one of the improper forms.
    SendImproper(usize, usize),
    /// Sends a field twice.
    Repeat(usize, usize),
    LogIn(usize, usize),
    Fail(usize, usize),
    Read(usize, Reading),
    Pass(Duration),
    Close(usize),
    Restart,
    /// Mallory copies all cookies.
    Copy(usize),
    /// Replaces the session ID with one of the stale ones.
    Stale(usize, usize),
    /// Another part of the site has opened the session, and keeps data in it.
    MoveIn(usize),
}

/// Requests that only read, with a choice or a login in their address.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
enum Reading {
    Form,
    Profile,
    Login,
    Head,
}

async fn play(trial: &Trial, story: &Story) -> Result<(), Miss> {
    let browsers = BROWSERS.map(|who| trial.browser(who));
    let mut site = Site { trial, browsers, seats: Default::default(), sessions: Vec::new() };
    for action in story {
        site.act(*action).await?;
    }
    Ok(())
}

/// A session, according to the requirements.
#[derive(Clone, Debug)]
struct Session {
    /// The choice; any of these if the requirements leave it open.
    choices: Vec<Choice>,
    user: Option<usize>,
    has_a_neighbour: bool,
    /// Whether its ID still works.
    is_alive: bool,
    written: OffsetDateTime,
}

/// What a browser has.
#[derive(Clone, Debug, Default)]
struct Seat {
    session: Option<usize>,
    /// The answer that set its cookie.
    set: Option<Box<Answer>>,
}

struct Site<'t> {
    trial: &'t Trial,
    browsers: [Browser<'t>; BROWSERS.len()],
    seats: [Seat; BROWSERS.len()],
    sessions: Vec<Session>,
}

impl Site<'_> {
    async fn act(&mut self, action: Action) -> Result<(), Miss> {
        match action {
            Action::Look(who) => self.look(who, PROFILE, shows).await,
            Action::LookAtTheme(who, in_form) => self.look(who, if in_form { FORM } else { PROFILE }, is_applied).await,
            Action::LookAtForm(who) => self.look(who, FORM, is_preselected).await,
            Action::Save(who, choice, spelling) => self.save(who, CHOICES[choice], SPELLINGS[spelling]).await,
            Action::Submit(who, theme) => self.submit(who, theme).await,
            Action::SendImproper(who, place) => self.send_improper(who, place).await,
            Action::Repeat(who, place) => self.repeat(who, place).await,
            Action::LogIn(who, user) => self.log_in(who, user).await,
            Action::Fail(who, kind) => self.fail(who, kind).await,
            Action::Read(who, reading) => self.read(who, reading).await,
            Action::MoveIn(who) => {
                self.move_in(who).await;
                Ok(())
            }
            Action::Restart => self.trial.restart().await,
            other => {
                self.happens(other);
                Ok(())
            }
        }
    }

    /// Actions without a request.
    fn happens(&mut self, action: Action) {
        match action {
            Action::Pass(time) => self.trial.skip(time),
            Action::Close(who) => self.browsers[who].close(),
            Action::Copy(who) => {
                self.browsers[MALLORY] = self.browsers[who].copied_by(BROWSERS[MALLORY]);
                self.seats[MALLORY] = self.seats[who].clone();
            }
            Action::Stale(who, id) => {
                if let Some(own) = self.id(who) {
                    self.browsers[who].comes_with(stories::STALE[id], &own);
                    self.trial.event(BROWSERS[who], "holds an ID that belongs to no session");
                    self.seats[who].session = None;
                }
            }
            _ => {}
        }
    }

    /// The session ID in this browser, if it is the whole value of a cookie.
    fn id(&self, who: usize) -> Option<String> {
        let set = self.seats[who].set.as_ref()?;
        set.exchange.calls.iter().map(|call| call.id.clone()).find(|id| self.browsers[who].holds(id))
    }

    async fn move_in(&mut self, who: usize) {
        let Some(set) = self.seats[who].set.clone() else { return };
        if neighbour::moves_in(self.trial, &self.browsers[who], &set).await {
            // Such a session is planted for an hour.
            let written = self.now() - KEPT + Duration::from_secs(50 * 60);
            self.begin(who, Session { has_a_neighbour: true, written, ..self.fresh() });
            self.seats[who].set = None;
        }
    }

    fn now(&self) -> OffsetDateTime {
        self.trial.inspector.clock().now()
    }

    fn fresh(&self) -> Session {
        let choices = vec![DEFAULT];
        Session { choices, user: None, has_a_neighbour: false, is_alive: true, written: self.now() }
    }

    fn begin(&mut self, who: usize, session: Session) {
        self.seats[who].session = Some(self.sessions.len());
        self.sessions.push(session);
    }

    /// The choices that this browser may see.
    fn choices(&self, who: usize) -> Vec<Choice> {
        let session = self.seats[who].session.map(|session| &self.sessions[session]);
        let Some(session) = session.filter(|session| session.is_alive) else { return vec![DEFAULT] };
        let mut choices = session.choices.clone();
        // A copy may no longer work, and nothing has to be kept forever.
        if who == MALLORY || !self.is_kept(session) {
            choices.push(DEFAULT);
        }
        choices
    }

    fn is_kept(&self, session: &Session) -> bool {
        self.now() - session.written <= KEPT + Duration::from_secs(60)
    }

    /// Checks that the page fits one of the possible choices, and keeps only those that fit.
    async fn look(&mut self, who: usize, path: &str, fits: Fits) -> Result<(), Miss> {
        let page = self.browsers[who].get(path).await?;
        self.is_forgotten(who, &page)?;
        let mut choices = self.choices(who);
        let first = fits(&page, choices[0]);
        choices.retain(|choice| fits(&page, *choice).is_ok());
        match self.seats[who].session {
            _ if choices.is_empty() => return first,
            Some(session) if who != MALLORY && self.is_kept(&self.sessions[session]) => {
                self.sessions[session].choices = choices;
            }
            _ => {}
        }
        Ok(())
    }

    /// Checks that an ID from before a login no longer opens a session.
    fn is_forgotten(&self, who: usize, page: &Answer) -> Result<(), Miss> {
        let is_dead = self.seats[who].session.is_some_and(|session| !self.sessions[session].is_alive);
        match &page.exchange.session.before {
            Some(data) if is_dead && !data.is_empty() => {
                let holds = serde_json::to_string(data).unwrap_or_default();
                let miss =
                    page.miss("no session under the ID from before the login", format!("one that holds {holds}"));
                Err(miss.so("a login has to renew the session ID, and the old one has to stop working"))
            }
            _ => Ok(()),
        }
    }

    async fn save(&mut self, who: usize, choice: Choice, spelling: Spelling) -> Result<(), Miss> {
        let answer = self.browsers[who].post_bytes(FORM, URLENCODED, spelling(choice).into_bytes()).await?;
        self.saved(who, answer, vec![choice])
    }

    async fn submit(&mut self, who: usize, theme: Option<usize>) -> Result<(), Miss> {
        let page = self.browsers[who].get(FORM).await?;
        let theme = theme.map(|theme| THEMES[theme]);
        let touched: Vec<_> = theme.iter().map(|theme| ("theme", *theme)).collect();
        let answer = self.browsers[who].submit(&page, FORM, &touched).await?;
        let choices = self.choices(who).into_iter().map(|(before, news)| (theme.unwrap_or(before), news)).collect();
        self.saved(who, answer, choices)
    }

    fn saved(&mut self, who: usize, answer: Answer, choices: Vec<Choice>) -> Result<(), Miss> {
        answer.redirects_to(PROFILE)?;
        self.write(who, answer, |session| session.choices = choices)
    }

    /// Checks that other data in the session is still there after this answer, and notes the change.
    fn write(&mut self, who: usize, answer: Answer, change: impl FnOnce(&mut Session)) -> Result<(), Miss> {
        let known = self.seats[who].session.map(|session| self.sessions[session].clone());
        let mut session = known.filter(|session| session.is_alive && self.is_kept(session)).unwrap_or(self.fresh());
        change(&mut session);
        session.written = self.now();
        if session.has_a_neighbour {
            neighbour::stays(&answer)?;
        }
        if let Some(user) = session.user {
            holds_the_name(&answer, self.user(user), "the session does not hold the name of the user who logged in")?;
        }
        match self.seats[who].session.filter(|before| self.sessions[*before].is_alive) {
            Some(before) => self.sessions[before] = session,
            None => self.begin(who, session),
        }
        if !answer.exchange.response.set_cookies.is_empty() {
            self.seats[who].set = Some(Box::new(answer));
        }
        Ok(())
    }

    async fn send_improper(&self, who: usize, place: usize) -> Result<(), Miss> {
        let improper = &IMPROPER[place];
        let body = improper.body.to_owned().into_bytes();
        let path = format!("{FORM}{}", improper.query);
        let answer = self.browsers[who].post_bytes(&path, improper.kind, body).await?;
        let (wanted, is_refused) = match improper.is_a_form {
            true => ("422", answer.status.as_u16() == 422),
            false => ("4xx", answer.status.is_client_error()),
        };
        if !is_refused {
            return Err(answer.miss(format!("{wanted} for {}", improper.told()), answer.in_short()));
        }
        changed_nothing(&answer).map_err(|miss| Miss { expected: "the session as it was".to_owned(), ..miss })
    }

    /// Sends a field twice: the form is refused, or one of the values counts.
    async fn repeat(&mut self, who: usize, place: usize) -> Result<(), Miss> {
        let (body, choices) = REPEATED[place];
        let answer = self.browsers[who].post_bytes(FORM, URLENCODED, body.to_owned().into_bytes()).await?;
        match answer.status.is_client_error() {
            true => changed_nothing(&answer),
            false => self.saved(who, answer, choices.to_vec()),
        }
    }

    /// Checks that a login keeps the choice under a new ID. The choice of another user may be dropped.
    async fn log_in(&mut self, who: usize, user: usize) -> Result<(), Miss> {
        let answer = self.browsers[who].log_in(self.user(user)).await?;
        answer.redirects_to(PROFILE)?;
        let (before, mut choices) = (self.seats[who].session, self.choices(who));
        // For another user the other data of the session need not be kept.
        let is_another = before.and_then(|before| self.sessions[before].user).is_some_and(|before| before != user);
        choices.extend(is_another.then_some(DEFAULT));
        if let Some(before) = before {
            self.begin(who, self.sessions[before].clone());
            self.sessions[before].is_alive = false;
        }
        self.write(who, answer, |session| {
            (session.user, session.choices) = (Some(user), choices);
            session.has_a_neighbour = false;
        })
    }

    async fn fail(&self, who: usize, kind: usize) -> Result<(), Miss> {
        let impostor = &impostors::all(&self.trial.users)[kind % IMPOSTORS];
        let refused = self.browsers[who].log_in(&impostor.typed).await?;
        impostor.is_refused(&refused)?;
        changed_nothing(&refused)
    }

    /// Sends a request that only reads. A monitor checks that it changes nothing.
    async fn read(&self, who: usize, reading: Reading) -> Result<(), Miss> {
        let (browser, choice) = (&self.browsers[who], "theme=dark&notifications=disabled");
        let user = self.trial.users.alice();
        match reading {
            Reading::Form => browser.get(&format!("{FORM}?{choice}")).await,
            Reading::Profile => browser.get(&format!("{PROFILE}?{choice}")).await,
            Reading::Head => browser.head(&format!("{FORM}?{choice}")).await,
            Reading::Login => browser.get(&format!("/login?username={}&password={}", user.name, user.password)).await,
        }
        .map(drop)
    }

    fn user(&self, user: usize) -> &User {
        &self.trial.users.first()[user]
    }
}

type Fits = fn(&Answer, Choice) -> Result<(), Miss>;
type Spelling = fn(Choice) -> String;

/// The requirement that the shortest story is about, judged by its actions.
fn belongs_to(actions: &Story) -> &'static str {
    let has = |fits: fn(&Action) -> bool| actions.iter().any(fits);
    let copies = has(|action| matches!(action, Action::Copy(_)));
    let visitors: BTreeSet<_> =
        actions.iter().filter_map(Action::who).filter(|who| *who != MALLORY || !copies).collect();
    let saves = actions.iter().filter(|action| matches!(action, Action::Save(..) | Action::Submit(..))).count();
    if visitors.len() > 1 {
        "visitors_do_not_mix"
    } else if has(|action| matches!(action, Action::LogIn(..) | Action::Fail(..))) || copies {
        "a_login_keeps_the_choice"
    } else if has(|action| matches!(action, Action::Pass(_) | Action::Close(_) | Action::Restart | Action::MoveIn(_))) {
        "the_choice_is_there_at_the_next_visit"
    } else if has(|action| matches!(action, Action::Read(..))) {
        "reading_changes_nothing"
    } else if let Some(place) = actions.iter().find_map(Action::improper) {
        if IMPROPER[place].is_missing { "missing_values_save_nothing" } else { "unknown_values_save_nothing" }
    } else if has(|action| matches!(action, Action::LookAtTheme(..))) {
        "the_theme_is_applied"
    } else if has(|action| matches!(action, Action::LookAtForm(_) | Action::Submit(..))) {
        "the_form_shows_the_choice"
    } else {
        match saves {
            0 if !has(|action| matches!(action, Action::Repeat(..))) => "there_are_defaults",
            0 | 1 => "a_choice_is_saved",
            _ => "a_later_choice_counts",
        }
    }
}

impl Action {
    fn who(&self) -> Option<usize> {
        match *self {
            Self::Look(who) | Self::LookAtTheme(who, _) | Self::LookAtForm(who) | Self::Save(who, ..) => Some(who),
            Self::Submit(who, _) | Self::SendImproper(who, _) | Self::Repeat(who, _) | Self::LogIn(who, _) => Some(who),
            Self::Fail(who, _) | Self::Read(who, _) | Self::Close(who) | Self::Copy(who) => Some(who),
            Self::Stale(who, _) | Self::MoveIn(who) => Some(who),
            Self::Pass(_) | Self::Restart => None,
        }
    }

    fn improper(&self) -> Option<usize> {
        match *self {
            Self::SendImproper(_, place) => Some(place),
            _ => None,
        }
    }
}
