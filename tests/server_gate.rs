//! Pushes over a file path to a repository that the hook alone guards, by the real git.

#[path = "support/long_history.rs"]
mod long_history;
#[path = "support/pushes.rs"]
mod pushes;
mod support;

use std::path::{Path, PathBuf};

use long_history::{Line, LongHistory};
use pushes::{BAD, Fixture, GOOD, Hash, MANIFEST, Push, copy, judge, state};
use support::{Place, Ran};

/// A copy of the fixture's server with a hook, and a clone that pushes to it.
struct Guarded<'f> {
    fixture: &'f Fixture,
    server: PathBuf,
    clone: Place<'f>,
}

impl<'f> Guarded<'f> {
    fn new(fixture: &'f Fixture, name: &str, install: &[&str]) -> Guarded<'f> {
        let server = fixture.scratch.root().join(format!("{name}.git"));
        copy(&fixture.server(), &server);
        fixture.scratch.at(&server).sysbom(&[&["install"], install].concat()).expect(0).says("hooks/");
        let clone = fixture.clone_for(name, &server.display().to_string());
        Guarded { fixture, server, clone }
    }

    fn refs(&self) -> String {
        self.fixture.scratch.at(&self.server).git(&["for-each-ref"])
    }

    fn config(&self, key: &str, value: &str) {
        self.fixture.scratch.at(&self.server).git(&["config", "--add", key, value]);
    }

    #[track_caller]
    fn judge(&self, push: &Push) -> Ran {
        judge(push, &self.clone, &|| self.refs())
    }
}

/// Every push, each against a repository of its own. All that go wrong are told at once.
fn judge_all(hash: Hash, install: &[&str], pushes: &[Push]) {
    let fixture = Fixture::new(hash);
    let mut wrong = Vec::new();
    for (at, push) in pushes.iter().enumerate() {
        let guarded = Guarded::new(&fixture, &format!("case{at}"), install);
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| guarded.judge(push))).is_err() {
            wrong.push(push.name);
        }
        for folder in [guarded.clone.top(), &guarded.server] {
            std::fs::remove_dir_all(folder).expect("scratch is ours");
        }
    }
    assert!(wrong.is_empty(), "{} of {} pushes: {wrong:?}", wrong.len(), pushes.len());
}

fn push(pushes: &'static [Push], name: &str) -> &'static Push {
    pushes.iter().find(|push| push.name == name).unwrap_or_else(|| panic!("there is no push of {name}"))
}

#[test]
fn there_are_enough_pushes_to_speak_of() {
    assert!(BAD.len() >= 40 && GOOD.len() >= 10, "{} and {}", BAD.len(), GOOD.len());
}

#[test]
fn bad_pushes_are_refused_and_no_ref_moves() {
    let (first, second) = BAD.split_at(BAD.len() / 2);
    std::thread::scope(|scope| {
        scope.spawn(|| judge_all(Hash::Sha1, &[], first));
        scope.spawn(|| judge_all(Hash::Sha1, &[], second));
    });
}

#[test]
fn good_pushes_are_taken() {
    judge_all(Hash::Sha1, &[], GOOD);
}

#[test]
fn a_repository_of_sha_256_is_guarded_alike() {
    let bad = [
        "a floating tag",
        "main deleted",
        "a new branch with a bad tip",
        "main taken back by force",
        "a file of 100 MB",
    ];
    let fixture = Fixture::new(Hash::Sha256);
    for (at, name) in bad.iter().enumerate() {
        Guarded::new(&fixture, &format!("bad{at}"), &[]).judge(push(BAD, name));
    }
    for (at, name) in
        ["a release with its archive", "a branch that is deleted", "a new branch"].iter().enumerate()
    {
        Guarded::new(&fixture, &format!("good{at}"), &[]).judge(push(GOOD, name));
    }
}

#[test]
fn an_update_hook_judges_each_ref_alone() {
    let fixture = Fixture::new(Hash::Sha1);
    for (at, name) in
        ["a floating tag", "main deleted", "a tag that leads to what no branch has"].iter().enumerate()
    {
        let guarded = Guarded::new(&fixture, &format!("bad{at}"), &["--update-hook"]);
        guarded.config("receive.denyDeleteCurrent", "ignore");
        guarded.judge(push(BAD, name));
    }
    Guarded::new(&fixture, "good", &["--update-hook"]).judge(push(GOOD, "a release and its tag at once"));
    let guarded = Guarded::new(&fixture, "half", &["--update-hook"]);
    (push(BAD, "two refs of which one is bad").make)(&guarded.clone);
    let ran = guarded.clone.try_git(&["push", "origin", "main", "other"]).expect(1).says("floating-tag");
    assert!(ran.err.contains("main -> main"), "{ran}");
    assert!(!guarded.refs().contains("refs/heads/other"), "{ran}");
}

#[test]
fn the_first_push_to_an_empty_repository_is_judged_by_its_content() {
    let fixture = Fixture::new(Hash::Sha1);
    let empty = fixture.scratch.root().join("empty.git");
    fixture.scratch.git(&["init", "-q", "--bare", "-b", "master", "../empty.git"]);
    fixture.scratch.at(&empty).sysbom(&["install"]).expect(0);
    let clone = fixture.clone_for("clone", &empty.display().to_string());
    let good = clone.read(MANIFEST);
    clone.write(MANIFEST, state("latest", "v2.0.0"));
    clone.commit("x");
    clone.try_git(&["push", "origin", "main"]).expect(1).says("floating-tag");
    clone.git(&["reset", "-q", "--hard", "HEAD^"]);
    assert_eq!(clone.read(MANIFEST), good);
    clone.git(&["push", "-q", "origin", "main"]);
    // HEAD names no branch that exists, so nothing says that main is not the one that counts.
    clone.try_git(&["push", "-q", "--force", "origin", "main^:main"]).expect(1).says("archive-missing");
    clone.try_git(&["push", "-q", "origin", ":main"]).expect(1).says("manifest-missing");
}

#[test]
fn what_is_protected_is_for_the_server_to_say() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    guarded.config("sysbom.protected", "main stable");
    guarded.config("sysbom.protected", "refs/heads/release/*");
    guarded.clone.git(&["push", "-q", "origin", "main:release/1", "main:stable", "main:release/a/b"]);
    for branch in ["main", "stable", "release/1"] {
        guarded
            .clone
            .try_git(&["push", "origin", &format!(":{branch}")])
            .expect(1)
            .says("manifest-missing")
            .says("is protected");
    }
    guarded.clone.git(&["push", "-q", "origin", ":release/a/b", ":feature"]);
}

