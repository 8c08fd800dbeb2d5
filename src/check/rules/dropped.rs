//! Whether a merge kept what its sides had changed, and what to say where it did not. When a change
//! counts as dropped is for [`super::sides`].

use std::collections::BTreeSet;
use std::ops::ControlFlow::{Break, Continue};

use super::entries::{Entries, Key};
use super::sides::Beside;
use crate::check::Finding;
use crate::check::file::File;
use crate::check::paste::word;
use crate::check::subject::{Merge, Subject};
use crate::tree::TreeError;

/// `side-dropped`: a merge keeps what both sides changed.
pub fn side_dropped(subject: &Subject) -> Result<Vec<Finding>, TreeError> {
    let mut findings = Vec::new();
    for merge in &subject.merges {
        let Some(joined) = Joined::of(subject, merge) else { continue };
        let mut lost = joined.lost();
        joined.forget_what_moved_on(&mut lost, subject, merge)?;
        findings.extend(lost.iter().filter_map(|lost| joined.finding(lost, subject, merge)));
    }
    Ok(findings)
}

/// A merge, taken apart.
struct Joined {
    result: Entries,
    now: Entries,
    parents: Vec<Entries>,
    /// For each parent.
    bases: Vec<Vec<Entries>>,
}

/// What a merge dropped of one of its parents.
struct Lost {
    parent: usize,
    keys: Vec<Key>,
}

impl Joined {
    /// Nothing can be said where a text cannot be read; it is judged by other rules.
    fn of(subject: &Subject, merge: &Merge) -> Option<Joined> {
        let of = |file: &Option<File>| match file {
            Some(file) => entries(subject, file),
            None => Some(Entries::default()),
        };
        let bases = merge.parents.iter().map(|parent| parent.bases.iter().map(of).collect());
        Some(Joined {
            result: entries(subject, &merge.result)?,
            now: entries(subject, subject.after.manifest.as_ref()?)?,
            parents: merge.parents.iter().map(|parent| of(&parent.file)).collect::<Option<_>>()?,
            bases: bases.collect::<Option<_>>()?,
        })
    }

    /// What the result has as it was before one of the parents changed it.
    fn lost(&self) -> Vec<Lost> {
        let of_parent = |(parent, moved): (usize, &Entries)| {
            let others = self.parents.iter().enumerate().filter(|(other, _)| *other != parent);
            let others = others.map(|(_, entries)| entries).collect();
            let beside = Beside { bases: &self.bases[parent], moved, others };
            let keys: BTreeSet<&Key> = moved.entries.keys().chain(self.result.entries.keys()).collect();
            let keys = keys.into_iter().filter(|key| beside.loses(key, &self.result)).cloned();
            Lost { parent, keys: keys.collect() }
        };
        self.parents.iter().enumerate().map(of_parent).collect()
    }

    /// What a later commit brought in, or moved on, is no longer lost; nor is it where yet another
    /// commit undid that.
    fn forget_what_moved_on(
        &self,
        lost: &mut [Lost],
        subject: &Subject,
        merge: &Merge,
    ) -> Result<(), TreeError> {
        let mut forget = |later: &Entries| {
            let stays = |key: &Key| later.value(key) == self.result.value(key);
            for lost in &mut *lost {
                lost.keys.retain(stays);
            }
            lost.iter().all(|lost| lost.keys.is_empty())
        };
        if forget(&self.now) {
            return Ok(());
        }
        let mut seen = BTreeSet::from([merge.result.entry.id.clone()]);
        (merge.commit.later)(&mut |tree| {
            let Some(entry) = tree.entry(&subject.system.manifest)? else { return Ok(Continue(())) };
            if !seen.insert(entry.id.clone()) {
                return Ok(Continue(()));
            }
            let file = File::read(tree, entry, &subject.policy().layout)?;
            let is_done = entries(subject, &file).is_some_and(|later| forget(&later));
            Ok(if is_done { Break(()) } else { Continue(()) })
        })
    }

    fn finding(&self, lost: &Lost, subject: &Subject, merge: &Merge) -> Option<Finding> {
        let (first, moved) = (lost.keys.first()?, &self.parents[lost.parent]);
        let names: Vec<String> = lost.keys.iter().map(ToString::to_string).collect();
        let whose = if lost.parent == 0 { "our" } else { "their" };
        let label = &merge.commit.label;
        let message = format!("{label} drops what {whose} side alone changed: {}", names.join(", "));
        let was = merge.parents[lost.parent].file.as_ref();
        let was = was.map(|file| file.excerpt(moved.place(first, &self.result), "what that side has"));
        let at = self.result.place(first, moved);
        Some(merge.result.finding("side-dropped", at, message, help(subject)).because(was))
    }
}

fn entries(subject: &Subject, file: &File) -> Option<Entries> {
    Some(Entries::of(file.as_read()?, &subject.policy().layout.fields))
}

fn help(subject: &Subject) -> String {
    let path = word(subject.system.manifest.as_str());
    format!(
        "before the commit: `git checkout -m -- {path}` merges both sides again, then `git add {path}`; where git never \
         merged the file (`-s ours`), `git merge --abort` and merge again without that, one branch at a time; after it: bring the \
         dropped change in with a commit of its own; what is to be undone on purpose is undone in a commit of its own \
         after the one that has it"
    )
}
