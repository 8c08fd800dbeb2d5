//! What waits on a branch: whose it is, what is made again, and what stops a command.

mod support;

use support::{DIGEST_A, DIGEST_B, Scratch, manifest};

const PATH: &str = "releases/current.yaml";

fn base() -> Scratch {
    let scratch = Scratch::new();
    scratch.write(PATH, manifest(&[("app", "v1.0.0", DIGEST_A), ("web", "v1.0.0", DIGEST_B)]));
    scratch.write("values.yaml", "x: 1\n");
    scratch.commit("begin");
    scratch
}

fn digest(fill: &str) -> String {
    format!("sha256:{}", fill.repeat(32))
}

fn reference(component: &str, tag: &str, fill: &str) -> String {
    format!("{component}={tag}@{}", digest(fill))
}

fn tip(scratch: &Scratch, rev: &str) -> String {
    scratch.git(&["rev-parse", rev])
}

/// The tags of `app` and `web` at a revision.
fn tags(scratch: &Scratch, rev: &str) -> Vec<String> {
    let text = scratch.git(&["show", &format!("{rev}:{PATH}")]);
    let tags = text.lines().filter_map(|line| line.trim().strip_prefix("tag: "));
    tags.map(str::to_owned).collect()
}

#[test]
fn work_of_a_person_below_a_release_commit_or_in_it_is_not_overwritten() {
    let scratch = base();
    let branch = "sysbom/release/app";
    scratch.sysbom(&["release", &reference("app", "v1.1.0", "c1")]).expect(0);
    let made = tip(&scratch, branch);
    scratch.git(&["checkout", "-q", "-b", "work", "main"]);
    scratch.write("values.yaml", "x: 2\n");
    scratch.commit("work of a person");
    scratch.git(&["cherry-pick", &made]);
    let below = tip(&scratch, "work");
    scratch.git(&["checkout", "-q", "-b", "amended", &made]);
    scratch.write("values.yaml", "x: 3\n");
    scratch.git(&["commit", "-q", "-a", "--amend", "--no-edit"]);
    let amended = tip(&scratch, "amended");
    scratch.git(&["checkout", "-q", "main"]);
    for theirs in [below, amended] {
        scratch.git(&["branch", "-f", branch, &theirs]);
        for command in [
            &["release", &reference("app", "v1.2.0", "c2")][..],
            &["release", &reference("app", "v1.2.0", "c2"), "--dry-run"],
        ] {
            scratch
                .sysbom(command)
                .expect(1)
                .says("conflict: the branch `sysbom/release/app` holds work of somebody");
        }
        assert_eq!(tip(&scratch, branch), theirs);
    }
    scratch.git(&["branch", "-f", branch, &made]);
    scratch.sysbom(&["release", &reference("app", "v1.2.0", "c2")]).expect(0);
    assert_eq!(tags(&scratch, branch), ["v1.2.0", "v1.0.0"]);
}

#[test]
fn a_branch_that_holds_something_else_stops_every_command() {
    let scratch = base();
    scratch.sysbom(&["release", &reference("app", "v1.1.0", "c1"), "--direct"]).expect(0);
    scratch.sysbom(&["release", &reference("app", "v1.2.0", "c2"), "--batch"]).expect(0);
    let batch = tip(&scratch, "sysbom/batch");
    for command in
        [&["hold", "app", "--reason", "x"][..], &["rollback", "app", "--reason", "x"], &["snapshot", "exp-1"]]
    {
        let command: Vec<&str> = command.iter().copied().chain(["--branch", "sysbom/batch"]).collect();
        let ran = scratch.sysbom(&command).expect(1);
        ran.says("conflict: something else waits on the branch `sysbom/batch`: Release app v1.2.0");
        assert_eq!(tip(&scratch, "sysbom/batch"), batch);
    }
    scratch.sysbom(&["rollback", "app", "--reason", "x"]).expect(0);
    scratch.git(&["checkout", "-q", "sysbom/rollback/app"]);
    scratch.write("note", "1\n");
    let theirs = scratch.commit("a person");
    scratch.git(&["checkout", "-q", "main"]);
    scratch.sysbom(&["rollback", "app", "--reason", "x"]).expect(1).says("holds work of somebody");
    assert_eq!(tip(&scratch, "sysbom/rollback/app"), theirs);
    // What the command made itself gives way, after update-branch too.
    scratch.git(&["branch", "-f", "sysbom/rollback/app", &format!("{theirs}^")]);
    scratch.sysbom(&["release", &reference("web", "v1.1.0", "c3"), "--direct"]).expect(0);
    scratch.sysbom(&["update-branch", "sysbom/rollback/app"]).expect(0).says("rebuilt on main");
    scratch.sysbom(&["rollback", "app", "--reason", "better said"]).expect(0);
    assert!(scratch.git(&["log", "-1", "--format=%B", "sysbom/rollback/app"]).contains("better said"));
}

