//! The settings of a forge that the workflows of a flow rest on: where each is, the command that
//! shows it, and what that command says where it is set. Runs nothing.

use serde_json::Value;

use crate::cli::workflows::{Flow, Forge};

/// A setting of the forge.
pub struct Setting {
    /// What it is called there.
    pub name: &'static str,
    /// Where it is, and what for.
    pub where_and_why: &'static str,
    /// The commands that show it, one to a line. The first is shown to people; each of the others
    /// shows more of the same. `BASE` is the base branch.
    pub see: &'static str,
    /// What they say where it is set.
    pub want: Want,
}

/// What the answer of a forge says where a setting is in order.
pub enum Want {
    /// Only a person can tell.
    Person,
    /// All of these lines.
    Lines(&'static [&'static str]),
    /// The name of the base branch.
    Base,
    /// Anything at all.
    Something,
    /// Anything but this line; where it is there, a person has to look.
    Unless(&'static str),
    /// JSON of which this holds, given the name of the base branch too.
    Json(fn(&Value, &str) -> bool),
}

impl Setting {
    /// The command for people.
    pub fn command(&self, branch: &str) -> String {
        self.commands(branch).next().unwrap_or_default()
    }

    /// All commands.
    pub fn commands(&self, branch: &str) -> impl Iterator<Item = String> {
        self.see.lines().map(move |line| line.replace("BASE", branch))
    }
}

const fn setting(name: &'static str, where_and_why: &'static str, see: &'static str, want: Want) -> Setting {
    Setting { name, where_and_why, see, want }
}

/// The settings of a flow on a forge.
pub fn settings(forge: Forge, flow: Flow) -> impl Iterator<Item = &'static Setting> {
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
        "gh api repos/{owner}/{repo} --jq .default_branch",
        Want::Base,
    ),
    setting(
        "access to sysbom",
        "where the repository of sysbom is private: its Settings, Actions, General, Access",
        "gh api repos/OWNER/SYSBOM/actions/permissions/access",
        Want::Person,
    ),
    setting(
        "a token for each producer",
        "in the producer: secret SYSBOM_DISPATCH_TOKEN, fine-grained, contents: write here and nowhere else",
        "gh secret list --repo OWNER/PRODUCER",
        Want::Person,
    ),
];

const SECRETS: &str = "\
gh api --paginate repos/{owner}/{repo}/actions/secrets --jq '.secrets[].name'
gh api --paginate repos/{owner}/{repo}/actions/organization-secrets --jq '.secrets[].name'";

const GITHUB_KEY: &[Setting] = &[
    setting(
        "deploy key",
        "Settings, Deploy keys: one with write access. What it pushes starts workflows",
        "gh api --paginate repos/{owner}/{repo}/keys --jq '.[] | select(.read_only == false) | .title'",
        Want::Something,
    ),
    setting(
        "secret SYSBOM_DEPLOY_KEY",
        "Settings, Secrets and variables, Actions: the private half of that key",
        SECRETS,
        Want::Lines(&["SYSBOM_DEPLOY_KEY"]),
    ),
];

const GITHUB_DIRECT: &[Setting] = &[setting(
    "rules of the default branch",
    "Settings, Rules: where it is protected, deploy keys must be in the bypass list",
    "gh api repos/{owner}/{repo}/branches/BASE --jq .protected",
    Want::Unless("true"),
)];

const REQUIRED_CHECK: Setting = setting(
    "required check",
    "Settings, Rules, default branch: require `sysbom check` and branches up to date before merging. \
     Private repositories need a paid plan; without, the check after the push reports a loss and it is mended",
    "\
gh api repos/{owner}/{repo}/rules/branches/BASE --jq '.[] | select(.type == \"required_status_checks\") | .parameters | \"strict: \\(.strict_required_status_checks_policy)\", .required_status_checks[].context'
gh api repos/{owner}/{repo}/branches/BASE/protection/required_status_checks --jq '\"strict: \\(.strict)\", .contexts[]'",
    Want::Lines(&["strict: true", "sysbom check"]),
);

const GITHUB_PR: &[Setting] = &[
    setting(
        "Allow GitHub Actions to create pull requests",
        "Settings, Actions, General; off by default. Without it the run's summary has a link to open it by hand",
        "gh api repos/{owner}/{repo}/actions/permissions/workflow --jq .can_approve_pull_request_reviews",
        Want::Lines(&["true"]),
    ),
    REQUIRED_CHECK,
];

