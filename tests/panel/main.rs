//! Tests the panel of the studio: its requests to the studio, and the steps in which an exercise is written, tried and
//! solved in it.

#[path = "../chromium/mod.rs"]
mod chromium;
#[path = "../required/mod.rs"]
mod required;
#[path = "../scratch/mod.rs"]
mod scratch;

mod accessible;
mod api;
mod app;
mod code;
mod journey;
mod lab;
mod layout;
mod others;
mod progress;
mod screenshots;
mod solve;
mod waiting;
mod window;

use std::process::ExitCode;

use libtest_mimic::Trial;
use required::trial;

fn main() -> ExitCode {
    use api::*;
    use app::*;
    use code::*;
    use journey::*;
    use lab::*;
    use layout::*;
    use progress::*;
    use screenshots::screenshots;
    use solve::*;
    use waiting::*;
    required::run(vec![
        trial!(async somebody_reads_plays_writes_and_passes_in_a_real_browser, chromium::missing()),
        trial!(async the_same_path_works_in_firefox, others::firefox_is_missing()),
        trial!(async the_same_path_works_in_webkit, others::webkit_is_missing()),
        trial!(async a_file_is_saved_over_the_version_that_was_read_and_a_collision_shows_the_other_version),
        trial!(async no_path_leads_out_of_the_answer),
        trial!(async only_the_books_own_pages_may_change_anything),
        trial!(async a_hint_is_kept_where_the_terminal_keeps_it),
        trial!(async an_exercise_that_was_reset_comes_back),
        trial!(async a_page_that_was_read_is_kept_and_what_is_no_page_is_not),
        trial!(async a_lab_that_was_tried_is_kept_and_a_page_without_one_has_none),
        trial!(async a_window_gets_the_state_at_once_and_after_each_change),
        trial!(async an_exercise_without_its_folder_is_listed_as_broken_and_can_be_restored),
        trial!(async what_the_app_tab_of_each_exercise_opens_is_a_page_of_its_app),
        trial!(async the_first_page_and_the_accounts_of_an_app_are_those_of_the_exercise),
        trial!(async code_is_written_saved_and_held_against_other_editors_in_a_real_browser, chromium::missing()),
        trial!(async another_programs_change_writes_no_draft_and_a_deleted_file_stays_deleted_in_a_real_browser, chromium::missing()),
        trial!(async escape_leads_behind_the_editor_in_a_real_browser, chromium::missing()),
        trial!(async a_sentence_says_that_the_studio_is_unavailable_until_it_is_back_in_a_real_browser, chromium::missing()),
        trial!(async an_exercise_is_tried_helped_with_and_solved_in_a_real_browser, chromium::missing()),
        trial!(async what_a_failed_check_did_is_seen_step_by_step_in_a_real_browser, chromium::missing()),
        trial!(async an_app_is_seen_as_a_visitor_and_anew_after_each_save_in_a_real_browser, chromium::missing()),
        trial!(async a_page_continues_to_wait_after_an_answer_that_breaks_off_in_a_real_browser, chromium::missing()),
        trial!(async an_attack_is_run_seen_and_tried_by_hand_beside_its_page_in_a_real_browser, chromium::missing()),
        trial!(async the_panel_has_its_place_on_wide_and_narrow_windows_in_a_real_browser, chromium::missing()),
        trial!(async nothing_of_the_text_is_cut_beside_the_panel_in_a_real_browser, chromium::missing()),
        trial!(async without_the_studio_the_book_is_a_book_in_a_real_browser, chromium::missing()),
        trial!(async a_demo_is_seen_as_one_visitor_or_another_and_where_the_page_speaks_of_it_in_a_real_browser, chromium::missing()),
        trial!(async what_was_read_and_passed_is_seen_in_the_sidebar_and_on_the_start_page_in_a_real_browser, chromium::missing()),
        trial!(async screenshots, screenshots::missing()),
        Trial::ignorable_test("no_page_has_a_fault_that_axe_finds", accessible::no_page_has_a_fault_that_axe_finds),
    ])
}
