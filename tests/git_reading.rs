//! What is read from repositories that the real git made.

mod git_support;

use std::collections::HashSet;

use git_support::{Sandbox, succeed, time};
use sysbom::git::{GitEnv, Repo, State, USUAL_NAME};
use sysbom::tree::{Kind, ObjectId, RepoPath, Tree, TreeEntry};

const CURRENT: &str = "releases/current.yaml";

fn path(text: &str) -> RepoPath {
    RepoPath::new(text)
}

/// What git itself lists of a commit.
fn ls_tree(sandbox: &Sandbox, rev: &str) -> Vec<(String, String)> {
    let listing = sandbox.git(&["ls-tree", "-r", rev]);
    let mut rows: Vec<_> = listing
        .lines()
        .map(|line| {
            let (facts, path) = line.split_once('\t').unwrap();
            (path.to_owned(), facts.split(' ').nth(2).unwrap().to_owned())
        })
        .collect();
    rows.sort();
    rows
}

fn rows(files: &[TreeEntry]) -> Vec<(String, String)> {
    files.iter().map(|file| (file.path.to_string(), file.id.to_string())).collect()
}

fn assert_reads_as_git_lists(options: &[&str]) {
    let sandbox = Sandbox::with(options);
    for name in ["a.yaml", "a/b.yaml", "a/b/c.yaml", "a-b.yaml", "a0.yaml", "z"] {
        sandbox.write(&format!("releases/{name}x"), name);
    }
    let commit = sandbox.commit(1, CURRENT, "images: {}\n");
    let repo = sandbox.repo();
    let top = path("");
    let expected = ls_tree(&sandbox, "HEAD");
    assert_eq!(expected.len(), 7);
    let folder = sandbox.id("HEAD:releases");
    let trees: [(&str, &dyn Tree); 3] = [
        ("commit", &repo.commit_tree(&commit).unwrap()),
        ("index", &repo.index_tree().unwrap()),
        ("worktree", &repo.worktree().unwrap()),
    ];
    for (name, tree) in trees {
        assert_eq!(rows(&tree.files_below(&top).unwrap()), expected, "{name} {options:?}");
        let entry = tree.entry(&path("releases")).unwrap().unwrap();
        assert_eq!((entry.kind, entry.id), (Kind::Folder, folder.clone()), "{name} {options:?}");
        let current = tree.entry(&path(CURRENT)).unwrap().unwrap();
        assert_eq!(current.kind, Kind::File);
        assert_eq!(tree.read(&current, 100).unwrap(), b"images: {}\n", "{name}");
        assert_eq!(tree.read(&current, 3).unwrap(), b"imag", "one more than the limit, {name}");
        assert_eq!(tree.entry(&path("releases/none")).unwrap(), None, "{name}");
        assert_eq!(tree.entry(&path("releases/current.yaml/x")).unwrap(), None, "{name}");
        assert_eq!(tree.files_below(&path("none")).unwrap(), [], "{name}");
    }
}

#[test]
fn commit_index_and_working_tree_read_as_git_lists_them() {
    assert_reads_as_git_lists(&[]);
    assert_reads_as_git_lists(&["--object-format=sha256"]);
}

/// What git itself lists of one folder of a tree.
fn ls_folder(sandbox: &Sandbox, tree: &str, folder: &str) -> Vec<String> {
    let listing = sandbox.git(&["ls-tree", "--name-only", "-z", &format!("{tree}:{folder}")]);
    let names = listing.split('\0').filter(|name| !name.is_empty());
    let mut paths: Vec<_> = names.map(|name| path(folder).join(name).to_string()).collect();
    paths.sort();
    paths
}

fn folder_of(tree: &dyn Tree, folder: &str) -> Vec<String> {
    tree.paths_in(&path(folder)).unwrap().iter().map(ToString::to_string).collect()
}

#[test]
fn each_folder_of_commit_index_and_working_tree_lists_as_git_lists_it() {
    for options in [&[][..], &["--object-format=sha256"]] {
        let sandbox = Sandbox::with(options);
        for name in ["a.yaml", "a/b.yaml", "a/b/c/d.yaml", "a-b/x", "a0/x", "A", "caf\u{e9} [x]*", "z/z"] {
            sandbox.write(&format!("releases/{name}"), name);
        }
        sandbox.write("README", "x");
        let commit = sandbox.commit(1, CURRENT, "images: {}\n");
        let repo = sandbox.repo();
        let trees: [(&str, &dyn Tree); 3] = [
            ("commit", &repo.commit_tree(&commit).unwrap()),
            ("index", &repo.index_tree().unwrap()),
            ("worktree", &repo.worktree().unwrap()),
        ];
        for (name, tree) in trees {
            for folder in ["", "releases", "releases/a", "releases/a/b", "releases/a/b/c", "releases/z"] {
                let expected = ls_folder(&sandbox, "HEAD", folder);
                assert!(!expected.is_empty(), "{folder}");
                assert_eq!(folder_of(tree, folder), expected, "{name} {folder} {options:?}");
            }
            for none in ["none", "releases/a.yaml", "releases/A", "releases/current.yaml/x", "rel"] {
                assert_eq!(folder_of(tree, none), [""; 0], "{name} {none}");
            }
        }
    }
}

