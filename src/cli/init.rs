//! `sysbom init`: the first files of an operation repository, and the clone set up. Nothing that
//! is there is overwritten, and the first check is never red.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::check::Scope;
use crate::git::Repo;
use crate::live::{self, FirstFiles, LiveError};
use crate::policy::{POLICY_PATH, Policies};
use crate::report::Format;
use crate::text::escape;

use super::check::{color, exit, rendered};
use super::console::Console;
use super::env::Env;
use super::exit::Exit;
use super::failure::Failure;
use super::install;
use super::policies::policies_of;
use super::update::{Revision, Update};
use super::workflows;

/// Make this an operation repository: manifest, attributes, merge driver, hooks
///
/// With --from the manifest says what is in a chart's values file, in `kubectl get pods -o json`,
/// or in rendered manifests; where its shape or its pins need it, a policy is written too.
/// Nothing is overwritten, and no network is used.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file to take the images from, or - for standard input
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    #[command(flatten)]
    install: install::InstallArgs,
    #[command(flatten)]
    workflows: workflows::WorkflowArgs,
}

/// Runs the command.
pub fn run(args: &Args, env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    let repo = env.repository()?;
    let top = repo.work_dir().ok_or_else(|| {
        Failure::new("could not begin here: a bare repository has no working tree").help("run it in a clone")
    })?;
    let policies = policies_of(&repo.worktree()?, "the working tree")?;
    workflows::write(&args.workflows, &repo, top, console)?;
    match &args.from {
        Some(from) => {
            let files = first_files(from, env)?;
            write(&files, top, &policies, console)?;
        }
        None => say_what_is_there(top, &policies, console)?,
    }
    install::install(&args.install, env, console)?;
    first_check(env, console)
}

fn first_files(from: &Path, env: &Env) -> Result<FirstFiles, Failure> {
    let name = from.to_string_lossy();
    let text =
        if from.as_os_str() == "-" { read_all(std::io::stdin()) } else { read_file(&env.cwd.join(from)) }
            .map_err(|error| Failure::io("read", from, &error))?;
    let text = String::from_utf8(text)
        .map_err(|error| Failure::new(format!("could not read {name}")).because(error))?;
    let found = live::read(&name, &text)?;
    Ok(live::first_files(&found)?)
}

/// More than the pods of any cluster.
const MOST_BYTES: u64 = 100 << 20;

fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    read_all(std::fs::File::open(path)?)
}

fn read_all(source: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        let too_much = format!("it is larger than {} MiB", MOST_BYTES >> 20);
        return Err(std::io::Error::other(too_much));
    }
    Ok(bytes)
}

impl From<LiveError> for Failure {
    fn from(error: LiveError) -> Failure {
        Failure::new(error.message).help(error.help)
    }
}

/// Writes both files or neither.
fn write(files: &FirstFiles, top: &Path, policies: &Policies, console: &mut Console) -> Result<(), Failure> {
    let manifest = manifest_path(policies)?;
    refuse_to_overwrite(
        &top.join(&manifest),
        &files.manifest,
        &manifest,
        "move it away, or edit it by hand",
    )?;
    if let Some(policy) = &files.policy {
        let settings = format!("these settings would be needed in it:\n{policy}");
        refuse_to_overwrite(&top.join(POLICY_PATH), policy, POLICY_PATH, &settings)?;
        put(top, POLICY_PATH, policy, console)?;
    }
    put(top, &manifest, &files.manifest, console)?;
    files.notes.iter().try_for_each(|note| console.out(format!("note    {note}\n")))
}

fn manifest_path(policies: &Policies) -> Result<String, Failure> {
    if policies.has_several_systems() {
        return Err(Failure::new("could not write a manifest: the policy names several systems")
            .help("begin with one system, or write the manifests of the systems by hand"));
    }
    Ok(policies.manifest().value.clone())
}

/// What is there already may only be what a run before this one wrote, and did not end.
fn refuse_to_overwrite(path: &Path, text: &str, name: &str, help: &str) -> Result<(), Failure> {
    let is_absent = std::fs::symlink_metadata(path).is_err();
    if is_absent || std::fs::read(path).is_ok_and(|bytes| bytes == text.as_bytes()) {
        return Ok(());
    }
    Err(Failure::new(format!("could not write {name}")).because("it is there already").help(help))
}

fn put(top: &Path, name: &str, text: &str, console: &mut Console) -> Result<(), Failure> {
    let path = top.join(name);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| Failure::io("make", folder, &error))?;
    }
    crate::git::replace_file(&path, text.as_bytes())?;
    console.out(format!("wrote   {}\n", escape(name)))
}

const EXAMPLE: &str = "        images:
          app:
            image: ghcr.io/acme/app
            tag: v1.2.3
            digest: sha256:<64 hex>
";

fn say_what_is_there(top: &Path, policies: &Policies, console: &mut Console) -> Result<(), Failure> {
    let name = &policies.manifest().value;
    if policies.has_several_systems() || top.join(name).exists() {
        return console.out(format!("kept    {}\n", escape(name)));
    }
    console.out(format!(
        "note    there is no {} yet: `sysbom init --from values.yaml` writes it, or write it like this\n{EXAMPLE}",
        escape(name)
    ))
}

/// What the first check says. Warnings are shown, so that nobody meets them in CI first.
fn first_check(env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    let repo: Repo = env.repository()?;
    let findings = Update::here(&repo, Revision::WorkTree)?.judge(&repo, env.today()?, Scope::NewHistory)?;
    console.out(rendered(Format::Human(color(env.colour(env.out_is_terminal))), &findings))?;
    console.out("next    look at the files, then `git add` and `git commit` them\n")?;
    Ok(exit(&findings))
}
