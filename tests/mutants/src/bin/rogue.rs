//! The checks of exercise 1 on the rogue that the environment variable ROGUE names.

use std::process::ExitCode;

fn main() -> ExitCode {
    let name = std::env::var("ROGUE").unwrap_or_default();
    match mutants::rogue::ROGUES.iter().find(|(rogue, _)| *rogue == name) {
        Some((_, app)) => checks::login::SUITE.main_with(app()),
        None => {
            eprintln!("no rogue is called {name:?}");
            ExitCode::from(2)
        }
    }
}
