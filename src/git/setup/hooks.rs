//! The hooks: small scripts that call `sysbom hook`. A hook that was there before is kept beside
//! and runs first.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::fs as files;
use super::{Error, HookSet, Repo, Step, StepOutcome};

/// What every script of ours has in its second line.
const MARK: &str = "# sysbom-hook";

/// What is put behind the name of a hook that was there before.
const BEFORE: &str = ".before-sysbom";

/// Every script that install can write.
const SCRIPTS: [(&str, &str); 5] = [
    ("pre-commit", include_str!("../../../hooks/pre-commit")),
    ("pre-merge-commit", include_str!("../../../hooks/pre-merge-commit")),
    ("pre-push", include_str!("../../../hooks/pre-push")),
    ("pre-receive", include_str!("../../../hooks/pre-receive")),
    ("update", include_str!("../../../hooks/update")),
];

impl HookSet {
    pub(super) fn names(self) -> &'static [&'static str] {
        match self {
            HookSet::None => &[],
            HookSet::Client => &["pre-commit", "pre-merge-commit", "pre-push"],
            HookSet::Server => &["pre-receive"],
            HookSet::ServerUpdate => &["update"],
        }
    }
}

/// The script of a hook. git cannot run one with carriage returns, which a checkout of our source
/// may have.
fn script(name: &str) -> String {
    let script = SCRIPTS.iter().find(|(known, _)| *known == name);
    script.expect("every hook of a set has a script").1.replace("\r\n", "\n")
}

/// Where hooks go, or why they cannot go there.
pub(super) enum HooksFolder {
    Ours(PathBuf),
    NotOurs { path: PathBuf, why: &'static str, help: String },
}

impl Repo {
    pub(super) fn install_hooks(&self, set: HookSet) -> Result<Vec<Step>, Error> {
        if set.names().is_empty() {
            return Ok(Vec::new());
        }
        if set == HookSet::Client
            && let Some(manager) = self.manager_that_runs_sysbom()
        {
            let why = format!("{manager} runs sysbom already");
            return Ok(vec![Step::left("hooks", why, String::new())]);
        }
        match self.hooks_folder()? {
            HooksFolder::NotOurs { path, why, help } => {
                Ok(vec![Step::left(path.display().to_string(), why, help)])
            }
            HooksFolder::Ours(folder) => {
                fs::create_dir_all(&folder).map_err(|cause| failed("make", &folder, cause))?;
                set.names().iter().map(|name| install(&folder, name)).collect()
            }
        }
    }

    pub(super) fn uninstall_hooks(&self) -> Result<Vec<Step>, Error> {
        let HooksFolder::Ours(folder) = self.hooks_folder()? else { return Ok(Vec::new()) };
        let steps: Result<Vec<_>, Error> = SCRIPTS.iter().map(|(name, _)| uninstall(&folder, name)).collect();
        Ok(steps?.into_iter().flatten().collect())
    }

    /// The folder from which git runs hooks here.
    pub(super) fn hooks_folder(&self) -> Result<HooksFolder, Error> {
        let configured = self.config_value(&["config", "--type=path", "--get", "core.hooksPath"])?;
        let Some(configured) = configured else {
            return Ok(HooksFolder::Ours(self.absolute(self.common_dir()).join("hooks")));
        };
        // git takes it from where it runs hooks: the top of the working tree, or the bare repository.
        let place = self.top().unwrap_or_else(|_| self.absolute(self.git_dir()));
        let path = place.join(&configured);
        let lies_in = |folder: &Path| {
            folder.canonicalize().is_ok_and(|folder| nearest(&path).is_some_and(|p| p.starts_with(folder)))
        };
        if configured.is_empty() || path.is_file() || configured == "/dev/null" {
            let help = "`git config --unset core.hooksPath`, then install again".to_owned();
            return Ok(HooksFolder::NotOurs { path, why: "`core.hooksPath` turns hooks off", help });
        }
        if !lies_in(&place) && !lies_in(self.common_dir()) {
            let help =
                "call `sysbom hook NAME \"$@\"` from the hooks there, or set `core.hooksPath` for this \
                        repository: `git config core.hooksPath .git/hooks`"
                    .to_owned();
            return Ok(HooksFolder::NotOurs {
                path,
                why: "`core.hooksPath` leads out of this repository",
                help,
            });
        }
        if path.components().any(|part| part.as_os_str() == ".husky") {
            let help =
                "add `sysbom hook pre-commit` to .husky/pre-commit, and likewise for pre-merge-commit and \
                        pre-push"
                    .to_owned();
            return Ok(HooksFolder::NotOurs { path, why: "husky writes the hooks there", help });
        }
        Ok(HooksFolder::Ours(path))
    }

