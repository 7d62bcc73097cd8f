//! Answers to exercise 5.

mod flawed;
mod plain;
mod right;

use checks::App;

use crate::{Mutant, RightAnswer, mutant};
use flawed::{Flaw, app};

/// Every wrong answer, in the order of the checks they fall to.
pub const MUTANTS: &[Mutant] = &[
    mutant("writes_nothing", "what_is_created_is_loaded", || app(Flaw::WritesNothing)),
    mutant("keeps_texts_only", "what_is_created_is_loaded", || app(Flaw::KeepsTextsOnly)),
    mutant("leaves_out_nulls", "what_is_created_is_loaded", || app(Flaw::LeavesOutNulls)),
    mutant("numbers_are_floats", "what_is_created_is_loaded", || app(Flaw::NumbersAreFloats)),
    mutant("does_not_make_the_folder", "what_is_created_is_loaded", || app(Flaw::MakesNoFolder)),
    mutant("empty_is_nothing", "what_is_created_is_loaded", || app(Flaw::EmptyIsNothing)),
    mutant("whole_floats_are_integers", "what_is_created_is_loaded", || app(Flaw::WholeFloatsAreIntegers)),
    mutant("cuts_long_keys", "what_is_created_is_loaded", || app(Flaw::CutsLongKeys)),
    mutant("remembers_that_there_is_none", "what_is_created_is_loaded", || app(Flaw::RemembersThatThereIsNone)),
    mutant("loses_a_byte_order_mark", "what_is_created_is_loaded", || app(Flaw::LosesAMark)),
    mutant("create_ignores_the_disk", "what_is_created_is_loaded", || app(Flaw::CreateIgnoresTheDisk)),
    mutant("unknown_is_an_error", "an_unknown_id_loads_nothing", || app(Flaw::UnknownIsAnError)),
    mutant("unknown_is_an_empty_session", "an_unknown_id_loads_nothing", || app(Flaw::UnknownIsEmpty)),
    mutant("the_sign_is_lost", "an_unknown_id_loads_nothing", || app(Flaw::TheSignIsLost)),
    mutant("capitals_do_not_count", "an_unknown_id_loads_nothing", || app(Flaw::CapitalsDoNotCount)),
    mutant("save_does_nothing", "save_replaces_what_was_there", || app(Flaw::SaveDoesNothing)),
    mutant("save_merges", "save_replaces_what_was_there", || app(Flaw::SaveMerges)),
    mutant("save_keeps_the_expiry", "save_replaces_what_was_there", || app(Flaw::SaveKeepsTheExpiry)),
    mutant("save_skips_equal_data", "save_replaces_what_was_there", || app(Flaw::SaveSkipsEqualData)),
    mutant("one_save_counts", "save_replaces_what_was_there", || app(Flaw::OneSaveCounts)),
    mutant("save_does_not_truncate", "save_replaces_what_was_there", || app(Flaw::SaveDoesNotTruncate)),
    mutant("save_skips_what_was_deleted_once", "save_replaces_what_was_there", || {
        app(Flaw::SaveSkipsWhatWasDeletedOnce)
    }),
    mutant("every_tenth_save_is_lost", "save_replaces_what_was_there", || app(Flaw::EveryTenthSaveIsLost)),
    mutant("save_compares_local_times", "save_replaces_what_was_there", || app(Flaw::SaveComparesLocalTimes)),
    mutant("delete_empties_the_file", "a_deleted_session_is_gone", || app(Flaw::DeleteEmpties)),
    mutant("delete_takes_all", "a_deleted_session_is_gone", || app(Flaw::DeleteTakesAll)),
    mutant("delete_only_renames", "a_deleted_session_is_gone", || app(Flaw::DeleteRenames)),
    mutant("a_second_delete_is_an_error", "a_deleted_session_is_gone", || app(Flaw::SecondDeleteFails)),
    mutant("delete_asks_load", "a_deleted_session_is_gone", || app(Flaw::DeleteAsksLoad)),
    mutant("keeps_what_collided", "a_deleted_session_is_gone", || app(Flaw::KeepsWhatCollided)),
    mutant("keeps_parts_of_what_is_big", "a_deleted_session_is_gone", || app(Flaw::KeepsPartsOfWhatIsBig)),
    mutant("delete_looks_first", "a_deleted_session_is_gone", || app(Flaw::DeleteLooksFirst)),
    mutant("deletes_an_id_once", "a_deleted_session_is_gone", || app(Flaw::DeletesAnIdOnce)),
    mutant("save_writes_anyway", "save_never_revives_a_deleted_session", || app(Flaw::SaveWritesAnyway)),
    mutant("a_late_save_leaves_its_file", "save_never_revives_a_deleted_session", || app(Flaw::LateSaveLeavesItsFile)),
    mutant("nothing_holds_them_apart", "a_save_that_races_a_delete_loses", || app(Flaw::NoLock)),
    mutant("files_and_no_lock", "a_save_that_races_a_delete_loses", || App::store(plain::Plain::open)),
    mutant("load_ignores_the_expiry", "an_expired_session_is_not_loaded", || app(Flaw::LoadIgnoresExpiry)),
    mutant("dates_have_no_sign", "an_expired_session_is_not_loaded", || app(Flaw::DatesHaveNoSign)),
    mutant("caches_what_it_loaded", "an_expired_session_is_not_loaded", || app(Flaw::CachesWhatItLoaded)),
    mutant("expiry_in_whole_seconds_up", "an_expired_session_is_not_loaded", || app(Flaw::RoundsUp)),
    mutant("save_asks_for_the_file_alone", "save_never_revives_an_expired_session", || {
        app(Flaw::SaveAsksForTheFileAlone)
    }),
    mutant("two_weeks_for_everyone", "expiry_comes_back_as_it_went_in", || app(Flaw::TwoWeeksForEveryone)),
    mutant("ends_five_seconds_early", "expiry_comes_back_as_it_went_in", || app(Flaw::EndsEarly)),
    mutant("dates_end_in_2262", "expiry_comes_back_as_it_went_in", || app(Flaw::DatesEndIn2262)),
    mutant("save_skips_a_small_move", "expiry_comes_back_as_it_went_in", || app(Flaw::SaveSkipsASmallMove)),
    mutant("create_overwrites", "a_collision_never_merges_two_sessions", || app(Flaw::CreateOverwrites)),
    mutant("create_keeps_its_new_id_to_itself", "a_collision_never_merges_two_sessions", || {
        app(Flaw::CreateKeepsItsNewId)
    }),
    mutant("takes_the_next_id", "a_collision_never_merges_two_sessions", || app(Flaw::TakesTheNextId)),
    mutant("equal_is_a_retry", "a_collision_never_merges_two_sessions", || app(Flaw::EqualIsARetry)),
    mutant("one_temporary_file", "a_hundred_sessions_at_once_are_a_hundred_sessions", || app(Flaw::OneTemporaryFile)),
    mutant("one_buffer", "a_hundred_sessions_at_once_are_a_hundred_sessions", || app(Flaw::OneBuffer)),
    mutant("cut_at_64_kib", "a_big_session_is_kept_whole_or_refused", || app(Flaw::Cuts)),
    mutant("save_skips_what_is_big", "a_big_session_is_kept_whole_or_refused", || app(Flaw::SaveSkipsWhatIsBig)),
    mutant("writes_what_it_cannot_read", "a_big_session_is_kept_whole_or_refused", || {
        app(Flaw::WritesWhatItCannotRead)
    }),
    mutant("two_saves_share_a_file", "a_big_session_is_kept_whole_or_refused", || app(Flaw::TwoSavesShareAFile)),
    mutant("checks_the_data_alone", "a_big_session_is_kept_whole_or_refused", || app(Flaw::ChecksTheDataAlone)),
    mutant("create_leaves_what_it_refuses", "a_big_session_is_kept_whole_or_refused", || {
        app(Flaw::CreateLeavesWhatItRefuses)
    }),
    mutant("damaged_is_nothing", "a_damaged_record_is_an_error", || app(Flaw::DamagedIsNothing)),
    mutant("damaged_panics", "a_damaged_record_is_an_error", || app(Flaw::DamagedPanics)),
    mutant("damaged_once", "a_damaged_record_is_an_error", || app(Flaw::DamagedOnce)),
    mutant("without_a_date_it_has_expired", "a_damaged_record_is_an_error", || app(Flaw::WithoutADateItHasExpired)),
    mutant("zeros_are_nothing", "a_damaged_record_is_an_error", || app(Flaw::ZerosAreNothing)),
    mutant("unreadable_is_nothing", "a_damaged_record_is_an_error", || app(Flaw::UnreadableIsNothing)),
    mutant("replaces_what_is_no_text", "a_damaged_record_is_an_error", || app(Flaw::ReplacesWhatIsNoText)),
    mutant("logs_what_failed", "ids_are_not_readable_in_the_backend", || app(Flaw::LogsWhatFailed)),
    mutant("the_id_is_the_name", "ids_are_not_readable_in_the_backend", || app(Flaw::IdIsTheName)),
    mutant("the_id_is_the_name_in_hexadecimal", "ids_are_not_readable_in_the_backend", || {
        app(Flaw::IdIsTheNameInHexadecimal)
    }),
    mutant("the_id_is_in_the_file", "ids_are_not_readable_in_the_backend", || app(Flaw::IdIsInTheFile)),
    mutant("the_id_is_the_name_in_base32", "ids_are_not_readable_in_the_backend", || app(Flaw::IdIsTheNameInBase32)),
    mutant("logs_the_taken_id", "ids_are_not_readable_in_the_backend", || app(Flaw::LogsTheTakenId)),
    mutant("the_id_is_two_numbers", "ids_are_not_readable_in_the_backend", || app(Flaw::IdIsTwoNumbers)),
    mutant("kept_in_a_map", "ids_are_not_readable_in_the_backend", || App::store(flawed::Map::open)),
    mutant("cleaning_takes_what_it_cannot_read", "entries_of_others_are_left_alone", || {
        app(Flaw::CleaningTakesWhatItCannotRead)
    }),
    mutant("cleaning_stops_at_others", "entries_of_others_are_left_alone", || app(Flaw::CleaningStopsAtOthers)),
    mutant("cleaning_removes_empty_folders", "entries_of_others_are_left_alone", || {
        app(Flaw::CleaningRemovesEmptyFolders)
    }),
    mutant("open_protects_all_files", "entries_of_others_are_left_alone", || app(Flaw::OpenProtectsAllFiles)),
    #[cfg(unix)]
    mutant("cleaning_follows_links", "entries_of_others_are_left_alone", || app(Flaw::CleaningFollowsLinks)),
    mutant("cleaning_does_nothing", "cleaning_takes_the_expired_and_leaves_the_rest", || {
        app(Flaw::CleaningDoesNothing)
    }),
    mutant("refuses_the_expired_and_cleans_none", "cleaning_takes_the_expired_and_leaves_the_rest", || {
        app(Flaw::RefusesTheExpiredAndCleansNone)
    }),
    mutant("cleans_the_damaged", "cleaning_takes_the_expired_and_leaves_the_rest", || app(Flaw::CleansTheDamaged)),
    mutant("cleans_a_hundred_at_once", "cleaning_takes_the_expired_and_leaves_the_rest", || app(Flaw::CleansABatch)),
    mutant("cleaning_stops_at_a_damaged_record", "cleaning_takes_the_expired_and_leaves_the_rest", || {
        app(Flaw::CleaningStopsAtDamage)
    }),
    mutant("cleaning_takes_all", "cleaning_takes_the_expired_and_leaves_the_rest", || app(Flaw::CleaningTakesAll)),
    mutant("cleaning_compares_local_times", "cleaning_takes_the_expired_and_leaves_the_rest", || {
        app(Flaw::CleaningComparesLocalTimes)
    }),
    mutant("cleans_early", "cleaning_takes_the_expired_and_leaves_the_rest", || app(Flaw::CleansEarly)),
    mutant("keeps_the_last_version", "cleaning_takes_the_expired_and_leaves_the_rest", || {
        app(Flaw::KeepsTheLastVersion)
    }),
    mutant("opens_a_new_folder_each_time", "sessions_outlive_the_store_where_they_should", || app(Flaw::OpensAnew)),
    mutant("hashes_the_folder_too", "sessions_outlive_the_store_where_they_should", || app(Flaw::HashesTheFolderToo)),
];

/// Other right answers.
pub const RIGHT_ANSWERS: &[RightAnswer] = &[
    RightAnswer { name: "one file for all, behind a lock", app: || App::store(right::one_file::OneFile::open) },
    RightAnswer { name: "a line for each, in one file", app: || App::store(right::lines::Lines::open) },
    RightAnswer { name: "a folder for each session", app: || App::store(right::folders::Folders::open) },
    RightAnswer { name: "asynchronous files, the date in front", app: || App::store(right::tokio_fs::Async::open) },
    RightAnswer { name: "the date is that of the file", app: || App::store(right::dates::Dates::open) },
    RightAnswer { name: "what is big, over or in use is refused", app: || App::store(right::strict::Strict::open) },
];
