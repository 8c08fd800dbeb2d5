//! What a policy file says, with places: settings read key by key, faults collected.
//!
//! Knows mappings, lists, texts and choices. What the settings are and what they mean is known in
//! `valid`. The file is read through a [`Document`] rather than into structs, since every value
//! keeps its span.

use std::collections::HashSet;
use std::str::FromStr;

use super::{Pattern, PolicyFault, Setting, Star};
use crate::suggest::nearest;
use crate::text::{Span, escape};
use crate::yaml::{Document, NodeId, NodeKind};

/// The most bytes a policy file may have: 256 KiB.
pub const MAX_POLICY_BYTES: usize = 256 << 10;
/// The most patterns of a policy file. Compiling one is cheap, compiling thousands is not.
const MAX_PATTERNS: usize = 1000;

/// Reads values of one document and collects what is wrong with them.
pub(super) struct Raw<'d> {
    pub(super) document: &'d Document,
    pub(super) faults: Vec<PolicyFault>,
    patterns: usize,
}

/// One key of a mapping with its value. A value that is not written, or is `null`, leaves the
/// default and is not given out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'d> {
    pub(super) key: &'d str,
    pub(super) key_span: Span,
    pub(super) value: NodeId,
}

impl<'d> Raw<'d> {
    pub(super) fn new(document: &'d Document) -> Self {
        let mut raw = Raw { document, faults: Vec::new(), patterns: 0 };
        raw.refuse_references();
        raw
    }

    pub(super) fn span(&self, node: NodeId) -> Span {
        self.document.node(node).span
    }

    pub(super) fn fault(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.faults.push(PolicyFault { message: message.into(), help: help.into(), span });
    }

    /// A policy must mean what it shows at the place where it shows it.
    fn refuse_references(&mut self) {
        let document = self.document;
        for (_, node) in document.nodes() {
            let alias = matches!(node.kind, NodeKind::Alias(_)).then_some(node.span);
            if let Some(span) = alias.or(node.anchor).or(node.tag) {
                let message = "the policy uses an anchor, an alias or a tag";
                self.fault(span, message, "write the value out where it is used");
            }
        }
    }

