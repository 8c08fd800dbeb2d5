//! Where entries begin and end, with the comment and blank lines that belong to them.

use std::collections::HashMap;

use crate::text::Span;
use crate::yaml::{Document, NodeId, NodeKind, Shape};

use super::{Child, Collection, Form};

/// The prologue of a document, and all its collections that can be merged by key.
pub(super) fn cut(document: &Document) -> (Span, HashMap<NodeId, Collection>) {
    let mut cutter = Cutter { document, collections: HashMap::new() };
    let prologue = cutter.cut_root();
    (prologue, cutter.collections)
}

struct Cutter<'d> {
    document: &'d Document,
    collections: HashMap<NodeId, Collection>,
}

/// What an entry is before its surroundings are known.
struct Bare {
    key: String,
    key_node: Option<NodeId>,
    value: NodeId,
    start: usize,
    value_from: usize,
    end: usize,
}

impl Cutter<'_> {
    fn text(&self) -> &str {
        self.document.text()
    }

    /// Cuts the whole document; gives its prologue.
    fn cut_root(&mut self) -> Span {
        let text = self.text();
        let Some(root) = self.document.root() else { return Span::new(0, text.len()) };
        let node = self.document.node(root);
        let first_line = line_start(text, node.full_span().start);
        let prologue = prologue_end(text, first_line, self.document.has_explicit_start());
        let after = line_end(text, node.span.end.saturating_sub(1).max(node.span.start));
        let end = document_end(text, after);
        self.cut(root, prologue, end);
        Span::new(0, prologue)
    }

    /// Cuts the collection `node`, whose lines run from `from` to `to`.
    fn cut(&mut self, node: NodeId, from: usize, to: usize) {
        let Some((form, bare)) = self.bare_children(node) else { return };
        let collection = if form.flow {
            self.flow(form, bare, self.document.node(node).span)
        } else {
            self.block(form, bare, from, to)
        };
        let nested: Vec<(NodeId, usize, usize)> = collection
            .children
            .iter()
            .map(|child| {
                // A value that begins in the line of its dash has no lines above its first entry.
                let node = self.document.node(child.value);
                let properties = [node.anchor, node.tag].into_iter().flatten().map(|span| span.end);
                let head = properties.fold(child.value_from, usize::max);
                (child.value, line_end(self.text(), head.saturating_sub(1)), child.chunk.end)
            })
            .collect();
        self.collections.insert(node, collection);
        for (value, from, to) in nested {
            self.cut(value, from, to);
        }
    }

    /// The entries of a node that can be merged by key; `None` for all others.
    fn bare_children(&self, node: NodeId) -> Option<(Form, Vec<Bare>)> {
        let document = self.document;
        let flow = |shape: Shape| shape == Shape::Flow;
        match &document.node(node).kind {
            NodeKind::Mapping { shape, entries } => {
                let mut children = Vec::with_capacity(entries.len());
                for entry in entries {
                    let key = document.scalar(entry.key)?.to_owned();
                    let key_end = document.node(entry.key).span.end;
                    let value_from = entry.colon.map_or(key_end, |colon| colon + 1);
                    let end = document.node(entry.value).span.end.max(value_from);
                    let (key_node, value, start) = (Some(entry.key), entry.value, entry.start);
                    children.push(Bare { key, key_node, value, start, value_from, end });
                }
                let in_braces = document.node(node).span.of(self.text()).starts_with('{');
                let simple = !flow(*shape) || in_braces;
                simple.then_some((Form { list: false, flow: flow(*shape) }, children))
            }
            NodeKind::Sequence { shape, items } if !items.is_empty() => {
                let mut children = Vec::with_capacity(items.len());
                for item in items {
                    let name = document.get(item.value, "name")?;
                    let key = document.scalar(name)?.to_owned();
                    let (value, start) = (item.value, item.start);
                    let end = document.node(value).span.end;
                    let value_from = if flow(*shape) { start } else { start + 1 };
                    children.push(Bare { key, key_node: None, value, start, value_from, end });
                }
                Some((Form { list: true, flow: flow(*shape) }, children))
            }
            NodeKind::Sequence { .. } | NodeKind::Scalar { .. } | NodeKind::Alias(_) => None,
        }
        .filter(|(_, children)| {
            let mut keys: Vec<&str> = children.iter().map(|child| child.key.as_str()).collect();
            keys.sort_unstable();
            keys.windows(2).all(|pair| pair[0] != pair[1])
        })
    }

    /// Comments within braces belong to no entry: the tail spans all of the collection.
    fn flow(&self, form: Form, bare: Vec<Bare>, span: Span) -> Collection {
        let children = bare
            .into_iter()
            .map(|bare| {
                let core = Span::new(bare.start, bare.end);
                let nothing = Span::at(bare.end);
                Child {
                    lead: Span::at(bare.start),
                    head: nothing,
                    trail: nothing,
                    foot: nothing,
                    chunk: core,
                    core,
                    column: bare.start - line_start(self.text(), bare.start),
                    mid_line: true,
                    key: bare.key,
                    key_node: bare.key_node,
                    value: bare.value,
                    value_from: bare.value_from,
                }
            })
            .collect();
        Collection::new(form, children, span)
    }

    fn block(&self, form: Form, bare: Vec<Bare>, from: usize, to: usize) -> Collection {
        let text = self.text();
        let mut children: Vec<Child> = Vec::with_capacity(bare.len());
        let mut free = from;
        let count = bare.len();
        let starts: Vec<usize> = bare.iter().map(|bare| bare.start).collect();
        for (at, bare) in bare.into_iter().enumerate() {
            let own_line = line_start(text, bare.start);
            let mid_line = own_line < from || !text[own_line..bare.start].bytes().all(|byte| byte == b' ');
            let lead = if mid_line { Span::at(bare.start) } else { Span::new(free.min(own_line), own_line) };
            let column = bare.start - own_line;
            let after = line_end(text, bare.end.saturating_sub(1).max(bare.start)).min(to);
            let next =
                if at + 1 < count { line_start(text, starts[at + 1]).max(after) } else { to.max(after) };
            let end = after + deeper_lines(&text[after..next], column);
            let has_lines = self.is_block_collection(bare.value);
            // What surrounds the entries of a value that is merged entry by entry belongs to them.
            let (trail, foot) = if has_lines && self.bare_children(bare.value).is_some() {
                (Span::at(bare.end), Span::at(end))
            } else {
                (Span::new(bare.end, after.max(bare.end)), Span::new(after, end))
            };
            let value_start = self.document.node(bare.value).full_span().start;
            let head_end = line_end(text, bare.value_from.saturating_sub(1));
            let head = if has_lines && value_start >= head_end {
                Span::new(bare.value_from.min(head_end), head_end)
            } else {
                Span::at(bare.value_from)
            };
            children.push(Child {
                chunk: Span::new(lead.start, end),
                core: Span::new(bare.start, bare.end),
                key: bare.key,
                key_node: bare.key_node,
                value: bare.value,
                value_from: bare.value_from,
                lead,
                head,
                trail,
                foot,
                column,
                mid_line,
            });
            free = end;
        }
        Collection::new(form, children, Span::new(free.min(to), to))
    }

    fn is_block_collection(&self, node: NodeId) -> bool {
        matches!(
            self.document.node(node).kind,
            NodeKind::Mapping { shape: Shape::Block, .. } | NodeKind::Sequence { shape: Shape::Block, .. }
        )
    }
}

