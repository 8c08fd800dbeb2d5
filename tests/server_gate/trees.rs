//! Trees and commits that no person makes: what is judged is what is checked out, and nothing is
//! unfolded that is larger than anybody needs.

use std::fmt::Write;

use super::Guarded;
use super::pushes::{Fixture, Hash, state};
use super::support::{Place, Ran};

/// What this prints is the id of the tree of these rows, in any order.
fn tree(clone: &Place, rows: &str) -> String {
    clone.run("git", &["mktree"], rows).expect(0).out.trim().to_owned()
}

/// A commit on main that has `folder` as `releases/z` besides.
fn with_folder(clone: &Place, folder: &str) -> String {
    let releases = clone.git(&["ls-tree", "HEAD:releases"]);
    let releases = tree(clone, &format!("{releases}\n040000 tree {folder}\tz\n"));
    let policy = clone.git(&["ls-tree", "HEAD", ".sysbom.yaml"]);
    let top = tree(clone, &format!("{policy}\n040000 tree {releases}\treleases\n"));
    clone.git(&["commit-tree", "-p", "HEAD", "-m", "odd", &top])
}

fn is_refused(guarded: &Guarded<'_>, commit: &str) -> Ran {
    let before = guarded.refs();
    let ran = guarded.clone.try_git(&["push", "origin", &format!("{commit}:refs/heads/main")]).expect(1);
    assert_eq!(guarded.refs(), before);
    ran
}

#[test]
fn folders_without_end_are_refused() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    let clone = &guarded.clone;
    let note = clone.git(&["rev-parse", "HEAD:.sysbom.yaml"]);
    let nested = |levels: usize| {
        let mut folder = tree(clone, &format!("100644 blob {note}\tx\n"));
        for _ in 0..levels {
            folder = tree(clone, &format!("040000 tree {folder}\td\n"));
        }
        with_folder(clone, &folder)
    };
    is_refused(&guarded, &nested(65)).says("folders that lie in more than 64 others");
    clone.git(&["push", "-q", "origin", &format!("{}:refs/heads/main", nested(60))]);
}

#[test]
fn paths_that_fill_the_memory_are_refused() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    let clone = &guarded.clone;
    let note = clone.git(&["rev-parse", "HEAD:.sysbom.yaml"]);
    let mut rows = String::new();
    for at in 0..20_000 {
        writeln!(rows, "100644 blob {note}\t{at:05}").expect("text takes all");
    }
    let many = tree(clone, &rows);
    let mut long = many.clone();
    for _ in 0..8 {
        long = tree(clone, &format!("040000 tree {long}\t{}\n", "n".repeat(250)));
    }
    is_refused(&guarded, &with_folder(clone, &long)).says("their paths have more than 32 MiB");
    clone.git(&["push", "-q", "origin", &format!("{}:refs/heads/main", with_folder(clone, &many))]);
}

#[test]
fn a_commit_and_a_tag_of_many_megabytes_are_refused_unread() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    let clone = &guarded.clone;
    let message = "x".repeat(5 << 20);
    let commit = clone.run("git", &["commit-tree", "-p", "HEAD", "-F", "-", "HEAD^{tree}"], &message);
    let commit = commit.expect(0).out.trim().to_owned();
    is_refused(&guarded, &commit).says("larger than the 4 MiB that are read");
    // Below another commit, and below a merge.
    let above = clone.git(&["commit-tree", "-p", &commit, "-m", "x", "HEAD^{tree}"]);
    is_refused(&guarded, &above).says("larger than the 4 MiB that are read");
    let merge = clone.git(&["commit-tree", "-p", "HEAD", "-p", &above, "-m", "x", "HEAD^{tree}"]);
    is_refused(&guarded, &merge).says("larger than the 4 MiB that are read");
    clone.try_git(&["push", "origin", &format!("{above}:refs/heads/new")]).expect(1).says("4 MiB");
    clone.run("git", &["tag", "-a", "-F", "-", "large", "feature"], &message).expect(0);
    clone.try_git(&["push", "origin", "large"]).expect(1).says("larger than the 4 MiB that are read");
}

#[test]
fn a_folder_called_like_a_byte_that_is_no_text_is_judged_as_it_is() {
    let fixture = Fixture::new(Hash::Sha1);
    let server = fixture.scratch.root().join("systems.git");
    fixture.scratch.git(&["init", "-q", "--bare", "-b", "main", "../systems.git"]);
    let clone = fixture.clone_for("systems", &server.display().to_string());
    clone.git(&["checkout", "-q", "--orphan", "systems"]);
    clone.git(&["rm", "-q", "-r", "--cached", "."]);
    std::fs::remove_dir_all(clone.top().join("releases")).expect("scratch is ours");
    clone.write(".sysbom.yaml", "manifest: releases/{system}/current.yaml\n");
    clone.write("releases/prod/current.yaml", state("v1.0.0", "v2.0.0"));
    clone.commit("Several systems");
    clone.git(&["push", "-q", "origin", "systems:main"]);
    fixture.scratch.at(&server).sysbom(&["install"]).expect(0);
    for (at, name) in [r"\xFF", r"\x5CxFF", r"\xff", r"\"].into_iter().enumerate() {
        clone.git(&["switch", "-q", "-C", &format!("odd{at}"), "systems"]);
        clone.write(&format!("releases/{name}/current.yaml"), state("latest", "edge"));
        clone.commit("Another system");
        let ran = clone.try_git(&["push", "origin", "HEAD:main"]).expect(1);
        ran.says("floating-tag");
    }
}

#[test]
fn a_check_of_commits_refuses_a_malformed_folder_as_the_gate_does() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    let clone = &guarded.clone;
    (super::push(super::BAD, "a manifest that stands in its folder twice").make)(clone);
    let ran = clone.sysbom(&["check", "--base", "main", "--head", "odd"]).expect(2);
    ran.says("`current.yaml` stands in it twice").says("git fsck");
}
