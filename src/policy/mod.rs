//! The policy: what `.sysbom.yaml` says, checked once and then acted on.
//!
//! Knows settings, globs and the reading of tags. Every value keeps the place that set it, so
//! that a finding can point there.

pub use crate::bom::HistoryLayout;
use crate::bom::Layout;
use crate::text::{Source, Span};

/// A value and the place in the policy file that set it; no place for a default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// The bytes of the policy file that set it.
    pub span: Option<Span>,
}

/// How a finding counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Not reported.
    Off,
    /// Reported.
    Warning,
    /// Reported, and refused.
    Error,
}

/// Whether a pin must have a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestNeed {
    /// Every pin must.
    Required,
    /// A pin may.
    Optional,
}

/// A valid policy for one system.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The file it was read from; `None` for the defaults.
    pub source: Option<Source>,
    /// Where the components stand.
    pub layout: Layout,
    /// Path of the manifest, with `{system}` if there are several.
    pub manifest: Setting<String>,
    /// How history is laid out.
    pub history: Setting<HistoryLayout>,
    /// Whether digests are needed.
    pub digest: Setting<DigestNeed>,
}
