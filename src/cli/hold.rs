//! `sysbom hold` and `sysbom unhold`: what may not be released, and what may again.

use crate::bom::{Digest, Manifest};
use crate::release::{
    Hold, Holds, Moment, Planned, State, hold_branch, holds_human, holds_json, plan_hold, plan_unhold,
};
use crate::text::escape;
use crate::yaml::Document;

use super::before::Before;
use super::console::Console;
use super::env::Env;
use super::exit::Exit;
use super::failure::Failure;
use super::standing::{Standing, systems};
use super::way::{EXIT, Journey, Way, with_state};

/// Hold a component, so that nothing of it is released
///
/// Nothing that is deployed changes. Without a component, lists what is held on the base branch, and why.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT)]
pub struct Args {
    /// The component, or one digest of it as COMPONENT@sha256:...
    #[arg(value_name = "COMPONENT[@DIGEST]", requires = "reason")]
    what: Option<String>,
    /// Why; whoever releases it is told
    #[arg(long, value_name = "TEXT", requires = "what")]
    reason: Option<String>,
    #[command(flatten)]
    way: Way,
}

/// Let a component be released again
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT)]
pub struct UnholdArgs {
    /// The component, or one digest of it as COMPONENT@sha256:...
    #[arg(value_name = "COMPONENT[@DIGEST]")]
    what: String,
    #[command(flatten)]
    way: Way,
}

/// Runs `hold`.
pub fn run(args: &Args, env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    let Some(what) = &args.what else { return list(&args.way, env, console) };
    let (component, digest) = parts(what)?;
    let reason = escape(args.reason.as_deref().unwrap_or_default()).to_string();
    let branch = |system: Option<&str>| hold_branch(system, component);
    let journey = Journey { way: &args.way, env, system: None, branch: &branch, before: Before::Kept };
    journey.run(console, &|here| {
        Ok(with_state(here, |state| {
            let hold = Hold {
                component: component.to_owned(),
                tag: digest.as_ref().and_then(|digest| tag_of(state, component, digest)),
                digest: digest.clone(),
                reason: reason.clone(),
                since: Some(Moment(here.now)),
            };
            match plan_hold(state, &hold) {
                Ok(None) => Planned::nothing_to_do(component, held_already(state, &hold)),
                plan => Planned::of_plan(plan),
            }
        }))
    })
}

/// Runs `unhold`.
pub fn unhold(args: &UnholdArgs, env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    let (component, digest) = parts(&args.what)?;
    let branch = |system: Option<&str>| hold_branch(system, component);
    let journey = Journey { way: &args.way, env, system: None, branch: &branch, before: Before::Kept };
    journey.run(console, &|here| {
        Ok(with_state(here, |state| match plan_unhold(state, component, digest.as_ref()) {
            Ok(None) => {
                let (what, file) = (escape(&args.what), escape(state.system.holds.as_str()));
                Planned::nothing_to_do(component, format!("{file} does not hold `{what}`"))
            }
            plan => Planned::of_plan(plan),
        }))
    })
}

/// That a hold stands in the file, and for which reason.
fn held_already(state: &State<'_>, hold: &Hold) -> String {
    let held = Holds::read(state.holds).unwrap_or_default();
    let is_it = |other: &&Hold| other.component == hold.component && other.digest == hold.digest;
    let reason = held.entries().iter().find(is_it).map(|hold| hold.reason.as_str()).unwrap_or_default();
    let file = escape(state.system.holds.as_str());
    format!("{file} holds `{}` already: {}", escape(&hold.component), escape(reason))
}

/// What is held on base.
fn list(way: &Way, env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    let repo = env.repository()?;
    let mut all = Vec::new();
    let base = way.base(&repo)?;
    for system in way.systems(systems(&repo, &base)?)? {
        let standing = Standing::read(&repo, &base, system)?;
        let held = standing
            .with(|state| Holds::read(state.holds))
            .map_err(|refusal| Failure::new(refusal.message).help(refusal.help))?;
        for line in standing.with(|state| strangers(state, &held)) {
            console.say(format!("warning: {line}\n"));
        }
        all.extend(held.entries().iter().map(|hold| (standing.system.name.clone(), hold.clone())));
    }
    console.out(if way.wants_json() { holds_json(&all) } else { holds_human(&all, &base.name) })?;
    Ok(Exit::Ok)
}

/// What is held and is no component.
fn strangers(state: &State<'_>, held: &Holds) -> Vec<String> {
    let Some(document) = state.manifest.and_then(|bytes| Document::parse_bytes(bytes).ok()) else {
        return Vec::new();
    };
    let manifest = Manifest::read(&document, &state.system.policy.layout);
    let known: Vec<&str> = manifest.components.iter().map(|component| component.name.as_str()).collect();
    held.strangers(&known)
}

fn parts(what: &str) -> Result<(&str, Option<Digest>), Failure> {
    match what.rsplit_once('@') {
        None => Ok((what, None)),
        Some((component, digest)) => match digest.parse() {
            Ok(digest) => Ok((component, Some(digest))),
            Err(fault) => Err(Failure::new(format!("could not hold `{}`", escape(what)))
                .because(fault)
                .help("write COMPONENT@sha256:... with all 64 digits, or the component alone")),
        },
    }
}

/// The tag that a digest has in the manifest, if it is the present one.
fn tag_of(state: &State<'_>, component: &str, digest: &Digest) -> Option<String> {
    let document = Document::parse_bytes(state.manifest?).ok()?;
    let manifest = Manifest::read(&document, &state.system.policy.layout);
    let pin = manifest.component(component)?.pin();
    (pin.digest == digest.as_str()).then_some(pin.tag)
}
