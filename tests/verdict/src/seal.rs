//! Lines that an answer cannot forge, although it can write to any pipe or file of its user. Each line has a code that
//! only a holder of the key can make. A process receives the key on its standard input, and reads it before any of the
//! answer's code runs.

use std::fmt;

use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// A secret that only the two ends know. Each process gets a new one.
#[derive(Clone, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Key(String);

impl Key {
    /// Creates a key that cannot be guessed.
    ///
    /// # Panics
    /// If the system gives no random bytes.
    #[expect(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the system gives random bytes");
        Self(hex(&bytes))
    }

    /// Reads the key in this line.
    pub fn read(line: &str) -> Self {
        Self(line.trim().to_owned())
    }

    /// Returns this text after its code.
    pub fn seal(&self, text: &str) -> String {
        format!("{} {text}", hex(&self.mac(text).finalize().into_bytes()))
    }

    /// Returns the text of a line that was sealed with this key, or `None`.
    pub fn open<'l>(&self, line: &'l str) -> Option<&'l str> {
        let (code, text) = line.split_once(' ')?;
        self.mac(text).verify_slice(&bytes(code)?).is_ok().then_some(text)
    }

    fn mac(&self, text: &str) -> Hmac<Sha256> {
        let mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).expect("a key of any length will do");
        mac.chain_update(text)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_opens_a_line_and_only_as_it_was_written() {
        let key = Key::new();
        let line = key.seal("13 of 13");
        assert_eq!(key.open(&line), Some("13 of 13"));
        assert_eq!(Key::read(&format!("{key}\n")).open(&line), Some("13 of 13"));
        assert_eq!(Key::new().open(&line), None);
        assert_eq!(key.open(&line.replace("13 of", "12 of")), None);
        assert_eq!(key.open("13 of 13"), None);
        assert_eq!(key.open(" 13 of 13"), None);
        assert_eq!(key.open("é 13 of 13"), None);
    }
}
