//! What differs between two manifests, component by component: as data, and as the sentences of a
//! commit.
//!
//! Knows pins and the order of tags. Whether a change may be made is for others.

mod digits;
mod order;
mod prefixed;

use std::collections::BTreeMap;
use std::fmt;

use crate::bom::{Manifest, Pin};
use crate::text::escape;

pub use order::{Order, is_lower, order};

/// One component that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its name.
    pub component: String,
    /// Its pin before; `None` if it was not there.
    pub from: Option<Pin>,
    /// Its pin after; `None` if it is there no more.
    pub to: Option<Pin>,
    /// In which way.
    pub kind: ChangeKind,
}

/// The ways in which a component can differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// It was not there.
    Added,
    /// It is there no more.
    Removed,
    /// Another image name.
    Moved,
    /// A newer tag.
    Upgraded,
    /// An older tag.
    Downgraded,
    /// The same tag with another digest.
    Rebuilt,
    /// Another tag, and the tags do not say which is newer.
    Repinned,
}

impl ChangeKind {
    /// As machines read it: `upgraded`.
    pub fn word(self) -> &'static str {
        match self {
            ChangeKind::Added => "added",
            ChangeKind::Removed => "removed",
            ChangeKind::Moved => "moved",
            ChangeKind::Upgraded => "upgraded",
            ChangeKind::Downgraded => "downgraded",
            ChangeKind::Rebuilt => "rebuilt",
            ChangeKind::Repinned => "repinned",
        }
    }
}

impl Change {
    /// From one pin to another; `None` if they are the same.
    pub fn of(component: &str, from: Option<Pin>, to: Option<Pin>) -> Option<Change> {
        let kind = match (&from, &to) {
            (None, None) => return None,
            (None, Some(_)) => ChangeKind::Added,
            (Some(_), None) => ChangeKind::Removed,
            (Some(from), Some(to)) if from == to => return None,
            (Some(from), Some(to)) if from.image != to.image => ChangeKind::Moved,
            (Some(from), Some(to)) => match order(&to.tag, &from.tag) {
                Order::Newer => ChangeKind::Upgraded,
                Order::Older => ChangeKind::Downgraded,
                Order::Same => ChangeKind::Rebuilt,
                Order::Unknown => ChangeKind::Repinned,
            },
        };
        Some(Change { component: component.to_owned(), from, to, kind })
    }

    /// The name and what it becomes, for a subject: `app v1.3.0`. Safe to print.
    fn summary(&self) -> String {
        match &self.to {
            Some(to) => format!("{} {}", escape(&self.component), escape(label(to))),
            None => format!("{} (removed)", escape(&self.component)),
        }
    }

    /// The name and what becomes what, for a subject: `app v1.3.0 -> v1.2.3`. Safe to print.
    fn moves(&self) -> String {
        match (&self.from, &self.to) {
            (Some(from), Some(to)) if label(from) != label(to) => {
                format!("{} {} -> {}", escape(&self.component), escape(label(from)), escape(label(to)))
            }
            _ => self.summary(),
        }
    }
}

/// One line: `app: v1.2.3 -> v1.3.0`, with digests where they alone tell the pins apart, and image
/// names where those differ. Safe to print.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", escape(&self.component))?;
        match (&self.from, &self.to, self.kind) {
            (None, Some(to), _) => write!(f, "new, {}", escape(&reference(to))),
            (Some(from), None, _) => write!(f, "removed, was {}", escape(&reference(from))),
            (Some(from), Some(to), ChangeKind::Moved | ChangeKind::Rebuilt) => {
                write!(f, "{} -> {}", escape(&reference(from)), escape(&reference(to)))
            }
            (Some(from), Some(to), _) => write!(f, "{} -> {}", escape(label(from)), escape(label(to))),
            (None, None, _) => Ok(()),
        }
    }
}

/// A pin as one text: `ghcr.io/acme/app:v1.3.0@sha256:...`, as far as it is written.
pub fn reference(pin: &Pin) -> String {
    let mut text = pin.image.clone();
    for (sign, part) in [(':', &pin.tag), ('@', &pin.digest)] {
        if !part.is_empty() {
            text.push(sign);
            text.push_str(part);
        }
    }
    text
}

/// The shortest text that people know a pin by.
fn label(pin: &Pin) -> &str {
    if pin.tag.is_empty() { &pin.digest } else { &pin.tag }
}

