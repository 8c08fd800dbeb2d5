//! Whether a manifest has the form of one.

use crate::bom::{Components, Layout, PinShape, ShortfallKind};
use crate::check::Finding;
use crate::check::file::{File, Read};
use crate::check::subject::Subject;
use crate::suggest::nearest;
use crate::yaml::{NodeId, NodeKind};

/// The keys of an experiment block that sysbom reads.
const EXPERIMENT: [&str; 3] = ["canaryEnabled", "stableWeight", "canaryWeight"];

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

/// `unexpected-key`: no key is nearly a known one.
pub fn unexpected_key(subject: &Subject) -> Vec<Finding> {
    let layout = &subject.policy().layout;
    let mut found = Vec::new();
    for (file, read) in subject.readable() {
        let top = top_keys(layout);
        if let Some(root) = read.document.root() {
            found.extend(near_keys(file, read, root, &top));
        }
        let fields: Vec<&str> = layout.fields.keys().collect();
        for component in &read.manifest.components {
            found.extend(near_keys(file, read, component.node, &fields));
        }
        if let Some(experiment) = read.manifest.experiment {
            found.extend(near_keys(file, read, experiment, &EXPERIMENT));
        }
    }
    found
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
    first.into_iter().chain(["experiment", "snapshotId"]).collect()
}

/// The keys of a mapping that may be slips of known ones. One that stands there itself was not meant
/// by another.
fn near_keys(file: &File, read: &Read, mapping: NodeId, known: &[&str]) -> Vec<Finding> {
    let is_there = |known: &&str| read.document.get(mapping, known).is_some();
    let finding = |key: NodeId| {
        let name = read.document.scalar(key)?;
        if known.contains(&name) {
            return None;
        }
        let meant = nearest(name, known.iter().copied().filter(|known| !is_there(known)))?;
        let span = read.document.node(key).span;
        let message = format!("the key `{name}` is unknown here, and nearly `{meant}`");
        let help = format!("write `{meant}` if that is meant; Helm ignores a key that no template reads");
        Some(file.finding("unexpected-key", span, message, help))
    };
    read.document.entries(mapping).iter().filter_map(|entry| finding(entry.key)).collect()
}
