//! Image names, tags and digests after the grammar of the OCI distribution specification and of
//! `distribution/reference`.
//!
//! Knows how a reference is spelled, and says of a wrong one what is wrong with it and where.
//! Whether a tag moves is for the policy.

use std::fmt;
use std::str::FromStr;

use crate::text::{Span, escape};

/// The most bytes an image name may have.
const MAX_NAME: usize = 255;
/// The most characters a tag may have.
const MAX_TAG: usize = 128;

/// An image name without tag and digest: `ghcr.io/acme/app`, `registry:5000/a/b`, `postgres`.
/// At most 255 bytes; the path in lower case; the first part is a registry if it holds a `.` or
/// a `:` or is `localhost`.
///
/// ```
/// use sysbom::bom::ImageName;
/// assert!("registry.example:5000/acme/app".parse::<ImageName>().is_ok());
/// let fault = "ghcr.io/acme/app:v1".parse::<ImageName>().unwrap_err();
/// assert_eq!(fault.message, "the image name holds a tag, `:v1`");
/// ```
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
    /// One line, lower case, no full stop; safe to print.
    pub message: String,
    /// The faulty bytes of the text that was read.
    pub span: Span,
}

impl Malformed {
    pub(super) fn new(message: impl Into<String>, span: Span) -> Self {
        Malformed { message: message.into(), span }
    }

    /// The same fault, of a part that begins at byte `offset` of a larger text.
    fn moved(self, offset: usize) -> Self {
        Malformed { message: self.message, span: Span::new(self.span.start + offset, self.span.end + offset) }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Malformed {}

impl ImageName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The registry with its port, if the name begins with one: `ghcr.io`, `localhost:5000`.
    pub fn registry(&self) -> Option<&str> {
        registry_end(&self.0).map(|end| &self.0[..end])
    }
}

impl Tag {
    /// The tag as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Digest {
    /// The digest as text, with its algorithm.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hex digits without the algorithm.
    pub fn hex(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, hex)| hex)
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl FromStr for ImageRef {
    type Err = Malformed;

    /// Reads `name[:tag][@digest]`. The span of a fault lies in the whole text.
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let parts = RefParts::split(text);
        let tag = parts.tag.map(|span| span.of(text).parse().map_err(|e: Malformed| e.moved(span.start)));
        let digest =
            parts.digest.map(|span| span.of(text).parse().map_err(|e: Malformed| e.moved(span.start)));
        Ok(ImageRef {
            name: parts.name.of(text).parse()?,
            tag: tag.transpose()?,
            digest: digest.transpose()?,
        })
    }
}

/// Where the parts of `name[:tag][@digest]` stand, whether or not they are well formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefParts {
    /// The bytes of the name; always from the first byte.
    pub name: Span,
    /// The bytes of the tag, if a `:` stands behind the name; may be empty.
    pub tag: Option<Span>,
    /// The bytes of the digest, if there is an `@`; may be empty.
    pub digest: Option<Span>,
}

impl RefParts {
    /// Splits at the first `@` and, before it, at the last `:` that no `/` follows.
    pub fn split(text: &str) -> RefParts {
        let at = text.find('@');
        let digest = at.map(|at| Span::new(at + 1, text.len()));
        let end = at.unwrap_or(text.len());
        let last_part = text[..end].rfind('/').map_or(0, |slash| slash + 1);
        // The colons of `[::1]` belong to an address that somebody forgot to put a path behind.
        let after_address = text[last_part..end].rfind(']').map_or(last_part, |bracket| last_part + bracket);
        let colon = text[after_address..end].rfind(':').map(|colon| after_address + colon);
        RefParts {
            name: Span::new(0, colon.unwrap_or(end)),
            tag: colon.map(|colon| Span::new(colon + 1, end)),
            digest,
        }
    }
}

