//! What install sets up, and what the real git does with it: merges with a driver that is missing
//! or dies, and hooks.

mod git_support;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use git_support::Sandbox;
use sysbom::git::{AttributesFile, GitEnv, HookSet, Repo, Setup, Step, StepOutcome};

const CURRENT: &str = "releases/current.yaml";

fn script(path: &Path, body: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, format!("#!/bin/sh\n{body}\n")).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
}

/// A `sysbom` of ours, first in PATH.
fn with_program<'a>(sandbox: &Sandbox, command: &'a mut Command, body: &str) -> &'a mut Command {
    script(&sandbox.folder.path().join("bin/sysbom"), body);
    let path = format!("{}/bin:{}", sandbox.folder.path().display(), std::env::var("PATH").unwrap());
    command.env("PATH", path)
}

fn git_with_program(sandbox: &Sandbox, body: &str, args: &[&str]) -> Output {
    let mut command = sandbox.command(&sandbox.top(), args);
    with_program(sandbox, &mut command, body).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn no_hooks() -> Setup {
    Setup { hooks: HookSet::None, ..Setup::default() }
}

/// `main` and `topic` changed one file apart, and `main` is checked out.
fn apart(path: &str, sides: [&str; 3]) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.repo().install(&no_hooks()).unwrap();
    sandbox.commit(1, path, sides[0]);
    sandbox.git(&["switch", "-q", "-c", "topic"]);
    sandbox.commit(2, path, sides[2]);
    sandbox.git(&["switch", "-q", "main"]);
    sandbox.commit(3, path, sides[1]);
    sandbox
}

/// Two changes that git's own merge takes for apart: it would join one side's tag to the other's
/// digest.
const TORN: [&str; 3] = [
    "images:\n  app:\n    tag: v1\n\n    digest: 1\n",
    "images:\n  app:\n    tag: v2\n\n    digest: 1\n",
    "images:\n  app:\n    tag: v1\n\n    digest: 3\n",
];

#[test]
fn the_text_merge_tears_this_pin() {
    let sandbox = apart("elsewhere.yaml", TORN);
    assert!(sandbox.try_git(&["merge", "-q", "topic"]).status.success());
    assert!(sandbox.read("elsewhere.yaml").contains("tag: v2\n\n    digest: 3"));
}

#[test]
fn a_driver_that_merges_is_believed() {
    let sandbox = apart(CURRENT, TORN);
    let body = "printf 'merged\\n' > \"$8\"; exit 0";
    let ended = git_with_program(&sandbox, body, &["merge", "-q", "topic"]);
    assert!(ended.status.success(), "{}", said(&ended));
    assert_eq!(sandbox.read(CURRENT), "merged\n");
}

#[test]
fn the_driver_gets_every_placeholder_as_one_word() {
    let odd = "releases/it's $(touch x) \"a\" `b`/current.yaml";
    let sandbox = apart(odd, TORN);
    sandbox.git(&["branch", "-m", "topic", "it's-$(touch_y)"]);
    let body = format!("for a; do echo \"[$a]\"; done > {}/seen; exit 1", sandbox.folder.path().display());
    let ended = git_with_program(&sandbox, &body, &["merge", "-q", "it's-$(touch_y)"]);
    assert_eq!(ended.status.code(), Some(1), "{}", said(&ended));
    let seen = std::fs::read_to_string(sandbox.folder.path().join("seen")).unwrap();
    let seen: Vec<&str> = seen.lines().collect();
    assert_eq!(&seen[..2], ["[merge-driver]", "[--labels]"]);
    assert_eq!(&seen[3..6], ["[HEAD]", "[it's-$(touch_y)]", "[--]"]);
    assert!(seen[6..9].iter().all(|file| file.starts_with("[.merge_file_")), "{seen:?}");
    assert_eq!(&seen[9..], ["[7]", &format!("[{odd}]")]);
    assert!(!sandbox.path("x").exists() && !sandbox.path("y").exists());
}

/// Merges with a driver that ends in the way of `body`, by several commands of git. Whatever
/// happens, git must not take the file for merged without the other side's change in it.
fn assert_nothing_is_lost(body: &str, commands: &[&[&str]]) {
    for command in commands {
        let sandbox = apart(CURRENT, TORN);
        let before = sandbox.read(CURRENT);
        let ended = git_with_program(&sandbox, body, command);
        assert!(!ended.status.success(), "{body} {command:?}: {}", said(&ended));
        let after = sandbox.read(CURRENT);
        let unmerged = sandbox.git(&["ls-files", "-u"]);
        if unmerged.is_empty() {
            // Stopped altogether: the file is one side's, whole, and nothing is under way.
            assert!(after == before || after == TORN[2], "{body} {command:?}: {after}");
            assert!(!sandbox.path(".git/MERGE_HEAD").exists(), "{body} {command:?}");
        } else {
            let marked = ["<<<<<<<", "tag: v1", "digest: 1", "=======", "tag: v2", "digest: 3", ">>>>>>>"];
            assert!(marked.iter().all(|part| after.contains(part)), "{body} {command:?}: {after}");
        }
    }
}

