//! What stands on a server before a push: whose policy judges, what is protected by which name, and
//! what a commit has that a branch of the same push brings.

use super::pushes::{BAD, Fixture, Hash, MANIFEST, state};
use super::support::Place;
use super::{Guarded, push};

/// A commit that its own policy lets pass and main's does not.
fn lax(clone: &Place) {
    clone.git(&["switch", "-q", "-C", "lax", "origin/main"]);
    clone.write(".sysbom.yaml", "rules: {floating-tag: off}\n");
    clone.write(MANIFEST, state("latest", "v2.0.0"));
    clone.sysbom(&["archive"]).expect(0);
    clone.commit("Lax");
}

#[test]
fn without_head_a_branch_that_exists_says_what_holds() {
    let fixture = Fixture::new(Hash::Sha1);
    for (name, head, protected, main) in [
        ("missing", Some("refs/heads/none"), None, "main"),
        ("set", Some("refs/heads/none"), Some("other main"), "main"),
        ("glob", Some("refs/heads/none"), Some("st*"), "stable"),
        ("unprotected", Some("refs/heads/none"), Some("production"), "main"),
        ("elsewhere", Some("refs/tags/none"), None, "trunk"),
        ("detached", None, None, "main"),
    ] {
        let guarded = Guarded::new(&fixture, name, &[]);
        let server = fixture.scratch.at(&guarded.server);
        server.git(&["update-ref", "-d", "refs/heads/feature"]);
        server.git(&["branch", "-q", "-M", main]);
        // What would judge otherwise if it were asked.
        lax(&guarded.clone);
        let tip = server.git(&["rev-parse", main]);
        server.git(&match head {
            Some(head) => vec!["symbolic-ref", "HEAD", head],
            None => vec!["update-ref", "--no-deref", "HEAD", &tip],
        });
        if let Some(protected) = protected {
            guarded.config("sysbom.protected", protected);
        }
        let before = guarded.refs();
        for to in ["refs/heads/new", "refs/tags/v9", "refs/deploy/live"] {
            guarded.clone.try_git(&["push", "origin", &format!("lax:{to}")]).expect(1).says("floating-tag");
            assert_eq!(guarded.refs(), before, "{name} {to}");
        }
        guarded.clone.git(&[
            "push",
            "-q",
            "origin",
            "origin/feature:refs/heads/good",
            "origin/main:refs/tags/v1",
        ]);
    }
}

#[test]
fn a_tag_that_a_branch_of_the_same_push_brings_is_judged_itself() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    (push(BAD, "a floating tag").make)(&guarded.clone);
    guarded.clone.git(&["tag", "bad"]);
    guarded.clone.write(MANIFEST, state("v1.3.0", "v2.0.0"));
    guarded.clone.commit("Mend it");
    // The branch is refused only after the gate has answered.
    let hook = "#!/bin/sh\n[ \"$1\" != refs/heads/main ] || exit 1\n";
    let file = guarded.server.join("hooks/update");
    std::fs::write(&file, hook).expect("scratch is ours");
    guarded.clone.run("chmod", &["+x", file.to_str().expect("scratch has a plain name")], "").expect(0);
    let before = guarded.refs();
    for to in ["refs/deploy/live", "refs/tags/bad"] {
        guarded
            .clone
            .try_git(&["push", "origin", "main", &format!("bad^0:{to}")])
            .expect(1)
            .says("floating-tag")
            .says("pre-receive hook declined");
        assert_eq!(guarded.refs(), before);
    }
    guarded.clone.git(&["push", "-q", "origin", "main:refs/tags/good"]);
    std::fs::remove_file(&file).expect("it is there");
    guarded.clone.git(&["push", "-q", "origin", "main", "main:refs/deploy/live"]);
    // What a protected branch has stands there for everybody to see.
    guarded.clone.git(&["push", "-q", "origin", "bad"]);
}

#[test]
fn a_branch_that_is_another_name_of_a_ref_elsewhere_is_protected_under_both() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    let server = fixture.scratch.at(&guarded.server);
    server.git(&["symbolic-ref", "refs/heads/prod", "refs/deploy/prod"]);
    server.git(&["symbolic-ref", "refs/heads/notes", "refs/notes/deploy"]);
    guarded.config("sysbom.protected", "main prod");
    guarded.clone.git(&["push", "-q", "origin", "main:prod"]);
    let before = guarded.refs();
    for name in ["refs/heads/prod", "refs/deploy/prod"] {
        let force = guarded.clone.try_git(&["push", "--force", "origin", &format!("main^:{name}")]);
        force.expect(1).says("history-rewritten");
        guarded.clone.try_git(&["push", "origin", &format!(":{name}")]).expect(1).says("`prod` is protected");
        assert_eq!(guarded.refs(), before, "{name}");
    }
    lax(&guarded.clone);
    for name in ["refs/heads/prod", "refs/deploy/prod", "refs/heads/notes", "refs/notes/deploy"] {
        let ran = guarded.clone.try_git(&["push", "origin", &format!("lax:{name}")]);
        ran.expect(1).says("floating-tag");
    }
    assert_eq!(guarded.refs(), before);
    guarded.clone.git(&["push", "-q", "origin", "origin/feature:refs/deploy/prod"]);
}

