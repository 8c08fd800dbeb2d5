//! Any bytes as a document: it gives its text back, every place it names lies in it, and whatever
//! reads it comes to an end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sysbom::bom::{Layout, Manifest};
use sysbom::yaml::{Change, Document, Path, Value, apply, disagreement, duplicate_keys, features};

fuzz_target!(|bytes: &[u8]| {
    let document = match Document::parse_bytes(bytes) {
        Ok(document) => document,
        Err(fault) => {
            assert!(fault.span.end <= bytes.len().max(fault.span.start), "a fault lies outside the text");
            return;
        }
    };
    let text = document.text();
    assert_eq!(text.as_bytes(), bytes, "a document is not its text");
    for (_, node) in document.nodes() {
        let span = node.full_span();
        assert!(span.start <= span.end && text.get(span.start..span.end).is_some(), "a node lies outside");
    }
    for feature in features(&document) {
        assert!(text.get(feature.span.start..feature.span.end).is_some());
    }
    let doubled = duplicate_keys(&document);
    let _ = disagreement(&document);
    let manifest = Manifest::read(&document, &Layout::default());
    if !doubled.is_empty() {
        return;
    }
    // A tag that is set is the tag that is read.
    for component in &manifest.components {
        let path = Path::of_keys(["images", component.name.as_str(), "tag"]);
        let change = Change::Replace { at: path, value: Value::Text("v1".into()) };
        let Ok(changed) = apply(&document, &change) else { continue };
        let changed = Document::parse(changed).expect("an edit leaves a document");
        let read = Manifest::read(&changed, &Layout::default());
        let set = read.component(&component.name).map(|component| component.pin().tag);
        assert_eq!(set.as_deref(), Some("v1"), "the tag of `{}`", component.name);
    }
});
