//! How releases reach a branch and base: rebuilt when base moves on, never in the way of somebody
//! else, signed as git is told to, without a working tree.

#[path = "support/forge.rs"]
mod forge;

use std::path::Path;

use forge::{Forge, Merging, digest, pin};

const PUSH: [&str; 2] = ["--push", "origin"];

#[track_caller]
fn expect(forge: &Forge, folder: &Path, arguments: &[&str], status: i32) -> String {
    let ended = forge.run(folder, "sysbom", arguments, &[]);
    let said = format!("{}{}", ended.out, ended.err);
    assert_eq!(ended.status, Some(status), "sysbom {arguments:?}\n{said}");
    said
}

#[track_caller]
fn release(forge: &Forge, folder: &Path, component: &str, version: usize, options: &[&str]) -> String {
    expect(forge, folder, &[&["release", &pin(component, version)], &PUSH[..], options].concat(), 0)
}

fn update_all(forge: &Forge, folder: &Path, status: i32) -> String {
    expect(forge, folder, &["update-branch", "--all", "--push", "origin", "--prune"], status)
}

#[test]
fn a_release_branch_is_rebuilt_on_the_tip_of_base() {
    let forge = Forge::new(&["app", "web"]);
    let (bot, merger) = (forge.clone("bot"), forge.clone("merger"));
    release(&forge, &bot, "app", 1, &[]);
    release(&forge, &bot, "web", 1, &[]);
    assert!(forge.merge(&merger, "sysbom/release/web", Merging::Commit, &[]));
    let said = update_all(&forge, &bot, 0);
    assert!(said.contains("sysbom/release/app: rebuilt on origin/main"), "{said}");
    let branch = "sysbom/release/app";
    let origin = forge.origin();
    assert_eq!(Some(forge.git(&origin, &["rev-parse", &format!("{branch}^")])), forge.tip("main"));
    assert_eq!(forge.versions(branch), [("app".to_owned(), 1), ("web".to_owned(), 1)].into());
    expect(&forge, &origin, &["check", "--base", "main", "--head", branch], 0);
    // Made once more from its record, it is the same commit to the byte but for its date.
    let tip = forge.tip(branch);
    assert!(update_all(&forge, &bot, 0).contains("is up to date"));
    release(&forge, &bot, "app", 1, &[]);
    assert_eq!(forge.tip(branch), tip);
}

#[test]
fn a_release_that_base_has_overtaken_is_reported_and_pruned() {
    let forge = Forge::new(&["app", "web"]);
    let bot = forge.clone("bot");
    release(&forge, &bot, "app", 1, &[]);
    release(&forge, &bot, "app", 2, &["--direct"]);
    let said = expect(&forge, &bot, &["update-branch", "--all", "--push", "origin"], 0);
    assert!(said.contains("overtaken by origin/main") && said.contains("v1.2.0"), "{said}");
    assert!(forge.tip("sysbom/release/app").is_some());
    assert!(update_all(&forge, &bot, 0).contains("deleted"));
    assert_eq!(forge.branches(), ["main"]);
}

#[test]
fn what_somebody_added_to_a_release_by_hand_is_carried_over() {
    let forge = Forge::new(&["app", "web"]);
    let bot = forge.clone("bot");
    release(&forge, &bot, "app", 1, &[]);
    forge.git(&bot, &["checkout", "-q", "--detach", "origin/sysbom/release/app"]);
    std::fs::write(bot.join("values.yaml"), "by: hand\n").unwrap();
    forge.git(&bot, &["add", "-A"]);
    forge.git(&bot, &["commit", "-q", "--amend", "--no-edit"]);
    forge.git(&bot, &["push", "-q", "--force", "origin", "HEAD:sysbom/release/app"]);
    release(&forge, &bot, "web", 1, &["--direct"]);
    assert!(update_all(&forge, &bot, 0).contains("rebuilt"));
    let show = |path: &str| forge.git(&forge.origin(), &["show", &format!("sysbom/release/app:{path}")]);
    assert_eq!(show("values.yaml"), "by: hand");
    assert_eq!(forge.versions("sysbom/release/app")["web"], 1);
    expect(&forge, &forge.origin(), &["check", "--base", "main", "--head", "sysbom/release/app"], 0);
    // A commit beside the release: then it is a branch like any other, and base is merged into it.
    forge.git(&bot, &["fetch", "-q", "origin"]);
    forge.git(&bot, &["checkout", "-q", "--detach", "origin/sysbom/release/app"]);
    forge.git(&bot, &["commit", "-q", "--allow-empty", "-m", "A second one"]);
    forge.git(&bot, &["push", "-q", "origin", "HEAD:sysbom/release/app"]);
    release(&forge, &bot, "web", 2, &["--direct"]);
    assert!(update_all(&forge, &bot, 0).contains("merged with origin/main"));
}

