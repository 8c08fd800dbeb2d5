//! Unified diffs, to show what an edit would do.

use similar::TextDiff;

use crate::text::{Source, escape, escape_lines};

/// The difference of two texts as a unified diff with three lines of context; empty if they are
/// equal. For people: what a terminal would obey is escaped, so it need not apply as a patch.
pub fn unified(old: &Source, new: &Source) -> String {
    let (old_name, new_name) = (escape(&old.name).to_string(), escape(&new.name).to_string());
    let diff = TextDiff::from_lines(&*old.text, &*new.text);
    let text = diff.unified_diff().context_radius(3).header(&old_name, &new_name).to_string();
    escape_lines(&text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_line_is_shown_with_its_surroundings() {
        let old = Source::new("a.yaml", "one\ntwo\nthree\n");
        let new = Source::new("b.yaml", "one\n2\u{1b}\nthree\n");
        let expected = "--- a.yaml\n+++ b.yaml\n@@ -1,3 +1,3 @@\n one\n-two\n+2\\u{1b}\n three\n";
        assert_eq!(unified(&old, &new), expected);
        assert_eq!(unified(&old, &old), "");
    }
}
