//! The three flows on GitHub, from a producer's payload to what is on main.

use std::collections::BTreeSet;

use serde_json::json;

use super::{CURRENT, GitHub, by_hand, digest_of, dispatch, event, flow_files, payload, workflow};
use crate::runner::github::{Event, concurrency_group, read, run_steps};
use crate::runner::{Forge, project};
use crate::support::{DIGEST_A, DIGEST_B, manifest};

const PRODUCER: &str = "examples/producer/github.yml";

fn two_producers_within_seconds(github: &mut GitHub) {
    let first = github.release("app", "v1.1.0");
    let second = github.release("worker", "v1.1.0");
    assert_eq!(first.outputs["result"], "updated");
    assert_eq!(second.outputs["result"], "updated");
    assert!(first.summary.contains("v1.1.0"), "{}", first.summary);
    github.merge_all();
    let now = github.forge.file("main", CURRENT);
    for tag in ["app\n    tag: v1.1.0", "worker\n    tag: v1.1.0"] {
        assert!(now.contains(tag), "{now}");
    }
    assert!(github.published.len() >= 3, "both were published: {:?}", github.published);
    github.nothing_is_lost();
}

fn a_rollback_and_what_it_holds(github: &mut GitHub) {
    let before = github.forge.tip("main");
    let inputs = json!({"reason": "errors in \"checkout\" $(touch pwned)", "components": "app", "to": ""});
    github.run("rollback", &by_hand(&inputs)).succeeded();
    github.after(&before);
    github.merge_all();
    assert!(github.forge.file("main", CURRENT).contains("app\n    tag: v1.0.0"));
    let again = github.release("app", "v1.1.0");
    assert_eq!(again.outputs["result"], "held");
    let fixed = github.release("app", "v1.1.1");
    assert_eq!(fixed.outputs["result"], "updated");
    github.merge_all();
    github.nothing_is_lost();
}

fn a_snapshot_for_an_experiment(github: &mut GitHub) {
    let before = github.forge.tip("main");
    let inputs = json!({
        "id": "exp-1",
        "hypothesis": "faster",
        "parameters": "{canaryEnabled: true, stableWeight: 90, canaryWeight: 10}",
        "images": format!("appCanary=ghcr.io/acme/app:v2.0.0@{}", digest_of("v2.0.0")),
        "values": CURRENT,
        "from": "",
    });
    github.run("snapshot", &by_hand(&inputs)).succeeded();
    github.after(&before);
    github.merge_all();
    let snapshot = github.forge.file("main", "releases/history/exp-1.yaml");
    for text in ["snapshotId: exp-1", "canaryWeight: 10", "appCanary", "ada", "path: releases/current.yaml"] {
        assert!(snapshot.contains(text), "{text:?} is not in\n{snapshot}");
    }
}

fn a_state_that_a_merge_lost_is_written_later(github: &mut GitHub) {
    let before = github.forge.tip("main");
    let clone = github.forge.clone_of_a_person();
    clone.git(&["fetch", "-q", "origin"]);
    clone.git(&["checkout", "-q", "-B", "main", "origin/main"]);
    clone.write(CURRENT, clone.read(CURRENT).replace("worker\n    tag: v1.1.0", "worker\n    tag: v1.1.9"));
    clone.commit("By hand, without hooks");
    clone.git(&["push", "-q", "origin", "main"]);
    github.note_what_is_published();
    let push = event("push", "refs/heads/main", json!({"before": before}));
    let check = github.run("check", &push);
    assert!(check.failed().out.contains("`sysbom archive --backfill` writes"), "{}", check.failed());
    let before = github.forge.tip("main");
    github.run("update-branch", &push).succeeded();
    github.after(&before);
    github.merge_all();
    github.nothing_is_lost();
}

fn promotion(flow: &str) -> Forge {
    let forge = Forge::with(&[
        (".sysbom.yaml", "manifest: releases/{system}/current.yaml\n"),
        ("releases/staging/current.yaml", &manifest(&[("app", "v1.1.0", DIGEST_B)])),
        ("releases/production/current.yaml", &manifest(&[("app", "v1.0.0", DIGEST_A)])),
    ]);
    let inputs = json!({"from": "staging", "to": "production", "components": ""});
    forge.run(&workflow(flow, "promote"), &by_hand(&inputs)).succeeded();
    let revision = forge.branches().first().cloned().unwrap_or_else(|| "main".to_owned());
    assert_eq!(revision == "main", flow == "direct", "{:?}", forge.branches());
    assert!(forge.file(&revision, "releases/production/current.yaml").contains("v1.1.0"));
    forge
}

