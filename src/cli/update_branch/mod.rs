//! `sysbom update-branch`: brings branches up to date with base. This is what keeps every state on
//! forges that run no merge driver, and needed on those that do: a driver writes one file, and the
//! archive is another.

mod need;

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::git::{Base, Branch, Lease, Moved, Push, Pushed, Repo, retry};
use crate::text::escape;
use crate::tree::ObjectId;

use super::console::Console;
use super::env::Env;
use super::exit::Exit;
use super::failure::Failure;
use super::joining::Joining;
use super::target::Target;
use need::{Judge, Need, Work, is_ours};

/// Bring branches up to date with the base branch
///
/// A branch of `sysbom release` is rebuilt on base's tip; base is merged into any other one:
/// manifests component by component, everything else as git does it. The state of base is archived,
/// and history files that the branch deleted are put back. Works without a working tree.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The branches; the current one if none is named
    #[arg(value_name = "BRANCH")]
    branches: Vec<String>,
    /// Every branch that changes a manifest or its history
    #[arg(long, conflicts_with = "branches")]
    all: bool,
    /// The base branch, where it is not the one that `sysbom doctor` names
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// Take the branches from this remote, and push them there
    #[arg(long, value_name = "REMOTE")]
    push: Option<String>,
    /// Delete release branches that base has overtaken on the remote
    #[arg(long, requires = "push")]
    prune: bool,
}

/// Runs the command.
pub fn run(args: &Args, env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    let repo = env.repository()?;
    let target = Target::find(&repo, args.base.as_deref(), args.push.as_deref())?;
    let now = env.now()?;
    let mut session =
        Session { repo: &repo, target: &target, args, now, done: BTreeSet::new(), worst: Worst::default() };
    let finished = retry(repo.attempts(), || session.round(console))?;
    if finished.is_none() {
        console.say("error: others moved the branches first, each time it was tried\n  help: run it again\n");
        return Ok(Exit::RaceLost);
    }
    session.worst.exit()
}

/// The gravest that happened.
#[derive(Debug, Default)]
struct Worst {
    conflicts: usize,
    failures: usize,
}

impl Worst {
    fn exit(&self) -> Result<Exit, Failure> {
        match (self.failures, self.conflicts) {
            (0, 0) => Ok(Exit::Ok),
            (0, _) => Ok(Exit::Findings),
            (failures, _) => Err(Failure::new(format!("could not bring {failures} branches up to date"))),
        }
    }
}

/// All branches of one run.
struct Session<'a> {
    repo: &'a Repo,
    target: &'a Target,
    args: &'a Args,
    now: i64,
    /// The branches that need no further attempt, by short name.
    done: BTreeSet<String>,
    worst: Worst,
}

/// A branch to move.
struct Step {
    work: Work,
    /// Where to; `None` deletes it.
    new: Option<ObjectId>,
    /// What has been done then.
    what: String,
    is_forward: bool,
}

