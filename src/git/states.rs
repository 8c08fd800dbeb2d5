//! The states that base had: what the manifest was at each tip ever published.
//!
//! Base moves along first parents, so a walk along them meets every state that was published by
//! a push of one commit or a merge.

use std::collections::HashSet;
use std::collections::hash_map::Entry;

use gix::objs::FindExt;

use super::commits::Bones;
use super::{Error, Repo, error, names};
use crate::tree::{ObjectId, RepoPath};

/// A state: the exact content that the manifest had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The commit at which it became that.
    pub commit: ObjectId,
    /// When that was committed, in seconds since 1970.
    pub committer_time: i64,
    /// The content.
    pub blob: ObjectId,
}

/// An archive to write: one former state under its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchivePlan {
    /// Where.
    pub path: RepoPath,
    /// The state's object.
    pub blob: ObjectId,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// How an archive is named: from the time the state began and its bytes.
pub type ArchiveName<'a> = dyn Fn(i64, &[u8]) -> RepoPath + 'a;

/// The largest state that is archived.
const STATE_LIMIT: usize = 16 * 1024 * 1024;

impl Repo {
    /// The states along the first parents of `tip`, newest first, one for each time the manifest
    /// became another. A state that came back is met more than once; the first time is the newest.
    ///
    /// A state whose beginning is cut off by a shallow clone comes as an error; those before it
    /// are given.
    pub fn states(&self, tip: &ObjectId, manifest: &RepoPath) -> Result<States<'_>, Error> {
        Ok(States { repo: self, walk: self.walk(tip, manifest)? })
    }

    fn walk(&self, tip: &ObjectId, manifest: &RepoPath) -> Result<Walk, Error> {
        Ok(Walk {
            manifest: names::path_bytes(manifest).split(|byte| *byte == b'/').map(<[u8]>::to_vec).collect(),
            next: Some(self.oid(tip)?),
            run: None,
            seen: Vec::new(),
            shallow: self.shallow_commits(),
            buffer: Vec::new(),
        })
    }

    /// Whether the manifest had this content at a first parent of `tip`, or has it at `tip`.
    ///
    /// # Errors
    /// It was not found, and history is cut off before it ends.
    pub fn is_former_state(
        &self,
        tip: &ObjectId,
        manifest: &RepoPath,
        blob: &ObjectId,
    ) -> Result<bool, Error> {
        let blob = self.oid(blob)?;
        let mut known = self.former.borrow_mut();
        let key = (tip.clone(), manifest.clone());
        let former = match known.entry(key.clone()) {
            Entry::Occupied(former) => former.into_mut(),
            Entry::Vacant(place) => {
                place.insert(Former { walk: self.walk(tip, manifest)?, met: HashSet::new(), is_cut: false })
            }
        };
        let answer = former.has(self, blob);
        if answer.is_err() && !former.is_cut {
            // A walk that failed must not pass for one that came to its end.
            known.remove(&key);
        }
        answer
    }

    /// The archive that the state at `tip` needs once it is no longer the present one; `None` if
    /// there is no manifest.
    ///
    /// # Errors
    /// A shallow clone does not show when it became that.
    pub fn archive_of(
        &self,
        tip: &ObjectId,
        manifest: &RepoPath,
        name: &ArchiveName<'_>,
    ) -> Result<Option<ArchivePlan>, Error> {
        let mut states = self.states(tip, manifest)?;
        if states.walk.blob_at_tip(self)?.is_none() {
            return Ok(None);
        }
        states.next().transpose()?.map(|state| self.archive_plan(&state, name)).transpose()
    }

    /// An archive for every state along the first parents of `tip` that is not among `kept`: the
    /// ids of what history and the manifest hold. Newest first.
    ///
    /// # Errors
    /// History is cut off by a shallow clone.
    pub fn missing_archives(
        &self,
        tip: &ObjectId,
        manifest: &RepoPath,
        kept: &HashSet<ObjectId>,
        name: &ArchiveName<'_>,
    ) -> Result<Vec<ArchivePlan>, Error> {
        let mut met = HashSet::new();
        let mut plans = Vec::new();
        for state in self.states(tip, manifest)? {
            let state = state?;
            if met.insert(state.blob.clone()) && !kept.contains(&state.blob) {
                plans.push(self.archive_plan(&state, name)?);
            }
        }
        Ok(plans)
    }

    fn archive_plan(&self, state: &State, name: &ArchiveName<'_>) -> Result<ArchivePlan, Error> {
        let bytes = self.blob(&state.blob, STATE_LIMIT)?;
        if bytes.len() > STATE_LIMIT {
            return Err(Error::new(format!("the state of {} is too large to archive", state.commit.short())));
        }
        Ok(ArchivePlan { path: name(state.committer_time, &bytes), blob: state.blob.clone(), bytes })
    }
}

fn cut_off() -> Error {
    Error::new("could not follow the manifest to where it became what it is").help(error::DEEPEN)
}

/// The states of base, newest first: see [`Repo::states`].
pub struct States<'repo> {
    repo: &'repo Repo,
    walk: Walk,
}

/// What has been met so far of the former states of one manifest. Many files ask for it in turn,
/// and each walks on from where the last one stopped.
pub(super) struct Former {
    walk: Walk,
    met: HashSet<gix::ObjectId>,
    is_cut: bool,
}

