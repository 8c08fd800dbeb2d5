//! What a document says, without how it says it: for comparing, and for reading a result back.

use std::collections::BTreeMap;

use crate::yaml::{Document, NodeId, NodeKind};

/// The data of a node. Scalars are their unquoted source text, never numbers: `1.10` and `1.1`
/// differ, `v1` and `"v1"` do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A scalar, with its tag if it has one.
    Scalar(String),
    /// A mapping, or a list whose items have unique names, by those.
    Keyed {
        /// Whether it is a list.
        list: bool,
        /// The entries.
        entries: BTreeMap<String, Value>,
    },
    /// Any other list.
    List(Vec<Value>),
    /// A mapping with keys that are no scalars, or with one key twice.
    Pairs(Vec<(Value, Value)>),
    /// An alias, by the name it uses, and a reference to what it stands for.
    Alias(String),
}

/// The data of a node. Nesting is limited by the document.
pub(super) fn value_of(document: &Document, id: NodeId) -> Value {
    let node = document.node(id);
    let tagged = |text: &str| match node.tag {
        Some(tag) => format!("{} {text}", tag.of(document.text())),
        None => text.to_owned(),
    };
    match &node.kind {
        NodeKind::Scalar { value, .. } => Value::Scalar(tagged(value)),
        NodeKind::Alias(_) => Value::Alias(node.span.of(document.text()).to_owned()),
        NodeKind::Mapping { entries, .. } => {
            let keyed: Option<BTreeMap<String, Value>> = entries
                .iter()
                .map(|entry| Some((document.scalar(entry.key)?.to_owned(), value_of(document, entry.value))))
                .collect();
            match keyed {
                Some(keyed) if keyed.len() == entries.len() => Value::Keyed { list: false, entries: keyed },
                _ => Value::Pairs(
                    entries
                        .iter()
                        .map(|e| (value_of(document, e.key), value_of(document, e.value)))
                        .collect(),
                ),
            }
        }
        NodeKind::Sequence { items, .. } => {
            let named: Option<BTreeMap<String, Value>> = items
                .iter()
                .map(|item| {
                    let name = document.scalar(document.get(item.value, "name")?)?;
                    Some((name.to_owned(), value_of(document, item.value)))
                })
                .collect();
            match named {
                Some(named) if named.len() == items.len() && !items.is_empty() => {
                    Value::Keyed { list: true, entries: named }
                }
                _ => Value::List(items.iter().map(|item| value_of(document, item.value)).collect()),
            }
        }
    }
}

impl Value {
    /// The value below a key.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Value::Keyed { entries, .. } => entries.get(key),
            Value::Scalar(_) | Value::List(_) | Value::Pairs(_) | Value::Alias(_) => None,
        }
    }

    /// The entries of a mapping or of a list of named items, by name.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&String, &Value)> {
        let entries = match self {
            Value::Keyed { entries, .. } => Some(entries),
            Value::Scalar(_) | Value::List(_) | Value::Pairs(_) | Value::Alias(_) => None,
        };
        entries.into_iter().flatten()
    }

    /// The same mapping without one key.
    pub(super) fn without(&self, key: &str) -> Value {
        let mut value = self.clone();
        if let Value::Keyed { list: false, entries } = &mut value {
            entries.remove(key);
        }
        value
    }

    /// As compact JSON: keys sorted bytewise, scalars as strings of their unquoted text. A list
    /// stays a list, its named items sorted by name.
    pub(super) fn json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }

    fn write_json(&self, out: &mut String) {
        match self {
            Value::Scalar(text) | Value::Alias(text) => out.push_str(&json_string(text)),
            Value::Keyed { list: false, entries } => {
                let pairs = entries.iter().map(|(key, value)| (json_string(key), value));
                write_pairs(pairs, out);
            }
            Value::Keyed { list: true, entries } => write_list(entries.values(), out),
            Value::List(items) => write_list(items.iter(), out),
            Value::Pairs(pairs) => {
                write_pairs(pairs.iter().map(|(key, value)| (json_string(&key.json()), value)), out);
            }
        }
    }
}

fn write_pairs<'v>(pairs: impl Iterator<Item = (String, &'v Value)>, out: &mut String) {
    out.push('{');
    for (at, (key, value)) in pairs.enumerate() {
        if at > 0 {
            out.push(',');
        }
        out.push_str(&key);
        out.push(':');
        value.write_json(out);
    }
    out.push('}');
}

fn write_list<'v>(items: impl Iterator<Item = &'v Value>, out: &mut String) {
    out.push('[');
    for (at, value) in items.enumerate() {
        if at > 0 {
            out.push(',');
        }
        value.write_json(out);
    }
    out.push(']');
}

fn json_string(text: &str) -> String {
    serde_json::to_string(text).expect("any string has a JSON form")
}
