//! The page on the policy shows what is true: every example is read, and the defaults it lists are
//! the defaults.

use sysbom::check::rule_ids;
use sysbom::policy::{Policies, Policy, exceptions};
use sysbom::text::Source;
use sysbom::yaml::Document;

const PAGE: &str = include_str!("../docs/policy.md");

fn examples() -> Vec<String> {
    let mut examples = Vec::new();
    let mut rest = PAGE;
    while let Some((_, behind)) = rest.split_once("```yaml\n") {
        let (example, after) = behind.split_once("```").expect("the page closes its examples");
        examples.push(example.to_owned());
        rest = after;
    }
    examples
}

#[test]
fn every_example_of_a_policy_is_read() {
    let examples = examples();
    let (manifests, policies): (Vec<_>, Vec<_>) =
        examples.into_iter().partition(|example| example.contains("# sysbom: allow["));
    assert_eq!((manifests.len(), policies.len()), (1, 7));
    for text in &policies {
        let source = Source::new(".sysbom.yaml", text.as_str());
        if let Err(faults) = Policies::read(&source, &rule_ids()) {
            panic!("{faults:#?}\n{text}");
        }
    }
    let document = Document::parse(manifests[0].as_str()).expect("the example is YAML");
    let read = exceptions(&document, &rule_ids());
    assert_eq!((read.found.len(), read.faults.len()), (2, 0));
}

#[test]
fn the_settings_that_the_page_lists_first_are_the_defaults() {
    let text = &examples()[0];
    let policies =
        Policies::read(&Source::new(".sysbom.yaml", text.as_str()), &rule_ids()).expect("it is valid");
    let (listed, default) = (policies.common(), Policy::default());
    assert_eq!(listed.layout, default.layout);
    assert_eq!(listed.manifest.value, default.manifest.value);
    assert_eq!(listed.history.value, default.history.value);
    assert_eq!(listed.digest.value, default.digest.value);
    assert_eq!(listed.direct.value, default.direct.value);
    assert_eq!(listed.floating.with_digest.value, default.floating.with_digest.value);
    assert_eq!(listed.floating.unknown.value, default.floating.unknown.value);
    assert_eq!(listed.experiment_schema.value, default.experiment_schema.value);
}
