//! Answers to exercise 1.

mod browser;
mod clients;
mod cookie;
mod form;
mod identity;
mod letting_in;
mod logout;
mod protected;
mod right;
mod stories;
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
    mutant("no_form", "login_page_has_a_form", || App::new(form::no_form)),
    mutant("form_in_a_template", "login_page_has_a_form", || App::new(form::form_in_a_template)),
    mutant("form_in_two_parts", "login_page_has_a_form", || App::new(form::form_in_two_parts)),
    mutant("fields_without_names", "login_page_has_a_form", || App::new(form::fields_without_names)),
    mutant("form_that_gets", "login_page_has_a_form", || App::new(form::form_that_gets)),
    mutant("readable_password_field", "login_page_has_a_form", || App::new(form::readable_password_field)),
    mutant("no_form_for_a_stale_cookie", "login_page_has_a_form", || App::new(stories::no_form_for_a_stale_cookie)),
    mutant("shows_its_source", "login_page_has_a_form", || App::new(browser::shows_its_source)),
    mutant("forbids_its_own_form", "login_page_has_a_form", || App::new(browser::forbids_its_own_form)),
    mutant("takes_email_addresses_only", "login_page_has_a_form", || App::new(browser::takes_email_addresses_only)),
    mutant("takes_passwords_without_blanks_only", "login_page_has_a_form", || {
        App::new(browser::takes_passwords_without_blanks_only)
    }),
    mutant("takes_64_characters", "login_page_has_a_form", || App::new(browser::takes_64_characters)),
    mutant("takes_letters_only", "login_page_has_a_form", || App::new(browser::takes_letters_only)),
    mutant("a_script_stops_the_form", "login_page_has_a_form", || App::new(browser::a_script_stops_the_form)),
    mutant("its_base_is_another_site", "login_page_has_a_form", || App::new(browser::its_base_is_another_site)),
    mutant("leaves_at_once", "login_page_has_a_form", || App::new(browser::leaves_at_once)),
    mutant("has_a_button_that_sends_nothing", "login_page_has_a_form", || {
        App::new(clients::has_a_button_that_sends_nothing)
    }),
    mutant("sends_names_in_latin_1", "login_page_has_a_form", || App::new(clients::sends_names_in_latin_1)),
    mutant("page_for_everyone", "protected_page_asks_to_log_in", || App::new(protected::page_for_everyone)),
    mutant("not_routed", "protected_page_asks_to_log_in", || App::new(protected::not_routed)),
    mutant("a_script_gets_an_empty_page", "protected_page_asks_to_log_in", || {
        App::new(unforeseen::a_script_gets_an_empty_page)
    }),
    mutant("forgets_to_insert", "right_credentials_open_a_session", || App::new(letting_in::forgets_to_insert)),
    mutant("remembers_only_that", "right_credentials_open_a_session", || App::new(letting_in::remembers_only_that)),
    mutant("answers_with_a_page", "right_credentials_open_a_session", || App::new(letting_in::answers_with_a_page)),
    mutant("refuses_a_charset", "right_credentials_open_a_session", || App::new(form::refuses_a_charset)),
    mutant("sends_the_name_twice", "right_credentials_open_a_session", || App::new(form::sends_the_name_twice)),
    mutant("keeps_the_name_escaped", "right_credentials_open_a_session", || {
        App::new(protected::keeps_the_name_escaped)
    }),
    mutant("answers_programs_with_json", "right_credentials_open_a_session", || {
        App::new(clients::answers_programs_with_json)
    }),
    mutant("goes_where_the_address_says", "right_credentials_open_a_session", || {
        App::new(clients::goes_where_the_address_says)
    }),
    mutant("must_know_the_page", "right_credentials_open_a_session", || App::new(clients::must_know_the_page)),
    mutant("no_origin_without_a_page", "right_credentials_open_a_session", || {
        App::new(clients::no_origin_without_a_page)
    }),
    mutant("no_page_without_an_origin", "right_credentials_open_a_session", || {
        App::new(clients::no_page_without_an_origin)
    }),
    mutant("reads_72_bytes", "right_credentials_open_a_session", || App::new(clients::reads_72_bytes)),
    mutant("cuts_names_at_64", "right_credentials_open_a_session", || App::new(clients::cuts_names_at_64)),
    mutant("decodes_the_password_twice", "right_credentials_open_a_session", || {
        App::new(clients::decodes_the_password_twice)
    }),
    mutant("strips_quotation_marks", "right_credentials_open_a_session", || App::new(clients::strips_quotation_marks)),
    mutant("composes_accents", "right_credentials_open_a_session", || App::new(clients::composes_accents)),
    mutant("lets_browsers_keep_the_redirect", "protected_page_names_the_user", || {
        App::new(clients::lets_browsers_keep_the_redirect)
    }),
    mutant("one_version_for_all", "protected_page_names_the_user", || App::new(protected::one_version_for_all)),
    mutant("cuts_the_name_on_the_page", "protected_page_names_the_user", || {
        App::new(clients::cuts_the_name_on_the_page)
    }),
    mutant("reads_another_key", "protected_page_names_the_user", || App::new(protected::reads_another_key)),
    mutant("constant_name", "protected_page_names_the_user", || App::new(protected::constant_name)),
    mutant("cookie_for_the_login_page_only", "protected_page_names_the_user", || {
        App::new(cookie::for_the_login_page_only)
    }),
    mutant("cookie_a_browser_refuses", "protected_page_names_the_user", || App::new(cookie::a_browser_refuses)),
    mutant("saves_the_page_as_a_file", "protected_page_names_the_user", || App::new(browser::saves_the_page_as_a_file)),
    mutant("believes_the_address", "protected_page_names_the_user", || App::new(browser::believes_the_address)),
    mutant("believes_a_header", "protected_page_names_the_user", || App::new(browser::believes_a_header)),
    mutant("pastes_the_name", "names_are_shown_as_text", || App::new(protected::pastes_the_name)),
    mutant("escapes_twice", "names_are_shown_as_text", || App::new(protected::escapes_twice)),
    mutant("pastes_what_was_typed", "names_are_shown_as_text", || App::new(form::pastes_what_was_typed)),
    mutant("refuses_with_200", "wrong_credentials_are_refused_alike", || App::new(letting_in::refuses_with_200)),
    mutant("refuses_with_a_redirect", "wrong_credentials_are_refused_alike", || {
        App::new(letting_in::refuses_with_a_redirect)
    }),
    mutant("tells_who_exists", "wrong_credentials_are_refused_alike", || App::new(letting_in::tells_who_exists)),
    mutant("any_password", "wrong_credentials_are_refused_alike", || App::new(letting_in::any_password)),
    mutant("inserts_before_it_asks", "wrong_credentials_are_refused_alike", || {
        App::new(letting_in::inserts_before_it_asks)
    }),
    mutant("tells_it_in_the_title", "wrong_credentials_are_refused_alike", || {
        App::new(letting_in::tells_it_in_the_title)
    }),
    mutant("tells_it_in_a_header", "wrong_credentials_are_refused_alike", || {
        App::new(letting_in::tells_it_in_a_header)
    }),
    mutant("asks_nothing_of_who_is_in", "wrong_credentials_are_refused_alike", || {
        App::new(letting_in::asks_nothing_of_who_is_in)
    }),
    mutant("trims_the_password", "wrong_credentials_are_refused_alike", || App::new(stories::trims_the_password)),
    mutant("takes_any_case", "wrong_credentials_are_refused_alike", || App::new(stories::takes_any_case)),
    mutant("an_empty_name_logs_out", "wrong_credentials_are_refused_alike", || {
        App::new(unforeseen::an_empty_name_logs_out)
    }),
    mutant("takes_a_capital", "wrong_credentials_are_refused_alike", || App::new(unforeseen::takes_a_capital)),
    mutant("a_nul_ends_the_name", "wrong_credentials_are_refused_alike", || App::new(unforeseen::a_nul_ends_the_name)),
    mutant("cuts_the_end_of_a_line_off", "wrong_credentials_are_refused_alike", || {
        App::new(clients::cuts_the_end_of_a_line_off)
    }),
    mutant("unwraps_the_form", "improper_forms_are_refused", || App::new(form::unwraps_the_form)),
    mutant("fails_with_500", "improper_forms_are_refused", || App::new(form::fails_with_500)),
    mutant("fails_for_who_is_logged_in_already", "improper_forms_are_refused", || {
        App::new(unforeseen::fails_for_who_is_logged_in_already)
    }),
    mutant("logs_out_for_an_improper_form", "improper_forms_are_refused", || {
        App::new(stories::logs_out_for_an_improper_form)
    }),
    mutant("expects_a_type", "improper_forms_are_refused", || App::new(unforeseen::expects_a_type)),
    mutant("a_long_password_fails", "improper_forms_are_refused", || App::new(unforeseen::a_long_password_fails)),
    mutant("a_long_logout_fails", "improper_forms_are_refused", || App::new(unforeseen::a_long_logout_fails)),
    mutant("implements_no_other_method", "improper_forms_are_refused", || {
        App::new(clients::implements_no_other_method)
    }),
    mutant("fails_for_a_part_of_a_page", "improper_forms_are_refused", || {
        App::new(clients::fails_for_a_part_of_a_page)
    }),
    mutant("one_user_for_all", "visitors_do_not_mix", || App::new(identity::one_user_for_all)),
    mutant("believes_a_cookie", "visitors_do_not_mix", || App::new(identity::believes_a_cookie)),
    mutant("believes_a_cookie_that_nobody_set", "visitors_do_not_mix", || {
        App::new(identity::believes_a_cookie_that_nobody_set)
    }),
    mutant("ends_the_session_in_another_browser", "visitors_do_not_mix", || {
        App::new(stories::ends_the_session_in_another_browser)
    }),
    mutant("makes_one_page_at_a_time", "visitors_do_not_mix", || App::new(clients::makes_one_page_at_a_time)),
    mutant("keeps_the_id", "login_issues_a_new_session_id", || App::new(identity::keeps_the_id)),
    mutant("renews_only_between_users", "login_issues_a_new_session_id", || {
        App::new(identity::renews_only_between_users)
    }),
    mutant("flushes_and_inserts", "login_issues_a_new_session_id", || App::new(identity::flushes_and_inserts)),
    mutant("leaves_the_old_one", "login_issues_a_new_session_id", || App::new(identity::leaves_the_old_one)),
    mutant("renews_for_another_user_only", "login_issues_a_new_session_id", || {
        App::new(stories::renews_for_another_user_only)
    }),
    mutant("logout_clears", "logout_destroys_the_session", || App::new(logout::clears)),
    mutant("logout_removes_the_key", "logout_destroys_the_session", || App::new(logout::removes_the_key)),
    mutant("logout_in_the_browser_only", "logout_destroys_the_session", || App::new(logout::in_the_browser_only)),
    mutant("logout_leads_nowhere", "logout_destroys_the_session", || App::new(logout::leads_nowhere)),
    mutant("logout_ends_all", "logout_destroys_the_session", || App::new(logout::ends_all)),
    mutant("logs_out_only_users", "logout_destroys_the_session", || App::new(clients::logs_out_only_users)),
    mutant("keeps_pages_by_cookie", "logout_destroys_the_session", || App::new(browser::keeps_pages_by_cookie)),
    mutant("keeps_the_credentials", "the_password_is_nowhere", || App::new(letting_in::keeps_the_credentials)),
    mutant("fills_the_password_in_again", "the_password_is_nowhere", || App::new(form::fills_the_password_in_again)),
    mutant("keeps_it_in_hexadecimal", "the_password_is_nowhere", || App::new(letting_in::keeps_it_in_hexadecimal)),
    mutant("sends_it_on_in_the_address", "the_password_is_nowhere", || {
        App::new(letting_in::sends_it_on_in_the_address)
    }),
    mutant("keeps_the_password_as_a_key", "the_password_is_nowhere", || {
        App::new(unforeseen::keeps_the_password_as_a_key)
    }),
    mutant("keeps_it_in_two_parts", "the_password_is_nowhere", || App::new(unforeseen::keeps_it_in_two_parts)),
    mutant("keeps_it_in_capitals", "the_password_is_nowhere", || App::new(unforeseen::keeps_it_in_capitals)),
    mutant("keeps_its_letters", "the_password_is_nowhere", || App::new(browser::keeps_its_letters)),
    mutant("keeps_its_bytes_with_colons", "the_password_is_nowhere", || App::new(browser::keeps_its_bytes_with_colons)),
    mutant("keeps_a_key_for_each_letter", "the_password_is_nowhere", || {
        App::new(unforeseen::keeps_a_key_for_each_letter)
    }),
    mutant("keeps_its_references", "the_password_is_nowhere", || App::new(browser::keeps_its_references)),
    mutant("logout_by_get", "reading_changes_nothing", || App::new(logout::by_get)),
    mutant("login_by_get", "reading_changes_nothing", || App::new(letting_in::by_get)),
    mutant("counts_visits", "reading_changes_nothing", || App::new(form::counts_visits)),
    mutant("keeps_where_to_go_on", "reading_changes_nothing", || App::new(unforeseen::keeps_where_to_go_on)),
    mutant("keeps_the_language", "reading_changes_nothing", || App::new(unforeseen::keeps_the_language)),
    mutant("opens_a_session_for_a_stale_cookie", "reading_changes_nothing", || {
        App::new(unforeseen::opens_a_session_for_a_stale_cookie)
    }),
    mutant("takes_the_method_from_the_address", "reading_changes_nothing", || {
        App::new(unforeseen::takes_the_method_from_the_address)
    }),
    mutant("expects_a_list_of_languages", "protected_page_asks_to_log_in", || {
        App::new(browser::expects_a_list_of_languages)
    }),
    mutant("a_missing_page_logs_out", "reading_changes_nothing", || App::new(clients::a_missing_page_logs_out)),
    mutant("expects_ascii_cookies", "reading_changes_nothing", || App::new(browser::expects_ascii_cookies)),
    mutant("cookie_for_scripts", "the_session_cookie_is_out_of_reach", || App::new(cookie::for_scripts)),
    mutant("cookie_for_other_sites", "the_session_cookie_is_out_of_reach", || App::new(cookie::for_other_sites)),
    mutant("sends_safari_another_cookie", "the_session_cookie_is_out_of_reach", || {
        App::new(clients::sends_safari_another_cookie)
    }),
    mutant("tells_scripts_the_id_later", "the_session_cookie_is_out_of_reach", || {
        App::new(unforeseen::tells_scripts_the_id_later)
    }),
    mutant("hands_the_id_to_its_form", "the_session_cookie_is_out_of_reach", || {
        App::new(unforeseen::hands_the_id_to_its_form)
    }),
];

