//! Serves lesson 2 behind the session inspector. Run with `cargo run -p lesson-2`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match session_inspector::serve("lesson-2", 4002, lesson_2::app).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("lesson-2 cannot be served: {reason}");
            ExitCode::FAILURE
        }
    }
}
