//! Answers to exercise 8.

mod adding;
mod buying;
mod failing;
mod place;
mod right;
mod showing;

use axum::{
    Extension, Form, Router,
    routing::{MethodRouter, get, post},
};
use checks::{App, Database, Orders, instances};
use session_inspector::Observed;
use solution_8::Checkout;
use tower_sessions::{MemoryStore, SessionManagerLayer, SessionStore};

use crate::{Mutant, RightAnswer, mutant};

/// Every wrong answer, in the order of the checks they fall to.
pub const MUTANTS: &[Mutant] = &[
    mutant("cart_in_the_session", "the_cart_belongs_to_the_user", || three(place::cart_in_the_session)),
    mutant("under_the_session_id", "the_cart_belongs_to_the_user", || three(place::under_the_session_id)),
    mutant("each_instance_has_its_own", "the_cart_belongs_to_the_user", || three(place::each_instance_has_its_own)),
    mutant("kept_in_the_program", "the_cart_belongs_to_the_user", || App::new(place::kept_in_the_program)),
    mutant("strangers_have_a_cart", "the_cart_belongs_to_the_user", || three(place::strangers_have_a_cart)),
    mutant("in_small_letters", "the_cart_belongs_to_the_user", || three(adding::in_small_letters)),
    mutant("trims_the_items", "the_cart_belongs_to_the_user", || three(adding::trims_the_items)),
    mutant("leaves_out_what_is_not_seen", "the_cart_belongs_to_the_user", || {
        three(adding::leaves_out_what_is_not_seen)
    }),
    mutant("strangers_have_orders", "the_cart_belongs_to_the_user", || three(showing::an_empty_list_for_strangers)),
    mutant("asks_for_the_version_again", "no_addition_is_lost", || three(adding::asks_for_the_version_again)),
    mutant("a_stale_save_is_no_matter", "no_addition_is_lost", || three(adding::a_stale_save_is_no_matter)),
    mutant("a_stale_save_is_an_error", "no_addition_is_lost", || three(adding::a_stale_save_is_an_error)),
    mutant("a_stale_save_is_a_conflict", "no_addition_is_lost", || three(adding::a_stale_save_is_a_conflict)),
    mutant("saves_the_same_again", "no_addition_is_lost", || three(adding::saves_the_same_again)),
    mutant("tries_twice", "no_addition_is_lost", || three(adding::tries_twice)),
    mutant("a_lock_in_each_instance", "no_addition_is_lost", || three(adding::a_lock_in_each_instance)),
    mutant("a_lock_in_the_program", "no_addition_is_lost", || three(adding::a_lock_in_the_program)),
    mutant("forces_its_copy_at_last", "no_addition_is_lost", || three(adding::forces_its_copy_at_last)),
    mutant("gives_up_without_a_word", "no_addition_is_lost", || three(adding::gives_up_without_a_word)),
    mutant("its_page_has_no_token", "a_checkout_orders_what_its_page_showed", || three(buying::its_page_has_no_token)),
    mutant("an_empty_token_will_do", "a_checkout_orders_what_its_page_showed", || {
        three(buying::an_empty_token_will_do)
    }),
    mutant("any_token_will_do", "a_checkout_orders_what_its_page_showed", || three(buying::any_token_will_do)),
    mutant("a_later_token_will_do", "a_checkout_orders_what_its_page_showed", || three(buying::a_later_token_will_do)),
    mutant("forgets_to_empty_the_cart", "a_checkout_orders_what_its_page_showed", || {
        three(buying::forgets_to_empty_the_cart)
    }),
    mutant("one_number_for_each_user", "a_checkout_orders_what_its_page_showed", || {
        three(buying::one_number_for_each_user)
    }),
    mutant("the_token_is_the_count", "a_checkout_orders_what_its_page_showed", || {
        three(buying::the_token_is_the_count)
    }),
    mutant("orders_one_of_each", "a_checkout_orders_what_its_page_showed", || three(buying::orders_one_of_each)),
    mutant("lists_sixteen_at_most", "a_checkout_orders_what_its_page_showed", || three(adding::lists_sixteen_at_most)),
    mutant("shows_ten_orders", "a_checkout_orders_what_its_page_showed", || three(showing::ten_orders)),
    mutant("shows_equal_orders_once", "a_checkout_orders_what_its_page_showed", || three(showing::equal_orders_once)),
    mutant("cuts_off_a_line_break", "a_checkout_orders_what_its_page_showed", || three(adding::cuts_off_a_line_break)),
    mutant("reads_the_digits", "a_checkout_orders_what_its_page_showed", || three(buying::reads_the_digits)),
    mutant("orders_an_empty_cart", "a_checkout_orders_what_its_page_showed", || three(buying::orders_an_empty_cart)),
    mutant("a_refused_form_is_a_change", "a_checkout_orders_what_its_page_showed", || {
        three(buying::a_refused_form_is_a_change)
    }),
    mutant("any_token_finishes_what_is_open", "a_checkout_orders_what_its_page_showed", || {
        three(failing::any_token_finishes_what_is_open)
    }),
    mutant("a_forged_form_removes_the_note", "a_checkout_orders_what_its_page_showed", || {
        three(failing::a_forged_form_removes_the_note)
    }),
    mutant("the_old_form_is_a_conflict", "the_same_form_orders_once", || three(buying::the_old_form_is_a_conflict)),
    mutant("the_old_form_buys_the_next_cart", "the_same_form_orders_once", || {
        three(buying::the_old_form_buys_the_next_cart)
    }),
    mutant("the_old_form_empties_the_cart", "the_same_form_orders_once", || {
        three(buying::the_old_form_empties_the_cart)
    }),
    mutant("a_number_for_each_attempt", "the_same_form_orders_once", || three(buying::a_number_for_each_attempt)),
    mutant("the_token_is_what_the_cart_holds", "the_same_form_orders_once", || {
        three(buying::the_token_is_what_the_cart_holds)
    }),
    mutant("an_old_form_is_a_change", "the_same_form_orders_once", || three(buying::an_old_form_is_a_change)),
    mutant("tokens_have_two_digits", "what_is_added_meanwhile_stays_in_the_cart", || {
        three(buying::tokens_have_two_digits)
    }),
    mutant("a_token_is_a_byte", "what_is_added_meanwhile_stays_in_the_cart", || three(buying::a_token_is_a_byte)),
    mutant("numbers_have_two_digits", "what_is_added_meanwhile_stays_in_the_cart", || {
        three(buying::numbers_have_two_digits)
    }),
    mutant("looks_at_ten_orders", "the_same_form_orders_once", || three(buying::looks_at_ten_orders)),
    mutant("a_token_for_each_page", "two_pages_of_one_cart_order_once", || three(buying::a_token_for_each_page)),
    mutant("a_number_for_each_session", "two_pages_of_one_cart_order_once", || {
        three(buying::a_number_for_each_session)
    }),
    mutant("only_the_newest_page_buys", "two_pages_of_one_cart_order_once", || {
        three(showing::only_the_newest_page_buys)
    }),
    mutant("clears_what_came_meanwhile", "what_is_added_meanwhile_stays_in_the_cart", || {
        three(buying::clears_what_came_meanwhile)
    }),
    mutant("sells_what_came_meanwhile", "what_is_added_meanwhile_stays_in_the_cart", || {
        three(buying::sells_what_came_meanwhile)
    }),
    mutant("takes_them_out_by_name", "what_is_added_meanwhile_stays_in_the_cart", || {
        three(buying::takes_them_out_by_name)
    }),
    mutant("unknown_is_done", "an_unknown_outcome_is_told_and_finished", || three(failing::unknown_is_done)),
    mutant("unknown_is_an_error", "an_unknown_outcome_is_told_and_finished", || three(failing::unknown_is_an_error)),
    mutant("unknown_is_not_told", "an_unknown_outcome_is_told_and_finished", || three(failing::unknown_is_not_told)),
    mutant("unknown_puts_the_items_back", "an_unknown_outcome_is_told_and_finished", || {
        three(failing::unknown_puts_the_items_back)
    }),
    mutant("believes_what_is_not_there", "an_unknown_outcome_is_told_and_finished", || {
        three(failing::believes_what_is_not_there)
    }),
    mutant("unknown_forgets_the_note", "an_unknown_outcome_is_told_and_finished", || {
        three(failing::unknown_forgets_the_note)
    }),
    mutant("removes_any_note", "an_unknown_outcome_is_told_and_finished", || three(failing::removes_any_note)),
    mutant("only_a_new_form_finishes", "an_unknown_outcome_is_told_and_finished", || {
        three(failing::only_a_new_form_finishes)
    }),
    mutant("writes_over_the_note", "an_unknown_outcome_is_told_and_finished", || three(failing::writes_over_the_note)),
    mutant("orders_before_it_notes", "an_unknown_outcome_is_told_and_finished", || {
        three(failing::orders_before_it_notes)
    }),
    mutant("the_next_order_takes_the_place", "an_unknown_outcome_is_told_and_finished", || {
        three(failing::the_next_order_takes_the_place)
    }),
    mutant("notes_small_orders_only", "an_unknown_outcome_is_told_and_finished", || {
        three(failing::notes_small_orders_only)
    }),
    mutant("notes_it_only_if_unknown", "a_checkout_outlives_its_instance", || three(failing::notes_it_only_if_unknown)),
    mutant("a_lock_in_the_row", "a_checkout_outlives_its_instance", || three(failing::a_lock_in_the_row)),
    mutant("counts_in_the_program", "a_checkout_outlives_its_instance", || App::new(buying::counts_in_the_program)),
    mutant("checks_the_bounds_too_early", "the_bounds_hold_at_the_same_moment", || {
        three(adding::checks_the_bounds_too_early)
    }),
    mutant("no_bounds", "the_bounds_hold_at_the_same_moment", || three(adding::no_bounds)),
    mutant("drops_without_a_word", "the_bounds_hold_at_the_same_moment", || three(adding::drops_without_a_word)),
    mutant("counts_bytes", "the_bounds_hold_at_the_same_moment", || three(adding::counts_bytes)),
    mutant("counts_utf16", "the_bounds_hold_at_the_same_moment", || three(adding::counts_utf16)),
    mutant("cuts_long_names", "the_bounds_hold_at_the_same_moment", || three(adding::cuts_long_names)),
    mutant("a_refused_item_is_a_change", "the_bounds_hold_at_the_same_moment", || {
        three(adding::a_refused_item_is_a_change)
    }),
    mutant("counts_in_any_case", "the_bounds_hold_at_the_same_moment", || three(adding::counts_in_any_case)),
    mutant("bounds_for_a_lifetime", "the_bounds_hold_at_the_same_moment", || three(adding::bounds_for_a_lifetime)),
    mutant("bounds_of_what_is_open", "the_bounds_hold_at_the_same_moment", || three(failing::bounds_of_what_is_open)),
    mutant("numbers_without_a_name", "users_do_not_mix_and_reading_changes_nothing", || {
        three(buying::numbers_without_a_name)
    }),
    mutant("nothing_between_name_and_token", "users_do_not_mix_and_reading_changes_nothing", || {
        three(buying::nothing_between_name_and_token)
    }),
    mutant("cuts_off_spaces", "users_do_not_mix_and_reading_changes_nothing", || three(adding::cuts_off_spaces)),
    mutant("cuts_the_key", "users_do_not_mix_and_reading_changes_nothing", || three(adding::cuts_the_key)),
    mutant("shows_orders_of_longer_names", "users_do_not_mix_and_reading_changes_nothing", || {
        three(showing::orders_of_longer_names)
    }),
    mutant("a_bare_refusal_for_strangers", "users_do_not_mix_and_reading_changes_nothing", || {
        three(showing::a_bare_refusal_for_strangers)
    }),
    mutant("pastes_the_items", "users_do_not_mix_and_reading_changes_nothing", || three(adding::pastes_the_items)),
    mutant("adds_by_get", "users_do_not_mix_and_reading_changes_nothing", || three(adding::by_get)),
    mutant("buys_by_get", "users_do_not_mix_and_reading_changes_nothing", || three(buying::by_get)),
    mutant("finishes_by_get", "users_do_not_mix_and_reading_changes_nothing", || three(showing::finishes_by_get)),
];

