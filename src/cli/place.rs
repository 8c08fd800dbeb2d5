//! Where a command runs: the repository, if there is one, and what it says about merging.

use std::path::Path;

use crate::bom::Layout;
use crate::merge::ConflictStyle;

use super::env::Env;
use super::failure::Failure;

/// The place a merge runs in.
#[derive(Debug)]
pub struct Place {}

impl Place {
    /// Finds the repository around the working directory; none is fine.
    pub fn find(_env: &Env) -> Result<Place, Failure> {
        Ok(Place {})
    }

    /// Where the components of this file stand, by the policy at HEAD.
    pub fn layout_of_file(&self, _path: &Path) -> Result<Layout, Failure> {
        Ok(Layout::default())
    }

    /// What git is told to show at a conflict.
    pub fn conflict_style(&self) -> ConflictStyle {
        ConflictStyle::Merge
    }

    /// How many characters git's markers have at this path when no merge stands around it.
    pub fn marker_size(&self, _path: &Path) -> Result<usize, Failure> {
        Ok(7)
    }
}
