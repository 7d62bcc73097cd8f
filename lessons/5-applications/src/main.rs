//! Serves lesson 5 behind the session inspector. Run with `cargo run -p lesson-5`.

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use lesson_4::defence::password::Passwords;
use lesson_5::shop::Shop;

/// A shop with accounts, carts and preferences.
#[derive(Parser)]
#[command(name = "lesson-5")]
struct Arguments {
    /// The port on loopback, or the first free one of the hundred after it.
    #[arg(long, default_value_t = 4005)]
    port: u16,
    /// An SQLite file for accounts and orders. Without one they are in memory, and are lost when the program ends.
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match serve(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("lesson-5 cannot be served: {reason}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(Arguments { port, database }: Arguments) -> Result<(), String> {
    let shop = match database {
        None => Shop::in_memory(Passwords::new()),
        Some(file) => {
            let shop = Shop::in_file(&file, Passwords::new());
            shop.open().await.map_err(|reason| format!("{} cannot be used as a database: {reason}", file.display()))?;
            shop
        }
    };
    let app = |store| lesson_5::app_with(shop, store);
    session_inspector::serve("lesson-5", port, app).await.map_err(|error| error.to_string())
}
