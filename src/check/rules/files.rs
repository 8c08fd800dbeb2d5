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
            Content::Read(_) | Content::Faulty(_) | Content::Dropped => None,
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

/// `not-a-regular-file`, for what stands where a folder on the way to a manifest belongs: Argo CD
/// and Helm follow a link to a manifest that no rule ever sees.
pub fn folder_not_regular(input: &Input) -> Result<Vec<Finding>, TreeError> {
    let template = RepoPath::new(input.policies.manifest().value.clone());
    let (fixed, below) = match template.as_str().split_once("{system}") {
        Some((before, below)) => (RepoPath::new(before.trim_end_matches('/')), Some(below)),
        None => (template.folder().unwrap_or_else(|| RepoPath::new("")), None),
    };
    let mut stray = Vec::new();
    for folder in std::iter::successors(Some(fixed.clone()), RepoPath::folder) {
        stray.extend(input.after.entry(&folder)?.filter(leads_elsewhere));
    }
    if let Some(below) = below {
        for entry in input.after.files_below(&fixed)?.into_iter().filter(leads_elsewhere) {
            if is_on_the_way(&entry.path, &fixed, below) && !is_of_another_kind(input, &entry, below)? {
                stray.push(entry);
            }
        }
    }
    Ok(stray.into_iter().map(stray_folder).collect())
}

fn leads_elsewhere(entry: &TreeEntry) -> bool {
    matches!(entry.kind, Kind::Symlink | Kind::Submodule)
}

/// Whether a folder at `path` could be that of a system, or lie between it and its manifest.
fn is_on_the_way(path: &RepoPath, fixed: &RepoPath, below: &str) -> bool {
    let skipped = if fixed.as_str().is_empty() { 0 } else { fixed.as_str().len() + 1 };
    let (_, inside) = path.as_str()[skipped..].split_once('/').unwrap_or_default();
    inside.is_empty() || below.strip_prefix('/').is_some_and(|below| below.starts_with(&format!("{inside}/")))
}

/// Where systems stand at the top of the repository, so does much else: submodules, and links that
/// lead to no manifest.
fn is_of_another_kind(input: &Input, entry: &TreeEntry, below: &str) -> Result<bool, TreeError> {
    const LONGEST_PATH: usize = 4096;
    if entry.path.folder().is_some() {
        return Ok(false);
    }
    if entry.kind == Kind::Submodule {
        return Ok(true);
    }
    let target = input.after.read(entry, LONGEST_PATH)?;
    let target = String::from_utf8_lossy(&target);
    let target = target.trim_start_matches("./").trim_end_matches('/');
    Ok(input.after.entry(&RepoPath::new(format!("{target}{below}")))?.is_none())
}

fn stray_folder(entry: TreeEntry) -> Finding {
    let is_link = entry.kind == Kind::Symlink;
    let what = if is_link { "a symbolic link" } else { "a submodule" };
    let message = format!("`{}` is {what}, and a manifest may stand behind it", entry.path);
    let path = word(entry.path.as_str()).into_owned();
    let remove = if is_link { format!(" and `rm -f {path}`") } else { String::new() };
    let help = format!(
        "make it a folder of plain files, or move it out of the way: first `git rm --cached {path}`{remove}"
    );
    Finding::new("not-a-regular-file", Excerpt::whole(entry.path, ""), message, help)
}

fn odd_file(entry: &TreeEntry, why: Option<NotPlain>) -> Option<Finding> {
    let path = word(entry.path.as_str());
    let (what, help) = match (why, entry.kind) {
        (Some(NotPlain::Symlink), _) => (
            "a symbolic link",
            format!(
                "put the content itself there: first `git rm --cached {path}` and `rm -f {path}`, for what is \
                 written while the link is there goes through it; then write and add the file"
            ),
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
