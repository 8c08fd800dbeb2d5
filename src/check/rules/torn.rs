//! Whether a merge took each pin, and the experiment, whole from one side.

use std::collections::{BTreeMap, BTreeSet};

use super::data::{Leaves, leaves};
use crate::bom::{Component, Field, Pin};
use crate::check::Finding;
use crate::check::file::{File, Read};
use crate::check::subject::{Merge, Subject, by_name};
use crate::text::Span;

/// `torn-pin`: a merge takes each pin whole from one side.
pub fn torn_pin(subject: &Subject) -> Vec<Finding> {
    let mut found = Vec::new();
    for merge in &subject.merges {
        // A side taken as it is has no torn pin of this merge's making.
        if merge.files().any(|parent| parent.entry.id == merge.result.entry.id) {
            continue;
        }
        let Some(result) = merge.result.as_read() else { continue };
        let parents: Vec<&Read> = merge.files().filter_map(File::as_read).collect();
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
    /// Image and tag of every component that names its image. An image has its builds under
    /// whichever key: one that is renamed, or stands beside its sibling, is looked up here.
    tags: BTreeSet<(String, String)>,
}

impl<'m> Parents<'m> {
    fn of(parents: &[&'m Read]) -> Self {
        let pins = || parents.iter().flat_map(|parent| &parent.manifest.components).map(Component::pin);
        Parents {
            by_name: parents.iter().map(|parent| by_name(&parent.manifest)).collect(),
            together: pins().map(|pin| (pin.tag, pin.digest)).collect(),
            digests: pins().map(|pin| pin.digest).filter(|digest| !digest.is_empty()).collect(),
            tags: pins().filter(|pin| !pin.image.is_empty()).map(|pin| (pin.image, pin.tag)).collect(),
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
        let tag_known = siblings.iter().any(|one| one.tag == pin.tag)
            || self.tags.contains(&(pin.image.clone(), pin.tag.clone()));
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

    /// The first component that half of the pin comes from.
    fn half_in<'p>(&self, components: &'p [Component]) -> Option<&'p Component> {
        components.iter().find(|component| {
            let pin = component.pin();
            pin.image == self.pin.image && (pin.tag == self.pin.tag || pin.digest == self.pin.digest)
        })
    }

    fn finding(&self, merge: &Merge) -> Finding {
        let name = &self.component.name;
        let Pin { image, tag, digest } = &self.pin;
        let message = if self.image_only {
            format!(
                "{} gave `{name}` the image `{image}` of one side with tag and digest of the other",
                merge.commit.label
            )
        } else {
            format!(
                "{} tore the pin of `{name}`: no side has `{tag}` with `{}`",
                merge.commit.label,
                short(digest)
            )
        };
        let help =
            "put image, tag and digest of one side back together and commit; `sysbom install` sets up the \
                    merge driver, which never tears a pin"
                .to_owned();
        let sides = merge.files().filter_map(|parent| {
            let manifest = &parent.as_read()?.manifest;
            let component = manifest.component(name).or_else(|| self.half_in(&manifest.components))?;
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
    let message = format!("{} put the experiment together from both sides", merge.commit.label);
    let help = "take the experiment block of one side as a whole and commit".to_owned();
    let span = result.document.node(experiment).span;
    let span = Span::new(span.start, span.start + first_line(span.of(&merge.result.source.text)).len());
    Some(merge.result.finding("torn-pin", span, message, help).as_warning())
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("")
}