#[test]
fn a_second_name_of_a_branch_is_judged_as_that_branch() {
    let fixture = Fixture::new(Hash::Sha1);
    for (at, head) in ["refs/heads/main", "refs/heads/trunk"].iter().enumerate() {
        let guarded = Guarded::new(&fixture, &format!("guarded{at}"), &[]);
        let server = fixture.scratch.at(&guarded.server);
        server.git(&["symbolic-ref", "refs/heads/trunk", "refs/heads/main"]);
        server.git(&["symbolic-ref", "refs/remotes/mirror/main", "refs/heads/main"]);
        server.git(&["symbolic-ref", "HEAD", head]);
        server.git(&["config", "receive.denyDeleteCurrent", "ignore"]);
        let before = guarded.refs();
        let refused = |pushed: &str, rule: &str| {
            guarded.clone.try_git(&["push", "--force", "origin", pushed]).expect(1).says(rule);
            assert_eq!(guarded.refs(), before, "{pushed} with HEAD at {head}");
        };
        for name in ["refs/heads/main", "refs/heads/trunk", "refs/remotes/mirror/main"] {
            refused(&format!(":{name}"), "manifest-missing");
            refused(&format!("main^:{name}"), "archive-missing");
        }
    }
}

#[test]
fn a_policy_of_the_server_wins_over_that_of_the_repository() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    std::fs::write(guarded.server.join("policy.yaml"), "floating: {deny: ['v1.2.*']}\n")
        .expect("scratch is ours");
    guarded.config("sysbom.policy", "policy.yaml");
    (push(GOOD, "a release with its archive").make)(&guarded.clone);
    guarded.clone.try_git(&["push", "origin", "main"]).expect(1).says("floating-tag").says("policy.yaml");
    std::fs::remove_file(guarded.server.join("policy.yaml")).expect("scratch is ours");
    let ran = guarded.clone.try_git(&["push", "origin", "main"]).expect(1);
    assert!(ran.err.contains("could not follow the server's policy"), "{ran}");
}

#[test]
fn a_server_that_only_warns_lets_everything_pass_and_says_what_is_wrong() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    guarded.config("sysbom.enforce", "warn");
    (push(BAD, "a floating tag").make)(&guarded.clone);
    guarded
        .clone
        .try_git(&["push", "origin", "main"])
        .expect(0)
        .says("floating-tag")
        .says("lets the push pass");
    guarded.config("sysbom.enforce", "wran");
    guarded.clone.try_git(&["push", "origin", "main:again"]).expect(1).says("`wran` is neither");
}

