//! Limits on the stored size of an exchange, so that a client that sends a lot does not fill the timeline.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    io,
};

use serde::Serialize;
use serde_json::Value;

/// The number of bytes that are stored of one text: a path, a cookie's value, a value of a session.
const TEXT: usize = 4 * 1024;
/// The number of bytes that are stored of the session data of one store call, counted as JSON.
const DATA: usize = 16 * 1024;
/// The number of bytes of its attributes that are stored with a cookie's value. 2000 values then take half a MiB.
const ATTRIBUTES: usize = 256;
/// The number of cookies of one exchange that are stored, and the number of its store calls.
pub(crate) const ITEMS: usize = 100;
/// The key of a note about session data that was left out.
const LEFT_OUT: &str = "…";

/// Returns a text, or the first 4 KiB of a longer one with a note of its length.
pub(crate) fn text(text: &str) -> String {
    if text.len() <= TEXT {
        return text.to_owned();
    }
    format!("{}… (cut: {} bytes)", beginning(text, TEXT), text.len())
}

/// Whether a text from [`text()`] is complete. A text that was cut is longer, because of the note at its end.
pub(crate) fn is_whole(text: &str) -> bool {
    text.len() <= TEXT
}

/// Returns the attributes of a cookie that are stored with its value: the first ones within the limit, none of them
/// cut.
pub(crate) fn attributes(sent: &str) -> String {
    if sent.len() <= ATTRIBUTES {
        return sent.to_owned();
    }
    beginning(sent, ATTRIBUTES).rsplit_once(';').map(|(whole, _)| whole.to_owned()).unwrap_or_default()
}

/// Returns the first `limit` bytes of a text, without splitting a character.
pub(crate) fn beginning(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

/// Returns the data of a session within the limit. Long keys and values are cut, and further entries are only counted.
///
/// A part that is cut has a hash of the whole, so that a change beyond the cut is still visible.
pub(crate) fn data<'a>(entries: impl Iterator<Item = (&'a String, &'a Value)>) -> BTreeMap<String, Value> {
    // Sorted by key, so that the same entries are stored before and after.
    let entries: BTreeMap<_, _> = entries.collect();
    let mut room = DATA;
    let mut kept = BTreeMap::new();
    let mut left_out = Vec::new();
    for (key, value) in entries {
        let entry = (hashed(key), short(value));
        match room.checked_sub(size(&entry)) {
            Some(left) => {
                room = left;
                kept.extend([entry]);
            }
            None => left_out.push((key, value)),
        }
    }
    if !left_out.is_empty() {
        let all = serde_json::to_string(&left_out).unwrap_or_default();
        let note = format!("{} more keys (cut: {} bytes, hash {:016x})", left_out.len(), all.len(), hash(&all));
        kept.insert(LEFT_OUT.to_owned(), note.into());
    }
    kept
}

fn short(value: &Value) -> Value {
    match value {
        Value::String(text) => hashed(text).into(),
        value if size(value) > TEXT => hashed(&value.to_string()).into(),
        value => value.clone(),
    }
}

fn hashed(text: &str) -> String {
    if text.len() <= TEXT {
        return text.to_owned();
    }
    format!("{}… (cut: {} bytes, hash {:016x})", beginning(text, TEXT), text.len(), hash(text))
}

/// A hash that is the same in every run, so that transcripts do not change.
fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Returns the size as JSON, in bytes.
pub(crate) fn size(what: &impl Serialize) -> usize {
    let mut counter = Counter(0);
    // All values on the timeline can be serialized, and a counter accepts every byte.
    let _ = serde_json::to_writer(&mut counter, what);
    counter.0
}

struct Counter(usize);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data_of(entries: &[(String, Value)]) -> BTreeMap<String, Value> {
        data(entries.iter().map(|(key, value)| (key, value)))
    }

    #[test]
    fn a_text_of_4_kib_is_kept_and_a_longer_one_is_cut_between_two_characters() {
        let fits = "x".repeat(TEXT);
        assert_eq!(text(&fits), fits);
        assert_eq!(text(&format!("{fits}y")), format!("{fits}… (cut: 4097 bytes)"));
        let odd = format!("x{}", "é".repeat(TEXT));
        assert_eq!(text(&odd), format!("x{}… (cut: 8193 bytes)", "é".repeat(TEXT / 2 - 1)));
        assert!(is_whole(&text(&fits)) && !is_whole(&text(&format!("{fits}y"))) && !is_whole(&text(&odd)));
    }

    #[test]
    fn attributes_that_do_not_fit_are_left_out_whole() {
        let long = format!("HttpOnly; Path=/{}", "é".repeat(ATTRIBUTES));
        assert_eq!(attributes("HttpOnly; Secure"), "HttpOnly; Secure");
        assert_eq!(attributes(&long), "HttpOnly");
        assert_eq!(attributes(&long[10..]), "");
    }

    #[test]
    fn a_value_that_changes_beyond_the_cut_has_changed() {
        let long = "x".repeat(1 << 20);
        let of = |value: Value| data_of(&[("key".to_owned(), value)]);
        for [one, other] in [
            [Value::from(format!("{long}1")), Value::from(format!("{long}2"))],
            [Value::from(vec![long.clone()]), Value::from(vec![format!("{long}2")])],
        ] {
            assert_ne!(of(one.clone()), of(other));
            let shown = of(one.clone());
            assert_eq!(shown, of(one));
            let shown = shown["key"].as_str().unwrap();
            assert!(shown.len() < TEXT + 64 && shown.contains("… (cut: 10485"), "{}", &shown[TEXT..]);
        }
        let [one, other] = ["1", "2"].map(|end| data_of(&[(format!("{long}{end}"), Value::Null)]));
        assert_ne!(one, other, "two keys that begin alike are two");
        for fits in [Value::from("x".repeat(TEXT)), serde_json::json!({ "a": "x".repeat(TEXT - 8) })] {
            assert_eq!(of(fits.clone())["key"], fits);
        }
        let over = serde_json::json!({ "a": "x".repeat(TEXT - 7) });
        assert!(of(over)["key"].is_string());
    }

    #[test]
    fn data_for_which_no_room_is_left_is_counted() {
        let many = |last: u32| {
            (0..1000)
                .map(|n| (format!("{n:04}"), Value::from("y".repeat(25))))
                .chain([("9999".to_owned(), Value::from(last))])
                .collect::<Vec<_>>()
        };
        let shown = data_of(&many(1));
        // Each takes 36 bytes: `["0000","yyyy…"]`.
        assert_eq!(shown.len(), DATA / 36 + 1);
        assert!(shown[LEFT_OUT].as_str().unwrap().starts_with("546 more keys (cut: "), "{}", shown[LEFT_OUT]);
        assert_eq!(shown, data_of(&many(1)));
        assert_ne!(shown, data_of(&many(2)));
        assert!(!data_of(&many(1)[..100]).contains_key(LEFT_OUT));
    }
}
