//! The records of Flask-Session 0.8: MessagePack, as msgspec writes it.
//!
//! A record of tower-sessions holds JSON, which has neither bytes nor extension types, such as msgspec's dates. Here
//! they are objects with a tag, as in Flask's cookie: `{" b":"AP8="}` for bytes, `{" e":[-1,"ZVPxAA=="]}` for an
//! extension. So each half gets its own values back unchanged.

use std::{collections::HashMap, fmt, io::Cursor};

use base64::{Engine, engine::general_purpose::STANDARD};
use rmp_serde::{MSGPACK_EXT_STRUCT_NAME, Serializer as Record};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value, json};

const BYTES: &str = " b";
const EXTENSION: &str = " e";
/// The tag of a dictionary whose only key looks like a tag. The key gets [`ESCAPE`] at its end.
const DICT: &str = " di";
const ESCAPE: &str = "__";

/// The data of a session.
pub type Data = HashMap<String, Value>;

/// Reads a record.
///
/// # Errors
/// It is not a map with text keys, or it has a number that JSON does not have, such as NaN.
pub fn decode(record: &[u8]) -> Result<Data, rmp_serde::decode::Error> {
    let mut reading = rmp_serde::Deserializer::new(Cursor::new(record));
    let data: HashMap<String, Unpacked> = Deserialize::deserialize(&mut reading)?;
    if reading.position() < record.len() as u64 {
        // A pickle begins as an empty map does.
        return Err(Error::custom("more follows"));
    }
    Ok(data.into_iter().map(|(key, Unpacked(value))| (key, value)).collect())
}

/// Writes a record with sorted keys, so that the same data gives the same bytes.
///
/// # Errors
/// rmp-serde returns an error, which should not happen.
pub fn encode(data: &Data) -> Result<Vec<u8>, rmp_serde::encode::Error> {
    let mut data: Vec<_> = data.iter().collect();
    data.sort_by_key(|(key, _)| *key);
    let mut record = Vec::new();
    Record::new(&mut record).collect_map(data.into_iter().map(|(key, value)| (key, Packed(value))))?;
    Ok(record)
}

/// A value, to be written as MessagePack.
struct Packed<'v>(&'v Value);

/// Bytes, to be written as bytes, because serde writes a slice as a list.
struct Bytes(Vec<u8>);

impl Serialize for Packed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Array(items) => serializer.collect_seq(items.iter().map(Packed)),
            Value::Object(items) => {
                if let Some(bytes) = only(items, BYTES).and_then(bytes) {
                    bytes.serialize(serializer)
                } else if let Some(extension) = only(items, EXTENSION).and_then(extension) {
                    serializer.serialize_newtype_struct(MSGPACK_EXT_STRUCT_NAME, &extension)
                } else {
                    let escaped = only(items, DICT).and_then(without_escape).map(|item| vec![item]);
                    let items = escaped.unwrap_or_else(|| items.iter().map(|(key, value)| (&**key, value)).collect());
                    serializer.collect_map(items.into_iter().map(|(key, value)| (key, Packed(value))))
                }
            }
            plain => plain.serialize(serializer),
        }
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

/// The value of the only key, if it is this one.
fn only<'v>(items: &'v Map<String, Value>, tag: &str) -> Option<&'v Value> {
    items.get(tag).filter(|_| items.len() == 1)
}

fn bytes(value: &Value) -> Option<Bytes> {
    STANDARD.decode(value.as_str()?).ok().map(Bytes)
}

fn extension(value: &Value) -> Option<(i8, Bytes)> {
    let [kind, value] = value.as_array()?.as_slice() else { return None };
    Some((i8::try_from(kind.as_i64()?).ok()?, bytes(value)?))
}

fn without_escape(value: &Value) -> Option<(&str, &Value)> {
    let (key, value) = value.as_object()?.iter().next()?;
    Some((key.strip_suffix(ESCAPE)?, value))
}

/// A value, read from MessagePack into JSON.
struct Unpacked(Value);

impl<'de> Deserialize<'de> for Unpacked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Unpacker).map(Self)
    }
}

struct Unpacker;

impl<'de> Visitor<'de> for Unpacker {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value that a session can hold")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Value, E> {
        Ok(truth.into())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Number::from_f64(number).map(Value::Number).ok_or_else(|| E::custom("JSON does not have this number"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Value, E> {
        Ok(json!({ BYTES: STANDARD.encode(bytes) }))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, extension: D) -> Result<Value, D::Error> {
        let (kind, Extended(bytes)) = Deserialize::deserialize(extension)?;
        let kind: i8 = kind;
        Ok(json!({ EXTENSION: [kind, STANDARD.encode(bytes)] }))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Unpacked(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut dict = Map::new();
        while let Some((key, Unpacked(item))) = items.next_entry::<String, _>()? {
            dict.insert(key, item);
        }
        Ok(match dict.iter().next() {
            Some((key, value)) if dict.len() == 1 && [BYTES, EXTENSION, DICT].contains(&key.as_str()) => {
                json!({ DICT: { format!("{key}{ESCAPE}"): value } })
            }
            _ => dict.into(),
        })
    }
}

/// The bytes of an extension.
struct Extended(Vec<u8>);

impl<'de> Deserialize<'de> for Extended {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;

        impl Visitor<'_> for Bytes {
            type Value = Vec<u8>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("the bytes of an extension")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
        }

        deserializer.deserialize_bytes(Bytes).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_does_not_have_comes_back_to_messagepack_as_it_was() {
        // {"a": bytes 00 ff, "b": a date of msgspec, "c": {" b": 1}, "d": [nil, -1, 1.5, 2^64-1, {}, "é"]}
        let record = [
            &b"\x84\xa1a\xc4\x02\x00\xff\xa1b\xd6\xff\x65\x53\xf1\x00\xa1c\x81\xa2 b\x01\xa1d\x96\xc0\xff"[..],
            b"\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00\xcf\xff\xff\xff\xff\xff\xff\xff\xff\x80\xa2\xc3\xa9",
        ];
        let record = record.concat();
        let data = decode(&record).unwrap();
        assert_eq!(data["a"], json!({ " b": "AP8=" }));
        assert_eq!(data["b"], json!({ " e": [-1, "ZVPxAA=="] }));
        assert_eq!(data["c"], json!({ " di": { " b__": 1 } }));
        assert_eq!(data["d"], json!([null, -1, 1.5, u64::MAX, {}, "é"]));
        assert_eq!(encode(&data).unwrap(), record);
    }

    #[test]
    fn what_is_no_record_of_a_session_is_an_error() {
        for record in [
            &b""[..],
            b"\x01",                                          // a number
            b"\x81\x01\x02",                                  // a key that is no text
            b"\x81\xa1a\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", // NaN
            b"\x81\xa1a\xa5abc",                              // cut off
            b"\x80\x04\x95}.",                                // a pickle
        ] {
            assert!(decode(record).is_err(), "{record:?}");
        }
    }
}
