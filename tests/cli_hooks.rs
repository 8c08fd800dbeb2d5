//! The hooks of a clone, run by the real git: what they let through, what they stage, what they
//! refuse, and that a refusal leaves everything as it was.

mod support;

use support::{DIGEST_A, DIGEST_B, Scratch, manifest};

const PATH: &str = "releases/current.yaml";

fn state(tag: &str) -> String {
    manifest(&[("app", tag, DIGEST_A), ("web", "v2.0.0", DIGEST_B)])
}

fn web(tag: &str) -> String {
    manifest(&[("app", "v1.0.0", DIGEST_A), ("web", tag, DIGEST_B)])
}

/// An operation repository with sysbom installed whose `main` is published as `origin/main`.
fn published() -> Scratch {
    let scratch = Scratch::installed(&state("v1.0.0"));
    scratch.git(&["init", "-q", "--bare", "-b", "main", "../forge.git"]);
    scratch.git(&["remote", "add", "origin", "../forge.git"]);
    scratch.git(&["push", "-q", "-u", "origin", "main"]);
    scratch.git(&["remote", "set-head", "origin", "main"]);
    scratch
}

/// A new branch `feature` whose one commit has this manifest.
fn on_a_feature(scratch: &Scratch, manifest: &str) {
    scratch.git(&["switch", "-q", "-c", "feature"]);
    scratch.write(PATH, manifest);
    scratch.git(&["commit", "-q", "-a", "-m", "What the feature wants"]);
}

/// A state that `main` publishes while somebody works on `feature`.
fn published_meanwhile(scratch: &Scratch, manifest: &str) {
    scratch.git(&["switch", "-q", "main"]);
    scratch.write(PATH, manifest);
    scratch.git(&["commit", "-q", "-a", "-m", "What somebody released"]);
    scratch.git(&["push", "-q"]);
    scratch.git(&["switch", "-q", "feature"]);
}

/// The history files of a revision, with what they hold.
fn history(scratch: &Scratch, revision: &str) -> Vec<String> {
    let listed = scratch.git(&["ls-tree", "-r", "--name-only", revision, "releases/history/"]);
    let mut held: Vec<String> =
        listed.lines().map(|path| scratch.git(&["show", &format!("{revision}:{path}")]) + "\n").collect();
    held.sort();
    held
}

#[test]
fn a_commit_brings_the_archive_of_the_published_state() {
    let scratch = published();
    for commit in [&["commit", "-a"][..], &["commit", "-i", PATH]] {
        scratch.write(PATH, state("v1.1.0"));
        let ran = scratch.try_git(&[commit, &["-m", "Release app v1.1.0"]].concat()).expect(0);
        assert!(ran.err.contains("staged releases/history/"), "{ran}");
        assert_eq!(history(&scratch, "HEAD"), [state("v1.0.0")]);
        assert_eq!(scratch.git(&["status", "--porcelain"]), "", "tree and index hold it as well");
        scratch.git(&["reset", "-q", "--hard", "origin/main"]);
    }
}

#[test]
fn a_commit_that_leaves_the_manifest_alone_brings_no_archive() {
    let scratch = published();
    scratch.write("README", "x");
    scratch.git(&["add", "."]);
    scratch.try_git(&["commit", "-m", "Read me"]).expect(0).never_says("staged");
    assert!(history(&scratch, "HEAD").is_empty());
}

#[test]
fn a_feature_branch_archives_the_published_state_and_nothing_else() {
    let scratch = published();
    scratch.git(&["switch", "-q", "-c", "feature"]);
    for tag in ["v1.1.0", "v1.2.0"] {
        scratch.write(PATH, state(tag));
        scratch.git(&["commit", "-q", "-a", "-m", tag]);
    }
    scratch.write(PATH, state("v1.3.0"));
    scratch.git(&["commit", "-q", "-a", "--amend", "--no-edit"]);
    assert_eq!(history(&scratch, "HEAD"), [state("v1.0.0")]);

    // Base moves on, published by somebody else, and is merged into the branch.
    published_meanwhile(&scratch, &web("v2.1.0"));
    let ran = scratch.try_git(&["merge", "origin/main"]).expect(1);
    assert!(ran.err.contains("git commit"), "{ran}");
    scratch.git(&["commit", "-q", "--no-edit"]);
    assert_eq!(history(&scratch, "HEAD"), [state("v1.0.0"), web("v2.1.0")]);
    assert_eq!(scratch.read(PATH), manifest(&[("app", "v1.3.0", DIGEST_A), ("web", "v2.1.0", DIGEST_B)]));
    assert_eq!(scratch.git(&["log", "-1", "--format=%P"]).split(' ').count(), 2, "it is a merge");
}