impl FromStr for ImageName {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let whole = Span::new(0, text.len());
        if text.is_empty() {
            return Err(Malformed::new("the image name is empty", whole));
        }
        if let Some(scheme) = text.find("://") {
            return Err(Malformed::new(
                "an image name has no scheme such as `https://`",
                Span::new(0, scheme + 3),
            ));
        }
        let parts = RefParts::split(text);
        if let Some(digest) = parts.digest {
            let span = Span::new(digest.start - 1, digest.end);
            return Err(Malformed::new(
                format!("the image name holds a digest, `{}`", escape(span.of(text))),
                span,
            ));
        }
        if let Some(tag) = parts.tag {
            let span = Span::new(tag.start - 1, tag.end);
            return Err(Malformed::new(
                format!("the image name holds a tag, `{}`", escape(span.of(text))),
                span,
            ));
        }
        if text.len() > MAX_NAME {
            return Err(Malformed::new(
                format!("the image name has {} bytes, more than {MAX_NAME}", text.len()),
                whole,
            ));
        }
        let path = match registry_end(text) {
            Some(end) => {
                read_registry(&text[..end])?;
                end + 1
            }
            None => 0,
        };
        read_path(text, path)?;
        if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Malformed::new("64 hex digits are the id of an image, not its name", whole));
        }
        Ok(ImageName(text.to_owned()))
    }
}

/// Where the registry ends, if the first part is one: as container runtimes decide it.
fn registry_end(name: &str) -> Option<usize> {
    let slash = name.find('/')?;
    let first = &name[..slash];
    (first.contains(['.', ':', '[']) || first == "localhost").then_some(slash)
}

fn read_registry(registry: &str) -> Result<(), Malformed> {
    let (host, port) = match registry.strip_prefix('[').and_then(|rest| rest.find(']')) {
        Some(bracket) => registry.split_at(bracket + 2),
        None => registry.split_at(registry.find(':').unwrap_or(registry.len())),
    };
    let is_port = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if port.strip_prefix(':').is_some_and(|digits| !is_port(digits)) {
        let span = Span::new(host.len(), registry.len());
        return Err(Malformed::new(
            format!("`{}` is no port of a registry", escape(span.of(registry))),
            span,
        ));
    }
    let well_formed = match host.strip_prefix('[') {
        Some(address) => {
            let address = address.strip_suffix(']').unwrap_or("");
            (port.is_empty() || port.starts_with(':')) && address.parse::<std::net::Ipv6Addr>().is_ok()
        }
        None => host.split('.').all(is_host_label),
    };
    if well_formed {
        return Ok(());
    }
    Err(Malformed::new(
        format!("`{}` is no registry host", escape(host)),
        Span::new(0, host.len().min(registry.len())),
    ))
}

fn is_host_label(label: &str) -> bool {
    !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Reads the path behind the registry: parts of lower-case letters and digits, joined by `/`;
/// within a part single `.`, single or double `_`, or any number of `-` may join them.
fn read_path(text: &str, start: usize) -> Result<(), Malformed> {
    let mut offset = start;
    for part in text[start..].split('/') {
        read_path_part(text, Span::new(offset, offset + part.len()))?;
        offset += part.len() + 1;
    }
    Ok(())
}

fn read_path_part(text: &str, span: Span) -> Result<(), Malformed> {
    let part = span.of(text);
    if part.is_empty() {
        return Err(Malformed::new("the image name has an empty part between its `/`", span));
    }
    let is_letter = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
    if let Some((at, character)) =
        part.char_indices().find(|&(_, c)| !is_letter(c) && !matches!(c, '.' | '_' | '-'))
    {
        let message = if character.is_ascii_uppercase() {
            format!("an image name is in lower case, and `{character}` is not")
        } else {
            format!("`{}` may not stand in an image name", escape(&character.to_string()))
        };
        return Err(Malformed::new(message, character_at(text, span.start + at)));
    }
    let mut separator_start = 0;
    for (at, character) in part.char_indices().chain([(part.len(), '/')]) {
        if !is_letter(character) && at < part.len() {
            continue;
        }
        let separator = &part[separator_start..at];
        let inside = separator_start > 0 && at < part.len();
        let joins = matches!(separator, "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-');
        let fits = separator.is_empty() || (inside && joins);
        if !fits {
            return Err(Malformed::new(
                format!("`{separator}` may not stand here in an image name"),
                Span::new(span.start + separator_start, span.start + at),
            ));
        }
        separator_start = at + 1;
    }
    Ok(())
}

impl FromStr for Tag {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let whole = Span::new(0, text.len());
        if text.is_empty() {
            return Err(Malformed::new("the tag is empty", whole));
        }
        if let Some(at) = text.find('@') {
            return Err(Malformed::new(
                format!("the tag holds a digest, `{}`", escape(&text[at..])),
                Span::new(at, text.len()),
            ));
        }
        if let Some((at, character)) =
            text.char_indices().find(|&(_, c)| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '.' | '-'))
        {
            let mut message = format!("`{}` may not stand in a tag", escape(&character.to_string()));
            if character == '+' {
                message.push_str(": `_` stands for it");
            }
            return Err(Malformed::new(message, character_at(text, at)));
        }
        if text.starts_with(['.', '-']) {
            return Err(Malformed::new(
                format!("a tag may not begin with `{}`", &text[..1]),
                Span::new(0, 1),
            ));
        }
        if text.len() > MAX_TAG {
            return Err(Malformed::new(
                format!("the tag has {} characters, more than {MAX_TAG}", text.len()),
                whole,
            ));
        }
        Ok(Tag(text.to_owned()))
    }
}

