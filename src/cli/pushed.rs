//! What a push would publish, as git (or a hook manager in its place) tells a pre-push hook.

use crate::git::{Base, Repo, is_kept_by_git};
use crate::text::shell_word;
use crate::tree::ObjectId;

use super::env::Env;
use super::failure::Failure;
use super::update::Update;

/// The updates of a push: one for each branch, tag or other ref that gets commits to be judged.
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
    let remote = remote.as_deref();
    let update = |pushed: Pushed| match pushed.branch().map(str::to_owned) {
        Some(branch) => pushed.update(&branch, repo, base.as_ref(), remote),
        None => pushed.beside_branches(repo, base.as_ref()),
    };
    pushed.into_iter().map(update).filter_map(Result::transpose).collect()
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

    fn branch(&self) -> Option<&str> {
        self.remote_ref.strip_prefix("refs/heads/")
    }

    /// What is to be judged of a tag, or of a ref that a server gives a meaning of its own
    /// (`refs/for/main`, `refs/deploy/live`): what it adds to base. What base has been judged with
    /// is judged no second time, and where nothing else is known, content alone counts.
    fn beside_branches(self, repo: &Repo, base: Option<&Base>) -> Result<Option<Update>, Failure> {
        let Some(new) = self.new.filter(|_| !is_kept_by_git(&self.remote_ref)) else { return Ok(None) };
        let Some(new) = repo.commit_behind(&new)? else { return Ok(None) };
        let Some(base) = base else { return Ok(Some(Update::first(new))) };
        let contained = repo.merge_base(&base.commit, std::slice::from_ref(&new))?;
        let is_tag = self.remote_ref.starts_with("refs/tags/");
        match contained {
            Some(contained) if contained == new && (is_tag || base.how != "HEAD") => Ok(None),
            Some(contained) if contained != new => {
                Update::between(repo, contained, base.name.clone(), &new).map(Some)
            }
            Some(_) | None => Ok(Some(Update::first(new))),
        }
    }

    /// What is to be judged of a branch; nothing where one goes that is not base.
    fn update(
        self,
        branch: &str,
        repo: &Repo,
        base: Option<&Base>,
        remote: Option<&str>,
    ) -> Result<Option<Update>, Failure> {
        let Some(base) = base else { return Ok(self.new.map(Update::first)) };
        let is_base = is_base(repo, base, branch);
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
            Some(old) => return Err(unseen(repo, base, branch, &old, remote)),
            None => {
                let contained = repo.merge_base(&base.commit, std::slice::from_ref(&new))?;
                contained.unwrap_or_else(|| base.commit.clone())
            }
        };
        Update::between(repo, from, base.name.clone(), &new).map(Some)
    }
}

/// Whether a branch of that name is base, wherever it is pushed to: a server can be named in more
/// ways (a path with a slash behind it, another remote) than can be compared, and what the branch
/// stands at there says best what would be lost. Base may also be named as the local branch, and
/// that one is always as new as what is pushed; so is HEAD, where base is not known.
fn is_base(repo: &Repo, base: &Base, branch: &str) -> bool {
    base.how == "HEAD" || base.name == branch || remote_of_base(repo, base, branch).is_some()
}

/// The remote whose branch of that name base is.
fn remote_of_base<'b>(repo: &Repo, base: &'b Base, branch: &str) -> Option<&'b str> {
    let name = base.name.strip_prefix("refs/remotes/").unwrap_or(&base.name);
    let remote = name.strip_suffix(branch)?.strip_suffix('/')?;
    (!remote.contains('/') || repo.config(&format!("remote.{remote}.url")).is_some()).then_some(remote)
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
fn unseen(repo: &Repo, base: &Base, branch: &str, old: &ObjectId, remote: Option<&str>) -> Failure {
    let of_base = remote_of_base(repo, base, branch);
    let known = match remote {
        Some(remote) if repo.config(&format!("remote.{remote}.url")).is_some() => Some(remote),
        Some(url) => of_base.filter(|of_base| names(repo, of_base, url)),
        None => Some(of_base.unwrap_or("origin")),
    };
    let (fetch, theirs) = match known {
        Some(remote) => (shell_word(remote), shell_word(&format!("{remote}/{branch}")).into_owned()),
        // A URL may hold a password: it is not repeated.
        None => (format!("URL {}", shell_word(branch)).into(), "FETCH_HEAD".to_owned()),
    };
    Failure::new(format!("could not judge the push to `{branch}`"))
        .because(format!("it stands at {} there, which is not in this clone", old.short()))
        .help(format!(
            "`git fetch {fetch}`, then `git merge {theirs}` or `git rebase {theirs}`, then push again"
        ))
}

/// Whether a URL is one that a remote is configured with.
fn names(repo: &Repo, remote: &str, url: &str) -> bool {
    let urls = ["url", "pushurl"].map(|key| repo.config(&format!("remote.{remote}.{key}")));
    urls.iter().flatten().any(|known| known == url)
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
