//! The state of base that a plan starts from, and what comes of a plan.
//!
//! Knows how texts become writes. Which changes are made is for the planners.

use super::{Moment, Refusal};
use crate::bom::{Manifest, Pin};
use crate::change::{self, Change};
use crate::policy::System;
use crate::text::escape;
use crate::tree::RepoPath;
use crate::yaml::{Document, NodeId, NodeKind, ScalarStyle, quote_if_needed};

/// What base says of one system.
pub struct State<'a> {
    /// The system, with base's policy.
    pub system: &'a System,
    /// The manifest's bytes; `None` if there is none yet.
    pub manifest: Option<&'a [u8]>,
    /// The bytes of the holds file; `None` if there is none.
    pub holds: Option<&'a [u8]>,
    /// Where base's state is to be archived; `None` if history holds it already, or there is none.
    pub archive: Option<RepoPath>,
    /// The committer date of base's tip, in seconds since 1970; `None` before the first commit.
    pub committed: Option<i64>,
    /// When the present pin of a component was published; asked only where its tags do not tell.
    pub published: &'a dyn Fn(&str) -> Published,
    /// The digests that a component had in former states, given its name, an image name and a tag.
    pub former_digests: &'a dyn Fn(&str, &str, &str) -> Vec<String>,
}

/// What is known of when a pin was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// Then: the commit that released it says so.
    At(Moment),
    /// Then or before: that is when it was committed.
    AtMost(Moment),
    /// Nothing.
    Unknown,
}

/// A file to write, as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Where, from the top of the repository.
    pub path: RepoPath,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// One commit on top of base's tip, before anybody has made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The files that it writes. Nothing is deleted.
    pub writes: Vec<Write>,
    /// Those of them that archive a state.
    pub archived: Vec<RepoPath>,
    /// What it changes in the manifest.
    pub changes: Vec<Change>,
    /// The first line of its message; safe to print.
    pub title: String,
    /// The rest of its message, without a line break at its end.
    pub body: String,
    /// When it was published, if that is known.
    pub date: Option<Moment>,
    /// What whoever asked for it should know besides, one line each; safe to print.
    pub notes: Vec<String>,
}

impl Plan {
    /// The whole message.
    pub fn message(&self) -> String {
        let body = self.body.trim_end();
        if body.is_empty() { format!("{}\n", self.title) } else { format!("{}\n\n{body}\n", self.title) }
    }

    /// The date of the commit, in seconds since 1970: when it was published, else `now`; but always
    /// after the commit it stands on, so that archives of one day have different names.
    pub fn committer_time(&self, base: Option<i64>, now: i64) -> i64 {
        let wanted = self.date.map_or(now, |moment| moment.0);
        base.map_or(wanted, |base| wanted.max(base.saturating_add(1)))
    }
}

/// A manifest as a plan works on it: its text after each change.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) document: Document,
    pub(super) manifest: Manifest,
}

impl Draft {
    pub(super) fn read(text: &str, system: &System) -> Result<Draft, Refusal> {
        let document = Document::parse(text).map_err(|fault| {
            Refusal::new(
                format!("could not read {}: {}", escape(system.manifest.as_str()), escape(&fault.message)),
                "`sysbom check` shows the place",
            )
        })?;
        Ok(Draft::of(document, system))
    }

    fn of(document: Document, system: &System) -> Draft {
        let manifest = Manifest::read(&document, &system.policy.layout);
        Draft { document, manifest }
    }

