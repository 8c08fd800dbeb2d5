//! What waits on a branch: which commit of `sysbom` it is, and whether that can be made again
//! without taking anything of a person away. Makes nothing, and moves nothing.

use std::collections::BTreeSet;

use crate::bom::ArchiveName;
use crate::git::{Base, Content, Repo};
use crate::policy::System;
use crate::release::{Moment, Plan, Planned, Recorded, Request, made_as, plan_release, recorded};
use crate::tree::{Kind, ObjectId, RepoPath, Tree};
use crate::yaml::MAX_BYTES;

use super::failure::Failure;
use super::joining::{Ancestor, Joining};
use super::standing::{Standing, systems};

/// One commit on something that base has.
#[derive(Debug)]
pub struct Made {
    /// The commit.
    pub commit: ObjectId,
    /// What it stands on.
    pub parent: ObjectId,
    /// Its whole message.
    pub message: String,
    /// The releases that it records.
    pub waiting: Vec<Recorded>,
    /// Whether it holds what `sysbom` made and nothing besides, so that it can be made again. What
    /// somebody added to it, or put below it, makes it work of theirs.
    pub is_own: bool,
}

/// Base, and who looks at branches from there.
#[derive(Clone, Copy, Debug)]
pub struct Waiting<'a> {
    /// The repository.
    pub repo: &'a Repo,
    /// Base at its tip.
    pub base: &'a Base,
    /// The present time, in seconds since 1970.
    pub now: i64,
}

impl Waiting<'_> {
    /// The one commit that a branch has and base has not; `None` if there is more, or something
    /// else. Clean merges of base, as a forge's button makes them, hold nothing of anybody and do
    /// not count where the commit below them is our own.
    pub fn on(&self, tip: &ObjectId) -> Result<Option<Made>, Failure> {
        let commit = self.below_merges(tip)?;
        if self.repo.is_ancestor(&commit, &self.base.commit)? {
            return Ok(None);
        }
        let [parent] = &self.repo.commit(&commit)?.parents[..] else { return Ok(None) };
        let message = self.repo.message(&commit)?;
        let waiting = recorded(&message);
        let is_whole = made_as(&message, &self.repo.tree_id(&commit)?).is_some();
        let mut made = Made { parent: parent.clone(), waiting, message, is_own: is_whole, commit };
        if !is_whole {
            if !self.repo.is_ancestor(&made.parent, &self.base.commit)? {
                return Ok(None);
            }
            made.is_own = self.is_as_recorded(&made)?;
        }
        Ok(Some(made).filter(|made| made.is_own || made.commit == *tip))
    }

    fn below_merges(&self, tip: &ObjectId) -> Result<ObjectId, Failure> {
        let mut commit = tip.clone();
        while let [own, merged] = &self.repo.commit(&commit)?.parents[..] {
            let is_base = self.repo.is_ancestor(merged, &self.base.commit)?;
            if !is_base || !self.is_clean_merge(&commit, own, merged)? {
                break;
            }
            commit = own.clone();
        }
        Ok(commit)
    }

    fn is_clean_merge(&self, commit: &ObjectId, own: &ObjectId, merged: &ObjectId) -> Result<bool, Failure> {
        let base = Base { commit: merged.clone(), ..self.base.clone() };
        let joined = Joining::new(self.repo, &base)?.join(&Ancestor::Common, own, "the branch")?;
        let tree = self.repo.tree_id(commit)?;
        Ok(joined.conflicts.is_empty() && [joined.merged, joined.tree].contains(&tree))
    }

    /// Whether the commit holds what its records say and nothing besides, whichever states it
    /// archives: a forge that rebases it leaves out that of its new base.
    fn is_as_recorded(&self, made: &Made) -> Result<bool, Failure> {
        let parent = Base { commit: made.parent.clone(), ..self.base.clone() };
        if made.waiting.is_empty() {
            return Ok(false);
        }
        let Some(system) = self.system_of(&parent, &made.waiting)? else { return Ok(false) };
        let Some((Planned { plan: Some(mut plan), .. }, _)) = self.replayed(&parent, &made.waiting)? else {
            return Ok(false);
        };
        plan.writes.retain(|write| !plan.archived.contains(&write.path));
        let mut writes = contents(&plan);
        writes.extend(self.archives(&made.parent, &made.commit, &system)?);
        let expected = self.repo.edit_tree(Some(&made.parent), &writes)?;
        Ok(expected == self.repo.tree_id(&made.commit)?)
    }

    /// The archives that a commit adds, as far as they are what their names say.
    fn archives(
        &self,
        parent: &ObjectId,
        commit: &ObjectId,
        system: &System,
    ) -> Result<Vec<(RepoPath, Content)>, Failure> {
        let before = self.repo.commit_tree(parent)?;
        let mut found = Vec::new();
        for entry in self.repo.commit_tree(commit)?.files_below(&system.history)? {
            let Some(name) = ArchiveName::parse(entry.path.name()) else { continue };
            if entry.kind != Kind::File || before.entry(&entry.path)?.is_some() {
                continue;
            }
            if name.fits(&self.repo.blob(&entry.id, MAX_BYTES)?) {
                found.push((entry.path, Content::Entry(entry.kind, entry.id)));
            }
        }
        Ok(found)
    }

    /// What comes of recorded releases on this base, and the base's date; `None` if it does not have
    /// the system that they are for.
    pub fn replayed(&self, base: &Base, waiting: &[Recorded]) -> Result<Option<(Planned, i64)>, Failure> {
        let Some(system) = self.system_of(base, waiting)? else { return Ok(None) };
        let standing = Standing::read(self.repo, base, system)?;
        let (allowed, now) = (BTreeSet::new(), Moment(self.now));
        let request = Request { arrivals: &[], allowed: &allowed, waiting, now };
        Ok(Some((standing.with(|state| plan_release(state, &request)), standing.committed)))
    }

    /// The files of a commit with what a plan writes.
    pub fn planned_tree(&self, base: &ObjectId, plan: &Plan) -> Result<ObjectId, Failure> {
        Ok(self.repo.edit_tree(Some(base), &contents(plan))?)
    }

    fn system_of(&self, base: &Base, waiting: &[Recorded]) -> Result<Option<System>, Failure> {
        let mut wanted = waiting.iter().map(|recorded| &recorded.arrival.system);
        let first = wanted.next().cloned().flatten();
        if wanted.any(|other| *other != first) {
            return Ok(None);
        }
        let mut systems = systems(self.repo, base)?;
        if first.is_none() && systems.len() == 1 {
            return Ok(systems.pop());
        }
        Ok(systems.into_iter().find(|system| system.name == first))
    }
}

fn contents(plan: &Plan) -> Vec<(RepoPath, Content)> {
    plan.writes.iter().map(|write| (write.path.clone(), Content::Bytes(write.content.clone()))).collect()
}
