//! How a repository is set up: what `sysbom doctor` tells of it.

use std::path::Path;
use std::process::{Command, Stdio};

use super::hooks::{HooksFolder, is_executable, is_marked, is_ours};
use super::{Error, Repo, Setup, driver};

/// One thing that should be in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was looked at, in a word or two.
    pub name: String,
    /// Whether it is in order.
    pub ok: bool,
    /// What was found, one line.
    pub message: String,
    /// What to do; empty if nothing.
    pub help: String,
}

impl Check {
    /// Something that is in order.
    pub fn good(name: &str, message: impl Into<String>) -> Check {
        Check { name: name.to_owned(), ok: true, message: message.into(), help: String::new() }
    }

    /// Something that is not, and what to do.
    pub fn bad(name: &str, message: impl Into<String>, help: impl Into<String>) -> Check {
        Check { name: name.to_owned(), ok: false, message: message.into(), help: help.into() }
    }
}

pub(super) const INSTALL: &str = "run `sysbom install`";

impl Repo {
    /// Looks at everything that [`Repo::install`] sets up, and at what the checks need besides. In a bare
    /// repository the hooks are those of a server.
    pub fn setup_status(&self, setup: &Setup) -> Result<Vec<Check>, Error> {
        let mut checks = vec![self.git_version()?, self.driver_status(setup)?, program_status(setup)];
        checks.extend(self.recursive_status()?);
        for manifest in &setup.manifests {
            checks.push(self.attributes_status(manifest)?);
        }
        if self.is_bare() {
            // What is published here is pushed here: there is no other base.
            checks.push(self.server_hook_status()?);
        } else {
            checks.extend(self.hooks_status(setup)?);
            checks.push(self.base_status()?);
        }
        checks.push(self.depth_status());
        Ok(checks)
    }

    fn git_version(&self) -> Result<Check, Error> {
        let said = self.git().output(&["version"])?;
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        let mut numbers = said.split([' ', '.']).filter_map(|part| part.parse::<u32>().ok());
        let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        Ok(if version >= (2, 44) {
            Check::good("git", said)
        } else if version >= (2, 32) {
            Check::good("git", format!("{said}: conflicts are shown without the names of the sides"))
        } else {
            Check::bad("git", format!("{said} is too old"), "install git 2.32 or newer")
        })
    }

    fn driver_status(&self, setup: &Setup) -> Result<Check, Error> {
        let configured = self.configured_driver()?;
        Ok(match configured {
            Some(line) if line == driver::command_line(&setup.program) => {
                Check::good("merge driver", "git's configuration names it")
            }
            Some(_) => Check::bad("merge driver", "`merge.sysbom.driver` is another command line", INSTALL),
            None => Check::bad(
                "merge driver",
                "`merge.sysbom.driver` is not set: git merges manifests as text and tears pins",
                INSTALL,
            ),
        })
    }

    /// With `recursive` set, git merges virtual bases by another driver, and markers get into them.
    fn recursive_status(&self) -> Result<Option<Check>, Error> {
        let set = self.config_value(&["config", "--get", "merge.sysbom.recursive"])?;
        Ok(set.map(|value| {
            let message = format!("`merge.sysbom.recursive` is `{value}`: a roll-back can be lost");
            Check::bad("virtual bases", message, "`git config --unset merge.sysbom.recursive`")
        }))
    }

