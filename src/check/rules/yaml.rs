//! Whether a file is YAML that every reader takes for the same data.

use std::collections::BTreeSet;

use crate::bom::{Component, Field};
use crate::check::file::{Content, File, Read};
use crate::check::paste::word;
use crate::check::subject::{Subject, is_yaml};
use crate::check::{Finding, Fix};
use crate::text::{Edit, Span};
use crate::yaml::{
    FaultKind, FeatureKind, HelmReading, NodeId, NodeKind, ScalarStyle, disagreement, duplicate_keys,
    features, helm_reading,
};

/// `yaml-syntax`: the file is one YAML document within the limits.
pub fn syntax(subject: &Subject) -> Vec<Finding> {
    let finding = |file: &File| match &file.content {
        // Markers of a conflict are no YAML, and `conflict-marker` says so better.
        Content::Faulty(fault) if markers(&file.source.text).is_empty() => {
            let help = match fault.kind {
                FaultKind::TooLarge => "keep the manifest below 4 MiB; it names images and nothing else",
                FaultKind::NotUtf8 => "save the file as UTF-8, for example `iconv -f LATIN1 -t UTF-8 FILE`",
                FaultKind::TooDeep => "write the file with less nesting",
                FaultKind::TooManyNodes => "write the file with fewer values and comments",
                FaultKind::SeveralDocuments => "keep one document: Helm 3 drops the others without a word",
                FaultKind::Syntax => {
                    "mend the indentation (blanks, not tabs) or the quotes around this place"
                }
            };
            let is_history = subject.after.history_entry(&file.entry.path).is_some();
            let help = if is_history && !is_yaml(&file.entry.path) {
                format!(
                    "move the file out of `{}`: there stand archives and snapshots, and Helm would deploy what \
                     it can read of this",
                    subject.system.history
                )
            } else {
                help.to_owned()
            };
            Some(file.finding("yaml-syntax", fault.span, fault.message.clone(), help))
        }
        Content::Faulty(_) | Content::Read(_) | Content::Elsewhere(_) | Content::Dropped => None,
    };
    subject.judged().filter_map(finding).collect()
}

/// `duplicate-key`: a key stands once in a mapping.
pub fn duplicates(subject: &Subject) -> Vec<Finding> {
    let mut found = Vec::new();
    for (file, read) in subject.readable() {
        found.extend(duplicate_keys(&read.document).into_iter().map(|duplicate| {
            let message = format!("the key `{}` stands twice in one mapping", duplicate.key);
            let help = "keep one of the two; Helm takes the last one and says nothing".to_owned();
            let first = file.excerpt(duplicate.first, "it stands here already");
            file.finding("duplicate-key", duplicate.second, message, help).because([first])
        }));
    }
    found
}

/// `yaml-feature`: every reader sees the same data.
pub fn feature(subject: &Subject) -> Vec<Finding> {
    let mut found = Vec::new();
    for (file, read) in subject.readable() {
        let features = features(&read.document);
        // What a second reader stumbles over is most often one of these; then its line is named already.
        let other = disagreement(&read.document).filter(|other| {
            let line = line_of(read.document.text(), other.span.start);
            !features.iter().any(|feature| line.covers(Span::at(feature.span.start)))
        });
        found.extend(features.into_iter().map(|feature| {
            let help = feature_help(feature.kind).to_owned();
            file.finding("yaml-feature", feature.span, feature.message, help)
        }));
        found.extend(other.map(|other| {
            let help = "write this place in a simpler way, so that every YAML reader agrees on it".to_owned();
            file.finding("yaml-feature", other.span, other.message, help)
        }));
    }
    found
}

/// The line that holds a byte, up to its line break.
fn line_of(text: &str, at: usize) -> Span {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    Span::new(start, text[at..].find('\n').map_or(text.len(), |newline| at + newline))
}

fn feature_help(kind: FeatureKind) -> &'static str {
    match kind {
        FeatureKind::Anchor => "remove the anchor, and write the value out where it is used",
        FeatureKind::Alias | FeatureKind::MergeKey => "write the value out here",
        FeatureKind::Tag => "remove the tag; to have a string, quote the value",
        FeatureKind::Key => "quote the key",
        FeatureKind::Character => "delete the character",
        FeatureKind::Directive => "delete the directive",
        FeatureKind::FlowIndicator => "put a blank after the `:`, or quote the text",
        FeatureKind::QuestionMark => "quote the value",
        FeatureKind::BlockScalarEnd => "write the value in double quotes",
    }
}

/// `yaml-coercion`: Helm reads tags, digests, images and ids as they are written.
pub fn coercion(subject: &Subject) -> Vec<Finding> {
    let mut found = Vec::new();
    let image_keys = &subject.policy().layout.fields.image;
    for (file, read) in subject.readable() {
        for component in &read.manifest.components {
            let before = parts_before(read, component, image_keys);
            let before = before.map(|(key, node)| (key, node, WITHOUT_PART));
            let fields = pin_fields(component).map(|(what, field)| (what, field.node, WITHOUT_VALUE));
            let mut seen = BTreeSet::new();
            found.extend(before.chain(fields).filter(|(_, node, _)| seen.insert(*node)).filter_map(
                |(what, node, without)| {
                    coerced(file, read, &format!("{what} of `{}`", component.name), node, without)
                },
            ));
        }
        let id = read.manifest.snapshot_id.as_ref();
        found.extend(id.and_then(|id| coerced(file, read, "`snapshotId`", id.node, WITHOUT_VALUE)));
    }
    found
}

