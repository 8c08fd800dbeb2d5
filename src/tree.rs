//! The one seam with the world that the middle asks through: a repository's files at some
//! revision. `git` answers for commits, the index and the working tree, tests from a map.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A path from the top of the repository, with `/` between its parts. A path whose bytes are
/// not UTF-8 is held with each odd byte written as `\xNN`, and a backslash that would read as one of
/// those as `\x5C`: no two paths of git are one here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoPath(String);

impl RepoPath {
    /// Takes a path as git spells it.
    pub fn new(path: impl Into<String>) -> Self {
        RepoPath(path.into())
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The folder it lies in; `None` at the top.
    pub fn folder(&self) -> Option<RepoPath> {
        self.0.rsplit_once('/').map(|(folder, _)| RepoPath::new(folder))
    }

    /// This folder's `name`.
    #[must_use]
    pub fn join(&self, name: &str) -> RepoPath {
        if self.0.is_empty() { RepoPath::new(name) } else { RepoPath(format!("{}/{name}", self.0)) }
    }

    /// Whether it lies below `folder`.
    pub fn is_below(&self, folder: &RepoPath) -> bool {
        self.0.strip_prefix(&folder.0).is_some_and(|rest| rest.starts_with('/'))
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of a git object, as lower-case hex of the repository's hash (SHA-1 or SHA-256).
/// Equal ids mean equal bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(String);

impl ObjectId {
    /// Takes the id as git prints it.
    pub fn new(hex: impl Into<String>) -> Self {
        ObjectId(hex.into())
    }

    /// Whether a text is the whole id of an object, 40 or 64 hex digits, and so nothing else to git.
    pub fn is_whole(text: &str) -> bool {
        matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    }

    /// All hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first ten digits, for people.
    pub fn short(&self) -> &str {
        self.0.get(..10).unwrap_or(&self.0)
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What stands at a path, as git's modes tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Mode 100644.
    File,
    /// Mode 100755.
    Executable,
    /// Mode 120000.
    Symlink,
    /// Mode 160000.
    Submodule,
    /// Mode 040000.
    Folder,
}

/// One path with what stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeEntry {
    /// Where.
    pub path: RepoPath,
    /// As what.
    pub kind: Kind,
    /// Its object. Equal ids mean equal content.
    pub id: ObjectId,
}

/// A tree could not be looked into: an object is missing, a file cannot be read. Never a fault
/// of the user's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeError {
    /// What was attempted, on what, and why it failed, from the outside in.
    pub message: String,
    /// What to do about it; empty if nothing can be said.
    pub help: String,
}

impl TreeError {
    /// An error about which nothing can be done.
    pub fn new(message: impl Into<String>) -> TreeError {
        TreeError { message: message.into(), help: String::new() }
    }
}

impl fmt::Display for TreeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TreeError {}

/// The files of a repository at some revision.
pub trait Tree {
    /// What stands at `path`, or `None`. The empty path is the top folder.
    fn entry(&self, path: &RepoPath) -> Result<Option<TreeEntry>, TreeError>;

    /// Everything below `folder` that is no folder itself, however deep, sorted by path.
    /// A missing folder has nothing below it.
    fn files_below(&self, folder: &RepoPath) -> Result<Vec<TreeEntry>, TreeError>;

    /// What stands directly in `folder`, other folders among it, sorted by path.
    fn paths_in(&self, folder: &RepoPath) -> Result<Vec<RepoPath>, TreeError>;

    /// The content of a file (of a symlink: its target). At most `limit` bytes are read: the
    /// first `limit + 1` bytes of a larger file, so that the caller can see it is too large.
    fn read(&self, entry: &TreeEntry, limit: usize) -> Result<Vec<u8>, TreeError>;
}

/// A tree held in memory, for tests and for what a plan would write.
#[derive(Clone, Debug, Default)]
pub struct MapTree {
    files: BTreeMap<RepoPath, (Kind, Vec<u8>)>,
}

impl MapTree {
    /// No files.
    pub fn new() -> Self {
        MapTree::default()
    }

    /// With one more regular file.
    #[must_use]
    pub fn with(self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.with_kind(path, Kind::File, content)
    }

    /// With one more file of the kind given.
    #[must_use]
    pub fn with_kind(mut self, path: &str, kind: Kind, content: impl Into<Vec<u8>>) -> Self {
        self.files.insert(RepoPath::new(path), (kind, content.into()));
        self
    }

    /// Without one file.
    #[must_use]
    pub fn without(mut self, path: &str) -> Self {
        self.files.remove(&RepoPath::new(path));
        self
    }

    fn entry_of(path: &RepoPath, kind: Kind, content: &[u8]) -> TreeEntry {
        TreeEntry { path: path.clone(), kind, id: blob_id(content) }
    }
}

impl Tree for MapTree {
    fn entry(&self, path: &RepoPath) -> Result<Option<TreeEntry>, TreeError> {
        if let Some((kind, content)) = self.files.get(path) {
            return Ok(Some(Self::entry_of(path, *kind, content)));
        }
        let below = self.files_below(path)?;
        let folder = (!below.is_empty()).then(|| {
            let listing: String = below.iter().map(|e| format!("{} {}\n", e.path, e.id)).collect();
            TreeEntry { path: path.clone(), kind: Kind::Folder, id: blob_id(listing.as_bytes()) }
        });
        Ok(folder)
    }

    fn files_below(&self, folder: &RepoPath) -> Result<Vec<TreeEntry>, TreeError> {
        let below = |path: &RepoPath| folder.as_str().is_empty() || path.is_below(folder);
        Ok(self
            .files
            .iter()
            .filter(|(path, _)| below(path))
            .map(|(path, (kind, content))| Self::entry_of(path, *kind, content))
            .collect())
    }

    fn paths_in(&self, folder: &RepoPath) -> Result<Vec<RepoPath>, TreeError> {
        let skipped = if folder.as_str().is_empty() { 0 } else { folder.as_str().len() + 1 };
        let files = self.files_below(folder)?;
        let name =
            |path: &RepoPath| path.as_str()[skipped..].split('/').next().unwrap_or_default().to_owned();
        let names: BTreeSet<String> = files.iter().map(|file| name(&file.path)).collect();
        Ok(names.iter().map(|name| folder.join(name)).collect())
    }

    fn read(&self, entry: &TreeEntry, limit: usize) -> Result<Vec<u8>, TreeError> {
        match self.files.get(&entry.path) {
            Some((_, content)) => Ok(content[..content.len().min(limit + 1)].to_vec()),
            None => Err(TreeError::new(format!("could not read {}: no such file", entry.path))),
        }
    }
}

/// An id for content held in memory. It is no git object id, but equal content has equal ids.
fn blob_id(content: &[u8]) -> ObjectId {
    use sha2::{Digest, Sha256};
    let hash = Sha256::digest(content);
    ObjectId::new(hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}
