//! What a run of digits, or of hex digits, in a tag may be: a number, a day, a commit.

use std::cmp::Ordering;

/// The number that a text begins with, and what follows.
pub(super) fn leading_number(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    (end > 0).then(|| text.split_at(end))
}

/// Digits and nothing else.
pub(super) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `2024`, as a year of a tag.
pub(super) fn year_of(text: &str) -> Option<&str> {
    Some(text).filter(|year| year.len() == 4 && is_number(year) && ("1970".."2200").contains(year))
}

/// `20240615`, and with a time `202406151015`.
pub(super) fn is_date(digits: &str) -> bool {
    let within = |range: std::ops::Range<usize>, most: u8| {
        let number: Option<u8> = digits.get(range).and_then(|number| number.parse().ok());
        number.is_some_and(|number| (1..=most).contains(&number))
    };
    matches!(digits.len(), 8 | 10 | 12 | 14)
        && is_number(digits)
        && digits.get(..4).and_then(year_of).is_some()
        && within(4..6, 12)
        && within(6..8, 31)
}

/// `1234567`: a commit without a letter, or a number.
pub(super) fn may_be_commit(part: &str) -> bool {
    part.len() >= 7 && is_number(part) && !is_date(part)
}

/// `1a2b3c4`, `g1a2b3c4`: seven and more hex digits, with a letter and a digit among them.
pub(super) fn is_commit(part: &str) -> bool {
    let has_both = |hex: &str| {
        (7..=64).contains(&hex.len())
            && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            && hex.bytes().any(|byte| byte.is_ascii_digit())
            && hex.bytes().any(|byte| byte.is_ascii_alphabetic())
    };
    has_both(part)
        || part.strip_prefix('g').is_some_and(|hex| {
            (7..=64).contains(&hex.len()) && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        })
}

/// Numbers of any length.
pub(super) fn compare_numbers(one: &str, two: &str) -> Ordering {
    let (one, two) = (one.trim_start_matches('0'), two.trim_start_matches('0'));
    one.len().cmp(&two.len()).then_with(|| one.cmp(two))
}
