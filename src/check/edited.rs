//! What an edit of the policy does to the judgement of a manifest. Base's policy judges, and where
//! that was made stricter than the manifest is, no change could pass any more, the one that mends
//! the policy among them. So what base has already does not refuse an edit of the policy, and what
//! the edited policy would newly refuse is said before it is base's.

use super::judge::{PolicyFile, is_edited, read_policy};
use super::subject::Subject;
use super::{Finding, Input, Kept, Severity, Silenced, rule, system_findings};
use crate::policy::Policies;
use crate::tree::TreeError;

/// The findings of an update that edits the policy: those in manifests that stay as they are on
/// base as warnings, and as warnings what the edited policy would refuse and base's does not. Of one
/// that is judged by a policy newer than base: the former as warnings too. The findings of any other
/// update as they are.
pub(super) fn weigh(input: &Input, mut findings: Vec<Finding>) -> Result<Vec<Finding>, TreeError> {
    if !is_edited(input)? {
        if input.kept == Kept::Passes && findings.iter().any(is_refused) {
            pass_what_stays(input, &mut findings)?;
        }
        return Ok(findings);
    }
    let Some(refused) = refused_by_the_edited(input)? else { return Ok(findings) };
    let is_new =
        |finding: &Finding| !findings.iter().any(|known| is_refused(known) && is_same(known, finding));
    let coming: Vec<Finding> =
        refused.iter().filter(|finding| is_new(finding)).cloned().map(foretold).collect();
    for subject in Subject::all(input)? {
        for finding in findings.iter_mut().filter(|finding| is_content_of(&subject, finding)) {
            if stays(&subject) {
                finding.severity = Severity::Warning;
            } else if is_refused(finding) && !refused.iter().any(|other| is_same(other, finding)) {
                let base = input.before_name;
                finding.help.push_str(&format!(
                    "; the edited policy would let it pass, and counts once {base} has it: edit it first, in a change \
                     of its own"
                ));
            }
        }
    }
    findings.extend(coming);
    Ok(findings)
}

fn pass_what_stays(input: &Input, findings: &mut [Finding]) -> Result<(), TreeError> {
    for subject in Subject::all(input)?.iter().filter(|subject| stays(subject)) {
        for finding in findings.iter_mut().filter(|finding| is_content_of(subject, finding)) {
            finding.severity = Severity::Warning;
        }
    }
    Ok(())
}

fn is_refused(finding: &Finding) -> bool {
    finding.severity == Severity::Error
}

fn is_same(one: &Finding, other: &Finding) -> bool {
    (one.rule, &one.at.path, one.at.span) == (other.rule, &other.at.path, other.at.span)
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

/// What the edited policy refuses in what the manifests say; `None` if it cannot be followed.
fn refused_by_the_edited(input: &Input) -> Result<Option<Vec<Finding>>, TreeError> {
    let edited = match read_policy(input.after)? {
        PolicyFile::Valid(policies) => policies.on(input.today),
        PolicyFile::Absent => Policies::default().on(input.today),
        PolicyFile::Faulty(..) => return Ok(None),
    };
    let input = Input { policies: &edited, ..*input };
    let mut refused = Vec::new();
    for subject in Subject::all(&input)? {
        let found = system_findings(&subject)?.into_iter();
        refused.extend(found.filter(|finding| is_refused(finding) && is_content_of(&subject, finding)));
    }
    Ok(Some(refused))
}

fn foretold(finding: Finding) -> Finding {
    let message = format!("under the changed policy {}", finding.message);
    Finding { message, fix: None, ..finding }.as_warning()
}
