//! pre-commit, prek and lefthook, as users run them.

use std::process::Command;

use crate::parts::program;

#[test]
fn the_managers_start() {
    for manager in ["pre-commit", "prek", "lefthook"] {
        let version = Command::new(program(manager)).arg("--version").output().expect("it is installed");
        assert!(version.status.success(), "{manager}: {version:?}");
    }
}
