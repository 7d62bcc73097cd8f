//! Answers to exercise 3.

mod entering;
mod place;
mod right;
mod saving;
mod showing;

use axum::{
    Router,
    routing::{MethodRouter, get, post},
};
use checks::App;
use tower_sessions::{Expiry, SessionManagerLayer, SessionStore};

use crate::{Mutant, RightAnswer, mutant};

/// Every wrong answer, in the order of the checks they fall to.
pub const MUTANTS: &[Mutant] = &[
    mutant("there_is_always_something", "there_are_defaults", || App::new(showing::there_is_always_something)),
    mutant("as_the_system_is", "there_are_defaults", || App::new(showing::as_the_system_is)),
    mutant("as_a_cookie_says", "there_are_defaults", || App::new(showing::as_a_cookie_says)),
    mutant("nothing_is_none", "there_are_defaults", || App::new(showing::nothing_is_none)),
    mutant("dark_by_default", "there_are_defaults", || App::new(showing::dark_by_default)),
    mutant("form_is_get", "the_form_offers_what_there_is", || App::new(showing::form_is_get)),
    mutant("form_has_ids", "the_form_offers_what_there_is", || App::new(showing::form_has_ids)),
    mutant("form_is_free_text", "the_form_offers_what_there_is", || App::new(showing::form_is_free_text)),
    mutant("form_offers_more", "the_form_offers_what_there_is", || App::new(showing::form_offers_more)),
    mutant("form_goes_to_the_profile", "the_form_offers_what_there_is", || App::new(showing::form_goes_to_the_profile)),
    mutant("form_is_stopped", "the_form_offers_what_there_is", || App::new(showing::form_is_stopped)),
    mutant("form_is_forbidden", "the_form_offers_what_there_is", || App::new(showing::form_is_forbidden)),
    mutant("forgets_to_insert", "a_choice_is_saved", || App::new(saving::forgets_to_insert)),
    mutant("answers_with_a_page", "a_choice_is_saved", || App::new(saving::answers_with_a_page)),
    mutant("saves_the_theme_only", "a_choice_is_saved", || App::new(saving::saves_the_theme_only)),
    mutant("another_key", "a_choice_is_saved", || App::new(saving::another_key)),
    mutant("the_first_choice_wins", "a_later_choice_counts", || App::new(saving::the_first_choice_wins)),
    mutant("defaults_are_not_saved", "a_later_choice_counts", || App::new(saving::defaults_are_not_saved)),
    mutant("five_choices_are_enough", "a_later_choice_counts", || App::new(saving::five_are_enough)),
    mutant("answers_programs_with_json", "a_choice_is_saved", || App::new(saving::answers_programs_with_json)),
    mutant("takes_any_text", "unknown_values_save_nothing", || App::new(saving::takes_any_text)),
    mutant("saves_the_good_half", "unknown_values_save_nothing", || App::new(saving::saves_the_good_half)),
    mutant("unknown_becomes_default", "unknown_values_save_nothing", || App::new(saving::unknown_becomes_default)),
    mutant("answers_400", "unknown_values_save_nothing", || App::new(saving::answers_400)),
    mutant("capitals_will_do", "unknown_values_save_nothing", || App::new(saving::capitals_will_do)),
    mutant("a_long_value_is_another_mistake", "unknown_values_save_nothing", || {
        App::new(saving::a_long_value_is_another_mistake)
    }),
    mutant("a_prefix_will_do", "unknown_values_save_nothing", || App::new(saving::a_prefix_will_do)),
    mutant("true_and_false_will_do", "unknown_values_save_nothing", || App::new(saving::true_and_false_will_do)),
    mutant("missing_becomes_default", "missing_values_save_nothing", || App::new(saving::missing_becomes_default)),
    mutant("takes_json_too", "missing_values_save_nothing", || App::new(saving::takes_json_too)),
    mutant("the_address_fills_the_gaps", "missing_values_save_nothing", || {
        App::new(saving::the_address_fills_the_gaps)
    }),
    mutant("saves_what_there_is", "missing_values_save_nothing", || App::new(saving::saves_what_there_is)),
    mutant("takes_a_form_without_a_type", "missing_values_save_nothing", || {
        App::new(saving::takes_a_form_without_a_type)
    }),
    mutant("a_long_form_fails", "missing_values_save_nothing", || App::new(saving::a_long_form_fails)),
    mutant("missing_panics", "missing_values_save_nothing", || App::new(saving::missing_panics)),
    mutant("refuses_after_the_insert", "missing_values_save_nothing", || App::new(saving::refuses_after_the_insert)),
    mutant("theme_is_on_the_body", "the_theme_is_applied", || App::new(showing::theme_is_on_the_body)),
    mutant("form_is_always_light", "the_theme_is_applied", || App::new(showing::form_is_always_light)),
    mutant("profile_is_plain_text", "the_theme_is_applied", || App::new(showing::profile_is_plain_text)),
    mutant("prints_in_light", "the_theme_is_applied", || App::new(showing::prints_in_light)),
    mutant("form_is_as_a_cookie_says", "the_theme_is_applied", || App::new(showing::form_is_as_a_cookie_says)),
    mutant("form_shows_the_defaults", "the_form_shows_the_choice", || App::new(showing::form_shows_the_defaults)),
    mutant("form_shows_the_theme_only", "the_form_shows_the_choice", || App::new(showing::form_shows_the_theme_only)),
    mutant("form_shows_the_address", "the_form_shows_the_choice", || App::new(showing::form_shows_the_address)),
    mutant("one_choice_for_all", "visitors_do_not_mix", || App::new(place::one_choice_for_all)),
    mutant("makes_one_page_at_a_time", "visitors_do_not_mix", || App::new(showing::makes_one_page_at_a_time)),
    mutant("the_theme_is_in_a_variable", "visitors_do_not_mix", || App::new(place::the_theme_is_in_a_variable)),
    mutant("kept_in_the_program", "the_choice_is_there_at_the_next_visit", || App::new(place::kept_in_the_program)),
    mutant("a_store_of_its_own", "the_choice_is_there_at_the_next_visit", || App::new(place::a_store_of_its_own)),
    mutant("goes_with_the_window", "the_choice_is_there_at_the_next_visit", || App::new(place::goes_with_the_window)),
    mutant("the_second_goes_with_the_window", "the_choice_is_there_at_the_next_visit", || {
        App::new(place::the_second_goes_with_the_window)
    }),
    mutant("the_second_lasts_an_hour", "the_choice_is_there_at_the_next_visit", || {
        App::new(saving::the_second_lasts_an_hour)
    }),
    mutant("the_second_clears", "the_choice_is_there_at_the_next_visit", || App::new(saving::the_second_clears)),
    mutant("one_end_for_all", "the_choice_is_there_at_the_next_visit", || App::new(place::one_end_for_all)),
    mutant("the_accounts_choice_wins", "a_login_keeps_the_choice", || App::new(place::the_accounts_choice_wins)),
    mutant("an_hour_is_enough", "the_choice_is_there_at_the_next_visit", || App::new(place::an_hour_is_enough)),
    mutant("saving_clears", "the_choice_is_there_at_the_next_visit", || App::new(saving::clears)),
    mutant("login_is_not_written_yet", "a_login_keeps_the_choice", || App::new(entering::not_written_yet)),
    mutant("login_refuses_the_right_ones", "a_login_keeps_the_choice", || App::new(entering::refuses_the_right_ones)),
    mutant("login_cuts_the_password", "a_login_keeps_the_choice", || App::new(entering::cuts_the_password)),
    mutant("login_flushes", "a_login_keeps_the_choice", || App::new(entering::flushes)),
    mutant("login_clears", "a_login_keeps_the_choice", || App::new(entering::clears)),
    mutant("login_keeps_the_id", "a_login_keeps_the_choice", || App::new(entering::keeps_the_id)),
    mutant("login_lets_anyone_in", "a_login_keeps_the_choice", || App::new(entering::lets_anyone_in)),
    mutant("login_forgets_the_name", "a_login_keeps_the_choice", || App::new(entering::forgets_the_name)),
    mutant("a_typo_ends_the_session", "a_login_keeps_the_choice", || App::new(entering::a_typo_ends_the_session)),
    mutant("login_copies_to_a_new_session", "a_login_keeps_the_choice", || App::new(entering::leaves_the_old_one)),
    mutant("login_lets_strangers_in", "a_login_keeps_the_choice", || App::new(entering::lets_strangers_in)),
    mutant("login_renews_before_it_asks", "a_login_keeps_the_choice", || App::new(entering::renews_before_it_asks)),
    mutant("login_writes_before_it_asks", "a_login_keeps_the_choice", || App::new(entering::writes_before_it_asks)),
    mutant("a_typo_logs_out", "a_login_keeps_the_choice", || App::new(entering::a_typo_logs_out)),
    mutant("a_typo_opens_a_session", "a_login_keeps_the_choice", || App::new(entering::a_typo_opens_a_session)),
    mutant("login_ends_with_the_window", "a_login_keeps_the_choice", || App::new(entering::ends_with_the_window)),
    mutant("saving_logs_out", "a_login_keeps_the_choice", || App::new(saving::logs_out)),
    mutant("a_second_login_begins_anew", "a_login_keeps_the_choice", || App::new(entering::a_second_one_begins_anew)),
    mutant("a_second_login_keeps_the_id", "a_login_keeps_the_choice", || App::new(entering::a_second_one_keeps_the_id)),
    mutant("the_first_name_stays", "a_login_keeps_the_choice", || App::new(entering::the_first_name_stays)),
    mutant("login_takes_a_theme", "a_login_keeps_the_choice", || App::new(entering::takes_a_theme)),
    mutant("login_needs_a_session", "a_login_keeps_the_choice", || App::new(entering::needs_a_session)),
    mutant("saves_by_get", "reading_changes_nothing", || App::new(saving::by_get)),
    mutant("saves_the_defaults", "reading_changes_nothing", || App::new(showing::saves_the_defaults)),
    mutant("logs_in_by_get", "reading_changes_nothing", || App::new(entering::by_get)),
];

