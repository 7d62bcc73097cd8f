//! The values that a Flask session can hold, in Flask's format: JSON with tags for the types that JSON does not have.
//!
//! The format is Flask's `TaggedJSONSerializer` (flask/json/tag.py, Flask 3.1): an object whose only key is a tag is a
//! value of another type, such as `{" t":[1,2]}` for the tuple `(1, 2)`. Each type has its own variant here, so each
//! app can write back unchanged what it has read.

mod notation;

pub use notation::Printed;

use std::{collections::BTreeMap, fmt};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::value::RawValue;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset, format_description::StaticFormatDescription};

/// The maximum nesting of lists and dictionaries. Python itself stops somewhere before 1000.
pub const DEPTH: usize = 64;

const TUPLE: &str = " t";
const BYTES: &str = " b";
const MARKUP: &str = " m";
const UUID: &str = " u";
const DATE: &str = " d";
/// The tag of a dictionary whose only key looks like a tag. The key gets [`ESCAPE`] at its end.
const DICT: &str = " di";
const TAGS: [&str; 6] = [DICT, TUPLE, BYTES, MARKUP, UUID, DATE];
const ESCAPE: &str = "__";

/// The date of an HTTP header, in which Flask writes a `datetime`: in UTC, to the second.
pub(super) const HTTP_DATE: StaticFormatDescription =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

/// A dictionary, in the order in which Flask writes it.
pub type Dict = BTreeMap<String, Value>;

/// A value of Python that a Flask session can hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `None`
    Null,
    /// `True` or `False`
    Bool(bool),
    /// An `int` or a `float`
    Number(Number),
    /// A `str`
    String(String),
    /// A `list`
    List(Vec<Value>),
    /// A `tuple`, which Flask distinguishes from a list
    Tuple(Vec<Value>),
    /// A `dict` with keys of type `str`
    Dict(Dict),
    /// `bytes`
    Bytes(Vec<u8>),
    /// `markupsafe.Markup`: HTML that is not escaped again
    Markup(String),
    /// A `uuid.UUID`
    Uuid(u128),
    /// A `datetime.datetime`
    DateTime(OffsetDateTime),
}

/// A number as it was written. An `int` of Python may have any number of digits. A `float` is preserved exactly,
/// because it is never converted to another type.
#[derive(Clone, Debug)]
pub struct Number(Box<RawValue>);

impl Number {
    /// Returns the number if it is an integer within the range of `i64`.
    pub fn as_i64(&self) -> Option<i64> {
        self.0.get().parse().ok()
    }

    /// Returns the number as it was written.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

/// The reason why a text is not in Flask's format.
#[derive(Debug)]
pub enum Error {
    /// The text is not JSON. Python also writes `NaN`, `Infinity` and lone surrogates, which are not JSON.
    Json(serde_json::Error),
    /// A value has this tag, but not the format of that type.
    Tag(&'static str),
    /// Lists and dictionaries are nested deeper than [`DEPTH`].
    TooDeep,
    /// The text is a value, but not a dictionary.
    NoDict,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(f, "the data is not JSON: {error}"),
            Self::Tag(tag) => write!(f, "the value with the tag {tag:?} is not of that type"),
            Self::TooDeep => write!(f, "the data is nested more than {DEPTH} deep"),
            Self::NoDict => f.write_str("the data is not a dictionary"),
        }
    }
}

impl std::error::Error for Error {}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

/// Reads the data of a session.
///
/// # Errors
/// The text is not in Flask's format.
pub fn from_json(text: &str) -> Result<Dict, Error> {
    match read(serde_json::from_str(text)?, DEPTH)? {
        Value::Dict(dict) => Ok(dict),
        _ => Err(Error::NoDict),
    }
}

/// Writes the data of a session.
///
/// # Errors
/// A date is outside the years 0 to 9999.
pub fn to_json(data: &Dict) -> Result<String, Error> {
    Ok(serde_json::to_string(&Tagged(data))?)
}

