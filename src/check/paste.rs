//! Commands to paste: a hostile path or image name in them stays one word of the shell.

pub use crate::text::shell_word as word;

/// `git checkout REVISION -- PATH`
pub fn checkout(revision: &str, path: &str) -> String {
    format!("`git checkout {} -- {}`", word(revision), word(path))
}

/// The command that asks the registry which digest an image has.
pub fn inspect(image: &str, tag: &str) -> String {
    let reference = if tag.is_empty() { image.to_owned() } else { format!("{image}:{tag}") };
    format!("`docker buildx imagetools inspect {}`", word(&reference))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_stays_one_word() {
        assert_eq!(checkout("HEAD~1", "a $(x)"), "`git checkout HEAD~1 -- 'a $(x)'`");
        assert_eq!(inspect("a/b", "v1`x`"), "`docker buildx imagetools inspect 'a/b:v1`x`'`");
    }
}
