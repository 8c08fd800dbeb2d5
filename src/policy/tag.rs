//! What a tag says of itself: a version, a commit, a date, a build, or a name that moves.
//!
//! Knows words and digits and nothing of settings, but for how many parts a full version has.
//! Tokens are split at `-`, `_` and `.`; words compare without case.

use crate::bom::is_civil_date;

/// Words that move wherever they stand.
const ALWAYS_MOVING: &[&str] = &["latest", "snapshot", "rolling", "floating"];
/// Names of branches, environments and channels that move when they are the whole tag, or when
/// they follow a version.
const MOVING: &[&str] = &[
    "main",
    "master",
    "trunk",
    "head",
    "tip",
    "dev",
    "devel",
    "develop",
    "development",
    "edge",
    "canary",
    "nightly",
    "daily",
    "weekly",
    "unstable",
    "next",
    "current",
    "mainline",
    "staging",
    "prod",
    "production",
    "qa",
    "uat",
    "test",
    "testing",
    "preview",
    "integration",
    "wip",
    "experimental",
    "insiders",
];
/// Names that move when they are the whole tag; behind a version they only qualify it.
const CHANNELS: &[&str] =
    &["stable", "lts", "release", "ga", "beta", "alpha", "rc", "final", "slim", "alpine"];

/// The kind of a well-formed tag; the first that fits, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A token of it always moves.
    MovingToken(String),
    /// The whole of it is a moving word or a channel.
    MovingName,
    /// It holds a full version, commit, date or long number, and a moving word or `dirty` behind
    /// that, with no digit after the word.
    MovingSuffix(String),
    /// It holds a full version.
    FullVersion,
    /// It holds a commit, a full date, or ten and more digits.
    CommitOrDate,
    /// The whole of it is a number of five and more digits, or of a build.
    BuildNumber,
    /// One or two numbers, alone or with a flavour.
    PartialVersion,
    /// A moving word or a channel with something behind it that says no version: `stable-alpine`.
    MovingPrefix,
    /// Anything else.
    Unversioned,
}

/// Judges a well-formed tag. A full version has at least `version_parts` numbers.
pub(super) fn kind(tag: &str, version_parts: usize) -> Kind {
    let tag = tag.to_ascii_lowercase();
    if let Some(token) = tokens(&tag).find(|token| ALWAYS_MOVING.contains(token)) {
        return Kind::MovingToken(token.to_owned());
    }
    if is_moving_name(&tag) {
        return Kind::MovingName;
    }
    if let Some(end) = version_end(&tag, version_parts) {
        return unless_word_follows(&tag[end..], Kind::FullVersion);
    }
    if let Some(end) = identity_end(&tag) {
        return unless_word_follows(&tag[end..], Kind::CommitOrDate);
    }
    if is_build_number(&tag) {
        return Kind::BuildNumber;
    }
    if is_partial_version(&tag) {
        return Kind::PartialVersion;
    }
    if tokens(&tag).next().is_some_and(is_moving_name) { Kind::MovingPrefix } else { Kind::Unversioned }
}

fn tokens(tag: &str) -> impl Iterator<Item = &str> {
    tag.split(is_separator)
}

fn is_separator(character: char) -> bool {
    matches!(character, '-' | '_' | '.')
}

fn is_moving_name(word: &str) -> bool {
    MOVING.contains(&word) || CHANNELS.contains(&word)
}

/// `rest` is what stands behind the identity: `-dev`, `-dev.5`, `rc1`. A word moves unless a digit
/// stands somewhere behind it, so only what stands behind the last digit matters.
fn unless_word_follows(rest: &str, kind: Kind) -> Kind {
    let behind_last_digit = rest
        .rfind(|character: char| character.is_ascii_digit())
        .map_or(rest, |digit| rest[digit..].find(is_separator).map_or("", |next| &rest[digit + next..]));
    let moves = |token: &&str| MOVING.contains(token) || *token == "dirty";
    match tokens(behind_last_digit).find(moves) {
        Some(word) => Kind::MovingSuffix(word.to_owned()),
        None => kind,
    }
}

