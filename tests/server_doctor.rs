//! `sysbom doctor` in a bare repository: whether the gate is in place, and whether its settings say
//! what they were meant to say.

mod support;

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use support::{DIGEST_A, Place, Scratch, manifest};

/// A world with a server, `server.git`, that has the branches `main`, `stable` and `release/1`.
struct Server {
    scratch: Scratch,
    path: PathBuf,
}

impl Server {
    fn new(install: &[&str]) -> Server {
        let scratch = Scratch::new();
        scratch.write("releases/current.yaml", manifest(&[("app", "v1.0.0", DIGEST_A)]));
        scratch.commit("Begin");
        for branch in ["stable", "release/1"] {
            scratch.git(&["branch", branch]);
        }
        scratch.git(&["clone", "-q", "--bare", ".", "../server.git"]);
        let path = scratch.root().join("server.git");
        scratch.at(&path).sysbom(&[&["install"], install].concat()).expect(0);
        Server { scratch, path }
    }

    fn at(&self) -> Place<'_> {
        self.scratch.at(&self.path)
    }

    fn hook(&self, name: &str) -> PathBuf {
        self.path.join("hooks").join(name)
    }
}

fn write(path: &PathBuf, mode: u32, text: &str) {
    std::fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("scratch is ours");
    std::fs::write(path, text).expect("scratch is ours");
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).expect("scratch is ours");
}

#[test]
fn all_is_in_order_right_after_install() {
    for (option, hook) in [(&[][..], "pre-receive"), (&["--update-hook"], "update")] {
        let server = Server::new(option);
        server
            .at()
            .sysbom(&["doctor"])
            .expect(0)
            .never_says("not ok")
            .never_says("pre-commit")
            .says(&format!("ok     {hook}: "))
            .says(&format!("hooks/{hook} calls sysbom\n"))
            .says("ok     program: `sysbom` runs\n")
            .says("ok     HEAD: `main` is the default branch\n")
            .says("ok     sysbom.protected: `main`, the branch of HEAD\n")
            .says("ok     policy: each protected branch has its own, or none\n")
            .says("ok     sysbom.enforce: what is wrong is refused\n")
            .says("ok     sysbom.moves: ")
            .says("ok     sysbom.timeLimit: 60 s\n");
    }
}

#[test]
fn an_empty_repository_is_told_what_will_be_protected() {
    let scratch = Scratch::new();
    scratch.git(&["init", "-q", "--bare", "-b", "master", "../server.git"]);
    let path = scratch.root().join("server.git");
    let server = scratch.at(&path);
    server.sysbom(&["install"]).expect(0);
    server
        .sysbom(&["doctor"])
        .expect(0)
        .says("HEAD: there is no branch yet; until `master` is there, every branch is protected");
    server.git(&["config", "sysbom.protected", "main"]);
    server.sysbom(&["doctor"]).expect(0).says("sysbom.protected: `main`; there is no branch yet");
}

#[test]
fn a_hook_that_judges_nothing_is_named() {
    let server = Server::new(&[]);
    let hook = server.hook("pre-receive");
    let script = std::fs::read_to_string(&hook).expect("install wrote it");
    let not_ok = |what: &str| {
        server.at().sysbom(&["doctor"]).expect(1).says("not ok pre-receive: ").says(what);
    };
    write(&hook, 0o644, &script);
    not_ok("hooks/pre-receive is not executable, so git does not run it");
    write(&hook, 0o755, "#!/bin/sh\n# sysbom would stand here\nexit 0\n");
    not_ok("hooks/pre-receive is a hook that does not call sysbom");
    std::fs::remove_file(&hook).expect("it is there");
    not_ok("neither hooks/pre-receive nor hooks/update is there, so nothing is judged");
    let elsewhere = server.scratch.root().join("pre-receive");
    write(&elsewhere, 0o755, &script);
    symlink(&elsewhere, &hook).expect("scratch is ours");
    not_ok("hooks/pre-receive is a link");
    std::fs::remove_file(&elsewhere).expect("it is there");
    not_ok("hooks/pre-receive is a link");

    // One of the two is enough.
    write(&server.hook("update"), 0o755, "#!/bin/sh\nexec /opt/sysbom hook update \"$@\"\n");
    server.at().sysbom(&["doctor"]).expect(0).says("ok     update: ");
    server.at().git(&["config", "core.hooksPath", "/dev/null"]);
    server.at().sysbom(&["doctor"]).expect(1).says("`core.hooksPath` turns hooks off");
}

