//! The checks of exercise 6 refuse every wrong answer at the right place, and no right one.

mod proof;

proof!(checks::harden::SUITE, mutants::harden);
