//! Merges through the real git: every command of git that merges calls the driver, and none of
//! them ever takes a file for merged that lacks the other side's change.

mod support;

use support::{DIGEST_A, DIGEST_B, Ran, Scratch, manifest};

const PATH: &str = "releases/current.yaml";
const DIGEST_C: &str = "sha256:ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc3";

fn base() -> String {
    manifest(&[("app", "v1.2.3", DIGEST_A), ("web", "v2.0.0", DIGEST_B)])
}

/// `app` released by one side.
fn app_released() -> String {
    manifest(&[("app", "v1.3.0", DIGEST_C), ("web", "v2.0.0", DIGEST_B)])
}

/// `app` released by the other side, as something else.
fn app_released_apart() -> String {
    manifest(&[("app", "v1.4.0", DIGEST_B), ("web", "v2.0.0", DIGEST_B)])
}

/// `web` released.
fn web_released() -> String {
    manifest(&[("app", "v1.2.3", DIGEST_A), ("web", "v2.1.0", DIGEST_C)])
}

fn both_released() -> String {
    manifest(&[("app", "v1.3.0", DIGEST_C), ("web", "v2.1.0", DIGEST_C)])
}

/// Two branches from one base: `main` is checked out and has `ours`, `topic` has `theirs`.
fn branches(base: &str, ours: &str, theirs: &str) -> Scratch {
    branches_in(Scratch::installed(base), ours, theirs)
}

fn branches_in(scratch: Scratch, ours: &str, theirs: &str) -> Scratch {
    scratch.git(&["switch", "-q", "-c", "topic"]);
    scratch.write(PATH, theirs);
    scratch.commit("theirs");
    scratch.git(&["switch", "-q", "main"]);
    scratch.write(PATH, ours);
    scratch.commit("ours");
    scratch
}

fn conflicts(scratch: &Scratch) -> bool {
    !scratch.git(&["ls-files", "--unmerged"]).is_empty()
}

#[test]
fn a_merge_keeps_both_releases() {
    let scratch = branches(&base(), &app_released(), &web_released());
    scratch.git(&["merge", "--no-verify", "topic"]);
    assert_eq!(scratch.read(PATH), both_released());
}

#[test]
fn a_squash_keeps_both_releases() {
    let scratch = branches(&base(), &app_released(), &web_released());
    scratch.git(&["merge", "--squash", "topic"]);
    assert_eq!(scratch.read(PATH), both_released());
}

#[test]
fn a_rebase_keeps_both_releases() {
    for backend in ["--merge", "--apply"] {
        let scratch = branches(&base(), &app_released(), &web_released());
        scratch.git(&["switch", "-q", "topic"]);
        scratch.git(&["rebase", "-q", backend, "main"]);
        assert_eq!(scratch.read(PATH), both_released(), "{backend}");
    }
}

#[test]
fn a_cherry_pick_keeps_both_releases() {
    let scratch = branches(&base(), &app_released(), &web_released());
    scratch.git(&["cherry-pick", "topic"]);
    assert_eq!(scratch.read(PATH), both_released());
}

#[test]
fn a_revert_takes_back_one_release_and_keeps_the_other() {
    let scratch = Scratch::installed(&base());
    scratch.write(PATH, app_released());
    let released = scratch.commit("app");
    scratch.write(PATH, both_released());
    scratch.commit("web");
    scratch.git(&["revert", "--no-edit", &released]);
    assert_eq!(scratch.read(PATH), web_released());
}

#[test]
fn a_stash_pop_keeps_both_releases() {
    let scratch = Scratch::installed(&base());
    scratch.write(PATH, web_released());
    scratch.git(&["stash", "-q"]);
    scratch.write(PATH, app_released());
    scratch.commit("app");
    scratch.git(&["stash", "pop", "-q"]);
    assert_eq!(scratch.read(PATH), both_released());
}

#[test]
fn merge_tree_keeps_both_releases_without_a_working_tree() {
    let scratch = branches(&base(), &app_released(), &web_released());
    let tree = scratch.git(&["merge-tree", "--write-tree", "main", "topic"]);
    assert_eq!(scratch.git(&["show", &format!("{tree}:{PATH}")]) + "\n", both_released());
}

#[test]
fn a_bare_repository_merges_by_the_attributes_of_its_own() {
    let scratch = branches(&base(), &app_released(), &web_released());
    scratch.git(&["clone", "-q", "--bare", ".", "../bare.git"]);
    let bare = scratch.root().join("bare.git");
    let bare = scratch.at(&bare);
    bare.sysbom(&["install", "--no-hooks"]).expect(0).says("info/attributes");
    let tree = bare.git(&["merge-tree", "--write-tree", "main", "topic"]);
    assert_eq!(bare.git(&["show", &format!("{tree}:{PATH}")]) + "\n", both_released());
}

