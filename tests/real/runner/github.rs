//! GitHub Actions: jobs in their order, steps with `uses:` played and `run:` run.

use std::path::{Path, PathBuf};

use serde_yaml::{Mapping, Value};

use super::expression::{Context, expand, holds};
use super::{Forge, Vars, project};
use crate::support::Ran;

/// What starts a workflow.
#[derive(Clone, Debug)]
pub struct Event {
    /// As in `on:`.
    pub name: &'static str,
    /// `refs/heads/main` and the like.
    pub reference: String,
    /// The event file.
    pub payload: serde_json::Value,
}

/// What came of a workflow.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Each step that ran, by its name.
    pub steps: Vec<(String, Ran)>,
    /// All of `$GITHUB_OUTPUT`.
    pub outputs: Vars,
    /// `$GITHUB_STEP_SUMMARY`.
    pub summary: String,
}

impl Outcome {
    /// Panics unless every step left with 0.
    #[track_caller]
    pub fn succeeded(self) -> Outcome {
        for (name, ran) in &self.steps {
            assert_eq!(ran.status, Some(0), "step `{name}`\n{ran}");
        }
        assert!(!self.steps.is_empty(), "no step ran");
        self
    }

    /// Panics unless the last step that ran failed, and gives it.
    #[track_caller]
    pub fn failed(&self) -> &Ran {
        let (name, ran) = self.steps.last().expect("a step ran");
        assert!(ran.status != Some(0), "step `{name}` was to fail\n{ran}");
        ran
    }
}

