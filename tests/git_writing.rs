//! What is written into repositories, and what the real git makes of it.

mod git_support;

use git_support::Sandbox;
use sysbom::git::{Existing, GitEnv, Repo};
use sysbom::tree::RepoPath;

const CURRENT: &str = "releases/current.yaml";
const ARCHIVE: &str = "releases/history/20240615T100000Z-0123456789ab.yaml";

fn files(paths: &[(&str, &str)]) -> Vec<(RepoPath, Vec<u8>)> {
    paths.iter().map(|(path, bytes)| (RepoPath::new(*path), bytes.as_bytes().to_vec())).collect()
}

fn state(sandbox: &Sandbox) -> (String, String) {
    (sandbox.git(&["status", "--porcelain", "-uall"]), sandbox.git(&["ls-files", "-s"]))
}

#[test]
fn staged_files_stand_in_tree_and_index_and_enter_the_commit() {
    for options in [&[][..], &["--object-format=sha256"]] {
        let sandbox = Sandbox::with(options);
        sandbox.write(".gitattributes", "* text eol=crlf\n");
        sandbox.commit(1, CURRENT, "a\n");
        let written = files(&[(ARCHIVE, "a\r\nb\n"), ("releases/history/2024/06/x.yaml", "")]);
        sandbox.repo().stage(&written, &Existing::Refuse).unwrap();
        let id = sandbox.repo().blob_id(b"a\r\nb\n").unwrap();
        assert!(sandbox.git(&["ls-files", "-s"]).contains(&format!("100644 {id} 0\t{ARCHIVE}")));
        assert_eq!(sandbox.read(ARCHIVE), "a\r\nb\n");
        sandbox.commit_index(2);
        assert_eq!(sandbox.git(&["cat-file", "blob", id.as_str()]), "a\r\nb");
        assert_eq!(sandbox.id(&format!("HEAD:{ARCHIVE}")), id);
        // A second time there is nothing to do, and nothing is done.
        sandbox.repo().stage(&written, &Existing::Refuse).unwrap();
        assert_eq!(sandbox.git(&["diff", "--cached", "--name-only"]), "");
    }
}

#[test]
fn a_file_with_other_content_is_refused_and_nothing_is_changed() {
    let sandbox = Sandbox::new();
    sandbox.commit(1, CURRENT, "a\n");
    sandbox.write(ARCHIVE, "somebody's\n");
    let before = state(&sandbox);
    let both = files(&[("releases/history/new/a.yaml", "new\n"), (ARCHIVE, "b\n")]);
    let fault = sandbox.repo().stage(&both, &Existing::Refuse).unwrap_err();
    assert!(fault.chain().contains("a file with other content is there"), "{}", fault.chain());
    assert_eq!(state(&sandbox), before);
    assert!(!sandbox.path("releases/history/new").exists());
    // Staged with other content, and gone from the tree: the same.
    sandbox.git(&["add", ARCHIVE]);
    std::fs::remove_file(sandbox.path(ARCHIVE)).unwrap();
    assert!(sandbox.repo().stage(&both, &Existing::Refuse).is_err());
    sandbox.repo().stage(&both, &Existing::Replace).unwrap();
    assert_eq!(sandbox.read(ARCHIVE), "b\n");
    assert_eq!(sandbox.git(&["show", &format!(":{ARCHIVE}")]), "b");
    // Putting a file back includes its mode.
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(sandbox.path(ARCHIVE), executable).unwrap();
    sandbox.git(&["add", ARCHIVE]);
    sandbox.repo().stage(&both, &Existing::Replace).unwrap();
    assert!(sandbox.git(&["ls-files", "-s", ARCHIVE]).starts_with("100644 "));
    assert_eq!(sandbox.git(&["diff", "--name-only"]), "");
}

#[test]
fn an_index_that_cannot_be_written_leaves_everything_as_it_was() {
    let sandbox = Sandbox::new();
    sandbox.commit(1, CURRENT, "a\n");
    sandbox.write(".git/index.lock", "");
    let before = state(&sandbox);
    let written = files(&[(ARCHIVE, "a\n"), (CURRENT, "changed\n")]);
    let fault = sandbox.repo().stage(&written, &Existing::Replace).unwrap_err();
    assert!(fault.chain().contains("index.lock"), "{}", fault.chain());
    assert_eq!(state(&sandbox), before);
    assert_eq!(sandbox.read(CURRENT), "a\n");
    assert!(!sandbox.path("releases/history").exists());
}

#[test]
fn a_partial_commit_is_refused_with_the_way_out() {
    let sandbox = Sandbox::new();
    sandbox.commit(1, CURRENT, "a\n");
    let env = GitEnv { index_file: Some(sandbox.path(".git/next-index-123.lock")), ..GitEnv::default() };
    let repo = Repo::discover(&sandbox.top(), &env).unwrap();
    let fault = repo.stage(&files(&[(ARCHIVE, "a\n")]), &Existing::Refuse).unwrap_err();
    assert!(fault.help_text().unwrap().contains("`git add PATH...`, `git commit`"));
    assert!(!sandbox.path("releases/history").exists());
}

#[test]
fn no_write_leaves_the_repository() {
    let sandbox = Sandbox::new();
    sandbox.commit(1, CURRENT, "a\n");
    let outside = sandbox.folder.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::os::unix::fs::symlink(&outside, sandbox.path("linked")).unwrap();
    for path in
        ["../x", "a/../../x", ".git/hooks/pre-commit", "A/.GIT/x", "/x", "a//b", "", "linked/x", "releases"]
    {
        let fault = sandbox.repo().stage(&files(&[(path, "x")]), &Existing::Replace);
        assert!(fault.is_err(), "{path}");
    }
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(sandbox.folder.path()).unwrap().count(), 2);
}

#[test]
fn files_are_staged_in_every_kind_of_repository() {
    let sandbox = Sandbox::new();
    for (key, value) in [("index.version", "4"), ("core.splitIndex", "true")] {
        sandbox.git(&["config", key, value]);
    }
    sandbox.commit(1, CURRENT, "a\n");
    sandbox.repo().stage(&files(&[(ARCHIVE, "a\n")]), &Existing::Refuse).unwrap();
    assert_eq!(state(&sandbox).0, format!("A  {ARCHIVE}"));

    let linked = sandbox.folder.path().join("linked");
    sandbox.git(&["worktree", "add", "-q", linked.to_str().unwrap(), "-b", "topic"]);
    let git_dir = Some(sandbox.path(".git/worktrees/linked"));
    let repo = Repo::discover(&linked, &GitEnv { git_dir, ..GitEnv::default() }).unwrap();
    repo.stage(&files(&[(ARCHIVE, "a\n")]), &Existing::Refuse).unwrap();
    assert_eq!(sandbox.git_in(&linked, &["status", "--porcelain"]), format!("A  {ARCHIVE}"));

    let bare = Sandbox::with(&["--bare"]);
    let fault = bare.repo().stage(&files(&[(ARCHIVE, "a\n")]), &Existing::Refuse).unwrap_err();
    assert!(fault.message().contains("bare"));
}
