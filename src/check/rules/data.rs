//! A document's data by path, to compare two of them without their style.

use std::collections::BTreeMap;

use crate::yaml::{Document, NodeId, NodeKind, Path};

/// Scalars by their path.
pub type Leaves = BTreeMap<String, String>;

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
