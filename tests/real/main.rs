//! Tests against real parts: the second test command, `tests/real/run`, installs them and runs
//! these. A part that is missing is a failure, never a skip.

#[path = "../support/forge.rs"]
mod forge;
#[path = "../support/kills.rs"]
mod kills;
#[path = "../support/mutants.rs"]
mod mutants;
#[path = "../support/pushes.rs"]
mod pushes;
#[path = "../support/races.rs"]
mod races;
#[path = "../support/random.rs"]
mod random;
#[path = "../support/signing.rs"]
mod signing;
#[path = "../support/simulation.rs"]
mod simulation;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/tree.rs"]
mod tree;

mod helm;
mod hook_managers;
mod parts;
mod releases;
mod runner;
mod servers;
mod workflows;
mod yaml_suite;
