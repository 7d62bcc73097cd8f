//! Serves lesson 4 behind the session inspector. Run with `cargo run -p lesson-4`.

use std::process::ExitCode;

use clap::Parser;

/// Attacks on two shops: the index at localhost, the shops at vulnerable.localhost and hardened.localhost.
#[derive(Parser)]
#[command(name = "lesson-4")]
struct Arguments {
    /// The port on loopback, or the first free one of the hundred after it.
    #[arg(long, default_value_t = 4004)]
    port: u16,
    /// Tell browsers to use https only, because there is TLS in front of this program.
    #[arg(long)]
    https: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { port, https } = Arguments::parse();
    match session_inspector::serve("lesson-4", port, |store| lesson_4::app_with(https, store)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("lesson-4 cannot be served: {reason}");
            ExitCode::FAILURE
        }
    }
}