/// One of the systems of a repository goes back, and gets a snapshot; the other stays as it is.
fn one_of_several_systems(flow: &str) {
    let production = "releases/production/current.yaml";
    let forge = Forge::with(&[
        (".sysbom.yaml", "manifest: releases/{system}/current.yaml\n"),
        ("releases/staging/current.yaml", &manifest(&[("app", "v1.0.0", DIGEST_A)])),
        (production, &manifest(&[("app", "v1.0.0", DIGEST_A)])),
    ]);
    let clone = forge.clone_of_a_person();
    let release = format!("app=v1.1.0@{DIGEST_B}");
    clone.sysbom(&["release", &release, "-s", "production", "--direct", "--push", "origin"]).expect(0);
    let rollback = json!({"reason": "errors", "components": "", "to": "", "system": "production"});
    forge.run(&workflow(flow, "rollback"), &by_hand(&rollback)).succeeded();
    let revision = forge.branches().first().cloned().unwrap_or_else(|| "main".to_owned());
    assert!(forge.file(&revision, production).contains("v1.0.0"));
    let snapshot = json!({
        "id": "exp-1", "hypothesis": "", "parameters": "{}", "images": "", "values": "", "from": "",
        "system": "production",
    });
    forge.run(&workflow(flow, "snapshot"), &by_hand(&snapshot)).succeeded();
    let branches = forge.branches();
    let revision = branches.iter().find(|name| name.contains("exp-1")).map_or("main", String::as_str);
    assert!(forge.file(revision, "releases/production/history/exp-1.yaml").contains("snapshotId: exp-1"));
}

#[test]
fn in_every_flow_a_rollback_and_a_snapshot_name_one_of_several_systems() {
    for flow in ["direct", "pr", "app"] {
        one_of_several_systems(flow);
    }
}

fn everything(flow: &'static str) -> GitHub {
    let mut github = GitHub::new(flow);
    two_producers_within_seconds(&mut github);
    a_rollback_and_what_it_holds(&mut github);
    a_snapshot_for_an_experiment(&mut github);
    a_state_that_a_merge_lost_is_written_later(&mut github);
    assert!(!github.forge.path("pwned").exists());
    let executed: BTreeSet<_> = &github.forge.executed() | &promotion(flow).executed();
    let mut steps = 0;
    for path in flow_files(flow) {
        for step in run_steps(&read(&path)) {
            steps += 1;
            assert!(executed.contains(&(path.clone(), step.clone())), "{path}: `{step}` was never run");
        }
    }
    assert!(steps >= 7, "{flow} has {steps} steps");
    github
}

#[test]
fn in_the_flow_direct_every_step_does_its_work() {
    let github = everything("direct");
    assert_eq!(github.forge.branches(), Vec::<String>::new(), "nothing waits");
    assert!(!github.forge.told().contains("gh"), "nothing but git is needed");
}

#[test]
fn in_the_flow_pr_every_step_does_its_work() {
    let told = everything("pr").forge.told();
    assert!(
        told.contains("gh\n  pr\n  create\n  --base\n  main\n  --head\n  sysbom/release/app\n"),
        "{told}"
    );
    assert!(!told.contains("--auto"), "a person merges: {told}");
}

#[test]
fn in_the_flow_app_every_step_does_its_work() {
    let told = everything("app").forge.told();
    assert!(told.contains("gh\n  pr\n  merge\n  sysbom/release/app\n  --auto\n"), "{told}");
}

#[test]
fn a_pull_request_that_actions_may_not_open_has_a_link_in_the_summary() {
    let mut github = GitHub::new("pr");
    std::fs::write(github.forge.path("told.forbidden"), "").expect("scratch is ours");
    let outcome = github.release("app", "v1.1.0");
    let link = "https://github.example.org/acme/operation/compare/main...sysbom/release/app?expand=1";
    assert!(outcome.summary.contains(link), "{}", outcome.summary);
}

#[test]
fn a_pull_request_that_is_open_is_brought_up_to_date_and_not_opened_twice() {
    let mut github = GitHub::new("pr");
    std::fs::write(github.forge.path("told.open"), "12\n").expect("scratch is ours");
    github.release("app", "v1.1.0");
    let told = github.forge.told();
    assert!(told.contains("gh\n  pr\n  edit\n  12\n"), "{told}");
    assert!(!told.contains("create"), "{told}");
}

#[test]
fn a_pull_request_of_a_fork_is_never_taken_for_one_of_ours() {
    for flow in ["pr", "app"] {
        for path in flow_files(flow) {
            let text = std::fs::read_to_string(project(&path)).expect("it is there");
            let (all, own) = (text.matches("gh pr list").count(), "select(.isCrossRepository == false)");
            assert_eq!(all, text.matches(own).count(), "{path}");
        }
    }
    let mut github = GitHub::new("pr");
    github.release("app", "v1.1.0");
    let told = github.forge.told();
    let asked = "gh\n  pr\n  list\n  --head\n  sysbom/release/app\n  --base\n  main\n  --state\n  open\n  \
                 --json\n  number,isCrossRepository\n";
    assert!(told.contains(asked), "{told}");
}

