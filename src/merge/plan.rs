//! What is decided: a tree of entries that says which side each is taken from.

use super::Conflict;
use super::sides::{Side, Sides};

/// What becomes of an entry.
pub(super) enum Plan {
    /// It stands as this side has it, with its comments.
    Keep(Side),
    /// It goes, or was on no side.
    Absent,
    /// Its parts come from different sides.
    Parts(Box<Parts>),
    /// A person must decide.
    Clash(Box<Clash>),
    /// The `snapshotId`, computed from the merged data.
    Derived,
}

/// The parts of an entry that stands on both sides. A comment that both sides changed apart has
/// no side to be taken from: `None`.
pub(super) struct Parts {
    /// Whose spelling of the key.
    pub(super) key: Side,
    /// Whose comment and blank lines above.
    pub(super) lead: Option<Side>,
    /// Whose comment behind the key.
    pub(super) head: Option<Side>,
    /// Whose comment behind the value.
    pub(super) trail: Option<Side>,
    /// Whose comment lines below.
    pub(super) foot: Option<Side>,
    pub(super) value: ValuePlan,
    /// Whether conflicts within are shown around the entry as a whole: a pin is never cut, and
    /// what shares its line with something else cannot stand between markers alone.
    pub(super) whole: bool,
    /// What to tell people of the entry itself, besides the conflicts within.
    pub(super) conflicts: Vec<Conflict>,
}

/// What becomes of a value.
pub(super) enum ValuePlan {
    /// As this side has it.
    Take(Side),
    /// Entry by entry.
    Merge(CollectionPlan),
}

/// What becomes of the entries of a collection.
pub(super) struct CollectionPlan {
    /// Each key of any side, once.
    pub(super) children: Vec<(String, Plan)>,
    /// Whose comment lines after the last entry; `None` if both changed them apart.
    pub(super) tail: Option<Side>,
    /// What to tell people of those.
    pub(super) conflicts: Vec<Conflict>,
    /// Whether a conflict within can only be shown around the collection as a whole.
    pub(super) unshowable: bool,
}

/// An entry, or several that belong together, on which the sides do not agree.
pub(super) struct Clash {
    /// What to tell people; several where a conflict had to be shown around a larger entry.
    pub(super) conflicts: Vec<Conflict>,
    /// The key under which each side has the entry in this collection: a side that renamed it
    /// has it under another.
    pub(super) keys: Sides<Option<String>>,
}

impl Plan {
    pub(super) fn holds_a_clash(&self) -> bool {
        match self {
            Plan::Clash(_) => true,
            Plan::Keep(_) | Plan::Absent | Plan::Derived => false,
            Plan::Parts(parts) => parts.holds_a_clash(),
        }
    }
}

impl Parts {
    /// Those of the entry itself, then those within.
    pub(super) fn conflicts(&self) -> Vec<Conflict> {
        let within = match &self.value {
            ValuePlan::Take(_) => Vec::new(),
            ValuePlan::Merge(plan) => plan.conflicts(),
        };
        self.conflicts.iter().cloned().chain(within).collect()
    }

    fn holds_a_clash(&self) -> bool {
        [self.lead, self.head, self.trail, self.foot].contains(&None)
            || match &self.value {
                ValuePlan::Take(_) => false,
                ValuePlan::Merge(plan) => plan.holds_a_clash(),
            }
    }
}

impl CollectionPlan {
    pub(super) fn holds_a_clash(&self) -> bool {
        self.tail.is_none() || self.children.iter().any(|(_, plan)| plan.holds_a_clash())
    }

    /// All conflicts, in the order of the plan.
    pub(super) fn conflicts(&self) -> Vec<Conflict> {
        let mut found = Vec::new();
        for (_, plan) in &self.children {
            match plan {
                Plan::Clash(clash) => found.extend(clash.conflicts.iter().cloned()),
                Plan::Parts(parts) => found.extend(parts.conflicts()),
                Plan::Keep(_) | Plan::Absent | Plan::Derived => {}
            }
        }
        found.extend(self.conflicts.iter().cloned());
        found
    }
}

impl Clash {
    pub(super) fn all_keys(&self) -> impl Iterator<Item = &str> {
        [&self.keys.base, &self.keys.ours, &self.keys.theirs].into_iter().flatten().map(String::as_str)
    }
}
