//! Where an excerpt lies, in lines and columns.

use crate::check::Excerpt;
use crate::text::{Position, position};

/// The first and the last place of an excerpt, lines and columns counted from 1. The end is the
/// place after the last character. A file as a whole, and a file without text, is at 1:1.
pub fn range(excerpt: &Excerpt) -> (Position, Position) {
    match &excerpt.source {
        Some(source) => {
            (position(&source.text, excerpt.span.start), position(&source.text, excerpt.span.end))
        }
        None => (Position { line: 1, column: 1 }, Position { line: 1, column: 1 }),
    }
}