/// Where the line that holds `at` begins.
fn line_start(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1)
}

/// Where the line that holds `at` ends, its line break included.
fn line_end(text: &str, at: usize) -> usize {
    text.as_bytes()[at..]
        .iter()
        .position(|&byte| byte == b'\n')
        .map_or(text.len(), |newline| at + newline + 1)
}

/// How many bytes of these comment and blank lines belong to the entry above them: those up to
/// the last comment that is indented deeper than the entry, if none before it is indented less.
fn deeper_lines(gap: &str, column: usize) -> usize {
    let (mut taken, mut seen) = (0, 0);
    for line in gap.split_inclusive('\n') {
        seen += line.len();
        let content = line.trim_start_matches(' ');
        if content.trim().is_empty() {
            continue;
        }
        if line.len() - content.len() <= column {
            break;
        }
        taken = seen;
    }
    taken
}

/// Where the lines of the first entry begin: after directives, the `---` line, and a header
/// comment that a blank line sets apart from the entry.
fn prologue_end(text: &str, first_line: usize, explicit_start: bool) -> usize {
    let mut from = 0;
    let mut at = 0;
    if explicit_start {
        for line in text[..first_line].split_inclusive('\n') {
            at += line.len();
            if line.starts_with("---") {
                from = at;
                break;
            }
        }
    }
    let (mut end, mut at, mut commented) = (from, from, false);
    for line in text[from..first_line].split_inclusive('\n') {
        at += line.len();
        if !line.trim().is_empty() {
            commented = true;
        } else if commented {
            end = at;
        }
    }
    end
}

/// Where the document's lines end: before a `...` line, if there is one.
fn document_end(text: &str, after: usize) -> usize {
    let mut at = after;
    for line in text[after..].split_inclusive('\n') {
        if line.starts_with("...") {
            return at;
        }
        at += line.len();
    }
    text.len()
}
