//! One push to a server as a whole: which refs it moves, what its branches bring, and what has been
//! judged of it so far. What is right and wrong in it is for the gate to say.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::check::Finding;
use crate::git::{Contained, RefUpdate, Repo};
use crate::tree::ObjectId;

use super::super::failure::Failure;
use super::standing::Standing;

/// What is known of one push.
pub struct Push<'a> {
    repo: &'a Repo,
    standing: &'a Standing<'a>,
    moved_twice: Vec<String>,
    /// What protected branches had before it, once that was asked for.
    published: Option<Contained<'a>>,
    /// What each protected branch has after it, with where that stood.
    brought: Vec<(Option<ObjectId>, Contained<'a>)>,
    /// What was found in commits, each held against a branch.
    judged: HashMap<(ObjectId, Option<ObjectId>), Vec<Finding>>,
}

/// How a commit comes to be in a protected branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Brought {
    /// It was in one before the push.
    Before,
    /// The push brings it, to a branch that stood there, or nowhere.
    Onto(Option<ObjectId>),
    /// In no way.
    Alone,
}

impl<'a> Push<'a> {
    /// Reads what is pushed. The updates come back under the names of the refs that are moved: a
    /// branch may have a second name here, as after `master` became `main`.
    pub fn read(
        repo: &'a Repo,
        standing: &'a Standing<'a>,
        mut updates: Vec<RefUpdate>,
    ) -> Result<(Vec<RefUpdate>, Push<'a>), Failure> {
        let moved_twice = follow(standing, &mut updates)?;
        let mut brought = Vec::new();
        for update in updates.iter().filter(|update| standing.is_protected(&update.name)) {
            let Some(new) = &update.new else { continue };
            // What is no commit is refused when its turn comes.
            if let Ok(Some(new)) = repo.commit_behind(new) {
                brought.push((standing.tip(&update.name)?, repo.contained_in(&[new])?));
            }
        }
        let push = Push { repo, standing, moved_twice, published: None, brought, judged: HashMap::new() };
        Ok((updates, push))
    }

    /// Whether it moves a ref more than once.
    pub fn moves_twice(&self, end: &str) -> bool {
        self.moved_twice.iter().any(|name| name == end)
    }

    /// How a commit comes to be in a protected branch.
    pub fn brings(&mut self, commit: &ObjectId) -> Result<Brought, Failure> {
        let published = match &mut self.published {
            Some(published) => published,
            none @ None => none.insert(self.repo.contained_in(&self.standing.protected_tips()?)?),
        };
        if published.has(commit)? {
            return Ok(Brought::Before);
        }
        for (stood, brought) in &mut self.brought {
            if brought.has(commit)? {
                return Ok(Brought::Onto(stood.clone()));
            }
        }
        Ok(Brought::Alone)
    }

    /// What was found in a commit that was held against a branch with this tip.
    pub fn judged(&self, commit: &ObjectId, tip: Option<&ObjectId>) -> Option<&[Finding]> {
        self.judged.get(&(commit.clone(), tip.cloned())).map(Vec::as_slice)
    }

    /// Keeps what was found, for the next ref that leads to the same commit.
    pub fn note(&mut self, commit: &ObjectId, tip: Option<&ObjectId>, findings: &[Finding]) {
        self.judged.insert((commit.clone(), tip.cloned()), findings.to_vec());
    }
}

/// Puts the refs that are moved in the place of their other names, and gives those that are moved
/// more than once.
fn follow(standing: &Standing, updates: &mut [RefUpdate]) -> Result<Vec<String>, Failure> {
    let mut moved: HashMap<String, (String, RefUpdate)> = HashMap::new();
    let mut twice = Vec::new();
    for update in updates {
        let end = standing.led_to(&update.name)?;
        let pushed = std::mem::replace(&mut update.name, end);
        match moved.entry(update.name.clone()) {
            Entry::Vacant(place) => {
                place.insert((pushed, update.clone()));
            }
            // As a mirror pushes both names of a branch; git moves it once.
            Entry::Occupied(first) if first.get().0 != pushed && first.get().1 == *update => {}
            Entry::Occupied(_) => twice.push(update.name.clone()),
        }
    }
    Ok(twice)
}
