//! Which releases are made: in which order the guards are asked, what is written, and what is
//! answered.

use std::collections::{BTreeMap, BTreeSet};

use super::guards::Question;
use super::state::Draft;
use super::{Arrival, Holds, Moment, Plan, Recorded, Refusal, State, repin};
use crate::bom::Pin;
use crate::suggest::nearest;
use crate::text::escape;

/// A guard that somebody can lift for one release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Guard {
    /// `--allow-new`: a component that is not in the manifest.
    New,
    /// `--allow-move`: another image name than the component has.
    Move,
    /// `--allow-downgrade`: an older tag, or one of which nobody knows whether it is.
    Downgrade,
    /// `--allow-retag`: a tag that is known with another digest.
    Retag,
}

impl Guard {
    /// As flags and records spell it: `downgrade`.
    pub fn word(self) -> &'static str {
        match self {
            Guard::New => "new",
            Guard::Move => "move",
            Guard::Downgrade => "downgrade",
            Guard::Retag => "retag",
        }
    }

    /// The guard of a word.
    pub fn of_word(word: &str) -> Option<Guard> {
        [Guard::New, Guard::Move, Guard::Downgrade, Guard::Retag]
            .into_iter()
            .find(|guard| guard.word() == word)
    }
}

/// What becomes of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The manifest has it already.
    Noop,
    /// The manifest has a newer one.
    Superseded,
    /// The manifest gets it.
    Updated,
    /// Somebody holds it back.
    Held,
    /// A guard is in the way.
    Refused,
    /// It cannot be joined with what is on its branch.
    Conflict,
}

impl Verdict {
    /// As machines read it: `superseded`.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Noop => "noop",
            Verdict::Superseded => "superseded",
            Verdict::Updated => "updated",
            Verdict::Held => "held",
            Verdict::Refused => "refused",
            Verdict::Conflict => "conflict",
        }
    }
}

/// The answer to one release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The component.
    pub component: String,
    /// What becomes of it.
    pub verdict: Verdict,
    /// Why, one line; empty where the verdict says it all. Safe to print.
    pub message: String,
    /// What to do; empty where there is nothing to do.
    pub help: String,
}

/// What is to be done, and the answer to each release that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The answer as a whole: refused if one is, for that keeps the others back; else updated if
    /// anything is; else the gravest.
    pub result: Verdict,
    /// One answer for each release, in the order given.
    pub answers: Vec<Answer>,
    /// What became of the releases that waited on the branch already.
    pub waiting: Vec<Answer>,
    /// What to commit; `None` unless something is updated.
    pub plan: Option<Plan>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The releases. One that is refused keeps the others back; one that is held, superseded or
    /// there already does not. Of one component, later ones follow on earlier ones.
    pub arrivals: &'a [Arrival],
    /// The guards that are lifted for all of them.
    pub allowed: &'a BTreeSet<Guard>,
    /// The releases that wait on the branch already: see [`super::recorded`]. They are made first,
    /// each by itself; one that base has overtaken falls away, one that cannot be made goes on waiting
    /// in the record of the commit.
    pub waiting: &'a [Recorded],
    /// The present time. Nothing may say that it was published much later.
    pub now: Moment,
}

/// Plans a release on top of base: the manifest with the new pins, and base's state in history.
///
/// The guards, in this order: the component must be known ([`Guard::New`]); what the manifest has
/// already is no change; a digest where the policy wants one; nothing that is held; the image name
/// that the component has, or that the policy lets it have ([`Guard::Move`]); a tag that does not
/// float; a tag that neither the manifest nor a former state has with another digest
/// ([`Guard::Retag`]); no older release after a
/// newer one, told by tags, and where these say nothing, by when each was published
/// ([`Guard::Downgrade`]).
pub fn plan_release(state: &State<'_>, request: &Request<'_>) -> Planned {
    match Release::begin(state, request) {
        Ok(release) => release.run(),
        Err(refusal) => {
            let answer = |arrival: &Arrival| Answer::refused(&arrival.component, refusal.clone());
            Planned {
                result: Verdict::Refused,
                answers: request.arrivals.iter().map(answer).collect(),
                waiting: Vec::new(),
                plan: None,
            }
        }
    }
}

impl Answer {
    fn refused(component: &str, refusal: Refusal) -> Answer {
        let Refusal { message, help } = refusal;
        Answer { component: component.to_owned(), verdict: Verdict::Refused, message, help }
    }

    /// What could have been made, and is not because another is refused.
    fn keep_back(&mut self) {
        if self.verdict == Verdict::Updated {
            self.verdict = Verdict::Refused;
            self.message = format!(
                "`{}` is kept back: it was asked for together with one that is refused",
                escape(&self.component)
            );
            "ask for it alone, or mend the other".clone_into(&mut self.help);
        }
    }
}

