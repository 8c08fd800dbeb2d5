//! Commits, tags and folders out of the object store, none of them larger than people make them, and
//! no folder that git would check out otherwise than it is read here.
//!
//! A commit of hundreds of MB is a few KB on the wire, and git takes it. Its size stands before it, so
//! that it need not be unfolded to be refused.

use std::ops::ControlFlow;

use gix::objs::tree::EntryRef;
use gix::objs::{Find, FindExt, FindHeader, Kind};

use super::{Error, Repo, names};

/// The most bytes of a commit or a tag that is read.
const LARGEST_COMMIT: u64 = 4 << 20;
/// The most bytes of a folder that is read: more than a million files.
const LARGEST_FOLDER: u64 = 64 << 20;
/// The most tags that lead to tags.
const MOST_TAGS: usize = 100;

/// What to do about a folder that git would not have written.
const REBUILD: &str = "`git fsck` says which folder it is: build the commit again with git itself; where \
     `receive.fsckObjects` is true, git takes no such folder";

/// The object store, as it is looked into here.
pub(super) struct Objects<'repo>(&'repo gix::OdbHandle);

impl Find for Objects<'_> {
    fn try_find<'a>(
        &self,
        id: &gix::oid,
        buffer: &'a mut Vec<u8>,
    ) -> gix::Result<Option<gix::objs::Data<'a>>> {
        let limit = |kind| match kind {
            Kind::Commit | Kind::Tag => LARGEST_COMMIT,
            Kind::Tree => LARGEST_FOLDER,
            Kind::Blob => u64::MAX,
        };
        if let Some(header) = FindHeader::try_header(self.0, id)?
            && header.size > limit(header.kind)
        {
            let (kind, most) = (header.kind, limit(header.kind) >> 20);
            let what = format!("{kind} {id} is larger than the {most} MiB that are read");
            return Err(gix::error::Message::new(what).into());
        }
        self.0.try_find(id, buffer)
    }
}

impl Repo {
    /// The objects of the repository, and of a push to it.
    pub(super) fn objects(&self) -> Objects<'_> {
        Objects(&self.inner.objects)
    }

    /// What an object is, or what the tags that it begins lead to.
    pub(super) fn behind_tags(&self, id: gix::ObjectId) -> Result<(Kind, gix::ObjectId), Error> {
        let attempt = || format!("could not read object {}", id.to_hex_with_len(10));
        let mut at = id;
        let mut buffer = Vec::new();
        for _ in 0..MOST_TAGS {
            let header = self.inner.find_header(at).map_err(|cause| self.missing(attempt(), cause))?;
            if header.kind() != Kind::Tag {
                return Ok((header.kind(), at));
            }
            let objects = self.objects();
            let tag = objects.find_tag_iter(&at, &mut buffer);
            let target = tag.and_then(gix::objs::TagRefIter::target_id);
            at = target.map_err(|cause| self.missing(attempt(), cause))?;
        }
        Err(Error::new(attempt()).because("it is a tag that leads to tags without end"))
    }

    /// Shows the rows of a folder in the order of git, and reads to the end of it, so that what is
    /// malformed is found wherever it stands. `attempt` says what the folder is read for.
    ///
    /// # Errors
    /// The folder cannot be read, or git checks out another one than the one that its rows tell: a
    /// name stands in it twice, is none that git writes, or is not where git looks for it.
    pub(super) fn each_row(
        &self,
        folder: &gix::oid,
        attempt: &dyn Fn() -> String,
        mut look: impl FnMut(&EntryRef<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        // git knows the empty tree without having it.
        if folder.is_empty_tree() {
            return Ok(());
        }
        let mut buffer = Vec::new();
        let objects = self.objects();
        let rows = objects.find_tree_iter(folder, &mut buffer);
        let rows = rows.map_err(|cause| self.missing(attempt(), cause))?;
        let mut order = Order::default();
        for row in rows {
            let row = row.map_err(|cause| self.missing(attempt(), cause))?;
            if let ControlFlow::Break(fault) = order.add(row) {
                return Err(Error::new(attempt()).because(fault).help(REBUILD));
            }
            look(&row)?;
        }
        Ok(())
    }
}

/// The rows of a folder so far.
#[derive(Default)]
struct Order<'f> {
    last: Option<EntryRef<'f>>,
    /// The files whose names the last name begins with, the shortest first. A folder sorts as if its
    /// name ended in a slash, so a file of the same name need not stand right before it.
    begun: Vec<&'f [u8]>,
}

impl<'f> Order<'f> {
    /// Adds one row. Breaks with what is wrong with it.
    fn add(&mut self, row: EntryRef<'f>) -> ControlFlow<String> {
        let name: &[u8] = row.filename;
        let shown = || names::repo_path(name);
        let malformed = |what: String| ControlFlow::Break(format!("the folder is malformed: {what}"));
        if name.is_empty() {
            return malformed("a name in it is empty".to_owned());
        }
        if name.len() > LONGEST_NAME {
            return malformed(format!(
                "a name in it has {} bytes, and file systems take {LONGEST_NAME}",
                name.len()
            ));
        }
        if !is_name(name) {
            return malformed(format!("`{}` stands in it as one name", shown()));
        }
        while self.begun.last().is_some_and(|file| !name.starts_with(file)) {
            self.begun.pop();
        }
        if self.begun.last() == Some(&name) || self.last.is_some_and(|last| *last.filename == *name) {
            return malformed(format!("`{}` stands in it twice", shown()));
        }
        if self.last.is_some_and(|last| last > row) {
            return malformed(format!("`{}` is not where its name belongs", shown()));
        }
        if !row.mode.is_tree() {
            self.begun.push(name);
        }
        self.last = Some(row);
        ControlFlow::Continue(())
    }
}

/// The most bytes of a name that file systems take.
const LONGEST_NAME: usize = 255;

/// Whether git checks a file or folder of this name out, wherever that is: a backslash is a slash to
/// some systems, and git looks behind each.
fn is_name(name: &[u8]) -> bool {
    name.split(|byte| *byte == b'\\').filter(|part| !part.is_empty()).all(is_part)
}

fn is_part(name: &[u8]) -> bool {
    let options = gix::validate::path::component::Options {
        protect_windows: false,
        protect_hfs: true,
        protect_ntfs: true,
    };
    gix::validate::path::component(name.into(), None, options).is_ok()
}