    /// The file of a hook manager that names sysbom.
    pub(super) fn manager_that_runs_sysbom(&self) -> Option<String> {
        const FILES: [&str; 15] = [
            ".pre-commit-config.yaml",
            ".pre-commit-config.yml",
            "prek.toml",
            "lefthook.yml",
            "lefthook.yaml",
            "lefthook.toml",
            "lefthook.json",
            ".lefthook.yml",
            ".lefthook.yaml",
            ".lefthook.toml",
            ".lefthook.json",
            ".config/lefthook.yml",
            ".config/lefthook.yaml",
            ".husky/pre-commit",
            ".overcommit.yml",
        ];
        let top = self.top().ok()?;
        let names_sysbom = |file: &&&str| {
            let text = fs::read_to_string(top.join(file)).unwrap_or_default();
            text.lines().any(|line| !line.trim_start().starts_with('#') && line.contains("sysbom"))
        };
        FILES.iter().find(names_sysbom).map(|file| (*file).to_owned())
    }
}

fn install(folder: &Path, name: &str) -> Result<Step, Error> {
    let path = folder.join(name);
    let kept = folder.join(format!("{name}{BEFORE}"));
    let shown = path.display().to_string();
    let script = script(name);
    let is_there = fs::symlink_metadata(&path).is_ok();
    if is_there && is_ours(&path) {
        let is_same = fs::read(&path).is_ok_and(|there| there == script.as_bytes()) && is_executable(&path);
        if is_same {
            return Ok(Step::new(shown, StepOutcome::AlreadyThere));
        }
    } else if is_there {
        if fs::symlink_metadata(&kept).is_ok() {
            let help = format!("keep one of the two, then install again: {} is the older", kept.display());
            return Ok(Step::left(shown, "another hook is here, and one is kept from before", help));
        }
        fs::rename(&path, &kept).map_err(|cause| failed("keep", &path, cause))?;
    }
    write_script(&path, &script)?;
    let note = if fs::symlink_metadata(&kept).is_ok() {
        format!("the hook that was here runs first, as {}", kept.display())
    } else {
        String::new()
    };
    Ok(Step::new(shown, StepOutcome::Written(note)))
}

fn uninstall(folder: &Path, name: &str) -> Result<Option<Step>, Error> {
    let path = folder.join(name);
    let kept = folder.join(format!("{name}{BEFORE}"));
    let shown = path.display().to_string();
    let was_kept = fs::symlink_metadata(&kept).is_ok();
    if fs::symlink_metadata(&path).is_ok() && !is_ours(&path) {
        let help = format!("merge it with {} by hand", kept.display());
        let step = Step::left(shown, "another hook has taken its place since", help);
        return Ok(was_kept.then_some(step));
    }
    if was_kept {
        fs::rename(&kept, &path).map_err(|cause| failed("put back", &path, cause))?;
        return Ok(Some(Step::new(shown, StepOutcome::Removed("the hook from before is back".to_owned()))));
    }
    match fs::remove_file(&path) {
        Ok(()) => Ok(Some(Step::new(shown, StepOutcome::Removed(String::new())))),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(failed("remove", &path, cause)),
    }
}

/// Whether install wrote it. A link is never ours, wherever it leads.
pub(super) fn is_ours(path: &Path) -> bool {
    let is_file = fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file());
    let text = if is_file { fs::read(path).unwrap_or_default() } else { Vec::new() };
    text.split(|byte| *byte == b'\n').nth(1).is_some_and(|line| line.starts_with(MARK.as_bytes()))
}

#[cfg(unix)]
pub(super) fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o100 != 0)
}

#[cfg(not(unix))]
pub(super) fn is_executable(_path: &Path) -> bool {
    true
}

fn write_script(path: &Path, script: &str) -> Result<(), Error> {
    files::replace_file(path, script.as_bytes())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let readable = fs::metadata(path).map_err(|cause| failed("write", path, cause))?.permissions().mode();
        // Whoever may read it may run it: the umask has decided.
        let mode = readable | (readable & 0o444) >> 2;
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
            .map_err(|cause| failed("make executable", path, cause))?;
    }
    Ok(())
}

/// The folder itself, or the nearest one above it that is there.
fn nearest(path: &Path) -> Option<PathBuf> {
    path.ancestors().find_map(|folder| folder.canonicalize().ok())
}

fn failed(what: &str, path: &Path, cause: std::io::Error) -> Error {
    Error::new(format!("could not {what} {}", path.display())).because(cause)
}
