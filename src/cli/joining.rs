//! What a branch becomes when base's changes are joined with its own: git's merge, with manifests
//! merged by structure, history kept whole, and base's state archived.

use std::collections::{BTreeMap, BTreeSet};

use crate::bom::ArchiveName;
use crate::git::{Base, Content, Repo};
use crate::merge::{Options, Outcome, Sides};
use crate::policy::{Policies, System};
use crate::text::escape;
use crate::tree::{Kind, ObjectId, RepoPath, Tree, TreeEntry};
use crate::yaml::MAX_BYTES;

use super::failure::Failure;
use super::merging::{describe, merge};
use super::policies::{archive_path, policies_of};

/// Base, and what it says of its systems.
pub struct Joining<'a> {
    repo: &'a Repo,
    base: &'a Base,
    policies: Policies,
}

/// A branch with base's changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The files as merged, with what the branch did to history.
    pub merged: ObjectId,
    /// The same with history whole and base's state archived.
    pub tree: ObjectId,
    /// The archives that were written.
    pub archived: Vec<RepoPath>,
    /// The history files that were put back as base has them.
    pub restored: Vec<RepoPath>,
    /// What needs a person, each as lines to show; if there are any, the tree is of no use.
    pub conflicts: Vec<String>,
}

/// What the files are compared with.
pub enum Ancestor<'a> {
    /// What base and the branch have in common.
    Common,
    /// This commit: what the branch changed since then is put on top of base.
    Commit(&'a ObjectId),
}

/// Files by path.
type Files = BTreeMap<RepoPath, TreeEntry>;

/// What stands at a path on the three sides.
type Entries = Sides<Option<TreeEntry>>;

