//! The checks of exercise 1 on the rogue, or on its mutant, that the environment variable ROGUE names.

use std::process::ExitCode;

use checks::{App, login::SUITE};
use mutants::{
    login::MUTANTS,
    rogue::{self, ROGUES},
};

fn main() -> ExitCode {
    let name = std::env::var("ROGUE").unwrap_or_default();
    if let Some(mutant) = MUTANTS.iter().find(|mutant| mutant.name == name) {
        return SUITE.main_with((mutant.app)());
    }
    match name.as_str() {
        "calls" => rogue::calls(),
        "leaves_children" => SUITE.main_with(rogue::leaves_children()),
        "kept_in_a_static" => checks::cart::SUITE.main_with(mutants::cart::kept_in_a_static()),
        "solution_3" => checks::preferences::SUITE.main_with(App::new(solution_3::app)),
        "solution" => SUITE.main_with(App::new(solution_1::app)),
        name => match ROGUES.iter().find(|(rogue, _)| *rogue == name) {
            Some((_, app)) => SUITE.main_with(app()),
            None => {
                eprintln!("no rogue is called {name:?}");
                ExitCode::from(2)
            }
        },
    }
}