#[test]
fn what_whoever_pushes_has_set_does_not_count() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    let home = fixture.scratch.root().join("home/.gitconfig");
    std::fs::write(home, "[sysbom]\n\tenforce = warn\n").expect("scratch is ours");
    (push(BAD, "a floating tag").make)(&guarded.clone);
    let input =
        guarded.clone.git(&["rev-parse", "origin/main", "main"]).replace('\n', " ") + " refs/heads/main\n";
    // As a hook sees it, whatever way the setting came in.
    let mut command = fixture.scratch.command(guarded.clone.top(), "sh");
    command.env_remove("GIT_CONFIG_GLOBAL").env("GIT_CONFIG_PARAMETERS", "'sysbom.enforce'='warn'");
    command.args(["-c", "printf %s \"$1\" | GIT_DIR=.git sysbom hook pre-receive", "sh", &input]);
    let output = command.output().expect("sh is there");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn no_object_stands_in_for_a_bad_one() {
    let fixture = Fixture::new(Hash::Sha1);
    for (name, install) in [("received", &[][..]), ("updated", &["--update-hook"])] {
        let guarded = Guarded::new(&fixture, name, install);
        let clone = &guarded.clone;
        let (good, good_commit) =
            (clone.git(&["rev-parse", "HEAD:releases/current.yaml"]), clone.git(&["rev-parse", "HEAD"]));
        (push(BAD, "a floating tag").make)(clone);
        let (bad, bad_commit) =
            (clone.git(&["rev-parse", "HEAD:releases/current.yaml"]), clone.git(&["rev-parse", "HEAD"]));
        clone.git(&["update-ref", &format!("refs/replace/{bad}"), &good]);
        clone.git(&["update-ref", &format!("refs/replace/{bad_commit}"), &good_commit]);
        clone.git(&["push", "-q", "origin", "refs/replace/*"]);
        clone.try_git(&["--no-replace-objects", "push", "origin", "main"]).expect(1).says("floating-tag");
    }
}

/// A commit on main whose history folder unfolds to ten to this power of files.
fn unfolding(clone: &Place, levels: usize) -> String {
    let tree = |rows: &str| clone.run("git", &["mktree"], rows).expect(0).out.trim().to_owned();
    let blob = clone.git(&["rev-parse", "HEAD:releases/current.yaml"]);
    let mut bomb = tree(&format!("100644 blob {blob}\tx.yaml\n"));
    for _ in 0..levels {
        bomb = tree(&(0..10).map(|at| format!("040000 tree {bomb}\td{at}\n")).collect::<String>());
    }
    let archive = clone.git(&["ls-tree", "HEAD:releases/history"]);
    let history = tree(&format!("{archive}\n040000 tree {bomb}\tz\n"));
    let releases = tree(&format!("100644 blob {blob}\tcurrent.yaml\n040000 tree {history}\thistory\n"));
    let policy = clone.git(&["ls-tree", "HEAD", ".sysbom.yaml"]);
    let top = tree(&format!("{policy}\n040000 tree {releases}\treleases\n"));
    clone.git(&["commit-tree", "-p", "HEAD", "-m", "boom", &top])
}

#[test]
fn a_tree_that_unfolds_without_end_is_refused_at_once() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    let commit = unfolding(&guarded.clone, 12);
    let before = guarded.refs();
    guarded
        .clone
        .try_git(&["push", "origin", &format!("{commit}:main")])
        .expect(1)
        .says("more than 400000 files");
    assert_eq!(guarded.refs(), before);
}

#[test]
fn a_push_that_takes_too_long_is_refused_with_an_answer() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    let commit = unfolding(&guarded.clone, 5);
    let temporary = fixture.scratch.root().join("tmp");
    std::fs::create_dir(&temporary).expect("scratch is ours");
    guarded.config("sysbom.timeLimit", "1");
    let before = guarded.refs();
    let mut command = fixture.scratch.command(guarded.clone.top(), "git");
    command.env("TMPDIR", &temporary).args(["push", "origin", &format!("{commit}:main")]);
    let output = command.output().expect("git is there");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("takes longer than 1 s"), "{said}");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(guarded.refs(), before);
    assert_eq!(std::fs::read_dir(&temporary).expect("it is there").count(), 0);

    guarded.config("sysbom.timeLimit", "soon");
    guarded.clone.try_git(&["push", "origin", "main:again"]).expect(1).says("no number of seconds");
}

