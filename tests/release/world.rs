//! A system in memory: what base says of it, and what plans make of it.

use std::collections::BTreeSet;

use sysbom::bom::{Manifest, Pin, archive_path};
use sysbom::policy::{Policies, System};
use sysbom::release::{
    Arrival, Guard, Moment, Plan, Planned, Published, Recorded, Request, State, plan_release,
};
use sysbom::text::Source;
use sysbom::tree::RepoPath;
use sysbom::yaml::Document;

/// The present of every test: 2024-06-15T10:15:00Z.
pub const NOW: i64 = 1_718_446_500;

/// `sha256:` and 64 times this letter.
pub fn digest(letter: char) -> String {
    format!("sha256:{}", letter.to_string().repeat(64))
}

/// A text with `@a` to `@f` written out as digests.
pub fn with_digests(text: &str) -> String {
    ('a'..='f').fold(text.to_owned(), |text, letter| {
        text.replace(&format!("@{letter}"), &format!("@{}", digest(letter)))
    })
}

/// What base says.
#[derive(Clone, Debug)]
pub struct World {
    pub system: System,
    pub manifest: Option<String>,
    pub holds: Option<String>,
    pub committed: i64,
    pub published: Published,
    /// The pins of former states, by component.
    pub former: Vec<(&'static str, &'static str)>,
}

impl World {
    /// With this manifest, where `#a` stands for a digest of nothing but `a`.
    pub fn new(manifest: &str) -> World {
        World::with_policy(manifest, "")
    }

    pub fn with_policy(manifest: &str, policy: &str) -> World {
        let rules = sysbom::check::rule_ids();
        let policies =
            Policies::read(&Source::new(".sysbom.yaml", policy), &rules).expect("the policy is valid");
        let manifest = ('a'..='f')
            .fold(manifest.to_owned(), |text, letter| text.replace(&format!("#{letter}"), &digest(letter)));
        World {
            system: policies.system_at(&RepoPath::new("releases/current.yaml")).expect("there is one system"),
            manifest: Some(manifest),
            holds: None,
            committed: NOW - 1000,
            published: Published::Unknown,
            former: Vec::new(),
        }
    }

    /// The usual one: `app` at v1.2.3 with digest `a`, `web` at v2.0.0 with digest `b`.
    pub fn usual() -> World {
        World::new(
            "images:\n  app:\n    image: ghcr.io/acme/app\n    tag: v1.2.3 # the app\n    digest: #a\n  \
             web:\n    image: ghcr.io/acme/web\n    tag: v2.0.0\n    digest: #b\nexperiment:\n  canaryEnabled: false\n",
        )
    }

    pub fn state<R>(&self, ask: impl FnOnce(&State<'_>) -> R) -> R {
        let archive = self.manifest.as_ref().map(|text| {
            archive_path(
                &self.system.history,
                self.system.policy.history.value,
                self.committed,
                text.as_bytes(),
            )
        });
        let published = |_: &str| self.published;
        let former = |component: &str, image: &str, tag: &str| {
            let of_it = self.former.iter().filter(|(name, _)| *name == component);
            let texts: Vec<String> = of_it.map(|(_, reference)| with_digests(reference)).collect();
            let known = texts.iter().filter_map(|text| text.strip_prefix(&format!("{image}:{tag}@")));
            known.map(str::to_owned).collect()
        };
        ask(&State {
            system: &self.system,
            manifest: self.manifest.as_deref().map(str::as_bytes),
            holds: self.holds.as_deref().map(str::as_bytes),
            archive,
            committed: Some(self.committed),
            published: &published,
            former_digests: &former,
        })
    }

    /// Plans releases given as arguments.
    pub fn release(&self, arguments: &[&str], allowed: &[Guard]) -> Planned {
        let arrivals: Vec<Arrival> = arguments
            .iter()
            .map(|argument| Arrival::read(&with_digests(argument)).expect("the argument is well formed"))
            .collect();
        self.plan(&arrivals, allowed, &[])
    }

    pub fn plan(&self, arrivals: &[Arrival], allowed: &[Guard], waiting: &[Recorded]) -> Planned {
        let allowed: BTreeSet<Guard> = allowed.iter().copied().collect();
        let request = Request { arrivals, allowed: &allowed, waiting, now: Moment(NOW) };
        self.state(|state| plan_release(state, &request))
    }

    /// The world after a plan has become base's tip.
    pub fn after(&self, plan: &Plan) -> World {
        let mut after = self.clone();
        after.committed = plan.committer_time(Some(self.committed), NOW);
        for write in &plan.writes {
            let text = String::from_utf8(write.content.clone()).expect("we write UTF-8");
            if write.path == self.system.manifest {
                after.manifest = Some(text);
            } else if write.path == self.system.holds {
                after.holds = Some(text);
            }
        }
        after
    }

    /// All pins, in source order.
    pub fn pins(&self) -> Vec<(String, Pin)> {
        let document = Document::parse(self.manifest.as_deref().expect("there is one")).expect("it is YAML");
        let manifest = Manifest::read(&document, &self.system.policy.layout);
        manifest.components.iter().map(|component| (component.name.clone(), component.pin())).collect()
    }

    /// The pin of a component.
    pub fn pin(&self, component: &str) -> Pin {
        let document = Document::parse(self.manifest.as_deref().expect("there is one")).expect("it is YAML");
        let manifest = Manifest::read(&document, &self.system.policy.layout);
        manifest.component(component).map(sysbom::bom::Component::pin).unwrap_or_default()
    }
}

/// Everything an answer says, for one release.
pub fn said(planned: &Planned) -> String {
    let answer = &planned.answers[0];
    format!("{}: {}", planned.result.word(), answer.message)
}
