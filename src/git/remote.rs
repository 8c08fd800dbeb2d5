//! Other repositories: fetching from one, and pushing to it under a lease.
//!
//! Whether a push succeeded is decided by reading the branch afterwards, not by what git prints:
//! a connection can break after the other side has taken it, and texts differ between forges.

use std::collections::BTreeMap;
use std::time::Duration;

use super::program::{about_lock, refused};
use super::{Error, Repo};
use crate::tree::ObjectId;

/// How long one exchange with a remote may take, unless `sysbom.timeout` says otherwise.
const TIMEOUT: u64 = 300;
/// How often a push is made again that was refused although the branch stands where it was expected:
/// somebody else may just have held its lock.
const REFUSALS: u32 = 4;

/// One branch to push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// The full name on the other side: `refs/heads/main`.
    pub name: String,
    /// What it shall have; `None` deletes it.
    pub new: Option<ObjectId>,
    /// Under which condition.
    pub lease: Lease,
}

/// The condition of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lease {
    /// The branch stands exactly there, or is absent: then it is replaced whatever it holds.
    At(Option<ObjectId>),
    /// The branch stood there when it was last seen, and is only moved forward, never replaced.
    Forward(ObjectId),
}

/// What came of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// The branch stands where it should, or did until somebody moved it on.
    Done,
    /// Somebody was there first: the branch stands here, or is gone. Nothing was changed.
    Lost(Option<ObjectId>),
    /// The other side does not want it: a hook, a protected branch, missing rights.
    Refused(String),
}

impl Repo {
    /// Fetches into the refs that `refspecs` name, such as `+refs/heads/*:refs/remotes/origin/*`.
    /// Refs that are gone on the other side are removed here if `prune` says so.
    ///
    /// # Errors
    /// The remote cannot be reached, does not answer in time, or has no such ref.
    pub fn fetch(&self, remote: &str, refspecs: &[String], prune: bool) -> Result<(), Error> {
        let mut args =
            vec!["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--force"];
        args.push(if prune { "--prune" } else { "--no-prune" });
        args.extend(["--no-recurse-submodules", "--", remote]);
        args.extend(refspecs.iter().map(String::as_str));
        let mut ended = self.exchange(remote, &args)?;
        for attempt in 1..REFUSALS {
            // Another process may be writing the same refs of this clone.
            if ended.status.success() || !reasons(&ended).contains("lock") {
                break;
            }
            std::thread::sleep(Duration::from_millis(100 << attempt));
            ended = self.exchange(remote, &args)?;
        }
        if ended.status.success() {
            return Ok(());
        }
        let error =
            Error::new(format!("could not fetch from `{remote}`")).because(refused(&args, &ended).chain());
        Err(error.help(about_fetch(remote, &String::from_utf8_lossy(&ended.stderr))))
    }

    /// Where branches stand on the other side, by full name; those that are absent are left out.
    /// Asks the remote.
    pub fn remote_tips(&self, remote: &str, names: &[&str]) -> Result<BTreeMap<String, ObjectId>, Error> {
        let mut args = vec!["ls-remote", "--refs", "--", remote];
        args.extend(names);
        let ended = self.exchange(remote, &args)?;
        if !ended.status.success() {
            return Err(Error::new(format!("could not ask `{remote}` where its branches stand"))
                .because(refused(&args, &ended).chain())
                .help(format!("can it be reached? Try `git ls-remote {remote}`")));
        }
        let said = String::from_utf8_lossy(&ended.stdout).into_owned();
        let rows = said.lines().filter_map(|line| line.split_once('\t'));
        // A name is a pattern to git: `refs/heads/x` fits `refs/heads/refs/heads/x` too.
        let wanted = rows.filter(|(_, name)| names.contains(name));
        Ok(wanted.map(|(id, name)| (name.to_owned(), ObjectId::new(id))).collect())
    }

    /// The short name of the branch that the remote calls its own: `main`. Asks the remote.
    pub fn remote_head(&self, remote: &str) -> Result<Option<String>, Error> {
        let ended = self.exchange(remote, &["ls-remote", "--symref", "--", remote, "HEAD"])?;
        let said = String::from_utf8_lossy(&ended.stdout).into_owned();
        let name =
            said.lines().find_map(|line| line.strip_prefix("ref: refs/heads/")?.strip_suffix("\tHEAD"));
        Ok(name.map(str::to_owned))
    }

    /// Pushes all of these at once, each under its own condition, and says what came of each, in
    /// this order. One that is refused or lost keeps no other back.
    ///
    /// # Errors
    /// The remote cannot be reached or does not answer in time, so that nobody knows.
    pub fn push(&self, remote: &str, pushes: &[Push]) -> Result<Vec<Pushed>, Error> {
        let mut results: Vec<Option<Pushed>> = vec![None; pushes.len()];
        for attempt in 1..=REFUSALS {
            let open: Vec<usize> = (0..pushes.len()).filter(|&at| results[at].is_none()).collect();
            if open.is_empty() {
                break;
            }
            let wanted: Vec<&Push> = open.iter().map(|&at| &pushes[at]).collect();
            let (found, is_final) = self.push_once(remote, &wanted)?;
            for (at, found) in open.into_iter().zip(found) {
                let again = matches!(found, Pushed::Refused(_)) && !is_final && attempt < REFUSALS;
                results[at] = (!again).then_some(found);
            }
            if results.contains(&None) {
                std::thread::sleep(Duration::from_millis(100 << attempt));
            }
        }
        Ok(results.into_iter().map(|result| result.expect("the last attempt answers for all")).collect())
    }

