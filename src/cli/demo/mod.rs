//! `sysbom demo`: two producers, one manifest, real git. Every command is shown with what came of
//! it, and the folder stays to look around in.
//!
//! The demo is also a test: a command that does not come to what the story says stops it.

mod stage;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use self::stage::Expect::{Done, Refused};
use self::stage::Stage;
use super::console::Console;
use super::env::Env;
use super::exit::Exit;
use super::failure::Failure;

/// Watch two producers change one manifest, with real git
///
/// Needs git and nothing else. Plays in DIR, which stays to explore; your own repositories and
/// configuration are not touched.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// An empty or new folder, or one in which the demo has played before
    #[arg(default_value = "sysbom-demo")]
    dir: PathBuf,
}

const MANIFEST: &str = "releases/current.yaml";

const OPENING_MANIFEST: &str = "\
# What runs. Image, tag and digest of a component move together.
images:
  app:
    image: ghcr.io/acme/app
    tag: v1.2.3
    # built and signed by the pipeline of app
    digest: sha256:APP_123
  modelService:
    image: ghcr.io/acme/model-service
    tag: v2.0.1
    # built and signed by the pipeline of model-service
    digest: sha256:MODEL_201
";

const APP_123: &str = "9113352fa20d73f4e4c7d278026d07e2419cecce190c3f56404a06d8a62e16c6";
const APP_130: &str = "174e8d4c63d2fea10c402d89dd5739c3d6b53c7a27037c4ea589e75ed68c4317";
const APP_REBUILT: &str = "47929567882500468045d1a15c48dbd6be26451dc7665d053d52dd8838943536";
const APP_150: &str = "3c87771f80367a2ab8473f724cc26b0bc3e34861cac35b31e17f2b0f631a13d4";
const MODEL_201: &str = "1a85897d2bbb751e2f723f19ed9481b574a6cbaeb3002d17aa6a4a43450cd32b";
const MODEL_210: &str = "f7869161f7c541a79dc04a67f74a32fa8f48b49c61fe28ea7bf62de51e850c4f";

/// Runs the command.
pub fn run(args: &Args, env: &Env, console: &mut Console) -> Result<Exit, Failure> {
    let dir = env.cwd.join(&args.dir);
    make_empty(&dir)?;
    let mut stage = Stage::new(env, console, dir.clone());
    an_operation_repository(&mut stage)?;
    two_producers(&mut stage)?;
    merged_by_component(&mut stage)?;
    torn_by_text(&mut stage)?;
    refused(&mut stage)?;
    lost_and_mended(&mut stage)?;
    stage.scene("The end")?;
    stage.tell(&format!("All of it is still there:\n{}", way_in(&dir, env)))?;
    Ok(Exit::Ok)
}

/// How to go on looking around. Hooks and driver there look for sysbom in PATH.
fn way_in(dir: &Path, env: &Env) -> String {
    let own = env.program.as_deref().and_then(Path::parent);
    let in_path = own.is_some_and(|own| {
        env.var("PATH").is_some_and(|path| std::env::split_paths(path).any(|folder| folder == own))
    });
    let mut text = format!("    cd {}\n", dir.join("operations").display());
    if let (Some(own), false) = (own, in_path) {
        let _ = writeln!(text, "    export PATH={}:$PATH", own.display());
    }
    text + "    sysbom check\n    sysbom explain floating-tag"
}

/// The file by which a folder of the demo is known.
const MARK: &str = ".sysbom-demo";

/// What the demo makes, beside that.
const STAGES: [&str; 2] = ["forge.git", "operations"];

