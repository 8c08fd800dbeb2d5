//! Whether a manifest has the form of one.

use std::collections::HashSet;

use crate::bom::{Components, Layout, PinShape, ShortfallKind};
use crate::check::Finding;
use crate::check::file::{File, Read};
use crate::check::subject::Subject;
use crate::suggest::slips;
use crate::yaml::{Document, NodeId, NodeKind};

/// The keys of an experiment block that sysbom reads.
const EXPERIMENT: [&str; 3] = ["canaryEnabled", "stableWeight", "canaryWeight"];

/// The keys that a component commonly has beside its pin.
const BESIDE_THE_PIN: [&str; 1] = ["pullPolicy"];

/// From so many letters on, two may be wrong and the word is still known.
const LONG: usize = 8;

/// `schema`: the manifest has the form of a manifest.
pub fn schema(subject: &Subject) -> Vec<Finding> {
    let mut found = Vec::new();
    for (file, read) in subject.readable() {
        found.extend(read.manifest.shortfalls.iter().map(|shortfall| {
            let help = match shortfall.kind {
                ShortfallKind::Missing => {
                    "add it, or say with `components` and `fields` in `.sysbom.yaml` where it stands"
                }
                ShortfallKind::WrongKind => {
                    "write a component as a mapping of image, tag and digest, or say with `components` and \
                     `fields` in `.sysbom.yaml` where they stand"
                }
            };
            file.finding("schema", shortfall.span, shortfall.message.clone(), help.to_owned())
        }));
        found.extend(without_image(subject, file, read));
        found.extend(wrong_experiment(file, read));
    }
    found
}

fn without_image(subject: &Subject, file: &File, read: &Read) -> Vec<Finding> {
    let keys = subject.policy().layout.fields.image.join("` and `");
    let components = read.manifest.components.iter();
    components
        .filter(|component| component.image.as_ref().is_none_or(|image| image.text.is_empty()))
        .map(|component| {
            let span = component.image.as_ref().map_or(component.name_span, |image| image.span);
            let (message, help) = match component.shape {
                PinShape::Fields => (
                    format!("component `{}` has no `{keys}`", component.name),
                    format!("add `{keys}`: the image name without tag and digest"),
                ),
                PinShape::OneString => (
                    format!("component `{}` has no image name", component.name),
                    "write `name:tag@digest`".to_owned(),
                ),
            };
            file.finding("schema", span, message, help)
        })
        .collect()
}

fn wrong_experiment(file: &File, read: &Read) -> Option<Finding> {
    let experiment = read.manifest.experiment?;
    let node = read.document.node(experiment);
    match node.kind {
        NodeKind::Mapping { .. } | NodeKind::Alias(_) => None,
        // `experiment:` with nothing below it is an experiment without parameters.
        NodeKind::Scalar { .. } if read.document.is_missing(experiment) => None,
        NodeKind::Scalar { .. } | NodeKind::Sequence { .. } => Some(file.finding(
            "schema",
            node.span,
            "`experiment` is no mapping".to_owned(),
            "write the parameters of the experiment as keys below `experiment:`".to_owned(),
        )),
    }
}

/// `unexpected-key`: no key is nearly a known one, and no pin stands where none is read.
pub fn unexpected_key(subject: &Subject) -> Vec<Finding> {
    let layout = &subject.policy().layout;
    let mut found = Vec::new();
    for (file, read) in subject.readable() {
        let top = top_keys(layout);
        if let Some(root) = read.document.root() {
            found.extend(near_keys(file, read, root, &top));
        }
        let fields: Vec<&str> = layout.fields.keys().chain(BESIDE_THE_PIN).collect();
        for component in &read.manifest.components {
            found.extend(near_keys(file, read, component.node, &fields));
        }
        if let Some(experiment) = read.manifest.experiment {
            found.extend(near_keys(file, read, experiment, &EXPERIMENT));
        }
    }
    if let Some(file) = &subject.after.manifest {
        found.extend(file.as_read().into_iter().flat_map(|read| unread_pins(layout, file, read)));
    }
    found
}

