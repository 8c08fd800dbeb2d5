//! Finding and opening the repository, and saying why where that fails.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use gix::ThreadSafeRepository;
use gix::sec::Trust;

use super::{Error, GitEnv, Repo};

impl Repo {
    /// Opens the repository that `env` names, or else the one that `start` lies in.
    ///
    /// # Errors
    /// There is none; it belongs to somebody else and git's `safe.directory` does not name it; its
    /// refs are kept in a form that cannot be read here.
    pub fn discover(start: &Path, env: &GitEnv) -> Result<Repo, Error> {
        let mut inner = open(start, env)?;
        refuse_reftable(&inner)?;
        if let Some(work_tree) = work_tree(&inner, start, env) {
            inner
                .set_workdir(work_tree)
                .map_err(|cause| Error::new("could not use the working tree").because(cause))?;
        }
        inner.object_cache_size_if_unset(4 * 1024 * 1024);
        let quarantine = join_quarantine(&mut inner, start, env)?;
        let (former, listed, hashed) = (RefCell::default(), RefCell::default(), RefCell::default());
        Ok(Repo { inner, env: absolute(start, env), former, listed, hashed, quarantine, rehearsal: None })
    }

    /// The same repository, with a folder of its own for whatever objects are written from now on: it
    /// goes with the value. Commits are not signed. Of refs, index and working tree it says nothing: who
    /// rehearses does not move them.
    ///
    /// # Errors
    /// No folder can be made.
    pub fn rehearsal(mut self) -> Result<Repo, Error> {
        let attempt = || Error::new("could not make a folder for what a dry run makes");
        let own = self.absolute(self.common_dir()).join("objects");
        let mut stores: Vec<PathBuf> = self.env.object_directory.iter().cloned().collect();
        stores.extend(self.env.alternates.iter().flat_map(std::env::split_paths));
        stores.push(own);
        let view = view_of(&mut self.inner, stores, &attempt)?;
        // git is to see what is written here, and it does not look into our memory.
        self.inner.objects.take_object_memory();
        self.env.object_directory = Some(view.path().to_owned());
        self.rehearsal = Some(view);
        Ok(self)
    }
}

fn open(start: &Path, env: &GitEnv) -> Result<gix::Repository, Error> {
    let options = || {
        let overrides = env.overrides.iter().map(String::as_str).filter(|entry| is_read_here(entry));
        // What is judged is what is pushed, and a push takes objects as they are, whatever
        // `refs/replace` shows in their place.
        let overrides = overrides.chain(["core.useReplaceRefs=false"]);
        gix::open::Options::default().bail_if_untrusted(true).cli_overrides(overrides)
    };
    let opened = match &env.git_dir {
        // Whoever sets GIT_DIR has chosen the repository: git asks for no owner then, nor do we.
        Some(git_dir) => ThreadSafeRepository::open_opts(
            start.join(git_dir),
            options().with(Trust::Full).open_path_as_is(true),
        ),
        None => ThreadSafeRepository::discover_opts(
            start,
            gix::discover::upwards::Options::default(),
            gix::sec::trust::Mapping { full: options(), reduced: options() },
        ),
    };
    opened.map(|repo| repo.to_thread_local()).map_err(|cause| explain(start, env, cause))
}

/// The working tree, where it is not to be found from the git folder: whoever sets `GIT_DIR` alone
/// stands at its top.
fn work_tree(repo: &gix::Repository, start: &Path, env: &GitEnv) -> Option<PathBuf> {
    if let Some(work_tree) = &env.work_tree {
        return Some(start.join(work_tree));
    }
    let is_bare = repo.config_snapshot().boolean("core.bare") != Some(false);
    (env.git_dir.is_some() && repo.workdir().is_none() && !is_bare).then(|| start.to_owned())
}

/// Whether a setting given for one command is one of those that are read here. Any other could only
/// do harm, if it is one that gix cannot read.
fn is_read_here(entry: &str) -> bool {
    let section = entry.split('.').next().unwrap_or_default().to_ascii_lowercase();
    ["sysbom", "merge", "core", "branch", "remote"].contains(&section.as_str())
}

