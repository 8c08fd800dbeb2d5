//! The policy that commands act by, and what to say when it cannot be followed.

use std::io::Read as _;
use std::path::Path;

use crate::check::{self, Unjudged, rule_ids};
use crate::policy::{MAX_POLICY_BYTES, Policies, PolicyFault, System};
use crate::text::{Source, escape, position};
use crate::tree::{RepoPath, Tree};

use super::failure::Failure;

/// What the policy file of a tree says; the defaults if it has none. `name` is what the tree is
/// called, such as `origin/main`.
pub fn policies_of(tree: &dyn Tree, name: &str) -> Result<Policies, Failure> {
    check::policies_of(tree).map_err(|error| match error {
        Unjudged::Tree(error) => error.into(),
        Unjudged::Policy { source, faults } => {
            let message = format!("could not follow the policy {} of {name}", source.name);
            describe(Failure::new(message), &source, &faults)
        }
    })
}

/// What a policy file of the server says.
pub fn policies_of_file(path: &Path) -> Result<Policies, Failure> {
    let attempt = || format!("could not follow the server's policy {}", path.display());
    let file = std::fs::File::open(path).map_err(|error| Failure::new(attempt()).because(error))?;
    let mut text = String::new();
    file.take(MAX_POLICY_BYTES as u64 + 1)
        .read_to_string(&mut text)
        .map_err(|error| Failure::new(attempt()).because(error))?;
    let source = Source::new(path.display().to_string(), text);
    Policies::read(&source, &rule_ids()).map_err(|faults| describe(Failure::new(attempt()), &source, &faults))
}

fn describe(failure: Failure, source: &Source, faults: &[PolicyFault]) -> Failure {
    let helps = faults.iter().map(|fault| &fault.help).filter(|help| !help.is_empty());
    let helps: Vec<String> = helps.map(|help| escape(help).to_string()).collect();
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
        let tree = MapTree::new().with(".sysbom.yaml", "digest: required\ncomponent: images\n");
        let failure = policies_of(&tree, "origin/main").expect_err("the key is unknown");
        assert_eq!(failure.message, "could not follow the policy .sysbom.yaml of origin/main");
        assert!(failure.causes[0].starts_with(".sysbom.yaml:2:1: "), "{failure}");
        assert!(failure.causes[0].contains("component"), "{failure}");
    }
}
