//! Serves lesson 6 behind the session inspector. Run with `cargo run -p lesson-6`.

use std::process::ExitCode;

use clap::Parser;
use lesson_6::elsewhere::Registration;

/// Topics beyond the article, with a demo for each.
#[derive(Parser)]
#[command(name = "lesson-6")]
#[command(after_help = "OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET choose another OpenID Connect provider.")]
struct Arguments {
    /// The port on loopback, or the first free one of the hundred after it.
    #[arg(long, default_value_t = lesson_6::PORT)]
    port: u16,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { port } = Arguments::parse();
    session_inspector::log_to_stderr_with(lesson_6::LOGGED);
    match serve(port).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("lesson-6 cannot be served: {reason}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(port: u16) -> Result<(), String> {
    let registration = Registration::from_env()?;
    let app = |store| lesson_6::app_on(port, registration, store);
    session_inspector::serve("lesson-6", port, app).await.map_err(|error| error.to_string())
}
