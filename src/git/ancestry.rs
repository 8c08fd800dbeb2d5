//! Which commits contain which.

use std::collections::{BTreeMap, HashSet};

use gix::objs::FindExt;
use gix::traverse::commit::Simple;

use super::{Commit, Error, Repo, error, names};
use crate::tree::ObjectId;

impl Repo {
    /// The newest commit of `base` that a merge of `heads` contains, as `git merge-base BASE HEADS`
    /// finds it; `None` if they share none.
    ///
    /// # Errors
    /// The history that would tell is cut off, or an object is missing.
    pub fn merge_base(&self, base: &ObjectId, heads: &[ObjectId]) -> Result<Option<ObjectId>, Error> {
        Ok(self.merge_bases(base, heads)?.into_iter().next())
    }

    /// All commits that could be the answer of [`Repo::merge_base`]: several where the histories
    /// were merged crosswise before.
    ///
    /// # Errors
    /// The history that would tell is cut off, or an object is missing.
    pub fn merge_bases(&self, base: &ObjectId, heads: &[ObjectId]) -> Result<Vec<ObjectId>, Error> {
        let mut found = self.merge_bases_of_each(&[(base, heads.iter().collect())])?;
        Ok(found.pop().expect("one question has one answer"))
    }

    /// The answers of [`Repo::merge_bases`] to many questions, in their order. Each commit is read
    /// once for all of them.
    ///
    /// # Errors
    /// The history that would tell is cut off, or an object is missing.
    pub fn merge_bases_of_each(
        &self,
        questions: &[(&ObjectId, Vec<&ObjectId>)],
    ) -> Result<Vec<Vec<ObjectId>>, Error> {
        let cause = |cause| Error::new("could not read the history").because(cause);
        let cache = self.inner.commit_graph_if_enabled().map_err(cause)?;
        let mut graph = gix::revwalk::Graph::new(self.objects(), cache.as_ref());
        let answer = |(base, heads): &(&ObjectId, Vec<&ObjectId>)| {
            let attempt = || format!("could not find what {} has of {}", list(heads), base.short());
            let others = heads.iter().map(|id| self.oid(id)).collect::<Result<Vec<_>, _>>()?;
            if others.is_empty() {
                return Ok(Vec::new());
            }
            let found = self.inner.merge_bases_many_with_graph(self.oid(base)?, &others, &mut graph);
            let found = found.map_err(|cause| self.missing(attempt(), cause))?;
            if found.is_empty() && self.is_shallow() {
                return Err(Error::new(attempt()).help(error::DEEPEN));
            }
            Ok(found.iter().map(|id| names::object_id(id)).collect())
        };
        questions.iter().map(answer).collect()
    }

    /// Whether `older` is `newer` or one of its ancestors.
    pub fn is_ancestor(&self, older: &ObjectId, newer: &ObjectId) -> Result<bool, Error> {
        if older == newer {
            return Ok(true);
        }
        Ok(self.merge_bases(older, std::slice::from_ref(newer))?.contains(older))
    }

    /// The commits that `head` has and none of `bases`, newest first.
    ///
    /// # Errors
    /// There are more than `limit`, or an object is missing.
    pub fn commits_between(
        &self,
        bases: &[ObjectId],
        head: &ObjectId,
        limit: usize,
    ) -> Result<Vec<Commit>, Error> {
        let attempt = || format!("could not list the commits of {}", head.short());
        let hidden = bases.iter().map(|id| self.oid(id)).collect::<Result<Vec<_>, _>>()?;
        let missing = |cause| self.missing(attempt(), cause);
        let cache = self.inner.commit_graph_if_enabled().map_err(missing)?;
        let mut cut_off = HashSet::new();
        let shallow = self.shallow_commits();
        let is_there = |id: &gix::oid| {
            if cut_off.remove(id) {
                return false;
            }
            if shallow.contains(id)
                && let Ok(commit) = self.objects().find_commit_iter(id, &mut Vec::new())
            {
                cut_off.extend(commit.parent_ids());
            }
            true
        };
        let walk = Simple::filtered([self.oid(head)?], self.objects(), is_there);
        let walk = walk.commit_graph(cache).hide(hidden).map_err(missing)?;
        let mut commits = Vec::new();
        for info in walk {
            let info = info.map_err(missing)?;
            if commits.len() == limit {
                return Err(Error::new(format!("{}: there are more than {limit}", attempt())));
            }
            commits.push(self.commit(&names::object_id(&info.id))?);
        }
        commits.sort_by_key(|commit| std::cmp::Reverse(commit.committer_time));
        Ok(commits)
    }

    /// The commits that contain `older`, itself not among them, up to `newer`.
    ///
    /// # Errors
    /// `newer` has more than `limit` that `older` has not, or an object is missing.
    pub fn commits_containing(
        &self,
        older: &ObjectId,
        newer: &ObjectId,
        limit: usize,
    ) -> Result<Vec<ObjectId>, Error> {
        let commits = self.commits_between(std::slice::from_ref(older), newer, limit)?;
        let mut children: BTreeMap<&ObjectId, Vec<&ObjectId>> = BTreeMap::new();
        for commit in &commits {
            for parent in &commit.parents {
                children.entry(parent).or_default().push(&commit.id);
            }
        }
        let mut containing = Vec::new();
        let mut pending = vec![older];
        while let Some(id) = pending.pop() {
            for child in children.remove(id).unwrap_or_default() {
                containing.push(child.clone());
                pending.push(child);
            }
        }
        containing.sort_unstable();
        containing.dedup();
        Ok(containing)
    }
}

fn list(ids: &[&ObjectId]) -> String {
    ids.iter().map(|id| id.short()).collect::<Vec<_>>().join(" and ")
}