/// Reads a value of the type that its first byte shows. Nested values are read one level at a time.
fn read(raw: &RawValue, depth: usize) -> Result<Value, Error> {
    let text = raw.get();
    let deeper = || depth.checked_sub(1).ok_or(Error::TooDeep);
    Ok(match text.as_bytes().first() {
        Some(b'{') => {
            let depth = deeper()?;
            let items: BTreeMap<String, &RawValue> = serde_json::from_str(text)?;
            let items = items.into_iter().map(|(key, item)| Ok((key, read(item, depth)?)));
            untag(items.collect::<Result<Dict, Error>>()?)?
        }
        Some(b'[') => {
            let depth = deeper()?;
            let items: Vec<&RawValue> = serde_json::from_str(text)?;
            Value::List(items.into_iter().map(|item| read(item, depth)).collect::<Result<_, _>>()?)
        }
        Some(b'"') => Value::String(serde_json::from_str(text)?),
        Some(b't' | b'f') => Value::Bool(serde_json::from_str(text)?),
        Some(b'n') => Value::Null,
        _ => Value::Number(Number(raw.to_owned())),
    })
}

/// Converts an object: to itself, or to a value of the type that its only key names.
fn untag(mut items: Dict) -> Result<Value, Error> {
    let tag = items.keys().next().and_then(|key| TAGS.into_iter().find(|tag| tag == key));
    let Some(tag) = tag.filter(|_| items.len() == 1) else { return Ok(Value::Dict(items)) };
    let value = match (tag, items.remove(tag)) {
        (TUPLE, Some(Value::List(items))) => Some(Value::Tuple(items)),
        (BYTES, Some(Value::String(text))) => STANDARD.decode(text).ok().map(Value::Bytes),
        (MARKUP, Some(Value::String(text))) => Some(Value::Markup(text)),
        (UUID, Some(Value::String(text))) => uuid(&text).map(Value::Uuid),
        (DATE, Some(Value::String(text))) => date(&text).map(Value::DateTime),
        (DICT, Some(Value::Dict(items))) => without_escape(items).map(Value::Dict),
        _ => None,
    };
    value.ok_or(Error::Tag(tag))
}

/// Reads 32 hexadecimal digits without hyphens.
fn uuid(text: &str) -> Option<u128> {
    let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    u128::from_str_radix(text, 16).ok().filter(|_| is_hex)
}

fn date(text: &str) -> Option<OffsetDateTime> {
    PrimitiveDateTime::parse(text, HTTP_DATE).ok().map(PrimitiveDateTime::assume_utc)
}

fn without_escape(items: Dict) -> Option<Dict> {
    let [(key, value)]: [_; 1] = items.into_iter().collect::<Vec<_>>().try_into().ok()?;
    Some(Dict::from([(key.strip_suffix(ESCAPE)?.to_owned(), value)]))
}

/// Writes values with their tags.
struct Tagged<'v, T: ?Sized>(&'v T);

impl Serialize for Tagged<'_, Dict> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, Tagged(value))))
    }
}

impl Serialize for Tagged<'_, Value> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_none(),
            Value::Bool(truth) => serializer.serialize_bool(*truth),
            Value::Number(number) => number.0.serialize(serializer),
            Value::String(text) => serializer.serialize_str(text),
            Value::List(items) => serializer.collect_seq(items.iter().map(Tagged)),
            Value::Tuple(items) => tag(serializer, TUPLE, &items.iter().map(Tagged).collect::<Vec<_>>()),
            Value::Dict(items) => match items.first_key_value() {
                Some((key, value)) if items.len() == 1 && TAGS.contains(&key.as_str()) => {
                    tag(serializer, DICT, &BTreeMap::from([(format!("{key}{ESCAPE}"), Tagged(value))]))
                }
                _ => Tagged(items).serialize(serializer),
            },
            Value::Bytes(bytes) => tag(serializer, BYTES, &STANDARD.encode(bytes)),
            Value::Markup(html) => tag(serializer, MARKUP, html),
            Value::Uuid(number) => tag(serializer, UUID, &format!("{number:032x}")),
            Value::DateTime(date) => {
                let date = date.to_offset(UtcOffset::UTC).format(HTTP_DATE).map_err(serde::ser::Error::custom)?;
                tag(serializer, DATE, &date)
            }
        }
    }
}

