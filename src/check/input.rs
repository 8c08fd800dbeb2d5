//! What a check is given: the policy that judges, the trees before and after, the merges between
//! them, and what only git's log can tell.

use std::ops::ControlFlow;

use std::collections::HashSet;

use crate::policy::{Date, Policies, System};
use crate::tree::{ObjectId, RepoPath, Tree, TreeError};

/// One update to judge, and by what. Begin with [`Input::new`] and set what else is known.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The policy that judges: the one that [`super::judge`] finds. Never the edited one.
    pub policies: &'a Policies,
    /// The files as base has them; `None` where there is no base, as in an empty repository.
    pub before: Option<&'a dyn Tree>,
    /// How commands in helps call `before`: a revision such as `origin/main`.
    pub before_name: &'a str,
    /// The files to judge.
    pub after: &'a dyn Tree,
    /// Where `after` stands, seen from `before`: helps say what to do there.
    pub standing: Standing,
    /// The merge commits that `after` has and `before` has not; in pre-commit after a conflict,
    /// the merge that is about to be committed.
    pub merges: &'a [MergeCommit<'a>],
    /// Whether an object is a state that the system's manifest had earlier on base's first-parent
    /// line. Asked only for new history files that are not base's present state.
    pub is_former: Asked<'a, bool>,
    /// Where the archive of base's present state, which is the object given, belongs; `None` if
    /// that cannot be told. Asked only where it is missing.
    pub archive_path: Asked<'a, Option<RepoPath>>,
    /// Where the archive of each state that the system's manifest ever had on base's first-parent line
    /// belongs, but for states that are among the objects given. Asked only where all of history is
    /// looked at.
    pub lost_states: AskedForAll<'a>,
    /// The day on which exceptions and allowances expire or not.
    pub today: Date,
    /// How much of history is looked at.
    pub scope: Scope,
    /// Whether manifest, history and components may move.
    pub moves: Moves,
    /// Whether what base has just like this refuses too.
    pub kept: Kept,
}

/// A question about a system's state that only git's log can answer.
pub type Asked<'a, Answer> = &'a dyn Fn(&System, &ObjectId) -> Result<Answer, TreeError>;

/// A question about all states of a system that are not among some objects.
pub type AskedForAll<'a> =
    &'a dyn Fn(&System, &HashSet<ObjectId>) -> Result<Vec<(RepoPath, ObjectId)>, TreeError>;

/// Where the files to judge stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// In the index or the working tree: the next commit can still mend them.
    Uncommitted,
    /// In a commit that contains base; on a forge that may be a merge which only the forge made.
    Committed,
    /// In a commit that does not contain base.
    Behind,
    /// On base itself: what is lost is lost, and can only be written later.
    Published,
}

/// How much of history is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The history files that are new.
    NewHistory,
    /// All of it, as `check --history` asks.
    WholeHistory,
}

/// Whether a change of the policy may move manifest, history and components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moves {
    /// That is for the rule `policy-moved`, at the level that the policy gives it.
    ByPolicy,
    /// It may not, whatever level the policy gives to `policy-moved`: the configuration of the server
    /// says so.
    Refused,
    /// It may: the configuration of the server says so.
    Allowed,
}

/// Whether what a manifest says refuses a change that leaves it as base has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It does: base has it, and it is wrong.
    Refuses,
    /// It does not: a policy judges that is newer than base, and may be stricter than base's own.
    Passes,
}

/// One merge commit.
#[derive(Clone)]
pub struct MergeCommit<'a> {
    /// What to call it: a short commit id, or `the merge being committed`.
    pub label: String,
    /// What it holds.
    pub result: &'a dyn Tree,
    /// Its parents, the first one first.
    pub parents: Vec<MergeParent<'a>>,
    /// Shows what the commits hold that contain it, one by one, until told to stop. Asked only where
    /// it seems to have lost something.
    pub later: Shown<'a>,
}

/// A way to be shown trees.
pub type Shown<'a> = &'a dyn Fn(Look<'_>) -> Result<(), TreeError>;

/// One who looks at trees, and says when they have seen enough.
pub type Look<'l> = &'l mut dyn FnMut(&dyn Tree) -> Result<ControlFlow<()>, TreeError>;

/// One parent of a merge commit.
#[derive(Clone)]
pub struct MergeParent<'a> {
    /// What it holds.
    pub tree: &'a dyn Tree,
    /// The merge bases of it and the others taken together: none if they have nothing in common,
    /// several where the histories were merged crosswise before.
    pub bases: Vec<&'a dyn Tree>,
}

impl<'a> Input<'a> {
    /// An update from `before` to `after` without merges, whose new history files are no former
    /// states, on the day given.
    pub fn new(
        policies: &'a Policies,
        before: Option<&'a dyn Tree>,
        after: &'a dyn Tree,
        today: Date,
    ) -> Input<'a> {
        Input {
            policies,
            before,
            before_name: "BASE",
            after,
            standing: Standing::Committed,
            merges: &[],
            is_former: &|_, _| Ok(false),
            archive_path: &|_, _| Ok(None),
            lost_states: &|_, _| Ok(Vec::new()),
            today,
            scope: Scope::NewHistory,
            moves: Moves::ByPolicy,
            kept: Kept::Refuses,
        }
    }
}
