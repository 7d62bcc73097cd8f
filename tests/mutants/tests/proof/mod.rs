//! What has to hold for every exercise.

/// Names of one run, so that what is said about it can be kept.
pub const SEED: u64 = 7;

/// Seconds since 1970, which are others in every run.
pub const INSTANTS: [(&str, &str); 1] = [(r"\b1[789]\d{8}\b", "[instant]")];

/// The proof that the checks of `$suite` are right, with the answers in `$answers`.
#[macro_export]
macro_rules! proof {
    ($suite:path, $answers:path) => {
        use std::collections::BTreeSet;

        use checks::{Outcome, Telling, render};
        use $answers::{MUTANTS, RIGHT_ANSWERS};
        use $suite as SUITE;

        #[test]
        fn every_mutant_falls_to_the_check_it_names_and_to_no_earlier_one() {
            for mutant in MUTANTS {
                let report = SUITE.run_here(&(mutant.app)(), proof::SEED);
                let fell_to = report.first_failure().map(|(check, _)| check.id.as_str());
                assert_eq!(fell_to, Some(mutant.falls_to), "{}\n{}", mutant.name, render(&report, Telling::All));
                let message = anstream::adapter::strip_str(&render(&report, Telling::First)).to_string();
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
            let app = (MUTANTS[0].app)();
            // IDs and times are others in each run, and are not told.
            let told = || checks::render(&SUITE.run_here(&app, proof::SEED), checks::Telling::All);
            assert_eq!(told(), told());
        }

        #[test]
        fn every_failure_says_what_follows_and_where_to_read() {
            for mutant in MUTANTS {
                for check in SUITE.run_here(&(mutant.app)(), proof::SEED).checks {
                    if let Outcome::Failed(failure) = check.outcome {
                        let said = [&failure.expected, &failure.actual, &failure.so, &failure.why, &failure.read];
                        assert!(said.iter().all(|words| !words.is_empty()), "{}: {failure:#?}", mutant.name);
                        assert!(!failure.steps.is_empty() && failure.hint > 0, "{}: {failure:#?}", mutant.name);
                    }
                }
            }
        }
    };
}
