//! Plans of releases, rollbacks and snapshots, from values to values.

mod laws;
mod plan;
mod rollback;
mod snapshot;
mod world;
