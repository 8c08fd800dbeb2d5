//! Findings as JSON, version 1. The form is frozen: fields may be added, none changes or goes.

use std::io;

use serde::Serialize;

use super::place::Places;
use super::severity_word;
use crate::check::{Excerpt, Finding, Fix};
use crate::text::Edit;

#[derive(Serialize)]
struct Report<'a> {
    version: u8,
    findings: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    rule: &'a str,
    severity: &'static str,
    #[serde(flatten)]
    at: Place<'a>,
    message: &'a str,
    help: &'a str,
    because: Vec<Because<'a>>,
    fix: Option<FixEntry<'a>>,
}

#[derive(Serialize)]
struct Place<'a> {
    path: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Serialize)]
struct Because<'a> {
    #[serde(flatten)]
    at: Place<'a>,
    label: &'a str,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum FixEntry<'a> {
    Edit { edits: Vec<EditEntry<'a>> },
    Archive { path: &'a str, blob: &'a str },
    Restore { path: &'a str, blob: &'a str },
}

#[derive(Serialize)]
struct EditEntry<'a> {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    text: &'a str,
}

/// Writes `{"version":1,"findings":[...]}` and a line break.
pub fn render(findings: &[Finding], out: &mut dyn io::Write) -> io::Result<()> {
    let mut places = Places::default();
    let report =
        Report { version: 1, findings: findings.iter().map(|finding| entry(finding, &mut places)).collect() };
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)
}

fn entry<'f>(finding: &'f Finding, places: &mut Places) -> Entry<'f> {
    let because =
        finding.because.iter().map(|reason| Because { at: place(reason, places), label: &reason.label });
    let because = because.collect();
    Entry {
        rule: finding.rule,
        severity: severity_word(finding.severity),
        at: place(&finding.at, places),
        message: &finding.message,
        help: &finding.help,
        because,
        fix: finding.fix.as_ref().map(|fix| fix_entry(fix, &finding.at, places)),
    }
}

fn place<'f>(excerpt: &'f Excerpt, places: &mut Places) -> Place<'f> {
    let (start, end) = places.range(excerpt);
    Place {
        path: excerpt.path.as_str(),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
    }
}

fn fix_entry<'a>(fix: &'a Fix, at: &Excerpt, places: &mut Places) -> FixEntry<'a> {
    match fix {
        Fix::Edit(edits) => {
            FixEntry::Edit { edits: edits.iter().map(|edit| edit_entry(edit, at, places)).collect() }
        }
        Fix::Archive { path, blob } => FixEntry::Archive { path: path.as_str(), blob: blob.as_str() },
        Fix::Restore { path, blob } => FixEntry::Restore { path: path.as_str(), blob: blob.as_str() },
    }
}

fn edit_entry<'a>(edit: &'a Edit, at: &Excerpt, places: &mut Places) -> EditEntry<'a> {
    let (start, end) = places.range_of(at.source.as_ref(), edit.span);
    EditEntry {
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        text: &edit.text,
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use crate::tree::{ObjectId, RepoPath};

    fn rendered(findings: &[Finding]) -> serde_json::Value {
        let mut out = Vec::new();
        render(findings, &mut out).expect("a vector takes all");
        serde_json::from_slice(&out).expect("we write JSON")
    }

    #[test]
    fn version_one_has_these_fields() {
        let mut finding = samples::floating();
        finding.fix = Some(Fix::Edit(vec![Edit::replace(finding.at.span, "'x'")]));
        assert_eq!(
            rendered(&[finding]),
            serde_json::json!({"version": 1, "findings": [{
                "rule": "floating-tag", "severity": "error", "path": "releases/current.yaml",
                "line": 3, "column": 10, "end_line": 3, "end_column": 16,
                "message": "component `app` uses the floating tag `latest`",
                "help": "use the tag of the build you tested",
                "because": [{"path": ".sysbom.yaml", "line": 2, "column": 9, "end_line": 2, "end_column": 17,
                             "label": "denied here"}],
                "fix": {"kind": "edit", "edits": [
                    {"line": 3, "column": 10, "end_line": 3, "end_column": 16, "text": "'x'"}]},
            }]})
        );
    }

    #[test]
    fn a_file_as_a_whole_is_at_its_beginning() {
        let mut finding = samples::whole_file();
        finding.fix = Some(Fix::Archive { path: RepoPath::new("h/a.yaml"), blob: ObjectId::new("12") });
        let json = rendered(&[finding]);
        let entry = &json["findings"][0];
        assert_eq!((&entry["line"], &entry["end_column"]), (&1.into(), &1.into()));
        assert_eq!(entry["fix"], serde_json::json!({"kind": "archive", "path": "h/a.yaml", "blob": "12"}));
    }

    #[test]
    fn what_is_written_fits_the_published_schema() {
        use crate::yaml::Document;
        let schema = Document::parse(include_str!("../../schema/findings.schema.json")).expect("it is JSON");
        let (path, blob) = (RepoPath::new("h/a.yaml"), ObjectId::new("12"));
        let mut findings =
            [samples::floating(), samples::whole_file(), samples::hostile(), samples::floating()];
        findings[0].fix = Some(Fix::Edit(vec![Edit::replace(findings[0].at.span, "'x'")]));
        findings[1].fix = Some(Fix::Archive { path: path.clone(), blob: blob.clone() });
        findings[2].fix = Some(Fix::Restore { path, blob });
        let misfits = |text: &str| {
            let document = Document::parse(text).expect("JSON is YAML");
            let root = document.root().expect("it is not empty");
            crate::check::schema::misfits(&schema, &document, root).expect("the schema can be followed").len()
        };
        let json = rendered(&findings).to_string();
        assert_eq!(misfits(&json), 0);
        assert_ne!(misfits(&json.replace("\"restore\"", "\"delete\"")), 0);
        assert_ne!(misfits(&json.replace("\"column\":10", "\"column\":0")), 0);
    }

    #[test]
    fn no_findings_are_a_document_too() {
        assert_eq!(rendered(&[]), serde_json::json!({"version": 1, "findings": []}));
    }
}