fn tag<S: Serializer>(serializer: S, tag: &str, value: &impl Serialize) -> Result<S::Ok, S::Error> {
    let mut object = serializer.serialize_map(Some(1))?;
    object.serialize_entry(tag, value)?;
    object.end()
}

impl Value {
    /// Returns the text if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the number if it is an integer within the range of `i64`.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Number(number) => number.as_i64(),
            _ => None,
        }
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        // The digits of a number are JSON.
        RawValue::from_string(number.to_string()).map_or(Self::Null, |raw| Self::Number(Number(raw)))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<OffsetDateTime> for Value {
    fn from(date: OffsetDateTime) -> Self {
        Self::DateTime(date)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::List(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_read_as_itself_and_written_as_flask_writes_it() {
        let written_by_flask = concat!(
            r#"{"a":{" t":[1,{" t":[]}]},"b":{" b":"AP8="},"c":{" d":"Tue, 14 Nov 2023 22:13:20 GMT"},"#,
            r#""d":{" u":"12345678123456781234567812345678"},"e":{" m":"<b>"},"f":{" di":{" t__":[1]}},"g":{" x":1},"#,
            r#""h":[1.0,1e+22,0.1,123456789012345678901234567890,-0.0,null,true]}"#
        );
        let data = from_json(written_by_flask).unwrap();
        assert_eq!(data["a"], Value::Tuple(vec![1.into(), Value::Tuple(vec![])]));
        assert_eq!(data["b"], Value::Bytes(vec![0, 255]));
        assert_eq!(data["c"], OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap().into());
        assert_eq!(data["d"], Value::Uuid(0x12345678_12345678_12345678_12345678));
        assert_eq!(data["e"], Value::Markup("<b>".to_owned()));
        assert_eq!(data["f"], Value::Dict([(" t".to_owned(), vec![1.into()].into())].into()), "no tag, but a key");
        assert_eq!(data["g"], Value::Dict([(" x".to_owned(), 1.into())].into()), "a tag that nobody knows");
        assert_eq!(to_json(&data).unwrap(), written_by_flask);
    }

    /// Wrong: plain JSON loses the types for both apps.
    #[test]
    fn plain_json_makes_an_object_of_a_tuple_and_loses_digits() {
        let written_by_flask = r#"{"n":123456789012345678901234567890,"t":{" t":[1]}}"#;
        let plain: serde_json::Value = serde_json::from_str(written_by_flask).unwrap();
        assert!(plain["t"].is_object(), "and not a list of one item");
        assert_ne!(serde_json::to_string(&plain).unwrap(), written_by_flask, "a float has about 16 digits");
        assert_eq!(to_json(&from_json(written_by_flask).unwrap()).unwrap(), written_by_flask);
    }

    #[test]
    fn what_flask_does_not_write_is_refused_with_a_reason() {
        for (text, reason) in [
            ("[]", "the data is not a dictionary"),
            (r#"{" t":[]}"#, "the data is not a dictionary"),
            (r#"{"a":{" t":1}}"#, "the value with the tag \" t\" is not of that type"),
            (r#"{"a":{" b":"=AP8"}}"#, "the value with the tag \" b\" is not of that type"),
            (r#"{"a":{" u":"+2345678123456781234567812345678"}}"#, "the value with the tag \" u\" is not of that type"),
            (r#"{"a":{" d":"today"}}"#, "the value with the tag \" d\" is not of that type"),
            (r#"{"a":{" di":{}}}"#, "the value with the tag \" di\" is not of that type"),
            (r#"{"a":NaN}"#, "the data is not JSON: expected value at line 1 column 6"),
            (r#"{"a":1} "b""#, "the data is not JSON: trailing characters at line 1 column 9"),
        ] {
            assert_eq!(from_json(text).unwrap_err().to_string(), reason, "{text}");
        }
    }

    #[test]
    fn data_that_is_nested_without_end_is_refused_before_the_stack_is() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(from_json(&nested(DEPTH - 1)).is_ok());
        assert!(matches!(from_json(&nested(DEPTH)), Err(Error::TooDeep)));
        assert!(from_json(&nested(30_000)).is_err());
    }
}
