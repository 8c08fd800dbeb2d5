//! What finds no place in the layout of a side: its entry is given up as a conflict, so that all
//! others are merged.

use crate::bom::Layout;
use crate::yaml::Path;

use super::Conflict;
use super::describe::{describe, help_for};
use super::plan::{Clash, CollectionPlan, Plan, ValuePlan};
use super::sides::{Side, Sides};
use super::view::{Child, View};

/// Turns the entry at these keys into a conflict, or a larger one if that is what can be shown: a
/// component or the experiment is one value, and markers stand on lines of their own. `false` if
/// there is none.
pub(super) fn give_up(
    plan: &mut CollectionPlan,
    views: &Sides<View>,
    layout: &Layout,
    canvas: Side,
    keys: &[String],
) -> bool {
    let path = |count: usize| Path::of_keys(keys[..count].iter().map(String::as_str));
    let is_one_value =
        |count: &usize| layout.component_name(&path(*count)).is_some() || keys[..*count] == ["experiment"];
    let largest = (1..=keys.len()).find(is_one_value).unwrap_or(keys.len());
    let can_be_shown =
        |count: &usize| child_at(views.get(canvas), &keys[..*count]).is_some_and(|child| !child.mid_line);
    let Some(count) = (1..=largest).rev().find(can_be_shown) else { return false };
    let keys = &keys[..count];
    let child = views.as_ref().map(|view| child_at(view, keys));
    let reason = "its changes cannot be put together without guessing at its layout";
    let path = path(count);
    let conflict = Conflict {
        subject: layout.component_name(&path).unwrap_or_else(|| path.to_string()),
        entry: path.to_string(),
        values: child.zip(views.as_ref()).map(|(child, view)| match child {
            Some(child) => describe(view, child, layout),
            None => "not there".to_owned(),
        }),
        reason: reason.to_owned(),
        help: help_for(reason),
    };
    clash(
        plan,
        keys,
        Clash { conflicts: vec![conflict], keys: child.map(|child| child.map(|c| c.key.clone())) },
    )
}

fn child_at<'v>(view: &'v View, keys: &[String]) -> Option<&'v Child> {
    let (last, above) = keys.split_last()?;
    let mut collection = view.root()?;
    for key in above {
        collection = view.collection(collection.get(key)?.value)?;
    }
    collection.get(last)
}

fn clash(plan: &mut CollectionPlan, keys: &[String], mut clash: Clash) -> bool {
    let Some((key, below)) = keys.split_first() else { return false };
    let Some((_, found)) = plan.children.iter_mut().find(|(name, _)| name == key) else { return false };
    let Plan::Parts(parts) = found else { return false };
    if !below.is_empty() {
        let ValuePlan::Merge(plan) = &mut parts.value else { return false };
        return self::clash(plan, below, clash);
    }
    clash.conflicts.splice(0..0, parts.conflicts());
    *found = Plan::Clash(Box::new(clash));
    true
}