#[test]
fn a_driver_that_dies_never_leaves_a_file_that_git_takes_for_merged() {
    let every: [&[&str]; 6] = [
        &["merge", "topic"],
        &["merge", "--squash", "topic"],
        &["-c", "merge.conflictStyle=diff3", "merge", "topic"],
        &["rebase", "topic"],
        &["rebase", "--apply", "topic"],
        &["cherry-pick", "topic"],
    ];
    for body in ["exit 101", "exit 129", "kill -ABRT $$"] {
        assert_nothing_is_lost(body, &every);
    }
    for body in ["exit 2", "exit 3", "exit 126", "exit 127", "exit 128", "exit 255", "kill -KILL $$"] {
        assert_nothing_is_lost(body, &every[..1]);
    }
}

#[test]
fn a_missing_driver_never_leaves_a_file_that_git_takes_for_merged() {
    let sandbox = apart(CURRENT, TORN);
    let ended = sandbox.try_git(&["merge", "topic"]);
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!(
        sandbox.read(CURRENT),
        "images:\n  app:\n<<<<<<< HEAD\n    tag: v2\n\n    digest: 1\n=======\n\
         \x20   tag: v1\n\n    digest: 3\n>>>>>>> topic\n"
    );
    let line = "sysbom is not in PATH: every difference is marked in releases/current.yaml\n";
    assert!(said(&ended).contains(line) && !said(&ended).contains("merge-driver"), "{}", said(&ended));
    // The file can be merged again once the program is there.
    let body = "printf 'merged\\n' > \"$8\"; exit 0";
    git_with_program(&sandbox, body, &["checkout", "-m", "--", CURRENT]);
    assert_eq!(sandbox.read(CURRENT), "merged\n");
}

#[test]
fn a_missing_driver_and_an_emptied_side_stop_the_merge() {
    let sandbox = apart(CURRENT, ["a\n", "", "b\n"]);
    let ended = sandbox.try_git(&["merge", "topic"]);
    assert!(!ended.status.success());
    assert_eq!(sandbox.read(CURRENT), "");
    assert!(!sandbox.path(".git/MERGE_HEAD").exists());
}

#[test]
fn an_older_gits_placeholders_are_no_labels() {
    let sandbox = Sandbox::new();
    sandbox.repo().install(&no_hooks()).unwrap();
    let driver = sandbox.git(&["config", "merge.sysbom.driver"]);
    for (file, text) in [("A", "ours\n"), ("O", "base\n"), ("B", "theirs\n")] {
        sandbox.write(file, text);
    }
    // As git before 2.44 replaces them.
    let line = ["A", "O", "B"].iter().fold(driver, |line, name| line.replace(&format!("%{name}"), name));
    let line = line.replace("%L", "9").replace("%P", "'releases/current.yaml'");
    let mut command = Command::new("sh");
    command.args(["-c", &line]).current_dir(sandbox.top());
    command.env_clear().env("PATH", "/usr/bin:/bin");
    assert_eq!(command.output().unwrap().status.code(), Some(1));
    let expected = "<<<<<<<<< ours\nours\n=========\ntheirs\n>>>>>>>>> theirs\n";
    assert_eq!(sandbox.read("A"), expected);
}

#[test]
fn a_bare_repository_merges_by_the_driver_too() {
    let sandbox = apart(CURRENT, TORN);
    let bare = sandbox.folder.path().join("bare.git");
    sandbox.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let repo = Repo::discover(&bare, &GitEnv::default()).unwrap();
    repo.install(&no_hooks()).unwrap();
    let mut command = sandbox.command(&bare, &["merge-tree", "--write-tree", "main", "topic"]);
    let merged =
        with_program(&sandbox, &mut command, "printf 'merged\\n' > \"$8\"; exit 0").output().unwrap();
    assert!(merged.status.success(), "{}", said(&merged));
    let tree = said(&merged);
    assert_eq!(sandbox.git_in(&bare, &["show", &format!("{}:{CURRENT}", tree.trim())]), "merged");
    let mut command = sandbox.command(&bare, &["merge-tree", "--write-tree", "main", "topic"]);
    let died = with_program(&sandbox, &mut command, "exit 101").output().unwrap();
    assert_eq!(died.status.code(), Some(1), "{}", said(&died));
}

/// Every file of a folder, with its mode and content.
fn snapshot(folder: &Path) -> Vec<(PathBuf, u32, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let meta = std::fs::symlink_metadata(entry.path()).unwrap();
            if meta.is_dir() {
                folders.push(entry.path());
            } else {
                let content = if meta.is_symlink() {
                    std::fs::read_link(entry.path()).unwrap().into_os_string().into_encoded_bytes()
                } else {
                    std::fs::read(entry.path()).unwrap()
                };
                files.push((entry.path(), meta.permissions().mode(), content));
            }
        }
    }
    files.sort();
    files
}

fn outcomes(steps: &[Step]) -> Vec<&StepOutcome> {
    steps.iter().map(|step| &step.outcome).collect()
}

