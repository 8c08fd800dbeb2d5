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

mod cut;

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
        let (prologue, collections) = cut::cut(&document);
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
