//! Which side each entry is taken from. Nothing is written here: the decisions are a tree that
//! `write` turns into edits and `verify` into the data that the result must hold.

use std::collections::HashSet;

use crate::bom::Layout;
use crate::text::Span;
use crate::yaml::{Path, Segment};

use super::Conflict;
use super::describe::{describe, help_for};
use super::pins::pins;
use super::plan::{Clash, CollectionPlan, Parts, Plan, ValuePlan};
use super::rename::renames;
use super::sides::{Moved, Side, Sides};
use super::value::Value;
use super::view::{Child, Collection, View};

/// Conflicts that the collection in which they arose cannot show.
type Lifted = Vec<Conflict>;

/// Decides for whole documents. `Err` if the document as a whole must be shown as a conflict.
pub(super) fn decide(views: &Sides<View>, layout: &Layout, canvas: Side) -> Result<CollectionPlan, Lifted> {
    let decider = Decider { views, layout, canvas, empty_base: views.base.root().is_none() };
    let roots = views.as_ref().map(View::root);
    let mut plan = decider.collection(&Path::root(), roots)?;
    decider.snapshot_id(&mut plan);
    Ok(plan)
}

struct Decider<'v> {
    views: &'v Sides<View>,
    layout: &'v Layout,
    canvas: Side,
    empty_base: bool,
}

type Children<'v> = Sides<Option<&'v Child>>;

impl<'v> Decider<'v> {
    fn collection(
        &self,
        path: &Path,
        sides: Sides<Option<&'v Collection>>,
    ) -> Result<CollectionPlan, Lifted> {
        let tail = self.comment_side(sides.map(|side| side.map(|collection| collection.tail)));
        let tail = tail.ok_or_else(|| vec![self.conflict(path, Sides::nowhere(), COMMENTS)])?;
        let mut children: Vec<(String, Plan)> = Vec::new();
        let renames = self.renames(path, sides);
        let taken: HashSet<&str> = renames.iter().flat_map(Clash::all_keys).collect();
        for key in keys_in_order(sides, self.canvas) {
            if taken.contains(key) {
                continue;
            }
            let child = sides.map(|side| side.and_then(|collection| collection.get(key)));
            children.push((key.to_owned(), self.child(&path.key(key), child)));
        }
        for clash in renames {
            let key = clash.all_keys().next().unwrap_or_default().to_owned();
            children.push((key, Plan::Clash(Box::new(clash))));
        }
        self.refuse_what_is_left_empty(path, sides, &children)?;
        lift_what_cannot_be_shown(sides, &children)?;
        Ok(CollectionPlan { children, tail })
    }

    /// What becomes of one entry.
    fn child(&self, path: &Path, child: Children<'v>) -> Plan {
        match (child.base, child.ours, child.theirs) {
            (_, None, None) => Plan::Absent,
            (None, Some(_), None) => Plan::Keep(Side::Ours),
            (None, None, Some(_)) => Plan::Keep(Side::Theirs),
            (None, Some(ours), Some(theirs)) => self.added_twice(path, child, ours, theirs),
            (Some(base), None, Some(theirs)) => self.removed_once(path, child, base, Side::Theirs, theirs),
            (Some(base), Some(ours), None) => self.removed_once(path, child, base, Side::Ours, ours),
            (Some(base), Some(ours), Some(theirs)) => {
                let slices = Sides { base, ours, theirs }.zip(self.views.as_ref());
                match slices.map(|(child, view)| view.slice(child.chunk)).moved() {
                    Moved::Alike => Plan::Keep(self.canvas),
                    Moved::Only(side) => Plan::Keep(side),
                    Moved::Apart => self.changed_twice(path, child),
                }
            }
        }
    }

    fn added_twice(&self, path: &Path, child: Children<'v>, ours: &'v Child, theirs: &'v Child) -> Plan {
        if self.views.ours.same_child(ours, &self.views.theirs, theirs) {
            return Plan::Keep(self.canvas);
        }
        let mergeable = self.empty_base && self.layout.component_name(path).is_none() && !is_experiment(path);
        let both = self.collections(child);
        match (mergeable, both.ours, both.theirs) {
            (true, Some(mine), Some(yours)) if mine.form.list == yours.form.list => {
                self.changed_twice(path, child)
            }
            _ => self.clash(path, child, "both sides added it, with different content"),
        }
    }

    fn removed_once(
        &self,
        path: &Path,
        child: Children<'v>,
        base: &'v Child,
        by: Side,
        kept: &'v Child,
    ) -> Plan {
        if self.views.base.same_child(base, self.views.get(by), kept) {
            return Plan::Absent;
        }
        self.clash(path, child, "one side removed it, the other changed it")
    }

