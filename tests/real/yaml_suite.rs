//! The YAML test suite judges our reader and our edits.
//!
//! Reads `../shared/data/yaml-test-suite`: one file per case, in the suite's own notation for blanks.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::parts::shared;
use crate::tree::{Tree, comments, misplaced};
use sysbom::yaml::{Change, Document, FaultKind, NodeId, NodeKind, ScalarStyle, Shape, apply};

/// One case of the suite.
pub struct Case {
    /// The file's name, and the number of the case where the file holds several.
    pub id: String,
    /// The text to read.
    pub yaml: String,
    /// Whether it is to be refused.
    pub invalid: bool,
    /// The events it means, one per line, as the suite writes them.
    pub tree: String,
}

/// Every case but those that the suite itself skips.
pub fn cases() -> Vec<Case> {
    let folder = shared("data/yaml-test-suite");
    let listing = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("the YAML test suite must be at {}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = listing.map(|entry| entry.expect("listed").path()).collect();
    files.sort();
    files.into_iter().flat_map(|file| cases_of(&file)).collect()
}

fn cases_of(file: &std::path::Path) -> Vec<Case> {
    let stem = file.file_stem().expect("a file").to_string_lossy().into_owned();
    let document = Document::parse_bytes(&std::fs::read(file).expect("listed")).expect("the suite is YAML");
    let root = document.root().expect("the suite's files hold lists");
    let items = document.items(root);
    let field = |item: NodeId, name: &str| document.get(item, name).and_then(|node| document.scalar(node));
    let mut tree = String::new();
    let mut found = Vec::new();
    for (number, item) in items.iter().enumerate() {
        if field(items[0].value, "skip").is_some() {
            continue;
        }
        // A later case of a file takes over what it does not say itself.
        if let Some(own) = field(item.value, "tree") {
            own.clone_into(&mut tree);
        }
        let id = if items.len() == 1 { stem.clone() } else { format!("{stem}-{}", number + 1) };
        found.push(Case {
            id,
            yaml: decoded(field(item.value, "yaml").expect("every case has a text")),
            invalid: field(item.value, "fail").is_some(),
            tree: decoded(&tree),
        });
    }
    found
}

/// The suite's notation, undone: `␣` a space, `—»` a tab, `↵` shows a line break that stands
/// there, `∎` the end of a text without one, `←` a carriage return, `⇔` a byte order mark.
fn decoded(text: &str) -> String {
    let text = text.replace('␣', " ").replace('↵', "").replace('←', "\r").replace('⇔', "\u{feff}");
    let text = text.replace('—', "").replace('»', "\t");
    text.replace("∎\n", "")
}

/// The events of the one document in a text, as the suite writes them, with tags as `<>`.
fn events(document: &Document) -> String {
    let mut out = String::new();
    if let Some(root) = document.root() {
        write_events(document, root, &mut out);
    }
    out
}

fn write_events(document: &Document, id: NodeId, out: &mut String) {
    let node = document.node(id);
    let mut properties = String::new();
    if let Some(anchor) = node.anchor {
        let _ = write!(properties, " {}", anchor.of(document.text()));
    }
    if node.tag.is_some() {
        properties.push_str(" <>");
    }
    match &node.kind {
        NodeKind::Alias(_) => {
            let _ = writeln!(out, "=ALI {}", node.span.of(document.text()));
        }
        NodeKind::Scalar { value, style } => {
            let style = match style {
                ScalarStyle::Plain => ':',
                ScalarStyle::SingleQuoted => '\'',
                ScalarStyle::DoubleQuoted => '"',
                ScalarStyle::Literal => '|',
                ScalarStyle::Folded => '>',
            };
            let value = value.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t");
            let value = value.replace('\r', "\\r").replace('\u{8}', "\\b");
            let _ = writeln!(out, "=VAL{properties} {style}{value}");
        }
        NodeKind::Mapping { shape, entries } => {
            let braces = if *shape == Shape::Flow { " {}" } else { "" };
            let _ = writeln!(out, "+MAP{braces}{properties}");
            for entry in entries {
                write_events(document, entry.key, out);
                write_events(document, entry.value, out);
            }
            out.push_str("-MAP\n");
        }
        NodeKind::Sequence { shape, items } => {
            let brackets = if *shape == Shape::Flow { " []" } else { "" };
            let _ = writeln!(out, "+SEQ{brackets}{properties}");
            for item in items {
                write_events(document, item.value, out);
            }
            out.push_str("-SEQ\n");
        }
    }
}

/// The suite's events without stream and document, and with tags as `<>`.
fn expected_events(tree: &str) -> String {
    let mut out = String::new();
    for line in tree.lines().map(str::trim_start) {
        if line.starts_with("+STR")
            || line.starts_with("-STR")
            || line.starts_with("+DOC")
            || line.starts_with("-DOC")
        {
            continue;
        }
        // A tag stands before the text of a scalar, which may hold brackets of its own.
        match (line.find(" <"), line.find([':', '\'', '"', '|', '>'])) {
            (Some(open), text) if text.is_none_or(|text| open < text) => {
                let close = open + line[open..].find('>').expect("a tag is closed");
                let _ = writeln!(out, "{} <>{}", &line[..open], &line[close + 1..]);
            }
            _ => {
                let _ = writeln!(out, "{line}");
            }
        }
    }
    out
}

#[test]
fn every_valid_document_of_the_suite_is_read_as_it_means() {
    let (mut valid, mut several, mut wrong) = (0, 0, Vec::new());
    for case in cases().into_iter().filter(|case| !case.invalid) {
        valid += 1;
        if case.tree.matches("+DOC").count() > 1 {
            several += 1;
            let kind = Document::parse(case.yaml.as_str()).err().map(|fault| fault.kind);
            if kind != Some(FaultKind::SeveralDocuments) {
                wrong.push(format!("{}: several documents, but {kind:?}", case.id));
            }
            continue;
        }
        match Document::parse(case.yaml.as_str()) {
            Err(fault) => wrong.push(format!("{}: refused: {fault}", case.id)),
            Ok(document) => {
                assert_eq!(document.text(), case.yaml, "{}", case.id);
                wrong.extend(
                    misplaced(&document).map(|fault| format!("{}: {:?}: {fault}", case.id, case.yaml)),
                );
                let (ours, theirs) = (events(&document), expected_events(&case.tree));
                if ours != theirs {
                    wrong.push(format!("{}: {:?}\n{ours}--- but\n{theirs}", case.id, case.yaml));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {valid}:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!((valid, several), (308, 19), "the whole suite was found");
}

/// Continuation lines of a flow collection or a quoted scalar that are not indented, or only by
/// a tab. Helm and the readers of other languages take them, and so do we: a manifest with a
/// closing brace in the first column is common.
const LENIENT: [&str; 3] = ["9C9N", "DK95-2", "QB6E"];

#[test]
fn every_invalid_document_of_the_suite_is_refused() {
    let invalid: Vec<Case> = cases().into_iter().filter(|case| case.invalid).collect();
    let accepted: Vec<String> = invalid
        .iter()
        .filter(|case| !LENIENT.contains(&case.id.as_str()))
        .filter(|case| Document::parse(case.yaml.as_str()).is_ok())
        .map(|case| format!("{}: {:?}", case.id, case.yaml))
        .collect();
    assert!(accepted.is_empty(), "{}", accepted.join("\n"));
    assert_eq!(invalid.len(), 94, "the whole suite was found");
}

/// Where a `?` stands alone in braces: it has no bytes that a value could follow.
const NOT_PATCHED: &str = "DFF7";

#[test]
fn every_edit_of_the_suite_means_the_same_edit_of_its_data() {
    let (mut made, mut repeated) = (0, 0);
    for case in cases().into_iter().filter(|case| !case.invalid && case.id != NOT_PATCHED) {
        let Ok(document) = Document::parse(case.yaml.as_str()) else { continue };
        let Some(tree) = Tree::of(&document) else { continue };
        for change in tree.changes() {
            match apply(&document, &change) {
                Ok(text) => {
                    made += 1;
                    let about = || format!("{}: {:?} {change:?} {text:?}", case.id, case.yaml);
                    let result = Document::parse(text.as_str()).expect("a patched text is YAML");
                    assert_eq!(Tree::of(&result).as_ref(), Some(&tree.after(&change)), "{}", about());
                    assert_eq!(misplaced(&result), None, "{}", about());
                    if matches!(change, Change::Insert { .. }) {
                        assert_eq!(comments(&document), comments(&result), "{}", about());
                    }
                }
                Err(refused) => {
                    // An alias elsewhere repeats what would change: then no edit of one place can
                    // be right. Nothing else is refused.
                    let about = format!("{}: {refused}: {:?} {change:?}", case.id, case.yaml);
                    assert!(case.yaml.contains('*') && refused.message.contains("an alias"), "{about}");
                    repeated += 1;
                }
            }
        }
    }
    assert!(made > 5_000 && repeated < 200, "{made} made, {repeated} refused");
}
