//! A manifest taken apart into what a merge takes whole: pins, the experiment, other values by
//! path. Compared by data; how it is written does not count.

use std::collections::BTreeMap;
use std::fmt;

use super::data::{Hash, children, hashes};
use crate::bom::{Component, Field, Fields, Pin};
use crate::check::file::Read;
use crate::check::subject::by_name;
use crate::text::Span;
use crate::yaml::{Document, NodeId, NodeKind, Path};

/// No path is written out beyond this many bytes; what lies below is compared as a whole. A hostile
/// text could have a path of a megabyte for each of its values.
const LONGEST_PATH: usize = 200;

/// What a merge takes whole.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A component's pin.
    Pin(String),
    /// Another value of a component, at a path below it.
    Within(String, String),
    /// Any other value; the experiment is one.
    At(String),
}

impl Key {
    /// The component that it belongs to.
    pub fn component(&self) -> Option<&str> {
        match self {
            Key::Pin(name) | Key::Within(name, _) => Some(name),
            Key::At(_) => None,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Pin(name) => write!(f, "`{name}`"),
            Key::Within(name, path) => write!(f, "`{name}.{path}`"),
            Key::At(path) => write!(f, "`{path}`"),
        }
    }
}

/// A manifest taken apart into what a merge takes whole.
#[derive(Default)]
pub struct Entries {
    /// What a merge takes whole.
    pub entries: BTreeMap<Key, Entry>,
    /// What stands at the paths on the way to them, and at their own.
    pub holders: BTreeMap<String, Holder>,
}

/// One of them.
pub struct Entry {
    /// What it says.
    pub value: Value,
    span: Span,
    /// The parts of a pin, so that the one that differs can be shown.
    parts: Vec<(String, Span)>,
    /// The path of what holds it.
    pub within: Option<String>,
}

#[derive(PartialEq, Eq)]
pub enum Value {
    /// A pin, however it is written.
    Pin(Pin),
    /// Anything else.
    Data(Hash),
}

/// A document, and what stands for the data of its nodes.
struct Text<'d> {
    document: &'d Document,
    hashes: BTreeMap<NodeId, Hash>,
}

/// What stands at a path.
pub struct Holder {
    /// Whether a merge looks into it.
    pub is_collection: bool,
    /// Equal where all below it is.
    pub data: Hash,
    /// The path of what holds it.
    pub within: Option<String>,
}

impl Entries {
    /// Takes a manifest apart; `fields` are the keys of a pin.
    pub fn of(read: &Read, fields: &Fields) -> Entries {
        let named = by_name(&read.manifest);
        let chosen: BTreeMap<NodeId, &Component> =
            named.into_values().map(|component| (component.node, component)).collect();
        let mut entries = Entries::default();
        let text = Text { document: &read.document, hashes: hashes(&read.document) };
        let mut pending: Vec<(NodeId, Path)> =
            read.document.root().map(|root| (root, Path::root())).into_iter().collect();
        while let Some((node, path)) = pending.pop() {
            if let Some(component) = chosen.get(&node) {
                entries.add_component(&text, fields, component, &path);
                continue;
            }
            let is_whole = Some(node) == read.manifest.experiment;
            pending.extend(entries.look(&text, node, &path, is_whole, Key::At));
        }
        entries
    }

    fn add_component(&mut self, text: &Text, fields: &Fields, component: &Component, at: &Path) {
        let name = &component.name;
        let written = [&component.tag, &component.digest, &component.image];
        let part = |field: &&Option<Field>| field.as_ref().map(|field| (field.text.clone(), field.span));
        let pin = Entry {
            value: Value::Pin(component.pin()),
            span: component.name_span,
            parts: written.iter().filter_map(part).collect(),
            within: Some(at.to_string()),
        };
        self.entries.insert(Key::Pin(name.clone()), pin);
        self.hold(text, component.node, at);
        let mut pending = named_children(text.document, component.node, at);
        pending.retain(|(_, path)| !fields.keys().any(|key| *path == at.key(key)));
        while let Some((node, path)) = pending.pop() {
            let within = |path: String| {
                let inside = path.strip_prefix(&at.to_string()).unwrap_or(&path).trim_start_matches('.');
                Key::Within(name.clone(), inside.to_owned())
            };
            pending.extend(self.look(text, node, &path, false, within));
        }
    }

    /// Takes note of what stands at a path, and gives what is still to be looked at below it.
    fn look(
        &mut self,
        text: &Text,
        node: NodeId,
        path: &Path,
        is_whole: bool,
        key: impl Fn(String) -> Key,
    ) -> Vec<(NodeId, Path)> {
        let children = if is_whole { Vec::new() } else { named_children(text.document, node, path) };
        if path.segments().is_empty() {
            return children;
        }
        if children.is_empty() {
            let entry = Entry {
                value: Value::Data(text.hashes[&node]),
                span: text.document.node(node).span,
                parts: Vec::new(),
                within: above(path),
            };
            self.entries.insert(key(path.to_string()), entry);
        }
        self.hold(text, node, path);
        children
    }

    fn hold(&mut self, text: &Text, node: NodeId, path: &Path) {
        let is_collection = match &text.document.node(node).kind {
            NodeKind::Mapping { .. } => true,
            NodeKind::Sequence { .. } => !named_children(text.document, node, path).is_empty(),
            NodeKind::Scalar { .. } | NodeKind::Alias(_) => false,
        };
        let holder = Holder { is_collection, data: text.hashes[&node], within: above(path) };
        self.holders.insert(path.to_string(), holder);
    }

    /// The entries of a component.
    pub fn of_component(&self, name: &str) -> impl Iterator<Item = &Key> {
        self.entries.keys().filter(move |key| key.component() == Some(name))
    }

    /// What stands there.
    pub fn value(&self, key: &Key) -> Option<&Value> {
        self.entries.get(key).map(|entry| &entry.value)
    }

    /// Where an entry differs from `other`'s of the same name, or the file's beginning.
    pub fn place(&self, key: &Key, other: &Entries) -> Span {
        let Some(entry) = self.entries.get(key) else { return Span::at(0) };
        let theirs = other.entries.get(key).map_or(&[][..], |other| &other.parts);
        let differs = |(text, _): &&(String, Span)| theirs.iter().all(|(their_text, _)| their_text != text);
        let part = entry.parts.iter().find(differs).filter(|_| !theirs.is_empty());
        part.map_or(entry.span, |(_, span)| *span)
    }
}

/// The values of a mapping, or of a list whose items have names, each with its path. A merge takes
/// any other list as a whole.
fn named_children(document: &Document, node: NodeId, path: &Path) -> Vec<(NodeId, Path)> {
    if path.to_string().len() > LONGEST_PATH {
        return Vec::new();
    }
    match &document.node(node).kind {
        NodeKind::Mapping { .. } => children(document, node, path),
        NodeKind::Sequence { items, .. } => {
            let named = items.iter().map(|item| {
                let name = document.scalar(document.get(item.value, "name")?)?;
                Some((item.value, path.key(name)))
            });
            named.collect::<Option<Vec<_>>>().unwrap_or_default()
        }
        NodeKind::Scalar { .. } | NodeKind::Alias(_) => Vec::new(),
    }
}

/// The path of what holds what stands at a path, but for the top.
fn above(path: &Path) -> Option<String> {
    let (above, _) = path.split_last()?;
    (!above.segments().is_empty()).then(|| above.to_string())
}
