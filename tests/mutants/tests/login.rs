//! The checks of exercise 1 refuse every wrong answer at the right place, and no right one.

mod proof;

proof!(checks::login::SUITE, mutants::login);
