//! Whether a tag floats: the policy's own lists first, then what the tag says of itself.
//!
//! Knows the steps and their order; the first that fits decides. Reading a tag's words and digits
//! is `tag`'s.

use super::tag::{Kind, kind};
use super::{Date, Pattern, Policy, Setting};
use crate::bom::Tag;
use crate::text::{Span, escape};

/// How many numbers a full version has unless the policy lowers it.
const VERSION_PARTS: usize = 3;

/// What the policy says of floating tags.
#[derive(Clone, Debug)]
pub struct FloatingSettings {
    /// What a digest excuses.
    pub with_digest: Setting<WithDigest>,
    /// What to make of tags that say nothing.
    pub unknown: Setting<Unknown>,
    /// Tags that are refused whatever they say.
    pub deny: Vec<Deny>,
    /// Tags that are accepted whatever they say, unless they are denied.
    pub allow: Vec<Allow>,
    /// What holds for some components besides.
    pub components: Vec<ComponentTags>,
    /// The day on which it is judged whether an allow has run out; `None`: none ever does.
    pub today: Option<Date>,
}

/// What a digest beside a tag excuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithDigest {
    /// Nothing.
    Reject,
    /// Partial and unknown versions, but no name that moves.
    NamesOnly,
    /// Everything but what the policy denies.
    Accept,
}

/// What to make of tags that are neither version, commit, date nor build, nor a known name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// They float.
    Reject,
    /// They do not.
    Accept,
}

/// Tags that are refused.
#[derive(Clone, Debug)]
pub struct Deny {
    /// Which.
    pub tag: Pattern,
    /// Why, if the policy says so.
    pub reason: Option<String>,
    /// The place of the pattern.
    pub span: Span,
}

/// Tags that are accepted.
#[derive(Clone, Debug)]
pub struct Allow {
    /// Which.
    pub tag: Pattern,
    /// Why.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Option<Date>,
    /// The place of the pattern.
    pub span: Span,
}

/// What holds for some components besides.
#[derive(Clone, Debug)]
pub struct ComponentTags {
    /// The components, by name.
    pub name: Pattern,
    /// Tags of theirs that are refused.
    pub deny: Vec<Deny>,
    /// Tags of theirs that are accepted.
    pub allow: Vec<Allow>,
    /// How many numbers their full versions have.
    pub version_parts: Option<Setting<usize>>,
}

impl Default for FloatingSettings {
    fn default() -> Self {
        FloatingSettings {
            with_digest: Setting::default_of(WithDigest::Reject),
            unknown: Setting::default_of(Unknown::Reject),
            deny: Vec::new(),
            allow: Vec::new(),
            components: Vec::new(),
            today: None,
        }
    }
}

/// The verdict on a tag, with the step that came to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Floating {
    /// It does not float, or the policy excuses it.
    Accepted {
        /// `policy-allow`, `full-version`, `commit-or-date`, `build-number`, `unknown-accepted` or
        /// `with-digest`.
        step: &'static str,
        /// The setting it rests on.
        because: Option<Span>,
    },
    /// It floats.
    Rejected {
        /// `pin-malformed` (which is a rule of its own), `policy-deny`, `moving-name`,
        /// `moving-suffix`, `partial-version` or `unversioned`.
        step: &'static str,
        /// One line, lower case, no full stop, with the step; safe to print.
        message: String,
        /// What to do.
        help: String,
        /// The setting it rests on.
        because: Option<Span>,
    },
}

