//! Compares the code of lesson 6 with a real Flask: each side reads the other's cookies and records, and axum refuses
//! those that Flask refuses.

mod agreement;
mod files;
mod layer;
#[path = "../python/mod.rs"]
mod python;
mod real;
mod refused;
#[path = "../../../../tests/required/mod.rs"]
mod required;
mod route_by_route;
#[path = "../../../3-backends/tests/services/mod.rs"]
mod services;
mod shared;
mod signed;
mod sql;
mod stores;
mod table;
mod values;

use std::process::ExitCode;

use agreement::{
    a_cookie_of_flask_outlives_the_browser_if_the_session_is_permanent,
    a_marker_of_session_guard_is_no_session_of_flask, a_new_id_on_one_side_ends_the_old_one_on_the_other,
    a_session_of_another_prefix_is_none, of_two_cookies_flask_takes_the_first_and_the_session_layer_the_last,
    what_axum_reads_of_a_record_flask_reads_too, without_a_refresh_flask_writes_only_what_was_set,
};
use files::{
    a_logout_on_one_side_removes_the_file_of_both, a_pickle_in_a_file_runs_in_flask_and_is_refused_here,
    a_request_of_flask_that_overlaps_a_logout_writes_the_file_again,
    a_save_here_does_not_undo_the_file_that_flask_has_written_meanwhile,
    an_expired_file_stays_until_this_side_removes_it, an_expiry_that_no_file_can_hold_is_the_nearest_one,
    both_sides_judge_a_file_alike_with_one_exception, flask_does_not_wait_for_the_lock_of_this_side,
    flask_removes_live_sessions_of_both_sides_beyond_its_threshold, the_store_in_files_keeps_every_rule,
    what_flask_session_keeps_in_files_is_a_session_here_and_the_other_way_round,
    what_flask_writes_between_the_comparison_and_the_rename_is_lost,
};
use layer::{
    a_list_that_grows_in_place_is_not_saved_by_flask_and_a_copy_here,
    a_session_that_cannot_be_read_is_an_error_until_the_visitor_logs_out,
    a_session_too_large_for_a_cookie_is_an_error_here_and_lost_in_flask,
    both_set_the_cookie_in_the_same_cases_with_the_same_attributes,
    the_page_says_what_the_cookie_holds_and_refuses_a_name_that_is_too_long, the_page_says_why_a_cookie_is_ignored,
};
use real::missing;
use refused::{
    a_date_of_the_year_1_is_one_of_2001_in_flask_and_of_1_here, what_is_refused_by_one_is_refused_by_the_other,
};
use required::trial;
use route_by_route::{
    a_copy_of_the_cookie_survives_the_logout, a_route_with_a_session_of_its_own_knows_nobody,
    of_two_tabs_at_the_same_time_the_last_cookie_wins, one_visitor_has_one_session_in_both_apps,
    without_flask_a_visitor_reads_what_to_start,
};
use services::REDIS;
use signed::{a_signed_id_of_axum_is_one_of_flask, a_signed_id_that_one_refuses_the_other_refuses};
use sql::{
    a_logout_on_one_side_deletes_the_row_of_both, a_request_of_flask_that_overlaps_a_logout_inserts_the_row_again,
    a_row_in_json_is_a_session_here_once_flask_has_written_it_again,
    a_save_here_does_not_undo_the_row_that_flask_has_written_meanwhile,
    a_save_of_flask_undoes_what_was_written_here_meanwhile, an_expired_row_is_deleted_by_flask_and_left_by_a_load_here,
    both_sides_judge_a_row_alike_with_two_exceptions, flask_cannot_write_between_the_comparison_and_the_update,
    the_store_in_sqlite_keeps_every_rule_but_that_flask_has_the_ids_in_its_rows,
    what_flask_session_keeps_in_sqlite_is_a_session_here_and_the_other_way_round,
    without_flasks_table_the_store_does_not_open,
};
use stores::{
    a_logout_on_one_side_is_a_logout_on_the_other, a_pickle_is_a_damaged_record_and_is_not_run,
    a_request_of_flask_that_overlaps_a_logout_brings_the_session_back,
    a_save_here_does_not_undo_what_flask_has_written_meanwhile, an_id_of_flasks_default_length_is_no_id_here,
    the_store_keeps_every_rule_but_that_flask_has_the_ids_in_its_keys,
    what_flask_session_keeps_in_redis_is_a_session_here_and_the_other_way_round,
    what_json_does_not_have_is_an_error_here_and_a_value_in_flask,
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
        trial!(a_date_of_the_year_1_is_one_of_2001_in_flask_and_of_1_here, missing()),
        trial!(async both_set_the_cookie_in_the_same_cases_with_the_same_attributes, missing()),
        trial!(async a_list_that_grows_in_place_is_not_saved_by_flask_and_a_copy_here, missing()),
        trial!(async a_session_too_large_for_a_cookie_is_an_error_here_and_lost_in_flask, missing()),
        trial!(async a_session_that_cannot_be_read_is_an_error_until_the_visitor_logs_out),
        trial!(async the_page_says_what_the_cookie_holds_and_refuses_a_name_that_is_too_long),
        trial!(async the_page_says_why_a_cookie_is_ignored),
        trial!(async one_visitor_has_one_session_in_both_apps, missing()),
        trial!(async a_route_with_a_session_of_its_own_knows_nobody),
        trial!(async a_copy_of_the_cookie_survives_the_logout),
        trial!(async of_two_tabs_at_the_same_time_the_last_cookie_wins),
        trial!(async without_flask_a_visitor_reads_what_to_start),
        trial!(async what_axum_reads_of_a_record_flask_reads_too, missing_one()),
        trial!(async a_new_id_on_one_side_ends_the_old_one_on_the_other, missing_one()),
        trial!(async a_marker_of_session_guard_is_no_session_of_flask, missing_one()),
        trial!(async a_cookie_of_flask_outlives_the_browser_if_the_session_is_permanent, missing_one()),
        trial!(async without_a_refresh_flask_writes_only_what_was_set, missing_one()),
        trial!(async a_session_of_another_prefix_is_none, missing_one()),
        trial!(async of_two_cookies_flask_takes_the_first_and_the_session_layer_the_last, missing_one()),
        trial!(async what_flask_session_keeps_in_redis_is_a_session_here_and_the_other_way_round, missing_one()),
        trial!(async a_logout_on_one_side_is_a_logout_on_the_other, missing_one()),
        trial!(async a_save_here_does_not_undo_what_flask_has_written_meanwhile, missing_one()),
        trial!(async a_request_of_flask_that_overlaps_a_logout_brings_the_session_back, missing_one()),
        trial!(async a_signed_id_of_axum_is_one_of_flask, missing_one()),
        trial!(async a_signed_id_that_one_refuses_the_other_refuses, missing_one()),
        trial!(async an_id_of_flasks_default_length_is_no_id_here, missing_one()),
        trial!(async what_json_does_not_have_is_an_error_here_and_a_value_in_flask, missing_one()),
        trial!(async a_pickle_is_a_damaged_record_and_is_not_run, services::missing(REDIS)),
        trial!(async the_store_keeps_every_rule_but_that_flask_has_the_ids_in_its_keys, services::missing(REDIS)),
        trial!(async what_flask_session_keeps_in_sqlite_is_a_session_here_and_the_other_way_round, missing()),
        trial!(async a_logout_on_one_side_deletes_the_row_of_both, missing()),
        trial!(async a_save_here_does_not_undo_the_row_that_flask_has_written_meanwhile, missing()),
        trial!(async a_request_of_flask_that_overlaps_a_logout_inserts_the_row_again, missing()),
        trial!(parallel flask_cannot_write_between_the_comparison_and_the_update, missing()),
        trial!(async a_save_of_flask_undoes_what_was_written_here_meanwhile, missing()),
        trial!(async an_expired_row_is_deleted_by_flask_and_left_by_a_load_here, missing()),
        trial!(async both_sides_judge_a_row_alike_with_two_exceptions, missing()),
        trial!(async a_row_in_json_is_a_session_here_once_flask_has_written_it_again, missing()),
        trial!(async without_flasks_table_the_store_does_not_open),
        trial!(parallel the_store_in_sqlite_keeps_every_rule_but_that_flask_has_the_ids_in_its_rows, missing()),
        trial!(async what_flask_session_keeps_in_files_is_a_session_here_and_the_other_way_round, missing()),
        trial!(async a_logout_on_one_side_removes_the_file_of_both, missing()),
        trial!(async a_save_here_does_not_undo_the_file_that_flask_has_written_meanwhile, missing()),
        trial!(async a_request_of_flask_that_overlaps_a_logout_writes_the_file_again, missing()),
        trial!(async both_sides_judge_a_file_alike_with_one_exception, missing()),
        trial!(async a_pickle_in_a_file_runs_in_flask_and_is_refused_here, missing()),
        trial!(async an_expiry_that_no_file_can_hold_is_the_nearest_one, missing()),
        trial!(async an_expired_file_stays_until_this_side_removes_it, missing()),
        trial!(async flask_removes_live_sessions_of_both_sides_beyond_its_threshold, missing()),
        trial!(parallel what_flask_writes_between_the_comparison_and_the_rename_is_lost, missing()),
        trial!(async flask_does_not_wait_for_the_lock_of_this_side, missing()),
        trial!(parallel the_store_in_files_keeps_every_rule),
    ])
}

/// Returns what is missing for a test that needs Flask and Redis.
fn missing_one() -> Option<(&'static str, String)> {
    missing().or_else(|| services::missing(REDIS))
}