#[test]
fn a_merge_resolved_by_hand_brings_the_archive() {
    let scratch = published();
    on_a_feature(&scratch, &state("v1.2.0"));
    published_meanwhile(&scratch, &state("v1.1.0"));
    scratch.try_git(&["merge", "origin/main"]).expect(1);
    refused(&scratch, &["commit", "-a", "-m", "markers and all"], "conflict-marker");
    scratch.write(PATH, state("v1.2.0"));
    scratch.git(&["add", PATH]);
    scratch.git(&["commit", "-q", "--no-edit"]);
    assert_eq!(history(&scratch, "HEAD"), [state("v1.0.0"), state("v1.1.0")]);
    scratch.git(&["push", "-q", "origin", "feature"]);
}

/// The hooks of a rebase and a clean pick are few; what they leave is seen at the push.
#[test]
fn a_rebase_that_lost_an_archive_is_seen_at_the_push_and_mended() {
    let scratch = published();
    on_a_feature(&scratch, &web("v2.1.0"));
    published_meanwhile(&scratch, &state("v1.1.0"));
    scratch.git(&["rebase", "-q", "main"]);
    scratch.try_git(&["push", "-q", "origin", "feature:main"]).expect(1).says("archive-missing");
    scratch.sysbom(&["archive"]).expect(0).says("staged");
    scratch.git(&["commit", "-q", "-m", "Keep the state"]);
    scratch.git(&["push", "-q", "origin", "feature:main"]);
    assert_eq!(history(&scratch, "HEAD"), [state("v1.0.0"), state("v1.1.0")]);
}

#[test]
fn a_merge_that_needs_no_archive_is_committed_at_once() {
    let scratch = published();
    scratch.git(&["switch", "-q", "-c", "feature"]);
    scratch.write("README", "x");
    scratch.commit("Read me");
    scratch.git(&["switch", "-q", "main"]);
    scratch.git(&["merge", "-q", "--no-ff", "feature"]);
    assert_eq!(scratch.git(&["log", "-1", "--format=%P"]).split(' ').count(), 2);
}

/// Each of them is refused by pre-commit, and everything stays as it was.
#[track_caller]
fn refused(scratch: &Scratch, arguments: &[&str], rule: &str) {
    let before = scratch.picture();
    let ran = scratch.try_git(arguments).expect(1);
    assert!(ran.err.contains(rule) && ran.err.contains("help"), "{ran}");
    assert_eq!(scratch.picture(), before, "after the refusal\n{ran}");
}

#[test]
fn a_floating_tag_is_refused_and_nothing_is_staged() {
    let scratch = published();
    scratch.write(PATH, state("latest"));
    refused(&scratch, &["commit", "-a", "-m", "x"], "floating-tag");
    scratch.git(&["add", "."]);
    refused(&scratch, &["commit", "-m", "x"], "floating-tag");
}

#[test]
fn a_manifest_that_is_broken_or_gone_or_a_link_is_refused() {
    let scratch = published();
    scratch.write(PATH, "images:\n  app: [\n");
    refused(&scratch, &["commit", "-a", "-m", "x"], "yaml-syntax");
    scratch.git(&["rm", "-q", "-f", PATH]);
    refused(&scratch, &["commit", "-m", "x"], "manifest-missing");
    scratch.write("elsewhere.yaml", state("v1.0.0"));
    std::fs::create_dir_all(scratch.top().join("releases")).expect("scratch is ours");
    std::os::unix::fs::symlink("../elsewhere.yaml", scratch.top().join(PATH)).expect("scratch is ours");
    scratch.git(&["add", "."]);
    refused(&scratch, &["commit", "-m", "x"], "not-a-regular-file");
}

#[test]
fn the_index_is_judged_and_not_the_working_tree() {
    let scratch = published();
    scratch.write(PATH, state("latest"));
    scratch.write("README", "x");
    scratch.git(&["add", "README"]);
    scratch.git(&["commit", "-q", "-m", "only the README"]);
    scratch.git(&["add", PATH]);
    scratch.write(PATH, state("v1.0.0"));
    refused(&scratch, &["commit", "-m", "x"], "floating-tag");
}