/// What to do about a null where a value belongs.
const WITHOUT_VALUE: &str = "write the value itself; a null is none";
/// What to do about a null in front of an image name, where there may be nothing.
const WITHOUT_PART: &str = "write the value itself, or `\"\"` where nothing is to stand before the name";

/// The parts that stand before the last one of an image name that is joined from several keys. The
/// last one is the component's image.
fn parts_before<'r>(
    read: &'r Read,
    component: &'r Component,
    keys: &'r [String],
) -> impl Iterator<Item = (&'r str, NodeId)> {
    let before = keys.split_last().map_or(&[][..], |(_, before)| before);
    before.iter().filter_map(|key| Some((key.as_str(), read.document.get(component.node, key)?)))
}

/// The parts of a pin that are written, with their names.
pub fn pin_fields(component: &Component) -> impl Iterator<Item = (&'static str, &Field)> {
    let fields = [("image", &component.image), ("tag", &component.tag), ("digest", &component.digest)];
    fields.into_iter().filter_map(|(what, field)| Some((what, field.as_ref()?)))
}

/// What Helm reads differently; `without` is what to do if it reads nothing at all. No quotes make a
/// value of a null: `tag: ~` asks for one, and `"~"` is none.
fn coerced(file: &File, read: &Read, what: &str, id: NodeId, without: &str) -> Option<Finding> {
    let node = read.document.node(id);
    let NodeKind::Scalar { value, style } = &node.kind else { return None };
    // A value that is not written is incomplete, not read differently.
    if read.document.is_missing(id) {
        return None;
    }
    let reading = helm_reading(*style, value)?;
    let message = match reading {
        HelmReading::Text(_) | HelmReading::Null | HelmReading::Refused => {
            format!("{what} is written `{value}`, and Helm reads {reading}")
        }
    };
    if matches!(reading, HelmReading::Null) {
        return Some(file.finding("yaml-coercion", node.span, message, without.to_owned()));
    }
    let quoted = quoted(node.span.of(read.document.text()), *style)?;
    let help = format!("quote it: `{quoted}`; `sysbom check --fix` does");
    let fix = Fix::Edit(vec![Edit::replace(node.span, quoted)]);
    Some(file.finding("yaml-coercion", node.span, message, help).fixed_by(fix))
}

/// The source of a plain scalar in double quotes. Only scalars that read as numbers or truth values
/// get here, and none of those holds a quote, a backslash or a line break.
fn quoted(source: &str, style: ScalarStyle) -> Option<String> {
    let safe = style == ScalarStyle::Plain && !source.contains(['"', '\\', '\n', '\r']);
    safe.then(|| format!("\"{source}\""))
}

/// `conflict-marker`: no markers of a merge conflict are left.
pub fn conflict(subject: &Subject) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in subject.judged() {
        found.extend(markers(&file.source.text).into_iter().map(|marker| {
            let line = marker.of(&file.source.text);
            let message = format!("a conflict marker stands here: `{line}`");
            let help = format!(
                "keep one side of the conflict whole and delete the marker lines, \
                 or begin again with `git checkout -m -- {}`",
                word(file.entry.path.as_str())
            );
            file.finding("conflict-marker", marker, message, help)
        }));
    }
    found
}

/// The lines that open a conflict, or belong to one whose opening line is gone.
fn markers(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut open = false;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let span = Span::new(offset, offset + line.trim_end_matches(['\n', '\r']).len());
        offset += line.len();
        match marker(span.of(text)) {
            Some('<') => {
                open = true;
                found.push(span);
            }
            Some('>') => {
                if !open {
                    found.push(span);
                }
                open = false;
            }
            Some('=' | '|') if !open => found.push(span),
            _ => {}
        }
    }
    found
}

/// The character of the marker that a line is: at least seven of it, then nothing or a blank and
/// a label, as git writes them.
fn marker(line: &str) -> Option<char> {
    let first = line.chars().next().filter(|first| "<=>|".contains(*first))?;
    let rest = line.trim_start_matches(first);
    let count = line.len() - rest.len();
    let ends = if first == '=' { rest.is_empty() } else { rest.is_empty() || rest.starts_with(' ') };
    (count >= 7 && ends).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<&str> {
        markers(text).into_iter().map(|span| span.of(text)).collect()
    }

    #[test]
    fn a_conflict_is_found_once_and_a_left_over_marker_too() {
        let whole = "a: 1\n<<<<<<< HEAD\nb: 1\n||||||| base\n=======\nb: 2\n>>>>>>> x\r\nc: 3\n";
        assert_eq!(lines(whole), ["<<<<<<< HEAD"]);
        assert_eq!(lines("a: 1\n=======\n>>>>>>> x\n"), ["=======", ">>>>>>> x"]);
        assert_eq!(lines("<<<<<<<<<< long\n"), ["<<<<<<<<<< long"]);
    }

    #[test]
    fn other_lines_are_no_markers() {
        let texts = ["<<<<<< six\n", " <<<<<<< indented\n", "======= title\n", "<<: *a\n", ">>>>>>>x\n"];
        assert!(texts.iter().all(|text| lines(text).is_empty()));
    }
}
