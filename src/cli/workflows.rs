//! The workflow files of an operation repository: which files a forge and a flow need, and how
//! `sysbom init` writes them. The files themselves lie in `examples/operation-repo`, so that what
//! users get is what the tests run. Which settings of a forge they rest on is for `forge`.

use std::path::Path;

use clap::ValueEnum;

use crate::git::Repo;
use crate::text::escape;

use super::console::Console;
use super::failure::Failure;

/// What `sysbom init` takes to write workflows.
#[derive(Debug, clap::Args)]
pub struct WorkflowArgs {
    /// Write the workflow files for this forge
    #[arg(long, value_name = "FORGE")]
    forge: Option<Forge>,
    /// How a release reaches the base branch: pushed by a deploy key or token (direct), as a pull
    /// request that a person merges (pr), as one of a GitHub App that merges itself (app)
    #[arg(long, value_name = "FLOW", requires = "forge", default_value = "direct")]
    flow: Flow,
    /// Where the workflows get sysbom from, at which commit: OWNER/REPOSITORY@COMMIT for GitHub,
    /// URL@COMMIT for GitLab
    #[arg(long, value_name = "WHERE@COMMIT", requires = "forge")]
    source: Option<String>,
}

/// A forge whose workflows are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Forge {
    /// GitHub Actions.
    Github,
    /// GitLab CI.
    Gitlab,
}

/// How a release reaches base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Flow {
    /// Pushed to base.
    Direct,
    /// A branch, and a person merges it.
    Pr,
    /// A branch, and a GitHub App has it merged.
    App,
}

/// One file: its path in an operation repository, and its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File {
    /// Below the top of the repository.
    pub path: &'static str,
    /// As it lies in `examples/operation-repo`.
    pub text: &'static str,
}

macro_rules! files {
    ($folder:literal: $($path:literal),+ $(,)?) => {
        &[$(File {
            path: $path,
            text: include_str!(concat!("../../examples/operation-repo/", $folder, "/", $path)),
        }),+]
    };
}

macro_rules! github {
    ($flow:literal) => {
        files!($flow:
            ".github/workflows/sysbom-release.yml",
            ".github/workflows/sysbom-update-branch.yml",
            ".github/workflows/sysbom-rollback.yml",
            ".github/workflows/sysbom-promote.yml",
            ".github/workflows/sysbom-snapshot.yml",
        )
    };
}

const GITHUB: &[File] = files!("github/every-flow": ".github/workflows/sysbom-check.yml");
const GITHUB_DIRECT: &[File] = github!("github/direct");
const GITHUB_PR: &[File] = github!("github/pr");
const GITHUB_APP: &[File] = github!("github/app");
const GITLAB: &[File] = files!("gitlab/every-flow": ".gitlab-ci.yml");
const GITLAB_DIRECT: &[File] = files!("gitlab/direct": ".gitlab/sysbom.yml");
const GITLAB_PR: &[File] = files!("gitlab/pr": ".gitlab/sysbom.yml");

/// The complete set for a forge and a flow; `None` where a forge has no such flow.
pub fn set(forge: Forge, flow: Flow) -> Option<impl Iterator<Item = File>> {
    let (own, every) = match (forge, flow) {
        (Forge::Github, Flow::Direct) => (GITHUB_DIRECT, GITHUB),
        (Forge::Github, Flow::Pr) => (GITHUB_PR, GITHUB),
        (Forge::Github, Flow::App) => (GITHUB_APP, GITHUB),
        (Forge::Gitlab, Flow::Direct) => (GITLAB_DIRECT, GITLAB),
        (Forge::Gitlab, Flow::Pr) => (GITLAB_PR, GITLAB),
        (Forge::Gitlab, Flow::App) => return None,
    };
    Some(own.iter().chain(every).copied())
}

