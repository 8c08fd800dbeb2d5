//! A YAML text with a tree of byte spans laid over it.
//!
//! The parser gives events; this file turns them into nodes, finds the places the events leave
//! out (colons, dashes, block scalar headers) and holds the limits. It is the only file that
//! names the parser.

use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{ErrorKind, Event, Parser, StructureStyle};

use super::path::{Path, Segment};
use crate::text::Span;

/// The most bytes a document may have: 4 MiB.
pub const MAX_BYTES: usize = 4 << 20;
/// The most mappings and sequences that may stand inside each other.
pub const MAX_DEPTH: usize = 64;
/// The most nodes (scalars, mappings, sequences, aliases) a document may have.
pub const MAX_NODES: usize = 500_000;

/// Names a node of one [`Document`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(u32);

/// One node and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// The bytes of its content, without anchor and tag. A block collection runs from its first
    /// key or dash to the end of its last value; a value that is not written has an empty span
    /// after the `:` or `-`; a block scalar begins at its `|` or `>` and ends before the last
    /// line break that belongs to its text; blank lines below belong to it only after `|+`.
    pub span: Span,
    /// The bytes of its anchor (`&name`), if any.
    pub anchor: Option<Span>,
    /// The bytes of its tag (`!!str`), if any.
    pub tag: Option<Span>,
    /// What it is.
    pub kind: NodeKind,
}

impl Node {
    /// Its bytes with anchor and tag.
    pub fn full_span(&self) -> Span {
        let start = [self.anchor, self.tag].into_iter().flatten().map(|property| property.start).min();
        Span::new(start.unwrap_or(self.span.start).min(self.span.start), self.span.end)
    }
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// A scalar: its text after unquoting and folding, and how it is written. A value that is
    /// not written is the empty plain scalar.
    Scalar {
        /// The text after unquoting. Never resolved to a number or a truth value.
        value: String,
        /// How it is written.
        style: ScalarStyle,
    },
    /// A mapping, in source order; a key may stand twice.
    Mapping {
        /// Block or flow.
        shape: Shape,
        /// Its entries.
        entries: Vec<Entry>,
    },
    /// A sequence, in source order.
    Sequence {
        /// Block or flow.
        shape: Shape,
        /// Its items.
        items: Vec<Item>,
    },
    /// `*name`, and the node it stands for.
    Alias(NodeId),
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScalarStyle {
    /// As it is.
    Plain,
    /// `'like this'`
    SingleQuoted,
    /// `"like this"`
    DoubleQuoted,
    /// After `|`.
    Literal,
    /// After `>`.
    Folded,
}

/// How a collection is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// By lines and indentation.
    Block,
    /// In braces or brackets, or as the single pair of a flow sequence.
    Flow,
}

/// One entry of a mapping.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The key.
    pub key: NodeId,
    /// The value.
    pub value: NodeId,
    /// Where the entry begins: its `?`, or else its key with anchor and tag.
    pub start: usize,
    /// Where its `:` stands; `None` for a key without one, as in `{a, b}`.
    pub colon: Option<usize>,
}

/// One item of a sequence.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// The value.
    pub value: NodeId,
    /// Where the item begins: its `-` in block shape, else its value.
    pub start: usize,
}

/// A comment: its bytes from `#` to the end of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comment {
    /// From the `#` to before the line break.
    pub span: Span,
}

/// Why a text is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which limit or rule it breaks.
    pub kind: FaultKind,
    /// One line, lower case, no full stop.
    pub message: String,
    /// Where.
    pub span: Span,
}

/// The ways a text can fail to be one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Over [`MAX_BYTES`].
    TooLarge,
    /// Not UTF-8.
    NotUtf8,
    /// Over [`MAX_DEPTH`].
    TooDeep,
    /// Over [`MAX_NODES`].
    TooManyNodes,
    /// More than one document in the text.
    SeveralDocuments,
    /// Not YAML.
    Syntax,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

/// A YAML 1.2 document that keeps every byte: `Document::parse(t)?.text() == t`.
///
/// ```
/// use sysbom::yaml::{Document, Path};
/// let document = Document::parse("images:\n  app: {tag: 'v1'} # the app\n")?;
/// let tag = document.at(&Path::of_keys(["images", "app", "tag"])).expect("it is there");
/// assert_eq!(document.scalar(tag), Some("v1"));
/// assert_eq!(document.node(tag).span.of(document.text()), "'v1'");
/// # Ok::<(), sysbom::yaml::Fault>(())
/// ```
#[derive(Clone, Debug)]
pub struct Document {
    text: Arc<str>,
    nodes: Vec<Node>,
    root: Option<NodeId>,
    comments: Vec<Comment>,
    explicit_start: bool,
}

