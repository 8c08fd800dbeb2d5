//! What stands on a server before a push: which of its refs are protected, and the branch whose
//! policy judges whatever has none of its own. Nothing here comes from whoever pushes.

use crate::git::{Refs, Repo};
use crate::policy::Pattern;
use crate::tree::ObjectId;

use super::super::failure::Failure;

/// The refs of a server before a push.
pub struct Standing<'a> {
    repo: &'a Repo,
    refs: Refs<'a>,
    protected: Vec<Pattern>,
    /// The full name of the branch that HEAD names, whether there is one or not.
    head: Option<String>,
}

impl<'a> Standing<'a> {
    /// Reads the refs. No pattern at all protects every branch.
    pub fn read(repo: &'a Repo, protected: Vec<Pattern>) -> Result<Standing<'a>, Failure> {
        let head = repo.head_branch()?.filter(|head| short_name(head).is_some());
        Ok(Standing { repo, refs: repo.refs()?, protected, head })
    }

    /// The ref that a push to `name` moves.
    pub fn led_to(&self, name: &str) -> Result<String, Failure> {
        Ok(self.refs.led_to(name)?)
    }

    /// Where a ref stands that is not symbolic.
    pub fn object(&self, end: &str) -> Result<Option<ObjectId>, Failure> {
        Ok(self.refs.object(end)?)
    }

    /// The short names of the branches that a ref is, by its own name or another.
    pub fn branches_of<'n>(&'n self, end: &'n str) -> impl Iterator<Item = &'n str> {
        self.refs.names_of(end).filter_map(short_name)
    }

    /// All names of a ref.
    pub fn names_of<'n>(&'n self, end: &'n str) -> impl Iterator<Item = &'n str> {
        self.refs.names_of(end)
    }

    /// Whether a ref is a protected branch, under whichever of its names.
    pub fn is_protected(&self, end: &str) -> bool {
        let fits = |name: &str| self.protected.iter().any(|pattern| pattern.fits(name));
        self.branches_of(end).any(|name| self.protected.is_empty() || fits(name))
    }

    /// Whether HEAD names this branch.
    pub fn is_head(&self, end: &str) -> bool {
        self.head.as_deref().is_some_and(|head| self.names_of(end).any(|name| name == head) || head == end)
    }

    /// The commit whose policy judges what is no update of a protected branch: the tip of HEAD's
    /// branch; else of the first protected one, in the order of the settings; else of `main`,
    /// `master` or the first by name, of those that are protected if there are any. `None` only where
    /// there is no branch.
    pub fn governing(&self) -> Result<Option<ObjectId>, Failure> {
        let listed = self.protected.iter().filter(|pattern| pattern.fits(pattern.as_str()));
        let listed = listed.map(|pattern| full_name(pattern.as_str()));
        for name in self.head.iter().cloned().chain(listed) {
            if let Some(tip) = self.tip(&name)? {
                return Ok(Some(tip));
            }
        }
        let usual = ["main", "master"].map(full_name);
        let names = || usual.iter().map(String::as_str).chain(self.refs.branches());
        let is_protected = |name: &&str| self.led_to(name).is_ok_and(|end| self.is_protected(&end));
        for name in names().filter(is_protected).chain(names()) {
            if let Some(tip) = self.tip(name)? {
                return Ok(Some(tip));
            }
        }
        Ok(None)
    }

    /// The commits that protected branches have.
    pub fn protected_tips(&self) -> Result<Vec<ObjectId>, Failure> {
        let mut tips = Vec::new();
        for name in self.refs.branches() {
            // One that leads nowhere protects nothing.
            if self.led_to(name).is_ok_and(|end| self.is_protected(&end)) {
                tips.extend(self.tip(name)?);
            }
        }
        tips.sort_unstable();
        tips.dedup();
        Ok(tips)
    }

    /// The commit that a ref has, given by any name of it.
    pub fn tip(&self, name: &str) -> Result<Option<ObjectId>, Failure> {
        let Ok(end) = self.led_to(name) else { return Ok(None) };
        match self.object(&end)? {
            Some(object) => Ok(self.repo.commit_behind(&object)?),
            None => Ok(None),
        }
    }
}

/// The name of a branch without what all branches begin with.
pub fn short_name(name: &str) -> Option<&str> {
    name.strip_prefix("refs/heads/")
}

fn full_name(short: &str) -> String {
    format!("refs/heads/{short}")
}
