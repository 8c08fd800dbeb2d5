//! What is wrong with a file, where, and what to do about it.

use crate::policy::Level;
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

impl Finding {
    /// A finding of a rule in [`super::RULES`], as severe as the rule is by default.
    pub fn new(rule: &'static str, at: Excerpt, message: String, help: String) -> Finding {
        let level = super::rule(rule).expect("findings come from rules of the table").level;
        let severity = match level {
            Level::Error => Severity::Error,
            Level::Warning | Level::Off => Severity::Warning,
        };
        Finding { rule, severity, message, help, at, because: Vec::new(), fix: None }
    }

    /// The same, resting on this place too, if there is one.
    #[must_use]
    pub fn because(mut self, place: impl IntoIterator<Item = Excerpt>) -> Finding {
        self.because.extend(place);
        self
    }

    /// The same with a change that mends it.
    #[must_use]
    pub fn fixed_by(mut self, fix: impl Into<Option<Fix>>) -> Finding {
        self.fix = fix.into();
        self
    }

    /// The same as a warning, where only some findings of a rule are errors.
    #[must_use]
    pub fn as_warning(mut self) -> Finding {
        self.severity = Severity::Warning;
        self
    }
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

impl Excerpt {
    /// A file as a whole, without its text.
    pub fn whole(path: RepoPath, label: impl Into<String>) -> Excerpt {
        Excerpt { path, source: None, span: Span::at(0), label: label.into() }
    }
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
