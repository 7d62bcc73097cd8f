//! The commands. Exit codes: 0 passed or done, 1 not yet, 2 something is wrong with the call or the machine.

use std::{future::Future, net::SocketAddr, path::Path, process::ExitCode};

use checks::Telling;
use clap::{Parser, Subcommand};
use serde_json::json;

use crate::{
    book,
    check::{self, Verdict},
    exercise::Exercise,
    markdown,
    progress::Progress,
    report, web, workspace,
};

const PORT: u16 = 4000;

/// Learn web session management in Rust: read, play, solve.
#[derive(Parser)]
#[command(name = "workbook", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    studio: Studio,
}

#[derive(clap::Args)]
struct Studio {
    /// Port of the studio; the next free one is taken if it is in use
    #[arg(long, default_value_t = PORT)]
    port: u16,
    /// Open the studio in your browser
    #[arg(long)]
    open: bool,
}

#[derive(Subcommand)]
enum Command {
    /// List the exercises and how far you are
    List,
    /// Check your answer to an exercise
    Check {
        /// The exercise's number
        exercise: u8,
        /// Print the verdict as JSON
        #[arg(long)]
        json: bool,
        /// Tell every failure in full, not only the first
        #[arg(long)]
        all: bool,
        /// Make the names and tokens of an earlier run again
        #[arg(long, value_name = "NUMBER")]
        seed: Option<u64>,
    },
    /// Show a hint: first the one that fits your last failure, then the others in turn
    Hint {
        /// The exercise's number
        exercise: u8,
    },
}

/// Runs the command that the arguments name; without one, the studio.
pub async fn main() -> ExitCode {
    let Cli { command, studio } = Cli::parse();
    let done = async {
        let root = workspace::root()?;
        match command {
            None => serve(&root, studio).await,
            Some(Command::List) => list(&root),
            Some(Command::Check { exercise, json, all, seed }) => check(&root, exercise, seed, json, all).await,
            Some(Command::Hint { exercise }) => hint(&root, exercise),
        }
    };
    done.await.unwrap_or_else(|reason: String| {
        anstream::eprintln!("{reason}");
        ExitCode::from(2)
    })
}

/// Serves the studio until someone ends it. What it started ends with it.
async fn serve(root: &Path, Studio { port, open }: Studio) -> Result<ExitCode, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("there is no place to build the book in: {error}"))?;
    book::build(root, folder.path())?;
    let listener = session_inspector::listen(port).await.map_err(|error| error.to_string())?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    let address = format!("http://{}:{port}/", web::HOST_NAME);
    println!("Session Workbook  {address}\nCtrl-C ends it.");
    if open && let Err(error) = open::that_detached(&address) {
        eprintln!("no browser could be opened ({error}); open {address} yourself");
    }
    let studio = web::studio(root.to_path_buf(), folder.path().to_path_buf());
    let studio = studio.into_make_service_with_connect_info::<SocketAddr>();
    let served = async { axum::serve(listener, studio).await.map_err(|error| format!("the studio stopped: {error}")) };
    until_ended(served).await.unwrap_or(Ok(()))?;
    Ok(ExitCode::SUCCESS)
}

fn list(root: &Path) -> Result<ExitCode, String> {
    let (progress, note) = Progress::load(root);
    println!();
    for exercise in Exercise::all(root)? {
        let hash = exercise.hash().ok();
        println!("{}", report::line(&exercise, &progress.of(&exercise.id), hash.as_deref()));
    }
    println!("\n  cargo run -- check N checks one, cargo run -- hint N helps, cargo run opens the studio");
    said(note);
    Ok(ExitCode::SUCCESS)
}

async fn check(root: &Path, number: u8, seed: Option<u64>, json: bool, all: bool) -> Result<ExitCode, String> {
    let exercise = Exercise::find(root, number)?;
    let hash = exercise.hash().map_err(|error| format!("{} cannot be read: {error}", exercise.folder.display()))?;
    let Some(verdict) = until_ended(check::check(root, &exercise, seed, |_| ())).await else {
        return Ok(ExitCode::from(130)); // as a shell says of a program that Ctrl-C ended
    };
    let verdict = verdict?;
    if json {
        println!(
            "{:#}",
            json!({ "exercise": number, "id": exercise.id, "passed": verdict.passed(), "verdict": verdict })
        );
    } else {
        anstream::print!("{}", report::text(&verdict, if all { Telling::All } else { Telling::First }));
    }
    let code = if verdict.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    said(Progress::change(root, &exercise.id, |reached| reached.verdict = Some((verdict, hash))));
    Ok(code)
}

fn hint(root: &Path, number: u8) -> Result<ExitCode, String> {
    let exercise = Exercise::find(root, number)?;
    let hints = &exercise.brief.hints;
    let reached = Progress::load(root).0.of(&exercise.id);
    let fits = match &reached.verdict {
        Some((Verdict::Report(report), _)) => report.first_failure().map(|(_, failure)| failure.hint),
        _ => None,
    };
    let fresh = |hint: &usize| (1..=hints.len()).contains(hint) && !reached.hints.contains(hint);
    let Some(next) = fits.filter(fresh).or((1..=hints.len()).find(fresh)) else {
        println!(
            "You have seen all {} hints; they stand in {}",
            hints.len(),
            exercise.folder.join("README.md").display()
        );
        return Ok(ExitCode::SUCCESS);
    };
    let hint = &hints[next - 1];
    anstream::print!("\n  Hint {next} of {}: {}\n\n{}", hints.len(), hint.title, markdown::render(&hint.text));
    said(Progress::change(root, &exercise.id, |reached| reached.hints.extend([next])));
    Ok(ExitCode::SUCCESS)
}

fn said(note: Option<String>) {
    if let Some(note) = note {
        eprintln!("\n{note}");
    }
}

/// The work's result; nothing if the person or the system ended the program first.
async fn until_ended<T>(work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        result = work => Some(result),
        () = ended() => None,
    }
}

#[cfg(unix)]
async fn ended() {
    use tokio::signal::unix::{SignalKind, signal};
    // Without the two others Ctrl-C still ends it.
    let (Ok(mut terminated), Ok(mut hung_up)) = (signal(SignalKind::terminate()), signal(SignalKind::hangup())) else {
        return ctrl_c().await;
    };
    tokio::select! {
        () = ctrl_c() => {}
        _ = terminated.recv() => {}
        _ = hung_up.recv() => {}
    }
}

#[cfg(not(unix))]
async fn ended() {
    ctrl_c().await;
}

async fn ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await // it cannot be heard; the system's own way of ending a program is left
    }
}
