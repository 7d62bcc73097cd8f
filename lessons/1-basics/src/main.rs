//! Serves lesson 1 behind the session inspector. Run with `cargo run -p lesson-1`.

use std::process::ExitCode;

use clap::Parser;

/// A session, written, read and ended.
#[derive(Parser)]
#[command(name = "lesson-1")]
struct Arguments {
    /// The port on loopback, or the first free one of the hundred after it.
    #[arg(long, default_value_t = 4001)]
    port: u16,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { port } = Arguments::parse();
    let key = match lesson_1::key::from_environment() {
        Ok(key) => key,
        Err(reason) => {
            eprintln!("{reason}");
            return ExitCode::FAILURE;
        }
    };
    match session_inspector::serve("lesson-1", port, |store| lesson_1::app_with_key(store, key)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("lesson-1 cannot be served: {reason}");
            ExitCode::FAILURE
        }
    }
}
