//! Decisions become edits of one side's text, the canvas: every byte that no decision touches
//! stays as that side has it, and every byte that comes in is a slice of another side, moved to
//! the canvas' indentation.

mod clash;
mod flow;

use crate::text::{Edit, Span, apply};

use super::Options;
use super::plan::{CollectionPlan, Parts, Plan, ValuePlan};
use super::sides::{Side, Sides};
use super::view::{Child, Collection, View};
pub(super) use clash::{SENTINEL, markers};

/// What stands where the sides do not agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Both sides between markers.
    Markers,
    /// One side, as if a person had chosen it everywhere: for reading the result back.
    Resolved(Side),
    /// A value that equals no side.
    Sentinels,
}

/// A decision that cannot be placed in the canvas without guessing at its layout.
pub(super) struct Unplaceable;

/// Everything `write` needs besides the decisions.
pub(super) struct Scene<'v> {
    pub(super) views: &'v Sides<View>,
    pub(super) canvas: Side,
    pub(super) options: &'v Options,
    /// The derived `snapshotId`, where the plan asks for one.
    pub(super) snapshot_id: Option<&'v str>,
    /// Whose prologue; `None` if both changed its comments apart.
    pub(super) prologue: Option<Side>,
}

/// The merged text: the canvas with the plan's edits applied.
pub(super) fn write(plan: &CollectionPlan, scene: &Scene<'_>, mode: Mode) -> Result<String, Unplaceable> {
    let mut writer = Writer { scene, mode, edits: Vec::new() };
    writer.prologue();
    writer.collection(plan, scene.views.as_ref().map(View::root))?;
    apply(scene.views.get(scene.canvas).text(), &writer.edits).ok_or(Unplaceable)
}

struct Writer<'s, 'v> {
    scene: &'s Scene<'v>,
    mode: Mode,
    edits: Vec<Edit>,
}

type Collections<'v> = Sides<Option<&'v Collection>>;

