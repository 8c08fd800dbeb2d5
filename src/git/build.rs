//! Commits made in the object database, without a working tree and without an index: a tree with
//! some files changed, and a commit of it.
//!
//! The commit itself is written by git, so that identity and signing are as git's
//! configuration says. What stands in the files, and on which branch it goes, is for others.

use gix::objs::{FindExt, tree::EntryKind};

use super::program::{Git, refused};
use super::{CommitTree, Error, Repo, names};
use crate::tree::{Kind, ObjectId, RepoPath, Tree};

/// What a path shall hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A regular file of these bytes.
    Bytes(Vec<u8>),
    /// The object that stands in another tree, as what it stands there.
    Entry(Kind, ObjectId),
    /// Nothing.
    Removed,
}

/// A commit to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCommit {
    /// Its files, as [`Repo::edit_tree`] gives them.
    pub tree: ObjectId,
    /// Its parents, the first one first.
    pub parents: Vec<ObjectId>,
    /// The message; a line break at the end is added where there is none.
    pub message: String,
    /// When it is committed, in seconds since 1970.
    pub date: i64,
    /// When it was authored, where that is another time.
    pub author_date: Option<i64>,
    /// `Name <mail>` of the author, where it is not the one that git's configuration names.
    pub author: Option<String>,
    /// Whether to sign it even if `commit.gpgSign` does not ask for it.
    pub sign: bool,
}

impl NewCommit {
    /// A commit of these files on one parent, by whom git's configuration names.
    pub fn on(parent: &ObjectId, tree: ObjectId, message: impl Into<String>, date: i64) -> NewCommit {
        NewCommit {
            tree,
            parents: vec![parent.clone()],
            message: message.into(),
            date,
            author_date: None,
            author: None,
            sign: false,
        }
    }

    fn text(&self) -> String {
        if self.message.ends_with('\n') { self.message.clone() } else { format!("{}\n", self.message) }
    }
}

impl Repo {
    /// The files of `base` (a commit or a tree; nothing if there is none) with these changed, as a
    /// tree object. The same files give the same id everywhere. No branch moves, and objects that
    /// nobody refers to are removed by git in time.
    ///
    /// # Errors
    /// A path leads through something that is no folder, replaces a folder or a link, or could not
    /// be checked out everywhere.
    pub fn edit_tree(
        &self,
        base: Option<&ObjectId>,
        changes: &[(RepoPath, Content)],
    ) -> Result<ObjectId, Error> {
        let before = match base {
            Some(base) => self.commit_tree(base)?,
            None => CommitTree::of_tree(self, gix::ObjectId::empty_tree(self.inner.object_hash())),
        };
        let root = self.root(&before)?;
        let mut editor = gix::objs::tree::Editor::new(root, &self.inner.objects, self.inner.object_hash());
        for (path, content) in changes {
            let attempt = || format!("could not write `{}`", crate::text::escape(path.as_str()));
            super::stage::refuse_unsafe(path)?;
            refuse_what_is_no_file(&before, path, content)?;
            let parts = names::path_bytes(path);
            let parts = parts.split(|byte| *byte == b'/').map(gix::bstr::BStr::new);
            let edited = match content {
                Content::Bytes(bytes) => {
                    let id = self.oid(&self.write_blob(bytes)?)?;
                    editor.upsert(parts, EntryKind::Blob, id)
                }
                Content::Entry(kind, id) => editor.upsert(parts, names::entry_kind(*kind), self.oid(id)?),
                Content::Removed => editor.remove(parts),
            };
            edited.map_err(|cause| Error::new(attempt()).because(cause))?;
        }
        let written = editor.write(|tree| self.inner.write_object(tree).map(gix::Id::detach));
        let id =
            written.map_err(|cause| Error::new("could not write into the object store").because(cause))?;
        Ok(names::object_id(&id))
    }

    fn root(&self, tree: &CommitTree<'_>) -> Result<gix::objs::Tree, Error> {
        let Some(entry) = tree.entry(&RepoPath::new("")).map_err(|e| Error::new(e.message))? else {
            return Ok(gix::objs::Tree::empty());
        };
        let id = self.oid(&entry.id)?;
        if id.is_empty_tree() {
            return Ok(gix::objs::Tree::empty());
        }
        let mut buffer = Vec::new();
        let objects = self.objects();
        let found = objects.find_tree(&id, &mut buffer);
        let attempt = || format!("could not read tree {}", id.to_hex_with_len(10));
        found.map(|tree| tree.to_owned()).map_err(|cause| self.missing(attempt(), cause))
    }

    /// Makes a commit and gives its id. No branch moves.
    ///
    /// It is git that writes it: identity, `commit.gpgSign`, `gpg.format` and the rest hold as they
    /// are configured.
    ///
    /// # Errors
    /// git does not know who commits, or cannot sign.
    pub fn create_commit(&self, new: &NewCommit) -> Result<ObjectId, Error> {
        // What nobody keeps needs no signature, and the key might want to be touched.
        let sign = self.rehearsal.is_none() && (new.sign || self.is_set("commit.gpgSign")?);
        let mut args = vec!["-c", "i18n.commitEncoding=UTF-8", "commit-tree", new.tree.as_str(), "-F", "-"];
        for parent in &new.parents {
            args.extend(["-p", parent.as_str()]);
        }
        args.extend(sign.then_some("-S"));
        let git = self.dated(new)?;
        let ended = git.end(&args, new.text().as_bytes())?;
        if !ended.status.success() {
            let refusal = refused(&["commit-tree"], &ended);
            return Err(self.explained(&refusal, sign));
        }
        let id = ObjectId::new(String::from_utf8_lossy(ended.stdout.trim_ascii()).into_owned());
        self.oid(&id).map(|_| id)
    }

