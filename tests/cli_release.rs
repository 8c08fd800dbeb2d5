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

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
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
        .says("Roll back app v1.3.0 -> v1.2.3");
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
        .says("dry run: Release app v1.3.0")
        .says("would archive releases/history/");
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
    ran.says("holds work of somebody");
    assert_eq!(scratch.git(&["rev-parse", "sysbom/release/app"]), tip);
}

#[test]
fn a_hostile_payload_is_refused_without_being_repeated() {
    let scratch = base();
    scratch.write(
        "event.json",
        r#"{"client_payload":{"component":"app","tag":"$(touch /tmp/x)\n::set-output name=a::b"}}"#,
    );
    let outputs = scratch.root().join("outputs");
    let scratch = scratch.with_var("GITHUB_OUTPUT", &outputs);
    let ran = scratch.sysbom(&["release", "--payload", "event.json", "--format", "github"]).expect(1);
    assert!(ran.out.starts_with("::error title=sysbom refused::the release of `app` is malformed"), "{ran}");
    let written = std::fs::read_to_string(&outputs).expect("the outputs are written");
    assert!(written.starts_with("result<<sysbom-") && written.contains("\nrefused\n"), "{written}");
    for text in [ran.to_string(), written] {
        assert!(!text.contains("\n::set-output") && !text.contains("$(touch /tmp/x)\n"), "{text}");
    }
}

