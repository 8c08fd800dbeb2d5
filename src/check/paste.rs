//! Commands to paste: a hostile path or image name in them stays one word of the shell.

use std::borrow::Cow;

/// One word for a POSIX shell: as it is where that is safe, else in single quotes.
pub fn word(text: &str) -> Cow<'_, str> {
    let is_safe = |character: char| character.is_ascii_alphanumeric() || "._/@:=+-{}^~".contains(character);
    let plain = !text.is_empty() && !text.starts_with(['-', '~', '=']) && text.chars().all(is_safe);
    if plain { Cow::Borrowed(text) } else { Cow::Owned(format!("'{}'", text.replace('\'', r"'\''"))) }
}

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
        assert_eq!(word("releases/current.yaml"), "releases/current.yaml");
        assert_eq!(word("a b$(x)"), "'a b$(x)'");
        assert_eq!(word("it's"), r"'it'\''s'");
        assert_eq!(word("--force"), "'--force'");
        assert_eq!(inspect("a/b", "v1`x`"), "`docker buildx imagetools inspect 'a/b:v1`x`'`");
    }
}
