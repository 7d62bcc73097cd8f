//! The commands. The exit code is 0 if an answer passed or a command is done, 1 if an answer has not passed yet, and 2
//! if the call or the machine has a problem.

mod check;
mod ended;
mod hint;
mod keys;
mod list;
mod reset;
mod screen;
mod solution;
mod studio;
mod watch;

use std::{
    fmt,
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

use crate::{doctor, workspace};
use ended::until_ended;

/// Learn web session management in Rust: read, play, solve.
#[derive(Parser)]
#[command(name = "workbook", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    studio: studio::Studio,
}

#[derive(Subcommand)]
enum Command {
    /// List the exercises and your progress
    List,
    /// Check your answer to an exercise, or without a number to the first one that you have not passed
    Check(check::Check),
    /// Check an answer each time you save it
    Watch(watch::Watch),
    /// Show a hint: first the one that fits your last failure, then the others in turn
    Hint(hint::Hint),
    /// Show how the solution differs from your answer, and why it is written that way
    Solution {
        /// The exercise's number or name
        exercise: String,
        /// Show it even if you have not passed; the list will say so
        #[arg(long)]
        show_me: bool,
    },
    /// Start an exercise over; your answer is kept in a backup
    Reset(reset::Reset),
    /// Check whether this machine has what the workbook needs
    Doctor,
}

/// Runs the command that the arguments name, or the studio without one.
pub async fn main() -> ExitCode {
    let Cli { command, studio } = Cli::parse();
    let done = async {
        match command {
            None => studio::serve(&workspace::root()?, studio).await,
            Some(Command::List) => list::list(&workspace::root()?),
            Some(Command::Check(check)) => check::check(&workspace::root()?, check).await,
            Some(Command::Watch(watch)) => {
                let watched = until_ended(watch::watch(&workspace::root()?, watch)).await;
                watched.unwrap_or(Ok(ExitCode::SUCCESS))
            }
            Some(Command::Hint(hint)) => hint::hint(&workspace::root()?, hint),
            Some(Command::Solution { exercise, show_me }) => {
                solution::solution(&workspace::root()?, &exercise, show_me)
            }
            Some(Command::Reset(reset)) => reset::reset(&workspace::root()?, &reset),
            Some(Command::Doctor) => Ok(doctor()), // works outside the workbook, too, which may be the problem
        }
    };
    done.await.unwrap_or_else(|reason: String| {
        anstream::eprintln!("{reason}");
        ExitCode::from(2)
    })
}

fn doctor() -> ExitCode {
    let root = workspace::root().ok();
    let findings = doctor::examine(root.as_deref(), crate::web::names::PORT);
    say(doctor::report(&findings));
    if findings.iter().all(doctor::Finding::is_fine) { ExitCode::SUCCESS } else { ExitCode::from(2) }
}

/// Returns the maximum width of a text: the width of the terminal, or no limit without one.
fn columns() -> usize {
    let size = if io::stdout().is_terminal() { crossterm::terminal::size().ok() } else { None };
    size.map_or(usize::MAX, |(columns, _)| usize::from(columns))
}

/// Prints a text, without styles if the output is not a terminal. If a reader closes the pipe, as `head` does, that is
/// not an error.
fn say(text: impl fmt::Display) {
    let mut out = anstream::stdout();
    let _ = write!(out, "{text}").and_then(|()| out.flush());
}

fn said(note: Option<String>) {
    if let Some(note) = note {
        eprintln!("\n{note}");
    }
}
