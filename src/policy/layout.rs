//! `components` and `fields`: where the policy says that pins stand.
//!
//! Knows how paths, patterns and keys are written. What they find is known in `bom`.

use super::valid::Reader;
use super::{Policy, Setting};
use crate::bom::{Components, PatternSegment};
use crate::text::escape;
use crate::yaml::{NodeId, NodeKind, Path};

const COMPONENTS_HELP: &str = "write a path such as `images`, a pattern such as `\"*.image\"` (`*` stands for a \
                               whole key), or a path for each component: `{app: app.image}`";
const FIELDS_HELP: &str =
    "write `{image: image, tag: tag, digest: digest}`; `image` may join keys: `[registry, repository]`";

impl Reader<'_, '_> {
    pub(super) fn components(&mut self, node: NodeId, path: &str, policy: &mut Policy) {
        let read = match self.raw.document.node(node).kind {
            NodeKind::Mapping { .. } => {
                let entries = self.raw.named_entries(node, path);
                if entries.is_empty() {
                    self.raw.fault(
                        self.raw.span(node),
                        format!("`{path}` names no component"),
                        COMPONENTS_HELP,
                    );
                }
                let named = entries.iter().filter_map(|entry| {
                    let keys = self.keys(entry.value, &format!("{path}.{}", escape(entry.key)))?;
                    if keys.iter().any(|key| key == "*") {
                        let span = self.raw.span(entry.value);
                        self.raw.fault(
                            span,
                            "a named component stands at one path, without `*`",
                            COMPONENTS_HELP,
                        );
                    }
                    Some((entry.key.to_owned(), Path::of_keys(keys.iter().map(String::as_str))))
                });
                Some(Components::Named(named.collect()))
            }
            _ => self.keys(node, path).map(|keys| {
                if keys.iter().all(|key| key != "*") {
                    return Components::Below(Path::of_keys(keys.iter().map(String::as_str)));
                }
                let segment =
                    |key: String| if key == "*" { PatternSegment::Any } else { PatternSegment::Key(key) };
                Components::Matching(keys.into_iter().map(segment).collect())
            }),
        };
        if let Some(components) = read {
            policy.layout.components = components;
            policy.components = Some(self.raw.span(node));
        }
    }

    /// Keys joined by dots; one that holds a dot stands in double quotes: `images."a.b"`.
    fn keys(&mut self, node: NodeId, path: &str) -> Option<Vec<String>> {
        let Setting { value: text, .. } = self.raw.text(node, path)?;
        let keys = split_keys(text);
        if keys.is_none() {
            let message = format!("`{path}` cannot be `{}`", escape(text));
            self.raw.fault(self.raw.span(node), message, COMPONENTS_HELP);
        }
        keys
    }

    pub(super) fn fields(&mut self, node: NodeId, path: &str, policy: &mut Policy) {
        let mut fields = policy.layout.fields.clone();
        for entry in self.raw.entries(node, path, &["image", "tag", "digest"]) {
            let at = format!("{path}.{}", entry.key);
            match (entry.key, &self.raw.document.node(entry.value).kind) {
                ("image", NodeKind::Sequence { .. }) => {
                    let items = self.raw.items(entry.value, &at);
                    fields.image = items.iter().filter_map(|&item| self.field(item, &at)).collect();
                    if items.is_empty() {
                        self.raw.fault(
                            self.raw.span(entry.value),
                            format!("`{at}` names no key"),
                            FIELDS_HELP,
                        );
                    }
                }
                ("image", _) => fields.image = self.field(entry.value, &at).into_iter().collect(),
                ("tag", _) => fields.tag = self.field(entry.value, &at).unwrap_or_default(),
                _ => fields.digest = self.field(entry.value, &at).unwrap_or_default(),
            }
        }
        let mut keys: Vec<&str> = fields.keys().collect();
        keys.sort_unstable();
        if keys.windows(2).any(|pair| pair[0] == pair[1]) && self.raw.faults.is_empty() {
            self.raw.fault(self.raw.span(node), "two parts of a pin cannot stand under one key", FIELDS_HELP);
        }
        policy.layout.fields = fields;
        policy.fields = Some(self.raw.span(node));
    }

    fn field(&mut self, node: NodeId, path: &str) -> Option<String> {
        let Setting { value, .. } = self.raw.text(node, path)?;
        if value.is_empty() || value == "<<" {
            self.raw.fault(self.raw.span(node), format!("`{path}` names no key"), FIELDS_HELP);
            return None;
        }
        Some(value.to_owned())
    }
}

/// The keys of a dotted path. `None` if a key is empty, a quote is not closed, or a `*` does not
/// stand for a whole key.
fn split_keys(text: &str) -> Option<Vec<String>> {
    let mut keys = Vec::new();
    let mut rest = text;
    loop {
        let (key, behind) = if let Some(quoted) = rest.strip_prefix('"') {
            quoted.split_once('"')?
        } else {
            rest.split_at(rest.find('.').unwrap_or(rest.len()))
        };
        let is_quoted = rest.starts_with('"');
        if !is_quoted && (key.contains(['"', '[', ']']) || (key.contains('*') && key != "*")) {
            return None;
        }
        if key.is_empty() || key == "<<" {
            return None;
        }
        keys.push(key.to_owned());
        match behind.strip_prefix('.') {
            Some(next) => rest = next,
            None if behind.is_empty() => return Some(keys),
            None => return None,
        }
    }
}
