//! Setting a repository up for sysbom: the merge driver in git's configuration, the attributes
//! that send manifests to it, and the hooks. What is installed can be installed again without a
//! change, and taken out so that nothing of ours stays.
//!
//! What stands where, and who wrote it, is known here. Which manifests there are, it is told.

mod attributes;
mod driver;
mod endings;
mod hooks;
mod kept;
mod managers;
mod place;
mod record;
mod server;
mod status;

use super::{Error, Repo};

pub use status::Check;

/// What to set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The program as the driver's command line names it: `sysbom`, or where it lies.
    pub program: String,
    /// Where manifests are, as the policy says it: `releases/current.yaml`,
    /// `releases/{system}/current.yaml`.
    pub manifests: Vec<String>,
    /// Which file gets the attributes.
    pub attributes: AttributesFile,
    /// Which hooks to install.
    pub hooks: HookSet,
}

impl Default for Setup {
    fn default() -> Self {
        Setup {
            program: "sysbom".to_owned(),
            manifests: vec!["releases/current.yaml".to_owned()],
            attributes: AttributesFile::Repository,
            hooks: HookSet::Client,
        }
    }
}

/// A file with attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributesFile {
    /// `.gitattributes` at the top: committed, for everybody. A bare repository has none, and gets
    /// [`AttributesFile::Info`].
    Repository,
    /// `info/attributes` in the git folder: for this clone, on every branch.
    Info,
}

/// Hooks that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookSet {
    /// None at all.
    None,
    /// For a clone that people work in: pre-commit, pre-merge-commit and pre-push.
    Client,
    /// For a repository that is pushed to: pre-receive.
    Server,
    /// For a server that has a pre-receive hook of its own and calls update hooks: update.
    ServerUpdate,
}

/// One thing that was set up or taken out, or why it was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What: a key of the configuration, a file.
    pub what: String,
    /// What came of it.
    pub outcome: StepOutcome,
}

/// What came of a [`Step`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    /// It was written; the text says more, if there is more to say.
    Written(String),
    /// It was as it should be.
    AlreadyThere,
    /// It was taken out; the text says more, if there is more to say.
    Removed(String),
    /// It was left as it is.
    Left {
        /// Why.
        why: String,
        /// What to do, if anything.
        help: String,
    },
}

impl Step {
    fn new(what: impl Into<String>, outcome: StepOutcome) -> Step {
        Step { what: what.into(), outcome }
    }

    fn left(what: impl Into<String>, why: impl Into<String>, help: impl Into<String>) -> Step {
        Step::new(what, StepOutcome::Left { why: why.into(), help: help.into() })
    }
}

impl Repo {
    /// Sets the repository up. What is there already stays untouched.
    ///
    /// # Errors
    /// git's configuration or a file cannot be written. What was written before stays: running it
    /// again completes it.
    pub fn install(&self, setup: &Setup) -> Result<Vec<Step>, Error> {
        let mut steps = self.install_driver(&setup.program)?;
        let changed = self.changed_files()?;
        let attributes = self.install_attributes(setup)?;
        let is_new = attributes.outcome != StepOutcome::AlreadyThere;
        steps.push(attributes);
        if is_new {
            steps.extend(self.settle_endings(&changed)?);
        }
        steps.extend(self.install_hooks(setup.hooks)?);
        Ok(steps)
    }

    /// Takes out what [`Repo::install`] wrote, and puts back the hooks that were there before.
    /// Attributes that have been committed since are everybody's, and stay. Whatever the record says,
    /// nothing is touched outside of the git folder and of this working tree.
    pub fn uninstall(&self) -> Result<Vec<Step>, Error> {
        let mut steps = self.uninstall_hooks()?;
        steps.extend(self.uninstall_attributes()?);
        steps.extend(self.uninstall_driver()?);
        self.forget_what_is_gone()?;
        Ok(steps)
    }
}
