//! Snapshots: the images of a state with the parameters of an experiment and a record of where
//! both come from, and what came of it.
//!
//! A snapshot deploys as it is, so it is a whole manifest: the state's text with what was asked for
//! changed in it.

use serde_json::Value as Json;

use super::provenance::RECORD;
use super::state::Draft;
use super::values::{put, value_of};
use super::{Arrival, Moment, Parameter, Plan, Record, Refusal, Write, repin, schema};
use crate::bom::{ArchiveName, SnapshotId};
use crate::policy::System;
use crate::suggest::nearest;
use crate::text::escape;
use crate::yaml::{self, Change, Document, Path, Value, apply};

const EXPERIMENT: &str = "experiment";
/// No name for a snapshot: people would take it for what runs.
const PRESENT: &str = "current";
/// Parameters that every chart with a canary has.
const USUAL: &[&str] = &["canaryEnabled", "stableWeight", "canaryWeight"];

/// What a snapshot is made of.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotRequest<'a> {
    /// Its id.
    pub id: &'a SnapshotId,
    /// The bytes of the state, archive or snapshot that it starts from.
    pub from: &'a [u8],
    /// The parameters to set.
    pub parameters: &'a [Parameter],
    /// The components to add or to pin otherwise, for this experiment alone.
    pub images: &'a [Arrival],
    /// Its record.
    pub record: &'a Record,
    /// The JSON Schema of the experiment block, where the policy names one.
    pub schema: Option<&'a [u8]>,
}

/// Plans a snapshot: one new file in history.
///
/// # Errors
/// A parameter that the experiment does not have (with the one that was meant), one of another type
/// than the schema or the present value, weights that are no shares of 100, or a text that cannot
/// be patched.
pub fn plan_snapshot(system: &System, request: &SnapshotRequest<'_>) -> Result<Plan, Refusal> {
    if ArchiveName::parse(&format!("{}.yaml", request.id)).is_some() {
        return Err(Refusal::new(
            format!("the id `{}` has the form of an archive's name", request.id),
            "choose one that says what it is for, such as `canary-2024-06`",
        ));
    }
    if request.id.as_str().eq_ignore_ascii_case(PRESENT) {
        return Err(Refusal::new(
            format!("the id `{}` is what the present manifest is called", request.id),
            "choose one that says what it is for, such as `canary-2024-06`",
        ));
    }
    let schema = request.schema.map(read_schema).transpose()?;
    let mut draft = Draft::read_bytes(request.from, system)?;
    if draft.manifest.components.is_empty() {
        return Err(Refusal::new("there are no images to take a snapshot of", "release something first"));
    }
    for image in request.images {
        draft = with_image(&draft, image, system)?;
    }
    let pins: Vec<_> = draft.pins().into_iter().map(|(name, pin)| (name.to_owned(), pin)).collect();
    if let Some((name, _)) = pins.iter().find(|(_, pin)| pin.digest.is_empty()) {
        return Err(Refusal::new(
            format!("`{}` has no digest, so nobody could bring this snapshot back", escape(name)),
            format!("name what runs: `--image {}=image:tag@sha256:...`", escape(name)),
        ));
    }
    let from = draft.clone();
    for parameter in request.parameters {
        draft = with_parameter(&draft, &from, parameter, schema.as_ref(), system)?;
    }
    judge_experiment(&draft, schema.as_ref())?;
    let draft = with_record(&draft, request, system)?;
    if draft.pins().into_iter().map(|(name, pin)| (name.to_owned(), pin)).collect::<Vec<_>>() != pins {
        return Err(Refusal::new(
            "could not write the snapshot without changing a pin",
            "write the manifest in a plainer layout",
        ));
    }
    let path = request.id.path(&system.history);
    let hypothesis = request.record.hypothesis.as_deref().map(|text| escape(text).to_string());
    Ok(Plan {
        writes: vec![Write { path, content: draft.document.text().as_bytes().to_vec() }],
        archived: Vec::new(),
        changes: Vec::new(),
        title: format!("Snapshot {}", request.id),
        body: hypothesis.unwrap_or_default(),
        date: None,
        notes: Vec::new(),
    })
}

