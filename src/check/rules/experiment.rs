//! Whether an experiment compares what it says.

use crate::bom::Component;
use crate::check::file::{File, Read};
use crate::check::schema::misfits;
use crate::check::subject::{Subject, by_name};
use crate::check::{Excerpt, Finding};
use crate::text::{Source, Span};
use crate::tree::{ObjectId, RepoPath, Tree, TreeError};
use crate::yaml::{Document, HelmReading, MAX_BYTES, NodeId, NodeKind, ScalarStyle, helm_reading};

/// `experiment-weights`: the weights of an experiment add up to 100.
pub fn weights(subject: &Subject) -> Vec<Finding> {
    let mut found = Vec::new();
    for (file, read) in subject.readable() {
        let Some(experiment) = read.manifest.experiment else { continue };
        let stable = weight(file, read, experiment, "stableWeight");
        let canary = weight(file, read, experiment, "canaryWeight");
        match (stable, canary) {
            (Some(Ok(stable)), Some(Ok(canary))) if stable.value + canary.value != 100 => {
                let sum = stable.value + canary.value;
                let message = format!(
                    "`stableWeight` {} and `canaryWeight` {} add up to {sum}, not to 100",
                    stable.value, canary.value
                );
                let help = format!(
                    "with `stableWeight: {}`, write `canaryWeight: {}`",
                    stable.value,
                    100 - stable.value
                );
                let other = file.excerpt(stable.span, "the other weight");
                found.push(file.finding("experiment-weights", canary.span, message, help).because([other]));
            }
            (stable, canary) => found.extend([stable, canary].into_iter().flatten().filter_map(Result::err)),
        }
    }
    found
}

struct Weight {
    value: u8,
    span: Span,
}

/// A weight, if it is written, or what is wrong with it.
fn weight(file: &File, read: &Read, experiment: NodeId, key: &str) -> Option<Result<Weight, Finding>> {
    let node = read.document.get(experiment, key)?;
    let span = read.document.node(node).span;
    let is_plain =
        matches!(read.document.node(node).kind, NodeKind::Scalar { style: ScalarStyle::Plain, .. });
    let text = read.document.scalar(node).unwrap_or_default();
    let digits =
        is_plain && text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    let value = text.parse().ok().filter(|value| digits && *value <= 100);
    Some(value.map(|value| Weight { value, span }).ok_or_else(|| {
        let message = format!("`{key}` is no whole number from 0 to 100");
        let help = format!("write a number without quotes and fraction, such as `{key}: 10`");
        file.finding("experiment-weights", span, message, help)
    }))
}

/// `canary-same-image`: a canary differs from its stable sibling.
pub fn canary(subject: &Subject) -> Vec<Finding> {
    let mut found = Vec::new();
    for (file, read) in subject.readable() {
        let Some(enabled) = canary_enabled(read) else { continue };
        let components = by_name(&read.manifest);
        let mut canaries =
            components.iter().filter_map(|(name, component)| Some((stem(name)?, *component))).peekable();
        if canaries.peek().is_none() {
            let message = "the experiment has `canaryEnabled`, and there is no canary component".to_owned();
            let help =
                "add the image to try as a component of its own, such as `appCanary` beside `app`, or set \
                        `canaryEnabled: false`"
                    .to_owned();
            found.push(file.finding("canary-same-image", enabled, message, help));
        }
        for (stem, canary) in canaries {
            let stable = components.get(stem).filter(|stable| same_image(stable, canary));
            found.extend(stable.map(|stable| {
                let message =
                    format!("canary `{}` has the image of its stable sibling `{}`", canary.name, stable.name);
                let help =
                    format!("pin the image to try in `{}`, or set `canaryEnabled: false`", canary.name);
                let span = canary
                    .digest
                    .as_ref()
                    .or(canary.tag.as_ref())
                    .map_or(canary.name_span, |field| field.span);
                file.finding("canary-same-image", span, message, help).because([
                    file.excerpt(stable.name_span, "the stable sibling"),
                    file.excerpt(enabled, "enabled here"),
                ])
            }));
        }
    }
    found
}

/// Where `canaryEnabled` is set to what Helm reads as true, or to the word in quotes, which templates
/// take for true as well.
fn canary_enabled(read: &Read) -> Option<Span> {
    let node = read.document.get(read.manifest.experiment?, "canaryEnabled")?;
    let NodeKind::Scalar { value, style } = &read.document.node(node).kind else { return None };
    let reads_true = helm_reading(*style, value) == Some(HelmReading::Text("true".to_owned()));
    (reads_true || value.eq_ignore_ascii_case("true")).then_some(read.document.node(node).span)
}

