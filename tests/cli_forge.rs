//! `sysbom init --forge` and `sysbom doctor --forge`: the workflow files in a clone, and what the
//! forge must be set to.

mod support;

use support::{DIGEST_A, Scratch, manifest, path_with_sysbom};

const SOURCE: &str = "acme/sysbom@4f1c2ab04f1c2ab04f1c2ab04f1c2ab04f1c2ab0";

fn adopted() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("releases/current.yaml", manifest(&[("app", "v1.2.3", DIGEST_A)]));
    scratch.commit("Begin");
    scratch
}

fn files(scratch: &Scratch, folder: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(scratch.top().join(folder))
        .expect("the folder was written")
        .map(|entry| entry.expect("it can be listed").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn init_writes_one_complete_set_and_doctor_finds_it_in_order() {
    for flow in ["direct", "pr", "app"] {
        let scratch = adopted();
        scratch.sysbom(&["init", "--forge", "github", "--flow", flow, "--source", SOURCE]).expect(0);
        assert_eq!(
            files(&scratch, ".github/workflows"),
            ["check", "promote", "release", "rollback", "snapshot", "update-branch"]
                .map(|name| format!("sysbom-{name}.yml")),
        );
        let release = scratch.read(".github/workflows/sysbom-release.yml");
        assert!(release.contains(&format!("uses: {SOURCE}")), "{release}");
        assert_eq!(release.contains("--direct"), flow == "direct");
        assert_eq!(release.contains("SYSBOM_APP_ID"), flow == "app");
        let doctor = scratch.sysbom(&["doctor", "--forge"]).expect(0).never_says("not ok");
        assert_eq!(doctor.out.contains("SYSBOM_APP_KEY"), flow == "app", "{doctor}");
        assert_eq!(doctor.out.contains("SYSBOM_DEPLOY_KEY"), flow != "app", "{doctor}");
        assert_eq!(doctor.out.contains("{repo}/keys"), flow != "app", "{doctor}");
        assert_eq!(doctor.out.contains("Allow GitHub Actions to create"), flow == "pr", "{doctor}");
    }
}

#[test]
fn gitlab_gets_its_jobs_and_an_include() {
    let scratch = adopted();
    let source = "https://git.example.org/sysbom.git@4f1c2ab04f1c2ab04f1c2ab04f1c2ab04f1c2ab0";
    scratch.sysbom(&["init", "--forge", "gitlab", "--flow", "pr", "--source", source]).expect(0);
    assert!(scratch.read(".gitlab-ci.yml").contains("local: .gitlab/sysbom.yml"));
    scratch.sysbom(&["doctor", "--forge"]).expect(0).says("SYSBOM_TOKEN").says("merge_method");
    scratch.sysbom(&["init", "--forge", "gitlab", "--flow", "app"]).expect(2).says("--flow pr");
}

#[test]
fn nothing_is_overwritten_and_a_second_run_writes_what_is_missing() {
    let scratch = adopted();
    scratch.write(".github/workflows/sysbom-check.yml", "mine\n");
    scratch.write(".gitlab-ci.yml", "mine too\n");
    scratch
        .sysbom(&["init", "--forge", "github"])
        .expect(0)
        .says("kept    .github/workflows/sysbom-check.yml")
        .says("wrote   .github/workflows/sysbom-release.yml");
    assert_eq!(scratch.read(".github/workflows/sysbom-check.yml"), "mine\n");
    scratch.sysbom(&["init", "--forge", "gitlab"]).expect(0).says("should include `.gitlab/sysbom.yml`");
    assert_eq!(scratch.read(".gitlab-ci.yml"), "mine too\n");
    std::fs::remove_file(scratch.top().join(".github/workflows/sysbom-release.yml")).expect("it was written");
    scratch
        .sysbom(&["init", "--forge", "github"])
        .expect(0)
        .says("wrote   .github/workflows/sysbom-release.yml")
        .never_says("wrote   .github/workflows/sysbom-rollback.yml");
}

#[test]
fn pushes_to_the_base_branch_are_listened_to_whatever_it_is_called() {
    let scratch = adopted();
    scratch.git(&["branch", "-q", "-m", "trunk"]);
    scratch.sysbom(&["init", "--forge", "github", "--source", SOURCE]).expect(0);
    let check = scratch.read(".github/workflows/sysbom-check.yml");
    assert!(check.contains("branches: [trunk, 'sysbom/**']"), "{check}");
    scratch.sysbom(&["doctor", "--forge"]).expect(0);
    scratch.git(&["branch", "-q", "-m", "renamed"]);
    scratch.sysbom(&["doctor", "--forge"]).expect(1).says("does not listen to pushes to `renamed`");
}

#[test]
fn a_branch_name_that_yaml_would_read_as_something_else_is_refused() {
    let scratch = adopted();
    scratch.git(&["branch", "-q", "-m", "a,b]"]);
    scratch.sysbom(&["init", "--forge", "github"]).expect(2).says("a base branch called `a,b]`");
    assert!(!scratch.top().join(".github").exists());
}

#[test]
fn doctor_names_what_is_missing_and_what_would_never_run() {
    let scratch = adopted();
    scratch.sysbom(&["doctor", "--forge"]).expect(1).says("there are none of sysbom");
    scratch.sysbom(&["init", "--forge", "github"]).expect(0).says("say where the workflows get sysbom from");
    scratch.sysbom(&["doctor", "--forge"]).expect(1).says("does not say yet where sysbom lives");

    let scratch = adopted();
    scratch.sysbom(&["init", "--forge", "github", "--source", SOURCE]).expect(0);
    let path = ".github/workflows/sysbom-check.yml";
    let check = scratch.read(path);
    scratch.write(path, check.replace("  merge_group:\n", ""));
    scratch.sysbom(&["doctor", "--forge"]).expect(1).says("does not list merge_group");
    scratch.write(path, check.replace("  pull_request:\n", "  pull_request:\n    paths: [releases/**]\n"));
    scratch.sysbom(&["doctor", "--forge"]).expect(1).says("has a path filter");
    scratch.write(path, check.replace("timeout-minutes: 15", "timeout-minutes: 30"));
    scratch.sysbom(&["doctor", "--forge"]).expect(0).says("not as this version writes it");
    for (name, status) in [("promote", 0), ("check", 1)] {
        let path = format!(".github/workflows/sysbom-{name}.yml");
        std::fs::remove_file(scratch.top().join(path)).expect("it was written");
        scratch.sysbom(&["doctor", "--forge"]).expect(status);
    }
}

/// An operation repository whose forge answers each command that contains a text with another.
fn asking(program: &str, answers: &[(&str, &str)]) -> Scratch {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    let stub = scratch.root().join("stub");
    std::fs::create_dir(&stub).expect("scratch is ours");
    let cases: String =
        answers.iter().map(|(part, answer)| format!("*'{part}'*) printf '%s\\n' '{answer}' ;;\n")).collect();
    let text =
        format!("#!/bin/sh\ncase \"$*\" in\n{cases}*) echo 'no such page (HTTP 404)' >&2; exit 1 ;;\nesac\n");
    std::fs::write(stub.join(program), text).expect("scratch is ours");
    std::fs::set_permissions(stub.join(program), std::fs::Permissions::from_mode(0o755))
        .expect("scratch is ours");
    let path = std::iter::once(stub).chain(std::env::split_paths(&path_with_sysbom())).collect::<Vec<_>>();
    let scratch = scratch.with_var("PATH", std::env::join_paths(path).expect("no folder has a colon"));
    scratch.write("releases/current.yaml", manifest(&[("app", "v1.2.3", DIGEST_A)]));
    scratch.commit("Begin");
    scratch
}

#[test]
fn doctor_asks_the_forge_and_names_each_setting_that_is_missing() {
    let answers = [
        ("--jq .default_branch", "main"),
        ("/actions/secrets", "OTHER"),
        ("/actions/organization-secrets", "SYSBOM_DEPLOY_KEY"),
        ("/keys", ""),
        ("/rules/branches/main", "strict: false\nsysbom check"),
        ("/permissions/workflow", "false"),
    ];
    let scratch = asking("gh", &answers);
    scratch.sysbom(&["init", "--forge", "github", "--flow", "pr", "--source", SOURCE]).expect(0);
    scratch.sysbom(&["doctor", "--forge"]).expect(0).says("look   deploy key").never_says("not ok");
    scratch
        .sysbom(&["doctor", "--forge", "--ask"])
        .expect(1)
        .says("ok     default branch: in order")
        .says("ok     secret SYSBOM_DEPLOY_KEY: in order")
        .says("not ok deploy key: Settings, Deploy keys")
        .says("not ok Allow GitHub Actions to create pull requests: ")
        .says("not ok required check: ")
        .says("look   a token for each producer");

    let scratch = asking("gh", &[("/branches/main --jq .protected", "false")]);
    scratch.sysbom(&["init", "--forge", "github", "--source", SOURCE]).expect(0);
    scratch
        .sysbom(&["doctor", "--forge", "--ask"])
        .expect(0)
        .says("ok     rules of the default branch: in order")
        .says("look   deploy key: ")
        .says("why:  no such page (HTTP 404)");
}

#[test]
fn doctor_asks_gitlab_and_says_so_where_nobody_can_be_asked() {
    let answers = [
        ("/variables", r#"[{"key": "SYSBOM_TOKEN", "masked": true, "protected": false}]"#),
        ("/triggers", r#"[{"id": 7}]"#),
        ("/protected_branches", r#"[{"name": "main", "push_access_levels": [{"access_level": 40}]}]"#),
        ("projects/:fullpath", r#"{"ci_pipeline_variables_minimum_override_role": "no_one_allowed"}"#),
    ];
    let source = "https://git.example.org/sysbom.git@4f1c2ab04f1c2ab04f1c2ab04f1c2ab04f1c2ab0";
    let scratch = asking("glab", &answers);
    scratch.sysbom(&["init", "--forge", "gitlab", "--source", source]).expect(0);
    scratch
        .sysbom(&["doctor", "--forge", "--ask"])
        .expect(1)
        .says("not ok variable SYSBOM_TOKEN: ")
        .says("ok     trigger tokens: in order")
        .says("not ok pipeline variables: ")
        .says("ok     protected branch: in order");

    let scratch = adopted();
    scratch.sysbom(&["init", "--forge", "gitlab", "--source", source]).expect(0);
    scratch.sysbom(&["doctor", "--forge", "--ask"]).expect(0).says("why:  could not run `glab`");
    scratch.sysbom(&["doctor", "--ask"]).expect(2);
}

#[test]
fn files_of_another_flow_are_kept_and_named() {
    let scratch = adopted();
    scratch.sysbom(&["init", "--forge", "github", "--source", SOURCE]).expect(0);
    scratch
        .sysbom(&["init", "--forge", "github", "--flow", "pr", "--source", SOURCE])
        .expect(0)
        .says("kept    .github/workflows/sysbom-release.yml: it is for another flow")
        .says("kept    .github/workflows/sysbom-check.yml\n");
    std::fs::remove_file(scratch.top().join(".github/workflows/sysbom-release.yml")).expect("it was written");
    scratch.sysbom(&["init", "--forge", "github", "--flow", "pr", "--source", SOURCE]).expect(0);
    scratch
        .sysbom(&["doctor", "--forge"])
        .expect(1)
        .says("ok     .github/workflows/sysbom-release.yml")
        .says("not ok .github/workflows/sysbom-rollback.yml: is for another flow")
        .says("ok     .github/workflows/sysbom-check.yml");
}
