//! `sysbom doctor --forge`: what the workflows rest on. What this clone shows is looked at; the
//! settings of a forge cannot be seen from here, so each is named with where it is and with the
//! command that shows it; with `--ask` these commands are run, and what is missing is named.

mod ask;
mod settings;

use std::path::Path;

use crate::git::Repo;
use crate::text::escape;

use super::console::Console;
use super::exit::Exit;
use super::failure::Failure;
use super::workflows::{self, File, Flow, Forge, NO_PLACES, own};
use ask::{Asked, Asker};
use settings::{Setting, settings};

/// Looks at the workflow files and lists the settings they need; with `ask`, which are missing.
///
/// # Errors
/// There is no working tree, or it cannot be read.
pub fn doctor(repo: &Repo, ask: bool, console: &mut Console) -> Result<Exit, Failure> {
    let top = repo.work_dir().ok_or_else(|| {
        Failure::new("could not look for workflows: a bare repository has no working tree")
            .help("run it in a clone")
    })?;
    let Some((forge, flow)) = found(top) else {
        console.out(
            "not ok workflows: there are none of sysbom\n       \
             help: `sysbom init --forge github` or `--forge gitlab` writes them\n",
        )?;
        return Ok(Exit::Findings);
    };
    let branch = workflows::base_branch(repo)?;
    let mut faults = look_at_files(top, forge, flow, &branch, console)?;
    let asker = Asker { top, branch: &branch };
    for setting in settings(forge, flow) {
        let asked = if ask { asker.ask(setting) } else { Asked::Nobody(None) };
        faults += usize::from(asked == Asked::Missing);
        console.out(shown(setting, &asked, &branch))?;
    }
    Ok(if faults == 0 { Exit::Ok } else { Exit::Findings })
}

/// A setting, and what is known of it.
fn shown(setting: &Setting, asked: &Asked, branch: &str) -> String {
    let (name, see) = (setting.name, setting.command(branch));
    let what = setting.where_and_why.replace("BASE", branch);
    match asked {
        Asked::There => format!("ok     {name}: in order\n"),
        Asked::Missing => format!("not ok {name}: {what}\n       see:  {see}\n"),
        Asked::Nobody(None) => format!("look   {name}: {what}\n       see:  {see}\n"),
        Asked::Nobody(Some(why)) => {
            format!("look   {name}: {what}\n       see:  {see}\n       why:  {}\n", escape(why))
        }
    }
}

const GITHUB_RELEASE: &str = ".github/workflows/sysbom-release.yml";
const GITLAB_ALL: &str = ".gitlab/sysbom.yml";

/// The forge and the flow that the files here are for.
fn found(top: &Path) -> Option<(Forge, Flow)> {
    let read = |path: &str| std::fs::read_to_string(top.join(path)).ok();
    let flow = |text: &str| match text {
        text if text.contains("SYSBOM_APP_ID") => Flow::App,
        text if text.contains(" --direct") => Flow::Direct,
        _ => Flow::Pr,
    };
    let github = read(GITHUB_RELEASE).map(|text| (Forge::Github, flow(&text)));
    github.or_else(|| read(GITLAB_ALL).map(|text| (Forge::Gitlab, flow(&text))))
}

fn look_at_files(
    top: &Path,
    forge: Forge,
    flow: Flow,
    branch: &str,
    console: &mut Console,
) -> Result<usize, Failure> {
    let mut faults = 0;
    for file in workflows::set(forge, flow).into_iter().flatten() {
        let text = std::fs::read_to_string(top.join(file.path)).ok();
        let other = text.as_deref().and_then(|text| workflows::flow_of(forge, file.path, text));
        let (word, message) = match (fault(file, text.as_deref(), branch), other) {
            (Some(fault), _) => ("not ok", fault),
            (None, Some(other)) if other != flow => (
                "not ok",
                "is for another flow than sysbom release: delete it, and `sysbom init` again".to_owned(),
            ),
            (None, _) if text.is_some_and(|text| own(&text) != own(file.text)) => {
                ("ok    ", "is there, and not as this version writes it".to_owned())
            }
            (None, _) => ("ok    ", "is there".to_owned()),
        };
        faults += usize::from(word == "not ok");
        console.out(format!("{word} {}: {}\n", file.path, escape(&message)))?;
    }
    Ok(faults)
}

/// What is wrong with a file; the first thing.
fn fault(file: File, text: Option<&str>, branch: &str) -> Option<String> {
    let Some(text) = text else {
        let optional = ["promote", "snapshot"].iter().any(|name| file.path.contains(name));
        return (!optional).then(|| "is missing; `sysbom init --forge` writes what is missing".to_owned());
    };
    if NO_PLACES.iter().any(|place| text.contains(place)) {
        return Some("does not say yet where sysbom lives, and at which commit".to_owned());
    }
    let listens = |event: &str| text.lines().any(|line| line.trim_start().starts_with(event));
    if file.text.contains("branches: [") && !branches(text).any(|name| name == branch) {
        return Some(format!("does not listen to pushes to `{branch}`, the base branch of this clone"));
    }
    if file.path.ends_with("sysbom-check.yml") {
        if !listens("merge_group:") {
            return Some("does not list merge_group: a merge queue would wait for ever".to_owned());
        }
        if listens("paths:") || listens("paths-ignore:") {
            return Some("has a path filter: a required check that it skips stays pending".to_owned());
        }
    }
    if file.path == ".gitlab-ci.yml" && !text.contains(GITLAB_ALL) {
        return Some(format!("does not include {GITLAB_ALL}"));
    }
    None
}

/// The names in `branches: [main, 'sysbom/**']`.
fn branches(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("branches: [")?.strip_suffix(']'))
        .flat_map(|names| names.split(',').map(|name| name.trim().trim_matches(['\'', '"'])))
}
