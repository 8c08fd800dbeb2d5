//! Ids of snapshots, and the names of history files.
//!
//! Knows how the files below `history/` are called. Which state needs an archive, and when it was
//! published, is for others.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use super::Malformed;
use crate::text::{Span, escape};
use crate::tree::RepoPath;

/// The most characters of a snapshot id.
const MAX_ID: usize = 100;

/// An id that is safe as a file name on every system: letters, digits, `.`, `_`, `-`, at most 100
/// characters, not beginning with `.` or `-`, not ending with `.`, no reserved device name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotId(String);

impl SnapshotId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path of the snapshot's own file in a history folder. Snapshots are never sorted into
    /// years and months: their id is how people find them.
    pub fn path(&self, history: &RepoPath) -> RepoPath {
        history.join(&format!("{}.yaml", self.0))
    }
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SnapshotId {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let whole = Span::new(0, text.len());
        if text.is_empty() {
            return Err(Malformed::new("the id is empty", whole));
        }
        let is_safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if let Some((at, character)) = text.char_indices().find(|&(_, c)| !is_safe(c)) {
            return Err(Malformed::new(
                format!("`{}` may not stand in an id, which names a file", escape(&character.to_string())),
                Span::new(at, at + character.len_utf8()),
            ));
        }
        if text.starts_with(['.', '-']) {
            return Err(Malformed::new(
                format!("an id may not begin with `{}`", &text[..1]),
                Span::new(0, 1),
            ));
        }
        if text.ends_with('.') {
            return Err(Malformed::new("an id may not end with `.`", Span::new(text.len() - 1, text.len())));
        }
        if text.len() > MAX_ID {
            return Err(Malformed::new(
                format!("the id has {} characters, more than {MAX_ID}", text.len()),
                whole,
            ));
        }
        if is_device_name(text) {
            return Err(Malformed::new(format!("`{text}` names a device on Windows"), whole));
        }
        Ok(SnapshotId(text.to_owned()))
    }
}

/// Windows opens the device for `con`, `con.yaml` and `CON.a.b` alike.
fn is_device_name(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).to_ascii_lowercase();
    let numbered = |device: &str| {
        stem.strip_prefix(device).is_some_and(|n| n.len() == 1 && n.bytes().all(|b| b.is_ascii_digit()))
    };
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

/// How history files are laid out below `history/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryLayout {
    /// All files in one folder.
    Flat,
    /// Archives in `history/YYYY/MM/`.
    YearMonth,
}

/// The name of an archive: `20240615T101500Z-0123456789ab.yaml`, the time at which the state was
/// published, in UTC, and the first twelve hex digits of the SHA-256 of its bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArchiveName {
    /// The time, as `20240615T101500Z`.
    time: String,
    /// Twelve lower-case hex digits.
    hash12: String,
}

impl ArchiveName {
    /// The name of the state with these bytes, published at `committer_time`, in seconds since
    /// 1970 UTC.
    pub fn of(committer_time: i64, bytes: &[u8]) -> Self {
        ArchiveName { time: compact_utc(committer_time), hash12: hash12(bytes) }
    }

    /// Reads the last part of a path. `None` if it does not have the form of an archive's name;
    /// the time must be one that a calendar has.
    pub fn parse(file_name: &str) -> Option<Self> {
        let (time, hash) = file_name.strip_suffix(".yaml")?.split_once('-')?;
        let is_hash = hash.len() == 12 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        (is_hash && is_compact_utc(time))
            .then(|| ArchiveName { time: time.to_owned(), hash12: hash.to_owned() })
    }

    /// The time as written: `20240615T101500Z`.
    pub fn time(&self) -> &str {
        &self.time
    }

    /// The hex digits as written.
    pub fn hash12(&self) -> &str {
        &self.hash12
    }

    /// Whether the hash in the name is that of these bytes.
    pub fn fits(&self, bytes: &[u8]) -> bool {
        self.hash12 == hash12(bytes)
    }

    /// Its path in a history folder of this layout.
    pub fn path(&self, history: &RepoPath, layout: HistoryLayout) -> RepoPath {
        match layout {
            HistoryLayout::Flat => history.join(&self.to_string()),
            HistoryLayout::YearMonth => {
                history.join(&format!("{}/{}/{self}", &self.time[..4], &self.time[4..6]))
            }
        }
    }
}

impl fmt::Display for ArchiveName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}.yaml", self.time, self.hash12)
    }
}

/// Where the state with these bytes is archived: the time is the committer date, in seconds since
/// 1970 UTC, of the commit that published it. The same state and date give the same path
/// everywhere.
///
/// ```
/// use sysbom::bom::{HistoryLayout, archive_path};
/// use sysbom::tree::RepoPath;
/// let history = RepoPath::new("releases/history");
/// let path = archive_path(&history, HistoryLayout::Flat, 1_718_446_500, b"images: {}\n");
/// assert_eq!(path.as_str(), "releases/history/20240615T101500Z-7f8f7e9a83ae.yaml");
/// ```
pub fn archive_path(
    history: &RepoPath,
    layout: HistoryLayout,
    committer_time: i64,
    bytes: &[u8],
) -> RepoPath {
    ArchiveName::of(committer_time, bytes).path(history, layout)
}

