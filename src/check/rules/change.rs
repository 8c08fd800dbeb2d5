//! What a change takes away from the manifest.

use crate::bom::Components;
use crate::change::is_lower;
use crate::check::Finding;
use crate::check::file::Read;
use crate::check::paste::word;
use crate::check::subject::{Pair, Subject, by_name};
use crate::text::Span;

/// `component-removed`: no component goes unseen.
pub fn component_removed(subject: &Subject) -> Vec<Finding> {
    let Some([(before_file, before), (after_file, after)]) = subject.both() else { return Vec::new() };
    let remaining = by_name(&after.manifest);
    let gone =
        by_name(&before.manifest).into_values().filter(|old| !remaining.contains_key(old.name.as_str()));
    gone.map(|old| {
        let message = format!("component `{}` is removed", old.name);
        let help = format!(
            "switch `{}` off in the chart too: without a pin here Helm deploys the chart's default image",
            old.name
        );
        let was = before_file.excerpt(old.name_span, format!("on {}", subject.input.before_name));
        let span = components_key(subject, after);
        after_file.finding("component-removed", span, message, help).because([was])
    })
    .collect()
}

/// The key below which components stand, to point at what is no longer there.
fn components_key(subject: &Subject, read: &Read) -> Span {
    let nowhere = Span::at(0);
    match &subject.policy().layout.components {
        Components::Below(path) => match path.split_last() {
            Some((parent, crate::yaml::Segment::Key(key))) => {
                let entry = read.document.at(&parent).and_then(|parent| read.document.entry(parent, key));
                entry.map_or(nowhere, |entry| read.document.node(entry.key).span)
            }
            Some((_, crate::yaml::Segment::Index(_))) | None => nowhere,
        },
        Components::Matching(_) | Components::Named(_) => nowhere,
    }
}

/// `version-downgrade`: no version goes back unseen.
pub fn version_downgrade(subject: &Subject) -> Vec<Finding> {
    let downgraded = |pair: &Pair| {
        let (before, after) = (pair.before.tag.as_ref()?, pair.after.tag.as_ref()?);
        let images = [pair.before, pair.after].map(|component| component.pin().image);
        if !is_mirror(&images[0], &images[1]) || !is_lower(&after.text, &before.text) {
            return None;
        }
        let name = &pair.after.name;
        let message = format!("`{name}` goes back from `{}` to `{}`", before.text, after.text);
        let help = format!(
            "to go back on purpose, `sysbom rollback {} --reason TEXT` says so in the commit; else keep `{}`",
            word(name),
            before.text
        );
        let was = pair.before_file.excerpt(before.span, format!("on {}", subject.input.before_name));
        Some(pair.after_file.finding("version-downgrade", after.span, message, help).because([was]))
    };
    subject.pairs().iter().filter_map(downgraded).collect()
}

/// Whether two names are of one image, in whichever registry: they end alike.
fn is_mirror(one: &str, other: &str) -> bool {
    one.rsplit('/').next() == other.rsplit('/').next()
}
