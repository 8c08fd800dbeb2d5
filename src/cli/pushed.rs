//! What a push would publish, as git (or a hook manager in its place) tells a pre-push hook.

use crate::git::{Base, Repo};
use crate::text::shell_word;
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
    let branches = pushed.into_iter().filter(Pushed::is_branch);
    let updates = branches.map(|pushed| pushed.update(repo, base.as_ref(), remote.as_deref()));
    updates.filter_map(Result::transpose).collect()
}

/// One ref of a push.
struct Pushed {
    /// What it is to be; `None` where it is to go.
    new: Option<ObjectId>,
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
        let [old, new] = [old, new].map(|id| Some(ObjectId::new(id)).filter(|id| !is_zero(id)));
        Ok(Pushed { new, remote_ref: remote_ref.to_owned(), old })
    }

    /// Nothing is deployed from tags and notes; what they hold has been, or will be, judged as a
    /// branch.
    fn is_branch(&self) -> bool {
        self.remote_ref.starts_with("refs/heads/")
    }

    /// What is to be judged of it; nothing where a branch goes that is not base.
    fn update(
        self,
        repo: &Repo,
        base: Option<&Base>,
        remote: Option<&str>,
    ) -> Result<Option<Update>, Failure> {
        let Some(base) = base else { return Ok(self.new.map(Update::first)) };
        let branch = self.remote_ref.trim_start_matches("refs/heads/");
        let is_base = is_base(repo, base, remote, branch);
        let Some(new) = self.new else {
            return if is_base && is_published(repo, base, branch)? {
                Err(deletion(branch))
            } else {
                Ok(None)
            };
        };
        if base.how == "HEAD" && self.old.is_none() {
            return Ok(Some(Update::first(new)));
        }
        let from = match self.old.filter(|_| is_base) {
            Some(old) if repo.commit(&old).is_ok() => old,
            Some(old) => return Err(unseen(branch, &old, remote)),
            None => {
                let contained = repo.merge_base(&base.commit, std::slice::from_ref(&new))?;
                contained.unwrap_or_else(|| base.commit.clone())
            }
        };
        Update::between(repo, from, base.name.clone(), &new).map(Some)
    }
}

/// Whether what is pushed to is base. It may also be named as the local branch, and that one is
/// always as new as what is pushed; so is HEAD, where base is not known. The remote may be named by
/// its URL.
fn is_base(repo: &Repo, base: &Base, remote: Option<&str>, branch: &str) -> bool {
    if base.how == "HEAD" || base.name == branch {
        return true;
    }
    let Some(of_base) = base.name.strip_suffix(branch).and_then(|rest| rest.strip_suffix('/')) else {
        return false;
    };
    let urls = ["url", "pushurl"].map(|key| repo.config(&format!("remote.{of_base}.{key}")));
    remote.is_some_and(|remote| remote == of_base || urls.iter().flatten().any(|url| url == remote))
}

/// Whether a branch that may be base is the one that others rely on. Where base is not known, the
/// branch that is checked out is the likely one.
fn is_published(repo: &Repo, base: &Base, branch: &str) -> Result<bool, Failure> {
    Ok(base.how != "HEAD" || repo.head_branch()?.as_deref() == Some(&format!("refs/heads/{branch}")))
}

fn deletion(branch: &str) -> Failure {
    Failure::new(format!("could not let this push pass: `{branch}` is base, and the push deletes it"))
        .because("every state that it published would be lost")
        .help(
            "push what is to follow it instead; if another branch is base now, name that one first: \
             `git config sysbom.base origin/NAME`",
        )
}

/// What the remote has is newer than this clone knows. git refuses such a push itself, unless it is
/// forced; and then nobody has looked at what it takes away.
fn unseen(branch: &str, old: &ObjectId, remote: Option<&str>) -> Failure {
    let remote = remote.filter(|remote| !remote.contains(['/', ':', '\\'])).unwrap_or("origin");
    Failure::new(format!("could not judge the push to `{branch}`"))
        .because(format!("it stands at {} there, which is not in this clone", old.short()))
        .help(format!("fetch first, then push again: `git fetch {}`", shell_word(remote)))
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
    Ok(new.map(|new| Pushed { new: Some(new), remote_ref, old }))
}

fn text(env: &Env, name: &str) -> Option<String> {
    env.var(name).and_then(|value| value.to_str()).map(str::to_owned)
}

/// Zero ids have the length of the repository's hash, whichever that is.
fn is_zero(id: &ObjectId) -> bool {
    id.as_str().bytes().all(|digit| digit == b'0')
}
