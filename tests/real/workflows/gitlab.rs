//! Both flows on GitLab, from a producer's payload to what is on main.

use super::{CURRENT, base64, digest_of, payload, pipeline, state};
use crate::runner::github::read;
use crate::runner::{Forge, gitlab};
use crate::support::{DIGEST_A, DIGEST_B, Ran, manifest};

const ROOT: &str = "examples/operation-repo/gitlab/every-flow/.gitlab-ci.yml";
const PRODUCER: &str = "examples/producer/gitlab.yml";

/// Runs the pipeline that GitLab would start after a push to main.
fn after_push(forge: &Forge, flow: &str, before: &str) -> Vec<(String, Ran)> {
    let vars =
        [("CI_PIPELINE_SOURCE", "push"), ("CI_COMMIT_BRANCH", "main"), ("CI_COMMIT_BEFORE_SHA", before)];
    forge.run_pipeline(&pipeline(flow), &vars)
}

#[track_caller]
fn all_green(jobs: Vec<(String, Ran)>, names: &[&str]) {
    assert_eq!(jobs.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), names);
    for (name, ran) in jobs {
        assert_eq!(ran.status, Some(0), "job `{name}`\n{ran}");
    }
}

fn gitlab_release(forge: &Forge, flow: &str, component: &str, tag: &str) {
    let payload = base64(&payload(component, tag).to_string());
    let vars =
        [("CI_PIPELINE_SOURCE", "trigger"), ("SYSBOM_COMPONENT", component), ("SYSBOM_PAYLOAD", &payload)];
    all_green(forge.run_pipeline(&pipeline(flow), &vars), &["sysbom release"]);
}

fn gitlab_everything(flow: &'static str) -> Forge {
    let forge = Forge::with(&[(CURRENT, &state())]);
    let clone = forge.clone_of_a_person();
    let merge_all = |before: &str| {
        let mut before = before.to_owned();
        loop {
            if forge.tip("main") != before {
                all_green(after_push(&forge, flow, &before), &["sysbom check", "sysbom after push"]);
                before = forge.tip("main");
            }
            let Some(branch) = forge.branches().first().cloned() else { return };
            let vars = [
                ("CI_PIPELINE_SOURCE", "merge_request_event"),
                ("CI_MERGE_REQUEST_EVENT_TYPE", "detached"),
                ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
                ("CI_COMMIT_SHA", &forge.tip(&branch)),
            ];
            all_green(forge.run_pipeline(&pipeline(flow), &vars), &["sysbom check"]);
            clone.git(&["fetch", "-q", "--prune", "origin"]);
            clone.git(&["push", "-q", "origin", &format!("origin/{branch}:main"), &format!(":{branch}")]);
        }
    };
    let start = forge.tip("main");
    gitlab_release(&forge, flow, "app", "v1.1.0");
    gitlab_release(&forge, flow, "worker", "v1.1.0");
    merge_all(&start);
    assert_eq!(forge.file("main", CURRENT).matches("v1.1.0").count(), 2);

    let before = forge.tip("main");
    let by_hand = |vars: &[(&str, &str)], job: &str| {
        let vars = [&[("CI_PIPELINE_SOURCE", "web")], vars].concat();
        all_green(forge.run_pipeline(&pipeline(flow), &vars), &[job]);
    };
    by_hand(
        &[("SYSBOM_ACTION", "rollback"), ("SYSBOM_REASON", "errors"), ("SYSBOM_COMPONENTS", "app")],
        "sysbom rollback",
    );
    merge_all(&before);
    assert!(forge.file("main", CURRENT).contains("app\n    tag: v1.0.0"));
    let before = forge.tip("main");
    by_hand(&[("SYSBOM_ACTION", "snapshot"), ("SYSBOM_ID", "exp-1")], "sysbom snapshot");
    merge_all(&before);
    assert!(forge.file("main", "releases/history/exp-1.yaml").contains("snapshotId: exp-1"));

    let before = forge.tip("main");
    clone.git(&["fetch", "-q", "origin"]);
    clone.git(&["checkout", "-q", "-B", "main", "origin/main"]);
    clone.write(CURRENT, clone.read(CURRENT).replace("v1.1.0", "v1.1.9"));
    clone.commit("By hand, without hooks");
    clone.git(&["push", "-q", "origin", "main"]);
    let jobs = after_push(&forge, flow, &before);
    assert_eq!(jobs[0].1.status, Some(1), "the check says what was lost\n{}", jobs[0].1);
    assert_eq!(jobs[1].1.status, Some(0), "and the other job mends it\n{}", jobs[1].1);
    let mended = if flow == "direct" { "main" } else { "sysbom/backfill" };
    let lost = forge.file(&before, CURRENT);
    let history = forge.list(mended, "releases/history");
    assert!(history.iter().any(|path| forge.file(mended, path) == lost), "{history:?}\n{lost}");
    forge
}

