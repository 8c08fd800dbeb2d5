//! A second opinion: the same text read by an independent reader, a port of the C library that
//! Helm's reader is a port of too.
//!
//! Used after the limits have been held, never to write, and never for types: it is asked, place
//! by place, for the strings, mappings and lists that our own tree holds, and says where it finds
//! something else.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;

use serde::Deserialize as _;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::document::Document;
use super::node::{MAX_NODES, NodeId, NodeKind};
use crate::text::Span;

/// The first place where the two readers do not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// One line, lower case, no full stop. May quote the text.
    pub message: String,
    /// The place in our reading.
    pub span: Span,
}

/// The first place where a second, independent YAML reader finds other data than `document`
/// holds, or no YAML at all. Aliases are followed; scalars are compared as text.
///
/// ```
/// use sysbom::yaml::{Document, disagreement};
/// // U+2028 ends a comment in YAML 1.1, and is part of it in YAML 1.2.
/// let hidden = Document::parse("a: 1 # x\u{2028}b: 2\n")?;
/// assert!(disagreement(&hidden).is_some());
/// assert!(disagreement(&Document::parse("a: 1 # x\nb: 2\n")?).is_none());
/// # Ok::<(), sysbom::yaml::Fault>(())
/// ```
pub fn disagreement(document: &Document) -> Option<Disagreement> {
    // The second reader would take a byte order mark for a character of the first line; Helm's
    // skips it as ours does.
    let text = document.text();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let skipped = document.text().len() - text.len();
    let Some(root) = document.root() else { return finds_data(text) };
    if expanded_size(document) > MAX_NODES {
        return Some(Disagreement {
            message: format!("aliases repeat more than the {MAX_NODES} values that are read"),
            span: document.node(root).span,
        });
    }
    let found = RefCell::new(None);
    let reader = serde_yaml::Deserializer::from_str(text);
    let error = Expected { document, node: root, found: &found }.deserialize(reader).err()?;
    Some(found.into_inner().unwrap_or_else(|| {
        let at = error.location().map_or(0, |place| place.index().min(text.len()));
        Disagreement {
            message: format!("a second YAML reader does not accept this: {error}"),
            span: Span::at(floor_char_boundary(text, at) + skipped),
        }
    }))
}

/// The disagreement if the second reader finds anything in a text that holds nothing to us.
fn finds_data(text: &str) -> Option<Disagreement> {
    let first = serde_yaml::Deserializer::from_str(text).next()?;
    let nothing = Option::<IgnoredAny>::deserialize(first).is_ok_and(|data| data.is_none());
    (!nothing).then(|| Disagreement {
        message: "a second YAML reader finds data where we find none".to_owned(),
        span: Span::at(0),
    })
}

/// How many nodes there are once every alias is followed, as far as that can be counted: an alias
/// inside of what it repeats has no end.
fn expanded_size(document: &Document) -> usize {
    let mut sizes = HashMap::new();
    match document.root() {
        Some(root) if document.nodes().any(|(_, node)| matches!(node.kind, NodeKind::Alias(_))) => {
            size_of(document, root, &mut sizes)
        }
        _ => 0,
    }
}

/// Depth is limited by the document, because an alias is not followed here: what it repeats ended
/// before it, so its size is known.
fn size_of(document: &Document, id: NodeId, sizes: &mut HashMap<NodeId, usize>) -> usize {
    let mut size = 1_usize;
    match &document.node(id).kind {
        NodeKind::Scalar { .. } => {}
        NodeKind::Alias(target) => size = sizes.get(target).copied().unwrap_or(usize::MAX),
        NodeKind::Mapping { entries, .. } => {
            for entry in entries {
                size = size.saturating_add(size_of(document, entry.key, sizes));
                size = size.saturating_add(size_of(document, entry.value, sizes));
            }
        }
        NodeKind::Sequence { items, .. } => {
            for item in items {
                size = size.saturating_add(size_of(document, item.value, sizes));
            }
        }
    }
    sizes.insert(id, size);
    size
}