    /// What came of each, and whether a refusal is one that would come again.
    fn push_once(&self, remote: &str, pushes: &[&Push]) -> Result<(Vec<Pushed>, bool), Error> {
        let mut args: Vec<String> =
            ["push", "--porcelain", "--no-follow-tags", "--recurse-submodules=no"].map(str::to_owned).into();
        for push in pushes {
            if let Lease::At(expected) = &push.lease {
                let expected = expected.as_ref().map_or("", ObjectId::as_str);
                args.push(format!("--force-with-lease={}:{expected}", push.name));
            }
        }
        args.extend(["--".to_owned(), remote.to_owned()]);
        args.extend(
            pushes
                .iter()
                .map(|push| format!("{}:{}", push.new.as_ref().map_or("", ObjectId::as_str), push.name)),
        );
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let ended = self.exchange(remote, &args)?;
        if ended.status.success() {
            return Ok((vec![Pushed::Done; pushes.len()], true));
        }
        let names: Vec<&str> = pushes.iter().map(|push| push.name.as_str()).collect();
        let tips = self.remote_tips(remote, &names)?;
        let said = reasons(&ended);
        // The text only saves attempts: a hook that declines declines again.
        let is_final = said.contains("declined");
        let judged = pushes.iter().map(|push| judge(push, tips.get(&push.name), &said));
        Ok((judged.collect(), is_final))
    }

    /// Runs a git that talks to a remote.
    fn exchange(&self, remote: &str, args: &[&str]) -> Result<std::process::Output, Error> {
        let seconds = self.config("sysbom.timeout").and_then(|text| text.parse().ok()).unwrap_or(TIMEOUT);
        self.git().end_within(args, Duration::from_secs(seconds))?.ok_or_else(|| {
            Error::new(format!("`{remote}` did not answer within {seconds} seconds"))
                .because(format!("`git {}` was stopped", args.first().unwrap_or(&"")))
                .help("try again, or give it more time: `git config sysbom.timeout SECONDS`")
        })
    }
}

/// What to do about a fetch that failed.
fn about_fetch(remote: &str, said: &str) -> String {
    if let Some(help) = about_lock(said) {
        return help.to_owned();
    }
    if said.contains("couldn't find remote ref") {
        return format!(
            "if its base branch has another name now: `git fetch {remote} && git remote set-head {remote} \
             --auto`; `--base {remote}/NAME` names one"
        );
    }
    format!("can it be reached? Try `git fetch {remote}`")
}

fn judge(push: &Push, now: Option<&ObjectId>, said: &str) -> Pushed {
    let expected = match &push.lease {
        Lease::At(expected) => expected.as_ref(),
        Lease::Forward(expected) => Some(expected),
    };
    if now == push.new.as_ref() {
        Pushed::Done
    } else if now == expected {
        Pushed::Refused(said.to_owned())
    } else {
        Pushed::Lost(now.cloned())
    }
}

/// Why a push failed, as the other side and git say it: the lines that are meant for people.
fn reasons(ended: &std::process::Output) -> String {
    const MOST: usize = 20;
    let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    let refs = out.lines().filter(|line| line.starts_with('!'));
    let lines = err.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with("hint:"));
    let all: Vec<&str> = lines.chain(refs).take(MOST).collect();
    if all.is_empty() { ended.status.to_string() } else { all.join("\n").replace('\t', " ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: char) -> ObjectId {
        ObjectId::new(digit.to_string().repeat(40))
    }

    #[test]
    fn what_came_of_a_push_is_read_from_the_branch() {
        let replace =
            Push { name: "refs/heads/x".into(), new: Some(id('2')), lease: Lease::At(Some(id('1'))) };
        assert_eq!(judge(&replace, Some(&id('2')), ""), Pushed::Done);
        assert_eq!(judge(&replace, Some(&id('1')), "no"), Pushed::Refused("no".into()));
        assert_eq!(judge(&replace, Some(&id('3')), ""), Pushed::Lost(Some(id('3'))));
        assert_eq!(judge(&replace, None, ""), Pushed::Lost(None));
        let create = Push { lease: Lease::At(None), ..replace.clone() };
        assert_eq!(judge(&create, None, "no"), Pushed::Refused("no".into()));
        let delete = Push { new: None, ..replace.clone() };
        assert_eq!(judge(&delete, None, ""), Pushed::Done);
        let forward = Push { lease: Lease::Forward(id('1')), ..replace };
        assert_eq!(judge(&forward, Some(&id('3')), ""), Pushed::Lost(Some(id('3'))));
    }
}
