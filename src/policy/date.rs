//! A day of the calendar, as exceptions name it.
//!
//! Knows no clock: today is told by the caller.

use std::fmt;
use std::str::FromStr;

use crate::bom::{civil_date, is_civil_date};

/// A day in UTC, written `2024-06-15`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: i64,
    month: i64,
    day: i64,
}

impl Date {
    /// The day of a moment given in seconds since 1970 UTC.
    pub fn of_unix_seconds(seconds: i64) -> Date {
        let (year, month, day) = civil_date(seconds.div_euclid(86_400));
        Date { year, month, day }
    }
}

impl FromStr for Date {
    type Err = NoDate;

    fn from_str(text: &str) -> Result<Self, NoDate> {
        let bytes = text.as_bytes();
        let shaped = bytes.len() == 10
            && bytes.iter().enumerate().all(|(at, byte)| match at {
                4 | 7 => *byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !shaped {
            return Err(NoDate);
        }
        let number = |digits: &str| digits.parse().map_err(|_| NoDate);
        let date = Date { year: number(&text[..4])?, month: number(&text[5..7])?, day: number(&text[8..])? };
        if is_civil_date(date.year, date.month, date.day) { Ok(date) } else { Err(NoDate) }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// A text is no day of the calendar in the form `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoDate;

impl fmt::Display for NoDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a date is written `YYYY-MM-DD`")
    }
}

impl std::error::Error for NoDate {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_compared_and_written() {
        let day: Date = "2024-02-29".parse().expect("the calendar has it");
        assert_eq!(day.to_string(), "2024-02-29");
        assert!(day < "2024-03-01".parse().expect("the calendar has it"));
        assert_eq!(Date::of_unix_seconds(1_709_251_199), day);
        for text in
            ["2023-02-29", "2024-13-01", "2024-00-01", "2024-1-1", "20240101", "2024-01-1x", "", "é024-01-1"]
        {
            assert_eq!(text.parse::<Date>(), Err(NoDate), "{text:?}");
        }
    }
}
