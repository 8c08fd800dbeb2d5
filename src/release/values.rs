//! Making one part of a document say what a part of another says, with as few changes as can be.
//!
//! Knows nothing of manifests.

use super::Refusal;
use super::state::said;
use crate::text::escape;
use crate::yaml::{
    Change, Document, NodeId, NodeKind, Path, ScalarStyle, Segment, Value, helm_reading, quote_if_needed,
};

/// A node as a value to write elsewhere. `None` if it holds an alias, or a key that is no text.
pub(super) fn value_of(document: &Document, node: NodeId) -> Option<Value> {
    match &document.node(node).kind {
        NodeKind::Scalar { value, style: ScalarStyle::Plain } => Some(plain(value)),
        NodeKind::Scalar { value, .. } => Some(Value::text(value)),
        NodeKind::Mapping { entries, .. } => {
            let pair = |entry: &crate::yaml::Entry| {
                Some((document.scalar(entry.key)?.to_owned(), value_of(document, entry.value)?))
            };
            entries.iter().map(pair).collect::<Option<_>>().map(Value::Mapping)
        }
        NodeKind::Sequence { items, .. } => items
            .iter()
            .map(|item| value_of(document, item.value))
            .collect::<Option<_>>()
            .map(Value::Sequence),
        NodeKind::Alias(_) => None,
    }
}

/// A scalar without quotes: a string where Helm reads one, else what it says as it is written.
fn plain(text: &str) -> Value {
    if text.is_empty() {
        Value::Plain("null".to_owned())
    } else if quote_if_needed(text) == text {
        Value::text(text)
    } else {
        Value::Plain(text.to_owned())
    }
}

/// What somebody typed as a value: a number or a truth value where Helm would print it as it is
/// written, else a string.
pub(super) fn typed(text: &str) -> Value {
    let is_string = quote_if_needed(text) == text;
    let is_kept = !text.is_empty() && helm_reading(ScalarStyle::Plain, text).is_none();
    let looks_plain =
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+'));
    if !is_string && is_kept && looks_plain { Value::Plain(text.to_owned()) } else { Value::text(text) }
}

/// The changes of `document` that make `node`, which stands at `at`, say what `theirs` says in
/// another document. Mappings are gone through key by key; anything else is replaced as a whole.
pub(super) fn converge(
    document: &Document,
    node: NodeId,
    at: &Path,
    other: &Document,
    theirs: NodeId,
) -> Result<Vec<Change>, Refusal> {
    if said(document, node) == said(other, theirs) {
        return Ok(Vec::new());
    }
    let both_have_entries = !document.entries(node).is_empty() && !other.entries(theirs).is_empty();
    if !both_have_entries {
        let value = value_of(other, theirs).ok_or_else(|| not_plain(at))?;
        return Ok(vec![Change::Replace { at: at.clone(), value }]);
    }
    let mut changes = Vec::new();
    let mut count = document.entries(node).len();
    for entry in other.entries(theirs) {
        let key = other.scalar(entry.key).ok_or_else(|| not_plain(at))?;
        let inner = at.key(key);
        if let Some(own) = document.get(node, key) {
            changes.extend(converge(document, own, &inner, other, entry.value)?);
        } else {
            let value = value_of(other, entry.value).ok_or_else(|| not_plain(&inner))?;
            changes.push(Change::Insert {
                into: at.clone(),
                position: count,
                key: Some(key.to_owned()),
                value,
            });
            count += 1;
        }
    }
    for entry in document.entries(node) {
        let key = document.scalar(entry.key).ok_or_else(|| not_plain(at))?;
        if other.get(theirs, key).is_none() {
            changes.push(Change::Remove { at: at.key(key) });
        }
    }
    Ok(changes)
}

/// The change that puts a value at a path of keys: in the place of what is there, or as a new entry
/// with all the mappings on the way that are not there. `None` if something else is in the way.
pub(super) fn put(document: &Document, place: &Path, value: Value) -> Option<Change> {
    let mut into = Path::root();
    let mut value = value;
    for (depth, segment) in place.segments().iter().enumerate() {
        let Segment::Key(key) = segment else { return None };
        let inner = into.key(key);
        let rest = &place.segments()[depth + 1..];
        match document.at(&inner) {
            Some(_) if rest.is_empty() => return Some(Change::Replace { at: inner, value }),
            Some(node) if !document.entries(node).is_empty() => into = inner,
            found => {
                value = rest.iter().rev().try_fold(value, |value, segment| match segment {
                    Segment::Key(key) => Some(Value::Mapping(vec![(key.clone(), value)])),
                    Segment::Index(_) => None,
                })?;
                let Some(node) = found else {
                    let position = document.at(&into).map_or(0, |node| document.entries(node).len());
                    return Some(Change::Insert { into, position, key: Some(key.clone()), value });
                };
                let is_empty = document.is_missing(node)
                    || matches!(&document.node(node).kind, NodeKind::Mapping { entries, .. } if entries.is_empty());
                return is_empty.then_some(Change::Replace { at: inner, value });
            }
        }
    }
    None
}

fn not_plain(at: &Path) -> Refusal {
    Refusal::new(
        format!("`{}` holds an alias or a key that is no text", escape(&at.to_string())),
        "write it out first",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::apply_all;

    #[test]
    fn one_text_is_made_to_say_what_another_says() {
        for (from, to, after) in [
            ("x: {a: 1, b: 'two'} # c\n", "x:\n  a: 2\n  b: two\n", "x: {a: 2, b: 'two'} # c\n"),
            ("x:\n  a: 1\n  # gone\n  b: 2\n", "x: {a: 1, c: {d: yes}}\n", "x:\n  a: 1\n  c:\n    d: yes\n"),
            ("x: [1, 2]\n", "x: [1, '2']\n", "x:\n  - 1\n  - \"2\"\n"),
            ("x: 1\n", "x: {a: ~}\n", "x:\n  a: ~\n"),
        ] {
            let (one, two) = (Document::parse(from).expect(from), Document::parse(to).expect(to));
            let (here, there) = (one.root().expect("a mapping"), two.root().expect("a mapping"));
            let changes = converge(&one, here, &Path::root(), &two, there).expect("it is plain");
            let made = apply_all(&one, &changes).expect("it is plain");
            assert_eq!(made.text(), after, "{from}");
        }
    }

    #[test]
    fn what_somebody_types_is_a_number_only_if_it_stays_what_it_is() {
        let plain = |text: &str| Value::Plain(text.to_owned());
        for text in ["90", "0.5", "true", "false", "-3"] {
            assert_eq!(typed(text), plain(text));
        }
        for text in ["1.10", "0123", "yes", "null", "~", "", "1e3", "v1", "a: b", "1_000", "{a: 1}"] {
            assert_eq!(typed(text), Value::text(text));
        }
    }
}
