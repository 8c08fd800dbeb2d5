//! What `check --fix` and the hooks do about findings that can be mended without guessing.

use std::collections::BTreeMap;

use crate::check::{Finding, Fix};
use crate::git::{Existing, FileWrite, IndexGets, Repo};
use crate::text::{Edit, Source, apply as apply_edits, escape, shell_word};
use crate::tree::{ObjectId, RepoPath, Tree};
use crate::yaml::{Document, MAX_BYTES};

use super::failure::Failure;

/// Where the files are that the findings are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// In the index.
    Index,
    /// In the working tree.
    WorkTree,
}

/// Mends what the findings bring a fix for, in the working tree and the index: all of it or
/// nothing. One line for each thing done.
///
/// What was judged is what is mended. Where the index was, the working tree follows; it must not
/// hold something else, for then neither of the two could be what the user meant.
pub fn apply(repo: &Repo, judged: Judged, findings: &[Finding]) -> Result<Vec<String>, Failure> {
    let mut writes: BTreeMap<RepoPath, (&str, FileWrite)> = BTreeMap::new();
    let mut edited: BTreeMap<&RepoPath, Edited<'_>> = BTreeMap::new();
    for finding in findings {
        match &finding.fix {
            Some(Fix::Archive { path, blob }) => {
                let write = FileWrite::staged(path.clone(), whole_blob(repo, blob)?, Existing::Refuse);
                writes.insert(path.clone(), ("wrote and staged", write));
            }
            Some(Fix::Restore { path, blob }) => {
                let is_back = || Ok::<_, Failure>(id_in(&repo.worktree()?, path)?.as_ref() == Some(blob));
                if judged == Judged::Index && !is_back()? {
                    refuse_unstaged(repo, path)?;
                }
                let write = FileWrite::staged(path.clone(), whole_blob(repo, blob)?, Existing::Replace);
                writes.insert(path.clone(), ("put back and staged", write));
            }
            Some(Fix::Edit(edits)) => {
                let edited = edited.entry(&finding.at.path).or_default();
                edited.source = finding.at.source.as_ref();
                // Two findings about one scalar may bring the same edit.
                for edit in edits {
                    if !edited.edits.contains(edit) {
                        edited.edits.push(edit.clone());
                    }
                }
            }
            None => {}
        }
    }
    for (path, edited) in edited {
        // What is put back as it was is not edited as well.
        if !writes.contains_key(path) {
            writes.insert(path.clone(), ("edited", edit(repo, judged, path, &edited)?));
        }
    }
    let done = writes.iter().map(|(path, (what, _))| format!("{what} {}", escape(path.as_str()))).collect();
    let writes: Vec<FileWrite> = writes.into_values().map(|(_, write)| write).collect();
    if !writes.is_empty() {
        repo.write(&writes)?;
    }
    Ok(done)
}

/// Writes former states under the names of their archives, into the working tree and the index:
/// all of them or none. Gives their paths.
pub fn write_archives(
    repo: &Repo,
    archives: impl Iterator<Item = (RepoPath, ObjectId)>,
) -> Result<Vec<RepoPath>, Failure> {
    let files = archives
        .map(|(path, blob)| Ok((path, whole_blob(repo, &blob)?)))
        .collect::<Result<Vec<_>, Failure>>()?;
    if !files.is_empty() {
        repo.stage(&files, &Existing::Refuse)?;
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

/// What the findings about one file want to change.
#[derive(Default)]
struct Edited<'f> {
    /// The text that was judged.
    source: Option<&'f Source>,
    edits: Vec<Edit>,
}

/// The edited file. What was staged as it was stays staged, what was not stays so.
fn edit(repo: &Repo, judged: Judged, path: &RepoPath, edited: &Edited<'_>) -> Result<FileWrite, Failure> {
    let attempt = || Failure::new(format!("could not edit {path}"));
    let meanwhile = || attempt().because("it has changed meanwhile").help("run it again");
    let index = match judged {
        Judged::Index => {
            refuse_unstaged(repo, path)?;
            IndexGets::TheSame
        }
        Judged::WorkTree if is_staged(repo, path)? => IndexGets::TheSame,
        Judged::WorkTree => IndexGets::Nothing,
    };
    let tree = repo.worktree()?;
    let entry = tree.entry(path)?.ok_or_else(meanwhile)?;
    let before = String::from_utf8(tree.read(&entry, MAX_BYTES)?).map_err(|_| meanwhile())?;
    if edited.source.is_none_or(|source| *source.text != *before) {
        return Err(meanwhile());
    }
    let after = apply_edits(&before, &edited.edits).ok_or_else(|| {
        attempt().because("two findings want to change the same bytes").help("mend one by hand")
    })?;
    Document::parse(after.as_str())
        .map_err(|fault| attempt().because(format!("the result would not be YAML: {}", fault.message)))?;
    Ok(repo.replacing(path, before.as_bytes(), after.into_bytes(), index)?)
}

/// Whether index and working tree have the same at this path.
fn is_staged(repo: &Repo, path: &RepoPath) -> Result<bool, Failure> {
    Ok(id_in(&repo.index_tree()?, path)? == id_in(&repo.worktree()?, path)?)
}

fn id_in(tree: &dyn Tree, path: &RepoPath) -> Result<Option<ObjectId>, Failure> {
    Ok(tree.entry(path)?.map(|entry| entry.id))
}

fn refuse_unstaged(repo: &Repo, path: &RepoPath) -> Result<(), Failure> {
    if is_staged(repo, path)? {
        return Ok(());
    }
    let word = shell_word(path.as_str());
    Err(Failure::new(format!("could not mend {path} in the index"))
        .because("the working tree has something else there, and would undo it")
        .help(format!(
            "stage that too: `git add {word}`, or put it aside: `git stash --keep-index`; then run it again"
        )))
}
