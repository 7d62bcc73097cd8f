//! An encoded secret is still a secret: anyone who can decode it can read it.

use std::collections::BTreeSet;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use serde_json::Value;
use tower_sessions::session::Id;

use crate::{infer::mentions, page};

/// Every common encoding of these bytes as text.
pub(crate) fn spellings(secret: &[u8]) -> Vec<String> {
    let written: [fn(&u8) -> String; 3] = [|byte| format!("{byte:02x}"), |byte| format!("{byte:02X}"), u8::to_string];
    let [lower, upper, decimal] = written.map(|number| secret.iter().map(number).collect::<Vec<_>>());
    let reversed: Vec<u8> = secret.iter().rev().copied().collect();
    let mut all = vec![lower.concat(), upper.concat()];
    let listed = [lower, upper, decimal];
    all.extend(listed.iter().flat_map(|numbers| [":", " ", "-", ",", ", "].map(|between| numbers.join(between))));
    all.extend(
        (0..3).flat_map(|before| {
            [in_base64(&STANDARD_NO_PAD, before, secret), in_base64(&URL_SAFE_NO_PAD, before, secret)]
        }),
    );
    all.extend([secret, &reversed].iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()));
    all
}

/// The codes of these characters one after the other, in the bases and widths in which programs write them: in an
/// address, a script, a page, or as digits.
fn codes(secret: &str) -> Vec<String> {
    let all = |code: fn(u32) -> String| -> [String; 2] {
        let codes: Vec<_> = secret.chars().map(|letter| code(u32::from(letter))).collect();
        [codes.concat(), codes.iter().rev().map(String::as_str).collect()]
    };
    let written: [fn(u32) -> String; 6] = [
        |code| format!("{code:08b}"),
        |code| format!("{code:03o}"),
        |code| code.to_string(),
        |code| format!("{code:02x}"),
        |code| format!("x{code:02x}"),
        |code| format!("u{code:04x}"),
    ];
    let letters: String = secret.chars().filter(char::is_ascii_alphanumeric).collect();
    let in_utf_16 = secret.encode_utf16().map(|unit| format!("{unit:04x}")).collect();
    written.into_iter().flat_map(all).chain([letters.to_lowercase(), in_utf_16]).collect()
}

