//! The repository: what git holds, and how we write into it.
//!
//! The only module that names gix, and the only one that starts `git`. It reads revisions, the
//! index and the working tree as [`crate::tree::Tree`]s, finds base and the states it had, stages
//! files, and sets a repository up for sysbom. It knows no rules and no manifests: which path is
//! the manifest, and how an archive is named, it is told.

mod ancestry;
mod base;
mod branches;
mod build;
mod commits;
mod contained;
mod converted;
mod env;
mod error;
mod fault;
mod fs;
mod index;
mod join;
mod names;
mod objects;
mod open;
mod patience;
mod program;
mod pushed;
mod refs;
mod remote;
mod server;
mod setup;
mod stage;
mod states;
mod textmerge;
mod trees;
mod worktree;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::tree::{ObjectId, RepoPath, TreeEntry};

pub use base::{Base, USUAL_NAME};
pub use branches::{Branch, Moved};
pub use build::{Content, NewCommit};
pub use commits::Commit;
pub use contained::Contained;
pub use env::GitEnv;
pub use error::{Error, remedy};
pub use fault::die_at;
pub use fs::replace_file;
pub use index::IndexTree;
pub use join::Joined;
pub use patience::retry;
pub use pushed::{RefUpdate, is_branch_name, is_kept_by_git};
pub use refs::Refs;
pub use remote::{Lease, Push, Pushed};
pub use server::ServerSettings;
pub use setup::{AttributesFile, Check, HookSet, Setup, Step, StepOutcome};
pub use stage::{Existing, FileWrite, IndexGets};
pub use states::{ArchiveName, ArchivePlan, State, States};
pub use textmerge::{TextMerge, text_merge};
pub use trees::{CommitTree, EmptyTree};
pub use worktree::WorkTree;

/// A folder, by object and path, and the files below it.
type Listed = ((ObjectId, RepoPath), Vec<TreeEntry>);

/// An opened repository, as the environment names it.
pub struct Repo {
    inner: gix::Repository,
    env: GitEnv,
    /// What is known of the states that manifests had, by tip and path.
    former: RefCell<HashMap<(ObjectId, RepoPath), states::Former>>,
    /// The folders that were listed last: history is the same before and after most updates, and in
    /// most branches of a push.
    listed: RefCell<Vec<Listed>>,
    /// The files of the working tree that were hashed, as they were then: a large one is asked about often.
    hashed: RefCell<HashMap<PathBuf, (gix::index::entry::Stat, ObjectId)>>,
    /// A store that joins the objects of a push in quarantine with the repository's own; removed
    /// with the value.
    quarantine: Option<tempfile::TempDir>,
    /// Where objects are written that nobody keeps, in a rehearsal; removed with the value.
    rehearsal: Option<tempfile::TempDir>,
}

impl Repo {
    /// The top folder of the working tree; `None` in a bare repository.
    pub fn work_dir(&self) -> Option<&Path> {
        self.inner.workdir()
    }

    /// The git folder: of a linked worktree, its own one.
    pub fn git_dir(&self) -> &Path {
        self.inner.git_dir()
    }

    /// The git folder that all worktrees share.
    pub fn common_dir(&self) -> &Path {
        self.inner.common_dir()
    }

    /// Whether it has no working tree.
    pub fn is_bare(&self) -> bool {
        self.work_dir().is_none()
    }

    /// Whether older commits were cut off, as CI does by default.
    pub fn is_shallow(&self) -> bool {
        self.inner.is_shallow().unwrap_or(false)
    }

    /// The commits behind which history is cut off.
    fn shallow_commits(&self) -> HashSet<gix::ObjectId> {
        let commits = self.inner.shallow_commits().ok().flatten();
        commits.map(|ids| ids.iter().copied().collect()).unwrap_or_default()
    }

    /// One value of git's configuration, such as `merge.conflictStyle`; the last one where there
    /// are several.
    pub fn config(&self, key: &str) -> Option<String> {
        self.inner.config_snapshot().string(key).map(|value| value.to_string())
    }

    /// The folder of ours through which the objects of a push in quarantine are seen, if there is a
    /// push. It goes with the value.
    pub fn quarantine_view(&self) -> Option<&Path> {
        self.quarantine.as_ref().map(tempfile::TempDir::path)
    }

    /// What the environment said about the repository.
    pub fn env(&self) -> &GitEnv {
        &self.env
    }

    /// The content of a file object. At most `limit + 1` bytes of it, so that the caller can see
    /// that it is too large; the rest is not read.
    pub fn blob(&self, id: &ObjectId, limit: usize) -> Result<Vec<u8>, Error> {
        let attempt = || format!("could not read object {}", id.short());
        let header = self.inner.find_header(self.oid(id)?).map_err(|e| self.missing(attempt(), e))?;
        if header.size() > limit as u64 {
            return self.git().output_up_to(&["cat-file", "blob", id.as_str()], limit + 1);
        }
        let object = self.inner.find_object(self.oid(id)?).map_err(|e| self.missing(attempt(), e))?;
        match object.kind {
            gix::objs::Kind::Blob => Ok(object.detach().data),
            other => Err(Error::new(format!("{}: it is a {other} and no file", attempt()))),
        }
    }

    /// The id that git gives to a file with this content.
    ///
    /// # Errors
    /// The content is made to collide with another under SHA-1.
    pub fn blob_id(&self, content: &[u8]) -> Result<ObjectId, Error> {
        names::hash(self.inner.object_hash(), gix::objs::Kind::Blob, content).map(|id| names::object_id(&id))
    }

    fn oid(&self, id: &ObjectId) -> Result<gix::ObjectId, Error> {
        match gix::ObjectId::from_hex(id.as_str().as_bytes()) {
            Ok(oid) if oid.kind() == self.inner.object_hash() => Ok(oid),
            _ => Err(Error::new(format!("`{id}` is no object id of this repository"))),
        }
    }

    /// An object was looked for and not found. Says why that can be.
    fn missing(&self, attempt: String, cause: gix::Error) -> Error {
        let error = Error::new(attempt).because(cause);
        if self.is_shallow() { error.help(error::DEEPEN) } else { error }
    }

    /// The git folder that all worktrees share, absolute, without `..` in it.
    fn shared_dir(&self) -> PathBuf {
        let path = self.absolute(self.common_dir());
        match gix::path::normalize(std::borrow::Cow::Borrowed(&path), Path::new("/")) {
            Some(clean) => clean.into_owned(),
            None => path,
        }
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        self.inner.current_dir().join(path)
    }
}

impl std::fmt::Debug for Repo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repo").field("git_dir", &self.git_dir()).finish_non_exhaustive()
    }
}
