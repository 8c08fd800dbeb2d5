//! Images in a chart's values file, under whatever keys.
//!
//! Knows the shapes of public charts: `image: {repository, tag}`, with `registry` before it, with
//! `digest` or `sha` behind it, `tag: v1@sha256:...`, `image` and `tag` side by side, one string.
//! What it cannot take, or leaves to the chart, it says.

use std::collections::BTreeSet;

use super::naming::numbered;
use super::{Found, FoundImage, FoundKind, ValuesPlace};
use crate::bom::{Digest, Fields, ImageName, ImageRef, Malformed, PinShape, RefParts, Tag};
use crate::text::escape;
use crate::yaml::{Document, NodeId, NodeKind, Path, Segment};

/// The keys under which charts write a digest.
const DIGEST_KEYS: &[&str] = &["digest", "sha"];
/// The keys under which charts write a tag.
const TAG_KEYS: &[&str] = &["tag", "imageTag"];
/// The keys under which charts write an image's name, or its last part.
const IMAGE_KEYS: &[&str] = &["repository", "image", "imageName", "name"];
/// The keys under which charts write what stands before the name.
const REGISTRY_KEYS: &[&str] = &["registry", "hub"];

/// Finds the images of a values file.
pub(super) fn found(document: &Document) -> Found {
    let (places, aliases, notes) = (Vec::new(), Vec::new(), Vec::new());
    let mut walk = Walk { document, places, pins: BTreeSet::new(), aliases, notes };
    if let Some(root) = document.root() {
        walk.node(root, &Path::root());
    }
    walk.tell_aliases();
    let Walk { places, mut notes, .. } = walk;
    let mut taken = BTreeSet::new();
    let mut images = Vec::new();
    for place in keep_one_kind_of_fields(places, &mut notes) {
        let Pin { image, tag, digest } = place.pin;
        let name = numbered(&component_name(&place.place.path, &image), &taken);
        taken.insert(name.clone());
        images.push(FoundImage { name, image, tag, digest, place: Some(place.place) });
    }
    Found { kind: FoundKind::Values, images, notes }
}

struct Pin {
    image: String,
    tag: String,
    digest: String,
}

struct Placed {
    place: ValuesPlace,
    pin: Pin,
}

struct Walk<'d> {
    document: &'d Document,
    places: Vec<Placed>,
    /// Where the pins that were taken begin in the text.
    pins: BTreeSet<usize>,
    /// Aliases that were not taken for pins, with what they stand for.
    aliases: Vec<(Path, NodeId)>,
    notes: Vec<String>,
}

/// The most entries of a mapping that an alias may make a pin of: aliases can be many.
const MOST_IN_ALIASED_PIN: usize = 32;

