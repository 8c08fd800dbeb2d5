//! Going back: to the pins and the experiment of a former state, as a release of its own, with a
//! hold on exactly the digests that are left.

use super::holds::option;
use super::state::Draft;
use super::values::{converge, put, value_of};
use super::{Answer, Hold, Holds, Moment, Plan, Planned, Refusal, State, Verdict, Write, repin};
use crate::bom::Component;
use crate::change::{self, Change, ChangeKind};
use crate::policy::System;
use crate::suggest::nearest;
use crate::text::{escape, shell_word};
use crate::yaml::{self, Path};

/// A rollback about to be planned: of some components, or of all and the experiment.
#[derive(Debug)]
pub struct Rollback<'a> {
    state: &'a State<'a>,
    components: &'a [String],
    holds: Holds,
    before: Draft,
}

/// Why, and since when, the digests that are left are held.
#[derive(Clone, Copy, Debug)]
pub struct Reason<'a> {
    /// One line.
    pub text: &'a str,
    /// The present.
    pub now: Moment,
}

impl<'a> Rollback<'a> {
    /// A rollback of these components; of everything, if none is named.
    ///
    /// # Errors
    /// There is no manifest, it or the holds cannot be read, or it has no such component.
    pub fn begin(state: &'a State<'a>, components: &'a [String]) -> Result<Rollback<'a>, Refusal> {
        let Some(before) = state.draft()? else {
            return Err(Refusal::new("there is no manifest to roll back", "release something first"));
        };
        for name in components {
            if before.component(name)?.is_none() {
                return Err(no_component(&before, name));
            }
        }
        Ok(Rollback { state, components, holds: Holds::read(state.holds)?, before })
    }

    /// Whether these bytes of a former state are one to go back to without being told: something
    /// asked for differs there, and nothing of it is held. The newest that fits is the previous one.
    pub fn fits(&self, former: &[u8]) -> bool {
        let Ok(target) = Draft::read_bytes(former, self.state.system) else { return false };
        let Ok(after) = self.back_to(&target) else { return false };
        after.document.text() != self.before.document.text() && self.held(&target, &after).is_none()
    }

    /// Plans going back to a former state. `name` is what people call it: the name of its archive.
    pub fn plan(&self, name: &str, former: &[u8], reason: Reason<'_>) -> Planned {
        self.try_plan(name, former, reason)
            .unwrap_or_else(|refusal| self.answered(Verdict::Refused, refusal.message, refusal.help))
    }

    fn try_plan(&self, name: &str, former: &[u8], reason: Reason<'_>) -> Result<Planned, Refusal> {
        let target = Draft::read_bytes(former, self.state.system)?;
        let after = self.back_to(&target)?;
        if after.document.text() == self.before.document.text() {
            return Ok(self.answered(Verdict::Noop, String::new(), String::new()));
        }
        if let Some((message, help)) = self.held(&target, &after) {
            return Ok(self.answered(Verdict::Held, message, help));
        }
        let mut plan = self.state.plan(Some(&self.before), &after, "Roll back");
        plan.title = title(self.state, &plan.changes);
        let holds = left(&plan.changes, reason);
        plan.notes.extend(plan.changes.iter().filter_map(|change| not_held(change, self.state.system)));
        if !holds.is_empty() {
            let content = self.holds.with(&holds)?.into_bytes();
            let file = &self.state.system.holds;
            plan.writes.push(Write { path: file.clone(), content });
            plan.notes.extend(holds.iter().map(|hold| note(hold, self.state.system)));
        }
        plan.body = format!("{}\nReason: {}\nBack to: {}", plan.body, escape(reason.text), escape(name));
        let answers =
            plan.changes.iter().map(|change| Answer::new(&change.component, Verdict::Updated)).collect();
        Ok(Planned { result: Verdict::Updated, answers, waiting: Vec::new(), plan: Some(plan) })
    }

    fn answered(&self, verdict: Verdict, message: String, help: String) -> Planned {
        let component = self.components.join(", ");
        let answer = Answer { component, verdict, message, help };
        Planned { result: verdict, answers: vec![answer], waiting: Vec::new(), plan: None }
    }

    fn is_meant(&self, name: &str) -> bool {
        self.components.is_empty() || self.components.iter().any(|component| component == name)
    }

    /// The manifest with what is asked for as it was.
    fn back_to(&self, target: &Draft) -> Result<Draft, Refusal> {
        let system = self.state.system;
        let mut draft = self.before.clone();
        for (name, _) in self.before.pins() {
            if self.is_meant(name) && target.component(name)?.is_none() {
                let Some(component) = draft.component(name)? else { continue };
                draft = draft.changed(&[yaml::Change::Remove { at: component.path.clone() }], system)?;
            }
        }
        for (name, _) in target.pins() {
            if self.is_meant(name) {
                let theirs = target.component(name)?.expect("it was just listed");
                draft = self.with(draft, name, target, theirs)?;
            }
        }
        if self.components.is_empty() {
            draft = self.with_experiment(draft, target)?;
        }
        self.read_back(&draft, target)?;
        Ok(draft)
    }

    /// The manifest with one component as it was, the keys beside its pin too.
    fn with(&self, draft: Draft, name: &str, target: &Draft, theirs: &Component) -> Result<Draft, Refusal> {
        let system = self.state.system;
        let draft = if draft.component(name)?.is_some() {
            draft
        } else {
            let changes =
                repin::add(&draft.document, &draft.manifest, &system.policy.layout, name, &theirs.pin())?;
            draft.changed(&changes, system)?
        };
        let own = draft.component(name)?.expect("it is there, or was just added");
        let changes = converge(&draft.document, own.node, &own.path, &target.document, theirs.node)?;
        if changes.is_empty() { Ok(draft) } else { draft.changed(&changes, system) }
    }

    fn with_experiment(&self, draft: Draft, target: &Draft) -> Result<Draft, Refusal> {
        let path = Path::of_keys(["experiment"]);
        let changes = match (draft.manifest.experiment, target.manifest.experiment) {
            (None, None) => Vec::new(),
            (Some(_), None) => vec![yaml::Change::Remove { at: path }],
            (Some(own), Some(theirs)) => converge(&draft.document, own, &path, &target.document, theirs)?,
            (None, Some(theirs)) => {
                let change = value_of(&target.document, theirs)
                    .and_then(|value| put(&draft.document, &path, value))
                    .ok_or_else(|| {
                        Refusal::new("the experiment cannot be written back", "write it by hand")
                    })?;
                vec![change]
            }
        };
        if changes.is_empty() { Ok(draft) } else { draft.changed(&changes, self.state.system) }
    }

    /// What was asked for is as it was; everything else is as it is.
    fn read_back(&self, after: &Draft, target: &Draft) -> Result<(), Refusal> {
        let expected = |name: &str| {
            let source = if self.is_meant(name) { target } else { &self.before };
            source.manifest.component(name).map(Component::pin)
        };
        let names = self.before.pins().into_iter().chain(target.pins()).chain(after.pins());
        let pins_are_meant = names
            .map(|(name, _)| name)
            .all(|name| after.manifest.component(name).map(Component::pin) == expected(name));
        let experiment =
            if self.components.is_empty() { target.experiment() } else { self.before.experiment() };
        let id = |draft: &Draft| draft.manifest.snapshot_id.as_ref().map(|id| id.text.clone());
        if pins_are_meant && after.experiment() == experiment && id(after) == id(&self.before) {
            return Ok(());
        }
        Err(Refusal::new(
            "could not go back without changing something else",
            "write the manifest in a plainer layout, or make this change by hand",
        ))
    }

    /// A pin to go back to that is held itself.
    fn held(&self, target: &Draft, after: &Draft) -> Option<(String, String)> {
        let changed = after.pins().into_iter().filter(|(name, pin)| {
            self.is_meant(name)
                && self.before.manifest.component(name).map(Component::pin).as_ref() != Some(pin)
                && target.manifest.component(name).is_some()
        });
        let (hold, pin) =
            changed.into_iter().find_map(|(name, pin)| Some((self.holds.on(name, &pin.digest)?, pin)))?;
        if hold.digest.is_none() {
            return Some(self.held_as_a_whole(hold));
        }
        let (name, tag) = (escape(&hold.component), escape(&pin.tag));
        Some((
            format!("`{tag}` of `{name}` is held itself{}", because(hold)),
            format!("go further back with `--to`, or `{}` first", self.lift(hold)),
        ))
    }

    /// What keeps a component as it is, to all sides.
    fn held_as_a_whole(&self, hold: &Hold) -> (String, String) {
        (
            format!("component `{}` is held{}", escape(&hold.component), because(hold)),
            format!("to roll it back all the same, `{}` first", self.lift(hold)),
        )
    }

    fn lift(&self, hold: &Hold) -> String {
        hold.lifted_by(self.state.system.name.as_deref())
    }

    /// Says that no former state fits: because a component is held that was to go back, or because
    /// there is none.
    pub fn nowhere(&self) -> Planned {
        let is_whole = |hold: &&Hold| hold.digest.is_none() && self.is_meant(&hold.component);
        if let Some(hold) = self.holds.entries().iter().find(is_whole) {
            let (message, help) = self.held_as_a_whole(hold);
            let nowhere = format!("there is no former state to go back to: {message}");
            return self.answered(Verdict::Refused, nowhere, help);
        }
        let help = "`--to` names one; what is held is never gone back to by itself";
        self.answered(Verdict::Refused, "there is no former state to go back to".to_owned(), help.to_owned())
    }
}

impl Answer {
    pub(super) fn new(component: &str, verdict: Verdict) -> Answer {
        Answer { component: component.to_owned(), verdict, message: String::new(), help: String::new() }
    }
}

/// What moves to what. Only what goes to an older pin is rolled back.
fn title(state: &State<'_>, changes: &[Change]) -> String {
    let is_forward = changes.iter().any(|change| change.kind == ChangeKind::Upgraded);
    let verb = state.titled(if is_forward { "Restore" } else { "Roll back" });
    if changes.is_empty() {
        format!("{verb} the experiment")
    } else {
        change::subject_of_moves(&verb, changes)
    }
}

/// The reason of a hold, at the end of a line.
fn because(hold: &Hold) -> String {
    if hold.reason.is_empty() { String::new() } else { format!(": {}", escape(&hold.reason)) }
}

/// What a hold means for whoever comes next.
fn note(hold: &Hold, system: &System) -> String {
    let (name, file) = (escape(&hold.component), escape(system.holds.as_str()));
    let tag = escape(hold.tag.as_deref().unwrap_or_default());
    let lift = hold.lifted_by(system.name.as_deref());
    format!("{name} {tag} is held now, in {file}: `{lift}` lifts that")
}

/// A hold on each digest that is left for another.
fn left(changes: &[Change], reason: Reason<'_>) -> Vec<Hold> {
    let hold = |change: &Change| {
        let from = change.from.as_ref()?;
        let is_left = change.to.as_ref().is_none_or(|to| to.digest != from.digest);
        Some(Hold {
            component: change.component.clone(),
            digest: Some(from.digest.parse().ok().filter(|_| is_left)?),
            tag: Some(from.tag.clone()),
            reason: escape(reason.text).to_string(),
            since: Some(reason.now),
        })
    };
    changes.iter().filter_map(hold).collect()
}

/// That a pin is left which nothing keeps from coming back: a digest is held, never a tag.
fn not_held(change: &Change, system: &System) -> Option<String> {
    let from =
        change.from.as_ref().filter(|from| from.digest.is_empty() && change.to.as_ref() != Some(from))?;
    let (name, tag) = (escape(&change.component), escape(&from.tag));
    let hold = format!(
        "sysbom hold {} --reason TEXT{}",
        shell_word(&change.component),
        option(system.name.as_deref())
    );
    Some(format!("{name} {tag} is not held: it has no digest to hold; `{hold}` keeps the component as it is"))
}

pub(super) fn no_component(draft: &Draft, name: &str) -> Refusal {
    let known = draft.manifest.components.iter().map(|component| component.name.as_str());
    let help = match nearest(name, known) {
        Some(meant) => format!("did you mean `{}`?", escape(meant)),
        None => "`sysbom show` lists the components".to_owned(),
    };
    Refusal::new(format!("component `{}` is not in the manifest", escape(name)), help)
}

/// Plans a hold on a component, or on one digest of it. Holding is no new state: nothing is
/// archived, and nothing that is deployed reads it.
///
/// # Errors
/// There is no such component, or the holds cannot be read.
pub fn plan_hold(state: &State<'_>, hold: &Hold) -> Result<Option<Plan>, Refusal> {
    if let Some(draft) = state.draft()?
        && draft.component(&hold.component)?.is_none()
    {
        return Err(no_component(&draft, &hold.component));
    }
    let text = Holds::read(state.holds)?.with(std::slice::from_ref(hold))?;
    let what = match (&hold.tag, &hold.digest) {
        (Some(tag), Some(_)) => format!("{} {}", escape(&hold.component), escape(tag)),
        (None, Some(digest)) => format!("{}@{digest}", escape(&hold.component)),
        (_, None) => escape(&hold.component).to_string(),
    };
    Ok(holds_plan(state, text, &format!("Hold {what}"), format!("Reason: {}", escape(&hold.reason))))
}

/// Plans to take away the holds of a component, or the one on a digest. `None` if there is none.
///
/// # Errors
/// The holds cannot be read or patched.
pub fn plan_unhold(
    state: &State<'_>,
    component: &str,
    digest: Option<&crate::bom::Digest>,
) -> Result<Option<Plan>, Refusal> {
    let Some(text) = Holds::read(state.holds)?.without(component, digest)? else { return Ok(None) };
    let digest = digest.map(|digest| format!("@{digest}")).unwrap_or_default();
    Ok(holds_plan(state, text, &format!("Unhold {}{digest}", escape(component)), String::new()))
}

fn holds_plan(state: &State<'_>, text: String, title: &str, body: String) -> Option<Plan> {
    if state.holds == Some(text.as_bytes()) {
        return None;
    }
    let writes = vec![Write { path: state.system.holds.clone(), content: text.into_bytes() }];
    let title = state.titled(title);
    Some(Plan {
        writes,
        archived: Vec::new(),
        changes: Vec::new(),
        title,
        body,
        date: None,
        notes: Vec::new(),
    })
}