/// Makes the folder ready to play in. What an earlier play left is rebuilt; nothing else goes.
fn make_empty(dir: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::io("make the folder", dir, &error);
    std::fs::create_dir_all(dir).map_err(failed)?;
    if dir.join(MARK).is_file() && holds_only_a_demo(dir).map_err(failed)? {
        for stage in STAGES.iter().map(|stage| dir.join(stage)).filter(|stage| stage.exists()) {
            std::fs::remove_dir_all(&stage).map_err(|error| Failure::io("remove", &stage, &error))?;
        }
        return Ok(());
    }
    match std::fs::read_dir(dir).map_err(failed)?.next() {
        None => std::fs::write(dir.join(MARK), "").map_err(failed),
        Some(_) => Err(Failure::new(format!("could not play the demo in {}", dir.display()))
            .because("the folder is not empty, and nothing of yours is to be overwritten")
            .help("name another one: sysbom demo DIR")),
    }
}

fn holds_only_a_demo(dir: &Path) -> std::io::Result<bool> {
    for entry in std::fs::read_dir(dir)? {
        let name = entry?.file_name();
        if name != MARK && STAGES.iter().all(|stage| name != *stage) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn an_operation_repository(stage: &mut Stage) -> Result<(), Failure> {
    stage.scene("An operation repository")?;
    stage.tell("The forge is a bare repository here. Argo CD would read its branch main.")?;
    stage.quietly(Done, &["git", "init", "-q", "--bare", "-b", "main", "forge.git"])?;
    stage.quietly(Done, &["git", "init", "-q", "-b", "main", "operations"])?;
    stage.enter("operations");
    stage.quietly(Done, &["git", "remote", "add", "origin", "../forge.git"])?;
    let opening = OPENING_MANIFEST.replace("APP_123", APP_123).replace("MODEL_201", MODEL_201);
    stage.write(MANIFEST, &opening)?;
    stage.run(Done, &["cat", MANIFEST])?;
    stage.run(Done, &["sysbom", "install"])?;
    stage.run(Done, &["git", "add", "."])?;
    stage.run(Done, &["git", "commit", "-q", "-m", "Begin"])?;
    stage.run(Done, &["git", "push", "-q", "-u", "origin", "main"])?;
    stage.run(Done, &["git", "remote", "set-head", "origin", "main"])?;
    Ok(())
}

fn two_producers(stage: &mut Stage) -> Result<(), Failure> {
    stage.scene("Two producers release at the same time")?;
    stage.run(Done, &["git", "switch", "-q", "-c", "release/app"])?;
    stage.edit(MANIFEST, &[("v1.2.3", "v1.3.0"), (APP_123, APP_130)])?;
    stage.run(Done, &["git", "commit", "-q", "-a", "-m", "Release app v1.3.0"])?;
    stage.tell("The hook kept the state that is about to be replaced, byte for byte:")?;
    stage.run(Done, &["git", "show", "--stat", "--format=%s"])?;
    stage.run(Done, &["git", "switch", "-q", "-c", "release/model", "main"])?;
    stage.edit(MANIFEST, &[("v2.0.1", "v2.1.0"), (MODEL_201, MODEL_210)])?;
    stage.run(Done, &["git", "commit", "-q", "-a", "-m", "Release modelService v2.1.0"])?;
    Ok(())
}

fn merged_by_component(stage: &mut Stage) -> Result<(), Failure> {
    stage.scene("Both are merged, component by component")?;
    stage.run(Done, &["git", "switch", "-q", "main"])?;
    stage.run(Done, &["git", "merge", "-q", "release/app"])?;
    stage.run(Done, &["git", "push", "-q"])?;
    stage.tell(
        "The second branch was made before the first was published. Its archive is of the state\n\
         before both; the state with only app v1.3.0 in it would be in no file. The hook sees that,\n\
         stages the archive, and asks for the commit, because git lets it add nothing to its own.",
    )?;
    stage.run(Refused, &["git", "merge", "release/model"])?;
    stage.run(Done, &["git", "commit", "-q", "--no-edit"])?;
    stage.run(Done, &["git", "diff", "main^1", "main", "--", MANIFEST])?;
    stage.run(Done, &["git", "ls-files", "releases"])?;
    stage.run(Done, &["git", "push", "-q"])?;
    Ok(())
}

fn torn_by_text(stage: &mut Stage) -> Result<(), Failure> {
    stage.scene("A merge that text tears and sysbom refuses")?;
    stage.tell("One rebuilds app v1.3.0 on a mended base image: same tag, new digest.")?;
    stage.run(Done, &["git", "switch", "-q", "-c", "rebuild", "main"])?;
    stage.edit(MANIFEST, &[(APP_130, APP_REBUILT)])?;
    stage.run_in_brief(Done, &["git", "commit", "-q", "-a", "-m", "Rebuild app v1.3.0"])?;
    stage.tell("Another promotes the tested build to v1.4.0: new tag, same digest.")?;
    stage.run(Done, &["git", "switch", "-q", "-c", "promote", "main"])?;
    stage.edit(MANIFEST, &[("v1.3.0", "v1.4.0")])?;
    stage.run_in_brief(Done, &["git", "commit", "-q", "-a", "-m", "Promote app to v1.4.0"])?;
    stage.tell("Merged as text there is no conflict, and the result is a pin that nobody built:")?;
    let as_text = "merge.sysbom.driver=git merge-file %A %O %B";
    let tree =
        stage.run(Done, &["git", "-c", as_text, "merge-tree", "--write-tree", "promote", "rebuild"])?;
    stage.run(Done, &["git", "show", &format!("{}:{MANIFEST}", tree.trim())])?;
    stage.tell("With sysbom the pin is one value, and this is a conflict with both sides in view:")?;
    stage.run(Refused, &["git", "merge", "rebuild"])?;
    stage.run(Done, &["cat", MANIFEST])?;
    stage.run(Done, &["git", "merge", "--abort"])?;
    Ok(())
}

fn refused(stage: &mut Stage) -> Result<(), Failure> {
    stage.scene("A floating tag is refused")?;
    stage.run(Done, &["git", "switch", "-q", "main"])?;
    stage.edit(MANIFEST, &[("v1.3.0", "latest"), (APP_130, APP_150)])?;
    stage.run(Refused, &["git", "commit", "-q", "-a", "-m", "Always the newest app"])?;
    stage.run(Done, &["git", "restore", "."])?;

    stage.scene("A broken manifest is refused")?;
    let twice = "tag: v1.3.0\n    tag: v1.5.0";
    stage.edit(MANIFEST, &[("tag: v1.3.0", twice), (APP_130, APP_150)])?;
    stage.run(Refused, &["git", "commit", "-q", "-a", "-m", "Release app v1.5.0, twice"])?;
    stage.run(Done, &["git", "restore", "."])?;

    stage.scene("History only grows")?;
    stage.run(Done, &["git", "rm", "-q", "-r", "releases/history"])?;
    stage.run(Refused, &["git", "commit", "-q", "-m", "Tidy up"])?;
    stage.run(Done, &["git", "restore", "--staged", "--worktree", "."])?;
    Ok(())
}

fn lost_and_mended(stage: &mut Stage) -> Result<(), Failure> {
    stage.scene("A missing archive is refused, and mended")?;
    stage.tell("Someone goes round the hook:")?;
    stage.edit(MANIFEST, &[("v1.3.0", "v1.5.0"), (APP_130, APP_150)])?;
    stage.run(Done, &["git", "commit", "-q", "-a", "--no-verify", "-m", "Release app v1.5.0"])?;
    stage.run(Refused, &["git", "push", "-q"])?;
    stage.run(Done, &["sysbom", "check", "--fix"])?;
    stage.run(Done, &["git", "commit", "-q", "-m", "Keep the state before app v1.5.0"])?;
    stage.run(Done, &["git", "push", "-q"])?;
    stage.run(Done, &["git", "log", "--graph", "--format=%h %s"])?;
    Ok(())
}
