//! Moving a hook of the user's aside and back: files keep their bytes and modes, links their ends.

use std::fs;
use std::path::{Path, PathBuf};

use super::Error;
use super::hooks::failed;

/// Moves a hook into the folder below. A link that leads from here must lead from there.
pub(super) fn keep(path: &Path, kept: &Path) -> Result<(), Error> {
    let folder = kept.parent().expect("it lies in a folder of ours");
    fs::create_dir_all(folder).map_err(|cause| failed("make", folder, cause))?;
    move_hook(path, kept, |target| Some(Path::new("..").join(target)))
}

/// Moves it back, byte for byte and with its mode.
pub(super) fn put_back(kept: &Path, path: &Path) -> Result<(), Error> {
    move_hook(kept, path, |target| target.strip_prefix("..").ok().map(Path::to_owned))
}

fn move_hook(from: &Path, to: &Path, target: impl Fn(&Path) -> Option<PathBuf>) -> Result<(), Error> {
    let leads_to = fs::read_link(from).ok().filter(|leads_to| leads_to.is_relative());
    match leads_to.and_then(|leads_to| target(&leads_to)) {
        Some(leads_to) => {
            let beside = to.with_extension("sysbom-new");
            link(&leads_to, &beside).map_err(|cause| failed("write", &beside, cause))?;
            fs::rename(&beside, to).map_err(|cause| failed("write", to, cause))?;
            fs::remove_file(from).map_err(|cause| failed("remove", from, cause))
        }
        None => fs::rename(from, to).map_err(|cause| failed("move", from, cause)),
    }
}

#[cfg(unix)]
fn link(target: &Path, path: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(windows)]
fn link(target: &Path, path: &Path) -> std::io::Result<()> {
    std::os::windows::fs::symlink_file(target, path)
}
