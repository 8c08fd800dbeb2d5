//! When a merge has lost a change: one side moved an entry, the others kept it, and the result has
//! it as it was. Where people had to decide a conflict, nothing was lost.

use super::entries::{Entries, Holder, Key};

/// One parent of a merge beside the others.
pub struct Beside<'e> {
    /// What its merge bases with the others hold.
    pub bases: &'e [Entries],
    /// The parent.
    pub moved: &'e Entries,
    /// The others.
    pub others: Vec<&'e Entries>,
}

impl Beside<'_> {
    /// Whether this parent moved an entry, others kept it and none moved it elsewhere, and the
    /// result has it as it was before, whichever base one looks at.
    pub fn loses(&self, key: &Key, result: &Entries) -> bool {
        self.bases.iter().all(|base| {
            let sides = || self.others.iter().map(|kept| Sides { base, moved: self.moved, kept });
            base.value(key) == result.value(key)
                && base.value(key) != self.moved.value(key)
                && sides().any(|sides| sides.is_kept(key))
                && sides().all(|sides| !sides.conflict(key))
        })
    }
}

/// One parent that moved an entry, another one, and a base.
struct Sides<'e> {
    base: &'e Entries,
    moved: &'e Entries,
    kept: &'e Entries,
}

impl Sides<'_> {
    fn is_kept(&self, key: &Key) -> bool {
        self.kept.value(key) == self.base.value(key)
    }

    /// Whether people had to decide about an entry.
    fn conflict(&self, key: &Key) -> bool {
        self.moved_apart(key) || self.conflict_around(key) || self.conflict_beside(key)
    }

    /// Whether something that holds the entry came, went or became of another kind on one side and
    /// changed on the other: then people decide for all of it.
    fn conflict_around(&self, key: &Key) -> bool {
        let sides = [self.moved, self.base];
        let above = |path: &String| sides.iter().find_map(|side| side.holders.get(path)?.within.clone());
        let first = sides.iter().find_map(|side| side.entries.get(key)?.within.clone());
        std::iter::successors(first, above).any(|path| {
            let path = &path;
            let [base, moved, kept] = [self.base, self.moved, self.kept].map(|side| side.holders.get(path));
            let holds = |holder: Option<&Holder>| holder.is_some_and(|holder| holder.is_collection);
            let is_cut_open = holds(moved) && holds(kept) && (holds(base) || self.base.entries.is_empty());
            let [base, moved, kept] = [base, moved, kept].map(|holder| holder.map(|holder| &holder.data));
            !is_cut_open && kept != base && kept != moved
        })
    }

    /// Whether the component that an entry belongs to conflicts in another of its entries: then
    /// people decide for the component as a whole.
    fn conflict_beside(&self, key: &Key) -> bool {
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
