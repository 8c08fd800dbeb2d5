//! Whether an experiment compares what it says.

use crate::bom::Component;
use crate::check::file::{File, Read};
use crate::check::schema::misfits;
use crate::check::subject::{Subject, by_name};
use crate::check::{Excerpt, Finding};
use crate::text::{Source, Span};
use crate::tree::{RepoPath, TreeError};
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

/// `schema`, for the experiment block against the JSON Schema that the policy names.
pub fn schema(subject: &Subject) -> Result<Vec<Finding>, TreeError> {
    let setting = &subject.policy().experiment_schema;
    let Some(path) = &setting.value else { return Ok(Vec::new()) };
    let blocks: Vec<_> =
        subject.readable().filter_map(|(file, read)| Some((file, read, read.manifest.experiment?))).collect();
    if blocks.is_empty() {
        return Ok(Vec::new());
    }
    let because = subject.setting(setting.span, "the schema is named here");
    let (source, schema) = match read_schema(subject, path)? {
        Ok(read) => read,
        Err(finding) => return Ok(vec![finding.because(because)]),
    };
    let place = |span, label: &str| Excerpt {
        path: path.clone(),
        source: Some(source.clone()),
        span,
        label: label.to_owned(),
    };
    let mut found = Vec::new();
    for (file, read, experiment) in blocks {
        match misfits(&schema, &read.document, experiment) {
            Ok(misfits) => found.extend(misfits.into_iter().map(|misfit| {
                let message = format!("the experiment does not fit its schema: {}", misfit.message);
                let help = format!("write the parameters as `{path}` says");
                let at = first_line(file, misfit.at);
                let rests_on = place(misfit.because, "the schema says so");
                file.finding("schema", at, message, help).because([rests_on]).because(because.clone())
            })),
            // Whatever the file, the schema is at fault, and once is enough.
            Err(unusable) => {
                let at = place(unusable.span, "");
                let message = format!("the schema of experiments cannot be followed: {}", unusable.message);
                let help = "write it with the validation keywords of JSON Schema 2020-12".to_owned();
                return Ok(vec![Finding::new("schema", at, message, help).because(because)]);
            }
        }
    }
    Ok(found)
}

/// Base's schema, so that a change cannot loosen it; where base has none, the one that is new.
fn read_schema(
    subject: &Subject,
    path: &RepoPath,
) -> Result<Result<(Source, Document), Box<Finding>>, TreeError> {
    let whole = |message: String, help: String| {
        Err(Box::new(Finding::new("schema", Excerpt::whole(path.clone(), ""), message, help)))
    };
    for tree in subject.input.before.into_iter().chain([subject.input.after]) {
        let Some(entry) = tree.entry(path)? else { continue };
        let bytes = tree.read(&entry, MAX_BYTES)?;
        return Ok(match Document::parse_bytes(&bytes) {
            Ok(document) => Ok((Source::new(path.as_str(), document.shared_text()), document)),
            Err(fault) => whole(
                format!("the schema of experiments cannot be read: {}", fault.message),
                "write it as JSON or YAML".to_owned(),
            ),
        });
    }
    Ok(whole(
        format!("the schema of experiments `{path}` does not exist"),
        format!("add `{path}`, or take `experiment: {{schema: ...}}` out of `.sysbom.yaml`"),
    ))
}

/// A block of several lines is shown by its first one.
fn first_line(file: &File, span: Span) -> Span {
    let line = span.of(&file.source.text).lines().next().unwrap_or("");
    Span::new(span.start, span.start + line.len())
}
