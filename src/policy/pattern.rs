//! Patterns of the policy: globs, and regular expressions after `re:`.
//!
//! Knows globset and regex, and keeps both from costing more than a policy should.

use globset::{GlobBuilder, GlobMatcher};
use regex::{Regex, RegexBuilder};

/// The most bytes of one pattern.
const MAX_PATTERN: usize = 512;
/// The most memory one compiled regular expression may take.
const MAX_COMPILED: usize = 1 << 20;

/// A glob or, after `re:`, a regular expression that must fit the whole text. Case counts, but in globs for tags.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    matcher: Matcher,
}

#[derive(Clone, Debug)]
enum Matcher {
    Glob(GlobMatcher),
    Regex(Regex),
}

/// What a glob's `*` may stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Star {
    /// Anything but a `/`; `**` stands for anything.
    WithinPart,
    /// Anything.
    Anything,
}

impl Pattern {
    /// Compiles a pattern. The error is one line for people.
    ///
    /// ```
    /// use sysbom::policy::{Pattern, Star};
    /// let images = Pattern::new("ghcr.io/acme/*", Star::WithinPart)?;
    /// assert!(images.fits("ghcr.io/acme/app") && !images.fits("ghcr.io/acme/a/b"));
    /// let tags = Pattern::new("re:pr-[0-9]+", Star::Anything)?;
    /// assert!(tags.fits("pr-12") && !tags.fits("pr-12-dev"));
    /// # Ok::<(), String>(())
    /// ```
    pub fn new(text: &str, star: Star) -> Result<Pattern, String> {
        Self::compile(text, star, Case::Counts)
    }

    /// Compiles a pattern for tags, whose globs know no case: names that move do not either. In a
    /// regular expression case counts, unless it says `(?i)`. The error is one line for people.
    ///
    /// ```
    /// use sysbom::policy::Pattern;
    /// assert!(Pattern::of_tags("edge*")?.fits("EDGE-1.2.3"));
    /// assert!(!Pattern::of_tags("re:edge.*")?.fits("EDGE-1.2.3"));
    /// # Ok::<(), String>(())
    /// ```
    pub fn of_tags(text: &str) -> Result<Pattern, String> {
        Self::compile(text, Star::Anything, Case::Ignored)
    }

    fn compile(text: &str, star: Star, case: Case) -> Result<Pattern, String> {
        if text.len() > MAX_PATTERN {
            return Err(format!("a pattern of {} bytes is longer than {MAX_PATTERN}", text.len()));
        }
        let matcher = match text.strip_prefix("re:") {
            Some(expression) => Matcher::Regex(regex(expression)?),
            None => Matcher::Glob(glob(text, star, case)?),
        };
        Ok(Pattern { text: text.to_owned(), matcher })
    }

    /// The glob that only `text` itself fits.
    pub fn literal(text: &str) -> String {
        let escaped = |c: char| match c {
            '*' | '?' | '[' | ']' | '{' | '}' | '\\' => format!("[{c}]"),
            c => c.to_string(),
        };
        text.chars().map(escaped).collect()
    }

    /// Whether the whole of `text` fits.
    pub fn fits(&self, text: &str) -> bool {
        match &self.matcher {
            Matcher::Glob(glob) => glob.is_match(text),
            Matcher::Regex(regex) => regex.is_match(text),
        }
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// What upper and lower case are to a glob.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Counts,
    Ignored,
}

fn glob(text: &str, star: Star, case: Case) -> Result<GlobMatcher, String> {
    if text.is_empty() {
        return Err("a pattern is empty".to_owned());
    }
    let glob = GlobBuilder::new(text)
        .literal_separator(star == Star::WithinPart)
        .case_insensitive(case == Case::Ignored)
        .build();
    glob.map(|glob| glob.compile_matcher()).map_err(|error| format!("not a glob: {}", error.kind()))
}

fn regex(expression: &str) -> Result<Regex, String> {
    let build = |expression: &str| {
        RegexBuilder::new(expression).size_limit(MAX_COMPILED).dfa_size_limit(MAX_COMPILED).build().map_err(
            |error| match error {
                regex::Error::CompiledTooBig(_) => "the regular expression is too large".to_owned(),
                error => {
                    // The last line says what is wrong; those above draw the expression.
                    let text = error.to_string();
                    let last = text.lines().last().unwrap_or_default();
                    format!("not a regular expression: {}", last.trim_start_matches("error: "))
                }
            },
        )
    };
    // Alone first: `a)|(b` is only balanced inside the parentheses that are put around it.
    build(expression)?;
    build(&format!(r"\A(?:{expression})\z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern, Star::Anything).expect("the pattern is well formed").fits(text)
    }

    #[test]
    fn a_glob_fits_the_whole_text_and_case_counts() {
        assert!(fits("pr-*", "pr-12") && !fits("pr-*", "a-pr-12") && !fits("pr-*", "PR-12"));
        for text in ["a*b", "a?", "[x]", "{a,b}", "a\\b"] {
            assert!(fits(&Pattern::literal(text), text) && !fits(&Pattern::literal(text), "a"), "{text}");
        }
        assert!(fits("{a,b}?", "bx") && fits("[0-9]*", "1.2") && !fits("[0-9]*", "v1"));
    }

    #[test]
    fn a_regular_expression_is_anchored_in_every_alternative() {
        assert!(fits("re:a|bc", "bc") && !fits("re:a|bc", "abc") && !fits("re:a|bc", "xbc"));
        assert!(!fits("re:a", "a\n"));
    }

    #[test]
    fn patterns_that_are_none_or_cost_too_much_are_refused() {
        for pattern in
            ["", "[a", "{a", "re:(", "re:a)|(b", "re:(?:\\w{200}){200}", "re:a{99999}", &"a".repeat(513)]
        {
            assert!(Pattern::new(pattern, Star::Anything).is_err(), "{pattern:?}");
        }
    }
}
