//! Where a merge runs: the repository, if there is one, and what it says about merging.

use std::path::Path;
use std::process::Command;

use crate::bom::Layout;
use crate::git::Repo;
use crate::merge::ConflictStyle;
use crate::tree::RepoPath;

use super::env::Env;
use super::failure::Failure;
use super::policies::policies_of;

/// The repository around a merge; `merge-file` also works without one.
#[derive(Debug)]
pub struct Place<'a> {
    env: &'a Env,
    repo: Option<Repo>,
}

/// git's own size of a marker, without the attribute `conflict-marker-size`.
pub const DEFAULT_MARKER_SIZE: usize = 7;

impl<'a> Place<'a> {
    /// The repository that git runs a driver in.
    pub fn of_driver(env: &'a Env) -> Result<Place<'a>, Failure> {
        Ok(Place { env, repo: Some(env.repository()?) })
    }

    /// The repository around the working directory, or none: then the defaults hold. One that
    /// cannot be opened is no "none", because its policy may say what a pin is.
    pub fn if_any(env: &'a Env) -> Result<Place<'a>, Failure> {
        let named = env.git().git_dir.is_some();
        let around = || env.cwd.ancestors().any(|folder| folder.join(".git").exists());
        match env.repository() {
            Ok(repo) => Ok(Place { env, repo: Some(repo) }),
            Err(failure) if named || around() => Err(failure),
            Err(_) => Ok(Place { env, repo: None }),
        }
    }

    /// Where the components of a file on disk stand, by the policy at HEAD.
    pub fn layout_of_file(&self, path: &Path) -> Result<Layout, Failure> {
        let top = self.repo.as_ref().and_then(|repo| repo.work_dir()?.canonicalize().ok());
        let path = self.env.cwd.join(path).canonicalize().ok();
        let inside = path.zip(top).and_then(|(path, top)| path.strip_prefix(top).ok().map(Path::to_owned));
        self.layout(&RepoPath::new(inside.unwrap_or_default().to_string_lossy()))
    }

    /// Where the components of the manifest at this path stand, by the policy at HEAD.
    pub fn layout(&self, path: &RepoPath) -> Result<Layout, Failure> {
        let Some(repo) = &self.repo else { return Ok(Layout::default()) };
        let Some(head) = repo.head()? else { return Ok(Layout::default()) };
        let policies = policies_of(&repo.commit_tree(&head)?, "HEAD")?;
        let own = policies.system_at(path).map(|system| system.policy.layout);
        Ok(own.unwrap_or_else(|| policies.common().layout.clone()))
    }

    /// What git is told to show at a conflict. A style that a newer git knows is shown as git's
    /// own default.
    pub fn conflict_style(&self) -> ConflictStyle {
        let style = self.repo.as_ref().and_then(|repo| repo.config("merge.conflictStyle"));
        match style.as_deref() {
            Some("diff3") => ConflictStyle::Diff3,
            Some("zdiff3") => ConflictStyle::Zdiff3,
            Some(_) | None => ConflictStyle::Merge,
        }
    }

    /// How many characters git's markers have at this path when no merge stands around this one:
    /// what the attribute `conflict-marker-size` says.
    pub fn marker_size(&self, path: &Path) -> Result<usize, Failure> {
        let attempt = "could not ask git for the attribute conflict-marker-size";
        let output = Command::new("git")
            .args(["check-attr", "-z", "conflict-marker-size", "--"])
            .arg(path)
            .current_dir(&self.env.cwd)
            .output()
            .map_err(|error| Failure::new(attempt).because(error))?;
        if !output.status.success() {
            return Err(Failure::new(attempt).because(String::from_utf8_lossy(&output.stderr).trim()));
        }
        let value = output.stdout.split(|byte| *byte == 0).nth(2).unwrap_or_default();
        let size = std::str::from_utf8(value).ok().and_then(|size| size.parse().ok());
        Ok(size.filter(|size| *size > 0).unwrap_or(DEFAULT_MARKER_SIZE))
    }
}
