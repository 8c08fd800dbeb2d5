//! A forge without a merge driver: a bare repository that writes down every push, clones of it, and
//! merges as forges make them, by text.
#![allow(dead_code, reason = "every test target uses its own part of this")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

pub const CURRENT: &str = "releases/current.yaml";

/// The bare repository and the folder around it.
pub struct Forge {
    root: TempDir,
}

/// What a command came to.
#[derive(Debug)]
pub struct Ended {
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

/// One push that the forge took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    pub old: String,
    pub new: String,
    pub name: String,
}

/// How a forge brings a branch onto main.
#[derive(Clone, Copy, Debug)]
pub enum Merging {
    Commit,
    Squash,
    Rebase,
}

pub fn pin(component: &str, version: usize) -> String {
    format!("{component}=ghcr.io/acme/{component}:v1.{version}.0@{}", digest(component, version))
}

/// A digest that belongs to one version of one component.
pub fn digest(component: &str, version: usize) -> String {
    use sha2::{Digest, Sha256};
    let hash = Sha256::digest(format!("{component} {version}"));
    hash.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

impl Forge {
    /// With these components on main, each at version 0.
    pub fn new(components: &[&str]) -> Forge {
        let forge =
            Forge { root: TempDir::with_prefix("sysbom-forge-").expect("there is a temporary folder") };
        std::fs::create_dir(forge.path("home")).expect("the folder is ours");
        forge.git(forge.root.path(), &["init", "-q", "--bare", "-b", "main", "origin.git"]);
        let hook = forge.path("origin.git/hooks/post-receive");
        let script = format!(
            "#!/bin/sh\nwhile read line; do echo \"$line\" >> '{}'; done\n",
            forge.path("log").display()
        );
        std::fs::write(&hook, script).expect("the folder is ours");
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&hook, executable).expect("the folder is ours");
        let seed = forge.clone("seed");
        let entry = |name: &&str| {
            let digest = digest(name, 0);
            format!("  {name}:\n    image: ghcr.io/acme/{name}\n    tag: v1.0.0\n    digest: {digest}\n")
        };
        let text: String = components.iter().map(entry).collect();
        std::fs::create_dir(seed.join("releases")).expect("the folder is ours");
        std::fs::write(seed.join(CURRENT), format!("images:\n{text}")).expect("the folder is ours");
        forge.git(&seed, &["add", "-A"]);
        let date = "@1700000000 +0000";
        let dates = [("GIT_AUTHOR_DATE", date), ("GIT_COMMITTER_DATE", date)];
        let begun = forge.run(&seed, "git", &["commit", "-q", "-m", "Begin"], &dates);
        assert_eq!(begun.status, Some(0), "{begun:?}");
        forge.git(&seed, &["push", "-q", "origin", "HEAD:main"]);
        forge
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub fn origin(&self) -> PathBuf {
        self.path("origin.git")
    }

    pub fn clone(&self, name: &str) -> PathBuf {
        let quiet = ["-c", "init.defaultBranch=main", "clone", "-q", "origin.git", name];
        let ended = self.run(self.root.path(), "git", &quiet, &[]);
        assert_eq!(ended.status, Some(0), "{ended:?}");
        self.path(name)
    }

    /// A command that knows nothing of the machine's own configuration.
    pub fn command(&self, folder: &Path, program: &str, arguments: &[&str]) -> Command {
        let program = if program == "sysbom" { env!("CARGO_BIN_EXE_sysbom") } else { program };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path("home"))
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_EDITOR", "true");
        for role in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{role}_NAME"), "Bot")
                .env(format!("GIT_{role}_EMAIL"), "bot@example.org");
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn run(&self, folder: &Path, program: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
        let mut command = self.command(folder, program, arguments);
        let output = command.envs(variables.iter().copied()).output().expect("the program starts");
        Ended {
            status: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    #[track_caller]
    pub fn git(&self, folder: &Path, arguments: &[&str]) -> String {
        let ended = self.run(folder, "git", arguments, &[]);
        assert_eq!(ended.status, Some(0), "git {arguments:?}: {ended:?}");
        ended.out.trim_end().to_owned()
    }

    /// Where a branch stands on the forge.
    pub fn tip(&self, branch: &str) -> Option<String> {
        let ended = self.run(
            &self.origin(),
            "git",
            &["rev-parse", "-q", "--verify", &format!("refs/heads/{branch}")],
            &[],
        );
        (ended.status == Some(0)).then(|| ended.out.trim().to_owned())
    }

    pub fn branches(&self) -> Vec<String> {
        let listed = self.git(&self.origin(), &["for-each-ref", "--format=%(refname:short)", "refs/heads/"]);
        listed.lines().map(str::to_owned).collect()
    }

    pub fn manifest(&self, rev: &str) -> String {
        self.git(&self.origin(), &["show", &format!("{rev}:{CURRENT}")]) + "\n"
    }

    /// The version of each component, each with the digest that belongs to it.
    pub fn versions(&self, rev: &str) -> BTreeMap<String, usize> {
        let text = self.manifest(rev);
        let lines: Vec<&str> = text.lines().collect();
        let entries = lines[1..].chunks(4).map(|lines| {
            let name = lines[0].trim().trim_end_matches(':');
            let tag = lines[2].trim().strip_prefix("tag: v1.").and_then(|tag| tag.strip_suffix(".0"));
            let version = tag.and_then(|tag| tag.parse().ok()).expect("a version of ours");
            assert_eq!(lines[3].trim(), format!("digest: {}", digest(name, version)), "a torn pin\n{text}");
            (name.to_owned(), version)
        });
        entries.collect()
    }

    /// Every push that was taken, in order for each branch.
    pub fn updates(&self, branch: &str) -> Vec<Update> {
        let log = std::fs::read_to_string(self.path("log")).unwrap_or_default();
        let name = format!("refs/heads/{branch}");
        let mut open: Vec<Update> = log
            .lines()
            .map(|line| line.split(' ').map(str::to_owned).collect::<Vec<_>>())
            .filter(|row| row[2] == name)
            .map(|row| Update { old: row[0].clone(), new: row[1].clone(), name: row[2].clone() })
            .collect();
        // Hooks of two pushes may write in any order; each follows on the one that it replaced.
        let mut sorted: Vec<Update> = Vec::new();
        while let Some(at) = open.iter().position(|update| match sorted.last() {
            None => update.old.bytes().all(|byte| byte == b'0'),
            Some(last) => update.old == last.new,
        }) {
            sorted.push(open.remove(at));
        }
        assert!(open.is_empty(), "{} pushes that follow on nothing: {:?}", open.len(), open[0]);
        sorted
    }

    /// Every state that main ever had is in history, or is the present one; and the rules find no
    /// fault with any of the updates.
    #[track_caller]
    pub fn assert_nothing_is_lost(&self) {
        let updates = self.updates("main");
        let rows = self.git(&self.origin(), &["ls-tree", "-r", "main", "releases/"]);
        let kept: BTreeSet<&str> = rows.lines().filter_map(|row| row.split([' ', '\t']).nth(2)).collect();
        let at = |update: &Update| format!("{}:{CURRENT}", update.new);
        let names: Vec<String> = updates.iter().map(at).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let states = self.git(&self.origin(), &[&["rev-parse"], &names[..]].concat());
        assert_eq!(states.lines().count(), updates.len());
        for (state, Update { new, .. }) in states.lines().zip(&updates) {
            assert!(kept.contains(state), "the state of {new} is lost");
        }
        for Update { old, new, .. } in &updates[1..] {
            let ended = self.run(&self.origin(), "sysbom", &["check", "--base", old, "--head", new], &[]);
            assert_eq!(ended.status, Some(0), "{old} -> {new}\n{}\n{}", ended.out, ended.err);
        }
    }

    /// Brings a branch onto main as a forge does, by text, and deletes it. `false` if it conflicts.
    pub fn merge(&self, folder: &Path, branch: &str, how: Merging, variables: &[(&str, &str)]) -> bool {
        let git = |arguments: &[&str]| self.run(folder, "git", arguments, variables);
        let must = |arguments: &[&str]| {
            let ended = git(arguments);
            assert_eq!(ended.status, Some(0), "git {arguments:?}: {ended:?}");
        };
        let theirs = format!("origin/{branch}");
        must(&["fetch", "-q", "--prune", "origin"]);
        must(&["checkout", "-q", "--detach", "origin/main"]);
        let merged = match how {
            Merging::Commit => git(&["merge", "-q", "--no-ff", "-m", &format!("Merge {branch}"), &theirs]),
            Merging::Squash => git(&["merge", "-q", "--squash", &theirs]),
            Merging::Rebase => {
                must(&["checkout", "-q", "--detach", &theirs]);
                git(&["rebase", "-q", "--force-rebase", "origin/main"])
            }
        };
        if merged.status != Some(0) {
            git(&["merge", "--abort"]);
            git(&["rebase", "--abort"]);
            git(&["reset", "-q", "--hard"]);
            return false;
        }
        if matches!(how, Merging::Squash) {
            must(&["commit", "-q", "--allow-empty", "-m", &format!("Squash {branch}")]);
        }
        must(&["push", "-q", "origin", "HEAD:main", &format!(":{branch}")]);
        true
    }
}
