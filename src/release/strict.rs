//! JSON in which every key stands once. Of `"tag": "v1", "tag": "v9"` readers take the first, the
//! last or none; what two readers understand differently is nobody's wish.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::text::escape;

/// The most characters of a key that are shown.
const MAX_SHOWN: usize = 80;

/// Reads one JSON value.
///
/// # Errors
/// It is no JSON, nests too deep, or a key stands twice in one object, at any depth.
pub(super) fn read(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(bytes).map(|Once(value)| value)
}

struct Once(Value);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Once, D::Error> {
        from.deserialize_any(Values).map(Once)
    }
}

struct Values;

impl<'de> Visitor<'de> for Values {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut found = Vec::new();
        while let Some(Once(value)) = items.next_element()? {
            found.push(value);
        }
        Ok(Value::Array(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut found = Map::new();
        while let Some((key, Once(value))) = entries.next_entry::<String, Once>()? {
            if found.contains_key(&key) {
                let start: String = key.chars().take(MAX_SHOWN).collect();
                return Err(Error::custom(format!("the key `{}` stands twice", escape(&start))));
            }
            found.insert(key, value);
        }
        Ok(Value::Object(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_every_key_once_is_read_as_ever() {
        for text in [
            "null",
            "[true, -1, 18446744073709551615, 1.5, \"a\\n\", {}]",
            r#"{"a": {"a": [{"a": 1}, {"a": 2}]}}"#,
        ] {
            let expected: Value = serde_json::from_str(text).expect("it is JSON");
            assert_eq!(read(text.as_bytes()).ok(), Some(expected), "{text}");
        }
        assert!(
            read(b"{} {}").is_err() && read(b"").is_err() && read("[".repeat(60_000).as_bytes()).is_err()
        );
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_at_any_depth() {
        for text in [r#"{"a":1,"a":1}"#, r#"[{"b":{"a":1,"\u0061":2}}]"#] {
            let message = read(text.as_bytes()).expect_err(text).to_string();
            assert!(message.starts_with("the key `a` stands twice at line 1"), "{message}");
        }
    }
}
