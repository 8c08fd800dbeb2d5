//! YAML with its bytes: a lossless [`Document`] over an event parser, paths into it, and edits
//! that change nothing else.
//!
//! Knows YAML 1.2 and nothing of manifests. Everything here reads text or plans edits of text;
//! nothing ever prints a document back from its values.

mod document;
mod path;

pub use document::{
    Comment, Document, Entry, Fault, FaultKind, Item, MAX_BYTES, MAX_DEPTH, MAX_NODES, Node, NodeId,
    NodeKind, ScalarStyle, Shape,
};
pub use path::{Path, Segment};
