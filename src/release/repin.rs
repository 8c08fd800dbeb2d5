//! Writing a pin back in the shape in which it is read, and a new component in the shape of its
//! neighbours.
//!
//! Knows layouts and shapes: separate keys, a name in two parts, `tag: v1@sha256:...`, a digest
//! without `sha256:`, one string, lists. Whether a pin may be written is for `plan`.

use super::Refusal;
use crate::bom::{Component, Components, Fields, ImageName, Layout, Manifest, PatternSegment, Pin, PinShape};
use crate::change::reference;
use crate::text::escape;
use crate::yaml::{Change, Document, NodeId, NodeKind, Path, Segment, Shape, Value};

/// The changes that make a component's pin this one. Nothing but its parts is touched, and none of
/// them that is the same already.
pub(super) fn repin(
    document: &Document,
    component: &Component,
    fields: &Fields,
    to: &Pin,
) -> Result<Vec<Change>, Refusal> {
    if matches!(document.node(component.node).kind, NodeKind::Alias(_)) {
        return Err(shared(component));
    }
    match component.shape {
        PinShape::OneString => {
            let value = Value::Text(reference(to));
            Ok(vec![Change::Replace { at: component.path.clone(), value }])
        }
        PinShape::Fields => {
            let mut writer = Writer { document, component, changes: Vec::new(), inserted: 0 };
            writer.image(&fields.image, &to.image)?;
            writer.tag_and_digest(fields, to)?;
            Ok(writer.changes)
        }
    }
}

struct Writer<'d> {
    document: &'d Document,
    component: &'d Component,
    changes: Vec<Change>,
    inserted: usize,
}

impl Writer<'_> {
    fn image(&mut self, keys: &[String], to: &str) -> Result<(), Refusal> {
        if self.component.pin().image == to {
            return Ok(());
        }
        let written: Vec<String> =
            keys.iter().map(|key| self.text(key).unwrap_or_default().to_owned()).collect();
        let parts = split_image(to, &written).ok_or_else(|| {
            Refusal::new(
                format!(
                    "the image name of `{}` cannot be divided among its keys",
                    escape(&self.component.name)
                ),
                format!("write {} by hand", list(keys)),
            )
        })?;
        for (key, part) in keys.iter().zip(parts) {
            if !part.is_empty() || self.text(key).is_some() {
                self.set(key, &part)?;
            }
        }
        Ok(())
    }

    fn tag_and_digest(&mut self, fields: &Fields, to: &Pin) -> Result<(), Refusal> {
        let node = |field: &Option<crate::bom::Field>| field.as_ref().map(|field| field.node);
        let is_inline =
            self.component.digest.is_some() && node(&self.component.tag) == node(&self.component.digest);
        if is_inline {
            return self.set(&fields.tag, &tag_with_digest(to));
        }
        self.set(&fields.tag, &to.tag)?;
        if to.digest.is_empty() && self.text(&fields.digest).is_none() {
            return Ok(());
        }
        let bare = self.text(&fields.digest).is_some_and(is_bare);
        let digest = digest_text(&to.digest, bare).ok_or_else(|| bare_only(&self.component.name))?;
        self.set(&fields.digest, &digest)
    }

    /// What stands at a key of the component's own mapping.
    fn text(&self, key: &str) -> Option<&str> {
        self.document.scalar(self.document.get(self.component.node, key)?)
    }

    fn set(&mut self, key: &str, text: &str) -> Result<(), Refusal> {
        let value = Value::Text(text.to_owned());
        match self.document.get(self.component.node, key) {
            Some(_) if self.text(key) == Some(text) => {}
            Some(node) if matches!(self.document.node(node).kind, NodeKind::Scalar { .. }) => {
                self.changes.push(Change::Replace { at: self.component.path.key(key), value });
            }
            Some(_) => return Err(shared(self.component)),
            None => {
                let position = self.document.entries(self.component.node).len() + self.inserted;
                let into = self.component.path.clone();
                self.changes.push(Change::Insert { into, position, key: Some(key.to_owned()), value });
                self.inserted += 1;
            }
        }
        Ok(())
    }
}

