//! Changes of a document as byte patches: only the bytes that must change do.
//!
//! A change is planned as edits of the text, and [`apply`] reads the result again and compares
//! its data with the same change made on the data; what differs is refused, so no caller is
//! given a text that means something else. This file resolves places and verifies; `block` and
//! `flow` know the two layouts, `data` what a change means.

mod block;
mod data;
mod flow;
mod render;

use std::fmt;

use data::Data;

use super::document::Document;
use super::node::{Entry, NodeId, NodeKind, Shape};
use super::path::{Path, Segment};
use crate::text::{self, Edit, Span};

/// A change of one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Another value at a place that is there. A scalar keeps its quotes where they can hold the
    /// new text.
    Replace {
        /// The place.
        at: Path,
        /// Its new value.
        value: Value,
    },
    /// A new entry of a mapping, or a new item of a list.
    Insert {
        /// The mapping or list.
        into: Path,
        /// How many of its entries stand before the new one.
        position: usize,
        /// The key for a mapping, `None` for a list. May not be there yet.
        key: Option<String>,
        /// The value.
        value: Value,
    },
    /// An entry or item less, with the comment lines directly above it and the comment on its
    /// line. A mapping or list that loses its last one stays, as `{}` or `[]`.
    Remove {
        /// The place.
        at: Path,
    },
}

/// A value to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A string: quoted where Helm or we would not read that string otherwise.
    Text(String),
    /// A plain scalar as it is, for numbers and truth values: `true`, `90`.
    Plain(String),
    /// A mapping, in this order.
    Mapping(Vec<(String, Value)>),
    /// A list.
    Sequence(Vec<Value>),
}

impl Value {
    /// A string.
    pub fn text(text: impl Into<String>) -> Self {
        Value::Text(text.into())
    }
}

/// Why a change is not made: its place is not there, the document holds something whose meaning
/// would change elsewhere, or its layout is one that we cannot patch with certainty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// One line, lower case, no full stop. May quote the text.
    pub message: String,
    /// Where.
    pub span: Span,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refused {}

fn refused<T>(message: impl Into<String>, span: Span) -> Result<T, Refused> {
    Err(Refused { message: message.into(), span })
}

/// The text after a change. It has been read again and holds exactly the changed data.
///
/// ```
/// use sysbom::yaml::{Change, Document, Path, Value, apply};
/// let document = Document::parse("images:\n  app: {tag: 'v1'} # the app\n")?;
/// let at = Path::of_keys(["images", "app", "tag"]);
/// let text = apply(&document, &Change::Replace { at, value: Value::text("v2") })?;
/// assert_eq!(text, "images:\n  app: {tag: 'v2'} # the app\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn apply(document: &Document, change: &Change) -> Result<String, Refused> {
    patched(document, change).map(|document| document.text().to_owned())
}

/// The document after several changes, each made on the result of those before it.
pub fn apply_all(document: &Document, changes: &[Change]) -> Result<Document, Refused> {
    let mut now = None;
    for change in changes {
        now = Some(patched(now.as_ref().unwrap_or(document), change)?);
    }
    Ok(now.unwrap_or_else(|| document.clone()))
}

fn patched(document: &Document, change: &Change) -> Result<Document, Refused> {
    let edits = plan(document, change)?;
    let whole = Span::new(0, document.text().len());
    let meant = Data::of(document).changed(change).expect("a planned change has its place");
    let Some(text) = text::apply(document.text(), &edits) else {
        return refused("the layout here cannot be patched", whole);
    };
    match Document::parse(text) {
        Ok(result) if Data::of(&result) == meant => Ok(result),
        Ok(_) => refused("the layout here cannot be patched: other values would change too", whole),
        Err(fault) => refused(format!("the layout here cannot be patched: {fault}"), whole),
    }
}

/// The edits of a change, not verified: [`apply`] verifies them. For callers that show edits.
pub fn plan(document: &Document, change: &Change) -> Result<Vec<Edit>, Refused> {
    match change {
        Change::Replace { at, value } => {
            let (slot, node) = find(document, at)?;
            refuse_shared(document, document.node(node).full_span())?;
            Ok(replace(document, slot.as_ref(), node, value))
        }
        Change::Insert { into, position, key, value } => {
            let (_, container) = find(document, into)?;
            refuse_shared(document, Span::at(document.node(container).span.start))?;
            insert(document, container, *position, key.as_deref(), value)
        }
        Change::Remove { at } => {
            let (slot, node) = find(document, at)?;
            let Some(slot) = slot else {
                return refused("the document as a whole cannot be removed", document.node(node).span);
            };
            refuse_shared(document, slot.child().span())?;
            remove(document, &slot)
        }
    }
}

/// An entry or item as both kinds of collections have it.
#[derive(Clone, Copy, Debug)]
struct Child {
    /// Where it begins: its `?`, `-`, key or value.
    start: usize,
    /// Where its last written part ends.
    end: usize,
    /// After its `:` or `-`; `None` where there is none, as in `[a]` and `{a}`.
    after_indicator: Option<usize>,
    key: Option<NodeId>,
    value: NodeId,
}

impl Child {
    fn span(&self) -> Span {
        Span::new(self.start, self.end)
    }
}

