//! Base as a branch that can be moved, here or on a remote: which it is, where it stands now, and
//! how a commit gets onto it or beside it.

use crate::git::{Base, Lease, Moved, Push, Pushed, Repo};
use crate::tree::ObjectId;

use super::failure::Failure;

/// Where base stands, and where what is made on it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The remote that is pushed to; `None` if everything stays here.
    remote: Option<String>,
    /// The full name of base's branch where it is moved (here, or on the remote); `None` if base was
    /// given as something that is no branch.
    branch: Option<String>,
    /// What names base's tip in this clone.
    rev: String,
    /// What base is called.
    name: String,
}

impl Target {
    /// Finds base: what `rev` names, else as [`Repo::base`] does; and with a `remote`, the branch of
    /// that name there.
    pub fn find(repo: &Repo, rev: Option<&str>, remote: Option<&str>) -> Result<Target, Failure> {
        match remote {
            None => Target::here(repo, rev),
            Some(remote) => Target::on_remote(repo, rev, remote),
        }
    }

    fn here(repo: &Repo, rev: Option<&str>) -> Result<Target, Failure> {
        let name = if let Some(rev) = rev {
            rev.to_owned()
        } else {
            let base = repo.base()?.ok_or_else(no_commit)?;
            if base.name == "HEAD" { repo.current_branch()?.unwrap_or(base.name) } else { base.name }
        };
        let full = format!("refs/heads/{}", name.strip_prefix("refs/heads/").unwrap_or(&name));
        let branch = repo.tip(&full)?.map(|_| full);
        let rev = branch.clone().unwrap_or_else(|| name.clone());
        Ok(Target { remote: None, branch, rev, name })
    }

    fn on_remote(repo: &Repo, rev: Option<&str>, remote: &str) -> Result<Target, Failure> {
        let is_remote = |name: &str| repo.config(&format!("remote.{name}.url")).is_some();
        if !is_remote(remote) {
            return Err(Failure::new(format!("there is no remote `{remote}`"))
                .help("`git remote -v` lists them; `git remote add NAME URL` adds one"));
        }
        let short = |name: &str| -> Option<String> {
            let name = ["refs/remotes/", "refs/heads/"]
                .iter()
                .find_map(|start| name.strip_prefix(start))
                .unwrap_or(name);
            let behind_remote = name.split_once('/').filter(|(first, _)| is_remote(first));
            let own = name.strip_prefix(remote).and_then(|rest| rest.strip_prefix('/'));
            let short = own.or(behind_remote.map(|(_, rest)| rest)).unwrap_or(name);
            Some(short.to_owned()).filter(|name| name != "HEAD")
        };
        let found = match rev {
            Some(rev) => {
                let full = format!("refs/heads/{}", short(rev).unwrap_or_default());
                let is_branch = repo.remote_tips(remote, &[&full])?.contains_key(&full);
                if !is_branch {
                    let (name, rev) = (rev.to_owned(), rev.to_owned());
                    return Ok(Target { remote: Some(remote.to_owned()), branch: None, rev, name });
                }
                short(rev)
            }
            None => match repo.base()? {
                Some(base) if base.name != "HEAD" => short(&base.name),
                _ => repo.remote_head(remote)?,
            },
        };
        let short = found.ok_or_else(|| {
            Failure::new(format!("could not tell which branch of `{remote}` is base"))
                .help(format!("name it: `--base {remote}/main`"))
        })?;
        Ok(Target {
            branch: Some(format!("refs/heads/{short}")),
            rev: format!("refs/remotes/{remote}/{short}"),
            name: format!("{remote}/{short}"),
            remote: Some(remote.to_owned()),
        })
    }

    /// The remote that is pushed to.
    pub fn remote(&self) -> Option<&str> {
        self.remote.as_deref()
    }

    /// What base is called: `origin/main`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The full name of base's branch, where it is moved.
    pub fn branch(&self) -> Option<&str> {
        self.branch.as_deref()
    }

    /// Where base stands now, and, where a remote is pushed to, all branches there whose names begin
    /// with `others` (`sysbom/`; empty for all, `None` for none): these are fetched.
    pub fn refresh(&self, repo: &Repo, others: Option<&str>) -> Result<Base, Failure> {
        if let Some(remote) = &self.remote {
            let spec = |name: &str| format!("+refs/heads/{name}:refs/remotes/{remote}/{name}");
            let own = self.branch.as_deref().and_then(|name| name.strip_prefix("refs/heads/")).map(spec);
            let others = others.map(|start| spec(&format!("{start}*")));
            let specs: Vec<String> = match (own, others) {
                (Some(own), Some(others)) if own != others => vec![own, others],
                (own, others) => own.or(others).into_iter().collect(),
            };
            if !specs.is_empty() {
                repo.fetch(remote, &specs, true)?;
            }
        }
        Ok(Base { commit: repo.resolve(&self.rev)?, name: self.name.clone(), how: "target" })
    }

