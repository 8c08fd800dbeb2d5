//! What a push would publish, as git (or a hook manager in its place) tells a pre-push hook.

use crate::git::{Base, Repo};
use crate::tree::ObjectId;

use super::env::Env;
use super::failure::Failure;
use super::update::Update;

/// The updates of a push: one for each branch that gets new commits.
///
/// git says on standard input `LOCAL-REF LOCAL-ID REMOTE-REF REMOTE-ID`, a line for each ref.
/// Hook managers read those lines themselves; pre-commit and prek name one update in
/// variables, and none on the first push to an empty remote. Where nothing is said at all, HEAD
/// is what is pushed.
pub fn read(remote: Option<&str>, env: &Env, repo: &Repo, lines: &str) -> Result<Vec<Update>, Failure> {
    let base = repo.base()?;
    let remote = remote.map(str::to_owned).or_else(|| text(env, "PRE_COMMIT_REMOTE_NAME"));
    let mut pushed: Vec<Pushed> = lines.lines().map(Pushed::of_line).collect::<Result<_, _>>()?;
    if pushed.is_empty() {
        pushed.extend(of_hook_manager(env, repo, remote.is_none())?);
    }
    let branches = pushed.into_iter().filter(|pushed| pushed.is_branch() && !is_zero(&pushed.new));
    branches.map(|pushed| pushed.update(repo, base.as_ref(), remote.as_deref())).collect()
}

/// One ref of a push.
struct Pushed {
    new: ObjectId,
    remote_ref: String,
    old: Option<ObjectId>,
}

impl Pushed {
    fn of_line(line: &str) -> Result<Pushed, Failure> {
        let words: Vec<&str> = line.split(' ').collect();
        let [_, new, remote_ref, old] = words[..] else {
            return Err(Failure::new("could not read what is pushed from standard input")
                .because(format!("`{line}` is no line of four words")));
        };
        let old = ObjectId::new(old);
        Ok(Pushed {
            new: ObjectId::new(new),
            remote_ref: remote_ref.to_owned(),
            old: (!is_zero(&old)).then_some(old),
        })
    }

    /// Nothing is deployed from tags and notes; what they hold has been, or will be, judged as a
    /// branch.
    fn is_branch(&self) -> bool {
        self.remote_ref.starts_with("refs/heads/")
    }

    fn update(self, repo: &Repo, base: Option<&Base>, remote: Option<&str>) -> Result<Update, Failure> {
        let Some(base) = base else { return Ok(Update::first(self.new)) };
        let branch = self.remote_ref.trim_start_matches("refs/heads/");
        // Base may also be named as the local branch, and that one is always as new as what is
        // pushed; so is HEAD, where base is not known.
        let is_base = base.how == "HEAD"
            || base.name == branch
            || remote.is_some_and(|remote| base.name == format!("{remote}/{branch}"));
        // What the remote has may be newer than this clone knows. Then git refuses the push
        // itself, unless it is forced, and base as this clone knows it is the best there is.
        let known = self.old.filter(|old| is_base && repo.commit(old).is_ok());
        if let Some(old) = known {
            return Update::between(repo, old, base.name.clone(), &self.new);
        }
        if base.how == "HEAD" {
            return Ok(Update::first(self.new));
        }
        match repo.merge_base(&base.commit, std::slice::from_ref(&self.new))? {
            Some(contained) => Update::between(repo, contained, base.name.clone(), &self.new),
            None => Update::between(repo, base.commit.clone(), base.name.clone(), &self.new),
        }
    }
}

fn of_hook_manager(env: &Env, repo: &Repo, nothing_said: bool) -> Result<Option<Pushed>, Failure> {
    let under_pre_commit = env.var("PRE_COMMIT").is_some() || env.var("PRE_COMMIT_LOCAL_BRANCH").is_some();
    // git itself names the remote. With a remote and no line there is nothing to push.
    if !nothing_said && !under_pre_commit {
        return Ok(None);
    }
    let new = match text(env, "PRE_COMMIT_TO_REF") {
        Some(id) => Some(repo.resolve(&id)?),
        None => repo.head()?,
    };
    let old = text(env, "PRE_COMMIT_FROM_REF").map(|id| repo.resolve(&id)).transpose()?;
    let remote_ref = text(env, "PRE_COMMIT_REMOTE_BRANCH").unwrap_or_else(|| "refs/heads/HEAD".to_owned());
    Ok(new.map(|new| Pushed { new, remote_ref, old }))
}

fn text(env: &Env, name: &str) -> Option<String> {
    env.var(name).and_then(|value| value.to_str()).map(str::to_owned)
}

/// Zero ids have the length of the repository's hash, whichever that is.
fn is_zero(id: &ObjectId) -> bool {
    id.as_str().bytes().all(|digit| digit == b'0')
}
