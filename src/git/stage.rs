//! Writing files into the working tree and the index together, all of them or none.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Error, Repo, fault, fs as files, names};
use crate::text::shell_word;
use crate::tree::{ObjectId, RepoPath, Tree};

/// What to do with a file that is there already and has other content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Refuse everything: it is somebody's.
    Refuse,
    /// Replace it.
    Replace,
    /// Replace it if it still has these bytes.
    Only(Vec<u8>),
}

/// A regular, not executable file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileWrite {
    /// Where.
    pub path: RepoPath,
    /// What the working tree gets.
    pub disk: Vec<u8>,
    /// What the index gets; `None` if it keeps what it has.
    pub staged: Option<Vec<u8>>,
    /// What may stand there.
    pub existing: Existing,
}

impl FileWrite {
    /// A file that stands in tree and index alike.
    pub fn staged(path: RepoPath, bytes: Vec<u8>, existing: Existing) -> FileWrite {
        FileWrite { path, staged: Some(bytes.clone()), disk: bytes, existing }
    }
}

impl Repo {
    /// Writes files into the working tree and stages exactly these bytes, without conversion, as
    /// [`Repo::write`] does.
    pub fn stage(&self, files: &[(RepoPath, Vec<u8>)], existing: &Existing) -> Result<(), Error> {
        let write = |(path, bytes): &(RepoPath, Vec<u8>)| {
            FileWrite::staged(path.clone(), bytes.clone(), existing.clone())
        };
        self.write(&files.iter().map(write).collect::<Vec<_>>())
    }

    /// Writes regular, not executable files into the working tree and the index. Either all is done
    /// or nothing is: after an error, tree and index are as before. Objects that were written stay
    /// in the store, where git removes them in time.
    ///
    /// The index is the one git is using (`GIT_INDEX_FILE`), so that a commit under way takes them.
    ///
    /// # Errors
    /// The commit under way is a partial one; a file with other content is there and `existing`
    /// refuses; a path leads out of the repository; another git holds the index.
    pub fn write(&self, files: &[FileWrite]) -> Result<(), Error> {
        let top = self.top()?;
        if self.is_partial_commit() && files.iter().any(|file| file.staged.is_some()) {
            return Err(refused_partial(files));
        }
        let plans = files.iter().map(|file| self.plan(&top, file)).collect::<Result<Vec<_>, _>>()?;
        let mut written = Written::default();
        for plan in &plans {
            written.write(&top, plan)?;
        }
        self.update_index(&plans)?;
        written.keep();
        let mut staged = plans.iter().filter(|plan| plan.staged.is_some());
        staged.try_for_each(|plan| files::make_plain(&plan.disk))
    }

    /// The write that puts `after` in the place of `before`, both as git would add them: where git
    /// converts line endings on the way to the disk, it does so with `after` too.
    ///
    /// # Errors
    /// The file of the working tree is not `before`.
    pub fn replacing(
        &self,
        path: &RepoPath,
        before: &[u8],
        after: Vec<u8>,
        index: IndexGets,
    ) -> Result<FileWrite, Error> {
        let attempt = || Error::new(format!("could not edit `{path}`"));
        let on_disk = fs::read(self.top()?.join(names::disk_path(path)));
        let on_disk = on_disk.map_err(|cause| attempt().because(cause))?;
        let disk = if on_disk == before {
            after.clone()
        } else if self.added_id(path)? == Some(self.blob_id(before)?) {
            let id = self.write_blob(&after)?;
            let path = names::os_string(&[b"--path=", &names::path_bytes(path)[..]].concat());
            self.git().output(&["cat-file".as_ref(), "--filters".as_ref(), &*path, id.as_str().as_ref()])?
        } else {
            return Err(attempt().because("it has changed meanwhile").help("run it again"));
        };
        let staged = (index == IndexGets::TheSame).then_some(after);
        Ok(FileWrite { path: path.clone(), disk, staged, existing: Existing::Only(on_disk) })
    }

