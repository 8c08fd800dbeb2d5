//! The system Bill of Materials: what a manifest says, as values.
//!
//! Knows manifests, components and pins, and reads them from a [`crate::yaml::Document`] so that
//! every value keeps its place. Knows nothing of rules, policies or git: where the components
//! stand in a manifest is told by a [`Layout`].

mod image;
mod layout;
mod manifest;
mod snapshot;

pub use image::{Digest, ImageName, ImageRef, Malformed, Tag};
pub use layout::{Components, Fields, Layout, PatternSegment};
pub use manifest::{Component, Field, Manifest, Pin, PinShape, Shortfall, ShortfallKind};
pub use snapshot::SnapshotId;
