//! GitLab's code quality report: an array of issues that the merge request shows.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::place::Places;
use crate::check::{Finding, Severity};
use crate::text::escape;

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: String,
    severity: &'static str,
    location: Location<'a>,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
}

/// Writes the array and a line break.
pub fn render(findings: &[Finding], out: &mut dyn io::Write) -> io::Result<()> {
    let mut places = Places::default();
    let mut seen = BTreeMap::new();
    let issues: Vec<Issue> = findings
        .iter()
        .map(|finding| {
            let count = seen.entry((finding.rule, &finding.at.path, &finding.message)).or_insert(0);
            *count += 1;
            issue(finding, *count, &mut places)
        })
        .collect();
    serde_json::to_writer_pretty(&mut *out, &issues)?;
    writeln!(out)
}

fn issue<'f>(finding: &'f Finding, occurrence: usize, places: &mut Places) -> Issue<'f> {
    let (start, _) = places.range(&finding.at);
    let help = if finding.help.is_empty() { String::new() } else { format!(" ({})", escape(&finding.help)) };
    Issue {
        description: format!("{}{help}", escape(&finding.message)),
        check_name: finding.rule,
        fingerprint: fingerprint(finding, occurrence),
        severity: match finding.severity {
            Severity::Error => "major",
            Severity::Warning => "minor",
        },
        location: Location { path: finding.at.path.as_str(), lines: Lines { begin: start.line } },
    }
}

/// The same fault has the same fingerprint when lines above it come or go, so that GitLab can
/// tell new from old; the occurrence tells equal messages in one file apart.
fn fingerprint(finding: &Finding, occurrence: usize) -> String {
    let identity = format!("{}\0{}\0{}\0{occurrence}", finding.rule, finding.at.path, finding.message);
    Sha256::digest(identity.as_bytes()).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn every_issue_has_its_own_fingerprint() {
        let findings = [samples::floating(), samples::floating(), samples::whole_file()];
        let mut out = Vec::new();
        render(&findings, &mut out).expect("a vector takes all");
        let json: serde_json::Value = serde_json::from_slice(&out).expect("we write JSON");
        assert_eq!(json[0]["check_name"], "floating-tag");
        assert_eq!(json[0]["severity"], "major");
        assert_eq!(
            json[0]["location"],
            serde_json::json!({"path": "releases/current.yaml", "lines": {"begin": 3}})
        );
        let prints: std::collections::BTreeSet<String> =
            (0..3).map(|index| json[index]["fingerprint"].to_string()).collect();
        assert_eq!(prints.len(), 3);
    }
}
