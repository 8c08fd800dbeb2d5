//! Whether a push to this repository is judged: the hook of a server, written by install, copied by
//! hand, or called by a forge's own.

use std::fs;
use std::path::{Path, PathBuf};

use super::hooks::{HooksFolder, is_executable};
use super::status::{Check, INSTALL, calls_sysbom};
use super::{Error, Repo};

/// The hooks that can refuse a push. One of them is enough.
const HOOKS: [&str; 2] = ["pre-receive", "update"];

/// What was made of one place where a hook may stand.
enum Judge {
    /// It runs sysbom; the text says more.
    Here(&'static str),
    /// It looks as if it did, and does not.
    Not(&'static str, String),
}

impl Judge {
    fn is_of_others(&self) -> bool {
        matches!(self, Judge::Not(OTHER, _))
    }

    fn is_link_to_nothing(&self) -> bool {
        matches!(self, Judge::Not(NOTHING, _))
    }
}

impl Repo {
    pub(super) fn server_hook_status(&self) -> Result<Check, Error> {
        let (folder, elsewhere) = match self.hooks_folder()? {
            HooksFolder::Ours(folder) => (folder, None),
            HooksFolder::NotOurs { path, why, help } => (path, Some((why, help))),
        };
        let mut faults = Vec::new();
        for name in HOOKS {
            for (path, judge) in judges(&folder, name) {
                let shown = path.display();
                match judge {
                    Judge::Here(more) => return Ok(Check::good(name, format!("{shown} calls sysbom{more}"))),
                    Judge::Not(why, help) => faults.push(Check::bad(name, format!("{shown} {why}"), help)),
                }
            }
        }
        if let Some((why, help)) = elsewhere {
            return Ok(Check::bad("hooks", format!("{}: {why}", folder.display()), help));
        }
        Ok(faults.into_iter().next().unwrap_or_else(|| {
            let none = "neither hooks/pre-receive nor hooks/update is there, so nothing is judged";
            Check::bad(HOOKS[0], none, INSTALL)
        }))
    }
}

/// What stands there under this name: the hook itself or, where it calls others, those of sysbom.
fn judges(folder: &Path, name: &str) -> Vec<(PathBuf, Judge)> {
    let path = folder.join(name);
    let Ok(meta) = fs::symlink_metadata(&path) else { return Vec::new() };
    let text = fs::read(&path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    // Gitea and Forgejo have a folder; gitolite links to a script that calls what stands beside it.
    let (has_folder, has_row) = (text.contains(&format!("{name}.d")), text.contains("$0."));
    let mut called = Vec::new();
    if has_folder {
        called.extend(entries(&folder.join(format!("{name}.d")), ""));
    }
    if has_row {
        called.extend(entries(folder, &format!("{name}.h")));
    }
    let called = called.into_iter().map(|path| judge(path, name));
    let mut judges: Vec<_> = called.filter(|(_, judge)| !judge.is_of_others()).collect();
    if !judges.is_empty() && is_executable(&path) {
        return judges;
    }
    let (path, mut own) = judge(path, name);
    if meta.is_symlink() && !has_row && !own.is_link_to_nothing() {
        let help = "copy the hook instead: `rm` the link, then `sysbom install`".to_owned();
        own = Judge::Not("is a link: should it lead to nothing one day, every push passes", help);
    }
    judges.insert(0, (path, own));
    judges
}

const OTHER: &str = "is a hook that does not call sysbom";
/// git takes it for no hook at all.
const NOTHING: &str = "is a link that leads to nothing, so every push passes";

fn judge(path: PathBuf, name: &str) -> (PathBuf, Judge) {
    let text = fs::read(&path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let judge = if calls_sysbom(&path) {
        let has_arguments = text.contains(&format!("sysbom hook {name} --"));
        Judge::Here(if has_arguments { ", with arguments, which win over the settings below" } else { "" })
    } else if !path.exists() {
        Judge::Not(
            NOTHING,
            "copy the hook to where the link is, or put it back where the link leads".to_owned(),
        )
    } else if !is_executable(&path) {
        let help = format!("`chmod +x {}`", path.display());
        Judge::Not("is not executable, so git does not run it", help)
    } else {
        Judge::Not(OTHER, INSTALL.to_owned())
    };
    (path, judge)
}

/// The files of a folder whose names begin so, in order.
fn entries(folder: &Path, prefix: &str) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
    names.retain(|name| name.to_string_lossy().starts_with(prefix));
    names.sort();
    names.into_iter().map(|name| folder.join(name)).collect::<Vec<_>>().into_iter()
}