impl Document {
    /// Reads one document. Size, nesting and number of nodes are limited, and the limits hold
    /// before memory is spent: [`MAX_BYTES`], [`MAX_DEPTH`], [`MAX_NODES`].
    pub fn parse(text: impl Into<Arc<str>>) -> Result<Document, Fault> {
        let text = text.into();
        if text.len() > MAX_BYTES {
            return Err(too_large(text.len()));
        }
        Reader::new(&text).read(&text)
    }

    /// Reads one document from bytes, which must be UTF-8.
    pub fn parse_bytes(bytes: &[u8]) -> Result<Document, Fault> {
        if bytes.len() > MAX_BYTES {
            return Err(too_large(bytes.len()));
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Document::parse(text),
            Err(error) => Err(Fault {
                kind: FaultKind::NotUtf8,
                message: format!(
                    "the text is not UTF-8: byte {} begins no character",
                    error.valid_up_to() + 1
                ),
                span: Span::at(error.valid_up_to()),
            }),
        }
    }

    /// The text it was read from, byte for byte.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The same text, shared.
    pub fn shared_text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// The outermost node; `None` if the text holds nothing but space and comments.
    pub fn root(&self) -> Option<NodeId> {
        self.root
    }

    /// Whether the document begins with a `---` line.
    pub fn has_explicit_start(&self) -> bool {
        self.explicit_start
    }

    /// A node by its id.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// All nodes, keys among them, in the order in which they begin.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes.iter().enumerate().map(|(index, node)| (NodeId(to_u32(index)), node))
    }

    /// All comments, in source order.
    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }

    /// The entries of a mapping; empty for any other node.
    pub fn entries(&self, id: NodeId) -> &[Entry] {
        match &self.node(id).kind {
            NodeKind::Mapping { entries, .. } => entries,
            NodeKind::Scalar { .. } | NodeKind::Sequence { .. } | NodeKind::Alias(_) => &[],
        }
    }

    /// The items of a sequence; empty for any other node.
    pub fn items(&self, id: NodeId) -> &[Item] {
        match &self.node(id).kind {
            NodeKind::Sequence { items, .. } => items,
            NodeKind::Scalar { .. } | NodeKind::Mapping { .. } | NodeKind::Alias(_) => &[],
        }
    }

    /// The unquoted text of a scalar; `None` for any other node.
    pub fn scalar(&self, id: NodeId) -> Option<&str> {
        match &self.node(id).kind {
            NodeKind::Scalar { value, .. } => Some(value),
            NodeKind::Mapping { .. } | NodeKind::Sequence { .. } | NodeKind::Alias(_) => None,
        }
    }

    /// Whether the node is a value that is not written at all, as in `tag:`.
    pub fn is_missing(&self, id: NodeId) -> bool {
        let node = self.node(id);
        matches!(node.kind, NodeKind::Scalar { style: ScalarStyle::Plain, .. }) && node.span.is_empty()
    }

    /// The first entry of a mapping with this key.
    pub fn entry(&self, mapping: NodeId, key: &str) -> Option<Entry> {
        self.entries(mapping).iter().copied().find(|entry| self.scalar(entry.key) == Some(key))
    }

    /// The value of the first entry with this key.
    pub fn get(&self, mapping: NodeId, key: &str) -> Option<NodeId> {
        self.entry(mapping, key).map(|entry| entry.value)
    }

    /// The node at a path. Aliases are not followed.
    pub fn at(&self, path: &Path) -> Option<NodeId> {
        path.segments().iter().try_fold(self.root?, |node, segment| match segment {
            Segment::Key(key) => self.get(node, key),
            Segment::Index(index) => self.items(node).get(*index).map(|item| item.value),
        })
    }
}

fn too_large(bytes: usize) -> Fault {
    Fault {
        kind: FaultKind::TooLarge,
        message: format!("the text has {bytes} bytes, more than the {MAX_BYTES} that are read"),
        span: Span::at(0),
    }
}

fn to_u32(index: usize) -> u32 {
    u32::try_from(index).expect("nodes are limited to far fewer")
}

/// A collection whose end has not been read yet.
struct Open {
    node: NodeId,
    /// The key that waits for its value.
    key: Option<NodeId>,
    is_mapping: bool,
}

