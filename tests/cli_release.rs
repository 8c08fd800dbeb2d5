//! `sysbom release` and its siblings through the program, in clones and bare repositories.

mod support;

use support::{DIGEST_A, DIGEST_B, Scratch, manifest};

const PATH: &str = "releases/current.yaml";

fn base() -> Scratch {
    let scratch = Scratch::new();
    scratch.write(PATH, manifest(&[("app", "v1.2.3", DIGEST_A)]));
    scratch.commit("begin");
    scratch
}

fn reference(tag: &str, digest: &str) -> String {
    format!("app={tag}@{digest}")
}

fn files(scratch: &Scratch, rev: &str) -> Vec<String> {
    scratch.git(&["ls-tree", "-r", "--name-only", rev]).lines().map(str::to_owned).collect()
}

#[test]
fn a_release_waits_on_a_branch_with_the_archive_of_the_state_before() {
    let scratch = base();
    let before = scratch.git(&["rev-parse", "main"]);
    let ran = scratch.sysbom(&["release", &reference("v1.3.0", DIGEST_B)]).expect(0);
    ran.says("Release app v1.3.0");
    assert_eq!(scratch.git(&["rev-parse", "sysbom/release/app^"]), before);
    assert_eq!(scratch.git(&["rev-parse", "main"]), before, "base stays");
    let branch = "sysbom/release/app";
    assert_eq!(
        scratch.git(&["show", &format!("{branch}:{PATH}")]),
        manifest(&[("app", "v1.3.0", DIGEST_B)]).trim_end()
    );
    let files = files(&scratch, branch);
    let archive =
        files.iter().find(|path| path.starts_with("releases/history/")).expect("the state is archived");
    assert_eq!(
        scratch.git(&["rev-parse", &format!("{branch}:{archive}")]),
        scratch.git(&["rev-parse", &format!("main:{PATH}")])
    );
    scratch.sysbom(&["check", "--base", "main", "--head", branch]).expect(0);
    let tip = scratch.git(&["rev-parse", branch]);
    let again = scratch.sysbom(&["release", &reference("v1.3.0", DIGEST_B), "--format", "json"]).expect(0);
    again.says("\"result\": \"noop\"");
    assert_eq!(scratch.git(&["rev-parse", branch]), tip, "the same payload twice moves nothing");
    scratch.sysbom(&["release", &reference("v1.2.9", DIGEST_B)]).expect(0).says("superseded");
    scratch.sysbom(&["release", "app=ghcr.io/evil/app:v9.0.0"]).expect(1);
}

#[test]
fn direct_releases_leave_one_archive_each_and_pass_the_check() {
    let scratch = base();
    for minor in 3..8 {
        let digest = format!("sha256:{}", format!("{minor:x}f").repeat(32));
        let before = scratch.git(&["rev-parse", "main"]);
        scratch.sysbom(&["release", &reference(&format!("v1.{minor}.0"), &digest), "--direct"]).expect(0);
        scratch.sysbom(&["check", "--base", &before, "--head", "main"]).expect(0);
    }
    let archives: Vec<String> =
        files(&scratch, "main").into_iter().filter(|path| path.starts_with("releases/history/")).collect();
    assert_eq!(archives.len(), 5, "{archives:?}");
    let times: std::collections::BTreeSet<&str> = archives.iter().map(|path| &path[17..33]).collect();
    assert_eq!(times.len(), 5, "{archives:?}");
    assert!(scratch.git(&["status", "--porcelain"]).is_empty(), "the working tree follows");
}

