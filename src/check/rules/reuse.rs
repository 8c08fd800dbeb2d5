//! Whether one tag has one digest, and one digest one image.

use std::collections::BTreeMap;

use crate::bom::{Component, Pin, full_name};
use crate::check::file::File;
use crate::check::paste::inspect;
use crate::check::subject::{Evidence, Subject, by_name};
use crate::check::{Excerpt, Finding};
use crate::text::Span;
use crate::tree::{TreeEntry, TreeError};

/// A pin with a digest, and where it stands.
struct Use<'s> {
    place: Place<'s>,
    component: &'s str,
    digest: Span,
    /// With its image's full name.
    pin: Pin,
    /// Whether the file is judged, or only evidence.
    judged: bool,
}

/// A file that is at hand, or one to read again.
enum Place<'s> {
    File(&'s File),
    Entry(&'s TreeEntry),
}

/// `digest-reused`: one tag has one digest, one digest one image, and none is a placeholder.
pub fn digest_reused(subject: &Subject) -> Result<Vec<Finding>, TreeError> {
    let uses = uses(subject);
    let mut by_tag: BTreeMap<(&str, &str), Pair> = BTreeMap::new();
    let mut by_digest: BTreeMap<&str, Pair> = BTreeMap::new();
    for one in &uses {
        let Pin { image, tag, digest } = &one.pin;
        if !tag.is_empty() {
            by_tag.entry((image, tag)).or_insert(Pair::of(one)).add(one, |pin| &pin.digest);
        }
        by_digest.entry(digest).or_insert(Pair::of(one)).add(one, |pin| &pin.image);
    }
    let mut found = Vec::new();
    for one in uses.iter().filter(|one| one.judged) {
        let Pin { image, tag, digest } = &one.pin;
        if is_placeholder(digest) {
            let message = format!("the digest of `{}` is a placeholder", one.component);
            found.extend(one.finding(message, None));
            continue;
        }
        let tagged = by_tag.get(&(image.as_str(), tag.as_str()));
        if let Some(other) = tagged.and_then(|pair| pair.unlike(one, |pin| &pin.digest)) {
            let message = format!("`{image}:{tag}` stands with two digests");
            found.extend(one.finding(message, Some(other.excerpt(subject, "another digest of it")?)));
        }
        let shared = by_digest.get(digest.as_str());
        if let Some(other) = shared.and_then(|pair| pair.unlike(one, |pin| &pin.image)) {
            let message = format!("one digest stands for `{image}` and for `{}`", other.pin.image);
            found.extend(one.finding(message, Some(other.excerpt(subject, "the other image")?)));
        }
    }
    Ok(found)
}

/// The first of several uses, and the first one unlike it: enough to tell whether all are alike.
struct Pair<'u> {
    first: &'u Use<'u>,
    unlike: Option<&'u Use<'u>>,
}

impl<'u> Pair<'u> {
    fn of(first: &'u Use<'u>) -> Self {
        Pair { first, unlike: None }
    }

    fn add(&mut self, one: &'u Use<'u>, part: fn(&Pin) -> &String) {
        if self.unlike.is_none() && part(&one.pin) != part(&self.first.pin) {
            self.unlike = Some(one);
        }
    }

    fn unlike(&self, one: &Use, part: fn(&Pin) -> &String) -> Option<&'u Use<'u>> {
        if part(&one.pin) == part(&self.first.pin) { self.unlike } else { Some(self.first) }
    }
}

impl Use<'_> {
    /// What is wrong with a pin that is judged.
    fn finding(&self, message: String, other: Option<Excerpt>) -> Option<Finding> {
        let help = format!("compare with the digest that {} prints", inspect(&self.pin.image, &self.pin.tag));
        let Place::File(file) = self.place else { return None };
        Some(file.finding("digest-reused", self.digest, message, help).because(other))
    }

    fn excerpt(&self, subject: &Subject, label: &str) -> Result<Excerpt, TreeError> {
        match self.place {
            Place::File(file) => Ok(file.excerpt(self.digest, label)),
            Place::Entry(entry) => {
                let file = File::read(subject.input.after, entry.clone(), &subject.policy().layout)?;
                Ok(file.excerpt(self.digest, label))
            }
        }
    }
}

/// The pins of base, of the history files looked at, and of what is judged, in that order.
fn uses<'s>(subject: &'s Subject) -> Vec<Use<'s>> {
    let now = subject.after.manifest.as_ref().and_then(File::as_read);
    let now = now.map(|read| by_name(&read.manifest)).unwrap_or_default();
    let before = subject.before.as_ref().and_then(|side| side.manifest.as_ref());
    let mut uses: Vec<Use<'s>> = before.into_iter().flat_map(|file| uses_in(file, false)).collect();
    uses.extend(subject.evidence.iter().map(|Evidence { entry, component, digest, pin }| Use {
        place: Place::Entry(entry),
        component,
        digest: *digest,
        pin: pin.clone(),
        judged: false,
    }));
    uses.retain(|one| !is_moved_along(&now, one.component, &one.pin));
    uses.extend(subject.judged().flat_map(|file| uses_in(file, true)));
    uses
}

fn uses_in(file: &File, judged: bool) -> impl Iterator<Item = Use<'_>> {
    file.as_read().into_iter().flat_map(|read| &read.manifest.components).filter_map(move |component| {
        let digest = component.digest.as_ref().filter(|digest| !digest.text.is_empty())?.span;
        let mut pin = component.pin();
        pin.image = full_name(&pin.image);
        Some(Use { place: Place::File(file), component: &component.name, digest, pin, judged })
    })
}

/// Whether a component has the same tag and digest still, maybe in another registry: `image-moved`
/// judges that.
fn is_moved_along(now: &BTreeMap<&str, &Component>, name: &str, was: &Pin) -> bool {
    now.get(name)
        .map(|component| component.pin())
        .is_some_and(|is| is.tag == was.tag && is.digest == was.digest)
}

/// A digest that nobody computed: one short piece over and over, or all digits in order.
fn is_placeholder(digest: &str) -> bool {
    let hex = digest.split_once(':').map_or(digest, |(_, hex)| hex);
    let repeats = |length: usize| {
        hex.len() > 2 * length && hex.bytes().zip(hex.bytes().skip(length)).all(|(one, next)| one == next)
    };
    (1..=16).any(repeats)
}

#[cfg(test)]
mod tests {
    use super::is_placeholder;

    #[test]
    fn pieces_over_and_over_are_placeholders() {
        for piece in ["0", "ab", "deadbeef", "0123456789abcdef"] {
            assert!(is_placeholder(&format!("sha256:{}", &piece.repeat(64)[..64])), "{piece}");
        }
        let real = "sha256:7f83b1657ff1fc53b92dc18148a1d65dfc2d4b1fa3d677284addd200126d9069";
        assert!(!is_placeholder(real));
        assert!(!is_placeholder("sha256:") && !is_placeholder(""));
    }
}
