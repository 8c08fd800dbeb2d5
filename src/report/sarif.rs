//! SARIF 2.1.0, which code scanning of forges reads.

use std::io;

use serde_json::{Value, json};

use super::place::Places;
use super::severity_word;
use crate::check::{Excerpt, Finding, RULES};

/// Writes one run with all rules and all findings, and a line break.
pub fn render(findings: &[Finding], out: &mut dyn io::Write) -> io::Result<()> {
    let rules: Vec<Value> = RULES
        .iter()
        .map(|rule| {
            json!({
                "id": rule.id,
                "shortDescription": {"text": rule.title},
                "fullDescription": {"text": rule.title},
                "help": {"text": rule.explain, "markdown": rule.explain},
            })
        })
        .collect();
    let mut places = Places::default();
    let results: Vec<Value> = findings.iter().map(|finding| result(finding, &mut places)).collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "sysbom", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn result(finding: &Finding, places: &mut Places) -> Value {
    let message = if finding.help.is_empty() {
        finding.message.clone()
    } else {
        format!("{}\n{}", finding.message, finding.help)
    };
    let related: Vec<Value> = finding.because.iter().map(|reason| related(reason, places)).collect();
    let mut result = json!({
        "ruleId": finding.rule,
        "level": severity_word(finding.severity),
        "message": {"text": message},
        "locations": [{"physicalLocation": location(&finding.at, places)}],
    });
    if let Some(index) = RULES.iter().position(|rule| rule.id == finding.rule) {
        result["ruleIndex"] = index.into();
    }
    if !related.is_empty() {
        result["relatedLocations"] = related.into();
    }
    result
}

fn related(excerpt: &Excerpt, places: &mut Places) -> Value {
    json!({"physicalLocation": location(excerpt, places), "message": {"text": excerpt.label}})
}

fn location(excerpt: &Excerpt, places: &mut Places) -> Value {
    let (start, end) = places.range(excerpt);
    json!({
        "artifactLocation": {"uri": uri(excerpt.path.as_str())},
        "region": {
            "startLine": start.line, "startColumn": start.column,
            "endLine": end.line, "endColumn": end.column,
        },
    })
}

/// A path as a relative URI reference: what is no plain character of a path is percent-encoded.
fn uri(path: &str) -> String {
    path.bytes().fold(String::new(), |uri, byte| {
        let is_plain = byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
        if is_plain { uri + char::from(byte).encode_utf8(&mut [0; 4]) } else { format!("{uri}%{byte:02X}") }
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn a_result_names_rule_level_and_region() {
        let mut out = Vec::new();
        render(&[samples::floating(), samples::hostile()], &mut out).expect("a vector takes all");
        let json: Value = serde_json::from_slice(&out).expect("we write JSON");
        let run = &json["runs"][0];
        let first = &run["results"][0];
        let rule = usize::try_from(first["ruleIndex"].as_u64().expect("a number")).expect("small");
        assert_eq!(run["tool"]["driver"]["rules"][rule]["id"], "floating-tag");
        assert_eq!(first["level"], "error");
        assert_eq!(
            first["locations"][0]["physicalLocation"],
            json!({"artifactLocation": {"uri": "releases/current.yaml"},
                   "region": {"startLine": 3, "startColumn": 10, "endLine": 3, "endColumn": 16}})
        );
        let hostile = &run["results"][1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert_eq!(hostile, "releases/a%2Cline%3D9%3A%3A%0A%3A%3Aerror%3A%3Ax.yaml");
    }
}
