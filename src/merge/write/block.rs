//! Entries on lines of their own: those that go, those that come, and in which order.

use crate::text::Edit;

use super::super::plan::{CollectionPlan, Plan};
use super::super::sides::Side;
use super::super::view::{Child, Collection};
use super::{Collections, Unplaceable, Writer};

impl<'v> Writer<'_, 'v> {
    pub(super) fn block(
        &mut self,
        plan: &CollectionPlan,
        sides: Collections<'v>,
        canvas: &'v Collection,
    ) -> Result<(), Unplaceable> {
        let column = canvas.children.first().ok_or(Unplaceable::HERE)?.column;
        let mut incoming: Vec<(&str, String)> = Vec::new();
        for (key, plan) in &plan.children {
            let here = canvas.get(key);
            match plan {
                Plan::Absent => {
                    if let Some(child) = here {
                        self.replace(child.chunk, "");
                    }
                }
                Plan::Keep(side) => {
                    let child = sides
                        .get(*side)
                        .and_then(|collection| collection.get(key))
                        .ok_or(Unplaceable::HERE)?;
                    match here {
                        Some(_) if *side == self.scene.canvas => {}
                        Some(here) => self.replace_chunk(here, &self.chunk_text(*side, child, column))?,
                        None => incoming.push((key, self.chunk_text(*side, child, column))),
                    }
                }
                Plan::Clash(clash) => {
                    let text = self.clash_text(clash, sides, canvas.form.list, column);
                    let key = |side: Side| clash.keys.get(side).as_deref();
                    if let Some(here) = key(self.scene.canvas).and_then(|key| canvas.get(key)) {
                        self.replace_chunk(here, &text)?;
                    } else {
                        incoming.push((key(self.scene.canvas.other()).ok_or(Unplaceable::HERE)?, text));
                    }
                }
                Plan::Parts(parts) => self
                    .entry(key, parts, sides, canvas.form.list, column)
                    .map_err(|stuck| stuck.below(key))?,
                Plan::Derived => self.derived(here.ok_or(Unplaceable::HERE)?)?,
            }
        }
        for (offset, text) in self.places(&incoming, sides, canvas)? {
            self.edits.push(Edit::insert(offset, text));
        }
        self.tail(plan.tail, sides, canvas, column)
    }

    /// Replaces an entry by lines that begin with its indentation.
    pub(super) fn replace_chunk(&mut self, here: &Child, text: &str) -> Result<(), Unplaceable> {
        if !here.mid_line {
            self.replace(here.chunk, text);
            return Ok(());
        }
        // The entry begins behind a dash: nothing can stand above it in its place.
        let inline = text.trim_start_matches(' ');
        if inline.is_empty() || inline.starts_with(['#', '\n']) {
            return Err(Unplaceable::HERE);
        }
        self.replace(here.chunk, inline);
        Ok(())
    }

    /// Where entries that only the other side has go: behind the entry they follow there. Where
    /// both sides added entries at one place they come in the order of their digests, then of
    /// their keys, whichever side they are from.
    fn places(
        &self,
        incoming: &[(&str, String)],
        sides: Collections<'v>,
        canvas: &Collection,
    ) -> Result<Vec<(usize, String)>, Unplaceable> {
        if incoming.is_empty() {
            return Ok(Vec::new());
        }
        let side = self.scene.canvas.other();
        let other = sides.get(side).ok_or(Unplaceable::HERE)?;
        let texts: std::collections::HashMap<&str, &String> =
            incoming.iter().map(|(key, text)| (*key, text)).collect();
        let rank = |side: Side, child: &Child| self.rank(side, child);
        let is_new = |child: &Child| {
            other.get(&child.key).is_none() && sides.base.is_none_or(|base| base.get(&child.key).is_none())
        };
        let (mut next, mut places) = (0, Vec::new());
        for child in &other.children {
            if let Some(at) = canvas.position(&child.key) {
                next = at + 1;
            } else if let Some(text) = texts.get(child.key.as_str()) {
                while canvas
                    .children
                    .get(next)
                    .is_some_and(|here| is_new(here) && rank(self.scene.canvas, here) < rank(side, child))
                {
                    next += 1;
                }
                let offset = match next.checked_sub(1) {
                    Some(before) => canvas.children[before].chunk.end,
                    None => canvas.children.first().ok_or(Unplaceable::HERE)?.chunk.start,
                };
                places.push((offset, (*text).clone()));
            }
        }
        if places.len() == incoming.len() { Ok(places) } else { Err(Unplaceable::HERE) }
    }

    pub(super) fn rank(&self, side: Side, child: &Child) -> (String, String) {
        let view = self.view(side);
        let digest = view.document.get(child.value, &self.scene.options.layout.fields.digest);
        let digest = digest.and_then(|node| view.document.scalar(node)).unwrap_or_default();
        (digest.to_owned(), child.key.clone())
    }
}
