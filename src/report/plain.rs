//! Findings as plain lines, and the guard that keeps lines from being taken for commands.

use std::borrow::Cow;
use std::io;

use super::place::Places;
use super::{Counts, severity_word};
use crate::check::{Finding, Severity};
use crate::text::escape;

/// `error[floating-tag]: component ...`, escaped.
pub fn headline(finding: &Finding) -> String {
    format!("{}[{}]: {}", severity_word(finding.severity), finding.rule, escape(&finding.message))
}

/// Writes one finding as three lines and a line for each place it rests on:
///
/// ```text
/// error[floating-tag]: component `app` uses the floating tag `latest`
///   --> releases/current.yaml:5:10
///   because: .sysbom.yaml:2:9 set here
///   help: use the tag of the build you tested
/// ```
pub fn finding(finding: &Finding, places: &mut Places, out: &mut dyn io::Write) -> io::Result<()> {
    let (at, _) = places.range(&finding.at);
    line(&headline(finding), out)?;
    line(&format!("  --> {}:{}:{}", escape(finding.at.path.as_str()), at.line, at.column), out)?;
    for reason in &finding.because {
        let (at, _) = places.range(reason);
        let (path, label) = (escape(reason.path.as_str()), escape(&reason.label));
        line(&format!("  because: {path}:{}:{} {label}", at.line, at.column), out)?;
    }
    if !finding.help.is_empty() {
        line(&format!("  help: {}", escape(&finding.help)), out)?;
    }
    Ok(())
}

/// The last line: how many findings, and how to read more about one of them, an error if there
/// is one.
pub fn summary(findings: &[Finding], out: &mut dyn io::Write) -> io::Result<()> {
    let error = findings.iter().find(|finding| finding.severity == Severity::Error);
    let Some(first) = error.or(findings.first()) else { return Ok(()) };
    writeln!(out, "{}; `sysbom explain {}` says more", Counts::of(findings), first.rule)
}

/// Writes text as lines, none of which a CI runner takes for a command of ours.
pub fn line(text: &str, out: &mut dyn io::Write) -> io::Result<()> {
    text.lines().try_for_each(|line| writeln!(out, "{}", no_command(line)))
}

/// Breaks what a CI runner would take for a workflow command: GitHub's runner reads `::` after
/// leading blanks and `##[` anywhere in a line, Azure's `##vso[` anywhere.
pub fn no_command(line: &str) -> Cow<'_, str> {
    let blanks = line.len() - line.trim_start().len();
    let broken = if line[blanks..].starts_with("::") {
        Cow::Owned(format!("{}\\u{{3a}}:{}", &line[..blanks], &line[blanks + 2..]))
    } else {
        Cow::Borrowed(line)
    };
    if ["##[", "##vso["].iter().any(|prefix| broken.contains(prefix)) {
        return Cow::Owned(broken.replace("##[", "#\\u{23}[").replace("##vso[", "#\\u{23}vso["));
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_begins_a_workflow_command() {
        assert_eq!(no_command("::error::x"), "\\u{3a}:error::x");
        assert_eq!(no_command("  \t::add-mask::x"), "  \t\\u{3a}:add-mask::x");
        assert_eq!(no_command("a ##[error]x"), "a #\\u{23}[error]x");
        assert_eq!(no_command("a ::error::x"), "a ::error::x");
    }
}
