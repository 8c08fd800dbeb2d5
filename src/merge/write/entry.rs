//! One entry whose parts come from different sides: its lines of comments, its key, its value.

use crate::text::{Span, apply};

use super::super::plan::{Parts, ValuePlan};
use super::super::sides::{Side, Sides};
use super::super::view::Child;
use super::{Collections, Mode, Unplaceable, Writer, difference, markers, shifted};

impl<'v> Writer<'_, 'v> {
    /// An entry of a block collection whose parts come from different sides.
    pub(super) fn entry(
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
        let here = child.get(self.scene.canvas).ok_or(Unplaceable::HERE)?;
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
            let start = edit.span.start.checked_sub(here.chunk.start).ok_or(Unplaceable::HERE)?;
            edit.span = Span::new(start, start + edit.span.len());
        }
        apply(self.canvas().slice(here.chunk), &writer.edits).ok_or(Unplaceable::HERE)
    }

    pub(super) fn parts(
        &mut self,
        key: &str,
        parts: &Parts,
        sides: Collections<'v>,
    ) -> Result<(), Unplaceable> {
        let child = sides.map(|side| side.and_then(|collection| collection.get(key)));
        let here = child.get(self.scene.canvas).ok_or(Unplaceable::HERE)?;
        let from = |side: Side| child.get(side).ok_or(Unplaceable::HERE);
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
        let here = child.get(self.scene.canvas).ok_or(Unplaceable::HERE)?;
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
        let text = lines(side).ok_or(Unplaceable::HERE)?;
        let ends_alike = span.of(self.canvas().text()).ends_with('\n') == text.ends_with('\n');
        // Lines above or below may come and go; the rest of a line must stay one.
        let is_rest_of_line = span.start > here.core.start && span.start <= here.core.end;
        if is_rest_of_line && !ends_alike || here.mid_line && !text.trim().is_empty() && span == here.lead {
            let from = child.get(side).ok_or(Unplaceable::HERE)?;
            let unimportant = self.view(side).comments(part(from)) == self.canvas().comments(span);
            return if unimportant { Ok(()) } else { Err(Unplaceable::HERE) };
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
        let here = child.get(self.scene.canvas).ok_or(Unplaceable::HERE)?;
        let from = child.get(side).ok_or(Unplaceable::HERE)?;
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
            return Err(Unplaceable::HERE);
        }
        let text = view.slice(Span::new(from.core.start, from.chunk.end));
        let text =
            shifted(&format!("{}{text}", " ".repeat(from.column)), difference(here.column, from.column));
        let text = text.trim_start_matches(' ').to_owned();
        self.lines(parts.lead, child, |child| child.lead)?;
        self.replace(Span::new(here.core.start, here.chunk.end), text);
        Ok(())
    }

    pub(super) fn derived(&mut self, here: &Child) -> Result<(), Unplaceable> {
        let id = self.scene.snapshot_id.ok_or(Unplaceable::HERE)?;
        let span = self.canvas().document.node(here.value).full_span();
        if span.is_empty() || !here.is_token(self.canvas()) {
            return Err(Unplaceable::HERE);
        }
        self.replace(span, id);
        Ok(())
    }
}

fn is_flow(child: &Child) -> bool {
    child.chunk == child.core
}
