//! One system's part of an update, read once for all rules.

use std::collections::BTreeMap;

use crate::bom::{ArchiveName, Component, Manifest};
use crate::policy::{Policy, System};
use crate::text::{Source, Span};
use crate::tree::{Kind, ObjectId, RepoPath, Tree, TreeEntry, TreeError};

use super::file::{Content, File, Read};
pub use super::new_file::{Evidence, NewFile, Role, is_yaml};
use super::new_file::{Settled, is_note, kept_of};
use super::{Excerpt, Input, MergeCommit, MergeParent, Scope};

/// One system before and after an update.
pub struct Subject<'a> {
    /// The update.
    pub input: &'a Input<'a>,
    /// The system, its settings with it.
    pub system: System,
    /// As base has it; `None` where there is no base.
    pub before: Option<Side>,
    /// As it is to be judged.
    pub after: Side,
    /// The files of history that are new or changed, links and other odd things among them. Of those
    /// that are not judged the content is not kept, and of notes nothing.
    pub new_history: Vec<NewFile>,
    /// The pins with a digest of the history files that are looked at and not judged, each once.
    pub evidence: Vec<Evidence>,
    /// The merges, as far as they concern the manifest.
    pub merges: Vec<Merge<'a>>,
    /// New files that are judged once those in `new_history` are, with their roles.
    later: Vec<(TreeEntry, Role)>,
}

/// The most new history files that are held at once to be judged. People make a few; a repository
/// that moves here brings thousands.
const MOST_AT_ONCE: usize = 500;

/// Manifest and history at one revision.
pub struct Side {
    /// The manifest, whatever stands at its path.
    pub manifest: Option<File>,
    /// What stands below the history folder, by path.
    pub history: Vec<TreeEntry>,
}

/// One merge commit's manifests.
pub struct Merge<'a> {
    /// The commit.
    pub commit: &'a MergeCommit<'a>,
    /// What it holds.
    pub result: File,
    /// Its parents, in order.
    pub parents: Vec<Parent>,
}

/// One parent of a merge commit.
pub struct Parent {
    /// What it holds; `None` if it has no manifest.
    pub file: Option<File>,
    /// What its merge bases with the others hold, at least one; `None` for one without a manifest,
    /// and where they have nothing in common.
    pub bases: Vec<Option<File>>,
}

