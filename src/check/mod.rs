//! What is wrong with an operation repository: rules, and what they find.

mod finding;
mod rule;

pub use finding::{Excerpt, Finding, Fix, Severity};
pub use rule::{RULES, Rule, Silenced, rule};
