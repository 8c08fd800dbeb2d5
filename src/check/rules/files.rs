//! Whether what stands at a path is a plain file.

use crate::check::file::{Content, NotPlain, is_lfs_pointer, not_plain};
use crate::check::paste::word;
use crate::check::subject::Subject;
use crate::check::{Excerpt, Finding, Input};
use crate::tree::{Kind, RepoPath, TreeEntry, TreeError};

/// Where the policy stands.
const POLICY: &str = ".sysbom.yaml";

/// `not-a-regular-file`, for manifest and history.
pub fn not_regular(subject: &Subject) -> Result<Vec<Finding>, TreeError> {
    let mut found = Vec::new();
    let new_history = subject.new_history.iter().map(|new| &new.file);
    for file in subject.after.manifest.iter().chain(new_history) {
        let why = match &file.content {
            Content::Elsewhere(why) => Some(*why),
            Content::Read(_) | Content::Faulty(_) => None,
        };
        found.extend(odd_file(&file.entry, why));
    }
    let folder = subject.input.after.entry(&subject.system.history)?;
    found.extend(folder.filter(|folder| folder.kind != Kind::Folder).map(|folder| {
        let message = format!("`{}` is no folder", folder.path);
        let help =
            format!("make it a folder of plain files: `git rm --cached {}`", word(folder.path.as_str()));
        Finding::new("not-a-regular-file", Excerpt::whole(folder.path, ""), message, help)
    }));
    Ok(found)
}

/// `not-a-regular-file`, for the policy.
pub fn policy_not_regular(input: &Input) -> Result<Vec<Finding>, TreeError> {
    let Some(entry) = input.after.entry(&RepoPath::new(POLICY))? else { return Ok(Vec::new()) };
    let mut why = not_plain(entry.kind);
    if why.is_none() && is_lfs_pointer(&input.after.read(&entry, 1024)?) {
        why = Some(NotPlain::LfsPointer);
    }
    Ok(odd_file(&entry, why).into_iter().collect())
}

fn odd_file(entry: &TreeEntry, why: Option<NotPlain>) -> Option<Finding> {
    let path = word(entry.path.as_str());
    let (what, help) = match (why, entry.kind) {
        (Some(NotPlain::Symlink), _) => (
            "a symbolic link",
            format!("put the content itself there: `git rm --cached {path}`, then write and add the file"),
        ),
        (Some(NotPlain::Submodule), _) => {
            ("a submodule", format!("`git rm --cached {path}`, then write and add the file"))
        }
        (Some(NotPlain::Folder), _) => {
            ("a folder", format!("`git mv` its files away, then write and add `{path}`"))
        }
        (Some(NotPlain::LfsPointer), _) => (
            "a Git LFS pointer",
            format!("take the path out of `.gitattributes`, then `git add --renormalize {path}`"),
        ),
        (None, Kind::Executable) => {
            ("executable", format!("`git update-index --chmod=-x {path}` and `chmod -x {path}`"))
        }
        (None, Kind::File | Kind::Symlink | Kind::Submodule | Kind::Folder) => return None,
    };
    let message = format!("`{}` is {what}, not a plain file", entry.path);
    Some(Finding::new("not-a-regular-file", Excerpt::whole(entry.path.clone(), ""), message, help))
}