#[test]
fn installing_twice_changes_nothing_and_uninstalling_leaves_nothing() {
    let sandbox = Sandbox::new();
    sandbox.commit(1, CURRENT, "a\n");
    sandbox.write(".gitattributes", "* text=auto\r\n*.png binary");
    script(&sandbox.path(".git/hooks/pre-commit"), "echo before");
    std::os::unix::fs::symlink("../../nowhere", sandbox.path(".git/hooks/pre-push")).unwrap();
    sandbox.write(".git/hooks/pre-merge-commit", "not executable\n");
    for setup in [Setup::default(), Setup { attributes: AttributesFile::Info, ..Setup::default() }] {
        let before = snapshot(&sandbox.top());
        let steps = sandbox.repo().install(&setup).unwrap();
        assert!(steps.iter().all(|step| matches!(step.outcome, StepOutcome::Written(_))), "{steps:?}");
        assert_eq!(steps.len(), 6);
        let after = snapshot(&sandbox.top());
        let again = sandbox.repo().install(&setup).unwrap();
        assert!(outcomes(&again).iter().all(|outcome| **outcome == StepOutcome::AlreadyThere), "{again:?}");
        assert_eq!(snapshot(&sandbox.top()), after);
        let removed = sandbox.repo().uninstall().unwrap();
        assert_eq!(removed.len(), 6, "{removed:?}");
        assert_eq!(snapshot(&sandbox.top()), before);
        assert_eq!(sandbox.repo().uninstall().unwrap(), []);
    }
}

#[test]
fn attributes_that_were_committed_stay() {
    let sandbox = Sandbox::new();
    sandbox.commit(1, CURRENT, "a\n");
    sandbox.repo().install(&no_hooks()).unwrap();
    sandbox.commit(2, "other", "x");
    let steps = sandbox.repo().uninstall().unwrap();
    let left = steps.iter().find(|step| step.what.ends_with(".gitattributes")).unwrap();
    assert!(matches!(&left.outcome, StepOutcome::Left { why, .. } if why.contains("committed")), "{left:?}");
    assert!(sandbox.read(".gitattributes").contains("merge=sysbom"));
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_hook_calls_sysbom_after_the_one_that_was_there() {
    let sandbox = Sandbox::new();
    let log = sandbox.folder.path().join("log");
    let log = log.display();
    script(
        &sandbox.path(".git/hooks/pre-commit"),
        &format!("echo \"before $# $(basename \"$0\")\" >> {log}"),
    );
    script(&sandbox.path(".git/hooks/pre-push"), &format!("echo \"before $*: $(cat)\" >> {log}"));
    sandbox.repo().install(&Setup::default()).unwrap();
    let remote = sandbox.folder.path().join("remote.git");
    sandbox.git_in(sandbox.folder.path(), &["init", "-q", "--bare", "remote.git"]);
    let program = format!("echo \"sysbom $*: $(cat)\" >> {log}");
    sandbox.write(CURRENT, "a\n");
    sandbox.git(&["add", "-A"]);
    let ended = git_with_program(&sandbox, &program, &["commit", "-q", "-m", "x"]);
    assert!(ended.status.success(), "{}", said(&ended));
    let url = remote.to_str().unwrap();
    let ended = git_with_program(&sandbox, &program, &["push", "-q", url, "main"]);
    assert!(ended.status.success(), "{}", said(&ended));
    let head = sandbox.id("HEAD");
    let update = format!("refs/heads/main {head} refs/heads/main {}", "0".repeat(40));
    let expected = format!(
        "before 0 pre-commit\n\
         sysbom hook pre-commit: \n\
         before {url} {url}: {update}\n\
         sysbom hook pre-push {url} {url}: {update}\n"
    );
    assert_eq!(std::fs::read_to_string(log.to_string()).unwrap(), expected);
}

#[test]
fn a_hook_that_is_a_link_or_not_executable_runs_as_before_and_comes_back() {
    let sandbox = Sandbox::new();
    let log = sandbox.folder.path().join("log");
    script(&sandbox.path("tools/check"), &format!("echo \"$(basename \"$0\")\" >> {}", log.display()));
    std::fs::remove_dir_all(sandbox.path(".git/hooks")).unwrap();
    std::fs::create_dir(sandbox.path(".git/hooks")).unwrap();
    std::os::unix::fs::symlink("../../tools/check", sandbox.path(".git/hooks/pre-commit")).unwrap();
    script(&sandbox.path(".git/hooks/pre-push"), "exit 0");
    std::fs::set_permissions(sandbox.path(".git/hooks/pre-push"), PermissionsExt::from_mode(0o750)).unwrap();
    let before = snapshot(&sandbox.path(".git/hooks"));
    sandbox.repo().install(&Setup::default()).unwrap();
    sandbox.git(&["add", "-A"]);
    let ended = git_with_program(&sandbox, "exit 0", &["commit", "-q", "-m", "x"]);
    assert!(ended.status.success(), "{}", said(&ended));
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "pre-commit\n");
    sandbox.repo().uninstall().unwrap();
    assert_eq!(snapshot(&sandbox.path(".git/hooks")), before);
    assert!(!sandbox.path(".git/hooks/before-sysbom").exists());
}

