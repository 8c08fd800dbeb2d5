//! The parts of YAML that Helm's reader and ours may take for different things, and keys that
//! stand twice.
//!
//! Helm reads with go-yaml v2, a YAML 1.1 reader; we read YAML 1.2. Where both take a text for
//! the same data nothing is said here. What a plain scalar becomes is for `coercion`.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

use super::coercion::is_string_to_helm;
use super::document::Document;
use super::node::{NodeId, NodeKind, ScalarStyle, Shape};
use crate::text::Span;

/// One use of something that a file judged by `check` may not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// What it is.
    pub kind: FeatureKind,
    /// One line, lower case, no full stop: what stands there and why it is not safe. May quote
    /// the text, so it must be escaped when printed.
    pub message: String,
    /// Where.
    pub span: Span,
}

/// The kinds of [`Feature`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FeatureKind {
    /// `&name`
    Anchor,
    /// `*name`
    Alias,
    /// `<<:`
    MergeKey,
    /// `!!str`, `!anything`
    Tag,
    /// A key that is no string to Helm: `y:`, `1:`, `[a]:`, or none at all.
    Key,
    /// A character that is a line break or forbidden to one reader and text to the other.
    Character,
    /// `%YAML`, `%TAG`
    Directive,
    /// A `:` or `?` in flow style that the readers take for different things.
    FlowIndicator,
    /// A plain scalar that begins with `?`.
    QuestionMark,
    /// A block scalar whose last line break depends on the reader.
    BlockScalarEnd,
}

/// The most uses of one kind, and the most repeated keys, that are reported of one document: a
/// hostile file could hold millions.
const MAX_REPORTED: usize = 1_000;

/// Everything in a document that Helm's reader and ours would, or could, read differently, in
/// the order of the text; of each kind the first thousand. Linear in its size.
///
/// ```
/// use sysbom::yaml::{Document, FeatureKind, features};
/// let document = Document::parse("images: &x {y: 1}\n")?;
/// let kinds: Vec<_> = features(&document).iter().map(|feature| feature.kind).collect();
/// assert_eq!(kinds, [FeatureKind::Anchor, FeatureKind::Key]);
/// # Ok::<(), sysbom::yaml::Fault>(())
/// ```
pub fn features(document: &Document) -> Vec<Feature> {
    let mut found = Found::default();
    found.characters(document.text());
    found.directives(document);
    found.nodes(document);
    found.end_of_text(document);
    found.features.sort_by_key(|feature| (feature.span, feature.kind));
    found.features
}

#[derive(Default)]
struct Found {
    features: Vec<Feature>,
    seen: HashMap<FeatureKind, usize>,
}

impl Found {
    fn add(&mut self, kind: FeatureKind, span: Span, message: impl Into<String>) {
        let seen = self.seen.entry(kind).or_insert(0);
        *seen += 1;
        if *seen <= MAX_REPORTED {
            self.features.push(Feature { kind, message: message.into(), span });
        }
    }

    fn characters(&mut self, text: &str) {
        for (at, character) in text.char_indices() {
            let why = match character {
                '\r' if text[at..].starts_with("\r\n") => continue,
                '\u{feff}' if at == 0 => continue,
                '\r' => "is a line break to YAML, but not to git or an editor",
                '\u{85}' | '\u{2028}' | '\u{2029}' => "is a line break to Helm and text to other readers",
                '\u{feff}' => "is a byte order mark inside the text",
                _ if is_printable(character) => continue,
                _ => "is a control character, which Helm does not accept",
            };
            let span = Span::new(at, at + character.len_utf8());
            self.add(FeatureKind::Character, span, format!("U+{:04X} {why}", u32::from(character)));
        }
    }

