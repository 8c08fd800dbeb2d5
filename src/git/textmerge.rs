//! git's own merge of texts, line by line. It knows nothing of entries and tears pins: its result
//! is to be judged before it is used.

use super::program::{clean_command, finish, refused};
use super::{Error, fs};
use crate::merge::Sides;

/// What git's own merge came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextMerge {
    /// No line conflicts. That the result means anything is not said.
    Clean(Vec<u8>),
    /// Some lines conflict, or the content is none that git merges by lines.
    Conflicted,
}

/// The most that one side may have. git takes seconds and gigabytes for more.
const LIMIT: usize = 16 * 1024 * 1024;

/// Merges three texts by lines, as `git merge-file` does. Content over 16 MiB and content with NUL
/// bytes, which git takes for binary, conflicts unread.
pub fn text_merge(sides: Sides<&[u8]>) -> Result<TextMerge, Error> {
    let all = [sides.ours, sides.base, sides.theirs];
    if all.iter().any(|side| side.len() > LIMIT || side.contains(&0)) {
        return Ok(TextMerge::Conflicted);
    }
    let folder = tempfile::tempdir()
        .map_err(|cause| Error::new("could not make a temporary folder for the text merge").because(cause))?;
    for (name, side) in ["ours", "base", "theirs"].iter().zip(all) {
        fs::replace_file(&folder.path().join(name), side)?;
    }
    let args = ["merge-file", "-p", "--quiet", "ours", "base", "theirs"];
    let mut command = clean_command();
    command.args(args).current_dir(folder.path());
    let ended = finish(command, &args, b"")?;
    match ended.status.code() {
        Some(0) => Ok(TextMerge::Clean(ended.stdout)),
        // The number of conflicts; above that, it could not merge.
        Some(1..=127) => Ok(TextMerge::Conflicted),
        _ => Err(refused(&args, &ended)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(base: &str, ours: &str, theirs: &str) -> TextMerge {
        text_merge(Sides { base: base.as_bytes(), ours: ours.as_bytes(), theirs: theirs.as_bytes() }).unwrap()
    }

    #[test]
    fn texts_merge_as_git_merges_them() {
        assert_eq!(merged("1\n2\n3\n", "x\n2\n3\n", "1\n2\ny\n"), TextMerge::Clean(b"x\n2\ny\n".to_vec()));
        assert_eq!(merged("1\n", "2\n", "3\n"), TextMerge::Conflicted);
        assert_eq!(merged("1\n", "1\n", "1\0\n"), TextMerge::Conflicted);
        assert_eq!(merged("", "", ""), TextMerge::Clean(Vec::new()));
    }

    #[test]
    fn what_is_too_large_conflicts_unread() {
        let large = "a".repeat(LIMIT + 1);
        assert_eq!(merged("", "", &large), TextMerge::Conflicted);
    }
}
