//! What is left when something breaks: the program killed between any two writes, no space, no
//! right to write, a lock that somebody left, objects that are missing, and repositories of every
//! form. Each either works or says in one message what is wrong and what to do.
#![cfg(unix)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use support::{DIGEST_A, DIGEST_B, Place, Ran, Scratch, manifest};

const MANIFEST: &str = "releases/current.yaml";
const RELEASE: &[&str] =
    &["release", "app=v1.3.0@sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"];

fn state(app: &str) -> String {
    manifest(&[("app", app, DIGEST_A), ("web", "v2.0.0", DIGEST_B)])
}

/// A clone of a server, with two states of `main` and sysbom installed; below the scratch's root
/// `server.git` and `repo`.
fn fixture() -> Scratch {
    let scratch = Scratch::new();
    scratch.git(&["init", "-q", "--bare", "-b", "main", "../server.git"]);
    scratch.git(&["remote", "add", "origin", "../server.git"]);
    scratch.write(MANIFEST, state("v1.0.0"));
    scratch.install();
    scratch.commit("Begin");
    scratch.git(&["push", "-q", "-u", "origin", "main"]);
    scratch.git(&["remote", "set-head", "origin", "main"]);
    scratch.write(MANIFEST, state("v1.1.0"));
    scratch.sysbom(&["archive"]).expect(0);
    scratch.commit("Release app v1.1.0");
    scratch.git(&["push", "-q", "origin", "main"]);
    scratch
}

fn copy(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    let ended = Command::new("cp").arg("-a").args([from, to]).status();
    assert!(ended.is_ok_and(|status| status.success()), "{} cannot be copied", from.display());
}

/// A clone and server of its own for each try.
fn fresh<'s>(scratch: &'s Scratch, name: &str) -> Place<'s> {
    let (clone, server) = (scratch.root().join(name), scratch.root().join(format!("{name}.git")));
    copy(scratch.top(), &clone);
    copy(&scratch.root().join("server.git"), &server);
    let place = scratch.at(&clone);
    place.git(&["remote", "set-url", "origin", &format!("../{name}.git")]);
    place
}

/// A command that changes something.
struct Work {
    name: &'static str,
    prepare: fn(&Place),
    arguments: &'static [&'static str],
}

const WORKS: &[Work] = &[
    Work { name: "archive", prepare: changed, arguments: &["archive"] },
    Work { name: "check --fix", prepare: changed, arguments: &["check", "--fix"] },
    Work { name: "release", prepare: |_| {}, arguments: RELEASE },
    Work { name: "release --worktree", prepare: |_| {}, arguments: &[RELEASE[0], RELEASE[1], "--worktree"] },
    Work {
        name: "release --direct --push",
        prepare: |_| {},
        arguments: &[RELEASE[0], RELEASE[1], "--direct", "--push", "origin"],
    },
    Work {
        name: "rollback",
        prepare: |_| {},
        arguments: &["rollback", "app", "--reason", "it fails", "--push", "origin"],
    },
    Work { name: "update-branch", prepare: behind, arguments: &["update-branch", "feature"] },
    Work {
        name: "install",
        prepare: |place| {
            place.sysbom(&["uninstall"]).expect(0);
            place.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 0\n");
        },
        arguments: &["install"],
    },
    Work { name: "uninstall", prepare: |_| {}, arguments: &["uninstall"] },
    Work {
        name: "init",
        prepare: |place| {
            place.sysbom(&["uninstall"]).expect(0);
            place.git(&["rm", "-q", "-r", "releases"]);
            place.write("values.yaml", format!("app:\n  image:\n    repository: ghcr.io/acme/app\n    tag: v1.0.0\n    digest: {DIGEST_A}\n"));
        },
        arguments: &["init", "--from", "values.yaml"],
    },
    Work {
        name: "merge-file",
        prepare: |place| {
            place.write("base", state("v1.0.0"));
            place.write("ours", state("v1.1.0"));
            place.write("theirs", state("v1.0.0").replace("v2.0.0", "v2.1.0"));
        },
        arguments: &["merge-file", "ours", "base", "theirs"],
    },
];

