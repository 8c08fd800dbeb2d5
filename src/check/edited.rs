//! What an edit of the policy does to the judgement of a manifest. Base's policy judges, and where
//! that was made stricter than the manifest is, no change could pass any more, the one that mends
//! the policy among them. So what base has already does not refuse an edit of the policy, and what
//! the edited policy would newly refuse is said before it is base's.

use super::judge::{PolicyFile, is_edited, read_policy};
use super::subject::Subject;
use super::{Finding, Input, Severity, Silenced, rule, system_findings};
use crate::policy::Policies;
use crate::tree::TreeError;

/// The findings of an update that edits the policy: those in manifests that stay as they are on
/// base as warnings, and as warnings what the edited policy would refuse and base's does not. The
/// findings of any other update as they are.
pub(super) fn weigh(input: &Input, mut findings: Vec<Finding>) -> Result<Vec<Finding>, TreeError> {
    if !is_edited(input)? {
        return Ok(findings);
    }
    let coming = coming(input, &findings)?;
    for subject in Subject::all(input)?.iter().filter(|subject| stays(subject)) {
        let of_it = findings.iter_mut().filter(|finding| is_content_of(subject, finding));
        of_it.for_each(|finding| finding.severity = Severity::Warning);
    }
    findings.extend(coming);
    Ok(findings)
}

/// Whether base has the manifest just like this.
fn stays(subject: &Subject) -> bool {
    let before = subject.before.as_ref().and_then(|side| side.manifest.as_ref());
    match (before, &subject.after.manifest) {
        (Some(before), Some(after)) => {
            before.entry.id == after.entry.id && before.entry.kind == after.entry.kind
        }
        (None, _) | (_, None) => false,
    }
}

/// Whether a finding is about what the manifest says. What merges did to it and what became of
/// its history is not.
fn is_content_of(subject: &Subject, finding: &Finding) -> bool {
    let is_content = finding.rule == "yaml-syntax"
        || rule(finding.rule).is_some_and(|rule| rule.silenced == Silenced::InFile);
    is_content && finding.at.path == subject.system.manifest
}

/// What the edited policy refuses in the manifests, and base's policy does not.
fn coming(input: &Input, known: &[Finding]) -> Result<Vec<Finding>, TreeError> {
    let edited = match read_policy(input.after)? {
        PolicyFile::Valid(policies) => policies.on(input.today),
        PolicyFile::Absent => Policies::default().on(input.today),
        PolicyFile::Faulty(..) => return Ok(Vec::new()),
    };
    let input = Input { policies: &edited, ..*input };
    let refused = |finding: &Finding| finding.severity == Severity::Error;
    let is_known = |finding: &Finding| {
        let same = |other: &Finding| {
            (other.rule, &other.at.path, other.at.span) == (finding.rule, &finding.at.path, finding.at.span)
        };
        known.iter().any(|other| same(other) && refused(other))
    };
    let mut coming = Vec::new();
    for subject in Subject::all(&input)? {
        let found = system_findings(&subject)?.into_iter();
        coming.extend(
            found
                .filter(|finding| refused(finding) && is_content_of(&subject, finding) && !is_known(finding))
                .map(foretold),
        );
    }
    Ok(coming)
}

fn foretold(finding: Finding) -> Finding {
    let message = format!("under the changed policy {}", finding.message);
    Finding { message, fix: None, ..finding }.as_warning()
}
