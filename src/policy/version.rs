//! `required-version`: which versions of sysbom a repository asks for.
//!
//! Knows `>=0.4`, `>=0.4, <1`: comparisons joined by commas, all of which must hold.

use std::cmp::Ordering;
use std::fmt;

/// A requirement on sysbom's own version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    text: String,
    comparisons: Vec<(Operator, [u64; 3])>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Less,
    AtMost,
    Equal,
    AtLeast,
    Greater,
}

impl Requirement {
    /// Reads comparisons joined by commas, each an operator (`>=`, `>`, `<=`, `<`, `=`) and a
    /// version of one to three numbers. Numbers that are not written are 0. The error is one line
    /// for people.
    pub fn read(text: &str) -> Result<Requirement, String> {
        let comparisons = text.split(',').map(|part| comparison(part.trim())).collect::<Option<Vec<_>>>();
        match comparisons {
            Some(comparisons) => Ok(Requirement { text: text.trim().to_owned(), comparisons }),
            None => Err("not a requirement such as `>=0.4` or `>=0.4, <1`".to_owned()),
        }
    }

    /// Whether this version (`0.4.1`; what follows `-` or `+` is left out) is one of those asked for.
    pub fn accepts(&self, version: &str) -> bool {
        let number = version.split(['-', '+']).next().and_then(numbers);
        number.is_some_and(|number| {
            self.comparisons.iter().all(|(operator, wanted)| operator.holds(number.cmp(wanted)))
        })
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Operator {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Operator::Less => ordering.is_lt(),
            Operator::AtMost => ordering.is_le(),
            Operator::Equal => ordering.is_eq(),
            Operator::AtLeast => ordering.is_ge(),
            Operator::Greater => ordering.is_gt(),
        }
    }
}

fn comparison(text: &str) -> Option<(Operator, [u64; 3])> {
    let operators = [
        (">=", Operator::AtLeast),
        ("<=", Operator::AtMost),
        (">", Operator::Greater),
        ("<", Operator::Less),
        ("=", Operator::Equal),
    ];
    let (operator, rest) =
        operators.iter().find_map(|(sign, operator)| Some((*operator, text.strip_prefix(sign)?)))?;
    Some((operator, numbers(rest.trim_start())?))
}

fn numbers(text: &str) -> Option<[u64; 3]> {
    let mut numbers = [0; 3];
    for (at, part) in text.split('.').enumerate() {
        if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *numbers.get_mut(at)? = part.parse().ok()?;
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_compared_number_by_number() {
        for (requirement, accepted, refused) in [
            (">=0.4", &["0.4.0", "0.10.1", "1.0.0", "0.4.0-dev"][..], &["0.3.9"][..]),
            (">=0.4, <1", &["0.4.0", "0.99.0"], &["1.0.0", "0.3.0"]),
            ("=0.4.2", &["0.4.2"], &["0.4.1", "0.4.3"]),
            ("> 1.2.3", &["1.2.4"], &["1.2.3"]),
            ("<=2", &["2.0.0"], &["2.0.1"]),
        ] {
            let requirement = Requirement::read(requirement).expect("it is well formed");
            assert!(accepted.iter().all(|version| requirement.accepts(version)), "{requirement}");
            assert!(!refused.iter().any(|version| requirement.accepts(version)), "{requirement}");
        }
        for text in ["", "0.4", "^0.4", ">=", ">=a", ">=1.2.3.4", ">=1,", ">=99999999999999999999", ">=+1"] {
            assert!(Requirement::read(text).is_err(), "{text:?}");
        }
    }
}
