//! A manifest as it stands in a document: components, their pins, the experiment block.

use crate::text::Span;
use crate::yaml::{Document, NodeId, Path};

use super::Layout;

/// What a manifest says. Reading never fails: what is missing or of the wrong kind is collected
/// as [`Shortfall`]s with their places, and everything else is still there to be judged.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The components in source order. A key that stands twice gives two components.
    pub components: Vec<Component>,
    /// The top-level `snapshotId`, if written.
    pub snapshot_id: Option<Field>,
    /// The value of the top-level `experiment`, if written.
    pub experiment: Option<NodeId>,
    /// What is missing or of the wrong kind.
    pub shortfalls: Vec<Shortfall>,
}

/// One component and its pin.
#[derive(Clone, Debug)]
pub struct Component {
    /// Its name: the key, the `name` of a list entry, the keys that stood for `*`.
    pub name: String,
    /// Where its value stands.
    pub path: Path,
    /// Its value.
    pub node: NodeId,
    /// The bytes to point at: its key, or the value of `name`, or the item.
    pub name_span: Span,
    /// How its pin is written.
    pub shape: PinShape,
    /// The image name. Two keys joined by `/` have the span of the last one.
    pub image: Option<Field>,
    /// The tag.
    pub tag: Option<Field>,
    /// The digest, with `sha256:` in front even where the manifest leaves that out.
    pub digest: Option<Field>,
}

/// How a pin is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinShape {
    /// A mapping with a key for each part; also with `tag: v1@sha256:...`.
    Fields,
    /// One string, `name:tag@digest`.
    OneString,
}

/// A part of a pin, or another scalar: what it says after unquoting and where. Never a number:
/// `1.10` is the text `1.10`.
#[derive(Clone, Debug)]
pub struct Field {
    /// The text.
    pub text: String,
    /// Its bytes: within the scalar where that holds more than this part.
    pub span: Span,
    /// The scalar it stands in.
    pub node: NodeId,
}

/// Image, tag and digest as texts, taken together. Absent parts are empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Pin {
    /// The image name.
    pub image: String,
    /// The tag.
    pub tag: String,
    /// The digest.
    pub digest: String,
}

/// A place where a manifest does not have the form that every manifest has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortfall {
    /// In which way.
    pub kind: ShortfallKind,
    /// One line, lower case, names in backticks.
    pub message: String,
    /// Where.
    pub span: Span,
}

/// The ways a manifest can lack form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShortfallKind {
    /// A key that every manifest has is not there, or nothing is below it.
    Missing,
    /// A value is of the wrong kind: a list where a mapping belongs, a mapping where text belongs.
    WrongKind,
}

impl Manifest {
    /// Reads a manifest. Aliases and merge keys are followed for the parts of a pin, so that the
    /// pin is the one that Helm would see; spans then point at the node they lead to.
    pub fn read(_document: &Document, _layout: &Layout) -> Manifest {
        todo!()
    }

    /// The first component of this name.
    pub fn component(&self, name: &str) -> Option<&Component> {
        self.components.iter().find(|component| component.name == name)
    }
}

impl Component {
    /// Its pin as texts.
    pub fn pin(&self) -> Pin {
        let text = |field: &Option<Field>| field.as_ref().map(|field| field.text.clone()).unwrap_or_default();
        Pin { image: text(&self.image), tag: text(&self.tag), digest: text(&self.digest) }
    }
}
