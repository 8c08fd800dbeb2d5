//! Whether each pin is whole, well formed, and moved as one.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::bom::{Component, Digest, Field, ImageName, Malformed, Tag};
use crate::check::file::{File, Read};
use crate::check::paste::inspect;
use crate::check::subject::{Pair, Subject, by_name};
use crate::check::{Finding, Fix};
use crate::policy::{DigestNeed, Floating};
use crate::text::{Edit, Span};
use crate::yaml::{quote, quote_if_needed};

/// What is said of the list in the policy that names a component's images.
const NAMES_ALLOWED: &str = "the names allowed";

/// `pin-malformed`: image, tag and digest are what a registry accepts.
pub fn malformed(subject: &Subject) -> Vec<Finding> {
    let mut found = Vec::new();
    for (file, read) in subject.readable() {
        for component in &read.manifest.components {
            found.extend(faulty::<ImageName>(file, component, "image", component.image.as_ref()));
            found.extend(faulty::<Tag>(file, component, "tag", component.tag.as_ref()));
            let digest = faulty::<Digest>(file, component, "digest", component.digest.as_ref());
            found.extend(digest.map(|finding| finding.fixed_by(lower_case(file, component))));
        }
    }
    found
}

/// The fault of a part that is written and is not what a registry accepts.
fn faulty<T: FromStr<Err = Malformed>>(
    file: &File,
    component: &Component,
    what: &str,
    field: Option<&Field>,
) -> Option<Finding> {
    let field = field.filter(|field| !field.text.is_empty())?;
    let fault = T::from_str(&field.text).err()?;
    let message = format!("{what} of `{}`: {}", component.name, fault.message);
    let help = match what {
        "image" => "write the image name alone; tag and digest have keys of their own".to_owned(),
        "tag" => "a tag has letters, digits, `_`, `.` and `-`, at most 128, and begins with no `.` or `-`"
            .to_owned(),
        _ => format!("copy the digest that {} prints", inspect(&component.pin().image, &component.pin().tag)),
    };
    Some(file.finding("pin-malformed", within(file, field, fault.span), message, help))
}

/// The faulty bytes in the file, where the field stands there as it is; else the whole field.
fn within(file: &File, field: &Field, fault: Span) -> Span {
    let written = field.span.of(&file.source.text);
    match written.find(&field.text) {
        Some(offset) => {
            let start = field.span.start + offset;
            Span::new(start + fault.start, start + fault.end)
        }
        None => field.span,
    }
}

/// A digest that is well formed but for upper-case letters.
fn lower_case(file: &File, component: &Component) -> Option<Fix> {
    let field = component.digest.as_ref()?;
    Digest::from_str(&field.text.to_ascii_lowercase()).ok()?;
    let written = field.span.of(&file.source.text);
    Some(Fix::Edit(vec![Edit::replace(field.span, written.to_ascii_lowercase())]))
}

/// `pin-incomplete`: every pin has a tag and a digest.
pub fn incomplete(subject: &Subject) -> Vec<Finding> {
    let need = &subject.policy().digest;
    let mut found = Vec::new();
    for (file, read) in subject.readable() {
        for component in &read.manifest.components {
            found.extend(lacks(file, component, "tag", component.tag.as_ref()));
            if need.value == DigestNeed::Required {
                let finding = lacks(file, component, "digest", component.digest.as_ref());
                let setting = subject.setting(need.span, "digests are required here");
                found.extend(finding.map(|finding| finding.because(setting)));
            }
        }
    }
    found
}

fn lacks(file: &File, component: &Component, what: &str, field: Option<&Field>) -> Option<Finding> {
    let span = match field {
        Some(field) if !field.text.is_empty() => return None,
        Some(field) => field.span,
        None => component.name_span,
    };
    let pin = component.pin();
    let help = match what {
        "tag" => "add the tag of the build you tested".to_owned(),
        _ => format!(
            "{} prints it; `digest: optional` in `.sysbom.yaml` does without",
            inspect(&pin.image, &pin.tag)
        ),
    };
    let message = format!("component `{}` has no {what}", component.name);
    Some(file.finding("pin-incomplete", span, message, help))
}

/// `image-moved`: a component keeps its image name, and a new one has a name that the policy lets
/// it have.
pub fn image_moved(subject: &Subject) -> Vec<Finding> {
    let mut found: Vec<Finding> =
        subject.pairs().iter().filter_map(|pair| moved_image(subject, pair)).collect();
    found.extend(new_components(subject).filter_map(|(file, new)| refused_image(subject, file, new)));
    found
}

fn moved_image(subject: &Subject, pair: &Pair) -> Option<Finding> {
    let (before, after) = (pair.before.image.as_ref()?, pair.after.image.as_ref()?);
    let name = &pair.after.name;
    let allowed = subject.policy().allows_image(name, &after.text);
    if before.text.is_empty()
        || before.text == after.text
        || allowed.as_ref().is_some_and(|allowed| allowed.value)
    {
        return None;
    }
    let message = format!("the image of `{name}` moved from `{}` to `{}`", before.text, after.text);
    let help = format!(
        "if that is meant, allow it in `.sysbom.yaml` first, in a change of its own: \
         `images: {{{}: [{}, {}]}}`",
        quote_if_needed(name),
        quote(&before.text),
        quote(&after.text)
    );
    let [was, at] =
        moved_part(pair, &subject.policy().layout.fields.image).unwrap_or([before.span, after.span]);
    let was = pair.before_file.excerpt(was, format!("on {}", subject.input.before_name));
    let setting = subject.setting(allowed.and_then(|allowed| allowed.span), NAMES_ALLOWED);
    Some(pair.after_file.finding("image-moved", at, message, help).because([was]).because(setting))
}