#[test]
fn a_hook_with_lines_of_the_users_is_left_alone_and_named() {
    let sandbox = Sandbox::new();
    script(&sandbox.path(".git/hooks/pre-commit"), "echo before");
    sandbox.repo().install(&Setup::default()).unwrap();
    let path = ".git/hooks/pre-commit";
    let edited = sandbox.read(path).replace("exec sysbom", "make lint || exit\nexec sysbom");
    sandbox.write(path, &edited);
    let before = snapshot(&sandbox.path(".git/hooks"));
    let left = |steps: Vec<Step>| {
        let step = steps.into_iter().find(|step| step.what.ends_with("hooks/pre-commit")).unwrap();
        assert!(
            matches!(&step.outcome, StepOutcome::Left { why, help } if why.contains("edited") && !help.is_empty()),
            "{step:?}"
        );
    };
    left(sandbox.repo().install(&Setup::default()).unwrap());
    assert_eq!(snapshot(&sandbox.path(".git/hooks")), before);
    let check = |sandbox: &Sandbox| {
        let checks = sandbox.repo().setup_status(&Setup::default()).unwrap();
        checks.into_iter().find(|check| check.name == "pre-commit").unwrap().ok
    };
    assert!(check(&sandbox), "it still calls sysbom");
    left(sandbox.repo().uninstall().unwrap());
    assert_eq!(sandbox.read(path), edited);
    assert!(sandbox.path(".git/hooks/before-sysbom/pre-commit").exists());
    sandbox.write(path, edited.replace("exec sysbom hook", "echo"));
    assert!(!check(&sandbox), "it no longer does");
}

#[test]
fn a_hook_as_an_earlier_install_wrote_it_is_replaced() {
    let sandbox = Sandbox::new();
    sandbox.repo().install(&Setup::default()).unwrap();
    let current = sandbox.read(".git/hooks/pre-push");
    let older = current.replace("so this push", "so that push");
    sandbox.write(".git/hooks/pre-push", &older);
    let record = ".git/sysbom-installed.json";
    sandbox.write(record, sandbox.read(record).replace("so this push", "so that push"));
    sandbox.repo().install(&Setup::default()).unwrap();
    assert_eq!(sandbox.read(".git/hooks/pre-push"), current);
}

#[test]
fn a_driver_of_the_users_comes_back() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "merge.sysbom.driver", "mine %A"]);
    sandbox.git(&["config", "--add", "merge.sysbom.driver", "mine \"again\" %A"]);
    let before = sandbox.git(&["config", "--local", "--list"]);
    for program in ["sysbom", "/opt/sysbom"] {
        sandbox.repo().install(&Setup { program: program.into(), ..no_hooks() }).unwrap();
        assert!(
            sandbox
                .git(&["config", "--get-all", "merge.sysbom.driver"])
                .contains(&format!("then {program} merge-driver"))
        );
    }
    let steps = sandbox.repo().uninstall().unwrap();
    assert!(
        steps.iter().any(|step| step.outcome == StepOutcome::Removed("what was set before is back".into()))
    );
    assert_eq!(sandbox.git(&["config", "--local", "--list"]), before);
    // Set to something else after install: not ours to take out.
    sandbox.repo().install(&no_hooks()).unwrap();
    sandbox.git(&["config", "--replace-all", "merge.sysbom.driver", "other %A"]);
    sandbox.repo().uninstall().unwrap();
    assert_eq!(sandbox.git(&["config", "merge.sysbom.driver"]), "other %A");
}

#[test]
fn the_place_of_a_hook_is_shown_without_detours() {
    let sandbox = Sandbox::new();
    sandbox.commit(1, CURRENT, "a\n");
    let linked = sandbox.folder.path().join("linked");
    sandbox.git(&["worktree", "add", "-q", linked.to_str().unwrap(), "-b", "topic"]);
    let repo = Repo::discover(&linked, &GitEnv::default()).unwrap();
    let steps = repo.install(&Setup::default()).unwrap();
    let shown: Vec<String> = steps.iter().map(|step| step.what.clone()).collect();
    assert!(shown.contains(&sandbox.path(".git/hooks/pre-commit").display().to_string()), "{shown:?}");
    let checks = repo.setup_status(&Setup::default()).unwrap();
    assert!(checks.iter().all(|check| !check.message.contains("..")), "{checks:?}");
}

#[test]
fn a_hook_refuses_when_either_refuses_or_the_program_is_missing() {
    let sandbox = Sandbox::new();
    sandbox.commit(1, CURRENT, "a\n");
    sandbox.repo().install(&Setup::default()).unwrap();
    let commit = ["commit", "-q", "--allow-empty", "-m", "x"];
    assert!(git_with_program(&sandbox, "exit 0", &commit).status.success());
    for status in ["1", "2", "101"] {
        let ended = git_with_program(&sandbox, &format!("exit {status}"), &commit);
        assert!(!ended.status.success(), "{status}");
    }
    let missing = sandbox.try_git(&commit);
    assert!(!missing.status.success());
    assert!(said(&missing).contains("sysbom is not in PATH"), "{}", said(&missing));
    assert!(said(&missing).contains("--no-verify"));
    // The one from before is asked first, and its refusal is one.
    script(&sandbox.path(".git/hooks/before-sysbom/pre-commit"), "exit 1");
    assert!(!git_with_program(&sandbox, "exit 0", &commit).status.success());
    // A clean merge asks pre-merge-commit, a push pre-push.
    std::fs::remove_file(sandbox.path(".git/hooks/before-sysbom/pre-commit")).unwrap();
    sandbox.git(&["switch", "-q", "-c", "topic"]);
    sandbox.write("other", "x");
    sandbox.git(&["add", "-A"]);
    assert!(git_with_program(&sandbox, "exit 0", &commit).status.success());
    sandbox.git(&["switch", "-q", "main"]);
    let merge = ["merge", "-q", "--no-ff", "--no-edit", "topic"];
    let only = "[ \"$2\" != pre-merge-commit ]";
    assert!(!git_with_program(&sandbox, only, &merge).status.success());
    sandbox.git(&["merge", "--abort"]);
    sandbox.git_in(sandbox.folder.path(), &["init", "-q", "--bare", "remote.git"]);
    let push = ["push", "-q", "../remote.git", "main"];
    assert!(!git_with_program(&sandbox, "[ \"$2\" != pre-push ]", &push).status.success());
    assert!(git_with_program(&sandbox, "cat; exit 0", &push).status.success());
    assert!(git_with_program(&sandbox, "exit 0", &["push", "-q", "../remote.git", "topic"]).status.success());
}

