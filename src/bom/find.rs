//! Finding the components of a manifest where a layout says they stand.
//!
//! Knows paths, patterns and lists. What a component's value says of its pin is read in `pin`.

use std::collections::HashSet;

use crate::text::{Span, escape};
use crate::yaml::{Document, NodeId, NodeKind, Path, Segment};

use super::lookup::{Child, Lookup};
use super::{
    Component, Components, Field, Fields, Layout, PatternSegment, PinShape, RefParts, Shortfall,
    ShortfallKind,
};

/// The most bytes of a component's name: the most that Kubernetes takes for one of its own.
const MAX_NAME: usize = 253;

/// The three parts of a pin, as far as they are written.
pub(super) struct Parts {
    pub(super) image: Option<Field>,
    pub(super) tag: Option<Field>,
    pub(super) digest: Option<Field>,
}

/// Collects what a manifest says and what it lacks.
pub(super) struct Reader<'d> {
    pub(super) lookup: Lookup<'d>,
    pub(super) fields: &'d Fields,
    pub(super) components: Vec<Component>,
    pub(super) shortfalls: Vec<Shortfall>,
}

/// A value that may be a component, and how it was found.
struct Candidate {
    name: String,
    name_span: Span,
    path: Path,
    node: NodeId,
}

impl<'d> Reader<'d> {
    pub(super) fn new(document: &'d Document, layout: &'d Layout) -> Self {
        let lookup = Lookup::new(document);
        Reader { lookup, fields: &layout.fields, components: Vec::new(), shortfalls: Vec::new() }
    }