#[test]
fn a_deleted_archive_is_refused() {
    let scratch = published();
    scratch.write(PATH, state("v1.1.0"));
    scratch.git(&["commit", "-q", "-a", "-m", "v1.1.0"]);
    scratch.git(&["push", "-q"]);
    scratch.git(&["rm", "-q", "-r", "releases/history"]);
    refused(&scratch, &["commit", "-m", "Tidy up"], "history-rewritten");
}

#[test]
fn a_policy_that_nobody_can_follow_is_mended_with_the_hooks_on() {
    let scratch = published();
    scratch.write(".sysbom.yaml", "digest: sometimes\n");
    scratch.commit("round the hook");
    scratch.git(&["push", "-q", "--no-verify"]);
    scratch.sysbom(&["release", "app=v1.1.0"]).expect(2).says(".sysbom.yaml:1:9");
    scratch.write("README", "x");
    scratch.git(&["add", "README"]);
    refused(&scratch, &["commit", "-m", "Read me"], ".sysbom.yaml:1:9");
    scratch.write(".sysbom.yaml", "digest: optional\n");
    scratch.git(&["add", "."]);
    let ran = scratch.try_git(&["commit", "-m", "Mend the policy"]).expect(0);
    assert!(ran.err.contains("the defaults judge this change"), "{ran}");
    scratch.git(&["push", "-q"]);
    scratch.sysbom(&["check"]).expect(0);
}

/// Commits everything with the hooks on, and publishes it.
fn passes(scratch: &Scratch, subject: &str) {
    scratch.git(&["add", "-A"]);
    scratch.try_git(&["commit", "-m", subject]).expect(0);
    scratch.git(&["push", "-q"]);
}

#[test]
fn the_manifest_moves_as_the_help_says() {
    let scratch = published();
    scratch.write(PATH, state("v1.1.0"));
    passes(&scratch, "Release app v1.1.0");
    let archived = history(&scratch, "HEAD");
    let moved = "manifest: deploy/{system}/current.yaml\n";
    let loosened = "rules: {policy-moved: warning}\n";
    scratch.write(".sysbom.yaml", moved);
    scratch.git(&["add", "."]);
    let ran = scratch.try_git(&["commit", "-m", "All at once"]).expect(1);
    let help = "first set `rules: {policy-moved: warning}` in a change of its own; then edit the policy and copy manifest and \
                history to where it looks, and leave the old files; then delete them and the setting";
    ran.says("policy-moved").says(help);

    scratch.write(".sysbom.yaml", loosened);
    passes(&scratch, "Loosen the policy");
    scratch.write(".sysbom.yaml", format!("{moved}{loosened}"));
    let copy = "mkdir deploy && cp -R releases deploy/prod";
    scratch.at(scratch.top()).run("sh", &["-c", copy], "").expect(0);
    passes(&scratch, "Copy manifest and history");
    scratch.git(&["rm", "-q", "-r", "releases"]);
    scratch.write(".sysbom.yaml", moved);
    passes(&scratch, "Delete the old files and the setting");

    scratch.write("deploy/prod/current.yaml", state("v1.2.0"));
    passes(&scratch, "Release app v1.2.0");
    let listed = scratch.git(&["ls-tree", "-r", "--name-only", "HEAD", "deploy/prod/history/"]);
    assert_eq!((listed.lines().count(), archived.len()), (2, 1));
    scratch.sysbom(&["check", "--history"]).expect(0);
}

#[test]
fn the_components_move_as_the_help_says() {
    let scratch = published();
    let moved = "components: global.images\n";
    let loosened = "rules: {policy-moved: warning}\n";
    scratch.write(".sysbom.yaml", moved);
    scratch.git(&["add", "."]);
    let help = "first set `rules: {policy-moved: warning}` in a change of its own; then edit the policy alone; then the \
                manifest, and delete the setting";
    scratch.try_git(&["commit", "-m", "All at once"]).expect(1).says("policy-moved").says(help);

    scratch.write(".sysbom.yaml", loosened);
    passes(&scratch, "Loosen the policy");
    scratch.write(".sysbom.yaml", format!("{moved}{loosened}"));
    passes(&scratch, "Edit the policy");
    let nested = state("v1.0.0").lines().map(|line| format!("  {line}\n")).collect::<String>();
    scratch.write(PATH, format!("global:\n{nested}"));
    scratch.write(".sysbom.yaml", moved);
    passes(&scratch, "Move the components");
    assert_eq!(history(&scratch, "HEAD"), [state("v1.0.0")]);
    scratch.sysbom(&["check", "--history"]).expect(0);
}

