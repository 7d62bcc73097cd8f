//! The checks of exercise 4 refuse every wrong answer at the right place, and no right one.

mod proof;

proof!(checks::timeouts::SUITE, mutants::timeouts);
