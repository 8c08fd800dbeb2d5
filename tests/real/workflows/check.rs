//! The check in every event that starts it.

use serde_json::json;

use super::{CURRENT, GitHub, event, state};

#[test]
fn the_check_judges_a_merge_queue_and_the_first_push_there_ever_was() {
    let github = GitHub::new("direct");
    let first = event("push", "refs/heads/main", json!({"before": "0".repeat(40)}));
    github.run("check", &first).succeeded();

    let base = github.forge.tip("main");
    let clone = github.forge.clone_of_a_person();
    clone.write(CURRENT, state().replace("app\n    tag: v1.0.0", "app\n    tag: v1.1.0"));
    clone.commit("Without an archive");
    let queue = "refs/heads/gh-readonly-queue/main/pr-1";
    clone.git(&["push", "-q", "origin", &format!("HEAD:{queue}")]);
    let group = event("merge_group", queue, json!({"merge_group": {"base_sha": base}}));
    let outcome = github.run("check", &group);
    let ran = outcome.failed();
    assert!(ran.out.contains("archive-missing"), "{ran}");
}

#[test]
fn a_pull_request_that_deletes_an_archive_is_red() {
    let github = GitHub::new("direct");
    let clone = github.forge.clone_of_a_person();
    let archive = "releases/history/20240615T101500Z-000000000000.yaml";
    clone.write(archive, state());
    clone.commit("A file of history");
    clone.git(&["push", "-q", "origin", "main"]);
    clone.git(&["rm", "-q", archive]);
    clone.commit("Delete it");
    clone.git(&["push", "-q", "origin", "HEAD:refs/pull/1/merge"]);
    let outcome = github.run("check", &event("pull_request", "refs/pull/1/merge", json!({})));
    assert!(outcome.failed().out.contains("history-rewritten"), "{}", outcome.failed());
}
