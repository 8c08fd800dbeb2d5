//! What is said of a journey: to a person, to a program, to the step of a forge's workflow.

use std::io::Write as _;

use crate::check::Finding;
use crate::git::Repo;
use crate::release::{
    Deed, Outcome, Planned, Verdict, annotation, annotations, github_output, human, json, step_summary,
};
use crate::report;
use crate::text::escape;
use crate::tree::ObjectId;

use super::super::console::Console;
use super::super::deliver::{Delivered, End, Route};
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::target::Target;
use super::{Format, Journey};

impl Journey<'_> {
    pub(super) fn arrived(
        &self,
        console: &mut Console,
        repo: &Repo,
        delivered: Delivered<Outcome>,
        route: &Route,
        target: &Target,
    ) -> Result<Exit, Failure> {
        let Delivered { answer, base, end, faults } = delivered;
        let commit = match &end {
            End::There(commit) | End::LeftAlone(commit) => Some(commit),
            End::Nothing | End::Rehearsed | End::Faulty(_) | End::Refused(_) | End::RaceLost => None,
        };
        let mut outcome = with_branch(answer, route, target, commit, &base);
        tell_of_faults(&faults, &mut outcome);
        match end {
            End::Nothing | End::Rehearsed => {}
            End::There(_) => tell_of_behind(repo, route, target, &mut outcome)?,
            End::LeftAlone(_) => outcome = outcome.left_alone(),
            End::Faulty(findings) => {
                let mut text = Vec::new();
                report::render(report::Format::Human(report::Color::Never), &findings, &mut text)
                    .expect("memory takes every write");
                console.say(text);
                outcome.result = Verdict::Refused;
                outcome.plan = None;
                outcome.answers =
                    Planned::refused("the rules find fault with what would be released", "see above").answers;
            }
            End::Refused(why) => return Err(not_taken(&why, route, target)),
            End::RaceLost => {
                if self.way.format == Format::Github {
                    console.out(annotation("others were first, each time it was tried", "run it again"))?;
                }
                console.say("error: others were first, each time it was tried\n  help: run it again\n");
                return Ok(Exit::RaceLost);
            }
        }
        if self.way.dry_run {
            outcome.deed = Deed::DryRun;
        }
        self.say(console, &outcome)
    }

    pub(super) fn say(&self, console: &mut Console, outcome: &Outcome) -> Result<Exit, Failure> {
        match self.way.format {
            Format::Human => console.out(human(outcome))?,
            Format::Json => console.out(json(outcome))?,
            Format::Github => {
                console.out(format!("{}{}", annotations(outcome), human(outcome)))?;
                self.append("GITHUB_OUTPUT", &github_output(outcome))?;
                self.append("GITHUB_STEP_SUMMARY", &step_summary(outcome))?;
            }
        }
        Ok(match outcome.result {
            Verdict::Noop | Verdict::Superseded | Verdict::Updated | Verdict::Held => Exit::Ok,
            Verdict::Refused | Verdict::Conflict => Exit::Findings,
        })
    }

    /// A failure, where the page of a run shows it; main says it in any case.
    pub(super) fn annotate(&self, console: &mut Console, failure: &Failure) -> Result<(), Failure> {
        if self.way.format != Format::Github {
            return Ok(());
        }
        let causes: String = failure.causes.iter().map(|cause| format!(": {}", cause.trim_end())).collect();
        console.out(annotation(&format!("{}{causes}", failure.message), &failure.help))
    }

    /// Appends to the file that a variable names, if it is set.
    fn append(&self, variable: &str, text: &str) -> Result<(), Failure> {
        let Some(path) = self.env.var(variable).map(std::path::Path::new) else { return Ok(()) };
        let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|cause| Failure::io(format!("write what {variable} names:"), path, &cause))
    }
}

/// The commit waits on a branch, and its check will be red.
fn tell_of_faults(faults: &[Finding], outcome: &mut Outcome) {
    const MOST: usize = 3;
    let Some(plan) = &mut outcome.plan else { return };
    let line = |fault: &Finding| {
        let (rule, message) = (fault.rule, fault.message.lines().next().unwrap_or_default());
        let help = fault.help.lines().next().unwrap_or_default();
        let stop = if help.is_empty() { "" } else { ": " };
        format!("the check of this branch will be red ({rule}): {message}{stop}{help}")
    };
    plan.notes.extend(faults.iter().take(MOST).map(line));
    if let Some(more) = faults.len().checked_sub(MOST).filter(|more| *more > 0) {
        plan.notes.push(format!("and {more} more; `sysbom check` lists them all"));
    }
}

/// Base was moved on the remote, and here its branch is checked out as it was.
fn tell_of_behind(repo: &Repo, route: &Route, target: &Target, outcome: &mut Outcome) -> Result<(), Failure> {
    let is_remote = target.remote().is_some() && *route == Route::Direct;
    if let (true, Some(name), Some(plan)) = (is_remote, target.branch(), &mut outcome.plan)
        && repo.checked_out(name)?.is_some()
    {
        plan.notes.push("your working tree is still as it was: `git pull` brings it here".to_owned());
    }
    Ok(())
}

/// The other side does not want a commit.
fn not_taken(why: &str, route: &Route, target: &Target) -> Failure {
    let remote = escape(target.remote().unwrap_or("this repository"));
    let (what, help) = match route {
        Route::Direct => (
            escape(target.name()).to_string(),
            "what the server says stands above; may this key or token push there? A protected branch wants a pull request",
        ),
        Route::Branch(name) => (
            format!("{remote}/{}", escape(name)),
            "what the server says stands above; may this key or token push there, and replace what is there?",
        ),
    };
    let failure = Failure::new(format!("could not push to `{what}`"));
    why.lines().fold(failure, Failure::because).help(help)
}

fn with_branch(
    outcome: Outcome,
    route: &Route,
    target: &Target,
    commit: Option<&ObjectId>,
    base: &ObjectId,
) -> Outcome {
    let branch = match route {
        Route::Branch(name) => Some(name.clone()),
        Route::Direct => {
            target.branch().map(|name| name.strip_prefix("refs/heads/").unwrap_or(name).to_owned())
        }
    };
    Outcome { branch, commit: commit.map(ToString::to_string), base: Some(base.to_string()), ..outcome }
}
