//! `floating`: which tags the policy denies and allows, and what it makes of the rest.
//!
//! Knows how the lists are written. In which order they are asked is known in `floating`.

use super::valid::{Reader, set};
use super::{Allow, ComponentTags, Date, Deny, FloatingSettings, Setting, Star, Unknown, WithDigest};
use crate::yaml::{NodeId, NodeKind};

const ALLOW_HELP: &str = "write `{tag: edge, reason: why, until: 2024-06-30}`; `until` may be left out";

/// What stands in an entry of `deny` or `allow`.
struct Entries<'d> {
    tag: Setting<&'d str>,
    reason: Option<String>,
    until: Option<Date>,
}

impl<'d> Reader<'d, '_> {
    pub(super) fn floating(&mut self, node: NodeId, path: &str, floating: &mut FloatingSettings) {
        for entry in self.raw.entries(node, path, &["with-digest", "unknown", "deny", "allow", "components"])
        {
            let (node, path) = (entry.value, format!("{path}.{}", entry.key));
            match entry.key {
                "with-digest" => {
                    let choices = [
                        ("reject", WithDigest::Reject),
                        ("names-only", WithDigest::NamesOnly),
                        ("accept", WithDigest::Accept),
                    ];
                    set(&mut floating.with_digest, self.raw.choice(node, &path, &choices));
                }
                "unknown" => {
                    let choices = [("reject", Unknown::Reject), ("accept", Unknown::Accept)];
                    set(&mut floating.unknown, self.raw.choice(node, &path, &choices));
                }
                "deny" => floating.deny = self.denies(node, &path),
                "allow" => floating.allow = self.allows(node, &path),
                _ => {
                    let items = self.raw.items(node, &path);
                    floating.components =
                        items.iter().filter_map(|&item| self.component_tags(item, &path)).collect();
                }
            }
        }
    }

    /// Each a pattern, or `{tag: PATTERN, reason: TEXT}`.
    fn denies(&mut self, node: NodeId, path: &str) -> Vec<Deny> {
        let items = self.raw.items(node, path);
        let deny = |reader: &mut Self, item: NodeId| {
            let mapping = matches!(reader.raw.document.node(item).kind, NodeKind::Mapping { .. });
            let Entries { tag, reason, .. } = if mapping {
                reader.tag_entries(item, path, &["tag", "reason"])?
            } else {
                Entries { tag: reader.raw.text(item, path)?, reason: None, until: None }
            };
            let span = tag.span.unwrap_or_default();
            Some(Deny { tag: reader.raw.tag_pattern(tag.value, span)?, reason, span })
        };
        items.into_iter().filter_map(|item| deny(self, item)).collect()
    }

    /// Each `{tag: PATTERN, reason: TEXT}`, with or without `until: DATE`.
    fn allows(&mut self, node: NodeId, path: &str) -> Vec<Allow> {
        let items = self.raw.items(node, path);
        let allow = |reader: &mut Self, item: NodeId| {
            let span = reader.raw.span(item);
            if reader.raw.document.scalar(item).is_some() {
                reader.raw.fault(span, "an allowed tag needs a reason", ALLOW_HELP);
                return None;
            }
            let Entries { tag, reason, until } =
                reader.tag_entries(item, path, &["tag", "reason", "until"])?;
            let Some(reason) = reason else {
                reader.raw.fault(span, "an allowed tag needs a reason", ALLOW_HELP);
                return None;
            };
            let span = tag.span.unwrap_or_default();
            Some(Allow { tag: reader.raw.tag_pattern(tag.value, span)?, reason, until, span })
        };
        items.into_iter().filter_map(|item| allow(self, item)).collect()
    }

    fn tag_entries(&mut self, node: NodeId, path: &str, known: &[&str]) -> Option<Entries<'d>> {
        let (mut tag, mut reason, mut until) = (None, None, None);
        for entry in self.raw.entries(node, path, known) {
            let path = format!("{path}.{}", entry.key);
            match entry.key {
                "tag" => tag = self.raw.text(entry.value, &path),
                "reason" => {
                    let text = self.raw.text(entry.value, &path);
                    reason = text.map(|text| text.value.trim().to_owned()).filter(|text| !text.is_empty());
                }
                _ => until = self.raw.read::<Date>(entry.value, &path, "write a day such as `2024-06-30`"),
            }
        }
        if tag.is_none() {
            self.raw.fault(self.raw.span(node), format!("an entry of `{path}` has no `tag`"), ALLOW_HELP);
        }
        Some(Entries { tag: tag?, reason, until: until.map(|until| until.value) })
    }

    fn component_tags(&mut self, node: NodeId, path: &str) -> Option<ComponentTags> {
        let mut name = None;
        let (mut deny, mut allow, mut version_parts) = (Vec::new(), Vec::new(), None);
        for entry in self.raw.entries(node, path, &["name", "deny", "allow", "version-parts"]) {
            let (node, path) = (entry.value, format!("{path}.{}", entry.key));
            match entry.key {
                "name" => {
                    let text = self.raw.text(node, &path)?;
                    name = self.raw.pattern(text.value, self.raw.span(node), Star::Anything);
                }
                "deny" => deny = self.denies(node, &path),
                "allow" => allow = self.allows(node, &path),
                _ => {
                    let choices = [("1", 1), ("2", 2), ("3", 3), ("4", 4)];
                    version_parts = self.raw.choice(node, &path, &choices);
                }
            }
        }
        if name.is_none() {
            let message = format!("an entry of `{path}` has no `name`");
            self.raw.fault(self.raw.span(node), message, "name the component, or several by a glob");
        }
        Some(ComponentTags { name: name?, deny, allow, version_parts })
    }
}
