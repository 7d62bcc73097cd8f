//! Passwords that attackers try first.

use zxcvbn::zxcvbn;

/// The number of guesses that an attacker can make in two years. An account's throttle allows half a million a year.
const WITHIN_REACH: u64 = 1_000_000;

// ANCHOR: well_known
/// Whether a new password must be refused, because an attacker would soon guess it (ASVS 5.0 6.2.4: new passwords are
/// checked against the 3,000 best-known).
///
/// `zxcvbn` contains the 30,000 best-known passwords from stolen databases, and words, names, dates and rows of keys.
/// It estimates the number of guesses that a program needs if it knows all of these and the way people vary them.
/// `about` has facts about the user, such as the name, which an attacker guesses first.
pub fn is_well_known(password: &str, about: &[&str]) -> bool {
    zxcvbn(password, about).guesses() < WITHIN_REACH
}
// ANCHOR_END: well_known

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_knows_is_refused() {
        for password in [
            "password",
            "12345678",
            "123456789",
            "1234567890",
            "sunshine",
            "iloveyou",
            "princess",
            "football",
            "baseball",
            "qwertyuiop",
            "1q2w3e4r",
            "password1",
            "Password",
            "passw0rd",
            "trustno1",
            "superman",
            "1qaz2wsx",
            "letmein1",
            "11111111",
            "abcd1234",
            "starwars",
            "computer",
            "michelle",
            "asdfghjkl",
            "drowssap",
            "aaaaaaaaaaaa",
            "19840101",
            "mallory1",
        ] {
            assert!(is_well_known(password, &["mallory"]), "{password}");
        }
    }

    #[test]
    fn what_nobody_knows_is_taken_and_no_kind_of_character_is_asked_for() {
        for password in
            ["a red umbrella", "two cups of tea", "mine, all mine", "kxqzvjwp", "雨の日の紅茶とケーキ", "83759201746"]
        {
            assert!(!is_well_known(password, &["alice"]), "{password}");
        }
    }
}