/// Turns events into nodes.
struct Reader<'t> {
    text: &'t str,
    nodes: Vec<Node>,
    open: Vec<Open>,
    root: Option<NodeId>,
    comments: Vec<Comment>,
    /// By the parser's number of the anchor.
    anchors: HashMap<usize, NodeId>,
    documents: usize,
    explicit_start: bool,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        Reader {
            text,
            nodes: Vec::new(),
            open: Vec::new(),
            root: None,
            comments: Vec::new(),
            anchors: HashMap::new(),
            documents: 0,
            explicit_start: false,
        }
    }

    fn read(mut self, shared: &Arc<str>) -> Result<Document, Fault> {
        let options = granit_parser::options! {
            emit_anchor_events: true,
            max_buffered_comment_events: MAX_BYTES,
            flow_nesting_limit: MAX_DEPTH + 1,
            block_nesting_limit: MAX_DEPTH + 1,
        };
        for event in Parser::new_from_str_with_options(self.text, options) {
            let (event, span) = event.map_err(|error| self.syntax_fault(&error))?;
            let range = span.byte_range().unwrap_or(0..0);
            let tag = span.tag_span().and_then(|tag| tag.byte_range()).map(|r| Span::new(r.start, r.end));
            self.take(event, Span::new(range.start, range.end), tag)?;
        }
        let mut document = Document {
            text: Arc::clone(shared),
            nodes: self.nodes,
            root: self.root,
            comments: self.comments,
            explicit_start: self.explicit_start,
        };
        document.comments.sort_by_key(|comment| comment.span.start);
        if let Some(root) = document.root {
            let prologue = document.prologue_end();
            Layout { text: &document.text, nodes: &mut document.nodes }.node(root, prologue);
        }
        Ok(document)
    }

    fn take(&mut self, event: Event<'_>, span: Span, tag: Option<Span>) -> Result<(), Fault> {
        match event {
            Event::DocumentStart(explicit, _) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(Fault {
                        kind: FaultKind::SeveralDocuments,
                        message: "a second document begins here".to_owned(),
                        span,
                    });
                }
                self.explicit_start = explicit;
            }
            Event::Comment(..) => self.comments.push(Comment { span }),
            Event::Anchor(id, _) => {
                let node = to_u32(self.nodes.len() - 1);
                self.nodes[node as usize].anchor = Some(span);
                self.anchors.insert(id, NodeId(node));
            }
            Event::Alias(id) => {
                let target = *self.anchors.get(&id).expect("the parser refuses an alias without an anchor");
                self.add(span, tag, NodeKind::Alias(target))?;
            }
            Event::Scalar(value, style, _, _) => {
                let style = match style {
                    granit_parser::ScalarStyle::Plain => ScalarStyle::Plain,
                    granit_parser::ScalarStyle::SingleQuoted => ScalarStyle::SingleQuoted,
                    granit_parser::ScalarStyle::DoubleQuoted => ScalarStyle::DoubleQuoted,
                    granit_parser::ScalarStyle::Literal => ScalarStyle::Literal,
                    granit_parser::ScalarStyle::Folded => ScalarStyle::Folded,
                };
                // The parser reports a value that is not written as `~` with an empty span.
                let missing = style == ScalarStyle::Plain && span.is_empty();
                let value = if missing { String::new() } else { value.into_owned() };
                self.add(span, tag, NodeKind::Scalar { value, style })?;
            }
            Event::SequenceStart(style, ..) => {
                let kind = NodeKind::Sequence { shape: shape(style), items: Vec::new() };
                self.open(span, tag, kind, false)?;
            }
            Event::MappingStart(style, ..) => {
                let kind = NodeKind::Mapping { shape: shape(style), entries: Vec::new() };
                self.open(span, tag, kind, true)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let closed = self.open.pop().expect("the parser closes only what it opened");
                let node = &mut self.nodes[closed.node.0 as usize];
                node.span.end = span.end.max(node.span.start);
            }
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, span: Span, tag: Option<Span>, kind: NodeKind, is_mapping: bool) -> Result<(), Fault> {
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(span));
        }
        let node = self.add(span, tag, kind)?;
        self.open.push(Open { node, key: None, is_mapping });
        Ok(())
    }

    fn add(&mut self, span: Span, tag: Option<Span>, kind: NodeKind) -> Result<NodeId, Fault> {
        if self.nodes.len() >= MAX_NODES {
            return Err(Fault {
                kind: FaultKind::TooManyNodes,
                message: format!("the text has more than the {MAX_NODES} values that are read"),
                span,
            });
        }
        let id = NodeId(to_u32(self.nodes.len()));
        self.nodes.push(Node { span, anchor: None, tag, kind });
        match self.open.last_mut() {
            None => self.root = Some(id),
            Some(parent) => match (&mut self.nodes[parent.node.0 as usize].kind, parent.key) {
                (NodeKind::Mapping { .. }, None) if parent.is_mapping => parent.key = Some(id),
                (NodeKind::Mapping { entries, .. }, Some(key)) => {
                    entries.push(Entry { key, value: id, start: span.start, colon: None });
                    parent.key = None;
                }
                (NodeKind::Sequence { items, .. }, _) => items.push(Item { value: id, start: span.start }),
                _ => unreachable!("only collections are open"),
            },
        }
        Ok(id)
    }

    fn syntax_fault(&self, error: &granit_parser::ScanError) -> Fault {
        let mut at = error.marker().byte_offset().unwrap_or(self.text.len()).min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        match error.kind() {
            ErrorKind::RecursionLimitExceeded => too_deep(Span::at(at)),
            kind => {
                Fault { kind: FaultKind::Syntax, message: format!("not YAML: {kind}"), span: Span::at(at) }
            }
        }
    }
}

