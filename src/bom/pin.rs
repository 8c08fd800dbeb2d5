//! Reading image, tag and digest out of a component's value, whatever its shape.
//!
//! Knows the ways in which pins are written. Whether a part is well formed is for the rules: here
//! malformed parts are taken as they stand, so that a rule can point at them.

use crate::text::Span;
use crate::yaml::NodeId;

use super::find::{Parts, Reader};
use super::{Field, RefParts, ShortfallKind};

/// The most bytes of a part of a pin. No well-formed reference is near it; the limit keeps a
/// long text that many aliases stand for from being copied for each of them.
const MAX_FIELD: usize = 4096;

impl Reader<'_> {
    pub(super) fn parts_of_mapping(&mut self, mapping: NodeId) -> Parts {
        let fields = self.fields;
        let image = self.joined_image(mapping, &fields.image);
        let tag = self.field(mapping, &fields.tag);
        let digest = self.field(mapping, &fields.digest).map(with_algorithm);
        let is_written = |field: &Field| !field.text.is_empty() && !self.document().is_null(field.node);
        let digest_written = digest.as_ref().is_some_and(is_written);
        match tag {
            Some(field) if !digest_written && field.text.contains('@') => {
                let (tag, inline) = self.split_tag(&field);
                Parts { image, tag: Some(tag), digest: Some(inline) }
            }
            tag => Parts { image, tag, digest },
        }
    }

    /// Image names that are written in parts: those that are written and not empty, joined by `/`.
    /// Without the last one there is no name.
    fn joined_image(&mut self, mapping: NodeId, keys: &[String]) -> Option<Field> {
        let (last, before) = keys.split_last()?;
        let prefixes: Vec<Field> = before.iter().filter_map(|key| self.field(mapping, key)).collect();
        let mut field = self.field(mapping, last)?;
        let texts = prefixes.iter().map(|prefix| prefix.text.as_str()).chain([field.text.as_str()]);
        field.text = texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("/");
        Some(field)
    }

    /// `v1@sha256:...` as tag and digest.
    fn split_tag(&self, field: &Field) -> (Field, Field) {
        let at = field.text.find('@').unwrap_or(field.text.len());
        let digest = Span::new((at + 1).min(field.text.len()), field.text.len());
        (self.part(field, Span::new(0, at)), self.part(field, digest))
    }

    pub(super) fn parts_of_text(&self, field: &Field) -> Parts {
        let parts = RefParts::split(&field.text);
        Parts {
            image: Some(self.part(field, parts.name)),
            tag: parts.tag.map(|span| self.part(field, span)),
            digest: parts.digest.map(|span| self.part(field, span)),
        }
    }

    /// A part of a scalar's text. Its span lies within the scalar if that is written as it reads;
    /// behind escapes and folded lines only the scalar as a whole can be pointed at.
    fn part(&self, field: &Field, part: Span) -> Field {
        let source = field.span.of(self.document().text());
        let inner = source.strip_prefix(['"', '\'']).map_or((source, 0), |inner| (inner, 1));
        let span = match inner.0.strip_prefix(field.text.as_str()) {
            Some(_) => {
                let start = field.span.start + inner.1;
                Span::new(start + part.start, start + part.end)
            }
            None => field.span,
        };
        Field { text: part.of(&field.text).to_owned(), span, node: field.node }
    }

    /// The scalar at a key. A value that is not written is a field without text, so that a rule
    /// can point at its place.
    pub(super) fn field(&mut self, mapping: NodeId, key: &str) -> Option<Field> {
        let found = self.lookup.get(mapping, key)?;
        self.field_at(self.lookup.resolve(found.value), key)
    }

    pub(super) fn field_at(&mut self, node: NodeId, called: &str) -> Option<Field> {
        let span = self.span(node);
        let Some(text) = self.document().scalar(node) else {
            let message = format!("`{called}` is {}, not a text", self.describe(node));
            self.lacks(ShortfallKind::WrongKind, span, message);
            return None;
        };
        if text.len() > MAX_FIELD {
            let message = format!("`{called}` has {} bytes, more than {MAX_FIELD}", text.len());
            self.lacks(ShortfallKind::WrongKind, span, message);
            return None;
        }
        Some(Field { text: text.to_owned(), span, node })
    }
}

/// 64 hex digits alone are a SHA-256, as charts have it that write `@sha256:` themselves. Digits
/// in upper case are taken along, so that the rule says what is wrong with them.
fn with_algorithm(mut digest: Field) -> Field {
    if digest.text.len() == 64 && digest.text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        digest.text.insert_str(0, "sha256:");
    }
    digest
}
