//! One side of a merge, cut into whole entries.
//!
//! Every byte of a block collection belongs to one entry or to the collection's tail: the comment
//! and blank lines above an entry are its lead, deeper comment lines below its last line its foot.
//!
//! ```yaml
//! images:          # head of `images`
//!   # lead of `app`
//!   app:
//!     tag: v1      # trail of `tag`
//!     # tail of the mapping of `app`
//!   # tail of the mapping of `images`
//! ```

use std::collections::HashMap;

use crate::text::Span;
use crate::yaml::{Document, NodeId, NodeKind, ScalarStyle, Shape};

use super::value::{Value, value_of};

/// A document whose line ends are `\n`, with its entries.
pub(super) struct View {
    pub(super) document: Document,
    collections: HashMap<NodeId, Collection>,
    /// The bytes before the first entry that belong to none: directives, `---`, a header comment
    /// that a blank line sets apart.
    pub(super) prologue: Span,
}

/// A mapping, or a list whose items have unique names: something that is merged entry by entry.
pub(super) struct Collection {
    pub(super) form: Form,
    pub(super) children: Vec<Child>,
    index: HashMap<String, usize>,
    /// Comment and blank lines after the last entry.
    pub(super) tail: Span,
}

/// How a collection is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    /// Mapping or list.
    pub(super) list: bool,
    /// Block or flow.
    pub(super) flow: bool,
}

/// One entry.
pub(super) struct Child {
    /// The key, or the `name` of a list item.
    pub(super) key: String,
    /// The node of the key; `None` for a list item.
    pub(super) key_node: Option<NodeId>,
    pub(super) value: NodeId,
    /// Comment and blank lines above.
    pub(super) lead: Span,
    /// From the key or dash to the end of the value.
    pub(super) core: Span,
    /// After the colon or dash: where the value may begin.
    pub(super) value_from: usize,
    /// The rest of the first line after the colon or dash, if the value begins below.
    pub(super) head: Span,
    /// The rest of the last line, if the value is no block collection.
    pub(super) trail: Span,
    /// Deeper comment lines below, if the value is no block collection.
    pub(super) foot: Span,
    /// From the lead to the end of the last line, with its line break.
    pub(super) chunk: Span,
    /// How many bytes stand before it in its line.
    pub(super) column: usize,
    /// Whether other content stands before it in its line, as in `- name: app`.
    pub(super) mid_line: bool,
}

impl Collection {
    pub(super) fn get(&self, key: &str) -> Option<&Child> {
        self.index.get(key).map(|&at| &self.children[at])
    }

    pub(super) fn position(&self, key: &str) -> Option<usize> {
        self.index.get(key).copied()
    }
}

impl View {
    /// Cuts a document into entries. Its line ends must be `\n`.
    pub(super) fn of(document: Document) -> View {
        let mut cutter = Cutter { document: &document, collections: HashMap::new() };
        let prologue = cutter.cut_root();
        let collections = cutter.collections;
        View { document, collections, prologue }
    }

    pub(super) fn text(&self) -> &str {
        self.document.text()
    }

    pub(super) fn slice(&self, span: Span) -> &str {
        span.of(self.text())
    }

    /// The collection that a node is; `None` for scalars, aliases and lists without names.
    pub(super) fn collection(&self, node: NodeId) -> Option<&Collection> {
        self.collections.get(&node)
    }

    /// The collection of the whole document.
    pub(super) fn root(&self) -> Option<&Collection> {
        self.collection(self.document.root()?)
    }

    pub(super) fn value(&self, node: NodeId) -> Value {
        value_of(&self.document, node)
    }

    /// The comments in a span, without indentation and marks of layout.
    pub(super) fn comments(&self, span: Span) -> Vec<&str> {
        let comments = self.document.comments();
        let first = comments.partition_point(|comment| comment.span.start < span.start);
        comments[first..]
            .iter()
            .take_while(|comment| comment.span.start < span.end)
            .map(|comment| comment.span.of(self.text()).trim_end())
            .collect()
    }

    /// Whether two entries say the same, with the same comments; layout, quotes and the order of
    /// keys do not count.
    pub(super) fn same_child(&self, child: &Child, view: &View, other: &Child) -> bool {
        self.slice(child.chunk) == view.slice(other.chunk)
            || (child_comments(self, child) == child_comments(view, other)
                && self.same(child.value, view, other.value))
    }

