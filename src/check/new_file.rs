//! The files of history that are new: what each is, and what is kept of those that are not judged.

use std::collections::{HashMap, HashSet};

use crate::bom::{ArchiveName, Components, Layout, Pin, full_name};
use crate::text::Span;
use crate::tree::{Kind, ObjectId, RepoPath, TreeEntry};
use crate::yaml::{FaultKind, Segment, disagreement, duplicate_keys, features};

use super::file::{Content, File, Read};

/// A history file that base does not have like this.
pub struct NewFile {
    /// The file.
    pub file: File,
    /// What it is.
    pub role: Role,
}

/// A pin that stands in a history file which is not judged.
pub struct Evidence {
    /// The file.
    pub entry: TreeEntry,
    /// Whose pin it is.
    pub component: String,
    /// Where its digest stands.
    pub digest: Span,
    /// The pin, with its image's full name.
    pub pin: Pin,
}

/// What a history file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A state that base has or had: only the rules of history concern it.
    FormerState,
    /// Named like an archive, but of no state that was published.
    ClaimedArchive,
    /// Anything else: a snapshot.
    Snapshot,
    /// A note, a `.gitkeep`: no YAML by its name, and nothing that anybody could deploy.
    Other,
}

/// What is known of the history files that are not judged.
#[derive(Default)]
pub(super) struct Settled {
    /// What plain files of one content and one kind of name are.
    pub(super) roles: HashMap<(ObjectId, bool), Role>,
    pub(super) evidence: Vec<Evidence>,
    /// The component and the pin of each.
    met: HashSet<(String, Pin)>,
}

impl Settled {
    /// What a file is, if one of its content was looked at before.
    pub(super) fn role(&self, entry: &TreeEntry) -> Option<Role> {
        let known = self.roles.get(&(entry.id.clone(), is_yaml(&entry.path)));
        known.copied().filter(|_| entry.kind == Kind::File)
    }

    /// Takes of a file what rules ask for, and drops the rest of it.
    pub(super) fn add(&mut self, file: File, role: Role) -> Option<NewFile> {
        self.note_pins(&file);
        kept_of(file.dropped(), role)
    }

    pub(super) fn note_pins(&mut self, file: &File) {
        for component in file.as_read().into_iter().flat_map(|read| &read.manifest.components) {
            let Some(digest) = component.digest.as_ref().filter(|digest| !digest.text.is_empty()) else {
                continue;
            };
            let mut pin = component.pin();
            pin.image = full_name(&pin.image);
            if self.met.insert((component.name.clone(), pin.clone())) {
                let (entry, component) = (file.entry.clone(), component.name.clone());
                self.evidence.push(Evidence { entry, component, digest: digest.span, pin });
            }
        }
    }
}

/// A file that is not judged, unless it is a note: nothing more is asked about those.
pub(super) fn kept_of(file: File, role: Role) -> Option<NewFile> {
    let is_plain = file.entry.kind == Kind::File && matches!(file.content, Content::Dropped);
    let is_archive = || ArchiveName::parse(file.entry.path.name()).is_some();
    (role != Role::Other || !is_plain || is_archive()).then_some(NewFile { file, role })
}

/// Whether a file holds nothing to deploy. Helm takes what it is given, whatever the name, and of a text
/// that is not one document what it can make of the beginning: a text is none that all readers read
/// alike and without components, or that is no document and names nothing of a pin.
pub(super) fn is_note(file: &File, layout: &Layout) -> bool {
    match &file.content {
        Content::Read(read) => {
            let Read { document, manifest } = &**read;
            manifest.components.is_empty()
                && features(document).is_empty()
                && duplicate_keys(document).is_empty()
                && disagreement(document).is_none()
        }
        Content::Faulty(fault) => {
            let is_text = matches!(fault.kind, FaultKind::Syntax | FaultKind::SeveralDocuments);
            is_text && !names_a_pin(&file.source.text, layout)
        }
        Content::Elsewhere(_) | Content::Dropped => true,
    }
}

/// Whether a line begins with a key that leads to components, or that a pin has.
fn names_a_pin(text: &str, layout: &Layout) -> bool {
    let above = match &layout.components {
        Components::Below(path) => path.segments().first(),
        Components::Matching(_) | Components::Named(_) => None,
    };
    let above = above.and_then(|segment| match segment {
        Segment::Key(key) => Some(key.as_str()),
        Segment::Index(_) => None,
    });
    let keys: Vec<&str> = layout.fields.keys().chain(above).collect();
    let is_mark = |c: char| c.is_whitespace() || "-?{['\"".contains(c);
    text.split(['\n', '\r', ',', '{']).map(|part| part.trim_start_matches(is_mark)).any(|part| {
        let rest = keys.iter().find_map(|key| part.strip_prefix(key));
        rest.is_some_and(|rest| rest.trim_start_matches([' ', '\t', '\'', '"']).starts_with(':'))
    })
}

/// Whether a file is YAML, by its name.
pub fn is_yaml(path: &RepoPath) -> bool {
    let ending = path.name().rsplit_once('.').map_or("", |(_, ending)| ending);
    ["yaml", "yml"].iter().any(|yaml| ending.eq_ignore_ascii_case(yaml))
}
