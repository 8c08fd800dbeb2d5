//! Some dozen releases of eight producers over a forge that merges by text: no state is lost, and no
//! merge needs a person. The second test command runs the same with hundreds.

#[path = "support/forge.rs"]
mod forge;
#[allow(dead_code, reason = "every test target uses its own part of it")]
#[path = "support/random.rs"]
mod random;
#[path = "support/simulation.rs"]
mod simulation;

use forge::Merging;

const RELEASES: usize = 12;

#[test]
fn no_state_is_lost_where_branches_are_merged() {
    simulation::by_branches(RELEASES, Merging::Commit);
}

#[test]
fn no_state_is_lost_where_branches_are_squashed() {
    simulation::by_branches(RELEASES, Merging::Squash);
}

#[test]
fn no_state_is_lost_where_branches_are_rebased() {
    simulation::by_branches(RELEASES, Merging::Rebase);
}

#[test]
fn no_state_is_lost_where_releases_go_straight_to_base() {
    simulation::direct(RELEASES);
}
