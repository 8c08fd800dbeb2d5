//! How the branches are called on which releases wait.
//!
//! Knows what git takes for a branch name. A component's name is somebody's text: whatever git or
//! a file system could misread is percent-encoded.

use std::fmt::Write;

use sha2::{Digest as _, Sha256};

/// The most bytes of the part that names components.
const MAX_NAMES: usize = 120;

/// The branch on which a release of these components waits: `sysbom/release/app`, with the system
/// before it where there are several. The order of the names does not matter.
///
/// ```
/// use sysbom::release::release_branch;
/// assert_eq!(release_branch(None, ["app"]), "sysbom/release/app");
/// assert_eq!(release_branch(Some("prod"), ["web", "app"]), "sysbom/release/prod/app+web");
/// assert_eq!(release_branch(None, ["../a b"]), "sysbom/release/%2E%2E%2Fa%20b");
/// ```
pub fn release_branch<'n>(system: Option<&str>, components: impl IntoIterator<Item = &'n str>) -> String {
    branch("release", system, components)
}

/// The branch of a rollback: `sysbom/rollback/app`, `sysbom/rollback/all`.
pub fn rollback_branch<'n>(system: Option<&str>, components: impl IntoIterator<Item = &'n str>) -> String {
    branch("rollback", system, components)
}

/// The branch of a promotion, by the system that it goes into.
pub fn promote_branch<'n>(system: Option<&str>, components: impl IntoIterator<Item = &'n str>) -> String {
    branch("promote", system, components)
}

/// The branch of a hold: `sysbom/hold/app`.
pub fn hold_branch(system: Option<&str>, component: &str) -> String {
    branch("hold", system, [component])
}

/// The branch of a snapshot: `sysbom/snapshot/exp-1`.
pub fn snapshot_branch(system: Option<&str>, id: &str) -> String {
    branch("snapshot", system, [id])
}

fn branch<'n>(kind: &str, system: Option<&str>, names: impl IntoIterator<Item = &'n str>) -> String {
    let mut names: Vec<String> = names.into_iter().map(encoded).collect();
    names.sort();
    names.dedup();
    let names = if names.is_empty() { "all".to_owned() } else { names.join("+") };
    let names = if names.len() > MAX_NAMES { shortened(&names) } else { names };
    match system {
        Some(system) => format!("sysbom/{kind}/{}/{names}", encoded(system)),
        None => format!("sysbom/{kind}/{names}"),
    }
}

/// The branch on which releases wait together: `sysbom/batch`, or one per system where there are
/// several.
pub fn batch_branch(system: Option<&str>) -> String {
    match system {
        Some(system) => format!("sysbom/batch/{}", encoded(system)),
        None => "sysbom/batch".to_owned(),
    }
}

fn encoded(name: &str) -> String {
    let ends_as_lock = name.to_ascii_lowercase().ends_with(".lock");
    let mut out = String::with_capacity(name.len());
    for (at, byte) in name.bytes().enumerate() {
        let dot_is_safe = at > 0
            && at + 1 < name.len()
            && name.as_bytes()[at - 1] != b'.'
            && !(ends_as_lock && at + ".lock".len() == name.len());
        let is_safe = match byte {
            b'.' => dot_is_safe,
            b'-' => at > 0,
            byte => byte.is_ascii_alphanumeric() || byte == b'_',
        };
        if is_safe {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("text takes all that is written");
        }
    }
    out
}

/// The beginning of a long list, and what tells it from others.
fn shortened(names: &str) -> String {
    let hash = Sha256::digest(names.as_bytes());
    let first = hash.iter().take(6).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    // All of it is ASCII by now.
    format!("{}+{first:012x}", names[..MAX_NAMES - 20].trim_end_matches(['.', '+', '%']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_makes_a_branch_that_git_takes() {
        let long = "x".repeat(300);
        for name in
            ["a.lock", "a..b", ".a", "a.", "-a", "a@{b", "ü", "a:b", "a\\b", "", "a.LOCK", "~^?*[", &long]
        {
            let branch = release_branch(None, [name]);
            let last = branch.strip_prefix("sysbom/release/").expect("it has its folder");
            assert!(branch.len() < 200, "{branch}");
            assert!(
                !last.starts_with(['.', '-']) && !last.ends_with('.') && !branch.contains(".."),
                "{branch}"
            );
            assert!(!last.to_ascii_lowercase().ends_with(".lock"), "{branch}");
            let safe = |c: char| c.is_ascii_alphanumeric() || "%._-+".contains(c);
            assert!(last.chars().all(safe), "{branch}");
        }
    }

    #[test]
    fn different_components_have_different_branches() {
        assert_ne!(release_branch(None, ["a+b"]), release_branch(None, ["a", "b"]));
        assert_ne!(release_branch(None, ["%2E"]), release_branch(None, ["."]));
        let (one, two) = (format!("{}1", "x".repeat(200)), format!("{}2", "x".repeat(200)));
        assert_ne!(release_branch(None, [one.as_str()]), release_branch(None, [two.as_str()]));
    }
}
