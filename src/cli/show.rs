//! `sysbom show`: one state or snapshot, by whatever people know it by; and how to bring a snapshot
//! back.

use crate::bom::{Digest, Manifest, SnapshotId};
use crate::change::reference;
use crate::git::{Base, Repo};
use crate::policy::System;
use crate::release::{Moment, Record, Reproduction, parameters, reproduce, sha256_hex};
use crate::text::escape;
use crate::tree::{ObjectId, RepoPath, Tree};
use crate::yaml::{Document, MAX_BYTES};

use super::console::Console;
use super::diff::{document, table};
use super::env::Env;
use super::exit::Exit;
use super::failure::Failure;
use super::former::{Former, find, on_base, states};

/// Show a state: the present one, or by archive, snapshot, revision, moment or digest
///
/// A moment (2024-06-15T10:15:00Z) shows the state that was current then on the base branch; a
/// digest, all states that held it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which; the present one if it is left out
    #[arg(value_name = "ID|REV|TIME|DIGEST")]
    which: Option<String>,
    /// The commands that bring a snapshot back, and what differs today
    #[arg(long, requires = "which")]
    reproduce: bool,
    /// The system, where there are several
    #[arg(short, long, value_name = "NAME")]
    system: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    let repo = env.repository()?;
    let (base, system) = on_base(&repo, args.system.as_deref())?;
    let which = args.which.as_deref().unwrap_or(base.commit.as_str());
    if args.reproduce {
        console.out(reproduction(&repo, &base, &system, which)?)?;
        return Ok(Exit::Ok);
    }
    if let Ok(digest) = which.parse::<Digest>() {
        return with_digest(&repo, &base, &system, &digest, console);
    }
    let former = match which.parse::<Moment>() {
        Ok(moment) => at(&repo, &base, &system, moment)?,
        Err(_) => find(&repo, &base, &system, which)?,
    };
    console.out(shown(&former, &system)?)?;
    console.out(of_snapshot(&repo, &base, &system, &former)?)?;
    Ok(Exit::Ok)
}

/// What a snapshot says of itself, and what came of it; nothing for a state.
fn of_snapshot(repo: &Repo, base: &Base, system: &System, former: &Former) -> Result<String, Failure> {
    let Some(record) = std::str::from_utf8(&former.bytes).ok().and_then(Record::read) else {
        return Ok(String::new());
    };
    let stem = RepoPath::new(former.name.as_str()).name().trim_end_matches(".yaml").to_owned();
    let file = system.outcomes.join(&format!("{stem}.yaml"));
    let tree = repo.commit_tree(&base.commit)?;
    let outcome = match tree.entry(&file)? {
        Some(entry) => tree.read(&entry, MAX_BYTES)?,
        None => Vec::new(),
    };
    let outcome = Document::parse_bytes(&outcome).ok();
    let closed = |key: &str| {
        let document = outcome.as_ref()?;
        document.scalar(document.get(document.root()?, key)?).map(str::to_owned)
    };
    let rows = [
        ("owner", record.owner),
        ("hypothesis", record.hypothesis),
        ("created", record.created.map(|created| created.to_string())),
        ("load", record.load),
        ("metrics", record.metrics),
        ("outcome", Some(closed("outcome").unwrap_or_else(|| "none yet".to_owned()))),
        ("note", closed("note")),
        ("closed", closed("closed")),
    ];
    let rows =
        rows.into_iter().filter_map(|(key, value)| Some([key.to_owned(), escape(&value?).to_string()]));
    Ok(format!("\n{}", table(&rows.collect::<Vec<_>>())))
}

fn shown(former: &Former, system: &System) -> Result<String, Failure> {
    let document = document(former)?;
    let manifest = Manifest::read(&document, &system.policy.layout);
    let rows: Vec<[String; 2]> = manifest
        .components
        .iter()
        .map(|component| {
            let pin = reference(&component.pin());
            [escape(&component.name).to_string(), escape(&pin).to_string()]
        })
        .chain(
            parameters(&document, manifest.experiment)
                .iter()
                .map(|(name, value)| [escape(name).to_string(), escape(value).to_string()]),
        )
        .collect();
    let when = Moment(former.committed);
    Ok(format!("{} (commit {}, {when})\n{}", escape(&former.name), former.commit.short(), table(&rows)))
}