impl Former {
    fn has(&mut self, repo: &Repo, blob: gix::ObjectId) -> Result<bool, Error> {
        while !self.met.contains(&blob) {
            if self.is_cut {
                return Err(cut_off());
            }
            let Some(run) = self.walk.next_run(repo).transpose()? else { return Ok(false) };
            self.is_cut = run.is_cut;
            self.met.insert(run.blob);
        }
        Ok(true)
    }
}

/// A walk along first parents.
struct Walk {
    /// The parts of the manifest's path.
    manifest: Vec<Vec<u8>>,
    next: Option<gix::ObjectId>,
    /// The state being followed back to where it began.
    run: Option<Run>,
    /// The trees on the way to the manifest in the commit met last, and what it had there. Most
    /// commits share them with their parents.
    seen: Vec<(gix::ObjectId, Option<gix::ObjectId>)>,
    shallow: HashSet<gix::ObjectId>,
    buffer: Vec<u8>,
}

/// Neighbouring commits with one content of the manifest.
#[derive(Clone)]
struct Run {
    blob: gix::ObjectId,
    /// The oldest of them that was met.
    commit: gix::ObjectId,
    time: i64,
    /// Whether history is cut off at that commit.
    is_cut: bool,
}

impl Walk {
    fn blob_at_tip(&mut self, repo: &Repo) -> Result<Option<gix::ObjectId>, Error> {
        let tip = self.next.expect("a walk that has not begun");
        let tree = repo.bones(tip)?.tree;
        self.blob_in(repo, tree)
    }

    /// The next content, followed to the commit at which it began.
    fn next_run(&mut self, repo: &Repo) -> Option<Result<Run, Error>> {
        while let Some(id) = self.next.take() {
            match self.step(repo, id) {
                Ok(None) => {}
                Ok(Some(run)) => return Some(Ok(run)),
                Err(cause) => {
                    self.run = None;
                    return Some(Err(cause));
                }
            }
        }
        self.run.take().map(Ok)
    }

    /// Goes over one commit. Gives the run that ended before it.
    fn step(&mut self, repo: &Repo, id: gix::ObjectId) -> Result<Option<Run>, Error> {
        let Bones { tree, parents, time } = repo.bones(id)?;
        let is_cut = !parents.is_empty() && self.shallow.contains(&id);
        self.next = if is_cut { None } else { parents.first().copied() };
        let found = self.blob_in(repo, tree)?;
        if is_cut && found.is_none() {
            // What lies behind the cut is unknown; a run that shows it is the only way to say so.
            let ended =
                self.run.replace(Run { blob: repo.inner.object_hash().null(), commit: id, time, is_cut });
            return Ok(ended);
        }
        let run = found.map(|blob| Run { blob, commit: id, time, is_cut });
        match (&mut self.run, run) {
            (Some(before), Some(now)) if before.blob == now.blob => {
                *before = now;
                Ok(None)
            }
            (before, now) => Ok(std::mem::replace(before, now)),
        }
    }

    /// The manifest's object in a tree, if it is a regular file there.
    fn blob_in(&mut self, repo: &Repo, root: gix::ObjectId) -> Result<Option<gix::ObjectId>, Error> {
        let mut at = root;
        for depth in 0..self.manifest.len() {
            if let Some((tree, found)) = self.seen.get(depth)
                && *tree == at
            {
                let found = *found;
                self.remember_above(depth, found);
                return Ok(found);
            }
            self.seen.truncate(depth);
            self.seen.push((at, None));
            let last = depth + 1 == self.manifest.len();
            match self.child(repo, at, depth, last)? {
                Some(id) => at = id,
                None => return Ok(None),
            }
        }
        self.remember_above(self.manifest.len(), Some(at));
        Ok(Some(at))
    }

    /// What was found deeper down is what the trees above lead to as well.
    fn remember_above(&mut self, depth: usize, found: Option<gix::ObjectId>) {
        for (_, known) in &mut self.seen[..depth] {
            *known = found;
        }
    }

    fn child(
        &mut self,
        repo: &Repo,
        tree: gix::ObjectId,
        depth: usize,
        last: bool,
    ) -> Result<Option<gix::ObjectId>, Error> {
        let attempt = || format!("could not read tree {}", tree.to_hex_with_len(10));
        let objects = repo.objects();
        let rows = objects
            .find_tree_iter(&tree, &mut self.buffer)
            .map_err(|cause| repo.missing(attempt(), cause))?;
        for row in rows {
            let row = row.map_err(|cause| Error::new(attempt()).because(cause))?;
            if *row.filename == *self.manifest[depth] {
                let fits = if last { row.mode.is_blob() } else { row.mode.is_tree() };
                return Ok(fits.then(|| row.oid.to_owned()));
            }
        }
        Ok(None)
    }
}

impl Iterator for States<'_> {
    type Item = Result<State, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let run = self.walk.next_run(self.repo)?;
        Some(run.and_then(|run| {
            if run.is_cut {
                return Err(cut_off());
            }
            Ok(State {
                commit: names::object_id(&run.commit),
                committer_time: run.time,
                blob: names::object_id(&run.blob),
            })
        }))
    }
}

impl std::fmt::Debug for States<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("States").field("next", &self.walk.next).finish_non_exhaustive()
    }
}
