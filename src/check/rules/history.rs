//! Whether every former state is kept, and kept as it was.

use std::collections::{HashMap, HashSet};

use crate::bom::ArchiveName;
use crate::check::file::File;
use crate::check::paste::{checkout, word};
use crate::check::subject::Subject;
use crate::check::{Excerpt, Finding, Fix, Scope, Standing};
use crate::tree::{Kind, ObjectId, RepoPath, TreeEntry, TreeError};

/// The most bytes of an archive whose hash is compared with its name; more than a manifest can have.
const MAX_ARCHIVE: usize = 64 << 20;

/// `manifest-missing`: the manifest stays.
pub fn manifest_missing(subject: &Subject) -> Vec<Finding> {
    let before = subject.before.as_ref().and_then(|side| side.manifest.as_ref());
    let (Some(before), None) = (before, &subject.after.manifest) else { return Vec::new() };
    let path = &before.entry.path;
    let message = format!("the manifest `{path}` is gone");
    let setting = "rules: {manifest-missing: warning}";
    let (what, setting) = match &subject.system.name {
        Some(name) => (format!("system `{name}`"), format!("systems: {{{name}: {{{setting}}}}}")),
        None => ("it for good".to_owned(), setting.to_owned()),
    };
    let help = format!(
        "put it back: {}; to retire {what}, allow that first in `.sysbom.yaml`, in a change of its own: `{setting}`; \
         its history stays",
        checkout(subject.input.before_name, path.as_str())
    );
    vec![Finding::new("manifest-missing", Excerpt::whole(path.clone(), ""), message, help)]
}

/// `archive-missing`: every former state is archived.
pub fn archive_missing(subject: &Subject) -> Result<Vec<Finding>, TreeError> {
    let mut found = present_state_missing(subject)?;
    if subject.input.scope == Scope::WholeHistory {
        found.extend(earlier_states_missing(subject)?);
    }
    Ok(found)
}

/// States that were lost before this update: pushed past the hooks, or merged by a forge.
fn earlier_states_missing(subject: &Subject) -> Result<Vec<Finding>, TreeError> {
    let after = &subject.after;
    let files = after.manifest.iter().map(|file| &file.entry).chain(&after.history);
    let held = files.filter(|entry| is_regular(entry)).map(|entry| &entry.id);
    let kept: HashSet<ObjectId> = held.chain(subject.state_before()).cloned().collect();
    let lost = (subject.input.lost_states)(&subject.system, &kept)?;
    let manifest = &subject.system.manifest;
    let finding = |(path, blob): (RepoPath, ObjectId)| {
        let message = format!("a state that `{manifest}` had on base is in no file: `{path}` is missing");
        let help = "`sysbom archive --backfill` writes and stages it; then commit it".to_owned();
        Finding::new("archive-missing", Excerpt::whole(manifest.clone(), ""), message, help)
            .fixed_by(Some(Fix::Archive { path, blob }))
    };
    Ok(lost.into_iter().map(finding).collect())
}

fn present_state_missing(subject: &Subject) -> Result<Vec<Finding>, TreeError> {
    let Some(state) = subject.state_before() else { return Ok(Vec::new()) };
    let after = &subject.after;
    let stays = after.manifest.as_ref().is_some_and(|now| now.entry.id == *state && is_regular(&now.entry));
    let is_archived = after.history.iter().any(|entry| entry.id == *state && is_regular(entry));
    if stays || is_archived {
        return Ok(Vec::new());
    }
    let path = (subject.input.archive_path)(&subject.system, state)?;
    let manifest = &subject.system.manifest;
    let before = subject.input.before_name;
    let message = format!(
        "the state that `{manifest}` has on {before} is in no file below `{}`",
        subject.system.history
    );
    let help = archive_help(subject, path.as_ref());
    let fix = path.map(|path| Fix::Archive { path, blob: state.clone() });
    let at = Excerpt::whole(manifest.clone(), "");
    Ok(vec![Finding::new("archive-missing", at, message, help).fixed_by(fix)])
}

/// How the archive comes to be. `sysbom archive` looks at what the clone has checked out: a branch
/// that is behind has to be brought up to date before it has anything to archive.
fn archive_help(subject: &Subject, path: Option<&RepoPath>) -> String {
    let name = path.map(|path| format!(" as `{path}`")).unwrap_or_default();
    let archive = format!("`sysbom archive` writes and stages it{name}; then commit it");
    let base = branch_name(subject.input.before_name);
    let update = format!("`git fetch` and `git merge {}`, or `sysbom update-branch`", word(base));
    match subject.input.standing {
        Standing::Uncommitted => {
            format!("{archive}; the pre-commit hook does so by itself where `sysbom install` was run")
        }
        Standing::Committed => {
            format!("if the branch is behind, bring it up to date first: {update}; then {archive}")
        }
        Standing::Behind => {
            format!("bring the branch up to date first: {update}; where it is missing then, {archive}")
        }
        Standing::Published => {
            format!("`sysbom archive --backfill` writes and stages it{name}; then commit it")
        }
    }
}

