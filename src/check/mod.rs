//! The rules of an operation repository: DESIGN section 5.

mod finding;

pub use finding::{Excerpt, Finding, Fix, Severity};
