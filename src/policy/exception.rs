//! Exceptions that stand in a file itself: `# sysbom: allow[floating-tag] reason`.
//!
//! Knows how they are written and which lines they are for. Whether one counts (base must carry
//! it, or the policy must list the rule) is for the check.

use super::{Date, PolicyFault};
use crate::suggest::nearest;
use crate::text::{Span, escape};
use crate::yaml::{Comment, Document};

/// One exception.
///
/// ```yaml
/// images:
///   app:
///     tag: edge  # sysbom: allow[floating-tag] the vendor has no other (expires 2024-06-30)
///   # sysbom: allow[floating-tag, pin-incomplete] built here
///   tool:
///     tag: edge
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The ids of the rules it silences, all of them known ones.
    pub rules: Vec<String>,
    /// Why.
    pub reason: String,
    /// The last day on which it holds.
    pub expires: Option<Date>,
    /// The comment, from `#` to the end of its line.
    pub span: Span,
    /// The bytes it is for: behind a value, the line it stands on; on a line of its own, all
    /// lines of the entry below, or nothing if there is none.
    pub lines: Span,
}

impl Exception {
    /// Whether it is for a finding of this rule at this place.
    pub fn covers(&self, rule: &str, at: Span) -> bool {
        self.lines.start <= at.start
            && at.start < self.lines.end
            && self.rules.iter().any(|listed| listed == rule)
    }

    /// Whether its last day is over.
    pub fn is_over(&self, today: Date) -> bool {
        self.expires.is_some_and(|last| today > last)
    }
}

/// What the comments of a file say.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Exceptions {
    /// The exceptions, in source order.
    pub found: Vec<Exception>,
    /// Comments that begin like one and are none: no reason, an unknown rule, no date.
    pub faults: Vec<PolicyFault>,
}

/// Reads the exceptions of a file. `known_rules` are the rule ids they may name.
pub fn exceptions(document: &Document, known_rules: &[&str]) -> Exceptions {
    let mut exceptions = Exceptions::default();
    let mut entries = None;
    for comment in document.comments() {
        let Some(written) = written(document.text(), *comment) else { continue };
        match read(written, known_rules) {
            Ok(Read { rules, reason, expires }) => {
                let entries = entries.get_or_insert_with(|| Entries::of(document));
                let lines = entries.lines(document.text(), *comment);
                exceptions.found.push(Exception { rules, reason, expires, span: comment.span, lines });
            }
            Err((message, help)) => {
                exceptions.faults.push(PolicyFault { message, help, span: comment.span });
            }
        }
    }
    exceptions
}

/// What stands behind `sysbom:` in a comment that begins so.
fn written(text: &str, comment: Comment) -> Option<&str> {
    comment.span.of(text).strip_prefix('#')?.trim().strip_prefix("sysbom:").map(str::trim)
}

struct Read {
    rules: Vec<String>,
    reason: String,
    expires: Option<Date>,
}

fn read(written: &str, known_rules: &[&str]) -> Result<Read, (String, String)> {
    let form = || {
        "write `# sysbom: allow[rule] reason`, with `(expires YYYY-MM-DD)` at its end if you like".to_owned()
    };
    let listed = written.strip_prefix("allow").map(str::trim_start).and_then(|rest| rest.strip_prefix('['));
    let Some((rules, rest)) = listed.and_then(|rest| rest.split_once(']')) else {
        return Err((format!("`{}` is no exception", escape(written)), form()));
    };
    let rules: Vec<String> = rules.split(',').map(|rule| rule.trim().to_owned()).collect();
    for rule in &rules {
        if !known_rules.contains(&rule.as_str()) {
            let help = match nearest(rule, known_rules.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => form(),
            };
            return Err((format!("unknown rule `{}` in an exception", escape(rule)), help));
        }
    }
    let (reason, expires) = split_expiry(rest.trim())?;
    if reason.is_empty() {
        return Err(("an exception needs a reason".to_owned(), form()));
    }
    Ok(Read { rules, reason: reason.to_owned(), expires })
}

/// The reason, and the date of a `(expires YYYY-MM-DD)` at its end. What reads like an expiry to
/// people and is not written so is a fault: taken for a part of the reason, it would let the
/// exception hold for good.
fn split_expiry(text: &str) -> Result<(&str, Option<Date>), (String, String)> {
    let last = text.strip_suffix(')').and_then(|text| text.rsplit_once('('));
    if let Some((reason, date)) =
        last.and_then(|(reason, last)| Some((reason, last.trim().strip_prefix("expires")?)))
    {
        let help = || format!("end the comment with {FORM}");
        let unusable =
            |error| (format!("an exception cannot expire on `{}`: {error}", escape(date.trim())), help());
        return Ok((reason.trim_end(), Some(date.trim().parse().map_err(unusable)?)));
    }
    if looks_like_expiry(text) {
        return Err(("the expiry of this exception is written wrongly".to_owned(), expiry_help(text)));
    }
    Ok((text, None))
}