/// A release by hand, not yet committed.
fn changed(place: &Place) {
    place.write(MANIFEST, state("v1.2.0"));
    place.git(&["add", MANIFEST]);
}

/// A branch that has left base behind.
fn behind(place: &Place) {
    place.git(&["switch", "-q", "-c", "feature", "main^"]);
    place.write("README", "x");
    place.commit("Read me");
    place.git(&["switch", "-q", "main"]);
}

/// The outcome with what is written and not yet staged taken in: the next run, or the hook of the
/// next commit, finds it in place.
fn settled(place: &Place) -> String {
    place.git(&["add", "-A", "--", ".", ":(exclude,glob)**/.sysbom-*"]);
    outcome(place)
}

/// Everything that counts, without ids that hold a date: files, index, and the tree of every ref.
fn outcome(place: &Place) -> String {
    let refs = "for-each-ref --format=%(refname)%20%(tree)".replace("%20", " ");
    let (command, format) = refs.split_once(' ').expect("it has two words");
    let listed = [
        place.git(&[command, format]),
        place.git(&["ls-files", "--stage"]),
        place.git(&["config", "--local", "--list"]),
        files(place.top(), &["README", ".gitattributes", "ours", "releases", ".sysbom.yaml"]),
        files(&place.top().join(".git"), &["hooks"]),
    ];
    let server = place.git(&["config", "remote.origin.url"]);
    let theirs = place.git(&["-C", &server, command, format]);
    listed.join("\n--\n") + &theirs.replace(&server, "server")
}

/// Every file below these, with its content, but for what a killed program could not take away.
fn files(top: &Path, names: &[&str]) -> String {
    let mut open: Vec<PathBuf> = names.iter().map(|name| top.join(name)).collect();
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(
                std::fs::read_dir(&path).expect("it is ours").map(|entry| entry.expect("it is ours").path()),
            );
        } else if path.exists() && !path.to_string_lossy().contains("/.sysbom-") {
            let text = String::from_utf8_lossy(&std::fs::read(&path).expect("it is ours")).into_owned();
            found.push(format!("{}\n{text}", path.strip_prefix(top).expect("it lies below").display()));
        }
    }
    found.sort();
    found.join("\n")
}

fn locks(place: &Place) -> String {
    place.run("find", &[".git", "-name", "*.lock"], "").expect(0).out
}

/// Kills the work at every moment between two of its writes, then does it again.
fn killed_and_done_again(scratch: &Scratch, work: &Work) {
    let whole = fresh(scratch, work.name);
    (work.prepare)(&whole);
    let before = whole.read_or_nothing(MANIFEST);
    let status = whole.sysbom(work.arguments).status;
    assert!(matches!(status, Some(0 | 1)), "{}: {status:?}", work.name);
    let (expected, after) = (settled(&whole), whole.read_or_nothing(MANIFEST));
    for moment in 1.. {
        assert!(moment < 1000, "{} has no end", work.name);
        let place = fresh(scratch, work.name);
        (work.prepare)(&place);
        let mut command = scratch.command(place.top(), env!("CARGO_BIN_EXE_sysbom"));
        command.args(work.arguments).env("SYSBOM_TEST_FAULT", format!("write={moment}"));
        let output = command.output().expect("the program starts");
        if output.status.code().is_some() {
            assert!(output.status.code() == status && moment > 2, "{} ends with {output:?}", work.name);
            return;
        }
        let at = format!("{} killed at moment {moment}", work.name);
        assert_eq!(locks(&place), "", "{at}");
        let now = place.read_or_nothing(MANIFEST);
        assert!(now == before || now == after, "{at} leaves a half manifest: {now:?}");
        place.git(&["fsck", "--no-dangling"]);
        let again = place.sysbom(work.arguments);
        // What is done already is said to be so, or refused as already there.
        assert!(matches!(again.status, Some(0 | 1)), "{at}, again: {again}");
        assert_eq!(settled(&place), expected, "{at}, again: {again}");
    }
}

trait OrNothing {
    fn read_or_nothing(&self, path: &str) -> Option<String>;
}

impl OrNothing for Place<'_> {
    fn read_or_nothing(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.top().join(path)).ok()
    }
}

