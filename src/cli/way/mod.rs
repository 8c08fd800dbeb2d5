//! The way from a plan to base, as all commands that release share it: which base, onto which
//! branch, for whom to see. What is planned is each command's own.

mod worktree;

use std::io::Write as _;

use clap::ValueEnum;

use crate::git::{Base, Content, Repo};
use crate::policy::{Direct, System};
use crate::release::{
    Answer, Deed, Outcome, Plan, Planned, Recorded, Refusal, State, Verdict, annotation, annotations,
    github_output, human, json, step_summary,
};
use crate::report;
use crate::text::escape;
use crate::tree::{ObjectId, RepoPath};

use super::before::{Before, Branch};
use super::console::Console;
use super::deliver::{Delivered, Delivery, End, Proposal, Route};
use super::env::Env;
use super::exit::Exit;
use super::failure::Failure;
use super::former::chosen;
use super::standing::{Standing, systems};
use super::target::Target;
use super::waiting::Waiting;

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
    /// Only say what would be done
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
        journey.say(console, &Outcome::of(refused(&refusal.message, &refusal.help)))
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

/// A command on its way.
pub struct Journey<'a> {
    /// The options.
    pub way: &'a Way,
    /// The world.
    pub env: &'a Env,
    /// The system that is asked for otherwise than by `--system`.
    pub system: Option<&'a str>,
    /// The branch to commit on, by the name of the system, unless `--branch` names one.
    pub branch: &'a dyn Fn(Option<&str>) -> String,
    /// What becomes of a commit that waits on that branch.
    pub before: Before,
}