/// How an expiry is written.
const FORM: &str = "`(expires YYYY-MM-DD)`";

fn expiry_help(text: &str) -> String {
    let mut words = text.split(|c: char| !c.is_ascii_digit() && c != '-');
    let date = words.find_map(|word| word.parse::<Date>().ok());
    let form = date.map_or(FORM.to_owned(), |date| format!("`(expires {date})`"));
    format!("end the comment with {form}, behind the reason and with nothing after it")
}

/// Whether a text says, in whichever words, that something ends on a day: it speaks of expiring and
/// has a date, or such a word opens its last bracket.
fn looks_like_expiry(text: &str) -> bool {
    let of_expiry = |word: &str| {
        let word = word.to_ascii_lowercase();
        word.starts_with("expir") || word == "until" || word == "till"
    };
    let says_so = text.split(|c: char| !c.is_alphabetic()).any(of_expiry);
    let in_bracket =
        text.trim_end().strip_suffix([')', ']', '}']).and_then(|text| text.rsplit_once(['(', '[', '{']));
    let opens = in_bracket.is_some_and(|(_, last)| {
        last.trim_start().split(|c: char| !c.is_alphabetic()).next().is_some_and(of_expiry)
    });
    opens || (says_so && has_date(text))
}

/// Whether three numbers stand together as those of a date do, or eight digits that begin a year.
fn has_date(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit() && !['-', '/', '.'].contains(&c)).any(|word| {
        let numbers: Vec<&str> = word.split(['-', '/', '.']).filter(|number| !number.is_empty()).collect();
        match numbers[..] {
            [one] => one.len() == 8 && one.starts_with("20"),
            [first, _, last] => first.len() == 4 || last.len() == 4,
            _ => false,
        }
    })
}

/// Where the entries and items of a document begin and end, by their beginning.
struct Entries(Vec<Span>);

impl Entries {
    fn of(document: &Document) -> Self {
        let mut spans = Vec::new();
        for (id, _) in document.nodes() {
            let entries = document.entries(id).iter().map(|entry| (entry.start, entry.key, entry.value));
            let items = document.items(id).iter().map(|item| (item.start, item.value, item.value));
            for (start, key, value) in entries.chain(items) {
                let end = document.node(value).span.end.max(document.node(key).span.end);
                spans.push(Span::new(start, end.max(start)));
            }
        }
        // Of those that begin at one byte, the outermost comes first.
        spans.sort_by_key(|span| (span.start, usize::MAX - span.end));
        Entries(spans)
    }

    fn lines(&self, text: &str, comment: Comment) -> Span {
        let line = whole_lines(text, comment.span);
        let stands_alone =
            text[line.start..comment.span.start].trim_matches([' ', '\t', '\u{feff}']).is_empty();
        if !stands_alone {
            return line;
        }
        let below = self.0.partition_point(|entry| entry.start < comment.span.end);
        self.0.get(below).map_or(Span::at(comment.span.end), |&entry| whole_lines(text, entry))
    }
}