#[test]
fn several_releases_of_one_batch_lose_only_what_is_overtaken() {
    let forge = Forge::new(&["app", "web"]);
    let bot = forge.clone("bot");
    release(&forge, &bot, "app", 1, &["--batch"]);
    release(&forge, &bot, "web", 1, &["--batch"]);
    release(&forge, &bot, "web", 2, &["--direct"]);
    update_all(&forge, &bot, 0);
    assert_eq!(forge.versions("sysbom/batch"), [("app".to_owned(), 1), ("web".to_owned(), 2)].into());
    let subject = forge.git(&forge.origin(), &["log", "-1", "--format=%s", "sysbom/batch"]);
    assert_eq!(subject, "Release app v1.1.0");
}

#[test]
fn two_branches_of_one_tip_write_the_same_archive() {
    let forge = Forge::new(&["app", "web"]);
    release(&forge, &forge.clone("one"), "app", 1, &[]);
    release(&forge, &forge.clone("two"), "web", 1, &[]);
    let history = |component: &str| {
        let rev = format!("sysbom/release/{component}");
        forge.git(&forge.origin(), &["ls-tree", "-r", &rev, "releases/history/"])
    };
    assert!(history("app").contains("100644"));
    assert_eq!(history("app"), history("web"));
}

#[test]
fn five_direct_releases_in_a_row_leave_five_archives_of_different_times() {
    let forge = Forge::new(&["app"]);
    let bot = forge.clone("bot");
    for version in 1..=5 {
        release(&forge, &bot, "app", version, &["--direct"]);
    }
    let listed = forge.git(&forge.origin(), &["ls-tree", "--name-only", "main", "releases/history/"]);
    let times: std::collections::BTreeSet<&str> =
        listed.lines().filter_map(|path| path.rsplit('/').next()?.split('-').next()).collect();
    assert_eq!(times.len(), 5, "{listed}");
    forge.assert_nothing_is_lost();
}

/// In this clone, every push is preceded by what the script does. It knows `$1`, how often it has
/// been called.
fn before_each_push(clone: &Path, script: &str) {
    let path = clone.join(".git/hooks/pre-push");
    let count = clone.join(".git/count").display().to_string();
    let script = format!(
        "#!/bin/sh\nn=$(($(cat '{count}' 2>/dev/null || echo 0) + 1)); echo $n > '{count}'\nset -- $n\n{script}\n"
    );
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}

/// Moves main by one commit of somebody else's, whatever is there.
const SOMEBODY: &str = "unset GIT_DIR; git -C ../other pull -q --rebase && \
    git -C ../other commit -q --allow-empty -m somebody && git -C ../other push -q origin HEAD:main";

#[test]
fn whoever_loses_a_race_builds_again_on_what_is_there() {
    let forge = Forge::new(&["app"]);
    let bot = forge.clone("bot");
    forge.clone("other");
    before_each_push(&bot, &format!("[ $1 -gt 2 ] || {{ {SOMEBODY}; }}"));
    release(&forge, &bot, "app", 1, &["--direct"]);
    assert_eq!(
        forge.git(&forge.origin(), &["log", "--format=%s", "main"]),
        "Release app v1.1.0\nsomebody\nsomebody\nBegin"
    );
    assert_eq!(std::fs::read_to_string(bot.join(".git/count")).unwrap(), "3\n");
    forge.assert_nothing_is_lost();
}

#[test]
fn whoever_loses_every_race_says_so_and_has_changed_nothing() {
    let forge = Forge::new(&["app"]);
    let bot = forge.clone("bot");
    forge.clone("other");
    forge.git(&bot, &["config", "sysbom.attempts", "3"]);
    before_each_push(&bot, SOMEBODY);
    let arguments = ["release", &pin("app", 1), "--direct", "--push", "origin"];
    assert!(expect(&forge, &bot, &arguments, 3).contains("run it again"));
    assert_eq!(std::fs::read_to_string(bot.join(".git/count")).unwrap(), "3\n");
    assert_eq!(forge.versions("main")["app"], 0);
}