/// Other right answers.
pub const RIGHT_ANSWERS: &[RightAnswer] = &[
    RightAnswer { name: "the name in a script, too", app: || App::new(browser::names_the_user_to_a_script) },
    RightAnswer { name: "strings and loose keys, 302", app: || App::new(right::strings::app) },
    RightAnswer {
        name: "an extractor and a typed user, the old session flushed",
        app: || App::new(right::extractor::app),
    },
    RightAnswer { name: "a middleware before the protected pages", app: || App::new(right::guard::app) },
    RightAnswer { name: "the form read by hand, absolute redirects", app: || App::new(right::by_hand::app) },
    RightAnswer { name: "explicit saves, a cookie with a prefix", app: || App::new(right::explicit::app) },
    RightAnswer {
        name: "a button that posts the form, a form to register before it, a task in the background",
        app: || App::new(right::buttons::app),
    },
];

/// The solution's parts; a mutant puts its own in the place of one.
struct Parts {
    login: MethodRouter,
    protected: MethodRouter,
    logout: MethodRouter,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            login: get(solution_1::login_form).post(solution_1::login),
            protected: get(solution_1::protected),
            logout: post(solution_1::logout),
        }
    }
}

impl Parts {
    fn on<S: SessionStore + Clone>(self, store: S) -> Router {
        self.routes().layer(SessionManagerLayer::new(store))
    }

    fn routes(self) -> Router {
        Router::new().route("/login", self.login).route("/protected", self.protected).route("/logout", self.logout)
    }
}