impl<'v> Writer<'_, 'v> {
    fn view(&self, side: Side) -> &'v View {
        self.scene.views.get(side)
    }

    fn canvas(&self) -> &'v View {
        self.view(self.scene.canvas)
    }

    fn replace(&mut self, span: Span, text: impl Into<String>) {
        let edit = Edit::replace(span, text);
        if span.of(self.canvas().text()) != edit.text {
            self.edits.push(edit);
        }
    }

    fn prologue(&mut self) {
        let views = self.scene.views;
        let text = match self.scene.prologue {
            Some(side) => self.view(side).slice(self.view(side).prologue).to_owned(),
            None => self.disagreement(
                &views.as_ref().map(|view| view.slice(view.prologue).to_owned()),
                format!("# {SENTINEL}\n"),
            ),
        };
        self.replace(self.canvas().prologue, text);
    }

    fn collection(&mut self, plan: &CollectionPlan, sides: Collections<'v>) -> Result<(), Unplaceable> {
        let canvas = sides.get(self.scene.canvas).ok_or(Unplaceable)?;
        if canvas.form.flow { self.flow(plan, sides, canvas) } else { self.block(plan, sides, canvas) }
    }

    fn block(
        &mut self,
        plan: &CollectionPlan,
        sides: Collections<'v>,
        canvas: &'v Collection,
    ) -> Result<(), Unplaceable> {
        let column = canvas.children.first().ok_or(Unplaceable)?.column;
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
                    let child =
                        sides.get(*side).and_then(|collection| collection.get(key)).ok_or(Unplaceable)?;
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
                        incoming.push((key(self.scene.canvas.other()).ok_or(Unplaceable)?, text));
                    }
                }
                Plan::Parts(parts) => self.entry(key, parts, sides, canvas.form.list, column)?,
                Plan::Derived => self.derived(here.ok_or(Unplaceable)?)?,
            }
        }
        for (offset, text) in self.places(&incoming, sides, canvas)? {
            self.edits.push(Edit::insert(offset, text));
        }
        self.tail(plan.tail, sides, canvas, column)
    }

    fn tail(
        &mut self,
        side: Option<Side>,
        sides: Collections<'v>,
        canvas: &Collection,
        column: usize,
    ) -> Result<(), Unplaceable> {
        let lines = |side: Side| {
            let from = sides.get(side).as_ref()?;
            let shift = from.children.first().map_or(0, |child| difference(column, child.column));
            Some(shifted(self.view(side).slice(from.tail), shift))
        };
        let text = match self.chosen(side) {
            Some(side) if side == self.scene.canvas => return Ok(()),
            Some(side) => lines(side).ok_or(Unplaceable)?,
            None => self.contested_lines(lines, column),
        };
        self.replace(canvas.tail, text);
        Ok(())
    }

    /// The side whose part to take; `None` where both are to be shown.
    fn chosen(&self, side: Option<Side>) -> Option<Side> {
        match (side, self.mode) {
            (None, Mode::Resolved(resolved)) => Some(resolved),
            (side, _) => side,
        }
    }

    /// Whole lines of comments that both sides changed apart.
    fn contested_lines(&self, lines: impl Fn(Side) -> Option<String>, column: usize) -> String {
        let text = |side| lines(side).unwrap_or_default();
        let texts = Sides { base: text(Side::Base), ours: text(Side::Ours), theirs: text(Side::Theirs) };
        self.disagreement(&texts, format!("{}# {SENTINEL}\n", " ".repeat(column)))
    }

    /// Replaces an entry by lines that begin with its indentation.
    fn replace_chunk(&mut self, here: &Child, text: &str) -> Result<(), Unplaceable> {
        if !here.mid_line {
            self.replace(here.chunk, text);
            return Ok(());
        }
        // The entry begins behind a dash: nothing can stand above it in its place.
        let inline = text.trim_start_matches(' ');
        if inline.is_empty() || inline.starts_with(['#', '\n']) {
            return Err(Unplaceable);
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
        let other = sides.get(side).ok_or(Unplaceable)?;
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
                    None => canvas.children.first().ok_or(Unplaceable)?.chunk.start,
                };
                places.push((offset, (*text).clone()));
            }
        }
        if places.len() == incoming.len() { Ok(places) } else { Err(Unplaceable) }
    }

    fn rank(&self, side: Side, child: &Child) -> (String, String) {
        let view = self.view(side);
        let digest = view.document.get(child.value, &self.scene.options.layout.fields.digest);
        let digest = digest.and_then(|node| view.document.scalar(node)).unwrap_or_default();
        (digest.to_owned(), child.key.clone())
    }

    /// An entry of a block collection whose parts come from different sides.
    fn entry(
        &mut self,
        key: &str,
        parts: &Parts,
        sides: Collections<'v>,
        list: bool,
        column: usize,
    ) -> Result<(), Unplaceable> {
        if !parts.whole || matches!(self.mode, Mode::Resolved(_)) {
            return self.parts(key, parts, sides);
        }
        let child = sides.map(|side| side.and_then(|collection| collection.get(key)));
        let here = child.get(self.scene.canvas).ok_or(Unplaceable)?;
        let text = if self.mode == Mode::Sentinels {
            let name = |child: Option<&Child>| child.map(|child| child.key.clone());
            self.sentinel(&child.map(name), sides, list, column)
        } else {
            let base = child.base.map(|base| self.chunk_text(Side::Base, base, column)).unwrap_or_default();
            let ours = self.resolved_chunk(key, parts, sides, here, Side::Ours)?;
            let theirs = self.resolved_chunk(key, parts, sides, here, Side::Theirs)?;
            markers(&Sides { base, ours, theirs }, self.scene.options)
        };
        self.replace_chunk(here, &text)
    }

    /// An entry with its conflicts resolved to one side and everything else merged: whichever
    /// side a person keeps, no other change is lost with it.
    fn resolved_chunk(
        &self,
        key: &str,
        parts: &Parts,
        sides: Collections<'v>,
        here: &Child,
        side: Side,
    ) -> Result<String, Unplaceable> {
        let mut writer = Writer { scene: self.scene, mode: Mode::Resolved(side), edits: Vec::new() };
        writer.parts(key, parts, sides)?;
        for edit in &mut writer.edits {
            let start = edit.span.start.checked_sub(here.chunk.start).ok_or(Unplaceable)?;
            edit.span = Span::new(start, start + edit.span.len());
        }
        apply(self.canvas().slice(here.chunk), &writer.edits).ok_or(Unplaceable)
    }

    fn parts(&mut self, key: &str, parts: &Parts, sides: Collections<'v>) -> Result<(), Unplaceable> {
        let child = sides.map(|side| side.and_then(|collection| collection.get(key)));
        let here = child.get(self.scene.canvas).ok_or(Unplaceable)?;
        let from = |side: Side| child.get(side).ok_or(Unplaceable);
        if let ValuePlan::Take(side) = parts.value
            && side != self.scene.canvas
            && !(here.is_token(self.canvas()) && from(side)?.is_token(self.view(side)))
        {
            return self.whole_core(child, side, parts);
        }
        if parts.key != self.scene.canvas {
            self.key_token(here, parts.key, from(parts.key)?);
        }
        self.lines(parts.lead, child, |child| child.lead)?;
        self.lines(parts.head, child, |child| child.head)?;
        self.lines(parts.foot, child, |child| child.foot)?;
        self.lines(parts.trail, child, |child| child.trail)?;
        match &parts.value {
            ValuePlan::Take(side) if *side == self.scene.canvas => Ok(()),
            ValuePlan::Take(side) => {
                self.token(here, *side, from(*side)?);
                Ok(())
            }
            ValuePlan::Merge(plan) => {
                let views = self.scene.views.as_ref();
                let nested =
                    child.zip(views).map(|(child, view)| child.and_then(|c| view.collection(c.value)));
                self.collection(plan, nested)
            }
        }
    }

    fn key_token(&mut self, here: &Child, side: Side, from: &Child) {
        if let (Some(mine), Some(yours)) = (here.key_node, from.key_node) {
            let span = self.canvas().document.node(mine).full_span();
            let view = self.view(side);
            self.replace(span, view.slice(view.document.node(yours).full_span()));
        }
    }

    /// Replaces comment and blank lines, or the rest of a line.
    fn lines(
        &mut self,
        side: Option<Side>,
        child: Sides<Option<&'v Child>>,
        part: fn(&Child) -> Span,
    ) -> Result<(), Unplaceable> {
        let here = child.get(self.scene.canvas).ok_or(Unplaceable)?;
        let span = part(here);
        let lines = |side: Side| {
            let from = child.get(side).as_ref()?;
            Some(shifted(self.view(side).slice(part(from)), difference(here.column, from.column)))
        };
        let Some(side) = self.chosen(side) else {
            let text = self.contested_lines(lines, here.column);
            self.replace(span, text);
            return Ok(());
        };
        if side == self.scene.canvas {
            return Ok(());
        }
        let text = lines(side).ok_or(Unplaceable)?;
        let ends_alike = span.of(self.canvas().text()).ends_with('\n') == text.ends_with('\n');
        // Lines above or below may come and go; the rest of a line must stay one.
        let is_rest_of_line = span.start > here.core.start && span.start <= here.core.end;
        if is_rest_of_line && !ends_alike || here.mid_line && !text.trim().is_empty() && span == here.lead {
            let from = child.get(side).ok_or(Unplaceable)?;
            let unimportant = self.view(side).comments(part(from)) == self.canvas().comments(span);
            return if unimportant { Ok(()) } else { Err(Unplaceable) };
        }
        self.replace(span, text);
        Ok(())
    }

    /// Replaces a value that is written within its line.
    fn token(&mut self, here: &Child, side: Side, from: &Child) {
        let view = self.view(side);
        let value = view.slice(view.document.node(from.value).full_span());
        let span = self.canvas().document.node(here.value).full_span();
        if value.is_empty() {
            self.replace(Span::new(here.value_from.min(span.end), span.end), "");
        } else if span.is_empty() {
            self.replace(Span::at(here.value_from), format!(" {value}"));
        } else {
            self.replace(span, value);
        }
    }

    /// Replaces everything from the key on: for values of several lines.
    fn whole_core(
        &mut self,
        child: Sides<Option<&'v Child>>,
        side: Side,
        parts: &Parts,
    ) -> Result<(), Unplaceable> {
        let here = child.get(self.scene.canvas).ok_or(Unplaceable)?;
        let from = child.get(side).ok_or(Unplaceable)?;
        let view = self.view(side);
        let taken = |part: Option<Side>, span: fn(&Child) -> Span| {
            self.chosen(part) == Some(side) || view.comments(span(from)) == self.canvas().comments(span(here))
        };
        let whole =
            taken(parts.head, |c| c.head) && taken(parts.trail, |c| c.trail) && taken(parts.foot, |c| c.foot);
        if !whole
            || here.chunk.end < here.core.end
            || from.chunk.end < from.core.end
            || is_flow(here) != is_flow(from)
        {
            return Err(Unplaceable);
        }
        let text = view.slice(Span::new(from.core.start, from.chunk.end));
        let text =
            shifted(&format!("{}{text}", " ".repeat(from.column)), difference(here.column, from.column));
        let text = text.trim_start_matches(' ').to_owned();
        self.lines(parts.lead, child, |child| child.lead)?;
        self.replace(Span::new(here.core.start, here.chunk.end), text);
        Ok(())
    }

    fn derived(&mut self, here: &Child) -> Result<(), Unplaceable> {
        let id = self.scene.snapshot_id.ok_or(Unplaceable)?;
        let span = self.canvas().document.node(here.value).full_span();
        if span.is_empty() || !here.is_token(self.canvas()) {
            return Err(Unplaceable);
        }
        self.replace(span, id);
        Ok(())
    }

    /// An entry of a side as lines of their own, at the column of the canvas.
    fn chunk_text(&self, side: Side, child: &Child, column: usize) -> String {
        let view = self.view(side);
        let text = view.slice(child.chunk);
        let text =
            if child.mid_line { format!("{}{text}", " ".repeat(child.column)) } else { text.to_owned() };
        let mut text = shifted(&text, difference(column, child.column));
        if !text.ends_with('\n') {
            text.push('\n');
        }
        text
    }
}

fn is_flow(child: &Child) -> bool {
    child.chunk == child.core
}

/// How far lines move from column `from` to column `to`.
fn difference(to: usize, from: usize) -> isize {
    to.cast_signed() - from.cast_signed()
}

/// Lines moved right, or left as far as each has room. Blank lines stay.
fn shifted(text: &str, by: isize) -> String {
    if by == 0 {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let room = line.len() - line.trim_start_matches(' ').len();
        if line.trim_end_matches('\n').is_empty() {
            out.push_str(line);
        } else if by > 0 {
            out.push_str(&" ".repeat(by.unsigned_abs()));
            out.push_str(line);
        } else {
            out.push_str(&line[room.min(by.unsigned_abs())..]);
        }
    }
    out
}
