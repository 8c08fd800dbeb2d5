//! Repositories of the real git, in temporary folders, with an empty environment and fixed dates.
#![allow(dead_code)] // each test program uses its part

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sysbom::git::{GitEnv, Repo};
use sysbom::tree::ObjectId;

pub struct Sandbox {
    pub folder: tempfile::TempDir,
}

impl Sandbox {
    /// A repository in `repo`, made with these further options of `git init`.
    pub fn with(options: &[&str]) -> Self {
        let sandbox = Sandbox { folder: tempfile::tempdir().unwrap() };
        let init = [&["init", "-q", "-b", "main"], options, &["repo"]].concat();
        sandbox.git_in(sandbox.folder.path(), &init);
        sandbox
    }

    pub fn new() -> Self {
        Sandbox::with(&[])
    }

    pub fn top(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.top().join(path)
    }

    pub fn repo(&self) -> Repo {
        Repo::discover(&self.top(), &GitEnv::default()).unwrap()
    }

    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        String::from_utf8(std::fs::read(self.path(path)).unwrap()).unwrap()
    }

    /// Writes a file and commits all there is, at a minute of its own.
    pub fn commit(&self, minute: u32, path: &str, content: &str) -> ObjectId {
        self.write(path, content);
        self.git(&["add", "-A"]);
        self.commit_index(minute)
    }

    pub fn commit_index(&self, minute: u32) -> ObjectId {
        let date = date(minute);
        let mut command = self.command(&self.top(), &["commit", "-q", "--allow-empty", "-m", "a change"]);
        command.env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date);
        succeed(command);
        self.id("HEAD")
    }

    pub fn id(&self, rev: &str) -> ObjectId {
        ObjectId::new(self.git(&["rev-parse", rev]))
    }

    /// What git prints, without the last line break. It must succeed.
    pub fn git(&self, args: &[&str]) -> String {
        self.git_in(&self.top(), args)
    }

    pub fn git_in(&self, folder: &Path, args: &[&str]) -> String {
        succeed(self.command(folder, args))
    }

    /// How git ended, well or not.
    pub fn try_git(&self, args: &[&str]) -> Output {
        self.command(&self.top(), args).output().unwrap()
    }

    pub fn command(&self, folder: &Path, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.args(args).current_dir(folder).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.folder.path());
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "A").env(format!("GIT_{role}_EMAIL"), "a@example.org");
            command.env(format!("GIT_{role}_DATE"), date(0));
        }
        command
    }
}

/// 2024-06-15 10:00:00 UTC and so many minutes.
pub fn date(minute: u32) -> String {
    format!("{} +0000", time(minute))
}

pub fn time(minute: u32) -> i64 {
    1_718_445_600 + i64::from(minute) * 60
}

pub fn succeed(mut command: Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} ended {}: {said}", output.status);
    String::from_utf8(output.stdout).unwrap().trim_end_matches('\n').to_owned()
}
