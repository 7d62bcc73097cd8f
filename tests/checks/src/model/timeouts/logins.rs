//! What the requirements say about each login. A request happens between two moments, and whatever a requirement leaves
//! to the answer stays open.

use time::{Duration, OffsetDateTime};

const IDLE: Duration = Duration::minutes(30);
/// How much earlier it may end for a site that does not write at each request.
const UNNOTED: Duration = Duration::minutes(5);
const ABSOLUTE: Duration = Duration::hours(8);
const REMEMBERED: Duration = Duration::days(30);
/// An app may keep times in whole seconds.
const ROUNDED: Duration = Duration::seconds(2);
/// For at least this long, a site knows that there was a login.
const KNOWN: Duration = Duration::hours(9);

/// When something happened: not before the first moment, not after the second one.
#[derive(Clone, Copy, Debug)]
pub(super) struct At(pub(super) OffsetDateTime, pub(super) OffsetDateTime);

/// What a login is at some time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fate {
    Alive,
    /// Either is right.
    Open,
    Over,
}

#[derive(Clone, Debug)]
pub(super) struct Login {
    pub(super) user: usize,
    remembered: bool,
    began: At,
    /// The last request that has to count began no earlier, and the last that may count ended no later.
    seen: At,
    /// Whether nothing has happened that an answer may take as a reason to end it.
    untouched: bool,
    /// Why it is over for good.
    ended: Option<String>,
}

impl Login {
    pub(super) fn new(user: usize, remembered: bool, at: At) -> Self {
        Self { user, remembered, began: at, seen: at, untouched: true, ended: None }
    }

    pub(super) fn fate(&self, at: At) -> Fate {
        let (youngest, oldest) = (at.0 - self.began.1, at.1 - self.began.0);
        let (limit, early) = match self.remembered {
            true => (REMEMBERED, Duration::hours(1)),
            false => (ABSOLUTE, Duration::minutes(1)),
        };
        let idles = !self.remembered;
        if self.ended.is_some() || youngest >= limit + ROUNDED || idles && at.0 - self.seen.1 >= IDLE + ROUNDED {
            Fate::Over
        } else if self.untouched && oldest < limit - early && !(idles && at.1 - self.seen.0 >= IDLE - UNNOTED - ROUNDED)
        {
            Fate::Alive
        } else {
            Fate::Open
        }
    }

    /// Whether it has expired, and no request has found that yet. (A remembered one's cookie may be gone by then.)
    fn has_just_run_out(&self, at: At) -> bool {
        let is_fresh = self.untouched && !self.remembered && self.ended.is_none();
        is_fresh && self.fate(at) == Fate::Over && at.1 - self.began.0 < KNOWN
    }

    /// Why it has to be alive, or over.
    fn reason(&self, at: At) -> String {
        let (age, idle) = ((at.0 - self.began.0).whole_seconds(), (at.0 - self.seen.0).whole_seconds());
        let [age, idle] = [age, idle].map(|seconds| session_inspector::span(seconds.unsigned_abs()));
        match (self.fate(at), &self.ended) {
            (Fate::Alive, _) if self.remembered => format!("this login is {age} old, and has to last 30 days"),
            (Fate::Alive, _) => format!("this login is {age} old, and the last request came {idle} ago"),
            (_, Some(why)) => why.clone(),
            _ if self.remembered => format!("this login is {age} old, and ends after 30 days"),
            _ if at.0 - self.began.1 >= ABSOLUTE => format!("this login is {age} old, and ends after 8 hours"),
            _ => format!("the last request of this login came {idle} ago, and the login ends after 30 minutes"),
        }
    }

    fn end(&mut self, why: String) {
        self.ended.get_or_insert(why);
    }

    /// A request came with this login. `was_in`: whether its visitor was logged in, if the answer showed that.
    fn asked(&mut self, at: At, fate: Fate, was_in: Option<bool>) {
        match (fate, was_in) {
            (Fate::Over, _) => self.end(self.reason(at)),
            (_, Some(false)) => self.end("an earlier request found this login ended".to_owned()),
            (Fate::Open, None) => (self.seen.1, self.untouched) = (at.1, false),
            _ => self.seen = at,
        }
    }
}

/// What the login page may say to a browser that has no login.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum News {
    /// Nothing about an end.
    #[default]
    None,
    /// That a login has expired.
    Expired,
    Any,
}

/// A browser.
#[derive(Clone, Debug, Default)]
struct Seat {
    login: Option<usize>,
    /// Why it has none; empty if nobody has logged in yet.
    why: &'static str,
    is_copy: bool,
    /// Whether it holds a cookie that nobody set.
    is_tampered: bool,
    /// Whether the login page may still report an end that it has not reported yet.
    is_untold: bool,
    news: News,
}

/// All browsers, and all logins there ever were.
#[derive(Default)]
pub(super) struct Logins {
    seats: [Seat; super::BROWSERS.len()],
    logins: Vec<Login>,
}

