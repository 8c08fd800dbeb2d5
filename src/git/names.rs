//! Names of git in our types, and back: paths, ids and modes.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::PathBuf;

use super::Error;
use crate::tree::{Kind, ObjectId, RepoPath};

/// A path as git stores it; bytes that are not UTF-8 are written `\xNN`.
pub(super) fn repo_path(bytes: &[u8]) -> RepoPath {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            write!(text, "\\x{byte:02X}").expect("text takes all that is written");
        }
    }
    RepoPath::new(text)
}

/// The bytes git stores for a path.
pub(super) fn path_bytes(path: &RepoPath) -> Vec<u8> {
    let mut rest = path.as_str();
    let mut bytes = Vec::with_capacity(rest.len());
    while let Some(at) = rest.find("\\x") {
        let escaped = rest.get(at + 2..at + 4).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if byte >= 0x80 => {
                bytes.extend(&rest.as_bytes()[..at]);
                bytes.push(byte);
                rest = &rest[at + 4..];
            }
            _ => {
                bytes.extend(&rest.as_bytes()[..at + 2]);
                rest = &rest[at + 2..];
            }
        }
    }
    bytes.extend(rest.as_bytes());
    bytes
}

/// The path on disk, relative to the top of the working tree.
pub(super) fn disk_path(path: &RepoPath) -> PathBuf {
    os_string(&path_bytes(path)).into()
}

/// Bytes as the system takes them in paths and arguments.
#[cfg(unix)]
pub(super) fn os_string(bytes: &[u8]) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes.to_vec())
}

/// Bytes as the system takes them in paths and arguments.
#[cfg(not(unix))]
pub(super) fn os_string(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

pub(super) fn object_id(id: &gix::oid) -> ObjectId {
    ObjectId::new(id.to_hex().to_string())
}

/// The id of an object with this content.
pub(super) fn hash(
    hash: gix::hash::Kind,
    kind: gix::objs::Kind,
    content: &[u8],
) -> Result<gix::ObjectId, Error> {
    gix::objs::compute_hash(hash, kind, content)
        .map_err(|cause| Error::new(format!("could not hash a {kind}")).because(cause))
}

pub(super) fn kind_of_tree_mode(mode: gix::objs::tree::EntryMode) -> Kind {
    use gix::objs::tree::EntryKind;
    match mode.kind() {
        EntryKind::Tree => Kind::Folder,
        EntryKind::Blob => Kind::File,
        EntryKind::BlobExecutable => Kind::Executable,
        EntryKind::Link => Kind::Symlink,
        EntryKind::Commit => Kind::Submodule,
    }
}

pub(super) fn entry_kind(kind: Kind) -> gix::objs::tree::EntryKind {
    use gix::objs::tree::EntryKind;
    match kind {
        Kind::Folder => EntryKind::Tree,
        Kind::File => EntryKind::Blob,
        Kind::Executable => EntryKind::BlobExecutable,
        Kind::Symlink => EntryKind::Link,
        Kind::Submodule => EntryKind::Commit,
    }
}

/// The mode git stores for it in a tree.
pub(super) fn mode(kind: Kind) -> &'static str {
    match kind {
        Kind::File => "100644",
        Kind::Executable => "100755",
        Kind::Symlink => "120000",
        Kind::Submodule => "160000",
        Kind::Folder => "40000",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_no_text_keeps_its_bytes() {
        for bytes in [&b"releases/\xff\xfe.yaml"[..], b"a\\x41", b"a\\", "gr\u{fc}n".as_bytes(), b""] {
            assert_eq!(path_bytes(&repo_path(bytes)), bytes);
        }
        assert_eq!(repo_path(b"a\xff").as_str(), "a\\xFF");
    }
}
