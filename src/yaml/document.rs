//! A YAML text with a tree of byte spans laid over it.
//!
//! Knows what a document is and how to ask it; how one is made of the parser's events is for
//! `reader`, how the places are found that events leave out for `layout`.

use std::sync::Arc;

use super::coercion::{Resolved, resolved};
use super::path::{Path, Segment};
use super::reader;
use crate::text::Span;

/// The most bytes a document may have: 4 MiB.
pub const MAX_BYTES: usize = 4 << 20;
/// The most mappings and sequences that may stand inside each other.
pub const MAX_DEPTH: usize = 64;
/// The most nodes (scalars, mappings, sequences, aliases) a document may have.
pub const MAX_NODES: usize = 150_000;

/// Names a node of one [`Document`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(u32);

impl NodeId {
    pub(super) fn from_index(index: usize) -> NodeId {
        NodeId(u32::try_from(index).expect("nodes are limited to far fewer"))
    }

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// One node and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// The bytes of its content, without anchor and tag. A block collection runs from its first
    /// key or dash to the end of its last value; a value that is not written has an empty span
    /// after the `:` or `-`; a block scalar begins at its `|` or `>` and ends before the last
    /// line break that belongs to its text; blank lines below belong to it only after `|+`.
    pub span: Span,
    /// The bytes of its anchor (`&name`), if any.
    pub anchor: Option<Span>,
    /// The bytes of its tag (`!!str`), if any.
    pub tag: Option<Span>,
    /// What it is.
    pub kind: NodeKind,
}

impl Node {
    /// Its bytes with anchor and tag.
    pub fn full_span(&self) -> Span {
        let start = [self.anchor, self.tag].into_iter().flatten().map(|property| property.start).min();
        Span::new(start.unwrap_or(self.span.start).min(self.span.start), self.span.end)
    }
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// A scalar: its text after unquoting and folding, and how it is written. A value that is
    /// not written is the empty plain scalar.
    Scalar {
        /// The text after unquoting. Never resolved to a number or a truth value.
        value: String,
        /// How it is written.
        style: ScalarStyle,
    },
    /// A mapping, in source order; a key may stand twice.
    Mapping {
        /// Block or flow.
        shape: Shape,
        /// Its entries.
        entries: Vec<Entry>,
    },
    /// A sequence, in source order.
    Sequence {
        /// Block or flow.
        shape: Shape,
        /// Its items.
        items: Vec<Item>,
    },
    /// `*name`, and the node it stands for.
    Alias(NodeId),
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScalarStyle {
    /// As it is.
    Plain,
    /// `'like this'`
    SingleQuoted,
    /// `"like this"`
    DoubleQuoted,
    /// After `|`.
    Literal,
    /// After `>`.
    Folded,
}

/// How a collection is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// By lines and indentation.
    Block,
    /// In braces or brackets, or as the single pair of a flow sequence.
    Flow,
}

/// One entry of a mapping.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The key.
    pub key: NodeId,
    /// The value.
    pub value: NodeId,
    /// Where the entry begins: its `?`, or else its key with anchor and tag.
    pub start: usize,
    /// Where its `:` stands; `None` for a key without one, as in `{a, b}`.
    pub colon: Option<usize>,
}

/// One item of a sequence.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// The value.
    pub value: NodeId,
    /// Where the item begins: its `-` in block shape, else its value.
    pub start: usize,
}

/// A comment: its bytes from `#` to the end of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comment {
    /// From the `#` to before the line break.
    pub span: Span,
}

/// Why a text is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which limit or rule it breaks.
    pub kind: FaultKind,
    /// One line, lower case, no full stop.
    pub message: String,
    /// Where.
    pub span: Span,
}

/// The ways a text can fail to be one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Over [`MAX_BYTES`].
    TooLarge,
    /// Not UTF-8.
    NotUtf8,
    /// Over [`MAX_DEPTH`].
    TooDeep,
    /// Over [`MAX_NODES`].
    TooManyNodes,
    /// More than one document in the text.
    SeveralDocuments,
    /// Not YAML.
    Syntax,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

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
        reader::read(&text)
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
