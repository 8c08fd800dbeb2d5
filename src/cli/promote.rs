//! `sysbom promote`: one system's pins into another.

use crate::release::{Arrival, Moment, Planned, Request, plan_release, promote_branch, promotions};

use super::before::Before;
use super::console::Console;
use super::env::Env;
use super::exit::Exit;
use super::failure::Failure;
use super::release::Guards;
use super::standing::{Standing, systems};
use super::way::{Asked, EXIT, Here, Journey, Place, Way, with_state};

/// Release one system's pins into another, never its experiment
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT)]
pub struct Args {
    /// The system to take the pins from
    #[arg(value_name = "FROM")]
    from: String,
    /// The system to release them into
    #[arg(value_name = "TO")]
    to: String,
    /// Only these components
    #[arg(value_name = "COMPONENT")]
    components: Vec<String>,
    #[command(flatten)]
    guards: Guards,
    #[command(flatten)]
    way: Way,
}

/// Runs the command.
pub fn run(args: &Args, env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    let branch = |system: Option<&str>| promote_branch(system, args.components.iter().map(String::as_str));
    let system = Some(asked(&args.to));
    let journey = Journey { way: &args.way, env, system, branch: &branch, before: Before::Replaced };
    let allowed = args.guards.lifted();
    journey.run(console, &|here| {
        let arrivals = match arrivals(args, here)? {
            Ok(arrivals) => arrivals,
            Err(refusal) => return Ok(Planned::refused(&refusal.message, &refusal.help)),
        };
        let request = Request { arrivals: &arrivals, allowed: &allowed, waiting: &[], now: Moment(here.now) };
        Ok(with_state(here, |state| plan_release(state, &request)))
    })
}

fn asked(name: &str) -> Asked<'_> {
    Asked { name, place: Place::Argument }
}

fn arrivals(args: &Args, here: &Here<'_>) -> Result<Result<Vec<Arrival>, crate::release::Refusal>, Failure> {
    let all = systems(here.repo, here.base)?;
    let from = match asked(&args.from).among(&all)? {
        Ok(from) => from,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let standing = Standing::read(here.repo, here.base, from)?;
    Ok(standing.with(|state| promotions(state, &args.components)))
}
