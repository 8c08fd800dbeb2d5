//! What a JSON Schema says of the parameters of an experiment, as far as that is needed to type
//! them and to name the ones that exist.
//!
//! Knows the words that schemas of values use: `type`, `enum`, `const`, the limits of numbers,
//! `properties`, `required`, `additionalProperties`, `items`. Other words are left to whoever
//! judges the file with a full validator. Text that is somebody else's is escaped.

use serde_json::Value as Json;

use super::Refusal;
use super::values::{typed, value_of};
use crate::suggest::nearest;
use crate::text::escape;
use crate::yaml::{self, Document, NodeId, NodeKind, ScalarStyle, Value, quote_if_needed};

/// The most levels that are looked into.
const MAX_DEPTH: usize = 64;

/// Judges the experiment block of a document.
pub(super) fn judge(schema: &Json, document: &Document, node: NodeId) -> Result<(), Refusal> {
    judge_at(schema, document, node, "experiment", 0)
}

/// The schema of what stands below these keys, or why there is none.
pub(super) fn property<'s>(schema: &'s Json, keys: &[&str]) -> Result<&'s Json, Refusal> {
    let mut at = schema;
    for (depth, key) in keys.iter().enumerate() {
        let Some(properties) = at.get("properties").and_then(Json::as_object) else {
            return Ok(&Json::Bool(true));
        };
        match (properties.get(*key), at.get("additionalProperties")) {
            (Some(found), _) => at = found,
            (None, Some(Json::Bool(true))) => return Ok(&Json::Bool(true)),
            (None, Some(other @ Json::Object(_))) => at = other,
            (None, _) => return Err(unknown(&keys[..=depth], properties.keys().map(String::as_str))),
        }
    }
    Ok(at)
}

/// A word of a command line as a value of the type that a schema names, or of one of its `enum` or
/// `const`. A number keeps its text, and an array or an object is one in JSON or in YAML's flow style.
/// Where several fit, null is what is written `null`, and the rest as without a schema. `None` if the
/// schema names no type, or the word can be none of it.
pub(super) fn read_word(schema: &Json, word: &str) -> Option<Value> {
    let listed = listed(schema);
    let types = types(schema);
    if types.is_empty() && listed.is_none() {
        return None;
    }
    let plain = || Value::Plain(word.to_owned());
    // That an integer has no fraction is for the judge to say, who says it better.
    let for_integer = if types.contains(&"integer") && !types.contains(&"string") { "number" } else { "" };
    let readings = [
        (word == "null").then(plain),
        Some(typed(word)),
        is_number(word).then(plain),
        matches!(word, "true" | "false").then(plain),
        Some(Value::text(word)),
        collection(word),
    ];
    readings.into_iter().flatten().find(|value| {
        let Some(document) = alone(value) else { return false };
        let Some(node) = document.root() else { return false };
        let found = json_of(&document, node);
        let kinds = kinds(&document, node);
        (types.is_empty() || kinds.iter().any(|kind| types.contains(kind) || *kind == for_integer))
            && listed.as_ref().is_none_or(|listed| listed.iter().any(|value| same(value, &found)))
    })
}

/// What JSON calls a number; YAML and Helm call that one too.
fn is_number(word: &str) -> bool {
    serde_json::from_str::<serde_json::Number>(word).is_ok() && word.trim() == word
}

fn collection(word: &str) -> Option<Value> {
    let document = Document::parse(word).ok().filter(|found| yaml::duplicate_keys(found).is_empty())?;
    let value = value_of(&document, document.root()?)?;
    matches!(value, Value::Mapping(_) | Value::Sequence(_)).then_some(value)
}

/// A value as a document of its own; of a mapping or a sequence only the kind counts here.
fn alone(value: &Value) -> Option<Document> {
    let text = match value {
        Value::Plain(text) => text.clone(),
        Value::Text(text) => quote_if_needed(text),
        Value::Mapping(_) => "{}".to_owned(),
        Value::Sequence(_) => "[]".to_owned(),
    };
    Document::parse(text).ok()
}

