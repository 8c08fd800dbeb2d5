//! What would take too long, and programs and objects that are not there: nothing passes unjudged.

use super::pushes::{Fixture, GOOD, Hash};
use super::support::Place;
use super::{Guarded, push};

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

#[test]
fn a_hook_that_is_told_of_no_ref_refuses() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    let server = fixture.scratch.at(&guarded.server);
    server.run("sh", &["-c", "sysbom hook pre-receive </dev/null"], "").expect(2).says("names no ref");
    server.run("sh", &["-c", "sysbom hook pre-receive <&-"], "").expect(2).says("names no ref");
    // The script reads with `cat`, which somebody may have taken away.
    let folder = fixture.scratch.root().join("without");
    std::fs::create_dir(&folder).expect("scratch is ours");
    server
        .run("sh", &["-c", "for p in sh git sysbom; do ln -s \"$(command -v $p)\" ../without; done"], "")
        .expect(0);
    for cat in ["", "printf '#!/bin/sh\\nkill -9 $$\\n' >../without/cat; chmod +x ../without/cat; "] {
        let script = format!("{cat}echo x | PATH=$PWD/../without hooks/pre-receive");
        let ran = server.run("sh", &["-c", &script], "");
        assert!(!matches!(ran.status, Some(0)), "{ran}");
    }
}
