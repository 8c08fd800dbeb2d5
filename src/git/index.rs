//! The files of the index: what the next commit will hold.

use gix::bstr::BStr;
use gix::index::entry::{Flags, Mode, Stage};

use super::{CommitTree, Error, Repo, names, trees};
use crate::tree::{Kind, ObjectId, RepoPath, Tree, TreeEntry, TreeError};

/// The files of the index as it was when it was opened.
pub struct IndexTree<'repo> {
    repo: &'repo Repo,
    pub(super) file: gix::index::File,
}

impl Repo {
    /// The files of the index; of the one that `GIT_INDEX_FILE` names where a commit is under way.
    pub fn index_tree(&self) -> Result<IndexTree<'_>, Error> {
        let path = self.index_path();
        let skip_hash = self.inner.config_snapshot().boolean("index.skipHash").unwrap_or(false);
        let options = gix::index::decode::Options::default();
        gix::index::File::at_or_default(&path, self.inner.object_hash(), skip_hash, options)
            .map(|file| IndexTree { repo: self, file })
            .map_err(|cause| {
                Error::new(format!("could not read the index {}", path.display())).because(cause)
            })
    }

    /// Whether the commit under way takes only some paths (`git commit -o`, `git commit PATH`):
    /// then git commits another index than the one it keeps, and what a hook stages is lost.
    pub fn is_partial_commit(&self) -> bool {
        let name = self.env().index_file.as_deref().and_then(|path| path.file_name()?.to_str());
        name.is_some_and(|name| {
            name.starts_with("next-index-")
                && std::path::Path::new(name).extension().is_some_and(|end| end == "lock")
        })
    }

    fn index_path(&self) -> std::path::PathBuf {
        self.env().index_file.clone().unwrap_or_else(|| self.git_dir().join("index"))
    }
}

impl IndexTree<'_> {
    /// What the index has at exactly this path, or in a folder that a sparse index keeps as one.
    fn lookup(&self, path: &[u8]) -> Result<Option<TreeEntry>, Error> {
        if let Some(entry) = self.file.entry_by_path(path.into()) {
            return self.tree_entry(entry);
        }
        self.refuse_unmerged(path)?;
        if let Some((folder, id)) = self.collapsed_around(path) {
            let rest = names::repo_path(&path[folder..]);
            let found = CommitTree::of_tree(self.repo, id).entry(&rest).map_err(in_the_index)?;
            return Ok(found.map(|entry| TreeEntry { path: names::repo_path(path), ..entry }));
        }
        Ok(None)
    }

    fn tree_entry(&self, entry: &gix::index::Entry) -> Result<Option<TreeEntry>, Error> {
        let path = entry.path(&self.file);
        if entry.stage() != Stage::Unconflicted {
            return Err(unmerged(path));
        }
        // `git add -N` promises a file; the next commit will not hold it.
        if entry.flags.contains(Flags::INTENT_TO_ADD) {
            return Ok(None);
        }
        let id = names::object_id(&entry.id);
        Ok(Some(TreeEntry { path: names::repo_path(path), kind: kind(entry.mode), id }))
    }

    fn refuse_unmerged(&self, path: &[u8]) -> Result<(), Error> {
        let stages = [Stage::Base, Stage::Ours, Stage::Theirs];
        let stands_at = |stage: &Stage| self.file.entry_by_path_and_stage(path.into(), *stage).is_some();
        if stages.iter().any(stands_at) { Err(unmerged(path.into())) } else { Ok(()) }
    }

    /// The folder above `path` that a sparse index keeps as one entry: how much of the path it is
    /// with its slash, and its tree.
    fn collapsed_around(&self, path: &[u8]) -> Option<(usize, gix::ObjectId)> {
        if !self.file.is_sparse() {
            return None;
        }
        let mut ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at + 1);
        ends.find_map(|end| {
            let entry = self.file.entry_by_path(path[..end].into())?;
            entry.mode.is_sparse().then_some((end, entry.id))
        })
    }

    /// The entries whose path begins with `prefix`, a folder with its slash, or nothing.
    pub(super) fn entries_at(&self, prefix: &[u8]) -> &[gix::index::Entry] {
        if prefix.is_empty() {
            return self.file.entries();
        }
        self.file.prefixed_entries(prefix.into()).unwrap_or_default()
    }

    /// All entries below a folder.
    pub(super) fn list(&self, folder: &RepoPath) -> Result<Vec<TreeEntry>, Error> {
        let mut prefix = names::path_bytes(folder);
        if !prefix.is_empty() {
            prefix.push(b'/');
        }
        if let Some((end, id)) = self.collapsed_around(&prefix) {
            let rest = names::repo_path(&prefix[end..prefix.len().saturating_sub(1).max(end)]);
            let below = CommitTree::of_tree(self.repo, id).files_below(&rest).map_err(in_the_index)?;
            return Ok(moved_below(&prefix[..end], below));
        }
        let entries = self.entries_at(&prefix);
        let mut files = Vec::with_capacity(entries.len());
        for entry in entries {
            if entry.mode.is_sparse() {
                let tree = CommitTree::of_tree(self.repo, entry.id);
                let below = tree.files_below(&RepoPath::new("")).map_err(in_the_index)?;
                files.extend(moved_below(entry.path(&self.file), below));
            } else {
                files.extend(self.tree_entry(entry)?);
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }
}

impl Tree for IndexTree<'_> {
    fn entry(&self, path: &RepoPath) -> Result<Option<TreeEntry>, TreeError> {
        let bytes = names::path_bytes(path);
        if !bytes.is_empty()
            && let Some(entry) = self.lookup(&bytes)?
        {
            return Ok(Some(entry));
        }
        let files = self.list(path)?;
        Ok(folder_entry(self.repo, path, &files)?)
    }

    fn files_below(&self, folder: &RepoPath) -> Result<Vec<TreeEntry>, TreeError> {
        Ok(self.list(folder)?)
    }

    fn paths_in(&self, folder: &RepoPath) -> Result<Vec<RepoPath>, TreeError> {
        let mut prefix = names::path_bytes(folder);
        if !prefix.is_empty() {
            prefix.push(b'/');
        }
        if let Some((end, id)) = self.collapsed_around(&prefix) {
            let rest = names::repo_path(&prefix[end..prefix.len().saturating_sub(1).max(end)]);
            let inside = CommitTree::of_tree(self.repo, id).paths_in(&rest)?;
            return Ok(inside.iter().map(|path| folder.join(path.name())).collect());
        }
        let mut found: Vec<&[u8]> = Vec::new();
        for entry in self.entries_at(&prefix) {
            let below = &entry.path(&self.file)[prefix.len()..];
            let name = below.split(|byte| *byte == b'/').next().unwrap_or_default();
            if found.last() != Some(&name) {
                found.push(name);
            }
        }
        let mut paths: Vec<RepoPath> =
            found.into_iter().map(|name| folder.join(names::repo_path(name).as_str())).collect();
        paths.sort();
        paths.dedup();
        Ok(paths)
    }

    fn read(&self, entry: &TreeEntry, limit: usize) -> Result<Vec<u8>, TreeError> {
        self.repo.blob(&entry.id, limit).map_err(|cause| {
            Error::new(format!("could not read `{}` in the index", entry.path)).because(cause).into()
        })
    }
}