#[test]
fn a_commit_of_single_paths_that_needs_an_archive_is_refused_with_the_way_out() {
    let scratch = published();
    scratch.write(PATH, state("v1.1.0"));
    refused(&scratch, &["commit", "-m", "x", PATH], "git add");
    scratch.git(&["add", PATH]);
    scratch.git(&["commit", "-q", "-m", "x"]);
    assert_eq!(history(&scratch, "HEAD"), [state("v1.0.0")]);
}

#[test]
fn the_first_commit_of_a_repository_is_judged_by_its_content() {
    let scratch = Scratch::new();
    scratch.install();
    scratch.write(PATH, state("latest"));
    scratch.git(&["add", "."]);
    scratch.try_git(&["commit", "-m", "Begin"]).expect(1).says("floating-tag");
    scratch.write(PATH, state("v1.0.0"));
    scratch.git(&["commit", "-q", "-a", "-m", "Begin"]);
}

#[test]
fn a_merge_finished_with_one_sides_manifest_is_refused() {
    let scratch = published();
    scratch.git(&["switch", "-q", "-c", "feature"]);
    scratch.write(PATH, web("v2.1.0"));
    scratch.commit("web");
    scratch.git(&["switch", "-q", "main"]);
    scratch.write(PATH, state("v1.1.0"));
    scratch.git(&["commit", "-q", "-a", "-m", "app"]);
    scratch.git(&["config", "merge.sysbom.driver", "exit 101"]);
    scratch.try_git(&["merge", "feature"]).expect(1);
    scratch.git(&["add", PATH]);
    refused(&scratch, &["commit", "-m", "merged, or so it seems"], "side-dropped");
}

#[test]
fn a_merge_by_a_strategy_that_drops_a_side_is_done_again_as_the_help_says() {
    let scratch = published();
    on_a_feature(&scratch, &web("v2.1.0"));
    scratch.git(&["switch", "-q", "main"]);
    scratch.write(PATH, state("v1.1.0"));
    scratch.git(&["commit", "-q", "-a", "-m", "app"]);
    let help = "`git merge --abort` and merge again without that";
    scratch.try_git(&["merge", "-s", "ours", "-m", "x", "feature"]).expect(1).says("side-dropped").says(help);
    scratch.git(&["merge", "--abort"]);
    scratch.git(&["merge", "-q", "-m", "Both", "feature"]);
    let both = manifest(&[("app", "v1.1.0", DIGEST_A), ("web", "v2.1.0", DIGEST_B)]);
    assert_eq!(scratch.git(&["show", &format!("HEAD:{PATH}")]) + "\n", both);
}

#[test]
fn a_merge_of_several_branches_that_takes_none_of_them_is_refused() {
    let scratch = published();
    for (branch, text) in [("feature", web("v2.1.0")), ("docs", web("v2.0.0"))] {
        scratch.git(&["switch", "-q", "-c", branch, "main"]);
        scratch.write(PATH, text);
        scratch.write(branch, "x");
        scratch.commit(branch);
    }
    scratch.git(&["switch", "-q", "main"]);
    scratch.write(PATH, state("v1.1.0"));
    scratch.git(&["commit", "-q", "-a", "-m", "app"]);
    refused(&scratch, &["merge", "-q", "-s", "ours", "docs", "feature"], "changed: `web`");
    scratch.git(&["merge", "--abort"]);
    for branch in ["docs", "feature"] {
        scratch.git(&["merge", "-q", "--no-edit", branch]);
    }
    scratch.sysbom(&["check", "--base", "origin/main"]).expect(0);
}

#[test]
fn a_pick_finished_with_our_manifest_is_refused() {
    let scratch = published();
    scratch.git(&["switch", "-q", "-c", "feature"]);
    scratch.write(PATH, web("v2.1.0"));
    scratch.write("README", "x");
    scratch.commit("web");
    scratch.git(&["switch", "-q", "main"]);
    scratch.write(PATH, state("v1.1.0"));
    scratch.git(&["commit", "-q", "-a", "-m", "app"]);
    scratch.git(&["config", "merge.sysbom.driver", "exit 101"]);
    scratch.try_git(&["cherry-pick", "feature"]).expect(1);
    scratch.git(&["add", PATH]);
    scratch.try_git(&["commit", "-m", "picked, or so it seems"]).expect(1).says("side-dropped");
}