#[test]
fn a_folder_of_the_working_tree_lists_what_git_would_add() {
    let sandbox = Sandbox::new();
    sandbox.write(".gitignore", "*.tmp\nout/\n");
    sandbox.write("releases/gone.yaml", "x\n");
    sandbox.write("releases/former/x.yaml", "x\n");
    sandbox.write("releases/file-now/x.yaml", "x\n");
    sandbox.commit(1, CURRENT, "old\n");
    for path in ["releases/gone.yaml", "releases/former/x.yaml", "releases/file-now/x.yaml"] {
        std::fs::remove_file(sandbox.path(path)).unwrap();
    }
    std::fs::remove_dir(sandbox.path("releases/file-now")).unwrap();
    sandbox.write("releases/file-now", "x");
    sandbox.write("releases/new.yaml", "x");
    sandbox.write("releases/new/deep/x.yaml", "x");
    sandbox.write("releases/note.tmp", "x");
    sandbox.write("releases/out/x", "x");
    sandbox.write("releases/only-ignored/x.tmp", "x");
    std::fs::create_dir(sandbox.path("releases/empty")).unwrap();
    let repo = sandbox.repo();
    let folders = ["", "releases", "releases/new", "releases/new/deep"];
    let found = folders.map(|folder| folder_of(&repo.worktree().unwrap(), folder));
    sandbox.git(&["add", "-A"]);
    let tree = sandbox.git(&["write-tree"]);
    assert_eq!(found, folders.map(|folder| ls_folder(&sandbox, &tree, folder)));
    assert_eq!(found[1].len(), 4, "{found:?}");
}

#[test]
fn a_link_and_another_repository_are_no_folders_to_list() {
    let sandbox = Sandbox::new();
    sandbox.write("elsewhere/x/y", "x\n");
    sandbox.commit(1, "README", "x\n");
    std::os::unix::fs::symlink("elsewhere", sandbox.path("releases")).unwrap();
    sandbox.git(&["init", "-q", "module"]);
    sandbox.write("module/x/y", "x\n");
    sandbox.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{},module", sandbox.id("HEAD"))]);
    let repo = sandbox.repo();
    for folder in ["releases", "releases/x", "module", "module/x"] {
        assert_eq!(folder_of(&repo.worktree().unwrap(), folder), [""; 0], "{folder}");
    }
    let top = folder_of(&repo.worktree().unwrap(), "");
    assert_eq!(top, ["README", "elsewhere", "module", "releases"]);
}

#[test]
fn every_form_of_the_index_is_read() {
    for settings in [
        &["index.version=4"][..],
        &["core.splitIndex=true"],
        &["core.untrackedCache=true"],
        &["index.skipHash=true"],
    ] {
        let sandbox = Sandbox::new();
        for setting in settings {
            let (key, value) = setting.split_once('=').unwrap();
            sandbox.git(&["config", key, value]);
        }
        sandbox.commit(1, CURRENT, "a\n");
        sandbox.commit(2, "releases/history/a.yaml", "b\n");
        sandbox.git(&["update-index", "--refresh"]);
        let repo = sandbox.repo();
        let files = repo.index_tree().unwrap().files_below(&path("")).unwrap();
        assert_eq!(rows(&files), ls_tree(&sandbox, "HEAD"), "{settings:?}");
    }
}

#[test]
fn folders_that_a_sparse_index_keeps_as_one_entry_are_looked_into() {
    let sandbox = Sandbox::new();
    sandbox.write("charts/app/values.yaml", "x");
    sandbox.write("releases/history/2024/a.yaml", "a\n");
    sandbox.commit(1, CURRENT, "b\n");
    sandbox.git(&["sparse-checkout", "set", "--sparse-index", "charts"]);
    assert!(sandbox.git(&["ls-files", "--sparse"]).lines().any(|line| line == "releases/"));
    let repo = sandbox.repo();
    let expected = ls_tree(&sandbox, "HEAD");
    let trees: [(&str, &dyn Tree); 2] =
        [("index", &repo.index_tree().unwrap()), ("worktree", &repo.worktree().unwrap())];
    for (name, tree) in trees {
        assert_eq!(rows(&tree.files_below(&path("")).unwrap()), expected, "{name}");
        let history = tree.files_below(&path("releases/history")).unwrap();
        assert_eq!(rows(&history), &expected[2..], "{name}");
        let current = tree.entry(&path(CURRENT)).unwrap().unwrap();
        assert_eq!(tree.read(&current, 10).unwrap(), b"b\n", "{name}");
        let folder = tree.entry(&path("releases/history")).unwrap().unwrap();
        assert_eq!(folder.id, sandbox.id("HEAD:releases/history"), "{name}");
        for folder in ["", "charts", "releases", "releases/history", "releases/history/2024"] {
            assert_eq!(folder_of(tree, folder), ls_folder(&sandbox, "HEAD", folder), "{name} {folder}");
        }
    }
}

