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
    /// What named it: `sysbom.base`, `refs/remotes/origin/HEAD`, `upstream` or `HEAD`.
    pub how: &'static str,
}

impl Repo {
    /// Finds base: `sysbom.base` in git's configuration, else `refs/remotes/origin/HEAD`, else the
    /// upstream of the current branch, else HEAD; `None` before the first commit.
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
        if let Some(upstream) = self.upstream()
            && let Some(base) = self.base_of_ref(&upstream, "upstream")
        {
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