impl Logins {
    /// The user that this browser is logged in as, and whether that has to be so.
    pub(super) fn fate(&self, who: usize, at: At) -> (Option<usize>, Fate) {
        let seat = &self.seats[who];
        match seat.login.map(|login| &self.logins[login]) {
            None => (None, Fate::Over),
            Some(login) if login.fate(at) == Fate::Alive && (seat.is_copy || seat.is_tampered) => {
                (Some(login.user), Fate::Open)
            }
            Some(login) => (Some(login.user), login.fate(at)),
        }
    }

    /// What the login page has to say if this browser's next request, sent now, leads there.
    pub(super) fn news(&self, who: usize, at: At) -> News {
        let seat = &self.seats[who];
        match seat.login.map(|login| &self.logins[login]) {
            None if seat.is_untold || seat.is_tampered => News::Any,
            None => seat.news,
            Some(login) => {
                let is_own = !seat.is_copy && !seat.is_tampered;
                if is_own && login.has_just_run_out(at) { News::Expired } else { News::Any }
            }
        }
    }

    /// Whether this browser has a login of its own that is not to be remembered.
    pub(super) fn ends_with_the_browser(&self, who: usize) -> bool {
        let seat = &self.seats[who];
        let is_own = !seat.is_copy && !seat.is_tampered;
        is_own && seat.login.is_some_and(|login| !self.logins[login].remembered)
    }

    /// See [`Login::asked`].
    pub(super) fn asked(&mut self, who: usize, at: At, was_in: Option<bool>) {
        let (_, fate) = self.fate(who, at);
        let seat = &mut self.seats[who];
        let Some(login) = seat.login.map(|login| &mut self.logins[login]) else { return };
        seat.is_untold |= fate != Fate::Alive;
        let of_login = login.fate(at);
        if seat.is_copy || seat.is_tampered {
            // An answer may end the login for that reason, or may no longer know this copy.
            login.untouched = false;
            login.seen.1 = if of_login == Fate::Over { login.seen.1 } else { at.1 };
            if of_login == Fate::Over {
                login.end(login.reason(at));
            }
        } else {
            login.asked(at, of_login, was_in);
        }
    }

    pub(super) fn log_in(&mut self, who: usize, login: Login) {
        self.end(who, "a later login has replaced this one");
        let seat = &mut self.seats[who];
        (seat.login, seat.is_copy) = (Some(self.logins.len()), false);
        self.logins.push(login);
    }

    pub(super) fn log_out(&mut self, who: usize, at: At) {
        let (user, fate) = self.fate(who, at);
        if user.is_some() {
            self.seats[who].news = if fate == Fate::Alive { News::None } else { News::Any };
            self.end(who, "a logout has ended this login");
            user.into_iter().for_each(|user| self.touch(user));
            let seat = &mut self.seats[who];
            (seat.login, seat.why) = (None, "the user of this browser has logged out");
        }
    }

    pub(super) fn read_the_login_page(&mut self, who: usize) {
        self.seats[who].is_untold = false;
    }

    /// Whatever has no age of its own is gone.
    pub(super) fn close(&mut self, who: usize) {
        let seat = &mut self.seats[who];
        if seat.login.is_none_or(|login| !self.logins[login].remembered) {
            seat.why = "the browser was closed, and its user had not asked to be remembered";
            (seat.login, seat.news) = (None, News::Any);
        }
    }

    pub(super) fn copy(&mut self, from: usize, to: usize) {
        self.seats[to] = Seat { is_copy: true, news: News::Any, ..self.seats[from].clone() };
    }

    pub(super) fn tamper(&mut self, who: usize) {
        self.seats[who].is_tampered = true;
    }

    /// The ID is another one, under which nobody is logged in.
    pub(super) fn lose(&mut self, who: usize) {
        let why = "nobody has logged in with this session ID";
        self.seats[who] = Seat { why, is_tampered: true, news: News::Any, ..Seat::default() };
    }

    /// A user has logged out: whether this ends their other logins is left open.
    fn touch(&mut self, user: usize) {
        self.logins.iter_mut().filter(|login| login.user == user).for_each(|login| login.untouched = false);
    }

    /// Ends this browser's login. Whether a copy of the cookie ends it, too, is open.
    fn end(&mut self, who: usize, why: &'static str) {
        let seat = &self.seats[who];
        if let Some(login) = seat.login.map(|login| &mut self.logins[login]) {
            login.untouched = false;
            if !seat.is_copy && !seat.is_tampered {
                login.end(why.to_owned());
            }
        }
    }

    /// Why this browser's visitor is logged in, or is not.
    pub(super) fn reason(&self, who: usize, at: At) -> String {
        let seat = &self.seats[who];
        seat.login.map_or(seat.why.to_owned(), |login| self.logins[login].reason(at))
    }
}