/// A release being planned.
pub(super) struct Release<'a> {
    pub(super) state: &'a State<'a>,
    pub(super) request: &'a Request<'a>,
    pub(super) holds: Holds,
    before: Option<Draft>,
    /// The manifest with what has been made so far.
    pub(super) draft: Option<Draft>,
    /// When the pins were published that this release sets itself.
    pub(super) published: BTreeMap<String, Option<Moment>>,
    made: Vec<Recorded>,
    /// What waited already and cannot be made now: it goes on waiting.
    aside: Vec<Recorded>,
}

/// What a guard says.
pub(super) enum Stop {
    Noop,
    Superseded(String),
    Held(String, String),
    Refused(Refusal),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Refused(refusal)
    }
}

impl<'a> Release<'a> {
    fn begin(state: &'a State<'a>, request: &'a Request<'a>) -> Result<Self, Refusal> {
        let before = state.draft()?;
        Ok(Release {
            state,
            request,
            holds: Holds::read(state.holds)?,
            draft: before.clone(),
            before,
            published: BTreeMap::new(),
            made: Vec::new(),
            aside: Vec::new(),
        })
    }

    fn run(mut self) -> Planned {
        let waiting: Vec<Answer> = self
            .request
            .waiting
            .iter()
            .map(|recorded| {
                let answer = self.take(&recorded.arrival, &recorded.allowed);
                if matches!(answer.verdict, Verdict::Held | Verdict::Refused | Verdict::Conflict) {
                    self.aside.push(recorded.clone());
                }
                answer
            })
            .collect();
        let mut answers: Vec<Answer> =
            self.request.arrivals.iter().map(|arrival| self.take(arrival, self.request.allowed)).collect();
        let mut result = as_a_whole(&answers);
        if answers.is_empty() && !self.made.is_empty() {
            result = Verdict::Updated;
        }
        if result != Verdict::Updated {
            answers.iter_mut().for_each(Answer::keep_back);
            return Planned { result, answers, waiting, plan: None };
        }
        let plan = self.finish();
        if plan.is_none() {
            // There and back again.
            let updated = answers.iter_mut().filter(|answer| answer.verdict == Verdict::Updated);
            updated.for_each(|answer| answer.verdict = Verdict::Noop);
            result = as_a_whole(&answers);
        }
        Planned { result, answers, waiting, plan }
    }

    /// Makes one release, or says why not.
    fn take(&mut self, arrival: &Arrival, allowed: &BTreeSet<Guard>) -> Answer {
        let answer =
            |verdict, message, help| Answer { component: arrival.component.clone(), verdict, message, help };
        match self.make(arrival, allowed) {
            Ok(()) => answer(Verdict::Updated, String::new(), String::new()),
            Err(Stop::Noop) => answer(Verdict::Noop, String::new(), String::new()),
            Err(Stop::Superseded(message)) => answer(Verdict::Superseded, message, String::new()),
            Err(Stop::Held(message, help)) => answer(Verdict::Held, message, help),
            Err(Stop::Refused(refusal)) => Answer::refused(&arrival.component, refusal),
        }
    }

    fn make(&mut self, arrival: &Arrival, allowed: &BTreeSet<Guard>) -> Result<(), Stop> {
        let name = &arrival.component;
        let allowed = &self.with_what_waits(arrival, allowed);
        let current = match &self.draft {
            Some(draft) => draft.component(name)?,
            None => None,
        };
        let standing = match &self.before {
            Some(before) => before.component(name)?.map(|component| component.pin().image),
            None => None,
        };
        let to = match (&standing, current) {
            // What waits on a branch may have moved: a release that names no image means base's.
            (Some(image), _) => arrival.pin(image),
            (None, Some(component)) => arrival.pin(&component.pin().image),
            (None, None) => self.new_pin(arrival, allowed)?,
        };
        if current.is_some_and(|component| component.pin() == to) {
            return Err(Stop::Noop);
        }
        let question = Question { release: self, arrival, allowed, to: &to };
        question.date()?;
        question.digest(current)?;
        question.held()?;
        let is_new = standing.is_none();
        let waits = || current.map(|component| component.pin().image);
        question.image(standing.or_else(waits).as_deref())?;
        question.tag(current)?;
        question.known_tag()?;
        if let Some(current) = current {
            question.order(&current.pin())?;
        }
        let draft = self.written(arrival, &to)?;
        self.draft = Some(draft);
        self.published.insert(name.clone(), arrival.published_at);
        self.made.retain(|made| made.arrival.component != *name);
        self.aside.retain(|aside| aside.arrival.component != *name);
        // Base cannot say the image of what only waits, when the branch is built again.
        let image = if is_new { to.image.parse().ok() } else { None };
        let arrival = Arrival { image: arrival.image.clone().or(image), ..arrival.clone() };
        self.made.push(Recorded { arrival, allowed: allowed.clone() });
        Ok(())
    }

