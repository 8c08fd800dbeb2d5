//! `sysbom check`: what is judged against what, in which form it is said, and with which status.

mod support;

use support::{DIGEST_A, DIGEST_B, Scratch, manifest};

const PATH: &str = "releases/current.yaml";

fn state(tag: &str) -> String {
    manifest(&[("app", tag, DIGEST_A), ("web", "v2.0.0", DIGEST_B)])
}

/// `main` is base; HEAD is on it.
fn repository() -> Scratch {
    let scratch = Scratch::installed(&state("v1.0.0"));
    scratch.git(&["config", "sysbom.base", "main"]);
    scratch
}

#[test]
fn a_working_tree_in_order_passes() {
    repository().sysbom(&["check"]).expect(0).says("nothing found");
}

#[test]
fn the_three_modes_judge_three_things() {
    let scratch = repository();
    scratch.write(PATH, state("latest"));
    scratch.sysbom(&["check"]).expect(1).says("floating-tag");
    scratch.sysbom(&["check", "--staged"]).expect(0);
    scratch.git(&["add", PATH]);
    scratch.sysbom(&["check", "--staged"]).expect(1).says("floating-tag");
    scratch.sysbom(&["check", "--base", "HEAD", "--head", "HEAD"]).expect(0);
    scratch.commit("round the hook");
    scratch.sysbom(&["check", "--base", "HEAD^"]).expect(1).says("archive-missing").says("floating-tag");
}

#[test]
fn the_place_is_named() {
    let scratch = repository();
    scratch.write(PATH, state("latest"));
    scratch.sysbom(&["check"]).expect(1).says("releases/current.yaml:4:10");
}

#[test]
fn it_does_not_matter_in_which_folder_one_stands() {
    let scratch = repository();
    scratch.write(PATH, state("1.10"));
    scratch.write("charts/app/x", "");
    let folder = scratch.top().join("charts/app");
    let inside = scratch.at(&folder);
    inside.sysbom(&["check", "--output", "json=out.json"]).expect(1).says("releases/current.yaml:4:10");
    assert!(folder.join("out.json").exists());
    inside.sysbom(&["check", "--fix"]).expect(1).says("partial-version");
    inside.sysbom(&["archive"]).expect(0).says("nothing to archive");
    assert!(scratch.read(PATH).contains("\"1.10\""), "{}", scratch.read(PATH));
}

#[test]
fn a_ci_run_without_a_base_could_not_tell() {
    let scratch = repository().with_var("CI", "true");
    let ran = scratch.sysbom(&["check"]).expect(2);
    assert!(ran.err.contains("HEAD^1") && ran.out.is_empty(), "{ran}");
    scratch.sysbom(&["check", "--base", "HEAD"]).expect(0);
}

#[test]
fn the_merge_ref_of_a_forge_is_judged_against_its_first_parent() {
    let scratch = repository();
    // Two pull requests from one base, each with the archive that its own author saw missing.
    for (branch, text) in [
        ("one", state("v1.1.0")),
        ("two", manifest(&[("app", "v1.0.0", DIGEST_A), ("web", "v2.1.0", DIGEST_B)])),
    ] {
        scratch.git(&["switch", "-q", "-c", branch, "main"]);
        scratch.write(PATH, text);
        scratch.git(&["commit", "-q", "-a", "-m", branch]);
    }
    let recorded = scratch.git(&["rev-parse", "main"]);
    scratch.git(&["switch", "-q", "main"]);
    scratch.git(&["merge", "-q", "--no-verify", "--no-ff", "one"]);
    scratch.git(&["merge", "-q", "--no-verify", "--no-ff", "two"]);
    scratch.sysbom(&["check", "--base", &recorded]).expect(0);
    scratch.sysbom(&["check", "--base", "HEAD^1"]).expect(1).says("archive-missing");
}

#[test]
fn the_status_is_the_same_in_every_format() {
    let scratch = repository();
    for format in ["human", "json", "github", "gitlab", "sarif"] {
        scratch.sysbom(&["check", "--format", format]).expect(0);
    }
    scratch.write(PATH, state("latest"));
    for format in ["human", "json", "github", "gitlab", "sarif"] {
        scratch.sysbom(&["check", "--format", format]).expect(1).says("floating-tag");
    }
}