fn shared(component: &Component) -> Refusal {
    Refusal::new(
        format!("the pin of `{}` is written elsewhere and only referred to", escape(&component.name)),
        "write it out in the manifest: an alias or a merge key would change other components too",
    )
}

fn bare_only(component: &str) -> Refusal {
    Refusal::new(
        format!(
            "`{}` takes digests without `sha256:` in front, and this one is no SHA-256",
            escape(component)
        ),
        "release the image by its sha256 digest",
    )
}

fn is_bare(digest: &str) -> bool {
    digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A digest as its key has it: with or without the algorithm. `None` if it cannot do without.
fn digest_text(digest: &str, bare: bool) -> Option<String> {
    if bare && !digest.is_empty() {
        digest.strip_prefix("sha256:").map(str::to_owned)
    } else {
        Some(digest.to_owned())
    }
}

fn tag_with_digest(pin: &Pin) -> String {
    if pin.digest.is_empty() { pin.tag.clone() } else { format!("{}@{}", pin.tag, pin.digest) }
}

fn list(keys: &[String]) -> String {
    keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" and ")
}

/// An image name in as many parts as there are keys, given what stands there now. What stands
/// before the last key stays if the name begins so; else the first key takes the registry, if it
/// has one now. `None` if that does not work out.
fn split_image(to: &str, written: &[String]) -> Option<Vec<String>> {
    let before = &written[..written.len().checked_sub(1)?];
    let prefix: Vec<&str> = before.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    let prefix = prefix.join("/");
    let kept = if prefix.is_empty() {
        Some(to)
    } else {
        to.strip_prefix(&prefix).and_then(|rest| rest.strip_prefix('/'))
    };
    if let Some(rest) = kept {
        return Some(before.iter().cloned().chain([rest.to_owned()]).collect());
    }
    let name: ImageName = to.parse().ok()?;
    let registry = name.registry()?;
    if before.len() != 1 {
        return None;
    }
    Some(vec![registry.to_owned(), to.strip_prefix(registry)?.strip_prefix('/')?.to_owned()])
}

/// The changes that add a component, in the shape of those that stand there.
pub(super) fn add(
    document: &Document,
    manifest: &Manifest,
    layout: &Layout,
    name: &str,
    to: &Pin,
) -> Result<Vec<Change>, Refusal> {
    let like = manifest.components.last();
    let fields = &layout.fields;
    match &layout.components {
        Components::Below(path) => below(document, manifest, fields, path, name, to),
        Components::Matching(pattern) => {
            let place = place_of(pattern, name).ok_or_else(|| no_place(name))?;
            Ok(vec![at_path(document, &place, shaped(document, like, fields, to)?)?])
        }
        Components::Named(_) => Err(Refusal::new(
            format!("the policy does not say where `{}` stands", escape(name)),
            "name its path under `components` of `.sysbom.yaml` on the base branch first",
        )),
    }
}

fn no_place(name: &str) -> Refusal {
    Refusal::new(
        format!("`{}` does not fit the pattern under `components` of the policy", escape(name)),
        "name as many keys, joined by dots, as the pattern has stars; or add the component by hand",
    )
}

/// A text of nothing but the frame in which the first component stands.
pub(super) fn first(layout: &Layout, name: &str, to: &Pin) -> Result<String, Refusal> {
    let place = match &layout.components {
        Components::Below(path) => path.key(name),
        Components::Matching(pattern) => place_of(pattern, name).ok_or_else(|| no_place(name))?,
        Components::Named(named) => {
            let own = named.iter().find(|(known, _)| known == name);
            own.map(|(_, path)| path.clone()).ok_or_else(|| no_place(name))?
        }
    };
    let empty = Document::parse("{}\n").expect("the frame is YAML");
    let value = shaped(&empty, None, &layout.fields, to)?;
    let Some((Segment::Key(top), below)) = place.segments().split_first() else {
        return Err(no_place(name));
    };
    let frame =
        Document::parse(format!("{}:\n", crate::yaml::quote_if_needed(top))).expect("the frame is YAML");
    let value = wrapped(below, value).ok_or_else(|| no_place(name))?;
    crate::yaml::apply(&frame, &Change::Replace { at: Path::of_keys([top.as_str()]), value })
        .map_err(|refused| Refusal::new(refused.message, "write the first component by hand"))
}

