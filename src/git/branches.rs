//! Branches: which there are, where they stand, and moving one from a tip that is known.
//!
//! Knows refs and nothing of what is on them.

use std::path::{Path, PathBuf};

use super::{Error, Repo, names};
use crate::tree::ObjectId;

/// A ref and the commit that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The full name: `refs/heads/topic`, `refs/remotes/origin/topic`.
    pub name: String,
    /// Its tip.
    pub tip: ObjectId,
}

/// What came of moving a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moved {
    /// It stands where it should.
    Done,
    /// It stood elsewhere than expected: here, or nowhere. Nothing was changed.
    Lost(Option<ObjectId>),
}

impl Repo {
    /// The branches below a folder of refs, `refs/heads/` or `refs/remotes/origin/`, by name. A ref
    /// that only points to another (`origin/HEAD`) is left out.
    pub fn branches(&self, below: &str) -> Result<Vec<Branch>, Error> {
        let format = "--format=%(objecttype) %(objectname) %(refname) %(symref)";
        let listed = self.git().output(&["for-each-ref", format, below])?;
        let listed = String::from_utf8_lossy(&listed).into_owned();
        let branch = |line: &str| match line.split(' ').collect::<Vec<_>>()[..] {
            ["commit", id, name, ""] => Some(Branch { name: name.to_owned(), tip: ObjectId::new(id) }),
            _ => None,
        };
        Ok(listed.lines().filter_map(branch).collect())
    }

    /// The commit that a ref with this full name has; `None` if there is no such ref.
    pub fn tip(&self, name: &str) -> Result<Option<ObjectId>, Error> {
        let attempt = || format!("could not read `{name}`");
        let found = self.inner.try_find_reference(name).map_err(|e| Error::new(attempt()).because(e))?;
        let Some(mut found) = found else { return Ok(None) };
        let commit = found.peel_to_commit().map_err(|e| Error::new(attempt()).because(e))?;
        Ok(Some(names::object_id(&commit.id)))
    }

    /// The short name of the branch that HEAD names, with commits or without; `None` if HEAD is
    /// detached.
    pub fn current_branch(&self) -> Result<Option<String>, Error> {
        let name =
            self.inner.head_name().map_err(|cause| Error::new("could not read HEAD").because(cause))?;
        let short = name.as_ref().and_then(|name| name.as_bstr().strip_prefix(b"refs/heads/"));
        Ok(short.map(|short| String::from_utf8_lossy(short).into_owned()))
    }

    /// Whether git takes this for the name of a branch.
    pub fn is_branch_name(&self, short: &str) -> Result<bool, Error> {
        Ok(self.git().end(&["check-ref-format", "--branch", short], b"")?.status.success())
    }

    /// Moves a branch, given by its full name, if it still stands at `old` (`None`: if there is none
    /// yet). `why` goes into the log of the ref.
    ///
    /// # Errors
    /// The branch is checked out: its files would be those of another commit. Or git refuses.
    pub fn move_branch(
        &self,
        name: &str,
        old: Option<&ObjectId>,
        new: &ObjectId,
        why: &str,
    ) -> Result<Moved, Error> {
        self.may_move(name)?;
        let zeros = "0".repeat(new.as_str().len());
        let old_id = old.map_or(zeros.as_str(), ObjectId::as_str);
        self.compare_and_swap(name, old, Some(new), &["update-ref", "-m", why, name, new.as_str(), old_id])
    }

    /// Deletes a branch, given by its full name, if it still stands at `old`.
    ///
    /// # Errors
    /// The branch is checked out, or git refuses.
    pub fn delete_branch(&self, name: &str, old: &ObjectId) -> Result<Moved, Error> {
        self.may_move(name)?;
        self.compare_and_swap(name, Some(old), None, &["update-ref", "-d", name, old.as_str()])
    }

