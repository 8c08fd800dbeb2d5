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

    /// What to do about it, if anything can be said.
    pub fn help_text(&self) -> Option<&str> {
        self.help.as_deref()
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
        let message = match error.help_text() {
            Some(help) => format!("{}; {help}", error.chain()),
            None => error.chain(),
        };
        TreeError { message }
    }
}
