//! Entries within braces and brackets: they come and go with their commas.

use crate::text::{Edit, Span};

use super::super::plan::{CollectionPlan, Plan};
use super::super::sides::Side;
use super::super::view::{Child, Collection, View};
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
                    let child = sides
                        .get(*side)
                        .and_then(|collection| collection.get(key))
                        .ok_or(Unplaceable::HERE)?;
                    match at {
                        Some(_) if *side == self.scene.canvas => {}
                        Some(at) => {
                            let text = self.flow_text(*side, child)?;
                            self.replace(canvas.children[at].core, text);
                        }
                        None => incoming.push((key, self.flow_text(*side, child)?)),
                    }
                }
                // What stands within braces is shown around all of them.
                Plan::Parts(parts) => self.parts(key, parts, sides).map_err(|_| Unplaceable::HERE)?,
                Plan::Derived => self.derived(&canvas.children[at.ok_or(Unplaceable::HERE)?])?,
                Plan::Clash(clash) => {
                    // Markers stand around the next larger entry, never here.
                    let Mode::Resolved(side) = self.mode else { return Err(Unplaceable::HERE) };
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
                            let key = key(self.scene.canvas.other()).ok_or(Unplaceable::HERE)?;
                            incoming.push((key, self.flow_text(side, child)?));
                        }
                        (None, None) => {}
                    }
                }
            }
        }
        let same_comments = plan.tail.is_none_or(|side| {
            let theirs = sides.get(side).map(|collection| self.view(side).comments(collection.tail));
            theirs.is_none_or(|comments| comments == self.canvas().comments(canvas.tail))
        });
        if !same_comments {
            return Err(Unplaceable::HERE);
        }
        self.take_out(canvas, &gone)?;
        self.put_in(&incoming, sides, canvas, &gone)
    }

    fn flow_text(&self, side: Side, child: &Child) -> Result<String, Unplaceable> {
        let text = self.view(side).slice(child.core);
        // What needs lines and indentation cannot stand within braces.
        if !child.mid_line && text.contains('\n') {
            return Err(Unplaceable::HERE);
        }
        Ok(format!("{text}{}", gap(text)))
    }

    /// Removes entries, each with the comma that set it off from a neighbour that stays. Nobody can
    /// say whether a comment beside them would have to go too.
    fn take_out(&mut self, canvas: &Collection, gone: &[bool]) -> Result<(), Unplaceable> {
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
            let around = Span::new(
                last_kept.map_or(canvas.tail.start, |last| canvas.children[last].core.end),
                next_kept.map_or(canvas.tail.end, |next| canvas.children[next].core.start),
            );
            if self.is_commented(around) {
                return Err(Unplaceable::HERE);
            }
            let kept_edits = |edit: &Edit| !span.covers(edit.span);
            self.edits.retain(kept_edits);
            self.edits.push(Edit::remove(span));
            at = next_kept.unwrap_or(gone.len());
        }
        Ok(())
    }

    fn is_commented(&self, span: Span) -> bool {
        !self.canvas().comments(span).is_empty()
    }

    /// Brings entries in, never between a comment and the entry that it stands beside or above.
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
        let other = sides.get(self.scene.canvas.other()).ok_or(Unplaceable::HERE)?;
        let kept_before = |at: usize| (0..at).rev().find(|&before| !gone[before]);
        let first_kept = gone.iter().position(|gone| !gone).ok_or(Unplaceable::HERE)?;
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
            let first = canvas.children[first_kept].core.start;
            let edit = match kept_before(next).map(|before| &canvas.children[before]) {
                Some(before) => {
                    let end = before.core.end;
                    let rest = self.canvas().text()[end..].find('\n').map_or(end, |rest| end + rest);
                    if self.is_commented(Span::new(end, rest)) {
                        return Err(Unplaceable::HERE);
                    }
                    let own_lines = is_first_in_line(self.canvas(), before)
                        && is_first_in_line(self.view(self.scene.canvas.other()), child);
                    let between =
                        if own_lines { format!("\n{}", " ".repeat(before.column)) } else { " ".to_owned() };
                    let gap = gap(self.canvas().slice(before.core));
                    Edit::insert(end, format!("{gap},{between}{text}"))
                }
                None if self.is_commented(Span::new(canvas.tail.start, first)) => {
                    return Err(Unplaceable::HERE);
                }
                None => Edit::insert(first, format!("{text}, ")),
            };
            self.edits.push(edit);
        }
        Ok(())
    }
}

fn is_first_in_line(view: &View, child: &Child) -> bool {
    let line = Span::new(child.core.start - child.column, child.core.start);
    view.slice(line).bytes().all(|byte| byte == b' ')
}

/// What sets a key without value off from the comma that follows: not every reader takes a colon
/// right before a comma for the end of a key.
fn gap(entry: &str) -> &'static str {
    if entry.ends_with(':') { " " } else { "" }
}