#[test]
fn the_hooks_that_a_forge_calls_are_found() {
    let server = Server::new(&[]);
    let hook = server.hook("pre-receive");
    let script = std::fs::read_to_string(&hook).expect("install wrote it");
    let gitea =
        "#!/bin/sh\nfor hook in ${GIT_DIR}/hooks/pre-receive.d/*; do test -x \"$hook\" || continue; done\n";
    write(&hook, 0o755, gitea);
    let one = server.hook("pre-receive.d/sysbom");
    write(&one, 0o755, &script);
    server.at().sysbom(&["doctor"]).expect(0).says("hooks/pre-receive.d/sysbom calls sysbom");
    write(&one, 0o644, &script);
    server.at().sysbom(&["doctor"]).expect(1).says("hooks/pre-receive.d/sysbom is not executable");
    std::fs::remove_dir_all(server.hook("pre-receive.d")).expect("scratch is ours");

    // gitolite links to both.
    let root = server.scratch.root();
    write(&root.join("driver"), 0o755, "#!/bin/sh\nfor h in $0.*; do [ -x $h ] || continue; done\n");
    write(&root.join("script"), 0o755, &script);
    std::fs::remove_file(&hook).expect("it is there");
    symlink(root.join("driver"), &hook).expect("scratch is ours");
    symlink(root.join("script"), server.hook("pre-receive.h00-sysbom")).expect("scratch is ours");
    server.at().sysbom(&["doctor"]).expect(0).says("hooks/pre-receive.h00-sysbom calls sysbom");
    std::fs::remove_file(root.join("script")).expect("it is there");
    server
        .at()
        .sysbom(&["doctor"])
        .expect(1)
        .says("hooks/pre-receive.h00-sysbom is a link that leads to nothing");
}

#[test]
fn arguments_of_the_hook_are_pointed_out() {
    let server = Server::new(&[]);
    let hook = server.hook("pre-receive");
    let script = std::fs::read_to_string(&hook).expect("install wrote it");
    let edited = script.replace("hook pre-receive \"$@\"", "hook pre-receive --protected 'release/*' \"$@\"");
    write(&hook, 0o755, &edited);
    server.at().sysbom(&["doctor"]).expect(0).says("with arguments, which win over the settings below");
}

#[test]
fn a_program_that_is_missing_is_said() {
    let server = Server::new(&[]);
    let program = env!("CARGO_BIN_EXE_sysbom");
    let mut command = server.scratch.command(&server.path, program);
    let ran = command.arg("doctor").env("PATH", "/usr/bin:/bin").output().expect("it starts");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.code() == Some(1) && said.contains("not ok program: `sysbom` cannot be run"),
        "{said}"
    );
}

