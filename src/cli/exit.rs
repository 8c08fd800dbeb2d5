//! The statuses that sysbom leaves with, and who reads them.
//!
//! A person and a CI job want "nothing wrong", "your file" or "our failure". git, reading the
//! status of a merge driver, wants something else: whatever is 128 or below means that the file
//! is ready, so a failure of ours must leave with a higher one or the other side's change is
//! lost without a mark.

use std::ffi::OsString;
use std::process::ExitCode;

/// The status a command that did its work leaves with. A command that could not do it returns a
/// [`super::failure::Failure`] instead, and [`Caller`] says with which status that leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done; nothing is wrong.
    Ok,
    /// Looked; something in the user's files is wrong, or an action was refused.
    Findings,
    /// Could not look at all of it; what was found has been reported.
    Failed,
    /// Others moved the branch first, each time it was tried.
    RaceLost,
    /// `merge-driver`: the file holds markers.
    Conflict,
    /// `merge-file`: so many entries conflict.
    Conflicts(usize),
}

impl Exit {
    /// The number.
    pub fn status(self) -> u8 {
        match self {
            Exit::Ok => 0,
            Exit::Findings | Exit::Conflict => 1,
            Exit::Failed => 2,
            Exit::RaceLost => 3,
            // git merge-file counts the same way: above 127 begins what means an error.
            Exit::Conflicts(entries) => u8::try_from(entries.min(127)).unwrap_or(127),
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.status())
    }
}

/// Who reads the status of this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A person, a script, a hook: a failure is 2.
    Shell,
    /// git, for `merge-driver`: a failure is 129, so that git aborts the merge.
    Git,
    /// Whoever calls `merge-file` in the place of `git merge-file`: a failure is 255.
    MergeFile,
}

impl Caller {
    /// Tells the caller by the arguments, before anything in them can be found wrong.
    pub fn of(arguments: &[OsString]) -> Caller {
        match arguments.get(1).and_then(|command| command.to_str()) {
            Some("merge-driver") => Caller::Git,
            Some("merge-file") => Caller::MergeFile,
            _ => Caller::Shell,
        }
    }

    /// The status of a failure: usage, panics and everything else that is no answer.
    pub fn failure(self) -> u8 {
        match self {
            Caller::Shell => 2,
            Caller::Git => 129,
            Caller::MergeFile => 255,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_failure_under_git_can_be_taken_for_a_finished_merge() {
        let caller = Caller::of(&["sysbom".into(), "merge-driver".into(), "--no-such-flag".into()]);
        assert!(caller.failure() > 128);
    }

    #[test]
    fn a_count_of_conflicts_never_reaches_the_statuses_of_errors() {
        assert_eq!(Exit::Conflicts(3).status(), 3);
        assert_eq!(Exit::Conflicts(1000).status(), 127);
    }
}
