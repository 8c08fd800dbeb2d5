//! Whether a merge kept what one side alone had changed. Judged by data, entry by entry: what else
//! the result holds, and how it is written, does not count.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::data::{Leaves, leaves};
use crate::bom::{Component, Field, Fields, Pin};
use crate::check::Finding;
use crate::check::file::{File, Read};
use crate::check::paste::word;
use crate::check::subject::{Merge, Subject, by_name};
use crate::text::Span;
use crate::yaml::{Document, NodeId, NodeKind, Path};

/// `side-dropped`: a merge keeps what both sides changed.
pub fn side_dropped(subject: &Subject) -> Vec<Finding> {
    subject.merges.iter().filter_map(|merge| dropped(subject, merge)).flatten().collect()
}

/// What was dropped of each side. Nothing can be said where a text cannot be read; it is judged by
/// other rules.
fn dropped(subject: &Subject, merge: &Merge) -> Option<Vec<Finding>> {
    let [ours, theirs] = merge.parents.as_slice() else { return None };
    let [ours, theirs] = [ours.as_ref()?, theirs.as_ref()?];
    let entries = |file: &File| Some(Entries::of(file.as_read()?, &subject.policy().layout.fields));
    let bases = merge.bases.iter().map(|base| base.as_ref().map_or(Some(Entries::default()), entries));
    let bases = bases.collect::<Option<Vec<_>>>()?;
    let (result, now) = (entries(&merge.result)?, entries(subject.after.manifest.as_ref()?)?);
    let [our_entries, their_entries] = [entries(ours)?, entries(theirs)?];
    let directions =
        [("their", theirs, &their_entries, &our_entries), ("our", ours, &our_entries, &their_entries)];
    let findings = directions.into_iter().filter_map(|(whose, file, moved, kept)| {
        let is_lost = |key: &&Key| {
            bases.iter().all(|base| Sides { base, moved, kept }.loses(key, &result))
                // What a later commit brought in is no longer lost.
                && now.value(key) == result.value(key)
        };
        let keys: BTreeSet<&Key> = moved.entries.keys().chain(result.entries.keys()).collect();
        let lost: Vec<&Key> = keys.into_iter().filter(is_lost).collect();
        let first = lost.first()?;
        let names: Vec<String> = lost.iter().map(ToString::to_string).collect();
        let message = format!("{} drops what {whose} side alone changed: {}", merge.label, names.join(", "));
        let was = file.excerpt(moved.place(first, &result), "what that side has");
        let at = result.place(first, moved);
        Some(merge.result.finding("side-dropped", at, message, help(subject)).because([was]))
    });
    Some(findings.collect())
}

fn help(subject: &Subject) -> String {
    let path = word(subject.system.manifest.as_str());
    format!(
        "before the commit: `git checkout -m -- {path}` merges both sides again, then `git add {path}`; after it: \
         bring the dropped change in with a commit of its own; what is to be undone on purpose is undone in a commit of \
         its own after the merge that takes it"
    )
}

/// Two sides of a merge, of which one moved an entry and the other kept it, and a base of them.
struct Sides<'e> {
    base: &'e Entries,
    moved: &'e Entries,
    kept: &'e Entries,
}

impl Sides<'_> {
    /// Whether one side alone moved this entry, and the result has it as it was before.
    fn loses(&self, key: &Key, result: &Entries) -> bool {
        let was = self.base.value(key);
        self.kept.value(key) == was
            && result.value(key) == was
            && self.moved.value(key) != was
            && !self.conflicts_around(key)
            && !self.conflicts_beside(key)
    }

    /// Whether something that holds the entry came, went or became of another kind on one side and
    /// changed on the other: then people decide for all of it.
    fn conflicts_around(&self, key: &Key) -> bool {
        let entry = [self.moved, self.base].into_iter().find_map(|side| side.entries.get(key));
        entry.into_iter().flat_map(|entry| &entry.within).any(|path| {
            let [base, moved, kept] = [self.base, self.moved, self.kept].map(|side| side.holders.get(path));
            let holds = |holder: Option<&Holder>| holder.is_some_and(|holder| holder.is_collection);
            let is_cut_open = holds(moved) && holds(kept) && (holds(base) || self.base.entries.is_empty());
            !is_cut_open && base.map(|base| &base.data) != kept.map(|kept| &kept.data)
        })
    }

    /// Whether the component that an entry belongs to conflicts in another of its entries: then
    /// people decide for the component as a whole.
    fn conflicts_beside(&self, key: &Key) -> bool {
        let Some(name) = key.component() else { return false };
        let keys = [self.base, self.moved, self.kept].into_iter().flat_map(|side| side.of_component(name));
        keys.into_iter().any(|key| self.moved_apart(key)) || self.is_renamed(name)
    }

    fn moved_apart(&self, key: &Key) -> bool {
        let [base, moved, kept] = [self.base, self.moved, self.kept].map(|side| side.value(key));
        moved != base && kept != base && moved != kept
    }

    /// Whether a component is the new name, on the side that moved it, of one that the other side
    /// changed too.
    fn is_renamed(&self, name: &str) -> bool {
        let new = Key::Pin(name.to_owned());
        let Some(pin) = self.moved.value(&new) else { return false };
        self.base.value(&new).is_none()
            && self.base.entries.iter().any(|(old, entry)| {
                entry.value == *pin
                    && self.moved.value(old).is_none()
                    && self.kept.value(old) != Some(&entry.value)
            })
    }
}

