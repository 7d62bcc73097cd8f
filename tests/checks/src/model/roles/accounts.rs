//! What the requirements say about accounts and sessions, and which of them a story is about.

use super::{ACCOUNTS, Action, CAROL, Change, MARKUP_NAME, Story};
use crate::{
    Role,
    model::{
        sessions::{Sessions, Who},
        wrong::WRONG,
    },
};

const DELETED: &str = "this account was deleted";
const ENDED: &str = "another session of this user has ended this one";
const LOGGED_OUT: &str = "a logout has ended this session";
const HAS_LOGGED_OUT: &str = "this browser has logged out";
const RENEWED: &str = "this ID was in the browser before this user logged in again";
const PLANTED: &str = "nobody has logged in with the ID that mallory planted";

/// Who may do what, and who is logged in.
pub(super) struct Accounts {
    /// Nothing for an account that was deleted.
    pub(super) roles: Vec<Option<Role>>,
    pub(super) sessions: Sessions,
}

/// What the answer to a request has to be.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Due {
    /// The login page; and why.
    Away(&'static str),
    Forbidden,
    NotFound,
    Conflict,
    Done,
}

impl Default for Accounts {
    fn default() -> Self {
        let mut roles = vec![Some(Role::User); ACCOUNTS];
        roles[0] = Some(Role::Admin);
        Self { roles, sessions: Sessions::default() }
    }
}

impl Accounts {
    /// The answer to this browser if it asks for the admins' page or wants to change a user.
    pub(super) fn due(&self, who: usize, target: Option<usize>) -> Due {
        let user = match self.sessions.who(who) {
            Who::Nobody(why) => return Due::Away(why),
            Who::Certainly(user) | Who::Perhaps(user) => user,
        };
        match (self.roles[user], target.map(|target| self.role(target))) {
            (Some(Role::Admin), None | Some(Some(Role::User))) => Due::Done,
            (Some(Role::Admin), Some(None)) => Due::NotFound,
            (Some(Role::Admin), Some(Some(Role::Admin))) if self.admins() == 1 => Due::Conflict,
            (Some(Role::Admin), Some(Some(Role::Admin))) => Due::Done,
            _ => Due::Forbidden,
        }
    }

    pub(super) fn role(&self, target: usize) -> Option<Role> {
        self.roles.get(target).copied().flatten()
    }

    fn admins(&self) -> usize {
        self.roles.iter().filter(|role| **role == Some(Role::Admin)).count()
    }

    /// Whether another program may demote this user: not the last admin.
    pub(super) fn may_be_dismissed(&self, account: usize) -> bool {
        self.role(account) == Some(Role::Admin) && self.admins() > 1
    }

    /// The action as it is done: to a session where there is one.
    pub(super) fn aimed(&self, action: Action) -> Action {
        let (inside, beside) = (|who| self.sessions.inside(who), |who, other| self.sessions.beside(who, other));
        match action {
            Action::Copy(from, to) => Action::Copy(inside(from), beside(inside(from), to)),
            Action::Plant(who, other) => Action::Plant(inside(who), beside(inside(who), other)),
            action => action,
        }
    }

    /// Applies this action to the accounts and sessions.
    pub(super) fn apply(&mut self, action: Action) {
        match action {
            Action::LogIn(who, account) if self.roles[account].is_some() => self.log_in(who, account),
            Action::Change(who, change, target, _) if self.due(who, Some(target)) == Due::Done => {
                self.change(change, target);
            }
            Action::Promote(account) if self.roles[account].is_some() => self.roles[account] = Some(Role::Admin),
            Action::Dismiss(account) if self.may_be_dismissed(account) => self.roles[account] = Some(Role::User),
            Action::EndOthers(who) => self.end_others(who),
            Action::LogOut(who) => {
                match self.sessions.who(who) {
                    Who::Perhaps(_) => self.sessions.doubt(who), // whether a logout works with a copy is left open
                    _ => self.sessions.end(who, LOGGED_OUT),
                }
                self.sessions.forget(who, HAS_LOGGED_OUT);
            }
            Action::Copy(from, to) => self.sessions.copy(from, to),
            Action::Plant(who, other) => {
                self.sessions.forget(who, PLANTED);
                self.sessions.copy(who, other);
            }
            // Whether a user stays logged in after a wrong password is left open.
            Action::Fail(who, ..) => self.sessions.doubt(who),
            _ => {}
        }
    }

    fn log_in(&mut self, who: usize, account: usize) {
        match self.sessions.who(who) {
            Who::Certainly(before) | Who::Perhaps(before) if before == account => self.sessions.renew(who, RENEWED),
            _ => self.sessions.doubt(who),
        }
        self.sessions.begin(who, account);
    }