    pub(super) fn document(&self) -> &'d Document {
        self.lookup.document
    }

    pub(super) fn span(&self, node: NodeId) -> Span {
        self.document().node(node).span
    }

    pub(super) fn lacks(&mut self, kind: ShortfallKind, span: Span, message: String) {
        self.shortfalls.push(Shortfall { kind, message, span });
    }

    /// The root, if it is a mapping.
    pub(super) fn root(&mut self) -> Option<NodeId> {
        let root = self.document().root().filter(|&root| !self.document().is_missing(root));
        let Some(root) = root else {
            self.lacks(ShortfallKind::Missing, Span::at(0), "the manifest is empty".to_owned());
            return None;
        };
        if matches!(self.document().node(root).kind, NodeKind::Mapping { .. }) {
            return Some(root);
        }
        let found = self.describe(root);
        let span = self.span(root);
        self.lacks(ShortfallKind::WrongKind, span, format!("the manifest is {found}, not a mapping"));
        None
    }

    pub(super) fn components(&mut self, root: NodeId, components: &Components) {
        match components {
            Components::Below(path) => self.below(path),
            Components::Matching(pattern) => self.matching(root, pattern),
            Components::Named(named) => {
                for (name, path) in named {
                    self.named(name, path);
                }
            }
        }
        if self.components.is_empty() && self.shortfalls.is_empty() {
            let place = match components {
                Components::Below(path) => format!("below `{path}`"),
                Components::Matching(pattern) => format!("at `{}`", display_pattern(pattern)),
                Components::Named(_) => "where the policy says".to_owned(),
            };
            let span = self.place_without_components(components);
            self.lacks(ShortfallKind::Missing, span, format!("no component stands {place}"));
        }
    }

    /// Where to point when there is no component: the key they belong below, else the first byte.
    fn place_without_components(&mut self, components: &Components) -> Span {
        let found = match components {
            Components::Below(path) => self.lookup.at(path),
            Components::Matching(_) | Components::Named(_) => None,
        };
        found.map_or(Span::at(0), |found| self.span(found.key))
    }

    fn below(&mut self, path: &Path) {
        let Some(found) = self.lookup.at(path) else {
            self.lacks(ShortfallKind::Missing, Span::at(0), format!("`{path}` is missing"));
            return;
        };
        let node = self.lookup.resolve(found.value);
        match self.document().node(node).kind {
            NodeKind::Mapping { .. } | NodeKind::Sequence { .. } => {}
            NodeKind::Scalar { .. } | NodeKind::Alias(_) => {
                let (kind, span) = if self.document().is_null(node) {
                    (ShortfallKind::Missing, self.span(found.key))
                } else {
                    (ShortfallKind::WrongKind, self.span(node))
                };
                let message = format!("`{path}` is {}, not a mapping of components", self.describe(node));
                self.lacks(kind, span, message);
                return;
            }
        }
        let Some(children) = self.children(node) else { return };
        let mut names = HashSet::new();
        for child in children {
            let in_list = matches!(child.segment, Segment::Index(_));
            let candidate = match self.candidate(path, None, child) {
                Ok(candidate) => candidate,
                Err(shortfall) => {
                    self.shortfalls.push(shortfall);
                    continue;
                }
            };
            if in_list && !names.insert(candidate.name.clone()) {
                let message = format!("two entries of `{path}` are named `{}`", escape(&candidate.name));
                self.lacks(ShortfallKind::WrongKind, candidate.name_span, message);
            }
            self.component(candidate);
        }
    }

    fn children(&mut self, node: NodeId) -> Option<Vec<Child<'d>>> {
        let children = self.lookup.children(node);
        if children.is_none() {
            let span = self.span(node);
            let message = "aliases and merge keys stand for more values than are read".to_owned();
            self.lacks(ShortfallKind::WrongKind, span, message);
        }
        children
    }

    /// A child as a candidate, named by its key (behind `prefix`, joined by a dot), by its `name`
    /// or, for a one-string pin in a list, by the last part of its image name.
    fn candidate(
        &mut self,
        parent: &Path,
        prefix: Option<&str>,
        child: Child<'d>,
    ) -> Result<Candidate, Shortfall> {
        let span = self.span(child.name_node);
        let own_name = match child.segment {
            Segment::Key(_) => child.name,
            Segment::Index(_) => child.name.or_else(|| self.lookup.scalar(child.value).map(last_part)),
        };
        let Some(own_name) = own_name.filter(|name| !name.is_empty()) else {
            let message = match child.segment {
                Segment::Index(index) => format!("entry {} of `{parent}` has no `name`", index + 1),
                Segment::Key(_) => format!("a key below `{parent}` is no text"),
            };
            return Err(Shortfall { kind: ShortfallKind::Missing, message, span });
        };
        let name = match prefix {
            Some(prefix) => format!("{prefix}.{own_name}"),
            None => own_name.to_owned(),
        };
        if name.len() > MAX_NAME {
            let message = format!("the name of a component has {} bytes, more than {MAX_NAME}", name.len());
            return Err(Shortfall { kind: ShortfallKind::WrongKind, message, span });
        }
        let path = match child.segment {
            Segment::Key(key) => parent.key(&key),
            Segment::Index(index) => parent.index(index),
        };
        Ok(Candidate { name, name_span: span, path, node: child.value })
    }

    /// Follows a pattern level by level; every candidate of one level has gone through the same
    /// number of its segments.
    fn matching(&mut self, root: NodeId, pattern: &[PatternSegment]) {
        let mut level = vec![(None, Span::at(0), Path::root(), root)];
        for (depth, segment) in pattern.iter().enumerate() {
            let is_last = depth + 1 == pattern.len();
            let mut next = Vec::new();
            for (name, name_span, path, node) in level {
                match segment {
                    PatternSegment::Key(key) => {
                        if let Some(found) = self.lookup.get(node, key) {
                            next.push((name, name_span, path.key(key), found.value));
                        }
                    }
                    PatternSegment::Any => {
                        let Some(children) = self.children(node) else { return };
                        for child in children {
                            if !is_last && self.lookup.scalar(child.value).is_some() {
                                continue;
                            }
                            match self.candidate(&path, name.as_deref(), child) {
                                Ok(Candidate { name, name_span, path, node }) => {
                                    next.push((Some(name), name_span, path, node));
                                }
                                // Values without a name stand beside those that are meant: no fault.
                                Err(Shortfall { kind: ShortfallKind::Missing, .. }) => {}
                                Err(shortfall) => self.shortfalls.push(shortfall),
                            }
                        }
                    }
                }
            }
            level = next;
        }
        for (name, name_span, path, node) in level {
            if self.looks_like_pin(node) {
                let name = name.unwrap_or_else(|| path.to_string());
                self.component(Candidate { name, name_span, path, node });
            }
        }
    }

    /// Whether a value that a pattern met is meant as a pin: a text, or a mapping with one of the
    /// keys of a pin.
    fn looks_like_pin(&mut self, node: NodeId) -> bool {
        if let Some(text) = self.lookup.scalar(node) {
            return !text.is_empty() && !self.document().is_null(node);
        }
        let fields = self.fields;
        fields.keys().any(|key| self.lookup.get(node, key).is_some())
    }

    fn named(&mut self, name: &str, path: &Path) {
        let Some(found) = self.lookup.at(path) else {
            let message = format!("component `{}` is missing: nothing stands at `{path}`", escape(name));
            self.lacks(ShortfallKind::Missing, Span::at(0), message);
            return;
        };
        let name_span = if path.segments().is_empty() { Span::at(0) } else { self.span(found.key) };
        self.component(Candidate { name: name.to_owned(), name_span, path: path.clone(), node: found.value });
    }

    fn component(&mut self, candidate: Candidate) {
        let Candidate { name, name_span, path, node } = candidate;
        let resolved = self.lookup.resolve(node);
        let (shape, parts) = match self.document().node(resolved).kind {
            NodeKind::Mapping { .. } => (PinShape::Fields, self.parts_of_mapping(resolved)),
            NodeKind::Scalar { .. } if !self.document().is_null(resolved) => {
                let Some(field) = self.field_at(resolved, &path.to_string()) else { return };
                (PinShape::OneString, self.parts_of_text(&field))
            }
            _ => {
                let kind = if self.document().is_null(resolved) {
                    ShortfallKind::Missing
                } else {
                    ShortfallKind::WrongKind
                };
                let found = self.describe(resolved);
                self.lacks(kind, name_span, format!("component `{}` is {found}, not a pin", escape(&name)));
                return;
            }
        };
        let Parts { image, tag, digest } = parts;
        self.components.push(Component { name, path, node, name_span, shape, image, tag, digest });
    }

    pub(super) fn describe(&self, node: NodeId) -> &'static str {
        match self.document().node(node).kind {
            NodeKind::Scalar { .. } if self.document().is_null(node) => "empty",
            NodeKind::Scalar { .. } => "a text",
            NodeKind::Mapping { .. } => "a mapping",
            NodeKind::Sequence { .. } => "a list",
            NodeKind::Alias(_) => "an alias",
        }
    }
}

/// `app` of `ghcr.io/acme/app:v1`.
fn last_part(reference: &str) -> &str {
    let name = RefParts::split(reference).name.of(reference);
    name.rsplit('/').next().unwrap_or(name)
}

fn display_pattern(pattern: &[PatternSegment]) -> String {
    let segment = |segment: &PatternSegment| match segment {
        PatternSegment::Key(key) => key.clone(),
        PatternSegment::Any => "*".to_owned(),
    };
    pattern.iter().map(segment).collect::<Vec<_>>().join(".")
}