#[test]
fn a_pull_and_a_mailed_patch_keep_both_releases() {
    let scratch = branches(&base(), &app_released(), &web_released());
    scratch.git(&["pull", "-q", "--no-rebase", "--no-verify", ".", "topic"]);
    assert_eq!(scratch.read(PATH), both_released());

    let scratch = branches(&base(), &app_released(), &web_released());
    let patch = scratch.git(&["format-patch", "-1", "-o", "..", "topic"]);
    scratch.git(&["am", "-q", "-3", &patch]);
    assert_eq!(scratch.read(PATH), both_released());
}

#[test]
fn a_merge_that_went_wrong_is_made_again_by_checkout() {
    let scratch = branches(&base(), &app_released(), &app_released_apart());
    scratch.try_git(&["merge", "topic"]).expect(1);
    let conflict = scratch.read(PATH);
    scratch.write(PATH, "lost\n");
    scratch.git(&["checkout", "-q", "-m", "--", PATH]);
    let again = scratch.read(PATH);
    assert_eq!(again.lines().count(), conflict.lines().count(), "{again}");
    assert!(again.contains("v1.3.0") && again.contains("v1.4.0"), "{again}");
}

/// `v1.2.3` and its digest stand under other keys, elsewhere.
fn mapped(app: (&str, &str), web: (&str, &str)) -> String {
    let one = |name: &str, (tag, sha): (&str, &str)| {
        let sha = sha.trim_start_matches("sha256:");
        format!(
            "{name}:\n  image:\n    repository: acme/{name}\n    version: {tag}\n    # why\n    sha: {sha}\n"
        )
    };
    one("app", app) + &one("web", web)
}

#[test]
fn the_policy_says_what_a_pin_is() {
    let policy = "components: '*.image'\nfields: {image: repository, tag: version, digest: sha}\n";
    let web = ("v2.0.0", DIGEST_B);
    let merge = |ours: &str, theirs: &str| {
        let scratch = Scratch::new();
        scratch.write(".sysbom.yaml", policy);
        scratch.write(PATH, mapped(("v1.0.0", DIGEST_A), web));
        scratch.install();
        scratch.commit("Begin");
        let scratch = branches_in(scratch, ours, theirs);
        let ran = scratch.try_git(&["merge", "--no-verify", "topic"]);
        (ran, scratch)
    };
    // One side moves the tag and the other the digest of one pin, with a line between them.
    let (ran, scratch) = merge(&mapped(("v1.1.0", DIGEST_A), web), &mapped(("v1.0.0", DIGEST_C), web));
    ran.expect(1).says("acme/app v1.1.0");
    assert!(conflicts(&scratch));
    let (ran, scratch) =
        merge(&mapped(("v1.1.0", DIGEST_C), web), &mapped(("v1.0.0", DIGEST_A), ("v2.1.0", DIGEST_A)));
    ran.expect(0);
    assert_eq!(scratch.read(PATH), mapped(("v1.1.0", DIGEST_C), ("v2.1.0", DIGEST_A)));
}

#[test]
fn a_policy_that_nobody_can_follow_stops_the_merge() {
    let scratch = branches(&base(), &app_released(), &web_released());
    scratch.write(".sysbom.yaml", "components: [1]\n");
    scratch.commit("a policy that nobody can follow");
    let ran = scratch.try_git(&["merge", "--no-verify", "topic"]).says(".sysbom.yaml:1:13");
    assert_nothing_is_lost(&scratch, &ran);
}

#[test]
fn one_component_released_apart_is_a_conflict_with_both_sides_in_view() {
    let scratch = branches(&base(), &app_released(), &app_released_apart());
    let ran = scratch.try_git(&["merge", "topic"]).expect(1);
    for text in ["`app`", "v1.2.3", "v1.3.0", "v1.4.0", "help:"] {
        assert!(ran.err.contains(text) || ran.out.contains(text), "{text} is not told\n{ran}");
    }
    assert!(conflicts(&scratch));
    let text = scratch.read(PATH);
    assert!(text.contains("<<<<<<< HEAD\n") && text.contains(">>>>>>> topic\n"), "{text}");
    assert!(!text.contains("|||||||"), "{text}");
    scratch.git(&["merge", "--abort"]);
    assert_eq!(scratch.read(PATH), app_released());
}