#[test]
fn the_working_tree_shows_what_git_would_add() {
    let sandbox = Sandbox::new();
    sandbox.write(".gitignore", "*.tmp\n");
    sandbox.write("releases/gone.yaml", "x\n");
    sandbox.write("releases/same.yaml", "same\n");
    sandbox.commit(1, CURRENT, "old\n");
    std::fs::remove_file(sandbox.path("releases/gone.yaml")).unwrap();
    sandbox.write(CURRENT, "new\n");
    sandbox.write("releases/note.tmp", "x");
    sandbox.write("releases/history/a.yaml", "a\n");
    sandbox.write("releases/we*ird [x].yaml", "w\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::os::unix::fs::symlink("current.yaml", sandbox.path("releases/link.yaml")).unwrap();
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(sandbox.path("releases/same.yaml"), mode).unwrap();
    }
    let repo = sandbox.repo();
    let files = repo.worktree().unwrap().files_below(&path("releases")).unwrap();
    sandbox.git(&["add", "-A"]);
    let tree = ObjectId::new(sandbox.git(&["write-tree"]));
    let expected = repo.commit_tree(&tree).unwrap().files_below(&path("releases")).unwrap();
    assert_eq!(files, expected);
    assert_eq!(files.len(), if cfg!(unix) { 5 } else { 4 });
}

#[test]
fn a_file_behind_a_linked_folder_is_not_there() {
    let sandbox = Sandbox::new();
    sandbox.write("elsewhere/current.yaml", "x\n");
    std::os::unix::fs::symlink("elsewhere", sandbox.path("releases")).unwrap();
    let repo = sandbox.repo();
    let tree = repo.worktree().unwrap();
    assert_eq!(tree.entry(&path(CURRENT)).unwrap(), None);
    assert_eq!(tree.entry(&path("releases")).unwrap().unwrap().kind, Kind::Symlink);
}

#[test]
fn an_unmerged_file_is_said_to_be_one() {
    let sandbox = Sandbox::new();
    sandbox.commit(1, CURRENT, "a\n");
    sandbox.git(&["switch", "-q", "-c", "topic"]);
    sandbox.commit(2, CURRENT, "b\n");
    sandbox.git(&["switch", "-q", "main"]);
    sandbox.commit(3, CURRENT, "c\n");
    assert!(!sandbox.try_git(&["merge", "topic"]).status.success());
    let repo = sandbox.repo();
    let fault = repo.index_tree().unwrap().entry(&path(CURRENT)).unwrap_err();
    assert!(fault.message.contains("`releases/current.yaml` is not merged yet"), "{}", fault.message);
    assert!(repo.index_tree().unwrap().files_below(&path("releases")).is_err());
    assert_eq!(repo.merge_heads().unwrap(), [sandbox.id("topic")]);
    // The working tree holds the markers, and shows them.
    let entry = repo.worktree().unwrap().entry(&path(CURRENT)).unwrap().unwrap();
    assert!(repo.worktree().unwrap().read(&entry, 1000).unwrap().starts_with(b"<<<<<<<"));
}

#[test]
fn the_index_of_the_commit_under_way_is_the_one_read() {
    let sandbox = Sandbox::new();
    sandbox.commit(1, CURRENT, "a\n");
    let other = sandbox.folder.path().join("next-index-7.lock");
    std::fs::copy(sandbox.path(".git/index"), &other).unwrap();
    sandbox.write(CURRENT, "b\n");
    let mut add = sandbox.command(&sandbox.top(), &["add", "-A"]);
    add.env("GIT_INDEX_FILE", &other);
    succeed(add);
    let env = GitEnv { index_file: Some(other), ..GitEnv::default() };
    let repo = Repo::discover(&sandbox.top(), &env).unwrap();
    let tree = repo.index_tree().unwrap();
    let entry = tree.entry(&path(CURRENT)).unwrap().unwrap();
    assert_eq!(tree.read(&entry, 10).unwrap(), b"b\n");
    assert!(repo.is_partial_commit());
    assert!(!sandbox.repo().is_partial_commit());
}

