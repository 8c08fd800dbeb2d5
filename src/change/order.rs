//! Which of two tags is the newer release, as far as the tags themselves say.
//!
//! Knows versions (`v1.2.3-rc.1-alpine`), calendar versions (`2024.06.15-2`) and build numbers
//! (`build-1234`), and the first two behind one word (`release-1.2.3`). Tags of different kinds, of different flavours, and commits have no order here;
//! when they were published is for others to ask.

use std::cmp::Ordering;

use super::digits::{compare_numbers, is_commit, is_date, is_number, leading_number, may_be_commit, year_of};
use super::prefixed::Prefixed;

/// How a tag stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// It was released after the other.
    Newer,
    /// It was released before the other.
    Older,
    /// It is the same tag.
    Same,
    /// The tags do not say.
    Unknown,
}

/// How `tag` stands to `other`.
///
/// - Versions of two and more numbers, `v` before them or not, compare by number, then as semantic
///   versions do: `1.2.0-rc.1` before `1.2.0`. A flavour (`-alpine`) must be the same on both. A
///   commit in a tag (`-g1a2b3c4`) is no part of the order. Of one version, a higher revision
///   (`-r5`, `-debian-12-r5`) is newer; whether `1.2.3-1` comes before or after `1.2.3` is unknown,
///   but what `git describe` makes of a later commit, `1.2.3-1-g1a2b3c4`, comes after.
/// - Days of the calendar, however written, compare by day and then by the numbers behind, if these
///   are of one kind on both: counters, or times of the day. `2024.6.9` and `2024.13.0`, which is no
///   day, compare as versions.
/// - Build numbers compare by number if the word before them is the same: `build-`, `ci-`, `run-`,
///   `job-`, `r`, or none.
/// - One commit in 27 begins with seven digits and no letter. Seven and more digits that are no date,
///   behind a version or a day, may be a commit or a number: where only they tell two tags apart,
///   the tags do not say. A whole tag of 7, 8, 40 or 64 digits is no build number for the same reason.
/// - Behind the same words on both, `release-1.2.3`, `app-v1.2.3`, `jdk17.0.2`, `main-20240615-1a2b3c4`, the
///   first version of three and more numbers or the first full day decides as if it stood alone. The words
///   may have numbers (`java-17-1.2.3`), but none that may be a commit or half a version (`node-20.1-app-1.2.3`).
///
/// ```
/// use sysbom::change::{Order, order};
/// assert_eq!(order("v1.10.0", "v1.9.0"), Order::Newer);
/// assert_eq!(order("1.2.0-rc.1", "1.2.0"), Order::Older);
/// assert_eq!(order("1.2.4", "1.2.3-alpine"), Order::Unknown);
/// assert_eq!(order("20240616-1a2b3c4", "20240615-9f8e7d6"), Order::Newer);
/// assert_eq!(order("build-101", "build-99"), Order::Newer);
/// assert_eq!(order("release-1.10.0", "release-1.9.0"), Order::Newer);
/// assert_eq!(order("1a2b3c4", "9f8e7d6"), Order::Unknown);
/// ```
pub fn order(tag: &str, other: &str) -> Order {
    if tag == other {
        return Order::Same;
    }
    match compare(tag, other) {
        Some(Ordering::Greater) => Order::Newer,
        Some(Ordering::Less) => Order::Older,
        // Tags that differ name different releases, even where all that is compared is equal.
        Some(Ordering::Equal) | None => Order::Unknown,
    }
}

fn compare(tag: &str, other: &str) -> Option<Ordering> {
    match (Scheme::of(tag), Scheme::of(other)) {
        (Scheme::Calendar(one), Scheme::Calendar(two)) => one.compare(&two),
        (Scheme::Version(one), Scheme::Version(two)) if one.is_yearly() == two.is_yearly() => {
            one.compare(&two)
        }
        // One of them happens to be a day: `2024.12.9` and `2024.13.0`.
        (Scheme::Version(_), Scheme::Calendar(_)) | (Scheme::Calendar(_), Scheme::Version(_)) => {
            yearly_versions(tag, other).and_then(|(one, two)| one.compare(&two))
        }
        (Scheme::Build(one), Scheme::Build(two)) => one.compare(&two),
        (Scheme::Prefixed(one), Scheme::Prefixed(two)) if one.words == two.words => {
            compare(one.behind, two.behind)
        }
        _ => None,
    }
}