impl Walk<'_> {
    /// Depth is limited by the document.
    fn node(&mut self, node: NodeId, path: &Path) {
        let document = self.document;
        for (index, item) in document.items(node).iter().enumerate() {
            self.node(item.value, &path.index(index));
        }
        let before = self.places.len();
        let as_fields = self.fields(node, path);
        self.remember_pin(before, node);
        for entry in document.entries(node) {
            let Some(key) = document.scalar(entry.key) else { continue };
            let path = path.key(key);
            match &document.node(entry.value).kind {
                NodeKind::Scalar { value, .. } if !as_fields && is_image_key(key) => {
                    let before = self.places.len();
                    self.one_string(value, path);
                    self.remember_pin(before, entry.value);
                }
                NodeKind::Scalar { .. } => {}
                NodeKind::Alias(_) if as_fields => {}
                NodeKind::Alias(target) => self.alias(*target, key, path),
                NodeKind::Mapping { .. } | NodeKind::Sequence { .. } => self.node(entry.value, &path),
            }
        }
    }

    /// What an alias stands for is a pin in its place as well: Helm has two of them then. What holds
    /// pins deeper down, or is merged in, is left to its owner to write out.
    fn alias(&mut self, target: NodeId, key: &str, path: Path) {
        let target = self.resolve(target);
        let taken = match &self.document.node(target).kind {
            NodeKind::Scalar { value, .. } => {
                if is_image_key(key) {
                    self.one_string(value, path);
                }
                return;
            }
            NodeKind::Mapping { entries, .. } => {
                key != "<<" && entries.len() <= MOST_IN_ALIASED_PIN && self.fields(target, &path)
            }
            NodeKind::Sequence { .. } | NodeKind::Alias(_) => false,
        };
        if !taken {
            self.aliases.push((path, target));
        }
    }

    /// An alias only ever stands for an earlier node, so this ends.
    fn resolve(&self, mut node: NodeId) -> NodeId {
        while let NodeKind::Alias(target) = self.document.node(node).kind {
            node = target;
        }
        node
    }

    /// Notes where a pin stands, if one was taken since there were so many places.
    fn remember_pin(&mut self, before: usize, node: NodeId) {
        if self.places.len() > before {
            self.pins.insert(self.document.node(node).span.start);
        }
    }

    fn tell_aliases(&mut self) {
        for (path, target) in std::mem::take(&mut self.aliases) {
            let span = self.document.node(target).span;
            if self.pins.range(span.start..span.end).next().is_some() {
                self.leave_out(&path, "it is an alias of what holds images; write them out there");
            }
        }
    }

    fn text(&self, mapping: NodeId, key: &str) -> Option<String> {
        let value = self.document.get(mapping, key)?;
        let text = self.document.scalar(self.resolve(value))?.trim();
        Some(if text == "null" || text == "~" { String::new() } else { text.to_owned() })
    }

    /// Takes a mapping that holds an image's parts, and says whether it does. Without tag and digest
    /// it is taken all the same: the chart has a default, and the day somebody writes a tag there it
    /// has to be judged.
    fn fields(&mut self, mapping: NodeId, path: &Path) -> bool {
        let written_key =
            |keys: &[&'static str]| keys.iter().find(|key| self.text(mapping, key).is_some()).copied();
        let (tag_key, digest_key) = (written_key(TAG_KEYS), written_key(DIGEST_KEYS));
        let below_image = matches!(path.segments().last(), Some(Segment::Key(key)) if is_image_key(key));
        let registry_key = written_key(REGISTRY_KEYS);
        let registry = registry_key.and_then(|key| self.text(mapping, key));
        let Some(image_key) = written_key(IMAGE_KEYS) else {
            self.tell_of_parts(mapping, path);
            return false;
        };
        let is_pin = match image_key {
            "repository" => tag_key.is_some() || digest_key.is_some() || below_image,
            "image" | "imageName" => tag_key.is_some(),
            _ => tag_key.is_some() && below_image,
        };
        let Some(repository) = self.text(mapping, image_key).filter(|_| is_pin) else { return false };
        if repository.is_empty() {
            if below_image {
                self.leave_out(
                    path,
                    "it names no image, so the chart takes another's; add it once it has one",
                );
            }
            return false;
        }
        if registry_key == Some("hub") && registry.as_ref().is_none_or(String::is_empty) {
            self.leave_out(path, "the beginning of its name stands elsewhere, as `hub`");
            return true;
        }
        let tag = tag_key.and_then(|key| self.text(mapping, key)).unwrap_or_default();
        let digest = digest_key.and_then(|key| self.text(mapping, key)).unwrap_or_default();
        let prefix = registry.clone().filter(|registry| !registry.is_empty());
        let image = prefix.iter().chain([&repository]).cloned().collect::<Vec<_>>().join("/");
        let mut image_keys = vec![image_key.to_owned()];
        if let Some(key) = registry_key {
            image_keys.insert(0, key.to_owned());
        }
        let fields = Fields {
            image: image_keys,
            tag: tag_key.unwrap_or("tag").to_owned(),
            digest: digest_key.unwrap_or("digest").to_owned(),
        };
        let values = [prefix.unwrap_or_default(), repository, tag.clone(), digest.clone()];
        let keys = [registry_key.unwrap_or_default(), image_key, &fields.tag, &fields.digest];
        let written = keys.iter().zip(values).filter(|(_, value)| !value.is_empty());
        let written = written.map(|(key, value)| ((*key).to_owned(), value)).collect();
        let pin = read_pin(image, &tag, &digest);
        if let Some(fault) = fault(&pin) {
            self.leave_out(path, &fault.message);
            return true;
        }
        self.take(ValuesPlace { path: path.clone(), shape: PinShape::Fields, fields, written }, pin);
        true
    }

    /// A registry or a tag that holds for images elsewhere: `global.imageRegistry`, `global.hub`.
    fn tell_of_parts(&mut self, mapping: NodeId, path: &Path) {
        for key in ["imageRegistry", "hub"] {
            if let Some(text) = self.text(mapping, key).filter(|text| !text.is_empty()) {
                let why = format!("the chart puts `{}` before images that stand elsewhere", escape(&text));
                self.leave_out(&path.key(key), &why);
            }
        }
    }

    fn one_string(&mut self, text: &str, path: Path) {
        // Empty and templated values are no fault: the chart has a default, or fills them in.
        let Ok(reference) = text.parse::<ImageRef>() else { return };
        let part = |part: Option<String>| part.unwrap_or_default();
        let pin = Pin {
            image: reference.name.to_string(),
            tag: part(reference.tag.map(|tag| tag.to_string())),
            digest: part(reference.digest.map(|digest| digest.to_string())),
        };
        let written = vec![(String::new(), text.to_owned())];
        let place = ValuesPlace { path, shape: PinShape::OneString, fields: Fields::default(), written };
        self.take(place, pin);
    }

    fn take(&mut self, place: ValuesPlace, pin: Pin) {
        let in_list = place.path.segments().iter().any(|segment| matches!(segment, Segment::Index(_)));
        if in_list {
            self.leave_out(&place.path, "it stands in a list, and Helm replaces lists as a whole");
        } else if place.path.segments().is_empty() {
            self.leave_out(&place.path, "the parts of a pin stand at the top of the file");
        } else if place.shape == PinShape::OneString && pin.tag.is_empty() && pin.digest.is_empty() {
            self.leave_out(&place.path, "it has neither tag nor digest; add it once it has");
        } else {
            self.places.push(Placed { place, pin });
        }
    }

    fn leave_out(&mut self, path: &Path, why: &str) {
        let path = path.to_string();
        self.notes.push(format!("`{}` is left out: {why}", escape(&path)));
    }
}

