//! Text with places in it: byte spans, lines and columns, edits, and the one escape that
//! everything printed goes through.
//!
//! Knows nothing of YAML, git or manifests.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

/// A named text: what a finding points into. The name is what a person is shown, usually a
/// path from the top of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name to show, such as `releases/current.yaml`.
    pub name: String,
    /// The whole text.
    pub text: Arc<str>,
}

impl Source {
    /// A source of this name and text.
    pub fn new(name: impl Into<String>, text: impl Into<Arc<str>>) -> Self {
        Source { name: name.into(), text: text.into() }
    }
}

/// A half-open range of bytes in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte; never before `start`.
    pub end: usize,
}

impl Span {
    /// The bytes `start..end`.
    pub fn new(start: usize, end: usize) -> Self {
        debug_assert!(start <= end, "a span runs forward");
        Span { start, end }
    }

    /// The empty span at `offset`.
    pub fn at(offset: usize) -> Self {
        Span { start: offset, end: offset }
    }

    /// Whether no byte lies in it.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Number of bytes.
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// The text it covers.
    pub fn of(self, text: &str) -> &str {
        &text[self.start..self.end]
    }

    /// Whether every byte of `other` lies in it.
    pub fn covers(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

/// A place as a person reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
}

/// The position of a byte offset. An offset past the end is the end.
pub fn position(text: &str, offset: usize) -> Position {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Position {
        line: before.bytes().filter(|&byte| byte == b'\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}

/// One replacement in a text: the bytes of `span` become `text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The bytes to replace; empty to insert.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

impl Edit {
    /// Replace the bytes of `span` by `text`.
    pub fn replace(span: Span, text: impl Into<String>) -> Self {
        Edit { span, text: text.into() }
    }

    /// Insert `text` before the byte at `offset`.
    pub fn insert(offset: usize, text: impl Into<String>) -> Self {
        Edit::replace(Span::at(offset), text)
    }

    /// Remove the bytes of `span`.
    pub fn remove(span: Span) -> Self {
        Edit::replace(span, "")
    }
}

/// Applies edits to a text. Edits may come in any order; those that start at the same byte are
/// applied in the order given. Returns `None` if two of them overlap or one lies outside the
/// text, because then the caller's plan was wrong and no output would be right.
pub fn apply(text: &str, edits: &[Edit]) -> Option<String> {
    let mut order: Vec<&Edit> = edits.iter().collect();
    order.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut out = String::with_capacity(text.len() + edits.iter().map(|e| e.text.len()).sum::<usize>());
    let mut done = 0;
    for edit in order {
        out.push_str(text.get(done..edit.span.start)?);
        out.push_str(&edit.text);
        text.get(edit.span.start..edit.span.end)?;
        done = edit.span.end;
    }
    out.push_str(text.get(done..)?);
    Some(out)
}

/// Shows hostile text safely: control characters (C0 but newline, DEL, C1), bidirectional
/// controls and line separators become `\u{..}`, so that no name in a manifest can move a
/// terminal's cursor, forge a second line or hide what it says.
pub fn escape(text: &str) -> Escaped<'_> {
    Escaped { text, keep_newline: false }
}

/// Like [`escape`], for texts of several lines: newlines stay.
pub fn escape_lines(text: &str) -> Escaped<'_> {
    Escaped { text, keep_newline: true }
}

/// The display form made by [`escape`] and [`escape_lines`].
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a> {
    text: &'a str,
    keep_newline: bool,
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.text.chars() {
            if character == '\n' && self.keep_newline {
                f.write_str("\n")?;
            } else if is_unsafe_to_print(character) {
                write!(f, "\\u{{{:x}}}", u32::from(character))?;
            } else {
                fmt::Write::write_char(f, character)?;
            }
        }
        Ok(())
    }
}

fn is_unsafe_to_print(character: char) -> bool {
    matches!(character,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// One word for a shell, to be pasted: as it is where that is safe, else in single quotes. What
/// must not be printed as it is stands as `$'\033'`, which bash, zsh and ksh read.
pub fn shell_word(text: &str) -> Cow<'_, str> {
    let is_safe = |character: char| character.is_ascii_alphanumeric() || "._/@:=+-{}^~".contains(character);
    if !text.is_empty() && !text.starts_with(['-', '~', '=']) && text.chars().all(is_safe) {
        return Cow::Borrowed(text);
    }
    if !text.chars().any(is_unsafe_to_print) {
        return Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")));
    }
    let mut word = String::from("$'");
    for character in text.chars() {
        if is_unsafe_to_print(character) {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                write!(word, "\\{byte:03o}").expect("text takes all that is written");
            }
        } else {
            word.extend(matches!(character, '\'' | '\\').then_some('\\'));
            word.push(character);
        }
    }
    word.push('\'');
    Cow::Owned(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_at_one_place_keep_their_order() {
        let edits = [Edit::insert(1, "x"), Edit::insert(1, "y"), Edit::replace(Span::new(1, 2), "B")];
        assert_eq!(apply("abc", &edits).as_deref(), Some("axyBc"));
    }

    #[test]
    fn overlapping_edits_are_refused() {
        let edits = [Edit::remove(Span::new(0, 2)), Edit::remove(Span::new(1, 3))];
        assert_eq!(apply("abc", &edits), None);
        assert_eq!(apply("abc", &[Edit::insert(9, "x")]), None);
    }

    #[test]
    fn a_column_counts_characters() {
        assert_eq!(position("a\nü: x", 5), Position { line: 2, column: 3 });
    }

    #[test]
    fn control_and_bidi_characters_are_shown_as_code_points() {
        assert_eq!(escape("a\u{1b}[31m\n\u{202e}b").to_string(), "a\\u{1b}[31m\\u{a}\\u{202e}b");
        assert_eq!(escape_lines("a\nb\r").to_string(), "a\nb\\u{d}");
    }

    #[test]
    fn a_hostile_name_stays_one_word_and_moves_no_cursor() {
        assert_eq!(shell_word("releases/current.yaml"), "releases/current.yaml");
        assert_eq!(shell_word("a b$(x)"), "'a b$(x)'");
        assert_eq!(shell_word("it's"), r"'it'\''s'");
        assert_eq!(shell_word("--force"), "'--force'");
        assert_eq!(shell_word("a\u{1b}[31m'\\\u{202e}"), r"$'a\033[31m\'\\\342\200\256'");
    }
}
