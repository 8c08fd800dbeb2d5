//! Decisions become edits of one side's text, the canvas: every byte that no decision touches
//! stays as that side has it, and every byte that comes in is a slice of another side, moved to
//! the canvas' indentation.

mod block;
mod clash;
mod entry;
mod flow;

use crate::text::{Edit, Span, apply};

use super::Options;
use super::plan::CollectionPlan;
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
pub(super) struct Unplaceable {
    /// The keys from the root down to the entry in which that is so.
    pub(super) within: Vec<String>,
}

impl Unplaceable {
    pub(super) const HERE: Unplaceable = Unplaceable { within: Vec::new() };

    fn below(mut self, key: &str) -> Unplaceable {
        self.within.insert(0, key.to_owned());
        self
    }
}

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
    apply(scene.views.get(scene.canvas).text(), &writer.edits).ok_or(Unplaceable::HERE)
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
        let canvas = sides.get(self.scene.canvas).ok_or(Unplaceable::HERE)?;
        if canvas.form.flow { self.flow(plan, sides, canvas) } else { self.block(plan, sides, canvas) }
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
        let is_flow = |side: Side| sides.get(side).is_some_and(|collection| collection.form.flow);
        let text = match self.chosen(side) {
            Some(side) if side == self.scene.canvas => return Ok(()),
            // Within braces there are no lines to take over, only comments that find no place here.
            Some(side) if is_flow(side) => {
                let theirs = sides.get(side).map(|collection| self.view(side).comments(collection.tail));
                let same = theirs.is_some_and(|comments| comments == self.canvas().comments(canvas.tail));
                return if same { Ok(()) } else { Err(Unplaceable::HERE) };
            }
            Some(side) => lines(side).ok_or(Unplaceable::HERE)?,
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
