//! The settings of a policy file: from what it says to what is acted on.
//!
//! Knows every setting, its default and what it may be. Settings below `systems: {NAME: ...}` are
//! laid over the common ones: lists and single values replace, mappings change key by key.

use std::collections::BTreeMap;

use super::policies::SYSTEM;
use super::raw::{Entry, MAX_POLICY_BYTES, Raw};
use super::{
    Allow, AllowedImages, ComponentTags, Date, Deny, DigestNeed, Direct, FloatingSettings, HistoryLayout,
    Level, Policy, PolicyFault, Requirement, Setting, Star, Unknown, WithDigest,
};
use crate::bom::{Components, PatternSegment};
use crate::text::{Source, Span, escape};
use crate::tree::RepoPath;
use crate::yaml::{Document, NodeId, NodeKind, Path};

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

struct Reader<'d, 'r> {
    raw: Raw<'d>,
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

    fn components(&mut self, node: NodeId, path: &str, policy: &mut Policy) {
        let read = match self.raw.document.node(node).kind {
            NodeKind::Mapping { .. } => {
                let entries = self.raw.named_entries(node, path);
                if entries.is_empty() {
                    self.raw.fault(
                        self.raw.span(node),
                        format!("`{path}` names no component"),
                        COMPONENTS_HELP,
                    );
                }
                let named = entries.iter().filter_map(|entry| {
                    let keys = self.keys(entry.value, &format!("{path}.{}", escape(entry.key)))?;
                    if keys.iter().any(|key| key == "*") {
                        let span = self.raw.span(entry.value);
                        self.raw.fault(
                            span,
                            "a named component stands at one path, without `*`",
                            COMPONENTS_HELP,
                        );
                    }
                    Some((entry.key.to_owned(), Path::of_keys(keys.iter().map(String::as_str))))
                });
                Some(Components::Named(named.collect()))
            }
            _ => self.keys(node, path).map(|keys| {
                if keys.iter().all(|key| key != "*") {
                    return Components::Below(Path::of_keys(keys.iter().map(String::as_str)));
                }
                let segment =
                    |key: String| if key == "*" { PatternSegment::Any } else { PatternSegment::Key(key) };
                Components::Matching(keys.into_iter().map(segment).collect())
            }),
        };
        if let Some(components) = read {
            policy.layout.components = components;
            policy.components = Some(self.raw.span(node));
        }
    }

    /// Keys joined by dots; one that holds a dot stands in double quotes: `images."a.b"`.
    fn keys(&mut self, node: NodeId, path: &str) -> Option<Vec<String>> {
        let Setting { value: text, .. } = self.raw.text(node, path)?;
        let keys = split_keys(text);
        if keys.is_none() {
            let message = format!("`{path}` cannot be `{}`", escape(text));
            self.raw.fault(self.raw.span(node), message, COMPONENTS_HELP);
        }
        keys
    }

    fn fields(&mut self, node: NodeId, path: &str, policy: &mut Policy) {
        let mut fields = policy.layout.fields.clone();
        for entry in self.raw.entries(node, path, &["image", "tag", "digest"]) {
            let at = format!("{path}.{}", entry.key);
            match (entry.key, &self.raw.document.node(entry.value).kind) {
                ("image", NodeKind::Sequence { .. }) => {
                    let items = self.raw.items(entry.value, &at);
                    fields.image = items.iter().filter_map(|&item| self.field(item, &at)).collect();
                    if items.is_empty() {
                        self.raw.fault(
                            self.raw.span(entry.value),
                            format!("`{at}` names no key"),
                            FIELDS_HELP,
                        );
                    }
                }
                ("image", _) => fields.image = self.field(entry.value, &at).into_iter().collect(),
                ("tag", _) => fields.tag = self.field(entry.value, &at).unwrap_or_default(),
                _ => fields.digest = self.field(entry.value, &at).unwrap_or_default(),
            }
        }
        let mut keys: Vec<&str> = fields.keys().collect();
        keys.sort_unstable();
        if keys.windows(2).any(|pair| pair[0] == pair[1]) && self.raw.faults.is_empty() {
            self.raw.fault(self.raw.span(node), "two parts of a pin cannot stand under one key", FIELDS_HELP);
        }
        policy.layout.fields = fields;
        policy.fields = Some(self.raw.span(node));
    }

