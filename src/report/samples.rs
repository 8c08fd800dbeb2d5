//! Findings for the tests of this module.

use crate::check::{Excerpt, Finding, Severity};
use crate::text::{Source, Span};
use crate::tree::RepoPath;

fn excerpt(path: &str, text: &str, piece: &str, label: &str) -> Excerpt {
    let start = text.find(piece).expect("the sample holds its piece");
    Excerpt {
        path: RepoPath::new(path),
        source: Some(Source::new(path, text)),
        span: Span::new(start, start + piece.len()),
        label: label.to_owned(),
    }
}

/// An error in one file with its cause in another.
pub fn floating() -> Finding {
    Finding {
        rule: "floating-tag",
        severity: Severity::Error,
        message: "component `app` uses the floating tag `latest`".to_owned(),
        help: "use the tag of the build you tested".to_owned(),
        at: excerpt("releases/current.yaml", "images:\n  app:\n    tag: latest\n", "latest", ""),
        because: vec![excerpt(".sysbom.yaml", "floating:\n  deny: [latest]\n", "[latest]", "denied here")],
        fix: None,
    }
}

/// A warning about a file as a whole.
pub fn whole_file() -> Finding {
    Finding {
        rule: "policy-changed",
        severity: Severity::Warning,
        message: "the policy is edited".to_owned(),
        help: "let someone look at it".to_owned(),
        at: Excerpt {
            path: RepoPath::new(".sysbom.yaml"),
            source: None,
            span: Span::at(0),
            label: String::new(),
        },
        because: Vec::new(),
        fix: None,
    }
}

/// A finding whose path, message, help, label and text try to be more than text.
pub fn hostile() -> Finding {
    let path = "releases/a,line=9::\n::error::x.yaml";
    let text = "::error::a\u{1b}[2J\u{202e}b\r\n::error::tag: ##[error]evil\n";
    Finding {
        rule: "schema",
        severity: Severity::Warning,
        message: "a\n::error::b\u{1b}[31m".to_owned(),
        help: "do\n::error::c".to_owned(),
        at: excerpt(path, text, "tag", "\n::error::d"),
        because: vec![excerpt(path, text, "a\u{1b}[2J", "::error::e\u{2028}")],
        fix: None,
    }
}
