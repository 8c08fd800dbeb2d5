//! What the owner of a server sets, and that nobody else does.

use super::pushes::{BAD, Fixture, GOOD, Hash};
use super::support::Place;
use super::{Guarded, push};

#[test]
fn what_is_protected_is_for_the_server_to_say() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    guarded.config("sysbom.protected", "main stable");
    guarded.config("sysbom.protected", "refs/heads/release/*");
    guarded.clone.git(&["push", "-q", "origin", "main:release/1", "main:stable", "main:release/a/b"]);
    for branch in ["main", "stable", "release/1"] {
        guarded
            .clone
            .try_git(&["push", "origin", &format!(":{branch}")])
            .expect(1)
            .says("manifest-missing")
            .says("is protected")
            .never_says("policy-moved");
    }
    guarded.clone.git(&["push", "-q", "origin", ":release/a/b", ":feature"]);
}

#[test]
fn what_protects_no_branch_is_no_setting() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    let server = fixture.scratch.at(&guarded.server);
    let set = |value: &str| server.git(&["config", "sysbom.protected", value]);
    let push = || guarded.clone.try_git(&["push", "origin", "main:again"]);
    for value in [
        "main,stable",
        "heads/main",
        "refs/tags/v1",
        "refs/main",
        "main/",
        "/main",
        "release//*",
        "refs/heads/",
        "ma in~1",
        "main..",
        "a:b",
        ".main",
        "x.lock",
        "-main",
        "main^",
        "release/[a",
        "HEAD",
        "main;stable",
        "'main'",
        "\"main\"",
    ] {
        set(value);
        push().expect(1).says("could not follow `sysbom.protected` of the server");
    }
    for value in
        ["main", "refs/heads/main", "release/*", "**", "{main,rel/*}", "[a-m]*", "re:(main|v[0-9])", "ü"]
    {
        set(value);
        push().expect(0);
        guarded.clone.git(&["fetch", "-q"]);
        server.git(&["update-ref", "-d", "refs/heads/again"]);
    }
}

#[test]
fn what_a_user_or_the_machine_calls_base_is_no_business_of_the_gate() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    let home = fixture.scratch.root().join("home/.gitconfig");
    std::fs::write(home, "[sysbom]\n\tbase = upstream/main\n").expect("scratch is ours");
    let pushed = |arguments: &[&str]| {
        let mut command = fixture.scratch.command(guarded.clone.top(), "git");
        command.env_remove("GIT_CONFIG_GLOBAL").args(["push", "origin"]).args(arguments);
        let output = command.output().expect("git is there");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    guarded.config("sysbom.base", "upstream/main");
    pushed((push(GOOD, "a release and its tag at once").make)(&guarded.clone));
    pushed(&["main:refs/heads/new"]);
}

#[test]
fn a_second_name_of_a_branch_is_judged_as_that_branch() {
    let fixture = Fixture::new(Hash::Sha1);
    for (at, head) in ["refs/heads/main", "refs/heads/trunk"].iter().enumerate() {
        let guarded = Guarded::new(&fixture, &format!("guarded{at}"), &[]);
        let server = fixture.scratch.at(&guarded.server);
        server.git(&["symbolic-ref", "refs/heads/trunk", "refs/heads/main"]);
        server.git(&["symbolic-ref", "refs/remotes/mirror/main", "refs/heads/main"]);
        server.git(&["symbolic-ref", "HEAD", head]);
        server.git(&["config", "receive.denyDeleteCurrent", "ignore"]);
        let before = guarded.refs();
        let refused = |pushed: &str, rule: &str| {
            guarded.clone.try_git(&["push", "--force", "origin", pushed]).expect(1).says(rule);
            assert_eq!(guarded.refs(), before, "{pushed} with HEAD at {head}");
        };
        for name in ["refs/heads/main", "refs/heads/trunk", "refs/remotes/mirror/main"] {
            refused(&format!(":{name}"), "manifest-missing");
            refused(&format!("main^:{name}"), "archive-missing");
        }
    }
}

