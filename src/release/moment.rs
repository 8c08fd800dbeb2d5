//! A moment in time, as producers tell it and commits record it.
//!
//! Knows RFC 3339 and no clock.

use std::fmt;
use std::str::FromStr;

use crate::bom::{civil_date, is_civil_date};

/// Seconds since 1970 UTC, written `2024-06-15T10:15:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub i64);

/// Reads RFC 3339: `2024-06-15T10:15:00Z`, `2024-06-15T12:15:00.123+02:00`. Parts of a second are
/// left out, a leap second is the second before it. The error is one line for people.
///
/// ```
/// use sysbom::release::Moment;
/// let moment: Moment = "2024-06-15T12:15:00.5+02:00".parse()?;
/// assert_eq!(moment.to_string(), "2024-06-15T10:15:00Z");
/// # Ok::<(), &str>(())
/// ```
impl FromStr for Moment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text).map(Moment).ok_or("no moment in the form `2024-06-15T10:15:00Z`")
    }
}

fn read(text: &str) -> Option<i64> {
    let (date, time) = (text.get(..10)?, text.get(11..19)?);
    if !matches!(text.as_bytes()[10], b'T' | b't' | b' ') {
        return None;
    }
    let [year, month, day] = numbers(date, b'-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, b':', [2, 2, 2])?;
    let is_time = hour < 24 && minute < 60 && second <= 60;
    if year == 0 || !is_civil_date(year, month, day) || !is_time {
        return None;
    }
    let mut rest = &text[19..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        rest = fraction.get(digits..).filter(|_| digits > 0)?;
    }
    let offset = offset(rest)?;
    Some(day_number(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second.min(59) - offset)
}

/// Three numbers of these lengths.
fn numbers(text: &str, separator: u8, lengths: [usize; 3]) -> Option<[i64; 3]> {
    let mut numbers = [0; 3];
    let mut parts = text.split(char::from(separator));
    for (number, length) in numbers.iter_mut().zip(lengths) {
        let part = parts.next()?;
        let is_number = part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
        *number = part.parse().ok().filter(|_| is_number)?;
    }
    parts.next().is_none().then_some(numbers)
}

/// Seconds east of UTC.
fn offset(text: &str) -> Option<i64> {
    let sign = match text.as_bytes().first()? {
        b'Z' | b'z' if text.len() == 1 => return Some(0),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let [hours, minutes, _] = numbers(&format!("{}:00", text.get(1..)?), b':', [2, 2, 2])?;
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Days since 1970-01-01. Years begin in March here, so that the leap day is the last of its year.
fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_date(self.0.div_euclid(86_400));
        let second = self.0.rem_euclid(86_400);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_and_written() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2024-06-15T10:15:00Z", 1_718_446_500),
            ("2024-06-15t10:15:00.999z", 1_718_446_500),
            ("2024-06-15 12:15:00+02:00", 1_718_446_500),
            ("2024-06-15T08:45:00-01:30", 1_718_446_500),
            ("2024-02-29T23:59:60Z", 1_709_251_199),
            ("1969-12-31T23:59:59Z", -1),
        ] {
            assert_eq!(text.parse(), Ok(Moment(seconds)), "{text}");
        }
        for seconds in [0, -1, 951_782_400, 1_709_251_199, 4_107_542_400] {
            assert_eq!(Moment(seconds).to_string().parse(), Ok(Moment(seconds)));
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "now",
            "1718446500",
            "2024-06-15",
            "2024-06-15T10:15Z",
            "2024-06-15T10:15:00",
            "2024-06-15T10:15:00.Z",
            "2024-06-15T10:15:00+0200",
            "2024-06-15T10:15:00+24:00",
            "2023-02-29T10:15:00Z",
            "2024-06-15T24:00:00Z",
            "2024-06-15T10:15:00Zx",
            "+024-06-15T10:15:00Z",
            "2024-06-15é10:15:00Z",
            "0000-01-01T00:00:00Z",
        ] {
            assert!(text.parse::<Moment>().is_err(), "{text:?}");
        }
    }
}