/// Everything a collection holds.
fn children(document: &Document, container: NodeId) -> Vec<Child> {
    let end = |id: NodeId| document.node(id).full_span().end;
    let flow = is_flow(document, container);
    match &document.node(container).kind {
        NodeKind::Mapping { entries, .. } => entries
            .iter()
            .map(|entry| Child {
                start: entry.start,
                end: end(entry.key).max(end(entry.value)).max(after_colon(document, entry, flow)),
                after_indicator: entry.colon.map(|colon| colon + 1),
                key: Some(entry.key),
                value: entry.value,
            })
            .collect(),
        NodeKind::Sequence { items, .. } => items
            .iter()
            .map(|item| {
                let after_dash = (!flow).then_some(item.start + 1);
                Child {
                    start: item.start,
                    end: end(item.value).max(after_dash.unwrap_or(0)),
                    after_indicator: after_dash,
                    key: None,
                    value: item.value,
                }
            })
            .collect(),
        NodeKind::Scalar { .. } | NodeKind::Alias(_) => Vec::new(),
    }
}

/// After the colon of an entry, and in flow style after the blank that a colon needs.
fn after_colon(document: &Document, entry: &Entry, flow: bool) -> usize {
    let after = entry.colon.map_or(0, |colon| colon + 1);
    if flow && document.text()[after..].starts_with(' ') { after + 1 } else { after }
}

/// A child and where it is held.
#[derive(Clone, Debug)]
struct Slot {
    container: NodeId,
    /// The container's own slot, as far as a value put in its place must know it.
    outer: Option<Box<Slot>>,
    children: Vec<Child>,
    index: usize,
}

impl Slot {
    fn child(&self) -> Child {
        self.children[self.index]
    }
}

/// The node at a path, and its slot unless it is the root.
fn find(document: &Document, path: &Path) -> Result<(Option<Slot>, NodeId), Refused> {
    let Some(mut node) = document.root() else {
        return refused("the document holds nothing", Span::at(0));
    };
    let mut slot: Option<Slot> = None;
    for segment in path.segments() {
        let children = children(document, node);
        let index = match segment {
            Segment::Key(key) => index_of(document, &children, key)?,
            Segment::Index(index) => {
                let is_list = matches!(document.node(node).kind, NodeKind::Sequence { .. });
                Some(*index).filter(|index| is_list && *index < children.len())
            }
        };
        let Some(index) = index else {
            return refused(format!("`{path}` is not there"), document.node(node).span);
        };
        let value = children[index].value;
        slot = Some(Slot { container: node, outer: slot.map(Box::new), children, index });
        node = value;
    }
    Ok((slot, node))
}

fn index_of(document: &Document, children: &[Child], key: &str) -> Result<Option<usize>, Refused> {
    let has_key = |child: &Child| child.key.is_some_and(|id| document.scalar(id) == Some(key));
    let mut found = children.iter().enumerate().filter(|(_, child)| has_key(child));
    let first = found.next().map(|(index, _)| index);
    match found.next() {
        Some((_, second)) => refused(format!("the key `{key}` stands twice"), second.span()),
        None => Ok(first),
    }
}

/// Refuses to change bytes that an alias repeats elsewhere: they hold an anchor, or stand in
/// something anchored, that an alias outside of them names.
fn refuse_shared(document: &Document, changed: Span) -> Result<(), Refused> {
    for (_, node) in document.nodes() {
        let NodeKind::Alias(target) = node.kind else { continue };
        let target = document.node(target).full_span();
        let touches = target.covers(changed) || changed.covers(target);
        if touches && !(changed.covers(node.span) && changed.covers(target)) {
            return refused("an alias repeats this elsewhere", node.span);
        }
    }
    Ok(())
}

fn is_flow(document: &Document, collection: NodeId) -> bool {
    match document.node(collection).kind {
        NodeKind::Mapping { shape, .. } | NodeKind::Sequence { shape, .. } => shape == Shape::Flow,
        NodeKind::Scalar { .. } | NodeKind::Alias(_) => false,
    }
}

fn replace(document: &Document, slot: Option<&Slot>, node: NodeId, value: &Value) -> Vec<Edit> {
    match slot {
        None => vec![Edit::replace(document.node(node).full_span(), render::alone(document, node, value))],
        Some(slot) if is_flow(document, slot.container) => flow::replace(document, slot, value),
        Some(slot) => block::replace(document, slot, value),
    }
}

fn insert(
    document: &Document,
    container: NodeId,
    position: usize,
    key: Option<&str>,
    value: &Value,
) -> Result<Vec<Edit>, Refused> {
    let span = document.node(container).span;
    let children = children(document, container);
    let is_mapping = matches!(document.node(container).kind, NodeKind::Mapping { .. });
    let is_sequence = matches!(document.node(container).kind, NodeKind::Sequence { .. });
    let fits = if key.is_some() { is_mapping } else { is_sequence };
    if !fits {
        return refused("an entry with a key goes into a mapping, one without into a list", span);
    }
    if position > children.len() {
        return refused(format!("there is no position {position} among {}", children.len()), span);
    }
    if let Some(key) = key
        && document.get(container, key).is_some()
    {
        return refused(format!("the key `{key}` is there already"), span);
    }
    if is_flow(document, container) {
        Ok(flow::insert(document, container, &children, position, key, value))
    } else {
        block::insert(document, &children, position, key, value)
    }
}

fn remove(document: &Document, slot: &Slot) -> Result<Vec<Edit>, Refused> {
    if is_flow(document, slot.container) {
        return Ok(flow::remove(document, slot));
    }
    if slot.children.len() > 1 {
        return block::remove(document, slot);
    }
    // Without its only entry a block collection would be null.
    let empty = match document.node(slot.container).kind {
        NodeKind::Sequence { .. } => Value::Sequence(Vec::new()),
        _ => Value::Mapping(Vec::new()),
    };
    Ok(replace(document, slot.outer.as_deref(), slot.container, &empty))
}
