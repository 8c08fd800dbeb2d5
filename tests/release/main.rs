//! Plans of releases, rollbacks and snapshots, from values to values.

mod laws;
#[path = "../support/mutants.rs"]
#[allow(dead_code)] // another test picks from its manifests
mod mutants;
mod plan;
#[path = "../support/random.rs"]
mod random;
mod rollback;
mod snapshot;
mod world;
