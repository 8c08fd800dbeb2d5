//! A document's data, by path or as hashes, to compare two of them without their style.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::yaml::{Document, Entry, NodeId, NodeKind, Path};

/// Scalars by their path.
pub type Leaves = BTreeMap<String, String>;

/// Stands for the data of a node: equal where that is.
pub type Hash = [u8; 32];

/// The scalars at and below a node, by path from there. An empty collection counts as a leaf.
pub fn leaves(document: &Document, node: NodeId) -> Leaves {
    let mut leaves = Leaves::new();
    let mut pending = vec![(node, Path::root())];
    while let Some((node, path)) = pending.pop() {
        let children = children(document, node, &path);
        if children.is_empty() {
            let text = match &document.node(node).kind {
                NodeKind::Scalar { value, .. } => value.clone(),
                NodeKind::Mapping { .. } | NodeKind::Sequence { .. } | NodeKind::Alias(_) => {
                    document.node(node).span.of(document.text()).to_owned()
                }
            };
            leaves.insert(path.to_string(), text);
        }
        pending.extend(children);
    }
    leaves
}

/// The values of a mapping or list, each with its path.
pub fn children(document: &Document, node: NodeId, path: &Path) -> Vec<(NodeId, Path)> {
    let entries = document.entries(node).iter();
    let keyed = entries.filter_map(|entry| Some((entry.value, path.key(document.scalar(entry.key)?))));
    let items = document.items(node).iter().enumerate().map(|(index, item)| (item.value, path.index(index)));
    keyed.chain(items).collect()
}

/// Stands for the data of every node that is a value, whatever order its keys stand in.
pub fn hashes(document: &Document) -> BTreeMap<NodeId, Hash> {
    let mut hashes = BTreeMap::new();
    if let Some(root) = document.root() {
        hash(document, root, &mut hashes);
    }
    hashes
}

/// Nesting is limited by the document.
fn hash(document: &Document, node: NodeId, hashes: &mut BTreeMap<NodeId, Hash>) -> Hash {
    let mut hasher = Sha256::new();
    match &document.node(node).kind {
        NodeKind::Scalar { value, .. } => hasher.update([b"s", value.as_bytes()].concat()),
        NodeKind::Alias(_) => {
            hasher.update([b"a", document.node(node).span.of(document.text()).as_bytes()].concat());
        }
        NodeKind::Mapping { entries, .. } => {
            let pair =
                |entry: &Entry| [hash(document, entry.key, hashes), hash(document, entry.value, hashes)];
            let mut pairs: Vec<[Hash; 2]> = entries.iter().map(pair).collect();
            pairs.sort_unstable();
            hasher.update(b"m");
            pairs.iter().flatten().for_each(|part| hasher.update(part));
        }
        NodeKind::Sequence { items, .. } => {
            hasher.update(b"l");
            for item in items {
                hasher.update(hash(document, item.value, hashes));
            }
        }
    }
    let hash = hasher.finalize().into();
    hashes.insert(node, hash);
    hash
}
