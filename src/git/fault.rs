//! Death on demand, so that a test can see what is left when the program dies between two writes.
//! Test builds only: in the shipped program a point is nothing.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How many points are left; none are counted while it is zero.
static LEFT: AtomicUsize = AtomicUsize::new(0);

/// Orders the program to die at the `count`th point from here on.
pub fn die_at(count: usize) {
    LEFT.store(count, Ordering::SeqCst);
}

/// A moment between two changes of what is outside. Dies as by a `kill -9`, if that was ordered:
/// nothing is cleaned up, nothing said.
pub(super) fn point() {
    if !cfg!(any(debug_assertions, feature = "fault-injection")) || LEFT.load(Ordering::SeqCst) == 0 {
        return;
    }
    if LEFT.fetch_sub(1, Ordering::SeqCst) == 1 {
        let id = std::process::id().to_string();
        let _ = std::process::Command::new("kill").args(["-9", &id]).status();
        std::process::abort();
    }
}