impl FromStr for Digest {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let whole = Span::new(0, text.len());
        if text.is_empty() {
            return Err(Malformed::new("the digest is empty", whole));
        }
        let Some((algorithm, hex)) = text.split_once(':') else {
            return Err(Malformed::new("a digest begins with its algorithm, `sha256:`", whole));
        };
        let digits = match algorithm {
            "sha256" => 64,
            "sha512" => 128,
            _ => {
                return Err(Malformed::new(
                    format!("`{}` is no algorithm of a digest: use `sha256`", escape(algorithm)),
                    Span::new(0, algorithm.len()),
                ));
            }
        };
        let hex_start = algorithm.len() + 1;
        if let Some((at, character)) = hex.char_indices().find(|&(_, c)| !is_lower_hex(c)) {
            let message = if character.is_ascii_hexdigit() {
                "the hex digits of a digest are in lower case".to_owned()
            } else {
                format!("`{}` is no hex digit", escape(&character.to_string()))
            };
            return Err(Malformed::new(message, character_at(text, hex_start + at)));
        }
        if hex.len() != digits {
            return Err(Malformed::new(
                format!("a {algorithm} digest has {digits} hex digits, and this one has {}", hex.len()),
                Span::new(hex_start, text.len()),
            ));
        }
        Ok(Digest(text.to_owned()))
    }
}

fn is_lower_hex(character: char) -> bool {
    character.is_ascii_digit() || matches!(character, 'a'..='f')
}

fn character_at(text: &str, at: usize) -> Span {
    Span::new(at, at + text[at..].chars().next().map_or(0, char::len_utf8))
}

