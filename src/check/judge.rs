//! Which policy judges an update: base's, so that a change cannot loosen its own judge.

use std::fmt;

use super::{Input, rule_ids};
use crate::policy::{DEFAULT_MANIFEST, MAX_POLICY_BYTES, POLICY_PATH, Policies, PolicyFault};
use crate::text::{Source, Span};
use crate::tree::{Kind, RepoPath, Tree, TreeError};

/// Why a policy cannot be acted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unjudged {
    /// A tree could not be looked into.
    Tree(TreeError),
    /// The policy is at fault.
    Policy {
        /// The policy file.
        source: Source,
        /// What is wrong with it; at least one.
        faults: Vec<PolicyFault>,
    },
}

impl fmt::Display for Unjudged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unjudged::Tree(error) => error.fmt(f),
            Unjudged::Policy { source, faults } => {
                write!(f, "the policy {} cannot be followed", source.name)?;
                faults.first().map_or(Ok(()), |fault| write!(f, ": {}", fault.message))
            }
        }
    }
}

impl std::error::Error for Unjudged {}

impl From<TreeError> for Unjudged {
    fn from(error: TreeError) -> Self {
        Unjudged::Tree(error)
    }
}

/// The policy that judges the update from `before` to `after`: base's own. Where base has neither
/// a policy nor a manifest there is nothing yet that a change could loosen, so the update brings
/// its own policy; if that cannot be read the defaults hold, and `policy-changed` says what is
/// wrong with it. If base's cannot be read the defaults stand in for it, so that a change can mend
/// it; what it said about places only the change can tell.
pub fn judge(before: Option<&dyn Tree>, after: &dyn Tree) -> Result<Policies, TreeError> {
    let edited = || {
        read_policy(after).map(|file| match file {
            PolicyFile::Valid(policies) => Some(*policies),
            PolicyFile::Absent | PolicyFile::Faulty(..) => None,
        })
    };
    match before {
        Some(before) if is_governed(before)? => match read_policy(before)? {
            PolicyFile::Absent => Ok(Policies::default()),
            PolicyFile::Valid(policies) => Ok(*policies),
            PolicyFile::Faulty(_, faults) => {
                let first = faults.into_iter().next().expect("a faulty policy has a fault");
                Ok(Policies::standing_in(first, edited()?))
            }
        },
        Some(_) | None => Ok(edited()?.unwrap_or_default()),
    }
}

/// What the policy file of a tree says, for commands that act by it; the defaults if it has none.
pub fn policies_of(tree: &dyn Tree) -> Result<Policies, Unjudged> {
    match read_policy(tree)? {
        PolicyFile::Absent => Ok(Policies::default()),
        PolicyFile::Valid(policies) => Ok(*policies),
        PolicyFile::Faulty(source, faults) => Err(Unjudged::Policy { source, faults }),
    }
}

/// Whether a tree has a policy, or a manifest where one stands without a policy.
pub(super) fn is_governed(tree: &dyn Tree) -> Result<bool, TreeError> {
    let has = |path: &str| tree.entry(&RepoPath::new(path)).map(|entry| entry.is_some());
    Ok(has(POLICY_PATH)? || has(DEFAULT_MANIFEST)?)
}

/// Whether there was something to judge by before, and the policy file is another one now.
pub(super) fn is_edited(input: &Input) -> Result<bool, TreeError> {
    let Some(before) = input.before else { return Ok(false) };
    let id =
        |tree: &dyn Tree| tree.entry(&RepoPath::new(POLICY_PATH)).map(|entry| entry.map(|entry| entry.id));
    Ok(is_governed(before)? && id(before)? != id(input.after)?)
}

/// The policy file of a tree.
pub(super) enum PolicyFile {
    /// There is none: the defaults hold.
    Absent,
    /// It can be followed.
    Valid(Box<Policies>),
    /// It cannot.
    Faulty(Source, Vec<PolicyFault>),
}

pub(super) fn read_policy(tree: &dyn Tree) -> Result<PolicyFile, TreeError> {
    let Some(entry) = tree.entry(&RepoPath::new(POLICY_PATH))? else { return Ok(PolicyFile::Absent) };
    let fault = |message: &str, help: &str, at| PolicyFault {
        message: message.to_owned(),
        help: help.to_owned(),
        span: Span::at(at),
    };
    if !matches!(entry.kind, Kind::File | Kind::Executable) {
        let fault = fault("the policy is no plain file", "put the content itself there", 0);
        return Ok(PolicyFile::Faulty(Source::new(POLICY_PATH, ""), vec![fault]));
    }
    let bytes = tree.read(&entry, MAX_POLICY_BYTES)?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let fault = fault("the policy is not UTF-8", "save the file as UTF-8", at);
            return Ok(PolicyFile::Faulty(Source::new(POLICY_PATH, text), vec![fault]));
        }
    };
    let source = Source::new(POLICY_PATH, text);
    Ok(match Policies::read(&source, &rule_ids()) {
        Ok(policies) => PolicyFile::Valid(Box::new(policies)),
        Err(faults) => PolicyFile::Faulty(source, faults),
    })
}
