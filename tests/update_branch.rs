//! `sysbom update-branch` on branches of the real git: what is merged, what is kept, what is told.

mod support;

use support::{DIGEST_A, DIGEST_B, Place, Scratch, manifest};

const CURRENT: &str = "releases/current.yaml";

fn both(app: &str, web: &str) -> String {
    manifest(&[("app", app, DIGEST_A), ("web", web, DIGEST_B)])
}

/// Main with one state, and no driver: as on a forge.
fn scratch() -> Scratch {
    let scratch = Scratch::new();
    scratch.write(CURRENT, both("v1.0.0", "v1.0.0"));
    scratch.write("README.md", "one\ntwo\nthree\n");
    scratch.commit("Begin");
    scratch
}

/// A branch from `start` on which these files are written.
fn branch(scratch: &Scratch, name: &str, start: &str, files: &[(&str, &str)]) -> String {
    scratch.git(&["switch", "-q", "-c", name, start]);
    for (path, text) in files {
        scratch.write(path, text);
    }
    let commit = scratch.commit(&format!("Work on {name}"));
    scratch.git(&["switch", "-q", "main"]);
    commit
}

fn history(place: &Place<'_>, rev: &str) -> Vec<String> {
    let listed = place.git(&["ls-tree", "-r", "--name-only", rev, "releases/history"]);
    listed.lines().map(str::to_owned).collect()
}

/// The manifests that history holds, and the present one.
fn states(place: &Place<'_>, rev: &str) -> Vec<String> {
    let paths = history(place, rev).into_iter().chain([CURRENT.to_owned()]);
    paths.map(|path| place.git(&["show", &format!("{rev}:{path}")]) + "\n").collect()
}

#[test]
fn a_branch_gets_bases_pins_beside_its_own_and_bases_state_in_history() {
    let scratch = scratch();
    branch(&scratch, "topic", "main", &[(CURRENT, &both("v1.1.0", "v1.0.0"))]);
    scratch.write(CURRENT, both("v1.0.0", "v2.0.0"));
    scratch.commit("Another release");
    let here = scratch.at(scratch.top());
    scratch
        .sysbom(&["update-branch", "topic"])
        .expect(0)
        .says("topic: merged with main, 1 history file archived");
    assert_eq!(states(&here, "topic"), [both("v1.0.0", "v2.0.0"), both("v1.1.0", "v2.0.0")]);
    let merged = scratch.git(&["rev-parse", "topic~1^2"]);
    assert_eq!(merged, scratch.git(&["rev-parse", "main"]));
    scratch.sysbom(&["check", "--base", "main", "--head", "topic"]).expect(0);
    // A second time there is nothing to do.
    let tip = scratch.git(&["rev-parse", "topic"]);
    scratch.sysbom(&["update-branch", "topic"]).expect(0).says("topic: is up to date");
    assert_eq!(scratch.git(&["rev-parse", "topic"]), tip);
}

#[test]
fn a_rebase_leaves_merges_out_and_keeps_the_archives() {
    let scratch = scratch();
    let here = scratch.at(scratch.top());
    branch(&scratch, "topic", "main", &[(CURRENT, &both("v1.1.0", "v1.0.0"))]);
    for tag in ["v2.0.0", "v3.0.0"] {
        let before = scratch.git(&["rev-parse", "main"]);
        scratch.write(CURRENT, both("v1.0.0", tag));
        scratch.commit("Another release");
        scratch.sysbom(&["archive", "--backfill"]).expect(0);
        scratch.git(&["commit", "-q", "--amend", "--no-edit", "--allow-empty"]);
        scratch.sysbom(&["check", "--base", &before, "--head", "main"]).expect(0);
        scratch.sysbom(&["update-branch", "topic"]).expect(0);
    }
    scratch.git(&["switch", "-q", "topic"]);
    scratch.git(&["rebase", "-q", "main"]);
    assert_eq!(scratch.git(&["rev-list", "--merges", "main..topic"]), "");
    scratch.sysbom(&["check", "--base", "main", "--head", "topic"]).expect(0);
    let former = [both("v1.0.0", "v1.0.0"), both("v1.0.0", "v2.0.0"), both("v1.0.0", "v3.0.0")];
    let mut states = states(&here, "topic");
    states.sort();
    assert_eq!(states, [&former[..], &[both("v1.1.0", "v3.0.0")]].concat());
}

