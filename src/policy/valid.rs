//! The settings of a policy file: from what it says to what is acted on.
//!
//! Knows every setting, its default and what it may be. Settings below `systems: {NAME: ...}` are
//! laid over the common ones: lists and single values replace, mappings change key by key.

use std::collections::BTreeMap;

use super::raw::{Entry, MAX_POLICY_BYTES, Raw};
use super::{
    AllowedImages, DigestNeed, Direct, HistoryLayout, Level, Policy, PolicyFault, Requirement, Setting, Star,
};
use crate::text::{Source, Span, escape};
use crate::tree::RepoPath;
use crate::yaml::{Document, NodeId};

/// The folder that stands for every system in a manifest's path.
pub(super) const SYSTEM: &str = "{system}";

/// Settings that may be overridden for a system.
const SETTINGS: &[&str] = &[
    "history",
    "components",
    "fields",
    "digest",
    "images",
    "floating",
    "experiment",
    "direct",
    "rules",
    "inline-allow",
];
/// Settings that hold for the whole repository.
const COMMON_SETTINGS: &[&str] = &["required-version", "manifest", "systems"];

/// The policies of a file without faults.
pub(super) struct Valid {
    pub(super) common: Policy,
    pub(super) own: BTreeMap<String, Policy>,
}

/// Reads a policy file for this version of sysbom.
pub(super) fn validate(
    source: &Source,
    known_rules: &[&str],
    version: &str,
) -> Result<Valid, Vec<PolicyFault>> {
    let one = |message: String, help: &str, span: Span| {
        Err(vec![PolicyFault { message, help: help.to_owned(), span }])
    };
    if source.text.len() > MAX_POLICY_BYTES {
        let message = format!("the policy has {} bytes, more than {MAX_POLICY_BYTES}", source.text.len());
        return one(message, "join patterns: `{a,b}-*`, or `re:` and a regular expression", Span::at(0));
    }
    let document = match Document::parse(source.text.clone()) {
        Ok(document) => document,
        Err(fault) => return one(fault.message, "write the policy as one YAML document", fault.span),
    };
    let mut reader = Reader { raw: Raw::new(&document), known_rules };
    let root = document.root().filter(|&root| !document.is_missing(root));
    let mut common = Policy { source: Some(source.clone()), ..Policy::default() };
    let mut own = BTreeMap::new();
    if let Some(root) = root {
        let known = [COMMON_SETTINGS, SETTINGS].concat();
        let settings = reader.raw.entries(root, "", &known);
        let setting =
            |name: &str| settings.iter().find(|setting| setting.key == name).map(|setting| setting.value);
        if let Some(fault) = setting("required-version").and_then(|node| reader.unmet_version(node, version))
        {
            return Err(vec![fault]);
        }
        if let Some(node) = setting("manifest") {
            reader.manifest(node, &mut common);
        }
        reader.settings(&settings, "", &mut common);
        if let Some(node) = setting("systems") {
            own = reader.systems(node, &common);
        }
    }
    let mut faults = reader.raw.faults;
    if faults.is_empty() {
        return Ok(Valid { common, own });
    }
    faults.sort_by_key(|fault| fault.span);
    Err(faults)
}

pub(super) struct Reader<'d, 'r> {
    pub(super) raw: Raw<'d>,
    known_rules: &'r [&'r str],
}

