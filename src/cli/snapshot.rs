//! `sysbom snapshot`: the images of a state with the parameters of an experiment, and what came of
//! it.

use std::path::PathBuf;

use crate::bom::SnapshotId;
use crate::release::{
    Arrival, Chart, Moment, Parameter, Planned, Record, Refusal, SnapshotRequest, plan_close, plan_snapshot,
    sha256_hex, snapshot_branch,
};
use crate::text::escape;
use crate::tree::{Kind, RepoPath, Tree, TreeEntry};
use crate::yaml::{Document, MAX_BYTES};

use super::before::Before;
use super::console::Console;
use super::env::Env;
use super::exit::Exit;
use super::failure::Failure;
use super::former::{Former, find};
use super::release::read_file;
use super::way::{EXIT, Here, Journey, Way};

/// Keep the images of a state with the parameters of an experiment
///
/// The snapshot is one new file in history. It deploys as it is, after the values files it was made
/// with: helm upgrade -f values.yaml -f releases/history/ID.yaml
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, after_help = EXIT)]
pub struct Args {
    #[command(subcommand)]
    close: Option<Close>,
    /// How it is called; also the name of its file
    #[arg(value_name = "ID", required = true)]
    id: Option<String>,
    /// Who to ask
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// What is expected
    #[arg(long, value_name = "TEXT")]
    hypothesis: Option<String>,
    /// A parameter of the experiment, of the type that the schema of `.sysbom.yaml` names; dots lead further down
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Parameters as a mapping in YAML or JSON; - for standard input
    #[arg(long, value_name = "FILE|-")]
    params: Option<PathBuf>,
    /// A component to add or to pin otherwise in the snapshot alone
    #[arg(long, value_name = "NAME=REF")]
    image: Vec<String>,
    /// The state to start from: an archive, a snapshot or a revision, instead of base's
    #[arg(long, value_name = "ID|REV")]
    from: Option<String>,
    /// The folder of the chart, to be recorded; found by itself where there is one only
    #[arg(long, value_name = "DIR")]
    chart: Option<String>,
    /// A values file that goes before the snapshot, to be recorded; values.yaml at the top by itself
    #[arg(long, value_name = "FILE")]
    values: Vec<String>,
    /// What load it runs under
    #[arg(long, value_name = "TEXT")]
    load: Option<String>,
    /// Where it is measured
    #[arg(long, value_name = "TEXT")]
    metrics: Option<String>,
    #[command(flatten)]
    way: Way,
}

#[derive(Debug, clap::Subcommand)]
enum Close {
    Close(CloseArgs),
}

/// Write down what came of a snapshot, in a file of its own
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT)]
struct CloseArgs {
    /// The snapshot
    #[arg(value_name = "ID")]
    id: String,
    /// What came of it, such as confirmed
    #[arg(long, value_name = "TEXT")]
    outcome: String,
    /// More about it
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    way: Way,
}

/// Runs the command.
pub fn run(args: &Args, env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    if let Some(Close::Close(args)) = &args.close {
        return close(args, env, console);
    }
    let id = snapshot_id(args.id.as_deref().unwrap_or_default())?;
    let asked = match asked(args, env)? {
        Ok(asked) => asked,
        Err(refusal) => return args.way.refuse(&refusal, env, console),
    };
    let branch = |system: Option<&str>| snapshot_branch(system, id.as_str());
    let journey = Journey { way: &args.way, env, system: None, branch: &branch, before: Before::Replaced };
    journey.run(console, &|here| plan(args, here, &id, &asked))
}

fn close(args: &CloseArgs, env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    let id = snapshot_id(&args.id)?;
    let branch = |system: Option<&str>| snapshot_branch(system, id.as_str());
    let journey = Journey { way: &args.way, env, system: None, branch: &branch, before: Before::Replaced };
    journey.run(console, &|here| {
        let system = &here.standing.system;
        let tree = here.repo.commit_tree(&here.base.commit)?;
        if tree.entry(&id.path(&system.history))?.is_none() {
            return Ok(Planned::refused(
                &format!("there is no snapshot `{id}` on the base branch"),
                "merge it first",
            ));
        }
        if tree.entry(&system.outcomes.join(&format!("{id}.yaml")))?.is_some() {
            return Ok(Planned::refused(
                &format!("the snapshot `{id}` has an outcome already"),
                "edit its file below `outcomes` if it is wrong",
            ));
        }
        Ok(Planned::of_plan(
            plan_close(system, &id, &args.outcome, args.note.as_deref(), Moment(here.now)).map(Some),
        ))
    })
}

fn snapshot_id(text: &str) -> Result<SnapshotId, Failure> {
    text.parse().map_err(|fault| {
        Failure::new(format!("`{}` is no id of a snapshot", escape(text)))
            .because(fault)
            .help("use letters, digits, `.`, `_` and `-`, such as `canary-2024-06`")
    })
}

/// What is asked for, read once.
struct Asked {
    parameters: Vec<Parameter>,
    images: Vec<Arrival>,
}

fn asked(args: &Args, env: &Env) -> Result<Result<Asked, Refusal>, Failure> {
    let file = args.params.as_ref().map(|path| read_file(env, path, MAX_BYTES)).transpose()?;
    let read = || {
        let mut parameters = file.as_deref().map(Parameter::read_file).transpose()?.unwrap_or_default();
        parameters.extend(Parameter::read_all(args.set.iter().map(String::as_str))?);
        let images = args.image.iter().map(|text| Arrival::read(text)).collect::<Result<_, _>>()?;
        Ok(Asked { parameters, images })
    };
    Ok(read())
}