/// The letters and digits of a text, in lower case.
fn packed(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// What a program makes of a text with a line of code, and makes the text of again.
fn disguises(secret: &str) -> Vec<String> {
    let encoded = STANDARD_NO_PAD.encode(secret);
    let mut all = vec![secret.to_uppercase(), secret.to_lowercase(), secret.chars().map(thirteen_further).collect()];
    all.push(in_base64(&STANDARD_NO_PAD, 0, encoded.as_bytes()));
    all.extend([DIGITS[2], DIGITS[3]].map(|digits| in_base32(secret.as_bytes(), digits)));
    all
}

/// ROT13.
fn thirteen_further(letter: char) -> char {
    let further = |first: u8| char::from((letter as u8 - first + 13) % 26 + first);
    match letter {
        'a'..='z' => further(b'a'),
        'A'..='Z' => further(b'A'),
        _ => letter,
    }
}

/// The same text with another name in place of this one, which may be encoded; nothing if the text does not contain it.
pub(crate) fn renamed(text: &str, name: &str, other: &str) -> Option<String> {
    let hex = |upper: bool, name: &str| -> String {
        name.bytes().map(|byte| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") }).collect()
    };
    let spell: [&dyn Fn(&str) -> String; 5] = [
        &str::to_owned,
        &|name| hex(false, name),
        &|name| hex(true, name),
        &|name| form_urlencoded::byte_serialize(name.as_bytes()).collect(),
        &|name| name.chars().rev().collect(),
    ];
    let plainly = spell.iter().map(|spell| (spell(name), spell(other))).find(|(name, _)| text.contains(name.as_str()));
    plainly.map(|(name, other)| text.replace(&name, &other)).or_else(|| renamed_in_base64(text, name, other))
}

fn renamed_in_base64(text: &str, name: &str, other: &str) -> Option<String> {
    let bare = text.trim_end_matches('=');
    [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD].into_iter().find_map(|engine| {
        let decoded = String::from_utf8(engine.decode(bare).ok()?).ok().filter(|decoded| decoded.contains(name))?;
        let encoded = engine.encode(decoded.replace(name, other));
        let padding = if bare == text { 0 } else { (4 - encoded.len() % 4) % 4 };
        Some(encoded + &"=".repeat(padding))
    })
}

/// The letters that depend only on these bytes, if this many other bytes are before them.
fn in_base64(engine: &impl Engine, before: usize, secret: &[u8]) -> String {
    let encoded = engine.encode([vec![0; before], secret.to_vec()].concat());
    let (first, end) = ((before * 8).div_ceil(6), (before + secret.len()) * 8 / 6);
    encoded[first..end].to_owned()
}

/// A session ID that is searched for in all its encodings.
pub(crate) struct SpeltId {
    forms: Vec<Form>,
    /// Its upper and its lower 64 bits, as the numbers that they are with and without a sign.
    halves: [[String; 2]; 2],
}

struct Form {
    text: String,
    how: &'static str,
    has_separators: bool,
}

/// A UUID has hyphens in it, a path has slashes, and text in UTF-16 has zeros.
const SEPARATORS: [char; 4] = ['-', '/', '\\', '\0'];

impl SpeltId {
    pub(crate) fn new(id: Id) -> Self {
        let (text, number) = (id.to_string(), id.0);
        let (forward, backward) = (number.to_be_bytes(), number.to_le_bytes());
        let numbers = [number.to_string(), (number as u128).to_string(), format!("{number:x}"), format!("{number:X}")];
        let digits = DIGITS.map(|digits| in_digits(number as u128, digits));
        let all = [text.as_bytes(), &forward, &backward];
        let listed = all.map(|bytes| bytes.iter().map(u8::to_string).collect::<Vec<_>>());
        let listed = listed.iter().flat_map(|numbers| [",", ", "].map(|between| numbers.join(between)));
        let base32 = all.iter().flat_map(|bytes| [DIGITS[2], DIGITS[3]].map(|digits| in_base32(bytes, digits)));
        let spelt = all.iter().flat_map(|bytes| spellings(bytes)).chain(base32).map(|form| in_latin_1(form.as_bytes()));
        let named = |how| move |text: String| Form { has_separators: text.contains(SEPARATORS), text, how };
        let forms = [text.clone()].into_iter().map(named("as in a cookie"));
        let forms = forms.chain(numbers.into_iter().chain(digits).map(named("as a number")));
        let forms = forms.chain([forward, backward].map(|bytes| in_latin_1(&bytes)).into_iter().map(named("as bytes")));
        let forms = forms.chain(listed.map(named("as a list of its bytes")));
        let spelt = spelt.map(named("in another encoding: hexadecimal, base32, base64 or backwards"));
        let halves = [(number >> 64) as u64, number as u64];
        Self {
            forms: forms.chain(spelt).collect(),
            halves: halves.map(|half| [half.to_string(), (half as i64).to_string()]),
        }
    }

    /// How it can be read in these bytes, if it can.
    pub(crate) fn is_read_in(&self, contents: &[u8]) -> Option<&'static str> {
        let contents = in_latin_1(contents);
        let plain = contents.replace(SEPARATORS, "");
        let found =
            self.forms.iter().find(|form| if form.has_separators { &contents } else { &plain }.contains(&form.text));
        // A short number may be there for any reason.
        let is_there = |number: &String| number.len() > 12 && contents.contains(number);
        let is_split = || self.halves.iter().all(|half| half.iter().any(is_there));
        found.map(|form| form.how).or_else(|| is_split().then_some("as two numbers of 64 bits"))
    }
}

/// The digits of numbers to the bases 2, 8, 32, 36, 58 and 62. The first two of base 32 are those of RFC 4648.
const DIGITS: [&str; 12] = [
    "01",
    "01234567",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
    "abcdefghijklmnopqrstuvwxyz234567",
    "0123456789abcdefghijklmnopqrstuv",
    "0123456789ABCDEFGHIJKLMNOPQRSTUV",
    "0123456789ABCDEFGHJKMNPQRSTVWXYZ",
    "0123456789abcdefghijklmnopqrstuvwxyz",
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
];

fn in_digits(mut number: u128, digits: &str) -> String {
    let base = digits.len() as u128;
    let mut text = Vec::new();
    while number > 0 {
        text.push(digits.as_bytes()[(number % base) as usize]);
        number /= base;
    }
    text.reverse();
    in_latin_1(&text)
}

/// Five bits to a letter, from the first one on; without padding.
fn in_base32(bytes: &[u8], digits: &str) -> String {
    let bits: Vec<_> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |place| byte >> place & 1)).collect();
    let number = |five: &[u8]| (0..5).fold(0, |number, place| number * 2 + usize::from(*five.get(place).unwrap_or(&0)));
    bits.chunks(5).map(|five| char::from(digits.as_bytes()[number(five)])).collect()
}

/// Each byte as a character. The standard library looks for text in optimized code; for bytes it would be ours, which is
/// not.
fn in_latin_1(bytes: &[u8]) -> String {
    match str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => text.to_owned(),
        _ => bytes.iter().copied().map(char::from).collect(),
    }
}

