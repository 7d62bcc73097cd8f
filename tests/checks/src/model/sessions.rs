//! Who is logged in where, as far as the requirements say.

use crate::{Browser, Trial};

/// How many browsers are in a story.
pub(super) const BROWSERS: usize = 3;

/// The login of a browser, as far as it is known.
#[derive(Clone, Copy)]
pub(super) enum Who {
    /// Nobody is logged in there; and why.
    Nobody(&'static str),
    Certainly(usize),
    /// This user or nobody: the requirements do not say.
    Perhaps(usize),
}

impl Who {
    pub(super) fn user(self) -> Option<usize> {
        match self {
            Self::Nobody(_) => None,
            Self::Certainly(user) | Self::Perhaps(user) => Some(user),
        }
    }
}

/// Every session that was ever opened, and the one whose ID each browser has.
pub(super) struct Sessions {
    all: Vec<Session>,
    held: [Held; BROWSERS],
}

struct Session {
    user: usize,
    is_doubtful: bool,
    /// Why it is over, if it is.
    over: Option<&'static str>,
}

#[derive(Clone, Copy)]
enum Held {
    /// None; and why.
    None(&'static str),
    Own(usize),
    /// A copy, which may or may not work.
    Copy(usize),
}

impl Default for Sessions {
    fn default() -> Self {
        Self { all: Vec::new(), held: [Held::None("nobody has logged in here"); BROWSERS] }
    }
}

impl Sessions {
    pub(super) fn who(&self, browser: usize) -> Who {
        let (place, is_copy) = match self.held[browser] {
            Held::None(why) => return Who::Nobody(why),
            Held::Own(place) => (place, false),
            Held::Copy(place) => (place, true),
        };
        match self.all[place] {
            Session { over: Some(why), .. } => Who::Nobody(why),
            Session { user, is_doubtful, .. } if is_doubtful || is_copy => Who::Perhaps(user),
            Session { user, .. } => Who::Certainly(user),
        }
    }

    /// This browser, or if nobody is logged in there the next one where somebody is, so that an action meets a session.
    /// The last browser is never replaced, so that strangers do everything, too.
    pub(super) fn inside(&self, browser: usize) -> usize {
        let others = (0..BROWSERS).map(|step| (browser + step) % BROWSERS);
        let mut inside = others.filter(|browser| matches!(self.who(*browser), Who::Certainly(_)));
        if browser == BROWSERS - 1 { browser } else { inside.next().unwrap_or(browser) }
    }

    /// The other browser of a pair; the next one if both were drawn as the same.
    pub(super) fn beside(&self, browser: usize, other: usize) -> usize {
        if browser == other { (other + 1) % BROWSERS } else { other }
    }

    /// A session of this user begins here.
    pub(super) fn begin(&mut self, browser: usize, user: usize) {
        self.all.push(Session { user, is_doubtful: false, over: None });
        self.held[browser] = Held::Own(self.all.len() - 1);
    }

    /// The session whose ID this browser has is over, in every other browser as well.
    pub(super) fn end(&mut self, browser: usize, why: &'static str) {
        if let Some(session) = self.held_by(browser).filter(|session| session.over.is_none()) {
            session.over = Some(why);
        }
    }

    /// The same when somebody logs in. A copy may hold an old ID, whose session now has another one.
    pub(super) fn renew(&mut self, browser: usize, why: &'static str) {
        match self.who(browser) {
            Who::Perhaps(_) => self.doubt(browser),
            _ => self.end(browser, why),
        }
    }

    /// All sessions of this user are over, except this one.
    pub(super) fn end_all(&mut self, user: usize, but: Option<usize>, why: &'static str) {
        let kept = but.and_then(|browser| self.place(browser));
        let all = self.all.iter_mut().enumerate().filter(|(place, _)| Some(*place) != kept);
        for (_, session) in all.filter(|(_, session)| session.user == user && session.over.is_none()) {
            session.over = Some(why);
        }
    }

    /// The requirements do not say whether the session whose ID this browser has is still alive.
    pub(super) fn doubt(&mut self, browser: usize) {
        if let Some(session) = self.held_by(browser) {
            session.is_doubtful = true;
        }
    }

    /// This browser no longer has the ID of a session.
    pub(super) fn forget(&mut self, browser: usize, why: &'static str) {
        self.held[browser] = Held::None(why);
    }

    /// From now on `to` has what `from` has.
    pub(super) fn copy(&mut self, from: usize, to: usize) {
        self.held[to] = match self.held[from] {
            Held::Own(place) => Held::Copy(place),
            held => held,
        };
    }

    fn place(&self, browser: usize) -> Option<usize> {
        match self.held[browser] {
            Held::None(_) => None,
            Held::Own(place) | Held::Copy(place) => Some(place),
        }
    }

    fn held_by(&mut self, browser: usize) -> Option<&mut Session> {
        self.place(browser).map(|place| &mut self.all[place])
    }
}

/// The ID of a session that this browser holds as the value of a cookie.
pub(super) fn id_in(trial: &Trial, browser: &Browser<'_>) -> Option<String> {
    let exchanges = trial.exchanges();
    let calls = exchanges.iter().flat_map(|exchange| &exchange.calls);
    calls.map(|call| &call.id).find(|id| browser.holds(id)).cloned()
}