/// Where no list of the policy names the component, its first image may be any.
fn refused_image(subject: &Subject, file: &File, new: &Component) -> Option<Finding> {
    let image = new.image.as_ref().filter(|image| !image.text.is_empty())?;
    let allowed = subject.policy().allows_image(&new.name, &image.text).filter(|allowed| !allowed.value)?;
    let message = format!("the policy does not let `{}` have the image `{}`", new.name, image.text);
    let help =
        "use an image that the policy lists, or list this one under `images` of `.sysbom.yaml` first, \
                in a change of its own"
            .to_owned();
    let setting = subject.setting(allowed.span, NAMES_ALLOWED);
    Some(file.finding("image-moved", image.span, message, help).because(setting))
}

/// The components of the manifest that base does not have, or without an image; none where base's
/// manifest cannot be read.
fn new_components<'s>(subject: &'s Subject) -> impl Iterator<Item = (&'s File, &'s Component)> {
    let before = subject.before.as_ref().and_then(|before| before.manifest.as_ref());
    let old = match before.map(File::as_read) {
        None => Some(BTreeMap::new()),
        Some(read) => read.map(|read| by_name(&read.manifest)),
    };
    let after = subject.after.manifest.as_ref().zip(old);
    after.into_iter().flat_map(|(file, old)| {
        let now = file.as_read().map(|read| by_name(&read.manifest)).unwrap_or_default();
        let is_new = move |name: &str| old.get(name).is_none_or(|old| old.pin().image.is_empty());
        now.into_iter().filter(move |(name, _)| is_new(name)).map(move |(_, new)| (file, new))
    })
}

/// Of an image name that is written in parts the first one that differs, before and after.
fn moved_part(pair: &Pair, keys: &[String]) -> Option<[Span; 2]> {
    let [before, after] = [pair.before_file.as_read()?, pair.after_file.as_read()?];
    let part = |read: &Read, component: &Component, key: &str| {
        let value = read.document.entry(component.node, key)?.value;
        Some((read.document.scalar(value)?.to_owned(), read.document.node(value).span))
    };
    keys.iter().find_map(|key| {
        let (was, was_at) = part(before, pair.before, key)?;
        let (is, is_at) = part(after, pair.after, key)?;
        (was != is).then_some([was_at, is_at])
    })
}

/// `half-moved-pin`: tag and digest move together.
pub fn half_moved(subject: &Subject) -> Vec<Finding> {
    subject.pairs().iter().filter_map(|pair| half_moved_pair(subject, pair)).collect()
}

fn half_moved_pair(subject: &Subject, pair: &Pair) -> Option<Finding> {
    let (before, after) = (pair.before.pin(), pair.after.pin());
    if before.image != after.image || before.digest.is_empty() {
        return None;
    }
    let name = &pair.after.name;
    if after.digest.is_empty() {
        return if before.tag == after.tag { gone_digest(subject, pair) } else { None };
    }
    let (what, was, message) = match (before.tag == after.tag, before.digest == after.digest) {
        (false, true) => (
            pair.after.tag.as_ref()?,
            pair.before.tag.as_ref(),
            format!(
                "the tag of `{name}` moved from `{}` to `{}`, and its digest did not",
                before.tag, after.tag
            ),
        ),
        (true, false) => (
            pair.after.digest.as_ref()?,
            pair.before.digest.as_ref(),
            format!("the digest of `{name}` moved, and its tag `{}` did not", after.tag),
        ),
        (true, true) | (false, false) => return None,
    };
    let help = format!(
        "compare with what {} prints; if they belong together, all is well",
        inspect(&after.image, &after.tag)
    );
    let was = was.map(|was| pair.before_file.excerpt(was.span, format!("on {}", subject.input.before_name)));
    Some(pair.after_file.finding("half-moved-pin", what.span, message, help).because(was))
}

/// Where a digest has to be, `pin-incomplete` says more.
fn gone_digest(subject: &Subject, pair: &Pair) -> Option<Finding> {
    let (was, name) = (pair.before.digest.as_ref()?, &pair.after.name);
    if subject.policy().digest.value == DigestNeed::Required {
        return None;
    }
    let message = format!("the digest of `{name}` is gone, and its tag `{}` stays", pair.after.pin().tag);
    let help = format!("put it back: `{}`; without it the tag can be pushed again", was.text);
    let at = pair.after.digest.as_ref().map_or(pair.after.name_span, |digest| digest.span);
    let was = pair.before_file.excerpt(was.span, format!("on {}", subject.input.before_name));
    Some(pair.after_file.finding("half-moved-pin", at, message, help).because([was]))
}

/// `floating-tag`: a tag names one build for good.
pub fn floating(subject: &Subject) -> Vec<Finding> {
    let mut found = Vec::new();
    for (file, read) in subject.readable() {
        found.extend(floating_tags(subject, file, read));
    }
    found
}

fn floating_tags(subject: &Subject, file: &File, read: &Read) -> Vec<Finding> {
    let judge = |component: &Component| {
        let tag = component.tag.as_ref().filter(|tag| Tag::from_str(&tag.text).is_ok())?;
        let has_digest = component.digest.as_ref().is_some_and(|digest| !digest.text.is_empty());
        match subject.policy().floating(&component.name, &tag.text, has_digest) {
            Floating::Accepted { .. } => None,
            Floating::Rejected { step: _, message, help, because } => {
                let setting = subject.setting(because, "the setting that decides");
                Some(file.finding("floating-tag", tag.span, message, help).because(setting))
            }
        }
    };
    read.manifest.components.iter().filter_map(judge).collect()
}
