//! Which keys of an entry make up a pin: one value, however many keys it is written in.

use crate::bom::{Layout, PatternSegment};
use crate::yaml::Path;

use super::sides::Sides;
use super::value::Value;

/// Keys that make up a pin wherever two of them stand together, whatever the policy says: a pin
/// that nobody declared is torn as easily as one that is.
const PIN_KEYS: [&str; 6] = ["registry", "repository", "image", "tag", "digest", "sha"];

/// The parts of a pin by their keys.
pub(super) type PinParts = Vec<(String, Value)>;

/// The pin of the entry at `path` on each side, its parts taken together; empty where the entry
/// holds none.
pub(super) fn pins(layout: &Layout, path: &Path, values: &Sides<Option<Value>>) -> Sides<PinParts> {
    let parts = values.as_ref().map(|value| parts(layout, value.as_ref()));
    let is_pin = |parts: &PinParts| {
        parts.len() > 1 && parts.iter().any(|(key, _)| ["tag", "digest", "sha"].contains(&key.as_str()))
    };
    if layout.component_name(path).is_some()
        || is_pin(&parts.base)
        || is_pin(&parts.ours)
        || is_pin(&parts.theirs)
    {
        parts
    } else {
        Sides { base: PinParts::new(), ours: PinParts::new(), theirs: PinParts::new() }
    }
}

fn parts(layout: &Layout, value: Option<&Value>) -> PinParts {
    let Some(Value::Keyed { list: false, entries }) = value else { return PinParts::new() };
    let is_part = |key: &str| PIN_KEYS.contains(&key) || layout.fields.keys().any(|field| field == key);
    let is_scalar = |value: &Value| matches!(value, Value::Scalar(_) | Value::Alias(_));
    let scalars = entries.iter().filter(|(key, value)| is_part(key) && is_scalar(value));
    scalars.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// What an entry is whatever its name: the pins of the components that `below` leads to. An entry
/// without any is what it says.
pub(super) fn identity(layout: &Layout, below: &[PatternSegment], value: &Value) -> String {
    let mut found = vec![value];
    for segment in below {
        found = match segment {
            PatternSegment::Key(key) => found.into_iter().filter_map(|value| value.get(key)).collect(),
            PatternSegment::Any => {
                found.into_iter().flat_map(Value::entries).map(|(_, value)| value).collect()
            }
        };
    }
    let pins: Vec<PinParts> = found.iter().map(|value| parts(layout, Some(value))).collect();
    if pins.iter().all(Vec::is_empty) {
        return value.without("name").json();
    }
    let keyed = |parts: PinParts| Value::Keyed { list: false, entries: parts.into_iter().collect() };
    Value::List(pins.into_iter().map(keyed).collect()).json()
}
