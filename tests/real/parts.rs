//! Where the installed parts are.

use std::path::{Path, PathBuf};

/// A program that `tests/real/install` put into place: `helm3`, `helm4`, `pre-commit`, `prek`,
/// `lefthook`, `check-jsonschema`, `zizmor`.
#[track_caller]
pub fn program(name: &str) -> PathBuf {
    let path = root().join("target/real/bin").join(name);
    assert!(path.exists(), "{} is missing: run tests/real/install", path.display());
    path
}

/// A program of a Debian package that `tests/real/install` installed.
#[track_caller]
pub fn debian(name: &str) -> PathBuf {
    let folders = ["/usr/bin", "/usr/sbin"].map(Path::new);
    let found = folders.into_iter().map(|folder| folder.join(name)).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("{name} is missing: run tests/real/install as root"))
}

/// A file or folder of the data that lies beside the project, or where `SYSBOM_SHARED` says.
#[track_caller]
pub fn shared(path: &str) -> PathBuf {
    let folder = std::env::var_os("SYSBOM_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let path = folder.join(path);
    assert!(path.exists(), "{} is missing: these tests read it", path.display());
    path
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