#[test]
fn each_setting_is_judged_by_what_the_gate_makes_of_it() {
    for (key, value, said) in [
        ("sysbom.enforce", "warn", "ok     sysbom.enforce: what is wrong passes, and whoever pushes is told"),
        ("sysbom.enforce", "warning", "not ok sysbom.enforce: could not follow `sysbom.enforce`"),
        ("sysbom.moves", "allow", "ok     sysbom.moves: "),
        ("sysbom.moves", "yes", "not ok sysbom.moves: could not follow `sysbom.moves`"),
        ("sysbom.timeLimit", "20", "ok     sysbom.timeLimit: 20 s"),
        ("sysbom.timeLimit", "1m", "not ok sysbom.timeLimit: "),
        ("sysbom.protected", "main release/*", "ok     sysbom.protected: `main`, `release/*`"),
        ("sysbom.protected", "refs/heads/stable", "`stable`; the branch of HEAD, `main`, is not protected"),
        (
            "sysbom.protected",
            "mian stable",
            "not ok sysbom.protected: `mian` fits none of the branches `main`, `release/1`, `stable`",
        ),
        ("sysbom.protected", "mian", "did you mean `main`?"),
        ("sysbom.protected", "release/v*", "a branch that is still to come"),
        ("sysbom.protected", "[", "not ok sysbom.protected: could not follow `sysbom.protected`"),
        ("sysbom.policy", "nowhere.yaml", "not ok sysbom.policy: could not follow the server's policy"),
        ("sysbom.policy", "HEAD", "not ok sysbom.policy: could not follow the server's policy"),
        ("sysbom.policy", "policy.yaml", "ok     sysbom.policy: policy.yaml judges every branch"),
        (
            "sysbom.protect",
            "main",
            "not ok settings: unknown key `sysbom.protect`\n       help: did you mean `sysbom.protected`?",
        ),
        ("sysbom.time-limit", "9", "did you mean `sysbom.timeLimit`?"),
        ("sysbom.colour", "red", "help: known here: `sysbom.protected`, "),
        ("sysbom.gate.enforce", "warn", "not ok settings: unknown key `sysbom.gate.enforce`"),
        ("sysbom.base", "main", "ok     sysbom.enforce"),
    ] {
        let server = Server::new(&[]);
        std::fs::write(server.path.join("policy.yaml"), "floating: {deny: ['v1.2.*']}\n")
            .expect("scratch is ours");
        server.at().git(&["config", key, value]);
        let ran = server.at().sysbom(&["doctor"]).says(said);
        let is_ok = !ran.out.contains("not ok");
        assert_eq!(ran.status, Some(i32::from(!is_ok)), "{key} = {value}\n{ran}");
        assert!(is_ok || !said.starts_with("ok"), "{key} = {value}\n{ran}");
    }
}

#[test]
fn a_setting_that_the_gate_overlooks_is_named() {
    let server = Server::new(&[]);
    let own = server.scratch.root().join("gitconfig");
    std::fs::write(&own, "[sysbom]\n\tenforce = warn\n\tbase = main\n").expect("scratch is ours");
    let mut command = server.scratch.command(&server.path, env!("CARGO_BIN_EXE_sysbom"));
    let ran = command.arg("doctor").env("GIT_CONFIG_GLOBAL", own).output().expect("it starts");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert_eq!(ran.status.code(), Some(1), "{said}");
    assert!(
        said.contains("not ok settings: `sysbom.enforce` stands in the configuration of a user"),
        "{said}"
    );
    assert!(said.contains("ok     sysbom.enforce: what is wrong is refused"), "{said}");
}

#[test]
fn a_head_that_leads_nowhere_is_named_with_what_that_means() {
    let server = Server::new(&[]);
    server.at().git(&["symbolic-ref", "HEAD", "refs/heads/master"]);
    server
        .at()
        .sysbom(&["doctor"])
        .expect(1)
        .says("not ok HEAD: it names `master`, which does not exist, so every branch is protected")
        .says("`git symbolic-ref HEAD refs/heads/main`");
    server.at().git(&["config", "sysbom.protected", "stable"]);
    server
        .at()
        .sysbom(&["doctor"])
        .expect(1)
        .says("not ok HEAD: it names `master`, which does not exist, so a branch that is not protected is judged by the policy of one that is");
}

#[test]
fn a_policy_that_a_protected_branch_brings_and_nobody_can_follow_is_named() {
    let server = Server::new(&[]);
    server.scratch.git(&["switch", "-q", "stable"]);
    server.scratch.write(".sysbom.yaml", "component: images\n");
    server.scratch.commit("A policy");
    server.at().git(&["fetch", "-q", "../repo", "+stable:stable", "stable:other"]);
    server.at().sysbom(&["doctor"]).expect(0);
    server.at().git(&["config", "sysbom.protected", "main stable"]);
    server
        .at()
        .sysbom(&["doctor"])
        .expect(1)
        .says("not ok policy: could not follow the policy .sysbom.yaml of stable");
    server.at().git(&["symbolic-ref", "HEAD", "refs/heads/other"]);
    server
        .at()
        .sysbom(&["doctor"])
        .expect(1)
        .says("not ok policy: could not follow the policy .sysbom.yaml of other");
}
