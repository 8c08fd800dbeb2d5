//! The merge of manifests, judged by cases, by an oracle and by laws.

mod cases;
mod generated;
mod laws;
mod oracle;
mod through_git;