impl Journey<'_> {
    /// Plans on base as it is, delivers, and says what came of it; a failure too, where a run shows it.
    pub fn run(
        &self,
        console: &mut Console,
        plan: &dyn Fn(&Here<'_>) -> Result<Planned, Failure>,
    ) -> Result<Exit, Failure> {
        let result = self.travel(console, plan);
        if let (Err(failure), Format::Github) = (&result, self.way.format) {
            let causes: String =
                failure.causes.iter().map(|cause| format!(": {}", cause.trim_end())).collect();
            console.out(annotation(&format!("{}{causes}", failure.message), &failure.help))?;
        }
        result
    }

    fn travel(
        &self,
        console: &mut Console,
        plan: &dyn Fn(&Here<'_>) -> Result<Planned, Failure>,
    ) -> Result<Exit, Failure> {
        let repo = self.env.repository()?;
        if self.way.worktree {
            return self.in_worktree(&repo, console, plan);
        }
        let target = Target::find(&repo, self.way.base.as_deref(), self.way.push.as_deref())?;
        if let Some(name) = &self.way.branch {
            refuse_odd_name(&repo, name)?;
        }
        let base = target.refresh(&repo, self.way.branches())?;
        let system = self.chosen(systems(&repo, &base)?)?;
        let route = self.route(&repo, &target, system.name.as_deref())?;
        let planned = |base: &Base, tip: Option<&ObjectId>| {
            let planned = self.planned(&repo, base, &system, &route, tip, plan)?;
            self.proposed(&repo, base, planned)
        };
        if self.way.dry_run {
            let tip = match &route {
                Route::Branch(name) => target.tip(&repo, name)?,
                Route::Direct => None,
            };
            let (_, outcome) = planned(&base, tip.as_ref())?;
            let outcome = Outcome { deed: Deed::DryRun, ..outcome };
            return self.say(console, &with_branch(outcome, &route, &target, None, &base.commit));
        }
        let delivery = Delivery {
            repo: &repo,
            target: &target,
            route: route.clone(),
            made_for: (self.branch)(system.name.as_deref()),
            author: self.way.author.clone(),
            sign: self.way.sign,
            today: self.env.today()?,
        };
        let delivered = delivery.run(base, planned)?;
        self.arrived(console, &repo, delivered, &route, &target)
    }

    fn chosen(&self, systems: Vec<System>) -> Result<System, Failure> {
        if let (Some(option), Some(asked)) = (self.way.system.as_deref(), self.system)
            && option != asked
        {
            let (option, asked) = (escape(option), escape(asked));
            return Err(Failure::new(format!(
                "this is for the system `{asked}`, and `--system` says `{option}`"
            ))
            .help("leave out `--system`, or ask for that system"));
        }
        chosen(systems, self.system.or(self.way.system.as_deref()))
    }

    fn route(&self, repo: &Repo, target: &Target, system: Option<&str>) -> Result<Route, Failure> {
        if self.way.direct {
            return Ok(Route::Direct);
        }
        let name = self.way.branch.clone().unwrap_or_else(|| (self.branch)(system));
        refuse_odd_name(repo, &name)?;
        if target.branch() == Some(format!("refs/heads/{name}").as_str()) {
            return Err(Failure::new(format!("`{}` is the base branch", escape(&name)))
                .help("to commit on it itself, use `--direct` instead of `--branch`"));
        }
        // Of a branch that somebody names himself, only what was fetched is known.
        if (self.way.branch.is_none() || target.remote().is_none())
            && let Some(other) = target.in_the_way_of(repo, &name)?
        {
            let (shown, other) = (escape(&name), escape(&other));
            let how = match target.remote() {
                Some(remote) => format!("git push {} --delete {other}", escape(remote)),
                None => format!("git branch -D {other}"),
            };
            return Err(Failure::new(format!(
                "git cannot have the branch `{shown}` beside the branch `{other}`"
            ))
            .help(format!("merge what waits on `{other}`, or let it go; then `{how}`")));
        }
        Ok(Route::Branch(name))
    }

    fn planned(
        &self,
        repo: &Repo,
        base: &Base,
        system: &System,
        route: &Route,
        tip: Option<&ObjectId>,
        plan: &dyn Fn(&Here<'_>) -> Result<Planned, Failure>,
    ) -> Result<Planned, Failure> {
        // The system is the same, its policy is the one of base at this moment.
        let system =
            systems(repo, base)?.into_iter().find(|now| now.name == system.name).ok_or_else(|| {
                Failure::new(format!("the system is gone from {}", escape(&base.name))).help("run it again")
            })?;
        if *route == Route::Direct && system.policy.direct.value == Direct::Deny {
            return Ok(refused(
                "the policy does not let a release go straight onto the base branch",
                "leave out `--direct` and open a pull request; `direct: allow` in `.sysbom.yaml` changes that",
            ));
        }
        let mut standing = Standing::read(repo, base, system)?;
        let now = self.env.now()?;
        let Route::Branch(name) = route else {
            return plan(&Here { repo, base, standing: &standing, waiting: &[], now });
        };
        let own = (self.branch)(standing.system.name.as_deref());
        let looking = Waiting { repo, base, now };
        let branch = Branch { looking, before: self.before, name, made_for: &own };
        let made = match branch.made(tip, &standing.system)? {
            Ok(made) => made,
            Err(in_the_way) => return Ok(in_the_way),
        };
        let kept = made.as_ref().filter(|_| self.before == Before::Kept);
        if let Some(made) = kept
            && let Some(in_the_way) = branch.keep(made, &mut standing)?
        {
            return Ok(in_the_way);
        }
        let waiting = made.as_ref().map_or(&[][..], |made| &made.waiting);
        let planned = plan(&Here { repo, base, standing: &standing, waiting, now })?;
        match kept {
            Some(made) => branch.beside(made, planned),
            None => Ok(planned),
        }
    }

    fn proposed(
        &self,
        repo: &Repo,
        base: &Base,
        planned: Planned,
    ) -> Result<(Option<Proposal>, Outcome), Failure> {
        let committed = repo.commit(&base.commit)?.committer_time;
        let now = self.env.now()?;
        let proposal = planned.plan.as_ref().map(|plan| Proposal {
            writes: contents(plan),
            message: plan.message(),
            date: plan.committer_time(Some(committed), now),
        });
        Ok((proposal, Outcome::of(planned)))
    }

    fn arrived(
        &self,
        console: &mut Console,
        repo: &Repo,
        delivered: Delivered<Outcome>,
        route: &Route,
        target: &Target,
    ) -> Result<Exit, Failure> {
        let Delivered { answer, base, end } = delivered;
        let commit = match &end {
            End::There(commit) | End::LeftAlone(commit) => Some(commit),
            End::Nothing | End::Faulty(_) | End::Refused(_) | End::RaceLost => None,
        };
        let mut outcome = with_branch(answer, route, target, commit, &base);
        match end {
            End::Nothing => {}
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
                    refused("the rules find fault with what would be released", "see above").answers;
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
        self.say(console, &outcome)
    }

    fn say(&self, console: &mut Console, outcome: &Outcome) -> Result<Exit, Failure> {
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

    /// Appends to the file that a variable names, if it is set.
    fn append(&self, variable: &str, text: &str) -> Result<(), Failure> {
        let Some(path) = self.env.var(variable).map(std::path::Path::new) else { return Ok(()) };
        let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|cause| Failure::io(format!("write what {variable} names:"), path, &cause))
    }
}

fn refuse_odd_name(repo: &Repo, branch: &str) -> Result<(), Failure> {
    if repo.is_branch_name(branch)? {
        return Ok(());
    }
    let shown = escape(branch);
    Err(Failure::new(format!("git takes `{shown}` for no branch name")).help("name another with --branch"))
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
            "may this key or token push there? A protected branch wants a pull request",
        ),
        Route::Branch(name) => (
            format!("{remote}/{}", escape(name)),
            "may this key or token push there, and replace what is there?",
        ),
    };
    let failure = Failure::new(format!("could not push to `{what}`"));
    why.lines().fold(failure, Failure::because).help(help)
}

fn contents(plan: &Plan) -> Vec<(RepoPath, Content)> {
    plan.writes.iter().map(|write| (write.path.clone(), Content::Bytes(write.content.clone()))).collect()
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

/// A refusal that is about no component.
pub fn refused(message: &str, help: &str) -> Planned {
    let answer = Answer {
        component: String::new(),
        verdict: Verdict::Refused,
        message: message.to_owned(),
        help: help.to_owned(),
    };
    Planned { result: Verdict::Refused, answers: vec![answer], waiting: Vec::new(), plan: None }
}

/// An answer that nothing is to do for a component, and why.
pub fn nothing_to_do(component: &str, message: String) -> Planned {
    let answer =
        Answer { component: component.to_owned(), verdict: Verdict::Noop, message, help: String::new() };
    Planned { result: Verdict::Noop, answers: vec![answer], waiting: Vec::new(), plan: None }
}

/// A planner's answer that is one plan, nothing to do, or a refusal.
pub fn of_plan(plan: Result<Option<Plan>, Refusal>) -> Planned {
    match plan {
        Ok(Some(plan)) => {
            Planned { result: Verdict::Updated, answers: Vec::new(), waiting: Vec::new(), plan: Some(plan) }
        }
        Ok(None) => Planned { result: Verdict::Noop, answers: Vec::new(), waiting: Vec::new(), plan: None },
        Err(refusal) => refused(&refusal.message, &refusal.help),
    }
}

/// Hands the state of base to a planner.
pub fn with_state<T>(here: &Here<'_>, plan: impl FnOnce(&State<'_>) -> T) -> T {
    here.standing.with(plan)
}
