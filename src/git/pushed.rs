//! What a push asks of a server: which refs are to move from where to where, and what the server
//! has already. Knows how git tells its hooks; what may be pushed is for others to say.

use super::{Commit, Error, Repo, names};
use crate::tree::ObjectId;

/// One ref that a push moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefUpdate {
    /// Its full name, such as `refs/heads/main`; bytes that are not UTF-8 are written `\xNN`.
    pub name: String,
    /// Where it stands as whoever pushes says; `None` if it is new. git holds what is moved or made
    /// against that, but lets a ref be deleted without.
    pub old: Option<ObjectId>,
    /// Where it is to stand; `None` if it is to go.
    pub new: Option<ObjectId>,
}

impl RefUpdate {
    /// What git writes to a pre-receive hook: a line `OLD NEW REF` for each ref.
    ///
    /// # Errors
    /// A line has another form.
    pub fn read_lines(text: &[u8]) -> Result<Vec<RefUpdate>, Error> {
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines
            .map(|line| {
                let mut words = line.splitn(3, |byte| *byte == b' ');
                match (words.next(), words.next(), words.next()) {
                    (Some(old), Some(new), Some(name)) => RefUpdate::of_words(name, old, new),
                    _ => Err(unreadable(line)),
                }
            })
            .collect()
    }

    /// What git gives to an update hook: a ref, where it stands, where it is to stand.
    ///
    /// # Errors
    /// One of the two is no object id.
    pub fn of_words(name: &[u8], old: &[u8], new: &[u8]) -> Result<RefUpdate, Error> {
        let whole = || unreadable(&[old, b" ", new, b" ", name].concat());
        Ok(RefUpdate {
            name: names::repo_path(name).to_string(),
            old: object(old).ok_or_else(whole)?,
            new: object(new).ok_or_else(whole)?,
        })
    }

    /// The short name of a branch; `None` for anything else.
    pub fn branch(&self) -> Option<&str> {
        self.name.strip_prefix("refs/heads/")
    }
}

/// Whether a ref is one of those that git and its tools keep for themselves: no server deploys from
/// there, and what stands there is often no operation repository's tree.
pub fn is_kept_by_git(name: &str) -> bool {
    const KEPT: &[&str] =
        &["refs/notes", "refs/stash", "refs/remotes", "refs/replace", "refs/original", "refs/bisect"];
    let is_below =
        |kept: &&str| name.strip_prefix(kept).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    KEPT.iter().any(is_below)
}

/// Whether a branch can have this short name.
pub fn is_branch_name(short: &str) -> bool {
    let name = gix::refs::FullName::try_from(format!("refs/heads/{short}"));
    name.is_ok() && !short.starts_with('-') && short != "HEAD"
}

/// An id of a push. Zeros mean that there is nothing, in the length of whichever hash.
#[allow(clippy::option_option, reason = "no id at all, and the id that stands for nothing")]
fn object(word: &[u8]) -> Option<Option<ObjectId>> {
    let text = std::str::from_utf8(word).ok()?;
    let is_id = matches!(text.len(), 40 | 64) && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    let is_zero = text.bytes().all(|digit| digit == b'0');
    is_id.then(|| (!is_zero).then(|| ObjectId::new(text.to_ascii_lowercase())))
}

fn unreadable(line: &[u8]) -> Error {
    let line = String::from_utf8_lossy(line);
    Error::new("could not read what is pushed")
        .because(format!("`{line}` does not name two objects and a ref"))
}

impl Repo {
    /// The full name of the branch that HEAD names, whether it exists or not; `None` where HEAD
    /// names a commit.
    pub fn head_branch(&self) -> Result<Option<String>, Error> {
        let name =
            self.inner.head_name().map_err(|cause| Error::new("could not read HEAD").because(cause))?;
        Ok(name.map(|name| name.as_bstr().to_string()))
    }

    /// The commit that an object is, or that a tag leads to; `None` for a file or a tree.
    ///
    /// # Errors
    /// The object is missing, broken, or larger than a commit can be.
    pub fn commit_behind(&self, id: &ObjectId) -> Result<Option<ObjectId>, Error> {
        let (kind, end) = self.behind_tags(self.oid(id)?)?;
        Ok((kind == gix::objs::Kind::Commit).then(|| names::object_id(&end)))
    }

    /// The merge commits that `head` has and none of `bases`, newest first.
    ///
    /// # Errors
    /// `head` has more than `limit` commits of its own, or an object is missing.
    pub fn merges_between(
        &self,
        bases: &[ObjectId],
        head: &ObjectId,
        limit: usize,
    ) -> Result<Vec<Commit>, Error> {
        if self.is_straight_line(bases, head, limit)? {
            return Ok(Vec::new());
        }
        let commits = self.commits_between(bases, head, limit)?;
        Ok(commits.into_iter().filter(|commit| commit.parents.len() > 1).collect())
    }

    /// Whether every commit from `head` down to one of `bases` has one parent: the usual push, and the
    /// one that can be told by reading each commit once.
    fn is_straight_line(&self, bases: &[ObjectId], head: &ObjectId, limit: usize) -> Result<bool, Error> {
        let bases = bases.iter().map(|id| self.oid(id)).collect::<Result<Vec<_>, _>>()?;
        let mut at = self.oid(head)?;
        for _ in 0..limit {
            if bases.contains(&at) {
                return Ok(true);
            }
            match self.bones(at)?.parents[..] {
                [parent] => at = parent,
                _ => return Ok(false),
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: char, length: usize) -> ObjectId {
        ObjectId::new(digit.to_string().repeat(length))
    }

    #[test]
    fn zeros_of_either_length_mean_nothing() {
        for length in [40, 64] {
            let (zero, one) = ("0".repeat(length), "1".repeat(length));
            let text = format!("{zero} {one} refs/heads/new\n{one} {zero} refs/heads/old\n");
            let updates = RefUpdate::read_lines(text.as_bytes()).expect("two lines");
            let shown: Vec<_> = updates.iter().map(|u| (u.branch(), u.old.clone(), u.new.clone())).collect();
            assert_eq!(
                shown,
                [(Some("new"), None, Some(id('1', length))), (Some("old"), Some(id('1', length)), None)]
            );
        }
    }

    #[test]
    fn a_line_of_another_form_is_refused() {
        let one = "1".repeat(40);
        for line in ["x".to_owned(), format!("{one} {one}"), format!("{one} 111 refs/heads/a"), one.clone()] {
            assert!(RefUpdate::read_lines(line.as_bytes()).is_err(), "{line}");
        }
        assert_eq!(RefUpdate::read_lines(b"").expect("nothing is pushed"), []);
    }

    #[test]
    fn only_what_lies_below_its_folders_is_kept_by_git() {
        for name in ["refs/stash", "refs/stash/x", "refs/notes/commits", "refs/remotes/origin/main"] {
            assert!(is_kept_by_git(name), "{name}");
        }
        for name in ["refs/stashes/live", "refs/stashed", "refs/notesx/a", "refs/heads/refs/notes/x"] {
            assert!(!is_kept_by_git(name), "{name}");
        }
    }

    #[test]
    fn a_name_that_is_no_text_is_read() {
        let line = [b"1".repeat(40), b" ".to_vec(), b"2".repeat(40), b" refs/heads/\xff".to_vec()].concat();
        let updates = RefUpdate::read_lines(&line).expect("the ids are well formed");
        assert_eq!(updates[0].branch(), Some("\\xFF"));
    }
}
