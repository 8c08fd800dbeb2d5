//! One file of a tree as the rules see it: its bytes, its document, its manifest.

use crate::bom::{Layout, Manifest};
use crate::text::{Source, Span};
use crate::tree::{Kind, Tree, TreeEntry, TreeError};
use crate::yaml::{Document, Fault, FaultKind, MAX_BYTES};

use super::{Excerpt, Finding};

/// A manifest or history file, read once.
pub struct File {
    /// Where it stands, as what.
    pub entry: TreeEntry,
    /// Its text; odd bytes of a file that is not UTF-8 are replaced.
    pub source: Source,
    /// What it says.
    pub content: Content,
}

/// What a file says.
pub enum Content {
    /// One YAML document, read as a manifest.
    Read(Box<Read>),
    /// Text that is no document.
    Faulty(Fault),
    /// No regular file, or one whose content is elsewhere: there is nothing to read.
    Elsewhere(NotPlain),
    /// Read, and of no concern to the rules of content: thousands of archives may come at once.
    Dropped,
}

/// A document and the manifest in it.
pub struct Read {
    /// The document.
    pub document: Document,
    /// The manifest.
    pub manifest: Manifest,
}

/// Why a path does not hold its content as a plain file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotPlain {
    /// A symbolic link.
    Symlink,
    /// Another repository's commit.
    Submodule,
    /// A folder.
    Folder,
    /// A Git LFS pointer.
    LfsPointer,
}

impl File {
    /// Reads a file as a manifest of this layout.
    pub fn read(tree: &dyn Tree, entry: TreeEntry, layout: &Layout) -> Result<File, TreeError> {
        if let Some(why) = not_plain(entry.kind) {
            let source = Source::new(entry.path.as_str(), "");
            return Ok(File { entry, source, content: Content::Elsewhere(why) });
        }
        let bytes = tree.read(&entry, MAX_BYTES)?;
        let (text, content) = read_bytes(&bytes, layout);
        let source = Source::new(entry.path.as_str(), text);
        Ok(File { entry, source, content })
    }

    /// The document and manifest, if the file is YAML.
    pub fn as_read(&self) -> Option<&Read> {
        match &self.content {
            Content::Read(read) => Some(read),
            Content::Faulty(_) | Content::Elsewhere(_) | Content::Dropped => None,
        }
    }

    /// The same file without its text and what was read of it.
    pub fn dropped(self) -> File {
        let source = Source::new(self.entry.path.as_str(), "");
        let content = match self.content {
            Content::Elsewhere(why) => Content::Elsewhere(why),
            Content::Read(_) | Content::Faulty(_) | Content::Dropped => Content::Dropped,
        };
        File { entry: self.entry, source, content }
    }

    /// A place in it.
    pub fn excerpt(&self, span: Span, label: impl Into<String>) -> Excerpt {
        Excerpt {
            path: self.entry.path.clone(),
            source: Some(self.source.clone()),
            span,
            label: label.into(),
        }
    }

    /// A finding at a place in it.
    pub fn finding(&self, rule: &'static str, span: Span, message: String, help: String) -> Finding {
        Finding::new(rule, self.excerpt(span, ""), message, help)
    }
}

/// Why what stands at a path cannot be a plain file, going by git's mode.
pub fn not_plain(kind: Kind) -> Option<NotPlain> {
    match kind {
        Kind::File | Kind::Executable => None,
        Kind::Symlink => Some(NotPlain::Symlink),
        Kind::Submodule => Some(NotPlain::Submodule),
        Kind::Folder => Some(NotPlain::Folder),
    }
}

/// Whether these bytes are Git LFS's stand-in for a file that is stored elsewhere.
pub fn is_lfs_pointer(bytes: &[u8]) -> bool {
    bytes.starts_with(b"version https://git-lfs.github.com/spec/")
        || bytes.starts_with(b"version https://hawser.github.com/spec/")
}

fn read_bytes(bytes: &[u8], layout: &Layout) -> (String, Content) {
    if is_lfs_pointer(bytes) {
        return (String::new(), Content::Elsewhere(NotPlain::LfsPointer));
    }
    match Document::parse_bytes(bytes) {
        Ok(document) => {
            let manifest = Manifest::read(&document, layout);
            let text = document.text().to_owned();
            (text, Content::Read(Box::new(Read { document, manifest })))
        }
        // Only the first bytes of such a file have been read.
        Err(Fault { kind: FaultKind::TooLarge, .. }) => {
            let message = format!("the file has more than the {} MiB that are read", MAX_BYTES >> 20);
            let fault = Fault { kind: FaultKind::TooLarge, message, span: Span::at(0) };
            (String::new(), Content::Faulty(fault))
        }
        Err(fault) => (String::from_utf8_lossy(bytes).into_owned(), Content::Faulty(fault)),
    }
}
