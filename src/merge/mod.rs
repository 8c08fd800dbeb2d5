//! The merge of manifests: structural, entry by entry, verified before it is given out.
//!
//! Knows documents and manifests. Takes bytes and gives bytes; files, git's placeholders and
//! git's own text merge are for the caller.
//!
//! `frame` takes off what surrounds a text, `view` cuts it into entries, `decide` says which side
//! each entry is taken from, `write` turns that into edits of one side's text, `verify` reads the
//! result back. `fallback` judges what git's text merge made of texts that have no such structure.

mod admit;
mod around;
mod decide;
mod describe;
mod fallback;
mod frame;
mod pins;
mod plan;
mod rename;
mod sides;
mod value;
mod verify;
mod view;
mod write;

use std::collections::BTreeSet;

use crate::bom::Layout;
use crate::yaml::Document;

use describe::help_for;
use frame::Frame;
use plan::{CollectionPlan, Plan};
use sides::Moved;
pub use sides::{Side, Sides};
use view::View;
use write::{Mode, Scene, Unplaceable};

pub use fallback::judge_text_merge;

/// How to merge and how to show what could not be merged.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the components stand.
    pub layout: Layout,
    /// The names shown behind the markers.
    pub labels: Sides<String>,
    /// How many characters a marker has; git's default is 7.
    pub marker_size: usize,
    /// Which sides stand between the markers.
    pub style: ConflictStyle,
    /// Whether the result will be the base of another merge, as git asks for in a criss-cross
    /// history: then there are no markers, and what conflicts becomes a value that equals no side.
    pub virtual_base: bool,
}

impl Default for Options {
    fn default() -> Self {
        let labels = Sides { base: "base".into(), ours: "ours".into(), theirs: "theirs".into() };
        let layout = Layout::default();
        Options { layout, labels, marker_size: 7, style: ConflictStyle::Merge, virtual_base: false }
    }
}

/// git's `merge.conflictStyle`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConflictStyle {
    /// Ours and theirs.
    Merge,
    /// Ours, base and theirs.
    Diff3,
    /// As `diff3`: whole entries stand between our markers, so there is nothing to zip.
    Zdiff3,
}

/// What a merge came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was merged. The bytes have been read back and hold what was meant.
    Merged(Vec<u8>),
    /// Something needs a person. The bytes hold markers (or, for a virtual base, sentinels).
    Conflicted {
        /// The result to write.
        bytes: Vec<u8>,
        /// What conflicts, in the order of the file.
        conflicts: Vec<Conflict>,
    },
}

/// One thing that both sides changed apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// What: a component's name, or the path of another entry; empty for the file as a whole.
    pub subject: String,
    /// The entry that it is a part of: a component's path, or the subject's own; empty for the file.
    pub entry: String,
    /// What each side has there, in a few words: `v1.2.3 sha256:aaaa…`, `removed`, `not there`.
    pub values: Sides<String>,
    /// Why it is no merge, one line.
    pub reason: String,
    /// What to do.
    pub help: String,
}

/// How many entries conflict; one that does so in several parts counts once, and so does a file of
/// which nothing smaller can be named.
pub fn entries_in_conflict(conflicts: &[Conflict]) -> usize {
    let entries: BTreeSet<&str> = conflicts.iter().map(|conflict| conflict.entry.as_str()).collect();
    entries.iter().filter(|entry| !entry.is_empty()).count().max(usize::from(!conflicts.is_empty()))
}

/// Why the sides cannot be merged by structure: one of them cannot be read, or holds something
/// whose meaning the merge could change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unstructured {
    /// One line: which side, what, where.
    pub reason: String,
}

