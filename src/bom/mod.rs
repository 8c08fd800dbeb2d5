//! The system Bill of Materials: what a manifest says, as values.
//!
//! Knows manifests, components and pins, and reads them from a [`crate::yaml::Document`] so that
//! every value keeps its place. Knows nothing of rules, policies or git: where the components
//! stand in a manifest is told by a [`Layout`].

mod find;
mod image;
mod layout;
mod lookup;
mod manifest;
mod pin;
mod snapshot;

pub use image::{Digest, ImageName, ImageRef, Malformed, RefParts, Tag, full_name};
pub use layout::{Components, Fields, Layout, PatternSegment};
pub use manifest::{Component, Field, Manifest, Pin, PinShape, Shortfall, ShortfallKind};
pub use snapshot::{ArchiveName, HistoryLayout, SnapshotId, archive_path};
pub(crate) use snapshot::{civil_date, is_civil_date};