/// Where the first run of at least `parts` numbers joined by dots ends.
fn version_end(tag: &str, parts: usize) -> Option<usize> {
    let bytes = tag.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let mut end = digits_end(bytes, at);
        let mut count = 1;
        while bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
            end = digits_end(bytes, end + 1);
            count += 1;
        }
        if count >= parts {
            return Some(end);
        }
        at = end;
    }
    None
}

fn digits_end(bytes: &[u8], start: usize) -> usize {
    start + bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Where the first commit, full date or run of ten and more digits ends.
fn identity_end(tag: &str) -> Option<usize> {
    let commit = ended_tokens(tag).find(|(token, _)| is_commit(token)).map(|(_, end)| end);
    let dated = digit_runs(tag).find_map(|(start, end)| date_or_run_end(tag, start, end));
    commit.into_iter().chain(dated).min()
}

/// Every token with the offset at which it ends.
fn ended_tokens(tag: &str) -> impl Iterator<Item = (&str, usize)> {
    let mut end = 0;
    tokens(tag).map(move |token| {
        let this = end + token.len();
        end = this + 1;
        (token, this)
    })
}

/// `sha-` before it is a token of its own; `g`, as `git describe` writes it, is not.
fn is_commit(token: &str) -> bool {
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mixed = |text: &str| {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        (7..=64).contains(&text.len()) && digits > 0 && digits < text.len()
    };
    let commit = |text: &str| is_hex(text) && (mixed(text) || matches!(text.len(), 40 | 64));
    commit(token) || token.strip_prefix('g').is_some_and(commit)
}

fn digit_runs(tag: &str) -> impl Iterator<Item = (usize, usize)> {
    let bytes = tag.as_bytes();
    let starts = (0..bytes.len())
        .filter(|&at| bytes[at].is_ascii_digit() && (at == 0 || !bytes[at - 1].is_ascii_digit()));
    starts.map(|start| (start, digits_end(bytes, start)))
}

/// The end of the identity that begins with this run of digits, if one does.
fn date_or_run_end(tag: &str, start: usize, end: usize) -> Option<usize> {
    let run = &tag[start..end];
    match run.len() {
        10.. => Some(end),
        8 => is_date(&run[..4], &run[4..6], &run[6..]).then_some(end),
        4 => {
            // With dots the date is a version of three parts too, unless more are asked for.
            let separator = tag[end..].chars().next().filter(|c| matches!(c, '-' | '.'))?;
            let (month, behind) = tag[end + 1..].split_once(separator)?;
            let day = &behind[..digits_end(behind.as_bytes(), 0)];
            is_date(run, month, day).then_some(end + 1 + month.len() + 1 + day.len())
        }
        _ => None,
    }
}

/// Whether these digits are a day that a build can have been made on.
fn is_date(year: &str, month: &str, day: &str) -> bool {
    let number = |digits: &str, length: usize| {
        let shaped = digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit());
        shaped.then(|| digits.parse::<i64>().ok()).flatten()
    };
    match (number(year, 4), number(month, 2), number(day, 2)) {
        (Some(year @ 1970..=2199), Some(month), Some(day)) => is_civil_date(year, month, day),
        _ => false,
    }
}

fn is_build_number(tag: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let numbered = ["build-", "ci-", "run-", "job-", "r"];
    (is_number(tag) && tag.len() >= 5)
        || numbered.iter().any(|prefix| tag.strip_prefix(prefix).is_some_and(is_number))
}

/// `v1`, `1.2`, `16-alpine`, `1.x`, `3.13rc`: begins with a number.
fn is_partial_version(tag: &str) -> bool {
    tag.strip_prefix('v').unwrap_or(tag).starts_with(|first: char| first.is_ascii_digit())
}
