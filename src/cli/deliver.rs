//! How a commit that was planned on base's tip gets to where it belongs: onto a branch of its own, or
//! onto base itself; here, or on a remote. Whoever is overtaken plans again on what is there now.

use std::ops::ControlFlow;

use crate::check::{Finding, Scope, Severity};
use crate::git::{Base, Content, NewCommit, Pushed, Repo, retry};
use crate::policy::Date;
use crate::release::made;
use crate::tree::{ObjectId, RepoPath};

use super::failure::Failure;
use super::target::Target;
use super::update::Update;

/// Where a commit goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Onto this branch, given by its short name, in the place of what is there.
    Branch(String),
    /// Onto base, as a fast-forward that the rules accept.
    Direct,
}

impl Route {
    /// The branches to look at besides base, by how their names begin.
    fn branches(&self) -> Option<&str> {
        match self {
            Route::Branch(name) => Some(name),
            Route::Direct => None,
        }
    }
}

/// What to commit on top of base's tip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The files.
    pub writes: Vec<(RepoPath, Content)>,
    /// The whole message.
    pub message: String,
    /// The committer date, in seconds since 1970.
    pub date: i64,
}

/// How everything is delivered.
#[derive(Debug)]
pub struct Delivery<'a> {
    /// The repository.
    pub repo: &'a Repo,
    /// Base, and the remote.
    pub target: &'a Target,
    /// Where the commit goes.
    pub route: Route,
    /// The branch that the commit is made for, as it says of itself, unless it goes onto base.
    pub made_for: String,
    /// `Name <mail>` of the author, where it is not the one of git's configuration.
    pub author: Option<String>,
    /// Whether to sign whatever git's configuration says.
    pub sign: bool,
    /// The day by which exceptions are judged.
    pub today: Date,
    /// Whether it goes anywhere.
    pub run: Run,
}

/// Whether a delivery is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// It is.
    Real,
    /// It asks all that a real one asks before it moves a branch, in a [`Repo::rehearsal`].
    Dry,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered<T> {
    /// What the planner said last.
    pub answer: T,
    /// The commit that it was planned on.
    pub base: ObjectId,
    /// Where the commit is.
    pub end: End,
    /// What the check will find in the branch that the commit went onto, at error level.
    pub faults: Vec<Finding>,
}

/// Where a commit ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// There was nothing to commit.
    Nothing,
    /// It is where it belongs.
    There(ObjectId),
    /// It would be where it belongs: this was a rehearsal.
    Rehearsed,
    /// The branch holds the same already, as this commit, and was left alone.
    LeftAlone(ObjectId),
    /// The rules find fault with it; it went nowhere.
    Faulty(Vec<Finding>),
    /// The remote does not want it, and says why.
    Refused(String),
    /// Others were first, each time it was tried.
    RaceLost,
}

impl Delivery<'_> {
    /// Plans and delivers. The first attempt is made on `base`, as it was just found with the branch
    /// that the commit goes onto. `plan` is given base as it stands at this attempt and the tip of the
    /// branch that the commit goes onto, if there is one; it says what to commit, if anything, and
    /// what there is to tell.
    pub fn run<T>(
        &self,
        base: Base,
        mut plan: impl FnMut(&Base, Option<&ObjectId>) -> Result<(Option<Proposal>, T), Failure>,
    ) -> Result<Delivered<T>, Failure> {
        let mut last = None;
        let mut first = Some(base);
        let delivered = retry(self.repo.attempts(), || {
            let base = match first.take() {
                Some(base) => base,
                None => self.target.refresh(self.repo, self.route.branches())?,
            };
            let tip = match &self.route {
                Route::Branch(name) => self.target.tip(self.repo, name)?,
                Route::Direct => None,
            };
            let (proposal, answer) = plan(&base, tip.as_ref())?;
            let mut faults = Vec::new();
            let end = match proposal {
                Some(proposal) => self.attempt(&base, tip.as_ref(), proposal, &mut faults)?,
                None => Some(End::Nothing),
            };
            let delivered = |end| Delivered { answer, base: base.commit, end, faults };
            Ok::<_, Failure>(if let Some(end) = end {
                ControlFlow::Break(delivered(end))
            } else {
                last = Some(delivered(End::RaceLost));
                ControlFlow::Continue(())
            })
        })?;
        Ok(delivered.or(last).expect("whoever lost the race has been asked at least once"))
    }

    /// `None` if somebody was first. What the check will find on a branch comes into `faults`.
    fn attempt(
        &self,
        base: &Base,
        tip: Option<&ObjectId>,
        proposal: Proposal,
        faults: &mut Vec<Finding>,
    ) -> Result<Option<End>, Failure> {
        let tree = self.repo.edit_tree(Some(&base.commit), &proposal.writes)?;
        let message = match &self.route {
            Route::Branch(_) => made(&proposal.message, &self.made_for, &tree),
            Route::Direct => proposal.message,
        };
        let new = NewCommit {
            author: self.author.clone(),
            sign: self.sign,
            ..NewCommit::on(&base.commit, tree, message, proposal.date)
        };
        if let Some(tip) = tip
            && self.repo.is_same_commit(tip, &new)?
        {
            *faults = self.faults(base, tip).unwrap_or_default();
            return Ok(Some(End::LeftAlone(tip.clone())));
        }
        let commit = self.repo.create_commit(&new)?;
        match &self.route {
            // A branch is for people to look at, and so is what is wrong with it: nothing of this stops it.
            Route::Branch(_) => *faults = self.faults(base, &commit).unwrap_or_default(),
            Route::Direct => {
                let faults = self.faults(base, &commit)?;
                if !faults.is_empty() {
                    return Ok(Some(End::Faulty(faults)));
                }
            }
        }
        Ok(match self.send(base, tip, &commit)? {
            None => Some(End::Rehearsed),
            Some(Pushed::Done) => Some(End::There(commit)),
            Some(Pushed::Lost(_)) => None,
            Some(Pushed::Refused(why)) => Some(End::Refused(why)),
        })
    }

    /// Moves the branch that the commit goes onto; `None` if this is a rehearsal, and it could be moved.
    fn send(
        &self,
        base: &Base,
        tip: Option<&ObjectId>,
        commit: &ObjectId,
    ) -> Result<Option<Pushed>, Failure> {
        let (repo, target) = (self.repo, self.target);
        match (self.run, &self.route) {
            (Run::Dry, Route::Branch(name)) => target.may_replace(repo, name).map(|()| None),
            (Run::Dry, Route::Direct) => target.may_forward(repo, commit).map(|()| None),
            (Run::Real, Route::Branch(name)) => target.replace(repo, name, tip, commit).map(Some),
            (Run::Real, Route::Direct) => target.forward(repo, &base.commit, commit).map(Some),
        }
    }

    /// What the rules hold against it, at error level.
    fn faults(&self, base: &Base, commit: &ObjectId) -> Result<Vec<Finding>, Failure> {
        let update = Update::between(self.repo, base.commit.clone(), base.name.clone(), commit)?;
        let found = update.judge(self.repo, self.today, Scope::NewHistory)?;
        Ok(found.into_iter().filter(|finding| finding.severity == Severity::Error).collect())
    }
}