const GITHUB_APP: &[Setting] = &[
    setting(
        "the GitHub App",
        "installed here, with contents: write and pull requests: write. Settings, GitHub Apps",
        "gh api orgs/{owner}/installations --jq '.installations[].app_slug'",
        Want::Person,
    ),
    setting(
        "variable SYSBOM_APP_ID",
        "Settings, Secrets and variables, Actions, Variables: the number of the app",
        "\
gh api --paginate repos/{owner}/{repo}/actions/variables --jq '.variables[].name'
gh api --paginate repos/{owner}/{repo}/actions/organization-variables --jq '.variables[].name'",
        Want::Lines(&["SYSBOM_APP_ID"]),
    ),
    setting(
        "secret SYSBOM_APP_KEY",
        "Settings, Secrets and variables, Actions: a private key of the app",
        SECRETS,
        Want::Lines(&["SYSBOM_APP_KEY"]),
    ),
    setting(
        "Allow auto-merge",
        "Settings, General; and merge commits, or another way of merging in the workflows",
        "gh api repos/{owner}/{repo} --jq '\"auto-merge: \\(.allow_auto_merge)\", \"merge commits: \\(.allow_merge_commit)\"'",
        Want::Lines(&["auto-merge: true", "merge commits: true"]),
    ),
    REQUIRED_CHECK,
];

const GITLAB: &[Setting] = &[
    setting(
        "variable SYSBOM_TOKEN",
        "Settings, CI/CD, Variables, masked and protected: a project access token with write_repository",
        "glab api projects/:fullpath/variables?per_page=100",
        Want::Json(has_token),
    ),
    setting(
        "trigger tokens",
        "Settings, CI/CD, Pipeline trigger tokens: one for each producer",
        "glab api projects/:fullpath/triggers",
        Want::Json(|tokens, _| !items(tokens).is_empty()),
    ),
    setting(
        "pipeline variables",
        "Settings, CI/CD, Variables, minimum role: that of whoever made the trigger tokens. \
         Newer groups let nobody, and then no payload arrives",
        "glab api projects/:fullpath | jq .ci_pipeline_variables_minimum_override_role",
        Want::Json(|project, _| {
            project["ci_pipeline_variables_minimum_override_role"].as_str() != Some("no_one_allowed")
        }),
    ),
];

const GITLAB_DIRECT: &[Setting] = &[setting(
    "protected branch",
    "Settings, Repository, Protected branches: BASE is protected, and the role of the token may push",
    "glab api projects/:fullpath/protected_branches?per_page=100",
    Want::Json(may_be_pushed_to),
)];

const GITLAB_PR: &[Setting] = &[
    setting(
        "merge method",
        "Settings, Merge requests: fast-forward, semi-linear, or merge trains. \
         Otherwise base can move between check and merge",
        "glab api projects/:fullpath | jq '.merge_method, .merge_trains_enabled'",
        Want::Json(|project, _| {
            matches!(project["merge_method"].as_str(), Some("ff" | "rebase_merge"))
                || project["merge_trains_enabled"] == Value::Bool(true)
        }),
    ),
    setting(
        "Pipelines must succeed",
        "Settings, Merge requests",
        "glab api projects/:fullpath | jq .only_allow_merge_if_pipeline_succeeds",
        Want::Json(|project, _| project["only_allow_merge_if_pipeline_succeeds"] == Value::Bool(true)),
    ),
];

fn items(list: &Value) -> &[Value] {
    list.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn has_token(variables: &Value, _: &str) -> bool {
    let hidden =
        |variable: &Value| ["masked", "protected"].iter().all(|key| variable[*key] == Value::Bool(true));
    items(variables)
        .iter()
        .any(|variable| variable["key"].as_str() == Some("SYSBOM_TOKEN") && hidden(variable))
}

/// Level 0 is nobody.
fn may_be_pushed_to(branches: &Value, base: &str) -> bool {
    let own = items(branches).iter().find(|branch| branch["name"].as_str() == Some(base));
    own.is_some_and(|own| {
        items(&own["push_access_levels"]).iter().any(|level| level["access_level"].as_i64() != Some(0))
    })
}
