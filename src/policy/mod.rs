//! The policy: what `.sysbom.yaml` says, checked once and then acted on.
//!
//! Knows settings, patterns, the reading of tags, and the exceptions that stand in a manifest's
//! comments. Every value keeps the place that set it, so that a finding can point there. Which
//! tree the file is read from (base's, so that a change cannot loosen its own judge) is for
//! others.

mod date;
mod exception;
mod floating;
mod layout;
mod pattern;
mod policies;
mod raw;
mod tag;
mod tag_lists;
mod valid;
mod version;

use std::collections::BTreeMap;

pub use self::date::{Date, NoDate};
pub use self::exception::{Exception, Exceptions, exceptions};
pub use self::floating::{Allow, ComponentTags, Deny, Floating, FloatingSettings, Unknown, WithDigest};
pub use self::pattern::{Pattern, Star};
pub use self::policies::{Policies, PolicyFault, System};
pub use self::raw::MAX_POLICY_BYTES;
pub use self::version::Requirement;
pub use crate::bom::HistoryLayout;
use crate::bom::Layout;
use crate::text::{Source, Span};
use crate::tree::RepoPath;

/// Where the policy stands in an operation repository.
pub const POLICY_PATH: &str = ".sysbom.yaml";
/// Where the manifest stands unless the policy says otherwise.
pub const DEFAULT_MANIFEST: &str = "releases/current.yaml";

/// A value and the place in the policy file that set it; no place for a default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// The bytes of the policy file that set it.
    pub span: Option<Span>,
}

impl<T> Setting<T> {
    /// A value that no file set.
    pub fn default_of(value: T) -> Self {
        Setting { value, span: None }
    }
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

/// Whether a release may go straight onto base, without a pull request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direct {
    /// It may.
    Allow,
    /// It may not.
    Deny,
}

/// A valid policy for one system.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The file it was read from; `None` for the defaults.
    pub source: Option<Source>,
    /// Where the components stand.
    pub layout: Layout,
    /// What set the components of [`Policy::layout`].
    pub components: Option<Span>,
    /// What set the fields of [`Policy::layout`].
    pub fields: Option<Span>,
    /// Path of the manifest, with `{system}` if there are several.
    pub manifest: Setting<String>,
    /// How history is laid out.
    pub history: Setting<HistoryLayout>,
    /// Whether digests are needed.
    pub digest: Setting<DigestNeed>,
    /// Which image names components may have.
    pub images: Vec<AllowedImages>,
    /// Which tags count as floating.
    pub floating: FloatingSettings,
    /// Path of the JSON Schema for the experiment block.
    pub experiment_schema: Setting<Option<RepoPath>>,
    /// Whether a release may go straight onto base.
    pub direct: Setting<Direct>,
    /// The levels of rules that the file sets.
    pub rules: BTreeMap<String, Setting<Level>>,
    /// The rules that an exception in the manifest itself may silence, each with its place.
    pub inline_allow: Vec<Setting<String>>,
}

/// The image names that some components may have.
#[derive(Clone, Debug)]
pub struct AllowedImages {
    /// The components, by name.
    pub components: Pattern,
    /// The image names.
    pub names: Vec<Pattern>,
    /// The place of the list.
    pub span: Span,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            source: None,
            layout: Layout::default(),
            components: None,
            fields: None,
            manifest: Setting::default_of(DEFAULT_MANIFEST.to_owned()),
            history: Setting::default_of(HistoryLayout::Flat),
            digest: Setting::default_of(DigestNeed::Required),
            images: Vec::new(),
            floating: FloatingSettings::default(),
            experiment_schema: Setting::default_of(None),
            direct: Setting::default_of(Direct::Allow),
            rules: BTreeMap::new(),
            inline_allow: Vec::new(),
        }
    }
}

impl Policy {
    /// How findings of a rule count: as the file says, else `default`.
    pub fn level(&self, rule: &str, default: Level) -> Setting<Level> {
        self.rules.get(rule).cloned().unwrap_or_else(|| Setting::default_of(default))
    }

    /// Whether `images` lets a component have this image name, and the list that decides it.
    /// `None` if no list names the component. A name may stand in any of several lists.
    pub fn allows_image(&self, component: &str, name: &str) -> Option<Setting<bool>> {
        let lists = || self.images.iter().filter(|list| list.components.fits(component));
        let listed = lists().find(|list| list.names.iter().any(|pattern| pattern.fits(name)));
        match listed {
            Some(list) => Some(Setting { value: true, span: Some(list.span) }),
            None => lists().next().map(|list| Setting { value: false, span: Some(list.span) }),
        }
    }

    /// Whether an exception that only the change itself brings may silence this rule, and the
    /// place that lets it.
    pub fn inline_allows(&self, rule: &str) -> Option<Setting<()>> {
        let listed = self.inline_allow.iter().find(|listed| listed.value == rule)?;
        Some(Setting { value: (), span: listed.span })
    }
}
