//! `watch`: a verdict at each save.

use std::{path::Path, process::ExitCode};

use verdict::{Telling, Verdict, progress::Progress};

use super::{check::learned, hint, screen::Screen};
use crate::{
    check::{self, Event},
    exercise::Exercise,
    report,
    watch::{Changes, How},
};

#[derive(clap::Args)]
pub(super) struct Watch {
    /// The exercise's number or name; without one, the first that is not passed
    exercise: Option<String>,
    /// Look at the files every second, if the system does not report changes
    #[arg(long)]
    poll: bool,
}

/// An event during a run.
enum Next {
    Letter(char),
    /// The files may have changed.
    Look,
    Waiting,
    Done(Result<Verdict, String>),
}

/// How a run ends.
enum End {
    Verdict(Verdict),
    /// There is no verdict, for this reason, such as an incomplete manifest.
    Failed(String),
    /// The answer has changed in the meantime, or the learner wants another run.
    Anew,
    /// The learner has pressed this key, which ends the run.
    Left(char),
}

pub(super) async fn watch(root: &Path, Watch { exercise, poll }: Watch) -> Result<ExitCode, String> {
    let all = Exercise::all(root)?;
    let first = match exercise {
        Some(which) => Exercise::find(root, &which)?.number,
        None => Exercise::next(&all, &Progress::load(root).0, 0).map_or(1, |exercise| exercise.number),
    };
    let mut place = all.iter().position(|exercise| exercise.number == first).unwrap_or_default();
    let mut screen = Screen::new();
    loop {
        let watched = Watched { root, all: &all, exercise: &all[place], poll };
        match watched.until_left(&mut screen).await {
            'n' => place = (place + 1).min(all.len() - 1),
            'p' => place = place.saturating_sub(1),
            _ => return Ok(ExitCode::SUCCESS),
        }
    }
}

/// The exercise that is watched.
struct Watched<'w> {
    root: &'w Path,
    all: &'w [Exercise],
    exercise: &'w Exercise,
    poll: bool,
}

impl Watched<'_> {
    /// Makes one verdict after another until a key ends this. Returns the key.
    async fn until_left(&self, screen: &mut Screen) -> char {
        loop {
            // Created for each run, because the folder may have been replaced.
            let mut changes = Changes::below(&self.exercise.folder, self.poll);
            let hash = self.hash();
            let text = match self.run(&hash, &mut changes, screen).await {
                End::Verdict(verdict) => self.judged(verdict, hash.clone(), screen),
                End::Failed(reason) => format!("\n{reason}\n"),
                End::Anew => continue,
                End::Left(key) => return key,
            };
            screen.show(&text, &self.foot(changes.how));
            if let Some(key) = self.read(&text, &hash, &mut changes, screen).await {
                return key;
            }
        }
    }

    async fn run(&self, hash: &str, changes: &mut Changes, screen: &mut Screen) -> End {
        let (waiting, mut waits) = tokio::sync::mpsc::unbounded_channel();
        let on = |event| {
            if matches!(event, Event::Waiting) {
                let _ = waiting.send(()); // without a receiver, the run is about to end
            }
        };
        screen.show(&format!("\n  {}: checking …\n", self.exercise.name()), "");
        // Dropped at the end, together with the processes that it has started.
        let mut run = Box::pin(check::check(self.root, self.exercise, None, on));
        loop {
            let next = tokio::select! {
                letter = screen.letter() => Next::Letter(letter),
                () = changes.next() => Next::Look,
                Some(()) = waits.recv() => Next::Waiting,
                verdict = &mut run => Next::Done(verdict),
            };
            match next {
                Next::Letter(key @ ('n' | 'p' | 'q')) => return End::Left(key),
                Next::Letter('r') => return End::Anew,
                Next::Look if self.hash() != hash => return End::Anew,
                Next::Letter(_) | Next::Look => {}
                Next::Waiting => screen.show(&format!("\n  {}: {}\n", self.exercise.name(), report::WAITING), ""),
                Next::Done(verdict) => return verdict.map_or_else(End::Failed, End::Verdict),
            }
        }
    }

    /// Waits while the learner reads. Returns the key that ends this, or `None` if another run is due.
    async fn read(&self, text: &str, hash: &str, changes: &mut Changes, screen: &mut Screen) -> Option<char> {
        loop {
            tokio::select! {
                key = screen.letter() => match key {
                    'n' | 'p' | 'q' => return Some(key),
                    'r' => return None,
                    'h' => {
                        let hint = hint::next(self.root, self.exercise, screen.columns());
                        let text = if screen.is_terminal() { text } else { "" }; // otherwise it is printed above
                        screen.show(&format!("{hint}{text}"), &self.foot(changes.how));
                    }
                    _ => {}
                },
                () = changes.next() => if self.hash() != hash { return None },
            }
        }
    }

    /// Returns the hash of the answer, or an empty text while it cannot be read.
    fn hash(&self) -> String {
        self.exercise.hash().unwrap_or_default()
    }

    /// Stores this verdict, and returns its text.
    fn judged(&self, verdict: Verdict, hash: String, screen: &Screen) -> String {
        let telling = if screen.is_terminal() { Telling::Next } else { Telling::First };
        let text = report::text(&verdict, telling, screen.columns());
        let passed = verdict.passed();
        let note = Progress::change(self.root, &self.exercise.id, |reached| reached.judge(verdict, hash));
        let note = note.map(|note| format!("\n{note}\n")).unwrap_or_default();
        let learned =
            if passed { learned(self.root, self.all, self.exercise, screen.columns()) } else { String::new() };
        format!("{text}{learned}{note}")
    }

    fn foot(&self, how: How) -> String {
        let how = match how {
            How::Watching => "watching",
            How::Polling => "polling",
        };
        format!("\n  {how} {} · h hint  n next  p previous  r run  q quit", self.exercise.folder_in_workbook())
    }
}
