//! Answers to exercise 2.

mod adding;
mod place;
mod right;
mod showing;
mod taking_out;

use axum::{
    Router,
    routing::{MethodRouter, get, post},
};
use checks::App;
use tower_sessions::{SessionManagerLayer, SessionStore};

use crate::{Mutant, RightAnswer, mutant};

/// Every wrong answer, in the order of the checks they fall to.
pub const MUTANTS: &[Mutant] = &[
    mutant("empty_is_not_found", "an_empty_cart_says_so", || App::new(showing::empty_is_not_found)),
    mutant("empty_is_silent", "an_empty_cart_says_so", || App::new(showing::empty_is_silent)),
    mutant("empty_panics", "an_empty_cart_says_so", || App::new(showing::empty_panics)),
    mutant("a_lost_session_is_told", "an_empty_cart_says_so", || App::new(showing::a_lost_session_is_told)),
    mutant("forgets_to_insert", "what_is_added_is_in_the_cart", || App::new(adding::forgets_to_insert)),
    mutant("answers_with_a_page", "what_is_added_is_in_the_cart", || App::new(adding::answers_with_a_page)),
    mutant("always_empty_too", "what_is_added_is_in_the_cart", || App::new(showing::always_empty_too)),
    mutant("an_expired_session_swallows_it", "what_is_added_is_in_the_cart", || {
        App::new(adding::an_expired_session_swallows_it)
    }),
    mutant("only_the_first_is_kept", "every_addition_stays", || App::new(adding::only_the_first_is_kept)),
    mutant("only_the_last_is_kept", "every_addition_stays", || App::new(adding::only_the_last_is_kept)),
    mutant("adds_what_the_address_says", "items_are_counted", || App::new(adding::adds_what_the_address_says)),
    mutant("once_is_enough", "items_are_counted", || App::new(adding::once_is_enough)),
    mutant("a_line_for_each", "items_are_counted", || App::new(showing::a_line_for_each)),
    mutant("shows_no_count", "items_are_counted", || App::new(showing::shows_no_count)),
    mutant("in_another_encoding", "items_are_counted", || App::new(showing::in_another_encoding)),
    mutant("shows_ninety_nine_and_more", "the_cart_has_bounds", || App::new(showing::shows_ninety_nine_and_more)),
    mutant("shows_a_number_with_a_zero", "items_are_counted", || App::new(showing::shows_a_number_with_a_zero)),
    mutant("shows_ten_for_one", "items_are_counted", || App::new(showing::shows_ten_for_one)),
    mutant("takes_out_one", "an_item_is_taken_out", || App::new(taking_out::one)),
    mutant("takes_out_what_begins_so", "an_item_is_taken_out", || App::new(taking_out::what_begins_so)),
    mutant("takes_out_of_the_copy", "an_item_is_taken_out", || App::new(taking_out::of_the_copy)),
    mutant("empty_is_no_cart", "an_item_is_taken_out", || App::new(showing::empty_is_no_cart)),
    mutant("leaves_twenty", "an_item_is_taken_out", || App::new(taking_out::leaves_twenty)),
    mutant("absent_is_not_found", "taking_out_what_is_absent_is_no_error", || {
        App::new(taking_out::absent_is_not_found)
    }),
    mutant("absent_is_zero", "taking_out_what_is_absent_is_no_error", || App::new(taking_out::absent_is_zero)),
    mutant("absent_must_fit", "taking_out_what_is_absent_is_no_error", || App::new(taking_out::absent_must_fit)),
    mutant("absent_panics", "taking_out_what_is_absent_is_no_error", || App::new(taking_out::absent_panics)),
    mutant("a_lost_session_must_log_in", "taking_out_what_is_absent_is_no_error", || {
        App::new(taking_out::a_lost_session_must_log_in)
    }),
    mutant("clears_the_copy", "the_cart_is_cleared", || App::new(taking_out::clears_the_copy)),
    mutant("clears_to_null", "the_cart_is_cleared", || App::new(taking_out::clears_to_null)),
    mutant("clears_only_for_a_form", "the_cart_is_cleared", || App::new(taking_out::clears_only_for_a_form)),
    mutant("pastes_the_item", "items_are_shown_as_text", || App::new(showing::pastes_the_item)),
    mutant("escapes_twice", "items_are_shown_as_text", || App::new(showing::escapes_twice)),
    mutant("does_not_decode", "items_are_shown_as_text", || App::new(adding::does_not_decode)),
    mutant("in_small_letters", "items_are_shown_as_text", || App::new(adding::in_small_letters)),
    mutant("drops_soft_hyphens", "items_are_shown_as_text", || App::new(adding::drops_soft_hyphens)),
    mutant("trims_the_item", "items_are_shown_as_text", || App::new(adding::trims_the_item)),
    mutant("commas_between_items", "items_are_shown_as_text", || App::new(place::commas_between_items)),
    mutant("pastes_into_an_attribute", "items_are_shown_as_text", || App::new(showing::pastes_into_an_attribute)),
    mutant("refusal_pastes_the_item", "items_are_shown_as_text", || App::new(adding::refusal_pastes_the_item)),
    mutant("a_full_cart_pastes_the_item", "items_are_shown_as_text", || App::new(adding::a_full_cart_pastes_the_item)),
    mutant("a_plus_is_a_blank", "items_are_shown_as_text", || App::new(adding::a_plus_is_a_blank)),
    mutant("takes_out_in_any_case", "items_are_shown_as_text", || App::new(taking_out::in_any_case)),
    mutant("takes_out_what_is_like_it", "items_are_shown_as_text", || App::new(taking_out::what_is_like_it)),
    mutant("refuses_backticks", "items_are_shown_as_text", || App::new(adding::refuses_backticks)),
    mutant("tells_a_script_the_items", "items_are_shown_as_text", || App::new(showing::tells_a_script_the_items)),
    mutant("reads_a_number", "items_are_shown_as_text", || App::new(adding::as_a_number)),
    mutant("refuses_dots", "items_are_shown_as_text", || App::new(adding::refuses_dots)),
    mutant("refuses_signs", "items_are_shown_as_text", || App::new(adding::refuses_signs)),
    mutant("splits_at_colons", "items_are_shown_as_text", || App::new(adding::splits_at_colons)),
    mutant("drops_joiners", "items_are_shown_as_text", || App::new(adding::drops_joiners)),
    mutant("drops_variation_selectors", "items_are_shown_as_text", || App::new(adding::drops_variation_selectors)),
    mutant("nowhere_pastes_the_address", "items_are_shown_as_text", || App::new(showing::nowhere_pastes_the_address)),
    mutant("one_cart_for_all", "visitors_do_not_mix", || App::new(place::one_cart_for_all)),
    mutant("the_item_is_in_a_variable", "visitors_do_not_mix", || App::new(place::the_item_is_in_a_variable)),
    mutant("makes_one_page_at_a_time", "visitors_do_not_mix", || App::new(showing::makes_one_page_at_a_time)),
    mutant("no_bounds", "the_cart_has_bounds", || App::new(adding::no_bounds)),
    mutant("one_item_too_many", "the_cart_has_bounds", || App::new(adding::one_item_too_many)),
    mutant("full_for_what_is_there", "the_cart_has_bounds", || App::new(adding::full_for_what_is_there)),
    mutant("full_for_many_of_it", "the_cart_has_bounds", || App::new(adding::full_for_many_of_it)),
    mutant("counts_what_was_ever_there", "the_cart_has_bounds", || App::new(adding::counts_what_was_ever_there)),
    mutant("one_too_many_of_it", "the_cart_has_bounds", || App::new(adding::one_too_many_of_it)),
    mutant("counts_bytes", "the_cart_has_bounds", || App::new(adding::counts_bytes)),
    mutant("counts_units_of_utf_16", "the_cart_has_bounds", || App::new(adding::counts_units_of_utf_16)),
    mutant("a_hundred_are_too_many", "the_cart_has_bounds", || App::new(adding::a_hundred_are_too_many)),
    mutant("a_clear_makes_no_room", "the_cart_has_bounds", || App::new(adding::a_clear_makes_no_room)),
    mutant("counts_on_after_a_clear", "the_cart_has_bounds", || App::new(adding::counts_on_after_a_clear)),
    mutant("has_room_for_500", "the_cart_has_bounds", || App::new(adding::has_room_for_500)),
    mutant("has_room_for_4_kib", "the_cart_has_bounds", || App::new(adding::has_room_for_4_kib)),
    mutant("makes_room_for_what_is_too_long", "the_cart_has_bounds", || {
        App::new(adding::makes_room_for_what_is_too_long)
    }),
    mutant("a_full_cart_fails", "the_cart_has_bounds", || App::new(adding::a_full_cart_fails)),
    mutant("drops_without_a_word", "the_cart_has_bounds", || App::new(adding::drops_without_a_word)),
    mutant("refuses_after_the_insert", "the_cart_has_bounds", || App::new(adding::refuses_after_the_insert)),
    mutant("kept_in_a_cookie", "the_cart_is_in_the_session", || App::new(place::kept_in_a_cookie)),
    mutant("kept_in_the_program", "the_cart_is_in_the_session", || App::new(place::kept_in_the_program)),
    mutant("a_store_of_its_own", "the_cart_is_in_the_session", || App::new(place::a_store_of_its_own)),
    mutant("a_key_for_each_item", "the_cart_is_in_the_session", || App::new(place::a_key_for_each_item)),
    mutant("clear_flushes", "the_cart_is_in_the_session", || App::new(taking_out::flushes)),
    mutant("clear_clears", "the_cart_is_in_the_session", || App::new(taking_out::clears)),
    mutant("clearing_nothing_flushes", "the_cart_is_in_the_session", || App::new(taking_out::nothing_flushes)),
    mutant("clears_every_key_that_begins_so", "the_cart_is_in_the_session", || {
        App::new(taking_out::clears_every_key_that_begins_so)
    }),
    mutant("clears_the_login", "the_cart_is_in_the_session", || App::new(taking_out::clears_the_login)),
    mutant("a_cart_for_each_user", "the_cart_is_in_the_session", || App::new(taking_out::a_cart_for_each_user)),
    mutant("renews_and_forgets", "the_cart_is_in_the_session", || App::new(adding::renews_and_forgets)),
    mutant("adds_by_get", "reading_changes_nothing", || App::new(adding::by_get)),
    mutant("clears_by_get", "reading_changes_nothing", || App::new(taking_out::clears_by_get)),
    mutant("adds_by_parameter", "reading_changes_nothing", || App::new(showing::adds_by_parameter)),
    mutant("removes_by_link", "reading_changes_nothing", || App::new(showing::removes_by_link)),
    mutant("makes_a_cart_to_look", "reading_changes_nothing", || App::new(showing::makes_a_cart_to_look)),
];

