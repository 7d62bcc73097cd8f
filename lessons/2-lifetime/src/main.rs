//! Serves lesson 2 behind the session inspector. Run with `cargo run -p lesson-2`.

use std::process::ExitCode;

use clap::Parser;

/// How long a session lives, and when its cookie is sent.
#[derive(Parser)]
#[command(name = "lesson-2")]
struct Arguments {
    /// The port on loopback, or the first free one of the hundred after it.
    #[arg(long, default_value_t = 4002)]
    port: u16,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { port } = Arguments::parse();
    match session_inspector::serve("lesson-2", port, lesson_2::app).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("lesson-2 cannot be served: {reason}");
            ExitCode::FAILURE
        }
    }
}
