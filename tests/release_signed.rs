//! Where git is told to sign, every command that commits signs. The second test command runs the
//! same with ssh, and lets git verify.

#[path = "support/signing.rs"]
mod signing;
mod support;

use signing::{every_command_signs, has_signature, sign_with, stand_in};
use support::{DIGEST_A, DIGEST_B, Scratch, manifest};

#[test]
fn every_command_that_commits_signs_where_git_is_told_to() {
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let (key, program) = (folder.path().join("key"), stand_in(folder.path()));
    std::fs::write(&key, "").expect("the folder is ours");
    let settings = sign_with(key.to_str().expect("it is text"), program.to_str());
    every_command_signs(&settings, &has_signature);
}

#[test]
fn without_its_key_nothing_is_committed_and_nothing_moves() {
    let scratch = Scratch::new();
    scratch.write("releases/current.yaml", manifest(&[("app", "v1.0.0", DIGEST_A)]));
    scratch.commit("Begin");
    let program = stand_in(scratch.root());
    for (name, value) in sign_with("/nowhere/key", program.to_str()) {
        scratch.git(&["config", name, value]);
    }
    let before = scratch.picture();
    let ran = scratch.sysbom(&["release", &format!("app=v1.1.0@{DIGEST_B}"), "--direct"]).expect(2);
    ran.says("could not make a signed commit").says("user.signingKey");
    assert_eq!(scratch.picture(), before);
}

#[test]
fn a_signature_can_be_asked_for_where_git_is_not_told_to_sign() {
    let scratch = Scratch::new();
    scratch.write("releases/current.yaml", manifest(&[("app", "v1.0.0", DIGEST_A)]));
    scratch.commit("Begin");
    let (key, program) = (scratch.root().join("key"), stand_in(scratch.root()));
    std::fs::write(&key, "").expect("the folder is ours");
    for (name, value) in sign_with(key.to_str().expect("it is text"), program.to_str()) {
        scratch.git(&["config", name, value]);
    }
    scratch.git(&["config", "commit.gpgSign", "false"]);
    let what = format!("app=v1.1.0@{DIGEST_B}");
    scratch.sysbom(&["release", &what]).expect(0);
    assert!(!has_signature(&scratch, "sysbom/release/app"));
    scratch.sysbom(&["release", &what, "--sign", "--direct"]).expect(0);
    assert!(has_signature(&scratch, "main"));
}
