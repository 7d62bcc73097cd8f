//! The records of Flask-Session 0.8: MessagePack, as msgspec writes it.
//!
//! A record of tower-sessions holds JSON, which has neither bytes nor extension types, such as msgspec's dates. Here
//! they are objects with a tag, as in Flask's cookie: `{" b":"AP8="}` for bytes, `{" e":[-1,"ZVPxAA=="]}` for an
//! extension. So each app reads its own values back unchanged.

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use rmp::{
    Marker,
    decode::{
        read_array_len, read_bin_len, read_bool, read_ext_meta, read_f32, read_f64, read_int, read_map_len, read_nil,
        read_str_len,
    },
};
use rmp_serde::{MSGPACK_EXT_STRUCT_NAME, Serializer as Record};
use serde::{
    Serialize, Serializer,
    ser::{Error as _, SerializeMap},
};
use serde_json::{Map, Number, Value, json};
use time::OffsetDateTime;

use super::tagged::DEPTH;

const BYTES: &str = " b";
const EXTENSION: &str = " e";
/// The tag of a dictionary that would otherwise be read as one of these three. Its key gets [`ESCAPE`] at its end.
const DICT: &str = " di";
const ESCAPE: &str = "__";
/// The extension type of a date.
const DATE: i8 = -1;
const CUT_OFF: &str = "it is cut off";
const TOO_DEEP: &str = "lists and dictionaries are nested too deeply";

/// The data of a session.
pub type Data = HashMap<String, Value>;

/// Reads a record.
///
/// # Errors
/// msgspec would not read it as the data of a session, or it has something that JSON does not have, such as a key that
/// is not text, or NaN. Or it is nested deeper than [`DEPTH`]: without a limit, a record could exhaust the stack, which
/// ends the process.
pub fn decode(record: &[u8]) -> Result<Data, &'static str> {
    let mut reader = Reader(record);
    if !matches!(reader.marker()?, Marker::FixMap(_) | Marker::Map16 | Marker::Map32) {
        return Err("it is not a dictionary");
    }
    let data = reader.items(DEPTH)?;
    // A pickle begins like an empty dictionary.
    if reader.0.is_empty() { Ok(data) } else { Err("more data follows the dictionary") }
}

/// Writes a record with sorted keys, so that the same data gives the same bytes.
///
/// # Errors
/// The data is nested deeper than [`decode`] would read.
pub fn encode(data: &Data) -> Result<Vec<u8>, rmp_serde::encode::Error> {
    let mut data: Vec<_> = data.iter().collect();
    data.sort_by_key(|(key, _)| *key);
    let mut record = Vec::new();
    Record::new(&mut record).collect_map(data.into_iter().map(|(key, value)| (key, Packed(value, DEPTH - 1))))?;
    Ok(record)
}

/// A value, to be written as MessagePack, in which this many levels may be nested.
struct Packed<'v>(&'v Value, usize);

/// Bytes, to be written as bytes, because serde writes a slice as a list.
struct Bytes(Vec<u8>);

impl Serialize for Packed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let deeper = || self.1.checked_sub(1).ok_or_else(|| S::Error::custom(TOO_DEEP));
        match self.0 {
            Value::Array(items) => {
                let depth = deeper()?;
                serializer.collect_seq(items.iter().map(|item| Packed(item, depth)))
            }
            Value::Object(items) => match tagged(items) {
                Some(Tagged::Bytes(bytes)) => bytes.serialize(serializer),
                Some(Tagged::Extension(kind, bytes)) => {
                    serializer.serialize_newtype_struct(MSGPACK_EXT_STRUCT_NAME, &(kind, bytes))
                }
                Some(Tagged::Dict(key, value)) => {
                    let mut dict = serializer.serialize_map(Some(1))?;
                    dict.serialize_entry(key, &Packed(value, deeper()?))?;
                    dict.end()
                }
                None => {
                    let depth = deeper()?;
                    serializer.collect_map(items.iter().map(|(key, value)| (key, Packed(value, depth))))
                }
            },
            plain => plain.serialize(serializer),
        }
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

/// The meaning of an object with a tag.
enum Tagged<'v> {
    Bytes(Bytes),
    Extension(i8, Bytes),
    /// A dictionary with this one item.
    Dict(&'v str, &'v Value),
}

/// Returns the meaning of this object, or `None` if it has no tag.
fn tagged(items: &Map<String, Value>) -> Option<Tagged<'_>> {
    let (key, value) = only(items)?;
    meaning(key, value)
}

fn only(items: &Map<String, Value>) -> Option<(&str, &Value)> {
    items.iter().next().filter(|_| items.len() == 1).map(|(key, value)| (key.as_str(), value))
}

