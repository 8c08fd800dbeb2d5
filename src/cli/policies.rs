//! Reading the policy file of a tree.

use crate::check::RULES;
use crate::policy::{MAX_POLICY_BYTES, POLICY_PATH, Policies, PolicyFault, System};
use crate::text::{Source, position};
use crate::tree::{Kind, RepoPath, Tree};

use super::failure::Failure;

/// What the policy file of a tree says; the defaults if it has none. `name` is what the tree is
/// called, such as `origin/main`.
pub fn policies_of(tree: &dyn Tree, name: &str) -> Result<Policies, Failure> {
    let attempt = || match name {
        "" => Failure::new(format!("could not read {POLICY_PATH}")),
        name => Failure::new(format!("could not read {POLICY_PATH} at {name}")),
    };
    let Some(entry) = tree.entry(&RepoPath::new(POLICY_PATH))? else { return Ok(Policies::default()) };
    if !matches!(entry.kind, Kind::File | Kind::Executable) {
        return Err(attempt().because("it is not a regular file").help("replace it by a regular file"));
    }
    let bytes = tree.read(&entry, MAX_POLICY_BYTES)?;
    if bytes.len() > MAX_POLICY_BYTES {
        return Err(attempt().because(format!("it is larger than {MAX_POLICY_BYTES} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|error| attempt().because(error))?;
    let source = Source::new(POLICY_PATH, text);
    let rules: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    Policies::read(&source, &rules).map_err(|faults| describe(attempt(), &source, &faults))
}

fn describe(failure: Failure, source: &Source, faults: &[PolicyFault]) -> Failure {
    let helps: Vec<&str> =
        faults.iter().map(|fault| fault.help.as_str()).filter(|help| !help.is_empty()).collect();
    let failure = faults.iter().fold(failure, |failure, fault| {
        let at = position(&source.text, fault.span.start);
        failure.because(format!("{}:{}:{}: {}", source.name, at.line, at.column, fault.message))
    });
    failure.help(helps.join("\n"))
}

/// Where a former state of a system is archived, given when it was published and its bytes.
pub fn archive_path(system: &System, committer_time: i64, bytes: &[u8]) -> RepoPath {
    crate::bom::archive_path(&system.history, system.policy.history.value, committer_time, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::MapTree;

    #[test]
    fn a_faulty_policy_is_shown_with_its_place_and_what_to_do() {
        let tree = MapTree::new().with(POLICY_PATH, "digest: required\ncomponent: images\n");
        let failure = policies_of(&tree, "origin/main").expect_err("the key is unknown");
        assert_eq!(failure.message, "could not read .sysbom.yaml at origin/main");
        assert!(failure.causes[0].starts_with(".sysbom.yaml:2:1: "), "{failure}");
        assert!(failure.causes[0].contains("component"), "{failure}");
    }

    #[test]
    fn a_policy_that_is_a_link_is_not_followed() {
        let tree = MapTree::new().with_kind(POLICY_PATH, Kind::Symlink, "elsewhere.yaml");
        assert!(policies_of(&tree, "").is_err());
        assert!(policies_of(&MapTree::new(), "").is_ok());
    }
}
