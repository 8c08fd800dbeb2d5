//! Which releases are made: the guards that each must pass, in which order they are asked, and what
//! is answered.

use std::collections::{BTreeMap, BTreeSet};

use super::state::Draft;
use super::{Arrival, Holds, Moment, Plan, Published, Recorded, Refusal, State, repin};
use crate::bom::{Component, Pin};
use crate::change::{Order, order, reference};
use crate::policy::{DigestNeed, Floating, exceptions};
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
    /// The answer as a whole: the gravest of all, where one that is held or refused keeps the
    /// others back, because what is asked for together belongs together.
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
    /// The releases. What is asked for together is released together or not at all; of one
    /// component, later ones follow on earlier ones.
    pub arrivals: &'a [Arrival],
    /// The guards that are lifted for all of them.
    pub allowed: &'a BTreeSet<Guard>,
    /// The releases that wait on the branch already: see [`super::recorded`]. They are made first,
    /// each by itself; one that base has overtaken falls away.
    pub waiting: &'a [Recorded],
    /// The present time. Nothing may say that it was published much later.
    pub now: Moment,
}

/// Clocks of machines may differ by this many seconds.
const CLOCK_SKEW: i64 = 3600;

/// Plans a release on top of base: the manifest with the new pins, and base's state in history.
///
/// The guards, in this order: the component must be known ([`Guard::New`]); what the manifest has
/// already is no change; a digest where the policy wants one; nothing that is held; the image name
/// that the component has, or that the policy lets it have ([`Guard::Move`]); a tag that does not
/// float; a tag that is not known with another digest ([`Guard::Retag`]); no older release after a
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
}

struct Release<'a> {
    state: &'a State<'a>,
    request: &'a Request<'a>,
    holds: Holds,
    before: Option<Draft>,
    draft: Option<Draft>,
    /// When the pins were published that this release sets itself.
    published: BTreeMap<String, Option<Moment>>,
    made: Vec<Recorded>,
}

