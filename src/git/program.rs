//! Running git itself: for what it writes, and for the little that only it can read.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::{Error, Repo, fault};

/// The variables by which git names a repository. A git that is to look at a repository of our
/// choosing must not inherit them.
pub(super) const REPOSITORY_VARIABLES: [&str; 9] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_SHALLOW_FILE",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
];

/// `git` for one repository.
pub(super) struct Git {
    folder: PathBuf,
    variables: Vec<(&'static str, std::ffi::OsString)>,
}

impl Repo {
    /// `git` for this repository, its index and its objects, run at the top of the working tree.
    pub(super) fn git(&self) -> Git {
        let git_dir = self.absolute(self.git_dir());
        let folder = self.work_dir().map_or_else(|| git_dir.clone(), |dir| self.absolute(dir));
        let mut variables = vec![("GIT_DIR", git_dir.into_os_string())];
        if self.work_dir().is_some() {
            variables.push(("GIT_WORK_TREE", folder.clone().into_os_string()));
        }
        let env = self.env();
        let paths = [
            ("GIT_INDEX_FILE", &env.index_file),
            ("GIT_OBJECT_DIRECTORY", &env.object_directory),
            ("GIT_SHALLOW_FILE", &env.shallow_file),
        ];
        variables.extend(paths.into_iter().filter_map(|(name, path)| Some((name, path.clone()?.into()))));
        if let Some(alternates) = &env.alternates {
            variables.push(("GIT_ALTERNATE_OBJECT_DIRECTORIES", alternates.clone()));
        }
        Git { folder, variables }
    }
}

impl Git {
    /// Takes paths as they are, without `*` and `:(...)` meaning anything.
    pub(super) fn literally(mut self) -> Git {
        self.variables.push(("GIT_LITERAL_PATHSPECS", "1".into()));
        self
    }

    /// With one more variable.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<std::ffi::OsString>) -> Git {
        self.variables.push((name, value.into()));
        self
    }

    pub(super) fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = clean_command();
        command.current_dir(&self.folder).args(args);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// What it prints.
    pub(super) fn output<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<Vec<u8>, Error> {
        self.output_of(args, b"")
    }

    /// Runs it with `input`.
    pub(super) fn run_with<S: AsRef<OsStr>>(&self, args: &[S], input: &[u8]) -> Result<(), Error> {
        self.output_of(args, input).map(|_| ())
    }

    /// What it prints when it is given `input`.
    pub(super) fn output_of<S: AsRef<OsStr>>(&self, args: &[S], input: &[u8]) -> Result<Vec<u8>, Error> {
        let ended = self.end(args, input)?;
        if ended.status.success() { Ok(ended.stdout) } else { Err(refused(args, &ended)) }
    }

    /// How it ended, where a status other than 0 is an answer too.
    pub(super) fn end<S: AsRef<OsStr>>(
        &self,
        args: &[S],
        input: &[u8],
    ) -> Result<std::process::Output, Error> {
        finish(self.command(args), args, input)
    }

    /// The first `limit` bytes of what it prints.
    pub(super) fn output_up_to<S: AsRef<OsStr>>(&self, args: &[S], limit: usize) -> Result<Vec<u8>, Error> {
        let mut child = self
            .command(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| not_started(args, e))?;
        let mut bytes = Vec::new();
        let read = child.stdout.take().expect("stdout is piped").take(limit as u64).read_to_end(&mut bytes);
        // It may still be writing what nobody wants.
        let _ = child.kill();
        let _ = child.wait();
        read.map_err(|e| Error::new(format!("could not read from `{}`", line(args))).because(e))?;
        Ok(bytes)
    }
}

/// `git` that knows of no repository but the one it finds by itself.
pub(super) fn clean_command() -> Command {
    let mut command = Command::new("git");
    for name in REPOSITORY_VARIABLES {
        command.env_remove(name);
    }
    command.env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C");
    // Objects are what they are, as for us.
    command.env("GIT_NO_REPLACE_OBJECTS", "1");
    command
}

/// Feeds `input` to a command and waits for its end.
pub(super) fn finish<S: AsRef<OsStr>>(
    mut command: Command,
    args: &[S],
    input: &[u8],
) -> Result<std::process::Output, Error> {
    fault::point();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| not_started(args, e))?;
    let mut stdin = child.stdin.take().expect("stdin is piped");
    // A thread, for it may print more than a pipe holds before it has read all.
    let waited = std::thread::scope(|scope| {
        // It may end without reading all of its input; its status says whether that was well.
        scope.spawn(move || {
            let _ = stdin.write_all(input);
        });
        child.wait_with_output()
    });
    fault::point();
    waited.map_err(|e| Error::new(format!("could not wait for `{}`", line(args))).because(e))
}

pub(super) fn not_started<S: AsRef<OsStr>>(args: &[S], cause: std::io::Error) -> Error {
    Error::new(format!("could not run `{}`", line(args))).because(cause).help("is git installed and in PATH?")
}

pub(super) fn refused<S: AsRef<OsStr>>(args: &[S], ended: &std::process::Output) -> Error {
    let said = String::from_utf8_lossy(&ended.stderr);
    let error = Error::new(format!("`{}` failed", line(args)));
    let error = match about_lock(&said) {
        Some(help) => error.help(help),
        None => error,
    };
    let mut lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    match lines.next() {
        // What is announced is in the line below.
        Some(first) if first.ends_with(':') => {
            error.because(format!("{first} {}", lines.next().unwrap_or_default()))
        }
        Some(first) => error.because(first.to_owned()),
        None => error.because(ended.status.to_string()),
    }
}

/// What to do where git says that it met a lock: one that was killed leaves it behind.
pub(super) fn about_lock(said: &str) -> Option<&'static str> {
    said.contains(".lock': File exists")
        .then_some("if no other git is at work here, one was killed: remove that file, then try again")
}

pub(super) fn line<S: AsRef<OsStr>>(args: &[S]) -> String {
    let args = args.iter().map(|arg| arg.as_ref().to_string_lossy());
    std::iter::once("git".into()).chain(args).collect::<Vec<_>>().join(" ")
}