/// A value inside as many mappings as there are keys.
fn wrapped(keys: &[Segment], value: Value) -> Option<Value> {
    keys.iter().rev().try_fold(value, |value, segment| match segment {
        Segment::Key(key) => Some(Value::Mapping(vec![(key.clone(), value)])),
        Segment::Index(_) => None,
    })
}

fn below(
    document: &Document,
    manifest: &Manifest,
    fields: &Fields,
    path: &Path,
    name: &str,
    to: &Pin,
) -> Result<Vec<Change>, Refusal> {
    let like = manifest.components.last();
    let container = document.at(path).filter(|&node| !document.is_missing(node));
    let Some(container) = container else {
        let value = shaped(document, like, fields, to)?;
        return Ok(vec![at_path(document, &path.key(name), value)?]);
    };
    let value = shaped(document, like, fields, to)?;
    let (key, value) = match document.node(container).kind {
        NodeKind::Sequence { .. } => (None, named(document, like, name, value)),
        NodeKind::Mapping { .. } | NodeKind::Scalar { .. } | NodeKind::Alias(_) => {
            (Some(name.to_owned()), value)
        }
    };
    if document.entries(container).is_empty() && document.items(container).is_empty() {
        let value = match key {
            Some(key) => Value::Mapping(vec![(key, value)]),
            None => Value::Sequence(vec![value]),
        };
        return Ok(vec![Change::Replace { at: path.clone(), value }]);
    }
    let position = position(document, container, manifest, name);
    let inside = match &key {
        Some(key) => path.key(key),
        None => path.index(position),
    };
    let insert = |value| Change::Insert { into: path.clone(), position, key: key.clone(), value };
    match value {
        // Braces cannot be asked for as such; but what is put into empty ones stays inside.
        Value::Mapping(entries) if like.is_some_and(|like| is_flow(document, like.node)) => {
            let into_it = entries.into_iter().enumerate().map(|(position, (key, value))| Change::Insert {
                into: inside.clone(),
                position,
                key: Some(key),
                value,
            });
            Ok(std::iter::once(insert(Value::Mapping(Vec::new()))).chain(into_it).collect())
        }
        value => Ok(vec![insert(value)]),
    }
}

fn is_flow(document: &Document, node: NodeId) -> bool {
    matches!(document.node(node).kind, NodeKind::Mapping { shape: Shape::Flow, .. })
}

/// Where a new entry stands: where the alphabet puts it, if that holds for the others, else last.
fn position(document: &Document, container: NodeId, manifest: &Manifest, name: &str) -> usize {
    let count = document.entries(container).len().max(document.items(container).len());
    let names: Vec<&str> = manifest.components.iter().map(|component| component.name.as_str()).collect();
    let is_sorted = names.len() > 1 && names.len() == count && names.windows(2).all(|pair| pair[0] < pair[1]);
    if is_sorted { names.iter().take_while(|other| **other < name).count() } else { count }
}

/// An item of a list, with its name before the pin where the others have one.
fn named(document: &Document, like: Option<&Component>, name: &str, value: Value) -> Value {
    let has_name = like.is_none_or(|like| document.get(like.node, "name").is_some());
    match value {
        Value::Mapping(mut entries) if has_name => {
            entries.insert(0, ("name".to_owned(), Value::text(name)));
            Value::Mapping(entries)
        }
        value => value,
    }
}

