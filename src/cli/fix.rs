//! What `check --fix` and the hooks do about findings that can be mended without guessing.

use std::collections::BTreeMap;

use crate::check::{Finding, Fix};
use crate::git::{Existing, Repo};
use crate::text::{Edit, apply as apply_edits, escape};
use crate::tree::{ObjectId, RepoPath, Tree};
use crate::yaml::{Document, MAX_BYTES};

use super::failure::Failure;

/// Mends what the findings bring a fix for, in the working tree and the index; one line for each
/// thing done.
pub fn apply(repo: &Repo, findings: &[Finding]) -> Result<Vec<String>, Failure> {
    let fixes: Vec<(&RepoPath, &Fix)> =
        findings.iter().filter_map(|finding| Some((&finding.at.path, finding.fix.as_ref()?))).collect();
    let mut done = Vec::new();
    let archives = fixes.iter().filter_map(|(_, fix)| match fix {
        Fix::Archive { path, blob } => Some((path.clone(), blob.clone())),
        Fix::Edit(_) | Fix::Restore { .. } => None,
    });
    for path in write(repo, archives, Existing::Refuse)? {
        done.push(format!("wrote and staged {}", escape(path.as_str())));
    }
    let restored = fixes.iter().filter_map(|(_, fix)| match fix {
        Fix::Restore { path, blob } => Some((path.clone(), blob.clone())),
        Fix::Edit(_) | Fix::Archive { .. } => None,
    });
    for path in write(repo, restored, Existing::Replace)? {
        done.push(format!("put back and staged {}", escape(path.as_str())));
    }
    for (path, edits) in edits(&fixes) {
        if edit(repo, path, edits)? {
            done.push(format!("edited {}", escape(path.as_str())));
        }
    }
    Ok(done)
}

/// Writes former states under the names of their archives, into the working tree and the index:
/// all of them or none. Gives their paths.
pub fn write_archives(
    repo: &Repo,
    archives: impl Iterator<Item = (RepoPath, ObjectId)>,
) -> Result<Vec<RepoPath>, Failure> {
    write(repo, archives, Existing::Refuse)
}

fn write(
    repo: &Repo,
    files: impl Iterator<Item = (RepoPath, ObjectId)>,
    existing: Existing,
) -> Result<Vec<RepoPath>, Failure> {
    let files = files
        .map(|(path, blob)| Ok((path, whole_blob(repo, &blob)?)))
        .collect::<Result<Vec<_>, Failure>>()?;
    if !files.is_empty() {
        repo.stage(&files, existing)?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

/// A history file is never cut short: what is larger than any manifest can be is left alone.
fn whole_blob(repo: &Repo, blob: &ObjectId) -> Result<Vec<u8>, Failure> {
    let bytes = repo.blob(blob, MOST_BYTES)?;
    if bytes.len() > MOST_BYTES {
        return Err(Failure::new(format!("could not write the state {}", blob.short()))
            .because(format!("it is larger than {} MiB", MOST_BYTES >> 20))
            .help(format!("write it by hand: `git cat-file blob {blob}`")));
    }
    Ok(bytes)
}

const MOST_BYTES: usize = 16 << 20;

fn edits<'f>(fixes: &[(&'f RepoPath, &'f Fix)]) -> BTreeMap<&'f RepoPath, Vec<Edit>> {
    let mut edits: BTreeMap<&RepoPath, Vec<Edit>> = BTreeMap::new();
    for (path, fix) in fixes {
        if let Fix::Edit(wanted) = fix {
            edits.entry(path).or_default().extend(wanted.iter().cloned());
        }
    }
    edits
}

/// Edits a file of the working tree; whether anything changed. Where the index had the file as it
/// was, it gets the file as it is: what was staged stays staged, what was not stays so.
fn edit(repo: &Repo, path: &RepoPath, edits: Vec<Edit>) -> Result<bool, Failure> {
    let attempt = || Failure::new(format!("could not edit {path}"));
    let tree = repo.worktree()?;
    let entry = tree.entry(path)?.ok_or_else(|| attempt().because("it is not in the working tree"))?;
    let before =
        String::from_utf8(tree.read(&entry, MAX_BYTES)?).map_err(|error| attempt().because(error))?;
    let after = apply_edits(&before, &without_repeats(edits)).ok_or_else(|| {
        attempt().because("two findings want to change the same bytes").help("mend one by hand")
    })?;
    Document::parse(after.as_str())
        .map_err(|fault| attempt().because(format!("the result would not be YAML: {}", fault.message)))?;
    let staged = repo.index_tree()?.entry(path)?.is_some_and(|staged| staged.id == entry.id);
    if staged {
        repo.stage(&[(path.clone(), after.clone().into_bytes())], Existing::Replace)?;
    } else {
        let top = repo.work_dir().ok_or_else(|| attempt().because("the repository has no working tree"))?;
        crate::git::replace_file(&top.join(path.as_str()), after.as_bytes())?;
    }
    Ok(after != before)
}

/// Two findings about one scalar may bring the same edit.
fn without_repeats(edits: Vec<Edit>) -> Vec<Edit> {
    let mut kept: Vec<Edit> = Vec::new();
    for edit in edits {
        if !kept.contains(&edit) {
            kept.push(edit);
        }
    }
    kept
}
