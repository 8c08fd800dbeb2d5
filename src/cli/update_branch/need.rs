//! What one branch needs to be up to date with base. Makes commits, and moves nothing.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::cli::failure::Failure;
use crate::cli::joining::{Ancestor, Joined, Joining};
use crate::cli::standing::{Standing, systems};
use crate::git::{Base, Content, NewCommit, Repo};
use crate::release::{Moment, Plan, Planned, Recorded, Request, Verdict, plan_release, recorded};
use crate::text::escape;
use crate::tree::ObjectId;

/// A branch to bring up to date.
pub struct Work {
    /// Its short name.
    pub name: String,
    /// Where it stands.
    pub tip: ObjectId,
}

/// What a branch needs.
pub enum Need {
    /// Nothing; and why.
    Nothing(String),
    /// Nothing is left of it; and why.
    Overtaken(String),
    /// A person; with lines to show.
    Person(String),
    /// To stand at this commit; and what that is.
    Move {
        /// The commit.
        commit: ObjectId,
        /// What it did.
        what: String,
        /// Whether it contains the branch's tip.
        is_forward: bool,
    },
}

/// Base, and how branches are joined with it.
pub struct Judge<'a> {
    /// The repository.
    pub repo: &'a Repo,
    /// Base at its tip.
    pub base: &'a Base,
    /// How branches are joined with it.
    pub joining: &'a Joining<'a>,
    /// The present time, in seconds since 1970.
    pub now: i64,
}

impl Judge<'_> {
    /// What a branch needs.
    pub fn need(&self, work: &Work) -> Result<Need, Failure> {
        if self.repo.is_ancestor(&work.tip, &self.base.commit)? {
            return Ok(Need::Overtaken(format!("has nothing that {} has not", escape(&self.base.name))));
        }
        match self.release_on(work)? {
            Some(release) => self.rebuilt(work, &release),
            None => self.merged(work),
        }
    }

    /// A release branch is known by its name, and by being one commit on something that base has.
    fn release_on(&self, work: &Work) -> Result<Option<Release>, Failure> {
        if !is_ours(&work.name) {
            return Ok(None);
        }
        let [parent] = &self.repo.commit(&work.tip)?.parents[..] else { return Ok(None) };
        if !self.repo.is_ancestor(parent, &self.base.commit)? {
            return Ok(None);
        }
        let message = self.repo.message(&work.tip)?;
        Ok(Some(Release { parent: parent.clone(), waiting: recorded(&message), message }))
    }

    fn rebuilt(&self, work: &Work, release: &Release) -> Result<Need, Failure> {
        let rebuilt = if self.is_as_recorded(work, release)? {
            self.planned_again(release)?
        } else {
            self.carried_over(work, release)?
        };
        let new = match rebuilt {
            Rebuilt::Commit(new) => new,
            Rebuilt::Nothing(why) => return Ok(Need::Overtaken(why)),
            Rebuilt::Stopped(why) => return Ok(why),
        };
        if self.repo.is_same_commit(&work.tip, &new)? {
            return Ok(Need::Nothing("is up to date".to_owned()));
        }
        let commit = self.repo.create_commit(&new)?;
        Ok(Need::Move { commit, what: format!("rebuilt on {}", escape(&self.base.name)), is_forward: false })
    }

    /// The releases that the commit records, made once more on base.
    fn planned_again(&self, release: &Release) -> Result<Rebuilt, Failure> {
        let Some((planned, committed)) = self.replayed(self.base, release)? else {
            return Ok(Rebuilt::Stopped(Need::Person("  the system that it is for is not on base\n".into())));
        };
        let of = |verdict: Verdict| planned.waiting.iter().filter(move |answer| answer.verdict == verdict);
        let mut lines = String::new();
        for answer in of(Verdict::Refused).chain(of(Verdict::Conflict)).chain(of(Verdict::Held)) {
            let _ = writeln!(lines, "  {}\n  help: {}", answer.message, answer.help);
        }
        let stopped = of(Verdict::Refused).chain(of(Verdict::Conflict)).next().is_some();
        match &planned.plan {
            _ if stopped => Ok(Rebuilt::Stopped(Need::Person(lines))),
            Some(plan) => {
                let tree = self.planned_tree(&self.base.commit, plan)?;
                let date = plan.committer_time(Some(committed), self.now);
                Ok(Rebuilt::Commit(NewCommit::on(&self.base.commit, tree, plan.message(), date)))
            }
            None if of(Verdict::Held).next().is_some() => {
                let what = format!("is held, and stays as it is\n{}", lines.trim_end());
                Ok(Rebuilt::Stopped(Need::Nothing(what)))
            }
            None => {
                let why = of(Verdict::Superseded).map(|answer| answer.message.as_str()).collect::<Vec<_>>();
                let why = if why.is_empty() { "its releases are there".to_owned() } else { why.join("; ") };
                Ok(Rebuilt::Nothing(format!("overtaken by {}: {why}", escape(&self.base.name))))
            }
        }
    }

    /// What comes of the recorded releases on base, and base's date; `None` if base does not have the
    /// system that they are for.
    fn replayed(&self, base: &Base, release: &Release) -> Result<Option<(Planned, i64)>, Failure> {
        let Some(system) = self.system_of(base, &release.waiting)? else { return Ok(None) };
        let standing = Standing::read(self.repo, base, system)?;
        let (allowed, now) = (BTreeSet::new(), Moment(self.now));
        let request = Request { arrivals: &[], allowed: &allowed, waiting: &release.waiting, now };
        Ok(Some((standing.with(|state| plan_release(state, &request)), standing.committed)))
    }

    fn planned_tree(&self, base: &ObjectId, plan: &Plan) -> Result<ObjectId, Failure> {
        let writes = plan.writes.iter();
        let writes: Vec<_> =
            writes.map(|write| (write.path.clone(), Content::Bytes(write.content.clone()))).collect();
        Ok(self.repo.edit_tree(Some(base), &writes)?)
    }

    /// Whether the commit holds what its records say and nothing besides: then it can be made again
    /// from these. What somebody added to it by hand is carried over as it is.
    fn is_as_recorded(&self, work: &Work, release: &Release) -> Result<bool, Failure> {
        let parent = Base { commit: release.parent.clone(), ..self.base.clone() };
        let Some((Planned { plan: Some(plan), .. }, _)) = self.replayed(&parent, release)? else {
            return Ok(false);
        };
        Ok(self.planned_tree(&release.parent, &plan)? == self.repo.tree_id(&work.tip)?)
    }

    fn system_of(&self, base: &Base, waiting: &[Recorded]) -> Result<Option<crate::policy::System>, Failure> {
        let wanted = waiting.iter().find_map(|recorded| recorded.arrival.system.clone());
        let mut systems = systems(self.repo, base)?;
        if wanted.is_none() && systems.len() == 1 {
            return Ok(systems.pop());
        }
        Ok(systems.into_iter().find(|system| system.name == wanted))
    }

    /// What else sysbom commits on such a branch (a roll-back, a snapshot): the same changes on base.
    fn carried_over(&self, work: &Work, release: &Release) -> Result<Rebuilt, Failure> {
        let joined = self.joining.join(&Ancestor::Commit(&release.parent), &work.tip, &work.name)?;
        if !joined.conflicts.is_empty() {
            return Ok(Rebuilt::Stopped(Need::Person(joined.conflicts.concat())));
        }
        if joined.tree == self.repo.tree_id(&self.base.commit)? {
            return Ok(Rebuilt::Nothing(format!("overtaken by {}", escape(&self.base.name))));
        }
        let date = self.after(&[&self.base.commit])?;
        Ok(Rebuilt::Commit(NewCommit::on(&self.base.commit, joined.tree, release.message.clone(), date)))
    }

    fn merged(&self, work: &Work) -> Result<Need, Failure> {
        let joined = self.joining.join(&Ancestor::Common, &work.tip, &work.name)?;
        if !joined.conflicts.is_empty() {
            return Ok(Need::Person(joined.conflicts.concat()));
        }
        let contains = self.repo.is_ancestor(&self.base.commit, &work.tip)?;
        if contains && joined.tree == self.repo.tree_id(&work.tip)? {
            return Ok(Need::Nothing("is up to date".to_owned()));
        }
        let what = what_was_done(&joined, contains, &self.base.name);
        let mut commit = work.tip.clone();
        if !contains {
            let (tree, text) = (joined.merged.clone(), merge_message(self.base, work));
            let mut new = NewCommit::on(&commit, tree, text, self.after(&[&self.base.commit, &commit])?);
            new.parents.push(self.base.commit.clone());
            commit = self.repo.create_commit(&new)?;
        }
        // A commit of its own: a forge that rebases leaves merges out, and archives with them.
        if contains || joined.tree != joined.merged {
            let (tree, text) = (joined.tree.clone(), keeping_message(&joined, self.base, work));
            let new = NewCommit::on(&commit, tree, text, self.after(&[&commit])?);
            commit = self.repo.create_commit(&new)?;
        }
        Ok(Need::Move { commit, what, is_forward: true })
    }

    /// Now, but not before what it stands on.
    fn after(&self, commits: &[&ObjectId]) -> Result<i64, Failure> {
        let mut date = self.now;
        for commit in commits {
            date = date.max(self.repo.commit(commit)?.committer_time.saturating_add(1));
        }
        Ok(date)
    }
}

