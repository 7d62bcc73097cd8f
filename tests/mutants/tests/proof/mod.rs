//! What has to hold for every exercise.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use checks::{Report, Suite};
use mutants::Mutant;

/// Names of one run, so that what is said about it can be kept.
pub const SEED: u64 = 7;

/// Seconds since 1970, which are others in every run.
pub const INSTANTS: [(&str, &str); 1] = [(r"\b1[789]\d{8}\b", "[instant]")];

/// One report for each wrong answer, in their order. Each core judges the next answer that none has begun.
pub fn reports(suite: &'static Suite, mutants: &[Mutant]) -> Vec<Report> {
    let (next, reports) = (AtomicUsize::new(0), vec![OnceLock::new(); mutants.len()]);
    let judge = || loop {
        let place = next.fetch_add(1, Ordering::Relaxed);
        let Some(mutant) = mutants.get(place) else { return };
        let _ = reports[place].set(suite.run_here(&(mutant.app)(), SEED));
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(judge);
        }
    });
    reports.into_iter().map(|report| report.into_inner().expect("every place was taken")).collect()
}

/// The proof that the checks of `$suite` are right, with the answers in `$answers`.
#[macro_export]
macro_rules! proof {
    ($suite:path, $answers:path) => {
        use std::{collections::BTreeSet, sync::LazyLock};

        use checks::{Outcome, Report, Telling, render};
        use $answers::{MUTANTS, RIGHT_ANSWERS};
        use $suite as SUITE;

        static REPORTS: LazyLock<Vec<Report>> = LazyLock::new(|| proof::reports(&SUITE, MUTANTS));

        #[test]
        fn every_mutant_falls_to_the_check_it_names_and_to_no_earlier_one() {
            for (mutant, report) in MUTANTS.iter().zip(&*REPORTS) {
                let fell_to = report.first_failure().map(|(check, _)| check.id.as_str());
                assert_eq!(fell_to, Some(mutant.falls_to), "{}\n{}", mutant.name, render(report, Telling::All));
                let message = anstream::adapter::strip_str(&render(report, Telling::First)).to_string();
                insta::with_settings!({ omit_expression => true, filters => proof::INSTANTS }, {
                    insta::assert_snapshot!(mutant.name, message)
                });
            }
        }

        #[test]
        fn every_check_is_needed_by_a_mutant() {
            let needed: BTreeSet<_> = MUTANTS.iter().map(|mutant| mutant.falls_to).collect();
            let all: BTreeSet<_> = SUITE.checks.iter().map(|check| check.id).collect();
            assert_eq!(needed, all);
            assert!(MUTANTS.len() >= 12 && RIGHT_ANSWERS.len() >= 5);
        }

        #[test]
        fn every_other_right_answer_passes_whatever_the_names_are() {
            for seed in [proof::SEED, 8, 99_999] {
                for answer in RIGHT_ANSWERS {
                    let report = SUITE.run_here(&(answer.app)(), seed);
                    assert!(report.passed(), "{}\n{}", answer.name, render(&report, Telling::All));
                }
            }
        }

        #[test]
        fn the_same_seed_tells_the_same() {
            // IDs and times are others in each run, and are not told.
            let again = SUITE.run_here(&(MUTANTS[0].app)(), proof::SEED);
            assert_eq!(render(&again, Telling::All), render(&REPORTS[0], Telling::All));
        }

        #[test]
        fn every_failure_says_what_follows_and_where_to_read() {
            for (mutant, report) in MUTANTS.iter().zip(&*REPORTS) {
                for check in &report.checks {
                    if let Outcome::Failed(failure) = &check.outcome {
                        let said = [&failure.expected, &failure.actual, &failure.so, &failure.why, &failure.read];
                        assert!(said.iter().all(|words| !words.is_empty()), "{}: {failure:#?}", mutant.name);
                        assert!(!failure.steps.is_empty() && failure.hint > 0, "{}: {failure:#?}", mutant.name);
                    }
                }
            }
        }
    };
}
