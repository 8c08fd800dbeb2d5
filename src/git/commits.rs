//! Commits: naming them, their parents and dates.

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
        let (kind, end) = self.behind_tags(id).ok()?;
        (kind == gix::objs::Kind::Commit).then(|| names::object_id(&end))
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
        let objects = self.objects();
        let mut commit =
            objects.find_commit_iter(&id, &mut buffer).map_err(|e| self.missing(attempt(), e))?;
        let tree = commit.tree_id().map_err(|e| Error::new(attempt()).because(e))?;
        let parents = commit.parent_ids().collect();
        let committer = commit.committer().map_err(|e| Error::new(attempt()).because(e))?;
        // A date that is no number is git's epoch.
        let time = committer.time().map_or(0, |time| time.seconds);
        Ok(Bones { tree, parents, time })
    }
}
