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

/// A child less, and one comma with it: the one behind it, or before it where it is the last.
pub(super) fn remove(document: &Document, slot: &Slot) -> Vec<Edit> {
    let span = document.node(slot.container).span;
    if !is_bracketed(document, slot.container, &slot.children) {
        return vec![Edit::replace(span, "{}")];
    }
    if slot.children.len() == 1 {
        return vec![Edit::remove(Span::new(span.start + 1, span.end - 1))];
    }
    let lines = Lines(document.text());
    let child = slot.child();
    let comma = lines.comma_after(child.end);
    let own = own_bytes(lines, span, child, comma);
    let is_last = slot.index + 1 == slot.children.len();
    let comma_before =
        if is_last && comma.is_none() { lines.comma_after(slot.children[slot.index - 1].end) } else { None };
    match comma_before {
        None => vec![Edit::remove(own)],
        // Nothing but blanks between: one removal. Else a comment stays where it is.
        Some(before) if lines.skip_blanks(before + 1) == own.start => {
            vec![Edit::remove(Span::new(before, own.end))]
        }
        Some(before) => vec![Edit::remove(Span::new(before, before + 1)), Edit::remove(own)],
    }
}

/// The bytes that go with a child: whole lines with the comments that belong to it, where it
/// stands on lines of its own; else up to what follows it.
fn own_bytes(lines: Lines<'_>, container: Span, child: Child, comma: Option<usize>) -> Span {
    let end = comma.map_or(child.end, |comma| comma + 1);
    let end = lines.comment_after(end).unwrap_or(end);
    let starts_line = lines.starts_line(child.start) && lines.start(child.start) > container.start;
    if starts_line && lines.ends_line(end) {
        Span::new(lines.leading_comments(child.start), lines.after_break(end))
    } else {
        Span::new(child.start, lines.skip_blanks(end))
    }
}
