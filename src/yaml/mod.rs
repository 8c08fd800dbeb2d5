//! YAML with its bytes: a lossless [`Document`] over an event parser, paths into it, and edits
//! that change nothing else.
//!
//! Knows YAML 1.2 and what Helm makes of it, and nothing of manifests. Everything here reads
//! text or plans edits of text; nothing ever prints a document back from its values.

mod coercion;
mod document;
mod layout;
mod lines;
mod node;
mod patch;
mod path;
mod profile;
mod quote;
mod reader;
mod second;

pub use coercion::{HelmReading, Resolved, helm_reading, resolved};
pub use document::Document;
pub use node::{
    Comment, Entry, Fault, FaultKind, Item, MAX_BYTES, MAX_DEPTH, MAX_NODES, Node, NodeId, NodeKind,
    ScalarStyle, Shape,
};
pub use patch::{Change, Refused, Value, apply, apply_all, plan};
pub use path::{Path, Segment};
pub use profile::{DuplicateKey, Feature, FeatureKind, duplicate_keys, features};
pub use quote::{quote, quote_if_needed};
pub use second::{Disagreement, disagreement};
