//! What Helm makes of a scalar that stands without quotes.
//!
//! Helm reads values with go-yaml v2, whose plain scalars follow YAML 1.1 with word lists of
//! exact case, turns them into JSON, where every number is a 64-bit float, and prints that
//! float with Go's `%v`. So `tag: 1.10` deploys `1.1` and `tag: 1234567` deploys
//! `1.234567e+06`. This file follows those three steps on the text itself; it leaves to the
//! rules which scalars must not change.

use std::fmt;

use super::node::ScalarStyle;

/// What Helm has in the place of a scalar that it does not keep as the string written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HelmReading {
    /// A template prints this text instead.
    Text(String),
    /// Null: the chart's default is deleted and a template prints nothing.
    Null,
    /// Helm refuses the file: JSON has no such number.
    Refused,
}

/// As it reads after "Helm reads".
impl fmt::Display for HelmReading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HelmReading::Text(text) => write!(f, "`{text}`"),
            HelmReading::Null => f.write_str("null, which deletes the chart's default"),
            HelmReading::Refused => f.write_str("a number that it cannot hold, and refuses the file"),
        }
    }
}

/// What Helm prints for a scalar, if that is not `value`, its text after unquoting. `None` where
/// a template prints exactly `value`: always for a quoted scalar or a block scalar, and for a
/// plain one that is a string to Helm or a number or truth value printed as it was written
/// (`12345`, `1.5`, `true`).
///
/// ```
/// use sysbom::yaml::{HelmReading, ScalarStyle, helm_reading};
/// let text = |text: &str| Some(HelmReading::Text(text.to_owned()));
/// assert_eq!(helm_reading(ScalarStyle::Plain, "1.10"), text("1.1"));
/// assert_eq!(helm_reading(ScalarStyle::Plain, "0123"), text("83"));
/// assert_eq!(helm_reading(ScalarStyle::Plain, "~"), Some(HelmReading::Null));
/// assert_eq!(helm_reading(ScalarStyle::Plain, "1.2.3"), None);
/// assert_eq!(helm_reading(ScalarStyle::SingleQuoted, "1.10"), None);
/// ```
pub fn helm_reading(style: ScalarStyle, value: &str) -> Option<HelmReading> {
    let printed = match style {
        ScalarStyle::Plain => match resolve(value) {
            Resolved::String => return None,
            Resolved::Null => return Some(HelmReading::Null),
            Resolved::NotFinite => return Some(HelmReading::Refused),
            Resolved::Bool(truth) => truth.to_string(),
            Resolved::Number(number) => printed_by_go(number),
        },
        ScalarStyle::SingleQuoted
        | ScalarStyle::DoubleQuoted
        | ScalarStyle::Literal
        | ScalarStyle::Folded => return None,
    };
    (printed != value).then_some(HelmReading::Text(printed))
}

/// Whether Helm reads the plain scalar `value` as a string.
pub(super) fn is_string_to_helm(value: &str) -> bool {
    resolve(value) == Resolved::String
}

/// What Helm takes a scalar for: a string if it is quoted or a block scalar, else what go-yaml v2
/// makes of its text.
pub fn resolved(style: ScalarStyle, value: &str) -> Resolved {
    match style {
        ScalarStyle::Plain => resolve(value),
        ScalarStyle::SingleQuoted
        | ScalarStyle::DoubleQuoted
        | ScalarStyle::Literal
        | ScalarStyle::Folded => Resolved::String,
    }
}

/// What go-yaml v2 takes a scalar for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Resolved {
    /// The text as it is.
    String,
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number, as JSON holds it.
    Number(f64),
    /// An infinity, or not a number.
    NotFinite,
}

/// go-yaml's `resolve` for an untagged plain scalar: first the words, then by first character.
/// What it takes for a time stays a string in the place where Helm puts it.
fn resolve(value: &str) -> Resolved {
    match value {
        "" | "~" | "null" | "Null" | "NULL" => return Resolved::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Resolved::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Resolved::Bool(false);
        }
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf"
        | "-.Inf" | "-.INF" => return Resolved::NotFinite,
        _ => {}
    }
    match value.as_bytes()[0] {
        b'.' => point_float(value),
        b'0'..=b'9' | b'+' | b'-' => number(&value.replace('_', "")),
        _ => None,
    }
    .map_or(Resolved::String, Resolved::Number)
}

/// A number that begins with its point. Here, and only here, underscores must separate digits.
fn point_float(value: &str) -> Option<f64> {
    let bytes = value.as_bytes();
    let digit_at = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let separated = (0..bytes.len()).all(|at| bytes[at] != b'_' || (digit_at(at - 1) && digit_at(at + 1)));
    if separated { float(&value.replace('_', "")) } else { None }
}

/// A number after its underscores were taken out, whatever they separated.
#[expect(clippy::cast_precision_loss, reason = "so does JSON on the way to a template")]
fn number(plain: &str) -> Option<f64> {
    integer(plain).or_else(|| float(plain).map(Whole::Float)).or_else(|| signed_binary(plain)).map(|whole| {
        match whole {
            Whole::Negative(magnitude) => -(magnitude as f64),
            Whole::Positive(magnitude) => magnitude as f64,
            Whole::Float(float) => float,
        }
    })
}

