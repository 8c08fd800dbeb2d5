//! The first manifest and, where its shape or its pins need one, the first policy.
//!
//! Knows how the found images are laid out, and which settings let the first check pass. Both
//! texts are read back and compared before they are given out.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use super::values::is_image_key;
use super::{Found, FoundImage, FoundKind, LiveError};
use crate::bom::{Fields, Manifest, Pin, PinShape};
use crate::policy::{Floating, POLICY_PATH, Pattern, Policies, Policy};
use crate::text::{Source, escape};
use crate::yaml::{Document, Path, Segment};

/// The files that say what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstFiles {
    /// The text of the manifest.
    pub manifest: String,
    /// The text of the policy; `None` where the defaults will do.
    pub policy: Option<String>,
    /// What a person should know: what was left out, which settings are looser than the defaults
    /// and when they can go. Lines that are safe to print.
    pub notes: Vec<String>,
}

/// Writes the first manifest and policy. An error says that nothing was found to write.
pub fn first_files(found: &Found) -> Result<FirstFiles, LiveError> {
    let mut notes = found.notes.clone();
    if found.images.iter().all(|image| image.tag.is_empty() && image.digest.is_empty()) {
        let mut message = "no image with a tag or a digest was found".to_owned();
        for place in found.images.iter().filter_map(|image| image.place.as_ref()) {
            let _ = write!(message, "; `{}` has neither", escape(&place.path.to_string()));
        }
        for note in &notes {
            let _ = write!(message, "; {note}");
        }
        return Err(LiveError::new(
            message,
            "write the tags into it and try again: where a chart's tag is empty, Helm takes `appVersion` of its \
             Chart.yaml; or take what it renders: `helm template CHART | sysbom init --from -`; or begin with \
             `sysbom init`",
        ));
    }
    let (manifest, layout) = match found.kind {
        FoundKind::Objects => (objects_manifest(&found.images), String::new()),
        FoundKind::Values => (values_manifest(&found.images), values_layout(&found.images)),
    };
    let names = component_names(&found.images, &manifest, &layout);
    let looser = looser_settings(&found.images, &names, &mut notes);
    let policy = [layout, looser].concat();
    let policy = (!policy.is_empty()).then(|| format!("{POLICY_HEAD}{policy}"));
    let files = FirstFiles { manifest, policy, notes };
    if read_back(&files) == Some(wanted(&found.images)) {
        return Ok(files);
    }
    Err(LiveError::new(
        "the images that were found cannot be laid out in one manifest",
        "give rendered manifests instead: `helm template ... | sysbom init --from -`",
    ))
}

const POLICY_HEAD: &str = "# How sysbom reads and checks the manifest. Every setting is optional.\n";

fn objects_manifest(images: &[FoundImage]) -> String {
    let mut text = "images:\n".to_owned();
    for FoundImage { name, image, tag, digest, .. } in images {
        let _ = writeln!(text, "  {}:", scalar(name));
        for (key, value) in [("image", image), ("tag", tag), ("digest", digest)] {
            if !value.is_empty() {
                let _ = writeln!(text, "    {key}: {}", scalar(value));
            }
        }
    }
    text
}

/// A mapping that is written key by key, in the order in which keys come.
#[derive(Default)]
struct Tree {
    value: Option<String>,
    below: Vec<(String, Tree)>,
}

impl Tree {
    fn at(&mut self, key: &str) -> &mut Tree {
        let index = self.below.iter().position(|(known, _)| known == key).unwrap_or_else(|| {
            self.below.push((key.to_owned(), Tree::default()));
            self.below.len() - 1
        });
        &mut self.below[index].1
    }

    fn write(&self, indent: usize, text: &mut String) {
        for (key, tree) in &self.below {
            let _ = write!(text, "{:indent$}{}:", "", scalar(key));
            if let Some(value) = &tree.value {
                let _ = write!(text, " {}", scalar(value));
            }
            text.push('\n');
            tree.write(indent + 2, text);
        }
    }
}

fn values_manifest(images: &[FoundImage]) -> String {
    let mut tree = Tree::default();
    for place in images.iter().filter_map(|image| image.place.as_ref()) {
        let mut at = &mut tree;
        for key in keys(&place.path) {
            at = at.at(key);
        }
        for (key, value) in &place.written {
            let at = if key.is_empty() { &mut *at } else { at.at(key) };
            at.value = Some(value.clone());
        }
    }
    let mut text = String::new();
    tree.write(0, &mut text);
    text
}

