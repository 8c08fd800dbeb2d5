//! Which known word somebody may have meant who wrote an unknown one.
//!
//! Knows nothing of what the words are for.

/// Longer words are nobody's slip of the finger, and comparing takes the product of two lengths.
const MAX_WORD: usize = 64;

/// The known word nearest to `word`, if it is near enough to have been meant: at most one letter
/// in three is missing, added, changed or swapped with its neighbour. Letters compare without
/// case, and `_` is as good as `-`. Of several equally near, the first.
///
/// ```
/// use sysbom::suggest::nearest;
/// assert_eq!(nearest("componets", ["components", "fields"]), Some("components"));
/// assert_eq!(nearest("inline_allow", ["inline-allow"]), Some("inline-allow"));
/// assert_eq!(nearest("colour", ["components", "fields"]), None);
/// ```
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).max(1);
    let distances = known.into_iter().filter_map(|candidate| {
        let apart = slips(word, candidate)?;
        (apart <= allowed).then_some((apart, candidate))
    });
    distances.min_by_key(|(apart, _)| *apart).map(|(_, candidate)| candidate)
}

/// How many letters of `word` are missing, added, changed or swapped with their neighbour if
/// `meant` was meant; letters compare as for [`nearest`]. `None` if one of them is too long to have
/// been mistaken for the other.
///
/// ```
/// use sysbom::suggest::slips;
/// assert_eq!(slips("digset", "digest"), Some(1));
/// assert_eq!(slips("Tag", "tag"), Some(0));
/// ```
pub fn slips(word: &str, meant: &str) -> Option<usize> {
    Some(distance(&normalised(word)?, &normalised(meant)?))
}

fn normalised(word: &str) -> Option<Vec<char>> {
    let letter = |c: char| if c == '_' { '-' } else { c.to_ascii_lowercase() };
    (word.len() <= MAX_WORD).then(|| word.chars().map(letter).collect())
}

/// How many letters must be added, removed, changed or swapped with their neighbour.
fn distance(from: &[char], to: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (above, &letter) in from.iter().enumerate() {
        let mut current = vec![above + 1];
        for (column, &other) in to.iter().enumerate() {
            let changed = last[column] + usize::from(letter != other);
            let mut fewest = changed.min(last[column + 1] + 1).min(current[column] + 1);
            if above > 0 && column > 0 && letter == to[column - 1] && from[above - 1] == other {
                fewest = fewest.min(before_last[column - 1] + 1);
            }
            current.push(fewest);
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_finger_are_recognised() {
        let known = ["image", "tag", "digest", "images"];
        for (word, meant) in [
            ("imgae", Some("image")),
            ("Image", Some("image")),
            ("tga", Some("tag")),
            ("digset", Some("digest")),
            ("imagess", Some("images")),
            ("t", None),
            ("", None),
            ("pullPolicy", None),
            ("xyz", None),
        ] {
            assert_eq!(nearest(word, known), meant, "{word}");
        }
        assert_eq!(nearest(&"x".repeat(10_000), known), None);
    }
}