    fn field(&mut self, node: NodeId, path: &str) -> Option<String> {
        let Setting { value, .. } = self.raw.text(node, path)?;
        if value.is_empty() || value == "<<" {
            self.raw.fault(self.raw.span(node), format!("`{path}` names no key"), FIELDS_HELP);
            return None;
        }
        Some(value.to_owned())
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

    fn floating(&mut self, node: NodeId, path: &str, floating: &mut FloatingSettings) {
        for entry in self.raw.entries(node, path, &["with-digest", "unknown", "deny", "allow", "components"])
        {
            let (node, path) = (entry.value, format!("{path}.{}", entry.key));
            match entry.key {
                "with-digest" => {
                    let choices = [
                        ("reject", WithDigest::Reject),
                        ("names-only", WithDigest::NamesOnly),
                        ("accept", WithDigest::Accept),
                    ];
                    set(&mut floating.with_digest, self.raw.choice(node, &path, &choices));
                }
                "unknown" => {
                    let choices = [("reject", Unknown::Reject), ("accept", Unknown::Accept)];
                    set(&mut floating.unknown, self.raw.choice(node, &path, &choices));
                }
                "deny" => floating.deny = self.denies(node, &path),
                "allow" => floating.allow = self.allows(node, &path),
                _ => {
                    let items = self.raw.items(node, &path);
                    floating.components =
                        items.iter().filter_map(|&item| self.component_tags(item, &path)).collect();
                }
            }
        }
    }

    /// Each a pattern, or `{tag: PATTERN, reason: TEXT}`.
    fn denies(&mut self, node: NodeId, path: &str) -> Vec<Deny> {
        let items = self.raw.items(node, path);
        let deny = |reader: &mut Self, item: NodeId| {
            let mapping = matches!(reader.raw.document.node(item).kind, NodeKind::Mapping { .. });
            let Entries { tag, reason, .. } = match mapping {
                true => reader.tag_entries(item, path, &["tag", "reason"])?,
                false => Entries { tag: reader.raw.text(item, path)?, reason: None, until: None },
            };
            let span = tag.span.unwrap_or_default();
            Some(Deny { tag: reader.raw.pattern(tag.value, span, Star::Anything)?, reason, span })
        };
        items.into_iter().filter_map(|item| deny(self, item)).collect()
    }

    /// Each `{tag: PATTERN, reason: TEXT}`, with or without `until: DATE`.
    fn allows(&mut self, node: NodeId, path: &str) -> Vec<Allow> {
        let items = self.raw.items(node, path);
        let allow = |reader: &mut Self, item: NodeId| {
            let span = reader.raw.span(item);
            if reader.raw.document.scalar(item).is_some() {
                reader.raw.fault(span, "an allowed tag needs a reason", ALLOW_HELP);
                return None;
            }
            let Entries { tag, reason, until } =
                reader.tag_entries(item, path, &["tag", "reason", "until"])?;
            let Some(reason) = reason else {
                reader.raw.fault(span, "an allowed tag needs a reason", ALLOW_HELP);
                return None;
            };
            let span = tag.span.unwrap_or_default();
            Some(Allow { tag: reader.raw.pattern(tag.value, span, Star::Anything)?, reason, until, span })
        };
        items.into_iter().filter_map(|item| allow(self, item)).collect()
    }

    fn tag_entries(&mut self, node: NodeId, path: &str, known: &[&str]) -> Option<Entries<'d>> {
        let (mut tag, mut reason, mut until) = (None, None, None);
        for entry in self.raw.entries(node, path, known) {
            let path = format!("{path}.{}", entry.key);
            match entry.key {
                "tag" => tag = self.raw.text(entry.value, &path),
                "reason" => {
                    let text = self.raw.text(entry.value, &path);
                    reason = text.map(|text| text.value.trim().to_owned()).filter(|text| !text.is_empty());
                }
                _ => until = self.raw.read::<Date>(entry.value, &path, "write a day such as `2024-06-30`"),
            }
        }
        if tag.is_none() {
            self.raw.fault(self.raw.span(node), format!("an entry of `{path}` has no `tag`"), ALLOW_HELP);
        }
        Some(Entries { tag: tag?, reason, until: until.map(|until| until.value) })
    }

    fn component_tags(&mut self, node: NodeId, path: &str) -> Option<ComponentTags> {
        let mut name = None;
        let (mut deny, mut allow, mut version_parts) = (Vec::new(), Vec::new(), None);
        for entry in self.raw.entries(node, path, &["name", "deny", "allow", "version-parts"]) {
            let (node, path) = (entry.value, format!("{path}.{}", entry.key));
            match entry.key {
                "name" => {
                    let text = self.raw.text(node, &path)?;
                    name = self.raw.pattern(text.value, self.raw.span(node), Star::Anything);
                }
                "deny" => deny = self.denies(node, &path),
                "allow" => allow = self.allows(node, &path),
                _ => {
                    let choices = [("1", 1), ("2", 2), ("3", 3), ("4", 4)];
                    version_parts = self.raw.choice(node, &path, &choices);
                }
            }
        }
        if name.is_none() {
            let message = format!("an entry of `{path}` has no `name`");
            self.raw.fault(self.raw.span(node), message, "name the component, or several by a glob");
        }
        Some(ComponentTags { name: name?, deny, allow, version_parts })
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

const COMPONENTS_HELP: &str = "write a path such as `images`, a pattern such as `\"*.image\"` (`*` stands for a \
                               whole key), or a path for each component: `{app: app.image}`";
const FIELDS_HELP: &str =
    "write `{image: image, tag: tag, digest: digest}`; `image` may join keys: `[registry, repository]`";
const ALLOW_HELP: &str = "write `{tag: edge, reason: why, until: 2024-06-30}`; `until` may be left out";

/// What stands in an entry of `deny` or `allow`.
struct Entries<'d> {
    tag: Setting<&'d str>,
    reason: Option<String>,
    until: Option<Date>,
}

fn set<T>(setting: &mut Setting<T>, read: Option<Setting<T>>) {
    if let Some(read) = read {
        *setting = read;
    }
}

/// The keys of a dotted path. `None` if a key is empty, a quote is not closed, or a `*` does not
/// stand for a whole key.
fn split_keys(text: &str) -> Option<Vec<String>> {
    let mut keys = Vec::new();
    let mut rest = text;
    loop {
        let (key, behind) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => {
                let (key, behind) = rest.split_at(rest.find('.').unwrap_or(rest.len()));
                let is_star = key == "*";
                if key.contains(['"', '[', ']']) || (key.contains('*') && !is_star) {
                    return None;
                }
                (key, behind)
            }
        };
        if key.is_empty() || key == "<<" {
            return None;
        }
        keys.push(key.to_owned());
        match behind.strip_prefix('.') {
            Some(next) => rest = next,
            None if behind.is_empty() => return Some(keys),
            None => return None,
        }
    }
}
