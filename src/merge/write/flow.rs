//! Entries within braces and brackets: they come and go with their commas.

use crate::text::{Edit, Span};

use super::super::plan::{CollectionPlan, Plan};
use super::super::sides::Side;
use super::super::view::{Child, Collection};
use super::{Collections, Mode, Unplaceable, Writer};

impl<'v> Writer<'_, 'v> {
    pub(super) fn flow(
        &mut self,
        plan: &CollectionPlan,
        sides: Collections<'v>,
        canvas: &'v Collection,
    ) -> Result<(), Unplaceable> {
        let mut gone = vec![false; canvas.children.len()];
        let mut incoming: Vec<(&str, String)> = Vec::new();
        for (key, plan) in &plan.children {
            let at = canvas.position(key);
            match plan {
                Plan::Absent => at.into_iter().for_each(|at| gone[at] = true),
                Plan::Keep(side) => {
                    let child =
                        sides.get(*side).and_then(|collection| collection.get(key)).ok_or(Unplaceable)?;
                    match at {
                        Some(_) if *side == self.scene.canvas => {}
                        Some(at) => {
                            let text = self.flow_text(*side, child)?;
                            self.replace(canvas.children[at].core, text);
                        }
                        None => incoming.push((key, self.flow_text(*side, child)?)),
                    }
                }
                Plan::Parts(parts) => self.parts(key, parts, sides)?,
                Plan::Derived => self.derived(&canvas.children[at.ok_or(Unplaceable)?])?,
                Plan::Clash(clash) => {
                    // Markers stand around the next larger entry, never here.
                    let Mode::Resolved(side) = self.mode else { return Err(Unplaceable) };
                    let key = |side: Side| clash.keys.get(side).as_deref();
                    let at = key(self.scene.canvas).and_then(|key| canvas.position(key));
                    let taken = key(side).and_then(|key| Some((key, sides.get(side).as_ref()?.get(key)?)));
                    match (at, taken) {
                        (Some(_), Some(_)) if side == self.scene.canvas => {}
                        (Some(at), Some((_, child))) => {
                            let text = self.flow_text(side, child)?;
                            self.replace(canvas.children[at].core, text);
                        }
                        (Some(at), None) => gone[at] = true,
                        (None, Some((_, child))) => {
                            let key = key(self.scene.canvas.other()).ok_or(Unplaceable)?;
                            incoming.push((key, self.flow_text(side, child)?));
                        }
                        (None, None) => {}
                    }
                }
            }
        }
        let is_commented = !self.canvas().comments(canvas.tail).is_empty();
        let same_comments = plan.tail.is_none_or(|side| {
            let theirs = sides.get(side).map(|collection| self.view(side).comments(collection.tail));
            theirs.is_none_or(|comments| comments == self.canvas().comments(canvas.tail))
        });
        if !same_comments || (is_commented && (gone.contains(&true) || !incoming.is_empty())) {
            // Nobody can say which entry a comment between commas belongs to.
            return Err(Unplaceable);
        }
        self.take_out(canvas, &gone);
        self.put_in(&incoming, sides, canvas, &gone)
    }

    fn flow_text(&self, side: Side, child: &Child) -> Result<String, Unplaceable> {
        let text = self.view(side).slice(child.core);
        // What needs lines and indentation cannot stand within braces.
        if !child.mid_line && text.contains('\n') {
            return Err(Unplaceable);
        }
        Ok(format!("{text}{}", gap(text)))
    }

    /// Removes entries, each with the comma that set it off from a neighbour that stays.
    fn take_out(&mut self, canvas: &Collection, gone: &[bool]) {
        let mut last_kept: Option<usize> = None;
        let mut at = 0;
        while at < gone.len() {
            if !gone[at] {
                last_kept = Some(at);
                at += 1;
                continue;
            }
            let next_kept = (at..gone.len()).find(|&next| !gone[next]);
            let span = match (next_kept, last_kept) {
                (Some(next), _) => {
                    Span::new(canvas.children[at].core.start, canvas.children[next].core.start)
                }
                (None, Some(last)) => {
                    Span::new(canvas.children[last].core.end, canvas.children[gone.len() - 1].core.end)
                }
                (None, None) => {
                    Span::new(canvas.children[at].core.start, canvas.children[gone.len() - 1].core.end)
                }
            };
            let kept_edits = |edit: &Edit| !span.covers(edit.span);
            self.edits.retain(kept_edits);
            self.edits.push(Edit::remove(span));
            at = next_kept.unwrap_or(gone.len());
        }
    }

    fn put_in(
        &mut self,
        incoming: &[(&str, String)],
        sides: Collections<'v>,
        canvas: &Collection,
        gone: &[bool],
    ) -> Result<(), Unplaceable> {
        if incoming.is_empty() {
            return Ok(());
        }
        let other = sides.get(self.scene.canvas.other()).ok_or(Unplaceable)?;
        let kept_before = |at: usize| (0..at).rev().find(|&before| !gone[before]);
        let first_kept = gone.iter().position(|gone| !gone).ok_or(Unplaceable)?;
        let mut next = 0;
        for child in &other.children {
            if let Some(at) = canvas.position(&child.key) {
                next = at + 1;
                continue;
            }
            let Some((_, text)) = incoming.iter().find(|(key, _)| *key == child.key) else { continue };
            while canvas.children.get(next).is_some_and(|here| {
                other.get(&here.key).is_none()
                    && sides.base.is_none_or(|base| base.get(&here.key).is_none())
                    && self.rank(self.scene.canvas, here) < self.rank(self.scene.canvas.other(), child)
            }) {
                next += 1;
            }
            self.edits.push(match kept_before(next) {
                Some(before) => {
                    let before = canvas.children[before].core;
                    Edit::insert(before.end, format!("{}, {text}", gap(self.canvas().slice(before))))
                }
                None => Edit::insert(canvas.children[first_kept].core.start, format!("{text}, ")),
            });
        }
        Ok(())
    }
}

/// What sets a key without value off from the comma that follows: not every reader takes a colon
/// right before a comma for the end of a key.
fn gap(entry: &str) -> &'static str {
    if entry.ends_with(':') { " " } else { "" }
}
