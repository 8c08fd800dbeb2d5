//! The files of a commit, and of nothing.

use super::{Error, Repo, names};
use crate::tree::{Kind, ObjectId, RepoPath, Tree, TreeEntry, TreeError};

/// The most files and folders below one folder that are listed. A tree of a few objects can unfold
/// to more than any machine holds.
const MOST_LISTED: usize = 400_000;
/// The longest path that is listed, in bytes; longer than any file system takes.
const LONGEST_PATH: usize = 4096;
/// The most folders that one lies in, counted from the one that is listed; as for documents.
const MOST_FOLDERS: usize = 64;
/// The most bytes of all paths that are listed together.
const MOST_BYTES: usize = 32 << 20;

/// The most folders whose files are kept in mind: history and what it lies in, before and after.
const MOST_KNOWN: usize = 4;

/// The files of one commit. Folders are read when they are asked for.
#[derive(Debug)]
pub struct CommitTree<'repo> {
    repo: &'repo Repo,
    root: gix::ObjectId,
    /// How to name it in messages.
    name: String,
}

impl Repo {
    /// The files of a commit (or of a tag's commit).
    pub fn commit_tree(&self, commit: &ObjectId) -> Result<CommitTree<'_>, Error> {
        let root = self.tree_of(commit)?;
        Ok(CommitTree { repo: self, root, name: commit.short().to_owned() })
    }

    /// The id of the tree that holds a commit's files.
    pub fn tree_id(&self, commit: &ObjectId) -> Result<ObjectId, Error> {
        Ok(names::object_id(&self.tree_of(commit)?))
    }

    fn tree_of(&self, id: &ObjectId) -> Result<gix::ObjectId, Error> {
        use gix::objs::Kind;
        match self.behind_tags(self.oid(id)?)? {
            (Kind::Commit, commit) => Ok(self.bones(commit)?.tree),
            (Kind::Tree, tree) => Ok(tree),
            (Kind::Blob | Kind::Tag, _) => {
                Err(Error::new(format!("could not read commit {}: it is none", id.short())))
            }
        }
    }
}

