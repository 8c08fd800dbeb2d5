//! What `merge-driver` and `merge-file` share: reading three files, merging them, and telling a
//! person what conflicts.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::git::TextMerge;
use crate::merge::{Conflict, Options, Outcome, Sides};
use crate::text::escape;
use crate::yaml::MAX_BYTES;

use super::failure::Failure;

/// Reads one side. Over the size limit nothing is merged, so nothing more is read.
pub fn read_side(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::io("read", path, &error);
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > MAX_BYTES {
        return Err(Failure::new(format!("could not merge {}", path.display()))
            .because(format!("it is larger than {} MiB, the most a manifest may have", MAX_BYTES >> 20))
            .help("merge it by hand: `git merge-file`, or take one side with `git checkout --ours`"));
    }
    Ok(bytes)
}

/// Merges by structure, and where that cannot be, by git's own text merge, judged afterwards.
pub fn merge(sides: &Sides<Vec<u8>>, options: &Options) -> Result<Outcome, Failure> {
    let sides = Sides { base: &sides.base[..], ours: &sides.ours[..], theirs: &sides.theirs[..] };
    match crate::merge::merge(sides, options) {
        Ok(outcome) => Ok(outcome),
        Err(why) => {
            let merged = match crate::git::text_merge(sides)? {
                TextMerge::Clean(bytes) => Some(bytes),
                TextMerge::Conflicted => None,
            };
            Ok(crate::merge::judge_text_merge(sides, merged.as_deref(), &why, options))
        }
    }
}

/// What stands on standard error for a merge with conflicts: each with its three sides and what
/// to do.
pub fn describe(path: &str, conflicts: &[Conflict], labels: &Sides<String>) -> String {
    let mut text = String::new();
    for conflict in conflicts {
        let _ = write!(text, "{}", Described { path, conflict, labels });
    }
    text
}

struct Described<'a> {
    path: &'a str,
    conflict: &'a Conflict,
    labels: &'a Sides<String>,
}

impl std::fmt::Display for Described<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Described { path, conflict, labels } = self;
        write!(f, "conflict in {}", escape(path))?;
        if !conflict.subject.is_empty() {
            write!(f, ": `{}`", escape(&conflict.subject))?;
        }
        writeln!(f, ": {}", escape(&conflict.reason))?;
        let side = |f: &mut std::fmt::Formatter<'_>, name: &str, value: &str, label: &str| {
            let label = if label == name { String::new() } else { format!("  ({})", escape(label)) };
            writeln!(f, "  {:<7} {}{label}", format!("{name}:"), escape(value))
        };
        side(f, "base", &conflict.values.base, &labels.base)?;
        side(f, "ours", &conflict.values.ours, &labels.ours)?;
        side(f, "theirs", &conflict.values.theirs, &labels.theirs)?;
        writeln!(f, "  help: {}", escape(&conflict.help))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_is_told_with_its_three_sides_and_what_to_do() {
        let sides = |base: &str, ours: &str, theirs: &str| Sides {
            base: base.into(),
            ours: ours.into(),
            theirs: theirs.into(),
        };
        let conflict = Conflict {
            subject: "app".into(),
            entry: "images.app".into(),
            values: sides("v1", "v2", "v3\u{1b}"),
            reason: "both sides moved it apart".into(),
            help: "keep one of the two pins, whole".into(),
        };
        assert_eq!(
            describe("releases/current.yaml", &[conflict], &sides("base", "HEAD", "feature")),
            "conflict in releases/current.yaml: `app`: both sides moved it apart\n  \
             base:   v1\n  ours:   v2  (HEAD)\n  theirs: v3\\u{1b}  (feature)\n  \
             help: keep one of the two pins, whole\n"
        );
    }
}
