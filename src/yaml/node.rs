//! What a document is made of: nodes with their bytes, comments, and the faults of a text that is none.

use crate::text::Span;

/// The most bytes a document may have: 4 MiB.
pub const MAX_BYTES: usize = 4 << 20;
/// The most mappings and sequences that may stand inside each other.
pub const MAX_DEPTH: usize = 64;
/// The most nodes (scalars, mappings, sequences, aliases) a document may have, and the most comments.
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
    /// Over [`MAX_NODES`], in nodes or in comments.
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
