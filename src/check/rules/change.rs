//! What a change takes away from the manifest.

use std::cmp::Ordering;

use crate::bom::Components;
use crate::check::Finding;
use crate::check::file::Read;
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
        let (old, new) = (Version::read(&before.text)?, Version::read(&after.text)?);
        if pair.before.pin().image != pair.after.pin().image || new.compare(&old) != Ordering::Less {
            return None;
        }
        let name = &pair.after.name;
        let message = format!("`{name}` goes back from `{}` to `{}`", before.text, after.text);
        let help = format!(
            "to go back on purpose, `sysbom rollback {name} --reason TEXT` says so in the commit; else keep `{}`",
            before.text
        );
        let was = pair.before_file.excerpt(before.span, format!("on {}", subject.input.before_name));
        Some(pair.after_file.finding("version-downgrade", after.span, message, help).because([was]))
    };
    subject.pairs().iter().filter_map(downgraded).collect()
}

/// A tag that is a version: `v1.2.3`, `1.10`, `2.0.0-rc.1`.
struct Version<'t> {
    numbers: Vec<&'t str>,
    /// What stands behind the first `-`.
    suffix: Option<&'t str>,
}

impl<'t> Version<'t> {
    /// Two or more numbers, so that build numbers and dates are not compared.
    fn read(tag: &'t str) -> Option<Version<'t>> {
        let text = tag.strip_prefix(['v', 'V']).unwrap_or(tag);
        let (core, suffix) = match text.split_once('-') {
            Some((core, suffix)) => (core, Some(suffix)),
            None => (text, None),
        };
        let numbers: Vec<&str> = core.split('.').collect();
        let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        (numbers.len() >= 2 && numbers.iter().all(is_number)).then_some(Version { numbers, suffix })
    }

    /// By numbers; then, as semantic versions do, `1.2.0-rc.1` before `1.2.0`. A flavour such as
    /// `-alpine` is no pre-release: versions that differ in words alone are not ordered.
    fn compare(&self, other: &Version) -> Ordering {
        let longest = self.numbers.len().max(other.numbers.len());
        for at in 0..longest {
            let (one, two) = (self.numbers.get(at).unwrap_or(&"0"), other.numbers.get(at).unwrap_or(&"0"));
            let order = compare_numbers(one, two);
            if order != Ordering::Equal {
                return order;
            }
        }
        match (self.suffix, other.suffix) {
            (Some(one), None) if is_pre_release(one) => Ordering::Less,
            (None, Some(two)) if is_pre_release(two) => Ordering::Greater,
            (Some(one), Some(two)) => compare_suffixes(one, two),
            _ => Ordering::Equal,
        }
    }
}

/// Numbers of any length.
fn compare_numbers(one: &str, two: &str) -> Ordering {
    let (one, two) = (one.trim_start_matches('0'), two.trim_start_matches('0'));
    one.len().cmp(&two.len()).then_with(|| one.cmp(two))
}

fn is_pre_release(suffix: &str) -> bool {
    let word = suffix.split(['.', '-']).next().unwrap_or(suffix);
    let word = word.trim_end_matches(|character: char| character.is_ascii_digit()).to_ascii_lowercase();
    matches!(word.as_str(), "alpha" | "beta" | "rc" | "pre" | "preview" | "dev" | "snapshot" | "m")
}

/// `rc.1` before `rc.2`, `alpha` before `beta`; suffixes of other forms are equal.
fn compare_suffixes(one: &str, two: &str) -> Ordering {
    let (one, two): (Vec<&str>, Vec<&str>) = (one.split('.').collect(), two.split('.').collect());
    if !(is_pre_release(one[0]) && is_pre_release(two[0])) {
        return Ordering::Equal;
    }
    for (one, two) in one.iter().zip(&two) {
        let numbers = [one, two].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        let order = if numbers { compare_numbers(one, two) } else { one.cmp(two) };
        if order != Ordering::Equal {
            return order;
        }
    }
    one.len().cmp(&two.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn older(one: &str, two: &str) -> bool {
        match (Version::read(one), Version::read(two)) {
            (Some(one), Some(two)) => one.compare(&two) == Ordering::Less,
            _ => false,
        }
    }

    #[test]
    fn versions_are_ordered_by_number() {
        for (one, two) in [
            ("v1.9.0", "v1.10.0"),
            ("1.2", "1.2.1"),
            ("1.2.0-rc.1", "1.2.0"),
            ("1.2.0-rc.2", "1.2.0-rc.10"),
            ("1.2.0-alpha", "1.2.0-beta.1"),
            ("v1.2.3-alpine", "v1.2.4"),
            ("0.99999999999999999999", "0.100000000000000000000"),
        ] {
            assert!(older(one, two) && !older(two, one), "{one} {two}");
        }
    }

    #[test]
    fn what_is_no_version_has_no_order() {
        for (one, two) in [
            ("20240615", "20240616"),
            ("abc", "abd"),
            ("1.2.3-alpine", "1.2.3"),
            ("1.2.3-a1b2c3d", "1.2.3-f00"),
        ] {
            assert!(!older(one, two) && !older(two, one), "{one} {two}");
        }
    }
}