#[test]
fn only_the_same_release_asked_for_twice_waits_for_itself() {
    let release = |changes: serde_json::Value| {
        let mut payload = payload("app", "v1.1.0");
        for (key, value) in changes.as_object().expect("it is one") {
            payload[key] = value.clone();
        }
        dispatch(&payload)
    };
    let by_hand = |tag: &str| by_hand(&json!({"component": "app", "tag": tag}));
    let groups = |events: &[Event]| -> BTreeSet<String> {
        let file = workflow("direct", "release");
        events.iter().map(|event| concurrency_group(&file, event)).collect()
    };
    let different = [
        release(json!({})),
        release(json!({"tag": "v1.1.1"})),
        release(json!({"component": "worker"})),
        release(json!({"system": "staging"})),
        release(json!({"component": "app-v1", "tag": "1"})),
        by_hand("v1.2.0"),
    ];
    assert_eq!(groups(&different).len(), different.len(), "{:?}", groups(&different));
    let same = [release(json!({})), release(json!({"commit": "another"})), by_hand("v1.1.0")];
    assert_eq!(groups(&same).len(), 1, "{:?}", groups(&same));
}

#[test]
fn a_run_for_a_pull_request_never_takes_the_place_of_one_after_a_push() {
    for flow in ["direct", "pr", "app"] {
        let file = workflow(flow, "update-branch");
        let push = event("push", "refs/heads/main", json!({}));
        let opened = event("pull_request", "refs/pull/1/merge", json!({"pull_request": {"number": 1}}));
        assert_ne!(concurrency_group(&file, &push), concurrency_group(&file, &opened), "{flow}");
    }
}

#[test]
fn a_release_by_hand_is_the_same_as_one_by_a_producer() {
    let github = GitHub::new("direct");
    let inputs = json!({
        "component": "app", "image": "", "tag": "v1.1.0", "digest": digest_of("v1.1.0"),
    });
    github.run("release", &by_hand(&inputs)).succeeded();
    assert!(github.forge.file("main", CURRENT).contains("app\n    tag: v1.1.0"));
}

#[test]
fn what_a_producer_on_github_sends_is_released() {
    let mut github = GitHub::new("direct");
    let tag = event("push", "refs/tags/v1.1.0", json!({}));
    github.forge.run(PRODUCER, &tag).succeeded();
    let told = github.forge.told();
    assert!(told.starts_with("gh\n  api\n  repos/your-org/operation/dispatches\n"), "{told}");
    assert!(told.contains("  event_type=sysbom-release\n"), "{told}");
    let sent: serde_json::Map<String, serde_json::Value> = told
        .lines()
        .filter_map(|line| line.trim().strip_prefix("client_payload["))
        .map(|property| property.split_once("]=").expect("it has a value"))
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    assert!((4..=10).contains(&sent.len()), "GitHub takes ten properties: {sent:?}");
    let mut sent = serde_json::Value::Object(sent);
    sent["image"] = json!("ghcr.io/acme/app");
    let outcome = github.run("release", &dispatch(&sent)).succeeded();
    assert_eq!(outcome.outputs["result"], "updated");
    assert!(github.forge.file("main", CURRENT).contains("app\n    tag: v1.1.0"));
    github.note_what_is_published();
    github.nothing_is_lost();
}

#[test]
fn the_pull_request_of_somebody_without_hooks_gets_its_archive() {
    let mut github = GitHub::new("direct");
    let clone = github.forge.clone_of_a_person();
    clone.git(&["checkout", "-q", "-b", "renovate/app"]);
    clone.write(CURRENT, clone.read(CURRENT).replace("app\n    tag: v1.0.0", "app\n    tag: v1.1.0"));
    clone.commit("Update app");
    clone.git(&["push", "-q", "origin", "renovate/app"]);
    let head = json!({"ref": "renovate/app", "repo": {"full_name": "acme/operation"}});
    let opened = event("pull_request", "refs/pull/1/merge", json!({"pull_request": {"head": head}}));
    github.run("update-branch", &opened).succeeded();
    github.merge("renovate/app");
    github.nothing_is_lost();
    assert_eq!(github.published.len(), 2);
}

#[test]
fn the_pull_request_of_a_fork_starts_nothing_that_can_push() {
    let github = GitHub::new("direct");
    let head = json!({"ref": "main", "repo": {"full_name": "mallory/operation"}});
    let opened = event("pull_request", "refs/pull/1/merge", json!({"pull_request": {"head": head}}));
    assert!(github.run("update-branch", &opened).steps.is_empty());
}
