//! Exceptions: what a comment in the file silences, and what is wrong with such comments.

use std::collections::BTreeSet;

use super::file::{File, Read};
use super::subject::Subject;
use super::{Finding, Silenced, rule, rule_ids};
use crate::policy::{Exception, exceptions};

/// Takes out the findings that an exception silences, and adds those of the rule `exception`.
pub fn apply(subject: &Subject, mut findings: Vec<Finding>) -> Vec<Finding> {
    let carried = carried(subject);
    let mut faults = Vec::new();
    let mut silenced = BTreeSet::new();
    for (file, read) in subject.readable() {
        let written = exceptions(&read.document, &rule_ids());
        let malformed = written.faults.into_iter();
        faults
            .extend(malformed.map(|fault| file.finding("exception", fault.span, fault.message, fault.help)));
        if written.found.is_empty() {
            continue;
        }
        let places = Places::of(&findings, file);
        let owners = Owners::of(read);
        for exception in &written.found {
            if let Some(fault) = fault(subject, file, exception) {
                faults.push(fault);
                continue;
            }
            let hits = places.covered_by(exception, &findings);
            if hits.is_empty() {
                let message = "this exception silences nothing".to_owned();
                let help = "delete it; what it allowed is gone".to_owned();
                faults.push(file.finding("exception", exception.span, message, help).as_warning());
            }
            let is_carried = carried.contains(&owners.identity(read, exception));
            for hit in hits {
                let finding = &mut findings[hit];
                if is_carried || subject.policy().inline_allows(finding.rule).is_some() {
                    silenced.insert(hit);
                } else {
                    let base = subject.input.before_name;
                    let label = format!("counts once {base} carries it");
                    finding.because.push(file.excerpt(exception.span, label));
                    finding.help.push_str(&format!(
                        "; the exception counts once `inline-allow` in `.sysbom.yaml` on {base} lists `{}`: add it \
                         first, in a change of its own",
                        finding.rule
                    ));
                }
            }
        }
    }
    let kept = findings.into_iter().enumerate().filter(|(at, _)| !silenced.contains(at));
    kept.map(|(_, finding)| finding).chain(faults).collect()
}

/// Why an exception does not count, whoever carries it.
fn fault(subject: &Subject, file: &File, exception: &Exception) -> Option<Finding> {
    let found = |message: String, help: &str| {
        Some(file.finding("exception", exception.span, message, help.to_owned()))
    };
    if let Some(last) = exception.expires.filter(|_| exception.is_over(subject.input.today)) {
        return found(
            format!("this exception expired on {last}"),
            "mend what it allows, or renew the date: a renewed exception counts like a new one",
        );
    }
    let never = |id: &&String| rule(id).is_some_and(|rule| rule.silenced == Silenced::Never);
    exception.rules.iter().find(never).and_then(|id| {
        found(
            format!("`{id}` cannot be silenced in a file"),
            &format!("remove it here; `sysbom explain {id}` says what can be done"),
        )
    })
}

/// Where the findings in one file stand, sorted, with their position in the list.
struct Places(Vec<(usize, usize)>);

impl Places {
    fn of(findings: &[Finding], file: &File) -> Places {
        let here = |finding: &Finding| {
            finding.at.path == file.entry.path && finding.at.source.as_ref() == Some(&file.source)
        };
        let places = findings.iter().enumerate().filter(|(_, finding)| here(finding));
        let mut places: Vec<_> = places.map(|(at, finding)| (finding.at.span.start, at)).collect();
        places.sort_unstable();
        Places(places)
    }

    fn covered_by(&self, exception: &Exception, findings: &[Finding]) -> Vec<usize> {
        let first = self.0.partition_point(|(start, _)| *start < exception.lines.start);
        let within = self.0[first..].iter().take_while(|(start, _)| *start < exception.lines.end);
        let covers = |at: &usize| exception.covers(findings[*at].rule, findings[*at].at.span);
        within.map(|(_, at)| *at).filter(covers).collect()
    }
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

/// Where the components of a file begin and end, by their beginning.
struct Owners<'r>(Vec<(usize, usize, &'r str)>);

impl<'r> Owners<'r> {
    fn of(read: &'r Read) -> Owners<'r> {
        let components = read.manifest.components.iter();
        let mut owners: Vec<_> = components
            .map(|component| {
                let end = read.document.node(component.node).span.end;
                (component.name_span.start, end, component.name.as_str())
            })
            .collect();
        owners.sort_unstable();
        Owners(owners)
    }

    fn identity(&self, read: &Read, exception: &Exception) -> Identity {
        let text = read.document.text();
        let first = exception.lines.of(text).lines().next().unwrap_or("");
        let at = exception.lines.start + (first.len() - first.trim_start().len());
        let before = self.0.partition_point(|(start, ..)| *start <= at);
        let owner = self.0[..before].last().filter(|(_, end, _)| at <= *end);
        Identity {
            component: owner.map(|(.., name)| (*name).to_owned()).unwrap_or_default(),
            key: first.trim_start().split(':').next().unwrap_or("").to_owned(),
            comment: exception.span.of(text).trim().to_owned(),
        }
    }
}

/// The exceptions that base's manifest carries.
fn carried(subject: &Subject) -> BTreeSet<Identity> {
    let before = subject.before.as_ref().and_then(|side| side.manifest.as_ref()).and_then(File::as_read);
    let Some(read) = before else { return BTreeSet::new() };
    let owners = Owners::of(read);
    let exceptions = exceptions(&read.document, &rule_ids()).found;
    exceptions.iter().map(|exception| owners.identity(read, exception)).collect()
}
