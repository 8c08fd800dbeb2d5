//! The merge of manifests: structural, component by component, verified before it is given out.
//!
//! Knows documents and manifests. Takes bytes and gives bytes; files, git's placeholders and
//! git's own text merge are for the caller.

use crate::bom::Layout;

/// The three texts of a merge, and whatever is derived from each of them. They travel together,
/// so that no side can be forgotten or taken twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sides<T> {
    /// The common ancestor.
    pub base: T,
    /// The side merged into.
    pub ours: T,
    /// The side merged in.
    pub theirs: T,
}

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

/// git's `merge.conflictStyle`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConflictStyle {
    /// Ours and theirs.
    Merge,
    /// Ours, base and theirs.
    Diff3,
    /// As `diff3`; whole entries stand between our markers, so there is nothing to zip.
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
    /// What each side has there, in a few words: `v1.2.3 sha256:aaaa…`, `removed`, `not there`.
    pub values: Sides<String>,
    /// Why it is no merge, one line.
    pub reason: String,
    /// What to do.
    pub help: String,
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
pub fn merge(_sides: Sides<&[u8]>, _options: &Options) -> Result<Outcome, Unstructured> {
    todo!()
}

/// Judges git's own text merge of texts that [`merge`] could not merge by structure.
/// `text_merge` is its result if it was clean, `None` if it was not. A clean result that does
/// not parse, has duplicate keys or a pin that the sides do not agree on becomes a conflict.
pub fn judge_text_merge(
    _sides: Sides<&[u8]>,
    _text_merge: Option<&[u8]>,
    _why: &Unstructured,
    _options: &Options,
) -> Outcome {
    todo!()
}