/// The keys of a path; places in lists have been left out before.
fn keys(path: &Path) -> Vec<&str> {
    let segments = path.segments().iter();
    segments
        .filter_map(|segment| match segment {
            Segment::Key(key) => Some(key.as_str()),
            Segment::Index(_) => None,
        })
        .collect()
}

/// The settings `components` and `fields`.
fn values_layout(images: &[FoundImage]) -> String {
    let paths: Vec<Vec<&str>> =
        images.iter().filter_map(|image| Some(keys(&image.place.as_ref()?.path))).collect();
    let ends_in_image = paths.iter().all(|path| path.last().is_some_and(|key| is_image_key(key)));
    let path = if ends_in_image {
        pattern(&paths).or_else(|| parent(&paths))
    } else {
        parent(&paths).or_else(|| pattern(&paths))
    };
    let mut text = match path {
        Some(path) if path == "images" => String::new(),
        Some(path) => format!("components: {}\n", scalar(&path)),
        None => {
            let named = images.iter().zip(&paths);
            let lines =
                named.map(|(image, path)| format!("  {}: {}\n", scalar(&image.name), scalar(&dotted(path))));
            format!("components:\n{}", lines.collect::<Vec<_>>().concat())
        }
    };
    let fields = common_fields(images);
    if fields != Fields::default() {
        let image = match &fields.image[..] {
            [one] => scalar(one),
            several => format!("[{}]", several.iter().map(|key| scalar(key)).collect::<Vec<_>>().join(", ")),
        };
        let _ = writeln!(
            text,
            "fields: {{image: {image}, tag: {}, digest: {}}}",
            scalar(&fields.tag),
            scalar(&fields.digest)
        );
    }
    text
}

/// `*.image`, if every path has as many keys and ends in the same key. A key that all share
/// stays, unless it is the only one that can name a component.
fn pattern(paths: &[Vec<&str>]) -> Option<String> {
    let first = paths.first()?;
    let (last, before) = first.split_last()?;
    let alike = paths.iter().all(|path| path.len() == first.len() && path.last() == Some(last));
    if !alike || before.is_empty() {
        return None;
    }
    let mut segments: Vec<String> = before
        .iter()
        .enumerate()
        .map(
            |(at, key)| {
                if paths.iter().all(|path| path[at] == *key) { dotted(&[key]) } else { "*".to_owned() }
            },
        )
        .collect();
    if !segments.iter().any(|segment| segment == "*") {
        segments.pop();
        segments.push("*".to_owned());
    }
    segments.push(dotted(&[last]));
    Some(segments.join("."))
}

/// The path that all components stand directly below, if their own keys tell them apart.
fn parent(paths: &[Vec<&str>]) -> Option<String> {
    let (_, parent) = paths.first()?.split_last()?;
    let below = paths.iter().all(|path| path.split_last().is_some_and(|(_, own)| own == parent));
    (below && !parent.is_empty()).then(|| dotted(parent))
}

fn dotted(keys: &[&str]) -> String {
    let key = |key: &&str| {
        let plain = !key.is_empty() && !key.contains(['.', '*', '"', '[', ']']);
        if plain { (*key).to_owned() } else { format!("\"{key}\"") }
    };
    keys.iter().map(key).collect::<Vec<_>>().join(".")
}

/// The keys of all mappings: those of the first, with a registry where any has one, and the
/// digest's key of the first that writes a digest.
fn common_fields(images: &[FoundImage]) -> Fields {
    let places = || {
        let places = images.iter().filter_map(|image| image.place.as_ref());
        places.filter(|place| place.shape == PinShape::Fields)
    };
    let Some(first) = places().next() else { return Fields::default() };
    let longest = places().map(|place| &place.fields.image).max_by_key(|keys| keys.len());
    let writes_digest =
        |place: &&super::ValuesPlace| place.written.iter().any(|(key, _)| *key == place.fields.digest);
    let digest = places().find(writes_digest).unwrap_or(first);
    Fields {
        image: longest.unwrap_or(&first.fields.image).clone(),
        tag: first.fields.tag.clone(),
        digest: digest.fields.digest.clone(),
    }
}

/// The components' names as the manifest gives them, in the order of the images.
fn component_names(images: &[FoundImage], manifest: &str, layout: &str) -> Vec<String> {
    let read = read_manifest(manifest, layout).unwrap_or_default();
    let named: HashMap<Path, String> = read.into_iter().map(|(name, path, _)| (path, name)).collect();
    let name = |image: &FoundImage| named.get(&path_of(image)).unwrap_or(&image.name).clone();
    images.iter().map(name).collect()
}