#[test]
fn a_servers_hook_refuses_pushes_when_the_program_is_missing_or_refuses() {
    for hooks in [HookSet::Server, HookSet::ServerUpdate] {
        let sandbox = Sandbox::new();
        sandbox.commit(1, CURRENT, "a\n");
        sandbox.git_in(sandbox.folder.path(), &["init", "-q", "--bare", "remote.git"]);
        let remote = sandbox.folder.path().join("remote.git");
        let repo = Repo::discover(&remote, &GitEnv::default()).unwrap();
        repo.install(&Setup { hooks, ..Setup::default() }).unwrap();
        let push = ["push", "../remote.git", "main"];
        let missing = sandbox.try_git(&push);
        assert!(!missing.status.success());
        assert!(said(&missing).contains("its administrator has to install it"), "{}", said(&missing));
        assert!(!git_with_program(&sandbox, "exit 1", &push).status.success());
        let ended = git_with_program(&sandbox, "echo \"<$*:$(cat)>\"", &push);
        assert!(ended.status.success(), "{}", said(&ended));
        let (zero, head) = ("0".repeat(40), sandbox.id("HEAD"));
        let expected = match hooks {
            HookSet::Server => format!("<hook pre-receive:{zero} {head} refs/heads/main>"),
            _ => format!("<hook update refs/heads/main {zero} {head}:>"),
        };
        assert!(said(&ended).contains(&expected), "{}", said(&ended));
    }
}

#[test]
fn hooks_go_where_git_looks_for_them() {
    let sandbox = Sandbox::new();
    sandbox.commit(1, CURRENT, "a\n");
    let linked = sandbox.folder.path().join("linked");
    sandbox.git(&["worktree", "add", "-q", linked.to_str().unwrap(), "-b", "topic"]);
    let in_linked = Repo::discover(&linked, &GitEnv::default()).unwrap();
    in_linked.install(&Setup::default()).unwrap();
    assert!(sandbox.path(".git/hooks/pre-commit").exists());
    assert!(linked.join(".gitattributes").exists() && !sandbox.path(".gitattributes").exists());
    in_linked.uninstall().unwrap();
    assert!(!sandbox.path(".git/hooks/pre-commit").exists() && !linked.join(".gitattributes").exists());

    sandbox.git(&["config", "core.hooksPath", "tools/hooks"]);
    sandbox.repo().install(&Setup::default()).unwrap();
    assert!(sandbox.path("tools/hooks/pre-commit").exists());
    let ended = git_with_program(&sandbox, "exit 1", &["commit", "--allow-empty", "-m", "x"]);
    assert!(!ended.status.success());
    sandbox.repo().uninstall().unwrap();
    assert!(!sandbox.path("tools/hooks/pre-commit").exists());
}

#[test]
fn hooks_of_others_are_not_touched() {
    let sandbox = Sandbox::new();
    let outside = sandbox.folder.path().join("shared-hooks");
    std::fs::create_dir(&outside).unwrap();
    for (value, why) in [
        (outside.to_str().unwrap(), "leads out of this repository"),
        ("../shared-hooks", "leads out of this repository"),
        ("/dev/null", "turns hooks off"),
        (".husky/_", "husky"),
    ] {
        sandbox.git(&["config", "core.hooksPath", value]);
        let steps = sandbox.repo().install(&Setup::default()).unwrap();
        let hooks = &steps[3..];
        assert!(
            matches!(hooks, [Step { outcome: StepOutcome::Left { why: said, help }, .. }]
                if said.contains(why) && !help.is_empty()),
            "{value}: {hooks:?}"
        );
        assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
        let checks = sandbox.repo().setup_status(&Setup::default()).unwrap();
        assert!(checks.iter().any(|check| check.name == "hooks" && !check.ok), "{checks:?}");
        sandbox.repo().uninstall().unwrap();
    }
}