impl Policy {
    /// Judges the tag of a component. `has_digest` says whether a digest stands beside it.
    ///
    /// ```
    /// use sysbom::policy::{Floating, Policy};
    /// let policy = Policy::default();
    /// assert!(matches!(policy.floating("app", "v1.2.3", true), Floating::Accepted { step: "full-version", .. }));
    /// let Floating::Rejected { step, message, .. } = policy.floating("app", "v1.2", true) else { panic!() };
    /// assert_eq!(step, "partial-version");
    /// assert_eq!(
    ///     message,
    ///     "component `app` uses the floating tag `v1.2`: it names only part of a version (partial-version)"
    /// );
    /// ```
    pub fn floating(&self, component: &str, tag: &str, has_digest: bool) -> Floating {
        let asked = Asked { settings: &self.floating, component, tag };
        if let Err(malformed) = tag.parse::<Tag>() {
            return Floating::Rejected {
                step: "pin-malformed",
                message: format!("component `{}` has a malformed tag: {malformed}", escape(component)),
                help: "a tag has letters, digits, `_`, `.` and `-`, and begins with none of the last two"
                    .to_owned(),
                because: None,
            };
        }
        if let Some(deny) = asked.deny() {
            return asked.denied(deny);
        }
        if let Some(allow) = asked.allow(|until| !asked.is_over(until)) {
            return Floating::Accepted { step: "policy-allow", because: Some(allow.span) };
        }
        asked.by_kind(&kind(tag, asked.version_parts()), has_digest)
    }
}

/// One question and what it is judged by.
#[derive(Clone, Copy)]
struct Asked<'a> {
    settings: &'a FloatingSettings,
    component: &'a str,
    tag: &'a str,
}

