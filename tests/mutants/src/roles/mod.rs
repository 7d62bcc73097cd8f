//! Answers to exercise 7.

mod guards;
mod neglected;
mod overlooked;
mod right;
mod sessions;
mod stories;
mod unasked;
mod unforeseen;

use axum::{
    Router,
    routing::{MethodRouter, get, post},
};
use checks::App;
use tower_sessions::{SessionManagerLayer, SessionStore};

use crate::{Mutant, RightAnswer, mutant};

/// Every wrong answer, in the order of the checks they fall to.
pub const MUTANTS: &[Mutant] = &[
    mutant("dashboard_for_everyone", "users_have_a_dashboard", || App::new(guards::dashboard_for_everyone)),
    mutant("dashboard_of_the_last_login", "users_have_a_dashboard", || App::new(sessions::dashboard_of_the_last_login)),
    mutant("unknown_users_are_let_in", "users_have_a_dashboard", || App::new(sessions::unknown_users_are_let_in)),
    mutant("no_password_is_let_in", "users_have_a_dashboard", || App::new(sessions::no_password_is_let_in)),
    mutant("sends_an_admin_on_from_the_login", "users_have_a_dashboard", || {
        App::new(unforeseen::sends_an_admin_on_from_the_login)
    }),
    mutant("locks_the_account", "users_have_a_dashboard", || App::new(neglected::locks_the_account)),
    mutant("keeps_the_way_to_the_login", "users_have_a_dashboard", || App::new(unasked::keeps_the_way_to_the_login)),
    mutant("an_odd_cookie_is_an_error", "users_have_a_dashboard", || App::new(unasked::an_odd_cookie_is_an_error)),
    mutant("a_login_leaves_who_is_there", "users_have_a_dashboard", || App::new(unasked::a_login_leaves_who_is_there)),
    mutant("a_login_must_know_the_page", "users_have_a_dashboard", || App::new(unasked::a_login_must_know_the_page)),
    mutant("a_login_strips_quotation_marks", "users_have_a_dashboard", || {
        App::new(unasked::a_login_strips_quotation_marks)
    }),
    mutant("five_logins_at_a_time", "users_have_a_dashboard", || App::new(unasked::five_logins_at_a_time)),
    mutant("admin_page_for_users", "the_admin_dashboard_is_for_admins", || App::new(guards::admin_page_for_users)),
    mutant("believes_a_cookie_with_a_role", "the_admin_dashboard_is_for_admins", || {
        App::new(guards::believes_a_cookie_with_a_role)
    }),
    mutant("users_are_sent_to_the_login", "the_admin_dashboard_is_for_admins", || {
        App::new(guards::users_are_sent_to_the_login)
    }),
    mutant("strangers_are_forbidden", "the_admin_dashboard_is_for_admins", || {
        App::new(guards::strangers_are_forbidden)
    }),
    mutant("lists_ten_users", "the_admin_dashboard_is_for_admins", || App::new(unforeseen::lists_ten_users)),
    mutant("lists_the_admins_only", "the_admin_dashboard_is_for_admins", || App::new(guards::lists_the_admins_only)),
    mutant("the_next_user_is_an_admin_too", "the_admin_dashboard_is_for_admins", || {
        App::new(stories::the_next_user_is_an_admin_too)
    }),
    mutant("refuses_with_the_page", "the_admin_dashboard_is_for_admins", || App::new(neglected::refuses_with_the_page)),
    mutant("the_button_is_the_guard", "only_an_admin_demotes_and_deletes", || {
        App::new(guards::the_button_is_the_guard)
    }),
    mutant("forgets_to_guard_the_deletion", "only_an_admin_demotes_and_deletes", || {
        App::new(guards::forgets_to_guard_the_deletion)
    }),
    mutant("own_account_may_go", "only_an_admin_demotes_and_deletes", || App::new(guards::own_account_may_go)),
    mutant("says_not_found_first", "only_an_admin_demotes_and_deletes", || App::new(guards::says_not_found_first)),
    mutant("unknown_is_done", "only_an_admin_demotes_and_deletes", || App::new(guards::unknown_is_done)),
    mutant("the_refusal_tells_who_exists", "only_an_admin_demotes_and_deletes", || {
        App::new(unforeseen::the_refusal_tells_who_exists)
    }),
    mutant("refuses_when_it_is_done", "only_an_admin_demotes_and_deletes", || {
        App::new(unforeseen::refuses_when_it_is_done)
    }),
    mutant("the_beginning_of_a_name_will_do", "only_an_admin_demotes_and_deletes", || {
        App::new(unforeseen::the_beginning_of_a_name_will_do)
    }),
    mutant("trims_the_name", "only_an_admin_demotes_and_deletes", || App::new(neglected::trims_the_name)),
    mutant("a_slash_leads_past_the_guard", "only_an_admin_demotes_and_deletes", || {
        App::new(overlooked::a_slash_leads_past_the_guard)
    }),
    mutant("deletes_nothing", "only_an_admin_demotes_and_deletes", || App::new(guards::deletes_nothing)),
    mutant("the_way_to_the_login_tells_who_exists", "only_an_admin_demotes_and_deletes", || {
        App::new(unasked::the_way_to_the_login_tells_who_exists)
    }),
    mutant("deleted_again_is_done", "only_an_admin_demotes_and_deletes", || App::new(unasked::deleted_again_is_done)),
    mutant("role_in_the_session", "a_demotion_acts_at_once", || App::new(sessions::role_in_the_session)),
    mutant("demotion_logs_out", "a_demotion_acts_at_once", || App::new(sessions::demotion_logs_out)),
    mutant("role_of_the_login_as_well", "a_promotion_acts_at_once", || App::new(sessions::role_of_the_login_as_well)),
    mutant("deleted_users_stay_in", "a_deletion_acts_at_once", || App::new(sessions::deleted_users_stay_in)),
    mutant("notes_whom_it_deleted", "a_deletion_acts_at_once", || App::new(unforeseen::notes_whom_it_deleted)),
    mutant("deleted_admins_still_act", "a_deletion_acts_at_once", || App::new(sessions::deleted_admins_still_act)),
    mutant("the_one_that_stays_may_still_act", "a_deletion_acts_at_once", || {
        App::new(sessions::the_one_that_stays_may_still_act)
    }),
    mutant("the_one_that_stays_still_looks", "a_demotion_acts_at_once", || {
        App::new(sessions::the_one_that_stays_still_looks)
    }),
    mutant("the_last_admin_may_go", "the_last_admin_stays", || App::new(guards::the_last_admin_may_go)),
    mutant("the_last_admin_may_be_demoted", "the_last_admin_stays", || App::new(guards::the_last_admin_may_be_demoted)),
    mutant("nobody_demotes_themselves", "the_last_admin_stays", || App::new(guards::nobody_demotes_themselves)),
    mutant("own_demotion_leads_home", "the_last_admin_stays", || App::new(guards::own_demotion_leads_home)),
    mutant("counts_the_admins_alone", "the_last_admin_stays", || App::new(guards::counts_the_admins_alone)),
    mutant("writes_it_down_first", "the_last_admin_stays", || App::new(unforeseen::writes_it_down_first)),
    mutant("counts_the_admins_too_early", "the_last_admin_stays", || App::new(unforeseen::counts_the_admins_too_early)),
    mutant("notes_it_before_it_is_done", "the_last_admin_stays", || App::new(unforeseen::notes_it_before_it_is_done)),
    mutant("a_conflict_ends_the_session", "the_last_admin_stays", || App::new(unasked::a_conflict_ends_the_session)),
    mutant("ends_no_other", "other_sessions_are_ended", || App::new(sessions::ends_no_other)),
    mutant("ends_its_own_too", "other_sessions_are_ended", || App::new(sessions::ends_its_own_too)),
    mutant("ends_everybodys", "other_sessions_are_ended", || App::new(sessions::ends_everybodys)),
    mutant("ends_the_last_only", "other_sessions_are_ended", || App::new(sessions::ends_the_last_only)),
    mutant("ends_at_the_dashboard_alone", "other_sessions_are_ended", || {
        App::new(sessions::ends_at_the_dashboard_alone)
    }),
    mutant("later_logins_are_out", "other_sessions_are_ended", || App::new(sessions::later_logins_are_out)),
    mutant("ends_others_once", "other_sessions_are_ended", || App::new(overlooked::ends_others_once)),
    mutant("ended_ones_are_noted_in_memory", "other_sessions_are_ended", || {
        App::new(overlooked::ended_ones_are_noted_in_memory)
    }),
    mutant("ends_those_of_similar_names", "other_sessions_are_ended", || {
        App::new(unasked::ends_those_of_similar_names)
    }),
    mutant("ends_are_counted_in_a_byte", "other_sessions_are_ended", || App::new(sessions::ends_are_counted_in_a_byte)),
    mutant("ends_have_two_digits", "other_sessions_are_ended", || App::new(sessions::ends_have_two_digits)),
    mutant("logout_takes_the_login_out", "a_logout_leaves_nothing_behind", || {
        App::new(sessions::logout_takes_the_login_out)
    }),
    mutant("logout_ends_the_cookie", "a_logout_leaves_nothing_behind", || App::new(sessions::logout_ends_the_cookie)),
    mutant("a_deleted_user_leaves_a_record", "a_logout_leaves_nothing_behind", || {
        App::new(unasked::a_deleted_user_leaves_a_record)
    }),
    mutant("login_keeps_the_id", "a_login_issues_a_new_session_id", || App::new(sessions::login_keeps_the_id)),
    mutant("an_ended_session_keeps_its_id", "a_login_issues_a_new_session_id", || {
        App::new(unasked::an_ended_session_keeps_its_id)
    }),
    mutant("pastes_the_names", "names_are_text", || App::new(guards::pastes_the_names)),
    mutant("takes_any_case", "names_are_text", || App::new(stories::takes_any_case)),
    mutant("decodes_twice", "names_are_text", || App::new(overlooked::decodes_twice)),
    mutant("a_plus_is_a_blank", "names_are_text", || App::new(overlooked::a_plus_is_a_blank)),
    mutant("similar_admins_do_not_count", "names_are_text", || App::new(overlooked::similar_admins_do_not_count)),
    mutant("does_not_decode", "names_are_text", || App::new(guards::does_not_decode)),
    mutant("buttons_are_not_encoded", "names_are_text", || App::new(guards::buttons_are_not_encoded)),
    mutant("buttons_keep_the_slash", "names_are_text", || App::new(guards::buttons_keep_the_slash)),
    mutant("buttons_keep_the_question_mark", "names_are_text", || App::new(guards::buttons_keep_the_question_mark)),
    mutant("refusals_paste_the_name", "names_are_text", || App::new(guards::refusals_paste_the_name)),
    mutant("forbids_in_the_users_name", "names_are_text", || App::new(unforeseen::forbids_in_the_users_name)),
    mutant("the_title_is_forgotten", "names_are_text", || App::new(unforeseen::the_title_is_forgotten)),
    mutant("a_refusal_escapes_twice", "names_are_text", || App::new(neglected::a_refusal_escapes_twice)),
    mutant("buttons_have_a_plus_for_a_blank", "names_are_text", || App::new(guards::buttons_have_a_plus_for_a_blank)),
    mutant("demotes_by_get", "reading_changes_nothing", || App::new(guards::demotes_by_get)),
    mutant("ends_others_by_get", "reading_changes_nothing", || App::new(sessions::ends_others_by_get)),
    mutant("a_link_deletes", "reading_changes_nothing", || App::new(neglected::a_link_deletes)),
    mutant("the_name_is_in_a_cookie", "reading_changes_nothing", || App::new(neglected::the_name_is_in_a_cookie)),
    mutant("the_current_user_is_shared", "reading_changes_nothing", || App::new(neglected::the_current_user_is_shared)),
];

