//! Serves lesson 1 behind the session inspector. Run with `cargo run -p lesson-1`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let key = match lesson_1::key::from_environment() {
        Ok(key) => key,
        Err(reason) => {
            eprintln!("{reason}");
            return ExitCode::FAILURE;
        }
    };
    match session_inspector::serve("lesson-1", 4001, |store| lesson_1::app_with_key(store, key)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("lesson-1 cannot be served: {reason}");
            ExitCode::FAILURE
        }
    }
}
