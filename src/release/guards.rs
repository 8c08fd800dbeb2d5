//! The guards of a release, one by one: what each asks of a pin, and what it says when it stops it.
//!
//! In which order they are asked is for `plan`.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::Stop;
use super::state::Draft;
use super::{Arrival, Guard, Holds, Moment, Published, Refusal, State};
use crate::bom::{Component, Pin};
use crate::change::{Order, order, reference};
use crate::policy::{DigestNeed, Floating, exceptions};
use crate::text::escape;

/// Clocks of machines may differ by this many seconds.
const CLOCK_SKEW: i64 = 3600;

/// One release before the guards.
pub(super) struct Question<'q> {
    pub(super) state: &'q State<'q>,
    pub(super) holds: &'q Holds,
    /// The manifest with what has been made so far.
    pub(super) draft: Option<&'q Draft>,
    /// When the pins were published that this release has set itself.
    pub(super) published: &'q BTreeMap<String, Option<Moment>>,
    pub(super) now: Moment,
    pub(super) arrival: &'q Arrival,
    pub(super) allowed: &'q BTreeSet<Guard>,
    pub(super) to: &'q Pin,
}

impl Question<'_> {
    fn name(&self) -> String {
        escape(&self.arrival.component).to_string()
    }

    /// A date in the future would put every later commit there too.
    pub(super) fn date(&self) -> Result<(), Refusal> {
        let latest = self.now.0.saturating_add(CLOCK_SKEW);
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

    pub(super) fn digest(&self, current: Option<&Component>) -> Result<(), Refusal> {
        if !self.to.digest.is_empty() {
            return Ok(());
        }
        let policy = &self.state.system.policy;
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

    pub(super) fn held(&self) -> Result<(), Stop> {
        let Some(hold) = self.holds.on(&self.arrival.component, &self.to.digest) else {
            return Ok(());
        };
        let what = match &hold.digest {
            Some(_) => format!("`{}` of `{}`", escape(&self.to.tag), self.name()),
            None => format!("component `{}`", self.name()),
        };
        let reason =
            if hold.reason.is_empty() { String::new() } else { format!(": {}", escape(&hold.reason)) };
        let lift = hold.lifted_by(self.state.system.name.as_deref());
        Err(Stop::Held(
            format!("{what} is held{reason}"),
            format!("to release it all the same, `{lift}` first"),
        ))
    }

    /// `current` is the image name that base has, whatever waits on a branch.
    pub(super) fn image(&self, current: Option<&str>) -> Result<(), Refusal> {
        let policy = &self.state.system.policy;
        let listed = policy.allows_image(&self.arrival.component, &self.to.image);
        let image = escape(&self.to.image);
        if listed.as_ref().is_some_and(|listed| !listed.value) {
            return Err(Refusal::new(
                format!("the policy does not let `{}` have the image `{image}`", self.name()),
                "list the image name under `images` of `.sysbom.yaml` on the base branch first",
            ));
        }
        let Some(current) = current else { return Ok(()) };
        if current == self.to.image || listed.is_some() || self.allowed.contains(&Guard::Move) {
            return Ok(());
        }
        Err(Refusal::new(
            format!(
                "`{}` has the image `{}`, and this release names `{image}`",
                self.name(),
                escape(current)
            ),
            "if it moved, say so with `--allow-move`, or list the name under `images` of `.sysbom.yaml`",
        ))
    }

    pub(super) fn tag(&self, current: Option<&Component>) -> Result<(), Refusal> {
        let policy = &self.state.system.policy;
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
        let Some((draft, tag)) = self.draft.zip(current.and_then(|c| c.tag.as_ref())) else {
            return false;
        };
        let found = exceptions(&draft.document, &["floating-tag"]).found;
        found.iter().any(|exception| exception.covers("floating-tag", tag.span))
    }

    /// A tag that stands in the manifest with another digest, or stood in a former one.
    pub(super) fn known_tag(&self) -> Result<(), Refusal> {
        if self.allowed.contains(&Guard::Retag) || self.to.digest.is_empty() {
            return Ok(());
        }
        let pins = self.draft.map(Draft::pins).unwrap_or_default();
        let is_other = |pin: &Pin| {
            pin.image == self.to.image
                && pin.tag == self.to.tag
                && !pin.digest.is_empty()
                && pin.digest != self.to.digest
        };
        let place = match pins.iter().find(|(_, pin)| is_other(pin)) {
            Some((owner, _)) => format!("is pinned with another digest in `{}`", escape(owner)),
            None if self.is_known_otherwise() => {
                "was pinned with another digest in a former state".to_owned()
            }
            None => return Ok(()),
        };
        let (image, tag) = (escape(&self.to.image), escape(&self.to.tag));
        Err(Refusal::new(
            format!("`{image}:{tag}` {place}: the tag was pushed again"),
            "release under a tag of its own; or, if it is meant, say so with `--allow-retag`",
        ))
    }

    /// Whether former states had the tag, and never with this digest: one that they had as well is
    /// an old acquaintance, whose order tells what becomes of it.
    fn is_known_otherwise(&self) -> bool {
        let Pin { image, tag, digest } = self.to;
        let known = (self.state.former_digests)(&self.arrival.component, image, tag);
        !known.is_empty() && !known.contains(digest)
    }

    pub(super) fn order(&self, from: &Pin) -> Result<(), Stop> {
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
        let present = match self.published.get(&self.arrival.component) {
            Some(known) => known.map_or(Published::Unknown, Published::At),
            None => (self.state.published)(&self.arrival.component),
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