/// The flow that a file is for, if it is as `init` writes it and only one flow has it so.
pub fn flow_of(forge: Forge, path: &str, text: &str) -> Option<Flow> {
    let is_for = |flow: &Flow| {
        set(forge, *flow).into_iter().flatten().any(|file| file.path == path && own(file.text) == own(text))
    };
    let mut flows = Flow::value_variants().iter().copied().filter(is_for);
    flows.next().filter(|_| flows.next().is_none())
}

/// A file without the lines that every user has of their own.
pub fn own(text: &str) -> Vec<&str> {
    let theirs = ["/sysbom@", "SYSBOM_GIT:", "SYSBOM_REV:", "branches: ["];
    text.lines().filter(|line| !theirs.iter().any(|own| line.contains(own))).collect()
}

/// Writes the set that was asked for. What is there stays as it is.
///
/// # Errors
/// The forge has no such flow, the source is not of the form it must have, or a file could not be
/// written.
pub fn write(args: &WorkflowArgs, repo: &Repo, top: &Path, console: &mut Console) -> Result<(), Failure> {
    let Some(forge) = args.forge else { return Ok(()) };
    let files = set(forge, args.flow).ok_or_else(|| {
        Failure::new("could not write workflows: the flow `app` is for GitHub Apps")
            .help("on GitLab a project access token does the same: `--forge gitlab --flow pr`")
    })?;
    let source = args.source.as_deref().map(|text| Source::read(forge, text)).transpose()?;
    let branch = base_branch(repo)?;
    for file in files {
        put(top, file.path, &adapted(file.text, source, &branch), (forge, args.flow), console)?;
    }
    say_what_is_left(source, forge, console)
}

/// Where the workflows get sysbom from.
#[derive(Clone, Copy)]
struct Source<'a> {
    place: &'a str,
    commit: &'a str,
}

impl<'a> Source<'a> {
    fn read(forge: Forge, text: &'a str) -> Result<Source<'a>, Failure> {
        let form = match forge {
            Forge::Github => "OWNER/REPOSITORY@COMMIT, such as acme/sysbom@4f1c2ab... with all 40 digits",
            Forge::Gitlab => {
                "URL@COMMIT, such as https://git.example.org/sysbom.git@4f1c2ab... with all 40 digits"
            }
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:@".contains(c);
        let is_place = |place: &str| match forge {
            Forge::Github => place.split('/').filter(|part| !part.is_empty()).count() == 2,
            Forge::Gitlab => place.contains("://"),
        };
        let is_commit = |commit: &str| commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit());
        match text.rsplit_once('@') {
            Some((place, commit)) if is_place(place) && place.chars().all(plain) && is_commit(commit) => {
                Ok(Source { place, commit })
            }
            _ => {
                Err(Failure::new(format!("could not take sysbom from `{text}`"))
                    .help(format!("write {form}")))
            }
        }
    }
}

/// What the files say where nobody has said where sysbom lives.
pub const NO_PLACES: [&str; 2] = ["your-org/sysbom@", "https://gitlab.example.org/your-org/sysbom.git"];
const NO_COMMIT: &str = "0000000000000000000000000000000000000000";

fn adapted(text: &str, source: Option<Source>, branch: &str) -> String {
    let text = text.replace("branches: [main", &format!("branches: [{branch}"));
    let Some(Source { place, commit }) = source else { return text };
    text.replace(NO_PLACES[0], &format!("{place}@")).replace(NO_PLACES[1], place).replace(NO_COMMIT, commit)
}

/// The name of the base branch on the forge.
pub fn base_branch(repo: &Repo) -> Result<String, Failure> {
    let base = repo.base()?.filter(|base| base.how != "HEAD").map(|base| base.name);
    let name = match base {
        Some(name) => name,
        None => repo.current_branch()?.unwrap_or_else(|| "main".to_owned()),
    };
    let name = name.strip_prefix("origin/").unwrap_or(&name);
    // It goes into YAML, and into a pattern of branches.
    if name.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c)) {
        return Ok(name.to_owned());
    }
    Err(Failure::new(format!("could not write workflows for a base branch called `{name}`"))
        .help("name it with letters, digits and `.`, `_`, `-`, `/`, or copy the files and edit them"))
}