    /// Whether it worked is read from the ref, not from what git says.
    fn compare_and_swap(
        &self,
        name: &str,
        old: Option<&ObjectId>,
        new: Option<&ObjectId>,
        args: &[&str],
    ) -> Result<Moved, Error> {
        let ended = self.git().end(args, b"")?;
        if ended.status.success() {
            return Ok(Moved::Done);
        }
        let now = self.tip(name)?;
        if now.as_ref() == new {
            Ok(Moved::Done)
        } else if now.as_ref() == old {
            Err(super::program::refused(args, &ended))
        } else {
            Ok(Moved::Lost(now))
        }
    }

    /// Moves the branch that is checked out, here or in another working tree, forward to a commit
    /// that contains its tip, with its files. Changes of the user's that stand in the way stop it.
    pub fn forward_checked_out(&self, name: &str, new: &ObjectId) -> Result<(), Error> {
        let Some(place) = self.checked_out(name)? else {
            return Err(Error::new(format!("`{name}` is not checked out")));
        };
        let args = ["merge", "--ff-only", "--quiet", new.as_str()];
        let ended = git_in(&place, &args)?;
        if ended.status.success() {
            return Ok(());
        }
        let refusal = super::program::refused(&args, &ended).chain();
        let failed = Error::new(format!("could not bring {} forward", place.display()));
        if !refusal.contains("cannot lock ref") {
            let help = "commit or stash what you have changed there, then try again";
            return Err(failed.because(refusal).help(help));
        }
        // By the time that git finds the ref locked it has moved the files. They go back.
        let _ = git_in(&place, &["read-tree", "-m", "-u", new.as_str(), "HEAD"])?;
        Err(failed.because(refusal))
    }

    /// Whether [`Repo::move_branch`] may move this branch, given by its full name.
    ///
    /// # Errors
    /// It is checked out.
    pub fn may_move(&self, name: &str) -> Result<(), Error> {
        self.checked_out(name)?.map_or(Ok(()), |place| Err(checked_out_error(name, &place)))
    }

    /// Whether [`Repo::forward_checked_out`] would find changes of the user's in the way.
    ///
    /// # Errors
    /// It would.
    pub fn may_forward_checked_out(&self, name: &str, new: &ObjectId) -> Result<(), Error> {
        let Some(place) = self.checked_out(name)? else { return Ok(()) };
        // git takes a file for changed whose time is another, until it has looked into it.
        git_in(&place, &["update-index", "-q", "--refresh"])?;
        let args = ["read-tree", "-n", "-m", "-u", "HEAD", new.as_str()];
        let mut command = super::program::clean_command();
        command.args(args).current_dir(&place);
        command.envs(self.env().object_directory.iter().map(|store| ("GIT_OBJECT_DIRECTORY", store)));
        let ended = super::program::finish(command, &args, b"")?;
        if ended.status.success() {
            return Ok(());
        }
        Err(Error::new(format!("could not bring {} forward", place.display()))
            .because(super::program::refused(&args, &ended).chain())
            .help("commit or stash what you have changed there, then try again"))
    }

    /// The working tree in which a branch is checked out.
    pub fn checked_out(&self, name: &str) -> Result<Option<PathBuf>, Error> {
        let listed = self.git().output(&["worktree", "list", "--porcelain", "-z"])?;
        let mut place = None;
        for line in listed.split(|byte| *byte == 0) {
            if let Some(path) = line.strip_prefix(b"worktree ") {
                place = Some(path);
            } else if line.strip_prefix(b"branch ") == Some(name.as_bytes()) {
                return Ok(place.map(|path| names::os_string(path).into()));
            }
        }
        Ok(None)
    }
}

fn checked_out_error(name: &str, place: &std::path::Path) -> Error {
    let short = name.strip_prefix("refs/heads/").unwrap_or(name);
    Error::new(format!("could not move `{short}`"))
        .because(format!("it is checked out at {}", place.display()))
        .help("leave it there first: `git switch --detach`, or `git switch` to another branch")
}

/// Ends a git in a working tree that may be another than ours.
fn git_in(place: &Path, args: &[&str]) -> Result<std::process::Output, Error> {
    let mut command = super::program::clean_command();
    command.args(args).current_dir(place);
    super::program::finish(command, args, b"")
}
