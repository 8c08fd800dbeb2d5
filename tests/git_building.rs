//! Commits that are made without a working tree, and how they reach a branch here and elsewhere, as
//! the real git sees it.

mod git_support;

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use git_support::{Sandbox, time};
use sysbom::git::{Content, GitEnv, Lease, Moved, NewCommit, Push, Pushed, Repo};
use sysbom::tree::{Kind, ObjectId, RepoPath};

const CURRENT: &str = "releases/current.yaml";
const MAIN: &str = "refs/heads/main";
const TOPIC: &str = "refs/heads/sysbom/release/app";

fn write(path: &str, bytes: &str) -> (RepoPath, Content) {
    (RepoPath::new(path), Content::Bytes(bytes.as_bytes().to_vec()))
}

/// A repository with an identity and one commit.
fn sandbox(options: &[&str]) -> Sandbox {
    let sandbox = Sandbox::with(options);
    identify(&sandbox, "repo");
    sandbox.write("README.md", "hello\n");
    sandbox.write("releases/history/old.yaml", "old\n");
    sandbox.commit(1, CURRENT, "a\n");
    sandbox
}

fn identify(sandbox: &Sandbox, folder: &str) {
    let folder = sandbox.folder.path().join(folder);
    for (key, value) in [("user.name", "Bot"), ("user.email", "bot@example.org"), ("commit.gpgSign", "false")]
    {
        sandbox.git_in(&folder, &["config", key, value]);
    }
}

/// A bare repository that `origin` names, with what main has.
fn remote(sandbox: &Sandbox) -> PathBuf {
    let bare = sandbox.folder.path().join("remote.git");
    sandbox.git_in(sandbox.folder.path(), &["clone", "-q", "--bare", "repo", "remote.git"]);
    sandbox.git(&["remote", "add", "origin", bare.to_str().unwrap()]);
    sandbox.git(&["fetch", "-q", "origin"]);
    bare
}