fn put(
    top: &Path,
    name: &str,
    text: &str,
    (forge, flow): (Forge, Flow),
    console: &mut Console,
) -> Result<(), Failure> {
    let path = top.join(name);
    if std::fs::symlink_metadata(&path).is_ok() {
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        let other = flow_of(forge, name, &there).is_some_and(|other| other != flow);
        let include = match name {
            ".gitlab-ci.yml" => {
                ": it should include `.gitlab/sysbom.yml` and have the stages check and release"
            }
            _ if other => ": it is for another flow; delete it first if you want this one",
            _ => "",
        };
        return console.out(format!("kept    {}{include}\n", escape(name)));
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| Failure::io("make", folder, &error))?;
    }
    crate::git::replace_file(&path, text.as_bytes())?;
    console.out(format!("wrote   {}\n", escape(name)))
}

fn say_what_is_left(source: Option<Source>, forge: Forge, console: &mut Console) -> Result<(), Failure> {
    if source.is_none() {
        let how = match forge {
            Forge::Github => {
                "`sed -i 's|your-org/sysbom@0*|OWNER/REPOSITORY@COMMIT|' .github/workflows/sysbom-*.yml`"
            }
            Forge::Gitlab => "SYSBOM_GIT and SYSBOM_REV in .gitlab/sysbom.yml",
        };
        console.out(format!(
            "note    say where the workflows get sysbom from, at which commit:\n        {how}\n"
        ))?;
    }
    console.out("note    `sysbom doctor --forge` lists the settings of the forge that they need\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<(Forge, Flow, File)> {
        let pairs = Forge::value_variants()
            .iter()
            .flat_map(|forge| Flow::value_variants().iter().map(move |flow| (*forge, *flow)));
        pairs
            .filter_map(|(forge, flow)| Some(set(forge, flow)?.map(move |file| (forge, flow, file))))
            .flatten()
            .collect()
    }

    #[test]
    fn every_set_but_one_exists_and_names_no_path_twice() {
        assert_eq!(all().len(), 3 * 6 + 2 * 2);
        assert!(set(Forge::Gitlab, Flow::App).is_none());
        for (forge, flow, file) in all() {
            let same = set(forge, flow).expect("it is in the list").filter(|other| other.path == file.path);
            assert_eq!(same.count(), 1, "{}", file.path);
        }
    }

    #[test]
    fn place_commit_and_branch_go_into_every_file_that_names_them() {
        let commit = "4f1c2ab04f1c2ab04f1c2ab04f1c2ab04f1c2ab0";
        for (forge, _, file) in all() {
            let place = match forge {
                Forge::Github => "acme/sysbom",
                Forge::Gitlab => "https://git.example.org/sysbom.git",
            };
            let text = format!("{place}@{commit}");
            let source = Source::read(forge, &text).expect("it has the form");
            let adapted = adapted(file.text, Some(source), "trunk");
            assert!(!adapted.contains("your-org") && !adapted.contains(NO_COMMIT), "{}", file.path);
            assert_eq!(adapted.contains(commit), file.path != ".gitlab-ci.yml", "{}", file.path);
            assert!(!adapted.contains("[main"), "{}", file.path);
        }
    }

    #[test]
    fn a_source_that_could_move_or_hide_something_is_refused() {
        for text in [
            "acme/sysbom@main",
            "acme/sysbom",
            "sysbom@4f1c2ab04f1c2ab04f1c2ab04f1c2ab04f1c2ab0",
            "a/b\n@4f1c2ab04f1c2ab04f1c2ab04f1c2ab04f1c2ab0",
        ] {
            assert!(Source::read(Forge::Github, text).is_err(), "{text}");
        }
    }
}
