//! Findings for a person: the message, the lines it is about, the lines it rests on, the help.
//!
//! Findings are plain data; the adapter here makes each place of one a `miette` diagnostic. A
//! snippet is built from a few escaped lines around the place, never from the file itself, so
//! that neither a terminal nor a runner obeys what stands there and a line of megabytes stays short.

use std::fmt;
use std::io;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents,
};

use super::place::Places;
use super::{Color, plain};
use crate::check::{Excerpt, Finding, Severity};
use crate::text::{escape, escape_lines};

/// The most characters of a line shown on each side of the place, and of the place itself.
const MAX_WIDTH: usize = 100;
/// The most lines of a place that are shown; of a longer one only the first.
const MAX_LINES: usize = 12;

/// Writes each finding with a blank line after it, errors before warnings, and the counts.
pub fn render(findings: &[Finding], color: Color, out: &mut dyn io::Write) -> io::Result<()> {
    let mut places = Places::default();
    let of = |severity: Severity| findings.iter().filter(move |finding| finding.severity == severity);
    for finding in of(Severity::Error).chain(of(Severity::Warning)) {
        plain::line(&report(finding, &mut places, color), out)?;
        writeln!(out)?;
    }
    plain::summary(findings, out)
}

fn report(finding: &Finding, places: &mut Places, color: Color) -> String {
    let severity = match finding.severity {
        Severity::Error => miette::Severity::Error,
        Severity::Warning => miette::Severity::Warning,
    };
    let mut text = shown(&finding.at, places, plain::headline(finding), severity, color);
    for reason in &finding.because {
        let label = if reason.label.is_empty() { "because of this" } else { &reason.label };
        // The label is the headline here, and need not be said twice.
        let place = Excerpt { label: String::new(), ..reason.clone() };
        text.push_str(&shown(&place, places, escape(label).to_string(), miette::Severity::Advice, color));
    }
    if !finding.help.is_empty() {
        text.push_str(&format!("  help: {}\n", escape(&finding.help)));
    }
    text
}

/// A message and the place it is about.
fn shown(
    excerpt: &Excerpt,
    places: &mut Places,
    message: String,
    severity: miette::Severity,
    color: Color,
) -> String {
    use std::fmt::Write as _;
    let snippet = Snippet::of(excerpt, places);
    let has_snippet = snippet.is_some();
    let theme = match color {
        Color::Never => GraphicalTheme::unicode_nocolor(),
        Color::Always => GraphicalTheme::unicode(),
    };
    let handler = GraphicalReportHandler::new_themed(theme).with_wrap_lines(false).with_links(false);
    let mut text = String::new();
    handler
        .render_report(&mut text, &Shown { message, severity, snippet })
        .expect("a string takes all text, and the snippet holds its own span");
    if !has_snippet {
        writeln!(text, "   --> {}", escape(excerpt.path.as_str())).expect("a string takes all text");
    }
    text
}

/// One place with its message, as `miette` wants it.
#[derive(Debug)]
struct Shown {
    message: String,
    severity: miette::Severity,
    snippet: Option<Snippet>,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Shown {}

impl Diagnostic for Shown {
    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.snippet.as_ref().map(|snippet| snippet as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let snippet = self.snippet.as_ref()?;
        let label = (!snippet.label.is_empty()).then(|| snippet.label.clone());
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(label, snippet.span))))
    }
}

/// A few escaped lines around a place.
#[derive(Debug)]
struct Snippet {
    name: String,
    text: String,
    /// The place within `text`.
    span: SourceSpan,
    /// How many lines of the file come before `text`.
    lines_before: usize,
    /// How many characters of the line come before the place.
    column: usize,
    label: String,
}

impl Snippet {
    /// The lines around a place; `None` for a file as a whole.
    fn of(excerpt: &Excerpt, places: &mut Places) -> Option<Snippet> {
        let source = excerpt.source.as_ref()?;
        let text: &str = &source.text;
        if text.is_empty() || (excerpt.span.is_empty() && excerpt.span.start == 0) {
            return None;
        }
        let (start, _) = places.range(excerpt);
        let marked = shortened(excerpt.span.of(text));
        let marked_end = excerpt.span.start + marked.len();
        let last = start.line + marked.matches('\n').count();
        let line_start = places.line(source, start.line)?.start;
        let above = places.line(source, start.line - 1).map(|line| line.of(text).trim_end_matches('\n'));
        let after = &text[marked_end..places.line(source, last)?.end];
        let next = places.line(source, last + 1).map_or("", |line| line.of(text));

        let mut shown = String::new();
        if let Some(above) = above {
            shown.push_str(&escape_breaks(keep_start(above, MAX_WIDTH).trim_end_matches('\r')));
            shown.push('\n');
        }
        shown.push_str(&escape_breaks(keep_end(&text[line_start..excerpt.span.start], MAX_WIDTH)));
        let from = shown.len();
        shown.push_str(&escape_breaks(marked));
        let span = SourceSpan::new(from.into(), shown.len() - from);
        shown.push_str(&escape_breaks(keep_start(after, MAX_WIDTH)));
        if !shown.ends_with('\n') && !next.is_empty() {
            shown.push('\n');
        }
        shown.push_str(&escape_breaks(keep_start(next, MAX_WIDTH)));
        Some(Snippet {
            name: escape(excerpt.path.as_str()).to_string(),
            text: shown,
            span,
            lines_before: start.line - 1 - usize::from(above.is_some()),
            column: start.column - 1,
            label: escape(&excerpt.label).to_string(),
        })
    }
}