impl CommitTree<'_> {
    /// Of a tree object, wherever it stands in a larger one.
    pub(super) fn of_tree(repo: &Repo, root: gix::ObjectId) -> CommitTree<'_> {
        CommitTree { repo, root, name: root.to_hex_with_len(10).to_string() }
    }

    fn lookup(&self, path: &[u8]) -> Result<Option<(Kind, gix::ObjectId)>, Error> {
        let mut at = (Kind::Folder, self.root);
        let mut read = 0;
        for part in path.split(|byte| *byte == b'/') {
            if at.0 != Kind::Folder {
                return Ok(None);
            }
            let mut found = None;
            self.each_row(&at.1, &path[..read], |row| {
                if *row.filename == *part {
                    found = Some((names::kind_of_tree_mode(row.mode), row.oid.to_owned()));
                }
                Ok(())
            })?;
            match found {
                Some(found) => at = found,
                None => return Ok(None),
            }
            read = (read + part.len() + 1).min(path.len());
        }
        Ok(Some(at))
    }

    /// All files below a folder, in the order of the tree.
    fn walk(&self, folder: gix::ObjectId, path: &[u8]) -> Result<Vec<TreeEntry>, Error> {
        let mut files = Vec::new();
        let mut folders = vec![(folder, path.to_vec(), 0)];
        let (mut listed, mut bytes) = (0, 0);
        while let Some((folder, path, depth)) = folders.pop() {
            if path.len() > LONGEST_PATH {
                return Err(self.too_much(format!("there are paths of more than {LONGEST_PATH} bytes")));
            }
            if depth > MOST_FOLDERS {
                return Err(
                    self.too_much(format!("there are folders that lie in more than {MOST_FOLDERS} others"))
                );
            }
            self.each_row(&folder, &path, |row| {
                let mut below = Vec::with_capacity(path.len() + 1 + row.filename.len());
                below.extend_from_slice(&path);
                if !below.is_empty() {
                    below.push(b'/');
                }
                below.extend_from_slice(row.filename);
                listed += 1;
                bytes += below.len();
                if listed > MOST_LISTED {
                    return Err(self.too_much(format!("there are more than {MOST_LISTED} files")));
                }
                if bytes > MOST_BYTES {
                    let most = MOST_BYTES >> 20;
                    return Err(self.too_much(format!("their paths have more than {most} MiB")));
                }
                match names::kind_of_tree_mode(row.mode) {
                    Kind::Folder => folders.push((row.oid.to_owned(), below, depth + 1)),
                    kind => files.push(TreeEntry {
                        path: names::repo_path(&below),
                        kind,
                        id: names::object_id(row.oid),
                    }),
                }
                Ok(())
            })?;
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// What one folder holds.
    fn list(&self, id: gix::ObjectId, folder: &RepoPath) -> Result<Vec<RepoPath>, Error> {
        let mut paths = Vec::new();
        self.each_row(&id, &names::path_bytes(folder), |row| {
            paths.push(folder.join(names::repo_path(row.filename).as_str()));
            if paths.len() > MOST_LISTED {
                return Err(self.too_much(format!("there are more than {MOST_LISTED} files")));
            }
            Ok(())
        })?;
        paths.sort();
        Ok(paths)
    }

    fn each_row(
        &self,
        folder: &gix::oid,
        path: &[u8],
        look: impl FnMut(&gix::objs::tree::EntryRef<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let attempt = || match path {
            b"" => format!("could not read the top folder at {}", self.name),
            path => format!("could not read `{}` at {}", names::repo_path(path), self.name),
        };
        self.repo.each_row(folder, &attempt, look)
    }

    fn too_much(&self, what: String) -> Error {
        Error::new(format!("could not list the files of {}", self.name)).because(what)
    }
}

impl Tree for CommitTree<'_> {
    fn entry(&self, path: &RepoPath) -> Result<Option<TreeEntry>, TreeError> {
        if path.as_str().is_empty() {
            let id = names::object_id(&self.root);
            return Ok(Some(TreeEntry { path: path.clone(), kind: Kind::Folder, id }));
        }
        let found = self.lookup(&names::path_bytes(path))?;
        Ok(found.map(|(kind, id)| TreeEntry { path: path.clone(), kind, id: names::object_id(&id) }))
    }

    fn files_below(&self, folder: &RepoPath) -> Result<Vec<TreeEntry>, TreeError> {
        match self.entry(folder)? {
            Some(entry) if entry.kind == Kind::Folder => {
                let key = (entry.id, folder.clone());
                if let Some((_, files)) = self.repo.listed.borrow().iter().find(|(known, _)| *known == key) {
                    return Ok(files.clone());
                }
                let files = self.walk(self.repo.oid(&key.0)?, &names::path_bytes(folder))?;
                let mut listed = self.repo.listed.borrow_mut();
                listed.truncate(MOST_KNOWN - 1);
                listed.insert(0, (key, files.clone()));
                Ok(files)
            }
            _ => Ok(Vec::new()),
        }
    }

    fn paths_in(&self, folder: &RepoPath) -> Result<Vec<RepoPath>, TreeError> {
        match self.entry(folder)? {
            Some(entry) if entry.kind == Kind::Folder => Ok(self.list(self.repo.oid(&entry.id)?, folder)?),
            _ => Ok(Vec::new()),
        }
    }

    fn read(&self, entry: &TreeEntry, limit: usize) -> Result<Vec<u8>, TreeError> {
        self.repo.blob(&entry.id, limit).map_err(|cause| {
            Error::new(format!("could not read `{}` at {}", entry.path, self.name)).because(cause).into()
        })
    }
}

/// No files at all: what stands before the first commit.
#[derive(Clone, Copy, Debug, Default)]
pub struct EmptyTree;

impl Tree for EmptyTree {
    fn entry(&self, _path: &RepoPath) -> Result<Option<TreeEntry>, TreeError> {
        Ok(None)
    }

    fn files_below(&self, _folder: &RepoPath) -> Result<Vec<TreeEntry>, TreeError> {
        Ok(Vec::new())
    }

    fn paths_in(&self, _folder: &RepoPath) -> Result<Vec<RepoPath>, TreeError> {
        Ok(Vec::new())
    }

    fn read(&self, entry: &TreeEntry, _limit: usize) -> Result<Vec<u8>, TreeError> {
        Err(TreeError::new(format!("could not read `{}`: there are no files", entry.path)))
    }
}

/// The id that git gives to the folder holding these files, which must all lie below it and be
/// sorted by path. Lets the index and the working tree answer in the ids of commits.
pub(super) fn folder_id(
    hash: gix::hash::Kind,
    folder: &RepoPath,
    files: &[TreeEntry],
) -> Result<ObjectId, Error> {
    // Folders that are still being filled, the innermost last: what stands in each so far.
    let mut open: Vec<(Vec<u8>, Vec<Row>)> = vec![(Vec::new(), Vec::new())];
    let top = names::path_bytes(folder);
    for file in files {
        let path = names::path_bytes(&file.path);
        let path = if top.is_empty() { &path[..] } else { &path[top.len() + 1..] };
        let (parents, name) = match path.iter().rposition(|byte| *byte == b'/') {
            Some(at) => (path[..at].split(|byte| *byte == b'/').collect(), &path[at + 1..]),
            None => (Vec::new(), path),
        };
        let shared =
            open[1..].iter().zip(&parents).take_while(|((name, _), parent)| name[..] == ***parent).count();
        close_down_to(&mut open, shared + 1, hash)?;
        open.extend(parents[shared..].iter().map(|name| (name.to_vec(), Vec::new())));
        let row = Row { name: name.to_vec(), kind: file.kind, id: hex_bytes(&file.id) };
        open.last_mut().expect("the top stays open").1.push(row);
    }
    close_down_to(&mut open, 1, hash)?;
    let (_, rows) = open.pop().expect("the top stays open");
    Ok(names::object_id(&tree_id(rows, hash)?))
}

/// One line of a tree object.
struct Row {
    name: Vec<u8>,
    kind: Kind,
    id: Vec<u8>,
}

fn close_down_to(
    open: &mut Vec<(Vec<u8>, Vec<Row>)>,
    depth: usize,
    hash: gix::hash::Kind,
) -> Result<(), Error> {
    while open.len() > depth {
        let (name, rows) = open.pop().expect("longer than depth");
        let id = tree_id(rows, hash)?.as_slice().to_vec();
        open.last_mut().expect("depth is at least one").1.push(Row { name, kind: Kind::Folder, id });
    }
    Ok(())
}

fn tree_id(mut rows: Vec<Row>, hash: gix::hash::Kind) -> Result<gix::ObjectId, Error> {
    // Git sorts a folder as if its name ended in a slash.
    rows.sort_by_cached_key(|row| match row.kind {
        Kind::Folder => [&row.name[..], b"/"].concat(),
        _ => row.name.clone(),
    });
    let bytes: Vec<u8> = rows
        .iter()
        .flat_map(|row| [names::mode(row.kind).as_bytes(), b" ", &row.name, b"\0", &row.id].concat())
        .collect();
    names::hash(hash, gix::objs::Kind::Tree, &bytes)
}

fn hex_bytes(id: &ObjectId) -> Vec<u8> {
    gix::ObjectId::from_hex(id.as_str().as_bytes()).map(|id| id.as_slice().to_vec()).unwrap_or_default()
}
