//! The checks of exercise 7 refuse every wrong answer at the right place, and no right one.

mod proof;

proof!(checks::roles::SUITE, mutants::roles);
