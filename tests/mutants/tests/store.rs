//! The checks of exercise 5 refuse every wrong answer at the right place, and no right one.

mod proof;

proof!(checks::folder::SUITE, mutants::folder);
