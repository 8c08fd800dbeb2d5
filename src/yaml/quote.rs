//! Scalars as text: how a string is written so that Helm and we read exactly that string.

use super::coercion::is_string_to_helm;
use super::node::ScalarStyle;

/// The string as a YAML scalar for a value or key in block style: as it is where Helm reads it
/// back as that string, else in quotes. For `check --fix`, `text` is the scalar's text after
/// unquoting.
///
/// ```
/// use sysbom::yaml::quote_if_needed;
/// assert_eq!(quote_if_needed("v1.2.3"), "v1.2.3");
/// assert_eq!(quote_if_needed("1.10"), "\"1.10\"");
/// assert_eq!(quote_if_needed("a \"b\": c"), "'a \"b\": c'");
/// assert_eq!(quote_if_needed("two\nlines"), "\"two\\nlines\"");
/// ```
pub fn quote_if_needed(text: &str) -> String {
    written(text, ScalarStyle::Plain, false)
}

/// The string in quotes: double ones, or single ones where they need no escapes and double ones
/// would.
pub fn quote(text: &str) -> String {
    if fits_single(text) && text.contains(['"', '\\']) { single(text) } else { double(text) }
}

/// The string in `style` if it can stand so, else in the nearest style that can hold it.
pub(super) fn written(text: &str, style: ScalarStyle, in_flow: bool) -> String {
    match style {
        ScalarStyle::SingleQuoted if fits_single(text) => single(text),
        ScalarStyle::DoubleQuoted => double(text),
        ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded if fits_plain(text, in_flow) => {
            text.to_owned()
        }
        ScalarStyle::Plain | ScalarStyle::SingleQuoted | ScalarStyle::Literal | ScalarStyle::Folded => {
            quote(text)
        }
    }
}

/// Whether every YAML reader takes the text without quotes for this string. Stricter than YAML.
fn fits_plain(text: &str, in_flow: bool) -> bool {
    let first_is_indicator = text.starts_with(|first: char| "-?:,[]{}#&*!|>'\"%@`=<~. ".contains(first));
    let ends_badly = text.ends_with([' ', ':']);
    let breaks_flow = in_flow && text.contains([',', '[', ']', '{', '}', '?']);
    !text.is_empty()
        && !first_is_indicator
        && !ends_badly
        && !breaks_flow
        && !text.contains(": ")
        && !text.contains(" #")
        && text.chars().all(is_plainly_printable)
        && is_string_to_helm(text)
}

fn fits_single(text: &str) -> bool {
    text.chars().all(is_plainly_printable)
}

/// Not a control character, line break of any kind, byte order mark or half of nothing.
fn is_plainly_printable(character: char) -> bool {
    matches!(character,
        ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}'
        | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

fn single(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn double(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if is_plainly_printable(character) => out.push(character),
            _ => out.push_str(&escaped(u32::from(character))),
        }
    }
    out.push('"');
    out
}

fn escaped(code: u32) -> String {
    match code {
        0..=0xff => format!("\\x{code:02x}"),
        0x100..=0xffff => format!("\\u{code:04x}"),
        _ => format!("\\U{code:08x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Document, helm_reading};
    use super::*;

    #[test]
    fn a_string_is_read_back_as_that_string_in_every_style_and_place() {
        let strings = [
            "",
            " ",
            "a",
            "v1.2.3",
            "1.10",
            "0123",
            "yes",
            "n",
            "null",
            "~",
            ".inf",
            "1e3",
            "a: b",
            "a:",
            "a #b",
            "#a",
            "- a",
            "-",
            "?a",
            "? a",
            ":a",
            "[a",
            "a]",
            "{",
            "a,b",
            "'",
            "\"",
            "it's",
            "a\\b",
            "a\nb",
            "a\r\nb",
            "\t",
            "a\tb",
            "<<",
            "=",
            "...",
            "---",
            "%a",
            "@a",
            "`a",
            "!a",
            "&a",
            "*a",
            "|",
            ">",
            "é",
            "\u{85}",
            "\u{2028}",
            "\u{feff}",
            "\u{0}",
            "\u{7f}",
            "a b",
            " a",
            "a ",
            "x\u{1F600}",
            "2024-06-15",
            "12:34",
            "a?b",
            "http://x:1/y",
            "sha256:00",
            "\u{ffff}",
            "\u{10ffff}",
        ];
        let styles = [
            ScalarStyle::Plain,
            ScalarStyle::SingleQuoted,
            ScalarStyle::DoubleQuoted,
            ScalarStyle::Literal,
            ScalarStyle::Folded,
        ];
        for text in strings {
            for style in styles {
                for (in_flow, before, after) in [(false, "k: ", " # c\n"), (true, "{k: ", ", l: [1]}\n")] {
                    let document = format!("{before}{}{after}", written(text, style, in_flow));
                    let document = Document::parse(document).expect("what we write is YAML");
                    let value = document.entries(document.root().expect("a mapping"))[0].value;
                    assert_eq!(document.scalar(value), Some(text), "{}", document.text());
                    if let crate::yaml::NodeKind::Scalar { style, value } = &document.node(value).kind {
                        assert_eq!(helm_reading(*style, value), None, "{}", document.text());
                    }
                    assert_eq!(crate::yaml::features(&document), [], "{}", document.text());
                    assert_eq!(crate::yaml::disagreement(&document), None, "{}", document.text());
                }
            }
        }
    }

    #[test]
    fn the_style_that_was_there_is_kept_where_it_can_hold_the_text() {
        assert_eq!(written("v2", ScalarStyle::SingleQuoted, false), "'v2'");
        assert_eq!(written("v2", ScalarStyle::DoubleQuoted, false), "\"v2\"");
        assert_eq!(written("a:b", ScalarStyle::Plain, false), "a:b");
        assert_eq!(written("a?b", ScalarStyle::Plain, false), "a?b");
        assert_eq!(written("a?b", ScalarStyle::Plain, true), "\"a?b\"");
        assert_eq!(written("two\nlines", ScalarStyle::SingleQuoted, false), "\"two\\nlines\"");
    }
}
