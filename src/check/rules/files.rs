//! Whether what stands at a path is a plain file, on every file system.

use std::collections::{HashMap, HashSet};

use unicode_normalization::UnicodeNormalization as _;

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

/// `path-twin`: no two paths are one on another file system.
pub fn path_twin(input: &Input) -> Result<Vec<Finding>, TreeError> {
    let mut found = Vec::new();
    for folder in release_folders(input)? {
        found.extend(twins(input, &folder)?);
    }
    Ok(found)
}

/// The folders that hold manifests and histories. Of a manifest at the top of the repository only
/// its history is ours to judge.
fn release_folders(input: &Input) -> Result<Vec<RepoPath>, TreeError> {
    let (before_system, _) = input.policies.manifest().value.split_once("{system}").unwrap_or_default();
    let common = before_system.trim_end_matches('/');
    if !common.is_empty() {
        return Ok(vec![RepoPath::new(common)]);
    }
    let systems = input.policies.systems(input.after)?;
    Ok(systems.into_iter().map(|system| system.manifest.folder().unwrap_or(system.history)).collect())
}

fn twins(input: &Input, folder: &RepoPath) -> Result<Vec<Finding>, TreeError> {
    let is_old = |path: &RepoPath| match input.before {
        Some(before) => before.entry(path).map(|entry| entry.is_some()),
        None => Ok(false),
    };
    let mut seen: HashMap<String, RepoPath> = HashMap::new();
    let mut reported = HashSet::new();
    let mut found = Vec::new();
    let mut last_folder = None;
    let files = input.after.files_below(folder)?;
    let paths = files.into_iter().flat_map(|entry| {
        let of_file = entry.path.folder();
        let is_known = last_folder == of_file;
        last_folder = of_file;
        // The folders of neighbours are the same, and need to be looked at once.
        if is_known { vec![entry.path] } else { with_folders(entry.path, folder) }
    });
    for path in paths {
        let key = fold(path.as_str());
        match seen.get(&key) {
            Some(other) if *other != path => {
                if reported.insert(path.clone()) {
                    // The one that base has cannot go, so the other is the one to name.
                    let (new, old) =
                        if is_old(&path)? { (other.clone(), path) } else { (path, other.clone()) };
                    found.push(twin(new, old));
                }
            }
            Some(_) => {}
            None => {
                seen.insert(key, path);
            }
        }
    }
    Ok(found)
}

/// A path and the folders it lies in, as far as they lie below `top`.
fn with_folders(path: RepoPath, top: &RepoPath) -> Vec<RepoPath> {
    let mut paths = vec![path];
    while let Some(folder) = paths.last().and_then(RepoPath::folder).filter(|folder| folder.is_below(top)) {
        paths.push(folder);
    }
    paths.reverse();
    paths
}

/// What a file system that ignores case and the composition of characters takes a name for.
fn fold(path: &str) -> String {
    if path.is_ascii() {
        return path.to_ascii_lowercase();
    }
    let cased: String = path.nfd().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect();
    cased.nfc().collect()
}

fn twin(new: RepoPath, old: RepoPath) -> Finding {
    let message =
        format!("`{new}` and `{old}` are one path to file systems that ignore case or accents' encoding");
    let help = format!("give one of them another name: `git mv {} NEW-NAME`", word(new.as_str()));
    let other = Excerpt::whole(old, "the other one");
    Finding::new("path-twin", Excerpt::whole(new, ""), message, help).because([other])
}

/// `path-twin`, for `current.yml` beside `current.yaml`.
pub fn other_ending(subject: &Subject) -> Result<Vec<Finding>, TreeError> {
    let manifest = &subject.system.manifest;
    let path = manifest.as_str();
    let other = match (path.strip_suffix(".yaml"), path.strip_suffix(".yml")) {
        (Some(stem), _) => format!("{stem}.yml"),
        (None, Some(stem)) => format!("{stem}.yaml"),
        (None, None) => return Ok(Vec::new()),
    };
    let Some(entry) = subject.input.after.entry(&RepoPath::new(other))? else { return Ok(Vec::new()) };
    if subject.after.manifest.is_none() {
        return Ok(Vec::new());
    }
    let message = format!("`{}` stands beside the manifest `{manifest}`", entry.path);
    let help = format!("keep the manifest and delete the other: `git rm {}`", word(entry.path.as_str()));
    Ok(vec![Finding::new("path-twin", Excerpt::whole(entry.path, ""), message, help)])
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn case_and_composition_do_not_count() {
        for (one, two) in [
            ("A/b", "a/B"),
            ("h/\u{e9}.yaml", "h/e\u{301}.yaml"),
            ("h/\u{c9}", "h/e\u{301}"),
            ("STRASSE", "straße"),
        ] {
            assert_eq!(fold(one), fold(two));
        }
        assert_ne!(fold("a"), fold("b"));
        assert_ne!(fold("é"), fold("e"));
    }
}
