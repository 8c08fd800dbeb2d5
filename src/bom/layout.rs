//! Where a manifest keeps its components, and under which keys a pin stands.

use crate::yaml::{Path, Segment};

/// How to find the pins of a manifest. The default is `images.NAME.{image,tag,digest}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Where the components stand.
    pub components: Components,
    /// The keys of a pin.
    pub fields: Fields,
}

/// Where the components of a manifest stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Components {
    /// Below one mapping or list: `images`, `global.images`.
    Below(Path),
    /// At every path that fits: `*.image` finds `app.image` and names the component `app`.
    Matching(Vec<PatternSegment>),
    /// One by one: component name and path.
    Named(Vec<(String, Path)>),
}

/// One step of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternSegment {
    /// This key.
    Key(String),
    /// `*`: any key. The keys that stand for `*`, joined by dots, name the component.
    Any,
}

/// The keys under which a pin's parts stand in a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    /// The key of the image name, or two or more whose values are joined by `/` (`registry`, `repository`).
    pub image: Vec<String>,
    /// The key of the tag.
    pub tag: String,
    /// The key of the digest.
    pub digest: String,
}

impl Fields {
    /// All keys that belong to the pin.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.image.iter().chain([&self.tag, &self.digest]).map(String::as_str)
    }
}

impl Default for Fields {
    fn default() -> Self {
        Fields { image: vec!["image".into()], tag: "tag".into(), digest: "digest".into() }
    }
}

impl Layout {
    /// The name of the component that the value at `path` is; `None` if it is none.
    pub fn component_name(&self, path: &Path) -> Option<String> {
        match &self.components {
            Components::Below(below) => match path.split_last()? {
                (parent, Segment::Key(name)) if parent == *below => Some(name.clone()),
                _ => None,
            },
            Components::Named(named) => named.iter().find(|(_, at)| at == path).map(|(name, _)| name.clone()),
            Components::Matching(pattern) => matched_name(pattern, path.segments()),
        }
    }

    /// Whether the value at `path` is the one mapping or list that holds all components.
    pub fn holds_components(&self, path: &Path) -> bool {
        matches!(&self.components, Components::Below(below) if below == path)
    }

    /// The way from an entry of the mapping or list at `path` down to its components, if the keys
    /// there name components: nothing where the entries are components themselves.
    pub fn below_a_name(&self, path: &Path) -> Option<&[PatternSegment]> {
        match &self.components {
            Components::Below(below) => (below == path).then_some(&[]),
            Components::Named(_) => None,
            Components::Matching(pattern) => {
                let (above, below) = pattern.split_at_checked(path.segments().len())?;
                matched_name(above, path.segments())?;
                match below {
                    [PatternSegment::Any, rest @ ..] => Some(rest),
                    [PatternSegment::Key(_), ..] | [] => None,
                }
            }
        }
    }
}

/// The keys that stand for `*`, joined by dots, if the path fits the pattern.
fn matched_name(pattern: &[PatternSegment], path: &[Segment]) -> Option<String> {
    if pattern.len() != path.len() {
        return None;
    }
    let mut names = Vec::new();
    for (wanted, found) in pattern.iter().zip(path) {
        match (wanted, found) {
            (PatternSegment::Any, Segment::Key(found)) => names.push(found.as_str()),
            (PatternSegment::Key(wanted), Segment::Key(found)) if wanted == found => {}
            _ => return None,
        }
    }
    Some(names.join("."))
}

impl Default for Layout {
    fn default() -> Self {
        Layout { components: Components::Below(Path::of_keys(["images"])), fields: Fields::default() }
    }
}