fn explain(start: &Path, env: &GitEnv, cause: gix::Error) -> Error {
    let place = start.join(env.git_dir.as_deref().unwrap_or(Path::new("")));
    let place = place.display();
    if cause.to_string().contains("not owned by the current user") {
        return Error::new(format!("the repository at {place} belongs to another user"))
            .because(cause)
            .help(format!("if you trust it: `git config --global --add safe.directory {place}`"));
    }
    if cause.downcast_any_ref::<gix::discover::upwards::Error>().is_some() || env.git_dir.is_some() {
        return Error::new(format!("{place} is not in a git repository"))
            .because(cause)
            .help("run sysbom inside the operation repository, or make one with `git init`");
    }
    Error::new(format!("could not open the repository at {place}")).because(cause)
}

fn refuse_reftable(repo: &gix::Repository) -> Result<(), Error> {
    let format = repo.config_snapshot().string("extensions.refStorage");
    match format {
        Some(format) if format != "files" => {
            Err(Error::new(format!("the repository keeps its refs as `{format}`, which sysbom cannot read"))
                .help("convert it: `git refs migrate --ref-format=files`"))
        }
        _ => Ok(()),
    }
}

/// More object stores than any forge chains.
const MOST_STORES: usize = 100;

/// During pre-receive the pushed objects lie in a store of their own, which gix does not look
/// into. A store that holds nothing and names both as alternates sees all.
fn join_quarantine(
    repo: &mut gix::Repository,
    start: &Path,
    env: &GitEnv,
) -> Result<Option<tempfile::TempDir>, Error> {
    let Some(quarantine) = &env.object_directory else { return Ok(None) };
    let attempt = || Error::new("could not look into the objects being pushed");
    let mut stores = vec![start.join(quarantine)];
    if let Some(alternates) = &env.alternates {
        stores.extend(std::env::split_paths(alternates).map(|path| start.join(path)));
    }
    stores.push(repo.common_dir().join("objects"));
    view_of(repo, stores, &attempt).map(Some)
}

/// Lets a repository see the objects of all these stores through an empty one of ours.
fn view_of(
    repo: &mut gix::Repository,
    stores: Vec<PathBuf>,
    attempt: &dyn Fn() -> Error,
) -> Result<tempfile::TempDir, Error> {
    let joined = tempfile::tempdir().map_err(|e| attempt().because(e))?;
    let info = joined.path().join("info");
    std::fs::create_dir(&info).map_err(|e| attempt().because(e))?;
    let lines: Vec<u8> = with_alternates(stores)
        .iter()
        .flat_map(|store| [store.as_os_str().as_encoded_bytes(), b"\n"].concat())
        .collect();
    std::fs::write(info.join("alternates"), lines).map_err(|e| attempt().because(e))?;
    let options = gix::odb::store::init::Options::default();
    repo.objects = gix::odb::at_opts(joined.path(), repo.object_hash(), Vec::new(), options)
        .map_err(|e| attempt().because(e))?
        .into();
    Ok(joined)
}

/// The stores and those that they borrow from, as absolute paths. gix reads a relative path as seen
/// from the first store of all, git from the store that names it: forks often name a pool so.
fn with_alternates(stores: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = Vec::new();
    let mut pending = stores;
    while let Some(store) = pending.pop() {
        let Ok(store) = std::path::absolute(store) else { continue };
        if all.contains(&store) || all.len() == MOST_STORES {
            continue;
        }
        let named = std::fs::read(store.join("info/alternates")).unwrap_or_default();
        pending.extend(
            gix::odb::alternate::parse(&named).unwrap_or_default().into_iter().map(|path| store.join(path)),
        );
        all.push(store);
    }
    all
}

fn absolute(start: &Path, env: &GitEnv) -> GitEnv {
    let join = |path: &Option<PathBuf>| {
        path.as_ref().map(|path| std::path::absolute(start.join(path)).unwrap_or_else(|_| start.join(path)))
    };
    GitEnv {
        git_dir: join(&env.git_dir),
        work_tree: join(&env.work_tree),
        index_file: join(&env.index_file),
        object_directory: join(&env.object_directory),
        shallow_file: join(&env.shallow_file),
        ..env.clone()
    }
}