/// Merges by structure. `Err` asks the caller for git's own text merge of the same three texts,
/// whose result [`judge_text_merge`] then judges.
///
/// ```
/// use sysbom::merge::{Options, Outcome, Sides, merge};
/// let sides = Sides {
///     base: "images:\n  app: {tag: v1}\n  web: {tag: v1}\n".as_bytes(),
///     ours: b"images:\n  app: {tag: v2}\n  web: {tag: v1}\n",
///     theirs: b"images:\n  app: {tag: v1}\n  web: {tag: v2}\n",
/// };
/// let merged = merge(sides, &Options::default())?;
/// assert_eq!(merged, Outcome::Merged(b"images:\n  app: {tag: v2}\n  web: {tag: v2}\n".to_vec()));
/// # Ok::<(), sysbom::merge::Unstructured>(())
/// ```
pub fn merge(sides: Sides<&[u8]>, options: &Options) -> Result<Outcome, Unstructured> {
    match sides.moved() {
        Moved::Alike => return Ok(Outcome::Merged(sides.ours.to_vec())),
        Moved::Only(side) => return Ok(Outcome::Merged(sides.get(side).to_vec())),
        Moved::Apart => {}
    }
    let texts = sides.try_map(admit::text)?;
    let framed = texts.map(Frame::take_off);
    let documents = framed.as_ref().try_map(|side, (_, inner)| admit::document(side, inner))?;
    if let Some(conflict) = cut_off(&framed.as_ref().map(|(frame, _)| *frame), &documents) {
        return Ok(fallback::whole_file(sides, vec![conflict], options));
    }
    admit::same_references(&documents)?;
    let merge = Merge {
        frame: Frame::merged(framed.map(|(frame, _)| frame), sides.base.is_empty()),
        views: documents.map(View::of),
        options,
    };
    Ok(merge.run().unwrap_or_else(|conflicts| fallback::whole_file(sides, conflicts, options)))
}

/// One structural merge.
struct Merge<'o> {
    frame: Frame,
    views: Sides<View>,
    options: &'o Options,
}

/// A merge that cannot be written into the text of one side.
struct Stuck {
    /// What to tell people if the file as a whole has to be shown.
    conflicts: Vec<Conflict>,
    /// The keys from the root down to the entry that finds no place; none if it is the file as a whole.
    within: Vec<String>,
}

impl Merge<'_> {
    /// `Err` if only the file as a whole can be shown as a conflict. A change that finds no safe
    /// place in the text of one side may find one in the other's; if in neither, its entry is a
    /// conflict.
    fn run(&self) -> Result<Outcome, Vec<Conflict>> {
        let canvas = canvas(&self.views);
        let stuck = match self.run_on(canvas) {
            Ok(outcome) => return Ok(outcome),
            Err(stuck) => stuck,
        };
        self.run_on(canvas.other()).or_else(|_| self.run_around(stuck, canvas))
    }

    fn run_on(&self, canvas: Side) -> Result<Outcome, Stuck> {
        self.written(&self.decided(canvas)?, canvas)
    }

    /// With a conflict around each entry that finds no place.
    fn run_around(&self, mut stuck: Stuck, canvas: Side) -> Result<Outcome, Vec<Conflict>> {
        let Ok(mut plan) = self.decided(canvas) else { return Err(stuck.conflicts) };
        while around::give_up(&mut plan, &self.views, &self.options.layout, canvas, &stuck.within) {
            match self.written(&plan, canvas) {
                Ok(outcome) => return Ok(outcome),
                Err(next) => stuck = next,
            }
        }
        Err(stuck.conflicts)
    }

    fn decided(&self, canvas: Side) -> Result<CollectionPlan, Stuck> {
        decide::decide(&self.views, &self.options.layout, canvas)
            .map_err(|conflicts| Stuck { conflicts, within: Vec::new() })
    }

    fn written(&self, plan: &CollectionPlan, canvas: Side) -> Result<Outcome, Stuck> {
        let prologue = self.prologue(canvas);
        let snapshot_id = self.snapshot_id(plan);
        let snapshot_id = snapshot_id.as_deref();
        let scene = Scene { views: &self.views, canvas, options: self.options, snapshot_id, prologue };
        let mut conflicts = plan.conflicts();
        if prologue.is_none() {
            conflicts.insert(0, header_conflict());
        }
        let stuck = |at: Unplaceable| Stuck {
            conflicts: conflicts.iter().cloned().chain([unplaceable()]).collect(),
            within: at.within,
        };
        let ours = self.verified(plan, &scene, Side::Ours).map_err(stuck)?;
        if conflicts.is_empty() {
            let is_whole = verify::keeps_comments(&ours, &self.views);
            return if is_whole {
                Ok(Outcome::Merged(ours.into_bytes()))
            } else {
                Err(stuck(Unplaceable::HERE))
            };
        }
        let theirs = self.verified(plan, &scene, Side::Theirs).map_err(stuck)?;
        if plan.unshowable {
            return Ok(self.whole(&ours, &theirs, conflicts));
        }
        let mode = if self.options.virtual_base { Mode::Sentinels } else { Mode::Markers };
        let text = write::write(plan, &scene, mode).map_err(stuck)?;
        if mode == Mode::Sentinels && verify::is_readable(&text).is_err() {
            return Err(stuck(Unplaceable::HERE));
        }
        let text = self.frame.put_on_markers(&text, self.options.marker_size);
        Ok(Outcome::Conflicted { bytes: text.into_bytes(), conflicts })
    }

    /// Markers around the whole document, everything merged on both sides of them but the conflicts.
    fn whole(&self, ours: &str, theirs: &str, conflicts: Vec<Conflict>) -> Outcome {
        let base = self.frame.put_on(self.views.base.text());
        let texts = Sides { base: base.as_bytes(), ours: ours.as_bytes(), theirs: theirs.as_bytes() };
        fallback::whole_file(texts, conflicts, self.options)
    }

    /// The result with every conflict resolved to one side, if it says what was decided.
    fn verified(
        &self,
        plan: &CollectionPlan,
        scene: &Scene<'_>,
        resolved: Side,
    ) -> Result<String, Unplaceable> {
        let intended = verify::intended(plan, &self.views, resolved, scene.snapshot_id);
        let inner = write::write(plan, scene, Mode::Resolved(resolved))?;
        if !verify::says(&inner, &intended) {
            return Err(Unplaceable::HERE);
        }
        [self.frame, self.frame.with_final_newline()]
            .into_iter()
            .map(|frame| frame.put_on(&inner))
            .find(|text| verify::says(text, &intended) && !verify::ends_in_an_open_block(text))
            .ok_or(Unplaceable::HERE)
    }

    fn prologue(&self, canvas: Side) -> Option<Side> {
        let comments = self.views.as_ref().map(|view| view.comments(view.prologue));
        match comments.moved() {
            Moved::Apart => None,
            Moved::Only(side) => Some(side),
            Moved::Alike => Some(self.views.as_ref().map(|view| view.slice(view.prologue)).styled(canvas)),
        }
    }

    /// `merge-` and 12 hex digits of the SHA-256 of the merged data without its `snapshotId`.
    fn snapshot_id(&self, plan: &CollectionPlan) -> Option<String> {
        use sha2::{Digest, Sha256};
        let wanted = plan.children.iter().any(|(_, plan)| matches!(plan, Plan::Derived));
        let mut data = wanted.then(|| verify::intended(plan, &self.views, Side::Ours, None))?;
        if let value::Value::Keyed { entries, .. } = &mut data {
            entries.remove(decide::SNAPSHOT_ID);
        }
        let hash = Sha256::digest(data.json().as_bytes());
        Some(hash.iter().take(6).fold("merge-".to_owned(), |id, byte| format!("{id}{byte:02x}")))
    }
}