fn hash12(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    let first = hash.iter().take(6).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{first:012x}")
}

/// Seconds of the first and the last second of the years 0000 to 9999, all that four digits name.
const FIRST_SECOND: i64 = -62_167_219_200;
const LAST_SECOND: i64 = 253_402_300_799;

/// `20240615T101500Z`. A time outside the years 0000 to 9999 becomes the nearest one within.
fn compact_utc(seconds: i64) -> String {
    let seconds = seconds.clamp(FIRST_SECOND, LAST_SECOND);
    let (year, month, day) = civil_date(seconds.div_euclid(86_400));
    let second = seconds.rem_euclid(86_400);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{:02}Z", second % 60)
}

fn is_compact_utc(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 16
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 => *byte == b'T',
            15 => *byte == b'Z',
            _ => byte.is_ascii_digit(),
        });
    let number = |start: usize, end: usize| {
        bytes[start..end].iter().fold(0_i64, |number, byte| number * 10 + i64::from(byte - b'0'))
    };
    shaped
        && is_civil_date(number(0, 4), number(4, 6), number(6, 8))
        && number(9, 11) < 24
        && number(11, 13) < 60
        && number(13, 15) < 60
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar.
///
/// Years begin in March here, so that the leap day is the last of its year; 400 years have
/// 146,097 days.
pub(crate) fn civil_date(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let day_of_era = day.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day_of_month)
}

/// Whether the Gregorian calendar has this day.
pub(crate) fn is_civil_date(year: i64, month: i64, day: i64) -> bool {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_safe_as_a_file_name() {
        for id in ["exp-1", "canary_2024.06", "A", "0", "console", "com10", "lpt", &"x".repeat(100)] {
            assert_eq!(id.parse::<SnapshotId>().map(|id| id.to_string()), Ok(id.to_owned()));
        }
        for id in [
            "",
            ".",
            "..",
            ".hidden",
            "-x",
            "a/b",
            "a\\b",
            "a b",
            "a.",
            "ä",
            "a\n",
            "con",
            "CON",
            "nul.txt",
            "Com1",
            "lpt9.a.b",
            "aux.",
            &"x".repeat(101),
        ] {
            assert!(id.parse::<SnapshotId>().is_err(), "{id:?}");
        }
    }

    #[test]
    fn times_are_written_in_utc() {
        for (seconds, text) in [
            (0, "19700101T000000Z"),
            (1_718_446_500, "20240615T101500Z"),
            (951_782_399, "20000228T235959Z"),
            (951_782_400, "20000229T000000Z"),
            (951_868_800, "20000301T000000Z"),
            (4_107_542_399, "21000228T235959Z"),
            (4_107_542_400, "21000301T000000Z"),
            (1_735_689_599, "20241231T235959Z"),
            (-1, "19691231T235959Z"),
            (i64::MAX, "99991231T235959Z"),
            (i64::MIN, "00000101T000000Z"),
        ] {
            assert_eq!(compact_utc(seconds), text);
            assert!(is_compact_utc(text), "{text}");
        }
    }

    #[test]
    fn only_the_form_of_an_archive_is_an_archives_name() {
        let name = "20240615T101500Z-0123456789ab.yaml";
        assert_eq!(ArchiveName::parse(name).map(|name| name.to_string()).as_deref(), Some(name));
        for other in [
            "20240615T101500Z-0123456789AB.yaml",
            "20240615T101500Z-0123456789a.yaml",
            "20240615T101500Z-0123456789abc.yaml",
            "20240615T101500Z-0123456789ab.yml",
            "20240615T101500-0123456789ab.yaml",
            "20240615t101500Z-0123456789ab.yaml",
            "20241315T101500Z-0123456789ab.yaml",
            "20230229T101500Z-0123456789ab.yaml",
            "20240615T241500Z-0123456789ab.yaml",
            "20240615T106000Z-0123456789ab.yaml",
            "exp-1.yaml",
            "é0240615T10150Z-0123456789ab.yaml",
            "",
        ] {
            assert_eq!(ArchiveName::parse(other), None, "{other:?}");
        }
    }

    #[test]
    fn an_archive_is_found_by_year_and_month_where_asked() {
        let history = RepoPath::new("history");
        let name = ArchiveName::of(1_718_446_500, b"x");
        assert_eq!(
            name.path(&history, HistoryLayout::YearMonth).as_str(),
            "history/2024/06/20240615T101500Z-2d711642b726.yaml"
        );
        assert!(name.fits(b"x") && !name.fits(b"y"));
    }
}