impl Session<'_> {
    /// One attempt for all branches that are not done. Breaks off when none is left.
    fn round(&mut self, console: &mut Console) -> Result<ControlFlow<()>, Failure> {
        let base = self.target.refresh(self.repo, Some(""))?;
        let joining = Joining::new(self.repo, &base)?;
        let judge = Judge { repo: self.repo, base: &base, joining: &joining, now: self.now };
        let mut steps = Vec::new();
        for work in self.branches(&base, &joining)? {
            match judge.need(&work) {
                Ok(Need::Overtaken(why)) if self.args.prune && is_ours(&work.name) => {
                    steps.push(Step { work, new: None, what: format!("{why}; deleted"), is_forward: false });
                }
                Ok(Need::Nothing(why) | Need::Overtaken(why)) => self.tell(console, &work.name, &why)?,
                Ok(Need::Person(lines)) => self.leave(console, &work.name, "needs a person", &lines)?,
                Ok(Need::Move { commit, what, is_forward }) => {
                    steps.push(Step { work, new: Some(commit), what, is_forward });
                }
                Err(failure) => self.fail(console, &work.name, &failure)?,
            }
        }
        let lost = self.deliver(console, steps)?;
        Ok(if lost { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    }

    /// The branches that are still to be looked at.
    fn branches(&self, base: &Base, joining: &Joining<'_>) -> Result<Vec<Work>, Failure> {
        if self.args.all {
            return self.all_branches(base, joining);
        }
        let mut names = self.args.branches.clone();
        if names.is_empty() {
            let help = "name the branches, or say `--all`";
            let current = self.repo.current_branch()?;
            names.push(current.ok_or_else(|| Failure::new("no branch is checked out").help(help))?);
        }
        let mut found = Vec::new();
        for given in names {
            let own = self.target.remote().and_then(|remote| given.strip_prefix(&format!("{remote}/")));
            let name = own.unwrap_or(given.strip_prefix("refs/heads/").unwrap_or(&given)).to_owned();
            if self.done.contains(&name) {
                continue;
            }
            let tip = self.target.tip(self.repo, &name)?.ok_or_else(|| {
                let place = self.target.remote().map_or("here".to_owned(), |remote| format!("on `{remote}`"));
                Failure::new(format!("there is no branch `{name}` {place}"))
                    .help("`git branch -a` lists them")
            })?;
            found.push(Work { name, tip });
        }
        Ok(found)
    }

    fn all_branches(&self, base: &Base, joining: &Joining<'_>) -> Result<Vec<Work>, Failure> {
        let start = self.target.seen_as("");
        let own = self.target.branch().map(|name| name.trim_start_matches("refs/heads/").to_owned());
        let mut found = Vec::new();
        for Branch { name, tip } in self.repo.branches(&start)? {
            let name = name[start.len()..].to_owned();
            if self.done.contains(&name) || own.as_ref() == Some(&name) || tip == base.commit {
                continue;
            }
            // What cannot be looked at is reported with what is wrong with it.
            if is_ours(&name) || joining.concerns(&tip).unwrap_or(true) {
                found.push(Work { name, tip });
            }
        }
        Ok(found)
    }

    /// Moves all of them; tells whether one was lost to somebody else.
    fn deliver(&mut self, console: &mut Console, steps: Vec<Step>) -> Result<bool, Failure> {
        let results = self.moved(&steps)?;
        let mut lost = false;
        for (Step { work, what, .. }, result) in steps.into_iter().zip(results) {
            match result {
                Ok(Pushed::Done) => self.tell(console, &work.name, &what)?,
                Ok(Pushed::Lost(None)) => self.tell(console, &work.name, "was deleted meanwhile")?,
                Ok(Pushed::Lost(Some(_))) => lost = true,
                Ok(Pushed::Refused(why)) => {
                    let lines: String = why.lines().map(|line| format!("  {}\n", escape(line))).collect();
                    self.leave(console, &work.name, "was refused", &lines)?;
                }
                Err(failure) => self.fail(console, &work.name, &failure)?,
            }
        }
        Ok(lost)
    }

    /// What came of each step: on a remote of all at once, here of each by itself.
    fn moved(&self, steps: &[Step]) -> Result<Vec<Result<Pushed, Failure>>, Failure> {
        let Some(remote) = self.target.remote() else {
            return Ok(steps.iter().map(|step| self.moved_here(step)).collect());
        };
        let push = |step: &Step| Push {
            name: format!("refs/heads/{}", step.work.name),
            new: step.new.clone(),
            lease: Lease::At(Some(step.work.tip.clone())),
        };
        let pushes: Vec<Push> = steps.iter().map(push).collect();
        Ok(self.repo.push(remote, &pushes)?.into_iter().map(Ok).collect())
    }

    fn moved_here(&self, step: &Step) -> Result<Pushed, Failure> {
        let name = format!("refs/heads/{}", step.work.name);
        let new = step.new.as_ref().expect("only branches of a remote are pruned, says clap");
        if step.is_forward && self.repo.checked_out(&name)?.is_some() {
            self.repo.forward_checked_out(&name, new)?;
            return Ok(Pushed::Done);
        }
        Ok(match self.repo.move_branch(&name, Some(&step.work.tip), new, "sysbom update-branch")? {
            Moved::Done => Pushed::Done,
            Moved::Lost(now) => Pushed::Lost(now),
        })
    }

    /// Somebody has to look at it; the other branches go on.
    fn leave(&mut self, console: &mut Console, name: &str, what: &str, lines: &str) -> Result<(), Failure> {
        self.worst.conflicts += 1;
        self.tell(console, name, &format!("{what}, and stays as it is"))?;
        console.say(lines);
        Ok(())
    }

    fn tell(&mut self, console: &mut Console, name: &str, what: &str) -> Result<(), Failure> {
        self.done.insert(name.to_owned());
        console.out(format!("{}: {what}\n", escape(name)))
    }

    fn fail(&mut self, console: &mut Console, name: &str, failure: &Failure) -> Result<(), Failure> {
        self.worst.failures += 1;
        self.tell(console, name, "could not be brought up to date")?;
        console.say(failure.to_string());
        Ok(())
    }
}