#[test]
fn the_conflict_styles_with_a_base_show_it() {
    for style in ["diff3", "zdiff3"] {
        let scratch = branches(&base(), &app_released(), &app_released_apart());
        scratch.git(&["config", "merge.conflictStyle", style]);
        scratch.try_git(&["merge", "topic"]).expect(1);
        let text = scratch.read(PATH);
        let order = ["<<<<<<<", "v1.3.0", "|||||||", "v1.2.3", "=======", "v1.4.0", ">>>>>>>"];
        let places: Vec<_> = order.iter().map(|part| text.find(part)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{style}: {places:?}\n{text}");
    }
}

#[test]
fn a_larger_marker_by_attribute_is_no_virtual_base() {
    let scratch = branches(&base(), &app_released(), &app_released_apart());
    scratch.write(".git/info/attributes", "*.yaml conflict-marker-size=12\n");
    scratch.try_git(&["merge", "topic"]).expect(1);
    assert!(scratch.read(PATH).contains("<<<<<<<<<<<< HEAD\n"), "{}", scratch.read(PATH));
}

#[test]
fn what_both_sides_added_is_united_and_what_differs_conflicts() {
    let scratch = Scratch::new();
    scratch.write("README", "x");
    scratch.install();
    scratch.commit("Begin");
    let scratch = branches_in(
        scratch,
        &manifest(&[("app", "v1.0.0", DIGEST_A)]),
        &manifest(&[("web", "v1.0.0", DIGEST_B)]),
    );
    scratch.git(&["merge", "--no-verify", "topic"]);
    let text = scratch.read(PATH);
    assert!(text.contains("  app:\n") && text.contains("  web:\n"), "{text}");

    scratch.git(&["reset", "-q", "--hard", "HEAD^"]);
    scratch.write(PATH, manifest(&[("web", "v3.0.0", DIGEST_A)]));
    scratch.commit("another web");
    scratch.try_git(&["merge", "--no-verify", "topic"]).expect(1);
    assert!(conflicts(&scratch));
}

/// Two merge bases, so that git merges them first: `app` apart, and one side then goes back to
/// what the common ancestor had. With the ancestor's value as the virtual base the roll-back would
/// look like no change.
#[test]
fn a_roll_back_survives_a_criss_cross() {
    let scratch = branches(&base(), &app_released(), &app_released_apart());
    let (main, topic) = (scratch.git(&["rev-parse", "main"]), scratch.git(&["rev-parse", "topic"]));
    scratch.try_git(&["merge", "--no-verify", &topic]).expect(1);
    scratch.write(PATH, app_released());
    scratch.commit("keep ours");
    scratch.git(&["switch", "-q", "topic"]);
    scratch.try_git(&["merge", "--no-verify", &main]).expect(1);
    scratch.write(PATH, app_released_apart());
    scratch.commit("keep theirs");
    scratch.write(PATH, base());
    scratch.commit("roll back to v1.2.3");
    scratch.git(&["switch", "-q", "main"]);
    assert_eq!(scratch.git(&["merge-base", "--all", "main", "topic"]).lines().count(), 2, "criss-cross");

    scratch.try_git(&["merge", "--no-verify", "topic"]).expect(1);
    let text = scratch.read(PATH);
    assert!(text.contains("v1.2.3") && text.contains("v1.3.0"), "{text}");
    assert!(conflicts(&scratch));
}

/// Whatever happens to the program: after the merge command either git reports a conflict or an
/// aborted merge, or both releases are in the file. A conflict shows both.
#[track_caller]
fn assert_nothing_is_lost(scratch: &Scratch, ran: &Ran) {
    assert_ne!(ran.status, Some(0), "git takes it for merged\n{ran}");
    let text = scratch.read(PATH);
    if conflicts(scratch) {
        assert!(text.contains("v1.3.0") && text.contains("v2.1.0"), "half is out of view\n{text}\n{ran}");
        assert!(text.contains("<<<<<<<"), "a conflict without markers\n{text}\n{ran}");
    } else {
        assert_eq!(text, app_released(), "the file changed without a conflict\n{ran}");
    }
}

#[test]
fn a_driver_that_dies_loses_nothing() {
    for place in ["start", "merged", "written"] {
        for how in ["panic", "abort", "exit:2", "exit:3", "exit:127", "exit:128", "exit:129"] {
            let scratch = branches(&base(), &app_released(), &web_released())
                .with_var("SYSBOM_TEST_FAULT", format!("{place}={how}"));
            let ran = scratch.try_git(&["merge", "--no-verify", "topic"]);
            assert_nothing_is_lost(&scratch, &ran);
        }
    }
}

#[test]
fn a_driver_that_is_missing_loses_nothing() {
    let scratch = branches(&base(), &app_released(), &web_released()).with_var("PATH", git_only());
    let ran = scratch.try_git(&["merge", "--no-verify", "topic"]);
    assert_nothing_is_lost(&scratch, &ran);
}

/// The path of the machine without the folder that the built sysbom lies in.
fn git_only() -> std::ffi::OsString {
    let own = std::path::Path::new(env!("CARGO_BIN_EXE_sysbom")).parent().map(std::path::Path::to_owned);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let others = std::env::split_paths(&path).filter(|folder| Some(folder) != own.as_ref());
    std::env::join_paths(others).expect("they came from a path")
}

#[test]
fn a_manifest_over_the_size_limit_stops_the_merge_unread() {
    let padding = format!("# {}\n", "x".repeat(1000)).repeat(4300);
    let scratch = branches(
        &(padding.clone() + &base()),
        &(padding.clone() + &app_released()),
        &(padding.clone() + &web_released()),
    );
    let ran = scratch.try_git(&["merge", "--no-verify", "topic"]).says("4 MiB");
    assert_ne!(ran.status, Some(0), "{ran}");
    assert_ne!(scratch.read(PATH), padding + &both_released());
}