#[test]
fn linked_worktrees_and_bare_repositories_are_opened() {
    let sandbox = Sandbox::new();
    let commit = sandbox.commit(1, CURRENT, "a\n");
    let linked = sandbox.folder.path().join("linked");
    sandbox.git(&["worktree", "add", "-q", linked.to_str().unwrap(), "-b", "topic"]);
    let repo = Repo::discover(&linked.join("releases"), &GitEnv::default()).unwrap();
    assert_eq!(repo.work_dir().unwrap().canonicalize().unwrap(), linked.canonicalize().unwrap());
    assert_eq!(repo.common_dir().canonicalize().unwrap(), sandbox.path(".git").canonicalize().unwrap());
    assert!(repo.worktree().unwrap().entry(&path(CURRENT)).unwrap().is_some());
    // As a hook in it is called.
    let git_dir = Some(sandbox.path(".git/worktrees/linked"));
    let repo = Repo::discover(&linked, &GitEnv { git_dir, ..GitEnv::default() }).unwrap();
    assert_eq!(repo.work_dir().unwrap().canonicalize().unwrap(), linked.canonicalize().unwrap());

    let bare = sandbox.folder.path().join("bare.git");
    sandbox.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let git_dir = Some(".".into());
    for env in [GitEnv::default(), GitEnv { git_dir, ..GitEnv::default() }] {
        let repo = Repo::discover(&bare, &env).unwrap();
        assert!(repo.is_bare());
        assert_eq!(repo.head().unwrap(), Some(commit.clone()));
        assert!(repo.commit_tree(&commit).unwrap().entry(&path(CURRENT)).unwrap().is_some());
        assert!(repo.worktree().unwrap_err().message().contains("bare"));
    }
}

#[test]
fn a_git_folder_elsewhere_is_followed_to_its_working_tree() {
    let sandbox = Sandbox::with(&["--separate-git-dir=apart"]);
    sandbox.commit(1, CURRENT, "a\n");
    let apart = Some(sandbox.folder.path().join("apart"));
    let work_tree = Some(sandbox.top());
    for (start, env) in [
        (sandbox.path("releases"), GitEnv::default()),
        (sandbox.top(), GitEnv { git_dir: apart.clone(), ..GitEnv::default() }),
        (sandbox.folder.path().to_owned(), GitEnv { git_dir: apart, work_tree, ..GitEnv::default() }),
    ] {
        let repo = Repo::discover(&start, &env).unwrap();
        let files = repo.worktree().unwrap().files_below(&path("")).unwrap();
        assert_eq!(rows(&files), ls_tree(&sandbox, "HEAD"), "{env:?}");
    }
}

#[test]
fn what_cannot_be_opened_says_why_and_what_to_do() {
    let empty = tempfile::tempdir().unwrap();
    let fault = Repo::discover(empty.path(), &GitEnv::default()).unwrap_err();
    assert!(fault.message().ends_with("is not in a git repository"), "{}", fault.chain());
    assert!(fault.help_text().unwrap().contains("git init"));

    let reftable = Sandbox::with(&["--ref-format=reftable"]);
    let fault = Repo::discover(&reftable.top(), &GitEnv::default()).unwrap_err();
    assert!(fault.message().contains("`reftable`"), "{}", fault.chain());
    assert!(fault.help_text().unwrap().contains("git refs migrate --ref-format=files"));

    let foreign = Sandbox::new();
    if std::os::unix::fs::chown(foreign.top(), Some(12_345), None).is_ok() {
        std::os::unix::fs::chown(foreign.path(".git"), Some(12_345), None).unwrap();
        let fault = Repo::discover(&foreign.top(), &GitEnv::default()).unwrap_err();
        assert!(fault.message().contains("belongs to another user"), "{}", fault.chain());
        assert!(fault.help_text().unwrap().contains("safe.directory"));
    }
}

#[test]
fn an_empty_repository_has_no_base() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    assert_eq!(repo.head().unwrap(), None);
    assert_eq!(repo.base().unwrap(), None);
    assert_eq!(repo.index_tree().unwrap().files_below(&path("")).unwrap(), []);
}