#[test]
fn killed_between_any_two_writes_and_run_again_the_work_is_done() {
    let scratch = fixture();
    let mut wrong = Vec::new();
    for work in WORKS {
        let tried =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| killed_and_done_again(&scratch, work)));
        if tried.is_err() {
            wrong.push(work.name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn a_hook_that_is_killed_stops_the_commit_and_the_next_one_succeeds() {
    let scratch = fixture();
    for moment in 1..100 {
        let place = fresh(&scratch, "hook");
        changed(&place);
        let head = place.git(&["rev-parse", "HEAD"]);
        let mut command = scratch.command(place.top(), "git");
        command.args(["commit", "-q", "-m", "Release"]).env("SYSBOM_TEST_FAULT", format!("write={moment}"));
        let output = command.output().expect("git is there");
        if output.status.success() {
            assert!(moment > 2, "nothing was killed");
            return;
        }
        assert_eq!(place.git(&["rev-parse", "HEAD"]), head);
        assert_eq!(locks(&place), "");
        place.git(&["commit", "-q", "-m", "Release"]);
        place.sysbom(&["check", "--base", "HEAD^", "--head", "HEAD"]).expect(0);
    }
    panic!("the hook has no end");
}

/// One message: an attempt, maybe causes, and what to do.
#[track_caller]
fn is_one_message(ran: &Ran, what: &str) {
    let errors = ran.err.lines().filter(|line| line.starts_with("error")).count();
    // A command for many branches sums up in a line of its own.
    let sums_up = usize::from(ran.err.contains("branches up to date"));
    assert_eq!(errors, 1 + sums_up, "{what}: {ran}");
    assert!(ran.err.contains("help: ") && !ran.err.contains("bug in sysbom"), "{what}: {ran}");
}

/// Runs a command of the shell before sysbom, in the same process.
fn sysbom_after(place: &Place, first: &str, arguments: &[&str]) -> Ran {
    let script = format!("{first}; exec sysbom \"$@\"");
    place.run("sh", &[&["-c", &script, "sh"], arguments].concat(), "")
}

#[test]
fn without_space_nothing_is_changed_and_it_says_so() {
    let scratch = fixture();
    for work in WORKS {
        let place = fresh(&scratch, "full");
        (work.prepare)(&place);
        let before = outcome(&place);
        // No file may grow beyond this, for sysbom and for git: every write fails.
        let ran = sysbom_after(&place, "trap '' XFSZ; ulimit -f 0", work.arguments);
        assert!(!matches!(ran.status, Some(0)), "{}: {ran}", work.name);
        is_one_message(&ran, work.name);
        // What is taken away is not put back where nothing can be written: done again, it is all gone.
        if work.name != "uninstall" {
            assert_eq!(outcome(&place), before, "{}: {ran}", work.name);
        }
        assert_eq!(locks(&place), "", "{}", work.name);
    }
}

/// Takes from root the right to write where it may not, so that the test means the same for all.
fn unprivileged(place: &Place) -> Vec<&'static str> {
    let root = place.run("id", &["-u"], "").expect(0).out.trim() == "0";
    if root { vec!["setpriv", "--bounding-set=-dac_override,-dac_read_search"] } else { Vec::new() }
}

#[test]
fn where_nothing_may_be_written_nothing_is_and_it_says_so() {
    let scratch = fixture();
    for work in WORKS.iter().filter(|work| work.name != "uninstall") {
        let place = fresh(&scratch, "closed");
        (work.prepare)(&place);
        let before = outcome(&place);
        place.run("chmod", &["-R", "a-w", ".", "../closed.git"], "").expect(0);
        let mut line = unprivileged(&place);
        line.push("sysbom");
        line.extend(work.arguments);
        let ran = place.run(line[0], &line[1..], "");
        place.run("chmod", &["-R", "u+w", ".", "../closed.git"], "").expect(0);
        assert!(!matches!(ran.status, Some(0)), "{}: {ran}", work.name);
        is_one_message(&ran, work.name);
        assert_eq!(outcome(&place), before, "{}: {ran}", work.name);
    }
}

#[test]
fn a_lock_that_somebody_left_is_named() {
    let scratch = fixture();
    let locked: &[(&str, &str, &[&str])] = &[
        ("index.lock", "archive", &["archive"]),
        ("index.lock", "check --fix", &["check", "--fix"]),
        ("config.lock", "install", &["install"]),
        ("refs/heads/sysbom/release/app.lock", "release", RELEASE),
        ("refs/heads/main.lock", "release --direct", &[RELEASE[0], RELEASE[1], "--direct", "--base", "main"]),
    ];
    for (lock, name, arguments) in locked {
        let place = fresh(&scratch, "locked");
        if *name == "install" {
            place.sysbom(&["uninstall"]).expect(0);
        }
        if *name != "release --direct" {
            changed(&place);
        }
        place.write(&format!(".git/{lock}"), "");
        let before = outcome(&place);
        let ran = place.sysbom(arguments);
        assert!(!matches!(ran.status, Some(0)), "{name}: {ran}");
        is_one_message(&ran, name);
        assert!(ran.err.contains(".lock"), "{name}: {ran}");
        assert_eq!(outcome(&place), before, "{name}: {ran}");
    }
}

#[test]
fn an_object_that_is_missing_is_named_and_nothing_is_changed() {
    let scratch = fixture();
    for gone in ["HEAD:releases/current.yaml", "HEAD:releases", "HEAD^{tree}", "HEAD^"] {
        for arguments in [&["check"][..], &["archive"], RELEASE, &["hook", "pre-commit"], &["show"]] {
            let place = fresh(&scratch, "gaps");
            changed(&place);
            let id = place.git(&["rev-parse", gone]);
            let path = format!(".git/objects/{}/{}", &id[..2], &id[2..]);
            std::fs::remove_file(place.top().join(path)).expect("it is loose");
            let before = files(place.top(), &["releases"]);
            let ran = place.sysbom(arguments);
            // Whoever does not need it does its work.
            if !matches!(ran.status, Some(0)) {
                is_one_message(&ran, &format!("{gone}, {arguments:?}"));
                assert!(
                    ran.err.contains("missing") || ran.err.contains(&id[..7]),
                    "{gone}, {arguments:?}: {ran}"
                );
                assert_eq!(files(place.top(), &["releases"]), before, "{gone}, {arguments:?}: {ran}");
            }
        }
    }
}

/// Releases by hand, by the hook, and by `release`, in a repository of whatever form.
#[track_caller]
fn everything_works(place: &Place, what: &str) {
    place.sysbom(&["install"]).expect(0);
    place.sysbom(&["check"]).expect(0);
    place.write(MANIFEST, state("v1.2.0"));
    place.git(&["add", MANIFEST]);
    let ran = place.try_git(&["commit", "-m", "Release app v1.2.0"]);
    assert_eq!(ran.status, Some(0), "{what}: {ran}");
    place.sysbom(&["check", "--base", "HEAD^", "--head", "HEAD"]).expect(0);
    place.sysbom(&["check"]).expect(0);
    place.sysbom(RELEASE).expect(0).says("on sysbom/release/app");
    place.sysbom(&["doctor"]);
    place.git(&["fsck", "--no-dangling"]);
    assert_eq!(place.git(&["status", "--porcelain", "--untracked-files=no"]), "", "{what}");
}

/// A clone of the server by `git clone` with these arguments.
fn cloned<'s>(scratch: &'s Scratch, name: &str, arguments: &[&str]) -> Place<'s> {
    let server = scratch.root().join("server.git");
    for key in ["uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"] {
        scratch.at(&server).git(&["config", key, "true"]);
    }
    let clone = scratch.root().join(name);
    let url = format!("file://{}", server.display());
    scratch.git(
        &[&["clone", "-q"], arguments, &[&url, clone.to_str().expect("scratch has a plain name")]].concat(),
    );
    scratch.at(&clone)
}

