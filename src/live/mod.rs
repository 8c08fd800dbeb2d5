//! What somebody already runs: images in a values file, in a pod list or in rendered manifests,
//! and the first manifest and policy that say the same.
//!
//! Knows the shapes in which charts and clusters write images. Takes texts and gives texts: where
//! they come from and where they are put is for `cli`.

mod containers;
mod naming;
mod values;
mod write;

use std::fmt;

pub use self::write::{FirstFiles, first_files};
use crate::bom::{Fields, PinShape};
use crate::text::escape;
use crate::yaml::{Document, Path};

/// The images of a text, and what could not be taken from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What the text is.
    pub kind: FoundKind,
    /// The images, in an order that depends on the text alone.
    pub images: Vec<FoundImage>,
    /// What was left out and why, and what was guessed: lines for a person, safe to print.
    pub notes: Vec<String>,
}

/// What a text with images is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundKind {
    /// A chart's values: the manifest is laid out as they are.
    Values,
    /// Kubernetes objects, from a cluster or rendered: the manifest has the default layout.
    Objects,
}

/// One image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundImage {
    /// A name for the component, unique in its [`Found`].
    pub name: String,
    /// The image name.
    pub image: String,
    /// The tag; empty if none is written.
    pub tag: String,
    /// The digest with its algorithm; empty if none is known.
    pub digest: String,
    /// Where a values file has it; `None` for an image of Kubernetes objects.
    pub place: Option<ValuesPlace>,
}

/// Where and how a values file writes an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValuesPlace {
    /// The mapping with the parts of the pin, or the one string.
    pub path: Path,
    /// Whether it is a mapping or one string.
    pub shape: PinShape,
    /// The keys of the parts, as far as the file shows them.
    pub fields: Fields,
    /// The keys and values to write, in order; one without a key for a one-string pin.
    pub written: Vec<(String, String)>,
}

/// Why a text gives no first manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveError {
    /// One line: what was attempted, on what, and why it failed; safe to print.
    pub message: String,
    /// Something to do.
    pub help: String,
}

impl LiveError {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        LiveError { message: message.into(), help: help.into() }
    }
}

impl fmt::Display for LiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for LiveError {}

/// Finds the images of a text: `kubectl get pods -o json` (or `yaml`), rendered manifests, or a
/// chart's values file; which of them it is shows in the text. `name` is what messages call it.
///
/// ```
/// use sysbom::live;
/// let values = "app:\n  image: {repository: ghcr.io/acme/app, tag: v1.2.3}\n";
/// let found = live::read("values.yaml", values)?;
/// assert_eq!((found.images[0].name.as_str(), found.images[0].tag.as_str()), ("app", "v1.2.3"));
/// let files = live::first_files(&found)?;
/// assert_eq!(files.manifest, "app:\n  image:\n    repository: ghcr.io/acme/app\n    tag: v1.2.3\n");
/// # Ok::<(), live::LiveError>(())
/// ```
pub fn read(name: &str, text: &str) -> Result<Found, LiveError> {
    if let Some(objects) = containers::json_objects(text) {
        return Ok(containers::found(&objects));
    }
    let documents = documents(name, text)?;
    if documents.iter().any(containers::is_object) {
        let objects: Vec<_> = documents.iter().map(containers::value_of).collect();
        return Ok(containers::found(&objects));
    }
    match &documents[..] {
        [document] => Ok(values::found(document)),
        _ => Err(LiveError::new(
            format!("could not read {}: it is neither values nor Kubernetes objects", escape(name)),
            "give a chart's values file, `kubectl get pods -o json` or the output of `helm template`",
        )),
    }
}

/// How many documents a text may hold.
const MOST_DOCUMENTS: usize = 20_000;

/// The documents of a text that are not empty. A `---` at the beginning of a line begins one,
/// whatever it stands in.
fn documents(name: &str, text: &str) -> Result<Vec<Document>, LiveError> {
    let mut starts = vec![0];
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let marker =
            line.strip_prefix("---").is_some_and(|rest| rest.trim_start() != rest || rest.is_empty());
        if marker && offset > 0 {
            starts.push(offset);
        }
        offset += line.len();
    }
    if starts.len() > MOST_DOCUMENTS {
        return Err(LiveError::new(
            format!("could not read {}: it holds more than {MOST_DOCUMENTS} documents", escape(name)),
            "give the manifests of one system",
        ));
    }
    starts.push(text.len());
    let mut documents = Vec::new();
    for part in starts.windows(2) {
        let document = Document::parse(&text[part[0]..part[1]]).map_err(|fault| {
            let at = crate::text::position(text, part[0] + fault.span.start);
            LiveError::new(
                format!("could not read {} at line {}: {}", escape(name), at.line, escape(&fault.message)),
                "give YAML or JSON: a values file, `kubectl get pods -o json` or rendered manifests",
            )
        })?;
        if document.root().is_some_and(|root| !document.is_missing(root)) {
            documents.push(document);
        }
    }
    Ok(documents)
}