/// One that looks right until its process ends: no restart within this one shows it.
pub fn kept_in_a_static() -> App {
    App::new(place::kept_in_a_static)
}

/// Other right answers.
pub const RIGHT_ANSWERS: &[RightAnswer] = &[
    RightAnswer { name: "a list that is counted when it is shown, 302", app: || App::new(right::list::app) },
    RightAnswer { name: "lines with names, an extractor", app: || App::new(right::extractor::app) },
    RightAnswer { name: "loose JSON, a table, an absolute redirect", app: || App::new(right::json::app) },
    RightAnswer { name: "a middleware that puts it back", app: || App::new(right::middleware::app) },
    RightAnswer { name: "one route for all, explicit saves", app: || App::new(right::one_route::app) },
    RightAnswer { name: "buttons that name the item, relative redirects", app: || App::new(right::buttons::app) },
    RightAnswer { name: "a HashMap, which is in another order each time", app: || App::new(right::unordered::app) },
    RightAnswer { name: "an item has to be more than blanks", app: || App::new(adding::refuses_blanks) },
];

/// The solution's parts; a mutant puts its own in the place of one.
struct Parts {
    view: MethodRouter,
    add: MethodRouter,
    remove: MethodRouter,
    clear: MethodRouter,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            view: get(solution_2::view_cart),
            add: post(solution_2::add_to_cart),
            remove: post(solution_2::remove_from_cart),
            clear: post(solution_2::clear_cart),
        }
    }
}

impl Parts {
    fn on<S: SessionStore + Clone>(self, store: S) -> Router {
        Router::new()
            .route("/view_cart", self.view)
            .route("/add_to_cart/{item}", self.add)
            .route("/remove_from_cart/{item}", self.remove)
            .route("/clear_cart", self.clear)
            .layer(SessionManagerLayer::new(store))
    }
}

fn shown() -> axum::response::Redirect {
    axum::response::Redirect::to("/view_cart")
}
