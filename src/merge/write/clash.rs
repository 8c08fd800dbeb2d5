//! What stands where the sides do not agree: markers around whole entries, or for a virtual base a
//! well-formed entry that equals no side.

use crate::bom::Fields;

use super::super::plan::Clash;
use super::super::sides::{Side, Sides};
use super::super::{ConflictStyle, Options};
use super::{Collections, Mode, Writer};

/// The host of every sentinel: a name that can never be registered (RFC 2606).
pub(in super::super) const SENTINEL: &str = "sysbom.invalid/virtual-base";
const SENTINEL_TAG: &str = "v0.0.0-virtual-base";
const SENTINEL_DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

impl<'v> Writer<'_, 'v> {
    pub(super) fn clash_text(
        &self,
        clash: &Clash,
        sides: Collections<'v>,
        list: bool,
        column: usize,
    ) -> String {
        let side_text = |side: Side| {
            let key = clash.keys.get(side).as_deref();
            let child = key.and_then(|key| sides.get(side).and_then(|collection| collection.get(key)));
            child.map(|child| self.chunk_text(side, child, column)).unwrap_or_default()
        };
        let texts = Sides {
            base: side_text(Side::Base),
            ours: side_text(Side::Ours),
            theirs: side_text(Side::Theirs),
        };
        let sentinel = match self.mode {
            Mode::Sentinels => self.sentinel(&clash.keys, sides, list, column),
            Mode::Markers | Mode::Resolved(_) => String::new(),
        };
        self.disagreement(&texts, sentinel)
    }

    pub(super) fn disagreement(&self, texts: &Sides<String>, sentinel: String) -> String {
        match self.mode {
            Mode::Markers => markers(texts, self.scene.options),
            Mode::Resolved(side) => texts.get(side).clone(),
            Mode::Sentinels => sentinel,
        }
    }

    /// A well-formed entry in the place of one that conflicts.
    pub(super) fn sentinel(
        &self,
        keys: &Sides<Option<String>>,
        sides: Collections<'v>,
        list: bool,
        column: usize,
    ) -> String {
        let found = [Side::Ours, Side::Theirs, Side::Base].into_iter().find_map(|side| {
            let key = keys.get(side).as_deref()?;
            Some((side, (*sides.get(side))?.get(key)?))
        });
        let Some((side, child)) = found else { return String::new() };
        let view = self.view(side);
        let indent = " ".repeat(column);
        let pinned = view.document.entries(child.value).iter().any(|entry| {
            let key = view.document.scalar(entry.key).unwrap_or_default();
            self.scene.options.layout.fields.keys().any(|field| field == key)
        });
        let fields = if pinned || list {
            sentinel_fields(&self.scene.options.layout.fields, &indent)
        } else {
            String::new()
        };
        match child.key_node {
            None => {
                let name = view.document.get(child.value, "name").expect("a keyed list has names");
                format!("{indent}- name: {}\n{fields}", view.slice(view.document.node(name).span))
            }
            Some(key) => {
                let key = view.slice(view.document.node(key).full_span());
                if pinned {
                    format!("{indent}{key}:\n{fields}")
                } else {
                    format!("{indent}{key}: {SENTINEL}:{SENTINEL_TAG}@{SENTINEL_DIGEST}\n")
                }
            }
        }
    }
}

fn sentinel_fields(fields: &Fields, indent: &str) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for (at, key) in fields.image.iter().enumerate() {
        let value = if at == 0 && fields.image.len() > 1 { "sysbom.invalid" } else { SENTINEL };
        writeln!(text, "{indent}  {key}: {value}").expect("writing to a string cannot fail");
    }
    writeln!(text, "{indent}  {}: {SENTINEL_TAG}", fields.tag).expect("writing to a string cannot fail");
    writeln!(text, "{indent}  {}: {SENTINEL_DIGEST}", fields.digest)
        .expect("writing to a string cannot fail");
    text
}

/// Both sides between conflict markers of git's form.
pub(in super::super) fn markers(texts: &Sides<String>, options: &Options) -> String {
    let line = |mark: &str, label: &str| {
        let marker = mark.repeat(options.marker_size);
        if label.is_empty() { format!("{marker}\n") } else { format!("{marker} {label}\n") }
    };
    let base = match options.style {
        ConflictStyle::Merge => String::new(),
        ConflictStyle::Diff3 | ConflictStyle::Zdiff3 => line("|", &options.labels.base) + &texts.base,
    };
    let ours = line("<", &options.labels.ours) + &texts.ours;
    let theirs = line("=", "") + &texts.theirs + &line(">", &options.labels.theirs);
    ours + &base + &theirs
}