#[test]
fn where_a_hook_manager_runs_sysbom_only_the_driver_is_set() {
    let lefthook = ["pre-commit", "pre-merge-commit", "pre-push"]
        .map(|name| format!("{name}:\n  commands:\n    sysbom:\n      run: sysbom hook {name}\n"))
        .concat();
    for (file, text, runs) in [
        (
            ".pre-commit-config.yaml",
            "  - {id: sysbom}\n  - {id: sysbom-merge}\n  - {id: sysbom-push}\n",
            true,
        ),
        ("lefthook.yml", &*lefthook, true),
        ("prek.toml", "id = \"sysbom\"\nid = \"sysbom-merge\"\nid = \"sysbom-push\"\n", true),
        ("lefthook.yml", "# sysbom would stand here\npre-commit: {}\n", false),
    ] {
        let sandbox = Sandbox::new();
        sandbox.write(file, text);
        let steps = sandbox.repo().install(&Setup::default()).unwrap();
        assert_eq!(sandbox.path(".git/hooks/pre-commit").exists(), !runs, "{file}");
        assert!(!sandbox.git(&["config", "merge.sysbom.driver"]).is_empty());
        assert_eq!(steps.len(), if runs { 4 } else { 6 });
        let checks = |good: bool| {
            let checks = sandbox.repo().setup_status(&Setup::default()).unwrap();
            let hooks = checks.into_iter().filter(|check| check.name.starts_with("pre-"));
            hooks.filter(|check| check.ok == good).count()
        };
        if runs {
            assert_eq!(checks(false), 3, "the manager has not installed its hooks here");
            script(&sandbox.path(".git/hooks/pre-push"), "exec the manager");
            assert_eq!(checks(true), 1);
        }
    }
}

#[test]
fn a_hook_that_the_manager_does_not_run_is_installed() {
    let sandbox = Sandbox::new();
    sandbox.write("lefthook.yml", "pre-commit:\n  scripts:\n    sysbom: {runner: sh}\n");
    let steps = sandbox.repo().install(&Setup::default()).unwrap();
    let left = |step: &&sysbom::git::Step| matches!(step.outcome, StepOutcome::Left { .. });
    assert_eq!(steps.iter().filter(left).map(|step| &*step.what).collect::<Vec<_>>(), ["pre-commit"]);
    let there = ["pre-commit", "pre-merge-commit", "pre-push"]
        .map(|name| sandbox.path(&format!(".git/hooks/{name}")).exists());
    assert_eq!(there, [false, true, true]);
    let checks = sandbox.repo().setup_status(&Setup::default()).unwrap();
    let faults: Vec<_> = checks.iter().filter(|check| !check.ok).map(|check| &*check.name).collect();
    assert!(faults.contains(&"pre-commit") && !faults.contains(&"pre-push"), "{faults:?}");
}

#[test]
fn a_second_hook_in_the_way_is_left_alone() {
    let sandbox = Sandbox::new();
    script(&sandbox.path(".git/hooks/pre-commit"), "echo one");
    sandbox.repo().install(&Setup::default()).unwrap();
    script(&sandbox.path(".git/hooks/pre-commit"), "echo two");
    let before = snapshot(&sandbox.path(".git/hooks"));
    for steps in [sandbox.repo().install(&Setup::default()).unwrap(), sandbox.repo().uninstall().unwrap()] {
        let step = steps.iter().find(|step| step.what.ends_with("pre-commit")).unwrap();
        assert!(matches!(step.outcome, StepOutcome::Left { .. }), "{step:?}");
    }
    let after = snapshot(&sandbox.path(".git/hooks"));
    let name = |file: &&(PathBuf, u32, Vec<u8>)| file.0.to_string_lossy().contains("pre-commit");
    assert!(before.iter().filter(name).eq(after.iter().filter(name)));
}

#[test]
fn status_tells_what_is_missing_and_then_that_all_is_well() {
    let sandbox = Sandbox::new();
    sandbox.commit(1, CURRENT, "a\n");
    script(&sandbox.folder.path().join("bin/sysbom"), "exit 0");
    let program = sandbox.folder.path().join("bin/sysbom").display().to_string();
    let setup = Setup { program, ..Setup::default() };
    let faults = |setup: &Setup| -> Vec<String> {
        let checks = sandbox.repo().setup_status(setup).unwrap();
        assert!(checks.iter().all(|check| check.ok == check.help.is_empty()), "{checks:?}");
        checks.into_iter().filter(|check| !check.ok).map(|check| check.name).collect()
    };
    let hooks = ["pre-commit", "pre-merge-commit", "pre-push"];
    let all = ["merge driver", "attributes", hooks[0], hooks[1], hooks[2], "base"];
    // Without a remote there is no other branch that could be the protected one.
    assert_eq!(faults(&setup), all[..5]);
    sandbox.git(&["remote", "add", "origin", "../forge.git"]);
    assert_eq!(faults(&setup), all);
    sandbox.git(&["config", "sysbom.base", "main"]);
    sandbox.repo().install(&setup).unwrap();
    assert_eq!(faults(&setup), [""; 0]);

    sandbox.git(&["config", "merge.sysbom.recursive", "text"]);
    sandbox.write("releases/.gitattributes", "current.yaml text\n");
    std::fs::set_permissions(sandbox.path(".git/hooks/pre-push"), PermissionsExt::from_mode(0o644)).unwrap();
    assert_eq!(faults(&setup), ["virtual bases", "attributes", "pre-push"]);
    let elsewhere = Setup { program: "/nowhere/sysbom".into(), ..Setup::default() };
    assert_eq!(faults(&elsewhere)[..2], ["merge driver", "program"]);
}