#[test]
fn nothing_is_left_behind_on_the_server() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    let temporary = fixture.scratch.root().join("tmp");
    std::fs::create_dir(&temporary).expect("scratch is ours");
    let listed = |folder: &Path| {
        let ran = guarded
            .clone
            .run("find", &[folder.to_str().expect("scratch has a plain name"), "-type", "f"], "")
            .expect(0);
        let mut lines: Vec<String> = ran.out.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let before = listed(&guarded.server);
    (push(BAD, "a floating tag").make)(&guarded.clone);
    let mut command = fixture.scratch.command(guarded.clone.top(), "git");
    let output =
        command.env("TMPDIR", &temporary).args(["push", "origin", "main"]).output().expect("git is there");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(listed(&guarded.server), before);
    assert_eq!(std::fs::read_dir(&temporary).expect("it is there").count(), 0);
}

#[test]
fn a_hook_whose_program_is_missing_or_dies_refuses() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    (push(GOOD, "a release with its archive").make)(&guarded.clone);
    let before = guarded.refs();
    let mut command = fixture.scratch.command(guarded.clone.top(), "git");
    let output = command
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .args(["push", "origin", "main"])
        .output()
        .expect("git is there");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("administrator"), "{said}");
    // The object that would tell is gone.
    let archive = guarded.clone.git(&["rev-parse", "origin/main:releases/current.yaml"]);
    let (folder, file) = archive.split_at(2);
    std::fs::remove_file(guarded.server.join("objects").join(folder).join(file)).expect("it is loose");
    let ran = guarded.clone.try_git(&["push", "origin", "main~0:refs/heads/main"]);
    assert_ne!(ran.status, Some(0), "{ran}");
    assert_eq!(guarded.refs(), before);
}

/// In the time that the gate gives itself; how fast it is, `cargo bench --bench gate` tells.
#[test]
fn a_thousand_commits_onto_ten_thousand_archives_are_judged_in_one_push() {
    for line in [Line::Straight, Line::Merges] {
        LongHistory::new(10_000, 1_000, line).judge();
    }
}

#[test]
fn a_packed_gate_brings_its_program_along() {
    let fixture = Fixture::new(Hash::Sha1);
    let (pack, program) =
        (concat!(env!("CARGO_MANIFEST_DIR"), "/hooks/server/pack"), env!("CARGO_BIN_EXE_sysbom"));
    let here = fixture.scratch.at(fixture.scratch.root());
    here.run(pack, &["gitlab", program, "hooks.tar"], "").expect(0);
    let server = fixture.server();
    fixture.scratch.at(&server).run("tar", &["-xf", "../hooks.tar"], "").expect(0);
    // GitLab runs the files of that folder; here git does.
    fixture.scratch.at(&server).git(&["config", "core.hooksPath", "custom_hooks"]);
    let clone = fixture.clone_for("clone", &server.display().to_string());
    (push(BAD, "a floating tag").make)(&clone);
    let mut command = fixture.scratch.command(clone.top(), "git");
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("GL_PROTOCOL", "web");
    let output = command.args(["push", "origin", "main"]).output().expect("git is there");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("error[floating-tag]"), "{said}");
    assert!(
        said.lines().filter(|line| line.starts_with("remote: ")).all(|line| line.contains("GL-HOOK-ERR: "))
    );

    here.write("root/etc/motd", "x");
    here.run("tar", &["-czf", "rootfs.tar.gz", "-C", "root", "etc"], "").expect(0);
    here.run(pack, &["ghes", program, "rootfs.tar.gz", "environment.tar.gz"], "").expect(0);
    let listed = here.run("tar", &["-tzf", "environment.tar.gz"], "").expect(0).out;
    assert!(listed.contains("etc/motd") && listed.contains("usr/local/bin/sysbom"), "{listed}");
    here.run(pack, &["elsewhere"], "").expect(2).says("custom_hooks.tar");
}

#[test]
fn stores_that_are_named_by_relative_paths_are_found() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    // What forges do with forks: the objects lie in a pool, the hook is told of it relatively.
    let pool = fixture.scratch.root().join("pool");
    std::fs::rename(guarded.server.join("objects"), &pool).expect("scratch is ours");
    std::fs::create_dir_all(guarded.server.join("objects/info")).expect("scratch is ours");
    std::fs::write(guarded.server.join("objects/info/alternates"), "../../pool\n").expect("scratch is ours");
    let hook = guarded.server.join("hooks/pre-receive");
    std::fs::write(
        &hook,
        "#!/bin/sh\nexport GIT_OBJECT_DIRECTORY=\"./objects/${GIT_OBJECT_DIRECTORY##*/}\" \
         GIT_ALTERNATE_OBJECT_DIRECTORIES=objects\nexec sysbom hook pre-receive\n",
    )
    .expect("scratch is ours");
    guarded.judge(push(BAD, "no archive of the state it replaces"));
    guarded.clone.sysbom(&["archive"]).expect(0);
    guarded.clone.commit("Keep it");
    guarded.clone.git(&["push", "-q", "origin", "main"]);
}
