//! The way from a plan to base, as all commands that release share it: which base, onto which
//! branch, for whom to see. What is planned is each command's own.

mod journey;
mod saying;
mod worktree;

use clap::ValueEnum;

use crate::git::{Base, Repo};
use crate::policy::System;
use crate::release::{Recorded, Refusal, State};
use crate::text::escape;

use super::before::Before;
use super::console::Console;
use super::env::Env;
use super::exit::Exit;
use super::failure::Failure;
use super::former::chosen;
use super::standing::Standing;
use super::target::Target;

pub use journey::Journey;

/// What the statuses of such a command mean.
pub const EXIT: &str = "Exit status: 0 done, or nothing to do; 1 refused; 2 failed; 3 others were faster";

/// The options of every command that commits on top of base.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub struct Way {
    /// The base branch, where it is not the one that `sysbom doctor` names
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// The branch to commit on, instead of one named after what is done
    #[arg(long, value_name = "NAME", conflicts_with_all = ["direct", "worktree"])]
    branch: Option<String>,
    /// Straight onto the base branch, without a pull request
    #[arg(long, conflicts_with = "worktree")]
    direct: bool,
    /// Into the working tree and the index, without a commit
    #[arg(long, conflicts_with_all = ["push", "author", "sign"])]
    worktree: bool,
    /// Take the base branch from this remote, and push there
    #[arg(long, value_name = "REMOTE")]
    push: Option<String>,
    /// Only say what would be done, and whether the rules let it: all is asked but a key and the server
    #[arg(long)]
    dry_run: bool,
    /// How to say it; github also writes the outputs and the summary of a workflow's step
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    /// The system, where there are several
    #[arg(short, long, value_name = "NAME")]
    system: Option<String>,
    /// Who is named as the author of the commit
    #[arg(long, value_name = "NAME <MAIL>")]
    author: Option<String>,
    /// Sign the commit, even if git's configuration does not ask for it
    #[arg(long)]
    sign: bool,
}

impl Way {
    /// The branches to look at besides base, by how their names begin: which one it will be is
    /// known only after base has been read.
    fn branches(&self) -> Option<&str> {
        if self.direct { None } else { Some(self.branch.as_deref().unwrap_or("sysbom/")) }
    }

    /// Base, as a command that only looks at it sees it.
    pub fn base(&self, repo: &Repo) -> Result<Base, Failure> {
        Target::find(repo, self.base.as_deref(), self.push.as_deref())?.refresh(repo, None)
    }

    /// The systems that are meant: the one that is named, or all.
    pub fn systems(&self, all: Vec<System>) -> Result<Vec<System>, Failure> {
        match self.system.as_deref() {
            Some(name) => Ok(vec![chosen(all, Some(name))?]),
            None => Ok(all),
        }
    }

    /// Whether a program reads the answer.
    pub fn wants_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Says that what was asked for could not even be read, as any other refusal is said.
    pub fn refuse(&self, refusal: &Refusal, env: &Env, console: &mut Console) -> Result<Exit, Failure> {
        let branch = &|_: Option<&str>| String::new();
        let journey = Journey { way: self, env, system: None, branch, before: Before::Replaced };
        journey.refuse(refusal, console)
    }
}

/// A system that is asked for otherwise than by `--system`.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where it stands.
    pub place: Place,
}

/// Where a system is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In an argument: whoever wrote it sees that the command fails.
    Argument,
    /// In a payload, which is somebody else's: it is refused, as a component would be.
    Payload,
}

impl Asked<'_> {
    /// The one of these that is meant.
    pub fn among(&self, systems: &[System]) -> Result<Result<System, Refusal>, Failure> {
        if let Some(found) = systems.iter().find(|system| system.name.as_deref() == Some(self.name)) {
            return Ok(Ok(found.clone()));
        }
        let names: Vec<String> = systems
            .iter()
            .filter_map(|system| system.name.as_deref())
            .map(|name| escape(name).to_string())
            .collect();
        let message = format!("there is no system `{}`", escape(self.name));
        let help = if names.is_empty() {
            self.alone().to_owned()
        } else {
            format!("there are {}", names.join(", "))
        };
        match self.place {
            Place::Argument => Err(Failure::new(message).help(help)),
            Place::Payload => Ok(Err(Refusal::new(message, help))),
        }
    }

    /// What to do in a repository whose only system has no name.
    fn alone(&self) -> &'static str {
        match self.place {
            Place::Argument => {
                "there is only one system here; several are the folders that stand for `{system}` in `manifest` of `.sysbom.yaml`"
            }
            Place::Payload => "there is only one system here: leave `system` out of the payload",
        }
    }
}

/// How an outcome is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
    Github,
}

/// What a planner is given.
#[derive(Debug)]
pub struct Here<'a> {
    /// The repository.
    pub repo: &'a Repo,
    /// Base as it stands at this attempt.
    pub base: &'a Base,
    /// The system as base has it.
    pub standing: &'a Standing<'a>,
    /// The releases that wait on the branch.
    pub waiting: &'a [Recorded],
    /// The present, in seconds since 1970.
    pub now: i64,
}

/// Hands the state of base to a planner.
pub fn with_state<T>(here: &Here<'_>, plan: impl FnOnce(&State<'_>) -> T) -> T {
    here.standing.with(plan)
}
