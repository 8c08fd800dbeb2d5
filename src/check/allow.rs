//! Exceptions: what a comment in the file silences, and what is wrong with such comments.

use std::collections::BTreeSet;

use super::file::{File, Read};
use super::subject::Subject;
use super::{Finding, Silenced, rule, rule_ids};
use crate::policy::{Exception, exceptions};
use crate::yaml::NodeId;

/// Takes out the findings that an exception silences, and adds those of the rule `exception`.
pub fn apply(subject: &Subject, findings: Vec<Finding>) -> Vec<Finding> {
    let carried = carried(subject);
    let mut findings = findings;
    let mut faults = Vec::new();
    for (file, read) in subject.readable() {
        let read_exceptions = exceptions(&read.document, &rule_ids());
        faults.extend(
            read_exceptions
                .faults
                .into_iter()
                .map(|fault| file.finding("exception", fault.span, fault.message, fault.help)),
        );
        for exception in &read_exceptions.found {
            let is_carried = carried.contains(&Identity::of(read, exception));
            faults.extend(apply_one(subject, file, exception, is_carried, &mut findings));
        }
    }
    findings.extend(faults);
    findings
}

fn apply_one(
    subject: &Subject,
    file: &File,
    exception: &Exception,
    is_carried: bool,
    findings: &mut Vec<Finding>,
) -> Option<Finding> {
    let found = |message: String, help: &str| {
        Some(file.finding("exception", exception.span, message, help.to_owned()))
    };
    if exception.is_over(subject.input.today) {
        let last = exception.expires.map(|last| last.to_string()).unwrap_or_default();
        return found(format!("this exception expired on {last}"), "mend what it allows, or renew the date");
    }
    let never = |id: &&String| rule(id).is_some_and(|rule| rule.silenced == Silenced::Never);
    if let Some(id) = exception.rules.iter().find(never) {
        return found(
            format!("`{id}` cannot be silenced in a file"),
            "remove it here; `sysbom explain RULE` says what can be done",
        );
    }
    let is_hit = |finding: &Finding| {
        let here = finding.at.path == file.entry.path && finding.at.source.as_ref() == Some(&file.source);
        here && exception.covers(finding.rule, finding.at.span)
    };
    let mut silences = false;
    findings.retain_mut(|finding| {
        if !is_hit(finding) {
            return true;
        }
        silences = true;
        if is_carried || subject.policy().inline_allows(finding.rule).is_some() {
            return false;
        }
        let label = format!("counts once {} carries it", subject.input.before_name);
        finding.because.push(file.excerpt(exception.span, label));
        true
    });
    if silences {
        return None;
    }
    let finding = found("this exception silences nothing".to_owned(), "delete it; what it allowed is gone");
    finding.map(Finding::as_warning)
}

/// What makes an exception the same one in two versions of a file: the entry it is for, and every
/// word of it. An entry that gets another value keeps its exception; one that is copied to another
/// component does not take it along.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Identity {
    component: String,
    key: String,
    comment: String,
}

impl Identity {
    fn of(read: &Read, exception: &Exception) -> Identity {
        let text = read.document.text();
        let lines = exception.lines.of(text);
        let first = lines.lines().next().unwrap_or("");
        let at = exception.lines.start + (first.len() - first.trim_start().len());
        let end = |node: NodeId| read.document.node(node).span.end;
        let component = read
            .manifest
            .components
            .iter()
            .find(|component| component.name_span.start <= at && at <= end(component.node));
        Identity {
            component: component.map(|component| component.name.clone()).unwrap_or_default(),
            key: first.trim_start().split(':').next().unwrap_or("").to_owned(),
            comment: exception.span.of(text).trim().to_owned(),
        }
    }
}

/// The exceptions that base's manifest carries.
fn carried(subject: &Subject) -> BTreeSet<Identity> {
    let before = subject.before.as_ref().and_then(|side| side.manifest.as_ref()).and_then(File::as_read);
    let Some(read) = before else { return BTreeSet::new() };
    let exceptions = exceptions(&read.document, &rule_ids()).found;
    exceptions.iter().map(|exception| Identity::of(read, exception)).collect()
}
