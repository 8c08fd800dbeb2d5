//! Releases, rollbacks, holds, promotions and snapshots, as plans: what would be written, and why,
//! or why not.
//!
//! Takes the state of base as values and gives a [`Plan`] or a [`Refusal`]. How a plan becomes a
//! commit, and how that reaches a branch, is for `git` and `cli`.

mod answer;
mod arrival;
mod branch;
mod experiment;
mod guards;
mod holds;
mod listing;
mod moment;
mod outcome;
mod parameter;
mod plan;
mod promote;
mod provenance;
mod record;
mod repin;
mod reproduce;
mod rollback;
mod schema;
mod snapshot;
mod state;
mod strict;
mod values;

pub use answer::{Answer, Guard, Planned, Verdict};
pub use arrival::{Arrival, MAX_PAYLOAD, Origin, arrivals};
pub use branch::{
    batch_branch, hold_branch, promote_branch, release_branch, rollback_branch, snapshot_branch,
};
pub use experiment::{ParameterChange, parameter_changes, parameters};
pub use holds::{Hold, Holds};
pub use listing::{holds_human, holds_json};
pub use moment::Moment;
pub use outcome::{
    Deed, Outcome, annotation, annotations, changes_json, github_output, human, json, step_summary,
};
pub use parameter::Parameter;
pub use plan::{Request, plan_release};
pub use promote::promotions;
pub use provenance::{Chart, Record, sha256_hex};
pub use record::{Recorded, made, made_as, published_in, recorded, set_aside};
pub use reproduce::{Reproduction, reproduce};
pub use rollback::{Reason, Rollback, plan_hold, plan_unhold};
pub use snapshot::{SnapshotRequest, plan_close, plan_snapshot};
pub use state::{Plan, Published, State, Write};

/// Why something is not done that was asked for. Both texts are safe to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// One line, lower case, no full stop.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl Refusal {
    /// A refusal with these words.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Refusal {
        Refusal { message: message.into(), help: help.into() }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}
