//! `watch`: a verdict at each save.

use std::{path::Path, process::ExitCode};

use checks::{Telling, Verdict, progress::Progress};
use crossterm::{
    cursor::MoveTo,
    execute,
    terminal::{Clear, ClearType},
};

use super::{check::learned, hint, keys::Keys, say};
use crate::{
    check,
    exercise::Exercise,
    report,
    watch::{Changes, How},
};

#[derive(clap::Args)]
pub(super) struct Watch {
    /// The exercise's number or name; without one, the first that is not passed
    exercise: Option<String>,
    /// Look at the files every second, where the system does not tell of changes
    #[arg(long)]
    poll: bool,
}

/// What ends a wait.
enum Next {
    Key(char),
    Changed,
    Done(Result<Verdict, String>),
}

pub(super) async fn watch(root: &Path, Watch { exercise, poll }: Watch) -> Result<ExitCode, String> {
    let all = Exercise::all(root)?;
    let first = match exercise {
        Some(which) => Exercise::find(root, &which)?.number,
        None => Exercise::next(&all, &Progress::load(root).0, 0).map_or(1, |exercise| exercise.number),
    };
    let mut place = all.iter().position(|exercise| exercise.number == first).unwrap_or_default();
    let mut screen = Screen { keys: Keys::new() };
    loop {
        match one(root, &all, &all[place], poll, &mut screen).await? {
            'n' => place = (place + 1).min(all.len() - 1),
            'p' => place = place.saturating_sub(1),
            _ => return Ok(ExitCode::SUCCESS),
        }
    }
}

/// Watches this exercise, until a key asks for something else.
async fn one(
    root: &Path,
    all: &[Exercise],
    exercise: &Exercise,
    poll: bool,
    screen: &mut Screen,
) -> Result<char, String> {
    let mut changes = Changes::below(&exercise.folder, poll)?;
    loop {
        let hash = exercise.hash().unwrap_or_default();
        screen.show(&format!("\n  {}: checking …\n", exercise.name()), true);
        let mut run = Box::pin(check::check(root, exercise, None, |_| ()));
        let done = loop {
            let next = tokio::select! {
                key = screen.keys.next() => Next::Key(key),
                () = changes.next() => Next::Changed,
                verdict = &mut run => Next::Done(verdict),
            };
            match next {
                Next::Key(key @ ('n' | 'p' | 'q')) => return Ok(key),
                Next::Key('r') => break None,
                Next::Key(_) => {}
                Next::Changed if exercise.hash().unwrap_or_default() == hash => {}
                Next::Changed => break None,
                Next::Done(verdict) => break Some(verdict),
            }
        };
        drop(run); // and with it what it started
        let Some(verdict) = done else { continue };
        let told = match verdict {
            Ok(verdict) => judged(root, all, exercise, verdict, hash.clone()),
            Err(reason) => format!("\n{reason}\n"), // such as a manifest that is being written
        };
        screen.show(&format!("{told}{}", keys(exercise, changes.how)), true);
        loop {
            tokio::select! {
                key = screen.keys.next() => match key {
                    'n' | 'p' | 'q' => return Ok(key),
                    'r' => break,
                    'h' => screen.show(&hint::next(root, exercise), false),
                    _ => {}
                },
                () = changes.next() => if exercise.hash().unwrap_or_default() != hash { break },
            }
        }
    }
}

/// Keeps this verdict, and tells it.
fn judged(root: &Path, all: &[Exercise], exercise: &Exercise, verdict: Verdict, hash: String) -> String {
    let text = report::text(&verdict, Telling::First);
    let passed = verdict.passed();
    let note = Progress::change(root, &exercise.id, |reached| reached.judge(verdict, hash));
    let note = note.map(|note| format!("\n{note}\n")).unwrap_or_default();
    let learned = if passed { learned(root, all, exercise) } else { String::new() };
    format!("{text}{learned}{note}")
}

fn keys(exercise: &Exercise, how: How) -> String {
    let how = match how {
        How::Watching => "watching",
        How::Polling => "polling",
    };
    format!("\n  {how} {} · h hint  n next  p previous  r run  q quit\n", exercise.folder_in_workbook())
}

/// A terminal that is cleared for each verdict; anything else gets one after the other.
struct Screen {
    keys: Keys,
}

impl Screen {
    fn show(&self, text: &str, anew: bool) {
        if !self.keys.terminal {
            say(text);
            return;
        }
        if anew {
            // A terminal that cannot be cleared is written on as it is.
            let _ = execute!(std::io::stdout(), Clear(ClearType::All), MoveTo(0, 0));
        }
        say(text.replace('\n', "\r\n"));
    }
}