#[test]
fn a_shallow_clone_is_told_how_deep_to_be() {
    let scratch = fixture();
    let place = cloned(&scratch, "shallow", &["--depth", "1"]);
    changed(&place);
    let ran = place.sysbom(&["archive"]);
    assert_ne!(ran.status, Some(0), "{ran}");
    is_one_message(&ran, "archive");
    assert!(ran.err.contains("fetch-depth: 0"), "{ran}");
    place.git(&["checkout", "-q", "HEAD", "--", MANIFEST]);
    place.git(&["fetch", "-q", "--unshallow"]);
    everything_works(&place, "deepened");
}

#[test]
fn a_partial_clone_works_or_says_what_to_fetch() {
    let scratch = fixture();
    for filter in ["--filter=blob:none", "--filter=tree:0"] {
        let place = cloned(&scratch, filter, &[filter]);
        changed(&place);
        for arguments in [&["check"][..], &["archive"], RELEASE] {
            let ran = place.sysbom(arguments);
            if ran.status == Some(0) || ran.out.contains("error[") {
                continue;
            }
            is_one_message(&ran, filter);
            assert!(ran.err.contains("git fetch") || ran.err.contains("git "), "{filter}: {ran}");
        }
    }
}

#[test]
fn a_linked_worktree_works() {
    let scratch = fixture();
    let linked = scratch.root().join("linked");
    scratch.git(&[
        "worktree",
        "add",
        "-q",
        "-b",
        "work",
        linked.to_str().expect("scratch has a plain name"),
        "main",
    ]);
    everything_works(&scratch.at(&linked), "linked worktree");
}