#[test]
fn outputs_are_written_beside_what_is_shown() {
    let scratch = repository();
    scratch.write(PATH, state("latest"));
    let outputs = ["--output", "json=out.json", "--output", "sarif=out.sarif"];
    scratch.sysbom(&[&["check"], &outputs[..]].concat()).expect(1).says("error[floating-tag]");
    let json: serde_json::Value = serde_json::from_str(&scratch.read("out.json")).expect("it is JSON");
    assert_eq!(json["version"], 1);
    let rules: Vec<_> =
        json["findings"].as_array().into_iter().flatten().map(|f| (&f["rule"], &f["line"])).collect();
    assert!(rules.contains(&(&"floating-tag".into(), &4.into())), "{json}");
    let sarif: serde_json::Value = serde_json::from_str(&scratch.read("out.sarif")).expect("it is JSON");
    assert_eq!(sarif["version"], "2.1.0");
    scratch.sysbom(&["check", "--output", "yaml=x"]).expect(2);
    scratch.sysbom(&["check", "--output", "json=no/such/folder"]).expect(2).says("no/such/folder");
}

#[test]
fn what_cannot_be_looked_at_is_a_failure_with_a_help() {
    let scratch = repository();
    scratch.sysbom(&["check", "--base", "no-such-branch"]).expect(2).says("no-such-branch").says("help:");
    Scratch::without_repository().sysbom(&["check"]).expect(2);
}

#[test]
fn a_new_branch_is_judged_against_the_tip_of_base() {
    let scratch = repository();
    let nothing = "0".repeat(40);
    scratch.git(&["switch", "-q", "-c", "feature"]);
    scratch.write(PATH, state("v1.1.0"));
    scratch.commit("round the hook");
    scratch.sysbom(&["check", "--base", &nothing]).expect(1).says("archive-missing");
    scratch.git(&["config", "--unset", "sysbom.base"]);
    scratch.sysbom(&["check", "--base", &nothing]).expect(0);
}

#[test]
fn a_clone_cut_off_too_early_is_told_how_deep_it_must_be() {
    let scratch = repository();
    scratch.write(PATH, state("v1.1.0"));
    scratch.commit("round the hook");
    let source = format!("file://{}", scratch.top().display());
    scratch.git(&["clone", "-q", "--depth", "1", &source, "../shallow"]);
    let shallow = scratch.root().join("shallow");
    let ran = scratch.at(&shallow).sysbom(&["check", "--base", "HEAD^1"]).expect(2);
    assert!(ran.err.contains("fetch-depth: 0"), "{ran}");
}

#[test]
fn a_scalar_that_helm_reads_otherwise_is_quoted_by_fix_and_nothing_else_changes() {
    let scratch = repository();
    let text = format!("# head\n{}# tail", state("1.10").replace("    tag", "    # why\n    tag"));
    scratch.write(PATH, &text);
    scratch.sysbom(&["check", "--fix"]).says("edited releases/current.yaml");
    let fixed = scratch.read(PATH);
    assert_eq!(fixed.replace(['"', '\''], ""), text);
    assert!(fixed.contains("\"1.10\"") || fixed.contains("'1.10'"), "{fixed}");
    assert_eq!(scratch.git(&["diff", "--cached", "--name-only", "--", PATH]), "", "it was not staged");
}

#[test]
fn fix_writes_and_stages_the_missing_archive() {
    let scratch = repository();
    scratch.write(PATH, state("v1.1.0"));
    scratch.sysbom(&["check"]).expect(1).says("archive-missing");
    scratch.sysbom(&["check", "--fix"]).expect(0).says("staged releases/history/");
    assert!(scratch.git(&["diff", "--cached", "--name-only"]).starts_with("releases/history/"));
}

#[test]
fn the_revert_of_a_release_merge_is_mended_by_fix_alone() {
    let scratch = repository();
    scratch.git(&["switch", "-q", "-c", "release"]);
    scratch.write(PATH, state("v1.1.0"));
    scratch.git(&["commit", "-q", "-a", "-m", "Release app v1.1.0"]);
    scratch.git(&["switch", "-q", "main"]);
    scratch.git(&["merge", "-q", "--no-ff", "release"]);
    scratch.git(&["switch", "-q", "-c", "revert"]);
    scratch.git(&["revert", "--no-edit", "-m", "1", "main"]);
    scratch.sysbom(&["check"]).expect(1).says("history-rewritten").says("sysbom check --fix");

    scratch.sysbom(&["check", "--fix"]).expect(0);
    scratch.git(&["commit", "-q", "-m", "Keep history"]);
    scratch.sysbom(&["check", "--base", "main"]).expect(0);
    assert_eq!(scratch.read(PATH), state("v1.0.0"));
    assert_eq!(scratch.git(&["ls-files", "releases/history"]).lines().count(), 2);
}