impl<'d> Reader<'d, '_> {
    fn unmet_version(&mut self, node: NodeId, version: &str) -> Option<PolicyFault> {
        let Setting { value: text, span } = self.raw.text(node, "required-version")?;
        let span = span.unwrap_or_default();
        match Requirement::read(text) {
            Err(message) => {
                let message = format!("`required-version` is {message}");
                self.raw.fault(span, message, "write `\">=0.4\"` or `\">=0.4, <1\"`");
                None
            }
            Ok(requirement) if requirement.accepts(version) => None,
            Ok(requirement) => Some(PolicyFault {
                message: format!("this is sysbom {version}, and the policy requires {requirement}"),
                help: format!("install a version of sysbom that is {requirement}"),
                span,
            }),
        }
    }

    fn manifest(&mut self, node: NodeId, policy: &mut Policy) {
        let Some(Setting { value, span }) = self.raw.text(node, "manifest") else { return };
        if self.path(value, span, "manifest").is_none() {
            return;
        }
        let parts: Vec<&str> = value.split('/').collect();
        let folders = &parts[..parts.len() - 1];
        let placed = folders.iter().filter(|&&folder| folder == SYSTEM).count();
        let (braces, closing) = (value.matches('{').count(), value.matches('}').count());
        if placed > 1 || braces != placed || closing != placed {
            let message = format!("`manifest` cannot be `{}`", escape(value));
            let help = "`{system}` stands for one whole folder: `releases/{system}/current.yaml`";
            self.raw.fault(span.unwrap_or_default(), message, help);
            return;
        }
        policy.manifest = Setting { value: value.to_owned(), span };
    }

    /// A path below the top of the repository.
    fn path(&mut self, text: &str, span: Option<Span>, setting: &str) -> Option<RepoPath> {
        let fits = |part: &str| {
            !matches!(part, "" | "." | "..")
                && !part.eq_ignore_ascii_case(".git")
                && !part.contains(|c: char| c.is_control() || matches!(c, '\\' | ':'))
        };
        if text.len() <= 1024 && text.split('/').all(fits) {
            return Some(RepoPath::new(text));
        }
        let message = format!("`{setting}` cannot be `{}`", escape(text));
        let help = "write a path from the top of the repository, with `/` between its parts";
        self.raw.fault(span.unwrap_or_default(), message, help);
        None
    }

    fn systems(&mut self, node: NodeId, common: &Policy) -> BTreeMap<String, Policy> {
        let mut own = BTreeMap::new();
        let several = common.manifest.value.contains(SYSTEM);
        for system in self.raw.named_entries(node, "systems") {
            if !several {
                let message = "there is one system, since `manifest` has no `{system}`";
                self.raw.fault(system.key_span, message, "set `manifest: releases/{system}/current.yaml`");
                break;
            }
            if system.key.contains('/') {
                let message = format!("`{}` is no system: a system is one folder", escape(system.key));
                self.raw.fault(system.key_span, message, "name the folder that stands for `{system}`");
            }
            let path = format!("systems.{}.", escape(system.key));
            let settings = self.raw.entries(system.value, path.trim_end_matches('.'), SETTINGS);
            let mut policy = common.clone();
            self.settings(&settings, &path, &mut policy);
            own.insert(system.key.to_owned(), policy);
        }
        own
    }

    /// Lays settings over a policy. `at` is the path of the mapping they stand in, as in messages.
    fn settings(&mut self, settings: &[Entry<'d>], at: &str, policy: &mut Policy) {
        for setting in settings {
            let (node, path) = (setting.value, format!("{at}{}", setting.key));
            match setting.key {
                "history" => self.history(node, &path, policy),
                "components" => self.components(node, &path, policy),
                "fields" => self.fields(node, &path, policy),
                "digest" => {
                    let choices = [("required", DigestNeed::Required), ("optional", DigestNeed::Optional)];
                    set(&mut policy.digest, self.raw.choice(node, &path, &choices));
                }
                "direct" => {
                    let choices = [("allow", Direct::Allow), ("deny", Direct::Deny)];
                    set(&mut policy.direct, self.raw.choice(node, &path, &choices));
                }
                "images" => self.images(node, &path, policy),
                "floating" => self.floating(node, &path, &mut policy.floating),
                "experiment" => self.experiment(node, &path, policy),
                "rules" => self.rules(node, &path, policy),
                "inline-allow" => {
                    let items = self.raw.items(node, &path);
                    policy.inline_allow =
                        items.iter().filter_map(|&item| self.rule_id(item, &path)).collect();
                }
                // Those of the whole repository are read by name.
                _ => {}
            }
        }
    }

    fn history(&mut self, node: NodeId, path: &str, policy: &mut Policy) {
        for entry in self.raw.entries(node, path, &["layout"]) {
            let choices = [("flat", HistoryLayout::Flat), ("year-month", HistoryLayout::YearMonth)];
            set(&mut policy.history, self.raw.choice(entry.value, &format!("{path}.layout"), &choices));
        }
    }

    fn images(&mut self, node: NodeId, path: &str, policy: &mut Policy) {
        let mut lists: Vec<AllowedImages> = Vec::new();
        for entry in self.raw.named_entries(node, path) {
            let at = format!("{path}.{}", escape(entry.key));
            let components = self.raw.pattern(entry.key, entry.key_span, Star::Anything);
            let names = self.raw.patterns(entry.value, &at, Star::WithinPart);
            let span = self.raw.span(entry.value);
            lists.extend(components.map(|components| AllowedImages { components, names, span }));
        }
        policy
            .images
            .retain(|old| lists.iter().all(|new| new.components.as_str() != old.components.as_str()));
        policy.images.append(&mut lists);
    }

    fn experiment(&mut self, node: NodeId, path: &str, policy: &mut Policy) {
        for entry in self.raw.entries(node, path, &["schema"]) {
            let path = format!("{path}.schema");
            if let Some(Setting { value, span }) = self.raw.text(entry.value, &path) {
                let schema = self.path(value, span, &path);
                policy.experiment_schema = Setting { value: schema, span };
            }
        }
    }

    fn rules(&mut self, node: NodeId, path: &str, policy: &mut Policy) {
        for entry in self.raw.entries(node, path, self.known_rules) {
            let choices = [("error", Level::Error), ("warning", Level::Warning), ("off", Level::Off)];
            if let Some(level) = self.raw.choice(entry.value, &format!("{path}.{}", entry.key), &choices) {
                policy.rules.insert(entry.key.to_owned(), level);
            }
        }
    }

    fn rule_id(&mut self, node: NodeId, path: &str) -> Option<Setting<String>> {
        let Setting { value, span } = self.raw.text(node, path)?;
        if !self.known_rules.contains(&value) {
            let what = format!("rule `{}`", escape(value));
            self.raw.unknown(self.raw.span(node), &what, value, self.known_rules);
            return None;
        }
        Some(Setting { value: value.to_owned(), span })
    }
}

