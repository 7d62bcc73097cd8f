//! The checks of exercise 3 refuse every wrong answer at the right place, and no right one.

mod proof;

proof!(checks::preferences::SUITE, mutants::preferences);