/// `v1@sha256:...` and 64 hex digits alone, read as a manifest is read.
fn read_pin(image: String, tag: &str, digest: &str) -> Pin {
    let prefixed = if digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        format!("sha256:{digest}")
    } else {
        digest.to_owned()
    };
    match tag.split_once('@') {
        Some((tag, inline)) if digest.is_empty() => {
            Pin { image, tag: tag.to_owned(), digest: inline.to_owned() }
        }
        _ => Pin { image, tag: tag.to_owned(), digest: prefixed },
    }
}

/// What is wrong with a part of a pin that is written.
fn fault(pin: &Pin) -> Option<Malformed> {
    let written = |text: &str| !text.is_empty();
    let image = pin.image.parse::<ImageName>().err();
    let tag = pin.tag.parse::<Tag>().err().filter(|_| written(&pin.tag));
    let digest = pin.digest.parse::<Digest>().err().filter(|_| written(&pin.digest));
    image.or(tag).or(digest)
}

/// `image`, `proxyImage`: what charts call an image.
pub(super) fn is_image_key(key: &str) -> bool {
    key.to_ascii_lowercase().ends_with("image")
}

/// A policy knows one set of keys: that of most images. Those with others are left out, and one
/// that only lacks a registry is none of them.
fn keep_one_kind_of_fields(places: Vec<Placed>, notes: &mut Vec<String>) -> Vec<Placed> {
    let key = |place: &Placed| {
        let fields = &place.place.fields;
        (fields.image.last().cloned(), fields.tag.clone())
    };
    let digest = |place: &Placed| {
        let Fields { digest, .. } = &place.place.fields;
        place.place.written.iter().any(|(key, _)| key == digest).then(|| digest.clone())
    };
    let fields = || places.iter().filter(|place| place.place.shape == PinShape::Fields);
    let usual = most_common(fields().map(key));
    let usual_digest = most_common(fields().filter(|place| Some(key(place)) == usual).filter_map(digest));
    places
        .into_iter()
        .filter(|place| {
            let fits = place.place.shape == PinShape::OneString
                || (Some(key(place)) == usual && digest(place).is_none_or(|own| Some(own) == usual_digest));
            if !fits {
                let path = place.place.path.to_string();
                notes.push(format!("`{}` is left out: its keys are not those of the others", escape(&path)));
            }
            fits
        })
        .collect()
}