    fn attributes_status(&self, manifest: &str) -> Result<Check, Error> {
        let manifest = manifest.replace("{system}", "a-system");
        let history = match manifest.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/history/a.yaml"),
            None => "history/a.yaml".to_owned(),
        };
        let args = ["check-attr", "-z", "merge", "text", "--", &manifest, &history];
        let said = self.git().output(&args)?;
        let said = String::from_utf8_lossy(&said);
        let fields: Vec<&str> = said.split('\0').collect();
        let value = |path: &str, name: &str| {
            let row = fields.chunks(3).find(|row| row.first() == Some(&path) && row.get(1) == Some(&name));
            row.and_then(|row| row.get(2)).copied().unwrap_or("unspecified")
        };
        let merge = value(&manifest, "merge");
        if merge != "sysbom" {
            let message = format!("{manifest} has the attribute `merge: {merge}`, so git merges it as text");
            return Ok(Check::bad("attributes", message, INSTALL));
        }
        for path in [&manifest, &history] {
            let text = value(path, "text");
            if text != "unset" {
                let message = format!("{path} has the attribute `text: {text}`, so git may change its bytes");
                return Ok(Check::bad("attributes", message, INSTALL));
            }
        }
        Ok(Check::good("attributes", format!("{manifest} is merged by sysbom, and its bytes are kept")))
    }

    fn hooks_status(&self, setup: &Setup) -> Result<Vec<Check>, Error> {
        let names = setup.hooks.names();
        let is_run =
            |path: &Path, name: &&str| self.manager_of(name).is_some() || calls_sysbom(&path.join(name));
        let folder = match self.hooks_folder()? {
            HooksFolder::Ours(folder) => folder,
            HooksFolder::NotOurs { path, .. } if names.iter().all(|name| is_run(&path, name)) => path,
            HooksFolder::NotOurs { path, why, help } => {
                return Ok(vec![Check::bad("hooks", format!("{}: {why}", path.display()), help)]);
            }
        };
        let check = |name: &&str| {
            let path = folder.join(name);
            let shown = path.display();
            if let Some(manager) = &self.manager_of(name) {
                // What a manager is told to run, it runs only where its hooks are in place.
                return if path.is_file() && is_executable(&path) {
                    Check::good(name, format!("{manager} runs sysbom"))
                } else {
                    let message = format!("{manager} runs sysbom, but {shown} is not there");
                    Check::bad(name, message, manager_install(manager))
                };
            }
            if is_ours(&path, name) && is_executable(&path) {
                Check::good(name, format!("{shown} calls sysbom"))
            } else if is_ours(&path, name) {
                Check::bad(name, format!("{shown} is not executable, so git does not run it"), INSTALL)
            } else if calls_sysbom(&path) {
                Check::good(name, format!("{shown} names sysbom"))
            } else if std::fs::symlink_metadata(&path).is_ok() {
                Check::bad(name, format!("{shown} is a hook that does not call sysbom"), INSTALL)
            } else {
                Check::bad(name, format!("{shown} is not there"), INSTALL)
            }
        };
        Ok(names.iter().map(check).collect())
    }

    fn base_status(&self) -> Result<Check, Error> {
        let help = "say which branch is protected: `git config sysbom.base origin/main`";
        Ok(match self.base() {
            Ok(Some(base)) if base.how == "HEAD" && self.git().output(&["remote"])?.is_empty() => {
                Check::good(
                    "base",
                    "HEAD, as there is no remote yet; with one, the branch that `git remote set-head origin --auto` finds, \
                 or that `git config sysbom.base` names",
                )
            }
            Ok(Some(base)) if base.how == "HEAD" => {
                Check::bad("base", "the protected branch is not known, HEAD is taken for it", help)
            }
            Ok(Some(base)) => {
                let found = format!("{} at {} (from {})", base.name, base.commit.short(), base.how);
                let other = base.help().map(|help| format!("; if another is protected: {help}"));
                Check::good("base", found + &other.unwrap_or_default())
            }
            Ok(None) => Check::good("base", "there is no commit yet"),
            Err(cause) => Check::bad("base", cause.chain(), help),
        })
    }

    fn depth_status(&self) -> Check {
        if self.is_shallow() {
            return Check::bad("history", "this clone is shallow", super::super::error::DEEPEN);
        }
        Check::good("history", "all commits are here")
    }
}

/// How a hook manager puts its hooks in place.
fn manager_install(manager: &str) -> &'static str {
    if manager.contains("lefthook") {
        "run `lefthook install`"
    } else if manager.starts_with("prek") {
        "run `prek install -t pre-commit -t pre-merge-commit -t pre-push`"
    } else if manager.starts_with(".pre-commit") {
        "run `pre-commit install -t pre-commit -t pre-merge-commit -t pre-push`"
    } else {
        "let your hook manager install its hooks"
    }
}

fn program_status(setup: &Setup) -> Check {
    let mut command = Command::new(&setup.program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match command.status() {
        Ok(status) if status.success() => Check::good("program", format!("`{}` runs", setup.program)),
        Ok(status) => Check::bad(
            "program",
            format!("`{} --version` ends with {status}", setup.program),
            "install it again: `cargo install sysbom`",
        ),
        Err(cause) => Check::bad(
            "program",
            format!("`{}` cannot be run: {cause}", setup.program),
            "put it into a folder of PATH, for git's hooks and merges find it there",
        ),
    }
}

/// A hook of somebody else that names sysbom: a manager's, one written by hand, or one of ours that
/// has been edited.
pub(super) fn calls_sysbom(path: &Path) -> bool {
    let text = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    // Ours names sysbom in other lines too.
    let call = if is_marked(text.as_bytes()) { "sysbom hook" } else { "sysbom" };
    let mut commands = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    is_executable(path) && commands.any(|line| line.contains(call))
}
