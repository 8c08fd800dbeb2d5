//! Images of Kubernetes objects: what containers are told to run, and what pods report to run.
//!
//! Knows pods, the templates in workloads, lists of objects, and what an `imageID` says.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::naming::{Candidate, unique_names};
use super::{Found, FoundImage, FoundKind};
use crate::bom::{Digest, ImageRef, RefParts, full_name};
use crate::text::escape;
use crate::yaml::{Document, NodeId, NodeKind};

/// The objects of a JSON text; `None` if it is not JSON or has none.
pub(super) fn json_objects(text: &str) -> Option<Vec<Value>> {
    let text = text.trim_start_matches('\u{feff}');
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let value: Value = serde_json::from_str(text).ok()?;
    (value.get("kind").is_some() && value.get("apiVersion").is_some()).then(|| vec![value])
}

/// Whether a document is a Kubernetes object.
pub(super) fn is_object(document: &Document) -> bool {
    document.root().is_some_and(|root| {
        document.get(root, "kind").is_some() && document.get(root, "apiVersion").is_some()
    })
}

/// A document's data, scalars as the text they show. What aliases stand for is left out.
pub(super) fn value_of(document: &Document) -> Value {
    document.root().map_or(Value::Null, |root| node_value(document, root))
}

/// Depth is limited by the document.
fn node_value(document: &Document, node: NodeId) -> Value {
    match &document.node(node).kind {
        NodeKind::Scalar { value, .. } => Value::String(value.clone()),
        NodeKind::Sequence { items, .. } => {
            items.iter().map(|item| node_value(document, item.value)).collect()
        }
        NodeKind::Mapping { entries, .. } => {
            let entries = entries.iter().filter_map(|entry| {
                Some((document.scalar(entry.key)?.to_owned(), node_value(document, entry.value)))
            });
            Value::Object(entries.collect::<Map<_, _>>())
        }
        NodeKind::Alias(_) => Value::Null,
    }
}

/// One container as an object describes it.
struct Container {
    namespace: String,
    workload: String,
    name: String,
    is_init: bool,
    /// When its pod was made; empty for a template. Of two pods of a workload the younger counts.
    created: String,
    image: String,
    /// The status beside it, if the object is a pod that reports one.
    image_id: Option<String>,
}

/// The images of all containers, init containers among them. Containers with the same pin are
/// one component.
pub(super) fn found(objects: &[Value]) -> Found {
    let mut containers = Vec::new();
    for object in objects {
        match object.get("items").and_then(Value::as_array) {
            Some(items) => items.iter().for_each(|item| object_containers(item, &mut containers)),
            None => object_containers(object, &mut containers),
        }
    }
    let mut notes = Vec::new();
    let mut pins: BTreeMap<(String, String, String), Vec<Candidate>> = BTreeMap::new();
    for container in newest(containers, &mut notes) {
        let Some(pin) = pin(&container, &mut notes) else { continue };
        let Container { namespace, workload, name, is_init, .. } = container;
        pins.entry(pin).or_default().push(Candidate { is_init, name, workload, namespace });
    }
    let mut candidates = Vec::new();
    let mut found = Vec::new();
    for (pin, mut users) in pins {
        users.sort();
        candidates.push(users.swap_remove(0));
        found.push(pin);
    }
    let names = unique_names(&candidates);
    let images = names.into_iter().zip(found);
    let mut images: Vec<FoundImage> = images
        .map(|(name, (image, tag, digest))| FoundImage { name, image, tag, digest, place: None })
        .collect();
    images.sort_by(|one, other| one.name.cmp(&other.name));
    notes.sort();
    notes.dedup();
    Found { kind: FoundKind::Objects, images, notes }
}

/// Of each workload's container the one of the youngest pod: during a rollout both run.
fn newest(containers: Vec<Container>, notes: &mut Vec<String>) -> Vec<Container> {
    let mut newest: BTreeMap<(String, String, String), Container> = BTreeMap::new();
    for container in containers {
        let key = (container.namespace.clone(), container.workload.clone(), container.name.clone());
        let Some(known) = newest.get_mut(&key) else {
            newest.insert(key, container);
            continue;
        };
        if known.image != container.image {
            let (workload, name) = (escape(&key.1), escape(&key.2));
            notes.push(format!(
                "container `{name}` of `{workload}` runs two images; the one of its youngest pod is taken"
            ));
        }
        let age = |container: &Container| {
            (container.created.clone(), container.image.clone(), container.image_id.clone())
        };
        if age(&container) > age(known) {
            *known = container;
        }
    }
    newest.into_values().collect()
}

