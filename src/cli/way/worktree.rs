//! The way into the working tree and the index, for people who commit themselves.

use crate::git::{Base, Existing, IndexTree, Repo, WorkTree};
use crate::release::{Deed, Outcome, Planned, Write};
use crate::text::escape;
use crate::tree::{Kind, ObjectId, RepoPath, Tree, TreeEntry};

use super::super::console::Console;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::standing::{Standing, systems};
use super::{Here, Journey};

impl Journey<'_> {
    /// The files of the plan in the working tree and the index. What is pending there already stays.
    pub(super) fn in_worktree(
        &self,
        repo: &Repo,
        console: &mut Console,
        plan: &dyn Fn(&Here<'_>) -> Result<Planned, Failure>,
    ) -> Result<Exit, Failure> {
        let mut base = match &self.way.base {
            Some(rev) => Base { commit: repo.resolve(rev)?, name: rev.clone(), how: "--base" },
            None => repo.base()?.ok_or_else(|| Failure::new("there is no commit to stand on"))?,
        };
        let heads: Vec<ObjectId> = repo.head()?.into_iter().collect();
        if let Some(contained) = repo.merge_base(&base.commit, &heads)? {
            base.commit = contained;
        }
        let system = match self.chosen(systems(repo, &base)?)? {
            Ok(system) => system,
            Err(refusal) => return self.refuse(&refusal, console),
        };
        let files = repo.worktree()?;
        let index = repo.index_tree()?;
        let mut standing = Standing::read(repo, &base, system)?;
        let pending = |path: &RepoPath| -> Result<Option<Vec<u8>>, Failure> {
            let entry =
                index.entry(path)?.filter(|entry| matches!(entry.kind, Kind::File | Kind::Executable));
            Ok(entry.map(|entry| index.read(&entry, crate::yaml::MAX_BYTES)).transpose()?)
        };
        let archive = standing.take_archive();
        let archive = match archive {
            Some((path, _)) if pending(&path)?.is_some() => None,
            other => other,
        };
        standing.put(pending(&standing.system.manifest)?, pending(&standing.system.holds)?);
        let now = self.env.now()?;
        let mut planned = plan(&Here { repo, base: &base, standing: &standing, waiting: &[], now })?;
        if let (Some(plan), Some((path, content))) = (&mut planned.plan, archive)
            && plan.writes.iter().any(|write| write.path == standing.system.manifest)
        {
            plan.archived.push(path.clone());
            plan.writes.insert(0, Write { path, content });
        }
        let deed = if self.way.dry_run { Deed::DryRun } else { Deed::Staged };
        let outcome = Outcome { base: Some(base.commit.to_string()), deed, ..Outcome::of(planned) };
        for write in outcome.plan.iter().flat_map(|plan| &plan.writes) {
            refuse_unstaged(&files, &index, write)?;
        }
        if let (Some(plan), false) = (&outcome.plan, self.way.dry_run) {
            let files: Vec<(RepoPath, Vec<u8>)> =
                plan.writes.iter().map(|write| (write.path.clone(), write.content.clone())).collect();
            repo.stage(&files, &Existing::Replace)?;
        }
        self.say(console, &outcome)
    }
}

/// What somebody has edited and not staged would be lost, or staged as if it were part of this. What an
/// earlier run has written, and was stopped before it could stage it, is what this one writes.
fn refuse_unstaged(files: &WorkTree<'_>, index: &IndexTree<'_>, write: &Write) -> Result<(), Failure> {
    let on_disk = files.entry(&write.path)?;
    let id = |entry: &Option<TreeEntry>| entry.as_ref().map(|entry| entry.id.clone());
    let is_staged = id(&on_disk) == id(&index.entry(&write.path)?);
    let is_ours = || -> Result<bool, Failure> {
        let Some(entry) = &on_disk else { return Ok(false) };
        Ok(files.read(entry, crate::yaml::MAX_BYTES)? == write.content)
    };
    if is_staged || is_ours()? {
        return Ok(());
    }
    let path = &write.path;
    let path = escape(path.as_str());
    Err(Failure::new(format!("{path} has changes that are not staged")).help(format!(
        "to keep them out of this, `git stash` first and `git stash pop` afterwards; to take them along, `git add {path}` first"
    )))
}