#[test]
fn a_bad_merge_between_base_and_head_is_found_and_passes_once_mended() {
    let scratch = repository();
    scratch.git(&["switch", "-q", "-c", "topic"]);
    scratch.write(PATH, manifest(&[("app", "v1.0.0", DIGEST_A), ("web", "v2.1.0", DIGEST_B)]));
    scratch.commit("web");
    scratch.git(&["switch", "-q", "-c", "other", "main"]);
    scratch.write(PATH, state("v1.1.0"));
    scratch.git(&["commit", "-q", "-a", "-m", "app"]);
    scratch.git(&["merge", "-q", "--no-verify", "-s", "ours", "topic"]);
    scratch.sysbom(&["check", "--base", "main"]).expect(1).says("side-dropped");
    scratch.write(PATH, manifest(&[("app", "v1.1.0", DIGEST_A), ("web", "v2.1.0", DIGEST_B)]));
    scratch.commit("mended");
    scratch.sysbom(&["check", "--base", "main"]).expect(0);
}

#[test]
fn a_merge_of_three_branches_that_drops_one_is_found_and_what_was_dropped_may_be_undone_later() {
    let scratch = repository();
    let release = |branch: &str, app: &str, web: &str| {
        scratch.git(&["switch", "-q", "-c", branch, "main"]);
        scratch.write(PATH, manifest(&[("app", app, DIGEST_A), ("web", web, DIGEST_B)]));
        scratch.commit(branch);
    };
    release("web", "v1.0.0", "v2.1.0");
    release("note", "v1.0.0", "v2.0.0");
    scratch.write("README", "x");
    scratch.commit("note");
    release("app", "v1.1.0", "v2.0.0");
    scratch.sysbom(&["archive"]).expect(0);
    scratch.commit("archive");
    scratch.git(&["merge", "-q", "--no-verify", "-s", "ours", "note", "web"]);
    assert_eq!(scratch.git(&["rev-list", "--parents", "-n1", "HEAD"]).split(' ').count(), 4);
    scratch.sysbom(&["check", "--base", "main"]).expect(1).says("side-dropped").says("changed: `web`");

    let then = |web: &str, message: &str| {
        scratch.write(PATH, manifest(&[("app", "v1.1.0", DIGEST_A), ("web", web, DIGEST_B)]));
        scratch.commit(message);
    };
    then("v2.1.0", "Bring web in");
    scratch.sysbom(&["check", "--base", "main"]).expect(0);
    then("v2.0.0", "Take web back");
    scratch.sysbom(&["check", "--base", "main"]).expect(0).never_says("side-dropped");
}

#[test]
fn a_closed_pipe_is_no_panic() {
    let scratch = repository();
    scratch.write(PATH, state("latest"));
    let ran =
        scratch.at(scratch.top()).run("sh", &["-c", "sysbom check | true; sysbom explain | head -1"], "");
    ran.expect(0).never_says("panicked").never_says("a bug");
}

#[test]
fn explain_shows_the_page_of_a_rule() {
    let scratch = Scratch::without_repository();
    scratch.sysbom(&["explain", "floating-tag"]).expect(0).says("# floating-tag");
    scratch.sysbom(&["explain", "floating-tags"]).expect(2).says("sysbom explain");
    scratch.sysbom(&["explain"]).expect(0).says("side-dropped");
}

/// The index has an unquoted `1.10`; the working tree has other text, and something else at the
/// same bytes.
fn staged_apart_from_the_tree(scratch: &Scratch) -> String {
    scratch.write(PATH, state("1.10"));
    scratch.git(&["add", "-A"]);
    let staged = scratch.read(PATH);
    let at = staged.find("1.10").expect("it stands there");
    let other = format!("note: {}1.10zzz\n{}", "b".repeat(at - 6), staged.replace("1.10", "v1.2.3"));
    scratch.write(PATH, &other);
    other
}

#[test]
fn a_fix_of_the_index_never_edits_other_text_in_the_tree() {
    let scratch = repository();
    let other = staged_apart_from_the_tree(&scratch);
    let before = scratch.picture();
    scratch
        .sysbom(&["check", "--fix", "--staged"])
        .expect(2)
        .says("the working tree has something else there")
        .says("git add releases/current.yaml");
    assert_eq!(scratch.read(PATH), other);
    // The archive that is missing too has not been staged either.
    assert_eq!(scratch.picture(), before);
}

#[test]
fn a_fix_of_the_index_reaches_the_tree_where_both_are_alike() {
    let scratch = repository();
    scratch.write(PATH, state("1.10"));
    scratch.git(&["add", "-A"]);
    scratch.sysbom(&["check", "--fix", "--staged"]).expect(1).says("partial-version").says("edited");
    assert_eq!(scratch.read(PATH), state("\"1.10\""));
    assert_eq!(scratch.git(&["diff", "--name-only"]), "");
    assert_eq!(scratch.git(&["ls-files", "releases/history"]).lines().count(), 1);
}

