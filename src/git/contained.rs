//! Whether some tips contain a commit, for a push that asks of thousands: history is walked once for
//! all of them, and only as far as it is needed.

use std::collections::{BinaryHeap, HashSet};

use super::{Error, Repo};
use crate::tree::ObjectId;

/// The most commits that are kept in mind; what lies below is asked for one by one.
const MOST_KNOWN: usize = 500_000;

/// What some tips contain, as far as it was asked for.
pub struct Contained<'repo> {
    repo: &'repo Repo,
    tips: Vec<gix::ObjectId>,
    known: HashSet<gix::ObjectId>,
    /// Those whose parents are not met yet, with the parents; the newest on top.
    pending: BinaryHeap<(i64, Vec<gix::ObjectId>)>,
}

impl Repo {
    /// What these commits contain.
    ///
    /// # Errors
    /// One of them is missing.
    pub fn contained_in(&self, tips: &[ObjectId]) -> Result<Contained<'_>, Error> {
        let tips = tips.iter().map(|id| self.oid(id)).collect::<Result<Vec<_>, _>>()?;
        let mut contained =
            Contained { repo: self, tips: tips.clone(), known: HashSet::new(), pending: BinaryHeap::new() };
        for tip in tips {
            contained.meet(tip)?;
        }
        Ok(contained)
    }
}

impl Contained<'_> {
    /// Whether a commit is one of the tips or an ancestor of one.
    ///
    /// # Errors
    /// The history that would tell is cut off, or an object is missing.
    pub fn has(&mut self, commit: &ObjectId) -> Result<bool, Error> {
        let id = self.repo.oid(commit)?;
        if self.known.contains(&id) {
            return Ok(true);
        }
        if self.tips.is_empty() {
            return Ok(false);
        }
        // What is cut off has parents that are not here.
        if !self.repo.is_shallow() {
            self.walk_down_to(self.repo.bones(id)?.time)?;
            if self.known.contains(&id) {
                return Ok(true);
            }
            if self.pending.is_empty() {
                return Ok(false);
            }
        }
        // Dates may lie.
        let bases = self.repo.inner.merge_bases_many(id, &self.tips);
        let bases = bases.map_err(|cause| {
            self.repo.missing(format!("could not tell what contains {}", commit.short()), cause)
        })?;
        Ok(bases.iter().any(|base| base.detach() == id))
    }

    fn walk_down_to(&mut self, time: i64) -> Result<(), Error> {
        while self.known.len() < MOST_KNOWN
            && self.pending.peek().is_some_and(|(date, _)| *date >= time)
            && let Some((_, parents)) = self.pending.pop()
        {
            for parent in parents {
                self.meet(parent)?;
            }
        }
        Ok(())
    }

    fn meet(&mut self, id: gix::ObjectId) -> Result<(), Error> {
        if self.known.insert(id) {
            let bones = self.repo.bones(id)?;
            self.pending.push((bones.time, bones.parents));
        }
        Ok(())
    }
}
