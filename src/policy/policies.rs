//! The policies of all systems of a repository, and the systems that a tree holds.
//!
//! Knows `{system}` and where a system's files stand beside its manifest.

use std::collections::BTreeMap;

use super::valid::{SYSTEM, Valid, validate};
use super::{Date, Policy, Setting};
use crate::text::{Source, Span};
use crate::tree::{RepoPath, Tree, TreeError};

/// What a policy file says for every system. The default is what holds without a file.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    common: Policy,
    own: BTreeMap<String, Policy>,
    /// What is wrong with the file that these stand in for.
    unread: Option<PolicyFault>,
}

/// What is wrong with a policy file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFault {
    /// One line, lower case, no full stop; safe to print.
    pub message: String,
    /// Something to do.
    pub help: String,
    /// The bytes of the policy file.
    pub span: Span,
}

/// One deployed whole: its manifest, its other files, its policy.
#[derive(Clone, Debug)]
pub struct System {
    /// The folder that stood for `{system}`; `None` where there is one system only.
    pub name: Option<String>,
    /// The manifest.
    pub manifest: RepoPath,
    /// The folder of former states and snapshots.
    pub history: RepoPath,
    /// The folder of what came of experiments.
    pub outcomes: RepoPath,
    /// What may not be released.
    pub holds: RepoPath,
    /// What holds for this system.
    pub policy: Policy,
}

impl Policies {
    /// Reads a policy file. Everything that is wrong with it is told at once; but a file that
    /// requires another version of sysbom is judged by that alone, since it may well hold
    /// settings that this version does not know. `known_rules` are the rule ids it may name.
    pub fn read(source: &Source, known_rules: &[&str]) -> Result<Policies, Vec<PolicyFault>> {
        let Valid { common, own } = validate(source, known_rules, env!("CARGO_PKG_VERSION"))?;
        Ok(Policies { common, own, unread: None })
    }

    /// The defaults, in the place of a policy that cannot be followed. Where manifest, history and
    /// components stand is taken from `edited`, the policy that is to mend it, if there is one.
    #[must_use]
    pub fn standing_in(fault: PolicyFault, edited: Option<Policies>) -> Policies {
        let with_places = |policy: Policy| Policy {
            manifest: policy.manifest,
            history: policy.history,
            layout: policy.layout,
            ..Policy::default()
        };
        let Policies { common, own, .. } = edited.unwrap_or_default();
        let own = own.into_iter().map(|(name, policy)| (name, with_places(policy))).collect();
        Policies { common: with_places(common), own, unread: Some(fault) }
    }

    /// What is wrong with the policy that these stand in for; `None` if they are those of a file, or
    /// there is none.
    pub fn stand_in_for(&self) -> Option<&PolicyFault> {
        self.unread.as_ref()
    }

    /// The same policies on this day: what the file allows until a day before it is no longer
    /// allowed. Without a day nothing runs out.
    #[must_use]
    pub fn on(mut self, today: Date) -> Policies {
        for policy in self.own.values_mut().chain([&mut self.common]) {
            policy.floating.today = Some(today);
        }
        self
    }

    /// What holds for a system that the file says nothing special of.
    pub fn common(&self) -> &Policy {
        &self.common
    }

    /// The path of the manifest, with `{system}` where there are several systems.
    pub fn manifest(&self) -> &Setting<String> {
        &self.common.manifest
    }

    /// Whether the path of the manifest has a `{system}`.
    pub fn has_several_systems(&self) -> bool {
        self.around_system().is_some()
    }

    /// The systems of a tree, by name: every folder that holds a manifest where the policy says.
    /// Without `{system}` there is always exactly one, whether its manifest exists or not.
    pub fn systems(&self, tree: &dyn Tree) -> Result<Vec<System>, TreeError> {
        let Some((before, _)) = self.around_system() else {
            return Ok(vec![self.system(None)]);
        };
        let files = tree.files_below(&RepoPath::new(before))?;
        let mut names: Vec<&str> = files.iter().filter_map(|file| self.system_name(&file.path)).collect();
        names.sort_unstable();
        Ok(names.into_iter().map(|name| self.system(Some(name))).collect())
    }

