//! What is judged: a base, what stands against it, and the merges between. `check` and the hooks
//! say which; this file asks git for the trees and hands them to the rules.

use std::collections::BTreeMap;

use std::collections::HashSet;

use crate::check::{Finding, Input, Kept, Look, MergeCommit, MergeParent, Moves, Scope, Standing};
use crate::git::{EmptyTree, Repo};
use crate::policy::{Date, Policies, System};
use crate::tree::{ObjectId, RepoPath, Tree, TreeError};

use super::failure::Failure;
use super::policies::archive_path;

/// An update to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// The commit that it is judged against, and whose policy judges; `None` in a repository
    /// without one.
    pub base: Option<ObjectId>,
    /// What to call it in commands.
    pub base_name: String,
    /// What is judged.
    pub after: Revision,
    /// The merges that `after` has and `base` has not.
    pub merges: Vec<Join>,
}

/// By what an update is judged.
#[derive(Clone, Debug)]
pub struct Judge {
    /// The policy.
    pub policies: Policies,
    /// The day on which exceptions expire or not.
    pub today: Date,
    /// How much of history is looked at.
    pub scope: Scope,
    /// Whether manifest, history and components may move.
    pub moves: Moves,
    /// Whether what base has just like this refuses too.
    pub kept: Kept,
    /// Where it is judged.
    pub place: Place,
    /// A branch besides base whose states, present and former ones, have been published too.
    pub also: Option<ObjectId>,
}

/// Where an update is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a clone, whose user may have named a base branch.
    Clone,
    /// On the server that it is pushed to: nothing of it is published there yet, and what whoever
    /// pushes has configured as base is no business of it.
    Server,
}

/// Files at some moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revision {
    /// Of a commit.
    Commit(ObjectId),
    /// Of the index.
    Index,
    /// Of the working tree.
    WorkTree,
    /// Of a branch that is deleted: none.
    Nothing,
}

/// A merge, committed or about to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// What to call it.
    pub label: String,
    /// What it holds.
    pub result: Revision,
    /// Its parents, the first one first.
    pub parents: Vec<Parent>,
}

/// One parent of a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    /// The commit.
    pub id: ObjectId,
    /// The newest ancestors that it has in common with the other parents.
    pub bases: Vec<ObjectId>,
}

/// No push brings more merges than this; one that does is no work of people.
const MOST_COMMITS: usize = 100_000;
/// No merge of people brings more commits together than this.
const MOST_PARENTS: usize = 100;

impl Update {
    /// From one commit to another.
    pub fn between(
        repo: &Repo,
        base: ObjectId,
        base_name: String,
        head: &ObjectId,
    ) -> Result<Update, Failure> {
        let merges = merges_between(repo, std::slice::from_ref(&base), head)?;
        Ok(Update { base: Some(base), base_name, after: Revision::Commit(head.clone()), merges })
    }

    /// A branch that was not there before: judged against the tip of base, and by its content alone
    /// where there is no base.
    pub fn new_branch(repo: &Repo, head: ObjectId) -> Result<Update, Failure> {
        match repo.base()?.filter(|base| base.how != "HEAD") {
            Some(base) => Update::between(repo, base.commit, base.name, &head),
            None => Ok(Update::first(head)),
        }
    }

    /// The first commit there ever is: nothing stands before it.
    pub fn first(head: ObjectId) -> Update {
        Update { base: None, base_name: String::new(), after: Revision::Commit(head), merges: Vec::new() }
    }

