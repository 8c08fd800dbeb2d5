//! Writing files into the working tree and the index together, all of them or none.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Error, Repo, fs as files, names};
use crate::tree::{ObjectId, RepoPath};

/// What to do with a file that is there already and has other content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Refuse everything: it is somebody's.
    Refuse,
    /// Replace it.
    Replace,
}

impl Repo {
    /// Writes regular, not executable files into the working tree and stages exactly these bytes, without
    /// conversion. Either all is done or nothing is: after an error, tree and index are as before.
    /// Objects that were written stay in the store, where git removes them in time.
    ///
    /// The index is the one git is using (`GIT_INDEX_FILE`), so that a commit under way takes them.
    ///
    /// # Errors
    /// The commit under way is a partial one; a file with other content is there and `existing`
    /// refuses; a path leads out of the repository; another git holds the index.
    pub fn stage(&self, files: &[(RepoPath, Vec<u8>)], existing: Existing) -> Result<(), Error> {
        let top = self.top()?;
        if self.is_partial_commit() {
            return Err(refused_partial(files));
        }
        let mut plans = Vec::with_capacity(files.len());
        for (path, bytes) in files {
            plans.push(self.plan(&top, path, bytes, existing)?);
        }
        let mut written = Written::default();
        for plan in &plans {
            written.write(&top, plan)?;
        }
        self.update_index(&plans)?;
        written.keep();
        plans.iter().try_for_each(|plan| files::make_plain(&plan.disk))
    }

    fn plan<'a>(
        &self,
        top: &Path,
        path: &'a RepoPath,
        bytes: &'a [u8],
        existing: Existing,
    ) -> Result<Planned<'a>, Error> {
        refuse_unsafe(path)?;
        let disk = top.join(names::disk_path(path));
        let attempt = || format!("could not write `{path}`");
        refuse_links_above(top, path)?;
        let before = match fs::symlink_metadata(&disk) {
            Err(_) => None,
            Ok(meta) if meta.is_file() => {
                Some(fs::read(&disk).map_err(|cause| Error::new(attempt()).because(cause))?)
            }
            Ok(_) => return Err(Error::new(attempt()).because("something that is no file stands there")),
        };
        let id = self.blob_id(bytes)?;
        let staged = self.staged_id(path)?;
        let differs = before.as_deref().is_some_and(|before| before != bytes)
            || staged.is_some_and(|staged| staged != id);
        if differs && existing == Existing::Refuse {
            return Err(Error::new(attempt()).because("a file with other content is there").help(format!(
                "look at it, then move it away: `git rm --cached {path}` and `mv {path} ...`"
            )));
        }
        self.write_blob(bytes)?;
        Ok(Planned { path, disk, id, bytes, before })
    }

    /// Puts content into the object store and gives its id.
    pub fn write_blob(&self, bytes: &[u8]) -> Result<ObjectId, Error> {
        let written = self.inner.write_blob(bytes);
        let id =
            written.map_err(|cause| Error::new("could not write into the object store").because(cause))?;
        Ok(names::object_id(&id))
    }

    /// All entries in one step: git writes a new index and renames it.
    fn update_index(&self, plans: &[Planned<'_>]) -> Result<(), Error> {
        let mut input = Vec::new();
        for plan in plans {
            // Stage 0 takes the place of the stages of a conflict.
            input.extend(format!("100644 {} 0\t", plan.id).into_bytes());
            input.extend(names::path_bytes(plan.path));
            input.push(0);
        }
        self.git().run_with(&["update-index", "-z", "--index-info"], &input).map_err(|cause| {
            Error::new("could not stage the files")
                .because(cause)
                .help("does another git hold the index? Try again")
        })
    }
}

struct Planned<'a> {
    path: &'a RepoPath,
    disk: PathBuf,
    id: ObjectId,
    bytes: &'a [u8],
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
        if plan.before.as_deref() == Some(plan.bytes) {
            return Ok(());
        }
        self.make_folders(top, &plan.disk)?;
        match plan.before {
            Some(_) => files::replace_file(&plan.disk, plan.bytes)?,
            None => {
                if !files::create_file(&plan.disk, plan.bytes)? {
                    return Err(Error::new(format!("could not write `{}`", plan.path))
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

fn refused_partial(files: &[(RepoPath, Vec<u8>)]) -> Error {
    let names = files.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>().join(" ");
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

/// A linked folder would lead the write somewhere else.
fn refuse_links_above(top: &Path, path: &RepoPath) -> Result<(), Error> {
    for folder in std::iter::successors(path.folder(), RepoPath::folder) {
        let disk = top.join(names::disk_path(&folder));
        match fs::symlink_metadata(&disk) {
            Ok(meta) if !meta.is_dir() => {
                return Err(Error::new(format!("could not write `{path}`"))
                    .because(format!("`{folder}` is no folder")));
            }
            _ => {}
        }
    }
    Ok(())
}
