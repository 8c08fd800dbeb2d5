//! `sysbom archive`: the states of base, byte for byte, under names that are the same everywhere.

mod support;

use support::{DIGEST_A, DIGEST_B, Scratch, manifest};

const PATH: &str = "releases/current.yaml";

fn state(tag: &str) -> String {
    manifest(&[("app", tag, DIGEST_A)])
}

fn archives(scratch: &Scratch) -> Vec<String> {
    let listed = scratch.git(&["ls-files", "releases/history"]);
    listed.lines().map(str::to_owned).collect()
}

/// Five states, published one by one without a hook.
fn five_states() -> Scratch {
    let scratch = Scratch::new();
    for minor in 0..5 {
        scratch.write(PATH, state(&format!("v1.{minor}.0")));
        scratch.commit(&format!("v1.{minor}.0"));
    }
    scratch
}

#[test]
fn the_state_that_is_replaced_is_written_and_staged() {
    let scratch = five_states();
    scratch.sysbom(&["archive"]).expect(0).says("nothing to archive");
    scratch.write(PATH, state("v2.0.0"));
    let ran = scratch.sysbom(&["archive"]).expect(0);
    let [path] = &archives(&scratch)[..] else { panic!("one archive\n{ran}") };
    assert_eq!(scratch.read(path), state("v1.4.0"));
    assert!(ran.out.contains(path.as_str()), "{ran}");
    scratch.sysbom(&["archive"]).expect(0).says("nothing to archive");
}

#[test]
fn a_branch_that_is_behind_is_to_be_merged_first() {
    let scratch = five_states();
    scratch.git(&["config", "sysbom.base", "main"]);
    scratch.git(&["switch", "-q", "-c", "feature", "main^"]);
    scratch.sysbom(&["archive"]).expect(0).says("it is behind main: `git merge main` first");
    scratch.git(&["merge", "-q", "main"]);
    scratch.sysbom(&["archive"]).expect(0).never_says("behind");
}

#[test]
fn an_archive_that_lies_there_unstaged_is_staged() {
    let scratch = five_states();
    scratch.write(PATH, state("v2.0.0"));
    scratch.sysbom(&["archive"]).expect(0);
    scratch.git(&["reset", "-q"]);
    assert!(archives(&scratch).is_empty());
    scratch.sysbom(&["archive"]).expect(0);
    assert_eq!(archives(&scratch).len(), 1);
}

#[test]
fn a_backfill_brings_every_former_state_and_not_the_present_one() {
    let scratch = five_states();
    scratch.sysbom(&["archive", "--backfill"]).expect(0);
    let mut kept: Vec<String> = archives(&scratch).iter().map(|path| scratch.read(path)).collect();
    kept.sort();
    let expected: Vec<String> = (0..4).map(|minor| state(&format!("v1.{minor}.0"))).collect();
    assert_eq!(kept, expected);
    scratch.sysbom(&["archive", "--backfill"]).expect(0).says("nothing to archive");
}

#[test]
fn a_state_that_came_back_is_archived_once() {
    let scratch = Scratch::new();
    for tag in ["v1.0.0", "v1.1.0", "v1.0.0", "v1.2.0"] {
        scratch.write(PATH, state(tag));
        scratch.commit(tag);
    }
    scratch.sysbom(&["archive", "--backfill"]).expect(0);
    assert_eq!(archives(&scratch).len(), 2);
}

#[test]
fn states_of_a_feature_branch_are_not_archived() {
    let scratch = five_states();
    scratch.git(&["config", "sysbom.base", "main"]);
    scratch.git(&["switch", "-q", "-c", "feature"]);
    for tag in ["v2.0.0", "v2.1.0", "v2.2.0"] {
        scratch.write(PATH, state(tag));
        scratch.commit(tag);
    }
    scratch.sysbom(&["archive", "--backfill"]).expect(0);
    assert!(archives(&scratch).iter().all(|path| scratch.read(path).contains("tag: v1.")));
    assert_eq!(archives(&scratch).len(), 5, "v1.4.0 is no longer what stands here");
}

#[test]
fn a_file_of_somebody_is_not_overwritten() {
    let scratch = five_states();
    scratch.write(PATH, state("v2.0.0"));
    scratch.sysbom(&["archive"]).expect(0);
    let path = archives(&scratch).remove(0);
    scratch.git(&["rm", "-q", "-f", "--cached", &path]);
    scratch.write(&path, "mine\n");
    let before = scratch.picture();
    scratch.sysbom(&["archive"]).expect(2).says(&path);
    assert_eq!(scratch.picture(), before);
    assert_eq!(scratch.read(&path), "mine\n");
}