#[test]
fn a_clone_that_turned_line_endings_is_clean_after_install() {
    for attributes in [AttributesFile::Repository, AttributesFile::Info] {
        let sandbox = Sandbox::new();
        sandbox.commit(1, CURRENT, "a\nb\n");
        sandbox.commit(2, "releases/history/1.yaml", "old\n");
        sandbox.commit(3, "releases/history/2.yaml", "older\n");
        sandbox.commit(4, "notes.txt", "a note\n");
        let clone = sandbox.folder.path().join("clone");
        sandbox.git(&["clone", "-q", "-c", "core.autocrlf=true", ".", clone.to_str().unwrap()]);
        let read = |path: &str| std::fs::read_to_string(clone.join(path)).unwrap();
        assert_eq!(read(CURRENT), "a\r\nb\r\n");
        std::fs::write(clone.join("releases/history/2.yaml"), "mine\r\n").unwrap();
        let repo = Repo::discover(&clone, &GitEnv::default()).unwrap();
        let steps = repo.install(&Setup { attributes, ..no_hooks() }).unwrap();
        assert_eq!((read(CURRENT), read("releases/history/1.yaml")), ("a\nb\n".into(), "old\n".into()));
        assert_eq!(read("notes.txt"), "a note\r\n");
        assert_eq!(read("releases/history/2.yaml"), "mine\r\n", "{steps:?}");
        let left = steps.iter().find(|step| step.what == "releases/history/2.yaml").unwrap();
        assert!(matches!(&left.outcome, StepOutcome::Left { help, .. } if !help.is_empty()), "{left:?}");
        // Nothing git remembers of the files may hide a change.
        std::fs::remove_file(clone.join(".git/index")).unwrap();
        sandbox.git_in(&clone, &["reset", "-q"]);
        let changed = sandbox.git_in(&clone, &["status", "--porcelain", "-uno"]);
        assert_eq!(changed.trim(), "M releases/history/2.yaml");
    }
}

fn discover(place: &Path) -> Repo {
    Repo::discover(place, &GitEnv::default()).unwrap()
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).status().unwrap();
    assert!(copied.success());
}

/// A repository to look at from outside, before and after `install`.
struct Kept {
    sandbox: Sandbox,
    place: PathBuf,
    /// Paths below it.
    before: Vec<(PathBuf, u32, Vec<u8>)>,
}

impl Kept {
    fn installed(is_bare: bool) -> Kept {
        let sandbox = Sandbox::new();
        sandbox.commit(1, CURRENT, "a\n");
        let place = sandbox.folder.path().join("ops");
        let options: &[&str] = if is_bare { &["--bare"] } else { &[] };
        sandbox.git(&[&["clone", "-q"], options, &[".", place.to_str().unwrap()]].concat());
        let before = below(&place);
        let hooks = if is_bare { HookSet::Server } else { HookSet::Client };
        discover(&place).install(&Setup { hooks, ..Setup::default() }).unwrap();
        Kept { sandbox, place, before }
    }

    fn git_dir(place: &Path) -> PathBuf {
        if place.join(".git").exists() { place.join(".git") } else { place.to_owned() }
    }

    /// Makes the record what the version that noted absolute paths wrote.
    fn make_former(&self) {
        let path = Kept::git_dir(&self.place).join("sysbom-installed.json");
        let text = std::fs::read_to_string(&path).unwrap();
        let git = Kept::git_dir(&self.place);
        let former = text.replace("\"git:", &format!("\"{}/", git.display()));
        let former = former.replace("\"tree:", &format!("\"{}/", self.place.display()));
        assert_ne!(former, text);
        std::fs::write(path, former).unwrap();
    }
}

/// Every file with its path below the folder.
fn below(folder: &Path) -> Vec<(PathBuf, u32, Vec<u8>)> {
    let files = snapshot(folder).into_iter();
    let below = |path: PathBuf| path.strip_prefix(folder).unwrap().to_owned();
    files.map(|(path, mode, content)| (below(path), mode, content)).collect()
}

#[test]
fn uninstalling_a_copy_takes_all_out_of_it_and_leaves_the_original() {
    for (is_bare, is_former) in [(true, false), (true, true), (false, false), (false, true)] {
        let kept = Kept::installed(is_bare);
        if is_former {
            kept.make_former();
        }
        let twin = kept.sandbox.folder.path().join("twin");
        copy(&kept.place, &twin);
        let original = snapshot(&kept.place);
        discover(&twin).uninstall().unwrap();
        let case = format!("bare {is_bare}, former {is_former}");
        assert!(snapshot(&kept.place) == original, "{case}: the original has changed");
        assert!(below(&twin) == kept.before, "{case}: something stays in the copy");
        discover(&kept.place).uninstall().unwrap();
        assert!(below(&kept.place) == kept.before, "{case}: something stays in the original");
    }
}

#[test]
fn a_repository_that_has_been_moved_is_still_known() {
    for (is_bare, is_former) in [(true, false), (true, true), (false, false), (false, true)] {
        let kept = Kept::installed(is_bare);
        // A script as another version wrote it, which only the record knows.
        let (name, said) = if is_bare { ("pre-receive", "so no push") } else { ("pre-push", "so this push") };
        let git = Kept::git_dir(&kept.place);
        for file in [git.join("hooks").join(name), git.join("sysbom-installed.json")] {
            let text = std::fs::read_to_string(&file).unwrap();
            let older = text.replace(said, "and that push");
            assert_ne!(older, text);
            std::fs::write(file, older).unwrap();
        }
        if is_former {
            kept.make_former();
        }
        let moved = kept.sandbox.folder.path().join("a/moved");
        std::fs::create_dir(moved.parent().unwrap()).unwrap();
        std::fs::rename(&kept.place, &moved).unwrap();
        let steps = discover(&moved).uninstall().unwrap();
        assert!(below(&moved) == kept.before, "bare {is_bare}, former {is_former}: {steps:?}");
    }
}