fn read_schema(bytes: &[u8]) -> Result<Json, Refusal> {
    serde_json::from_slice(bytes).map_err(|fault| {
        Refusal::new(
            format!("the schema of the experiment is no JSON: {}", escape(&fault.to_string())),
            "mend the file that `experiment.schema` of `.sysbom.yaml` names",
        )
    })
}

fn with_image(draft: &Draft, image: &Arrival, system: &System) -> Result<Draft, Refusal> {
    let layout = &system.policy.layout;
    let changes = match draft.component(&image.component)? {
        Some(component) => {
            let to = image.pin(&component.pin().image);
            repin::repin(&draft.document, component, &layout.fields, &to)?
        }
        None if image.image.is_none() => {
            return Err(Refusal::new(
                format!("component `{}` is new, and names no image", escape(&image.component)),
                "write `--image NAME=image:tag@digest`",
            ));
        }
        None => repin::add(&draft.document, &draft.manifest, layout, &image.component, &image.pin(""))?,
    };
    let draft = draft.changed(&changes, system)?;
    let read = draft.component(&image.component)?.map(crate::bom::Component::pin);
    match read {
        Some(pin) if pin == image.pin(&pin.image) => Ok(draft),
        _ => Err(Refusal::new(
            format!("could not write the pin of `{}`", escape(&image.component)),
            "write the manifest in a plainer layout",
        )),
    }
}

/// `from` is what stood there before anything was set.
fn with_parameter(
    draft: &Draft,
    from: &Draft,
    parameter: &Parameter,
    schema: Option<&Json>,
    system: &System,
) -> Result<Draft, Refusal> {
    let keys: Vec<&str> = parameter.keys.iter().map(String::as_str).collect();
    let path = Path::of_keys([EXPERIMENT].into_iter().chain(keys.iter().copied()));
    let present = draft.document.at(&path);
    let schema = schema.map(|schema| schema::property(schema, &keys)).transpose()?;
    let value = parameter.value(schema);
    match (schema, present) {
        (Some(_), _) => {}
        (None, Some(node)) => same_type(draft, node, parameter, &value)?,
        (None, None) => not_a_slip(from, &keys)?,
    }
    let change = put(&draft.document, &path, value).ok_or_else(|| {
        Refusal::new(
            format!("`{}` cannot be set: something else stands on the way to it", escape(&parameter.name())),
            "look at the experiment block of the state it starts from",
        )
    })?;
    draft.changed(&[change], system)
}

/// Without a schema any new name is one, but for those that are near a known one.
fn not_a_slip(from: &Draft, keys: &[&str]) -> Result<(), Refusal> {
    let (last, before) = keys.split_last().expect("a parameter has a name");
    let parent = Path::of_keys([EXPERIMENT].into_iter().chain(before.iter().copied()));
    let node = from.document.at(&parent);
    let present = node.map(|node| from.document.entries(node)).unwrap_or_default();
    let present: Vec<&str> = present.iter().filter_map(|entry| from.document.scalar(entry.key)).collect();
    let usual = if before.is_empty() { USUAL } else { &[] };
    let known = || present.iter().copied().chain(usual.iter().copied());
    if known().any(|key| key == *last) || nearest(last, known()).is_none() {
        return Ok(());
    }
    let refusal = schema::unknown(keys, known());
    let help = format!("{} If it is new, let `experiment.schema` of `.sysbom.yaml` name it", refusal.help);
    Err(Refusal::new(refusal.message, help))
}

/// A text does not take the place of a number or a truth value, nor the other way round.
fn same_type(draft: &Draft, node: yaml::NodeId, parameter: &Parameter, value: &Value) -> Result<(), Refusal> {
    let class = |value: &Value| match value {
        Value::Text(_) => "a text",
        Value::Plain(plain) if plain == "true" || plain == "false" => "true or false",
        Value::Plain(plain) if plain == "null" || plain == "~" => "null",
        Value::Plain(_) => "a number",
        Value::Mapping(_) => "a mapping",
        Value::Sequence(_) => "a list",
    };
    let present = value_of(&draft.document, node);
    let (is, was) = (class(value), present.as_ref().map_or("something else", class));
    if is == was || was == "null" {
        return Ok(());
    }
    Err(Refusal::new(
        format!("`{}` is {was}, and would become {is}", escape(&parameter.name())),
        "write it as its present value is written; or describe it in `experiment.schema`",
    ))
}