    /// An entry that stands on both sides and whose bytes moved on both.
    fn changed_twice(&self, path: &Path, child: Children<'v>) -> Plan {
        let part = |span: fn(&Child) -> Span| self.comment_side(child.map(|side| side.map(span)));
        let comments = (part(|c| c.lead), part(|c| c.head), part(|c| c.trail), part(|c| c.foot));
        let (Some(lead), Some(head), Some(trail), Some(foot)) = comments else {
            return self.clash(path, child, COMMENTS);
        };
        match self.value(path, child) {
            Ok(value) => {
                Plan::Parts(Box::new(Parts { key: self.key_side(child), lead, head, trail, foot, value }))
            }
            Err(conflicts) => Plan::Clash(Box::new(Clash { conflicts, keys: child.map(key_of) })),
        }
    }

    fn value(&self, path: &Path, child: Children<'v>) -> Result<ValuePlan, Lifted> {
        let values = child.zip(self.views.as_ref()).map(|(child, view)| child.map(|c| view.value(c.value)));
        if is_experiment(path) && values.moved() == Moved::Apart {
            return Err(vec![self.conflict(
                path,
                child,
                "both sides changed the experiment, and it is one value",
            )]);
        }
        if pins(self.layout, path, &values).moved() == Moved::Apart {
            return Err(vec![self.conflict(path, child, "both sides moved it, to different pins")]);
        }
        let collections = self.collections(child);
        if let (Some(ours), Some(theirs)) = (collections.ours, collections.theirs) {
            let base_fits = match (child.base, collections.base) {
                (None, _) => true,
                (Some(_), base) => base.is_some_and(|base| base.form.list == ours.form.list),
            };
            if ours.form.list == theirs.form.list && base_fits {
                return self.collection(path, collections).map(ValuePlan::Merge);
            }
        }
        self.whole_value(path, child, &values)
    }

    /// A value that is merged as one: a scalar, a list without names, a change of kind.
    fn whole_value(
        &self,
        path: &Path,
        child: Children<'v>,
        values: &Sides<Option<Value>>,
    ) -> Result<ValuePlan, Lifted> {
        let slices = child
            .zip(self.views.as_ref())
            .map(|(child, view)| child.map(|child| view.slice(view.document.node(child.value).full_span())));
        let side = match values.moved() {
            Moved::Only(side) => side,
            Moved::Alike => slices.styled(self.canvas),
            Moved::Apart => return Err(vec![self.conflict(path, child, "both sides changed it")]),
        };
        // Comments inside a list count as much as its items.
        let inside = child.zip(self.views.as_ref()).map(|(child, view)| {
            child.map(|child| view.comments(view.document.node(child.value).full_span()))
        });
        match inside.moved() {
            Moved::Alike => Ok(ValuePlan::Take(side)),
            Moved::Only(commented) if commented == side || values.moved() == Moved::Alike => {
                Ok(ValuePlan::Take(commented))
            }
            Moved::Only(_) | Moved::Apart => Err(vec![self.conflict(path, child, COMMENTS)]),
        }
    }

    /// The side whose comments to take; `None` if both changed them apart. Blank lines alone are
    /// a matter of style.
    fn comment_side(&self, spans: Sides<Option<Span>>) -> Option<Side> {
        let comments = spans
            .zip(self.views.as_ref())
            .map(|(span, view)| span.map(|span| view.comments(span)).unwrap_or_default());
        match comments.moved() {
            Moved::Only(side) => Some(side),
            Moved::Apart => None,
            Moved::Alike => {
                let slices = spans.zip(self.views.as_ref());
                Some(slices.map(|(span, view)| span.map(|span| view.slice(span))).styled(self.canvas))
            }
        }
    }

    fn key_side(&self, child: Children<'v>) -> Side {
        let keys = child.zip(self.views.as_ref()).map(|(child, view)| {
            child.and_then(|child| child.key_node).map(|key| view.slice(view.document.node(key).full_span()))
        });
        keys.styled(self.canvas)
    }

    fn collections(&self, child: Children<'v>) -> Sides<Option<&'v Collection>> {
        let views = self.views;
        child.zip(views.as_ref()).map(|(child, view)| child.and_then(|child| view.collection(child.value)))
    }

    /// Renames on which the sides do not agree, each as one conflict over all its names.
    fn renames(&self, path: &Path, sides: Sides<Option<&'v Collection>>) -> Vec<Clash> {
        if !self.layout.holds_components(path) {
            return Vec::new();
        }
        let clash = |rename: super::rename::Rename<'v>| {
            let old = path.key(rename.keys.base.as_deref().unwrap_or_default());
            let reason = "one side renamed it, and the other renamed, removed or changed it";
            Clash { conflicts: vec![self.conflict(&old, rename.child, reason)], keys: rename.keys }
        };
        renames(self.views, sides).into_iter().map(clash).collect()
    }