/// What can be merged by its name in any clone; `HEAD^1` of a forge's merge, or an id, says
/// nothing elsewhere.
fn branch_name(name: &str) -> &str {
    let is_id = name.len() >= 7 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_id || name.starts_with("HEAD") || name.contains(['^', '~']) { "BASE" } else { name }
}

fn is_regular(entry: &TreeEntry) -> bool {
    matches!(entry.kind, Kind::File | Kind::Executable)
}

/// `history-rewritten`: history only grows.
pub fn history_rewritten(subject: &Subject) -> Vec<Finding> {
    let Some(before) = &subject.before else { return Vec::new() };
    let mut added = Added::new();
    for entry in subject.after.history.iter().filter(|entry| before.history_entry(&entry.path).is_none()) {
        added.entry(&entry.id).or_insert(&entry.path);
    }
    before.history.iter().filter_map(|old| rewritten(subject, &added, old)).collect()
}

/// Where what base does not have stands, by content.
type Added<'s> = HashMap<&'s ObjectId, &'s RepoPath>;

fn rewritten(subject: &Subject, added: &Added<'_>, old: &TreeEntry) -> Option<Finding> {
    let path = &old.path;
    let now = subject.after.history_entry(path);
    let what = match now {
        Some(now) if now.id == old.id && now.kind == old.kind => return None,
        Some(now) if now.id == old.id => {
            format!(
                "history file `{path}` has changed from {} to {}",
                kind_name(old.kind),
                kind_name(now.kind)
            )
        }
        Some(_) => format!("history file `{path}` is changed"),
        None => match added.get(&old.id) {
            Some(new) => format!("history file `{path}` is renamed to `{new}`"),
            None => format!("history file `{path}` is deleted"),
        },
    };
    let checkout = checkout(subject.input.before_name, path.as_str());
    let mut help = format!("`sysbom check --fix` or {checkout} puts it back");
    if now.is_none() && is_revert(subject, old) {
        help.push_str(
            "; this looks like the revert of a release, which deletes the archive that the release added: \
             to go back, release the former state again with `sysbom rollback`",
        );
    }
    // What is put back is a plain file; a link or an executable is mended by hand.
    let fix = (old.kind == Kind::File).then(|| Fix::Restore { path: path.clone(), blob: old.id.clone() });
    Some(Finding::new("history-rewritten", Excerpt::whole(path.clone(), ""), what, help).fixed_by(fix))
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::File => "a plain file",
        Kind::Executable => "an executable",
        Kind::Symlink => "a symbolic link",
        Kind::Submodule => "a submodule",
        Kind::Folder => "a folder",
    }
}

/// Undoing a release brings the state back that the release archived, and deletes that archive.
fn is_revert(subject: &Subject, old: &TreeEntry) -> bool {
    subject.after.manifest.as_ref().is_some_and(|now| now.entry.id == old.id)
}

/// `archive-differs`: an archive's name is the hash of its bytes.
pub fn archive_differs(subject: &Subject) -> Result<Vec<Finding>, TreeError> {
    let mut found = Vec::new();
    for new in &subject.new_history {
        let Some(name) = ArchiveName::parse(new.file.entry.path.name()) else { continue };
        if !is_regular(&new.file.entry) {
            continue;
        }
        let bytes = subject.input.after.read(&new.file.entry, MAX_ARCHIVE)?;
        if !name.fits(&bytes) {
            found.push(differs(subject, &new.file, &name));
        }
    }
    Ok(found)
}

fn differs(subject: &Subject, file: &File, name: &ArchiveName) -> Finding {
    let path = &file.entry.path;
    let message =
        format!("the SHA-256 of archive `{path}` does not begin with `{}`, as its name says", name.hash12());
    let on_base = subject.before.as_ref().and_then(|before| before.history_entry(path));
    let help = match on_base {
        Some(old) if old.id == file.entry.id => "base has it like this, and history only grows: leave it; \
             `sysbom archive --backfill` writes the states that are in no file"
            .to_owned(),
        Some(_) => format!(
            "`sysbom check --fix` or {} puts it back as it was",
            checkout(subject.input.before_name, path.as_str())
        ),
        None => format!(
            "delete it with `git rm -f {}`, and let `sysbom archive` write the archive; \
             if line endings were converted, `releases/**/history/** -text` belongs into `.gitattributes`",
            word(path.as_str())
        ),
    };
    Finding::new("archive-differs", Excerpt::whole(path.clone(), ""), message, help)
}