impl<'a> Joining<'a> {
    /// Reads base's policy, by which all branches are joined.
    pub fn new(repo: &'a Repo, base: &'a Base) -> Result<Joining<'a>, Failure> {
        let policies = policies_of(&repo.commit_tree(&base.commit)?, &base.name)?;
        Ok(Joining { repo, base, policies })
    }

    /// The systems of base, and those that the branch adds.
    fn systems(&self, branch: &dyn Tree) -> Result<Vec<System>, Failure> {
        let mut systems = self.policies.systems(&self.repo.commit_tree(&self.base.commit)?)?;
        for system in self.policies.systems(branch)? {
            if systems.iter().all(|known| known.manifest != system.manifest) {
                systems.push(system);
            }
        }
        Ok(systems)
    }

    /// Whether a branch has changed a manifest, history or a holds file since it left base.
    pub fn concerns(&self, branch: &ObjectId) -> Result<bool, Failure> {
        let Some(ancestor) = self.repo.merge_base(&self.base.commit, std::slice::from_ref(branch))? else {
            return Ok(false);
        };
        let (before, after) = (self.repo.commit_tree(&ancestor)?, self.repo.commit_tree(branch)?);
        let id =
            |tree: &dyn Tree, path: &RepoPath| tree.entry(path).map(|entry| entry.map(|e| (e.kind, e.id)));
        for system in self.systems(&after)? {
            for path in [&system.manifest, &system.history, &system.holds] {
                if id(&before, path)? != id(&after, path)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Joins base's changes since `ancestor` with those of a branch; `name` is what it is called.
    pub fn join(&self, ancestor: &Ancestor<'_>, branch: &ObjectId, name: &str) -> Result<Joined, Failure> {
        let bases = match ancestor {
            Ancestor::Commit(commit) => vec![(*commit).clone()],
            Ancestor::Common => self.repo.merge_bases(&self.base.commit, std::slice::from_ref(branch))?,
        };
        let given = match ancestor {
            Ancestor::Commit(commit) => Some(*commit),
            Ancestor::Common => None,
        };
        let merged = self.repo.join(given, branch, &self.base.commit)?;
        let tree = self.repo.tree(&merged.tree)?;
        let mut work = Work {
            joining: self,
            bases: &bases,
            branch,
            name,
            changes: Vec::new(),
            keeping: Vec::new(),
            open: merged.conflicts,
            joined: Joined {
                merged: merged.tree.clone(),
                tree: merged.tree.clone(),
                archived: Vec::new(),
                restored: Vec::new(),
                conflicts: Vec::new(),
            },
        };
        for system in self.systems(&self.repo.commit_tree(branch)?)? {
            let manifest = work.file(&tree, &system, &system.manifest)?;
            work.file(&tree, &system, &system.holds)?;
            work.history(&tree, &system, manifest.as_ref())?;
        }
        work.finish()
    }
}

/// One branch being joined.
struct Work<'a> {
    joining: &'a Joining<'a>,
    bases: &'a [ObjectId],
    branch: &'a ObjectId,
    name: &'a str,
    changes: Vec<(RepoPath, Content)>,
    /// What keeps history whole, and archives base's state.
    keeping: Vec<(RepoPath, Content)>,
    /// The paths that git could not merge and nobody has settled since.
    open: Vec<RepoPath>,
    joined: Joined,
}

impl Work<'_> {
    fn repo(&self) -> &Repo {
        self.joining.repo
    }

    fn finish(mut self) -> Result<Joined, Failure> {
        for path in &self.open {
            let help = self.by_hand("settle it by hand");
            self.joined.conflicts.push(format!("conflict in {}\n  help: {help}\n", escape(path.as_str())));
        }
        if self.joined.conflicts.is_empty() {
            self.joined.merged = self.repo().edit_tree(Some(&self.joined.merged), &self.changes)?;
            self.joined.tree = self.repo().edit_tree(Some(&self.joined.merged), &self.keeping)?;
        }
        Ok(self.joined)
    }

    /// How a person settles what is in the way. No merge is under way yet, and no file has markers.
    fn by_hand(&self, what: &str) -> String {
        let (branch, base) = (escape(self.name), escape(&self.joining.base.name));
        format!("`git switch {branch}` and `git merge {base}`: {what}; commit and push")
    }

    fn entries(&self, path: &RepoPath) -> Result<Entries, Failure> {
        let at =
            |commit: &ObjectId| -> Result<_, Failure> { Ok(self.repo().commit_tree(commit)?.entry(path)?) };
        let bases = self.bases.iter().map(at).collect::<Result<Vec<_>, _>>()?;
        Ok(Sides {
            base: self.common(path, bases)?,
            ours: at(self.branch)?,
            theirs: at(&self.joining.base.commit)?,
        })
    }

    /// What several common ancestors come to: what they agree on, else the merge of the first two.
    fn common(
        &self,
        path: &RepoPath,
        mut found: Vec<Option<TreeEntry>>,
    ) -> Result<Option<TreeEntry>, Failure> {
        found.dedup();
        let [Some(one), Some(two), ..] = &found[..] else { return Ok(found.into_iter().next().flatten()) };
        let below = match self.bases {
            [one, two, ..] => self.repo().merge_base(one, std::slice::from_ref(two))?,
            _ => None,
        };
        let below = match below {
            Some(commit) => self.repo().commit_tree(&commit)?.entry(path)?,
            None => None,
        };
        let sides = Sides { base: below, ours: Some(one.clone()), theirs: Some(two.clone()) };
        let Some(bytes) = self.bytes(&sides)? else { return Ok(Some(one.clone())) };
        let options = Options { virtual_base: true, ..self.options(path) };
        let bytes = match merge(&bytes, &options)? {
            Outcome::Merged(bytes) | Outcome::Conflicted { bytes, .. } => bytes,
        };
        Ok(Some(TreeEntry { id: self.repo().write_blob(&bytes)?, ..one.clone() }))
    }

    fn options(&self, path: &RepoPath) -> Options {
        let policies = &self.joining.policies;
        let own = policies.system_at(path).map(|system| system.policy.layout);
        let labels = Sides {
            base: "base".to_owned(),
            ours: self.name.to_owned(),
            theirs: self.joining.base.name.clone(),
        };
        let layout = own.unwrap_or_else(|| policies.common().layout.clone());
        Options { layout, labels, ..Options::default() }
    }

    /// The bytes of three regular files, the base empty where there is none; `None` if something else
    /// stands there, or one is too large.
    fn bytes(&self, entries: &Entries) -> Result<Option<Sides<Vec<u8>>>, Failure> {
        let read = |entry: &Option<TreeEntry>, may_lack: bool| -> Result<Option<Vec<u8>>, Failure> {
            match entry {
                None => Ok(may_lack.then(Vec::new)),
                Some(entry) if matches!(entry.kind, Kind::File | Kind::Executable) => {
                    let bytes = self.repo().blob(&entry.id, MAX_BYTES)?;
                    Ok(Some(bytes).filter(|bytes| bytes.len() <= MAX_BYTES))
                }
                Some(_) => Ok(None),
            }
        };
        let (base, ours) = (read(&entries.base, true)?, read(&entries.ours, false)?);
        let theirs = read(&entries.theirs, false)?;
        let (Some(base), Some(ours), Some(theirs)) = (base, ours, theirs) else { return Ok(None) };
        Ok(Some(Sides { base, ours, theirs }))
    }

    /// Joins a manifest or a holds file, whatever git made of it. Gives the id of what it becomes.
    fn file(
        &mut self,
        tree: &dyn Tree,
        system: &System,
        path: &RepoPath,
    ) -> Result<Option<ObjectId>, Failure> {
        let entries = self.entries(path)?;
        let Sides { base, ours, theirs } = &entries;
        let same = |one: &Option<TreeEntry>, two: &Option<TreeEntry>| is_same(one.as_ref(), two.as_ref());
        let taken = if same(ours, theirs) || same(base, theirs) {
            ours
        } else if same(base, ours) {
            theirs
        } else {
            return self.structural(&entries, system, path);
        };
        let settled = self.settled(path, tree.entry(path)?.as_ref(), taken.as_ref());
        self.changes.extend(settled);
        Ok(taken.as_ref().map(|entry| entry.id.clone()))
    }

    fn structural(
        &mut self,
        entries: &Entries,
        system: &System,
        path: &RepoPath,
    ) -> Result<Option<ObjectId>, Failure> {
        let Some(bytes) = self.bytes(entries)? else {
            if !self.open.contains(path) {
                self.open.push(path.clone());
            }
            return Ok(None);
        };
        let options = Options { layout: system.policy.layout.clone(), ..self.options(path) };
        self.open.retain(|open| open != path);
        match merge(&bytes, &options)? {
            Outcome::Merged(bytes) => {
                let id = self.repo().blob_id(&bytes)?;
                self.changes.push((path.clone(), Content::Bytes(bytes)));
                Ok(Some(id))
            }
            Outcome::Conflicted { mut conflicts, .. } => {
                for conflict in &mut conflicts {
                    conflict.help = self.by_hand(&conflict.help);
                }
                let text = describe(path.as_str(), &conflicts, &options.labels);
                self.joined.conflicts.push(text);
                Ok(None)
            }
        }
    }

    /// The change that puts this entry at a path, if git's merge has something else there.
    fn settled(
        &mut self,
        path: &RepoPath,
        found: Option<&TreeEntry>,
        wanted: Option<&TreeEntry>,
    ) -> Option<(RepoPath, Content)> {
        self.open.retain(|open| open != path);
        if is_same(found, wanted) {
            return None;
        }
        let content = wanted.map_or(Content::Removed, |entry| Content::Entry(entry.kind, entry.id.clone()));
        Some((path.clone(), content))
    }

    /// History only grows: what base has stays as it is, what the branch adds is added, and base's
    /// state is among it if it is not the present one.
    fn history(
        &mut self,
        tree: &dyn Tree,
        system: &System,
        manifest: Option<&ObjectId>,
    ) -> Result<(), Failure> {
        let below = |commit: &ObjectId| -> Result<Files, Failure> {
            Ok(by_path(self.repo().commit_tree(commit)?.files_below(&system.history)?))
        };
        let (ours, theirs) = (below(self.branch)?, below(&self.joining.base.commit)?);
        let mut before = Files::new();
        for base in self.bases {
            before.extend(below(base)?);
        }
        let merged = by_path(tree.files_below(&system.history)?);
        let mut all = ours.clone();
        for (path, entry) in &theirs {
            let own = ours.get(path);
            if own.is_some() && !before.contains_key(path) && !is_same(own, Some(entry)) {
                if !self.is_archive(entry)? {
                    let conflict = used_twice(path, self.name, &self.joining.base.name);
                    self.joined.conflicts.push(conflict);
                }
            } else if before.contains_key(path) && !is_same(own, Some(entry)) {
                self.joined.restored.push(path.clone());
            }
            all.insert(path.clone(), entry.clone());
        }
        let paths: BTreeSet<&RepoPath> = merged.keys().chain(all.keys()).collect();
        for path in paths {
            let settled = self.settled(path, merged.get(path), all.get(path));
            self.keeping.extend(settled);
        }
        self.archive(system, manifest, &all)
    }

    /// Whether this is the archive that its name says: then whatever else stands under the name
    /// elsewhere is none.
    fn is_archive(&self, entry: &TreeEntry) -> Result<bool, Failure> {
        let Some(name) = ArchiveName::parse(entry.path.name()) else { return Ok(false) };
        Ok(name.fits(&self.repo().blob(&entry.id, usize::MAX)?))
    }

    fn archive(
        &mut self,
        system: &System,
        manifest: Option<&ObjectId>,
        history: &Files,
    ) -> Result<(), Failure> {
        let name = |time: i64, bytes: &[u8]| archive_path(system, time, bytes);
        let Some(plan) = self.repo().archive_of(&self.joining.base.commit, &system.manifest, &name)? else {
            return Ok(());
        };
        let is_regular = |entry: &TreeEntry| matches!(entry.kind, Kind::File | Kind::Executable);
        let is_kept = history.values().any(|entry| entry.id == plan.blob && is_regular(entry));
        if manifest == Some(&plan.blob) || is_kept {
            return Ok(());
        }
        if history.contains_key(&plan.path) {
            let conflict = format!(
                "conflict in {}: the archive of base's state belongs here, and something else stands there\n",
                escape(plan.path.as_str())
            );
            self.joined.conflicts.push(conflict);
            return Ok(());
        }
        self.keeping.push((plan.path.clone(), Content::Bytes(plan.bytes)));
        self.joined.archived.push(plan.path);
        Ok(())
    }
}

fn by_path(entries: Vec<TreeEntry>) -> Files {
    entries.into_iter().map(|entry| (entry.path.clone(), entry)).collect()
}

/// Whether the same stands at a path on two sides.
fn is_same(one: Option<&TreeEntry>, two: Option<&TreeEntry>) -> bool {
    one.map(|entry| (entry.kind, &entry.id)) == two.map(|entry| (entry.kind, &entry.id))
}

fn used_twice(path: &RepoPath, branch: &str, base: &str) -> String {
    format!(
        "conflict in {}: `{}` and `{}` both added it, with other content\n  \
         help: give the snapshot on `{}` another id: rename the file and its `snapshotId`\n",
        escape(path.as_str()),
        escape(branch),
        escape(base),
        escape(branch)
    )
}