#[test]
fn everything_else_is_merged_as_git_does() {
    let scratch = scratch();
    branch(
        &scratch,
        "topic",
        "main",
        &[("README.md", "one\ntwo\n3\n"), (CURRENT, &both("v2.0.0", "v1.0.0"))],
    );
    scratch.write("README.md", "1\ntwo\nthree\n");
    scratch.commit("Read me");
    scratch.sysbom(&["update-branch", "topic"]).expect(0);
    assert_eq!(scratch.git(&["show", "topic:README.md"]), "1\ntwo\n3");
    scratch.write("README.md", "I\ntwo\nthree\n");
    scratch.commit("Read me again");
    branch(&scratch, "other", "main~2", &[("README.md", "uno\ntwo\nthree\n")]);
    let tip = scratch.git(&["rev-parse", "other"]);
    scratch
        .sysbom(&["update-branch", "other", "topic"])
        .expect(1)
        .says("other: needs a person")
        .says("conflict in README.md\n  help: `git switch other` and `git merge main`: settle it by hand; commit and push")
        .says("topic: merged with main");
    assert_eq!(scratch.git(&["rev-parse", "other"]), tip);
}

#[test]
fn one_component_moved_apart_is_a_conflict_and_other_branches_go_on() {
    let scratch = scratch();
    branch(&scratch, "apart", "main", &[(CURRENT, &both("v1.1.0", "v1.0.0"))]);
    branch(&scratch, "beside", "main", &[(CURRENT, &both("v1.0.0", "v3.0.0"))]);
    branch(&scratch, "elsewhere", "main", &[("README.md", "other\n")]);
    scratch.write(CURRENT, both("v1.2.0", "v1.0.0"));
    scratch.commit("Another release");
    let before = scratch.git(&["rev-parse", "apart", "elsewhere"]);
    scratch
        .sysbom(&["update-branch", "--all"])
        .expect(1)
        .says("apart: needs a person")
        .says("conflict in releases/current.yaml: `app`")
        .says(
            "help: `git switch apart` and `git merge main`: keep the whole entry of one side, or release the build \
             that should run, remove the markers, then `git add` the file; commit and push",
        )
        .says("beside: merged with main")
        .never_says("elsewhere")
        .never_says("main: ");
    assert_eq!(scratch.git(&["rev-parse", "apart", "elsewhere"]), before);
}

#[test]
fn the_revert_of_a_release_keeps_the_archive_that_it_would_delete() {
    let scratch = scratch();
    let here = scratch.at(scratch.top());
    branch(&scratch, "release", "main", &[(CURRENT, &both("v2.0.0", "v1.0.0"))]);
    scratch.sysbom(&["update-branch", "release"]).expect(0).says("1 history file archived");
    scratch.git(&["merge", "-q", "--squash", "release"]);
    scratch.commit("Release");
    scratch.git(&["switch", "-q", "-c", "revert"]);
    scratch.git(&["revert", "--no-edit", "HEAD"]);
    assert!(history(&here, "revert").is_empty());
    scratch.git(&["switch", "-q", "main"]);
    scratch.sysbom(&["check", "--base", "main", "--head", "revert"]).expect(1);
    scratch
        .sysbom(&["update-branch", "revert"])
        .expect(0)
        .says("revert: 1 history file archived, 1 history file put back");
    scratch.sysbom(&["check", "--base", "main", "--head", "revert"]).expect(0);
    assert_eq!(history(&here, "revert").len(), 2);
}

#[test]
fn history_stays_as_base_has_it_whatever_the_branch_did() {
    let scratch = scratch();
    let here = scratch.at(scratch.top());
    scratch.write("releases/history/s1.yaml", "snapshotId: s1\n");
    scratch.write("releases/history/s2.yaml", "snapshotId: s2\n");
    scratch.commit("Snapshots");
    scratch.git(&["switch", "-q", "-c", "topic"]);
    scratch.git(&["rm", "-q", "releases/history/s1.yaml"]);
    scratch.write("releases/history/s2.yaml", "snapshotId: edited\n");
    let own = format!("snapshotId: own\n{}", both("v1.0.0", "v1.0.0"));
    scratch.write("releases/history/own.yaml", &own);
    scratch.git(&["mv", CURRENT, "releases/history/moved.yaml"]);
    scratch.write(CURRENT, both("v9.0.0", "v1.0.0"));
    scratch.commit("Havoc");
    scratch.git(&["switch", "-q", "main"]);
    scratch.write(CURRENT, both("v1.0.0", "v1.5.0"));
    scratch.write("releases/history/own.yaml", "snapshotId: own, too\n");
    scratch.commit("Go on");
    scratch
        .sysbom(&["update-branch", "topic"])
        .expect(1)
        .says("releases/history/own.yaml")
        .says("both added it");
    scratch.git(&["rm", "-q", "releases/history/own.yaml"]);
    scratch.git(&["commit", "-q", "--amend", "--no-edit"]);
    scratch.sysbom(&["update-branch", "topic"]).expect(0).says("2 history files put back");
    let show = |path: &str| here.git(&["show", &format!("topic:{path}")]);
    assert_eq!(show("releases/history/s1.yaml"), "snapshotId: s1");
    assert_eq!(show("releases/history/s2.yaml"), "snapshotId: s2");
    assert_eq!(show("releases/history/own.yaml") + "\n", own);
    assert_eq!(show("releases/history/moved.yaml") + "\n", both("v1.0.0", "v1.0.0"));
    assert_eq!(show(CURRENT) + "\n", both("v9.0.0", "v1.5.0"));
    scratch.sysbom(&["check", "--base", "main", "--head", "topic"]).expect(0);
}

