//! A scratch repository for tests that ask the real git: an empty environment, fixed dates, the
//! built `sysbom` first on the path, nothing of the machine's own configuration.
#![allow(dead_code, reason = "every test target uses its own part of this")]

use std::cell::Cell;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Two digests that look like digests.
pub const DIGEST_A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1";
/// Another one.
pub const DIGEST_B: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb2";

/// What a command came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The exit status; `None` after a signal.
    pub status: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ran {
    /// Panics with everything known unless the status is this one.
    #[track_caller]
    pub fn expect(self, status: i32) -> Ran {
        assert_eq!(self.status, Some(status), "unexpected status\n{self}");
        self
    }

    /// Panics unless one of the streams contains `text`.
    #[track_caller]
    pub fn says(self, text: &str) -> Ran {
        assert!(self.out.contains(text) || self.err.contains(text), "nothing says {text:?}\n{self}");
        self
    }

    /// Panics if one of the streams contains `text`.
    #[track_caller]
    pub fn never_says(self, text: &str) -> Ran {
        assert!(!self.out.contains(text) && !self.err.contains(text), "something says {text:?}\n{self}");
        self
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status: {:?}\n--- out\n{}--- err\n{}", self.status, self.out, self.err)
    }
}

/// A world of its own: a home folder, and a repository in it.
pub struct Scratch {
    root: TempDir,
    top: PathBuf,
    seconds: Cell<u64>,
    variables: Vec<(OsString, OsString)>,
}

impl Scratch {
    /// An empty repository on branch `main`.
    pub fn new() -> Scratch {
        let scratch = Scratch::without_repository();
        scratch.git(&["init", "-q", "-b", "main", "."]);
        scratch
    }

    /// An empty folder that is no repository.
    pub fn without_repository() -> Scratch {
        let root = TempDir::with_prefix("sysbom-test-").expect("the machine has a temporary folder");
        let top = root.path().join("repo");
        std::fs::create_dir(&top).expect("the temporary folder is ours");
        std::fs::create_dir(root.path().join("home")).expect("the temporary folder is ours");
        Scratch { root, top, seconds: Cell::new(0), variables: Vec::new() }
    }

    /// A repository with this manifest committed, and sysbom installed: driver, attributes, hooks.
    pub fn installed(manifest: &str) -> Scratch {
        let scratch = Scratch::new();
        scratch.write("releases/current.yaml", manifest);
        scratch.install();
        scratch.commit("Begin");
        scratch
    }

    /// Driver, attributes and hooks.
    #[track_caller]
    pub fn install(&self) {
        self.sysbom(&["install"]).expect(0);
    }

    /// Another folder of the same world as the place where commands run: a clone, a worktree.
    pub fn at(&self, top: &Path) -> Place<'_> {
        Place { scratch: self, top: top.to_owned() }
    }

    /// The folder around the repository.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// The top of the repository.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// One more variable for every command from now on.
    #[must_use]
    pub fn with_var(mut self, name: &str, value: impl Into<OsString>) -> Scratch {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// A command in this world, started in `folder`: only what is set here is in its environment.
    /// Each call is a minute later than the one before.
    pub fn command(&self, folder: &Path, program: &str) -> Command {
        self.seconds.set(self.seconds.get() + 60);
        let date = format!("@{} +0000", 1_718_446_500 + self.seconds.get());
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .env_clear()
            .env("PATH", path_with_sysbom())
            .env("HOME", self.root().join("home"))
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_EDITOR", "true")
            .env("GIT_MERGE_AUTOEDIT", "no")
            .env("GIT_AUTHOR_NAME", "Ada")
            .env("GIT_AUTHOR_EMAIL", "ada@example.org")
            .env("GIT_COMMITTER_NAME", "Ada")
            .env("GIT_COMMITTER_EMAIL", "ada@example.org")
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .stdin(Stdio::null());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    fn here(&self) -> Place<'_> {
        self.at(&self.top)
    }

    /// Runs git; it must succeed. Gives its output without the last line break.
    #[track_caller]
    pub fn git(&self, arguments: &[&str]) -> String {
        self.here().git(arguments)
    }

    /// Runs git.
    pub fn try_git(&self, arguments: &[&str]) -> Ran {
        self.here().try_git(arguments)
    }

    /// Runs the built sysbom.
    pub fn sysbom(&self, arguments: &[&str]) -> Ran {
        self.here().sysbom(arguments)
    }

    /// Writes a file, with its folders.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        self.here().write(path, content);
    }

    /// Reads a file of the working tree.
    #[track_caller]
    pub fn read(&self, path: &str) -> String {
        self.here().read(path)
    }

    /// Commits everything, without hooks; gives the commit.
    #[track_caller]
    pub fn commit(&self, message: &str) -> String {
        self.here().commit(message)
    }

    /// Everything a refusal must leave as it was.
    pub fn picture(&self) -> Picture {
        self.here().picture()
    }
}

