//! The rules of an operation repository, in the order in which the pages under `docs/rules` list them.

use crate::policy::Level;
use crate::tree::TreeError;

use super::rules::{
    change, dropped, experiment, files, history, pin, policy, reuse, shape, snapshot, torn, twins, yaml,
};
use super::subject::Subject;
use super::{Finding, Input};

/// One rule. Its row in [`RULES`] is all there is to register.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The id, as findings, the policy and exceptions name it.
    pub id: &'static str,
    /// What holds where the rule is kept, a few words.
    pub title: &'static str,
    /// How its findings count where the policy says nothing. A few findings of a rule may count
    /// less; its page says which.
    pub level: Level,
    /// Whether a comment in the file may silence it.
    pub silenced: Silenced,
    /// The page `docs/rules/ID.md`, in Markdown.
    pub explain: &'static str,
    /// What finds its faults.
    pub(super) run: &'static [Run],
}

/// How a rule is asked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Run {
    /// About one system, from what has been read of it.
    Read(fn(&Subject) -> Vec<Finding>),
    /// About one system, and it looks into trees once more.
    Looked(fn(&Subject) -> Result<Vec<Finding>, TreeError>),
    /// About the update as a whole.
    Update(fn(&Input) -> Result<Vec<Finding>, TreeError>),
}

/// What may silence a rule, beside the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silenced {
    /// `# sysbom: allow[...] reason` in the file.
    InFile,
    /// Nothing: the rule guards history, or who may judge.
    Never,
}

/// The ids of all rules, as policies and exceptions may name them.
pub fn rule_ids() -> Vec<&'static str> {
    RULES.iter().map(|rule| rule.id).collect()
}

/// The rule of this id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