fn too_deep(span: Span) -> Fault {
    Fault {
        kind: FaultKind::TooDeep,
        message: format!("more than {MAX_DEPTH} mappings and lists stand inside each other"),
        span: Span::at(span.start),
    }
}

fn shape(style: StructureStyle) -> Shape {
    match style {
        StructureStyle::Block => Shape::Block,
        StructureStyle::Flow => Shape::Flow,
    }
}

/// Fills in what events do not tell: where dashes, question marks and colons stand, where a
/// block scalar begins, and where a block collection ends (the parser says: at the next token).
///
/// Depth is at most [`MAX_DEPTH`], so it may recurse.
struct Layout<'a> {
    text: &'a str,
    nodes: &'a mut Vec<Node>,
}

impl Layout<'_> {
    /// Lays out one node. `cursor` is a byte before it with nothing but space, comments and the
    /// node's own anchor and tag between. Gives the byte after it.
    fn node(&mut self, id: NodeId, cursor: usize) -> usize {
        let node = &self.nodes[id.0 as usize];
        let after_properties = [node.anchor, node.tag]
            .into_iter()
            .flatten()
            .map(|property| property.end)
            .fold(cursor, usize::max);
        match &node.kind {
            NodeKind::Alias(_) => node.span.end,
            NodeKind::Scalar { style, .. } => {
                let style = *style;
                self.scalar(id, style, after_properties)
            }
            NodeKind::Mapping { shape, entries } => {
                let (shape, entries) = (*shape, entries.clone());
                self.mapping(id, shape, entries, after_properties)
            }
            NodeKind::Sequence { shape, items } => {
                let (shape, items) = (*shape, items.clone());
                self.sequence(id, shape, items, after_properties)
            }
        }
    }

    fn scalar(&mut self, id: NodeId, style: ScalarStyle, cursor: usize) -> usize {
        let at = self.skip_trivia(cursor);
        let span = match style {
            ScalarStyle::Plain if self.nodes[id.0 as usize].span.is_empty() => Span::at(cursor),
            ScalarStyle::Literal | ScalarStyle::Folded => self.block_scalar(id, at),
            ScalarStyle::Plain | ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                self.nodes[id.0 as usize].span
            }
        };
        self.nodes[id.0 as usize].span = span;
        span.end
    }

    /// From the `|` or `>` at `at` to before the last line break that belongs to the value. The
    /// parser's end lies behind blank lines and behind the indentation of the next line.
    fn block_scalar(&self, id: NodeId, at: usize) -> Span {
        let text = self.text;
        let header = text[at..].split(['\n', '\r']).next().unwrap_or("");
        let node = &self.nodes[id.0 as usize];
        let mut body = &text[at..node.span.end.max(at + header.len())];
        if node.span.end < text.len() {
            body = body.trim_end_matches([' ', '\t']);
        }
        let indicators = header.split([' ', '\t', '#']).next().unwrap_or("");
        let keeps_blank_lines = indicators.contains('+');
        // A line of blanks only can be text, if it has more of them than the indentation.
        let value = self.scalar_value(id).trim_end_matches('\n');
        if keeps_blank_lines || value.ends_with([' ', '\t']) {
            body = body.strip_suffix('\n').unwrap_or(body);
            body = body.strip_suffix('\r').unwrap_or(body);
        } else {
            body = body.trim_end_matches([' ', '\t', '\r', '\n']);
        }
        Span::new(at, at + body.len().max(header.trim_end().len()))
    }

    fn scalar_value(&self, id: NodeId) -> &str {
        match &self.nodes[id.0 as usize].kind {
            NodeKind::Scalar { value, .. } => value,
            NodeKind::Mapping { .. } | NodeKind::Sequence { .. } | NodeKind::Alias(_) => "",
        }
    }

    fn mapping(&mut self, id: NodeId, shape: Shape, mut entries: Vec<Entry>, cursor: usize) -> usize {
        let start = self.nodes[id.0 as usize].span.start;
        // A single pair of a flow sequence has no braces; if it begins with one, that is its key's.
        let key_start = entries.first().map(|entry| self.nodes[entry.key.0 as usize].span.start);
        let braces = shape == Shape::Flow && self.byte(start) == Some(b'{') && key_start != Some(start);
        let mut cursor = if braces { start + 1 } else { cursor };
        for entry in &mut entries {
            cursor = self.skip_trivia(cursor);
            if shape == Shape::Flow && self.byte(cursor) == Some(b',') {
                cursor = self.skip_trivia(cursor + 1);
            }
            entry.start = cursor;
            if self.is_indicator(cursor, b'?') {
                cursor += 1;
            }
            let after_key = self.node(entry.key, cursor);
            let colon = self.skip_trivia(after_key);
            entry.colon = self.is_colon(colon, entry.value, shape).then_some(colon);
            cursor = self.node(entry.value, entry.colon.map_or(after_key, |colon| colon + 1));
        }
        let start = entries.first().map(|entry| entry.start);
        self.nodes[id.0 as usize].kind = NodeKind::Mapping { shape, entries };
        self.close(id, braces, start, cursor)
    }

    fn sequence(&mut self, id: NodeId, shape: Shape, mut items: Vec<Item>, cursor: usize) -> usize {
        let flow = shape == Shape::Flow;
        let mut cursor = if flow { self.nodes[id.0 as usize].span.start + 1 } else { cursor };
        for item in &mut items {
            cursor = self.skip_trivia(cursor);
            if flow && self.byte(cursor) == Some(b',') {
                cursor = self.skip_trivia(cursor + 1);
            }
            item.start = cursor;
            if !flow && self.byte(cursor) == Some(b'-') {
                cursor += 1;
            }
            cursor = self.node(item.value, cursor);
        }
        let start = items.first().map(|item| item.start);
        self.nodes[id.0 as usize].kind = NodeKind::Sequence { shape, items };
        self.close(id, flow, start, cursor)
    }

    /// Sets the span of a collection: the parser's own for one in brackets, else from its first
    /// child to the end of its last.
    fn close(&mut self, id: NodeId, bracketed: bool, start: Option<usize>, end: usize) -> usize {
        let span = &mut self.nodes[id.0 as usize].span;
        if !bracketed {
            let start = start.unwrap_or(span.start);
            *span = Span::new(start, end.max(start));
        }
        span.end
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// Whether the `:` of an entry stands at `at`. A value that is written has one; without a value,
    /// a `:` there may begin the next key: `? a`, then a line `:b: c`.
    fn is_colon(&self, at: usize, value: NodeId, shape: Shape) -> bool {
        let value = &self.nodes[value.0 as usize];
        let is_written = !value.span.is_empty() || value.anchor.is_some() || value.tag.is_some();
        let ends_entry = shape == Shape::Flow && matches!(self.byte(at + 1), Some(b',' | b']' | b'}'));
        self.byte(at) == Some(b':') && (is_written || ends_entry || self.is_indicator(at, b':'))
    }

    /// Whether `indicator` stands at `at`, followed by space, a line break or nothing.
    fn is_indicator(&self, at: usize, indicator: u8) -> bool {
        self.byte(at) == Some(indicator)
            && self.byte(at + 1).is_none_or(|next| matches!(next, b' ' | b'\t' | b'\r' | b'\n'))
    }

    /// The first byte at or after `cursor` that is neither space, line break nor comment.
    fn skip_trivia(&self, mut cursor: usize) -> usize {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(cursor) {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => cursor += 1,
                b'#' if cursor == 0 || matches!(bytes[cursor - 1], b' ' | b'\t' | b'\r' | b'\n') => {
                    let line_break = bytes[cursor..].iter().position(|&byte| matches!(byte, b'\n' | b'\r'));
                    cursor = line_break.map_or(bytes.len(), |length| cursor + length);
                }
                _ => break,
            }
        }
        cursor
    }
}

impl Document {
    /// The first byte that can belong to the root node: after a byte order mark, directives and
    /// the `---` of an explicit start.
    fn prologue_end(&self) -> usize {
        let after_mark = if self.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        if !self.explicit_start {
            return after_mark;
        }
        let mut line_start = after_mark;
        for line in self.text[after_mark..].split_inclusive(['\n', '\r']) {
            if line.starts_with("---") {
                return line_start + 3;
            }
            line_start += line.len();
        }
        after_mark
    }
}
