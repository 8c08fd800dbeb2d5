//! What is wrong with an operation repository: rules, and what they find.
//!
//! Knows rules and takes values: trees to look into, a policy, a day. Where the trees come from
//! and how findings are shown is for others.
//!
//! Content is judged in the manifest, in snapshots that are new, and in new history files that are
//! no states of base: nobody can forge an archive. Archives of real states are judged by the
//! rules of history alone: the day a `latest` is mended, the state that had it must still be archived.

mod allow;
mod edited;
mod file;
mod finding;
mod input;
mod judge;
mod new_file;
mod paste;
mod rule;
mod rules;
pub(crate) mod schema;
mod subject;

pub use finding::{Excerpt, Finding, Fix, Severity};
pub use input::{
    Asked, AskedForAll, Input, Kept, Look, MergeCommit, MergeParent, Moves, Scope, Shown, Standing,
};
pub use judge::{Unjudged, judge, policies_of};
pub use rule::{RULES, Rule, Silenced, rule, rule_ids};

use std::collections::HashMap;

use crate::policy::{Level, Policy, Setting};
use crate::tree::{RepoPath, TreeError};
use rule::Run;
use subject::{Subject, setting};

/// Judges an update by all rules. Findings come sorted by path, place and rule, each once, with
/// the levels that the policy gives them; a missing archive comes behind what the file says, for
/// it can be mended last. An error says that a tree could not be looked into.
pub fn check(input: &Input) -> Result<Vec<Finding>, TreeError> {
    let mut findings = Vec::new();
    for subject in Subject::all(input)? {
        let mut next = Some(subject);
        // What is told again with each part of the files is told once in the end.
        while let Some(subject) = next {
            findings.extend(system_findings(&subject)?);
            next = subject.next()?;
        }
    }
    let mut findings = edited::weigh(input, findings)?;
    let found = ask_about_update(input)?;
    findings.extend(found.into_iter().filter_map(|finding| {
        let is_settled = finding.rule == "policy-moved" && input.moves == Moves::Refused;
        if is_settled { Some(finding) } else { leveled(input.policies.common(), finding) }
    }));
    findings.sort_by(|one, two| place(one).cmp(&place(two)));
    findings.dedup_by(|one, two| place(one) == place(two));
    Ok(findings)
}

/// The findings about one system, exceptions and levels applied.
fn system_findings(subject: &Subject) -> Result<Vec<Finding>, TreeError> {
    let found = allow::apply(subject, ask_about_system(subject)?);
    Ok(found.into_iter().filter_map(|finding| leveled(subject.policy(), finding)).collect())
}

fn place(finding: &Finding) -> impl Ord + '_ {
    let comes_last = finding.rule == "archive-missing";
    (&finding.at.path, comes_last, finding.at.span, finding.rule, &finding.message)
}

fn ask_about_system(subject: &Subject) -> Result<Vec<Finding>, TreeError> {
    let mut findings = Vec::new();
    for run in RULES.iter().flat_map(|rule| rule.run) {
        match run {
            Run::Read(rule) => findings.extend(bounded(rule(subject))),
            Run::Looked(rule) => findings.extend(bounded(rule(subject)?)),
            Run::Update(_) => {}
        }
    }
    Ok(findings)
}

/// The most findings of one rule about one file.
const MOST_ALIKE: usize = 1_000;

/// What one rule found, without those that nobody can read any more: a file that somebody means ill
/// with has hundreds of thousands. What stands for them is about the file as a whole, so no
/// exception on a line silences it.
fn bounded(findings: Vec<Finding>) -> Vec<Finding> {
    if findings.len() <= MOST_ALIKE {
        return findings;
    }
    let mut counts: HashMap<RepoPath, usize> = HashMap::new();
    let mut surplus: HashMap<RepoPath, (usize, Finding)> = HashMap::new();
    let mut kept = Vec::new();
    for finding in findings {
        let count = counts.entry(finding.at.path.clone()).or_default();
        *count += 1;
        if *count <= MOST_ALIKE {
            kept.push(finding);
            continue;
        }
        let (count, worst) = surplus.entry(finding.at.path.clone()).or_insert_with(|| (0, finding.clone()));
        *count += 1;
        worst.severity = worst.severity.max(finding.severity);
    }
    kept.extend(surplus.into_values().map(|(count, worst)| Finding {
        at: Excerpt::whole(worst.at.path, ""),
        message: format!("the same {count} times more in this file"),
        help: "mend those that are shown, then check again".to_owned(),
        because: Vec::new(),
        fix: None,
        ..worst
    }));
    kept
}

fn ask_about_update(input: &Input) -> Result<Vec<Finding>, TreeError> {
    let mut findings = Vec::new();
    for run in RULES.iter().flat_map(|rule| rule.run) {
        match run {
            Run::Update(rule) => findings.extend(rule(input)?),
            Run::Read(_) | Run::Looked(_) => {}
        }
    }
    Ok(findings)
}

/// A finding as the policy counts it, with the setting that makes it count otherwise than by
/// default; `None` if the policy switches its rule off.
fn leveled(policy: &Policy, mut finding: Finding) -> Option<Finding> {
    // After a policy that cannot be read nothing could be checked, whatever it was meant to say.
    if finding.rule == "policy-changed" && finding.severity == Severity::Error {
        return Some(finding);
    }
    let default = match finding.severity {
        Severity::Warning => Level::Warning,
        Severity::Error => Level::Error,
    };
    let Setting { value, span } = policy.level(finding.rule, default);
    finding.severity = match value {
        Level::Off => return None,
        Level::Warning => Severity::Warning,
        Level::Error => Severity::Error,
    };
    let is_set = setting(policy, span, "the level is set here").filter(|_| value != default);
    finding.because.extend(is_set);
    Some(finding)
}
