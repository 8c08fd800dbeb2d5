//! Whether a snapshot is found by its id, and the id by nothing else.

use std::collections::HashMap;
use std::str::FromStr;

use super::data::{Hash, hashes};
use crate::bom::{Field, Manifest, Pin, SnapshotId};
use crate::check::file::{File, Read};
use crate::check::subject::{Role, Subject, is_yaml};
use crate::check::{Excerpt, Finding};
use crate::tree::{Kind, ObjectId, TreeEntry, TreeError};
use crate::yaml::Path;

/// `snapshot-id`: a snapshot's id is its file name and its own.
pub fn snapshot_id(subject: &Subject) -> Result<Vec<Finding>, TreeError> {
    let mut found = Vec::new();
    let taken = taken(subject);
    for new in &subject.new_history {
        if let (Role::Snapshot, Some(read)) = (new.role, new.file.as_read()) {
            found.extend(of_snapshot(subject, &taken, &new.file, read));
            found.extend(no_commit(&new.file, read));
        }
    }
    let manifest = subject.after.manifest.as_ref();
    if let Some((file, read)) = manifest.and_then(|file| Some((file, file.as_read()?))) {
        found.extend(of_manifest(subject, file, read)?);
    }
    Ok(found)
}

/// The files of history by the id that their name says.
type Taken<'s> = HashMap<&'s str, Vec<&'s TreeEntry>>;

fn taken<'s>(subject: &'s Subject) -> Taken<'s> {
    let mut taken = Taken::new();
    for entry in subject.after.history.iter().filter(|entry| is_yaml(&entry.path)) {
        let same: &mut Vec<&TreeEntry> = taken.entry(stem(entry.path.name())).or_default();
        // Two that differ tell all there is to tell.
        if same.iter().all(|other| other.id != entry.id) && same.len() < 2 {
            same.push(entry);
        }
    }
    taken
}

fn of_snapshot(subject: &Subject, taken: &Taken<'_>, file: &File, read: &Read) -> Option<Finding> {
    let name = file.entry.path.name();
    let stem = stem(name);
    let Some(id) = &read.manifest.snapshot_id else {
        let message =
            format!("`{}` is neither an archive nor a snapshot: it has no `snapshotId`", file.entry.path);
        let help = format!("add `snapshotId: {stem}`, or move the file out of `{}`", subject.system.history);
        return Some(Finding::new("snapshot-id", Excerpt::whole(file.entry.path.clone(), ""), message, help));
    };
    if let Some(finding) = unsafe_id(file, id) {
        return Some(finding);
    }
    if id.text != stem {
        let message = format!("`snapshotId` is `{}`, and the file is called `{name}`", id.text);
        let help = format!("write `snapshotId: {stem}`, or call the file `{}.yaml`", id.text);
        return Some(file.finding("snapshot-id", id.span, message, help));
    }
    let other = taken.get(stem)?.iter().find(|other| other.id != file.entry.id)?;
    let message = format!("the id `{}` is taken by `{}`", id.text, other.path);
    Some(file.finding(
        "snapshot-id",
        id.span,
        message,
        "choose an id of its own, for file and `snapshotId`".to_owned(),
    ))
}

/// The commit that a snapshot says it was made on is given to git when it is brought back.
fn no_commit(file: &File, read: &Read) -> Option<Finding> {
    let document = &read.document;
    let node = document.at(&Path::of_keys(["sysbom", "base", "commit"]))?;
    let commit = document.scalar(node).unwrap_or_default();
    if ObjectId::is_whole(commit) {
        return None;
    }
    let message = format!("the snapshot's `commit` is `{commit}`, no commit");
    let help = "write all of its 40 or 64 hex digits, as `git rev-parse` prints them".to_owned();
    Some(file.finding("snapshot-id", document.node(node).span, message, help))
}

/// A file's name without its ending.
fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Whether this is the YAML of a snapshot with this id, by its name.
fn is_called(entry: &TreeEntry, id: &str) -> bool {
    is_yaml(&entry.path) && stem(entry.path.name()) == id
}

fn unsafe_id(file: &File, id: &Field) -> Option<Finding> {
    let fault = SnapshotId::from_str(&id.text).err()?;
    let message = format!("`snapshotId` is not safe as a file name: {}", fault.message);
    let help =
        "use letters, digits, `.`, `_` and `-`, at most 100, beginning with a letter or digit".to_owned();
    Some(file.finding("snapshot-id", id.span, message, help))
}

/// A manifest may carry the id of what it deploys: then the same id means the same content.
fn of_manifest(subject: &Subject, file: &File, read: &Read) -> Result<Option<Finding>, TreeError> {
    let Some(id) = &read.manifest.snapshot_id else { return Ok(None) };
    if let Some(finding) = unsafe_id(file, id) {
        return Ok(Some(finding));
    }
    let reused = |other: &File| {
        let other_read = other.as_read()?;
        let other_id = other_read.manifest.snapshot_id.as_ref().filter(|other| other.text == id.text)?;
        if says(other_read) == says(read) {
            return None;
        }
        let message = format!("`snapshotId` `{}` is used for other content already", id.text);
        let help = "give the new content an id of its own".to_owned();
        let taken = other.excerpt(other_id.span, "the other content");
        Some(file.finding("snapshot-id", id.span, message, help).because([taken]))
    };
    let before = subject.both().and_then(|[(before, _), _]| reused(before));
    if before.is_some() {
        return Ok(before);
    }
    let snapshots = subject.after.history.iter().filter(|entry| is_called(entry, &id.text));
    for entry in snapshots.filter(|entry| entry.kind == Kind::File) {
        let snapshot = File::read(subject.input.after, entry.clone(), &subject.policy().layout)?;
        if let Some(finding) = reused(&snapshot) {
            return Ok(Some(finding));
        }
    }
    Ok(None)
}

/// What an id stands for: the pins and the experiment.
fn says(read: &Read) -> (Vec<(&str, Pin)>, Option<Hash>) {
    let Manifest { components, experiment, .. } = &read.manifest;
    let mut pins: Vec<_> =
        components.iter().map(|component| (component.name.as_str(), component.pin())).collect();
    pins.sort();
    (pins, experiment.and_then(|experiment| hashes(&read.document).remove(&experiment)))
}
