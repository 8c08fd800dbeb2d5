//! What becomes of what waits on the branch that a commit goes onto: it is planned again, gives way
//! or is kept; or it is somebody else's, and stops the command.

use crate::merge::{Options, Outcome, Sides};
use crate::policy::System;
use crate::release::{Planned, Verdict, made_as};
use crate::text::escape;
use crate::tree::ObjectId;

use super::failure::Failure;
use super::joining::{Ancestor, Joining};
use super::merging::merge;
use super::standing::Standing;
use super::waiting::{Made, Waiting};

/// What a command does with what waits already. Whatever is not named here is in its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// Releases of the system are planned again, with the new ones.
    PlannedAgain,
    /// What the same command made for the same thing gives way, but for what it holds.
    Replaced,
    /// Holds stay, and the new one comes beside them.
    Kept,
}

/// The branch that a commit goes onto.
#[derive(Debug)]
pub struct Branch<'a> {
    /// Who looks at it.
    pub looking: Waiting<'a>,
    /// What the command does with what waits there.
    pub before: Before,
    /// Its short name.
    pub name: &'a str,
    /// The branch that such a commit is made for, as it says of itself.
    pub made_for: &'a str,
}

impl Branch<'_> {
    /// The commit that waits there and that the command can deal with, if any; else the answer that
    /// says what is in the way.
    pub fn made(
        &self,
        tip: Option<&ObjectId>,
        system: &System,
    ) -> Result<Result<Option<Made>, Planned>, Failure> {
        let Waiting { repo, base, .. } = self.looking;
        let Some(tip) = tip else { return Ok(Ok(None)) };
        if repo.is_ancestor(tip, &base.commit)? {
            return Ok(Ok(None));
        }
        let Some(made) = self.looking.on(tip)?.filter(|made| made.is_own) else {
            let message = format!("the branch `{}` holds work of somebody", escape(self.name));
            return Ok(Err(self.in_conflict(&message)));
        };
        let message = if self.before == Before::PlannedAgain && !made.waiting.is_empty() {
            self.of_another_system(&made, system)
        } else {
            self.of_another_command(&made)?
        };
        Ok(match message {
            Some(message) => Err(self.in_conflict(&message)),
            None => Ok(Some(made)),
        })
    }

    fn of_another_system(&self, made: &Made, system: &System) -> Option<String> {
        let other = made.waiting.iter().find(|waits| waits.arrival.system != system.name)?;
        let whose = match &other.arrival.system {
            Some(system) => format!("the system `{}`", escape(system)),
            None => "a repository with one system".to_owned(),
        };
        Some(format!("what waits on the branch `{}` is for {whose}", escape(self.name)))
    }

    fn of_another_command(&self, made: &Made) -> Result<Option<String>, Failure> {
        let made_for = made_as(&made.message, &self.looking.repo.tree_id(&made.commit)?);
        let is_mine = match self.before {
            Before::PlannedAgain => false,
            Before::Replaced => made_for == Some(self.made_for),
            Before::Kept => made_for.is_some_and(|other| folder(other) == folder(self.made_for)),
        };
        let title = escape(made.message.lines().next().unwrap_or_default());
        let message = format!("something else waits on the branch `{}`: {title}", escape(self.name));
        Ok((!is_mine).then_some(message))
    }

    /// Puts the holds that wait on the branch, on top of base's, in the place of base's. Gives an
    /// answer if they do not fit.
    pub fn keep(&self, made: &Made, standing: &mut Standing<'_>) -> Result<Option<Planned>, Failure> {
        let Waiting { repo, base, .. } = self.looking;
        let ancestor = Ancestor::Commit(&made.parent);
        let joined = Joining::new(repo, base)?.join(&ancestor, &made.commit, self.name)?;
        if !joined.conflicts.is_empty() {
            let message = "what waits on the branch does not fit what base holds by now";
            return Ok(Some(self.in_conflict(message)));
        }
        standing.put_holds(&repo.tree(&joined.tree)?)?;
        Ok(None)
    }

    /// Puts what the waiting commit holds beside the holds of base. Gives an answer if it does not fit.
    pub fn keep_held(&self, made: &Made, standing: &mut Standing<'_>) -> Result<Option<Planned>, Failure> {
        let Waiting { repo, .. } = self.looking;
        let at = |commit: &ObjectId| -> Result<Vec<u8>, Failure> {
            Ok(standing.holds_in(&repo.commit_tree(commit)?)?.unwrap_or_default())
        };
        let sides = Sides { base: at(&made.parent)?, ours: at(&made.commit)?, theirs: standing.holds() };
        if sides.base == sides.ours {
            return Ok(None);
        }
        match merge(&sides, &Options::default())? {
            Outcome::Merged(holds) => {
                standing.hold(holds);
                Ok(None)
            }
            Outcome::Conflicted { .. } => {
                Ok(Some(self.in_conflict("what waits on the branch does not fit what base holds by now")))
            }
        }
    }

    /// The plan of a commit that keeps what another one did: it names that too.
    pub fn beside(&self, made: &Made, mut planned: Planned) -> Result<Planned, Failure> {
        let Waiting { repo, base, .. } = self.looking;
        let Some(plan) = &mut planned.plan else { return Ok(planned) };
        if self.looking.planned_tree(&base.commit, plan)? == repo.tree_id(&base.commit)? {
            return Ok(self.in_conflict("nothing would be left of what waits on the branch"));
        }
        plan.body = besides(&plan.body, &made.message);
        Ok(planned)
    }

    fn in_conflict(&self, message: &str) -> Planned {
        let branch = escape(self.name);
        let help = format!("merge or delete `{branch}` first, or name another branch with `--branch`");
        let mut planned = Planned::refused(message, &help);
        planned.result = Verdict::Conflict;
        planned.answers[0].verdict = Verdict::Conflict;
        planned
    }
}

/// `sysbom/hold/prod` of `sysbom/hold/prod/app`.
fn folder(branch: &str) -> &str {
    branch.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn besides(body: &str, message: &str) -> String {
    const BESIDES: &str = "Besides: ";
    let title = message.lines().next().unwrap_or_default();
    let before = message.lines().filter_map(|line| line.strip_prefix(BESIDES));
    let lines: Vec<String> =
        before.chain([title]).map(|title| format!("{BESIDES}{}", escape(title))).collect();
    let gap = if body.is_empty() { "" } else { "\n\n" };
    format!("{}{gap}{}", body.trim_end(), lines.join("\n"))
}