/// What a commit on a release branch says of itself.
struct Release {
    parent: ObjectId,
    message: String,
    waiting: Vec<Recorded>,
}

/// What a release branch becomes.
enum Rebuilt {
    Commit(NewCommit),
    Nothing(String),
    Stopped(Need),
}

/// Whether the branch is one that sysbom makes, by its name.
pub fn is_ours(name: &str) -> bool {
    name.starts_with("sysbom/")
}

fn what_was_done(joined: &Joined, contains: bool, base: &str) -> String {
    let mut parts = Vec::new();
    if !contains {
        parts.push(format!("merged with {}", escape(base)));
    }
    if !joined.archived.is_empty() {
        parts.push(format!("{} archived", files(joined.archived.len())));
    }
    if !joined.restored.is_empty() {
        parts.push(format!("{} put back", files(joined.restored.len())));
    }
    parts.join(", ")
}

fn files(count: usize) -> String {
    if count == 1 { "1 history file".to_owned() } else { format!("{count} history files") }
}

fn merge_message(base: &Base, work: &Work) -> String {
    format!("Merge {} into {}\n", escape(&base.name), escape(&work.name))
}

fn keeping_message(joined: &Joined, base: &Base, work: &Work) -> String {
    let (base, name) = (escape(&base.name), escape(&work.name));
    let mut text = format!("Keep the history of {base} in {name}\n");
    let lists = [("Archived:", &joined.archived), ("Put back:", &joined.restored)];
    for (title, paths) in lists.into_iter().filter(|(_, paths)| !paths.is_empty()) {
        let _ = write!(text, "\n{title}\n");
        for path in paths {
            let _ = writeln!(text, "- {}", escape(path.as_str()));
        }
    }
    text
}
