//! Errors of the rim: sysbom could not look, or could not write. Never a fault of the user's
//! content.

use std::error::Error as StdError;
use std::fmt;

use crate::tree::TreeError;

/// What to do about a clone whose history is cut off.
pub(super) const DEEPEN: &str =
    "this clone is shallow: set `fetch-depth: 0` in actions/checkout, or run `git fetch --unshallow`";

/// What was attempted and on what, what to do about it, and the cause below.
#[derive(Debug)]
pub struct Error {
    message: String,
    help: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Error { message: message.into(), help: None, source: None }
    }

    pub(super) fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What was attempted, on what; one line.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it, if anything can be said: what was said here or about a cause, else what
    /// is usually to be done about such a cause.
    pub fn help_text(&self) -> Option<&str> {
        let chain = || {
            let first: &(dyn StdError + 'static) = self;
            std::iter::successors(Some(first), |error| StdError::source(*error))
        };
        let mut said = chain().filter_map(|error| error.downcast_ref::<Error>());
        said.find_map(|error| error.help.as_deref())
            .or_else(|| chain().find_map(|error| remedy(&error.to_string())))
    }

    /// The message and its causes in one line, from the outside in.
    pub fn chain(&self) -> String {
        let mut line = self.message.clone();
        let mut cause = StdError::source(self);
        while let Some(error) = cause {
            line.push_str(": ");
            line.push_str(error.to_string().trim());
            cause = error.source();
        }
        line
    }
}

/// How git and the system name what can go wrong on any machine, and what helps.
const REMEDIES: &[(&[&str], &str)] = &[
    (
        &["Permission denied", "Read-only file system", "Operation not permitted", "insufficient permission"],
        "let the user that runs this write there, or run it as one who may",
    ),
    (
        &["No space left", "Disk quota exceeded", "File too large", "StorageFull"],
        "make room there, then run it again",
    ),
    (
        &[".lock", "could not lock", "cannot lock"],
        "another git is at work; if none is, remove the `.lock` file that one left, then run it again",
    ),
    (
        &["could not be found", "unable to read", "missing", "bad object", "Could not read"],
        "`git fsck` lists what the repository lacks; get it from another clone, or by `git fetch --refetch`",
    ),
];

/// What is usually to be done about a failure of this description.
pub fn remedy(description: &str) -> Option<&'static str> {
    let fits = |words: &[&str]| words.iter().any(|word| description.contains(word));
    REMEDIES.iter().find(|(words, _)| fits(words)).map(|(_, help)| *help)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

impl From<Error> for TreeError {
    fn from(error: Error) -> Self {
        TreeError { message: error.chain(), help: error.help_text().unwrap_or_default().to_owned() }
    }
}