/// Other right answers.
pub const RIGHT_ANSWERS: &[RightAnswer] = &[
    RightAnswer { name: "a log of what happened, which is added up", app: || three(right::log::app) },
    RightAnswer { name: "the row's version is the token", app: || three(right::version::app) },
    RightAnswer { name: "sells what was shown, and keeps what came after it", app: || three(right::rest::app) },
    RightAnswer { name: "a middleware that runs the whole request again", app: || three(right::again::app) },
    RightAnswer { name: "one request at a time within an instance", app: || three(right::one_at_a_time::app) },
    RightAnswer {
        name: "a task that finishes by itself, 302, another field, a form for an empty cart",
        app: || three(right::task::app),
    },
    RightAnswer {
        name: "a row of orders that are to be sent, each asked for three times",
        app: || three(right::outbox::app),
    },
    RightAnswer { name: "rows that nobody can read", app: || three(right::unreadable::app) },
];

/// Three instances of this answer.
fn three(app: fn(Observed<MemoryStore>) -> Router) -> App {
    App::new(instances(app))
}

type Shared = Extension<Database>;
type Warehouse = Extension<Orders>;
type Sent = Form<Checkout>;

/// The solution's parts; a mutant puts its own in the place of one.
struct Parts {
    cart: MethodRouter,
    add: MethodRouter,
    checkout: MethodRouter,
    orders: MethodRouter,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            cart: get(solution_8::cart),
            add: post(solution_8::add),
            checkout: post(solution_8::checkout),
            orders: get(solution_8::orders),
        }
    }
}

impl Parts {
    fn on<S: SessionStore + Clone>(self, store: S) -> Router {
        self.routes().layer(SessionManagerLayer::new(store))
    }

    fn routes(self) -> Router {
        Router::new()
            .route("/login", get(solution_8::login_form).post(solution_8::login))
            .route("/cart", self.cart)
            .route("/cart/{item}", self.add)
            .route("/checkout", self.checkout)
            .route("/orders", self.orders)
    }
}
