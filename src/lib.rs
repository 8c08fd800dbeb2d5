//! sysbom
pub mod bom;
pub mod check;
pub mod merge;
pub mod policy;
pub mod text;
pub mod tree;
pub mod yaml;
