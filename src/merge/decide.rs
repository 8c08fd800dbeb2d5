//! Which side each entry is taken from. Nothing is written here: the decisions are a tree that
//! `write` turns into edits and `verify` into the data that the result must hold.

use std::collections::HashSet;

use crate::bom::Layout;
use crate::text::Span;
use crate::yaml::{Path, Segment};

use super::Conflict;
use super::describe::{describe, help_for, shortened};
use super::pins::{PinParts, identity, pins};
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
    let mut plan = decider.collection(&Path::root(), roots, &[])?;
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
    /// Decides entry by entry. The `contested` keys are those of a pin that both sides moved
    /// apart: each is taken from the side that is chosen for the pin.
    fn collection(
        &self,
        path: &Path,
        sides: Sides<Option<&'v Collection>>,
        contested: &[&str],
    ) -> Result<CollectionPlan, Lifted> {
        let mut children: Vec<(String, Plan)> = Vec::new();
        let renames = self.renames(path, sides);
        let taken: HashSet<&str> = renames.iter().flat_map(Clash::all_keys).collect();
        for key in keys_in_order(sides, self.canvas) {
            if taken.contains(key) {
                continue;
            }
            let child = sides.map(|side| side.and_then(|collection| collection.get(key)));
            let plan = if contested.contains(&key) {
                Plan::Clash(Box::new(Clash { conflicts: Vec::new(), keys: child.map(key_of) }))
            } else {
                self.child(&path.key(key), child)
            };
            children.push((key.to_owned(), plan));
        }
        for clash in renames {
            let key = clash.all_keys().next().unwrap_or_default().to_owned();
            children.push((key, Plan::Clash(Box::new(clash))));
        }
        self.refuse_what_is_left_empty(path, sides, &children)?;
        let tails = sides.map(|side| side.map(|collection| collection.tail));
        let tail = self.comment_side(tails);
        let conflicts = if tail.is_none() { vec![self.comment_conflict(path, tails)] } else { Vec::new() };
        let unshowable = sides.get(self.canvas).is_some_and(|canvas| is_unshowable(canvas, &children, tail));
        Ok(CollectionPlan { children, tail, conflicts, unshowable })
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
                    Moved::Only(side) if self.is_emptied(path, child, side) => {
                        self.clash(path, child, NO_COMPONENT_LEFT)
                    }
                    Moved::Only(side) => Plan::Keep(side),
                    Moved::Apart => self.changed_twice(path, child),
                }
            }
        }
    }

    /// Whether this side leaves nothing of all components.
    fn is_emptied(&self, path: &Path, child: Children<'v>, side: Side) -> bool {
        let collections = self.collections(child);
        let is_empty = |side: Side| {
            collections.get(side).as_ref().is_none_or(|collection| collection.children.is_empty())
        };
        self.layout.holds_components(path) && is_empty(side) && !is_empty(Side::Base)
    }

    fn added_twice(&self, path: &Path, child: Children<'v>, ours: &'v Child, theirs: &'v Child) -> Plan {
        if self.views.ours.same_child(ours, &self.views.theirs, theirs) {
            return Plan::Keep(self.canvas);
        }
        if self.views.ours.value(ours.value) == self.views.theirs.value(theirs.value) {
            // The comments differ: one side may have none.
            return self.changed_twice(path, child);
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
        if self.layout.holds_components(path) {
            return self.clash(path, child, NO_COMPONENT_LEFT);
        }
        if self.views.base.same_child(base, self.views.get(by), kept) {
            return Plan::Absent;
        }
        let only_comments = self.views.base.value(base.value) == self.views.get(by).value(kept.value);
        let reason = if only_comments {
            "one side removed it, the other changed its comment"
        } else {
            "one side removed it, the other changed it"
        };
        self.clash(path, child, reason)
    }

    /// An entry that stands on both sides and whose bytes moved on both.
    fn changed_twice(&self, path: &Path, child: Children<'v>) -> Plan {
        let (value, mut conflicts) = match self.value(path, child) {
            Ok(decided) => decided,
            Err(conflicts) => return Plan::Clash(Box::new(Clash { conflicts, keys: child.map(key_of) })),
        };
        let mut part = |span: fn(&Child) -> Span| {
            let spans = child.map(|side| side.map(span));
            let side = self.comment_side(spans);
            if side.is_none() {
                conflicts.push(self.comment_conflict(path, spans));
            }
            side
        };
        let (lead, head, trail, foot) =
            (part(|c| c.lead), part(|c| c.head), part(|c| c.trail), part(|c| c.foot));
        let one_value = self.layout.component_name(path).is_some() || is_experiment(path);
        let within = match &value {
            ValuePlan::Take(_) => false,
            ValuePlan::Merge(plan) => plan.unshowable || (one_value && plan.holds_a_clash()),
        };
        let whole = within || head.is_none() || trail.is_none();
        Plan::Parts(Box::new(Parts {
            key: self.key_side(child),
            lead,
            head,
            trail,
            foot,
            value,
            whole,
            conflicts,
        }))
    }

    fn value(&self, path: &Path, child: Children<'v>) -> Result<(ValuePlan, Vec<Conflict>), Lifted> {
        let values = child.zip(self.views.as_ref()).map(|(child, view)| child.map(|c| view.value(c.value)));
        if is_experiment(path) && values.moved() == Moved::Apart {
            return Err(vec![self.conflict(
                path,
                child,
                "both sides changed the experiment, and it is one value",
            )]);
        }
        let pins = pins(self.layout, path, &values);
        let apart = pins.moved() == Moved::Apart;
        let conflicts = if apart {
            vec![self.conflict(path, child, "both sides moved it, to different pins")]
        } else {
            Vec::new()
        };
        let contested = if apart { contested(&pins) } else { Vec::new() };
        let collections = self.collections(child);
        if let (Some(ours), Some(theirs)) = (collections.ours, collections.theirs) {
            let base_fits = match (child.base, collections.base) {
                (None, _) => true,
                (Some(_), base) => base.is_some_and(|base| base.form.list == ours.form.list),
            };
            if ours.form.list == theirs.form.list && base_fits {
                let plan = self.collection(path, collections, &contested)?;
                return Ok((ValuePlan::Merge(plan), conflicts));
            }
        }
        if apart {
            return Err(conflicts);
        }
        self.whole_value(path, child, &values).map(|plan| (plan, conflicts))
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
            Moved::Only(_) | Moved::Apart => {
                let spans = child.zip(self.views.as_ref());
                let spans = spans.map(|(child, view)| child.map(|c| view.document.node(c.value).full_span()));
                Err(vec![self.comment_conflict(path, spans)])
            }
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
        let Some(below) = self.layout.below_a_name(path) else { return Vec::new() };
        let clash = |rename: super::rename::Rename<'v>| {
            let old = path.key(rename.keys.base.as_deref().unwrap_or_default());
            let reason = "one side renamed it, and the other renamed, removed or changed it";
            let mut conflict = self.conflict(&old, rename.child, reason);
            let old_key = rename.keys.base.clone();
            let renamed = |key: Option<String>| key.filter(|key| Some(key) != old_key.as_ref());
            if let Some(key) = renamed(rename.keys.ours.clone()) {
                conflict.values.ours = format!("renamed to `{key}`");
            }
            if let Some(key) = renamed(rename.keys.theirs.clone()) {
                conflict.values.theirs = format!("renamed to `{key}`");
            }
            Clash { conflicts: vec![conflict], keys: rename.keys }
        };
        let identity = |value: &Value| identity(self.layout, below, value);
        renames(self.views, sides, &identity).into_iter().map(clash).collect()
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
                NO_COMPONENT_LEFT
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

    fn comment_conflict(&self, path: &Path, spans: Sides<Option<Span>>) -> Conflict {
        let values =
            spans.zip(self.views.as_ref()).map(|(span, view)| match span.map(|span| view.comments(span)) {
                Some(comments) if !comments.is_empty() => shortened(&comments.join(" "), 80),
                _ => "no comment".to_owned(),
            });
        let subject = self.layout.component_name(path).unwrap_or_else(|| path.to_string());
        let reason = "both sides changed its comment";
        Conflict {
            subject,
            entry: self.entry(path),
            values,
            reason: reason.to_owned(),
            help: help_for(reason),
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
        Conflict {
            subject,
            entry: self.entry(path),
            values,
            reason: reason.to_owned(),
            help: help_for(reason),
        }
    }

    /// The entry that a conflict at `path` is a part of: its component, or itself.
    fn entry(&self, path: &Path) -> String {
        let mut above = Some(path.clone());
        while let Some(path) = above {
            if self.layout.component_name(&path).is_some() {
                return path.to_string();
            }
            above = path.split_last().map(|(parent, _)| parent);
        }
        path.to_string()
    }
}

const NO_COMPONENT_LEFT: &str = "no component would be left";

pub(super) const SNAPSHOT_ID: &str = "snapshotId";

impl<T> Sides<Option<T>> {
    fn nowhere() -> Self {
        Sides { base: None, ours: None, theirs: None }
    }
}

fn key_of(child: Option<&Child>) -> Option<String> {
    child.map(|child| child.key.clone())
}

/// Markers stand on lines of their own: a conflict over an entry of a flow collection, or over one
/// that shares its line with a dash, is shown around the next larger one.
fn is_unshowable(canvas: &Collection, children: &[(String, Plan)], tail: Option<Side>) -> bool {
    let is_inline = |key: &str| canvas.form.flow || canvas.get(key).is_some_and(|child| child.mid_line);
    let clashes_inline = |(key, plan): &(String, Plan)| match plan {
        Plan::Clash(clash) => canvas.form.flow || clash.all_keys().any(is_inline),
        Plan::Parts(_) => plan.holds_a_clash() && is_inline(key),
        Plan::Keep(_) | Plan::Absent | Plan::Derived => false,
    };
    (canvas.form.flow && tail.is_none()) || children.iter().any(clashes_inline)
}

/// The keys of a pin that the sides have differently.
fn contested(pins: &Sides<PinParts>) -> Vec<&str> {
    let value = |parts: &PinParts, key: &str| {
        parts.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone())
    };
    let keys: HashSet<&str> = pins.ours.iter().chain(&pins.theirs).map(|(key, _)| key.as_str()).collect();
    keys.into_iter().filter(|key| value(&pins.ours, key) != value(&pins.theirs, key)).collect()
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
