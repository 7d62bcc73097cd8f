//! The key that signs cookies: from the environment, never from the source.

use std::env::{self, VarError};

use axum_extra::extract::cookie::Key;

/// The environment variable that holds the key: at least 64 bytes, such as the output of `openssl rand -base64 64`.
pub const VARIABLE: &str = "SESSION_KEY";

// ANCHOR: key
/// Returns the key in [`VARIABLE`]. If the variable is not set, it prints a warning and returns a random key, which
/// ends with the process.
///
/// # Errors
/// The key has fewer than the 64 bytes that HMAC-SHA256 and a separate encryption key need, or it is not text.
pub fn from_environment() -> Result<Key, String> {
    match env::var(VARIABLE) {
        Ok(text) => parse(&text),
        Err(VarError::NotPresent) => {
            eprintln!(
                "{VARIABLE} is not set: signing with a random key, so signed cookies become invalid when this process ends"
            );
            Ok(Key::generate())
        }
        Err(VarError::NotUnicode(_)) => {
            Err(format!("{VARIABLE} is not text: set it to the output of `openssl rand -base64 64`"))
        }
    }
}

fn parse(text: &str) -> Result<Key, String> {
    Key::try_from(text.as_bytes()).map_err(|_| {
        format!(
            "{VARIABLE} has {} bytes, but a key needs at least 64: set it to the output of `openssl rand -base64 64`",
            text.len()
        )
    })
}
// ANCHOR_END: key

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_63_bytes_is_refused_and_one_of_64_is_taken() {
        assert_eq!(
            parse(&"k".repeat(63)).err().as_deref(),
            Some(
                "SESSION_KEY has 63 bytes, but a key needs at least 64: set it to the output of `openssl rand -base64 64`"
            )
        );
        assert!(parse(&"k".repeat(64)).is_ok());
    }
}