/// Everything that differs, sorted by component. Of a component that stands twice the last one
/// counts, as it does for Helm.
pub fn changes(before: &Manifest, after: &Manifest) -> Vec<Change> {
    let pins = |manifest: &Manifest| -> BTreeMap<String, Pin> {
        manifest.components.iter().map(|component| (component.name.clone(), component.pin())).collect()
    };
    let (before, mut after) = (pins(before), pins(after));
    let mut found: Vec<Change> = Vec::new();
    for (name, from) in before {
        let to = after.remove(&name);
        found.extend(Change::of(&name, Some(from), to));
    }
    found.extend(after.into_iter().filter_map(|(name, to)| Change::of(&name, None, Some(to))));
    found.sort_by(|one, two| one.component.cmp(&two.component));
    found
}

/// The first line of a commit: the verb and what it does, at most about seventy characters:
/// `Release app v1.3.0`, `Release app v1.3.0 and web v2.0.1`, `Release 5 components`.
pub fn subject(verb: &str, changes: &[Change]) -> String {
    subject_with(verb, changes, Change::summary)
}

/// The same with what each component had before: `Roll back app v1.3.0 -> v1.2.3`.
pub fn subject_of_moves(verb: &str, changes: &[Change]) -> String {
    subject_with(verb, changes, Change::moves)
}

fn subject_with(verb: &str, changes: &[Change], summary: impl Fn(&Change) -> String) -> String {
    const MOST: usize = 72;
    let all: Vec<String> = changes.iter().map(summary).collect();
    let listed = match &all[..] {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    };
    let line = format!("{verb} {listed}");
    if changes.len() < 2 || line.chars().count() <= MOST {
        return line;
    }
    format!("{verb} {} components", changes.len())
}

/// One line per change.
pub fn body(changes: &[Change]) -> String {
    changes.iter().map(|change| format!("{change}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bom::Layout;
    use crate::yaml::Document;

    fn manifest(components: &str) -> Manifest {
        let document = Document::parse(format!("images:\n{components}")).expect("well formed");
        Manifest::read(&document, &Layout::default())
    }

    #[test]
    fn every_difference_has_its_kind_and_its_sentence() {
        let before = manifest(
            "  gone: {image: g, tag: v1}\n  up: {image: u, tag: v1.2.3}\n  down: {image: d, tag: v1.2.3}\n  \
             built: {image: b, tag: v1, digest: 'sha256:0'}\n  moved: {image: m, tag: v1}\n  same: {image: s, tag: v1}\n  \
             pinned: {image: p, tag: 1a2b3c4}\n",
        );
        let after = manifest(
            "  up: {image: u, tag: v1.10.0}\n  down: {image: d, tag: v1.2.2}\n  built: {image: b, tag: v1, digest: 'sha256:1'}\n  \
             moved: {image: n, tag: v1}\n  same: {tag: v1, image: s}\n  pinned: {image: p, tag: 9f8e7d6}\n  \"new\\n\": {image: x, tag: v1}\n",
        );
        let found = changes(&before, &after);
        assert_eq!(
            body(&found),
            "built: b:v1@sha256:0 -> b:v1@sha256:1\ndown: v1.2.3 -> v1.2.2\ngone: removed, was g:v1\n\
             moved: m:v1 -> n:v1\nnew\\u{a}: new, x:v1\npinned: 1a2b3c4 -> 9f8e7d6\nup: v1.2.3 -> v1.10.0\n"
        );
        let words: Vec<&str> = found.iter().map(|change| change.kind.word()).collect();
        assert_eq!(words, ["rebuilt", "downgraded", "removed", "moved", "added", "repinned", "upgraded"]);
    }

    #[test]
    fn a_subject_names_what_it_can_in_one_line() {
        let change = |name: &str, tag: &str| {
            let pin = Pin { image: "x".into(), tag: tag.into(), digest: String::new() };
            Change::of(name, None, Some(pin)).expect("it is new")
        };
        let one = change("app", "v1.3.0");
        let two = change("web", "v2.0.1");
        assert_eq!(subject("Release", std::slice::from_ref(&one)), "Release app v1.3.0");
        assert_eq!(subject("Release", &[one.clone(), two.clone()]), "Release app v1.3.0 and web v2.0.1");
        let long = change(&"x".repeat(60), "v1");
        assert_eq!(subject("Release", &[one, two, long]), "Release 3 components");
    }
}