#[test]
fn a_submodule_works() {
    let scratch = fixture();
    let outer = scratch.root().join("outer");
    scratch.git(&["init", "-q", "-b", "main", outer.to_str().expect("scratch has a plain name")]);
    let place = scratch.at(&outer);
    place.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../server.git", "ops"]);
    place.commit("Take the operations in");
    let ops = scratch.at(&outer.join("ops"));
    everything_works(&ops, "submodule");
    assert_eq!(place.git(&["status", "--porcelain", "--ignore-submodules"]), "");
}

#[test]
fn sparse_checkouts_work() {
    for how in [&["--cone"][..], &["--cone", "--sparse-index"], &["--no-cone"]] {
        let scratch = fixture();
        scratch.write("charts/app/values.yaml", "x: 1\n");
        scratch.commit("A chart");
        scratch.git(&["push", "-q", "origin", "main"]);
        scratch.git(&[&["sparse-checkout", "set"], how, &["releases"]].concat());
        everything_works(&scratch.at(scratch.top()), &format!("sparse {how:?}"));
    }
    // What is not checked out is not gone.
    let scratch = fixture();
    scratch.write("charts/app/values.yaml", "x: 1\n");
    scratch.commit("A chart");
    scratch.git(&["push", "-q", "origin", "main"]);
    scratch.git(&["sparse-checkout", "set", "--cone", "charts"]);
    let ran = scratch.sysbom(&["check"]);
    if ran.status != Some(0) {
        is_one_message(&ran, "releases are not checked out");
    }
    scratch.sysbom(&["check", "--staged"]).expect(0);
}

#[test]
fn every_form_of_index_works() {
    for settings in [
        &[("index.version", "4")][..],
        &[("core.splitIndex", "true")],
        &[("core.untrackedCache", "true"), ("index.skipHash", "true")],
    ] {
        let scratch = fixture();
        for (key, value) in settings {
            scratch.git(&["config", key, value]);
        }
        for option in ["--index-version=4", "--split-index"] {
            if settings[0].0 == "core.splitIndex" || option == "--index-version=4" {
                scratch.git(&["update-index", option]);
            }
        }
        everything_works(&scratch.at(scratch.top()), &format!("{settings:?}"));
    }
}

#[test]
fn a_reftable_repository_is_told_how_to_convert() {
    let scratch = Scratch::without_repository();
    if scratch.try_git(&["init", "-q", "-b", "main", "--ref-format=reftable", "."]).status != Some(0) {
        // Before 2.45 git has no such repositories.
        return;
    }
    scratch.write(MANIFEST, state("v1.0.0"));
    scratch.commit("Begin");
    for arguments in [&["check"][..], &["archive"], &["install"], RELEASE] {
        let before = scratch.picture();
        let ran = scratch.sysbom(arguments);
        assert_ne!(ran.status, Some(0), "{ran}");
        is_one_message(&ran, &format!("{arguments:?}"));
        assert!(ran.err.contains("git refs migrate"), "{ran}");
        assert_eq!(scratch.picture(), before);
    }
}
