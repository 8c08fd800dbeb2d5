//! Which texts are merged by structure: one readable mapping on each side, no key twice, nothing
//! that stands for something elsewhere unless it is alike on all sides.

use std::collections::HashSet;

use crate::yaml::{Document, NodeId, NodeKind, Path};

use super::Unstructured;
use super::sides::{Side, Sides};

/// The text of a side.
pub(super) fn text(side: Side, bytes: &[u8]) -> Result<&str, Unstructured> {
    std::str::from_utf8(bytes).map_err(|_| refused(side, "is not UTF-8"))
}

/// The document of a side: a mapping, or for the base nothing at all.
pub(super) fn document(side: Side, text: &str) -> Result<Document, Unstructured> {
    if holds_markers(text) {
        return Err(refused(side, "holds conflict markers"));
    }
    if indents_by_tab(text) {
        return Err(refused(side, "is indented by tabs"));
    }
    let document = Document::parse(text)
        .map_err(|fault| refused(side, &format!("cannot be read: {}", fault.message)))?;
    match document.root().map(|root| &document.node(root).kind) {
        Some(NodeKind::Mapping { .. }) => {}
        None if side == Side::Base => {}
        None => return Err(refused(side, "is empty")),
        Some(_) => return Err(refused(side, "is no mapping")),
    }
    if has_no_key(&document) {
        return Err(refused(side, "has an entry without a key"));
    }
    match twice(&document) {
        Some(key) => Err(refused(side, &format!("has the key `{key}` twice in one mapping"))),
        None => Ok(document),
    }
}

/// Anchors, aliases and merge keys make one place mean another, and a tag makes a value mean another.
/// They are merged as the text they are, which is right only while all three sides have the same of
/// them.
pub(super) fn same_references(documents: &Sides<Document>) -> Result<(), Unstructured> {
    let references = documents.as_ref().map(references);
    if references.base == references.ours && references.base == references.theirs {
        return Ok(());
    }
    Err(Unstructured { reason: "anchors, aliases, merge keys or tags differ between the sides".to_owned() })
}

/// Every anchored or tagged node and every alias, as text, in order.
fn references(document: &Document) -> Vec<&str> {
    let is_merge_key = |id: NodeId| document.scalar(id) == Some("<<");
    document
        .nodes()
        .filter(|(id, node)| {
            node.anchor.is_some()
                || node.tag.is_some()
                || matches!(node.kind, NodeKind::Alias(_))
                || is_merge_key(*id)
        })
        .map(|(_, node)| node.full_span().of(document.text()))
        .collect()
}

/// Whether a side looks cut off: it has lost the final line break that the base has, it ends
/// within or right behind a value of the base, and nothing of what followed there is left. Such a
/// text may well be YAML, and its missing end would be merged as a removal.
pub(super) fn is_cut_off(base: &Document, side: &Document) -> bool {
    let (before, after) = (leaves(base), leaves(side));
    let Some((last, value)) = after.last() else { return false };
    let Some(at) = before.iter().position(|(path, _)| path == last) else { return false };
    let left: HashSet<&Path> = after.iter().map(|(path, _)| path).collect();
    let (rest, whole) = (&before[at + 1..], before[at].1);
    let lost_the_rest = !rest.is_empty() && rest.iter().all(|(path, _)| !left.contains(path));
    whole.starts_with(value) && (lost_the_rest || (rest.is_empty() && whole != *value))
}

/// All scalars with their paths, in order.
fn leaves(document: &Document) -> Vec<(Path, &str)> {
    let mut found = Vec::new();
    let mut open: Vec<(Path, NodeId)> =
        document.root().map(|root| (Path::root(), root)).into_iter().collect();
    while let Some((path, id)) = open.pop() {
        if let Some(value) = document.scalar(id) {
            found.push((path, value));
            continue;
        }
        let entries = document.entries(id).iter().rev();
        open.extend(
            entries.map(|entry| (path.key(document.scalar(entry.key).unwrap_or_default()), entry.value)),
        );
        let items = document.items(id).iter().enumerate().rev();
        open.extend(items.map(|(at, item)| (path.index(at), item.value)));
    }
    found
}

/// Whether an entry has nothing for its key, as `: v1` has: readers do not agree on where it begins.
fn has_no_key(document: &Document) -> bool {
    document
        .nodes()
        .flat_map(|(id, _)| document.entries(id))
        .any(|entry| document.node(entry.key).span.is_empty() && document.scalar(entry.key).is_some())
}

/// A key that stands twice in one mapping.
pub(super) fn twice(document: &Document) -> Option<&str> {
    document.nodes().find_map(|(id, _)| {
        let mut seen = HashSet::new();
        let keys = document.entries(id).iter().filter_map(|entry| document.scalar(entry.key));
        keys.into_iter().find(|key| !seen.insert(*key))
    })
}

/// Whether a line begins as a conflict marker of any size from git's own up.
pub(super) fn holds_markers(text: &str) -> bool {
    let is_marker = |line: &str, mark: char| {
        let rest = line.trim_start_matches(mark);
        line.len() - rest.len() >= 7 && (rest.is_empty() || rest.starts_with([' ', '\r']))
    };
    text.lines().any(|line| ['<', '>', '|', '='].into_iter().any(|mark| is_marker(line, mark)))
}

/// A tab in a blank line is one too: readers do not agree on whether the text ends before it. Nor do
/// they on one behind a dash.
fn indents_by_tab(text: &str) -> bool {
    text.lines().any(|line| line.trim_start_matches([' ', '-', '?']).starts_with('\t'))
}

fn refused(side: Side, what: &str) -> Unstructured {
    let name = match side {
        Side::Base => "the base",
        Side::Ours => "our side",
        Side::Theirs => "their side",
    };
    Unstructured { reason: format!("{name} {what}") }
}