#[test]
fn a_branch_that_somebody_moves_meanwhile_is_looked_at_again() {
    let forge = Forge::new(&["app", "web"]);
    let bot = forge.clone("bot");
    let other = forge.clone("other");
    release(&forge, &other, "app", 1, &[]);
    release(&forge, &other, "web", 1, &["--direct"]);
    // While ours rebuilds the branch, the producer has the next version.
    let next = format!(
        "[ $1 -gt 1 ] || (unset GIT_DIR; cd ../other && sysbom release {} --push origin)",
        pin("app", 2)
    );
    before_each_push(&bot, &next);
    let own = Path::new(env!("CARGO_BIN_EXE_sysbom")).parent().unwrap().display().to_string();
    let path = format!("{own}:{}", std::env::var("PATH").unwrap());
    let arguments = ["update-branch", "--all", "--push", "origin", "--prune"];
    let ended = forge.run(&bot, "sysbom", &arguments, &[("PATH", &path)]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(forge.versions("sysbom/release/app"), [("app".to_owned(), 2), ("web".to_owned(), 1)].into());
}

#[test]
fn a_remote_that_wants_none_of_it_is_quoted() {
    let forge = Forge::new(&["app"]);
    let bot = forge.clone("bot");
    let hook = forge.origin().join("hooks/update");
    std::fs::write(&hook, "#!/bin/sh\necho 'main is \u{1b}[31mprotected' >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let arguments = ["release", &pin("app", 1), "--direct", "--push", "origin"];
    let said = expect(&forge, &bot, &arguments, 2);
    assert!(said.contains("could not push to `origin/main`"), "{said}");
    assert!(said.contains("main is") && said.contains("protected") && !said.contains('\u{1b}'), "{said}");
    assert_eq!(forge.versions("main")["app"], 0);
    let said = expect(&forge, &bot, &["release", &pin("app", 1), "--push", "origin"], 2);
    assert!(said.contains("could not push to `origin/sysbom/release/app`"), "{said}");
    assert!(!said.contains("\\u{9}"), "{said}");
    assert_eq!(forge.branches(), ["main"]);
}

#[test]
fn nobody_commits_under_a_name_that_git_does_not_know() {
    let forge = Forge::new(&["app"]);
    let bot = forge.clone("bot");
    let nobody = [("GIT_AUTHOR_NAME", ""), ("GIT_COMMITTER_NAME", ""), ("GIT_COMMITTER_EMAIL", "")];
    let pin = pin("app", 1);
    let ended = forge.run(&bot, "sysbom", &["release", &pin, "--push", "origin"], &nobody);
    assert_eq!(ended.status, Some(2), "{ended:?}");
    assert!(
        ended.err.contains("git config user.name") && ended.err.contains("git config user.email"),
        "{ended:?}"
    );
    assert_eq!(forge.branches(), ["main"]);
}

#[test]
fn a_bare_repository_releases_without_a_remote() {
    let forge = Forge::new(&["app", "web"]);
    let origin = forge.origin();
    expect(&forge, &origin, &["release", &pin("app", 1)], 0);
    expect(&forge, &origin, &["release", &pin("web", 1), "--direct"], 0);
    assert_eq!(forge.versions("main"), [("app".to_owned(), 0), ("web".to_owned(), 1)].into());
    let said = expect(&forge, &origin, &["update-branch", "--all"], 0);
    assert!(said.contains("sysbom/release/app: rebuilt on main"), "{said}");
    assert_eq!(forge.versions("sysbom/release/app"), [("app".to_owned(), 1), ("web".to_owned(), 1)].into());
}

#[test]
fn a_base_that_has_another_name_now_is_said_with_what_to_do() {
    let forge = Forge::new(&["app"]);
    let bot = forge.clone("bot");
    forge.git(&forge.origin(), &["branch", "-m", "main", "trunk"]);
    let arguments = ["release", &pin("app", 1), "--push", "origin"];
    let said = expect(&forge, &bot, &arguments, 2);
    assert!(said.contains("git fetch origin && git remote set-head origin --auto"), "{said}");
    forge.git(&bot, &["fetch", "-q", "origin"]);
    forge.git(&bot, &["remote", "set-head", "origin", "--auto"]);
    expect(&forge, &bot, &arguments, 0);
    assert_eq!(forge.versions("sysbom/release/app")["app"], 1);
}

#[test]
fn a_branch_name_that_git_does_not_take_is_refused_before_anything_is_asked() {
    let forge = Forge::new(&["app"]);
    let bot = forge.clone("bot");
    for name in ["", "x*", "a..b", "-x", "x.lock", "HEAD"] {
        let branch = format!("--branch={name}");
        let said = expect(&forge, &bot, &["release", &pin("app", 1), "--push", "origin", &branch], 2);
        assert!(said.contains("for no branch name"), "{said}");
    }
    assert_eq!(forge.branches(), ["main"]);
}

#[test]
fn a_release_asks_the_remote_once_and_pushes_once() {
    let forge = Forge::new(&["app"]);
    let bot = forge.clone("bot");
    let trace = forge.path("trace");
    let variables = [("GIT_TRACE", trace.to_str().unwrap())];
    for options in [&[][..], &["--direct"], &["--batch"], &["--branch", "mine"]] {
        let _ = std::fs::remove_file(&trace);
        let pin = pin("app", 1);
        let arguments = [&["release", &pin, "--push", "origin"], options].concat();
        let ended = forge.run(&bot, "sysbom", &arguments, &variables);
        assert_eq!(ended.status, Some(0), "{ended:?}");
        let traced = std::fs::read_to_string(&trace).unwrap();
        let count = |what: &str| traced.lines().filter(|line| line.contains(what)).count();
        assert!(
            count("built-in: git fetch") == 1 && count("built-in: git push") <= 1,
            "{options:?}\n{traced}"
        );
    }
}

#[test]
fn superseded_held_and_refused_follow_on_a_rollback_and_the_fix_passes() {
    let forge = Forge::new(&["app", "web"]);
    let bot = forge.clone("bot");
    let answer = |arguments: &[&str], status: i32| {
        let said =
            expect(&forge, &bot, &[arguments, &["--format", "json", "--direct"], &PUSH].concat(), status);
        let answer: serde_json::Value = serde_json::from_str(&said).expect("the answer is JSON");
        answer["result"].as_str().expect("it has a result").to_owned()
    };
    assert_eq!(answer(&["release", &pin("app", 2)], 0), "updated");
    assert_eq!(answer(&["release", &pin("app", 1)], 0), "superseded");
    assert_eq!(answer(&["release", &pin("app", 2)], 0), "noop");
    assert_eq!(answer(&["release", &pin("app", 3)], 0), "updated");
    assert_eq!(answer(&["rollback", "app", "--reason", "breaks the login"], 0), "updated");
    assert_eq!(forge.versions("main")["app"], 2);
    let tip = forge.tip("main");
    assert_eq!(answer(&["release", &pin("app", 3)], 0), "held");
    assert_eq!(answer(&["release", &pin("app", 1)], 0), "superseded");
    let retag = pin("app", 2).replace(&digest("app", 2), &digest("app", 99));
    assert_eq!(answer(&["release", &retag], 1), "refused");
    let moved = pin("app", 4).replace("ghcr.io/acme/app", "ghcr.io/evil/app");
    assert_eq!(answer(&["release", &moved], 1), "refused");
    // One that is refused keeps back what is asked for with it; one that is held does not.
    assert_eq!(answer(&["release", &retag, &pin("web", 1)], 1), "refused");
    assert_eq!(forge.tip("main"), tip, "none of these moved anything");
    assert_eq!(answer(&["release", &pin("app", 3), &pin("web", 1)], 0), "updated");
    assert_eq!(forge.versions("main"), [("app".to_owned(), 2), ("web".to_owned(), 1)].into());
    assert_eq!(answer(&["release", &pin("app", 4)], 0), "updated");
    assert_eq!(forge.versions("main"), [("app".to_owned(), 4), ("web".to_owned(), 1)].into());
    // The state came back and went again: its archive is there once.
    forge.assert_nothing_is_lost();
    let listed = forge.git(&forge.origin(), &["ls-tree", "--name-only", "main", "releases/history/"]);
    assert_eq!(listed.lines().count(), 4, "{listed}");
}
