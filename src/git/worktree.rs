//! The files on disk: what would be committed if all of it were added.
//!
//! A tracked file that has not changed since it was staged keeps the id the index has for it, as
//! git itself takes it. Any other is hashed, and where that is not what the index has, git is asked
//! for the id: it may convert the file (line endings, filters). `.gitattributes` turns that off for
//! what sysbom looks after, but a clone may have none.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use gix::index::entry::{Flags, Stage, Stat};

use super::fs::UNFINISHED;
use super::program::refused;
use super::{Error, IndexTree, Repo, index, names};
use crate::tree::{Kind, ObjectId, RepoPath, Tree, TreeEntry, TreeError};

/// The files of the working tree: tracked ones, and untracked ones that are not ignored.
pub struct WorkTree<'repo> {
    repo: &'repo Repo,
    top: PathBuf,
    index: OnceCell<IndexTree<'repo>>,
    /// Whether the disk tells which files are executable.
    has_modes: bool,
    stat: gix::index::entry::stat::Options,
}

impl Repo {
    /// The files of the working tree.
    ///
    /// # Errors
    /// The repository is bare.
    pub fn worktree(&self) -> Result<WorkTree<'_>, Error> {
        let has_modes = self.inner.config_snapshot().boolean("core.fileMode").unwrap_or(true);
        let stat = self.inner.stat_options().unwrap_or_default();
        Ok(WorkTree { repo: self, top: self.top()?, index: OnceCell::new(), has_modes, stat })
    }

    /// The top of the working tree, absolute.
    pub(super) fn top(&self) -> Result<PathBuf, Error> {
        self.work_dir().map(|dir| self.absolute(dir)).ok_or_else(|| {
            Error::new("a bare repository has no working tree")
                .help("name the revisions: `sysbom check --base REV --head REV`")
        })
    }
}