    fn change(&mut self, change: Change, target: usize) {
        match change {
            Change::Demote => self.roles[target] = Some(Role::User),
            Change::Delete => {
                self.roles[target] = None;
                self.sessions.end_all(target, None, DELETED);
            }
        }
    }

    fn end_others(&mut self, who: usize) {
        match self.sessions.who(who) {
            Who::Nobody(_) => {}
            Who::Certainly(user) => self.sessions.end_all(user, Some(who), ENDED),
            Who::Perhaps(user) => {
                self.sessions.end_all(user, Some(who), ENDED);
                self.sessions.doubt(who);
            }
        }
    }
}

/// The requirement that a shortest story is about: what the answer to its last step has to be, and why.
pub(super) fn belongs_to(Story { actions, .. }: &Story) -> &'static str {
    let has = |fits: fn(&Action) -> bool| actions.iter().any(fits);
    if has(Action::is_markup) {
        return "names_are_text";
    }
    if has(|action| matches!(action, Action::Read(..))) {
        return "reading_changes_nothing";
    }
    let Some((last, before)) = actions.split_last() else { return "users_have_a_dashboard" };
    let mut accounts = Accounts::default();
    before.iter().for_each(|action| accounts.apply(accounts.aimed(*action)));
    let last = accounts.aimed(*last);
    match last {
        Action::Dashboard(who) | Action::Admin(who) | Action::Change(who, ..) | Action::EndOthers(who) => {
            if let Who::Nobody(why) = accounts.sessions.who(who)
                && let Some(check) = of_reason(why)
            {
                return check;
            }
        }
        _ => {}
    }
    match last {
        Action::LogOut(_) => "a_logout_leaves_nothing_behind",
        Action::EndOthers(_) => "other_sessions_are_ended",
        Action::Dashboard(_) => of_dashboard(before),
        Action::Admin(who) => of_admin(&accounts, who, before, None),
        Action::Change(who, _, target, _) => of_admin(&accounts, who, before, Some(target)),
        Action::Compare(..) => "only_an_admin_demotes_and_deletes",
        _ => "users_have_a_dashboard",
    }
}

/// Why nobody is logged in.
fn of_reason(why: &str) -> Option<&'static str> {
    match why {
        DELETED => Some("a_deletion_acts_at_once"),
        ENDED => Some("other_sessions_are_ended"),
        LOGGED_OUT | HAS_LOGGED_OUT => Some("a_logout_leaves_nothing_behind"),
        RENEWED | PLANTED => Some("a_login_issues_a_new_session_id"),
        _ => None,
    }
}

fn of_dashboard(before: &[Action]) -> &'static str {
    let has = |fits: fn(&Action) -> bool| before.iter().any(fits);
    if has(|action| matches!(action, Action::EndOthers(_))) {
        "other_sessions_are_ended"
    } else if has(|action| matches!(action, Action::Change(_, Change::Demote, ..) | Action::Dismiss(_))) {
        "a_demotion_acts_at_once"
    } else if has(|action| matches!(action, Action::Change(_, Change::Delete, ..))) {
        "a_deletion_acts_at_once"
    } else {
        "users_have_a_dashboard"
    }
}

fn of_admin(accounts: &Accounts, who: usize, before: &[Action], target: Option<usize>) -> &'static str {
    let has = |fits: fn(&Action) -> bool| before.iter().any(fits);
    let is_named = target.is_some_and(|target| (CAROL..ACCOUNTS).contains(&target));
    let is_other = !matches!(accounts.sessions.who(who), Who::Certainly(0) | Who::Perhaps(0));
    match accounts.due(who, target) {
        Due::Forbidden if has(|action| matches!(action, Action::Change(..) | Action::Dismiss(_))) => {
            "a_demotion_acts_at_once"
        }
        Due::Conflict => "the_last_admin_stays",
        Due::Done if is_other => "a_promotion_acts_at_once",
        Due::Done if target.is_some_and(|target| accounts.role(target) == Some(Role::Admin)) => "the_last_admin_stays",
        Due::Done if is_named => "names_are_text",
        _ if target.is_none() => "the_admin_dashboard_is_for_admins",
        _ => "only_an_admin_demotes_and_deletes",
    }
}

impl Action {
    /// Types markup as a name or a password.
    fn is_markup(&self) -> bool {
        match *self {
            Self::Fail(_, _, way) => way >= WRONG,
            Self::Change(_, _, target, _) => target == MARKUP_NAME,
            Self::LogIn(_, account) => account == CAROL,
            _ => false,
        }
    }
}