#[test]
fn base_is_the_first_that_is_known_of_five() {
    let sandbox = Sandbox::new();
    let first = sandbox.commit(1, CURRENT, "a\n");
    let base = |how: &str| {
        let base = sandbox.repo().base().unwrap().unwrap();
        assert_eq!(base.how, how);
        (base.commit, base.name)
    };
    assert_eq!(base("HEAD"), (first.clone(), "HEAD".to_owned()));

    sandbox.git(&["switch", "-q", "-c", "topic", "--track", "main"]);
    let second = sandbox.commit(2, CURRENT, "b\n");
    assert_eq!(base("upstream"), (first.clone(), "main".to_owned()));

    sandbox.git(&["update-ref", "refs/remotes/origin/trunk", second.as_str()]);
    sandbox.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk"]);
    assert_eq!(base("refs/remotes/origin/HEAD"), (second.clone(), "origin/trunk".to_owned()));
    sandbox.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/gone"]);
    assert_eq!(base("upstream"), (first.clone(), "main".to_owned()));
    sandbox.git(&["update-ref", "refs/remotes/origin/main", second.as_str()]);
    assert_eq!(base(USUAL_NAME), (second.clone(), "origin/main".to_owned()));

    sandbox.git(&["config", "sysbom.base", "topic~1"]);
    assert_eq!(base("sysbom.base"), (first, "topic~1".to_owned()));
    let env = GitEnv {
        overrides: ["http.https://a.b/.extraHeader=a: b", "odd", "sysbom.base=topic"]
            .map(Into::into)
            .to_vec(),
        ..GitEnv::default()
    };
    let repo = Repo::discover(&sandbox.top(), &env).unwrap();
    assert_eq!(repo.base().unwrap().unwrap().commit, second, "as `git -c` says");
    sandbox.git(&["config", "sysbom.base", "nowhere"]);
    let fault = sandbox.repo().base().unwrap_err();
    assert!(fault.message().contains("sysbom.base"), "{}", fault.chain());
    assert!(fault.chain().contains("`nowhere` names no commit"), "{}", fault.chain());
}

#[test]
fn a_feature_branch_with_an_upstream_is_not_base_where_a_default_branch_is() {
    let sandbox = Sandbox::new();
    let first = sandbox.commit(1, CURRENT, "a\n");
    sandbox.git(&["remote", "add", "origin", "../forge.git"]);
    let follow = |branch: &str| sandbox.git(&["branch", "-q", "--set-upstream-to", branch]);
    let base = || sandbox.repo().base().unwrap().map(|base| (base.name, base.how)).unwrap();
    sandbox.git(&["switch", "-q", "-c", "mine"]);
    sandbox.git(&["update-ref", "refs/remotes/origin/mine", first.as_str()]);
    follow("origin/mine");
    assert_eq!(base(), ("origin/mine".to_owned(), "upstream"), "no other is known");
    for (name, found) in [("master", "master"), ("main", "main"), ("trunk", "main")] {
        sandbox.git(&["update-ref", &format!("refs/remotes/origin/{name}"), first.as_str()]);
        assert_eq!(base(), (format!("origin/{found}"), USUAL_NAME));
    }
    follow("origin/master");
    assert_eq!(base(), ("origin/master".to_owned(), USUAL_NAME), "of several, the one that is followed");
    follow("origin/mine");
    sandbox.git(&["config", "init.defaultBranch", "trunk"]);
    assert_eq!(base(), ("origin/trunk".to_owned(), USUAL_NAME));
}

#[test]
fn revisions_resolve_as_git_resolves_them() {
    let sandbox = Sandbox::new();
    sandbox.commit(1, CURRENT, "a\n");
    let second = sandbox.commit(2, CURRENT, "b\n");
    sandbox.git(&["tag", "-a", "-m", "x", "v1"]);
    sandbox.commit(3, CURRENT, "c\n");
    let repo = sandbox.repo();
    for rev in ["HEAD^1", "HEAD~1", "v1^{commit}", "main~1", second.short(), ":/a change", "@~"] {
        assert_eq!(repo.resolve(rev).unwrap(), sandbox.id(rev), "{rev}");
    }
    assert_eq!(repo.resolve("v1").unwrap(), second);
    for rev in ["nothing", "HEAD~9", "--all", "", "HEAD:releases/current.yaml", "a..b"] {
        let fault = repo.resolve(rev).unwrap_err();
        assert!(fault.message().contains("names no commit"), "{rev}: {}", fault.chain());
    }
}

/// main: 1-2---M-6, topic: 2-3-4 merged by M (5).
fn with_a_merge() -> (Sandbox, Vec<ObjectId>) {
    let sandbox = Sandbox::new();
    let one = sandbox.commit(1, CURRENT, "1\n");
    let two = sandbox.commit(2, CURRENT, "2\n");
    sandbox.git(&["switch", "-q", "-c", "topic"]);
    let three = sandbox.commit(3, CURRENT, "3\n");
    let four = sandbox.commit(4, CURRENT, "4\n");
    sandbox.git(&["switch", "-q", "main"]);
    let mut merge = sandbox.command(&sandbox.top(), &["merge", "-q", "--no-ff", "topic"]);
    merge.env("GIT_COMMITTER_DATE", git_support::date(5));
    succeed(merge);
    let five = sandbox.id("HEAD");
    let six = sandbox.commit(6, "other", "x");
    (sandbox, vec![one, two, three, four, five, six])
}

