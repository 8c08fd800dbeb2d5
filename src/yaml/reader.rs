//! From the parser's events to nodes, within the limits.
//!
//! The only file that names the parser. Its spans are completed by `layout`.

use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Parser, StructureStyle};

use super::layout;
use super::node::{
    Comment, Entry, Fault, FaultKind, Item, MAX_BYTES, MAX_DEPTH, MAX_NODES, Node, NodeId, NodeKind,
    ScalarStyle, Shape,
};
use crate::text::Span;

/// What is read from a text: all of a document but the text.
pub(super) struct Read {
    pub(super) nodes: Vec<Node>,
    pub(super) root: Option<NodeId>,
    pub(super) comments: Vec<Comment>,
    pub(super) explicit_start: bool,
}

/// Reads one document from a text that is not too large.
pub(super) fn read(text: &str) -> Result<Read, Fault> {
    Reader::new(text).read()
}

/// A collection whose end has not been read yet.
struct Open {
    node: NodeId,
    /// The key that waits for its value.
    key: Option<NodeId>,
    is_mapping: bool,
}

fn too_many(what: &str, span: Span) -> Fault {
    let message = format!("the text has more than the {MAX_NODES} {what} that are read");
    Fault { kind: FaultKind::TooManyNodes, message, span }
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

    fn read(mut self) -> Result<Read, Fault> {
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
        self.comments.sort_by_key(|comment| comment.span.start);
        if let Some(root) = self.root {
            layout::lay_out(self.text, self.explicit_start, &mut self.nodes, root);
        }
        Ok(Read {
            nodes: self.nodes,
            root: self.root,
            comments: self.comments,
            explicit_start: self.explicit_start,
        })
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
            Event::Comment(..) => {
                if self.comments.len() >= MAX_NODES {
                    return Err(too_many("comments", span));
                }
                self.comments.push(Comment { span });
            }
            Event::Anchor(id, _) => {
                let node = self.nodes.len() - 1;
                self.nodes[node].anchor = Some(span);
                self.anchors.insert(id, NodeId::from_index(node));
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
                let node = &mut self.nodes[closed.node.index()];
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
            return Err(too_many("values", span));
        }
        let id = NodeId::from_index(self.nodes.len());
        self.nodes.push(Node { span, anchor: None, tag, kind });
        match self.open.last_mut() {
            None => self.root = Some(id),
            Some(parent) => match (&mut self.nodes[parent.node.index()].kind, parent.key) {
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
                let message = format!("not YAML: {kind}");
                let tab =
                    message.contains("tab").then(|| indenting_tab(&self.text[line_start(self.text, at)..]));
                match tab.flatten() {
                    Some(tab) => Fault {
                        kind: FaultKind::Syntax,
                        message: "not YAML: a tab indents this line".to_owned(),
                        span: Span::at(line_start(self.text, at) + tab),
                    },
                    None => Fault { kind: FaultKind::Syntax, message, span: Span::at(at) },
                }
            }
        }
    }
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// The first tab among the blanks that a line begins with. A scanner may tell of it at the beginning
/// of a scalar that stands lines above.
fn indenting_tab(text: &str) -> Option<usize> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(tab) = line[..blanks].find('\t') {
            return Some(start + tab);
        }
        start += line.len();
    }
    None
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

#[cfg(test)]
mod tests {
    use super::{FaultKind, MAX_NODES, read};

    #[test]
    fn more_values_or_comments_than_anybody_writes_are_refused() {
        let text = |part: &str, count: usize| format!("a:\n{}", part.repeat(count));
        for part in ["- b\n", "# c\n"] {
            assert!(read(&text(part, MAX_NODES - 3)).is_ok(), "{part}");
            let fault = read(&text(part, MAX_NODES + 1)).err().map(|fault| fault.kind);
            assert_eq!(fault, Some(FaultKind::TooManyNodes), "{part}");
        }
    }
}