/// Other right answers.
pub const RIGHT_ANSWERS: &[RightAnswer] = &[
    RightAnswer { name: "two keys with strings, checked first, radio buttons", app: || App::new(right::loose::app) },
    RightAnswer { name: "booleans, 302, an absolute address", app: || App::new(right::booleans::app) },
    RightAnswer { name: "an extractor that dresses the page", app: || App::new(right::extractor::app) },
    RightAnswer { name: "a middleware with JSON in an extension", app: || App::new(right::middleware::app) },
    RightAnswer { name: "the form on the profile too, nothing chosen yet", app: || App::new(right::one_page::app) },
    RightAnswer { name: "one handler by method, a date of expiry", app: || App::new(right::one_handler::app) },
];

/// The solution's parts; a mutant puts its own in the place of one.
struct Parts {
    form: MethodRouter,
    set: MethodRouter,
    profile: MethodRouter,
    login: MethodRouter,
    kept: Expiry,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            form: get(solution_3::preferences_form),
            set: post(solution_3::set_preferences),
            profile: get(solution_3::profile),
            login: post(solution_3::login),
            kept: solution_3::KEPT,
        }
    }
}

impl Parts {
    fn on<S: SessionStore + Clone>(self, store: S) -> Router {
        Router::new()
            .route("/set_preferences", self.form.merge(self.set))
            .route("/profile", self.profile)
            .route("/login", self.login)
            .layer(SessionManagerLayer::new(store).with_expiry(self.kept))
    }
}

fn shown() -> axum::response::Redirect {
    axum::response::Redirect::to("/profile")
}
