//! Which releases are made: in which order the guards are asked, and what is written.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::Stop;
use super::guards::Question;
use super::state::Draft;
use super::{Answer, Arrival, Guard, Holds, Moment, Plan, Planned, Recorded, Refusal, State, Verdict, repin};
use crate::bom::Pin;
use crate::suggest::nearest;
use crate::text::escape;

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

/// A release being planned.
struct Release<'a> {
    state: &'a State<'a>,
    request: &'a Request<'a>,
    holds: Holds,
    before: Option<Draft>,
    /// The manifest with what has been made so far.
    draft: Option<Draft>,
    /// When the pins were published that this release sets itself.
    published: BTreeMap<String, Option<Moment>>,
    made: Vec<Recorded>,
    /// What waited already and cannot be made now: it goes on waiting.
    aside: Vec<Recorded>,
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
            // There and back again: what base has is asked for in the place of what waits.
            answers.iter_mut().for_each(Answer::be_back);
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
            // What waits is made again, on base as it is by now; the branch may be the same then.
            let waits = self.made.iter().any(|made| made.arrival.component == *name);
            return if waits { Ok(()) } else { Err(Stop::Noop) };
        }
        let question = Question {
            state: self.state,
            holds: &self.holds,
            draft: self.draft.as_ref(),
            published: &self.published,
            now: self.request.now,
            arrival,
            allowed,
            to: &to,
        };
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