/// An image's name with what people and container runtimes leave out, so that two spellings of one
/// name are equal.
///
/// ```
/// use sysbom::bom::full_name;
/// assert_eq!(full_name("postgres"), "docker.io/library/postgres");
/// assert_eq!(full_name("index.docker.io/acme/app"), "docker.io/acme/app");
/// assert_eq!(full_name("localhost/app"), "localhost/app");
/// ```
pub fn full_name(name: &str) -> String {
    let first = name.split('/').next().unwrap_or_default();
    let has_registry = name.contains('/') && (first.contains(['.', ':']) || first == "localhost");
    let name = if has_registry { name.to_owned() } else { format!("docker.io/{name}") };
    let name = name.strip_prefix("index.docker.io/").map_or(name.clone(), |rest| format!("docker.io/{rest}"));
    match name.strip_prefix("docker.io/") {
        Some(rest) if !rest.contains('/') => format!("docker.io/library/{rest}"),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_fault(text: &str) -> (String, String) {
        let fault = text.parse::<ImageName>().expect_err(text);
        (fault.span.of(text).to_owned(), fault.message)
    }

    #[test]
    fn names_of_the_reference_grammar_are_read() {
        let long = format!("a/{}", "b".repeat(253));
        for name in [
            "postgres",
            "library/postgres",
            "ghcr.io/acme/app",
            "ghcr.io",
            "localhost/app",
            "localhost:5000/app",
            "registry:5000/a/b",
            "10.0.0.1/app",
            "10.0.0.1:5000/app",
            "[::1]/app",
            "[2001:db8::1]:5000/a/b",
            "Registry.Example/app",
            "a--b",
            "a---b",
            "a__b",
            "a_b",
            "a.b/c.d",
            "xn--n3h.com/myimage",
            "foo_bar/baz",
            "0/1",
            "docker.io/library/alpine",
            "a-b.c_d__e",
            &long,
        ] {
            assert_eq!(name.parse::<ImageName>().map(|n| n.to_string()), Ok(name.to_owned()));
        }
    }

    #[test]
    fn a_malformed_name_is_told_with_its_place() {
        for (text, place, message) in [
            ("", "", "the image name is empty"),
            ("https://ghcr.io/a", "https://", "an image name has no scheme such as `https://`"),
            ("ghcr.io/a:v1", ":v1", "the image name holds a tag, `:v1`"),
            ("registry:5000", ":5000", "the image name holds a tag, `:5000`"),
            ("ghcr.io/a:", ":", "the image name holds a tag, `:`"),
            ("a@sha256:00", "@sha256:00", "the image name holds a digest, `@sha256:00`"),
            ("a:v1@sha256:00", "@sha256:00", "the image name holds a digest, `@sha256:00`"),
            ("ghcr.io/Acme/app", "A", "an image name is in lower case, and `A` is not"),
            ("Acme/app", "A", "an image name is in lower case, and `A` is not"),
            ("a//b", "", "the image name has an empty part between its `/`"),
            ("/a", "", "the image name has an empty part between its `/`"),
            ("a/", "", "the image name has an empty part between its `/`"),
            ("ghcr.io/", "", "the image name has an empty part between its `/`"),
            ("a..b", "..", "`..` may not stand here in an image name"),
            ("a/../b", "..", "`..` may not stand here in an image name"),
            ("a___b", "___", "`___` may not stand here in an image name"),
            ("a-_b", "-_", "`-_` may not stand here in an image name"),
            ("-a", "-", "`-` may not stand here in an image name"),
            ("a-", "-", "`-` may not stand here in an image name"),
            ("a/b.", ".", "`.` may not stand here in an image name"),
            ("ä/b", "ä", "`ä` may not stand in an image name"),
            ("a b", " ", "` ` may not stand in an image name"),
            ("a\nb", "\n", "`\\u{a}` may not stand in an image name"),
            ("localhost:x/a", ":x", "`:x` is no port of a registry"),
            ("localhost:/a", ":", "`:` is no port of a registry"),
            ("-a.io/b", "-a.io", "`-a.io` is no registry host"),
            ("a_b.io/c", "a_b.io", "`a_b.io` is no registry host"),
            ("a..io/c", "a..io", "`a..io` is no registry host"),
            ("[::g]/a", "[::g]", "`[::g]` is no registry host"),
            ("[::1]x/a", "[::1]", "`[::1]` is no registry host"),
        ] {
            assert_eq!(name_fault(text), (place.to_owned(), message.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn a_name_has_at_most_255_bytes_and_is_no_image_id() {
        assert!(name_fault(&"a".repeat(256)).1.contains("256 bytes"));
        assert!(name_fault(&"ab12".repeat(16)).1.contains("id of an image"));
        assert!("[::1/a".parse::<ImageName>().is_err());
    }

    #[test]
    fn tags_of_the_grammar_are_read_and_no_others() {
        for tag in ["v1.2.3", "_", "1", "a", "A_b-c.d", "v1.2.3_build.7", &"x".repeat(128)] {
            assert_eq!(tag.parse::<Tag>().map(|t| t.to_string()), Ok(tag.to_owned()));
        }
        for (text, place, message) in [
            ("", "", "the tag is empty"),
            ("-bad", "-", "a tag may not begin with `-`"),
            (".bad", ".", "a tag may not begin with `.`"),
            ("1.2.*", "*", "`*` may not stand in a tag"),
            ("1.2.3+4", "+", "`+` may not stand in a tag: `_` stands for it"),
            ("täg", "ä", "`ä` may not stand in a tag"),
            ("v1 ", " ", "` ` may not stand in a tag"),
            ("v1@sha256:00", "@sha256:00", "the tag holds a digest, `@sha256:00`"),
            ("a/b", "/", "`/` may not stand in a tag"),
            ("a:b", ":", "`:` may not stand in a tag"),
        ] {
            let fault = text.parse::<Tag>().expect_err(text);
            assert_eq!((fault.span.of(text), fault.message.as_str()), (place, message), "{text:?}");
        }
        assert!("x".repeat(129).parse::<Tag>().is_err());
    }

    #[test]
    fn digests_of_the_two_algorithms_are_read_and_no_others() {
        let hex = "0123456789abcdef".repeat(4);
        for digest in [format!("sha256:{hex}"), format!("sha512:{hex}{hex}")] {
            let read = digest.parse::<Digest>().expect("it is well formed");
            assert_eq!(format!("{}:{}", &digest[..6], read.hex()), digest);
        }
        for (text, place, message) in [
            (String::new(), "", "the digest is empty"),
            (hex.clone(), hex.as_str(), "a digest begins with its algorithm, `sha256:`"),
            (format!("md5:{hex}"), "md5", "`md5` is no algorithm of a digest: use `sha256`"),
            (format!("SHA256:{hex}"), "SHA256", "`SHA256` is no algorithm of a digest: use `sha256`"),
            (format!("sha256:{}A", &hex[1..]), "A", "the hex digits of a digest are in lower case"),
            (format!("sha256:{}g", &hex[1..]), "g", "`g` is no hex digit"),
            (
                format!("sha256:{}", &hex[1..]),
                &hex[1..],
                "a sha256 digest has 64 hex digits, and this one has 63",
            ),
            (format!("sha512:{hex}"), &hex, "a sha512 digest has 128 hex digits, and this one has 64"),
            ("sha256:".to_owned(), "", "a sha256 digest has 64 hex digits, and this one has 0"),
        ] {
            let fault = text.parse::<Digest>().expect_err(&text);
            assert_eq!((fault.span.of(&text), fault.message.as_str()), (place, message), "{text:?}");
        }
    }

    #[test]
    fn a_reference_is_read_from_its_three_parts() {
        let hex = "ab".repeat(32);
        for text in [
            "postgres".to_owned(),
            "registry:5000/a/b".to_owned(),
            "registry:5000/a/b:v1".to_owned(),
            "ghcr.io/acme/app:v1.2.3".to_owned(),
            format!("ghcr.io/acme/app:v1.2.3@sha256:{hex}"),
            format!("ghcr.io/acme/app@sha256:{hex}"),
        ] {
            assert_eq!(text.parse::<ImageRef>().map(|r| r.to_string()), Ok(text));
        }
        let read: ImageRef = "registry:5000/a:5000".parse().expect("it is well formed");
        assert_eq!(read.name.registry(), Some("registry:5000"));
        assert_eq!(read.tag.map(|tag| tag.to_string()).as_deref(), Some("5000"));
    }

    #[test]
    fn a_fault_in_a_reference_lies_in_the_whole_text() {
        for (text, place) in
            [("a:v+1", "+"), ("a:v1@sha256:0g", "g"), ("A:v1", "A"), ("a:", ""), ("a@", ""), (":v1", "")]
        {
            let fault = text.parse::<ImageRef>().expect_err(text);
            assert_eq!(fault.span.of(text), place, "{text:?}");
        }
        assert_eq!("a:v+1".parse::<ImageRef>().unwrap_err().span, Span::new(3, 4));
    }
}
