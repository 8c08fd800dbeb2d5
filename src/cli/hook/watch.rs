//! The end of patience: a push that takes too long to judge gets an answer before the forge
//! kills the hook without one.

use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use super::super::console::Console;
use super::super::exit::Exit;
use super::settings::Enforce;

/// Ends the program after its time; dropped before, it does nothing.
pub struct Watch {
    _alive: Sender<()>,
}

impl Watch {
    /// Begins to wait. `scratch` is a folder of ours that must not stay behind.
    pub fn start(seconds: u64, enforce: Enforce, scratch: Option<PathBuf>) -> Watch {
        let (alive, dropped) = channel::<()>();
        std::thread::spawn(move || {
            if dropped.recv_timeout(Duration::from_secs(seconds)) == Err(RecvTimeoutError::Timeout) {
                end(seconds, enforce, scratch);
            }
        });
        Watch { _alive: alive }
    }
}

fn end(seconds: u64, enforce: Enforce, scratch: Option<PathBuf>) {
    if let Some(scratch) = scratch {
        let _ = std::fs::remove_dir_all(scratch);
    }
    let (what, status) = match enforce {
        Enforce::Refuse => ("refused", Exit::Failed),
        Enforce::Warn => ("let pass unjudged", Exit::Ok),
    };
    let message = format!(
        "error: judging this push takes longer than {seconds} s, and it is {what}\n  \
         help: push fewer commits at once, a branch first and its tags afterwards, or have the server's `sysbom.timeLimit` raised\n"
    );
    Console::new(&mut std::io::sink(), &mut std::io::stderr()).say(message);
    std::process::exit(i32::from(status.status()));
}
