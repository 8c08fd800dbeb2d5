//! Files that are replaced whole: whoever is interrupted leaves the old file or the new one.

use std::fs::{File, Permissions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use super::{Error, fault};

/// How the name of a file begins that is still being written, or whose writer was killed.
pub(super) const UNFINISHED: &str = ".sysbom-";

/// Replaces a file, or makes it. Writes beside it, waits for the disk, and renames; an existing
/// file's permissions are kept.
pub fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let permissions = std::fs::symlink_metadata(path).ok().filter(std::fs::Metadata::is_file);
    let permissions = permissions.map(|meta| meta.permissions());
    write(path, bytes, permissions, |file, path| file.persist(path)).map_err(|cause| failed(path, cause))
}

/// Makes a file that must not be there yet. `false` if it is.
pub(super) fn create_file(path: &Path, bytes: &[u8]) -> Result<bool, Error> {
    match write(path, bytes, None, |file, path| file.persist_noclobber(path)) {
        Ok(()) => Ok(true),
        Err(cause) if cause.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(cause) => Err(failed(path, cause)),
    }
}

type Persist = fn(NamedTempFile, &Path) -> Result<File, tempfile::PersistError>;

fn write(
    path: &Path,
    bytes: &[u8],
    permissions: Option<Permissions>,
    persist: Persist,
) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    let mut file = match permissions {
        Some(permissions) => {
            let file = builder.tempfile_in(folder)?;
            file.as_file().set_permissions(permissions)?;
            file
        }
        None => builder.permissions(ordinary()).tempfile_in(folder)?,
    };
    fault::point();
    file.write_all(bytes)?;
    fault::point();
    file.as_file().sync_all()?;
    fault::point();
    persist(file, path).map_err(|error| error.error)?;
    fault::point();
    // The name is safe once the folder is; where folders cannot be opened, the rename must do.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// Takes the executable bits away, where there are such.
#[cfg(unix)]
pub(super) fn make_plain(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).map_err(|cause| failed(path, cause))?.permissions().mode();
    if mode & 0o111 == 0 {
        return Ok(());
    }
    std::fs::set_permissions(path, Permissions::from_mode(mode & !0o111)).map_err(|cause| failed(path, cause))
}

/// Takes the executable bits away, where there are such.
#[cfg(not(unix))]
pub(super) fn make_plain(_path: &Path) -> Result<(), Error> {
    Ok(())
}

/// What a new file gets, before the umask.
#[cfg(unix)]
fn ordinary() -> Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o666)
}

#[cfg(not(unix))]
fn ordinary() -> Permissions {
    std::fs::metadata(".").map(|meta| meta.permissions()).expect("the working folder is there")
}

fn failed(path: &Path, cause: std::io::Error) -> Error {
    Error::new(format!("could not write {}", path.display())).because(cause)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_replaced_file_keeps_its_permissions_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("current.yaml");
        for mode in [0o600, 0o644, 0o755, 0o400] {
            replace_file(&path, b"old").unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            replace_file(&path, b"new").unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), b"new");
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_is_replaced_and_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (folder.path().join("link"), folder.path().join("target"));
        std::fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        replace_file(&link, b"new").unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"old");
        assert!(std::fs::symlink_metadata(&link).unwrap().is_file());
    }

    #[test]
    fn a_file_that_is_there_is_not_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        assert!(create_file(&path, b"1").unwrap());
        assert!(!create_file(&path, b"2").unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"1");
        assert!(replace_file(&folder.path().join("none/a"), b"x").is_err());
    }
}