#[test]
fn a_rollback_restores_the_state_and_holds_what_is_left() {
    let scratch = base();
    let old = scratch.read(PATH);
    scratch.sysbom(&["release", &reference("v1.3.0", DIGEST_B), "--direct"]).expect(0);
    scratch
        .sysbom(&["rollback", "app", "--reason", "breaks the login", "--direct"])
        .expect(0)
        .says("Roll back app v1.2.3");
    assert_eq!(scratch.read(PATH), old);
    let held = scratch
        .sysbom(&["release", &reference("v1.3.0", DIGEST_B), "--direct", "--format", "github"])
        .expect(0);
    held.says("::warning title=sysbom held::");
    let fix = format!("sha256:{}", "cd".repeat(32));
    scratch.sysbom(&["release", &reference("v1.3.1", &fix), "--direct"]).expect(0).says("Release app v1.3.1");
    scratch.sysbom(&["rollback", "--to", "HEAD~1", "--reason", "again", "--direct"]).expect(0);
    assert_eq!(scratch.read(PATH), old);
    scratch.sysbom(&["unhold", &format!("app@{DIGEST_B}"), "--direct"]).expect(0);
    scratch
        .sysbom(&["release", &reference("v1.3.0", DIGEST_B), "--direct"])
        .expect(0)
        .says("Release app v1.3.0");
    scratch.sysbom(&["hold", "app", "--reason", "wait", "--direct"]).expect(0).says("Hold app");
    scratch.sysbom(&["release", &reference("v2.0.0", &fix), "--direct"]).expect(0).says("held");
}

#[test]
fn a_dry_run_and_the_working_tree_leave_refs_alone() {
    let scratch = base();
    let refs = scratch.git(&["for-each-ref"]);
    scratch
        .sysbom(&["release", &reference("v1.3.0", DIGEST_B), "--dry-run"])
        .expect(0)
        .says("Release app v1.3.0");
    assert!(scratch.git(&["status", "--porcelain"]).is_empty());
    scratch.sysbom(&["release", &reference("v1.3.0", DIGEST_B), "--worktree"]).expect(0);
    let fix = format!("sha256:{}", "cd".repeat(32));
    scratch.sysbom(&["release", &reference("v1.4.0", &fix), "--worktree"]).expect(0);
    assert_eq!(scratch.git(&["for-each-ref"]), refs);
    let staged = scratch.git(&["diff", "--cached", "--name-only"]);
    assert_eq!(staged.lines().count(), 2, "{staged}");
    assert_eq!(scratch.read(PATH), manifest(&[("app", "v1.4.0", &fix)]));
    scratch.sysbom(&["check", "--staged"]).expect(0);
}

#[test]
fn a_policy_can_forbid_direct_releases() {
    let scratch = base();
    scratch.write(".sysbom.yaml", "direct: deny\n");
    scratch.commit("policy");
    let ran = scratch.sysbom(&["release", &reference("v1.3.0", DIGEST_B), "--direct"]).expect(1);
    ran.says("the policy does not let a release go straight onto the base branch");
}

#[test]
fn what_somebody_else_committed_on_the_branch_is_not_overwritten() {
    let scratch = base();
    scratch.sysbom(&["release", &reference("v1.3.0", DIGEST_B)]).expect(0);
    scratch.git(&["checkout", "-q", "sysbom/release/app"]);
    scratch.write("notes.md", "mine\n");
    scratch.commit("by hand");
    scratch.git(&["checkout", "-q", "main"]);
    let tip = scratch.git(&["rev-parse", "sysbom/release/app"]);
    let fix = format!("sha256:{}", "cd".repeat(32));
    let ran = scratch.sysbom(&["release", &reference("v1.4.0", &fix)]).expect(1);
    ran.says("holds a commit that is no release");
    assert_eq!(scratch.git(&["rev-parse", "sysbom/release/app"]), tip);
}

#[test]
fn a_hostile_payload_is_refused_without_being_repeated() {
    let scratch = base();
    scratch.write(
        "event.json",
        r#"{"client_payload":{"component":"app","tag":"$(touch /tmp/x)\n::set-output name=a::b"}}"#,
    );
    let ran = scratch.sysbom(&["release", "--payload", "event.json"]).expect(1);
    assert!(!format!("{ran}").contains("\n::set-output"), "{ran}");
}