    /// What is allowed, with what a person allowed for the release of the same component that waits
    /// on the branch and that this one takes the place of: to be new, or to have this image.
    fn with_what_waits(&self, arrival: &Arrival, allowed: &BTreeSet<Guard>) -> BTreeSet<Guard> {
        let mut allowed = allowed.clone();
        let waits = self.made.iter().find(|made| made.arrival.component == arrival.component);
        let Some(Recorded { arrival: before, allowed: lifted }) = waits else { return allowed };
        let is_same_image = arrival.image.is_some() && arrival.image == before.image;
        allowed.extend(lifted.get(&Guard::New));
        allowed.extend(lifted.get(&Guard::Move).filter(|_| is_same_image));
        allowed
    }

    /// The pin of a component that is not there yet.
    fn new_pin(&self, arrival: &Arrival, allowed: &BTreeSet<Guard>) -> Result<Pin, Refusal> {
        let name = escape(&arrival.component);
        if !allowed.contains(&Guard::New) {
            let known: Vec<String> = self
                .draft
                .iter()
                .flat_map(|draft| &draft.manifest.components)
                .map(|component| component.name.clone())
                .collect();
            let needs = match arrival.image {
                Some(_) => "`--allow-new`",
                None => "`--allow-new`, and its image: `NAME=image:tag@digest`",
            };
            let help = match nearest(&arrival.component, known.iter().map(String::as_str)) {
                Some(meant) => format!("did you mean `{}`? A new component needs {needs}", escape(meant)),
                None => format!("a new component needs {needs}"),
            };
            return Err(Refusal::new(format!("component `{name}` is not in the manifest"), help));
        }
        if arrival.image.is_none() {
            let message = format!("component `{name}` is new, and its release names no image");
            return Err(Refusal::new(message, "release it as `NAME=image:tag@digest`"));
        }
        Ok(arrival.pin(""))
    }

    /// The manifest with one more pin, read back: this component has it and no other changed.
    fn written(&self, arrival: &Arrival, to: &Pin) -> Result<Draft, Refusal> {
        let system = self.state.system;
        let layout = &system.policy.layout;
        let Some(draft) = &self.draft else {
            let after = Draft::read(&repin::first(layout, &arrival.component, to)?, system)?;
            return read_back(Vec::new(), None, after, &arrival.component, to);
        };
        let changes = match draft.component(&arrival.component)? {
            Some(component) => repin::repin(&draft.document, component, &layout.fields, to)?,
            None => repin::add(&draft.document, &draft.manifest, layout, &arrival.component, to)?,
        };
        let after = draft.changed(&changes, system)?;
        read_back(draft.pins(), draft.experiment().as_deref(), after, &arrival.component, to)
    }

    fn finish(self) -> Option<Plan> {
        let after = self.draft.as_ref()?;
        let before = self.before.as_ref();
        if before.is_some_and(|before| before.document.text() == after.document.text()) {
            return None;
        }
        let mut plan = self.state.plan(before, after, "Release");
        let known: Vec<&str> = after.pins().into_iter().map(|(name, _)| name).collect();
        plan.notes.extend(self.holds.strangers(&known));
        plan.date = self.made.iter().filter_map(|made| made.arrival.published_at).max();
        let stays =
            |made: &&Recorded| plan.changes.iter().any(|change| change.component == made.arrival.component);
        let system = &self.state.system.name;
        let made = self.made.iter().filter(stays).map(|made| made.line(system.as_deref()));
        let aside = self.aside.iter().map(|aside| aside.line_aside(system.as_deref()));
        let lines: Vec<String> = made.chain(aside).collect();
        plan.body = format!("{}\n{}", plan.body, lines.join("\n"));
        Some(plan)
    }
}

fn as_a_whole(answers: &[Answer]) -> Verdict {
    let gravest = answers.iter().map(|answer| answer.verdict).max().unwrap_or(Verdict::Noop);
    let something_is_updated = answers.iter().any(|answer| answer.verdict == Verdict::Updated);
    match gravest {
        Verdict::Held if something_is_updated => Verdict::Updated,
        Verdict::Noop
        | Verdict::Superseded
        | Verdict::Updated
        | Verdict::Held
        | Verdict::Refused
        | Verdict::Conflict => gravest,
    }
}

fn read_back(
    before: Vec<(&str, Pin)>,
    experiment: Option<&str>,
    after: Draft,
    component: &str,
    to: &Pin,
) -> Result<Draft, Refusal> {
    let others = |pins: Vec<(&str, Pin)>| -> Vec<(String, Pin)> {
        let others = pins.into_iter().filter(|(name, _)| *name != component);
        others.map(|(name, pin)| (name.to_owned(), pin)).collect()
    };
    let own: Vec<Pin> =
        after.pins().into_iter().filter(|(name, _)| *name == component).map(|(_, pin)| pin).collect();
    let is_meant = own == [to.clone()]
        && others(after.pins()) == others(before)
        && after.experiment().as_deref() == experiment;
    if is_meant {
        return Ok(after);
    }
    Err(Refusal::new(
        format!("could not write the pin of `{}` without changing something else", escape(component)),
        "write the manifest in a plainer layout, or make this change by hand",
    ))
}
