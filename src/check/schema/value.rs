//! A node as JSON data, to compare.

use crate::yaml::{Document, NodeId, NodeKind, Resolved, resolved};

/// JSON data. Objects are sorted by key.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text.
    String(String),
    /// A list.
    Array(Vec<Value>),
    /// A mapping.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// The data of a node. Depth is limited by the document; an alias inside is taken for null,
    /// since following it could take more memory than the document has.
    pub fn of(document: &Document, node: NodeId) -> Value {
        match &document.node(node).kind {
            NodeKind::Alias(_) => Value::Null,
            NodeKind::Scalar { value, style } => match resolved(*style, value) {
                Resolved::Null => Value::Null,
                Resolved::Bool(truth) => Value::Bool(truth),
                Resolved::Number(number) => Value::Number(number),
                Resolved::String | Resolved::NotFinite => Value::String(value.clone()),
            },
            NodeKind::Sequence { items, .. } => {
                Value::Array(items.iter().map(|item| Value::of(document, item.value)).collect())
            }
            NodeKind::Mapping { entries, .. } => {
                let entry = |entry: &crate::yaml::Entry| {
                    Some((document.scalar(entry.key)?.to_owned(), Value::of(document, entry.value)))
                };
                let mut object: Vec<(String, Value)> = entries.iter().filter_map(entry).collect();
                object.sort_by(|one, two| one.0.cmp(&two.0));
                Value::Object(object)
            }
        }
    }

    /// Whether it has a type of JSON Schema; `None` if that is no type.
    pub fn is_a(&self, kind: &str) -> Option<bool> {
        Some(match kind {
            "null" => matches!(self, Value::Null),
            "boolean" => matches!(self, Value::Bool(_)),
            "number" => matches!(self, Value::Number(_)),
            "integer" => matches!(self, Value::Number(number) if number.fract() == 0.0),
            "string" => matches!(self, Value::String(_)),
            "array" => matches!(self, Value::Array(_)),
            "object" => matches!(self, Value::Object(_)),
            _ => return None,
        })
    }
}