    /// Whether a commit has these parents, files and this message: then making it again would move
    /// nothing but dates.
    pub fn is_same_commit(&self, commit: &ObjectId, new: &NewCommit) -> Result<bool, Error> {
        let bones = self.bones(self.oid(commit)?)?;
        let parents = new.parents.iter().map(|id| self.oid(id)).collect::<Result<Vec<_>, _>>()?;
        if bones.tree != self.oid(&new.tree)? || bones.parents != parents {
            return Ok(false);
        }
        Ok(self.message(commit)? == new.text())
    }

    /// The message of a commit; what is no UTF-8 in it is replaced.
    pub fn message(&self, commit: &ObjectId) -> Result<String, Error> {
        let attempt = || format!("could not read commit {}", commit.short());
        let mut buffer = Vec::new();
        let objects = self.objects();
        let found = objects.find_commit(&self.oid(commit)?, &mut buffer);
        let commit = found.map_err(|cause| self.missing(attempt(), cause))?;
        Ok(String::from_utf8_lossy(commit.message).into_owned())
    }

    fn dated(&self, new: &NewCommit) -> Result<Git, Error> {
        let date = |seconds: i64| format!("@{seconds} +0000");
        let authored = date(new.author_date.unwrap_or(new.date));
        let git = self.git().with("GIT_COMMITTER_DATE", date(new.date)).with("GIT_AUTHOR_DATE", authored);
        let Some(author) = &new.author else { return Ok(git) };
        let (name, mail) = person(author)?;
        Ok(git.with("GIT_AUTHOR_NAME", name).with("GIT_AUTHOR_EMAIL", mail))
    }

    /// A setting that is true or false, as git reads it, `git -c` included.
    fn is_set(&self, key: &str) -> Result<bool, Error> {
        let args = ["config", "--type=bool", "--get", key];
        let ended = self.git().end(&args, b"")?;
        match ended.status.code() {
            Some(0) => Ok(ended.stdout.trim_ascii() == b"true"),
            // It is set nowhere.
            Some(1) => Ok(false),
            _ => Err(refused(&args, &ended)),
        }
    }

    /// git's refusal to make a commit, with what to do about it.
    fn explained(&self, refusal: &Error, sign: bool) -> Error {
        let knows =
            |role: &str| self.git().end(&["var", role], b"").is_ok_and(|ended| ended.status.success());
        if !knows("GIT_COMMITTER_IDENT") || !knows("GIT_AUTHOR_IDENT") {
            return Error::new("git does not know who commits").because(refusal.chain()).help(
                "tell it: `git config user.name \"Release Bot\"` and \
                 `git config user.email releases@example.org`",
            );
        }
        if sign {
            return Error::new("could not make a signed commit").because(refusal.chain()).help(
                "does the key that `user.signingKey` names work? Try `git commit-tree -S -m test HEAD^{tree}`",
            );
        }
        Error::new("could not make a commit").because(refusal.chain())
    }
}

/// `Name <mail>` in its two parts.
fn person(text: &str) -> Result<(String, String), Error> {
    let refused = || {
        Error::new(format!("`{}` is no author", crate::text::escape(text)))
            .help("write a name and an address: `--author \"Ada <ada@example.org>\"`")
    };
    let (name, rest) = text.split_once('<').ok_or_else(refused)?;
    let mail = rest.trim_end().strip_suffix('>').ok_or_else(refused)?;
    let name = name.trim();
    let is_plain = |part: &str| !part.is_empty() && !part.contains(['<', '>', '\n', '\0']);
    if !is_plain(name) || !is_plain(mail) {
        return Err(refused());
    }
    Ok((name.to_owned(), mail.to_owned()))
}

/// A write never turns a folder or a submodule into a file, nor a file into a folder; a link is
/// replaced only by what is known to have stood in another tree.
fn refuse_what_is_no_file(before: &CommitTree<'_>, path: &RepoPath, content: &Content) -> Result<(), Error> {
    let refused = |at: &RepoPath, what: &str| {
        let at = crate::text::escape(at.as_str());
        Err(Error::new(format!("could not write `{}`", crate::text::escape(path.as_str())))
            .because(format!("`{at}` is {what}")))
    };
    let kind = |at: &RepoPath| before.entry(at).map_err(|e| Error::new(e.message)).map(|e| e.map(|e| e.kind));
    match kind(path)? {
        None | Some(Kind::File | Kind::Executable) => {}
        Some(Kind::Symlink) if !matches!(content, Content::Bytes(_)) => {}
        Some(Kind::Folder | Kind::Symlink | Kind::Submodule) => return refused(path, "no regular file"),
    }
    for folder in std::iter::successors(path.folder(), RepoPath::folder) {
        match kind(&folder)? {
            None | Some(Kind::Folder) => {}
            Some(_) => return refused(&folder, "no folder"),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_author_has_a_name_and_an_address() {
        assert_eq!(person("Ada L <ada@x.org> ").ok(), Some(("Ada L".into(), "ada@x.org".into())));
        for odd in ["Ada", "<ada@x.org>", "Ada <>", "Ada <a@x.org", "Ada <a>b@x.org>", "A\nb <a@x.org>"] {
            assert!(person(odd).is_err(), "{odd:?}");
        }
    }
}
