//! Lesson 6, "From Flask to axum, route by route": what one side writes the other reads, and what one refuses the other
//! refuses, seen on a real Flask.

mod layer;
mod real;
mod refused;
#[path = "../../../../tests/required/mod.rs"]
mod required;
mod route_by_route;
mod table;
mod values;

use std::process::ExitCode;

use layer::{
    a_list_that_grows_in_place_is_not_saved_by_flask_and_a_copy_here,
    a_session_that_cannot_be_read_is_an_error_until_the_visitor_logs_out,
    a_session_too_large_for_a_cookie_is_an_error_here_and_lost_in_flask,
    both_set_the_cookie_in_the_same_cases_with_the_same_attributes,
    the_page_says_what_the_cookie_holds_and_refuses_a_name_that_is_too_long,
};
use real::missing;
use refused::what_is_refused_by_one_is_refused_by_the_other;
use required::trial;
use route_by_route::{
    a_copy_of_the_cookie_survives_the_logout, a_route_with_a_session_of_its_own_knows_nobody,
    of_two_tabs_at_the_same_time_the_last_cookie_wins, one_visitor_has_one_session_in_both_halves,
    without_flask_a_visitor_reads_what_to_start,
};
use values::{
    every_value_that_flask_writes_is_read_and_written_back,
    three_hundred_random_sessions_come_through_both_sides_unchanged, values_of_every_type_made_here_are_read_by_flask,
};

fn main() -> ExitCode {
    required::run(vec![
        trial!(every_value_that_flask_writes_is_read_and_written_back, missing()),
        trial!(values_of_every_type_made_here_are_read_by_flask, missing()),
        trial!(three_hundred_random_sessions_come_through_both_sides_unchanged, missing()),
        trial!(what_is_refused_by_one_is_refused_by_the_other, missing()),
        trial!(async both_set_the_cookie_in_the_same_cases_with_the_same_attributes, missing()),
        trial!(async a_list_that_grows_in_place_is_not_saved_by_flask_and_a_copy_here, missing()),
        trial!(async a_session_too_large_for_a_cookie_is_an_error_here_and_lost_in_flask, missing()),
        trial!(async a_session_that_cannot_be_read_is_an_error_until_the_visitor_logs_out),
        trial!(async the_page_says_what_the_cookie_holds_and_refuses_a_name_that_is_too_long),
        trial!(async one_visitor_has_one_session_in_both_halves, missing()),
        trial!(async a_route_with_a_session_of_its_own_knows_nobody),
        trial!(async a_copy_of_the_cookie_survives_the_logout),
        trial!(async of_two_tabs_at_the_same_time_the_last_cookie_wins),
        trial!(async without_flask_a_visitor_reads_what_to_start),
    ])
}
