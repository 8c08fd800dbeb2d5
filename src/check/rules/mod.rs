//! One file per family of rules. Each rule is a function from a subject to findings; its row is
//! in [`super::RULES`].

pub mod change;
pub mod dropped;
pub mod experiment;
pub mod files;
pub mod history;
pub mod pin;
pub mod policy;
pub mod reuse;
pub mod shape;
pub mod snapshot;
pub mod torn;
pub mod twins;
pub mod yaml;

mod data;
mod entries;
mod sides;
