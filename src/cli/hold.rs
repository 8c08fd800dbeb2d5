//! `sysbom hold` and `sysbom unhold`: what may not be released, and what may again.

use crate::bom::{Digest, Manifest};
use crate::release::{Hold, Moment, State, hold_branch, plan_hold, plan_unhold};
use crate::text::escape;
use crate::yaml::Document;

use super::console::Console;
use super::env::Env;
use super::exit::Exit;
use super::failure::Failure;
use super::way::{EXIT, Journey, Way, of_plan, with_state};

/// Hold a component, so that nothing of it is released
///
/// Nothing that is deployed changes.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT)]
pub struct Args {
    /// The component, or one digest of it as COMPONENT@sha256:...
    #[arg(value_name = "COMPONENT[@DIGEST]")]
    what: String,
    /// Why; whoever releases it is told
    #[arg(long, value_name = "TEXT")]
    reason: String,
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
    let (component, digest) = parts(&args.what)?;
    let branch = |system: Option<&str>| hold_branch(system, component);
    let journey = Journey { way: &args.way, env, system: None, branch: &branch };
    journey.run(console, &|here| {
        Ok(with_state(here, |state| {
            let hold = Hold {
                component: component.to_owned(),
                tag: digest.as_ref().and_then(|digest| tag_of(state, component, digest)),
                digest: digest.clone(),
                reason: escape(&args.reason).to_string(),
                since: Some(Moment(here.now)),
            };
            of_plan(plan_hold(state, &hold))
        }))
    })
}

/// Runs `unhold`.
pub fn unhold(args: &UnholdArgs, env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    let (component, digest) = parts(&args.what)?;
    let branch = |system: Option<&str>| hold_branch(system, component);
    let journey = Journey { way: &args.way, env, system: None, branch: &branch };
    journey.run(console, &|here| {
        Ok(with_state(here, |state| of_plan(plan_unhold(state, component, digest.as_ref()))))
    })
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
