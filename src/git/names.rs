//! Names of git in our types, and back: paths, ids and modes.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::PathBuf;

use super::Error;
use crate::tree::{Kind, ObjectId, RepoPath};

/// A path as git stores it; bytes that are not UTF-8 are written `\xNN`, and so is a backslash that
/// would be read as the beginning of one. Every path has a text of its own.
pub(super) fn repo_path(bytes: &[u8]) -> RepoPath {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some(at) = rest.find("\\x") {
            let (before, from) = rest.split_at(at);
            text.push_str(before);
            text.push_str(if escaped(from).is_some() { "\\x5C" } else { "\\" });
            rest = &from[1..];
        }
        text.push_str(rest);
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
        let (before, from) = rest.split_at(at);
        bytes.extend(before.as_bytes());
        bytes.push(escaped(from).unwrap_or(b'\\'));
        rest = &from[if escaped(from).is_some() { 4 } else { 1 }..];
    }
    bytes.extend(rest.as_bytes());
    bytes
}

/// The byte that is written in place of itself at the beginning of a text.
fn escaped(text: &str) -> Option<u8> {
    let hex = text.strip_prefix("\\x")?.get(..2)?;
    let is_ours = hex.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'A'..=b'F'));
    let byte = u8::from_str_radix(hex, 16).ok().filter(|_| is_ours)?;
    (byte >= 0x80 || byte == b'\\').then_some(byte)
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
    fn every_path_has_a_text_of_its_own_and_keeps_its_bytes() {
        let pieces: [&[u8]; 12] = [
            b"\xff",
            b"\\xFF",
            b"\\",
            b"\\x",
            b"\\x5C",
            b"\\x5",
            b"C",
            b"\\xfe",
            b"\\x41",
            b"xFF",
            b"a/",
            "\u{fc}".as_bytes(),
        ];
        let mut seen = std::collections::HashMap::new();
        for one in pieces {
            for two in pieces {
                for three in pieces {
                    let bytes = [one, two, three].concat();
                    let path = repo_path(&bytes);
                    assert_eq!(path_bytes(&path), bytes, "{path}");
                    assert_eq!(seen.entry(path).or_insert_with(|| bytes.clone()), &bytes);
                }
            }
        }
        assert_eq!(repo_path(b"a\xff").as_str(), "a\\xFF");
        assert_eq!(repo_path(b"a\\xFF").as_str(), "a\\x5CxFF");
        assert_eq!(repo_path(b"a\\b\\x41").as_str(), "a\\b\\x41", "what is no escape stays as it is");
    }
}