#[test]
fn a_policy_of_the_server_wins_over_that_of_the_repository() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    std::fs::write(guarded.server.join("policy.yaml"), "floating: {deny: ['v1.2.*']}\n")
        .expect("scratch is ours");
    guarded.config("sysbom.policy", "policy.yaml");
    (push(GOOD, "a release with its archive").make)(&guarded.clone);
    guarded
        .clone
        .try_git(&["push", "origin", "main"])
        .expect(1)
        .says("floating-tag")
        .says("policy.yaml")
        .says("a policy of the server's own");
    std::fs::remove_file(guarded.server.join("policy.yaml")).expect("scratch is ours");
    let ran = guarded.clone.try_git(&["push", "origin", "main"]).expect(1);
    ran.says("could not follow the server's policy").says("whoever administers this server");
}

#[test]
fn a_server_that_only_warns_lets_everything_pass_and_says_what_is_wrong() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    guarded.config("sysbom.enforce", "warn");
    (push(BAD, "a floating tag").make)(&guarded.clone);
    guarded
        .clone
        .try_git(&["push", "origin", "main"])
        .expect(0)
        .says("floating-tag")
        .says("lets the push pass");
    guarded.config("sysbom.enforce", "wran");
    guarded.clone.try_git(&["push", "origin", "main:again"]).expect(1).says("`wran` is neither");
}

#[test]
fn what_whoever_pushes_has_set_does_not_count() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    let home = fixture.scratch.root().join("home/.gitconfig");
    std::fs::write(home, "[sysbom]\n\tenforce = warn\n").expect("scratch is ours");
    (push(BAD, "a floating tag").make)(&guarded.clone);
    let input =
        guarded.clone.git(&["rev-parse", "origin/main", "main"]).replace('\n', " ") + " refs/heads/main\n";
    guarded.clone.git(&["reset", "-q", "--soft", "origin/main"]);
    // As a hook sees it, whatever way the setting came in.
    let mut command = fixture.scratch.command(guarded.clone.top(), "sh");
    command.env_remove("GIT_CONFIG_GLOBAL").env("GIT_CONFIG_PARAMETERS", "'sysbom.enforce'='warn'");
    command.args(["-c", "printf %s \"$1\" | GIT_DIR=.git sysbom hook pre-receive", "sh", &input]);
    let output = command.output().expect("sh is there");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_settings_of_the_machine_count_too() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    let file = fixture.scratch.root().join("system");
    std::fs::write(&file, "[sysbom]\n\tenforce = warn\n").expect("scratch is ours");
    (push(BAD, "a floating tag").make)(&guarded.clone);
    let mut command = fixture.scratch.command(guarded.clone.top(), "git");
    command.env_remove("GIT_CONFIG_NOSYSTEM").env("GIT_CONFIG_SYSTEM", &file);
    let output = command.args(["push", "origin", "main"]).output().expect("git is there");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("lets the push pass"), "{said}");
}

#[test]
fn a_server_that_refuses_moves_refuses_them_whatever_the_policy_says() {
    let fixture = Fixture::new(Hash::Sha1);
    let moves = |clone: &Place| {
        clone.write(".sysbom.yaml", "rules: {policy-moved: off}\n");
        clone.commit("No rule");
        clone.git(&["push", "-q", "origin", "main"]);
        clone.write(".sysbom.yaml", "rules: {policy-moved: off}\nfields: {tag: version}\n");
        clone.commit("Another key");
    };
    let guarded = Guarded::new(&fixture, "silent", &[]);
    moves(&guarded.clone);
    guarded.clone.git(&["push", "-q", "origin", "main"]);
    let guarded = Guarded::new(&fixture, "refusing", &[]);
    guarded.config("sysbom.moves", "refuse");
    moves(&guarded.clone);
    let before = guarded.refs();
    guarded.clone.try_git(&["push", "origin", "main"]).expect(1).says("policy-moved").says("sysbom.moves");
    assert_eq!(guarded.refs(), before);
    guarded.config("sysbom.moves", "allow");
    guarded.clone.git(&["push", "-q", "origin", "main"]);
}

#[test]
fn a_namespace_without_head_is_told_what_it_lacks() {
    let fixture = Fixture::new(Hash::Sha1);
    let guarded = Guarded::new(&fixture, "guarded", &[]);
    let mut command = fixture.scratch.command(guarded.clone.top(), "git");
    let receiver = "--receive-pack=GIT_NAMESPACE=fork git receive-pack";
    let output = command.args(["push", receiver, "origin", "main:other"]).output().expect("git is there");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("refs/namespaces/fork/HEAD"), "{said}");
}