#[test]
fn the_releases_of_two_systems_do_not_meet_on_one_branch() {
    let scratch = Scratch::new();
    let text = manifest(&[("app", "v1.0.0", DIGEST_A)]);
    scratch.write("releases/a/current.yaml", &text);
    scratch.write("releases/b/current.yaml", &text);
    scratch.write(".sysbom.yaml", "manifest: releases/{system}/current.yaml\n");
    scratch.commit("begin");
    let (one, two) = (reference("app", "v1.1.0", "c1"), reference("app", "v1.2.0", "c2"));
    scratch.sysbom(&["release", &one, "-s", "a", "--branch", "shared"]).expect(0);
    let before = tip(&scratch, "shared");
    scratch
        .sysbom(&["release", &two, "-s", "b", "--branch", "shared"])
        .expect(1)
        .says("what waits on the branch `shared` is for the system `a`");
    assert_eq!(tip(&scratch, "shared"), before);
    scratch.sysbom(&["release", &two, "-s", "a", "--branch", "shared"]).expect(0);
}

#[test]
fn holds_wait_on_their_branch_beside_each_other() {
    let scratch = base();
    for fill in ["c1", "c2"] {
        scratch.sysbom(&["hold", &format!("app@{}", digest(fill)), "--reason", "bad"]).expect(0);
    }
    let held = scratch.git(&["show", "sysbom/hold/app:releases/holds.yaml"]);
    assert!(held.contains(&digest("c1")) && held.contains(&digest("c2")), "{held}");
    assert_eq!(scratch.git(&["rev-list", "--count", "main..sysbom/hold/app"]), "1");
    let message = scratch.git(&["log", "-1", "--format=%B", "sysbom/hold/app"]);
    assert!(message.contains(&format!("Besides: Hold app@{}", digest("c1"))), "{message}");
}

#[test]
fn a_second_rollback_keeps_what_the_first_one_holds() {
    let scratch = base();
    for (tag, fill) in [("v1.1.0", "c1"), ("v1.2.0", "c2")] {
        scratch.sysbom(&["release", &reference("app", tag, fill), "--direct"]).expect(0);
        scratch.sysbom(&["rollback", "app", "--reason", "bad"]).expect(0);
        assert_eq!(tags(&scratch, "sysbom/rollback/app"), ["v1.0.0", "v1.0.0"], "after {tag}");
    }
    let held = scratch.git(&["show", "sysbom/rollback/app:releases/holds.yaml"]);
    assert!(held.contains(&digest("c1")) && held.contains(&digest("c2")), "{held}");
    // Asked for again, it is there already.
    let before = tip(&scratch, "sysbom/rollback/app");
    scratch.sysbom(&["rollback", "app", "--reason", "bad"]).expect(0);
    assert_eq!(tip(&scratch, "sysbom/rollback/app"), before);
}

#[test]
fn what_waits_and_is_asked_for_again_is_told_and_brought_up_to_date() {
    let scratch = base();
    for asked in [&["--branch", "mine"][..], &["--batch"], &[]] {
        let release = |format: &str| {
            let app = reference("app", "v1.1.0", "c1");
            scratch.sysbom(&[&["release", &app, "--format", format], asked].concat()).expect(0)
        };
        let first = release("json");
        let again = release("json");
        let expected = first.out.replace("\"result\": \"updated\"", "\"result\": \"noop\"");
        let line = |out: &str, key: &str| out.lines().find(|line| line.contains(key)).map(str::to_owned);
        for key in ["\"branch\"", "\"commit\"", "\"title\""] {
            assert_eq!(line(&again.out, key), line(&expected, key), "{asked:?}: {again}");
        }
        assert!(again.out.contains("\"noop\""), "{again}");
        scratch.write("README", format!("{asked:?}"));
        scratch.commit("Something else");
        let rebuilt = release("json");
        assert!(rebuilt.out.contains("\"updated\""), "{rebuilt}");
        let branch = line(&rebuilt.out, "\"branch\"").expect("it says so");
        let branch = branch.split('"').nth(3).expect("it is a text");
        assert_eq!(scratch.git(&["rev-parse", &format!("{branch}^")]), tip(&scratch, "main"));
    }
}