impl<'a> Subject<'a> {
    /// All systems that stand in either tree.
    pub fn all(input: &'a Input<'a>) -> Result<Vec<Subject<'a>>, TreeError> {
        let mut systems: BTreeMap<Option<String>, System> = BTreeMap::new();
        for tree in input.before.into_iter().chain([input.after]) {
            for mut system in input.policies.systems(tree)? {
                system.policy.floating.today = Some(input.today);
                systems.entry(system.name.clone()).or_insert(system);
            }
        }
        systems.into_values().map(|system| Subject::read(input, system)).collect()
    }

    fn read(input: &'a Input<'a>, system: System) -> Result<Subject<'a>, TreeError> {
        let before = input.before.map(|tree| Side::read(tree, &system)).transpose()?;
        let after = Side::read(input.after, &system)?;
        let merges = merges(input, &system)?;
        let (new_history, evidence, later) = (Vec::new(), Vec::new(), Vec::new());
        let mut subject = Subject { input, system, before, after, new_history, evidence, merges, later };
        subject.read_new_files()?;
        Ok(subject)
    }

    /// Takes the next new files in place of those that have been judged; `None` if there are no more.
    pub fn next(mut self) -> Result<Option<Subject<'a>>, TreeError> {
        if self.later.is_empty() {
            return Ok(None);
        }
        let next = self.later.split_off(self.later.len().saturating_sub(MOST_AT_ONCE));
        let layout = &self.system.policy.layout;
        let read = |(entry, role)| Ok(NewFile { file: File::read(self.input.after, entry, layout)?, role });
        self.new_history = next.into_iter().map(read).collect::<Result<_, TreeError>>()?;
        Ok(Some(self))
    }

    /// The system's settings.
    pub fn policy(&self) -> &Policy {
        &self.system.policy
    }

    /// The files that rules of content judge: the manifest, and new history files that are no
    /// states of base.
    pub fn judged(&self) -> impl Iterator<Item = &File> {
        let history = self
            .new_history
            .iter()
            .filter(|new| match new.role {
                Role::ClaimedArchive | Role::Snapshot => true,
                Role::FormerState | Role::Other => false,
            })
            .map(|new| &new.file);
        self.after.manifest.iter().chain(history)
    }

    /// Those of them that are YAML.
    pub fn readable(&self) -> impl Iterator<Item = (&File, &Read)> {
        self.judged().filter_map(|file| Some((file, file.as_read()?)))
    }

    /// The manifest before and after, if both can be read.
    pub fn both(&self) -> Option<[(&File, &Read); 2]> {
        let before = self.before.as_ref()?.manifest.as_ref()?;
        let after = self.after.manifest.as_ref()?;
        Some([(before, before.as_read()?), (after, after.as_read()?)])
    }

    /// The components that stand in both manifests under one name; of two with one name the last,
    /// before and after.
    pub fn pairs(&self) -> Vec<Pair<'_>> {
        let Some([(before_file, before), (after_file, after)]) = self.both() else { return Vec::new() };
        let old = by_name(&before.manifest);
        let pair = |(name, after)| {
            let before = *old.get(name)?;
            Some(Pair { before_file, before, after_file, after })
        };
        by_name(&after.manifest).into_iter().filter_map(pair).collect()
    }

    /// The object that base's state is, if it has one: its manifest as a plain file.
    pub fn state_before(&self) -> Option<&ObjectId> {
        let entry = &self.before.as_ref()?.manifest.as_ref()?.entry;
        matches!(entry.kind, Kind::File | Kind::Executable).then_some(&entry.id)
    }

    /// The place in the policy that set something, to stand behind a finding.
    pub fn setting(&self, span: Option<Span>, label: &str) -> Option<Excerpt> {
        setting(self.policy(), span, label)
    }

    /// Reads the new files one after the other, and keeps of each what is asked for.
    fn read_new_files(&mut self) -> Result<(), TreeError> {
        let old = self.before.as_ref().map_or(&[][..], |before| &before.history);
        let new = |entry: &&TreeEntry| match find(old, &entry.path) {
            Some(old) => old.id != entry.id || old.kind != entry.kind,
            None => true,
        };
        let all = self.input.scope == Scope::WholeHistory;
        let (mut kept, mut later) = (Vec::new(), Vec::new());
        let mut judged = 0;
        let mut settled = Settled::default();
        for entry in self.after.history.iter().filter(|entry| all || new(entry)) {
            let is_old = find(old, &entry.path).is_some();
            if !is_old && let Some(role) = settled.role(entry) {
                let source = Source::new(entry.path.as_str(), "");
                let file = File { entry: entry.clone(), source, content: Content::Dropped };
                kept.extend(kept_of(file, role));
                continue;
            }
            let file = File::read(self.input.after, entry.clone(), &self.policy().layout)?;
            // What base has already is never judged again, whatever scope was asked for.
            let role = if is_old { Role::FormerState } else { self.role(&file)? };
            match role {
                Role::ClaimedArchive | Role::Snapshot => {
                    judged += 1;
                    if judged > MOST_AT_ONCE {
                        settled.note_pins(&file);
                        later.push((file.entry, role));
                    } else {
                        kept.push(NewFile { file, role });
                    }
                }
                Role::FormerState | Role::Other => {
                    // What an old path excuses is no excuse for another one.
                    let is_so_anywhere =
                        !is_old && matches!(file.content, Content::Read(_) | Content::Faulty(_));
                    if is_so_anywhere {
                        settled.roles.insert((entry.id.clone(), is_yaml(&entry.path)), role);
                    }
                    kept.extend(settled.add(file, role));
                }
            }
        }
        if !later.is_empty() {
            for new in &kept {
                settled.note_pins(&new.file);
            }
        }
        (self.new_history, self.evidence, self.later) = (kept, settled.evidence, later);
        Ok(())
    }

    fn role(&self, file: &File) -> Result<Role, TreeError> {
        let entry = &file.entry;
        if !is_yaml(&entry.path) && is_note(file, &self.policy().layout) {
            return Ok(Role::Other);
        }
        if self.state_before() == Some(&entry.id) || (self.input.is_former)(&self.system, &entry.id)? {
            return Ok(Role::FormerState);
        }
        Ok(if ArchiveName::parse(entry.path.name()).is_some() {
            Role::ClaimedArchive
        } else {
            Role::Snapshot
        })
    }
}

