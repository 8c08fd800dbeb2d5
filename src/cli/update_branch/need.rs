//! What one branch needs to be up to date with base. Makes commits, and moves nothing.

use std::fmt::Write as _;

use crate::cli::failure::Failure;
use crate::cli::joining::{Ancestor, Joined, Joining};
use crate::cli::waiting::{Made, Waiting};
use crate::git::{Base, NewCommit, Repo};
use crate::release::{Verdict, made, made_as, set_aside};
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

    /// A release branch is known by what its one commit says of itself; and by its name, where
    /// somebody added to that commit.
    fn release_on(&self, work: &Work) -> Result<Option<Made>, Failure> {
        let made = self.waiting().on(&work.tip)?;
        Ok(made.filter(|made| made.is_own || is_ours(&work.name)))
    }

    fn waiting(&self) -> Waiting<'_> {
        Waiting { repo: self.repo, base: self.base, now: self.now }
    }

    fn rebuilt(&self, work: &Work, release: &Made) -> Result<Need, Failure> {
        let rebuilt = if release.is_own && !release.waiting.is_empty() {
            self.planned_again(release)?
        } else {
            self.carried_over(work, release)?
        };
        let (new, besides) = match rebuilt {
            Rebuilt::Commit(new, besides) => (new, besides),
            Rebuilt::Nothing(why) => return Ok(Need::Overtaken(why)),
            Rebuilt::Stopped(why) => return Ok(why),
        };
        if self.repo.is_same_commit(&work.tip, &new)? {
            return Ok(Need::Nothing("is up to date".to_owned()));
        }
        let commit = self.repo.create_commit(&new)?;
        let what = format!("rebuilt on {}{besides}", escape(&self.base.name));
        Ok(Need::Move { commit, what, is_forward: false })
    }

    /// The releases that the commit records, made once more on base.
    fn planned_again(&self, release: &Made) -> Result<Rebuilt, Failure> {
        let Some((planned, committed)) = self.waiting().replayed(self.base, &release.waiting)? else {
            return Ok(Rebuilt::Stopped(Need::Person("  the system that it is for is not on base\n".into())));
        };
        let of = |verdict: Verdict| planned.waiting.iter().filter(move |answer| answer.verdict == verdict);
        let mut lines = String::new();
        for answer in of(Verdict::Refused).chain(of(Verdict::Conflict)).chain(of(Verdict::Held)) {
            let _ = writeln!(lines, "  {}\n  help: {}", answer.message, answer.help);
        }
        // What the branch did not hold before may go on waiting, and keeps nothing else back.
        let aside = set_aside(&release.message);
        let stopped = of(Verdict::Refused)
            .chain(of(Verdict::Conflict))
            .any(|answer| planned.plan.is_none() || !aside.contains(&answer.component));
        match &planned.plan {
            _ if stopped => Ok(Rebuilt::Stopped(Need::Person(lines))),
            Some(plan) => {
                let tree = self.waiting().planned_tree(&self.base.commit, plan)?;
                let date = plan.committer_time(Some(committed), self.now);
                let own = made_as(&release.message, &self.repo.tree_id(&release.commit)?);
                let message = own.map_or(plan.message(), |own| made(&plan.message(), own, &tree));
                let besides = match lines.trim_end() {
                    "" => String::new(),
                    lines => format!("; waits with it, and is not in it:\n{lines}"),
                };
                Ok(Rebuilt::Commit(NewCommit::on(&self.base.commit, tree, message, date), besides))
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

    /// What else sysbom commits on such a branch (a roll-back, a snapshot): the same changes on base.
    fn carried_over(&self, work: &Work, release: &Made) -> Result<Rebuilt, Failure> {
        let joined = self.joining.join(&Ancestor::Commit(&release.parent), &release.commit, &work.name)?;
        if !joined.conflicts.is_empty() {
            return Ok(Rebuilt::Stopped(Need::Person(joined.conflicts.concat())));
        }
        if joined.tree == self.repo.tree_id(&self.base.commit)? {
            return Ok(Rebuilt::Nothing(format!("overtaken by {}", escape(&self.base.name))));
        }
        let date = self.after(&[&self.base.commit])?;
        let own = made_as(&release.message, &self.repo.tree_id(&release.commit)?);
        let message = own.map_or(release.message.clone(), |own| made(&release.message, own, &joined.tree));
        Ok(Rebuilt::Commit(NewCommit::on(&self.base.commit, joined.tree, message, date), String::new()))
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

/// What a release branch becomes.
enum Rebuilt {
    /// Stands at this commit; and what there is to say of it besides.
    Commit(NewCommit, String),
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