/// A text that is searched for in all its encodings.
#[derive(Debug)]
pub(crate) struct Secret {
    spelt: Vec<String>,
    /// As a list of its bytes, and of its characters: as numbers, and as texts.
    lists: [Vec<Value>; 3],
    /// In which two parts it is kept, if it is kept in two; each in all spellings.
    halves: [Vec<String>; 2],
    /// As it is found in a text without whatever is between its letters and digits.
    packed: Vec<String>,
    /// As it is.
    plain: String,
}

impl Secret {
    pub(crate) fn new(secret: &str) -> Self {
        let numbers = |character| Value::from(u32::from(character));
        let texts = |character: char| Value::from(character.to_string());
        let lists = [
            secret.bytes().map(Value::from).collect(),
            secret.chars().map(numbers).collect(),
            secret.chars().map(texts).collect(),
        ];
        let (first, second) = secret.split_at(secret.ceil_char_boundary(secret.len() / 2));
        let halves = [first, second].map(|half| spellings(half.as_bytes()));
        let spelt = spellings(secret.as_bytes());
        Self { spelt, lists, halves, packed: Vec::new(), plain: secret.to_owned() }
    }

    /// The same for a text so long that no other one resembles it.
    pub(crate) fn disguised(secret: &str) -> Self {
        let mut disguised = Self::new(secret);
        disguised.spelt.extend(disguises(secret));
        disguised.packed = codes(secret);
        disguised
    }

    /// Whether a text contains it, even if the text is encoded for an address or for HTML.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        let is_in = |text: &str| self.spelt.iter().any(|spelt| text.contains(spelt));
        let in_address = || form_urlencoded::parse(text.as_bytes()).any(|(name, value)| is_in(&name) || is_in(&value));
        is_in(text) || text.contains('%') && in_address() || text.contains("&#") && is_in(&page::decoded(text))
    }

    fn is_packed_in(&self, text: &str) -> bool {
        let is_long = text.len() >= self.plain.len() && !self.packed.is_empty();
        is_long && Some(packed(text)).is_some_and(|text| self.packed.iter().any(|codes| text.contains(codes)))
    }

    /// Whether a value contains it: as text, or as a list of its bytes or characters.
    pub(crate) fn is_told_by(&self, value: &Value) -> bool {
        self.spelt.iter().any(|spelt| mentions(value, spelt))
            || self.lists.iter().any(|list| has_list(value, list))
            || texts(value).iter().any(|text| self.is_packed_in(text))
    }

    /// Whether it can be put together from whole texts in these values, such as its letters under a key of their own.
    pub(crate) fn is_in_pieces<'v>(&self, values: impl Iterator<Item = &'v Value>) -> bool {
        let pieces: BTreeSet<_> = values.flat_map(texts).filter(|text| !text.is_empty()).collect();
        let mut is_there = vec![false; self.plain.len()];
        for piece in pieces {
            for (at, _) in self.plain.match_indices(piece) {
                is_there[at..at + piece.len()].fill(true);
            }
        }
        is_there.into_iter().all(|is_there| is_there)
    }

    /// Whether both halves are found, together or apart.
    pub(crate) fn is_split(&self, is_found: impl Fn(&str) -> bool) -> bool {
        self.halves.iter().all(|half| half.iter().any(|spelt| is_found(spelt)))
    }
}

/// Every text in a value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(fields) => {
            fields.iter().flat_map(|(key, value)| [vec![key.as_str()], texts(value)].concat()).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