fn judge_experiment(draft: &Draft, schema: Option<&Json>) -> Result<(), Refusal> {
    let Some(node) = draft.manifest.experiment else { return Ok(()) };
    if let Some(schema) = schema {
        schema::judge(schema, &draft.document, node)?;
    }
    let weight = |key: &str| -> Result<Option<u8>, Refusal> {
        let Some(value) = draft.document.get(node, key).and_then(|node| value_of(&draft.document, node))
        else {
            return Ok(None);
        };
        let number = match &value {
            Value::Plain(text) => text.parse().ok().filter(|weight| *weight <= 100),
            Value::Text(_) | Value::Mapping(_) | Value::Sequence(_) => None,
        };
        number.map(Some).ok_or_else(|| {
            Refusal::new(
                format!("`{key}` is no whole number from 0 to 100"),
                format!("write `--set {key}=10`"),
            )
        })
    };
    match (weight("stableWeight")?, weight("canaryWeight")?) {
        (Some(stable), Some(canary)) if stable + canary != 100 => Err(Refusal::new(
            format!(
                "`stableWeight` {stable} and `canaryWeight` {canary} add up to {}, not to 100",
                stable + canary
            ),
            format!("with `canaryWeight` {canary}, `--set stableWeight={}`", 100 - canary),
        )),
        _ => Ok(()),
    }
}

/// The snapshot's own keys: its id first, its record last.
fn with_record(draft: &Draft, request: &SnapshotRequest<'_>, system: &System) -> Result<Draft, Refusal> {
    let mut changes = Vec::new();
    let root = draft.document.root().expect("it has components");
    let has = |key: &str| draft.document.get(root, key).is_some();
    if has(RECORD) {
        changes.push(Change::Remove { at: Path::of_keys([RECORD]) });
    }
    let id = Value::text(request.id.as_str());
    if has("snapshotId") {
        changes.push(Change::Replace { at: Path::of_keys(["snapshotId"]), value: id });
    } else {
        let key = Some("snapshotId".to_owned());
        changes.push(Change::Insert { into: Path::root(), position: 0, key, value: id });
    }
    let draft = draft.changed(&changes, system)?;
    let record = put(&draft.document, &Path::of_keys([RECORD]), request.record.value(request.id));
    draft.changed(&[record.expect("the old record is gone")], system)
}

/// Plans the file that says what came of a snapshot.
///
/// # Errors
/// The outcome is empty.
pub fn plan_close(
    system: &System,
    id: &SnapshotId,
    outcome: &str,
    note: Option<&str>,
    now: Moment,
) -> Result<Plan, Refusal> {
    if outcome.trim().is_empty() {
        return Err(Refusal::new("the outcome is empty", "say what came of it: `--outcome confirmed`"));
    }
    let mut text = format!("snapshotId: {}\n", yaml::quote_if_needed(id.as_str()));
    let closed = now.to_string();
    let entries = [("outcome", Some(outcome)), ("note", note), ("closed", Some(closed.as_str()))];
    for (key, value) in entries.into_iter().filter_map(|(key, value)| Some((key, value?))) {
        let document = Document::parse(text.as_str()).expect("what we wrote is YAML");
        let change = put(&document, &Path::of_keys([key]), Value::text(value)).expect("the key is new");
        text = apply(&document, &change)
            .map_err(|refused| Refusal::new(refused.message, "use plain text for the outcome"))?;
    }
    let path = system.outcomes.join(&format!("{id}.yaml"));
    Ok(Plan {
        writes: vec![Write { path: path.clone(), content: text.into_bytes() }],
        archived: Vec::new(),
        changes: Vec::new(),
        title: format!("Close snapshot {id}: {}", escape(outcome.lines().next().unwrap_or_default())),
        body: note.map(|note| escape(note).to_string()).unwrap_or_default(),
        date: None,
        notes: vec![format!("written down in {}", escape(path.as_str()))],
    })
}
