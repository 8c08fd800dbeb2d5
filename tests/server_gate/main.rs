//! Pushes over a file path to a repository that the hook alone guards, by the real git.

mod claims;
#[path = "../support/long_history.rs"]
mod long_history;
#[path = "../support/pushes.rs"]
mod pushes;
mod settings;
mod standing;
#[path = "../support/mod.rs"]
mod support;
mod trees;
mod trouble;

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
    ran.says("this ref is refused").never_says("the push is refused");
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

#[test]
fn a_whole_history_moves_to_a_new_server_with_the_states_that_had_to_be_mended() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "warned", &[]);
    guarded.config("sysbom.enforce", "warn");
    (push(BAD, "a floating tag").make)(&guarded.clone);
    guarded.clone.git(&["push", "-q", "origin", "main"]);
    guarded.clone.write(MANIFEST, state("v1.3.0", "v2.0.0"));
    guarded.clone.sysbom(&["archive"]).expect(0);
    guarded.clone.commit("Mend it");
    let empty = fixture.scratch.root().join("empty.git");
    fixture.scratch.git(&["init", "-q", "--bare", "-b", "main", "../empty.git"]);
    fixture.scratch.at(&empty).sysbom(&["install"]).expect(0);
    let url = empty.display().to_string();
    guarded.clone.git(&["push", "-q", &url, "main"]);
    // What was no state of it is judged as any new file.
    fixture.scratch.at(&empty).git(&["update-ref", "-d", "refs/heads/main"]);
    guarded.clone.write("releases/history/20240101T000000Z-000000000000.yaml", state("latest", "v9.0.0"));
    guarded.clone.commit("Forged");
    guarded.clone.try_git(&["push", &url, "main"]).expect(1).says("floating-tag");
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
