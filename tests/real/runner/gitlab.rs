//! GitLab CI: the jobs whose rules hold, each in a clone of its own, `before_script` and `script` as
//! one script under bash.

use serde_yaml::{Mapping, Value};

use super::github::read;
use super::{Forge, Vars};
use crate::support::Ran;

/// The jobs of a file that are no templates.
pub fn jobs(file: &Value) -> Vec<String> {
    let known = ["variables", "stages", "include", "default", "workflow"];
    let names = file.as_mapping().expect("a pipeline is a mapping").keys().filter_map(Value::as_str);
    names.filter(|name| !name.starts_with('.') && !known.contains(name)).map(str::to_owned).collect()
}

impl Forge {
    /// Runs every job of a file whose rules hold; gives name and what came of it.
    #[track_caller]
    pub fn run_pipeline(&self, path: &str, vars: &[(&str, &str)]) -> Vec<(String, Ran)> {
        let file = read(path);
        let given: Vars = vars.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let jobs = jobs(&file).into_iter().map(|name| {
            let job = resolved(&file, &file[name.as_str()]);
            (name, job)
        });
        jobs.filter_map(|(name, job)| self.job(path, &file, &name, &job, &given)).collect()
    }

    fn job(
        &self,
        path: &str,
        file: &Value,
        name: &str,
        job: &Mapping,
        given: &Vars,
    ) -> Option<(String, Ran)> {
        let vars = self.variables(file, job, given);
        let rules = job.get("rules")?.as_sequence()?;
        if !rules.iter().any(|rule| holds(rule["if"].as_str().expect("a rule has an if"), &vars)) {
            return None;
        }
        let folder = self.workspace();
        self.clone_as_runner(&folder, &vars);
        let lines = ["before_script", "script"]
            .iter()
            .flat_map(|key| job.get(*key).and_then(Value::as_sequence).into_iter().flatten());
        let script: String =
            lines.map(|line| format!("{}\n", line.as_str().expect("a line is text"))).collect();
        let ran = self.bash(&folder, &script, &vars);
        self.executed.borrow_mut().insert((path.to_owned(), name.to_owned()));
        Some((name.to_owned(), ran))
    }

    fn variables(&self, file: &Value, job: &Mapping, given: &Vars) -> Vars {
        let mut vars = Vars::new();
        let commit = given.get("CI_COMMIT_SHA").cloned().unwrap_or_else(|| self.tip("main"));
        for (name, value) in [
            ("GITLAB_CI", "true"),
            ("CI_DEFAULT_BRANCH", "main"),
            ("CI_SERVER_HOST", "gitlab.example.org"),
            ("CI_API_V4_URL", "https://gitlab.example.org/api/v4"),
            ("CI_PIPELINE_URL", "https://gitlab.example.org/acme/app/-/pipelines/42"),
            ("CI_PROJECT_URL", &format!("file://{}", self.path("forge").display())),
            ("CI_COMMIT_SHA", &commit),
            ("GITLAB_USER_LOGIN", "ada"),
            ("SYSBOM_TOKEN", "token"),
            ("SYSBOM_TRIGGER_TOKEN", "token"),
        ] {
            vars.insert(name.to_owned(), value.to_owned());
        }
        for own in [file.get("variables"), job.get("variables")].into_iter().flatten() {
            for (name, value) in own.as_mapping().into_iter().flatten() {
                let value = value.as_str().expect("a variable is text");
                let value = value
                    .replace("$CI_DEFAULT_BRANCH", "main")
                    .replace("$CI_SERVER_HOST", "gitlab.example.org");
                vars.insert(name.as_str().expect("it has a name").to_owned(), value);
            }
        }
        let given: Vars = given.iter().map(|(name, value)| (name.clone(), expanded(value, &vars))).collect();
        vars.extend(given);
        vars
    }

    /// A detached head and all branches, as with `GIT_DEPTH: 0`.
    fn clone_as_runner(&self, folder: &std::path::Path, vars: &Vars) {
        let place = self.scratch.at(folder);
        place.git(&["init", "-q", "-b", "nothing", "."]);
        let url = format!("{}.git", vars["CI_PROJECT_URL"]);
        place.git(&["remote", "add", "origin", &url]);
        let depth =
            if vars.get("GIT_DEPTH").is_some_and(|depth| depth == "0") { "--tags" } else { "--depth=1" };
        place.git(&["fetch", "-q", depth, "origin", "+refs/heads/*:refs/remotes/origin/*"]);
        place.git(&["checkout", "-q", "--detach", &vars["CI_COMMIT_SHA"]]);
    }
}

/// A value that starts a pipeline, as the runner passes it on: names of variables are replaced.
fn expanded(value: &str, vars: &Vars) -> String {
    let name = regex::Regex::new(r"\$(?:\{(\w+)\}|([A-Za-z_]\w*))").expect("it is a pattern");
    let found = |caught: &regex::Captures| {
        let name = caught.get(1).or(caught.get(2)).expect("one of both is there").as_str();
        vars.get(name).cloned().unwrap_or_default()
    };
    name.replace_all(value, found).into_owned()
}

/// A job with all that it extends.
fn resolved(file: &Value, job: &Value) -> Mapping {
    let job = job.as_mapping().expect("a job is a mapping");
    let Some(parent) = job.get("extends").and_then(Value::as_str) else { return job.clone() };
    let mut result = resolved(file, &file[parent]);
    for (key, value) in job {
        match (result.get_mut(key), value) {
            (Some(Value::Mapping(old)), Value::Mapping(new)) => old.extend(new.clone()),
            _ => {
                result.insert(key.clone(), value.clone());
            }
        }
    }
    result
}

/// The conditions in use: terms joined by `&&`, each `$A`, `$A == "text"`, `$A == $B` or `$A =~ /re/`.
fn holds(condition: &str, vars: &Vars) -> bool {
    let value = |term: &str| match term.trim() {
        name if name.starts_with('$') => vars.get(&name[1..]).cloned().unwrap_or_default(),
        text => text.trim_matches('"').to_owned(),
    };
    condition.split("&&").all(|term| {
        if let Some((left, right)) = term.split_once("==") {
            value(left) == value(right)
        } else if let Some((left, pattern)) = term.split_once("=~") {
            let pattern = pattern.trim().trim_matches('/');
            regex::Regex::new(pattern).expect("it is a pattern").is_match(&value(left))
        } else {
            assert!(term.trim().starts_with('$'), "this runner does not know the condition `{term}`");
            !value(term).is_empty()
        }
    })
}

#[test]
fn the_conditions_in_use_mean_what_gitlab_says() {
    let vars = Vars::from([("A".into(), "x".into()), ("B".into(), "x".into())]);
    for (condition, truth) in [
        ("$A == \"x\" && $A == $B", true),
        ("$A =~ /^(x|y)$/ && $C", false),
        ("$A =~ /^(z|y)$/", false),
        ("$A", true),
    ] {
        assert_eq!(holds(condition, &vars), truth, "{condition}");
    }
}

#[test]
fn a_variable_that_is_named_in_a_value_is_expanded() {
    let vars = Vars::from([("A".into(), "x".into())]);
    assert_eq!(expanded("$A ${A} $(A) $ $NONE.", &vars), "x x $(A) $ .");
}
