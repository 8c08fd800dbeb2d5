//! Ids of snapshots and names of history files.

use std::str::FromStr;

use super::Malformed;

/// An id that is safe as a file name on every system: letters, digits, `.`, `_`, `-`, at most 100
/// characters, not beginning with `.` or `-`, no reserved device name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotId(String);

impl SnapshotId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SnapshotId {
    type Err = Malformed;
    fn from_str(_text: &str) -> Result<Self, Malformed> {
        todo!()
    }
}