/// Whether `tag` is older than `other`, or, where their flavours leave the order open, a version of
/// lower numbers.
///
/// ```
/// use sysbom::change::is_lower;
/// assert!(is_lower("1.2.3-alpine", "1.2.4"));
/// assert!(!is_lower("1.2.4-alpine", "1.2.4"));
/// ```
pub fn is_lower(tag: &str, other: &str) -> bool {
    match order(tag, other) {
        Order::Older => true,
        Order::Newer | Order::Same => false,
        Order::Unknown => has_lower_numbers(tag, other),
    }
}

fn has_lower_numbers(tag: &str, other: &str) -> bool {
    match (Scheme::of(tag), Scheme::of(other)) {
        (Scheme::Version(one), Scheme::Version(two)) => compare_all(&one.numbers, &two.numbers, "0").is_lt(),
        (Scheme::Prefixed(one), Scheme::Prefixed(two)) => {
            one.words == two.words && has_lower_numbers(one.behind, two.behind)
        }
        _ => false,
    }
}

/// Two tags as versions that begin with a year.
fn yearly_versions<'t>(one: &'t str, two: &'t str) -> Option<(Version<'t>, Version<'t>)> {
    let (one, two) = (Version::read(one)?, Version::read(two)?);
    (one.is_yearly() && two.is_yearly()).then_some((one, two))
}