    /// The entries of a mapping whose keys the user chooses, each key once. `path` names the
    /// mapping in messages.
    pub(super) fn named_entries(&mut self, node: NodeId, path: &str) -> Vec<Entry<'d>> {
        let document = self.document;
        if !matches!(document.node(node).kind, NodeKind::Mapping { .. }) {
            self.wrong_kind(node, path, "a mapping");
            return Vec::new();
        }
        let mut seen = HashSet::new();
        let mut entries = Vec::new();
        for entry in document.entries(node) {
            let key_span = self.span(entry.key);
            let Some(key) = document.scalar(entry.key) else {
                self.fault(key_span, "a key of the policy is no text", "use a word as the key");
                continue;
            };
            if !seen.insert(key) {
                let message = format!("`{}` stands twice", escape(key));
                self.fault(key_span, message, "keep one of the two");
            } else if !self.document.is_null(entry.value) {
                entries.push(Entry { key, key_span, value: entry.value });
            }
        }
        entries
    }

    /// The entries of a mapping that may only have these keys.
    pub(super) fn entries(&mut self, node: NodeId, path: &str, known: &[&str]) -> Vec<Entry<'d>> {
        let mut entries = self.named_entries(node, path);
        entries.retain(|entry| {
            let is_known = known.contains(&entry.key);
            if !is_known {
                self.unknown(entry.key_span, &format!("setting `{}`", escape(entry.key)), entry.key, known);
            }
            is_known
        });
        entries
    }

    /// Says that a word is not known, and which known one may have been meant.
    pub(super) fn unknown(&mut self, span: Span, what: &str, word: &str, known: &[&str]) {
        let help = match nearest(word, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("known here: {}", quoted(known)),
        };
        self.fault(span, format!("unknown {what}"), help);
    }

    fn wrong_kind(&mut self, node: NodeId, path: &str, wanted: &str) {
        let found = match self.document.node(node).kind {
            NodeKind::Scalar { .. } => "a text",
            NodeKind::Mapping { .. } => "a mapping",
            NodeKind::Sequence { .. } => "a list",
            // Told by `refuse_references` already.
            NodeKind::Alias(_) => return,
        };
        let message = match path {
            "" => format!("the policy is {found}, not {wanted}"),
            path => format!("`{path}` is {found}, not {wanted}"),
        };
        self.fault(self.span(node), message, format!("write {wanted} here, or leave the setting out"));
    }

    /// A text.
    pub(super) fn text(&mut self, node: NodeId, path: &str) -> Option<Setting<&'d str>> {
        let Some(value) = self.document.scalar(node) else {
            self.wrong_kind(node, path, "a text");
            return None;
        };
        Some(Setting { value, span: Some(self.span(node)) })
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(
        &mut self,
        node: NodeId,
        path: &str,
        choices: &[(&str, T)],
    ) -> Option<Setting<T>> {
        let Setting { value: word, span } = self.text(node, path)?;
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == word) {
            return Some(Setting { value: *value, span });
        }
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let message = format!("`{path}` cannot be `{}`", escape(word));
        self.fault(self.span(node), message, format!("use {}", quoted(&names)));
        None
    }

    /// A text that is read further: a version, a date.
    pub(super) fn read<T: FromStr>(&mut self, node: NodeId, path: &str, help: &str) -> Option<Setting<T>> {
        let Setting { value: text, span } = self.text(node, path)?;
        if let Ok(value) = text.parse() {
            return Some(Setting { value, span });
        }
        self.fault(self.span(node), format!("`{path}` cannot be `{}`", escape(text)), help);
        None
    }

    /// The items of a list.
    pub(super) fn items(&mut self, node: NodeId, path: &str) -> Vec<NodeId> {
        if !matches!(self.document.node(node).kind, NodeKind::Sequence { .. }) {
            self.wrong_kind(node, path, "a list");
        }
        self.document.items(node).iter().map(|item| item.value).collect()
    }

    /// A pattern written as a text.
    pub(super) fn pattern(&mut self, text: &str, span: Span, star: Star) -> Option<Pattern> {
        self.counted_pattern(span, || Pattern::new(text, star))
    }

    /// A pattern for tags, written as a text.
    pub(super) fn tag_pattern(&mut self, text: &str, span: Span) -> Option<Pattern> {
        self.counted_pattern(span, || Pattern::of_tags(text))
    }

    fn counted_pattern(
        &mut self,
        span: Span,
        compile: impl FnOnce() -> Result<Pattern, String>,
    ) -> Option<Pattern> {
        self.patterns += 1;
        if self.patterns > MAX_PATTERNS {
            if self.patterns == MAX_PATTERNS + 1 {
                let message = format!("the policy has more than {MAX_PATTERNS} patterns");
                self.fault(span, message, "join patterns: `{a,b}-*`, or `re:` and a regular expression");
            }
            return None;
        }
        match compile() {
            Ok(pattern) => Some(pattern),
            Err(message) => {
                let help = "write a glob such as `ghcr.io/acme/*`, or `re:` and a regular expression";
                self.fault(span, escape(&message).to_string(), help);
                None
            }
        }
    }

    /// A list of patterns.
    pub(super) fn patterns(&mut self, node: NodeId, path: &str, star: Star) -> Vec<Pattern> {
        let mut patterns = Vec::new();
        for item in self.items(node, path) {
            if let Some(Setting { value, .. }) = self.text(item, path) {
                let span = self.span(item);
                patterns.extend(self.pattern(value, span, star));
            }
        }
        patterns
    }
}

/// `a`, `b` and `c`, as code.
fn quoted(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}
