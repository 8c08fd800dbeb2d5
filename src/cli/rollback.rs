//! `sysbom rollback`: back to a former state, as a release of its own.

use crate::policy::System;
use crate::release::{Moment, Planned, Reason, Rollback, State, rollback_branch};
use crate::text::escape;

use super::before::Before;
use super::console::Console;
use super::env::Env;
use super::exit::Exit;
use super::failure::Failure;
use super::former::{Former, find, states};
use super::way::{EXIT, Here, Journey, Way, with_state};

/// Go back to a former state, and hold what is left
///
/// Without --to, back to the newest state in which something asked for was another and is not held.
/// The digests that are left are held: releasing them again does nothing, anything newer passes.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT)]
pub struct Args {
    /// Only these components; all of them and the experiment if none is named
    #[arg(value_name = "COMPONENT")]
    components: Vec<String>,
    /// Back to this archive or snapshot (its name without folder), or to the state at this revision
    #[arg(long, value_name = "ID|REV")]
    to: Option<String>,
    /// Why; whoever releases it again is told
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    way: Way,
}

/// Runs the command.
pub fn run(args: &Args, env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    if args.reason.trim().is_empty() {
        return Err(Failure::new("the reason is empty").help("say why with --reason: the next one will ask"));
    }
    let branch = |system: Option<&str>| rollback_branch(system, args.components.iter().map(String::as_str));
    let journey = Journey { way: &args.way, env, system: None, branch: &branch, before: Before::Replaced };
    journey.run(console, &|here| with_state(here, |state| plan(args, here, state)))
}

fn plan(args: &Args, here: &Here<'_>, state: &State<'_>) -> Result<Planned, Failure> {
    let rollback = match Rollback::begin(state, &args.components) {
        Ok(rollback) => rollback,
        Err(refusal) => return Ok(Planned::refused(&refusal.message, &refusal.help)),
    };
    let reason = Reason { text: &args.reason, now: Moment(here.now) };
    let system: &System = &here.standing.system;
    let target = match &args.to {
        Some(name) => Some(find(here.repo, here.base, system, name)?),
        None => previous(here, system, &rollback)?,
    };
    Ok(match target {
        Some(former) => rollback.plan(&former.name, &former.bytes, reason),
        None => rollback.nowhere(),
    })
}

fn previous(here: &Here<'_>, system: &System, rollback: &Rollback<'_>) -> Result<Option<Former>, Failure> {
    for former in states(here.repo, here.base, system)? {
        let former = former.map_err(|failure| {
            failure.help(format!(
                "name the state to go back to with --to; {} is cut off",
                escape(&here.base.name)
            ))
        })?;
        if rollback.fits(&former.bytes) {
            return Ok(Some(former));
        }
    }
    Ok(None)
}
