//! YAML with its bytes: a lossless [`Document`] over an event parser, paths into it, and edits
//! that change nothing else.
//!
//! Knows YAML 1.2 and what Helm makes of it, and nothing of manifests. Everything here reads
//! text or plans edits of text; nothing ever prints a document back from its values.

mod coercion;
mod document;
mod path;
mod profile;
mod second;

pub use coercion::{HelmReading, helm_reading};
pub use document::{
    Comment, Document, Entry, Fault, FaultKind, Item, MAX_BYTES, MAX_DEPTH, MAX_NODES, Node, NodeId,
    NodeKind, ScalarStyle, Shape,
};
pub use path::{Path, Segment};
pub use profile::{DuplicateKey, Feature, FeatureKind, duplicate_keys, features};
pub use second::{Disagreement, disagreement};
