//! Eight processes release at the same time onto one bare repository: nothing is lost, nothing is
//! doubled. The second test command runs the same with hundreds of releases.

#[path = "support/forge.rs"]
mod forge;
#[path = "support/kills.rs"]
mod kills;
#[path = "support/races.rs"]
mod races;
#[allow(dead_code, reason = "every test target uses its own part of it")]
#[path = "support/random.rs"]
mod random;

use races::{Clones, Killing};

const RELEASES: usize = 16;

#[test]
fn direct_releases_at_the_same_time_all_arrive() {
    races::direct(RELEASES, Killing::Nobody, Clones::OfTheirOwn);
}

#[test]
fn processes_that_share_one_clone_do_not_get_into_each_others_way() {
    races::direct(RELEASES, Killing::Nobody, Clones::Shared);
}

#[test]
fn releases_onto_branches_at_the_same_time_all_arrive() {
    races::on_branches(RELEASES, Killing::Nobody);
}

#[test]
fn releases_into_one_batch_at_the_same_time_all_arrive() {
    races::in_a_batch(RELEASES, Killing::Nobody);
}

#[test]
fn whoever_is_killed_and_runs_again_ends_at_the_same_pins_and_archives() {
    races::direct(RELEASES, Killing::Some, Clones::OfTheirOwn);
    races::in_a_batch(RELEASES, Killing::Some);
}

#[test]
fn every_branch_ends_at_the_commit_that_it_had_ended_at_without_kills() {
    kills::same_in_the_end(12);
}