#[test]
fn what_head_has_and_base_has_not_is_listed() {
    let (sandbox, ids) = with_a_merge();
    let repo = sandbox.repo();
    let listed = |bases: &[ObjectId], head: &ObjectId| -> Vec<ObjectId> {
        repo.commits_between(bases, head, 100).unwrap().into_iter().map(|commit| commit.id).collect()
    };
    assert_eq!(listed(&ids[1..2], &ids[5]), [&ids[5], &ids[4], &ids[3], &ids[2]].map(Clone::clone));
    assert_eq!(listed(&ids[3..4], &ids[5]), [&ids[5], &ids[4]].map(Clone::clone));
    assert_eq!(listed(&[], &ids[1]), [&ids[1], &ids[0]].map(Clone::clone));
    assert_eq!(listed(&ids[5..], &ids[5]), []);
    let merge = repo.commit(&ids[4]).unwrap();
    assert_eq!(merge.parents, [ids[1].clone(), ids[3].clone()]);
    assert_eq!(merge.committer_time, time(5));
    assert!(repo.commits_between(&[], &ids[5], 2).is_err());
    for (older, newer, expected) in [(1, 5, true), (3, 5, true), (5, 1, false), (2, 1, false), (2, 2, true)] {
        assert_eq!(repo.is_ancestor(&ids[older], &ids[newer]).unwrap(), expected, "{older} {newer}");
    }
}

#[test]
fn the_newest_commit_of_base_that_a_merge_contains_is_gits_merge_base() {
    let sandbox = Sandbox::new();
    sandbox.commit(1, CURRENT, "1\n");
    sandbox.git(&["switch", "-q", "-c", "topic"]);
    sandbox.commit(2, "a", "2\n");
    sandbox.git(&["switch", "-q", "main"]);
    let newer = sandbox.commit(3, "b", "3\n");
    sandbox.commit(4, "b", "4\n");
    let repo = sandbox.repo();
    let (main, topic) = (sandbox.id("main"), sandbox.id("topic"));
    let expected = sandbox.git(&["merge-base", "main", "topic"]);
    assert_eq!(repo.merge_base(&main, std::slice::from_ref(&topic)).unwrap().unwrap().as_str(), expected);
    // While a merge of main~1 into topic is under way, base is what that merge brings.
    let expected = sandbox.git(&["merge-base", "main", "topic", "main~1"]);
    assert_eq!(repo.merge_base(&main, &[topic, newer]).unwrap().unwrap().as_str(), expected);
    sandbox.git(&["switch", "-q", "--orphan", "apart"]);
    let apart = sandbox.commit(5, "c", "5\n");
    assert_eq!(sandbox.repo().merge_base(&main, &[apart]).unwrap(), None);
}

#[test]
fn states_are_what_base_was_and_when_it_became_that() {
    let (sandbox, ids) = with_a_merge();
    let back = sandbox.commit(7, CURRENT, "1\n");
    std::fs::remove_file(sandbox.path(CURRENT)).unwrap();
    let gone = sandbox.commit(8, "other", "y");
    let again = sandbox.commit(9, CURRENT, "1\n");
    let repo = sandbox.repo();
    let blob = |text: &str| repo.blob_id(text.as_bytes()).unwrap();
    let state = |commit: &ObjectId, minute, text: &str| State {
        commit: commit.clone(),
        committer_time: time(minute),
        blob: blob(text),
    };
    // 3 was never at the tip of base, and 6 changed another file.
    let expected = [
        state(&again, 9, "1\n"),
        state(&back, 7, "1\n"),
        state(&ids[4], 5, "4\n"),
        state(&ids[1], 2, "2\n"),
        state(&ids[0], 1, "1\n"),
    ];
    let states: Vec<State> = repo.states(&again, &path(CURRENT)).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(states, expected);
    for (text, expected) in [("1\n", true), ("2\n", true), ("3\n", false), ("4\n", true), ("x", false)] {
        assert_eq!(repo.is_former_state(&again, &path(CURRENT), &blob(text)).unwrap(), expected, "{text}");
    }
    assert_eq!(repo.archive_of(&gone, &path(CURRENT), &|_, _| path("x")).unwrap(), None);
}

