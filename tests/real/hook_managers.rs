//! pre-commit, prek and lefthook, as users run them: our hooks refuse under them what they refuse
//! under git alone. Managers skip a hook whose file filters find no file, and a commit that only
//! deletes an archive or turns the manifest into a link has none.

use crate::parts::program;
use crate::support::{DIGEST_A, Ran, Scratch, manifest, path_with_sysbom};

const PATH: &str = "releases/current.yaml";

fn state(tag: &str) -> String {
    manifest(&[("app", tag, DIGEST_A)])
}

/// A published operation repository with two states, whose hooks are a manager's.
fn published_with(manager: &str, files: &[(&str, &str)]) -> Scratch {
    let folder = program(manager).parent().expect("a program lies in a folder").to_owned();
    let path = std::iter::once(folder).chain(std::env::split_paths(&path_with_sysbom())).collect::<Vec<_>>();
    let path = std::env::join_paths(path).expect("no folder has a colon in its name");
    let scratch = Scratch::new().with_var("PATH", path);
    scratch.write(PATH, state("v1.0.0"));
    for (path, content) in files {
        scratch.write(path, content);
    }
    // lefthook would make its scripts executable, and so change what is committed.
    if scratch.top().join(".lefthook").exists() {
        scratch.at(scratch.top()).run("chmod", &["-R", "+x", ".lefthook"], "").expect(0);
    }
    scratch.commit("Begin");
    scratch.git(&["init", "-q", "--bare", "-b", "main", "../forge.git"]);
    scratch.git(&["remote", "add", "origin", "../forge.git"]);
    scratch.git(&["push", "-q", "-u", "origin", "main"]);
    scratch.git(&["remote", "set-head", "origin", "main"]);
    run(&scratch, manager, &["install"]).expect(0);
    scratch.write(PATH, state("v1.1.0"));
    scratch
}

fn run(scratch: &Scratch, manager: &str, arguments: &[&str]) -> Ran {
    let program = program(manager);
    scratch.at(scratch.top()).run(program.to_str().expect("our path is text"), arguments, "")
}

/// `.pre-commit-hooks.yaml` as it is shipped, but run from the path instead of being built.
fn pre_commit_config() -> String {
    let shipped = include_str!("../../.pre-commit-hooks.yaml").replace("language: rust", "language: system");
    let hooks: String = shipped.lines().map(|line| format!("      {line}\n")).collect();
    format!(
        "default_install_hook_types: [pre-commit, pre-merge-commit, pre-push]\n\
         repos:\n  - repo: local\n    hooks:\n{hooks}"
    )
}

/// What README.md says. lefthook skips a command on a commit that only turns the manifest into a
/// link, whatever filters are set; a script it runs always.
fn lefthook_config() -> &'static str {
    let (_, block) = include_str!("../../README.md")
        .split_once("In `lefthook.yml`:\n\n```yaml\n")
        .expect("README.md shows a configuration");
    block.split_once("```").expect("a block ends").0
}

const LEFTHOOK_SCRIPT: &str = "exec sysbom hook pre-commit\n";

#[test]
fn under_pre_commit_everything_holds() {
    everything_holds("pre-commit", &[(".pre-commit-config.yaml", &pre_commit_config())]);
}

#[test]
fn under_prek_everything_holds() {
    everything_holds("prek", &[(".pre-commit-config.yaml", &pre_commit_config())]);
}

#[test]
fn under_lefthook_everything_holds() {
    everything_holds(
        "lefthook",
        &[("lefthook.yml", lefthook_config()), (".lefthook/pre-commit/sysbom", LEFTHOOK_SCRIPT)],
    );
}

fn everything_holds(manager: &str, files: &[(&str, &str)]) {
    let scratch = published_with(manager, files);
    a_release_brings_its_archive(&scratch);
    a_commit_that_only_deletes_an_archive_is_refused(&scratch);
    a_manifest_that_becomes_a_link_is_refused(&scratch);
    a_floating_tag_is_refused(&scratch);
    a_push_round_the_hook_is_refused(&scratch);
    a_merge_stops_for_its_archive(&scratch);
    install_leaves_the_hooks_to_the_manager(&scratch);
}

fn a_release_brings_its_archive(scratch: &Scratch) {
    scratch.try_git(&["commit", "-a", "-m", "Release v1.1.0"]).expect(0);
    let listed = scratch.git(&["ls-tree", "-r", "--name-only", "HEAD", "releases/history/"]);
    assert_eq!(listed.lines().count(), 1, "{listed}");
    assert_eq!(scratch.git(&["status", "--porcelain"]), "");
    scratch.try_git(&["push"]).expect(0);
}

fn a_commit_that_only_deletes_an_archive_is_refused(scratch: &Scratch) {
    scratch.git(&["rm", "-q", "-r", "releases/history"]);
    refused(scratch, "history-rewritten");
    scratch.git(&["reset", "-q", "--hard"]);
}

fn a_manifest_that_becomes_a_link_is_refused(scratch: &Scratch) {
    std::fs::rename(scratch.top().join(PATH), scratch.top().join("releases/real.yaml"))
        .expect("scratch is ours");
    std::os::unix::fs::symlink("real.yaml", scratch.top().join(PATH)).expect("scratch is ours");
    scratch.git(&["add", PATH]);
    refused(scratch, "not-a-regular-file");
    scratch.git(&["reset", "-q", "--hard"]);
}

fn a_floating_tag_is_refused(scratch: &Scratch) {
    scratch.write(PATH, state("latest"));
    scratch.git(&["add", PATH]);
    refused(scratch, "floating-tag");
    scratch.git(&["reset", "-q", "--hard"]);
}

fn a_push_round_the_hook_is_refused(scratch: &Scratch) {
    scratch.write(PATH, state("v1.2.0"));
    scratch.commit("round the hook");
    let before = scratch.git(&["ls-remote", "origin"]);
    let ran = scratch.try_git(&["push"]);
    assert_ne!(ran.status, Some(0), "{ran}");
    ran.says("archive-missing");
    assert_eq!(scratch.git(&["ls-remote", "origin"]), before);
}

fn a_merge_stops_for_its_archive(scratch: &Scratch) {
    scratch.git(&["reset", "-q", "--hard", "origin/main"]);
    scratch.git(&["switch", "-q", "-c", "feature", "origin/main^"]);
    scratch.write("notes.txt", "of the feature\n");
    scratch.write(PATH, state("v1.0.0").replace("images:", "# what runs\nimages:"));
    scratch.commit("A comment");
    let before = scratch.git(&["rev-parse", "HEAD"]);
    scratch.try_git(&["merge", "--no-edit", "origin/main"]).says("complete it with `git commit`");
    assert_eq!(scratch.git(&["rev-parse", "HEAD"]), before);
    scratch.try_git(&["commit", "--no-edit"]).expect(0);
    scratch.sysbom(&["check"]).expect(0);
}

fn install_leaves_the_hooks_to_the_manager(scratch: &Scratch) {
    let ran = scratch.sysbom(&["install"]).expect(0);
    ran.says("runs sysbom already").never_says("/pre-");
    scratch.sysbom(&["doctor"]).expect(0).never_says("not ok");
}

#[track_caller]
fn refused(scratch: &Scratch, rule: &str) {
    let before = scratch.picture();
    let ran = scratch.try_git(&["commit", "-m", "x"]);
    assert_ne!(ran.status, Some(0), "{ran}");
    ran.says(rule);
    assert_eq!(scratch.picture(), before);
}
