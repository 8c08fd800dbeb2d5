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
    let mut done = Vec::new();
    let mut edits: BTreeMap<&RepoPath, Vec<Edit>> = BTreeMap::new();
    for finding in findings {
        match &finding.fix {
            Some(Fix::Edit(wanted)) => {
                edits.entry(&finding.at.path).or_default().extend(wanted.iter().cloned());
            }
            Some(Fix::Archive { path, blob }) => {
                write_archive(repo, path, blob)?;
                done.push(format!("wrote and staged {}", escape(path.as_str())));
            }
            Some(Fix::Restore { path, blob }) => {
                let bytes = repo.blob(blob, MAX_BYTES)?;
                repo.stage(&[(path.clone(), bytes)], Existing::Replace)?;
                done.push(format!("put back and staged {}", escape(path.as_str())));
            }
            None => {}
        }
    }
    for (path, edits) in edits {
        if edit(repo, path, edits)? {
            done.push(format!("edited {}", escape(path.as_str())));
        }
    }
    Ok(done)
}

/// Writes a former state under its archive's name, into the working tree and the index.
pub fn write_archive(repo: &Repo, path: &RepoPath, blob: &ObjectId) -> Result<(), Failure> {
    let bytes = repo.blob(blob, MAX_BYTES)?;
    Ok(repo.stage(&[(path.clone(), bytes)], Existing::Refuse)?)
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