#[test]
fn a_push_is_judged_as_the_update_that_it_is() {
    let scratch = published();
    scratch.write(PATH, state("v1.1.0"));
    scratch.commit("round the hook");
    let before = scratch.git(&["rev-parse", "origin/main"]);
    scratch.try_git(&["push", "-q"]).expect(1).says("archive-missing");
    assert_eq!(scratch.git(&["ls-remote", "origin", "main"]).split('\t').next(), Some(before.as_str()));

    scratch.sysbom(&["check", "--fix"]).expect(0);
    scratch.git(&["commit", "-q", "-m", "Keep the state"]);
    scratch.git(&["push", "-q"]);
}

#[test]
fn a_push_is_judged_against_what_the_remote_has_however_base_is_named() {
    for name_base in [&["config", "sysbom.base", "main"][..], &["remote", "set-head", "origin", "--delete"]] {
        let scratch = published();
        scratch.git(&["branch", "--unset-upstream"]);
        scratch.git(name_base);
        scratch.write(PATH, state("v1.1.0"));
        scratch.commit("round the hook");
        scratch.try_git(&["push", "-q", "origin", "main"]).expect(1).says("archive-missing");
    }
}

#[test]
fn a_push_of_a_branch_a_tag_and_a_deletion_pass_where_they_lose_nothing() {
    let scratch = published();
    on_a_feature(&scratch, &state("v1.1.0"));
    scratch.git(&["tag", "some-tag"]);
    scratch.git(&["push", "-q", "origin", "feature", "some-tag"]);
    scratch.git(&["push", "-q", "origin", ":feature"]);
    scratch.write(PATH, state("latest"));
    scratch.commit("round the hook");
    scratch.try_git(&["push", "-q", "origin", "feature"]).expect(1).says("floating-tag");
}

#[test]
fn a_forced_push_that_takes_history_back_is_refused() {
    let scratch = published();
    scratch.write(PATH, state("v1.1.0"));
    scratch.git(&["commit", "-q", "-a", "-m", "v1.1.0"]);
    scratch.git(&["push", "-q"]);
    scratch.git(&["reset", "-q", "--hard", "HEAD^"]);
    let before = scratch.git(&["ls-remote", "origin"]);
    scratch.try_git(&["push", "-q", "--force"]).expect(1).says("history-rewritten").says("archive-missing");
    assert_eq!(scratch.git(&["ls-remote", "origin"]), before);
}

#[test]
fn a_forced_push_is_judged_by_what_stands_there_however_the_server_is_named() {
    let scratch = published();
    scratch.write(PATH, state("v1.1.0"));
    scratch.git(&["commit", "-q", "-a", "-m", "v1.1.0"]);
    scratch.git(&["push", "-q"]);
    scratch.git(&["reset", "-q", "--hard", "HEAD^"]);
    scratch.git(&["remote", "add", "second", "../forge.git"]);
    let before = scratch.git(&["ls-remote", "origin"]);
    for server in ["../forge.git", "../forge.git/", "./../forge.git", "second"] {
        scratch
            .try_git(&["push", "-q", "--force", server, "main"])
            .expect(1)
            .says("history-rewritten")
            .says("archive-missing");
    }
    assert_eq!(scratch.git(&["ls-remote", "origin"]), before);
}

#[test]
fn what_a_server_may_deploy_from_beside_branches_is_judged_by_its_content() {
    let scratch = published();
    scratch.git(&["switch", "-q", "-c", "feature"]);
    scratch.write(PATH, state("latest"));
    scratch.commit("round the hook");
    scratch.git(&["tag", "-a", "-m", "x", "bad"]);
    for to in ["refs/for/main", "refs/deploy/live", "refs/tags/bad"] {
        scratch.try_git(&["push", "-q", "origin", &format!("bad:{to}")]).expect(1).says("floating-tag");
    }
    scratch.git(&["push", "-q", "origin", "feature:refs/notes/x"]);
    scratch.git(&["tag", "of-a-file", "main:releases/current.yaml"]);
    scratch.git(&["push", "-q", "origin", "of-a-file", "main:refs/tags/good", "main:refs/for/main"]);
    scratch.git(&["push", "-q", "origin", ":refs/for/main", ":refs/tags/good"]);
}