/// The types that a schema names; none if it names none.
fn types(schema: &Json) -> Vec<&str> {
    match schema.get("type") {
        Some(Json::String(one)) => vec![one.as_str()],
        Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The values that a schema lists, as `enum` or as `const`.
fn listed(schema: &Json) -> Option<Vec<Json>> {
    let several = schema.get("enum").and_then(Json::as_array).cloned();
    several.or_else(|| schema.get("const").map(|one| vec![one.clone()]))
}

pub(super) fn unknown<'k>(keys: &[&str], known: impl Iterator<Item = &'k str>) -> Refusal {
    let known: Vec<&str> = known.collect();
    let (last, before) = keys.split_last().expect("a parameter has a name");
    let prefix: String = before.iter().flat_map(|key| [*key, "."]).collect();
    let help = match nearest(last, known.iter().copied()) {
        Some(meant) => format!("did you mean `{}{}`?", escape(&prefix), escape(meant)),
        None => format!("known are {}", escape(&known.join(", "))),
    };
    Refusal::new(format!("the experiment has no parameter `{}{}`", escape(&prefix), escape(last)), help)
}

fn judge_at(
    schema: &Json,
    document: &Document,
    node: NodeId,
    path: &str,
    depth: usize,
) -> Result<(), Refusal> {
    if depth > MAX_DEPTH || !schema.is_object() {
        return Ok(());
    }
    let name = escape(path);
    let wrong = |what: String| Err(Refusal::new(what, "see the JSON Schema that `.sysbom.yaml` names"));
    let (allowed, found) = (types(schema), kinds(document, node));
    if !allowed.is_empty() && !allowed.iter().any(|kind| found.contains(kind)) {
        return wrong(format!("`{name}` is {}, and must be {}", found[0], escape(&allowed.join(" or "))));
    }
    let found = json_of(document, node);
    if let Some(allowed) = listed(schema)
        && !allowed.iter().any(|value| same(value, &found))
    {
        let list: Vec<String> = allowed.iter().take(20).map(ToString::to_string).collect();
        return wrong(format!("`{name}` must be one of {}", escape(&list.join(", "))));
    }
    if let Some(number) = found.as_f64() {
        let limit = |word: &str| schema.get(word).and_then(Json::as_f64);
        let is_within = limit("minimum").is_none_or(|least| number >= least)
            && limit("maximum").is_none_or(|most| number <= most)
            && limit("exclusiveMinimum").is_none_or(|least| number > least)
            && limit("exclusiveMaximum").is_none_or(|most| number < most);
        if !is_within {
            return wrong(format!("`{name}` is {number}, outside of its limits"));
        }
    }
    for entry in document.entries(node) {
        let Some(key) = document.scalar(entry.key) else { continue };
        let inner = format!("{path}.{key}");
        let keys: Vec<&str> = inner.split('.').skip(1).collect();
        let Ok(schema) = property(schema, &[key]) else {
            let properties = schema.get("properties").and_then(Json::as_object);
            let known = properties.into_iter().flat_map(|known| known.keys().map(String::as_str));
            return Err(unknown(&keys, known));
        };
        judge_at(schema, document, entry.value, &inner, depth + 1)?;
    }
    if let (NodeKind::Mapping { .. }, Some(required)) = (&document.node(node).kind, schema.get("required")) {
        let keys = required.as_array().into_iter().flatten().filter_map(Json::as_str);
        if let Some(missing) = keys.into_iter().find(|key| document.get(node, key).is_none()) {
            return wrong(format!("`{name}.{}` is missing", escape(missing)));
        }
    }
    if let Some(items) = schema.get("items") {
        for (index, item) in document.items(node).iter().enumerate() {
            judge_at(items, document, item.value, &format!("{path}[{index}]"), depth + 1)?;
        }
    }
    Ok(())
}

/// What a value is to JSON Schema; the first is what to call it.
fn kinds(document: &Document, node: NodeId) -> &'static [&'static str] {
    match &document.node(node).kind {
        NodeKind::Mapping { .. } => &["object"],
        NodeKind::Sequence { .. } => &["array"],
        NodeKind::Scalar { .. } | NodeKind::Alias(_) => match json_of(document, node) {
            Json::Null => &["null"],
            Json::Bool(_) => &["boolean"],
            Json::Number(number) if number.as_f64().is_some_and(|number| number.fract() == 0.0) => {
                &["integer", "number"]
            }
            Json::Number(_) => &["number"],
            _ => &["string"],
        },
    }
}

