//! `sysbom merge-driver`: what git runs for one manifest that both sides changed.
//!
//! git reads the status: 0 is merged, 1 is a conflict with the markers in `%A`, and only what is
//! above 128 stops the merge. So everything that is neither leaves with 129 ([`Caller::Git`]).
//! Only `%A` is written: git adds no other file to the merge, and an untracked one would abort it.
//!
//! [`Caller::Git`]: super::exit::Caller::Git

use std::path::PathBuf;

use crate::merge::{Options, Outcome, Sides};
use crate::tree::RepoPath;

use super::console::Console;
use super::env::Env;
use super::exit::Exit;
use super::failure::Failure;
use super::place::{DEFAULT_MARKER_SIZE, Place};
use super::{fault, merging};

/// Merge one manifest for git; see gitattributes(5)
#[derive(Debug, clap::Args)]
pub struct Args {
    /// %O: the file of the common ancestor
    #[arg(value_name = "%O")]
    base: PathBuf,
    /// %A: the file of our side; receives the result
    #[arg(value_name = "%A")]
    ours: PathBuf,
    /// %B: the file of their side
    #[arg(value_name = "%B")]
    theirs: PathBuf,
    /// %L: how many characters a marker has
    #[arg(value_name = "%L", value_parser = clap::value_parser!(u16).range(1..))]
    marker_size: u16,
    /// %P: the path in the repository
    #[arg(value_name = "%P", allow_hyphen_values = true)]
    path: PathBuf,
    /// %S %X %Y: what the base, our side and their side are called
    #[arg(long, num_args = 3, value_names = ["%S", "%X", "%Y"], allow_hyphen_values = true)]
    labels: Vec<String>,
}

/// Runs the command.
pub fn run(args: &Args, env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    fault::here("start", env);
    let read = |path: &PathBuf| merging::read_side(&env.cwd.join(path));
    let bytes = Sides { base: read(&args.base)?, ours: read(&args.ours)?, theirs: read(&args.theirs)? };
    let options = options(args, env)?;
    let outcome = merging::merge(&bytes, &options)?;
    fault::here("merged", env);
    let (result, conflicts) = match outcome {
        Outcome::Merged(bytes) => (bytes, Vec::new()),
        Outcome::Conflicted { bytes, conflicts } => (bytes, conflicts),
    };
    crate::git::replace_file(&env.cwd.join(&args.ours), &result)?;
    fault::here("written", env);
    // The merge of a virtual base is git's own business: nobody can act on its conflicts, and
    // those that matter come up again in the merge around it.
    if !options.virtual_base {
        console.say(merging::describe(&args.path.to_string_lossy(), &conflicts, &options.labels));
    }
    Ok(if conflicts.is_empty() { Exit::Ok } else { Exit::Conflict })
}

fn options(args: &Args, env: &Env) -> Result<Options, Failure> {
    let place = Place::of_driver(env)?;
    let marker_size = usize::from(args.marker_size);
    Ok(Options {
        layout: place.layout(&RepoPath::new(args.path.to_string_lossy()))?,
        labels: labels(&args.labels),
        marker_size,
        style: place.conflict_style(),
        // git adds two to the size for each level of a merge of merge bases, and says it in no
        // other way.
        virtual_base: marker_size > DEFAULT_MARKER_SIZE && marker_size > place.marker_size(&args.path)?,
    })
}

/// The labels git gave. Before 2.44 it does not know the placeholders and hands them over as
/// they stand; an empty one says nothing either.
fn labels(given: &[String]) -> Sides<String> {
    let label = |index: usize, placeholder: &str, absent: &str| {
        let label = given.get(index).filter(|label| !label.is_empty() && *label != placeholder);
        label.map_or_else(|| absent.to_owned(), |label| shortened(label))
    };
    Sides { base: label(0, "%S", "base"), ours: label(1, "%X", "ours"), theirs: label(2, "%Y", "theirs") }
}

/// A label in which commits have short ids. git shortens that of the base and not those of the
/// sides, where a commit was named by its whole id.
fn shortened(label: &str) -> String {
    let short = |word: &str| match word.get(..7) {
        Some(start) if is_full_id(word) => start.to_owned(),
        _ => word.to_owned(),
    };
    label.split(' ').map(short).collect::<Vec<_>>().join(" ")
}

fn is_full_id(word: &str) -> bool {
    matches!(word.len(), 40 | 64) && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_that_an_older_git_left_alone_are_no_labels() {
        let given = ["%S", "HEAD", "%Y"].map(str::to_owned);
        let expected = Sides { base: "base".into(), ours: "HEAD".into(), theirs: "theirs".into() };
        assert_eq!(labels(&given), expected);
        assert_eq!(labels(&[]).ours, "ours");
    }

    #[test]
    fn a_commit_is_called_by_its_short_id() {
        let id = "4f1c2ab0".repeat(5);
        assert_eq!(shortened(&format!("{id} (Release app)")), "4f1c2ab (Release app)");
        assert_eq!(shortened("release/app"), "release/app");
    }
}