#[test]
fn a_fix_of_the_tree_leaves_what_is_staged_apart() {
    let scratch = repository();
    scratch.write(PATH, state("v1.5.0"));
    scratch.git(&["add", "-A"]);
    scratch.write(PATH, state("1.10"));
    scratch.sysbom(&["check", "--fix"]).expect(1).says("edited");
    assert_eq!(scratch.read(PATH), state("\"1.10\""));
    assert_eq!(scratch.git(&["show", &format!(":{PATH}")]), state("v1.5.0").trim_end());
}

#[test]
fn all_fixes_are_made_or_none() {
    let scratch = repository();
    scratch.write(PATH, state("1.10"));
    scratch.git(&["add", "-A"]);
    scratch.write(".git/index.lock", "");
    scratch.sysbom(&["check", "--fix"]).expect(2).says("index.lock");
    std::fs::remove_file(scratch.top().join(".git/index.lock")).expect("it is ours");
    assert_eq!(scratch.read(PATH), state("1.10"));
    assert!(!scratch.top().join("releases/history").exists());
}

#[test]
fn a_clone_that_turns_line_endings_is_judged_by_what_it_would_commit() {
    let origin = Scratch::new();
    origin.write(PATH, state("v1.0.0"));
    origin.commit("Begin");
    origin.git(&["clone", "-q", "-c", "core.autocrlf=true", ".", "../clone"]);
    let folder = origin.root().join("clone");
    let clone = origin.at(&folder);
    assert!(clone.read(PATH).contains("\r\n"));
    clone.sysbom(&["check"]).expect(0).never_says("archive-missing");
    clone.sysbom(&["archive"]).expect(0).says("nothing to archive");
    // Touched, and so no longer known to be clean.
    clone.write(PATH, clone.read(PATH));
    clone.sysbom(&["check"]).expect(0).never_says("archive-missing");
    // A change, with its archive: what is new in history is hashed as it will be committed.
    clone.write(PATH, state("1.10").replace('\n', "\r\n"));
    clone.sysbom(&["check", "--fix"]).expect(1).says("wrote and staged").says("edited");
    assert_eq!(clone.read(PATH), state("\"1.10\"").replace('\n', "\r\n"));
    clone.git(&["add", "-A"]);
    assert_eq!(clone.git(&["show", &format!(":{PATH}")]), state("\"1.10\"").trim_end());
    clone.git(&["rm", "-q", "--cached", "-r", "releases/history"]);
    let archive = std::fs::read_dir(folder.join("releases/history")).expect("it was written").next();
    let archive = archive.expect("there is one").expect("it can be read").file_name();
    let archive = format!("releases/history/{}", archive.to_string_lossy());
    clone.write(&archive, clone.read(&archive).replace('\n', "\r\n"));
    clone.sysbom(&["check"]).expect(1).never_says("archive-missing").never_says("archive-differs");
    // The index judged, with the tree converted.
    clone.write(PATH, state("1.20").replace('\n', "\r\n"));
    clone.git(&["add", "-A"]);
    clone.sysbom(&["check", "--fix", "--staged"]).expect(1).says("edited");
    assert_eq!(clone.read(PATH), state("\"1.20\"").replace('\n', "\r\n"));
    assert_eq!(clone.git(&["diff", "--name-only"]), "");
}

#[test]
fn what_the_help_for_a_link_says_makes_it_a_plain_file() {
    let scratch = Scratch::new();
    scratch.write("elsewhere.yaml", manifest(&[("app", "v1.0.0", DIGEST_A)]));
    std::fs::create_dir(scratch.top().join("releases")).expect("the folder is ours");
    std::os::unix::fs::symlink("../elsewhere.yaml", scratch.top().join(PATH)).expect("the folder is ours");
    scratch.git(&["add", "-A"]);
    let ran = scratch.sysbom(&["check", "--staged"]).expect(1).says("not-a-regular-file");
    let help = ran.out.lines().find(|line| line.contains("help:")).expect("there is help");
    let commands: Vec<&str> = help.split('`').skip(1).step_by(2).collect();
    assert_eq!(commands, ["git rm --cached releases/current.yaml", "rm -f releases/current.yaml"]);
    for command in commands {
        scratch.at(scratch.top()).run("sh", &["-c", command], "").expect(0);
    }
    scratch.write(PATH, manifest(&[("app", "v1.1.0", DIGEST_B)]));
    scratch.git(&["add", "-A"]);
    scratch.sysbom(&["check", "--staged"]).expect(0);
    assert!(scratch.read("elsewhere.yaml").contains("v1.0.0"), "the write did not go through the link");
}
