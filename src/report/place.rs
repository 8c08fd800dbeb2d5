//! Where an excerpt lies, in lines and columns.
//!
//! A file may have a finding at every few bytes, so each text is gone through once.

use std::collections::HashMap;
use std::sync::Arc;

use crate::check::Excerpt;
use crate::text::{Position, Source, Span};

/// Gives the places of excerpts, and remembers what it learnt of each text.
#[derive(Default)]
pub struct Places {
    /// By the address of the text, which its `Arc` keeps from being given to another.
    texts: HashMap<*const u8, Indexed>,
}

/// What is known of one text.
struct Indexed {
    text: Arc<str>,
    /// Where its lines begin.
    lines: Vec<usize>,
    /// The last place asked for: its byte, the number of its line from 0, characters before it.
    last: (usize, usize, usize),
}

impl Places {
    /// The first and the last place of an excerpt, lines and columns counted from 1. The end is
    /// the place after the last character. A file as a whole, and a file without text, is at 1:1.
    pub fn range(&mut self, excerpt: &Excerpt) -> (Position, Position) {
        self.range_of(excerpt.source.as_ref(), excerpt.span)
    }

    /// The same for a span of a source.
    pub fn range_of(&mut self, source: Option<&Source>, span: Span) -> (Position, Position) {
        match source {
            Some(source) => {
                let text =
                    self.texts.entry(source.text.as_ptr()).or_insert_with(|| Indexed::new(&source.text));
                (text.position(span.start), text.position(span.end))
            }
            None => (Position { line: 1, column: 1 }, Position { line: 1, column: 1 }),
        }
    }

    /// The bytes of a line of a source, counted from 1, with its line break; `None` past the last.
    pub fn line(&mut self, source: &Source, line: usize) -> Option<Span> {
        let text = self.indexed(source);
        let start = *text.lines.get(line.checked_sub(1)?)?;
        Some(Span::new(start, text.lines.get(line).copied().unwrap_or(source.text.len())))
    }

    fn indexed(&mut self, source: &Source) -> &mut Indexed {
        self.texts.entry(source.text.as_ptr()).or_insert_with(|| Indexed::new(&source.text))
    }
}

impl Indexed {
    fn new(text: &Arc<str>) -> Indexed {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(breaks).collect();
        Indexed { text: Arc::clone(text), lines, last: (0, 0, 0) }
    }

    fn position(&mut self, offset: usize) -> Position {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.lines.partition_point(|start| *start <= offset) - 1;
        // Findings come in the order of the text, so a long line is counted on from the last one.
        let (from, before) = match self.last {
            (at, last_line, column) if last_line == line && at <= offset => (at, column),
            _ => (self.lines[line], 0),
        };
        let column = before + self.text[from..offset].chars().count();
        self.last = (offset, line, column);
        Position { line: line + 1, column: column + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::position;

    #[test]
    fn places_are_those_of_the_text_in_whatever_order_they_are_asked_for() {
        let source = Source::new("a", "ä: 1\nb: ü\r\n\nlast");
        let mut places = Places::default();
        let ends = source.text.char_indices().map(|(at, _)| at).chain([source.text.len(), 99]);
        let ends: Vec<usize> = ends.collect();
        for &end in ends.iter().chain(ends.iter().rev()) {
            let found = places.range_of(Some(&source), Span::new(0, end)).1;
            assert_eq!(found, position(&source.text, end), "{end}");
        }
    }
}