    pub(super) fn read_bytes(bytes: &[u8], system: &System) -> Result<Draft, Refusal> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Draft::read(text, system),
            Err(_) => Err(Refusal::new(
                format!("could not read {}: it is not UTF-8", escape(system.manifest.as_str())),
                "`sysbom check` shows the place",
            )),
        }
    }

    /// The manifest after these changes.
    pub(super) fn changed(&self, changes: &[crate::yaml::Change], system: &System) -> Result<Draft, Refusal> {
        let document = crate::yaml::apply_all(&self.document, changes).map_err(|refused| {
            Refusal::new(
                format!(
                    "could not change {}: {}",
                    escape(system.manifest.as_str()),
                    escape(&refused.message)
                ),
                "write it in a plainer layout: block style, one key per line",
            )
        })?;
        Ok(Draft::of(document, system))
    }

    /// The pins by name, in source order.
    pub(super) fn pins(&self) -> Vec<(&str, Pin)> {
        self.manifest.components.iter().map(|component| (component.name.as_str(), component.pin())).collect()
    }

    /// A component that stands once.
    pub(super) fn component(&self, name: &str) -> Result<Option<&crate::bom::Component>, Refusal> {
        let mut found = self.manifest.components.iter().filter(|component| component.name == name);
        let first = found.next();
        match found.next() {
            None => Ok(first),
            Some(_) => Err(Refusal::new(
                format!("component `{}` stands twice in the manifest", escape(name)),
                "remove one of them first: Helm takes the last and says nothing",
            )),
        }
    }

    /// What the experiment block says, without its layout.
    pub(super) fn experiment(&self) -> Option<String> {
        self.manifest.experiment.map(|node| said(&self.document, node))
    }
}

/// The data of a node as one text: without layout, quotes and the order of keys. Depth is limited by the document.
pub(super) fn said(document: &Document, node: NodeId) -> String {
    match &document.node(node).kind {
        NodeKind::Scalar { value, style } => {
            // A string is the same in quotes; a number or a truth value is not.
            let is_string = *style != ScalarStyle::Plain || quote_if_needed(value) == *value;
            if is_string { format!("{value:?}") } else { value.clone() }
        }
        NodeKind::Alias(_) => document.node(node).span.of(document.text()).to_owned(),
        NodeKind::Mapping { entries, .. } => {
            let pair = |entry: &crate::yaml::Entry| {
                format!("{}:{}", said(document, entry.key), said(document, entry.value))
            };
            let mut pairs: Vec<String> = entries.iter().map(pair).collect();
            pairs.sort();
            format!("{{{}}}", pairs.join(","))
        }
        NodeKind::Sequence { items, .. } => {
            let items = items.iter().map(|item| said(document, item.value));
            format!("[{}]", items.collect::<Vec<_>>().join(","))
        }
    }
}

impl State<'_> {
    /// The manifest of base as a draft.
    pub(super) fn draft(&self) -> Result<Option<Draft>, Refusal> {
        self.manifest.map(|bytes| Draft::read_bytes(bytes, self.system)).transpose()
    }

    /// A title, of a commit for this system where there are several.
    pub(super) fn titled(&self, title: &str) -> String {
        match &self.system.name {
            Some(name) => format!("{}: {title}", escape(name)),
            None => title.to_owned(),
        }
    }

    /// A plan that makes the manifest this text, and keeps base's state in history.
    pub(super) fn plan(&self, before: Option<&Draft>, after: &Draft, verb: &str) -> Plan {
        let none =
            Manifest { components: Vec::new(), snapshot_id: None, experiment: None, shortfalls: Vec::new() };
        let before = before.map_or(&none, |before| &before.manifest);
        let changes = change::changes(before, &after.manifest);
        let mut writes = Vec::new();
        let mut archived = Vec::new();
        if let (Some(path), Some(bytes)) = (&self.archive, self.manifest) {
            writes.push(Write { path: path.clone(), content: bytes.to_vec() });
            archived.push(path.clone());
        }
        let content = after.document.text().as_bytes().to_vec();
        writes.push(Write { path: self.system.manifest.clone(), content });
        let verb = self.titled(verb);
        Plan {
            writes,
            archived,
            title: change::subject(&verb, &changes),
            body: change::body(&changes),
            changes,
            date: None,
            notes: Vec::new(),
        }
    }
}

impl std::fmt::Debug for State<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("manifest", &self.system.manifest).finish_non_exhaustive()
    }
}
