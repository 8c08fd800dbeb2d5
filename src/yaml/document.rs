//! A YAML text with a tree of byte spans laid over it.
//!
//! Knows what a document is and how to ask it; how one is made of the parser's events is for
//! `reader`, how the places are found that events leave out for `layout`.

use std::sync::Arc;

use super::coercion::{Resolved, resolved};
use super::node::{Comment, Entry, Fault, FaultKind, Item, MAX_BYTES, Node, NodeId, NodeKind, ScalarStyle};
use super::path::{Path, Segment};
use super::reader::{self, Read};
use crate::text::Span;

/// A YAML 1.2 document that keeps every byte: `Document::parse(t)?.text() == t`.
///
/// ```
/// use sysbom::yaml::{Document, Path};
/// let document = Document::parse("images:\n  app: {tag: 'v1'} # the app\n")?;
/// let tag = document.at(&Path::of_keys(["images", "app", "tag"])).expect("it is there");
/// assert_eq!(document.scalar(tag), Some("v1"));
/// assert_eq!(document.node(tag).span.of(document.text()), "'v1'");
/// # Ok::<(), sysbom::yaml::Fault>(())
/// ```
#[derive(Clone, Debug)]
pub struct Document {
    pub(super) text: Arc<str>,
    pub(super) nodes: Vec<Node>,
    pub(super) root: Option<NodeId>,
    pub(super) comments: Vec<Comment>,
    pub(super) explicit_start: bool,
}

impl Document {
    /// Reads one document. Size, nesting and number of nodes are limited, and the limits hold
    /// before memory is spent: [`MAX_BYTES`], [`MAX_DEPTH`], [`MAX_NODES`].
    pub fn parse(text: impl Into<Arc<str>>) -> Result<Document, Fault> {
        let text = text.into();
        if text.len() > MAX_BYTES {
            return Err(too_large(text.len()));
        }
        let Read { nodes, root, comments, explicit_start } = reader::read(&text)?;
        Ok(Document { text, nodes, root, comments, explicit_start })
    }

    /// Reads one document from bytes, which must be UTF-8.
    pub fn parse_bytes(bytes: &[u8]) -> Result<Document, Fault> {
        if bytes.len() > MAX_BYTES {
            return Err(too_large(bytes.len()));
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Document::parse(text),
            Err(error) => Err(Fault {
                kind: FaultKind::NotUtf8,
                message: format!(
                    "the text is not UTF-8: byte {} begins no character",
                    error.valid_up_to() + 1
                ),
                span: Span::at(error.valid_up_to()),
            }),
        }
    }

    /// The text it was read from, byte for byte.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The same text, shared.
    pub fn shared_text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// The outermost node; `None` if the text holds nothing but space and comments.
    pub fn root(&self) -> Option<NodeId> {
        self.root
    }

    /// Whether the document begins with a `---` line.
    pub fn has_explicit_start(&self) -> bool {
        self.explicit_start
    }

    /// A node by its id.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// All nodes, keys among them, in the order in which they begin.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes.iter().enumerate().map(|(index, node)| (NodeId::from_index(index), node))
    }

    /// All comments, in source order.
    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }

    /// The entries of a mapping; empty for any other node.
    pub fn entries(&self, id: NodeId) -> &[Entry] {
        match &self.node(id).kind {
            NodeKind::Mapping { entries, .. } => entries,
            NodeKind::Scalar { .. } | NodeKind::Sequence { .. } | NodeKind::Alias(_) => &[],
        }
    }

    /// The items of a sequence; empty for any other node.
    pub fn items(&self, id: NodeId) -> &[Item] {
        match &self.node(id).kind {
            NodeKind::Sequence { items, .. } => items,
            NodeKind::Scalar { .. } | NodeKind::Mapping { .. } | NodeKind::Alias(_) => &[],
        }
    }

    /// The unquoted text of a scalar; `None` for any other node.
    pub fn scalar(&self, id: NodeId) -> Option<&str> {
        match &self.node(id).kind {
            NodeKind::Scalar { value, .. } => Some(value),
            NodeKind::Mapping { .. } | NodeKind::Sequence { .. } | NodeKind::Alias(_) => None,
        }
    }

    /// Whether the node is a plain scalar that says nothing: `tag:`, `tag: ~`, `tag: null`.
    pub fn is_null(&self, id: NodeId) -> bool {
        match &self.node(id).kind {
            NodeKind::Scalar { value, style } => resolved(*style, value) == Resolved::Null,
            NodeKind::Mapping { .. } | NodeKind::Sequence { .. } | NodeKind::Alias(_) => false,
        }
    }

    /// Whether the node is a value that is not written at all, as in `tag:`.
    pub fn is_missing(&self, id: NodeId) -> bool {
        let node = self.node(id);
        matches!(node.kind, NodeKind::Scalar { style: ScalarStyle::Plain, .. }) && node.span.is_empty()
    }

    /// The first entry of a mapping with this key.
    pub fn entry(&self, mapping: NodeId, key: &str) -> Option<Entry> {
        self.entries(mapping).iter().copied().find(|entry| self.scalar(entry.key) == Some(key))
    }

    /// The value of the first entry with this key.
    pub fn get(&self, mapping: NodeId, key: &str) -> Option<NodeId> {
        self.entry(mapping, key).map(|entry| entry.value)
    }

    /// The node at a path. Aliases are not followed.
    pub fn at(&self, path: &Path) -> Option<NodeId> {
        path.segments().iter().try_fold(self.root?, |node, segment| match segment {
            Segment::Key(key) => self.get(node, key),
            Segment::Index(index) => self.items(node).get(*index).map(|item| item.value),
        })
    }
}

fn too_large(bytes: usize) -> Fault {
    Fault {
        kind: FaultKind::TooLarge,
        message: format!("the text has {bytes} bytes, more than the {MAX_BYTES} that are read"),
        span: Span::at(0),
    }
}
