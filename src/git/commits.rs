//! Commits: naming them, their parents and dates, and which of them contain which.

use std::collections::BTreeMap;

use gix::objs::FindExt;

use super::{Error, Repo, error, names};
use crate::tree::ObjectId;

/// One commit, without its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub id: ObjectId,
    /// Its parents, the first one first.
    pub parents: Vec<ObjectId>,
    /// When it was committed, in seconds since 1970.
    pub committer_time: i64,
}

/// What a walk needs of a commit.
pub(super) struct Bones {
    pub(super) tree: gix::ObjectId,
    pub(super) parents: Vec<gix::ObjectId>,
    pub(super) time: i64,
}

impl Repo {
    /// The commit that `rev` names, in any spelling that git knows.
    ///
    /// # Errors
    /// It names none, or one that this clone does not have.
    pub fn resolve(&self, rev: &str) -> Result<ObjectId, Error> {
        // Searches of messages and dates (`:/text`, `@{yesterday}`) are answered by git itself.
        if !rev.contains([':', '{'])
            && let Ok(id) = self.inner.rev_parse_single(rev)
            && let Some(commit) = self.peeled(id.detach())
        {
            return Ok(commit);
        }
        let args = ["rev-parse", "--verify", "--quiet", "--end-of-options", rev];
        let said = self.git().end(&args, b"")?.stdout;
        let id = gix::ObjectId::from_hex(said.trim_ascii());
        id.ok().and_then(|id| self.peeled(id)).ok_or_else(|| {
            let help =
                if self.is_shallow() { error::DEEPEN } else { "`git fetch` it first, or check the spelling" };
            Error::new(format!("`{rev}` names no commit of this repository")).help(help)
        })
    }

    fn peeled(&self, id: gix::ObjectId) -> Option<ObjectId> {
        let commit = self.inner.find_object(id).ok()?.peel_to_commit().ok()?;
        Some(names::object_id(&commit.id))
    }

    /// The commit that is checked out; `None` before the first one.
    pub fn head(&self) -> Result<Option<ObjectId>, Error> {
        let attempt = "could not read HEAD";
        let mut head = self.inner.head().map_err(|e| Error::new(attempt).because(e))?;
        let id = head.try_peel_to_id().map_err(|e| Error::new(attempt).because(e))?;
        Ok(id.map(|id| names::object_id(&id)))
    }

    /// The commits that the merge under way brings in: from `MERGE_HEAD`, or, before git writes
    /// that, from the environment of the hook.
    pub fn merge_heads(&self) -> Result<Vec<ObjectId>, Error> {
        let recorded = self.pseudo_ref("MERGE_HEAD")?;
        let named = self.env().merging.iter().filter(|id| self.oid(id).is_ok()).cloned();
        if recorded.is_empty() { Ok(named.collect()) } else { Ok(recorded) }
    }

    /// The commit being picked or reverted, if one is.
    pub fn picked(&self) -> Result<Option<ObjectId>, Error> {
        for name in ["CHERRY_PICK_HEAD", "REVERT_HEAD"] {
            if let Some(id) = self.pseudo_ref(name)?.pop() {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    fn pseudo_ref(&self, name: &str) -> Result<Vec<ObjectId>, Error> {
        let path = self.git_dir().join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => text.lines().map(|line| self.known_id(line.trim())).collect(),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(cause) => Err(Error::new(format!("could not read {}", path.display())).because(cause)),
        }
    }

    fn known_id(&self, text: &str) -> Result<ObjectId, Error> {
        let id = ObjectId::new(text);
        self.oid(&id).map(|_| id)
    }

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
        let attempt = || format!("could not find what {} has of {}", list(heads), base.short());
        let others = heads.iter().map(|id| self.oid(id)).collect::<Result<Vec<_>, _>>()?;
        if others.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.inner.merge_bases_many(self.oid(base)?, &others);
        let found = found.map_err(|cause| self.missing(attempt(), cause))?;
        if found.is_empty() && self.is_shallow() {
            return Err(Error::new(attempt()).help(error::DEEPEN));
        }
        Ok(found.iter().map(|id| names::object_id(id)).collect())
    }

    /// Whether `older` is `newer` or one of its ancestors.
    pub fn is_ancestor(&self, older: &ObjectId, newer: &ObjectId) -> Result<bool, Error> {
        let attempt = || format!("could not tell whether {} contains {}", newer.short(), older.short());
        if older == newer {
            return Ok(true);
        }
        let (old, new) = (self.oid(older)?, self.oid(newer)?);
        let found =
            self.inner.merge_bases_many(old, &[new]).map_err(|cause| self.missing(attempt(), cause))?;
        match found.iter().any(|id| id.detach() == old) {
            true => Ok(true),
            false if found.is_empty() && self.is_shallow() => Err(Error::new(attempt()).help(error::DEEPEN)),
            false => Ok(false),
        }
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
        let walk = self.inner.rev_walk([self.oid(head)?]).with_hidden(hidden);
        let walk = walk.all().map_err(|cause| self.missing(attempt(), cause))?;
        let mut commits = Vec::new();
        for info in walk {
            let info = info.map_err(|cause| self.missing(attempt(), cause))?;
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

    /// One commit's parents and date.
    pub fn commit(&self, id: &ObjectId) -> Result<Commit, Error> {
        let bones = self.bones(self.oid(id)?)?;
        Ok(Commit {
            id: id.clone(),
            parents: bones.parents.iter().map(|id| names::object_id(id)).collect(),
            committer_time: bones.time,
        })
    }

    pub(super) fn bones(&self, id: gix::ObjectId) -> Result<Bones, Error> {
        let attempt = || format!("could not read commit {}", id.to_hex_with_len(10));
        let mut buffer = Vec::new();
        let mut commit =
            self.inner.objects.find_commit_iter(&id, &mut buffer).map_err(|e| self.missing(attempt(), e))?;
        let tree = commit.tree_id().map_err(|e| Error::new(attempt()).because(e))?;
        let parents = commit.parent_ids().collect();
        let committer = commit.committer().map_err(|e| Error::new(attempt()).because(e))?;
        // A date that is no number is git's epoch.
        let time = committer.time().map_or(0, |time| time.seconds);
        Ok(Bones { tree, parents, time })
    }
}

fn list(ids: &[ObjectId]) -> String {
    ids.iter().map(ObjectId::short).collect::<Vec<_>>().join(" and ")
}
