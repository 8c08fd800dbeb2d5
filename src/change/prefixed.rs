//! The words before a version or a day in a tag: `release-1.2.3`, `main-20240615-1a2b3c4`.
//!
//! Knows where the words end, and what must not stand among them; what is behind them is for others
//! to read.

use super::digits::{is_commit, is_date, is_number, leading_number, may_be_commit};

/// A version or a day behind words: `release-1.2.3`.
pub(super) struct Prefixed<'t> {
    /// What stands before it: `release-`.
    pub(super) words: &'t str,
    /// A tag by itself, which begins with a digit.
    pub(super) behind: &'t str,
}

impl<'t> Prefixed<'t> {
    /// Parts a tag before its first version of three and more numbers or its first full day, if no
    /// part of the words may be a commit or half a version.
    pub(super) fn read(tag: &'t str) -> Option<Prefixed<'t>> {
        if !tag.starts_with(|first: char| first.is_ascii_alphabetic()) {
            return None;
        }
        let mut passed = 0;
        loop {
            let at = passed + tag[passed..].find(|character: char| character.is_ascii_digit())?;
            let behind = &tag[at..];
            if is_token_commit(tag, at) || (is_bare_day(behind) && is_behind_a_commit_word(&tag[..at])) {
                return None;
            }
            if numbers_ahead(behind) >= 3 || begins_with_a_day(behind) {
                let words = without_v(&tag[..at]);
                return (!words.is_empty()).then_some(Prefixed { words, behind });
            }
            if numbers_ahead(behind) == 2 {
                return None;
            }
            passed = at + leading_number(behind)?.0.len();
        }
    }
}

/// `app-` of `app-v`, and nothing of `v`.
fn without_v(words: &str) -> &str {
    match words.strip_suffix(['v', 'V']) {
        Some(shorter) if shorter.is_empty() || shorter.ends_with(is_separator) => shorter,
        Some(_) | None => words,
    }
}

/// Whether the part of a tag around `at` is a commit, or digits that may be one.
fn is_token_commit(tag: &str, at: usize) -> bool {
    let start = tag[..at].rfind(is_separator).map_or(0, |separator| separator + 1);
    let token = tag[start..].split(is_separator).next().unwrap_or_default().to_ascii_lowercase();
    is_commit(&token) || may_be_commit(&token)
}

/// `sha-20240615`: what stands behind such a word is a commit, though it looks like a day.
fn is_behind_a_commit_word(words: &str) -> bool {
    let last = words.trim_end_matches(is_separator).rsplit(is_separator).next().unwrap_or_default();
    matches!(last.to_ascii_lowercase().as_str(), "sha" | "git" | "commit" | "rev" | "g")
}

/// How many numbers joined by dots a text begins with.
fn numbers_ahead(text: &str) -> usize {
    let numbers = text.split('.').take_while(|part| part.starts_with(|first: char| first.is_ascii_digit()));
    let mut count = 0;
    for number in numbers {
        count += 1;
        if !is_number(number) {
            break;
        }
    }
    count
}

/// `20240615`, `20240615T101500Z`, `2024-06-15`; with dots it is a version as well.
fn begins_with_a_day(text: &str) -> bool {
    let day_with_dashes = || {
        let (year, rest) = text.split_once('-')?;
        let (month, rest) = rest.split_once('-')?;
        let (day, _) = leading_number(rest)?;
        let is_day = month.len() == 2 && day.len() == 2 && is_date(&format!("{year}{month}{day}"));
        Some(is_day)
    };
    is_bare_day(text) || day_with_dashes().unwrap_or(false)
}

/// `20240615`, with a time behind it or not.
fn is_bare_day(text: &str) -> bool {
    leading_number(text).is_some_and(|(digits, _)| is_date(digits))
}

fn is_separator(character: char) -> bool {
    matches!(character, '-' | '_' | '.')
}
