//! Tests the shop of lesson 5 on three instances over each backend, with twenty visitors, while servers and instances
//! are killed, paused and started again. Run with `cargo run -p soak -- --help`.
//!
//! For each backend it prints a line of a table: the number of answered and of refused requests, and the number of
//! errors. *Lost*: an item is missing from the cart although its addition was acknowledged. *Revived*: a cookie works
//! again after an acknowledged logout. *Strangers*: a visitor who is logged in gets a page for strangers. It ends with
//! status 1 if a backend breaks a promise that the book makes for it.

mod backend;
mod instance;
#[path = "../../../lessons/3-backends/tests/services/mod.rs"]
mod services;
mod visitor;

use std::{process::ExitCode, time::Duration};

use clap::Parser;

use crate::{backend::Backend, visitor::Tally};

/// The number of visitors of the shop.
const VISITORS: usize = 20;

/// Runs the shop of lesson 5 over every installed backend, while servers and instances fail.
#[derive(Parser)]
struct Arguments {
    /// How long to run each backend, in seconds
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Run only backends whose name contains this text
    #[arg(long)]
    only: Option<String>,
    /// Print each loss, revived session and stranger, twenty at most
    #[arg(long)]
    tell: bool,
    #[command(flatten)]
    instance: instance::Instance,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.instance.is_one() {
        return match instance::serve(&arguments.instance).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(reason) => {
                eprintln!("{reason}");
                ExitCode::FAILURE
            }
        };
    }
    println!("| sessions in | requests | refused | not known | lost | revived | strangers | promised |");
    println!("|---|---:|---:|---:|---:|---:|---:|---|");
    let mut kept = true;
    for backend in backend::all() {
        if arguments.only.as_ref().is_some_and(|only| !backend.name.contains(only.as_str())) {
            continue;
        }
        let Some(server) = (backend.start)() else {
            println!("| {} | SKIPPED: its server is not installed | | | | | | |", backend.name);
            continue;
        };
        let tally = backend::soak(&backend, server, Duration::from_secs(arguments.seconds)).await;
        kept &= tell(&backend, &tally, arguments.tell);
    }
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints a backend's line. Returns whether the backend has kept its promise.
fn tell(backend: &Backend, tally: &Tally, all: bool) -> bool {
    let Tally { requests, refused, unknown, lost, revived, strangers, .. } = tally;
    let promised = if backend.promises { "all three 0" } else { "nothing" };
    println!(
        "| {} | {requests} | {refused} | {unknown} | {lost} | {revived} | {strangers} | {promised} |",
        backend.name
    );
    if all {
        tally.said.iter().take(20).for_each(|line| println!("    {line}"));
    }
    // A run without a sale or a logout proves nothing.
    !backend.promises || (lost + revived + strangers == 0 && tally.added > 0 && tally.logouts > 0)
}
