//! Runs the workflow files that users get, step by step, on this machine: every `run:` under the
//! shell that the forge would use, with an event file, outputs and a summary, against a bare
//! repository in the place of the forge. Actions are played: a checkout clones as the real one does.
//!
//! What a forge expands is expanded here by `expression`; what is not known there is a failure, so
//! nothing in the files can be quietly skipped.

pub mod expression;
pub mod github;
pub mod gitlab;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::support::{Place, Ran, Scratch, path_with_sysbom};

/// Variables of an environment.
pub type Vars = BTreeMap<String, String>;

/// A forge: a bare repository, the workspaces of its runners, and `gh` and `curl` that only write
/// down what they were told.
pub struct Forge {
    scratch: Scratch,
    executed: RefCell<BTreeSet<(String, String)>>,
    workspaces: RefCell<usize>,
}

impl Forge {
    /// A forge whose repository holds these files on `main`; a person's clone is the scratch's.
    pub fn with(files: &[(&str, &str)]) -> Forge {
        let scratch = Scratch::new();
        for (path, text) in files {
            scratch.write(path, text);
        }
        scratch.commit("Begin");
        scratch.git(&["init", "-q", "--bare", "-b", "main", "../forge.git"]);
        let forge = Forge { scratch, executed: RefCell::default(), workspaces: RefCell::default() };
        forge.remote().git(&["config", "receive.advertisePushOptions", "true"]);
        forge.script("forge.git/hooks/post-receive", POST_RECEIVE);
        forge.script("stub/gh", GH);
        forge.script("stub/curl", CURL);
        forge.scratch.git(&["remote", "add", "origin", "../forge.git"]);
        forge.scratch.git(&["push", "-q", "-u", "origin", "main"]);
        forge.scratch.git(&["remote", "set-head", "origin", "main"]);
        forge.told();
        forge
    }

    /// The person's clone.
    pub fn clone_of_a_person(&self) -> &Scratch {
        &self.scratch
    }

    /// The bare repository.
    pub fn remote(&self) -> Place<'_> {
        self.scratch.at(&self.path("forge.git"))
    }

    /// The commit of a ref on the forge; all zeros where there is none.
    pub fn tip(&self, name: &str) -> String {
        let ran = self.remote().try_git(&["rev-parse", "--verify", "-q", name]);
        if ran.status == Some(0) { ran.out.trim().to_owned() } else { "0".repeat(40) }
    }

    /// A file on the forge's `main`.
    #[track_caller]
    pub fn file(&self, revision: &str, path: &str) -> String {
        self.remote().git(&["cat-file", "blob", &format!("{revision}:{path}")])
    }

    /// The names below a folder on the forge.
    pub fn list(&self, revision: &str, folder: &str) -> Vec<String> {
        let names = self.remote().git(&["ls-tree", "-r", "--name-only", revision, "--", folder]);
        names.lines().map(str::to_owned).collect()
    }

    /// The branches that sysbom has on the forge.
    pub fn branches(&self) -> Vec<String> {
        let names = self.remote().git(&["for-each-ref", "--format=%(refname:short)", "refs/heads"]);
        names.lines().map(str::to_owned).filter(|name| name != "main").collect()
    }

    /// What `gh`, `curl` and pushes were told, since the last time this was asked.
    pub fn told(&self) -> String {
        let log = self.path("told");
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let _ = std::fs::remove_file(&log);
        text
    }

    /// The steps that have been run: file and step.
    pub fn executed(&self) -> BTreeSet<(String, String)> {
        self.executed.borrow().clone()
    }

    /// A file of the forge's world.
    pub fn path(&self, name: &str) -> PathBuf {
        self.scratch.root().join(name)
    }

    /// A new folder for a runner to work in; the last one is gone, as a hosted runner is.
    fn workspace(&self) -> PathBuf {
        let last = self.path(&format!("runner-{}", self.workspaces.borrow()));
        for folder in [last.with_extension("files"), last] {
            let _ = std::fs::remove_dir_all(folder);
        }
        *self.workspaces.borrow_mut() += 1;
        let folder = self.path(&format!("runner-{}", self.workspaces.borrow()));
        std::fs::create_dir(&folder).expect("the scratch folder is ours");
        folder
    }

    fn script(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("scratch is ours");
        std::fs::write(&path, text).expect("scratch is ours");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("scratch is ours");
    }

    /// Runs a script under bash as a runner does, with these variables and no others of ours.
    fn bash(&self, folder: &Path, script: &str, vars: &Vars) -> Ran {
        let file = self.path("step.sh");
        std::fs::write(&file, script).expect("scratch is ours");
        let theirs = path_with_sysbom();
        let stub = std::iter::once(self.path("stub")).chain(std::env::split_paths(&theirs));
        let mut command = self.scratch.command(folder, "bash");
        // The identity is the workflow's business, and so is the date.
        for name in ["NAME", "EMAIL", "DATE"] {
            command.env_remove(format!("GIT_AUTHOR_{name}")).env_remove(format!("GIT_COMMITTER_{name}"));
        }
        command
            .args(["--noprofile", "--norc", "-eo", "pipefail"])
            .arg(&file)
            .env("PATH", std::env::join_paths(stub).expect("no folder has a colon"))
            .env("TOLD", self.path("told"))
            .env("CI", "true")
            .envs(vars);
        let output = command.output().expect("bash starts");
        Ran {
            status: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Where the project's files are.
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Writes down its arguments, one to a line, and knows no open pull request.
const GH: &str = r#"#!/bin/sh
{ echo "gh"; for argument; do printf '  %s\n' "$argument"; done; } >> "$TOLD"
case "$1 $2" in
  "pr list") [ ! -e "$TOLD.open" ] || cat "$TOLD.open" ;;
  "pr create") [ ! -e "$TOLD.forbidden" ] || exit 1 ;;
esac
"#;

const CURL: &str = r#"#!/bin/sh
{ echo "curl"; for argument; do printf '  %s\n' "$argument"; done; } >> "$TOLD"
"#;

/// Writes down the options that came with a push.
const POST_RECEIVE: &str = r#"#!/bin/sh
log=$(pwd)/../told
i=0
while [ "$i" -lt "${GIT_PUSH_OPTION_COUNT:-0}" ]; do
  eval "printf 'push option %s\n' \"\$GIT_PUSH_OPTION_$i\"" >> "$log"
  i=$((i + 1))
done
while read -r _ new ref; do echo "pushed $ref" >> "$log"; done
"#;