#[test]
fn what_waits_in_a_batch_and_cannot_be_made_goes_on_waiting_and_is_told() {
    let scratch = base();
    let branch = "sysbom/batch";
    scratch.sysbom(&["release", &reference("web", "v1.1.0", "c1"), "--batch"]).expect(0);
    let web = format!("web@{}", digest("c1"));
    scratch.sysbom(&["hold", &web, "--reason", "wait", "--direct"]).expect(0);
    let ran = scratch.sysbom(&["release", &reference("app", "v1.1.0", "c2"), "--batch"]).expect(0);
    ran.says("goes on waiting, held: `v1.1.0` of `web` is held: wait");
    assert_eq!(tags(&scratch, branch), ["v1.1.0", "v1.0.0"]);
    let next = reference("app", "v1.2.0", "c3");
    let ran = scratch.sysbom(&["release", &next, "--batch", "--format", "github"]).expect(0);
    ran.says("::warning title=sysbom goes on waiting, held::`v1.1.0` of `web` is held: wait");
    scratch.sysbom(&["unhold", &web, "--direct"]).expect(0);
    scratch.sysbom(&["update-branch", branch]).expect(0);
    assert_eq!(tags(&scratch, branch), ["v1.2.0", "v1.1.0"]);
}

#[test]
fn what_was_asked_for_together_and_is_held_in_part_is_told_by_update_branch() {
    let scratch = base();
    let both = [reference("app", "v1.1.0", "c1"), reference("web", "v1.1.0", "c2")];
    scratch.sysbom(&["release", &both[0], &both[1]]).expect(0);
    scratch.sysbom(&["hold", &format!("app@{}", digest("c1")), "--reason", "bad", "--direct"]).expect(0);
    let ran = scratch.sysbom(&["update-branch", "sysbom/release/app+web"]).expect(0);
    ran.says("waits with it, and is not in it:\n  `v1.1.0` of `app` is held: bad");
    assert_eq!(tags(&scratch, "sysbom/release/app+web"), ["v1.0.0", "v1.1.0"]);
}

#[test]
fn a_release_on_a_branch_of_any_name_is_built_again_on_base() {
    let scratch = base();
    scratch.sysbom(&["release", &reference("app", "v1.1.0", "c1"), "--branch", "rel/app"]).expect(0);
    scratch.sysbom(&["release", &reference("web", "v1.1.0", "c2"), "--direct"]).expect(0);
    scratch.sysbom(&["update-branch", "--all"]).expect(0).says("rel/app: rebuilt on main");
    assert_eq!(tip(&scratch, "rel/app^"), tip(&scratch, "main"));
    scratch.sysbom(&["release", &reference("app", "v1.2.0", "c3"), "--branch", "rel/app"]).expect(0);
    assert_eq!(tags(&scratch, "rel/app"), ["v1.2.0", "v1.1.0"]);
}

#[test]
fn a_forge_that_brings_a_release_up_to_date_cleanly_is_no_person() {
    let how = |how| ["update-branch", "release"].map(|next| (how, next));
    for (how, next) in how("merge").into_iter().chain(how("rebase")) {
        let scratch = base();
        let branch = "sysbom/release/app";
        scratch.sysbom(&["release", &reference("app", "v1.1.0", "c1")]).expect(0);
        scratch.sysbom(&["release", &reference("web", "v1.1.0", "c2"), "--direct"]).expect(0);
        scratch.git(&["checkout", "-q", branch]);
        let step: &[&str] =
            if how == "merge" { &["merge", "-q", "--no-edit", "main"] } else { &["rebase", "-q", "main"] };
        scratch.git(step);
        scratch.git(&["checkout", "-q", "main"]);
        if next == "release" {
            scratch.sysbom(&["release", &reference("app", "v1.1.1", "c3")]).expect(0);
        } else {
            scratch.sysbom(&["update-branch", branch]).expect(0).says("rebuilt on main");
        }
        assert_eq!(tip(&scratch, &format!("{branch}^")), tip(&scratch, "main"));
        assert_eq!(tags(&scratch, branch)[1], "v1.1.0");
    }
}

#[test]
fn a_branch_that_git_cannot_have_beside_another_names_the_one_to_delete() {
    let scratch = base();
    scratch.sysbom(&["release", &reference("app", "v1.1.0", "c1"), "--batch"]).expect(0);
    scratch.write("releases/prod/current.yaml", scratch.read(PATH));
    scratch.git(&["rm", "-q", PATH]);
    scratch.write(".sysbom.yaml", "manifest: releases/{system}/current.yaml\n");
    scratch.commit("several systems");
    scratch
        .sysbom(&["release", &reference("app", "v1.2.0", "c2"), "-s", "prod", "--batch"])
        .expect(2)
        .says("git cannot have the branch `sysbom/batch/prod` beside the branch `sysbom/batch`")
        .says("git branch -D sysbom/batch");
}