    /// A collection that the sides empty together, each taking a part, is what neither asked for;
    /// and without its last entry a block collection would turn into nothing at all.
    fn refuse_what_is_left_empty(
        &self,
        path: &Path,
        sides: Sides<Option<&'v Collection>>,
        children: &[(String, Plan)],
    ) -> Result<(), Lifted> {
        let had_some = sides.base.is_some_and(|base| !base.children.is_empty());
        let none_left = children.iter().all(|(_, plan)| matches!(plan, Plan::Absent));
        if had_some && none_left {
            let reason = if self.layout.holds_components(path) {
                "the sides together remove every component"
            } else {
                "the sides together remove every entry"
            };
            return Err(vec![self.conflict(path, Sides::nowhere(), reason)]);
        }
        Ok(())
    }

    /// A `snapshotId` that moved on both sides names neither result: it is derived from the
    /// merged data, unless something else must be resolved first.
    fn snapshot_id(&self, plan: &mut CollectionPlan) {
        let roots = self.views.as_ref().map(View::root);
        let child = roots.map(|root| root.and_then(|root| root.get(SNAPSHOT_ID)));
        let (Some(_), Some(_)) = (child.ours, child.theirs) else { return };
        let ids = child.zip(self.views.as_ref()).map(|(child, view)| child.map(|c| view.value(c.value)));
        let whole = self.views.as_ref().map(|view| view.document.root().map(|root| view.value(root)));
        let both_moved = ids.ours != ids.base && ids.theirs != ids.base && !self.empty_base;
        if !both_moved || whole.ours == whole.theirs {
            return;
        }
        let clashing = plan.children.iter().any(|(key, plan)| key != SNAPSHOT_ID && plan.holds_a_clash());
        for (key, plan) in &mut plan.children {
            if key == SNAPSHOT_ID {
                *plan = if clashing {
                    self.clash(
                        &Path::of_keys([SNAPSHOT_ID]),
                        child,
                        "both sides set it; it names the merged result",
                    )
                } else {
                    Plan::Derived
                };
            }
        }
    }

    fn clash(&self, path: &Path, child: Children<'v>, reason: &str) -> Plan {
        let conflicts = vec![self.conflict(path, child, reason)];
        Plan::Clash(Box::new(Clash { conflicts, keys: child.map(key_of) }))
    }

    fn conflict(&self, path: &Path, child: Children<'v>, reason: &str) -> Conflict {
        let in_base = child.base.is_some();
        let values = child.zip(self.views.as_ref()).map(|(child, view)| match child {
            Some(child) => describe(view, child, self.layout),
            None if in_base => "removed".to_owned(),
            None => "not there".to_owned(),
        });
        let subject = self.layout.component_name(path).unwrap_or_else(|| path.to_string());
        Conflict { subject, values, reason: reason.to_owned(), help: help_for(reason) }
    }
}

const COMMENTS: &str = "both sides changed its comments";
pub(super) const SNAPSHOT_ID: &str = "snapshotId";

impl<T> Sides<Option<T>> {
    fn nowhere() -> Self {
        Sides { base: None, ours: None, theirs: None }
    }
}

fn key_of(child: Option<&Child>) -> Option<String> {
    child.map(|child| child.key.clone())
}

/// Markers stand on lines of their own: an entry of a flow collection, or one that shares its
/// line with a dash, is shown within the next larger one.
fn lift_what_cannot_be_shown(
    sides: Sides<Option<&Collection>>,
    children: &[(String, Plan)],
) -> Result<(), Lifted> {
    let clashes = || {
        children.iter().filter_map(|(_, plan)| match plan {
            Plan::Clash(clash) => Some(clash),
            Plan::Keep(_) | Plan::Absent | Plan::Parts(_) | Plan::Derived => None,
        })
    };
    let cannot = |collection: &Collection| {
        collection.form.flow
            || clashes()
                .flat_map(|clash| clash.all_keys())
                .any(|key| collection.get(key).is_some_and(|child| child.mid_line))
    };
    let lifted = clashes().next().is_some()
        && [sides.base, sides.ours, sides.theirs].into_iter().flatten().any(cannot);
    if lifted {
        return Err(clashes().flat_map(|clash| clash.conflicts.iter().cloned()).collect());
    }
    Ok(())
}

fn is_experiment(path: &Path) -> bool {
    matches!(path.segments(), [Segment::Key(key)] if key == "experiment")
}

/// Every key of any side once: in the canvas' order, then those that only the other has, then
/// those that only the base has.
fn keys_in_order(sides: Sides<Option<&Collection>>, canvas: Side) -> Vec<&str> {
    let mut seen = HashSet::new();
    let mut keys = Vec::new();
    for side in [canvas, canvas.other(), Side::Base] {
        let children = sides.get(side).map(|collection| collection.children.as_slice()).unwrap_or_default();
        keys.extend(children.iter().map(|child| child.key.as_str()).filter(|key| seen.insert(*key)));
    }
    keys
}
