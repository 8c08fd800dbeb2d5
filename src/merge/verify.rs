//! Reading a result back: it must hold exactly the data that was decided, however it was written.

use std::collections::BTreeMap;

use crate::yaml::{Document, FaultKind, Node, NodeKind, ScalarStyle};

use super::plan::{CollectionPlan, Plan, ValuePlan};
use super::sides::{Side, Sides};
use super::value::{Value, value_of};
use super::view::{Collection, View};

/// The data that a plan stands for, with every conflict resolved to one side.
pub(super) fn intended(
    plan: &CollectionPlan,
    views: &Sides<View>,
    resolved: Side,
    snapshot_id: Option<&str>,
) -> Value {
    Intent { views, resolved, snapshot_id }.collection(plan, views.as_ref().map(View::root))
}

/// Whether a text is one document that says just this.
pub(super) fn says(text: &str, intended: &Value) -> bool {
    match Document::parse(text) {
        Ok(document) => document.root().is_some_and(|root| value_of(&document, root) == *intended),
        Err(_) => false,
    }
}

/// Whether a text holds every comment that it must: those that both sides have, and those that one
/// side added. Where a comment stands is not compared, only how often.
pub(super) fn keeps_comments(text: &str, views: &Sides<View>) -> bool {
    let Ok(document) = Document::parse(text) else { return false };
    let [base, ours, theirs] = [&views.base, &views.ours, &views.theirs].map(|view| counted(&view.document));
    let found = counted(&document);
    let of = |counts: &BTreeMap<&str, usize>, comment| counts.get(comment).copied().unwrap_or(0);
    ours.keys().chain(theirs.keys()).all(|comment| {
        let (ours, theirs) = (of(&ours, comment), of(&theirs, comment));
        // What both sides added alike may stand once.
        let due = (ours + theirs).saturating_sub(of(&base, comment)).min(ours.max(theirs));
        of(&found, comment) >= due
    })
}

fn counted(document: &Document) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for comment in document.comments() {
        *counts.entry(comment.span.of(document.text()).trim_end()).or_default() += 1;
    }
    counts
}

/// Whether a text ends in a block scalar without a final line break, which YAML 1.1 readers take
/// for another value than YAML 1.2 ones.
pub(super) fn ends_in_an_open_block(text: &str) -> bool {
    let is_block = |style| matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
    !text.ends_with('\n')
        && Document::parse(text).is_ok_and(|document| {
            let last = document.nodes().max_by_key(|(id, node)| (node.span.end, *id));
            matches!(last, Some((_, Node { kind: NodeKind::Scalar { style, .. }, .. })) if is_block(*style))
        })
}

/// Whether a text can be read at all.
pub(super) fn is_readable(text: &str) -> Result<(), FaultKind> {
    Document::parse(text).map(|_| ()).map_err(|fault| fault.kind)
}

struct Intent<'v> {
    views: &'v Sides<View>,
    resolved: Side,
    snapshot_id: Option<&'v str>,
}

impl Intent<'_> {
    fn collection(&self, plan: &CollectionPlan, sides: Sides<Option<&Collection>>) -> Value {
        let mut entries: BTreeMap<String, Value> = BTreeMap::new();
        let list = [sides.ours, sides.theirs, sides.base].into_iter().flatten().any(|side| side.form.list);
        let mut keep = |side: Side, key: &str| {
            if let Some(child) = sides.get(side).and_then(|collection| collection.get(key)) {
                entries.insert(key.to_owned(), self.views.get(side).value(child.value));
            }
        };
        let mut nested = Vec::new();
        for (key, plan) in &plan.children {
            match plan {
                Plan::Keep(side) => keep(*side, key),
                Plan::Clash(clash) => {
                    if let Some(key) = clash.keys.get(self.resolved) {
                        keep(self.resolved, key);
                    }
                }
                Plan::Parts(parts) => match &parts.value {
                    ValuePlan::Take(side) => keep(*side, key),
                    ValuePlan::Merge(plan) => nested.push((key, plan)),
                },
                Plan::Absent | Plan::Derived => {}
            }
        }
        for (key, plan) in nested {
            let below = sides.zip(self.views.as_ref()).map(|(collection, view)| {
                collection.and_then(|collection| view.collection(collection.get(key)?.value))
            });
            entries.insert(key.clone(), self.collection(plan, below));
        }
        let derived = plan.children.iter().find(|(_, plan)| matches!(plan, Plan::Derived));
        if let (Some((key, _)), Some(id)) = (derived, self.snapshot_id) {
            entries.insert(key.clone(), Value::Scalar(id.to_owned()));
        }
        Value::Keyed { list, entries }
    }
}