fn has_list(value: &Value, list: &[Value]) -> bool {
    match value {
        Value::Array(values) => {
            values.windows(list.len()).any(|part| part == list) || values.iter().any(|value| has_list(value, list))
        }
        Value::Object(fields) => fields.values().any(|value| has_list(value, list)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_found_in_other_letters() {
        let secret = Secret::new("wonderland");
        for value in [
            json!("my wonderland!"),
            json!({ "wonderland": 1 }),
            json!([{ "deep": "776f6e6465726c616e64" }]),
            json!("776F6E6465726C616E64"),
            json!("d29uZGVybGFuZA=="),
            json!("YWxpY2U6d29uZGVybGFuZA=="), // alice:wonderland
            json!("eDp3b25kZXJsYW5kLg"),       // x:wonderland.
            json!("dnalrednow"),
            json!("77:6F:6E:64:65:72:6C:61:6E:64"),
            json!("119, 111, 110, 100, 101, 114, 108, 97, 110, 100"),
            json!({ "bytes": [119, 111, 110, 100, 101, 114, 108, 97, 110, 100] }),
            json!(["w", "o", "n", "d", "e", "r", "l", "a", "n", "d"]),
        ] {
            assert!(secret.is_told_by(&value), "{value}");
        }
        let disguised = Secret::disguised("wonderland");
        for value in [
            "WONDERLAND",
            "jbaqreynaq",
            "ZDI5dVpHVnliR0Z1WkE",
            "o5xw4zdfojwgc3te",
            "w o n d e r l a n d",
            "%77%6f%6E%64%65%72%6c%61%6e%64",
            "&#119;&#111;&#110;&#100;&#101;&#114;&#108;&#97;&#110;&#100;",
            "\\167\\157\\156\\144\\145\\162\\154\\141\\156\\144",
            "\\u0077\\u006F\\u006E\\u0064\\u0065\\u0072\\u006C\\u0061\\u006E\\u0064",
            "0077006f006e006400650072006c0061006e0064",
            "646e616c7265646e6f77",
            "01110111011011110110111001100100011001010111001001101100011000010110111001100100",
        ] {
            assert!(disguised.is_told_by(&json!(value)), "{value}");
            assert!(!secret.is_told_by(&json!(value)), "{value}");
        }
        for value in [json!("wonder land"), json!([119, 111]), json!(null), json!("$argon2id$v=19$m=19456,t=2,p=1$abc")]
        {
            assert!(!secret.is_told_by(&value), "{value}");
        }
    }

    #[test]
    fn a_secret_is_found_in_two_halves() {
        let secret = Secret::new("wonderland");
        for value in [
            json!({ "one": "wonde", "two": "rland" }),
            json!(["rland", "wonde"]),
            json!({ "one": "776f6e6465", "two": "726c616e64" }),
            json!("wonde.rland"),
        ] {
            assert!(secret.is_split(|half| mentions(&value, half)), "{value}");
        }
        for value in [json!("wonde"), json!({ "one": "rland" }), json!(["won", "der", "land"])] {
            assert!(!secret.is_split(|half| mentions(&value, half)), "{value}");
        }
    }

    #[test]
    fn a_secret_is_found_in_pieces() {
        let secret = Secret::new("wonderland");
        let is_in = |value: &Value| secret.is_in_pieces([value].into_iter());
        assert!(is_in(
            &json!({ "c0": "w", "c1": "o", "c2": "n", "c3": "d", "c4": "e", "c5": "r", "c6": "l", "c7": "a" })
        ));
        assert!(is_in(&json!(["land", "won", "der"])));
        for value in [json!(["won", "land"]), json!("wonderful"), json!({ "w": 1 })] {
            assert!(!is_in(&value), "{value}");
        }
    }

    #[test]
    fn an_id_is_read_in_every_encoding_and_the_message_names_it() {
        let id = Id(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10);
        for (contents, how) in [
            (id.to_string(), Some("as in a cookie")),
            (id.0.to_string(), Some("as a number")),
            ("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]".to_owned(), Some("as a list of its bytes")),
            (
                "01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:10".to_owned(),
                Some("in another encoding: hexadecimal, base32, base64 or backwards"),
            ),
            (
                id.to_string().chars().rev().collect(),
                Some("in another encoding: hexadecimal, base32, base64 or backwards"),
            ),
            (in_digits(id.0 as u128, DIGITS[2]), Some("as a number")),
            (
                in_base32(&id.0.to_be_bytes(), DIGITS[3]),
                Some("in another encoding: hexadecimal, base32, base64 or backwards"),
            ),
            (format!("{}/{}.session", &id.to_string()[..2], &id.to_string()[2..]), Some("as in a cookie")),
            ("[72623859790382856,651345242494996240]".to_owned(), Some("as two numbers of 64 bits")),
            ("[72623859790382856]".to_owned(), None),
            ("[1,2,3]".to_owned(), None),
        ] {
            assert_eq!(SpeltId::new(id).is_read_in(contents.as_bytes()), how, "{contents}");
        }
    }

    #[test]
    fn a_name_is_exchanged_in_other_letters() {
        for (text, exchanged) in [
            ("bob", "alice"),
            ("1.bob.x", "1.alice.x"),
            ("626f62", "616c696365"),
            ("v=626F62", "v=616C696365"),
            ("bob!", "alice!"),
            ("Ym9i", "YWxpY2U"),
            ("Ym9iIQ==", "YWxpY2Uh"),
            ("bob%3C", "alice%3C"),
        ] {
            assert_eq!(renamed(text, "bob", "alice").as_deref(), Some(exchanged), "{text}");
        }
        assert_eq!(renamed("carol", "bob", "alice"), None);
    }

    #[test]
    fn a_secret_is_found_in_an_address_and_behind_references() {
        let secret = Secret::new("wonderland");
        for text in [
            "/login?password=wonderland",
            "a=%77onderlan%64",
            "<input value='&#119;onderl&#x61;nd'>",
            "<p>&#119;onderland",
        ] {
            assert!(secret.is_in(text), "{text}");
        }
        for text in ["/login?password=", "100 %", "<p>&#119;onder"] {
            assert!(!secret.is_in(text), "{text}");
        }
    }
}
