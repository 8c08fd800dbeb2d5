//! A failure: sysbom could not look or act. It names what was being attempted and on what, keeps
//! the causes, and says what to do. A fault in the user's files is no failure but a finding.

use std::fmt;
use std::io;

use crate::text::{escape, escape_lines};
use crate::tree::TreeError;

/// Why a command could not do its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What was attempted and on what, one line: `could not read releases/current.yaml at 4f1c2ab`.
    pub message: String,
    /// Why, from the outside in.
    pub causes: Vec<String>,
    /// What to do; empty if nothing better than trying again is known.
    pub help: String,
}

impl Failure {
    /// A failure without cause or help.
    pub fn new(message: impl Into<String>) -> Self {
        Failure { message: message.into(), causes: Vec::new(), help: String::new() }
    }

    /// With its cause.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    /// With what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// A failure to do something with a file.
    pub fn io(attempt: impl fmt::Display, path: &std::path::Path, cause: &io::Error) -> Self {
        let help = crate::git::remedy(&cause.to_string()).unwrap_or_default();
        Failure::new(format!("could not {attempt} {}", path.display())).because(cause).help(help)
    }
}

/// In the layout of the findings, every part escaped.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", escape(&self.message))?;
        for cause in &self.causes {
            writeln!(f, "  cause: {}", escape(cause.trim_end()))?;
        }
        let mut lines = self.help.lines();
        if let Some(first) = lines.next() {
            writeln!(f, "  help: {}", escape_lines(first))?;
        }
        lines.try_for_each(|line| writeln!(f, "        {}", escape_lines(line)))
    }
}

impl std::error::Error for Failure {}

impl From<TreeError> for Failure {
    fn from(error: TreeError) -> Self {
        Failure::new(error.message).help(error.help)
    }
}

impl From<crate::git::Error> for Failure {
    fn from(error: crate::git::Error) -> Self {
        let causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
        Failure {
            message: error.message().to_owned(),
            causes: causes.map(ToString::to_string).collect(),
            help: error.help_text().unwrap_or_default().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_shows_attempt_causes_and_help_and_escapes_them() {
        let failure = Failure::new("could not read a\u{1b}.yaml at 4f1c2ab")
            .because("object is missing")
            .help("fetch it:\n  git fetch --unshallow");
        assert_eq!(
            failure.to_string(),
            "error: could not read a\\u{1b}.yaml at 4f1c2ab\n  cause: object is missing\n  \
             help: fetch it:\n          git fetch --unshallow\n"
        );
    }
}