    /// From the newest commit of base that is contained in what is checked out (and in what is
    /// being merged into it) to the index or the working tree. What a feature branch holds beside
    /// that was never published.
    pub fn here(repo: &Repo, after: Revision) -> Result<Update, Failure> {
        let Some(base) = repo.base()? else {
            return Ok(Update { base: None, base_name: String::new(), after, merges: Vec::new() });
        };
        let heads: Vec<ObjectId> = repo.head()?.into_iter().chain(repo.merge_heads()?).collect();
        let mut merges: Vec<Join> = pending(repo, &after)?.into_iter().collect();
        let Some(contained) = repo.merge_base(&base.commit, &heads)? else {
            return Ok(Update { base: None, base_name: String::new(), after, merges });
        };
        let mut known = vec![contained.clone()];
        for head in heads {
            merges.extend(merges_between(repo, &known, &head)?);
            known.push(head);
        }
        let base_name = if contained == base.commit { base.name } else { contained.short().to_owned() };
        Ok(Update { base: Some(contained), base_name, after, merges })
    }

    /// Asks the rules.
    pub fn judge(&self, repo: &Repo, today: Date, scope: Scope) -> Result<Vec<Finding>, Failure> {
        let before = self.base.as_ref().map(|base| repo.commit_tree(base)).transpose()?;
        let before = before.as_ref().map(|tree| tree as &dyn Tree);
        let after = self.after.tree(repo)?;
        let policies = crate::check::judge(before, &*after)?;
        let (moves, kept, place) = (Moves::ByPolicy, Kept::Refuses, Place::Clone);
        let by = Judge { policies, today, scope, moves, kept, place, also: None };
        self.judge_by(repo, &by)
    }

    /// Asks the rules, by a policy that was found elsewhere.
    pub fn judge_by(&self, repo: &Repo, by: &Judge) -> Result<Vec<Finding>, Failure> {
        let before = self.base.as_ref().map(|base| repo.commit_tree(base)).transpose()?;
        let before = before.as_ref().map(|tree| tree as &dyn Tree);
        let after = self.after.tree(repo)?;
        let policies = by.policies.clone().on(by.today);
        let tips = self.tips(repo)?;
        let joins = self
            .merges
            .iter()
            .map(|join| JoinTrees::open(repo, join, &tips))
            .collect::<Result<Vec<_>, _>>()?;
        let merges: Vec<MergeCommit<'_>> = joins.iter().map(JoinTrees::as_merge).collect();
        let input = Input {
            before_name: if self.base_name.is_empty() { "BASE" } else { &self.base_name },
            standing: self.standing(repo, by.place)?,
            merges: &merges,
            is_former: &|system, id| self.is_former(repo, by.also.as_ref(), system, id),
            archive_path: &|system, _| self.archive_path(repo, system),
            lost_states: &|system, kept| self.lost_states(repo, system, kept),
            scope: by.scope,
            moves: by.moves,
            kept: by.kept,
            ..Input::new(&policies, before, &*after, by.today)
        };
        Ok(crate::check::check(&input)?)
    }

    fn standing(&self, repo: &Repo, place: Place) -> Result<Standing, Failure> {
        Ok(match (&self.after, &self.base) {
            (Revision::Index | Revision::WorkTree, _) => Standing::Uncommitted,
            (Revision::Commit(head), Some(base)) => {
                let contained = repo.merge_base(base, std::slice::from_ref(head))?;
                match contained.as_ref() == Some(base) {
                    true if place == Place::Clone && self.is_published(repo, head)? => Standing::Published,
                    true => Standing::Committed,
                    false => Standing::Behind,
                }
            }
            (Revision::Commit(_), None) | (Revision::Nothing, _) => Standing::Committed,
        })
    }

    /// Whether the base branch has this commit, as far as this clone knows: the branch that the change
    /// is judged against, or, where that is no branch, the one that is base here.
    fn is_published(&self, repo: &Repo, head: &ObjectId) -> Result<bool, Failure> {
        // `HEAD^1` cannot even be asked for: it is no name of a ref.
        let named = repo.tip(&format!("refs/remotes/{}", self.base_name)).ok().flatten();
        let branch = match named {
            Some(tip) => Some(tip),
            None => repo.base()?.filter(|base| base.how != "HEAD").map(|base| base.commit),
        };
        Ok(branch.map(|tip| repo.is_ancestor(head, &tip)).transpose()?.unwrap_or(false))
    }

