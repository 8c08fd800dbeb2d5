//! `sysbom check`: judges an update by the rules and shows what was found.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::check::{Finding, Scope};
use crate::git::Repo;
use crate::report::{Color, Counts, Format};
use crate::text::escape;

use super::console::Console;
use super::env::Env;
use super::exit::Exit;
use super::failure::Failure;
use super::fix::{self, Judged};
use super::install::{BEGIN, stands_without_manifest};
use super::policies::policies_of;
use super::update::{Revision, Update};

/// Judge the manifest, its history and the policy
///
/// Without revisions the working tree is judged, with --staged the index, against the newest
/// commit of the base branch that HEAD contains. In CI name the base: `--base HEAD^1` on a forge's
/// merge ref (of a pull request, on GitHub), never the sha that the event recorded; after a push,
/// what was there before.
///
/// Leaves with 0 if nothing is at error level, with 1 if something is, with 2 if sysbom could
/// not look.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Judge the update from this revision
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// Judge the update to this revision [default: HEAD]
    #[arg(long, value_name = "REV", requires = "base")]
    head: Option<String>,
    /// Judge the index
    #[arg(long, conflicts_with = "base")]
    staged: bool,
    /// Judge all of history, not only what is new in it, and look for states that it lacks
    #[arg(long)]
    history: bool,
    /// Mend what can be mended without guessing, in the working tree and the index
    #[arg(long, conflicts_with = "base")]
    fix: bool,
    /// How to show what was found
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: FormatName,
    /// Write it to a file as well, in a format of its own; may be given more than once
    #[arg(long, value_name = "FORMAT=PATH", value_parser = output)]
    output: Vec<(FormatName, PathBuf)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormatName {
    Human,
    Json,
    Github,
    Gitlab,
    Sarif,
}

impl FormatName {
    fn with(self, color: Color) -> Format {
        match self {
            FormatName::Human => Format::Human(color),
            FormatName::Json => Format::Json,
            FormatName::Github => Format::Github,
            FormatName::Gitlab => Format::Gitlab,
            FormatName::Sarif => Format::Sarif,
        }
    }
}

fn output(text: &str) -> Result<(FormatName, PathBuf), String> {
    let (format, path) =
        text.split_once('=').ok_or("it has the form FORMAT=PATH, such as sarif=out.sarif")?;
    if path.is_empty() {
        return Err("the path is missing".to_owned());
    }
    Ok((FormatName::from_str(format, false)?, PathBuf::from(path)))
}

/// Runs the command.
pub fn run(args: &Args, env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    let mut repo = env.repository()?;
    let mut findings = judge(args, env, &repo)?;
    if args.fix {
        let judged = if args.staged { Judged::Index } else { Judged::WorkTree };
        let done = fix::apply(&repo, judged, &findings)?;
        tell(args, console, &done)?;
        if !done.is_empty() {
            repo = env.repository()?;
            findings = judge(args, env, &repo)?;
        }
    }
    for (format, path) in &args.output {
        let path = env.cwd.join(path);
        let text = rendered(format.with(Color::Never), &findings);
        std::fs::write(&path, text).map_err(|error| Failure::io("write the findings to", &path, &error))?;
    }
    show(args, env, console, &findings)?;
    if findings.is_empty() && args.format == FormatName::Human {
        console.out(nothing_found(args, env, &repo)?)?;
    }
    Ok(exit(&findings))
}

/// What was mended; beside the document where the output is one.
fn tell(args: &Args, console: &mut Console, done: &[String]) -> Result<(), Failure> {
    for line in done {
        match args.format {
            FormatName::Human => console.out(format!("{line}\n"))?,
            _ => console.say(format!("{line}\n")),
        }
    }
    Ok(())
}

fn judge(args: &Args, env: &Env, repo: &Repo) -> Result<Vec<Finding>, Failure> {
    let scope = if args.history { Scope::WholeHistory } else { Scope::NewHistory };
    update(args, env, repo)?.judge(repo, env.today()?, scope)
}

fn update(args: &Args, env: &Env, repo: &Repo) -> Result<Update, Failure> {
    if let Some(base) = &args.base {
        refuse_empty("--base", base)?;
        refuse_empty("--head", args.head.as_deref().unwrap_or("HEAD"))?;
        let head = repo.resolve(args.head.as_deref().unwrap_or("HEAD"))?;
        if is_zero(base) {
            return Update::new_branch(repo, head);
        }
        return Update::between(repo, repo.resolve(base)?, base.clone(), &head);
    }
    if env.is_ci() {
        return Err(Failure::new("could not tell what to judge against: this is a CI run without --base")
            .help(
                "on a merge ref: `sysbom check --base HEAD^1`\n\
                 after a push to the base branch: `sysbom check --base BEFORE --head AFTER`",
            ));
    }
    Update::here(repo, if args.staged { Revision::Index } else { Revision::WorkTree })
}

/// What a workflow hands over where the variable it names has no value.
fn refuse_empty(option: &str, value: &str) -> Result<(), Failure> {
    if !value.trim().is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("could not tell what to judge: the value of {option} is empty"))
        .help("is the variable set?"))
}

/// How a push event names what was there before a new branch: nothing. Of any hash's length.
fn is_zero(revision: &str) -> bool {
    revision.len() >= 40 && revision.bytes().all(|digit| digit == b'0')
}

fn show(args: &Args, env: &Env, console: &mut Console, findings: &[Finding]) -> Result<(), Failure> {
    let color = color(env.colour(env.out_is_terminal));
    console.out(rendered(args.format.with(color), findings))
}

/// Where there is no manifest, nothing could be found.
fn nothing_found(args: &Args, env: &Env, repo: &Repo) -> Result<String, Failure> {
    let update = update(args, env, repo)?;
    let tree = update.after.tree(repo)?;
    let policies = policies_of(&*tree, "what is judged")?;
    if !stands_without_manifest(&policies, &*tree)? {
        return Ok("nothing found\n".to_owned());
    }
    let path = escape(&policies.manifest().value).to_string();
    Ok(format!("nothing to look at: there is no manifest at {path}; {BEGIN}\n"))
}

/// What the findings come to.
pub fn exit(findings: &[Finding]) -> Exit {
    if Counts::of(findings).errors == 0 { Exit::Ok } else { Exit::Findings }
}

/// Whether to colour, as `report` wants to be told.
pub fn color(on: bool) -> Color {
    if on { Color::Always } else { Color::Never }
}

/// The findings as bytes in one format.
pub fn rendered(format: Format, findings: &[Finding]) -> Vec<u8> {
    let mut bytes = Vec::new();
    crate::report::render(format, findings, &mut bytes).expect("memory takes every write");
    bytes
}