impl<'a> Asked<'a> {
    fn own(self) -> impl Iterator<Item = &'a ComponentTags> {
        self.settings.components.iter().filter(move |own| own.name.fits(self.component))
    }

    fn deny(self) -> Option<&'a Deny> {
        let own = self.own().flat_map(|own| &own.deny);
        own.chain(&self.settings.deny).find(|deny| deny.tag.fits(self.tag))
    }

    fn allow(self, holds: impl Fn(Option<Date>) -> bool) -> Option<&'a Allow> {
        let own = self.own().flat_map(|own| &own.allow);
        own.chain(&self.settings.allow).find(|allow| allow.tag.fits(self.tag) && holds(allow.until))
    }

    fn is_over(self, until: Option<Date>) -> bool {
        matches!((self.settings.today, until), (Some(today), Some(until)) if today > until)
    }

    fn version_parts(self) -> usize {
        self.own().find_map(|own| own.version_parts.as_ref()).map_or(VERSION_PARTS, |parts| parts.value)
    }

    fn by_kind(self, kind: &Kind, has_digest: bool) -> Floating {
        let with_digest = &self.settings.with_digest;
        let excused = match (has_digest, with_digest.value) {
            (false, _) | (true, WithDigest::Reject) => false,
            (true, WithDigest::NamesOnly) => matches!(kind, Kind::PartialVersion | Kind::Unversioned),
            (true, WithDigest::Accept) => true,
        };
        let accepted = |step| Floating::Accepted { step, because: None };
        let (step, why) = match kind {
            Kind::FullVersion => return accepted("full-version"),
            Kind::CommitOrDate => return accepted("commit-or-date"),
            Kind::BuildNumber => return accepted("build-number"),
            _ if excused => return Floating::Accepted { step: "with-digest", because: with_digest.span },
            Kind::MovingPrefix | Kind::Unversioned if self.settings.unknown.value == Unknown::Accept => {
                let because = self.settings.unknown.span;
                return Floating::Accepted { step: "unknown-accepted", because };
            }
            Kind::MovingToken(token) => ("moving-name", format!("`{token}` moves wherever it stands")),
            Kind::MovingName => ("moving-name", "the name moves from build to build".to_owned()),
            Kind::MovingPrefix => ("moving-name", "it names a channel and no full version".to_owned()),
            Kind::MovingSuffix(word) => {
                ("moving-suffix", format!("`{word}` moves, and no number follows it"))
            }
            Kind::PartialVersion => ("partial-version", "it names only part of a version".to_owned()),
            Kind::Unversioned => ("unversioned", "it names no version, commit, date or build".to_owned()),
        };
        self.rejected(step, &why, has_digest)
    }

    fn rejected(self, step: &'static str, why: &str, has_digest: bool) -> Floating {
        let expired = self.allow(|until| self.is_over(until));
        let mut help = String::new();
        if let Some((allow, until)) = expired.and_then(|allow| Some((allow, allow.until?))) {
            help = format!("the policy allowed `{}` until {until}; ", escape(allow.tag.as_str()));
        }
        help.push_str("use the tag of the build you tested, such as `v1.2.3`, or allow this one in `.sysbom.yaml` under `floating.allow`");
        if step == "partial-version" && self.tag.contains('.') {
            help.push_str(
                "; if its full versions have two parts, set `version-parts: 2` under `floating.components`",
            );
        }
        // Whoever wrote a digest wonders why it does not do; who set `with-digest` knows.
        if has_digest && self.settings.with_digest.span.is_none() {
            help.push_str(
                "; the digest beside it does not help: a chart that renders image and tag only would follow the tag",
            );
        }
        let because = match (expired, step) {
            (Some(allow), _) => Some(allow.span),
            (None, "unversioned") => self.settings.unknown.span.or(self.with_digest_span(has_digest)),
            (None, _) => self.with_digest_span(has_digest),
        };
        Floating::Rejected { step, message: self.message(why, step), help, because }
    }

    fn with_digest_span(self, has_digest: bool) -> Option<Span> {
        self.settings.with_digest.span.filter(|_| has_digest)
    }

    fn denied(self, deny: &Deny) -> Floating {
        let pattern = escape(deny.tag.as_str());
        let why = match &deny.reason {
            Some(reason) => format!("the policy denies `{pattern}`: {}", escape(reason)),
            None => format!("the policy denies `{pattern}`"),
        };
        Floating::Rejected {
            step: "policy-deny",
            message: self.message(&why, "policy-deny"),
            help: "use another tag, or change `floating.deny` in `.sysbom.yaml`".to_owned(),
            because: Some(deny.span),
        }
    }

    fn message(self, why: &str, step: &str) -> String {
        let (component, tag) = (escape(self.component), escape(self.tag));
        format!("component `{component}` uses the floating tag `{tag}`: {why} ({step})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policies;
    use crate::text::Source;

    const SETTINGS: &str = "floating:
  deny: [v9.*, {tag: 're:.*-rc\\.[0-9]+', reason: no release candidates}]
  allow:
  - {tag: edge, reason: tracked by hand, until: 2024-06-30}
  - {tag: v9.9.9, reason: never reached}
  components:
  - {name: 'db*', version-parts: 2, allow: [{tag: bookworm, reason: frozen}], deny: ['1.0']}
";

    fn policy(text: &str) -> Policy {
        let policies = Policies::read(&Source::new(".sysbom.yaml", text), &[]).expect("the policy is valid");
        policies.common().clone()
    }

    fn step(policy: &Policy, component: &str, tag: &str, has_digest: bool) -> &'static str {
        match policy.floating(component, tag, has_digest) {
            Floating::Accepted { step, .. } | Floating::Rejected { step, .. } => step,
        }
    }

    #[test]
    fn deny_wins_over_allow_and_both_over_what_the_tag_says() {
        let policy = policy(SETTINGS);
        for (component, tag, expected) in [
            ("app", "v9.9.9", "policy-deny"),
            ("app", "1.2.3-rc.1", "policy-deny"),
            ("app", "1.2.3", "full-version"),
            ("app", "edge", "policy-allow"),
            ("app", "bookworm", "unversioned"),
            ("db", "bookworm", "policy-allow"),
            ("db-main", "16.3", "full-version"),
            ("db", "1.0", "policy-deny"),
            ("app", "16.3", "partial-version"),
            ("db", "16", "partial-version"),
            ("app", "-bad", "pin-malformed"),
        ] {
            assert_eq!(step(&policy, component, tag, true), expected, "{component}:{tag}");
        }
    }

    #[test]
    fn globs_for_tags_know_no_case() {
        let text = "floating: {deny: ['edge*', 're:beta.*'], allow: [{tag: 'Vendor-?', reason: x}], components: [{name: db, deny: ['RC[0-9]']}]}\n";
        let policy = policy(text);
        for (component, tag, expected) in [
            ("app", "EDGE-1.2.3", "policy-deny"),
            ("app", "Edge", "policy-deny"),
            ("app", "VENDOR-X", "policy-allow"),
            ("db", "rc1", "policy-deny"),
            ("DB", "rc1", "unversioned"),
            ("app", "beta-1.2.3", "policy-deny"),
            ("app", "BETA-1.2.3", "full-version"),
        ] {
            assert_eq!(step(&policy, component, tag, true), expected, "{component}:{tag}");
        }
    }

    #[test]
    fn an_allow_holds_through_its_last_day() {
        let policies = Policies::read(&Source::new("p", SETTINGS), &[]).expect("the policy is valid");
        let on = |day: &str| policies.clone().on(day.parse().expect("a day")).common().clone();
        assert_eq!(step(&on("2024-06-30"), "app", "edge", true), "policy-allow");
        let Floating::Rejected { step, help, because, .. } = on("2024-07-01").floating("app", "edge", true)
        else {
            panic!("it has run out")
        };
        assert_eq!(step, "moving-name");
        assert!(help.starts_with("the policy allowed `edge` until 2024-06-30; "), "{help}");
        assert_eq!(because.map(|span| span.of(SETTINGS)), Some("edge"));
    }

    #[test]
    fn a_verdict_points_at_the_setting_it_rests_on() {
        let place = |text: &str, tag: &str| {
            let because = match policy(text).floating("app", tag, true) {
                Floating::Accepted { because, .. } | Floating::Rejected { because, .. } => because,
            };
            because.map(|span| span.of(text).to_owned())
        };
        assert_eq!(place(SETTINGS, "v9.1.0").as_deref(), Some("v9.*"));
        assert_eq!(place(SETTINGS, "v1.2.3"), None);
        assert_eq!(place("floating: {unknown: accept}\n", "jammy").as_deref(), Some("accept"));
        assert_eq!(place("floating: {with-digest: names-only}\n", "main").as_deref(), Some("names-only"));
        assert_eq!(place("floating: {with-digest: accept}\n", "main").as_deref(), Some("accept"));
    }

    #[test]
    fn a_digest_excuses_what_the_policy_says_and_no_more() {
        let names_only = policy("floating: {with-digest: names-only, deny: [pr-*]}\n");
        let accept = policy("floating: {with-digest: accept, deny: [pr-*]}\n");
        let unknown = policy("floating: {unknown: accept}\n");
        for (tag, by_names_only, by_accept, by_unknown) in [
            ("latest", "moving-name", "with-digest", "moving-name"),
            ("main", "moving-name", "with-digest", "moving-name"),
            ("1.2.3-dev", "moving-suffix", "with-digest", "moving-suffix"),
            ("stable-alpine", "moving-name", "with-digest", "unknown-accepted"),
            ("1.2", "with-digest", "with-digest", "partial-version"),
            ("jammy", "with-digest", "with-digest", "unknown-accepted"),
            ("pr-123", "policy-deny", "policy-deny", "unknown-accepted"),
            ("1.2.3", "full-version", "full-version", "full-version"),
        ] {
            assert_eq!(step(&names_only, "app", tag, true), by_names_only, "{tag}");
            assert_eq!(step(&accept, "app", tag, true), by_accept, "{tag}");
            assert_eq!(step(&unknown, "app", tag, true), by_unknown, "{tag}");
            let without_digest = step(&accept, "app", tag, false);
            assert_ne!(without_digest, "with-digest", "{tag}");
        }
    }
}