#[test]
fn several_systems_are_archived_each_beside_its_manifest() {
    let scratch = Scratch::new();
    scratch
        .write(".sysbom.yaml", "manifest: releases/{system}/current.yaml\nhistory: {layout: year-month}\n");
    for tag in ["v1.0.0", "v1.1.0"] {
        for system in ["prod", "test"] {
            scratch.write(&format!("releases/{system}/current.yaml"), manifest(&[(system, tag, DIGEST_B)]));
        }
        scratch.commit(tag);
    }
    scratch.sysbom(&["archive", "--backfill", "-s", "production"]).expect(2).says("prod, test");
    scratch.sysbom(&["archive", "--backfill", "-s", "prod"]).expect(0);
    let listed = scratch.git(&["ls-files", "releases"]);
    assert!(listed.contains("releases/prod/history/2024/06/20240615T"), "{listed}");
    assert!(!listed.contains("releases/test/history"), "{listed}");
}

/// The command between backquotes in the help, run by a shell in this folder.
fn paste(scratch: &Scratch, folder: &std::path::Path, ran: &support::Ran) {
    let help = ran.err.split("move it away: `").nth(1).and_then(|rest| rest.split("`\n").next());
    let command = help.unwrap_or_else(|| panic!("a command to paste\n{ran}"));
    scratch.at(folder).run("bash", &["-c", command], "").expect(0);
}

#[test]
fn what_stands_in_the_way_of_an_archive_is_moved_by_the_command_in_the_help() {
    let scratch = five_states();
    scratch.write("deploy/x", "");
    scratch.write(PATH, state("v2.0.0"));
    scratch.sysbom(&["archive"]).expect(0);
    let path = archives(&scratch).remove(0);
    let disk = scratch.top().join(&path);
    let below = scratch.top().join("deploy");
    let make: [(&str, &dyn Fn()); 5] = [
        ("an untracked file", &|| scratch.write(&path, "mine\n")),
        ("a staged file", &|| {
            scratch.write(&path, "mine\n");
            scratch.git(&["add", "-A"]);
        }),
        ("a staged file that is gone", &|| {
            scratch.write(&path, "mine\n");
            scratch.git(&["add", "-A"]);
            std::fs::remove_file(&disk).expect("it was written");
        }),
        ("a folder", &|| scratch.write(&format!("{path}/x"), "mine\n")),
        ("a staged folder", &|| {
            scratch.write(&format!("{path}/x"), "mine\n");
            scratch.git(&["add", "-A"]);
        }),
    ];
    for (what, make) in make {
        scratch.git(&["rm", "-q", "-r", "-f", "--cached", "--ignore-unmatch", "releases/history"]);
        std::fs::remove_dir_all(scratch.top().join("releases/history")).expect("it is ours");
        make();
        for folder in [scratch.top(), &below] {
            let before = scratch.picture();
            let ran = scratch.at(folder).sysbom(&["archive"]).expect(2);
            assert_eq!(scratch.picture(), before, "{what}");
            paste(&scratch, folder, &ran);
            scratch.at(folder).sysbom(&["archive"]).expect(0);
            assert_eq!(scratch.read(&path), state("v1.4.0"), "{what}");
            scratch.git(&["rm", "-q", "--cached", &path]);
            std::fs::remove_file(&disk).expect("it was written");
            make();
        }
    }
}

#[test]
fn a_file_where_the_folder_of_history_belongs_is_moved_by_the_command_in_the_help() {
    let scratch = Scratch::new();
    scratch.write(".sysbom.yaml", "manifest: \"it's a/current.yaml\"\n");
    let manifest = "it's a/current.yaml";
    for tag in ["v1.0.0", "v1.1.0"] {
        scratch.write(manifest, state(tag));
        scratch.commit(tag);
    }
    scratch.write("it's a/history", "mine\n");
    let ran = scratch.sysbom(&["archive", "--backfill"]).expect(2).says("is no folder");
    paste(&scratch, scratch.top(), &ran);
    scratch.sysbom(&["archive", "--backfill"]).expect(0);
    assert_eq!(scratch.read("history.mine"), "mine\n");
}
