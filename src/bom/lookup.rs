//! Looking values up in a document the way Helm does: through aliases and merge keys, the last of
//! two equal keys winning.
//!
//! Knows nothing of components. Every look is bounded, whatever the document refers to: an alias
//! may stand for the mapping it is in, and merge keys may multiply.

use std::collections::HashMap;

use crate::yaml::{Document, NodeId, NodeKind, Path, Segment};

/// The most mappings that one look goes through along merge keys.
const MAX_MERGED: usize = 64;
/// Mappings with more entries than this are indexed at the first look.
const SCAN_AT_MOST: usize = 8;

/// A document to look values up in, with an index of its larger mappings.
pub(super) struct Lookup<'d> {
    pub(super) document: &'d Document,
    indexes: HashMap<NodeId, HashMap<&'d str, Found>>,
    /// How many more children [`Lookup::children`] gives out.
    budget: usize,
}

/// A key with its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) key: NodeId,
    pub(super) value: NodeId,
}

/// One child of a mapping or a list.
pub(super) struct Child<'d> {
    /// The key, if it is text, or the `name` of a list entry.
    pub(super) name: Option<&'d str>,
    /// The node to point at: the key, the value of `name`, or the item.
    pub(super) name_node: NodeId,
    pub(super) segment: Segment,
    pub(super) value: NodeId,
}

impl<'d> Lookup<'d> {
    pub(super) fn new(document: &'d Document) -> Self {
        // Without aliases and merge keys no node is given out twice, so this is never reached.
        let budget = document.nodes().count() + 1;
        Lookup { document, indexes: HashMap::new(), budget }
    }

    /// The node that is meant: an alias leads to the node that it stands for.
    pub(super) fn resolve(&self, mut node: NodeId) -> NodeId {
        while let NodeKind::Alias(target) = self.document.node(node).kind {
            // An alias only ever stands for an earlier node, so this ends.
            node = target;
        }
        node
    }

    /// The text of a scalar, through an alias.
    pub(super) fn scalar(&self, node: NodeId) -> Option<&'d str> {
        self.document.scalar(self.resolve(node))
    }

    /// The entry of a mapping with this key: its own, else one that it merges in.
    pub(super) fn get(&mut self, mapping: NodeId, key: &str) -> Option<Found> {
        let mut pending = vec![mapping];
        for _ in 0..MAX_MERGED {
            let mapping = self.resolve(pending.pop()?);
            if let Some(found) = self.own(mapping, key) {
                return Some(found);
            }
            if let Some(merge) = self.own(mapping, "<<") {
                let source = self.resolve(merge.value);
                let items = self.document.items(source);
                pending.extend(items.iter().take(MAX_MERGED).rev().map(|item| item.value));
                if items.is_empty() {
                    pending.push(source);
                }
            }
        }
        None
    }

    /// The value at a path, with the key that leads to it (for a list position: the item itself).
    pub(super) fn at(&mut self, path: &Path) -> Option<Found> {
        let root = self.document.root()?;
        path.segments().iter().try_fold(Found { key: root, value: root }, |found, segment| match segment {
            Segment::Key(key) => self.get(found.value, key),
            Segment::Index(index) => {
                let item = self.document.items(self.resolve(found.value)).get(*index)?;
                Some(Found { key: item.value, value: item.value })
            }
        })
    }

    /// The children of a mapping (its own, then those it merges in) or of a list.
    /// `None` once the document has referred to more of them than it could hold itself.
    pub(super) fn children(&mut self, node: NodeId) -> Option<Vec<Child<'d>>> {
        let node = self.resolve(node);
        let items = self.document.items(node);
        let children = if items.is_empty() { self.entries(node) } else { self.items(node) };
        self.budget = self.budget.checked_sub(children.len())?;
        Some(children)
    }

    fn items(&mut self, list: NodeId) -> Vec<Child<'d>> {
        let items = self.document.items(list).iter().enumerate();
        items
            .map(|(index, item)| {
                let name = self.get(item.value, "name").map(|found| found.value);
                Child {
                    name: name.and_then(|name| self.scalar(name)),
                    name_node: name.unwrap_or(item.value),
                    segment: Segment::Index(index),
                    value: item.value,
                }
            })
            .collect()
    }

    fn entries(&mut self, mapping: NodeId) -> Vec<Child<'d>> {
        let mut children = Vec::new();
        let mut merges = Vec::new();
        for entry in self.document.entries(mapping) {
            match self.scalar(entry.key) {
                Some("<<") => merges.push(entry.value),
                name => children.push(Child {
                    name,
                    name_node: entry.key,
                    segment: Segment::Key(name.unwrap_or_default().to_owned()),
                    value: entry.value,
                }),
            }
        }
        for name in self.merged_names(&merges) {
            if self.own(mapping, name).is_some() {
                continue;
            }
            if let Some(found) = self.get(mapping, name) {
                children.push(Child {
                    name: Some(name),
                    name_node: found.key,
                    segment: Segment::Key(name.to_owned()),
                    value: found.value,
                });
            }
        }
        children
    }

    /// The keys that merge keys bring in, each once, in the order in which they are met.
    fn merged_names(&self, merges: &[NodeId]) -> Vec<&'d str> {
        let mut names = Vec::new();
        let mut seen = std::collections::HashSet::new();
        let mut pending: Vec<NodeId> = merges.iter().rev().copied().collect();
        for _ in 0..MAX_MERGED {
            let Some(node) = pending.pop().map(|node| self.resolve(node)) else { break };
            pending.extend(self.document.items(node).iter().take(MAX_MERGED).rev().map(|item| item.value));
            for entry in self.document.entries(node) {
                match self.scalar(entry.key) {
                    Some("<<") => pending.push(entry.value),
                    Some(name) if names.len() <= self.budget && seen.insert(name) => names.push(name),
                    _ => {}
                }
            }
        }
        names
    }

    /// The last entry with this key of the mapping itself.
    fn own(&mut self, mapping: NodeId, key: &str) -> Option<Found> {
        let entries = self.document.entries(mapping);
        let found = |entry: &crate::yaml::Entry| Found { key: entry.key, value: entry.value };
        if entries.len() <= SCAN_AT_MOST {
            return entries.iter().rev().find(|entry| self.scalar(entry.key) == Some(key)).map(found);
        }
        if !self.indexes.contains_key(&mapping) {
            let keyed = entries.iter().filter_map(|entry| Some((self.scalar(entry.key)?, found(entry))));
            let index = keyed.collect();
            self.indexes.insert(mapping, index);
        }
        self.indexes[&mapping].get(key).copied()
    }
}