/// All rules.
pub const RULES: &[Rule] = &[
    Rule {
        id: "yaml-syntax",
        title: "the file is one YAML document within the limits",
        level: Level::Error,
        silenced: Silenced::Never,
        explain: include_str!("../../docs/rules/yaml-syntax.md"),
        run: &[Run::Read(yaml::syntax)],
    },
    Rule {
        id: "duplicate-key",
        title: "a key stands once in a mapping",
        level: Level::Error,
        silenced: Silenced::InFile,
        explain: include_str!("../../docs/rules/duplicate-key.md"),
        run: &[Run::Read(yaml::duplicates)],
    },
    Rule {
        id: "yaml-coercion",
        title: "Helm reads tags, digests, images and ids as they are written",
        level: Level::Error,
        silenced: Silenced::InFile,
        explain: include_str!("../../docs/rules/yaml-coercion.md"),
        run: &[Run::Read(yaml::coercion)],
    },
    Rule {
        id: "yaml-feature",
        title: "every reader sees the same data",
        level: Level::Error,
        silenced: Silenced::InFile,
        explain: include_str!("../../docs/rules/yaml-feature.md"),
        run: &[Run::Read(yaml::feature)],
    },
    Rule {
        id: "conflict-marker",
        title: "no markers of a merge conflict are left",
        level: Level::Error,
        silenced: Silenced::InFile,
        explain: include_str!("../../docs/rules/conflict-marker.md"),
        run: &[Run::Read(yaml::conflict)],
    },
    Rule {
        id: "schema",
        title: "the manifest has the form of a manifest",
        level: Level::Error,
        silenced: Silenced::InFile,
        explain: include_str!("../../docs/rules/schema.md"),
        run: &[Run::Read(shape::schema), Run::Looked(experiment::schema)],
    },
    Rule {
        id: "unexpected-key",
        title: "no key is nearly a known one",
        level: Level::Warning,
        silenced: Silenced::InFile,
        explain: include_str!("../../docs/rules/unexpected-key.md"),
        run: &[Run::Read(shape::unexpected_key)],
    },
    Rule {
        id: "pin-malformed",
        title: "image, tag and digest are what a registry accepts",
        level: Level::Error,
        silenced: Silenced::InFile,
        explain: include_str!("../../docs/rules/pin-malformed.md"),
        run: &[Run::Read(pin::malformed)],
    },
    Rule {
        id: "pin-incomplete",
        title: "every pin has a tag and a digest",
        level: Level::Error,
        silenced: Silenced::InFile,
        explain: include_str!("../../docs/rules/pin-incomplete.md"),
        run: &[Run::Read(pin::incomplete)],
    },
    Rule {
        id: "floating-tag",
        title: "a tag names one build for good",
        level: Level::Error,
        silenced: Silenced::InFile,
        explain: include_str!("../../docs/rules/floating-tag.md"),
        run: &[Run::Read(pin::floating)],
    },
    Rule {
        id: "image-moved",
        title: "a component keeps its image name",
        level: Level::Error,
        silenced: Silenced::InFile,
        explain: include_str!("../../docs/rules/image-moved.md"),
        run: &[Run::Read(pin::image_moved)],
    },
    Rule {
        id: "torn-pin",
        title: "a merge takes each pin whole from one side",
        level: Level::Error,
        silenced: Silenced::Never,
        explain: include_str!("../../docs/rules/torn-pin.md"),
        run: &[Run::Read(torn::torn_pin)],
    },
    Rule {
        id: "half-moved-pin",
        title: "tag and digest move together",
        level: Level::Warning,
        silenced: Silenced::InFile,
        explain: include_str!("../../docs/rules/half-moved-pin.md"),
        run: &[Run::Read(pin::half_moved)],
    },
    Rule {
        id: "digest-reused",
        title: "one tag has one digest, one digest one image",
        level: Level::Warning,
        silenced: Silenced::InFile,
        explain: include_str!("../../docs/rules/digest-reused.md"),
        run: &[Run::Looked(reuse::digest_reused)],
    },
    Rule {
        id: "manifest-missing",
        title: "the manifest stays",
        level: Level::Error,
        silenced: Silenced::Never,
        explain: include_str!("../../docs/rules/manifest-missing.md"),
        run: &[Run::Read(history::manifest_missing)],
    },
    Rule {
        id: "archive-missing",
        title: "every former state is archived",
        level: Level::Error,
        silenced: Silenced::Never,
        explain: include_str!("../../docs/rules/archive-missing.md"),
        run: &[Run::Looked(history::archive_missing)],
    },
    Rule {
        id: "history-rewritten",
        title: "history only grows",
        level: Level::Error,
        silenced: Silenced::Never,
        explain: include_str!("../../docs/rules/history-rewritten.md"),
        run: &[Run::Read(history::history_rewritten)],
    },
    Rule {
        id: "archive-differs",
        title: "an archive's name is the hash of its bytes",
        level: Level::Error,
        silenced: Silenced::Never,
        explain: include_str!("../../docs/rules/archive-differs.md"),
        run: &[Run::Looked(history::archive_differs)],
    },
    Rule {
        id: "side-dropped",
        title: "a merge keeps what both sides changed",
        level: Level::Error,
        silenced: Silenced::Never,
        explain: include_str!("../../docs/rules/side-dropped.md"),
        run: &[Run::Looked(dropped::side_dropped)],
    },
    Rule {
        id: "snapshot-id",
        title: "a snapshot's id is its file name and its own",
        level: Level::Error,
        silenced: Silenced::Never,
        explain: include_str!("../../docs/rules/snapshot-id.md"),
        run: &[Run::Looked(snapshot::snapshot_id)],
    },
    Rule {
        id: "not-a-regular-file",
        title: "manifest, history and policy are plain files",
        level: Level::Error,
        silenced: Silenced::Never,
        explain: include_str!("../../docs/rules/not-a-regular-file.md"),
        run: &[
            Run::Looked(files::not_regular),
            Run::Update(files::policy_not_regular),
            Run::Update(files::folder_not_regular),
        ],
    },
    Rule {
        id: "path-twin",
        title: "no two paths are one on another file system",
        level: Level::Error,
        silenced: Silenced::Never,
        explain: include_str!("../../docs/rules/path-twin.md"),
        run: &[Run::Looked(twins::other_ending), Run::Update(twins::path_twin)],
    },
    Rule {
        id: "component-removed",
        title: "no component goes unseen",
        level: Level::Warning,
        silenced: Silenced::InFile,
        explain: include_str!("../../docs/rules/component-removed.md"),
        run: &[Run::Read(change::component_removed)],
    },
    Rule {
        id: "version-downgrade",
        title: "no version goes back unseen",
        level: Level::Warning,
        silenced: Silenced::InFile,
        explain: include_str!("../../docs/rules/version-downgrade.md"),
        run: &[Run::Read(change::version_downgrade)],
    },
    Rule {
        id: "experiment-weights",
        title: "the weights of an experiment add up to 100",
        level: Level::Error,
        silenced: Silenced::InFile,
        explain: include_str!("../../docs/rules/experiment-weights.md"),
        run: &[Run::Read(experiment::weights)],
    },
    Rule {
        id: "canary-same-image",
        title: "a canary differs from its stable sibling",
        level: Level::Warning,
        silenced: Silenced::InFile,
        explain: include_str!("../../docs/rules/canary-same-image.md"),
        run: &[Run::Read(experiment::canary)],
    },
    Rule {
        id: "policy-moved",
        title: "manifest, history and components stay where they are",
        level: Level::Error,
        silenced: Silenced::Never,
        explain: include_str!("../../docs/rules/policy-moved.md"),
        run: &[Run::Update(policy::moved)],
    },
    Rule {
        id: "policy-changed",
        title: "no edit of the policy goes unseen",
        level: Level::Warning,
        silenced: Silenced::Never,
        explain: include_str!("../../docs/rules/policy-changed.md"),
        run: &[Run::Update(policy::changed)],
    },
    Rule {
        id: "exception",
        title: "an exception has a reason, is in force and is needed",
        level: Level::Error,
        silenced: Silenced::Never,
        explain: include_str!("../../docs/rules/exception.md"),
        // Found where exceptions are applied, after all other rules.
        run: &[],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_page_that_begins_with_its_name() {
        for rule in RULES {
            let page = rule.explain;
            assert!(page.starts_with(&format!("# {}\n\n", rule.id)), "{}", rule.id);
            for part in ["\n```", "\n**Why.**", "\n**What to do.**", "\n**Silencing.**"] {
                assert!(page.contains(part), "the page of {} lacks {part:?}", rule.id);
            }
        }
    }

    #[test]
    fn an_id_stands_once() {
        let ids: std::collections::BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), RULES.len());
        assert!(rule("floating-tag").is_some() && rule("floating").is_none());
    }
}