#[test]
fn the_branch_that_is_checked_out_comes_along_with_its_files() {
    let scratch = scratch();
    branch(&scratch, "topic", "main", &[(CURRENT, &both("v1.1.0", "v1.0.0"))]);
    scratch.write(CURRENT, both("v1.0.0", "v2.0.0"));
    scratch.commit("Another release");
    scratch.git(&["config", "sysbom.base", "main"]);
    scratch.git(&["switch", "-q", "topic"]);
    scratch.write(CURRENT, "mine\n");
    scratch.sysbom(&["update-branch"]).expect(2).says("commit or stash");
    scratch.git(&["checkout", "-q", "--", CURRENT]);
    scratch.sysbom(&["update-branch"]).expect(0).says("topic: merged with main");
    assert_eq!(scratch.read(CURRENT), both("v1.1.0", "v2.0.0"));
    assert_eq!(scratch.git(&["status", "--porcelain"]), "");
}

#[test]
fn crosswise_merges_are_joined_by_structure_too() {
    let scratch = scratch();
    branch(&scratch, "topic", "main", &[(CURRENT, &both("v2.0.0", "v1.0.0"))]);
    scratch.write(CURRENT, both("v3.0.0", "v1.0.0"));
    scratch.commit("Another");
    let (one, two) = (scratch.git(&["rev-parse", "main"]), scratch.git(&["rev-parse", "topic"]));
    // Each merged the other, and each went its own way with `app`.
    let tree = |rev: &str| scratch.git(&["rev-parse", &format!("{rev}^{{tree}}")]);
    let main = scratch.git(&["commit-tree", &tree(&one), "-p", &one, "-p", &two, "-m", "ours"]);
    let topic = scratch.git(&["commit-tree", &tree(&one), "-p", &two, "-p", &one, "-m", "theirs"]);
    scratch.git(&["reset", "-q", "--hard", &main]);
    scratch.git(&["update-ref", "refs/heads/topic", &topic]);
    scratch.write(CURRENT, both("v3.0.0", "v1.1.0"));
    scratch.commit("On main");
    scratch.sysbom(&["update-branch", "topic"]).expect(0);
    assert_eq!(scratch.git(&["show", &format!("topic:{CURRENT}")]) + "\n", both("v3.0.0", "v1.1.0"));
    // Back to what one of the two ancestors had: neither is dropped in silence.
    scratch.git(&["update-ref", "refs/heads/topic", &topic]);
    scratch.git(&["switch", "-q", "topic"]);
    scratch.write(CURRENT, both("v2.0.0", "v1.0.0"));
    scratch.commit("Back");
    scratch.git(&["switch", "-q", "main"]);
    scratch.sysbom(&["update-branch", "topic"]).expect(1).says("`app`");
}

/// A bare repository that the scratch repository pushed to, as `origin`.
fn origin(scratch: &Scratch) {
    let bare = scratch.root().join("origin.git");
    scratch.git(&["init", "-q", "--bare", "-b", "main", bare.to_str().unwrap()]);
    scratch.git(&["remote", "add", "origin", bare.to_str().unwrap()]);
    scratch.git(&["push", "-q", "-u", "origin", "main"]);
}

