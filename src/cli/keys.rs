//! Reads keys as they are pressed, or letters from a pipe if there is no terminal.

use std::{
    io::{self, IsTerminal, Read},
    thread,
};

use crossterm::{
    event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers},
    terminal::{disable_raw_mode, enable_raw_mode},
};
use tokio::sync::mpsc::{self, UnboundedReceiver};

/// A key that the user presses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Key {
    /// A letter, in lower case, or a space.
    Letter(char),
    /// Suspends the program.
    Suspend,
    /// Draws the text again, because the size of the terminal has changed, or another program has written on it.
    Redraw,
}

/// Reads keys until this value is dropped, which restores the terminal.
pub(super) struct Keys {
    pressed: UnboundedReceiver<Key>,
    /// Whether there is a terminal, which delivers each key at once and needs `\r\n`.
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

    /// Returns the next key. If there are no more keys, it never returns.
    pub(super) async fn next(&mut self) -> Key {
        match self.pressed.recv().await {
            Some(key) => key,
            None => std::future::pending().await,
        }
    }

    /// Suspends the program, as Ctrl-Z does in a program that reads no keys. Returns after `fg`. It suspends the whole
    /// process group, which includes a script that has started this program.
    #[cfg(unix)]
    pub(super) fn suspend(&self) {
        use rustix::process::{Signal, kill_current_process_group};
        let _ = disable_raw_mode();
        let _ = kill_current_process_group(Signal::TSTP); // without a shell this does nothing
        let _ = enable_raw_mode();
    }

    /// Windows cannot suspend a program.
    #[cfg(not(unix))]
    pub(super) fn suspend(&self) {}
}

impl Drop for Keys {
    fn drop(&mut self) {
        if self.terminal {
            let _ = disable_raw_mode(); // if this fails, the shell restores the terminal
        }
    }
}

fn key() -> Option<Key> {
    loop {
        let meant = match event::read().ok()? {
            Event::Key(key) => meant(key),
            Event::Resize(..) => Some(Key::Redraw),
            _ => None,
        };
        if meant.is_some() {
            return meant;
        }
    }
}

/// Returns the meaning of a key press. In this mode Ctrl-C and Ctrl-Z are keys. A letter with Ctrl or Alt is not the
/// letter.
fn meant(key: KeyEvent) -> Option<Key> {
    let KeyCode::Char(letter) = key.code else { return None };
    let letter = letter.to_ascii_lowercase();
    if key.kind == KeyEventKind::Release {
        return None;
    }
    match (key.modifiers - KeyModifiers::SHIFT, letter) {
        (KeyModifiers::NONE, letter) => Some(Key::Letter(letter)),
        (KeyModifiers::CONTROL, 'c' | 'd') => Some(Key::Letter('q')),
        (KeyModifiers::CONTROL, 'z') => Some(Key::Suspend),
        (KeyModifiers::CONTROL, 'l') => Some(Key::Redraw),
        _ => None,
    }
}

fn letter() -> Option<Key> {
    let mut byte = [0];
    io::stdin().read_exact(&mut byte).ok()?;
    Some(Key::Letter(char::from(byte[0]).to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(letter: char, modifiers: KeyModifiers) -> Option<Key> {
        meant(KeyEvent::new(KeyCode::Char(letter), modifiers))
    }

    #[test]
    fn a_letter_with_a_control_key_is_not_that_letter() {
        assert_eq!(pressed('N', KeyModifiers::SHIFT), Some(Key::Letter('n')));
        for letter in ['h', 'n', 'p', 'r', 'q'] {
            assert_eq!(pressed(letter, KeyModifiers::NONE), Some(Key::Letter(letter)));
            for modifiers in [KeyModifiers::CONTROL, KeyModifiers::ALT, KeyModifiers::CONTROL | KeyModifiers::ALT] {
                assert_eq!(pressed(letter, modifiers), None, "{modifiers:?} {letter}");
            }
        }
    }

    #[test]
    fn control_keys_mean_what_they_mean_elsewhere() {
        let control = |letter| pressed(letter, KeyModifiers::CONTROL);
        assert_eq!(['c', 'd'].map(control), [Some(Key::Letter('q')); 2]);
        assert_eq!((control('z'), control('l')), (Some(Key::Suspend), Some(Key::Redraw)));
    }
}