/// `app` of `appCanary`, `app-canary`, `app_canary`; empty for `canary`.
fn stem(name: &str) -> Option<&str> {
    let cut = name.len().checked_sub("canary".len())?;
    let end = name.get(cut..)?;
    end.eq_ignore_ascii_case("canary").then(|| name[..cut].trim_end_matches(['-', '_', '.']))
}

/// By digest, and by image and tag where no digest is written.
fn same_image(stable: &Component, canary: &Component) -> bool {
    let (stable, canary) = (stable.pin(), canary.pin());
    if stable.digest.is_empty() && canary.digest.is_empty() {
        stable == canary
    } else {
        stable.digest == canary.digest
    }
}

/// `schema`, for the experiment block against the JSON Schema that the policy names. Base's judges, so
/// that a change cannot loosen it; where base has none that can be followed, the one that is new. And
/// none gets in that cannot be followed.
pub fn schema(subject: &Subject) -> Result<Vec<Finding>, TreeError> {
    let setting = &subject.policy().experiment_schema;
    let Some(path) = &setting.value else { return Ok(Vec::new()) };
    if subject.readable().all(|(_, read)| read.manifest.experiment.is_none()) {
        return Ok(Vec::new());
    }
    let because = subject.setting(setting.span, "the schema is named here");
    let before = subject.input.before.map(|tree| judged_by(subject, tree, path)).transpose()?.flatten();
    let after = judged_by(subject, subject.input.after, path)?;
    let found = match (before, after) {
        (_, None) => vec![missing(path)],
        (_, Some((_, Err(unusable)))) => vec![*unusable],
        (None | Some((_, Err(_))), Some((_, Ok(found)))) => found,
        (Some((old, Ok(mut found))), Some((new, Ok(_)))) => {
            for finding in found.iter_mut().filter(|_| new != old) {
                let base = subject.input.before_name;
                finding.help.push_str(&format!(" as {base} has it: edit it first, in a change of its own"));
            }
            found
        }
    };
    Ok(found.into_iter().map(|finding| finding.because(because.clone())).collect())
}

fn missing(path: &RepoPath) -> Finding {
    let message = format!("the schema of experiments `{path}` does not exist");
    let help = format!(
        "add `{path}`; to do without, take `experiment: {{schema: ...}}` out of `.sysbom.yaml` first, in a change of \
         its own"
    );
    Finding::new("schema", Excerpt::whole(path.clone(), ""), message, help)
}

/// Which schema a tree has, with what it finds, or why it cannot be followed.
type Judged = (ObjectId, Result<Vec<Finding>, Box<Finding>>);

/// What a tree's schema finds in all experiments; `None` where it has none.
fn judged_by(subject: &Subject, tree: &dyn Tree, path: &RepoPath) -> Result<Option<Judged>, TreeError> {
    let Some(entry) = tree.entry(path)? else { return Ok(None) };
    let bytes = tree.read(&entry, MAX_BYTES)?;
    let found = match Document::parse_bytes(&bytes) {
        Ok(schema) => judged(subject, path, &schema),
        Err(fault) => {
            let message = format!("the schema of experiments cannot be read: {}", fault.message);
            let help = "write it as JSON or YAML".to_owned();
            Err(Box::new(Finding::new("schema", Excerpt::whole(path.clone(), ""), message, help)))
        }
    };
    Ok(Some((entry.id, found)))
}

/// What does not fit the schema, or why that cannot be told.
fn judged(subject: &Subject, path: &RepoPath, schema: &Document) -> Result<Vec<Finding>, Box<Finding>> {
    let source = Source::new(path.as_str(), schema.shared_text());
    let place = |span, label: &str| Excerpt {
        path: path.clone(),
        source: Some(source.clone()),
        span,
        label: label.to_owned(),
    };
    let mut found = Vec::new();
    for (file, read) in subject.readable() {
        let Some(experiment) = read.manifest.experiment else { continue };
        // Whatever the file, a schema that cannot be followed is at fault itself, and once is enough.
        let misfits = misfits(schema, &read.document, experiment).map_err(|unusable| {
            let message = format!("the schema of experiments cannot be followed: {}", unusable.message);
            let help = "write it with the validation keywords of JSON Schema 2020-12".to_owned();
            Box::new(Finding::new("schema", place(unusable.span, ""), message, help))
        })?;
        found.extend(misfits.into_iter().map(|misfit| {
            let message = format!("the experiment does not fit its schema: {}", misfit.message);
            let help = format!("write the parameters as `{path}` says");
            let rests_on = place(misfit.because, "the schema says so");
            file.finding("schema", first_line(file, misfit.at), message, help).because([rests_on])
        }));
    }
    Ok(found)
}

/// A block of several lines is shown by its first one.
fn first_line(file: &File, span: Span) -> Span {
    let line = span.of(&file.source.text).lines().next().unwrap_or("");
    Span::new(span.start, span.start + line.len())
}