    /// The system whose manifest stands at this path.
    pub fn system_at(&self, manifest: &RepoPath) -> Option<System> {
        match self.system_name(manifest) {
            Some(name) => Some(self.system(Some(name))),
            None if self.has_several_systems() => None,
            None => Some(self.system(None)).filter(|system| system.manifest == *manifest),
        }
    }

    /// The folder before `{system}` and the path behind it.
    fn around_system(&self) -> Option<(&str, &str)> {
        let (before, after) = self.common.manifest.value.split_once(SYSTEM)?;
        Some((before.strip_suffix('/').unwrap_or(before), after.strip_prefix('/').unwrap_or(after)))
    }

    fn system_name<'p>(&self, manifest: &'p RepoPath) -> Option<&'p str> {
        let (before, after) = self.around_system()?;
        let below = match before {
            "" => manifest.as_str(),
            before => manifest.as_str().strip_prefix(before)?.strip_prefix('/')?,
        };
        let (name, rest) = below.split_once('/')?;
        (rest == after).then_some(name)
    }

    fn system(&self, name: Option<&str>) -> System {
        let template = &self.common.manifest.value;
        let manifest = RepoPath::new(match name {
            Some(name) => template.replacen(SYSTEM, name, 1),
            None => template.clone(),
        });
        let folder = manifest.folder().unwrap_or_else(|| RepoPath::new(""));
        let own = name.and_then(|name| self.own.get(name));
        System {
            name: name.map(str::to_owned),
            history: folder.join("history"),
            outcomes: folder.join("outcomes"),
            holds: folder.join("holds.yaml"),
            policy: own.unwrap_or(&self.common).clone(),
            manifest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::MapTree;

    fn policies(text: &str) -> Policies {
        Policies::read(&Source::new(".sysbom.yaml", text), &["floating-tag"]).expect("the policy is valid")
    }

    #[test]
    fn without_a_file_there_is_one_system() {
        let systems = Policies::default().systems(&MapTree::new()).expect("a map can be read");
        let [system] = &systems[..] else { panic!("one system") };
        assert_eq!(system.name, None);
        assert_eq!(system.manifest.as_str(), "releases/current.yaml");
        assert_eq!(system.history.as_str(), "releases/history");
        assert_eq!(system.outcomes.as_str(), "releases/outcomes");
        assert_eq!(system.holds.as_str(), "releases/holds.yaml");
    }

    #[test]
    fn systems_are_the_folders_that_hold_a_manifest() {
        let policies = policies(
            "manifest: releases/{system}/current.yaml\nsystems: {prod: {digest: optional}, gone: {}}\n",
        );
        let tree = MapTree::new()
            .with("releases/test/current.yaml", "")
            .with("releases/prod/current.yaml", "")
            .with("releases/prod/deep/current.yaml", "")
            .with("releases/other/values.yaml", "")
            .with("releases/current.yaml", "")
            .with("releasesx/a/current.yaml", "");
        let systems = policies.systems(&tree).expect("a map can be read");
        let shown: Vec<_> =
            systems.iter().map(|s| (s.name.as_deref(), s.history.as_str(), s.policy.digest.value)).collect();
        assert_eq!(
            shown,
            [
                (Some("prod"), "releases/prod/history", crate::policy::DigestNeed::Optional),
                (Some("test"), "releases/test/history", crate::policy::DigestNeed::Required),
            ]
        );
        let at = |path: &str| policies.system_at(&RepoPath::new(path)).and_then(|system| system.name);
        assert_eq!(at("releases/test/current.yaml").as_deref(), Some("test"));
        assert_eq!(at("releases/test/other.yaml"), None);
    }

    #[test]
    fn a_system_may_be_the_first_folder_and_a_manifest_may_stand_at_the_top() {
        let tree = MapTree::new().with("a/bom.yaml", "").with("bom.yaml", "");
        let systems = policies("manifest: '{system}/bom.yaml'\n").systems(&tree).expect("a map can be read");
        assert_eq!(systems.len(), 1);
        assert_eq!(systems[0].history.as_str(), "a/history");
        let top = policies("manifest: bom.yaml\n").systems(&tree).expect("a map can be read");
        assert_eq!((top[0].history.as_str(), top[0].holds.as_str()), ("history", "holds.yaml"));
    }
}