/// The value that comes most often; of several, the first that came.
fn most_common<T: PartialEq>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: Vec<(T, usize)> = Vec::new();
    for value in values {
        match counts.iter_mut().find(|(known, _)| *known == value) {
            Some((_, count)) => *count += 1,
            None => counts.push((value, 1)),
        }
    }
    let most = counts.iter().map(|(_, count)| *count).max()?;
    counts.into_iter().find(|(_, count)| *count == most).map(|(value, _)| value)
}

/// The keys down to the image without `image` itself, joined by dots; at the top, the last part
/// of the image's name.
fn component_name(path: &Path, image: &str) -> String {
    let mut keys: Vec<&str> = path
        .segments()
        .iter()
        .filter_map(|segment| match segment {
            Segment::Key(key) => Some(key.as_str()),
            Segment::Index(_) => None,
        })
        .collect();
    if keys.last().is_some_and(|key| key.eq_ignore_ascii_case("image")) {
        keys.pop();
    }
    if keys.is_empty() {
        let name = RefParts::split(image).name.of(image);
        return name.rsplit('/').next().unwrap_or(name).to_owned();
    }
    keys.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    /// Every image as `name @ path = image|tag|digest`, then every note as `! note`.
    fn summary(text: &str) -> Vec<String> {
        let document = Document::parse(text.replace("HEX", HEX)).expect("the test's YAML is well formed");
        let found = found(&document);
        let images = found.images.iter().map(|found| {
            let place = found.place.as_ref().expect("values have places");
            let FoundImage { name, image, tag, digest, .. } = found;
            format!("{name} @ {} = {image}|{tag}|{digest}", place.path).replace(HEX, "HEX")
        });
        images.chain(found.notes.iter().map(|note| format!("! {note}"))).collect()
    }

    #[test]
    fn the_shapes_of_public_charts_are_read() {
        for (text, expected) in [
            (
                "app: {image: {repository: ghcr.io/a/b, tag: v1, pullPolicy: Always}}\n",
                "app @ app.image = ghcr.io/a/b|v1|",
            ),
            (
                "image: {registry: docker.io, repository: bitnami/redis, tag: 7.2.5, digest: 'sha256:HEX'}\n",
                "redis @ image = docker.io/bitnami/redis|7.2.5|sha256:HEX",
            ),
            (
                "image: {registry: '', repository: redis, tag: 7.2.5, digest: ''}\n",
                "redis @ image = redis|7.2.5|",
            ),
            (
                "agent: {image: {repository: a/b, tag: 'v1@sha256:HEX'}}\n",
                "agent @ agent.image = a/b|v1|sha256:HEX",
            ),
            (
                "c: {image: {registry: registry.k8s.io, image: ingress-nginx/controller, tag: v1.11.1, digest: 'sha256:HEX'}}\n",
                "c @ c.image = registry.k8s.io/ingress-nginx/controller|v1.11.1|sha256:HEX",
            ),
            (
                "pilot: {hub: docker.io/istio, image: pilot, tag: 1.22.0}\n",
                "pilot @ pilot = docker.io/istio/pilot|1.22.0|",
            ),
            ("db: {imageName: postgres, imageTag: 16.3}\n", "db @ db = postgres|16.3|"),
            (
                "p: {spec: {image: {repository: a/b, tag: v1, sha: HEX}}}\n",
                "p.spec @ p.spec.image = a/b|v1|sha256:HEX",
            ),
            ("web: {image: 'ghcr.io/a/web:v1', replicas: 2}\n", "web @ web.image = ghcr.io/a/web|v1|"),
            ("proxyImage: envoy:v1\n", "proxyImage @ proxyImage = envoy|v1|"),
            ("web: {image: ghcr.io/a/web, tag: v1}\n", "web @ web = ghcr.io/a/web|v1|"),
            ("db: {image: postgres, imageTag: 16.3}\n", "db @ db = postgres|16.3|"),
            ("images: {web: {repository: a/web, tag: 1.10}}\n", "images.web @ images.web = a/web|1.10|"),
            ("x: {image: {name: a/b, tag: v1}}\n", "x @ x.image = a/b|v1|"),
        ] {
            assert_eq!(summary(text), [expected], "{text}");
        }
    }

    #[test]
    fn what_is_no_image_is_passed_over() {
        let text = "git: {repository: acme/app, branch: main}\nchart: {repository: https://x.y/charts, version: 1}\n\
                    image: ''\nother: {image: '{{ .Values.x }}'}\nimagePullSecrets: [a]\nuser: {name: x, tag: y}\n\
                    a: &a {image: {repository: q/r, tag: v1}}\nb: *a\n";
        let note = "! `b` is left out: it is an alias of what holds images; write them out there";
        assert_eq!(summary(text), ["a @ a.image = q/r|v1|", note]);
    }

    #[test]
    fn an_alias_of_a_pin_is_a_pin_of_its_own_and_one_of_more_is_told() {
        let text = "x: &img {repository: a/b, tag: v1}\napp: {image: *img}\nweb: {image: {repository: a/c, tag: &t v2}}\n\
                    job: {image: {repository: a/d, tag: *t}}\nold: {image: {<<: *img, tag: v3}}\ns: {image: &one 'a/e:v4'}\n\
                    t: {image: *one}\nu: *one\nnone: &n {a: 1}\nv: *n\n";
        assert_eq!(
            summary(text),
            [
                "x @ x = a/b|v1|",
                "app @ app.image = a/b|v1|",
                "web @ web.image = a/c|v2|",
                "job @ job.image = a/d|v2|",
                "s @ s.image = a/e|v4|",
                "t @ t.image = a/e|v4|",
                "! `old.image.<<` is left out: it is an alias of what holds images; write them out there",
            ]
        );
    }

    #[test]
    fn what_cannot_be_taken_is_told() {
        let text = "a: {image: {repository: x/a, tag: ''}}\nb: [{image: 'x/b:v1'}]\nc: {image: {repository: X/c, tag: v1}}\n\
                    d: {image: {repository: x/d, tag: v1}}\ne: {image: x/e, imageTag: v1}\nf: {image: {repository: x/f, tag: v1}}\ng: {image: x/g}\n";
        assert_eq!(
            summary(text),
            [
                "a @ a.image = x/a||",
                "d @ d.image = x/d|v1|",
                "f @ f.image = x/f|v1|",
                "! `b[0].image` is left out: it stands in a list, and Helm replaces lists as a whole",
                "! `c.image` is left out: an image name is in lower case, and `X` is not",
                "! `g.image` is left out: it has neither tag nor digest; add it once it has",
                "! `e` is left out: its keys are not those of the others",
            ]
        );
    }

    #[test]
    fn what_stands_in_several_places_or_in_none_is_told() {
        let text = "global: {hub: docker.io/istio, tag: 1.22.0, proxy: {image: proxyv2}}\npilot: {hub: '', image: pilot, tag: ''}\n\
                    two: {imageRegistry: r.example, image: {repository: x/a, tag: v1}}\ncontroller: {image: {repository: '', tag: ''}}\n";
        assert_eq!(
            summary(text),
            [
                "two @ two.image = x/a|v1|",
                "! `global.hub` is left out: the chart puts `docker.io/istio` before images that stand elsewhere",
                "! `global.proxy.image` is left out: it has neither tag nor digest; add it once it has",
                "! `pilot` is left out: the beginning of its name stands elsewhere, as `hub`",
                "! `two.imageRegistry` is left out: the chart puts `r.example` before images that stand elsewhere",
                "! `controller.image` is left out: it names no image, so the chart takes another's; add it once it has one",
            ]
        );
    }
}
