//! Several releases at one time, against one repository, and the ways a commit can leave a clone.

mod support;

use std::path::PathBuf;

use support::{DIGEST_A, DIGEST_B, Scratch, manifest};

const PATH: &str = "releases/current.yaml";

/// A bare repository `origin.git` with a manifest of these components, and the clone it came from.
fn origin(components: &[&str]) -> Scratch {
    let scratch = Scratch::new();
    let pins: Vec<(&str, &str, &str)> = components.iter().map(|name| (*name, "v1.0.0", DIGEST_A)).collect();
    scratch.write(PATH, manifest(&pins));
    scratch.commit("begin");
    let bare = scratch.root().join("origin.git");
    scratch.git(&["clone", "-q", "--bare", ".", &bare.to_string_lossy()]);
    scratch.git(&["remote", "add", "origin", &bare.to_string_lossy()]);
    scratch.git(&["fetch", "-q", "origin"]);
    scratch
}

fn clone(scratch: &Scratch, name: &str) -> PathBuf {
    let folder = scratch.root().join(name);
    let from = scratch.root().join("origin.git");
    scratch.git(&["clone", "-q", &from.to_string_lossy(), &folder.to_string_lossy()]);
    folder
}

fn digest(number: usize) -> String {
    format!("sha256:{}", format!("{number:08x}").repeat(8))
}

/// Eight clones release onto base at the same time, each its own component three times.
#[test]
fn many_at_once_lose_nothing_and_double_nothing() {
    let names: Vec<String> = (0..8).map(|number| format!("app{number}")).collect();
    let scratch = origin(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let begin = scratch.git(&["rev-parse", "main"]);
    let folders: Vec<PathBuf> = names.iter().map(|name| clone(&scratch, name)).collect();
    let release = |number: usize, round: usize| {
        let what = format!("app{number}=v1.{round}.0@{}", digest(number * 10 + round));
        let mut command = scratch.command(&folders[number], env!("CARGO_BIN_EXE_sysbom"));
        command.args(["release", &what, "--direct", "--push", "origin"]);
        command
    };
    let producers: Vec<Vec<_>> =
        (0..8).map(|number| (1..=3).map(|round| release(number, round)).collect()).collect();
    std::thread::scope(|scope| {
        for releases in producers {
            scope.spawn(move || {
                for mut command in releases {
                    let ended = command.output().expect("it runs");
                    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
                }
            });
        }
    });
    scratch.git(&["fetch", "-q", "origin"]);
    let count = scratch.git(&["rev-list", "--count", &format!("{begin}..origin/main")]);
    assert_eq!(count, "24");
    let pins: Vec<(String, String)> =
        (0..8).map(|number| (format!("app{number}"), digest(number * 10 + 3))).collect();
    let pins: Vec<(&str, &str, &str)> =
        pins.iter().map(|(name, digest)| (name.as_str(), "v1.3.0", digest.as_str())).collect();
    assert_eq!(scratch.git(&["show", &format!("origin/main:{PATH}")]), manifest(&pins).trim_end());
    let archived = scratch.git(&["ls-tree", "-r", "origin/main", "releases/history"]);
    let archived: std::collections::BTreeSet<&str> =
        archived.lines().filter_map(|line| line.split_whitespace().nth(2)).collect();
    let commits = scratch.git(&["rev-list", "--first-parent", "origin/main~1"]);
    for commit in commits.lines() {
        let state = scratch.git(&["rev-parse", &format!("{commit}:{PATH}")]);
        assert!(archived.contains(state.as_str()), "the state of {commit} is in history");
    }
    assert_eq!(archived.len(), 24);
    scratch.sysbom(&["check", "--base", &begin, "--head", "origin/main"]).expect(0);
}

#[test]
fn a_release_from_a_bare_repository_waits_on_the_remote() {
    let scratch = origin(&["app"]);
    let bare = scratch.root().join("mirror.git");
    let from = scratch.root().join("origin.git");
    scratch.git(&["clone", "-q", "--bare", &from.to_string_lossy(), &bare.to_string_lossy()]);
    let what = format!("app=v1.1.0@{DIGEST_B}");
    let place = scratch.at(&bare);
    place
        .sysbom(&["release", &what, "--push", "origin", "--base", "main"])
        .expect(0)
        .says("Release app v1.1.0");
    scratch.git(&["fetch", "-q", "origin"]);
    assert_eq!(
        scratch.git(&["rev-parse", "origin/sysbom/release/app^"]),
        scratch.git(&["rev-parse", "origin/main"])
    );
    place.sysbom(&["release", "app=v1.0.1@sha256:0", "--push", "origin"]).expect(1);
    let batch = format!("app=v1.2.0@{}", digest(7));
    place.sysbom(&["release", &batch, "--push", "origin", "--base", "main", "--batch"]).expect(0);
    scratch.git(&["fetch", "-q", "origin"]);
    assert!(scratch.git(&["show", &format!("origin/sysbom/batch:{PATH}")]).contains("v1.2.0"));
}

#[test]
fn a_batch_keeps_what_waits_and_two_branches_write_one_archive() {
    let scratch = origin(&["app", "web"]);
    scratch.sysbom(&["release", &format!("app=v1.1.0@{DIGEST_B}"), "--batch"]).expect(0);
    scratch
        .sysbom(&["release", &format!("web=v1.1.0@{}", digest(7)), "--batch"])
        .expect(0)
        .says("Release app v1.1.0 and web v1.1.0");
    assert_eq!(scratch.git(&["rev-parse", "sysbom/batch^"]), scratch.git(&["rev-parse", "main"]));
    scratch.sysbom(&["release", &format!("web=v1.2.0@{}", digest(8))]).expect(0);
    let archive = |branch: &str| scratch.git(&["ls-tree", "-r", branch, "releases/history"]);
    assert_eq!(archive("sysbom/batch"), archive("sysbom/release/web"));
}

#[test]
fn pins_are_promoted_from_one_system_to_another() {
    let scratch = Scratch::new();
    scratch.write(".sysbom.yaml", "manifest: releases/{system}/current.yaml\n");
    scratch.write("releases/test/current.yaml", manifest(&[("app", "v1.1.0", DIGEST_B)]));
    scratch.write("releases/prod/current.yaml", manifest(&[("app", "v1.0.0", DIGEST_A)]));
    scratch.commit("begin");
    scratch.sysbom(&["promote", "test", "prod", "--direct"]).expect(0).says("prod: Release app v1.1.0");
    assert_eq!(scratch.read("releases/prod/current.yaml"), scratch.read("releases/test/current.yaml"));
    scratch.sysbom(&["promote", "test", "prod", "--direct"]).expect(0).says("nothing to do");
    scratch.sysbom(&["promote", "tset", "prod"]).expect(2).says("there is no system `tset`");
    let newer = format!("app=v1.2.0@{}", digest(7));
    scratch.sysbom(&["release", &newer, "--direct"]).expect(2).says("there are several systems");
    scratch.sysbom(&["release", &newer, "--direct", "-s", "test"]).expect(0);
    scratch.sysbom(&["release", &newer, "-s", "prod"]).expect(0).says("on sysbom/release/prod/app");
}
