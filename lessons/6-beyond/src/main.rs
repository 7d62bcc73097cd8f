//! Serves lesson 6 behind the session inspector. Run with `cargo run -p lesson-6`.

use std::process::ExitCode;

use clap::Parser;

/// What comes after the first session: one demo for each topic.
#[derive(Parser)]
#[command(name = "lesson-6")]
struct Arguments {
    /// The port on loopback, or the first free one of the hundred after it.
    #[arg(long, default_value_t = 4006)]
    port: u16,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { port } = Arguments::parse();
    match session_inspector::serve("lesson-6", port, lesson_6::app).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("lesson-6 cannot be served: {reason}");
            ExitCode::FAILURE
        }
    }
}