impl<'repo> WorkTree<'repo> {
    fn index(&self) -> Result<&IndexTree<'repo>, Error> {
        if let Some(index) = self.index.get() {
            return Ok(index);
        }
        let index = self.repo.index_tree()?;
        Ok(self.index.get_or_init(|| index))
    }

    fn on_disk(&self, path: &RepoPath) -> PathBuf {
        self.top.join(names::disk_path(path))
    }

    /// What stands at a path that lies behind no link.
    fn look(&self, path: &RepoPath) -> Result<Option<TreeEntry>, Error> {
        Ok(match self.glance(path)? {
            Some(Glance::Known(entry)) => Some(entry),
            Some(Glance::AsItStands(entry)) => self.repo.converted(vec![entry])?.pop(),
            None => None,
        })
    }

    /// What stands at a path that lies behind no link, hashed unless the index knows it.
    fn glance(&self, path: &RepoPath) -> Result<Option<Glance>, Error> {
        let tracked = self.tracked(path)?;
        // Not checked out (a sparse checkout): the index speaks for it.
        if tracked.as_ref().is_some_and(|tracked| tracked.skipped) {
            return Ok(tracked.map(|tracked| Glance::Known(tracked.entry)));
        }
        let disk = self.on_disk(path);
        let attempt = || format!("could not read {}", disk.display());
        let meta = match gix::index::fs::Metadata::from_path_no_follow(&disk) {
            Ok(meta) => meta,
            Err(cause) if is_absence(&cause) => return Ok(None),
            Err(cause) => return Err(Error::new(attempt()).because(cause)),
        };
        if meta.is_dir() {
            let tracked = tracked.map(|tracked| tracked.entry);
            return Ok(tracked.filter(|entry| entry.kind == Kind::Submodule).map(Glance::Known));
        }
        let kind = self.kind(&meta, tracked.as_ref());
        if let Some(tracked) = &tracked
            && tracked.entry.kind == kind
            && self.is_unchanged(tracked, &meta)?
        {
            return Ok(Some(Glance::Known(tracked.entry.clone())));
        }
        let id = if let Some(id) = self.hashed(&disk, &meta) {
            id
        } else {
            let content =
                content(&disk, kind, usize::MAX).map_err(|cause| Error::new(attempt()).because(cause))?;
            let id = self.repo.blob_id(&content)?;
            if let Ok(stat) = Stat::from_fs(&meta) {
                self.repo.hashed.borrow_mut().insert(disk, (stat, id.clone()));
            }
            id
        };
        let entry = TreeEntry { path: path.clone(), kind, id };
        let is_staged = tracked.is_some_and(|tracked| tracked.entry.id == entry.id);
        Ok(Some(if is_staged { Glance::Known(entry) } else { Glance::AsItStands(entry) }))
    }

    /// What a file hashed to before, if it is still as it was then.
    fn hashed(&self, disk: &Path, meta: &gix::index::fs::Metadata) -> Option<ObjectId> {
        let now = Stat::from_fs(meta).ok()?;
        let hashed = self.repo.hashed.borrow();
        hashed.get(disk).filter(|(then, _)| *then == now).map(|(_, id)| id.clone())
    }

    fn kind(&self, meta: &gix::index::fs::Metadata, tracked: Option<&Tracked>) -> Kind {
        if meta.is_symlink() {
            Kind::Symlink
        } else if !self.has_modes {
            let kind = tracked.map(|tracked| tracked.entry.kind);
            kind.filter(|kind| *kind == Kind::Executable).unwrap_or(Kind::File)
        } else if meta.is_executable() {
            Kind::Executable
        } else {
            Kind::File
        }
    }

    fn tracked(&self, path: &RepoPath) -> Result<Option<Tracked>, Error> {
        let index = self.index()?;
        let bytes = names::path_bytes(path);
        let Some(entry) = index.file.entry_by_path(bytes.as_slice().into()) else {
            // In a folder that a sparse index keeps as one entry, nothing is checked out.
            let sparse = index.file.is_sparse();
            let entry = if sparse { index.entry(path).map_err(no_entry)? } else { None };
            let entry = entry.filter(|entry| entry.kind != Kind::Folder);
            return Ok(entry.map(|entry| Tracked { entry, skipped: true, stat: Stat::default() }));
        };
        if entry.stage() != Stage::Unconflicted || entry.flags.contains(Flags::INTENT_TO_ADD) {
            return Ok(None);
        }
        Ok(Some(Tracked {
            entry: TreeEntry {
                path: path.clone(),
                kind: index::kind(entry.mode),
                id: names::object_id(&entry.id),
            },
            skipped: entry.flags.contains(Flags::SKIP_WORKTREE),
            stat: entry.stat,
        }))
    }

    fn is_unchanged(&self, tracked: &Tracked, meta: &gix::index::fs::Metadata) -> Result<bool, Error> {
        let Ok(now) = Stat::from_fs(meta) else { return Ok(false) };
        let written = self.index()?.file.timestamp();
        Ok(tracked.stat.matches(&now, self.stat) && !tracked.stat.is_racy(written, self.stat))
    }

    /// Whether a folder above `path` is a link: git sees the link and nothing behind it.
    fn lies_behind_a_link(&self, path: &RepoPath) -> bool {
        let folders = std::iter::successors(path.folder(), RepoPath::folder);
        folders.into_iter().any(|folder| {
            fs::symlink_metadata(self.on_disk(&folder)).is_ok_and(|meta| meta.file_type().is_symlink())
        })
    }

    /// The paths below a folder that are tracked, or untracked and not ignored.
    fn paths_below(&self, folder: &RepoPath) -> Result<Vec<RepoPath>, Error> {
        let mut paths: Vec<RepoPath> = self.tracked_below(folder)?;
        let below = if folder.as_str().is_empty() { b".".to_vec() } else { names::path_bytes(folder) };
        let args = ["ls-files", "-z", "--others", "--exclude-standard", "--"].map(str::as_bytes);
        let args: Vec<_> = args.into_iter().chain([below.as_slice()]).map(names::os_string).collect();
        let untracked = self.repo.git().literally().output(&args)?;
        let untracked = untracked.split(|byte| *byte == 0).filter(|path| !path.is_empty());
        // A repository inside is listed with a slash; git would add it as a submodule.
        paths.extend(untracked.map(|path| names::repo_path(path.strip_suffix(b"/").unwrap_or(path))));
        paths.sort();
        paths.dedup();
        Ok(paths)
    }

    fn tracked_below(&self, folder: &RepoPath) -> Result<Vec<RepoPath>, Error> {
        let index = self.index()?;
        if index.file.is_sparse() {
            return Ok(index.list(folder)?.into_iter().map(|entry| entry.path).collect());
        }
        let mut prefix = names::path_bytes(folder);
        if !prefix.is_empty() {
            prefix.push(b'/');
        }
        let entries = index.entries_at(&prefix);
        Ok(entries.iter().map(|entry| names::repo_path(entry.path(&index.file))).collect())
    }

    fn list(&self, folder: &RepoPath) -> Result<Vec<TreeEntry>, Error> {
        let (mut files, mut unknown) = (Vec::new(), Vec::new());
        let mut linked: (Option<RepoPath>, bool) = (None, false);
        for path in self.paths_below(folder)? {
            // It may hold the very bytes of an archive, and is none.
            if path.name().starts_with(UNFINISHED) && self.tracked(&path)?.is_none() {
                continue;
            }
            if linked.0 != path.folder() {
                linked = (path.folder(), self.lies_behind_a_link(&path));
            }
            if linked.1 && !self.tracked(&path)?.is_some_and(|tracked| tracked.skipped) {
                continue;
            }
            match self.glance(&path)? {
                Some(Glance::Known(entry)) => files.push(entry),
                Some(Glance::AsItStands(entry)) => unknown.push(entry),
                None if self.on_disk(&path).is_dir() => {
                    files.extend(self.nested_repository(&path));
                }
                None => {}
            }
        }
        files.extend(self.repo.converted(unknown)?);
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// What the disk holds in a folder, ignored files too. Where the disk takes two spellings for
    /// one name, that of the index is the one that counts.
    fn paths_on_disk(&self, folder: &RepoPath) -> Result<Vec<RepoPath>, Error> {
        if self.repo.inner.config_snapshot().boolean("core.ignoreCase") == Some(true) {
            return Ok(Vec::new());
        }
        let disk = self.on_disk(folder);
        let attempt = |cause| Error::new(format!("could not list {}", disk.display())).because(cause);
        let entries = match fs::read_dir(&disk) {
            Ok(entries) => entries,
            Err(cause) if is_absence(&cause) => return Ok(Vec::new()),
            Err(cause) => return Err(attempt(cause)),
        };
        let name = |entry: fs::DirEntry| names::repo_path(entry.file_name().as_encoded_bytes());
        entries.map(|entry| Ok(folder.join(name(entry.map_err(attempt)?).as_str()))).collect()
    }

    /// Whether this, or a folder on the way to it, is a link or another repository's.
    fn is_no_folder(&self, folder: &RepoPath) -> Result<bool, Error> {
        for path in std::iter::successors(Some(folder.clone()), RepoPath::folder) {
            let is_link = || fs::symlink_metadata(self.on_disk(&path)).is_ok_and(|meta| meta.is_symlink());
            let is_submodule =
                |tracked: &Tracked| tracked.entry.kind == Kind::Submodule && self.on_disk(&path).is_dir();
            if !path.as_str().is_empty()
                && (is_link() || self.tracked(&path)?.as_ref().is_some_and(is_submodule))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Those of some untracked paths that `git add` would take.
    fn not_ignored(&self, mut paths: Vec<RepoPath>) -> Result<Vec<RepoPath>, Error> {
        paths.retain(|path| path.as_str() != ".git" && !path.name().starts_with(UNFINISHED));
        if paths.is_empty() {
            return Ok(paths);
        }
        let asked: Vec<u8> =
            paths.iter().flat_map(|path| [names::path_bytes(path), vec![0]].concat()).collect();
        let args = ["check-ignore", "-z", "--stdin"];
        let ended = self.repo.git().end(&args, &asked)?;
        if !matches!(ended.status.code(), Some(0 | 1)) {
            return Err(refused(&args, &ended));
        }
        let ignored: HashSet<&[u8]> = ended.stdout.split(|byte| *byte == 0).collect();
        paths.retain(|path| !ignored.contains(names::path_bytes(path).as_slice()));
        Ok(paths)
    }

    /// A folder that git lists as one path: a repository of its own, which `git add` would record
    /// as a submodule.
    fn nested_repository(&self, path: &RepoPath) -> Option<TreeEntry> {
        let is_tracked_file = self.tracked(path).ok()?.is_some();
        let id = names::object_id(&self.repo.inner.object_hash().null());
        (!is_tracked_file).then(|| TreeEntry { path: path.clone(), kind: Kind::Submodule, id })
    }
}

/// What stands at a path.
enum Glance {
    /// With the id that git has for it.
    Known(TreeEntry),
    /// With the id of its bytes, which git may convert.
    AsItStands(TreeEntry),
}

/// A file as the index knows it.
struct Tracked {
    entry: TreeEntry,
    /// Left out of the working tree by a sparse checkout.
    skipped: bool,
    stat: Stat,
}

impl Tree for WorkTree<'_> {
    fn entry(&self, path: &RepoPath) -> Result<Option<TreeEntry>, TreeError> {
        let is_top = path.as_str().is_empty();
        if !is_top
            && !self.lies_behind_a_link(path)
            && let Some(entry) = self.look(path)?
        {
            return Ok(Some(entry));
        }
        // Nothing on disk and nothing tracked: no need to ask git for what it does not ignore.
        let is_absent = !is_top && fs::symlink_metadata(self.on_disk(path)).is_err();
        if is_absent && self.tracked_below(path)?.is_empty() {
            return Ok(None);
        }
        Ok(index::folder_entry(self.repo, path, &self.list(path)?)?)
    }

    fn files_below(&self, folder: &RepoPath) -> Result<Vec<TreeEntry>, TreeError> {
        Ok(self.list(folder)?)
    }

    fn paths_in(&self, folder: &RepoPath) -> Result<Vec<RepoPath>, TreeError> {
        if self.is_no_folder(folder)? {
            return Ok(Vec::new());
        }
        let tracked = self.index()?.paths_in(folder)?;
        let is_untracked = |path: &RepoPath| tracked.binary_search(path).is_err();
        let on_disk = self.paths_on_disk(folder)?;
        let mut there = self.not_ignored(on_disk.into_iter().filter(is_untracked).collect())?;
        there.extend(tracked.iter().cloned());
        there.sort();
        let mut paths = Vec::with_capacity(there.len());
        for path in there {
            // Of a folder something must be left that is no longer only in the index, or not ignored.
            let is_file = fs::symlink_metadata(self.on_disk(&path)).is_ok_and(|meta| !meta.is_dir());
            if is_file || self.entry(&path)?.is_some() {
                paths.push(path);
            }
        }
        Ok(paths)
    }

    fn read(&self, entry: &TreeEntry, limit: usize) -> Result<Vec<u8>, TreeError> {
        let disk = self.on_disk(&entry.path);
        match content(&disk, entry.kind, limit.saturating_add(1)) {
            Ok(content) => Ok(self.repo.as_added(entry, content, limit)?),
            Err(cause) if is_absence(&cause) && self.repo.inner.has_object(self.repo.oid(&entry.id)?) => {
                Ok(self.repo.blob(&entry.id, limit)?)
            }
            Err(cause) => Err(Error::new(format!("could not read {}", disk.display())).because(cause).into()),
        }
    }
}

impl std::fmt::Debug for WorkTree<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkTree").field("top", &self.top).finish_non_exhaustive()
    }
}

/// At most `limit` bytes of a file, or the target of a link.
fn content(path: &Path, kind: Kind, limit: usize) -> std::io::Result<Vec<u8>> {
    if kind == Kind::Symlink {
        return Ok(fs::read_link(path)?.into_os_string().into_encoded_bytes());
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(limit as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn is_absence(cause: &std::io::Error) -> bool {
    matches!(cause.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

fn no_entry(cause: TreeError) -> Error {
    Error::new("could not look into the index").because(cause)
}
