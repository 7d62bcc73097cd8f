//! The checks of exercise 8 refuse every wrong answer at the right place, and no right one.

mod proof;

proof!(checks::two_at_once::SUITE, mutants::two_at_once);
