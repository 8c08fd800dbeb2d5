//! Changes in collections that stand by lines and indentation.

use super::render::{self, Indent};
use super::{Child, Refused, Slot, Value, is_flow, refused};
use crate::text::{Edit, Span};
use crate::yaml::lines::Lines;
use crate::yaml::{Document, NodeKind, ScalarStyle};

/// Another value for a child. The comment on the line of its `:` or `-` stays.
pub(super) fn replace(document: &Document, slot: &Slot, value: &Value) -> Vec<Edit> {
    let child = slot.child();
    let lines = Lines(document.text());
    let old = document.node(child.value).full_span();
    let Some(after_indicator) = child.after_indicator else {
        // `? key` without a `:`.
        let line = Indent { column: lines.column(child.start), newline: lines.newline(), step: 2 }.line();
        let text = render::in_place_of(document, child.value, value, false);
        return vec![Edit::insert(lines.end(child.end), format!("{line}: {text}"))];
    };
    if let Value::Mapping(_) | Value::Sequence(_) = value
        && is_block_collection(value)
    {
        let text = render::in_block(value, indent(document, slot.child(), &slot.children));
        return replace_by_lines(&lines, after_indicator, old, text);
    }
    let text = render::in_place_of(document, child.value, value, false);
    if old.is_empty() {
        return vec![Edit::insert(after_indicator, format!(" {text}"))];
    }
    let gap = &document.text()[after_indicator..old.start];
    if gap.contains('\n') {
        // The old value stood on lines of its own; the new one goes onto the line above them.
        let keep = lines.end(after_indicator);
        return vec![
            Edit::insert(after_indicator, format!(" {text}")),
            Edit::remove(Span::new(keep, old.end)),
        ];
    }
    vec![Edit::replace(old, text)]
}

fn is_block_collection(value: &Value) -> bool {
    match value {
        Value::Mapping(entries) => !entries.is_empty(),
        Value::Sequence(items) => !items.is_empty(),
        Value::Text(_) | Value::Plain(_) => false,
    }
}

/// Lines of their own in the place of `old`: after the comment on the first line, if one is there.
fn replace_by_lines(lines: &Lines<'_>, after_indicator: usize, old: Span, text: String) -> Vec<Edit> {
    let line_end = lines.end(after_indicator);
    if old.start >= line_end && !old.is_empty() {
        return vec![Edit::replace(Span::new(line_end, old.end), text)];
    }
    let old_end = old.end.max(after_indicator);
    match lines.comment_after(old_end) {
        Some(comment_end) => {
            let blank = lines.skip_blanks(old_end);
            vec![Edit::replace(Span::new(after_indicator, blank), " "), Edit::insert(comment_end, text)]
        }
        None => vec![Edit::replace(Span::new(after_indicator, old_end), text)],
    }
}

/// How entries beside `child` are indented, and how those below them.
fn indent<'t>(document: &'t Document, child: Child, siblings: &[Child]) -> Indent<'t> {
    let lines = Lines(document.text());
    let column = lines.column(child.start);
    let step = siblings
        .iter()
        .filter(|sibling| {
            let kind = &document.node(sibling.value).kind;
            matches!(kind, NodeKind::Mapping { .. }) && !is_flow(document, sibling.value)
        })
        .map(|sibling| lines.column(document.node(sibling.value).span.start).saturating_sub(column))
        .find(|step| *step > 0);
    Indent { newline: lines.newline(), column, step: step.unwrap_or(2) }
}

pub(super) fn insert(
    document: &Document,
    children: &[Child],
    position: usize,
    key: Option<&str>,
    value: &Value,
) -> Result<Vec<Edit>, Refused> {
    let lines = Lines(document.text());
    let beside = children.get(position).or(children.last()).expect("a block collection is not empty");
    let at = indent(document, *beside, children);
    let entry = match key {
        Some(key) => render::block_entry(key, value, at),
        None => render::block_item(value, at),
    };
    let Some(next) = children.get(position) else {
        let end = lines.comment_after(beside.end).unwrap_or(beside.end);
        if !lines.ends_line(end) {
            return refused("something else stands on the line of the last entry", beside.span());
        }
        return Ok(vec![Edit::insert(lines.end(end), at.line() + &entry)]);
    };
    if lines.starts_line(next.start) {
        let start = lines.leading_comments(next.start);
        let blanks = " ".repeat(at.column);
        return Ok(vec![Edit::insert(start, format!("{blanks}{entry}{}", at.newline))]);
    }
    Ok(vec![Edit::insert(next.start, entry + &at.line())])
}

/// Removes one child of several, with the comment lines above it and the one on its last line.
pub(super) fn remove(document: &Document, slot: &Slot) -> Result<Vec<Edit>, Refused> {
    let child = slot.child();
    let lines = Lines(document.text());
    let end = lines.comment_after(child.end).unwrap_or(child.end);
    if !lines.ends_line(end) {
        return refused("something else stands on the line of this entry", child.span());
    }
    if lines.starts_line(child.start) {
        let start = lines.leading_comments(child.start);
        let after = lines.after_break(end);
        // A text without a last line break stays one.
        let at_end = after == lines.end(end);
        let start =
            if at_end && !follows_block_scalar(document, start) { lines.before_break(start) } else { start };
        return Ok(vec![Edit::remove(Span::new(start, after))]);
    }
    // The first entry on the line of a dash: the next one takes its place, unless comments
    // belong to that; then they stay above it, and the dash stands alone.
    let Some(next) = slot.children.get(slot.index + 1) else {
        return refused("the layout here cannot be patched", child.span());
    };
    if lines.leading_comments(next.start) < lines.start(next.start) {
        let start = document.text()[..child.start].trim_end_matches(' ').len();
        return Ok(vec![Edit::remove(Span::new(start, lines.end(end)))]);
    }
    Ok(vec![Edit::remove(Span::new(child.start, next.start))])
}

/// Whether the value above this byte is a block scalar, whose last line break is text.
fn follows_block_scalar(document: &Document, at: usize) -> bool {
    let above = document.nodes().map(|(_, node)| node).take_while(|node| node.span.start < at).last();
    above.is_some_and(|node| {
        matches!(node.kind, NodeKind::Scalar { style: ScalarStyle::Literal | ScalarStyle::Folded, .. })
    })
}
