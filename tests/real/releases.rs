//! What the small tests of releases do for seconds, at full size.

use std::process::Command;

use crate::forge::Merging;
use crate::races::{self, Clones, Killing};
use crate::support::Scratch;
use crate::{kills, signing, simulation};

const RELEASES: usize = 200;

#[test]
fn two_hundred_releases_by_merged_branches_lose_no_state() {
    simulation::by_branches(RELEASES, Merging::Commit);
}

#[test]
fn two_hundred_releases_by_squashed_branches_lose_no_state() {
    simulation::by_branches(RELEASES, Merging::Squash);
}

#[test]
fn two_hundred_releases_by_rebased_branches_lose_no_state() {
    simulation::by_branches(RELEASES, Merging::Rebase);
}

#[test]
fn two_hundred_direct_releases_lose_no_state() {
    simulation::direct(RELEASES);
}

#[test]
fn eight_processes_release_two_hundred_times_onto_base() {
    races::direct(RELEASES, Killing::Nobody, Clones::OfTheirOwn);
}

#[test]
fn eight_processes_release_two_hundred_times_onto_branches() {
    races::on_branches(RELEASES, Killing::Nobody);
}

#[test]
fn eight_processes_release_two_hundred_times_into_a_batch() {
    races::in_a_batch(RELEASES, Killing::Nobody);
}

#[test]
fn eight_processes_that_are_killed_and_run_again_lose_nothing() {
    races::direct(RELEASES, Killing::Some, Clones::OfTheirOwn);
    races::on_branches(RELEASES, Killing::Some);
    races::in_a_batch(RELEASES, Killing::Some);
}

#[test]
fn two_hundred_releases_with_kills_end_at_the_commits_of_those_without() {
    kills::same_in_the_end(RELEASES);
}

#[test]
fn every_commit_that_is_made_with_an_ssh_key_is_verified_by_git() {
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let key = folder.path().join("key");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    assert!(made.expect("ssh-keygen starts").success());
    let public = std::fs::read_to_string(key.with_extension("pub")).expect("it was made");
    let signers = folder.path().join("signers");
    std::fs::write(&signers, format!("ada@example.org {public}")).expect("the folder is ours");
    let mut settings = signing::sign_with(key.to_str().expect("it is text"), None);
    settings.push(("gpg.ssh.allowedSignersFile", signers.to_str().expect("it is text")));
    let verifies = |scratch: &Scratch, commit: &str| {
        scratch.git(&["verify-commit", commit]);
        true
    };
    signing::every_command_signs(&settings, &verifies);
}
