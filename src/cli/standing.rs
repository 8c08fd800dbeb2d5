//! What base says of one system, as the planners of releases want it.

use std::collections::HashSet;

use crate::bom::{ArchiveName, Component, Manifest, Pin};
use crate::git::{Base, Repo};
use crate::policy::System;
use crate::release::{Moment, Published, State, published_in};
use crate::tree::{Kind, ObjectId, RepoPath, Tree};
use crate::yaml::{Document, MAX_BYTES};

use super::failure::Failure;
use super::policies::{archive_path, policies_of};

/// One system as it stands on base.
#[derive(Debug)]
pub struct Standing<'a> {
    repo: &'a Repo,
    base: &'a Base,
    /// The system, with base's policy.
    pub system: System,
    manifest: Option<Vec<u8>>,
    holds: Option<Vec<u8>>,
    archive: Option<RepoPath>,
    /// The committer date of base's tip.
    pub committed: i64,
}

/// The systems of base.
pub fn systems(repo: &Repo, base: &Base) -> Result<Vec<System>, Failure> {
    let tree = repo.commit_tree(&base.commit)?;
    Ok(policies_of(&tree, &base.name)?.systems(&tree)?)
}

impl<'a> Standing<'a> {
    /// Reads it.
    pub fn read(repo: &'a Repo, base: &'a Base, system: System) -> Result<Standing<'a>, Failure> {
        let tree = repo.commit_tree(&base.commit)?;
        let name = |time: i64, bytes: &[u8]| archive_path(&system, time, bytes);
        let plan = repo.archive_of(&base.commit, &system.manifest, &name)?;
        let kept: HashSet<ObjectId> = tree
            .files_below(&system.history)?
            .into_iter()
            .filter(|entry| matches!(entry.kind, Kind::File | Kind::Executable))
            .map(|entry| entry.id)
            .collect();
        Ok(Standing {
            manifest: file(&tree, &system.manifest, &base.name)?,
            holds: file(&tree, &system.holds, &base.name)?,
            archive: plan.filter(|plan| !kept.contains(&plan.blob)).map(|plan| plan.path),
            committed: repo.commit(&base.commit)?.committer_time,
            repo,
            base,
            system,
        })
    }

    /// The manifest's bytes, if there is one.
    pub fn manifest(&self) -> Option<&[u8]> {
        self.manifest.as_deref()
    }

    /// Where base's state is to be archived, if it is not yet.
    pub fn state_path(&self) -> Option<&RepoPath> {
        self.archive.as_ref()
    }

    /// Where base's state is to be archived, and its bytes; whoever takes it must write it.
    pub fn take_archive(&mut self) -> Option<(RepoPath, Vec<u8>)> {
        self.archive.take().zip(self.manifest.clone())
    }

    /// The same system with these files in the place of base's: what is pending in a working tree.
    pub fn put(&mut self, manifest: Option<Vec<u8>>, holds: Option<Vec<u8>>) {
        (self.manifest, self.holds) = (manifest, holds);
    }

    /// What is held, as the file says it; empty without one.
    pub fn holds(&self) -> Vec<u8> {
        self.holds.clone().unwrap_or_default()
    }

    /// The holds of the system in other files.
    pub fn holds_in(&self, tree: &dyn Tree) -> Result<Option<Vec<u8>>, Failure> {
        file(tree, &self.system.holds, &self.base.name)
    }

    /// The same system with this in the place of base's holds.
    pub fn hold(&mut self, holds: Vec<u8>) {
        self.holds = Some(holds);
    }

    /// The same system with the holds of these files in the place of base's.
    pub fn put_holds(&mut self, tree: &dyn Tree) -> Result<(), Failure> {
        self.holds = file(tree, &self.system.holds, &self.base.name)?;
        Ok(())
    }

    /// Hands it to a planner. What cannot be found out about a pin's time, or about former
    /// pins, counts as unknown.
    pub fn with<T>(&self, plan: impl FnOnce(&State<'_>) -> T) -> T {
        let published = |component: &str| self.published(component).unwrap_or(Published::Unknown);
        let former_digests = |component: &str, image: &str, tag: &str| {
            self.former_digests(component, image, tag).unwrap_or_default()
        };
        plan(&State {
            system: &self.system,
            manifest: self.manifest.as_deref(),
            holds: self.holds.as_deref(),
            archive: self.archive.clone(),
            committed: Some(self.committed),
            published: &published,
            former_digests: &former_digests,
        })
    }

    /// When the present pin of a component was published: what the commit says that brought it.
    fn published(&self, component: &str) -> Result<Published, Failure> {
        let Some(pin) = self.manifest.as_deref().and_then(|bytes| self.pin(bytes, component)) else {
            return Ok(Published::Unknown);
        };
        let mut brought = None;
        for state in self.repo.states(&self.base.commit, &self.system.manifest)? {
            // Behind the cut of a shallow clone it may be older still.
            let Ok(state) = state else { return Ok(Published::Unknown) };
            let bytes = self.repo.blob(&state.blob, MAX_BYTES)?;
            if self.pin(&bytes, component).as_ref() != Some(&pin) {
                break;
            }
            brought = Some(state);
        }
        let Some(state) = brought else { return Ok(Published::Unknown) };
        for commit in self.brought_by(&state.commit)? {
            if let Some(moment) = published_in(&self.repo.message(&commit)?, component, &pin) {
                return Ok(Published::At(moment));
            }
        }
        Ok(Published::AtMost(Moment(state.committer_time)))
    }

    /// The digests that archives on base know for this tag of a component.
    fn former_digests(&self, component: &str, image: &str, tag: &str) -> Result<Vec<String>, Failure> {
        let tree = self.repo.commit_tree(&self.base.commit)?;
        let mut found = Vec::new();
        for entry in tree.files_below(&self.system.history)? {
            if entry.kind != Kind::File || ArchiveName::parse(entry.path.name()).is_none() {
                continue;
            }
            let bytes = tree.read(&entry, MAX_BYTES)?;
            // Most have never heard of the tag, and reading YAML takes long.
            if !std::str::from_utf8(&bytes).is_ok_and(|text| text.contains(tag)) {
                continue;
            }
            let pin = self.pin(&bytes, component);
            found.extend(pin.filter(|pin| pin.image == image && pin.tag == tag).map(|pin| pin.digest));
        }
        found.retain(|digest| !digest.is_empty());
        Ok(found)
    }

    /// A commit of base, and, if it is a merge, the commits that it brought.
    fn brought_by(&self, commit: &ObjectId) -> Result<Vec<ObjectId>, Failure> {
        const MOST: usize = 1_000;
        let found = self.repo.commit(commit)?;
        let mut all = vec![commit.clone()];
        if let [first, second, ..] = &found.parents[..] {
            let brought = self.repo.commits_between(std::slice::from_ref(first), second, MOST);
            all.extend(brought?.into_iter().map(|commit| commit.id));
        }
        Ok(all)
    }

    fn pin(&self, bytes: &[u8], component: &str) -> Option<Pin> {
        let document = Document::parse_bytes(bytes).ok()?;
        let manifest = Manifest::read(&document, &self.system.policy.layout);
        manifest.components.iter().rev().find(|found| found.name == component).map(Component::pin)
    }
}

fn file(tree: &dyn Tree, path: &RepoPath, name: &str) -> Result<Option<Vec<u8>>, Failure> {
    let Some(entry) = tree.entry(path)? else { return Ok(None) };
    if !matches!(entry.kind, Kind::File | Kind::Executable) {
        return Err(Failure::new(format!("could not read {path} of {name}")).because("it is no regular file"));
    }
    let bytes = tree.read(&entry, MAX_BYTES)?;
    if bytes.len() > MAX_BYTES {
        return Err(Failure::new(format!("could not read {path} of {name}"))
            .because(format!("it is larger than {} MiB", MAX_BYTES >> 20)));
    }
    Ok(Some(bytes))
}