/// The lines that a span touches, without the last line break.
fn whole_lines(text: &str, span: Span) -> Span {
    let start = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[span.end..].find('\n').map_or(text.len(), |newline| span.end + newline);
    Span::new(start, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &[&str] = &["floating-tag", "pin-incomplete"];

    fn read_from(text: &str) -> Exceptions {
        exceptions(&Document::parse(text).expect("the test's YAML is well formed"), RULES)
    }

    #[test]
    fn a_comment_behind_a_value_is_for_its_line() {
        let text = "images:\n  app:\n    image: x\n    tag: edge  # sysbom: allow[floating-tag] no other\n    digest: y\n";
        let Exceptions { found, faults } = read_from(text);
        assert_eq!(faults, []);
        let [exception] = &found[..] else { panic!("one exception") };
        assert_eq!(exception.rules, ["floating-tag"]);
        assert_eq!(exception.reason, "no other");
        assert_eq!(exception.expires, None);
        assert_eq!(exception.span.of(text), "# sysbom: allow[floating-tag] no other");
        assert_eq!(exception.lines.of(text), "    tag: edge  # sysbom: allow[floating-tag] no other");
        let at = |needle: &str| Span::at(text.find(needle).expect("it is there"));
        assert!(exception.covers("floating-tag", at("edge")));
        assert!(!exception.covers("floating-tag", at("digest: y")));
        assert!(!exception.covers("pin-incomplete", at("edge")));
    }

    #[test]
    fn a_comment_on_its_own_line_is_for_the_entry_below() {
        let text = "images:\r\n  # sysbom: allow[floating-tag, pin-incomplete] here (expires 2024-06-30)\r\n  # more\r\n\r\n  app:\r\n    \
                    image: x\r\n    tag: edge\r\n  web: {image: y}\r\n";
        let Exceptions { found, faults } = read_from(text);
        assert_eq!(faults, []);
        assert_eq!(found[0].rules, ["floating-tag", "pin-incomplete"]);
        assert_eq!(found[0].reason, "here");
        assert_eq!(found[0].lines.of(text), "  app:\r\n    image: x\r\n    tag: edge\r");
        let day = |text: &str| text.parse().expect("a day");
        assert!(!found[0].is_over(day("2024-06-30")) && found[0].is_over(day("2024-07-01")));
    }

    #[test]
    fn in_a_list_it_is_for_the_whole_item_and_at_the_end_for_nothing() {
        let text = "images:\n# sysbom: allow[floating-tag] a\n- name: app\n  tag: edge\n- name: b\n# sysbom: allow[floating-tag] b\n";
        let found = read_from(text).found;
        assert_eq!(found[0].lines.of(text), "- name: app\n  tag: edge");
        assert!(found[1].lines.is_empty() && !found[1].covers("floating-tag", Span::at(text.len())));
    }

    #[test]
    fn an_expiry_in_another_form_is_no_reason() {
        for text in [
            "r expires 2020-01-01",
            "r (Expires 2020-01-01)",
            "r (EXPIRES: 2020-01-01)",
            "r (until 2020-01-01)",
            "r [expires 2020-01-01]",
            "(expires 2020-01-01) r",
            "r (expires 2020-01-01).",
            "r, until 2020/1/1",
            "r expiry=20200101",
            "r, expires on 1.1.2020 at noon",
            "r (until spring)",
        ] {
            let comment = format!("a: b # sysbom: allow[floating-tag] {text}\n");
            let Exceptions { found, faults } = read_from(&comment);
            assert_eq!(found, [], "{text}");
            let [fault] = &faults[..] else { panic!("one fault: {text}") };
            assert_eq!(fault.message, "the expiry of this exception is written wrongly", "{text}");
            let date = if text.contains("2020-01-01") { "2020-01-01" } else { "YYYY-MM-DD" };
            assert!(
                fault.help.starts_with(&format!("end the comment with `(expires {date})`")),
                "{}",
                fault.help
            );
        }
        for text in [
            "pinned on 2020-01-01",
            "until the vendor moves",
            "r (see #12)",
            "expires with v1.2.3",
            "x (expires 2024-06-30)",
        ] {
            let Exceptions { found, faults } =
                read_from(&format!("a: b # sysbom: allow[floating-tag] {text}\n"));
            assert_eq!((found.len(), faults), (1, vec![]), "{text}");
        }
    }

    #[test]
    fn what_is_no_exception_is_told() {
        for (comment, message) in [
            ("sysbom: allow[floating-tag]", "an exception needs a reason"),
            ("sysbom: allow[floating-tag] (expires 2024-06-30)", "an exception needs a reason"),
            ("sysbom: allow[floating-tags] x", "unknown rule `floating-tags` in an exception"),
            ("sysbom: allow[] x", "unknown rule `` in an exception"),
            ("sysbom: allow floating-tag x", "`allow floating-tag x` is no exception"),
            ("sysbom: deny[floating-tag] x", "`deny[floating-tag] x` is no exception"),
            (
                "sysbom: allow[floating-tag] x (expires soon)",
                "an exception cannot expire on `soon`: a date is written `YYYY-MM-DD`",
            ),
        ] {
            let Exceptions { found, faults } = read_from(&format!("a: b # {comment}\n"));
            assert_eq!(found, []);
            assert_eq!(faults.len(), 1, "{comment}");
            assert_eq!(faults[0].message, message);
        }
        assert_eq!(
            read_from("a: b # about sysbom: allow[floating-tag] x\nc: '# sysbom: x'\n"),
            Exceptions::default()
        );
    }
}