impl Merge<'_> {
    /// The manifests of the parents that have one.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        self.parents.iter().filter_map(|parent| parent.file.as_ref())
    }
}

/// One component before and after.
pub struct Pair<'s> {
    /// The file on base.
    pub before_file: &'s File,
    /// As base has it.
    pub before: &'s Component,
    /// The file to judge.
    pub after_file: &'s File,
    /// As it is to be judged.
    pub after: &'s Component,
}

impl Side {
    fn read(tree: &dyn Tree, system: &System) -> Result<Side, TreeError> {
        let manifest = manifest_of(tree, system)?;
        Ok(Side { manifest, history: tree.files_below(&system.history)? })
    }

    /// What stands at a path below history.
    pub fn history_entry(&self, path: &RepoPath) -> Option<&TreeEntry> {
        find(&self.history, path)
    }
}

impl Parent {
    fn read(parent: &MergeParent, system: &System) -> Result<Parent, TreeError> {
        let bases = parent.bases.iter().map(|base| manifest_of(*base, system));
        let mut bases = bases.collect::<Result<Vec<_>, _>>()?;
        if bases.is_empty() {
            bases.push(None);
        }
        Ok(Parent { file: manifest_of(parent.tree, system)?, bases })
    }
}

/// The place in a policy that set something, to stand behind a finding.
pub fn setting(policy: &Policy, span: Option<Span>, label: &str) -> Option<Excerpt> {
    let source = policy.source.clone()?;
    let path = RepoPath::new(source.name.clone());
    Some(Excerpt { path, source: Some(source), span: span?, label: label.to_owned() })
}

/// The components by name; of two with one name the last, which is the one that Helm takes.
pub fn by_name(manifest: &Manifest) -> BTreeMap<&str, &Component> {
    manifest.components.iter().map(|component| (component_name(component), component)).collect()
}

fn component_name(component: &Component) -> &str {
    &component.name
}

fn manifest_of(tree: &dyn Tree, system: &System) -> Result<Option<File>, TreeError> {
    let entry = tree.entry(&system.manifest)?;
    entry.map(|entry| File::read(tree, entry, &system.policy.layout)).transpose()
}

/// Listings of trees are sorted by path.
fn find<'t>(entries: &'t [TreeEntry], path: &RepoPath) -> Option<&'t TreeEntry> {
    entries.binary_search_by(|entry| entry.path.cmp(path)).ok().map(|at| &entries[at])
}

fn merges<'a>(input: &'a Input<'a>, system: &System) -> Result<Vec<Merge<'a>>, TreeError> {
    let mut merges = Vec::new();
    for commit in input.merges {
        let Some(result) = commit.result.entry(&system.manifest)? else { continue };
        if is_plain(commit, system, &result)? {
            continue;
        }
        let parents = commit.parents.iter().map(|parent| Parent::read(parent, system));
        let parents = parents.collect::<Result<_, _>>()?;
        let result = File::read(commit.result, result, &system.policy.layout)?;
        merges.push(Merge { commit, result, parents });
    }
    Ok(merges)
}

/// Whether one side at most changed the manifest, and that side's is the result. Nothing can be
/// torn or lost then, and of a push of thousands of merges hardly any has to be read.
fn is_plain(commit: &MergeCommit, system: &System, result: &TreeEntry) -> Result<bool, TreeError> {
    let id = |tree: &dyn Tree| Ok(tree.entry(&system.manifest)?.map(|entry| entry.id));
    let mut is_of_a_parent = false;
    for parent in &commit.parents {
        let own = id(parent.tree)?;
        if own.as_ref() == Some(&result.id) {
            is_of_a_parent = true;
            continue;
        }
        let bases = parent.bases.iter().map(|base| id(*base)).collect::<Result<Vec<_>, TreeError>>()?;
        let has_not_moved = if bases.is_empty() { own.is_none() } else { bases.contains(&own) };
        if !has_not_moved {
            return Ok(false);
        }
    }
    Ok(is_of_a_parent)
}