    /// The newest commits of what is judged.
    fn tips(&self, repo: &Repo) -> Result<Vec<ObjectId>, Failure> {
        Ok(match &self.after {
            Revision::Commit(head) => vec![head.clone()],
            Revision::Index | Revision::WorkTree => {
                repo.head()?.into_iter().chain(repo.merge_heads()?).collect()
            }
            Revision::Nothing => Vec::new(),
        })
    }

    fn is_former(
        &self,
        repo: &Repo,
        also: Option<&ObjectId>,
        system: &System,
        id: &ObjectId,
    ) -> Result<bool, TreeError> {
        let line = match (&self.base, &self.after) {
            (Some(base), _) => Some(base),
            // A whole history that comes at once, as to a new server: its states are its own.
            (None, Revision::Commit(head)) => Some(head),
            (None, Revision::Index | Revision::WorkTree | Revision::Nothing) => None,
        };
        for tip in line.into_iter().chain(also) {
            if repo.is_former_state(tip, &system.manifest, id)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn archive_path(&self, repo: &Repo, system: &System) -> Result<Option<RepoPath>, TreeError> {
        let Some(base) = &self.base else { return Ok(None) };
        let name = |time: i64, bytes: &[u8]| archive_path(system, time, bytes);
        Ok(repo.archive_of(base, &system.manifest, &name)?.map(|plan| plan.path))
    }

    fn lost_states(
        &self,
        repo: &Repo,
        system: &System,
        kept: &HashSet<ObjectId>,
    ) -> Result<Vec<(RepoPath, ObjectId)>, TreeError> {
        let Some(base) = &self.base else { return Ok(Vec::new()) };
        let name = |time: i64, bytes: &[u8]| archive_path(system, time, bytes);
        let plans = repo.missing_archives(base, &system.manifest, kept, &name)?;
        Ok(plans.into_iter().map(|plan| (plan.path, plan.blob)).collect())
    }
}

impl Revision {
    /// The files.
    pub fn tree<'repo>(&self, repo: &'repo Repo) -> Result<Box<dyn Tree + 'repo>, Failure> {
        Ok(match self {
            Revision::Commit(commit) => Box::new(repo.commit_tree(commit)?),
            Revision::Index => Box::new(repo.index_tree()?),
            Revision::WorkTree => Box::new(repo.worktree()?),
            Revision::Nothing => Box::new(EmptyTree),
        })
    }
}

/// The merge, pick or revert that the next commit completes.
fn pending(repo: &Repo, result: &Revision) -> Result<Option<Join>, Failure> {
    let Some(head) = repo.head()? else { return Ok(None) };
    let theirs = repo.merge_heads()?;
    if theirs.is_empty() {
        return pending_pick(repo, head, result);
    }
    Ok(Some(Join {
        label: "the merge being committed".to_owned(),
        result: result.clone(),
        parents: parents_of_each(repo, vec![std::iter::once(head).chain(theirs).collect()])?
            .pop()
            .expect("one merge has one list of parents"),
    }))
}

/// The parents of merges, each with the bases that git takes to merge it with all the others of its
/// merge.
fn parents_of_each(repo: &Repo, merges: Vec<Vec<ObjectId>>) -> Result<Vec<Vec<Parent>>, Failure> {
    let mut questions = Vec::new();
    for ids in &merges {
        if ids.len() > MOST_PARENTS {
            return Err(Failure::new(format!("could not judge a merge of {} commits", ids.len()))
                .because(format!("more than {MOST_PARENTS} are not looked into"))
                .help("merge them one after the other"));
        }
        let asked = if ids.len() == 2 { &ids[..1] } else { &ids[..] };
        for (index, id) in asked.iter().enumerate() {
            questions.push((id, ids[..index].iter().chain(&ids[index + 1..]).collect()));
        }
    }
    let mut answers = repo.merge_bases_of_each(&questions)?.into_iter();
    let mut answer = || answers.next().expect("each question has an answer");
    let mut parents = Vec::new();
    for ids in merges {
        // Of two sides both have the same bases.
        let shared = if ids.len() == 2 { Some(answer()) } else { None };
        let parent = |id| Parent { id, bases: shared.clone().unwrap_or_else(&mut answer) };
        parents.push(ids.into_iter().map(parent).collect());
    }
    Ok(parents)
}