fn floor_char_boundary(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// Asks the second reader for exactly the node that our tree holds.
#[derive(Clone, Copy)]
struct Expected<'a> {
    document: &'a Document,
    node: NodeId,
    found: &'a RefCell<Option<Disagreement>>,
}

impl Expected<'_> {
    fn child(&self, node: NodeId) -> Self {
        Expected { node, ..*self }
    }

    /// Keeps the innermost place: the first one that failed.
    fn differ<E: serde::de::Error>(&self, message: String) -> E {
        let span = self.document.node(self.node).span;
        self.found.borrow_mut().get_or_insert(Disagreement { message, span });
        E::custom("the readers differ")
    }

    fn count<E: serde::de::Error>(&self, ours: usize, theirs: &str) -> E {
        self.differ(format!("we read {ours} entries here, a second YAML reader {theirs}"))
    }
}

impl<'de> DeserializeSeed<'de> for Expected<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        match &self.document.node(self.node).kind {
            NodeKind::Scalar { .. } => reader.deserialize_str(self),
            NodeKind::Mapping { .. } => reader.deserialize_map(self),
            NodeKind::Sequence { .. } => reader.deserialize_seq(self),
            NodeKind::Alias(target) => self.child(*target).deserialize(reader),
        }
    }
}

impl<'de> Visitor<'de> for Expected<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.document.node(self.node).kind {
            NodeKind::Scalar { .. } | NodeKind::Alias(_) => "a scalar",
            NodeKind::Mapping { .. } => "a mapping",
            NodeKind::Sequence { .. } => "a list",
        })
    }

    fn visit_str<E: serde::de::Error>(self, theirs: &str) -> Result<(), E> {
        match self.document.scalar(self.node) {
            Some(ours) if ours == theirs => Ok(()),
            Some(ours) => Err(self.differ(format!("we read {ours:?} here, a second YAML reader {theirs:?}"))),
            None => Err(self.differ(format!("a second YAML reader finds the scalar {theirs:?} here"))),
        }
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.visit_str("")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let entries = self.document.entries(self.node);
        for entry in entries {
            if map.next_key_seed(self.child(entry.key))?.is_none() {
                return Err(self.count(entries.len(), "fewer"));
            }
            map.next_value_seed(self.child(entry.value))?;
        }
        match map.next_key::<IgnoredAny>()? {
            None => Ok(()),
            Some(_) => Err(self.count(entries.len(), "more")),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let items = self.document.items(self.node);
        for item in items {
            if list.next_element_seed(self.child(item.value))?.is_none() {
                return Err(self.count(items.len(), "fewer"));
            }
        }
        match list.next_element::<IgnoredAny>()? {
            None => Ok(()),
            Some(_) => Err(self.count(items.len(), "more")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str) -> Option<Disagreement> {
        disagreement(&Document::parse(text).expect("our reader takes it"))
    }

    #[test]
    fn readers_agree_on_what_people_write() {
        for text in [
            "",
            "# only a comment\n",
            "---\n",
            "a: 1.10\nb: ~\nc:\nd: 'it''s'\ne: \"\\u00e9\"\n",
            "a:\n- b: |\n    x\n\n  c: [1, {d: e}]\n",
            "\u{feff}a: &x {b: c}\r\nd: *x\r\n",
        ] {
            assert_eq!(judged(text), None, "{text:?}");
        }
    }

    #[test]
    fn aliases_that_would_never_end_are_refused_at_once() {
        let mut bomb = "a0: &a0 [x]\n".to_owned();
        for level in 1..40 {
            let below = level - 1;
            bomb += &format!("a{level}: &a{level} [*a{below}, *a{below}]\n");
        }
        for text in [bomb.as_str(), "a: &a [*a]\n"] {
            let found = judged(text).expect("it is refused");
            assert_eq!(found.message, "aliases repeat more than the 150000 values that are read");
        }
    }

    #[test]
    fn the_first_difference_is_shown_where_we_read_it() {
        let found = judged("a: {b: x\u{85}y}\n").expect("U+0085 folds to a space there");
        assert_eq!(found.span, Span::new(7, 11));
        assert_eq!(found.message, r#"we read "x\u{85}y" here, a second YAML reader "x y""#);
    }
}
