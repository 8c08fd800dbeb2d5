//! `sysbom merge-file`: the merge by hand, with the arguments of `git merge-file`.

use std::path::{Path, PathBuf};

use crate::merge::{ConflictStyle, Options, Outcome, Sides, entries_in_conflict};

use super::console::Console;
use super::env::Env;
use super::exit::Exit;
use super::failure::Failure;
use super::merging;
use super::place::Place;

/// Merge three files by hand: the change from BASE to OTHER into CURRENT
///
/// Leaves with the number of conflicting entries, at most 127; with 255 if nothing was merged.
#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "the switches are those of git merge-file")]
pub struct Args {
    /// Write the result to standard output and leave CURRENT alone
    #[arg(short = 'p', long)]
    stdout: bool,
    /// Do not tell about conflicts
    #[arg(short, long)]
    quiet: bool,
    /// Names to show at the markers: of CURRENT, then BASE, then OTHER
    #[arg(short = 'L', value_name = "LABEL", allow_hyphen_values = true)]
    label: Vec<String>,
    /// How many characters a marker has
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    marker_size: u16,
    /// Show the base between the markers
    #[arg(long, conflicts_with = "zdiff3")]
    diff3: bool,
    /// As --diff3
    #[arg(long)]
    zdiff3: bool,
    /// The file merged into
    current: PathBuf,
    /// The common ancestor
    base: PathBuf,
    /// The file merged in
    other: PathBuf,
}

/// Runs the command.
pub fn run(args: &Args, env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    if args.label.len() > 3 {
        return Err(Failure::new("could not merge: there are three files and more than three labels"));
    }
    let read = |path: &Path| merging::read_side(&env.cwd.join(path));
    let bytes = Sides { base: read(&args.base)?, ours: read(&args.current)?, theirs: read(&args.other)? };
    let place = Place::if_any(env)?;
    let options = Options {
        layout: place.layout_of_file(&args.current)?,
        labels: labels(args),
        marker_size: usize::from(args.marker_size),
        style: style(args).unwrap_or(place.conflict_style()),
        virtual_base: false,
    };
    let (result, conflicts) = match merging::merge(&bytes, &options)? {
        Outcome::Merged(bytes) => (bytes, Vec::new()),
        Outcome::Conflicted { bytes, conflicts } => (bytes, conflicts),
    };
    if args.stdout {
        console.out(&result)?;
    } else {
        crate::git::replace_file(&env.cwd.join(&args.current), &result)?;
    }
    if !args.quiet {
        console.say(merging::describe(&args.current.to_string_lossy(), &conflicts, &options.labels));
    }
    Ok(Exit::Conflicts(entries_in_conflict(&conflicts)))
}

fn style(args: &Args) -> Option<ConflictStyle> {
    match (args.diff3, args.zdiff3) {
        (true, _) => Some(ConflictStyle::Diff3),
        (_, true) => Some(ConflictStyle::Zdiff3),
        (false, false) => None,
    }
}

/// The labels given, and the files' own names for the others, in the order of `git merge-file`.
fn labels(args: &Args) -> Sides<String> {
    let label = |index: usize, path: &Path| {
        args.label.get(index).cloned().unwrap_or_else(|| path.to_string_lossy().into_owned())
    };
    Sides { ours: label(0, &args.current), base: label(1, &args.base), theirs: label(2, &args.other) }
}
