//! Whether a merge kept what one side alone had changed. Judged by data, entry by entry: what else
//! the result holds, and how it is written, does not count.

use std::collections::BTreeSet;

use super::entries::{Entries, Holder, Key};
use crate::check::Finding;
use crate::check::file::File;
use crate::check::paste::word;
use crate::check::subject::{Merge, Subject};

/// `side-dropped`: a merge keeps what both sides changed.
pub fn side_dropped(subject: &Subject) -> Vec<Finding> {
    subject.merges.iter().filter_map(|merge| dropped(subject, merge)).flatten().collect()
}

/// What was dropped of each side. Nothing can be said where a text cannot be read; it is judged by
/// other rules.
fn dropped(subject: &Subject, merge: &Merge) -> Option<Vec<Finding>> {
    let [ours, theirs] = merge.parents.as_slice() else { return None };
    let [ours, theirs] = [ours.as_ref()?, theirs.as_ref()?];
    let entries = |file: &File| Some(Entries::of(file.as_read()?, &subject.policy().layout.fields));
    let bases = merge.bases.iter().map(|base| base.as_ref().map_or(Some(Entries::default()), entries));
    let bases = bases.collect::<Option<Vec<_>>>()?;
    let (result, now) = (entries(&merge.result)?, entries(subject.after.manifest.as_ref()?)?);
    let [our_entries, their_entries] = [entries(ours)?, entries(theirs)?];
    let directions =
        [("their", theirs, &their_entries, &our_entries), ("our", ours, &our_entries, &their_entries)];
    let findings = directions.into_iter().filter_map(|(whose, file, moved, kept)| {
        let is_lost = |key: &&Key| {
            bases.iter().all(|base| Sides { base, moved, kept }.loses(key, &result))
                // What a later commit brought in is no longer lost.
                && now.value(key) == result.value(key)
        };
        let keys: BTreeSet<&Key> = moved.entries.keys().chain(result.entries.keys()).collect();
        let lost: Vec<&Key> = keys.into_iter().filter(is_lost).collect();
        let first = lost.first()?;
        let names: Vec<String> = lost.iter().map(ToString::to_string).collect();
        let message = format!("{} drops what {whose} side alone changed: {}", merge.label, names.join(", "));
        let was = file.excerpt(moved.place(first, &result), "what that side has");
        let at = result.place(first, moved);
        Some(merge.result.finding("side-dropped", at, message, help(subject)).because([was]))
    });
    Some(findings.collect())
}

fn help(subject: &Subject) -> String {
    let path = word(subject.system.manifest.as_str());
    format!(
        "before the commit: `git checkout -m -- {path}` merges both sides again, then `git add {path}`; after it: \
         bring the dropped change in with a commit of its own; what is to be undone on purpose is undone in a commit of \
         its own after the merge that takes it"
    )
}

/// Two sides of a merge, of which one moved an entry and the other kept it, and a base of them.
struct Sides<'e> {
    base: &'e Entries,
    moved: &'e Entries,
    kept: &'e Entries,
}

impl Sides<'_> {
    /// Whether one side alone moved this entry, and the result has it as it was before.
    fn loses(&self, key: &Key, result: &Entries) -> bool {
        let was = self.base.value(key);
        self.kept.value(key) == was
            && result.value(key) == was
            && self.moved.value(key) != was
            && !self.conflicts_around(key)
            && !self.conflicts_beside(key)
    }

    /// Whether something that holds the entry came, went or became of another kind on one side and
    /// changed on the other: then people decide for all of it.
    fn conflicts_around(&self, key: &Key) -> bool {
        let sides = [self.moved, self.base];
        let above = |path: &String| sides.iter().find_map(|side| side.holders.get(path)?.within.clone());
        let first = sides.iter().find_map(|side| side.entries.get(key)?.within.clone());
        std::iter::successors(first, above).any(|path| {
            let path = &path;
            let [base, moved, kept] = [self.base, self.moved, self.kept].map(|side| side.holders.get(path));
            let holds = |holder: Option<&Holder>| holder.is_some_and(|holder| holder.is_collection);
            let is_cut_open = holds(moved) && holds(kept) && (holds(base) || self.base.entries.is_empty());
            !is_cut_open && base.map(|base| &base.data) != kept.map(|kept| &kept.data)
        })
    }

    /// Whether the component that an entry belongs to conflicts in another of its entries: then
    /// people decide for the component as a whole.
    fn conflicts_beside(&self, key: &Key) -> bool {
        let Some(name) = key.component() else { return false };
        let keys = [self.base, self.moved, self.kept].into_iter().flat_map(|side| side.of_component(name));
        keys.into_iter().any(|key| self.moved_apart(key)) || self.is_renamed(name)
    }

    fn moved_apart(&self, key: &Key) -> bool {
        let [base, moved, kept] = [self.base, self.moved, self.kept].map(|side| side.value(key));
        moved != base && kept != base && moved != kept
    }

    /// Whether a component is the new name, on the side that moved it, of one that the other side
    /// changed too.
    fn is_renamed(&self, name: &str) -> bool {
        let new = Key::Pin(name.to_owned());
        let Some(pin) = self.moved.value(&new) else { return false };
        self.base.value(&new).is_none()
            && self.base.entries.iter().any(|(old, entry)| {
                entry.value == *pin
                    && self.moved.value(old).is_none()
                    && self.kept.value(old) != Some(&entry.value)
            })
    }
}
