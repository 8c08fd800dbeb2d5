//! `sysbom doctor --forge`: what the workflows rest on. What this clone shows is looked at; the
//! settings of a forge cannot be seen from here, so each is named with where it is and with the
//! command that shows it.

use std::path::Path;

use crate::git::Repo;
use crate::text::escape;

use super::console::Console;
use super::exit::Exit;
use super::failure::Failure;
use super::workflows::{self, File, Flow, Forge, NO_PLACES};

/// Looks at the workflow files and lists the settings they need.
///
/// # Errors
/// There is no working tree, or it cannot be read.
pub fn doctor(repo: &Repo, console: &mut Console) -> Result<Exit, Failure> {
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
    let faults = look_at_files(top, forge, flow, &workflows::base_branch(repo)?, console)?;
    for setting in settings(forge, flow) {
        console.out(format!(
            "look   {}: {}\n       see:  {}\n",
            setting.name, setting.where_and_why, setting.see
        ))?;
    }
    Ok(if faults == 0 { Exit::Ok } else { Exit::Findings })
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
        let (word, message) = match fault(file, text.as_deref(), branch) {
            Some(fault) => ("not ok", fault),
            None if text.is_some_and(|text| own(&text) != own(file.text)) => {
                ("ok    ", "is there, and not as this version writes it".to_owned())
            }
            None => ("ok    ", "is there".to_owned()),
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

/// A file without the lines that every user has of their own.
fn own(text: &str) -> Vec<&str> {
    let theirs = ["/sysbom@", "SYSBOM_GIT:", "SYSBOM_REV:", "branches: ["];
    text.lines().filter(|line| !theirs.iter().any(|own| line.contains(own))).collect()
}

/// A setting of the forge.
struct Setting {
    name: &'static str,
    where_and_why: &'static str,
    see: &'static str,
}

const fn setting(name: &'static str, where_and_why: &'static str, see: &'static str) -> Setting {
    Setting { name, where_and_why, see }
}

fn settings(forge: Forge, flow: Flow) -> impl Iterator<Item = &'static Setting> {
    let (own, every) = match (forge, flow) {
        (Forge::Github, Flow::Direct) => (GITHUB_DIRECT, [GITHUB_KEY, GITHUB]),
        (Forge::Github, Flow::Pr) => (GITHUB_PR, [GITHUB_KEY, GITHUB]),
        (Forge::Github, Flow::App) => (GITHUB_APP, [&[] as &[Setting], GITHUB]),
        (Forge::Gitlab, Flow::Direct) => (GITLAB_DIRECT, [&[] as &[Setting], GITLAB]),
        (Forge::Gitlab, Flow::Pr | Flow::App) => (GITLAB_PR, [&[] as &[Setting], GITLAB]),
    };
    every.into_iter().flatten().chain(own)
}

const GITHUB: &[Setting] = &[
    setting(
        "default branch",
        "must be the base branch; dispatched workflows run from it",
        "gh repo view --json defaultBranchRef --jq .defaultBranchRef.name",
    ),
    setting(
        "access to sysbom",
        "where the repository of sysbom is private: its Settings, Actions, General, Access",
        "gh api repos/OWNER/SYSBOM/actions/permissions/access",
    ),
    setting(
        "a token for each producer",
        "in the producer: secret SYSBOM_DISPATCH_TOKEN, fine-grained, contents: write here and nowhere else",
        "gh secret list --repo OWNER/PRODUCER",
    ),
];

const GITHUB_KEY: &[Setting] = &[
    setting(
        "deploy key",
        "Settings, Deploy keys: one with write access. What it pushes starts workflows",
        "gh repo deploy-key list",
    ),
    setting(
        "secret SYSBOM_DEPLOY_KEY",
        "Settings, Secrets and variables, Actions: the private half of that key",
        "gh secret list",
    ),
];

const GITHUB_DIRECT: &[Setting] = &[setting(
    "rules of the default branch",
    "Settings, Rules: where it is protected, deploy keys must be in the bypass list",
    "gh ruleset check --default",
)];

const REQUIRED_CHECK: &str = "\
Settings, Rules, default branch: require `sysbom check` and branches up to date before merging. \
Private repositories need a paid plan; without, the check after the push reports a loss and it is mended";

const GITHUB_PR: &[Setting] = &[
    setting(
        "Allow GitHub Actions to create pull requests",
        "Settings, Actions, General; off by default. Without it the run's summary has a link to open it by hand",
        "gh api repos/{owner}/{repo}/actions/permissions/workflow --jq .can_approve_pull_request_reviews",
    ),
    setting("required check", REQUIRED_CHECK, "gh ruleset check --default"),
];

const GITHUB_APP: &[Setting] = &[
    setting(
        "the GitHub App",
        "installed here, with contents: write and pull requests: write. Settings, GitHub Apps",
        "gh api orgs/{owner}/installations --jq '.installations[].app_slug'",
    ),
    setting(
        "variable SYSBOM_APP_ID",
        "Settings, Secrets and variables, Actions, Variables: the number of the app",
        "gh variable list",
    ),
    setting(
        "secret SYSBOM_APP_KEY",
        "Settings, Secrets and variables, Actions: a private key of the app",
        "gh secret list",
    ),
    setting(
        "Allow auto-merge",
        "Settings, General; and merge commits, or another way of merging in the workflows",
        "gh api repos/{owner}/{repo} --jq '.allow_auto_merge, .allow_merge_commit'",
    ),
    setting("required check", REQUIRED_CHECK, "gh ruleset check --default"),
];

const GITLAB: &[Setting] = &[
    setting(
        "variable SYSBOM_TOKEN",
        "Settings, CI/CD, Variables, masked and protected: a project access token with write_repository",
        "glab variable list",
    ),
    setting(
        "trigger tokens",
        "Settings, CI/CD, Pipeline trigger tokens: one for each producer",
        "glab api projects/:fullpath/triggers",
    ),
    setting(
        "pipeline variables",
        "Settings, CI/CD, Variables, minimum role: that of whoever made the trigger tokens. \
         Newer groups let nobody, and then no payload arrives",
        "glab api projects/:fullpath | jq .ci_pipeline_variables_minimum_override_role",
    ),
];

const GITLAB_DIRECT: &[Setting] = &[setting(
    "protected branch",
    "Settings, Repository, Protected branches: the role of the token may push",
    "glab api projects/:fullpath/protected_branches",
)];

const GITLAB_PR: &[Setting] = &[
    setting(
        "merge method",
        "Settings, Merge requests: fast-forward, or merge trains. Otherwise base can move between check and merge",
        "glab api projects/:fullpath | jq '.merge_method, .merge_trains_enabled'",
    ),
    setting(
        "Pipelines must succeed",
        "Settings, Merge requests",
        "glab api projects/:fullpath | jq .only_allow_merge_if_pipeline_succeeds",
    ),
];