fn object_containers(object: &Value, into: &mut Vec<Container>) {
    let text = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let context = Context {
        namespace: text("/metadata/namespace"),
        workload: workload(object),
        created: text("/metadata/creationTimestamp"),
        statuses: ["/status/containerStatuses", "/status/initContainerStatuses"]
            .into_iter()
            .filter_map(|path| object.pointer(path)?.as_array())
            .flatten()
            .collect(),
    };
    context.collect(object, into);
}

/// What all containers of an object share.
struct Context<'v> {
    namespace: String,
    workload: String,
    created: String,
    statuses: Vec<&'v Value>,
}

impl Context<'_> {
    /// Finds lists of containers anywhere: a template stands at another path in each kind. Depth
    /// is limited by the readers of JSON and YAML.
    fn collect(&self, value: &Value, into: &mut Vec<Container>) {
        match value {
            Value::Object(entries) => {
                for (key, value) in entries {
                    match (key.as_str(), value) {
                        ("containers" | "initContainers", Value::Array(containers)) => {
                            let is_init = key == "initContainers";
                            into.extend(containers.iter().filter_map(|one| self.container(one, is_init)));
                        }
                        // What an object was or will be is not what it is.
                        ("status" | "managedFields" | "annotations", _) => {}
                        (_, value) => self.collect(value, into),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| self.collect(value, into)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn container(&self, container: &Value, is_init: bool) -> Option<Container> {
        let image = container.get("image")?.as_str()?.trim();
        let name = container.get("name").and_then(Value::as_str).unwrap_or_default();
        let status =
            self.statuses.iter().find(|status| status.get("name").and_then(Value::as_str) == Some(name));
        let image_id = status.and_then(|status| status.get("imageID")).and_then(Value::as_str);
        Some(Container {
            namespace: self.namespace.clone(),
            workload: self.workload.clone(),
            name: name.to_owned(),
            is_init,
            created: self.created.clone(),
            image: image.to_owned(),
            image_id: image_id.filter(|id| !id.is_empty()).map(str::to_owned),
        })
    }
}

/// The name of what made a pod: its owner without the suffix that a `ReplicaSet` or a `Job`
/// adds. An object without an owner is its own workload.
fn workload(object: &Value) -> String {
    let text = |path: &str| object.pointer(path).and_then(Value::as_str);
    let own = text("/metadata/name").or_else(|| text("/metadata/generateName")).unwrap_or_default();
    let Some(owner) = text("/metadata/ownerReferences/0/name") else { return without_owner(object, own) };
    let without_hash = |label: &str| {
        let hash = object.pointer("/metadata/labels")?.get(label)?.as_str()?;
        owner.strip_suffix(hash)?.strip_suffix('-')
    };
    let without_number = || {
        let (name, number) = owner.rsplit_once('-')?;
        let is_job = text("/metadata/ownerReferences/0/kind") == Some("Job");
        (is_job && number.len() >= 8 && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(name)
    };
    without_hash("pod-template-hash").or_else(without_number).unwrap_or(owner).to_owned()
}

/// The workload of an object that names no owner: the object itself, or, where a pod bears the name
/// that a `Deployment` gives (`app-7d9f8b6c5-x2x4p`), what comes before the two parts that change.
/// A label that says the same name makes sure of it; else the first of the two has to look made up.
fn without_owner(object: &Value, own: &str) -> String {
    let label = |label: &str| object.pointer("/metadata/labels")?.get(label)?.as_str();
    let whole = own.to_owned();
    let Some((name, hash)) = own.rsplit_once('-').and_then(|(rest, last)| {
        let (name, hash) = rest.rsplit_once('-')?;
        (last.len() == 5 && is_code(last) && is_code(hash) && hash.len() <= 10).then_some((name, hash))
    }) else {
        return whole;
    };
    let is_named = label("app.kubernetes.io/name") == Some(name) || label("pod-template-hash") == Some(hash);
    // Kubernetes makes these of letters and digits of which no words come.
    let is_made_up = hash.len() >= 5
        && hash.bytes().all(|byte| b"bcdfghjklmnpqrstvwxz2456789".contains(&byte))
        && hash.bytes().any(|byte| byte.is_ascii_digit());
    if is_named || is_made_up { name.to_owned() } else { whole }
}

fn is_code(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// Image, tag and digest of a container. The digest is the one it is told to run, else the one
/// its pod reports for the same repository.
fn pin(container: &Container, notes: &mut Vec<String>) -> Option<(String, String, String)> {
    let shown = escape(&container.image);
    let reference: ImageRef = match container.image.parse() {
        Ok(reference) => reference,
        Err(fault) => {
            notes.push(format!("`{shown}` is left out: {fault}"));
            return None;
        }
    };
    let image = reference.name.to_string();
    let tag = reference.tag.map(|tag| tag.to_string());
    let digest = reference.digest.map(|digest| digest.to_string());
    let digest = digest.or_else(|| match reported(container.image_id.as_deref()?) {
        Reported::Manifest { repository, digest } if full_name(&repository) == full_name(&image) => {
            Some(digest)
        }
        Reported::Manifest { repository, .. } => {
            let repository = escape(&repository);
            notes.push(format!("the digest of `{shown}` is left out: it is reported for `{repository}`"));
            None
        }
        Reported::Unverifiable => {
            notes.push(format!(
                "the digest of `{shown}` is left out: its pod reports only the id of its config"
            ));
            None
        }
    });
    let (tag, digest) = (tag.unwrap_or_default(), digest.unwrap_or_default());
    // Without a tag and a digest, a container runs `latest`; saying so shows that it moves.
    let tag = if tag.is_empty() && !container.image.contains('@') { "latest".to_owned() } else { tag };
    Some((image, tag, digest))
}

enum Reported {
    /// A repository and the digest of a manifest or an index in it.
    Manifest { repository: String, digest: String },
    /// The digest of a config, or nothing known: no registry can be asked for it.
    Unverifiable,
}

/// Reads an `imageID`: `repo@sha256:...`, with or without `docker-pullable://`; the others
/// (`sha256:...`, `docker://sha256:...`) name a config.
fn reported(image_id: &str) -> Reported {
    let reference = image_id.split_once("://").map_or(image_id, |(_, reference)| reference);
    let parts = RefParts::split(reference);
    let digest =
        parts.digest.map(|span| span.of(reference)).filter(|digest| digest.parse::<Digest>().is_ok());
    match digest {
        Some(digest) => {
            Reported::Manifest { repository: parts.name.of(reference).to_owned(), digest: digest.to_owned() }
        }
        None => Reported::Unverifiable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    /// Every image as `name = image|tag|digest`, then every note as `! note`.
    fn summary(text: &str) -> Vec<String> {
        let found = super::super::read("input", &text.replace("HEX", HEX)).expect("it can be read");
        assert_eq!(found.kind, FoundKind::Objects);
        let images = found.images.iter().map(|image| {
            format!("{} = {}|{}|{}", image.name, image.image, image.tag, image.digest).replace(HEX, "HEX")
        });
        images.chain(found.notes.iter().map(|note| format!("! {note}"))).collect()
    }

    fn pod(name: &str, image: &str, image_id: &str) -> String {
        format!(
            r#"{{"kind":"Pod","metadata":{{"name":"{name}-x"}},"spec":{{"containers":[{{"name":"{name}","image":"{image}"}}]}},
               "status":{{"containerStatuses":[{{"name":"{name}","image":"other:v9","imageID":"{image_id}"}}]}}}}"#
        )
    }

    fn list(pods: &[String]) -> String {
        format!(r#"{{"apiVersion":"v1","kind":"List","items":[{}]}}"#, pods.join(","))
    }

    #[test]
    fn digests_are_taken_from_what_pods_report() {
        let text = list(&[
            pod("a", "ghcr.io/acme/a:v1", "ghcr.io/acme/a@sha256:HEX"),
            pod("b", "postgres:16.3", "docker-pullable://postgres@sha256:HEX"),
            pod("c", "postgres:16.4", "docker.io/library/postgres@sha256:HEX"),
            pod("d", "ghcr.io/acme/d:v1", "docker://sha256:HEX"),
            pod("e", "ghcr.io/acme/e:v1", "sha256:HEX"),
            pod("f", "ghcr.io/acme/f:v1", "ghcr.io/other/f@sha256:HEX"),
            pod("g", "ghcr.io/acme/g@sha256:HEX", ""),
            pod("h", "nginx", "docker.io/library/nginx@sha256:HEX"),
            pod("i", "Not An Image", ""),
            pod("j", "ghcr.io/acme/j:v1", ""),
        ]);
        assert_eq!(
            summary(&text),
            [
                "a = ghcr.io/acme/a|v1|sha256:HEX",
                "b = postgres|16.3|sha256:HEX",
                "c = postgres|16.4|sha256:HEX",
                "d = ghcr.io/acme/d|v1|",
                "e = ghcr.io/acme/e|v1|",
                "f = ghcr.io/acme/f|v1|",
                "g = ghcr.io/acme/g||sha256:HEX",
                "h = nginx|latest|sha256:HEX",
                "j = ghcr.io/acme/j|v1|",
                "! `Not An Image` is left out: an image name is in lower case, and `N` is not",
                "! the digest of `ghcr.io/acme/d:v1` is left out: its pod reports only the id of its config",
                "! the digest of `ghcr.io/acme/e:v1` is left out: its pod reports only the id of its config",
                "! the digest of `ghcr.io/acme/f:v1` is left out: it is reported for `ghcr.io/other/f`",
            ]
        );
    }

    #[test]
    fn the_youngest_pod_of_a_workload_counts() {
        let pod = |hash: &str, created: &str, image: &str| {
            format!(
                r#"{{"kind":"Pod","metadata":{{"name":"web-{hash}-x","creationTimestamp":"{created}",
                   "labels":{{"pod-template-hash":"{hash}"}},"ownerReferences":[{{"kind":"ReplicaSet","name":"web-{hash}"}}]}},
                   "spec":{{"initContainers":[{{"name":"wait","image":"busybox:1.36.1"}}],
                   "containers":[{{"name":"app","image":"{image}"}}]}}}}"#
            )
        };
        let text =
            list(&[pod("7d4b", "2024-06-02T00:00:00Z", "x:v2"), pod("5c9f", "2024-06-01T00:00:00Z", "x:v1")]);
        assert_eq!(
            summary(&text),
            [
                "app = x|v2|",
                "wait = busybox|1.36.1|",
                "! container `app` of `web` runs two images; the one of its youngest pod is taken",
            ]
        );
    }

    #[test]
    fn pods_without_owners_are_one_workload_by_the_name_that_a_deployment_gives() {
        let pod = |name: &str, created: &str, label: &str, image: &str| {
            format!(
                r#"{{"kind":"Pod","metadata":{{"name":"{name}","creationTimestamp":"{created}","labels":{{"app.kubernetes.io/name":"{label}"}}}},
                   "spec":{{"containers":[{{"name":"app","image":"{image}"}}]}}}}"#
            )
        };
        let two = |one: &str, other: &str, label: &str| {
            let (old, new) = ("2024-06-01T00:00:00Z", "2024-06-02T00:00:00Z");
            summary(&list(&[pod(one, new, label, "x:v2"), pod(other, old, label, "x:v1")]))
        };
        let note = "! container `app` of `app` runs two images; the one of its youngest pod is taken";
        assert_eq!(two("app-7d9f8b6c5-abcde", "app-5c9fb7d48-x2x4p", ""), ["app = x|v2|", note]);
        assert_eq!(two("app-new-abcde", "app-old-fghij", "app"), ["app = x|v2|", note]);
        assert_eq!(
            two("shop-web-proxy", "shop-job-proxy", ""),
            ["shop-job-proxy-app = x|v1|", "shop-web-proxy-app = x|v2|"]
        );
    }

    #[test]
    fn rendered_manifests_are_read_document_by_document() {
        let text = "# Source: a\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      \
                    containers:\n      - {name: app, image: 'ghcr.io/acme/web:1.10'}\n      - {name: proxy, image: envoy:v1.2.3}\n---\n# empty\n--- # Source: b\n\
                    apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: job}\nspec:\n  jobTemplate: {spec: {template: {spec: {containers: [{name: app, image: ghcr.io/acme/job:v3}]}}}}\n\
                    ---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  x: |\n    ---\n    containers: [{image: no}]\n";
        assert_eq!(
            summary(text),
            ["job-app = ghcr.io/acme/job|v3|", "proxy = envoy|v1.2.3|", "web-app = ghcr.io/acme/web|1.10|"]
        );
    }

    #[test]
    fn containers_with_one_pin_are_one_component() {
        let object = |name: &str, container: &str| {
            format!(
                "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: {container}, image: 'x:v1'}}]}}\n"
            )
        };
        assert_eq!(summary(&[object("a", "main"), object("b", "app")].concat()), ["app = x|v1|"]);
    }

    #[test]
    fn a_fault_in_a_document_is_told_with_its_line() {
        let text = "apiVersion: v1\nkind: Pod\n---\na: b: c\n";
        let error = super::super::read("out.yaml", text).expect_err("it is not YAML");
        assert!(error.message.starts_with("could not read out.yaml at line 4: not YAML"), "{error}");
    }
}
