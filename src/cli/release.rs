//! `sysbom release`: new pins on top of base, as producers ask for them.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::release::{
    Arrival, Guard, MAX_PAYLOAD, Moment, Refusal, Request, arrivals, batch_branch, plan_release,
    release_branch,
};
use crate::text::escape;

use super::before::Before;
use super::console::Console;
use super::env::Env;
use super::exit::Exit;
use super::failure::Failure;
use super::way::{Asked, Journey, Place, Way, with_state};

/// Release images: their pins into the manifest, the state before into history
///
/// Works on the tip of the base branch, in a clone with or without a working tree, and commits on a
/// branch of its own unless told otherwise.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub struct Args {
    /// What to release: NAME=image:tag@digest, or NAME=tag@digest for a known component
    #[arg(value_name = "NAME=REF", required_unless_present = "payload", conflicts_with = "payload")]
    releases: Vec<String>,
    /// Read it from JSON: a producer's, an array of such, or a forge's event file; - for standard input
    #[arg(long, value_name = "FILE|-")]
    payload: Option<PathBuf>,
    /// When it was published, such as 2024-06-15T10:15:00Z; tells which is newer where tags have no order
    #[arg(long, value_name = "TIME", conflicts_with = "payload")]
    published_at: Option<String>,
    /// Onto the branch on which releases wait together
    #[arg(long, conflicts_with_all = ["branch", "direct", "worktree"])]
    batch: bool,
    #[command(flatten)]
    guards: Guards,
    #[command(flatten)]
    way: Way,
}

const AFTER: &str = "\
Examples:
  sysbom release app=v1.3.0@sha256:... --push origin     a branch sysbom/release/app, for a pull request
  sysbom release app=v1.3.0@sha256:... --direct --push origin
  sysbom release --payload event.json --dry-run

Exit status: 0 released, or nothing to do; 1 refused; 2 failed; 3 others were faster";

/// The guards that can be lifted.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub struct Guards {
    /// A component may be new
    #[arg(long)]
    allow_new: bool,
    /// A component may get another image name
    #[arg(long)]
    allow_move: bool,
    /// A component may get an older version, or one of which nobody knows
    #[arg(long)]
    allow_downgrade: bool,
    /// A known tag may get another digest
    #[arg(long)]
    allow_retag: bool,
}

impl Guards {
    /// Those that are lifted.
    pub fn lifted(&self) -> BTreeSet<Guard> {
        let all = [
            (self.allow_new, Guard::New),
            (self.allow_move, Guard::Move),
            (self.allow_downgrade, Guard::Downgrade),
            (self.allow_retag, Guard::Retag),
        ];
        all.into_iter().filter_map(|(lifted, guard)| lifted.then_some(guard)).collect()
    }
}

/// Runs the command.
pub fn run(args: &Args, env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    let arrivals = match asked(args, env)? {
        Ok(arrivals) => arrivals,
        Err(refusal) => return args.way.refuse(&refusal, env, console),
    };
    let system = arrivals.iter().find_map(|arrival| arrival.system.clone());
    if arrivals.iter().any(|arrival| arrival.system != system) {
        let refusal = Refusal::new(
            "several systems are asked for at once",
            "ask for one system at a time: each has commits of its own",
        );
        return args.way.refuse(&refusal, env, console);
    }
    let branch = |system: Option<&str>| {
        let names = arrivals.iter().map(|arrival| arrival.component.as_str());
        if args.batch { batch_branch(system) } else { release_branch(system, names) }
    };
    let allowed = args.guards.lifted();
    let journey = Journey {
        way: &args.way,
        env,
        system: system.as_deref().map(|name| Asked { name, place: Place::Payload }),
        branch: &branch,
        before: Before::PlannedAgain,
    };
    journey.run(console, &|here| {
        let now = Moment(here.now);
        let request = Request { arrivals: &arrivals, allowed: &allowed, waiting: here.waiting, now };
        Ok(with_state(here, |state| plan_release(state, &request)))
    })
}

fn asked(args: &Args, env: &Env) -> Result<Result<Vec<Arrival>, Refusal>, Failure> {
    let Some(payload) = &args.payload else {
        let published_at = args.published_at.as_deref().map(moment).transpose()?;
        let read = |text: &String| Ok(Arrival { published_at, ..Arrival::read(text)? });
        return Ok(args.releases.iter().map(read).collect());
    };
    Ok(arrivals(&read_file(env, payload, MAX_PAYLOAD)?))
}

fn moment(text: &str) -> Result<Moment, Failure> {
    text.parse().map_err(|_| {
        Failure::new(format!("`--published-at` says `{}`, which is no time", escape(text)))
            .help("write it as 2024-06-15T10:15:00Z, as `date -u +%FT%TZ` does")
    })
}

/// The bytes of a file, or of standard input for `-`; at most one more than `limit`.
pub fn read_file(env: &Env, path: &Path, limit: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let most = limit as u64 + 1;
    if path == Path::new("-") {
        std::io::stdin()
            .lock()
            .take(most)
            .read_to_end(&mut bytes)
            .map_err(|cause| Failure::new("could not read standard input").because(cause))?;
    } else {
        let file = std::fs::File::open(env.cwd.join(path));
        file.and_then(|file| file.take(most).read_to_end(&mut bytes))
            .map_err(|cause| Failure::io("read", path, &cause))?;
    }
    Ok(bytes)
}