fn path_of(image: &FoundImage) -> Path {
    let place = image.place.as_ref();
    place.map_or_else(|| Path::of_keys(["images", &image.name]), |place| place.path.clone())
}

/// Settings without which the first check would fail, each with a comment that says when it can go.
fn looser_settings(images: &[FoundImage], names: &[String], notes: &mut Vec<String>) -> String {
    let mut text = String::new();
    let without_digest = images.iter().filter(|image| image.digest.is_empty()).count();
    if without_digest > 0 {
        let all = images.len();
        let _ = write!(
            text,
            "# {without_digest} of {all} components have no digest yet. Remove this line once all have.\ndigest: optional\n"
        );
        notes.push(format!(
            "{without_digest} of {all} components have no digest: `digest: optional` is set; remove it once all have"
        ));
    }
    if images.iter().any(|image| image.tag.is_empty()) {
        text.push_str("# Some components have no tag. Remove these lines once all have.\nrules:\n  pin-incomplete: warning\n");
        let names: Vec<String> = images
            .iter()
            .zip(names)
            .filter(|(image, _)| image.tag.is_empty())
            .map(|(_, name)| format!("`{}`", escape(name)))
            .collect();
        notes.push(format!(
            "no tag: {}. The chart or a digest decides what runs there, and `pin-incomplete` only warns; \
             `sysbom release NAME=IMAGE:TAG@DIGEST` writes one; remove the setting once all have",
            names.join(", ")
        ));
    }
    let mut seen = BTreeSet::new();
    let mut allowed = String::new();
    for (image, name) in images.iter().zip(names) {
        let floats = !image.tag.is_empty()
            && matches!(
                Policy::default().floating(name, &image.tag, !image.digest.is_empty()),
                Floating::Rejected { .. }
            );
        if floats && seen.insert((name, &image.tag)) {
            let (name, tag) = (scalar(&Pattern::literal(name)), scalar(&Pattern::literal(&image.tag)));
            let _ = writeln!(
                allowed,
                "  - {{name: {name}, allow: [{{tag: {tag}, reason: in use when sysbom was introduced}}]}}"
            );
            notes.push(format!(
                "component `{}` has the floating tag `{}`: it is allowed in `.sysbom.yaml`; release a version, then remove that",
                escape(&image.name),
                escape(&image.tag)
            ));
        }
    }
    if !allowed.is_empty() {
        let _ = write!(
            text,
            "# These tags can move. Release versions instead, then remove these lines.\nfloating:\n  components:\n{allowed}"
        );
    }
    text
}

/// The pins that were found, each with the place that it has in the manifest.
fn wanted(images: &[FoundImage]) -> BTreeSet<(Path, Pin)> {
    let pin = |found: &FoundImage| {
        let FoundImage { image, tag, digest, .. } = found.clone();
        (path_of(found), Pin { image, tag, digest })
    };
    images.iter().map(pin).collect()
}

/// The pins that the written files say; `None` if they cannot be read or lack something.
fn read_back(files: &FirstFiles) -> Option<BTreeSet<(Path, Pin)>> {
    let read = read_manifest(&files.manifest, files.policy.as_deref().unwrap_or_default())?;
    Some(read.into_iter().map(|(_, path, pin)| (path, pin)).collect())
}

fn read_manifest(manifest: &str, policy: &str) -> Option<Vec<(String, Path, Pin)>> {
    let document = Document::parse(manifest).ok()?;
    let policies = Policies::read(&Source::new(POLICY_PATH, policy), &["pin-incomplete"]).ok()?;
    let manifest = Manifest::read(&document, &policies.common().layout);
    if !manifest.shortfalls.is_empty() {
        return None;
    }
    let components = manifest.components.iter();
    Some(components.map(|one| (one.name.clone(), one.path.clone(), one.pin())).collect())
}

/// A scalar that every reader of YAML takes for this text: plain where it begins with a letter and
/// is no word with a meaning, else in double quotes.
fn scalar(text: &str) -> String {
    const WORDS: &[&str] = &["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let plain_characters =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | '-' | ':' | '@');
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(plain_characters)
        && !text.ends_with(':')
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    if is_plain { text.to_owned() } else { in_double_quotes(text) }
}

/// As JSON writes it, with what is no text to some reader of YAML (U+2028 and the like) escaped too.
fn in_double_quotes(text: &str) -> String {
    let is_text = |c: char| !c.is_control() && !"\u{2028}\u{2029}\u{feff}\u{fffe}\u{ffff}".contains(c);
    let escaped = |c: char| if is_text(c) { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) };
    serde_json::Value::from(text).to_string().chars().map(escaped).collect()
}
