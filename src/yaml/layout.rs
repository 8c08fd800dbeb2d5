//! Where things stand that events do not tell: dashes, question marks, colons, the heads of block
//! scalars, and the ends of block collections, which the parser puts at the next token.

use super::node::{Entry, Item, Node, NodeId, NodeKind, ScalarStyle, Shape};
use crate::text::Span;

/// Completes the spans of all nodes below `root`.
pub(super) fn lay_out(text: &str, explicit_start: bool, nodes: &mut [Node], root: NodeId) {
    let start = prologue_end(text, explicit_start);
    Layout { text, nodes }.node(root, start);
}

/// The first byte that can belong to the root node: after byte order marks, directives, the `...`
/// of a document that was empty, and the `---` of an explicit start.
fn prologue_end(text: &str, explicit_start: bool) -> usize {
    let mut end = 0;
    let mut line_start = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        let content = line.trim_start_matches('\u{feff}');
        let start = line_start + line.len() - content.len();
        if content.len() < line.len() {
            end = start;
        }
        if explicit_start && is_marker(content, "---") {
            return start + 3;
        }
        if is_marker(content, "...") {
            end = start + 3;
        } else if !explicit_start && !content.trim().is_empty() && !content.trim_start().starts_with('#') {
            break;
        }
        line_start += line.len();
    }
    end
}

/// Whether a line begins with a marker and nothing else is on it, or a blank follows.
fn is_marker(line: &str, marker: &str) -> bool {
    line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

/// Walks down the tree with a cursor in the text. Depth is limited by the reader, so it may recurse.
struct Layout<'a> {
    text: &'a str,
    nodes: &'a mut [Node],
}

impl Layout<'_> {
    /// Lays out one node. `cursor` is a byte before it with nothing but space, comments and the
    /// node's own anchor and tag between. Gives the byte after it.
    fn node(&mut self, id: NodeId, cursor: usize) -> usize {
        let node = &self.nodes[id.index()];
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
            ScalarStyle::Plain if self.nodes[id.index()].span.is_empty() => Span::at(cursor),
            ScalarStyle::Literal | ScalarStyle::Folded => self.block_scalar(id, at),
            ScalarStyle::Plain | ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                self.nodes[id.index()].span
            }
        };
        self.nodes[id.index()].span = span;
        span.end
    }

    /// From the `|` or `>` at `at` to before the last line break that belongs to the value. The
    /// parser's end lies behind blank lines and behind the indentation of the next line.
    fn block_scalar(&self, id: NodeId, at: usize) -> Span {
        let text = self.text;
        let header = text[at..].split(['\n', '\r']).next().unwrap_or("");
        let node = &self.nodes[id.index()];
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
        match &self.nodes[id.index()].kind {
            NodeKind::Scalar { value, .. } => value,
            NodeKind::Mapping { .. } | NodeKind::Sequence { .. } | NodeKind::Alias(_) => "",
        }
    }

    fn mapping(&mut self, id: NodeId, shape: Shape, mut entries: Vec<Entry>, cursor: usize) -> usize {
        let start = self.nodes[id.index()].span.start;
        // A single pair of a flow sequence has no braces; if it begins with one, that is its key's.
        let key_start = entries.first().map(|entry| self.nodes[entry.key.index()].span.start);
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
        self.nodes[id.index()].kind = NodeKind::Mapping { shape, entries };
        self.close(id, braces, start, cursor)
    }

    fn sequence(&mut self, id: NodeId, shape: Shape, mut items: Vec<Item>, cursor: usize) -> usize {
        let flow = shape == Shape::Flow;
        let mut cursor = if flow { self.nodes[id.index()].span.start + 1 } else { cursor };
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
        self.nodes[id.index()].kind = NodeKind::Sequence { shape, items };
        self.close(id, flow, start, cursor)
    }

    /// Sets the span of a collection: the parser's own for one in brackets, else from its first
    /// child to the end of its last.
    fn close(&mut self, id: NodeId, bracketed: bool, start: Option<usize>, end: usize) -> usize {
        let span = &mut self.nodes[id.index()].span;
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
        let value = &self.nodes[value.index()];
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