/// A pin in the shape of another component's, or in separate keys.
fn shaped(
    document: &Document,
    like: Option<&Component>,
    fields: &Fields,
    to: &Pin,
) -> Result<Value, Refusal> {
    if like.is_some_and(|like| like.shape == PinShape::OneString) {
        return Ok(Value::Text(reference(to)));
    }
    let text = |key: &str| document.scalar(document.get(like?.node, key)?);
    let mut entries: Vec<(String, Value)> = Vec::new();
    let prefixes: Vec<String> = fields.image[..fields.image.len() - 1]
        .iter()
        .map(|key| text(key).unwrap_or_default().to_owned())
        .chain([String::new()])
        .collect();
    let parts = split_image(&to.image, &prefixes).unwrap_or_else(|| {
        // Another registry than the neighbour's, where there is room for none: all in the last key.
        let empty = vec![String::new(); fields.image.len() - 1];
        empty.into_iter().chain([to.image.clone()]).collect()
    });
    for (key, part) in fields.image.iter().zip(parts) {
        if !part.is_empty() || text(key).is_some() {
            entries.push((key.clone(), Value::Text(part)));
        }
    }
    let is_inline = text(&fields.tag).is_some_and(|tag| tag.contains('@'));
    if is_inline {
        entries.push((fields.tag.clone(), Value::Text(tag_with_digest(to))));
    } else {
        entries.push((fields.tag.clone(), Value::text(&to.tag)));
        if !to.digest.is_empty() {
            let bare = text(&fields.digest).is_some_and(is_bare);
            let digest = digest_text(&to.digest, bare)
                .ok_or_else(|| bare_only(like.map_or("the manifest", |like| like.name.as_str())))?;
            entries.push((fields.digest.clone(), Value::Text(digest)));
        }
    }
    if let Some(like) = like {
        let order: Vec<&str> =
            document.entries(like.node).iter().filter_map(|entry| document.scalar(entry.key)).collect();
        entries.sort_by_key(|(key, _)| order.iter().position(|other| other == key).unwrap_or(usize::MAX));
    }
    Ok(Value::Mapping(entries))
}

/// The path that makes a pattern find a component of this name.
fn place_of(pattern: &[PatternSegment], name: &str) -> Option<Path> {
    let stars = pattern.iter().filter(|segment| matches!(segment, PatternSegment::Any)).count();
    let names: Vec<&str> = if stars == 1 { vec![name] } else { name.split('.').collect() };
    if names.len() != stars || names.iter().any(|name| name.is_empty()) {
        return None;
    }
    let mut names = names.into_iter();
    let mut path = Path::root();
    for segment in pattern {
        path = match segment {
            PatternSegment::Key(key) => path.key(key),
            PatternSegment::Any => path.key(names.next()?),
        };
    }
    Some(path)
}