/// Tree, index and refs at one moment; two of them are equal if nothing of the user's changed.
#[derive(Debug, PartialEq, Eq)]
pub struct Picture {
    index: String,
    refs: String,
    status: String,
    unstaged: String,
}

/// A folder in which commands run.
pub struct Place<'a> {
    scratch: &'a Scratch,
    top: PathBuf,
}

impl Place<'_> {
    /// The folder.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// Runs a program with its standard input.
    pub fn run(&self, program: &str, arguments: &[&str], input: &str) -> Ran {
        use std::io::Write;
        let mut command = self.scratch.command(&self.top, program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{program} does not start: {error}"));
        let mut stdin = child.stdin.take().expect("stdin was asked for");
        // A program that does not read its input closes the pipe; that is its business.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = child.wait_with_output().expect("the child is ours");
        Ran {
            status: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs git; it must succeed. Gives its output without the last line break.
    #[track_caller]
    pub fn git(&self, arguments: &[&str]) -> String {
        let ran = self.try_git(arguments);
        assert_eq!(ran.status, Some(0), "git {arguments:?}\n{ran}");
        ran.out.trim_end_matches('\n').to_owned()
    }

    /// Runs git.
    pub fn try_git(&self, arguments: &[&str]) -> Ran {
        self.run("git", arguments, "")
    }

    /// Runs the built sysbom.
    pub fn sysbom(&self, arguments: &[&str]) -> Ran {
        self.run(&program(), arguments, "")
    }

    /// Writes a file, with its folders.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.top.join(path);
        std::fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("scratch is ours");
        std::fs::write(path, content).expect("scratch is ours");
    }

    /// Reads a file of the working tree.
    #[track_caller]
    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.top.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Commits everything, without hooks; gives the commit.
    #[track_caller]
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--no-verify", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Everything a refusal must leave as it was.
    pub fn picture(&self) -> Picture {
        Picture {
            index: self.git(&["ls-files", "--stage"]),
            refs: self.git(&["for-each-ref"]) + &self.try_git(&["symbolic-ref", "HEAD"]).out,
            status: self.git(&["status", "--porcelain", "--untracked-files=all"]),
            unstaged: self.git(&["diff"]),
        }
    }
}

/// The built sysbom: the one that `SYSBOM_PROGRAM` names, as it ships and many times as fast, or the
/// one of these tests.
pub fn program() -> String {
    std::env::var("SYSBOM_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_sysbom").to_owned())
}

/// The path of the machine, with the built sysbom first.
pub fn path_with_sysbom() -> OsString {
    let program = program();
    let own = Path::new(&program).parent().expect("the program lies in a folder").to_owned();
    let theirs = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(own).chain(std::env::split_paths(&theirs)))
        .expect("cargo's folder has no colon")
}

/// A manifest in the usual layout of these components: name, tag, digest.
pub fn manifest(components: &[(&str, &str, &str)]) -> String {
    let mut text = String::from("images:\n");
    for (name, tag, digest) in components {
        text += &format!("  {name}:\n    image: ghcr.io/acme/{name}\n    tag: {tag}\n    digest: {digest}\n");
    }
    text
}