/// Returns the meaning of an object with only this item. Only a complete and exact tag has one, so that every other
/// object is read back unchanged.
fn meaning<'v>(tag: &str, value: &'v Value) -> Option<Tagged<'v>> {
    match tag {
        BYTES => bytes(value).map(Tagged::Bytes),
        EXTENSION => {
            let [kind, value] = value.as_array()?.as_slice() else { return None };
            Some(Tagged::Extension(i8::try_from(kind.as_i64()?).ok()?, bytes(value)?))
        }
        DICT => {
            let (key, value) = only(value.as_object()?)?;
            let key = key.strip_suffix(ESCAPE)?;
            meaning(key, value).map(|_| Tagged::Dict(key, value))
        }
        _ => None,
    }
}

fn bytes(value: &Value) -> Option<Bytes> {
    STANDARD.decode(value.as_str()?).ok().map(Bytes)
}

/// The rest of a record, which has not been read yet.
struct Reader<'r>(&'r [u8]);

impl<'r> Reader<'r> {
    /// Returns the type of the next value without reading it.
    fn marker(&self) -> Result<Marker, &'static str> {
        self.0.first().map(|first| Marker::from_u8(*first)).ok_or(CUT_OFF)
    }

    /// Reads a value in which this many levels may be nested.
    fn value(&mut self, depth: usize) -> Result<Value, &'static str> {
        use Marker::*;
        Ok(match self.marker()? {
            Null => self.read(read_nil).map(|()| Value::Null)?,
            True | False => self.read(read_bool)?.into(),
            FixPos(_) | U8 | U16 | U32 | U64 => self.read(read_int::<u64, _>)?.into(),
            FixNeg(_) | I8 | I16 | I32 | I64 => self.read(read_int::<i64, _>)?.into(),
            F32 => float(self.read(read_f32)?.into())?,
            F64 => float(self.read(read_f64)?)?,
            FixStr(_) | Str8 | Str16 | Str32 => self.text()?.into(),
            Bin8 | Bin16 | Bin32 => {
                let length = self.read(read_bin_len)?;
                json!({ BYTES: STANDARD.encode(self.take(length)?) })
            }
            FixArray(_) | Array16 | Array32 => self.list(depth)?,
            FixMap(_) | Map16 | Map32 => self.dict(depth)?,
            FixExt1 | FixExt2 | FixExt4 | FixExt8 | FixExt16 | Ext8 | Ext16 | Ext32 => self.extension()?,
            Reserved => return Err("MessagePack does not have this type"),
        })
    }

    fn list(&mut self, depth: usize) -> Result<Value, &'static str> {
        let (length, depth) = (self.read(read_array_len)?, depth.checked_sub(1).ok_or(TOO_DEEP)?);
        // One after the other, because the stated length may be false.
        (0..length).map(|_| self.value(depth)).collect()
    }

    fn dict(&mut self, depth: usize) -> Result<Value, &'static str> {
        let dict: Map<_, _> = self.items(depth)?;
        Ok(match only(&dict).filter(|(key, value)| meaning(key, value).is_some()) {
            Some((key, value)) => json!({ DICT: { format!("{key}{ESCAPE}"): value } }),
            None => dict.into(),
        })
    }

    /// Reads a dictionary. If a key occurs more than once, the last item counts.
    fn items<D: FromIterator<(String, Value)>>(&mut self, depth: usize) -> Result<D, &'static str> {
        let (length, depth) = (self.read(read_map_len)?, depth.checked_sub(1).ok_or(TOO_DEEP)?);
        (0..length).map(|_| Ok((self.key()?, self.value(depth)?))).collect()
    }

    fn key(&mut self) -> Result<String, &'static str> {
        match self.marker()? {
            Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => self.text().map(str::to_owned),
            _ => Err("a key is not text"),
        }
    }

    fn text(&mut self) -> Result<&'r str, &'static str> {
        let length = self.read(read_str_len)?;
        std::str::from_utf8(self.take(length)?).map_err(|_| "a text is not UTF-8")
    }

    fn extension(&mut self) -> Result<Value, &'static str> {
        let about = self.read(read_ext_meta)?;
        let value = self.take(about.size)?;
        if about.typeid == DATE && !is_date(value) {
            return Err("a date is not valid");
        }
        Ok(json!({ EXTENSION: [about.typeid, STANDARD.encode(value)] }))
    }

    /// Reads with this function of `rmp`. The type is known, so it fails only where the record ends.
    fn read<T, E>(&mut self, read: impl FnOnce(&mut &'r [u8]) -> Result<T, E>) -> Result<T, &'static str> {
        read(&mut self.0).map_err(|_| CUT_OFF)
    }

    fn take(&mut self, length: u32) -> Result<&'r [u8], &'static str> {
        let length = usize::try_from(length).map_err(|_| CUT_OFF)?;
        let (first, rest) = self.0.split_at_checked(length).ok_or(CUT_OFF)?;
        self.0 = rest;
        Ok(first)
    }
}

fn float(number: f64) -> Result<Value, &'static str> {
    Number::from_f64(number).map(Value::Number).ok_or("JSON does not have this number")
}

