//! Tests against real parts: the second test command, `tests/real/run`, installs them and runs
//! these. A part that is missing is a failure, never a skip.

#[path = "../support/mutants.rs"]
mod mutants;
#[path = "../support/random.rs"]
mod random;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/tree.rs"]
mod tree;

mod helm;
mod hook_managers;
mod parts;
mod runner;
mod workflows;
mod yaml_suite;
