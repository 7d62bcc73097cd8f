//! `cargo run`: the studio. `cargo run -- help`: everything else.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    workbook::cli::main().await
}