    fn directives(&mut self, document: &Document) {
        if !document.has_explicit_start() {
            return;
        }
        let text = document.text();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let content = line.trim_start_matches('\u{feff}');
            if content.starts_with("---") {
                break;
            }
            if content.starts_with('%') {
                let begin = start + (line.len() - content.len());
                let span = Span::new(begin, begin + content.trim_end().len());
                self.add(
                    FeatureKind::Directive,
                    span,
                    "a directive can change what the text means to a reader",
                );
            }
            start += line.len();
        }
    }

    fn nodes(&mut self, document: &Document) {
        // Nodes come in the order in which they begin, so whatever begins before the end of a
        // flow collection that has begun stands in it.
        let mut flow_end = 0;
        for (id, node) in document.nodes() {
            if let Some(span) = node.anchor {
                self.add(FeatureKind::Anchor, span, "an anchor lets one text stand in two places");
            }
            if let Some(span) = node.tag {
                self.add(FeatureKind::Tag, span, "a tag changes what a reader makes of the value");
            }
            let in_flow = node.span.start < flow_end;
            match &node.kind {
                NodeKind::Alias(_) => {
                    self.add(FeatureKind::Alias, node.span, "an alias repeats a value that stands elsewhere");
                }
                NodeKind::Scalar { style, .. } => self.scalar(document, id, *style, in_flow),
                NodeKind::Mapping { shape, .. } => {
                    self.mapping(document, id, *shape);
                    if *shape == Shape::Flow {
                        flow_end = flow_end.max(node.span.end);
                    }
                }
                NodeKind::Sequence { shape, .. } => {
                    if *shape == Shape::Flow {
                        flow_end = flow_end.max(node.span.end);
                    }
                }
            }
        }
    }

    fn scalar(&mut self, document: &Document, id: NodeId, style: ScalarStyle, in_flow: bool) {
        if style != ScalarStyle::Plain {
            return;
        }
        let span = document.node(id).span;
        let source = span.of(document.text());
        if source.starts_with('?') {
            let why = "a plain scalar that begins with `?` begins a key to some readers";
            self.add(FeatureKind::QuestionMark, span, why);
        } else if in_flow && source.contains('?') {
            let why = "in braces or brackets a `?` ends a plain scalar for some readers";
            self.add(FeatureKind::FlowIndicator, span, why);
        }
    }

    fn mapping(&mut self, document: &Document, id: NodeId, shape: Shape) {
        let bytes = document.text().as_bytes();
        for entry in document.entries(id) {
            self.key(document, entry.key);
            if shape == Shape::Block {
                continue;
            }
            // `{a:b}` is one key without a value to us, and looks like an entry.
            let key = document.node(entry.key).span;
            let colon_in_key = || key.of(document.text()).rfind(':').map(|at| key.start + at);
            let Some(colon) = entry.colon.or_else(colon_in_key) else { continue };
            if !matches!(bytes.get(colon + 1), None | Some(b' ' | b'\t' | b'\r' | b'\n')) {
                let why = "in braces or brackets a `:` needs a blank after it";
                self.add(FeatureKind::FlowIndicator, Span::new(colon, colon + 1), why);
            }
        }
    }

    fn key(&mut self, document: &Document, id: NodeId) {
        let node = document.node(id);
        match &node.kind {
            NodeKind::Scalar { value, style: ScalarStyle::Plain } if value == "<<" => {
                self.add(FeatureKind::MergeKey, node.span, "a merge key copies entries from elsewhere");
            }
            NodeKind::Scalar { value, style: ScalarStyle::Plain } if !is_string_to_helm(value) => {
                let message = if value.is_empty() {
                    "an entry without a key".to_owned()
                } else {
                    format!("the key `{value}` is no string to Helm unless it is quoted")
                };
                self.add(FeatureKind::Key, node.span, message);
            }
            NodeKind::Scalar { .. } | NodeKind::Alias(_) => {}
            NodeKind::Mapping { .. } | NodeKind::Sequence { .. } => {
                self.add(FeatureKind::Key, node.span, "a key that is a mapping or a list");
            }
        }
    }

    /// `|` and `>` at the end of a text without a last line break: to YAML 1.2 the value ends with
    /// one all the same, to Helm it does not.
    fn end_of_text(&mut self, document: &Document) {
        let text = document.text();
        let Some((_, last)) = document.nodes().last() else { return };
        let NodeKind::Scalar { value, style: ScalarStyle::Literal | ScalarStyle::Folded } = &last.kind else {
            return;
        };
        let at_end = !text.ends_with('\n') && text[last.span.end..].trim().is_empty();
        if at_end && value.ends_with('\n') {
            let why = "a block scalar at the end of a text without a last line break";
            self.add(FeatureKind::BlockScalarEnd, last.span, why);
        }
    }
}