#[test]
fn a_branch_from_before_a_stricter_policy_may_leave_the_manifest_as_it_is() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    let clone = &guarded.clone;
    clone.git(&["branch", "old"]);
    clone.write(MANIFEST, state("v1.1.0", "v2.1.0"));
    clone.sysbom(&["archive"]).expect(0);
    clone.commit("Mend it");
    clone.write(".sysbom.yaml", "digest: required\nfloating: {deny: ['v2.0.*']}\n");
    clone.commit("Tighten");
    clone.git(&["push", "-q", "origin", "main"]);
    clone.git(&["switch", "-q", "old"]);
    clone.write("NOTES", "x");
    clone.commit("Note");
    clone.try_git(&["push", "origin", "old"]).expect(0).says("warning[floating-tag]");
    // What the branch touches is judged as a whole.
    clone.write(MANIFEST, state("v1.2.0", "v2.0.0"));
    clone.commit("Release");
    clone.try_git(&["push", "origin", "old"]).expect(1).says("error[floating-tag]");
    clone.try_git(&["push", "origin", "old:refs/deploy/live"]).expect(1).says("error[floating-tag]");
}

#[test]
fn many_tags_are_told_apart_whatever_their_dates() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    let clone = &guarded.clone;
    let dated = |name: &str, date: &str| {
        clone.write("README", name);
        clone.git(&["add", "-A"]);
        let mut command = fixture.scratch.command(clone.top(), "git");
        command.env("GIT_COMMITTER_DATE", date).args(["commit", "-q", "-m", name]);
        assert!(command.status().expect("git is there").success());
        clone.git(&["tag", name]);
    };
    for (at, date) in ["@1900000000", "@100000000", "@1800000000", "@200000000"].iter().enumerate() {
        dated(&format!("v{at}"), &format!("{date} +0000"));
    }
    clone.git(&["push", "-q", "origin", "main"]);
    clone.git(&["push", "-q", "--tags", "origin"]);
    for date in ["@50000000 +0000", "@1850000000 +0000", "@2000000000 +0000"] {
        clone.git(&["reset", "-q", "--hard", "v3"]);
        clone.write(MANIFEST, state("latest", "v2.0.0"));
        dated(&format!("bad{}", &date[1..3]), date);
    }
    let before = guarded.refs();
    clone.try_git(&["push", "--tags", "origin"]).expect(1).says("refs/tags/bad50").says("refs/tags/bad20");
    assert_eq!(guarded.refs(), before);
}

#[test]
fn a_branch_that_catches_up_with_the_one_that_counts_brings_its_archives() {
    let fixture = Fixture::new(Hash::Sha1);
    for (name, install) in [("received", &[][..]), ("updated", &["--update-hook"])] {
        let guarded = Guarded::new(&fixture, name, install);
        let clone = &guarded.clone;
        clone.git(&["push", "-q", "origin", "main:stable"]);
        guarded.config("sysbom.protected", "main stable");
        guarded.config("sysbom.enforce", "warn");
        (push(BAD, "a floating tag").make)(clone);
        clone.git(&["push", "-q", "origin", "main"]);
        fixture.scratch.at(&guarded.server).git(&["config", "--unset", "sysbom.enforce"]);
        clone.write(MANIFEST, state("v1.3.0", "v2.0.0"));
        clone.sysbom(&["archive"]).expect(0);
        clone.commit("Mend it");
        clone.git(&["push", "-q", "origin", "main"]);
        clone.sysbom(&["archive", "--backfill"]).expect(0);
        clone.git(&["push", "-q", "origin", "main:stable"]);
        // To a new server an old branch may come first.
        let empty = fixture.scratch.root().join(format!("{name}-empty.git"));
        fixture.scratch.git(&["init", "-q", "--bare", "-b", "main", &empty.display().to_string()]);
        fixture.scratch.at(&empty).sysbom(&[&["install"], install].concat()).expect(0);
        let url = empty.display().to_string();
        clone.git(&["push", "-q", &url, "main~2:refs/heads/an-old-one"]);
        clone.git(&["push", "-q", &url, "main"]);
    }
}
