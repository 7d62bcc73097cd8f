//! `cargo run`: the studio. `cargo run -- help`: all other commands.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    workbook::cli::main().await
}