    fn added_id(&self, path: &RepoPath) -> Result<Option<ObjectId>, Error> {
        let entry = self.worktree()?.entry(path);
        let entry = entry.map_err(|cause| Error::new(format!("could not read `{path}`")).because(cause))?;
        Ok(entry.map(|entry| entry.id))
    }

    fn plan<'a>(&self, top: &Path, file: &'a FileWrite) -> Result<Planned<'a>, Error> {
        let path = &file.path;
        refuse_unsafe(path)?;
        let disk = top.join(names::disk_path(path));
        let attempt = || Error::new(format!("could not write `{path}`"));
        self.refuse_links_above(top, path)?;
        let before = match fs::symlink_metadata(&disk) {
            Err(_) => None,
            Ok(meta) if meta.is_file() => Some(fs::read(&disk).map_err(|cause| attempt().because(cause))?),
            Ok(_) => {
                return Err(attempt()
                    .because("something that is no file stands there")
                    .help(self.way_out(top, path)?));
            }
        };
        let staged = file.staged.as_deref().map(|bytes| self.blob_id(bytes)).transpose()?;
        let is_fine = match &file.existing {
            Existing::Replace => true,
            Existing::Only(bytes) => before.as_ref() == Some(bytes),
            Existing::Refuse => {
                before.as_ref().is_none_or(|before| *before == file.disk)
                    && self.staged_id(path)?.is_none_or(|there| Some(there) == staged)
            }
        };
        if !is_fine {
            let error = attempt().because("a file with other content is there");
            return Err(error.help(self.way_out(top, path)?));
        }
        if let Some(bytes) = &file.staged {
            self.write_blob(bytes)?;
        }
        Ok(Planned { file, disk, staged, before })
    }

    /// How to move away what stands at a path, in commands to paste where sysbom was started.
    fn way_out(&self, top: &Path, path: &RepoPath) -> Result<String, Error> {
        let index = self.index_tree()?;
        let in_the_index = |cause| Error::new("could not look into the index").because(cause);
        let is_staged =
            self.staged_id(path)?.is_some() || !index.files_below(path).map_err(in_the_index)?.is_empty();
        let (there, free) = (self.seen_from_here(top, path), free_name(self.inner.current_dir(), path));
        let mut commands = Vec::new();
        if is_staged {
            commands.push(format!("git rm -r -q --cached -- {there}"));
        }
        if fs::symlink_metadata(top.join(names::disk_path(path))).is_ok() {
            commands.push(format!("mv {there} {free}"));
        }
        Ok(format!("look at it, then move it away: `{}`", commands.join(" && ")))
    }

    /// A path as one word of a shell in the folder where sysbom was started.
    fn seen_from_here(&self, top: &Path, path: &RepoPath) -> String {
        let path = path.as_str();
        let seen = match self.inner.current_dir().strip_prefix(top) {
            Ok(below) => "../".repeat(below.components().count()) + path,
            Err(_) => top.join(path).display().to_string(),
        };
        shell_word(&seen).into_owned()
    }

    /// A linked folder would lead the write somewhere else.
    fn refuse_links_above(&self, top: &Path, path: &RepoPath) -> Result<(), Error> {
        for folder in std::iter::successors(path.folder(), RepoPath::folder) {
            let disk = top.join(names::disk_path(&folder));
            match fs::symlink_metadata(&disk) {
                Ok(meta) if !meta.is_dir() => {
                    return Err(Error::new(format!("could not write `{path}`"))
                        .because(format!("`{folder}` is no folder"))
                        .help(self.way_out(top, &folder)?));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Puts content into the object store and gives its id.
    pub fn write_blob(&self, bytes: &[u8]) -> Result<ObjectId, Error> {
        let written = self.inner.write_blob(bytes);
        fault::point();
        let id =
            written.map_err(|cause| Error::new("could not write into the object store").because(cause))?;
        Ok(names::object_id(&id))
    }

    /// All entries in one step: git writes a new index and renames it.
    fn update_index(&self, plans: &[Planned<'_>]) -> Result<(), Error> {
        let mut input = Vec::new();
        for plan in plans {
            let Some(id) = &plan.staged else { continue };
            // Stage 0 takes the place of the stages of a conflict.
            input.extend(format!("100644 {id} 0\t").into_bytes());
            input.extend(names::path_bytes(&plan.file.path));
            input.push(0);
        }
        if input.is_empty() {
            return Ok(());
        }
        self.git().run_with(&["update-index", "-z", "--index-info"], &input).map_err(|cause| {
            Error::new("could not stage the files")
                .because(cause)
                .help("does another git hold the index? Try again")
        })
    }
}

/// What the index gets with a file that is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexGets {
    /// The new content.
    TheSame,
    /// Nothing: it keeps what it has.
    Nothing,
}

struct Planned<'a> {
    file: &'a FileWrite,
    disk: PathBuf,
    /// What the index gets.
    staged: Option<ObjectId>,
    before: Option<Vec<u8>>,
}

/// What was written so far; taken back unless it is kept.
#[derive(Default)]
struct Written {
    files: Vec<(PathBuf, Option<Vec<u8>>)>,
    folders: Vec<PathBuf>,
}

impl Written {
    fn write(&mut self, top: &Path, plan: &Planned<'_>) -> Result<(), Error> {
        if plan.before.as_ref() == Some(&plan.file.disk) {
            return Ok(());
        }
        self.make_folders(top, &plan.disk)?;
        match plan.before {
            Some(_) => files::replace_file(&plan.disk, &plan.file.disk)?,
            None => {
                if !files::create_file(&plan.disk, &plan.file.disk)? {
                    return Err(Error::new(format!("could not write `{}`", plan.file.path))
                        .because("a file appeared there at this moment"));
                }
            }
        }
        self.files.push((plan.disk.clone(), plan.before.clone()));
        Ok(())
    }

    fn make_folders(&mut self, top: &Path, file: &Path) -> Result<(), Error> {
        let above = file.ancestors().skip(1).take_while(|folder| folder.starts_with(top) && *folder != top);
        let missing: Vec<&Path> = above.filter(|folder| !folder.exists()).collect();
        for folder in missing.into_iter().rev() {
            fs::create_dir(folder)
                .map_err(|cause| Error::new(format!("could not make {}", folder.display())).because(cause))?;
            fault::point();
            self.folders.push(folder.to_owned());
        }
        Ok(())
    }

    fn keep(mut self) {
        self.files.clear();
        self.folders.clear();
    }
}

impl Drop for Written {
    /// Puts back what was there. What cannot be put back is a new file too many, never one lost.
    fn drop(&mut self) {
        for (path, before) in self.files.iter().rev() {
            let _ = match before {
                Some(before) => files::replace_file(path, before).is_ok(),
                None => fs::remove_file(path).is_ok(),
            };
        }
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

fn refused_partial(files: &[FileWrite]) -> Error {
    let names = files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>().join(" ");
    Error::new(format!("could not stage {names} for a commit of single paths"))
        .because("git commits them from an index of its own and drops what a hook stages")
        .help("stage what you want, then commit without naming paths: `git add PATH...`, `git commit`")
}

/// A path from a file of the user's must stay below the top, and out of git's own folder.
pub(super) fn refuse_unsafe(path: &RepoPath) -> Result<(), Error> {
    let is_odd = |part: &str| {
        matches!(part, "" | "." | "..") || part.eq_ignore_ascii_case(".git") || part.contains(['\0', '\n'])
    };
    if path.as_str().split('/').any(is_odd) || (cfg!(windows) && path.as_str().contains(['\\', ':'])) {
        return Err(Error::new(format!("`{}` is no path to write to", crate::text::escape(path.as_str()))));
    }
    Ok(())
}

/// A name in `folder` that nothing has yet, for what is moved there, as a word of a shell.
fn free_name(folder: &Path, path: &RepoPath) -> String {
    let name = path.as_str().rsplit('/').next().unwrap_or_default();
    let mut names = std::iter::once(format!("{name}.mine")).chain((2..).map(|n| format!("{name}.mine-{n}")));
    let free = names.find(|name| fs::symlink_metadata(folder.join(name)).is_err());
    shell_word(&free.expect("there are more names than files")).into_owned()
}
