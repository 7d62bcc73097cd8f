//! A secret in other letters is still one: whoever reads them reads it.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use serde_json::Value;

use crate::infer::mentions;

/// Every plain way to write these bytes as text.
pub(crate) fn spellings(secret: &[u8]) -> Vec<String> {
    let hex = |upper: bool| -> String {
        secret.iter().map(|byte| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") }).collect()
    };
    let reversed: Vec<u8> = secret.iter().rev().copied().collect();
    let mut all = vec![hex(false), hex(true), STANDARD_NO_PAD.encode(secret), URL_SAFE_NO_PAD.encode(secret)];
    all.extend([secret, &reversed].iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()));
    all
}

/// Whether a value tells this secret, in whatever letters: as text, or as a list of its bytes.
pub(crate) fn tells(value: &Value, secret: &str) -> bool {
    let bytes: Vec<Value> = secret.bytes().map(Value::from).collect();
    spellings(secret.as_bytes()).iter().any(|spelt| mentions(value, spelt)) || has_list(value, &bytes)
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
        for value in [
            json!("my wonderland!"),
            json!({ "wonderland": 1 }),
            json!([{ "deep": "776f6e6465726c616e64" }]),
            json!("776F6E6465726C616E64"),
            json!("d29uZGVybGFuZA=="),
            json!("dnalrednow"),
            json!({ "bytes": [119, 111, 110, 100, 101, 114, 108, 97, 110, 100] }),
        ] {
            assert!(tells(&value, "wonderland"), "{value}");
        }
        for value in [json!("wonder land"), json!([119, 111]), json!(null), json!("$argon2id$v=19$m=19456,t=2,p=1$abc")]
        {
            assert!(!tells(&value, "wonderland"), "{value}");
        }
    }
}
