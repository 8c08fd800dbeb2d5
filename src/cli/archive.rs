//! `sysbom archive`: writes and stages the archives of former states that history lacks.

use std::collections::HashSet;

use crate::git::{ArchivePlan, Existing, Repo};
use crate::policy::System;
use crate::text::{escape, shell_word};
use crate::tree::{Kind, ObjectId, RepoPath, Tree, TreeError};

use super::console::Console;
use super::env::Env;
use super::exit::Exit;
use super::failure::Failure;
use super::policies::{archive_path, policies_of};

/// Write and stage the archives of former states that history lacks
///
/// That is the state of the base branch, once the manifest here is another. The pre-commit hook
/// does the same.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Every state that the base branch ever had, along its first parents
    #[arg(long)]
    backfill: bool,
    /// Only this system
    #[arg(short, long, value_name = "NAME")]
    system: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    let repo = env.repository()?;
    let wanted = args.system.as_deref();
    let plans = if args.backfill {
        every_state(&repo, wanted, &Kept::IndexAndManifest)?
    } else {
        present_state(&repo, wanted)?
    };
    let files: Vec<(RepoPath, Vec<u8>)> = plans.into_iter().map(|plan| (plan.path, plan.bytes)).collect();
    if files.is_empty() {
        console.out(format!("nothing to archive{}\n", behind(&repo)?))?;
        return Ok(Exit::Ok);
    }
    repo.stage(&files, &Existing::Refuse)?;
    for (path, _) in &files {
        console.out(format!("wrote and staged {}\n", escape(path.as_str())))?;
    }
    Ok(Exit::Ok)
}

/// What is checked out may not have seen the state that is missing.
fn behind(repo: &Repo) -> Result<String, Failure> {
    let Some(base) = repo.base()? else { return Ok(String::new()) };
    let heads: Vec<ObjectId> = repo.head()?.into_iter().chain(repo.merge_heads()?).collect();
    if repo.merge_base(&base.commit, &heads)?.is_none_or(|contained| contained == base.commit) {
        return Ok(String::new());
    }
    let name = escape(&base.name).to_string();
    Ok(format!(" of what HEAD has; it is behind {name}: `git merge {}` first", shell_word(&name)))
}

/// The archives of states that were published, are not the present one, and are in no file.
pub fn lost_states(repo: &Repo) -> Result<Vec<ArchivePlan>, Failure> {
    every_state(repo, None, &Kept::PresentStateToo)
}

/// What needs no archive beside what is staged in history and stands as the manifest.
enum Kept {
    IndexAndManifest,
    PresentStateToo,
}

fn every_state(repo: &Repo, wanted: Option<&str>, also: &Kept) -> Result<Vec<ArchivePlan>, Failure> {
    plan(repo, wanted, |tip, published, system, mut kept| {
        let name = |time: i64, bytes: &[u8]| archive_path(system, time, bytes);
        if let Kept::PresentStateToo = also {
            kept.extend(published.entry(&system.manifest)?.map(|entry| entry.id));
        }
        Ok(repo.missing_archives(tip, &system.manifest, &kept, &name)?)
    })
}

fn present_state(repo: &Repo, wanted: Option<&str>) -> Result<Vec<ArchivePlan>, Failure> {
    plan(repo, wanted, |tip, _, system, kept| {
        let name = |time: i64, bytes: &[u8]| archive_path(system, time, bytes);
        let plan = repo.archive_of(tip, &system.manifest, &name)?;
        Ok(plan.filter(|plan| !kept.contains(&plan.blob)).into_iter().collect())
    })
}

fn plan(
    repo: &Repo,
    wanted: Option<&str>,
    missing: impl Fn(&ObjectId, &dyn Tree, &System, HashSet<ObjectId>) -> Result<Vec<ArchivePlan>, Failure>,
) -> Result<Vec<ArchivePlan>, Failure> {
    let Some(base) = repo.base()? else { return Ok(Vec::new()) };
    let heads: Vec<ObjectId> = repo.head()?.into_iter().chain(repo.merge_heads()?).collect();
    let Some(tip) = repo.merge_base(&base.commit, &heads)? else { return Ok(Vec::new()) };
    let published = repo.commit_tree(&tip)?;
    let (index, files) = (repo.index_tree()?, repo.worktree()?);
    let mut plans = Vec::new();
    for system in chosen(wanted, policies_of(&published, &base.name)?.systems(&published)?)? {
        plans.extend(missing(&tip, &published, &system, kept(&index, &files, &system)?)?);
    }
    Ok(plans)
}

fn chosen(wanted: Option<&str>, systems: Vec<System>) -> Result<Vec<System>, Failure> {
    let Some(wanted) = wanted else { return Ok(systems) };
    let names: Vec<String> = systems.iter().filter_map(|system| system.name.clone()).collect();
    let chosen: Vec<System> =
        systems.into_iter().filter(|system| system.name.as_deref() == Some(wanted)).collect();
    if chosen.is_empty() {
        let help = if names.is_empty() {
            "there is only one system: leave out --system".to_owned()
        } else {
            format!("there are: {}", names.join(", "))
        };
        return Err(Failure::new(format!("there is no system `{wanted}`")).help(help));
    }
    Ok(chosen)
}

/// The states that are kept already: as the manifest that stands here, or staged as a regular file
/// of history under whatever name.
fn kept(index: &dyn Tree, files: &dyn Tree, system: &System) -> Result<HashSet<ObjectId>, TreeError> {
    let history = index.files_below(&system.history)?.into_iter();
    let manifest = files.entry(&system.manifest)?;
    let files = history.chain(manifest).filter(|entry| matches!(entry.kind, Kind::File | Kind::Executable));
    Ok(files.map(|entry| entry.id).collect())
}
