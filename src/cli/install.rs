//! `sysbom install`, `uninstall` and `doctor`: setting a clone up, taking that out again, and
//! looking whether it is in order. What a server's gate is set to is looked at in `hook::doctor`.

use crate::git::{AttributesFile, Check, HookSet, Repo, Setup, Step, StepOutcome};
use crate::policy::Policies;
use crate::text::escape;
use crate::tree::Tree;

use super::console::Console;
use super::env::Env;
use super::exit::Exit;
use super::failure::Failure;
use super::forge;
use super::policies::policies_of;

/// Set this clone up: merge driver, attributes, hooks
///
/// What is there already stays. A hook of yours is kept and run first. Where a hook manager runs
/// sysbom already, no hooks are written.
#[derive(Debug, clap::Args)]
pub struct InstallArgs {
    /// Write no hooks
    #[arg(long)]
    no_hooks: bool,
    /// On a server whose pre-receive hook belongs to the forge: write an update hook
    #[arg(long)]
    update_hook: bool,
    /// Write the attributes into this clone's info/attributes, which holds on every branch,
    /// instead of .gitattributes
    #[arg(long)]
    info_attributes: bool,
}

/// Take out of this clone what `sysbom install` wrote
#[derive(Debug, clap::Args)]
pub struct UninstallArgs {}

/// Look whether this clone is set up, or the gate of this bare repository
///
/// Leaves with 1 if something is not in order.
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    /// Look at the workflow files instead, and list the settings of the forge that they need
    #[arg(long)]
    forge: bool,
    /// Ask the forge which of them are missing, through its own program `gh` or `glab`
    #[arg(long, requires = "forge")]
    ask: bool,
}

/// Runs `install`.
pub fn install(args: &InstallArgs, env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    let repo = env.repository()?;
    let mut setup = setup(&repo)?;
    if repo.is_bare() {
        setup.hooks = if args.update_hook { HookSet::ServerUpdate } else { HookSet::Server };
    }
    if args.no_hooks {
        setup.hooks = HookSet::None;
    }
    if args.info_attributes {
        setup.attributes = AttributesFile::Info;
    }
    tell(&repo.install(&setup)?, env, console)?;
    say_base(&repo, console)?;
    Ok(Exit::Ok)
}

/// Which branch is base, and why. With a remote and without a known base, HEAD stands in for it,
/// and what a feature branch holds would be archived as if it had been published.
fn say_base(repo: &Repo, console: &mut Console) -> Result<(), Failure> {
    let Some(base) = repo.base()? else { return Ok(()) };
    let has_remote = repo.config("remote.origin.url").is_some();
    if base.how == "HEAD" && has_remote {
        return console.out(
            "note    the protected branch is not known, HEAD is taken for it\n        \
             help: name it: `git config sysbom.base origin/main`, or `git remote set-head origin --auto`\n",
        );
    }
    if base.how == "HEAD" {
        return Ok(());
    }
    console.out(format!("base    {} (from {})\n", escape(&base.name), base.how))?;
    match base.help() {
        Some(help) => console.out(format!("        help: if another is protected: {help}\n")),
        None => Ok(()),
    }
}

/// Runs `uninstall`.
pub fn uninstall(_args: &UninstallArgs, env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    let steps = env.repository()?.uninstall()?;
    if steps.is_empty() {
        console.out("nothing of sysbom is installed here\n")?;
    }
    tell(&steps, env, console)?;
    Ok(Exit::Ok)
}

/// Runs `doctor`.
pub fn doctor(args: &DoctorArgs, env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    let repo = env.repository()?;
    if args.forge {
        return forge::doctor(&repo, args.ask, console);
    }
    let setup = match setup(&repo) {
        // A policy that cannot be followed is one of the things to be told.
        Err(_) if repo.is_bare() => Setup::default(),
        setup => setup?,
    };
    let mut checks = repo.setup_status(&setup)?;
    if repo.is_bare() {
        checks.extend(super::hook::doctor::gate(&repo)?);
    } else {
        look_at_history(&repo, &mut checks);
        checks.extend(missing_manifest(&repo, &setup)?);
    }
    for check in &checks {
        let word = if check.ok { "ok     " } else { "not ok " };
        console.out(format!("{word}{}: {}\n", escape(&check.name), escape(&check.message)))?;
        if !check.help.is_empty() {
            console.out(format!("       help: {}\n", escape(&check.help)))?;
        }
    }
    Ok(if checks.iter().all(|check| check.ok) { Exit::Ok } else { Exit::Findings })
}

