//! One file per family of rules. Each rule is a function from a subject to findings; its row is
//! in [`super::RULES`].

pub mod change;
pub mod experiment;
pub mod files;
pub mod history;
pub mod merge;
pub mod pin;
pub mod policy;
pub mod reuse;
pub mod shape;
pub mod snapshot;
pub mod yaml;