#[test]
fn branches_of_a_remote_are_updated_there_from_any_clone() {
    let scratch = scratch();
    origin(&scratch);
    branch(&scratch, "topic", "main", &[(CURRENT, &both("v1.1.0", "v1.0.0"))]);
    branch(&scratch, "apart", "main", &[(CURRENT, &both("v1.0.0", "v3.0.0"))]);
    scratch.write(CURRENT, both("v1.0.0", "v2.0.0"));
    scratch.commit("Another release");
    scratch.git(&["push", "-q", "origin", "main", "topic", "apart"]);
    for (folder, options) in [("plain", &[][..]), ("bare", &["--bare"])] {
        let place = scratch.root().join(folder);
        let clone =
            [&["clone", "-q"], options, &["--branch=main", "--single-branch", "origin.git", folder]].concat();
        scratch.at(scratch.root()).git(&clone);
        let place = scratch.at(&place);
        let ran = place.sysbom(&["update-branch", "--all", "--push", "origin", "--prune"]).expect(1);
        let ran = ran.says("apart: needs a person");
        if folder == "plain" {
            ran.says("topic: merged with origin/main");
        } else {
            ran.says("topic: is up to date");
        }
    }
    let bare = scratch.root().join("origin.git");
    let bare = scratch.at(&bare);
    assert_eq!(bare.git(&["show", &format!("topic:{CURRENT}")]) + "\n", both("v1.1.0", "v2.0.0"));
    // In the bare repository itself, on the server.
    bare.git(&["update-ref", "refs/heads/again", "topic~2"]);
    bare.sysbom(&["update-branch", "again"]).expect(0).says("again: merged with main");
}

#[test]
fn what_cannot_be_done_is_said() {
    let scratch = scratch();
    scratch.sysbom(&["update-branch", "nowhere"]).expect(2).says("there is no branch `nowhere` here");
    scratch.sysbom(&["update-branch", "--all", "--prune"]).expect(2);
    scratch.sysbom(&["update-branch", "--all", "x"]).expect(2);
    scratch.sysbom(&["update-branch", "main", "--push", "nowhere"]).expect(2).says("nowhere");
    scratch.git(&["switch", "-q", "--orphan", "stranger"]);
    scratch.write(CURRENT, both("v1.0.0", "v1.0.0"));
    scratch.commit("Out of nothing");
    scratch.git(&["switch", "-q", "main"]);
    scratch.sysbom(&["update-branch", "stranger"]).expect(2).says("unrelated histories");
}

#[test]
fn holds_of_both_sides_are_kept() {
    let scratch = scratch();
    let hold = |names: &[&str]| -> String {
        let entries = names.iter().map(|name| format!("  {name}:\n    reason: not {name}\n"));
        "# What may not be released.\nholds:\n".to_owned() + &entries.collect::<String>()
    };
    let path = "releases/holds.yaml";
    scratch.write(path, hold(&["web"]));
    scratch.commit("Hold web");
    branch(&scratch, "topic", "main", &[(path, &hold(&["app", "web"]))]);
    scratch.write(path, hold(&["web", "zoo"]));
    scratch.commit("Hold zoo");
    scratch.sysbom(&["update-branch", "topic"]).expect(0).says("topic: merged with main");
    assert_eq!(scratch.git(&["show", &format!("topic:{path}")]) + "\n", hold(&["app", "web", "zoo"]));
}

#[test]
fn several_systems_and_history_by_month_are_kept_each_by_itself() {
    let scratch = Scratch::new();
    scratch
        .write(".sysbom.yaml", "manifest: releases/{system}/current.yaml\nhistory: {layout: year-month}\n");
    scratch.write("releases/prod/current.yaml", both("v1.0.0", "v1.0.0"));
    scratch.write("releases/test/current.yaml", both("v1.0.0", "v1.0.0"));
    scratch.commit("Begin");
    let files = [
        ("releases/prod/current.yaml", &*both("v1.1.0", "v1.0.0")),
        ("releases/next/current.yaml", &*both("v9.0.0", "v9.0.0")),
    ];
    branch(&scratch, "topic", "main", &files);
    scratch.write("releases/prod/current.yaml", both("v1.0.0", "v2.0.0"));
    scratch.write("releases/test/current.yaml", both("v3.0.0", "v3.0.0"));
    scratch.commit("Another release");
    scratch.sysbom(&["update-branch", "topic"]).expect(0).says("1 history file archived");
    let listed = scratch.git(&["ls-tree", "-r", "--name-only", "topic", "releases/"]);
    let [next, prod, archive, test] = &listed.lines().collect::<Vec<_>>()[..] else { panic!("{listed}") };
    assert!(archive.starts_with("releases/prod/history/2024/06/"), "{archive}");
    assert_eq!(
        [*next, *prod, *test],
        ["next", "prod", "test"].map(|name| format!("releases/{name}/current.yaml"))
    );
    scratch.sysbom(&["check", "--base", "main", "--head", "topic"]).expect(0);
}