enum Whole {
    Positive(u64),
    /// Minus this; never minus zero, which no integer is.
    Negative(u64),
    Float(f64),
}

/// Go's `ParseInt` with base 0, then `ParseUint`: prefixes `0x`, `0o`, `0b`, and a leading zero
/// means octal. A number below zero fits 64 bits with a sign, one above 64 bits without, but a
/// number written with `+` is read by the first alone.
fn integer(plain: &str) -> Option<Whole> {
    let (sign, digits) = split_sign(plain);
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    with_sign(sign, magnitude(digits, radix)?)
}

/// go-yaml's own reading of `0b` once Go's has failed: a sign may follow the prefix.
fn signed_binary(plain: &str) -> Option<Whole> {
    let (sign, digits) = split_sign(plain.strip_prefix("0b")?);
    with_sign(sign, magnitude(digits, 2)?)
}

fn split_sign(text: &str) -> (Option<u8>, &str) {
    match text.as_bytes().first() {
        Some(sign @ (b'+' | b'-')) => (Some(*sign), &text[1..]),
        _ => (None, text),
    }
}

fn magnitude(digits: &str, radix: u32) -> Option<u64> {
    let written = !digits.is_empty() && digits.bytes().all(|byte| char::from(byte).is_digit(radix));
    written.then(|| u64::from_str_radix(digits, radix).ok()).flatten()
}

fn with_sign(sign: Option<u8>, magnitude: u64) -> Option<Whole> {
    match sign {
        None => Some(Whole::Positive(magnitude)),
        Some(b'-') if magnitude == 0 => Some(Whole::Positive(0)),
        Some(b'-') => (magnitude <= i64::MIN.unsigned_abs()).then_some(Whole::Negative(magnitude)),
        Some(_) => i64::try_from(magnitude).ok().map(|_| Whole::Positive(magnitude)),
    }
}

/// A decimal float: digits, point, exponent, each sign allowed. One too large for 64 bits is a
/// string to Helm, one too small is zero.
fn float(plain: &str) -> Option<f64> {
    let (_, unsigned) = split_sign(plain);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(split_sign(&unsigned[at + 1..]).1)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let well_formed = digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent));
    if !well_formed {
        return None;
    }
    plain.parse::<f64>().ok().filter(|float| float.is_finite())
}

/// Go's `%v` of a float: the fewest digits that give it back, with an exponent of at least two
/// digits where that lies below -4 or above 5.
fn printed_by_go(number: f64) -> String {
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').expect("Rust writes an exponent");
    let exponent: i32 = exponent.parse().expect("Rust writes a number there");
    if (-4..21).contains(&exponent) && exponent <= 5 {
        return number.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn helm_reads_these_plain_scalars_as_something_else() {
        let table = "\
            1.10 1.1|0123 83|0o17 15|089 89|0x1F 31|0b11 3|1e3 1000|7e10 7e+10|0e1234 0|1_000 1000\
            |20240615123456789 2.0240615123456788e+16|1234567 1.234567e+06|yes true|on true|y true|n false\
            |True true|+1 1|-0 0|-0.0 -0|0x 0x|.5 0.5|1. 1|1e-7 1e-07|0_ 0|0b-1 -1|.1_0 0.1\
            |18446744073709551616 1.8446744073709552e+19|123456 123456|0.0001 0.0001|0.00001 1e-05";
        for row in table.split('|') {
            let (written, read) = row.split_once(' ').expect("two columns");
            let expected = (written != read).then(|| HelmReading::Text(read.to_owned()));
            assert_eq!(helm_reading(ScalarStyle::Plain, written), expected, "{written}");
        }
    }

    #[test]
    fn null_and_infinity_are_no_text() {
        for null in ["", "~", "null", "Null", "NULL"] {
            assert_eq!(helm_reading(ScalarStyle::Plain, null), Some(HelmReading::Null), "{null}");
        }
        for infinite in [".inf", "-.Inf", "+.INF", ".nan"] {
            assert_eq!(helm_reading(ScalarStyle::Plain, infinite), Some(HelmReading::Refused), "{infinite}");
        }
    }

    #[test]
    fn these_plain_scalars_stay_the_string_written() {
        for text in [
            "12:34",
            "2024-06-15",
            "1.2.3",
            "v1",
            "1e999",
            "0x",
            "0xfg",
            "1.2.",
            "+",
            "-",
            ".",
            "_1",
            "1e",
            "nUll",
            "yEs",
            "0o8",
            "--1",
            "1e+",
            ".e1",
            "abc1234",
            "12345",
            "1.5",
            "true",
        ] {
            assert_eq!(helm_reading(ScalarStyle::Plain, text), None, "{text}");
        }
        assert_eq!(helm_reading(ScalarStyle::DoubleQuoted, "1.10"), None);
    }
}
