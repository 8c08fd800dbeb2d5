//! What has no structure that could be merged: git's own text merge is taken only if its result
//! says what the three sides together ask for; everything else is a conflict.

use std::collections::{BTreeMap, BTreeSet};

use crate::bom::{Manifest, Pin};
use crate::yaml::Document;

use super::admit::twice;
use super::describe::help_for;
use super::sides::{Moved, Sides};
use super::value::{Value, value_of};
use super::write::{SENTINEL, markers};
use super::{Conflict, Options, Outcome, Unstructured};

/// Judges git's own text merge of texts that [`merge`](super::merge) could not merge by
/// structure. `text_merge` is its result if it was clean, `None` if it was not. A clean result
/// that does not parse, has duplicate keys, or holds a pin or an experiment that the sides do not
/// agree on becomes a conflict.
pub fn judge_text_merge(
    sides: Sides<&[u8]>,
    text_merge: Option<&[u8]>,
    why: &Unstructured,
    options: &Options,
) -> Outcome {
    let fault = match text_merge {
        None => Some(format!("git's text merge conflicts, and {}", why.reason)),
        Some(merged) => doubt(sides, merged, why, options),
    };
    match (fault, text_merge) {
        (None, Some(merged)) => Outcome::Merged(merged.to_vec()),
        (fault, _) => whole_file(sides, vec![file_conflict(&fault.unwrap_or_default())], options),
    }
}

/// The file as a whole between markers; for a virtual base, a text that shares nothing with any side.
pub(super) fn whole_file(sides: Sides<&[u8]>, conflicts: Vec<Conflict>, options: &Options) -> Outcome {
    let bytes = if options.virtual_base {
        format!("{SENTINEL}\n").into_bytes()
    } else {
        whole_file_markers(sides, options)
    };
    Outcome::Conflicted { bytes, conflicts }
}

fn whole_file_markers(sides: Sides<&[u8]>, options: &Options) -> Vec<u8> {
    // The sides may not be text at all: the marker lines are built around empty stand-ins and the
    // bytes put between them.
    let empty = Sides { base: String::new(), ours: String::new(), theirs: String::new() };
    let mut lines =
        markers(&empty, options).split_inclusive('\n').map(str::to_owned).collect::<Vec<_>>().into_iter();
    let mut out = Vec::new();
    let contents: &[&[u8]] = if lines.len() == 4 {
        &[sides.ours, sides.base, sides.theirs, b""]
    } else {
        &[sides.ours, sides.theirs, b""]
    };
    for content in contents {
        out.extend_from_slice(lines.next().unwrap_or_default().as_bytes());
        out.extend_from_slice(content);
        if !content.is_empty() && !content.ends_with(b"\n") {
            out.push(b'\n');
        }
    }
    out
}

/// What speaks against a clean text merge; `None` if nothing does.
fn doubt(sides: Sides<&[u8]>, merged: &[u8], why: &Unstructured, options: &Options) -> Option<String> {
    let why = &why.reason;
    let merged = match readable(merged) {
        Ok(document) => document,
        Err(fault) => return Some(format!("{why}, and git's text merge is no manifest: {fault}")),
    };
    let (Ok(ours), Ok(theirs)) = (readable(sides.ours), readable(sides.theirs)) else {
        return Some(format!("{why}, so it cannot be known what changed"));
    };
    let base = readable(sides.base).ok();
    let merged = Facts::of(&merged, options);
    let known = Sides { base: base.as_ref(), ours: Some(&ours), theirs: Some(&theirs) };
    let known = known.map(|document| document.map(|document| Facts::of(document, options)));
    if merged.pins.is_empty() {
        return Some(format!("{why}, and git's text merge leaves no component"));
    }
    merged.contradiction(&known).map(|subject| format!("{why}, and the sides do not agree on {subject}"))
}

fn readable(bytes: &[u8]) -> Result<Document, String> {
    let document = Document::parse_bytes(bytes).map_err(|fault| fault.message)?;
    match twice(&document) {
        Some(key) => Err(format!("the key `{key}` stands twice in one mapping")),
        None => Ok(document),
    }
}

/// What a merge must not mix: pins as Helm sees them, aliases followed, and the experiment.
struct Facts {
    pins: BTreeMap<String, Pin>,
    experiment: Option<Value>,
}

impl Facts {
    fn of(document: &Document, options: &Options) -> Facts {
        let manifest = Manifest::read(document, &options.layout);
        let pins =
            manifest.components.iter().map(|component| (component.name.clone(), component.pin())).collect();
        Facts { pins, experiment: manifest.experiment.map(|node| value_of(document, node)) }
    }

    /// What these facts have that the sides do not ask for. Without a readable base nobody can
    /// tell who moved, so the sides must agree.
    fn contradiction(&self, sides: &Sides<Option<Facts>>) -> Option<String> {
        let all = [&sides.base, &sides.ours, &sides.theirs]
            .into_iter()
            .flatten()
            .flat_map(|facts| facts.pins.keys());
        let names: BTreeSet<&String> = all.chain(self.pins.keys()).collect();
        let known = sides.as_ref().map(Option::as_ref);
        let wrong = names.into_iter().find(|name| {
            let pins = known.map(|facts| facts.and_then(|facts| facts.pins.get(*name)));
            !is_asked_for(self.pins.get(*name), &pins, sides.base.is_some())
        });
        if let Some(name) = wrong {
            return Some(format!("`{name}`"));
        }
        let experiments = known.map(|facts| facts.and_then(|facts| facts.experiment.as_ref()));
        let asked = is_asked_for(self.experiment.as_ref(), &experiments, sides.base.is_some());
        (!asked).then(|| "the experiment".to_owned())
    }
}

/// Whether three sides together ask for this value.
fn is_asked_for<T: PartialEq>(value: Option<&T>, sides: &Sides<Option<&T>>, base_is_known: bool) -> bool {
    match sides.moved() {
        Moved::Alike => value == sides.ours,
        Moved::Only(side) => base_is_known && value == *sides.get(side),
        Moved::Apart => false,
    }
}

fn file_conflict(reason: &str) -> Conflict {
    let values =
        Sides { base: String::new(), ours: "the whole file".into(), theirs: "the whole file".into() };
    Conflict {
        subject: String::new(),
        entry: String::new(),
        values,
        reason: reason.to_owned(),
        help: help_for(reason),
    }
}