/// A scalar as JSON; anything else is null.
fn json_of(document: &Document, node: NodeId) -> Json {
    match &document.node(node).kind {
        NodeKind::Scalar { value, style }
            if *style == ScalarStyle::Plain && quote_if_needed(value) != *value =>
        {
            match value.as_str() {
                "" | "~" | "null" => Json::Null,
                "true" => Json::Bool(true),
                "false" => Json::Bool(false),
                number => number
                    .parse::<f64>()
                    .ok()
                    .and_then(serde_json::Number::from_f64)
                    .map_or_else(|| Json::String(value.clone()), Json::Number),
            }
        }
        NodeKind::Scalar { value, .. } => Json::String(value.clone()),
        NodeKind::Mapping { .. } | NodeKind::Sequence { .. } | NodeKind::Alias(_) => Json::Null,
    }
}

fn same(one: &Json, two: &Json) -> bool {
    match (one.as_f64(), two.as_f64()) {
        (Some(one), Some(two)) => (one - two).abs() < f64::EPSILON,
        _ => one == two,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(block: &str) -> Result<(), String> {
        let schema = serde_json::json!({
            "type": "object",
            "required": ["canaryWeight"],
            "properties": {
                "canaryWeight": {"type": "integer", "minimum": 0, "maximum": 100},
                "mode": {"enum": ["fast", "slow"]},
                "on": {"type": "boolean"},
                "note": {"type": "string"},
                "load": {"type": "object", "properties": {"users": {"type": "number"}}, "additionalProperties": true},
                "steps": {"type": "array", "items": {"type": "integer"}},
            }
        });
        let document = Document::parse(block).expect(block);
        judge(&schema, &document, document.root().expect("a mapping")).map_err(|refusal| refusal.message)
    }

    #[test]
    fn a_block_is_judged_by_type_and_limit_and_name() {
        assert_eq!(
            judged(
                "{canaryWeight: 10, mode: fast, on: true, note: '1', load: {users: 1.5, x: y}, steps: [1, 2]}"
            ),
            Ok(())
        );
        for (block, message) in [
            ("{canaryWeight: 101}", "`experiment.canaryWeight` is 101, outside of its limits"),
            ("{canaryWeight: '10'}", "`experiment.canaryWeight` is string, and must be integer"),
            ("{canaryWeight: 1.5}", "`experiment.canaryWeight` is number, and must be integer"),
            ("{canaryWeight: 10, mode: medium}", "`experiment.mode` must be one of \"fast\", \"slow\""),
            ("{canaryWeight: 10, on: yes}", "`experiment.on` is string, and must be boolean"),
            (
                "{canaryWeight: 10, load: {users: many}}",
                "`experiment.load.users` is string, and must be number",
            ),
            ("{canaryWeight: 10, steps: [1, x]}", "`experiment.steps[1]` is string, and must be integer"),
            ("{canaryWeight: 10, canaryWieght: 5}", "the experiment has no parameter `canaryWieght`"),
            ("{on: true}", "`experiment.canaryWeight` is missing"),
        ] {
            assert_eq!(judged(block), Err(message.to_owned()), "{block}");
        }
    }
}
