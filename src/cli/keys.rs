//! Keys as they are pressed; without a terminal, letters as they are read.

use std::{
    io::{self, IsTerminal, Read},
    thread,
};

use crossterm::{
    event::{self, Event, KeyCode, KeyEventKind, KeyModifiers},
    terminal::{disable_raw_mode, enable_raw_mode},
};
use tokio::sync::mpsc::{self, UnboundedReceiver};

/// Keys, until this is dropped. The terminal is then as it was.
pub(super) struct Keys {
    pressed: UnboundedReceiver<char>,
    /// Whether there is a terminal, which shows each key at once and needs `\r\n`.
    pub(super) terminal: bool,
}

impl Keys {
    pub(super) fn new() -> Self {
        let terminal = io::stdin().is_terminal() && io::stdout().is_terminal() && enable_raw_mode().is_ok();
        let (sender, pressed) = mpsc::unbounded_channel();
        thread::spawn(move || {
            while let Some(key) = if terminal { key() } else { letter() } {
                if sender.send(key).is_err() {
                    break;
                }
            }
        });
        Self { pressed, terminal }
    }

    /// The next key. It never comes if there are no more.
    pub(super) async fn next(&mut self) -> char {
        match self.pressed.recv().await {
            Some(key) => key,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        if self.terminal {
            let _ = disable_raw_mode(); // the shell does it, if this cannot
        }
    }
}

/// Ctrl-C is a key in this mode, and means `q`.
fn key() -> Option<char> {
    loop {
        let Event::Key(key) = event::read().ok()? else { continue };
        match key.code {
            _ if key.kind == KeyEventKind::Release => {}
            KeyCode::Char('c' | 'd') if key.modifiers.contains(KeyModifiers::CONTROL) => return Some('q'),
            KeyCode::Char(letter) => return Some(letter.to_ascii_lowercase()),
            _ => {}
        }
    }
}

fn letter() -> Option<char> {
    let mut byte = [0];
    io::stdin().read_exact(&mut byte).ok()?;
    Some(char::from(byte[0]).to_ascii_lowercase())
}
