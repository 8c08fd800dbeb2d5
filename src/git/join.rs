//! git's own merge of two commits, into a tree object: without a working tree, an index or a
//! commit. What it makes of manifests and history is to be overruled by those who know them.

use super::program::refused;
use super::{CommitTree, Error, Repo, names};
use crate::tree::{ObjectId, RepoPath};

/// What git's merge came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The files. Those that conflict hold markers, or one of the sides.
    pub tree: ObjectId,
    /// The paths that conflict.
    pub conflicts: Vec<RepoPath>,
}

/// Where `.gitattributes` name our driver, git shall do here what it does without one. Its result
/// for manifests is not used.
const TEXT_DRIVER: &str = "merge.sysbom.driver=git merge-file --quiet --marker-size=%L %A %O %B || exit 1";

impl Repo {
    /// Merges `theirs` into `ours`, given as commits, by git's rules. `base` is the commit that both
    /// are compared with, where it is not their common ancestor.
    ///
    /// # Errors
    /// They have no common history, an object is missing, or git is older than 2.38 (2.40 where a
    /// base is given).
    pub fn join(&self, base: Option<&ObjectId>, ours: &ObjectId, theirs: &ObjectId) -> Result<Joined, Error> {
        let base = base.map(|base| format!("--merge-base={base}"));
        let mut args = vec!["-c", TEXT_DRIVER, "merge-tree", "--write-tree", "-z", "--name-only"];
        args.push("--no-messages");
        args.extend(base.as_deref());
        args.extend([ours.as_str(), theirs.as_str()]);
        let ended = self.git().end(&args, b"")?;
        if !matches!(ended.status.code(), Some(0 | 1)) {
            return Err(Error::new(format!("could not merge {} and {}", ours.short(), theirs.short()))
                .because(refused(&["merge-tree"], &ended).chain()));
        }
        let mut parts = ended.stdout.split(|byte| *byte == 0).filter(|part| !part.is_empty());
        let tree = ObjectId::new(String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned());
        self.oid(&tree)?;
        Ok(Joined { tree, conflicts: parts.map(names::repo_path).collect() })
    }

    /// The files of a tree object that stands in no commit yet.
    pub fn tree(&self, tree: &ObjectId) -> Result<CommitTree<'_>, Error> {
        Ok(CommitTree::of_tree(self, self.oid(tree)?))
    }
}