/// A pick is a merge whose base is the picked commit's parent; a revert is one whose base is the
/// commit and whose other side is its parent.
fn pending_pick(repo: &Repo, head: ObjectId, result: &Revision) -> Result<Option<Join>, Failure> {
    let Some(picked) = repo.picked()? else { return Ok(None) };
    let [parent] = &repo.commit(&picked)?.parents[..] else { return Ok(None) };
    let is_revert = repo.git_dir().join("REVERT_HEAD").exists();
    let (base, theirs) = if is_revert { (picked, parent.clone()) } else { (parent.clone(), picked) };
    let what = if is_revert { "the revert being committed" } else { "the pick being committed" };
    Ok(Some(Join {
        label: what.to_owned(),
        result: result.clone(),
        parents: [head, theirs].map(|id| Parent { id, bases: vec![base.clone()] }).into(),
    }))
}

fn merges_between(repo: &Repo, bases: &[ObjectId], head: &ObjectId) -> Result<Vec<Join>, Failure> {
    let commits = repo.merges_between(bases, head, MOST_COMMITS)?;
    let (ids, parents): (Vec<_>, Vec<_>) =
        commits.into_iter().map(|commit| (commit.id, commit.parents)).unzip();
    let joins = ids.into_iter().zip(parents_of_each(repo, parents)?).map(|(id, parents)| Join {
        label: id.short().to_owned(),
        result: Revision::Commit(id),
        parents,
    });
    Ok(joins.collect())
}

/// Shows what the commits hold that contain a merge.
type Later<'a> = Box<dyn Fn(Look<'_>) -> Result<(), TreeError> + 'a>;

/// A merge with the trees to look into.
struct JoinTrees<'a> {
    join: &'a Join,
    result: Box<dyn Tree + 'a>,
    parents: Vec<Box<dyn Tree + 'a>>,
    bases: BTreeMap<&'a ObjectId, Box<dyn Tree + 'a>>,
    later: Later<'a>,
}

impl<'a> JoinTrees<'a> {
    fn open(repo: &'a Repo, join: &'a Join, tips: &'a [ObjectId]) -> Result<JoinTrees<'a>, Failure> {
        let commit = |id: &ObjectId| Revision::Commit(id.clone()).tree(repo);
        let bases = join.parents.iter().flat_map(|parent| &parent.bases);
        Ok(JoinTrees {
            join,
            result: join.result.tree(repo)?,
            parents: join.parents.iter().map(|parent| commit(&parent.id)).collect::<Result<_, _>>()?,
            bases: bases.map(|base| Ok((base, commit(base)?))).collect::<Result<_, Failure>>()?,
            later: Box::new(|look| show_later(repo, &join.result, tips, look)),
        })
    }

    fn as_merge(&self) -> MergeCommit<'_> {
        let base = |base| &*self.bases[base];
        let parents = self.join.parents.iter().zip(&self.parents);
        let parents = parents.map(|(parent, tree)| MergeParent {
            tree: &**tree,
            bases: parent.bases.iter().map(base).collect(),
        });
        MergeCommit {
            label: self.join.label.clone(),
            result: &*self.result,
            parents: parents.collect(),
            later: &*self.later,
        }
    }
}

/// Shows the files of the commits that contain a merge, up to the tips.
fn show_later(repo: &Repo, merge: &Revision, tips: &[ObjectId], look: Look) -> Result<(), TreeError> {
    let Revision::Commit(merge) = merge else { return Ok(()) };
    for tip in tips {
        for commit in repo.commits_containing(merge, tip, MOST_COMMITS)? {
            if look(&repo.commit_tree(&commit)?)?.is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}