/// The side whose text takes the edits: ours, unless only theirs changed how the file is laid out
/// (the order of entries, their indentation, block or flow), which would otherwise be lost.
fn canvas(views: &Sides<View>) -> Side {
    let relaid = |side: Side| match (views.base.root(), views.get(side).root()) {
        (Some(base), Some(root)) => view::is_relaid((&views.base, base), (views.get(side), root)),
        _ => false,
    };
    if relaid(Side::Theirs) && !relaid(Side::Ours) { Side::Theirs } else { Side::Ours }
}

fn header_conflict() -> Conflict {
    let values = Sides { base: String::new(), ours: String::new(), theirs: String::new() };
    let reason = "both sides changed the comment at the top of the file";
    let (subject, entry) = ("header".to_owned(), "header".to_owned());
    Conflict { subject, entry, values, reason: reason.into(), help: help_for(reason) }
}

/// A side that was cut off, by a write that did not end, is not merged as if its end had been removed.
fn cut_off(frames: &Sides<Frame>, documents: &Sides<Document>) -> Option<Conflict> {
    let side = [Side::Ours, Side::Theirs].into_iter().find(|&side| {
        frames.base.has_final_newline()
            && !frames.get(side).has_final_newline()
            && admit::is_cut_off(&documents.base, documents.get(side))
    })?;
    let name = if side == Side::Ours { "our side" } else { "their side" };
    let reason = format!("{name} ends in the middle, as if the file had been cut off");
    let values =
        Sides { base: String::new(), ours: "the whole file".into(), theirs: "the whole file".into() };
    Some(Conflict { subject: String::new(), entry: String::new(), values, help: help_for(&reason), reason })
}

/// The promise of [`merge`] is to give out nothing that does not say what was decided. Where the
/// layout of the sides leaves no safe place for a change, the file as a whole is a conflict too.
fn unplaceable() -> Conflict {
    let reason = "the changes cannot be put together without guessing at the file's layout";
    let values = Sides { base: String::new(), ours: "changed".into(), theirs: "changed".into() };
    let (subject, entry) = (String::new(), String::new());
    let help = "keep one side's file whole, bring the other side's changes in by hand, then `git add` it";
    Conflict { subject, entry, values, reason: reason.into(), help: help.into() }
}