#[test]
fn a_forced_push_over_what_this_clone_has_not_seen_is_refused() {
    let scratch = published();
    scratch.git(&["clone", "-q", "../forge.git", "../other"]);
    scratch.git(&["-C", "../other", "commit", "-q", "--allow-empty", "-m", "Of another clone"]);
    scratch.git(&["-C", "../other", "push", "-q"]);
    scratch.git(&["commit", "-q", "--allow-empty", "-m", "Of ours"]);
    let before = scratch.git(&["ls-remote", "origin"]);
    for push in [&["push", "--force"][..], &["push", "--force", "../forge.git", "main"]] {
        scratch
            .try_git(push)
            .expect(1)
            .says("not in this clone")
            .says("`git fetch origin`, then `git merge origin/main` or `git rebase origin/main`")
            .says("push again");
    }
    assert_eq!(scratch.git(&["ls-remote", "origin"]), before);
    scratch.git(&["fetch", "-q"]);
    scratch.git(&["merge", "-q", "-m", "Both", "origin/main"]);
    scratch.git(&["push", "-q"]);
}

#[test]
fn base_is_not_deleted() {
    for name_base in
        [&["remote", "set-head", "origin", "main"][..], &["remote", "set-head", "origin", "--delete"]]
    {
        let scratch = published();
        scratch.git(name_base);
        scratch.git(&["push", "-q", "origin", "main:feature"]);
        scratch.git(&["push", "-q", "origin", ":feature"]);
        let before = scratch.git(&["ls-remote", "origin"]);
        for push in [&["push", "origin", ":main"][..], &["push", "../forge.git", "--delete", "main"]] {
            scratch.try_git(push).expect(1).says("`main` is base").says("sysbom.base");
        }
        assert_eq!(scratch.git(&["ls-remote", "origin"]), before);
    }
}

#[test]
fn the_first_push_to_an_empty_remote_is_judged_by_its_content() {
    let scratch = Scratch::installed(&state("latest"));
    scratch.git(&["init", "-q", "--bare", "-b", "main", "../forge.git"]);
    scratch.git(&["remote", "add", "origin", "../forge.git"]);
    scratch.try_git(&["push", "-q", "-u", "origin", "main"]).expect(1).says("floating-tag");
    assert_eq!(scratch.git(&["ls-remote", "origin"]), "");
    scratch.write(PATH, state("v1.0.0"));
    scratch.commit("Mend the tag");
    scratch.git(&["push", "-q", "-u", "origin", "main"]);
}

#[test]
fn a_clone_that_does_not_know_its_base_is_told_so() {
    let scratch = Scratch::new();
    scratch.write(PATH, state("v1.0.0"));
    scratch.commit("Begin");
    scratch.sysbom(&["install"]).expect(0).never_says("set-head");
    scratch.git(&["remote", "add", "origin", "../forge.git"]);
    scratch.sysbom(&["install"]).expect(0).says("git remote set-head origin --auto");
}

#[test]
fn which_branch_is_base_is_told_with_the_reason_and_how_to_name_another() {
    let scratch = published();
    scratch.sysbom(&["install"]).expect(0).says("base    origin/main (from refs/remotes/origin/HEAD)\n");
    scratch.git(&["remote", "set-head", "origin", "--delete"]);
    scratch.git(&["switch", "-q", "-c", "mine"]);
    scratch.git(&["push", "-q", "-u", "origin", "mine"]);
    for command in ["install", "doctor"] {
        scratch
            .sysbom(&[command])
            .expect(0)
            .says("origin/main")
            .says("(from the usual name of a default branch)")
            .says("`git config sysbom.base origin/NAME`");
    }
    let before = scratch.git(&["rev-parse", "origin/mine"]);
    let reference = format!("app=ghcr.io/acme/app:v1.1.0@{DIGEST_B}");
    scratch.sysbom(&["release", &reference, "--direct", "--push", "origin"]).expect(0);
    scratch.git(&["fetch", "-q"]);
    assert_eq!(scratch.git(&["rev-parse", "origin/mine"]), before, "a release goes onto base");
    assert!(scratch.git(&["show", "origin/main:releases/current.yaml"]).contains("v1.1.0"));
}

