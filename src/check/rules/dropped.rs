//! Whether a merge kept what both sides changed.

use std::collections::{BTreeMap, BTreeSet};

use super::data::{Leaves, children, leaves};
use crate::bom::{Field, Manifest};
use crate::check::Finding;
use crate::check::file::{File, Read};
use crate::check::paste::word;
use crate::check::subject::{Merge, Subject, by_name};
use crate::merge::{Options, Outcome, Sides};
use crate::text::Span;
use crate::yaml::{Document, NodeId, Path};

/// `side-dropped`: a merge keeps what both sides changed.
pub fn side_dropped(subject: &Subject) -> Vec<Finding> {
    subject.merges.iter().filter_map(|merge| dropped(subject, merge)).collect()
}

fn dropped(subject: &Subject, merge: &Merge) -> Option<Finding> {
    let [ours, theirs] = merge.parents.as_slice() else { return None };
    let [ours, theirs] = [ours.as_ref()?, theirs.as_ref()?];
    let result = &merge.result;
    let kept_ours = ours.entry.id == result.entry.id;
    let other = match (kept_ours, theirs.entry.id == result.entry.id) {
        (true, false) => theirs,
        (false, true) => ours,
        (true, true) | (false, false) => return None,
    };
    let lost = lost_entries(subject, merge, ours, theirs)?;
    let names: Vec<&str> = lost.iter().map(|entry| entry.name.as_str()).collect();
    let first = lost.first()?;
    let message = format!(
        "{} has the manifest of {} side as it was, and drops what the other changed: {}",
        merge.label,
        if kept_ours { "our" } else { "their" },
        names.join(", ")
    );
    let path = word(subject.system.manifest.as_str());
    let help = format!(
        "before the commit: `git checkout -m -- {path}` merges both sides again, then `git add {path}`; \
         after it: bring the dropped change in with a commit of its own"
    );
    let was = other.excerpt(first.theirs, "what the other side has");
    Some(result.finding("side-dropped", first.kept, message, help).because([was]))
}

/// Something that the merge would have taken and the result does not have.
struct Lost {
    name: String,
    /// Where the result has its own version of it, or the file's beginning.
    kept: Span,
    /// Where the other side has it, or the file's beginning.
    theirs: Span,
}

fn lost_entries(subject: &Subject, merge: &Merge, ours: &File, theirs: &File) -> Option<Vec<Lost>> {
    let base = merge.base.as_ref().map_or("", |base| &base.source.text);
    let sides = Sides {
        base: base.as_bytes(),
        ours: ours.source.text.as_bytes(),
        theirs: theirs.source.text.as_bytes(),
    };
    // As the base of another merge there are no markers: what conflicts becomes a sentinel, and
    // everything around it can still be read.
    let options =
        Options { layout: subject.policy().layout.clone(), virtual_base: true, ..Options::default() };
    let bytes = match crate::merge::merge(sides, &options).ok()? {
        Outcome::Merged(bytes) | Outcome::Conflicted { bytes, .. } => bytes,
    };
    let document = Document::parse_bytes(&bytes).ok()?;
    let manifest = Manifest::read(&document, &options.layout);
    let merged = Entries::of(&Read { document, manifest });
    let kept = Entries::of(merge.result.as_read()?);
    let now = Entries::of(subject.after.manifest.as_ref()?.as_read()?);
    let other = if ours.entry.id == merge.result.entry.id { theirs } else { ours };
    let other = Entries::of(other.as_read()?);

    let names: BTreeSet<&String> = merged.0.keys().chain(kept.0.keys()).collect();
    let is_lost = |name: &&String| {
        let value = |entries: &Entries| entries.0.get(*name).map(|entry| entry.leaves.clone());
        let meant = value(&merged);
        let is_conflict = meant.iter().flatten().any(|(_, text)| text.contains(SENTINEL));
        !is_conflict && meant != value(&kept) && value(&now) == value(&kept)
    };
    let lost = names.into_iter().filter(is_lost).map(|name| Lost {
        name: name.clone(),
        kept: kept.place(name, &merged),
        theirs: other.place(name, &kept),
    });
    let lost: Vec<Lost> = lost.collect();
    (!lost.is_empty()).then_some(lost)
}

/// What the merge writes where a virtual base conflicts.
const SENTINEL: &str = "sysbom.invalid";

/// A manifest taken apart into what a merge takes whole: components, and other values by path.
struct Entries(BTreeMap<String, EntryData>);

struct EntryData {
    span: Span,
    /// The parts of a pin, so that the one that differs can be shown.
    parts: Vec<(String, Span)>,
    leaves: Leaves,
}

impl Entries {
    fn of(read: &Read) -> Entries {
        let mut entries = BTreeMap::new();
        let mut pending: Vec<(NodeId, Path)> =
            read.document.root().map(|root| (root, Path::root())).into_iter().collect();
        let components: BTreeSet<NodeId> =
            read.manifest.components.iter().map(|component| component.node).collect();
        for (name, component) in by_name(&read.manifest) {
            let leaves = leaves(&read.document, component.node);
            let fields = [&component.tag, &component.digest, &component.image];
            let part = |field: &&Option<Field>| field.as_ref().map(|field| (field.text.clone(), field.span));
            let parts = fields.iter().filter_map(part).collect();
            entries.insert(format!("`{name}`"), EntryData { span: component.name_span, parts, leaves });
        }
        let experiment = read.manifest.experiment;
        while let Some((node, path)) = pending.pop() {
            if components.contains(&node) {
                continue;
            }
            let is_whole = Some(node) == experiment || path == Path::of_keys(["snapshotId"]);
            let children = if is_whole { Vec::new() } else { children(&read.document, node, &path) };
            if children.is_empty() && !path.segments().is_empty() {
                let span = read.document.node(node).span;
                let data = EntryData { span, parts: Vec::new(), leaves: leaves(&read.document, node) };
                entries.insert(format!("`{path}`"), data);
            }
            pending.extend(children);
        }
        Entries(entries)
    }

    /// Where an entry differs from `other`'s of the same name, or the file's beginning.
    fn place(&self, name: &str, other: &Entries) -> Span {
        let Some(entry) = self.0.get(name) else { return Span::at(0) };
        let theirs = other.0.get(name).map_or(&[][..], |other| &other.parts);
        let differs = |(text, _): &&(String, Span)| theirs.iter().all(|(their_text, _)| their_text != text);
        let part = entry.parts.iter().find(differs).filter(|_| !theirs.is_empty());
        part.map_or(entry.span, |(_, span)| *span)
    }
}
