//! New values as text.

use super::Value;
use crate::yaml::quote::written;
use crate::yaml::{Document, NodeId, NodeKind, ScalarStyle};

/// What text in block style stands in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Indent<'t> {
    /// The line break to use.
    pub(super) newline: &'t str,
    /// The column of the entry that gets the value.
    pub(super) column: usize,
    /// How much deeper the entries of its value stand.
    pub(super) step: usize,
}

impl Indent<'_> {
    fn deeper(self, step: usize) -> Self {
        Indent { column: self.column + step, ..self }
    }

    /// A line break and the blanks before the column.
    pub(super) fn line(self) -> String {
        format!("{}{}", self.newline, " ".repeat(self.column))
    }
}

/// A value in flow style: on one line, in braces or brackets.
pub(super) fn in_flow(value: &Value) -> String {
    match value {
        Value::Text(text) => written(text, ScalarStyle::Plain, true),
        Value::Plain(text) => text.clone(),
        Value::Mapping(entries) => {
            let entries: Vec<String> = entries.iter().map(|(key, value)| flow_entry(key, value)).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Sequence(items) => {
            format!("[{}]", items.iter().map(in_flow).collect::<Vec<_>>().join(", "))
        }
    }
}

/// `key: value` for a mapping in braces.
pub(super) fn flow_entry(key: &str, value: &Value) -> String {
    format!("{}: {}", written(key, ScalarStyle::Plain, true), in_flow(value))
}

/// A value after the `:` or `-` of an entry in block style: on the same line after a blank, or on
/// lines of its own.
pub(super) fn in_block(value: &Value, at: Indent<'_>) -> String {
    match value {
        Value::Text(text) => format!(" {}", written(text, ScalarStyle::Plain, false)),
        Value::Plain(text) => format!(" {text}"),
        Value::Mapping(entries) if !entries.is_empty() => {
            let inner = at.deeper(at.step);
            entries.iter().map(|(key, value)| inner.line() + &block_entry(key, value, inner)).collect()
        }
        Value::Sequence(items) if !items.is_empty() => {
            let inner = at.deeper(at.step);
            items.iter().map(|item| inner.line() + &block_item(item, inner)).collect()
        }
        Value::Mapping(_) | Value::Sequence(_) => format!(" {}", in_flow(value)),
    }
}

/// `key: value` for a mapping in block style whose entries stand at this column.
pub(super) fn block_entry(key: &str, value: &Value, at: Indent<'_>) -> String {
    format!("{}:{}", written(key, ScalarStyle::Plain, false), in_block(value, at))
}

/// `- value` for a list in block style whose dashes stand at this column. A mapping begins on the
/// line of its dash.
pub(super) fn block_item(value: &Value, at: Indent<'_>) -> String {
    match value {
        Value::Mapping(entries) if !entries.is_empty() => {
            let inner = at.deeper(2);
            let entries: Vec<String> =
                entries.iter().map(|(key, value)| block_entry(key, value, inner)).collect();
            format!("- {}", entries.join(&inner.line()))
        }
        Value::Text(_) | Value::Plain(_) | Value::Mapping(_) | Value::Sequence(_) => {
            format!("-{}", in_block(value, at))
        }
    }
}

/// A value in the place of the scalar, or of whatever else, `node`: in the scalar's style.
pub(super) fn in_place_of(document: &Document, node: NodeId, value: &Value, flow: bool) -> String {
    match (value, &document.node(node).kind) {
        (Value::Text(text), NodeKind::Scalar { style, .. }) => written(text, *style, flow),
        (Value::Text(text), _) => written(text, ScalarStyle::Plain, flow),
        _ => in_flow(value),
    }
}

/// A value in the place of the root.
pub(super) fn alone(document: &Document, root: NodeId, value: &Value) -> String {
    in_place_of(document, root, value, true)
}