#[test]
fn on_gitlab_every_job_of_both_flows_does_its_work() {
    for flow in ["direct", "pr"] {
        let forge = gitlab_everything(flow);
        let told = forge.told();
        assert_eq!(told.contains("push option merge_request.create"), flow == "pr", "{told}");
        let promoting = Forge::with(&[
            (".sysbom.yaml", "manifest: releases/{system}/current.yaml\n"),
            ("releases/staging/current.yaml", &manifest(&[("app", "v1.1.0", DIGEST_B)])),
            ("releases/production/current.yaml", &manifest(&[("app", "v1.0.0", DIGEST_A)])),
        ]);
        let vars = [
            ("CI_PIPELINE_SOURCE", "web"),
            ("SYSBOM_ACTION", "promote"),
            ("SYSBOM_FROM", "staging"),
            ("SYSBOM_TO", "production"),
        ];
        all_green(promoting.run_pipeline(&pipeline(flow), &vars), &["sysbom promote"]);
        for (action, more, job) in [
            ("rollback", [("SYSBOM_REASON", "errors"), ("SYSBOM_TO", "HEAD")], "sysbom rollback"),
            ("snapshot", [("SYSBOM_ID", "exp-1"), ("SYSBOM_VALUES", "")], "sysbom snapshot"),
        ] {
            let vars =
                [("CI_PIPELINE_SOURCE", "web"), ("SYSBOM_ACTION", action), ("SYSBOM_SYSTEM", "production")];
            all_green(promoting.run_pipeline(&pipeline(flow), &[&vars[..], &more].concat()), &[job]);
        }
        let executed = &forge.executed() | &promoting.executed();
        for job in gitlab::jobs(&read(&pipeline(flow))) {
            assert!(executed.contains(&(pipeline(flow), job.clone())), "`{job}` was never run");
        }
    }
    assert_eq!(gitlab::jobs(&read(ROOT)), Vec::<String>::new());
}

#[test]
fn what_a_producer_on_gitlab_sends_is_released() {
    let forge = Forge::with(&[(CURRENT, &state())]);
    let digest = digest_of("v1.1.0");
    let vars = [("CI_COMMIT_TAG", "v1.1.0"), ("DIGEST", digest.as_str()), ("IMAGE", "ghcr.io/acme/app")];
    all_green(forge.run_pipeline(PRODUCER, &vars), &["build image", "release"]);
    let told = forge.told();
    let sent = told
        .lines()
        .find_map(|line| line.trim().strip_prefix("variables[SYSBOM_PAYLOAD]="))
        .unwrap_or_else(|| panic!("no payload was sent: {told}"));
    let vars = [("CI_PIPELINE_SOURCE", "trigger"), ("SYSBOM_COMPONENT", "app"), ("SYSBOM_PAYLOAD", sent)];
    all_green(forge.run_pipeline(&pipeline("direct"), &vars), &["sysbom release"]);
    assert!(forge.file("main", CURRENT).contains(&digest));
}

#[test]
fn a_release_by_hand_on_gitlab_is_the_json_itself() {
    let forge = Forge::with(&[(CURRENT, &state())]);
    let payload = payload("app", "v1.1.0").to_string();
    let vars = [("CI_PIPELINE_SOURCE", "web"), ("SYSBOM_PAYLOAD", payload.as_str())];
    all_green(forge.run_pipeline(&pipeline("direct"), &vars), &["sysbom release"]);
    assert!(forge.file("main", CURRENT).contains("app\n    tag: v1.1.0"));
}