#[test]
fn nothing_outside_is_touched_whatever_the_record_says() {
    let sandbox = Sandbox::new();
    sandbox.commit(1, CURRENT, "a\n");
    let outside = sandbox.folder.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    let shown = outside.display();
    let text = "releases/**/current.yaml merge=sysbom -text\n";
    for name in ["attributes", ".gitattributes", "other"] {
        std::fs::write(outside.join(name), text).unwrap();
    }
    let linked = sandbox.path(".git/linked");
    std::os::unix::fs::symlink(&outside, &linked).unwrap();
    let before = snapshot(&outside);
    let text = text.trim_end();
    for file in [
        format!("{shown}/attributes"),
        format!("{shown}/.gitattributes"),
        format!("{shown}/other"),
        "git:../../outside/attributes".to_owned(),
        "tree:../outside/attributes".to_owned(),
        "tree@../x:../outside/attributes".to_owned(),
        format!("git:{shown}/attributes"),
        "git:linked/attributes".to_owned(),
        format!("{}/attributes", linked.display()),
        "../../outside/attributes".to_owned(),
    ] {
        let record = format!(
            r#"{{"added": [{{"file": "{file}", "text": "{text}\n", "made": true}}], "hooks": {{}}}}"#
        );
        sandbox.write(".git/sysbom-installed.json", record);
        sandbox.repo().uninstall().unwrap();
        assert!(snapshot(&outside) == before, "{file}");
    }
}

#[test]
fn attributes_of_another_worktree_wait_for_that_one_wherever_it_has_gone() {
    let sandbox = Sandbox::new();
    sandbox.commit(1, CURRENT, "a\n");
    let linked = sandbox.folder.path().join("linked");
    sandbox.git(&["worktree", "add", "-q", linked.to_str().unwrap(), "-b", "topic"]);
    discover(&linked).install(&no_hooks()).unwrap();
    let moved = sandbox.folder.path().join("moved");
    sandbox.git(&["worktree", "move", linked.to_str().unwrap(), moved.to_str().unwrap()]);
    sandbox.repo().uninstall().unwrap();
    assert!(moved.join(".gitattributes").exists());
    discover(&moved).uninstall().unwrap();
    assert!(!moved.join(".gitattributes").exists());
    assert!(!sandbox.path(".git/sysbom-installed.json").exists());

    // One that has gone for good leaves nothing to wait for.
    discover(&moved).install(&no_hooks()).unwrap();
    sandbox.git(&["worktree", "remove", "--force", moved.to_str().unwrap()]);
    sandbox.repo().uninstall().unwrap();
    assert!(!sandbox.path(".git/sysbom-installed.json").exists());
}

#[test]
fn a_folder_of_hooks_that_leads_out_is_everybodys() {
    let kept = Kept::installed(true);
    let hooks = kept.place.join("hooks");
    let outside = kept.sandbox.folder.path().join("shared-hooks");
    std::fs::rename(&hooks, &outside).unwrap();
    std::os::unix::fs::symlink("../shared-hooks", &hooks).unwrap();
    let before = snapshot(&outside);
    let setup = Setup { hooks: HookSet::Server, ..Setup::default() };
    for steps in [discover(&kept.place).uninstall().unwrap(), discover(&kept.place).install(&setup).unwrap()]
    {
        let step = steps.iter().find(|step| step.what.contains("hooks")).unwrap();
        assert!(
            matches!(&step.outcome, StepOutcome::Left { why, help } if why.contains("leads out") && !help.is_empty())
        );
        assert_eq!(snapshot(&outside), before);
    }
}

#[test]
fn hooks_of_others_that_call_sysbom_are_in_order() {
    let sandbox = Sandbox::new();
    let outside = sandbox.folder.path().join("shared-hooks");
    let names = ["pre-commit", "pre-merge-commit", "pre-push"];
    for name in names {
        script(&outside.join(name), &format!("exec sysbom hook {name} \"$@\""));
        script(&sandbox.path(&format!(".husky/_/{name}")), "exec husky");
        script(&sandbox.path(&format!(".husky/{name}")), &format!("sysbom hook {name}"));
    }
    let faults = || {
        let checks = sandbox.repo().setup_status(&Setup::default()).unwrap().into_iter();
        checks.filter(|check| !check.ok).map(|check| check.name).collect::<Vec<_>>()
    };
    for (path, is_in_order) in
        [(".husky/_", true), (".husky/none", false), (outside.to_str().unwrap(), true), ("/dev/null", false)]
    {
        sandbox.git(&["config", "core.hooksPath", path]);
        let has_fault = faults().iter().any(|name| name == "hooks" || names.contains(&&**name));
        assert_eq!(has_fault, !is_in_order, "{path}: {:?}", faults());
    }
    std::fs::remove_dir_all(sandbox.path(".husky")).unwrap();
    std::fs::remove_file(outside.join("pre-push")).unwrap();
    sandbox.git(&["config", "core.hooksPath", outside.to_str().unwrap()]);
    assert!(faults().contains(&"hooks".to_owned()));
}
