//! A command's journey: plan on base as it stands, deliver, and once more if others were faster.

use crate::git::{Base, Content, Repo};
use crate::policy::{Direct, System};
use crate::release::{Deed, Outcome, Plan, Planned, Refusal, Write};
use crate::text::escape;
use crate::tree::{ObjectId, RepoPath};

use super::super::before::{Before, Branch};
use super::super::console::Console;
use super::super::deliver::{Delivery, Proposal, Route, Run};
use super::super::env::Env;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::former::chosen;
use super::super::standing::{Standing, systems};
use super::super::target::Target;
use super::super::waiting::Waiting;
use super::{Asked, Here, Way};

/// A command on its way.
pub struct Journey<'a> {
    /// The options.
    pub way: &'a Way,
    /// The world.
    pub env: &'a Env,
    /// The system that is asked for otherwise than by `--system`.
    pub system: Option<Asked<'a>>,
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
        if let Err(failure) = &result {
            self.annotate(console, failure)?;
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
        let system = match self.chosen(systems(&repo, &base)?)? {
            Ok(system) => system,
            Err(refusal) => return self.refuse(&refusal, console),
        };
        let route = self.route(&repo, &target, system.name.as_deref())?;
        let (repo, run) = if self.way.dry_run { (repo.rehearsal()?, Run::Dry) } else { (repo, Run::Real) };
        let planned = |base: &Base, tip: Option<&ObjectId>| {
            let planned = self.planned(&repo, base, &system, &route, tip, plan)?;
            self.proposed(&repo, base, planned)
        };
        let delivery = Delivery {
            repo: &repo,
            target: &target,
            route: route.clone(),
            made_for: (self.branch)(system.name.as_deref()),
            author: self.way.author.clone(),
            sign: self.way.sign,
            today: self.env.today()?,
            run,
        };
        let delivered = delivery.run(base, planned)?;
        self.arrived(console, &repo, delivered, &route, &target)
    }

    /// The system that is meant; refused where what was asked for, by whomever, names one that is not.
    pub(super) fn chosen(&self, systems: Vec<System>) -> Result<Result<System, Refusal>, Failure> {
        let Some(asked) = self.system else {
            return chosen(systems, self.way.system.as_deref()).map(Ok);
        };
        if let Some(option) = self.way.system.as_deref()
            && option != asked.name
        {
            let (option, asked) = (escape(option), escape(asked.name));
            return Err(Failure::new(format!(
                "this is for the system `{asked}`, and `--system` says `{option}`"
            ))
            .help("leave out `--system`, or ask for that system"));
        }
        asked.among(&systems)
    }

    /// Says that what was asked for is refused before anything could be planned.
    pub(super) fn refuse(&self, refusal: &Refusal, console: &mut Console) -> Result<Exit, Failure> {
        let outcome = Outcome::of(Planned::refused(&refusal.message, &refusal.help));
        let deed = if self.way.dry_run { Deed::DryRun } else { outcome.deed };
        self.say(console, &Outcome { deed, ..outcome })
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
            return Ok(Planned::refused(
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
        let held = standing.holds();
        let gives_way = made.as_ref().filter(|_| self.before == Before::Replaced);
        if let Some(made) = gives_way
            && let Some(in_the_way) = branch.keep_held(made, &mut standing)?
        {
            return Ok(in_the_way);
        }
        let waiting = made.as_ref().map_or(&[][..], |made| &made.waiting);
        let planned = plan(&Here { repo, base, standing: &standing, waiting, now })?;
        match kept {
            Some(made) => branch.beside(made, planned),
            None if standing.holds() != held => Ok(with_holds(planned, &standing)),
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
}

fn refuse_odd_name(repo: &Repo, branch: &str) -> Result<(), Failure> {
    if repo.is_branch_name(branch)? {
        return Ok(());
    }
    let shown = escape(branch);
    Err(Failure::new(format!("git takes `{shown}` for no branch name")).help("name another with --branch"))
}

/// The plan with the holds that have been kept, where it does not write them itself.
fn with_holds(mut planned: Planned, standing: &Standing<'_>) -> Planned {
    let path = &standing.system.holds;
    if let Some(plan) = &mut planned.plan
        && plan.writes.iter().all(|write| write.path != *path)
    {
        plan.writes.push(Write { path: path.clone(), content: standing.holds() });
    }
    planned
}

fn contents(plan: &Plan) -> Vec<(RepoPath, Content)> {
    plan.writes.iter().map(|write| (write.path.clone(), Content::Bytes(write.content.clone()))).collect()
}