/// The state that was current at a moment, by the dates of base's first parents.
fn at(repo: &Repo, base: &Base, system: &System, moment: Moment) -> Result<Former, Failure> {
    for former in states(repo, base, system)? {
        let former = former?;
        if former.committed <= moment.0 {
            return Ok(former);
        }
    }
    Err(Failure::new(format!("there was no state yet at {moment}")))
}

fn with_digest(
    repo: &Repo,
    base: &Base,
    system: &System,
    digest: &Digest,
    console: &mut Console,
) -> Result<Exit, Failure> {
    let mut until = "now".to_owned();
    let mut found = false;
    for former in states(repo, base, system)? {
        let former = former?;
        let document = document(&former)?;
        let manifest = Manifest::read(&document, &system.policy.layout);
        let since = Moment(former.committed).to_string();
        for component in &manifest.components {
            let pin = component.pin();
            if pin.digest == digest.as_str() {
                found = true;
                let (name, tag) = (escape(&component.name), escape(&pin.tag));
                console.out(format!("{since} to {until}  {name} {tag}  {}\n", escape(&former.name)))?;
            }
        }
        until = since;
    }
    if !found {
        return Err(Failure::new(format!("no state of {} held {digest}", escape(&base.name))));
    }
    Ok(Exit::Ok)
}

fn reproduction(repo: &Repo, base: &Base, system: &System, which: &str) -> Result<String, Failure> {
    let former = find(repo, base, system, which)?;
    let text = String::from_utf8_lossy(&former.bytes);
    let stem = RepoPath::new(former.name.as_str()).name().trim_end_matches(".yaml").to_owned();
    let (Some(record), Ok(id)) = (Record::read(&text), stem.parse::<SnapshotId>()) else {
        return Err(Failure::new(format!("{} has no record of where it comes from", escape(&former.name)))
            .help("only what `sysbom snapshot` made can be brought back; see `sysbom show` for its images"));
    };
    if record.commit_id().is_none() {
        let (name, commit) = (escape(&former.name), escape(&record.commit));
        return Err(Failure::new(format!(
            "the record of {name} names no commit: its `commit` is `{commit}`"
        ))
        .help("a commit is recorded with all of its 40 or 64 hex digits, as `sysbom snapshot` writes it"));
    }
    let differs = differences(repo, base, &record)?;
    Ok(reproduce(&Reproduction {
        id: &id,
        path: &id.path(&system.history),
        found_in: former.commit.as_str(),
        record: &record,
        differs: &differs,
    }))
}

/// What a snapshot rests on and is no longer so on base.
fn differences(repo: &Repo, base: &Base, record: &Record) -> Result<Vec<String>, Failure> {
    let tree = repo.commit_tree(&base.commit)?;
    let mut found = Vec::new();
    let recorded = ObjectId::new(record.commit.as_str());
    if repo.resolve(&record.commit).is_err() {
        found.push(format!("commit {} is not in this clone: fetch it first", recorded.short()));
    }
    if let Some(chart) = &record.chart {
        let now = tree.entry(&RepoPath::new(chart.path.as_str()))?;
        match now {
            None => found.push(format!("the chart {} is gone", chart.path)),
            Some(entry) if entry.id.as_str() != chart.digest => {
                found.push(format!("the chart {} has changed since version {}", chart.path, chart.version));
            }
            Some(_) => {}
        }
    }
    for (path, sha256) in &record.values {
        match tree.entry(&RepoPath::new(path.as_str()))? {
            None => found.push(format!("{path} is gone")),
            Some(entry) if sha256_hex(&tree.read(&entry, MAX_BYTES)?) != *sha256 => {
                found.push(format!("{path} has changed"));
            }
            Some(_) => {}
        }
    }
    Ok(found)
}
