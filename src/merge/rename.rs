//! Components that stand under a new name. To a merge by keys a rename is a removal and an
//! addition, and two renames of one component would leave it twice.

use std::collections::{HashMap, HashSet};

use super::sides::{Side, Sides};
use super::value::Value;
use super::view::{Child, Collection, View};

/// A component that one side renamed while the other renamed it otherwise, removed or changed it.
pub(super) struct Rename<'v> {
    /// The component under its old name, where it still stands.
    pub(super) child: Sides<Option<&'v Child>>,
    /// The name under which each side has it.
    pub(super) keys: Sides<Option<String>>,
}

/// The renames of a collection that both sides cannot have. A component was renamed if its key is
/// gone and a new one that the other side does not know has the same `identity`.
pub(super) fn renames<'v>(
    views: &Sides<View>,
    sides: Sides<Option<&'v Collection>>,
    identity: &dyn Fn(&Value) -> String,
) -> Vec<Rename<'v>> {
    let Some(base) = sides.base else { return Vec::new() };
    let added = |side: Side| {
        let known = [base].into_iter().chain(*sides.get(side.other())).collect::<Vec<_>>();
        let identity = |child: &Child| identity(&views.get(side).value(child.value));
        added_by_identity(*sides.get(side), &known, &identity)
    };
    let added = Sides { base: HashMap::new(), ours: added(Side::Ours), theirs: added(Side::Theirs) };
    if added.ours.is_empty() && added.theirs.is_empty() {
        return Vec::new();
    }
    let mut taken: HashSet<String> = HashSet::new();
    let mut found = Vec::new();
    for old in &base.children {
        let child = sides.map(|side| side.and_then(|collection| collection.get(&old.key)));
        let identity = identity(&views.base.value(old.value));
        let new_name = |side: Side| match child.get(side) {
            Some(_) => None,
            None => added.get(side).get(&identity).filter(|name| !taken.contains(*name)).cloned(),
        };
        let unchanged = |side: Side| {
            child.get(side).is_some_and(|child| views.base.same_child(old, views.get(side), child))
        };
        let names = (new_name(Side::Ours), new_name(Side::Theirs));
        let is_agreed = match &names {
            (None, None) => true,
            (Some(_), Some(_)) => false,
            (Some(_), None) => unchanged(Side::Theirs),
            (None, Some(_)) => unchanged(Side::Ours),
        };
        if is_agreed {
            continue;
        }
        taken.extend([&names.0, &names.1].into_iter().flatten().cloned());
        let name =
            |new: Option<String>, here: Option<&Child>| new.or_else(|| here.map(|child| child.key.clone()));
        let keys = Sides {
            base: Some(old.key.clone()),
            ours: name(names.0, child.ours),
            theirs: name(names.1, child.theirs),
        };
        found.push(Rename { child, keys });
    }
    found
}

/// The first entry of a side for each identity, among those under keys that are not known.
fn added_by_identity(
    side: Option<&Collection>,
    known: &[&Collection],
    identity: &dyn Fn(&Child) -> String,
) -> HashMap<String, String> {
    let mut added = HashMap::new();
    for child in side.map(|side| side.children.as_slice()).unwrap_or_default() {
        if known.iter().all(|collection| collection.get(&child.key).is_none()) {
            added.entry(identity(child)).or_insert_with(|| child.key.clone());
        }
    }
    added
}