#[test]
fn a_snapshot_is_brought_back_by_the_commands_that_show_prints() {
    let scratch = base();
    scratch.write("chart/Chart.yaml", "name: app\nversion: 1.2.0\n");
    scratch.write("values.yaml", "replicas: 2\n");
    scratch.commit("chart");
    let recorded = scratch.git(&["rev-parse", "HEAD"]);
    scratch
        .sysbom(&[
            "snapshot",
            "exp-1",
            "--owner",
            "ada",
            "--set",
            "canaryEnabled=true",
            "--set",
            "stableWeight=90",
            "--set",
            "canaryWeight=10",
            "--image",
            &format!("appCanary=ghcr.io/acme/app:v1.3.0-rc.1@{DIGEST_B}"),
            "--values",
            "values.yaml",
            "--direct",
        ])
        .expect(0)
        .says("Snapshot exp-1");
    scratch.sysbom(&["check", "--base", &recorded, "--head", "main"]).expect(0);
    let text = scratch.read("releases/history/exp-1.yaml");
    let folder = scratch.git(&["rev-parse", &format!("{recorded}:chart")]);
    let chart = format!("  chart:\n    path: chart\n    version: 1.2.0\n    digest: {folder}\n");
    let sha256 = sha256(b"replicas: 2\n");
    let values = format!("  values:\n    - path: values.yaml\n      sha256: {sha256}\n");
    let base = format!("  base:\n    commit: {recorded}\n");
    for part in ["  owner: ada\n", &base, &chart, &values] {
        assert!(text.replace('"', "").contains(part), "{part}\n{text}");
    }
    scratch.sysbom(&["snapshot", "exp-1", "--direct"]).expect(1).says("the id `exp-1` is taken");
    scratch.sysbom(&["snapshot", "by-itself", "--direct"]).expect(0);
    let by_itself = scratch.read("releases/history/by-itself.yaml").replace('"', "");
    assert!(by_itself.contains(&values), "{by_itself}");
    scratch
        .sysbom(&["snapshot", "exp-2", "--set", "canaryWieght=10", "--direct"])
        .expect(1)
        .says("did you mean `canaryWeight`?");
    scratch
        .sysbom(&["snapshot", "close", "exp-1", "--outcome", "confirmed", "--direct"])
        .expect(0)
        .says("written down in releases/outcomes/exp-1.yaml");
    let shown = scratch.sysbom(&["show", "exp-1"]).expect(0);
    shown.says("\nowner    ada\n").says("outcome  confirmed\n");
    assert!(scratch.read("releases/outcomes/exp-1.yaml").contains("outcome: confirmed\n"));

    let forged = text.replace("exp-1", "forged").replace(&recorded, "--lock");
    scratch.write("releases/history/forged.yaml", &forged);
    scratch.write("chart/Chart.yaml", "name: app\nversion: 2.0.0\n");
    scratch.write("values.yaml", "replicas: 5\n");
    scratch.commit("moved on");
    scratch
        .sysbom(&["show", "forged", "--reproduce"])
        .expect(2)
        .says("names no commit: its `commit` is `--lock`")
        .never_says("worktree");
    let ran = scratch.sysbom(&["show", "exp-1", "--reproduce"]).expect(0);
    let ran = ran.says("the chart chart has changed since version 1.2.0").says("values.yaml has changed");
    // A helm that only writes down what it is given.
    let helm = scratch.root().join("helm");
    let script = format!("#!/bin/sh\nprintf '%s\\n' \"$@\" > '{}'\n", scratch.root().join("given").display());
    std::fs::write(&helm, script).expect("scratch is ours");
    std::fs::set_permissions(&helm, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("it is ours");
    let path = std::env::var("PATH").expect("there is a path");
    let path = format!("{}:{path}", scratch.root().display());
    let bash = |commands: &str| {
        let mut command = scratch.command(scratch.top(), "bash");
        let command = command.args(["-c", commands]).env("PATH", &path).env("RELEASE", "exp");
        command.output().expect("bash runs")
    };
    let ended = bash(&ran.out);
    assert!(ended.status.success(), "{ran}\n{}", String::from_utf8_lossy(&ended.stderr));
    let place = scratch.root().join("exp-1");
    let back = scratch.at(&place);
    let tree = |rev: &str| scratch.git(&["rev-parse", &format!("{rev}^{{tree}}")]);
    assert_eq!(back.git(&["rev-parse", "HEAD^{tree}"]), tree(&recorded));
    assert_eq!(back.git(&["status", "--porcelain"]), "A  releases/history/exp-1.yaml");
    assert_eq!(back.read("releases/history/exp-1.yaml"), text);
    assert_eq!(back.read("values.yaml"), "replicas: 2\n");
    let given = std::fs::read_to_string(scratch.root().join("given")).expect("helm was started");
    let values = "-f\n../exp-1/values.yaml\n-f\n../exp-1/releases/history/exp-1.yaml\n";
    assert_eq!(given, format!("upgrade\n--install\nexp\n../exp-1/chart\n{values}"));
    assert!(bash(&ran.out).status.success(), "it can be run twice");
    // Nothing is done while a name is missing, and the shell it was pasted into lives on.
    scratch.git(&["worktree", "remove", "--force", "../exp-1"]);
    let ended = bash(&format!("unset RELEASE\n{}echo alive", ran.out));
    assert_eq!(String::from_utf8_lossy(&ended.stdout), "alive\n");
    assert!(!place.exists());
    assert!(bash(&ran.out).status.success(), "it can be run after that");
    // A hash that is not that of the file stops them before anything is deployed.
    scratch.git(&["worktree", "remove", "--force", "../exp-1"]);
    std::fs::remove_file(scratch.root().join("given")).expect("it is ours");
    let hash = text.split("sha256: ").nth(1).and_then(|rest| rest.lines().next()).expect("it is recorded");
    assert!(!bash(&ran.out.replace(hash, &"0".repeat(64))).status.success());
    assert!(!scratch.root().join("given").exists());
}

#[test]
fn states_are_shown_and_compared_by_the_names_people_have() {
    let scratch = base();
    scratch.sysbom(&["release", &reference("v1.3.0", DIGEST_B), "--direct"]).expect(0);
    scratch.sysbom(&["show"]).expect(0).says("v1.3.0");
    scratch.sysbom(&["show", "HEAD~1"]).expect(0).says("v1.2.3");
    scratch.sysbom(&["show", DIGEST_A]).expect(0).says("app v1.2.3");
    scratch.sysbom(&["show", "2001-01-01T00:00:00Z"]).expect(2).says("there was no state yet");
    scratch.sysbom(&["show", "2099-01-01T00:00:00Z"]).expect(0).says("v1.3.0");
    let archive = scratch.git(&["ls-files", "releases/history"]);
    let id = archive.trim_start_matches("releases/history/").trim_end_matches(".yaml");
    scratch.sysbom(&["show", id]).expect(0).says("v1.2.3");
    let ran = scratch.sysbom(&["diff", id]).expect(0);
    assert_eq!(ran.out, "app  v1.2.3  v1.3.0  upgraded\n");
    scratch.sysbom(&["diff", "HEAD~1", "HEAD", "--format", "json"]).expect(0).says("\"kind\": \"upgraded\"");
    assert_eq!(scratch.sysbom(&["diff", "HEAD"]).expect(0).out, "nothing differs\n");
    scratch.sysbom(&["show", "nonsense"]).expect(2);
}

#[test]
fn what_is_for_one_system_never_goes_into_another() {
    let scratch = Scratch::new();
    scratch.write(".sysbom.yaml", "manifest: releases/{system}/current.yaml\n");
    for (system, tag, digest) in [("staging", "v1.1.0", DIGEST_B), ("production", "v1.0.0", DIGEST_A)] {
        scratch.write(&format!("releases/{system}/current.yaml"), manifest(&[("app", tag, digest)]));
    }
    scratch.commit("Begin");
    scratch
        .sysbom(&["promote", "staging", "production", "-s", "staging"])
        .expect(2)
        .says("this is for the system `production`, and `--system` says `staging`");
    let payload = |system: &str| format!(r#"{{"component":"app","tag":"v1.2.0","system":"{system}"}}"#);
    scratch.write("payload.json", payload("production"));
    let release = ["release", "--payload", "payload.json", "--format", "github"];
    let refused = scratch.sysbom(&[&release[..], &["-s", "staging"]].concat()).expect(2);
    assert!(
        refused.out.starts_with("::error title=sysbom::this is for the system `production`"),
        "{refused}"
    );
    scratch.write("payload.json", format!("[{},{}]", payload("production"), payload("staging")));
    scratch
        .sysbom(&release)
        .expect(1)
        .says("::error title=sysbom refused::several systems are asked for at once");
    assert_eq!(scratch.git(&["branch", "--format=%(refname:short)"]).trim(), "main");
}

#[test]
fn a_tag_that_history_knows_with_another_digest_is_refused_as_pushed_again() {
    let scratch = base();
    scratch.sysbom(&["release", &reference("v1.3.0", DIGEST_B), "--direct"]).expect(0);
    let other = format!("sha256:{}", "cd".repeat(32));
    scratch
        .sysbom(&["release", &reference("v1.2.3", &other)])
        .expect(1)
        .says("`ghcr.io/acme/app:v1.2.3` was pinned with another digest in a former state: the tag was pushed again");
    scratch.sysbom(&["release", &reference("v1.2.3", DIGEST_A)]).expect(0).says("superseded: ");
}

#[test]
fn what_is_held_does_not_keep_the_others_back_and_what_is_refused_does() {
    let scratch = Scratch::new();
    scratch.write(PATH, manifest(&[("app", "v1.2.3", DIGEST_A), ("worker", "v1.0.0", DIGEST_A)]));
    scratch.commit("begin");
    scratch.sysbom(&["hold", "worker", "--reason", "wait", "--direct"]).expect(0);
    let app = reference("v1.3.0", DIGEST_B);
    let worker = format!("worker=v2.0.0@{DIGEST_B}");
    let refused =
        scratch.sysbom(&["release", &app, "worker=v2.0.0", "--direct", "--format", "json"]).expect(1);
    assert!(!refused.out.contains("\"result\": \"updated\""), "{refused}");
    let ran = scratch.sysbom(&["release", &worker, &app, "--direct", "--format", "github"]).expect(0);
    ran.says("::warning title=sysbom held::component `worker` is held: wait").says("Release app v1.3.0");
    assert_eq!(scratch.read(PATH), manifest(&[("app", "v1.3.0", DIGEST_B), ("worker", "v1.0.0", DIGEST_A)]));
}

#[test]
fn what_is_held_is_listed_and_a_hold_that_changes_nothing_speaks_of_the_file() {
    let scratch = base();
    scratch.sysbom(&["hold"]).expect(0).says("nothing is held on ");
    scratch.sysbom(&["hold", "app"]).expect(2).says("--reason");
    scratch
        .sysbom(&["unhold", "app"])
        .expect(0)
        .says("nothing to do: releases/holds.yaml does not hold `app`");
    scratch.sysbom(&["hold", "app", "--reason", "wait", "--direct"]).expect(0);
    let again = scratch.sysbom(&["hold", "app", "--reason", "longer", "--direct"]).expect(0);
    again.says("nothing to do: releases/holds.yaml holds `app` already: wait");
    let held = scratch.read("releases/holds.yaml");
    scratch.write("releases/holds.yaml", format!("{held}  App: {{reason: slow}}\n"));
    scratch.commit("by hand");
    scratch
        .sysbom(&["hold"])
        .expect(0)
        .says("warning: `App` is held and is no component of the manifest: did");
    scratch.write("releases/holds.yaml", held);
    scratch.commit("mended");
    scratch
        .sysbom(&["hold"])
        .expect(0)
        .never_says("warning")
        .says("app: wait (since ")
        .says("lift it: sysbom unhold app");
    scratch.sysbom(&["hold", "--format", "json"]).expect(0).says("\"reason\": \"wait\"");
    scratch.sysbom(&["unhold", "app", "--direct"]).expect(0);
    scratch.sysbom(&["release", &reference("v1.3.0", DIGEST_B), "--direct"]).expect(0);
    scratch.sysbom(&["rollback", "--reason", "slow", "--direct"]).expect(0).says(&format!(
        "app v1.3.0 is held now, in releases/holds.yaml: `sysbom unhold app@{DIGEST_B}` lifts that"
    ));
}

#[test]
fn a_plan_that_waits_already_updates_nothing() {
    let scratch = base();
    scratch.sysbom(&["release", &reference("v1.3.0", DIGEST_B), "--direct"]).expect(0);
    let rollback = ["rollback", "--reason", "slow", "--format", "json"];
    let scratch = scratch.with_var("SOURCE_DATE_EPOCH", "1718446500");
    scratch.sysbom(&rollback).expect(0).says("\"result\": \"updated\"");
    let again = scratch.sysbom(&rollback).expect(0);
    assert!(again.out.contains("\"result\": \"noop\"") && !again.out.contains("\"updated\""), "{again}");
}

#[test]
fn edits_that_are_not_staged_never_become_part_of_a_release() {
    let scratch = base();
    let edited = format!("{}# mine\n", scratch.read(PATH));
    scratch.write(PATH, &edited);
    let release = ["release", &reference("v1.3.0", DIGEST_B), "--worktree"];
    scratch
        .sysbom(&release)
        .expect(2)
        .says("releases/current.yaml has changes that are not staged")
        .says("`git add releases/current.yaml`");
    assert_eq!(scratch.read(PATH), edited);
    assert_eq!(scratch.git(&["diff", "--cached", "--name-only"]), "");
    scratch.git(&["add", PATH]);
    scratch.sysbom(&release).expect(0).says("in the working tree and the index, not committed");
}

#[test]
fn a_direct_release_into_a_remote_says_that_the_clone_stands_behind() {
    let scratch = base();
    let forge = scratch.root().join("forge.git");
    scratch.git(&["init", "-q", "--bare", "-b", "main", &forge.to_string_lossy()]);
    scratch.git(&["remote", "add", "origin", &forge.to_string_lossy()]);
    scratch.git(&["push", "-q", "-u", "origin", "main"]);
    let release = ["release", &reference("v1.3.0", DIGEST_B), "--direct", "--push", "origin"];
    scratch.sysbom(&release).expect(0).says("`git pull`");
}

#[test]
fn a_person_can_say_when_something_was_published() {
    let scratch = base();
    let release = |tag: &str, digest: &str, at: &str| {
        let reference = reference(tag, digest);
        scratch.sysbom(&["release", &reference, "--direct", "--published-at", at])
    };
    let fix = format!("sha256:{}", "cd".repeat(32));
    let first = format!("app=1a2b3c4@{DIGEST_B}");
    scratch
        .sysbom(&[
            "release",
            &first,
            "--direct",
            "--allow-downgrade",
            "--published-at",
            "2024-02-01T00:00:00Z",
        ])
        .expect(0);
    release("9f8e7d6", &fix, "2024-01-01T00:00:00Z").expect(0).says("superseded: ");
    release("9f8e7d6", &fix, "yesterday").expect(2).says("write it as 2024-06-15T10:15:00Z");
    release("9f8e7d6", &fix, "2024-03-01T00:00:00Z").expect(0).says("Release app 9f8e7d6");
}

#[test]
fn a_dry_run_refuses_what_the_run_itself_refuses_and_keeps_nothing() {
    let scratch = base();
    let forge = scratch.root().join("forge.git");
    scratch.git(&["init", "-q", "--bare", "-b", "main", forge.to_str().expect("our path is text")]);
    scratch.git(&["remote", "add", "origin", "../forge.git"]);
    scratch.git(&["push", "-q", "-u", "origin", "main"]);
    scratch.git(&["remote", "set-head", "origin", "main"]);
    let moved = format!("app=ghcr.io/other/app:v2.0.0@{DIGEST_B}");
    let floating = format!("app=latest@{DIGEST_B}");
    let good = reference("v1.3.0", DIGEST_B);
    let before = scratch.git(&["for-each-ref"]);
    for (args, status) in [
        (&["release", &moved, "--allow-move", "--direct", "--push", "origin"][..], 1),
        (&["snapshot", "s1", "--image", &floating, "--direct", "--push", "origin"], 1),
        (&["release", &good, "--direct"], 2),
        (&["release", &good, "--direct", "--base", "HEAD~0"], 2),
    ] {
        let objects = scratch.git(&["count-objects"]);
        let dry = scratch.sysbom(&[args, &["--dry-run"]].concat()).expect(status);
        assert_eq!(scratch.git(&["count-objects"]), objects, "{args:?}");
        let real = scratch.sysbom(args).expect(status);
        assert_eq!(dry.err, real.err, "{args:?}");
        assert_eq!(scratch.git(&["for-each-ref"]), before, "{args:?}");
    }
    let direct = ["release", good.as_str(), "--direct", "--base", "main"];
    scratch.write(PATH, "# mine\n");
    for more in [&["--dry-run"][..], &[]] {
        scratch.sysbom(&[&direct[..], more].concat()).expect(2).says("commit or stash");
    }
    scratch.git(&["checkout", "-q", PATH]);
    scratch.sysbom(&[&direct[..], &["--dry-run", "--sign"]].concat()).expect(0).says("would be on main");
    scratch.git(&["switch", "-q", "-c", "mine"]);
    for more in [&["--dry-run"][..], &[]] {
        let args = [&["release", &good, "--branch", "mine"][..], more].concat();
        scratch.sysbom(&args).expect(2).says("it is checked out");
    }
    scratch.git(&["switch", "-q", "main"]);
    scratch.git(&["branch", "-q", "-D", "mine"]);
    assert_eq!(scratch.git(&["for-each-ref"]), before, "nothing moved");
}

#[test]
fn a_dry_run_of_what_waits_already_says_so() {
    let scratch = base();
    let good = reference("v1.3.0", DIGEST_B);
    let release = ["release", &good, "--format", "json"];
    scratch.sysbom(&release).expect(0);
    let dry = scratch.sysbom(&[&release[..], &["--dry-run"]].concat()).expect(0);
    dry.says("\"result\": \"noop\"").says("\"dry_run\": true");
}

#[test]
fn a_release_that_its_check_will_not_pass_says_so_and_what_to_do() {
    let scratch = base();
    let moved = format!("app=ghcr.io/other/app:v2.0.0@{DIGEST_B}");
    for more in [&["--dry-run"][..], &[]] {
        let args = [&["release", &moved, "--allow-move"][..], more].concat();
        let ran = scratch.sysbom(&args).expect(0).says("(image-moved)");
        ran.says("allow it in `.sysbom.yaml` first, in a change of its own: `images: {app: [");
    }
    scratch.sysbom(&["check", "--base", "main", "--head", "sysbom/release/app"]).expect(1);
    let floating = format!("app=latest@{DIGEST_B}");
    scratch.sysbom(&["snapshot", "s1", "--image", &floating]).expect(0).says("will be red (floating-tag)");
}

fn two_systems() -> Scratch {
    let scratch = Scratch::new();
    scratch.write(".sysbom.yaml", "manifest: releases/{system}/current.yaml\n");
    for system in ["staging", "production"] {
        scratch.write(&format!("releases/{system}/current.yaml"), manifest(&[("app", "v1.2.3", DIGEST_A)]));
    }
    scratch.commit("begin");
    scratch
}

#[test]
fn what_lifts_a_hold_names_the_system() {
    let scratch = two_systems();
    let release = ["release", &reference("v1.3.0", DIGEST_B), "-s", "staging", "--direct"];
    scratch.sysbom(&release).expect(0);
    let lift = format!("`sysbom unhold app@{DIGEST_B} -s staging`");
    scratch
        .sysbom(&["rollback", "app", "-s", "staging", "--reason", "breaks", "--direct"])
        .expect(0)
        .says(&format!("{lift} lifts that"));
    scratch.sysbom(&release).expect(0).says(&format!("to release it all the same, {lift} first"));
    let back = ["rollback", "app", "-s", "staging", "--reason", "no", "--to", "HEAD~1", "--direct"];
    scratch.sysbom(&back).expect(0).says(&format!("go further back with `--to`, or {lift} first"));
    let command = lift.trim_matches('`').strip_prefix("sysbom ").expect("it is one of ours");
    let words: Vec<&str> = command.split(' ').chain(["--direct"]).collect();
    scratch.sysbom(&words).expect(0).says("Unhold app");
    scratch.sysbom(&release).expect(0).says("staging: Release app v1.3.0");
}

#[test]
fn a_rollback_of_what_is_held_says_so() {
    let scratch = base();
    scratch.sysbom(&["release", &reference("v1.3.0", DIGEST_B), "--direct"]).expect(0);
    scratch.sysbom(&["hold", "app", "--reason", "moves on Friday", "--direct"]).expect(0);
    for more in [&["app"][..], &[]] {
        scratch
            .sysbom(&[&["rollback", "--reason", "slow", "--direct"], more].concat())
            .expect(1)
            .says("component `app` is held: moves on Friday")
            .says("to roll it back all the same, `sysbom unhold app` first");
    }
    let back = ["rollback", "--to", "HEAD~2", "--reason", "slow", "--direct", "--format", "github"];
    scratch
        .sysbom(&back)
        .expect(0)
        .says("::warning title=sysbom held::component `app` is held: moves on Friday");
    scratch.sysbom(&["unhold", "app", "--direct"]).expect(0);
    scratch.sysbom(&["rollback", "--reason", "slow", "--direct"]).expect(0).says("Roll back app");
}

#[test]
fn a_system_that_is_none_is_refused_with_what_to_do() {
    let payload = |system: &str| {
        format!(r#"{{"component":"app","tag":"v1.3.0","digest":"{DIGEST_B}","system":"{system}"}}"#)
    };
    let (one, two) = (base(), two_systems());
    for (scratch, help) in [
        (&one, "there is only one system here: leave `system` out of the payload"),
        (&two, "there are production, staging"),
    ] {
        for more in [&["--dry-run"][..], &["--worktree"], &[]] {
            scratch.write("event.json", payload("nope"));
            let args = [&["release", "--payload", "event.json", "--format", "json"], more].concat();
            let ran = scratch.sysbom(&args).expect(1).says("\"result\": \"refused\"");
            ran.says("there is no system `nope`").says(help);
        }
    }
    one.sysbom(&["promote", "a", "b"])
        .expect(2)
        .says("there is only one system here; several are the folders");
    for names in [["nope", "staging"], ["staging", "nope"]] {
        two.sysbom(&["promote", names[0], names[1]]).expect(2).says("there are production, staging");
    }
    one.sysbom(&["hold", "app", "--reason", "x", "-s", "nope"]).expect(2).says("leave out --system");
}

#[test]
fn experiments_are_shown_and_compared_parameter_by_parameter() {
    let scratch = base();
    let first = "{stableWeight: 90, canaryWeight: 10, load: {users: '50', kind: burst}, steps: [1, 2]}";
    let second =
        "{canaryWeight: 20, stableWeight: 80, load: {users: 50, kind: 'burst'}, steps: [1, 2], on: true}";
    for (id, parameters) in [("one", first), ("two", second)] {
        scratch.write("parameters.yaml", parameters);
        scratch.sysbom(&["snapshot", id, "--params", "parameters.yaml", "--direct"]).expect(0);
    }
    let ran = scratch.sysbom(&["diff", "one", "two"]).expect(0);
    let expected = "\
experiment.canaryWeight  10    20    changed
experiment.load.users    \"50\"  50    changed
experiment.on            -     true  added
experiment.stableWeight  90    80    changed
";
    assert_eq!(ran.out, expected);
    let ran = scratch.sysbom(&["diff", "one", "two", "--format", "json"]).expect(0);
    ran.says("\"experiment\": true").says("\"name\": \"experiment.canaryWeight\"").says("\"to\": \"20\"");
    scratch
        .sysbom(&["show", "one"])
        .expect(0)
        .says("\nexperiment.load.users    \"50\"\n")
        .says("\nexperiment.load.kind     burst\n")
        .says("\nexperiment.steps         [1,2]\n");
    assert_eq!(scratch.sysbom(&["diff", "one", "one"]).expect(0).out, "nothing differs\n");
}
