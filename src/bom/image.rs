//! Image names, tags and digests after the OCI distribution specification's grammar.

use std::fmt;
use std::str::FromStr;

use crate::text::Span;

/// An image name without tag and digest: `ghcr.io/acme/app`, `registry:5000/a/b`, `postgres`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageName(String);

/// A tag: `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(String);

/// A digest, `sha256:` and 64 or `sha512:` and 128 lower-case hex digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(String);

/// A whole reference: `name[:tag][@digest]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImageRef {
    /// The name.
    pub name: ImageName,
    /// The tag, if written.
    pub tag: Option<Tag>,
    /// The digest, if written.
    pub digest: Option<Digest>,
}

/// Why a text is no image name, tag, digest or reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// One line, lower case, no full stop.
    pub message: String,
    /// The faulty bytes of the text that was read.
    pub span: Span,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Malformed {}

impl FromStr for ImageName {
    type Err = Malformed;
    fn from_str(_text: &str) -> Result<Self, Malformed> {
        todo!()
    }
}

impl FromStr for Tag {
    type Err = Malformed;
    fn from_str(_text: &str) -> Result<Self, Malformed> {
        todo!()
    }
}

impl FromStr for Digest {
    type Err = Malformed;
    fn from_str(_text: &str) -> Result<Self, Malformed> {
        todo!()
    }
}

impl FromStr for ImageRef {
    type Err = Malformed;
    fn from_str(_text: &str) -> Result<Self, Malformed> {
        todo!()
    }
}