/// What a tag counts in.
enum Scheme<'t> {
    Version(Version<'t>),
    Calendar(Calendar<'t>),
    Build(Build<'t>),
    Prefixed(Prefixed<'t>),
    Nothing,
}

impl<'t> Scheme<'t> {
    fn of(tag: &'t str) -> Scheme<'t> {
        if let Some(calendar) = Calendar::read(tag) {
            Scheme::Calendar(calendar)
        } else if let Some(version) = Version::read(tag) {
            Scheme::Version(version)
        } else if let Some(build) = Build::read(tag) {
            Scheme::Build(build)
        } else if let Some(prefixed) = Prefixed::read(tag) {
            Scheme::Prefixed(prefixed)
        } else {
            Scheme::Nothing
        }
    }
}

struct Version<'t> {
    numbers: Vec<&'t str>,
    /// The identifiers of a pre-release: `rc`, `1`.
    pre_release: Option<Vec<&'t str>>,
    /// Numbers that count packagings of one version.
    revisions: Vec<&'t str>,
    flavour: Vec<&'t str>,
    has_commit: bool,
    /// Whether there are digits that may be a commit or a number.
    is_open: bool,
}

impl<'t> Version<'t> {
    fn read(tag: &'t str) -> Option<Version<'t>> {
        let text = tag.strip_prefix(['v', 'V']).unwrap_or(tag);
        let (core, suffix) = text.split_once(['-', '_']).unwrap_or((text, ""));
        let numbers: Vec<&str> = core.split('.').collect();
        if numbers.len() < 2 || !numbers.iter().all(|part| is_number(part)) {
            return None;
        }
        let mut version = Version {
            numbers,
            pre_release: None,
            revisions: Vec::new(),
            flavour: Vec::new(),
            has_commit: false,
            is_open: false,
        };
        for part in suffix.split(['-', '_']).filter(|part| !part.is_empty()) {
            version.take(part);
        }
        Some(version)
    }

    fn is_yearly(&self) -> bool {
        year_of(self.numbers[0]).is_some()
    }

    fn take(&mut self, part: &'t str) {
        if is_commit(part) {
            self.has_commit = true;
        } else if may_be_commit(part) {
            self.is_open = true;
        } else if let Some(number) = revision(part) {
            self.revisions.push(number);
        } else if self.pre_release.is_none() && self.flavour.is_empty() && is_pre_release(part) {
            self.pre_release = Some(identifiers(part));
        } else {
            self.flavour.push(part);
        }
    }

    fn compare(&self, other: &Version) -> Option<Ordering> {
        if self.flavour != other.flavour {
            return None;
        }
        let order = compare_all(&self.numbers, &other.numbers, "0").then_with(|| {
            match (&self.pre_release, &other.pre_release) {
                (Some(one), Some(two)) => compare_identifiers(one, two),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => Ordering::Equal,
            }
        });
        if order.is_ne() {
            return Some(order);
        }
        let are_alike =
            self.revisions.iter().zip(&other.revisions).all(|(one, two)| is_date(one) == is_date(two));
        if self.is_open || other.is_open || !are_alike {
            return None;
        }
        match (self.revisions.len(), other.revisions.len()) {
            (one, two) if one == two => Some(compare_all(&self.revisions, &other.revisions, "0")),
            (1, 0) if self.has_commit => Some(Ordering::Greater),
            (0, 1) if other.has_commit => Some(Ordering::Less),
            _ => None,
        }
    }
}

/// A day, and the numbers behind it.
struct Calendar<'t> {
    day: [&'t str; 3],
    behind: Vec<&'t str>,
    flavour: Vec<&'t str>,
    /// Whether the time of the day stands behind it, rather than a counter.
    has_time: bool,
    has_commit: bool,
    /// Whether there are digits that may be a commit or a number.
    is_open: bool,
}

impl<'t> Calendar<'t> {
    /// `2024.06.15`, `2024-06-15`, `20240615`, and `2024.06` or `2024.6.1` as calendar versions
    /// have them: what begins with the number of a year.
    fn read(tag: &'t str) -> Option<Calendar<'t>> {
        let text = tag.strip_prefix(['v', 'V']).unwrap_or(tag);
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let year = text.get(..4).and_then(year_of)?;
        let (day, rest) = match digits {
            8 | 10 | 12 | 14 => ([year, &text[4..6], &text[6..8]], &text[8..]),
            4 => Self::separated(year, &text[4..])?,
            _ => return None,
        };
        let (month, date) = (day[1].parse::<u8>().ok()?, day[2].parse::<u8>().ok()?);
        if !(1..=12).contains(&month) || (digits >= 8 && !(1..=31).contains(&date)) {
            return None;
        }
        let mut calendar = Calendar {
            day,
            behind: Vec::new(),
            flavour: Vec::new(),
            has_time: digits > 8 || rest.starts_with('T'),
            has_commit: false,
            is_open: false,
        };
        for part in rest.split(['-', '_', '.', 'T', 'Z']).filter(|part| !part.is_empty()) {
            calendar.take(part);
        }
        Some(calendar)
    }

    fn take(&mut self, part: &'t str) {
        if is_commit(part) {
            self.has_commit = true;
        } else if may_be_commit(part) {
            self.is_open = true;
        } else if let Some(number) = revision(part) {
            self.behind.push(number);
        } else {
            self.flavour.push(part);
        }
    }

    /// `.06.15` or `-06-15` behind a year, and what follows; a version may leave the day out.
    fn separated(year: &'t str, behind: &'t str) -> Option<([&'t str; 3], &'t str)> {
        let separator = behind.chars().next().filter(|c| matches!(c, '.' | '-'))?;
        let (month, rest) = leading_number(&behind[1..])?;
        match rest.strip_prefix(separator).and_then(leading_number) {
            Some((day, rest)) => Some(([year, month, day], rest)),
            None if separator == '.' => Some(([year, month, "0"], rest)),
            None => None,
        }
    }

    fn compare(&self, other: &Calendar) -> Option<Ordering> {
        if self.flavour != other.flavour {
            return None;
        }
        let order = compare_all(&self.day, &other.day, "0");
        if order.is_ne() {
            return Some(order);
        }
        let (one, two) = (self.behind.len(), other.behind.len());
        // A commit on one side may stand where the other has a number.
        let is_open = self.is_open || other.is_open || (one != two && self.has_commit != other.has_commit);
        let are_alike = one == 0 || two == 0 || self.has_time == other.has_time;
        let times = [&self.behind, &other.behind].map(|behind| behind.first().map_or(0, |time| time.len()));
        let times_are_alike = !self.has_time || !other.has_time || times[0] == times[1];
        (!is_open && are_alike && times_are_alike).then(|| compare_all(&self.behind, &other.behind, ""))
    }
}

/// A number that a CI system counts up.
struct Build<'t> {
    counter: &'t str,
    number: &'t str,
}

impl<'t> Build<'t> {
    fn read(tag: &'t str) -> Option<Build<'t>> {
        let at = tag.find(|character: char| character.is_ascii_digit())?;
        let (counter, rest) = tag.split_at(at);
        let (number, behind) = leading_number(rest)?;
        let is_counter = matches!(counter, "" | "build-" | "ci-" | "run-" | "job-" | "r");
        let is_whole = behind.is_empty() || behind.strip_prefix(['-', '_', '.']).is_some_and(is_commit);
        let may_be_commit = counter.is_empty() && matches!(number.len(), 7 | 8 | 40 | 64);
        (is_counter && is_whole && !may_be_commit).then_some(Build { counter, number })
    }

    fn compare(&self, other: &Build) -> Option<Ordering> {
        (self.counter == other.counter).then(|| compare_numbers(self.number, other.number))
    }
}

/// `5` of `5`, `r5`.
fn revision(part: &str) -> Option<&str> {
    let number = part.strip_prefix('r').unwrap_or(part);
    is_number(number).then_some(number)
}

fn is_pre_release(part: &str) -> bool {
    let word = part.split('.').next().unwrap_or(part);
    let word = word.trim_end_matches(|character: char| character.is_ascii_digit()).to_ascii_lowercase();
    matches!(word.as_str(), "alpha" | "beta" | "rc" | "pre" | "preview" | "dev" | "snapshot" | "m")
}

/// `rc`, `1` of `rc.1` and of `rc1`.
fn identifiers(part: &str) -> Vec<&str> {
    let split = |part| {
        let word = str::trim_end_matches(part, |character: char| character.is_ascii_digit());
        [word, &part[word.len()..]]
    };
    part.split('.').flat_map(split).filter(|identifier| !identifier.is_empty()).collect()
}

fn compare_identifiers(one: &[&str], two: &[&str]) -> Ordering {
    for (one, two) in one.iter().zip(two) {
        let order = match (is_number(one), is_number(two)) {
            (true, true) => compare_numbers(one, two),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => one.to_ascii_lowercase().cmp(&two.to_ascii_lowercase()),
        };
        if order.is_ne() {
            return order;
        }
    }
    one.len().cmp(&two.len())
}

/// Number by number; where one side has none any more, `missing` stands there, which is less than
/// any number if it is empty.
fn compare_all(one: &[&str], two: &[&str], missing: &str) -> Ordering {
    let at =
        |numbers: &[&str], index: usize| numbers.get(index).map_or(missing.to_owned(), |n| (*n).to_owned());
    (0..one.len().max(two.len()))
        .map(|index| match (at(one, index), at(two, index)) {
            (one, two) if one.is_empty() || two.is_empty() => one.len().cmp(&two.len()),
            (one, two) => compare_numbers(&one, &two),
        })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newer_of_two_releases_is_told_by_their_tags() {
        for (older, newer) in [
            ("v1.9.0", "v1.10.0"),
            ("1.2.3", "v1.2.4"),
            ("1.2", "1.2.1"),
            ("1.2.0-alpha", "1.2.0-beta.1"),
            ("1.2.0-rc.2", "1.2.0-rc.10"),
            ("1.2.0-rc2", "1.2.0-rc10"),
            ("1.2.0-rc.1", "1.2.0"),
            ("1.2.0-RC1", "1.2.0-rc2"),
            ("1.2.0", "1.3.0-rc.1"),
            ("1.2.0-rc.1-alpine", "1.2.0-alpine"),
            ("1.2.3-alpine", "1.2.4-alpine"),
            ("1.2.3-9f8e7d6", "1.2.4-1a2b3c4"),
            ("v1.2.3", "v1.2.3-5-g1234567"),
            ("v1.2.3-5-g1234567", "v1.2.3-12-gabcdefa"),
            ("1.2.3-debian-11-r5", "1.2.3-debian-12-r0"),
            ("1.2.3-1", "1.2.3-2"),
            ("0.99999999999999999999", "0.100000000000000000000"),
            ("2024.06.15", "2024.06.16"),
            ("2024.6", "2024.10"),
            ("2024.06.15", "20240615-1"),
            ("2024-06-15-2", "2024-06-15-10"),
            ("20240615T101500Z", "20240615T101501Z"),
            ("20240615101500", "20240616000000"),
            ("20240615-9f8e7d6", "20240616-1a2b3c4"),
            ("99", "100"),
            ("build-99", "build-100"),
            ("r9", "r10"),
            ("ci-9-9f8e7d6", "ci-10-1a2b3c4"),
            ("2024.6.255", "2024.6.256"),
            ("2024.6.1234", "2024.7.12"),
            ("2024.12.9", "2024.13.0"),
            ("2024.13.0", "2025.1.0"),
            ("20240615-7654321", "20240616-1234567"),
            ("20240615-5-abcdef1", "20240615-6"),
            ("20240615T101500Z-abcdef1", "20240615T101501Z-1a2b3c4"),
            ("1.2.3-20240615", "1.2.3-20240616"),
            ("1.2.3-7654321", "1.2.4-1234567"),
            ("1234567890", "1234567891"),
            ("release-1.2.2", "release-1.2.3"),
            ("release_v1.9.0", "release_v1.10.0"),
            ("app-v1.2.2", "app-v1.2.3"),
            ("app-1.2.2", "app-v1.2.3"),
            ("app-web-1.2.3-rc.1", "app-web-1.2.3"),
            ("app.1.2.2-alpine", "app.1.2.3-alpine"),
            ("jdk-17.0.1", "jdk-17.0.2"),
            ("jdk17.0.1", "jdk17.0.2"),
            ("java-17-1.2.3", "java-17-1.2.4"),
            ("v1-1.2.3", "v1-1.2.4"),
            ("main-20240614-abc1235", "main-20240615-abc1234"),
            ("main-2024-06-14", "main-2024-06-15"),
            ("main-2024.06.14", "main-2024.06.15"),
            ("main-2024.12.9", "main-2024.13.0"),
            ("nightly20240614", "nightly20240615"),
            ("main-20240615T101500Z", "main-20240615T101501Z"),
            ("pr-123-20240614", "pr-123-20240615"),
            ("release-1.2.3-5-g1234567", "release-1.2.3-12-gabcdefa"),
            ("git-2.39.1", "git-2.40.0"),
        ] {
            assert_eq!(order(newer, older), Order::Newer, "{newer} after {older}");
            assert_eq!(order(older, newer), Order::Older, "{older} before {newer}");
        }
    }

    #[test]
    fn what_the_tags_do_not_say_is_unknown() {
        for (one, two) in [
            ("1.2.4", "1.2.3-alpine"),
            ("1.2.3-alpine", "1.2.3-bookworm"),
            ("1.2.3-9f8e7d6", "1.2.3-1a2b3c4"),
            ("1.2.3", "1.2.3-1"),
            ("1.2.3", "v1.2.3"),
            ("1.2.3", "2024.06.15"),
            ("1.2.3", "build-5"),
            ("1.2.3", "2024.13.0"),
            ("20240615-1234567", "20240615-abcdef1"),
            ("20240615-1234567", "20240615-7654321"),
            ("20240615-1234567", "20240615"),
            ("20240615-5", "20240615-abcdef1"),
            ("20240615-5", "20240615-1234567"),
            ("20240615101500", "20240615-5"),
            ("2024061511", "20240615101500"),
            ("1.2.3-1234567", "1.2.3-abcdef1"),
            ("1.2.3-1234567", "1.2.3-7654321"),
            ("1.2.3-5-1234567", "1.2.3-4-1234568"),
            ("1.2.3-20240615", "1.2.3-5"),
            ("1234567", "7654321"),
            ("1234567", "abcdef1"),
            ("12345", "20240615"),
            ("build-5", "ci-6"),
            ("pr-5", "pr-6"),
            ("main", "edge"),
            ("9f8e7d6", "1a2b3c4"),
            ("", "1.2.3"),
            ("20241399", "2024-13-99"),
            ("é024", "v"),
            ("release-1.2.3", "1.2.2"),
            ("release-1.2.3", "app-1.2.2"),
            ("release-1.2.3", "release_1.2.2"),
            ("app-v1.2.3", "app-1.2.3"),
            ("release-1.2.3", "release-20240615"),
            ("release-1.2.3", "release-1.2.3-1234567"),
            ("release-1.2.3-alpine", "release-1.2.4"),
            ("release-1.3", "release-1.2"),
            ("pr-123-1.2.3", "pr-124-1.2.2"),
            ("node-20.1-app-1.2.3", "node-20.1-app-1.2.4"),
            ("node-20.1.0-app-1.2.3", "node-20.1.0-app-1.2.4"),
            ("16-alpine-1.2.3", "16-alpine-1.2.4"),
            ("main-1a2b3c4-20240614", "main-1a2b3c4-20240615"),
            ("main-1234567-20240614", "main-1234567-20240615"),
            ("main-1718435200", "main-1718435100"),
            ("sha-20240615", "sha-20240614"),
            ("sha20240615", "sha20240614"),
            ("g20240615", "g20240614"),
            ("abc20240615", "abc20240614"),
            ("cafe123.4.5", "cafe123.4.6"),
            ("rel-1.2.3rc1", "rel-1.2.3rc2"),
            ("main-20241399", "main-20241398"),
            ("é-1.2.3", "é-1.2.4"),
            ("app-é1.2.3", "app-é1.2.x"),
        ] {
            assert_eq!(order(one, two), Order::Unknown, "{one} {two}");
            assert_eq!(order(two, one), Order::Unknown, "{two} {one}");
        }
        assert_eq!(order("v1.2.3", "v1.2.3"), Order::Same);
    }

    /// Tags of every kind, with and without words before them.
    fn tags() -> Vec<String> {
        let behind = [
            "1.2.2",
            "v1.2.3",
            "1.2.3",
            "1.2.3-rc.1",
            "1.2.3-rc.2",
            "1.2.3-1",
            "1.2.3-2-g1234567",
            "1.2.3-1234567",
            "1.2.3-abc1234",
            "1.2.3-alpine",
            "1.2.4-alpine",
            "1.2.4",
            "1.10.0",
            "1.2.3rc1",
            "1.2",
            "16",
            "20240614",
            "20240615",
            "20240615-1",
            "20240615-2",
            "20240615-abc1234",
            "20240615-1234567",
            "20240615T101500Z",
            "20240615101501",
            "2024-06-15",
            "2024.06.15",
            "2024.6.16",
            "2024.13.0",
            "2024.13.1",
            "12345",
            "12346",
            "1234567",
            "abc1234",
            "3-1.2.3",
            "3-1.2.4",
            "",
        ];
        let before = ["", "release-", "app-v", "jdk", "build-", "sha-", "abc"];
        before.iter().flat_map(|before| behind.map(|behind| format!("{before}{behind}"))).collect()
    }

    #[test]
    fn what_is_newer_one_way_is_older_the_other_way() {
        let tags = tags();
        for (one, two) in tags.iter().flat_map(|one| tags.iter().map(move |two| (one, two))) {
            let back = match order(two, one) {
                Order::Newer => Order::Older,
                Order::Older => Order::Newer,
                same @ (Order::Same | Order::Unknown) => same,
            };
            assert_eq!(order(one, two), back, "{one} {two}");
            assert!(!is_lower(one, two) || !is_lower(two, one), "{one} {two}");
        }
    }

    #[test]
    fn no_tag_is_older_than_one_that_it_comes_after_by_way_of_a_third() {
        let tags = tags();
        let newer =
            |one: &String| (0..tags.len()).filter(|&two| order(&tags[two], one) == Order::Newer).collect();
        let newer: Vec<Vec<usize>> = tags.iter().map(newer).collect();
        let mut ways = 0;
        for (first, seconds) in newer.iter().enumerate() {
            for &second in seconds {
                for &third in &newer[second] {
                    ways += 1;
                    let is_round = newer[third].contains(&first);
                    assert!(!is_round, "{} {} {}", tags[first], tags[second], tags[third]);
                }
            }
        }
        assert!(ways > 500, "the tags have an order: {ways}");
    }
}