/// Other right answers.
pub const RIGHT_ANSWERS: &[RightAnswer] = &[
    RightAnswer { name: "a list of IDs, deleted in the store", app: || App::new(right::list::app) },
    RightAnswer { name: "a secret of the user's own in each session", app: || App::new(right::secret::app) },
    RightAnswer { name: "a middleware for all of /admin", app: || App::new(right::nested::app) },
    RightAnswer { name: "functions and strings, 302 and 307", app: || App::new(right::strings::app) },
    RightAnswer { name: "deleted users are logged out for good", app: || App::new(right::flush::app) },
    RightAnswer { name: "visits are counted, and a page asks before it deletes", app: || App::new(right::visits::app) },
];

/// The solution's parts; a mutant puts its own in the place of one.
struct Parts {
    login: MethodRouter,
    logout: MethodRouter,
    dashboard: MethodRouter,
    admin: MethodRouter,
    demote: MethodRouter,
    delete: MethodRouter,
    end_others: MethodRouter,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            login: post(solution_7::login),
            logout: post(solution_7::logout),
            dashboard: get(solution_7::dashboard),
            admin: get(solution_7::admin),
            demote: post(solution_7::demote),
            delete: post(solution_7::delete),
            end_others: post(solution_7::end_others),
        }
    }
}

impl Parts {
    fn on<S: SessionStore + Clone>(self, store: S) -> Router {
        self.routes().layer(SessionManagerLayer::new(store))
    }

    fn routes(self) -> Router {
        Router::new()
            .route("/login", get(solution_7::login_form).merge(self.login))
            .route("/logout", self.logout)
            .route("/dashboard", self.dashboard)
            .route("/admin", self.admin)
            .route("/admin/users/{name}/demote", self.demote)
            .route("/admin/users/{name}/delete", self.delete)
            .route("/sessions/end_others", self.end_others)
    }
}
