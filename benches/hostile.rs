//! What each command takes for each hostile file: its own processor time and memory, without what
//! git takes. Prints the table of docs/reliability.md. `cargo bench --bench hostile`

#[path = "../tests/support/hostile.rs"]
mod hostile;
#[path = "../tests/support/mod.rs"]
mod support;

use std::io::Write;

use hostile::{Fixture, INPUTS, MEETINGS, Taken};

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    let inputs = if std::env::args().any(|arg| arg == "--bench") { INPUTS } else { &INPUTS[..1] };
    let fixture = Fixture::new();
    let mut out = std::io::stdout();
    let names: Vec<&str> = MEETINGS.iter().map(|meeting| meeting.name).collect();
    let mut line = |text: String| writeln!(out, "{text}").expect("somebody listens");
    line(format!("| ms, MB | {} |", names.join(" | ")));
    line(format!("|---{}|", "|---".repeat(names.len())));
    for input in inputs {
        let bytes = (input.bytes)();
        let cell = |taken: Taken| format!("{}, {}", taken.time.as_millis(), taken.memory / 1_000_000);
        let cells: Vec<String> = MEETINGS.iter().map(|meeting| cell(fixture.meet(meeting, &bytes))).collect();
        line(format!("| {} | {} |", input.name, cells.join(" | ")));
    }
}