/// Mappings of the manifest with the keys of a pin that are no components: nothing judges them.
fn unread_pins(layout: &Layout, file: &File, read: &Read) -> Vec<Finding> {
    let manifest = &read.manifest;
    let passed_over: HashSet<NodeId> =
        manifest.components.iter().map(|component| component.node).chain(manifest.experiment).collect();
    let document = &read.document;
    let mut found = Vec::new();
    // Each with its key; an item of a list has none.
    let mut pending: Vec<(NodeId, Option<NodeId>)> =
        document.root().map(|root| (root, None)).into_iter().collect();
    while let Some((node, key)) = pending.pop() {
        if passed_over.contains(&node) {
            continue;
        }
        if is_pin(layout, document, node) {
            found.push(unread(file, document, node, key));
            continue;
        }
        pending.extend(document.entries(node).iter().map(|entry| (entry.value, Some(entry.key))));
        pending.extend(document.items(node).iter().map(|item| (item.value, None)));
    }
    found
}

fn unread(file: &File, document: &Document, node: NodeId, key: Option<NodeId>) -> Finding {
    let what = match key.and_then(|key| document.scalar(key)) {
        Some(name) => format!("`{name}`"),
        None => "this".to_owned(),
    };
    let message = format!("{what} looks like a pin and is not read as a component");
    let help = "name it in `components` of `.sysbom.yaml`, or write it where `components` finds it; until then \
                nothing judges it";
    file.finding("unexpected-key", document.node(key.unwrap_or(node)).span, message, help.to_owned())
}

/// Whether a mapping has the keys of a tag and of an image name, with texts behind them.
fn is_pin(layout: &Layout, document: &Document, node: NodeId) -> bool {
    let has = |key: &str| document.get(node, key).is_some_and(|value| document.scalar(value).is_some());
    layout.fields.image.last().is_some_and(|key| has(key)) && has(&layout.fields.tag)
}

/// The keys at the top of a manifest, as far as the layout tells them.
fn top_keys(layout: &Layout) -> Vec<&str> {
    let first = match &layout.components {
        Components::Below(path) => match path.segments().first() {
            Some(crate::yaml::Segment::Key(key)) => Some(key.as_str()),
            Some(crate::yaml::Segment::Index(_)) | None => None,
        },
        // Any key at the top may belong to a subchart.
        Components::Matching(_) | Components::Named(_) => return Vec::new(),
    };
    first.into_iter().chain(["experiment", "snapshotId", "sysbom"]).collect()
}

/// The keys of a mapping that may be slips of known ones.
fn near_keys(file: &File, read: &Read, mapping: NodeId, known: &[&str]) -> Vec<Finding> {
    let is_there = |known: &str| read.document.get(mapping, known).is_some();
    let finding = |key: NodeId| {
        let name = read.document.scalar(key)?;
        if known.contains(&name) {
            return None;
        }
        let near = known.iter().filter_map(|known| Some((slip(name, known, is_there(known))?, *known)));
        let (_, meant) = near.min()?;
        let span = read.document.node(key).span;
        let message = format!("the key `{name}` is unknown here, and nearly `{meant}`");
        let what_to_do = if is_there(meant) {
            format!("`{meant}` stands here too: take the one out that is not meant")
        } else {
            format!("write `{meant}` if that is meant")
        };
        let help = format!("{what_to_do}; Helm ignores a key that no template reads");
        Some(file.finding("unexpected-key", span, message, help))
    };
    read.document.entries(mapping).iter().filter_map(|entry| finding(entry.key)).collect()
}

/// Whether a key is a slip of a known one, and of how many letters. Beside that one it has to be
/// nearer: whoever writes both may mean both.
fn slip(key: &str, known: &str, is_beside: bool) -> Option<usize> {
    let most = if is_beside || known.len() < LONG { 1 } else { 2 };
    let slips = slips(key, known).filter(|slips| *slips <= most)?;
    // `snapshot`, `canaryEnabledAt`: nobody's finger leaves out a word, or adds one.
    if slips > 1 && (known.starts_with(key) || key.starts_with(known)) {
        return None;
    }
    (!is_beside || slips == 0 || !is_another_word(key, known)).then_some(slips)
}

/// Whether a key that is one letter from a known one is as good a word: `tags`, `image2` and `tar`
/// beside `tag` and `image`, `image` beside `images`. A letter doubled at the end is a slip.
fn is_another_word(key: &str, known: &str) -> bool {
    let letters = |word: &str| {
        let mut letters: Vec<char> = word.to_lowercase().chars().collect();
        letters.sort_unstable();
        letters
    };
    let goes_on = key.strip_prefix(known).is_some_and(|more| !known.ends_with(more));
    let is_singular = known.strip_suffix('s') == Some(key);
    // Nearly every change of one letter in three makes a word.
    let is_short = known.len() <= 3 && key.len() == known.len() && letters(key) != letters(known);
    goes_on || is_singular || is_short
}
