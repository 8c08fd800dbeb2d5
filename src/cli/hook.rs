//! `sysbom hook`: what the hooks of a clone run. They read the index and the object database,
//! never the working tree, and stage nothing unless everything else is in order. What a server
//! runs is in `gate`.

pub mod doctor;
mod gate;
mod push;
mod settings;
mod standing;
mod watch;

use std::fmt::Write as _;
use std::io::{IsTerminal, Read};

use crate::check::{Finding, Fix, Scope};
use crate::git::Repo;
use crate::report::{Counts, Format};
use crate::text::escape;
use crate::tree::{ObjectId, RepoPath};

use super::check::{color, exit, rendered};
use super::console::Console;
use super::env::Env;
use super::exit::Exit;
use super::failure::Failure;
use super::fix;
use super::update::{Revision, Update};

/// Run as a git hook
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    hook: Hook,
}

#[derive(Debug, clap::Subcommand)]
enum Hook {
    /// Judge the index; stage the archive of the state that base publishes
    PreCommit {
        #[arg(hide = true)]
        rest: Vec<String>,
    },
    /// Judge a merge that git is about to commit; if it needs an archive, stage that and stop
    PreMergeCommit {
        #[arg(hide = true)]
        rest: Vec<String>,
    },
    /// Judge what a push would publish
    PrePush {
        /// Name of the remote, or its URL
        remote: Option<String>,
        #[arg(hide = true)]
        rest: Vec<String>,
    },
    /// On a server: judge every ref of a push, named on standard input
    PreReceive {
        #[command(flatten)]
        gate: settings::GateArgs,
        #[arg(hide = true)]
        rest: Vec<String>,
    },
    /// On a server: judge one ref of a push
    Update {
        #[command(flatten)]
        gate: settings::GateArgs,
        /// The ref, the object it names now, and the one it is to name
        words: Vec<std::ffi::OsString>,
    },
}

/// Runs the command.
pub fn run(args: &Args, env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    match &args.hook {
        Hook::PreCommit { .. } => pre_commit(env, console),
        Hook::PreMergeCommit { .. } => pre_merge_commit(env, console),
        Hook::PrePush { remote, .. } => pre_push(remote.as_deref(), env, console),
        Hook::PreReceive { gate, .. } => gate::pre_receive(gate, env, console),
        Hook::Update { gate, words } => gate::update(gate, words, env, console),
    }
}

fn pre_commit(env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    let repo = env.repository()?;
    let Some(missing) = judge_index(&repo, env, console)? else { return Ok(Exit::Findings) };
    if missing.is_empty() {
        return Ok(Exit::Ok);
    }
    if repo.is_partial_commit() {
        console.say(partial_commit(&missing));
        return Ok(Exit::Findings);
    }
    stage(&repo, missing, console)?;
    Ok(Exit::Ok)
}

/// git commits a merge from a tree that it computed before this hook ran. What is staged now
/// would miss the commit and stand in the index as a change of its own; so the merge has to stop
/// here, and `git commit` takes it up from the index.
fn pre_merge_commit(env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    let repo = env.repository()?;
    let Some(missing) = judge_index(&repo, env, console)? else {
        console.say(
            "sysbom: the merge is not committed; mend it and run `git commit`, or `git merge --abort`\n",
        );
        return Ok(Exit::Findings);
    };
    if missing.is_empty() {
        return Ok(Exit::Ok);
    }
    stage(&repo, missing, console)?;
    console.say("sysbom: the merge itself is in order; complete it with `git commit`\n");
    Ok(Exit::Findings)
}

/// Judges the index, shows what was found, and gives the archives that can be staged to make it
/// whole; `None` if something else is wrong, and then nothing is to be staged.
fn judge_index(repo: &Repo, env: &Env, console: &mut Console) -> Result<Option<Vec<Missing>>, Failure> {
    let update = Update::here(repo, Revision::Index)?;
    let findings = update.judge(repo, env.today()?, Scope::NewHistory)?;
    let (missing, others): (Vec<Finding>, Vec<Finding>) =
        findings.into_iter().partition(|finding| matches!(finding.fix, Some(Fix::Archive { .. })));
    console.say(rendered(Format::Human(color(env.colour(env.err_is_terminal))), &others));
    let whole = Counts::of(&others).errors == 0;
    Ok(whole.then(|| missing.into_iter().filter_map(Missing::of).collect()))
}

/// A state of base that the update would lose, and the archive that keeps it.
struct Missing {
    path: RepoPath,
    blob: ObjectId,
}

impl Missing {
    fn of(finding: Finding) -> Option<Missing> {
        match finding.fix? {
            Fix::Archive { path, blob } => Some(Missing { path, blob }),
            Fix::Edit(_) | Fix::Restore { .. } => None,
        }
    }
}

fn stage(repo: &Repo, missing: Vec<Missing>, console: &mut Console) -> Result<(), Failure> {
    let archives = missing.into_iter().map(|Missing { path, blob }| (path, blob));
    for path in fix::write_archives(repo, archives)? {
        console.say(format!("sysbom: staged {}, the state that base publishes\n", escape(path.as_str())));
    }
    Ok(())
}

/// `git commit PATH` commits another index than it keeps: a file staged now would be committed
/// and then stand in the real index as deleted.
fn partial_commit(missing: &[Missing]) -> String {
    let mut text =
        "error: this commit takes only the paths named, and needs an archive beside them\n".to_owned();
    for Missing { path, .. } in missing {
        let _ = writeln!(text, "  missing: {}", escape(path.as_str()));
    }
    text + "  help: stage what you want and commit the index: `git add PATH...`, then `git commit` without paths\n"
}

fn pre_push(remote: Option<&str>, env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    let repo = env.repository()?;
    let pushed = super::pushed::read(remote, env, &repo, &String::from_utf8_lossy(&standard_input()?))?;
    let mut findings: Vec<Finding> = Vec::new();
    for update in pushed {
        for finding in update.judge(&repo, env.today()?, Scope::NewHistory)? {
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
    }
    console.say(rendered(Format::Human(color(env.colour(env.err_is_terminal))), &findings));
    Ok(exit(&findings))
}

fn standard_input() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    // A person who tries the hook by hand has nothing to say here.
    if std::io::stdin().is_terminal() {
        return Ok(bytes);
    }
    std::io::stdin()
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::new("could not read what is pushed from standard input").because(error))?;
    Ok(bytes)
}
