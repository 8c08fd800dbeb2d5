//! How findings are shown: to a person, to a program, to a forge.
//!
//! Knows findings and output formats. Decides nothing: counts and severities come from the
//! findings, and every text that a user's file could hold goes through [`crate::text::escape`]
//! or the escape of the format.

mod diff;
mod github;
mod gitlab;
mod human;
mod json;
mod place;
mod plain;
mod sarif;

use std::io;

use crate::check::{Finding, Severity};

pub use diff::unified;

/// In which form findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For a person: message, the lines it is about, help.
    Human(Color),
    /// One JSON object, `{"version":1,"findings":[...]}`; `schema/findings.schema.json` describes it.
    Json,
    /// Workflow commands of GitHub Actions, which become annotations.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// SARIF 2.1.0.
    Sarif,
}

/// Whether escape sequences for colour may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// None.
    Never,
    /// The terminal's sixteen colours.
    Always,
}

/// How many findings there are of each severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Counts {
    /// Those that fail the check.
    pub errors: usize,
    /// Those that are only shown.
    pub warnings: usize,
}

impl Counts {
    /// Counts findings.
    pub fn of(findings: &[Finding]) -> Counts {
        let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
        Counts { errors, warnings: findings.len() - errors }
    }
}

/// `2 errors, 1 warning`; `nothing found` for none.
impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let counted = |count: usize, noun: &str| match count {
            0 => None,
            1 => Some(format!("1 {noun}")),
            _ => Some(format!("{count} {noun}s")),
        };
        let parts: Vec<String> = [counted(self.errors, "error"), counted(self.warnings, "warning")]
            .into_iter()
            .flatten()
            .collect();
        f.write_str(if parts.is_empty() { "nothing found".to_owned() } else { parts.join(", ") }.as_str())
    }
}

/// Writes findings in one format, in the order given. The human and GitHub formats end with a
/// line of counts and write nothing when there are no findings; the others always write a whole
/// document. Errors are those of `out`.
pub fn render(format: Format, findings: &[Finding], out: &mut dyn io::Write) -> io::Result<()> {
    match format {
        Format::Human(color) => human::render(findings, color, out),
        Format::Json => json::render(findings, out),
        Format::Github => github::render(findings, out),
        Format::Gitlab => gitlab::render(findings, out),
        Format::Sarif => sarif::render(findings, out),
    }
}

/// The word for a severity, as every format but SARIF writes it.
fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

#[cfg(test)]
mod samples;