fn plan(args: &Args, here: &Here<'_>, id: &SnapshotId, asked: &Asked) -> Result<Planned, Failure> {
    let system = &here.standing.system;
    let tree = here.repo.commit_tree(&here.base.commit)?;
    let path = id.path(&system.history);
    let taken = tree.files_below(&system.history)?;
    if taken.iter().any(|entry| entry.path.as_str().eq_ignore_ascii_case(path.as_str())) {
        return Ok(Planned::refused(
            &format!("the id `{id}` is taken"),
            "history only grows: choose another id",
        ));
    }
    let from = match &args.from {
        Some(name) => Some(find(here.repo, here.base, system, name)?),
        None => here.standing.manifest().map(|bytes| Former {
            name: here.standing.state_path().unwrap_or(&system.manifest).to_string(),
            bytes: bytes.to_vec(),
            commit: here.base.commit.clone(),
            committed: here.standing.committed,
        }),
    };
    let Some(from) = from else {
        return Ok(Planned::refused("there is no manifest to take a snapshot of", "release something first"));
    };
    let schema = match &system.policy.experiment_schema.value {
        Some(path) => Some(file(&tree, path)?),
        None => None,
    };
    let record = record(args, here, &tree, &from)?;
    let request = SnapshotRequest {
        id,
        from: &from.bytes,
        parameters: &asked.parameters,
        images: &asked.images,
        record: &record,
        schema: schema.as_deref(),
    };
    Ok(Planned::of_plan(plan_snapshot(system, &request).map(Some)))
}

fn record(args: &Args, here: &Here<'_>, tree: &dyn Tree, from: &Former) -> Result<Record, Failure> {
    let values = values(args, here, tree)?
        .into_iter()
        .map(|path| Ok((path.to_string(), sha256_hex(&file(tree, &path)?))));
    let of_snapshot = std::str::from_utf8(&from.bytes).ok().and_then(Record::read).is_some();
    Ok(Record {
        owner: args.owner.clone().filter(|text| !text.is_empty()),
        hypothesis: args.hypothesis.clone().filter(|text| !text.is_empty()),
        created: Some(Moment(here.now)),
        commit: here.base.commit.to_string(),
        release: from.name.clone(),
        chart: chart(args.chart.as_deref(), tree)?,
        values: values.collect::<Result<_, Failure>>()?,
        load: args.load.clone(),
        metrics: args.metrics.clone(),
        reproduces: of_snapshot.then(|| from.name.clone()),
    })
}

/// The values files that are named, or the one at the top, where Helm's users look for it.
fn values(args: &Args, here: &Here<'_>, tree: &dyn Tree) -> Result<Vec<RepoPath>, Failure> {
    if !args.values.is_empty() {
        return Ok(args.values.iter().map(|path| RepoPath::new(path.as_str())).collect());
    }
    let usual = RepoPath::new("values.yaml");
    let is_there = tree.entry(&usual)?.is_some_and(|entry| entry.kind == Kind::File);
    let is_manifest = here.standing.system.manifest == usual;
    Ok(if is_there && !is_manifest { vec![usual] } else { Vec::new() })
}

/// The chart that is named, or the only one there is.
fn chart(named: Option<&str>, tree: &dyn Tree) -> Result<Option<Chart>, Failure> {
    let named = named.map(|folder| RepoPath::new(folder.trim_end_matches('/')));
    let Some(folder) = named.map_or_else(|| only_chart(tree), |folder| Ok(Some(folder)))? else {
        return Ok(None);
    };
    let entry = tree.entry(&folder)?.filter(|entry| entry.kind == Kind::Folder).ok_or_else(|| {
        Failure::new(format!("there is no folder `{}` on the base branch", escape(folder.as_str())))
            .help("name the chart's folder from the top of the repository")
    })?;
    let document = Document::parse_bytes(&file(tree, &folder.join("Chart.yaml"))?).ok();
    let version =
        document.as_ref().and_then(|document| document.scalar(document.get(document.root()?, "version")?));
    Ok(Some(Chart {
        path: folder.to_string(),
        version: version.unwrap_or_default().to_owned(),
        digest: entry.id.to_string(),
    }))
}

/// The folder of the only chart. A chart below `charts/` of another is a part of that one.
fn only_chart(tree: &dyn Tree) -> Result<Option<RepoPath>, Failure> {
    let is_chart =
        |entry: &&TreeEntry| entry.path.name() == "Chart.yaml" && !entry.path.as_str().contains("/charts/");
    let files = tree.files_below(&RepoPath::new(""))?;
    let mut found = files.iter().filter(is_chart);
    let first = found.next().and_then(|entry| entry.path.folder());
    Ok(first.filter(|_| found.next().is_none()))
}

/// A file of base.
fn file(tree: &dyn Tree, path: &RepoPath) -> Result<Vec<u8>, Failure> {
    let entry = tree.entry(path)?.filter(|entry| matches!(entry.kind, Kind::File | Kind::Executable));
    let entry = entry.ok_or_else(|| {
        Failure::new(format!("could not read {}", escape(path.as_str())))
            .because("there is no such file on the base branch")
            .help("name it from the top of the repository, and commit it first")
    })?;
    let bytes = tree.read(&entry, MAX_BYTES)?;
    if bytes.len() > MAX_BYTES {
        return Err(
            Failure::new(format!("could not read {}", escape(path.as_str()))).because("it is too large")
        );
    }
    Ok(bytes)
}