#[test]
fn every_system_is_judged_and_gets_its_own_archive() {
    let scratch = Scratch::new();
    scratch.write(".sysbom.yaml", "manifest: releases/{system}/current.yaml\n");
    let write = |tag: &str| {
        for system in ["prod", "test"] {
            scratch.write(&format!("releases/{system}/current.yaml"), manifest(&[(system, tag, DIGEST_A)]));
        }
    };
    write("v1.0.0");
    scratch.install();
    scratch.commit("Begin");
    write("v1.1.0");
    scratch.git(&["commit", "-q", "-a", "-m", "v1.1.0"]);
    let listed = scratch.git(&["ls-tree", "-r", "--name-only", "HEAD", "releases"]);
    assert!(
        listed.contains("releases/prod/history/") && listed.contains("releases/test/history/"),
        "{listed}"
    );

    scratch.write("releases/prod/current.yaml", manifest(&[("prod", "v1.2.0", DIGEST_B)]));
    scratch.write("releases/test/current.yaml", manifest(&[("test", "nightly", DIGEST_B)]));
    refused(&scratch, &["commit", "-a", "-m", "x"], "floating-tag");
}

/// One archive's place is taken by a file of somebody else: then none is staged.
#[test]
fn a_system_is_retired_as_the_help_says() {
    let scratch = Scratch::new();
    scratch.write(".sysbom.yaml", "manifest: releases/{system}/current.yaml\n");
    for system in ["prod", "demo"] {
        scratch.write(&format!("releases/{system}/current.yaml"), manifest(&[(system, "v1.0.0", DIGEST_A)]));
    }
    scratch.install();
    scratch.commit("Begin");
    scratch.git(&["rm", "-q", "releases/demo/current.yaml"]);
    let setting = "systems: {demo: {rules: {manifest-missing: warning}}}";
    scratch
        .try_git(&["commit", "-m", "Retire demo"])
        .expect(1)
        .says("manifest-missing")
        .says("to retire system `demo`, allow that first in `.sysbom.yaml`")
        .says(setting);
    scratch.git(&["reset", "-q", "--hard"]);
    scratch.write(".sysbom.yaml", format!("manifest: releases/{{system}}/current.yaml\n{setting}\n"));
    scratch.git(&["commit", "-q", "-a", "-m", "Allow it"]);
    scratch.git(&["rm", "-q", "releases/demo/current.yaml"]);
    scratch.git(&["commit", "-q", "-m", "Retire demo"]);
    scratch.write(".sysbom.yaml", "manifest: releases/{system}/current.yaml\n");
    scratch.git(&["commit", "-q", "-a", "-m", "Allow it no more"]);
    let listed = scratch.git(&["ls-tree", "-r", "--name-only", "HEAD", "releases"]);
    assert!(
        listed.starts_with("releases/demo/history/") && listed.ends_with("releases/prod/current.yaml"),
        "{listed}"
    );
}

#[test]
fn archives_are_staged_all_or_none() {
    let scratch = Scratch::new();
    scratch.write(".sysbom.yaml", "manifest: releases/{system}/current.yaml\n");
    for system in ["prod", "test"] {
        scratch.write(&format!("releases/{system}/current.yaml"), manifest(&[(system, "v1.0.0", DIGEST_A)]));
    }
    scratch.install();
    scratch.commit("Begin");
    for system in ["prod", "test"] {
        scratch.write(&format!("releases/{system}/current.yaml"), manifest(&[(system, "v1.1.0", DIGEST_B)]));
    }
    scratch.sysbom(&["archive", "-s", "test"]).expect(0);
    let taken = scratch.git(&["ls-files", "releases/test/history"]);
    scratch.git(&["rm", "-q", "--cached", &taken]);
    scratch.write(&taken, "mine\n");
    scratch.git(&["add", "-u"]);
    let before = scratch.picture();
    let ran = scratch.try_git(&["commit", "-m", "x"]);
    assert_ne!(ran.status, Some(0), "{ran}");
    ran.says(&taken);
    assert_eq!(scratch.picture(), before);
    assert_eq!(scratch.read(&taken), "mine\n");
}