pub(super) fn set<T>(setting: &mut Setting<T>, read: Option<Setting<T>>) {
    if let Some(read) = read {
        *setting = read;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bom::{Components, PatternSegment};
    use crate::yaml::Path;

    const RULES: &[&str] = &["floating-tag", "pin-incomplete"];

    fn read(text: &str) -> Result<Valid, Vec<PolicyFault>> {
        validate(&Source::new(".sysbom.yaml", text), RULES, "0.4.2")
    }

    fn valid(text: &str) -> Policy {
        read(text).unwrap_or_else(|faults| panic!("{faults:?}")).common
    }

    /// Every fault as `message @ text | help`.
    fn faults(text: &str) -> Vec<String> {
        let faults = read(text).err().unwrap_or_default();
        faults.iter().map(|f| format!("{} @ {} | {}", f.message, f.span.of(text), f.help)).collect()
    }

    #[test]
    fn an_empty_file_and_the_defaults_written_out_are_the_same_policy() {
        let defaults = "required-version: null
manifest: releases/current.yaml
history: {layout: flat}
components: images
fields: {image: image, tag: tag, digest: digest}
digest: required
images: {}
floating: {with-digest: reject, unknown: reject, deny: [], components: []}
experiment: {schema: null}
direct: allow
rules: {}
inline-allow: []
";
        let default = Policy::default();
        for text in ["", "# nothing\n", "---\n", "{}\n", defaults] {
            let policy = valid(text);
            assert_eq!(policy.layout, default.layout);
            assert_eq!(policy.manifest.value, default.manifest.value);
            assert_eq!(policy.history.value, default.history.value);
            assert_eq!(policy.digest.value, default.digest.value);
            assert_eq!(policy.direct.value, default.direct.value);
            assert_eq!(policy.floating.with_digest.value, default.floating.with_digest.value);
            assert_eq!(policy.experiment_schema.value, None);
            assert!(policy.images.is_empty() && policy.rules.is_empty() && policy.inline_allow.is_empty());
        }
    }

    #[test]
    fn every_setting_is_read_with_its_place() {
        let text = "required-version: '>=0.4, <1'
manifest: deploy/bom.yaml
history: {layout: year-month}
digest: optional
images: {app: ['ghcr.io/acme/*', postgres], 'db*': ['re:[a-z]+']}
experiment: {schema: schema/experiment.json}
direct: deny
rules: {floating-tag: warning, pin-incomplete: off}
inline-allow: [floating-tag]
";
        let policy = valid(text);
        let place = |span: Option<Span>| span.expect("the file sets it").of(text);
        assert_eq!(
            (policy.manifest.value.as_str(), place(policy.manifest.span)),
            ("deploy/bom.yaml", "deploy/bom.yaml")
        );
        assert_eq!(
            (policy.history.value, place(policy.history.span)),
            (HistoryLayout::YearMonth, "year-month")
        );
        assert_eq!((policy.digest.value, place(policy.digest.span)), (DigestNeed::Optional, "optional"));
        assert_eq!(policy.experiment_schema.value, Some(RepoPath::new("schema/experiment.json")));
        assert_eq!((policy.direct.value, place(policy.direct.span)), (Direct::Deny, "deny"));
        let level = policy.level("floating-tag", Level::Error);
        assert_eq!((level.value, place(level.span)), (Level::Warning, "warning"));
        assert_eq!(policy.level("pin-incomplete", Level::Error).value, Level::Off);
        assert_eq!(policy.level("schema", Level::Error), Setting::default_of(Level::Error));
        assert_eq!(
            policy.inline_allows("floating-tag").map(|setting| place(setting.span)),
            Some("floating-tag")
        );
        assert_eq!(policy.inline_allows("pin-incomplete"), None);
        let allows = |component, name| policy.allows_image(component, name).map(|setting| setting.value);
        assert_eq!(allows("app", "ghcr.io/acme/app"), Some(true));
        assert_eq!(allows("app", "ghcr.io/acme/deep/app"), Some(false));
        assert_eq!(allows("db1", "postgres"), Some(true));
        assert_eq!(allows("db1", "ghcr.io/acme/db"), Some(false));
        assert_eq!(allows("web", "anything"), None);
    }

    #[test]
    fn components_stand_at_a_path_a_pattern_or_one_by_one() {
        let components = |text: &str| valid(text).layout.components;
        assert_eq!(
            components("components: global.images\n"),
            Components::Below(Path::of_keys(["global", "images"]))
        );
        assert_eq!(components("components: '\"a.b\".c'\n"), Components::Below(Path::of_keys(["a.b", "c"])));
        assert_eq!(
            components("components: '*.image'\n"),
            Components::Matching(vec![PatternSegment::Any, PatternSegment::Key("image".to_owned())])
        );
        assert_eq!(
            components("components: {app: app.image, db: db}\n"),
            Components::Named(vec![
                ("app".to_owned(), Path::of_keys(["app", "image"])),
                ("db".to_owned(), Path::of_keys(["db"])),
            ])
        );
        let text = "fields: {image: [registry, repository], digest: sha}\n";
        let policy = valid(text);
        assert_eq!(policy.layout.fields.keys().collect::<Vec<_>>(), ["registry", "repository", "tag", "sha"]);
        assert_eq!(
            policy.fields.map(|span| span.of(text)),
            Some("{image: [registry, repository], digest: sha}")
        );
        for wrong in [
            "'a..b'",
            "''",
            "'app-*'",
            "'*.'",
            "'\"a'",
            "'\"a\"b'",
            "'a[0]'",
            "[a]",
            "{a: '*.b'}",
            "{}",
            "'<<'",
        ] {
            assert_eq!(faults(&format!("components: {wrong}\n")).len(), 1, "{wrong}");
        }
        for wrong in
            ["{image: []}", "{tag: ''}", "{tag: image}", "{image: [a, a]}", "{tag: [a]}", "{imgae: x}"]
        {
            assert_eq!(faults(&format!("fields: {wrong}\n")).len(), 1, "{wrong}");
        }
    }

    #[test]
    fn unknown_words_are_told_with_what_may_have_been_meant() {
        let text = "componets: images
floating: {with-digset: reject, unknown: maybe}
rules: {floatin-tag: off, schema: fatal}
inline-allow: [floatingtag]
digest: true
colour: red
systems: {}
";
        assert_eq!(
            faults(text),
            [
                "unknown setting `componets` @ componets | did you mean `components`?",
                "unknown setting `with-digset` @ with-digset | did you mean `with-digest`?",
                "`floating.unknown` cannot be `maybe` @ maybe | use `reject`, `accept`",
                "unknown setting `floatin-tag` @ floatin-tag | did you mean `floating-tag`?",
                "unknown setting `schema` @ schema | known here: `floating-tag`, `pin-incomplete`",
                "unknown rule `floatingtag` @ floatingtag | did you mean `floating-tag`?",
                "`digest` cannot be `true` @ true | use `required`, `optional`",
                "unknown setting `colour` @ colour | known here: `required-version`, `manifest`, `systems`, `history`, \
                 `components`, `fields`, `digest`, `images`, `floating`, `experiment`, `direct`, `rules`, `inline-allow`",
            ]
        );
    }

    #[test]
    fn values_of_the_wrong_kind_are_told() {
        for (text, message) in [
            ("- a\n", "the policy is a list, not a mapping"),
            ("a\n", "the policy is a text, not a mapping"),
            ("images: [a]\n", "`images` is a list, not a mapping"),
            ("images: {app: x}\n", "`images.app` is a text, not a list"),
            ("images: {app: [[x]]}\n", "`images.app` is a list, not a text"),
            ("images: {app: ['[a']}\n", "not a glob: unclosed character class; missing ']'"),
            ("manifest: [a]\n", "`manifest` is a list, not a text"),
            ("digest: required\ndigest: optional\n", "`digest` stands twice"),
            ("? [a]\n: b\n", "a key of the policy is no text"),
            ("images: &a {}\n", "the policy uses an anchor, an alias or a tag"),
            ("digest: !!str required\n", "the policy uses an anchor, an alias or a tag"),
            ("floating: {allow: [edge]}\n", "an allowed tag needs a reason"),
            ("floating: {allow: [{tag: edge, reason: ' '}]}\n", "an allowed tag needs a reason"),
            ("floating: {allow: [{reason: x}]}\n", "an entry of `floating.allow` has no `tag`"),
            (
                "floating: {allow: [{tag: a, reason: x, until: soon}]}\n",
                "`floating.allow.until` cannot be `soon`",
            ),
            ("floating: {components: [{deny: [a]}]}\n", "an entry of `floating.components` has no `name`"),
            (
                "floating: {components: [{name: a, version-parts: 0}]}\n",
                "`floating.components.version-parts` cannot be `0`",
            ),
            ("floating: {deny: ['re:(']}\n", "not a regular expression: unclosed group"),
            ("a: b: c\n", "not YAML: mapping values are not allowed in this context"),
        ] {
            let found = read(text).err().unwrap_or_default();
            let messages: Vec<&str> = found.iter().map(|fault| fault.message.as_str()).collect();
            assert_eq!(messages, [message], "{text:?}");
        }
    }

    #[test]
    fn a_manifest_stands_below_the_top_and_system_is_one_folder() {
        for path in ["a.yaml", "a/b/c.yaml", "'{system}/a.yaml'", "'a/{system}/b/c.yaml'"] {
            assert_eq!(faults(&format!("manifest: {path}\n")), [] as [&str; 0], "{path}");
        }
        for path in [
            "/a.yaml",
            "../a.yaml",
            "a/../b.yaml",
            "./a.yaml",
            "a//b.yaml",
            "a/",
            "''",
            "'a\\b'",
            "'C:/a'",
            ".git/a",
            "\"a\\u0007\"",
            "'a/{system}.yaml'",
            "'{system}/{system}/a.yaml'",
            "'a/{name}/b.yaml'",
            "'{system}'",
        ] {
            assert_eq!(faults(&format!("manifest: {path}\n")).len(), 1, "{path}");
        }
    }

    #[test]
    fn a_system_lays_its_settings_over_the_common_ones() {
        let text = "manifest: releases/{system}/current.yaml
digest: optional
images: {app: [a], db: [b]}
floating: {unknown: accept, deny: [x]}
rules: {floating-tag: warning}
systems:
  prod:
    digest: required
    images: {app: [c]}
    floating: {deny: [y]}
    rules: {pin-incomplete: off}
  test:
";
        let Valid { common, own } = read(text).unwrap_or_else(|faults| panic!("{faults:?}"));
        let prod = &own["prod"];
        assert_eq!((common.digest.value, prod.digest.value), (DigestNeed::Optional, DigestNeed::Required));
        let allows = |policy: &Policy, component, name| policy.allows_image(component, name).map(|s| s.value);
        assert_eq!((allows(prod, "app", "a"), allows(prod, "app", "c")), (Some(false), Some(true)));
        assert_eq!((allows(prod, "db", "b"), allows(&common, "app", "a")), (Some(true), Some(true)));
        assert_eq!(prod.floating.unknown.value, crate::policy::Unknown::Accept);
        let denied: Vec<&str> = prod.floating.deny.iter().map(|deny| deny.tag.as_str()).collect();
        assert_eq!(denied, ["y"]);
        assert_eq!(prod.level("floating-tag", Level::Error).value, Level::Warning);
        assert_eq!(prod.level("pin-incomplete", Level::Error).value, Level::Off);
        assert!(!own.contains_key("test"));
    }

    #[test]
    fn systems_need_their_place_in_the_manifests_path() {
        assert_eq!(
            faults("systems: {prod: {digest: required}}\n"),
            [
                "there is one system, since `manifest` has no `{system}` @ prod | set `manifest: releases/{system}/current.yaml`"
            ]
        );
        let text =
            "manifest: '{system}/a.yaml'\nsystems: {prod: {manifest: x, diggest: optional}, a/b: {}}\n";
        assert_eq!(
            faults(text).iter().map(|fault| fault.split(" |").next().unwrap_or_default()).collect::<Vec<_>>(),
            [
                "unknown setting `manifest` @ manifest",
                "unknown setting `diggest` @ diggest",
                "`a/b` is no system: a system is one folder @ a/b",
            ]
        );
    }

    #[test]
    fn a_policy_for_another_version_is_judged_by_that_alone() {
        assert_eq!(
            faults("required-version: '>=0.5'\nnew-setting: 1\n"),
            [
                "this is sysbom 0.4.2, and the policy requires >=0.5 @ '>=0.5' | install a version of sysbom that is >=0.5"
            ]
        );
        assert_eq!(faults("required-version: '>=0.4, <1'\n"), [] as [&str; 0]);
        assert_eq!(faults("required-version: 0.4\n").len(), 1);
    }

    #[test]
    fn a_policy_has_limits() {
        let many = format!("floating: {{deny: [{}]}}\n", vec!["a"; 1001].join(", "));
        assert_eq!(faults(&many).len(), 1);
        assert!(faults(&many)[0].starts_with("the policy has more than 1000 patterns"));
        assert!(faults(&" ".repeat(MAX_POLICY_BYTES + 1))[0].starts_with("the policy has 262145 bytes"));
    }
}
