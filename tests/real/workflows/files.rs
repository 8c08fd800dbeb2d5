//! What can be said of the files without running a flow.

use crate::parts::program;
use crate::runner::github::{read, run_steps};
use crate::runner::{Forge, Vars, project};
use crate::support::{Ran, Scratch};

/// Every YAML file below `examples/`, so that a new one is not forgotten.
fn examples() -> Vec<String> {
    let scratch = Scratch::without_repository();
    let files =
        scratch.at(&project("")).git(&["ls-files", "--cached", "--others", "--exclude-standard", "examples"]);
    let files: Vec<String> =
        files.lines().filter(|path| path.rsplit('.').next() == Some("yml")).map(str::to_owned).collect();
    assert!(files.len() >= 21, "these are the files: {files:?}");
    files
}

fn run_tool(name: &str, arguments: &[&str]) -> Ran {
    let scratch = Scratch::without_repository();
    let program = program(name);
    scratch.at(&project("")).run(program.to_str().expect("our path is text"), arguments, "")
}

#[test]
fn the_files_follow_the_schemas_of_the_forges() {
    let files = examples();
    let (gitlab, github): (Vec<&str>, Vec<&str>) =
        files.iter().map(String::as_str).partition(|path| path.contains("gitlab"));
    for (schema, files) in [
        ("vendor.github-workflows", github),
        ("vendor.gitlab-ci", gitlab),
        ("vendor.github-actions", vec!["action.yml"]),
    ] {
        let arguments = [vec!["--builtin-schema", schema], files].concat();
        run_tool("check-jsonschema", &arguments).expect(0);
    }
    let broken = run_tool("check-jsonschema", &["--builtin-schema", "vendor.github-workflows", "action.yml"]);
    assert_eq!(broken.status, Some(1), "an action is no workflow\n{broken}");
}

#[test]
fn what_init_writes_follows_the_schemas_and_zizmor_finds_nothing_in_it() {
    const COMMIT: &str = "4f1c2ab04f1c2ab04f1c2ab04f1c2ab04f1c2ab0";
    let scratch = Scratch::without_repository();
    let mut arguments = [Vec::new(), Vec::new()];
    for (forge, flow) in
        [("github", "direct"), ("github", "pr"), ("github", "app"), ("gitlab", "direct"), ("gitlab", "pr")]
    {
        let folder = scratch.root().join(format!("{forge}-{flow}"));
        std::fs::create_dir(&folder).expect("scratch is ours");
        let place = scratch.at(&folder);
        place.git(&["init", "-q", "-b", "trunk"]);
        let source = match forge {
            "github" => format!("acme/sysbom@{COMMIT}"),
            _ => format!("https://git.example.org/sysbom.git@{COMMIT}"),
        };
        place.sysbom(&["init", "--forge", forge, "--flow", flow, "--source", &source]).expect(0);
        let written = place.git(&["ls-files", "--others"]);
        let written = written.lines().filter(|path| path.rsplit('.').next() == Some("yml"));
        let paths = written.map(|path| folder.join(path).to_str().expect("our paths are text").to_owned());
        arguments[usize::from(forge == "gitlab")].extend(paths);
    }
    let [github, gitlab] = arguments;
    assert_eq!((github.len(), gitlab.len()), (3 * 6, 2 * 2));
    for (schema, files) in [("vendor.github-workflows", &github), ("vendor.gitlab-ci", &gitlab)] {
        let arguments: Vec<&str> =
            ["--builtin-schema", schema].into_iter().chain(files.iter().map(String::as_str)).collect();
        run_tool("check-jsonschema", &arguments).expect(0);
    }
    let folders: Vec<String> = ["direct", "pr", "app"]
        .iter()
        .map(|flow| scratch.root().join(format!("github-{flow}")).to_str().expect("it is text").to_owned())
        .collect();
    let arguments: Vec<&str> = ["--offline", "--strict-collection", "--no-progress"]
        .into_iter()
        .chain(folders.iter().map(String::as_str))
        .collect();
    run_tool("zizmor", &arguments).expect(0).says("No findings to report");
}

#[test]
fn zizmor_finds_nothing_in_the_files() {
    run_tool("zizmor", &["--offline", "--strict-collection", "--no-progress", "examples", "action.yml"])
        .expect(0)
        .says("No findings to report");
}

#[test]
fn every_file_for_github_pins_its_actions_limits_its_time_and_keeps_expressions_out_of_scripts() {
    for path in examples().into_iter().filter(|path| !path.contains("gitlab")) {
        let file = read(&path);
        assert_eq!(file["permissions"].as_mapping().map(serde_yaml::Mapping::len), Some(0), "{path}");
        for (_, job) in file["jobs"].as_mapping().expect("a workflow has jobs") {
            assert!(job["timeout-minutes"].as_u64().is_some_and(|minutes| minutes <= 30), "{path}");
            for step in job["steps"].as_sequence().expect("a job has steps") {
                if let Some(script) = step["run"].as_str() {
                    assert!(!script.contains("${{"), "{path}: {script}");
                }
                if step["uses"].as_str().is_some_and(|uses| uses.starts_with("actions/checkout")) {
                    assert_eq!(step["with"]["fetch-depth"].as_u64(), Some(0), "{path}");
                    assert!(step["with"]["persist-credentials"].as_bool().is_some(), "{path}");
                }
            }
        }
    }
}

#[test]
fn the_action_names_builds_and_shows_the_program() {
    let forge = Forge::with(&[("README.md", "ours\n")]);
    let folder = forge.path("action");
    std::fs::create_dir(&folder).expect("scratch is ours");
    let cargo =
        "#!/bin/sh\n{ echo cargo; for argument; do printf '  %s\\n' \"$argument\"; done; } >> \"$TOLD\"\n";
    let stub = forge.path("stub/cargo");
    std::fs::write(&stub, cargo).expect("scratch is ours");
    std::fs::set_permissions(&stub, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .expect("scratch is ours");
    let rust = Vars::from([("RUSTUP_HOME".into(), std::env::var("RUSTUP_HOME").unwrap_or_default())]);
    let outcome = forge.run_action("action.yml", &project(""), &rust).succeeded();
    assert_eq!(outcome.outputs["hash"].len(), 64);
    assert!(outcome.steps.last().expect("a step ran").1.out.starts_with("sysbom "));
    let told = forge.told();
    assert!(told.starts_with("cargo\n  install\n  --locked\n  --path\n"), "{told}");
    assert_eq!(forge.executed().len(), run_steps(&read("action.yml")).len());
}
