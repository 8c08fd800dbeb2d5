//! sysbom keeps the state of a deployed system explicit, reviewable and reproducible in git.
//!
//! An *operation repository* declares what runs. Its *manifest*, `releases/current.yaml`, names
//! one *pin* (image, tag and digest, one value that is never taken apart) per *component*; every
//! former state of it is kept as an *archive* below `releases/history/`. sysbom merges such
//! manifests component by component, checks them, and keeps the history complete.
//!
//! # The map
//!
//! Values stand in the middle and the world at the rim. No arrow points up.
//!
//! | module | knows |
//! |---|---|
//! | [`suggest`] | which known word an unknown one may mean |
//! | [`text`] | spans, edits, lines and columns, the one escape for everything printed |
//! | [`tree`] | paths, object ids, and the one trait through which files are asked for |
//! | [`yaml`] | a text with spans laid over it, edits of it, what Helm would read differently |
//! | [`bom`] | manifests, components, pins, ids |
//! | [`policy`] | what `.sysbom.yaml` allows |
//! | [`change`] | what differs between two manifests, and which tag is newer |
//! | [`merge`] | three texts to one |
//! | [`live`] | images in values files, pod lists and rendered manifests |
//! | [`check`] | rules and findings |
//! | [`release`] | releases, rollbacks, holds and snapshots as plans |
//! | [`report`] | how findings are shown |
//! | [`git`] | the repository: trees of revisions, base and its states, writing, setting up |
//! | [`cli`] | the rim: commands, environment, exit statuses |
//!
//! # What always holds
//!
//! - No image/tag/digest triple is written that was on neither side of a merge.
//! - Only the bytes that must change change; after every write the result is read again, and
//!   nothing is written if it differs from what was meant.
//! - A failure of sysbom itself never leaves a file that git takes for merged.
//! - The same inputs give the same bytes, names and output on every machine.

pub mod bom;
pub mod change;
pub mod check;
pub mod cli;
pub mod git;
pub mod live;
pub mod merge;
pub mod policy;
pub mod release;
pub mod report;
pub mod suggest;
pub mod text;
pub mod tree;
pub mod yaml;
