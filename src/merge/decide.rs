//! Which side each entry is taken from. Nothing is written here: the decisions are a tree that
//! `write` turns into edits and `verify` into the data that the result must hold.

use std::collections::{HashMap, HashSet};

use crate::bom::{Components, Layout, PatternSegment};
use crate::yaml::{Path, Segment};

use super::sides::{Moved, Side, Sides};
use super::value::Value;
use super::view::{Child, Collection, View};
use super::{Conflict, help_for};

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

/// The parts of an entry that stands on both sides.
pub(super) struct Parts {
    /// Whose spelling of the key.
    pub(super) key: Side,
    /// Whose comment and blank lines above.
    pub(super) lead: Side,
    /// Whose comment behind the key, behind the value, and below.
    pub(super) head: Side,
    pub(super) trail: Side,
    pub(super) foot: Side,
    pub(super) value: ValuePlan,
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
    /// Whose comment lines after the last entry.
    pub(super) tail: Side,
}

/// An entry, or several that belong together, on which the sides do not agree.
pub(super) struct Clash {
    /// What to tell people; several where a conflict had to be shown around a larger entry.
    pub(super) conflicts: Vec<Conflict>,
    /// The key under which each side has the entry in this collection: a side that renamed it
    /// has it under another.
    pub(super) keys: Sides<Option<String>>,
}

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
        let renames = if self.is_components(path) { self.renames(sides) } else { Vec::new() };
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
        let mergeable = self.empty_base && !self.is_component(path) && !is_experiment(path);
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
        let part =
            |span: fn(&Child) -> crate::text::Span| self.comment_side(child.map(|side| side.map(span)));
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
        if self.pin(path, &values).moved() == Moved::Apart {
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

    /// The scalars that make up the pin of the entry at `path`, taken together; all empty if it
    /// holds none.
    fn pin(&self, path: &Path, values: &Sides<Option<Value>>) -> Sides<Vec<(String, Option<Value>)>> {
        let fields: Vec<&str> = self.layout.fields.keys().collect();
        let is_part = |key: &str| fields.contains(&key) || PIN_KEYS.contains(&key);
        let parts = values.as_ref().map(|value| {
            let mut parts: Vec<(String, Option<Value>)> = Vec::new();
            if let Some(Value::Keyed { list: false, entries }) = value {
                let scalars = entries.iter().filter(|(key, value)| is_part(key) && is_scalar(value));
                parts.extend(scalars.map(|(key, value)| (key.clone(), Some(value.clone()))));
            }
            parts
        });
        let looks_like_a_pin = |parts: &Vec<(String, Option<Value>)>| {
            parts.len() > 1 && parts.iter().any(|(key, _)| key == "tag" || key == "digest" || key == "sha")
        };
        let pinned = self.is_component(path)
            || [&parts.base, &parts.ours, &parts.theirs].into_iter().any(looks_like_a_pin);
        if pinned { parts } else { Sides { base: Vec::new(), ours: Vec::new(), theirs: Vec::new() } }
    }

    /// The side whose comments to take; `None` if both changed them apart. Blank lines alone are
    /// a matter of style.
    fn comment_side(&self, spans: Sides<Option<crate::text::Span>>) -> Option<Side> {
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

    /// Components that one side renamed: the key is gone and the same pin stands under a new one.
    /// If the other side renamed it otherwise, removed it or changed it, that is a conflict over
    /// all the names together.
    fn renames(&self, sides: Sides<Option<&'v Collection>>) -> Vec<Clash> {
        let Some(base) = sides.base else { return Vec::new() };
        let added = sides.zip(self.views.as_ref()).map(|(side, view)| added_by_content(side, base, view));
        let new_name = |side: Side, old: &Child| {
            added.get(side).get(&nameless(&self.views.base.value(old.value)).json()).cloned()
        };
        let mut taken: HashSet<String> = HashSet::new();
        let mut clashes = Vec::new();
        for old in &base.children {
            let here = sides.map(|side| side.and_then(|collection| collection.get(&old.key)));
            let gone = here.map(|child| child.is_none());
            let name = |side: Side| if *gone.get(side) { new_name(side, old) } else { None };
            let names = (name(Side::Ours), name(Side::Theirs));
            let apart = match (&names, gone.ours, gone.theirs) {
                ((None, None), ..) => false,
                ((Some(ours), Some(theirs)), ..) => ours != theirs,
                (_, true, true) => true,
                ((Some(_), None), ..) => !self.unchanged(old, Side::Theirs, here.theirs),
                ((None, Some(_)), ..) => !self.unchanged(old, Side::Ours, here.ours),
            };
            let fresh = [&names.0, &names.1].into_iter().flatten().all(|name| !taken.contains(name));
            if !apart || !fresh {
                continue;
            }
            taken.extend([&names.0, &names.1].into_iter().flatten().cloned());
            let keys = Sides {
                base: Some(old.key.clone()),
                ours: names.0.or_else(|| here.ours.map(|child| child.key.clone())),
                theirs: names.1.or_else(|| here.theirs.map(|child| child.key.clone())),
            };
            let reason = "one side renamed it, and the other renamed, removed or changed it";
            let child = Sides { base: Some(old), ours: here.ours, theirs: here.theirs };
            let mut conflict = self.conflict(&Path::root().key(&old.key), child, reason);
            conflict.subject.clone_from(&old.key);
            clashes.push(Clash { conflicts: vec![conflict], keys });
        }
        clashes
    }

    fn unchanged(&self, old: &Child, side: Side, child: Option<&Child>) -> bool {
        child.is_some_and(|child| self.views.base.same_child(old, self.views.get(side), child))
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
            let reason = if self.is_components(path) {
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

    fn is_components(&self, path: &Path) -> bool {
        matches!(&self.layout.components, Components::Below(below) if below == path)
    }

    fn is_component(&self, path: &Path) -> bool {
        match &self.layout.components {
            Components::Below(below) => path.split_last().is_some_and(|(parent, _)| parent == *below),
            Components::Named(named) => named.iter().any(|(_, at)| at == path),
            Components::Matching(pattern) => {
                pattern.len() == path.segments().len()
                    && pattern.iter().zip(path.segments()).all(|(wanted, found)| match (wanted, found) {
                        (PatternSegment::Any, _) => true,
                        (PatternSegment::Key(wanted), Segment::Key(found)) => wanted == found,
                        (PatternSegment::Key(_), Segment::Index(_)) => false,
                    })
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
        let subject = match path.split_last() {
            Some((_, Segment::Key(name))) if self.is_component(path) => name.clone(),
            _ => path.to_string(),
        };
        Conflict { subject, values, reason: reason.to_owned(), help: help_for(reason) }
    }
}

const COMMENTS: &str = "both sides changed its comments";
pub(super) const SNAPSHOT_ID: &str = "snapshotId";

/// Keys that make up a pin wherever two of them stand together, whatever the policy says: a pin
/// that nobody declared is torn as easily as one that is.
const PIN_KEYS: [&str; 6] = ["registry", "repository", "image", "tag", "digest", "sha"];

impl Plan {
    fn holds_a_clash(&self) -> bool {
        match self {
            Plan::Clash(_) => true,
            Plan::Keep(_) | Plan::Absent | Plan::Derived => false,
            Plan::Parts(parts) => match &parts.value {
                ValuePlan::Take(_) => false,
                ValuePlan::Merge(plan) => plan.holds_a_clash(),
            },
        }
    }
}

impl CollectionPlan {
    pub(super) fn holds_a_clash(&self) -> bool {
        self.children.iter().any(|(_, plan)| plan.holds_a_clash())
    }

    /// All conflicts, in the order of the plan.
    pub(super) fn conflicts(&self) -> Vec<Conflict> {
        let mut found = Vec::new();
        for (_, plan) in &self.children {
            match plan {
                Plan::Clash(clash) => found.extend(clash.conflicts.iter().cloned()),
                Plan::Parts(parts) => {
                    if let ValuePlan::Merge(plan) = &parts.value {
                        found.extend(plan.conflicts());
                    }
                }
                Plan::Keep(_) | Plan::Absent | Plan::Derived => {}
            }
        }
        found
    }
}

impl Clash {
    fn all_keys(&self) -> impl Iterator<Item = &str> {
        [&self.keys.base, &self.keys.ours, &self.keys.theirs].into_iter().flatten().map(String::as_str)
    }
}

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

fn is_scalar(value: &Value) -> bool {
    matches!(value, Value::Scalar(_) | Value::Alias(_))
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

/// The first new entry of a side for each content.
fn added_by_content(side: Option<&Collection>, base: &Collection, view: &View) -> HashMap<String, String> {
    let mut added = HashMap::new();
    for child in side.map(|side| side.children.as_slice()).unwrap_or_default() {
        if base.get(&child.key).is_none() {
            added.entry(nameless(&view.value(child.value)).json()).or_insert_with(|| child.key.clone());
        }
    }
    added
}

/// The value of a list item without its name, so that an item under a new name can be recognised.
fn nameless(value: &Value) -> Value {
    match value {
        Value::Keyed { list: false, entries } => {
            let mut entries = entries.clone();
            entries.remove("name");
            Value::Keyed { list: false, entries }
        }
        other => other.clone(),
    }
}

/// What a side has there, in a few words.
fn describe(view: &View, child: &Child, layout: &Layout) -> String {
    match view.value(child.value) {
        Value::Scalar(text) if text.is_empty() => "empty".to_owned(),
        Value::Scalar(text) | Value::Alias(text) => shortened(&text, 80),
        keyed @ Value::Keyed { list: false, .. } => {
            let text = |key: &str| match keyed.get(key) {
                Some(Value::Scalar(text)) => shortened(text, 40),
                _ => String::new(),
            };
            let keys = layout.fields.keys();
            let parts: Vec<String> = keys.map(text).filter(|part| !part.is_empty()).collect();
            if parts.is_empty() { "a mapping".to_owned() } else { parts.join(" ") }
        }
        Value::Keyed { .. } | Value::List(_) => "a list".to_owned(),
        Value::Pairs(_) => "a mapping".to_owned(),
    }
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let start: String = text.chars().take(most - 1).collect();
    format!("{start}…")
}
