//! The data of a document without its bytes, and the same changes made on it: what a patched
//! text must mean.

use super::{Change, Value};
use crate::yaml::coercion::is_string_to_helm;
use crate::yaml::{Document, NodeId, NodeKind, Path, ScalarStyle, Segment};

/// A node's data. Two nodes are the same if we and Helm read the same from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Data {
    /// Its text after unquoting, and whether Helm takes it for a string.
    Scalar(String, bool),
    Mapping(Vec<(Data, Data)>),
    Sequence(Vec<Data>),
    /// By the name it is written with; what it stands for is data elsewhere in the same document.
    Alias(String),
    /// A document without a node.
    Nothing,
}

impl Data {
    pub(super) fn of(document: &Document) -> Data {
        document.root().map_or(Data::Nothing, |root| Data::of_node(document, root))
    }

    /// Depth is limited by the document.
    fn of_node(document: &Document, id: NodeId) -> Data {
        let node = document.node(id);
        match &node.kind {
            NodeKind::Scalar { value, style } => {
                let string = *style != ScalarStyle::Plain || is_string_to_helm(value);
                Data::Scalar(value.clone(), string)
            }
            NodeKind::Mapping { entries, .. } => Data::Mapping(
                entries
                    .iter()
                    .map(|entry| (Data::of_node(document, entry.key), Data::of_node(document, entry.value)))
                    .collect(),
            ),
            NodeKind::Sequence { items, .. } => {
                Data::Sequence(items.iter().map(|item| Data::of_node(document, item.value)).collect())
            }
            NodeKind::Alias(_) => Data::Alias(node.span.of(document.text()).to_owned()),
        }
    }

    fn of_value(value: &Value) -> Data {
        match value {
            Value::Text(text) => Data::text(text),
            Value::Plain(text) => Data::Scalar(text.clone(), is_string_to_helm(text)),
            Value::Mapping(entries) => Data::Mapping(
                entries.iter().map(|(key, value)| (Data::text(key), Data::of_value(value))).collect(),
            ),
            Value::Sequence(items) => Data::Sequence(items.iter().map(Data::of_value).collect()),
        }
    }

    fn text(text: &str) -> Data {
        Data::Scalar(text.to_owned(), true)
    }

    /// The data after a change; `None` if its place is not there.
    pub(super) fn changed(mut self, change: &Change) -> Option<Data> {
        match change {
            Change::Replace { at, value } => *self.at(at)? = Data::of_value(value),
            Change::Insert { into, position, key, value } => match (self.at(into)?, key) {
                (Data::Mapping(entries), Some(key)) if *position <= entries.len() => {
                    entries.insert(*position, (Data::text(key), Data::of_value(value)));
                }
                (Data::Sequence(items), None) if *position <= items.len() => {
                    items.insert(*position, Data::of_value(value));
                }
                _ => return None,
            },
            Change::Remove { at } => {
                let (parent, last) = at.split_last()?;
                match (self.at(&parent)?, last) {
                    (Data::Mapping(entries), Segment::Key(key)) => {
                        let index = position_of(entries, key)?;
                        entries.remove(index);
                    }
                    (Data::Sequence(items), Segment::Index(index)) if *index < items.len() => {
                        items.remove(*index);
                    }
                    _ => return None,
                }
            }
        }
        Some(self)
    }

    fn at(&mut self, path: &Path) -> Option<&mut Data> {
        path.segments().iter().try_fold(self, |data, segment| match (data, segment) {
            (Data::Mapping(entries), Segment::Key(key)) => {
                let index = position_of(entries, key)?;
                Some(&mut entries[index].1)
            }
            (Data::Sequence(items), Segment::Index(index)) => items.get_mut(*index),
            _ => None,
        })
    }
}

fn position_of(entries: &[(Data, Data)], key: &str) -> Option<usize> {
    entries.iter().position(|(data, _)| matches!(data, Data::Scalar(text, _) if text == key))
}
