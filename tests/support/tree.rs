//! A document's data as plain values, and edits of it, for tests that compare an edit of the
//! text with the same edit of the data. Written apart from the crate's own comparison.

use sysbom::yaml::{Change, Document, NodeId, NodeKind, Path, Segment, Value};

/// Data without bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tree {
    /// A scalar's text.
    Leaf(String),
    /// A mapping in order.
    Map(Vec<(Tree, Tree)>),
    /// A list.
    List(Vec<Tree>),
    /// An alias, as written.
    Alias(String),
}

impl Tree {
    /// The data of a document that holds something.
    pub fn of(document: &Document) -> Option<Tree> {
        document.root().map(|root| Tree::node(document, root))
    }

    fn node(document: &Document, id: NodeId) -> Tree {
        let node = document.node(id);
        match &node.kind {
            NodeKind::Scalar { value, .. } => Tree::Leaf(value.clone()),
            NodeKind::Alias(_) => Tree::Alias(node.span.of(document.text()).to_owned()),
            NodeKind::Sequence { items, .. } => {
                Tree::List(items.iter().map(|item| Tree::node(document, item.value)).collect())
            }
            NodeKind::Mapping { entries, .. } => Tree::Map(
                entries
                    .iter()
                    .map(|entry| (Tree::node(document, entry.key), Tree::node(document, entry.value)))
                    .collect(),
            ),
        }
    }

    fn value(value: &Value) -> Tree {
        match value {
            Value::Text(text) | Value::Plain(text) => Tree::Leaf(text.clone()),
            Value::Sequence(items) => Tree::List(items.iter().map(Tree::value).collect()),
            Value::Mapping(entries) => Tree::Map(
                entries.iter().map(|(key, value)| (Tree::Leaf(key.clone()), Tree::value(value))).collect(),
            ),
        }
    }

    /// Every place below the root that a path can name, with what stands there. A key that stands
    /// twice names none.
    pub fn places(&self) -> Vec<(Path, Tree)> {
        let mut places = vec![(Path::root(), self.clone())];
        let mut done = 0;
        while let Some((path, tree)) = places.get(done).cloned() {
            done += 1;
            match tree {
                Tree::Leaf(_) | Tree::Alias(_) => {}
                Tree::List(items) => {
                    places
                        .extend(items.into_iter().enumerate().map(|(index, item)| (path.index(index), item)));
                }
                Tree::Map(entries) => {
                    for (key, value) in &entries {
                        let Tree::Leaf(name) = key else { continue };
                        if entries.iter().filter(|(other, _)| other == key).count() == 1 {
                            places.push((path.key(name), value.clone()));
                        }
                    }
                }
            }
        }
        places
    }

    /// The same change made on the data.
    pub fn after(&self, change: &Change) -> Tree {
        let mut tree = self.clone();
        match change {
            Change::Replace { at, value } => *tree.at(at) = Tree::value(value),
            Change::Insert { into, position, key, value } => match (tree.at(into), key) {
                (Tree::Map(entries), Some(key)) => {
                    entries.insert(*position, (Tree::Leaf(key.clone()), Tree::value(value)));
                }
                (Tree::List(items), None) => items.insert(*position, Tree::value(value)),
                _ => panic!("the test asked for an impossible insertion"),
            },
            Change::Remove { at } => {
                let (parent, last) = at.split_last().expect("not the root");
                match (tree.at(&parent), last) {
                    (Tree::Map(entries), Segment::Key(key)) => {
                        entries.retain(|(name, _)| *name != Tree::Leaf(key.clone()));
                    }
                    (Tree::List(items), Segment::Index(index)) => {
                        items.remove(*index);
                    }
                    _ => panic!("the test asked for an impossible removal"),
                }
            }
        }
        tree
    }

    fn at(&mut self, path: &Path) -> &mut Tree {
        path.segments().iter().fold(self, |tree, segment| match (tree, segment) {
            (Tree::Map(entries), Segment::Key(key)) => {
                let name = Tree::Leaf(key.clone());
                &mut entries.iter_mut().find(|(key, _)| *key == name).expect("it is there").1
            }
            (Tree::List(items), Segment::Index(index)) => &mut items[*index],
            _ => panic!("the test asked for a place that is not there"),
        })
    }

    /// Every change worth trying: another value, a value less, a value more, at every place.
    pub fn changes(&self) -> Vec<Change> {
        let values = [
            Value::text("v2"),
            Value::text("1.10"),
            Value::text("a: 'b' #c\n"),
            Value::Mapping(vec![
                ("one".to_owned(), Value::text("x")),
                ("two".to_owned(), Value::Sequence(vec![Value::text("y"), Value::Sequence(vec![])])),
            ]),
        ];
        let mut changes = Vec::new();
        for (path, tree) in self.places() {
            if path != Path::root() {
                changes.push(Change::Remove { at: path.clone() });
                changes.extend(
                    values.iter().map(|value| Change::Replace { at: path.clone(), value: value.clone() }),
                );
            }
            let (length, key) = match &tree {
                Tree::Map(entries) => (entries.len(), Some("new key".to_owned())),
                Tree::List(items) => (items.len(), None),
                Tree::Leaf(_) | Tree::Alias(_) => continue,
            };
            for position in 0..=length {
                for value in [&values[0], &values[3]] {
                    let (into, key, value) = (path.clone(), key.clone(), value.clone());
                    changes.push(Change::Insert { into, position, key, value });
                }
            }
        }
        changes
    }
}

/// Where a span does not lie in the text, in that of its parent, after what stands before it.
pub fn misplaced(document: &Document) -> Option<String> {
    let mut open = vec![document.root()?];
    while let Some(id) = open.pop() {
        let node = document.node(id);
        if node.span.end > document.text().len() {
            return Some(format!("{node:?}"));
        }
        let mut children = Vec::new();
        for entry in document.entries(id) {
            children.push((entry.key, entry.start));
            let before_value = entry.colon.unwrap_or(document.node(entry.value).full_span().start);
            children.push((entry.value, before_value));
        }
        children.extend(document.items(id).iter().map(|item| (item.value, item.start)));
        let mut cursor = node.span.start;
        for (child, start) in children {
            let span = document.node(child).full_span();
            if !(cursor <= start && start <= span.start && span.end <= node.span.end) {
                return Some(format!("{:?} in {node:?} after {cursor}, start {start}", document.node(child)));
            }
            cursor = span.end;
            open.push(child);
        }
    }
    None
}

/// The comments, in order.
pub fn comments(document: &Document) -> Vec<&str> {
    document.comments().iter().map(|comment| comment.span.of(document.text())).collect()
}
