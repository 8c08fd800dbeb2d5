//! Files of the working tree as git would add them: it may convert them on the way (line endings,
//! filters).

use super::{Error, Repo, names};
use crate::tree::{Kind, ObjectId, RepoPath, TreeEntry};

impl Repo {
    /// The files with the ids that git would give them. If git cannot convert one - a filter is not
    /// installed - all are taken as they stand.
    pub(super) fn converted(&self, mut files: Vec<TreeEntry>) -> Result<Vec<TreeEntry>, Error> {
        let plain: Vec<&mut TreeEntry> =
            files.iter_mut().filter(|file| matches!(file.kind, Kind::File | Kind::Executable)).collect();
        if plain.is_empty() {
            return Ok(files);
        }
        let names: Vec<u8> = plain.iter().flat_map(|file| line_of(&file.path)).collect();
        let ended = self.git().end(&["hash-object", "--stdin-paths"], &names)?;
        let said = String::from_utf8_lossy(&ended.stdout);
        if ended.status.success() && said.lines().count() == plain.len() {
            for (file, id) in plain.into_iter().zip(said.lines()) {
                file.id = ObjectId::new(id);
            }
        }
        Ok(files)
    }

    /// What git would add for a file that has this content on disk.
    pub(super) fn as_added(
        &self,
        entry: &TreeEntry,
        content: Vec<u8>,
        limit: usize,
    ) -> Result<Vec<u8>, Error> {
        let is_file = matches!(entry.kind, Kind::File | Kind::Executable);
        if !is_file || content.len() > limit || self.blob_id(&content)? == entry.id {
            return Ok(content);
        }
        if self.inner.has_object(self.oid(&entry.id)?) {
            return self.blob(&entry.id, limit);
        }
        // Not stored yet: line endings are all that git usually converts.
        let mut unix = content.clone();
        let mut at = 0;
        unix.retain(|byte| {
            at += 1;
            *byte != b'\r' || content.get(at) != Some(&b'\n')
        });
        Ok(if self.blob_id(&unix)? == entry.id { unix } else { content })
    }
}

/// A path as a line of git's input, quoted where it would be read as something else.
fn line_of(path: &RepoPath) -> Vec<u8> {
    let bytes = names::path_bytes(path);
    if !bytes.starts_with(b"\"") && bytes.iter().all(|byte| *byte >= b' ') {
        return [&bytes[..], b"\n"].concat();
    }
    let quoted = |byte: u8| match byte {
        b'"' | b'\\' => vec![b'\\', byte],
        0..b' ' => format!("\\{byte:03o}").into_bytes(),
        _ => vec![byte],
    };
    let quoted: Vec<u8> = bytes.into_iter().flat_map(quoted).collect();
    [b"\"", &quoted[..], b"\"\n"].concat()
}
