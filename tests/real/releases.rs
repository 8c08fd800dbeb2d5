//! What the small tests of releases do for seconds, at full size.

use crate::forge::Merging;
use crate::races::{self, Clones, Killing};
use crate::{kills, simulation};

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