    /// The ref in this clone that shows where a branch stands, given its short name.
    pub fn seen_as(&self, short: &str) -> String {
        match &self.remote {
            Some(remote) => format!("refs/remotes/{remote}/{short}"),
            None => format!("refs/heads/{short}"),
        }
    }

    /// Where a branch stood when it was last looked at, given its short name.
    pub fn tip(&self, repo: &Repo, short: &str) -> Result<Option<ObjectId>, Failure> {
        Ok(repo.tip(&self.seen_as(short))?)
    }

    /// The short name of a branch that git cannot have beside the one of this short name: branches
    /// are files to it, and `sysbom/batch` cannot be a folder as well.
    pub fn in_the_way_of(&self, repo: &Repo, short: &str) -> Result<Option<String>, Failure> {
        for (end, _) in short.match_indices('/') {
            if self.tip(repo, &short[..end])?.is_some() {
                return Ok(Some(short[..end].to_owned()));
            }
        }
        let start = self.seen_as("");
        let below = repo.branches(&self.seen_as(&format!("{short}/")))?;
        Ok(below.first().map(|branch| branch.name[start.len()..].to_owned()))
    }

    /// Puts a branch, given by its short name, at a commit, if it still stands at `old`.
    pub fn replace(
        &self,
        repo: &Repo,
        short: &str,
        old: Option<&ObjectId>,
        new: &ObjectId,
    ) -> Result<Pushed, Failure> {
        let name = format!("refs/heads/{short}");
        match &self.remote {
            None => Ok(of_move(repo.move_branch(&name, old, new, "sysbom")?)),
            Some(remote) => {
                let lease = Lease::At(old.cloned());
                one(repo, remote, Push { name, new: Some(new.clone()), lease })
            }
        }
    }

    /// Moves base itself forward to a commit on top of it.
    pub fn forward(&self, repo: &Repo, base: &ObjectId, new: &ObjectId) -> Result<Pushed, Failure> {
        let name = self.moved()?;
        match &self.remote {
            Some(remote) => {
                let lease = Lease::Forward(base.clone());
                one(repo, remote, Push { name: name.to_owned(), new: Some(new.clone()), lease })
            }
            None if repo.checked_out(name)?.is_some() => {
                repo.forward_checked_out(name, new)?;
                Ok(Pushed::Done)
            }
            None => Ok(of_move(repo.move_branch(name, Some(base), new, "sysbom")?)),
        }
    }

    /// Whether [`Target::replace`] could be asked to move this branch: what a remote says to it is known
    /// only once it is asked.
    pub fn may_replace(&self, repo: &Repo, short: &str) -> Result<(), Failure> {
        match &self.remote {
            None => Ok(repo.may_move(&format!("refs/heads/{short}"))?),
            Some(_) => Ok(()),
        }
    }

    /// The same of [`Target::forward`].
    pub fn may_forward(&self, repo: &Repo, new: &ObjectId) -> Result<(), Failure> {
        let name = self.moved()?;
        match &self.remote {
            None => Ok(repo.may_forward_checked_out(name, new)?),
            Some(_) => Ok(()),
        }
    }

    /// Base's branch, as one that can be moved.
    fn moved(&self) -> Result<&str, Failure> {
        self.branch.as_deref().ok_or_else(|| {
            Failure::new(format!("could not move base: `{}` is no branch here", self.name))
                .help("`--direct` moves base itself: add `--push origin`, or name a branch with `--base`")
        })
    }
}

fn one(repo: &Repo, remote: &str, push: Push) -> Result<Pushed, Failure> {
    Ok(repo.push(remote, &[push])?.remove(0))
}

fn of_move(moved: Moved) -> Pushed {
    match moved {
        Moved::Done => Pushed::Done,
        Moved::Lost(now) => Pushed::Lost(now),
    }
}

fn no_commit() -> Failure {
    Failure::new("there is no commit to stand on")
        .help("make the first one: `sysbom init`, then `git commit`")
}