/// What a guard says.
enum Stop {
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
        })
    }

    fn run(mut self) -> Planned {
        let waiting: Vec<Answer> = self
            .request
            .waiting
            .iter()
            .map(|recorded| self.take(&recorded.arrival, &recorded.allowed))
            .collect();
        let answers: Vec<Answer> =
            self.request.arrivals.iter().map(|arrival| self.take(arrival, self.request.allowed)).collect();
        let mut result = answers.iter().map(|answer| answer.verdict).max().unwrap_or(Verdict::Noop);
        if answers.is_empty() && !self.made.is_empty() {
            result = Verdict::Updated;
        }
        if result != Verdict::Updated {
            return Planned { result, answers, waiting, plan: None };
        }
        let plan = self.finish();
        let result = if plan.is_some() { result } else { Verdict::Noop };
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
        let current = match &self.draft {
            Some(draft) => draft.component(name)?,
            None => None,
        };
        let to = match current {
            Some(component) => arrival.pin(&component.pin().image),
            None => self.new_pin(arrival, allowed)?,
        };
        if current.is_some_and(|component| component.pin() == to) {
            return Err(Stop::Noop);
        }
        let question = Question { release: self, arrival, allowed, to: &to };
        question.date()?;
        question.digest(current)?;
        question.held()?;
        question.image(current)?;
        question.tag(current)?;
        question.known_tag()?;
        if let Some(current) = current {
            question.order(&current.pin())?;
        }
        let draft = self.written(arrival, &to)?;
        self.draft = Some(draft);
        self.published.insert(name.clone(), arrival.published_at);
        self.made.retain(|made| made.arrival.component != *name);
        self.made.push(Recorded { arrival: arrival.clone(), allowed: allowed.clone() });
        Ok(())
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
            let help = match nearest(&arrival.component, known.iter().map(String::as_str)) {
                Some(meant) => {
                    format!("did you mean `{}`? A new component needs `--allow-new`", escape(meant))
                }
                None => "a new component needs `--allow-new`".to_owned(),
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
        plan.date = self.made.iter().filter_map(|made| made.arrival.published_at).max();
        let stays =
            |made: &&Recorded| plan.changes.iter().any(|change| change.component == made.arrival.component);
        let system = &self.state.system.name;
        let lines: Vec<String> =
            self.made.iter().filter(stays).map(|made| made.line(system.as_deref())).collect();
        plan.body = format!("{}\n{}", plan.body, lines.join("\n"));
        Some(plan)
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

/// One release before the guards.
struct Question<'q> {
    release: &'q Release<'q>,
    arrival: &'q Arrival,
    allowed: &'q BTreeSet<Guard>,
    to: &'q Pin,
}

impl Question<'_> {
    fn name(&self) -> String {
        escape(&self.arrival.component).to_string()
    }

    /// A date in the future would put every later commit there too.
    fn date(&self) -> Result<(), Refusal> {
        let latest = self.release.request.now.0.saturating_add(CLOCK_SKEW);
        match self.arrival.published_at.filter(|published| published.0 > latest) {
            None => Ok(()),
            Some(published) => Err(Refusal::new(
                format!(
                    "the release of `{}` says that it was published at {published}, in the future",
                    self.name()
                ),
                "set the producer's clock, or leave `publishedAt` out",
            )),
        }
    }

    fn digest(&self, current: Option<&Component>) -> Result<(), Refusal> {
        if !self.to.digest.is_empty() {
            return Ok(());
        }
        let policy = &self.release.state.system.policy;
        let has_one = current.is_some_and(|component| !component.pin().digest.is_empty());
        if policy.digest.value == DigestNeed::Required || has_one {
            let why = if has_one { "its pin has one" } else { "the policy asks for one" };
            return Err(Refusal::new(
                format!("the release of `{}` names no digest, and {why}", self.name()),
                "name what was pushed: `NAME=image:tag@sha256:...`",
            ));
        }
        Ok(())
    }

    fn held(&self) -> Result<(), Stop> {
        let Some(hold) = self.release.holds.on(&self.arrival.component, &self.to.digest) else {
            return Ok(());
        };
        let what = match &hold.digest {
            Some(_) => format!("`{}` of `{}`", escape(&self.to.tag), self.name()),
            None => format!("component `{}`", self.name()),
        };
        let reason =
            if hold.reason.is_empty() { String::new() } else { format!(": {}", escape(&hold.reason)) };
        let digest = hold.digest.as_ref().map(|digest| format!("@{digest}")).unwrap_or_default();
        Err(Stop::Held(
            format!("{what} is held{reason}"),
            format!("to release it all the same, `sysbom unhold {}{digest}` first", self.name()),
        ))
    }

    fn image(&self, current: Option<&Component>) -> Result<(), Refusal> {
        let policy = &self.release.state.system.policy;
        let listed = policy.allows_image(&self.arrival.component, &self.to.image);
        let image = escape(&self.to.image);
        if listed.as_ref().is_some_and(|listed| !listed.value) {
            return Err(Refusal::new(
                format!("the policy does not let `{}` have the image `{image}`", self.name()),
                "list the image name under `images` of `.sysbom.yaml` on the base branch first",
            ));
        }
        let Some(current) = current.map(|component| component.pin().image) else { return Ok(()) };
        if current == self.to.image || listed.is_some() || self.allowed.contains(&Guard::Move) {
            return Ok(());
        }
        Err(Refusal::new(
            format!(
                "`{}` has the image `{}`, and this release names `{image}`",
                self.name(),
                escape(&current)
            ),
            "if it moved, say so with `--allow-move`, or list the name under `images` of `.sysbom.yaml`",
        ))
    }

    fn tag(&self, current: Option<&Component>) -> Result<(), Refusal> {
        let policy = &self.release.state.system.policy;
        let verdict = policy.floating(&self.arrival.component, &self.to.tag, !self.to.digest.is_empty());
        match verdict {
            Floating::Accepted { .. } => Ok(()),
            Floating::Rejected { .. } if self.is_excepted(current) => Ok(()),
            Floating::Rejected { message, help, .. } => Err(Refusal::new(message, help)),
        }
    }

    /// Whether a comment in base's manifest lets this component have floating tags. Whether it still
    /// holds is for the check of what is written.
    fn is_excepted(&self, current: Option<&Component>) -> bool {
        let Some((draft, tag)) = self.release.draft.as_ref().zip(current.and_then(|c| c.tag.as_ref())) else {
            return false;
        };
        let found = exceptions(&draft.document, &["floating-tag"]).found;
        found.iter().any(|exception| exception.covers("floating-tag", tag.span))
    }

    /// A tag that stands in the manifest with another digest.
    fn known_tag(&self) -> Result<(), Refusal> {
        if self.allowed.contains(&Guard::Retag) || self.to.digest.is_empty() {
            return Ok(());
        }
        let pins = self.release.draft.as_ref().map(Draft::pins).unwrap_or_default();
        let is_other = |pin: &Pin| {
            pin.image == self.to.image
                && pin.tag == self.to.tag
                && !pin.digest.is_empty()
                && pin.digest != self.to.digest
        };
        let Some((owner, _)) = pins.iter().find(|(_, pin)| is_other(pin)) else { return Ok(()) };
        Err(Refusal::new(
            format!(
                "`{}:{}` is pinned with another digest in `{}`: the tag was pushed again",
                escape(&self.to.image),
                escape(&self.to.tag),
                escape(owner)
            ),
            "release under a tag of its own; or, if it is meant, say so with `--allow-retag`",
        ))
    }

    fn order(&self, from: &Pin) -> Result<(), Stop> {
        if self.allowed.contains(&Guard::Downgrade) {
            return Ok(());
        }
        match order(&self.to.tag, &from.tag) {
            Order::Newer | Order::Same => Ok(()),
            Order::Older => Err(Stop::Superseded(format!(
                "`{}` has `{}` already, which is newer than `{}`",
                self.name(),
                escape(&from.tag),
                escape(&self.to.tag)
            ))),
            Order::Unknown => self.order_by_time(from),
        }
    }

    fn order_by_time(&self, from: &Pin) -> Result<(), Stop> {
        let help = "send `publishedAt` with each release; or, if you know it is newer, `--allow-downgrade`";
        let unknown = |why: &str| {
            let message = format!(
                "nothing tells whether `{}` of `{}` is newer than `{}`: {why}",
                escape(&self.to.tag),
                self.name(),
                escape(if from.tag.is_empty() { &from.digest } else { &from.tag })
            );
            Err(Stop::Refused(Refusal::new(message, help)))
        };
        let Some(published) = self.arrival.published_at else {
            return unknown("the tags have no order, and the release does not say when it was published");
        };
        let present = match self.release.published.get(&self.arrival.component) {
            Some(known) => known.map_or(Published::Unknown, Published::At),
            None => (self.release.state.published)(&self.arrival.component),
        };
        match present {
            Published::At(then) | Published::AtMost(then) if published > then => Ok(()),
            Published::At(then) if published < then => Err(Stop::Superseded(format!(
                "`{}` has {} already, published at {then}, after this one",
                self.name(),
                escape(&reference(from)),
            ))),
            Published::At(_) => unknown("both were published in the same second"),
            Published::AtMost(_) => unknown("when the present one was published is not recorded"),
            Published::Unknown => unknown("when the present one was published is not known"),
        }
    }
}
