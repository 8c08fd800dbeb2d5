//! Changes in braces and brackets.

use super::{Child, Slot, Value, render};
use crate::text::{Edit, Span};
use crate::yaml::lines::Lines;
use crate::yaml::{Document, NodeId};

/// Another value for a child: in its bytes, with a blank after a `:` that had none.
pub(super) fn replace(document: &Document, slot: &Slot, value: &Value) -> Vec<Edit> {
    let child = slot.child();
    let span = document.node(child.value).full_span();
    let text = render::in_place_of(document, child.value, value, true);
    let is_single_pair_key = child.key.is_some() && child.after_indicator.is_none();
    if is_single_pair_key {
        return vec![Edit::insert(child.end, format!(": {text}"))];
    }
    let needs_blank = child.after_indicator == Some(span.start);
    vec![Edit::replace(span, if needs_blank { format!(" {text}") } else { text })]
}

/// Whether the collection stands in braces or brackets of its own, and is no single pair of a
/// sequence. A pair's span is that of its only entry.
fn is_bracketed(document: &Document, container: NodeId, children: &[Child]) -> bool {
    children.first().is_none_or(|child| child.start > document.node(container).span.start)
}

pub(super) fn insert(
    document: &Document,
    container: NodeId,
    children: &[Child],
    position: usize,
    key: Option<&str>,
    value: &Value,
) -> Vec<Edit> {
    let span = document.node(container).span;
    let entry = key.map_or_else(|| render::in_flow(value), |key| render::flow_entry(key, value));
    if !is_bracketed(document, container, children) {
        // `[a: b]` holds a mapping of one pair; a second one needs braces.
        let (before, after) = match position {
            0 => (format!("{{{entry}, "), "}".to_owned()),
            _ => ("{".to_owned(), format!(", {entry}}}")),
        };
        let end = children.last().map_or(span.end, |pair| pair.end);
        return vec![Edit::insert(span.start, before), Edit::insert(end, after)];
    }
    if let Some(next) = children.get(position) {
        let between = separator(document, span, children, position);
        return vec![Edit::insert(next.start, format!("{entry},{between}"))];
    }
    let Some(last) = children.last() else { return vec![Edit::insert(span.start + 1, entry)] };
    append(document, span, children, last, &entry)
}

/// What stands before a child that begins a line of its own: a line break and its blanks; else
/// one blank.
fn separator(document: &Document, span: Span, children: &[Child], position: usize) -> String {
    let lines = Lines(document.text());
    let start = children[position].start;
    let own_line = lines.starts_line(start) && lines.start(start) > span.start;
    if own_line {
        format!("{}{}", lines.newline(), &document.text()[lines.start(start)..start])
    } else {
        " ".to_owned()
    }
}

/// A new entry after the last one, which keeps the comment on its line.
fn append(document: &Document, span: Span, children: &[Child], last: &Child, entry: &str) -> Vec<Edit> {
    let between = separator(document, span, children, children.len() - 1);
    let lines = Lines(document.text());
    let comma = lines.comma_after(last.end);
    let after = comma.map_or(last.end, |comma| comma + 1);
    let own_comma = match comma {
        Some(_) => "",
        // A colon needs a blank after it, even where no value follows.
        None if document.text()[..after].ends_with(':') => " ,",
        None => ",",
    };
    let trailing_comma = if comma.is_some() { "," } else { "" };
    match lines.comment_after(after) {
        Some(comment_end) => {
            let between = if between == " " { format!("{} ", lines.newline()) } else { between };
            let mut edits = vec![Edit::insert(comment_end, format!("{between}{entry}{trailing_comma}"))];
            if comma.is_none() {
                edits.push(Edit::insert(last.end, own_comma));
            }
            edits
        }
        None => vec![Edit::insert(after, format!("{own_comma}{between}{entry}{trailing_comma}"))],
    }
}

pub(super) fn remove(document: &Document, slot: &Slot) -> Vec<Edit> {
    let span = document.node(slot.container).span;
    if !is_bracketed(document, slot.container, &slot.children) {
        return vec![Edit::replace(span, "{}")];
    }
    let child = slot.child();
    let lines = Lines(document.text());
    if slot.children.len() == 1 {
        return vec![Edit::remove(Span::new(span.start + 1, span.end - 1))];
    }
    let comma = lines.comma_after(child.end);
    let end = comma.map_or(child.end, |comma| comma + 1);
    let comment = lines.comment_after(end);
    let end = comment.unwrap_or(end);
    let mut edits = Vec::new();
    let starts_line = lines.starts_line(child.start) && lines.start(child.start) > span.start;
    if starts_line && lines.ends_line(end) {
        let start = lines.leading_comments(child.start);
        edits.push(Edit::remove(Span::new(start, lines.after_break(end))));
    } else {
        edits.push(Edit::remove(Span::new(child.start, lines.skip_blanks(end))));
    }
    let is_last = slot.index + 1 == slot.children.len();
    if is_last && comma.is_none() {
        let previous = slot.children[slot.index - 1];
        if let Some(comma) = lines.comma_after(previous.end) {
            let joined = edits[0].span.start == lines.skip_blanks(comma + 1);
            let end = if joined { edits[0].span.start } else { comma + 1 };
            edits.push(Edit::remove(Span::new(comma, end)));
        }
    }
    edits
}