/// Whether go-yaml accepts the character at all.
fn is_printable(character: char) -> bool {
    matches!(character,
        '\n' | '\t' | ' '..='~'
        | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

/// A key that stands twice in one mapping: Helm takes the last and says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuplicateKey {
    /// The key, unquoted.
    pub key: String,
    /// Where it stands first.
    pub first: Span,
    /// Where it stands again. A third one is reported beside the first too.
    pub second: Span,
}

/// All keys that stand more than once in one mapping, in the order of the text. Keys are the
/// same if their text after unquoting is; a key that is no scalar is compared by its source
/// text. At most a thousand. Linear in the size of the document.
pub fn duplicate_keys(document: &Document) -> Vec<DuplicateKey> {
    let mut found = Vec::new();
    for (id, _) in document.nodes() {
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for entry in document.entries(id) {
            let span = document.node(entry.key).span;
            let key = document.scalar(entry.key).unwrap_or_else(|| span.of(document.text()));
            match seen.entry(key) {
                Slot::Vacant(slot) => {
                    slot.insert(span);
                }
                Slot::Occupied(slot) => {
                    let first = *slot.get();
                    found.push(DuplicateKey { key: key.to_owned(), first, second: span });
                }
            }
        }
    }
    found.sort_by_key(|duplicate| duplicate.second);
    found.truncate(MAX_REPORTED);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(FeatureKind, String)> {
        let document = Document::parse(text).expect("it is YAML");
        features(&document)
            .into_iter()
            .map(|feature| (feature.kind, feature.span.of(text).to_owned()))
            .collect()
    }

    #[test]
    fn each_feature_is_found_at_its_place() {
        let cases = [
            ("a: &x 1\n", FeatureKind::Anchor, "&x"),
            ("'<<': 1\n<<: {}\n", FeatureKind::MergeKey, "<<"),
            ("a: !!str 1\n", FeatureKind::Tag, "!!str"),
            ("y: 1\n", FeatureKind::Key, "y"),
            ("1: 1\n", FeatureKind::Key, "1"),
            ("{1: 1}\n", FeatureKind::Key, "1"),
            ("? [a]\n: 1\n", FeatureKind::Key, "[a]"),
            (": 1\n", FeatureKind::Key, ""),
            ("a: b # x\u{2028}c\n", FeatureKind::Character, "\u{2028}"),
            ("a: b\u{85}c\n", FeatureKind::Character, "\u{85}"),
            ("a: b\u{feff}\n", FeatureKind::Character, "\u{feff}"),
            ("a: b\rc: d\n", FeatureKind::Character, "\r"),
            ("%YAML 1.2\n---\na: b\n", FeatureKind::Directive, "%YAML 1.2"),
            ("{\"a\":b}\n", FeatureKind::FlowIndicator, ":"),
            ("{a: b, c:d}\n", FeatureKind::FlowIndicator, ":"),
            ("{a: b?c}\n", FeatureKind::FlowIndicator, "b?c"),
            ("a: ?b\n", FeatureKind::QuestionMark, "?b"),
            ("a: |\n  b", FeatureKind::BlockScalarEnd, "|\n  b"),
            ("a: |+\n  b\n  ", FeatureKind::BlockScalarEnd, "|+\n  b\n  "),
        ];
        for (text, kind, place) in cases {
            assert_eq!(found(text), [(kind, place.to_owned())], "{text:?}");
        }
        let pair = found("a: &x 1\nb: *x\n");
        assert_eq!(pair[1], (FeatureKind::Alias, "*x".to_owned()));
    }

    #[test]
    fn what_manifests_are_made_of_is_no_feature() {
        let text = "\u{feff}# images\r\n---\r\nimages:\r\n  \"y\": {image: ghcr.io/acme/app, tag: 'v1'}\r\n  \
                    b:\r\n    image: host:5000/b # c: d?\r\n    list: [1, a:b, \"c?d\"]\r\n    digest: sha256:0a\r\n    flow: {digest: sha256:0a}\r\n    text: |\r\n      é\r\n";
        assert_eq!(found(text), []);
    }

    #[test]
    fn a_key_written_in_two_ways_stands_twice() {
        let text = "a: {b: 1, 'b': 2}\nc: {b: 1}\n\"a\": 3\na: 4\n";
        let document = Document::parse(text).expect("it is YAML");
        let places: Vec<_> = duplicate_keys(&document)
            .into_iter()
            .map(|duplicate| (duplicate.key, duplicate.first.start, duplicate.second.start))
            .collect();
        assert_eq!(places, [("b".into(), 4, 10), ("a".into(), 0, 28), ("a".into(), 0, 35)]);
    }
}