#[test]
fn a_repository_with_sha256_ids_is_no_different() {
    let scratch = Scratch::without_repository();
    scratch.git(&["init", "-q", "-b", "main", "--object-format=sha256", "."]);
    scratch.write(PATH, state("v1.0.0"));
    scratch.install();
    scratch.commit("Begin");
    scratch.git(&["init", "-q", "--bare", "-b", "main", "--object-format=sha256", "../forge.git"]);
    scratch.git(&["remote", "add", "origin", "../forge.git"]);
    scratch.git(&["push", "-q", "-u", "origin", "main"]);
    scratch.write(PATH, state("v1.1.0"));
    scratch.git(&["commit", "-q", "-a", "-m", "v1.1.0"]);
    assert_eq!(history(&scratch, "HEAD"), [state("v1.0.0")]);
    scratch.git(&["push", "-q"]);
    scratch.git(&["push", "-q", "origin", "main:new-branch"]);
}

#[test]
fn a_linked_worktree_has_the_same_hooks() {
    let scratch = published();
    scratch.git(&["worktree", "add", "-q", "-b", "other", "../other"]);
    let linked = scratch.root().join("other");
    let other = scratch.at(&linked);
    other.write(PATH, state("latest"));
    other.try_git(&["commit", "-a", "-m", "x"]).expect(1).says("floating-tag");
    other.write(PATH, state("v1.1.0"));
    other.git(&["commit", "-q", "-a", "-m", "x"]);
    assert_eq!(history(&scratch, "other"), [state("v1.0.0")]);
}

#[test]
fn what_is_pushed_is_judged_and_not_what_is_shown_in_its_place() {
    let scratch = published();
    let good = scratch.git(&["rev-parse", "HEAD:releases/current.yaml"]);
    scratch.write(PATH, state("latest"));
    scratch.commit("round the hook");
    let bad = scratch.git(&["rev-parse", "HEAD:releases/current.yaml"]);
    scratch.git(&["replace", &bad, &good]);
    scratch.try_git(&["push", "-q"]).expect(1).says("floating-tag");
}

#[test]
fn a_state_that_was_lost_past_the_hooks_is_named_until_it_is_written() {
    let scratch = published();
    scratch.write(PATH, state("v1.1.0"));
    scratch.git(&["commit", "-q", "--no-verify", "-a", "-m", "v1.1.0"]);
    scratch.git(&["push", "-q", "--no-verify"]);
    scratch.sysbom(&["check"]).expect(0).says("nothing found");
    let help = "`sysbom archive --backfill`";
    let lost = scratch.sysbom(&["check", "--history"]).expect(1).says("archive-missing").says(help);
    scratch.sysbom(&["doctor"]).expect(1).says("not ok history: 1 of the states that base had").says(help);
    let path = scratch.sysbom(&["archive", "--backfill"]).expect(0).out;
    let path = path.trim().strip_prefix("wrote and staged ").expect("one file is written").to_owned();
    assert!(lost.out.contains(&format!("`{path}` is missing")), "{lost}\n{path}");
    scratch.sysbom(&["check", "--history"]).expect(0);
    scratch.sysbom(&["doctor"]).expect(0);

    scratch.git(&["rm", "-q", "-f", &path]);
    scratch.sysbom(&["check", "--history", "--fix"]).expect(0).says(&path);
}

#[test]
fn a_manifest_that_the_next_commit_replaces_is_no_lost_state() {
    let scratch = published();
    scratch.write(PATH, state("v1.1.0"));
    scratch.sysbom(&["doctor"]).expect(0);
    let found = scratch.sysbom(&["check", "--history"]).expect(1);
    assert_eq!(found.out.matches("error[archive-missing]").count(), 1, "{found}");
}

#[test]
fn where_no_manifest_is_that_is_said() {
    let scratch = Scratch::new();
    scratch.write("README", "x");
    scratch.install();
    let none = "there is no manifest at releases/current.yaml; `sysbom init --from FILE` writes one";
    scratch.sysbom(&["check"]).expect(0).says(none);
    scratch.commit("Begin");
    scratch.sysbom(&["check"]).expect(0).says(none);
    scratch.sysbom(&["check", "--staged", "--format", "github"]).expect(0).never_says("no manifest");
    scratch.sysbom(&["hook", "pre-commit"]).expect(0).never_says("no manifest");
    scratch.sysbom(&["doctor"]).expect(1).says("not ok manifest: there is none at releases/current.yaml");
    scratch.write(PATH, state("v1.0.0"));
    scratch.sysbom(&["check"]).expect(0).says("nothing found");
}