impl std::fmt::Debug for IndexTree<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IndexTree").field("path", &self.file.path()).finish_non_exhaustive()
    }
}

/// The folder that holds these files, under the id it would have in a commit; `None` for no files.
pub(super) fn folder_entry(
    repo: &Repo,
    path: &RepoPath,
    files: &[TreeEntry],
) -> Result<Option<TreeEntry>, Error> {
    if files.is_empty() {
        return Ok(None);
    }
    let id = trees::folder_id(repo.inner.object_hash(), path, files)?;
    Ok(Some(TreeEntry { path: path.clone(), kind: Kind::Folder, id }))
}

pub(super) fn kind(mode: Mode) -> Kind {
    match mode {
        Mode::FILE_EXECUTABLE => Kind::Executable,
        Mode::SYMLINK => Kind::Symlink,
        Mode::COMMIT => Kind::Submodule,
        Mode::DIR => Kind::Folder,
        _ => Kind::File,
    }
}

fn moved_below(folder: &[u8], files: Vec<TreeEntry>) -> Vec<TreeEntry> {
    let folder = names::repo_path(folder.strip_suffix(b"/").unwrap_or(folder));
    let moved = |entry: TreeEntry| TreeEntry { path: folder.join(entry.path.as_str()), ..entry };
    files.into_iter().map(moved).collect()
}

fn unmerged(path: &BStr) -> Error {
    let path = names::repo_path(path);
    Error::new(format!("`{path}` is not merged yet"))
        .help(format!("resolve the conflict, then `git add {path}`"))
}

/// The id only stands for the object; what is said of it is said again by the caller.
fn in_the_index(cause: TreeError) -> Error {
    Error::new("could not look into a folder of the sparse index").because(cause)
}

impl Repo {
    /// What the index has at a path, whatever its stage; `None` for nothing.
    pub(super) fn staged_id(&self, path: &RepoPath) -> Result<Option<ObjectId>, Error> {
        Ok(self.index_tree()?.lookup(&names::path_bytes(path))?.map(|entry| entry.id))
    }
}