/// Reads a YAML file of the project.
#[track_caller]
pub fn read(path: &str) -> Value {
    let text = std::fs::read_to_string(project(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names of the `run:` steps of a workflow or of a composite action.
pub fn run_steps(file: &Value) -> Vec<String> {
    let jobs = file.get("jobs").and_then(Value::as_mapping);
    let all = jobs.into_iter().flat_map(Mapping::values).chain(file.get("runs"));
    all.flat_map(steps).filter(|step| step.get("run").is_some()).map(|step| text(&step, "name")).collect()
}

/// The group in which GitHub keeps one run that waits.
#[track_caller]
pub fn concurrency_group(path: &str, event: &Event) -> String {
    let payload = serde_json::to_string(&event.payload).expect("it is JSON");
    expand(&text(&read(path)["concurrency"], "group"), &context(event, &payload))
}

fn steps(job: &Value) -> Vec<Value> {
    job.get("steps").and_then(Value::as_sequence).cloned().unwrap_or_default()
}

#[track_caller]
fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_else(|| panic!("no `{key}` in {value:?}")).to_owned()
}

impl Forge {
    /// Runs a workflow file of the project for an event, if it listens to it; stops at the first
    /// step that fails.
    #[track_caller]
    pub fn run(&self, path: &str, event: &Event) -> Outcome {
        let file = read(path);
        // YAML 1.1 reads the key `on` as true, GitHub does not, and neither does this reader.
        let listens = file.get("on").and_then(|on| on.get(event.name)).is_some();
        assert!(listens, "{path} does not listen to {}", event.name);
        let mut run = Run::new(self, path, &file, event);
        for (id, job) in file["jobs"].as_mapping().expect("a workflow has jobs") {
            if run.is_wanted(job) {
                run.job(id.as_str().expect("a job has a name"), job);
            }
        }
        run.outcome
    }

    /// Runs the steps of a composite action of the project.
    #[track_caller]
    pub fn run_action(&self, path: &str, folder: &Path, vars: &Vars) -> Outcome {
        let file = read(path);
        let event =
            Event { name: "push", reference: "refs/heads/main".into(), payload: serde_json::json!({}) };
        let mut run = Run::new(self, path, &Value::Null, &event);
        run.set(&["github", "action_path"], folder.to_str().expect("our paths are text"));
        run.vars.extend(vars.clone());
        run.job("action", &file["runs"]);
        run.outcome
    }
}

struct Run<'f> {
    forge: &'f Forge,
    path: String,
    event: Event,
    context: Context,
    vars: Vars,
    workspace: PathBuf,
    outcome: Outcome,
}

impl<'f> Run<'f> {
    fn new(forge: &'f Forge, path: &str, file: &Value, event: &Event) -> Run<'f> {
        let workspace = forge.workspace();
        let files = workspace.with_extension("files");
        std::fs::create_dir(&files).expect("scratch is ours");
        let event_file = files.join("event.json");
        let payload = serde_json::to_string(&event.payload).expect("it is JSON");
        std::fs::write(&event_file, &payload).expect("scratch is ours");
        let mut run = Run {
            forge,
            path: path.to_owned(),
            event: event.clone(),
            context: context(event, &payload),
            vars: Vars::new(),
            workspace,
            outcome: Outcome::default(),
        };
        let branch = event.reference.trim_start_matches("refs/heads/");
        for (name, value) in [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", event.name),
            ("GITHUB_EVENT_PATH", event_file.to_str().expect("our paths are text")),
            ("GITHUB_REF", &event.reference),
            ("GITHUB_REF_NAME", branch),
            ("GITHUB_HEAD_REF", event.payload["pull_request"]["head"]["ref"].as_str().unwrap_or_default()),
            ("GITHUB_SHA", &forge.tip(&event.reference)),
            ("GITHUB_REPOSITORY", "acme/operation"),
            ("GITHUB_SERVER_URL", "https://github.example.org"),
            ("GITHUB_RUN_ID", "42"),
            ("GITHUB_ACTOR", "ada"),
        ] {
            run.vars.insert(name.to_owned(), value.to_owned());
        }
        for name in ["GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STEP_SUMMARY"] {
            let path = files.join(name);
            std::fs::write(&path, "").expect("scratch is ours");
            run.vars.insert(name.to_owned(), path.to_str().expect("our paths are text").to_owned());
        }
        run.add_env(file.get("env"));
        run
    }

    /// Whether the condition of a job or a step holds, if it has one.
    fn is_wanted(&self, of: &Value) -> bool {
        let condition = of.get("if").map(|condition| condition.as_str().expect("a condition is text"));
        condition.is_none_or(|condition| holds(condition, &self.context))
    }

    fn add_env(&mut self, env: Option<&Value>) {
        let env = self.expanded(env);
        self.vars.extend(env);
    }

    fn expanded(&self, env: Option<&Value>) -> Vars {
        let pairs = env.and_then(Value::as_mapping).into_iter().flatten();
        pairs
            .map(|(name, value)| {
                let name = name.as_str().expect("a variable has a name");
                let value = value.as_str().unwrap_or_else(|| panic!("`{name}` is no text"));
                (name.to_owned(), expand(value, &self.context))
            })
            .collect()
    }

    fn set(&mut self, path: &[&str], value: &str) {
        let mut at = &mut self.context;
        for key in path {
            let mapping = at.as_mapping_mut().expect("a context is a mapping");
            at = mapping.entry((*key).into()).or_insert_with(|| Value::Mapping(Mapping::new()));
        }
        *at = value.into();
    }

    fn job(&mut self, id: &str, job: &Value) {
        self.context
            .as_mapping_mut()
            .expect("it is one")
            .insert("steps".into(), Value::Mapping(Mapping::new()));
        self.add_env(job.get("env"));
        for step in steps(job) {
            if !self.is_wanted(&step) {
                continue;
            }
            if step.get("uses").is_some() {
                self.play(&step);
            } else if !self.step(&step) {
                return;
            }
        }
        for (name, value) in self.expanded(job.get("outputs")) {
            self.set(&["needs", id, "outputs", &name], &value);
        }
    }

    /// What an action would have done.
    fn play(&mut self, step: &Value) {
        let uses = text(step, "uses");
        let (action, commit) = uses.split_once('@').expect("an action is pinned");
        assert!(commit.len() == 40, "{uses} is not pinned by a commit");
        match action {
            "your-org/sysbom" => {}
            "actions/checkout" => self.checkout(&self.expanded_with(step)),
            "actions/create-github-app-token" => {
                let id = text(step, "id");
                self.set(&["steps", &id, "outputs", "token"], "token-of-the-app");
            }
            "actions/cache" => {
                let with = self.expanded_with(step);
                assert!(with["key"].len() > 40, "{with:?}");
            }
            other => panic!("this runner does not know the action {other}"),
        }
    }

    fn expanded_with(&self, step: &Value) -> Vars {
        let with = step.get("with").and_then(Value::as_mapping).into_iter().flatten();
        with.map(|(name, value)| {
            let value = match value {
                Value::String(text) => expand(text, &self.context),
                Value::Bool(truth) => truth.to_string(),
                Value::Number(number) => number.to_string(),
                other => panic!("{other:?}"),
            };
            (name.as_str().expect("an input has a name").to_owned(), value)
        })
        .collect()
    }

    /// As the real one does: no `origin/HEAD`, a branch with its upstream, a merge ref detached, and
    /// one commit alone unless `fetch-depth` is 0.
    fn checkout(&mut self, with: &Vars) {
        let place = self.forge.scratch.at(&self.workspace);
        let reference = match with.get("ref") {
            Some(branch) => format!("refs/heads/{branch}"),
            None => self.event.reference.clone(),
        };
        place.git(&["init", "-q", "-b", "nothing", "."]);
        let url = format!("file://{}", self.forge.path("forge.git").display());
        place.git(&["remote", "add", "origin", &url]);
        let depth =
            if with.get("fetch-depth").is_some_and(|depth| depth == "0") { "--tags" } else { "--depth=1" };
        if let Some(branch) = reference.strip_prefix("refs/heads/") {
            place.git(&["fetch", "-q", depth, "origin", "+refs/heads/*:refs/remotes/origin/*"]);
            place.git(&["checkout", "-q", "-B", branch, &format!("refs/remotes/origin/{branch}")]);
        } else {
            let to = reference.replacen("refs/", "refs/remotes/", 1);
            let spec = format!("+{reference}:{to}");
            place.git(&["fetch", "-q", depth, "origin", "+refs/heads/*:refs/remotes/origin/*", &spec]);
            place.git(&["checkout", "-q", "--detach", &to]);
        }
        if with.get("persist-credentials").is_some_and(|keep| keep == "false") {
            place.git(&["remote", "set-url", "--push", "origin", "/no/credentials"]);
        } else {
            let has_key =
                ["ssh-key", "token"].iter().any(|name| with.get(*name).is_some_and(|key| !key.is_empty()));
            assert!(has_key, "{} keeps the credentials of GITHUB_TOKEN", self.path);
        }
    }

    /// Runs a step; whether it succeeded.
    fn step(&mut self, step: &Value) -> bool {
        let name = text(step, "name");
        let script = text(step, "run");
        assert!(!script.contains("${{"), "{}: an expression in a script: {script}", self.path);
        let mut vars = self.vars.clone();
        vars.extend(self.expanded(step.get("env")));
        let ran = self.forge.bash(&self.workspace, &script, &vars);
        self.forge.executed.borrow_mut().insert((self.path.clone(), name.clone()));
        let outputs = self.take("GITHUB_OUTPUT");
        if let Some(id) = step.get("id").and_then(Value::as_str) {
            for (name, value) in &outputs {
                self.set(&["steps", id, "outputs", name], value);
            }
        }
        self.outcome.outputs.extend(outputs);
        let set = self.take("GITHUB_ENV");
        self.vars.extend(set);
        self.outcome.summary = std::fs::read_to_string(&vars["GITHUB_STEP_SUMMARY"]).expect("it was made");
        let succeeded = ran.status == Some(0);
        self.outcome.steps.push((name, ran));
        succeeded
    }

    /// Reads and empties one of the runner's files of `name=value` and `name<<MARK` lines.
    fn take(&self, file: &str) -> Vars {
        let path = &self.vars[file];
        let text = std::fs::read_to_string(path).expect("it was made");
        std::fs::write(path, "").expect("it was made");
        let mut lines = text.lines();
        let mut vars = Vars::new();
        while let Some(line) = lines.next() {
            // The runner takes whichever of the two comes first.
            let heredoc = line.split_once("<<").filter(|(name, _)| !name.contains('='));
            if let Some((name, mark)) = heredoc {
                let mut value: Vec<&str> = Vec::new();
                loop {
                    match lines.next() {
                        Some(line) if line == mark => break,
                        Some(line) => value.push(line),
                        None => panic!("{file}: no `{mark}` after `{name}`:\n{text}"),
                    }
                }
                vars.insert(name.to_owned(), value.join("\n"));
            } else if let Some((name, value)) = line.split_once('=') {
                vars.insert(name.to_owned(), value.to_owned());
            } else {
                assert!(line.is_empty(), "{file}: no assignment: {line:?}");
            }
        }
        vars
    }
}

fn context(event: &Event, payload: &str) -> Context {
    let mut event_value: Value = serde_yaml::from_str(payload).expect("JSON is YAML");
    let inputs = event_value.get("inputs").cloned().unwrap_or(Value::Mapping(Mapping::new()));
    event_value["repository"] = serde_yaml::from_str("{default_branch: main}").expect("it is YAML");
    let mut context: Value = serde_yaml::from_str(
        "{github: {repository: acme/operation, run_id: '42', token: token-of-the-run},
          secrets: {SYSBOM_DEPLOY_KEY: key, SYSBOM_APP_KEY: key, SYSBOM_DISPATCH_TOKEN: key},
          vars: {SYSBOM_APP_ID: '7'}, runner: {os: Linux, arch: X64}, steps: {}, needs: {}}",
    )
    .expect("it is YAML");
    context["github"]["event"] = event_value;
    context["github"]["event_name"] = event.name.into();
    context["github"]["ref"] = event.reference.clone().into();
    context["github"]["ref_name"] =
        event.reference.trim_start_matches("refs/heads/").trim_start_matches("refs/tags/").into();
    context["inputs"] = inputs;
    context
}