/// Whether msgspec reads these bytes as a date: seconds, with or without nanoseconds, in the years 1 to 9999.
fn is_date(bytes: &[u8]) -> bool {
    let (nanoseconds, seconds) = match *bytes {
        [a, b, c, d] => (0, u32::from_be_bytes([a, b, c, d]).into()),
        [a, b, c, d, e, f, g, h] => {
            let both = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
            (both >> 34, (both & ((1 << 34) - 1)).cast_signed())
        }
        [a, b, c, d, ref seconds @ ..] => {
            let Ok(seconds) = seconds.try_into() else { return false };
            (u32::from_be_bytes([a, b, c, d]).into(), i64::from_be_bytes(seconds))
        }
        _ => return false,
    };
    let date = OffsetDateTime::from_unix_timestamp(seconds);
    nanoseconds < 1_000_000_000 && date.is_ok_and(|date| (1..=9999).contains(&date.year()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_does_not_have_comes_back_to_messagepack_as_it_was() {
        // {"a": bytes 00 ff, "b": a date of msgspec, "c": {" b": ""}, "d": [nil, -1, 1.5, 2^64-1, {}, "é"]}
        let record = [
            &b"\x84\xa1a\xc4\x02\x00\xff\xa1b\xd6\xff\x65\x53\xf1\x00\xa1c\x81\xa2 b\xa0\xa1d\x96\xc0\xff"[..],
            b"\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00\xcf\xff\xff\xff\xff\xff\xff\xff\xff\x80\xa2\xc3\xa9",
        ];
        let record = record.concat();
        let data = decode(&record).unwrap();
        assert_eq!(data["a"], json!({ " b": "AP8=" }));
        assert_eq!(data["b"], json!({ " e": [-1, "ZVPxAA=="] }));
        assert_eq!(data["c"], json!({ " di": { " b__": "" } }));
        assert_eq!(data["d"], json!([null, -1, 1.5, u64::MAX, {}, "é"]));
        assert_eq!(encode(&data).unwrap(), record);
    }

    #[test]
    fn an_object_that_only_resembles_a_tag_comes_back_as_it_was() {
        for value in [
            json!({ " b": 1 }),
            json!({ " b": "AP8" }),
            json!({ " b": "AP8=", "c": 1 }),
            json!({ " e": [-1, "no date", 3] }),
            json!({ " e": [200, "AP8="] }),
            json!({ " di": {} }),
            json!({ " di": { "a__": 1 } }),
            json!({ " di": { " b__": 1 } }),
            json!({ " di": { " di__": { " b__": "AP8=" } } }),
            json!({ " di": { " di__": { " di____": { " b____": "AP8=" } } } }),
        ] {
            let data = Data::from([("a".to_owned(), value)]);
            assert_eq!(decode(&encode(&data).unwrap()).unwrap(), data);
        }
    }

    #[test]
    fn data_that_is_nested_too_deep_is_neither_read_nor_written() {
        let nested = |lists: usize| (1..lists).fold(json!([]), |value, _| json!([value]));
        let data = |lists| Data::from([("a".to_owned(), nested(lists))]);
        let record = |lists: usize| [b"\x81\xa1a", &vec![0x91; lists - 1][..], b"\x90"].concat();
        assert_eq!(decode(&record(DEPTH - 1)), Ok(data(DEPTH - 1)));
        assert_eq!(encode(&data(DEPTH - 1)).unwrap(), record(DEPTH - 1));
        assert_eq!(decode(&record(DEPTH)), Err(TOO_DEEP));
        assert!(encode(&data(DEPTH)).unwrap_err().to_string().contains(TOO_DEEP));
        assert_eq!(decode(&record(1_000_000)), Err(TOO_DEEP));
    }

    #[test]
    fn what_is_no_record_of_a_session_is_an_error() {
        for record in [
            &b""[..],
            b"\x01",                                          // a number
            b"\x81\x01\x02",                                  // a key that is not text
            b"\x81\xa1a\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", // NaN
            b"\x81\xa1a\xa5abc",                              // cut off
            b"\x81\xa1a\xa1\xff",                             // a text that is not UTF-8
            b"\x81\xa1a\x81\xc4\x01k\x01",                    // bytes as a key
            b"\x81\xa1a\xdd\xff\xff\xff\xff",                 // a list that is not there
            b"\x80\x04\x95}.",                                // a pickle
        ] {
            assert!(decode(record).is_err(), "{record:?}");
        }
    }
}
