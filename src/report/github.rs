//! Workflow commands of GitHub Actions.

use std::io;

use super::place::Places;
use super::{plain, severity_word};
use crate::check::{Finding, Severity};
use crate::text::escape;

/// GitHub keeps this many annotations of a step and drops the rest without a word.
const ANNOTATIONS: usize = 10;

/// Writes the first ten findings, errors before warnings, as annotations, the others as plain
/// text, and the counts.
pub fn render(findings: &[Finding], out: &mut dyn io::Write) -> io::Result<()> {
    let mut places = Places::default();
    let mut order: Vec<&Finding> = findings.iter().collect();
    order.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let (shown, rest) = order.split_at(order.len().min(ANNOTATIONS));
    shown.iter().try_for_each(|finding| annotation(finding, &mut places, out))?;
    rest.iter().try_for_each(|finding| plain::finding(finding, &mut places, out))?;
    plain::summary(findings, out)
}

fn annotation(finding: &Finding, places: &mut Places, out: &mut dyn io::Write) -> io::Result<()> {
    let (start, end) = places.range(&finding.at);
    let command = match finding.severity {
        Severity::Error | Severity::Warning => severity_word(finding.severity),
    };
    write!(out, "::{command} file={},line={}", property(finding.at.path.as_str()), start.line)?;
    // GitHub ignores columns that lie in different lines.
    if start.line == end.line && start.column < end.column {
        write!(out, ",endLine={},col={},endColumn={}", end.line, start.column, end.column)?;
    } else {
        write!(out, ",col={}", start.column)?;
    }
    writeln!(out, ",title=sysbom {}::{}", property(finding.rule), data(&body(finding, places)))
}

/// The message with the places it rests on and the help below it.
fn body(finding: &Finding, places: &mut Places) -> String {
    use std::fmt::Write as _;
    let mut body = escape(&finding.message).to_string();
    for reason in &finding.because {
        let (at, _) = places.range(reason);
        let (path, label) = (escape(reason.path.as_str()), escape(&reason.label));
        write!(body, "\nbecause: {path}:{}:{} {label}", at.line, at.column).expect("a string takes all text");
    }
    if !finding.help.is_empty() {
        write!(body, "\nhelp: {}", escape(&finding.help)).expect("a string takes all text");
    }
    body
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(&escape(text).to_string()).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    fn rendered(findings: &[Finding]) -> String {
        let mut out = Vec::new();
        render(findings, &mut out).expect("a vector takes all");
        String::from_utf8(out).expect("we write text")
    }

    #[test]
    fn a_finding_becomes_one_command() {
        assert_eq!(
            rendered(&[samples::floating()]),
            "::error file=releases/current.yaml,line=3,endLine=3,col=10,endColumn=16,title=sysbom floating-tag\
             ::component `app` uses the floating tag `latest`%0Abecause: .sysbom.yaml:2:9 denied here\
             %0Ahelp: use the tag of the build you tested\n\
             1 error; `sysbom explain floating-tag` says more\n"
        );
    }

    #[test]
    fn the_eleventh_finding_is_plain_text_and_errors_come_first() {
        let mut findings = vec![samples::whole_file(); 10];
        findings.push(samples::floating());
        let out = rendered(&findings);
        assert!(out.starts_with("::error file=releases/current.yaml"), "{out}");
        assert_eq!(out.lines().filter(|line| line.starts_with("::")).count(), 10);
        assert!(out.contains("\nwarning[policy-changed]: "), "{out}");
    }

    #[test]
    fn a_hostile_name_stays_in_its_property() {
        let out = rendered(&[samples::hostile()]);
        assert_eq!(out.lines().filter(|line| line.trim_start().starts_with("::")).count(), 1, "{out}");
        assert!(
            out.starts_with("::warning file=releases/a%2Cline=9%3A%3A\\u{a}%3A%3Aerror%3A%3Ax.yaml,line=2,")
        );
    }
}
