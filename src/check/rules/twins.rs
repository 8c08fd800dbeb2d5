//! Whether every path that sysbom guards is one path on every file system.

use std::collections::{HashMap, HashSet};

use unicode_normalization::UnicodeNormalization as _;

use crate::check::paste::word;
use crate::check::subject::Subject;
use crate::check::{Excerpt, Finding, Input};
use crate::policy::POLICY_PATH;
use crate::tree::{RepoPath, TreeError};

/// `path-twin`: no two paths are one on another file system.
pub fn path_twin(input: &Input) -> Result<Vec<Finding>, TreeError> {
    let mut pairs = twins_of_guarded(input)?;
    for folder in release_folders(input)? {
        pairs.extend(twins(input, &folder)?);
    }
    let mut seen = HashSet::new();
    pairs.retain(|pair| seen.insert(pair.clone()));
    Ok(pairs.into_iter().map(|Twins { new, old }| twin(new, old)).collect())
}

/// Two paths that are one to some file systems.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Twins {
    /// The one to name, which base does not have.
    new: RepoPath,
    old: RepoPath,
}

/// What takes the place of a guarded path, or of a folder on the way to it, where case does not
/// count; whether the guarded path itself exists or not.
fn twins_of_guarded(input: &Input) -> Result<Vec<Twins>, TreeError> {
    let mut guarded = HashSet::from([RepoPath::new(POLICY_PATH)]);
    for system in input.policies.systems(input.after)? {
        if input.after.entry(&system.manifest)?.is_some() {
            guarded.extend([system.manifest, system.history, system.outcomes, system.holds]);
        }
    }
    let with_parents = |path: RepoPath| std::iter::successors(Some(path), RepoPath::folder);
    let mut guarded: Vec<RepoPath> = guarded.into_iter().flat_map(with_parents).collect();
    guarded.sort();
    guarded.dedup();
    let mut listed: HashMap<RepoPath, HashMap<String, Vec<RepoPath>>> = HashMap::new();
    let mut found = Vec::new();
    for path in guarded {
        let folder = path.folder().unwrap_or_else(|| RepoPath::new(""));
        if !listed.contains_key(&folder) {
            let mut by_name: HashMap<String, Vec<RepoPath>> = HashMap::new();
            for path in input.after.paths_in(&folder)? {
                by_name.entry(fold(path.name())).or_default().push(path);
            }
            listed.insert(folder.clone(), by_name);
        }
        let alike = listed[&folder].get(&fold(path.name())).into_iter().flatten();
        let others = alike.filter(|other| **other != path);
        found.extend(others.map(|other| Twins { new: other.clone(), old: path.clone() }));
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

fn twins(input: &Input, folder: &RepoPath) -> Result<Vec<Twins>, TreeError> {
    let is_old = |path: &RepoPath| match input.before {
        Some(before) => before.entry(path).map(|entry| entry.is_some()),
        None => Ok(false),
    };
    let mut seen: HashMap<String, RepoPath> = HashMap::new();
    let mut reported = HashSet::new();
    let mut found = Vec::new();
    let mut climbed = HashSet::new();
    let files = input.after.files_below(folder)?;
    let paths = files.into_iter().flat_map(|entry| with_folders(entry.path, folder, &mut climbed));
    for path in paths {
        let key = fold(path.as_str());
        match seen.get(&key) {
            Some(other) if *other != path => {
                if reported.insert(path.clone()) {
                    // The one that base has cannot go, so the other is the one to name.
                    let (new, old) =
                        if is_old(&path)? { (other.clone(), path) } else { (path, other.clone()) };
                    found.push(Twins { new, old });
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

/// A path, behind the folders it lies in as far as they lie below `top` and have not been met before.
fn with_folders(path: RepoPath, top: &RepoPath, met: &mut HashSet<RepoPath>) -> Vec<RepoPath> {
    let mut paths = vec![path];
    while let Some(folder) = paths.last().and_then(RepoPath::folder).filter(|folder| folder.is_below(top)) {
        if !met.insert(folder.clone()) {
            break;
        }
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
