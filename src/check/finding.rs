//! What is wrong with a file, where, and what to do about it.

use crate::text::{Edit, Source, Span};
use crate::tree::{ObjectId, RepoPath};

/// How much a finding counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Shown; the check still passes.
    Warning,
    /// The check fails.
    Error,
}

/// One fault in the user's files. Plain data: how it is shown is for `report`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The id of the rule, such as `floating-tag`.
    pub rule: &'static str,
    /// Whether it fails the check.
    pub severity: Severity,
    /// One line: begins in lower case, names in backticks, no full stop.
    pub message: String,
    /// Something to do, if possible a command to paste.
    pub help: String,
    /// Where it is.
    pub at: Excerpt,
    /// What it rests on: the policy's setting, the other side of a merge.
    pub because: Vec<Excerpt>,
    /// A change that mends it, where that is safe.
    pub fix: Option<Fix>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The file.
    pub path: RepoPath,
    /// Its text, if it could be read as text; then `span` lies in it.
    pub source: Option<Source>,
    /// The bytes to point at; empty for the file as a whole.
    pub span: Span,
    /// What the place has to do with it, a few words; empty where the message says so.
    pub label: String,
}

/// A change that mends a finding without guessing what the user meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fix {
    /// Edits of the file the finding points at.
    Edit(Vec<Edit>),
    /// Write this former state to this path.
    Archive {
        /// The path of the archive.
        path: RepoPath,
        /// The object that holds the state's bytes.
        blob: ObjectId,
    },
    /// Put a history file back as it was.
    Restore {
        /// The file's path.
        path: RepoPath,
        /// The object that holds its bytes.
        blob: ObjectId,
    },
}