fn hook(bare: &std::path::Path, name: &str, script: &str) {
    let path = bare.join("hooks").join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A commit on `parent` that writes these bytes as the manifest.
fn commit(repo: &Repo, parent: &ObjectId, bytes: &str) -> ObjectId {
    let tree = repo.edit_tree(Some(parent), &[write(CURRENT, bytes)]).unwrap();
    repo.create_commit(&NewCommit::on(parent, tree, "Release app", time(9))).unwrap()
}

#[test]
fn a_commit_holds_what_was_written_and_keeps_all_else() {
    for options in [&[][..], &["--object-format=sha256"], &["--bare"]] {
        let sandbox = if options == ["--bare"] { sandbox(&[]) } else { sandbox(options) };
        let base = sandbox.id("main");
        let bare = remote(&sandbox);
        identify(&sandbox, "remote.git");
        let place = if options == ["--bare"] { bare } else { sandbox.top() };
        let before = sandbox.git(&["status", "--porcelain"]);
        let repo = Repo::discover(&place, &GitEnv::default()).unwrap();
        let kept = repo.write_blob(b"kept\n").unwrap();
        let changes = [
            write(CURRENT, "b\r\n"),
            write("releases/history/2024/06/a.yaml", "a\n"),
            (RepoPath::new("releases/history/k.yaml"), Content::Entry(Kind::File, kept)),
            (RepoPath::new("README.md"), Content::Removed),
        ];
        let tree = repo.edit_tree(Some(&base), &changes).unwrap();
        let new = NewCommit::on(&base, tree.clone(), "Release app\n\nä\n", time(5));
        let commit = repo.create_commit(&new).unwrap();
        let git = |args: &[&str]| sandbox.git_in(&place, args);
        assert_eq!(
            git(&["ls-tree", "-r", "--format=%(objectmode) %(path)", commit.as_str()]),
            "100644 releases/current.yaml\n100644 releases/history/2024/06/a.yaml\n\
             100644 releases/history/k.yaml\n100644 releases/history/old.yaml"
        );
        assert_eq!(git(&["cat-file", "blob", &format!("{commit}:{CURRENT}")]), "b\r");
        let shown = git(&["log", "-1", "--format=%P|%an|%ae|%ct|%at|%B", commit.as_str()]);
        let t = time(5);
        assert_eq!(shown, format!("{base}|Bot|bot@example.org|{t}|{t}|Release app\n\nä"));
        git(&["fsck", "--strict", "--no-dangling"]);
        assert_eq!(sandbox.git(&["status", "--porcelain"]), before);
        // The same once more is the same, but for another message or date.
        assert_eq!(repo.edit_tree(Some(&base), &changes).unwrap(), tree);
        assert!(repo.is_same_commit(&commit, &NewCommit { date: 1, ..new.clone() }).unwrap());
        assert!(!repo.is_same_commit(&commit, &NewCommit { message: "x".into(), ..new.clone() }).unwrap());
        assert!(!repo.is_same_commit(&commit, &NewCommit { parents: vec![], ..new }).unwrap());
    }
}

#[test]
fn the_first_commit_and_an_author_of_ones_own() {
    let sandbox = Sandbox::new();
    identify(&sandbox, "repo");
    let repo = sandbox.repo();
    let tree = repo.edit_tree(None, &[write(CURRENT, "a\n")]).unwrap();
    let new = NewCommit {
        parents: vec![],
        author: Some("Ada L <ada@example.org>".into()),
        author_date: Some(time(2)),
        ..NewCommit::on(&tree, tree.clone(), "Begin", time(3))
    };
    let commit = repo.create_commit(&new).unwrap();
    let shown = sandbox.git(&["log", "-1", "--format=%an|%ae|%at|%cn|%ct", commit.as_str()]);
    assert_eq!(shown, format!("Ada L|ada@example.org|{}|Bot|{}", time(2), time(3)));
    let odd = repo.create_commit(&NewCommit { author: Some("Ada".into()), ..new });
    assert!(odd.unwrap_err().message().contains("no author"));
}

#[test]
fn a_file_never_takes_the_place_of_a_folder_or_a_link() {
    let sandbox = sandbox(&[]);
    std::os::unix::fs::symlink("current.yaml", sandbox.path("releases/link.yaml")).unwrap();
    let base = sandbox.commit(2, "x", "x\n");
    let repo = sandbox.repo();
    for path in ["releases", "releases/link.yaml", "releases/current.yaml/x", "../x", "a/.git/x", "a//b", ""]
    {
        let fault = repo.edit_tree(Some(&base), &[write(path, "x")]);
        assert!(fault.is_err(), "{path:?}");
    }
    sandbox.git(&["update-index", "--chmod=+x", CURRENT]);
    let base = sandbox.commit_index(3);
    let tree = repo.edit_tree(Some(&base), &[write(CURRENT, "x")]).unwrap();
    assert!(sandbox.git(&["ls-tree", tree.as_str(), CURRENT]).starts_with("100644"));
}

#[test]
fn a_commit_is_signed_as_git_is_configured() {
    let sandbox = sandbox(&[]);
    let key = sandbox.folder.path().join("key");
    let program = sandbox.folder.path().join("sign");
    // Signs as `ssh-keygen -Y sign ... -f KEY FILE` does, if there is a key.
    let script = "#!/bin/sh\nwhile [ $# -gt 1 ]; do [ \"$1\" = -f ] && key=$2; shift; done\n\
        [ -f \"$key\" ] && printf '%s\\n' '-----BEGIN SSH SIGNATURE-----' U1NI '-----END SSH SIGNATURE-----' > \"$1.sig\"\n";
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::write(&key, "").unwrap();
    sandbox.git(&["config", "gpg.format", "ssh"]);
    sandbox.git(&["config", "user.signingKey", key.to_str().unwrap()]);
    sandbox.git(&["config", "gpg.ssh.program", program.to_str().unwrap()]);
    let repo = sandbox.repo();
    let base = sandbox.id("main");
    let new = NewCommit::on(&base, repo.edit_tree(Some(&base), &[]).unwrap(), "x", time(4));
    let is_signed = |id: &ObjectId| sandbox.git(&["cat-file", "commit", id.as_str()]).contains("\ngpgsig ");
    assert!(!is_signed(&repo.create_commit(&new).unwrap()));
    assert!(is_signed(&repo.create_commit(&NewCommit { sign: true, ..new.clone() }).unwrap()));
    sandbox.git(&["config", "commit.gpgSign", "true"]);
    assert!(is_signed(&repo.create_commit(&new).unwrap()));
    // No key, no commit: an unsigned one would be worse.
    std::fs::remove_file(&key).unwrap();
    let fault = repo.create_commit(&new).unwrap_err();
    assert_eq!(fault.message(), "could not make a signed commit");
}

#[test]
fn a_branch_moves_only_from_where_it_was_seen() {
    let sandbox = sandbox(&[]);
    let repo = sandbox.repo();
    let base = sandbox.id("main");
    let (one, two) = (commit(&repo, &base, "1\n"), commit(&repo, &base, "2\n"));
    assert_eq!(repo.move_branch(TOPIC, None, &one, "release").unwrap(), Moved::Done);
    assert_eq!(repo.tip(TOPIC).unwrap(), Some(one.clone()));
    assert_eq!(repo.move_branch(TOPIC, None, &two, "release").unwrap(), Moved::Lost(Some(one.clone())));
    assert_eq!(repo.move_branch(TOPIC, Some(&base), &two, "x").unwrap(), Moved::Lost(Some(one.clone())));
    assert_eq!(repo.move_branch(TOPIC, Some(&one), &two, "release: again").unwrap(), Moved::Done);
    assert!(sandbox.git(&["reflog", "-1", TOPIC]).contains("release: again"));
    // Whoever wants what is there already has it.
    assert_eq!(repo.move_branch(TOPIC, Some(&one), &two, "x").unwrap(), Moved::Done);
    let names: Vec<String> = repo.branches("refs/heads/").unwrap().into_iter().map(|b| b.name).collect();
    assert_eq!(names, [MAIN, TOPIC]);
    assert_eq!(repo.delete_branch(TOPIC, &one).unwrap(), Moved::Lost(Some(two.clone())));
    assert_eq!(repo.delete_branch(TOPIC, &two).unwrap(), Moved::Done);
    assert_eq!(repo.tip(TOPIC).unwrap(), None);
    assert!(repo.is_branch_name("sysbom/release/a%2Fb").unwrap());
    assert!(!repo.is_branch_name("sysbom/release/a..b").unwrap());
}

#[test]
fn a_branch_that_is_checked_out_is_not_pulled_away_from_under_its_files() {
    let sandbox = sandbox(&[]);
    let repo = sandbox.repo();
    let base = sandbox.id("main");
    let next = commit(&repo, &base, "1\n");
    let fault = repo.move_branch(MAIN, Some(&base), &next, "x").unwrap_err();
    assert!(fault.chain().contains("checked out"), "{}", fault.chain());
    sandbox.git(&["worktree", "add", "-q", "../other", "-b", "topic"]);
    assert!(repo.move_branch("refs/heads/topic", Some(&base), &next, "x").is_err());
    // Forward, with its files, is another matter, unless changes stand in the way.
    std::fs::write(sandbox.folder.path().join("other").join(CURRENT), "mine\n").unwrap();
    assert!(repo.forward_checked_out("refs/heads/topic", &next).is_err());
    assert_eq!(sandbox.id("topic"), base);
    repo.forward_checked_out(MAIN, &next).unwrap();
    assert_eq!((sandbox.id("main"), sandbox.read(CURRENT)), (next, "1\n".to_owned()));
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
}

fn push(name: &str, new: Option<&ObjectId>, lease: Lease) -> Push {
    Push { name: name.to_owned(), new: new.cloned(), lease }
}

#[test]
fn a_push_under_lease_replaces_what_was_seen_and_nothing_else() {
    let sandbox = sandbox(&[]);
    remote(&sandbox);
    let repo = sandbox.repo();
    let base = sandbox.id("main");
    let [one, two, three] = ["1\n", "2\n", "3\n"].map(|bytes| commit(&repo, &base, bytes));
    let go = |new: Option<&ObjectId>, lease: Lease| {
        repo.push("origin", &[push(TOPIC, new, lease)]).unwrap().remove(0)
    };
    assert_eq!(go(Some(&one), Lease::At(None)), Pushed::Done);
    assert_eq!(go(Some(&two), Lease::At(None)), Pushed::Lost(Some(one.clone())));
    assert_eq!(go(Some(&two), Lease::At(Some(one.clone()))), Pushed::Done);
    assert_eq!(go(Some(&three), Lease::At(Some(one.clone()))), Pushed::Lost(Some(two.clone())));
    // Pushed already, by an earlier run that was killed, say.
    assert_eq!(go(Some(&two), Lease::At(Some(one.clone()))), Pushed::Done);
    assert_eq!(repo.remote_tips("origin", &[TOPIC, MAIN]).unwrap()[TOPIC], two);
    assert_eq!(go(None, Lease::At(Some(one))), Pushed::Lost(Some(two.clone())));
    assert_eq!(go(None, Lease::At(Some(two.clone()))), Pushed::Done);
    assert_eq!(go(None, Lease::At(Some(two))), Pushed::Done);
    assert!(repo.remote_tips("origin", &[TOPIC]).unwrap().is_empty());
}

#[test]
fn a_push_forward_never_replaces() {
    let sandbox = sandbox(&[]);
    remote(&sandbox);
    let repo = sandbox.repo();
    let base = sandbox.id("main");
    let (one, two) = (commit(&repo, &base, "1\n"), commit(&repo, &base, "2\n"));
    let go = |new: &ObjectId| {
        repo.push("origin", &[push(MAIN, Some(new), Lease::Forward(base.clone()))]).unwrap().remove(0)
    };
    assert_eq!(go(&one), Pushed::Done);
    assert_eq!(go(&two), Pushed::Lost(Some(one.clone())));
    repo.fetch("origin", &["+refs/heads/*:refs/remotes/origin/*".to_owned()], true).unwrap();
    assert_eq!(repo.tip("refs/remotes/origin/main").unwrap(), Some(one));
}

#[test]
fn several_branches_are_pushed_at_once_and_one_that_is_lost_keeps_no_other_back() {
    let sandbox = sandbox(&[]);
    let bare = remote(&sandbox);
    let repo = sandbox.repo();
    let base = sandbox.id("main");
    let (one, two) = (commit(&repo, &base, "1\n"), commit(&repo, &base, "2\n"));
    sandbox.git(&["push", "-q", "origin", &format!("{one}:refs/heads/a")]);
    hook(&bare, "update", "case $1 in refs/heads/c) echo 'not this one' >&2; exit 1;; esac");
    let pushes = ["a", "b", "c"].map(|name| push(&format!("refs/heads/{name}"), Some(&two), Lease::At(None)));
    let results = repo.push("origin", &pushes).unwrap();
    assert_eq!(results[..2], [Pushed::Lost(Some(one)), Pushed::Done]);
    assert!(matches!(&results[2], Pushed::Refused(why) if why.contains("not this one")), "{results:?}");
}

#[test]
fn a_push_that_was_taken_counts_even_if_the_connection_breaks_behind_it() {
    let sandbox = sandbox(&[]);
    let bare = remote(&sandbox);
    hook(&bare, "post-receive", "kill -9 $PPID");
    let repo = sandbox.repo();
    let one = commit(&repo, &sandbox.id("main"), "1\n");
    let pushes = [push(TOPIC, Some(&one), Lease::At(None))];
    assert_eq!(repo.push("origin", &pushes).unwrap(), [Pushed::Done]);
}

#[test]
fn a_remote_that_does_not_answer_is_given_up() {
    let sandbox = sandbox(&[]);
    remote(&sandbox);
    sandbox.git(&["config", "remote.origin.uploadpack", "sleep 20; false"]);
    sandbox.git(&["config", "sysbom.timeout", "1"]);
    let started = std::time::Instant::now();
    let fault = sandbox.repo().fetch("origin", &["+refs/heads/*:refs/remotes/origin/*".into()], false);
    assert!(fault.unwrap_err().message().contains("did not answer within 1 seconds"));
    assert!(started.elapsed().as_secs() < 10);
    // What git has started may hold on to its output after git has ended; nobody waits for that.
    sandbox.git(&["config", "remote.origin.uploadpack", "sleep 20 & git-upload-pack"]);
    sandbox.git(&["config", "sysbom.timeout", "60"]);
    let started = std::time::Instant::now();
    sandbox.repo().fetch("origin", &["+refs/heads/*:refs/remotes/origin/*".into()], false).unwrap();
    assert!(started.elapsed().as_secs() < 15);
    let fault = sandbox.repo().fetch("nowhere", &["+refs/heads/*:refs/x/*".into()], false).unwrap_err();
    assert!(fault.message().contains("could not fetch from `nowhere`"));
}
