//! The checks of exercise 2 refuse every wrong answer at the right place, and no right one.

mod proof;

proof!(checks::cart::SUITE, mutants::cart);