/// What history lacks goes into its line, unless that has something to say already.
fn look_at_history(repo: &Repo, checks: &mut [Check]) {
    let Some(check) = checks.iter_mut().find(|check| check.name == "history" && check.ok) else { return };
    let (message, help) = match super::archive::lost_states(repo) {
        Ok(lost) => match &lost[..] {
            [] => return,
            [first, ..] => (
                format!("{} of the states that base had are in no file, such as {}", lost.len(), first.path),
                "`sysbom archive --backfill` writes and stages them; then commit them".to_owned(),
            ),
        },
        Err(fault) => {
            let why = [vec![fault.message], fault.causes].concat().join(": ");
            let help = "mend that, then look again: `sysbom doctor`".to_owned();
            (why, if fault.help.is_empty() { help } else { fault.help })
        }
    };
    *check = Check { ok: false, message, help, name: check.name.clone() };
}

/// Nothing is looked at where no manifest is.
fn missing_manifest(repo: &Repo, setup: &Setup) -> Result<Option<Check>, Failure> {
    if !stands_without_manifest(&policies_of(&repo.worktree()?, "the working tree")?, &repo.worktree()?)? {
        return Ok(None);
    }
    let path = setup.manifests.first().map(String::as_str).unwrap_or_default();
    Ok(Some(Check {
        name: "manifest".to_owned(),
        ok: false,
        message: format!("there is none at {path} yet, so there is nothing to look after"),
        help: BEGIN.to_owned(),
    }))
}

/// How a repository gets its first manifest.
pub const BEGIN: &str = "`sysbom init --from FILE` writes one from what runs today";

/// Whether no system has a manifest there.
pub fn stands_without_manifest(policies: &Policies, tree: &dyn Tree) -> Result<bool, Failure> {
    for system in policies.systems(tree)? {
        if tree.entry(&system.manifest)?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What the policy here asks for. What stands in the working tree counts, because it is what the
/// next commit will say.
fn setup(repo: &Repo) -> Result<Setup, Failure> {
    let policies = match repo.work_dir() {
        Some(_) => policies_of(&repo.worktree()?, "the working tree")?,
        None => match repo.head()? {
            Some(head) => policies_of(&repo.commit_tree(&head)?, "HEAD")?,
            None => crate::policy::Policies::default(),
        },
    };
    Ok(Setup { manifests: vec![policies.manifest().value.clone()], ..Setup::default() })
}

fn tell(steps: &[Step], env: &Env, console: &mut Console) -> Result<(), Failure> {
    for step in steps {
        let (word, more, help) = match &step.outcome {
            StepOutcome::Written(more) => ("wrote  ", more.as_str(), ""),
            StepOutcome::AlreadyThere => ("kept   ", "", ""),
            StepOutcome::Removed(more) => ("removed", more.as_str(), ""),
            StepOutcome::Left { why, help } => ("left   ", why.as_str(), help.as_str()),
        };
        let more = if more.is_empty() { String::new() } else { format!(": {}", escape(more)) };
        console.out(format!("{word} {}{more}\n", escape(near(&step.what, env))))?;
        if !help.is_empty() {
            console.out(format!("        help: {}\n", escape(help)))?;
        }
    }
    Ok(())
}

/// A path as seen from where the command was started.
fn near<'a>(what: &'a str, env: &Env) -> &'a str {
    let cwd = env.cwd.to_str().and_then(|cwd| what.strip_prefix(cwd)?.strip_prefix('/'));
    cwd.unwrap_or(what)
}