#[test]
fn archives_are_planned_for_what_is_not_kept() {
    let (sandbox, ids) = with_a_merge();
    let back = sandbox.commit(7, CURRENT, "1\n");
    let repo = sandbox.repo();
    let name = |time: i64, bytes: &[u8]| path(&format!("{time} {}", String::from_utf8_lossy(bytes).trim()));
    let plan = repo.archive_of(&ids[5], &path(CURRENT), &name).unwrap().unwrap();
    assert_eq!((plan.path.as_str(), &plan.bytes[..]), (&*format!("{} 4", time(5)), &b"4\n"[..]));
    assert_eq!(plan.blob, repo.blob_id(b"4\n").unwrap());
    let names = |kept: &[&str]| -> Vec<String> {
        let kept: HashSet<ObjectId> = kept.iter().map(|t| repo.blob_id(t.as_bytes()).unwrap()).collect();
        let plans = repo.missing_archives(&back, &path(CURRENT), &kept, &name).unwrap();
        plans.into_iter().map(|plan| plan.path.to_string()).collect()
    };
    assert_eq!(names(&["1\n"]), [format!("{} 4", time(5)), format!("{} 2", time(2))]);
    assert_eq!(names(&["1\n", "4\n", "2\n"]), [""; 0]);
    // A state that came back is archived under the newest time it became that.
    assert_eq!(names(&["4\n", "2\n"]), [format!("{} 1", time(7))]);
}

#[test]
fn a_shallow_clone_answers_what_it_can_and_names_fetch_depth_for_the_rest() {
    let (sandbox, _) = with_a_merge();
    sandbox.commit(7, CURRENT, "7\n");
    sandbox.commit(8, "other", "z");
    let url = format!("file://{}", sandbox.top().display());
    let clone = |depth: &str| {
        let folder = sandbox.folder.path().join(format!("shallow{depth}"));
        sandbox.git(&["clone", "-q", "--depth", depth, &url, folder.to_str().unwrap()]);
        Repo::discover(&folder, &GitEnv::default()).unwrap()
    };
    let name = |time: i64, _: &[u8]| path(&time.to_string());
    // Three commits deep: the state of minute 7 begins within sight, the one before does not.
    let repo = clone("3");
    assert!(repo.is_shallow());
    let tip = repo.head().unwrap().unwrap();
    let plan = repo.archive_of(&tip, &path(CURRENT), &name).unwrap().unwrap();
    assert_eq!(plan.path.as_str(), time(7).to_string());
    let seen = repo.blob_id(b"4\n").unwrap();
    assert!(repo.is_former_state(&tip, &path(CURRENT), &seen).unwrap());
    let unseen = repo.blob_id(b"2\n").unwrap();
    let repo_one = clone("1");
    let tip_one = repo_one.head().unwrap().unwrap();
    for fault in [
        repo.is_former_state(&tip, &path(CURRENT), &unseen).unwrap_err(),
        repo.missing_archives(&tip, &path(CURRENT), &HashSet::new(), &name).unwrap_err(),
        repo_one.archive_of(&tip_one, &path(CURRENT), &name).unwrap_err(),
        repo_one.commit_tree(&sandbox.id("main~3")).unwrap_err(),
        repo_one.resolve("HEAD~1").unwrap_err(),
    ] {
        assert!(fault.help_text().is_some_and(|help| help.contains("fetch-depth: 0")), "{}", fault.chain());
    }
}

#[test]
fn a_lost_object_is_an_error_each_time_it_is_missed() {
    let (sandbox, ids) = with_a_merge();
    let tree = sandbox.git(&["rev-parse", &format!("{}^{{tree}}", ids[1])]);
    std::fs::remove_file(sandbox.path(&format!(".git/objects/{}/{}", &tree[..2], &tree[2..]))).unwrap();
    let repo = sandbox.repo();
    let never = repo.blob_id(b"never").unwrap();
    for _ in 0..2 {
        let fault = repo.is_former_state(&ids[5], &path(CURRENT), &never).unwrap_err();
        assert!(fault.chain().contains(&format!("could not read tree {}", &tree[..10])), "{}", fault.chain());
    }
}

#[test]
fn objects_of_a_push_in_quarantine_are_seen() {
    let sandbox = Sandbox::new();
    let old = sandbox.commit(1, CURRENT, "1\n");
    let bare = sandbox.folder.path().join("bare.git");
    sandbox.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let new = sandbox.commit(2, CURRENT, "2\n");
    let quarantine = sandbox.folder.path().join("bare.git/objects/tmp_objdir-x");
    std::fs::create_dir(&quarantine).unwrap();
    let pack = sandbox.git(&["rev-list", "--objects", "HEAD~1..HEAD"]);
    for line in pack.lines() {
        let id = line.split(' ').next().unwrap();
        let (folder, file) = id.split_at(2);
        std::fs::create_dir_all(quarantine.join(folder)).unwrap();
        let from = sandbox.path(&format!(".git/objects/{folder}/{file}"));
        std::fs::copy(from, quarantine.join(folder).join(file)).unwrap();
    }
    let env = GitEnv {
        git_dir: Some(".".into()),
        object_directory: Some(quarantine),
        alternates: Some(bare.join("objects").into_os_string()),
        ..GitEnv::default()
    };
    assert!(Repo::discover(&bare, &GitEnv::default()).unwrap().commit_tree(&new).is_err());
    let repo = Repo::discover(&bare, &env).unwrap();
    for (commit, text) in [(&old, "1\n"), (&new, "2\n")] {
        let tree = repo.commit_tree(commit).unwrap();
        let entry = tree.entry(&path(CURRENT)).unwrap().unwrap();
        assert_eq!(tree.read(&entry, 10).unwrap(), text.as_bytes());
    }
    assert_eq!(repo.resolve(new.as_str()).unwrap(), new);
}