/// The change that puts a value at a path, with all the mappings on the way that are not there.
fn at_path(document: &Document, place: &Path, value: Value) -> Result<Change, Refusal> {
    let mut into = Path::root();
    for (depth, segment) in place.segments().iter().enumerate() {
        let Segment::Key(key) = segment else { break };
        let inner = into.key(key);
        let rest = &place.segments()[depth + 1..];
        match document.at(&inner) {
            Some(node) if !rest.is_empty() && !document.entries(node).is_empty() => into = inner,
            found => {
                let Some(value) = wrapped(rest, value) else { break };
                let is_vacant = found.is_none_or(|node| {
                    document.is_missing(node)
                        || matches!(&document.node(node).kind, NodeKind::Mapping { entries, .. } if entries.is_empty())
                });
                if !is_vacant {
                    break;
                }
                if found.is_some() {
                    return Ok(Change::Replace { at: inner, value });
                }
                let position = document.at(&into).map_or(0, |node| document.entries(node).len());
                return Ok(Change::Insert { into, position, key: Some(key.clone()), value });
            }
        }
    }
    Err(Refusal::new(
        format!("something else stands at `{}`", escape(&place.to_string())),
        "add the component by hand",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::apply_all;

    const OLD: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const NEW: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn keyed(image: &[&str], digest: &str) -> Layout {
        let fields = Fields {
            image: image.iter().map(|key| (*key).to_owned()).collect(),
            tag: "tag".to_owned(),
            digest: digest.to_owned(),
        };
        Layout { fields, ..Layout::default() }
    }

    fn pin(image: &str, tag: &str) -> Pin {
        Pin { image: image.to_owned(), tag: tag.to_owned(), digest: format!("sha256:{NEW}") }
    }

    /// The text after a pin was written, with `OLD` and `NEW` for digests.
    fn written(text: &str, layout: &Layout, name: &str, to: &Pin) -> Result<String, String> {
        let document = Document::parse(text.replace("OLD", OLD)).expect(text);
        let manifest = Manifest::read(&document, layout);
        let changes = match manifest.component(name) {
            Some(component) => repin(&document, component, &layout.fields, to),
            None => add(&document, &manifest, layout, name, to),
        };
        let after =
            apply_all(&document, &changes.map_err(|refusal| refusal.message)?).map_err(|r| r.message)?;
        let read = Manifest::read(&after, layout);
        let after = after.text();
        assert_eq!(read.component(name).expect("it is there").pin(), *to, "{after}");
        Ok(after.replace(OLD, "OLD").replace(NEW, "NEW"))
    }

    #[test]
    fn a_pin_is_written_back_in_its_shape() {
        let default = Layout::default();
        let two = keyed(&["registry", "repository"], "sha");
        for (layout, before, image, after) in [
            (
                &default,
                "images:\n  app: # ours\n    digest: 'sha256:OLD'\n    tag: \"v1\" # x\n    image: a/b\n    pullPolicy: Always\n",
                "a/b",
                "images:\n  app: # ours\n    digest: 'sha256:NEW'\n    tag: \"v2\" # x\n    image: a/b\n    pullPolicy: Always\n",
            ),
            (
                &default,
                "images: {app: {image: a/b, tag: v1, digest: sha256:OLD}}",
                "a/c",
                "images: {app: {image: a/c, tag: v2, digest: sha256:NEW}}",
            ),
            (&default, "images:\n  app: a/b:v1@sha256:OLD\n", "a/b", "images:\n  app: a/b:v2@sha256:NEW\n"),
            (
                &default,
                "images:\n  - 'a/app:v1'\n  - {name: x, image: y, tag: v1}\n",
                "a/app",
                "images:\n  - 'a/app:v2@sha256:NEW'\n  - {name: x, image: y, tag: v1}\n",
            ),
            (
                &default,
                "images:\n- name: app\n  image: a/b\n  tag: v1\n  digest:\n- name: b\n",
                "a/b",
                "images:\n- name: app\n  image: a/b\n  tag: v2\n  digest: sha256:NEW\n- name: b\n",
            ),
            (
                &default,
                "images:\r\n  app:\r\n    image: a/b\r\n    tag: v1@sha256:OLD\r\n",
                "a/b",
                "images:\r\n  app:\r\n    image: a/b\r\n    tag: v2@sha256:NEW\r\n",
            ),
            (
                &default,
                "images:\n  app:\n    image: a/b\n    tag: v1",
                "a/b",
                "images:\n  app:\n    image: a/b\n    tag: v2\n    digest: sha256:NEW",
            ),
            (
                &two,
                "images:\n  app: {registry: quay.io, repository: a/b, tag: v1, sha: OLD}\n",
                "quay.io/a/c",
                "images:\n  app: {registry: quay.io, repository: a/c, tag: v2, sha: NEW}\n",
            ),
            (
                &two,
                "images:\n  app: {registry: quay.io, repository: a/b, tag: v1, sha: OLD}\n",
                "ghcr.io/a/b",
                "images:\n  app: {registry: ghcr.io, repository: a/b, tag: v2, sha: NEW}\n",
            ),
            (
                &two,
                "images:\n  app: {registry: '', repository: a/b, tag: v1}\n",
                "ghcr.io/a/b",
                "images:\n  app: {registry: '', repository: ghcr.io/a/b, tag: v2, sha: sha256:NEW}\n",
            ),
        ] {
            assert_eq!(written(before, layout, "app", &pin(image, "v2")).as_deref(), Ok(after), "{before}");
        }
    }

    #[test]
    fn a_tag_that_helm_would_misread_is_quoted() {
        let before = "images:\n  app:\n    image: a/b\n    tag: v1\n    digest: sha256:OLD\n";
        let after = written(before, &Layout::default(), "app", &pin("a/b", "1.10"));
        assert_eq!(
            after.as_deref(),
            Ok("images:\n  app:\n    image: a/b\n    tag: \"1.10\"\n    digest: sha256:NEW\n")
        );
    }

    #[test]
    fn a_pin_that_is_written_elsewhere_is_refused() {
        for text in [
            "x: &x {image: a/b, tag: v1}\nimages: {app: *x}\n",
            "x: &x v1\nimages: {app: {image: a/b, tag: *x, digest: sha256:OLD}}\n",
        ] {
            assert!(written(text, &Layout::default(), "app", &pin("a/b", "v2")).is_err(), "{text}");
        }
        let two = keyed(&["registry", "repository"], "sha");
        let text = "images:\n  app: {registry: quay.io, repository: a/b, tag: v1, sha: OLD}\n";
        assert!(written(text, &two, "app", &pin("a/b", "v2")).is_err(), "a registry key cannot be emptied");
    }

    #[test]
    fn a_new_component_looks_like_its_neighbours() {
        let default = Layout::default();
        let two = keyed(&["registry", "repository"], "sha");
        let pattern = Layout {
            components: Components::Matching(vec![
                PatternSegment::Any,
                PatternSegment::Key("image".to_owned()),
            ]),
            ..Layout::default()
        };
        for (layout, before, after) in [
            (
                &default,
                "images:\n  app:\n    image: a/b\n    digest: sha256:OLD\n    tag: v1\nexperiment:\n  x: 1\n",
                "images:\n  app:\n    image: a/b\n    digest: sha256:OLD\n    tag: v1\n  new:\n    image: q.io/a/n\n    digest: sha256:NEW\n    tag: v2\nexperiment:\n  x: 1\n",
            ),
            (
                &default,
                "images:\n  app: {image: a, tag: v1}\n  web: {image: a, tag: v1}\n",
                "images:\n  app: {image: a, tag: v1}\n  new: {image: q.io/a/n, tag: v2, digest: sha256:NEW}\n  web: {image: a, tag: v1}\n",
            ),
            (
                &default,
                "images:\n  web: a:v1\n  app: b:v1\n",
                "images:\n  web: a:v1\n  app: b:v1\n  new: q.io/a/n:v2@sha256:NEW\n",
            ),
            (
                &default,
                "images:\n- name: app\n  image: a/b\n  tag: v1\n",
                "images:\n- name: app\n  image: a/b\n  tag: v1\n- name: new\n  image: q.io/a/n\n  tag: v2\n  digest: sha256:NEW\n",
            ),
            (
                &default,
                "images: {}\n",
                "images:\n  new:\n    image: q.io/a/n\n    tag: v2\n    digest: sha256:NEW\n",
            ),
            (
                &default,
                "other: 1\n",
                "other: 1\nimages:\n  new:\n    image: q.io/a/n\n    tag: v2\n    digest: sha256:NEW\n",
            ),
            (
                &two,
                "images:\n  app:\n    registry: q.io\n    repository: a/b\n    tag: v1@sha256:OLD\n",
                "images:\n  app:\n    registry: q.io\n    repository: a/b\n    tag: v1@sha256:OLD\n  new:\n    registry: q.io\n    repository: a/n\n    tag: v2@sha256:NEW\n",
            ),
            (
                &two,
                "images:\n  app: {repository: a/b, tag: v1, sha: OLD}\n",
                "images:\n  app: {repository: a/b, tag: v1, sha: OLD}\n  new: {repository: q.io/a/n, tag: v2, sha: NEW}\n",
            ),
            (
                &pattern,
                "app:\n  image:\n    image: a\n    tag: v1\nnew:\n  replicas: 2\n",
                "app:\n  image:\n    image: a\n    tag: v1\nnew:\n  replicas: 2\n  image:\n    image: q.io/a/n\n    tag: v2\n    digest: sha256:NEW\n",
            ),
        ] {
            assert_eq!(
                written(before, layout, "new", &pin("q.io/a/n", "v2")).as_deref(),
                Ok(after),
                "{before}"
            );
        }
        let taken = written(
            "app: {image: {image: a, tag: v1}}\nnew: {image: 7}\n",
            &pattern,
            "new.x",
            &pin("a", "v2"),
        );
        assert!(taken.is_ok(), "a name with a dot is one key: {taken:?}");
    }

    #[test]
    fn the_first_component_makes_the_file() {
        assert_eq!(
            first(&Layout::default(), "app", &pin("a/b", "v2"))
                .map(|text| text.replace(NEW, "NEW"))
                .as_deref(),
            Ok("images:\n  app:\n    image: a/b\n    tag: v2\n    digest: sha256:NEW\n")
        );
    }
}