/// What a merge takes whole.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// A component's pin.
    Pin(String),
    /// Another value of a component, at a path below it.
    Within(String, String),
    /// Any other value; the experiment is one.
    At(String),
}

impl Key {
    fn component(&self) -> Option<&str> {
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
struct Entries {
    entries: BTreeMap<Key, Entry>,
    /// What stands at the paths on the way to them, and at their own.
    holders: BTreeMap<String, Holder>,
}

struct Entry {
    value: Value,
    span: Span,
    /// The parts of a pin, so that the one that differs can be shown.
    parts: Vec<(String, Span)>,
    /// The paths of what holds it, the outermost last.
    within: Vec<String>,
}

#[derive(PartialEq, Eq)]
enum Value {
    Pin(Pin),
    Data(Leaves),
}

struct Holder {
    /// Whether a merge looks into it.
    is_collection: bool,
    data: Leaves,
}

impl Entries {
    fn of(read: &Read, fields: &Fields) -> Entries {
        let named = by_name(&read.manifest);
        let chosen: BTreeMap<NodeId, &Component> =
            named.into_values().map(|component| (component.node, component)).collect();
        let mut entries = Entries::default();
        let mut pending: Vec<(NodeId, Path)> =
            read.document.root().map(|root| (root, Path::root())).into_iter().collect();
        while let Some((node, path)) = pending.pop() {
            if let Some(component) = chosen.get(&node) {
                entries.add_component(read, fields, component, &path);
                continue;
            }
            let is_whole = Some(node) == read.manifest.experiment;
            pending.extend(entries.look(&read.document, node, &path, is_whole, Key::At));
        }
        entries
    }

    fn add_component(&mut self, read: &Read, fields: &Fields, component: &Component, at: &Path) {
        let name = &component.name;
        let written = [&component.tag, &component.digest, &component.image];
        let part = |field: &&Option<Field>| field.as_ref().map(|field| (field.text.clone(), field.span));
        let pin = Entry {
            value: Value::Pin(component.pin()),
            span: component.name_span,
            parts: written.iter().filter_map(part).collect(),
            within: with_holders(at).collect(),
        };
        self.entries.insert(Key::Pin(name.clone()), pin);
        let document = &read.document;
        self.hold(document, component.node, at);
        let mut pending = named_children(document, component.node, at);
        pending.retain(|(_, path)| !fields.keys().any(|key| *path == at.key(key)));
        while let Some((node, path)) = pending.pop() {
            let within = |path: String| {
                let inside = path.strip_prefix(&at.to_string()).unwrap_or(&path).trim_start_matches('.');
                Key::Within(name.clone(), inside.to_owned())
            };
            pending.extend(self.look(document, node, &path, false, within));
        }
    }

    /// Takes note of what stands at a path, and gives what is still to be looked at below it.
    fn look(
        &mut self,
        document: &Document,
        node: NodeId,
        path: &Path,
        is_whole: bool,
        key: impl Fn(String) -> Key,
    ) -> Vec<(NodeId, Path)> {
        let children = if is_whole { Vec::new() } else { named_children(document, node, path) };
        if path.segments().is_empty() {
            return children;
        }
        if children.is_empty() {
            let entry = Entry {
                value: Value::Data(leaves(document, node)),
                span: document.node(node).span,
                parts: Vec::new(),
                within: with_holders(path).skip(1).collect(),
            };
            self.entries.insert(key(path.to_string()), entry);
        }
        self.hold(document, node, path);
        children
    }

    fn hold(&mut self, document: &Document, node: NodeId, path: &Path) {
        let is_collection = match &document.node(node).kind {
            NodeKind::Mapping { .. } => true,
            NodeKind::Sequence { .. } => !named_children(document, node, path).is_empty(),
            NodeKind::Scalar { .. } | NodeKind::Alias(_) => false,
        };
        self.holders.insert(path.to_string(), Holder { is_collection, data: leaves(document, node) });
    }

    fn of_component(&self, name: &str) -> impl Iterator<Item = &Key> {
        self.entries.keys().filter(move |key| key.component() == Some(name))
    }

    fn value(&self, key: &Key) -> Option<&Value> {
        self.entries.get(key).map(|entry| &entry.value)
    }

    /// Where an entry differs from `other`'s of the same name, or the file's beginning.
    fn place(&self, key: &Key, other: &Entries) -> Span {
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
    match &document.node(node).kind {
        NodeKind::Mapping { .. } => super::data::children(document, node, path),
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

/// A path and those above it, but for the top.
fn with_holders(path: &Path) -> impl Iterator<Item = String> {
    let above = |path: &Path| path.split_last().map(|(above, _)| above);
    std::iter::successors(Some(path.clone()), move |path| above(path))
        .take_while(|path| !path.segments().is_empty())
        .map(|path| path.to_string())
}