    /// Whether two nodes say the same, with the same comments inside.
    pub(super) fn same(&self, node: NodeId, view: &View, other: NodeId) -> bool {
        match (self.collection(node), view.collection(other)) {
            (Some(mine), Some(yours)) => {
                mine.form.list == yours.form.list
                    && mine.children.len() == yours.children.len()
                    && self.comments(mine.tail) == view.comments(yours.tail)
                    && mine.children.iter().all(|child| {
                        yours.get(&child.key).is_some_and(|other| self.same_child(child, view, other))
                    })
            }
            (None, None) => {
                let (mine, yours) = (self.document.node(node), view.document.node(other));
                self.comments(mine.full_span()) == view.comments(yours.full_span())
                    && self.value(node) == view.value(other)
            }
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
}

fn child_comments<'v>(view: &'v View, child: &Child) -> [Vec<&'v str>; 4] {
    [child.lead, child.head, child.trail, child.foot].map(|span| view.comments(span))
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
        let collection = if form.flow { self.flow(form, bare) } else { self.block(form, bare, from, to) };
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
                let simple = !flow(*shape) || (in_braces && self.is_bare_flow(node));
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
                let simple = !flow(*shape) || self.is_bare_flow(node);
                simple.then_some((Form { list: true, flow: flow(*shape) }, children))
            }
            NodeKind::Sequence { .. } | NodeKind::Scalar { .. } | NodeKind::Alias(_) => None,
        }
        .filter(|(_, children)| {
            let mut keys: Vec<&str> = children.iter().map(|child| child.key.as_str()).collect();
            keys.sort_unstable();
            keys.windows(2).all(|pair| pair[0] != pair[1])
        })
    }

    /// Whether a flow collection holds no comments, so that cutting at commas is safe.
    fn is_bare_flow(&self, node: NodeId) -> bool {
        let span = self.document.node(node).span;
        let comments = self.document.comments();
        let next = comments.partition_point(|comment| comment.span.start < span.start);
        comments.get(next).is_none_or(|comment| comment.span.start >= span.end)
    }

    fn flow(&self, form: Form, bare: Vec<Bare>) -> Collection {
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
        Collection::new(form, children, Span::at(0))
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
            let (trail, foot) = if has_lines {
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

impl Collection {
    fn new(form: Form, children: Vec<Child>, tail: Span) -> Collection {
        let index = children.iter().enumerate().map(|(at, child)| (child.key.clone(), at)).collect();
        Collection { form, children, index, tail }
    }
}

impl Child {
    /// Whether its value is written in one line, so that it can be replaced as a token.
    pub(super) fn is_token(&self, view: &View) -> bool {
        let node = view.document.node(self.value);
        let block = matches!(
            node.kind,
            NodeKind::Scalar { style: ScalarStyle::Literal | ScalarStyle::Folded, .. }
                | NodeKind::Mapping { shape: Shape::Block, .. }
                | NodeKind::Sequence { shape: Shape::Block, .. }
        );
        let span = Span::new(self.value_from.min(node.full_span().start), node.span.end);
        !block && !view.slice(span).contains('\n')
    }
}

/// Where the line that holds `at` begins.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1)
}

/// Where the line that holds `at` ends, its line break included.
pub(super) fn line_end(text: &str, at: usize) -> usize {
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

/// Whether a side lays out what it shares with the base in another way: other order, other
/// indentation, block for flow.
pub(super) fn is_relaid((base_view, base): (&View, &Collection), (view, side): (&View, &Collection)) -> bool {
    let shared = |of: &Collection, other: &Collection| -> Vec<String> {
        let children = of.children.iter().filter(|child| other.get(&child.key).is_some());
        children.map(|child| child.key.clone()).collect()
    };
    if base.form != side.form || shared(base, side) != shared(side, base) {
        return true;
    }
    base.children.iter().any(|child| {
        let Some(other) = side.get(&child.key) else { return false };
        if base_view.slice(child.chunk) == view.slice(other.chunk) {
            return false;
        }
        let is_moved = !base.form.flow && child.column != other.column;
        let nested = (base_view.collection(child.value), view.collection(other.value));
        is_moved
            || match nested {
                (Some(base), Some(side)) => is_relaid((base_view, base), (view, side)),
                _ => false,
            }
    })
}