/// A tree object of these rows as they stand; git itself would not write all of them.
fn raw_tree(sandbox: &Sandbox, rows: &[(&str, &str, &ObjectId)]) -> ObjectId {
    let hex = |id: &ObjectId| -> Vec<u8> {
        (0..40).step_by(2).map(|at| u8::from_str_radix(&id.as_str()[at..at + 2], 16).unwrap()).collect()
    };
    let rows = rows.iter().map(|(mode, name, id)| [format!("{mode} {name}\0").as_bytes(), &hex(id)].concat());
    sandbox.write(".git/raw-tree", rows.collect::<Vec<_>>().concat());
    ObjectId::new(sandbox.git(&["hash-object", "-t", "tree", "-w", "--literally", ".git/raw-tree"]))
}

/// A name, and the mode and object of what stands under it.
type Row<'r> = (&'r str, (&'r str, &'r ObjectId));

#[test]
fn a_folder_that_git_checks_out_otherwise_than_it_reads_is_an_error() {
    let sandbox = Sandbox::new();
    sandbox.commit(1, CURRENT, "x\n");
    let (blob, folder) = (sandbox.id(&format!("HEAD:{CURRENT}")), sandbox.id("HEAD:releases"));
    let (file, dir) = (("100644", &blob), ("40000", &folder));
    let long = "x".repeat(256);
    let odd: [(&[Row<'_>], &str); 14] = [
        (&[("a", file), ("a", file)], "`a` stands in it twice"),
        (&[("a", file), ("a", dir)], "`a` stands in it twice"),
        (&[("a", file), ("a-b", file), ("a.b", dir), ("a", dir)], "`a` stands in it twice"),
        (&[("a", file), ("a-", file), ("a--", file), ("a-.", file), ("a", dir)], "`a` stands in it twice"),
        (&[("b", file), ("a", file)], "`a` is not where its name belongs"),
        (&[("a", dir), ("a.b", file)], "`a.b` is not where its name belongs"),
        (&[("a0", file), ("a", dir)], "`a` is not where its name belongs"),
        (&[("", file)], "a name in it is empty"),
        (&[(".", dir)], "`.` stands in it as one name"),
        (&[("..", file)], "`..` stands in it as one name"),
        (&[(".Git", dir)], "`.Git` stands in it as one name"),
        (&[("a/b", file)], "`a/b` stands in it as one name"),
        (&[("x\\.git\\y", file)], "stands in it as one name"),
        (&[(&long, file)], "a name in it has 256 bytes"),
    ];
    let repo = sandbox.repo();
    for (rows, fault) in odd {
        let rows: Vec<_> = rows.iter().map(|(name, (mode, id))| (*mode, *name, *id)).collect();
        let below = raw_tree(&sandbox, &rows);
        for top in [below.clone(), raw_tree(&sandbox, &[("40000", "z", &below)])] {
            let tree = repo.commit_tree(&top).unwrap();
            let error = tree.files_below(&path("")).unwrap_err();
            assert!(error.message.contains(fault), "{rows:?}: {error}");
            assert!(error.help.contains("git fsck"), "{error:?}");
        }
        let tree = repo.commit_tree(&below).unwrap();
        assert!(tree.entry(&path("z")).unwrap_err().message.contains(fault), "what comes behind counts too");
        assert!(tree.paths_in(&path("")).unwrap_err().message.contains(fault));
    }
    // As git orders them: `a/` comes behind `a-b` and `a.b`, and before `a0`.
    let fine = [
        ("100644", "a-b", &blob),
        ("100644", "a.b", &blob),
        ("40000", "a", &folder),
        ("100644", "a0", &blob),
    ];
    let tree = raw_tree(&sandbox, &fine);
    assert_eq!(repo.commit_tree(&tree).unwrap().files_below(&path("")).unwrap().len(), 4);
    let said = String::from_utf8(sandbox.try_git(&["fsck"]).stderr).unwrap();
    assert!(said.contains("duplicateEntries") && !said.contains(tree.as_str()), "{said}");
}
