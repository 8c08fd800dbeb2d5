//! Whether merge commits kept what they merged.

use std::collections::{BTreeMap, BTreeSet};

use crate::bom::{Component, Field, Pin};
use crate::check::Finding;
use crate::check::file::{File, Read};
use crate::check::paste::word;
use crate::check::subject::{Merge, Subject, by_name};
use crate::merge::{Options, Outcome, Sides};
use crate::text::Span;
use crate::yaml::{Document, NodeId, NodeKind, Path};

/// `torn-pin`: a merge takes each pin whole from one side.
pub fn torn_pin(subject: &Subject) -> Vec<Finding> {
    let mut found = Vec::new();
    for merge in &subject.merges {
        // A side taken as it is has no torn pin of this merge's making.
        if merge.parents.iter().flatten().any(|parent| parent.entry.id == merge.result.entry.id) {
            continue;
        }
        let Some(result) = merge.result.as_read() else { continue };
        let parents: Vec<&Read> = merge.parents.iter().flatten().filter_map(File::as_read).collect();
        if parents.len() < 2 {
            continue;
        }
        let index = Parents::of(&parents);
        let torn = result.manifest.components.iter().filter_map(|component| index.torn(component));
        found.extend(torn.filter(|torn| torn.is_still_there(subject)).map(|torn| torn.finding(merge)));
        found.extend(mixed_experiment(subject, merge, result, &parents));
    }
    found
}

/// A component whose pin stands in no parent.
struct Torn<'m> {
    component: &'m Component,
    pin: Pin,
    at: &'m Field,
    /// Whether the image name, rather than tag and digest, comes from elsewhere.
    image_only: bool,
}

/// The pins of a merge's parents, to look up in.
struct Parents<'m> {
    by_name: Vec<BTreeMap<&'m str, &'m Component>>,
    /// Tag and digest of every component.
    together: BTreeSet<(String, String)>,
    digests: BTreeSet<String>,
}

impl<'m> Parents<'m> {
    fn of(parents: &[&'m Read]) -> Self {
        let pins = || parents.iter().flat_map(|parent| &parent.manifest.components).map(Component::pin);
        Parents {
            by_name: parents.iter().map(|parent| by_name(&parent.manifest)).collect(),
            together: pins().map(|pin| (pin.tag, pin.digest)).collect(),
            digests: pins().map(|pin| pin.digest).filter(|digest| !digest.is_empty()).collect(),
        }
    }

    fn torn(&self, component: &'m Component) -> Option<Torn<'m>> {
        let pin = component.pin();
        let named = self.by_name.iter().filter_map(|parent| parent.get(component.name.as_str()));
        let siblings: Vec<Pin> = named.map(|component| component.pin()).collect();
        if siblings.iter().any(|one| one.tag == pin.tag && one.digest == pin.digest) {
            let torn = siblings.iter().any(|one| one.image == pin.image) && !siblings.contains(&pin);
            let at = component.image.as_ref()?;
            return torn.then_some(Torn { component, pin, at, image_only: true });
        }
        let tag_known = siblings.iter().any(|one| one.tag == pin.tag);
        // A digest belongs to one image alone, so one taken from another component is torn as well.
        let digest_known =
            siblings.iter().any(|one| one.digest == pin.digest) || self.digests.contains(&pin.digest);
        let at = component.digest.as_ref().or(component.tag.as_ref())?;
        let torn =
            tag_known && digest_known && !self.together.contains(&(pin.tag.clone(), pin.digest.clone()));
        torn.then_some(Torn { component, pin, at, image_only: false })
    }
}

impl Torn<'_> {
    /// Whether what is judged has the torn pin still. One that was mended since harms nobody.
    fn is_still_there(&self, subject: &Subject) -> bool {
        let after = subject.after.manifest.as_ref().and_then(File::as_read);
        after
            .and_then(|after| after.manifest.component(&self.component.name))
            .is_some_and(|now| now.pin() == self.pin)
    }

    fn finding(&self, merge: &Merge) -> Finding {
        let name = &self.component.name;
        let Pin { image, tag, digest } = &self.pin;
        let message = if self.image_only {
            format!(
                "{} gave `{name}` the image `{image}` of one side with tag and digest of the other",
                merge.label
            )
        } else {
            format!("{} tore the pin of `{name}`: no side has `{tag}` with `{}`", merge.label, short(digest))
        };
        let help =
            "put image, tag and digest of one side back together and commit; `sysbom install` sets up the \
                    merge driver, which never tears a pin"
                .to_owned();
        let sides = merge.parents.iter().flatten().filter_map(|parent| {
            let component = parent.as_read()?.manifest.component(name)?;
            let field = component.tag.as_ref().or(component.digest.as_ref())?;
            Some(parent.excerpt(field.span, "one of the sides"))
        });
        let finding = merge.result.finding("torn-pin", self.at.span, message, help).because(sides);
        if self.image_only { finding.as_warning() } else { finding }
    }
}

/// `sha256:` and the first digits, as people compare them.
fn short(digest: &str) -> &str {
    if digest.is_empty() { "no digest" } else { digest.get(..19).unwrap_or(digest) }
}

fn mixed_experiment(subject: &Subject, merge: &Merge, result: &Read, parents: &[&Read]) -> Option<Finding> {
    let experiment = result.manifest.experiment?;
    let mixed = leaves(&result.document, experiment);
    let sides: Vec<Leaves> = parents
        .iter()
        .filter_map(|parent| Some(leaves(&parent.document, parent.manifest.experiment?)))
        .collect();
    let from_sides = mixed.iter().all(|(path, value)| sides.iter().any(|side| side.get(path) == Some(value)));
    let after = subject.after.manifest.as_ref().and_then(File::as_read)?;
    let now = leaves(&after.document, after.manifest.experiment?);
    if sides.len() < 2 || sides.contains(&mixed) || !from_sides || now != mixed {
        return None;
    }
    let message = format!("{} put the experiment together from both sides", merge.label);
    let help = "take the experiment block of one side as a whole and commit".to_owned();
    let span = result.document.node(experiment).span;
    let span = Span::new(span.start, span.start + first_line(span.of(&merge.result.source.text)).len());
    Some(merge.result.finding("torn-pin", span, message, help).as_warning())
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("")
}

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
    let manifest = crate::bom::Manifest::read(&document, &options.layout);
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

type Leaves = BTreeMap<String, String>;

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

/// The scalars at and below a node, by path from there. An empty collection counts as a leaf.
fn leaves(document: &Document, node: NodeId) -> Leaves {
    let mut leaves = Leaves::new();
    let mut pending = vec![(node, Path::root())];
    while let Some((node, path)) = pending.pop() {
        let children = children(document, node, &path);
        if children.is_empty() {
            let text = match &document.node(node).kind {
                NodeKind::Scalar { value, .. } => value.clone(),
                NodeKind::Mapping { .. } | NodeKind::Sequence { .. } | NodeKind::Alias(_) => {
                    document.node(node).span.of(document.text()).to_owned()
                }
            };
            leaves.insert(path.to_string(), text);
        }
        pending.extend(children);
    }
    leaves
}

fn children(document: &Document, node: NodeId, path: &Path) -> Vec<(NodeId, Path)> {
    let entries = document.entries(node).iter();
    let keyed = entries.filter_map(|entry| Some((entry.value, path.key(document.scalar(entry.key)?))));
    let items = document.items(node).iter().enumerate().map(|(index, item)| (item.value, path.index(index)));
    keyed.chain(items).collect()
}
