//! What holds for every document, whatever its layout: nothing of the text is lost, spans lie where
//! the values are, the second reader agrees, and an edit of the text is the same edit of the data.

#[path = "support/mutants.rs"]
mod mutants;
#[path = "support/random.rs"]
mod random;
#[path = "support/tree.rs"]
mod tree;

use proptest::prelude::*;
use proptest::sample::select;
use random::Random;
use sysbom::yaml::{
    Change, Document, NodeKind, Path, Value, apply, disagreement, duplicate_keys, features, helm_reading,
};
use tree::{Tree, comments, misplaced};

/// A value and how it is written.
#[derive(Clone, Debug)]
enum Written {
    /// The source of a scalar, and the text that it means.
    Scalar(&'static str, &'static str),
    /// Lines after a `|`.
    Literal(Vec<&'static str>),
    Map {
        flow: bool,
        entries: Vec<(&'static str, Written, Trivia)>,
    },
    List {
        flow: bool,
        items: Vec<(Written, Trivia)>,
    },
}

/// What stands around an entry.
#[derive(Clone, Copy, Debug)]
struct Trivia {
    blank_line_above: bool,
    comment_above: bool,
    comment_behind: bool,
}

/// How a whole document is written.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own")]
struct Style {
    newline: &'static str,
    step: usize,
    dashes_indented: bool,
    mark: bool,
    start: bool,
    last_newline: bool,
}

const KEYS: [&str; 8] = ["images", "app", "web-2", "tag", "'quoted'", "\"double\"", "a b", "x/y.z"];

const SCALARS: [(&str, &str); 12] = [
    ("v1.2.3", "v1.2.3"),
    ("1.10", "1.10"),
    ("'it''s'", "it's"),
    ("\"a\\tb\\u00e9\"", "a\tbé"),
    ("sha256:0a", "sha256:0a"),
    ("~", "~"),
    ("", ""),
    ("\"\"", ""),
    ("'#'", "#"),
    ("a#b", "a#b"),
    ("äöü", "äöü"),
    ("http://x:1/y", "http://x:1/y"),
];

fn scalar() -> impl Strategy<Value = Written> {
    select(SCALARS.to_vec()).prop_map(|(source, text)| Written::Scalar(source, text))
}

fn trivia() -> impl Strategy<Value = Trivia> {
    (prop::bool::weighted(0.2), prop::bool::weighted(0.2), prop::bool::weighted(0.2)).prop_map(
        |(blank_line_above, comment_above, comment_behind)| Trivia {
            blank_line_above,
            comment_above,
            comment_behind,
        },
    )
}

fn map_of(value: impl Strategy<Value = Written>) -> impl Strategy<Value = Written> {
    let keys = prop::sample::subsequence(KEYS.to_vec(), 0..5).prop_shuffle();
    (prop::bool::weighted(0.3), keys, prop::collection::vec((value, trivia()), 5)).prop_map(
        |(flow, keys, values)| {
            let entries =
                keys.into_iter().zip(values).map(|(key, (value, trivia))| (key, value, trivia)).collect();
            Written::Map { flow, entries }
        },
    )
}

fn written() -> impl Strategy<Value = Written> {
    let literal = prop::collection::vec(select(vec!["one", "  two # no comment", "", "- three: 3"]), 1..4)
        .prop_map(|mut lines| {
            lines[0] = "first";
            Written::Literal(lines)
        });
    let leaf = prop_oneof![6 => scalar(), 1 => literal];
    let tree = leaf.prop_recursive(4, 24, 5, |inner| {
        let list = (prop::bool::weighted(0.3), prop::collection::vec((inner.clone(), trivia()), 0..4))
            .prop_map(|(flow, items)| Written::List { flow, items });
        prop_oneof![2 => map_of(inner), 1 => list]
    });
    map_of(tree)
}

fn style() -> impl Strategy<Value = Style> {
    (select(vec!["\n", "\r\n"]), 1..4_usize, any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>())
        .prop_map(|(newline, step, dashes_indented, mark, start, last_newline)| Style {
            newline,
            step,
            dashes_indented,
            mark: mark && start,
            start,
            last_newline,
        })
}

/// Writes a document and keeps what it means.
struct Writer {
    style: Style,
    text: String,
    comments: usize,
}

impl Writer {
    fn document(value: &Written, style: Style) -> (String, Tree) {
        let mut writer = Writer { style, text: String::new(), comments: 0 };
        if style.mark {
            writer.text.push('\u{feff}');
        }
        if style.start {
            writer.text.push_str("---");
        }
        let tree = writer.value(value, 0, false, None);
        writer.text = writer.text.trim_start_matches(['\r', '\n', ' ']).to_owned();
        if !style.last_newline {
            // A block scalar at the end keeps its line break: without it Helm reads another text.
            let keeps = ends_with_literal(value);
            if !keeps {
                return (writer.text, tree);
            }
        }
        writer.text.push_str(style.newline);
        (writer.text, tree)
    }

    fn comment(&mut self) -> String {
        self.comments += 1;
        format!("# note {}", self.comments)
    }

    /// Writes a value after its `:` or `-`, the comment on that line included.
    fn value(&mut self, value: &Written, column: usize, in_flow: bool, comment: Option<String>) -> Tree {
        let comment = comment.map(|comment| format!(" {comment}")).unwrap_or_default();
        match value {
            Written::Scalar(source, text) => {
                let blank = if source.is_empty() || in_flow { "" } else { " " };
                self.text += &format!("{blank}{source}{comment}");
                Tree::Leaf((*text).to_owned())
            }
            Written::Literal(lines) if in_flow => {
                self.text += &format!("\"{}\"", lines.join(" "));
                Tree::Leaf(lines.join(" "))
            }
            Written::Literal(lines) => {
                self.text += &format!(" |{comment}");
                let mut text = String::new();
                for line in lines {
                    let blanks = if line.is_empty() { 0 } else { column + self.style.step };
                    self.text += &format!("{}{}{line}", self.style.newline, " ".repeat(blanks));
                    text += &format!("{line}\n");
                }
                Tree::Leaf(format!("{}\n", text.trim_end_matches('\n')))
            }
            Written::Map { flow, entries } if *flow || in_flow || entries.is_empty() => {
                self.text += if in_flow { "{" } else { " {" };
                let tree = self.flow_entries(entries);
                self.text += &format!("}}{comment}");
                tree
            }
            Written::List { flow, items } if *flow || in_flow || items.is_empty() => {
                self.text += if in_flow { "[" } else { " [" };
                let mut trees = Vec::new();
                for (item, _) in items {
                    if !trees.is_empty() {
                        self.text += ", ";
                    }
                    trees.push(match item {
                        Written::Scalar("", _) => self.value(&Written::Scalar("\"\"", ""), 0, true, None),
                        item => self.value(item, 0, true, None),
                    });
                }
                self.text += &format!("]{comment}");
                Tree::List(trees)
            }
            Written::Map { entries, .. } => {
                self.text += &comment;
                let mut trees = Vec::new();
                for (key, value, trivia) in entries {
                    self.line(column, *trivia);
                    self.text += &format!("{key}:");
                    let behind = trivia.comment_behind.then(|| self.comment());
                    let tree = self.value(value, column + self.indentation(value), false, behind);
                    trees.push((Tree::Leaf(key.trim_matches(['\'', '"']).to_owned()), tree));
                }
                Tree::Map(trees)
            }
            Written::List { items, .. } => {
                self.text += &comment;
                let mut trees = Vec::new();
                for (item, trivia) in items {
                    self.line(column, *trivia);
                    self.text.push('-');
                    let behind = trivia.comment_behind.then(|| self.comment());
                    let inner = match item {
                        Written::Map { .. } | Written::List { .. } => column + self.style.step.max(2),
                        Written::Scalar(..) | Written::Literal(_) => column,
                    };
                    let before = self.text.len();
                    let compact = behind.is_none();
                    let tree = self.value(item, inner, false, behind);
                    if compact {
                        self.pull_up(before, inner, column);
                    }
                    trees.push(tree);
                }
                Tree::List(trees)
            }
        }
    }

    /// `-`, line break, blanks, `a: 1` becomes `- a: 1` where nothing stands between.
    fn pull_up(&mut self, dash_end: usize, inner: usize, column: usize) {
        let line = format!("{}{}", self.style.newline, " ".repeat(inner));
        let rest = &self.text[dash_end..];
        if let Some(entry) = rest.strip_prefix(&line)
            && !entry.starts_with(['#', ' ', '\r', '\n'])
        {
            self.text.replace_range(dash_end..dash_end + line.len(), &" ".repeat(inner - column - 1));
        }
    }

    fn indentation(&self, value: &Written) -> usize {
        match value {
            Written::List { .. } if !self.style.dashes_indented => 0,
            Written::Scalar(..) | Written::Literal(_) => 0,
            Written::Map { .. } | Written::List { .. } => self.style.step,
        }
    }

    fn line(&mut self, column: usize, trivia: Trivia) {
        let line = format!("{}{}", self.style.newline, " ".repeat(column));
        if trivia.blank_line_above {
            self.text += self.style.newline;
        }
        if trivia.comment_above {
            let comment = self.comment();
            self.text += &format!("{line}{comment}");
        }
        self.text += &line;
    }

    fn flow_entries(&mut self, entries: &[(&'static str, Written, Trivia)]) -> Tree {
        let mut trees = Vec::new();
        for (key, value, _) in entries {
            if !trees.is_empty() {
                self.text += ", ";
            }
            self.text += &format!("{key}: ");
            let tree = self.value(value, 0, true, None);
            trees.push((Tree::Leaf(key.trim_matches(['\'', '"']).to_owned()), tree));
        }
        Tree::Map(trees)
    }
}

fn ends_with_literal(value: &Written) -> bool {
    match value {
        Written::Scalar(..) => false,
        Written::Literal(_) => true,
        Written::Map { entries, .. } => entries.last().is_some_and(|(_, value, _)| ends_with_literal(value)),
        Written::List { items, .. } => items.last().is_some_and(|(value, _)| ends_with_literal(value)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_document_of_any_layout_is_read_as_it_was_meant(value in written(), style in style()) {
        let (text, tree) = Writer::document(&value, style);
        let document = Document::parse(text.as_str()).expect("it is YAML");
        prop_assert_eq!(document.text(), &text);
        prop_assert_eq!(Tree::of(&document), Some(tree), "{}", text);
        prop_assert_eq!(misplaced(&document), None, "{}", text);
        prop_assert_eq!(disagreement(&document), None, "{}", text);
        prop_assert_eq!(duplicate_keys(&document), []);
        prop_assert_eq!(features(&document), [], "{}", text);
    }

    #[test]
    fn an_edit_of_any_layout_is_the_same_edit_of_the_data(value in written(), style in style()) {
        let (text, tree) = Writer::document(&value, style);
        let document = Document::parse(text.as_str()).expect("it is YAML");
        for change in tree.changes() {
            let edited = apply(&document, &change);
            prop_assert!(edited.is_ok(), "{}\n{:?}\n{:?}", text, change, edited);
            let edited = edited.unwrap_or_default();
            let result = Document::parse(edited.as_str()).expect("a patched text is YAML");
            prop_assert_eq!(Tree::of(&result), Some(tree.after(&change)), "{}\n{:?}\n{}", text, change, edited);
            prop_assert_eq!(disagreement(&result), None, "{}", edited);
            if let Change::Insert { .. } = change {
                prop_assert_eq!(comments(&document), comments(&result), "{}\n{:?}\n{}", text, change, edited);
            }
            if text.contains("\r\n") {
                prop_assert!(!edited.replace("\r\n", "").contains(['\r', '\n']), "{:?}", edited);
            }
        }
    }

    #[test]
    fn a_scalar_in_the_place_of_a_scalar_changes_no_other_byte(value in written(), style in style()) {
        let (text, tree) = Writer::document(&value, style);
        let document = Document::parse(text.as_str()).expect("it is YAML");
        for (path, old) in tree.places() {
            let Tree::Leaf(_) = old else { continue };
            let span = document.node(document.at(&path).expect("it is there")).span;
            let change = Change::Replace { at: path, value: Value::text("v9") };
            let edited = apply(&document, &change).expect("it can be patched");
            let kept = edited.len() + span.len() - text.len();
            prop_assert!(edited.starts_with(&text[..span.start]) && edited.ends_with(&text[span.end..]));
            prop_assert!(kept <= " 'v9'".len(), "{}\n{}", text, edited);
        }
    }

    #[test]
    fn removing_what_was_inserted_gives_the_text_back(value in written(), style in style()) {
        let (text, tree) = Writer::document(&value, style);
        let document = Document::parse(text.as_str()).expect("it is YAML");
        for change in tree.changes() {
            let Change::Insert { into, position, key, .. } = &change else { continue };
            let place = key.as_ref().map_or_else(|| into.index(*position), |key| into.key(key));
            let edited = Document::parse(apply(&document, &change).expect("inserted")).expect("YAML");
            let back = apply(&edited, &Change::Remove { at: place }).expect("removed");
            prop_assert_eq!(&back, &text, "{:?}\n{}", change, edited.text());
        }
    }
}

#[test]
fn no_text_at_all_breaks_a_reader() {
    let mut random = Random::new(11);
    let mut read = 0;
    for _ in 0..20_000 {
        let text = mutants::soup(&mut random);
        let Ok(document) = Document::parse_bytes(text.as_bytes()) else { continue };
        read += 1;
        assert_eq!(document.text(), text);
        assert_eq!(misplaced(&document), None, "{text:?}");
        let _ = (features(&document), duplicate_keys(&document), disagreement(&document));
        let Some(tree) = Tree::of(&document) else { continue };
        for change in tree.changes() {
            let _ = apply(&document, &change);
        }
    }
    assert!(read > 1_000, "{read} are YAML");
    assert!(Document::parse_bytes(b"a: \xff\n").is_err_and(|fault| fault.span.start == 3));
}

#[test]
fn whatever_falls_into_a_manifest_no_reader_breaks_and_no_byte_is_lost() {
    let mut random = Random::new(7);
    let mut read = 0;
    for _ in 0..6_000 {
        let text = mutants::mutant(&mut random);
        let Ok(document) = Document::parse(text.as_str()) else { continue };
        read += 1;
        assert_eq!(document.text(), text);
        assert_eq!(misplaced(&document), None, "{text:?}");
        let _ = (features(&document), duplicate_keys(&document), disagreement(&document));
        for (_, node) in document.nodes() {
            if let NodeKind::Scalar { value, style } = &node.kind {
                let _ = helm_reading(*style, value);
            }
        }
        let Some(tree) = Tree::of(&document) else { continue };
        for change in tree.changes().iter().step_by(7) {
            if let Ok(edited) = apply(&document, change) {
                let result = Document::parse(edited.as_str()).expect("a patched text is YAML");
                assert_eq!(Tree::of(&result), Some(tree.after(change)), "{text:?} {change:?} {edited:?}");
            }
        }
    }
    assert!(read > 2_000, "{read} mutants are YAML");
}

#[test]
fn a_place_that_is_not_there_is_refused_by_name() {
    let document = Document::parse("a: {b: 1}\nc: 1\nc: 2\n").expect("YAML");
    let refused = |change: &Change| apply(&document, change).expect_err("refused").message;
    let at = Path::of_keys(["a", "x"]);
    assert_eq!(refused(&Change::Remove { at }), "`a.x` is not there");
    let at = Path::of_keys(["c"]);
    assert_eq!(refused(&Change::Replace { at, value: Value::text("3") }), "the key `c` stands twice");
    let insert = |into: Path, position, key: Option<&str>| Change::Insert {
        into,
        position,
        key: key.map(str::to_owned),
        value: Value::text("v"),
    };
    let a = Path::of_keys(["a"]);
    assert_eq!(refused(&insert(a.clone(), 0, Some("b"))), "the key `b` is there already");
    assert_eq!(refused(&insert(a.clone(), 2, Some("x"))), "there is no position 2 among 1");
    assert_eq!(
        refused(&insert(a.clone(), 0, None)),
        "an entry with a key goes into a mapping, one without into a list"
    );
}
