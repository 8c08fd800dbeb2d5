//! `sysbom merge-file`, in the place of `git merge-file`.

mod support;

use support::{DIGEST_A, DIGEST_B, Scratch, manifest};

fn sides(current: &str, base: &str, other: &str) -> Scratch {
    let scratch = Scratch::without_repository();
    scratch.write("current", current);
    scratch.write("base", base);
    scratch.write("other", other);
    scratch
}

fn one(tag: &str, digest: &str) -> String {
    manifest(&[("app", tag, digest)])
}

#[test]
fn a_clean_merge_replaces_the_current_file_and_leaves_with_zero() {
    let scratch = sides(&one("v1.0.0", DIGEST_A), &one("v1.0.0", DIGEST_A), &one("v1.1.0", DIGEST_B));
    scratch.sysbom(&["merge-file", "current", "base", "other"]).expect(0);
    assert_eq!(scratch.read("current"), one("v1.1.0", DIGEST_B));
}

#[test]
fn conflicts_are_counted_and_labelled() {
    let pins = |a: &str, b: &str| {
        manifest(&[("app", a, DIGEST_A), ("same", "v1.0.0", DIGEST_A), ("web", b, DIGEST_B)])
    };
    let current = pins("v1.1.0", "v2.1.0");
    let scratch = sides(&current, &pins("v1.0.0", "v2.0.0"), &pins("v1.2.0", "v2.2.0"));
    let labels = ["-L", "mine", "-L", "old", "-L", "yours"];
    let ran = scratch
        .sysbom(&[&["merge-file", "-p", "--diff3"], &labels[..], &["current", "base", "other"]].concat());
    let ran = ran.expect(2);
    for marker in ["<<<<<<< mine\n", "||||||| old\n", "=======\n", ">>>>>>> yours\n"] {
        assert_eq!(ran.out.matches(marker).count(), 2, "{marker}\n{ran}");
    }
    assert!(ran.err.contains("`app`") && ran.err.contains("`web`"), "{ran}");
    assert_eq!(scratch.read("current"), current, "-p leaves the file alone");
}

#[test]
fn quiet_tells_nothing_and_the_marker_size_is_kept() {
    let scratch = sides(&one("v1.1.0", DIGEST_A), &one("v1.0.0", DIGEST_A), &one("v1.2.0", DIGEST_A));
    let ran =
        scratch.sysbom(&["merge-file", "-q", "--marker-size", "11", "current", "base", "other"]).expect(1);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));
    assert!(scratch.read("current").contains("<<<<<<<<<<< current\n"), "{}", scratch.read("current"));
}

#[test]
fn an_error_leaves_with_255_and_the_file_as_it_was() {
    let scratch = sides("a", "b", "c");
    scratch.sysbom(&["merge-file", "current", "base", "missing"]).expect(255).says("missing");
    assert_eq!(scratch.read("current"), "a");
}

/// One side moves the tag, the other the digest. Only by the policy is that one pin.
#[test]
fn the_policy_of_the_repository_around_says_what_a_pin_is() {
    let text = |version: &str, sha: &str| {
        format!("app:\n  image: acme/app\n  version: {version}\n  # why\n  sha: {sha}\n")
    };
    let policy = "manifest: releases/{system}/current.yaml\ncomponents: {app: app}\nfields: {tag: version, digest: sha}\n";
    for (policy, status) in [(policy, 1), ("", 0)] {
        let scratch = Scratch::new();
        scratch.write(".sysbom.yaml", policy);
        scratch.commit("Begin");
        scratch.write("releases/prod/current.yaml", text("v1.1.0", "a"));
        scratch.write("base", text("v1.0.0", "a"));
        scratch.write("other", text("v1.0.0", "b"));
        let folder = scratch.top().join("releases/prod");
        let ran =
            scratch.at(&folder).sysbom(&["merge-file", "-p", "current.yaml", "../../base", "../../other"]);
        ran.expect(status);
    }
}

#[test]
fn a_repository_that_cannot_be_opened_is_not_taken_for_none() {
    let scratch = sides("a: 1\n", "a: 1\n", "a: 2\n");
    scratch.write(".git", "gitdir: /no/such/folder\n");
    scratch.sysbom(&["merge-file", "current", "base", "other"]).expect(255);
    assert_eq!(scratch.read("current"), "a: 1\n");
}