/// The part of a place that is shown: all of it, or the beginning of its first line.
fn shortened(place: &str) -> &str {
    let lines = || place.lines().take(MAX_LINES + 1);
    let is_long = lines().count() > MAX_LINES || lines().any(|line| line.len() > MAX_WIDTH);
    let first = || place.lines().next().unwrap_or("");
    if is_long { keep_start(first(), MAX_WIDTH) } else { place.trim_end_matches(['\r', '\n']) }
}

fn keep_start(line: &str, characters: usize) -> &str {
    line.char_indices().nth(characters).map_or(line, |(cut, _)| &line[..cut])
}

fn keep_end(line: &str, characters: usize) -> &str {
    line.char_indices().rev().nth(characters - 1).map_or(line, |(cut, _)| &line[cut..])
}

/// Escapes text whose line breaks are breaks of the file. A tab is shown as an arrow, one column wide.
fn escape_breaks(text: &str) -> String {
    escape_lines(&text.replace("\r\n", "\n").replace('\t', "→")).to_string()
}

impl SourceCode for Snippet {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let contents = self.text.read_span(span, before, after)?;
        // Asked without context for the place itself, tell its column in the file.
        let column = if before == 0 { self.column } else { contents.column() };
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            contents.data(),
            *contents.span(),
            contents.line() + self.lines_before,
            column,
            contents.line_count(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use crate::text::{Source, Span};

    fn rendered(findings: &[Finding]) -> String {
        let mut out = Vec::new();
        render(findings, Color::Never, &mut out).expect("a vector takes all");
        String::from_utf8(out).expect("we write text")
    }

    #[test]
    fn a_finding_shows_its_lines_and_those_it_rests_on() {
        let expected = "  × error[floating-tag]: component `app` uses the floating tag `latest`
   ╭─[releases/current.yaml:3:10]
 2 │   app:
 3 │     tag: latest
   ·          ──────
   ╰────
  ☞ denied here
   ╭─[.sysbom.yaml:2:9]
 1 │ floating:
 2 │   deny: [latest]
   ·         ────────
   ╰────
  help: use the tag of the build you tested

1 error; `sysbom explain floating-tag` says more
";
        assert_eq!(rendered(&[samples::floating()]), expected);
    }

    #[test]
    fn a_file_as_a_whole_is_named() {
        let expected = "  ⚠ warning[policy-changed]: the policy is edited
   --> .sysbom.yaml
  help: let someone look at it

1 warning; `sysbom explain policy-changed` says more
";
        assert_eq!(rendered(&[samples::whole_file()]), expected);
    }

    #[test]
    fn nothing_is_obeyed_that_a_file_says() {
        let out = rendered(&[samples::hostile()]);
        assert!(!out.contains(['\u{1b}', '\u{202e}', '\u{2028}', '\r']), "{out:?}");
        assert!(out.contains("  help: do\\u{a}::error::c\n"), "{out}");
        for line in out.lines() {
            assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "{line}");
        }
    }

    #[test]
    fn a_line_of_a_megabyte_is_cut() {
        let text = format!("{}tag{}\nnext\n", "ä".repeat(500_000), "b".repeat(500_000));
        let start = text.find("tag").expect("it is there");
        let mut finding = samples::floating();
        finding.at.source = Some(Source::new("a.yaml", text));
        finding.at.span = Span::new(start, start + 3);
        let out = rendered(&[finding]);
        assert!(out.contains("[releases/current.yaml:1:500001]"), "{out}");
        assert!(out.len() < 3000, "{}", out.len());
    }

    #[test]
    fn errors_come_before_warnings() {
        let out = rendered(&[samples::whole_file(), samples::floating()]);
        assert!(out.find("error[floating-tag]") < out.find("warning[policy-changed]"), "{out}");
    }

    #[test]
    fn a_tab_can_be_seen_and_takes_one_column() {
        let mut finding = samples::floating();
        finding.at.source = Some(Source::new("a.yaml", "images:\n\tapp:\ttag\n\tb\n"));
        finding.at.span = Span::at(8);
        let shown = " 1 │ images:\n 2 │ →app:→tag\n   · ▲\n 3 │ →b\n";
        assert!(rendered(&[finding]).contains(shown));
    }

    #[test]
    fn a_place_at_the_end_of_the_text_is_shown() {
        let mut finding = samples::floating();
        finding.at.source = Some(Source::new("a.yaml", "images:\n  app:\n    tag:"));
        finding.at.span = Span::at(23);
        assert!(rendered(&[finding]).contains("3 │     tag:\n"));
    }
}
