//! Base: the protected branch as this clone knows it. What is judged is judged against it.

use super::{Error, Repo, names};
use crate::tree::ObjectId;

/// The protected branch, and how it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// Its tip.
    pub commit: ObjectId,
    /// The name it was found under, such as `origin/main`.
    pub name: String,
    /// What named it: `sysbom.base`, `refs/remotes/origin/HEAD`, [`USUAL_NAME`], `upstream` or `HEAD`.
    pub how: &'static str,
}

/// How base was found where a branch of `origin` has the name that default branches have.
pub const USUAL_NAME: &str = "the usual name of a default branch";

impl Base {
    /// How to name base, where its name or the branch that is checked out had to tell it.
    pub fn help(&self) -> Option<&'static str> {
        [USUAL_NAME, "upstream"]
            .contains(&self.how)
            .then_some("`git remote set-head origin --auto`, or `git config sysbom.base origin/NAME`")
    }
}

impl Repo {
    /// Finds base: `sysbom.base` in git's configuration, else `refs/remotes/origin/HEAD`, else the
    /// branch of `origin` with the name in `init.defaultBranch`, `main` or `master`, else the
    /// upstream of the current branch, else HEAD; `None` before the first commit.
    ///
    /// Of several such branches the upstream of the current branch is taken, where that is one of
    /// them, else the first. A feature branch has an upstream too, once it is pushed with `-u`.
    ///
    /// # Errors
    /// `sysbom.base` names no commit.
    pub fn base(&self) -> Result<Option<Base>, Error> {
        if let Some(name) = self.config("sysbom.base").filter(|name| !name.is_empty()) {
            return self.configured_base(name).map(Some);
        }
        if let Some(base) = self.base_of_ref("refs/remotes/origin/HEAD", "refs/remotes/origin/HEAD") {
            return Ok(Some(base));
        }
        let upstream = self.upstream();
        let named = self.usual_names().into_iter();
        let mut named: Vec<(String, Base)> =
            named.filter_map(|name| Some((name.clone(), self.base_of_ref(&name, USUAL_NAME)?))).collect();
        if !named.is_empty() {
            let followed = named.iter().position(|(name, _)| Some(name) == upstream.as_ref());
            return Ok(Some(named.swap_remove(followed.unwrap_or(0)).1));
        }
        if let Some(base) = upstream.and_then(|upstream| self.base_of_ref(&upstream, "upstream")) {
            return Ok(Some(base));
        }
        Ok(self.head()?.map(|commit| Base { commit, name: "HEAD".to_owned(), how: "HEAD" }))
    }

    fn configured_base(&self, name: String) -> Result<Base, Error> {
        match self.resolve(&name) {
            Ok(commit) => Ok(Base { commit, name, how: "sysbom.base" }),
            Err(cause) => Err(Error::new("`sysbom.base` in git's configuration does not name base")
                .because(cause)
                .help("set it to the protected branch: `git config sysbom.base origin/main`")),
        }
    }

    /// A ref that exists and leads to a commit. One that dangles is as good as none.
    fn base_of_ref(&self, name: &str, how: &'static str) -> Option<Base> {
        let mut reference = self.inner.try_find_reference(name).ok()??;
        let target = reference.target().try_name().map(|name| name.shorten().to_string());
        let shown = target.unwrap_or_else(|| reference.name().shorten().to_string());
        let commit = reference.peel_to_commit().ok()?;
        Some(Base { commit: names::object_id(&commit.id), name: shown, how })
    }

    /// The branches of `origin` that are likely the default one, the likeliest first.
    fn usual_names(&self) -> Vec<String> {
        let configured = self.config("init.defaultBranch").filter(|name| !name.is_empty());
        let names = configured.iter().map(String::as_str).chain(["main", "master"]);
        names.map(|name| format!("refs/remotes/origin/{name}")).collect()
    }

    /// The full name of the ref that follows the current branch's upstream.
    fn upstream(&self) -> Option<String> {
        let branch = self.inner.head_name().ok()??;
        let remote = self.config(&format!("branch.{}.remote", branch.shorten()));
        if remote.as_deref() == Some(".") {
            return self.config(&format!("branch.{}.merge", branch.shorten()));
        }
        let fetch = gix::remote::Direction::Fetch;
        let tracking = self.inner.branch_remote_tracking_ref_name(branch.as_ref(), fetch)?.ok()?;
        Some(tracking.to_string())
    }
}
