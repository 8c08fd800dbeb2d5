//! The hooks: small scripts that call `sysbom hook`. A hook that was there before is kept in a folder
//! beside them and runs first. A script that somebody has edited since is theirs.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::fs as files;
use super::kept::{keep, put_back};
use super::place::nearest;
use super::{Error, HookSet, Repo, Step, StepOutcome};

/// What every script of ours has in its second line.
const MARK: &str = "# sysbom-hook";

/// The folder for hooks that were there before, each under its own name: many a hook asks for it.
const BEFORE: &str = "before-sysbom";

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
        let (mut steps, names) = self.left_to_managers(set);
        if names.is_empty() {
            return Ok(steps);
        }
        match self.hooks_folder()? {
            HooksFolder::NotOurs { path, why, help } => {
                steps.push(Step::left(path.display().to_string(), why, help));
            }
            HooksFolder::Ours(folder) => {
                fs::create_dir_all(&folder).map_err(|cause| failed("make", &folder, cause))?;
                for name in names {
                    steps.push(self.install_hook(&folder, name)?);
                }
            }
        }
        Ok(steps)
    }

    /// What hook managers run already, and the hooks that nobody runs yet.
    fn left_to_managers(&self, set: HookSet) -> (Vec<Step>, Vec<&'static str>) {
        let (mut left, mut ours) = (Vec::new(), Vec::new());
        for name in set.names().iter().copied() {
            match self.manager_of(name).filter(|_| set == HookSet::Client) {
                Some(manager) => left.push((name, format!("{manager} runs sysbom already"))),
                None => ours.push(name),
            }
        }
        // One line where there is one thing to say.
        if ours.is_empty() && left.windows(2).all(|pair| pair[0].1 == pair[1].1) {
            left.truncate(1);
            for (name, _) in &mut left {
                *name = "hooks";
            }
        }
        (left.into_iter().map(|(name, why)| Step::left(name, why, String::new())).collect(), ours)
    }

    pub(super) fn uninstall_hooks(&self) -> Result<Vec<Step>, Error> {
        let folder = match self.hooks_folder()? {
            HooksFolder::Ours(folder) => folder,
            HooksFolder::NotOurs { path, why, .. } => return Ok(left_outside(&path, why)),
        };
        let uninstall = |(name, _): &(&str, _)| self.uninstall_hook(&folder, name);
        let steps = SCRIPTS.iter().map(uninstall).collect::<Result<Vec<_>, Error>>()?;
        // Only if nothing else is in it.
        let _ = fs::remove_dir(folder.join(BEFORE));
        Ok(steps.into_iter().flatten().collect())
    }

    fn install_hook(&self, folder: &Path, name: &str) -> Result<Step, Error> {
        let (path, kept) = (folder.join(name), folder.join(BEFORE).join(name));
        let shown = path.display().to_string();
        let (script, place) = (script(name), self.place_of(&path));
        let mut record = self.record()?;
        match found(&path, &script, record.hooks.get(&place)) {
            Found::Nothing | Found::Ours => {}
            Found::Current => return Ok(Step::new(shown, StepOutcome::AlreadyThere)),
            Found::Edited => {
                let help = format!(
                    "move what is yours into {}, which runs first, delete the rest and install again",
                    kept.display()
                );
                return Ok(Step::left(shown, EDITED, help));
            }
            Found::Theirs if is_there(&kept) => {
                let help =
                    format!("keep one of the two, then install again: {} is the older", kept.display());
                return Ok(Step::left(shown, "another hook is here, and one is kept from before", help));
            }
            Found::Theirs => keep(&path, &kept)?,
        }
        record.hooks.insert(place, script.clone());
        self.keep_record(&record)?;
        write_script(&path, &script)?;
        let note = if is_there(&kept) {
            format!("the hook that was here runs first, as {}", kept.display())
        } else {
            String::new()
        };
        Ok(Step::new(shown, StepOutcome::Written(note)))
    }

    fn uninstall_hook(&self, folder: &Path, name: &str) -> Result<Option<Step>, Error> {
        let (path, kept) = (folder.join(name), folder.join(BEFORE).join(name));
        let shown = path.display().to_string();
        let (was_kept, place) = (is_there(&kept), self.place_of(&path));
        let mut record = self.record()?;
        let removed = match found(&path, &script(name), record.hooks.get(&place)) {
            Found::Edited => {
                let help = format!("delete what is not yours{}", and_merge(&kept));
                return Ok(Some(Step::left(shown, EDITED, help)));
            }
            Found::Theirs => {
                let help = format!("merge it with {} by hand", kept.display());
                let step = Step::left(shown, "another hook has taken its place since", help);
                return Ok(was_kept.then_some(step));
            }
            Found::Ours | Found::Current => true,
            Found::Nothing => false,
        };
        if was_kept {
            put_back(&kept, &path)?;
        } else if removed {
            fs::remove_file(&path).map_err(|cause| failed("remove", &path, cause))?;
        }
        record.hooks.remove(&place);
        self.keep_record(&record)?;
        let note = if was_kept { "the hook from before is back" } else { "" };
        Ok((removed || was_kept).then(|| Step::new(shown, StepOutcome::Removed(note.to_owned()))))
    }

    /// The folder from which git runs hooks here.
    pub(super) fn hooks_folder(&self) -> Result<HooksFolder, Error> {
        let configured = self.config_value(&["config", "--type=path", "--get", "core.hooksPath"])?;
        let Some(configured) = configured else {
            let path = self.shared_dir().join("hooks");
            return Ok(if self.holds(&path) {
                HooksFolder::Ours(path)
            } else {
                let help = "call `sysbom hook NAME \"$@\"` from the hooks there, or put a folder of this \
                            repository in its place"
                    .to_owned();
                HooksFolder::NotOurs { path, why: "the folder of hooks leads out of this repository", help }
            });
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
}

/// Hooks of ours in a folder that other repositories may run too.
fn left_outside(folder: &Path, why: &str) -> Vec<Step> {
    let is_there = |(name, _): &&(&str, _)| is_ours(&folder.join(name), name);
    let left = SCRIPTS.iter().filter(is_there).map(|(name, _)| {
        let help = "delete it by hand if no other repository runs it";
        Step::left(folder.join(name).display().to_string(), why, help)
    });
    left.collect()
}

const EDITED: &str = "it has been edited since `sysbom install` wrote it";

/// What stands where a script of ours belongs.
enum Found {
    Nothing,
    /// The script that would be written.
    Current,
    /// A script as install wrote it, in another version, or not executable.
    Ours,
    /// A script of ours that somebody has edited.
    Edited,
    /// A hook of somebody else. A link is one, wherever it leads.
    Theirs,
}

fn found(path: &Path, script: &str, recorded: Option<&String>) -> Found {
    if !is_there(path) {
        return Found::Nothing;
    }
    let is_file = fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file());
    let there = if is_file { fs::read(path).unwrap_or_default() } else { Vec::new() };
    if there == script.as_bytes() {
        return if is_executable(path) { Found::Current } else { Found::Ours };
    }
    if recorded.is_some_and(|recorded| there == recorded.as_bytes()) {
        return Found::Ours;
    }
    if is_marked(&there) { Found::Edited } else { Found::Theirs }
}

fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn and_merge(kept: &Path) -> String {
    if is_there(kept) { format!(", and merge it with {}", kept.display()) } else { String::new() }
}

/// Whether install wrote it and nobody has edited it. A link is never ours, wherever it leads.
pub(super) fn is_ours(path: &Path, name: &str) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file())
        && fs::read(path).is_ok_and(|there| there == script(name).as_bytes())
}

/// Whether it began as a script of ours.
pub(super) fn is_marked(text: &[u8]) -> bool {
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

pub(super) fn failed(what: &str, path: &Path, cause: std::io::Error) -> Error {
    Error::new(format!("could not {what} {}", path.display())).because(cause)
}
